"""Numbers and operations as text: what stands on the cards and pills of a picture."""

import numpy as np
import pytest
from drawn import names, node, operations, read

from tensorgrad import Tensor, derivative, mse_loss, sigmoid_cross_entropy
from tensorgrad.draw.cards import BROKEN
from tensorgrad.draw.labels import number
from tensorgrad.graph_utils import draw_dot_tensor

pytest.importorskip("graphviz")

# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"), (1.0, "1"), (-2.0, "-2"), (1000.0, "1000"), (0.12345, "0.123"), (12.345, "12.3"),
        (-1234.5, "-1.23e3"),
        (1e-5, "1.00e-5"),
        (0.000123456, "1.23e-4"), (1e300, "1.00e300"), (6.02e23, "6.02e23"),
        (99.96, "100"), (np.nan, "nan"), (np.inf, "inf"), (1 + 2j, "1+2j"),
        (0.1 + 0.25j, "0.1+0.25j"), (np.float32(0.1), "0.1"),
        (True, "1"), (np.False_, "0"), (12345, "12345"),
    ],
)  # fmt: skip
def test_numbers_have_three_significant_digits(value, text):
    shown = number(value)
    assert shown == text.replace("1.00e300", "1e300")
    assert complex(shown) == pytest.approx(complex(value), rel=5e-3, nan_ok=True)


def test_large_arrays_are_summarised():
    x = Tensor(np.arange(200.0).reshape(20, 10), name="x")
    card = node(read(draw_dot_tensor(x * 1.0)), "x").text
    assert "(20, 10)" in card and "0 … 199" in card and "mean 99.5" in card
    assert "all 7" in node(read(draw_dot_tensor(Tensor(np.full(50, 7.0), name="x") * 1.0)), "x").text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "data, text",
    [
        (np.array([1.0, np.nan, np.inf] * 10), "20 nan or inf"),
        (np.full(20, np.nan), "20 nan or inf"),
        (np.zeros((0, 3)), "empty"),
        (np.array(2.0), "data 2"),
        (np.array([1e308, -1e308] * 10), "-1e308 … 1e308"),
        (np.linspace(0, 1, 20, dtype=np.float16), "float16"),
        (np.exp(1j * np.arange(20)) * np.arange(20), "|z| 0 … 19"),
        (np.arange(6.0).reshape(1, 2, 3), "0 … 5"),
        (np.asfortranarray(np.arange(6.0).reshape(2, 3))[::-1], "3 4 5 0 1 2"),
    ],
)
def test_arrays_of_any_kind_are_summarised(data, text):
    assert text in node(read(draw_dot_tensor(Tensor(data, name="x") * 1.0)), "x").text


def test_a_gradient_that_is_no_number_stands_out():
    x = Tensor([0.0, 1.0], name="x")
    y = x * 2.0
    x.grad = np.array([np.nan, 1.0])
    card = node(read(draw_dot_tensor(y)), "x")
    assert "nan" in card.text and BROKEN in card.look["label"]


# Operations -----------------------------------------------------------------------------------------------------------

X = Tensor(np.arange(1.0, 13).reshape(3, 4), name="x")


@pytest.mark.parametrize(
    "result, label",
    [
        (X + 1, "+ 1"), (1 - X, "1 −"), (X * 2.5, "× 2.5"), (X / 4, "/ 4"), (1 / X, "1 /"), (X**2, "**2"),
        (2**X, "2 **"),
        (X**0.5, "**0.5"), (X @ np.ones(4), "x @ c1"), (np.ones(3) @ X, "c1 @ x"), (X - X, "x − x"), (-X, "−"),
        (X + X, "+"), (abs(X), "abs"), (np.exp(X), "exp"), (np.maximum(X, 0), "maximum(·, 0)"), (X.relu(), "relu"),
        (X.sum(axis=1), "sum axis=1"), (X.sum(1), "sum axis=1"), (X.sum(), "sum"),
        (X.sum(axis=(0, 1)), "sum axis=(0, 1)"),
        (X.mean(axis=0, keepdims=True), "mean axis=0 keepdims"), (X.std(axis=0, ddof=1), "std axis=0 ddof=1"),
        (X[0, :], "[0, :]"), (X[..., None], "[..., None]"), (X[::2, 1:], "[::2, 1:]"), (X[[0, 2]], "[[0, 2]]"),
        (X[X.data > 5], "[mask]"), (X[np.array([0, 1, 2, 0, 1])], "[ints (5,)]"), (X.T, ".T"),
        (X.reshape(2, 6), "reshape (2, 6)"), (X.transpose(1, 0), "transpose (1, 0)"),
        (np.clip(X, 0, 1), "clip(·, 0, 1)"),
        (np.concatenate([X, X], axis=1), "concatenate axis=1"), (np.einsum("ij->j", X), "einsum ij->j"),
        (X.astype(np.float32), "float32"), (np.cumsum(X, axis=0), "cumsum axis=0"),
        (X.softmax(axis=0), "softmax axis=0"),
        (mse_loss(X, np.zeros((3, 4))), "mean squared error"),
        (sigmoid_cross_entropy(X, np.zeros((3, 4)), reduction="sum"), "sigmoid cross-entropy reduction=sum"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_operations_are_labelled_as_written(result, label):
    assert operations(read(draw_dot_tensor(result))) == [label]


@pytest.mark.parametrize("name", ["getitem", "join", "einsum", "scatter", "astype", "transpose"])
def test_functions_of_ones_own_keep_their_name(name):
    def f(x):
        return x * 1.0

    f.__name__ = name
    assert operations(read(draw_dot_tensor(derivative(f, lambda g, y, x: g)(X)))) == [name]


def test_operands_that_cant_change_places_are_named_unless_that_is_long():
    a, b = Tensor(1.0, name="a"), Tensor(2.0, name="a_rather_long_name_of_a_parameter")
    assert operations(read(draw_dot_tensor(b / a))) == ["/"]
    assert operations(read(draw_dot_tensor(a / a))) == ["a / a"]


def test_help_for_the_computation_is_not_shown():
    loss = sigmoid_cross_entropy(Tensor([1.0, 2.0], name="z"), np.array([0.0, 1.0]))
    assert loss._saved is not None
    assert names(read(draw_dot_tensor(loss))) == ["c1", "y", "z"]


def test_a_dtype_is_an_argument_like_any_other():
    assert operations(read(draw_dot_tensor(X.astype(np.float32).sum(dtype=np.float64)))) == ["float32", "sum float64"]
    assert operations(read(draw_dot_tensor(np.add(X, 1, dtype=np.float64)))) == ["+ 1"]
