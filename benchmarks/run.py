"""tensorgrad, eager and compiled, beside hand-written NumPy and five other libraries, in one run.

    python benchmarks/run.py                           all of it, one to two hours
    python benchmarks/run.py --quick                   a look, in a few minutes, without torch.compile
    python benchmarks/run.py --only moons,mnist --dtypes float64 --threads 1
    python benchmarks/run.py --before ../other-checkout --contenders tensorgrad      what a change costs

Every contender is a process of its own, held to the same number of threads (and checked: one that used more is left
out). They start from the same weights and data, and their losses in the first steps must agree, or the run ends. Then
they take turns: in every round each runs a number of steps, the others waiting. A figure is the median, over the
rounds, of a contender's time divided by that of hand-written NumPy in the same round; in brackets its quartiles.
A second process of hand-written NumPy runs among them and shows how noisy the machine was; in a third glibc keeps
freed memory, as tensorgrad has it do, which shows how much of the difference that makes where arrays are large.

The part "compile" measures how long it takes until a step runs at its full speed, each time in a new process.

With --before DIR, the tensorgrad of another checkout takes part, and a last column gives the time of this one divided
by the time of that one in the same round.

Contenders that aren't installed are left out: pip install torch jax mygrad autograd micrograd
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from contenders import CONTENDERS
from picture import draw
from tuning import ALL, TUNING
from workloads import WORKLOADS

HERE = Path(__file__).resolve().parent
KEEPING, AGAIN = "keeping", "again"  # the other processes of hand-written NumPy
BEFORE = "before"  # tensorgrad of another checkout
TITLES = CONTENDERS | {KEEPING: "NumPy, memory kept", AGAIN: "NumPy again", BEFORE: "tensorgrad before"}
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}  # mallopt(3)
TOLERANCE = {"float64": 1e-6, "float32": 1e-4}
SLACK = 0.25  # of a thread, for what prepares the next call while the last one is computed
MOST_SECONDS, FEWEST_ROUNDS = 60, 11  # a workload whose rounds take longer than that gets fewer of them
PARTS = [*WORKLOADS, "compile", "import", "memory", "scaling", "rows"]
COMPILERS = ("jax", "compiled", "torch_compile")
COMPILED = ("moons", "moons_adam", "digits", "mnist", "transformer", "recurrent", "black_scholes")
VARIANTS = ("numpy_out", "compiled", "torch_compile")  # of contenders that have a name of their own
PACKAGES = {
    "numpy": "numpy", "tensorgrad": "tensorgrad", "pytorch": "torch", "jax": "jax", "mygrad": "mygrad",
    "autograd": "autograd.numpy", AGAIN: "numpy", BEFORE: "tensorgrad",
}  # fmt: skip


def pinned(threads):
    """The environment of a process with so many threads."""
    names = (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TORCHINDUCTOR_COMPILE_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NPROC",
        "PJRT_NPROC",
    )
    eigen = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()} intra_op_parallelism_threads={threads}"
    return os.environ | dict.fromkeys(names, str(threads)) | {"XLA_FLAGS": eigen, "JAX_PLATFORMS": "cpu"}


class Worker:
    """A contender's process. It speaks first; after that each question gets one answer."""

    def __init__(self, options, threads, task, contender, *rest):
        name = {KEEPING: "numpy", AGAIN: "numpy", BEFORE: "tensorgrad"}.get(contender, contender)
        environment = pinned(threads) | (KEEP_MEMORY if contender == KEEPING else {})
        environment |= {"TENSORGRAD": str(options.before)} if contender == BEFORE else {}
        command = [options.python.get(name, sys.executable), str(HERE / "worker.py"), task, name, *map(str, rest)]
        self.name = " ".join(command[2:])
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmark: {self.name} ended with status {self.process.wait()}; its error stands above")
        return json.loads(line)

    def run(self, n):
        """The time of n steps: by the clock, and of all threads."""
        print(n, file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ask(options, *command):
    """The one answer of a process that is asked nothing further."""
    worker = Worker(options, 1, *command)
    answer = worker.answer()
    worker.close()
    return answer


def race(options, workload, dtype, threads):
    """{contender: seconds per step in each round}, and {contender: why it was left out}."""
    names = everyone(options)
    workers = {name: Worker(options, threads, "train", name, workload, dtype) for name in names}
    try:
        hello = {name: worker.answer() for name, worker in workers.items()}
        left_out = {name: h["skipped"] for name, h in hello.items() if "skipped" in h}
        options.versions |= {name: h["version"] for name, h in hello.items() if "version" in h}
        running = {name: worker for name, worker in workers.items() if name not in left_out}
        check_losses(workload, dtype, {name: hello[name]["losses"] for name in running})
        steps = {name: steps_for(worker, options.seconds) for name, worker in running.items()}
        seconds = {name: [] for name in running}
        clock, cpu = dict.fromkeys(running, 0.0), dict.fromkeys(running, 0.0)
        order, begin = list(running), time.perf_counter()
        for i in range(options.rounds):
            if i >= FEWEST_ROUNDS and time.perf_counter() - begin > MOST_SECONDS:
                break
            for name in order:
                wall, busy = running[name].run(steps[name])
                seconds[name].append(wall / steps[name])
                clock[name] += wall
                cpu[name] += busy
            order = order[1:] + order[:1]  # nobody always comes after the same one
        for name in running:
            used = cpu[name] / clock[name]
            if used > threads + SLACK:
                if name == "numpy":
                    raise SystemExit(f"benchmark: NumPy used {used:.2f} threads instead of {threads}")
                left_out[name] = f"used {used:.2f} threads instead of {threads}"
                del seconds[name]
        return seconds, left_out
    finally:
        for worker in workers.values():
            worker.close()


def everyone(options):
    """All that take part in a race, in the order of the columns."""
    return [*options.contenders, KEEPING, AGAIN, *([BEFORE] if options.before else [])]


def check_losses(workload, dtype, losses):
    """The losses of the first steps agree: the loss itself, its gradients and the update are the same."""
    for name, values in losses.items():
        if not np.allclose(values, losses["numpy"], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]):
            raise SystemExit(f"benchmark: {workload}, {dtype}: {name} has losses {values}, NumPy {losses['numpy']}")


