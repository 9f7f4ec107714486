"""Values and derivatives at corners, ties, zeros, infinities and very large numbers.

Each case says what the gradient must be there, and how PyTorch computes the same, where PyTorch agrees.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.derivatives import activations, softmax
from tensorgrad.derivatives.reductions import KEPT_LENGTH
from tensorgrad.engine import backpropagate

inf, nan = math.inf, math.nan


def gradient(f: Callable, values: Any, dtype: type = float) -> np.ndarray:
    x = Tensor(np.array(values, dtype=dtype))
    f(x).backward()
    return x.grad


def derivatives(f: Callable, x: float, order: int) -> list[float]:
    """f', f'', f''', ... at a number."""
    found = []
    for _ in range(order):
        f = tg.grad(f)
        found.append(float(f(x)))
    return found


# First derivatives ---------------------------------------------------------------------------------------------------


@dataclass
class Edge:
    name: str
    ours: Callable
    at: Any
    gradient: Any
    torch: Callable | None = None


EDGES = [
    # corners
    Edge("relu", tg.relu, [-1, 0, 2], [0, 0, 1], lambda t, x: t.relu(x)),
    Edge("leaky_relu", tg.leaky_relu, [-1, 0, 2], [0.01, 0.01, 1], lambda t, x: t.nn.functional.leaky_relu(x)),
    Edge("abs", np.abs, [-1, 0, -0.0, 2], [-1, 0, 0, 1], lambda t, x: t.abs(x)),
    Edge("abs of complex", np.abs, [3 + 4j, 0], [0.6 + 0.8j, 0], lambda t, x: t.abs(x)),
    Edge("clip", lambda x: np.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0], lambda t, x: t.clamp(x, -1, 1)),
    Edge(
        "copysign", lambda x: np.copysign(x, -1.0), [-2, 0, 2], [1, 0, -1], lambda t, x: t.copysign(x, t.tensor(-1.0))
    ),
    Edge("the sign of copysign", lambda x: np.copysign([1.0, 0.0, 2.0], x), [-2, 0, inf], [0, 0, 0]),
    Edge("the value of heaviside at 0", lambda x: np.heaviside([-1.0, 0.0, 1.0, nan], x), [2, 2, 2, 2], [0, 1, 0, 0]),
    Edge("nextafter's aim", lambda x: np.nextafter(1.0, x), [-2, 1, 2], [0, 0, 0]),
    Edge(
        "where", lambda x: np.where(x > 0, x * x, -x), [-1, 0, 3], [-1, -1, 6], lambda t, x: t.where(x > 0, x * x, -x)
    ),
    # ties share the gradient
    Edge("max", np.max, [3, 1, 3, 3], [1 / 3, 0, 1 / 3, 1 / 3], lambda t, x: t.amax(x)),
    Edge("min", np.min, [1, 1, 2], [0.5, 0.5, 0], lambda t, x: t.amin(x)),
    Edge("max of rows", lambda x: np.max(x, axis=1), [[1, 1], [2, 1]], [[0.5, 0.5], [1, 0]], lambda t, x: t.amax(x, 1)),
    Edge("max over both", lambda x: np.max(x, axis=(0, 1)), [[2, 1], [2, 2]], np.array([[1, 0], [1, 1]]) / 3),
    Edge("max of inf", np.max, [inf, 1, inf], [0.5, 0, 0.5], lambda t, x: t.amax(x)),
    Edge("max where", lambda x: np.max(x, where=[True, False, True], initial=-inf), [2, 2, 2], [0.5, 0, 0.5]),
    Edge("max below its initial", lambda x: np.max(x, initial=5.0), [2, 2], [0, 0]),
    Edge("maximum of itself", lambda x: np.maximum(x, x), [1, 2], [1, 1], lambda t, x: t.maximum(x, x)),
    Edge(
        "maximum",
        lambda x: np.maximum(x, np.zeros(3)),
        [-1, 0, 1],
        [0, 0.5, 1],
        lambda t, x: t.maximum(x, 0 * x.detach()),
    ),
    Edge("minimum", lambda x: np.minimum(0.0, x), [-1, 0, 1], [1, 0.5, 0], lambda t, x: t.minimum(0 * x.detach(), x)),
    Edge("fmax", lambda x: np.fmax(x, [0, 0, nan]), [0, 1, 1], [0.5, 1, 1]),
    Edge("fmin", lambda x: np.fmin([0, 0, nan], x), [0, 1, 1], [0.5, 0, 1]),
    # repeated indices add up
    Edge("index", lambda x: x[[0, 0, 1]], [5, 6, 7], [2, 1, 0], lambda t, x: x[[0, 0, 1]]),
    Edge("take", lambda x: np.take(x, [-1, 2, 0]), [5, 6, 7], [1, 0, 2], lambda t, x: t.take(x, t.tensor([-1, 2, 0]))),
    Edge("repeat", lambda x: np.repeat(x, 3), [5, 6], [3, 3], lambda t, x: x.repeat_interleave(3)),
    Edge("broadcast", lambda x: x + np.zeros((4, 2)), [5, 6], [4, 4], lambda t, x: x + t.zeros(4, 2)),
    # powers
    Edge("x**0", lambda x: x**0, [-1, 0, 2], [0, 0, 0], lambda t, x: x**0),
    Edge("x**1", lambda x: x**1, [-1, 0, 2], [1, 1, 1], lambda t, x: x**1),
    Edge("x**3", lambda x: x**3, [-1, 0, 2], [3, 0, 12], lambda t, x: x**3),
    Edge("x**[0, 1, 2, 3]", lambda x: x ** np.arange(4.0), [0, 0, 0, 0], [0, 1, 0, 0], lambda t, x: x ** t.arange(4.0)),
    Edge("0**x", lambda x: 0.0**x, [0, 0.5, 1, 2], [0, 0, 0, 0], lambda t, x: 0.0**x),
    Edge("[0, 2]**x", lambda x: np.power([0.0, 2.0], x), [3, 1], [0, 2 * math.log(2)]),
    Edge("x**0 of infinities", lambda x: x**0 + x ** np.zeros(3), [inf, -inf, nan], [0, 0, 0], lambda t, x: x**0),
    Edge("x**0 of tiny numbers", lambda x: x ** np.zeros(2), [1e-310, -5e-324], [0, 0], lambda t, x: x**0),
    # 0 / 0 in the formula
    Edge("std of equal numbers", np.std, [2, 2, 2], [0, 0, 0], lambda t, x: t.std(x, unbiased=False)),
    Edge("std of one number", np.std, [2], [0]),
    Edge("std of some rows", lambda x: np.std(x, axis=1), [[1, 1], [0, 2]], [[0, 0], [-0.5, 0.5]]),
    Edge("var of equal numbers", np.var, [2, 2, 2], [0, 0, 0], lambda t, x: t.var(x, unbiased=False)),
    Edge("sinc", np.sinc, [0, 1, -1], [0, -1, 1], lambda t, x: t.sinc(x)),
    Edge("arctan2(x, 0)", lambda x: np.arctan2(x, 0.0), [0, 2], [0, 0], lambda t, x: t.atan2(x, 0 * x.detach())),
    Edge("arctan2(0, x)", lambda x: np.arctan2(0.0, x), [0, 2], [0, 0], lambda t, x: t.atan2(0 * x.detach(), x)),
    Edge("hypot(x, 0)", lambda x: np.hypot(x, 0.0), [0, -2], [0, -1]),
    Edge("hypot(0, x)", lambda x: np.hypot(0.0, x), [0, -2], [0, -1]),
    Edge("prod with a zero", np.prod, [2, 0, 3], [0, 6, 0], lambda t, x: t.prod(x)),
    Edge("prod with two", np.prod, [0, 5, 0], [0, 0, 0], lambda t, x: t.prod(x)),
    Edge("cumprod with a zero", np.cumprod, [2, 0, 3], [1, 8, 0], lambda t, x: t.cumprod(x, 0)),
    Edge("cumprod with two", np.cumprod, [0, 3, 0], [4, 0, 0], lambda t, x: t.cumprod(x, 0)),
    # infinities
    Edge("logaddexp", lambda x: np.logaddexp(x, 0.0), [-1e4, 0, 1e4, inf, -inf], [0, 0.5, 1, 1, 0]),
    Edge("logaddexp of -inf", lambda x: np.logaddexp(x, -inf), [-inf, 0], [0, 1]),
    Edge("logaddexp of inf", lambda x: np.logaddexp(x, inf), [inf, 0], [0.5, 0]),
    Edge("logaddexp2", lambda x: np.logaddexp2(x, 0.0), [-1e4, 0, 1e4], [0, 0.5, 1]),
    Edge("logsumexp of -inf", tg.logsumexp, [-inf, -inf], [0, 0]),
    Edge("logsumexp of some", tg.logsumexp, [-inf, 0, 0], [0, 0.5, 0.5], lambda t, x: t.logsumexp(x, 0)),
    Edge("logsumexp of rows", lambda x: tg.logsumexp(x, axis=1), [[-inf, -inf], [1, -inf]], [[0, 0], [1, 0]]),
    Edge(
        "softmax of -inf", lambda x: tg.softmax(x)[1], [-inf, 0, 0], [0, 0.25, -0.25], lambda t, x: t.softmax(x, 0)[1]
    ),
    Edge("softmax of only -inf", tg.softmax, [-inf, -inf], [0, 0]),
    Edge("log_softmax", lambda x: tg.log_softmax(x)[0], [1e4, 0], [0, 0], lambda t, x: t.log_softmax(x, 0)[0]),
    Edge("tanh", np.tanh, [-1e4, 0, 1e4], [0, 1, 0], lambda t, x: t.tanh(x)),
    Edge("sigmoid", tg.sigmoid, [-1e4, 0, 1e4], [0, 0.25, 0], lambda t, x: t.sigmoid(x)),
    Edge("softplus", tg.softplus, [-1e4, 0, 1e4], [0, 0.5, 1], lambda t, x: t.nn.functional.softplus(x)),
    Edge("silu", tg.silu, [-1e4, 0, 1e4], [0, 0.5, 1], lambda t, x: t.nn.functional.silu(x)),
    Edge("gelu", tg.gelu, [-1e4, 0, 1e4], [0, 0.5, 1], lambda t, x: t.nn.functional.gelu(x)),
    Edge("i0", np.i0, [0, 1e-10, nan], [0, 5e-11, nan]),
    Edge("gelu, tanh", lambda x: tg.gelu(x, "tanh"), [-1e4, 0, 1e4], [0, 0.5, 1]),
]

every_edge = pytest.mark.parametrize("edge", EDGES, ids=lambda e: e.name)


@every_edge
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient_at_the_edge(edge: Edge, dtype: type):
    dtype = dtype if np.isrealobj(edge.at) else np.result_type(dtype, np.complex64)
    ours = gradient(edge.ours, edge.at, dtype)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, np.asarray(edge.gradient), rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("edge", [e for e in EDGES if e.torch], ids=lambda e: e.name)
def test_gradient_at_the_edge_is_that_of_pytorch(edge: Edge):
    torch = pytest.importorskip("torch")
    x = torch.tensor(np.array(edge.at, dtype=float if np.isrealobj(edge.at) else complex), requires_grad=True)
    edge.torch(torch, x).sum().backward()
    np.testing.assert_allclose(gradient(edge.ours, edge.at, x.detach().numpy().dtype), x.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**0,
        lambda x: np.copysign(2.0, x),
        lambda x: np.nextafter(2.0, x),
        lambda x: np.linalg.matrix_power(x, 0),
    ],
)
def test_what_is_constant_has_the_gradient_0_behind_an_infinite_slope(f):
    """0 times infinity would be nan."""
    x = Tensor([[1.0, 2.0], [-3.0, 4.0]])
    f(x).backward(np.full((2, 2), inf))
    np.testing.assert_array_equal(x.grad, np.zeros((2, 2)))


def test_sqrt_has_an_infinite_slope_at_0():
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(gradient(np.sqrt, [0, 4]), [inf, 0.25])


def test_where_hides_an_infinite_slope_only_with_a_safe_argument():
    """sqrt has the slope inf at 0, and where multiplies it by 0: nan. A second where keeps 0 from sqrt."""

    def guarded(x):
        safe = np.where(x > 0, x, 1)
        return np.where(x > 0, np.sqrt(safe), 0)

    np.testing.assert_array_equal(gradient(guarded, [-1, 0, 4]), [0, 0, 0.25])


def test_ties_are_counted_in_a_wider_dtype_than_float16():
    """4096 equal elements: in float16 a count stops at 2048."""
    np.testing.assert_array_equal(gradient(np.max, np.ones(4096), np.float16), np.full(4096, 1 / 4096, np.float16))


def test_two_clip_limits():
    """Where both limits are Tensors, each element's gradient belongs to one of the three."""
    a, low, high = Tensor([-2.0, 0.0, 2.0, 0.5]), Tensor(-1.0), Tensor([1.0, 1.0, 1.0, -2.0])
    np.clip(a, low, high).backward()
    np.testing.assert_array_equal(a.grad, [0, 1, 0, 0])
    np.testing.assert_array_equal(low.grad, 1)
    np.testing.assert_array_equal(high.grad, [0, 0, 1, 1])


