"""TensorFlow's canned estimators, step by step: the same rows, start and optimizer give the same losses, variables,
predictions and metrics (tests/golden/training/estimators; KIN_GOLDEN_TRAINING names another set)."""
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import kin
from safetensors.numpy import load_file, save_file

GOLDEN = Path(os.environ.get("KIN_GOLDEN_TRAINING", Path(__file__).resolve().parents[1] / "golden" / "training")) / "estimators"
CASES = sorted(path.stem for path in GOLDEN.glob("*.json") if path.stem != "rows")
RELATIVE, ABSOLUTE = 1e-5, 1e-6


def tensor(json_tensor):
    values = [float(v) if isinstance(v, str) and json_tensor["dtype"].startswith("float") else v for v in json_tensor["values"]]
    return np.array(values, dtype=object if json_tensor["dtype"] == "string" else json_tensor["dtype"]).reshape(json_tensor["shape"])


# Feature columns.

def source_name(column):
    return column.get("key") or column["source_column"]["key"]


def categorical_name(column):
    """TensorFlow's name of a categorical column."""
    kind = column["kind"]
    if kind == "bucketized_column":
        return column["source_column"]["key"] + "_bucketized"
    if kind == "weighted_categorical_column":
        return f"{categorical_name(column['categorical_column'])}_weighted_by_{column['weight_feature_key']}"
    if kind == "crossed_column":
        return "_X_".join(sorted(key if isinstance(key, str) else categorical_name(key) for key in column["keys"]))
    return column["key"]


class Columns:
    """Columns of a spec; the same TensorFlow column used twice is one of ours."""

    def __init__(self):
        self.entries = {}
        self.shares = []

    def add(self, name, entry):
        """A column, under a name of its own where that one stands for another column."""
        known = dict(entry)
        while name in self.entries and {k: v for k, v in self.entries[name].items() if k not in ("embed", "indicator")} != {
                k: v for k, v in known.items() if k not in ("embed", "indicator")}:
            name += "2"
        self.entries.setdefault(name, {}).update(entry)
        return name

    def categorical(self, column, **form):
        kind = column["kind"]
        if kind == "categorical_column_with_vocabulary_list":
            entry = {"kind": "vocabulary", "source": column["key"], "values": column["vocabulary_list"], "oov_buckets": column.get("num_oov_buckets", 0)}
        elif kind == "categorical_column_with_identity":
            entry = {"kind": "identity", "source": column["key"], "size": column["num_buckets"]}
        elif kind == "categorical_column_with_hash_bucket":
            entry = {"kind": "hash", "source": column["key"], "buckets": column["hash_bucket_size"]}
        elif kind == "bucketized_column":
            entry = {"kind": "bucketized", "source": column["source_column"]["key"], "boundaries": {"values": column["boundaries"]}}
        elif kind == "weighted_categorical_column":
            inner = Columns()
            inner_name = inner.categorical(column["categorical_column"])
            entry = {**inner.entries[inner_name], "weight": column["weight_feature_key"], "pairing": "batch"}
        elif kind == "crossed_column":
            parts = ["data." + key if isinstance(key, str) else self.categorical(key) for key in column["keys"]]
            entry = {"kind": "crossed", "of": parts, "buckets": column["hash_bucket_size"], "order": "tf_dense"}
            if "hash_key" in column:
                entry["hash_key"] = column["hash_key"]
        else:
            raise AssertionError(kind)
        return self.add(categorical_name(column), {**entry, **form})

    def column(self, column):
        """Names of ours that stand for a TensorFlow column."""
        kind = column["kind"]
        if kind == "numeric_column":
            size = int(np.prod(column.get("shape", [1])))
            return [self.add(column["key"], {"kind": "numeric", "source": column["key"], "size": size})]
        if kind in ("embedding_column", "shared_embeddings"):
            embed = {"dim": column["dimension"], "combiner": column.get("combiner", "mean"), "trainable": column.get("trainable", True)}
            if column.get("max_norm"):
                embed["max_norm"] = column["max_norm"]
            if kind == "embedding_column":
                return [self.categorical(column["categorical_column"], embed=embed)]
            share = "_".join(sorted(categorical_name(c) for c in column["categorical_columns"]))
            self.shares.append(share)
            return [self.categorical(c, embed={**embed, "share": share}) for c in column["categorical_columns"]]
        if kind == "indicator_column":
            return [self.categorical(column["categorical_column"], indicator=True)]
        return [self.categorical(column)]


# Optimizers.

CLASSES = {"Adagrad": "adagrad", "Adam": "adam", "Ftrl": "ftrl", "RMSProp": "rmsprop", "SGD": "sgd"}
ARGUMENTS = {"learning_rate": "lr", "momentum": "momentum", "l1_regularization_strength": "l1", "l2_regularization_strength": "l2",
             "l2_shrinkage_regularization_strength": "l2_shrinkage", "initial_accumulator_value": "initial_accumulator", "epsilon": "epsilon",
             "nesterov": "nesterov"}


