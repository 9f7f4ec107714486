"""A contender in a process of its own: it answers one line of JSON for each line of JSON that it reads. See run.py."""

import importlib
import json
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

sys.path.insert(1, os.environ.get("TENSORGRAD") or str(Path(__file__).resolve().parent.parent))  # of which checkout


CHECKED = 6  # steps whose losses are compared; by then a compiled step is replayed, no longer recorded
FIRST, LATER = 10, 21  # the calls that include compiling, and those whose median is a step's usual time


def load(contender, modules="with"):
    return importlib.import_module(f"contenders.{modules}_{contender}")


def prepare(contender, name, dtype):
    """The contender's step of a workload; or None, and why there is none is said."""
    from tuning import ALL

    workload = ALL[name]
    try:
        module = load(contender, workload.modules)
    except ModuleNotFoundError:
        answer({"skipped": "what is tuned on is not written for it"})
        return None
    if workload.task in module.MISSING:
        answer({"skipped": module.MISSING[workload.task]})
        return None
    return getattr(module, workload.task)(workload.arrays(dtype))


def numbers(result):
    """A step's loss, once it is there; of a value with its gradients, that value and the gradients' means."""
    import numpy as np

    if not isinstance(result, tuple):
        return float(result)
    value, gradients = result
    return [float(value), *(float(np.asarray(g).mean()) for g in gradients)]


def wait(result):
    """Until the step is done, and not only on its way."""
    float(result[0] if isinstance(result, tuple) else result)


def run(step, n):
    """Run n steps; the seconds that they took, by the clock and in all threads of this process together."""
    wait(step())  # wakes what fell asleep while others ran
    cpu, start = time.process_time(), time.perf_counter()
    for _ in range(n):
        result = step()
    wait(result)
    return time.perf_counter() - start, time.process_time() - cpu


def train(contender, workload, dtype):
    """Say who this is and the losses of the first steps; then run as many steps as each line asks for."""
    step = prepare(contender, workload, dtype)
    if step is None:
        return
    answer({"version": load(contender).VERSION, "losses": [numbers(step()) for _ in range(CHECKED)]})
    for line in sys.stdin:
        answer(run(step, json.loads(line)))


def compiling(contender, workload, dtype):
    """The seconds that the first calls of a step take longer than as many later ones."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache  # nothing is there from before
        step = prepare(contender, workload, dtype)
        if step is None:
            return
        times = [time.perf_counter()]
        for _ in range(FIRST + LATER):
            wait(step())
            times.append(time.perf_counter())
        taken = [end - start for start, end in pairwise(times)]
        answer({"seconds": sum(taken[:FIRST]) - FIRST * statistics.median(taken[FIRST:])})


def memory(contender, workload, dtype):
    """The most memory that NumPy and Python held at once in a training step, parameters and data included."""
    tracemalloc.start()
    step = prepare(contender, workload, dtype)
    if step is None:
        return
    for _ in range(3):
        step()
    tracemalloc.reset_peak()
    step()
    answer({"bytes": tracemalloc.get_traced_memory()[1]})


# Graphs of n additions ------------------------------------------------------------------------------------------------


def chain(a, b, n):
    for _ in range(n):
        a = a + b
    return a


def tree(a, b, n):
    level = [a, b] * ((n + 1) // 2)
    while len(level) > 1:
        odd = level[len(level) & ~1 :]
        level = [p + q for p, q in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


def resident():
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def scaling(contender, shape, n):
    """Nanoseconds per node to record, to run backward (which frees) and to free a graph of n additions of 4 numbers;
    and the bytes that a node holds."""
    import numpy as np

    module, shape, n = load(contender), {"chain": chain, "tree": tree}[shape], int(n)
    a, b = module.leaf(np.ones(4)), module.leaf(np.zeros(4))
    module.backward(shape(a, b, 1000))
    before, times = resident(), [time.perf_counter()]
    y = shape(a, b, n)
    times.append(time.perf_counter())
    held = resident() - before
    module.backward(y)
    times.append(time.perf_counter())
    y = shape(a, b, n)
    start = time.perf_counter()
    del y
    freed = time.perf_counter() - start
    record, backward = np.diff(times)
    answer({"record": record / n * 1e9, "backward": backward / n * 1e9, "free": freed / n * 1e9, "bytes": held / n})


def plain(contender, n):
    """Bytes of one of the arrays, or tensors, that such a graph holds."""
    import numpy as np

    module, n = load(contender), int(n)
    a = module.leaf(np.ones(4))
    a = a.data if contender == "tensorgrad" else a.detach()
    before = resident()
    keep = [a + a for _ in range(n)]
    answer({"bytes": (resident() - before) / len(keep) - 8})  # 8: its place in the list


# Rows, one after the other --------------------------------------------------------------------------------------------


def read(x, n):
    """The sum of a leaf's rows, each by an index of its own."""
    total = x[0]
    for t in range(1, n):
        total = total + x[t]
    return total


def timed(module, program):
    """Seconds of the program, and of the backward pass through it."""
    start = time.perf_counter()
    y = program()
    middle = time.perf_counter()
    module.backward(y)
    return middle - start, time.perf_counter() - middle


def peak(module, program):
    """The most memory that NumPy and Python held at once, in bytes."""
    tracemalloc.start()
    timed(module, program)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held


def rows(contender, n, repeats):
    """What three programs cost, which take turns: n rows of 4 numbers, each computed from the row before, are assigned
    into an array, or collected in a list and stacked; or the rows of a leaf are read."""
    import numpy as np

    module, n = load(contender), int(n)
    a, b, x = (module.leaf(array) for array in (np.array([0.5, 0.6, 0.7, 0.8]), np.ones(4), np.ones((n, 4))))
    programs = {
        "assigned": lambda: module.assigned(a, b, n),
        "stacked": lambda: module.stacked(a, b, n),
        "read": lambda: read(x, n),
    }
    try:
        module.backward(module.assigned(a, b, 1000))  # the first time is slower
    except TypeError as error:  # a checkout from before Tensors could be assigned into
        answer({"skipped": str(error)})
        return
    seconds = {name: [] for name in programs}
    for _ in range(int(repeats)):
        for name, program in programs.items():
            seconds[name].append(timed(module, program))
    held = {} if contender == "pytorch" else {name: peak(module, program) for name, program in programs.items()}
    answer({"seconds": seconds, "bytes": held})


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    task, contender, *rest = sys.argv[1:]
    try:
        load(contender)
    except ImportError as error:
        answer({"skipped": f"not installed: {error}"})
    else:
        tasks = {
            "train": train, "compile": compiling, "memory": memory, "scaling": scaling, "plain": plain, "rows": rows,
        }  # fmt: skip
        tasks[task](contender, *rest)
