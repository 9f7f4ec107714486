"""Watching a computation: `profile()` tells where the time goes, `detect_anomaly()` where a nan comes from."""

from __future__ import annotations

import functools
import gc
import sys
import threading
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from .arguments import whole_number
from .derivatives.arrays import whole
from .derivatives.indexing import Scattered
from .derivatives.locks import fork_safe_lock, locked
from .derivatives.observers import observe
from .derivatives.table import Primitive
from .errors import data_changed
from .memory import owner_of
from .tensor import Tensor, data_of
from .versions import ASSIGN

__all__ = ["Profile", "detect_anomaly", "profile"]


_counting = fork_safe_lock()  # all threads add to the same rows


@dataclass
class Row:
    """What one operation on arguments of certain shapes has cost, in seconds, and how often it ran."""

    name: str
    shapes: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0


@dataclass(eq=False)
class Profile:
    """The rows of a profile, and the wall-clock time between its beginning and its end, in seconds."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    wall: float = 0.0
    _running: Any = field(default_factory=threading.local)

    @property
    def numpy(self) -> float:
        """The time spent inside the functions and their rules: NumPy's own share."""
        return sum(row.forward + row.backward for row in self.rows.values())

    @property
    def _inner(self) -> list[float]:
        """The time inside of operations, for each that is running in this thread."""
        if not hasattr(self._running, "inner"):
            self._running.inner = [0.0]
        inner: list[float] = self._running.inner
        return inner

    def _timed(self, primitive: Primitive, func: Callable, skip: int) -> Callable:
        """func, with its time noted in the row of its name and shapes, less what inside it is timed itself."""
        name = primitive.name

        @functools.wraps(func)
        def timed(*args: Any, **kwargs: Any) -> Any:
            inner = self._inner
            begin = perf_counter()
            inner.append(0.0)
            try:
                return func(*args, **kwargs)
            finally:
                took = perf_counter() - begin
                own = took - inner.pop()
                inner[-1] += took
                shapes = " ".join(_shape(a) for a in args[skip:] if isinstance(getattr(a, "shape", None), tuple))
                locked(_counting, self._count, (name, shapes), own, bool(skip))

        return timed

    def _count(self, key: tuple[str, str], seconds: float, is_rule: bool) -> None:
        row = self.rows.setdefault(key, Row(*key))
        if is_rule:
            row.backward += seconds
        else:
            row.forward += seconds
            row.calls += 1

    def table(self, top: int = 20) -> str:
        """The `top` most expensive rows as text, and below them what the engine added to NumPy's own time."""
        whole_number("Profile.table: top", top)
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
    are timed. Blocks may overlap: each counts what runs while it lasts.

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
    whole_number("profile: top", top)
    if file is not None and not callable(getattr(file, "write", None)):
        raise TypeError(f"profile: file must be a file to write text to, such as sys.stderr, not {file!r}")
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

    So does the first derivative rule: what to look for when a gradient is nan, and nobody knows from where. And so does
    backward through an operation of which an argument was changed since, be it element by element or by another name
    of the same memory, which nothing else notices: if both the operation and backward are inside the block. It costs a
    look at every array, and a checksum.

    Raises:
        FloatingPointError: it names the operation, the shapes, and whether it was on the way forward or back.
        RuntimeError: data has changed; it names the Tensor and the operation that used it.

    >>> from tensorgrad import Tensor, detect_anomaly
    >>> x = Tensor([0.0, 4.0], name="x")
    >>> with np.errstate(all="ignore"), detect_anomaly():
    ...     np.where(x > 0, np.sqrt(x), 0.0).sum().backward()
    Traceback (most recent call last):
    FloatingPointError: the derivative of sqrt of shapes (2,) gives 1 nan
    (in the derivative of sqrt with respect to an argument of shape (2,))
    >>> with detect_anomaly():
    ...     y = x * x
    ...     x.data[0] = 5.0
    ...     y.backward()
    Traceback (most recent call last):
    RuntimeError: the data of Tensor 'x' of shape (2,) was changed after multiply had used it and before backward, so \
