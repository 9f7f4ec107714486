"""tensorgrad.scipy.stats beside the distributions of PyTorch and HIPS autograd, where these are installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import close, gradient

from tensorgrad import Tensor

pytest.importorskip("scipy.stats")
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
