"""`scipy.stats` with gradients: distributions, with derivatives in the variate and in every parameter, to any order.

They have SciPy's names, arguments and values, and are frozen as SciPy's are: `norm(loc, scale).logpdf(x)`. With
derivatives come pdf, logpdf, cdf, sf, logcdf, logsf, ppf and isf of continuous distributions; pmf, logpmf, cdf, sf,
logcdf and logsf of discrete ones, in their parameters, for k is a whole number; and the densities of those of vectors
and matrices. Everything else of a distribution, such as rvs or fit, is SciPy's own, and takes no Tensor that requires a
gradient.

>>> from tensorgrad import Tensor
>>> from tensorgrad.scipy.stats import gamma, norm
>>> x, a, scale = [0.3, 1.2, 2.4], Tensor(2.0), Tensor(1.5)
>>> gamma.logpdf(x, a, scale=scale).sum().backward()
>>> float(a.grad), float(scale.grad)  # the score of a sample
(-2.6309308397979763, -2.2666666666666666)
>>> norm(loc=Tensor(0.0)).cdf(1.0)
Tensor(0.84134475)

The gradient outside the support of a density is 0, and so it is at infinity. On an edge of the support it is that of
the nearest number inside. Values are float64, as SciPy computes them; a gradient has the dtype of what it belongs to.

What has no derivative is an error, when it is a Tensor that requires a gradient:

>>> from tensorgrad.scipy.stats import poisson
>>> poisson.logpmf(Tensor(3.0), 2.5)  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
TypeError: poisson.logpmf: the argument k has no derivative in tensorgrad: it is a whole number. Pass tensor.data to ...
"""

from .continuous import (
    beta,
    cauchy,
    chi2,
    expon,
    f,
    fisk,
    gamma,
    gennorm,
    gumbel_l,
    gumbel_r,
    halfcauchy,
    halfnorm,
    invgamma,
    invgauss,
    invweibull,
    laplace,
    logistic,
    lognorm,
    maxwell,
    norm,
    pareto,
    powerlaw,
    rayleigh,
    skewnorm,
    t,
    truncnorm,
    uniform,
    vonmises,
    weibull_min,
    wrapcauchy,
)
from .discrete import bernoulli, betabinom, binom, geom, nbinom, poisson
from .matrices import invwishart, wishart
from .multivariate import dirichlet, multinomial, multivariate_normal, multivariate_t
from .recording import absent

__all__ = [
    "norm", "t", "cauchy", "laplace", "logistic", "gumbel_r", "gumbel_l", "gennorm", "skewnorm", "vonmises",
    "expon", "gamma", "invgamma", "chi2", "f", "lognorm", "invgauss", "pareto", "weibull_min", "invweibull", "fisk",
    "rayleigh", "maxwell", "halfnorm", "halfcauchy", "uniform", "beta", "powerlaw", "truncnorm", "wrapcauchy",
    "bernoulli", "binom", "betabinom", "geom", "nbinom", "poisson",
    "multivariate_normal", "multivariate_t", "dirichlet", "multinomial", "wishart", "invwishart",
]  # fmt: skip

__getattr__ = absent("scipy.stats", __all__)
