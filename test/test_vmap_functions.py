"""vmap of every function of the table, against a loop: values, gradients inside and outside, and forward mode.

One case of each function of NumPy is tried each time, all cases in the slow tests."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from cases import CASES, Case, parameters

from tensorgrad import Tensor, grad, jvp, vmap
from tensorgrad.derivatives import COMPOSED, TABLE

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

of_each_function = pytest.mark.parametrize(
    "case", parameters(CASES, lambda case: case.first and (case.func in TABLE or case.func in COMPOSED))
)
of_the_table = pytest.mark.parametrize("case", parameters(CASES, lambda case: case.first and case.func in TABLE))
slowly = pytest.mark.parametrize("case", parameters([case for case in CASES if case.quick], lambda case: False))


def stacks(case: Case, n: int = 3) -> list[np.ndarray]:
    """n values for each variable: those of the case, and some close to them, in which it takes the same branches."""
    with np.errstate(invalid="ignore"):  # of values that aren't finite
        return [np.stack([v * (1 + 1e-3 * k) for k in range(n)]) for v in case.draw()]


def parts(y):
    return [p for one in y for p in parts(one)] if isinstance(y, list | tuple) else [y]


def numbers(y):
    """The floating results of a case, which may be several."""
    return [p for p in parts(y) if hasattr(p, "dtype") and p.dtype.kind in "fc"]


def loss(y):
    """A number that tells all elements of a result apart, and isn't linear in them."""
    total = 0.0
    for p in numbers(y):
        w = np.reshape(np.linspace(0.5, 1.5, p.size), p.shape)
        total = total + np.sum(w * np.real(p * np.conj(p) + 0.7 * p + 0.3j * p))
    return total


def same(a, b, rtol=1e-9):
    scale = max(1.0, float(np.max(np.abs(b), initial=0)))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-10 * scale)


@of_each_function
def test_values(case):
    values = stacks(case)
    want = [numbers(case.call([Tensor(v[k]) for v in values])) for k in range(3)]
    got = vmap(lambda *xs: tuple(numbers(case.call(list(xs)))))(*values)
    assert len(got) == len(want[0])
    for i, part in enumerate(got):
        same(part, np.stack([np.asarray(getattr(w[i], "data", w[i])) for w in want]))


@slowly
def test_gradients_inside(case):
    values = stacks(case)
    every = tuple(range(len(values)))
    gradient = grad(lambda *xs: loss(case.call(list(xs))), every)
    want = [gradient(*[v[k] for v in values]) for k in range(3)]
    for i, part in enumerate(vmap(gradient)(*values)):
        same(part, np.stack([w[i] for w in want]))


@of_the_table
def test_gradients_outside_of_what_is_mapped_and_what_is_not(case):
    values = stacks(case)
    every = tuple(range(len(values)))
    rest = [v[0] for v in values[1:]]
    axes = (0, *[None] * len(rest))

    def total(f, *xs):
        return np.sum(f(*xs) ** 2)

    def one(*xs):
        return loss(case.call(list(xs)))

    def loop(x, *others):
        return np.stack([one(row, *others) for row in x])

    want = grad(lambda *xs: total(loop, *xs), every)(values[0], *rest)
    got = grad(lambda *xs: total(vmap(one, axes), *xs), every)(values[0], *rest)
    for a, b in zip(got, want, strict=True):
        same(a, b)


@slowly
def test_second_derivatives(case):
    if not case.twice:
        pytest.skip("it has no second derivative")
    values = stacks(case)
    every = tuple(range(len(values)))

    def along(*xs):
        gradients = grad(lambda *xs: loss(case.call(list(xs))), every)(*xs)
        return sum(np.sum(np.real(g * np.conj(g))) for g in gradients)

    second = grad(along, every)
    want = [second(*[v[k] for v in values]) for k in range(3)]
    for i, part in enumerate(vmap(second)(*values)):
        same(part, np.stack([w[i] for w in want]), rtol=1e-7)


@slowly
def test_forward_mode(case):
    values = stacks(case)

    def tangent(*xs):
        return jvp(lambda *zs: loss(case.call(list(zs))), xs, tuple(np.ones_like(x) for x in xs))[1]

    with np.errstate(all="ignore"):  # of the part of a result that isn't finite
        want = [tangent(*[Tensor(v[k], requires_grad=False) for v in values]).data for k in range(3)]
        same(vmap(tangent)(*values), np.stack(want))
