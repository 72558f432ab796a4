#!/usr/bin/env python3
"""Golden numbers for training, computed by TensorFlow 2.15 (schema: README.md, "Training").

  make_training.py --seed 1 --out training             write everything
  make_training.py --seed 1 --out training --only sampled  one topic (repeatable)
  make_training.py --seed 1 --check training           compute again and compare
"""

import argparse
import importlib
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="-1",
                  OMP_NUM_THREADS="1", TZ="UTC")

TOPICS = ["optimizers", "schedules", "sampled"]


def generate(seed, out, only):
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.FATAL)
    tf.get_logger().setLevel("FATAL")
    assert tf.__version__.startswith("2.15."), "the oracle is TensorFlow 2.15"
    from make_training_topics.common import Topic
    about = Topic("about", seed, out)
    about.json("about.json", {"tensorflow": tf.__version__, "seed": seed, "made_by": "make_training.py"})
    for name in only or TOPICS:
        module = importlib.import_module(f"make_training_topics.{name}")
        topic = Topic(name, seed, out)
        module.make(topic)
        files = [f for f in topic.out.rglob("*") if f.is_file()]
        print(f"{name}: now {len(files)} files, {sum(f.stat().st_size for f in files):,} bytes in {out}", flush=True)


def differences(want, got, where=""):
    """Yields what differs; floats may differ by a few float32 rounding steps (another CPU, another Eigen kernel)."""
    if isinstance(want, float) or isinstance(got, float):
        if not (isinstance(want, (int, float)) and isinstance(got, (int, float))
                and math.isclose(want, got, rel_tol=2e-5, abs_tol=1e-7)):
            yield f"{where}: {want} became {got}"
    elif type(want) is not type(got):
        yield f"{where}: {want!r:.60} became {got!r:.60}"
    elif isinstance(want, dict) and want.get("tag") == "global_step/sec":
        return  # a measured speed
    elif isinstance(want, dict):
        for key in want.keys() | got.keys():
            if key == "wall_time":
                continue
            if key not in want or key not in got:
                yield f"{where}/{key}: only in one"
            else:
                yield from differences(want[key], got[key], f"{where}/{key}")
    elif isinstance(want, list):
        if len(want) != len(got):
            yield f"{where}: {len(want)} items became {len(got)}"
        for i, (a, b) in enumerate(zip(want, got)):
            yield from differences(a, b, f"{where}[{i}]")
    elif want != got:
        yield f"{where}: {want!r:.60} became {got!r:.60}"


def compare(folder, fresh):
    """Prints each difference between two output folders and returns their number."""
    import numpy as np
    names = sorted({f.relative_to(d) for d in (folder, fresh) for f in d.rglob("*") if f.is_file()})
    found, soft = 0, 0
    for name in names:
        a, b = folder / name, fresh / name
        if not a.exists() or not b.exists():
            problems = [f"only in {'the new run' if b.exists() else folder}"]
        elif a.read_bytes() == b.read_bytes() or name.name == "checkpoint" or "tfevents" in name.name:
            continue  # the last two hold the time of day; their content is compared in the JSON beside them
        elif name.suffix == ".json":
            problems = list(differences(json.loads(a.read_text()), json.loads(b.read_text())))
        elif name.suffix == ".npy":
            x, y = np.load(a), np.load(b)
            problems = [] if x.shape == y.shape and np.allclose(x, y, 2e-5, 1e-7) else ["values differ"]
        elif ".data-" in name.name or name.suffix == ".index":
            soft += 1  # last-bit differences of trained values; the values themselves are compared in the JSON
            problems = []
        else:
            problems = ["bytes differ"]
        found += len(problems)
        for text in problems[:5]:
            print(f"{name}: {text}")
    print(f"{len(names)} files compared, {found} differences, {soft} checkpoint files with other bytes")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="folder to write")
    parser.add_argument("--check", help="folder written earlier with the same --seed")
    parser.add_argument("--only", action="append", choices=TOPICS, help="topic to make (default: all)")
    args = parser.parse_args()
    if bool(args.out) == bool(args.check):
        parser.error("give either --out or --check")
    if args.out:
        generate(args.seed, args.out, args.only)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(args.seed, fresh, args.only)
        folder = pathlib.Path(args.check)
        if args.only:  # compare only what was made again
            made = {f.relative_to(fresh) for f in pathlib.Path(fresh).rglob("*") if f.is_file()}
            with tempfile.TemporaryDirectory() as part:
                for name in made:
                    if (folder / name).exists():
                        (pathlib.Path(part) / name).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(folder / name, pathlib.Path(part) / name)
                return compare(pathlib.Path(part), pathlib.Path(fresh)) > 0
        return compare(folder, pathlib.Path(fresh)) > 0


if __name__ == "__main__":
    sys.exit(main())
