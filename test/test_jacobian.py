"""jacobian, hessian and laplacian: complex arguments, and what they cost."""

import numpy as np
import pytest
from helpers import close

import tensorgrad as tg
from tensorgrad import grad, hessian, jacobian, laplacian


def test_laplacian():
    x = np.random.default_rng(0).normal(size=(5, 3))
    f = lambda x: np.sum(x**4, axis=-1) * np.exp(x[..., 0])  # noqa: E731
    want = [np.trace(hessian(f)(p)) for p in x]
    close(laplacian(f)(x), want)
    close(laplacian(f)(x[0]), want[0])
    close(grad(lambda x: laplacian(f)(x))(x[0]), jacobian(lambda x: np.trace(hessian(f)(x)))(x[0]))
    harmonic = lambda p: np.log(np.sum(p**2, axis=-1))  # noqa: E731
    close(laplacian(harmonic)(x[:, :2]), np.zeros(5), atol=1e-9)


def test_complex_jacobians():
    z = np.array([1 + 2j, -0.5 + 0.3j])
    close(jacobian(np.exp)(z), np.diag(np.exp(z)))  # holomorphic: the complex derivative
    close(jacobian(lambda z: np.abs(z) ** 2)(z), np.diag(2 * z))  # real: gradients
    x = np.array([0.3, 0.7])
    close(jacobian(lambda x: np.exp(1j * x))(x), np.diag(1j * np.exp(1j * x)))  # of a real variable
    with pytest.raises(TypeError, match="holomorphic"):
        jacobian(np.conj)(z)


def count_rules(f):
    """How often rules are evaluated for an operation in the middle of f: once a pass."""
    calls = []

    def counted(g, y, x):
        calls.append(1)
        return g * 1

    marked = tg.derivative(lambda x: x * 1, counted)
    return lambda x: f(marked(x)), calls


def test_a_jacobian_costs_inputs_or_outputs_whichever_are_fewer():
    wide = np.random.default_rng(0).normal(size=(2, 50))
    f, calls = count_rules(lambda x: wide @ x)
    close(jacobian(f)(np.ones(50)), wide)
    assert len(calls) <= 2
    f, calls = count_rules(lambda x: wide.T @ x)
    close(jacobian(f)(np.ones(2)), wide.T)
    assert len(calls) <= 2
