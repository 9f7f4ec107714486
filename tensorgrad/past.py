"""The data of versions: what stood in memory before something was assigned there."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy import ndarray

from .errors import data_changed
from .memory import changes, memory_of, owner_of
from .node import Node
from .versions import ASSIGN, State, holds_memory, named_by, origin, outline, recorded, was_view


class Past:
    """What a walk finds data in: copies of memory, each as it was at the time where the walk is.

    A walk goes back in time, or from the beginning on, if it is `forward`.
    """

    def __init__(self, forward: bool = False) -> None:
        self._forward = forward
        self._copies: dict[int, tuple[ndarray, State]] = {}
        self._ids: set[int] = set()  # of the copies
        self._written: dict[State, Any] = {}  # what stood in the place of a state, to go forward again

    def arguments(self, node: Node, keep: bool = False) -> tuple[tuple, list]:
        """What a node was computed from, versions in the place of names; and the data of it, as they were then. Of what
        shows or changes memory, only shape and dtype are right. With keep, the nodes themselves, with such data.

        Raises:
            RuntimeError: other data stand there now, and no version of what was there.
        """
        op, args, values = node._op, [], []
        only_shapes = op is ASSIGN or op.is_view is True
        for arg in node._args:
            if isinstance(arg, Node):
                data = arg._data
                if type(data) is not ndarray or data.base is not None or id(data) in changes.of_memory:
                    arg = recorded(arg)
                    self._require_unchanged(arg, node)
                    if keep and not only_shapes:
                        self.keep(arg)
                    data = outline(arg._data) if only_shapes else self.data(arg)
                values.append(arg if keep else data)
            else:
                values.append(arg)
                if hasattr(arg, "dtype"):
                    self._require_unchanged(arg, node)
            args.append(arg)
        return tuple(args), values

    def output(self, node: Node, keep: bool = False) -> Any:
        """The data of a node, as they were when it was computed; with keep, the node itself."""
        data = node._data
        if type(data) is not ndarray or data.base is not None or id(data) in changes.of_memory:
            self._require_unchanged(node, node)
            if keep:
                self.keep(node)
            else:
                data = self.data(node)
        return node if keep else data

    def data(self, node: Node) -> Any:
        """The data of a node. That of an older version lasts until that of another is asked for."""
        data = node._data
        if type(data) is State:
            return self._memory(data)
        if type(data) is tuple:
            return tuple([self._memory(part) if type(part) is State else part for part in data])
        if not holds_memory(data) or (memory_of(data).base is None and id(memory_of(data)) not in changes.of_memory):
            return data
        if not was_view(node) or node._args is None:  # freed: what it shows is all that is left
            return data
        source = node._args[0]
        of = self.data(source)
        if of is source._data and (owner_of(of) is owner_of(data) or origin(node) is None):
            return data
        return node._op.func(of, *node._args[1:], **(node._kwargs or {}))

    def keep(self, node: Node) -> None:
        """Give a node of a version data of its own."""
        data = self.data(node)
        if data is not node._data:
            node._data = tuple([p.copy() for p in data]) if type(data) is tuple else data.copy()

    def holds(self, array: ndarray) -> bool:
        """Whether an array is, or shows, one of the copies."""
        return id(owner_of(array)) in self._ids

    def _require_unchanged(self, value: Any, by: Node) -> None:
        """An error, if memory has been written into since a node was computed by it, in a way that left no version."""
        known = None
        if isinstance(value, Node):
            known = origin(value)
            if known is not None and by._order > changes.latest_lost:
                return
            value = value._data
        for array in value if type(value) is tuple else (value,):
            but = array.name if type(array) is State else known
            array = outline(array)
            change = changes.since(array, by._order, but=but)
            if change:
                raise data_changed(change[1], change[2] or array.shape, by._op.name)

    def _memory(self, state: State) -> ndarray:
        key = id(state.memory)
        memory, now = self._copies.get(key) or (np.copy(state.memory), _newest(state))
        if state is now:
            return memory
        if state.order > now.order and not self._forward:
            memory, now = np.copy(state.memory), _newest(state)
        if state.order < now.order:
            for s in reversed(_between(state, now)):
                if self._forward:
                    self._written[s] = np.copy(s.place.of(memory))
                memory = s.place.put(memory, s.overwritten)
        else:
            for s in _between(now, state):
                memory = s.place.put(memory, self._written.pop(s))
        self._copies[key] = memory, state
        self._ids.add(id(memory_of(memory)))
        return memory


def _newest(state: State) -> State:
    while state.later is not None:
        state = state.later
    return state


def _between(state: State, end: State) -> list[State]:
    """The states from one up to a later one, which isn't among them."""
    found = []
    while state is not end:
        found.append(state)
        state = state.later  # type: ignore[assignment]
    return found


def shown(version: Any) -> Any:
    """The name of a version, if it is the newest; else the version, with data of its own."""
    if type(version._grad) is not weakref.ref:
        return version
    name = named_by(version)
    if name is None:
        Past().keep(version)
    return version if name is None else name
