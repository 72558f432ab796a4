"""kin import, export and info: tensors from and to other programs. The part with TensorFlow itself is skipped without it."""
import csv
import io
import json
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import kin, kin_json

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(os.environ.get("KIN_GOLDEN_TRAINING", ROOT / "tests/golden/training")) / "checkpoints"
WORDS = {"king": [1.0, 0.5, -2.0], "queen": [1.0, 0.25, -2.0], "apple": [-1.5, 3.0, 0.125], "Zürich": [0.0, 1e-7, 1e20]}

# A Python with TensorFlow, for instance that of another environment.
TENSORFLOW = os.environ.get("KIN_TENSORFLOW_PYTHON", str(ROOT / "build/venv-bench/bin/python"))


def word2vec(words):
    return f"{len(words)} 3\n" + "".join(f"{w} {' '.join(map(repr, v))}\n" for w, v in words.items())


def write_words(directory):
    """The same vectors in each format: name -> path."""
    binary = f"{len(WORDS)} 3\n".encode() + b"".join(w.encode() + b" " + struct.pack("<3f", *v) + b"\n" for w, v in WORDS.items())
    rows = "".join(",".join([w, *map(repr, v)]) + "\n" for w, v in WORDS.items())
    contents = {
        "words.vec": word2vec(WORDS).encode(),
        "words.bin": binary,
        "glove.txt": word2vec(WORDS).split("\n", 1)[1].encode(),
        "words.csv": ("word,a,b,c\n" + rows).encode(),
        "words.tsv": rows.replace(",", "\t").encode(),
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def vectors(path, *args):
    return {row["item"]: row["vector"] for row in kin_json("lookup", path, "--all", *args)["rows"]}


def test_every_format_of_word_vectors_says_the_same(tmp_path):
    for path in write_words(tmp_path):
        got = vectors(path)
        assert list(got) == list(WORDS), path
        for word, vector in WORDS.items():
            assert np.array_equal(np.float32(got[word]), np.float32(vector)), path
        assert kin_json("similar", path, "king", "-k", "1")["rows"][0]["item"] == "queen"


def test_imported_vectors_are_a_model_directory(tmp_path):
    (tmp_path / "words.vec").write_text(word2vec(WORDS))
    answer = kin_json("import", tmp_path / "words.vec", "-o", tmp_path / "words", "--column", "word")
    assert (answer["keys"], answer["dim"], answer["column"]) == (4, 3, "word")
    assert kin_json("verify", tmp_path / "words")["whole"] is True
    assert vectors(tmp_path / "words") == vectors(tmp_path / "words.vec")
    info = kin_json("info", tmp_path / "words")
    assert info["rows"] == [{"tensor": "word/embedding", "type": "float32", "shape": [4, 3], "keys": 4}]
    assert kin_json("similar", tmp_path / "words", "king", "-k", "1")["rows"][0]["item"] == "queen"
    again = kin("import", tmp_path / "words.vec", "-o", tmp_path / "words", status=2)
    assert "holds a model already" in again.stderr
    # The bytes do not depend on where it is made.
    kin("import", tmp_path / "words.vec", "-o", tmp_path / "other", "--column", "word")
    assert (tmp_path / "other/model.json").read_bytes() == (tmp_path / "words/model.json").read_bytes()


def test_repeated_keys_are_told_and_the_first_counts(tmp_path):
    (tmp_path / "g.txt").write_text("a 1 2\nb 3 4\na 5 6\n")
    done = kin("import", tmp_path / "g.txt", "-o", tmp_path / "g")
    assert "repeated keys: 1" in done.stderr
    assert vectors(tmp_path / "g") == {"a": [1, 2], "b": [3, 4]}


def test_a_table_without_keys_takes_a_vocabulary(tmp_path):
    np.save(tmp_path / "t.npy", np.arange(8, dtype=np.float32).reshape(4, 2))
    (tmp_path / "keys.txt").write_text("x\ny\nz\n")
    answer = kin_json("import", tmp_path / "t.npy", "--vocabulary", tmp_path / "keys.txt", "-o", tmp_path / "t")
    assert (answer["keys"], answer["unknown_row"]) == (3, True)
    assert vectors(tmp_path / "t") == {"x": [0, 1], "y": [2, 3], "z": [4, 5]}
    assert vectors(tmp_path / "t.npy") == {row: [2 * row, 2 * row + 1] for row in range(4)}
    (tmp_path / "keys.txt").write_text("v\nw\nx\ny\nz\n")
    done = kin("import", tmp_path / "t.npy", "--vocabulary", tmp_path / "keys.txt", "-o", tmp_path / "u", status=3)
    assert "4 rows for 5 keys" in done.stderr


@pytest.mark.parametrize("to", ["word2vec", "word2vec-bin", "glove", "csv", "npy", "safetensors", "tf-checkpoint"])
def test_exported_vectors_of_a_run_come_back(trained, tmp_path, to):
    want = kin_json("lookup", trained, "--all")["rows"]
    out = tmp_path / "out"
    kin("export", trained, "--to", to, "--table", "watched", "-o", out)
    table = ["--table", "watched"] if to in ("safetensors", "tf-checkpoint") else []
    got = vectors(out, *table)
    if to in ("npy", "safetensors", "tf-checkpoint"):  # no keys: the rows have their numbers
        assert [got[row] for row in range(len(want))] == [row["vector"] for row in want]
    else:
        assert got == {row["item"]: row["vector"] for row in want}


def test_vectors_go_to_standard_output(tmp_path):
    (tmp_path / "words.vec").write_text(word2vec(WORDS))
    rows = list(csv.reader(io.StringIO(kin("export", tmp_path / "words.vec", "--to", "csv").stdout)))
    assert rows[0] == ["key", "v0", "v1", "v2"]
    assert {row[0]: [float(v) for v in row[1:]] for row in rows[1:]} == WORDS


def test_the_projector_gets_labels_and_keys(trained, tmp_path):
    kin("export", trained, "--to", "projector", "-o", tmp_path / "logs")
    names = {path.name for path in (tmp_path / "logs").iterdir()}
    assert "projector_config.pbtxt" in names and len(names) == 3


def test_info_lists_the_tensors_of_checkpoints():
    want = json.loads((GOLDEN / "checkpoints.json").read_text())["checkpoints"]
    listed = 0
    for checkpoint in want:
        if "tensors" not in checkpoint:
            continue
        info = kin_json("info", GOLDEN / checkpoint["prefix"])
        got = {row["tensor"]: (row["type"], row["shape"]) for row in info["rows"]}
        for name, tensor in checkpoint["tensors"].items():
            if "error" not in tensor:
                assert got[name] == (tensor["dtype"], tensor["shape"]), name
                listed += 1
    assert listed > 100
    done = kin("info", f"{GOLDEN}/london/*ckpt*")
    assert "model.ckpt-1000 is taken" in done.stderr and "global_step" in done.stdout


def test_damaged_and_missing_files_have_their_exit_status(tmp_path):
    table = ["--tensor", "kernel", "-o", tmp_path / "x"]
    for name in ("data_flipped_byte", "data_truncated", "data_empty", "data_missing", "index_truncated", "index_half",
                 "index_empty", "index_wrong_magic", "index_flipped_byte", "index_flipped_index_handle"):
        done = kin("import", GOLDEN / "corrupt" / name / "model.ckpt", *table, status=4)
        assert "model.ckpt" in done.stderr, name
    assert "model.ckpt.index is missing" in kin("info", GOLDEN / "corrupt/index_missing/model.ckpt", status=4).stderr
    assert "model.ckpt-500" in kin("info", f"{GOLDEN}/london/*ckpt-7*", status=5).stderr
    (tmp_path / "bad.vec").write_text(word2vec(WORDS)[:-20])
    assert "bad.vec" in kin("similar", tmp_path / "bad.vec", "king", status=4).stderr
    (tmp_path / "nan.vec").write_text("1 2\na nan 1\n")
    assert "NaN" in kin("import", tmp_path / "nan.vec", "-o", tmp_path / "y", status=4).stderr
    assert not (tmp_path / "x").exists() and not (tmp_path / "y").exists()
    done = kin("import", GOLDEN / "london/model.ckpt-0", "--tensor", "dnn/logits/kernl", "-o", tmp_path / "z", status=1)
    assert "did you mean 'dnn/logits/kernel'" in done.stderr
    assert "name one of them" in kin("similar", GOLDEN / "london", "3", status=2).stderr
    assert "--to" in kin("export", GOLDEN / "london", status=2).stderr
    assert "add -o" in kin("export", GOLDEN / "london", "--to", "tf-checkpoint", status=2).stderr
    (tmp_path / "text.txt").write_text("nothing of the kind\n")
    assert "text.txt" in kin("info", tmp_path / "text.txt", status=4).stderr


@pytest.fixture(scope="module")
def tensorflow():
    """Runs Python with TensorFlow in a directory."""
    try:
        found = subprocess.run([TENSORFLOW, "-c", "import tensorflow"], capture_output=True, timeout=120).returncode == 0
    except OSError:
        found = False
    if not found:
        pytest.skip("there is no Python with TensorFlow (KIN_TENSORFLOW_PYTHON)")

    def execute(code, directory):
        done = subprocess.run([TENSORFLOW, "-c", code], cwd=directory, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return execute


READ = """
import numpy as np, tensorflow as tf
v1 = tf.compat.v1
reader = tf.train.load_checkpoint("checkpoints")
table = reader.get_tensor("watched/embedding")
with tf.Graph().as_default(), v1.Session() as session:
    table_again = v1.get_variable("watched/embedding", shape=table.shape)
    step = v1.get_variable("global_step", shape=[], dtype=tf.int64)
    v1.train.Saver().restore(session, tf.train.latest_checkpoint("checkpoints"))
    assert np.array_equal(session.run(table_again), table) and session.run(step) > 0
np.save("table.npy", table)
"""

WRITE = """
import numpy as np, tensorflow as tf
v1 = tf.compat.v1
rng = np.random.default_rng(0)
arrays = {"tall": rng.standard_normal((9000, 3)).astype("f4"), "wide": rng.standard_normal((3, 9000)).astype("f4"),
          "half": rng.standard_normal((5, 3)).astype("f2"), "double": rng.standard_normal((100, 7))}
parts = {"tall": v1.fixed_size_partitioner(3), "wide": v1.fixed_size_partitioner(4, axis=1)}
for version, sharded, prefix in ((2, False, "v2/m"), (2, True, "v2s/m"), (1, False, "v1/m"), (1, True, "v1s/m")):
    tf.io.gfile.makedirs(prefix[:-2])
    with tf.Graph().as_default(), v1.Session("", config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        made = []
        for i, (name, value) in enumerate(arrays.items()):
            def start(shape, dtype, partition_info=None, value=value):
                at = partition_info.var_offset if partition_info else [0] * value.ndim
                return tf.constant(value[tuple(slice(o, o + n) for o, n in zip(at, shape))], dtype)
            with tf.device(f"/cpu:{i % 2}"):
                made.append(v1.get_variable(name, shape=value.shape, dtype=tf.as_dtype(value.dtype), initializer=start,
                                            partitioner=parts.get(name)))
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(made, sharded=sharded, write_version=version)
        saver.save(session, prefix, write_meta_graph=False)
np.savez("want.npz", **arrays)
"""


def test_tensorflow_reads_what_is_exported(tensorflow, trained, tmp_path):
    kin("export", trained, "--to", "tf-checkpoint", "-o", f"{tmp_path / 'checkpoints'}/")
    tensorflow(READ, tmp_path)
    want = kin_json("lookup", trained, "--all")["rows"]
    table = np.load(tmp_path / "table.npy")
    assert np.array_equal(table[: len(want)], np.float32([row["vector"] for row in want]))


def test_partitions_and_shards_that_tensorflow_writes_are_joined(tensorflow, tmp_path):
    tensorflow(WRITE, tmp_path)
    want = np.load(tmp_path / "want.npz")
    for folder in ("v2", "v2s", "v1", "v1s"):
        for name in want.files:
            kin("export", tmp_path / folder, "--table", name, "--to", "npy", "-o", tmp_path / "got.npy")
            assert np.array_equal(np.load(tmp_path / "got.npy"), want[name].astype(np.float32)), (folder, name)
