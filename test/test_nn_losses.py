"""Losses as modules beside PyTorch's: over all options, for numbers at the edges, and their wrong calls."""

import itertools
import math
import warnings

import numpy as np
import pytest

from tensorgrad import Tensor, functions, losses, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, differences  # noqa: E402

REDUCTIONS = ["mean", "sum", "none"]
FIRST_ONLY = {"L1Loss", "MultiMarginLoss", "MultiLabelMarginLoss"}  # of which PyTorch has no second derivatives
pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")  # PyTorch's own
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def uniform(*shape):
    return rng.uniform(0.05, 0.95, shape)


def positive(*shape):
    return rng.uniform(0.5, 2.0, shape)


def signs(*shape):
    return rng.choice([-1, 1], shape)


def classes(*shape, ignored=False):
    labels = rng.integers(0, 4, shape)
    if ignored and labels.ndim:
        labels.flat[0] = -100
    return labels


WEIGHT = positive(4)
CASES = [  # the class, its options, and what it is called with
    ("L1Loss", {}, (normal(2, 3), normal(2, 3))),
    ("MSELoss", {}, (normal(2, 3), normal(2, 3))),
    *[("SmoothL1Loss", {"beta": beta}, (normal(2, 5), normal(2, 5))) for beta in (1.0, 0.25)],
    *[("HuberLoss", {"delta": delta}, (normal(2, 5), normal(2, 5))) for delta in (1.0, 0.25)],
    *[
        (name, {"weight": weight}, (normal(*shape), classes(*shape[:1], *shape[2:], ignored=ignored)))
        for name in ("NLLLoss", "CrossEntropyLoss")
        for weight in (None, WEIGHT)
        for shape in ((5, 4), (2, 4, 3), (2, 4, 3, 2))
        for ignored in (False, True)
    ],
    *[(name, {}, (normal(4), classes())) for name in ("NLLLoss", "CrossEntropyLoss")],
    ("NLLLoss", {"ignore_index": 2}, (normal(5, 4), np.array([0, 2, 1, 3, 2]))),
    ("CrossEntropyLoss", {"ignore_index": 2}, (normal(5, 4), np.array([0, 2, 1, 3, 2]))),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, (normal(3, 4), classes(3))),
    *[
        ("CrossEntropyLoss", {"weight": weight, "label_smoothing": smoothing}, (normal(2, 4, 3), target))
        for weight in (None, WEIGHT)
        for smoothing in (0.0, 0.2)
        for target in (classes(2, 3, ignored=True), uniform(2, 4, 3))
    ],
    *[("KLDivLoss", {"log_target": log}, (normal(3, 4), uniform(3, 4))) for log in (False, True)],
    *[("BCELoss", {"weight": weight}, (uniform(3, 4), uniform(3, 4))) for weight in (None, WEIGHT, positive(3, 1))],
    *[
        ("BCEWithLogitsLoss", {"weight": weight, "pos_weight": pos}, (normal(3, 4), uniform(3, 4)))
        for weight in (None, WEIGHT)
        for pos in (None, WEIGHT)
    ],
    *[
        ("PoissonNLLLoss", {"log_input": log, "full": full, "eps": 0.1}, (positive(3, 4), positive(3, 4)))
        for log in (False, True)
        for full in (False, True)
    ],
    *[
        ("GaussianNLLLoss", {"full": full}, (normal(3, 4), normal(3, 4), positive(*shape)))
        for full in (False, True)
        for shape in ((3, 4), (3, 1), (3,))
    ],
    ("GaussianNLLLoss", {"eps": 1.0}, (normal(3, 4), normal(3, 4), positive(3, 4))),
    *[("HingeEmbeddingLoss", {"margin": margin}, (normal(3, 4), signs(3, 4))) for margin in (1.0, 0.5)],
    *[("MarginRankingLoss", {"margin": m}, (normal(3, 4), normal(3, 4), signs(3, 4))) for m in (0.0, 0.5)],
    *[("CosineEmbeddingLoss", {"margin": m}, (normal(5, 4), normal(5, 4), signs(5))) for m in (0.0, -0.5)],
    ("CosineEmbeddingLoss", {}, (normal(4), normal(4), signs())),
    *[
        ("MultiMarginLoss", {"p": p, "margin": margin, "weight": weight}, (normal(*shape, 4), classes(*shape)))
        for p in (1, 2)
        for margin in (1.0, 0.5)
        for weight in (None, WEIGHT)
        for shape in ((5,), ())
    ],
    ("MultiLabelMarginLoss", {}, (normal(3, 4), np.array([[1, 3, -1, 0], [-1, 0, 1, 2], [2, 2, 0, -1]]))),
    ("MultiLabelMarginLoss", {}, (normal(4), np.array([3, 0, 1, 2]))),
    *[("MultiLabelSoftMarginLoss", {"weight": weight}, (normal(3, 4), uniform(3, 4))) for weight in (None, WEIGHT)],
    ("MultiLabelSoftMarginLoss", {}, (normal(4), uniform(4))),
    ("SoftMarginLoss", {}, (normal(3, 4), signs(3, 4))),
    *[
        ("TripletMarginLoss", {"margin": 2.0, "p": p, "swap": swap}, (normal(5, 4), normal(5, 4), normal(5, 4)))
        for p in (2.0, 1.0, 3.0, math.inf)
        for swap in (False, True)
    ],
    ("TripletMarginLoss", {"eps": 0.25}, (normal(4), normal(4), normal(4))),
    *[
        ("TripletMarginWithDistanceLoss", {"margin": 2.0, "swap": swap}, (normal(5, 4), normal(5, 4), normal(5, 4)))
        for swap in (False, True)
    ],
]  # fmt: skip
NAMES = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