# Powers of both their arguments --------------------------------------------------------------------------------------

BASES = [0.0, -0.0, 0.5, 1.0, 2.0, -2.0, inf, -inf, nan]
EXPONENTS = [0.0, -0.0, 0.5, 1.0, 2.0, 3.0, -0.5, -1.0, inf, -inf, nan]

# Where the derivative in y, x**y log(x), is nan or infinite at y = 0, PyTorch has a number for its slope in x all the
# same.
NO_SLOPE = {(x, 0.0, "yx") for x in (-2.0, inf, -inf)}


def derivatives_of_power(power: Callable, x: float, y: float) -> dict[str, float]:
    """The first and the second derivatives in x and y, recorded ones; those that are not recorded must be the same."""
    a, b = Tensor(x), Tensor(y)
    z = power(a, b)
    plain, recorded = (backpropagate(z, np.ones(()), create_graph=again) for again in (False, True))
    found = {}
    for name, t in (("x", a), ("y", b)):
        np.testing.assert_array_equal(plain[t], getattr(recorded[t], "data", recorded[t]))
        found[name] = plain[t].item()
        second = backpropagate(recorded[t], np.ones(())) if getattr(recorded[t], "requires_grad", False) else {}
        found.update({name + other: float(second.get(u, 0.0)) for other, u in (("x", a), ("y", b))})
    return found


