"""CSV to ids in memory, by others: the job of columns.cc in the words of four table libraries.

ratings: userId and movieId become ids of their different values, rating and timestamp numbers. genres: the same ids, and
for each row the ids of the names between |. criteo: label and I1..I13 become numbers, missing ones too; C1..C26 ids below
1,000,000 by the library's own hash of the text (--ids hash), or ids of their different values (--ids vocabulary). Numbers
are 32-bit floats, timestamps 64-bit integers, ids have 32 bits. The text is in the page cache; the clock stops when all columns are arrays in memory.

usage: columns_rival.py --rival polars|pyarrow|duckdb|pandas --shape ratings|genres|criteo --file CSV [--ids hash|vocabulary]
                        [--export FOLDER]      also writes the ids, to be compared (polars only)
"""
import argparse
import importlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure

BUCKETS = 1_000_000
COUNTS = ["label"] + [f"I{i}" for i in range(1, 14)]
WORDS = [f"C{i}" for i in range(1, 27)]
COLUMNS = {"ratings": ["userId", "movieId", "rating", "timestamp"], "genres": ["userId", "movieId", "genres"],
           "criteo": COUNTS + WORDS}
KEYS = {"ratings": ["userId", "movieId"], "genres": ["userId", "movieId"], "criteo": WORDS}


def kind(name):
    return "number" if name in COUNTS or name == "rating" else "integer" if name == "timestamp" else "text"


def polars(args):
    import polars as pl
    types = {"number": pl.Float32, "integer": pl.Int64, "text": pl.String}
    table = pl.scan_csv(args.file, schema={name: types[kind(name)] for name in COLUMNS[args.shape]})
    hashed = args.shape == "criteo" and args.ids == "hash"
    columns = []
    for name in COLUMNS[args.shape]:
        column = pl.col(name)
        if name == "genres":
            column = column.str.split("|").cast(pl.List(pl.Categorical)).list.eval(pl.element().to_physical())
        elif name in KEYS[args.shape]:
            column = (column.hash(1) % BUCKETS).cast(pl.Int32) if hashed else column.cast(pl.Categorical).to_physical()
        columns.append(column)
    return table.select(columns).collect()


def pyarrow(args):
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv
    pa.set_cpu_count(1)
    if args.shape == "criteo" and args.ids == "hash":
        sys.exit("pyarrow has no hash of values; use --ids vocabulary")
    types = {"number": pa.float32(), "integer": pa.int64(), "text": pa.dictionary(pa.int32(), pa.string())}
    types = {name: types[kind(name)] for name in COLUMNS[args.shape]}
    if args.shape == "genres":
        types["genres"] = pa.string()
    # Blocks of 16 MiB make it faster than its own choice does.
    table = csv.read_csv(args.file, csv.ReadOptions(use_threads=False, block_size=16 << 20),
                         convert_options=csv.ConvertOptions(column_types=types)).unify_dictionaries()
    out = {name: [getattr(chunk, "indices", chunk) for chunk in table[name].chunks] for name in table.column_names}
    if args.shape == "genres":
        pieces = pc.split_pattern(table["genres"].combine_chunks(), "|")
        out["genres"] = pa.ListArray.from_arrays(pieces.offsets, pieces.values.dictionary_encode().indices)
    return out


