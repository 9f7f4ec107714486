"""Functions of SciPy written in terms of others that record."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..batch import applied
from ..derivatives.arrays import as_array, in_one_call, whole
from ..derivatives.formulas import by_name, formula
from ..tensor import data_of
from ..transforms import vjp
from .recording import constant, holds_recording, recorded


def composed(func: Callable, *arrays: str, pairs: str = "", reason: str = "") -> Callable[[Callable], Callable]:
    """Decorator: given Tensors, a function of SciPy goes through this one; given arrays alone it is SciPy's.

    An argument that this one doesn't take is a TypeError. Where no arrays are named, it gets all arguments as they are,
    with SciPy's defaults, but for lists that hold Tensors, which are stacked.

    Args:
        func: SciPy's function. Arguments are bound by its names, and what a call gives is passed by name;
            `overwrite_...` is left out, for what a graph keeps mustn't be overwritten.
        *arrays: the names of the arguments that become arrays, and may be Tensors. Any other is a constant: a Tensor
            that requires a gradient is a TypeError in its place.
        pairs: the name of an argument that is a tuple with an array in it, and is passed as it comes.
        reason: why the others have no derivative, for that error.

    >>> from tensorgrad import Tensor
    >>> def spread(a, scale=1.0):
    ...     return scale * np.ptp(a)
    >>> @composed(spread, "a")
    ... def recorded_spread(a, scale=1.0):
    ...     return scale * (np.max(a) - np.min(a))
    >>> recorded_spread(Tensor([1.0, 4.0]), scale=2.0)
    Tensor(6.)
    """
    signature, name = inspect.signature(func), func.__name__

    def bound(args: tuple, kwargs: dict) -> dict[str, Any]:
        try:
            found = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None
        if not arrays:
            found.apply_defaults()
        return found.arguments

    def enter(implementation: Callable) -> Callable:
        takes = inspect.signature(implementation).parameters
        is_open = any(p.kind is p.VAR_KEYWORD for p in takes.values())

        @functools.wraps(func)
        def function(*args: Any, **kwargs: Any) -> Any:
            if not holds_recording(args) and not holds_recording(kwargs.values()):
                return in_one_call(func)(*args, **kwargs)
            values = {}
            for argument, value in bound(args, kwargs).items():
                if not arrays:
                    is_list = isinstance(value, list | tuple) and holds_recording(value) and argument != pairs
                    values[argument] = as_array(value) if is_list else value
                elif argument in arrays:
                    values[argument] = value if value is None else as_array(value)
                elif argument == pairs:
                    values[argument] = value
                elif not argument.startswith("overwrite_"):
                    values[argument] = constant(name, argument, value, reason)
                if arrays and argument in values and argument not in takes and not is_open:
                    raise TypeError(f"{name}: the argument {argument} isn't supported for Tensors")
            return applied(implementation, (), values)

        return function

    return enter


def require_finite(check_finite: bool, *arrays: Any) -> None:
    """A ValueError for an inf or a nan in an array, if SciPy's argument check_finite asks for it."""
    for array in arrays if check_finite else ():
        if not np.all(whole(np.isfinite(data_of(array)))):
            raise ValueError("array must not contain infs or NaNs; check_finite=False takes them")


def named(func: Callable) -> Callable[[Callable], Callable]:
    """Decorator: what calls a function of SciPy's with its arguments in other places has its name, in graphs and
    errors."""

    def rename(function: Callable) -> Callable:
        function.__name__ = func.__name__
        return function

    return rename


def with_tuples(func: Callable) -> Callable:
    """SciPy's function, with its several results in a tuple; those of a stack of matrices it gives in a list."""

    @functools.wraps(func)
    def function(*args: Any, **kwargs: Any) -> Any:
        y = func(*args, **kwargs)
        return tuple(y) if isinstance(y, list) else y

    return function


FEW = 200  # of so many numbers the matrix of a linear function is made, for readers


