"""values: what the step writes into arrays of its own becomes new values, `t += b` becomes `t2 = t + b`.

So the passes behind this one see values that never change, and buffers puts them into one place again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..program import Call, Program, Storage, Value
from .flow import Substitutes, definitions, is_elementwise, is_whole, rewritten, split_out


def values(program: Program) -> Program:
    """The program with a new value for each whole array of its own that a ufunc writes all elements of."""
    defined = definitions(program)
    same = Substitutes()
    latest: dict[Storage, list[Value]] = {}  # the values of a storage that are there by now
    last_use = last_uses(program)
    calls: list[Any] = []
    for i, call in enumerate(program.calls):
        for value in call.outputs:
            known = latest.setdefault(value.storage, [])
            if value not in known:
                known.append(value)
        changed, written = same.in_call(call), _written(call)
        if written is None or not is_whole(written, defined) or not gives_the_same(call, written):
            calls.append(changed)
            continue
        others = [value for value in latest[written.storage] if value is not written]
        if any(last_use.get(value, -1) > i for value in others):
            calls.append(changed)
            continue
        args, kwargs, _ = split_out(changed)
        new = Value(written.data, Storage(), None, written.name)
        calls.append(Call(call.func, args, kwargs, new, (), call.line, call.errstate))
        same.put(written, new)
    return rewritten(program, calls, same)


def last_uses(program: Program) -> dict[Value, int]:
    """The numbers of the last calls that are given values; beyond all for what outlives the program."""
    found = {value: i for i, call in enumerate(program.calls) for value in call.inputs}
    return found | dict.fromkeys(program.kept, len(program.calls))


def _written(call: Any) -> Value | None:
    """The one array that a ufunc's call writes into."""
    return call.writes[0] if is_elementwise(call) and len(call.writes) == 1 else None


def gives_the_same(call: Call, out: Value) -> bool:
    """Whether a ufunc gives an array of this shape, dtype and order, when it is given nothing to write into."""
    args, kwargs, target = split_out(call)
    if target is not out or kwargs:
        return False
    arrays = [arg.data for arg in args if isinstance(arg, Value) and isinstance(arg.data, np.ndarray)]
    if not arrays or np.broadcast_shapes(*[a.shape for a in arrays]) != out.data.shape:
        return False
    order = "C" if out.data.flags.c_contiguous else "F"
    if not all(a.flags[f"{order}_CONTIGUOUS"] for a in (*arrays, out.data)):
        return False
    if order == "F" and any(a.ndim < out.data.ndim for a in arrays):
        return False
    return natural_dtype(call.func, args) == out.data.dtype and math.prod(out.data.shape) > 0


def natural_dtype(func: Any, args: tuple[Any, ...]) -> Any:
    """The dtype that a ufunc gives by itself; None where NumPy doesn't tell."""
    kinds = [arg.data if isinstance(arg, Value) else arg for arg in args]
    plain = [type(x) if type(x) in (int, float, complex) else np.asarray(x).dtype for x in kinds]
    try:
        return func.resolve_dtypes((*plain, None))[-1]
    except (TypeError, ValueError):
        return None
