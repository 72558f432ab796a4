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
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "TF_NUM_INTRAOP_THREADS",
                     "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = str(count)


def arguments(description, **extra):
    """Those of every rival, and those of a job as name=default; a default that is a tuple lists the choices."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder that the generator wrote")
    parser.add_argument("--threads", type=int, default=1)
    for name, default in extra.items():
        choices = default if isinstance(default, tuple) else None
        default = default[0] if choices else default
        parser.add_argument("--" + name, type=pathlib.Path if default is None else type(default), default=default, choices=choices)
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


def report(name, version, threads, count, meter, unit="examples", **more):
    json.dump({"name": name, "version": version, "threads": threads, unit: count, unit + "_per_s": count / meter.wall,
               unit + "_per_cpu_s": count / meter.cpu, "wall_s": meter.wall, "cpu_s": meter.cpu, "peak_rss_mb": meter.peak_mb, **more}, sys.stdout, default=float)
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


def auc(labels, scores):
    """Area under the ROC curve; ties count half."""
    import numpy as np
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = labels > 0.5
    clicks, others = positive.sum(), (~positive).sum()
    return (ranks[positive].sum() - clicks * (clicks + 1) / 2) / (clicks * others)


def log_loss(labels, probabilities):
    """Mean over the rows, in nats."""
    import numpy as np
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return -np.mean(np.where(labels > 0.5, np.log(p), np.log1p(-p)))