def pytorchs_derivatives_of_power(torch: Any, name: str, x: float, y: float) -> dict[str, float]:
    a, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
    grads = torch.autograd.grad(getattr(torch, name)(a, b), (a, b), create_graph=True)
    found = {}
    for name, g in zip("xy", grads, strict=True):
        found[name] = g.item()
        second = torch.autograd.grad(g, (a, b), retain_graph=True, allow_unused=True)
        found.update({name + other: 0.0 if d is None else d.item() for other, d in zip("xy", second, strict=True)})
    return found


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("power, name", [(np.power, "pow"), (np.float_power, "float_power")])
@pytest.mark.parametrize("x", BASES)
def test_derivatives_of_powers_are_those_of_pytorch(power, name, x):
    """The first ones always; the second ones where PyTorch has a number, but for d2/dx dy = 1 / x at y = 0. There
    PyTorch has 0, as if the mask by which it keeps x**0 from nan were there for every y."""
    torch = pytest.importorskip("torch")
    for y in EXPONENTS:
        ours, theirs = derivatives_of_power(power, x, y), pytorchs_derivatives_of_power(torch, name, x, y)
        for which, expected in theirs.items():
            if which == "xy" and y == 0 and 0 < x < inf:
                expected = 1 / x
            if len(which) == 1 or (not math.isnan(expected) and (x, y, which) not in NO_SLOPE):
                np.testing.assert_allclose(ours[which], expected, rtol=1e-13, err_msg=f"{which} at {x}**{y}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("y", [1.5, 2.0, 3.0, 7.5])
def test_powers_of_0_have_all_the_derivatives_that_exist(y):
    """x**y, y x**(y - 1), x**y log(x)**n and x**(y - 1) log(x)**n (y log(x) + n) all go to 0 for x to 0 and y > 1;
    PyTorch's second derivatives in y are nan there."""
    found = derivatives_of_power(np.power, 0.0, y)
    found.pop("xx")
    assert set(found.values()) == {0.0}
    assert derivatives(lambda e: 0.0**e, y, 3) == [0, 0, 0]
    assert derivatives(lambda e: tg.grad(lambda b: b**e)(Tensor(0.0)), y, 2) == [0, 0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("y", [0.5, 1.0, 1.5, 2.0, 3.0, -1.0])
def test_mixed_derivatives_of_powers_of_0_are_the_same_in_both_orders(y):
    """Where they don't exist, too: nan, or infinite."""
    found = derivatives_of_power(np.power, 0.0, y)
    np.testing.assert_array_equal(found["xy"], found["yx"])


def test_a_mixed_derivative_of_a_power_at_the_exponent_0():
    """d/dy (y x**(y - 1)) = 1 / x at y = 0, and d2/dy2 = 2 log(x) / x."""
    slope = lambda e: tg.grad(lambda b: b**e)(Tensor(2.0))  # noqa: E731
    np.testing.assert_allclose(derivatives(slope, 0.0, 2), [0.5, math.log(2.0)], rtol=1e-15)


# Higher derivatives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("two, three", [(2, 3), (2.0, 3.0), (np.float64(2), np.float64(3)), (np.array(2), np.array(3))])
@pytest.mark.parametrize("x", [0.0, -1.5])
def test_powers_to_fourth_order(x, two, three):
    assert derivatives(lambda t: t**two, x, 4) == [2 * x, 2, 0, 0]
    assert derivatives(lambda t: t**three, x, 4) == [3 * x * x, 6 * x, 6, 0]
    assert derivatives(lambda t: np.power(t, np.array([two, three])).sum(), x, 3) == [2 * x + 3 * x * x, 2 + 6 * x, 6]


def test_powers_of_a_tensor_at_0():
    """The base alone is differentiated, though the exponent is a Tensor too."""
    three = Tensor(3.0)
    assert derivatives(lambda t: t**three, 0.0, 4) == [0, 0, 6, 0]


def test_x_to_the_0_and_1():
    assert derivatives(lambda t: t**0, 0.0, 3) == [0, 0, 0]
    assert derivatives(lambda t: t**1, 0.0, 3) == [1, 0, 0]


@pytest.mark.parametrize("f", [lambda t: t * t * t, lambda t: t * np.square(t), lambda t: np.prod(np.stack([t, t, t]))])
def test_other_cubes_at_0(f):
    assert derivatives(f, 0.0, 4) == [0, 0, 6, 0]


def test_sinc_at_0():
    """sinc(x) = 1 - (pi x)^2 / 6 + (pi x)^4 / 120 - ..."""
    expected = [0, -(math.pi**2) / 3, 0, math.pi**4 / 5]
    np.testing.assert_allclose(derivatives(np.sinc, 0.0, 4), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("x", [0.02, 0.0999, 0.1001, -0.3])
def test_sinc_near_0(x):
    """The second derivative, in 40 digits: (2 sin u - 2 u cos u - u^2 sin u) / u^3 * pi^2 at u = pi x."""
    with decimal.localcontext(prec=60):
        u = decimal.Decimal(math.pi) * decimal.Decimal(x)  # of the double nearest to pi, whose error is second order
        sine = sum((-1) ** k * u ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(25))
        cosine = sum((-1) ** k * u ** (2 * k) / math.factorial(2 * k) for k in range(25))
        expected = float((2 * sine - 2 * u * cosine - u * u * sine) / u**3) * math.pi**2
    np.testing.assert_allclose(derivatives(np.sinc, x, 2)[1], expected, rtol=1e-11)


@pytest.mark.parametrize("f", [np.prod, lambda a: np.cumprod(a)[-1]])
@pytest.mark.parametrize("values", [[2, 0, 3, -1], [0, 5, 0, 2], [0, 0, 0, 1], [0, 0, 0, 0]])
def test_products_with_zeros_to_fourth_order(f, values):
    """t -> prod(a + t v) is a polynomial, so all its derivatives are known."""
    a, v = np.array(values, float), np.array([1.0, -2.0, 0.5, 3.0])
    coefficients = np.poly1d([1.0])
    for start, step in zip(a, v, strict=True):
        coefficients *= np.poly1d([step, start])
    expected = [coefficients.deriv(n)(0.0) for n in range(1, 5)]
    np.testing.assert_allclose(derivatives(lambda t: f(a + t * v), 0.0, 4), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("x", [-1e4, -800.0, 0.0, 800.0, 1e4])
def test_logaddexp_to_third_order(x):
    """The derivatives are those of a sigmoid: s, s (1 - s), s (1 - s) (1 - 2 s)."""
    s = {True: 0.5, False: float(x > 0)}[x == 0]
    expected = [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
    for f in (lambda t: np.logaddexp(t, 0.0), tg.softplus, lambda t: tg.logsumexp(np.stack([t, 0 * t]))):
        np.testing.assert_allclose(derivatives(f, x, 3), expected, atol=1e-16)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.hypot(t, 0 * t),
        lambda t: np.arctan2(t, 0 * t),
        lambda t: np.arctan2(0 * t, t),
        lambda t: np.std(np.stack([t, 2 * t])),
        lambda t: np.abs(t * (3 + 4j)),
    ],
)
def test_0_over_0_is_0_at_every_order(f):
    assert derivatives(f, 0.0, 3) == [0, 0, 0]


def test_absolute_values_have_no_second_derivative():
    for f in (np.abs, np.fabs, tg.relu, lambda t: np.maximum(t, 0.0), lambda t: np.clip(t, -1, 1)):
        assert derivatives(f, 0.0, 3)[1:] == [0, 0]


# Large numbers, to 8 ulp, against 60 digits --------------------------------------------------------------------------

LOGITS = [
    [1e4, -1e4, 0.0],
    [1e4, 1e4, 1e4],
    [-1e4, -1e4, -1e4],
    [1e4, 1e4 - 1, 1e4 - 10],
    [-1e4, 7 - 1e4, 30 - 1e4],
    [1e4, 1e4 - 40, -1e4],
    [0.0, -16.0, -64.0],
]

D = decimal.Decimal


def log1p(x: D) -> D:
    return (1 + x).ln()


def exact(f: Callable, x: np.ndarray) -> np.ndarray:
    """f of the numbers in x, in 60 digits, rounded once."""
    with decimal.localcontext(prec=60):
        return np.array([float(y) for y in f([D(float(v)) for v in x])])


def total(x: list[D]) -> D:
    return sum((v.exp() for v in x), D(0))


def assert_within_8_ulp(ours: np.ndarray, exactly: np.ndarray):
    expected = exactly.astype(ours.dtype)
    off = np.abs(ours.astype(np.longdouble) - exactly)
    assert np.all(off <= 8 * np.spacing(np.abs(expected)).astype(np.longdouble)), (ours, exactly)


def check_large(ours: Callable, exactly: Callable, x: list[float], dtype: type):
    x = np.array(x, dtype)
    y = ours(Tensor(x)).data
    assert y.dtype == dtype
    assert_within_8_ulp(np.atleast_1d(y), exact(exactly, x))


large = pytest.mark.parametrize("x", LOGITS, ids=str)
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@large
@both_dtypes
def test_softmaxes_of_large_logits(x, dtype):
    check_large(tg.softmax, lambda v: [a.exp() / total(v) for a in v], x, dtype)
    check_large(tg.log_softmax, lambda v: [-log1p(total([b - a for b in v]) - 1) for a in v], x, dtype)
    check_large(tg.logsumexp, lambda v: [total(v).ln()], x, dtype)


@large
@both_dtypes
def test_sigmoids_of_large_numbers(x, dtype):
    check_large(tg.sigmoid, lambda v: [1 / (1 + (-a).exp()) for a in v], x, dtype)
    check_large(tg.softplus, lambda v: [log1p(a.exp()) for a in v], x, dtype)
    check_large(lambda a: np.logaddexp(a, 0.0), lambda v: [log1p(a.exp()) for a in v], x, dtype)


@large
@both_dtypes
def test_cross_entropies_of_large_logits(x, dtype):
    for label in range(3):
        check_large(
            lambda a, label=label: tg.softmax_cross_entropy(a, label, reduction="none"),
            lambda v, label=label: [log1p(total([b - v[label] for b in v]) - 1)],
            x,
            dtype,
        )
    for label in (0, 1):
        check_large(
            lambda a, label=label: tg.sigmoid_cross_entropy(a, np.full(3, label), reduction="none"),
            lambda v, label=label: [log1p((a * (1 - 2 * label)).exp()) for a in v],
            x,
            dtype,
        )


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax, tg.logsumexp])
def test_no_warning_and_no_nan_from_a_row_of_minus_infinity(f):
    rows = Tensor([[-inf, -inf], [0.0, -inf]])
    y = f(rows, axis=1)
    y.backward(np.where(np.isfinite(y.data), 1.0, 0.0))
    assert not np.isnan(y.data).any() and np.isfinite(rows.grad).all()


def test_logsumexp_of_minus_infinity():
    assert tg.logsumexp(Tensor([-inf, -inf])).item() == -inf
    assert tg.logsumexp(Tensor([inf, 0.0])).item() == inf
    assert tg.logsumexp(Tensor(np.zeros((2, 0))), axis=1).tolist() == [-inf, -inf]


# Many numbers, and every memory layout --------------------------------------------------------------------------------


@both_dtypes
@pytest.mark.parametrize("n", [1, 2, 10, 1024, 1025, 5000])
def test_softmaxes_of_short_and_long_rows(n, dtype):
    """Against sums without rounding (math.fsum); the largest element of the last row is far above the others."""
    x = (np.random.default_rng(n).normal(size=(3, n)) * 4).astype(dtype)
    x[-1, 0] = 60
    log_p, log_total = np.empty((3, n)), np.empty(3)
    for i, row in enumerate(x.astype(float)):
        k = int(row.argmax())
        log_total[i] = math.log1p(math.fsum(math.exp(v - row[k]) for j, v in enumerate(row) if j != k))
        log_p[i] = row - row[k] - log_total[i]
    close = {"rtol": 8 * float(np.finfo(dtype).eps), "atol": 0}
    np.testing.assert_allclose(tg.log_softmax(x), log_p, **close)
    np.testing.assert_allclose(tg.logsumexp(x, axis=-1), x.max(axis=-1) + log_total, **close)
    likely = log_p > -10  # exp magnifies the rounding of its argument
    np.testing.assert_allclose(tg.softmax(x)[likely], np.exp(log_p[likely]), **close)
    np.testing.assert_allclose(tg.softmax(x), np.exp(log_p), rtol=100 * close["rtol"])


def test_what_softmax_keeps_for_short_rows_is_bounded():
    """The starts of rows are kept for at most as many as fill 1 MB: of longer arrays they are computed each time."""
    softmax.kept_starts.cache_clear()
    for m, kept in ((3, 1), (KEPT_LENGTH, 2), (KEPT_LENGTH + 1, 2), (3, 2)):
        x = np.zeros((m, 2))
        x[-1] = [0.0, math.log(3.0)]
        np.testing.assert_allclose(tg.softmax(x)[[0, -1]], [[0.5, 0.5], [0.25, 0.75]])
        assert softmax.kept_starts.cache_info().currsize == kept
    assert softmax.kept_starts.cache_info().maxsize * KEPT_LENGTH * 8 <= 2**24


MEMORY = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "turned": lambda x: np.ascontiguousarray(x.transpose(1, 2, 0)).transpose(2, 0, 1),
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: np.ascontiguousarray(x[:, ::-1])[:, ::-1],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "empty": lambda x: x[:0],
}


