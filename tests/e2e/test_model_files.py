"""The files of a model are open: other tools read them as they are."""
import json

import numpy as np
from conftest import kin, kin_json
from safetensors.numpy import load_file


def manifest(run):
    return json.loads((run / "model.json").read_text())


def weights(run):
    return load_file(next(run / f["path"] for f in manifest(run)["files"] if f["path"].startswith("weights")))


def test_safetensors_opens_the_weights_and_lookup_prints_the_same_numbers(trained):
    tensors = weights(trained)
    table = tensors["watched/embedding"]
    assert table.dtype == np.float32 and table.shape[1] == 8
    rows = (trained / "vocabulary" / "watched.txt").read_text().splitlines()
    keys = [line.split("\t")[0] for line in rows if not line.startswith("#")]
    assert len(keys) == table.shape[0]
    answer = kin_json("lookup", trained, keys[0], keys[5])
    np.testing.assert_array_equal(np.float32(answer["rows"][0]["vector"]), table[0])
    np.testing.assert_array_equal(np.float32(answer["rows"][1]["vector"]), table[5])


def test_lookup_writes_numpy_files(trained, tmp_path):
    kin("lookup", trained, "--all", "--format", "npy", "-o", tmp_path / "all.npy")
    table = weights(trained)["watched/embedding"]
    np.testing.assert_array_equal(np.load(tmp_path / "all.npy"), table)


def test_the_vocabulary_is_ordered_by_falling_count_then_by_key(trained):
    lines = [line.split("\t") for line in (trained / "vocabulary" / "watched.txt").read_text().splitlines() if not line.startswith("#")]
    order = [(-int(count), int(key)) for key, count in lines]
    assert order == sorted(order)


def test_the_published_weights_hold_no_slots_and_the_checkpoint_does(trained):
    checkpoint = json.loads((trained / "checkpoint.json").read_text())
    path = next(f["path"] for f in checkpoint["files"] if f["path"].startswith("checkpoint"))
    slots = set(load_file(trained / path)) - set(weights(trained))
    assert any(name.endswith("/m") for name in slots) and any(name.endswith("/v") for name in slots)


def test_the_manifest_holds_every_default_of_the_spec(trained):
    spec = manifest(trained)["spec"]
    assert spec["train"]["batch"] == 32 and spec["train"]["optimizer"]["name"] == "adam"
    assert spec["head"]["stride"] == 1


def test_no_absolute_path_enters_a_model(trained):
    assert str(trained.parent) not in (trained / "model.json").read_text()
