"""Distributions of vectors: their densities, with derivatives in every argument that isn't a count.

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

from ..batch import applied
from ..derivatives.arrays import as_array, in_one_call
from ..derivatives.formulas import formula
from ..special import digamma, gammaln
from ..tensor import data_of
from .density_formulas import inside
from .distributions import Distribution, as_double
from .recording import constant, holds_recording, recorded

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

        def through_kernel(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return kernel(*prepare(*bound.args))

        @functools.wraps(of_scipy)
        def function(*args: Any, **kwargs: Any) -> Any:
            if not holds_recording(args) and not holds_recording(kwargs.values()):
                return in_one_call(of_scipy)(*args, **kwargs)
            return applied(through_kernel, args, kwargs)

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
    def of_log(g: Any, y: Any, *args: Any, **settings: Any) -> Any:
        return rule(np.where(np.isneginf(y), 0, g), *args, **settings)

    return with_arguments_of(
        rule, of_log, lambda g, y, *args, **_: "where(isneginf(y), 0, g)" if np.any(np.isneginf(y)) else "g"
    )


def density_rule(rule: Callable) -> Callable:
    def of_density(g: Any, y: Any, *args: Any, **settings: Any) -> Any:
        return rule(g * y, *args, **settings)

    return with_arguments_of(rule, of_density, lambda g, y, *args, **_: "g * y")


def with_arguments_of(rule: Callable, function: Callable, gradient: Callable) -> Callable:
    """A function of (g, y, and the arguments of a rule), with its formula: the rule of another gradient."""
    first, *rest = inspect.signature(rule).parameters.values()
    function.__signature__ = inspect.Signature([first, first.replace(name="y"), *rest])  # type: ignore[attr-defined]
    names = ", ".join(parameter.name for parameter in rest)
    return formula(lambda *args, **settings: f"rule({gradient(*args, **settings)}, {names})")(function)


def transposed_inverse(a: Any) -> Any:
    return np.swapaxes(np.linalg.inv(a), -1, -2)


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


def _precision_text(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> str:
    differences = f"reshape(x - mean, (-1, {len(mean)}))"
    if allow_singular and is_singular(cov):
        return f"{differences} @ pinv(cov, {NEGLIGIBLE}, hermitian=True)"
    return f"solve(cov, {differences}.T).T"


@formula(_precision_text)
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


def of_mean(g: Any, u: Any, x: Any) -> Any:
    """The gradient of the mean in -h(q), where the rows of u are 2 h'(q) inv(cov) (x - mean). That of x is minus this.

    (Of each point: it is added up as broadcasting is undone.)
    """
    return np.reshape(np.reshape(g, (-1, 1)) * u, np.shape(x))


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
    return -normal_mean(g, x, mean, cov, allow_singular)


def normal_mean(g: Any, x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    return of_mean(g, precision_times(x, mean, cov, allow_singular), x)


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
    return -t_loc(g, x, loc, shape, df, allow_singular)


def t_loc(g: Any, x: Any, loc: Any, shape: Any, df: Any, allow_singular: bool = False) -> Any:
    u, _, weight = t_parts(x, loc, shape, df)
    return of_mean(g, weight * u, x)


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
    t_loc,
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


def dirichlet_x(g: Any, x: Any, alpha: Any) -> Any:
    return np.reshape(g, np.shape(x)[1:]) * (column(alpha, x) - 1) / inside(x, 0, None)


def dirichlet_alpha(g: Any, x: Any, alpha: Any) -> Any:
    slope = np.log(inside(x, 0, None)) - column(digamma(alpha) - digamma(np.sum(alpha)), x)
    return np.sum(np.reshape(np.reshape(g, np.shape(x)[1:]) * slope, (len(x), -1)), axis=1)


def of_dirichlet_pdf(rule: Callable) -> Callable:
    """Where an x is 0, the density is taken inside, too: it may be 0, and its derivative not."""

    def density(x: Any, alpha: Any) -> Any:
        logs = np.sum((column(alpha, x) - 1) * np.log(inside(x, 0, None)), axis=0)
        return np.exp(logs + gammaln(np.sum(alpha)) - np.sum(gammaln(alpha)))

    @formula(
        lambda g, y, x, alpha: (
            "rule(g * reshape(density(x, alpha), shape(y)), x, alpha)" if np.any(x == 0) else "rule(g * y, x, alpha)"
        )
    )
    def of_pdf(g: Any, y: Any, x: Any, alpha: Any) -> Any:
        return rule(g * (np.reshape(density(x, alpha), np.shape(y)) if np.any(x == 0) else y), x, alpha)

    return of_pdf


dirichlet = Multivariate("dirichlet")
dirichlet.enter("logpdf", prepared_dirichlet, log_rule(dirichlet_x), log_rule(dirichlet_alpha))
dirichlet.enter("pdf", prepared_dirichlet, of_dirichlet_pdf(dirichlet_x), of_dirichlet_pdf(dirichlet_alpha))


def prepared_multinomial(x: Any, n: Any, p: Any) -> tuple[Any, ...]:
    p = as_double(p)
    if not np.allclose(np.sum(data_of(p), axis=-1), 1, rtol=0, atol=1e-6):
        raise ValueError("multinomial: the probabilities p must add up to 1; divide them by their sum")
    return x, n, p


@formula(
    lambda g, y, x, n, p: (
        "expand_dims(g * multinomial.pmf(x, n, u), -1) * (x / u)"
        if np.any(p == 0)
        else "expand_dims(g * y, -1) * (x / p)"
    ),
    u="inside(p, 0, None)",
)
def multinomial_pmf_p(g: Any, y: Any, x: Any, n: Any, p: Any) -> Any:
    """Where a p is 0, y may be 0, and its derivative not: both are taken inside."""
    p = inside(p, 0, None)
    return np.expand_dims(g * np.where(np.isfinite(y), multinomial.pmf(x, n, p), y), -1) * (x / p)


@formula(
    lambda g, y, x, n, p: (
        f"expand_dims({'where(isneginf(y), 0, g)' if np.any(np.isneginf(y)) else 'g'}, -1) * (x / inside(p, 0, None))"
    )
)
def multinomial_logpmf_p(g: Any, y: Any, x: Any, n: Any, p: Any) -> Any:
    return np.expand_dims(np.where(np.isneginf(y), 0, g), -1) * (x / inside(p, 0, None))


multinomial: Any = Multivariate("multinomial")
multinomial.enter(
    "logpmf",
    prepared_multinomial,
    None,
    None,
    multinomial_logpmf_p,
    reason="it is a count",
)
multinomial.enter("pmf", prepared_multinomial, None, None, multinomial_pmf_p, reason="it is a count")
