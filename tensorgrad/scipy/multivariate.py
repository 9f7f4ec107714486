"""Distributions of vectors and matrices: their densities, with derivatives in every argument that isn't a count.

A gradient for a covariance, or another symmetric matrix, is that of the formula in which all of its elements are
variables, as JAX and PyTorch give it: it is symmetric, and its product with a symmetric change is the derivative.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from ..derivatives.arrays import as_array
from ..special import digamma
from ..special.ufuncs import ratio
from ..tensor import data_of
from .distributions import Distribution, as_double
from .recording import constant, holds_recording, recorded

LOG_2 = float(np.log(2))
NEGLIGIBLE = 1e6 * float(np.finfo(float).eps)  # to SciPy, eigenvalues below this part of the largest are 0


class Multivariate(Distribution):
    """A distribution whose functions are set by `enter`."""

    def __init__(self, name: str):
        super().__init__(name)
        self._parameters = inspect.signature(self._scipy.__call__)

    def enter(self, method: str, prepare: Callable, *rules: Callable | None, reason: str = "") -> None:
        """Set a function of the distribution. prepare brings its arguments into the form in which rules take them."""
        of_scipy = with_numbers(f"{self.name}.{method}", getattr(self._scipy, method))
        kernel, signature = recorded(of_scipy, *rules, reason=reason), inspect.signature(of_scipy)

        @functools.wraps(of_scipy)
        def function(*args: Any, **kwargs: Any) -> Any:
            if not holds_recording(args) and not holds_recording(kwargs.values()):
                return of_scipy(*args, **kwargs)
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return kernel(*prepare(*bound.args))

        setattr(self, method, function)

    def enter_density(self, of_log: str, of_itself: str, prepare: Callable, *rules: Callable | None) -> None:
        """Set the logarithm of the density, whose rules are rule(g, *args), and the density."""
        self.enter(of_log, prepare, *[rule and log_rule(rule) for rule in rules], reason="it is a count")
        self.enter(of_itself, prepare, *[rule and density_rule(rule) for rule in rules], reason="it is a count")


def with_numbers(name: str, function: Callable) -> Callable:
    """A method of SciPy's as a function of this name, where an array of no axes is a number: some take no other."""

    @functools.wraps(function)
    def of_scipy(*args: Any, **kwargs: Any) -> Any:
        return function(*[arg.item() if type(arg) is np.ndarray and arg.ndim == 0 else arg for arg in args], **kwargs)

    of_scipy.__name__, of_scipy.__module__ = name, __name__
    return of_scipy


def log_rule(rule: Callable) -> Callable:
    return lambda g, y, *args, **settings: rule(np.where(np.isneginf(y), 0, g), *args, **settings)


def density_rule(rule: Callable) -> Callable:
    return lambda g, y, *args, **settings: rule(g * y, *args, **settings)


def transposed_inverse(a: Any) -> Any:
    return np.swapaxes(np.linalg.inv(a), -1, -2)


