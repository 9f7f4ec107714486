"""copies: where nobody can tell a copy from what it is a copy of, there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..effects import Method
from ..program import Call, Program, Storage, Value
from .flow import Flow, definitions, is_pure, is_whole, layout, rewritten, with_values

COPIES = frozenset({
    np.copy, np.array, np.positive, np.ascontiguousarray, *map(Method, ("copy", "flatten", "astype")),
})  # fmt: skip
CONJUGATES = frozenset({np.conjugate, Method("conj"), Method("conjugate")})


def copies(program: Program) -> Program:
    """The program without copies, if neither is written into as long as the other is used."""
    flow, defined = Flow(program), definitions(program)
    kept = set(flow.kept)
    same: dict[Value, Value] = {}
    storages: dict[Storage, Storage] = {}  # of copies, and of what they are copies of
    calls: list[Any] = []

    def current(value: Value) -> Value:
        if value not in same and value.storage in storages:  # a view of a copy
            same[value] = Value(value.data, storages[value.storage], value.source, value.name)
        return same.get(value, value)

    for i, old in enumerate(program.calls):
        call = with_values(old, current)
        original = copied(call)
        if original is None:
            if isinstance(call, Call) and isinstance(call.result, Value):
                call.result = current(call.result)
            calls.append(call)
            continue
        copy = call.result
        alone = is_whole(original, defined) and original not in program.memory and original.storage not in kept
        changed = flow.is_written_between(original.storage, i, flow.last_mention(copy.storage) + 1)
        if changed or flow.writes.get(copy.storage) or (copy.storage in kept and not alone):
            calls.append(call)
            continue
        same[copy], storages[copy.storage] = original, original.storage
        if copy.storage in kept:
            kept.add(original.storage)
    return rewritten(program, calls, current)


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
