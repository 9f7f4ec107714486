"""scalars: a plain number that a ufunc computes with is made an array once, and not again by NumPy at each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import CONSTANT, Call, Program, Storage, Value
from .flow import is_elementwise, rewritten, split_out

# For which it makes no difference; np.power has ways of its own for some plain numbers
ARITHMETIC = frozenset({
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.greater, np.greater_equal, np.less,
    np.less_equal, np.equal, np.not_equal,
})  # fmt: skip


def scalars(program: Program) -> Program:
    """The program with arrays without axes in place of numbers that are operands of arrays, of the dtype that NumPy
    would give them."""
    known: dict[Any, Value] = {}
    calls = []
    for call in program.calls:
        if is_elementwise(call) and call.func in ARITHMETIC and call not in program.into:
            args, kwargs, out = split_out(call)
            if not kwargs and any(isinstance(arg, Value) and arg.is_array for arg in args):
                new = tuple([_as_array(arg, i, call.func, args, known) for i, arg in enumerate(args)])
                rest = {} if out is None else {"out": out}
                call = Call(call.func, new, rest, call.result, call.writes, call.line, call.errstate)
        calls.append(call)
    program.memory.update({value: value.data for value in known.values()})
    return rewritten(program, calls)


def _as_array(arg: Any, i: int, func: np.ufunc, args: tuple[Any, ...], known: dict[Any, Value]) -> Any:
    if type(arg) not in (int, float):
        return arg
    kinds = [np.asarray(a.data).dtype if isinstance(a, Value) and a.is_array else type(a) for a in args]
    if not all(isinstance(kind, np.dtype) or kind in (int, float) for kind in kinds):
        return arg
    try:
        dtypes = func.resolve_dtypes((*kinds, None))
        array = np.array(arg, dtypes[i])
    except (TypeError, ValueError, OverflowError):
        return arg
    kinds[i] = array.dtype
    if (type(arg) is int and array.item() != arg) or func.resolve_dtypes((*kinds, None)) != dtypes:
        return arg
    array.flags.writeable = False
    key = repr(arg), array.dtype
    if key not in known:
        known[key] = Value(array, Storage(external=True), CONSTANT, "number_" + repr(arg).replace("-", "minus_"))
    return known[key]
