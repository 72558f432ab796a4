"""The same rows give the same model, whatever kind of file they come from."""
import csv
import gzip
import json
import os
import threading

import pytest
from conftest import kin, model_bytes

COLUMNS = ["userId", "movieId", "rating", "timestamp"]


@pytest.fixture
def rows(work):
    with open(work / "ratings.csv") as file:
        return list(csv.reader(file))[1:]


def weights(run):
    return {name: content for name, content in model_bytes(run).items() if name.endswith(".safetensors")}


def train(work, run, *args, **options):
    kin("train", work / "spec.toml", "-o", work / run, "--quiet", "--set", "train.max_steps=10", *args, **options)
    return weights(work / run)


def as_json(rows):
    return [dict(zip(COLUMNS, (int(row[0]), int(row[1]), float(row[2]), int(row[3])))) for row in rows]


def write_kind(work, kind, rows):
    """Writes the rows as some kind of file; returns what data.path and other settings are to be."""
    text = (work / "ratings.csv").read_text()
    if kind == "gzip in two members":
        half = len(text) // 2
        (work / "r.csv.gz").write_bytes(gzip.compress(text[:half].encode()) + gzip.compress(text[half:].encode()))
        return ['data.path="r.csv.gz"']
    if kind == "semicolons, CRLF and a byte order mark":
        (work / "r.csv").write_bytes(b"\xef\xbb\xbf" + text.replace(",", ";").replace("\n", "\r\n").encode())
        return ['data.path="r.csv"']
    if kind == "double colons without a header":
        (work / "ratings.dat").write_text("\n".join("::".join(row) for row in rows) + "\n")
        return ['data.path="ratings.dat"', f"data.names={json.dumps(COLUMNS)}"]
    if kind == "json lines":
        (work / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in as_json(rows)))
        return ['data.path="r.jsonl"']
    if kind == "an array of objects":
        (work / "r.json").write_text(json.dumps(as_json(rows), indent=1))
        return ['data.path="r.json"']
    if kind == "files with columns in another order":
        half = len(rows) // 2
        (work / "part-1.csv").write_text("\n".join([",".join(COLUMNS)] + [",".join(row) for row in rows[:half]]))
        (work / "part-2.csv").write_text("\n".join([",".join(COLUMNS[::-1])] + [",".join(row[::-1]) for row in rows[half:]]))
        return ['data.path="part-?.csv"']
    raise AssertionError(kind)


KINDS = ["gzip in two members", "semicolons, CRLF and a byte order mark", "double colons without a header", "json lines",
         "an array of objects", "files with columns in another order"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_file_does_not_show_in_the_model(work, rows, kind):
    want = train(work, "plain")
    settings = [word for setting in write_kind(work, kind, rows) for word in ("--set", setting)]
    assert train(work, "other", *settings) == want


def test_rows_may_come_from_standard_input_and_pipes(work):
    want = train(work, "plain")
    text = (work / "ratings.csv").read_text()
    assert train(work, "stdin", "--set", 'data.path="-"', input=text) == want
    os.mkfifo(work / "fifo")
    writer = threading.Thread(target=lambda: (work / "fifo").write_bytes(gzip.compress(text.encode())))
    writer.start()
    assert train(work, "fifo-run", "--set", 'data.path="fifo"') == want
    writer.join()


def test_lists_of_items_are_histories(work, rows):
    histories = {}
    for row in sorted(rows, key=lambda row: (int(row[0]), int(row[3]), int(row[1]))):
        histories.setdefault(row[0], []).append(row[1])
    (work / "lists.txt").write_text("".join(" ".join([user, *items]) + "\n" for user, items in histories.items()))
    want = train(work, "plain")
    settings = ['data.path="lists.txt"', 'data.names=["userId", "movieId..."]', "data.order_by=[]"]
    assert train(work, "lists", *[word for setting in settings for word in ("--set", setting)]) == want


def test_bad_rows_are_left_out_when_asked(work):
    want = train(work, "plain")
    lines = (work / "ratings.csv").read_text().splitlines()
    lines[3:3] = ["7,8", "x,y,z,1,2"]
    (work / "ratings.csv").write_text("\n".join(lines) + "\n")
    assert "line 4" in kin("train", work / "spec.toml", "-o", work / "bad", status=3).stderr
    assert train(work, "skipped", "--on-bad", "skip", "--rejects", work / "rejects.csv") == want
    assert (work / "rejects.csv").read_text() == "7,8\nx,y,z,1,2\n"
    message = kin("train", work / "spec.toml", "-o", work / "many", "--on-bad", "skip", "--max-bad", "0.01%", status=3).stderr
    assert "2 of " in message and "ratings.csv:4" in message


def test_a_damaged_archive_is_named(work):
    packed = gzip.compress((work / "ratings.csv").read_bytes())
    (work / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    message = kin("train", work / "spec.toml", "-o", work / "run", "--set", 'data.path="cut.csv.gz"', status=3).stderr
    assert "cut.csv.gz ends in the middle of its gzip data" in message


def test_users_may_come_in_any_kind_of_file(trained, tmp_path):
    def recommended(users, **options):
        return kin("recommend", trained, "--users", users, "-k", "3", "--format", "csv", **options).stdout

    (tmp_path / "users.csv").write_text("user,history\nann,1|4|7\nbob,2\n")
    want = recommended(tmp_path / "users.csv")
    (tmp_path / "users.csv.gz").write_bytes(gzip.compress((tmp_path / "users.csv").read_bytes()))
    assert recommended(tmp_path / "users.csv.gz") == want
    assert recommended("-", input=(tmp_path / "users.csv").read_text()) == want
    people = [{"user": "ann", "history": [1, 4, 7]}, {"user": "bob", "history": ["2"]}]
    (tmp_path / "users.jsonl").write_text("".join(json.dumps(person) + "\n" for person in people))
    assert recommended(tmp_path / "users.jsonl") == want
    events = "userId,movieId,timestamp,rating\nann,1,1,5\nbob,2,1,5\nann,4,2,5\nann,7,3,5\n"
    assert recommended("-", input=events) == want
