"""Formulas of complex gradients as `.grad` has them: the conjugates of what rules are given, and give."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

import numpy as np

from .expressions import Evaluator
from .formulas import Expression

# Functions whose conjugate is that of what their arrays are
_LINEAR = {
    "sum", "mean", "cumsum", "reshape", "transpose", "swapaxes", "moveaxis", "broadcast_to",
    "expand_dims", "squeeze", "where", "flip", "roll", "rot90", "scatter", "concatenate",
    "getitem", "take", "take_along_axis", "tril", "triu", "diag", "einsum", "inv",
    "solve", "with_zeros",
}  # fmt: skip


def conjugated(expression: Expression, gradients: Collection[str]) -> Expression:
    """An expression in gradients (its letters for them) as one in their conjugates, which gives the conjugate."""
    found = _Conjugates(expression, frozenset(gradients))
    tree, where = found.conj(expression.tree), {letter: found.plain(t) for letter, t in expression.where.items()}
    values = {k: np.conj(x) if k in gradients else x for k, x in expression.values.items()}
    return expression._replace(
        tree=tree, where=where, values=values, functions={**expression.functions, "conj": np.conj}
    )


class _Conjugates:
    def __init__(self, expression: Expression, gradients: frozenset[str]):
        self._value = Evaluator(expression.functions, expression.values).value
        self._gradients = gradients

    def plain(self, node: Any) -> Any:
        """An expression of the same value, in the conjugates of the gradients."""
        match node:
            case ast.Name(id=name) if name in self._gradients:
                return _conj(node) if self._is_complex(node) else node
            case ast.Call(ast.Name("conj" | "conjugate"), [inside]):
                return self.conj(inside)
            case ast.Call(ast.Name("part_of"), [ast.Name(id=name) as g, ast.Constant() as place]) if (
                name in self._gradients
            ):
                if not self._is_complex(node):  # a real or an imaginary part
                    part = ast.Call(node.func, [g, node.args[1]], [])
                    return part if _object(place).sign == 1 else _negative(part)
        return self._with_parts(node, self.plain)

    def conj(self, node: Any) -> Any:
        """An expression of the conjugate value."""
        if not self._is_complex(node):
            return self.plain(node)
        match node:
            case ast.Name(id=name) if name in self._gradients:
                return node
            case ast.Constant():
                return ast.Constant(np.conj(_object(node)).item())
            case ast.Call(ast.Name("conj" | "conjugate"), [inside]):
                return self.plain(inside)
            case ast.Call(ast.Name("in_part"), [value, ast.Constant() as place, shape]):
                inside = self.conj(value) if _object(place).sign == 1 else _negative(self.plain(value))
                return ast.Call(node.func, [inside, node.args[1], shape], [])
            case ast.Call(ast.Name(id=name)) if name in _LINEAR or name == "part_of":
                return self._with_parts(node, self.conj)
            case ast.BinOp(op=ast.Pow(), right=right) if self._is_complex(right) or not isinstance(right, ast.Constant):
                return _conj(self.plain(node))
            case ast.BinOp() | ast.UnaryOp() | ast.Attribute() | ast.Tuple() | ast.List():
                return self._with_parts(node, self.conj)
            case ast.Subscript(of, index, ctx):
                return ast.Subscript(self.conj(of), self.plain(index), ctx)
        return _conj(self.plain(node))

    def _with_parts(self, node: Any, change: Any) -> Any:
        match node:
            case ast.UnaryOp(ast.USub(), operand):
                return _negative(change(operand))
            case ast.Name() | ast.Constant() | None:
                return node
        changed = {}
        for name, part in ast.iter_fields(node):
            if isinstance(part, list):
                changed[name] = [change(p) if isinstance(p, ast.expr) else p for p in part]
            else:
                changed[name] = change(part) if isinstance(part, ast.expr) and name != "func" else part
        if isinstance(node, ast.Call):
            changed["keywords"] = [ast.keyword(k.arg, self.plain(k.value)) for k in node.keywords]
        return type(node)(**changed)

    def _is_complex(self, node: Any) -> bool:
        value = self._value(node)
        values = value if isinstance(value, tuple | list) else [value]
        return any(np.iscomplexobj(x) for x in values if x is not Ellipsis)


def _object(node: ast.expr) -> Any:
    """What a constant is, which may be any object."""
    return getattr(node, "value", None)


def _conj(node: Any) -> ast.expr:
    return ast.Call(ast.Name("conj", ast.Load()), [node], [])


def _negative(node: Any) -> ast.expr:
    """-a, and a of -a."""
    if isinstance(node, ast.Constant):
        return ast.Constant(-_object(node))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    return ast.UnaryOp(ast.USub(), node)
