"""The linear job that every rival does, to the letter.

Logistic regression on the 39 fields of the click log of clicks.py, from text to weights, one pass in file order: every field
that is not missing is one token "name=value" of weight 1, counts too. Tokens are hashed to 2^24 weights, or by column to
10,000 for a count and to as many as wide_deep.py has for a word. Adaptive steps, no penalty. Reading and parsing are within
the time, saving is not.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure
from click_shape import BUCKETS, COUNTS, WORDS

BITS = 24


class Job:
    def __init__(self):
        self.args = measure.arguments(__doc__.split("\n")[0], export=None)
        import numpy as np  # after the thread pools are sized
        self.rows = len(np.load(self.args.data / "train-label.npy", mmap_mode="r"))

    def file(self, part, kind):
        return str(self.args.data / f"{part}.{kind}")

    def report(self, name, version, meter, predict):
        measure.report(name, version, self.args.threads, self.rows, meter)
        if self.args.export:
            import numpy as np
            np.save(self.args.export, predict())
