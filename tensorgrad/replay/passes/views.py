"""views: what shows memory that lies at the same place in each replay is made once."""

from __future__ import annotations

from typing import Any

from ..program import Call, Program, Value, replaced
from .flow import rewritten


def views(program: Program) -> Program:
    """The program without views of arrays that stay where they are."""
    calls = []
    for call in program.calls:
        if not _is_bound(call, program):
            calls.append(call)
            continue
        args, kwargs = replaced((call.args, call.kwargs), program.memory.__getitem__)
        if call.result not in call.inputs:
            program.memory[call.result] = call.func(*args, **kwargs)
            program.bound.append(call)
    return rewritten(program, calls)


def _is_bound(call: Any, program: Program) -> bool:
    if not isinstance(call, Call) or not call.is_view or not isinstance(call.result, Value):
        return False
    return all(value in program.memory for value in call.inputs)
