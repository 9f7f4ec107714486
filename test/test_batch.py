"""Batched: an operation on many arrays at once gives what it gives for each alone."""

import numpy as np
import pytest

from tensorgrad.batch import Batched

RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(4, 2, 3, 5))
A = RNG.normal(size=(2, 3, 5))
V = RNG.normal(size=5)
DEEP = RNG.normal(size=(7, 1, 2, 3, 5))

CALLS = {
    "arithmetic": lambda g: 2 * g + g * A - A / 3 + V * g - g / (1 + V**2),
    "deeper than each array": lambda g: g * DEEP,
    "comparison": lambda g: np.where(g > 0, g, A) + np.where(A > 0, g, 0),
    "where of a condition less deep": lambda g: np.where(V > 0, g, 1.0),
    "ufunc": lambda g: np.exp(np.maximum(g, A)),
    "two outputs": lambda g: np.modf(g)[1],
    "sum": lambda g: np.sum(g),
    "sum of one axis": lambda g: np.sum(g, axis=1),
    "sum of negative axes": lambda g: np.sum(g, axis=(-1, 0), keepdims=True),
    "sum where": lambda g: np.sum(g, axis=0, where=A > 0),
    "sum where positive": lambda g: np.sum(g, axis=0, where=g > 0) + np.add.reduce(g, axis=1, where=g > 0)[:1],
    "sum of 0-d": lambda g: np.sum(np.sum(g)),
    "method sum": lambda g: g.sum(axis=(0, 1)),
    "mean": lambda g: np.mean(g, -2),
    "max": lambda g: np.max(g, axis=2),
    "prod": lambda g: np.prod(g, axis=0),
    "cumsum": lambda g: np.cumsum(g, axis=-1),
    "cumsum of all": lambda g: np.cumsum(g),
    "cumprod": lambda g: np.cumprod(g, axis=0),
    "flip": lambda g: np.flip(g),
    "flip of axes": lambda g: np.flip(g, (0, -1)),
    "reshape": lambda g: np.reshape(g, (6, 5)),
    "reshape to -1": lambda g: np.reshape(g, -1),
    "reshape in the order of Fortran": lambda g: np.reshape(g, (5, 6), order="F"),
    "method reshape": lambda g: g.reshape(3, -1).reshape((-1,)),
    "ravel": lambda g: g.ravel(),
    "expand_dims": lambda g: np.expand_dims(g, 0),
    "expand_dims at several": lambda g: np.expand_dims(g, (1, -1)),
    "squeeze": lambda g: np.squeeze(np.expand_dims(g, (0, 2))),
    "squeeze one": lambda g: np.squeeze(np.expand_dims(g, 2), 2),
    "broadcast_to": lambda g: np.broadcast_to(g, (7, 2, 3, 5)),
    "broadcast_to from length 1": lambda g: np.broadcast_to(g[:, :1], (2, 3, 5)),
    "transpose": lambda g: np.transpose(g),
    "transpose with axes": lambda g: np.transpose(g, (1, 0, -1)),
    "T and mT": lambda g: g.T + g.transpose(2, 1, 0) + np.swapaxes(g, 0, -1),
    "mT": lambda g: g.mT,
    "moveaxis": lambda g: np.moveaxis(g, 0, -1),
    "moveaxis of several": lambda g: np.moveaxis(g, (0, 2), (2, 0)),
    "roll, which has no entry": lambda g: np.roll(g, 1, axis=1),
    "tril, which has no entry": lambda g: np.tril(g),
    "matmul": lambda g: g @ RNG_MATRIX + np.matmul(RNG_SQUARE, g) @ RNG_MATRIX,
    "matmul of two batches": lambda g: g @ g.mT,
    "matmul with a vector": lambda g: g @ V,
    "dot": lambda g: np.dot(g[0], RNG_MATRIX) + g[1].dot(RNG_MATRIX),
    "dot from the left": lambda g: np.dot(RNG_SQUARE, g[0]),
    "dot of vectors": lambda g: np.dot(g[0, 0], V),
    "einsum": lambda g: np.einsum("abc,dc->dba", g, RNG_MATRIX.T),
    "einsum of two batches": lambda g: np.einsum("abc,abd->cd", g, g),
    "einsum without an arrow": lambda g: np.einsum("abc,c", g, V),
    "concatenate": lambda g: np.concatenate([g, A, g[:1]], axis=0),
    "concatenate, last axis": lambda g: np.concatenate([A, g], axis=-1),
    "stack, which has no entry": lambda g: np.stack([g, A], axis=1),
    "index": lambda g: g[1, ..., ::2],
    "index with None": lambda g: g[:, None, 0],
    "array as index": lambda g: g[:, [0, 2, 0]],
    "two arrays as index": lambda g: g[[0, 1], [2, 0]],
    "two arrays apart": lambda g: g[[0, 1], :, [2, 0]],
    "number and array apart": lambda g: g[0, :, [2, 0]],
    "mask": lambda g: g[A > 0],
    "zeros_like": lambda g: np.zeros_like(g) + np.ones_like(g, shape=(3, 5)),
    "copy and astype": lambda g: g.copy().astype(np.float32),
    "complex": lambda g: (
        np.real(g * 1j * g) + np.imag(np.conj(g * (1 + 2j))) + (g * 1j).imag.real + (g + 0j).conj().real
    ),
    "shape": lambda g: g * g.shape[0] * np.shape(g)[1] * np.ndim(g) * np.size(g) * g.ndim * g.size * len(g),
    "questions": lambda g: g * np.isrealobj(g) + np.iscomplexobj(g),
}
RNG_MATRIX, RNG_SQUARE = RNG.normal(size=(5, 4)), RNG.normal(size=(3, 3))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_on_a_batch_is_the_call_on_each(name):
    call = CALLS[name]
    want = np.stack([np.asarray(call(array)) for array in STACK])
    got = call(Batched(STACK))
    assert isinstance(got, Batched) and got.dtype == want.dtype and got.shape == want.shape[1:]
    np.testing.assert_allclose(got.stack, want, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "index", [(0, slice(None), 1), ([0, 1, 0],), (slice(None), [0, 2]), ([0, 1], slice(None), [3, 3]), A > 0]
)
def test_writing_and_adding_at_an_index(index):
    part = STACK[0][index]
    for value in (7.0, part, Batched(np.stack([array[index] for array in STACK]))):
        batch, want = Batched(STACK.copy()), STACK.copy()
        batch[index] = value
        np.add.at(batch, index, value)
        for i, array in enumerate(want):
            v = value.stack[i] if isinstance(value, Batched) else value
            array[index] = v
            np.add.at(array, index, v)
        np.testing.assert_allclose(batch.stack, want)


