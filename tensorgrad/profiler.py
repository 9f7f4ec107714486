"""Watching a computation: `profile()` tells where the time goes, `detect_anomaly()` where a nan comes from."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from .derivatives.observers import observe
from .derivatives.table import Primitive
from .tensor import data_of

__all__ = ["Profile", "detect_anomaly", "profile"]


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

    def _timed(self, primitive: Primitive, func: Callable, skip: int) -> Callable:
        """func, with its time noted in the row of its name and shapes, less what inside it is timed itself."""
        name = primitive.name

        @functools.wraps(func)
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
        lines = [
            f"{'operation':{name}}  {'shapes':{shapes}}  {'calls':>7}  "
            f"{'forward ms':>10}  {'backward ms':>11}  {'share':>6}"
        ]
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
    inside NumPy, in milliseconds), and its share of all. Timing adds a little to each call. All threads
    are timed; one profile at a time.

    Args:
        top: how many rows.
        file: where to print; the standard output by default.

    Yields:
        The Profile, for `.rows`, `.wall`, `.numpy` and `.table()`.

    >>> import io
    >>> from tensorgrad import Tensor, profile
    >>> x = Tensor([1.0, 2.0])
    >>> with profile(file=io.StringIO()) as p:
    ...     (x * x).sum().backward()
    >>> sorted(row.name for row in p.rows.values())
    ['multiply', 'sum']
    """
    p = Profile()
    begin = perf_counter()
    try:
        with observe(p._timed):
            yield p
    finally:
        p.wall = perf_counter() - begin
        print(p.table(top), file=file or sys.stdout)


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside this block, the first operation that gives nan, or inf where its arguments were finite, raises an error.

    So does the first derivative rule: what to look for when a gradient is nan, and nobody knows from where. Both cost
    a look at every array.

    Raises:
        FloatingPointError: it names the operation, the shapes, and whether it was on the way forward or back.

    >>> from tensorgrad import Tensor, detect_anomaly
    >>> x = Tensor([0.0, 4.0])
    >>> with np.errstate(all="ignore"), detect_anomaly():
    ...     np.where(x > 0, np.sqrt(x), 0.0).sum().backward()
    Traceback (most recent call last):
    FloatingPointError: the derivative of sqrt of shapes 2 gives 1 nan
    (in the derivative of sqrt with respect to an argument of shape (2,))
    """
    with observe(_checked):
        yield


def _checked(primitive: Primitive, func: Callable, skip: int) -> Callable:
    """func, or a rule of it (skip > 0), whose result is looked at."""
    name, saves = primitive.name, primitive.saves and not skip

    @functools.wraps(func)
    def checked(*args: Any, **kwargs: Any) -> Any:
        result = func(*args, **kwargs)
        y = result[0] if saves else result
        finite = all(_count(np.isfinite, a) == 0 for a in args)
        for part in y if isinstance(y, tuple) else (y,):
            nan, inf = _count(np.isnan, part, True), _count(np.isinf, part, True)
            if nan or (inf and finite):
                shapes = " ".join(_shape(a) for a in args[skip:] if isinstance(getattr(a, "shape", None), tuple))
                found = " and ".join(f"{n} {what}" for n, what in ((nan, "nan"), (inf, "inf")) if n)
                what = f"the derivative of {name}" if skip else name
                raise FloatingPointError(f"{what} of shapes {shapes} gives {found}")
        return result

    return checked


def _count(question: Callable, value: Any, yes: bool = False) -> int:
    """How many elements of an array of floats don't (or do) answer the question with yes; of anything else 0."""
    value = data_of(value)
    if not hasattr(value, "dtype") or value.dtype.kind not in "fc":
        return 0
    return int(np.count_nonzero(question(value) == yes))
