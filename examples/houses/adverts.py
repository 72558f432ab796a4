#!/usr/bin/env python3
"""Makes adverts of houses, so that the example needs no download: bedrooms, words, price.

usage: adverts.py OUT.csv [ROWS]

log price = 12 + 0.22 bedrooms + what its words are worth + noise. A word is worth the same wherever it stands but for two
groups: words of a garden are worth more the more bedrooms there are, words of a city flat less. So what there is to
learn about a word has two dimensions: what it is worth, and to whom.
"""
import csv
import math
import random
import sys

WORDS = {  # group: (worth, more for each bedroom beyond two, words)
    "dear": (0.28, 0.0, "penthouse luxurious marble concierge panoramic designer"),
    "cheap": (-0.25, 0.0, "basement shabby damp neglected cramped auction"),
    "garden": (0.02, 0.09, "garden orchard lawn playroom treehouse paddling"),
    "city": (0.10, -0.09, "balcony loft nightlife downtown compact lift"),
    "plain": (0.0, 0.0, "bright quiet near station view kitchen newly street corner floor rooms heating parking charming"),
}


def advert(draw):
    bedrooms = draw.choice((1, 1, 2, 2, 2, 3, 3, 4, 5))
    words, worth = [], 0.0
    for group, count in (("plain", draw.randint(3, 6)), (draw.choice(("dear", "cheap", "garden", "city", "plain")), draw.randint(1, 2)),
                         (draw.choice(("dear", "cheap", "garden", "city")), draw.randint(0, 1))):
        value, slope, of = WORDS[group]
        for word in draw.sample(of.split(), count):
            words.append(word)
            worth += value + slope * (bedrooms - 2)
    draw.shuffle(words)
    price = math.exp(12 + 0.22 * bedrooms + worth + draw.gauss(0, 0.15))
    return " ".join(words), bedrooms, round(price, -3)


def main(out, rows="20000"):
    draw = random.Random(1)
    with open(out, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["advert", "bedrooms", "price"])
        for _ in range(int(rows)):
            text, bedrooms, price = advert(draw)
            writer.writerow([text, bedrooms, int(price)])


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
