"""Linear, deep and wide & deep models over the rows of a table: train, evaluate, predict, warm start, freeze."""
import csv
import json
import math
import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import KIN, kin, kin_json, model_bytes
from safetensors.numpy import load_file, save_file

KILLS = int(os.environ.get("KIN_KILLS", "4"))
CITIES = ["london", "paris", "oslo", "rome", "bern"]
COLUMNS = """
columns.city = { kind = "vocabulary", embed = { dim = 3 } }
columns.hour = { kind = "bucketized", boundaries = [6, 9, 18] }
columns.city_hour = { kind = "crossed", of = ["city", "hour"], embed = { dim = 2 } }
columns.size = { kind = "numeric", scale = "zscore" }
columns.tags = { kind = "hash", split = "|", buckets = 20, embed = { dim = 4, combiner = "mean" } }
"""
MODELS = {
    "linear": 'model = { kind = "linear" }',
    "deep": 'model = { kind = "deep", layers = [8, 4], batch_norm = true }',
    "wide_deep": 'model = { kind = "wide_deep", wide = ["city_hour", "tags"], layers = [8] }',
    "baseline": 'model = { kind = "baseline" }',
}
HEADS = {
    "binary": 'head = { kind = "binary", target = "late" }',
    "labels": 'head = { kind = "binary", target = "answer", labels = ["no", "yes"], weight = "weight" }',
    "multi_class": 'head = { kind = "multi_class", target = "mood" }',
    "multi_label": 'head = { kind = "multi_label", target = "genres", split = "|" }',
    "regression": 'head = { kind = "regression", target = "price", transform = "log1p" }',
    "poisson": 'head = { kind = "poisson", target = "count" }',
    "two": 'heads.late = { kind = "binary", target = "late" }\nheads.price = { kind = "regression", target = "price", loss_weight = 0.001 }',
}


def write_rows(path, rows=400, seed=1, cities=CITIES):
    draw = random.Random(seed)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["city", "hour", "size", "tags", "late", "answer", "mood", "genres", "price", "count", "weight"])
        for _ in range(rows):
            city, hour, size = draw.choice(cities), draw.randrange(24), draw.gauss(50, 20)
            late = int(draw.random() < 1 / (1 + math.exp(-(CITIES.index(city) - 2 + (hour > 16)))))
            tags = "|".join(draw.sample(["loft", "garden", "metro", "quiet"], draw.randrange(4)))
            price = math.exp(3 + 0.3 * CITIES.index(city) + size / 100)
            out.writerow([city, hour, f"{size:.3f}", tags, late, "yes" if late else "no", ["calm", "mixed", "wild"][(late + (hour > 20)) % 3],
                          "|".join(draw.sample("abc", draw.randrange(1, 4))), f"{price:.2f}", hour % 5 + late, draw.choice([0.5, 1, 2])])


def write_spec(work, model="wide_deep", head="binary", more="", train="", name="spec.toml", columns=COLUMNS):
    (work / name).write_text(f'spec = 1\ndata = {{ path = "rows.csv" }}\n{MODELS[model]}\n{HEADS[head]}\n'
                             f'train = {{ batch = 32, epochs = 3, seed = 5, evaluate_every = 0.5, checkpoint = {{ steps = 4 }}{train} }}\n'
                             f'split = {{ by = "row", valid = 0.2, test = 0.2 }}\n{columns}\n{more}\n')
    return work / name


@pytest.fixture
def rows(tmp_path):
    write_rows(tmp_path / "rows.csv")
    return tmp_path


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("model", MODELS)
def test_every_model_with_every_head(rows, model, head):
    spec = write_spec(rows, model, head)
    kin("train", spec, "-o", rows / "run")
    kin("verify", rows / "run")
    metrics = {row["metric"]: row["value"] for row in kin_json("evaluate", rows / "run")["rows"]}
    assert metrics["loss"] == pytest.approx(metrics["loss"]) and math.isfinite(metrics["loss"])
    lines = kin("predict", rows / "run", rows / "rows.csv", "--json").stdout.splitlines()
    assert len(lines) == 400
    first = json.loads(lines[0])
    key = {"binary": "logistic", "labels": "classes", "multi_class": "classes", "multi_label": "probabilities", "two": "late/logistic"}.get(head, "predictions")
    assert key in first, first.keys()
    if head == "labels":
        assert first["classes"] in ("yes", "no")


def test_it_learns_what_is_in_the_data(rows):
    kin("train", write_spec(rows), "-o", rows / "run", "--set", "train.epochs=30")
    kin("train", write_spec(rows, "baseline", name="base.toml"), "-o", rows / "base", "--set", "train.epochs=30")
    loss = {name: {r["metric"]: r["value"] for r in kin_json("evaluate", rows / name)["rows"]}["average_loss"] for name in ("run", "base")}
    assert loss["run"] < loss["base"] - 0.05, loss


