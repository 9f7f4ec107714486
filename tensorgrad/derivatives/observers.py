"""Watching what is computed: for a while, the functions and rules of the table are called through wrappers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .locks import locked
from .table import CHANGING, OBSERVED, OBSERVERS, OWN, TABLE, Primitive


@contextlib.contextmanager
def observe(wrap: Callable[[Primitive, Callable, int], Callable]) -> Iterator[None]:
    """While this lasts, the engine calls `wrap(primitive, func, skip)` in place of each function and each rule.

    `skip` is the number of arguments before the function's own: 0 for the function, 2 for a rule (g and y), 3 for a
    rule of many arguments (i, g and y). All threads are observed. Blocks may overlap; the first observer is the
    innermost. Without one, it costs nothing: the engine calls what stands in the table.

    >>> import functools
    >>> import numpy as np
    >>> from tensorgrad import Tensor
    >>> def told(primitive, func, skip):
    ...     @functools.wraps(func)
    ...     def call(*args, **kwargs):
    ...         print(primitive.name, "backward" if skip else "forward")
    ...         return func(*args, **kwargs)
    ...     return call
    >>> with observe(told):
    ...     np.exp(Tensor(0.0)).backward()
    exp forward
    exp backward
    """

    def observer(*args: Any) -> Callable:  # of this block alone, though another may watch with the same function
        return wrap(*args)

    locked(CHANGING, _change, OBSERVERS.append, observer)
    try:
        yield
    finally:
        locked(CHANGING, _change, OBSERVERS.remove, observer)


def _change(change: Callable, observer: Callable) -> None:
    change(observer)
    for primitive in {*TABLE.values(), *OWN.values(), *OBSERVED}:
        primitive.renew()
    if not OBSERVERS:
        OBSERVED.clear()
