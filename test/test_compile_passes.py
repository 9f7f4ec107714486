"""Each pass of compile makes a program that does the same, to the last bit, and leaves out what it should."""

import itertools

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.replay.passes import PASSES

X = np.random.default_rng(0).normal(size=(6, 3))
CHOICES = [None, (), *[[name] for name in PASSES], *[[n for n in PASSES if n != name] for name in PASSES]]


def program(function, *args, passes=None):
    """The program that a function of arrays becomes."""
    step = tg.compile(function, passes=passes)
    for _ in range(3):
        step(*args)
    return step._latest.replays[0].program


def names(function, *args, passes=None):
    """The functions that a program calls."""
    return [getattr(call, "func", None) and call.func.__name__ for call in program(function, *args, passes=passes).calls]


# Random programs ------------------------------------------------------------------------------------------------------


class Holder:
    """What a step finds beside its arguments."""

    def __init__(self):
        self.weight = np.linspace(-1, 1, 16).reshape(4, 4)
        self.last = np.zeros((4, 4))


def _setitem(a, b):
    a[1:] = b[:3]


def _add_at(a, b):
    np.add.at(a, np.array([0, 0, 2]), b[:3])


def _if(a, b):
    return a + 1 if (b > -2).all() else a - 1


NEW = [
    lambda a, b: a + b, lambda a, b: np.tanh(a * b), lambda a, b: a.T, lambda a, b: a.copy(), lambda a, b: a[::-1],
    lambda a, b: a * 1.0, lambda a, b: np.zeros_like(a), lambda a, b: np.tanh(a + b.sum(axis=0)),
    lambda a, b: np.tanh(a.dot(b)), lambda a, b: np.exp(-abs(a)), lambda a, b: a.reshape(2, 8).reshape(4, 4),
    lambda a, b: (a > b).astype(float), lambda a, b: a.copy(order="F"), lambda a, b: np.where(a > 0, a, b), _if,
    lambda a, b: np.conjugate(a), lambda a, b: np.tanh(np.add.reduce(a, axis=1, keepdims=True) + b),
]  # fmt: skip
WRITING = [
    lambda a, b: np.tanh(np.add(a, b, out=a), out=a), lambda a, b: np.minimum(a, b, out=a), _setitem, _add_at,
    lambda a, b: np.multiply(b, 0.5, out=a), lambda a, b: a.fill(0.25), lambda a, b: np.copyto(a, b),
]  # fmt: skip


def moves(rng, most):
    """Random steps: whether it writes, which it is, and on what."""
    return [(bool(rng.random() < 0.4), *rng.integers(0, 1000, 3).tolist()) for _ in range(rng.integers(2, most))]


def function_of(steps, results, holder):
    """A function that does these steps on what it has so far."""

    def function(x, y):
        known = [x, y, holder.weight]
        for writes, which, i, j in steps:
            a, b = known[i % len(known)], known[j % len(known)]
            if writes:
                WRITING[which % len(WRITING)](a, b)
            else:
                known.append(NEW[which % len(NEW)](a, b))
        holder.last = known[-1] if len(known) > 3 else known[0] + 1
        return tuple([known[i % len(known)] for i in results])

    return function


def shared(arrays):
    return [np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2)]


@pytest.mark.parametrize("seed", range(len(CHOICES) * 3))
def test_random_programs_give_the_same_with_any_passes(seed):
    rng = np.random.default_rng(seed)
    check(moves(rng, 14), rng.integers(0, 1000, rng.integers(1, 4)).tolist(), CHOICES[seed % len(CHOICES)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_many_random_programs_give_the_same_with_any_passes(seed):
    rng = np.random.default_rng([1, seed])
    for passes in CHOICES:
        check(moves(rng, 25), rng.integers(0, 1000, rng.integers(1, 4)).tolist(), passes)


def check(steps, results, passes):
    mine, theirs = Holder(), Holder()
    function, step = function_of(steps, results, theirs), tg.compile(function_of(steps, results, mine), passes=passes)
    numbers, before = np.random.default_rng(0), []
    for _ in range(7):
        x, y = numbers.normal(size=(2, 4, 4))
        x, y, x2, y2 = x.copy(), y.copy(), x.copy(), y.copy()
        found, expected = step(x, y), function(x2, y2)
        for a, b in [*zip(found, expected, strict=True), (x, x2), (y, y2), (mine.last, theirs.last)]:
            assert a.tobytes() == b.tobytes()
        assert mine.weight.tobytes() == theirs.weight.tobytes()
        assert shared((*found, x, mine.weight, mine.last)) == shared((*expected, x2, theirs.weight, theirs.last))
        before.append((found, expected, mine.last, theirs.last))
    for found, expected, last, other in before:  # what was given is left alone by later calls
        assert [a.tobytes() for a in (*found, last)] == [a.tobytes() for a in (*expected, other)]


@pytest.mark.parametrize("seed", range(30))
def test_no_two_values_that_live_at_once_lie_at_the_same_place(seed):
    steps = moves(np.random.default_rng([2, seed]), 20)
    made = program(function_of(steps, [3, 5, 7], Holder()), np.ones((4, 4)), np.zeros((4, 4)))
    lives = {}
    for i, call in enumerate(made.calls):
        for value in (*call.inputs, *call.outputs):
            if value in made.memory and not value.storage.external:
                first, last, array = lives.get(value.storage, (i, i, None))
                lives[value.storage] = min(first, i), max(last, i), made.memory[value]
    for (first, last, a), (second, end, b) in itertools.combinations(lives.values(), 2):
        assert min(last, end) <= max(first, second) or not np.shares_memory(a, b)


def test_parts_of_what_is_computed_of_all_parameters_at_once():
    def make():
        model = tg.MLP(3, [5, 2], rng=0)
        optimizer = tg.SGD(model.parameters(), lr=0.1)
        means = [p.data.copy() for p in model.parameters()]

        def step(x):
            loss = np.sum(model(x) ** 2)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            for mean, p in zip(means, model.parameters(), strict=True):
                mean *= 0.9
                mean += 0.1 * p.data

        return step, means

    for passes in (None, ["relocate", "pack"]):
        step, means = make()
        compiled, ours = make()
        compiled = tg.compile(compiled, passes=passes)
        for i in range(8):
            x = np.full((4, 3), 0.1 * i)
            step(x), compiled(x)
            assert all(a.tobytes() == b.tobytes() for a, b in zip(ours, means, strict=True))
