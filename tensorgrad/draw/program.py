"""The two passes as a program in JavaScript, so that a page can compute them anew when a number is changed."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..versions import ASSIGN
from .calls import has_a_name, is_another
from .formulas import Expression, call_of, expression_of
from .javascript import Unavailable, available, emitted
from .labels import operation_label
from .notation import shown_letter
from .steps import Steps, parts_of
from .walk import Operation, takes_several

MOST_NUMBERS, MOST_OPERATIONS = 20_000, 3_000  # of all values, and of the graph, that a page computes at once


class Program:
    """What computes each operation and each rule of a graph, where the page can; or why it can't.

    Attributes:
        functions: the source of each function of the program, `(g, x) => np.multiply(g, x)`, each once.
        operations: for each operation, oldest first, the value that comes out, and for it and each of its rules: the
            number of a function, the references that it is called with (see `Steps`), and the same for each letter
            that the formula defines, which come first. A rule has the number of the value that it sends to.
        reason: empty, or why there is no program.
    """

    def __init__(self, steps: Steps):
        self._steps = steps
        self.functions: list[str] = []
        self._numbers: dict[str, int] = {}  # of the functions
        self._general: set[tuple] = set()  # what was read, and is the same for other numbers
        self.operations: list[dict] = []
        try:
            self._write()
            self.reason = ""
        except Unavailable as error:
            self.functions, self.operations, self.reason = [], [], str(error)

    def _write(self) -> None:
        operations = self._steps.graph.operations
        if len(operations) > MOST_OPERATIONS:
            raise Unavailable(f"there are more than {MOST_OPERATIONS:,} operations")
        operands = {id(x): x for o in operations for x in (*o.operands, *o.results)}.values()
        if sum(int(np.size(self._steps.data_of(x))) for x in operands) > MOST_NUMBERS:
            raise Unavailable(f"there are more than {MOST_NUMBERS:,} numbers in it")
        if any(self._steps.data_of(x).dtype.kind == "c" for x in operands):
            raise Unavailable("there are complex numbers in it")
        grads = {self._steps.graph.root: np.ones_like(self._steps.data_of(self._steps.graph.root))}
        told = []
        for o in reversed(operations):
            told.append(self._operation(o, grads))
        self.operations = told[::-1]

    def _operation(self, o: Operation, grads: dict) -> dict:
        if o.node._op is ASSIGN or isinstance(o.node._data, tuple) or takes_several(o.node):
            raise Unavailable(f"the page has no program for {operation_label(o.node)}")
        told: dict[str, Any] = {
            "forward": self._forward(o),
            "output": self._steps.value(o.node),
            "rules": [],
        }
        if o.node in grads:
            called = self._steps.call_of_rule(o, grads)
            for part in parts_of(o, grads, self._steps.past):
                code = self._code(self._read(o, part.rule, *called), o)
                told["rules"].append({"to": self._steps.value(part.operand), **code})
        return told

    def _read(self, o: Operation, function: Callable, args: list, kwargs: dict, labels: list) -> Expression | None:
        """What a function computes in a call, and in any other with other numbers."""
        settings = kwargs, labels, _is_known, self._steps.taken
        expression = expression_of(function, args, *settings)
        if expression is None:
            return None
        text = _text_of(expression)
        if (function, text) not in self._general:
            for numbers in _OTHER_NUMBERS:
                other = expression_of(function, [_filled(x, numbers) for x in args], *settings)
                if other is None or text != _text_of(other):
                    raise Unavailable(f"the formula of {operation_label(o.node)} is another one for other numbers")
            self._general.add((function, text))
        return expression

    def _forward(self, o: Operation) -> dict:
        op: Any = o.node._op
        _, values = self._steps.past.arguments(o.node)
        call = (op.func, values, op.known_kwargs(o.node._kwargs or {}), self._steps.labels(o))
        expression = self._read(o, *call)
        if op.name in available() and not is_another(op.func, op.name):
            with contextlib.suppress(Unavailable):  # of these arguments; its formula may do
                code = self._code(call_of(*call), o, op.name)
                return code | {"where": self._code(expression, o)["where"] if expression and expression.where else []}
        return self._code(expression, o)

    def _code(self, expression: Expression | None, o: Operation, name: str = "") -> dict:
        """The number of the function that computes an expression, and the references to call it with."""
        if expression is None:
            raise Unavailable(f"the page has no program for {operation_label(o.node)}")
        if name:
            expression.tree.func.id = name  # type: ignore[attr-defined]
        letters = {letter: f"x{i}" for i, letter in enumerate(expression.labels)}
        where: list[dict] = []
        for letter, tree in expression.where.items():
            where.append({"letter": shown_letter(letter), **self._function(tree, letters, expression, o)})
            letters[letter] = f"w{len(where) - 1}"
        return {**self._function(expression.tree, letters, expression, o), "where": where}

    def _function(self, tree: ast.expr, letters: dict[str, str], expression: Expression, o: Operation) -> dict:
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        own = {letter: name for letter, name in letters.items() if letter in used}
        source = f"({', '.join(own.values())}) => {self._emitted(tree, letters, o)}"
        if source not in self._numbers:
            self._numbers[source] = len(self.functions)
            self.functions.append(source)
        return {
            "function": self._numbers[source],
            "args": [self._steps.reference(letter, expression) for letter in own],
        }

    def _emitted(self, tree: Any, letters: dict[str, str], o: Operation) -> str:
        try:
            return emitted(tree, letters)
        except Unavailable as error:
            raise Unavailable(
                f"the page has no program for {operation_label(o.node)} (nothing in it computes {error})"
            ) from error


# Numbers for which a formula may be another one: of either sign, large, and with 0
_OTHER_NUMBERS: tuple[Callable[[int], Any], ...] = (
    lambda n: np.cos(2.4 * np.arange(n) + 0.3),
    lambda n: 1e4 * np.sin(2.4 * np.arange(n) + 0.3),
    lambda n: np.sin(2.4 * np.arange(n)),
)


def _text_of(expression: Expression) -> tuple[str, ...]:
    return ast.dump(expression.tree), *map(ast.dump, expression.where.values())


def _filled(x: Any, numbers: Callable[[int], Any]) -> Any:
    """An argument with other numbers; what isn't an array of real numbers, or holds some, stays."""
    if isinstance(x, tuple | list):
        return type(x)(_filled(part, numbers) for part in x)
    if not isinstance(x, np.ndarray | np.floating) or x.dtype.kind != "f":
        return x
    return numbers(x.size).reshape(x.shape).astype(x.dtype)


def _is_known(f: Callable) -> bool:
    """Whether the page has a function."""
    return getattr(f, "__name__", "").lstrip("_") in available() and has_a_name(f)
