"""A Tensor in the place of each number, list and array that a function is called with.

For every function of the table, whether the others are Tensors or not, and for a list of Tensors too: the gradient is
right, or an error says that the Tensor can't stand there, or the derivative is zero.
"""

from __future__ import annotations

import importlib
import inspect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, name_of
from cases import filled as with_values

from tensorgrad import Tensor, functions, losses
from tensorgrad.coverage import MODULES, kinds
from tensorgrad.coverage import functions as dispatched
from tensorgrad.derivatives import COMPOSED, TABLE

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # at what isn't a number of samples, a rank, a width
    pytest.mark.skipif(
        np.lib.NumpyVersion(np.__version__) < "2.4.0",
        reason="not all functions of an older NumPy tell their parameters",
    ),
]

OURS = {getattr(module, name) for module in (functions, losses) for name in module.__all__}
CALLS = defaultdict(list)
for _case in CASES:
    if _case.func in TABLE or _case.func in COMPOSED or _case.func in OURS or "." in _case.func.__name__:
        CALLS[name_of(_case.func)].append(_case)

# NumPy's C code takes these as numbers when the array beside them is a plain one, or compares them with numbers, and
# asks nobody: what can't be noticed.
UNNOTICED = {("linalg.norm", "ord"), ("linalg.vector_norm", "ord")}
UNNOTICED |= {(name, "initial") for name in CALLS if name.endswith(".reduce")}

# Where a case stands at a kink, a jump or an end of the domain, and the derivative is a choice
CHOICES = {
    ("clip", "a_max"),
    ("copysign", "x2"),
    ("heaviside", "x1"),
    ("poch", "x1"),
    ("poch", "x2"),
    ("polymul", "a1"),
}
CHOICES |= {("hinge_embedding_loss", "target"), ("cosine_embedding_loss", "target")}  # 1 or -1
CHOICES |= {("where", "condition"), ("extract", "condition"), ("compress", "condition")}
CHOICES |= {(f"{nan}{name}", "q") for nan in ("", "nan") for name in ("quantile", "percentile")}


# What changes the form of a result, or how it is computed: no numbers to differentiate by
SETTINGS = {
    "axes", "axis", "axis1", "axis2", "axisa", "axisb", "axisc", "bias", "casting", "compute_uv", "copy", "cov",
    "deg", "device", "dtype", "endpoint", "full", "full_matrices", "func", "func1d", "hermitian", "include_initial",
    "increasing", "indexing", "keepdims", "kind", "kw", "kwargs", "method", "mode", "norm", "offset", "optimize",
    "order", "out", "overwrite_input", "retstep", "returned", "rowvar", "shape", "sparse", "stable", "subok", "trim",
    "descending", "UPLO", "upper", "where", "wrap", "writeable",
}  # fmt: skip


# The places of a call -------------------------------------------------------------------------------------------------


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex | np.generic) and not isinstance(value, bool)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where in an argument numbers, arrays and lists of numbers stand."""
    if (
        isinstance(value, np.ndarray)
        or is_number(value)
        or (type(value) is list and value and all(map(is_number, value)))
    ):
        yield path
    elif type(value) in (list, tuple):
        for i, part in enumerate(value):
            yield from places(part, (*path, i))


def put(value: Any, path: tuple, new: Any) -> Any:
    """value with `new` at a place."""
    if not path:
        return new
    return type(value)([put(part, path[1:], new) if i == path[0] else part for i, part in enumerate(value)])


def at(value: Any, path: tuple) -> Any:
    for i in path:
        value = value[i]
    return value


def as_tensors(value: Any) -> Any:
    """value with a Tensor for each array of floats."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return Tensor(value)
    return type(value)(map(as_tensors, value)) if type(value) in (list, tuple) else value


def parameters(func: Callable) -> list[str]:
    """The names of a function's arguments, if it tells them."""
    try:
        return list(inspect.signature(func).parameters)
    except ValueError:
        return []


class Call:
    """A case, and a place among its arguments."""

    def __init__(self, case: Case, values: list, key: int | str, path: tuple):
        supply = iter(values)
        self.case, self.key, self.path = case, key, path
        self.args = [with_values(a, supply) for a in case.args]
        self.kwargs = {name: with_values(v, supply) for name, v in case.kwargs.items()}
        self.value = at(self.args[key] if isinstance(key, int) else self.kwargs[key], path)

    @property
    def parameter(self) -> str:
        """The name of the argument."""
        if isinstance(self.key, str):
            return self.key
        return dict(enumerate(parameters(self.case.func))).get(self.key, str(self.key))

    def __call__(self, new: Any, func: Callable | None = None, others: Callable = lambda value: value) -> Any:
        """The call with `new` in the place."""
        args, kwargs = [others(a) for a in self.args], {name: others(v) for name, v in self.kwargs.items()}
        mine = args if isinstance(self.key, int) else kwargs
        mine[self.key] = put(mine[self.key], self.path, new)
        func = func or self.case.func
        return self.case.of(func, *args, **kwargs) if self.case.of else func(*args, **kwargs)


