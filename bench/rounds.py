"""What every job shares: rounds of probe and contestants by turns, disturbed ones dropped, ratios, table, JSON.

A round is: probe, kin, rivals, probe, rivals backwards, kin (ABBA), so that a slow spell of the machine hits all of them;
every run is a process of its own, on as many processors as threads. A ratio is kin's figure over the rival's of the same
half round; the table shows its median and its 10 % to 90 % range. Rounds in which the two probes differ by more than a
quarter, or in which other guests of the host took more than 5 % of the time, do not count; when they are more than half, the
result is refused.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RIVALS = HERE / "rivals"
# Contestants that are kin, with their flags.
KIN = {"kin": [], "kin-bf16": ["--precision", "bf16"], "kin-bf16-tables": ["--tables", "bf16"]}
STEP = 110  # steps at least of a run that is measured by steps; in fewer, the start of a rival weighs too much


def run(command, threads):
    """The line of JSON that a program prints last; it gets as many processors as threads."""
    done = subprocess.run([*map(str, command), "--threads", str(threads)], capture_output=True, encoding="utf-8",
                          preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads]))
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Setting:
    """One line of a job: who does what, on how many threads. Jobs derive from it.

    names     the contestants, "kin" first
    unit      what is counted; a run prints UNIT_per_s and UNIT_per_cpu_s, peak_rss_mb and version
    scale     how many of them a table counts as one, with a word for it
    probe     flags of the probe
    bound     (what bounds it, unit, key of the probe, how much of that unit one item takes), by CPU second; or None
    """
    unit, scale, probe, bound = "examples", (1, "examples"), ("--ms", 100), None

    def __init__(self, args, title, threads, names):
        self.args, self.title, self.threads, self.names = args, title, threads, names

    def run(self, name):
        raise NotImplementedError

    def quality(self, name, folder):
        """What one whole run has learned, by our evaluator; `folder` is for what it exports."""
        return {}

    tolerance = {}  # by the name of a quality: how far a contestant may be behind the best; below 0: more is better

    def remarks(self, halves):
        """What else is worth a line, such as rows that a step touches: numbers by name."""
        return {}


def rival(script, *flags):
    """The command of a rival that is written in Python."""
    return [sys.executable, "-B", RIVALS / script, *flags]


def steps_for(seconds, batch, examples_per_s, most=None):
    steps = max(STEP, int(seconds * examples_per_s / batch))
    return steps if most is None else min(steps, most)


def processor_ticks():
    """Ticks that other guests took from this machine, and all ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return ticks[7], sum(ticks)


def one_round(setting):
    probe = lambda: run([setting.args.programs / "kin_probe", *setting.probe], setting.threads)
    stolen, total = processor_ticks()
    first, there = probe(), {name: setting.run(name) for name in setting.names}
    second, back = probe(), {name: setting.run(name) for name in reversed(setting.names)}
    stolen, total = (after - before for after, before in zip(processor_ticks(), (stolen, total)))
    fma = [first["fma_gflops_per_cpu_s"], second["fma_gflops_per_cpu_s"]]
    return {"probes": [first, second], "halves": [there, back], "steal": stolen / total,
            "counts": max(fma) <= 1.25 * min(fma) and stolen <= 0.05 * total}


def spread(values):
    """Median, 10 % and 90 % quantile."""
    values = sorted(values)
    tenth = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else values * 9
    return {"median": statistics.median(values), "low": tenth[0], "high": tenth[8]}


