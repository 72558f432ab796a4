#!/usr/bin/env python3
"""PyTorch does the job of wide_deep.py. It has no FTRL: the wide part learns by Adagrad 0.05. polars reads the CSV."""
from wide_deep import BUCKETS, COUNTS, DIM, HIDDEN, OFFSETS, ROWS, WARM_UP, WORDS, Job, measure

job = Job()

import numpy as np
import torch
from torch import nn

torch.set_num_threads(job.args.threads)
torch.manual_seed(1)
table = nn.Embedding(ROWS, DIM, sparse=True, _weight=torch.empty(ROWS, DIM).normal_(0, 0.05))
wide = nn.EmbeddingBag(ROWS, 1, sparse=True, mode="sum", _weight=torch.zeros(ROWS, 1))
wide_numbers = nn.Linear(len(COUNTS), 1)
layers, inputs = [], len(WORDS) * DIM + len(COUNTS)
for width in HIDDEN:
    layers += [nn.Linear(inputs, width), nn.ReLU()]
    inputs = width
deep = nn.Sequential(*layers, nn.Linear(inputs, 1))


def adagrad(rate, *modules):
    return torch.optim.Adagrad([p for module in modules for p in module.parameters()], lr=rate, initial_accumulator_value=0.1)


optimizers = [adagrad(0.01, table, deep), adagrad(0.05, wide, wide_numbers)]


def logits(ids, numbers):
    ids, numbers = torch.from_numpy(ids), torch.from_numpy(numbers)
    hidden = deep(torch.cat([table(ids).flatten(1), numbers], 1))
    return (hidden + wide(ids) + wide_numbers(numbers))[:, 0]


def train(batches):
    steps = 0
    for ids, numbers, labels in batches:
        loss = nn.functional.binary_cross_entropy_with_logits(logits(ids, numbers), torch.from_numpy(labels.astype(np.float32)), reduction="sum")
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        steps += 1
    return steps


def from_csv(part, first, most):
    """Words are hexadecimal numbers: the quickest hash is their remainder."""
    import polars as pl
    words = [(pl.col(c).str.to_integer(base=16, strict=False).fill_null(0) % b + o).cast(pl.Int32)
             for c, b, o in zip(WORDS, BUCKETS, OFFSETS)]
    numbers = [(pl.col(c) + 1).log().fill_null(0) for c in COUNTS]
    schema = {"label": pl.Float32} | {c: pl.Float32 for c in COUNTS} | {c: pl.String for c in WORDS}
    rows = pl.scan_csv(job.csv(part), schema=schema, skip_rows_after_header=first * job.args.batch, n_rows=most * job.args.batch).select("label", *numbers, *words)
    for frame in rows.collect_batches(chunk_size=job.args.batch, maintain_order=True):
        if len(frame) == job.args.batch:
            yield tuple(np.ascontiguousarray(frame.select(names).to_numpy()) for names in (WORDS, COUNTS)) + (frame["label"].to_numpy(),)


def batches(part, first=0, most=1 << 24):
    """Of a part, from number `first` on."""
    if job.args.input == "csv":
        return from_csv(part, first, most)
    return zip(*(array[first:first + most] for array in job.arrays(part)))


def predict():
    with torch.no_grad():
        return np.concatenate([torch.sigmoid(logits(ids, numbers)).numpy() for ids, numbers, _ in batches("test")])


train(batches("train", 0, WARM_UP))
source = batches("train", WARM_UP, job.steps - WARM_UP)
with measure.Meter() as meter:
    steps = train(source)
job.report("torch", f"{torch.backends.cpu.get_cpu_capability()} {torch.__version__}", meter, predict, steps)