@pytest.mark.parametrize("model", MODELS)
def test_bytes_do_not_depend_on_threads_and_instruction_set(rows, model):
    spec = write_spec(rows, model)
    wanted = None
    sets = kin_json("version")["supported_isas"].split()
    for threads, isa in [(1, sets[-1]), (2, sets[-1]), (3, sets[-1]), (8, sets[-1]), *((2, isa) for isa in sets[:-1])]:
        run = rows / f"run-{threads}-{isa}"
        kin("train", spec, "-o", run, "--threads", threads, "--quiet", env={"KIN_ISA": isa})
        have = model_bytes(run)
        wanted = wanted or have
        assert have == wanted, (threads, isa)


@pytest.mark.parametrize("model", ["deep", "wide_deep"])
def test_a_killed_run_resumes_to_the_same_bytes(rows, model):
    spec = write_spec(rows, model)
    options = ("--set", "train.epochs=60", "--quiet")
    start = time.monotonic()
    kin("train", spec, "-o", rows / "whole", *options)
    seconds = time.monotonic() - start
    draw = random.Random(7)
    for trial in range(KILLS):
        run = rows / f"killed{trial}"
        process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.1, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kin("train", spec, "-o", run, *options)
        assert model_bytes(run) == model_bytes(rows / "whole")


def test_predictions_are_those_of_the_evaluation(rows):
    kin("train", write_spec(rows, "wide_deep", "regression"), "-o", rows / "run")
    predicted = [json.loads(line)["predictions"] for line in kin("predict", rows / "run", rows / "rows.csv", "--json").stdout.splitlines()]
    labels = [float(row["price"]) for row in csv.DictReader(open(rows / "rows.csv"))]
    metrics = {r["metric"]: r["value"] for r in kin_json("evaluate", rows / "run", rows / "rows.csv")["rows"]}
    assert metrics["prediction/mean"] == pytest.approx(np.mean(predicted), rel=1e-5)
    assert metrics["label/mean"] == pytest.approx(np.mean(labels), rel=1e-5)


def weights(run):
    return load_file(next(run.glob("weights-*.safetensors")))


def test_a_frozen_table_keeps_its_bytes(rows):
    spec = write_spec(rows)
    kin("train", spec, "-o", rows / "a")
    done = kin("train", spec, "-o", rows / "b", "--warm-start", rows / "a", "--freeze", "city/*", "--include", "city/*", "--include", "linear/*")
    assert "city/embedding: 5 rows by key from city/embedding" in done.stderr
    a, b = weights(rows / "a"), weights(rows / "b")
    assert (a["city/embedding"] == b["city/embedding"]).all()
    assert not (a["tags/embedding"] == b["tags/embedding"]).all()


def test_rows_join_by_key_and_new_keys_are_said(rows):
    spec = write_spec(rows)
    kin("train", spec, "-o", rows / "a")
    write_rows(rows / "rows.csv", seed=2, cities=["oslo", "bern", "paris"])
    text = (rows / "rows.csv").read_text().replace("oslo", "tokyo")
    (rows / "rows.csv").write_text(text)
    frozen = ["--include", "city/*", "--freeze", "city/*"]
    done = kin("train", spec, "-o", rows / "b", "--warm-start", rows / "a", *frozen)
    assert "city/embedding: 2 rows by key from city/embedding, 1 new, 3 of the file not used" in done.stderr
    vocabulary = {run: [line.split("\t")[0] for line in (rows / run / "vocabulary" / "city.txt").read_text().splitlines() if not line.startswith("#")] for run in "ab"}
    for city in ("bern", "paris"):
        old, new = (weights(rows / run)["city/embedding"][vocabulary[run].index(city)] for run in "ab")
        assert (old == new).all()


@pytest.mark.parametrize("rule", ["oov", "mean"])
def test_new_keys_take_the_declared_rule(rows, rule):
    columns = COLUMNS.replace('kind = "vocabulary", embed', 'kind = "vocabulary", oov = "row", embed')
    spec = write_spec(rows, columns=columns)
    kin("train", spec, "-o", rows / "a")
    old = weights(rows / "a")["city/embedding"]
    (rows / "rows.csv").write_text((rows / "rows.csv").read_text().replace("oslo", "tokyo"))
    kin("train", spec, "-o", rows / "b", "--warm-start", rows / "a", "--include", "city/*", "--freeze", "city/*", "--set", f"train.warm_start.fresh={rule}")
    keys = [line.split("\t")[0] for line in (rows / "b" / "vocabulary" / "city.txt").read_text().splitlines() if not line.startswith("#")]
    row = weights(rows / "b")["city/embedding"][keys.index("tokyo")]
    np.testing.assert_allclose(row, old[-1] if rule == "oov" else old.astype(np.float64).mean(axis=0).astype(np.float32), rtol=1e-6)


