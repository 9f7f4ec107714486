"""Expressions in Python's syntax: parsed, simplified, evaluated. Constants in them may be any objects."""

from __future__ import annotations

import ast
import copy
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Constant: Any = ast.Constant  # of any object

OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul, ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.USub: operator.neg,
    ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Is: operator.is_, ast.IsNot: operator.is_not, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


class Evaluator:
    """Evaluates expressions, in which letters have these values, and functions these names.

    What an expression came to is kept: the same one is asked for again where it is a part of another.
    """

    def __init__(self, functions: Mapping[str, Callable], values: Mapping[str, Any]):
        self._functions, self._values = functions, values
        self._known: dict[int, tuple[ast.AST, Any]] = {}

    def value(self, node: ast.expr) -> Any:
        """What an expression evaluates to; what is computed where a case doesn't hold may be infinite, or nan."""
        with np.errstate(all="ignore"):
            return self._value(node)

    def _value(self, node: Any) -> Any:
        if id(node) not in self._known:
            self._known[id(node)] = node, self._computed(node)  # the node is kept, so that no other has its id
        return self._known[id(node)][1]

    def _computed(self, node: Any) -> Any:
        value = self._value
        match node:
            case None:
                return None
            case ast.Constant():
                return node.value
            case ast.Name(id=name):
                return self._values[name] if name in self._values else self._functions[name]
            case ast.BinOp(left, op, right):
                return OPERATORS[type(op)](value(left), value(right))
            case ast.UnaryOp(op, operand):
                return OPERATORS[type(op)](value(operand))
            case ast.Compare(left, [op], [right]):
                return OPERATORS[type(op)](value(left), value(right))
            case ast.Call(ast.Name(id=name), args, keywords):
                return self._functions[name](*map(value, args), **{str(k.arg): value(k.value) for k in keywords})
            case ast.IfExp(test, body, orelse):
                return value(body) if value(test) else value(orelse)
            case ast.Attribute(of, name):
                return getattr(value(of), name)
            case ast.Subscript(of, index):
                return value(of)[value(index)]
            case ast.Slice(first, last, step):
                return slice(value(first), value(last), value(step))
            case ast.Tuple(parts):
                return tuple(map(value, parts))
            case ast.List(parts):
                return list(map(value, parts))
        raise TypeError(f"no value of {ast.unparse(node)}")


class Put(ast.NodeTransformer):
    """Puts an expression in the place of a letter."""

    def __init__(self, letter: str, tree: ast.expr):
        self._letter, self._tree = letter, tree

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._tree if node.id == self._letter else node


@functools.cache
def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def parsed(text: str) -> ast.expr:
    return copy.deepcopy(_parse(text))


def used_letters(where: Mapping[str, str], text: str) -> dict[str, str]:
    """Those of the letters that a text uses, and those that they are defined by."""
    used: dict[str, str] = {}
    names = _names(text)
    for letter, meaning in reversed(list(where.items())):
        if letter in names:
            used[letter] = meaning
            names |= _names(meaning)
    return dict(reversed(used.items()))


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(_parse(text)) if isinstance(node, ast.Name)}


def simpler(node: ast.expr) -> ast.expr:
    """a ** 1, a * 1 and 1 * a as a, and a + 0 too; and what a bool decides."""
    match node:
        case ast.BinOp(left, ast.Pow() | ast.Mult() | ast.Div(), ast.Constant(value=1)):
            return left
        case ast.BinOp(ast.Constant(value=1), ast.Mult(), right):
            return right
        case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(value=0 as nothing)) if not isinstance(
            nothing, complex
        ):
            return left
        case ast.BinOp(ast.Constant(value=bool() as known), ast.BitAnd() | ast.BitOr() as op, other):
            return other if known is isinstance(op, ast.BitAnd) else node.left
        case ast.BinOp(other, ast.BitAnd() | ast.BitOr() as op, ast.Constant(value=bool() as known)):
            return other if known is isinstance(op, ast.BitAnd) else node.right
    return node


def as_tree(x: Any) -> Any:
    """An argument, an expression already or a default; those of `*args` as a tuple."""
    if isinstance(x, tuple) and any(isinstance(part, ast.expr) for part in x):
        return ast.Tuple(list(x), ast.Load())
    return x if isinstance(x, ast.expr) else Constant(x)


def needs_no_letter(tree: Any) -> bool:
    """Whether an expression is a letter already, or a constant other than a number."""
    if isinstance(tree, Constant):
        return isinstance(tree.value, bool) or not isinstance(tree.value, int | float)
    return isinstance(tree, ast.Name)


def is_0(tree: Any) -> bool:
    return isinstance(tree, Constant) and type(tree.value) is int and tree.value == 0


def is_where(tree: Any) -> bool:
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "where"
