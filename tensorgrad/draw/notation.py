"""Expressions as readers of mathematics expect them, in HTML: fractions, powers, roots, cases, and letters."""

from __future__ import annotations

import ast
import functools
import html
import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .labels import place

# How tightly each kind of expression binds; what binds less tightly than its surroundings gets brackets.
_WORDS, _CHOICE, _LOOSE, _COMPARE, _SUM, _MOD, _SIGN, _PRODUCT, _POWER, _ATOM = range(10)

_SIGNS: dict[type, tuple[str, int]] = {
    ast.Add: (" + ", _SUM),
    ast.Sub: (" − ", _SUM),
    ast.Mult: (" · ", _PRODUCT),
    ast.MatMult: (" @ ", _PRODUCT),
    ast.Mod: (" mod ", _MOD),
    ast.FloorDiv: (" div ", _MOD),
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


def has_notation(tree: ast.expr) -> bool:
    """Whether `written` can write an expression."""
    return all(map(_is_written, ast.walk(tree)))


def _is_written(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=op):
            return type(op) in _SIGNS or isinstance(op, ast.Div | ast.Pow)
        case ast.UnaryOp(op=op):
            return isinstance(op, ast.USub | ast.Invert | ast.Not)
        case ast.Compare(ops=ops):
            return len(ops) == 1 and type(ops[0]) in _COMPARISONS
        case ast.expr():
            return isinstance(node, _WRITTEN)
    return True  # a part of one of these


_WRITTEN = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.IfExp, ast.Tuple, ast.List,
)  # fmt: skip


def shown_letter(name: str) -> str:
    """A letter of a formula; one with a dash has a line below in Python."""
    return name.rstrip("_").replace("_", " ") + "\N{PRIME}" * (len(name) - len(name.rstrip("_")))


def written(tree: ast.expr, letter: Callable[[str], str]) -> str:
    """An expression as HTML; `letter` gives that of each name in it, as HTML. Names with operators get brackets.

    >>> written(ast.parse("g / (2 * y)", mode="eval").body, str)
    '<span class="fraction"><span>g</span><span>2 · y</span></span>'
    """
    return _written(tree, letter)[0]


