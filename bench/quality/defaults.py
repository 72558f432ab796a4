#!/usr/bin/env python3
"""What the defaults of models over rows are worth: one setting changed at a time, over several tables.

usage: defaults.py KIN OUT.jsonl NAME=SPEC=METRIC... [--seeds 2]

Only [columns], the head, the data and the split of a spec are used; its model and training come from here. A line of
OUT is a change, a table and its metric on the validation and the test rows, by seed; what OUT holds already is not done
again.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

BASE = {"model.kind": '"wide_deep"', "model.layers": "[256]", "model.dropout": "0.3", "train.batch": "64", "train.epochs": "10",
        "train.optimizer.lr": "0.002"}
CHANGES = {
    "none": {},
    "TensorFlow's: Adagrad .05, FTRL .2, constant rate, no dropout, batch 128": {
        "train.optimizer": '{ name = "adagrad", lr = 0.05 }', "train.optimizers": '{ "linear/*" = { name = "ftrl", lr = 0.2 } }',
        "train.schedule.kind": '"constant"', "model.dropout": "0.0", "train.batch": "128", "train.optimizer.lr": None},
    "the recommender's: batch 256, rate .006, 4 epochs, dropout .2": {
        "train.batch": "256", "train.optimizer.lr": "0.006", "train.epochs": "4", "model.dropout": "0.2"},
    "rate .001": {"train.optimizer.lr": "0.001"},
    "rate .005": {"train.optimizer.lr": "0.005"},
    "batch 256": {"train.batch": "256"},
    "batch 256, rate .006": {"train.batch": "256", "train.optimizer.lr": "0.006"},
    "no dropout": {"model.dropout": "0.0"},
    "dropout .5": {"model.dropout": "0.5"},
    "layers [128, 64]": {"model.layers": "[128, 64]"},
    "layers [64, 32]": {"model.layers": "[64, 32]"},
    "constant rate": {"train.schedule.kind": '"constant"'},
    "FTRL .1 for the linear part": {"train.optimizers": '{ "linear/*" = { name = "ftrl", lr = 0.1 } }'},
    "5 epochs": {"train.epochs": "5"},
    "20 epochs": {"train.epochs": "20"},
    "l2 .0001": {"train.l2": "0.0001"},
    "l2 .001": {"train.l2": "0.001"},
    "weight decay .1": {"train.optimizer.weight_decay": "0.1"},
    "embeddings start at .1": {"init": "0.1"},
    "deep alone": {"model.kind": '"deep"'},
    "linear alone": {"model.kind": '"linear"'},
    "swish": {"model.activation": '"swish"'},
    "batch norm": {"model.batch_norm": "true"},
}


def columns_only(text, metric, init):
    parts = re.split(r"(?m)^(?=\[)", text)
    kept = "".join(part for part in parts if not re.match(r"\[(model|train)\]", part))
    if init:
        kept = re.sub(r"embed = \{ dim", f"embed = {{ init_std = {init}, dim", kept)
    return kept.replace("[columns]", f'[train]\nearly_stop = {{ metric = "{metric}" }}\n\n[columns]', 1)


def main(kin, out, *tables):
    seeds = int(tables[tables.index("--seeds") + 1]) if "--seeds" in tables else 2
    tables = [table.split("=") for table in tables if table.count("=") == 2]
    lines = pathlib.Path(out).read_text().splitlines() if pathlib.Path(out).exists() else []
    done = {(row["change"], row["table"]) for row in map(json.loads, lines)}
    for change, settings in CHANGES.items():
        for name, spec, metric in tables:
            if (change, name) in done:
                continue
            found = {"valid": [], "test": []}
            for seed in range(1, seeds + 1):
                with tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(spec).with_name(f".{name}-defaults.toml")
                    path.write_text(columns_only(pathlib.Path(spec).read_text(), metric, settings.get("init")))
                    chosen = BASE | {key: value for key, value in settings.items() if key != "init"}
                    sets = [word for key, value in chosen.items() if value is not None for word in ("--set", f"{key}={value}")]
                    subprocess.run([kin, "train", path, "-o", folder, "--seed", str(seed), "--threads", "1", "--quiet", *sets],
                                   check=True, stdout=subprocess.DEVNULL)
                    path.unlink()
                    for part, flags in (("valid", ["--valid"]), ("test", [])):
                        rows = json.loads(subprocess.run([kin, "evaluate", folder, "--json", "--quiet", *flags], check=True,
                                                         capture_output=True, text=True).stdout)["rows"]
                        found[part].append(next(row["value"] for row in rows if row["metric"] == metric))
            with open(out, "a") as file:
                file.write(json.dumps({"change": change, "table": name, "metric": metric} | found) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
