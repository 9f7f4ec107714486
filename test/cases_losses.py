"""Cases of the losses, each with the formula that it is compared with."""

import itertools
import math

import numpy as np
from cases import case, positive, x

from tensorgrad import losses
from tensorgrad.losses.binary import negative_logit
from tensorgrad.losses.ctc import added_up, emissions_of
from tensorgrad.losses.entropies import picked, placed

LABELS = np.array([2, 0])
WEIGHT = np.array([0.5, 2.0, 1.25])
SIGNS = np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])
REDUCTIONS = ("mean", "sum", "none")


def reduced(a, reduction="mean"):
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](a)


def elementwise(loss, formula, *args, **options):
    """Cases of a loss whose formula is one of elements, for all reductions."""
    for reduction in REDUCTIONS:
        case(
            loss, *args, **options, reduction=reduction,
            like=lambda *values, reduction="mean", **options: reduced(formula(*values, **options), reduction),
        )  # fmt: skip


def logistic(a):
    return 1 / (1 + np.exp(-a))


def as_dtype(a, like):
    return np.asarray(a, like.dtype)


# Of numbers


def smooth_l1(a, b, beta=1.0):
    d = np.abs(a - b)
    return np.where(d < beta, d * d / 2 / beta, d - beta / 2)


def huber(a, b, delta=1.0):
    d = np.abs(a - b)
    return np.where(d < delta, d * d / 2, delta * (d - delta / 2))


elementwise(losses.l1_loss, lambda a, b: np.abs(a - b), x(2, 3), x(2, 3))
elementwise(losses.smooth_l1_loss, smooth_l1, x(2, 3), x(2, 3))
elementwise(losses.smooth_l1_loss, smooth_l1, x(2, 3), x(2, 3), beta=0.5)
case(losses.smooth_l1_loss, x(3), x(3), beta=0, like=lambda a, b, beta: np.mean(np.abs(a - b)))
elementwise(losses.huber_loss, huber, x(2, 3), x(2, 3))
elementwise(losses.huber_loss, huber, x(2, 3), x(2, 3), delta=0.5)
for loss, formula in (
    (losses.l1_loss, lambda a, b: np.abs(a - b)),
    (losses.mse_loss, lambda a, b: (a - b) ** 2),
    (losses.huber_loss, huber),
):
    case(
        loss, x(3), x(3), weight=positive(3),
        like=lambda a, b, weight, formula=formula: np.sum(weight * formula(a, b)) / np.sum(weight),
    )  # fmt: skip

# Of classes


def log_softmax(a, axis=1):
    return a - np.log(np.sum(np.exp(a), axis=axis, keepdims=True))


def one_hot(labels, like, classes=3):
    return as_dtype(labels[..., None] == np.arange(classes), like)


def cross_entropy(a, q, weight=None, reduction="mean", label_smoothing=0.0, keep=None):
    """-sum(w q log(p)) of rows, by the definition."""
    w = np.ones(3, a.dtype) if weight is None else as_dtype(weight, a)
    share = 1.0 if keep is None else as_dtype(keep, a)
    if q.dtype.kind == "i":
        divided_by = np.sum(w[q] * share)
        q = one_hot(q, a)
    else:
        divided_by = len(a)
    q = as_dtype(q, a) * as_dtype(1 - label_smoothing, a) + as_dtype(label_smoothing / 3, a)
    each = -np.sum(w * q * log_softmax(a), axis=1) * share
    return np.sum(each) / as_dtype(divided_by, a) if reduction == "mean" else reduced(each, reduction)


for options in (
    {"weight": None},
    {"weight": WEIGHT},
    {"label_smoothing": 0.25},
    {"weight": WEIGHT, "label_smoothing": 0.25},
):
    for reduction in REDUCTIONS:
        case(losses.cross_entropy, x(2, 3), LABELS, **options, reduction=reduction, like=cross_entropy)
    case(losses.cross_entropy, x(2, 3), x(2, 3, low=0, high=1), **options, like=cross_entropy)
case(losses.cross_entropy, x(2, 3), LABELS, weight=positive(3), like=cross_entropy)
case(
    losses.cross_entropy, x(3, 3), np.array([2, -100, 0]), WEIGHT,
    like=lambda a, k, weight: cross_entropy(a, np.maximum(k, 0), weight, keep=k >= 0),
)  # fmt: skip
case(
    losses.cross_entropy, x(3, 3), np.array([2, 1, 0]), ignore_index=1, label_smoothing=0.5,
    like=lambda a, k, ignore_index, label_smoothing: cross_entropy(
        a, k, label_smoothing=label_smoothing, keep=k != ignore_index
    ),
)  # fmt: skip
case(losses.cross_entropy, x(3), np.array(1), like=lambda a, k: -log_softmax(a, 0)[1])
case(
    losses.cross_entropy, x(1, 3, 2), np.array([[2, 0]]),
    like=lambda a, k: -np.mean(log_softmax(a)[0, k[0], [0, 1]]),
)  # fmt: skip

