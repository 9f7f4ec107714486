"""What writes into batches: by an index, by functions that change their first argument, and by out=."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .batch import (
    LIKE_AN_ARGUMENT,
    WRITING,
    Batched,
    NotBatchable,
    batch,
    batches_in,
    highest_level,
    holds_batch,
    levels_of,
    mapped,
    placed,
    size_of,
    stack_of,
    taken_apart,
)
from .batching import behind_first, in_stack, integers, keeps_order
from .node import Node


def require_fit(name: str, values: Any, levels: tuple[int, ...]) -> None:
    """An error, if values hold a batch of another level than these, those of an array that is written into."""
    if not {found.level for found in batches_in(values)} <= set(levels):
        raise NotBatchable(f"{name}: a batch doesn't fit into one array. {LIKE_AN_ARGUMENT}")


def write(target: Batched, index: Any, value: Any, add: bool = False) -> None:
    """target[index] = value, or with add np.add.at(target, index, value)."""
    if isinstance(value, Node):
        raise NotBatchable("a plain array can't hold a Tensor, which is recorded; assign into a Tensor")
    require_fit("assignment", [index, value], levels_of(target))
    level, stack = target.level, target.stack
    places: Any = None
    if not holds_batch(index):
        places = behind_first(index) if keeps_order(index) else None
    elif (parts := integers(index)) is not None:
        places = in_stack(level, parts, stack.shape[0])
        if holds_batch(places) and type(stack) is not Batched:
            places = None
    if places is None:
        for i in range(stack.shape[0]):
            array, where, part = placed([target, index, value], i, level, stack.shape[0])
            if add:
                np.add.at(array, where, part)
            else:
                array[where] = part
        return
    if mapped(value, level):  # which has as many axes as what it is assigned to
        value = stack_of(value, stack[places].ndim - 1)
    if add:
        np.add.at(stack, places, value)
    else:
        stack[places] = value


def _at_index(ufunc: np.ufunc, target: Any, index: Any, *values: Any) -> None:
    require_fit(f"{ufunc.__name__}.at", [index, *values], levels_of(target))
    if ufunc is np.add:
        return write(target, index, values[0], add=True)
    size = target.stack.shape[0]
    for i in range(size):
        array, where, *parts = placed([target, index, *values], i, target.level, size)
        ufunc.at(array, where, *parts)


def computed_into(func: Callable, name: str, args: tuple, kwargs: dict, out: Any) -> Any:
    """func(*args, **kwargs, out=out), where out is a batch, or a tuple of them."""
    outs = out if type(out) is tuple else (out,)
    level = highest_level([outs, args, kwargs])
    for o in outs:
        require_fit(name, [args, kwargs] if o is not None else [], levels_of(o))
    if len(outs) == 1 and "where" not in kwargs:
        outs[0][...] = func(*args, **kwargs)
    else:  # where a mask is False, out stays as it is
        size = outs[0].stack.shape[0]
        for i in range(size):
            into, *rest = placed([outs, args, kwargs], i, level, size)
            func(*rest[0], **rest[1], out=into if len(into) > 1 else into[0])
    return outs if len(outs) > 1 else outs[0]


def changed(func: Callable, args: tuple, kwargs: dict) -> None:
    """A function that writes into its first argument, of batches: into each array, which is a view of the stack."""
    target = args[0]
    require_fit(func.__name__, [args, kwargs], levels_of(target))
    size = target.stack.shape[0]
    for i in range(size):
        each, settings = placed([args, kwargs], i, target.level, size)
        func(*each, **settings)


WRITING.update({"index": write, "at": _at_index, "in place": changed, "out": computed_into})


# Into a Tensor that holds a batch ------------------------------------------------------------------------------------


def change_one_by_one(func: Callable, target: Any, args: tuple, kwargs: dict | None = None) -> None:
    """Have func(target, *args, **kwargs), which assigns into a Tensor, change each array of the batch in it.

    Raises:
        NotBatchable: the target is the same for all arrays of a batch among the arguments.
    """
    level = highest_level([target, args, kwargs])
    if level not in levels_of(target):
        raise NotBatchable(f"the target is the same for all, and what is written isn't. {LIKE_AN_ARGUMENT}")
    size, changed = size_of(target, level), []
    given = taken_apart([target, args, kwargs or {}], level, size)
    for i in range(size):
        each, *rest = placed(given, i, level, size)
        each = np.copy(each)
        func(each, *rest[0], **rest[1])
        changed.append(each)
    if size:
        target[...] = batch(np.stack(changed), 0, level, size)
