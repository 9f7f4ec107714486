"""Expressions as JavaScript, in the functions of web/numpy.js: what a page computes anew when a number is changed."""

from __future__ import annotations

import ast
import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

WEB = Path(__file__).with_name("web")

_OPERATORS: dict[type, str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power",
    ast.MatMult: "matmul", ast.Mod: "remainder", ast.FloorDiv: "floor_divide",
    ast.BitAnd: "logical_and", ast.BitOr: "logical_or", ast.USub: "negative", ast.Invert: "logical_not",
    ast.Not: "logical_not", ast.Eq: "equal", ast.NotEq: "not_equal", ast.Lt: "less", ast.LtE: "less_equal",
    ast.Gt: "greater", ast.GtE: "greater_equal",
}  # fmt: skip


class Unavailable(Exception):
    """The page has no function of this name."""


@functools.cache
def available() -> frozenset[str]:
    """The names of the functions in web/numpy.js."""
    return frozenset(re.findall(r"^np\.(\w+) =", (WEB / "numpy.js").read_text(encoding="utf-8"), re.MULTILINE))


def emitted(tree: ast.expr, letters: Mapping[str, str]) -> str:
    """An expression as JavaScript; letters are the names of variables in it, by those in the expression.

    Raises:
        Unavailable: it has a function that the page hasn't.

    >>> emitted(ast.parse("g * cos(x)", mode="eval").body, {"g": "g", "x": "x"})
    'np.multiply(g, np.cos(x))'
    """

    def call(name: str, *args: str) -> str:
        if name not in available():
            raise Unavailable(name)
        return f"np.{name}({', '.join(args)})"

    def emit(node: ast.expr) -> str:
        match node:
            case ast.Name():
                return letters[node.id]
            case ast.Constant():
                return literal(node.value)
            case ast.BinOp():
                return call(_OPERATORS[type(node.op)], emit(node.left), emit(node.right))
            case ast.UnaryOp():
                return call(_OPERATORS[type(node.op)], emit(node.operand))
            case ast.Compare(ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                return call(_OPERATORS[type(op)], emit(node.left), emit(right))
            case ast.Attribute(attr="T"):
                return call("transpose", emit(node.value))
            case ast.Attribute(attr="mT"):
                return call("swapaxes", emit(node.value), "-1", "-2")
            case ast.Subscript():
                return call("getitem", emit(node.value), _index(node.slice, emit))
            case ast.Call(func=ast.Name(id="getitem" | "scatter" | "add_at" as name), args=[value, index, *rest]):
                return call(name, emit(value), _index(index, emit), *map(emit, rest))
            case ast.Call(func=ast.Name(id=name)):
                settings = [f"{k.arg}: {emit(k.value)}" for k in node.keywords]
                return call(name, *map(emit, node.args), *([f"{{{', '.join(settings)}}}"] if settings else []))
            case ast.Tuple() | ast.List():
                return f"[{', '.join(map(emit, node.elts))}]"
            case ast.Slice():
                return f"np.slice({', '.join('null' if e is None else emit(e) for e in (node.lower, node.upper, node.step))})"
        raise Unavailable(type(node).__name__)

    return emit(tree)


def _index(node: ast.expr, emit: Callable[[ast.expr], str]) -> str:
    """An index, always as the list of its parts."""
    if isinstance(node, ast.Tuple):
        return emit(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, tuple):
        return f"[{', '.join(map(literal, node.value))}]"
    return f"[{emit(node)}]"


def literal(x: Any) -> str:
    """A setting as JavaScript."""
    match x:
        case None:
            return "null"
        case bool() | np.bool():
            return str(bool(x)).lower()
        case str():
            return json.dumps(x)
        case slice():
            return f"np.slice({', '.join(map(literal, (x.start, x.stop, x.step)))})"
        case tuple() | list() | range():
            return f"[{', '.join(map(literal, x))}]"
        case int() | float() | np.integer() | np.floating():
            number = float(x) if isinstance(x, float | np.floating) else int(x)
            if math.isfinite(number):
                return repr(number)
            return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
        case np.ndarray() if x.dtype.kind == "b":
            return f"np.equal({json.dumps(x.astype(int).tolist())}, 1)"
        case np.ndarray() if x.dtype.kind in "iuf":
            return f"np.asarray({literal(x.tolist())})"
    if isinstance(x, np.dtype | type):
        return json.dumps(np.dtype(x).name)
    if x is Ellipsis:
        return "np.Ellipsis"
    raise Unavailable(type(x).__name__)
