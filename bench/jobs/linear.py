"""A linear model of 39 hashed fields from text to weights, one pass, as rivals/linear.py says to the letter."""
import tempfile

import click_specs
from jobs import click_log
from rounds import rival, run

THREADS = [1, 2]
RIVALS = {"vw": "linear_vw.py", "sklearn": "linear_sklearn.py", "tensorflow": "linear_tf.py"}


def add_arguments(parser):
    click_log.add_arguments(parser)


class Linear(click_log.ClickLog):
    bound = ("random lines, one for each value", "M lines/s", "lines_64b_m_per_cpu_s", click_log.VALUES / 1e6)
    tolerance = {"log_loss": .002}

    def __init__(self, args, threads):
        super().__init__(args, f"linear from text, {args.rows:,} rows", threads, ["kin", *args.rivals])
        self.toml = self.spec("linear.toml", click_specs.linear())

    def run(self, name, *flags):
        if name != "kin":
            return run(rival(RIVALS[name], "--data", self.data, *flags), self.threads)
        with tempfile.TemporaryDirectory(dir=self.args.build) as out:
            return run([self.args.programs / "kin_rows", "--spec", self.toml, "--data", self.data.resolve() / "train.csv", "--test",
                        self.data.resolve() / "test.csv", "--out", out, "--input", "csv", *flags], self.threads)

    def quality(self, name, folder):
        self.run(name, "--export", folder / "scores.npy")
        return self.judge(folder / "scores.npy")


def settings(args):
    return (Linear(args, threads) for threads in args.threads)
