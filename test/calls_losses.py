"""Valid calls of losses, and of the layers that are losses, for test_wrong_calls.py."""

import inspect

import numpy as np
from wrong_values import (
    Either,
    New,
    Wrong,
    _plain_numbers,
    above_zero,
    class_numbers,
    exactly_whole,
    finite,
    flag,
    function,
    norm_order,
    nothing,
    numbers,
    or_none,
    rate,
    within,
)

from tensorgrad import Tensor, losses, nn

X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.25]])
SHARES = np.array([[0.25, 0.5, 0.75], [0.125, 0.5, 0.25]])
SIGNS, LABELS, SEVERAL = np.sign(X - 1), np.array([0, 2]), np.array([[0, 2, -1], [-1, 0, 1]])
T, P = New(lambda: Tensor(X.copy())), New(lambda: Tensor(SHARES.copy()))
STEPS = New(lambda: Tensor(np.log(np.full((4, 2, 3), 1 / 3))))

like_x = numbers(X.shape)
from_0_to_1 = within(0, 1, like_x)
of_classes = or_none(numbers((3,)))
broadcasts = or_none(numbers((2, 3), (3,), (1, 3), (2, 1), (1,), (1, 1), ()))
REDUCTION = {"reduction": ("sum", nothing)}
index = exactly_whole()


def probability(value):
    return rate(np.nextafter(1, 2))(value)


def constant(value):
    """Numbers; Tensors that require a gradient may be refused."""
    array = numbers()(value)
    return Either(array) if isinstance(value, Tensor) or any_tensors(value) else array


def any_tensors(value):
    return isinstance(value, list) and any(isinstance(part, Tensor) for part in value)


def a_vector(value):
    array = constant(value)
    if (array.value if isinstance(array, Either) else array).ndim != 1:
        raise Wrong
    return array


def signs(*shapes):
    """1 and -1 alone."""

    def kind(value):
        array = numbers(*shapes)(value)
        if not np.all(np.abs(array) == 1):
            raise Wrong
        return array

    return kind


def classes_or_ignored(value):
    """Class numbers, or probabilities of the shape of x."""
    try:
        return class_numbers((2,), 3)(value)
    except Wrong:
        array = like_x(value)
        if not isinstance(value, np.ndarray | Tensor) or value.dtype.kind != "f":
            raise
        return array


def several(value):
    """Rows of class numbers from -1 on."""
    return class_numbers(X.shape, 4)(np.asarray(class_of(value)) + 1) - 1


def class_of(value):
    array = _plain_numbers(value)
    if array.dtype.kind not in "iu":
        raise Wrong
    return array.astype(int)


def lengths(most):
    """Two ints from 0 to so much."""

    def kind(value):
        array = class_of(value)
        if array.size != 2 or np.any(array < 0) or np.any(array > most):
            raise Wrong
        return Either(array.ravel()) if array.ndim != 1 else array

    return kind


def labels(value):
    """Of two and of one that count: in rows, or one behind the other."""
    array = class_of(value)
    if array.shape not in ((2, 2), (3,)) or np.any(array < 1) or np.any(array > 2):
        raise Wrong
    return array


def of_numbers(**more):
    return {"input": (T, like_x), "target": (X[::-1].copy(), like_x), **more, **REDUCTION}


WEIGHT, FACTORS = ([0.5, 1.0, 2.0], of_classes), (SHARES, broadcasts)
OWN_WEIGHT, OWN_FACTORS = ([0.5, 1.0, 2.0], or_none(a_vector)), (SHARES, or_none(constant))  # of what isn't there yet
SAME = (SHARES, or_none(like_x))
LOG, FULL, EPS, SWAP = (False, flag), (True, flag), (0.5, rate()), (True, flag)
MARGIN, BETA = (0.5, finite()), (0.5, rate())
IGNORE, SMOOTHING = {"ignore_index": (-100, index)}, {"label_smoothing": (0.25, probability)}
CLASSES = {"input": (T, like_x), "target": (LABELS, class_numbers((2,), 3))}
PAIRS = {"input1": (T, like_x), "input2": (X[::-1].copy(), like_x)}
TRIPLETS = {"anchor": (T, like_x), "positive": (X[::-1].copy(), like_x), "negative": (SHARES, like_x)}
OF_TRIPLETS = {"margin": (5.0, above_zero), "swap": SWAP}
CTC = {
    "log_probs": (STEPS, numbers((4, 2, 3))),
    "targets": (np.array([[1, 2], [2, 1]]), labels),
    "input_lengths": ([4, 3], lengths(4)),
    "target_lengths": ([2, 1], lengths(2)),
}
BLANK = {"blank": (0, exactly_whole(0, 0))}
NO_ANSWER = {"zero_infinity": (False, flag)}


