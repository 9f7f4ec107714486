"""Normalization: numbers along some axes, brought to the mean 0 and the variance 1, then scaled and shifted. Which axes
these are is all in which batch, layer, group and instance normalization differ; RMS normalization leaves the mean.
"""

import numpy as np

from .arrays import ARRAYS
from .chunked import copy_of
from .formulas import by_name, formula
from .reductions import count
from .table import derivative


def _mean_of_product(a, b, axes):
    """The mean of a * b along axes, which are kept, without an array for the product."""
    if type(a) not in ARRAYS or type(b) not in ARRAYS:
        return np.mean(a * b, axis=axes, keepdims=True)
    every = list(range(a.ndim))
    total = np.einsum(a, every, b, every, [i for i in every if i not in axes])
    return np.expand_dims(total / count(a, axes), axes)


def _gradient_of_weight(g, z, weight):
    """g * z, summed over the axes along which weight was broadcast."""
    if type(g) not in ARRAYS or type(z) not in ARRAYS:
        return g * z
    every, summed = list(range(g.ndim)), _spread_axes(g, weight)
    return np.einsum(g, every, z, every, [i for i in every if i not in summed]).reshape(weight.shape)


def _spread_axes(g, weight):
    """The axes along which weight is broadcast to the shape of g."""
    first = g.ndim - weight.ndim
    return tuple(i for i in range(g.ndim) if i < first or weight.shape[i - first] == 1)


@formula("(1 if weight is None else weight) * (x - m) / sqrt(v + eps) + (0 if bias is None else bias)",
         m="mean(x, axis=axes, keepdims=True) if centred else 0", v="mean((x - m) ** 2, axis=axes, keepdims=True)")
def _normalize(x, weight, bias, axes, eps, centred=True, report=None):
    """weight * z + bias, with z = (x - mean) / sqrt(var + eps) along axes; or with a mean of 0, if not centred.

    axes are a tuple, counted from the front; weight and bias have shapes that are broadcast to x's, or are None. report
    is a function that is told the mean and the variance. Saves z and 1 / sqrt(var + eps).
    """
    mean = np.mean(x, axis=axes, keepdims=True) if centred else 0
    z = x - mean
    if centred and z.dtype.itemsize < 8:  # what rounding has left of the mean
        rest = np.mean(z, axis=axes, keepdims=True)
        mean = mean + rest
        z -= rest
    var = _mean_of_product(z, z, axes)
    if report is not None:
        report((mean, var))
    scale = 1 / np.sqrt(var + eps)
    z *= scale
    if weight is None:
        return z if bias is None else z + bias, (z, scale)
    y = z * weight
    if bias is not None and type(y) in ARRAYS and type(bias) in ARRAYS and y.dtype == bias.dtype:
        y += bias
    elif bias is not None:
        y = y + bias
    return y, (z, scale)


@formula("s * (h - (mean(h, axis=axes, keepdims=True) if centred else 0) - z * mean(h * z, axis=axes, keepdims=True))",
         m="mean(x, axis=axes, keepdims=True) if centred else 0",
         s="1 / sqrt(mean((x - m) ** 2, axis=axes, keepdims=True) + eps)", z="(x - m) * s",
         h="g * (1 if weight is None else weight)")
def _input_gradient(g, y, x, weight, bias, axes, eps, centred=True, report=None, saved=None):
    """With h = g * weight: scale (h - mean(h) - z mean(h z)). (Ioffe and Szegedy, 2015, section 3.)"""
    z, scale = _standardized(x, axes, eps, centred) if saved is None else saved
    h = g if weight is None else g * weight
    part = _mean_of_product(h, z, axes)
    mean = np.mean(h, axis=axes, keepdims=True) if centred else 0
    if type(h) not in ARRAYS or type(z) not in ARRAYS:
        return scale * (h - mean - z * part)
    d = z * -part
    d += h
    d -= mean
    d *= scale
    return d


@formula("reshape(sum(g * z, axis=_spread_axes(x, weight)), weight.shape)",
         m="mean(x, axis=axes, keepdims=True) if centred else 0",
         z="(x - m) / sqrt(mean((x - m) ** 2, axis=axes, keepdims=True) + eps)")
def _weight_gradient(g, y, x, weight, bias, axes, eps, centred=True, report=None, saved=None):
    z, _ = _standardized(x, axes, eps, centred) if saved is None else saved
    return _gradient_of_weight(g, z, weight)


def _standardized(x, axes, eps, centred):
    """What _normalize saves, of a Tensor, computed anew."""
    z = normalize(x, None, None, axes, eps, centred)
    var = np.var(x, axis=axes, keepdims=True) if centred else np.mean(x * x, axis=axes, keepdims=True)
    return z, 1 / np.sqrt(var + eps)


normalize = derivative(
    _normalize,
    _input_gradient,
    _weight_gradient,
    lambda g, y, x, weight, bias, axes, eps, centred=True, report=None, saved=None: g,
    saves=True,
)


@by_name("the sum over the neighbours before and after each channel")
def _window_sum(x, before, after):
    """The sum over each place of axis 1, so many before it and so many after it, as far as there are any."""
    n = x.shape[1]
    y = copy_of(x)
    for i in range(1, min(before, n - 1) + 1):
        y[:, i:] += x[:, : n - i]
    for i in range(1, min(after, n - 1) + 1):
        y[:, : n - i] += x[:, i:]
    return y


window_sum = derivative(_window_sum, lambda g, y, x, before, after: window_sum(g, after, before))
