"""Calls of functions: what stands under wrappers, which names readers know, and what needs no word."""

from __future__ import annotations

import ast
import functools
import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..derivatives.arrays import is_complex
from ..derivatives.formulas import FORMULAS, NAMED
from ..derivatives.table import COMPOSED, OWN, TABLE
from .expressions import Constant
from .notation import SIGNED, WORDED

_LIBRARY = __name__.partition(".")[0] + "."
_DEFAULTS = {
    "axis": None, "keepdims": False, "where": True, "dtype": None, "out": None, "initial": None, "order": None,
    "casting": "same_kind", "optimize": False, "norm": None,
}  # fmt: skip


class Unreadable(Exception):
    """No expression can be made of a function."""


def goes_without_saying(f: Callable, name: str, value: ast.expr) -> bool:
    if name in ("dtype", "optimize"):
        return True
    if name in scipys_own_settings(f):
        return False
    known = [
        x for x in (defaults_of(f).get(name, np._NoValue), _DEFAULTS.get(name, np._NoValue)) if x is not np._NoValue
    ]
    return is_default(known[:1], value)


# Of SciPy's functions that have a parameter which NumPy's hasn't: what NumPy's do, as if it were its default
_NUMPYS_WAY = {("cholesky", "lower"): True, ("eigh", "lower"): True, ("eigvalsh", "lower"): True}


def scipys_own_settings(f: Callable) -> dict[str, Any]:
    """The defaults of a function of SciPy's that aren't those of NumPy's function of the same name, if there is one."""
    name = getattr(f, "__name__", "")
    if not (getattr(f, "__module__", None) or "").startswith("scipy."):
        return {}
    of_numpy = next((getattr(m, name) for m in (np, np.linalg, np.fft) if hasattr(m, name)), None)
    theirs = {} if of_numpy is None else defaults_of(of_numpy)
    theirs |= {parameter: way for (of, parameter), way in _NUMPYS_WAY.items() if of == name}
    common = {k: x for k, x in defaults_of(f).items() if theirs.get(k, np._NoValue) is not np._NoValue}
    return {k: x for k, x in common.items() if x is not np._NoValue and x != theirs[k]}


