"""out=: what is computed is written into a Tensor, with NumPy's numbers, NumPy's errors, and exact gradients."""

import numpy as np
import pytest
from helpers import close

from tensorgrad import Tensor, check_grads, no_grad

pytestmark = pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # from NumPy 2.5 on

MATRIX, MASK = (4, 3), np.array([[True, False, True], [False, True, True], [False, False, False], [True, True, False]])
SQUARE = (3, 3)
AXIS_1 = {"axis": 1}

# Each: the shapes of the inputs, that of out, and the call with it. Inputs are between 0.5 and 2.
UFUNCS = {
    "exp": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out)),
    "sin, by place": ([MATRIX], MATRIX, lambda out, x: np.sin(x, out)),
    "sin, in a tuple": ([MATRIX], MATRIX, lambda out, x: np.sin(x, out=(out,))),
    "add": ([MATRIX, (3,)], MATRIX, lambda out, x, y: np.add(x, y, out=out)),
    "multiply, by place": ([(4, 1), (3,)], MATRIX, lambda out, x, y: np.multiply(x, y, out)),
    "power of a number": ([MATRIX], MATRIX, lambda out, x: np.power(x, 2, out=out)),
    "divide": ([MATRIX, ()], MATRIX, lambda out, x, y: np.divide(y, x, out=out)),
    "into a larger one": ([(3,)], MATRIX, lambda out, x: np.exp(x, out=out)),
    "into further axes": ([MATRIX, (3,)], (2, 4, 3), lambda out, x, y: np.subtract(x, y, out=out)),
    "matmul": ([(2, 4, 3), (3, 2)], (2, 4, 2), lambda out, x, y: np.matmul(x, y, out=out)),
    "matmul into further axes": ([SQUARE, SQUARE], (2, 3, 3), lambda out, x, y: np.matmul(x, y, out=out)),
    "casting": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out, casting="unsafe")),
    "dtype": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out, dtype=np.float64)),
    "floor": ([MATRIX], MATRIX, lambda out, x: np.floor(x, out=out)),
    "greater": ([MATRIX], MATRIX, lambda out, x: np.greater(x, 1.0, out=out)),
    "sign": ([MATRIX], MATRIX, lambda out, x: np.sign(x, out=out)),
    "where": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out, where=MASK)),
    "where of a row": ([MATRIX, (3,)], MATRIX, lambda out, x, y: np.multiply(x, y, out=out, where=MASK[0])),
    "where is larger": ([(3,)], MATRIX, lambda out, x: np.exp(x, out=out, where=MASK)),
    "out is larger than where": ([(3,)], (2, 4, 3), lambda out, x: np.exp(x, out=out, where=MASK)),
    "where, numbers": ([MATRIX], MATRIX, lambda out, x: np.power(x, 2, out=out, where=MASK.tolist())),
    "where, one bool": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out, where=False)),
    "where, number and array": ([(), (3,)], (3,), lambda out, x, y: np.add(x, y, out=out, where=MASK[0])),
    "where, casting": ([MATRIX], MATRIX, lambda out, x: np.exp(x, out=out, where=MASK, casting="unsafe")),
    "where of a constant": ([MATRIX], MATRIX, lambda out, x: np.ceil(x, out=out, where=MASK)),
    "add.reduce": ([MATRIX], (3,), lambda out, x: np.add.reduce(x, out=out)),
    "multiply.reduce, by place": ([MATRIX], (4,), lambda out, x: np.multiply.reduce(x, 1, None, out)),
    "maximum.reduce": ([MATRIX], (4,), lambda out, x: np.maximum.reduce(x, axis=-1, out=out)),
    "hypot.reduce": ([MATRIX], (3,), lambda out, x: np.hypot.reduce(x, out=out)),
    "add.accumulate": ([MATRIX], MATRIX, lambda out, x: np.add.accumulate(x, out=out)),
    "multiply.accumulate": ([MATRIX], MATRIX, lambda out, x: np.multiply.accumulate(x, 1, out=out)),
    "add.reduceat": ([MATRIX], (2, 3), lambda out, x: np.add.reduceat(x, [0, 2], out=out)),
    "multiply.outer": ([(4,), (3,)], MATRIX, lambda out, x, y: np.multiply.outer(x, y, out=out)),
}