def _written(node: ast.expr, letter: Callable[[str], str]) -> tuple[str, int]:
    """An expression as HTML, and how tightly it binds."""

    def write(part: ast.expr, tightness: int = _WORDS) -> str:
        text, binds = _written(part, letter)
        return text if binds >= tightness else f"({text})"

    def listed(part: ast.expr) -> str:
        """An element of a list, which as 0 alone wouldn't tell its shape."""
        match part:
            case ast.Call(func=ast.Name(id="zeros_like"), args=[of]):
                return f"zeros_like({write(of)})"
        return write(part, _CHOICE)

    def raised(part: ast.expr) -> str:
        """What has something raised beside it: ∂L/∂y, too, needs brackets there."""
        text = write(part, _ATOM)
        is_quotient = isinstance(part, ast.Name) and "/" in _text(text) and not text.startswith("(")
        return f"({text})" if is_quotient else text

    node = _as_operator(node)
    match node:
        case ast.BinOp(op=ast.Div()):
            return _fraction(write(node.left), write(node.right)), _PRODUCT
        case ast.BinOp(op=ast.Pow()):
            return f"{raised(node.left)}<sup>{write(node.right)}</sup>", _POWER
        case ast.BinOp(op=ast.Mult()) if square := _squared(node):
            rest, factor = square
            text = f"{raised(factor)}<sup>2</sup>"
            return (f"{write(rest, _SIGN)} · {text}", _PRODUCT) if rest else (text, _POWER)
        case ast.BinOp(op=ast.Mod() | ast.FloorDiv() as op):
            return f"{write(node.left, _POWER)}{_SIGNS[type(op)][0]}{write(node.right, _POWER)}", _MOD
        case ast.BinOp() if type(node.op) in _SIGNS:
            sign, tightness = _SIGNS[type(node.op)]
            left = write(node.left, min(tightness, _SIGN))  # −a · b needs no brackets
            right = write(node.right, tightness + (sign in (" − ", " @ ")))
            # Products of matrices in elementwise ones, and elementwise ones in those of matrices
            other = {ast.Mult: (ast.MatMult,), ast.MatMult: (ast.Mult, ast.Div)}.get(type(node.op), ())
            left = f"({left})" if _is_product(node.left, *other) else left
            if right.startswith("−") or (_is_product(node.right, *other) and not right.startswith("(")):
                right = f"({right})"
            return f"{left}{sign}{right}", tightness
        case ast.UnaryOp(op=ast.USub()):
            return f"−{write(node.operand, _PRODUCT)}", _SIGN
        case ast.UnaryOp(op=ast.Invert() | ast.Not()):
            return f"not {write(node.operand, _ATOM)}", _LOOSE
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return f"{write(node.left, _SUM)} {_COMPARISONS[type(op)]} {write(right, _SUM)}", _COMPARE
        case ast.IfExp() | ast.Call(func=ast.Name(id="where"), args=[_, _, _]):
            return _cases(node, write), _ATOM
        case ast.Constant():
            return _constant(node.value)
        case ast.Name():
            text = letter(node.id)
            is_word = _text(text) == shown_letter(node.id) or _ONE_WORD.fullmatch(_text(text))
            return text, _ATOM if is_word else _WORDS
        case ast.Attribute(attr="T" | "mT"):
            return f"{raised(node.value)}<sup>T</sup>", _ATOM
        case ast.Attribute():
            return f"{write(node.value, _ATOM)}.{node.attr}", _ATOM
        case ast.Subscript() | ast.Call(func=ast.Name(id="getitem")):
            value, of = (node.value, node.slice) if isinstance(node, ast.Subscript) else node.args
            return f"{write(value, _ATOM)}[{_index(of, write)}]", _ATOM
        case ast.Call():
            return _call(node, write)
        case ast.Slice():
            ends = [write(part) if part else "" for part in (node.lower, node.upper)]
            return ":".join(ends) + (f":{write(node.step)}" if node.step else ""), _ATOM
        case ast.Tuple():
            return f"({', '.join(write(part, _CHOICE) for part in node.elts)}{',' * (len(node.elts) == 1)})", _ATOM
        case ast.List():
            return f"[{', '.join(map(listed, node.elts))}]", _ATOM
    raise TypeError(f"no notation for {ast.dump(node)}")


# A name, in which operators stand within brackets alone, or a gradient of such names: it needs no brackets
_ONE_WORD = re.compile(r"(?:∂Σ?NAME/∂)?NAME".replace("NAME", r"(?:[\w.…\u2032]|\[[^\]]*\]|\([^)]*\))+"))


def _text(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))


def _as_operator(node: ast.expr) -> ast.expr:
    """A call as an operator, if it has one."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in COMPARED:
            return ast.Compare(left, [COMPARED[name]()], [right])
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in BINARY:
            return ast.BinOp(left, BINARY[name](), right)
        case ast.Call(func=ast.Name(id="negative"), args=[operand], keywords=[]):
            return ast.UnaryOp(ast.USub(), operand)
        case ast.Call(func=ast.Name(id="square"), args=[operand], keywords=[]):
            return ast.BinOp(operand, ast.Pow(), ast.Constant(2))
    return node


def _constant(value: Any) -> tuple[str, int]:
    if isinstance(value, float) and value in _CONSTANTS:
        return _CONSTANTS[value], _ATOM
    if isinstance(value, float | int) and not isinstance(value, bool):
        text = _number(float(value)) if isinstance(value, float) else str(value).replace("-", "−")
        return (text, _SIGN) if text.startswith("−") else (text, _ATOM)
    if (
        isinstance(value, slice)
        or value is Ellipsis
        or (isinstance(value, tuple) and any(isinstance(v, slice) for v in value))
    ):
        return _part(value), _ATOM
    if isinstance(value, complex):
        imaginary, binds = _constant(value.imag)
        if not value.real:
            return f"{imaginary}j", binds
        sign = "" if binds == _SIGN else "+"
        return f"({_constant(value.real)[0]}{sign}{imaginary}j)", _ATOM
    if isinstance(value, np.ndarray):
        return _constant(value.tolist())
    if isinstance(value, tuple | list):
        inside = ", ".join(_constant(part)[0] for part in value)
        return (f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"), _ATOM
    if isinstance(value, str):
        return html.escape(f'"{value}"'), _ATOM
    name = getattr(value, "name", getattr(value, "__name__", value))  # of dtypes, functions
    return _with_minus(html.escape(str(name))), _ATOM


def _with_minus(text: str) -> str:
    """A text with the sign of mathematics before its numbers."""
    return re.sub(r"-(?=[\d.])", "−", text)


def _number(x: float) -> str:
    """A number as it is, if it is short; else four significant digits, and beside them all."""
    shown = next((text for text in (f"{x:.0f}", f"{x:.6g}") if abs(x) < 1e7 and float(text) == x), f"{x:.4g}")
    shown = shown.replace("-", "−")
    return shown if float(shown.replace("−", "-")) == x else f'<data value="{x!r}">{shown}</data>'


def numeral(x: Any, digits: int) -> str:
    """A number of NumPy's in so many significant digits, with the sign of mathematics."""
    return f"{x.item():.{digits}g}".replace("-", "−")


