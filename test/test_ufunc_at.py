"""The method `at` of ufuncs on Tensors: for one index after the other, NumPy's numbers bit for bit, exact gradients."""

import itertools

import numpy as np
import pytest
from helpers import close, gradient

from tensorgrad import Tensor, check_grads
from tensorgrad.derivatives import METHODS

MASK = np.array([[True, False, True], [False, True, True], [False, False, False], [True, True, False]])


def numbers(rng, shape, dtype=float):
    a = rng.normal(size=shape)
    return (a + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else np.asarray(a)).astype(dtype)


def same(a, b):
    """Whether two arrays are equal bit for bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


at = METHODS["at"]
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.fmax, np.fmin, np.power, np.float_power,
    np.arctan2, np.hypot, np.logaddexp, np.logaddexp2, np.copysign, np.remainder, np.fmod, np.heaviside, np.nextafter,
    np.floor_divide, np.greater, np.equal, np.logical_and, np.logical_xor,
]  # fmt: skip
UNARY = [
    np.negative, np.positive, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt,
    np.square, np.reciprocal, np.absolute, np.fabs, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh,
    np.arcsinh, np.sign, np.conjugate, np.rint, np.floor, np.ceil, np.trunc, np.deg2rad, np.rad2deg, np.isnan,
    np.signbit, np.logical_not,
]  # fmt: skip

INDICES = {
    "an int": ((4, 3), 2),
    "a slice": ((4, 3), slice(0, 4, 2)),
    "bools": ((4, 3), MASK),
    "bools of rows": ((4, 3), MASK[:, 0]),
    "once each": ((4, 3), [3, 0, 1]),
    "repeated": ((4, 3), [0, 2, -4, 0, 3, 0]),
    "repeated in two axes": ((4, 3), ([0, 1, 0, -4], [1, 1, 1, -2])),
    "broadcast": ((4, 3), (np.array([[0], [1], [0]]), np.array([0, -1, 2]))),
    "of two dimensions": ((4, 3), np.array([[0, 1, 0], [2, 0, -4]])),
    "of Fortran's order": ((5,), np.asfortranarray(np.array([[0, 1, 0], [2, 0, -5]]))),
    "backwards": ((5,), np.array([0, 1, 0, 2, 0, 0])[::-1]),
    "with a slice in front": ((4, 3), (slice(1, 3), [0, 0, 2])),
    "with a slice behind": ((4, 3), ([0, 0, 2], slice(0, 2))),
    "with an int": ((4, 3), (1, [0, 0, 2])),
    "with an int of NumPy's": ((4, 3), (np.int8(1), np.array([0, 0, 2], np.uint8))),
    "with a slice between": ((4, 3, 2), ([0, 0, 2], slice(0, 2), [0, 0, 1])),
    "with None": ((4, 3), (None, [0, 0, 2])),
    "with an ellipsis": ((4, 3, 2), (..., [0, 0, 1])),
    "with bools": ((4, 3), (MASK[:, 0], [0, 0])),
    "bools in a list": ((4, 3), [True, False, True, True]),
    "of nothing": ((4, 3), []),
    "of nothing, two dimensions": ((4, 3), np.zeros((0, 2), int)),
    "of a number": ((), ()),
    "all": ((4, 3), ...),
}


def operand(rng, shape, dtype=float):
    """Numbers that all these functions take: positive ones, and ints as powers."""
    return rng.uniform(0.5, 2.0, shape).astype(dtype)


FLOAT32 = ["once each", "repeated", "broadcast", "with a slice between", "bools", "a slice"]


@pytest.mark.parametrize("where, dtype", [*((w, np.float64) for w in INDICES), *((w, np.float32) for w in FLOAT32)])
def test_at_gives_the_numbers_of_numpy(where, dtype, rng):
    shape, index = INDICES[where]
    start = operand(rng, shape, dtype)
    picked = start[index].shape
    calls = [(ufunc, operand(rng, picked)) for ufunc in BINARY]
    calls += [(ufunc,) for ufunc in UNARY] if where in ("once each", "repeated", "bools", "with an ellipsis") else []
    others = [operand(rng, picked, np.float32), np.ones(picked, int), 1.5, 2, True, np.float32(1.25)]
    if len(shape) > 1:  # of a vector at an index of two dimensions, NumPy's at reads beyond the end of a row b
        others.append(operand(rng, picked[-1:]))
    calls += itertools.product([np.add, np.multiply, np.power, np.minimum], others)
    for ufunc, *b in calls:
        expected, array, memory = start.copy(), start.copy(), start.copy()
        with np.errstate(all="ignore"):  # powers of powers, and exponentials of them
            ufunc.at(expected, index, *b)
            at(ufunc, array, index, *b)
            np.testing.assert_array_equal(array, expected, err_msg=f"{ufunc} {b}", strict=True)
            if ufunc in (np.add, np.power, np.minimum, np.exp):
                tensor = Tensor(memory, requires_grad=False)
                ufunc.at(tensor, index, *(Tensor(x, requires_grad=False) if np.size(x) > 1 else x for x in b))
                np.testing.assert_array_equal(tensor.data, expected, strict=True)


def test_at_of_complex_numbers_and_of_nan(rng):
    index = np.array([0, 1, 0, 2, 0, 1])
    for ufunc in (np.add, np.subtract, np.multiply, np.divide, np.square, np.maximum, np.minimum):
        for values in (numbers(rng, 6), numbers(rng, 6, complex), numbers(rng, 6, np.complex64)):
            rest = (values,) if ufunc.nin == 2 else ()
            start = numbers(rng, 4, complex)
            expected, array = start.copy(), start.copy()
            ufunc.at(expected, index, *rest)
            at(ufunc, array, index, *rest)
            assert same(array, expected)
    for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin, np.add):
        values = np.array([1.0, np.nan, np.nan, -np.inf, -0.0, 0.0])
        expected, array = np.array([np.nan, 0.0, -0.0, 1.0]), np.array([np.nan, 0.0, -0.0, 1.0])
        with np.errstate(invalid="ignore"):
            ufunc.at(expected, index, values)
            at(ufunc, array, index, values)
        np.testing.assert_array_equal(array, expected)


def test_at_of_many_random_indices(rng):
    for _ in range(200):
        shape = tuple(rng.integers(1, 5, rng.integers(1, 4)))
        depth, size = rng.integers(1, len(shape) + 1), tuple(rng.integers(0, 6, rng.integers(1, 3)))
        index = tuple(rng.integers(-n, n, size) for n in shape[:depth])
        index = tuple(slice(None) if rng.random() < 0.2 else i for i in index)
        a, ufunc = operand(rng, shape), [np.add, np.subtract, np.multiply, np.arctan2, np.maximum][rng.integers(5)]
        picked = a[index].shape
        b = operand(rng, picked[rng.integers(0, len(picked) + 1) if len(shape) > 1 else 0 :])
        expected, array, tensor = a.copy(), a.copy(), Tensor(a.copy(), requires_grad=False)
        ufunc.at(expected, index, b)
        at(ufunc, array, index, b)
        ufunc.at(tensor, index, Tensor(b))
        assert same(array, expected) and same(tensor.data, expected)


SMOOTH = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.power, np.arctan2, np.hypot,
    np.negative, np.sin, np.sqrt,
]  # fmt: skip
GRADIENTS = [
    *itertools.product(SMOOTH, ["backwards"]),
    *itertools.product([np.add, np.multiply], ["an int", "bools of rows", "with an int", "with a slice in front"]),
    (np.add, "with a slice between"),
    (np.maximum, "repeated in two axes"),
]


@pytest.mark.parametrize("ufunc, where", GRADIENTS)
def test_gradients_of_at_to_second_order(ufunc, where, rng):
    shape, index = INDICES[where]
    weights = rng.uniform(0.5, 1.5, shape)

    def f(x, *b):
        a = x * x
        ufunc.at(a, index, *b)
        return np.sum(a * a * weights)

    picked = np.zeros(shape)[index].shape
    b = [operand(rng, picked)] if ufunc.nin == 2 else []
    check_grads(f, operand(rng, shape) / 2, *b)


def test_at_is_a_loop_over_the_index(rng):
    """The same program with an assignment for each index, differentiated: not only the numbers agree."""
    index, weights = [0, 2, 0, 0, 1, 2], rng.uniform(0.5, 1.5, 4)
    x, b = operand(rng, 4), operand(rng, 6)
    for ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power, np.arctan2, np.maximum, np.fmin):

        def with_at(x, b, ufunc=ufunc):
            a = +x
            ufunc.at(a, index, b)
            return np.sum(a * a * weights)

        def in_a_loop(x, b, ufunc=ufunc):
            a = +x
            for k, i in enumerate(index):
                a[i] = ufunc(a[i], b[k])
            return np.sum(a * a * weights)

        for ours, loops in zip(gradient(with_at, x, b), gradient(in_a_loop, x, b), strict=True):
            close(ours, loops, rtol=1e-13)


def test_equal_extremes_of_one_place_share_the_gradient():
    """As of np.max over them, and as PyTorch's scatter_reduce has it: also where several b's are equal."""
    torch = pytest.importorskip("torch")
    index, b, x = [0, 0, 1, 0, 1, 2], [3.0, 3.0, 1.0, 2.0, 4.0, -1.0], [3.0, 2.0, 5.0, 7.0]
    for ufunc, reduce in ((np.maximum, "amax"), (np.minimum, "amin")):
        leaf, values = Tensor(x), Tensor(b)
        a = +leaf
        ufunc.at(a, index, values)
        np.sum(a * [1.0, 2.0, 3.0, 4.0]).backward()
        theirs, their_values = torch.tensor(x, requires_grad=True), torch.tensor(b, requires_grad=True)
        y = theirs.scatter_reduce(0, torch.tensor(index), their_values, reduce)
        (y * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
        close(a.data, y.detach().numpy())
        close(leaf.grad, theirs.grad.numpy(), rtol=1e-6)
        close(values.grad, their_values.grad.numpy(), rtol=1e-6)


WRONG_AT = {
    "no array": (np.add, lambda f, a: f([1.0], [0], 1.0)),
    "no b": (np.add, lambda f, a: f(a, [0])),
    "b of a unary": (np.negative, lambda f, a: f(a, [0], 1.0)),
    "two outputs": (np.modf, lambda f, a: f(a, [0])),
    "two inputs and outputs": (np.divmod, lambda f, a: f(a, [0], 1.0)),
    "no elementwise function": (np.matmul, lambda f, a: f(a, [0], 1.0)),
    "shapes": (np.add, lambda f, a: f(a, [0, 1], np.ones(3))),
    "more axes": (np.add, lambda f, a: f(a, [0, 1], np.ones((1, 2)))),
    "axes of one element": (np.add, lambda f, a: f(a, 0, [1.0])),
    "no b's for a place": (np.add, lambda f, a: f(a, [0], [])),
    "b's for no place": (np.add, lambda f, a: f(a, [], [1.0, 2.0])),
    "out of bounds": (np.add, lambda f, a: f(a, [0, 7], 1.0)),
    "out of bounds, negative": (np.multiply, lambda f, a: f(a, [0, -5], 1.0)),
    "floats": (np.add, lambda f, a: f(a, [0.0], 1.0)),
    "too few bools": (np.add, lambda f, a: f(a, [True, False, True], 1.0)),
    "too many axes": (np.add, lambda f, a: f(a, ([0], [0]), 1.0)),
    "a word": (np.add, lambda f, a: f(a, [0], "word")),
    "None": (np.add, lambda f, a: f(a, [0], None)),
    "keywords": (np.add, lambda f, a: f(a, [0], 1.0, dtype=float)),
}


@pytest.mark.parametrize("name", WRONG_AT)
def test_wrong_calls_of_at_raise_the_errors_of_numpy(name):
    ufunc, call = WRONG_AT[name]
    with pytest.raises(Exception) as theirs:
        call(ufunc.at, np.zeros(4))
    array, tensor = np.zeros(4), Tensor(np.zeros(4), requires_grad=False)
    for target, method in ((array, lambda *args, **kwargs: at(ufunc, *args, **kwargs)), (tensor, ufunc.at)):
        with pytest.raises(Exception) as error:
            call(method, target)
        assert issubclass(theirs.type, error.type) or issubclass(error.type, theirs.type)
    assert not array.any() and not tensor.data.any()


def test_complex_results_are_not_cut_to_real_ones():
    """NumPy warns, and drops the imaginary part."""
    for index in ([0], [0, 0]):
        for ufunc in (np.add, np.multiply, np.maximum):
            with pytest.raises(TypeError, match=rf"{ufunc.__name__}\.at: complex128 isn't cast to float64"):
                at(ufunc, np.zeros(3), index, 1j)
    with pytest.raises(TypeError, match=r"add\.at: would overwrite an array"):
        np.add.at(np.zeros(3), [0], Tensor(1.0))
    with pytest.raises(TypeError, match="leaf"):
        np.add.at(Tensor(np.zeros(3)), [0], 1.0)
