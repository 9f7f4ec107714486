"""Nothing in the rules or in the engine mixes an ndarray with the arrays that it was given, or asks more of them than
CuPy's have.

Every case of the table, see cases.py, on an array kind that refuses to be mixed with any ndarray: its value, its first
and its second derivative are of that kind, and are those of NumPy's arrays. Where CuPy is installed and there is a GPU,
the same on CuPy itself.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, name_of
from duck import StrictDuck

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad import functions as functional
from tensorgrad.engine import backpropagate

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)


def cupy_kind() -> Any:
    """CuPy's arrays, made of NumPy's; or why there are none."""
    cupy = pytest.importorskip("cupy")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"CuPy finds no GPU: {error}")
    return cupy.asarray


@pytest.fixture(params=["strict duck", "cupy"])
def kind(request: Any) -> Any:
    return StrictDuck if request.param == "strict duck" else cupy_kind()


def require_kind(kind: Any, array: Any, what: str = "") -> np.ndarray:
    """The numbers of an array, which must be of that kind."""
    assert type(array) is type(kind(np.zeros(1))), what
    return array.array if kind is StrictDuck else array.get()


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of values at which a function isn't defined


def of_kind(kind: Any, value: Any) -> Any:
    """value with its arrays of that kind, also in lists and tuples."""
    if isinstance(value, np.ndarray):
        return kind(value)
    if type(value) in (list, tuple):
        return type(value)(of_kind(kind, v) for v in value)
    return {name: of_kind(kind, v) for name, v in value.items()} if type(value) is dict else value


def parts(y: Any) -> list:
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def weight(kind: Any, p: Any) -> Any:
    w = np.random.default_rng(1).uniform(0.5, 1.5, p.shape) * (1 + 0.5j if p.dtype.kind == "c" else 1)
    return kind(np.asarray(w, p.dtype))


def loss(kind: Any, outputs: list) -> Tensor:
    """The sum of Re(w (y + y^2 / 4)): not linear, so that what arrives at a rule depends on the variables."""
    return sum((np.sum(np.real(weight(kind, y) * (y + y * y / 4))) for y in outputs), Tensor(kind(np.zeros(()))))


def results(kind: Any, case: Case) -> list[tuple[str, Any]]:
    """The values of a case on arrays of a kind, the gradients of a loss, and those of a loss of these gradients."""
    given = [Tensor(kind(v)) for v in case.draw()]
    case = dataclasses.replace(case, args=of_kind(kind, case.args), kwargs=of_kind(kind, case.kwargs))
    y = parts(case.call(given))
    outputs = [t for t in y if isinstance(t, Tensor)]
    found = [("value", getattr(p, "data", p) if isinstance(p, Tensor) else p) for p in y]
    total = loss(kind, outputs)
    total.backward()
    found += [("gradient", t.grad) for t in given]
    if case.twice:
        grads = backpropagate(total, np.ones_like(total.data), create_graph=True)
        again = loss(kind, [grads[t] for t in given if t in grads])
        for t in given:
            t.grad = None
        again.backward(retain_graph=False)
        found += [("second derivative", t.grad) for t in given]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda A, v: A.__setitem__(0, v),
        lambda A, v: A.__setitem__(slice(0, 1), 2.0),
        lambda A, v: A.__setitem__(0, A[0] + v),
        lambda A, v: np.copyto(A, v),
        lambda A, v: np.exp(A, out=A),
        lambda A, v: A.at[0].set(v),
        lambda A, v: A.sort(),
    ],
)
def test_arrays_of_other_kinds_are_not_assigned_into(change: Any):
    x, ones = Tensor(StrictDuck(np.array([0.3, -1.2, 2.0]))), StrictDuck(np.ones((2, 3)))
    for A in (x * ones, Tensor(ones, requires_grad=False)):
        with pytest.raises(TypeError, match="StrictDuck, which can't be assigned into"):
            change(A, x)


CASES_OF = defaultdict(list)
for _case in [case for case in CASES if not case.of_scipy]:
    CASES_OF[name_of(_case.func)].append(_case)


def is_beyond_cupy(case: Case) -> bool:
    """Whether this is a function of NumPy's or SciPy's, and CuPy has it not, or not with such arguments."""
    module = getattr(case.func, "__module__", None) or "numpy"
    if module.startswith("tensorgrad") and not module.startswith("tensorgrad.special"):
        return False
    case = dataclasses.replace(case, args=of_kind(StrictDuck, case.args), kwargs=of_kind(StrictDuck, case.kwargs))
    try:
        case.call([StrictDuck(v) for v in case.draw()])
    except (TypeError, AttributeError, AssertionError):  # the last, where an array would be made of it
        return True
    return False


# The cases of these hold numbers of rows as plain arrays: the tests below try them with numbers of the kind
ELSEWHERE = {"embedding", "embedding_bag", "one_hot"}
for _name in ELSEWHERE:
    del CASES_OF[_name]


def test_rows_are_looked_up_by_numbers_of_the_same_kind():
    numbers, weight = np.array([[3, 0, 3], [1, 3, 0]]), np.arange(8.0).reshape(4, 2)
    w = Tensor(StrictDuck(weight))
    y = functional.embedding(StrictDuck(numbers), w)
    y.backward()
    assert type(y.data) is type(w.grad) is StrictDuck
    np.testing.assert_array_equal(y.data.array, weight[numbers])
    np.testing.assert_array_equal(w.grad.array, np.bincount(numbers.ravel())[:, None] * np.ones(2))
    np.testing.assert_array_equal(functional.one_hot(StrictDuck(numbers), 4).array, np.eye(4)[numbers])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_of_rows_are_made_by_numbers_of_the_same_kind(mode: str):
    def result(kind: Any, x: list, offsets: Any, padded: bool) -> list:
        w, s = (
            Tensor(kind(np.arange(8.0).reshape(4, 2))),
            Tensor(kind(np.linspace(0.5, 2.0, np.size(x)).reshape(np.shape(x)))),
        )
        y = functional.embedding_bag(
            kind(np.array(x)), w, None if offsets is None else kind(np.array(offsets)), mode=mode,
            per_sample_weights=s if mode == "sum" else None, padding_idx=1 if padded else None,
        )  # fmt: skip
        loss(kind, [y]).backward()
        return [y.data, w.grad, *([s.grad] if mode == "sum" else [])]

    for given in ([[3, 0, 3], [1, 3, 0]], None, False), ([2, 2, 0, 1, 3], [0, 3, 3], False), ([2, 1, 0], [0, 1], True):
        for a, b in zip(result(StrictDuck, *given), result(np.asarray, *given), strict=True):
            assert type(a) is StrictDuck
            np.testing.assert_allclose(a.array, b, rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES_OF)
def test_no_rule_mixes_an_ndarray_with_the_arrays_it_was_given(name: str, kind: Any):
    for case in [case for case in CASES_OF[name] if not case.assigns and not is_beyond_cupy(case)]:
        for (what, a), (_, b) in zip(results(kind, case), results(np.asarray, case), strict=True):
            if isinstance(b, np.ndarray):
                numbers, what = require_kind(kind, a, f"{what} of {case}"), f"{what} of {case}"
                size, eps = np.max(np.abs(b), initial=0), 1e-13 if kind is StrictDuck else 1e-9  # a GPU adds otherwise
                np.testing.assert_allclose(numbers, b, rtol=eps, atol=eps * size, err_msg=what)


def f(t: Any) -> Any:
    return np.sum(np.sin(t) * t[::-1] ** 2)


TRANSFORMS = {
    "jacobian": lambda x, v: tg.jacobian(lambda t: np.sin(t[:2] * v[1:]))(x),
    "jacobian, forward": lambda x, v: tg.jacobian(lambda t: np.concatenate([t, t * t]))(x),
    "hessian": lambda x, v: tg.hessian(f)(x),
    "laplacian": lambda x, v: tg.laplacian(lambda t: np.sum(np.sin(t) ** 2, axis=-1))(x),
    "grad": lambda x, v: tg.grad(f)(x),
    "grad of grad": lambda x, v: tg.grad(lambda t: np.sum(tg.grad(f)(t)))(x),
    "value_and_grad": lambda x, v: tg.value_and_grad(f)(x),
    "vjp": lambda x, v: tg.vjp(np.sin, x)[1](v),
    "jvp": lambda x, v: tg.jvp(f, (x,), (v,)),
    "hvp": lambda x, v: tg.hvp(f)(x, v),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=list(TRANSFORMS))
def test_transforms_give_arrays_of_the_kind_that_they_were_given(transform: Any, kind: Any):
    x, v = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])
    for a, b in zip(parts(transform(kind(x), kind(v))), parts(transform(x, v)), strict=True):
        np.testing.assert_allclose(require_kind(kind, a), b, rtol=1e-14 if kind is StrictDuck else 1e-12)


OPTIMISERS = {
    "SGD": lambda p: tg.SGD(p, 0.1),
    "momentum": lambda p: tg.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda p: tg.Adam(p, 0.1, weight_decay=0.1),
    "AdamW": lambda p: tg.AdamW(p, 0.1, amsgrad=True, maximize=True),
    **{name: getattr(tg.optim, name) for name in ("Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "Rprop", "ASGD")},
    "RMSprop": lambda p: tg.optim.RMSprop(p, centered=True, momentum=0.5),
    "Lion": lambda p: tg.optim.Lion(p, 0.1, weight_decay=0.1),
}


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=list(OPTIMISERS))
def test_optimisers_change_arrays_of_any_kind(optimiser: Any, kind: Any):
    ends = []
    for wrap in (lambda numbers: kind(np.array(numbers)), np.array):
        p, q = Tensor(wrap([0.3, -1.2, 2.0])), Tensor(wrap([[1.0], [2.0]]))
        steps = optimiser([p, q])
        for _ in range(3):
            steps.zero_grad()
            (np.sum(p**4) + np.sum(np.sin(q))).backward()
            steps.step()
        ends.append((p.data, q.data))
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(require_kind(kind, a), b, rtol=1e-12)


def test_a_network_trains_on_arrays_of_any_kind(rng: Any, kind: Any):
    X, labels, values = rng.normal(size=(8, 3)), rng.integers(0, 4, 8), rng.normal(size=(8, 4))
    losses = []
    for wrap in (kind, np.asarray):
        model = tg.Sequential(tg.MLP(3, [5, 4], activation="gelu", rng=1), tg.nn.LayerNorm(4))
        for p in model.parameters():
            p._data = wrap(p._data)
        optimiser, run = tg.AdamW(model.parameters(), 0.05), []
        for _ in range(5):
            y = model(wrap(X))
            loss = tg.softmax_cross_entropy(y, wrap(labels)) + 0.1 * tg.mse_loss(y, wrap(values))
            optimiser.zero_grad()
            loss.backward(retain_graph=False)
            tg.optim.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            run.append(float(loss.data))
        losses.append(run)
    np.testing.assert_allclose(*losses, rtol=1e-10)
    assert losses[0][-1] < losses[0][0]
