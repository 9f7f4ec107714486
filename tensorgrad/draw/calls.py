"""Calls of functions: what stands under wrappers, which names readers know, and what needs no word."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..derivatives.arrays import is_complex
from ..derivatives.formulas import FORMULAS, NAMED
from ..derivatives.table import COMPOSED, OWN, TABLE

_LIBRARY = __name__.partition(".")[0] + "."
_DEFAULTS = {
    "axis": None, "keepdims": False, "where": True, "dtype": None, "out": None, "initial": None, "order": None,
    "casting": "same_kind", "optimize": False, "norm": None,
}  # fmt: skip


def goes_without_saying(f: Callable, name: str, value: ast.expr) -> bool:
    if name in ("dtype", "optimize"):
        return True
    known = [
        x for x in (defaults_of(f).get(name, np._NoValue), _DEFAULTS.get(name, np._NoValue)) if x is not np._NoValue
    ]
    return is_default(known[:1], value)


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


def has_a_name(f: Any) -> bool:
    """Whether readers know a function by its name: NumPy's, SciPy's, and those of ours that have rules."""
    if f in FORMULAS and f not in OWN:
        return False
    module = (getattr(f, "__module__", None) or type(f).__module__).partition(".")[0]
    named = f in TABLE or f in COMPOSED or f in OWN or f in NAMED or getattr(f, "__wrapped__", None) in OWN
    return named or module in ("numpy", "scipy", "builtins", "math", "_operator")


def simpler_call(
    f: Callable, args: list[ast.expr], kwargs: Mapping[str, ast.expr], value: Callable[[ast.expr], Any]
) -> ast.expr | None:
    """What a call says in fewer words, of these arrays; None if it needs them all. value evaluates an expression."""
    if f in (np.conj, np.conjugate, np.real) and not is_complex(value(args[0])):
        return args[0]
    if f is np.moveaxis and np.ndim(value(args[0])) == 1:
        return args[0]
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