def both(name, options):
    """Our module and PyTorch's, the options being arrays here and tensors there."""
    as_tensors = {key: torch.tensor(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    return getattr(nn, name)(**options), getattr(torch.nn, name)(**as_tensors)


def target_as_tensor(name, theirs):
    """PyTorch wants the labels of some losses as floats, which we take as ints."""
    if name in ("SoftMarginLoss", "MarginRankingLoss"):
        return lambda *args: theirs(*args[:-1], args[-1].to(torch.float64))
    return theirs


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_every_loss_over_its_options(case, reduction):
    name, options, args = case
    ours, theirs = both(name, options | {"reduction": reduction})
    twice = name not in FIRST_ONLY and options.get("p", 2.0) not in (1.0, math.inf)
    found = differences(ours, target_as_tensor(name, theirs), *args, twice=twice, weights=False)
    assert found["outputs"] < 1e-12 and found["input gradients"] < 1e-12, found
    assert found.get("second derivatives", 0) < 1e-9, found


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div_by_the_number_of_examples(log_target):
    args = (normal(3, 4), uniform(3, 4))
    assert_same(*both("KLDivLoss", {"reduction": "batchmean", "log_target": log_target}), *args, weights=False)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "huber_loss"])
def test_weights_of_numbers(name, reduction):
    args = (normal(3, 4), normal(3, 4))
    ours, theirs = getattr(losses, name), getattr(torch.nn.functional, name)
    weight = positive(3, 4)
    found = differences(
        lambda a, b: ours(a, b, reduction=reduction, weight=weight),
        lambda a, b: theirs(a, b, reduction=reduction, weight=torch.tensor(weight)),
        *args, twice=name != "l1_loss",
    )  # fmt: skip
    assert max(found.values()) < 1e-12, found