def optimizer(given, v1, rate):
    """`given` as in the case: absent (a default with `rate`), a name, or a class with arguments."""
    if isinstance(given, str):
        given = {"class": given, **({"learning_rate": rate} if rate else {})}
    entry = {"name": CLASSES[given["class"]], "compat": "tf1" if v1 else "keras"}
    entry.update({ARGUMENTS[key]: value for key, value in given.items() if key != "class"})
    if entry["name"] == "sgd" and entry.get("momentum"):
        entry["name"] = "momentum"
    if entry["name"] == "ftrl":
        entry["compat"] = "tf1" if v1 else "keras"
    return entry


# Specs.

def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


REDUCTIONS = {None: None, "sum": "sum", "weighted_sum": "sum", "sum_over_batch_size": "mean", "weighted_sum_over_batch_size": "mean"}
HEADS = {"BinaryClassHead": "binary", "MultiClassHead": "multi_class", "MultiLabelHead": "multi_label", "RegressionHead": "regression",
         "PoissonRegressionHead": "poisson", "LogisticRegressionHead": "logistic"}


def head_entry(kind, arguments, target):
    entry = {"kind": kind, "target": target}
    if arguments.get("label_vocabulary"):
        entry["labels"] = arguments["label_vocabulary"]
    elif arguments.get("n_classes", 2) > 2 or kind == "multi_label":
        entry["classes"] = arguments["n_classes"]
    if arguments.get("label_dimension", 1) > 1:
        entry["dimension"] = arguments["label_dimension"]
    if arguments.get("weight_column"):
        entry["weight"] = arguments["weight_column"]
    return entry


class Case:
    def __init__(self, name):
        self.case = json.loads((GOLDEN / f"{name}.json").read_text())
        self.rows = json.loads((GOLDEN / "rows.json").read_text())
        self.arguments = self.case["arguments"]
        self.v1 = self.case["api"] == "v1"
        self.columns = Columns()
        self.roles = {role: [n for c in self.rows["columns"][name] for n in self.columns.column(c)]
                      for role, name in self.case["columns"].items()}

    def several_heads(self):
        return not isinstance(self.case["train_labels"][0].get("shape"), list)

    def table(self, batches, labels):
        """JSON Lines of rows with their labels."""
        lines = []
        for batch, label in zip(self.rows[batches], labels):
            per_head = label if self.several_heads() else {"label": label}
            values = {head: tensor(t) for head, t in per_head.items()}
            indicator = self.arguments.get("head", {}).get("head") == "MultiLabelHead"
            for i, row in enumerate(batch):
                fields = {f: row[f] for f in self.case["features"]}
                for head, given in values.items():
                    own = np.flatnonzero(given[i]).tolist() if indicator else given[i].tolist()
                    fields[head] = own[0] if len(own) == 1 and not indicator else own
                lines.append(json.dumps(fields))
        return "\n".join(lines) + "\n"

    def model(self):
        estimator = self.case["estimator"]
        a = self.arguments
        if estimator.startswith("DNNLinearCombined"):
            return {"kind": "wide_deep", "wide": self.roles["linear_feature_columns"], "deep": self.roles["dnn_feature_columns"],
                    "layers": a["dnn_hidden_units"], "combiner": a.get("linear_sparse_combiner", "sum"), "batch_norm": a.get("batch_norm", False),
                    "activation": a.get("dnn_activation_fn", "relu")}
        if estimator.startswith("DNN"):
            return {"kind": "deep", "deep": self.roles["feature_columns"], "layers": a["hidden_units"], "batch_norm": a.get("batch_norm", False),
                    "activation": a.get("activation_fn", "relu")}
        if estimator.startswith("Linear"):
            return {"kind": "linear", "wide": self.roles["feature_columns"], "combiner": a.get("sparse_combiner", "sum")}
        self.columns.add("size", {"kind": "numeric", "source": "size", "size": 2})
        return {"kind": "baseline"}

    def heads(self):
        """The table head of the spec, or heads, and the reduction."""
        a, estimator = self.arguments, self.case["estimator"]
        if "head" in a:
            given = a["head"]
            reduction = REDUCTIONS[given["arguments"].get("loss_reduction")]
            if given["head"] == "MultiHead":
                weights = given["arguments"].get("head_weights") or [1.0] * len(given["arguments"]["heads"])
                entries = {h["arguments"]["name"]: {**head_entry(HEADS[h["head"]], h["arguments"], h["arguments"]["name"]), "loss_weight": w}
                           for h, w in zip(given["arguments"]["heads"], weights)}
                return {"heads": entries}, reduction
            return {"head": head_entry(HEADS[given["head"]], given["arguments"], "label")}, reduction
        areas = {"areas": "tf1"} if self.v1 else {}
        kind = "regression" if estimator.endswith("Regressor") else "multi_class" if a.get("n_classes", 2) > 2 else "binary"
        return {"head": {**head_entry(kind, a, "label"), **areas}}, REDUCTIONS[a.get("loss_reduction")]

    def optimizers(self):
        a, estimator = self.arguments, self.case["estimator"]
        if estimator.startswith("DNNLinearCombined"):
            out = {}
            if "dnn_optimizer" in a:
                out["optimizer"] = optimizer(a["dnn_optimizer"], self.v1, None)
            if "linear_optimizer" in a:
                out["optimizers"] = {"linear/*": optimizer(a["linear_optimizer"], self.v1, None)}
            return out
        if "optimizer" not in a:
            return {}
        if estimator.startswith("DNN"):
            return {"optimizer": optimizer(a.get("optimizer", "Adagrad"), self.v1, 0.05 if self.v1 else 0.001)}
        rate = min(0.2, 1 / math.sqrt(len(self.roles["feature_columns"])))  # optimizer=None
        return {"optimizer": optimizer(a["optimizer"] or "Ftrl", self.v1, rate)}

    def spec(self):
        model = self.model()
        heads, reduction = self.heads()
        train = {**self.optimizers(), "batch": 8, "epochs": 1, "shuffle": False, "log_every": 1, **({"reduction": reduction} if reduction else {}), "warm_start": "start.safetensors",
                 "compat": "tf1" if self.v1 else "tf2"}
        if not self.v1 and self.columns.shares:
            train["freeze"] = [share + "/embedding" for share in self.columns.shares]  # TensorFlow 2 never trains them
        lines = ["spec = 1", 'data = { path = "train.jsonl" }', f"model = {toml(model)}", f"train = {toml(train)}"]
        lines += [f"{key} = {toml(value)}" for key, value in heads.items()]
        lines += [f"columns.{json.dumps(name)} = {toml(entry)}" for name, entry in self.columns.entries.items()]
        return "\n".join(lines) + "\n"

    def start(self):
        """Variables of the model, without slots."""
        names = {name for name in self.case["initial"] if name in self.case["trainable"] or "moving_" in name.rsplit("/", 1)[-1]
                 or name.endswith(("embedding_weights", "_shared_embedding"))}
        return {name: tensor(self.case["initial"][name]).astype(np.float32) for name in names}

    def noisy(self):
        """Adam over batch normalization: a bias in front of it has a gradient of rounding errors only, which Adam scales up to
        steps of the learning rate; a moving mean holds a thousandth of each step of it, everything else feels it slightly."""
        return self.arguments.get("batch_norm", False) and self.arguments.get("optimizer", {}).get("class") == "Adam"


