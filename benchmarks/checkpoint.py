"""What checkpoint saves in memory, and costs in time: ratios to the gradient without it, the median of several rounds.

A chain of 1,000 steps `tanh(x @ w)` on 64 points in 64 dimensions: as it is, in 32 checkpoints of 32 steps, and in
halves, halved again. Memory is the peak of what NumPy and Python allocate during the gradient (tracemalloc).
With torch installed, the same with torch.utils.checkpoint (its memory isn't seen
by tracemalloc; the bytes that its graph saves are counted instead, by saved_tensors_hooks).

Run it as `python benchmarks/checkpoint.py`, with OPENBLAS_NUM_THREADS=1.
"""

from importlib.util import find_spec

import numpy as np
from timing import peak, side_by_side

import tensorgrad as tg

STEPS, PART, SIZE, ROUNDS = 1024, 32, 64, 11


def chain(x, w, n):
    for _ in range(n):
        x = np.tanh(x @ w)
    return x


def in_parts(x, w, n):
    step = tg.checkpoint(chain)
    for _ in range(n // PART):
        x = step(x, w, PART)
    return x


def in_halves(x, w, n):
    if n <= 8:
        return chain(x, w, n)
    half = tg.checkpoint(in_halves)
    return half(half(x, w, n // 2), w, n // 2)


def gradient(f, x, w):
    return tg.grad(lambda x, w: f(x, w, STEPS).sum(), argnums=(0, 1))(x, w)


def compare(title, calls, sizes):
    """Time and memory of each call, and ratios to the first one's."""
    for call in calls.values():
        call()
    times, ratios = side_by_side(list(calls.values()), ROUNDS)
    print(f"{title:28}{'ms':>10}{'ratio':>8}{'MiB':>10}{'ratio':>8}")
    first = next(iter(sizes.values()))
    for name, t, ratio, size in zip(calls, times, ratios, sizes.values(), strict=True):
        print(f"  {name:26}{t * 1e3:10.1f}{ratio:8.2f}{size / 2**20:10.2f}{size / first:8.3f}")


def measure(x, w):
    calls = {
        "all is kept": lambda: gradient(chain, x, w),
        "32 checkpoints": lambda: gradient(in_parts, x, w),
        "halves of halves": lambda: gradient(in_halves, x, w),
    }
    results = [call() for call in calls.values()]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    compare("tensorgrad", calls, {name: peak(call) for name, call in calls.items()})


def measure_torch(x, w):
    import torch
    from torch.utils.checkpoint import checkpoint

    torch.set_num_threads(1)
    x, w = (torch.tensor(a, requires_grad=True) for a in (x, w))

    def steps(x, n):
        for _ in range(n):
            x = torch.tanh(x @ w)
        return x

    def parts(x):
        for _ in range(STEPS // PART):
            x = checkpoint(steps, x, PART, use_reentrant=False)
        return x

    def saved(f):
        """The bytes of what the graph keeps, each memory once."""
        seen = {}

        def note(t):
            seen[t.data_ptr()] = t.untyped_storage().nbytes()
            return t

        with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
            y = f(x).sum()
        size = sum(seen.values())
        y.backward()
        return size

    functions = {"all is kept": lambda x: steps(x, STEPS), "32 checkpoints": parts}
    calls = {name: lambda f=f: torch.autograd.grad(f(x).sum(), (x, w)) for name, f in functions.items()}
    compare("torch, when forward is done", calls, {name: saved(f) for name, f in functions.items()})


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(SIZE, SIZE)), rng.normal(size=(SIZE, SIZE)) / SIZE**0.5
    measure(x, w)
    if find_spec("torch"):
        measure_torch(x, w)
