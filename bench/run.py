#!/usr/bin/env python3
"""Kinspace beside its rivals, by turns: `make bench JOB=...`, or run.py JOB and flags; README.md has the results.

usage: run.py recommender|columns|wide-deep|linear|ranking|products|start-up [--rounds N] [--threads 1 2] [--rivals ...] [--json FILE]
       run.py JOB --help     the flags of a job
"""
import argparse
import importlib
import json
import pathlib
import sys

import rounds

JOBS = ("recommender", "columns", "wide-deep", "linear", "ranking", "products", "start-up")


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in JOBS:
        sys.exit(__doc__.strip())
    job = importlib.import_module("jobs." + name.replace("-", "_"))
    parser = argparse.ArgumentParser(prog=f"run.py {name}", description=job.__doc__.strip().split("\n")[0])
    parser.add_argument("--programs", type=pathlib.Path, default="build/bench", help="folder of the build")
    parser.add_argument("--data", type=pathlib.Path, default="build/bench-data", help="made when missing")
    parser.add_argument("--json", type=pathlib.Path, default=f"build/bench/{name}.json")
    parser.add_argument("--threads", type=int, nargs="+", default=job.THREADS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rivals", nargs="*", choices=job.RIVALS, default=[name for name in job.RIVALS if name not in rounds.KIN])
    parser.add_argument("--quality", action="store_true", help="also train each on all data once and compare what was learned")
    job.add_arguments(parser)
    args = parser.parse_args(sys.argv[2:])
    args.build, args.programs = args.programs, args.programs / "bench"

    results = [rounds.measure(setting, args.rounds, args.quality) for setting in job.settings(args)]
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"job": name, "settings": results}, indent=1, default=float) + "\n")
    print(f"\nwritten to {args.json}")


if __name__ == "__main__":
    main()
