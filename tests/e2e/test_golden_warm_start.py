"""Warm starts and tables from checkpoints as TensorFlow's estimators make them (tests/golden/training/warm_start and
embedding_init; KIN_GOLDEN_TRAINING names another set)."""
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import kin, kin_json
from safetensors.numpy import load_file, save_file
from test_golden_estimators import Columns, expect_close, optimizer, tensor, toml

GOLDEN = Path(os.environ.get("KIN_GOLDEN_TRAINING", Path(__file__).resolve().parents[1] / "golden" / "training"))
ESTIMATORS = json.loads((GOLDEN / "warm_start" / "estimators.json").read_text())
TABLES = json.loads((GOLDEN / "embedding_init" / "embedding_init.json").read_text())
CITY = "dnn/input_from_feature_columns/input_layer/city_embedding/embedding_weights"
LINEAR = "linear/linear_model/city/weights"
STILL = {"name": "sgd", "lr": 1e-30}  # steps below the precision of any weight but 0


def write_rows(path, batches):
    lines = [json.dumps({**row, "label": label}) for rows, labels in batches for row, label in zip(rows, labels)]
    path.write_text("\n".join(lines) + "\n")


def write_spec(path, columns, **tables):
    lines = ["spec = 1", 'data = { path = "train.jsonl" }'] + [f"{key} = {toml(value)}" for key, value in tables.items()]
    path.write_text("\n".join(lines + [f"columns.{json.dumps(name)} = {toml(entry)}" for name, entry in columns.entries.items()]) + "\n")


def exported(run):
    """The parameters of a run under TensorFlow's names."""
    kin("export", run, "--to", "safetensors", "--names", "tensorflow", "-o", run / "named.safetensors")
    return load_file(run / "named.safetensors")


def losses(run):
    return [json.loads(line)["loss"] for line in (run / "train.jsonl").read_text().splitlines()]


def expect_variables(have, want, only=lambda name: True):
    names = [name for name in want if name.startswith(("dnn/", "linear/")) and not name.endswith("Adagrad") and only(name)]
    assert names
    for name in names:
        values = tensor(want[name])
        expect_close(have[name].reshape(values.shape), values, name)


# Estimators.

WARM = {"string": {"path": "previous/model.ckpt"}, "folder": {"path": "previous"},
        "regex_of_the_deep_part": {"path": "previous/model.ckpt", "include": ["city/embedding", "layer_*", "logits/*"]},
        "list_with_slots": {"path": "previous/model.ckpt", "slots": True},
        "other_cities": {"path": "previous/model.ckpt", "keys": {"city/embedding": "vocabulary_old.txt", "linear/city": "vocabulary_old.txt"}},
        "only_the_vocabularies": {"path": "previous/model.ckpt", "include": ["city/embedding", "linear/city"],
                                  "keys": {"city/embedding": "vocabulary_old.txt", "linear/city": "vocabulary_old.txt"}}}


def estimator_spec(path, case, **train):
    columns = Columns()
    wide, deep = ([n for c in case["columns"][role] for n in columns.column(c)] for role in ("linear_feature_columns", "dnn_feature_columns"))
    model = ESTIMATORS["model"]
    write_spec(path, columns, model={"kind": "wide_deep", "wide": wide, "deep": deep, "layers": model["dnn_hidden_units"], "activation": model["dnn_activation_fn"]},
               head={"kind": "multi_class", "target": "label", "classes": model["n_classes"]},
               train={"optimizer": optimizer(model["dnn_optimizer"], False, None), "optimizers": {"linear/*": optimizer(model["linear_optimizer"], False, None)},
                      "batch": 8, "epochs": 1, "shuffle": False, "log_every": 1, "compat": "tf2", **train})


@pytest.fixture
def work(tmp_path):
    for name in ("previous", "vocabulary_old.txt"):
        source = GOLDEN / "warm_start" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    write_rows(tmp_path / "train.jsonl", [(batch["rows"], batch["labels"]) for batch in ESTIMATORS["train"][:1]])
    write_rows(tmp_path / "test.jsonl", [(batch["rows"], batch["labels"]) for batch in ESTIMATORS["test"]])
    return tmp_path


