"""Cases of the functions that NumPy has no name for, each with the formula that it is compared with."""

import math

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.activations import normal_cdf
from tensorgrad.derivatives.activations import tanh_cdf as approximate_cdf
from tensorgrad.losses import mse_loss, sigmoid_cross_entropy, softmax_cross_entropy


def logistic(a):
    return 1 / (1 + np.exp(-a))


def lse(a, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))


def cdf(a):
    phi = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in a.ravel().tolist()])
    return phi.reshape(a.shape).astype(a.dtype)


def leaky(a, negative_slope=0.01):
    return np.where(a > 0, a, a * np.asarray(negative_slope, a.dtype))


def tanh_cdf(a):
    return 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


for func, formula in {
    f.relu: lambda a: a * (a > 0),
    f.leaky_relu: leaky,
    f.tanh: lambda a: 1 - 2 / (np.exp(2 * a) + 1),
    f.softplus: lambda a: np.log(1 + np.exp(a)),
    f.silu: lambda a: a * logistic(a),
    f.gelu: lambda a: a * cdf(a),
    normal_cdf: cdf,
}.items():
    case(func, x(), like=formula)
    case(func, x(2, 3, layout="F"), like=formula)
    case(func, x(0, 2), like=formula)
    case(func, x(4, low=-20, high=20, layout="strided"), like=formula)
case(f.leaky_relu, x(5), negative_slope=0.2, like=leaky)
case(f.leaky_relu, x(5), 0.0, like=leaky)
case(f.gelu, x(5), approximate="tanh", like=lambda a, approximate: a * tanh_cdf(a))
case(approximate_cdf, x(), like=tanh_cdf)
case(approximate_cdf, x(2, 3, layout="F"), like=tanh_cdf)

for func, formula in {
    f.softmax: lambda a, axis=-1: np.exp(a - lse(a, axis, True)),
    f.log_softmax: lambda a, axis=-1: a - lse(a, axis, True),
    f.logsumexp: lse,
}.items():
    case(func, x(5), like=formula)
    case(func, x(2, 3), like=formula)
    case(func, x(2, 3), axis=0, like=formula)
    case(func, x(2, 3, 2, layout="F"), -2, like=formula)
    case(func, x(2, 3, 2), axis=(0, -1), like=formula)
    case(func, x(2, 3, layout="readonly"), axis=None, like=formula)
    case(func, x(2, 1, 3), axis=1, like=formula)
    case(func, x(0, 3), axis=1, like=formula)
case(f.logsumexp, x(2, 3), axis=0, keepdims=True, like=lse)
case(f.logsumexp, x(2, 3, 2), (0, 2), True, like=lse)
case(f.logsumexp, x(), like=lse)

# Losses

labels = np.array([2, 0])
rows = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])


def reduced(a, reduction="mean"):
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](a)


for reduction in ("mean", "sum", "none"):
    case(mse_loss, x(2, 3), x(2, 3), reduction=reduction, like=lambda a, b, reduction: reduced((a - b) ** 2, reduction))
    case(
        sigmoid_cross_entropy, x(2, 3), x(2, 3, low=0, high=1), reduction=reduction,
        like=lambda a, b, reduction: reduced(-b * np.log(logistic(a)) - (1 - b) * np.log(1 - logistic(a)), reduction),
    )  # fmt: skip
    case(
        softmax_cross_entropy, x(2, 3), labels, reduction=reduction,
        like=lambda a, k, reduction: reduced((lse(a, 1, True) - a)[np.arange(2), k], reduction),
    )  # fmt: skip
    case(
        softmax_cross_entropy, x(2, 3), rows, reduction=reduction,
        like=lambda a, p, reduction: reduced(np.sum(p.astype(a.dtype) * (lse(a, 1, True) - a), axis=1), reduction),
    )  # fmt: skip
    case(
        softmax_cross_entropy, x(2, 3), x(2, 3), reduction=reduction,
        of=lambda f, a, b, reduction: f(a, np.exp(b) / np.sum(np.exp(b), axis=1, keepdims=True), reduction),
        like=lambda a, p, reduction: reduced(np.sum(p * (lse(a, 1, True) - a), axis=1), reduction),
    )  # fmt: skip
