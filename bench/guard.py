#!/usr/bin/env python3
"""Is any job far slower than it was? Kinspace alone, against the limits of this machine; ctest runs it in Release.

usage: guard.py --programs FOLDER --data FOLDER [--floors floors.toml] [--only JOB ...]

Small versions of the jobs of run.py, a few rounds of probe, kin, probe, kin on one thread (rounds.py). A job must reach, in one
round that counts, the margin of floors.toml times the share of the bound that it had when it was last accepted: no time, only
shares, so that the machine does not matter much. Below that in three rounds that count it fails. Where too few rounds
count, the machine is too busy to tell.

Exit status 0 when all reach their floor, 1 when one does not, 77 when none failed but one could not be judged.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tomllib

from jobs import products, ranking, recommender, wide_deep
from rounds import HERE, one_round

TRIES, ROUNDS = 3, 6  # rounds below the floor before a job fails; rounds at most, those that do not count among them
SKIPPED = 77


def make(script, folder, done, *flags):
    if not (folder / done).exists():
        subprocess.run([sys.executable, "-B", HERE / script, "--out", folder, *flags], check=True)


def small_recommender(args):
    make("histories.py", args.data / "100000", "best.json", "--items", "100000", "--scale", ".06")
    return recommender.Recommender(args, 100_000, 1, "dot")


def small_wide_deep(args):
    args.rows = 30_000
    make("clicks.py", args.data / f"clicks-{args.rows}", "best.json", "--rows", str(args.rows), "--test", "1000")
    return wide_deep.WideDeep(args, "memory", 512, 1)


def small_ranking(args):
    args.items, args.users = 100_000, 4096
    return ranking.Ranking(args, 1)


JOBS = {"recommender": small_recommender, "wide-deep": small_wide_deep, "ranking": small_ranking,
        "dense": lambda args: products.Product(args, "wide-deep 1024 to 512, forward", 1),
        "scores": lambda args: products.Product(args, "recommender, scores", 1)}


def share(setting, done):
    """Of the bound, by CPU second, in the better half of a round."""
    _, _, key, takes = setting.bound
    limit = statistics.mean(probe[key] for probe in done["probes"])
    return max(half["kin"][setting.unit + "_per_cpu_s"] for half in done["halves"]) * takes / limit


def judge(floor, rounds):
    """What `rounds`, pairs of (share, whether it counts), say: True, False, or None when too few count; and the best share."""
    counted = []
    for found, counts in rounds:
        if counts:
            counted.append(found)
        if counted and (counted[-1] >= floor or len(counted) == TRIES):
            return max(counted) >= floor, max(counted)
    return None, max(counted, default=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the build")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="made when missing")
    parser.add_argument("--floors", type=pathlib.Path, default=HERE / "floors.toml")
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    args = parser.parse_args()
    args.build, args.programs, args.rivals, args.seconds = args.programs, args.programs / "bench", [], .5
    os.environ.pop("KIN_ISA", None)  # the probe takes the widest instructions, so kin has to
    floors = tomllib.loads(args.floors.read_text())

    failed, unknown = [], []
    for name in args.only:
        setting = JOBS[name](args)
        setting.probe = ("--ms", 100, "--mib", 16)
        floor = floors["margin"] * floors["share"][name]
        rounds = (one_round(setting) for _ in range(ROUNDS))
        reached, best = judge(floor, ((share(setting, done), done["counts"]) for done in rounds))
        print(f"{name:12} {best:4.0%} of the bound, floor {floor:.0%}: {'ok' if reached else 'TOO SLOW' if reached is False else 'machine too busy to tell'}",
              flush=True)
        if not reached:
            (failed if reached is False else unknown).append(name)
    if failed:
        sys.exit(f"\n{', '.join(failed)}: far from the limit of this machine, three times in a row. What changed? On a quiet machine run\n"
                 f"    make bench JOB=...    (recommender, wide-deep, ranking; dense and scores: products)\n"
                 f"before and after the change. Should it be so, write the new share into {args.floors}.")
    if unknown:
        print(f"\nnot judged, the machine was too busy: {', '.join(unknown)}. Again on a quieter one: ctest --preset release -L guard")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
