"""Rules of the table as formulas: the source of a rule, read and written as mathematics, in HTML."""

from __future__ import annotations

import ast
import functools
import html
import inspect
import linecache
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..derivatives.assigning import Place
from .labels import place

__all__ = ["assigned", "formula", "helpers", "is_repeated", "to_old", "to_value"]

# How tightly each kind of expression binds; what binds less tightly than its surroundings gets brackets.
_CHOICE, _LOOSE, _COMPARE, _SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(8)

_SIGNS: dict[type, tuple[str, int]] = {
    ast.Add: (" + ", _SUM),
    ast.Sub: (" − ", _SUM),
    ast.Mult: (" · ", _PRODUCT),
    ast.MatMult: (" @ ", _PRODUCT),
    ast.Mod: (" mod ", _PRODUCT),
    ast.FloorDiv: (" div ", _PRODUCT),
    ast.BitAnd: (" and ", _LOOSE),
    ast.BitOr: (" or ", _LOOSE),
}
_COMPARISONS: dict[type, str] = {
    ast.Eq: "=", ast.NotEq: "≠", ast.Lt: "&lt;", ast.LtE: "≤", ast.Gt: "&gt;", ast.GtE: "≥",
}  # fmt: skip
_GREEK = {"math.pi": "π", "np.pi": "π", "np.inf": "∞", "LN2": "ln 2", "LN10": "ln 10"}


