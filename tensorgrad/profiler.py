"""Where the time goes: `with profile(): ...` prints the operations by time, forward and backward."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from .derivatives import TABLE, Primitive
from .tensor import Tensor, record

__all__ = ["Profile", "profile"]


_UFUNCS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power, "mod": np.remainder,
    "matmul": np.matmul,
}  # fmt: skip
_OPERATORS = {f"__{r}{name}__": ufunc for name, ufunc in _UFUNCS.items() for r in ("", "r")}


@dataclass
class Row:
    """What one operation on arguments of certain shapes has cost, in seconds, and how often it ran."""

    name: str
    shapes: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0


@dataclass
class Profile:
    """The rows of a profile, and the wall-clock time between its beginning and its end, in seconds."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    wall: float = 0.0
    _inner: list[float] = field(default_factory=lambda: [0.0])  # the time inside operations, for each that is running

    @property
    def numpy(self) -> float:
        """The time spent inside the functions and their rules: NumPy's own share."""
        return sum(row.forward + row.backward for row in self.rows.values())

    def _timed(self, name: str, func: Callable, skip: int) -> Callable:
        """func, with its time noted in the row of its name and shapes; what runs inside it and is timed itself is left out."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = perf_counter()
            self._inner.append(0.0)
            try:
                return func(*args, **kwargs)
            finally:
                took = perf_counter() - begin
                own = took - self._inner.pop()
                self._inner[-1] += took
                shapes = " ".join(_shape(a) for a in args[skip:] if isinstance(getattr(a, "shape", None), tuple))
                row = self.rows.setdefault((name, shapes), Row(name, shapes))
                if skip:
                    row.backward += own
                else:
                    row.forward += own
                    row.calls += 1

        return timed

    def table(self, top: int = 20) -> str:
        """The `top` most expensive rows as text, and below them what the engine added to NumPy's own time."""
        rows = sorted(self.rows.values(), key=lambda row: -(row.forward + row.backward))
        total = self.numpy or 1.0
        name = max([len("operation"), *(len(row.name) for row in rows[:top])])
        shapes = max([len("shapes"), *(len(row.shapes) for row in rows[:top])])
        lines = [f"{'operation':{name}}  {'shapes':{shapes}}  {'calls':>7}  {'forward ms':>10}  {'backward ms':>11}  {'share':>6}"]
        for row in rows[:top]:
            share = (row.forward + row.backward) / total
            lines.append(
                f"{row.name:{name}}  {row.shapes:{shapes}}  {row.calls:7}  {row.forward * 1e3:10.3f}  "
                f"{row.backward * 1e3:11.3f}  {share:6.1%}"
            )
        if len(rows) > top:
            rest = sum(row.forward + row.backward for row in rows[top:])
            lines.append(f"{len(rows) - top} more: {rest * 1e3:.3f} ms")
        lines.append(
            f"wall clock {self.wall * 1e3:.3f} ms, of which inside NumPy {self.numpy * 1e3:.3f} ms "
            f"({self.numpy / (self.wall or 1.0):.0%}); the rest is recording, walking, and the code around them"
        )
        return "\n".join(lines)


def _shape(array: Any) -> str:
    return "x".join(map(str, array.shape)) or "scalar"


@contextmanager
def profile(top: int = 20, file: TextIO | None = None) -> Iterator[Profile]:
    """Print, at the end of the block, a table of the operations that ran in it, the most expensive first.

    Each row is one operation on arguments of certain shapes: how often it ran, its time forward and backward (both
    inside NumPy, in milliseconds), and its share of all. Timing itself costs about a microsecond a call. All threads
    are timed; one profile at a time.

    Args:
        top: how many rows.
        file: where to print; the standard output by default.

    Yields:
        The Profile, for `.rows`, `.wall`, `.numpy` and `.table()`.

    >>> import io
    >>> x = Tensor([1.0, 2.0])
    >>> with profile(file=io.StringIO()) as p:
    ...     (x * x).sum().backward()
    >>> sorted(row.name for row in p.rows.values())
    ['multiply', 'sum']
    """
    p = Profile()
    primitives = list(dict.fromkeys(TABLE.values()))
    before = [(primitive, primitive.func, primitive.rules, primitive.rest) for primitive in primitives]
    operators = {name: getattr(Tensor, name) for name in _OPERATORS}
    Primitive.of_arity.cache_clear()
    for primitive in primitives:
        rules = tuple(rule and p._timed(primitive.name, rule, 2) for rule in primitive.rules)
        primitive.func, primitive.rules = p._timed(primitive.name, primitive.func, 0), rules
        primitive.rest = primitive.rest and p._timed(primitive.name, primitive.rest, 3)
    for name, ufunc in _OPERATORS.items():  # off their fast path, which doesn't ask the table
        setattr(Tensor, name, _recorded(TABLE[ufunc], reflected=name.startswith("__r")))
    begin = perf_counter()
    try:
        yield p
    finally:
        p.wall = perf_counter() - begin
        for primitive, func, rules, rest in before:
            primitive.func, primitive.rules, primitive.rest = func, rules, rest
        for name, method in operators.items():
            setattr(Tensor, name, method)
        Primitive.of_arity.cache_clear()
        print(p.table(top), file=file or sys.stdout)


def _recorded(primitive: Primitive, reflected: bool) -> Callable:
    if reflected:
        return lambda self, other: record(primitive, (other, self))
    return lambda self, other: record(primitive, (self, other))
