"""Versions: what a node was before something was assigned into it.

A node that is assigned into becomes a *name*. It stands for the newest of a chain of nodes, one for each version; each
is computed from the one before, by `assign`. An operation on a name is recorded with the node of the version that is
the newest then, so a graph holds versions, and no names: with the exception of what was recorded before the first
assignment, and that means the first version. A view of a name is a name, too: of that view of each version.

All versions of a name share its memory, and this shows the newest. What was overwritten is kept: a walk goes back in
time, and puts it back into a copy of the memory, each part once, to find the data of a version.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import numpy as np
from numpy import ndarray

from .batch import Batched
from .derivatives.arrays import ARRAYS, whole
from .derivatives.assigning import Place, assign, part
from .derivatives.table import OWN, TABLE, Primitive
from .errors import data_changed
from .memory import memory_of, owner_of
from .node import Node, new_node, orders

ASSIGN, PART = OWN[assign], OWN[part]
_REPEATING = {TABLE[np.broadcast_to], TABLE[np.lib.stride_tricks.sliding_window_view]}  # they show elements twice

# An input of a call that a transform runs: it shows the caller's array, and can't be assigned into.
INPUT = Primitive(np.positive, (lambda g, y, x: g,))
INPUT.is_view = True


class Versions:
    """Stands where the operation of a node was that has become a name: its newest version, and the state of its data.

    Where others may have referred to the node before it became a name, its first version is kept for them.
    """

    __slots__ = ("first", "newest", "state", "__weakref__")

    def __init__(self, first: Node, state: State, shared: bool):
        self.newest, self.state = first, state
        self.first = first if shared else None


# The names that there are, by the orders of their first versions: while it is empty, nobody looks for them.
names: dict[int, weakref.ref] = {}
# The order of the first version of each that others may have referred to before, and when it became a name.
_births: list[tuple[int, int]] = []
# The orders of operations, and when they, and all that they were computed from, were last seen to refer to no name.
_seen: dict[int, int] = {}
_MANY = 10_000
_most_seen = [_MANY]  # with more than that it is begun anew: most are of operations that are no more


class State:
    """The data of a version: memory, as it was before `overwritten` was lost in a `place` of it, and the `later` state
    began. The newest state has no later one."""

    __slots__ = ("later", "memory", "name", "order", "overwritten", "place")

    def __init__(self, memory: Any, name: weakref.ref, order: int):
        self.memory, self.name, self.order = memory, name, order
        self.later: State | None = None
        self.place: Any = None
        self.overwritten: Any = None

    shape = property(lambda self: self.memory.shape)
    dtype = property(lambda self: self.memory.dtype)
    ndim = property(lambda self: self.memory.ndim)
    size = property(lambda self: self.memory.size)


# What stands in `_saved` of a node whose function saves nothing: it is what NumPy has a scalar for, and no array.
SCALAR: Any = object()
# The same: it was recorded as a view of its first argument, which may have other memory by now.
VIEW: Any = object()


def is_scalar(node: Any) -> bool:
    """Whether NumPy has a scalar where there is this node: one that nothing can be assigned into, and no view is of."""
    if not isinstance(node, Node) or node._data.ndim:
        return False
    return getattr(node, "_saved", None) is SCALAR or getattr(node._op, "saves", False)


# Names and views -----------------------------------------------------------------------------------------------------


def is_view(node: Node) -> bool:
    """Whether a node shows memory of its first argument."""
    op = node._op
    if type(op) is not Primitive or not op.is_view:
        return False
    source = node._args[0]
    return isinstance(source, Node) and shows(node._data, source._data)


def outline(data: Any) -> Any:
    """An array of the shape and dtype of a node's data, which may hold other numbers by now."""
    return data.memory if type(data) is State else data


def shows(data: Any, source: Any) -> bool:
    """Whether data is memory of the source's."""
    source = outline(source)
    if not holds_memory(data) or not holds_memory(source):
        return False
    return data is source or (memory_of(data).base is not None and owner_of(data) is owner_of(source))


def holds_memory(data: Any) -> bool:
    """Whether data is an array of NumPy's, or a batch of them: what can be assigned into, and shows other arrays'."""
    return type(data) is ndarray or type(data) is Batched or type(data) in ARRAYS


