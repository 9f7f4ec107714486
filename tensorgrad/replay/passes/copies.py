"""copies: where nobody can tell a copy from what it is a copy of, there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..effects import Method
from ..program import Call, Program, Value
from .flow import Flow, Substitutes, definitions, is_pure, is_whole, layout, rewritten

COPIES = frozenset({
    np.copy, np.array, np.positive, np.ascontiguousarray, *map(Method, ("copy", "flatten", "astype")),
})  # fmt: skip
CONJUGATES = frozenset({np.conjugate, Method("conj"), Method("conjugate")})


def copies(program: Program) -> Program:
    """The program without copies, if neither is written into as long as the other is used."""
    flow, defined = Flow(program), definitions(program)
    kept = set(flow.kept)
    same = Substitutes()
    calls: list[Any] = []
    for i, old in enumerate(program.calls):
        call = same.in_call(old)
        original = copied(call)
        if original is None:
            calls.append(call)
            continue
        copy = call.result
        alone = is_whole(original, defined) and original not in program.memory and original.storage not in kept
        changed = flow.is_written_between(original.storage, i, flow.last_mention(copy.storage) + 1)
        if changed or flow.writes.get(copy.storage) or (copy.storage in kept and not alone):
            calls.append(call)
            continue
        same.put(copy, original)
        if copy.storage in kept:
            kept.add(original.storage)
    return rewritten(program, calls, same)


def copied(call: Any) -> Value | None:
    """What this call gives a copy of, laid out alike."""
    if not is_pure(call) or not isinstance(call.result, Value) or not call.result.is_array or call.is_view:
        return None
    values = call.inputs
    if len(values) != 1 or not values[0].is_array or layout(values[0]) != layout(call.result):
        return None
    return values[0] if _is_copy(call, values[0]) else None


def _is_copy(call: Call, value: Value) -> bool:
    if call.func in COPIES:
        return call.args[0] is value
    if call.func in CONJUGATES:
        return call.args[0] is value and value.data.dtype.kind != "c"
    if call.func in (np.multiply, np.divide) and len(call.args) == 2 and not call.kwargs:
        one = call.args[1] if call.args[0] is value else call.args[0]
        return (call.func is np.multiply or call.args[0] is value) and type(one) in (int, float) and one == 1
    return False
