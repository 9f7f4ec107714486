"""NumPy's functions that write into an array they are given, on Tensors: its numbers, its errors, exact gradients."""

import numpy as np
import pytest
from helpers import close

from tensorgrad import Tensor, check_grads, no_grad
from tensorgrad.derivatives import COMPOSED, inplace
from tensorgrad.derivatives.flat import Flat
from tensorgrad.derivatives.out import masked

DTYPES = [np.float32, np.float64, np.complex128]

# How an array may lie in memory: each gives one of the same elements.
LAYOUTS = {
    "C": lambda a: a.copy(),
    "F": lambda a: np.asfortranarray(a),
    "strided": lambda a: np.repeat(a[..., None], 3, -1)[..., 1],
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "permuted": lambda a: np.ascontiguousarray(np.swapaxes(a, 0, -1)).swapaxes(0, -1),
}


def numbers(rng, shape, dtype=float):
    a = rng.normal(size=shape)
    return (a + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else np.asarray(a)).astype(dtype)


def same(a, b):
    """Whether two arrays are equal bit for bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def data(x):
    return x.data if isinstance(x, Tensor) else x


MASK = np.array([[True, False, True], [False, True, True], [False, False, False], [True, True, False]])
SOME = MASK.astype(int)
SQUARE, TALL, WIDE = (3, 3), (5, 2), (2, 4)

# Each: the function, the target's shape, the shape of the values, and how it is called.
CASES = {
    "put": (np.put, (4, 3), (4,), lambda f, a, v: f(a, [0, 5, -1, 7], v)),
    "put, repeated": (np.put, (4, 3), (5,), lambda f, a, v: f(a, [1, 1, -11, 4, 1], v)),
    "put, fewer values": (np.put, (4, 3), (2,), lambda f, a, v: f(a, [1, 2, 3, 5, 8], v)),
    "put, more values": (np.put, (4, 3), (2, 4), lambda f, a, v: f(a, [[1, 2], [3, 5]], v)),
    "put, one value": (np.put, (4, 3), (), lambda f, a, v: f(a, np.array([1, 2]), v)),
    "put, wrap": (np.put, (4, 3), (4,), lambda f, a, v: f(a, [12, -13, 3, 25], v, mode="wrap")),
    "put, clip": (np.put, (4, 3), (4,), lambda f, a, v: f(a, [12, -13, 3, 25], v, "clip")),
    "put, one index": (np.put, (4, 3), (1,), lambda f, a, v: f(a, 7, v)),
    "put, bools are 0 and 1": (np.put, (4, 3), (2,), lambda f, a, v: f(a, [True, False], v)),
    "put, nothing": (np.put, (4, 3), (2,), lambda f, a, v: f(a, [], v)),
    "put, no values": (np.put, (4, 3), (0,), lambda f, a, v: f(a, [1, 99], v)),
    "put, a vector": (np.put, (4,), (2,), lambda f, a, v: f(a, [-1, 0], v)),
    "put, three axes": (np.put, (2, 3, 2), (3,), lambda f, a, v: f(a, [11, 3, -7], v)),
    "put_along_axis": (np.put_along_axis, (4, 3), (1, 3), lambda f, a, v: f(a, np.array([[0, -1, 2]]), v, 0)),
    "put_along_axis 1": (np.put_along_axis, (4, 3), (), lambda f, a, v: f(a, SOME[:, :2], v, axis=1)),
    "put_along_axis -1": (np.put_along_axis, (4, 3), (4, 1), lambda f, a, v: f(a, 2 - SOME, v, -1)),
    "put_along_axis, three axes": (
        np.put_along_axis, (2, 3, 2), (2, 1, 2), lambda f, a, v: f(a, np.array([[[0, 2]], [[1, 1]]]), v, 1)
    ),
    "place": (np.place, (4, 3), (6,), lambda f, a, v: f(a, MASK, v)),
    "place, fewer values": (np.place, (4, 3), (4,), lambda f, a, v: f(a, MASK, v)),
    "place, more values": (np.place, (4, 3), (3, 3), lambda f, a, v: f(a, MASK.tolist(), v)),
    "place, one value": (np.place, (4, 3), (), lambda f, a, v: f(a, MASK, v)),
    "place, another shape": (np.place, (4, 3), (2,), lambda f, a, v: f(a, MASK.reshape(-1), v)),
    "place, numbers as a mask": (np.place, (4, 3), (2,), lambda f, a, v: f(a, SOME * 0.5, v)),
    "place, nowhere": (np.place, (4, 3), (0,), lambda f, a, v: f(a, MASK & False, v)),
    "putmask": (np.putmask, (4, 3), (4, 3), lambda f, a, v: f(a, MASK, v)),
    "putmask, fewer values": (np.putmask, (4, 3), (5,), lambda f, a, v: f(a, MASK, v)),
    "putmask, more values": (np.putmask, (4, 3), (20,), lambda f, a, v: f(a, SOME.reshape(3, 4), v)),
    "putmask, one value": (np.putmask, (4, 3), (), lambda f, a, v: f(a, mask=MASK, values=v)),
    "putmask, no values": (np.putmask, (4, 3), (0,), lambda f, a, v: f(a, MASK, v)),
    "fill_diagonal": (np.fill_diagonal, SQUARE, (), lambda f, a, v: f(a, v)),
    "fill_diagonal, values": (np.fill_diagonal, SQUARE, (3,), lambda f, a, v: f(a, v)),
    "fill_diagonal, fewer values": (np.fill_diagonal, SQUARE, (2,), lambda f, a, v: f(a, v)),
    "fill_diagonal, more values": (np.fill_diagonal, SQUARE, (2, 3), lambda f, a, v: f(a, v)),
    "fill_diagonal, no values": (np.fill_diagonal, SQUARE, (0,), lambda f, a, v: f(a, v)),
    "fill_diagonal, tall": (np.fill_diagonal, TALL, (2,), lambda f, a, v: f(a, v)),
    "fill_diagonal, wrap": (np.fill_diagonal, TALL, (3,), lambda f, a, v: f(a, v, wrap=True)),
    "fill_diagonal, wide": (np.fill_diagonal, WIDE, (3,), lambda f, a, v: f(a, v, True)),
    "fill_diagonal, three axes": (np.fill_diagonal, (3, 3, 3), (2,), lambda f, a, v: f(a, v)),
    "copyto": (np.copyto, (4, 3), (4, 3), lambda f, a, v: f(a, v)),
    "copyto, a row": (np.copyto, (4, 3), (3,), lambda f, a, v: f(a, v)),
    "copyto, axes in front": (np.copyto, (4, 3), (1, 1, 4, 1), lambda f, a, v: f(a, v)),
    "copyto, one value": (np.copyto, (4, 3), (), lambda f, a, v: f(a, v, casting="unsafe")),
    "copyto, where": (np.copyto, (4, 3), (4, 3), lambda f, a, v: f(a, v, where=MASK)),
    "copyto, where of a row": (np.copyto, (4, 3), (1, 4, 1), lambda f, a, v: f(a, v, "same_kind", MASK[0])),
    "copyto, where of numbers": (np.copyto, (4, 3), (), lambda f, a, v: f(a, v, where=SOME.tolist())),
    "copyto, nowhere": (np.copyto, (4, 3), (3,), lambda f, a, v: f(a, v, where=False)),
    "fill": (np.ndarray.fill, (4, 3), (), lambda f, a, v: f(a, v)),
    "sort": (np.ndarray.sort, (4, 3), (), lambda f, a, v: f(a)),
    "sort 0": (np.ndarray.sort, (4, 3), (), lambda f, a, v: f(a, 0)),
    "sort, stable": (np.ndarray.sort, (4, 3), (), lambda f, a, v: f(a, axis=-2, kind="stable")),
    "partition": (np.ndarray.partition, (5, 4), (), lambda f, a, v: f(a, [0, 1, 2, 3])),
    "partition 0": (np.ndarray.partition, (2, 4), (), lambda f, a, v: f(a, 1, axis=0)),
}  # fmt: skip

METHODS_OF_ARRAYS = {
    np.ndarray.fill: inplace.fill,
    np.ndarray.sort: inplace.sort,
    np.ndarray.partition: inplace.partition,
}
NO_ZERO_D_VALUE = {"fill", "sort", "sort 0", "sort, stable", "partition", "partition 0"}


def ours(func):
    return METHODS_OF_ARRAYS.get(func) or COMPOSED[func]


def on_tensors(func):
    """The function as one calls it for Tensors: NumPy's own, which asks them."""
    return METHODS_OF_ARRAYS.get(func, func)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_numpy_in_whatever_order_they_lie(name, dtype, rng):
    func, shape, values, call = CASES[name]
    start, v = numbers(rng, shape, dtype), numbers(rng, values, dtype)
    for layout in LAYOUTS.values():
        expected, array, memory = layout(start), layout(start), layout(start)
        assert call(func, expected, v) is None
        assert call(ours(func), array, v) is None
        assert same(array, expected)
        tensor = Tensor(memory, requires_grad=False)
        assert call(on_tensors(func), tensor, Tensor(v)) is None
        assert same(tensor.data, expected) and tensor.data is memory


