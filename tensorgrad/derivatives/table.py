"""What a derivative rule is, and the table that the rules are entered in. Knows NumPy, knows no Tensor.

A rule says how the gradient flows back through one argument of one function:

    derivative(np.multiply, lambda g, y, a, b: g * b,
                            lambda g, y, a, b: g * a)

`g` is the gradient that arrives at the output, `y` the output; then come the function's own arguments, under NumPy's
names. There is one rule per positional argument; an argument whose rule is None, or that has none, is a constant. A
rule is written in NumPy's functions and operators alone. Fed arrays it gives arrays; fed Tensors it records itself, and
so can be differentiated again. It need not undo broadcasting, nor look after the dtype: the engine does both, once.

A complex gradient is kept as the plain (not conjugated) linear form: `dL = Re(g * dy)`. So the rule of a function that
is holomorphic is the rule of school; the engine conjugates at its two ends, and `.grad` is what PyTorch gives.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

TABLE: dict[Callable, Primitive] = {}  # NumPy's functions that have rules
OWN: weakref.WeakKeyDictionary[Callable, Primitive] = weakref.WeakKeyDictionary()  # others, as long as they live
COMPOSED: dict[Callable, Callable] = {}  # functions written in terms of others
CONSTANT: set[Callable] = set()  # constant almost everywhere, or a question: they give plain values
REFUSED: dict[Callable, str] = {}  # no derivative here, and the reason why

# What changes how a result is computed but not what it is: the function gets them, its rules do not.
FORWARD_ONLY = frozenset({"dtype", "casting", "subok", "optimize", "signature"})


class each:
    """Marks the rule for all further arguments, `each(lambda i, g, y, *args: ...)`: `i` counts from the marked one."""

    def __init__(self, rule: Callable):
        self.rule = rule


class Primitive:
    """A function together with its rules."""

    __slots__ = (
        "func", "rules", "name", "arity", "complete", "rest", "parameters", "keywords", "settings", "open", "out",
    )  # fmt: skip

    def __init__(self, func: Callable, rules: tuple):
        self.func, self.name = func, getattr(func, "__name__", repr(func)).lstrip("_")
        self.rest: Any = rules[-1].rule if rules and isinstance(rules[-1], each) else None
        self.rules = rules[:-1] if self.rest else rules
        self.arity = -1 if self.rest else len(self.rules)
        self.complete = None not in self.rules
        first = _signature(func, self.rules)
        self.parameters = [p.name for p in first if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.keywords = frozenset(p.name for p in first if p.kind is not p.VAR_POSITIONAL)
        self.settings = self.keywords - set(self.parameters[: len(self.rules)]) - {"out"}  # they have no rule
        self.out = self.parameters.index("out") if "out" in self.parameters else 1_000_000
        self.open = any(p.kind is p.VAR_KEYWORD for p in first)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 (primitives live as long as the program)
    def of_arity(self, n: int) -> Primitive:
        """The same function, with a rule for each of its n arguments."""
        primitive, rest = copy.copy(self), self.rest
        primitive.rules += tuple(functools.partial(rest, i) for i in range(n - len(self.rules)))
        return primitive

    def bind(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Move keyword arguments that have a rule to their place among the others; refuse what no rule honours."""
        if kwargs.keys() <= self.settings:
            return args, kwargs
        given, kwargs = list(args), dict(kwargs)
        while len(given) < len(self.rules) and len(given) < len(self.parameters):
            name = self.parameters[len(given)]
            if name not in kwargs:
                break
            given.append(kwargs.pop(name))
        if kwargs.pop("out", None) is not None:
            raise TypeError(
                f"{self.name}: out= would overwrite an array, which a graph of Tensors can't follow; use the result"
            )
        if not self.open:
            for name, value in kwargs.items():
                everywhere = name == "where" and value is True
                if name not in self.keywords and name not in FORWARD_ONLY and not everywhere:
                    known = ", ".join(sorted(self.keywords)) or "none"
                    raise TypeError(f"{self.name}: no derivative with the argument {name}=; its rules know: {known}")
        return tuple(given), kwargs

    def __repr__(self) -> str:
        return f"<{self.name} and its rules>"


