"""Checkpoints that stay, evaluations, early stopping, event files and exports: also when the run is killed on its way."""
import json
import random
import shutil
import signal
import struct
import subprocess
import time

import pytest
from conftest import KIN, kin, kin_json
from safetensors.numpy import load_file
from test_row_models import KILLS, write_rows, write_spec

WATCHED = ("--tensorboard", "--set", "train.summary_every=3", "--set", "train.histogram_every=20")
KEPT = ("--set", "train.checkpoint.keep=3", "--set", "train.checkpoint.keep_best=2", "--set", "train.checkpoint.seconds=0",
        "--set", "train.export=[\"latest\", \"best\", \"final\"]", "--set", "train.export_keep=3")


@pytest.fixture
def rows(tmp_path):
    write_rows(tmp_path / "rows.csv")
    return tmp_path


def made(run):
    """Every file of a run that does not tell the time, by its path."""
    timed = {"train.jsonl", "origin.json", ".lock", "checkpoints.json"}
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*"))
            if path.is_file() and path.name not in timed and "tfevents" not in path.name}


def log(run):
    return [json.loads(line) for line in (run / "train.jsonl").read_text().split("\n")[:-1]]


def checkpoints(run):
    return sorted(int(path.stem.split("-")[1]) for path in run.glob("checkpoint-*.json"))


