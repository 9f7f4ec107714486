"""One call of a function, read: the expression of what it computes, from its formula or its source."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..derivatives.arrays import is_array
from ..derivatives.formulas import FORMULAS
from .bodies import Scope
from .calls import (
    Unreadable,
    bound_arguments,
    defaults_of,
    goes_without_saying,
    is_another,
    is_default,
    parameters_of,
    scipys_own_settings,
    simpler_call,
    unwrapped,
)  # fmt: skip
from .expressions import Constant, Evaluator, Put, needs_no_letter, parsed, used_letters
from .notation import shown_letter
from .sources import body_of

_LETTERS = {"where": "mask"}  # of arguments whose names are those of functions


def _holds_array(x: Any) -> bool:
    return is_array(x) or (isinstance(x, tuple | list) and any(map(is_array, x)))


class Reader:
    """Reads one call; collects what its expression is made of."""

    def __init__(self, is_known: Callable[[Any], bool], taken: Collection[str] = ()) -> None:
        self.is_known, self._taken = is_known, taken
        self.where: dict[str, ast.expr] = {}
        self.notes: list[str] = []
        self.values: dict[str, Any] = {}
        self.labels: dict[str, Any] = {}
        self.functions: dict[str, Callable] = {}
        self._evaluator = Evaluator(self.functions, self.values)
        self._parts: set[str] = set()  # letters that only name a part of the expression

    def written_out(self, tree: Any) -> Any:
        """The expression without the letters for parts that it has once or never, and without those of no use."""
        for letter in reversed(list(self.where)):
            trees = [tree, *self.where.values()]
            uses = sum(isinstance(n, ast.Name) and n.id == letter for t in trees for n in ast.walk(t))
            if uses <= (letter in self._parts):
                put = Put(letter, self.where.pop(letter))
                self.values.pop(letter)
                tree, self.where = put.visit(tree), {k: put.visit(t) for k, t in self.where.items()}
        return tree

    def part(self, name: str, tree: Any) -> Any:
        """A part of an expression by a letter, which goes where it is used once."""
        if not any(isinstance(n, ast.BinOp | ast.Call | ast.Compare) for n in ast.walk(tree)) or self.is_setting(tree):
            return tree
        letter = self.defined(name, tree)
        self._parts.add(letter.id)
        return letter

    def is_setting(self, tree: Any) -> bool:
        return not any(isinstance(n, ast.Name) and n.id in self.values for n in ast.walk(tree))

    def read(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any]) -> Any:
        if function not in FORMULAS and self.is_known(function):
            call = self.call(function, args, kwargs, labels)
            has_a_sign = function in (np.transpose, np.swapaxes, np.dot)
            return (has_a_sign and simpler_call(function, call.args, {}, self.evaluated)) or call
        function, args, kwargs = unwrapped(function, args, kwargs)
        labels = [None] * (len(args) - len(labels)) + list(labels) if labels else [None] * len(args)
        bound = bound_arguments(function, args, kwargs)
        names = bound_arguments(function, labels, dict.fromkeys(kwargs))
        trees = {name: self.letters(_LETTERS.get(name, name), x, names.get(name)) for name, x in bound.items()}
        return self.body(function, trees)

    def call(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any]) -> Any:
        """The call of a function that stays by its name."""
        labels = labels or [None] * len(args)
        is_shown = any(label is None and _holds_array(x) for x, label in zip(args, labels, strict=True))
        names = parameters_of(function, len(args)) if is_shown else [f"x{i}" for i in range(len(args))]
        trees = [self.letters(*of_one) for of_one in zip(names, args, labels, strict=True)]
        settings = {k: self.letters(_LETTERS.get(k, k), x) for k, x in kwargs.items()}
        return self.named_call(function, trees, settings)

    def named_call(self, function: Callable, args: list[ast.expr], kwargs: dict[str, ast.expr]) -> ast.expr:
        """The same of arguments that are expressions; what is a default is left out."""
        own, known = scipys_own_settings(function), defaults_of(function)
        if own:
            parameters = [*known]
            n = min([len(args), *map(parameters.index, own)])
            given = dict(zip(parameters[n:], args[n:], strict=False))
            args, kwargs = args[:n], {k: Constant(x) for k, x in own.items()} | given | kwargs
        said = [ast.keyword(k, x) for k, x in kwargs.items() if not goes_without_saying(function, k, x)]
        defaults = [*known.values()]
        while args and is_default(defaults[len(args) - 1 : len(args)], args[-1]):
            args = args[:-1]
        return ast.Call(self.named(function), args, said)

    def body(self, function: Callable, scope: dict[str, ast.expr]) -> Any:
        """The expression of a function whose parameters are these expressions."""
        written = FORMULAS.get(function)
        if written is None:
            statements = body_of(function)
            found = statements and Scope(self, function, scope).run(copy.deepcopy(statements))
            if not found:
                raise Unreadable(function)
            return found
        text, note = (
            x if isinstance(x, str) else self._chosen(x, function, scope) for x in (written.text, written.note)
        )
        if text is None:
            raise Unreadable(function)
        inside = Scope(self, function, scope, is_text=True)
        for letter, meaning in used_letters(written.where, text).items():
            tree = inside.visit(parsed(meaning))
            inside.scope[letter] = tree if needs_no_letter(tree) else self.defined(letter, tree)
        self.notes += [note] if note and note not in self.notes else []
        return inside.visit(parsed(text))

    def evaluated(self, tree: Any) -> Any:
        """What an expression comes to in this call."""
        return self._evaluator.value(tree)

    def _chosen(self, text: Callable, function: Callable, scope: dict[str, ast.expr]) -> Any:
        """The formula for these arguments."""
        values = {name: self.evaluated(tree) for name, tree in scope.items()}
        bound = inspect.signature(function).bind_partial()
        bound.arguments.update(values)
        return text(*bound.args, **bound.kwargs)

    def letters(self, name: str, x: Any, label: Any = None) -> Any:
        """A letter for an array, a tuple of letters for several; what is none stands as it is."""
        if isinstance(x, tuple | list) and _holds_array(x):
            labels = label if isinstance(label, tuple | list) else [None] * len(x)
            parts = [self.letters(f"{name}{i}", v, n) for i, (v, n) in enumerate(zip(x, labels, strict=True))]
            return ast.Tuple(parts, ast.Load())
        if not is_array(x):
            return Constant(x)
        while name in self.functions or name in self.values or (label is None and shown_letter(name) in self._taken):
            name += "_"
        self.values[name], self.labels[name] = x, label
        return ast.Name(name, ast.Load())

    def defined(self, letter: str, tree: Any) -> ast.Name:
        """A letter that stands for an expression, with a dash where another, or a function, has that letter."""
        while (
            letter in self.functions
            or shown_letter(letter) in self._taken
            or (letter in self.values and not self._means(letter, tree))
        ):
            letter += "_"
        self.values[letter], self.where[letter] = self.evaluated(tree), tree
        return ast.Name(letter, ast.Load())

    def _means(self, letter: str, tree: Any) -> bool:
        return letter in self.where and ast.dump(self.where[letter]) == ast.dump(tree)

    def named(self, f: Callable) -> Any:
        """A function by its name."""
        name = (getattr(f, "__name__", None) or type(f).__name__).lstrip("_").replace("<lambda>", "f")
        while name in self.values or is_another(f, name) or self.functions.setdefault(name, f) is not f:
            name += "_"
        return ast.Name(name, ast.Load())
