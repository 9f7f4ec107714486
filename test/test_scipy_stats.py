"""Distributions of one variable in tensorgrad.scipy.stats: SciPy's values to the last bit, derivatives at edges, frozen
distributions, and what is refused."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest
from cases_scipy_stats import CONTINUOUS, DISCRETE
from helpers import close, gradient
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor, check_grads, grad, hessian, jacobian, jvp, no_grad, value_and_grad, vmap

scipy_stats = pytest.importorskip("scipy.stats")
stats = pytest.importorskip("tensorgrad.scipy.stats")

PARAMETERS = {**CONTINUOUS, **DISCRETE}
OF_DENSITY, OF_DISTRIBUTION = ("logpdf", "pdf"), ("cdf", "sf", "logcdf", "logsf")
METHODS = {
    **{name: (*OF_DENSITY, *OF_DISTRIBUTION) for name in CONTINUOUS},
    **{name: ("logpmf", "pmf", *OF_DISTRIBUTION) for name in DISCRETE},
}
ALL = [(name, method) for name, methods in METHODS.items() for method in methods]
QUANTILES = [(name, method) for name in CONTINUOUS for method in ("ppf", "isf")]


def methods_of(name: str, method: str) -> tuple[Any, Any]:
    return getattr(getattr(stats, name), method), getattr(getattr(scipy_stats, name), method)


def of_parameter(p: Any) -> Any:
    """A Tensor, but for a count."""
    return p if isinstance(p, int) else Tensor(p)


def gradients(f: Any, *args: Any) -> list[np.ndarray]:
    """Those of all Tensors among the arguments."""
    f(*args).backward()
    return [arg.grad for arg in args if isinstance(arg, Tensor)]


def with_places(name: str) -> tuple:
    return (*PARAMETERS[name], 0.3, 1.7) if name in CONTINUOUS else PARAMETERS[name]


# Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy
@pytest.mark.parametrize("name, method", [*ALL, *QUANTILES])
def test_values_are_scipys_to_the_last_bit(name: str, method: str):
    """Inside, outside, on the edges, and of parameters that aren't allowed."""
    ours, theirs = methods_of(name, method)
    parameters = with_places(name)
    if method in ("ppf", "isf"):
        points = np.array([-0.1, 0.0, 1e-200, 0.3, 0.7, 1.0, np.nan])
    else:
        edges = [edge for edge in getattr(scipy_stats, name).support(*parameters) if np.isfinite(edge)]
        points = np.array([*edges, -1e300, -30.0, -1.0, 0.0, 0.5, 1.0, 2.0, 30.0, 1e300, np.inf, np.nan])
    for bad in (parameters, (*parameters[:-1], -1.0)):
        expected = theirs(points, *bad)
        given = Tensor(points) if name in CONTINUOUS else points
        for y in (ours(given, *map(of_parameter, bad)), ours(given, *bad), ours(points, *bad)):
            np.testing.assert_array_equal(y.data if isinstance(y, Tensor) else y, expected)
    assert type(ours(0.5, *parameters)) is type(theirs(0.5, *parameters))


def test_signatures_are_scipys():
    assert str(inspect.signature(stats.norm.logpdf)) == "(x, loc=0, scale=1)"
    assert str(inspect.signature(stats.beta.ppf)) == "(q, a, b, loc=0, scale=1)"
    assert str(inspect.signature(stats.binom.logpmf)) == "(k, n, p, loc=0)"
    x, df = Tensor([0.2, 0.7]), Tensor(3.0)
    y = stats.t.cdf(x=x, scale=2, loc=0.1, df=df)
    np.testing.assert_array_equal(y.data, scipy_stats.t.cdf([0.2, 0.7], 3.0, 0.1, 2))
    np.testing.assert_array_equal(stats.t.cdf(x, df, 0.1, 2).data, y.data)