def summary(setting, rounds):
    """The figures of the rounds that count."""
    kept = [r for r in rounds if r["counts"]]
    if 2 * len(kept) < len(rounds):
        sys.exit(f"{len(rounds) - len(kept)} of {len(rounds)} rounds were disturbed: run again on a quieter machine")
    halves = [half for r in kept for half in r["halves"]]
    mean = lambda r, key: statistics.mean(p[key] for p in r["probes"])
    rows = {}
    for name in setting.names:
        row = {what: spread(half[name][what] for half in halves) for what in (setting.unit + "_per_s", setting.unit + "_per_cpu_s")}
        row |= {"peak_rss_mb": max(half[name]["peak_rss_mb"] for half in halves), "version": halves[0][name]["version"]}
        if setting.bound:
            _, _, key, takes = setting.bound
            row["of_the_bound_per_cpu_s"] = spread(half[name][setting.unit + "_per_cpu_s"] * takes for half in halves)
            row["share_of_bound"] = spread(half[name][setting.unit + "_per_cpu_s"] * takes / mean(r, key) for r in kept for half in r["halves"])
        if name != "kin":
            for what in (setting.unit + "_per_cpu_s", setting.unit + "_per_s"):
                row["kin_over_it_" + what] = spread(half["kin"][what] / half[name][what] for half in halves)
        rows[name] = row
    keys = [key for key in kept[0]["probes"][0] if isinstance(kept[0]["probes"][0][key], float)]
    return {"setting": setting.title, "threads": setting.threads, "unit": setting.unit, "rounds": len(rounds), "rounds_that_count": len(kept),
            "isa": kept[0]["probes"][0]["isa"], "probes": {key: spread(mean(r, key) for r in kept) for key in keys},
            "bound": setting.bound and dict(zip(("name", "unit", "probe", "per_item"), setting.bound)),
            "remarks": setting.remarks(halves), "contestants": rows}


def check_quality(setting, result):
    """Adds what each has learned, and whether it is as good as the best."""
    for name in setting.names:
        with tempfile.TemporaryDirectory() as folder:
            result["contestants"][name]["quality"] = setting.quality(name, pathlib.Path(folder))
    result["equal_quality"] = {}
    for what, tolerance in setting.tolerance.items():
        found = {name: row["quality"][what] for name, row in result["contestants"].items()}
        behind = max(found.values()) - found["kin"] if tolerance < 0 else found["kin"] - min(found.values())
        result["equal_quality"][what] = bool(behind <= abs(tolerance))


def print_table(setting, result):
    scale, word = setting.scale
    bound, unit = "", ""
    if setting.bound:
        what, unit, key, _ = setting.bound
        bound = f"; bound: {what}, {result['probes'][key]['median']:.4g} {unit} a CPU second"
    print(f"\n{result['setting']}, {result['threads']} thread(s), {result['rounds_that_count']} of {result['rounds']} rounds, "
          f"{result['isa']}{bound}")
    print(f"{'':12}{word + '/s':>14}{'a CPU s':>12}{unit:>11}{'of bound':>9}{'peak MB':>9}  {'kernel, version':26}kin is faster: by CPU second, by wall clock")
    for name, row in result["contestants"].items():
        ratios = [row[key] for key in row if key.startswith("kin_over_it_")]
        share = [f"{row[key]['median']:{form}}" if key in row else "" for key, form in (("of_the_bound_per_cpu_s", ".1f"), ("share_of_bound", ".0%"))]
        digits = 0 if row[setting.unit + "_per_s"]["median"] / scale >= 100 else 2
        print(f"{name:12}{row[setting.unit + '_per_s']['median'] / scale:14,.{digits}f}{row[setting.unit + '_per_cpu_s']['median'] / scale:12,.{digits}f}"
              f"{share[0]:>11}{share[1]:>9}{row['peak_rss_mb']:9,.0f}  {row['version']:16}"
              + ", ".join(f"{r['median']:.2f}x [{r['low']:.2f}-{r['high']:.2f}]" for r in ratios))
        if "quality" in row:
            print(" " * 12 + ", ".join(f"{key} {value:.4f}" for key, value in row["quality"].items()))
    remarks = [f"{what.replace('_', ' ')} {value:,.4g}" for what, value in result["remarks"].items() if not isinstance(value, dict)]
    if remarks:
        print(" " * 12 + ", ".join(remarks))
    for what, equal in result.get("equal_quality", {}).items():
        print(f"{what}: {'as good as the best' if equal else 'WORSE THAN THE BEST: the speeds do not compare'}")
    sys.stdout.flush()


def measure(setting, rounds, quality):
    done = []
    for i in range(rounds):
        done.append(one_round(setting))
        print(f"{setting.title}: round {i + 1} of {rounds}{'' if done[-1]['counts'] else ' (disturbed)'}", file=sys.stderr)
    result = summary(setting, done)
    if quality:
        check_quality(setting, result)
    print_table(setting, result)
    return result
