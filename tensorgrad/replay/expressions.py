"""A call of NumPy's as it is written: with operators, methods and brackets where these are the same call."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .effects import Attribute, Draw, Method, UfuncMethod, parameters
from .program import Call, Value

# Operators that call these functions, and how tight they bind
INFIX: dict[Any, tuple[str, int]] = {
    np.add: ("+", 6), np.subtract: ("-", 6), np.multiply: ("*", 7), np.divide: ("/", 7), np.matmul: ("@", 7),
    np.floor_divide: ("//", 7), np.remainder: ("%", 7), np.bitwise_and: ("&", 4), np.bitwise_or: ("|", 2),
    np.bitwise_xor: ("^", 3), np.greater: (">", 1), np.less: ("<", 1), np.greater_equal: (">=", 1),
    np.less_equal: ("<=", 1), np.equal: ("==", 1), np.not_equal: ("!=", 1), operator.add: ("+", 6),
    operator.sub: ("-", 6), operator.mul: ("*", 7), operator.truediv: ("/", 7), operator.pow: ("**", 9),
    operator.floordiv: ("//", 7), operator.mod: ("%", 7), operator.lt: ("<", 1), operator.gt: (">", 1),
    operator.le: ("<=", 1), operator.ge: (">=", 1), operator.eq: ("==", 1), operator.ne: ("!=", 1),
}  # fmt: skip
PREFIX: dict[Any, str] = {np.negative: "-", operator.neg: "-", np.invert: "~"}
IN_PLACE = {np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.bitwise_and, np.bitwise_or}
COMPARING, SIGN, POWER, ATOM = 1, 8, 9, 10
ABBREVIATIONS = {"absolute": "abs"}
MODULES = ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft"), (math, "math"), (operator, "operator"))


def is_infix(call: Call) -> bool:
    """Whether a call is written with an operator between its arguments. NumPy is asked only if one is an array."""
    if call.func not in INFIX or len(call.args) != 2 or call.kwargs:
        return False
    return not isinstance(call.func, np.ufunc) or any(is_array(arg) for arg in call.args)


def is_prefix(call: Call) -> bool:
    """Whether it is written with an operator before its argument."""
    return call.func in PREFIX and len(call.args) == 1 and not call.kwargs


def is_array(arg: Any) -> bool:
    """Whether operators of this argument are NumPy's."""
    return type(arg) is Value and isinstance(arg.data, np.ndarray | np.generic)


def binding(call: Call) -> int:
    """How tight the parts of a call are bound, as it is written."""
    return INFIX[call.func][1] if is_infix(call) else SIGN if is_prefix(call) else ATOM


def written_into(call: Call) -> Value | None:
    """The argument that a ufunc writes its result into, if that is all that it is given beside its inputs."""
    if not isinstance(call.func, np.ufunc):
        return None
    n = call.func.nin
    out = call.kwargs.get("out") if len(call.args) == n and len(call.kwargs) == 1 else None
    if len(call.args) == n + 1 and not call.kwargs:
        out = call.args[n]
    return out if type(out) is Value else None


def is_in_place(call: Call) -> bool:
    """Whether a call is written as in a += b."""
    if call.func is operator.ipow:
        return True
    out = written_into(call)
    return out is not None and out is call.args[0] and call.func in IN_PLACE and type(out.data) is np.ndarray


def expression(call: Call, writer: Any) -> str:
    """A call as it is written in NumPy. writer.text(argument, binding) gives the arguments, in parentheses where they
    are expressions that are bound less tight."""
    func, args, text = call.func, call.args, writer.text
    if is_infix(call):
        sign, level = INFIX[func]
        left = level + 1 if level in (COMPARING, POWER) else level  # a < b < c means something else
        gap = "" if level == POWER else " "
        return f"{text(args[0], left)}{gap}{sign}{gap}{text(args[1], level + 1)}"
    if is_prefix(call):
        return f"{PREFIX[func]}{text(args[0], SIGN)}"
    if func is operator.ipow:
        return f"{text(args[0])} **= {text(args[1])}"
    if is_in_place(call):
        return f"{text(args[0])} {INFIX[func][0]}= {text(args[1])}"
    if func is operator.getitem:
        return f"{text(args[0], ATOM)}[{index_text(args[1], text)}]"
    if func is operator.setitem:
        return f"{text(args[0], ATOM)}[{index_text(args[1], text)}] = {text(args[2])}"
    if type(func) is Attribute:
        return f"{text(args[0], ATOM)}.{func.__name__}"
    rest = [*map(text, args[1:]), *[f"{name}={text(value)}" for name, value in given(call).items()]]
    if type(func) in (Method, Draw):
        return f"{text(args[0], ATOM)}.{func.__name__}({', '.join(rest)})"
    if func is np.dot and args and type(args[0]) is Value and args[0].is_array:
        return f"{text(args[0], ATOM)}.dot({', '.join(rest)})"
    rest = [*map(text, args[:1]), *rest]
    return f"{function_text(func, writer)}({', '.join(rest)})"


def index_text(index: Any, text: Callable[[Any], str]) -> str:
    """What stands between brackets."""
    if type(index) is tuple and index:
        parts = [text(part) if type(part) is tuple else index_text(part, text) for part in index]
        return ", ".join(parts) + ("," if len(index) == 1 else "")
    if type(index) is slice:
        parts = ["" if part is None else index_text(part, text) for part in (index.start, index.stop, index.step)]
        return ":".join(parts if parts[2] else parts[:2])
    return str(index) if isinstance(index, np.integer) else text(index)


def given(call: Call) -> dict[str, Any]:
    """The keyword arguments of a call, without those that are as the function has them anyway."""
    usual = defaults(call.func) if call.kwargs else {}
    return {k: v for k, v in call.kwargs.items() if not (k in usual and same_setting(v, usual[k]))}


@functools.cache
def defaults(func: Callable[..., Any]) -> dict[str, Any]:
    """The keyword arguments that a function has, and what they are by default."""
    return {p.name: p.default for p in parameters(func) if p.default is not p.empty}


def same_setting(a: Any, b: Any) -> bool:
    """Whether both are the same None, bool, int or string."""
    return a is b or (type(a) is type(b) and isinstance(a, int | str) and a == b)


def function_text(func: Callable[..., Any], writer: Any) -> str:
    """The name of a function of NumPy's, or of a variable that holds another."""
    if isinstance(func, UfuncMethod):
        return f"{function_text(func.ufunc, writer)}.{func.method}"
    name = ABBREVIATIONS.get(func.__name__, func.__name__)
    for module, prefix in MODULES:
        if getattr(module, name, None) is func:
            return f"{prefix}.{name}"
    return str(writer.names.of(func, name))


def literal(value: Any, text: Callable[[Any], str]) -> str | None:
    """How a constant that isn't an array is written; None if it has to be given a name."""
    kind = type(value)
    if kind is tuple:
        return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"
    if kind is list:
        return f"[{', '.join(map(text, value))}]"
    if kind is dict:
        return "{" + ", ".join(f"{text(key)}: {text(part)}" for key, part in value.items()) + "}"
    if kind is slice:
        return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
    if kind is str:
        return repr(value) if '"' in value or "\\" in value else f'"{repr(value)[1:-1]}"'
    if value is None or kind in (bool, int) or (kind is float and math.isfinite(value)):
        return repr(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, np.dtype) and value.isbuiltin == 1 and value.isnative:
        return "bool" if value.kind == "b" else f"np.{value.name}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    return None