def test_lists_and_lists_of_tensors_are_arrays():
    a, b = Tensor(2.0), Tensor(3.0)
    y = stats.gamma.logpdf([[0.5], [1.5]], [a, b])
    assert y.shape == (2, 2)
    y[0, 1].backward()
    assert a.grad == 0
    close(b.grad, np.log(0.5) - (1 - 0.5772156649015329) - 0.5)  # digamma(3) = 3/2 - Euler's constant


def test_gradients_have_the_shape_and_dtype_of_what_they_belong_to():
    x, df, scale = (Tensor(np.full(s, 1.5, np.float32)) for s in ((4, 1, 3), (2, 1), ()))
    y = stats.t.logsf(x, df, scale=scale)
    assert y.shape == (4, 2, 3) and y.dtype == np.float64  # as SciPy
    y.backward()
    for t in (x, df, scale):
        assert t.grad.shape == t.shape and t.grad.dtype == np.float32
    x = Tensor(np.zeros((0, 3)))
    assert gradient(lambda x, a: stats.norm.cdf(x, a), x.data, np.zeros(3))[1].tolist() == [0, 0, 0]


# Outside the support, and on its edges -------------------------------------------------------------------------------


@pytest.mark.parametrize("name, method", ALL)
def test_derivatives_outside_the_support_are_zero(name: str, method: str):
    parameters = with_places(name)
    f, _ = methods_of(name, method)
    low, high = getattr(scipy_stats, name).support(*parameters)
    for x in [edge for edge in (low - 1, high + 1) if np.isfinite(edge)]:
        x = Tensor(x) if name in CONTINUOUS else x
        for g in gradients(f, x, *map(of_parameter, parameters)):
            np.testing.assert_array_equal(g, 0)


@pytest.mark.parametrize("method", OF_DISTRIBUTION)
@pytest.mark.parametrize("name", PARAMETERS)
def test_derivatives_at_infinity_are_zero(name: str, method: str):
    f, _ = methods_of(name, method)
    for x in (-np.inf, np.inf):
        given = Tensor(x) if name in CONTINUOUS else x
        for g in gradients(f, given, *map(of_parameter, PARAMETERS[name])):
            np.testing.assert_array_equal(g, 0)


def test_second_derivatives_outside_are_zero_too():
    for f in (stats.gamma.logpdf, stats.gamma.pdf, stats.gamma.cdf, stats.gamma.logcdf):
        for h in np.ravel(hessian(lambda v, f=f: f(v[0], v[1], v[2], v[3]))(np.array([-1.0, 2.5, 0.2, 1.3]))):
            assert h == 0


def test_on_an_edge_derivatives_are_those_from_inside():
    assert gradient(stats.expon.logpdf, np.array(0.0)) == -1
    close(gradient(stats.halfnorm.logpdf, np.array(0.0)), 0)
    assert gradient(stats.uniform.pdf, np.array([0.0, 1.0])).tolist() == [0, 0]
    assert gradient(stats.uniform.cdf, np.array([0.0, 1.0])).tolist() == [1, 1]
    assert gradient(stats.pareto.logpdf, np.array(1.0), np.array(3.0))[0] == -4
    x, a, b, scale = Tensor([0.0, 1.0]), Tensor(2.0), Tensor(3.0), Tensor(1.0)
    stats.beta.logpdf(x, a, b, 0, scale).backward(np.array([1.0, 0.0]))
    assert x.grad[0] > 1e100 and a.grad < -300  # 1 / x, log(x)
    close(b.grad, 1 / 3 + 1 / 4)  # digamma(5) - digamma(3)
    close(scale.grad, -2.0)  # of -a log(scale)
    assert gradient(lambda x: stats.gamma.pdf(x, 1.0), np.array(0.0)) == -1
    close(gradient(lambda x: stats.gamma.pdf(x, 2.0), np.array(0.0)), 1)
    close(gradient(lambda x: stats.gamma.pdf(x, 3.0), np.array(0.0)), 0)
    close(gradient(lambda x: stats.beta.pdf(x, 2.0, 2.0, scale=0.5), np.array([0.0, 0.5])), [24, -24])