def calls(case: Case) -> Iterator[Call]:
    values = case.draw()
    supply = iter(values)
    args = {i: with_values(a, supply) for i, a in enumerate(case.args)}
    args |= {name: with_values(v, supply) for name, v in case.kwargs.items()}
    for key, value in args.items():
        for path in places(value):
            yield Call(case, values, key, path)


# What a call gives, and what it should --------------------------------------------------------------------------------


def total(y: Any) -> Any:
    """A number that all numbers of a result have a part in."""
    if isinstance(y, list) and y and not any(map(np.ndim, y)):
        y = np.stack(y)
    if isinstance(y, list | tuple):
        return sum((total(part) * (i + 1) for i, part in enumerate(y)), 0.0)
    y = y if hasattr(y, "dtype") else np.asarray(y)
    if y.dtype.kind not in "biufc" or not y.size:
        return 0.0
    w = np.random.default_rng(y.size).uniform(0.5, 1.5, y.shape) * (1 + 0.5j if y.dtype.kind == "c" else 1)
    return np.sum(np.real(w * (y + y * y / 4 if y.dtype.kind in "fc" else y)))


def slope(call: Call, start: np.ndarray, step: np.ndarray, as_list: bool) -> float | None:
    """The derivative of the total along a step, by differences.

    None if it has none there: the place is that of an axis or a number of elements, or there is a kink, a jump, an end.
    """

    def f(t: float) -> float:
        new = start + t * step
        new = list(new) if as_list else new if isinstance(call.value, np.ndarray) else new.tolist()
        return float(total(call(new, call.case.like)))

    h = 3e-4
    try:
        values = {t: f(t * h) for t in (-1, -0.5, 0, 0.5, 1)}
    except (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError):
        return None
    ahead, near = values[1] + values[-1] - 2 * values[0], values[0.5] + values[-0.5] - 2 * values[0]
    if abs(near) > max(1e-9 * (1 + abs(values[0])), 0.4 * abs(ahead)):  # of a smooth function, a fourth of it
        return None
    return (8 * (values[0.5] - values[-0.5]) - (values[1] - values[-1])) / (6 * h)


def outcome(call: Call, others: Callable, as_list: bool) -> str:
    """What became of a Tensor in the place: 'right', 'zero' or 'error'; an AssertionError for anything else."""
    start = np.asarray(call.value)
    start = start if start.dtype.kind in "fc" else start.astype(float)
    step = np.random.default_rng(3).uniform(0.5, 1.5, start.shape) * (1 + 0.5j if start.dtype.kind == "c" else 1)
    given = [Tensor(row) for row in start] if as_list else [Tensor(start)]
    expected = slope(call, start, step, as_list and not call.case.like)
    try:
        y = total(call(given if as_list else given[0], None, others))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        assert as_list or not isinstance(error, AttributeError), repr(error)  # some functions of NumPy take no lists
        text = f"{error} {error.__cause__}"
        named = "ensor" in text or name_of(call.case.func) in text or call.parameter in SETTINGS
        assert expected is None or named, repr(error)
        return "error"
    if isinstance(y, Tensor) and y.requires_grad:
        y.backward()
    connected = any(t._grad is not None for t in given)
    if expected is None:
        choice = (name_of(call.case.func), call.parameter) in CHOICES
        assert choice or not (connected or others is as_tensors), "no error, but there is no derivative"
        return "zero"
    grad = np.stack([t.grad for t in given]) if as_list else given[0].grad
    np.testing.assert_allclose(np.sum(np.real(np.conj(grad) * step)), expected, rtol=1e-6, atol=1e-7)
    return "right" if connected else "zero"


@pytest.mark.parametrize("name", CALLS)
def test_a_tensor_in_each_place_is_right_or_an_error(name: str):
    alike: Counter[tuple] = Counter()  # two of each kind are enough
    for call in (call for case in CALLS[name] for call in calls(case)):
        value, parameter = np.asarray(call.value), call.parameter
        kind = (parameter, len(call.path), value.ndim > 0, value.dtype.kind in "fc", isinstance(call.value, list))
        alike[kind] += 1
        if alike[kind] > 2:
            continue
        ways: list[tuple[str, Callable, bool]] = [("beside Tensors", as_tensors, False)]
        if (name, parameter) not in UNNOTICED:
            ways.append(("beside arrays", lambda v: v, False))
        if value.ndim and value.size and not call.case.of:
            ways.append(("as a list of Tensors", as_tensors, True))
        for way, others, as_list in ways:
            try:
                outcome(call, others, as_list)
            except AssertionError as error:
                raise AssertionError(f"{parameter} of {call.case!r}, {way}: {error}") from error


@pytest.mark.parametrize("module", MODULES)
def test_every_argument_of_every_function_was_a_tensor(module: str):
    for func in dispatched(MODULES[module]).values():
        if "differentiable" in kinds(func):
            places = [call for case in CALLS[name_of(func)] for call in calls(case)]
            if isinstance(func, np.ufunc):
                missing = set(range(func.nin)) - {call.key for call in places}
            else:
                missing = set(parameters(func)) - SETTINGS - {call.parameter for call in places}
            assert not missing, f"{name_of(func)}: {missing}"
