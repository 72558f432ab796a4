"""Same spec, same data, same seed: the same bytes, whatever runs them."""
import json
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import KIN, kin, kin_json, model_bytes, write_spec

KILLS = int(os.environ.get("KIN_KILLS", "4"))


def in_precision(name):
    """Products narrower than 16 stay fp32, so the embedding is as wide as that."""
    wide = "--set", "columns.watched.embed.dim=16"
    return "--set", f"train.{'table_precision=bf16' if name == 'bf16 tables' else 'precision=' + name}", *wide


PRECISIONS = ["fp32", "bf16", "bf16 tables"]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("negatives", [0, 16])
def test_bytes_do_not_depend_on_the_number_of_threads(work, negatives, precision):
    spec = write_spec(work, negatives=negatives)
    runs = []
    for threads in (1, 2, 3, 8):
        kin("train", spec, "-o", work / f"run{threads}", "--threads", threads, "--quiet", *in_precision(precision))
        runs.append(model_bytes(work / f"run{threads}"))
    assert "model.json" in runs[0] and any(name.startswith("weights") for name in runs[0])
    assert all(other == runs[0] for other in runs[1:])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("negatives", [0, 16])
def test_bytes_do_not_depend_on_the_instruction_set(work, negatives, precision):
    spec = write_spec(work, negatives=negatives, epochs=1)
    sets = kin_json("version")["supported_isas"].split()
    assert "scalar" in sets
    runs = []
    for isa in sets:
        kin("train", spec, "-o", work / f"run-{isa}", "--quiet", *in_precision(precision), env={"KIN_ISA": isa})
        runs.append(model_bytes(work / f"run-{isa}"))
    assert all(other == runs[0] for other in runs[1:])


@pytest.mark.parametrize("option", ["precision", "table_precision"])
def test_a_run_does_not_go_on_in_another_precision(work, option):
    spec = write_spec(work, negatives=16)
    wide = "--quiet", "--set", "columns.watched.embed.dim=16", "--set"
    kin("train", spec, "-o", work / "exact", *wide, f"train.{option}=fp32")
    kin("train", spec, "-o", work / "rounded", *wide, f"train.{option}=bf16")
    weights = [{n: b for n, b in model_bytes(work / run).items() if n.startswith("weights")} for run in ("exact", "rounded")]
    assert weights[0] and weights[0] != weights[1], "bf16 has rounded nothing"
    message = kin("train", spec, "-o", work / "rounded", *wide, f"train.{option}=fp32", status=2).stderr
    assert f"train.{option}" in message


def test_another_seed_gives_another_model(work):
    kin("train", work / "spec.toml", "-o", work / "a", "--quiet")
    kin("train", work / "spec.toml", "-o", work / "b", "--quiet", "--set", "train.seed=8")
    assert model_bytes(work / "a") != model_bytes(work / "b")


def finish(spec, run):
    """Runs to the end however often it takes; the run directory then holds the whole model."""
    kin("train", spec, "-o", run, "--quiet")


@pytest.mark.parametrize("negatives, tables", [(0, "fp32"), (16, "bf16")])
def test_a_killed_run_resumes_to_the_same_bytes(work, negatives, tables):
    spec = write_spec(work, epochs=12, negatives=negatives, **{"[train]": f'[train]\ntable_precision = "{tables}"'})
    start = time.monotonic()
    kin("train", spec, "-o", work / "whole", "--quiet")
    whole_seconds = time.monotonic() - start
    wanted = model_bytes(work / "whole")
    draw = random.Random(5)
    resumed = 0
    for trial in range(KILLS):
        run = work / f"killed{trial}"
        process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), "--quiet"], stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.05, 1.0) * whole_seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        resumed += (run / "checkpoint.json").exists()
        finish(spec, run)
        assert model_bytes(run) == wanted, f"trial {trial}"
    assert resumed > 0, "no kill came after the first checkpoint: the test has tested nothing"


def test_an_interrupted_run_leaves_a_checkpoint_says_130_and_resumes(work):
    spec = write_spec(work, epochs=400)
    run = work / "run"
    process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), "--quiet"], stderr=subprocess.PIPE, text=True)
    while not (run / "checkpoint.json").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    step = json.loads((run / "checkpoint.json").read_text())["attributes"]["step"]
    assert step > 0
    kin("verify", run)
    message = kin("train", write_spec(work, "other.toml", epochs=3), "-o", run, status=2).stderr
    assert "train.epochs" in message


def test_a_finished_run_is_not_trained_again(work):
    kin("train", work / "spec.toml", "-o", work / "run", "--quiet")
    before = model_bytes(work / "run")
    done = kin("train", work / "spec.toml", "-o", work / "run")
    assert "complete" in done.stderr
    assert model_bytes(work / "run") == before


def test_other_data_under_the_same_spec_are_refused(work):
    kin("train", work / "spec.toml", "-o", work / "run", "--quiet")
    with open(work / "ratings.csv", "a") as ratings:
        ratings.write("1,7,4,999999\n")
    message = kin("train", work / "spec.toml", "-o", work / "run", status=2).stderr
    assert "ratings.csv" in message


def test_two_writers_never_share_a_run_directory(work):
    spec = write_spec(work, epochs=1000)
    run = work / "run"
    first = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), "--quiet"], stderr=subprocess.DEVNULL)
    try:
        while not (run / "checkpoint.json").exists():
            assert first.poll() is None
            time.sleep(0.01)
        message = kin("train", spec, "-o", run, status=5).stderr
        assert str(first.pid) in message
    finally:
        first.kill()
        first.wait()
