"""CTC beside PyTorch, all forms of its arguments, what has no alignment, and its second derivative."""

import math

import numpy as np
import pytest

from tensorgrad import Tensor, grad, log_softmax, nn, vmap
from tensorgrad.losses import ctc_loss
from tensorgrad.losses.ctc import _sums

torch = pytest.importorskip("torch")

F = torch.nn.functional


def problem(rng, steps=12, n=4, classes=6, longest=5):
    """Logits, labels, of which some repeat, and lengths."""
    targets = rng.integers(1, classes, (n, longest))
    targets[:, 1] = targets[:, 0]
    counts = rng.integers(1, longest + 1, n)
    return rng.normal(size=(steps, n, classes)) * 3, targets, rng.integers(2 * longest, steps + 1, n), counts


def both(x, targets, lengths, counts, dtype=np.float64, **options):
    """Our loss and gradient by logits, and PyTorch's."""
    ours = Tensor(x.astype(dtype))
    loss = ctc_loss(log_softmax(ours), targets, lengths, counts, **options)
    loss.backward()
    theirs = torch.tensor(x.astype(dtype), requires_grad=True)
    tensors = [torch.tensor(np.asarray(v)) for v in (targets, lengths, counts)]
    expected = F.ctc_loss(theirs.log_softmax(-1), *tensors, **options)
    expected.sum().backward()
    assert loss.dtype == ours.grad.dtype == dtype
    return (loss.data, ours.grad), (expected.detach().numpy(), theirs.grad.numpy())


def assert_same(found, expected, rtol=1e-11):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_values_and_gradients_are_those_of_pytorch(rng, reduction, dtype):
    assert_same(*both(*problem(rng), dtype=dtype, reduction=reduction), rtol=1e-11 if dtype is np.float64 else 1e-4)


def test_labels_one_behind_the_other(rng):
    x, targets, lengths, counts = problem(rng)
    joined = np.concatenate([row[:count] for row, count in zip(targets, counts, strict=True)])
    assert_same(*both(x, joined, lengths, counts))
    assert ctc_loss(x, joined, lengths, counts) == ctc_loss(x, targets, lengths, counts)


@pytest.mark.parametrize("blank", [0, 2, 5])
def test_any_class_may_be_the_blank(rng, blank):
    x, targets, lengths, counts = problem(rng)
    targets[targets == blank] = (blank + 1) % 6
    assert_same(*both(x, targets, lengths, counts, blank=blank))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_one_example(rng, reduction):
    x, targets, lengths, counts = problem(rng, n=1)
    labels = targets[0, : counts[0]]
    found, expected = both(x[:, 0], labels, int(lengths[0]), int(counts[0]), reduction=reduction)
    padded = np.append(labels, 1)
    assert ctc_loss(log_softmax(x[:, 0]), padded, lengths, counts, reduction=reduction) == found[0]
    assert_same(found, expected)
    assert found[0].shape == ()


def test_no_labels_and_no_steps(rng):
    x, targets, _, _ = problem(rng)
    assert_same(*both(x, targets, np.full(4, 12), np.array([0, 1, 0, 2]), reduction="none"))
    assert_same(*both(x, targets, np.full(4, 12), np.zeros(4, int)))
    lengths, counts = np.array([0, 3, 0, 3]), np.array([0, 1, 2, 1])
    (loss, g), (expected, their_g) = both(x, targets, lengths, counts, reduction="none")
    np.testing.assert_allclose(loss, expected, rtol=1e-12, atol=1e-12)  # 0 without labels, else inf
    np.testing.assert_allclose(g, their_g, rtol=1e-11, atol=1e-12)
    assert loss[0] == 0 and loss[2] == math.inf and np.all(g[:, [0, 2]] == 0)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_labels_that_no_alignment_leaves(rng, reduction):
    """Three labels, of which two are the same, need four steps."""
    x, targets = rng.normal(size=(4, 2, 3)), np.array([[1, 1, 2], [1, 1, 2]])
    lengths, counts = [3, 4], [3, 3]
    assert_same(*both(x, targets, lengths, counts, reduction=reduction, zero_infinity=True))
    (loss, g), (expected, their_g) = both(x, targets, lengths, counts, reduction=reduction)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    assert np.all(np.isnan(g[:3, 0])) and np.all(np.isnan(their_g[:3, 0]))
    np.testing.assert_array_equal(g[3, 0], 0)  # a step that doesn't count
    np.testing.assert_array_equal(their_g[3, 0], 0)
    if reduction == "none":
        np.testing.assert_allclose(g[:, 1], their_g[:, 1], rtol=1e-11)


def test_probabilities_of_0(rng):
    """PyTorch's gradient is nan where a log-probability is -inf, though other alignments are possible."""
    x = Tensor([[[-1.0, -math.inf, -1.0]], [[-1.0, -1.0, -math.inf]]])
    loss = ctc_loss(x, [[1]], [2], [1])
    loss.backward()
    assert loss.item() == 2 and x.grad.tolist() == [[[-1, 0, 0]], [[0, -1, 0]]]


def test_extreme_logits_and_long_sequences(rng):
    x, targets, lengths, counts = problem(rng, steps=400, longest=40)
    assert_same(*both(300 * x, targets, lengths, counts), rtol=1e-10)
    assert_same(*both(x, targets, lengths, counts), rtol=1e-10)


