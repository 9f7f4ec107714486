"""The losses against PyTorch and their definitions, for extreme logits, in every memory layout, and their errors."""

import math

import mpmath
import numpy as np
import pytest

from tensorgrad import Tensor, grad, mse_loss, no_grad, sigmoid_cross_entropy, softmax_cross_entropy

REDUCTIONS = ["mean", "sum", "none"]
rng = np.random.default_rng(0)
CLASSES = np.array([[0, 2, 1], [3, 3, 0]])
ROWS = rng.dirichlet(np.ones(4), (2, 3))
CASES = {  # loss, predictions, targets, PyTorch's name
    "sigmoid, 0 or 1": (sigmoid_cross_entropy, rng.normal(size=(2, 5)) * 4, np.array([[0, 1, 1, 0, 1]] * 2), "sigmoid"),
    "sigmoid, soft": (sigmoid_cross_entropy, rng.normal(size=(2, 5)) * 4, rng.uniform(size=(2, 5)), "sigmoid"),
    "sigmoid, extreme": (sigmoid_cross_entropy, [1e4, 1e4, -1e4, -1e4, 0], [1, 0, 1, 0, 1], "sigmoid"),
    "sigmoid, bool": (sigmoid_cross_entropy, rng.normal(size=3), [True, False, True], "sigmoid"),
    "softmax, classes": (softmax_cross_entropy, rng.normal(size=(2, 3, 4)) * 4, CLASSES, "softmax"),
    "softmax, small ints": (softmax_cross_entropy, rng.normal(size=(2, 3, 4)), CLASSES.astype(np.uint8), "softmax"),
    "softmax, soft": (softmax_cross_entropy, rng.normal(size=(2, 3, 4)) * 4, ROWS, "softmax"),
    "softmax, one example": (softmax_cross_entropy, rng.normal(size=4), 2, "softmax"),
    "softmax, extreme": (softmax_cross_entropy, [[1e4, 0, -1e4], [-1e4, 1e4, 1e4]], [0, 1], "softmax"),
    "softmax, Fortran": (softmax_cross_entropy, np.asfortranarray(rng.normal(size=(2, 3, 4))), CLASSES, "softmax"),
    "mse": (mse_loss, rng.normal(size=(2, 5)), rng.normal(size=(2, 5)), "mse"),
    "mse, ints": (mse_loss, rng.normal(size=3), [1, 2, 3], "mse"),
    "mse, one number": (mse_loss, 2.0, 5.0, "mse"),
}


