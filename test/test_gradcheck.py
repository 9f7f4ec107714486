"""check_grads: it passes right rules, and names what is wrong in others."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor, check_grads


def test_right_derivatives_pass():
    x = np.array([[0.5, 1.5], [2.0, 3.0]])
    check_grads(lambda x, y: (np.sin(x) @ y, {"b": x.sum() / y}), x, x + 1, order=3)
    check_grads(lambda p: p["w"] * p["b"][0], {"w": x, "b": [2.0], "name": "linear"})
    check_grads(np.exp, np.array([1 + 2j, 0.5]))
    check_grads(lambda z: np.abs(z) ** 3, np.array([1 + 2j, 0.5]))
    check_grads(lambda x: (x**2).sum(), x.astype(np.float32))
    check_grads(lambda x: np.sum(x**3), np.random.default_rng(0).normal(size=500))
    check_grads(lambda x: x * 3, 2)
    check_grads(lambda x: x.sum(), np.zeros((0, 3)))


def test_a_wrong_one_is_named_with_its_argument_element_and_size():
    wrong = tg.derivative(
        lambda a, b: a * b,
        lambda g, y, a, b: g * b,
        lambda g, y, a, b: g * a * np.array([[1.0, 1.0], [1.0, 3.0]]),
    )
    with pytest.raises(AssertionError) as error:
        check_grads(lambda p: wrong(p["a"], p["b"]).sum(), {"a": np.full((2, 2), 2.0), "b": np.ones((2, 2))})
    text = str(error.value)
    assert "1 of 8 derivatives of order 1 is wrong" in text
    assert "argument 0['b'], element (1, 1): 6 by the rules, 2" in text and "4 too large, 3 times" in text


def test_the_order_is_named():
    cut = tg.derivative(
        lambda x: x**3, lambda g, y, x: g * 3 * getattr(x, "data", x) ** 2 if isinstance(x, Tensor) else 3 * g * x**2
    )
    check_grads(cut, np.array([1.0, 2.0]), order=1)
    with pytest.raises(AssertionError, match="order 2") as error:
        check_grads(cut, np.array([1.0, 2.0]))
    assert ".data" in str(error.value) and "argument 0, element 0" in str(error.value)


def test_one_wrong_element_of_many_is_found():
    bad = np.ones(5000)
    bad[4321] = 2.0
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: g * bad)
    with pytest.raises(AssertionError, match="all elements together"):
        check_grads(lambda x: wrong(x).sum(), np.linspace(0, 1, 5000), order=1)


def test_nan_and_a_wrong_imaginary_part_are_found():
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: g * np.nan)
    with pytest.raises(AssertionError, match="not finite"):
        check_grads(wrong, 1.0, order=1)
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: np.conj(g))
    with pytest.raises(AssertionError, match="imaginary part"):
        check_grads(wrong, np.array([1 + 1j]), order=1)
