"""Wide & deep on a click log, as rivals/wide_deep.py says to the letter, from memory and from CSV."""
import tempfile

import click_specs
from jobs import click_log
from rounds import KIN, STEP, rival, run, steps_for

THREADS = [1, 2]
RIVALS = {"tensorflow": "wide_deep_tf.py", "estimator": "wide_deep_estimator.py", "torch": "wide_deep_torch.py",
          "kin-bf16": None, "kin-bf16-tables": None}
SHAPES = ((26 * 16 + 13, 1024), (1024, 512), (512, 256), (256, 1))
FLOP = sum(6 * inputs * outputs for inputs, outputs in SHAPES)  # an example
WARM_UP = 20


def add_arguments(parser):
    click_log.add_arguments(parser)
    parser.add_argument("--input", nargs="+", choices=("memory", "csv"), default=["memory", "csv"])
    parser.add_argument("--batch", type=int, nargs="+", default=[512])
    parser.add_argument("--seconds", type=float, default=3, help="length of one run from memory; from CSV it is all rows")


class WideDeep(click_log.ClickLog):
    bound = ("multiply-adds of the dense layers", "GFLOP/s", "fma_gflops_per_cpu_s", FLOP / 1e9)

    def __init__(self, args, source, batch, threads):
        super().__init__(args, f"wide-deep from {source}, batch {batch}", threads, ["kin", *args.rivals])
        self.source, self.batch = source, batch
        words, self.file = ("identity", "-ids.csv") if source == "memory" else ("hash", ".csv")
        self.toml = self.spec(f"wide-deep-{words}-{batch}.toml", click_specs.wide_deep(words, batch))
        self.all = args.rows // batch
        self.steps = {name: self.all for name in self.names}
        if source == "memory":
            self.steps = {name: min(STEP, self.all) for name in self.names}
            self.steps = {name: steps_for(args.seconds, batch, self.run(name)["examples_per_s"], self.all) for name in self.names}

    def train(self, name, steps, *flags):
        flags = ["--input", self.source, "--steps", steps, *flags]
        if name not in KIN:
            return run(rival(RIVALS[name], "--data", self.data, "--batch", self.batch, *flags), self.threads)
        with tempfile.TemporaryDirectory(dir=self.args.build) as out:
            return run([self.args.programs / "kin_rows", "--spec", self.toml, "--data", self.data.resolve() / f"train{self.file}",
                        "--test", self.data.resolve() / f"test{self.file}", "--out", out, "--warm-up", WARM_UP,
                        *KIN[name], *flags], self.threads)

    def run(self, name):
        return self.train(name, self.steps[name])

    def quality(self, name, folder):
        self.train(name, self.all, "--export", folder / "scores.npy")
        return self.judge(folder / "scores.npy")

    def remarks(self, halves):
        return {"steps": self.steps, "parameters_s": halves[0]["kin"]["parameters_s"], "load_s": halves[0]["kin"]["load_s"]}


def settings(args):
    return (WideDeep(args, source, batch, threads) for source in args.input for batch in args.batch for threads in args.threads)
