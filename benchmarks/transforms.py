"""What the transforms cost, as ratios to the gradient: timed side by side, the median of several rounds.

The function is the loss of a network: 100 points, layers of 2-16-16-1 as for the moons, sigmoid cross-entropy; and a
wider one. Run it as `python benchmarks/transforms.py`, with OPENBLAS_NUM_THREADS=1.
"""

from itertools import pairwise

import numpy as np
from timing import side_by_side

import tensorgrad as tg


def moons(sizes, n, rng):
    """The loss as a function of a list of (weight, bias), and such parameters."""
    x = rng.normal(size=(n, sizes[0]))
    labels = rng.integers(0, 2, (n, sizes[-1])).astype(float)
    params = [(rng.normal(size=(a, b)) / a**0.5, np.zeros(b)) for a, b in pairwise(sizes)]

    def loss(params):
        h = x
        for weight, bias in params[:-1]:
            h = tg.relu(tg.linear(h, weight, bias))
        return tg.sigmoid_cross_entropy(tg.linear(h, *params[-1]), labels)

    return loss, params


def compare(title, calls, repeat, rounds=21):
    """Time of each call, and its ratio to the first one's."""
    for call in calls.values():
        call()
    times, ratios = side_by_side(list(calls.values()), rounds, repeat)
    print(title)
    for name, t, ratio in zip(calls, times, ratios, strict=True):
        print(f"  {name:32}{t * 1e6:10.1f} us {ratio:8.2f}")
    return dict(zip(calls, ratios, strict=True))


def measure(title, sizes, n, repeat, rng):
    loss, params = moons(sizes, n, rng)
    v = [(rng.normal(size=w.shape), rng.normal(size=b.shape)) for w, b in params]
    tensors = [(tg.Tensor(w), tg.Tensor(b)) for w, b in params]
    gradient, product = tg.grad(loss), tg.hvp(loss)
    calls = {
        "grad(loss)": lambda: gradient(params),
        "loss, then backward()": lambda: loss(tensors).backward(retain_graph=False),
        "loss alone, on arrays": lambda: loss(params),
        "loss alone, recorded": lambda: loss(tensors),
        "jvp(loss)": lambda: tg.jvp(loss, (params,), (v,)),
        "hvp(loss)": lambda: product(params, v),
    }
    return compare(title, calls, repeat)


def measure_jacobians(n, repeat, rng):
    w1, w2, x = rng.normal(size=(n, n)) / n**0.5, rng.normal(size=(n, n)) / n**0.5, rng.normal(size=n)

    def f(x):
        return np.tanh(np.tanh(x @ w1) @ w2)

    def one(x):
        return (f(x) ** 2).sum()

    def row_by_row(x):
        y, pullback = tg.vjp(f, x)
        return np.stack([pullback(row)[0] for row in np.eye(len(y))])

    calls = {
        "vjp": lambda: tg.vjp(f, x)[1](x),
        "jacobian": lambda: tg.jacobian(f)(x),
        "jacobian, row by row": lambda: row_by_row(x),
        "grad": lambda: tg.grad(one)(x),
        "hessian": lambda: tg.hessian(one)(x),
    }
    return compare(f"{n} inputs, {n} outputs, two layers", calls, repeat)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    measure("moons: 100 points, 2-16-16-1", (2, 16, 16, 1), 100, 40, rng)
    measure("wide: 256 points, 64-256-256-1", (64, 256, 256, 1), 256, 3, rng)
    measure_jacobians(100, 5, rng)
