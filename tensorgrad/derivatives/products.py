"""Products of vectors, matrices and more: every gradient of a product is again a product."""

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arrays import ARRAYS, as_arrays, is_complex
from .chunked import expand_dims, in_a_row, in_chunks, same_shape
from .formulas import formula
from .layouts import in_order
from .reductions import axes_of, sum_rows
from .table import composed, derivative, with_rules


def conj(a):
    """The complex conjugate; a real array as it is, without a copy."""
    return np.conj(a) if is_complex(a) else a


@formula("swapaxes(a, -1, -2)")
def flip(a):
    """Matrices transposed."""
    return np.swapaxes(a, -1, -2)


def as_matrices(g, a, b):
    """The three as NumPy's matmul sees them: a vector a is a row, a vector b is a column."""
    if a.ndim == 1:
        a, g = expand_dims(a, 0), expand_dims(g, -1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        b, g = expand_dims(b, 1), expand_dims(g, -1)
    return g, a, b


def long_matrix(a):
    """The rows of all matrices in one, since BLAS is faster at one large product than at many small ones."""
    return a if a.ndim == 2 else np.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))  # not -1: it may be empty


@formula("a @ b")
def product(a, b):
    """a @ b of matrices; of arrays by dot, which has less overhead."""
    if type(a) is np.ndarray is type(b):
        return a.dot(b)
    return np.dot(a, b) if type(a) in ARRAYS and type(b) in ARRAYS else a @ b


def left_formula(m, n):
    """The formula of the gradient of the first factor, of so many axes; the second has n."""
    if n == 1:
        return "expand_dims(g, -1) * x2" if m > 1 else "g * x2"
    if m == 1:
        return "g @ x2.T" if n == 2 else "(expand_dims(g, -2) @ x2.mT)[..., 0, :]"
    return "g @ x2.mT"


def right_formula(m, n):
    """The same of the second factor; what a stack of matrices sends to one of them is added up."""
    if m == 1:
        return "g * x1" if n == 1 else "expand_dims(x1, -1) * expand_dims(g, -2)"
    if n == 1:
        return "x1.T @ g" if m == 2 else f"sum(x1 * expand_dims(g, -1), axis={tuple(range(m - 1))})"
    return f"sum(x1.mT @ g, axis={tuple(range(m - 2))})" if m > 2 == n else "x1.mT @ g"


@formula(lambda g, y, x1, x2, *bias: left_formula(x1.ndim, x2.ndim))
def matmul_left(g, y, x1, x2, *bias):
    """g @ x2.T: dA = G B^T."""
    if x1.ndim == 2 == x2.ndim:
        return product(g, x2.T)
    if x1.ndim > 2 == x2.ndim and not in_chunks(g):
        return np.reshape(np.dot(long_matrix(g), x2.T), x1.shape)
    g, _, b = as_matrices(g, x1, x2)
    da = g @ flip(b)
    return da[..., 0, :] if x1.ndim == 1 else da


@formula(lambda g, y, x1, x2, *bias: right_formula(x1.ndim, x2.ndim))
def matmul_right(g, y, x1, x2, *bias):
    """x1.T @ g: dB = A^T G."""
    if x1.ndim == 2 == x2.ndim:
        return product(x1.T, g)
    if x1.ndim > 2 == x2.ndim:
        if in_chunks(g):  # which are left as they are
            return np.tensordot(x1, g, (list(range(x1.ndim - 1)),) * 2)
        return np.dot(long_matrix(x1).T, long_matrix(g))
    g, a, b = as_matrices(g, x1, x2)
    db = long_matrix(a).T @ long_matrix(g) if b.ndim == 2 else flip(a) @ g
    return db[..., 0] if x2.ndim == 1 else db


derivative(np.matmul, matmul_left, matmul_right)


