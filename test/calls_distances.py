"""Valid calls of distances, of what picks by index, and of their layers, for test_wrong_calls.py."""

import numpy as np
from wrong_values import (
    Either,
    New,
    Wrong,
    _plain_numbers,
    dtype_of_floats,
    exactly_whole,
    flag,
    norm_order,
    numbers,
    or_none,
    rate,
    seed,
)

from tensorgrad import Tensor, functions, nn

X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.25]])
T, OTHER = New(lambda: Tensor(X.copy())), X[::-1].copy()
ROW = np.array([[1, 0, 2]])

like_x, any_shape = numbers((2, 3)), numbers(real=False)
some = exactly_whole(1, 10**6)
axis = exactly_whole(-2, 1)
index_of_axis = exactly_whole()

EPS, KEEP = (0.5, rate()), (True, flag)


def beside_x(value):
    """Numbers of a shape that broadcasts with (2, 3)."""
    array = numbers()(value)
    try:
        np.broadcast_shapes(array.shape, X.shape)
    except ValueError:
        raise Wrong from None
    return array


PAIR = {"x1": (T, beside_x), "x2": (OTHER, beside_x)}


def two_axes(value):
    array = numbers()(value)
    if array.ndim < 2:
        raise Wrong
    return array


def matrix(value):
    array = numbers()(value)
    if array.ndim != 2:
        raise Wrong
    return array


def no_negative_order(value):
    found = norm_order(value)
    if (found.value if isinstance(found, Either) else found) < 0:
        raise Wrong
    return found


def several_axes(value):
    """An axis, or different ones in a tuple."""
    if not isinstance(value, tuple):
        return axis(value)
    found = [axis(v) for v in value]
    if not found or len({v % 2 for v in found}) < len(found):
        raise Wrong
    return value


def rows_of(width):
    """(..., m, width), with one axis before, two or more."""

    def kind(value):
        array = numbers(last=width)(value)
        if array.ndim < 2:
            raise Wrong
        return array

    return kind


def ints(fits):
    """Ints from 0 on that lie within an axis of x, and of a shape that fits."""

    def kind(value):
        array = _plain_numbers(value)
        if not array.size and array.dtype.kind == "f":  # []
            array = array.astype(int)
        if array.dtype.kind not in "iu" or not fits(array.shape) or np.any(array < 0) or np.any(array > 2):
            raise Wrong
        return array

    return kind


def bools(value):
    array = _plain_numbers(value)
    if array.dtype != bool or array.ndim > 2 or np.broadcast_shapes(array.shape, X.shape) != X.shape:
        raise Wrong
    return array


def lengths(value):
    """The lengths of axes in a tuple or list, of which one may be -1."""
    if not isinstance(value, tuple | list) or not len(value):
        raise Wrong
    found = [exactly_whole(-1)(v) for v in value]
    if found.count(-1) > 1:
        raise Wrong
    return tuple(found)


OF_ROWS = ints(lambda shape: len(shape) == 2 and shape[0] <= 2)
WEIGHT = np.arange(24.0).reshape(2, 3, 4)
OF_BILINEAR = {"rng": (0, seed), "dtype": (np.float32, dtype_of_floats)}

CALLS = {
    "pairwise_distance": (
        functions.pairwise_distance, {**PAIR, "p": (3.0, norm_order), "eps": EPS, "keepdims": KEEP}
    ),
    "cosine_similarity": (functions.cosine_similarity, {**PAIR, "axis": (1, axis), "eps": EPS}),
    "normalize": (
        functions.normalize,
        {"x": (T, two_axes), "p": (3.0, norm_order), "axis": (1, several_axes), "eps": EPS},
    ),
    "cdist": (functions.cdist, {"x1": (T, rows_of(3)), "x2": (OTHER, rows_of(3)), "p": (3.0, no_negative_order)}),
    "pdist": (functions.pdist, {"x": (T, matrix), "p": (3.0, no_negative_order)}),
    "gather": (functions.gather, {"x": (T, numbers((2, 3), real=False)), "axis": (1, axis), "index": (ROW, OF_ROWS)}),
    "scatter": (
        functions.scatter,
        {
            "x": (T, numbers((2, 3), real=False)), "axis": (1, axis), "index": (ROW, OF_ROWS),
            "src": (OTHER, numbers((2, 3), ())),
        },
    ),
    "scatter_add": (
        functions.scatter_add,
        {
            "x": (T, numbers((2, 3), real=False)), "axis": (1, axis), "index": (ROW, OF_ROWS),
            "src": (OTHER, like_x),
        },
    ),
    "index_select": (
        functions.index_select,
        {
            "x": (T, numbers((2, 3), real=False)), "axis": (1, axis),
            "index": ([0, 2], ints(lambda shape: len(shape) < 2)),
        },
    ),
    "masked_fill": (
        functions.masked_fill,
        {
            "x": (T, numbers((2, 3), (3,), real=False)), "mask": ([True, False, True], bools),
            "value": (0.5, numbers(())),
        },
    ),
    "bilinear": (
        functions.bilinear,
        {
            "x1": (T, numbers((2, 3), real=False)), "x2": (np.ones((2, 4)), numbers((2, 4), real=False)),
            "weight": (WEIGHT, numbers(WEIGHT.shape, real=False)),
            "bias": (np.ones(2), or_none(numbers((2,), real=False))),
        },
    ),
    "Bilinear": (
        nn.Bilinear,
        {
            "in1_features": (2, some), "in2_features": (3, exactly_whole(1, 3)),
            "out_features": (4, exactly_whole(1, 4)), "bias": (True, flag), **OF_BILINEAR,
        },
    ),
    "Bilinear.forward": (
        nn.Bilinear.forward,
        {
            "self": New(lambda: nn.Bilinear(3, 4, 2, rng=0)), "x1": (T, numbers((2, 3), real=False)),
            "x2": (np.ones((2, 4)), numbers((2, 4), real=False)),
        },
    ),
    "CosineSimilarity": (nn.CosineSimilarity, {"axis": (1, index_of_axis), "eps": EPS}),
    "CosineSimilarity.forward": (nn.CosineSimilarity.forward, {"self": New(nn.CosineSimilarity), **PAIR}),
    "PairwiseDistance": (nn.PairwiseDistance, {"p": (3.0, norm_order), "eps": EPS, "keepdims": KEEP}),
    "PairwiseDistance.forward": (nn.PairwiseDistance.forward, {"self": New(nn.PairwiseDistance), **PAIR}),
    "Flatten": (nn.Flatten, {"start_dim": (0, index_of_axis), "end_dim": (-1, index_of_axis)}),
    "Flatten.forward": (nn.Flatten.forward, {"self": New(lambda: nn.Flatten(0)), "x": (T, any_shape)}),
    "Unflatten": (nn.Unflatten, {"axis": (1, index_of_axis), "unflattened_size": ((3, -1), lengths)}),
    "Unflatten.forward": (
        nn.Unflatten.forward, {"self": New(lambda: nn.Unflatten(-1, (1, 3))), "x": (T, numbers(last=3, real=False))}
    ),
}  # fmt: skip