def test_where_the_distribution_is_not_defined_derivatives_are_nan():
    for f in (stats.norm.logpdf, stats.norm.pdf, stats.norm.cdf, stats.norm.logcdf, stats.norm.ppf):
        with np.errstate(invalid="ignore"):
            assert np.isnan(gradient(f, np.array([0.2]), np.array(0.0), np.array(-1.0))[0]).all()
    assert np.isnan(gradient(lambda mu: stats.poisson.logpmf(2, mu), np.array(-1.0)))


@pytest.mark.parametrize("name", ["norm", "t", "cauchy", "laplace", "skewnorm", "gennorm", "vonmises", "logistic"])
@pytest.mark.parametrize("method", [*OF_DENSITY, *OF_DISTRIBUTION])
def test_in_the_middle_nothing_is_nan(name: str, method: str):
    f, _ = methods_of(name, method)
    args = [0.0, *PARAMETERS[name], 0.0, 1.0]
    for g in gradients(f, *map(Tensor, args)):
        assert np.isfinite(g).all()
    if name not in ("laplace", "gennorm"):
        check_grads(f, *map(np.array, args), order=2)


def test_a_cusp_in_the_middle():
    for b in (0.7, 1.0, 1.5):
        for f in (stats.gennorm.logpdf, stats.gennorm.cdf):
            x, shape = gradient(f, np.array(0.0), np.array(b))
            assert np.isfinite(x) and np.isfinite(shape)
    close(gradient(stats.laplace.logcdf, np.array([-800.0, 800.0])), [1, 0])


def test_probabilities_of_zero_and_one():
    """Where log(0) meets a count of 0, and where a probability is 0 but its derivative isn't."""
    ends = np.array([0.0, 1.0])
    close(gradient(lambda p: stats.bernoulli.logpmf([0, 1], p), ends), [-1, 1])
    close(gradient(lambda p: stats.bernoulli.pmf([1, 0], p), ends), [1, -1])
    close(gradient(lambda p: stats.bernoulli.cdf([0, 0], p), ends), [-1, -1])
    close(gradient(lambda p: stats.binom.logpmf([0, 5], 5, p), ends), [-5, 5])
    close(gradient(lambda p: stats.binom.pmf([1, 4], 5, p), ends), [5, -5])
    close(gradient(lambda p: stats.binom.pmf([2, 2], 5, p), ends), [0, 0])
    close(gradient(lambda p: stats.binom.cdf([0, 4], 5, p), ends), [-5, -5])
    close(gradient(lambda mu: stats.poisson.logpmf(0, mu), np.array(0.0)), -1)
    close(gradient(lambda mu: stats.poisson.pmf([0, 1, 2], mu), np.zeros(3)), [-1, 1, 0])
    close(gradient(lambda mu: stats.poisson.cdf(0, mu), np.array(0.0)), -1)
    close(gradient(lambda p: stats.geom.pmf([1, 2, 3], p), np.ones(3)), [1, -1, 0])
    close(gradient(lambda p: stats.nbinom.pmf([0, 1, 2], 3.5, p), np.ones(3)), [3.5, -3.5, 0])


def test_what_is_between_whole_numbers_has_no_probability():
    close(gradient(lambda mu: stats.poisson.pmf([0.5, 1.5], mu), np.array([0.0, 2.0])), [0, 0])
    close(gradient(lambda mu: stats.poisson.logpmf(1.5, mu), np.array(2.0)), 0)
    close(gradient(lambda mu: stats.poisson.cdf(1.5, mu), np.array(2.0)), -scipy_stats.poisson.pmf(1, 2.0))


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", CONTINUOUS)
def test_quantiles_of_zero_and_one(name: str):
    """At infinity they don't move with the parameters; at a finite end they move with loc and scale."""
    shapes = CONTINUOUS[name]
    for p in (0.0, 1.0):
        given = [Tensor(v) for v in (*shapes, 0.0, 1.0)]
        y = getattr(stats, name).ppf(p, *given)
        y.backward()
        *of_shapes, loc, scale = [t.grad for t in given]
        finite = np.isfinite(y.data)
        close(loc, finite)
        close(scale, y.data if finite else 0)
        if name != "truncnorm":
            close(of_shapes, np.zeros(len(shapes)), atol=1e-12)
        else:
            close(of_shapes, [p == 0, p == 1], atol=1e-9)


