"""A Tensor is floating, leaves the graph on purpose only, and behaves as Python expects: hashed, printed, pickled."""

import copy
import pickle

import numpy as np
import pytest
from programs import KEEP_DTYPE

import tensorgrad as tg
from tensorgrad import Tensor

# A Tensor is floating -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_float_data_keeps_its_dtype_and_is_not_copied(dtype):
    data = np.ones((2, 3), dtype)
    t = Tensor(data)
    assert t.data is data and t.dtype == dtype and t.grad.dtype == dtype
    assert Tensor(dtype(1)).dtype == dtype


@pytest.mark.parametrize(
    "data", [1, True, [1, 2], [[True, False]], (1, 2), np.arange(3), np.ones(2, bool), np.uint8(3), []]
)
def test_ints_bools_and_lists_become_float64(data):
    t = Tensor(data)
    assert type(t.data) is np.ndarray and t.dtype == np.float64
    np.testing.assert_array_equal(t.data, np.asarray(data, np.float64))


def test_lists_of_floats_become_float64():
    assert Tensor([1.5, 2]).dtype == np.float64
    assert Tensor(1.5).shape == ()


NEED_AXES = {"x @ x", "mean", "var", "max", "cumsum", "cumprod", "take", "einsum", "concatenate"}
NEED_AXES |= {name for name in KEEP_DTYPE if "softmax" in name}


@pytest.mark.parametrize("name, shape", [(n, s) for n in KEEP_DTYPE for s in [(2, 2), ()] if s or n not in NEED_AXES])
def test_float32_stays_float32_beside_python_scalars(name, shape):
    x = Tensor(np.full(shape, 1.25, np.float32))
    y = KEEP_DTYPE[name](x)
    assert type(y.data) is np.ndarray and y.dtype == np.float32
    y.backward()
    assert type(x.grad) is np.ndarray and x.grad.dtype == np.float32 and x.grad.shape == x.shape
    assert y.grad.dtype == np.float32


def test_reductions_give_arrays():
    t = Tensor(np.ones((2, 3)))
    for y in (
        t.sum(),
        t.mean(),
        t.max(),
        t.min(),
        t.prod(),
        t.std(),
        t.var(),
        t[0, 0],
        t.trace(),
        np.vdot(t, t),
        t.ravel() @ t.ravel(),
    ):
        assert type(y.data) is np.ndarray and y.shape == ()


def test_results_share_no_memory_where_numpy_copies():
    x = Tensor(np.ones(3))
    for f in (
        lambda x: +x,
        lambda x: x + 0,
        np.copy,
        lambda x: x.clip(-9, 9),
        lambda x: x.astype(float),
        copy.copy,
    ):
        assert not np.may_share_memory(f(x).data, x.data)


# Leaving the graph ----------------------------------------------------------------------------------------------------


def test_leaving_the_graph_on_purpose():
    t = Tensor([1.5, 2.5])
    assert t.numpy() is t.data and t.tolist() == [1.5, 2.5]
    assert t.item(1) == 2.5 and Tensor([[1.0, 4.0]]).item((0, 1)) == 4.0 and Tensor([[2.75]]).item() == 2.75


# Python: hashing, comparing, printing, copying, iterating -------------------------------------------------------------


def test_hashed_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert hash(a) != hash(b) and len({a, b, a}) == 2 and {a: 1}[a] == 1
    assert a == b  # one element: as an array


def test_compared_elementwise():
    a = Tensor([1.0, 2.0])
    np.testing.assert_array_equal(a == Tensor([1.0, 3.0]), [True, False])
    np.testing.assert_array_equal(a != [1, 3], [False, True])
    np.testing.assert_array_equal(a == None, [False, False])  # noqa: E711
    assert 2 in a and 3 not in a and Tensor(1.0) in a


@pytest.mark.parametrize(
    "tensor, text",
    [
        (Tensor([1.0, 2.0], name="a"), "Tensor([1. 2.], name='a')"),
        (Tensor([1.0, 2.0]), "Tensor([1. 2.])"),
        (Tensor(3.0), "Tensor(3.)"),
        (Tensor(np.float32([1, 2])), "Tensor([1. 2.], dtype=float32)"),
        (Tensor([[1.0, 2.0], [3.0, 4.0]]), "Tensor([[1. 2.]\n        [3. 4.]])"),
        (Tensor([]), "Tensor([])"),
        (Tensor(np.zeros((2, 0))), "Tensor([])"),
    ],
)
def test_printed_like_an_array(tensor, text):
    assert repr(tensor) == str(tensor) == f"{tensor}" == text


def test_a_large_tensor_is_abbreviated():
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 500


def test_formatted_like_a_number():
    assert f"{Tensor(2.5):.3f} {Tensor([[0.25]]):>8.1%} {(Tensor(1.0) * 2):g}" == "2.500    25.0% 2"
    with pytest.raises((TypeError, ValueError)):
        f"{Tensor([1.0, 2.0]):.3f}"


def test_pickled_and_copied_as_a_leaf():
    a = Tensor(np.float32([1, 2]), name="a")
    c, d = a * 3, Tensor(np.float32([3, 6]), name="c")
    for t in (c, d):
        t.sum().backward()
    c.name = "c"
    for clone in (pickle.loads(pickle.dumps(d)), copy.deepcopy(c), copy.copy(c)):
        assert type(clone) is Tensor and clone is not c and clone.parents == () and clone.name == "c"
        assert clone.requires_grad and clone.dtype == np.float32
        np.testing.assert_array_equal(clone.data, [3, 6])
        np.testing.assert_array_equal(clone.grad, [1, 1])
        assert not np.may_share_memory(clone.data, c.data) and not np.may_share_memory(clone.grad, c.grad)
        (clone * 2).backward()
        np.testing.assert_array_equal(clone.grad, [3, 3])
        np.testing.assert_array_equal(c.grad, [1, 1])
    constant = copy.deepcopy(Tensor([1.0], requires_grad=False))
    assert not constant.requires_grad
    shared = copy.deepcopy([a, a])
    assert shared[0] is shared[1]


