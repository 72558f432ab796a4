"""What bad input gets: where, what came, what is needed, what to do, and the right exit status."""
import resource
import subprocess

import pytest
from conftest import KIN, kin, model_bytes, run, write_ratings, write_spec

HEADER = "userId,movieId,rating,timestamp\n"

SPECS = [  # what is replaced, by what, words of the message
    ("epochs = 3", "epoch = 3", ["epoch", "epochs", "spec.toml:7"]),
    ("batch = 32", 'batch = "many"', ["batch", "spec.toml:7"]),
    ("batch = 32", "batch = -1", ["batch"]),
    ("lr = 0.01", "lr = -2.0", ["lr"]),
    ("lr = 0.01", "lr = nan", ["lr"]),
    ('name = "adam"', 'name = "adan"', ["adan", "adam"]),
    ("dim = 8", "dim = -8", ["dim"]),
    ("context = 3", "context = 0", ["context"]),
    ("context = 3", "context = 1001", ["context", "1000"]),
    ("dropout = 0.1", "dropout = 1.5", ["dropout"]),
    ('target = "watched"', 'target = "watchd"', ["watchd", "watched"]),
    ('source = "movieId"', 'source = "movie"', ["movie", "movieId"]),
    ('group_by = "userId"', 'group_by = "user"', ["user", "userId"]),
    ('order_by = ["timestamp", "movieId"]', 'order_by = "time"', ["time", "timestamp"]),
    ("fold = 0", "fold = 5", ["fold"]),
    ('protocol = "window"', 'protocol = "next-item"', ["split.by", "time"]),
    ('by = "group", folds = 5, fold = 0', 'by = "time", valid = 1, test = 1', ["split.by", "next-item"]),
    ('protocol = "window"', 'protocol = "windows"', ["windows", "window"]),
    ('"recall@5"', '"recal@5"', ["recal@5", "recall"]),
    ("spec  = 1", "spec  = 2", ["spec"]),
    ("spec  = 1", "spec  = ", ["spec.toml"]),
    ('group_by = "userId"', 'group_by = "userId", where = "rating >> 4"', ["rating"]),
    ('group_by = "userId"', 'group_by = "userId", where = "ratng >= 4"', ["ratng", "rating"]),
    ('group_by = "userId"', 'group_by = "userId", where = "rating >= \'4\'"', ["rating"]),
]


@pytest.mark.parametrize("old, new, words", SPECS, ids=[case[1] for case in SPECS])
def test_a_wrong_spec_is_refused_with_place_and_advice(work, old, new, words):
    text = (work / "spec.toml").read_text()
    assert old in text
    (work / "spec.toml").write_text(text.replace(old, new, 1))
    done = kin("train", work / "spec.toml", "-o", work / "run", status=2)
    for word in words:
        assert word in done.stderr, done.stderr
    assert done.stdout == ""


DATA = [  # content of ratings.csv, status, words of the message
    (b"", 3, ["ratings.csv", "empty"]),
    (HEADER.encode(), 3, ["ratings.csv", "header"]),
    ((HEADER + "1,2,4,5\n1,2,4\n").encode(), 3, ["line 3", "3", "4"]),
    ((HEADER + "1,2,4,5\n1,2,4,5,6\n").encode(), 3, ["line 3", "5", "4"]),
    ((HEADER + '1,2,4,5\n1,"2,4,5\n').encode(), 3, ["line 3", "quote"]),
    (HEADER.encode() + b"1,2,4,5\n1,\xff\xfe,4,5\n", 3, ["line 3", "UTF-8"]),
    ((HEADER + "1,99999999999999999999,4,5\n1,3,4,6\n").encode(), 3, ["line 2", "movieId", "99999999999999999999"]),
    ((HEADER + "1,,4,5\n1,3,4,6\n").encode(), 3, ["ratings.csv:2", "movieId"]),
    ((HEADER + "1,2,4,5\n").encode(), 3, ["one event"]),
    ((HEADER + "".join(f"{u},7,4,{t}\n" for u in range(30) for t in range(25))).encode(), 3, ["one item"]),
    (b"userId,userId,rating,timestamp\n1,2,3,4\n", 3, ["userId", "twice"]),
]


@pytest.mark.parametrize("content, status, words", DATA, ids=range(len(DATA)))
def test_bad_data_are_refused_with_place_and_advice(work, content, status, words):
    (work / "ratings.csv").write_bytes(content)
    done = run("train", work / "spec.toml", "-o", work / "run")
    assert done.returncode == status, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_word_in_a_column_of_integers_names_line_column_value_and_the_way_out(work):
    with open(work / "ratings.csv", "a") as ratings:
        ratings.write("1,abc,4,999999\n")
    lines = len((work / "ratings.csv").read_text().splitlines())
    message = kin("train", work / "spec.toml", "-o", work / "run", status=3).stderr
    for word in (f"line {lines}", "movieId", "abc", 'data.types'):
        assert word in message, message