# Transforms ----------------------------------------------------------------------------------------------------------


def test_transforms():
    x, theta = np.array([0.3, 1.2, 2.0]), np.array([2.2, 0.1, 1.4])

    def loss(theta):
        return -np.sum(stats.gamma.logpdf(x, *theta))

    h = hessian(loss)(theta)
    close(h, h.T)
    step = 1e-5 * np.eye(3)
    close(h, [(grad(loss)(theta + s) - grad(loss)(theta - s)) / 2e-5 for s in step], rtol=1e-6, atol=1e-6)
    cdf = lambda theta: stats.gamma.cdf(x, *theta)  # noqa: E731
    j = jacobian(cdf)(theta)
    close(jvp(cdf, (theta,), (step[0],))[1], 1e-5 * j[:, 0])
    close(jacobian(stats.norm.logcdf)(x), np.diag(gradient(stats.norm.logcdf, x)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy
@pytest.mark.parametrize(
    "name, method", [both for both in (*ALL, *QUANTILES) if both[1] in ("logpdf", "logpmf", "cdf", "isf")]
)
def test_of_a_batch_scipy_is_called_once(name: str, method: str, monkeypatch):
    function, of_scipy = methods_of(name, method)
    given = with_places(name)
    x = np.linspace(0.1, 0.9, 6).reshape(3, 2) if name in CONTINUOUS else np.arange(6).reshape(3, 2)
    if name in CONTINUOUS and method != "isf":
        x = getattr(scipy_stats, name)(*given).ppf(x)
    parameter = np.linspace(1.0, 1.1, 3) * given[-1]  # the last one, for each row
    calls, dist = [], getattr(scipy_stats, name)
    own = getattr(dist, f"_{method}")
    monkeypatch.setattr(dist, f"_{method}", lambda *args: calls.append(args) or own(*args))

    def f(x, p):
        return np.sum(function(x, *given[:-1], p) * np.array([1.0, 2.0]))

    y, slope = vmap(value_and_grad(f, argnum=1))(x, parameter)
    assert len(calls) == 1
    close(y, of_scipy(x, *given[:-1], parameter[:, None]) @ [1.0, 2.0])
    close(slope, [grad(f, argnum=1)(row, p) for row, p in zip(x, parameter, strict=True)])
    if name in CONTINUOUS:
        close(vmap(grad(f), in_axes=(0, None))(x, given[-1]), [grad(f)(row, given[-1]) for row in x])
        second = vmap(grad(grad(lambda p, x: f(x, p))), in_axes=(0, None))(parameter, x[0])
        close(second, [grad(grad(lambda p: f(x[0], p)))(p) for p in parameter])
        both = vmap(lambda x: vmap(lambda p: f(x, p))(parameter))(x)
        close(both, [[f(row, p) for p in parameter] for row in x])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([name for name in CONTINUOUS if name not in ("vonmises", "wrapcauchy", "truncnorm")]),
    st.lists(st.floats(0.3, 8.0), min_size=2, max_size=2),
    st.floats(0.01, 0.99),
    st.floats(-5, 5),
    st.floats(0.1, 10),
)
def test_quantiles_undo_distribution_functions(name: str, shapes: list, p: float, loc: float, scale: float):
    """F(ppf(p)) = p whatever the parameters: the derivatives of both sides are 1 in p, and 0 in all others."""
    dist = getattr(stats, name)
    shapes = shapes[: len(CONTINUOUS[name])]
    found = gradient(lambda p, *args: dist.cdf(dist.ppf(p, *args), *args), *map(np.array, (p, *shapes, loc, scale)))
    close(found[0], 1, rtol=1e-9)
    for g, parameter in zip(found[1:], (*shapes, loc, scale), strict=True):
        close(g * max(1, abs(parameter)), 0, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(CONTINUOUS)), st.floats(0.02, 0.98), st.floats(-5, 5), st.floats(0.1, 10))
