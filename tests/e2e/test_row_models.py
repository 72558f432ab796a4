"""Linear, deep and wide & deep models over the rows of a table: train, evaluate, predict, warm start, freeze."""
import csv
import json
import math
import os
import random
import shutil
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


# Wide enough for products of bf16.
BF16 = ("--set", "model.layers=[24, 16]", "--set", "train.precision=bf16")


@pytest.mark.parametrize("model, options", [*((model, ()) for model in MODELS), ("wide_deep", BF16)])
def test_bytes_do_not_depend_on_threads_and_instruction_set(rows, model, options):
    spec = write_spec(rows, model)
    wanted = None
    sets = kin_json("version")["supported_isas"].split()
    for threads, isa in [(1, sets[-1]), (2, sets[-1]), (3, sets[-1]), (8, sets[-1]), *((2, isa) for isa in sets[:-1])]:
        run = rows / f"run-{threads}-{isa}"
        kin("train", spec, "-o", run, "--threads", threads, "--quiet", *options, env={"KIN_ISA": isa})
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


def test_words_take_a_vocabulary_and_vectors_by_token(rows):
    (rows / "words.txt").write_text("garden\nmetro\nquiet\n")
    (rows / "words.vec").write_text("4 2\nquiet 1 2\nloft 3 4\ngarden 5 6\nsea 7 8\n")
    for vocabulary, keys in (('path = "words.txt", ', ["garden", "metro", "quiet"]), ('values = ["loft", "quiet"], ', ["loft", "quiet"]), ("", None)):
        columns = f'columns.words = {{ kind = "text", source = "tags", {vocabulary}embed = {{ dim = 2, checkpoint = "words.vec", trainable = false }} }}\n'
        done = kin("train", write_spec(rows, "deep", columns=columns), "-o", rows / "run")
        if keys is None:
            keys = [line.split("\t")[0] for line in (rows / "run" / "vocabulary" / "words.txt").read_text().splitlines() if not line.startswith("#")]
            assert sorted(keys) == ["garden", "loft", "metro", "quiet"]
        assert f"words/embedding: {len(set(keys) - {'metro'})} rows by key" in done.stderr
        table = dict(zip(keys, weights(rows / "run")["words/embedding"].tolist()))
        assert table["quiet"] == [1, 2] and table.get("loft", [3, 4]) == [3, 4] and table.get("garden", [5, 6]) == [5, 6]
        if "path" in vocabulary:  # the model has its words, whatever becomes of the file
            before = kin("predict", rows / "run", rows / "rows.csv").stdout
            (rows / "words.txt").write_text("quiet\n")
            assert kin("predict", rows / "run", rows / "rows.csv").stdout == before
            (rows / "words.txt").unlink()
            assert kin("predict", rows / "run", rows / "rows.csv").stdout == before
            kin("evaluate", rows / "run")
        kin("verify", rows / "run")
        shutil.rmtree(rows / "run")
    both = 'columns.words = { kind = "text", source = "tags", values = ["a"], buckets = 9, embed = 2 }\n'
    assert "buckets and values both say what the ids are" in kin("train", write_spec(rows, "deep", columns=both), "-o", rows / "run", status=2).stderr


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


def test_metrics_that_the_model_lacks_are_refused_before_training(rows):
    spec = write_spec(rows)
    for command in (["train", spec, "-o", rows / "run"], ["check", spec]):
        wrong = kin(*command, "--set", "train.early_stop.metric=aucs", status=2).stderr
        assert "the model has no metric 'aucs', did you mean 'auc'?" in wrong and "average_loss" in wrong
        assert "named" not in wrong and "eval.metrics too: auc_exact" in wrong
        assert "no metric 'brierr', did you mean 'brier'?" in kin(*command, "--set", 'eval.metrics=["brierr"]', status=2).stderr
        assert not (rows / "run" / "checkpoint.json").exists()
    kin("train", spec, "-o", rows / "run", "--set", 'eval.metrics=["brier"]', "--set", "train.early_stop.metric=brier")