NOT_EMPTY = [name for name, case in CASES.items() if 0 not in case[2]]
SECOND_ORDER = {
    "put, repeated", "put_along_axis", "place, fewer values", "putmask, fewer values", "fill_diagonal, wrap",
    "copyto, where of a row", "fill", "sort", "partition",
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_EMPTY)
def test_gradients_of_target_and_values(name, rng):
    func, shape, values, call = CASES[name]
    weights = rng.uniform(0.5, 1.5, shape)

    def f(x, v):
        a = x * x
        call(on_tensors(func), a, np.sin(v))
        return np.sum(a * a * weights)

    start = rng.permutation(np.prod(shape)).reshape(shape) / 10 + 0.2
    check_grads(f, start, rng.normal(size=values), order=2 if name in SECOND_ORDER else 1)


@pytest.mark.parametrize("name", CASES)
def test_through_a_view_they_write_into_its_base(name, rng):
    func, shape, values, call = CASES[name]
    start, v = numbers(rng, (2, *shape[::-1])), numbers(rng, values)
    expected, tensor = start.copy(), Tensor(start.copy(), requires_grad=False)
    before = tensor.T
    call(func, expected[1].T, v)
    call(on_tensors(func), tensor[1].T, v)
    assert same(tensor.data, expected) and same(before.data, expected.T)