@pytest.mark.parametrize("name", ["L1Loss", "CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "BCEWithLogitsLoss"])
def test_float32_stays_float32(name):
    for other, options, args in CASES:
        if other == name:
            x, *rest = args
            t = Tensor(x.astype(np.float32))
            loss = getattr(nn, name)(**options)(t, *rest)
            loss.backward()
            assert loss.dtype == t.grad.dtype == np.float32


def test_weights_are_buffers_under_pytorchs_names():
    for name in ("CrossEntropyLoss", "NLLLoss", "BCELoss", "MultiMarginLoss", "MultiLabelSoftMarginLoss"):
        ours, theirs = both(name, {"weight": WEIGHT})
        assert ours.state_dict().keys() == theirs.state_dict().keys() == {"weight"}
        assert getattr(nn, name)().state_dict() == {}
        ours.load_state_dict({"weight": 2 * WEIGHT})
        np.testing.assert_array_equal(ours.weight, 2 * WEIGHT)
    ours, theirs = both("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": 2 * WEIGHT})
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["weight", "pos_weight"]


def test_constructors_have_pytorchs_arguments_in_their_order_with_their_defaults():
    import inspect

    gone = {"self", "size_average", "reduce"}
    for name in {name for name, _, _ in CASES} | {"CTCLoss"}:
        ours = inspect.signature(getattr(nn, name)).parameters
        theirs = inspect.signature(getattr(torch.nn, name)).parameters
        wanted = [(p.name, p.default, p.kind) for p in theirs.values() if p.name not in gone]
        assert [(p.name, p.default, p.kind) for p in ours.values()] == wanted, name


# Edges ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0])])
def test_cross_entropy_is_exact_for_extreme_logits(weight, smoothing, reduction):
    x = np.array([[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4], [0.0, 1e4]])
    labels = np.array([1, 1, 0, -100])
    options = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
    assert_same(*both("CrossEntropyLoss", options), x, labels, rtol=1e-14, weights=False)
    if not smoothing and weight is None and reduction == "none":
        np.testing.assert_array_equal(losses.cross_entropy(x, labels, reduction="none"), [2e4, 0, np.log(2), 0])


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0])])
def test_if_all_are_ignored_the_mean_is_nan_and_the_gradient_0(name, weight):
    x = Tensor(normal(3, 2))
    loss = getattr(nn, name)(weight=weight)(x, np.full(3, -100))
    loss.backward()
    assert math.isnan(loss.item()) and np.all(x.grad == 0)
    assert_same(*both(name, {"weight": weight}), x.data, np.full(3, -100), weights=False)
    for reduction in ("sum", "none"):
        assert np.all(getattr(nn, name)(weight=weight, reduction=reduction)(x, np.full(3, -100)).data == 0)


def test_what_is_ignored_may_be_infinite():
    x = Tensor([[-math.inf, 0.0], [0.0, 1.0]])
    loss = losses.nll_loss(x, [-100, 1])
    loss.backward()
    assert loss.item() == -1 and x.grad.tolist() == [[0, 0], [0, -1]]
    assert losses.nll_loss(x, [0, 1], weight=[0.0, 1.0]).item() == -1  # of PyTorch nan: 0 * inf


def test_probabilities_of_0_and_1():
    p, q = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    ours, theirs = Tensor(p), torch.tensor(p, requires_grad=True)
    loss = losses.binary_cross_entropy(ours, q, reduction="none")
    expected = torch.nn.functional.binary_cross_entropy(theirs, torch.tensor(q), reduction="none")
    loss.backward()
    expected.sum().backward()
    np.testing.assert_array_equal(loss.data, expected.detach().numpy())
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-8)  # its 1e-12 is a float32
    target = Tensor(q)  # the loss is linear in it
    losses.binary_cross_entropy(p, target, reduction="none").backward()
    np.testing.assert_array_equal(target.grad, [100, -100, 100, -100])


def test_a_target_of_0_has_no_part_in_a_divergence():
    q = Tensor([0.0, 1.0])
    loss = losses.kl_div(Tensor([-math.inf, -1.0]), q, reduction="none")
    loss.backward()
    assert loss.data.tolist() == [0, 1] and q.grad.tolist() == [0, 2]


# Where a loss has a kink, and PyTorch's choice of its sides
TIES = {
    "L1Loss": ({}, [np.zeros(2), np.zeros(2)]),
    "SmoothL1Loss": ({}, [np.array([1.0, -1.0, 0.0]), np.zeros(3)]),
    "HuberLoss": ({}, [np.array([1.0, -1.0, 0.0]), np.zeros(3)]),
    "HingeEmbeddingLoss": ({}, [np.array([1.0, 1.0]), np.array([-1, 1])]),
    "MarginRankingLoss": ({}, [np.ones(2), np.ones(2), np.array([1.0, -1.0])]),
    "CosineEmbeddingLoss": ({}, [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([-1])]),
    "MultiMarginLoss": ({}, [np.array([[1.0, 0.0, -1.0]]), np.array([0])]),
    "MultiLabelMarginLoss": ({}, [np.array([[1.0, 0.0, -1.0]]), np.array([[0, -1, -1]])]),
    "TripletMarginLoss": (
        {"margin": 1.0, "eps": 0.0, "p": 1.0},
        [np.zeros((1, 2)), np.array([[1.0, 1.0]]), np.array([[3.0, 0.0]])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TIES)
def test_slopes_at_kinks(name):
    options, args = TIES[name]
    ours, theirs = both(name, {**options, "reduction": "none"})
    given = [torch.tensor(a, requires_grad=i < 1) for i, a in enumerate(args)]
    theirs(*given).sum().backward()
    x = Tensor(args[0])
    ours(x, *args[1:]).backward()
    np.testing.assert_allclose(x.grad, given[0].grad.numpy(), rtol=1e-9)
    if name in ("SmoothL1Loss", "HuberLoss"):
        assert_same(ours, theirs, *args, weights=False)


def test_distances_of_0_have_gradient_0():
    x = [Tensor(np.zeros((1, 3))) for _ in range(3)]
    loss = nn.TripletMarginLoss(eps=0.0, swap=True)(*x)
    loss.backward()
    assert loss.item() == 1 and all(np.all(t.grad == 0) for t in x)


def test_a_variance_below_eps_counts_as_eps():
    args = (np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.0, 1e-7]))
    assert_same(*both("GaussianNLLLoss", {"reduction": "none"}), *args, weights=False)
    with pytest.raises(ValueError, match="gaussian_nll_loss: var must not be negative"):
        nn.GaussianNLLLoss()(*args[:2], np.array([1.0, -1.0]))