def duckdb(args):
    import duckdb as db
    con = db.connect(config={"threads": 1})
    types = {"number": "FLOAT", "integer": "BIGINT", "text": "VARCHAR"}
    names = COLUMNS[args.shape]
    columns = ", ".join(f"'{name}': '{types[kind(name)]}'" for name in names)
    read = f"read_csv('{args.file}', header=true, columns={{{columns}}})"
    if args.shape == "criteo" and args.ids == "hash":
        ids = [f"(hash({name}) % {BUCKETS})::INTEGER AS {name}" for name in WORDS]
        return con.sql(f"SELECT {', '.join(COUNTS + ids)} FROM {read}").fetchnumpy()
    con.sql(f"CREATE TEMP TABLE rows AS SELECT * FROM {read}")
    ids = {}
    for name in KEYS[args.shape]:
        con.sql(f"CREATE TYPE {name}_key AS ENUM (SELECT DISTINCT {name} FROM rows WHERE {name} IS NOT NULL)")
        ids[name] = f"enum_code({name}::{name}_key)::INTEGER AS {name}"
    if args.shape != "genres":
        return con.sql(f"SELECT {', '.join(ids.get(name, name) for name in names)} FROM rows").fetchnumpy()
    # Few different cells: each is split once.
    con.sql("CREATE TEMP TABLE cells AS SELECT DISTINCT genres FROM rows")
    con.sql("CREATE TYPE genre_key AS ENUM (SELECT DISTINCT unnest(string_split(genres, '|')) FROM cells)")
    con.sql("CREATE TEMP TABLE codes AS SELECT genres, list_transform(string_split(genres, '|'), "
            "lambda name: enum_code(name::genre_key)::INTEGER) AS ids FROM cells")
    return con.sql(f"SELECT {ids['userId']}, {ids['movieId']}, codes.ids FROM rows JOIN codes USING (genres)").to_arrow_table()


def pandas(args):
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    pa.set_cpu_count(1)
    types = {"number": "float32", "integer": "int64", "text": "string[pyarrow]"}
    frame = pd.read_csv(args.file, engine="pyarrow", dtype_backend="pyarrow",
                        dtype={name: types[kind(name)] for name in COLUMNS[args.shape]})
    out = {}
    for name in frame:
        if name == "genres":
            which, cells = pd.factorize(frame[name])
            pieces = [cell.split("|") for cell in cells]
            counts = np.array([len(p) for p in pieces])
            flat = pd.factorize(np.array([piece for p in pieces for piece in p], dtype=object))[0].astype(np.int32)
            sizes = counts[which]
            offsets = np.concatenate([[0], np.cumsum(sizes)])
            begin = (np.cumsum(counts) - counts)[which]
            out[name] = offsets, flat[np.repeat(begin - offsets[:-1], sizes) + np.arange(offsets[-1])]
        elif name not in KEYS[args.shape]:
            out[name] = frame[name].to_numpy()
        elif args.shape == "criteo" and args.ids == "hash":
            out[name] = (pd.util.hash_array(frame[name].fillna("").to_numpy(dtype=object)) % BUCKETS).astype(np.int32)
        else:
            out[name] = pd.factorize(frame[name])[0].astype(np.int32)
    return out


def export(frame, folder):
    """The ids that polars made, as columns.cc writes its own: of the values that are there, and offsets."""
    import numpy as np
    for name in frame.columns:
        column = frame[name]
        if name == "genres":
            np.save(folder / "genres.offsets.npy", np.concatenate([[0], column.list.len().to_numpy().cumsum()]))
            np.save(folder / "genres.npy", column.explode().to_numpy())
        elif kind(name) == "text":
            if column.null_count():
                np.save(folder / f"{name}.offsets.npy", np.concatenate([[0], column.is_not_null().to_numpy().cumsum()]))
            np.save(folder / f"{name}.npy", column.drop_nulls().to_numpy())


def main():
    rivals = {"polars": polars, "pyarrow": pyarrow, "duckdb": duckdb, "pandas": pandas}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rival", choices=rivals, required=True)
    parser.add_argument("--shape", choices=COLUMNS, required=True)
    parser.add_argument("--file", type=pathlib.Path, required=True)
    parser.add_argument("--ids", choices=("hash", "vocabulary"), default="hash")
    parser.add_argument("--threads", type=int, choices=[1], default=1)
    parser.add_argument("--export", type=pathlib.Path)
    args = parser.parse_args()
    measure.fix_threads(1)
    os.environ["POLARS_MAX_THREADS"] = "1"
    version = importlib.import_module(args.rival).__version__
    with measure.Meter() as meter:
        table = rivals[args.rival](args)
    size = args.file.stat().st_size
    print(measure.json.dumps({"name": args.rival, "version": version, "bytes_per_s": size / meter.wall,
                              "bytes_per_cpu_s": size / meter.cpu, "wall_s": meter.wall, "cpu_s": meter.cpu,
                              "peak_rss_mb": meter.peak_mb}))
    if args.export:
        export(table, args.export)


if __name__ == "__main__":
    main()
