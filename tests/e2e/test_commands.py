"""What the commands answer, on stdout as data, in every format."""
import csv
import io
import json

import pytest
from conftest import KIN, kin, kin_json, run, write_spec


def test_similar_lists_neighbours_by_falling_cosine_with_titles(trained):
    answer = kin_json("similar", trained, "4", "-k", "5")
    assert answer["schema"] == "kin.similar/1"
    neighbours = answer["rows"]
    assert len(neighbours) == 5 and all(n["item"] != 4 for n in neighbours)
    scores = [n["score"] for n in neighbours]
    assert scores == sorted(scores, reverse=True) and -1.0001 <= scores[-1] <= scores[0] <= 1.0001
    assert neighbours[0]["title"].startswith("Movie ")


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_similar_knows_three_metrics(trained, metric):
    neighbours = kin_json("similar", trained, "4", "-k", "3", "--metric", metric)["rows"]
    scores = [n["score"] for n in neighbours]
    assert scores == sorted(scores, reverse=metric != "l2")


def test_recommend_leaves_out_the_history_unless_told_otherwise(trained):
    seen = {1, 4, 7}
    answer = kin_json("recommend", trained, "--history", "1,4,7", "-k", "57")
    keys = [r["item"] for r in answer["rows"]]
    assert len(keys) == 57 and not seen & set(keys)
    everything = kin_json("recommend", trained, "--history", "1,4,7", "-k", "60", "--no-exclude-seen")
    assert seen <= {r["item"] for r in everything["rows"]}


def test_recommend_takes_titles_where_keys_go(trained):
    by_key = kin_json("recommend", trained, "--history", "1,4", "-k", "5")["rows"]
    by_title = kin_json("recommend", trained, "--history", "Movie 1, the (1900)", "--history", "Movie 4, the (1903)", "-k", "5")
    assert by_title["rows"] == by_key


def test_recommend_follows_taste(trained):
    """Users of the generated data watch movies of one third: so must the recommendations for such a history."""
    answer = kin_json("recommend", trained, "--history", "1,4,7", "-k", "10")
    same = sum(r["item"] % 3 == 1 for r in answer["rows"])
    assert same >= 7


def test_why_names_the_items_that_contributed_most(trained):
    answer = kin_json("recommend", trained, "--history", "1,4,7", "-k", "2", "--why")
    for recommendation in answer["rows"]:
        assert {w["item"] for w in recommendation["why"]} <= {1, 4, 7} and recommendation["why"]
        adds = [w["adds"] for w in recommendation["why"]]
        assert adds == sorted(adds, reverse=True)


def test_recommend_reads_keys_from_stdin(trained):
    by_flag = kin_json("recommend", trained, "--history", "1,4,7")
    by_stdin = json.loads(kin("recommend", trained, "--history", "-", "--json", input="1\n4\n7\n").stdout)
    assert by_stdin["rows"] == by_flag["rows"]


def test_recommend_serves_many_users_as_csv_and_jsonl(trained, tmp_path):
    users = tmp_path / "users.csv"
    users.write_text("user,history\nann,1|4|7\nbob,2|5\n")
    rows = list(csv.DictReader(io.StringIO(kin("recommend", trained, "--users", users, "-k", "3", "--format", "csv").stdout)))
    assert [row["user"] for row in rows] == ["ann"] * 3 + ["bob"] * 3
    lines = [json.loads(line) for line in kin("recommend", trained, "--users", users, "-k", "3", "--format", "jsonl").stdout.splitlines()]
    assert [line["user"] for line in lines] == ["ann"] * 3 + ["bob"] * 3
    single = kin_json("recommend", trained, "--history", "1,4,7", "-k", "3")["rows"]
    assert [line["item"] for line in lines[:3]] == [row["item"] for row in single]
    assert [int(row["item"]) for row in rows] == [line["item"] for line in lines]


