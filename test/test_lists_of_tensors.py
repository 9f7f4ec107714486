"""The library's own functions take lists of Tensors, stacked; and numbers of any kind, as floats."""

import numpy as np
import pytest
from helpers import close

import tensorgrad as tg
from tensorgrad import Tensor

REAL = {
    "relu": tg.relu,
    "leaky_relu": lambda x: tg.leaky_relu(x, 0.2),
    "sigmoid": tg.sigmoid,
    "softplus": tg.softplus,
    "silu": tg.silu,
    "gelu": tg.gelu,
    "gelu, tanh": lambda x: tg.gelu(x, approximate="tanh"),
}
COMPLEX_TOO = {
    "softmax": tg.softmax,
    "log_softmax": lambda x: tg.log_softmax(x, axis=0),
    "logsumexp": lambda x: tg.logsumexp(x, axis=-1, keepdims=True),
}
ALL = {**REAL, **COMPLEX_TOO}

every_function = pytest.mark.parametrize("name", ALL)


LISTS = {
    "a list": (lambda t, u: [t, u], lambda t, u: np.stack([t, u])),
    "a tuple": (lambda t, u: (u, t, t), lambda t, u: np.stack([u, t, t])),
    "nested": (lambda t, u: [[t, u], [u, t]], lambda t, u: np.stack([np.stack([t, u]), np.stack([u, t])])),
    "of numbers": (lambda t, u: [t[0], 0.0, u[1]], lambda t, u: np.stack([t[0], np.zeros(()), u[1]])),
    "beside an array": (lambda t, u: [np.ones(2), t], lambda t, u: np.stack([np.ones(2), t])),
    "beside a list": (lambda t, u: [t, [0, -1]], lambda t, u: np.stack([t, np.array([0.0, -1.0])])),
}


@every_function
def test_a_list_of_tensors_is_stacked(name):
    """0 and -0 are among the values: there a relu made of NumPy's maximum would have another gradient."""
    for kind, makers in LISTS.items():
        runs = []
        for made in makers:
            t, u = Tensor([1.5, 0.0]), Tensor([-0.0, -2.0])
            y = ALL[name](made(t, u))
            assert type(y) is Tensor
            (y * y + y).backward()
            runs.append((y.data, t.grad, u.grad))
        for listed, stacked in zip(*runs, strict=True):
            np.testing.assert_array_equal(listed, stacked, err_msg=kind)
        assert np.any(runs[0][1])


@every_function
def test_a_list_of_tensors_that_require_no_gradient_gives_a_tensor(name):
    t, constant = Tensor([1.5, 0.0]), Tensor([1.5, 0.0], requires_grad=False)
    with tg.no_grad():
        assert type(ALL[name]([t, t])) is Tensor
    y = ALL[name]([constant, constant])
    assert type(y) is Tensor and not y.requires_grad


NUMBERS = [
    3, -2.5, True, np.int8(-128), [1, -2], [True, False], (1.5, 2), [[1, 2], [3, -4]], [np.ones(2), [2, 3]],
    np.array(2), np.array([3, -2]), np.array([True, False]), np.array([1, 200], np.uint8), np.array([-128, 5], np.int8),
]  # fmt: skip


@every_function
def test_numbers_of_every_kind_are_taken_for_floats(name):
    for x in NUMBERS:
        y = ALL[name](x)
        assert y.dtype == np.float64 and not isinstance(y, Tensor)
        np.testing.assert_array_equal(y, ALL[name](np.array(x, np.float64)), err_msg=repr(x))


WRONG = [None, "a", b"a", object(), {}, [None], [1, "a"], [1.0, None], np.array(["a"]), np.datetime64("2020"), len]


@every_function
def test_what_is_no_number_is_an_error_that_names_the_function(name):
    for x in WRONG:
        with pytest.raises(TypeError, match=rf"^{name.partition(',')[0]}: x must be (real )?numbers, not "):
            ALL[name](x)


@every_function
def test_rows_of_different_lengths_are_an_error_that_names_the_function(name):
    t = Tensor([1.0, 2.0])
    for x in ([[1.0], [2.0, 3.0]], [t, t[:1]], [t, 1.0]):
        with pytest.raises(ValueError, match=rf"^{name.partition(',')[0]}: x can't be made an array: "):
            ALL[name](x)


@pytest.mark.parametrize("name", REAL)
def test_complex_numbers_are_an_error_where_the_function_is_one_of_real_numbers(name):
    z = np.array([1.0 + 2.0j, -1.0])
    for x in (z, Tensor(z), z.tolist(), 2j, [Tensor(z), Tensor(z)]):
        with pytest.raises(TypeError, match="real numbers, not complex128"):
            REAL[name](x)


def test_the_softmax_of_complex_numbers_is_its_definition():
    rng = np.random.default_rng(0)
    z, w = (rng.normal(size=5) + 1j * rng.normal(size=5) for _ in range(2))
    p = np.exp(z) / np.sum(np.exp(z))
    for f, value, slope in (
        (tg.softmax, p, lambda g: p * (g - np.sum(g * p))),
        (tg.log_softmax, np.log(p), lambda g: g - p * np.sum(g)),
        (tg.logsumexp, np.log(np.sum(np.exp(z))), lambda g: p * g),
    ):
        t = Tensor(z)
        y = f(t)
        close(np.exp(y.data), np.exp(value))  # a logarithm is determined up to 2 pi i
        g = w if y.ndim else w[0]
        y.backward(np.conj(g))
        close(t.grad, np.conj(slope(g)))


@pytest.mark.parametrize("place", ["x", "weight", "bias"])
def test_each_argument_of_linear_may_be_a_list_of_tensors(place):
    values = {"x": np.ones((2, 2)), "weight": np.array([[1.0, 2.0], [3.0, 4.0]]), "bias": np.array([0.5, -1.0])}
    runs = []
    for joined in (list, np.stack):
        others = {name: Tensor(v) for name, v in values.items() if name != place}
        parts = [Tensor(row) for row in values[place]]
        y = tg.linear(**{**others, place: joined(parts)})
        (y * y).backward()
        runs.append([y.data, *(t.grad for t in (*others.values(), *parts))])
    for listed, stacked in zip(*runs, strict=True):
        np.testing.assert_array_equal(listed, stacked)
        assert np.any(stacked)
