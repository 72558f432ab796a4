"""The 20 best of all items for each user by dot product, 64 numbers each, as an evaluation of a recommender needs them."""
from rounds import Setting, rival, run

THREADS = [1, 2]
RIVALS = {"torch": "ranking_torch.py"}
DIM = 64


def add_arguments(parser):
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3, help="length of one run: of so many users")


class Ranking(Setting):
    unit, scale = "users", (1, "users")
    tolerance = {"same": -.001}

    def __init__(self, args, threads):
        super().__init__(args, f"ranking of {args.items:,} items, {DIM} numbers each", threads, ["kin", *args.rivals])
        self.bound = ("multiply-adds of the scores", "GFLOP/s", "fma_gflops_per_cpu_s", 2 * args.items * DIM / 1e9)
        self.data = args.data / f"ranking-{args.items}"
        if not (self.data / "users.npy").exists():
            import numpy as np
            self.data.mkdir(parents=True, exist_ok=True)
            random = np.random.default_rng(1)
            for name, rows in (("items", args.items), ("users", args.users)):
                np.save(self.data / f"{name}.npy", random.standard_normal((rows, DIM), dtype=np.float32))
        self.users = {name: 2048 for name in self.names}
        self.users = {name: min(args.users, max(2048, int(args.seconds * self.run(name)["users_per_s"]))) for name in self.names}

    def run(self, name, *flags):
        program = [self.args.programs / "kin_ranking"] if name == "kin" else rival(RIVALS[name])
        return run([*program, "--data", self.data, *(flags or ("--users", self.users[name]))], self.threads)

    def quality(self, name, folder):
        """Share of the 20 best that are those of NumPy."""
        import numpy as np
        self.run(name, "--users", "1024", "--export", folder / "best.npy")
        scores = np.load(self.data / "users.npy")[:1024] @ np.load(self.data / "items.npy").T
        best, found = np.argpartition(scores, -20, axis=1)[:, -20:], np.load(folder / "best.npy")
        return {"same": (best[:, :, None] == found[:, None, :]).any(2).mean()}

    def remarks(self, halves):
        return {"users": self.users}


def settings(args):
    return (Ranking(args, threads) for threads in args.threads)
