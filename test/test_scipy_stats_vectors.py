"""Distributions of vectors and matrices in tensorgrad.scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import close, gradient

from tensorgrad import Tensor

scipy_stats = pytest.importorskip("scipy.stats")
stats = pytest.importorskip("tensorgrad.scipy.stats")

SAMPLE = np.array([1.0, 2.0])


def test_values_of_vectors_and_matrices_are_scipys_to_the_last_bit(rng: np.random.Generator):
    a = rng.normal(size=(3, 3))
    cov, x, mean = a @ a.T + np.eye(3), rng.normal(size=(2, 1, 3)), rng.normal(size=3)
    w = np.stack([cov, 2 * cov], axis=-1)
    for name, method, *args in (
        ("multivariate_normal", "logpdf", x, mean, cov),
        ("multivariate_normal", "pdf", x[0, 0], None, cov),
        ("multivariate_normal", "logpdf", x, mean, 2.0),
        ("multivariate_normal", "logpdf", x[0], mean, [1.0, 2.0, 3.0]),
        ("multivariate_normal", "pdf", mean, 0.5, 2.0),
        ("multivariate_normal", "entropy", mean, cov),
        ("multivariate_t", "logpdf", x, mean, cov, 3.5),
        ("multivariate_t", "pdf", x[0], None, cov),
        ("wishart", "logpdf", w, 4.5, cov),
        ("wishart", "pdf", cov, 4, cov),
        ("wishart", "pdf", 1.5, 4, 2.0),
        ("invwishart", "logpdf", w, 4.5, cov),
        ("dirichlet", "logpdf", np.array([[0.2, 0.3], [0.1, 0.7]]), np.array([2.0, 1.0, 3.0])),
        ("dirichlet", "pdf", np.array([0.2, 0.3, 0.5]), np.array([2.0, 1.0, 3.0])),
    ):
        ours, theirs = getattr(getattr(stats, name), method), getattr(getattr(scipy_stats, name), method)
        expected = theirs(*args)
        np.testing.assert_array_equal(ours(*args), expected)
        for i, arg in enumerate(args):
            if arg is not None:
                y = ours(*args[:i], Tensor(arg), *args[i + 1 :])
                assert isinstance(y, Tensor)
                np.testing.assert_array_equal(y.data, expected)


def test_infinitely_many_degrees_of_freedom():
    x, cov = Tensor(SAMPLE), np.array([[2.0, 0.3], [0.3, 1.0]])
    try:
        y = stats.multivariate_t.logpdf(x, None, cov, np.inf)
    except (TypeError, AttributeError):
        pytest.skip("this SciPy's multivariate_t has an error there")
    close(y.data, scipy_stats.multivariate_normal.logpdf(SAMPLE, cov=cov))
    y.backward()
    close(x.grad, -np.linalg.solve(cov, SAMPLE))


def test_a_singular_covariance_that_is_constant():
    """On its plane the density is that of fewer dimensions; elsewhere it is 0, and so is the gradient."""
    cov = np.diag([2.0, 0.0])
    x = Tensor([[1.0, 0.0], [1.0, 0.5]])
    y = stats.multivariate_normal.logpdf(x, cov=cov, allow_singular=True)
    close(y[0].data, scipy_stats.norm.logpdf(1.0, scale=np.sqrt(2)))
    assert y[1].data == -np.inf
    y[0].backward()
    close(x.grad, [[-0.5, 0], [0, 0]])
    x = Tensor([[1.0, 0.5]])
    stats.multivariate_normal.logpdf(x, cov=cov, allow_singular=True).backward()
    close(x.grad, [[0, 0]])


def test_a_covariance_object_of_scipy():
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    given = scipy_stats.Covariance.from_precision(np.linalg.inv(cov), cov)
    x = Tensor([0.3, -1.0])
    y = stats.multivariate_normal.logpdf(x, cov=given)
    close(y.data, scipy_stats.multivariate_normal.logpdf(x.data, cov=cov))
    y.backward()
    close(x.grad, -np.linalg.solve(cov, x.data))


def test_gradients_of_symmetric_matrices_are_symmetric(rng: np.random.Generator):
    """Its product with a symmetric change of the matrix is the derivative of SciPy's function."""
    a, d = rng.normal(size=(2, 3, 3))
    cov, d, x = a @ a.T + np.eye(3), d + d.T, rng.normal(size=(4, 3))
    for name, args, i in (
        ("multivariate_normal", (x, np.zeros(3), cov), 2),
        ("multivariate_t", (x, np.zeros(3), cov, 3.0), 2),
        ("wishart", (cov + np.eye(3), 4.0, cov), 2),
        ("wishart", (cov, 4.0, cov + np.eye(3)), 0),
        ("invwishart", (cov + np.eye(3), 4.0, cov), 2),
    ):
        ours, theirs = getattr(stats, name).logpdf, getattr(scipy_stats, name).logpdf

        def along(t, theirs=theirs, args=args, i=i):
            return np.sum(theirs(*args[:i], args[i] + t * d, *args[i + 1 :]))

        g = gradient(lambda m, ours=ours, args=args, i=i: ours(*args[:i], m, *args[i + 1 :]), args[i])
        close(g, g.T)
        close(np.sum(g * d), (along(1e-5) - along(-1e-5)) / 2e-5, rtol=1e-7)


def test_a_probability_of_zero():
    """The density is 0 there, or its logarithm -inf, and nothing is nan."""
    p = np.array([0.0, 0.4, 0.6])
    close(gradient(lambda p: stats.multinomial.pmf([1, 1, 0], 2, p), p), [0.8, 0, 0])
    close(gradient(lambda p: stats.multinomial.logpmf([1, 1, 0], 2, p), p), [0, 0, 0])
    close(gradient(lambda p: stats.multinomial.logpmf([0, 1, 1], 2, p), p), [0, 2.5, 1 / 0.6])
    alpha = np.array([2.0, 1.0, 1.0])
    x, a = gradient(stats.dirichlet.pdf, p, alpha)
    close(x, [6, 0, 0])  # the density is 6 x[0]
    close(a, [0, 0, 0])
    close(gradient(lambda x: stats.dirichlet.logpdf(x, np.ones(3)), p), [0, 0, 0])


def test_wrong_calls():
    with pytest.raises(ValueError, match="add up to 1"):
        stats.multinomial.logpmf([1, 2], 3, Tensor([0.5, 0.6]))
    with pytest.raises(ValueError, match="normal simplex"):
        stats.dirichlet.logpdf(Tensor([0.5, 0.6]), [1.0, 2.0])
    with pytest.raises(np.linalg.LinAlgError):
        stats.multivariate_normal.logpdf(Tensor(SAMPLE), cov=np.ones((2, 2)))
    with pytest.raises(ValueError, match="vector of length 3"):
        stats.multivariate_normal.logpdf(Tensor(SAMPLE), np.zeros((3, 1)), np.eye(3))
    with pytest.raises(ValueError, match="Degrees of freedom"):
        stats.wishart.logpdf(np.eye(2), Tensor(0.5), np.eye(2))
