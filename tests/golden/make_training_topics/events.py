"""Event files: scalars, histograms and text as the V1 and V2 writers make them, an Estimator's eval file, damaged copies."""

import os
import pathlib
import re
import shutil
import struct

import numpy as np
import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

from .checkpoints import flip, inside
from .common import SESSION, error_text, tensor
from .estimators import run_config
from .spec import columns, input_fn

v1 = tf.compat.v1


def histogram_inputs(t):
    return {
        "normal": t.floats(200),
        "constant": np.full(5, np.float32(t.rng.standard_normal())),
        "single": np.float32([0.25]),
        "empty": np.float32([]),
        "integers": np.float32(t.rng.integers(0, 4, 40)),
        "two_values": np.float32([0, 1]),
        "tiny_range": np.float32(1 + 1e-6 * t.rng.integers(0, 3, 20)),
        "wide": np.float32([-1e20, -1, 0, 1e-20, 1, 1e20]),
        "zeros": np.zeros(7, np.float32),
    }


def write_v1(t, inputs):
    """tf.compat.v1.summary: simple_value scalars and HistogramProto."""
    with tf.Graph().as_default(), v1.Session(config=SESSION) as session:
        writer = v1.summary.FileWriter("v1")
        value = v1.placeholder(tf.float32)
        scalar, histogram = v1.summary.scalar("loss", value), v1.summary.histogram("weights", value)
        for step, loss in enumerate([0.75, float(np.float32(t.rng.random())), float("nan"), float("inf"), -0.0]):
            writer.add_summary(session.run(scalar, {value: loss}), step * 10)
        for step, data in enumerate(inputs.values()):
            if data.size:
                writer.add_summary(session.run(histogram, {value: data}), step)
        many = v1.Summary(value=[v1.Summary.Value(tag=f"metric/{k}", simple_value=float(x))
                                 for k, x in enumerate(t.rng.standard_normal(3))])
        writer.add_summary(many, 2**40)
        writer.close()


def write_v2(t, inputs):
    """tf.summary: everything is a tensor with plugin metadata (kept once per tag by TensorBoard, written each time)."""
    writer = tf.summary.create_file_writer("v2")
    with writer.as_default():
        for step in range(3):
            tf.summary.scalar("epoch_loss", float(t.rng.random()), step=step)
        tf.summary.scalar("nan", float("nan"), step=0, description="not a number")
        for step, (name, data) in enumerate(inputs.items()):
            tf.summary.histogram(f"weights/{name}", data, step=step)
        tf.summary.histogram("five_buckets", inputs["normal"], step=0, buckets=5)
        tf.summary.text("note", t.name_for("hello **world**", "guten Tag", "日本"), step=1)
    writer.close()


def write_estimator():
    """What train() and evaluate() write; the graph records are dropped (they name this machine's folders)."""
    x, y = {"x": tf.constant([[1.0], [2.0], [3.0]])}, tf.constant([[0], [1], [1]])
    estimator = tf.estimator.LinearClassifier(columns([{"kind": "numeric_column", "key": "x"}]), config=run_config(
        "estimator", save_summary_steps=2, save_checkpoints_steps=4, log_step_count_steps=2))
    for _ in range(2):
        estimator.train(input_fn([(x, y)], repeat=True), steps=4)
        estimator.evaluate(input_fn([(x, y)]))
        estimator.evaluate(input_fn([(x, y)]), name="other")
    for f in pathlib.Path("estimator").rglob("*tfevents*"):
        kept = [r for r in records(f.read_bytes()) if not set(event_fields(r)) & {"graph_def", "meta_graph_def"}]
        f.write_bytes(b"".join(frame(r) for r in kept))


def event_fields(data):
    return [field.name for field, _ in Event.FromString(data).ListFields()]


# ---- framing ---------------------------------------------------------------------------------------------------------

def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = crc_table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def records(content):
    at = 0
    while at < len(content):
        size, = struct.unpack_from("<Q", content, at)
        assert struct.unpack_from("<I", content, at + 8)[0] == masked_crc(content[at:at + 8])
        data = content[at + 12:at + 12 + size]
        assert struct.unpack_from("<I", content, at + 12 + size)[0] == masked_crc(data)
        yield data
        at += 16 + size


