"""NumPy's own functions on Tensors: recorded, constant, or an error that names the function; none drops a Tensor."""

import numpy as np
import pytest
from helpers import gradient, numerical_gradient, value_and_grads

from tensorgrad import Tensor
from tensorgrad.derivatives import COMPOSED, CONSTANT, CREATION, TABLE

# Functions with a derivative ------------------------------------------------------------------------------------------


def test_functions_with_a_derivative_are_recorded():
    t, u = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    for y, parents in (
        (np.exp(t), (t,)),
        (np.add(t, [1, 2]), (t,)),
        (np.add([1, 2], t), (t,)),
        (np.hypot(t, u), (t, u)),
        (np.sum(t, axis=0), (t,)),
        (np.transpose(t), (t,)),
        (np.where([True, False], t, u), (t, u)),
        (np.where(t > 1, t, 0.0), (t,)),
        (np.concatenate([t, u, np.ones(2)]), (t, u)),
        (np.concatenate((t, [5.0])), (t,)),
    ):
        assert type(y) is Tensor and y.requires_grad and y.parents == parents
    y = np.linspace(0, 1, 2) * t
    assert type(y) is Tensor


def test_what_changes_nothing_still_has_a_gradient():
    for f in (
        np.squeeze,
        np.atleast_1d,
        np.ravel,
        np.real,
        lambda x: np.reshape(x, (2,)),
        lambda x: np.broadcast_to(x, 2),
    ):
        g = gradient(lambda x, f=f: f(x) * 3, np.array([1.0, 2.0]))
        np.testing.assert_array_equal(g, [3, 3])


@pytest.mark.parametrize(
    "name, call",
    {
        "add.reduce": lambda x: np.add.reduce(x),
        "add.reduce axis": lambda x: np.add.reduce(x, axis=(0, 1)),
        "add.reduce all": lambda x: np.add.reduce(x, axis=None, keepdims=True),
        "add.reduce positional": lambda x: np.add.reduce(x, 1, None, None, True),
        "add.reduce where": lambda x: np.add.reduce(x, where=np.array([[True, False, True]]), initial=2.0),
        "multiply.reduce": lambda x: np.multiply.reduce(x, axis=-1),
        "maximum.reduce": lambda x: np.maximum.reduce(x),
        "minimum.reduce": lambda x: np.minimum.reduce(x, axis=1, keepdims=True),
        "add.accumulate": lambda x: np.add.accumulate(x, axis=1),
        "multiply.accumulate": lambda x: np.multiply.accumulate(x),
        "subtract.reduce": lambda x: np.subtract.reduce(x, axis=1),
        "add.reduceat": lambda x: np.add.reduceat(x, [0, 2], axis=1),
        "multiply.outer": lambda x: np.multiply.outer(x, [1.0, 2.0]),
        "subtract.outer": lambda x: np.subtract.outer(np.ones((2, 2)), x),
        "hypot.outer": lambda x: np.hypot.outer(x, 3.0),
        "dtype": lambda x: np.add(x, 1, dtype=np.float32),
    }.items(),
)
def test_the_methods_of_ufuncs(name, call):
    data = np.array([[1.5, 2.5, 0.5], [3.5, 1.0, 2.0]])
    y, g = value_and_grads(call, data)
    expected = call(data)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_allclose(g, numerical_gradient(call, data) if name != "dtype" else np.ones((2, 3)), rtol=1e-6)


# Functions that are constant almost everywhere ------------------------------------------------------------------------

CONSTANTS = {
    "argmax": lambda t: np.argmax(t),
    "isnan": lambda t: np.isnan(t),
    "shape": lambda t: np.shape(t),
    "ndim": lambda t: np.ndim(t),
    "size": lambda t: np.size(t),
    "floor": lambda t: np.floor(t),
    "ceil": lambda t: np.ceil(t),
    "trunc": lambda t: np.trunc(t),
    "rint": lambda t: np.rint(t),
    "sign": lambda t: np.sign(t),
    "round": lambda t: np.round(t, 1),
    "floor_divide": lambda t: np.floor_divide(t, 2),
    "reflected floor_divide": lambda t: np.floor_divide(np.ones(2), t),
    "heaviside": lambda t: np.heaviside(t, 0.5),
    "argsort": lambda t: np.argsort(t, axis=-1),
    "nonzero": lambda t: np.nonzero(t)[0],
    "count_nonzero": lambda t: np.count_nonzero(t),
    "isclose": lambda t: np.isclose(t, np.ones(2)),
    "allclose": lambda t: np.allclose(np.ones(2), t),
    "array_equal": lambda t: np.array_equal([1.0, 2.0], t),
    "greater": lambda t: np.greater([3.0, 1.0], t),
    "logical_and": lambda t: np.logical_and(t, True),
    "logical_and.reduce": lambda t: np.logical_and.reduce(t),
    "less.outer": lambda t: np.less.outer(t, t),
    "any": lambda t: np.any(t),
    "all": lambda t: t.all(),
    "searchsorted": lambda t: np.searchsorted(t, 1.5),
    "result_type": lambda t: np.result_type(t, np.float32),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_functions_that_are_constant_give_plain_values(name):
    data = np.array([1.0, 2.0])
    y, expected = CONSTANTS[name](Tensor(data)), CONSTANTS[name](data)
    assert type(y) is type(expected)
    np.testing.assert_array_equal(y, expected) if isinstance(y, np.ndarray) else None
    assert np.all(y == expected)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, call",
    {
        "unique": lambda t: np.unique(t),
        "histogram": lambda t: np.histogram(t),
        "intersect1d": lambda t: np.intersect1d(t, [1.0]),
        "union1d": lambda t: np.union1d([1.0], t),
        "setdiff1d": lambda t: np.setdiff1d(t, t),
        "setxor1d": lambda t: np.setxor1d(t, t),
        "copyto": lambda t: np.full_like(np.ones(2), t),
        "bitwise_and": lambda t: t.data & t,
        "gcd": lambda t: np.gcd(t, 2),
        "add.at": lambda t: np.add.at(np.ones(2), [0], t),
        "put": lambda t: np.put(np.ones(2), [0], t),
        "place": lambda t: np.place(t, [True, False], [1.0]),
    }.items(),
)
def test_any_other_function_raises_and_names_itself(name, call):
    with pytest.raises(TypeError, match=name):
        call(Tensor([1.0, 2.0]))


