"""The words in which the table of cases is written.

Each topic has a module `cases_<topic>.py` beside this one, found by its name. A case is one call of one function, as
one would write it, with `x(...)` in the place of each array that is differentiated:

    from cases import case, positive, x

    case(np.multiply, x(2, 3), x(3))                     # two variables, one broadcast to the other
    case(np.sum, x(2, 3), axis=0, keepdims=True)         # keyword arguments
    case(np.log, positive(3))                            # values from 0.5 to 2.5
    case(np.arcsin, x(3, low=-0.9, high=0.9))            # values of your own range
    case(np.prod, x([0.0, 2.0, 0.0]))                    # values of your own
    case(np.concatenate, [x(2, 3), np.ones((1, 3))])     # variables in lists; a plain array is a constant
    case(np.linalg.eigvalsh, x(3, 3), of=lambda f, a: f(a + a.T))   # a function built around the one that is tested
    case(np.fft.fft, x(4, dtype=complex))                # complex variables
    case(relu, x(3), like=lambda a: a * (a > 0))         # compared with this, for want of a NumPy function

From each, test_derivatives.py makes the tests: the value against NumPy's on plain arrays, the first and the second
derivative against central differences, float32, and each variable on its own. Every function that has rules must have a
case. Of a function of SciPy the first case is tried each time, the others in the slow tests; the second derivative so
of every function. `twice=False` leaves the second derivative out; say why beside it. `assigns=True`: it assigns into a
Tensor, which arrays of other kinds than NumPy's don't allow.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

CASES: list[Case] = []
ALIKE: Counter[str] = Counter()  # how many cases read the same
ENTERED: set[Callable] = set()  # the functions that have a case
quick_alone = False  # whether the slow tests are left out; set by conftest.py


@dataclass(frozen=True)
class Variable:
    """An array that a case is differentiated by: its shape and range, or its values."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    dtype: type = float
    layout: str = "C"
    values: Any = None

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Values in a random order, none of them near another, near 0, or at an end of the range."""
        if self.values is not None:
            return self.laid_out(np.array(self.values, dtype=self.dtype))
        n = int(np.prod(self.shape))
        parts = (rng.permutation(n) + rng.uniform(0.2, 0.4, n) for _ in range(2 if self.dtype is complex else 1))
        real, *imag = (np.reshape(self.low + (self.high - self.low) * part / max(n, 1), self.shape) for part in parts)
        return self.laid_out(real + 1j * imag[0] if imag else real)

    def laid_out(self, a: np.ndarray) -> np.ndarray:
        """The same values in another order of memory."""
        if self.layout == "F":
            return np.asfortranarray(a)
        if self.layout == "strided":
            wide = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
            view = wide[(slice(None, None, 2),) * a.ndim]
            view[...] = a
            return view
        if self.layout == "reversed":
            return np.flip(np.flip(a).copy())
        if self.layout == "readonly":
            a.flags.writeable = False
        return a

    def __repr__(self) -> str:
        text = repr(self.values) if self.values is not None else ", ".join(map(str, self.shape))
        kind = " complex" if self.dtype is complex else ""
        return f"x({text}{kind}{'' if self.layout == 'C' else ' ' + self.layout})"


def x(*shape: Any, **options: Any) -> Variable:
    """A variable of this shape (or with these values, given as one list); low, high, dtype, layout: see Variable."""
    if len(shape) == 1 and not isinstance(shape[0], int):
        return Variable(np.shape(shape[0]), values=shape[0], **options)
    return Variable(shape, **options)


def positive(*shape: int, **options: Any) -> Variable:
    return Variable(shape, low=0.5, high=2.5, **options)


@dataclass
class Case:
    func: Callable
    args: tuple
    kwargs: dict[str, Any]
    of: Callable | None = None
    like: Callable | None = None
    twice: bool = True
    assigns: bool = False
    number: int = field(default=0)
    of_scipy: bool = False  # whether it is of tensorgrad.scipy, whose functions are for NumPy's arrays alone
    first: bool = False  # whether it is the first of its function
    quick: bool = True  # whether it is tried each time, and not in the slow tests alone

    @property
    def variables(self) -> list[Variable]:
        return list(variables_in([self.args, list(self.kwargs.values())]))

    def draw(self, dtype: type = float) -> list[np.ndarray]:
        """Values for the variables, the same at each call."""
        rng = np.random.default_rng(zlib.crc32(repr(self).encode()))
        arrays = [v.draw(rng) for v in self.variables]
        if dtype is float:
            return arrays
        single = {"f": np.float32, "c": np.complex64}
        return [
            v.laid_out(a.astype(single[a.dtype.kind], order="C")) for v, a in zip(self.variables, arrays, strict=True)
        ]

    def call(self, values: list, func: Callable | None = None) -> Any:
        """The case's function (or another in its place) with values where the variables stand."""
        func, supply = func or self.func, iter(values)
        args = filled(self.args, supply)
        kwargs = {name: filled(value, supply) for name, value in self.kwargs.items()}
        return self.of(func, *args, **kwargs) if self.of else func(*args, **kwargs)

    def __repr__(self) -> str:
        args = [brief(a) for a in self.args] + [f"{name}={brief(v)}" for name, v in self.kwargs.items()]
        return f"{name_of(self.func)}({', '.join(args)})" + (f" #{self.number}" if self.number else "")


