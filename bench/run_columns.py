#!/usr/bin/env python3
"""CSV to ids with kin and four table libraries by turns, one thread, and the ratios.

A round is: kin, rivals, rivals backwards, kin, each a process of its own on the same file, so that a slow spell of the
machine hits all of them. A ratio is kin's bytes a second over the rival's of the same half round; the table shows its median
and its 10 % to 90 % range. Before the rounds, the ids of kin and of polars are compared: the same rows must share an id.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from run import run, spread

HERE = pathlib.Path(__file__).resolve().parent
RIVALS = ("polars", "pyarrow", "duckdb", "pandas")
JOBS = ("ratings", "genres", "criteo", "criteo-vocabulary")


def command(name, job, args):
    shape, _, vocabulary = job.partition("-")
    program = [args.programs / "kin_columns"] if name == "kin" else [sys.executable, HERE / "rivals" / "columns_rival.py", "--rival", name]
    return [*program, "--shape", shape, "--file", args.data / f"{shape}.csv", "--ids", vocabulary or "hash"]


def same_partition(job, args):
    """Number of columns in which the two give an id to the same values, the same one to the same."""
    import numpy as np
    with tempfile.TemporaryDirectory(dir=args.data) as folder:
        folders = {}
        for name in ("kin", "polars"):
            folders[name] = pathlib.Path(folder) / name
            folders[name].mkdir()
            run([*command(name, job, args), "--export", folders[name]], 1)
        columns = sorted(path.name for path in folders["kin"].glob("*.npy"))
        assert columns and columns == sorted(path.name for path in folders["polars"].glob("*.npy")), f"{job}: other columns"
        for column in columns:
            kin, polars = (np.load(folders[name] / column).astype(np.int64) for name in ("kin", "polars"))
            if ".offsets" in column:
                assert np.array_equal(kin, polars), f"{job}, {column}: other cells are missing"
                continue
            assert len(kin) == len(polars), f"{job}, {column}: another number of ids"
            pairs = len(np.unique(kin * (polars.max() + 1) + polars))
            assert pairs == len(np.unique(kin)) == len(np.unique(polars)), f"{job}, {column}: other ids"
        return len(columns)


def summary(job, halves, names, size):
    rows = {}
    for name in names:
        rows[name] = {what: spread(half[name][what] for half in halves) for what in ("bytes_per_cpu_s", "bytes_per_s")}
        rows[name]["peak_rss_mb"] = max(half[name]["peak_rss_mb"] for half in halves)
        rows[name]["version"] = halves[0][name].get("version", halves[0][name].get("isa"))
        if name != "kin":
            for what in ("bytes_per_cpu_s", "bytes_per_s"):
                rows[name]["kin_over_it_" + what] = spread(half["kin"][what] / half[name][what] for half in halves)
    return {"job": job, "file_bytes": size, "halves": len(halves), "contestants": rows}


def print_table(result):
    print(f"\n{result['job']}, {result['file_bytes'] / 1e6:,.0f} MB, {result['halves']} half rounds")
    print(f"{'':10}{'MB a CPU s':>12}{'MB/s':>8}{'peak MB':>9}   kin is faster: by CPU second, by wall clock")
    for name, row in result["contestants"].items():
        ratios = [row[key] for key in ("kin_over_it_bytes_per_cpu_s", "kin_over_it_bytes_per_s") if key in row]
        print(f"{name:10}{row['bytes_per_cpu_s']['median'] / 1e6:12,.0f}{row['bytes_per_s']['median'] / 1e6:8,.0f}{row['peak_rss_mb']:9,.0f}   "
              + ", ".join(f"{r['median']:.2f}x [{r['low']:.2f}-{r['high']:.2f}]" for r in ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=pathlib.Path, default="build/bench/bench", help="folder of kin_columns")
    parser.add_argument("--data", type=pathlib.Path, default="build/bench-data/tables", help="made when missing")
    parser.add_argument("--out", type=pathlib.Path, default="build/bench/columns.json")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS[:3])
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=RIVALS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=320, help="of each file")
    args = parser.parse_args()
    if not all((args.data / f"{job.partition('-')[0]}.csv").exists() for job in args.jobs):
        print("making data", file=sys.stderr)
        subprocess.run([sys.executable, HERE / "tables.py", "--out", args.data, "--megabytes", str(args.megabytes)], check=True)

    results = []
    for job in args.jobs:
        if job != "criteo":  # every library has a hash of its own
            print(f"{job}: {same_partition(job, args)} arrays of ids agree with polars", file=sys.stderr)
        names = ["kin", *(rival for rival in args.rivals if (job, rival) != ("criteo", "pyarrow"))]  # it has none
        halves = []
        for i in range(args.rounds):
            for order in (names, names[::-1]):
                halves.append({name: run(command(name, job, args), 1) for name in order})
            print(f"{job}: round {i + 1} of {args.rounds}", file=sys.stderr)
        results.append(summary(job, halves, names, (args.data / f"{job.partition('-')[0]}.csv").stat().st_size))
        print_table(results[-1])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nwritten to {args.out}")


if __name__ == "__main__":
    main()
