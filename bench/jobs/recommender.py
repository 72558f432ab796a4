"""Trains the recommender job of rivals/job.py: 3 items in, 7 out."""
import subprocess
import sys

import measure
from rounds import HERE, KIN, STEP, Setting, rival, run, steps_for

THREADS = [1, 2]
RIVALS = {"torch": "recommender_torch.py", "tensorflow": "recommender_tf.py", "kin-bf16": None,
          "kin-bf16-tables": None}
DIM, NEGATIVES, TARGETS, HIDDEN, BATCH = 64, 1024, 7, 256, 1024
# Of an example: forward 2, backward 4, for each product of a score and, with a tower, of a weight.
FLOP = {"dot": 6 * (NEGATIVES + TARGETS) * DIM, "tower": 6 * ((NEGATIVES + TARGETS) * DIM + 2 * DIM * HIDDEN)}


def add_arguments(parser):
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--models", choices=list(FLOP), nargs="+", default=["dot"])
    parser.add_argument("--seconds", type=float, default=3, help="length of one run")


class Recommender(Setting):
    tolerance = {"recall@20": -.005, "heldout_loss": .02}

    def __init__(self, args, items, threads, model):
        super().__init__(args, f"recommender, {items:,} items, {model}", threads, ["kin", *args.rivals])
        self.model = model
        self.bound = ("multiply-adds of the scores", "GFLOP/s", "fma_gflops_per_cpu_s", FLOP[model] / 1e9)
        self.data = args.data / f"{items}"
        if not (self.data / "best.json").exists():
            print(f"making data for {items:,} items", file=sys.stderr)
            subprocess.run([sys.executable, HERE / "histories.py", "--out", self.data, "--items", str(items)], check=True)
        # A first run of each, not counted, fills the page cache and tells how many steps last long enough.
        self.steps = {name: STEP for name in self.names}
        self.steps = {name: steps_for(args.seconds, BATCH, self.run(name)["examples_per_s"]) for name in self.names}

    def command(self, name):
        program = [self.args.programs / "kin_recommender", *KIN[name]] if name in KIN else rival(RIVALS[name])
        return [*program, "--data", self.data, "--model", self.model]

    def run(self, name):
        return run([*self.command(name), "--steps", self.steps[name]], self.threads)

    def quality(self, name, folder):
        """Held-out loss and recall after one pass over all data."""
        if name not in KIN:
            return run([*self.command(name), "--evaluate", "2000"], self.threads)["quality"]
        import numpy as np
        run([*self.command(name), "--export", folder], self.threads)
        test = np.load(self.data / "test.npy")[:2000]
        return measure.full_ranking(np.load(folder / "queries.npy")[:2000], np.load(folder / "outputs.npy"), test[:, :3], test[:, 3:])

    def remarks(self, halves):
        kin = halves[0]["kin"]
        return {"steps": self.steps, "unique_input_rows_a_step": kin["unique_input_rows"],
                "unique_output_rows_a_step": kin["unique_output_rows"]}


def settings(args):
    return (Recommender(args, items, threads, model) for model in args.models for items in args.items for threads in args.threads)
