"""kin inspect is right about tables of every shape without flags, and the specs that it writes work as they are."""
import csv
import gzip
import json
import os
import random
from pathlib import Path

import pytest

from conftest import kin, kin_json, write_ratings

DATA = os.environ.get("KIN_DATA", "")


def columns_of(*args):
    """Rows of the JSON report by column name."""
    report = kin_json("inspect", *args, "--quiet")
    assert report["schema"] == "kin.inspect/1"
    return {row["column"]: row for row in report["rows"]}


def write_csv(path, header, rows, **dialect):
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n", **dialect)
        if header:
            out.writerow(header)
        out.writerows(rows)


def spec_works(directory, *args):
    """Writes a spec, which kin check and kin encode must take as it is; returns its text and the first encoded row."""
    spec = directory / "drafted.toml"
    kin("inspect", *args, "--write-spec", spec)
    kin("check", spec)
    rows = kin("encode", spec).stdout.splitlines()
    return spec.read_text(), json.loads(rows[0])


def houses(draw):
    return [[i + 1, draw.choice(["north", "south", "east", "west", "middle"]), draw.randrange(1, 7), draw.choice([98001, 98104, 98178, 98052]),
             round(draw.lognormvariate(8, 2), 1), "" if draw.random() < 0.2 else round(draw.gauss(50, 9), 3),
             " ".join(draw.choices(["bright", "cozy", "large", "house", "near", "lake", "garden", "quiet"], k=draw.randrange(3, 9))),
             f"2014-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d} {draw.randrange(24):02d}:00:00",
             draw.randrange(75000, 900000)] for i in range(400)]


HOUSE_HEADER = ["id", "area", "bedrooms", "zipcode", "sqft_lot", "energy", "description", "sold at", "price"]


@pytest.fixture
def house_table(tmp_path):
    write_csv(tmp_path / "houses.csv", HOUSE_HEADER, houses(random.Random(1)))
    return tmp_path / "houses.csv"


def test_types_and_suggestions(house_table):
    columns = columns_of(house_table)
    assert {name: row["type"] for name, row in columns.items()} == {
        "id": "integer", "area": "string", "bedrooms": "integer", "zipcode": "integer", "sqft_lot": "number", "energy": "number",
        "description": "string", "sold at": "time", "price": "integer"}
    suggested = {name: row["suggested"] for name, row in columns.items()}
    assert suggested["id"] == "leave out"
    assert suggested["area"] == "vocabulary, indicator"
    assert suggested["bedrooms"] == "numeric, zscore"
    assert suggested["zipcode"].startswith("vocabulary")
    assert suggested["sqft_lot"] == "numeric, log1p"
    assert suggested["energy"].endswith("missing = mean")
    assert suggested["description"] == "text"
    assert suggested["sold at"] == "weekday, hour, month, weekday x hour"
    rows = list(csv.DictReader(open(house_table)))
    for name in HOUSE_HEADER:
        cells = [row[name] for row in rows if row[name] != ""]
        assert columns[name]["missing"] == len(rows) - len(cells)
        assert columns[name]["distinct"] == len(set(cells))
    prices = sorted(int(row["price"]) for row in rows)
    numbers = columns["price"]["numbers"]
    assert (numbers["min"], numbers["max"]) == (prices[0], prices[-1])
    assert numbers["quantiles"]["0.5"] == prices[199]
    assert abs(numbers["mean"] - sum(prices) / len(prices)) < 1e-6 * prices[-1]
    assert sum(numbers["histogram"]["counts"]) == len(prices)


def test_written_spec_for_a_target_works(house_table, tmp_path):
    text, row = spec_works(tmp_path, house_table, "--target", "price")
    assert "To predict: price" in text
    assert not any(line.startswith("price ") for line in text.splitlines())
    assert set(row) == {"area", "bedrooms", "zipcode", "sqft_lot", "energy", "description", "sold_at_weekday", "sold_at_hour",
                        "sold_at_month", "sold_at_weekday_hour"}
    assert "#   id: another value in every row" in text
    assert len(row["sqft_lot"]) == 1
    assert len(row["sold_at_weekday_hour"]["ids"]) == 1


def test_a_missing_target_is_named(house_table, tmp_path):
    done = kin("inspect", house_table, "--target", "prize", "--write-spec", tmp_path / "x.toml", status=2)
    assert "--target" in done.stderr and "did you mean 'price'?" in done.stderr
    assert not (tmp_path / "x.toml").exists()