def formula(rule: Callable, names: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The right-hand side of a derivative rule, as HTML, and a remark.

    Args:
        rule: a rule of the table. Of a lambda it is the expression. A longer function says it in the first line of its
            docstring, `g * x, and a remark` or `g * x: a remark`; where that is no formula, all of it is the remark.
        names: what to write for the rule's parameters, as in {'x1': 'a', 'g': '∂L/∂y'}; one of the arguments of a
            function whose name is empty goes without saying.

    >>> formula(lambda g, y, x: g / (2 * y), {"y": "c"})
    ('<span class="fraction"><span>g</span><span>2 · c</span></span>', '')
    """
    names = {key: html.escape(str(name)) for key, name in (names or {}).items()}
    func = inspect.unwrap(rule.func if isinstance(rule, functools.partial) else rule)
    body = _body(func)
    if body is not None:
        return _written(body, names)[0], ""
    doc = (inspect.getdoc(func) or "").split("\n")[0]
    for end in (doc.find(": "), doc.find(", and "), len(doc.rstrip("."))):
        try:
            body = ast.parse(doc[: max(end, 0)], mode="eval").body
        except SyntaxError:
            continue
        if isinstance(body, ast.BinOp | ast.Call | ast.UnaryOp):
            return _written(body, names)[0], doc[end:].lstrip(":, .")
    return "", doc or f"{getattr(func, '__name__', 'a rule').strip('<>').replace('_', ' ')}, which has no formula"


def helpers(rule: Callable) -> dict[str, str]:
    """The functions that a rule calls by name, and the first line of what they say of themselves."""
    func = inspect.unwrap(rule.func if isinstance(rule, functools.partial) else rule)
    body = _body(func)
    found = {}
    for node in ast.walk(body) if body is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            doc = inspect.getdoc(func.__globals__.get(node.func.id)) or ""
            if doc and node.func.id in func.__globals__:
                found[node.func.id.replace("_", " ").strip()] = doc.split("\n")[0]
    return found


# Assignments, of which the rules take a place

_LAST = "Where the index names a place several times, the last value stays there"


def assigned(old: str, value: str, where: Place, repeated: bool) -> tuple[str, str]:
    """What an assignment makes, and a remark; old is empty if all of it is overwritten."""
    notes = [f"{_LAST}."] if repeated else []
    text = f"{old} with {value}" if old else value
    notes += [] if old else ["All that was there before is overwritten."]
    return html.escape(f"{text} at {place(where)}"), " ".join(notes)


def to_old(g: str, where: Place) -> tuple[str, str]:
    """What the gradient of an assignment gives to the version before it."""
    return html.escape(f"{g} with zeros at {place(where)}"), ""


def to_value(g: str, where: Place, name: str, value: Any, array: Any) -> tuple[str, str]:
    """What the gradient of an assignment, an array, gives to the value; and a remark."""
    part = where.of(array)
    text = place(where, f"({g})").replace(f"(({g})", f"({g}")  # in the brackets of a function it needs none of its own
    if part.dtype.kind == "c" and value.dtype.kind != "c":
        text += ".real"
    notes = []
    if is_repeated(value, array, where):
        text += f" where {name} stayed, else 0"
        notes.append(f"{_LAST}, and it alone gets a gradient.")
    if value.shape != part.shape:
        notes.append(f"{name} was repeated to the shape {part.shape}: what its copies get is added up.")
    return html.escape(text), " ".join(notes)


def is_repeated(value: Any, array: Any, where: Place) -> bool:
    """Whether an assignment of a value into an array writes several times into one place."""
    return where.repeats and not where.last_written(np.broadcast_to(value, where.of(array).shape), array.shape).all()


@functools.cache
def _lambdas(filename: str) -> list[ast.Lambda]:
    """All lambdas of a source file, or a cell of a notebook; none where it can't be read."""
    try:
        source = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return []
    return [node for node in ast.walk(source) if isinstance(node, ast.Lambda)]


def _body(func: Any) -> ast.expr | None:
    """The expression of a lambda: the one among those of its line that its instructions lie in."""
    code = getattr(func, "__code__", None)
    if code is None or code.co_name != "<lambda>":
        return None
    places = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    bodies = [node.body for node in _lambdas(code.co_filename) if node.lineno == code.co_firstlineno]
    if not places:  # a constant has no place, from Python 3.12 on
        return bodies[0] if len(bodies) == 1 else None
    for body in bodies:
        begin, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
        inside = sum(begin <= place < end for place in places)
        if inside and inside >= len(places) - 2:
            return body
    return None


def _written(node: ast.expr, names: Mapping[str, str]) -> tuple[str, int]:
    """An expression as HTML, and how tightly it binds."""

    def write(part: ast.expr, tightness: int = _CHOICE) -> str:
        text, binds = _written(part, names)
        return text if binds >= tightness else f"({text})"

    match node:
        case ast.BinOp(op=ast.Div()):
            return _fraction(write(node.left), write(node.right)), _PRODUCT
        case ast.BinOp(op=ast.Pow()):
            base, exponent = write(node.left, _ATOM), write(node.right)
            return (base, _ATOM) if exponent == "1" else (f"{base}<sup>{exponent}</sup>", _POWER)
        case ast.BinOp(op=ast.Mult()) if square := _squared(node):
            rest, factor = square
            text = f"{write(factor, _ATOM)}<sup>2</sup>"
            return (f"{write(rest, _SIGN)} · {text}", _PRODUCT) if rest else (text, _POWER)
        case ast.BinOp() if type(node.op) in _SIGNS:
            sign, tightness = _SIGNS[type(node.op)]
            left = write(node.left, min(tightness, _SIGN))  # −a · b needs no brackets
            right = write(node.right, tightness + (sign == " − "))
            return _counted(left, sign, right) or (f"{left}{sign}{right}", tightness)
        case ast.UnaryOp(op=ast.USub()):
            return f"−{write(node.operand, _PRODUCT)}", _SIGN
        case ast.UnaryOp(op=ast.Invert()):
            return f"not {write(node.operand, _ATOM)}", _LOOSE
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return f"{write(node.left, _SUM)} {_COMPARISONS[type(op)]} {write(right, _SUM)}", _COMPARE
        case ast.IfExp():
            return f"{write(node.body)} if {write(node.test)}, else {write(node.orelse)}", _CHOICE
        case ast.Constant():
            return html.escape(ast.unparse(node).removesuffix(".0")), _ATOM
        case ast.Name():
            return names.get(node.id) or _GREEK.get(node.id, html.escape(node.id)), _ATOM
        case ast.Attribute(attr="T" | "mT"):
            return f"{write(node.value, _ATOM)}<sup>T</sup>", _ATOM
        case ast.Attribute():
            text = ast.unparse(node)
            return _GREEK.get(text, f"{write(node.value, _ATOM)}.{node.attr}"), _ATOM
        case ast.Call():
            return _call(node, write, names)
        case ast.Subscript():
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return f"{write(node.value, _ATOM)}[{', '.join(map(write, parts))}]", _ATOM
        case ast.Tuple() | ast.List():
            return html.escape(ast.unparse(node)), _ATOM
    return html.escape(ast.unparse(node)), _LOOSE


def _squared(node: ast.BinOp) -> tuple[ast.expr | None, ast.expr] | None:
    """(None, x) of x * x, (a, x) of a * x * x."""
    if ast.dump(node.left) == ast.dump(node.right):
        return None, node.right
    before = node.left
    if (
        isinstance(before, ast.BinOp)
        and isinstance(before.op, ast.Mult)
        and ast.dump(before.right) == ast.dump(node.right)
    ):
        return before.left, node.right
    return None


def _call(node: ast.Call, write: Callable, names: Mapping[str, str]) -> tuple[str, int]:
    """A function applied to its arguments, as mathematicians write it."""
    name = ast.unparse(node.func).removeprefix("np.").removeprefix("math.")
    args = [arg for arg in node.args if not _is_unsaid(arg, names)]
    match name, len(args):
        case "exp", 1:
            return f"e<sup>{write(args[0])}</sup>", _POWER
        case "sqrt", 1:
            return f'√<span class="root">{write(args[0])}</span>', _ATOM
        case "abs" | "absolute", 1:
            return f"|{write(args[0])}|", _ATOM
        case "conj", 1:
            return f'<span class="bar">{write(args[0])}</span>', _ATOM
        case "where", 3:
            return f"{write(args[1], _SUM)} where {write(args[0])}, else {write(args[2], _SUM)}", _CHOICE
        case "divide_safely", 2:
            return _fraction(write(args[0]), write(args[1])), _PRODUCT
        case (("matmul" | "dot"), 2):
            return f"{write(args[0], _PRODUCT)} @ {write(args[1], _POWER)}", _PRODUCT
    if isinstance(node.func, ast.Attribute) and node.func.attr == "dot" and len(args) == 1:
        return f"{write(node.func.value, _PRODUCT)} @ {write(args[0], _POWER)}", _PRODUCT
    settings = [k for k in node.keywords if k.arg and not _is_unsaid(k.value, names)]
    shown = [write(arg) for arg in args] + [f"{k.arg}={write(k.value)}" for k in settings]
    return f"{html.escape(name.replace('_', ' ').strip())}({', '.join(shown)})", _ATOM


def _is_unsaid(node: ast.expr, names: Mapping[str, str]) -> bool:
    return isinstance(node, ast.Name) and names.get(node.id) == ""


def _counted(left: str, sign: str, right: str) -> tuple[str, int] | None:
    """The sum or difference of two whole numbers, as in the exponent 3 − 1."""
    if sign.strip() not in ("+", "−") or not (left.isdecimal() and right.isdecimal()):
        return None
    n = int(left) + int(right) * (1 if "+" in sign else -1)
    return (str(n), _ATOM) if n >= 0 else (f"−{-n}", _SIGN)


def _fraction(above: str, below: str) -> str:
    return f'<span class="fraction"><span>{above}</span><span>{below}</span></span>'
