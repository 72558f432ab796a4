#!/usr/bin/env python3
"""polars reads and hashes, scikit-learn's SGDClassifier learns: the job of linear.py. A missing field is a token too."""
from linear import BITS, COUNTS, WORDS, Job, measure

job = Job()

import numpy as np
import polars as pl
import sklearn
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier


def chunks(part):
    tokens = [pl.format("{}={}", pl.lit(c), pl.col(c).fill_null("")) for c in COUNTS + WORDS]
    ids = [(token.hash(1) % (1 << BITS)).cast(pl.Int32).alias(c) for token, c in zip(tokens, COUNTS + WORDS)]
    schema = {"label": pl.Float32} | {c: pl.String for c in COUNTS + WORDS}
    for frame in pl.scan_csv(job.file(part, "csv"), schema=schema).select("label", *ids).collect_batches(chunk_size=50_000, maintain_order=True):
        rows = frame.drop("label").to_numpy()
        ends = np.arange(0, rows.size + 1, rows.shape[1])
        yield csr_matrix((np.ones(rows.size, np.float32), rows.ravel(), ends), shape=(len(rows), 1 << BITS)), frame["label"].to_numpy()


model = SGDClassifier(loss="log_loss", alpha=1e-7, learning_rate="constant", eta0=0.05, average=True)
with measure.Meter() as meter:
    for x, y in chunks("train"):
        model.partial_fit(x, y, classes=[0.0, 1.0])
job.report("sklearn", f"sklearn {sklearn.__version__}", meter, lambda: np.concatenate([model.predict_proba(x)[:, 1] for x, _ in chunks("test")]))