# ---- what is inside --------------------------------------------------------------------------------------------------

def described(data):
    event = Event.FromString(data)
    result = {"bytes": len(data), "wall_time": event.wall_time, "step": event.step}
    for name in event_fields(data):
        if name == "file_version":
            result["file_version"] = event.file_version
        elif name == "source_metadata":
            result["source_metadata"] = {"writer": event.source_metadata.writer}
        elif name == "session_log":
            result["session_log"] = {"status": int(event.session_log.status),
                                     "checkpoint_path": event.session_log.checkpoint_path}
        elif name == "summary":
            result["values"] = [value_of(v) for v in event.summary.value]
        else:
            assert name in ("wall_time", "step"), name
    return result


def value_of(v):
    result = {"tag": v.tag}
    kind = v.WhichOneof("value")
    if kind == "simple_value":
        result["simple_value"] = np.float32(v.simple_value)
    elif kind == "histo":
        result["histo"] = {k: getattr(v.histo, k) for k in ("min", "max", "num", "sum", "sum_squares")}
        result["histo"].update(bucket_limit=list(v.histo.bucket_limit), bucket=list(v.histo.bucket))
    elif kind == "tensor":
        value = tf.make_ndarray(v.tensor)
        result["tensor"] = tensor(value)
    if v.HasField("metadata"):
        m = v.metadata
        result["metadata"] = {"plugin_name": m.plugin_data.plugin_name, "content": m.plugin_data.content,
                              "display_name": m.display_name, "summary_description": m.summary_description,
                              "data_class": int(m.data_class)}
    return result


def rename(folder):
    """V2 files are events.out.tfevents.<seconds>.<host>.<pid>.<uid>.v2, V1 files stop at <host>: fixes those parts."""
    for f in sorted(pathlib.Path(folder).rglob("*tfevents*")):
        seconds = 1700000000 + sum("tfevents.17000" in x.name for x in f.parent.iterdir())
        f.rename(f.parent / f"events.out.tfevents.{seconds}.host{'.1.0.v2' if f.name.endswith('.v2') else ''}")


def damaged():
    """Damaged copies of v2, and how many events TensorFlow reads before it stops."""
    source = next(pathlib.Path("v2").iterdir())
    size, first = source.stat().st_size, len(next(records(source.read_bytes()))) + 16
    for name, damage in {
        "truncated_in_last_record": lambda f: os.truncate(f, size - 5),
        "truncated_in_length": lambda f: os.truncate(f, first + 4),
        "empty": lambda f: os.truncate(f, 0),
        "flipped_data_of_third_record": lambda f: flip(f, 2 * 16 + first + 40),
        "flipped_length_of_second_record": lambda f: flip(f, first),
        "intact": lambda f: None,
    }.items():
        os.makedirs(f"damaged/{name}")
        copy = pathlib.Path(shutil.copy(source, f"damaged/{name}/events.out.tfevents.1700000000.host.1.0.v2"))
        damage(copy)
        count = 0

        def read():
            nonlocal count
            for _ in v1.train.summary_iterator(str(copy)):
                count += 1
        failure = error_text(read)
        yield {"file": str(copy), "events_read": count, "error": failure}


def make(t):
    inputs = histogram_inputs(t)
    with inside(t.out.resolve() / "events"):
        write_v1(t, inputs)
        write_v2(t, inputs)
        write_estimator()
        for f in pathlib.Path(".").rglob("*"):
            if f.is_file() and "tfevents" not in f.name:
                f.unlink()
        rename(".")
        files = {}
        for f in sorted(pathlib.Path(".").rglob("*tfevents*")):
            assert not re.search(rb"/(tmp|root|home)/", f.read_bytes()), f
            files[str(f)] = [described(r) for r in records(f.read_bytes())]
        bad = list(damaged())
    t.json("events/events.json", {
        "about": "one entry per record; the histogram inputs are those of the `weights` histograms, in order of the steps",
        "histogram_inputs": {k: list(v) for k, v in inputs.items()}, "files": files, "damaged": bad})
