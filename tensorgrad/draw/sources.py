"""The sources of functions: their text, and their statements."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any


def source_of(function: Callable) -> str:
    """The text of a function, or of the lines that a lambda stands in; empty where it is lost."""
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return ""


def body_of(function: Any) -> list[ast.stmt] | None:
    """The statements of a function, without its docstring; of a lambda, that it returns its expression; or None."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    tree = _tree(code.co_filename)
    if code.co_name == "<lambda>":
        bodies = [node.body for node in _nodes(tree, ast.Lambda) if node.lineno == code.co_firstlineno]
        found = _of_lambda(code, bodies)
        return None if found is None else [ast.Return(found)]
    for node in _nodes(tree, ast.FunctionDef):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if node.name == code.co_name and first == code.co_firstlineno:
            has_words = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            return node.body[has_words:]
    return None


def _of_lambda(code: Any, bodies: list[ast.expr]) -> ast.expr | None:
    """The one among the expressions of a line that the instructions of a lambda lie in."""
    places = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    if not places:  # a constant has no place, from Python 3.12 on
        return bodies[0] if len(bodies) == 1 else None
    for body in bodies:
        begin, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
        inside = sum(begin <= place < end for place in places)
        if inside and inside >= len(places) - 2:
            return body
    return None


@functools.cache
def _tree(filename: str) -> ast.AST | None:
    """A source file, or a cell of a notebook, read; None where it can't be."""
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return None


def _nodes(tree: ast.AST | None, kind: type) -> list[Any]:
    return [node for node in ast.walk(tree) if isinstance(node, kind)] if tree is not None else []
