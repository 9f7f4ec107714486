"""What normalization, activations and dropout cost, forward and backward: ratios to hand-written NumPy, the median of
several rounds.

Batch normalization of 64 images of 32 channels and 16 x 16 places, layer normalization of 32 x 128 rows of 256 numbers,
and gelu and dropout of as many; with gradients of input and parameters. What is written by hand keeps what its backward
pass needs, and shares what gradients have in common; gelu by hand takes its normal distribution function from SciPy.
With torch installed, the same with torch, on one thread.

Run it as `python benchmarks/layers.py`, with OPENBLAS_NUM_THREADS=1.
"""

import math
from importlib.util import find_spec

import numpy as np
from scipy.special import ndtr
from timing import side_by_side

from tensorgrad import Tensor
from tensorgrad.nn import functional

ROUNDS, P, EPS = 15, 0.1, 1e-5
IMAGES, ROWS = (64, 32, 16, 16), (32, 128, 256)


def normalized_by_hand(x, weight, bias, g, axes, others):
    """Along axes; weight and bias are the same along the others."""
    z = x - x.mean(axes, keepdims=True)
    scale = 1 / np.sqrt((z * z).mean(axes, keepdims=True) + EPS)
    z *= scale
    y = z * weight
    y += bias
    dweight, dbias = (g * z).sum(others, keepdims=True), g.sum(others, keepdims=True)
    h = g * weight
    dx = h - h.mean(axes, keepdims=True)
    dx -= z * (h * z).mean(axes, keepdims=True)
    dx *= scale
    return y, dx, dweight, dbias


def gelu_by_hand(x, g):
    p = ndtr(x)
    y = x * p
    slope = np.exp(-0.5 * x * x)
    slope *= x
    slope *= 1 / math.sqrt(2 * math.pi)
    slope += p
    slope *= g
    return y, slope


def dropout_by_hand(x, g, rng):
    mask = (rng.random(x.shape, dtype=np.float32) >= P).astype(x.dtype)
    mask *= 1 / (1 - P)
    return x * mask, g * mask


def gradients(call, inputs, g):
    """A step of ours: the output, and the gradients of the inputs."""
    inputs = [Tensor(x) for x in inputs]
    y = call(*inputs)
    y.backward(g, retain_graph=False)
    return y.data, *[x.grad for x in inputs]


def gradients_of_torch(call, inputs, g):
    import torch

    inputs, g = [torch.tensor(x, requires_grad=True) for x in inputs], torch.tensor(g)

    def step():
        for x in inputs:
            x.grad = None
        y = call(*inputs)
        y.backward(g)
        return y.detach().numpy(), *[x.grad.numpy() for x in inputs]

    return step


def steps(dtype):
    """By name, a step by hand, one of ours, and one of torch."""
    rng = np.random.default_rng(0)
    images, rows = (rng.normal(size=shape).astype(dtype) for shape in (IMAGES, ROWS))
    g_images, g_rows = (rng.normal(size=shape).astype(dtype) for shape in (IMAGES, ROWS))
    w, b = rng.uniform(0.5, 1.5, IMAGES[1]).astype(dtype), rng.normal(size=IMAGES[1]).astype(dtype)
    v, c = rng.uniform(0.5, 1.5, ROWS[2]).astype(dtype), rng.normal(size=ROWS[2]).astype(dtype)
    column, theirs = (-1, 1, 1), torch_functional()

    yield (
        "batch_norm",
        lambda: normalized_by_hand(images, w.reshape(column), b.reshape(column), g_images, (0, 2, 3), (0, 2, 3)),
        lambda: gradients(
            lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True), (images, w, b), g_images
        ),
        theirs
        and gradients_of_torch(
            lambda x, w, b: theirs.batch_norm(x, None, None, w, b, training=True), (images, w, b), g_images
        ),
    )
    yield (
        "layer_norm",
        lambda: normalized_by_hand(rows, v, c, g_rows, (2,), (0, 1)),
        lambda: gradients(lambda x, w, b: functional.layer_norm(x, ROWS[2], w, b), (rows, v, c), g_rows),
        theirs and gradients_of_torch(lambda x, w, b: theirs.layer_norm(x, ROWS[2:], w, b), (rows, v, c), g_rows),
    )
    yield (
        "gelu",
        lambda: gelu_by_hand(rows, g_rows),
        lambda: gradients(functional.gelu, (rows,), g_rows),
        theirs and gradients_of_torch(theirs.gelu, (rows,), g_rows),
    )
    ours, by_hand = np.random.default_rng(1), np.random.default_rng(1)
    yield (
        "dropout",
        lambda: dropout_by_hand(rows, g_rows, by_hand),
        lambda: gradients(lambda x: functional.dropout(x, P, rng=ours), (rows,), g_rows),
        theirs and gradients_of_torch(lambda x: theirs.dropout(x, P), (rows,), g_rows),
    )


def torch_functional():
    if not find_spec("torch"):
        return None
    import torch

    torch.set_num_threads(1)
    return torch.nn.functional


def main():
    print(f"{'':24}{'by hand':>10}{'tensorgrad':>12}{'torch':>10}   ratio to by hand: tensorgrad, torch")
    for dtype in (np.float64, np.float32):
        for name, *calls in steps(dtype):
            calls = [call for call in calls if call]
            first, *others = [call() for call in calls]
            for found in others if name != "dropout" else others[:1]:  # the same, up to rounding
                for a, b in zip(found, first, strict=True):
                    np.testing.assert_allclose(a, b.reshape(a.shape), atol=1e-8 if dtype is np.float64 else 2e-2)
            times, ratios = side_by_side(calls, ROUNDS)
            each = "".join(f"{t * 1e3:{width}.2f}" for t, width in zip(times, (10, 12, 10), strict=False))
            print(f"{name + ', ' + np.dtype(dtype).name:24}{each}   {', '.join(f'{r:.2f}' for r in ratios[1:])}")


if __name__ == "__main__":
    main()
