"""The sources of functions: their text, and their statements."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any


def source_of(function: Callable) -> str:
    """The text of a function, or of the lines that a lambda stands in; empty where it is lost."""
    if callable(function) and inspect.isfunction(type(function).__call__):  # an object that is called
        function = type(function).__call__
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is not None and not _stands_in(code, _text_of_file(code)):
        return ""
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return ""


def body_of(function: Any) -> list[ast.stmt] | None:
    """The statements of a function, without its docstring; of a lambda, that it returns its expression; or None.

    None, too, where the source isn't that of the function any more, since the file was changed after it was run.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    return _body_of(code, _text_of_file(code))


def _text_of_file(code: CodeType) -> str:
    """What the file holds now that a function was read from; or what Python takes for it, of one by eval or exec."""
    linecache.checkcache(code.co_filename)
    return "".join(linecache.getlines(code.co_filename))


def _stands_in(code: CodeType, source: str) -> bool:
    """Whether a function is in a source, in its place."""
    return any(_is_same(code, found) for found in _functions(source)[1].get(code.co_firstlineno, []))


@functools.lru_cache(maxsize=4096)
def _body_of(code: CodeType, source: str) -> list[ast.stmt] | None:
    nodes, place = _functions(source)[0], code.co_firstlineno
    if not _stands_in(code, source):
        return None
    if code.co_name == "<lambda>":
        bodies = [node.body for node in nodes.get(place, []) if isinstance(node, ast.Lambda)]
        found = _of_lambda(code, bodies)
        return None if found is None else [ast.Return(found)]
    for node in nodes.get(place, []):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            has_words = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            return node.body[has_words:]
    return None


def _is_same(a: CodeType, b: CodeType) -> bool:
    """Whether two functions do the same, by their instructions, and all that these speak of."""
    return _content(a) == _content(b)


def _content(code: CodeType) -> tuple:
    constants = [_content(x) if isinstance(x, CodeType) else _told(x) for x in code.co_consts]
    return code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _told(x: Any) -> str:
    """A constant in words, which tell 1 from 1.0 and True."""
    return ", ".join(sorted(map(repr, x))) if isinstance(x, frozenset) else repr(x)


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


@functools.lru_cache(maxsize=256)
def _functions(source: str) -> tuple[dict[int, list[Any]], dict[int, list[CodeType]]]:
    """The functions in the source of a file, or of a cell of a notebook, by the lines where they begin, as trees and
    compiled; none, if it can't be."""
    nodes: dict[int, list[Any]] = {}
    codes: dict[int, list[CodeType]] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the source has been compiled before
            tree = ast.parse(source)
            compiled = compile(tree, "<source>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return nodes, codes
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
            nodes.setdefault(first, []).append(node)
    inside = [compiled]
    for code in inside:
        codes.setdefault(code.co_firstlineno, []).append(code)
        inside += [x for x in code.co_consts if isinstance(x, CodeType)]
    return nodes, codes