def known_rows(case):
    """Rows of the case's cities that the old vocabulary has."""
    old = (GOLDEN / "warm_start" / "vocabulary_old.txt").read_text().split()
    new = case["columns"]["linear_feature_columns"][0]["vocabulary_list"]
    return [row for row, city in enumerate(new) if city in old]


@pytest.mark.parametrize("case", ESTIMATORS["cases"], ids=lambda case: case["name"])
def test_estimators_start_and_go_on_as_in_tensorflow(work, case):
    warm = WARM[case["name"]]
    estimator_spec(work / "still.toml", case, warm_start=warm, optimizer=STILL, optimizers={"linear/*": STILL})
    kin("train", work / "still.toml", "-o", work / "still")
    start = exported(work / "still")
    if "keys" not in warm:
        expect_variables(start, case["start"])
    else:
        # By key. Rows of new cities and of unknown ones take an initializer there, which the file of the rest stands for.
        for name in (CITY, LINEAR):
            rows = known_rows(case)
            expect_close(start[name][rows], tensor(case["start"][name])[rows], name)
        if case["name"] == "other_cities":
            expect_variables(start, case["start"], only=lambda name: name not in (CITY, LINEAR))
        given = {name: tensor(value) for name, value in case["start"].items() if name.startswith(("dnn/", "linear/"))}
        save_file({name: value.astype(np.float32) for name, value in given.items()}, work / "rest.safetensors")
        warm = {"path": "rest.safetensors"}
        estimator_spec(work / "still.toml", case, warm_start=warm, optimizer=STILL, optimizers={"linear/*": STILL})
        shutil.rmtree(work / "still")
        kin("train", work / "still.toml", "-o", work / "still")

    if "predict_without_training" in case:
        logits = tensor(case["predict_without_training"]["logits"])
        rows = [json.loads(line)["logits"] for line in kin("predict", work / "still", work / "test.jsonl", "--json", "--keys", "logits").stdout.splitlines()]
        expect_close(rows, logits, "logits", absolute=1e-5)
        metrics = {row["metric"]: row["value"] for row in kin_json("evaluate", work / "still", work / "test.jsonl", "--batch", 8)["rows"]}
        for key, want in case["evaluate_without_training"].items():
            if key != "global_step":
                expect_close(metrics[key], want, key)

    estimator_spec(work / "one.toml", case, warm_start=warm)
    kin("train", work / "one.toml", "-o", work / "one")
    expect_close(losses(work / "one"), case["losses"], "losses")
    expect_variables(exported(work / "one"), case["after_one_step"])


# Tables from checkpoints.

def table_spec(path, case, **train):
    columns = Columns()
    deep = [n for c in case["columns"] for n in columns.column(c)]
    (given,) = case["columns"]
    for entry in columns.entries.values():
        entry["embed"].update({key: value for key, value in (("checkpoint", given["ckpt_to_load_from"]), ("tensor", given["tensor_name_in_ckpt"])) if value is not None})
    v1 = case.get("api") == "v1"
    if not v1 and columns.shares:
        train["freeze"] = [share + "/embedding" for share in columns.shares] + train.get("freeze", [])
    write_spec(path, columns, model={"kind": "deep", "deep": deep, "layers": TABLES["hidden_units"], "activation": TABLES["activation_fn"]},
               head={"kind": "regression", "target": "label"},
               train={"optimizer": optimizer(TABLES["optimizer"], v1, None), "batch": 4, "epochs": 1, "shuffle": False, "log_every": 1,
                      "compat": "tf1" if v1 else "tf2", **train})


def table_rows(batches):
    return [(rows, tensor(labels)[:, 0].tolist()) for rows, labels in list(zip(TABLES["train_batches"], TABLES["train_labels"]))[:batches]]


