"""What a function of the table, or a rule of one, computes in one call: an expression in the call's own arrays.

It is read from the function itself, where that returns one expression, or from the formula that stands beside it. What
is the same whatever the numbers are (settings, shapes, whether something is complex) is put in, and functions that have
formulas of their own are written out. What remains has NumPy's functions in it, and others that have a name in the
field; it can be written for readers (`notation`), and as a program (`javascript`), and it can be evaluated.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..derivatives.arrays import is_array, is_chunked, is_complex
from ..derivatives.chunked import in_chunks, is_unknown
from ..derivatives.formulas import FORMULAS, NAMED
from ..derivatives.indexing import may_repeat
from ..derivatives.table import COMPOSED, OWN, TABLE
from .sources import body_of


class Unreadable(Exception):
    """No expression can be made of a function."""


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
        return _evaluated(self.tree if tree is None else tree, {**self.functions, **self.values})


def expression_of(
    function: Callable,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    labels: Sequence[Any] = (),
    is_known: Callable[[Any], bool] | None = None,
) -> Expression | None:
    """What function(*args, **kwargs) computes; None if no expression can be made of it.

    labels are what the caller calls the arguments, in their order; of a tuple of arrays a tuple. Functions that are known
    stay by their names: by default those that readers know.

    >>> f = expression_of(lambda g, y, x, n=2: g * n * x ** (n - 1), [np.array(1.0), np.array(9.0), np.array(3.0)], {})
    >>> ast.unparse(f.tree), float(f.value())
    ('g * 2 * x', 6.0)
    """
    reader = _Reader(is_known or has_a_name)
    try:
        tree = reader.read(function, args, kwargs, labels)
    except Unreadable:
        return None
    return Expression(tree, reader.where, reader.notes, reader.values, reader.labels, reader.functions)


def call_of(
    function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any] = ()
) -> Expression:
    """The call of a function as an expression, whatever it computes."""
    reader = _Reader(has_a_name)
    tree = reader.call(function, args, kwargs, labels)
    return Expression(tree, reader.where, reader.notes, reader.values, reader.labels, reader.functions)


def has_a_name(f: Any) -> bool:
    """Whether readers know a function by its name: NumPy's, SciPy's, and those of ours that have rules."""
    if f in FORMULAS and f not in OWN:
        return False
    module = (getattr(f, "__module__", None) or type(f).__module__).partition(".")[0]
    named = f in TABLE or f in COMPOSED or f in OWN or f in NAMED or getattr(f, "__wrapped__", None) in OWN
    return named or module in ("numpy", "scipy", "builtins", "math", "_operator")


class _Reader:
    """Reads one call; collects what its expression is made of."""

    def __init__(self, is_known: Callable[[Any], bool]) -> None:
        self.is_known = is_known
        self.where: dict[str, ast.expr] = {}
        self.notes: list[str] = []
        self.values: dict[str, Any] = {}
        self.labels: dict[str, Any] = {}
        self.functions: dict[str, Callable] = {}

    def read(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any]) -> ast.expr:
        if function not in FORMULAS and self.is_known(function):
            return self.call(function, args, kwargs, labels)
        function, args, kwargs = _unwrapped(function, args, kwargs)
        labels = [None] * (len(args) - len(labels)) + list(labels) if labels else [None] * len(args)
        bound = _bound(function, args, kwargs)
        names = _bound(function, labels, dict.fromkeys(kwargs))
        return self.body(function, {name: self._letters(name, x, names.get(name)) for name, x in bound.items()})

    def call(
        self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any]
    ) -> ast.expr:
        """The call of a function that stays by its name."""
        labels = labels or [None] * len(args)
        trees = [self._letters(f"x{i}", x, label) for i, (x, label) in enumerate(zip(args, labels, strict=True))]
        settings = {k: self._letters(k, x, None) for k, x in kwargs.items()}
        said = [ast.keyword(k, x) for k, x in settings.items() if not _goes_without_saying(k, x)]
        return ast.Call(self.named(function), trees, said)

    def body(self, function: Callable, scope: dict[str, ast.expr]) -> ast.expr:
        """The expression of a function whose parameters are these expressions."""
        written = FORMULAS.get(function)
        if written is None:
            statements = body_of(function)
            found = statements and _Scope(self, function, scope).run(copy.deepcopy(statements))
            if not found:
                raise Unreadable(function)
            return found
        text = written.text
        if not isinstance(text, str):
            text = self._chosen(text, function, scope)
        inside = _Scope(self, function, scope)
        for letter, meaning in _used(written.where, text).items():
            tree = inside.visit(_parsed(meaning))
            inside.scope[letter] = tree if _needs_no_letter(tree) else self.defined(letter, tree)
        self.notes += [written.note] if written.note and written.note not in self.notes else []
        return inside.visit(_parsed(text))

    def evaluated(self, tree: ast.expr) -> Any:
        return _evaluated(tree, {**self.functions, **self.values})

    def _chosen(self, text: Callable[..., str], function: Callable, scope: dict[str, ast.expr]) -> str:
        """The formula for these arguments."""
        values = {name: self.evaluated(tree) for name, tree in scope.items()}
        bound = inspect.signature(function).bind_partial()
        bound.arguments.update(values)
        return text(*bound.args, **bound.kwargs)

    def _letters(self, name: str, x: Any, label: Any) -> ast.expr:
        """A letter for an array, a tuple of letters for several; what is none stands as it is."""
        if isinstance(x, tuple | list) and any(map(is_array, x)):
            labels = label if isinstance(label, tuple | list) else [None] * len(x)
            parts: list[ast.expr] = [self._letters(f"{name}{i}", v, n) for i, (v, n) in enumerate(zip(x, labels, strict=True))]
            return ast.Tuple(parts, ast.Load())
        if not is_array(x):
            return ast.Constant(x)
        self.values[name], self.labels[name] = x, label
        return ast.Name(name, ast.Load())

    def defined(self, letter: str, tree: ast.expr) -> ast.expr:
        """A letter that stands for an expression, with a dash where another, or a function, has that letter."""
        while letter in self.functions or (letter in self.values and not self._means(letter, tree)):
            letter += "_"
        self.values[letter], self.where[letter] = self.evaluated(tree), tree
        return ast.Name(letter, ast.Load())

    def _means(self, letter: str, tree: ast.expr) -> bool:
        return letter in self.where and ast.dump(self.where[letter]) == ast.dump(tree)

    def named(self, f: Callable) -> ast.expr:
        """A function by its name."""
        name = getattr(f, "__name__", repr(f)).lstrip("_")
        while name in self.values or self.functions.setdefault(name, f) is not f:
            name += "_"
        return ast.Name(name, ast.Load())


class _Scope(ast.NodeTransformer):
    """Puts into an expression of a function what its parameters stand for, and what else is known of the call."""

    def __init__(self, reader: _Reader, function: Callable, scope: dict[str, ast.expr]):
        self._reader, self._function, self.scope = reader, inspect.unwrap(function), scope

    # Statements: a function may name parts of its expression, and decide by its settings

    def run(self, statements: list[ast.stmt]) -> ast.expr | None:
        """What statements return; None if they return nothing."""
        for i, statement in enumerate(statements):
            match statement:
                case ast.Return(value=ast.expr() as value):
                    return self.visit(value)
                case ast.Assign(targets=[target], value=value):
                    self._assign(target, self.visit(value), statements[i + 1 :])
                case ast.If(test=test, body=body, orelse=orelse):
                    decided = self.visit(test)
                    if not isinstance(decided, ast.Constant):
                        raise Unreadable(ast.unparse(test))
                    return self.run([*(body if decided.value else orelse), *statements[i + 1 :]])
                case _:
                    raise Unreadable(ast.unparse(statement))
        return None

    def _assign(self, target: ast.expr, tree: ast.expr, rest: list[ast.stmt]) -> None:
        """A name for an expression: a letter of the formula, if it is used several times and more than a letter."""
        if isinstance(target, ast.Tuple) and isinstance(tree, ast.Tuple) and len(target.elts) == len(tree.elts):
            for part, of in zip(target.elts, tree.elts, strict=True):
                self._assign(part, of, rest)
        elif isinstance(target, ast.Name):
            uses = sum(isinstance(n, ast.Name) and n.id == target.id for s in rest for n in ast.walk(s))
            is_letter = uses > 1 and any(isinstance(n, ast.BinOp | ast.Call) for n in ast.walk(tree))
            self.scope[target.id] = self._reader.defined(target.id, tree) if is_letter else tree
        else:
            raise Unreadable(ast.unparse(target))

    # Names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.scope:
            return copy.deepcopy(self.scope[node.id])
        value = self._known(node.id)
        if value is math.pi or isinstance(value, bool | int | float | str | None | tuple):
            return ast.Constant(value)
        raise Unreadable(node.id)

    def _known(self, name: str) -> Any:
        """What a name means in the function, or in a formula, where NumPy's functions need no prefix."""
        code, closure = getattr(self._function, "__code__", None), getattr(self._function, "__closure__", None)
        if code and name in code.co_freevars:
            return closure[code.co_freevars.index(name)].cell_contents
        for place in (getattr(self._function, "__globals__", {}), *(vars(m) for m in (np, np.linalg, np.fft, math, builtins))):
            if name in place:
                return place[name]
        raise Unreadable(name)

    def _object(self, node: ast.expr) -> Any:
        """The function or module that an expression such as np.linalg.inv names; None if it names none."""
        if isinstance(node, ast.Name):
            return None if node.id in self.scope else self._known(node.id)
        if isinstance(node, ast.Attribute):
            of = self._object(node.value)
            return getattr(of, node.attr) if isinstance(of, ModuleType) else None
        return None

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        known = self._object(node)
        if known is not None:
            return ast.Constant(known)
        value = self.visit(node.value)
        if node.attr in ("shape", "ndim", "size", "dtype"):
            return ast.Constant(getattr(self._reader.evaluated(value), node.attr))
        if node.attr == "T" and np.ndim(self._reader.evaluated(value)) < 2:
            return value
        if node.attr == "real" and not is_complex(self._reader.evaluated(value)):
            return value
        if node.attr in ("T", "mT", "real", "imag"):
            return ast.Attribute(value, node.attr, ast.Load())
        raise Unreadable(node.attr)

    # What is decided by settings and shapes

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return self.visit(node.body if test.value else node.orelse)
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            sides = [self.visit(side) for side in (node.left, *node.comparators)]
            if not all(isinstance(side, ast.Constant) for side in sides):  # an array is no None
                return ast.Constant(isinstance(node.ops[0], ast.IsNot))
        return self._folded(self.generic_visit(node))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        return self._folded(self.generic_visit(node))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        return self._folded(self.generic_visit(node))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return _simpler(self._folded(self._without_masks(self.generic_visit(node))))

    def _without_masks(self, node: Any) -> ast.expr:
        """A product with bools as a choice: a * m, which is fast, as where(m, a, 0)."""
        if isinstance(node.op, ast.Mult):
            for mask, factor in ((node.right, node.left), (node.left, node.right)):
                if self._is_mask(mask) and not self._is_mask(factor):
                    return self._call(np.where, [mask, factor, ast.Constant(0)], {})
        return node

    def _is_mask(self, tree: ast.expr) -> bool:
        if isinstance(tree, ast.Constant | ast.Tuple):
            return False
        return getattr(self._reader.evaluated(tree), "dtype", None) == bool

    def _evaluated_comprehension(self, node: Any) -> ast.expr:
        """A list of settings, made of settings alone."""
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = {}
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and n.id not in bound:
                known = self.scope[n.id] if n.id in self.scope else ast.Constant(self._known(n.id))
                if not isinstance(known, ast.Constant):
                    raise Unreadable(n.id)
                names[n.id] = known.value
        made = ast.ListComp(node.elt, node.generators)
        return ast.Constant(eval(_compiled(made), {"__builtins__": {}, **names}))

    visit_GeneratorExp = visit_ListComp = _evaluated_comprehension

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value, index = self.visit(node.value), self.visit(node.slice)
        if isinstance(value, ast.Tuple) and isinstance(index, ast.Constant):
            found = value.elts[index.value]
            return ast.Tuple(found, ast.Load()) if isinstance(found, list) else found
        return self._folded(ast.Subscript(value, index, ast.Load()))

    def _folded(self, node: Any) -> ast.expr:
        """What is made of constants as one, but for fractions, which say more as they are written."""
        if any(isinstance(part, ast.Name) for part in ast.walk(node)):
            return node
        value = self._reader.evaluated(node)
        plain = isinstance(value, bool | int | str | tuple | slice | None)
        is_sum = isinstance(value, float) and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
        return ast.Constant(value) if plain or is_sum else node

    # Calls

    def visit_Call(self, node: ast.Call) -> ast.expr:
        f = self._object(node.func)
        args = [part for arg in node.args for part in self._arguments(arg)]
        kwargs = {k.arg: self.visit(k.value) for k in node.keywords if k.arg}
        if f is None and isinstance(node.func, ast.Attribute):
            return self._method(node.func.attr, [self.visit(node.func.value), *args], kwargs)
        if not callable(f):
            raise Unreadable(ast.unparse(node.func))
        if all(isinstance(x, ast.Constant) for x in (*args, *kwargs.values())):
            value = f(*(x.value for x in args), **{k: x.value for k, x in kwargs.items()})
            if isinstance(value, bool | int | str | tuple | slice | None | list):
                return ast.Constant(value)
        if f in _QUESTIONS:
            return ast.Constant(f(*map(self._reader.evaluated, args), **{k: self._reader.evaluated(x) for k, x in kwargs.items()}))
        return self._call(f, args, kwargs)

    def _arguments(self, arg: ast.expr) -> list[ast.expr]:
        if not isinstance(arg, ast.Starred):
            return [self.visit(arg)]
        inside = self.visit(arg.value)
        if isinstance(inside, ast.Tuple):
            return inside.elts
        if isinstance(inside, ast.Constant):
            return [ast.Constant(x) for x in inside.value]
        raise Unreadable(ast.unparse(arg))

    def _method(self, name: str, args: list[ast.expr], kwargs: dict[str, ast.expr]) -> ast.expr:
        """A method of an array, as the function of that name."""
        if name == "astype" and self._is_mask(args[0]):
            return self._call(np.where, [args[0], ast.Constant(1), ast.Constant(0)], {})
        if name in ("astype", "copy", "item"):
            return args[0]
        if not hasattr(np, name):
            raise Unreadable(name)
        return self._call(getattr(np, name), args, kwargs)

    def _call(self, f: Callable, args: list[ast.expr], kwargs: dict[str, ast.expr]) -> ast.expr:
        function, (args, kwargs) = f, (list(args), dict(kwargs))
        if not self._reader.is_known(f):
            function, args, kwargs = _unwrapped(f, args, kwargs)
            return self._reader.body(function, {name: _as_tree(x) for name, x in _bound(function, args, kwargs).items()})
        simpler = self._simpler_call(f, args, kwargs)
        if simpler is not None:
            return simpler
        said = [ast.keyword(k, x) for k, x in kwargs.items() if not _goes_without_saying(k, x)]
        while args and isinstance(args[-1], ast.Constant) and args[-1].value is None:
            args.pop()
        return ast.Call(self._reader.named(f), args, said)

    def _simpler_call(self, f: Callable, args: list[ast.expr], kwargs: dict[str, ast.expr]) -> ast.expr | None:
        """What a call says in fewer words, of these arrays; None if it needs them all."""

        def value(tree: ast.expr) -> Any:
            return self._reader.evaluated(tree)

        if f in (np.conj, np.conjugate, np.real) and not is_complex(value(args[0])):
            return args[0]
        if f is np.where and isinstance(args[0], ast.UnaryOp) and isinstance(args[0].op, ast.Invert):
            return self._call(np.where, [args[0].operand, args[2], args[1]], kwargs)
        if f is np.where and isinstance(args[0], ast.Constant) and isinstance(args[0].value, bool):
            return args[1] if args[0].value else args[2]
        if f in (np.broadcast_to, np.reshape) and np.shape(value(args[0])) == value(args[1]) and len(args) == 2:
            return args[0]
        settings = [value(arg) for arg in args[1:]]
        if f is np.swapaxes and {i % np.ndim(value(args[0])) - np.ndim(value(args[0])) for i in settings} == {-1, -2}:
            return ast.Attribute(args[0], "T" if np.ndim(value(args[0])) == 2 else "mT", ast.Load())
        if f is np.transpose and all(x is None for x in settings) and not kwargs:
            return ast.Attribute(args[0], "T", ast.Load())
        return None


