"""Matrices that are made of a few numbers, as those of Toeplitz, and products that are made of columns.

Most hold each number in certain places and 0 in the others. Which number goes where, SciPy's own function tells: it is
called once with the numbers of the elements in place of their values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.arrays import as_array, called_beside
from ..derivatives.layouts import in_order
from ..derivatives.products import conj
from .composing import composed
from .recording import holds_recording


def numbered(*arrays: Any) -> list[np.ndarray]:
    """The elements of all arrays (their last axes alone) numbered from 1; 0 is left for a place without one."""
    ends = np.cumsum([a.shape[-1] for a in arrays])
    return [np.arange(end - a.shape[-1], end) + 1 for a, end in zip(arrays, ends, strict=True)]


def put(places: np.ndarray, *arrays: Any) -> Any:
    """The matrix that holds element k of the arrays, counted as by `numbered`, where places is k."""
    batch = np.broadcast_shapes(*[a.shape[:-1] for a in arrays])
    arrays = tuple([np.broadcast_to(a, (*batch, a.shape[-1])) for a in arrays])
    nothing = np.zeros((*batch, 1), arrays[0].dtype, like=arrays[0])
    return np.take(np.concatenate([nothing, *arrays], axis=-1), places, axis=-1)


def at_least_1d(*values: Any) -> list:
    return [np.reshape(a, (1,)) if a.ndim == 0 else a for a in values]


@composed(scipy.linalg.toeplitz, "c", "r")
def toeplitz(c: Any, r: Any = None) -> Any:
    """a_ij = c_(i-j), or r_(j-i) above the diagonal."""
    c, r = at_least_1d(c, conj(c) if r is None else r)
    return put(scipy.linalg.toeplitz(*numbered(c, r)), c, r)


@composed(scipy.linalg.circulant, "c")
def circulant(c: Any) -> Any:
    """a_ij = c_(i-j), modulo the length of c."""
    (c,) = at_least_1d(c)
    return put(scipy.linalg.circulant(*numbered(c)), c)


@composed(scipy.linalg.hankel, "c", "r")
def hankel(c: Any, r: Any = None) -> Any:
    """a_ij = c_(i+j), and the last row is r; its first element is that of c."""
    if c.ndim > 1 or (r is not None and r.ndim > 1):
        raise ValueError("hankel: c and r must have one dimension; SciPy's releases differ in what they make of more")
    if r is None:
        (places,) = numbered(c)
        return put(scipy.linalg.hankel(places), c)
    return put(scipy.linalg.hankel(*numbered(c, r)), c, r)


@composed(scipy.linalg.convolution_matrix, "a")
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """The matrix whose product with v is np.convolve(a, v, mode)."""
    (places,) = numbered(a)
    return put(scipy.linalg.convolution_matrix(places, n, mode), a)


@composed(scipy.linalg.leslie, "f", "s")
def leslie(f: Any, s: Any) -> Any:
    """f in the first row, s below the diagonal."""
    f, s = at_least_1d(f, s)
    return put(scipy.linalg.leslie(*numbered(f, s)), f, s)


@composed(scipy.linalg.companion, "a")
def companion(a: Any) -> Any:
    """-a_k / a_0 in the first row, ones below the diagonal."""
    below = scipy.linalg.companion(np.concatenate([[1], np.zeros(a.shape[-1] - 1)]))[1:]  # an error, if a is too short
    if np.any(a[..., 0] == 0):
        raise ValueError("companion: the first coefficient, a[..., 0], must not be 0")
    first = -a[..., 1:] / a[..., :1]
    rows = np.broadcast_to(below.astype(first.dtype), (*first.shape[:-1], *below.shape))
    return in_order(np.concatenate([np.expand_dims(first, -2), rows], axis=-2))


@composed(scipy.linalg.fiedler, "a")
def fiedler(a: Any) -> Any:
    """|a_i - a_j|"""
    (a,) = at_least_1d(a)
    return np.abs(np.expand_dims(a, -1) - np.expand_dims(a, -2))


@composed(scipy.linalg.khatri_rao, "a", "b")
def khatri_rao(a: Any, b: Any) -> Any:
    """The Kronecker product of each column of a with that of b."""
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ValueError(f"khatri_rao: matrices with as many columns are needed, not shapes {a.shape} and {b.shape}")
    c = np.expand_dims(a, -2) * np.expand_dims(b, -3)
    return np.reshape(c, (*c.shape[:-3], c.shape[-3] * c.shape[-2], c.shape[-1]))


def block_diag(*arrs: Any) -> Any:
    """A matrix with these matrices along its diagonal, and 0 elsewhere.

    Args:
        *arrs: matrices (..., m, n), also stacks of them that broadcast; a vector is a row, a number is (1, 1). Lists
            may hold Tensors.

    >>> from tensorgrad import Tensor
    >>> block_diag(Tensor([[1.0, 2.0]]), 3.0)
    Tensor([[1. 2. 0.]
            [0. 0. 3.]])
    """
    if not holds_recording(arrs):
        return called_beside(arrs, scipy.linalg.block_diag, *arrs)
    arrays = [as_array(a) for a in arrs]
    arrays = [np.reshape(a, (1,) * (2 - a.ndim) + a.shape) if a.ndim < 2 else a for a in arrays]
    flat = [np.reshape(a, (*a.shape[:-2], a.shape[-2] * a.shape[-1])) for a in arrays]
    numbers = [n.reshape(a.shape[-2:]) for n, a in zip(numbered(*flat), arrays, strict=True)]
    return put(scipy.linalg.block_diag(*numbers), *flat)
