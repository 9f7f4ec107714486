"""Expressions as readers of mathematics expect them, in HTML: fractions, powers, roots, cases, and letters."""

from __future__ import annotations

import ast
import html
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from .labels import index

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
_CONSTANTS = {
    math.pi: "π", math.e: "e", math.inf: "∞", math.log(2): "ln 2", math.log(10): "ln 10",
    math.sqrt(math.pi): '√<span class="root">π</span>', math.sqrt(2 * math.pi): '√<span class="root">2π</span>',
    math.pi / 180: '<span class="fraction"><span>π</span><span>180</span></span>',
}  # fmt: skip


def written(tree: ast.expr, letter: Callable[[str], str]) -> str:
    """An expression as HTML; `letter` gives that of each name in it, as HTML.

    >>> written(ast.parse("g / (2 * y)", mode="eval").body, str)
    '<span class="fraction"><span>g</span><span>2 · y</span></span>'
    """
    return _written(tree, letter)[0]


def _written(node: ast.expr, letter: Callable[[str], str]) -> tuple[str, int]:
    """An expression as HTML, and how tightly it binds."""

    def write(part: ast.expr, tightness: int = _CHOICE) -> str:
        text, binds = _written(part, letter)
        return text if binds >= tightness else f"({text})"

    match node:
        case ast.BinOp(op=ast.Div()):
            return _fraction(write(node.left), write(node.right)), _PRODUCT
        case ast.BinOp(op=ast.Pow()):
            return f"{write(node.left, _ATOM)}<sup>{write(node.right)}</sup>", _POWER
        case ast.BinOp(op=ast.Mult()) if square := _squared(node):
            rest, factor = square
            text = f"{write(factor, _ATOM)}<sup>2</sup>"
            return (f"{write(rest, _SIGN)} · {text}", _PRODUCT) if rest else (text, _POWER)
        case ast.BinOp() if type(node.op) in _SIGNS:
            sign, tightness = _SIGNS[type(node.op)]
            left = write(node.left, min(tightness, _SIGN))  # −a · b needs no brackets
            right = write(node.right, tightness + (sign in (" − ", " @ ")))
            return f"{left}{sign}{right}", tightness
        case ast.UnaryOp(op=ast.USub()):
            return f"−{write(node.operand, _PRODUCT)}", _SIGN
        case ast.UnaryOp(op=ast.Invert() | ast.Not()):
            return f"not {write(node.operand, _ATOM)}", _LOOSE
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return f"{write(node.left, _SUM)} {_COMPARISONS[type(op)]} {write(right, _SUM)}", _COMPARE
        case ast.IfExp():
            return _cases(write(node.body), write(node.test), write(node.orelse)), _ATOM
        case ast.Constant():
            return _constant(node.value)
        case ast.Name():
            return letter(node.id), _ATOM
        case ast.Attribute(attr="T" | "mT"):
            return f"{write(node.value, _ATOM)}<sup>T</sup>", _ATOM
        case ast.Attribute():
            return f"{write(node.value, _ATOM)}.{node.attr}", _ATOM
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in _BINARY:
            return _written(ast.BinOp(left, _BINARY[name](), right), letter)
        case ast.Call():
            return _call(node, write)
        case ast.Subscript():
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return f"{write(node.value, _ATOM)}[{', '.join(map(write, parts))}]", _ATOM
        case ast.Slice():
            ends = [write(part) if part else "" for part in (node.lower, node.upper)]
            return ":".join(ends) + (f":{write(node.step)}" if node.step else ""), _ATOM
        case ast.Tuple():
            return f"({', '.join(map(write, node.elts))}{',' * (len(node.elts) == 1)})", _ATOM
        case ast.List():
            return f"[{', '.join(map(write, node.elts))}]", _ATOM
    raise TypeError(f"no notation for {ast.dump(node)}")


