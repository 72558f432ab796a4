"""CSV to ids with kin and four table libraries (rivals/columns_rival.py), one thread.

Before the rounds, the ids of kin and of polars are compared: the same rows must share an id.
"""
import pathlib
import subprocess
import sys
import tempfile

from rounds import HERE, Setting, rival, run

THREADS = [1]
RIVALS = ("polars", "pyarrow", "duckdb", "pandas")
SHAPES = ("ratings", "genres", "criteo", "criteo-vocabulary")


def add_arguments(parser):
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES[:3])
    parser.add_argument("--megabytes", type=float, default=320, help="of each file")


class Columns(Setting):
    unit, scale, bound = "bytes", (1e6, "MB"), ("reading the text", "GB/s", "read_gbs_per_cpu_s", 1e-9)

    def __init__(self, args, name, threads):
        # pyarrow has no hash of strings.
        rivals = [rival for rival in args.rivals if (name, rival) != ("criteo", "pyarrow")]
        super().__init__(args, f"columns, {name}", threads, ["kin", *rivals])
        self.shape, _, vocabulary = name.partition("-")
        self.ids = vocabulary or "hash"
        self.file = args.data / "tables" / f"{self.shape}.csv"
        if name != "criteo" and "polars" in rivals:  # every library has a hash of its own
            print(f"{name}: {self.same_ids()} arrays of ids agree with polars", file=sys.stderr)

    def run(self, name, *flags):
        program = [self.args.programs / "kin_columns"] if name == "kin" else rival("columns_rival.py", "--rival", name)
        line = run([*program, "--shape", self.shape, "--file", self.file, "--ids", self.ids, *flags], self.threads)
        return {"version": line.get("isa"), **line}

    def same_ids(self):
        """Number of columns in which kin and polars give an id to the same values, the same one to the same."""
        import numpy as np
        with tempfile.TemporaryDirectory(dir=self.args.data) as folder:
            folders = {}
            for name in ("kin", "polars"):
                folders[name] = pathlib.Path(folder) / name
                folders[name].mkdir()
                self.run(name, "--export", folders[name])
            columns = sorted(path.name for path in folders["kin"].glob("*.npy"))
            assert columns and columns == sorted(path.name for path in folders["polars"].glob("*.npy")), "other columns"
            for column in columns:
                kin, polars = (np.load(folders[name] / column).astype(np.int64) for name in ("kin", "polars"))
                if ".offsets" in column:
                    assert np.array_equal(kin, polars), f"{column}: other cells are missing"
                    continue
                assert len(kin) == len(polars), f"{column}: another number of ids"
                pairs = len(np.unique(kin * (polars.max() + 1) + polars))
                assert pairs == len(np.unique(kin)) == len(np.unique(polars)), f"{column}: other ids"
            return len(columns)

    def remarks(self, halves):
        return {"file_bytes": self.file.stat().st_size}


def settings(args):
    tables = args.data / "tables"
    if not all((tables / f"{shape.partition('-')[0]}.csv").exists() for shape in args.shapes):
        print("making data", file=sys.stderr)
        subprocess.run([sys.executable, HERE / "tables.py", "--out", tables, "--megabytes", str(args.megabytes)], check=True)
    return (Columns(args, shape, threads) for shape in args.shapes for threads in args.threads)