for reduction in REDUCTIONS:
    case(
        losses.nll_loss, x(2, 3), LABELS, reduction=reduction,
        like=lambda a, k, reduction: reduced(-a[np.arange(2), k], reduction),
    )  # fmt: skip
case(
    losses.nll_loss, x(2, 3), LABELS, positive(3),
    like=lambda a, k, w: -np.sum(w[k] * a[np.arange(2), k]) / np.sum(w[k]),
)  # fmt: skip
case(
    losses.nll_loss, x(1, 3, 2), np.array([[2, -1]]), ignore_index=-1,
    like=lambda a, k, ignore_index: -a[0, 2, 0],
)  # fmt: skip
case(picked, x(2, 3), LABELS, like=lambda a, k: a[np.arange(2), k])
case(placed, x(2), LABELS, 3, like=lambda a, k, classes: a[:, None] * one_hot(k, a))

# Of yes and no


def binary(p, q, weight=1.0):
    return as_dtype(weight, p) * (-q * np.log(p) - (1 - q) * np.log(1 - p))


def with_logits(a, q, weight=1.0, pos_weight=1.0):
    p = logistic(a)
    return as_dtype(weight, a) * (-as_dtype(pos_weight, a) * q * np.log(p) - (1 - q) * np.log(1 - p))


share = {"low": 0.05, "high": 0.95}
elementwise(losses.binary_cross_entropy, binary, x(2, 3, **share), x(2, 3, **share))
elementwise(losses.binary_cross_entropy, binary, x(2, 3, **share), x(2, 3, **share), weight=WEIGHT)
case(negative_logit, x(3, **share), like=lambda p: np.log(1 - p) - np.log(p))
elementwise(losses.binary_cross_entropy_with_logits, with_logits, x(2, 3), x(2, 3, **share))
elementwise(losses.binary_cross_entropy_with_logits, with_logits, x(2, 3), x(2, 3, **share), pos_weight=WEIGHT)
elementwise(
    losses.binary_cross_entropy_with_logits, with_logits, x(2, 3), x(2, 3, **share), weight=positive(3),
    pos_weight=positive(3),
)  # fmt: skip
elementwise(
    losses.multilabel_soft_margin_loss, lambda a, q, weight=1.0: np.mean(with_logits(a, q, weight), axis=-1),
    x(2, 3), x(2, 3, **share),
)  # fmt: skip
elementwise(
    losses.multilabel_soft_margin_loss, lambda a, q, weight=1.0: np.mean(with_logits(a, q, weight), axis=-1),
    x(2, 3), x(2, 3, **share), weight=WEIGHT,
)  # fmt: skip
elementwise(losses.soft_margin_loss, lambda a, y: np.log(1 + np.exp(-as_dtype(y, a) * a)), x(2, 3), SIGNS)

# Of distributions

elementwise(losses.kl_div, lambda a, q: q * (np.log(q) - a), x(2, 3), positive(2, 3))
elementwise(losses.kl_div, lambda a, b, log_target: np.exp(b) * (b - a), x(2, 3), x(2, 3), log_target=True)
case(
    losses.kl_div, x(2, 3), positive(2, 3), reduction="batchmean",
    like=lambda a, q, reduction: np.sum(q * (np.log(q) - a)) / 2,
)  # fmt: skip


def stirling(n):
    m = np.where(n > 1, n, 1)
    return np.where(n > 1, m * np.log(m) - m + np.log(2 * math.pi * m) / 2, 0)


def poisson(a, n, log_input=True, full=False, eps=1e-8):
    losses = np.exp(a) - n * a if log_input else a - n * np.log(a + eps)
    return losses + stirling(n) if full else losses


elementwise(losses.poisson_nll_loss, poisson, x(2, 3), positive(2, 3))
elementwise(losses.poisson_nll_loss, poisson, positive(2, 3), positive(2, 3), log_input=False, full=True, eps=0.5)


def gaussian(a, b, var, full=False):
    return (np.log(var) + (a - b) ** 2 / var + (math.log(2 * math.pi) if full else 0)) / 2


elementwise(losses.gaussian_nll_loss, gaussian, x(2, 3), x(2, 3), positive(2, 3))
elementwise(losses.gaussian_nll_loss, gaussian, x(2, 3), x(2, 3), positive(2, 1), full=True)
case(
    losses.gaussian_nll_loss, x(2, 3), x(2, 3), positive(2),
    like=lambda a, b, var: np.mean(gaussian(a, b, var[:, None])),
)  # fmt: skip
case(losses.gaussian_nll_loss, x(2, 3), x(2, 3), positive(), like=lambda a, b, var: np.mean(gaussian(a, b, var)))

# By margins


def hinge(z):
    return np.maximum(z, 0)