def _constant(value: Any) -> tuple[str, int]:
    if isinstance(value, float) and value in _CONSTANTS:
        return _CONSTANTS[value], _ATOM
    if isinstance(value, float | int) and not isinstance(value, bool):
        text = f"{value:.6g}".removesuffix(".0")
        return (f"−{text[1:]}", _SIGN) if text.startswith("-") else (text, _ATOM)
    if isinstance(value, slice) or value is Ellipsis or (isinstance(value, tuple) and any(isinstance(v, slice) for v in value)):
        return html.escape(index(value)[1:-1]), _ATOM
    return html.escape(value if isinstance(value, str) else str(value)), _ATOM


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


def _call(node: ast.Call, write: Callable[..., str]) -> tuple[str, int]:
    """A function applied to its arguments, as mathematicians write it."""
    name, args = ast.unparse(node.func), node.args
    match name, len(args) + len(node.keywords):
        case "exp", 1:
            return f"e<sup>{write(args[0])}</sup>", _POWER
        case "sqrt", 1:
            return f'√<span class="root">{write(args[0])}</span>', _ATOM
        case "abs" | "absolute", 1:
            return f"|{write(args[0])}|", _ATOM
        case "conj" | "conjugate", 1:
            return f'<span class="bar">{write(args[0])}</span>', _ATOM
        case "where", 3:
            return _cases(write(args[1]), write(args[0]), write(args[2])), _ATOM
        case "negative", 1:
            return f"−{write(args[0], _PRODUCT)}", _SIGN
        case "square", 1:
            return f"{write(args[0], _ATOM)}<sup>2</sup>", _POWER
        case "reciprocal", 1:
            return _fraction("1", write(args[0])), _PRODUCT
    shown = [write(arg) for arg in args] + [f"{k.arg}={write(k.value)}" for k in node.keywords]
    return f"{html.escape(name.replace('_', ' ').strip())}({', '.join(shown)})", _ATOM


_BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div, "true_divide": ast.Div,
    "power": ast.Pow, "float_power": ast.Pow, "matmul": ast.MatMult, "dot": ast.MatMult, "remainder": ast.Mod,
}  # fmt: skip


def _cases(then: str, test: str, otherwise: str) -> str:
    """What holds where a condition does, and what holds else, in one line each."""
    return (
        f'<span class="cases"><span><span>{then}</span><span>where {test}</span></span>'
        f"<span><span>{otherwise}</span><span>else</span></span></span>"
    )


def _fraction(above: str, below: str) -> str:
    return f'<span class="fraction"><span>{above}</span><span>{below}</span></span>'


class _Plain(HTMLParser):
    """Collects the text of a formula, with signs for what HTML shows by its layout."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []
        self.parts: list[list[str]] = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds.append(dict(attrs).get("class") or tag)
        self.parts.append([])

    def handle_endtag(self, tag: str) -> None:
        kind, parts = self.kinds.pop(), self.parts.pop()
        text = "".join(parts)
        if kind == "fraction":
            text = " / ".join(part if re.fullmatch(r"[^ ]+", part) else f"({part})" for part in parts)
        elif kind == "sup":
            text = text.translate(_RAISED) if not set(text) - set("0123456789−T") else f"^({text})"
        elif kind == "root":
            text = f"({text})"
        elif kind == "bar":
            text = f"conj({text})"
        elif kind == "cases":
            text = f"({'; '.join(parts)})"
        elif self.kinds and self.kinds[-1] == "cases":
            text = " ".join(parts)
        self.parts[-1].append(text)

    def handle_data(self, data: str) -> None:
        self.parts[-1].append(data)


_RAISED = str.maketrans("0123456789−T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ")


def plain(formula: str) -> str:
    """A formula in HTML as one line of text.

    >>> plain('<span class="fraction"><span>g</span><span>2 · y</span></span> + x<sup>2</sup>')
    'g / (2 · y) + x²'
    """
    reader = _Plain()
    reader.feed(formula)
    return "".join(reader.parts[0])
