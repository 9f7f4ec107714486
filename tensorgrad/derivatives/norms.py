"""Norms of vectors and matrices, and condition numbers. Where a norm is 0, its gradient is 0."""

import numbers

import numpy as np

from .arrays import largest
from .elementwise import divide_safely, slope_of_absolute
from .matrices import conj
from .reductions import axes_of, restore
from .table import composed, constant, with_rules

# Norms along axes: of vectors, and of matrices -----------------------------------------------------------------------


def length_gradient(g, y, x, axis, keepdims):
    return restore(g, x, axis, keepdims) * divide_safely(conj(x), restore(y, x, axis, keepdims))


@with_rules(length_gradient)
def length(x, axis, keepdims):
    """The square root of the sum of squares."""
    return np.sqrt(np.sum(np.real(conj(x) * x), axis=axis, keepdims=keepdims))


def p_norm_gradient(g, y, x, p, axis, keepdims):
    """(|x| / y)^(p - 1) times the slope of |x|."""
    part = divide_safely(np.abs(x), restore(y, x, axis, keepdims))
    return restore(g, x, axis, keepdims) * slope_of_absolute(x) * np.where(x == 0, 1, part) ** (p - 1)


@with_rules(p_norm_gradient)
def p_norm(x, p, axis, keepdims):
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def axes_and_order(x, axis, p):
    """The axes of a norm; an error for an order that isn't one: of a Tensor it would be a constant."""
    if isinstance(axis, list):
        raise TypeError(f"norm: axis must be an int or a tuple of ints, not {axis}")
    if not (p is None or isinstance(p, str | numbers.Real)):
        raise TypeError(f"norm: the order must be a real number, a name or None, not {p!r}; it has no derivative here")
    return axes_of(axis, x.ndim)


def vector_norm_along(x, p, axes, keepdims):
    if p in (None, 2):
        return length(x, axes, keepdims)
    if p == np.inf:
        return largest(np.abs(x), axes, keepdims)
    if p == -np.inf:
        return np.min(np.abs(x), axis=axes, keepdims=keepdims)
    if p == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if p == 0:  # the number of elements that are not 0: a constant
        return np.sum((x != 0).astype(np.finfo(x.dtype).dtype), axis=axes, keepdims=keepdims)
    if isinstance(p, str):
        raise ValueError(f"norm: ord={p!r} is for matrices; vectors have numbers, inf and -inf")
    return p_norm(x, p, axes, keepdims)


def matrix_norm_along(x, p, axes, keepdims):
    if p in (None, "fro", "f"):
        return length(x, axes, keepdims)
    a = np.moveaxis(x, axes, (-2, -1))
    if p in (2, -2, "nuc"):
        candidates = np.abs(np.linalg.svdvals(a))
    elif p in (1, -1, np.inf, -np.inf):
        candidates = np.sum(np.abs(a), axis=-2 if abs(p) == 1 else -1)
    else:
        raise ValueError(f"norm: ord={p!r} is no norm of a matrix; there are 'fro', 'nuc', 1, 2, inf, -1, -2 and -inf")
    if p == "nuc":
        y = np.sum(candidates, axis=-1)
    elif p > 0:
        y = largest(candidates, -1)
    else:
        y = np.min(candidates, axis=-1)
    return np.expand_dims(y, axes) if keepdims else y


# NumPy's functions ---------------------------------------------------------------------------------------------------


@composed(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    axes = axes_and_order(x, axis, ord)
    if len(axes) == 1 or (axis is None and ord is None):
        return vector_norm_along(x, ord, axes, keepdims)
    if len(axes) == 2 and axes[0] != axes[1]:
        return matrix_norm_along(x, ord, axes, keepdims)
    raise ValueError(f"norm: shape {x.shape} with axis={axis} is neither a vector nor a matrix; name one or two axes")


@composed(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    return np.linalg.norm(x, ord, (-2, -1), keepdims)


@composed(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    return vector_norm_along(x, ord, axes_and_order(x, axis, ord), keepdims)


@composed(np.linalg.cond)
def cond(x, p=None):
    axes_and_order(x, (-2, -1), p)
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError(f"cond: an empty matrix, of shape {x.shape}, has no condition number")
    if p not in (None, 2, -2):
        return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))
    s = np.linalg.svdvals(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


constant(np.linalg.matrix_rank)
