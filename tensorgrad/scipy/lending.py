"""Functions that are lent to SciPy, and taken back.

SciPy wraps some functions in circles of references, which would keep all that they hold, and so whole graphs, until the
garbage collector comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Lent:
    """A function that can be taken back."""

    def __init__(self, f: Callable):
        self.f: Any = f

    def __call__(self, *args: Any) -> Any:
        return self.f(*args)


def lend(solver: Callable, f: Callable, *args: Any, **settings: Any) -> Any:
    """What a solver of SciPy finds for f. Afterwards neither f nor what is `Lent` among the other arguments is kept.

    >>> double, square = lambda x: 2 * x, Lent(lambda x: x**2)
    >>> lend(lambda f, g: f(g(3.0)), double, square)
    18.0
    >>> square.f is None
    True
    """
    lent = Lent(f)
    try:
        return solver(lent, *args, **settings)
    finally:
        for given in (lent, *args, *settings.values()):
            if isinstance(given, Lent):
                given.f = None
