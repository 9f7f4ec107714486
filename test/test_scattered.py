"""The gradient of an index isn't an array of the whole shape until one is needed: it is added into what is there."""

import importlib
import weakref

import numpy as np
import pytest
from cases import CASES
from helpers import gradient

from tensorgrad import Tensor
from tensorgrad.derivatives.indexing import Scattered, getitem, scatter

importlib.import_module("cases_indexing")
READS = [case for case in CASES if case.func is getitem]


@pytest.mark.parametrize("case", READS, ids=repr)
def test_it_is_the_gradient_of_what_was_read(case):
    (a,), index = case.draw(), case.args[1]
    g = np.random.default_rng(0).normal(size=np.shape(a[index])).astype(a.dtype)
    by_element = np.zeros(a.shape, a.dtype)
    places = np.arange(a.size).reshape(a.shape)[index]
    for place, value in zip(np.ravel(places), np.ravel(g), strict=True):
        by_element[np.unravel_index(place, a.shape)] += value
    part = Scattered(np.asarray(g), index, a.shape)
    assert part.dtype == a.dtype and part.shape == a.shape
    np.testing.assert_allclose(part.array(), by_element, rtol=1e-15)
    total = np.array(a, order="K")
    assert part.add_to(total) is total
    np.testing.assert_allclose(total, a + by_element, rtol=1e-14)


@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2), (2, 0), (-1, 1), (3, 0)])
@pytest.mark.parametrize("offset", [0, 1, -2, 5])
def test_the_gradient_of_a_diagonal_lies_on_it(axes, offset):
    a, w = np.zeros((3, 4, 2, 3)), np.diagonal(np.random.default_rng(0).normal(size=(3, 4, 2, 3)), offset, *axes)
    expected = np.zeros_like(a)
    there = np.diagonal(expected, offset, *axes)
    there.flags.writeable = True
    there[...] = w
    np.testing.assert_array_equal(gradient(lambda x: np.sum(np.diagonal(x, offset, *axes) * w), a), expected)
    twice = gradient(lambda x: np.sum(np.diagonal(x, offset, *axes) * w) + np.sum(x.diagonal(offset, *axes) * w), a)
    np.testing.assert_array_equal(twice, 2 * expected)


def test_the_array_of_the_first_one_becomes_the_gradient_uncopied(monkeypatch):
    made, array = [], Scattered.array

    def watched(self):
        result = array(self)
        made.append(weakref.ref(result))
        return result

    monkeypatch.setattr(Scattered, "array", watched)
    x = Tensor(np.ones((4, 3)))
    np.sum(x[[0, 0, 2]]).backward()
    np.testing.assert_array_equal(x.grad, np.array([[2.0], [0.0], [1.0], [0.0]]) * np.ones(3))
    assert [reference() is x.grad for reference in made] == [True]


LOOPS = {
    "rows": lambda x: sum(np.sum(x[i] ** 2) for i in range(len(x))),
    "iteration": lambda x: sum(np.sum(row**2) for row in x),
    "elements": lambda x: sum(x[i, j] ** 2 for i in range(20) for j in range(20)),
    "take": lambda x: sum(np.sum(np.take(x, [i, i], axis=0) ** 2) for i in range(20)) / 2,
    "pieces": lambda x: sum(np.sum(part**2) for part in np.array_split(x, 7)),
    "masks": lambda x: sum(np.sum(x[np.arange(20) == i] ** 2) for i in range(20)),
    "diagonals": lambda x: sum(np.sum(np.diagonal(x, k) ** 2) for k in range(-19, 20)),
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
def test_a_loop_makes_one_array_of_the_whole_shape(loop, monkeypatch):
    made = []
    array = Scattered.array
    monkeypatch.setattr(Scattered, "array", lambda self: made.append(self) or array(self))
    x = Tensor(np.random.default_rng(0).normal(size=(20, 20)))
    loop(x).backward()
    assert len(made) == 1
    np.testing.assert_allclose(x.grad, 2 * x.data, rtol=1e-14)


def test_gradients_of_other_arrays_and_recorded_ones_are_arrays():
    x = Tensor(np.arange(4.0))
    for g in (Tensor(np.ones(2)), Tensor(np.ones(2), requires_grad=False)):
        y = scatter(g, slice(0, 2), x.shape)
        assert type(y) is Tensor and y.data.tolist() == [1, 1, 0, 0]
