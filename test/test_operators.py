"""Python's operators on Tensors: beside whatever NumPy takes, on either side."""

import operator

import numpy as np
import pytest
from helpers import numerical_gradient, value_and_grads

from tensorgrad import Tensor

# Operators and numbers, lists, arrays ---------------------------------------------------------------------------------

OTHERS = {
    "int": 2,
    "float": 1.5,
    "bool": True,
    "list": [1.0, 2.0, 1.5],
    "list of ints": [1, 2, 3],
    "tuple": (1.0, 2.0, 1.5),
    "array": np.array([1.0, 2.0, 1.5]),
    "float32 array": np.array([1.0, 2.0, 1.5], np.float32),
    "float16 array": np.array([1.0, 2.0, 1.5], np.float16),
    "int array": np.array([1, 2, 3]),
    "bool array": np.array([True, True, True]),
    "0-d array": np.array(1.5),
    "(2, 1) array": np.array([[1.5], [2.0]]),
    "(0, 1) array": np.ones((0, 1)),
    "float64": np.float64(1.5),
    "float32": np.float32(1.5),
    "int64": np.int64(2),
    "bool_": np.bool_(True),
    "memmap": None,  # made by the fixture
}
RECORDED = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": operator.truediv, "**": operator.pow, "%": operator.mod,
}  # fmt: skip
PLAIN = {
    "//": operator.floordiv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@pytest.fixture
def other(request, tmp_path):
    if request.param != "memmap":
        return OTHERS[request.param]
    mapped = np.memmap(tmp_path / "x", np.float64, "w+", shape=(3,))
    mapped[:] = [1.0, 2.0, 1.5]
    return mapped


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("other", OTHERS, indirect=True)
@pytest.mark.parametrize("op", RECORDED)
def test_operators_take_whatever_numpy_operators_take(op, other, reflected, dtype):
    def apply(x):
        return RECORDED[op](other, x) if reflected else RECORDED[op](x, other)

    data = np.array([1.25, 0.7, 2.3], dtype)
    expected = apply(data)
    t = Tensor(data)
    y = apply(t)
    assert type(y) is Tensor and y.parents == (t,)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)
    y.backward()
    assert t.grad.dtype == dtype
    if dtype == np.float64 and "float16" not in str(getattr(other, "dtype", "")):
        np.testing.assert_allclose(t.grad, numerical_gradient(apply, data), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("other", OTHERS, indirect=True)
@pytest.mark.parametrize("op", PLAIN)
def test_operators_that_are_constant_give_plain_arrays(op, other, reflected):
    def apply(x):
        return PLAIN[op](other, x) if reflected else PLAIN[op](x, other)

    data = np.array([1.25, 0.75, 2.0])
    y, expected = apply(Tensor(data)), apply(data)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, expected)


def test_operators_of_two_tensors():
    a, b = np.array([1.5, 2.5, 3.5]), np.array([[2.0], [3.0]])
    for op in RECORDED.values():
        y, da, db = value_and_grads(op, a, b)
        np.testing.assert_array_equal(y.data, op(a, b))
        np.testing.assert_allclose(da, numerical_gradient(lambda v, op=op: op(v, b), a), rtol=1e-6)
        np.testing.assert_allclose(db, numerical_gradient(lambda v, op=op: op(a, v), b), rtol=1e-6)
    for op in PLAIN.values():
        y = op(Tensor(a), Tensor(b))
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, op(a, b))


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4))]
)
def test_matmul_with_arrays_on_either_side(shapes, rng):
    a, b = (rng.random(s) for s in shapes)
    for left, right in (
        (Tensor(a), Tensor(b)),
        (Tensor(a), b),
        (a, Tensor(b)),
        (Tensor(a), b.tolist()),
        (a.tolist(), Tensor(b)),
    ):
        y = left @ right
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, a @ b)
        y.backward()
        if type(left) is Tensor:
            np.testing.assert_allclose(left.grad, numerical_gradient(lambda v: v @ b, a), rtol=1e-6)
        if type(right) is Tensor:
            np.testing.assert_allclose(right.grad, numerical_gradient(lambda v: a @ v, b), rtol=1e-6)


def test_divmod_abs_round_and_signs():
    a = np.array([-1.5, 2.5])
    for x, other in ((Tensor(a), 2.0), (Tensor(a), np.array([2.0, 1.0]))):
        q, r = divmod(x, other)
        assert type(q) is np.ndarray and type(r) is Tensor
        np.testing.assert_array_equal(q, divmod(a, other)[0])
        np.testing.assert_array_equal(r.data, divmod(a, other)[1])
    q, r = divmod(7.0, Tensor(a))
    np.testing.assert_array_equal(r.data, 7.0 % a)
    for f in (abs, operator.neg, operator.pos):
        y = f(Tensor(a))
        assert type(y) is Tensor and y.requires_grad
        np.testing.assert_array_equal(y.data, f(a))
    assert round(Tensor(1.26), 1) == 1.3 and type(round(Tensor(a))) is np.ndarray


def test_comparisons_and_argmax_give_plain_arrays():
    t, u = Tensor([1.0, 3.0]), Tensor([2.0, 2.0])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for a, b in (
            (t, u),
            (t, 2),
            (2, t),
            (t, u.data),
            (t.data, u),
            (t, np.float64(2)),
            (np.float64(2), t),
            (t, [2, 2]),
        ):
            result = compare(a, b)
            assert type(result) is np.ndarray and result.dtype == bool
            np.testing.assert_array_equal(result, compare(*(np.asarray(getattr(v, "data", v)) for v in (a, b))))
    assert type(t.argmax()) is not Tensor and t.argmax() == 1
    assert type(np.argsort(t)) is np.ndarray and type(np.isnan(t)) is np.ndarray


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", [None, "a", object(), {}, {1.0}, np.datetime64(0, "s"), np.array(["a"]), np.array([None])]
)
@pytest.mark.parametrize("op", RECORDED)
def test_operators_with_what_is_not_a_number_are_errors(op, other):
    t = Tensor([1.0])
    with pytest.raises(TypeError):
        RECORDED[op](t, other)
    with pytest.raises(TypeError):
        RECORDED[op](other, t) if op != "%" or not isinstance(other, str) else t % other


@pytest.mark.parametrize("op", [*RECORDED, "//", "@"])
def test_an_array_can_not_be_changed_in_place_by_a_tensor(op):
    inplace = {
        "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "**": operator.ipow,
        "%": operator.imod, "//": operator.ifloordiv, "@": operator.imatmul,
    }[op]  # fmt: skip
    array, t = np.full((2, 2), 2.0), Tensor(np.ones((2, 2)))
    with pytest.raises(TypeError, match=r"array = array \+ tensor"):
        inplace(array, t)
    np.testing.assert_array_equal(array, np.full((2, 2), 2.0))
    bound = name = t
    name = inplace(name, array)  # of a leaf that requires a gradient it makes a new one
    assert type(name) is Tensor and name is not bound and name.requires_grad is (op != "//")
    np.testing.assert_array_equal(bound.data, np.ones((2, 2)))
