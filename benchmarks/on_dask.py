"""What Dask's workers add to one process: examples per second of tensorgrad.distributed, and what a network costs.

    python benchmarks/on_dask.py                    some minutes
    python benchmarks/on_dask.py --rounds 3 --networks small --batches 1024

First, measured: the loss and the gradient of a batch, by `tensorgrad.value_and_grad` on NumPy's arrays in this process,
and by `tensorgrad.distributed.value_and_grad` on a LocalCluster of one and of two worker processes, with one thread
each. The data lie on the workers, one chunk for each. They take turns; a figure is the median of the rounds, a ratio
the median of the ratios to this process in the same round.

Then, simulated: how much faster W machines would be than one process, for W that this machine hasn't. The model of a
step is

    parameters from here to the scheduler, to a worker, and on in a tree    (2 + log2 W) transfers
    the gradient of a chunk                                                 measured, of 1/W of the batch
    the sum of gradients in pairs, in a tree                                log2 W (transfer + addition)
    the result from the last worker to the scheduler, and here              2 transfers
    what Dask needs for a step and for a task                               measured, on two workers

and a transfer takes latency + bytes / bandwidth. What is measured for it is CPU time, which others who work on the
machine don't change.
"""

import argparse
import itertools
import math
import os
import time
from functools import partial

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # workers inherit it

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, wait
from timing import seconds

import tensorgrad as tg
from tensorgrad.distributed import value_and_grad
from tensorgrad.distributed.work import Part, mean_of_two

NETWORKS = {"small": [64, 128, 10], "middle": [256, 512, 512, 10], "large": [784, 1024, 10]}
BATCHES = [1024, 8192, 65536]
MOST = 1e10  # parameters times examples: what is more would take minutes
GBITS, LATENCY, MACHINES = (1, 10), 1e-4, (2, 4, 16, 64)  # Gbit/s; seconds of a transfer; workers


def loss(model, X, y):
    return tg.softmax_cross_entropy(model(X), y)


def model_of(widths):
    return tg.MLP(widths[0], widths[1:], activation="tanh", rng=0)


def data_of(n, widths):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, widths[0])), rng.integers(0, widths[-1], n)


def in_process(model, X, y):
    with tg.no_grad():  # arrays are given, and no Tensors
        return tg.value_and_grad(loss)(model, X, y)


def cpu_seconds(call):
    """What a call needs of the one core that it has, whoever else works on this machine."""
    start = time.process_time()
    call()
    return time.process_time() - start


def on_workers(client, model, X, y, chunks):
    """A call that computes the same on the workers of a client, where the data lie."""
    with client.as_current():
        lazy = [da.from_array(x, chunks=(-(-len(x) // chunks), *x.shape[1:])).persist() for x in (X, y)]
        wait(lazy)

    def call():
        with client.as_current():
            return value_and_grad(loss)(model, *lazy)

    return call


def cases(options):
    for name, n in itertools.product(options.networks, options.batches):
        if n * sum(p.data.size for p in model_of(NETWORKS[name]).parameters()) < MOST:
            yield name, n


def measured(clients, options):
    """Times of each network and batch: in this process, and on so many workers."""
    for name, n in cases(options):
        widths = NETWORKS[name]
        model, (X, y) = model_of(widths), data_of(n, widths)
        calls = [partial(in_process, model, X, y)]
        calls += [on_workers(client, model, X, y, workers) for workers, client in clients.items()]
        values = [float(call()[0]) for call in calls]
        assert np.allclose(values, values[0], rtol=1e-9), values
        repeat = max(1, int(0.2 / seconds(calls[0])))
        times = np.array([[seconds(call, repeat) for call in calls] for _ in range(options.rounds)])
        yield name, n, np.median(times, axis=0), np.median(times[:, :1] / times, axis=0)


def overhead(client, steps=20):
    """CPU seconds that Dask needs for a step, and for each task of it, here (the client and the scheduler) and on the
    workers, one after the other: of a tiny network, by the number of chunks."""
    model, (X, y) = model_of([2, 2]), data_of(128, [2, 2])
    tasks, times = [], []
    for chunks in (2, 8, 32):
        call = on_workers(client, model, X, y, chunks)
        call()
        here, there = time.process_time(), client.run(time.process_time)
        for _ in range(steps):
            call()
        here = time.process_time() - here
        there = [end - start for start, end in zip(there.values(), client.run(time.process_time).values(), strict=True)]
        tasks.append(2 * chunks)  # a gradient for each, a sum for all but one, and the parameters
        times.append((here + max(there)) / steps)
    per_task, fixed = np.polyfit(tasks, times, 1)
    return max(0.0, fixed), per_task


def gradient_times(widths, n, rounds):
    """Seconds of the gradient of 1/W of a batch, by W; and of an addition of two gradients."""
    model, (X, y) = model_of(widths), data_of(n, widths)
    found = {}
    for workers in (1, *MACHINES):
        part = max(1, n // workers)
        call = partial(in_process, model, X[:part], y[:part])
        found[workers] = np.median([cpu_seconds(call) for _ in range(rounds)])
    gradients = [p.data for p in model.parameters()]
    a = Part(n, 1.0, gradients)
    return (
        found,
        np.median([cpu_seconds(lambda: mean_of_two(a, a)) for _ in range(rounds)]),
        sum(g.nbytes for g in gradients),
    )


def simulated(options, fixed, per_task):
    """How much faster so many machines would be than one process, for each network, batch and bandwidth."""
    for name, n in cases(options):
        gradient, addition, size = gradient_times(NETWORKS[name], n, options.rounds)
        for gbits in GBITS:
            transfer = LATENCY + size * 8 / (gbits * 1e9)
            speedups = []
            for workers in MACHINES:
                depth = math.ceil(math.log2(workers))
                step = fixed + per_task * 2 * workers + gradient[workers]
                step += (4 + depth) * transfer + depth * (transfer + addition)
                speedups.append(gradient[1] / step)
            yield name, n, size, gbits, speedups


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=lambda text: text.split(","), default=[*NETWORKS])
    parser.add_argument("--batches", type=lambda text: [int(n) for n in text.split(",")], default=BATCHES)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    started = time.time()
    settings = {"threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(n_workers=1, **settings) as one,
        LocalCluster(n_workers=2, **settings) as two,
        Client(one) as first,
        Client(two) as second,
    ):
        print("| network | parameters | batch | one process, examples/s | 1 worker | 2 workers |")
        print("|---|---|---|---|---|---|")
        for name, n, times, ratios in measured({1: first, 2: second}, options):
            count = sum(p.data.size for p in model_of(NETWORKS[name]).parameters())
            rates = f"{n / times[0]:,.0f} | {ratios[1]:.2f} | {ratios[2]:.2f}"
            print(f"| {name} | {count:,} | {n:,} | {rates} |", flush=True)
        fixed, per_task = overhead(second)
    print(f"\nDask: {fixed * 1e3:.1f} ms a step, {per_task * 1e3:.2f} ms a task\n")
    print(f"| network | MB | batch | Gbit/s | {' | '.join(f'{w} workers' for w in MACHINES)} |")
    print(f"|---|---|---|---|{'---|' * len(MACHINES)}")
    for name, n, size, gbits, speedups in simulated(options, fixed, per_task):
        figures = " | ".join(f"{speedup:.2f}" for speedup in speedups)
        print(f"| {name} | {size / 1e6:.1f} | {n:,} | {gbits} | {figures} |", flush=True)
    print(f"\n{time.time() - started:.0f} s; load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
