"""Matrix products at the shapes of the other jobs, beside the OpenBLAS that comes with NumPy."""
from rounds import Setting, rival, run

THREADS = [1, 2]
RIVALS = {"openblas": "products_numpy.py"}
# m, n, k of C [m, n]: what it is. Behind "t" the operand lies transposed.
LAYERS = [(f"{inputs} to {outputs}", 512, inputs, outputs) for inputs, outputs in ((429, 1024), (1024, 512), (512, 256))]
SHAPES = {f"wide-deep {name}, {what}": shape for name, batch, inputs, outputs in LAYERS for what, shape in (
    ("forward", (batch, outputs, inputs, 0, 0)),
    ("gradient of the kernel", (inputs, outputs, batch, 1, 0)),
    ("gradient of the inputs", (batch, inputs, outputs, 0, 1)))}
SHAPES |= {"recommender, scores": (1024, 1024, 64, 0, 1), "recommender, gradient of the queries": (1024, 64, 1024, 0, 0),
           "recommender, gradient of the rows": (1024, 64, 1024, 1, 0), "ranking, scores": (256, 512, 64, 0, 1)}


def add_arguments(parser):
    parser.add_argument("--only", default="", help="shapes whose name holds this")


class Product(Setting):
    unit, scale, bound = "flop", (1e9, "GFLOP"), ("multiply-adds", "GFLOP/s", "fma_gflops_per_cpu_s", 1e-9)

    def __init__(self, args, what, threads):
        super().__init__(args, what + " [%d, %d], k %d%s" % (*SHAPES[what][:3], (", A t" * SHAPES[what][3]) + (", B t" * SHAPES[what][4])),
                         threads, ["kin", *args.rivals])
        self.flags = [word for flag, value in zip(("--m", "--n", "--k", "--transpose-a", "--transpose-b"), SHAPES[what]) for word in (flag, value)]

    def run(self, name):
        return run([*([self.args.programs / "kin_products"] if name == "kin" else rival(RIVALS[name])), *self.flags], self.threads)


def settings(args):
    return (Product(args, what, threads) for what in SHAPES if args.only in what for threads in args.threads)
