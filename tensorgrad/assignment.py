"""Assignment: what `tensor[index] = value` does, and the operators that change a Tensor in place."""

from __future__ import annotations

import operator
from copy import deepcopy
from typing import Any

import numpy as np
from numpy import ndarray

from .batch import LIKE_AN_ARGUMENT, NotBatchable, levels_of
from .batch_writing import change_one_by_one
from .derivatives.arrays import as_array, require_no_subclass
from .derivatives.assigning import Place
from .engine import HOLD_NO_NODE, IMMUTABLE, copied, holds_node, mark_changed
from .errors import INPUT_ASSIGNMENT, LEAF_ASSIGNMENT, NO_INDEX, described_tensor, explained
from .grad_mode import is_grad_enabled
from .memory import changes, is_kept_by_one, memory_of, owner_of
from .node import Node
from .versions import (
    INPUT,
    Versions,
    base_and_views,
    current,
    holds_memory,
    is_scalar,
    is_view,
    new_version,
    path_of,
    released,
)


def assign(target: Any, index: Any, value: Any, shared: bool = True) -> None:
    """Write a value into the elements of a Tensor that an index names, with NumPy's meaning, and record it.

    Args:
        target: the Tensor, or a view of one, which is written into through the view.
        index: as for arrays.
        value: a number, an array, a Tensor, or a list of these; it broadcasts.
        shared: whether others than the caller may refer to the target.

    Raises:
        TypeError: the target can't be assigned into: it is a leaf that requires a gradient, a scalar, no array of
            NumPy's, or shows memory of another in a way that isn't known. Or the index is, or holds, a Tensor.
        ValueError, IndexError: as NumPy raises them.
    """
    if type(index) not in HOLD_NO_NODE and holds_node(index):
        raise TypeError(NO_INDEX)
    base, views = base_and_views(target)
    recording = is_grad_enabled()
    _require_assignable(base, views, recording)
    if isinstance(value, (list, tuple)):
        value = as_array(value, target)
    is_node = isinstance(value, Node)
    data = value._data if is_node else value
    if not holds_memory(data):
        _require_no_other_array(data, is_node)
    if recording and getattr(base._op, "saves", False):
        base._saved = deepcopy(base._saved)  # which may be the output, or show it
    memory = target._data
    if not set(levels_of(data)) <= set(levels_of(memory)):
        raise TypeError(
            f"assignment: {_described(target)} is the same for all examples of vmap, and can't hold a value that "
            f"isn't. {LIKE_AN_ARGUMENT}"
        )
    overwritten, is_noted = None, True
    try:
        part = memory[index]
        overwritten = part.copy()
        if holds_memory(data) and memory_of(data).base is not None and owner_of(data) is owner_of(memory):
            if is_node and _are_the_same(part, data):
                return None
            data = data.copy()
        is_noted = False
        memory[index] = data
        value = current(value) if is_node else copied(value)
        if getattr(data, "ndim", 0) > part.ndim:  # NumPy allows further axes of length 1
            value = np.reshape(value, data.shape[data.ndim - part.ndim :])
        if not shared:
            first = type(base._op) is not Versions
            shared = base is not target or (first and is_node and _refers_to(value, base))
        place = Place(index if type(index) in IMMUTABLE else copied(index), path_of(views))
        _note(base, place, value, overwritten, shared, recording)
        is_noted = True
    except NotBatchable:  # such as a mask that is another one for each example
        is_noted = True
        change_one_by_one(operator.setitem, target, (index, value))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        if overwritten is not None:
            memory[index] = overwritten
        is_noted = True
        raise explained(error, "assignment", (memory, value)) from error
    finally:
        if not is_noted:  # after an interrupt: what stands there now has no version
            mark_changed(base, in_place=True)


def _require_no_other_array(data: Any, is_node: bool) -> None:
    require_no_subclass(type(data), "assignment")
    if is_node:
        raise TypeError(f"assignment: an array of NumPy's can't hold a {type(data).__name__}; compute it first")
    if hasattr(data, "tocsr"):
        raise TypeError(f"assignment: a sparse {type(data).__name__} is no array; assign its toarray()")


