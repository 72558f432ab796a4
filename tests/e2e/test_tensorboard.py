"""The real TensorBoard shows our event files and projector directories. Skipped where its package is not installed."""
import json
import logging
import os
import struct
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from conftest import KIN, kin
from test_row_models import write_rows, write_spec

try:
    from tensorboard import program
except ImportError:
    program = None

pytestmark = pytest.mark.skipif(program is None, reason="the package tensorboard is not installed")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logs")
    subprocess.run([os.environ["KIN_TENSORBOARD_LOGS"], directory], check=True, timeout=60)
    return directory


class Warnings(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Server:
    """TensorBoard in this process, asked over HTTP."""

    def __init__(self, logdir, *flags):
        self.warnings = Warnings()
        logging.getLogger("tensorboard").addHandler(self.warnings)
        board = program.TensorBoard()
        board.configure(argv=[None, "--logdir", str(logdir), "--port", "0", "--reload_interval", "1", *flags])
        self.url = board.launch().rstrip("/")

    def get(self, path, **query):
        url = f"{self.url}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
            return answer.read()

    def json(self, path, **query):
        return json.loads(self.get(path, **query))

    def wait_for(self, path, ready, **query):
        """TensorBoard loads in the background; its answer once it has what `ready` looks for."""
        answer = None
        for _ in range(120):
            answer = self.json(path, **query)
            if ready(answer):
                return answer
            time.sleep(0.25)
        raise AssertionError(f"{path} still answers {answer}")


@pytest.mark.parametrize("loader", ["false", "true"])
def test_a_resumed_run_is_one_curve(logs, loader):
    server = Server(logs, "--load_fast", loader)
    tags = server.wait_for("plugin/scalars/tags", lambda a: len(a.get("run", {})) == 2 and "run/eval" in a)
    assert set(tags["run"]) == {"loss", "rate/日"}
    assert set(tags["run/eval"]) == {"auc"}

    def last_step(rows):
        return rows and rows[-1][1] == 90
    rows = server.wait_for("plugin/scalars/scalars", last_step, run="run", tag="loss")
    assert [(step, value) for _, step, value in rows] == [(s, 1) for s in range(0, 50, 10)] + [
        (s, 2) for s in range(50, 100, 10)]
    histograms = server.wait_for("plugin/histograms/histograms", last_step, run="run", tag="table")
    assert [step for _, step, _ in histograms] == list(range(0, 100, 10))
    buckets = histograms[0][2]
    assert len(buckets) == 30 and sum(count for _, _, count in buckets) == 200
    assert buckets[-1][1] <= 1 and buckets[0][0] >= -1
    # Of the two scalars and the histogram of step 50, and the scalars of step 60.
    purged = ["Purging 5 expired"] if loader == "false" else []
    assert [line for line in server.warnings.lines if not any(words in line for words in purged)] == []


def test_the_projector_shows_every_table_with_its_labels(logs):
    server = Server(logs / "vectors", "--load_fast", "false")
    assert server.json("plugin/projector/runs") == ["."]
    info = server.json("plugin/projector/info", run=".")
    name = 'item embedding/日 _ "more"'
    assert [(e["tensorName"], e["tensorShape"]) for e in info["embeddings"]] == [
        (name, [5, 3]), ("words", [4, 2]), ("plain", [5, 3])]
    assert "metadataPath" not in info["embeddings"][2]
    values = struct.unpack("<15f", server.get("plugin/projector/tensor", run=".", name=name, num_rows=100000))
    assert values[0] == 0 and abs(values[1] - 0.841470985) < 1e-7
    words = struct.unpack("<8f", server.get("plugin/projector/tensor", run=".", name="words", num_rows=100000))
    assert words[1::2] == (0, 0, 0, 0)
    text = server.get("plugin/projector/metadata", run=".", name=name, num_rows=100000).decode()
    assert text == "title\tyear\na\t1\n(no label)\t\ntab here\t3\nStraße\t4\n日本\t5\n"
    text = server.get("plugin/projector/metadata", run=".", name="words", num_rows=100000).decode()
    assert text == "(no label)\nb\nc\nd\n"
    assert server.warnings.lines == []


def test_a_run_that_was_stopped_and_went_on_shows_every_step_once(tmp_path):
    write_rows(tmp_path / "rows.csv")
    spec, run = write_spec(tmp_path), tmp_path / "logs" / "run"
    options = ("--tensorboard", "--set", "train.summary_every=7", "--set", "train.histogram_every=50", "--set", "train.epochs=100", "--quiet")
    process = subprocess.Popen([KIN, "train", str(spec), "-o", str(run), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (run / "checkpoint.json").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    kin("train", spec, "-o", run, *options)
    steps = list(range(1, 901, 7))
    server = Server(tmp_path / "logs", "--load_fast", "false")
    tags = server.wait_for("plugin/scalars/tags", lambda a: "run/eval" in a and "auc" in a["run/eval"])
    assert {"loss", "learning_rate", "examples_per_second"} <= set(tags["run"])
    loss = server.wait_for("plugin/scalars/scalars", lambda a: a and a[-1][1] == steps[-1], run="run", tag="loss")
    assert [step for _, step, _ in loss] == steps
    server.wait_for("plugin/scalars/scalars", lambda a: a and a[-1][1] == 900, run="run/eval", tag="auc")
    table = server.wait_for("plugin/histograms/histograms", lambda a: a and a[-1][1] == 851, run="run", tag="gradients/city/embedding")
    assert [step for _, step, _ in table] == list(range(1, 901, 50))
    assert [line for line in server.warnings.lines if "expired" not in line] == []