FUNCTIONS = {
    "sum": ([MATRIX], (), lambda out, x: np.sum(x, out=out)),
    "sum, by place": ([MATRIX], (4,), lambda out, x: np.sum(x, 1, None, out)),
    "sum, keepdims": ([MATRIX], (4, 1), lambda out, x: np.sum(x, 1, keepdims=True, out=out)),
    "sum, where": ([MATRIX], (3,), lambda out, x: np.sum(x, 0, out=out, where=MASK)),
    "mean": ([MATRIX], (3,), lambda out, x: np.mean(x, 0, out=out)),
    "var": ([MATRIX], (3,), lambda out, x: np.var(x, 0, None, out)),
    "std": ([MATRIX], (3,), lambda out, x: np.std(x, 0, out=out, ddof=1)),
    "prod": ([MATRIX], (4,), lambda out, x: np.prod(x, 1, out=out)),
    "max": ([MATRIX], (4,), lambda out, x: np.max(x, 1, out)),
    "min": ([MATRIX], (4,), lambda out, x: np.min(x, axis=1, out=out)),
    "cumsum": ([MATRIX], MATRIX, lambda out, x: np.cumsum(x, 0, None, out)),
    "cumprod": ([MATRIX], (12,), lambda out, x: np.cumprod(x, out=out)),
    "dot": ([MATRIX, (3, 2)], (4, 2), lambda out, x, y: np.dot(x, y, out)),
    "outer": ([(4,), (3,)], MATRIX, lambda out, x, y: np.outer(x, y, out=out)),
    "trace": ([SQUARE], (), lambda out, x: np.trace(x, 0, 0, 1, None, out)),
    "einsum": ([MATRIX, (3, 2)], (4, 2), lambda out, x, y: np.einsum("ij,jk", x, y, out=out)),
    "multi_dot": ([MATRIX, SQUARE, (3, 2)], (4, 2), lambda out, *x: np.linalg.multi_dot(x, out=out)),
    "take": ([MATRIX], (2, 3), lambda out, x: np.take(x, [3, 0], 0, out)),
    "take, clip": ([MATRIX], (2,), lambda out, x: np.take(x, [30, 0], out=out, mode="clip")),
    "compress": ([MATRIX], (4, 2), lambda out, x: np.compress([True, False, True], x, 1, out)),
    "choose": ([(3,), (3,)], (3,), lambda out, x, y: np.choose([0, 1, 0], [x, y], out)),
    "clip": ([MATRIX], MATRIX, lambda out, x: np.clip(x, 0.75, 1.5, out)),
    "clip into a larger one": ([(3,)], MATRIX, lambda out, x: np.clip(x, 0.75, None, out=out)),
    "concatenate": ([(2, 3), (2, 3)], MATRIX, lambda out, *x: np.concatenate(x, 0, out)),
    "stack": ([(3,), (3,)], (2, 3), lambda out, *x: np.stack(x, out=out)),
    "ptp": ([MATRIX], (3,), lambda out, x: np.ptp(x, 0, out)),
    "median": ([MATRIX], (3,), lambda out, x: np.median(x, 0, out)),
    "quantile": ([MATRIX], (3,), lambda out, x: np.quantile(x, 0.3, 0, out)),
    "percentile": ([MATRIX], (2, 3), lambda out, x: np.percentile(x, [10, 60], axis=0, out=out)),
    "nansum": ([MATRIX], (3,), lambda out, x: np.nansum(x, 0, out=out)),
    "nanmean": ([MATRIX], (3,), lambda out, x: np.nanmean(x, 0, None, out)),
    "nanmax": ([MATRIX], (3,), lambda out, x: np.nanmax(x, 0, out)),
    "round": ([MATRIX], MATRIX, lambda out, x: np.round(x, 1, out)),
    "fix": ([MATRIX], MATRIX, lambda out, x: np.fix(x, out)),
}
if hasattr(np, "cumulative_sum"):
    FUNCTIONS["cumulative_sum"] = ([(4,)], (4,), lambda out, x: np.cumulative_sum(x, out=out))