def case(
    func: Callable,
    *args: Any,
    of: Callable | None = None,
    like: Callable | None = None,
    twice: bool = True,
    assigns: bool = False,
    **kwargs: Any,
) -> None:
    """Enter a call into the table; the docstring of this module shows how."""
    new = Case(func, args, kwargs, of, like, twice, assigns)
    new.of_scipy = sys._getframe(1).f_globals["__name__"].startswith("cases_scipy")
    new.first = func not in ENTERED
    new.quick = not new.of_scipy or new.first
    ENTERED.add(func)
    text = repr(new)
    new.number = ALIKE[text]
    ALIKE[text] += 1
    CASES.append(new)


def parameters(cases: list[Case], tried: Callable[[Case], bool] = lambda case: case.quick) -> list:
    """Cases as parameters of a test, marked slow but for those that are tried each time: by default the quick ones."""
    if quick_alone:  # to make tests of the others, and leave them out, would take half a minute
        cases = [case for case in cases if tried(case)]
    return [pytest.param(case, marks=[] if tried(case) else pytest.mark.slow, id=repr(case)) for case in cases]


# For tests of all cases in one: those that are tried each time, and all
THOROUGH = pytest.mark.parametrize("cases", ["quick", pytest.param("all", marks=pytest.mark.slow)])


def chosen(which: str) -> list[Case]:
    """The cases of one of these two words."""
    return [case for case in CASES if case.quick or which == "all"]


def variables_in(values: Any) -> Iterator[Variable]:
    for value in values:
        if isinstance(value, Variable):
            yield value
        elif isinstance(value, list | tuple):
            yield from variables_in(value)


def filled(value: Any, supply: Iterator) -> Any:
    """value with each variable replaced by the next of the supply."""
    if isinstance(value, Variable):
        return next(supply)
    if type(value) in (list, tuple):
        return type(value)([filled(v, supply) for v in value])
    return value


def name_of(func: Callable) -> str:
    name = getattr(func, "__name__", repr(func))
    module = getattr(func, "__module__", None) or ""
    return f"{module.split('.')[-1]}.{name}" if module in ("numpy.linalg", "numpy.fft") else name.lstrip("_")


def brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array{value.shape}" if value.size > 6 else str(value.tolist())
    if isinstance(value, list | tuple):
        inner = ", ".join(map(brief, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if callable(value):
        return name_of(value)
    text = repr(value)
    return text if " object at 0x" not in text else type(value).__name__  # the same in each process