def _signature(func: Callable, rules: tuple) -> list[inspect.Parameter]:
    """The parameters of a function, or of a rule of it: not all ufuncs tell theirs, and rules use NumPy's names."""
    if not _dispatches(func):
        with contextlib.suppress(TypeError, ValueError):  # builtins may have none
            return list(inspect.signature(func).parameters.values())
    for rule in rules:
        if rule is not None:
            return list(inspect.signature(rule).parameters.values())[2:]
    return []


def _dispatches(func: Callable) -> bool:
    """Whether NumPy asks a Tensor among the arguments before it calls this function."""
    return isinstance(func, np.ufunc) or hasattr(func, "_implementation")


def derivative(func: Function, *rules: Callable | each | None) -> Function:
    """Give a function its derivative rules, and get back the function that records.

    Args:
        func: a NumPy function, a ufunc, or a function of your own that takes arrays (or scalars) and returns an array
            or a tuple of arrays.
        *rules: one per positional argument, `rule(g, y, *args, **kwargs)`: `g` the gradient that arrives at the output
            (shape and dtype of `y`), `y` the output, then the arguments as func got them. It returns the gradient of
            that argument, of a shape that reduces to the argument's by undoing broadcasting. None: a constant.
            Where func returns a tuple, `g` and `y` are tuples.

    Returns:
        func itself where NumPy dispatches it; else a function that computes func, and records it for Tensors.

    Raises:
        TypeError: func or a rule can't be called.

    >>> import numpy as np
    >>> from tensorgrad import Tensor, derivative
    >>> cube = derivative(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    >>> x = Tensor([1.0, 2.0])
    >>> cube(x).backward()
    >>> x.grad
    array([ 3., 12.])
    """
    for what in (func, *rules):
        if what is not None and not callable(what) and not isinstance(what, each):
            raise TypeError(f"derivative: {what!r} is not a function")
    primitive = Primitive(func, rules)
    if _dispatches(func):
        TABLE[func] = primitive
        return func

    @functools.wraps(func)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for arg in args if not kwargs else (*args, *kwargs.values()):
            record = getattr(arg, "__record__", None)
            if record is not None:
                return record(primitive, args, kwargs)
        return func(*args, **kwargs)

    OWN[dispatching] = primitive
    return dispatching  # type: ignore[return-value]


def with_rules(*rules: Callable | each | None) -> Callable[[Function], Function]:
    """`derivative` as a decorator of the function."""
    return lambda func: derivative(func, *rules)


def composed(*funcs: Callable) -> Callable:
    """Decorator: Tensors given to these functions of NumPy go through this one, written in functions with rules."""

    def enter(implementation: Callable) -> Callable:
        for func in funcs:
            COMPOSED[func] = _without_out(implementation, func.__name__)
        return implementation

    return enter


def _without_out(implementation: Callable, name: str) -> Callable:
    """The same function, which refuses an array to write into."""
    parameters = inspect.signature(implementation).parameters
    if "out" not in parameters:
        return implementation
    positional = [p.name for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    place = positional.index("out") if "out" in positional else 1_000_000

    @functools.wraps(implementation)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None or (len(args) > place and args[place] is not None):
            raise TypeError(
                f"{name}: out= would overwrite an array, which a graph of Tensors can't follow; use the returned value"
            )
        return implementation(*args, **kwargs)

    return checked


def constant(*funcs: Callable) -> None:
    """Functions that are constant almost everywhere, or ask about their argument: of Tensors they give plain values."""
    CONSTANT.update(funcs)


def refused(reason: str, *funcs: Callable) -> None:
    """Functions without a derivative here, and why."""
    REFUSED.update(dict.fromkeys(funcs, reason))
