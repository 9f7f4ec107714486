"""Rules that make plain numbers of the gradient g: an error wherever a part of a derivative would be lost by it."""

import math

import numpy as np
import pytest
from helpers import close

import tensorgrad as tg
from tensorgrad import Tensor, check_grads, grad, hessian, hvp, jacobian, jvp, laplacian, value_and_grad, vjp
from tensorgrad.derivatives.table import TABLE, each

SAID = "makes plain numbers of g|can't become part of an array"

# Rules of x * x that give the right numbers, and whose g is lost where they are recorded: as a whole, or in a part.
BREAKING = {
    "float(g)": lambda g, y, x: float(g) * 2 * x,
    "g.item()": lambda g, y, x: g.item() * 2 * x,
    "g.data": lambda g, y, x: plain(g) * 2 * x,
    "g.tolist()": lambda g, y, x: g.tolist() * 2 * x,
    "np.asarray(g)": lambda g, y, x: np.asarray(g) * 2 * x,
    "math.prod": lambda g, y, x: math.prod([float(g), 2.0]) * x,
    "math.fsum": lambda g, y, x: math.fsum([g, g]) * x,
    "text": lambda g, y, x: float(f"{g:.17g}") * 2 * x,
    "one of two terms": lambda g, y, x: g * x + float(g) * x,
    "in a sum": lambda g, y, x: g * x - float(g) + float(g) * (x + 1),
    "assigned into an array": lambda g, y, x: assigned(g) * 2 * x,
}


def plain(g):
    return g.data if isinstance(g, Tensor) else g


def assigned(g):
    array = np.empty(1)
    array[0] = float(g)
    return array[0]


def operation(rule):
    """x * x of a number, with this rule."""
    return tg.derivative(lambda x: x * x, rule)


def composed(rule):
    """sin(x)**2 cos(x), which needs the rule's g."""
    square = operation(rule)
    return lambda x: square(np.sin(x)) * np.cos(x)


X = 0.7
FIRST = 2 * np.sin(X) * np.cos(X) ** 2 - np.sin(X) ** 3
SECOND = 2 * np.cos(X) ** 3 - 7 * np.sin(X) ** 2 * np.cos(X)

WAYS = {  # a derivative of f at X, and its value
    "jvp": (lambda f: jvp(f, (X,), (1.0,))[1], FIRST),
    "a forward Jacobian": (lambda f: jacobian(lambda x: np.stack([f(x), f(x)]))(X), [FIRST, FIRST]),
    "hessian": (lambda f: hessian(f)(X), SECOND),
    "hvp": (lambda f: hvp(f)(X, 1.0), SECOND),
    "laplacian": (lambda f: laplacian(lambda p: f(p[0]))(np.array([X])), SECOND),
    "grad of grad": (lambda f: grad(grad(f))(X), SECOND),
    "jvp of grad": (lambda f: jvp(grad(f), (X,), (1.0,))[1], SECOND),
    "grad of jvp": (lambda f: grad(lambda x: jvp(f, (x,), (1.0,))[1])(X), SECOND),
    "jacobian of grad": (lambda f: jacobian(grad(f))(X), SECOND),
    "vjp of value_and_grad": (lambda f: vjp(lambda x: value_and_grad(f)(x)[1], X)[1](1.0)[0], SECOND),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_rule_in_numpys_functions_is_right_everywhere(way):
    derivative, want = WAYS[way]
    close(derivative(composed(lambda g, y, x: g * 2 * x)), want)


@pytest.mark.parametrize("name", BREAKING)
def test_the_gradient_alone_is_right_with_plain_numbers_too(name):
    close(grad(composed(BREAKING[name]))(X), FIRST)
    close(vjp(composed(BREAKING[name]), X)[1](2.0)[0], 2 * FIRST)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BREAKING)
def test_where_g_would_be_lost_it_is_an_error(name, way):
    with pytest.raises(TypeError, match=SAID):
        WAYS[way][0](composed(BREAKING[name]))


@pytest.mark.parametrize("name", BREAKING)
def test_backward_that_creates_a_graph_refuses_them_too(name):
    x = Tensor(X)
    y = composed(BREAKING[name])(x)
    with pytest.raises(TypeError, match=SAID):
        y.backward(create_graph=True)
    y.backward()
    close(x.grad, FIRST)


def test_the_error_names_the_function():
    def cube(x):
        return x**3

    f = tg.derivative(cube, lambda g, y, x: float(g) * 3 * x**2)
    with pytest.raises(TypeError, match=r"cube: a rule of this function .* without float\(g\)"):
        jvp(f, (2.0,), (1.0,))
    f = tg.derivative(cube, lambda g, y, x: np.asarray(g) * 3 * x**2)
    with pytest.raises(TypeError, match="in the derivative of cube, recorded for forward mode"):
        jvp(f, (2.0,), (1.0,))


def test_g_at_zero_hides_nothing():
    """At x = 0 the g of the inner square is 0, and so is what its rule gives; the second derivative isn't."""
    square = operation(lambda g, y, x: float(g) * 2 * x)
    f = lambda x: (square(x + 1) - 1) ** 2  # noqa: E731
    close(grad(f)(0.0), 0.0)
    with pytest.raises(TypeError, match=SAID):
        hessian(f)(0.0)


