"""Which memory a program reads and writes where: what all passes ask before they leave out or move a call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..effects import Draw, Method
from ..program import Argument, Call, Guard, Program, Storage, Value, replaced, values_in

NEVER = -1


class Flow:
    """Where in a program each storage is written and mentioned, by the numbers of its calls.

    Two arguments may share memory in another call, and an argument with what is only read beside them, so a write into
    an argument counts as one into all that comes from outside.
    """

    def __init__(self, program: Program):
        self.program = program
        self.arguments: set[Storage] = set()
        self.external: set[Storage] = set()
        self.writes: dict[Storage, list[int]] = {}
        self.mentions: dict[Storage, list[int]] = {}
        self.kept = {value.storage for value in program.kept}
        for call in program.calls:
            for value in (*call.inputs, *call.outputs):
                if value.storage.external:
                    self.external.add(value.storage)
                if isinstance(value.source, Argument):
                    self.arguments.add(value.storage)
        for i, call in enumerate(program.calls):
            for storage in self.written_by(call):
                self.writes.setdefault(storage, []).append(i)
            for storage in dict.fromkeys(value.storage for value in (*call.inputs, *call.outputs)):
                self.mentions.setdefault(storage, []).append(i)

    def written_by(self, call: Any) -> set[Storage]:
        """The storages that are not as before after this call, as far as can be told."""
        found = {value.storage for value in call.writes}
        return found | self.external if found & self.arguments else found

    def last_write(self, storage: Storage) -> int:
        """The number of the last call that writes into a storage, or NEVER."""
        return self.writes.get(storage, [NEVER])[-1]

    def last_mention(self, storage: Storage) -> int:
        """The number of the last call that a storage has to do with; beyond all, if it outlives the program."""
        return len(self.program.calls) if storage in self.kept else self.mentions.get(storage, [NEVER])[-1]

    def is_written_between(self, storage: Storage, first: int, last: int) -> bool:
        """Whether a call behind number `first` and before `last` writes into a storage."""
        return any(first < i < last for i in self.writes.get(storage, ()))


def is_pure(call: Any) -> bool:
    """Whether a call does nothing but give a result, which depends on its arguments alone."""
    return isinstance(call, Call) and not call.writes and type(call.func) is not Draw


# Functions that raise errors for some numbers that they are given
CHOOSY = frozenset({operator.getitem, np.take, np.take_along_axis, Method("take"), np.choose, Method("choose")})


def may_raise(call: Any) -> bool:
    """Whether a call may raise an error that depends on numbers, as by an index that is out of range."""
    if not isinstance(call, Call):
        return False
    if call.func in CHOOSY:
        choosing = [value for value in values_in((call.args[1:], call.kwargs)) if value not in call.writes]
        return any(value.is_array or value.source is None for value in choosing)
    module = getattr(call.func, "__module__", None) or ""
    plain = isinstance(call.func, np.ufunc) or module == "numpy" or type(call.func).__module__.startswith("tensorgrad")
    return not plain and module not in ("operator", "_operator")


def is_elementwise(call: Any) -> bool:
    """Whether it is a ufunc of one result, each element of which depends on the elements at its own place."""
    return (
        isinstance(call, Call) and isinstance(call.func, np.ufunc) and call.func.nout == 1 and not call.func.signature
    )


def split_out(call: Call) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments of a ufunc's call without what it writes into, and that."""
    assert isinstance(call.func, np.ufunc)
    n = call.func.nin
    kwargs = {name: value for name, value in call.kwargs.items() if name != "out"}
    return call.args[:n], kwargs, call.args[n] if len(call.args) > n else call.kwargs.get("out")


def layout(value: Value) -> Any:
    """Shape, dtype and strides; the strides of axes of length 1 say nothing."""
    data = value.data
    strides = tuple([step for step, length in zip(data.strides, data.shape, strict=True) if length != 1])
    return data.shape, data.dtype, strides


def is_whole(value: Value, definitions: dict[Value, Call]) -> bool:
    """Whether an array of the program's own is all of its memory, and no view."""
    call = definitions.get(value)
    return value.is_array and not value.storage.external and call is not None and not call.is_view


def definitions(program: Program) -> dict[Value, Call]:
    """The calls that give values, of which those that give back what they are given are none."""
    found: dict[Value, Call] = {}
    for call in program.calls:
        for value in call.outputs:
            if value not in call.inputs:
                found.setdefault(value, call)
    return found


class Substitutes:
    """Which values stand for which others; and in place of views of these there are views of what stands for them."""

    def __init__(self) -> None:
        self.values: dict[Value, Value] = {}
        self.storages: dict[Storage, Storage] = {}

    def __call__(self, value: Value) -> Value:
        if value not in self.values and value.storage in self.storages:
            self.values[value] = Value(value.data, self.storages[value.storage], value.source, value.name)
        return self.values.get(value, value)

    def put(self, old: Value, new: Value) -> None:
        """Have `new` stand for `old`, wherever that is mentioned from now on."""
        self.values[old] = new
        if old.storage is not new.storage:
            self.storages[old.storage] = new.storage

    def in_call(self, call: Any) -> Any:
        """A call of what stands for its values."""
        changed = with_values(call, self)
        if isinstance(changed, Call):
            changed.result = replaced(changed.result, self)
        return changed


def rewritten(program: Program, calls: Iterable[Any], func: Callable[[Value], Value] = lambda value: value) -> Program:
    """The program with these calls, and func of the values in its results and effects."""
    effects = [(place, replaced(tree, func)) for place, tree in program.effects]
    program.calls, program.results, program.effects = [*calls], replaced(program.results, func), effects
    return program


def with_values(call: Any, func: Callable[[Value], Value]) -> Any:
    """A call with func of each of the values that it is given."""
    if isinstance(call, Guard):
        return Guard(func(call.value), call.expected, call.line)
    args, kwargs = replaced((call.args, call.kwargs), func)
    writes = tuple([func(value) for value in call.writes])
    result = call.result
    if result is not None and any(value in call.inputs for value in call.outputs):
        result = replaced(result, lambda value: func(value) if value in call.inputs else value)
    return Call(call.func, args, kwargs, result, writes, call.line, call.errstate)
