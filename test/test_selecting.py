"""Elements picked and put by an index, beside PyTorch's functions."""

import numpy as np
import pytest

from tensorgrad import Tensor, functions, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402

SHAPES = [  # of x, and of an index that may be smaller but along the axis
    ((4, 3), 0, (6, 3)),
    ((4, 3), 0, (2, 2)),
    ((4, 3), -1, (4, 5)),
    ((2, 4, 3), 1, (2, 7, 1)),
    ((5,), 0, (8,)),
    ((4, 3), 1, (0, 3)),
]  # fmt: skip


def index_for(rng, shape, axis, of):
    return rng.integers(0, shape[axis], of)


@pytest.mark.parametrize("shape, axis, of", SHAPES)
def test_gather(rng, shape, axis, of):
    index = index_for(rng, shape, axis, of)
    assert_same(lambda x: functions.gather(x, axis, index), lambda x: x.gather(axis, torch.tensor(index)),
                rng.normal(size=shape))  # fmt: skip
    assert_same(lambda x: functions.gather(x, dim=axis, index=index.tolist() if index.size else index),
                lambda x: x.gather(axis, torch.tensor(index)), rng.normal(size=shape))  # fmt: skip


@pytest.mark.parametrize("shape, axis, of", SHAPES)
def test_scatter_add(rng, shape, axis, of):
    index, larger = index_for(rng, shape, axis, of), tuple(n + 1 for n in of)
    for size in (of, larger):  # PyTorch's backward pass takes no larger one
        assert_same(
            lambda x, src: functions.scatter_add(x, axis, index, src),
            lambda x, src: x.scatter_add(axis, torch.tensor(index), src[tuple(map(slice, of))]),
            rng.normal(size=shape), rng.normal(size=size),
        )  # fmt: skip


@pytest.mark.parametrize("shape, axis, of", SHAPES)
def test_scatter(rng, shape, axis, of):
    """With each place once; PyTorch leaves it open which of several counts."""
    of = tuple(min(n, m) for n, m in zip(of, shape, strict=True))
    index = np.argsort(rng.normal(size=shape), axis=axis)[tuple(map(slice, of))]
    assert_same(
        lambda x, src: functions.scatter(x, axis, index, src),
        lambda x, src: x.scatter(axis, torch.tensor(index), src),
        rng.normal(size=shape), rng.normal(size=of),
    )  # fmt: skip
    assert_same(
        lambda x: functions.scatter(x, axis, index, 0.5), lambda x: x.scatter(axis, torch.tensor(index), 0.5),
        rng.normal(size=shape),
    )  # fmt: skip


def test_of_several_in_one_place_the_last_counts_and_it_alone_has_a_gradient():
    x, src = Tensor(np.zeros(2)), Tensor([1.0, 2.0, 3.0])
    y = functions.scatter(x, 0, [1, 0, 1], src)
    y.sum().backward()
    assert y.data.tolist() == [2, 3] and src.grad.tolist() == [0, 1, 1] and x.grad.tolist() == [0, 0]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_index_select(rng, axis):
    x, index = rng.normal(size=(4, 3, 2)), np.array([1, 0, 1])
    assert_same(lambda x: functions.index_select(x, axis, index),
                lambda x: x.index_select(axis, torch.tensor(index)), x)  # fmt: skip
    assert functions.index_select(x, axis, 1).shape[axis] == 1


def test_masked_fill(rng):
    mask = rng.uniform(size=(4, 1)) < 0.5
    assert_same(
        lambda x, value: functions.masked_fill(x, mask, value),
        lambda x, value: x.masked_fill(torch.tensor(mask), value),
        rng.normal(size=(4, 3)), np.array(2.0),
    )  # fmt: skip
    assert functions.masked_fill(np.ones(2, np.float32), [True, False], -np.inf).dtype == np.float32


def test_the_index_may_be_used_again_before_backward(rng):
    for f in (
        lambda x, index: functions.gather(x, 0, index),
        lambda x, index: functions.scatter(x, 0, index, np.ones(2)),
        lambda x, index: functions.index_select(x, 0, index),
    ):
        x, index = Tensor(rng.normal(size=3)), np.array([2, 0])
        y = f(x, index)
        expected = Tensor(x.data)
        f(expected, index).sum().backward()
        index[:] = 1
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, expected.grad)


def test_the_caller_s_arrays_stay_as_they_are(rng):
    x, src = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    before = x.copy()
    for f in (functions.scatter, functions.scatter_add):
        y = f(x, 0, np.zeros((1, 2), int), src)
        assert type(y) is np.ndarray and not np.shares_memory(x, y)
        np.testing.assert_array_equal(x, before)


def test_vmap_over_arrays_and_indices(rng):
    x, index, src = rng.normal(size=(5, 4, 3)), rng.integers(0, 4, (5, 2, 3)), rng.normal(size=(5, 2, 3))
    got = vmap(lambda x, i: functions.gather(x, 0, i))(x, index)
    np.testing.assert_array_equal(got, [functions.gather(a, 0, i) for a, i in zip(x, index, strict=True)])
    for f in (functions.scatter, functions.scatter_add):
        got = vmap(lambda x, i, s, f=f: f(x, 0, i, s))(x, index, src)
        np.testing.assert_allclose(got, [f(a, 0, i, s) for a, i, s in zip(x, index, src, strict=True)], rtol=1e-15)


X = np.ones((4, 3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: functions.gather(X, 0, [[4, 0, 0]]), ValueError, r"from 0 to 3, for axis 0 .* not from 0 to 4"),
        (lambda: functions.gather(X, 0, [[-1, 0, 0]]), ValueError, "not from -1 to 0"),
        (lambda: functions.gather(X, 0, [0, 1]), ValueError, r"x has the shape \(4, 3\), index \(2,\)"),
        (lambda: functions.gather(X, 1, np.zeros((5, 1), int)), ValueError, "no length that is more than that of x"),
        (lambda: functions.gather(X, 0, [[0.0]]), TypeError, "index must be ints, not float64"),
        (
            lambda: functions.scatter_add(X, 0, [[0, 1]], [[1.0]]),
            ValueError,
            r"index has the shape \(1, 2\), src \(1, 1\)",
        ),
        (lambda: functions.scatter(X, 2, [[0]], [[1.0]]), ValueError, r"axis must be an int from -2 to 1"),
        (lambda: functions.scatter(X, 0, [[0]], [[1j]]), TypeError, "src is complex, but x is not"),
        (lambda: functions.index_select(X, 0, [[0]]), ValueError, "gather takes more"),
        (lambda: functions.masked_fill(X, [True], [1.0, 2.0]), ValueError, "value must be one number"),
        (lambda: functions.masked_fill(X, [True, False], 1.0), ValueError, r"\(2,\) doesn't broadcast .* \(4, 3\)"),
        (lambda: functions.masked_fill(X, [1, 0, 1], 1.0), TypeError, "mask must be bools, not int"),
    ],
)
def test_errors_say_what_is_wrong(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("axis", [0, -1, None])
@pytest.mark.parametrize("places", [0, [0, 0], [[0]]])
def test_take_of_a_single_number_takes_it_for_a_vector_of_one(axis, places):
    x = Tensor(1.5)
    y = np.take(x, places, axis=axis)
    np.testing.assert_array_equal(y.data, np.take(np.array(1.5), places, axis=axis), strict=True)
    np.sum(y).backward()
    assert x.grad.shape == () and x.grad == np.size(places)


def test_sort_of_a_single_number_has_no_axis():
    with pytest.raises(ValueError, match="axis -1 is out of bounds for array of dimension 0"):
        np.sort(Tensor(1.5))