_QUESTIONS = {
    is_complex, is_array, is_chunked, in_chunks, is_unknown, may_repeat, np.iscomplexobj, np.ndim, np.shape, np.size, len,
    isinstance, type, hasattr, callable,
}  # fmt: skip
_AS_IT_IS = (np.ascontiguousarray, np.asarray, np.copy, np.positive)
_LIBRARY = __name__.partition(".")[0] + "."
_DEFAULTS = {"axis": None, "keepdims": False, "where": True, "dtype": None, "out": None, "initial": None, "order": None}


def _goes_without_saying(name: str, value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and name in _DEFAULTS and value.value is _DEFAULTS[name] or name == "dtype"


def _unwrapped(f: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Callable, Sequence[Any], dict]:
    """The function under partials and wrappers of ours, which compute the same, and its arguments."""
    kwargs = dict(kwargs)
    while f not in FORMULAS:
        if isinstance(f, functools.partial):
            f, args, kwargs = f.func, [*f.args, *args], {**f.keywords, **kwargs}
        elif hasattr(f, "__wrapped__") and f.__globals__.get("__name__", "").startswith(_LIBRARY):
            f = f.__wrapped__
        else:
            break
    return f, args, kwargs


def _bound(function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a function and what they are in a call."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _as_tree(x: Any) -> ast.expr:
    """An argument, an expression already or a default; those of `*args` as a tuple."""
    if isinstance(x, tuple) and any(isinstance(part, ast.expr) for part in x):
        return ast.Tuple(list(x), ast.Load())
    return x if isinstance(x, ast.expr) else ast.Constant(x)


def _used(where: Mapping[str, str], text: str) -> dict[str, str]:
    """Those of the letters that a text uses, and those that they are defined by."""
    used: dict[str, str] = {}
    names = _names(text)
    for letter, meaning in reversed(where.items()):
        if letter in names:
            used[letter] = meaning
            names |= _names(meaning)
    return dict(reversed(used.items()))


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(_parse(text)) if isinstance(node, ast.Name)}


def _needs_no_letter(tree: ast.expr) -> bool:
    """Whether an expression is a letter already, or a constant other than a number."""
    if isinstance(tree, ast.Constant):
        return isinstance(tree.value, bool) or not isinstance(tree.value, int | float)
    return isinstance(tree, ast.Name)


@functools.cache
def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _parsed(text: str) -> ast.expr:
    return copy.deepcopy(_parse(text))


def _simpler(node: ast.expr) -> ast.expr:
    """a ** 1, a * 1 and 1 * a as a, and a + 0 too."""
    match node:
        case ast.BinOp(left, ast.Pow() | ast.Mult() | ast.Div(), ast.Constant(value=1)):
            return left
        case ast.BinOp(ast.Constant(value=1), ast.Mult(), right):
            return right
        case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(value=0)):
            return left
    return node


def _evaluated(tree: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression evaluates to; constants in it may be any objects."""
    names = dict(names)

    class Objects(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            name = f"constant {len(names)}"
            names[name] = node.value
            return ast.Name(name, ast.Load())

    tree = Objects().visit(copy.deepcopy(tree))
    code = _compiled(tree)
    with np.errstate(all="ignore"):  # what is computed where a case doesn't hold may be infinite, or nan
        return eval(code, {"__builtins__": {}}, names)


def _compiled(tree: ast.expr) -> Any:
    return compile(ast.fix_missing_locations(ast.Expression(tree)), "<formula>", "eval")