CASES = {**UFUNCS, **FUNCTIONS}
CONSTANT = {"floor", "greater", "sign", "where of a constant", "round", "fix"}


def arrays(rng, shapes, dtype=np.float64):
    return [rng.uniform(0.5, 2.0, shape).astype(dtype) for shape in shapes]


def constant(a):
    return Tensor(a, requires_grad=False)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_numbers_are_those_of_numpy(name, dtype, rng):
    shapes, shape, call = CASES[name]
    if name == "dtype":
        dtype = np.float64
    inputs = arrays(rng, shapes, dtype)
    expected, memory = np.full(shape, 7.0, dtype), np.full(shape, 7.0, dtype)
    call(expected, *inputs)
    tensors, out = [Tensor(x) for x in inputs], constant(memory)
    view = out[...]
    assert call(out, *tensors) is out
    assert out.data is memory
    np.testing.assert_allclose(memory, expected, rtol=0 if dtype is np.float64 else 1e-6)
    np.testing.assert_array_equal(view.data, memory)
    assert out.requires_grad == (name not in CONSTANT)


@pytest.mark.parametrize("name", CASES)
def test_out_alone_may_be_a_tensor(name, rng):
    shapes, shape, call = CASES[name]
    inputs, expected, out = arrays(rng, shapes), np.zeros(shape), constant(np.zeros(shape))
    call(expected, *inputs)
    assert call(out, *inputs) is out
    np.testing.assert_array_equal(out.data, expected)
    assert not out.requires_grad


SECOND_ORDER = {
    "exp",
    "into a larger one",
    "where of a row",
    "multiply.reduce, by place",
    "cumsum",
    "dot",
    "take, clip",
}


@pytest.mark.parametrize("name", [name for name in CASES if name not in CONSTANT])
def test_gradients_of_inputs_and_of_what_stood_in_out(name, rng):
    shapes, shape, call = CASES[name]
    weights = rng.uniform(0.5, 1.5, shape)

    def f(before, *inputs):
        out = np.copy(before * before)  # an array of one number, too: as a result it would be a scalar
        result = call(out, *inputs)
        return np.sum(result * out * weights)

    check_grads(f, *arrays(rng, [shape, *shapes]), order=2 if name in SECOND_ORDER else 1)


@pytest.mark.parametrize("name", CASES)
def test_a_plain_array_is_not_overwritten_by_a_tensor(name, rng):
    shapes, shape, call = CASES[name]
    out = np.zeros(shape)
    with pytest.raises(TypeError, match="would overwrite an array"):
        call(out, *map(Tensor, arrays(rng, shapes)))
    assert not out.any()


def test_out_may_be_an_input_or_a_view_of_it(rng):
    x, s = rng.uniform(0.5, 2, 5), rng.uniform(0.5, 2, 4)

    def steps(a, s):
        np.add(a[:4], s, out=a[1:])
        np.multiply(a, a, out=a)
        np.cumsum(a[1:], out=a[:4])
        np.exp(-a[::-1], out=a, where=[True, False, True, True, False])
        np.take(a, [0, 0, 1, 2], out=a[1:])
        return a

    expected = steps(x.copy(), s)
    np.testing.assert_array_equal(steps(constant(x.copy()), Tensor(s)).data, expected)
    check_grads(lambda x, s: steps(x * x, s), x, s)


def test_methods_and_arguments_by_keyword(rng):
    x = rng.uniform(0.5, 2, MATRIX)
    for call in (
        lambda x, out: x.sum(out=out, axis=0),
        lambda x, out: x.mean(0, None, out),
        lambda x, out: np.prod(axis=0, out=out, a=x),
        lambda x, out: x.max(axis=0, out=out),
        lambda x, out: x.take([0, 1, 2], out=out),
        lambda x, out: x[:3, 0].clip(0.75, 1.5, out=out),
        lambda x, out: x.dot([1.0, 2.0, 3.0], out=out),
        lambda x, out: x[:, 0].cumsum(out=out),
    ):
        n = 4 if "dot" in call.__code__.co_names or "cumsum" in call.__code__.co_names else 3
        expected, out = np.zeros(n), constant(np.zeros(n))
        call(x, expected)
        assert call(Tensor(x), out) is out
        np.testing.assert_array_equal(out.data, expected)