def test_slices_add_up_to_the_whole(rows):
    kin("train", write_spec(rows, "linear", more='eval.slice = ["city"]'), "-o", rows / "run")
    found = kin_json("evaluate", rows / "run", rows / "rows.csv", "--slice", "mood", "--slice", "city,late")
    assert found["rows"][0]["slice"] == "(all)" and found["rows"][0]["rows"] == 400
    whole = found["rows"][0]
    for name in ("mood", "city,late"):
        parts = [row for row in found["rows"] if row["slice"] == name]
        assert [row["rows"] for row in parts] == sorted((row["rows"] for row in parts), reverse=True)
        assert sum(row["rows"] for row in parts) == 400
        for metric in ("average_loss", "accuracy", "prediction/mean"):
            assert sum(row["rows"] * row[metric] for row in parts) / 400 == pytest.approx(whole[metric], abs=1e-12)
    labels = {tuple(row["values"]): row["label/mean"] for row in found["rows"] if row["slice"] == "city,late"}
    assert len(labels) == 10 and all(mean == int(late) for (city, late), mean in labels.items())

    short = kin("evaluate", rows / "run", rows / "rows.csv", "--max-slices", "2", "--metrics", "auc_exact,accuracy", "--format", "csv")
    lines = list(csv.DictReader(short.stdout.splitlines()))
    assert list(lines[0]) == ["slice", "value", "values", "rows", "auc_exact", "accuracy"]
    assert [line["slice"] for line in lines] == ["(all)", "city", "city"]  # of the spec
    assert "city: the 2 largest slices; 3 more, of" in short.stderr
    table = kin("evaluate", rows / "run", rows / "rows.csv", "--metrics", "auc", "--threads", "3").stdout
    assert table == kin("evaluate", rows / "run", rows / "rows.csv", "--metrics", "auc", "--threads", "1").stdout
    assert len(table.splitlines()) == 6

    assert "no column 'citi', did you mean 'city'?" in kin("evaluate", rows / "run", "--slice", "citi", status=2).stderr
    assert "no metric 'aucs'" in kin("evaluate", rows / "run", "--metrics", "aucs", status=2).stderr
    (rows / "none.csv").write_text((rows / "rows.csv").read_text().splitlines()[0] + "\n")
    kin("evaluate", rows / "run", rows / "none.csv", status=3)


def test_a_missing_value_is_a_slice(rows):
    kin("train", write_spec(rows, "baseline"), "-o", rows / "run")
    text = (rows / "rows.csv").read_text().replace("oslo,", ",")
    (rows / "gaps.csv").write_text(text)
    found = kin_json("evaluate", rows / "run", rows / "gaps.csv", "--slice", "city")["rows"]
    missing = [row for row in found if row["values"] == [None]]
    assert len(missing) == 1 and missing[0]["value"] == "(missing)" and missing[0]["rows"] == text.count("\n,")


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


@pytest.mark.parametrize("pooling", ["mean", "sum", "max", "attention"])
def test_histories_are_pooled_in_the_deep_part(tmp_path, pooling):
    """late: whether "key" is anywhere among the last visits; where it stands says nothing."""
    draw = random.Random(3)
    with open(tmp_path / "rows.csv", "w") as file:
        file.write("visits,size,late\n")
        for _ in range(600):
            visits = [draw.choice("abcdefgh") for _ in range(draw.randrange(0, 9))]
            late = draw.random() < 0.5
            if late:
                visits.insert(draw.randrange(len(visits) + 1), "key")
            file.write(f"{'|'.join(visits)},{draw.gauss(0, 1):.3f},{int(late)}\n")
    columns = 'columns.visits = { kind = "vocabulary", split = "|", sequence = true, embed = { dim = 8 } }\ncolumns.size = "numeric"\n'
    spec = write_spec(tmp_path, "deep", columns=columns, train=f', optimizer = {{ name = "adam", lr = 0.02 }}')
    settings = ["--set", f"model.pooling={pooling}", "--set", "train.epochs=12"]
    for threads in ("1", "3"):
        kin("train", spec, "-o", tmp_path / f"run{threads}", *settings, "--threads", threads)
    assert model_bytes(tmp_path / "run1") == model_bytes(tmp_path / "run3")
    metrics = {row["metric"]: row["value"] for row in kin_json("evaluate", tmp_path / "run1")["rows"]}
    assert metrics["auc"] > 0.95
    names = set(weights(tmp_path / "run1"))
    assert ("visits/attention/query" in names) == (pooling == "attention") and "visits/embedding" in names
    # An empty history is one, too, and a model of histories alone works.
    (tmp_path / "empty.csv").write_text("visits,size\n,0\na|key,0\n")
    assert len(kin("predict", tmp_path / "run1", tmp_path / "empty.csv", "--format", "csv").stdout.splitlines()) == 3
    kin("train", spec, "-o", tmp_path / "alone", *settings, "--set", 'model.deep=["visits"]')
    assert weights(tmp_path / "alone")["layer_0/kernel"].shape == (8, 8)
    kin("export", tmp_path / "run1", "--to", "tf-checkpoint", "-o", tmp_path / "tf")