def exported(run, name):
    return sorted(int(path.name) for path in (run / "export" / name).iterdir())


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """(number, value) of a protocol buffer message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def events(directory):
    """(steps by tag of all event files, with repetitions, numbers by tag and step)."""
    steps, numbers = {}, {}
    for path in sorted(directory.glob("events.out.tfevents.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            size = struct.unpack_from("<Q", data, at)[0]
            event = list(fields(data[at + 12:at + 12 + size]))
            at += size + 16
            step = dict(event).get(2, 0)
            for number, summary in event:
                for _, value in fields(summary) if number == 5 else ():
                    value = dict(fields(value))
                    tag = value[1].decode()
                    steps.setdefault(tag, []).append(step)
                    if 2 in value:
                        numbers[tag, step] = struct.unpack("<f", value[2])[0]
        assert at == len(data)
    return steps, numbers


def test_the_last_and_the_best_checkpoints_stay_and_open(rows):
    spec, run = write_spec(rows), rows / "run"
    kin("train", spec, "-o", run, *KEPT)
    evaluations = {row["step"]: row["metric"] for row in log(run) if "metric" in row}
    best = sorted(evaluations, key=evaluations.get)[:2]
    last = sorted({4 * i for i in range(1, 7)} | set(evaluations))[-3:]
    assert checkpoints(run) == sorted({*best, *last})
    assert kin_json("verify", run)["whole"]
    newest = checkpoints(run)[-1]
    assert (run / "checkpoint.json").read_bytes() == (run / f"checkpoint-{newest:06}.json").read_bytes()
    assert {path.stem for path in run.glob("checkpoint-*.safetensors")} == {path.stem for path in run.glob("checkpoint-*.json")}

    oldest = checkpoints(run)[0]
    table = load_file(run / f"checkpoint-{oldest:06}.safetensors")["city/embedding"]
    for n, pattern in enumerate([f"*-{oldest:06}*", f"*ckpt-{oldest}*", f"checkpoint-{oldest:06}.json"]):
        kin("train", spec, "-o", rows / f"from{n}", "--warm-start", run / pattern, "--include", "city/*", "--freeze", "city/*")
        weights = load_file(next((rows / f"from{n}").glob("weights-*")))
        assert (weights["city/embedding"] == table).all(), pattern
    assert "no checkpoint matches" in kin("train", spec, "-o", rows / "none", "--warm-start", run / "*-000999*", status=5).stderr


def test_damage_in_an_older_checkpoint_is_found(rows):
    run = rows / "run"
    kin("train", write_spec(rows), "-o", run, *KEPT)
    path = run / f"checkpoint-{checkpoints(run)[0]:06}.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    assert path.name in kin("verify", run, status=4).stderr


def test_what_is_watched_changes_no_byte(rows):
    spec = write_spec(rows)
    kin("train", spec, "-o", rows / "plain", *KEPT)
    kin("train", spec, "-o", rows / "watched", *KEPT, *WATCHED)
    assert made(rows / "watched") == made(rows / "plain")
    assert list((rows / "watched").glob("events.out.tfevents.*")) and not list((rows / "plain").glob("events*"))
    # And it may be turned on and off on the way.
    kin("train", spec, "-o", rows / "watched", *KEPT)


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_the_number_of_threads_changes_neither_files_nor_values(rows, threads):
    spec = write_spec(rows)
    runs = rows / "run2", rows / f"run{threads}-"
    for run, n in zip(runs, (2, threads)):
        kin("train", spec, "-o", run, *KEPT, *WATCHED, "--threads", n)
    assert made(runs[0]) == made(runs[1])
    (_, a), (_, b) = (events(run) for run in runs)
    assert {key: value for key, value in a.items() if key[0] == "loss"} == {key: value for key, value in b.items() if key[0] == "loss"}
    assert events(runs[0] / "eval") == events(runs[1] / "eval")


def test_events_hold_training_evaluations_and_histograms(rows):
    run = rows / "run"
    kin("train", write_spec(rows), "-o", run, *WATCHED)
    steps, numbers = events(run)
    assert {"loss", "learning_rate", "examples_per_second", "city/embedding", "gradients/city/embedding"} <= set(steps)
    assert steps["loss"] == list(range(1, 28, 3)) and steps["city/embedding"] == [1, 21]
    of_log = {row["step"]: row for row in log(run)}
    for step in set(of_log) & set(steps["loss"]):
        assert numbers["loss", step] == pytest.approx(of_log[step]["loss"])
    tags, values = events(run / "eval")
    evaluated = {step: row["metrics"] for step, row in of_log.items() if "metrics" in row}
    assert {"auc", "average_loss", "accuracy", "loss"} <= set(tags)
    assert tags["auc"] == sorted(evaluated)
    for step, metrics in evaluated.items():
        assert metrics["average_loss"] == of_log[step]["metric"]
        for name, value in metrics.items():
            assert values[name, step] == pytest.approx(value, rel=1e-6)


def test_a_killed_run_resumes_to_the_same_files_with_everything_on(rows):
    spec = write_spec(rows)
    options = (*KEPT, *WATCHED, "--set", "train.epochs=30", "--quiet")
    start = time.monotonic()
    kin("train", spec, "-o", rows / "whole", *options)
    seconds = time.monotonic() - start
    wanted = made(rows / "whole")
    draw = random.Random(11)
    resumed = 0
    for trial in range(KILLS):
        run = rows / f"killed{trial}"
        for _ in range(2):
            process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(draw.uniform(0.1, 0.5) * seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
            resumed += (run / "checkpoint.json").exists()
        kin("train", spec, "-o", run, *options)
        have = made(run)
        assert sorted(have) == sorted(wanted), trial
        assert [name for name in wanted if have[name] != wanted[name]] == [], trial
        # After the joining of the files that TensorBoard does, every step is there once.
        whole, _ = events(rows / "whole")
        joined, numbers = events(run)
        assert {tag: sorted(set(steps)) for tag, steps in joined.items()} == {tag: sorted(set(steps)) for tag, steps in whole.items()}
        shutil.rmtree(run)
    assert resumed > 0, "no kill came after the first checkpoint: the test has tested nothing"


def test_a_stopped_run_repeats_no_step_in_its_events(rows):
    spec, run = write_spec(rows), rows / "run"
    options = (*WATCHED, "--set", "train.epochs=3000", "--quiet")
    process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (run / "checkpoint.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    stopped = json.loads((run / "checkpoint.json").read_text())["attributes"]["step"]
    first, _ = events(run)
    assert first["loss"] == list(range(1, stopped + 1, 3))


RULES = {
    "patience": 'patience = 2',
    "no_improvement": 'no_improvement_steps = 15',
    "below": 'metric = "auc", below = 0.999999, min_steps = 13',
    "above": 'metric = "average_loss", above = 0.0, min_steps = 11',
}


@pytest.mark.parametrize("rule", RULES)
def test_early_stopping_survives_a_kill(rows, rule):
    spec = write_spec(rows, train=f', optimizer = {{ lr = 0.05 }}, early_stop = {{ {RULES[rule]} }}')
    options = ("--set", "train.epochs=400", "--quiet")
    whole = rows / "whole"
    start = time.monotonic()
    message = kin("train", spec, "-o", whole, *options[:-1]).stderr
    seconds = time.monotonic() - start
    state = json.loads((whole / "checkpoint.json").read_text())["attributes"]
    assert state["stopped_early"] and f"stopped early at step {state['step']}: " in message
    assert state["step"] < 3600 and state["step"] >= {"below": 13, "above": 11}.get(rule, 0)
    draw = random.Random(3)
    for trial in range(KILLS):
        run = rows / f"killed{trial}"
        process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.1, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kin("train", spec, "-o", run, *options)
        assert sorted(made(run)) == sorted(made(whole))
        assert made(run) == made(whole)
    assert "complete" in kin("train", spec, "-o", whole, *options[:-1]).stderr


def test_no_improvement_stops_where_the_log_says(rows):
    spec = write_spec(rows, train=', evaluate_steps = 4, optimizer = { lr = 0.05 }, early_stop = { no_improvement_steps = 9 }')
    kin("train", spec, "-o", rows / "run", "--set", "train.epochs=400")
    values = [(row["step"], row["metric"]) for row in log(rows / "run") if "metric" in row]
    assert [step for step, _ in values] == list(range(4, values[-1][0] + 1, 4))
    best = min(values, key=lambda row: (row[1], row[0]))[0]
    assert values[-1][0] == best + 12  # the first evaluation at least 9 steps after the best one


def test_exports_are_models_that_predict(rows):
    spec, run = write_spec(rows), rows / "run"
    kin("train", spec, "-o", run, *KEPT)
    values = {row["step"]: row["metric"] for row in log(run) if "metric" in row}
    better, least = [], float("inf")
    for step, value in values.items():
        if value < least:
            better, least = [*better, step], value
    assert exported(run, "latest") == sorted(values)[-3:]
    assert exported(run, "best") == better[-3:]
    assert exported(run, "final") == [27]
    best = run / "export" / "best" / f"{better[-1]:06}"
    assert made(best)["model.json"] == (run / "model.json").read_bytes()
    moved = rows / "moved"
    shutil.move(best, moved)
    assert kin("predict", moved, rows / "rows.csv").stdout == kin("predict", run, rows / "rows.csv").stdout
    kin("verify", moved)


def test_the_best_is_not_forgotten_by_a_restart(rows):
    # The model learns by heart, so that the loss of the rows held out falls and rises again: an exporter that forgot the
    # best would take the first evaluation after the restart.
    spec = write_spec(rows, train=', optimizer = { lr = 0.05 }, export = ["best"], export_keep = 0')
    options = ("--set", "train.epochs=40", "--set", "model.dropout=0", "--quiet")
    kin("train", spec, "-o", rows / "whole", *options)
    values = [(row["step"], row["metric"]) for row in log(rows / "whole") if "metric" in row]
    best = exported(rows / "whole", "best")
    assert best[-1] == min(values, key=lambda row: (row[1], row[0]))[0] < 240

    run = rows / "run"
    process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not ((run / "train.jsonl").exists() and any(row["step"] >= 250 for row in log(run))):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kin("train", spec, "-o", run, *options)
    assert exported(run, "best") == best


def test_without_validation_there_is_no_best_and_that_is_said(rows):
    spec = write_spec(rows)
    done = kin("train", spec, "-o", rows / "run", *KEPT, "--set", "split={ by = \"none\" }")
    assert "nothing is held out to validate on" in done.stderr
    assert not (rows / "run" / "export" / "best").exists()
    assert exported(rows / "run", "final") == exported(rows / "run", "latest")[-1:]


@pytest.mark.parametrize("setting", ["train.export=[\"newest\"]", "train.checkpoint.keep=-1", "train.summary_every=0", "train.early_stop.above=[\"x\"]"])
def test_impossible_settings_are_refused(rows, setting):
    message = kin("check", write_spec(rows), "--set", setting, status=2).stderr
    assert setting.split("=")[0] in message
