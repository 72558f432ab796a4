#!/usr/bin/env python3
"""Reads the survey `income` out of Debian's package r-cran-kernlab, without R, and writes it as a CSV file.

usage: read_income.py FOLDER OUT.csv
  FOLDER  the unpacked package, or any folder with income.rda somewhere below it
  OUT     a row for each of 8,993 persons; `high` is 1 where the household's income is 40,000 dollars or more
"""
import lzma
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from read_dslabs import FormatError, Unserializer, columns_of, write_csv  # noqa: E402

HIGH = ("[40.000", "[50.000", "[75.000")


def main(folder, out):
    path = next(iter(sorted(pathlib.Path(folder).rglob("income.rda"))), None)
    if path is None:
        sys.exit(f"there is no income.rda below {folder}")
    content = lzma.decompress(path.read_bytes())
    if content[:4] != b"RDX2" and content[:4] != b"RDX3":
        raise FormatError(f"{path} begins with {content[:4]}, not with RDX2 or RDX3")
    frame = dict(Unserializer(content[5:]).item())["income"]
    names = frame.attributes["names"]
    columns = dict(zip(names, columns_of(frame, names)))
    incomes = columns.pop("INCOME")
    header = [name.lower().replace(".", "_") for name in columns] + ["high"]
    rows = [["" if cell is None else cell for cell in row] for row in zip(*columns.values(), (int(x.startswith(HIGH)) for x in incomes))]
    write_csv(pathlib.Path(out), header, rows)
    print(f"{len(rows):,} persons, {sum(row[-1] for row in rows):,} of high income")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
