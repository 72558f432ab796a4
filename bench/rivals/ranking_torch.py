#!/usr/bin/env python3
"""PyTorch ranks: the scores of a block of users by a matrix product, then topk."""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=pathlib.Path, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--users", type=int, default=0)
parser.add_argument("--export", type=pathlib.Path)
args = parser.parse_args()
measure.fix_threads(args.threads)

import numpy as np
import torch

torch.set_num_threads(args.threads)
users, items = (torch.from_numpy(np.load(args.data / f"{name}.npy")) for name in ("users", "items"))
users = users[:args.users or len(users)]
BLOCK = 64  # the fastest of 16, 64, 256 and 1,024
best = []
with measure.Meter() as meter:
    for i in range(0, len(users), BLOCK):
        best.append(torch.topk(users[i:i + BLOCK] @ items.T, 20, 1).indices)
measure.report("torch", f"{torch.backends.cpu.get_cpu_capability()} {torch.__version__}", args.threads, len(users), meter, unit="users")
if args.export:
    np.save(args.export, torch.cat(best).numpy())
