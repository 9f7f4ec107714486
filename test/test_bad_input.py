"""Bad input gets an error that names the operation and the shapes, and says what to do; it never passes silently."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.graph_utils import draw_dot_tensor


def ones(*shape):
    return Tensor(np.ones(shape))


def says(*parts):
    """A pattern of parts that must stand in the message in this order."""
    return "(?s)" + ".*".join(re.escape(str(part)) for part in parts)


# Products ------------------------------------------------------------------------------------------------------------

PRODUCTS = {
    "matmul operator": (lambda a, b: a @ b, "matmul", "transpose or reshape"),
    "matmul": (np.matmul, "matmul", "transpose or reshape"),
    "dot": (np.dot, "dot", "the last axis of the first must be as long as the last but one of the second"),
    "dot method": (lambda a, b: a.dot(b), "dot", "must be as long"),
    "inner": (np.inner, "inner", "last axes must be equally long"),
    "tensordot": (lambda a, b: np.tensordot(a, b, 1), "tensordot", "must be equal"),
    "einsum": (lambda a, b: np.einsum("ij,jk", a, b), "einsum", "axes of the same letter must be equally long"),
    "linear": (lambda a, b: tg.linear(a, b, np.zeros(4)), "linear", "aligned"),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, b]), "multi_dot", "as many columns as the next has rows"),
    "vecdot": (lambda a, b: np.linalg.vecdot(a, b), "vecdot", ""),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_shapes_that_do_not_match(name):
    product, op, way_out = PRODUCTS[name]
    a, b = np.ones((2, 3)), np.ones((2, 4))
    pairs = [(Tensor(a), Tensor(b)), (Tensor(a), b), (a, Tensor(b))]
    for left, right in pairs[: 2 if name == "dot method" else 3]:
        with pytest.raises(ValueError, match=says(op, "(2, 3)", "(2, 4)")) as error:
            product(left, right)
        assert way_out in str(error.value)


@pytest.mark.parametrize(
    "call, parts",
    [
        (lambda: ones(2, 3) @ ones(4), ("matmul", "(2, 3)", "(4,)", "last axis")),
        (lambda: ones(4) @ ones(2, 3), ("matmul", "(4,)", "(2, 3)", "last axis")),
        (lambda: ones(5, 2, 3) @ ones(4, 3, 2), ("matmul", "(5, 2, 3)", "(4, 3, 2)", "broadcast")),
        (lambda: ones(2, 3) @ Tensor(2.0), ("matmul", "(2, 3)", "()")),
        (lambda: Tensor(2.0) @ ones(3), ("matmul", "()", "(3,)")),
        (lambda: np.vdot(ones(2, 3), ones(4)), ("vdot", "(6,)", "(4,)", "same number of elements")),
        (lambda: np.tensordot(ones(2, 3), ones(2, 4)), ("tensordot", "(2, 3)", "(2, 4)", "must be equal")),
        (lambda: np.tensordot(ones(2, 3), ones(2), ((0, 7), (0, 0))), ("tensordot", "(2, 3)", "(2,)")),
        (lambda: np.einsum("ijk,jk", ones(2, 3), ones(3, 2)), ("einsum", "'ijk'", "(2, 3)")),
        (lambda: np.einsum("ij,jk", ones(2, 3)), ("einsum", "2 operands", "1")),
        (lambda: np.einsum("ij->ik", ones(2, 3)), ("einsum", "(2, 3)", "'k'")),
        (lambda: np.cross(ones(2, 4), ones(2, 4)), ("cross",)),
        (lambda: np.linalg.solve(ones(2, 3), ones(2)), ("solve", "(2, 3)", "(2,)", "square")),
        (lambda: np.linalg.inv(ones(2, 3)), ("inv", "(2, 3)", "square")),
        (lambda: tg.linear(ones(2, 3), ones(3, 4), ones(5)), ("linear", "(2, 3)", "(3, 4)", "(5,)")),
        (lambda: tg.conv2d(ones(1, 2, 5, 5), ones(3, 4, 2, 2)), ("conv2d", "(1, 2, 5, 5)", "(3, 4, 2, 2)")),
        (lambda: tg.Layer(3, 4)(ones(2, 5)), ("Layer(3 -> 4)", "(..., 3)", "(2, 5)")),
        (lambda: tg.Neuron(3)(np.ones(5)), ("Neuron(3 -> 1)", "(..., 3)", "(5,)")),
        (lambda: tg.MLP(3, [4, 1])(ones(2, 5)), ("(..., 3)", "(2, 5)")),
    ],
)
def test_products_name_their_shapes(call, parts):
    with pytest.raises((ValueError, TypeError), match=says(*parts)):
        call()


# Shapes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.hypot, np.arctan2])
def test_shapes_that_do_not_broadcast(f):
    a, b = np.ones((2, 3)), np.ones((2, 4))
    for left, right in ((Tensor(a), Tensor(b)), (Tensor(a), b), (a, Tensor(b))):
        with pytest.raises(ValueError, match=says(f.__name__, "(2, 3)", "(2, 4)", "reshape or expand_dims")):
            f(left, right)


@given(a=hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), b=hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
@settings(max_examples=200, deadline=None)
def test_operators_fail_where_numpy_fails_and_name_both_shapes(a, b):
    for name, op in (("add", lambda x, y: x + y), ("multiply", lambda x, y: x * y), ("matmul", lambda x, y: x @ y)):
        try:
            expected = op(np.ones(a), np.ones(b))
        except ValueError:
            with pytest.raises(ValueError, match=says(name, "of shapes", a, b)):
                op(ones(*a), ones(*b))
        else:
            np.testing.assert_array_equal(op(ones(*a), ones(*b)).data, expected)


@pytest.mark.parametrize(
    "call, parts",
    [
        (lambda: ones(2, 3).reshape(4), ("reshape", "(2, 3)", "(4,)")),
        (lambda: np.broadcast_to(ones(2, 3), (4, 3)), ("broadcast_to", "(2, 3)", "(4,3)")),
        (lambda: np.concatenate([ones(2, 3), ones(2, 4)]), ("concatenate", "(2, 3)", "(2, 4)")),
        (lambda: np.concatenate([ones(2, 3), ones(3)]), ("concatenate", "(2, 3)", "(3,)", "stack")),
        (lambda: np.stack([ones(2, 3), ones(3)]), ("stack", "same shape", "(2, 3)", "(3,)")),
        (lambda: np.vstack([ones(2, 3), np.ones(4)]), ("vstack", "(2, 3)", "(4,)")),
        (lambda: np.split(ones(2, 3), 2, axis=1), ("split", "3", "2", "array_split")),
        (lambda: np.array_split(ones(3), 0), ("array_split", "at least 1", "0")),
        (lambda: np.split(ones(3), -3), ("array_split", "at least 1", "-3")),
        (lambda: np.squeeze(ones(2, 3), 0), ("squeeze", "(2, 3)", "not equal to one")),
        (lambda: ones(2, 3).transpose(0, 0), ("transpose", "(2, 3)", "repeated axis")),
        (lambda: np.where(np.ones(3) > 0, ones(3), ones(4)), ("where", "(3,)", "(4,)")),
        (lambda: ones(3)[5], ("getitem", "(3,)", "5")),
        (lambda: ones(3)[0, 0], ("getitem", "(3,)", "too many indices")),
        (lambda: ones(3)[[True, False]], ("getitem", "(3,)", "boolean")),
        (lambda: np.take(ones(2, 3), [7], axis=1), ("take", "(2, 3)", "7")),
    ],
)
def test_shapes_are_named(call, parts):
    with pytest.raises((ValueError, IndexError), match=says(*parts)):
        call()


def test_a_tensor_as_an_index():
    with pytest.raises(TypeError, match=says("index can't be a Tensor", ".data.astype(int)", "mask")):
        ones(3)[Tensor(1.0)]
    with pytest.raises(TypeError, match="index can't be a Tensor"):
        ones(3, 3)[0, Tensor([1.0])]


# Axes ----------------------------------------------------------------------------------------------------------------

AXES = {
    "sum": lambda a, i: a.sum(axis=i),
    "mean": lambda a, i: a.mean(axis=i),
    "prod": lambda a, i: a.prod(axis=i),
    "max": lambda a, i: a.max(axis=i),
    "min": lambda a, i: np.min(a, axis=(0, i)),
    "var": lambda a, i: a.var(axis=i),
    "std": lambda a, i: a.std(axis=i),
    "cumsum": lambda a, i: a.cumsum(axis=i),
    "cumprod": lambda a, i: a.cumprod(axis=i),
    "argmax": lambda a, i: a.argmax(axis=i),
    "argsort": lambda a, i: np.argsort(a, axis=i),
    "any": lambda a, i: np.any(a, axis=i),
    "flip": lambda a, i: np.flip(a, i),
    "roll": lambda a, i: np.roll(a, 1, i),
    "squeeze": lambda a, i: np.squeeze(a, i),
    "expand_dims": lambda a, i: np.expand_dims(a, i + 1 if i > 0 else i - 1),
    "transpose": lambda a, i: a.transpose(0, i),
    "swapaxes": lambda a, i: a.swapaxes(0, i),
    "moveaxis": lambda a, i: np.moveaxis(a, 0, i),
    "rollaxis": lambda a, i: np.rollaxis(a, i),
    "concatenate": lambda a, i: np.concatenate([a, a], axis=i),
    "stack": lambda a, i: np.stack([a, a], axis=i + 1 if i > 0 else i - 1),
    "take": lambda a, i: np.take(a, [0], axis=i),
    "take_along_axis": lambda a, i: np.take_along_axis(a, np.zeros((2, 3), int), i),
    "repeat": lambda a, i: a.repeat(2, axis=i),
    "sort": lambda a, i: np.sort(a, axis=i),
    "split": lambda a, i: np.split(a, 1, axis=i),
    "diagonal": lambda a, i: np.diagonal(a, 0, 0, i),
    "softmax": lambda a, i: tg.softmax(a, axis=i),
    "log_softmax": lambda a, i: tg.log_softmax(a, axis=i),
    "logsumexp": lambda a, i: tg.logsumexp(a, axis=i),
    "norm": lambda a, i: np.linalg.norm(a, axis=i),
    "fft": lambda a, i: np.fft.fft(a, axis=i),
    "add.reduce": lambda a, i: np.add.reduce(a, axis=i),
}


@pytest.mark.parametrize("axis", [2, -3])
@pytest.mark.parametrize("name", AXES)
def test_an_axis_out_of_range(name, axis):
    """(AxisError is a ValueError and an IndexError.)"""
    with pytest.raises((ValueError, IndexError), match=says(name, "(2, 3)")) as error:
        AXES[name](ones(2, 3), axis)
    assert "axis" in str(error.value)


@pytest.mark.parametrize("axis", ["x", 0.5, [0]])
def test_an_axis_that_is_not_an_int(axis):
    with pytest.raises(TypeError, match=says("sum of shapes (2, 3)")):
        ones(2, 3).sum(axis=axis)


def test_an_argument_that_does_not_exist():
    with pytest.raises(TypeError, match=says("sum", "axes=", "axis")):
        ones(2, 3).sum(axes=1)


# Dtypes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "text", b"bytes", ["a", "b"], np.array(["a"]), None, [1, None], np.array([1.0, None]),
        {"a": 1}, {1.0}, object(), np.datetime64("2020-01-01"), np.zeros(2, [("x", float)]), range, 10**400,
    ],
)  # fmt: skip
def test_a_tensor_of_what_is_not_a_number(data):
    with pytest.raises(TypeError, match=r"Tensor: .*numbers.*, not "):
        Tensor(data)


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match=says("Tensor:", "inhomogeneous", "pad the rows")):
        Tensor([[1.0], [1.0, 2.0]])


def test_a_tensor_of_a_tensor():
    with pytest.raises(TypeError, match=says("Tensor already", "detach()")):
        Tensor(ones(2))
    with pytest.raises(TypeError, match=says("list of Tensors", "np.stack or np.concatenate")):
        Tensor([ones(2), ones(2)])


def test_a_dtype_that_is_not_floating():
    for call in (
        lambda t: t.astype(int),
        lambda t: np.sum(t, dtype=int),
        lambda t: np.add(t, 1, dtype=np.int64, casting="unsafe"),
    ):
        with pytest.raises(TypeError, match=says("dtype int64", "a Tensor is floating")):
            call(ones(2))


# Gradients and data --------------------------------------------------------------------------------------------------


def test_a_gradient_that_does_not_fit():
    t = ones(2, 3) * 1
    for shape in ((2,), (3,), (2, 3, 1), (3, 2), (1, 3), ()):
        with pytest.raises(ValueError, match=says("backward", f"{shape}", "(2, 3)")):
            t.backward(np.ones(shape))
        with pytest.raises(ValueError, match=says("grad must have the shape (2, 3)", shape, "None clears it")):
            t.grad = np.ones(shape)
    with pytest.raises(TypeError, match=says("backward", "complex128", "float64")):
        t.backward(np.full((2, 3), 1j))
    with pytest.raises(TypeError, match=r"numbers.*, not "):
        t.backward("x")
    with pytest.raises(TypeError, match="backward"):
        t.backward(np.full((2, 3), "x"))
    with pytest.raises(ValueError, match="float32"):
        t.grad = np.ones((2, 3), np.float32)
    assert (t.grad == 0).all()


def test_data_that_does_not_fit():
    t = ones(2, 3)
    for data in (np.ones(2), np.ones((3, 2)), np.ones((2, 3), np.float32), 1.0):
        with pytest.raises(
            ValueError, match=says("data of shape", "can't replace data of shape (2, 3)", "reshape it or use astype")
        ):
            t.data = data
    with pytest.raises(TypeError, match=r"numbers.*, not "):
        t.data = "x"
    assert t.shape == (2, 3)
    (t * 2).backward()  # nothing was changed


def test_data_changed_between_use_and_backward():
    w = Tensor([1.0, 2.0], name="w")
    loss = (w * w).sum()
    w.data -= 0.1
    with pytest.raises(
        RuntimeError, match=says("'w' of shape (2,)", "changed after multiply", "run backward before the change")
    ):
        loss.backward()


def test_assignment_into_a_tensor():
    t = ones(3)

    def add_to_an_element():
        t[0] += 1

    def delete():
        del t[0]

    for assign in (lambda: t.__setitem__(0, 1.0), lambda: t.__setitem__(slice(None), np.zeros(3)), add_to_an_element):
        with pytest.raises(
            TypeError, match=says("leaf", "can't be assigned into", "+tensor", "Tensor(array, requires_grad=False)")
        ):
            assign()
    with pytest.raises(TypeError, match=r"np\.delete"):
        delete()
    np.testing.assert_array_equal(t.data, np.ones(3))


@pytest.mark.parametrize("func", [np.unique, np.histogram, np.union1d, np.packbits, np.bitwise_and, np.gcd, np.save])
def test_a_function_without_a_derivative(func):
    t = ones(3)
    args = ("file", t) if func is np.save else (t,) if func in (np.unique, np.histogram, np.packbits) else (t, t)
    with pytest.raises(TypeError, match=says(func.__name__, "no derivative", "tensor.data", "tensorgrad.derivative")):
        func(*args)


def test_an_output_array():
    out = np.zeros(3)
    with pytest.raises(TypeError, match=says("exp", "out=")):
        np.exp(ones(3), out=out)
    with pytest.raises(TypeError, match=says("sum", "out=")):
        np.sum(ones(3, 3), axis=0, out=out)
    with pytest.raises(TypeError, match=says("add", "array = array + tensor")):
        out += ones(3)
    np.testing.assert_array_equal(out, np.zeros(3))


def test_converting_more_than_one_number():
    for convert in (float, int, complex, bool, Tensor.item, lambda t: f"{t:.2f}"):
        with pytest.raises(ValueError, match=says("shape (3,)", "not one number")):
            convert(ones(3))


# Losses --------------------------------------------------------------------------------------------------------------

LOGITS = np.zeros((2, 3))


@pytest.mark.parametrize(
    "labels, error, parts",
    [
        ([0, 3], ValueError, ("3 classes", "(2, 3)", "from 0 to 2", "from 0 to 3")),
        ([-1, 0], ValueError, ("3 classes", "(2, 3)", "from 0 to 2", "from -1 to 0")),
        ([0.0, 1.0], TypeError, ("must be ints", "float64", "astype(int)")),
        ([True, False], TypeError, ("must be ints", "bool")),
        (["a", "b"], TypeError, ("real numbers",)),
        (None, TypeError, ("real numbers",)),
        ([0, 1, 2], ValueError, ("(2, 3)", "(2,)", "(3,)")),
        ([[0], [1]], ValueError, ("(2, 3)", "(2,)", "(2, 1)")),
        (0, ValueError, ("(2, 3)", "(2,)", "()")),
        (np.ones((2, 3)), ValueError, ("probabilities", "sum 1")),
        (np.array([[2.0, -1.0, 0.0]] * 2), ValueError, ("probabilities", "none negative")),
        (np.full((2, 3), math.nan), ValueError, ("probabilities",)),
        (np.full((2, 3), 1j), TypeError, ("real numbers", "complex128")),
    ],
)
def test_labels_of_softmax_cross_entropy(labels, error, parts):
    for logits in (Tensor(LOGITS), LOGITS):
        with pytest.raises(error, match=says("softmax_cross_entropy", *parts)):
            tg.softmax_cross_entropy(logits, labels)


@pytest.mark.parametrize(
    "labels, error, parts",
    [
        (np.full((2, 3), 2), ValueError, ("from 0 to 1", "(labels + 1) / 2")),
        (np.full((2, 3), -1.0), ValueError, ("from 0 to 1", "(labels + 1) / 2")),
        (np.full((2, 3), math.nan), ValueError, ("from 0 to 1",)),
        (np.ones((2, 1)), ValueError, ("(2, 3)", "(2, 1)", "reshape")),
        (np.ones(3), ValueError, ("(2, 3)", "(3,)", "reshape")),
        (1, ValueError, ("(2, 3)", "()")),
        (np.full((2, 3), "a"), TypeError, ("real numbers",)),
        (np.full((2, 3), 1j), TypeError, ("real numbers", "complex128")),
        (np.full((2, 3), None), TypeError, ("real numbers", "object")),
    ],
)
def test_labels_of_sigmoid_cross_entropy(labels, error, parts):
    for logits in (Tensor(LOGITS), LOGITS):
        with pytest.raises(error, match=says("sigmoid_cross_entropy", *parts)):
            tg.sigmoid_cross_entropy(logits, labels)


@pytest.mark.parametrize("targets", [np.ones(3), np.ones((2, 1)), np.ones((3, 2)), 0.0])
def test_targets_of_mse_loss_never_broadcast(targets):
    with pytest.raises(ValueError, match=says("mse_loss", "(2, 3)", np.shape(targets), "reshape")):
        tg.mse_loss(Tensor(LOGITS), targets)
    with pytest.raises(TypeError, match=says("mse_loss", "real numbers")):
        tg.mse_loss(Tensor(LOGITS), None)


@pytest.mark.parametrize("loss", [tg.sigmoid_cross_entropy, tg.softmax_cross_entropy, tg.mse_loss])
@pytest.mark.parametrize("reduction", ["avg", "Mean", None, 1, ""])
def test_an_unknown_reduction(loss, reduction):
    labels = [0, 1] if loss is tg.softmax_cross_entropy else LOGITS
    with pytest.raises(ValueError, match=says(loss.__name__, "'mean'", "'sum'", "'none'", f"not {reduction!r}")):
        loss(Tensor(LOGITS), labels, reduction)


@pytest.mark.parametrize("loss", [tg.sigmoid_cross_entropy, tg.softmax_cross_entropy, tg.mse_loss])
def test_complex_predictions(loss):
    labels = [0, 1] if loss is tg.softmax_cross_entropy else LOGITS
    with pytest.raises(TypeError, match=says(loss.__name__, "real numbers", "complex128")):
        loss(Tensor(LOGITS + 1j), labels)


def test_logits_without_classes():
    with pytest.raises(ValueError, match=says("softmax_cross_entropy", "(..., classes)", "()")):
        tg.softmax_cross_entropy(Tensor(1.0), 0)


# Optimisers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lr", [-1, -1e-9, math.nan, math.inf, -math.inf, np.float64("nan"), "0.1", None, 1j, [0.1]])
@pytest.mark.parametrize("make", [tg.SGD, tg.Adam, tg.AdamW])
def test_an_invalid_learning_rate(make, lr):
    said = says(make.__name__, "lr must be a finite number, and not negative", repr(lr))
    with pytest.raises(ValueError, match=said):
        make([ones(2)], lr)
    optimizer = make([ones(2)], 0.1)
    with pytest.raises(ValueError, match=said):
        optimizer.lr = lr
    assert optimizer.lr == 0.1


@pytest.mark.parametrize(
    "call, error, parts",
    [
        (lambda: tg.SGD([], 0.1), ValueError, ("SGD", "no parameters")),
        (lambda: tg.SGD(ones(2), 0.1), TypeError, ("SGD", "list")),
        (lambda: tg.SGD([np.ones(2)], 0.1), TypeError, ("SGD", "Tensors", "ndarray")),
        (lambda: tg.SGD([ones(2) * 2], 0.1), TypeError, ("SGD", "leaf")),
        (lambda: tg.Adam([Tensor([1.0], requires_grad=False)]), TypeError, ("Adam", "requires a gradient")),
        (lambda: tg.SGD([ones(2)], 0.1, momentum=-0.9), ValueError, ("momentum", "-0.9")),
        (lambda: tg.SGD([ones(2)], 0.1, weight_decay=math.nan), ValueError, ("weight_decay", "nan")),
        (lambda: tg.SGD([ones(2)], 0.1, nesterov=True), ValueError, ("nesterov", "momentum")),
        (lambda: tg.Adam([ones(2)], betas=(0.9, 1.0)), ValueError, ("Adam", "betas", "below 1")),
        (lambda: tg.Adam([ones(2)], betas=(-0.1, 0.9)), ValueError, ("Adam", "betas[0]", "-0.1")),
        (lambda: tg.Adam([ones(2)], betas=0.9), ValueError, ("Adam", "betas", "two numbers", "0.9")),
        (lambda: tg.SGD(tg.Layer(2, 3), 0.1), TypeError, ("SGD", "model.parameters()", "Layer")),
        (lambda: tg.AdamW([ones(2)], eps=-1e-8), ValueError, ("eps", "-1e-08")),
    ],
)
def test_optimisers_say_what_is_wrong(call, error, parts):
    with pytest.raises(error, match=says(*parts)):
        call()


# Networks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relo", "ReLU", "", 5, ["relu"]])
def test_an_unknown_activation(activation):
    for make in (
        lambda: tg.Neuron(2, activation),
        lambda: tg.Layer(2, 3, activation),
        lambda: tg.MLP(2, [3, 1], activation),
        lambda: tg.MLP(2, [1], activation),
    ):
        with pytest.raises(
            (ValueError, TypeError), match=says("unknown activation", repr(activation), "relu, leaky_relu")
        ):
            make()


@pytest.mark.parametrize(
    "call, error, parts",
    [
        (lambda: tg.MLP(2, 3), ValueError, ("MLP", "[16, 16, 1]", "not 3")),
        (lambda: tg.MLP(2, None), ValueError, ("MLP", "[16, 16, 1]", "not None")),
        (lambda: tg.MLP(2, [3, "a"]), ValueError, ("MLP", "nouts[1]", "positive int", "'a'")),
        (lambda: tg.MLP(2, []), ValueError, ("MLP", "[16, 16, 1]", "not []")),
        (lambda: tg.MLP(0, [3]), ValueError, ("nin", "positive int", "0")),
        (lambda: tg.MLP(2, [3, -1]), ValueError, ("nout", "positive int", "-1")),
        (lambda: tg.Layer(2.5, 3), ValueError, ("nin", "positive int", "2.5")),
        (lambda: tg.Layer("2", 3), ValueError, ("nin", "positive int", "'2'")),
        (lambda: tg.Neuron(2, dtype=int), TypeError, ("dtype", "int64")),
        (lambda: tg.Sequential(tg.Layer(2, 3), "relu"), TypeError, ("Sequential", "'relu'")),
        (lambda: tg.Module()(1.0), NotImplementedError, ("Module", "forward")),
        (lambda: tg.Layer(2, 3).load_state_dict({}), KeyError, ("load_state_dict", "missing", "bias", "weight")),
        (lambda: tg.gelu(ones(2), approximate="tan"), ValueError, ("gelu", "'none' or 'tanh'", "'tan'")),
        (lambda: tg.derivative(3), TypeError, ("derivative", "3")),
    ],
)
def test_networks_say_what_is_wrong(call, error, parts):
    with pytest.raises(error, match=says(*parts)):
        call()


def test_a_state_of_another_shape_loads_nothing():
    layer = tg.Layer(2, 3, rng=0)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=says("load_state_dict", "bias", "(3,)", "(4,)")):
        layer.load_state_dict({"weight": np.zeros((2, 3)), "bias": np.zeros(4)})
    np.testing.assert_array_equal(layer.weight.data, before["weight"])


# Pictures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["doc", "", None, 5])
def test_an_unknown_format(format):
    pytest.importorskip("graphviz")  # which knows the formats
    with pytest.raises((ValueError, TypeError), match=says("draw_dot_tensor", repr(format), "'svg'")):
        draw_dot_tensor(ones(2) * 2, format=format)


def test_a_picture_of_what_is_not_a_tensor():
    with pytest.raises(TypeError, match=says("draw_dot_tensor", "Tensor", "ndarray")):
        draw_dot_tensor(np.ones(2))
    with pytest.raises(ValueError, match=says("draw_dot_tensor", "rankdir", "LR", "'XX'")):
        draw_dot_tensor(ones(2) * 2, rankdir="XX")


# Transforms ----------------------------------------------------------------------------------------------------------


def test_a_gradient_of_what_is_not_one_real_number():
    for f in (
        lambda x: x,
        lambda x: (x + 1j).sum(),
        lambda x: x.argmax(),
        lambda x: x.sum().item(),
        lambda x: x.sum() > 0,
    ):
        with pytest.raises(TypeError, match="grad: the function"):
            tg.grad(f)(np.ones(3))


def test_a_users_own_function_is_named():
    halves = tg.derivative(lambda x: x.reshape(2, -1), lambda g, y, x: g.reshape(x.shape))
    with pytest.raises(ValueError, match=says("<lambda> of shapes (3,)", "cannot reshape")):
        halves(ones(3))
    with pytest.raises(TypeError, match=says("no derivative", "scale=")):
        halves(ones(4), scale=2)