@formula(lambda g, y, x, weight, bias: "sum(g, axis=0)" if g.ndim == 2 == weight.ndim else "g")
def bias_gradient(g, y, x, weight, bias):
    """np.sum(g, axis=0): the bias was added to every row."""
    return sum_rows(g) if g.ndim == 2 == weight.ndim else g


@with_rules(matmul_left, matmul_right, bias_gradient)
@formula("x @ weight + bias")
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias as one operation, without a second array for the sum.

    Args:
        x: (..., n)
        weight: (n, m), or (n,)
        bias: (m,), or ()

    Returns:
        (..., m), or (...)

    >>> from tensorgrad import Tensor, linear
    >>> linear(np.ones((4, 2)), Tensor(np.ones((2, 3))), Tensor(np.zeros(3))).shape
    (4, 3)
    """
    rows = long_matrix(x) if x.ndim > 2 == weight.ndim else x
    y = product(rows, weight) if rows.ndim == 2 == weight.ndim else np.matmul(x, weight)
    if rows is not x:
        y = y.reshape(x.shape[:-1] + weight.shape[1:])
    if y.dtype != bias.dtype or type(y) not in ARRAYS or type(bias) not in ARRAYS:
        return y + bias
    y += bias
    return y


# Products that NumPy itself makes of transpose, reshape and matmul ---------------------------------------------------


@composed(np.tensordot)
def tensordot(a, b, axes=2):
    a, b = as_arrays(a, b)
    if not isinstance(axes, tuple | list) and np.ndim(axes) == 0:
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    first, second = axes
    axes_a, axes_b = axes_of(first, a.ndim), axes_of(second, b.ndim)
    lengths_a, lengths_b = (tuple(x.shape[i] for i in ax if i < x.ndim) for x, ax in ((a, axes_a), (b, axes_b)))
    if lengths_a != lengths_b or len(axes_a) != len(axes_b):
        raise ValueError(
            f"tensordot: shapes {a.shape} and {b.shape} don't match: axes {axes_a} of the first have lengths "
            f"{lengths_a}, axes {axes_b} of the second {lengths_b}; they must be equal"
        )
    free_a = tuple(i for i in range(a.ndim) if i not in axes_a)
    free_b = tuple(i for i in range(b.ndim) if i not in axes_b)
    shape_a, shape_b = tuple(a.shape[i] for i in free_a), tuple(b.shape[i] for i in free_b)
    summed = math.prod(lengths_a)
    left = np.reshape(np.transpose(a, free_a + axes_a), (math.prod(shape_a), summed))
    right = np.reshape(np.transpose(b, axes_b + free_b), (summed, math.prod(shape_b)))
    return np.reshape(left @ right, shape_a + shape_b)


def mismatch(name, a, b, rule):
    return ValueError(f"{name}: shapes {a.shape} and {b.shape} don't match: {rule}")


def scaled(a, b):
    """a * b, of which one is a number; of matrices in C order, as BLAS gives them."""
    y = np.multiply(a, b)
    return in_order(y) if y.ndim <= 2 else y


@composed(np.dot)
def dot(a, b, out=None):
    a, b = as_arrays(a, b)
    if not a.ndim or not b.ndim:
        return scaled(a, b)
    k = max(b.ndim - 2, 0)
    if not same_shape(a.shape[-1:], b.shape[k : k + 1]):
        raise mismatch("dot", a, b, "the last axis of the first must be as long as the last but one of the second")
    return np.matmul(a, b) if a.ndim <= 2 and b.ndim <= 2 else np.tensordot(a, b, (-1, k))


@composed(np.inner)
def inner(a, b, /):
    a, b = as_arrays(a, b)
    if not a.ndim or not b.ndim:
        return scaled(a, b)
    if not same_shape(a.shape[-1:], b.shape[-1:]):
        raise mismatch("inner", a, b, "their last axes must be equally long")
    return np.tensordot(a, b, (-1, -1))


@composed(np.vdot)
def vdot(a, b, /):
    a, b = (in_a_row(x) for x in as_arrays(a, b))
    if not same_shape(a.shape, b.shape):
        raise mismatch("vdot", a, b, "they must hold the same number of elements")
    return np.matmul(conj(a), b)


@composed(np.outer)
def outer(a, b, out=None):
    a, b = (in_a_row(x) for x in as_arrays(a, b))
    return np.multiply(np.expand_dims(a, 1), b)


@composed(np.kron)
def kron(a, b):
    a, b = as_arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    sa, sb = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    wide_a = np.reshape(a, [n for s in sa for n in (s, 1)])
    wide_b = np.reshape(b, [n for s in sb for n in (1, s)])
    return np.reshape(np.multiply(wide_a, wide_b), [m * n for m, n in zip(sa, sb, strict=True)])


@composed(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


@composed(np.linalg.trace)
def linalg_trace(x, /, *, offset=0, dtype=None):
    return np.trace(x, offset, -2, -1, dtype)


@composed(np.vecdot)
def vecdot(x1, x2, /, *, axis=-1, keepdims=False):
    """The sum of conj(x1) x2 along the axis."""
    a, b = (np.moveaxis(x, normalize_axis_index(axis, x.ndim), -1) for x in as_arrays(x1, x2))
    y = np.matmul(np.expand_dims(conj(a), -2), np.expand_dims(b, -1))[..., 0, 0]
    return np.expand_dims(y, axis) if keepdims else y


@composed(np.linalg.vecdot)
def linalg_vecdot(x1, x2, /, *, axis=-1):
    return np.vecdot(x1, x2, axis=axis)


def matvec(x1, x2, /):
    x1, x2 = as_arrays(x1, x2)
    return np.matmul(x1, np.expand_dims(x2, -1))[..., 0]


def vecmat(x1, x2, /):
    """conj(x1) @ x2: the vector is conjugated."""
    x1, x2 = as_arrays(x1, x2)
    return np.matmul(np.expand_dims(conj(x1), -2), x2)[..., 0, :]


if hasattr(np, "matvec"):  # since NumPy 2.2
    composed(np.matvec)(matvec)
    composed(np.vecmat)(vecmat)


@composed(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """y_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}, the indices modulo 3; of vectors in the plane the third component."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = as_arrays(a, b)
    a, b = (np.moveaxis(x, normalize_axis_index(i, x.ndim), -1) for x, i in ((a, axisa), (b, axisb)))
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ValueError(f"cross: vectors have 3 components or 2, not {a.shape[-1]} and {b.shape[-1]}; name their axis")
    if a.shape[-1] == b.shape[-1] == 2:
        return in_order(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
    a, b = (np.concatenate([x, 0 * x[..., :1]], axis=-1) if x.shape[-1] == 2 else x for x in (a, b))
    first, second = [1, 2, 0], [2, 0, 1]
    y = in_order(a[..., first] * b[..., second] - a[..., second] * b[..., first])
    return np.moveaxis(y, -1, normalize_axis_index(axisc, y.ndim))


@composed(np.linalg.cross)
def linalg_cross(x1, x2, /, *, axis=-1):
    x1, x2 = as_arrays(x1, x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: shapes {x1.shape} and {x2.shape} don't have the length 3 along axis {axis}")
    return np.cross(x1, x2, axis=axis)


# The product with a sparse matrix of SciPy, which is a constant -------------------------------------------------------


@with_rules(lambda g, y, a, b: g @ b.T,
            lambda g, y, a, b: a.T @ g)
def sparse_matmul(a, b):
    """a @ b, where one is sparse, and the other an array of one or two dimensions."""
    sparse = a if hasattr(a, "tocsr") else b
    if sparse.ndim != 2 or max(a.ndim, b.ndim) > 2:
        raise ValueError(f"matmul: a sparse matrix has two dimensions and takes one or two, not {a.shape} @ {b.shape}")
    return a @ b