def public_functions():
    for module in (np, np.linalg, np.fft):
        for name in sorted(module.__all__) if module is np else [n for n in dir(module) if not n.startswith("_")]:
            f = getattr(module, name)
            if isinstance(f, np.ufunc) or hasattr(f, "_implementation"):
                yield f


@pytest.mark.parametrize(
    "func",
    dict.fromkeys(f for f in public_functions() if f not in {*TABLE, *COMPOSED, *CONSTANT, *CREATION}),
)
def test_no_function_of_numpy_drops_a_tensor_in_silence(func):
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=func.__name__) as caught:
        if isinstance(func, np.ufunc):
            func(*[t] * func.nin)
        else:
            t.__array_function__(func, (Tensor,), (t,), {})
    assert "tensor.data" in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda w, ts: w + ts,
        lambda w, ts: ts * w,
        lambda w, ts: np.maximum(w, ts),
        lambda w, ts: np.dot(ts, w),
        lambda w, ts: np.matmul(ts, w),
        lambda w, ts: np.inner(w, ts),
        lambda w, ts: np.outer(ts, w),
        lambda w, ts: np.kron(w, ts),
        lambda w, ts: np.tensordot(w, ts, 1),
        lambda w, ts: np.einsum("i,i", w, ts),
        lambda w, ts: np.add.outer(ts, w),
        lambda w, ts: np.concatenate([ts, w]),
        lambda w, ts: np.stack([w, ts]),
        lambda w, ts: np.where([True, False], ts, w),
        lambda w, ts: np.linalg.solve(np.diag(w), ts),
        lambda w, ts: np.append(w, ts),
        lambda w, ts: Tensor(ts),
        lambda w, ts: Tensor([[ts[0]], [ts[1]]]),
    ],
)
def test_a_list_of_tensors_is_joined_or_an_error(call):
    t, u, w = Tensor(2.0), Tensor(3.0), Tensor([1.0, 2.0])
    try:
        y = call(w, [t, u])
    except TypeError as error:
        assert "np.stack" in str(error)
    else:
        y.sum().backward()
        assert t.grad > 0


@pytest.mark.parametrize(
    "call",
    [
        lambda t, out: np.add(t, 1, out=out),
        lambda t, out: np.add(t, 1, out),
        lambda t, out: np.exp(t, out=(out,)),
        lambda t, out: np.floor(t, out=out),
        lambda t, out: np.add.reduce(t, out=out),
        lambda t, out: np.add.accumulate(t, out=out),
        lambda t, out: np.sum(t, axis=0, out=out),
        lambda t, out: np.sum(t, 0, None, out),
        lambda t, out: np.mean(t, axis=0, out=out),
        lambda t, out: np.cumsum(t, out=out),
        lambda t, out: np.concatenate([t, t], out=out),
        lambda t, out: np.stack([t, t], out=out),
        lambda t, out: np.matmul(t, t, out=out),
        lambda t, out: np.dot(t, t, out=out),
        lambda t, out: np.outer(t, t, out=out),
        lambda t, out: np.einsum("i,i->i", t, t, out=out),
        lambda t, out: np.clip(t, 0, 1, out=out),
        lambda t, out: np.take(t, [0], out=out),
    ],
)
def test_writing_into_out_is_an_error(call):
    t, out = Tensor([1.0, 2.0]), np.full(2, 9.0)
    with pytest.raises(TypeError, match="out="):
        call(t, out)
    np.testing.assert_array_equal(out, [9, 9])
    np.testing.assert_array_equal(t.data, [1, 2])


def test_an_argument_that_no_rule_knows_is_an_error():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="where"):
        np.add(t, 1, where=np.array([True, False]))
    with pytest.raises(TypeError, match="argument"):
        np.roll(t, Tensor(1.0))
    with pytest.raises(TypeError, match="dtype int64"):
        np.sum(t, dtype=int)
    with pytest.raises(TypeError, match="dtype int64"):
        t.astype(int)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_masked_arrays_and_matrices_are_errors():
    for other in (np.ma.array([1.0, 2.0], mask=[0, 1]), np.asmatrix([1.0, 2.0])):
        with pytest.raises(TypeError, match=r"isn't supported; pass np\.asarray"):
            Tensor(other)
        with pytest.raises(TypeError, match="isn't supported"):
            Tensor([1.0, 2.0]) * other
