"""What the jobs on the click log share: its data, made once, and how predictions are judged."""
import subprocess
import sys

import measure
from rounds import HERE, Setting

VALUES = 39 - 3.2  # fields of a row that are not missing, on average


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=200_000, help="to train on; 1,000,000 for the figures of quality")


def folder(args):
    """That of the data of so many rows."""
    data = args.data / f"clicks-{args.rows}"
    if not (data / "best.json").exists():
        print(f"making {args.rows:,} clicks", file=sys.stderr)
        subprocess.run([sys.executable, "-B", HERE / "clicks.py", "--out", data, "--rows", str(args.rows)], check=True)
    return data


class ClickLog(Setting):
    tolerance = {"auc": -.002, "log_loss": .002}

    def __init__(self, args, title, threads, names):
        super().__init__(args, title, threads, names)
        self.data = folder(args)

    def spec(self, name, text):
        path = self.data / name
        path.write_text(text)
        return path

    def judge(self, scores):
        """Predictions of the first rows of the test part, as many as there are."""
        import numpy as np
        scores = np.load(scores).ravel()
        labels = np.load(self.data / "test-label.npy")[:len(scores)]
        return {"auc": measure.auc(labels, scores), "log_loss": measure.log_loss(labels, scores)}