@pytest.mark.parametrize("name", ["put", "putmask", "copyto", "fill_diagonal, values", "copyto, where"])
def test_values_that_are_a_part_of_the_target_are_read_first(name, rng):
    func, shape, _, call = CASES[name]
    start = numbers(rng, shape)
    expected, tensor = start.copy(), Tensor(start.copy(), requires_grad=False)
    call(func, expected, expected[::-1])
    call(on_tensors(func), tensor, tensor[::-1])
    assert same(tensor.data, expected)


def test_put_along_no_axis_counts_the_places_in_c_order(rng):
    for layout in LAYOUTS.values():
        a = layout(numbers(rng, (4, 3)))
        expected, indices, v = a.copy(), np.array([0, 5, -1, 5]), numbers(rng, 4)
        flat = expected.reshape(-1).copy()
        flat[indices] = v
        t = Tensor(a, requires_grad=False)
        np.put_along_axis(t, indices, Tensor(v), None)
        np.testing.assert_array_equal(t.data, flat.reshape(4, 3))


def test_nan_to_num_in_place(rng):
    data = np.array([1.0, np.nan, np.inf, -np.inf])
    expected, tensor = data.copy(), Tensor(data.copy(), requires_grad=False)
    np.nan_to_num(expected, copy=False, posinf=7.0)
    assert np.nan_to_num(tensor, copy=False, posinf=7.0) is tensor
    np.testing.assert_array_equal(tensor.data, expected)
    leaf = Tensor(data)
    a = leaf * 2.0
    np.nan_to_num(a, copy=False)
    a.sum().backward()
    np.testing.assert_array_equal(leaf.grad, [2, 0, 0, 0])
    with pytest.raises(TypeError, match="leaf"):
        np.nan_to_num(leaf, copy=False)


