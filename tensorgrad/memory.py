"""Whose memory an array is: what may be changed in place, what is shared, and what is given back to the system."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
from numpy import ndarray


def is_owned(array: Any) -> bool:
    """Whether the caller's variable is all that keeps this array alive: then it may be changed, or given away."""
    return array.base is None and sys.getrefcount(array) == _ALONE


def _references_of_one_name() -> int:
    def count(array: ndarray) -> int:
        return sys.getrefcount(array)

    array = np.empty(0)
    return count(array)


_ALONE = _references_of_one_name()


def share_memory(a: Any, b: Any) -> bool:
    """Whether two arrays, or one of a tuple of arrays and another, may share memory."""
    if type(a) is tuple:
        return any(share_memory(part, b) for part in a)
    return isinstance(a, ndarray) and isinstance(b, ndarray) and np.may_share_memory(a, b)


def keep_freed_memory() -> None:
    """Have glibc keep up to 64 MiB of freed memory, instead of giving it back to the system at once.

    Memory that comes from the system again costs a page fault for every page, which can be as much as NumPy's own
    work. Once an array of just under 32 MiB has been freed, glibc takes its size as the threshold up to which memory is
    kept, in all at most twice as much (mallopt(3), M_MMAP_THRESHOLD). The pages of this array are never touched. Where
    the allocator isn't glibc's, nothing happens. It is called when the library is imported, unless the environment
    says TENSORGRAD_KEEP_MEMORY=0.
    """
    np.empty(2**25 - 2**13, np.uint8)


if os.environ.get("TENSORGRAD_KEEP_MEMORY", "1") != "0":
    keep_freed_memory()