def _index(node: ast.expr, write: Callable[..., str]) -> str:
    """What stands in the brackets of an index."""
    if isinstance(node, ast.Constant):
        return _part(node.value)
    parts = node.elts if isinstance(node, ast.Tuple) else []
    return ", ".join(write(part, _CHOICE) for part in parts) or write(node)


def _part(i: Any) -> str:
    """A setting as a part of an index, or several."""
    if isinstance(i, slice):
        start, stop, step = ("" if x is None else _with_minus(str(x)) for x in (i.start, i.stop, i.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(i, tuple) and i:
        return ", ".join(_with_minus(html.escape(str(part))) if isinstance(part, tuple) else _part(part) for part in i)
    return "..." if i is Ellipsis else _with_minus(html.escape(str(i)))


def _is_product(node: ast.expr, *kinds: type[ast.operator]) -> bool:
    node = _as_operator(node)
    return isinstance(node, ast.BinOp) and isinstance(node.op, kinds)


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
        case "reciprocal", 1:
            return _fraction("1", write(args[0])), _PRODUCT
        case "exp2", 1:
            return f"2<sup>{write(args[0])}</sup>", _POWER
        case "expm1", 1:
            return f"e<sup>{write(args[0])}</sup> − 1", _SUM
        case "log1p", 1:
            return f"log(1 + {write(args[0], _SUM)})", _ATOM
        case "cbrt", 1:
            return f'∛<span class="root">{write(args[0])}</span>', _ATOM
        case "zeros_like", 1:
            return "0", _ATOM
        case "scatter", 3:
            return f"{write(args[0], _SUM)} at [{_index(args[1], write)}], 0 elsewhere", _WORDS
        case "with_part", 3:
            return f"{write(args[0], _SUM)} with {write(args[2], _SUM)} at {_place(args[1])}", _CHOICE
        case "with_zeros", 2:
            return f"{write(args[0], _SUM)} with zeros at {_place(args[1])}", _CHOICE
        case "in_part", 3:
            return f"{write(args[0], _SUM)} at {_place(args[1])}{_elsewhere(args)}", _WORDS
        case "stays", 3:
            return f"{write(args[0], _SUM)} is the last at {_place(args[1])}", _CHOICE
        case "part_of", 2:
            return _place(args[1], f"({write(args[0])})"), _ATOM
    least = _WORDS if len(args) + len(node.keywords) == 1 else _CHOICE  # words with a comma need brackets beside others
    shown = [write(arg, least) for arg in args] + [f"{k.arg}={write(k.value, least)}" for k in node.keywords]
    if len(args) > 1 and _parameters(name)[len(args) - 1 : len(args)] == ["axis"]:
        shown[len(args) - 1] = f"axis={shown[len(args) - 1]}"
    return f"{NAMES.get(name, html.escape(name.strip('_')))}({', '.join(shown)})", _ATOM


def _place(node: ast.expr, array: str = "") -> str:
    """A place, or the part of an array that is there, in NumPy's words."""
    text = _with_minus(place(node.value, "\0"))  # type: ignore[attr-defined]
    text = text.replace("\0,", "\1,").replace("(\0)", "(\1)")  # in the brackets of a function it needs none of its own
    return html.escape(text).replace("\1", array[1:-1] or "·").replace("\0", array)


def _elsewhere(args: list[ast.expr]) -> str:
    """What is beside a place; nothing, if that is all of an array."""
    where, array = args[1].value, np.empty(args[2].value)  # type: ignore[attr-defined]
    return "" if where.covers(where.of(array), array) else ", 0 elsewhere"


@functools.cache
def _parameters(name: str) -> list[str]:
    """Those of a function of NumPy's; none, if there is no such function."""
    try:
        return list(inspect.signature(getattr(np, name)).parameters)
    except (AttributeError, TypeError, ValueError):
        return []


NAMES = {
    "maximum": "max", "minimum": "min", "amax": "max", "amin": "min", "normal_cdf": "Φ", "i0": "I₀", "i0_slope": "I₁",
}  # fmt: skip
BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div, "true_divide": ast.Div,
    "power": ast.Pow, "float_power": ast.Pow, "matmul": ast.MatMult, "remainder": ast.Mod,
    "floor_divide": ast.FloorDiv,
}  # fmt: skip


COMPARED: dict[str, type[ast.cmpop]] = {
    "equal": ast.Eq, "not_equal": ast.NotEq, "less": ast.Lt, "less_equal": ast.LtE, "greater": ast.Gt,
    "greater_equal": ast.GtE,
}  # fmt: skip


# Functions of ours that are written in words, or by another name
WORDED = frozenset({
    "getitem", "in_part", "i0_slope", "normal_cdf", "part_of", "scatter", "stays", "with_part", "with_zeros",
})  # fmt: skip
SIGNED = frozenset({*BINARY, *COMPARED})  # those that are written as operators


def _cases(node: ast.expr, write: Callable[..., str]) -> str:
    """What holds where one condition does, or another, and what holds else, in one line each."""
    rows = ""
    while True:
        match node:
            case ast.Call(func=ast.Name(id="where"), args=[test, then, node]) | ast.IfExp(test, then, node):
                rows += f"<span><span>{write(then)}</span><span>where {write(test)}</span></span>"
            case _:
                return f'<span class="cases">{rows}<span><span>{write(node)}</span><span>else</span></span></span>'


def _fraction(above: str, below: str) -> str:
    return f'<span class="fraction"><span>{above}</span><span>{below}</span></span>'


_RAISED = str.maketrans("0123456789−T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ")


def plain(formula: str) -> str:
    """A formula in HTML as one line of text.

    >>> plain('<span class="fraction"><span>g</span><span>2 · y</span></span> + x<sup>2</sup>')
    'g / (2 · y) + x²'
    """
    inside: list[tuple[str, list[str]]] = [("", [])]  # the kinds of the elements that are open, and their parts
    for token in re.split("(<[^>]*>)", formula):
        if token.startswith("</"):
            kind, parts = inside.pop()
            inside[-1][1].append(_joined(kind, parts, inside[-1][0]))
        elif token.startswith("<"):
            found = re.search('class="([^"]*)"', token)
            inside.append((found[1] if found else token.strip("<>").split()[0], []))
        elif token:
            inside[-1][1].append(html.unescape(token))
    return "".join(inside[0][1])


def _joined(kind: str, parts: list[str], around: str) -> str:
    """The parts of an element, with signs for what HTML shows by its layout."""
    text = "".join(parts)
    match kind:
        case "fraction":
            return " / ".join(part if " " not in part else f"({part})" for part in parts)
        case "sup":
            return f"^({text})" if set(text) - set("0123456789−T") else text.translate(_RAISED)
        case "root":
            return f"({text})"
        case "bar":
            return f"conj({text})"
        case "cases":
            return f"({'; '.join(parts)})"
    return " ".join(parts) if around == "cases" else text