elementwise(
    losses.hinge_embedding_loss, lambda a, y, margin=1.0: np.where(y == 1, a, hinge(margin - a)),
    x(2, 3), SIGNS, margin=0.7,
)  # fmt: skip
elementwise(
    losses.margin_ranking_loss, lambda a, b, y, margin=0.0: hinge(margin - as_dtype(y, a) * (a - b)),
    x(2, 3), x(2, 3), SIGNS, margin=0.3,
)  # fmt: skip


def cosine_embedding(a, b, y, margin=0.0):
    lengths = np.sqrt(np.sum(a * a, axis=-1) + 1e-12) * np.sqrt(np.sum(b * b, axis=-1) + 1e-12)
    cos = np.sum(a * b, axis=-1) / lengths
    return np.where(y == 1, 1 - cos, hinge(cos - margin))


elementwise(losses.cosine_embedding_loss, cosine_embedding, x(2, 3), x(2, 3), SIGNS[:, 0], margin=-0.9)
case(losses.cosine_embedding_loss, x(3), x(3), np.array(1), like=cosine_embedding)


def norm(d, p):
    return np.max(np.abs(d), axis=-1) if p == math.inf else np.sum(np.abs(d) ** p, axis=-1) ** (1 / p)


def triplet(a, b, c, margin=1.0, p=2.0, eps=1e-6, swap=False):
    far = norm(a - c + eps, p)
    return hinge(norm(a - b + eps, p) - (np.minimum(far, norm(b - c + eps, p)) if swap else far) + margin)


vectors = [x(2, 3, low=-1), x(2, 3, high=1), x(2, 3)]
elementwise(losses.triplet_margin_loss, triplet, *vectors)
for p, swap in itertools.product((1.0, 3.0, math.inf), (False, True)):
    elementwise(losses.triplet_margin_loss, triplet, *vectors, margin=2.5, p=p, swap=swap)
elementwise(losses.triplet_margin_with_distance_loss, triplet, *vectors)


def squares(a, b):
    return np.sum((a - b) ** 2, axis=-1)


elementwise(
    losses.triplet_margin_with_distance_loss,
    lambda a, b, c, distance_function, margin, swap: hinge(
        squares(a, b) - np.minimum(squares(a, c), squares(b, c)) + margin
    ),
    *vectors, distance_function=squares, margin=9.0, swap=True,
)  # fmt: skip


def multi_margin(a, k, p=1, margin=1.0, weight=None):
    of_class = a[np.arange(len(a)), k][:, None]
    each = hinge(margin - of_class + a) ** p * (1 - one_hot(k, a))
    return np.sum(each, axis=1) / 3 * (1 if weight is None else as_dtype(weight, a)[k])


elementwise(losses.multi_margin_loss, multi_margin, x(2, 3), LABELS)
elementwise(losses.multi_margin_loss, multi_margin, x(2, 3), LABELS, p=2, margin=0.5, weight=WEIGHT)


def multilabel_margin(a, target):
    each = []
    for scores, row in zip(a, target, strict=True):
        inside = list(itertools.takewhile(lambda k: k >= 0, row))
        others = [j for j in range(len(scores)) if j not in inside]
        each.append(sum([hinge(1 - scores[k] + scores[j]) for k in inside for j in others], scores[0] * 0))
    return np.array(each) / as_dtype(a.shape[1], a)


elementwise(
    losses.multilabel_margin_loss, multilabel_margin,
    x(3, 4), np.array([[2, 0, -1, 1], [1, 1, -1, -1], [-1, 0, 1, 2]]),
)  # fmt: skip

# Connectionist temporal classification: the sum over all alignments, one by one


def labels_of(alignment):
    return [k for k, _ in itertools.groupby(alignment) if k != 0]


def ctc(a, targets, input_lengths, target_lengths, reduction="mean"):
    each = []
    for n, (steps, count) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        wanted = targets[n][:count].tolist()
        ways = [
            np.sum(np.stack([a[t, n, k] for t, k in enumerate(way)]))
            for way in itertools.product(range(a.shape[2]), repeat=steps)
            if labels_of(way) == wanted
        ]
        each.append(-np.log(np.sum(np.exp(np.stack(ways)))) / as_dtype(count if reduction == "mean" else 1, a))
    return reduced(np.stack(each), reduction)


TARGETS, STEPS, COUNTS = np.array([[1, 2], [1, 1], [2, 0]]), [3, 4, 2], [2, 2, 1]
for reduction in REDUCTIONS:
    case(losses.ctc_loss, x(4, 3, 3, low=-3, high=-0.5), TARGETS, STEPS, COUNTS, reduction=reduction, like=ctc)
case(emissions_of, x(2, 2, 3), np.array([[0, 1, 0], [0, 2, 0]]), like=lambda a, k: a[:, [[0], [1]], k])
case(
    added_up, x(2, 1, 3), np.array([[0, 2, 0]]), 3,
    like=lambda g, k, classes: np.stack([g[..., 0] + g[..., 2], 0 * g[..., 0], g[..., 1]], axis=-1),
)  # fmt: skip
