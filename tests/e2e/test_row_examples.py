"""The specs of the examples over rows, on small generated tables of the same columns: they train, and to the same bytes."""
import csv
import math
import random
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import KIN, kin, kin_json, model_bytes

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
AIRPORTS = ["ATL", "BOS", "DEN", "EWR", "JFK", "LAX", "ORD", "SEA"]
CENSUS = {"sex": 2, "marital_status": 5, "age": 7, "education": 6, "occupation": 9, "area": 5, "dual_incomes": 3, "household_size": 9,
          "under18": 10, "householder": 3, "home_type": 5, "ethnic_class": 8, "language": 3}


def write_table(path, header, rows):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(rows)


def write_temperatures(path, seed, warmth):
    draw, start = random.Random(seed), datetime(2010, 1, 1)
    hours = [start + timedelta(hours=11 * i) for i in range(790)]
    write_table(path, ["date", "temperature", "part"],
                [[f"{at:%Y/%m/%d %H:%M}", f"{warmth - 9 * math.cos(at.month / 2) - 5 * math.cos(at.hour / 4) + draw.gauss(0, 1):.2f}",
                  draw.choices((0, 1, 2), (6, 1, 3))[0]] for at in hours])


def write_flights(path):
    draw, start, rows = random.Random(3), datetime(2001, 1, 1), []
    for i in range(6000):
        at = start + timedelta(minutes=40 * i)
        origin, destination = draw.sample(AIRPORTS, 2)
        late = draw.random() < 0.1 + 0.4 * (at.hour > 15) * (origin in AIRPORTS[:4])
        rows.append([f"{at:%Y-%m-%d %H:%M:00}", int(late), draw.randrange(100, 2500), origin, destination, 0 if i < 4300 else 1 if i < 4800 else 2])
    write_table(path, ["date", "late", "distance", "origin", "destination", "part"], rows)


def write_census(path):
    draw, rows = random.Random(4), []
    for _ in range(600):
        row = [draw.randrange(1, size + 1) for size in CENSUS.values()]
        rows.append([*row, int(row[2] + row[3] + draw.gauss(0, 2) > 8)])
    write_table(path, [*CENSUS, "high"], rows)


def from_table(spec, table, folder):
    """The spec with its SQL query replaced by a table of the columns that the query gives."""
    text, count = re.subn(r'query = """.*?"""', f'path = "{table}"', spec.read_text(), flags=re.DOTALL)
    assert count == 1
    (folder / spec.name).write_text(text)
    return folder / spec.name


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    write_temperatures(folder / "seattle.csv", 1, 52)
    write_temperatures(folder / "sf.csv", 2, 57)
    write_flights(folder / "flights.csv")
    write_census(folder / "income.csv")
    subprocess.run([EXAMPLES / "houses/adverts.py", folder / "adverts.csv"], check=True, capture_output=True)
    kin("train", EXAMPLES / "transfer/seattle.toml", "-o", folder / "seattle", "--quiet", cwd=folder)
    return folder


# Spec, what it must reach on the generated table (metric, bound, better above or below) and epochs that do it.
CASES = {
    "traffic/flights.toml": ("auc_exact", 0.60, 1, 6),
    "traffic/week.toml": ("auc_exact", 0.60, 1, 20),
    "transfer/seattle.toml": ("rmse", 2.5, -1, 60),
    "transfer/sf.toml": ("rmse", 2.5, -1, 60),
    "houses/houses.toml": ("average_loss", 0.04, -1, 3),
    "census/income.toml": ("auc_exact", 0.80, 1, 6),
}


@pytest.mark.parametrize("name", CASES)
def test_every_spec_learns_the_same_bytes_at_any_number_of_threads(tables, tmp_path, name):
    spec = from_table(EXAMPLES / name, "flights.csv", tables) if name.startswith("traffic") else EXAMPLES / name
    metric, bound, sign, epochs = CASES[name]
    runs = []
    for threads in (1, 2, 3, 8):
        kin("train", spec, "-o", tmp_path / f"run{threads}", "--threads", threads, "--quiet", "--set", f"train.epochs={epochs}",
            "--set", "train.batch=64", "--set", f"train.evaluate_every={epochs / 2}", cwd=tables)
        runs.append(model_bytes(tmp_path / f"run{threads}"))
    assert "model.json" in runs[0] and any(file.startswith("weights") for file in runs[0])
    assert all(other == runs[0] for other in runs[1:])
    metrics = {row["metric"]: row["value"] for row in kin_json("evaluate", tmp_path / "run1", cwd=tables)["rows"]}
    assert sign * metrics[metric] > sign * bound


def test_the_demo_of_houses_runs_whole_and_finds_the_groups_of_words(tmp_path):
    done = subprocess.run([EXAMPLES / "houses/demo.sh", KIN, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    neighbours = {word: set(lines.split()) for word, lines in
                  re.findall(r"\$ kin similar houses (\w+) [^\n]*\n((?:[^$][^\n]*\n)+)", done.stdout)}
    assert neighbours.keys() == {"penthouse", "garden", "loft", "damp"}
    assert len(neighbours["penthouse"] & {"luxurious", "marble", "concierge", "panoramic", "designer", "exclusive"}) >= 3
    assert len(neighbours["damp"] & {"neglected", "cramped", "auction", "basement", "shabby"}) >= 3
    assert done.stdout.count('"predictions"') == 4