def test_arrays_whose_tangents_add_up_to_zero():
    """The transposed map of a softmax gives zero for a g of ones, and its tangents add up to zero."""

    def softmax(x):
        e = np.exp(x - x.max())
        return e / e.sum()

    x, v = np.array([0.1, 0.7, -0.4]), np.array([1.0, 0.5, 2.0])
    right = tg.derivative(softmax, lambda g, y, x: y * (g - np.sum(g * y)))
    p = softmax(x)
    close(jvp(right, (x,), (v,))[1], p * (v - p @ v))
    for rule in (
        lambda g, y, x: y * (plain(g) - np.sum(plain(g) * y)),
        lambda g, y, x: y * (g - np.sum(plain(g) * y)),
        lambda g, y, x: y * (plain(g) - np.sum(g * y)),
    ):
        with pytest.raises(TypeError, match=SAID):
            jvp(tg.derivative(softmax, rule), (x,), (v,))


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_a_rotation_that_is_lost(part):
    """<R g, g> is 0 for every g, so that a look at g alone would show nothing."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    lost = tg.derivative(lambda x: turn @ x, lambda g, y, x: turn.T @ (part * g + (1 - part) * plain(g)))
    with pytest.raises(TypeError, match=SAID):
        jvp(lost, (np.ones(2),), (np.ones(2),))


def test_functions_of_several_arguments_and_outputs():
    def polar(x, y):
        return np.hypot(x, y), np.arctan2(y, x)

    def rule_of_x(g, out, x, y):
        return g[0] * x / out[0] - g[1] * y / out[0] ** 2

    def rule_of_y(g, out, x, y):
        return g[0] * y / out[0] + float(g[1]) * x / out[0] ** 2

    f = tg.derivative(polar, rule_of_x, rule_of_y)
    x, y = 0.6, 0.8
    close(jvp(lambda x: f(x, y)[1], (x,), (1.0,))[1], -0.8)
    with pytest.raises(TypeError, match="polar: a rule"):
        jvp(lambda y: f(x, y)[1], (y,), (1.0,))
    joined = tg.derivative(lambda *parts: sum(parts), each(lambda i, g, y, *parts: g if i else float(g)))
    close(jvp(lambda x: joined(Tensor(1.0), x), (x,), (3.0,))[1].data, 3.0)
    with pytest.raises(TypeError, match=SAID):
        jvp(lambda x: joined(x, Tensor(1.0)), (x,), (3.0,))


def test_complex_numbers():
    z, v = np.array([1 + 2j, -0.5j]), np.array([0.3 - 1j, 2.0 + 1j])
    right = tg.derivative(lambda z: z * z, lambda g, y, z: g * 2 * z)
    close(jvp(right, (z,), (v,))[1], 2 * z * v)
    for rule in (
        lambda g, y, z: plain(g) * 2 * z,
        lambda g, y, z: (g.real + 1j * plain(g.imag)) * 2 * z,
    ):
        with pytest.raises(TypeError, match=SAID):
            jvp(tg.derivative(lambda z: z * z, rule), (z,), (v,))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_is_no_loss(dtype):
    x = np.linspace(-1, 1, 1000, dtype=dtype)
    f = tg.derivative(lambda x: np.cumsum(x * x), lambda g, y, x: np.flip(np.cumsum(np.flip(g))) * 2 * x)
    dy = jvp(f, (x,), (x,))[1]
    assert dy.dtype == dtype
    wide = x.astype(float)
    np.testing.assert_allclose(dy, np.cumsum(2 * wide * wide), rtol=600 * np.finfo(dtype).eps)


def test_a_rule_that_gives_zero_loses_nothing():
    for rule in (lambda g, y, x: np.zeros_like(x), lambda g, y, x: 0.0):
        flat = tg.derivative(lambda x: np.round(x), rule)
        f = lambda x: flat(x) * x  # noqa: B023, E731
        close(jvp(f, (2.2,), (1.0,))[1], 2.0)
        close(hessian(f)(2.2), 0.0)


def test_a_ufuncs_rule_may_make_plain_numbers_in_forward_mode():
    """There it is given the tangent itself, which is an array."""
    before = TABLE[np.cbrt]._rules
    try:
        tg.derivative(np.cbrt, lambda g, y, x: float(g) / (3 * y * y))
        close(jvp(np.cbrt, (8.0,), (1.0,))[1], 1 / 12)
        with pytest.raises(TypeError, match="cbrt: a rule"):
            hessian(lambda x: np.cbrt(x) ** 2)(8.0)
    finally:
        tg.derivative(np.cbrt, *before)
    close(hessian(lambda x: np.cbrt(x) ** 2)(8.0), -2 / 9 * 8 ** (-4 / 3))


def test_a_rule_is_looked_at_as_it_is_recorded():
    """With saved=None, for a derivative of higher order, a rule may go another way than with what was saved."""

    def rule(g, y, x, saved=None):
        return float(g) * 2 * x if saved is None else g * 2 * x

    f = tg.derivative(lambda x: (x * x, True), rule, saves=True)
    close(jvp(f, (3.0,), (1.0,))[1], 6.0)
    with pytest.raises(TypeError, match=SAID):
        hessian(f)(3.0)


@pytest.mark.parametrize("name", BREAKING)
def test_check_grads_finds_them(name):
    f = composed(BREAKING[name])
    check_grads(f, X, order=1)
    with pytest.raises((AssertionError, TypeError), match=SAID):
        check_grads(f, X)


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, y, x: abs(g) * 2 * x,
        lambda g, y, x: g * g * 2 * x,
        lambda g, y, x: np.clip(g, -1, 1) * 2 * x,
        lambda g, y, x: (g + 0.0 * x + 1.0) * x,
        lambda g, y, x: np.sign(g) * 2 * x,
    ],
)
def test_check_grads_finds_a_rule_that_is_not_linear(rule):
    """It may be right for the g of 1 that a single number starts from."""
    f = operation(rule)
    close(grad(f)(3.0), 6.0)
    for order in (1, 2):
        with pytest.raises(AssertionError, match="isn't linear in the gradient g"):
            check_grads(f, 3.0, order=order)