def test_the_gradient_is_minus_the_probability_of_each_class_given_the_labels(rng):
    x, targets, lengths, counts = problem(rng)
    log_probs = Tensor(log_softmax(x))
    ctc_loss(log_probs, targets, lengths, counts, reduction="sum").backward()
    inside = np.arange(12)[:, None] < lengths
    np.testing.assert_allclose(log_probs.grad.sum(axis=-1), -1.0 * inside, atol=1e-12)
    assert np.all(log_probs.grad <= 0)


def test_second_derivatives_are_the_differences_of_the_first(rng):
    x, targets, lengths, counts = problem(rng, steps=11, n=2, classes=4)
    lengths[0], v = 10, rng.normal(size=x.shape)

    def gradient(x):
        return grad(lambda x: ctc_loss(log_softmax(x), targets, lengths, counts, zero_infinity=True))(x)

    second = grad(lambda x: (gradient(x) * v).sum())(x)
    w, h = rng.normal(size=x.shape), 1e-4
    along = (gradient(x + h * w) - gradient(x - h * w)) / (2 * h)
    assert (second * w).sum() == pytest.approx((along * v).sum(), rel=1e-6)
    impossible = ([[1, 1, 2]], [3], [3])
    y = rng.normal(size=(3, 1, 3))
    twice = grad(lambda y: (grad(lambda y: ctc_loss(y, *impossible, zero_infinity=True))(y) ** 2).sum())(y)
    assert np.all(twice == 0)


def test_recorded_sums_are_those_of_arrays(rng):
    e, skips = rng.normal(size=(6, 3, 5)), rng.uniform(size=(3, 5)) < 0.5
    first, start = np.array([0, 2, 1]), np.where(np.arange(5) < 2, 0, -math.inf) * np.ones((3, 1))
    skips[:, :2] = False
    np.testing.assert_allclose(_sums(Tensor(e), first, start, skips).data, _sums(e, first, start, skips), rtol=1e-13)


def test_vmap(rng):
    _, targets, lengths, counts = problem(rng)
    x = rng.normal(size=(3, 12, 4, 6))
    expected = [ctc_loss(log_softmax(a), targets, lengths, counts) for a in x]
    got = vmap(lambda a: ctc_loss(log_softmax(a), targets, lengths, counts))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    per_example = vmap(grad(lambda a: ctc_loss(log_softmax(a), targets, lengths, counts)))(x)
    np.testing.assert_allclose(
        per_example[1], grad(lambda a: ctc_loss(log_softmax(a), targets, lengths, counts))(x[1]), rtol=1e-12, atol=1e-15
    )


def test_other_layouts_and_kinds_of_ints(rng):
    x, targets, lengths, counts = problem(rng)
    expected = ctc_loss(x, targets, lengths, counts)
    for a in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x[::-1].copy()[::-1]):
        assert ctc_loss(a, targets.astype(np.uint8), lengths.tolist(), tuple(counts.tolist())) == pytest.approx(
            expected
        )
    padded = np.where(np.arange(5) < counts[:, None], targets, -1)  # what doesn't count may be anything
    assert ctc_loss(x, padded, lengths, counts) == expected
    assert ctc_loss(np.zeros((5, 0, 3)), np.zeros((0, 2), int), [], [], reduction="sum") == 0


def test_the_module():
    module, theirs = nn.CTCLoss(blank=1, reduction="sum", zero_infinity=True), torch.nn.CTCLoss(1, "sum", True)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    given = ([[0, 2], [2, 2]], [5, 2], [2, 2])
    expected = theirs(torch.tensor(x).log_softmax(-1), *[torch.tensor(v) for v in given]).item()
    assert module(log_softmax(x), *given) == pytest.approx(expected, rel=1e-13)
    assert repr(module) == "CTCLoss(reduction='sum', blank=1, zero_infinity=True)"


X = np.zeros((5, 2, 3))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ctc_loss(X, [[1], [3]], [5, 5], [1, 1]), "from 0 to 2, for 3 classes, and none be the blank, 0"),
        (lambda: ctc_loss(X, [[1], [0]], [5, 5], [1, 1]), "none be the blank"),
        (lambda: ctc_loss(X, [[1], [-1]], [5, 5], [1, 1]), "from 0 to 2"),
        (lambda: ctc_loss(X, [[1], [1]], [5, 6], [1, 1]), "input_lengths must lie from 0 to 5, .* from 5 to 6"),
        (lambda: ctc_loss(X, [[1], [1]], [5, 5], [1, 2]), "target_lengths must lie from 0 to 1, .* from 1 to 2"),
        (lambda: ctc_loss(X, [[1], [1]], [5], [1, 1]), "input_lengths must be 2 ints"),
        (lambda: ctc_loss(X, [1, 1, 1], [5, 5], [1, 1]), r"targets of shape \(3,\).* target_lengths say, 2"),
        (lambda: ctc_loss(X, [[1]], [5, 5], [1, 1]), r"\(5, 2, 3\), targets must be \(N, S\) = \(2, S\)"),
        (lambda: ctc_loss(X, [[1], [1]], [5, 5], [1, 1], blank=3), "blank must be an int from 0 to 2"),
        (lambda: ctc_loss(X[0, 0], [1], 1, 1), r"log_probs must be \(T, N, C\), or \(T, C\) .* not \(3,\)"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
