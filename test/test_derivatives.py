"""Every derivative rule against NumPy and against differences: tests made from the table of cases, see cases.py."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, name_of, parameters

import tensorgrad as tg
from tensorgrad import Tensor, derivative
from tensorgrad.derivatives import COMPOSED, OWN, TABLE
from tensorgrad.engine import backpropagate
from tensorgrad.versions import arguments, current

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

# The library's rules, without those that tests and examples make
ALL = {**TABLE, **OWN}
LIBRARIES = {"tensorgrad", "numpy", "scipy", "_operator", ""}  # NumPy 2.0's ufuncs don't say where they are from
OURS = [f for f in ALL if (getattr(f, "__module__", None) or "").partition(".")[0] in LIBRARIES]
PRIMITIVES = [ALL[f] for f in OURS]

every_case = pytest.mark.parametrize("case", parameters(CASES))


# What is compared ----------------------------------------------------------------------------------------------------


def parts(y: Any) -> list:
    """The arrays of a result: one, or those of a list or tuple of them."""
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def floating(y: Any) -> list:
    return [part for part in parts(y) if part.dtype.kind in "fc"]


def ancestors(y: Any) -> Iterator[Tensor]:
    """The Tensors that were computed on the way to y, each once."""
    waiting, seen = [p for p in parts(y) if isinstance(p, Tensor)], set()
    while waiting:
        node = current(waiting.pop())
        if node._op is not None and node not in seen:
            seen.add(node)
            waiting += node.parents
            yield node


def weights(y: Any, dtype: Any = None) -> list[np.ndarray]:
    """A weight for each element of a result, so that the loss tells all of them apart."""
    rng = np.random.default_rng(1)
    w = [rng.uniform(0.5, 1.5, np.shape(p)) * (1 + 0.5j if p.dtype.kind == "c" else 1) for p in floating(y)]
    return [np.asarray(a, p.dtype) for a, p in zip(w, floating(y), strict=True)]


def loss(y: Any, w: list[np.ndarray]) -> Any:
    """sum(Re(w (y + y^2 / 4))): not linear, so that the gradient that arrives at a rule depends on the variables."""
    terms = [np.sum(np.real(a * (p + p * p / 4))) for a, p in zip(w, floating(y), strict=True)]
    return sum(terms[1:], terms[0])


def gradients(case: Case, values: list[np.ndarray], which: set[int] | None = None) -> list[np.ndarray]:
    """The gradients of the loss, by backward; `which` variables are Tensors, the others stay plain arrays."""
    given = [Tensor(v) if which is None or i in which else v for i, v in enumerate(values)]
    y = case.call(given)
    loss(y, weights(y)).backward()
    return [t.grad for t in given if isinstance(t, Tensor)]


def slope(f: Any, h: float = 3e-4) -> Any:
    """df/dt at t = 0, right to h**4 (Fornberg, Generation of finite difference formulas, 1988, table 1)."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def largest(a: np.ndarray) -> float:
    return float(np.max(np.abs(a), initial=0))


def moved(values: list[np.ndarray], i: int, step: np.ndarray) -> list[np.ndarray]:
    return [v + step if j == i else v for j, v in enumerate(values)]


def numerical_gradients(case: Case, values: list[np.ndarray]) -> list[np.ndarray]:
    """The same gradients, by differences of the function on plain arrays, element by element."""
    func = case.like or case.func
    w = weights(case.call(values, func))

    def along(i: int, unit: np.ndarray) -> Any:
        return slope(lambda t: loss(case.call(moved(values, i, t * unit), func), w))

    grads = []
    for i, v in enumerate(values):
        grad = np.zeros(v.shape, v.dtype)
        for index in np.ndindex(v.shape):
            unit = np.zeros_like(v)
            unit[index] = 1
            grad[index] = along(i, unit) + (1j * along(i, 1j * unit) if v.dtype.kind == "c" else 0)
        grads.append(grad)
    return grads


def direction(rng: np.random.Generator, a: np.ndarray) -> np.ndarray:
    """Random numbers of a's shape and dtype, in its order of memory: order='A' depends on it."""
    d = np.empty_like(a)
    d[...] = rng.uniform(0.5, 1.5, a.shape) * (1 - 0.5j if a.dtype.kind == "c" else 1)
    return d


