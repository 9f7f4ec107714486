"""Errors that NumPy raises inside an operation: named after it, with the shapes, and with a hint of its own."""

import numpy as np
import pytest

from tensorgrad import Tensor
from tensorgrad.errors import explained


def ones(*shape):
    return Tensor(np.ones(shape))


SOLVE = r"b must be a vector \(m,\) or matrices \(\.\.\., m, k\), with as many rows as a has"


@pytest.mark.parametrize("a, b", [((2, 2), (3,)), ((2, 2), (3, 1)), ((5, 2, 2), (3, 1)), ((5, 2, 2), (3,))])
def test_solve_has_a_hint_of_its_own(a, b):
    with pytest.raises(ValueError, match=SOLVE) as caught:
        np.linalg.solve(ones(*a), ones(*b))
    assert str(caught.value).startswith(f"solve of shapes {a} and {b}: ")
    assert "last but one" not in str(caught.value)


def test_products_keep_theirs():
    for call in (lambda: ones(2, 3) @ ones(4, 2), lambda: np.matmul(ones(2, 3), ones(2)), lambda: ones() @ ones(2)):
        with pytest.raises(ValueError, match="the last axis of the first must be as long as the last but one"):
            call()


OUT = {
    "add": lambda t, out: np.add(t, 1, out=out),
    "multiply": lambda t, out: np.multiply(t, 1, out),
    "exp": lambda t, out: np.exp(t, out=(out,)),
    "floor": lambda t, out: np.floor(t, out=out),
    "sum": lambda t, out: np.sum(t, axis=0, out=out),
    "mean": lambda t, out: np.mean(t, 0, None, out),
    "cumsum": lambda t, out: t.cumsum(out=out),
    "max": lambda t, out: np.max(t, 0, out),
    "add.reduce": lambda t, out: np.add.reduce(t, out=out),
    "concatenate": lambda t, out: np.concatenate([t, t], 0, out),
    "stack": lambda t, out: np.stack([t, t], out=out),
    "dot": lambda t, out: np.dot(t, t, out),
    "take": lambda t, out: t.take([0], out=out),
    "clip": lambda t, out: np.clip(t, 0, 1, out),
    "einsum": lambda t, out: np.einsum("i->i", t, out=out),
    "fftn": lambda t, out: np.fft.fftn(t, out=out),
    "subtract": lambda t, out: out.__isub__(t),
}


@pytest.mark.parametrize("name", OUT)
def test_an_array_to_write_into_is_an_error_with_one_wording(name):
    t, out = Tensor([1.0, 2.0]), np.full(2, 9.0)
    with pytest.raises(TypeError) as caught:
        OUT[name](t, out)
    assert str(caught.value) == (
        f"{name}: out=, or an in-place operator such as array += tensor, would overwrite an array, which the graph "
        "can't follow; use the result, as in array = array + tensor, write into a Tensor in its place, "
        "Tensor(array, requires_grad=False), or take tensor.data to leave the graph"
    )
    np.testing.assert_array_equal(out, 9)


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_arrays_to_write_into_are_an_error_where_there_is_one_output(kind):
    t = Tensor([1.0, 2.0], requires_grad=False)
    with pytest.raises(TypeError) as caught:
        np.clip(t, 0, 1, out=kind([t]))
    assert str(caught.value) == f"clip: out= must be a Tensor, not a {kind.__name__}"


def test_no_array_to_write_into_is_no_error():
    t = Tensor([1.0, 2.0])
    for y in (np.sum(t, 0, None, None), np.add(t, 1, out=None), np.clip(t, 0, 1, None), np.stack([t, t], out=None)):
        assert y.requires_grad


@pytest.mark.parametrize("kind", [ValueError, TypeError, IndexError, np.linalg.LinAlgError, np.exceptions.AxisError])
def test_the_error_keeps_its_kind_and_names_the_operation_once(kind):
    error = explained(kind("something is wrong"), "name", [np.ones((2, 3)), 5, [np.ones(4)]])
    assert type(error) is kind and str(error) == "name of shapes (2, 3) and (4,): something is wrong"
    again = explained(error, "name", [np.ones((2, 3))])
    assert str(again) == str(error)
    assert str(explained(kind("name: told already"), "name", [np.ones(2)])) == "name: told already"


def test_an_error_of_a_derived_kind_becomes_the_one_that_it_is_derived_from():
    error = explained(UnicodeDecodeError("utf-8", b"", 0, 1, "odd"), "name", [])
    assert type(error) is ValueError
