"""tensorgrad.scipy.stats beside the distributions of PyTorch, HIPS autograd and JAX, where these are installed."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from cases_scipy_stats import CONTINUOUS, DISCRETE, PROBABILITIES
from helpers import close, gradient

from tensorgrad import Tensor, grad

scipy_stats = pytest.importorskip("scipy.stats")
stats = pytest.importorskip("tensorgrad.scipy.stats")

X, K, A, B, P = np.array([0.2, 0.45, 0.8]), np.array([1.0, 0.0, 3.0]), 2.3, 1.4, 0.35
POINT, MEAN, ALPHA = np.array([0.3, 0.2, 0.5]), np.array([0.6, 0.1, 1.0]), np.array([3.0, 1.3, 0.7])
MATRIX = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])

# A function here, PyTorch's distribution of the same parameters (and the point, where it is no variable), the arguments
TORCHS: list[tuple] = [
    (lambda x, a, b: stats.norm.logpdf(x, a, b), "Normal", None, (X, A, B)),
    (lambda x, df, a, b: stats.t.logpdf(x, df, a, b), "StudentT", None, (X, 3.0, A, B)),
    (lambda x, a, b: stats.beta.logpdf(x, a, b), "Beta", None, (X, A, B)),
    (lambda x, a, b: stats.gamma.logpdf(x, a, scale=1 / b), "Gamma", None, (X, A, B)),
    (lambda x, a, b: stats.invgamma.logpdf(x, a, scale=b), "InverseGamma", None, (X, A, B)),
    (lambda x, df: stats.chi2.logpdf(x, df), "Chi2", None, (X, A)),
    (lambda x, a, b: stats.f.logpdf(x, a, b), "FisherSnedecor", None, (X, A, B)),
    (lambda x, rate: stats.expon.logpdf(x, scale=1 / rate), "Exponential", None, (X, A)),
    (lambda x, a, b: stats.cauchy.logpdf(x, a, b), "Cauchy", None, (X, A, B)),
    (lambda x, a, b: stats.laplace.logpdf(x, a, b), "Laplace", None, (X, A, B)),
    (lambda x, a, b: stats.gumbel_r.logpdf(x, a, b), "Gumbel", None, (X, A, B)),
    (lambda x, a, s: stats.lognorm.logpdf(x, s, scale=np.exp(a)), "LogNormal", None, (X, A, B)),
    (lambda x, s, c: stats.weibull_min.logpdf(x, c, scale=s), "Weibull", None, (X, A, B)),
    (lambda x, s, b: stats.pareto.logpdf(x, b, scale=s), "Pareto", None, (X + 3, A, B)),
    (lambda x, s: stats.halfnorm.logpdf(x, scale=s), "HalfNormal", None, (X, A)),
    (lambda x, s: stats.halfcauchy.logpdf(x, scale=s), "HalfCauchy", None, (X, A)),
    (lambda mu: stats.poisson.logpmf(K, mu), "Poisson", K, (A,)),
    (lambda p: stats.bernoulli.logpmf(K[:2], p), "Bernoulli", K[:2], (P,)),
    (lambda p: stats.geom.logpmf(K + 1, p), "Geometric", K, (P,)),
    (lambda n, p: stats.nbinom.logpmf(K, n, 1 - p), "NegativeBinomial", K, (A, P)),
    (lambda alpha: stats.dirichlet.logpdf(POINT, alpha), "Dirichlet", POINT, (ALPHA,)),
    (lambda x, m, c: stats.multivariate_normal.logpdf(x, m, c), "MultivariateNormal", None, (POINT, MEAN, MATRIX)),
    (lambda x, df, c: stats.wishart.logpdf(x, df, c), "Wishart", None, (MATRIX + np.eye(3), 4.5, MATRIX)),
]


@pytest.mark.parametrize("ours, name, point, args", TORCHS, ids=[entry[1] for entry in TORCHS])
def test_pytorchs_densities(ours: Any, name: str, point: Any, args: tuple):
    torch = pytest.importorskip("torch")
    tensors = [Tensor(arg) for arg in args]
    torches = [torch.tensor(arg, dtype=torch.float64, requires_grad=True) for arg in args]
    where, parameters = (torches[0], torches[1:]) if point is None else (torch.tensor(point), torches)
    y, z = ours(*tensors), getattr(torch.distributions, name)(*parameters).log_prob(where)
    close(y.data, z.detach().numpy(), rtol=1e-9)
    y.backward()
    z.sum().backward()
    for mine, other in zip(tensors, torches, strict=True):
        close(mine.grad, other.grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("name, theirs", [("norm", "Normal"), ("cauchy", "Cauchy"), ("laplace", "Laplace")])
def test_pytorchs_distribution_functions_and_quantiles(name: str, theirs: str):
    torch = pytest.importorskip("torch")
    for method, other in (("cdf", "cdf"), ("ppf", "icdf")):
        tensors = [Tensor(arg) for arg in (X, A, B)]
        torches = [torch.tensor(arg, dtype=torch.float64, requires_grad=True) for arg in (X, A, B)]
        getattr(getattr(stats, name), method)(*tensors).backward()
        getattr(getattr(torch.distributions, theirs)(*torches[1:]), other)(torches[0]).sum().backward()
        for mine, expected in zip(tensors, torches, strict=True):
            close(mine.grad, expected.grad.numpy(), rtol=1e-9)


# HIPS autograd's functions, and their arguments; those that have a derivative there
AUTOGRADS: list[tuple] = [
    *[("norm", method, (X, 0.2, 1.3), (0, 1, 2)) for method in ("pdf", "cdf", "sf", "logpdf", "logcdf", "logsf")],
    *[("t", method, (X, 3.3, 0.2, 1.3), (0, 1, 2, 3)) for method in ("pdf", "logpdf")],
    *[("t", method, (X, 3.3, 0.2, 1.3), (0, 2)) for method in ("cdf", "logcdf")],
    *[("beta", method, (X, A, B), (0, 1, 2)) for method in ("pdf", "logpdf")],
    *[("gamma", method, (X, A), (0, 1)) for method in ("pdf", "logpdf")],
    *[("chi2", method, (X, 3.0), (0,)) for method in ("pdf", "logpdf", "cdf")],
    *[("poisson", method, (K, A), (1,)) for method in ("pmf", "logpmf", "cdf")],
    *[("dirichlet", method, (POINT, ALPHA), (0, 1)) for method in ("pdf", "logpdf")],
    *[("multivariate_normal", method, (POINT, MEAN, MATRIX), (0, 1, 2)) for method in ("pdf", "logpdf")],
    ("beta", "cdf", (X, A, B), (0,)),
    ("gamma", "cdf", (X, A), (0,)),
    ("multivariate_normal", "entropy", (MEAN, MATRIX), (1,)),
]


@pytest.mark.parametrize("name, method, args, which", AUTOGRADS)
def test_all_that_autograd_has(name: str, method: str, args: tuple, which: tuple):
    autograd, theirs = pytest.importorskip("autograd"), pytest.importorskip("autograd.scipy.stats")
    ours, other = getattr(getattr(stats, name), method), getattr(getattr(theirs, name), method)
    for i in which:
        found = gradient(lambda arg, i=i: ours(*args[:i], arg, *args[i + 1 :]), np.array(args[i]))
        close(found, autograd.elementwise_grad(other, i)(*args), rtol=1e-9)


def of_variables(f: Any, args: list, which: list) -> Any:
    """The sum of f as a function of some of its arguments."""

    def of(*values: Any) -> Any:
        given = dict(zip(which, values, strict=True))
        return f(*[given.get(i, arg) for i, arg in enumerate(args)]).sum()

    return of


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_all_that_jax_has(name: str):
    """The first and second derivatives of all functions that have a namesake in jax.scipy.stats, and a derivative."""
    jax, theirs = pytest.importorskip("jax"), pytest.importorskip("jax.scipy.stats")
    if not hasattr(theirs, name):
        pytest.skip(f"JAX has no {name}")
    parameters, compared = {**CONTINUOUS, **DISCRETE}[name], 0
    k = [0, 1] if name == "bernoulli" else [1, 3, 4]
    points = getattr(scipy_stats, name).ppf(PROBABILITIES, *parameters) if name in CONTINUOUS else np.array(k)
    with jax.enable_x64(True):
        for method in ("logpdf", "pdf", "logpmf", "pmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"):
            other = getattr(getattr(theirs, name), method, None)
            ours = vars(getattr(stats, name)).get(method)
            if other is None or ours is None:
                continue
            args = [np.array(PROBABILITIES) if method in ("ppf", "isf") else points, *parameters]
            which = [i for i, arg in enumerate(args) if (i or name in CONTINUOUS) and not isinstance(arg, int)]
            values = [np.asarray(args[i], float) for i in which]
            everywhere = tuple(range(len(values)))
            mine = grad(of_variables(ours, args, which), everywhere)
            expected = jax.grad(of_variables(other, args, which), everywhere)

            def squares(*values: Any, of: Any) -> Any:
                return sum((g * g).sum() for g in of(*values))

            for order in (1, 2):
                try:
                    from_jax = expected(*values)
                except (NotImplementedError, ValueError, TypeError):  # JAX has no derivative of this function
                    break
                for a, b in zip(mine(*values), from_jax, strict=True):
                    close(a, b, rtol=1e-8 if order == 1 else 1e-6, atol=1e-8)
                mine = grad(functools.partial(squares, of=mine), everywhere)
                expected = jax.grad(functools.partial(squares, of=expected), everywhere)
                compared += 1
    assert compared
