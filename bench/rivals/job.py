"""The recommender job that every rival does, to the letter.

x = mean of 3 rows of an input table; query = x, or with --model tower dense 256 relu, dense 64 of it; logits = query . rows of an
output table, no bias. Loss of a batch = SUM over
its examples of the cross entropy between the softmax over [7 targets, 1024 shared negatives] and 1/7 on each target.
Negatives: ids drawn log-uniformly, P(i) = log((i+2)/(i+1)) / log(items+1), until 1024 are distinct, after T draws; every
logit less log(1 - (1-P)^T); accidental hits removed. Batch 1024 in file order, Adagrad 0.1 (accumulator starts at 0.1,
epsilon 1e-7) for everything, tables N(0, 0.1), d = 64. Speed is counted over all steps but the first 10.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure

DIM, CONTEXT, BATCH, NEGATIVES, HIDDEN, RATE, START, EPSILON, WARM_UP = 64, 3, 1024, 1024, 256, 0.1, 0.1, 1e-7, 10


class Job:
    def __init__(self):
        self.args = measure.arguments(__doc__.split("\n")[0], steps=0, evaluate=0, model=("dot", "tower"))
        import numpy as np  # after the thread pools are sized
        train = np.load(self.args.data / "train.npy", mmap_mode="r")
        self.items = len(np.load(self.args.data / "popularity.npy", mmap_mode="r"))
        self.steps = min(self.args.steps or len(train), len(train) // BATCH)
        self.histories = np.array(train[:self.steps * BATCH]).reshape(self.steps, BATCH, train.shape[1])
        self.test = np.load(self.args.data / "test.npy")[:self.args.evaluate]

    def report(self, name, version, meter, query, outputs):
        """query: [n, 3] ids -> [n, DIM]; outputs: [items, DIM]."""
        quality = {}
        if len(self.test):
            context, targets = self.test[:, :CONTEXT], self.test[:, CONTEXT:]
            quality = {"quality": measure.full_ranking(query(context), outputs(), context, targets)}
        measure.report(name, version, self.args.threads, (self.steps - WARM_UP) * BATCH, meter, items=self.items,
                       steps=self.steps, **quality)
