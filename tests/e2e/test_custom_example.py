"""The C++ example of a model function does what its page shows, twice over."""
import os
import re
import subprocess
from pathlib import Path

import pytest

PROGRAM = os.environ.get("KIN_EXAMPLE_CUSTOM")
FOLDER = Path(__file__).resolve().parents[2] / "examples" / "custom"


def run(folder):
    done = subprocess.run([PROGRAM, folder], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(PROGRAM is None, reason="KIN_EXAMPLE_CUSTOM does not name the program")
def test_the_example_prints_what_its_page_says_and_repeats_it_without_training(tmp_path):
    first = run(tmp_path)
    shown = re.search(r"```\n\$ .*?\n(.*?)```", (FOLDER / "README.md").read_text(), flags=re.DOTALL)[1]
    assert first == shown
    before = (tmp_path / "run" / "model.json").read_bytes()
    assert run(tmp_path) == first
    assert (tmp_path / "run" / "model.json").read_bytes() == before


def test_the_model_takes_less_than_twenty_lines():
    body = re.search(r"\nkin::EstimatorSpec rides\(.*?\n}\n", (FOLDER / "custom.cc").read_text(), flags=re.DOTALL)[0]
    assert len(body.strip().splitlines()) < 20
