"""Distances of vectors, and what they are made of. Where a distance is 0, its gradient is 0."""

import numpy as np

from .elementwise import divide_safely
from .norms import vector_norm_along
from .table import with_rules


@with_rules(lambda g, y, x, low: g)
def at_least(x, low):
    """max(x, low), with the slope of x itself everywhere: a guard for what is divided by x, which doesn't take part in
    the calculus."""
    return np.maximum(x, low)


@with_rules(lambda g, y, x, low: np.where(x < low, 0, g))
def not_below(x, low):
    """max(x, low), with slope 1 where x is low, as PyTorch's clamp has it; np.maximum has 1/2 there, relu 0."""
    return np.maximum(x, low)


def distance(x1, x2, p=2.0, eps=1e-6, keepdims=False):
    """The p-norm of x1 - x2 + eps along the last axis."""
    return vector_norm_along(x1 - x2 + eps, p, (-1,), keepdims)


# Between all rows of two matrices ------------------------------------------------------------------------------------


def distances(x1, x2, p):
    """The p-norm of each row of x1, (..., m, n), less each row of x2, (..., r, n): (..., m, r)."""
    if p == 2:
        return euclidean_distances(x1, x2)
    return vector_norm_along(np.expand_dims(x1, -2) - np.expand_dims(x2, -3), p, (-1,), False)


_BLOCK = 2**18  # numbers, the differences of so many rows of x1 and all rows of x2 at a time


def euclidean_gradient(g, y, x1, x2):
    """The sum over j of w_ij (x1_i - x2_j), with w = g / y."""
    w = divide_safely(g, y)
    return x1 * np.sum(w, axis=-1, keepdims=True) - w @ x2


@with_rules(
    euclidean_gradient,
    lambda g, y, x1, x2: euclidean_gradient(np.swapaxes(g, -1, -2), np.swapaxes(y, -1, -2), x2, x1),
)
def euclidean_distances(x1, x2):
    """Of the differences themselves, since |a|^2 - 2ab + |b|^2 cancels where the rows are close."""
    m, (r, n) = x1.shape[-2], x2.shape[-2:]
    rows = max(1, _BLOCK // max(r * n, 1))
    parts = []
    for start in range(0, max(m, 1), rows):
        away = np.expand_dims(x1[..., start : start + rows, :], -2) - np.expand_dims(x2, -3)
        parts.append(np.sqrt(np.sum(away * away, axis=-1)))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)
