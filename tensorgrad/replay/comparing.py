"""Whether two recorded calls did the same, and where they parted if not."""

from __future__ import annotations

from typing import Any

import numpy as np

from .effects import is_kind_by_values, is_same, shapes_by
from .places import Place
from .program import CONSTANT, LEAVES, Call, Guard, Line, Made, Part, Program, Value


class Difference(Exception):
    """The first thing that differs, and the line where it was. `branch` says that it is a choice by a value, after
    which the rest may well be another."""

    def __init__(self, text: str, line: Line, branch: bool = False):
        super().__init__(text)
        self.text, self.line, self.branch = text, line, branch


def compare(first: Program, second: Program) -> Difference | None:
    """Where the second call did something else than the first; None if it didn't."""
    same = _Comparison()
    try:
        calls, others = same.needed(first), same.needed(second)
        for a, b in zip(calls, others, strict=False):
            same.instructions(a, b)
        if len(calls) != len(others):
            line = max(calls, others, key=len)[min(len(calls), len(others))].line
            raise Difference(f"one made {len(calls)} calls of NumPy's functions, the other {len(others)}", line)
        last = first.calls[-1].line if first.calls else Line()
        same.trees((first.results, _settings(first)), (second.results, _settings(second)), "the results", last)
    except Difference as difference:
        return difference
    return None


def _settings(program: Program) -> list[Any]:
    return [(place.id, tree) for place, tree in program.effects]


class _Comparison:
    """Compares calls one by one, and knows which values of one stand for which of the other."""

    def __init__(self) -> None:
        self._partners: dict[Value, Value] = {}
        self._copied: dict[Value, Value] = {}  # of optional copies, what they are copies of

    def needed(self, program: Program) -> list[Any]:
        """The calls without copies that are only made where others hold the array, too."""
        calls = []
        for call in program.calls:
            if call.is_optional:
                self._copied[call.result] = self._origin(call.args[0])
            else:
                calls.append(call)
        return calls

    def _origin(self, value: Value) -> Value:
        return self._copied.get(value, value)

    def instructions(self, a: Call | Guard, b: Call | Guard) -> None:
        line = b.line if b.line.file else a.line  # a check has no lines
        if isinstance(a, Guard) and isinstance(b, Guard):
            self.trees(a.value, b.value, "a condition", line)
            if type(a.expected) is not type(b.expected) or a.expected != b.expected:
                raise Difference(f"a condition was {a.expected!r}, and then {b.expected!r}", line, branch=True)
            return
        if isinstance(a, Guard) or isinstance(b, Guard):
            raise Difference("one chose by a value where the other didn't", line)
        name = b.func.__name__
        if not _same_function(a.func, b.func):
            raise Difference(f"one called {a.func.__name__} where the other called {name}", line)
        self.trees((a.args, a.kwargs, a.errstate), (b.args, b.kwargs, b.errstate), name, line)
        self._results(a.result, b.result, b)

    def trees(self, a: Any, b: Any, name: str, line: Line) -> None:
        """An error, unless both are the same structures of the same values."""
        if type(a) is not type(b):
            raise Difference(f"{name} got {_told(a)}, and then {_told(b)}", line)
        if type(a) is Value:
            a, b = self._origin(a), self._origin(b)
            if self._partners.get(a) is not b:
                self._values(a, b, name, line)
        elif a is b and type(a) in LEAVES:
            return
        elif isinstance(a, tuple | list):
            if len(a) != len(b):
                raise Difference(f"{name} got {len(a)} things, and then {len(b)}", line)
            for x, y in zip(a, b, strict=True):
                self.trees(x, y, name, line)
        elif isinstance(a, dict):
            self.trees([*a.items()], [*b.items()], name, line)
        elif isinstance(a, slice):
            self.trees((a.start, a.stop, a.step), (b.start, b.stop, b.step), name, line)
        elif isinstance(a, Made):
            parts = [(made.value, made.name, made.requires_grad, made.grad) for made in (a, b)]
            self.trees(parts[0], parts[1], name, line)
        elif a is not b and not is_same(a, b) and not _same_function(a, b):
            raise Difference(f"{name} got {_told(a)}, and then {_told(b)}", line)

    def _values(self, a: Value, b: Value, name: str, line: Line) -> None:
        known = self._partners.get(a)
        if known is not None or a.source is None or b.source is None:
            if known is not b:
                raise Difference(f"{name} got another value", line)
            return
        self._partners[a] = b
        if isinstance(a.source, Place | Part) and type(a.source) is type(b.source):
            if _id(a.source) != _id(b.source) and not (a.is_array and a.data is b.data):  # one array at two places
                raise Difference(f"{name} got {a.name}, and then {b.name}", line)
        elif a.source is CONSTANT and b.source is CONSTANT:
            if a.data is not b.data and not _same_array(a.data, b.data):
                raise Difference(
                    f"{name} got an array of shape {np.shape(b.data)} that the step made by itself, with other numbers "
                    f"than in the call before",
                    line,
                )
        elif a.source != b.source:
            raise Difference(f"{name} got {a.name or 'an array'}, and then {b.name or 'another'}", line)

    def _results(self, a: Any, b: Any, call: Call) -> None:
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            for x, y in zip(a, b, strict=True):
                self._results(x, y, call)
        elif isinstance(a, Value) and isinstance(b, Value):
            a, b = self._origin(a), self._origin(b)
            if layout(a) != layout(b):
                branch = is_kind_by_values(call.func) or shapes_by(call.func, call.args, call.kwargs) is not None
                raise Difference(f"{call.func.__name__} gave {layout(a)}, and then {layout(b)}", call.line, branch)
            if self._partners.setdefault(a, b) is not b:
                raise Difference(f"{call.func.__name__} gave another of its arguments", call.line)
        elif a is not b:
            raise Difference(f"{call.func.__name__} gave {_told(a)}, and then {_told(b)}", call.line)


def layout(value: Value) -> Any:
    """What a value must have in common with another that can stand for it."""
    data = value.data
    return (data.shape, data.dtype.str, data.strides) if value.is_array else (type(data).__name__,)


def _id(source: Place | Part) -> Any:
    return source.id if isinstance(source, Place) else (source.place.id, source.number)


def _same_array(a: Any, b: Any) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.strides == b.strides and a.tobytes() == b.tobytes()


def _same_function(a: Any, b: Any) -> bool:
    """Whether both are one function; one that is made anew at each call has the same code."""
    if a is b:
        return True
    code = getattr(a, "__code__", None)
    return code is not None and code is getattr(b, "__code__", None) and not a.__closure__ and not b.__closure__


def _told(thing: Any) -> str:
    if isinstance(thing, Value):
        return thing.name or f"an array of shape {np.shape(thing.data)}"
    text = repr(thing)
    return text if len(text) < 60 else f"{text[:57]}..."
