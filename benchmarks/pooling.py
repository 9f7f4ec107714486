"""What pooling costs, forward and backward: max_pool2d and avg_pool2d beside PyTorch and NumPy by hand, as ratios.

The images are (32, 16, 32, 32), the windows 2 by 2 side by side. Each contender that is installed is timed in turn,
round by round, and its time divided by ours; the median of the ratios is printed. Run it as
`python benchmarks/pooling.py`, with OPENBLAS_NUM_THREADS=1; PyTorch is held to one thread, too.
"""

from __future__ import annotations

import numpy as np
from timing import side_by_side

from tensorgrad import Tensor
from tensorgrad.functions import avg_pool2d, max_pool2d

SHAPE, WINDOW = (32, 16, 32, 32), 2


def problem(dtype):
    """Images, and what arrives at the output."""
    rng = np.random.default_rng(0)
    n, c, h, w = SHAPE
    return rng.normal(size=SHAPE).astype(dtype), rng.normal(size=(n, c, h // WINDOW, w // WINDOW)).astype(dtype)


def with_tensorgrad(pool, x, g):
    def gradient():
        images = Tensor(x)
        pool(images, WINDOW).backward(g, retain_graph=False)
        return images.grad

    return gradient


def blocks_of(x):
    """The windows as two axes of their own, (N, C, H / 2, 2, W / 2, 2): a view."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // WINDOW, WINDOW, w // WINDOW, WINDOW)


def max_by_hand(x, g):
    """As one writes it: a mask of the maxima. (Of several in one window each gets the gradient.)"""

    def gradient():
        blocks = blocks_of(x)
        y = blocks.max(axis=(3, 5), keepdims=True)
        return ((blocks == y) * g[:, :, :, None, :, None]).reshape(x.shape)

    return gradient


def mean_by_hand(x, g):
    def gradient():
        blocks_of(x).mean(axis=(3, 5))
        return np.repeat(np.repeat(g / WINDOW**2, WINDOW, axis=2), WINDOW, axis=3)

    return gradient


def with_pytorch(name, x, g):
    import torch

    torch.set_num_threads(1)
    images, arriving = torch.tensor(x, requires_grad=True), torch.tensor(g)
    pool = getattr(torch.nn.functional, name)
    return lambda: torch.autograd.grad(pool(images, WINDOW), images, arriving)[0].numpy()


def contenders(name, x, g):
    """By name, functions without arguments that give the gradient of the images; ours first."""
    ours, by_hand = {"max_pool2d": (max_pool2d, max_by_hand), "avg_pool2d": (avg_pool2d, mean_by_hand)}[name]
    found = {"tensorgrad": with_tensorgrad(ours, x, g), "NumPy by hand": by_hand(x, g)}
    try:
        found["PyTorch"] = with_pytorch(name, x, g)
    except ImportError:
        print("(PyTorch isn't installed)")
    return found


def compare(name, dtype, rounds):
    calls = contenders(name, *problem(dtype))
    results = [call() for call in calls.values()]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-4, atol=1e-6)
    times, ratios = side_by_side(list(calls.values()), rounds)
    for contender, seconds, ratio in zip(calls, times, ratios, strict=True):
        print(f"{name} {dtype} {contender:14} {seconds * 1e3:7.2f} ms {ratio:6.2f} times ours")


if __name__ == "__main__":
    for name in ("max_pool2d", "avg_pool2d"):
        for dtype in ("float64", "float32"):
            compare(name, dtype, rounds=25)
