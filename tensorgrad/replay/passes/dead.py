"""dead: what nobody reads isn't computed."""

from __future__ import annotations

from typing import Any

from ..effects import Draw
from ..program import Guard, Program, Storage, Value
from .flow import may_raise, rewritten


def dead(program: Program) -> Program:
    """The program without calls of whose results and writes nothing outlives it. Conditions, draws of random numbers,
    writes into arrays from outside, and what may raise an error, stay."""
    used: set[Value] = set(program.kept)
    read: set[Storage] = {value.storage for value in program.kept}
    calls: list[Any] = []
    for call in reversed(program.calls):
        if not _is_needed(call, used, read):
            continue
        calls.append(call)
        used.update(call.inputs)
        if not call.is_view:
            read.update(value.storage for value in call.inputs)
    return rewritten(program, reversed(calls))


def _is_needed(call: Any, used: set[Value], read: set[Storage]) -> bool:
    if isinstance(call, Guard) or type(call.func) is Draw or may_raise(call):
        return True
    if any(value.storage.external or value.storage in read for value in call.writes):
        return True
    return any(value in used for value in call.outputs if value not in call.inputs)