def _note(base: Any, place: Place, value: Any, overwritten: Any, shared: bool, recording: bool) -> None:
    """Note that a value has been written, as a version of the base if anybody may want the one before."""
    is_constant = not base._requires_grad and not (isinstance(value, Node) and value._requires_grad)
    if not recording or (is_constant and not shared and type(base._op) is not Versions):
        return mark_changed(base, in_place=True)
    new_version(base, place, value, overwritten, shared)
    changes.note(base._data, (base._order, base.name, base._data.shape), by=base._op.newest._grad)


def assign_imag(target: Any, value: Any) -> None:
    """`target.imag = value`."""
    if target._data.dtype.kind != "c":
        raise TypeError(f"assignment: a Tensor of dtype {target._data.dtype} has no imaginary part to set; use astype")
    assign(np.imag(target), ..., value)


def change(target: Any, value: Any, name: str, alone: bool) -> Any:
    """What `target += other` gives, where value is target + other, and name that of the operation.

    It is the value itself, if nobody can tell it from the target, changed: of a leaf that requires a gradient and an
    argument that is differentiated, of what NumPy has a scalar for, and where the caller's name is `alone` to refer to
    it, and nobody else sees its memory.

    Raises:
        ValueError: the value has another shape than the target.
        TypeError: its dtype can't be cast to that of the target; or the target can't be assigned into.
    """
    if is_scalar(target):
        return value
    shape, dtype = target._data.shape, target._data.dtype
    if value.shape != shape:
        raise ValueError(
            f"{name}: in place, a result of shape {value.shape} doesn't fit into an array of shape {shape}; a new name "
            f"can refer to it, as in c = a + b"
        )
    if value.dtype != dtype:
        if not np.can_cast(value.dtype, dtype, "same_kind"):
            raise TypeError(f"{name}: in place, a result of dtype {value.dtype} can't become {dtype}; use astype")
        value = value.astype(dtype)
    if not holds_memory(target._data):  # of another library: whether this is a view can't be known
        if getattr(target._op, "is_view", False):
            _require_assignable(target, [], True)  # raises
        return value
    given = _is_leaf(target) or target._op is INPUT
    if is_grad_enabled() and (given or (alone and _is_replaceable(target, value))):
        if is_scalar(value):
            value._saved = None  # it takes the place of an array
        return value
    assign(target, ..., value)
    return target


def _is_leaf(node: Any) -> bool:
    return node._op is None and node._requires_grad


def _is_replaceable(target: Any, value: Any) -> bool:
    """Whether nobody sees the memory of a Tensor that one name refers to, and the value lies in memory as it does."""
    data = target._data
    if type(data) is not ndarray or not is_kept_by_one(data) or not data.flags.writeable:
        return False
    if type(target._op) is Versions:
        return False
    return type(value._data) is ndarray and data.strides == value._data.strides and not is_view(target)


def _are_the_same(part: Any, data: Any) -> bool:
    """Whether data is the same part of the same memory: what `a[i] += 1` assigns to a[i] in the end."""
    if not holds_memory(part) or type(part) is not type(data) or owner_of(part) is not owner_of(data):
        return False
    return bool(memory_of(part).__array_interface__ == memory_of(data).__array_interface__)


def _refers_to(value: Any, base: Any, depth: int = 3) -> bool:
    """Whether a value was just computed from elements of this Tensor, as in `f()[i] *= 2`: then that refers to a Tensor
    which no name does."""
    for arg in value._args or ():
        if arg is base or (depth and isinstance(arg, Node) and _refers_to(arg, base, depth - 1)):
            return True
    return False


def _require_assignable(base: Any, views: list, recording: bool) -> None:
    """An error, if a node can't be assigned into by way of these views."""
    for view in views:
        if view._op is INPUT:
            raise TypeError(INPUT_ASSIGNMENT)
        if view._op.is_view is not True:  # a user's function, whose rules are its own
            raise _shows_memory(view)
    if not holds_memory(base._data):
        kind = type(base._data).__name__
        raise TypeError(
            f"assignment: {_described(base)} holds an array of the kind {kind}, which can't be assigned into; "
            f"np.where(mask, value, tensor) gives a new one"
        )
    if is_scalar(base):
        raise TypeError(f"assignment: {_described(base)} is a scalar, as in NumPy; np.copy makes it an array")
    if any([_overlaps_itself(memory_of(node._data)) for node in (base, *views[-1:])]):
        raise ValueError("assignment: some elements are shown twice, as in windows that overlap; assign into a copy")
    if not recording or type(base._op) is Versions:
        return
    if _is_leaf(base):
        raise TypeError(LEAF_ASSIGNMENT)
    args = base._args or ()
    if args and isinstance(args[0], Node) and type(args[0]._data) is tuple:  # one of several outputs
        args = args[0]._args or ()
    for arg in args:
        data = arg._data if isinstance(arg, Node) else arg
        if holds_memory(data) and owner_of(data) is owner_of(base._data):
            raise _shows_memory(base)


