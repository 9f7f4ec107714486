"""A training step of tensorgrad on CuPy's arrays, beside PyTorch's and one by hand in CuPy, all on the same GPU.

    python benchmarks/gpu.py            needs CuPy, PyTorch with CUDA, and a GPU; without one it says so

A step is the loss of a network of dense layers with tanh, its gradient, and SGD with momentum, in float32. Before the
clock is read, the GPU has finished. The contenders take turns; a figure is the median of the rounds, a ratio the median
of the ratios to PyTorch in the same round.
"""

import argparse
import importlib
import itertools
import statistics
import sys
import time

import numpy as np

import tensorgrad as tg

NETWORKS = {  # widths, and examples in a batch
    "small": ([64, 128, 10], 64),
    "middle": ([784, 512, 512, 10], 256),
    "large": ([2048, 4096, 4096, 10], 1024),
}
LR, MOMENTUM = 0.01, 0.9


def drawn(widths, batch):
    """A batch, and the weights and biases of the layers, as NumPy's arrays."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(batch, widths[0])).astype(np.float32), rng.integers(0, widths[-1], batch)
    pairs = list(itertools.pairwise(widths))
    weights = [(rng.normal(size=pair) / pair[0] ** 0.5).astype(np.float32) for pair in pairs]
    return X, labels, weights, [np.zeros(n, np.float32) for n in widths[1:]]


def tensorgrad_step(asarray, widths, batch):
    """A function that makes a step, and gives the loss; on arrays of the kind that asarray makes."""
    X, labels, weights, biases = drawn(widths, batch)
    X, labels = asarray(X), asarray(labels)
    weights, biases = ([tg.Tensor(asarray(p)) for p in part] for part in (weights, biases))
    optimiser = tg.SGD([*weights, *biases], LR, momentum=MOMENTUM)

    def step():
        h = X
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            h = tg.linear(np.tanh(h) if i else h, w, b)
        loss = tg.softmax_cross_entropy(h, labels)
        optimiser.zero_grad()
        loss.backward(retain_graph=False)
        optimiser.step()
        return loss.data

    return step


def step_by_hand(asarray, widths, batch):
    """The same, written out in NumPy's functions."""
    X, labels, weights, biases = drawn(widths, batch)
    X, rows = asarray(X), asarray(np.eye(widths[-1], dtype=np.float32)[labels])
    parameters = [asarray(p) for p in (*weights, *biases)]
    momenta, n = [np.zeros_like(p) for p in parameters], len(weights)

    def step():
        inputs = [X]
        for w, b in zip(parameters[:n], parameters[n:], strict=True):
            h = inputs[-1] @ w + b
            inputs.append(np.tanh(h))
        h = h - np.max(h, axis=1, keepdims=True)
        log_p = h - np.log(np.sum(np.exp(h), axis=1, keepdims=True))
        loss = -np.sum(log_p * rows) / batch
        g, grads = (np.exp(log_p) - rows) / batch, [None] * (2 * n)
        for i in reversed(range(n)):
            grads[i], grads[n + i] = inputs[i].T @ g, np.sum(g, axis=0)
            if i:
                g = (g @ parameters[i].T) * (1 - inputs[i] ** 2)
        for p, m, d in zip(parameters, momenta, grads, strict=True):
            m *= MOMENTUM
            m += d
            p -= LR * m
        return loss

    return step


def pytorch_step(torch, device, widths, batch):
    """The same in PyTorch."""
    X, labels, weights, biases = drawn(widths, batch)
    X, labels = (torch.tensor(a, device=device) for a in (X, labels))
    weights, biases = ([torch.tensor(p, device=device, requires_grad=True) for p in part] for part in (weights, biases))
    optimiser = torch.optim.SGD([*weights, *biases], LR, momentum=MOMENTUM)

    def step():
        h = X
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            h = torch.addmm(b, torch.tanh(h) if i else h, w)
        loss = torch.nn.functional.cross_entropy(h, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step


def missing():
    """Why nothing can be measured here; "" if it can."""
    for name, command in (("cupy", "pip install cupy-cuda12x"), ("torch", "pip install torch")):
        try:
            importlib.import_module(name)
        except ImportError:
            return f"{name} isn't installed ({command})"
    import cupy
    import torch

    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy finds no GPU ({error})"
    return "" if torch.cuda.is_available() else "PyTorch finds no GPU"


def seconds(step, synchronize, steps):
    """How long a step takes, on average."""
    synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    synchronize()
    return (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=50)
    chosen = parser.parse_args()
    if why := missing():
        print(f"There is no GPU to measure on: {why}. Nothing was measured.")
        return
    import cupy
    import torch

    def synchronize():
        cupy.cuda.Device().synchronize()
        torch.cuda.synchronize()

    gpu = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{gpu}; CuPy {cupy.__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}")
    print(f"\n{'':8}{'batch':>6} | {'tensorgrad':>12}{'by hand':>12}{'PyTorch':>12} | to PyTorch: tensorgrad  by hand")
    for name in chosen.networks:
        widths, batch = NETWORKS[name]
        steps = [
            tensorgrad_step(cupy.asarray, widths, batch),
            step_by_hand(cupy.asarray, widths, batch),
            pytorch_step(torch, "cuda", widths, batch),
        ]
        first = [[float(step()) for _ in range(5)] for step in steps]  # and everything is compiled
        np.testing.assert_allclose(first[0], first[2], rtol=1e-3)
        np.testing.assert_allclose(first[1], first[2], rtol=1e-3)
        rounds = [[seconds(step, synchronize, chosen.steps) for step in steps] for _ in range(chosen.rounds)]
        times = [statistics.median(column) * 1e6 for column in zip(*rounds, strict=True)]
        ratios = [statistics.median(row[i] / row[2] for row in rounds) for i in (0, 1)]
        figures = "".join(f"{t:>9.0f} us" for t in times)
        print(f"{name:8}{batch:>6} | {figures} | {ratios[0]:>21.2f}x{ratios[1]:>8.2f}x")


if __name__ == "__main__":
    sys.exit(main())