def ordered(func, given):
    """What a function is given, in the order of its parameters."""
    names = [name for name in inspect.signature(func).parameters if name in given]
    assert len(names) == len(given)
    return {name: given[name] for name in names}


def of_class(name, made, called):
    """The entries of a class: of its constructor, and of its forward."""
    cls = getattr(nn, name)
    called = {key: value for key, value in called.items() if key != "reduction"}
    return {
        name: (cls, ordered(cls, {**made, **REDUCTION})),
        f"{name}.forward": (cls.forward, {"self": New(cls), **ordered(cls.forward, called)}),
    }


CALLS = {
    "l1_loss": (losses.l1_loss, of_numbers() | {"weight": SAME}),
    "smooth_l1_loss": (losses.smooth_l1_loss, of_numbers() | {"beta": BETA}),
    "huber_loss": (losses.huber_loss, of_numbers() | {"delta": (0.5, above_zero), "weight": SAME}),
    "cross_entropy": (
        losses.cross_entropy,
        {"input": (T, like_x), "target": (LABELS, classes_or_ignored), "weight": WEIGHT}
        | (IGNORE | REDUCTION | SMOOTHING),
    ),
    "nll_loss": (losses.nll_loss, CLASSES | {"weight": WEIGHT} | IGNORE | REDUCTION),
    "binary_cross_entropy": (
        losses.binary_cross_entropy,
        {"input": (P, from_0_to_1), "target": (SHARES, from_0_to_1), "weight": FACTORS} | REDUCTION,
    ),
    "binary_cross_entropy_with_logits": (
        losses.binary_cross_entropy_with_logits,
        {"input": (T, like_x), "target": (SHARES, from_0_to_1), "weight": FACTORS}
        | (REDUCTION | {"pos_weight": FACTORS}),
    ),
    "kl_div": (losses.kl_div, of_numbers() | {"log_target": LOG}),
    "poisson_nll_loss": (
        losses.poisson_nll_loss, of_numbers() | {"log_input": LOG, "full": FULL, "eps": EPS} | REDUCTION
    ),
    "gaussian_nll_loss": (
        losses.gaussian_nll_loss,
        of_numbers()
        | {"var": (SHARES, within(0, np.inf, numbers((2, 3), (2, 1), (1, 3), (2,), ()))), "full": FULL, "eps": EPS}
        | REDUCTION,
    ),
    "hinge_embedding_loss": (
        losses.hinge_embedding_loss,
        {"input": (T, like_x), "target": (SIGNS, signs((2, 3))), "margin": MARGIN} | REDUCTION,
    ),
    "margin_ranking_loss": (
        losses.margin_ranking_loss, PAIRS | {"target": (SIGNS, like_x), "margin": MARGIN} | REDUCTION
    ),
    "cosine_embedding_loss": (
        losses.cosine_embedding_loss, PAIRS | {"target": ([1, -1], signs((2,))), "margin": MARGIN} | REDUCTION
    ),
    "soft_margin_loss": (
        losses.soft_margin_loss, {"input": (T, like_x), "target": (SIGNS, like_x)} | REDUCTION
    ),
    "multi_margin_loss": (
        losses.multi_margin_loss,
        CLASSES | {"p": (1, exactly_whole(1, 2)), "margin": MARGIN, "weight": WEIGHT} | REDUCTION,
    ),
    "multilabel_margin_loss": (
        losses.multilabel_margin_loss, {"input": (T, like_x), "target": (SEVERAL, several)} | REDUCTION
    ),
    "multilabel_soft_margin_loss": (
        losses.multilabel_soft_margin_loss,
        {"input": (T, like_x), "target": (SHARES, from_0_to_1), "weight": FACTORS} | REDUCTION,
    ),
    "triplet_margin_loss": (
        losses.triplet_margin_loss,
        TRIPLETS | {"margin": (5.0, above_zero), "p": (2.0, norm_order), "eps": EPS, "swap": SWAP} | REDUCTION,
    ),
    "triplet_margin_with_distance_loss": (
        losses.triplet_margin_with_distance_loss,
        TRIPLETS | {"distance_function": (None, or_none(function))} | OF_TRIPLETS | REDUCTION,
    ),
    "ctc_loss": (losses.ctc_loss, CTC | BLANK | REDUCTION | NO_ANSWER),
}  # fmt: skip
CALLS = {name: (func, ordered(func, given)) for name, (func, given) in CALLS.items()}