def test_the_derivative_of_a_distribution_function_is_the_density(name: str, p: float, loc: float, scale: float):
    ours, theirs = getattr(stats, name), getattr(scipy_stats, name)
    parameters = (*CONTINUOUS[name], loc, scale)
    x = theirs.ppf(p, *parameters)
    f = theirs.pdf(x, *parameters)
    close(gradient(lambda x: ours.cdf(x, *parameters), np.array(x)), f, rtol=1e-12)
    close(gradient(lambda x: ours.sf(x, *parameters), np.array(x)), -f, rtol=1e-12)
    close(gradient(lambda x: ours.logcdf(x, *parameters), np.array(x)), f / theirs.cdf(x, *parameters), rtol=1e-9)
    close(gradient(lambda x: ours.logsf(x, *parameters), np.array(x)), -f / theirs.sf(x, *parameters), rtol=1e-9)


# Frozen distributions, and the rest of SciPy's -----------------------------------------------------------------------


def test_frozen_distributions():
    loc, scale, x = Tensor(0.5), Tensor(2.0), np.array([0.1, 1.5])
    frozen = stats.norm(loc, scale=scale)
    y = frozen.logpdf(x)
    np.testing.assert_array_equal(y.data, scipy_stats.norm(0.5, 2.0).logpdf(x))
    y.backward()
    close(loc.grad, np.sum(x - 0.5) / 4)
    for method in (*OF_DENSITY, *OF_DISTRIBUTION, "ppf", "isf"):
        expected = getattr(scipy_stats.gamma(2.5, scale=2), method)(0.4)
        assert getattr(stats.gamma(Tensor(2.5), scale=2), method)(0.4).data == expected
        assert getattr(stats.gamma(2.5, scale=2), method)(Tensor(0.4)).data == expected
        assert getattr(stats.gamma(2.5, scale=2), method)(0.4) == expected
    assert stats.binom(5, Tensor(0.3)).pmf(2).data == scipy_stats.binom(5, 0.3).pmf(2)
    assert stats.poisson.freeze(Tensor(0.3)).logpmf(k=2).data == scipy_stats.poisson(0.3).logpmf(2)
    mean = Tensor([0.0, 1.0])
    assert stats.multivariate_normal(mean, cov=2.0, seed=1).logpdf([1.0, 1.0]).requires_grad
    assert stats.multivariate_normal(cov=Tensor(2.0)).entropy().requires_grad
    assert stats.multivariate_normal(cov=2.0, maxpts=1000).cdf(0.0) == 0.5
    assert stats.wishart(Tensor(3.0), np.eye(2)).logpdf(np.eye(2)).requires_grad
    assert repr(stats.norm(1, scale=2)) == "norm(loc=1, scale=2)"


def test_everything_else_is_scipys():
    np.testing.assert_array_equal(
        stats.norm.rvs(1, size=3, random_state=0), scipy_stats.norm.rvs(1, size=3, random_state=0)
    )
    np.testing.assert_array_equal(stats.norm(1).rvs(3, random_state=0), scipy_stats.norm(1).rvs(3, random_state=0))
    assert stats.gamma.mean(2.5, scale=2) == stats.gamma(2.5, scale=2).mean() == 5
    assert stats.gamma.interval(0.9, 2.5) == scipy_stats.gamma.interval(0.9, 2.5)
    assert stats.norm.fit([1.0, 2.0, 4.0]) == scipy_stats.norm.fit([1.0, 2.0, 4.0])
    assert stats.poisson.ppf(0.5, 3.0) == 3 and stats.poisson(3.0).ppf(0.5) == 3
    assert stats.norm.expect(lambda x: x * x) == scipy_stats.norm.expect(lambda x: x * x)
    assert stats.norm.shapes is None and stats.beta.shapes == "a, b"
    assert stats.multivariate_normal([0.0, 1.0]).mean.tolist() == [0, 1]
    np.testing.assert_array_equal(
        stats.dirichlet.rvs([1.0, 2.0], random_state=0), scipy_stats.dirichlet.rvs([1.0, 2.0], random_state=0)
    )
    constant = Tensor(2.5, requires_grad=False)
    assert stats.gamma.mean(constant) == 2.5
    with no_grad():
        assert stats.gamma(Tensor(2.5)).mean() == 2.5