def test_ratings_become_a_recommender_that_trains(tmp_path):
    write_ratings(tmp_path)
    done = kin("inspect", "ratings.csv", "--write-spec", "movies.toml", cwd=tmp_path)
    assert "next: kin train movies.toml" in done.stderr
    text = (tmp_path / "movies.toml").read_text()
    assert 'group_by = "userId"' in text and 'order_by = "timestamp"' in text and "[columns.watched]" in text
    kin("check", "movies.toml", cwd=tmp_path)
    kin("train", "movies.toml", "-o", "run", "--set", "train.epochs=1", cwd=tmp_path)
    kin("recommend", "run", "--history", "1,4", cwd=tmp_path)


def test_a_spec_elsewhere_finds_its_data(tmp_path):
    write_ratings(tmp_path)
    (tmp_path / "specs").mkdir()
    kin("inspect", "ratings.csv", "--write-spec", "specs/movies.toml", cwd=tmp_path)
    kin("check", "specs/movies.toml", cwd=tmp_path)
    (tmp_path / "other").mkdir()
    kin("inspect", tmp_path / "ratings.csv", "--write-spec", tmp_path / "movies.toml")
    kin("check", tmp_path / "movies.toml", cwd=tmp_path / "other")


@pytest.mark.parametrize("name,separator", [("a.csv", ","), ("b.tsv", "\t"), ("c.txt", ";"), ("d.dat", "|")])
def test_separators_are_found(tmp_path, name, separator):
    write_csv(tmp_path / name, HOUSE_HEADER, houses(random.Random(2)), delimiter=separator)
    columns = columns_of(tmp_path / name)
    assert list(columns) == HOUSE_HEADER
    assert columns["bedrooms"]["type"] == "integer"
    spec_works(tmp_path, tmp_path / name)


def test_ratings_of_double_colons_without_a_header(tmp_path):
    write_ratings(tmp_path)
    lines = (tmp_path / "ratings.csv").read_text().splitlines()[1:]
    (tmp_path / "ratings.dat").write_text("".join(line.replace(",", "::") + "\n" for line in lines))
    columns = columns_of(tmp_path / "ratings.dat")
    assert list(columns) == ["column1", "column2", "column3", "column4"]
    kin("inspect", tmp_path / "ratings.dat", "--write-spec", tmp_path / "r.toml")
    text = (tmp_path / "r.toml").read_text()
    assert 'separator = "::"' in text and 'group_by  = "column1"' in text
    kin("train", tmp_path / "r.toml", "-o", tmp_path / "run", "--set", "train.epochs=1")


def test_latin_1_titles_and_genres(tmp_path):
    lines = [f"{i}::Café {i} (19{i % 100:02d})::{'|'.join(random.Random(i).sample(['Drama', 'War', 'Comedy', 'Film-Noir'], 1 + i % 3))}"
             for i in range(200)]
    (tmp_path / "movies.dat").write_bytes("\n".join(lines).encode("latin-1"))
    columns = columns_of(tmp_path / "movies.dat")
    assert columns["column3"]["split"] == "|"
    assert columns["column3"]["distinct_parts"] == 4
    assert columns["column2"]["suggested"] == "text"
    text, row = spec_works(tmp_path, tmp_path / "movies.dat")
    assert 'encoding  = "latin-1"' in text
    assert len(row["column3"]["ids"]) == 1


def test_gzip_json_lines_and_multi_line_cells(tmp_path):
    with gzip.open(tmp_path / "a.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([["n", "remark"]] + [[i % 7, f"two\nlines {i}, quoted \"so\""] for i in range(50)])
    columns = columns_of(tmp_path / "a.csv.gz")
    assert columns["n"]["rows"] == 50 and columns["remark"]["distinct"] == 50
    (tmp_path / "b.jsonl").write_text("".join(json.dumps({"n": i, "tags": ["a", f"t{i % 3}"][: i % 3]}) + "\n" for i in range(60)))
    tags = columns_of(tmp_path / "b.jsonl")["tags"]
    assert tags["type"] == "strings"
    assert tags["missing"] == 20 and tags["values"] == 60
    spec_works(tmp_path, tmp_path / "b.jsonl")


