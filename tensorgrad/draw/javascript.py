"""Expressions as JavaScript, in the functions of web/numpy.js: what a page computes anew when a number is changed."""

from __future__ import annotations

import ast
import functools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .notation import BINARY, COMPARED

_OPERATORS: dict[type, str] = {op: name for table in (BINARY, COMPARED) for name, op in reversed(table.items())} | {
    ast.BitAnd: "logical_and",
    ast.BitOr: "logical_or",
    ast.USub: "negative",
    ast.Invert: "logical_not",
    ast.Not: "logical_not",
}  # fmt: skip  (of several names of one operator the first)


class Unavailable(Exception):
    """The page has no function of this name."""


def web(name: str) -> str:
    """A file of the page."""
    from pathlib import Path  # here, since only pages need it

    return Path(__file__).with_name("web").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def available() -> frozenset[str]:
    """The names of the functions in web/numpy.js."""
    return frozenset(re.findall(r"^np\.(\w+) =", web("numpy.js"), re.MULTILINE))


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
                ends = ("null" if end is None else emit(end) for end in (node.lower, node.upper, node.step))
                return f"np.slice({', '.join(ends)})"
        raise Unavailable(type(node).__name__)

    return emit(tree)


def _index(node: ast.expr, emit: Callable[[ast.expr], str]) -> str:
    """An index, always as the list of its parts."""
    if isinstance(node, ast.Tuple):
        return emit(node)
    value: Any = getattr(node, "value", None)
    return literal(value) if isinstance(node, ast.Constant) and isinstance(value, tuple) else f"[{emit(node)}]"


def literal(x: Any) -> str:
    """A setting as JavaScript."""
    import json  # here, since only pages need it

    if x is None:
        return "null"
    if isinstance(x, bool | np.bool):
        return str(bool(x)).lower()
    if isinstance(x, int | float | np.integer | np.floating):
        return _number(float(x) if isinstance(x, float | np.floating) else int(x))
    if isinstance(x, str):
        return json.dumps(x)
    if isinstance(x, slice):
        return f"np.slice({', '.join(map(literal, (x.start, x.stop, x.step)))})"
    if isinstance(x, tuple | list | range):
        return f"[{', '.join(map(literal, x))}]"
    if isinstance(x, np.dtype | type):
        return json.dumps(np.dtype(x).name)
    if isinstance(x, np.ndarray) and x.dtype.kind == "b":
        return f"np.equal({json.dumps(x.astype(int).tolist())}, 1)"
    if isinstance(x, np.ndarray) and x.dtype.kind in "iuf":
        return f"np.asarray({literal(x.tolist())})"
    if x is Ellipsis:
        return "np.Ellipsis"
    raise Unavailable(type(x).__name__)


def _number(x: float) -> str:
    if math.isfinite(x):
        return repr(x)
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
