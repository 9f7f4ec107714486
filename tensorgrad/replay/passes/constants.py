"""constants: what depends on no number that can change is computed once, as np.zeros, np.ones_like and np.arange."""

from __future__ import annotations

import numpy as np

from ..effects import Method
from ..program import Call, Program, Value, replaced, values_in
from .flow import Flow, is_pure, rewritten

# What looks at the shape and the dtype of its first argument alone
LIKE = frozenset({np.zeros_like, np.ones_like, np.full_like})
# What gives memory whose content nobody has set
EMPTY = frozenset({np.empty, np.empty_like, Method("resize")})


def constants(program: Program) -> Program:
    """The program without calls whose results are always the same. What is written into, or outlives a replay, is made
    anew each time; and so is what is made of constants from outside, whose numbers somebody may change."""
    flow, calls = Flow(program), []
    for call in program.calls:
        if not _is_constant(call, program, flow):
            calls.append(call)
            continue
        with np.errstate(**(call.errstate or {})):
            args, kwargs = replaced((call.args, call.kwargs), lambda value: program.memory.get(value, value.data))
            program.memory[call.result] = call.func(*args, **kwargs)
    return rewritten(program, calls)


def _is_constant(call: Call, program: Program, flow: Flow) -> bool:
    result = call.result if is_pure(call) else None
    if not isinstance(result, Value) or not result.is_array or result in call.inputs or call.func in EMPTY:
        return False
    if result.storage.external or result.storage in flow.kept or flow.writes.get(result.storage):
        return False
    inputs = [*values_in(call.args[1:]), *values_in(call.kwargs)] if call.func in LIKE else call.inputs
    return all(value in program.memory and not value.storage.external for value in inputs)
