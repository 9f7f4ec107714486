"""Calls of SciPy's solvers that leave no function behind.

SciPy wraps some functions in circles of references, which would keep all that they hold, and so whole graphs, until the
garbage collector comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Releasable:
    """A function that can be released: called afterwards, it is None."""

    def __init__(self, f: Callable):
        self.f: Any = f

    def __call__(self, *args: Any) -> Any:
        return self.f(*args)


def call_solver(solver: Callable, f: Callable, *args: Any, **settings: Any) -> Any:
    """What a solver of SciPy finds for f. Afterwards neither f nor what is `Releasable` among the arguments is kept.

    >>> double, square = lambda x: 2 * x, Releasable(lambda x: x**2)
    >>> call_solver(lambda f, g: f(g(3.0)), double, square)
    18.0
    >>> square.f is None
    True
    """
    released = Releasable(f)
    try:
        return solver(released, *args, **settings)
    finally:
        for given in (released, *args, *settings.values()):
            if isinstance(given, Releasable):
                given.f = None
