"""Functions that make arrays: like a Tensor, they make Tensors that require no gradient, and stack Tensors."""

import numpy as np
import pytest
from duck import Duck
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tensorgrad as tg
from tensorgrad import Tensor, no_grad
from tensorgrad.derivatives import CREATION

t = Tensor(np.array([[1.0, 2.0, 3.0]], np.float32))

CALLS = {
    "zeros_like": lambda x, **like: np.zeros_like(x),
    "ones_like": lambda x, **like: np.ones_like(x, shape=(2, 2)),
    "ones_like of another dtype": lambda x, **like: np.ones_like(x, np.float64),
    "zeros_like of integers": lambda x, **like: np.zeros_like(x, int),
    "empty_like": lambda x, **like: np.empty_like(x) * 0,
    "full_like": lambda x, **like: np.full_like(x, 7),
    "zeros": lambda x, **like: np.zeros((2, 3), **like),
    "ones": lambda x, **like: np.ones(3, np.float32, **like),
    "empty": lambda x, **like: np.empty((0, 3), **like),
    "full": lambda x, **like: np.full((2,), 3.0, **like),
    "full of integers": lambda x, **like: np.full((2,), 3, **like),
    "arange": lambda x, **like: np.arange(3, **like),
    "arange of floats": lambda x, **like: np.arange(0.5, 3, **like),
    "eye": lambda x, **like: np.eye(2, 3, 1, **like),
    "identity": lambda x, **like: np.identity(2, **like),
    "tri": lambda x, **like: np.tri(3, **like),
    "fromfunction": lambda x, **like: np.fromfunction(lambda i, j: i + 10 * j, (2, 2), **like),
    "fromiter": lambda x, **like: np.fromiter([1.0, 2.0], float, **like),
    "frombuffer": lambda x, **like: np.frombuffer(b"\0\0\0\0", np.float32, **like),
    "array": lambda x, **like: np.array([1.0, 2.0], **like),
    "array of bools": lambda x, **like: np.array([True, False], **like),
    "asarray": lambda x, **like: np.asarray(2.5, **like),
    "asanyarray": lambda x, **like: np.asanyarray([[1.0]], np.float32, **like),
    "ascontiguousarray": lambda x, **like: np.ascontiguousarray(3.0, **like),
    "asfortranarray": lambda x, **like: np.asfortranarray([[1.0, 2.0]], **like),
    "require": lambda x, **like: np.require([1.0, 2.0], **like),
}


@pytest.mark.parametrize("kind", [lambda a: a, Duck])
@pytest.mark.parametrize("name", CALLS)
def test_like_a_tensor_they_make_the_numbers_that_they_make_like_an_array(name, kind):
    if kind is Duck and name in ("require", "frombuffer", "fromiter"):
        pytest.skip("NumPy makes nothing but its own arrays of these")
    data = kind(t.data)
    y, expected = CALLS[name](Tensor(data), like=Tensor(data)), CALLS[name](t.data)
    array = y.data if expected.dtype.kind == "f" else y
    assert type(y) is (Tensor if expected.dtype.kind == "f" else type(data)) and type(array) is type(data)
    assert not getattr(y, "requires_grad", False)
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(getattr(array, "array", array), expected)


def test_a_result_that_starts_with_zeros_like_is_of_the_argument_s_kind():
    def horner(coefficients, x):
        total = np.zeros_like(x)
        for c in coefficients:
            total = total * x + c
        return total

    x = np.array([1.0, 2.0])
    assert type(horner([1.0, 2.0, 3.0], x)) is np.ndarray
    np.testing.assert_array_equal(tg.grad(lambda x: horner([1.0, 2.0, 3.0], x).sum())(x), 2 * x + 2)


# Tensors in it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray])
def test_tensors_in_lists_are_stacked(make):
    a, b = Tensor(2.0), Tensor([3.0, 4.0])
    nested = make([[a, 1.0], [2 * a, a * a]], like=a)
    np.testing.assert_array_equal(nested.data, [[2, 1], [4, 4]])
    (nested * [[1, 10], [100, 1000]]).sum().backward()
    assert a.grad == 1 + 200 + 4000
    rows = make((b, b * b), like=a)
    rows[1].sum().backward()
    np.testing.assert_array_equal(b.grad, [6, 8])
    assert make([a, a], np.float32, like=a).dtype == np.float32


def test_a_tensor_itself_is_copied_or_not_as_by_numpy():
    b = Tensor(np.arange(6.0).reshape(2, 3))
    assert np.asarray(b, like=b) is b and np.array(b, like=b, copy=False) is b
    copy = np.array(b, like=b)
    assert not np.shares_memory(copy.data, b.data) and copy.parents == (b,)
    assert np.array(b, like=b, ndmin=4).shape == (1, 1, 2, 3) and np.ascontiguousarray(b[0, 0], like=b).shape == (1,)
    column_major = np.asfortranarray(b, like=b)
    assert column_major.flags.f_contiguous and column_major.parents == (b,)
    with pytest.raises(ValueError, match="without a copy"):
        np.array([b, b], copy=False, like=b)
    with pytest.raises(TypeError, match=r"astype.*floating"):
        np.array([b, b], int, like=b)


@given(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), st.sampled_from([None, np.float32, np.float64]))
@settings(max_examples=50, deadline=None)
def test_filled_with_a_tensor_each_element_is_that_tensor(shape, dtype):
    value = Tensor(3.0)
    for y in (np.full(shape, value, dtype, like=value), np.full_like(Tensor(np.ones(shape)), value, dtype=dtype)):
        assert y.shape == shape and y.dtype == (dtype or np.float64) and (y.data == 3).all()
        value.zero_grad()
        (y * 2).sum().backward()
        assert value.grad == 2 * y.size


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.arange(x, like=x),
        lambda x: np.eye(2, x, like=x),
        lambda x: np.zeros((x, 2), like=x),
        lambda x: np.full(x, 2.0, like=x),
        lambda x: np.require([x], like=x),
        lambda x: np.full_like(np.ones(2), x),
        lambda x: np.full((2,), x, int, like=x),
    ],
)
def test_a_tensor_that_would_be_lost_is_an_error(call):
    with pytest.raises((TypeError, ValueError), match=r"Tensor|no derivative"):
        call(Tensor(2.0))


def test_every_function_that_numpy_makes_like_another_is_known():
    dispatched = {f for f in vars(np).values() if callable(f) and "like : array_like" in str(f.__doc__)}
    assert len(dispatched) > 15
    assert dispatched <= CREATION.keys()


def test_inside_no_grad_they_are_the_same():
    with no_grad():
        assert type(np.zeros_like(t)) is Tensor and type(np.array([t, t], like=t)) is Tensor
