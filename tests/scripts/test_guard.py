"""bench/guard.py with programs that only say what they reached: when it passes, fails, and does not know."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).resolve().parents[2] / "bench" / "guard.py"
LIMIT = 100.0  # GFLOP/s that the probe finds


@pytest.fixture
def guard(tmp_path):
    """Runs the guard of one job; a program says its next figure at each call, the last one again and again."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "floors.toml").write_text("margin = 0.5\n[share]\ndense = 0.8\n")

    def says(name, key, figures):
        (tmp_path / f"{name}.json").write_text(json.dumps(figures))
        program = tmp_path / "bench" / name
        program.write_text(f"""#!{sys.executable}
import json, pathlib
path = pathlib.Path({str(tmp_path / name)!r} + ".json")
figures = json.loads(path.read_text())
if len(figures) > 1:
    path.write_text(json.dumps(figures[1:]))
print(json.dumps({{{key!r}: figures[0]}}))
""")
        program.chmod(0o755)

    def run(probes, products):
        says("kin_probe", "fma_gflops_per_cpu_s", probes)
        says("kin_products", "flop_per_cpu_s", [1e9 * p for p in products])
        return subprocess.run([sys.executable, "-B", GUARD, "--programs", tmp_path, "--data", tmp_path, "--floors", tmp_path / "floors.toml",
                               "--only", "dense"], capture_output=True, text=True)

    return run


def test_a_job_passes_at_its_floor_and_above(guard):
    done = guard([LIMIT], [41.0])
    assert done.returncode == 0 and "41% of the bound, floor 40%: ok" in done.stdout, done


def test_a_job_below_its_floor_fails_after_three_rounds_and_says_what_to_run(guard):
    done = guard([LIMIT], [39.0] * 5 + [10.0])
    assert done.returncode == 1 and "39% of the bound, floor 40%: TOO SLOW" in done.stdout, done
    assert "make bench" in done.stderr and "floors.toml" in done.stderr


def test_one_good_half_in_three_rounds_is_enough(guard):
    assert guard([LIMIT], [10.0] * 5 + [41.0]).returncode == 0


def test_a_disturbed_machine_skips_whatever_was_found(guard):
    for product in (10.0, 90.0):
        done = guard([LIMIT, LIMIT / 2] * 6, [product])
        assert done.returncode == 77 and "too busy" in done.stdout, done
