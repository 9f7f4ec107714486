"""Formulas of rules that are too long to be read as one, beside the rules: what a page shows, and computes anew.

A rule that is one expression is its own formula. A longer one, which may say the same in a faster way, or by cases,
gets its formula from a decorator:

    @formula("y * (g - sum(g * y, axis=axis, keepdims=True))")
    def softmax_gradient(g, y, x, axis=-1): ...

It is an expression in the function's own parameters, in Python, in NumPy's functions (without `np.`), and in functions
that have formulas themselves. What it computes is what the function computes: a test evaluates all of them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Formula(NamedTuple):
    """What a function computes.

    text is an expression in the function's parameters; or a function of the same arguments that returns one, where it
    depends on them, or None where none is known. where tells what other letters in it stand for, each an expression
    that may use those before it; letters that the text doesn't use are left out. note is a remark in words, for
    readers, or a function that returns one, too.
    """

    text: str | Callable[..., str | None]
    where: dict[str, str]
    note: str | Callable[..., str]


FORMULAS: weakref.WeakKeyDictionary[Callable, Formula] = weakref.WeakKeyDictionary()
NAMED: weakref.WeakKeyDictionary[Callable, str] = weakref.WeakKeyDictionary()  # the meanings of names in formulas


def formula(
    text: str | Callable[..., str | None], note: str | Callable[..., str] = "", **where: str
) -> Callable[[Function], Function]:
    """Decorator: the formula of a rule, of a function that rules call, or of a function of our own.

    >>> import numpy as np
    >>> @formula("g * t / n", t="tanh(x)", n="x.size")
    ... def rule(g, y, x):
    ...     return g * np.tanh(x) / x.size
    >>> FORMULAS[rule].where
    {'t': 'tanh(x)', 'n': 'x.size'}
    """

    def enter(function: Function) -> Function:
        FORMULAS[function] = Formula(text, where, note)
        return function

    return enter


def by_name(meaning: str) -> Callable[[Function], Function]:
    """Decorator: a helper that stays by its name in formulas, and what it gives, in words, which are shown beside them.

    The meaning is empty where the field has that name, or where a formula is written in words anyway.
    """

    def enter(function: Function) -> Function:
        NAMED[function] = meaning
        return function

    return enter