@pytest.fixture
def sources(tmp_path):
    for name in ("by_name", "sliced", "object_based"):
        shutil.copytree(GOLDEN / "embedding_init" / name, tmp_path / name)
    return tmp_path


def table_of(variables):
    (name,) = [name for name in variables if name.endswith(("embedding_weights", "_shared_embedding"))]
    return name


@pytest.mark.parametrize("case", TABLES["cases"], ids=lambda case: f"{case['name']}-{case['api']}")
def test_tables_start_from_checkpoints(sources, case):
    dense = {name: tensor(value).astype(np.float32) for name, value in case["after_step_0"].items()
             if ("hiddenlayer_0/" in name or "logits/" in name) and not name.endswith(("Adagrad", "accumulator"))}
    save_file(dense, sources / "dense.safetensors")
    # Large steps over a saturated tanh magnify what TensorFlow's order of sums leaves open: so far that a start eight roundings away moves a thirtieth of it.
    save_file({name: value * np.float32(1 + 2**-20) for name, value in dense.items()}, sources / "rounded.safetensors")
    for steps, still in ((0, True), (3, False), (5, False)):
        write_rows(sources / "train.jsonl", table_rows(steps or 1))
        have = {}
        for start in ("dense", "rounded"):
            table_spec(sources / "spec.toml", case, warm_start=start + ".safetensors", **({"optimizer": STILL} if still else {}))
            kin("train", sources / "spec.toml", "-o", sources / f"{start}{steps}")
            have[start] = exported(sources / f"{start}{steps}")
        after = case[f"after_step_{steps}"]
        ours, rounded = (np.array(losses(sources / f"{start}{steps}")) for start in ("dense", "rounded"))
        expect_close(ours, case["losses"][:steps or 1], "losses", relative=5e-5, absolute=1e-6 + 30 * np.abs(ours - rounded).max())
        for name in [*dense, table_of(after)]:
            want, ours = tensor(after[name]), name if name in have["dense"] else name.rsplit("/", 1)[-1]  # V1 has shared tables elsewhere
            moved = np.abs(have["dense"][ours] - have["rounded"][ours]).max()
            expect_close(have["dense"][ours].reshape(want.shape), want, name, absolute=1e-5 + 30 * moved)
    have = have["dense"]
    given = case["columns"][0]
    if given.get("trainable") is False:
        source = tensor(TABLES["sources"][given["ckpt_to_load_from"]][given["tensor_name_in_ckpt"]])
        assert have[table_of(have)].tobytes() == source.tobytes()


# Here a pattern, an object's name without its suffix, a name with ":0" and another type are no mistakes.
ALLOWED = {"pattern", "object_name_without_suffix", "name_with_colon_zero", "other_dtype"}


@pytest.mark.parametrize("case", TABLES["errors"], ids=lambda case: case["name"])
def test_tables_that_cannot_start_are_said(sources, case):
    write_rows(sources / "train.jsonl", table_rows(1))
    table_spec(sources / "spec.toml", case, optimizer=STILL)
    done = kin("train", sources / "spec.toml", "-o", sources / "run", status=0 if case["name"] in ALLOWED else {
        "missing_tensor": 1, "missing_checkpoint": 5, "other_rows": 2, "name_without_path": 2}[case["name"]])
    given = case["columns"][0]
    if case["name"] not in ALLOWED:
        words = {"missing_tensor": given["tensor_name_in_ckpt"], "missing_checkpoint": "model.ckpt-4", "other_rows": "[6, 3]", "name_without_path": "embed.tensor"}
        assert words[case["name"]] in done.stderr
        return
    source = {"pattern": "by_name/model.ckpt-3", "object_name_without_suffix": "object_based/ckpt"}.get(case["name"], given["ckpt_to_load_from"])
    name = {"object_name_without_suffix": "items/.ATTRIBUTES/VARIABLE_VALUE"}.get(case["name"], given["tensor_name_in_ckpt"].removesuffix(":0"))
    have = exported(sources / "run")
    expect_close(have[table_of(have)], tensor(TABLES["sources"][source][name]), case["name"])
