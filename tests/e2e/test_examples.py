"""The examples run as their pages say, here on small data with the demo's movies in it."""
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import KIN, kin, write_ratings

MOVIES = Path(__file__).resolve().parents[2] / "examples" / "movies"
# Number in the generated data, which ends at 60 -> key and title in MovieLens.
KNOWN = {1: (1, "Toy Story (1995)"), 2: (260, "Star Wars (1977)"), 3: (480, "Jurassic Park (1993)"),
         4: (858, "Godfather, The (1972)"), 5: (2571, "Matrix, The (1999)"), 6: (1214, "Alien (1979)")}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with ratings.csv and movies.csv, in which movies 1 to 6 are those that the demo asks for."""
    folder = tmp_path_factory.mktemp("demo")
    write_ratings(folder)
    ratings, movies = folder / "ratings.csv", folder / "movies.csv"
    for number, (key, title) in KNOWN.items():
        ratings.write_text(re.sub(rf"^(\d+),{number},", rf"\1,{key},", ratings.read_text(), flags=re.MULTILINE))
        movies.write_text(re.sub(rf"^{number},.*$", f'{key},"{title}"', movies.read_text(), flags=re.MULTILINE))
    return folder


def demo(folder):
    done = subprocess.run([MOVIES / "demo.sh", KIN, folder], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_demo_trains_evaluates_and_answers_and_repeats_without_training(data):
    first = demo(data)
    for words in ("$ kin train", "$ kin evaluate run", "popularity", "item-knn", "$ kin similar run 'Toy Story (1995)'",
                  "$ kin similar run 'Godfather, The (1972)'", "$ kin similar run 'Matrix, The (1999)'",
                  "$ kin recommend run --history 1,260,480"):
        assert words in first.stdout
    assert (data / "run" / "model.json").exists()
    before = (data / "run" / "model.json").read_bytes()
    second = demo(data)
    assert "complete" in second.stderr and (data / "run" / "model.json").read_bytes() == before
    assert second.stdout == first.stdout

    advice = [re.split(r"  +", line.strip())[0] for line in first.stdout.split("Now you:")[1].splitlines()]
    commands = [line for line in advice if line.startswith("kin ")]
    assert len(commands) >= 4
    for command in commands:
        done = subprocess.run([KIN, *shlex.split(command)[1:]], cwd=data, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout, f"{command}\n{done.stderr}"


@pytest.mark.parametrize("spec", sorted(path.name for path in MOVIES.glob("*.toml")))
def test_every_spec_of_the_example_trains_and_is_measured(data, tmp_path, spec):
    kin("train", MOVIES / spec, "-o", tmp_path / "run", "--set", "train.epochs=1", "--quiet", cwd=data)
    assert "popularity" in kin("evaluate", tmp_path / "run", "--format", "table", cwd=data).stdout