def with_text(rule: Callable, func: Callable, text: str | Callable, note: str, **functions: Callable) -> Callable:
    """A rule of func with its formula, in the names of func's arguments (y_ for a y, as y is what comes out)."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [inspect.Parameter(name, kind) for name in ("g", "y")]
    given = [
        p.replace(name=f"{n}_" if n == "y" else n, kind=kind) for n, p in inspect.signature(func).parameters.items()
    ]
    known = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=f) for n, f in functions.items()]
    rule.__signature__ = inspect.Signature([*own, *given, *known])  # type: ignore[attr-defined]
    return formula(text, note)(rule)


def with_matrix(rule: Callable, func: Callable, i: int) -> Callable:
    """The rule of an argument in which func is linear, with its formula: a product with the matrix of func."""

    @by_name("the matrix of the function, which is linear in this argument")
    def matrix(*args: Any, **settings: Any) -> Any:
        x = np.asarray(args[i])
        at_zero = func(*args[:i], np.zeros(x.shape), *args[i + 1 :], **settings)
        units = np.reshape(np.eye(x.size), (x.size, *x.shape))
        columns = [np.ravel(func(*args[:i], unit, *args[i + 1 :], **settings) - at_zero) for unit in units]
        return np.reshape(np.array(columns), (x.size, -1)).T

    name = func.__name__.lstrip("_")
    matrix.__name__ = f"matrix_of_{name}"

    def text(g: Any, y: Any, *args: Any, **functions: Any) -> str | None:
        if type(y) is tuple or np.size(args[i]) > FEW:
            return None
        names = list(inspect.signature(rule).parameters)[2 : 2 + len(args)]
        for k, parameter in enumerate(inspect.signature(func).parameters.values()):
            names[k] = f"{names[k]}={names[k]}" if parameter.kind is parameter.KEYWORD_ONLY else names[k]
        found = f"reshape(ravel(g) @ linear_map({', '.join(names)}), {np.shape(args[i])})"
        return f"real({found})" if np.iscomplexobj(g) and not np.iscomplexobj(args[i]) else found

    linear_in = list(inspect.signature(func).parameters)[i]
    note = f"matrix_of_{name}: what it makes of each unit array, as it is linear in {linear_in}."
    return with_text(rule, func, text, note, linear_map=matrix)


def derived_from(
    equal: Callable,
    func: Callable,
    *differentiable: bool,
    linear: Sequence[int] = (),
    texts: Mapping[int, str | Callable] | None = None,
    **functions: Callable,
) -> Callable:
    """A function of SciPy that records: its values are func's, its derivatives those of `equal`.

    `equal` takes the same arguments, computes the same but for rounding, and is written in functions that record. For a
    gradient it is computed again, and differentiated, to any order.

    Args:
        differentiable: whether there is a derivative, for each of the first arguments.
        linear: which of them func is linear in, whose rules have formulas so.
        texts, **functions: the formulas of the rules of others, and what functions in them are.

    >>> from tensorgrad import grad
    >>> cube = derived_from(lambda x: x * x * x, lambda x: np.power(x, 3), True)
    >>> grad(grad(cube))(2.0)
    array(12.)
    """

    places = (*differentiable, *[False] * len(inspect.signature(func).parameters))

    def rule_of(i: int) -> Callable:
        def rule(g: Any, y: Any, *args: Any, **settings: Any) -> Any:
            given = [as_array(v) if one and v is not None else v for one, v in zip(places, args, strict=False)]
            _, pullback = vjp(lambda v: equal(*given[:i], v, *given[i + 1 :], **settings), given[i])
            g = tuple(map(np.conj, g)) if type(g) is tuple else np.conj(g)  # vjp conjugates at its ends; here is none
            return np.conj(pullback(g)[0])

        if i in linear:
            return with_matrix(rule, func, i)
        return with_text(rule, func, texts[i], "", **functions) if texts and i in texts else rule

    return recorded(func, *[rule_of(i) if one else None for i, one in enumerate(differentiable)])
