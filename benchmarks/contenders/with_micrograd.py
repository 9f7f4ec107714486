"""micrograd: a list of its scalars where others have an array."""

import sys
from importlib.metadata import version

from micrograd.engine import Value

VERSION = version("micrograd")
_NETWORKS = "has no exp and no log, and one object per number"
_TASKS = ("mlp", "mlp_adam", "convolution", "convnet", "transformer", "recurrent", "lstm", "embedding")
MISSING = dict.fromkeys(_TASKS, _NETWORKS) | dict.fromkeys(("simulation", "black_scholes"), "has no arrays")

sys.setrecursionlimit(20_000)  # its backward pass calls itself


def numbers(array):
    return [Value(x) for x in array.tolist()]


def record(w):
    a, b = numbers(w.a), numbers(w.b)

    def step():
        for _ in range(w.ops):
            y = [p + q for p, q in zip(a, b, strict=True)]
        return sum(v.data for v in y)

    return step


def chain(w):
    a, b = numbers(w.a), numbers(w.b)

    def step():
        y = a
        for v in b:
            v.grad = 0
        for _ in range(w.ops):
            y = [p + q for p, q in zip(y, b, strict=True)]
        for v in y:
            v.backward()
        return sum(v.data for v in y) + sum(v.grad for v in b)

    return step