CALLS |= of_class("L1Loss", {}, of_numbers())
CALLS |= of_class("MSELoss", {}, of_numbers())
CALLS |= of_class("SmoothL1Loss", {"beta": BETA}, of_numbers())
CALLS |= of_class("HuberLoss", {"delta": (0.5, above_zero)}, of_numbers())
CALLS |= of_class(
    "CrossEntropyLoss",
    {"weight": OWN_WEIGHT, **IGNORE, **SMOOTHING},
    {"input": (T, like_x), "target": (LABELS, classes_or_ignored)},
)
CALLS |= of_class("NLLLoss", {"weight": OWN_WEIGHT, **IGNORE}, CLASSES)
CALLS |= of_class("BCELoss", {"weight": OWN_FACTORS}, {"input": (P, from_0_to_1), "target": (SHARES, from_0_to_1)})
CALLS |= of_class(
    "BCEWithLogitsLoss",
    {"weight": OWN_FACTORS, "pos_weight": OWN_FACTORS},
    {"input": (T, like_x), "target": (SHARES, from_0_to_1)},
)
CALLS |= of_class("KLDivLoss", {"log_target": LOG}, of_numbers())
CALLS |= of_class("PoissonNLLLoss", {"log_input": LOG, "full": FULL, "eps": EPS}, of_numbers())
CALLS |= of_class(
    "GaussianNLLLoss", {"full": FULL, "eps": EPS}, of_numbers() | {"var": CALLS["gaussian_nll_loss"][1]["var"]}
)
CALLS |= of_class("CTCLoss", {"blank": (0, index), **NO_ANSWER}, CTC)
CALLS |= of_class("HingeEmbeddingLoss", {"margin": MARGIN}, {"input": (T, like_x), "target": (SIGNS, signs((2, 3)))})
CALLS |= of_class("MarginRankingLoss", {"margin": MARGIN}, PAIRS | {"target": (SIGNS, like_x)})
CALLS |= of_class("CosineEmbeddingLoss", {"margin": MARGIN}, PAIRS | {"target": ([1, -1], signs((2,)))})
CALLS |= of_class("SoftMarginLoss", {}, {"input": (T, like_x), "target": (SIGNS, like_x)})
CALLS |= of_class("MultiMarginLoss", {"p": (1, exactly_whole(1, 2)), "margin": MARGIN, "weight": OWN_WEIGHT}, CLASSES)
CALLS |= of_class("MultiLabelMarginLoss", {}, {"input": (T, like_x), "target": (SEVERAL, several)})
CALLS |= of_class(
    "MultiLabelSoftMarginLoss", {"weight": OWN_FACTORS}, {"input": (T, like_x), "target": (SHARES, from_0_to_1)}
)
CALLS |= of_class(
    "TripletMarginLoss", {"margin": (5.0, above_zero), "p": (2.0, norm_order), "eps": EPS, "swap": SWAP}, TRIPLETS
)
CALLS |= of_class(
    "TripletMarginWithDistanceLoss", {"distance_function": (None, or_none(function)), **OF_TRIPLETS}, TRIPLETS
)