def test_a_column_starts_from_a_file_of_vectors(rows):
    table = np.arange(15, dtype=np.float32).reshape(5, 3) / 10
    (rows / "cities.vec").write_text("5 3\n" + "".join(f"{city} {' '.join(map(str, row))}\n" for city, row in zip(CITIES, table)))
    columns = COLUMNS.replace("embed = { dim = 3 }", 'embed = { dim = 3, checkpoint = "cities.vec", trainable = false }')
    done = kin("train", write_spec(rows, columns=columns), "-o", rows / "run")
    assert "city/embedding: 5 rows by key" in done.stderr
    keys = [line.split("\t")[0] for line in (rows / "run" / "vocabulary" / "city.txt").read_text().splitlines() if not line.startswith("#")]
    have = weights(rows / "run")["city/embedding"]
    for key, row in zip(keys, have):
        np.testing.assert_array_equal(row, table[CITIES.index(key)])


def test_what_cannot_be_started_from_is_said(rows):
    spec = write_spec(rows)
    kin("train", spec, "-o", rows / "a")
    nothing = kin("train", spec, "-o", rows / "b", "--warm-start", rows / "a", "--include", "town/*", status=2)
    assert "no parameter matches 'town/*'" in nothing.stderr
    missing = kin("train", spec, "-o", rows / "b", "--warm-start", rows / "none", status=5)
    assert "none" in missing.stderr
    save_file({"city/embedding": np.zeros((5, 9), dtype=np.float32)}, rows / "wide.safetensors")
    shape = kin("train", spec, "-o", rows / "b", "--warm-start", rows / "wide.safetensors", status=2)
    assert "[5, 9]" in shape.stderr and "'city/embedding'" in shape.stderr
    save_file({"city/embedding": np.full((5, 3), np.nan, dtype=np.float32)}, rows / "nan.safetensors")
    assert "NaN" in kin("train", spec, "-o", rows / "b", "--warm-start", rows / "nan.safetensors", status=3).stderr


def test_mistakes_are_explained(rows):
    leak = write_spec(rows, columns=COLUMNS + 'columns.late = "identity"\n')
    assert "would be shown the answer" in kin("train", leak, "-o", rows / "run", status=2).stderr
    idle = write_spec(rows)
    assert "no parameter matches 'wide/*'" in kin("train", idle, "-o", rows / "run", "--freeze", "wide/*", status=2).stderr
    assert "leaves no parameter to train" in kin("train", idle, "-o", rows / "run", "--freeze", "*", status=2).stderr
    assert "head.kind is missing" in kin("train", idle, "-o", rows / "run", "--set", "head.kind=auto", status=2).stderr
    assert "model.wide names no column" in kin("train", idle, "-o", rows / "run", "--set", "model.wide=[\"citi\"]", status=2).stderr
    assert "no such directory" in kin("predict", rows / "nothing", rows / "rows.csv", status=5).stderr
    two = kin("train", idle, "-o", rows / "run", "--set", "train.early_stop.metric=nothing", status=2)
    assert "the head has no metric 'nothing'" in two.stderr


def test_labels_out_of_range_name_the_row(rows):
    lines = (rows / "rows.csv").read_text().splitlines()
    cells = lines[3].split(",")
    cells[4] = "2"
    lines[3] = ",".join(cells)
    (rows / "rows.csv").write_text("\n".join(lines) + "\n")
    done = kin("train", write_spec(rows), "-o", rows / "run", status=3)
    assert "rows.csv" in done.stderr


def test_split_by_value_holds_out_the_later_rows(rows):
    spec = write_spec(rows)
    plan = kin_json("check", spec, "--set", "split={ by = \"value\", column = \"hour\", valid_from = \"16\", test_from = \"20\" }")
    hours = [int(row["hour"]) for row in csv.DictReader(open(rows / "rows.csv"))]
    assert plan["test_rows"] == sum(h >= 20 for h in hours)
    assert plan["valid_rows"] == sum(16 <= h < 20 for h in hours)


def test_gates(rows):
    kin("train", write_spec(rows), "-o", rows / "run")
    kin("evaluate", rows / "run", "--fail-under", "average_loss=5", "--fail-under", "auc=0.1")
    assert "above" in kin("evaluate", rows / "run", "--fail-under", "average_loss=0.0001", status=1).stderr


@pytest.mark.parametrize("pattern", ["london/*ckpt-{step}*", "london/weights-*", "lon*", "london/*-0*{step}.safetensors"])
def test_a_pattern_finds_a_run_of_ours(rows, pattern):
    spec = write_spec(rows)
    kin("train", spec, "-o", rows / "london")
    step = kin_json("info", rows / "london")["step"]
    columns = COLUMNS.replace("embed = { dim = 3 }", f'embed = {{ dim = 3, checkpoint = "{pattern.format(step=step)}", trainable = false }}')
    done = kin("train", write_spec(rows, columns=columns, name="paris.toml"), "-o", rows / "paris")
    assert "city/embedding: 5 rows by key from city/embedding" in done.stderr
    assert (weights(rows / "london")["city/embedding"] == weights(rows / "paris")["city/embedding"]).all()
