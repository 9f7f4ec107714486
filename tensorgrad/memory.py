"""Whose memory an array is: what may be changed in place, what is shared, and what is given back to the system."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy import ndarray

from .derivatives.arrays import real_array, whole
from .errors import INPUT_ASSIGNMENT

# Who holds an array --------------------------------------------------------------------------------------------------


def is_owned(array: Any) -> bool:
    """Whether the caller's variable is all that keeps this array alive: then it may be changed, or given away.

    The variable must be one that the caller has assigned, or an argument that was moved into it: one that its own
    caller keeps, too, looks owned on Python 3.14, where arguments are lent without being counted.
    """
    return array.base is None and _count(array) == _ALONE


def own_copy(array: Any) -> Any:
    """A copy, made by who isn't the only one to hold an array; that depends on counts of references, which
    may differ each time."""
    return array.own_copy() if hasattr(array, "own_copy") else array.copy()


def is_kept_by_one(array: Any) -> bool:
    """The same, where one attribute or container refers to the array beside the caller's variable."""
    return array.base is None and 0 < _ALONE == _count(array) - 1


def counts_references() -> bool:
    """Whether references can be counted here, so that it can be told who holds an array."""
    return _ALONE > 0


def _references_of_one_name(count: Callable[[Any], int]) -> int:
    """What `count` gives of an array that only one variable of the caller holds; -1 where it can't be told by that.

    It must be told from an array that a second variable, a list, or another thread's frame holds: on some Pythons
    references that are borrowed, or counted elsewhere, don't show.
    """

    def counted(array: ndarray) -> int:
        return count(array)

    def of_one() -> int:
        array = np.empty(0)
        return counted(array)

    def of_a_second_name() -> int:
        array = np.empty(0)
        second = array
        found = counted(array)
        return found if second is array else -1

    def of_a_container(hold: Callable[[ndarray], Any]) -> int:
        array = np.empty(0)
        held = hold(array)
        found = counted(array)
        return found if held is not None else -1

    holders = (lambda a: [a], lambda a: (a,), lambda a: {0: a}, lambda a: lambda: a)
    others = [of_a_second_name(), *map(of_a_container, holders)]
    return of_one() if all(n > of_one() for n in others) else -1


_count: Callable[[Any], int] = getattr(sys, "getrefcount", lambda array: 0)
_ALONE = _references_of_one_name(_count)


class _Changing:
    """What a method that changes its object counts of references to it, where one name refers to it."""

    def __setitem__(self, index: Any, value: Any) -> None:
        self.count = _count(self)

    def __iadd__(self, other: Any) -> _Changing:
        self.count = _count(self)
        return self


def _references_while_changed() -> tuple[int, int]:
    one = _Changing()
    one[0] = 0
    in_setitem = one.count
    one += 0
    return (in_setitem, one.count) if _ALONE > 0 else (-1, -1)


_IN_SETITEM, _IN_OPERATOR = _references_while_changed()


def is_named_once(count: int, in_operator: bool = False) -> bool:
    """Whether so many references, counted in `__setitem__` or in an in-place operator, are those of one name."""
    return count <= (_IN_OPERATOR if in_operator else _IN_SETITEM)


# Memory that was written into ----------------------------------------------------------------------------------------


# When; and of the Tensor by which it was made, name and shape, if known
Change = tuple[int, str, tuple[int, ...] | None]


class Changes:
    """Which memory was written into by `tensor.data += ...` and by optimisers, and when, as an order of the engine.

    Some changes leave versions of what was there behind; `latest_lost` is the latest that may not have. A graph that is
    older than the latest change asks whether it used that memory, be it by another Tensor that shares
    it (a detached one, a view) or as a plain array. Memory is forgotten as soon as nothing refers to it.
    """

    def __init__(self) -> None:
        self.latest = self.latest_lost = -1
        self.of_memory: dict[int, tuple[weakref.ref, dict[Any, Change]]] = {}

    def note(self, array: Any, change: Change, by: Any = None) -> None:
        """The memory of this array has been written into, or is about to be; `by` what leaves versions behind."""
        array = memory_of(array)
        entry = self.of_memory.get(id(array))
        if entry is not None:
            found, layout = entry[1], None
        else:
            owner = owner_of(array)
            found, layout = self._entry(owner), _layout(array) if array is not owner else None
        found[by, layout] = change
        self.latest = change[0]
        if by is None or len(found) > 1:
            self.latest_lost = change[0]

    def _entry(self, owner: Any) -> dict[Any, Change]:
        """The changes of this array's memory, by who has changed what: None for all of it, or the layout of a view."""
        key = id(owner)
        if key not in self.of_memory:
            forget = self.of_memory.pop
            try:
                self.of_memory[key] = weakref.ref(owner, lambda _: forget(key, None)), {}
            except TypeError:  # not all kinds of arrays can be referred to weakly
                return {}
        return self.of_memory[key][1]

    def repeatedly(self, arrays: Iterable[Any]) -> Callable[[Change], None]:
        """What notes a change of all these arrays, which have no versions, as `note` does of one."""
        parts: dict[int, list[Any]] = {}
        for array in arrays:
            parts.setdefault(id(owner_of(array)), []).append(array)
        entries = []
        for several in parts.values():
            owner = owner_of(several[0])
            layout = _layout(several[0]) if len(several) == 1 and several[0] is not owner else None
            entries.append((self._entry(owner), (None, layout)))

        def note(change: Change) -> None:
            for found, key in entries:
                found[key] = change
            self.latest = self.latest_lost = change[0]

        return note

    def since(self, array: Any, order: int, but: Any = None) -> Change | None:
        """A change of this array's memory that is newer than `order`, if there is one that wasn't made by `but`."""
        array = memory_of(array)
        entry = self.of_memory.get(id(owner_of(array)))
        for (by, layout), change in list(entry[1].items()) if entry is not None else ():
            known = by is not None and by is but
            if change[0] > order and not known and (layout is None or _overlap(array, layout)):
                return change
        return None


changes = Changes()


def require_unchanged(name: str, inputs: Iterable[Any], start: int) -> None:
    """An error, if arrays that are inputs of a call of this name have been written into since it began."""
    if changes.latest > start and any([changes.since(array, start) for array in inputs]):
        raise TypeError(f"{name}: the function changes an argument that is differentiated. {INPUT_ASSIGNMENT}")


def memory_of(array: Any) -> Any:
    """The array of NumPy's that the numbers are in: of a batch that of all, of a recorder the real one."""
    return real_array(whole(array))


def owner_of(array: Any) -> Any:
    """The array that holds the memory which this one is a view of, or itself; of a batch, that of all its arrays."""
    array = memory_of(array)
    base = array.base if isinstance(array, ndarray) else None
    while base is not None:
        if isinstance(base, ndarray):
            array = base
        base = getattr(base, "base", None)  # as_strided puts an object in between
    return array


def _layout(array: Any) -> tuple:
    """Where the elements of a view lie."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _overlap(array: ndarray, layout: tuple) -> bool:
    """Whether an array has an element in common with another of the same memory, of which this is the layout."""
    address, shape, strides, typestr = layout
    interface = {"data": (address, True), "shape": shape, "strides": strides, "typestr": typestr, "version": 3}
    other = np.asarray(SimpleNamespace(__array_interface__=interface))
    try:
        return np.shares_memory(array, other, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


# Memory that is kept -------------------------------------------------------------------------------------------------


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
