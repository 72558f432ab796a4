"""kin encode: the ids that a model would see, with TensorFlow's numbers."""
import gzip
import json
import subprocess

import numpy as np
import pytest
from conftest import KIN, kin
from safetensors.numpy import load_file


def rows_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def encode(directory, columns, table, *args, data="", name="table.csv", status=0, **options):
    """Rows that a spec with these columns gives for a table."""
    (directory / "spec.toml").write_text(f"spec = 1\n{data}\n[columns]\n{columns}\n")
    (directory / name).write_bytes(table if isinstance(table, bytes) else table.encode())
    return kin("encode", directory / "spec.toml", directory / name, *args, status=status, **options)


def ids(directory, columns, table, column, **options):
    return [row[column]["ids"] for row in rows_of(encode(directory, columns, table, **options))]


# Vectors of tensorflow/python/feature_column/feature_column_v2_test.py and sparse_cross_op_test.py.

def test_hashes_are_tensorflows(tmp_path):
    assert ids(tmp_path, "c = { kind = 'hash', buckets = 10 }", "c\nomar\nstringer\nmarlo\n", "c") == [[6], [4], [1]]
    assert ids(tmp_path, "c = { kind = 'hash', buckets = 10 }", "c\n101\n201\n301\n", "c") == [[3], [7], [5]]


def test_crosses_are_tensorflows(tmp_path):
    columns = "x = { kind = 'crossed', of = ['data.a', 'data.b', 'data.c'], buckets = 100 }"
    table = "a,b,c\nbatch1-FC1-F1,batch1-FC2-F1,batch1-FC3-F1\n"
    assert ids(tmp_path, columns, table, "x") == [[83]]
    with_key = columns.replace("buckets = 100", "buckets = 100, hash_key = 956888297471")
    assert ids(tmp_path, with_key, table, "x") == [[31]]


def test_the_order_of_a_cross_is_the_keys_unless_tf_dense_is_asked_for(tmp_path):
    columns = "b = {{ kind = 'identity', size = 10 }}\nx = {{ kind = 'crossed', of = ['data.s', 'b'], buckets = 1000, order = '{}' }}"
    assert ids(tmp_path, columns.format("given"), "s,b\nx,3\n", "x") == [[960]]
    assert ids(tmp_path, columns.format("tf_dense"), "s,b\nx,3\n", "x") == [[419]]


def test_an_exact_cross_has_an_id_for_each_combination(tmp_path):
    columns = """
a = { kind = 'identity', size = 7 }
b = { kind = 'identity', size = 24 }
x = { kind = 'crossed', of = ['a', 'b'] }
"""
    assert ids(tmp_path, columns, "a,b\n0,0\n6,23\n2,5\n", "x") == [[0], [167], [2 * 24 + 5]]


def test_out_of_vocabulary_goes_where_the_spec_says(tmp_path):
    table = "c\na\nking\ncrimson\n"
    for extra, want in [("", [[0], [-1], [-1]]), (", default_value = 2", [[0], [2], [2]]), (", oov_buckets = 5", [[0], [6], [7]])]:
        columns = f"c = {{ kind = 'vocabulary', values = ['a', 'b', 'c']{extra} }}"
        assert ids(tmp_path, columns, table, "c") == want


def test_a_learned_vocabulary_is_ordered_by_count_and_learned_from_training_rows(tmp_path):
    table = "c\n" + "b\n" * 3 + "a\n" * 2 + "z\n"
    assert ids(tmp_path, "c = 'vocabulary'", table, "c") == [[0]] * 3 + [[1]] * 2 + [[2]]
    (tmp_path / "train.csv").write_text("c\nz\nz\na\n")
    data = f"data = {{ path = '{tmp_path}/train.csv' }}"
    assert ids(tmp_path, "c = 'vocabulary'", table, "c", data=data) == [[-1]] * 3 + [[1]] * 2 + [[0]]


def test_several_values_and_weights_in_a_cell(tmp_path):
    columns = "g = { kind = 'vocabulary', values = ['a', 'b', 'c'], split = '|', pair = ':' }"
    rows = rows_of(encode(tmp_path, columns, "g\na:0.5|c:2\nb:1\n\"\"\n"))
    assert rows == [{"g": {"ids": [0, 2], "weights": [0.5, 2]}}, {"g": {"ids": [1], "weights": [1]}}, {"g": {"ids": [], "weights": []}}]


