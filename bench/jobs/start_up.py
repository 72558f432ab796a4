"""How long `kin version` takes, and `kin recommend` on a model of 1,000,000 items of 64 numbers; files in the page cache."""
import os
import statistics
import subprocess
import sys
import time

from rounds import Setting

THREADS = [1]
RIVALS = ()
BARS_MS = {"version": 15, "recommend": 150}


def add_arguments(parser):
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20, help="runs of which one figure is the median")


def model(args):
    """A run directory with so many items, trained for a few steps: every item is seen twice."""
    folder = args.data / f"start-up-{args.items}"
    if (folder / "run" / "model.json").exists():
        return folder / "run"
    import numpy as np
    folder.mkdir(parents=True, exist_ok=True)
    print(f"training a model of {args.items:,} items", file=sys.stderr)
    items = np.random.default_rng(1).permutation(np.repeat(np.arange(args.items), 2))
    with open(folder / "events.csv", "w", encoding="ascii") as file:
        file.write("user,item,time\n")
        file.writelines(f"{i // 20},{item},{i}\n" for i, item in enumerate(items))
    (folder / "spec.toml").write_text("""spec = 1
data = { path = "events.csv", group_by = "user", order_by = "time" }
columns.item = { kind = "vocabulary", embed = { dim = 64 } }
model = { kind = "recommender", layers = [] }
head = { kind = "softmax", target = "item", negatives = 256 }
split = { by = "group" }
train = { max_steps = 20 }
""")
    subprocess.run([args.build / "kin", "train", folder / "spec.toml", "-o", folder / "run", "--quiet"], check=True)
    return folder / "run"


class StartUp(Setting):
    unit, scale = "runs", (1, "runs")

    def __init__(self, args, what, threads):
        super().__init__(args, f"start-up: kin {what}, bar {BARS_MS[what]} ms", threads, ["kin"])
        self.command = [args.build / "kin", what]
        if what == "recommend":
            self.command += [model(args), "--history", "1,2,3"]
        self.what = what

    def run(self, name):
        wall, cpu = [], []
        for _ in range(self.args.repeat):
            start, before = time.perf_counter(), os.times()
            subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL)
            wall.append(time.perf_counter() - start)
            cpu.append(sum(os.times()[2:4]) - sum(before[2:4]))
        used = statistics.mean(cpu)  # ticks of 10 ms: a single run has no more than its mean
        return {"runs_per_s": 1 / statistics.median(wall), "runs_per_cpu_s": 1 / max(used, 1e-4), "peak_rss_mb": 0, "version": "",
                "milliseconds": 1e3 * statistics.median(wall)}

    def remarks(self, halves):
        found = statistics.median(half["kin"]["milliseconds"] for half in halves)
        return {"milliseconds": found, "bar_ms": BARS_MS[self.what], "below_the_bar": found < BARS_MS[self.what]}


def settings(args):
    return (StartUp(args, what, threads) for what in BARS_MS for threads in args.threads)
