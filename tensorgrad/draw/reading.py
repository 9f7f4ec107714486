"""One call of a function, read: the expression of what it computes, from its formula or its source."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, UnionType
from typing import Any

import numpy as np

from ..derivatives.arrays import is_array, is_chunked, is_complex
from ..derivatives.chunked import in_chunks, is_unknown
from ..derivatives.formulas import FORMULAS
from ..derivatives.indexing import may_repeat
from .calls import bound_arguments, defaults_of, goes_without_saying, is_default, recorded, simpler_call, unwrapped
from .expressions import (
    Constant,
    Evaluator,
    Put,
    as_tree,
    is_0,
    is_where,
    needs_no_letter,
    parsed,
    simpler,
    used_letters,
)  # fmt: skip
from .sources import body_of

_QUESTIONS = {
    is_complex, is_array, is_chunked, in_chunks, is_unknown, may_repeat, np.iscomplexobj, np.ndim, np.shape, np.size,
    len, isinstance, type, hasattr, callable,
}  # fmt: skip
_LETTERS = {"where": "mask"}  # of arguments whose names are those of functions


class Unreadable(Exception):
    """No expression can be made of a function."""


class Reader:
    """Reads one call; collects what its expression is made of."""

    def __init__(self, is_known: Callable[[Any], bool]) -> None:
        self.is_known = is_known
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
            is_transposed = function in (np.transpose, np.swapaxes)
            return (is_transposed and simpler_call(function, call.args, {}, self.evaluated)) or call
        function, args, kwargs = unwrapped(function, args, kwargs)
        labels = [None] * (len(args) - len(labels)) + list(labels) if labels else [None] * len(args)
        bound = bound_arguments(function, args, kwargs)
        names = bound_arguments(function, labels, dict.fromkeys(kwargs))
        letters = {name: self._letters(_LETTERS.get(name, name), x, names.get(name)) for name, x in bound.items()}
        return self.body(function, letters)

    def call(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], labels: Sequence[Any]) -> Any:
        """The call of a function that stays by its name."""
        labels = labels or [None] * len(args)
        trees = [self._letters(f"x{i}", x, label) for i, (x, label) in enumerate(zip(args, labels, strict=True))]
        settings = {k: self._letters(k, x, None) for k, x in kwargs.items()}
        return self.named_call(function, trees, settings)

    def named_call(self, function: Callable, args: list[ast.expr], kwargs: dict[str, ast.expr]) -> ast.expr:
        """The same of arguments that are expressions; what is a default is left out."""
        said = [ast.keyword(k, x) for k, x in kwargs.items() if not goes_without_saying(function, k, x)]
        defaults = [*defaults_of(function).values()]
        while args and is_default(defaults[len(args) - 1 : len(args)], args[-1]):
            args = args[:-1]
        return ast.Call(self.named(function), args, said)

    def body(self, function: Callable, scope: dict[str, ast.expr]) -> Any:
        """The expression of a function whose parameters are these expressions."""
        written = FORMULAS.get(function)
        if written is None:
            statements = body_of(function)
            found = statements and _Scope(self, function, scope).run(copy.deepcopy(statements))
            if not found:
                raise Unreadable(function)
            return found
        text, note = (
            x if isinstance(x, str) else self._chosen(x, function, scope) for x in (written.text, written.note)
        )
        if text is None:
            raise Unreadable(function)
        inside = _Scope(self, function, scope, is_text=True)
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

    def _letters(self, name: str, x: Any, label: Any) -> Any:
        """A letter for an array, a tuple of letters for several; what is none stands as it is."""
        if isinstance(x, tuple | list) and any(map(is_array, x)):
            labels = label if isinstance(label, tuple | list) else [None] * len(x)
            parts = [self._letters(f"{name}{i}", v, n) for i, (v, n) in enumerate(zip(x, labels, strict=True))]
            return ast.Tuple(parts, ast.Load())
        if not is_array(x):
            return Constant(x)
        self.values[name], self.labels[name] = x, label
        return ast.Name(name, ast.Load())

    def defined(self, letter: str, tree: Any) -> ast.Name:
        """A letter that stands for an expression, with a dash where another, or a function, has that letter."""
        while letter in self.functions or (letter in self.values and not self._means(letter, tree)):
            letter += "_"
        self.values[letter], self.where[letter] = self.evaluated(tree), tree
        return ast.Name(letter, ast.Load())

    def _means(self, letter: str, tree: Any) -> bool:
        return letter in self.where and ast.dump(self.where[letter]) == ast.dump(tree)

    def named(self, f: Callable) -> Any:
        """A function by its name."""
        name = getattr(f, "__name__", repr(f)).lstrip("_")
        while name in self.values or self.functions.setdefault(name, f) is not f:
            name += "_"
        return ast.Name(name, ast.Load())


class _Scope(ast.NodeTransformer):
    """Puts into an expression of a function what its parameters stand for, and what else is known of the call."""

    def __init__(self, reader: Reader, function: Callable, scope: dict[str, ast.expr], is_text: bool = False):
        self._reader, self._function, self.scope = reader, inspect.unwrap(function), scope
        self._is_text = is_text
        self._modules = (np, np.linalg, np.fft, math, builtins) if is_text else (builtins,)

    # Statements: a function may name parts of its expression, and decide by its settings

    def run(self, statements: list[ast.stmt]) -> ast.expr | None:
        """What statements return; None if they return nothing."""
        for i, statement in enumerate(statements):
            match statement:
                case ast.Return(value=ast.expr() as value):
                    return self.visit(value)
                case ast.Assign(targets=[target], value=value):
                    self._assign(target, self.visit(value))
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    changed = self.visit(ast.BinOp(ast.Name(name, ast.Load()), op, value))
                    if not self._reader.is_setting(changed):
                        raise Unreadable(ast.unparse(statement))
                    self.scope[name] = changed
                case ast.If(test=test, body=body, orelse=orelse):
                    decided = self.visit(test)
                    if not isinstance(decided, Constant):
                        raise Unreadable(ast.unparse(test))
                    return self.run([*(body if decided.value else orelse), *statements[i + 1 :]])
                case _:
                    raise Unreadable(ast.unparse(statement))
        return None

    def _assign(self, target: Any, tree: Any) -> None:
        if isinstance(target, ast.Tuple) and isinstance(tree, ast.Tuple | Constant):
            parts: list[Any] = [*tree.elts] if isinstance(tree, ast.Tuple) else [Constant(x) for x in tree.value]
            for i, name in enumerate(target.elts):
                if isinstance(name, ast.Starred):
                    rest = len(parts) - len(target.elts) + 1
                    parts[i : i + rest] = [Constant([part.value for part in parts[i : i + rest]])]
                    name = name.value
                self._assign(name, parts[i])
        elif isinstance(target, ast.Tuple) and isinstance(tree, ast.Call):
            for i, name in enumerate(target.elts):
                self._assign(name, ast.Subscript(tree, Constant(i), ast.Load()))
        elif isinstance(target, ast.Name):
            self.scope[target.id] = self._reader.part(target.id, tree)
        else:
            raise Unreadable(ast.unparse(target))

    # Names

    def visit_Name(self, node: Any) -> Any:
        if node.id in self.scope:
            return self.scope[node.id]
        value = self._known(node.id)
        if isinstance(value, bool | int | float | str | None | tuple | type | set | dict | UnionType) or callable(
            value
        ):
            return Constant(value)
        raise Unreadable(node.id)

    def _known(self, name: str) -> Any:
        """What a name means in the function, or in a formula, where NumPy's functions need no prefix."""
        code, closure = getattr(self._function, "__code__", None), getattr(self._function, "__closure__", ())
        if code and name in code.co_freevars:
            return closure[code.co_freevars.index(name)].cell_contents
        for place in (getattr(self._function, "__globals__", {}), *map(vars, self._modules)):
            if name in place and getattr(place[name], "__wrapped__", place[name]) is not self._function:
                return place[name]
        raise Unreadable(name)

    def _object(self, node: Any) -> Any:
        """The function or module that an expression such as np.linalg.inv names; None if it names none."""
        if isinstance(node, ast.Name):
            if node.id not in self.scope:
                return self._known(node.id)
            known = self.scope[node.id]
            return known.value if isinstance(known, Constant) else None
        if isinstance(node, ast.Attribute):
            of = self._object(node.value)
            found = getattr(of, node.attr, None)
            return found if isinstance(of, ModuleType) or callable(found) else None
        return None

    def visit_Attribute(self, node: Any) -> Any:
        known = self._object(node)
        if known is not None:
            return Constant(known)
        value = self.visit(node.value)
        if isinstance(value, Constant) and hasattr(value.value, node.attr):
            return Constant(getattr(value.value, node.attr))
        if node.attr in ("shape", "ndim", "size", "dtype"):
            return Constant(getattr(self._reader.evaluated(value), node.attr))
        if node.attr == "T" and np.ndim(self._reader.evaluated(value)) != 2:
            return self._call(np.transpose, [value], {})
        if node.attr == "real" and not is_complex(self._reader.evaluated(value)):
            return value
        if node.attr in ("T", "mT", "real", "imag"):
            return ast.Attribute(value, node.attr, ast.Load())
        raise Unreadable(node.attr)

    # What is decided by settings and shapes

    def visit_IfExp(self, node: Any) -> Any:
        test = self.visit(node.test)
        if isinstance(test, Constant):
            return self.visit(node.body if test.value else node.orelse)
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def visit_Compare(self, node: Any) -> Any:
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            sides = [self.visit(side) for side in (node.left, *node.comparators)]
            if not all(isinstance(side, Constant) for side in sides):  # an array is no None
                return Constant(isinstance(node.ops[0], ast.IsNot))
        return self._folded(self.generic_visit(node))

    def visit_BoolOp(self, node: Any) -> Any:
        *first, last = node.values
        for part in first:
            decided = self.visit(part)
            if not isinstance(decided, Constant):
                raise Unreadable(ast.unparse(node))
            if bool(decided.value) is isinstance(node.op, ast.Or):
                return decided
        return self.visit(last)

    def visit_UnaryOp(self, node: Any) -> Any:
        return self._folded(self.generic_visit(node))

    def visit_BinOp(self, node: Any) -> Any:
        return simpler(self._folded(self._without_masks(self.generic_visit(node))))

    def _without_masks(self, node: Any) -> Any:
        """A product with bools as a choice: a * m, which is fast, as where(m, a, 0)."""
        if isinstance(node.op, ast.Mult):
            for mask, factor in ((node.right, node.left), (node.left, node.right)):
                if self._is_mask(mask) and not self._is_mask(factor):
                    return self._call(np.where, [mask, factor, Constant(0)], {})
        return node

    def _is_mask(self, tree: Any) -> bool:
        if isinstance(tree, Constant | ast.Tuple):
            return False
        return getattr(getattr(self._reader.evaluated(tree), "dtype", None), "kind", "") == "b"

    def _comprehension(self, node: Any) -> Any:
        """A list by its elements, each with the settings in it that the loop is over."""
        if len(node.generators) != 1:
            raise Unreadable(ast.unparse(node))
        (loop,), elements = node.generators, []
        over = self.visit(loop.iter)
        parts = over.elts if isinstance(over, ast.Tuple | ast.List) else [Constant(x) for x in over.value]
        for part in parts:
            inside = _Scope(self._reader, self._function, self.scope, self._is_text)
            inside.scope = dict(self.scope)
            inside._assign(loop.target, part)
            if all(inside.visit(copy.deepcopy(test)).value for test in loop.ifs):
                elements.append(inside.visit(copy.deepcopy(node.elt)))
        if all(isinstance(element, Constant) for element in elements):
            return Constant([element.value for element in elements])
        return ast.List(elements, ast.Load())

    def visit_Tuple(self, node: Any) -> Any:
        parts = [part for element in node.elts for part in self._arguments(element)]
        if all(isinstance(part, Constant) for part in parts):
            return Constant(tuple(part.value for part in parts))
        return ast.Tuple(parts, ast.Load())

    def visit_List(self, node: Any) -> Any:
        return ast.List([part for element in node.elts for part in self._arguments(element)], ast.Load())

    def visit_Dict(self, node: Any) -> Any:
        keys, values = ([self.visit(part) for part in parts if part] for parts in (node.keys, node.values))
        if not all(isinstance(part, Constant) for part in (*keys, *values)):
            raise Unreadable(ast.unparse(node))
        return Constant(dict(zip(*([part.value for part in parts] for parts in (keys, values)), strict=True)))

    visit_GeneratorExp = visit_ListComp = _comprehension

    def visit_Subscript(self, node: Any) -> Any:
        value, index = self.visit(node.value), self.visit(node.slice)
        if isinstance(value, ast.Tuple) and isinstance(index, Constant):
            found = value.elts[index.value]
            return ast.Tuple(found, ast.Load()) if isinstance(found, list) else found
        if isinstance(value, Constant) and isinstance(index, Constant):
            return Constant(value.value[index.value])
        axes = getattr(index, "value", 0)
        new = all(i is None or i is Ellipsis for i in (axes if isinstance(axes, tuple) else (axes,)))
        if new and np.ndim(self._reader.evaluated(value)) == 0:
            return value  # which broadcasts as it is
        return self._folded(ast.Subscript(value, index, ast.Load()))

    def _folded(self, node: Any) -> Any:
        """What is made of constants as one, but for fractions, which say more as they are written."""
        if any(isinstance(part, ast.Name) for part in ast.walk(node)):
            return node
        value = self._reader.evaluated(node)
        plain = isinstance(value, bool | int | str | tuple | slice | None)
        is_sum = isinstance(value, float) and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
        return Constant(value) if plain or is_sum else node

    # Calls

    def visit_Call(self, node: Any) -> Any:
        f = self._object(node.func)
        if not callable(f) and isinstance(node.func, ast.Name):  # an argument has the name of the function
            f = self._known(node.func.id)
        f = recorded(f)
        args: list[Any] = [part for arg in node.args for part in self._arguments(arg)]
        kwargs: dict[str, Any] = {k: x for keyword in node.keywords for k, x in self._keywords(keyword)}
        if f is None and isinstance(node.func, ast.Attribute):
            return self._method(node.func.attr, [self.visit(node.func.value), *args], kwargs)
        if not callable(f):
            raise Unreadable(ast.unparse(node.func))
        if f in (tuple, list) and len(args) == 1 and isinstance(args[0], ast.List | ast.Tuple):
            return (ast.Tuple if f is tuple else ast.List)(args[0].elts, ast.Load())
        if all(isinstance(x, Constant) for x in (*args, *kwargs.values())):
            value: Any = f(*(x.value for x in args), **{k: x.value for k, x in kwargs.items()})
            if isinstance(value, bool | int | str | tuple | slice | None | list | range):
                return Constant(value)
            if isinstance(value, zip | enumerate | reversed | map):
                return Constant(list(value))
        if f in _QUESTIONS:
            return Constant(
                f(*map(self._reader.evaluated, args), **{k: self._reader.evaluated(x) for k, x in kwargs.items()})
            )
        return self._call(f, args, kwargs)

    def _arguments(self, arg: Any) -> list[Any]:
        if not isinstance(arg, ast.Starred):
            return [self.visit(arg)]
        inside = self.visit(arg.value)
        if isinstance(inside, ast.Tuple):
            return inside.elts
        if isinstance(inside, Constant):
            return [Constant(x) for x in inside.value]
        raise Unreadable(ast.unparse(arg))

    def _keywords(self, keyword: ast.keyword) -> list[tuple[str, ast.expr]]:
        value = self.visit(keyword.value)
        if keyword.arg:
            return [(keyword.arg, value)]
        if not isinstance(value, Constant):
            raise Unreadable(ast.unparse(keyword.value))
        return [(k, Constant(x)) for k, x in value.value.items()]

    def _method(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """A method of an array, as the function of that name."""
        if name == "astype" and self._is_mask(args[0]):
            return self._call(np.where, [args[0], Constant(1), Constant(0)], {})
        if name in ("astype", "copy", "item"):
            return args[0]
        if not hasattr(np, name):
            raise Unreadable(name)
        return self._call(getattr(np, name), args, kwargs)

    def _call(self, f: Callable, args: list[Any], kwargs: dict[str, Any]) -> Any:
        args, kwargs = list(args), dict(kwargs)
        if not self._reader.is_known(f):
            return self._inside(f, args, kwargs)
        if f is np.where and isinstance(args[0], ast.UnaryOp) and isinstance(args[0].op, ast.Invert):
            return self._call(f, [args[0].operand, args[2], args[1]], kwargs)
        if f is np.where and is_0(args[2]) and is_where(inner := args[1]) and is_0(inner.args[2]):
            both = ast.BinOp(args[0], ast.BitAnd(), inner.args[0])
            return self._call(f, [both, inner.args[1], args[2]], kwargs)
        found = simpler_call(f, args, kwargs, self._reader.evaluated)
        if found is not None:
            return found
        return self._reader.named_call(f, args, kwargs)

    def _inside(self, f: Callable, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a function computes that readers don't know; a setting, if it gives one."""
        function, given, settings = unwrapped(f, args, kwargs)
        try:
            bound = {name: as_tree(x) for name, x in bound_arguments(function, given, settings).items()}
            return self._reader.body(function, {name: self._reader.part(name, x) for name, x in bound.items()})
        except Unreadable:
            value = f(*map(self._reader.evaluated, args), **{k: self._reader.evaluated(x) for k, x in kwargs.items()})
            if isinstance(value, bool | int | slice) or (isinstance(value, tuple) and not any(map(is_array, value))):
                return Constant(value)
            raise