def pytorch(torch, kind, x, targets, reduction):
    functional = torch.nn.functional
    if kind == "sigmoid":
        return functional.binary_cross_entropy_with_logits(x, targets.to(x.dtype), reduction=reduction)
    if kind == "mse":
        return functional.mse_loss(x, targets.to(x.dtype), reduction=reduction)
    if targets.is_floating_point():
        loss = functional.cross_entropy(
            x.reshape(-1, x.shape[-1]), targets.to(x.dtype).reshape(-1, x.shape[-1]), reduction=reduction
        )
    else:
        loss = functional.cross_entropy(x.reshape(-1, x.shape[-1]), targets.long().reshape(-1), reduction=reduction)
    return loss.reshape(x.shape[:-1]) if reduction == "none" else loss


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_pytorch(case, reduction, dtype):
    torch = pytest.importorskip("torch")
    loss_of, x, targets, kind = CASES[case]
    ours = Tensor(np.asarray(x, dtype=dtype))
    theirs = torch.tensor(np.array(ours.data), requires_grad=True)
    loss = loss_of(ours, targets, reduction=reduction)
    expected = pytorch(torch, kind, theirs, torch.tensor(np.asarray(targets)), reduction)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert loss.dtype == dtype and loss.shape == tuple(expected.shape)
    np.testing.assert_allclose(loss.data, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    g = rng.normal(size=loss.shape).astype(dtype)
    loss.backward(g)
    expected.backward(torch.tensor(g))
    assert ours.grad.dtype == dtype
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", ["sigmoid, soft", "softmax, soft", "mse"])
def test_gradients_of_the_targets_are_those_of_pytorch(case, reduction):
    torch = pytest.importorskip("torch")
    loss_of, x, targets, kind = CASES[case]
    ours = Tensor(targets)
    theirs = torch.tensor(np.array(targets), requires_grad=True)
    loss_of(x, ours, reduction=reduction).backward()
    pytorch(torch, kind, torch.tensor(x), theirs, reduction).sum().backward()
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("case", ["sigmoid, soft", "sigmoid, 0 or 1", "softmax, classes", "softmax, soft", "mse"])
def test_second_derivatives_are_those_of_pytorch(case, reduction):
    torch = pytest.importorskip("torch")
    loss_of, x, targets, kind = CASES[case]
    direction = rng.normal(size=x.shape)
    second = grad(lambda x: (grad(lambda x: loss_of(x, targets, reduction=reduction))(x) * direction).sum())(x)
    t = torch.tensor(x, requires_grad=True)
    (first,) = torch.autograd.grad(
        pytorch(torch, kind, t, torch.tensor(targets), reduction), t, torch.tensor(1.0), create_graph=True
    )
    (expected,) = torch.autograd.grad((first * torch.tensor(direction)).sum(), t)
    np.testing.assert_allclose(second, expected.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_arrays_give_what_tensors_give(case):
    loss_of, x, targets, _ = CASES[case]
    loss = loss_of(x, targets)
    assert not isinstance(loss, Tensor)
    assert loss == loss_of(Tensor(x), targets).item()


def test_sigmoid_cross_entropy_is_exact_where_its_definition_cancels():
    # The definition in 60 digits: -y log(p) - (1 - y) log(1 - p), with p = 1 / (1 + exp(-x))
    with mpmath.workdps(60):
        for x in (-1e4, -800.0, -40.0, -1e-9, 0.0, 0.5, 40.0, 800.0, 1e4):
            for y in (0.0, 1e-12, 0.3, 0.5, 1 - 2**-40, 1.0):
                a, b = mpmath.mpf(x), mpmath.mpf(y)
                exact = (1 - b) * a + mpmath.log1p(mpmath.exp(-a))
                got = sigmoid_cross_entropy(np.array([x]), np.array([y]), reduction="none")[0]
                smallest = 2**-1074
                assert abs(mpmath.mpf(float(got)) - exact) <= 8 * max(np.spacing(float(exact)), smallest), (x, y)


def test_a_class_ruled_out_by_a_logit_of_minus_infinity():
    logits = Tensor([[0.0, -math.inf, 0.0], [-math.inf, 1.0, -math.inf]])
    for labels in ([0, 1], [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]):
        losses = softmax_cross_entropy(logits, labels, reduction="none")
        np.testing.assert_allclose(losses.data, [math.log(2), 0], rtol=1e-15)
        logits.zero_grad()
        losses.backward()
        assert logits.grad[0, 1] == 0 and np.all(logits.grad[1] == 0)
        assert abs(logits.grad[0, 0]) == abs(logits.grad[0, 2]) == (0.5 if labels == [0, 1] else 0)
    assert softmax_cross_entropy(logits, [1, 1]).item() == math.inf  # the ruled-out class came up


def test_rows_in_every_memory_layout_get_the_same_gradient():
    logits, labels = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    straight = Tensor(logits)
    softmax_cross_entropy(straight, labels).backward()
    for axes in ((2, 0, 1), (1, 2, 0), (2, 1, 0)):
        turned = Tensor(np.ascontiguousarray(logits.transpose(axes)).transpose(np.argsort(axes)))
        assert turned.shape == logits.shape and not turned.data.flags.c_contiguous
        softmax_cross_entropy(turned, labels).backward()
        np.testing.assert_allclose(turned.grad, straight.grad, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
def test_class_numbers_of_every_int(dtype):
    logits, labels = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    x = Tensor(logits)
    loss = softmax_cross_entropy(x, labels.astype(dtype))
    loss.backward()
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    named = labels[..., None] == np.arange(5)
    assert loss.item() == pytest.approx(-np.log(p[named]).mean(), rel=1e-13)
    np.testing.assert_allclose(x.grad, (p - named) / 12, rtol=1e-12, atol=1e-16)


def test_a_loss_in_the_middle_of_a_graph():
    # d/dw of 3 (w x - y)^2 at w = 2, x = 5, y = 4: 6 (w x - y) x
    w = Tensor(2.0)
    (3 * mse_loss(w * 5, 4.0)).backward()
    assert w.grad == 6 * (2 * 5 - 4) * 5


def test_an_empty_batch():
    for loss_of, x, targets in (
        (sigmoid_cross_entropy, np.zeros(0), np.zeros(0)),
        (softmax_cross_entropy, np.zeros((0, 3)), np.zeros(0, int)),
        (mse_loss, np.zeros(0), np.zeros(0)),
    ):
        x = Tensor(x)
        assert loss_of(x, targets, reduction="none").shape == (0,)
        assert loss_of(x, targets, reduction="sum").item() == 0
        with pytest.warns(RuntimeWarning):  # as NumPy's mean of nothing
            assert math.isnan(loss_of(x, targets).item())


NO_NUMBERS = [
    None, "text", b"text", {}, object(), len, float, np.float64, np.ndarray, (x for x in [1.0]), 10**400,
    np.array([1.0, None]), np.array(["2020-01-01"], "M8[D]"), np.timedelta64(1, "s"), np.zeros(2, [("x", float)]),
    np.ma.array([0.0, 1.0], mask=[0, 1]), [None, 1.0], ["a", "b"],
]  # fmt: skip
LOSSES = {
    "sigmoid_cross_entropy": (sigmoid_cross_entropy, [0.0, 1.0], [0, 1]),
    "softmax_cross_entropy": (softmax_cross_entropy, [[0.0, 1.0]], [1]),
    "mse_loss": (mse_loss, [0.0, 1.0], [0, 1]),
}


# What stands around a loss -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", LOSSES)
def test_lists_of_tensors_are_stacked(name, which):
    """The numbers and gradients of a list are those of np.stack of it, for predictions and for targets."""
    loss_of = LOSSES[name][0]
    given = [np.array([[0.5, -2.0], [3.0, 1.0]]), np.array([[0.25, 0.75], [0.5, 0.5]])]
    parts, stacked = [Tensor(row) for row in given[which]], Tensor(given[which])
    for value in (parts, tuple(parts), stacked):
        args = list(given)
        args[which] = value
        loss_of(*args).backward()
    for part, g in zip(parts, stacked.grad, strict=True):
        np.testing.assert_allclose(part.grad, 2 * g, rtol=1e-15)
        assert np.all(g != 0)


def test_lists_in_lists_of_tensors_and_numbers_are_stacked_too():
    a, b = Tensor(1.0), Tensor(3.0)
    mse_loss([[a, 0.0], [2.0, b]], [[0.0, 0.0], [0.0, 1.0]], "sum").backward()  # a^2 + 4 + (b - 1)^2
    assert a.grad == 2 and b.grad == 4
    labels = [Tensor(0.25), Tensor(0.75)]
    softmax_cross_entropy([0.0, 1.0], labels).backward()
    np.testing.assert_allclose([y.grad for y in labels], -np.log(np.exp([0, 1]) / np.exp([0, 1]).sum()), rtol=1e-14)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_array_of_class_numbers_may_be_used_again_before_backward(reduction):
    x, labels = rng.normal(size=(4, 3)), np.array([0, 1, 2, 1])
    expected = Tensor(x)
    softmax_cross_entropy(expected, labels, reduction).backward()
    for kept in (labels.copy(), labels.astype(np.uint8), memoryview(labels.copy())):
        logits = Tensor(x)
        loss = softmax_cross_entropy(logits, kept, reduction)
        kept[:] = np.zeros(4, np.asarray(kept).dtype)  # the next batch
        loss.backward(retain_graph=True)
        np.testing.assert_array_equal(logits.grad, expected.grad)
        logits.zero_grad()
        loss.backward(create_graph=True)  # by rules that look at the labels, not at what was saved
        np.testing.assert_allclose(logits.grad.data, expected.grad, rtol=1e-12)


def test_a_loss_records_nothing_that_it_needn_t():
    with no_grad():
        assert not softmax_cross_entropy(Tensor(np.zeros((2, 3))), [0, 1]).requires_grad
    targets = np.zeros((2, 3))
    loss = mse_loss(Tensor(np.ones((2, 3))), targets)
    assert any(arg is targets for arg in loss._args), "an array that is no class number isn't copied"


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSES)
def test_bad_input_of_every_loss(name):
    loss_of, x, targets = LOSSES[name]
    for reduction in ("average", None, "Mean", 1, ["mean"], np.array("mean"), np.array(["mean", "sum"]), Tensor(1.0)):
        with pytest.raises(ValueError, match=rf"{name}: reduction must be 'mean', 'sum' or 'none', not "):
            loss_of(Tensor(x), targets, reduction=reduction)
    with pytest.raises(ValueError, match=rf"{name}: .*\(7,\)"):
        loss_of(Tensor(x), np.zeros(7, int))
    with pytest.raises(ValueError, match=rf"{name}: .*\({len(targets)}, 1, 1\)"):  # nothing is broadcast
        loss_of(Tensor(x), np.reshape(targets, (-1, 1, 1)))
    with pytest.raises(TypeError, match=rf"{name}: .* must be real numbers, not <U"):
        loss_of(Tensor(x), ["cat"] * len(targets))
    with pytest.raises(TypeError, match=rf"{name}: .* must be real numbers, not object"):
        loss_of(Tensor(x), np.array([None] * len(targets)))
    with pytest.raises(TypeError, match=rf"{name}: .* must be real numbers, not complex128"):
        loss_of(Tensor(np.asarray(x) + 1j), targets)
    with pytest.raises(TypeError, match=rf"{name}: .* must be real numbers, not complex128"):
        loss_of(Tensor(x), np.asarray(targets) + 1j)
    first = "predictions" if name == "mse_loss" else "logits"
    second = "targets" if name == "mse_loss" else "labels"
    for wrong in NO_NUMBERS:
        with pytest.raises(
            TypeError, match=rf"{name}: ({first} must be real numbers, not|a MaskedArray isn't supported)"
        ):
            loss_of(wrong, targets)
        with pytest.raises(
            TypeError, match=rf"{name}: ({second} must be real numbers, not|a MaskedArray isn't supported)"
        ):
            loss_of(Tensor(x), wrong)
    ragged, itself = [[0.0], [0.0, 1.0]], [0.0]
    itself.append(itself)
    for wrong in (ragged, itself, [Tensor(1.0), Tensor([1.0, 2.0])]):
        with pytest.raises(ValueError, match=rf"{name}: {first} can't be made an array"):
            loss_of(wrong, targets)
        with pytest.raises(ValueError, match=rf"{name}: {second} can't be made an array"):
            loss_of(Tensor(x), wrong)


@pytest.mark.parametrize("label", [-1, 1.5, np.nan])
def test_labels_that_are_not_probabilities_are_errors(label):
    with pytest.raises(ValueError, match="sigmoid_cross_entropy: labels must lie from 0 to 1"):
        sigmoid_cross_entropy(Tensor([0.0, 1.0]), [0, label])


def test_invalid_class_numbers_are_errors():
    logits = Tensor(np.zeros((2, 3)))
    for labels in ([0, 3], [-1, 0]):
        with pytest.raises(ValueError, match=r"3 classes .* \(2, 3\), class numbers must lie from 0 to 2, not from"):
            softmax_cross_entropy(logits, labels)
    for labels in ([0.0, 1.0], [True, False], [np.nan, 0.0]):
        with pytest.raises(TypeError, match=r"class numbers must be ints, not .*use labels.astype\(int\)"):
            softmax_cross_entropy(logits, labels)


def test_the_way_out_that_is_named_for_class_numbers_that_are_floats_works():
    logits = Tensor(np.zeros((2, 3)))
    for labels in (np.array([0.0, 2.0]), Tensor([0.0, 2.0]), np.array([True, False])):
        with pytest.raises(TypeError, match="class numbers must be ints") as error:
            softmax_cross_entropy(logits, labels)
        way_out = str(error.value).split("use ")[1]
        assert softmax_cross_entropy(logits, eval(way_out, {"labels": labels})).item() == pytest.approx(np.log(3))


def test_logits_need_an_axis_of_classes():
    with pytest.raises(ValueError, match=r"logits need an axis of classes"):
        softmax_cross_entropy(Tensor(1.0), 0)


@pytest.mark.parametrize("rows", [[[0.5, 0.4]], [[-0.5, 1.5]], [[np.nan, 1.0]]])
def test_rows_that_are_not_probabilities_are_errors(rows):
    with pytest.raises(ValueError, match="rows of labels must be probabilities"):
        softmax_cross_entropy(Tensor([[0.0, 0.0]]), rows)
