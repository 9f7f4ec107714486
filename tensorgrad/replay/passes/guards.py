"""guards: conditions that depend on what is there from the beginning are asked first, before anything is changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..program import Call, Guard, Program, Storage, Value
from .flow import Flow, definitions, is_pure, may_raise, rewritten
from .writing import reduction


def guards(program: Program) -> Program:
    """The program with conditions at its top, and what they are computed from, if that is the same there."""
    program = counted(program)
    flow = Flow(program)
    calls = program.calls
    number = {value: i for i, call in enumerate(calls) for value in call.outputs if value not in call.inputs}
    early: set[int] = set()
    for i, call in enumerate(calls):
        if isinstance(call, Guard):
            needed = _needed(call.value, number, calls)
            if all(_can_be_early(calls[j], flow, i) for j in needed) and not _is_changed(call.value, flow, i):
                early |= {*needed, i}
    ordered = [calls[i] for i in sorted(early)] + [call for i, call in enumerate(calls) if i not in early]
    return rewritten(program, ordered)


def counted(program: Program) -> Program:
    """The program with conditions on how many elements are true, where it was whether all or any are."""
    uses = Counter(program.kept) + Counter(value for call in program.calls for value in call.inputs)
    defined = definitions(program)
    numbers: dict[Call, Value] = {}
    calls: list[Any] = []
    for call in program.calls:
        made = defined.get(call.value) if isinstance(call, Guard) and uses[call.value] == 1 else None
        found = reduction(made) if made is not None else None
        if made is not None and found is not None and _is_count(found, call.expected):
            numbers[made] = Value(found[1].data.size if call.expected else 0, Storage())
            call = Guard(numbers[made], numbers[made].data, call.line)
        calls.append(call)
    for i, call in enumerate(calls):
        if call in numbers:
            calls[i] = Call(np.count_nonzero, call.args[:1], {}, numbers[call], (), call.line, call.errstate)
    return rewritten(program, calls)


def _is_count(found: Any, expected: Any) -> bool:
    """Whether a reduction of truths to one comes out so if, and only if, a certain number of them are true."""
    ufunc, array, axis, dtype, keepdims = found
    if array.data.dtype != bool or dtype is not None or keepdims or not (axis is None or array.data.ndim == 1):
        return False
    return (ufunc, expected) in ((np.logical_and, True), (np.logical_or, False))


def _needed(value: Value, number: dict[Value, int], calls: list[Any]) -> set[int]:
    """The numbers of the calls that a value is computed by."""
    found: set[int] = set()
    open_ = [value]
    while open_:
        i = number.get(open_.pop())
        if i is not None and i not in found:
            found.add(i)
            open_ += calls[i].inputs
    return found


def _can_be_early(call: Any, flow: Flow, i: int) -> bool:
    """Whether a call gives the same at the top, and nothing but that, where none of what precedes it has been done."""
    return (
        isinstance(call, Call)
        and is_pure(call)
        and not may_raise(call)
        and not any(_is_changed(value, flow, i) for value in (*call.inputs, *call.outputs))
    )


def _is_changed(value: Value, flow: Flow, i: int) -> bool:
    return any(j < i for j in flow.writes.get(value.storage, ()))
