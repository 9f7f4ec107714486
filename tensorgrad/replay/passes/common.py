"""common: what is computed twice from the same values is computed once, and conditions are asked once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..program import Call, Guard, Program, Storage, Value
from .flow import NEVER, Flow, Substitutes, is_pure, layout, rewritten


def common(program: Program) -> Program:
    """The program without second calls of the same function with the same arguments. A storage that is written is
    another one from then on; a result that is written into, or two that outlive the replay, stay apart."""
    flow = Flow(program)
    versions: Counter[Storage] = Counter()
    known: dict[Any, Any] = {}
    same = Substitutes()
    kept = {value.storage for value in program.kept}
    calls: list[Any] = []

    def version(value: Value) -> Any:
        return value, versions[value.storage]

    for i, old in enumerate(program.calls):
        call = same.in_call(old)
        if isinstance(call, Guard):
            if known.setdefault(("guard", version(call.value)), call) is call:
                calls.append(call)
            continue
        key = _key(call, version)
        first = known.get(key) if key is not None else None
        if first is not None and _are_one(first, call.result, i, flow, kept):
            same.put(old.result, first)
            if call.result.storage in kept:
                kept.add(first.storage)
            continue
        if key is not None:
            known[key] = call.result
        calls.append(call)
        for storage in flow.written_by(call):
            versions[storage] += 1
    return rewritten(program, calls, same)


def _key(call: Call, version: Any) -> Any:
    """The same for calls that give the same; None for those that don't."""
    result = call.result
    if not is_pure(call) or not isinstance(result, Value) or result in call.inputs:
        return None
    seen = (lambda value: value) if call.is_view else version
    key = call.func, _hashed(call.args, seen), _hashed(call.kwargs, seen), _hashed(call.errstate, seen)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _hashed(tree: Any, version: Any) -> Any:
    """A structure of arguments as something that can be compared; 1, 1.0 and True are different things."""
    kind = type(tree)
    if kind is Value:
        return version(tree)
    if isinstance(tree, tuple | list):
        return kind, tuple([_hashed(part, version) for part in tree])
    if kind is dict:
        return tuple(sorted([(name, _hashed(part, version)) for name, part in tree.items()]))
    if kind is slice:
        return _hashed((tree.start, tree.stop, tree.step), version)
    return kind, tree, str(tree) if kind in (float, complex) else None  # 0.0 and -0.0


def _are_one(first: Value, second: Value, i: int, flow: Flow, kept: set[Storage]) -> bool:
    """Whether the first may stand for the second."""
    if not second.is_array or not first.is_array:
        return first.is_array == second.is_array and type(first.data) is type(second.data)
    if first.storage is second.storage:
        return True  # two equal views
    if layout(first) != layout(second) or (first.storage in kept and second.storage in kept):
        return False
    return flow.last_write(first.storage) == NEVER == flow.last_write(second.storage)