# What stands around --------------------------------------------------------------------------------------------------

LOSSES = {name: (options, args) for name, options, args in CASES}


@pytest.mark.parametrize("name", LOSSES)
def test_arrays_give_arrays_and_lists_are_taken(name):
    options, args = LOSSES[name]
    loss = getattr(nn, name)(**options)
    given = loss(*args)
    assert not isinstance(given, Tensor)
    assert loss(Tensor(args[0]), *args[1:]).item() == pytest.approx(given.item(), rel=1e-14)
    assert loss(*[a.tolist() for a in args]).item() == pytest.approx(given.item(), rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("first", [0, -1])
def test_vmap_over_all_that_it_is_called_with(name, first):
    options, args = [case[1:] for case in CASES if case[0] == name][first]
    loss = getattr(nn, name)(**options)
    others = [a[::-1].copy() if a.ndim else a for a in args]
    stacked = [np.stack([a, b]) for a, b in zip(args, others, strict=True)]
    expected = [loss(*args), loss(*others)]
    got = vmap(loss, (0,) * len(args))(*stacked)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_an_empty_batch(name):
    options, args = LOSSES[name]
    if args[0].ndim < 2:
        args = [np.empty((0, *a.shape), a.dtype) for a in args]
    loss = getattr(nn, name)(**{k: v for k, v in options.items() if k != "weight"} | {"reduction": "sum"})
    x = Tensor(args[0][:0])
    y = loss(x, *[a[:0] for a in args[1:]])
    y.backward()
    assert y.item() == 0 and x.grad.shape == x.shape


def test_the_array_of_class_numbers_may_be_filled_again_before_backward():
    for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        x, labels = normal(5, 4), classes(5)
        grads = []
        for change in (False, True):
            t, given = Tensor(x), labels.copy()
            loss = getattr(nn, name)()(t, given)
            if change:
                given[:] = 0
            loss.backward()
            grads.append(t.grad)
        np.testing.assert_array_equal(*grads)


# Wrong calls ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0, 3]), ValueError, r"from 0 to 2, or be .* not from 0 to 3"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0, -1]), ValueError, r"or be ignore_index, -100, not from -1"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0, 1, 2]), ValueError, r"\(2,\), not \(3,\)"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0.0, 1.0]), TypeError, r"ints, not float64; use target.astype"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), np.ones((2, 3), int)), TypeError, "probabilities, as floats"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0, 1], [1.0, 2.0]), ValueError, r"\(3,\), not \(2,\)"),
        (lambda: losses.cross_entropy(np.ones((2, 3)), [0, 1], label_smoothing=2), ValueError, "label_smoothing must"),
        (lambda: losses.cross_entropy(np.ones((2, 3, 4)), np.ones((2, 3), int)), ValueError, r"\(2, 4\), not \(2, 3\)"),
        (lambda: losses.cross_entropy(np.float64(1), 0), ValueError, "needs an axis of classes"),
        (lambda: losses.nll_loss(np.ones((2, 3)), [0, 3]), ValueError, r"nll_loss: .* from 0 to 2"),
        (lambda: losses.l1_loss(np.ones(2), np.ones(3)), ValueError, r"\(2,\) of the input, not \(3,\)"),
        (lambda: losses.mse_loss(np.ones(2), np.ones(2), weight=np.ones(3)), ValueError, r"weight .* not \(3,\)"),
        (lambda: losses.binary_cross_entropy([1.5], [1.0]), ValueError, "for logits, use binary_cross_entropy_with_l"),
        (lambda: losses.binary_cross_entropy([0.5], [2.0]), ValueError, "target must lie from 0 to 1"),
        (lambda: losses.binary_cross_entropy([0.5], [1.0], [[1.0]]), ValueError, r"\(1, 1\) doesn't broadcast"),
        (lambda: losses.hinge_embedding_loss([0.5], [0]), ValueError, "must be 1 or -1"),
        (lambda: losses.cosine_embedding_loss(np.ones((2, 3)), np.ones((2, 3)), [1]), ValueError, r"\(2, 3\) and \(1,"),
        (lambda: losses.multi_margin_loss(np.ones((2, 3)), [0, 1], p=3), ValueError, "p must be 1 or 2, not 3"),
        (lambda: losses.multilabel_margin_loss(np.ones((1, 2)), [[2, -1]]), ValueError, "not from -1 to 2"),
        (lambda: losses.triplet_margin_loss([1.0], [1.0], [1.0, 2.0]), ValueError, r"\(1,\) of the anchor, not \(2,\)"),
        (lambda: losses.triplet_margin_loss([1.0], [1.0], [1.0], margin=0), ValueError, "margin must be positive"),
        (lambda: losses.gaussian_nll_loss(np.ones((2, 3)), np.ones((2, 3)), np.ones(3)), ValueError, r"not \(3,\)"),
        (lambda: nn.CrossEntropyLoss(reduction="average"), ValueError, "CrossEntropyLoss: reduction must be 'mean'"),
        (lambda: nn.L1Loss(reduction="batchmean"), ValueError, "L1Loss: reduction must be"),
        (lambda: nn.BCELoss(weight="heavy"), TypeError, "BCELoss: weight must be real numbers"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_every_loss_is_a_function_of_functions_too():
    for name in set(losses.__all__) - {"sigmoid_cross_entropy", "softmax_cross_entropy"}:
        assert getattr(functions, name) is getattr(losses, name)


# PyTorch's own examples ----------------------------------------------------------------------------------------------


def samples():
    """Of each loss, the options and arguments that PyTorch tests it with."""
    pytest.importorskip("expecttest")  # which PyTorch's own samples need
    from torch.testing._internal.common_modules import module_db

    named = {name for name, _, _ in CASES} | {"CTCLoss"}
    for info in module_db:
        if (name := info.name.removeprefix("nn.")) in named:
            torch.manual_seed(0)
            for sample in info.module_inputs_func(info, "cpu", torch.float64, True, True):
                yield name, sample.constructor_input, sample.forward_input


def to_arrays(values):
    return [v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in values]


@pytest.mark.slow
def test_the_examples_that_pytorch_tests_itself_with():
    count = 0
    for name, made, called in samples():
        theirs = getattr(torch.nn, name)(*made.args, **made.kwargs)
        ours = getattr(nn, name)(
            *to_arrays(made.args), **dict(zip(made.kwargs, to_arrays(made.kwargs.values()), strict=True))
        )
        args = to_arrays(called.args)
        kwargs = dict(zip(called.kwargs, to_arrays(called.kwargs.values()), strict=True))
        pair = (ours, theirs)
        if name == "CTCLoss":  # PyTorch's gradient is that by logits
            pair = (
                lambda x, *rest, f=ours, **more: f(functions.log_softmax(x), *rest, **more),
                lambda x, *rest, f=theirs, **more: f(torch.log_softmax(x, -1), *rest, **more),
            )
        if name == "SoftMarginLoss":  # whose labels are constants in PyTorch
            y = args.pop()
            pair = (lambda x, f=ours, y=y: f(x, y), lambda x, f=theirs, y=y: f(x, torch.tensor(y)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the logarithms of negative targets
            found = differences(*pair, *args, twice=name not in FIRST_ONLY | {"CTCLoss"}, weights=False, **kwargs)
        assert all(value < 1e-9 for value in found.values()), (name, made, called, found)
        count += 1
    assert count > 250


def test_all_options_of_a_loss_are_among_the_cases():
    for name, options in itertools.groupby(sorted(CASES, key=lambda case: case[0]), key=lambda case: case[0]):
        given = {key for _, kwargs, _ in options for key in kwargs} | {"reduction"}
        owed = set(getattr(nn, name).__init__.__code__.co_varnames[1 : getattr(nn, name).__init__.__code__.co_argcount])
        assert owed <= given, name