def expect_close(have, want, what, relative=RELATIVE, absolute=ABSOLUTE):
    np.testing.assert_allclose(np.asarray(have, dtype=np.float64), np.asarray(want, dtype=np.float64), rtol=relative, atol=absolute, err_msg=what)


@pytest.mark.parametrize("name", CASES)
def test_estimator(tmp_path, name):
    case = Case(name)
    (tmp_path / "train.jsonl").write_text(case.table("train_batches", case.case["train_labels"]))
    (tmp_path / "eval.jsonl").write_text(case.table("eval_batches", case.case["eval_labels"]))
    (tmp_path / "spec.toml").write_text(case.spec())
    save_file(case.start(), tmp_path / "start.safetensors")
    run = tmp_path / "run"
    kin("train", tmp_path / "spec.toml", "-o", run)

    losses = [json.loads(line)["loss"] for line in (run / "train.jsonl").read_text().splitlines()]
    expect_close(losses, case.case["losses"], "losses")

    kin("export", run, "--to", "tf-checkpoint", "--names", "tensorflow", "-o", tmp_path / "model.ckpt-5")
    kin("export", run, "--to", "safetensors", "--names", "tensorflow", "-o", tmp_path / "final.safetensors")
    final = load_file(tmp_path / "final.safetensors")
    for variable in case.start():
        want = tensor(case.case["after_step_5"][variable])
        have = final[variable if variable in final else variable.rsplit("/", 1)[-1]]  # V1 has shared tables elsewhere
        noise = 0.25 if "hiddenlayer" in variable and variable.endswith("bias") else 1e-3 if variable.endswith("moving_mean") else 1e-4
        expect_close(have.reshape(want.shape), want, variable, absolute=noise if case.noisy() else ABSOLUTE)

    predictions = [json.loads(line) for line in kin("predict", run, tmp_path / "eval.jsonl", "--json", "--keys",
                                                    ",".join(k for k in case.case["predictions"])).stdout.splitlines()]
    for key, json_tensor in case.case["predictions"].items():
        want = tensor(json_tensor)
        have = np.array([row[key] for row in predictions], dtype=want.dtype).reshape(want.shape)
        if want.dtype == object or np.issubdtype(want.dtype, np.integer):
            assert (have == want).all(), key
        else:
            # Sums of products of some ten variables, each within ABSOLUTE.
            expect_close(have, want, key, absolute=2e-2 if case.noisy() else 1e-5)

    # TensorFlow had batches of 4, 4 and 2 rows; "loss" is the mean over them.
    evaluated = json.loads(kin("evaluate", run, tmp_path / "eval.jsonl", "--batch", 4, "--json").stdout)
    metrics = {row["metric"]: row["value"] for row in evaluated["rows"]}
    for key, want in case.case["evaluate"].items():
        if key == "global_step":
            assert evaluated["step"] == want
        else:
            expect_close(metrics[key], want, key, relative=1e-2 if case.noisy() else 5e-5)