def is_default(defaults: Sequence[Any], value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and any(type(value.value) is type(x) and value.value == x for x in defaults)


def defaults_of(f: Callable) -> dict[str, Any]:
    """The parameters of a function with their defaults, np._NoValue where they have none."""
    try:
        parameters = inspect.signature(f).parameters
    except (TypeError, ValueError):  # builtins may have no signature
        return {}
    return {name: np._NoValue if p.default is p.empty else p.default for name, p in parameters.items()}


def unwrapped(f: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Callable, Sequence[Any], dict]:
    """The function under partials and wrappers of ours, which compute the same, and its arguments; of an object that
    is called, its method."""
    kwargs = dict(kwargs)
    while f not in FORMULAS:
        if isinstance(f, functools.partial):
            f, args, kwargs = f.func, [*f.args, *args], {**f.keywords, **kwargs}
        elif hasattr(f, "__wrapped__") and f.__globals__.get("__name__", "").startswith(_LIBRARY):
            f = f.__wrapped__
        else:
            break
    if f not in FORMULAS and callable(f) and inspect.isfunction(type(f).__call__):
        f = f.__call__
    return f, args, kwargs


def bound_arguments(function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a function and what they are in a call."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def recorded(f: Any) -> Any:
    """The function that is recorded: of one of ours that stands in NumPy's place, NumPy's; and of one that takes its
    arguments by other names too, the one inside it."""
    for of_numpy, ours in COMPOSED.items():
        if f is ours:
            return of_numpy
    inner = f
    while inner is not None and inner not in OWN and (getattr(inner, "__module__", None) or "").startswith(_LIBRARY):
        inner = getattr(inner, "__wrapped__", None)
    return f if inner is None or inner not in OWN else inner


_LIBRARIES = ("numpy", "scipy", "builtins", "math", "_operator")


def entry(table: Mapping[Callable, Any], f: Any) -> Any:
    """What a table says of a function; None of what can't be in it."""
    try:
        return table.get(f)
    except TypeError:  # it has no hash, or no weak reference
        return None


def is_another(f: Any, name: str) -> bool:
    """Whether a function has a name by which formulas know another one: one of a user's, or math.remainder."""
    module = library_of(f)
    if module:
        return module in ("math", "scipy") and name in SIGNED
    ours = (g for g in (*TABLE, *OWN, *NAMED) if getattr(g, "__name__", "").lstrip("_") == name)
    return hasattr(np, name) or name in WORDED or any(map(library_of, ours))


def library_of(f: Any) -> str:
    """The library that a function is of; empty, if it is a user's, which exec may have made without a module."""
    default = "" if inspect.isfunction(f) else type(f).__module__
    module = (getattr(f, "__module__", None) or default).partition(".")[0]
    return module if module in (*_LIBRARIES, _LIBRARY.strip(".")) else ""


def has_a_name(f: Any) -> bool:
    """Whether readers know a function by its name: NumPy's, SciPy's, and those of ours that have rules."""
    if f in FORMULAS and f not in OWN:
        return False
    named = f in TABLE or f in COMPOSED or f in OWN or f in NAMED or getattr(f, "__wrapped__", None) in OWN
    return named or library_of(f) in _LIBRARIES


def parameters_of(f: Any, n: int) -> list[str]:
    """Names for n arguments of a function, those that its rules have for them; else its own, or x0, x1 and so on."""
    if f is operator.getitem:
        return ["a", "index"][:n]
    op: Any = entry(TABLE, f) or entry(OWN, f)
    rules = [] if op is None else [rule for rule in op.rules if rule is not None]
    known = [*(_positional(rule)[2:] for rule in rules), _positional(f)]
    longest = max(known, key=lambda names: min(len(names), n))
    return [*longest[:n], *(f"x{i}" for i in range(len(longest), n))]


def _positional(f: Callable) -> list[str]:
    """The names of the parameters of a function that are given by their place."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def simpler_call(
    f: Callable, args: list[ast.expr], kwargs: Mapping[str, ast.expr], value: Callable[[ast.expr], Any]
) -> ast.expr | None:
    """What a call says in fewer words, of these arrays; None if it needs them all. value evaluates an expression."""
    if f in (np.conj, np.conjugate, np.real) and not is_complex(value(args[0])):
        return args[0]
    if f is np.moveaxis and np.ndim(value(args[0])) == 1:
        return args[0]
    if f is np.dot and len(args) == 2 and not kwargs:
        ndims = {np.ndim(value(arg)) for arg in args}
        if 0 in ndims or max(ndims) <= 2:  # of more axes it is no product of matrices
            return ast.BinOp(args[0], ast.Mult() if 0 in ndims else ast.MatMult(), args[1])
    if f is np.where and isinstance(args[0], ast.Constant) and isinstance(args[0].value, bool):
        return args[1] if args[0].value else args[2]
    if f in (np.broadcast_to, np.reshape) and len(args) == 2 and not kwargs:
        array = value(args[0])
        if np.shape(array) == np.shape(f(array, value(args[1]))):
            return args[0]
    if f not in (np.swapaxes, np.transpose) or kwargs:
        return None
    ndim, settings = np.ndim(value(args[0])), [value(arg) for arg in args[1:]]
    if f is np.swapaxes and {i % ndim - ndim for i in settings} == {-1, -2}:
        return ast.Attribute(args[0], "T" if ndim == 2 else "mT", ast.Load())
    if f is np.transpose and ndim < 2:
        return args[0]
    if (
        f is np.transpose
        and ndim == 2
        and all(x is None or [i % ndim for i in x] == list(range(ndim))[::-1] for x in settings)
    ):
        return ast.Attribute(args[0], "T", ast.Load())
    return None


# Python's own functions ----------------------------------------------------------------------------------------------

_IN_NUMPY: dict[Callable, Callable] = {abs: np.abs, round: np.round, any: np.any, all: np.all, pow: np.power}
_OF_ELEMENTS: dict[Callable, tuple[Callable, Callable]] = {
    max: (np.maximum, np.max), min: (np.minimum, np.min), sum: (np.add, np.sum),
}  # fmt: skip


def call_of_python(
    f: Any, args: Sequence[Any], call: Callable[[Callable, list], Any], value: Callable[[ast.expr], Any]
) -> Any:
    """A call of one of Python's own functions by NumPy's, whose names readers know; None if it is of another function.

    call makes the call of a function of NumPy's.

    Raises:
        Unreadable: NumPy has no such function for these arguments.
    """
    if not inspect.isbuiltin(f) or (f not in _IN_NUMPY and f not in _OF_ELEMENTS):
        return None
    if f in _IN_NUMPY:
        return call(_IN_NUMPY[f], list(args))
    of_two, of_array = _OF_ELEMENTS[f]
    first, *rest = args
    elements = _elements(first)
    if elements is None and f is not sum and rest:
        elements, rest = list(args), []
    if elements is None and not rest and np.ndim(value(first)) == 1:
        return call(of_array, [first])
    if elements is None or not (rest or elements):
        raise Unreadable(f)
    return functools.reduce(lambda a, b: call(of_two, [a, b]), [*rest, *elements])


def _elements(tree: Any) -> list[Any] | None:
    """Those of a tuple or a list."""
    if isinstance(tree, ast.Tuple | ast.List):
        return tree.elts
    value = getattr(tree, "value", None) if isinstance(tree, ast.Constant) else None
    return [Constant(x) for x in value] if isinstance(value, tuple | list) else None


# Casts ---------------------------------------------------------------------------------------------------------------

MAKE_ARRAYS = frozenset({np.asarray, np.array, np.asanyarray, np.ascontiguousarray})


def changes_numbers(x: Any, dtype: Any) -> bool:
    """Whether a cast of x does more than round: to whole numbers, to bools, or from complex numbers to real ones."""
    return dtype is not None and not np.can_cast(np.asarray(x).dtype, dtype, "same_kind")