# Functions of two outputs ---------------------------------------------------------------------------------------------


def test_two_outputs_go_into_two_tensors(rng):
    x = rng.uniform(0.5, 5, 6)
    for call in (
        lambda x, a, b: np.modf(x, out=(a, b)),
        lambda x, a, b: np.modf(x, a, b),
        lambda x, a, b: np.frexp(x, out=(a, b)),
        lambda x, a, b: np.divmod(x, 2.0, out=(a, b)),
        lambda x, a, b: np.modf(x, out=(a, b), where=[True, False, True, True, False, True]),
    ):
        expected, outs = (np.zeros(6), np.zeros(6)), (constant(np.zeros(6)), constant(np.zeros(6)))
        call(x, *expected)
        given = call(Tensor(x), *outs)
        assert type(given) is tuple and given[0] is outs[0] and given[1] is outs[1]
        for out, array in zip(outs, expected, strict=True):
            np.testing.assert_array_equal(out.data, array)
    out, leaf = constant(np.zeros(6)), Tensor(x)
    fraction, whole = np.modf(leaf, out=(out, None))
    assert fraction is out
    np.testing.assert_array_equal(whole, np.trunc(x))
    out.sum().backward()
    np.testing.assert_array_equal(leaf.grad, np.ones(6))


# Dtypes ---------------------------------------------------------------------------------------------------------------

WITH_DTYPE = ["sum", "prod", "cumsum", "cumprod", "trace", "nansum", "add.reduce", "add.accumulate", "hypot.reduce"]


@pytest.mark.parametrize("name", ["exp", "add", "where", "max", "clip", "concatenate", "matmul", "outer", *WITH_DTYPE])
def test_another_dtype_gives_the_numbers_of_numpy(name, rng):
    """Reductions compute in the wider one of the dtypes of array and out."""
    shapes, shape, call = CASES[name]
    for source, target in ((np.float32, np.float64), (np.float64, np.float32)):
        inputs = arrays(rng, shapes, source)
        expected, out, leaves = np.zeros(shape, target), constant(np.zeros(shape, target)), [*map(Tensor, inputs)]
        call(expected, *inputs)
        call(out, *leaves)
        np.testing.assert_array_equal(out.data, expected, strict=True)
        out.sum().backward()
        assert all(leaf.grad.dtype == source for leaf in leaves)


def test_complex_results_go_into_complex_tensors_alone(rng):
    z = rng.normal(size=3) + 1j * rng.normal(size=3)
    for call in (
        lambda out: np.exp(Tensor(z), out=out),
        lambda out: np.add(Tensor(z), 1.0, out=out),
        lambda out: np.exp(Tensor(z), out=out, where=[True, False, True]),
        lambda out: np.cumsum(Tensor(z), out=out),
        lambda out: np.fft.fft(Tensor(z.real), out=out),
        lambda out: np.add.accumulate(Tensor(z), out=out),
    ):
        real, complex_one = constant(np.zeros(3)), constant(np.zeros(3, complex))
        with pytest.raises(TypeError, match=r"complex128 isn't cast to float64 by the rule 'same_kind'.*np\.real"):
            call(real)
        assert not real.data.any()
        assert call(complex_one).requires_grad
    check_grads(lambda x: np.fft.fft(x, out=np.zeros_like(x, dtype=complex)), z.real)


# Wrong calls ---------------------------------------------------------------------------------------------------------

