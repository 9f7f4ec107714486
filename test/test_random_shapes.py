"""Shapes, axes and indices drawn by hypothesis. The gradient of each element is known without differentiating: number
the elements, apply the function to the numbers, and add up the weights of the places where each number stands.
"""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor

repeatable = settings(derandomize=True, deadline=None, max_examples=60)

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
nonempty = hnp.array_shapes(min_dims=0, max_dims=4, max_side=3)
broadcastable = hnp.mutually_broadcastable_shapes


def draw(*shape):
    return np.random.default_rng(len(shape)).permutation(math.prod(shape)).reshape(shape) + 0.5


def numbers(shape):
    """Each element its own number."""
    return np.arange(math.prod(shape)).reshape(shape)


def gathered(where, weights, shape):
    """The sum of the weights where each number stands."""
    total = np.bincount(where.ravel(), np.broadcast_to(weights, where.shape).ravel(), minlength=math.prod(shape))
    return total.reshape(shape)


def gradient(f, *arrays):
    """The gradients of sum(weights * f(*arrays)), and the weights."""
    tensors = [Tensor(a) for a in arrays]
    y = f(*tensors)
    w = 1 + draw(*y.shape)
    y.backward(w)
    return [t.grad for t in tensors], w


@repeatable
@given(broadcastable(num_shapes=2, max_dims=4, max_side=3))
def test_broadcasting(both):
    a, b = (draw(*shape) for shape in both.input_shapes)
    (da, db), w = gradient(np.multiply, a, b)
    np.testing.assert_allclose(da, gathered(np.broadcast_to(numbers(a.shape), both.result_shape), w * b, a.shape))
    np.testing.assert_allclose(db, gathered(np.broadcast_to(numbers(b.shape), both.result_shape), w * a, b.shape))


@repeatable
@given(broadcastable(num_shapes=3, max_dims=3, max_side=3))
def test_broadcasting_of_where(three):
    mask, a, b = (draw(*shape) for shape in three.input_shapes)
    mask = mask % 2 < 1
    (da, db), w = gradient(lambda a, b: np.where(mask, a, b), a, b)
    np.testing.assert_allclose(da, gathered(np.broadcast_to(numbers(a.shape), w.shape), w * mask, a.shape))
    np.testing.assert_allclose(db, gathered(np.broadcast_to(numbers(b.shape), w.shape), w * ~mask, b.shape))


some_axes = nonempty.flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        st.none()
        | hnp.valid_tuple_axes(len(shape))
        | (st.integers(-len(shape), len(shape) - 1) if shape else st.none()),
        st.booleans(),
    )
)


@repeatable
@given(some_axes)
def test_reductions(how):
    shape, axis, keepdims = how
    a = 1 + draw(*shape) / 4
    kept = np.sum(a, axis=axis, keepdims=True)
    group = np.broadcast_to(numbers(kept.shape), shape)  # which result each element goes into
    size = a.size // kept.size

    def check(f, derivative):
        (da,), w = gradient(lambda t: f(t, axis=axis, keepdims=keepdims), a)
        np.testing.assert_allclose(da, w.ravel()[group] * derivative, rtol=1e-11, atol=1e-11)

    check(np.sum, 1)
    check(np.mean, 1 / size)
    check(np.prod, np.prod(a, axis=axis, keepdims=True) / a)
    check(np.max, a == np.max(a, axis=axis, keepdims=True))
    check(np.min, a == np.min(a, axis=axis, keepdims=True))
    check(np.var, 2 * (a - kept / size) / size)


@repeatable
@given(shapes.filter(len), st.data())
def test_cumulative_sums(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    (da,), w = gradient(lambda t: np.cumsum(t, axis=axis), draw(*shape))
    after = [np.sum(np.take(w, range(i, shape[axis]), axis), axis) for i in range(shape[axis])]
    np.testing.assert_allclose(da, np.stack(after, axis) if after else w)


def check_index(shape, index):
    (da,), w = gradient(lambda t: t[index], draw(*shape))
    np.testing.assert_allclose(da, gathered(numbers(shape)[index], w, shape))


@repeatable
@given(shapes, st.data())
def test_basic_indices(shape, data):
    check_index(shape, data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)))