# ndarray.flat ---------------------------------------------------------------------------------------------------------

FLAT_INDICES = [
    0, -1, np.int64(2), slice(None, None, 2), slice(4, 0, -1), slice(0, 0), [0, 1], [1, 1, 4],
    np.array([[0, 1], [5, 3]]), ..., (3,), np.array([True, False, True, False, False, True]), slice(None, None, 4),
]  # fmt: skip


@pytest.mark.parametrize("index", FLAT_INDICES, ids=str)
def test_flat_counts_the_elements_in_c_order(index, rng):
    for layout in LAYOUTS.values():
        start = layout(numbers(rng, (2, 3)))
        picked = start.flat[index]
        np.testing.assert_array_equal(Flat(Tensor(start))[index].data, picked)
        for v in (5.0, [1.0, 2.0], np.arange(9.0), [], numbers(rng, np.shape(picked))):
            if np.ndim(picked) == 0 and np.size(v) != 1:
                continue
            expected, tensor = layout(start), Tensor(layout(start), requires_grad=False)
            expected.flat[index] = v
            Flat(tensor)[index] = Tensor(v)
            assert same(tensor.data, expected)


def test_flat_is_a_sequence_and_has_gradients(rng):
    x = numbers(rng, (2, 3))
    flat = Flat(Tensor(x.T))
    assert len(flat) == 6
    np.testing.assert_array_equal([float(e) for e in flat], list(x.T.flat))
    with no_grad():
        np.testing.assert_array_equal(np.asarray(flat), x.T.reshape(-1))
    with pytest.raises(TypeError, match="can't become part of an array"):
        np.asarray(flat)
    for index, error in ((6, IndexError), (None, IndexError), ((0, 1), IndexError), ([0, 6], IndexError)):
        with pytest.raises(error):
            flat[index]
    with pytest.raises(ValueError, match="one element"):
        Flat(Tensor(x, requires_grad=False))[0] = [1.0, 2.0]

    def f(x, v):
        a = np.sin(x)
        Flat(a.T)[::2] = v
        Flat(a)[1] *= 3.0
        return a * Flat(a)[-1]

    check_grads(f, x, numbers(rng, 2))


# Wrong calls ---------------------------------------------------------------------------------------------------------


def f32(shape):
    return np.ones(shape, np.float32)