its gradient could be wrong; run backward before the change, or compute the result anew
    (in the derivative of multiply with respect to an argument of shape (2,))
    """
    checksums = _Checksums()

    def watched(primitive: Primitive, func: Callable, skip: int) -> Callable:
        return _checked(primitive, checksums.compared(primitive, func, skip), skip)

    with observe(watched):
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
                shapes = " and ".join(str(a.shape) for a in args[skip:] if isinstance(getattr(a, "shape", None), tuple))
                found = " and ".join(f"{n} {what}" for n, what in ((nan, "nan"), (inf, "inf")) if n)
                what = f"the derivative of {name}" if skip else name
                raise FloatingPointError(f"{what} of shapes {shapes} gives {found}")
        return result

    return checked


def _count(question: Callable, value: Any, yes: bool = False) -> int:
    """How many elements of an array of floats don't (or do) answer the question with yes; of anything else 0."""
    value = whole(value.g if isinstance(value, Scattered) else data_of(value))
    if not hasattr(value, "dtype") or value.dtype.kind not in "fc":
        return 0
    return int(np.count_nonzero(question(value) == yes))


class _Checksums:
    """The checksums of the arrays that operations have used, by their outputs: a rule gets the same output again."""

    def __init__(self) -> None:
        self._of_output: dict[int, tuple[weakref.ref, list[int | None]]] = {}

    def compared(self, primitive: Primitive, func: Callable, skip: int) -> Callable:
        """func, which has checksums of its arguments taken; or a rule of it, which has them compared."""

        @functools.wraps(func)
        def compute(*args: Any, **kwargs: Any) -> Any:
            result = func(*args, **kwargs)
            y, *saved = result if primitive.saves else (result,)
            y = _own_arrays(y, args)
            self._take(y, args)
            return (y, *saved) if primitive.saves else y

        @functools.wraps(func)
        def rule(*args: Any, **kwargs: Any) -> Any:
            self._compare(primitive.name, args[skip - 1], args[skip:])
            return func(*args, **kwargs)

        if not skip:
            return compute
        only_shapes = primitive is ASSIGN or primitive.is_view is True  # its rules get what lies there now
        return func if only_shapes else rule

    def _take(self, y: Any, args: tuple) -> None:
        key = _first(y)
        if isinstance(key, np.ndarray):
            number, forget = id(key), self._of_output.pop
            sums = [_checksum(array) for array in (*args, *(y if isinstance(y, tuple) else (y,)))]
            self._of_output[number] = weakref.ref(key, lambda _: forget(number, None)), sums

    def _compare(self, name: str, y: Any, args: tuple) -> None:
        outputs = [data_of(part) for part in (y if isinstance(y, tuple) else (y,))]
        _, sums = self._of_output.get(id(_first(data_of(y))), (None, ()))
        for array, before in zip([*map(data_of, args), *outputs], sums, strict=False):
            if before is not None and _checksum(array) != before:
                raise data_changed(*_holder(array), name)


def _first(y: Any) -> Any:
    return data_of(y[0]) if isinstance(y, tuple) and y else y


def _own_arrays(y: Any, args: tuple) -> Any:
    """An output by which its operation can be known again: no scalar, and no array that was given."""
    if isinstance(y, tuple):
        parts = [_own_arrays(part, args) for part in y]
        return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
    if isinstance(y, np.generic):
        return np.asarray(y)
    return y.view() if isinstance(y, np.ndarray) and any(y is arg for arg in args) else y


def _checksum(value: Any) -> int | None:
    """A checksum of an array; None of anything else."""
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        return None
    return zlib.crc32(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def _holder(array: np.ndarray) -> tuple[str, tuple[int, ...]]:
    """The name and shape of the Tensor of this array, or of the array that it is a view of. Rules are given arrays, so
    only the garbage collector knows it."""
    holders = [x for memory in (array, owner_of(array)) for x in gc.get_referrers(memory) if isinstance(x, Tensor)]
    return next(((x.name, x.shape) for x in holders if x.name), ("", array.shape))