def test_evaluate_prints_the_floors_beside_every_metric(trained):
    report = kin_json("evaluate", trained)
    assert report["schema"] == "kin.evaluate/1"
    rows = {(row["protocol"], row["metric"]): row for row in report["rows"]}
    for metric in ("recall@5", "ndcg@5", "coverage@5"):
        row = rows["window", metric]
        for method in ("model", "popularity", "item-knn"):
            assert 0 <= row[method] <= 1
    row = rows["window", "ndcg@5"]
    assert row["model_low"] <= row["model"] <= row["model_high"]


def test_evaluate_is_the_same_at_any_number_of_threads(trained):
    assert kin("evaluate", trained, "--json", "--threads", 1).stdout == kin("evaluate", trained, "--json", "--threads", 3).stdout


def test_evaluate_takes_other_metrics_and_one_protocol(trained):
    report = kin_json("evaluate", trained, "--metrics", "ndcg@10,recall@20,coverage@20,popularity@20,map@7", "--protocol", "window-long")
    assert [(row["protocol"], row["metric"]) for row in report["rows"]] == [
        ("window-long", metric) for metric in ("ndcg@10", "recall@20", "coverage@20", "popularity@20", "map@7")]


def test_fail_under_passes_when_the_figure_is_reached(trained):
    kin("evaluate", trained, "--fail-under", "ndcg@5=0.0")


def test_several_runs_are_pooled(work):
    for fold in (0, 1):
        kin("train", work / "spec.toml", "-o", work / f"run{fold}", "--quiet", "--set", f"split.fold={fold}", "--set", "train.epochs=1")
    single = [kin_json("evaluate", work / f"run{fold}") for fold in (0, 1)]
    pooled = kin_json("evaluate", work / "run0", work / "run1")
    users = [report["counts"][0]["users"] for report in single]
    assert pooled["counts"][0]["users"] == sum(users)
    value = lambda report: next(row["model"] for row in report["rows"] if (row["protocol"], row["metric"]) == ("window", "ndcg@5"))
    mean = sum(value(report) * n for report, n in zip(single, users)) / sum(users)
    assert abs(value(pooled) - mean) < 1e-9


def test_the_same_run_twice_is_not_pooled(trained):
    kin("evaluate", trained, trained, status=2)


@pytest.mark.parametrize("args", [
    ["info", "{run}"], ["verify", "{run}"], ["lookup", "{run}", "1"], ["similar", "{run}", "1"], ["recommend", "{run}", "--history", "1"],
    ["evaluate", "{run}"], ["version"], ["doctor"], ["check", "{run}/../spec.toml"],
])
def test_every_command_has_json_with_a_versioned_schema(trained, args):
    answer = kin_json(*[arg.format(run=trained) for arg in args])
    assert answer["schema"] == f"kin.{args[0]}/1"


def test_check_resolved_is_a_spec_that_trains_the_same_model(work):
    resolved = kin("check", work / "spec.toml", "--resolved").stdout
    (work / "resolved.toml").write_text(resolved)
    kin("train", work / "spec.toml", "-o", work / "a", "--quiet")
    kin("train", work / "resolved.toml", "-o", work / "b", "--quiet")
    assert (work / "a" / "model.json").read_bytes() == (work / "b" / "model.json").read_bytes()


def test_check_says_what_memory_a_run_needs(work):
    answer = kin_json("check", work / "spec.toml")
    assert answer["memory_bytes"] > 0 and answer["parameters"] > 0


def test_the_rule_of_thumb_gives_the_dimension_and_says_so(work):
    text = (work / "spec.toml").read_text().replace("embed = { dim = 8 }", "embed = {}")
    (work / "spec.toml").write_text(text)
    done = kin("train", work / "spec.toml", "-o", work / "run")
    assert "fourth root" in done.stderr
    assert kin_json("info", work / "run")["dim"] == 3  # ceil(60 ^ (1/4))