WRONG = {
    "put out of bounds": (np.put, (4,), lambda f, a: f(a, [0, 4], 1.0)),
    "put out of bounds, negative": (np.put, (4,), lambda f, a: f(a, [0, -5], 1.0)),
    "put into nothing": (np.put, (0,), lambda f, a: f(a, [0], 1.0)),
    "put into nothing, clipped": (np.put, (0,), lambda f, a: f(a, [0], 1.0, mode="clip")),
    "put in a mode": (np.put, (4,), lambda f, a: f(a, [0], 1.0, mode="foo")),
    "put at floats": (np.put, (4,), lambda f, a: f(a, np.array([0.5]), 1.0)),
    "put at large ints": (np.put, (4,), lambda f, a: f(a, np.array([1], np.uint64), 1.0)),
    "put at None": (np.put, (4,), lambda f, a: f(a, None, 1.0)),
    "put into a list": (np.put, (4,), lambda f, a: f([1.0], [0], 1.0)),
    "put_along_axis of floats": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[0.0]]), 1.0, 0)),
    "put_along_axis of bools": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[True]]), 1.0, 0)),
    "put_along_axis, axes": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([0]), 1.0, 0)),
    "put_along_axis, no axis": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[0]]), 1.0, None)),
    "put_along_axis, axis 2": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[0]]), 1.0, 2)),
    "put_along_axis, values": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[0]]), np.ones(3), 0)),
    "put_along_axis, indices": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.zeros((1, 3), int), 1.0, 0)),
    "put_along_axis, out of bounds": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([[2]]), 1.0, 0)),
    "put_along_axis, far": (np.put_along_axis, (2, 2), lambda f, a: f(a, np.array([4]), 1.0, None)),
    "place, sizes": (np.place, (4,), lambda f, a: f(a, [True], 1.0)),
    "place, no values": (np.place, (4,), lambda f, a: f(a, [True] * 4, [])),
    "place, complex": (np.place, (4,), lambda f, a: f(a, [True] * 4, np.array([1j]))),
    "place, a complex list": (np.place, (4,), lambda f, a: f(a, [True] * 4, [1j])),
    "place into a list": (np.place, (4,), lambda f, a: f([1.0], [True], 1.0)),
    "putmask, sizes": (np.putmask, (4,), lambda f, a: f(a, [True], 1.0)),
    "putmask, complex": (np.putmask, (4,), lambda f, a: f(a, [True] * 4, np.array([1j]))),
    "fill_diagonal of a vector": (np.fill_diagonal, (4,), lambda f, a: f(a, 1.0)),
    "fill_diagonal of a cuboid": (np.fill_diagonal, (2, 2, 3), lambda f, a: f(a, 1.0)),
    "fill_diagonal, complex": (np.fill_diagonal, (2, 2), lambda f, a: f(a, 1j)),
    "copyto, complex": (np.copyto, (4,), lambda f, a: f(a, 1j)),
    "copyto, a complex array": (np.copyto, (4,), lambda f, a: f(a, np.array([1j]))),
    "copyto, a rule": (np.copyto, (4,), lambda f, a: f(a, np.ones(4), casting="foo")),
    "copyto, shapes": (np.copyto, (4,), lambda f, a: f(a, np.ones(3))),
    "copyto, more axes": (np.copyto, (4,), lambda f, a: f(a, np.ones((2, 4)))),
    "copyto, shape of where": (np.copyto, (4,), lambda f, a: f(a, 1.0, where=[True, False])),
    "copyto, axes of where": (np.copyto, (4,), lambda f, a: f(a, 1.0, where=np.ones((1, 4), bool))),
    "copyto, dtype of where": (np.copyto, (4,), lambda f, a: f(a, 1.0, where=np.ones(4, int))),
    "fill with a list": (np.ndarray.fill, (4,), lambda f, a: f(a, [1.0])),
    "fill with an array": (np.ndarray.fill, (4,), lambda f, a: f(a, np.ones(1))),
    "sort along none": (np.ndarray.sort, (4,), lambda f, a: f(a, axis=None)),
    "sort along 3": (np.ndarray.sort, (4,), lambda f, a: f(a, 3)),
    "sort a number": (np.ndarray.sort, (), lambda f, a: f(a)),
    "sort by a field": (np.ndarray.sort, (4,), lambda f, a: f(a, order="x")),
    "sort of a kind": (np.ndarray.sort, (4,), lambda f, a: f(a, kind="x")),
    "partition along none": (np.ndarray.partition, (4,), lambda f, a: f(a, 1, axis=None)),
    "partition, kth": (np.ndarray.partition, (4,), lambda f, a: f(a, 7)),
    "partition at a float": (np.ndarray.partition, (4,), lambda f, a: f(a, 1.0)),
    "partition of a kind": (np.ndarray.partition, (4,), lambda f, a: f(a, 1, kind="x")),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_raise_the_errors_of_numpy_and_change_nothing(name):
    func, shape, call = WRONG[name]
    for wrap in (lambda a: a, lambda a: Tensor(a, requires_grad=False)):
        with pytest.raises(Exception) as theirs:
            call(func, np.zeros(shape))
        target = wrap(np.zeros(shape))
        with pytest.raises(Exception) as error:
            call(ours(func), target)
        assert issubclass(theirs.type, error.type) or issubclass(error.type, theirs.type)
        np.testing.assert_array_equal(data(target), np.zeros(shape))


