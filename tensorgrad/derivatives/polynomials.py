"""Polynomials, given by their coefficients, the highest power first."""

import warnings

import numpy as np

from .arrays import arange, arrays_or_none, as_array, as_arrays, full, inside, is_complex
from .chunked import copy_of
from .shapes import numbers
from .table import composed, derivative


def coefficients(p):
    """A polynomial without leading zeros."""
    p = np.trim_zeros(np.atleast_1d(p), "f")
    return p if len(p) else np.zeros(1, p.dtype, like=inside(p))


@composed(np.polyval)
def polyval(p, x):
    p, x = as_arrays(p, x)
    y = np.zeros_like(x)
    for c in p:
        y = y * x + c
    return y


def aligned(a1, a2):
    """Both polynomials with as many coefficients."""
    a1, a2 = np.atleast_1d(*as_arrays(a1, a2))
    n = max(len(a1), len(a2))
    return (a if len(a) == n else np.concatenate([np.zeros(n - len(a), a.dtype, like=inside(a)), a]) for a in (a1, a2))


@composed(np.polyadd)
def polyadd(a1, a2):
    return np.add(*aligned(a1, a2))


@composed(np.polysub)
def polysub(a1, a2):
    return np.subtract(*aligned(a1, a2))


@composed(np.polymul)
def polymul(a1, a2):
    a1, a2 = np.atleast_1d(*as_arrays(a1, a2))
    leading = len(a1) - len(coefficients(a1)) + len(a2) - len(coefficients(a2))
    return np.convolve(a1, a2)[leading:]  # not of those without leading zeros, which have gradients too


@composed(np.polydiv)
def polydiv(u, v):
    """Long division: quotient and remainder."""
    u, v = (np.atleast_1d(a) + 0.0 for a in as_arrays(u, v))
    rest, quotient = u + 0 * v[0], []  # + 0: the dtype of both
    scale = 1 / v[0]  # as NumPy does: the rounding of the remainder decides its length
    for k in range(len(u) - len(v) + 1):
        quotient.append(scale * rest[k])
        rest = rest - np.pad(quotient[-1] * v, (k, len(u) - len(v) - k))
    y = np.stack(quotient) if quotient else np.zeros(1, rest.dtype, like=inside(rest))
    while len(rest) > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return y, rest


@composed(np.polyder)
def polyder(p, m=1):
    m = numbers(m)
    if int(m) != m or m < 0:
        raise ValueError(f"polyder: the order of the derivative must be 0, 1, 2, ..., not {m}")
    p = as_array(p)
    for _ in range(int(m)):
        p = p[:-1] * arange(len(p), p)[:0:-1]
    return p


@composed(np.polyint)
def polyint(p, m=1, k=None):
    m = numbers(m)
    if int(m) != m or m < 0:
        raise ValueError(f"polyint: the order of the integral must be 0, 1, 2, ..., not {m}")
    p, k = as_arrays(p, 0.0 if k is None else k)
    k = np.atleast_1d(k)
    if k.shape != (m,):
        if k.shape != (1,):
            raise ValueError(f"polyint: k must be one constant, or {m} of them, not of shape {k.shape}")
        k = np.broadcast_to(k, (int(m),))
    for i in range(int(m)):
        p = np.concatenate([p / arange(len(p) + 1, p)[:0:-1], k[i : i + 1]])
    return p


@composed(np.vander)
def vander(x, N=None, increasing=False):
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError(f"vander: takes one dimension, not shape {x.shape}")
    powers = arange(len(x) if N is None else N, x)
    return np.power(np.expand_dims(x.astype(np.promote_types(x.dtype, int)), 1), powers if increasing else powers[::-1])


def slope_coefficients(p):
    """The coefficients of p', the highest power first. (CuPy has no np.polyder.)"""
    return p[:-1] * arange(len(p), p)[:0:-1]


# Roots: if p(r) = 0 stays true, p'(r) dr + dp(r) = 0 -----------------------------------------------------------------

derivative(np.roots, lambda g, y, p: -(g / np.polyval(slope_coefficients(p), y)) @ np.vander(y, np.size(p)))


@composed(np.poly)
def poly(seq_of_zeros):
    roots = np.atleast_1d(as_array(seq_of_zeros))
    if roots.ndim == 2 and roots.shape[0] == roots.shape[1] > 0:
        roots = np.linalg.eigvals(roots)
    elif roots.ndim != 1:
        raise ValueError(f"poly: takes a vector of roots or a square matrix, not shape {roots.shape}")
    y = full(1, 1, roots.dtype, roots)
    for root in roots:
        y = np.convolve(y, np.stack([np.ones_like(root), -root]))
    pairs = is_complex(roots) and np.array_equal(np.sort(roots), np.sort(np.conj(roots)))
    return copy_of(np.real(y)) if pairs else y


@composed(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    x, y, w = (v if v is None else v + 0.0 for v in arrays_or_none(x, y, w))
    n = numbers(deg) + 1
    if x.ndim != 1 or y.ndim not in (1, 2) or len(x) != len(y) or not len(x) or n < 1:
        raise ValueError(
            f"polyfit: takes x of shape (m,), y of shape (m,) or (m, k), and a degree; "
            f"not {x.shape} and {y.shape}, and {deg}"
        )
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    left, right = np.vander(x, n), y
    if w is not None:
        left, right = (left.T * w).T, (right.T * w).T
    scale = np.sqrt(np.sum(np.square(left), axis=0))
    left = left / scale  # columns of one length, for a better condition
    c, residuals, rank, s = np.linalg.lstsq(left, right, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if rank != n:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=4)
    return (c, fit_covariance(left, scale, residuals, y, cov)) if cov else c


def fit_covariance(left, scale, residuals, y, cov):
    """The covariance of the coefficients of polyfit: inv(A^T A), times the variance of the residuals."""
    m, n = left.shape
    base = np.linalg.inv(left.T @ left) / np.multiply.outer(scale, scale)
    if cov == "unscaled":
        factor = 1
    elif m > n:
        factor = residuals / (m - n)
    else:
        raise ValueError(f"polyfit: {m} points are too few for the covariance of {n} coefficients; take cov='unscaled'")
    return base * factor if y.ndim == 1 else np.expand_dims(base, 2) * factor
