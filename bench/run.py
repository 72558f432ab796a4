#!/usr/bin/env python3
"""Trains the recommender job of rivals/job.py with kin, PyTorch and TensorFlow by turns, and prints the ratios.

A round is: probe, kin, rivals, probe, rivals, kin (ABBA), so that a slow spell of the machine hits all of them. A ratio
is kin's figure over the rival's of the same half round; the table shows its median and its 10 % to 90 % range. Rounds
in which the two probes differ by more than a quarter, or in which other guests of the host took more than 5 % of the
time, do not count; when they are more than half, the result is refused.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
RIVALS = {"torch": HERE / "rivals" / "recommender_torch.py", "tensorflow": HERE / "rivals" / "recommender_tf.py"}
DIM, NEGATIVES, TARGETS, BATCH = 64, 1024, 7, 1024
FLOP_PER_EXAMPLE = 6 * (NEGATIVES + TARGETS) * DIM  # forward 2, backward 4, for each score
SHORTEST = 110  # steps; in fewer, the start of a rival weighs too much


def run(command, threads):
    """The line of JSON that a program prints; it gets as many processors as threads."""
    done = subprocess.run([*map(str, command), "--threads", str(threads)], capture_output=True, encoding="utf-8",
                          preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads]))
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


class Setting:
    """One catalogue, one number of threads: who runs, on what, for how many steps."""

    def __init__(self, args, items, threads):
        self.items, self.threads, self.programs = items, threads, args.programs
        self.data = args.data / f"{items}"
        if not (self.data / "best.json").exists():
            print(f"making data for {items:,} items", file=sys.stderr)
            subprocess.run([sys.executable, HERE / "histories.py", "--out", self.data, "--items", str(items)], check=True)
        self.names = ["kin", *args.rivals]
        # A first run of each, not counted, fills the page cache and tells how many steps last long enough.
        self.steps = {name: SHORTEST for name in self.names}
        self.steps = {name: max(SHORTEST, int(args.seconds * self.train(name)["examples_per_s"] / BATCH)) for name in self.names}

    def command(self, name):
        program = [self.programs / "kin_recommender"] if name == "kin" else [sys.executable, RIVALS[name]]
        return [*program, "--data", self.data]

    def train(self, name):
        return run([*self.command(name), "--steps", self.steps[name]], self.threads)

    def probe(self):
        return run([self.programs / "kin_probe"], self.threads)

    def round(self):
        stolen, total = processor_ticks()
        first, there = self.probe(), {name: self.train(name) for name in self.names}
        second, back = self.probe(), {name: self.train(name) for name in reversed(self.names)}
        stolen, total = (after - before for after, before in zip(processor_ticks(), (stolen, total)))
        fma = [first["fma_gflops_per_cpu_s"], second["fma_gflops_per_cpu_s"]]
        return {"probes": [first, second], "halves": [there, back], "steal": stolen / total,
                "counts": max(fma) <= 1.25 * min(fma) and stolen <= 0.05 * total}

    def quality(self, name):
        """Held-out loss and recall after one pass over all data, judged by the same code for all."""
        if name != "kin":
            return run([*self.command(name), "--evaluate", "2000"], self.threads)["quality"]
        import numpy as np
        run([*self.command(name), "--export", self.data], self.threads)
        test = np.load(self.data / "test.npy")[:2000]
        return measure.full_ranking(np.load(self.data / "queries.npy")[:2000], np.load(self.data / "outputs.npy"),
                                    test[:, :3], test[:, 3:])


def processor_ticks():
    """Ticks that other guests took from this machine, and all ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return ticks[7], sum(ticks)


def spread(values):
    """Median, 10 % and 90 % quantile."""
    values = sorted(values)
    tenth = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else values * 9
    return {"median": statistics.median(values), "low": tenth[0], "high": tenth[8]}


