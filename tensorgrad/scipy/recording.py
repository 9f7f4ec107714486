"""How functions of SciPy get rules: what records them, and what they do with an argument that has no rule."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

try:
    import scipy  # noqa: F401
except ImportError as error:
    raise ImportError("tensorgrad.scipy needs SciPy: pip install scipy") from error

from ..batch import NotBatchable, holds_batch, one_by_one
from ..derivatives import derivative
from ..derivatives.arrays import as_array, in_one_call
from ..derivatives.formulas import by_name
from ..derivatives.table import each
from ..errors import no_derivative
from ..grad_mode import is_grad_enabled
from ..tensor import Tensor, data_of


def recorded(func: Callable, *rules: Callable | each | None, saves: bool = False, reason: str = "") -> Callable:
    """A function of SciPy that records: its values are SciPy's, its derivatives go by these rules.

    Given arrays alone it is SciPy's function. Arguments are bound by SciPy's names. Lists that hold Tensors are stacked
    where a rule is; `overwrite_...` is left out, for what a graph keeps mustn't be overwritten.

    Args:
        func: takes arrays in its first arguments, then settings. Rules get the settings that are named in their
            signature.
        *rules, saves: as for `tensorgrad.derivative`. An argument whose rule is None, or without one, has no
            derivative: a Tensor that requires a gradient is an error in its place.
        reason: why those have none, for that error.

    >>> import numpy as np
    >>> trace = recorded(lambda a, k=1.0: k * np.trace(a), lambda g, y, a, k=1.0: g * k * np.eye(len(a)))
    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]), k=2)
    Tensor(10.)
    """
    primitive = with_derivative(func, *rules, saves=saves)
    signature = inspect.signature(func)
    names = list(signature.parameters)
    further = bool(rules) and isinstance(rules[-1], each)
    name = getattr(func, "__name__", "function").lstrip("_")

    @by_name("")
    @functools.wraps(func)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not holds_recording(args) and not holds_recording(kwargs.values()):
            return primitive(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        if further:
            return primitive(*[as_array(arg) for arg in args], **kwargs)
        given, last = bound.arguments, max((i for i, n in enumerate(names) if n in bound.arguments), default=-1)
        places = min(last + 1, len(rules))
        values = []
        for parameter, rule in zip(names[:places], rules, strict=False):
            value = given.pop(parameter, signature.parameters[parameter].default)
            values.append(as_array(value) if rule and isinstance(value, list | tuple) else value)
            if not rule:
                values[-1] = constant(name, parameter, value, reason)
        extra = (
            given.pop(names[-1], {}) if signature.parameters[names[-1]].kind is inspect.Parameter.VAR_KEYWORD else {}
        )
        settings = {**given, **extra}
        settings = {n: constant(name, n, v, reason) for n, v in settings.items() if not n.startswith("overwrite_")}
        return primitive(*values, **settings)

    return function


def with_derivative(func: Callable, *rules: Callable | each | None, saves: bool = False) -> Callable:
    """`tensorgrad.derivative` of a function of SciPy's, or of one that calls it, which compile records as one call."""
    return derivative(in_one_call(func), *rules, saves=saves)


def holds_recording(values: Iterable[Any]) -> bool:
    """Whether there is a Tensor, or another array that records, among values, also in lists and tuples."""
    for value in values:
        if hasattr(value, "__record__") or (isinstance(value, list | tuple) and holds_recording(value)):
            return True
    return False


def constant(function: str, argument: str, value: Any, reason: str = "") -> Any:
    """A value in the place of an argument without a derivative: of a Tensor its data, if it requires no gradient.

    Raises:
        TypeError: it requires one.
    """
    if isinstance(value, list | tuple) and holds_recording(value):
        return type(value)([constant(function, argument, v, reason) for v in value])
    if isinstance(value, Tensor) and value.requires_grad and is_grad_enabled():
        raise no_derivative(f"{function}: the argument {argument}", reason or "no rule is known")
    return data_of(value)


def one_at_a_time(function: Callable) -> Callable:
    """Decorator: inside of vmap, a solver of SciPy's runs for one example after the other.

    Raises:
        TypeError: what is mapped comes in by what its functions close over.
    """

    @functools.wraps(function)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if holds_batch([args, kwargs]):
            return one_by_one(function, args, kwargs)
        try:
            return function(*args, **kwargs)
        except NotBatchable as error:
            raise TypeError(
                f"{function.__name__}: its function closes over what is different for each example of vmap; pass that "
                f"in args, so that each example can be solved alone"
            ) from error

    return mapped


def absent(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module: an error for a function of SciPy's that has no derivative here."""

    def __getattr__(name: str) -> Any:
        raise AttributeError(
            f"tensorgrad.{module} has no {name!r}; it has {', '.join(sorted(names))}. Of plain arrays, {module}.{name} "
            f"itself takes tensor.data, which leaves the graph"
        )

    return __getattr__