def test_numbers_buckets_and_scales(tmp_path):
    columns = """
x = "numeric"
z = { kind = "numeric", source = "x", scale = "zscore" }
v = { kind = "numeric", source = ["x", "y"], size = 2 }
b = { kind = "bucketized", source = "x", boundaries = [0, 10, 100] }
"""
    rows = rows_of(encode(tmp_path, columns, "x,y\n-5,1\n10,2\n100,3\n"))
    assert [row["x"] for row in rows] == [[-5], [10], [100]]
    assert [row["v"] for row in rows] == [[-5, 1], [10, 2], [100, 3]]
    assert [row["b"]["ids"] for row in rows] == [[0], [2], [3]]
    x = np.array([-5, 10, 100.0])
    assert np.allclose([row["z"][0] for row in rows], (x - x.mean()) / x.std(), atol=1e-6)


def test_parts_of_a_time(tmp_path):
    columns = """
weekday = { kind = "identity", source = "t", derive = "weekday" }
hour    = { kind = "identity", source = "t", derive = "hour", time_zone = "Europe/Berlin" }
"""
    rows = rows_of(encode(tmp_path, columns, "t\n2024-02-29T23:30:00Z\n2024-07-01T12:00:00Z\n"))
    assert [(row["weekday"]["ids"], row["hour"]["ids"]) for row in rows] == [([3], [0]), ([0], [14])]


def test_words_of_a_text(tmp_path):
    columns = "w = { kind = 'text', source = 't' }"
    rows = ids(tmp_path, columns, 't\n"Big house,\nbig garden"\nhouse\n', "w")
    assert rows == [[0, 1, 0, 2], [1]]


def test_every_form_of_a_table_gives_the_same_ids(tmp_path):
    columns = "a = { kind = 'hash', buckets = 100 }\nn = 'numeric'"
    header, lines = "a,n", [("x", 1), ("é", 2.5), ("z", 3)]
    csv = header + "\n" + "".join(f"{a},{n}\n" for a, n in lines)
    want = rows_of(encode(tmp_path, columns, csv))
    forms = {
        "t.tsv": csv.replace(",", "\t").encode(),
        "t.csv.gz": gzip.compress(csv.encode()),
        "t.jsonl": "".join(json.dumps({"a": a, "n": n}) + "\n" for a, n in lines).encode(),
        "crlf.csv": csv.replace("\n", "\r\n").encode(),
        "bom.csv": b"\xef\xbb\xbf" + csv.encode(),
        "semicolon.csv": csv.replace(",", ";").encode(),
        "pair.dat": csv.replace(",", "::").encode(),
    }
    for name, content in forms.items():
        assert rows_of(encode(tmp_path, columns, content, name=name)) == want, name
    latin = rows_of(encode(tmp_path, columns, csv.encode("latin-1"), data="data = { encoding = 'latin-1' }", name="latin.csv"))
    assert latin == want
    piped = subprocess.run([KIN, "encode", tmp_path / "spec.toml", "-"], input=csv, capture_output=True, text=True, timeout=60)
    assert piped.returncode == 0, piped.stderr


def test_several_files_are_one_table(tmp_path):
    (tmp_path / "part-2.csv").write_text("n,a\n2,y\n")
    done = encode(tmp_path, "a = { kind = 'hash', buckets = 100 }\nn = 'numeric'", "a,n\nx,1\n", tmp_path / "part-*.csv", name="part-1.csv")
    assert [row["n"] for row in rows_of(done)] == [[1], [2]] or [row["n"] for row in rows_of(done)] == [[1], [1], [2]]


def test_where_leaves_rows_out(tmp_path):
    done = encode(tmp_path, "n = 'numeric'", "n,k\n1,a\n2,b\n3,a\n", data="data = { where = \"k = 'a'\" }")
    assert [row["n"] for row in rows_of(done)] == [[1], [3]]


def test_arrays_agree_with_rows(tmp_path):
    columns = "g = { kind = 'hash', buckets = 50, split = '|' }\nn = 'numeric'\ns = { kind = 'hash', source = 'g', buckets = 50, split = '|', sequence = true }"
    table = "g,n\na|b,1\n,2\nc,3\n"
    rows = rows_of(encode(tmp_path, columns, table))
    encode(tmp_path, columns, table, "--format", "npz", "-o", tmp_path / "out.npz")
    encode(tmp_path, columns, table, "--format", "safetensors", "-o", tmp_path / "out.safetensors")
    with np.load(tmp_path / "out.npz") as arrays:
        npz = {name: arrays[name] for name in arrays.files}
    for arrays in (npz, load_file(tmp_path / "out.safetensors")):
        assert arrays["g.offsets"].tolist() == [0, 2, 2, 3]
        assert arrays["g.ids"].tolist() == [i for row in rows for i in row["g"]["ids"]]
        assert arrays["n"].tolist() == [row["n"] for row in rows]
        assert arrays["s.lengths"].tolist() == [2, 0, 1]
        assert arrays["s.positions"].tolist() == [0, 1, 0]


