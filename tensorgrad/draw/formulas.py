"""What a function of the table, or a rule of one, computes in one call: an expression in the call's own arrays.

It is read from the function itself, where that returns one expression, or from the formula that stands beside it. What
is the same whatever the numbers are (settings, shapes, whether something is complex) is put in, and functions that have
formulas of their own are written out. What remains has NumPy's functions in it, and others that have a name in the
field; it can be written for readers (`notation`), and as a program (`javascript`), and it can be evaluated.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ..derivatives.arrays import is_complex
from ..derivatives.formulas import NAMED
from .calls import entry, has_a_name
from .expressions import Evaluator
from .notation import has_notation
from .reading import Reader


class Expression(NamedTuple):
    """What a call computes.

    Attributes:
        tree: an expression in letters and functions, in Python's syntax.
        where: other letters, and the expressions that they stand for, each in terms of those before.
        notes: remarks, in words.
        values: of each letter its value in this call.
        labels: of letters that stand for arguments what the caller calls them.
        functions: those in the expressions, by their names there.
    """

    tree: ast.expr
    where: dict[str, ast.expr]
    notes: list[str]
    values: dict[str, Any]
    labels: dict[str, Any]
    functions: dict[str, Callable]

    def value(self, tree: ast.expr | None = None) -> Any:
        """What it evaluates to."""
        return Evaluator(self.functions, self.values).value(self.tree if tree is None else tree)

    def is_complex(self) -> bool:
        """Whether there are complex numbers in it."""
        numbers = [getattr(n, "value", 0) for tree in (self.tree, *self.where.values()) for n in ast.walk(tree)]
        return any(map(is_complex, self.values.values())) or any(isinstance(x, complex) for x in numbers)


def expression_of(
    function: Callable,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    labels: Sequence[Any] = (),
    is_known: Callable[[Any], bool] | None = None,
    taken: Collection[str] = (),
) -> Expression | None:
    """What function(*args, **kwargs) computes; None if no expression can be made of it, or none that has a notation.

    labels are what the caller calls the arguments, in their order; of a tuple of arrays a tuple. Functions that are
    known stay by their names: by default those that readers know. Names that are taken are those that the caller shows;
    letters for what has no label are others.

    >>> import numpy as np
    >>> f = expression_of(lambda g, y, x, n=2: g * n * x ** (n - 1), [np.array(1.0), np.array(9.0), np.array(3.0)], {})
    >>> ast.unparse(f.tree), float(f.value())
    ('g * 2 * x', 6.0)
    """
    reader = Reader(is_known or has_a_name, taken)
    try:
        tree = reader.written_out(reader.read(function, args, kwargs, labels))
    except Exception:  # Unreadable, or whatever comes of the source of a function of the user's
        return None
    return _made(reader, tree) if all(map(has_notation, (tree, *reader.where.values()))) else None


def call_of(
    function: Callable,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    labels: Sequence[Any] = (),
    taken: Collection[str] = (),
) -> Expression:
    """The call of a function as an expression, whatever it computes."""
    reader = Reader(has_a_name, taken)
    return _made(reader, reader.call(function, args, kwargs, labels))


def _made(reader: Reader, tree: ast.expr) -> Expression:
    """The expression that a reader has made, with what the names of functions of ours mean."""
    trees = (tree, *reader.where.values())
    used = dict.fromkeys(node.id for t in trees for node in ast.walk(t) if isinstance(node, ast.Name))
    functions = {name: inspect.unwrap(reader.functions[name]) for name in used if name in reader.functions}
    meanings = {name: entry(NAMED, f) for name, f in functions.items()}
    notes = [f"{name.strip('_')}: {meaning}" for name, meaning in meanings.items() if meaning]
    return Expression(tree, reader.where, [*reader.notes, *notes], reader.values, reader.labels, reader.functions)
