#!/usr/bin/env python3
"""Error in a target by number of its rows: from scratch, from a table learned elsewhere, and with that table frozen.

usage: transfer.py KIN SOURCE_SPEC TARGET_SPEC TARGET_CSV --column NAME [--rows 100,300,1000,0] [--seeds 5]
                   [--metric rmse] [--steps 400] [--set KEY=VALUE]... [--source-set KEY=VALUE]...

TARGET_CSV has a column `part`: 0 to train on, of which a seed draws the rows, 1 for validation, 2 for the test; 0 of
--rows stands for all. A seed trains the source, draws the rows and starts the target. Each number is the mean over the
seeds on the test rows; a difference is paired by seed with the 95 % interval of its mean (Student's t).
"""
import argparse
import csv
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile

from measure import interval

ARMS = ("from scratch", "fine-tuned", "frozen")


def kin(path, *words):
    done = subprocess.run([path, *map(str, words), "--threads", "1", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def write_rows(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name in ("kin", "source", "target", "data"):
        parser.add_argument(name)
    parser.add_argument("--column", required=True)
    parser.add_argument("--rows", default="100,300,1000,0")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--metric", default="rmse")
    parser.add_argument("--steps", type=int, default=400, help="at least so many steps, whatever the number of rows")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--source-set", action="append", default=[])
    arguments = parser.parse_args()
    with open(arguments.data, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    part = header.index("part")
    training = [row for row in rows if row[part] == "0"]
    held_out = [row for row in rows if row[part] != "0"]
    counts = [int(count) or len(training) for count in arguments.rows.split(",")]
    errors = {(arm, count): [] for arm in ARMS for count in counts}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        target_csv = folder / "target.csv"
        for seed in range(1, arguments.seeds + 1):
            sets = [word for setting in arguments.source_set for word in ("--set", setting)]
            kin(arguments.kin, "train", arguments.source, "-o", folder / f"source{seed}", "--seed", seed, *sets)
            order = random.Random(seed).sample(training, len(training))
            for count in counts:
                write_rows(target_csv, header, order[:count] + held_out)
                batch = 32 if count < 3000 else 128
                epochs = max(10, math.ceil(arguments.steps * batch / count))
                for arm in ARMS:
                    settings = [f"data.path={target_csv}", f"train.batch={batch}", f"train.epochs={epochs}",
                                f"train.evaluate_every={max(1, epochs // 20)}", *arguments.set]
                    words = [word for setting in settings for word in ("--set", setting)]
                    if arm != "from scratch":
                        words += ["--warm-start", folder / f"source{seed}", "--include", f"{arguments.column}/*"]
                    if arm == "frozen":
                        words += ["--freeze", f"{arguments.column}/*"]
                    run = folder / f"{arm.replace(' ', '-')}-{count}-{seed}"
                    kin(arguments.kin, "train", arguments.target, "-o", run, "--seed", seed, *words)
                    found = {row["metric"]: row["value"] for row in json.loads(kin(arguments.kin, "evaluate", run, "--json"))["rows"]}
                    errors[arm, count].append(found[arguments.metric])
    print(f"| rows | {' | '.join(ARMS)} | fine-tuned - scratch | frozen - scratch |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        cells = [f"{statistics.mean(errors[arm, count]):.4f}" for arm in ARMS]
        for arm in ARMS[1:]:
            gains = [a - b for a, b in zip(errors[arm, count], errors["from scratch", count])]
            cells.append(f"{statistics.mean(gains):+.4f} ± {interval(gains):.4f}")
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
