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


# Rules of users, which may not take batches ---------------------------------------------------------------------------


def element_by_element(g, y, x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = g[i] * 2 * x[i]
    return out


def with_a_recurrence(g, y, x):
    out, c = np.empty(3), 0.0
    for i in reversed(range(3)):
        c = 0 * c + g[i]
        out[i] = c
    return out * 2 * x


def only_of_ndarrays(g, y, x):
    if not isinstance(g, np.ndarray):
        raise RuntimeError("an ndarray is needed")
    return g * 2 * x


USERS_RULES = {
    "element by element": element_by_element,
    "a recurrence": with_a_recurrence,
    "only of ndarrays": only_of_ndarrays,
    "an assertion": lambda g, y, x: (_ for _ in ()).throw(AssertionError) if type(g) is not np.ndarray else g * 2 * x,
    "reshape in an order": lambda g, y, x: g.reshape((3,), order="F") * 2 * x,
    "ravel in an order": lambda g, y, x: g.ravel("F") * 2 * x,
    "copy in an order": lambda g, y, x: g.copy(order="C") * 2 * x,
    "astype with copy": lambda g, y, x: g.astype(float, copy=False) * 2 * x,
    "einsum by numbers": lambda g, y, x: np.einsum(2 * x, [0], g, [0], [0]),
    "concatenate flat": lambda g, y, x: np.concatenate([g[:1], g[1:]], axis=None) * 2 * x,
    "an array of floats": lambda g, y, x: np.array([float(v) for v in g]) * 2 * x,
    "fromiter": lambda g, y, x: np.fromiter(g, float) * 2 * x,
    "text": lambda g, y, x: np.array([float(f"{v:.17g}") for v in g]) * 2 * x,
    "out=": lambda g, y, x: np.take(g, [0, 1, 2], out=np.empty(3)) * 2 * x,
    "out= of a sum": lambda g, y, x: np.sum(np.diag(g), axis=0, out=np.empty(3)) * 2 * x,
    "a truth": lambda g, y, x: g * 2 * x if (g == g).all() else None,
}


@pytest.mark.parametrize("rule", USERS_RULES.values(), ids=USERS_RULES)
def test_a_users_rule_need_not_take_batches(rule):
    f = tg.derivative(lambda x: x * x, rule)
    x = np.array([0.5, -1.0, 2.0])
    close(jacobian(lambda x: f(x)[:2])(x), np.diag(2 * x)[:2])  # fewer outputs than inputs: backward
    for row, unit in zip(jacobian(lambda x: f(x)[:2])(x), np.eye(3)[:2], strict=True):
        close(row, tg.vjp(f, x)[1](unit)[0])


def test_an_error_in_a_rule_is_the_one_that_a_single_gradient_gives():
    def rule(g, y, x):
        raise ZeroDivisionError("always")

    f = tg.derivative(lambda x: x * x, rule)
    with pytest.raises(ZeroDivisionError, match="always"):
        jacobian(lambda x: f(x)[:2])(np.ones(3))
