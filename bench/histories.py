#!/usr/bin/env python3
"""Makes the data of the recommender benchmark: histories of 10 distinct items with planted clusters and Zipf popularity.

usage: histories.py --out FOLDER [--items 1000000] [--scale 1] [--seed 1]

There are 1,000 clusters; an item is (cluster c, place b), drawn with probability q(c) p(b), q ~ 1/(c+10)^0.7 and
p ~ 1/(b+1). Each user has two clusters drawn from q; an item of the history comes from either with 45 % each and from
any cluster with 10 %. Item ids are ranks by popularity (0 = most popular), as a log-uniform sampler expects.

Writes train.npy [2,000,000 x scale, 10] and test.npy [10,000, 10], int32, the first 3 columns are the context and the
last 7 the targets; popularity.npy [items] float64, the probabilities; and last best.json, recall@20 of the ranking that
knows each user's two clusters. The same arguments give the same bytes.
"""
import argparse
import json
import pathlib

import numpy as np

CLUSTERS, LENGTH, CONTEXT = 1000, 10, 3
TRAIN, TEST, CHUNK = 2_000_000, 10_000, 250_000


def zipf(n, exponent=1.0, shift=1.0):
    """Probabilities of n ranks, falling as 1 / (rank + shift) ^ exponent."""
    weights = 1 / (np.arange(n) + shift) ** exponent
    return weights / weights.sum()


def draw(rng, probabilities, shape):
    return np.searchsorted(np.cumsum(probabilities)[:-1], rng.random(shape), side="right")


class Catalogue:
    def __init__(self, items):
        self.q, self.p = zipf(CLUSTERS, 0.7, 10), zipf(items // CLUSTERS)
        self.popularity = np.outer(self.p, self.q).ravel()
        self.by_rank = np.argsort(-self.popularity, kind="stable")
        self.rank = np.empty(items, np.int32)
        self.rank[self.by_rank] = np.arange(items)

    def histories(self, rng, count):
        """`count` histories [count, LENGTH] and the two clusters of their users [count, 2]."""
        rows, tastes, missing = [], [], count
        while missing > 0:
            n = min(missing, CHUNK)
            taste = draw(rng, self.q, (n, 2))
            wide = 2 * LENGTH  # twice as many as needed, then the first distinct ones
            source = rng.random((n, wide))
            cluster = np.where(source < .45, taste[:, :1], np.where(source < .9, taste[:, 1:], draw(rng, self.q, (n, wide))))
            found = self.rank[draw(rng, self.p, (n, wide)) * CLUSTERS + cluster]
            by_value = np.argsort(found, axis=1, kind="stable")
            ordered = np.take_along_axis(found, by_value, 1)
            repeated = np.zeros(found.shape, bool)
            np.put_along_axis(repeated, by_value[:, 1:], ordered[:, 1:] == ordered[:, :-1], 1)
            enough = (~repeated).sum(1) >= LENGTH
            first = np.argsort(repeated, axis=1, kind="stable")[:, :LENGTH]
            rows.append(np.take_along_axis(found, first, 1)[enough])
            tastes.append(taste[enough])
            missing -= enough.sum()
        return np.concatenate(rows), np.concatenate(tastes)

    def best_recall(self, rows, tastes, k=20):
        """Recall@k of the ranking by the probability that generated the data."""
        hits = 0
        for history, taste in zip(rows, tastes):
            scores = .1 * self.popularity
            for c in taste:
                scores[c::CLUSTERS] += .45 * self.p
            scores[self.by_rank[history[:CONTEXT]]] = 0
            hits += np.isin(history[CONTEXT:], self.rank[np.argpartition(-scores, k)[:k]]).sum()
        return hits / (len(rows) * (LENGTH - CONTEXT))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the training rows, never the items")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    catalogue, rng = Catalogue(args.items), np.random.default_rng(args.seed)
    np.save(args.out / "popularity.npy", catalogue.popularity[catalogue.by_rank])
    rows, _ = catalogue.histories(rng, int(TRAIN * args.scale))
    np.save(args.out / "train.npy", rows)
    rows, tastes = catalogue.histories(rng, TEST)
    np.save(args.out / "test.npy", rows)
    (args.out / "best.json").write_text(json.dumps({"recall@20": catalogue.best_recall(rows[:2000], tastes[:2000])}) + "\n")


if __name__ == "__main__":
    main()
