"""Tables that start from files which do not know the keys of their rows, but whose vocabulary the user has."""
import numpy as np
import pytest
from conftest import SPEC, kin, write_ratings
from safetensors.numpy import load_file, save_file
from test_row_models import CITIES, write_rows, write_spec


def keys_of(run, column):
    return [line.split("\t")[0] for line in (run / "vocabulary" / f"{column}.txt").read_text().splitlines() if not line.startswith("#")]


def weights(run):
    return load_file(next(run.glob("weights-*.safetensors")))


@pytest.fixture
def rows(tmp_path):
    write_rows(tmp_path / "rows.csv")
    save_file({"theirs": np.arange(12, dtype=np.float32).reshape(4, 3)}, tmp_path / "old.safetensors")
    (tmp_path / "old.txt").write_text("oslo\nlisbon\nlondon\n")  # the last row is out of vocabulary
    return tmp_path


def test_a_column_and_a_warm_start_join_by_the_same_vocabulary(rows):
    column = 'columns.city = { kind = "vocabulary", oov_buckets = 1, embed = { dim = 3, trainable = false%s } }\ncolumns.size = "numeric"\n'
    embed = write_spec(rows, name="embed.toml", model="deep", columns=column % ', checkpoint = "old.safetensors", keys = "old.txt"')
    warm = write_spec(rows, name="warm.toml", model="deep", columns=column % "", train=', warm_start = { path = "old.safetensors", '
                      'rename = { "city/embedding" = "theirs" }, keys = { "city/embedding" = "old.txt" } }')
    for spec, run in ((embed, rows / "embed"), (warm, rows / "warm")):
        done = kin("train", spec, "-o", run)
        assert "city/embedding: 3 rows by key from theirs, 3 new, 1 of the file not used" in done.stderr
        table, keys = weights(run)["city/embedding"], keys_of(run, "city")
        assert sorted(keys) == sorted(CITIES)
        assert table[keys.index("oslo")].tolist() == [0, 1, 2] and table[keys.index("london")].tolist() == [6, 7, 8]
        assert table[-1].tolist() == [9, 10, 11]


def test_what_does_not_fit_is_said(rows):
    column = 'columns.city = { kind = "vocabulary", embed = { dim = 3%s } }\n'
    alone = write_spec(rows, model="deep", columns=column % ', keys = "old.txt"')
    assert "columns.city.embed.keys goes with embed.checkpoint" in kin("train", alone, "-o", rows / "run", status=2).stderr
    numbers = write_spec(rows, model="deep", columns='columns.hour = { kind = "identity", size = 24, embed = { dim = 3, checkpoint = "old.safetensors", keys = "old.txt" } }\n')
    assert "[4, 3]" in kin("train", numbers, "-o", rows / "run", status=2).stderr
    unknown = write_spec(rows, model="deep", columns=column % ', checkpoint = "old.safetensors"')
    done = kin("train", unknown, "-o", rows / "run", status=2)
    assert "does not say which keys its rows stand for" in done.stderr and "embed.keys" in done.stderr


def test_the_items_of_a_recommender_start_by_their_keys(tmp_path):
    write_ratings(tmp_path)
    (tmp_path / "old.txt").write_text("".join(f"{movie}\n" for movie in range(60, 0, -1)))
    save_file({"items": np.repeat(np.arange(60, 0, -1, dtype=np.float32)[:, None], 8, axis=1)}, tmp_path / "old.safetensors")
    text = SPEC.format(ratings="ratings.csv", movies="movies.csv", negatives=0, epochs=1)
    text = text.replace("embed = { dim = 8 }", 'embed = { dim = 8, checkpoint = "old.safetensors", keys = "old.txt" }')
    (tmp_path / "spec.toml").write_text(text.replace("lr = 0.01", "lr = 1e-30"))
    done = kin("train", tmp_path / "spec.toml", "-o", tmp_path / "run")
    keys = keys_of(tmp_path / "run", "watched")
    assert f"watched/embedding: {len(keys)} rows by key from items" in done.stderr
    table = weights(tmp_path / "run")["watched/embedding"]
    assert [int(row[0]) for row in table[:len(keys)]] == [int(key) for key in keys]