# The tests -----------------------------------------------------------------------------------------------------------


def test_every_rule_has_a_case():
    """Each argument that has a rule is a Tensor in some case, also of functions that others are composed of."""
    missing = {(p.func, i) for p in PRIMITIVES for i, rule in enumerate(p.rules) if rule is not None}
    missing |= {(p.func, "any") for p in PRIMITIVES if p.rest is not None}
    for case in CASES:
        for node in ancestors(case.call([Tensor(v) for v in case.draw()])):
            missing.discard((node._op.func, "any"))
            for i, arg in enumerate(arguments(node)):
                if isinstance(arg, Tensor):
                    missing.discard((node._op.func, i))
    assert not missing, sorted(f"{name_of(func)}, argument {i}" for func, i in missing)


def test_every_composed_function_has_a_case():
    missing = COMPOSED.keys() - {case.func for case in CASES}
    assert not missing, sorted(map(name_of, missing))


def require_value_of_numpy(case: Case):
    for dtype, rtol in ((float, 1e-12), (np.float32, 1e-5)):
        values = case.draw(dtype)
        ours, theirs = case.call([Tensor(v) for v in values]), case.call(values, case.like)
        assert type(ours) is type(theirs) or isinstance(ours, Tensor)
        for a, b in zip(parts(ours), parts(theirs), strict=True):
            if isinstance(a, Tensor):
                a = a.data
                assert type(a) is np.ndarray, "of a 0-d Tensor, too"
            assert a.shape == b.shape and a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * (0.1 + largest(b)))


@every_case
def test_value_and_first_derivative(case: Case):
    require_value_of_numpy(case)
    values = case.draw()
    before = [v.copy() for v in values]
    grads = gradients(case, values)
    for ours, theirs in zip(grads, numerical_gradients(case, values), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9 * (1 + largest(theirs)))
    for v, b in zip(values, before, strict=True):
        np.testing.assert_array_equal(v, b, err_msg="backward changed an argument")
    for i, together in enumerate(grads if len(grads) > 1 else ()):
        (alone,) = gradients(case, values, {i})
        np.testing.assert_allclose(alone, together, rtol=1e-13, atol=1e-13, err_msg="the other variables as constants")
    for single, double in zip(gradients(case, case.draw(np.float32)), grads, strict=True):
        assert type(single) is np.ndarray and single.dtype in (np.float32, np.complex64)
        np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-4 * (1 + largest(double)))


@pytest.mark.parametrize("case", parameters([c for c in CASES if c.twice], lambda case: case.first))
def test_second_derivative(case: Case):
    """h = sum(Re(u * gradient)): its slope along v by backward, and by differences, for random u and v."""
    values = case.draw()
    rng = np.random.default_rng(2)
    u, v = ([direction(rng, a) for a in values] for _ in range(2))

    given = [Tensor(a) for a in values]
    y = case.call(given)
    total = loss(y, weights(y))
    grads = backpropagate(total, np.ones_like(total.data), create_graph=True)
    h = sum((np.sum(np.real(a * grads[t])) for a, t in zip(u, given, strict=True)), Tensor(0.0))
    h.backward()
    ours = sum(np.sum(np.real(np.conj(t.grad) * b)) for t, b in zip(given, v, strict=True))

    def difference(t: float) -> Any:
        near = [a + t * b for a, b in zip(values, v, strict=True)]
        return sum(np.sum(np.real(a * np.conj(d))) for a, d in zip(u, gradients(case, near), strict=True))

    np.testing.assert_allclose(ours, slope(difference), rtol=1e-7, atol=1e-8)


# The arguments of rules ----------------------------------------------------------------------------------------------

NUMPYS = [
    (f, rule)
    for table in (TABLE, COMPOSED)
    for f, entry in table.items()
    if isinstance(f, np.ufunc) or (getattr(f, "__module__", None) or "").startswith("numpy")
    for rule in ([r for r in entry.rules if r is not None] if table is TABLE else [entry])
]


def parameters(f: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(f).parameters.values())
    except ValueError:
        pytest.skip(f"this NumPy doesn't tell the signature of {f.__name__}")