def _shows_memory(node: Any) -> TypeError:
    return TypeError(
        f"assignment: {_described(node)} shows memory of what {node._op.name} was given; assign into a copy, +tensor"
    )


def _described(node: Any) -> str:
    return described_tensor(node.name, node._data.shape)


def _overlaps_itself(array: Any) -> bool:
    """Whether an array may show an element twice, as windows that overlap do."""
    if array.base is None or not array.flags.writeable or array.flags.forc:
        return False
    extent = array.itemsize
    for stride, n in sorted((abs(stride), n) for stride, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < extent:
            return True
        extent += stride * (n - 1)
    return False


# Without changing anything: tensor.at[index].set(value) ---------------------------------------------------------------


class At:
    """What `tensor.at` gives: `tensor.at[index]` names elements, and its methods give a Tensor with these changed.

    The methods and their names are JAX's (`jax.numpy.ndarray.at`). Where an index names an element several times, `set`
    leaves the last value, as NumPy does, and the others take one value after the other. What lies outside is an
    IndexError.

    >>> from tensorgrad import Tensor
    >>> t = Tensor([1.0, 2.0, 3.0])
    >>> t.at[0].set(10.0)
    Tensor([10.  2.  3.])
    >>> t.at[[0, 0, 2]].add(1.0)
    Tensor([3. 2. 4.])
    >>> t
    Tensor([1. 2. 3.])
    """

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Any):
        self._tensor = tensor

    def __getitem__(self, index: Any) -> Elements:
        return Elements(self._tensor, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError("at: changes no Tensor; write t = t.at[index].set(value), or t[index] = value to change t")

    def __repr__(self) -> str:
        return f"{self._tensor!r}.at"


class Elements:
    """The elements of a Tensor that an index names; each method gives a new Tensor. See `At`."""

    __slots__ = ("_index", "_tensor")

    def __init__(self, tensor: Any, index: Any):
        self._tensor, self._index = tensor, index

    def _no_operator(self, other: Any) -> Any:
        raise TypeError("at: an operator changes no elements; write t = t.at[index].add(value), multiply, power, ...")

    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __radd__ = __rsub__ = __rmul__ = __rtruediv__ = _no_operator

    def get(self) -> Any:
        """The elements themselves, `tensor[index]`."""
        return self._tensor[self._index]

    def set(self, value: Any) -> Any:
        """The Tensor with this value in their place; it broadcasts."""
        new: Any = np.copy(self._tensor)
        new[self._index] = value
        return released(new)

    def add(self, value: Any) -> Any:
        """The Tensor with the value added to them."""
        return self._changed(np.add, value)

    def subtract(self, value: Any) -> Any:
        """The Tensor with the value subtracted from them."""
        return self._changed(np.subtract, value)

    def multiply(self, value: Any) -> Any:
        """The Tensor with them multiplied by the value."""
        return self._changed(np.multiply, value)

    def divide(self, value: Any) -> Any:
        """The Tensor with them divided by the value."""
        return self._changed(np.divide, value)

    def power(self, value: Any) -> Any:
        """The Tensor with them raised to the power of the value."""
        return self._changed(np.power, value)

    def min(self, value: Any) -> Any:
        """The Tensor with the smaller one of them and the value in their place."""
        return self._changed(np.minimum, value)

    def max(self, value: Any) -> Any:
        """The Tensor with the larger one of them and the value in their place."""
        return self._changed(np.maximum, value)

    def _changed(self, ufunc: np.ufunc, value: Any) -> Any:
        new: Any = np.copy(self._tensor)
        ufunc.at(new, self._index, value)
        return released(new)