def summary(setting, rounds):
    """The figures of the rounds that count."""
    kept = [r for r in rounds if r["counts"]]
    if 2 * len(kept) < len(rounds):
        sys.exit(f"{len(rounds) - len(kept)} of {len(rounds)} rounds were disturbed: run again on a quieter machine")
    halves = [half for r in kept for half in r["halves"]]
    limits = [statistics.mean(p["fma_gflops_per_cpu_s"] for p in r["probes"]) for r in kept for _ in r["halves"]]
    rows = {}
    for name in setting.names:
        per_cpu = [half[name]["examples_per_cpu_s"] for half in halves]
        gflops = [rate * FLOP_PER_EXAMPLE / 1e9 for rate in per_cpu]
        rows[name] = {
            "examples_per_s": spread(half[name]["examples_per_s"] for half in halves),
            "examples_per_cpu_s": spread(per_cpu),
            "gflops_per_cpu_s": spread(gflops),
            "share_of_limit": spread(rate / limit for rate, limit in zip(gflops, limits)),
            "peak_rss_mb": max(half[name]["peak_rss_mb"] for half in halves),
            "version": halves[0][name]["version"],
        }
        if name != "kin":
            for what in ("examples_per_cpu_s", "examples_per_s"):
                rows[name]["kin_over_it_" + what] = spread(half["kin"][what] / half[name][what] for half in halves)
    kin = halves[0]["kin"]
    return {"items": setting.items, "threads": setting.threads, "rounds": len(rounds), "rounds_that_count": len(kept),
            "isa": kept[0]["probes"][0]["isa"], "fma_gflops_per_cpu_s": spread(limits), "steps": setting.steps,
            "unique_input_rows_a_step": kin["unique_input_rows"], "unique_output_rows_a_step": kin["unique_output_rows"],
            "contestants": rows}


def print_table(result):
    limit = result["fma_gflops_per_cpu_s"]["median"]
    print(f"\n{result['items']:,} items, {result['threads']} thread(s), {result['rounds_that_count']} of {result['rounds']} rounds; "
          f"limit {limit:.0f} GFLOP/s a CPU second ({result['isa']}); unique rows a step: "
          f"{result['unique_input_rows_a_step']:.0f} in, {result['unique_output_rows_a_step']:.0f} out")
    print(f"{'':12}{'examples/s':>12}{'per CPU s':>12}{'GFLOP/s':>9}{'of limit':>9}{'peak MB':>9}   "
          "kin is faster: by CPU second, by wall clock")
    for name, row in result["contestants"].items():
        ratios = [row[key] for key in ("kin_over_it_examples_per_cpu_s", "kin_over_it_examples_per_s") if key in row]
        print(f"{name:12}{row['examples_per_s']['median']:12,.0f}{row['examples_per_cpu_s']['median']:12,.0f}"
              f"{row['gflops_per_cpu_s']['median']:9.1f}{row['share_of_limit']['median']:9.0%}{row['peak_rss_mb']:9,.0f}   "
              + ", ".join(f"{r['median']:.2f}x [{r['low']:.2f}-{r['high']:.2f}]" for r in ratios))
        if "quality" in row:
            print(" " * 12 + ", ".join(f"{key} {value:.4f}" for key, value in row["quality"].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=pathlib.Path, default="build/bench/bench", help="folder of kin_probe and kin_recommender")
    parser.add_argument("--data", type=pathlib.Path, default="build/bench-data", help="made when missing")
    parser.add_argument("--out", type=pathlib.Path, default="build/bench/recommender.json")
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=3, help="length of one run")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--quality", action="store_true", help="also train each on all data once and compare what was learned")
    args = parser.parse_args()

    results = []
    for items in args.items:
        for threads in args.threads:
            setting = Setting(args, items, threads)
            rounds = []
            for i in range(args.rounds):
                rounds.append(setting.round())
                print(f"round {i + 1} of {args.rounds}{'' if rounds[-1]['counts'] else ' (disturbed)'}", file=sys.stderr)
            results.append(summary(setting, rounds))
            if args.quality and threads == args.threads[-1]:
                for name in setting.names:
                    results[-1]["contestants"][name]["quality"] = setting.quality(name)
            print_table(results[-1])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nwritten to {args.out}")


if __name__ == "__main__":
    main()
