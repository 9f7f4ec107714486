"""What the gradient of each example costs: vmap(grad(loss)) beside a loop, PyTorch's torch.func and JAX, as ratios.

The network is that for scikit-learn's digits, layers of 64-128-10 with softmax cross-entropy; the result holds a
gradient of every parameter for every example. Each contender that is installed is timed in turn, round by round, and
its time divided by that of vmap; the median of the ratios is printed. Run it as
`python benchmarks/per_example_gradients.py`, with OPENBLAS_NUM_THREADS=1; PyTorch and JAX are held to one thread, too.
"""

from __future__ import annotations

import itertools
import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import numpy as np
from timing import side_by_side

import tensorgrad as tg

LAYERS = (64, 128, 10)


def problem(n, dtype):
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (n, LAYERS[0])).astype(dtype)
    labels = rng.integers(0, LAYERS[-1], n)
    sizes = itertools.pairwise(LAYERS)
    params = [(rng.normal(0, a**-0.5, (a, b)).astype(dtype), np.zeros(b, dtype)) for a, b in sizes]
    return params, x, labels


def with_tensorgrad(params, x, labels):
    def loss(params, x, label):
        for weight, bias in params[:-1]:
            x = tg.relu(x @ weight + bias)
        weight, bias = params[-1]
        return tg.softmax_cross_entropy(x @ weight + bias, label)

    gradient = tg.grad(loss)
    mapped = tg.vmap(gradient, in_axes=(None, 0, 0))
    return {
        "tensorgrad, vmap(grad)": lambda: mapped(params, x, labels),
        "tensorgrad, a loop": lambda: [gradient(params, a, b) for a, b in zip(x, labels, strict=True)],
    }


def with_numpy(params, x, labels):
    """The same by hand: one forward pass of all, then the outer products."""
    (w1, b1), (w2, b2) = params
    rows = np.arange(len(x))

    def gradients():
        h = x @ w1 + b1
        a = np.maximum(h, 0)
        z = a @ w2 + b2
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[rows, labels] -= 1
        dh = (p @ w2.T) * (h > 0)
        return [(x[:, :, None] * dh[:, None, :], dh), (a[:, :, None] * p[:, None, :], p)]

    return {"NumPy, by hand": gradients}


def with_torch(params, x, labels):
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    params = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in params]
    x, labels = torch.from_numpy(x), torch.from_numpy(labels)

    def loss(params, x, label):
        for weight, bias in params[:-1]:
            x = torch.relu(x @ weight + bias)
        weight, bias = params[-1]
        return torch.nn.functional.cross_entropy(x @ weight + bias, label)

    mapped = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    return {"PyTorch, vmap(grad)": lambda: mapped(params, x, labels)}


def with_jax(params, x, labels):
    try:
        import jax
    except ImportError:
        return {}
    params, x, labels = jax.tree.map(jax.numpy.asarray, (params, x, labels))

    def loss(params, x, label):
        for weight, bias in params[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = params[-1]
        return -jax.nn.log_softmax(x @ weight + bias)[label]

    mapped = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))
    compiled = jax.jit(mapped)
    return {
        "JAX, vmap(grad)": lambda: jax.block_until_ready(mapped(params, x, labels)),
        "JAX, jit(vmap(grad))": lambda: jax.block_until_ready(compiled(params, x, labels)),
    }


def compare(n, dtype, rounds=15):
    given = problem(n, dtype)
    calls = {}
    for contender in (with_tensorgrad, with_numpy, with_torch, with_jax):
        calls |= contender(*given)
    first, *others = [np.asarray(call()[0][0] if name != "tensorgrad, a loop" else np.stack([g[0][0] for g in call()]))
                      for name, call in calls.items()]  # fmt: skip
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-5)
    times, ratios = side_by_side(list(calls.values()), rounds)
    print(f"{n} examples, {dtype}")
    for name, ratio, t in zip(calls, ratios, times, strict=True):
        print(f"  {name:28}{t * 1e3:10.2f} ms {ratio:8.2f}")


if __name__ == "__main__":
    for n in (32, 256):
        for dtype in ("float32", "float64"):
            compare(n, dtype)