WRONG = {
    "smaller": (MATRIX, (3,), lambda x, out: np.exp(x, out=out)),
    "an axis of length 1": (MATRIX, (1, 3), lambda x, out: np.exp(x, out=out)),
    "another shape": (MATRIX, (4, 4), lambda x, out: np.add(x, 1.0, out=out)),
    "where, smaller": ((3,), (3,), lambda x, out: np.exp(x, out=out, where=MASK)),
    "where, another shape": ((3,), (3,), lambda x, out: np.exp(x, out=out, where=[True, False])),
    "where of ints": ((3,), (3,), lambda x, out: np.exp(x, out=out, where=np.ones(3, int))),
    "casting": ((3,), (3,), lambda x, out: np.add(x, 1j, out=out)),
    "no casting": ((3,), (3,), lambda x, out: np.add(x, 1j, out=out, casting="no")),
    "sum, another shape": (MATRIX, (4,), lambda x, out: np.sum(x, 0, out=out)),
    "sum, larger": (MATRIX, (1, 3), lambda x, out: np.sum(x, 0, out=out)),
    "cumsum, larger": ((3,), MATRIX, lambda x, out: np.cumsum(x, out=out)),
    "dot, another shape": (SQUARE, (4,), lambda x, out: np.dot(x, [1.0, 2.0, 3.0], out)),
    "take, another shape": (MATRIX, (3,), lambda x, out: np.take(x, [0, 1], out=out)),
    "concatenate, another shape": ((3,), (5,), lambda x, out: np.concatenate([x, x], out=out)),
    "matmul, another shape": (SQUARE, (3, 4), lambda x, out: np.matmul(x, x, out=out)),
    "one for two": ((3,), (3,), lambda x, out: np.modf(x, out=(out,))),
    "matmul, where": (SQUARE, SQUARE, lambda x, out: np.matmul(x, x, out=out, where=True)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_raise_the_errors_of_numpy_and_change_nothing(name):
    shape, out_shape, call = WRONG[name]
    with pytest.raises(Exception) as theirs:
        call(np.ones(shape), np.zeros(out_shape))
    for x in (np.ones(shape), Tensor(np.ones(shape))):
        out = constant(np.zeros(out_shape))
        with pytest.raises(Exception) as error:
            call(x, out)
        assert issubclass(theirs.type, error.type)
        assert not out.data.any() and not out.requires_grad


def test_a_mask_without_out_would_leave_elements_undefined():
    for call in (
        lambda x: np.exp(x, where=[True, False]),
        lambda x: np.modf(x, out=(constant(np.zeros(2)), None), where=[True, False]),
    ):
        with pytest.raises(TypeError, match="where="):
            call(Tensor([1.0, 2.0]))


def test_a_leaf_that_requires_a_gradient_is_not_written_into():
    for call in (
        lambda x, out: np.exp(x, out=out),
        lambda x, out: np.exp(x, out=out, where=[True, False]),
        lambda x, out: np.cumsum(x, out=out),
        lambda x, out: np.round(x, 0, out),
    ):
        leaf = Tensor([1.0, 2.0])
        with pytest.raises(TypeError, match="leaf"):
            call(Tensor([3.0, 4.0]), leaf)
        np.testing.assert_array_equal(leaf.data, [1, 2])
        with no_grad():
            assert call(Tensor([3.0, 4.0]), leaf) is leaf
        assert leaf.requires_grad and leaf.data[0] != 1


# Compared with PyTorch -----------------------------------------------------------------------------------------------


def test_a_program_with_out_has_the_gradients_of_the_same_one_in_pytorch(rng):
    """PyTorch's functions don't take out= of what requires a gradient, so there each result is copied in."""
    torch = pytest.importorskip("torch")
    x, y = rng.uniform(0.5, 2, (3, 3)), rng.uniform(0.5, 2, 3)
    leaf, row = Tensor(x), Tensor(y)
    work = np.zeros_like(leaf)
    np.multiply(leaf, row, out=work)
    np.exp(-work, out=work, where=np.tri(3, dtype=bool))
    np.dot(leaf, row, out=work[0])
    np.cumsum(work, 0, out=work)
    (work**2).sum().backward()
    their_leaf, their_row = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    theirs = torch.zeros(3, 3, dtype=torch.float64)
    theirs.copy_(their_leaf * their_row)
    mask = torch.tensor(np.tri(3, dtype=bool))
    theirs.copy_(torch.where(mask, torch.exp(-theirs.clone()), theirs.clone()))
    theirs[0] = their_leaf @ their_row
    theirs = torch.cumsum(theirs, 0)
    (theirs**2).sum().backward()
    close(work.data, theirs.detach().numpy())
    close(leaf.grad, their_leaf.grad.numpy())
    close(row.grad, their_row.grad.numpy())
