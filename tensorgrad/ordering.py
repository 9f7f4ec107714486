"""The numbers that nodes get when they are made, each the next."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

from .derivatives.locks import fork_safe_lock, locked


class LockedCount:
    """What itertools.count is, for threads that run at the same time: none gets a smaller number than it had before."""

    def __init__(self) -> None:
        self._lock, self._last = fork_safe_lock(), -1

    def __iter__(self) -> LockedCount:
        return self

    def __next__(self) -> int:
        return locked(self._lock, self._add)

    def _add(self) -> int:
        self._last += 1
        return self._last


def make_orders() -> Iterator[int]:
    """A counter: that of itertools where the interpreter has a lock of its own."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    return itertools.count() if has_lock else LockedCount()
