"""The body of a function as one expression: what its parameters, settings and shapes are is put in."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import math
from collections.abc import Callable
from types import ModuleType, UnionType
from typing import Any

import numpy as np

from ..derivatives.arrays import is_array, is_chunked, is_complex
from ..derivatives.chunked import in_chunks, is_unknown
from ..derivatives.elementwise import astype
from ..derivatives.indexing import may_repeat
from .calls import (
    MAKE_ARRAYS,
    Unreadable,
    bound_arguments,
    call_of_python,
    changes_numbers,
    recorded,
    simpler_call,
    unwrapped,
)  # fmt: skip
from .expressions import Constant, as_tree, is_0, is_where, simpler

_QUESTIONS = {
    is_complex, is_array, is_chunked, in_chunks, is_unknown, may_repeat, np.iscomplexobj, np.ndim, np.shape, np.size,
    len, isinstance, type, hasattr, callable,
}  # fmt: skip
_OTHERS = {"compress", "partition", "put", "resize", "sort"}  # methods that do something else than NumPy's functions


class Scope(ast.NodeTransformer):
    """Puts into an expression of a function what its parameters stand for, and what else is known of the call."""

    def __init__(self, reader: Any, function: Callable, scope: dict[str, ast.expr], is_text: bool = False):
        self._reader, self._function, self.scope = reader, inspect.unwrap(function), scope
        self._is_text = is_text
        if inspect.ismethod(function):
            itself = next(iter(inspect.signature(function.__func__).parameters))
            self.scope = {itself: Constant(function.__self__), **scope}
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
            return self._reader.letters(node.attr, getattr(value.value, node.attr))
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
        if isinstance(node.op, ast.UAdd):
            return self.visit(node.operand)
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
            inside = Scope(self._reader, self._function, self.scope, self._is_text)
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
        array, *rest = args
        ndim = np.ndim(self._reader.evaluated(array))
        if name == "astype":
            return self._cast(array, *rest[:1], **{k: x for k, x in kwargs.items() if k == "dtype"})
        if name == "copy" or (name == "item" and ndim == len(rest) == 0):
            return array
        if name == "item" and ndim == len(rest):
            return ast.Subscript(array, ast.Tuple(rest, ast.Load()) if ndim > 1 else rest[0], ast.Load())
        if name in _OTHERS or not hasattr(np, name):
            raise Unreadable(name)
        if name in ("reshape", "transpose") and len(rest) > 1:
            return self._call(getattr(np, name), [array, Constant(tuple(map(self._reader.evaluated, rest)))], kwargs)
        return self._call(getattr(np, name), args, kwargs)

    def _cast(self, array: Any, dtype: Any) -> Any:
        """An array in a dtype, which needs a word only where it does more than round."""
        if self._is_mask(array) and np.dtype(self._reader.evaluated(dtype)).kind in "iufc":
            return self._call(np.where, [array, Constant(1), Constant(0)], {})
        if not changes_numbers(*map(self._reader.evaluated, (array, dtype))):
            return array
        return self._reader.named_call(astype, [array, dtype], {})

    def _call(self, f: Callable, args: list[Any], kwargs: dict[str, Any]) -> Any:
        args, kwargs = list(args), dict(kwargs)
        found = None if kwargs else call_of_python(f, args, lambda f, x: self._call(f, x, {}), self._reader.evaluated)
        if found is not None:
            return found
        if not self._reader.is_known(f):
            return self._inside(f, args, kwargs)
        if f in MAKE_ARRAYS and len(args) == 2:
            kwargs["dtype"] = args.pop()
        dtype = self._reader.evaluated(kwargs.get("dtype"))
        if any(changes_numbers(self._reader.evaluated(arg), dtype) for arg in args[:1]):
            if f not in MAKE_ARRAYS:
                raise Unreadable(f)
            return self._cast(self._call(f, args, {}), kwargs["dtype"])
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
