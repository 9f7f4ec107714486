"""How calls are written that put their result into an array that is there already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..effects import Method, UfuncMethod, position_of_out
from ..expressions import ATOM, function_text
from ..program import Call, Value

REDUCTIONS = {
    np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum, np.amax: np.maximum,
    np.amin: np.minimum, np.all: np.logical_and, np.any: np.logical_or, Method("sum"): np.add,
    Method("prod"): np.multiply, Method("max"): np.maximum, Method("min"): np.minimum, Method("all"): np.logical_and,
    Method("any"): np.logical_or,
}  # fmt: skip
# Functions that take what they write into by the name of out
BY_NAME = frozenset({
    np.cumsum, np.cumprod, np.clip, np.einsum, np.concatenate, np.stack, np.mean, np.var, np.std, np.outer, np.round,
})  # fmt: skip
ONLY_BY_NAME = frozenset({np.maximum, np.minimum})  # where a third argument is deprecated
FILLED = {np.zeros: 0, np.zeros_like: 0, np.ones: 1, np.ones_like: 1}

Into = Callable[[Call, Any], str]


def into(call: Call) -> Into | None:
    """What writes a call down whose result has memory; None if it can't be written there."""
    func, args, kwargs = call.func, call.args, call.kwargs
    if call.writes or call.is_view or not isinstance(call.result, Value) or not call.result.is_array:
        return None
    if isinstance(func, np.ufunc):
        usual = len(args) == func.nin and func.nout == 1 and not kwargs.keys() - {"order", "dtype", "axis", "axes"}
        return _ufunc if usual else None
    if func is np.dot or func == Method("dot"):
        return _dot if len(args) == 2 and not kwargs and call.result.data.flags.c_contiguous else None
    if reduction(call) is not None:
        return _reduction
    if type(func) is UfuncMethod and func.method == "accumulate" and not kwargs and len(args) <= 2:
        return _accumulation
    if func in (np.argmax, np.argmin, Method("argmax"), Method("argmin")):
        usual = isinstance(args[0], Value) and len(args) <= 2 and not kwargs.keys() - {"axis"}
        return _argument if usual else None
    if func == Method("astype"):
        return _conversion if args[0].data.dtype.kind != "c" or call.result.data.dtype.kind == "c" else None
    if func in (Method("copy"), np.copy, np.ascontiguousarray):
        return _conversion
    if func in FILLED or func in (np.full, np.full_like):
        return _filling
    if func in (np.empty, np.empty_like):
        return nothing
    return _by_name if func in BY_NAME and takes_out(call) else None


def takes_out(call: Call) -> bool:
    """Whether a call can be given what it writes into by name: it has none yet, and no dtype that NumPy refuses beside
    it."""
    position = position_of_out(call.func)
    if "out" in call.kwargs or (position is not None and len(call.args) > position):
        return False
    return call.func not in (np.concatenate, np.stack) or call.kwargs.get("dtype") is None


def _ufunc(call: Call, writer: Any) -> str:
    out = ("out=" if call.func in ONLY_BY_NAME else "") + writer.name(call.result)
    rest = [f"{name}={writer.text(value)}" for name, value in call.kwargs.items() if name != "order"]
    return f"{function_text(call.func, writer)}({', '.join([*map(writer.text, call.args), out, *rest])})"


def _dot(call: Call, writer: Any) -> str:
    a, b = call.args
    if not (isinstance(a, Value) and a.is_array):
        return f"np.dot({writer.text(a)}, {writer.text(b)}, {writer.name(call.result)})"
    return f"{writer.text(a, ATOM)}.dot({writer.text(b)}, {writer.name(call.result)})"


def reduction(call: Call) -> tuple[np.ufunc, Value, Any, Any, bool] | None:
    """The ufunc, array, axis, dtype and keepdims of a call that reduces an array; None for others, and if there is more
    to it."""
    func = call.func
    names: tuple[str, ...] = ("axis", "dtype", "out", "keepdims")
    if type(func) is UfuncMethod and func.method == "reduce":
        ufunc, axis = func.ufunc, 0
    elif func not in REDUCTIONS:
        return None
    else:
        ufunc, axis = REDUCTIONS[func], None
        if ufunc not in (np.add, np.multiply):
            names = ("axis", "out", "keepdims")
    given = dict(zip(names, call.args[1:], strict=False)) | call.kwargs
    array = call.args[0] if call.args else None
    if not isinstance(array, Value) or not array.is_array or given.keys() - {*names} or given.get("out") is not None:
        return None
    keepdims = given.get("keepdims", False)
    return (ufunc, array, given.get("axis", axis), given.get("dtype"), keepdims) if keepdims in (True, False) else None


def _reduction(call: Call, writer: Any) -> str:
    found = reduction(call)
    assert found is not None
    ufunc, array, axis, dtype, keepdims = found
    given = [writer.text(array), writer.text(axis), writer.text(dtype), writer.name(call.result)]
    return f"{function_text(ufunc, writer)}.reduce({', '.join([*given, *(['True'] if keepdims else [])])})"


def shortest(call: Call, writer: Any) -> str:
    """A reduction to a number, without what NumPy does before it calls the ufunc."""
    found = reduction(call)
    assert found is not None
    ufunc, array, axis, dtype, keepdims = found
    given = [writer.text(array), writer.text(axis)]
    if dtype is not None or keepdims:
        given += [writer.text(dtype), "None", "True"][: 3 if keepdims else 1]
    return f"{writer.define(call.result)} = {function_text(ufunc, writer)}.reduce({', '.join(given)})"


def _accumulation(call: Call, writer: Any) -> str:
    axis = call.args[1] if len(call.args) > 1 else 0
    given = [writer.text(call.args[0]), writer.text(axis), "None", writer.name(call.result)]
    return f"{function_text(call.func, writer)}({', '.join(given)})"


def _argument(call: Call, writer: Any) -> str:
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else None)
    return f"{writer.text(call.args[0], ATOM)}.{call.func.__name__}({writer.text(axis)}, {writer.name(call.result)})"


def _conversion(call: Call, writer: Any) -> str:
    return f"{writer.name(call.result)}[...] = {writer.text(call.args[0])}"


def _filling(call: Call, writer: Any) -> str:
    value = FILLED.get(call.func)
    if value is None:
        value = call.args[1] if len(call.args) > 1 else call.kwargs["fill_value"]
    if isinstance(value, Value) and value.is_array:
        return f"{writer.name(call.result)}[...] = {writer.text(value)}"
    return f"{writer.name(call.result)}.fill({writer.text(value)})"


def nothing(call: Call, writer: Any) -> str:
    raise AssertionError("a call that does nothing stays in the program")


def _by_name(call: Call, writer: Any) -> str:
    rest = [*map(writer.text, call.args), *[f"{name}={writer.text(value)}" for name, value in call.kwargs.items()]]
    return f"{function_text(call.func, writer)}({', '.join(rest)}, out={writer.name(call.result)})"
