#!/usr/bin/env python3
"""Draws a table of 168 learned vectors, weekday x hour, as a heat map in the terminal.

usage: kin export RUN --to csv --table weekday_hour/embedding | heat.py

Each vector is reduced to one number, where it lies on the longest axis of the cloud of vectors (the first principal
component, by power iteration); the sign is chosen so that 18 o'clock is darker than 6 o'clock. Row id = weekday * 24 +
hour, weekday 0 is Monday.
"""
import csv
import sys

DAYS, SHADES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), " .:-=+*#%@"


def longest_axis(vectors):
    mean = [sum(column) / len(vectors) for column in zip(*vectors)]
    centred = [[x - m for x, m in zip(vector, mean)] for vector in vectors]
    axis = [1.0] + [0.5] * (len(mean) - 1)
    for _ in range(100):
        places = [sum(x * a for x, a in zip(vector, axis)) for vector in centred]
        axis = [sum(p * vector[i] for p, vector in zip(places, centred)) for i in range(len(mean))]
        length = sum(a * a for a in axis) ** 0.5
        axis = [a / length for a in axis]
    return [sum(x * a for x, a in zip(vector, axis)) for vector in centred]


def main():
    vectors = {int(row[0]): [float(x) for x in row[1:]] for row in list(csv.reader(sys.stdin))[1:]}
    if sorted(vectors) != list(range(168)):
        sys.exit(f"{len(vectors)} rows, where weekday x hour has 168")
    places = longest_axis([vectors[i] for i in range(168)])
    if sum(places[18::24]) < sum(places[6::24]):
        places = [-place for place in places]
    low, high = min(places), max(places)
    print("     " + "".join(f"{hour:<6d}" for hour in range(0, 24, 3)))
    for day, name in enumerate(DAYS):
        shades = (SHADES[int((place - low) / (high - low) * (len(SHADES) - 1) + 0.5)] for place in places[24 * day:24 * day + 24])
        print(f"{name}  " + "".join(2 * shade for shade in shades))


if __name__ == "__main__":
    main()
