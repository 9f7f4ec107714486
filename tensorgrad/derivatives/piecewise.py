"""Activations made of pieces: constant, linear or exponential ones. At a kink, and of nan, the slope is PyTorch's.

What is 0 is left out by a product with bools, which is faster than np.where.
"""

import numpy as np

from .blocks import in_blocks
from .formulas import formula
from .table import with_rules

# Constant, then linear -----------------------------------------------------------------------------------------------


@with_rules(lambda g, y, x, low, high: g * ~((x <= low) | (x >= high)))
def hardtanh(x, low, high):
    """x, but not below low or above high; the slope is 0 at these two."""
    return np.clip(x, low, high)


@with_rules(lambda g, y, x: g * ((x > -3) & (x < 3)) * (1 / 6))
@in_blocks
def hardsigmoid(x):
    """From 0 at -3 to 1 at 3, linearly."""
    return np.clip(x + 3, 0, 6) / 6


@in_blocks
@formula("g * where(x < 3, where(x > -3, x / 3 + 1 / 2, 0), 1)")
def _hardswish_slope(g, y, x):
    return g * np.where(x < 3, (np.maximum(x, -3) / 3 + 0.5) * (x > -3), 1)  # of -inf, which times 0 is nan, too


@with_rules(_hardswish_slope)
@in_blocks
def hardswish(x):
    """x hardsigmoid(x)."""
    return x * (np.clip(x + 3, 0, 6) / 6)


@with_rules(lambda g, y, x, threshold, value: g * ~(x <= threshold))
@formula("where(x <= threshold, value, x)")
def threshold(x, threshold, value):
    """x above the threshold, else the value."""
    return np.where(x <= threshold, x.dtype.type(value), x)


@with_rules(lambda g, y, x, size: g * ~(np.abs(x) <= size))
@in_blocks
def softshrink(x, size):
    """x, moved by `size` towards 0, and no further."""
    return x - np.clip(x, -size, size)


@with_rules(lambda g, y, x, size: g * ~(np.abs(x) <= size))
@in_blocks
def hardshrink(x, size):
    """x, but 0 from -size to size."""
    return x * ~(np.abs(x) <= size)


# Linear in two pieces ------------------------------------------------------------------------------------------------


@with_rules(
    lambda g, y, x, slope: np.where(x > 0, g, g * slope),
    lambda g, y, x, slope: g * np.minimum(x, 0),
)
@formula("where(x > 0, x, slope * x)")
def prelu(x, slope):
    """x where x > 0, else slope * x."""
    return np.maximum(x, 0) + slope * np.minimum(x, 0)


# Exponential, then linear --------------------------------------------------------------------------------------------


@in_blocks
def _elu_slope(g, y, x, alpha, scale, rate):
    return g * np.where(x <= 0, rate * (y + scale * alpha), scale)


@with_rules(_elu_slope)
@in_blocks
@formula("where(x > 0, scale * x, scale * alpha * expm1(rate * x))")
def elu(x, alpha, scale, rate):
    """scale x where x > 0, else scale alpha (exp(rate x) - 1): the one is 0 where the other isn't."""
    return scale * (np.maximum(x, 0) + alpha * np.expm1(rate * np.minimum(x, 0)))