def test_a_batch_of_single_numbers():
    batch = Batched(np.array([1.0, 2.0]))
    batch[...] = Batched(np.array([5.0, 6.0]))
    assert batch.shape == () and batch.size == 1
    np.testing.assert_array_equal((batch * np.ones(3)).stack, [[5.0] * 3, [6.0] * 3])
    np.testing.assert_array_equal(np.expand_dims(batch, 0).stack, [[5.0], [6.0]])


def test_in_place():
    batch = Batched(STACK.copy())
    batch += A
    batch *= Batched(STACK)
    np.testing.assert_array_equal(batch.stack, (STACK + A) * STACK)


def test_a_batch_is_not_taken_for_one_array():
    batch = Batched(STACK)
    for misuse in (
        lambda: np.asarray(batch),
        lambda: bool(batch),
        lambda: np.ones((3, 3)).dot(batch),
        lambda: np.add(batch, A, out=np.empty(A.shape)),
    ):
        with pytest.raises(TypeError):
            misuse()


def test_an_axis_that_is_none_is_an_error():
    batch = Batched(np.ones((2, 3, 4)))
    for call in (lambda: np.sum(batch, axis=2), lambda: np.sum(batch, axis=(0, -3)), lambda: np.expand_dims(batch, 7)):
        with pytest.raises(np.exceptions.AxisError):
            call()
