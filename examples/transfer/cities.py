#!/usr/bin/env python3
"""Hourly temperatures of Seattle and San Francisco in 2010 as CSV files, from Debian's package python3-vega-datasets.

usage: cities.py FOLDER OUT
  FOLDER  the unpacked package, or any folder with seattle-temps.csv and sf-temps.csv somewhere below it
  OUT     gets seattle.csv and sf.csv: date,temperature,part; in degrees Fahrenheit

`part` is 0 to train on, 1 to validate and 2 to test: of each city a tenth and three tenths of the hours. The training
rows of San Francisco are few: 100 hours, drawn once; `cities.py FOLDER OUT 300` takes 300.
"""
import csv
import pathlib
import random
import sys


def rows_of(folder, name):
    path = next(iter(sorted(pathlib.Path(folder).rglob(name))), None)
    if path is None:
        sys.exit(f"there is no {name} below {folder}")
    with open(path, newline="") as file:
        return [(row["date"], row["temp"]) for row in csv.DictReader(file)]


def write_city(path, rows, training_rows):
    draw = random.Random(2010)
    parts = [draw.choices((0, 1, 2), (6, 1, 3))[0] for _ in rows]
    training = [i for i, part in enumerate(parts) if part == 0]
    kept = set(draw.sample(training, min(training_rows, len(training))))
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["date", "temperature", "part"])
        out.writerows([*row, part] for i, (row, part) in enumerate(zip(rows, parts)) if part > 0 or i in kept)


def main(folder, out, count="100"):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    write_city(pathlib.Path(out, "seattle.csv"), rows_of(folder, "seattle-temps.csv"), 1_000_000)
    write_city(pathlib.Path(out, "sf.csv"), rows_of(folder, "sf-temps.csv"), int(count))


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
