"""How a function is called: its parameters, as its signature or its rules tell them, and other names of some. Knows
NumPy, knows no Tensor.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


class Signature:
    """How a function of the table is called, as its signature tells, or that of its rules.

    `parameters` are the names of its positional arguments, `keywords` those of all that it takes, `settings` those that
    have no rule; `out` is the place of the argument out, or None; `open` tells whether it takes any keyword.
    """

    __slots__ = ("parameters", "keywords", "settings", "out", "open")

    def __init__(self, func: Callable, rules: Sequence[Callable | None], rest: Callable | None):
        first = _parameters(func, (*rules, rest and functools.partial(rest, 0)))
        self.parameters = [p.name for p in first if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.keywords = frozenset(p.name for p in first if p.kind is not p.VAR_POSITIONAL) - {"saved"}
        self.settings = self.keywords - set(self.parameters[: len(rules)]) - {"out"}
        self.out = self.parameters.index("out") if "out" in self.parameters else None
        self.open = any(p.kind is p.VAR_KEYWORD for p in first)


def _parameters(func: Callable, rules: Sequence[Callable | None]) -> list[inspect.Parameter]:
    """The parameters of a function, or of a rule of it: not all ufuncs tell theirs, and rules use NumPy's names."""
    if not dispatches(func):
        with contextlib.suppress(TypeError, ValueError):  # builtins may have none
            return list(inspect.signature(func).parameters.values())
    rule = next((rule for rule in rules if rule is not None), None)
    return list(inspect.signature(rule).parameters.values())[2:] if rule else []


def dispatches(func: Callable) -> bool:
    """Whether NumPy asks a Tensor among the arguments before it calls this function."""
    return isinstance(func, np.ufunc) or hasattr(func, "_implementation")


def dim_is_axis(func: Function) -> Function:
    """Decorator: a function that takes axis= (and keepdims=) takes dim= (and keepdim=) in its place, as PyTorch has it.

    >>> import numpy as np
    >>> total = dim_is_axis(lambda x, axis=None: np.sum(x, axis))
    >>> total(np.ones((2, 3)), dim=1)
    array([3., 3.])
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for theirs, ours in (("dim", "axis"), ("keepdim", "keepdims")):
            if theirs in kwargs:
                if ours in kwargs:
                    raise TypeError(f"{func.__name__}: {theirs}= is another name of {ours}=; give one of them")
                kwargs[ours] = kwargs.pop(theirs)
        return func(*args, **kwargs)

    return wrapper  # type: ignore[return-value]