CASTS = {
    "copyto safe": (np.copyto, lambda f, a, v: f(a, v, casting="safe")),
    "copyto equiv": (np.copyto, lambda f, a, v: f(a, v, "equiv")),
    "copyto no": (np.copyto, lambda f, a, v: f(a, v, "no")),
    "copyto unsafe": (np.copyto, lambda f, a, v: f(a, v, casting="unsafe")),
    "copyto": (np.copyto, lambda f, a, v: f(a, v)),
    "copyto where": (np.copyto, lambda f, a, v: f(a, v, where=[True, False])),
    "put": (np.put, lambda f, a, v: f(a, [1], v)),
    "place": (np.place, lambda f, a, v: f(a, [True, False], v)),
    "putmask": (np.putmask, lambda f, a, v: f(a, [True, False], v)),
}
CAST_VALUES = [
    0.1, 1, True, [0.1, 0.2], np.float64(0.1), np.float32(0.1), np.int64(3), np.array([0.1, 0.2]), np.array(0.1),
    np.array([0.1, 0.2], np.float32), np.array([1, 2]), np.array([1, 2], np.int8), np.array([True, False]),
]  # fmt: skip
try:  # older versions of NumPy look at the value of a number of NumPy's here
    np.copyto(np.zeros(1, np.float32), np.float64(0.5), casting="safe")
    CAST_VALUES = [v for v in CAST_VALUES if np.ndim(v) or not hasattr(v, "dtype")]
except TypeError:
    pass