def test_rows_that_are_all_filtered_out_are_no_model(work):
    message = kin("train", work / "spec.toml", "-o", work / "run", "--set", "data.where='rating > 9'", status=3).stderr
    assert "rating > 9" in message


def test_a_missing_file_is_named(work):
    message = kin("train", work / "spec.toml", "-o", work / "run", "--set", "data.path=absent.csv", status=5).stderr
    assert "absent.csv" in message


def test_an_unwritable_place_is_named_before_training(work):
    (work / "file").write_text("in the way")
    message = kin("train", work / "spec.toml", "-o", work / "file", status=5).stderr
    assert "file" in message


def test_a_memory_limit_is_refused_before_training_with_the_need(work):
    message = kin("train", work / "spec.toml", "-o", work / "run", "--memory-limit", "100K", status=6).stderr
    assert "MiB" in message or "KiB" in message
    assert not (work / "run" / "model.json").exists()


def test_a_full_disk_loses_nothing(work):
    """Files may grow to 4 KiB only: the checkpoint cannot be written, what was there stays valid."""
    kin("train", work / "spec.toml", "-o", work / "run", "--quiet", "--set", "train.max_steps=10")
    before = model_bytes(work / "run")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    done = subprocess.run([KIN, "train", str(work / "spec.toml"), "-o", str(work / "fresh"), "--quiet"], preexec_fn=limit,
                          capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    assert "large" in done.stderr or "space" in done.stderr
    assert model_bytes(work / "run") == before
    kin("train", work / "spec.toml", "-o", work / "fresh", "--quiet")
    kin("verify", work / "fresh")
    assert not list((work / "fresh").glob("*.tmp-*"))


def test_divergence_stops_with_7_and_keeps_the_last_good_checkpoint(work):
    done = kin("train", work / "spec.toml", "-o", work / "run", "--set", 'train.optimizer.name="sgd"', "--set",
               "train.optimizer.lr=1e30", status=7)
    assert "step" in done.stderr and "lr" in done.stderr
    if (work / "run" / "checkpoint.json").exists():
        kin("verify", work / "run")
    assert not (work / "run" / "model.json").exists()


@pytest.mark.parametrize("args, status, words", [
    (["trian"], 2, ["train"]),
    (["train", "--epocs", "3"], 2, ["--epocs"]),
    (["similar", "{run}", "999999"], 1, ["999999"]),
    (["recommend", "{run}", "--history", "999999"], 1, ["999999"]),
    (["recommend", "{run}", "--history", "1,2", "-k", "0"], 2, ["count", "1 to"]),
    (["recommend", "{run}", "--history", "1,2", "-k", "many"], 2, ["many"]),
    (["recommend", "{run}", "--history", "Movie"], 1, ["Movie"]),
    (["lookup", "{run}", "abc"], 1, ["abc"]),
    (["info", "{run}/absent"], 5, ["absent"]),
    (["verify", "/etc"], 5, ["model.json"]),
    (["evaluate", "{run}", "--fail-under", "ndcg@5=1.0"], 1, ["ndcg@5"]),
    (["evaluate", "{run}", "--fail-under", "nothing=1.0"], 2, ["nothing"]),
    (["similar", "{run}", "1", "--metric", "cosin"], 2, ["cosin", "cosine"]),
])
def test_a_wrong_question_gets_an_answer_with_advice(trained, args, status, words):
    done = kin(*[arg.format(run=trained) for arg in args], status=status)
    for word in words:
        assert word in done.stderr, done.stderr


def test_every_flipped_byte_of_a_model_is_found(trained, tmp_path):
    import random
    import shutil

    draw = random.Random(1)
    files = model_bytes(trained)
    for trial in range(60):
        copy = tmp_path / f"copy{trial}"
        shutil.copytree(trained, copy)
        name = draw.choice(sorted(files))
        content = bytearray(files[name])
        at = draw.randrange(len(content))
        content[at] ^= 1 << draw.randrange(8)
        (copy / name).write_bytes(content)
        message = kin("verify", copy, status=4).stderr
        assert name in message, (name, at, message)
        if name != "checkpoint.json" and not name.startswith("checkpoint"):
            assert run("similar", copy, "1").returncode == 4, (name, at)


@pytest.mark.parametrize("name", ["weights", "vocabulary", "model.json"])
def test_a_truncated_file_is_refused(trained, tmp_path, name):
    import shutil

    for keep in (0, 0.5, 0.99):
        copy = tmp_path / f"copy{keep}"
        shutil.copytree(trained, copy)
        path = next(p for p in sorted(model_bytes(trained)) if p.startswith(name))
        content = (copy / path).read_bytes()
        (copy / path).write_bytes(content[:int(len(content) * keep)])
        kin("verify", copy, status=4)
        assert run("recommend", copy, "--history", "1").returncode == 4
