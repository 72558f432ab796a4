#!/usr/bin/env python3
"""PyTorch does the job of job.py: EmbeddingBag and Embedding with sparse gradients, sparse Adagrad."""
from job import CONTEXT, DIM, EPSILON, HIDDEN, NEGATIVES, RATE, START, WARM_UP, Job, measure

job = Job()

import numpy as np
import torch

torch.set_num_threads(job.args.threads)
torch.manual_seed(1)
span = float(np.log(job.items + 1))


def table():
    return torch.empty(job.items, DIM).normal_(0, 0.1)


inputs = torch.nn.EmbeddingBag.from_pretrained(table(), freeze=False, mode="mean", sparse=True)
outputs = torch.nn.Embedding.from_pretrained(table(), freeze=False, sparse=True)
layers = [torch.nn.Linear(DIM, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, DIM)] if job.args.model == "tower" else []
tower = torch.nn.Sequential(*layers)
optimizer = torch.optim.Adagrad([*inputs.parameters(), *outputs.parameters(), *tower.parameters()], lr=RATE,
                                initial_accumulator_value=START, eps=EPSILON)


def draw_negatives():
    """The first NEGATIVES distinct ids of a log-uniform stream, sorted, and the number of draws they took."""
    drawn = (torch.exp(torch.rand(16 * NEGATIVES, dtype=torch.float64) * span).long() - 1).clamp_(0, job.items - 1)
    ordered, place = drawn.sort(stable=True)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[1:] = ordered[1:] != ordered[:-1]
    chosen = place[new].sort().values[:NEGATIVES]
    return drawn[chosen].sort().values, int(chosen[-1]) + 1


def log_expected(ids, draws):
    ids = ids.double()
    probability = torch.log((ids + 2) / (ids + 1)) / span
    return torch.log(-torch.expm1(draws * torch.log1p(-probability))).float()


def step(batch):
    batch = torch.from_numpy(batch).long()
    targets = batch[:, CONTEXT:].contiguous()
    negatives, draws = draw_negatives()
    query = tower(inputs(batch[:, :CONTEXT]))
    true = (outputs(targets) @ query[:, :, None])[:, :, 0] - log_expected(targets, draws)
    other = torch.addmm(-log_expected(negatives, draws), query, outputs(negatives).T)
    column = torch.searchsorted(negatives, targets).clamp_(max=NEGATIVES - 1)
    hit = negatives[column] == targets
    other[hit.nonzero()[:, 0], column[hit]] = -1e9
    loss = (torch.logaddexp(torch.logsumexp(true, 1), torch.logsumexp(other, 1)) - true.mean(1)).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def query(context):
    with torch.no_grad():
        return tower(inputs(torch.from_numpy(context).long())).numpy()


for batch in job.histories[:WARM_UP]:
    step(batch)
with measure.Meter() as meter:
    for batch in job.histories[WARM_UP:]:
        step(batch)
job.report("torch", torch.__version__, meter, query, lambda: outputs.weight.detach().numpy())
