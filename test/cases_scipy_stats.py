"""Cases of the distributions of scipy.stats, where SciPy is installed: each function of each distribution, with a
variable in the place of every argument that has a derivative."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

CONTINUOUS = {
    "norm": (), "cauchy": (), "laplace": (), "logistic": (), "gumbel_r": (), "gumbel_l": (), "t": (3.3,),
    "skewnorm": (1.2,), "vonmises": (1.4,), "expon": (), "halfnorm": (), "halfcauchy": (), "rayleigh": (),
    "gamma": (2.2,), "invgamma": (2.6,), "chi2": (3.1,), "lognorm": (0.7,), "pareto": (2.5,), "weibull_min": (1.7,),
    "f": (3.2, 5.1), "uniform": (), "beta": (2.2, 1.7), "truncnorm": (-1.2, 2.1),
    "gennorm": (1.6,), "maxwell": (), "invgauss": (0.8,), "invweibull": (2.4,), "fisk": (2.3,), "powerlaw": (1.8,),
    "wrapcauchy": (0.4,),
}  # fmt: skip
DISCRETE = {
    "bernoulli": (0.3,), "binom": (6, 0.3), "betabinom": (6, 2.2, 1.7), "geom": (0.4,), "nbinom": (3.5, 0.4),
    "poisson": (2.3,),
}  # fmt: skip
PROBABILITIES = [0.2, 0.45, 0.83]

if find_spec("scipy"):
    import scipy.stats

    from tensorgrad.scipy import stats

    def variables(parameters):
        """A variable for each parameter that isn't a count."""
        return [p if isinstance(p, int) else x(p) for p in parameters]

    for name, shapes in CONTINUOUS.items():
        points = 0.4 + 1.3 * getattr(scipy.stats, name).ppf(PROBABILITIES, *shapes)
        for method in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf"):
            case(getattr(getattr(stats, name), method), x(points.round(3).tolist()), *variables((*shapes, 0.4, 1.3)))
        for method in ("ppf", "isf"):
            case(getattr(getattr(stats, name), method), x(PROBABILITIES), *variables((*shapes, 0.4, 1.3)))
    for name, parameters in DISCRETE.items():
        k = np.array([0, 1]) if name == "bernoulli" else np.array([1, 3, 4])
        for method in ("logpmf", "pmf"):
            case(getattr(getattr(stats, name), method), k, *variables(parameters))
        for method in ("cdf", "logcdf", "sf", "logsf"):
            case(getattr(getattr(stats, name), method), k[:-1], *variables(parameters))

    # Broadcasting, keyword arguments, and what is left out
    case(stats.norm.logpdf, x(2, 3), scale=positive(3))
    case(stats.norm.cdf, x(2, 1), positive())
    case(stats.gamma.logpdf, positive(2, 3), a=positive(2, 1))
    case(stats.t.cdf, x(3), positive(2, 1), scale=2)
    case(stats.beta.pdf, 0.3, positive(2), positive(3, 1))
    case(stats.poisson.logpmf, [[0], [2]], positive(3), loc=-1)
    case(stats.norm.pdf, x(0, 2), loc=x(2))

    # Vectors and matrices: symmetric ones are made of others, x of probabilities
    def positive_definite(a):
        return a @ np.swapaxes(a, -1, -2) + np.eye(3)

    def divided(p, axis):
        p = p.astype(float)  # SciPy looks whether they add up to 1
        return p / np.sum(p, axis=axis, keepdims=True)

    def with_matrix(f, points, mean, a, *more, **options):
        return f(points, mean, positive_definite(a), *more, **options)

    def with_matrices(f, a, df, b):
        return f(positive_definite(a), df, positive_definite(b))

    for method in ("logpdf", "pdf"):
        f = getattr(stats.multivariate_normal, method)
        case(f, x(4, 3), x(3), x(3, 3), of=with_matrix)
        case(f, x(3), x(3), x(3, 3), allow_singular=True, of=with_matrix)
        case(f, x(2, 1, 3), np.zeros(3), positive())  # cov a number, and a diagonal
        case(f, x(2, 3), x(3), cov=positive(3))
        case(f, x(3), x(1), positive(1, 1))  # in one dimension
        case(f, x(), None, positive())
        case(f, x(0, 3), x(3))
        f = getattr(stats.multivariate_t, method)
        case(f, x(4, 3), x(3), x(3, 3), positive(), of=with_matrix)
        case(f, x(3), x(1), positive(1, 1), 4)
        f = getattr(stats.dirichlet, method)
        case(f, positive(3), positive(3), of=lambda f, p, alpha: f(divided(p, 0), alpha))
        case(f, positive(3, 2), positive(3), of=lambda f, p, alpha: f(divided(p, 0), alpha))
        case(f, x(2, 2, low=0.1, high=0.5), positive(3))  # without its last row
        case(f, x(2, low=0.1, high=0.5), positive(3))
        for f in (getattr(stats.wishart, method), getattr(stats.invwishart, method)):
            case(f, x(3, 3), x(4.7), x(3, 3), of=with_matrices)
            case(
                f,
                x(2, 3, 3),
                x(3.2),
                x(3, 3),
                of=lambda f, a, df, b: f(np.moveaxis(positive_definite(a), 0, 2), df, positive_definite(b)),
            )
            case(f, positive(2), x(1.3), positive())
    for method in ("logpmf", "pmf"):
        f = getattr(stats.multinomial, method)
        case(f, [[1, 2, 3], [6, 0, 0]], 6, positive(3), of=lambda f, k, n, p: f(k, n, divided(p, -1)))
        case(f, [1, 2, 3], 6, positive(2, 3), of=lambda f, k, n, p: f(k, n, divided(p, -1)))
    case(stats.multivariate_normal.entropy, x(3), x(3, 3), of=lambda f, mean, a: f(mean, positive_definite(a)))
    case(stats.multivariate_normal.entropy, cov=positive())
