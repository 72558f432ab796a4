#!/usr/bin/env python3
"""Tables of the literature as the quality specs beside this file read them: one CSV each, with a column `part`.

usage: prepare.py FROM OUT [NAME...]
  FROM  has Metro_Interstate_Traffic_Volume.csv, adult_train.csv, adult_test.csv, king_county.csv, washington_dc.csv,
        melbourne.csv and criteo_train_tiny.csv, at any depth; tables that are missing are left out
  OUT   gets traffic.csv, adult.csv, houses.csv, dc.csv, melbourne.csv and criteo.csv

`part` is 0 to train on, 1 to choose settings on and 2 to test on: split = { by = "value", column = "part",
valid_from = "1", test_from = "2" }. Where rows are drawn, a key's part is mix64(key) mod 10: below 2 is test, 2 is
validation. Nothing is fitted here; what has to be fitted the spec does, on the training rows.
"""
import csv
import datetime
import math
import pathlib
import sys


def mix64(x):
    mask = 2**64 - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & mask
    return x ^ (x >> 31)


def part_of(key):
    bucket = mix64(int(key)) % 10
    return 2 if bucket < 2 else int(bucket == 2)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def traffic(path):
    """The first row of each hour; the name of a holiday stands on its first hour and is copied to its day."""
    rows = {}
    for row in rows_of(path):
        rows.setdefault(row["date_time"], row)
    holidays = {time[:10]: row["holiday"] for time, row in rows.items() if row["holiday"] not in ("", "None")}
    for time, row in rows.items():
        row["holiday"] = holidays.get(time[:10], "no")
        if float(row["temp"]) < 200:
            row["temp"] = ""
        row["part"] = 2 if time >= "2018" else int(time >= "2017-07")
        yield row


def adult(train, test):
    for number, row in enumerate(rows_of(train)):
        yield row | {"part": int(mix64(number) % 10 == 0)}
    for row in rows_of(test):
        yield row | {"part": 2}


def houses(path):
    """Dates are local midnights of another time zone, written in UTC."""
    first = datetime.datetime(2014, 5, 1, tzinfo=datetime.timezone.utc)
    for number, row in enumerate(rows_of(path)):
        date = datetime.datetime.fromisoformat(row["date"].replace("Z", "+00:00")) + datetime.timedelta(hours=2)
        renovated = max(int(row["yr_renovated"] or 0), int(row["yr_built"]))
        yield row | {"log_price": f"{math.log(float(row['price'])):.6f}", "renovated": renovated, "day": (date - first).days,
                     "part": part_of(number)}


def airbnb(path):
    for row in rows_of(path):
        if row["price"] and 10 < float(row["price"]) < 2000:
            yield row | {"log_price": f"{math.log(float(row['price'])):.6f}", "part": part_of(row["id"])}


def criteo(path):
    for row in rows_of(path):
        yield row | {"part": part_of(row["Id"])}


TABLES = {
    "traffic": (traffic, "Metro_Interstate_Traffic_Volume.csv"),
    "adult": (adult, "adult_train.csv", "adult_test.csv"),
    "houses": (houses, "king_county.csv"),
    "dc": (airbnb, "washington_dc.csv"),
    "melbourne": (airbnb, "melbourne.csv"),
    "criteo": (criteo, "criteo_train_tiny.csv"),
}


def main(source, out, *names):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    for name in names or TABLES:
        make, *files = TABLES[name]
        paths = [next(iter(sorted(pathlib.Path(source).rglob(file))), None) for file in files]
        if None in paths:
            print(f"{name}: left out, there is no {files[paths.index(None)]} below {source}")
            continue
        rows = list(make(*paths))
        with open(pathlib.Path(out, f"{name}.csv"), "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        counts = [sum(row["part"] == part for row in rows) for part in range(3)]
        print(f"{name}: {counts[0]} training rows, {counts[1]} for validation, {counts[2]} for the test")


if __name__ == "__main__":
    if len(sys.argv) < 3 or not set(sys.argv[3:]) <= set(TABLES):
        sys.exit(__doc__)
    main(*sys.argv[1:])