def base_and_views(node: Node) -> tuple[Node, list[Node]]:
    """What a node shows a part of, and the views that lead from there to the node, itself the last. Of what is no view,
    itself, and no views."""
    views = []
    while is_view(node):
        views.append(node)
        node = node._args[0]
    return node, views[::-1]


def path_of(views: Iterable[Node]) -> tuple:
    """How each of some views is made of the one before: a function, with its further arguments."""
    return tuple([(view._op.func, view._args[1:], view._kwargs) for view in views])


def current(node: Node) -> Node:
    """The node of what this one shows now: the newest version of a name, or of a view of one; any other itself."""
    op = node._op
    if type(op) is Versions:
        return op.newest
    return _of_version(node, "newest") if type(op) is Primitive and op.is_view else node


def recorded(node: Node) -> Node:
    """The node of what this one showed before it was a name."""
    op = node._op
    if type(op) is Versions:
        return _first(node)
    if type(op) is not Primitive or not op.is_view or type(node._grad) is weakref.ref:
        return node
    return _of_version(node, "first")


def _of_version(view: Node, which: str) -> Node:
    """The node of a view of a name's first or newest version; of what is no name, the view itself.

    What several views lead to is one operation, whose gradient goes into that of the version in place.
    """
    base, views = base_and_views(view)
    if type(base._op) is not Versions:
        return view
    node = _first(base) if which == "first" else base._op.newest
    together = list(takewhile(_picks, views))
    if len(together) > 1:
        node = _viewed(together[-1], node, which, PART, (Place(..., path_of(together)),))
        views = views[len(together) :]
    for v in views:
        node = _viewed(v, node, which, v._op, v._args[1:], v._kwargs)
    return node


def _picks(view: Node) -> bool:
    """Whether a view shows some elements of its source, each once, by a rule of the library's own."""
    repeats = view._op in _REPEATING or view._op is INPUT
    return view._op.is_view is True and not repeats and bool(whole(view._data).flags.writeable)


def _first(name: Node) -> Node:
    first: Node | None = name._op.first
    if first is None:  # nobody referred to it, as far as references are counted
        raise data_changed(name.name, name._data.shape, "an operation")
    return first


class _Views:
    """The nodes of a view of a name, of its first and of its newest version."""

    __slots__ = ("first", "newest")

    def __init__(self) -> None:
        self.first: Any = None
        self.newest: Any = None


def _viewed(view: Node, version: Node, which: str, op: Primitive, args: tuple, kwargs: dict | None = None) -> Node:
    """The node of a view of this version, computed from it by an operation: the same one each time."""
    found = getattr(view, "_saved", None)
    if type(found) is not _Views:
        found = view._saved = _Views()
    node: Any = getattr(found, which)
    if node is None or node._args[0] is not version:
        node = new_node(type(view), view._data, True, op, (version, *args), kwargs)
        node._requires_grad = version._requires_grad
        node._grad, node.name, node._saved = weakref.ref(view), view.name, VIEW
        if which == "first":
            node._order = view._order
        setattr(found, which, node)
    return node


def was_view(node: Node) -> bool:
    """Whether a node showed memory of its first argument when it was recorded, also if that has other memory now."""
    return is_view(node) or getattr(node, "_saved", None) is VIEW


def origin(version: Node) -> weakref.ref | None:
    """A reference to the name whose version this is, or shows a part of; None if it is no version."""
    while was_view(version) and version._args is not None:  # which a freed one has let go
        version = version._args[0]
    return version._grad if type(version._grad) is weakref.ref else None


def is_name(node: Node) -> bool:
    """Whether a node has been assigned into, or is a view of one that has been."""
    return type(node._op) is Versions or (bool(names) and current(node) is not node)


def is_past(node: Node) -> bool:
    """Whether a node is a version that nobody has a name for any more."""
    return type(node._grad) is weakref.ref and named_by(node) is None


def named_by(version: Node) -> Node | None:
    """The name that stands for this version, if it is the newest, or the view that was used last as it is in it."""
    name = version._grad() if type(version._grad) is weakref.ref else None
    if name is None or name._op is None:
        return None
    if type(name._op) is Versions:
        return name if name._op.newest is version else None
    views = getattr(name, "_saved", None)
    if type(views) is not _Views:
        return None
    return name if version is (views.first if views.newest is None else views.newest) else None


