"""guards: conditions that depend on what is there from the beginning are asked first, before anything is changed."""

from __future__ import annotations

from typing import Any

from ..program import Call, Guard, Program, Value
from .flow import Flow, is_pure, may_raise, rewritten


def guards(program: Program) -> Program:
    """The program with conditions at its top, and what they are computed from, if that is the same there."""
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