def test_csv_output_and_chosen_columns(tmp_path):
    columns = "a = { kind = 'identity', size = 9, split = '|' }\nb = { kind = 'identity', size = 9 }\nv = { kind = 'numeric', source = ['b', 'b'], size = 2 }"
    done = encode(tmp_path, columns, "a,b\n1|2,3\n,4\n", "--format", "csv", "--columns", "a,v")
    assert done.stdout == "a,v_0,v_1\n1|2,3,3\n,4,4\n"


def test_bad_rows_are_refused_skipped_or_kept(tmp_path):
    table = "n,k\n1,a\n2\n3,c\nx,d\n" + "4,e\n" * 2000
    data = "data = { types = { n = 'number' } }"
    done = encode(tmp_path, "n = 'numeric'", table, data=data, status=3)
    assert "table.csv" in done.stderr and "3" in done.stderr
    done = encode(tmp_path, "n = 'numeric'", table, "--on-bad", "skip", "--rejects", tmp_path / "bad.txt", data=data)
    assert [row["n"] for row in rows_of(done)][:3] == [[1], [3], [4]]
    assert "2 bad rows" in done.stderr
    assert (tmp_path / "bad.txt").read_text() == "2\nx,d\n"
    encode(tmp_path, "n = 'numeric'", table, "--on-bad", "skip", "--max-bad", "0.01%", data=data, status=3)


@pytest.mark.parametrize("columns, words", [
    ("c = { kind = 'hash' }", ["columns.c", "buckets"]),
    ("c = { kind = 'hash', buckets = 5, source = 'd' }", ["'d'", "c"]),
    ("c = { kind = 'hsh', buckets = 5 }", ["hsh", "hash"]),
    ("c = { kind = 'crossed', of = ['data.c'], buckets = 5 }", ["columns.c", "of"]),
    ("h = { kind = 'hash', source = 'c', buckets = 5 }\nx = { kind = 'crossed', of = ['h', 'data.c'], buckets = 5 }", ["columns.x", "h"]),
    ("b = { kind = 'bucketized', source = 'c', boundaries = [1, 0] }", ["columns.b", "boundaries"]),
    ("i = { kind = 'identity', source = 'c' }", ["columns.i", "size"]),
    ("v = { kind = 'vocabulary', source = 'c', values = ['a', 'a'] }", ["columns.v", "a"]),
])
def test_wrong_columns_are_refused_by_name(tmp_path, columns, words):
    done = encode(tmp_path, columns, "c\n1\n", status=2)
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_value_that_does_not_fit_is_refused_with_its_line(tmp_path):
    done = encode(tmp_path, "i = { kind = 'identity', size = 3 }", "i\n1\n7\n", status=3)
    for word in ("table.csv:3", "i", "7", "3"):
        assert word in done.stderr, done.stderr
    done = encode(tmp_path, "n = 'numeric'", "n\n1\n\"\"\n", status=3)
    assert "table.csv:3" in done.stderr and "n" in done.stderr


def test_check_explains_columns(tmp_path):
    (tmp_path / "t.csv").write_text("c,n\n" + "".join(f"v{i % 40},{i}\n" for i in range(400)))
    (tmp_path / "spec.toml").write_text("""spec = 1
data = { path = "t.csv" }
[columns]
c = { kind = "hash", buckets = 32, embed = 4 }
v = { kind = "vocabulary", source = "c" }
n = "numeric"
""")
    report = json.loads(kin("check", tmp_path / "spec.toml", "--json").stdout)
    rows = {row["column"]: row for row in report["rows"]}
    assert rows["c"]["values"] == 40 and rows["c"]["collisions"] >= 8
    assert rows["c"]["expected"] == pytest.approx(40 - 32 * (1 - (1 - 1 / 32) ** 40))
    assert rows["v"]["ids"] == 40 and rows["v"]["dim"] == rows["v"]["rule"] == 3
    assert rows["n"]["form"] == "numbers"


def test_a_spec_without_a_model_cannot_be_trained(tmp_path):
    encode(tmp_path, "n = 'numeric'", "n\n1\n")
    done = kin("train", tmp_path / "spec.toml", "-o", tmp_path / "run", status=2)
    assert "model.kind" in done.stderr


def test_standard_input_is_learned_from_and_encoded(tmp_path):
    (tmp_path / "spec.toml").write_text("spec = 1\ncolumns.c = 'vocabulary'\n")
    piped = subprocess.run([KIN, "encode", tmp_path / "spec.toml", "-"], input="c\nb\na\nb\n", capture_output=True, text=True, timeout=60)
    assert [json.loads(line)["c"]["ids"] for line in piped.stdout.splitlines()] == [[0], [1], [0]], piped.stderr
