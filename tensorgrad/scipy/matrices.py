"""Distributions of matrices: the Wishart distribution, and that of its inverse.

The gradients of matrices are those of formulas in which all elements are variables, see multivariate.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.formulas import formula
from ..special import digamma
from .distributions import as_double
from .multivariate import Multivariate, transposed_inverse

LOG_2 = float(np.log(2))


def log_determinant(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def prepared_wishart(x: Any, df: Any, scale: Any) -> tuple[Any, Any, Any]:
    """x as (d, d, n), df and scale as (d, d), of all that SciPy takes for them."""
    x, scale = as_double(x), as_double(1.0 if scale is None else scale)
    if np.ndim(scale) < 2:
        scale = np.reshape(scale, (1, 1)) if np.ndim(scale) == 0 else np.diag(scale)
    d = len(scale)
    if np.ndim(x) == 0:
        x = x * np.eye(d)
    elif np.ndim(x) == 1:
        x = np.reshape(x, (1, 1, -1)) if d == 1 else np.diag(x)
    return np.expand_dims(x, 2) if np.ndim(x) == 2 else x, as_double(d if df is None else df), scale


def each_matrix(x: Any, g: Any) -> tuple[Any, Any]:
    """The matrices along the first axis, and g for each."""
    return np.moveaxis(x, -1, 0), np.reshape(g, (-1, 1, 1))


@formula("sum(digamma((df - arange(d)) / 2)) / 2")
def half_digammas(df: Any, d: int) -> Any:
    """The derivative of multigammaln(df / 2, d) in df (35.3.4)."""
    return 0.5 * sum(digamma((df - j) / 2) for j in range(d))


def wishart_x(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, g = each_matrix(x, g)
    slope = (df - len(scale) - 1) * transposed_inverse(matrices) - transposed_inverse(scale)
    return np.moveaxis(0.5 * g * slope, 0, -1)


def wishart_df(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, _ = each_matrix(x, g)
    d = len(scale)
    slope = 0.5 * (log_determinant(matrices) - log_determinant(scale) - d * LOG_2) - half_digammas(df, d)
    return np.sum(np.reshape(g, -1) * slope)


def wishart_scale(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, g = each_matrix(x, g)
    v = transposed_inverse(scale)
    return np.sum(0.5 * g * (v @ np.swapaxes(matrices, 1, 2) @ v - df * v), axis=0)


def inverse_wishart_x(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, g = each_matrix(x, g)
    u = transposed_inverse(matrices)
    return np.moveaxis(0.5 * g * (u @ np.transpose(scale) @ u - (df + len(scale) + 1) * u), 0, -1)


def inverse_wishart_df(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, _ = each_matrix(x, g)
    d = len(scale)
    slope = 0.5 * (log_determinant(scale) - log_determinant(matrices) - d * LOG_2) - half_digammas(df, d)
    return np.sum(np.reshape(g, -1) * slope)


def inverse_wishart_scale(g: Any, x: Any, df: Any, scale: Any) -> Any:
    matrices, g = each_matrix(x, g)
    return np.sum(0.5 * g * (df * transposed_inverse(scale) - transposed_inverse(matrices)), axis=0)


wishart = Multivariate("wishart")
wishart.enter_density("logpdf", "pdf", prepared_wishart, wishart_x, wishart_df, wishart_scale)
invwishart = Multivariate("invwishart")
invwishart.enter_density(
    "logpdf", "pdf", prepared_wishart, inverse_wishart_x, inverse_wishart_df, inverse_wishart_scale
)
