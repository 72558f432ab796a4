#!/usr/bin/env python3
"""Makes the CSV files of the columns benchmark: what a rating log, a log with multivalent cells and a click log look like.

usage: tables.py --out FOLDER [--megabytes 320] [--seed 1]

ratings.csv  userId,movieId,rating,timestamp: users one behind the other, films by Zipf over 83,000 ids below 300,000,
             0.5 to 5.0 in halves, seconds since 1970
genres.csv   userId,movieId,genres: 1 to 5 of 20 names joined by |, by the film
criteo.csv   label,I1..I13,C1..C26: counts, often missing; words of 8 hexadecimal digits by Zipf, often missing
Users, films and words are as many as in files of a gigabyte, in proportion to the rows. The same arguments give the
same bytes.
"""
import argparse
import pathlib

import numpy as np

CHUNK = 200_000
GENRES = ("Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror IMAX Musical Mystery "
          "Romance Sci-Fi Thriller War Western").split() + ["(no genres listed)"]
WORDS = (1500, 600, 2_000_000, 1_000_000, 300, 24, 12_000, 640, 3, 90_000, 5700, 1_500_000, 3200, 27, 15_000, 1_200_000, 10,
         5600, 2200, 4, 1_400_000, 18, 15, 280_000, 105, 140_000)
WORD_MISSING = (0, 0, .03, .03, 0, .12, 0, 0, 0, 0, 0, .03, 0, 0, 0, .03, 0, 0, .44, .44, .03, .76, 0, .03, .44, .44)
COUNT_MISSING = (.45, 0, .21, .22, .03, .22, .04, 0, .04, .45, .04, .77, .22)


class Zipf:
    def __init__(self, ranks):
        self.law = np.cumsum(1 / np.arange(1, ranks + 1))
        self.law /= self.law[-1]

    def draw(self, rng, count):
        return np.searchsorted(self.law[:-1], rng.random(count), side="right")


def scrambled(numbers):
    """64 bits that look random and depend on the number only (SplitMix64)."""
    with np.errstate(over="ignore"):
        x = np.asarray(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


# A cell is a row of bytes with zeros where there is none; the zeros go when the text is put together.

def digits(values):
    """Decimal digits; none of negative values."""
    powers = 10 ** np.arange(len(str(max(1, values.max()))) - 1, -1, -1)
    rest = values[:, None] // powers
    cells = (rest % 10 + ord("0")).astype(np.uint8)
    cells[:, :-1][rest[:, :-1] == 0] = 0
    cells[values < 0] = 0
    return cells


def hexadecimal(values, missing):
    cells = np.frombuffer(b"0123456789abcdef", np.uint8)[(values[:, None] >> np.arange(28, -1, -4, dtype=np.uint64)) & np.uint64(15)]
    cells[missing] = 0
    return cells


def choice(words, which):
    width = max(map(len, words))
    return np.frombuffer(b"".join(w.encode().ljust(width, b"\0") for w in words), np.uint8).reshape(len(words), width)[which]


def lines(columns):
    rows = len(columns[0])
    parts = []
    for i, cells in enumerate(columns):
        parts += [cells, np.full((rows, 1), ord("," if i + 1 < len(columns) else "\n"), np.uint8)]
    text = np.concatenate(parts, 1)
    return text[text != 0].tobytes()


def ratings(rng, rows, genres=False):
    users, films = max(1, rows // 110), 83_000
    ids = np.argsort(scrambled(np.arange(299_999)), kind="stable")[:films] + 1
    popularity = Zipf(films)
    sets = ["|".join(GENRES[g] for g in sorted({int(scrambled(i * 8 + j) % np.uint64(20)) for j in range(i % 5 + 1)})) for i in range(4096)]
    stars = [f"{i / 2:.1f}" for i in range(1, 11)]
    yield b"userId,movieId,genres\n" if genres else b"userId,movieId,rating,timestamp\n"
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        film = ids[popularity.draw(rng, n)]
        rest = [choice(sets, film % 4096)] if genres else [choice(stars, rng.integers(0, 10, n)),
                                                           digits(rng.integers(800_000_000, 1_700_000_000, n))]
        yield lines([digits(1 + (start + np.arange(n)) * users // rows), digits(film), *rest])


def criteo(rng, rows):
    laws = [Zipf(words) for words in WORDS]
    yield (",".join(["label"] + [f"I{i}" for i in range(1, 14)] + [f"C{i}" for i in range(1, 27)]) + "\n").encode()
    for start in range(0, rows, CHUNK // 4):
        n = min(CHUNK // 4, rows - start)
        counts = np.floor(np.exp(rng.standard_normal((n, 13)) * 1.5 + 1)).astype(np.int64)
        counts[rng.random((n, 13)) < COUNT_MISSING] = -1
        words = [scrambled((np.uint64(c + 1) << np.uint64(32)) + law.draw(rng, n).astype(np.uint64)) for c, law in enumerate(laws)]
        yield lines([digits(rng.integers(0, 2, n)), *(digits(c) for c in counts.T),
                     *(hexadecimal(w, rng.random(n) < m) for w, m in zip(words, WORD_MISSING))])


SHAPES = {"ratings": (ratings, 28.2), "genres": (lambda rng, rows: ratings(rng, rows, True), 35.5), "criteo": (criteo, 239)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--megabytes", type=float, default=320, help="of each file, about")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, (make, row_bytes) in SHAPES.items():
        unfinished = args.out / (name + ".part")
        with open(unfinished, "wb") as file:
            file.writelines(make(np.random.default_rng(args.seed), int(args.megabytes * 1e6 / row_bytes)))
        unfinished.rename(args.out / (name + ".csv"))


if __name__ == "__main__":
    main()
