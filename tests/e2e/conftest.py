"""What every end-to-end test shares: the program, small generated ratings, a small spec."""
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

KIN = os.environ.get("KIN_BINARY", "kin")

SPEC = """
spec  = 1
data  = {{ path = "{ratings}", group_by = "userId", order_by = ["timestamp", "movieId"] }}
columns.watched = {{ kind = "vocabulary", source = "movieId", embed = {{ dim = 8 }}, names = {{ path = "{movies}", key = "movieId", label = "title" }} }}
model = {{ kind = "recommender", layers = [16], dropout = 0.1 }}
head  = {{ kind = "softmax", target = "watched", context = 3, predict = 7, share = "watched", negatives = {negatives} }}
train = {{ optimizer = {{ name = "adam", lr = 0.01 }}, batch = 32, epochs = {epochs}, seed = 7, evaluate_every = 0.5, checkpoint = {{ steps = 5 }} }}
split = {{ by = "group", folds = 5, fold = 0 }}
eval  = {{ protocol = "window", metrics = ["recall@5", "ndcg@5", "coverage@5"] }}
"""


def run(*args, **options):
    """Runs kin; returns the finished process with text streams."""
    env = {**os.environ, "NO_COLOR": "1", **options.pop("env", {})}
    return subprocess.run([KIN, *map(str, args)], capture_output=True, text=True, env=env, timeout=120, **options)


def kin(*args, status=0, **options):
    """Runs kin and checks its exit status; the message of a failure shows both streams."""
    done = run(*args, **options)
    assert done.returncode == status, f"exit {done.returncode}, wanted {status}\nargs {args}\n--- out\n{done.stdout}\n--- err\n{done.stderr}"
    return done


def kin_json(*args, **options):
    return json.loads(kin(*args, "--json", **options).stdout)


def write_ratings(directory: Path, users=80, items=60, events=30, seed=1):
    """Users of three tastes who watch mostly movies of their taste, neighbours after one another."""
    draw = random.Random(seed)
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(1, users + 1):
        taste = user % 3
        seen, clock, at = set(), 1000 * user, draw.randrange(items)
        while len(seen) < events:
            at = (at + draw.choice([3, 3, 6, 9])) % items if draw.random() < 0.8 else draw.randrange(items)
            movie = (at - at % 3 + taste) % items if draw.random() < 0.9 else at
            if movie in seen:
                at = draw.randrange(items)
                continue
            seen.add(movie)
            clock += draw.randrange(3)
            lines.append(f"{user},{movie + 1},{draw.choice([1, 2, 3, 4, 4.5, 5])},{clock}")
    (directory / "ratings.csv").write_text("\n".join(lines) + "\n")
    titles = ["movieId,title"] + [f'{i + 1},"Movie {i + 1}, the (19{i % 100:02d})"' for i in range(items)]
    (directory / "movies.csv").write_text("\n".join(titles) + "\n")


def write_spec(directory: Path, name="spec.toml", epochs=3, negatives=0, **replace):
    text = SPEC.format(ratings="ratings.csv", movies="movies.csv", epochs=epochs, negatives=negatives)
    for old, new in replace.items():
        text = text.replace(old, new)
    path = directory / name
    path.write_text(text)
    return path


def model_bytes(directory: Path):
    """Name -> bytes of every file that is part of the model or of its resume state."""
    names = {"model.json", "checkpoint.json"}
    for manifest in list(names):
        if (directory / manifest).exists():
            names |= {entry["path"] for entry in json.loads((directory / manifest).read_text())["files"]}
    return {name: (directory / name).read_bytes() for name in sorted(names) if (directory / name).exists()}


@pytest.fixture
def work(tmp_path):
    """A directory with ratings.csv, movies.csv and spec.toml."""
    write_ratings(tmp_path)
    write_spec(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run, not to be changed: its directory, with the data beside it."""
    directory = tmp_path_factory.mktemp("trained")
    write_ratings(directory)
    kin("train", write_spec(directory, epochs=8), "-o", directory / "run", "--quiet")
    return directory / "run"
