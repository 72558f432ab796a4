"""What the rivals of a benchmark share: arguments, meter, the one line that they print, the evaluator.

Import it before NumPy, TensorFlow or PyTorch: it sizes their thread pools, which read the environment when loaded.
"""
import argparse
import json
import os
import pathlib
import resource
import sys
import time


def fix_threads(count):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
                     "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = str(count)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder that histories.py wrote")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="batches to train; 0: all that the data hold")
    parser.add_argument("--evaluate", type=int, default=0, help="held-out histories to evaluate")
    args = parser.parse_args()
    fix_threads(args.threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return args


class Meter:
    """with Meter() as m: ...   then m.wall and m.cpu in seconds, m.peak_mb of the process so far."""

    def __enter__(self):
        self.wall, self.cpu = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_):
        self.wall += time.perf_counter()
        self.cpu += time.process_time()
        self.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(name, version, threads, examples, meter, **more):
    json.dump({"name": name, "version": version, "threads": threads, "examples": examples,
               "examples_per_s": examples / meter.wall, "examples_per_cpu_s": examples / meter.cpu,
               "wall_s": meter.wall, "cpu_s": meter.cpu, "peak_rss_mb": meter.peak_mb, **more}, sys.stdout, default=float)
    print()


def full_ranking(queries, items, context, targets, k=20, block=64):
    """Recall@k over all items, the context left out, and the mean full-softmax loss of the targets."""
    import numpy as np
    hits, loss = 0, 0.0
    for i in range(0, len(queries), block):
        scores = queries[i:i + block] @ items.T
        rows = np.arange(len(scores))[:, None]
        top = scores.max(1, keepdims=True)
        loss += (top + np.log(np.exp(scores - top).sum(1, keepdims=True)) - scores[rows, targets[i:i + block]]).mean(1).sum()
        scores[rows, context[i:i + block]] = -np.inf
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        hits += (best[:, :, None] == targets[i:i + block, None, :]).sum()
    return {f"recall@{k}": hits / targets.size, "heldout_loss": loss / len(queries)}