@pytest.mark.parametrize("protocol, options", [("next-item", 'by = "time", valid = 1, test = 1'), ("fold-in", 'by = "group", folds = 5, fold = 0'),
                                               ("window-long", 'by = "group", valid = 0.2, test = 0.2')])
def test_every_protocol_trains_and_evaluates(work, protocol, options):
    text = (work / "spec.toml").read_text()
    text = text.replace('by = "group", folds = 5, fold = 0', options).replace('protocol = "window"', f'protocol = "{protocol}"')
    (work / "spec.toml").write_text(text)
    kin("train", work / "spec.toml", "-o", work / "run", "--quiet")
    rows = kin_json("evaluate", work / "run")["rows"]
    assert {row["protocol"] for row in rows} == {protocol}
    row = next(row for row in rows if row["metric"] == "ndcg@5")
    assert row["model"] > row["popularity"]


@pytest.mark.parametrize("overrides", [
    ["head.pick=random"], ["head.negatives=16", "head.sampler=unigram"], ["model.layers=[]"], ["model.position=learned"],
    ["model.position=recency", "model.item_dropout=0.3"], ["model.normalize=true", "model.temperature=0.1"], ["head.share=''"],
    ["model.layers=[8, 12]", "model.activation=gelu"], ["train.optimizer.name=adagrad", "train.optimizer.lr=0.5"],
    ["train.optimizer.name=rowwise_adagrad", "train.optimizer.lr=0.5"], ["train.optimizer.name=momentum", "train.optimizer.lr=1.0"],
    ["train.optimizer.lazy=false"], ["train.schedule.kind=cosine", "train.schedule.warmup_steps=10"], ["train.clip_norm=1.0", "train.l2=1e-5"],
    ["columns.watched.embed.combiner=mean"], ["columns.watched.embed.combiner=sum"], ["columns.watched.min_count=20", "columns.watched.oov=row"],
    ["columns.watched.max_size=40"], ["model.item_bias=none"], ["head.predict=1", "head.context=20"], ["train.early_stop.patience=1"],
], ids=lambda overrides: ",".join(overrides))
def test_every_option_trains_better_than_it_starts(work, overrides):
    sets = [arg for override in overrides for arg in ("--set", override)]
    kin("train", work / "spec.toml", "-o", work / "run", "--quiet", "--set", "train.epochs=4", *sets)
    kin("verify", work / "run")
    losses = [json.loads(line)["loss_since"] for line in (work / "run" / "train.jsonl").read_text().splitlines() if "loss_since" in line]
    assert losses[-1] < losses[0]
    keys = [line.split("\t")[0] for line in (work / "run" / "vocabulary" / "watched.txt").read_text().splitlines() if line[0] != "#"]
    assert len(kin_json("recommend", work / "run", "--history", ",".join(keys[:2]), "-k", 3)["rows"]) == 3


def test_stdout_closed_early_is_no_crash(trained):
    import subprocess

    shell = subprocess.run(["bash", "-c", f"set -o pipefail; {KIN} lookup {trained} --list --format csv | head -1"], capture_output=True, text=True)
    assert "Traceback" not in shell.stderr and "error" not in shell.stderr.lower()
    assert len(shell.stdout.splitlines()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(shell):
    script = kin("completion", shell).stdout
    for command in ("train", "evaluate", "recommend", "similar", "lookup", "info", "verify", "check", "doctor", "version"):
        assert command in script


def test_help_begins_with_examples_and_exits_with_0():
    for command in ("train", "evaluate", "recommend", "similar", "lookup", "info", "verify", "check", "doctor", "version", "completion"):
        text = kin(command, "--help").stdout
        assert any("kin " + command in line for line in text.splitlines()[:5]), text


def test_progress_rows_are_json_on_request(work):
    done = kin("train", work / "spec.toml", "-o", work / "run", "--progress", "json")
    rows = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert any("loss_since" in row for row in rows)
    assert done.stdout.strip() in (str(work / "run"), str(work / "run") + "/")
