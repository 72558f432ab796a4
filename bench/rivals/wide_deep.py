"""The wide & deep job that every rival does, to the letter.

Deep: for each of 26 word columns a row of 16 numbers of its own table (5,569,296 rows in all, N(0, 0.05)), and 13 numbers
log(1 + I), 429 inputs; dense layers of 1024, 512 and 256 with relu, one logit. Adagrad 0.01, accumulator from 0.1. Wide: a
weight for each of the same rows, from 0, and for each of the 13 numbers; FTRL 0.05, accumulator from 0.1, no penalty. Loss of
a batch = SUM of the cross entropy of the sum of both logits. One pass in file order.

--input memory: the arrays that clicks.py wrote. --input csv: its train.csv, by the rival's own parser and hash, within the
time. Speed is counted over all steps but the first 20, which compile functions. A last batch that is not full is left out.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure
from click_shape import BUCKETS, COUNTS, OFFSETS, WORDS

ROWS, DIM, HIDDEN, WARM_UP = sum(BUCKETS), 16, (1024, 512, 256), 20


class Job:
    def __init__(self):
        self.args = measure.arguments(__doc__.split("\n")[0], steps=0, batch=512, input=("memory", "csv"), export=None)
        import numpy as np  # after the thread pools are sized
        rows = len(np.load(self.args.data / "train-label.npy", mmap_mode="r"))
        self.steps = min(self.args.steps or rows, rows // self.args.batch)

    def arrays(self, part):
        """ids [steps, batch, 26], numbers [steps, batch, 13], labels [steps, batch] of train or test."""
        import numpy as np
        out = []
        for name in ("ids", "numbers", "label"):
            array = np.load(self.args.data / f"{part}-{name}.npy")
            steps = self.steps if part == "train" else len(array) // self.args.batch
            out.append(array[:steps * self.args.batch].reshape(steps, self.args.batch, *array.shape[1:]))
        return out

    def csv(self, part):
        return str(self.args.data / f"{part}.csv")

    def report(self, name, version, meter, predict, steps):
        """predict() -> probabilities of the test rows."""
        measure.report(name, version, self.args.threads, steps * self.args.batch, meter, steps=self.steps)
        if self.args.export:
            import numpy as np
            np.save(self.args.export, predict())
