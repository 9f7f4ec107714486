"""Functions of SciPy that are made of others that record, or differentiated as if they were."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives.arrays import as_array
from ..transforms import vjp
from .recording import holds_recording, recorded


def written_as(func: Callable) -> Callable[[Callable], Callable]:
    """Decorator: Tensors given to this function of SciPy go through the decorated one, made of functions that record.

    Of arrays alone it is SciPy's function, with its name, signature and docstring. The decorated one gets all arguments
    by SciPy's names; lists that hold Tensors are stacked.

    >>> @written_as(np.ptp)
    ... def ptp(a, axis=None, **settings):
    ...     return np.max(a, axis) - np.min(a, axis)
    >>> from tensorgrad import Tensor
    >>> ptp(Tensor([1.0, 4.0]))
    Tensor(3.)
    """
    signature = inspect.signature(func)

    def enter(implementation: Callable) -> Callable:
        @functools.wraps(func)
        def function(*args: Any, **kwargs: Any) -> Any:
            if not holds_recording((*args, *kwargs.values())):
                return func(*args, **kwargs)
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments.items()
            lists = {name for name, v in given if isinstance(v, list | tuple) and holds_recording(v)}
            return implementation(**{name: as_array(v) if name in lists else v for name, v in given})

        return function

    return enter


def derived_from(equal: Callable, func: Callable, *differentiable: bool) -> Callable:
    """A function of SciPy that records: its values are func's, its derivatives those of `equal`.

    `equal` takes the same arguments, computes the same but for rounding, and is written in functions that record. For a
    gradient it is computed again, and differentiated, to any order.

    Args:
        differentiable: whether there is a derivative, for each of the first arguments.

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

        return rule

    return recorded(func, *[rule_of(i) if one else None for i, one in enumerate(differentiable)])