def test_bad_rows_are_counted_with_their_lines(tmp_path):
    lines = ["n,s"] + [f"{i},x{i % 3}" for i in range(3000)]
    lines[1500], lines[2500] = "1,2,3", "7,\"open"
    lines[2500] = "7"
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    done = kin("inspect", tmp_path / "bad.csv", "--json", "--rejects", tmp_path / "rejects.csv")
    assert json.loads(done.stdout)["bad_rows"] == 2
    assert "bad.csv:1501" in done.stderr and "bad.csv:2501" in done.stderr
    assert (tmp_path / "rejects.csv").read_text().splitlines() == ["1,2,3", "7"]
    assert kin("inspect", tmp_path / "bad.csv", "--on-bad", "error", status=3).stdout == ""


def test_a_type_that_the_first_rows_hide_is_found(tmp_path):
    (tmp_path / "late.csv").write_text("n,k\n" + "".join(f"{i if i < 2000 else f'{i}.5'},a{i % 5 if i < 3000 else 'x'}\n" for i in range(6000)))
    done = kin("inspect", tmp_path / "late.csv", "--json", "--write-spec", tmp_path / "late.toml")
    rows = {row["column"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows["n"]["type"] == "number" and rows["n"]["rows"] == 6000
    assert "reading n as number" in done.stderr
    assert '{"n" = "number"}' in (tmp_path / "late.toml").read_text()
    kin("encode", tmp_path / "late.toml")


def test_formats_and_columns(house_table):
    table = kin("inspect", house_table, "--format", "table").stdout.splitlines()
    assert table[0].split() == ["column", "type", "missing", "distinct", "values", "suggested"]
    assert len(table) == 1 + len(HOUSE_HEADER)
    assert max(map(len, table)) <= 130
    assert len(kin("inspect", house_table, "--format", "plain").stdout.splitlines()) == len(HOUSE_HEADER)
    assert len(kin("inspect", house_table, "--format", "md").stdout.splitlines()) == 2 + len(HOUSE_HEADER)
    assert len(list(csv.DictReader(kin("inspect", house_table, "--format", "csv").stdout.splitlines()))) == len(HOUSE_HEADER)
    assert len([json.loads(line) for line in kin("inspect", house_table, "--format", "jsonl").stdout.splitlines()]) == len(HOUSE_HEADER)
    detail = kin("inspect", house_table, "--column", "price", "--format", "table").stdout
    assert "50%" in detail and "█" in detail and "because" in detail
    assert list(columns_of(house_table, "--column", "price", "--column", "id")) == ["price", "id"]
    assert "did you mean 'price'?" in kin("inspect", house_table, "--column", "prize", status=2).stderr


def test_collisions_at_a_number_of_buckets(tmp_path):
    (tmp_path / "keys.csv").write_text("key,n\n" + "".join(f"key{i},{i}\n" for i in range(1000)))
    found = columns_of(tmp_path / "keys.csv", "--buckets", 512)["key"]["collisions"]
    assert found["buckets"] == 512
    assert abs(found["expected"] - (1000 - 512 * (1 - (1 - 1 / 512) ** 1000))) < 1e-6
    assert 1000 - 512 <= found["actual"] < 1000


def test_the_spec_can_go_to_standard_output(house_table):
    out = kin("inspect", house_table, "--target", "price", "--write-spec", "-").stdout
    assert "[columns]" in out and "suggested" not in out


def test_usage_errors(tmp_path):
    assert "FILE or --query" in kin("inspect", status=2).stderr
    assert "nowhere.csv" in kin("inspect", tmp_path / "nowhere.csv", status=5).stderr
    (tmp_path / "empty.csv").write_text("")
    kin("inspect", tmp_path / "empty.csv", status=3)


# ---- Sets of a registry, where `setup/install.sh data` has been run -----------------------------------------------------

VEGA = Path(__file__).parents[2] / "build/node-data/node_modules/vega-datasets/data"


def vega_file(name):
    if not (VEGA / name).exists():
        pytest.skip("run `setup/install.sh data` for this test")
    return VEGA / name


def test_flights(tmp_path):
    columns = columns_of(vega_file("flights-3m.parquet"))
    assert columns["date"]["rows"] == 3_000_000
    assert {name: row["type"] for name, row in columns.items()} == {
        "date": "time", "delay": "integer", "distance": "integer", "origin": "string", "destination": "string"}
    assert columns["origin"]["distinct"] == 229 and columns["destination"]["distinct"] == 228
    assert columns["date"]["suggested"] == "weekday, hour, weekday x hour"
    kin("inspect", vega_file("flights-3m.parquet"), "--target", "delay", "--write-spec", tmp_path / "flights.toml")
    kin("check", tmp_path / "flights.toml")


def test_every_csv_file_of_vega_gets_a_spec_that_works(tmp_path):
    files = sorted(VEGA.glob("*.csv"))
    if len(files) < 10:
        pytest.skip("run `setup/install.sh data` for this test")
    for file in files:
        spec_works(tmp_path, file)


# ---- Real sets, where there are any: KIN_DATA names their directory --------------------------------------------------


def data_file(name):
    path = Path(DATA) / name
    if not DATA or not path.exists():
        pytest.skip(f"set KIN_DATA to a directory with {name} to run this")
    return path


def types_of(columns, *names):
    return [columns[name]["type"] for name in names]


def test_adult_census(tmp_path):
    columns = columns_of(data_file("adult-census/adult_train.csv"))
    assert types_of(columns, "age", "workclass", "capital_gain", "income") == ["integer", "string", "integer", "string"]
    assert columns["workclass"]["missing"] > 0 and columns["income"]["distinct"] == 2
    assert columns["capital_gain"]["suggested"] == "numeric, log1p"
    assert columns["education"]["suggested"].startswith("vocabulary")
    spec_works(tmp_path, data_file("adult-census/adult_train.csv"), "--target", "income")


def test_traffic(tmp_path):
    columns = columns_of(data_file("traffic-i94/Metro_Interstate_Traffic_Volume.csv"))
    assert columns["date_time"]["suggested"] == "weekday, hour, month, weekday x hour"
    assert columns["date_time"]["rows"] == 48204 and columns["date_time"]["distinct"] == 40575
    assert columns["weather_description"]["distinct"] == 38
    assert columns["weather_description"]["suggested"].startswith("vocabulary")
    text, row = spec_works(tmp_path, data_file("traffic-i94/Metro_Interstate_Traffic_Volume.csv"), "--target", "traffic_volume")
    assert row["date_time_weekday_hour"]["ids"] == [24 * 1 + 9]  # a Tuesday, 9 o'clock


def test_airbnb(tmp_path):
    columns = columns_of(data_file("airbnb/melbourne.csv"))
    assert columns["name"]["rows"] == 25946 and columns["name"]["suggested"] == "text"
    assert columns["neighbourhood_group"]["type"] == "empty"
    assert types_of(columns, "latitude", "last_review") == ["number", "time"]
    assert columns["neighbourhood"]["suggested"].startswith("vocabulary") and not columns["neighbourhood"]["split"]
    spec_works(tmp_path, data_file("airbnb/melbourne.csv"), "--target", "price")
    dc = columns_of(data_file("airbnb/washington_dc.csv"))
    assert dc["name"]["rows"] == 7788 and dc["neighbourhood"]["distinct"] == 39 and not dc["neighbourhood"]["split"]
    assert dc["last_review"]["time"] == "other"
    spec_works(tmp_path, data_file("airbnb/washington_dc.csv"), "--target", "price")


def test_king_county(tmp_path):
    columns = columns_of(data_file("house-prices/king_county.csv"))
    assert columns["date"]["type"] == "time" and columns["zipcode"]["distinct"] == 70
    assert columns["zipcode"]["suggested"].startswith("vocabulary")
    assert columns["waterfront"]["suggested"] == "numeric"
    assert columns["yr_renovated"]["missing"] > 20000
    spec_works(tmp_path, data_file("house-prices/king_county.csv"), "--target", "price")


def test_msweb_baskets(tmp_path):
    path = data_file("recommenderlab/MSWeb.csv")
    assert columns_of(path)["item"]["distinct"] == 285
    kin("inspect", path, "--write-spec", tmp_path / "m.toml")
    assert 'group_by = "user"' in (tmp_path / "m.toml").read_text()
    kin("check", tmp_path / "m.toml")


@pytest.mark.parametrize("name,columns,numbers,keys", [
    ("criteo_train_tiny.csv", 41, "I2", "C3"), ("criteo_sample.txt", 40, "I2", "C3"), ("avazu_sample.txt", 24, "C17", "device_model")])
def test_click_samples(tmp_path, name, columns, numbers, keys):
    found = columns_of(data_file(f"ctr-samples/{name}"))
    assert len(found) == columns
    assert found[numbers]["type"] in ("integer", "number") and found[keys]["type"] == "string"
    spec_works(tmp_path, data_file(f"ctr-samples/{name}"))


def test_alimama_has_no_header():
    found = columns_of(data_file("ctr-samples/alimama_sampled_train.txt"))
    assert len(found) == 267 and list(found)[0] == "column1"
    assert all(row["rows"] == 500 for row in found.values())