@repeatable
@given(nonempty.filter(len), st.data())
def test_integer_arrays_as_indices(shape, data):
    check_index(shape, data.draw(hnp.integer_array_indices(shape)))


@repeatable
@given(shapes, st.data())
def test_masks_as_indices(shape, data):
    covered = data.draw(st.integers(0, len(shape)))
    check_index(shape, data.draw(hnp.arrays(bool, shape[:covered])))


@repeatable
@given(hnp.array_shapes(min_dims=3, max_dims=4, max_side=3), st.data())
def test_mixed_indices(shape, data):
    """For each axis a number, a slice, a list or a mask; lists and masks of one length, so that they broadcast."""
    length = data.draw(st.integers(1, 3))
    index = []
    for n in shape[: data.draw(st.integers(1, len(shape)))]:
        numbers_of = st.lists(st.integers(-n, n - 1), min_size=length, max_size=length)
        mask = st.just(np.arange(n) < length) if n >= length else st.nothing()
        index.append(data.draw(st.integers(-n, n - 1) | st.slices(n) | numbers_of | mask | st.just(np.array(0))))
    if data.draw(st.booleans()):
        index.insert(data.draw(st.integers(0, len(index))), None)
    check_index(shape, tuple(index))


@repeatable
@given(shapes, st.data())
def test_functions_that_move_elements(shape, data):
    ndim = len(shape)
    order = data.draw(st.permutations(range(ndim)))
    axes = [i - ndim if data.draw(st.booleans()) else i for i in order]
    moves = [
        lambda a: np.transpose(a, axes),
        lambda a: np.reshape(a, -1) if a.size else a,
        lambda a: np.ravel(a, order="F"),
        lambda a: np.flip(a, tuple(axes[: ndim // 2])),
        lambda a: np.roll(a, 5),
        lambda a: np.tile(a, (2, 1)),
        lambda a: np.repeat(a, 2),
        lambda a: np.expand_dims(a, (0, -1)),
        lambda a: np.squeeze(a),
        lambda a: np.stack([a, a], axis=-1),
        lambda a: np.concatenate([a, a], axis=None),
    ]
    if ndim:
        moves += [
            lambda a: np.moveaxis(a, axes[0], axes[-1]),
            lambda a: np.swapaxes(a, axes[0], -1),
            lambda a: np.roll(a, (1, -2), (axes[0], axes[-1])),
            lambda a: np.repeat(a, np.arange(a.shape[axes[0]]), axis=axes[0]),
            lambda a: np.concatenate([a, a], axis=axes[0]),
            lambda a: np.take(a, [0, -1, 0], axis=axes[0]) if a.shape[axes[0]] else a,
        ]
    for f in moves:
        (da,), w = gradient(f, draw(*shape))
        np.testing.assert_allclose(da, gathered(f(numbers(shape)), w, shape))


@pytest.mark.parametrize("name", ["matmul", "einsum"])
@repeatable
@given(both=broadcastable(signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, min_side=0, max_side=3))
def test_products(name, both):
    """A product is linear in each factor: the gradient times v is the weighted product with v in its place."""
    a, b = (draw(*shape) for shape in both.input_shapes)
    if name == "einsum" and (a.ndim < 2 or b.ndim < 2):
        return
    f = np.matmul if name == "matmul" else lambda a, b: np.einsum("...ij,...jk->...ik", a, b)
    (da, db), w = gradient(f, a, b)
    va, vb = np.cos(numbers(a.shape)), np.cos(numbers(b.shape))
    np.testing.assert_allclose(np.sum(da * va), np.sum(w * f(va, b)))
    np.testing.assert_allclose(np.sum(db * vb), np.sum(w * f(a, vb)))