def log_determinant(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


# Vectors: the normal and the t distribution, functions of q = (x - mean)' inv(cov) (x - mean) ------------------------


def points_and_matrix(x: Any, mean: Any, cov: Any) -> tuple[Any, Any, Any]:
    """x as (..., d), mean as (d,) and cov as (d, d), of all that SciPy takes for them."""
    cov = as_double(1.0 if cov is None else cov)
    mean = mean if mean is None else as_double(mean)
    d = np.size(mean) if mean is not None else len(cov) if np.ndim(cov) == 2 else 1
    mean = np.zeros(d) if mean is None else mean
    if d == 1 and np.size(cov) == 1:
        mean, cov = np.reshape(mean, (1,)), np.reshape(cov, (1, 1))
    elif np.ndim(cov) < 2:
        cov = cov * np.eye(d) if np.ndim(cov) == 0 else np.diag(cov)
    x = as_double(x)
    if np.ndim(x) < 2:
        x = np.reshape(x, (-1, 1) if d == 1 else (1, -1))
    return x, mean, cov


def precision_times(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """inv(cov) (x - mean) in a row for each point; of a singular matrix, which is constant, the pseudo-inverse."""
    e = np.reshape(x - mean, (-1, len(mean)))
    if allow_singular and is_singular(cov):
        return e @ np.linalg.pinv(data_of(cov), NEGLIGIBLE, hermitian=True)
    return np.transpose(np.linalg.solve(cov, np.transpose(e)))


def is_singular(cov: Any) -> bool:
    """Whether it is to SciPy."""
    values = np.linalg.eigvalsh(data_of(cov))
    return bool(values[0] <= NEGLIGIBLE * max(abs(values)))


def of_x(g: Any, u: Any, x: Any) -> Any:
    """The gradient of x in -h(q), where the rows of u are 2 h'(q) inv(cov) (x - mean)."""
    return np.reshape(-np.reshape(g, (-1, 1)) * u, np.shape(x))


def of_matrix(g: Any, u: Any, v: Any, cov: Any) -> Any:
    """The gradient of cov in -log(det(cov)) / 2 - h(q), where u = inv(cov) (x - mean) and v = 2 h'(q) u in rows."""
    return 0.5 * (np.transpose(u) @ (np.reshape(g, (-1, 1)) * v) - np.sum(g) * transposed_inverse(cov))


def prepared_normal(x: Any, mean: Any, cov: Any, allow_singular: bool) -> tuple[Any, ...]:
    if isinstance(cov, scipy.stats.Covariance):
        cov, allow_singular = cov.covariance, True
    x, mean, cov = points_and_matrix(x, mean, cov)
    if allow_singular and is_singular(cov):
        cov = constant("multivariate_normal", "cov", cov, "it is singular")
    return x, mean, cov, allow_singular


def normal_x(g: Any, x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    return of_x(g, precision_times(x, mean, cov, allow_singular), x)


def normal_mean(g: Any, x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    return -normal_x(g, x, mean, cov, allow_singular)


def normal_cov(g: Any, x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    u = precision_times(x, mean, cov)
    return of_matrix(g, u, u, cov)


multivariate_normal = Multivariate("multivariate_normal")
multivariate_normal.enter_density("logpdf", "pdf", prepared_normal, normal_x, normal_mean, normal_cov)
multivariate_normal.enter(
    "entropy",
    lambda mean, cov: points_and_matrix(0.0, mean, cov)[1:],
    lambda g, y, mean, cov: g * np.zeros(np.shape(mean)),
    lambda g, y, mean, cov: g * 0.5 * transposed_inverse(cov),
)


def prepared_t(x: Any, loc: Any, shape: Any, df: Any, *allow_singular: bool) -> tuple[Any, ...]:
    x, loc, shape = points_and_matrix(x, loc, shape)
    if is_singular(shape):
        shape = constant("multivariate_t", "shape", shape, "it is singular")
    return x, loc, shape, as_double(1.0 if df is None else df), *allow_singular


def t_parts(x: Any, loc: Any, shape: Any, df: Any) -> tuple[Any, Any, Any]:
    """u = inv(shape) (x - loc), q / df, and (df + d) / (df + q), in rows for each point; df may be infinite."""
    u = precision_times(x, loc, shape, True)
    r = np.sum(np.reshape(x - loc, np.shape(u)) * u, axis=1, keepdims=True) / df
    return u, r, (1 + len(loc) / df) / (1 + r)


def t_x(g: Any, x: Any, loc: Any, shape: Any, df: Any, allow_singular: bool = False) -> Any:
    u, _, weight = t_parts(x, loc, shape, df)
    return of_x(g, weight * u, x)


def t_shape(g: Any, x: Any, loc: Any, shape: Any, df: Any, allow_singular: bool = False) -> Any:
    u, _, weight = t_parts(x, loc, shape, df)
    return of_matrix(g, u, weight * u, shape)


def t_df(g: Any, x: Any, loc: Any, shape: Any, df: Any, allow_singular: bool = False) -> Any:
    _, r, weight = t_parts(x, loc, shape, df)
    d = len(loc)
    slope = digamma((df + d) / 2) - digamma(df / 2) - d / df - np.log1p(r) + weight * r
    return 0.5 * np.sum(np.reshape(g, (-1, 1)) * slope)


multivariate_t = Multivariate("multivariate_t")
multivariate_t.enter_density(
    "logpdf",
    "pdf",
    prepared_t,
    t_x,
    lambda g, *args, **settings: -t_x(g, *args, **settings),
    t_shape,
    t_df,
)

# Probabilities: x of the Dirichlet distribution, p of the multinomial -------------------------------------------------


def prepared_dirichlet(x: Any, alpha: Any) -> tuple[Any, Any]:
    """x with its last row, which may be left out: what the others lack to 1."""
    x, alpha = as_array(x), as_array(alpha)
    if np.ndim(x) and len(x) + 1 == np.size(alpha):
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    return x, alpha


def column(alpha: Any, x: Any) -> Any:
    return np.reshape(alpha, (-1,) + (1,) * (np.ndim(x) - 1))


def dirichlet_alpha(g: Any, x: Any, alpha: Any) -> Any:
    slope = np.log(x) - column(digamma(alpha) - digamma(np.sum(alpha)), x)
    return np.sum(np.reshape(np.reshape(g, np.shape(x)[1:]) * slope, (len(x), -1)), axis=1)


dirichlet = Multivariate("dirichlet")
dirichlet.enter_density(
    "logpdf",
    "pdf",
    prepared_dirichlet,
    lambda g, x, alpha: np.reshape(g, np.shape(x)[1:]) * ratio(column(alpha, x) - 1, x),
    dirichlet_alpha,
)


def prepared_multinomial(x: Any, n: Any, p: Any) -> tuple[Any, ...]:
    p = as_double(p)
    if not np.allclose(np.sum(data_of(p), axis=-1), 1, rtol=0, atol=1e-6):
        raise ValueError("multinomial: the probabilities p must add up to 1; divide them by their sum")
    return x, n, p


multinomial = Multivariate("multinomial")
multinomial.enter_density(
    "logpmf", "pmf", prepared_multinomial, None, None, lambda g, x, n, p: np.expand_dims(g, -1) * ratio(x, p)
)

# Matrices: the Wishart distribution and that of its inverse -----------------------------------------------------------


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