@pytest.mark.parametrize("name", CASTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_are_cast_by_the_rules_of_numpy(name, dtype):
    func, call = CASTS[name]
    for v in CAST_VALUES:
        expected, error = np.zeros(2, dtype), None
        try:
            call(func, expected, v)
        except TypeError as caught:
            error = caught
        wrapped = Tensor(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for target, value in ((np.zeros(2, dtype), v), (Tensor(np.zeros(2, dtype), requires_grad=False), wrapped)):
            if error is None:
                call(ours(func), target, value)
                assert same(data(target), expected)
            else:
                with pytest.raises(TypeError, match="cast"):
                    call(ours(func), target, value)


@pytest.mark.parametrize("name", CASES)
def test_a_tensor_is_not_written_into_a_plain_array(name):
    func, shape, values, call = CASES[name]
    if name not in NO_ZERO_D_VALUE - {"fill"}:
        with pytest.raises(TypeError, match=r"would overwrite an array .* tensor\.data"):
            call(ours(func), np.zeros(shape), Tensor(np.zeros(values)))


def test_indices_and_masks_are_no_tensors():
    a, t = Tensor(np.zeros((2, 2)), requires_grad=False), Tensor([[0.0, 1.0], [1.0, 0.0]])
    for call in (
        lambda: np.put(a, t[0], 1.0),
        lambda: np.put_along_axis(a, t, 1.0, 0),
        lambda: np.place(a, t, 1.0),
        lambda: np.putmask(a, t, 1.0),
        lambda: np.copyto(a, 1.0, where=t),
        lambda: np.add.at(a, t[0], 1.0),
        lambda: np.add.at(a, (0, t[0]), 1.0),
        lambda: masked(np.exp, (a,), t, (a,)),
    ):
        with pytest.raises(TypeError, match="can't be a Tensor"):
            call()


def test_a_leaf_that_requires_a_gradient_is_not_written_into():
    for name, (func, shape, values, call) in CASES.items():
        if np.prod(values, dtype=int) and "nothing" not in name:
            leaf = Tensor(np.ones(shape))
            with pytest.raises(TypeError, match="leaf"):
                call(on_tensors(func), leaf, np.zeros(values))
            np.testing.assert_array_equal(leaf.data, np.ones(shape))


def test_an_array_of_one_number_is_written_into_and_a_scalar_is_not():
    """What NumPy computes of arrays of no dimensions are scalars, which can't be changed."""
    for call in (
        lambda a: np.put(a, [0, -1], [4.0, 5.0]),
        lambda a: np.put(a, 0, 5.0),
        lambda a: np.place(a, True, 5.0),
        lambda a: np.putmask(a, True, 5.0),
        lambda a: np.copyto(a, 5.0),
        lambda a: inplace.fill(a, 5.0),
        lambda a: Flat(a).__setitem__(0, 5.0),
        lambda a: Flat(a).__setitem__(slice(None), 5.0),
        lambda a: np.nan_to_num(a, copy=False, nan=5.0),
    ):
        array, scalar = Tensor(np.array(np.nan), requires_grad=False), Tensor(np.nan) * 1.0
        call(array)
        assert array.data == 5
        with pytest.raises(TypeError, match="scalar"):
            call(scalar)


def test_inside_no_grad_they_write_without_recording():
    leaf = Tensor(np.ones((3, 3)))
    with no_grad():
        np.fill_diagonal(leaf, 5.0)
        np.add.at(leaf, ([0, 0], [1, 1]), 1.0)
    np.testing.assert_array_equal(leaf.data, [[5, 3, 1], [1, 5, 1], [1, 1, 5]])
    assert leaf.requires_grad and not leaf.parents


# Compared with PyTorch -----------------------------------------------------------------------------------------------


def torch_cases(torch):
    """By name: a function of a target and values, here and there. Both write in place into what was computed."""
    index, rows, mask = torch.tensor([0, 7, 2, 11]), torch.tensor([[0, 2, 1]]), torch.tensor(MASK)

    def add_at(a, v):
        np.add.at(a, ([0, 2, 0, 3], [1, 1, 1, 2]), v)

    return {
        "put": (lambda a, v: np.put(a, [0, 7, 2, 11], v), (4,), lambda a, v: a.put_(index, v)),
        "add.at": (
            add_at, (4,),
            lambda a, v: a.index_put_((torch.tensor([0, 2, 0, 3]), torch.tensor([1, 1, 1, 2])), v, accumulate=True),
        ),
        "add.at of rows": (
            lambda a, v: np.add.at(a, [0, 2, 0], v), (3, 3), lambda a, v: a.index_add_(0, torch.tensor([0, 2, 0]), v)
        ),
        "multiply.at": (
            lambda a, v: np.multiply.at(a, ([0, 2, 0], [0, 1, 0]), v[0]), (1, 3),
            lambda a, v: a.copy_(
                a.clone().reshape(-1).scatter_reduce(0, torch.tensor([0, 7, 0]), v[0], "prod").reshape(4, 3)
            ),
        ),
        "put_along_axis": (
            lambda a, v: np.put_along_axis(a, rows.numpy(), v, 0), (1, 3), lambda a, v: a.scatter_(0, rows, v)
        ),
        "place": (lambda a, v: np.place(a, MASK, v), (6,), lambda a, v: a.masked_scatter_(mask, v)),
        "copyto where": (lambda a, v: np.copyto(a, v, where=MASK), (), lambda a, v: a.masked_fill_(mask, v)),
        "copyto": (np.copyto, (3,), lambda a, v: a.copy_(v)),
        "fill_diagonal": (np.fill_diagonal, (), lambda a, v: a.diagonal().copy_(v.expand(3))),
        "fill": (inplace.fill, (), lambda a, v: a.fill_(v)),
        "sort": (lambda a, v: inplace.sort(a, 0), (), lambda a, v: a.copy_(a.sort(0)[0])),
    }  # fmt: skip


TORCH_NAMES = [
    "put", "add.at", "add.at of rows", "multiply.at", "put_along_axis", "place", "copyto where", "copyto",
    "fill_diagonal", "fill", "sort",
]  # fmt: skip


@pytest.mark.parametrize("name", TORCH_NAMES)
def test_gradients_are_those_of_pytorch(name, rng):
    torch = pytest.importorskip("torch")
    here, values, there = torch_cases(torch)[name]
    x, v, weights = numbers(rng, (4, 3)), numbers(rng, values), numbers(rng, (4, 3))
    leaf, value = Tensor(x), Tensor(v)
    a = np.sin(leaf)
    here(a, value)
    loss = np.sum(np.exp(a) * weights)
    loss.backward()
    their_leaf, their_value = torch.tensor(x, requires_grad=True), torch.tensor(v, requires_grad=True)
    b = torch.sin(their_leaf)
    there(b, their_value)
    their_loss = (torch.exp(b) * torch.tensor(weights)).sum()
    their_loss.backward()
    close(loss.data, their_loss.item())
    close(leaf.grad, their_leaf.grad.numpy())
    if name != "sort":
        close(value.grad, their_value.grad.numpy())