def test_a_distribution_is_pickled_by_its_name():
    for name in ("norm", "poisson", "multivariate_normal"):
        dist = getattr(stats, name)
        assert pickle.loads(pickle.dumps(dist)) is dist and name in repr(dist)
    assert pickle.loads(pickle.dumps(stats.norm(1, 2))).cdf(1) == 0.5


T = Tensor(2.5)
SINGULAR = Tensor(np.ones((2, 2)))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: stats.norm.rvs(T), "norm.rvs: the argument loc has no derivative"),
        (lambda: stats.norm.rvs(scale=T, size=3), "norm.rvs: the argument scale"),
        (lambda: stats.norm(scale=T).rvs(3), "norm.rvs: the argument scale"),
        (lambda: stats.gamma(T).mean(), "gamma.mean: the argument a"),
        (lambda: stats.gamma.entropy(T), "gamma.entropy: the argument a"),
        (lambda: stats.norm.fit([T, T]), "norm.fit: the argument data"),
        (lambda: stats.norm(0, 1).expect(T), "norm.expect"),
        (lambda: stats.poisson.logpmf(T, 3.0), "the argument k has no derivative .*: it is a whole number"),
        (lambda: stats.poisson.cdf(2, 3.0, T), "poisson.cdf: the argument loc"),
        (lambda: stats.binom.pmf(2, T, 0.3), "binom.pmf: the argument n"),
        (lambda: stats.poisson.ppf(T, 3.0), "poisson.ppf: the argument q"),
        (lambda: stats.poisson.ppf(0.3, T), "poisson.ppf: the argument mu"),
        (lambda: stats.gamma.interval(0.9, 2.0, scale=T), "gamma.interval: the argument scale"),
        (lambda: stats.wishart.rvs(3, T), "wishart.rvs: the argument scale"),
        (lambda: stats.multinomial.logpmf([1, T], 2, [0.5, 0.5]), "multinomial.logpmf: the argument x"),
        (lambda: stats.multivariate_normal.cdf([T, T]), "multivariate_normal.cdf: the argument x"),
        (lambda: stats.multivariate_normal.logpdf([1.0, 2.0], cov=SINGULAR, allow_singular=True), "cov has no"),
        (lambda: stats.norm.logpdf(T, a=1), "unexpected keyword argument"),
        (lambda: stats.gamma.logpdf(T), "missing a required argument: 'a'"),
        (lambda: stats.norm.logpdf(Tensor([1j])).backward(np.ones(1, complex)), "real numbers alone"),
        (lambda: stats.gamma(), "missing a required argument: 'a'"),
        (lambda: stats.norm(0, 1).logpdf(T, 1), "multiple values"),
    ],
)  # fmt: skip
def test_what_has_no_derivative_is_a_type_error(call: Any, message: str):
    with pytest.raises(TypeError, match=message):
        call()


def test_other_errors():
    with pytest.raises(AttributeError, match=r"tensorgrad.scipy.stats has no 'kstest'; it has bernoulli"):
        stats.kstest  # noqa: B018
    with pytest.raises(AttributeError):
        stats.norm.logpmf  # noqa: B018
    with pytest.raises(AttributeError):
        stats.norm(0, 1).logpmf  # noqa: B018