@both_dtypes
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 1, 7), (60, 40, 30)])
@pytest.mark.parametrize("memory", MEMORY)
def test_relu_and_softmax_in_every_memory_layout(memory, shape, dtype):
    rng = np.random.default_rng(0)
    x = MEMORY[memory](rng.normal(size=shape).astype(dtype))
    g = rng.normal(size=x.shape).astype(dtype)
    y = Tensor(x)
    z = tg.relu(y)
    z.backward(g)
    np.testing.assert_array_equal(z.data, np.where(x > 0, x, 0))
    np.testing.assert_array_equal(y.grad, np.where(x > 0, g, 0))
    for axis in range(3):
        p = np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(axis=axis, keepdims=True)
        y = Tensor(x)
        z = tg.softmax(y, axis)
        z.backward(g)
        tolerance = 1e-13 if dtype is np.float64 else 1e-5
        np.testing.assert_allclose(z.data, p, rtol=tolerance)
        np.testing.assert_allclose(
            y.grad, p * (g - (g * p).sum(axis=axis, keepdims=True)), rtol=tolerance, atol=tolerance
        )


# The normal distribution ---------------------------------------------------------------------------------------------


PI = D("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")


def exact_normal_cdf(x: float) -> D:
    """Phi(x): near 0 by its power series, in the tail by Laplace's continued fraction (DLMF 7.9.1)."""
    if x > 1:
        return 1 - exact_normal_cdf(-x)
    density = (-(D(x) ** 2) / 2).exp() / (2 * PI).sqrt()
    if x < -1:
        fraction = D(0)
        for n in range(1500, 0, -1):
            fraction = n / (D(-x) + fraction)
        return density / (D(-x) + fraction)
    term = series = D(x)
    for n in range(3, 100, 2):
        term *= D(x) ** 2 / n
        series += term
    return D("0.5") + density * series


@both_dtypes
def test_normal_cdf_is_accurate_in_the_tail(dtype):
    """Measured over 9,500 points: at most 7.5 ulp in float64, 8.5 in float32, 1.3 on average."""
    x = np.concatenate([-np.linspace(0, 37 if dtype is np.float64 else 12.5, 100), np.linspace(0, 9, 20)]).astype(dtype)
    y = activations.normal_cdf(x)
    assert y.dtype == dtype
    with decimal.localcontext(prec=60):
        expected = np.array([float(exact_normal_cdf(float(v))) for v in x])
    off = np.abs(y.astype(float) - expected) / np.spacing(expected.astype(dtype))
    assert off.max() <= 9 and off.mean() <= 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_normal_cdf_and_gelu_of_large_numbers(dtype):
    x = np.array([-inf, -1e4, -50, 0, 50, 1e4, inf, nan], dtype)
    np.testing.assert_array_equal(activations.normal_cdf(x), np.array([0, 0, 0, 0.5, 1, 1, 1, nan], dtype))
    np.testing.assert_array_equal(tg.gelu(x[1:-2]), np.array([0, 0, 0, 50, 1e4], dtype))