def current_args(args: tuple) -> tuple[tuple, bool]:
    """Arguments with the newest versions of names in their place, and whether one of them requires a gradient."""
    found, needs_grad = [], False
    for arg in args:
        if isinstance(arg, Node):
            op = arg._op
            if type(op) is Versions or (type(op) is Primitive and op.is_view):
                arg = current(arg)
            needs_grad = needs_grad or bool(arg._requires_grad)
        found.append(arg)
    return tuple(found), needs_grad


def arguments(node: Node) -> tuple:
    """What a node was computed from: arguments with versions in the place of names."""
    args: tuple = node._args or ()
    return tuple([recorded(a) if isinstance(a, Node) else a for a in args]) if names else args


# Assigning -----------------------------------------------------------------------------------------------------------


def new_version(base: Node, place: Place, value: Any, overwritten: Any, shared: bool) -> None:
    """Note that a value (an array, a number or a node) was written into the memory of a node, which is a name now.

    `overwritten` is what stood there; `shared` tells whether others than the caller may have referred to it before.
    """
    covered = place.covers(overwritten, base._data)
    versions: Any = base._op
    if type(versions) is not Versions:
        versions = _become_name(base, shared)
    old: Any = versions.newest
    order = next(orders)
    state = State(base._data, versions.state.name, order)
    old._data, before = versions.state, versions.state
    before.later, before.place, before.overwritten = state, place, overwritten
    needs_grad = bool((old._requires_grad and not covered) or (isinstance(value, Node) and value._requires_grad))
    if covered and needs_grad:
        old = _blank(base._data.shape, base._data.dtype)
    new = new_node(type(base), base._data, needs_grad, ASSIGN, (value, old, place))
    new._grad, new.name = weakref.ref(base), base.name
    versions.newest, versions.state = new, state
    base._requires_grad, base._order = needs_grad, new._order
    if not shared:
        versions.first = None
    elif needs_grad and versions.first is not None:
        _let_go_of_names(new)


@functools.lru_cache
def _blank(shape: tuple[int, ...], dtype: np.dtype) -> ndarray:
    """In the place of what was overwritten as a whole."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def _become_name(node: Node, shared: bool) -> Versions:
    """Have a node stand for versions; the first takes over what it was."""
    first: Any = object.__new__(type(node))
    for slot in ("_data", "_order", "_op", "_args", "_kwargs", "_requires_grad", "name"):
        setattr(first, slot, getattr(node, slot))
    first._grad = weakref.ref(node)
    state = State(node._data, first._grad, node._order)
    if getattr(node._op, "saves", False):
        first._saved = node._saved
    source = node._args[0] if node._args else None
    if isinstance(source, Node) and type(source._data) is tuple:  # one of several outputs
        source._data = tuple([state if part is node._data else part for part in source._data])
    versions = Versions(first, state, shared)
    key = node._order
    names[key] = weakref.ref(versions, lambda _: _forget(key))
    if shared:
        _births.append((key, next(orders)))
    node._op, node._args, node._kwargs = versions, (), None
    return versions


def _forget(key: int) -> None:
    """A name is no more."""
    names.pop(key, None)
    if not names:
        _births.clear()
        _seen.clear()
    elif len(_births) > 2 * len(names):
        _births[:] = [birth for birth in _births if birth[0] in names]


def _let_go_of_names(node: Node) -> None:
    """Have the operations that led to a new version refer to versions, not to names: or a name would hold itself.

    What refers to a name is newer than its first version, and older than when it became a name. So an operation that
    was seen before is seen again only if a node that is older than it has become a name since.
    """
    stack, now, begin_anew = [node], node._order, len(_seen) > _most_seen[0]
    if begin_anew:
        _seen.clear()
    while stack:
        node = stack.pop()
        if not node._args:
            continue
        order = node._order
        before, _seen[order] = _seen.get(order, -1), now
        for first, birth in reversed(_births):
            if birth < before:
                break
            if first < order:
                node._args = arguments(node)
                stack += [arg for arg in node._args if isinstance(arg, Node)]
                break
    if begin_anew:
        _most_seen[0] = 2 * len(_seen) + _MANY


def released(name: Node) -> Node:
    """The newest version of a name that nobody is going to use, as a node like any other."""
    node = current(name)
    node._grad = None
    return node
