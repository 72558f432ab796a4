#!/usr/bin/env python3
"""Trains a spec over several seeds and prints mean and standard deviation of its metrics.

usage: measure.py KIN SPEC [--seeds 5] [--set KEY=VALUE]... [--vary KEY=VALUE[;KEY=VALUE...]]... [--metrics a,b]
                  [--threads 1] [--baseline]

Each --vary is a row of the table: the spec with these settings in place of its own; without any, the spec is the only
row. The difference to the first row is paired by seed, with the 95 % interval of its mean (Student's t). `valid` are the
metrics by which to choose, `test` those to report. `fit` is what the metrics of the validation part were at their best.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import tempfile
import time

T95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def interval(values):
    """Half the width of the 95 % interval of the mean of a few values."""
    n = len(values)
    return T95.get(n - 1, 1.96) * statistics.stdev(values) / math.sqrt(n) if n > 1 else float("nan")


def kin(arguments, *words):
    return subprocess.run([arguments.kin, *map(str, words), "--threads", str(arguments.threads), "--quiet"], check=True,
                          capture_output=True, text=True).stdout


def metrics_of(arguments, run, *flags):
    return {row["metric"]: row["value"] for row in json.loads(kin(arguments, "evaluate", run, *flags, "--json"))["rows"]}


def train(arguments, settings, seed):
    with tempfile.TemporaryDirectory() as folder:
        sets = [word for setting in [*arguments.set, *settings] for word in ("--set", setting)]
        start = time.monotonic()
        kin(arguments, "train", arguments.spec, "-o", folder, "--seed", seed, *sets)
        seconds = time.monotonic() - start
        step = json.loads(pathlib.Path(folder, "model.json").read_text()).get("attributes", {}).get("best_step")
        return {"valid": metrics_of(arguments, folder, "--valid"), "test": metrics_of(arguments, folder),
                "seconds": {"train": seconds}, "step": step}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kin")
    parser.add_argument("spec")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--vary", action="append", default=[])
    parser.add_argument("--metrics", default="average_loss")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    names = arguments.metrics.split(",")
    first = None
    for vary in arguments.vary or [""]:
        settings = [setting for setting in vary.split(";") if setting]
        runs = []
        try:
            for seed in range(1, arguments.seeds + 1):
                runs.append(train(arguments, settings, seed))
        except subprocess.CalledProcessError as error:
            print(f"{vary}: {error.stderr.strip()[:400]}", flush=True)
            continue
        first = first or runs
        cells = []
        for part in ("valid", "test"):
            for name in names:
                values = [run[part][name] for run in runs]
                gain = [run[part][name] - base[part][name] for run, base in zip(runs, first)]
                spread = statistics.stdev(values) if len(values) > 1 else 0
                delta = "" if runs is first else f" ({statistics.mean(gain):+.4g} ± {interval(gain):.2g})"
                cells.append(f"{part} {name} {statistics.mean(values):.4f} ± {spread:.4f}{delta}")
        seconds = statistics.mean(run["seconds"]["train"] for run in runs)
        print(f"{vary or 'as it stands'}: " + "; ".join(cells) + f"; {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