def test_deep_copies_share_the_arrays_that_were_shared():
    buffer = np.zeros(3)
    found = copy.deepcopy({"array": buffer, "a": Tensor(buffer), "b": Tensor(buffer, requires_grad=False)})
    assert found["array"] is not buffer
    assert found["a"].data is found["array"] is found["b"].data


def test_what_has_a_graph_is_not_pickled_without_it():
    a = Tensor([1.0, 2.0])
    y = (a * 3).sum()
    y.name = "loss"
    for holder in (y, [y], {"loss": (a, y)}):
        with pytest.raises(TypeError, match=r"Tensor 'loss' of shape \(\) .* without the graph .* tensor\.detach\(\)"):
            pickle.dumps(holder)
    for constant in (y.detach(), tg.stop_gradient(y)):
        assert pickle.loads(pickle.dumps(constant)).item() == 9
    with tg.no_grad():  # on purpose
        again = pickle.loads(pickle.dumps(y))
    y.backward(retain_graph=False)  # after which there is no graph
    for constant in (again, pickle.loads(pickle.dumps(y))):
        assert constant.item() == 9 and not constant.requires_grad
    computed = tg.MLP(2, [1], rng=0)
    computed.last = computed(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="without the graph"):
        pickle.dumps(computed)


def test_a_long_chain_is_copied_without_recursion():
    y = Tensor([1.0])
    for _ in range(10_000):
        y = y + 1
    assert copy.deepcopy(y).data == 10_001


def test_a_tensor_is_a_sequence():
    t = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(t) == 3 and t.shape == (3, 2) and t.ndim == 2 and t.size == 6
    rows = list(t)
    assert all(type(row) is Tensor for row in rows) and len(rows) == 3
    first, *_ = t
    (first * rows[2]).sum().backward()
    np.testing.assert_array_equal(t.grad, [[5, 6], [0, 0], [1, 2]])
    assert [row.tolist() for row in reversed(t)] == [[5, 6], [3, 4], [1, 2]]
    for f in (len, iter):
        with pytest.raises(TypeError, match=r"unsized|0-d"):
            f(Tensor(1.0))


def test_python_built_ins():
    ts = [Tensor(2.0), Tensor(3.0), Tensor(1.0)]
    total = sum(ts)
    assert type(total) is Tensor
    total.backward()
    assert [float(t.grad) for t in ts] == [1, 1, 1]
    assert sum([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist() == [4, 6]
    assert max(ts) is ts[1] and min(ts) is ts[2] and sorted(ts, key=float)[0] is ts[2]
    assert abs(Tensor(-2.0)).item() == 2 and pow(Tensor(2.0), 3).item() == 8
    t = Tensor([1.0, 2.0])
    for ambiguous in (lambda: max(t, t * 2), lambda: bool(t), lambda: "yes" if t else "no", lambda: t and t):
        with pytest.raises(ValueError):
            ambiguous()
    assert Tensor([0.5]) and not Tensor(0.0)


def test_can_not_be_subclassed():
    with pytest.raises(TypeError, match="can't be subclassed"):

        class Parameter(Tensor):
            pass


def test_attributes_are_fixed():
    t = Tensor([1.0], "weight")
    assert t.name == "weight"
    with pytest.raises(AttributeError):
        t.gradient = 1


# Errors: the rest is in test_bad_input.py -----------------------------------------------------------------------------


def test_errors_name_the_operation_the_shapes_and_the_way_out():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"add of shapes \(2, 3\) and \(2, 4\): .*broadcast.*reshape or expand_dims"):
        a + b
    with pytest.raises(ValueError, match=r"matmul of shapes \(2, 3\) and \(2, 4\): .*transpose or reshape"):
        a @ b
    with pytest.raises(np.exceptions.AxisError, match=r"sum of shapes \(2, 3\): axis 2 is out of bounds"):
        a.sum(axis=2)
    with pytest.raises(IndexError, match=r"getitem of shapes \(2, 3\): index 5 is out of bounds"):
        a[5]


@pytest.mark.parametrize(
    "compare, message",
    [
        (lambda t: t == [1, 2], r"equal of shapes \(3,\): operands could not be broadcast"),
        (lambda t: t != np.ones(2), r"not_equal of shapes \(3,\) and \(2,\): operands could not be broadcast"),
        (lambda t: t >= np.ones(2), r"greater_equal of shapes \(3,\) and \(2,\): operands could not be broadcast"),
        (lambda t: t < "a", r"less of shapes \(3,\): ufunc 'less' did not contain a loop"),
        (lambda t: t > [[1.0], [1.0, 2.0]], r"greater of shapes \(3,\): setting an array element with a sequence"),
        (lambda t: t.sort(axis=3), r"sort of shapes \(3,\): axis 3 is out of bounds"),
    ],
)
def test_errors_of_comparisons_and_of_sort_name_them(compare, message):
    with pytest.raises((ValueError, TypeError), match=message):
        compare(Tensor(np.ones(3), requires_grad=False))
