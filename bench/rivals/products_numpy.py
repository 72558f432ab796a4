#!/usr/bin/env python3
"""NumPy multiplies, by the OpenBLAS that comes with it."""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure

parser = argparse.ArgumentParser(description=__doc__)
for name in ("m", "n", "k", "transpose-a", "transpose-b"):
    parser.add_argument("--" + name, type=int, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--ms", type=float, default=300)
args = parser.parse_args()
measure.fix_threads(args.threads)

import numpy as np
from threadpoolctl import threadpool_info

random = np.random.default_rng(1)
a = random.random((args.k, args.m) if args.transpose_a else (args.m, args.k), dtype=np.float32)
b = random.random((args.n, args.k) if args.transpose_b else (args.k, args.n), dtype=np.float32)
a, b, c = a.T if args.transpose_a else a, b.T if args.transpose_b else b, np.empty((args.m, args.n), np.float32)
for _ in range(3):
    np.matmul(a, b, out=c)
products = 0
with measure.Meter() as meter:
    end = time.perf_counter() + args.ms / 1e3
    while time.perf_counter() < end:
        np.matmul(a, b, out=c)
        products += 1
blas = threadpool_info()[0]
measure.report("openblas", f"{blas['architecture']} {blas['version']}", args.threads, 2 * args.m * args.n * args.k * products, meter, unit="flop")
