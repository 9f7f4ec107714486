"""Assignment: what `tensor[index] = value` does, and the operators that change a Tensor in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .derivatives.arrays import as_array
from .derivatives.assigning import Place
from .engine import HOLD_NO_NODE, IMMUTABLE, copied, holds_node, mark_changed
from .errors import LEAF_ASSIGNMENT, NO_INDEX, described_tensor, explained
from .grad_mode import is_grad_enabled
from .memory import changes, is_owned, owner_of
from .node import Ended, Node
from .versions import Versions, base_and_path, current, is_scalar, new_version


def assign(target: Any, index: Any, value: Any, shared: bool = True) -> None:
    """Write a value into the elements of a Tensor that an index names, as NumPy does, and record it.

    `shared` tells whether others than the caller may refer to the Tensor.
    """
    if type(index) not in HOLD_NO_NODE and holds_node(index):
        raise TypeError(NO_INDEX)
    base, path = base_and_path(target)
    recording = is_grad_enabled()
    if is_scalar(base):
        raise TypeError(f"assignment: {described_tensor(base.name, ())} is a scalar, as in NumPy, and can't be assigned into; np.copy makes an array")
    _require_assignable(base, recording)
    if isinstance(value, (list, tuple)):
        value = as_array(value, target)
    node = isinstance(value, Node)
    data = value._data if node else value
    memory = target._data
    if memory.base is not None and (_overlaps_itself(memory) or _overlaps_itself(base._data)):
        raise ValueError("assignment: the array shows some elements twice, as windows that overlap do; assign into a copy")
    try:
        part = memory[index]
        overwritten = part.copy() if recording else None
        if node and data.base is not None and shows_all(part, data):
            return None
        memory[index] = data
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise explained(error, "assignment", (memory, value)) from error
    if node:
        value = current(value)
    needs_grad = base._requires_grad or (node and value._requires_grad)
    if not recording or not (shared or needs_grad or base is not target or type(base._op) is Versions):
        return mark_changed(base, in_place=True)
    shared = shared or base is not target or (node and _refers_to(value, base))
    if not node:
        value = copied(value)
    if getattr(data, "ndim", 0) > part.ndim:  # NumPy allows further axes of length 1
        value = np.reshape(value, data.shape[data.ndim - part.ndim :])
    place = Place(index if type(index) in IMMUTABLE else copied(index), path)
    new_version(base, place, value, overwritten, shared)
    changes.note(base._data, (base._order, base.name, base._data.shape), by=base._op.newest._grad)


def change(target: Any, value: Any, name: str, alone: bool) -> Any:
    """What `target += other` gives, where value is target + other, and name that of the operation.

    That is the value itself, if nobody can tell it from the target, of which only the caller's name is left: `alone`.
    """
    base, _ = base_and_path(target)
    shape, dtype = target._data.shape, target._data.dtype
    if is_scalar(target):
        return value
    if value.shape != shape:
        raise ValueError(
            f"{name}: in place, the result of shape {value.shape} doesn't fit into an array of shape {shape}; write "
            f"a = {name}(a, b)"
        )
    if value.dtype != dtype:
        if not np.can_cast(value.dtype, dtype, "same_kind"):
            raise TypeError(f"{name}: in place, a result of dtype {value.dtype} can't become {dtype}; use astype")
        value = value.astype(dtype)
    if is_grad_enabled():
        is_leaf = target._op is None and target._requires_grad
        if is_leaf or (alone and base is target and is_owned(target._data) and _same_layout(value._data, target._data)):
            if is_scalar(value):
                value._saved = None  # it takes the place of an array
            return value
    assign(target, ..., value)
    return target


def _overlaps_itself(array: Any) -> bool:
    """Whether an array may show an element twice, as windows that overlap do."""
    if not array.flags.writeable or array.flags.forc:
        return False
    extent = array.itemsize
    for stride, n in sorted((abs(stride), n) for stride, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < extent:
            return True
        extent += stride * (n - 1)
    return False


def _same_layout(data: Any, old: Any) -> bool:
    """Whether data lie in memory as the old ones do, and can be changed as these can."""
    return data.strides == old.strides and old.flags.writeable


def shows_all(part: Any, data: Any) -> bool:
    """Whether data is the same part of the same memory: what `a[i] += 1` assigns to a[i] in the end."""
    if type(part) is not ndarray or type(data) is not ndarray or owner_of(part) is not owner_of(data):
        return False
    return part.__array_interface__ == data.__array_interface__


def _refers_to(value: Any, base: Any) -> bool:
    """Whether a value was computed from an element of this Tensor, as in `f()[i] *= 2`: then that refers to a Tensor
    which no name does."""
    read = [arg for arg in value._args or () if isinstance(arg, Node)]
    return any([arg is base or (arg._args is not None and arg._args[0] is base) for arg in read])


def _require_assignable(base: Any, recording: bool) -> None:
    """An error for what can't be assigned into."""
    if type(base._data) is not ndarray:
        raise TypeError(
            f"assignment: a Tensor that holds a {type(base._data).__name__} can't be assigned into; np.where(mask, value, tensor) "
            f"gives a new one"
        )
    if not recording:
        return
    if base._op is None:
        if base._requires_grad:
            raise TypeError(LEAF_ASSIGNMENT)
    elif isinstance(base._op, Ended):
        raise base._op.error(base)
    elif type(base._op) is not Versions:
        for arg in base._args:
            data = arg._data if isinstance(arg, Node) else arg
            if type(data) is ndarray and owner_of(data) is owner_of(base._data):
                raise TypeError(
                    f"assignment: {described_tensor(base.name, base._data.shape)} shows the memory of what it was computed "
                    f"from, by {base._op.name}; assign into a copy: +tensor"
                )