def steps_for(worker, seconds):
    """How many steps take about so long."""
    n = 1
    while True:
        taken = worker.run(n)[0]
        if taken > seconds / 4:
            return max(round(n * seconds / taken), 1)
        n *= 4


# Importing ------------------------------------------------------------------------------------------------------------

TIMED_IMPORT = """
import importlib, sys, time
start = time.perf_counter()
importlib.import_module(sys.argv[1])
print(time.perf_counter() - start)
"""


def import_seconds(options, name, cache):
    """How long a new process takes to import a package, whose compiled files lie in cache; None where there is none."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    checkout = options.before if name == BEFORE else HERE.parent
    environment |= {"PYTHONPATH": str(checkout), "PYTHONPYCACHEPREFIX": cache}
    command = [options.python.get(name, sys.executable), "-c", TIMED_IMPORT, PACKAGES[name]]
    done = subprocess.run(command, env=environment, cwd=cache, capture_output=True, text=True)
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def race_of_imports(options):
    """{package: seconds of an import in each round}, of those that are installed."""
    with tempfile.TemporaryDirectory() as cache:
        order = [name for name in everyone(options) if name in PACKAGES]
        order = [name for name in order if import_seconds(options, name, cache) is not None]  # the first compiles
        seconds = {name: [] for name in order}
        for _ in range(options.rounds):
            for name in order:
                seconds[name].append(import_seconds(options, name, cache))
            order = order[1:] + order[:1]
    return seconds


# Compiling ------------------------------------------------------------------------------------------------------------


def race_of_compilers(options, workload):
    """{contender: seconds in each round}; one that has taken MOST_SECONDS sits the later rounds out."""
    seconds = {name: [] for name in COMPILERS if name in options.contenders}
    order = list(seconds)
    for _ in range(options.repeats):
        for name in order:
            if sum(seconds[name]) < MOST_SECONDS:
                answer = ask(options, "compile", name, workload, "float64")
                seconds[name] += [answer["seconds"]] if "seconds" in answer else []
        order = order[1:] + order[:1]
    return {name: times for name, times in seconds.items() if times}


# The tables -----------------------------------------------------------------------------------------------------------


def spread(ratios, digits=2):
    """Median and quartiles."""
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def duration(seconds):
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def training_table(results, names):
    """One row a workload, one column a contender."""
    rows = []
    for workload, (seconds, _) in results.items():
        base = np.array(seconds["numpy"])
        cells = [ALL[workload].title, duration(statistics.median(base))]
        for name in names[1:]:
            cell = spread(np.array(seconds[name]) / base) if name in seconds else "—"
            cells.append(f"**{cell}**" if name in ("tensorgrad", "compiled") else cell)
        if BEFORE in names:
            cells.append(spread(np.array(seconds["tensorgrad"]) / np.array(seconds[BEFORE])))
        rows.append(cells)
    return table(["a step of", *(TITLES[name] for name in names), *(["now / before"] if BEFORE in names else [])], rows)


def compile_table(options):
    """One row a workload, one column a contender: its time, and the ratio to JAX's where that takes part."""
    names, rows = [name for name in COMPILERS if name in options.contenders], []
    for workload in COMPILED:
        print(f"{workload}, compiling ...", file=sys.stderr, flush=True)
        seconds = race_of_compilers(options, workload)
        cells = [WORKLOADS[workload].title]
        for name in names:
            cell = duration(statistics.median(seconds[name])) if name in seconds else "—"
            if name != "jax" and name in seconds and "jax" in seconds:
                cell += f", {spread(np.array(seconds[name]) / statistics.median(seconds['jax']), digits=3)}"
            cells.append(f"**{cell}**" if name == "compiled" else cell)
        rows.append(cells)
    return table(["compiling a step of", *(TITLES[name] for name in names)], rows)


