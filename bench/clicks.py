#!/usr/bin/env python3
"""Makes the data of the wide-deep and linear benchmarks: a click log of the shape of Criteo's with a planted model.

usage: clicks.py --out FOLDER [--rows 1000000] [--test 100000] [--seed 1]

Word column Cj has rank v by Zipf 1.05 over its cardinality, written as 8 hexadecimal digits that depend on j and v only, or
is missing; count column Ij = floor(exp(1.5 normal + 1)), or is missing. A click has the log odds -1.35 + an effect of every
word + effects of log(1 + Ij) + inner products of 4 numbers of each word in six pairs of columns, which only a model that
sees words together can learn.

Writes, for * in train (--rows) and test (--test): *.csv (label,I1..I13,C1..C26); *-ids.csv, the same with a row
number in place of each word, rank modulo BUCKETS, 0 where it is missing; *.vw in the format of Vowpal Wabbit; and as arrays
*-label.npy uint8 [n], *-numbers.npy float32 [n, 13] log(1 + I), 0 where missing, *-ids.npy int32 [n, 26], rows of one table
in which the columns lie one behind the other. Last best.json: what the planted model reaches on the test rows. The same
arguments give the same bytes.
"""
import argparse
import json
import pathlib

import numpy as np

import measure
from click_shape import BUCKETS, CARDINALITIES, COUNTS, OFFSETS, WORDS
from tables import COUNT_MISSING, WORD_MISSING, choice, digits, hexadecimal, lines, scrambled

PAIRS = ((0, 5), (1, 7), (4, 9), (6, 10), (12, 17), (18, 25))
CHUNK = 50_000
HEADER = (",".join(("label",) + COUNTS + WORDS) + "\n").encode()


class Clicks:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.effects = np.random.default_rng(7).standard_normal(1 << 16).astype(np.float32)
        self.laws = []
        for cardinality in CARDINALITIES:
            law = np.cumsum(1 / np.arange(1, cardinality + 1) ** 1.05)
            self.laws.append(law / law[-1])

    def effect(self, keys):
        return self.effects[keys & np.uint64(0xFFFF)]

    def draw(self, n):
        """label, probability, counts (-1: missing), ranks, keys (64 bits a word), which words are missing."""
        rng = self.rng
        counts = np.floor(np.exp(rng.standard_normal((n, 13)) * 1.5 + 1)).astype(np.int64)
        counts[rng.random((n, 13)) < COUNT_MISSING] = -1
        ranks = np.stack([np.searchsorted(law[:-1], rng.random(n), side="right") for law in self.laws], 1)
        missing = rng.random((n, 26)) < WORD_MISSING
        keys = scrambled((np.arange(1, 27, dtype=np.uint64) << np.uint64(32)) + ranks.astype(np.uint64))
        odds = -1.35 + (np.log1p(np.maximum(counts, 0)) - 1.5) @ (self.effects[:13] * .15)
        odds += (self.effect(keys >> np.uint64(40)) * ~missing).sum(1) * .22
        for a, b in PAIRS:
            there = ~(missing[:, a] | missing[:, b])
            odds += .16 * there * sum(self.effect(scrambled(keys[:, a] + np.uint64(i))) * self.effect(scrambled(keys[:, b] + np.uint64(i)))
                                      for i in range(4))
        p = 1 / (1 + np.exp(-odds))
        return (rng.random(n) < p).astype(np.uint8), p, counts, ranks, keys, missing


def vowpal(label, counts, words, missing):
    """`1 |I1 12 |C1 68fd1e64`: a namespace and a token for each field that is there."""
    fields = [choice(["-1", "1"], label)]
    for name, cells, gone in [*((n, digits(counts[:, i]), counts[:, i] < 0) for i, n in enumerate(COUNTS)),
                              *((n, words[i], missing[:, i]) for i, n in enumerate(WORDS))]:
        head = np.tile(np.frombuffer(f" |{name} ".encode(), np.uint8), (len(label), 1))
        head[gone] = 0
        fields += [head, cells]
    text = np.concatenate([*fields, np.full((len(label), 1), ord("\n"), np.uint8)], 1)
    return text[text != 0].tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--test", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    clicks, best = Clicks(args.seed), {}
    for part, rows in (("train", args.rows), ("test", args.test)):
        files = {kind: open(args.out / (part + kind), "wb") for kind in (".csv", "-ids.csv", ".vw")}
        files[".csv"].write(HEADER)
        files["-ids.csv"].write(HEADER)
        arrays = {"label": [], "numbers": [], "ids": [], "p": []}
        for start in range(0, rows, CHUNK):
            label, p, counts, ranks, keys, missing = clicks.draw(min(CHUNK, rows - start))
            ids = np.where(missing, 0, ranks) % BUCKETS
            words = [hexadecimal(keys[:, i] & np.uint64(0xFFFFFFFF), missing[:, i]) for i in range(26)]
            numbers = [digits(label.astype(np.int64)), *(digits(c) for c in counts.T)]
            files[".csv"].write(lines(numbers + words))
            files["-ids.csv"].write(lines(numbers + [digits(c) for c in ids.T]))
            files[".vw"].write(vowpal(label, counts, words, missing))
            for name, array in (("label", label), ("numbers", np.log1p(np.maximum(counts, 0)).astype(np.float32)),
                                ("ids", (ids + np.array(OFFSETS)).astype(np.int32)), ("p", p)):
                arrays[name].append(array)
        for file in files.values():
            file.close()
        arrays = {name: np.concatenate(chunks) for name, chunks in arrays.items()}
        p = arrays.pop("p")
        for name, array in arrays.items():
            np.save(args.out / f"{part}-{name}.npy", array)
        best[part] = {"auc": measure.auc(arrays["label"], p), "log_loss": measure.log_loss(arrays["label"], p),
                      "rate": arrays["label"].mean()}
    (args.out / "best.json").write_text(json.dumps(best, default=float) + "\n")


if __name__ == "__main__":
    main()
