"""Transforms of calculus: functions of arrays in, functions of arrays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .tensor import Tensor, backpropagate, enable_grad

__all__ = ["grad", "value_and_grad"]


def value_and_grad(f: Callable, argnum: int = 0) -> Callable:
    """A function that gives f's value, and its gradient with respect to one argument. See `grad`."""

    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        given = args[argnum]
        with enable_grad():
            # An argument of its own, so that what came before isn't walked into: a copy in the graph of a Tensor
            x = np.positive(given) if isinstance(given, Tensor) else Tensor(given)
            y = f(*args[:argnum], x, *args[argnum + 1 :], **kwargs)
            if not isinstance(y, Tensor):
                raise TypeError(f"grad: the function returned {type(y).__name__}, not a Tensor computed from its argument")
            if y.size != 1 or y.dtype.kind == "c":
                raise TypeError(f"grad: the function must return one real number, not shape {y.shape} and dtype {y.dtype}")
            flow = backpropagate(y, np.ones_like(y.data), create_graph=True)
        g = flow.get(x)
        g = np.zeros_like(x.data) if g is None else g
        if isinstance(given, Tensor):
            return y, g if isinstance(g, Tensor) else Tensor(g, requires_grad=False)
        return y.data, g.data if isinstance(g, Tensor) else g

    return evaluate


def grad(f: Callable, argnum: int = 0) -> Callable:
    """A function that gives the gradient of f with respect to one argument.

    Args:
        f: takes arrays, returns one real number (of shape () or any other of size 1).
        argnum: which argument.

    Returns:
        A function of f's arguments. Arrays in, an array out; a Tensor in, a Tensor out that can be differentiated again.

    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnum)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]