def import_table(options):
    """One row, the time of an import where nothing is imported yet."""
    seconds = race_of_imports(options)
    base = np.array(seconds["numpy"])
    titles = {**TITLES, "numpy": "NumPy", "jax": "JAX"}
    cells = [duration(statistics.median(base))]
    for name in list(seconds)[1:]:
        cell = spread(np.array(seconds[name]) / base)
        cells.append(f"**{cell}**" if name == "tensorgrad" else cell)
    return table(["", *(titles[name] for name in seconds)], [["import", *cells]])


def memory_table(options):
    """Peak memory of a training step, by tracemalloc: for those whose arrays are NumPy's."""
    rows = []
    for workload in ("mnist", "transformer"):
        names = [name for name in ("numpy", "tensorgrad", "mygrad", "autograd") if name in options.contenders]
        names += [BEFORE] if options.before else []
        peaks = {name: ask(options, "memory", name, workload, "float64") for name in names}
        base = peaks["numpy"]["bytes"]
        cells = [f"{p['bytes'] / base:.2f}" if "bytes" in p else "—" for p in list(peaks.values())[1:]]
        bold = [f"**{cell}**" if name == "tensorgrad" else cell for name, cell in zip(names[1:], cells, strict=True)]
        rows.append([WORKLOADS[workload].title, f"{base / 1e6:.1f} MB", *bold])
    return table(["a step of", *(TITLES[name] for name in peaks)], rows)


def scaling_table(options):
    """What a node costs in graphs of very different size: medians over processes of their own."""
    rows = []
    names = [name for name in ("tensorgrad", "pytorch") if name in options.contenders]
    for name in names + ([BEFORE] if options.before else []):
        plain = ask(options, "plain", name, 1_000_000)
        if "skipped" in plain:
            continue
        for shape in ("chain", "tree"):
            for n in (1_000, 10_000, 100_000, 1_000_000):
                runs = [ask(options, "scaling", name, shape, n) for _ in range(options.repeats)]
                cost = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
                times = [f"{cost[key] / 1e3:.2f} µs" for key in ("record", "backward", "free")]
                held = f"{cost['bytes']:.0f}" if n >= 100_000 else ""  # a small graph fits into memory held already
                rows.append([TITLES[name], shape, f"{n:,}", *times, held, f"{plain['bytes']:.0f}"])
    return table(["", "graph", "nodes", "record", "backward", "free", "bytes per node", "of an array alone"], rows)


ROW_PROGRAMS = {
    "assigned": "`x[t + 1] = x[t] * a + b`", "stacked": "the same, in a list, stacked",
    "read": "`s = s + x[t]`, x a leaf",
}  # fmt: skip
ROW_NUMBERS = {"pytorch": (1_000, 10_000)}  # each of its assignments goes through all rows: 100,000 take minutes


def rows_table(options):
    """What a row costs in programs that go through very many: the median of repeats, and the most memory held."""
    cells = []
    names = [name for name in ("tensorgrad", "pytorch") if name in options.contenders]
    for name in names + ([BEFORE] if options.before else []):
        numbers = ROW_NUMBERS.get(name, (1_000, 10_000, 100_000))
        runs = {n: ask(options, "rows", name, n, options.repeats) for n in numbers}
        if any("skipped" in run for run in runs.values()):
            continue
        for program, title in ROW_PROGRAMS.items():
            for n, run in runs.items():
                seconds = np.array(run["seconds"][program])
                times = [f"{t / n * 1e6:.2f} µs" for t in np.median(seconds, axis=0)]
                ratio = spread(seconds.sum(axis=1) / np.sum(run["seconds"]["stacked"], axis=1))
                held = f"{run['bytes'][program] / n:.0f}" if run["bytes"] else ""
                cells.append([TITLES[name], title, f"{n:,}", *times, ratio if program == "assigned" else "", held])
    return table(["", "program", "rows", "forward", "backward", "time / stacked", "bytes per row"], cells)