@pytest.mark.parametrize("func, rule", NUMPYS, ids=lambda f: name_of(f) if f in TABLE or f in COMPOSED else "rule")
def test_arguments_have_numpys_names_places_and_defaults(func: Any, rule: Any):
    """Keyword arguments are bound by these names, and what a call leaves out has the rule's default."""
    theirs = parameters(func)[: func.nin if isinstance(func, np.ufunc) else None]
    ours = parameters(rule)[2 if func in TABLE else 0 :]
    places = ours[: next((i for i, p in enumerate(ours) if p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY)), len(ours))]
    for a, b in zip(places, theirs, strict=False):
        if b.kind == b.VAR_POSITIONAL:
            break
        assert a.name.rstrip("_") == b.name or b.kind == b.POSITIONAL_ONLY or b.name == "newshape"
    defaults = {b.name: b.default for b in theirs if b.default is not b.empty and repr(b.default) != "<no value>"}
    for a in ours:
        assert a.default is a.empty or a.default == defaults.get(a.name, a.default)


T = Tensor([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.add(T, 1, where=[True, False]),
        lambda: np.exp(T, where=T > 2),
        lambda: np.add(T, 1, out=np.zeros((2, 2))),
        lambda: np.exp(T, np.zeros((2, 2))),
        lambda: np.multiply(np.ones((2, 2)), 1, out=T),
        lambda: np.sum(T, out=np.zeros(())),
        lambda: np.sum(T, 0, None, np.zeros(2)),
        lambda: np.concatenate([T, T], out=np.zeros((4, 2))),
        lambda: np.einsum("ij->i", T, out=np.zeros(2)),
        lambda: np.dot(T, T, np.zeros((2, 2))),
        lambda: np.sum(T, initial=Tensor(1.0)),
        lambda: np.sum(T, axis=Tensor(1.0)),
        lambda: np.clip(T, 0, 1, out=np.zeros((2, 2))),
        lambda: np.var(T, mean=Tensor([[0.0]])),
        lambda: np.sum(T, colour="red"),
        lambda: np.einsum("ij->i", T, colour="red"),
        lambda: np.take(T, [0], colour="red"),
        lambda: np.take(T, [0], mode="bounce"),
        lambda: np.take(T, [[0.0]]),
        lambda: np.take_along_axis(T, np.array([0, 1]), axis=1),
        lambda: np.take_along_axis(T, np.array([[True, False]]), axis=1),
        lambda: np.sort(T, order="first"),
        lambda: np.concatenate([T, T], dtype=np.float32, casting="safe"),
        lambda: np.vstack([T, T], dtype=np.float32, casting="safe"),
        lambda: np.einsum("ij->i", T, dtype=np.float32, casting="safe"),
    ],
)
def test_an_argument_that_no_rule_honours_is_an_error(call: Any):
    with pytest.raises((TypeError, ValueError, IndexError)):
        call()


def test_a_function_that_numpy_may_get_later_is_an_error():
    """An unknown function is never computed on the data alone, which would drop the graph."""
    later = np.frompyfunc(lambda a: a, 1, 1)
    with pytest.raises(TypeError, match="has no derivative"):
        later(T)
    later = np._core.overrides.array_function_dispatch(lambda a: (a,))(lambda a: a)
    later.__name__ = "later"
    with pytest.raises(TypeError, match="later has no derivative"):
        later(T)


@pytest.mark.parametrize("func", [np.unique, np.histogram, np.packbits, np.setdiff1d, np.busday_count])
def test_a_function_without_a_derivative_is_an_error(func: Any):
    with pytest.raises(TypeError, match=func.__name__):
        func(T, T)


def test_a_rule_that_returns_nothing_is_an_error():
    """A forgotten `return` gave a gradient of 0."""

    def rule(g: Any, y: Any, x: Any) -> None:
        g * 2 * x

    square = derivative(lambda x: x * x, rule)
    for transform in (tg.grad, tg.hessian, lambda f: lambda x: tg.jvp(f, (x,), (1.0,))):
        with pytest.raises(TypeError, match=r"a rule of .*, rule, gave None, as a function without a return does"):
            transform(square)(3.0)
    product = derivative(lambda x, y: x * y, lambda g, z, x, y: g * y, None)
    assert tg.grad(product, argnums=(0, 1))(3.0, 4.0) == (4.0, 0.0)
