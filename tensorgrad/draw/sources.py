"""The sources of functions: their text, and their statements."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from types import CodeType
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
    return None if code is None else _body_of(code)


@functools.lru_cache(maxsize=4096)
def _body_of(code: CodeType) -> list[ast.stmt] | None:
    nodes = _functions(code.co_filename).get(code.co_firstlineno, [])
    if code.co_name == "<lambda>":
        found = _of_lambda(code, [node.body for node in nodes if isinstance(node, ast.Lambda)])
        return None if found is None else [ast.Return(found)]
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
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
def _functions(filename: str) -> dict[int, list[Any]]:
    """The functions in a source file, or a cell of a notebook, by the lines where they begin; none, if it is lost."""
    found: dict[int, list[Any]] = {}
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
            found.setdefault(first, []).append(node)
    return found