# The command ----------------------------------------------------------------------------------------------------------


def choice(text, allowed):
    values = text.split(",")
    for value in values:
        if value not in allowed:
            raise argparse.ArgumentTypeError(f"{value!r} is none of {', '.join(allowed)}")
    return [value for value in allowed if value in values]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--only",
        type=lambda text: choice(text, [*PARTS, *TUNING]),
        default=PARTS,
        help=f"{','.join(PARTS)}; and what is tuned on, {','.join(TUNING)}",
    )
    add(
        "--contenders",
        type=lambda text: choice(text, list(CONTENDERS)),
        help=",".join(CONTENDERS),
    )
    add("--dtypes", type=lambda text: choice(text, list(TOLERANCE)), default=list(TOLERANCE), help="float64,float32")
    add("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2], help="1,2")
    add("--rounds", type=int, default=51)
    add("--seconds", type=float, default=0.03, help="how long each contender runs in a round, about")
    add("--quick", action="store_true", help="few and short rounds")
    add("--before", type=Path, metavar="DIR", help="another checkout, whose tensorgrad takes part")
    add("--python", action="append", default=[], metavar="CONTENDER=PATH", help="an interpreter of its own")
    add("--out", type=Path, default=HERE, help="where results.md and results.png go")
    options = parser.parse_args(arguments)
    options.python = dict(text.split("=", 1) for text in options.python)
    everybody = [name for name in CONTENDERS if not (options.quick and name == "torch_compile")]  # it takes minutes
    options.contenders = list(dict.fromkeys(["numpy", *(options.contenders or everybody)]))
    if options.before:
        options.before = options.before.resolve()
        options.contenders = list(dict.fromkeys([*options.contenders, "tensorgrad"]))
    options.repeats = 5
    if options.quick:
        options.rounds, options.seconds, options.repeats = min(options.rounds, FEWEST_ROUNDS), 0.003, 1
    options.versions = {}
    return options


def main(arguments=None):
    options = parse(arguments)
    report = []

    def say(text):
        print(text, flush=True)
        report.append(text)

    workloads = [name for name in options.only if name in ALL]
    left_out, pictured = {}, None
    for threads in options.threads:
        for dtype in options.dtypes:
            results = {}
            for workload in workloads:
                print(f"{workload}, {dtype}, {threads} thread(s) ...", file=sys.stderr, flush=True)
                results[workload] = race(options, workload, dtype, threads)
                for name, why in results[workload][1].items():
                    left_out.setdefault((name, why), []).append(workload)
            if results:
                heading = f"{dtype}, {'one thread' if threads == 1 else f'{threads} threads'}"
                say(f"### Time of a step, {heading}\n")
                say(training_table(results, everyone(options)))
                pictured = pictured or (results, heading)
    if workloads:
        say("NumPy by hand: its time. The others: the ratio to it, median of the rounds, in brackets the quartiles.\n")
    for (name, why), missed in left_out.items():
        say(f"- Left out: {TITLES[name]} in {', '.join(dict.fromkeys(missed))}: {why}.")
    if "compile" in options.only:
        say("\n### Time to compile, float64, one thread\n\n" + compile_table(options))
        say("By how much the first calls take longer than later ones, the median, and its ratio to that of JAX.\n")
    if "import" in options.only:
        say("\n### Time of an import\n\n" + import_table(options))
    if "memory" in options.only:
        say("\n### Most memory held during a step, float64\n\n" + memory_table(options))
    if "scaling" in options.only:
        say("\n### A node of a graph, by the size of the graph\n\n" + scaling_table(options))
    if "rows" in options.only:
        say("\n### A row of 4 numbers, float64, by the number of rows\n\n" + rows_table(options))
    others = [name for name in options.versions if name in CONTENDERS and name not in ("numpy", *VARIANTS)]
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    versions += [f"{TITLES[name]} {options.versions[name]}" for name in others]
    say(f"{', '.join(versions)}; {options.rounds} rounds, fewer where they take long.")

    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.md").write_text("\n".join(report) + "\n", encoding="utf-8")
    if pictured:
        try:
            draw(*pictured, options.out / "results.png")
        except ImportError:
            print("no picture: pip install matplotlib", file=sys.stderr)


if __name__ == "__main__":
    main()
