"""What gradients add up to: the `.grad` of nodes, which threads may share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any
from weakref import ref

import numpy as np

from .derivatives.arrays import ARRAYS
from .derivatives.chunked import is_unknown
from .derivatives.locks import fork_safe_lock, locked
from .engine import floating
from .memory import is_owned, own_copy
from .node import Node, new_node
from .versions import named_by

accumulating = fork_safe_lock()  # threads may share parameters
_set_grad = Node.__dict__["_grad"].__set__
# Where the gradient of a leaf goes that stands for an array of another library, by its id: interop enters those.
elsewhere: dict[int, Callable[[Any], None]] = {}
_exhaust: Callable[[Iterable[Any]], None] = deque(maxlen=0).extend  # runs an iterator to its end, in one call of C


def accumulate_grads(grads: dict[Any, Any]) -> None:
    """Add each gradient to the `.grad` of its node. No two nodes share a buffer: what others see is copied.

    All are added or none, also when the program is interrupted meanwhile: Python runs no signal handler inside of a
    call of C, as the last one is.
    """
    passed_on = (
        [(elsewhere[id(x)], np.conj(grads.pop(x))) for x in list(grads) if id(x) in elsewhere] if elsewhere else ()
    )
    locked(accumulating, _accumulate, grads)
    for receive, grad in passed_on:
        receive(grad)


def _accumulate(grads: dict[Any, Any]) -> None:
    nodes: list[Any] = []
    first: list[Any] = []  # what becomes the gradient of nodes that have none
    sums: list[Any] = []  # gradients, and what is added to them
    added: list[Any] = []
    while grads:
        node, grad = grads.popitem()
        if type(grad) not in ARRAYS or grad.dtype.kind == "c":
            if type(grad) is tuple:
                continue
            grad = floating(np.conj(grad), "backward")
        before = node._grad
        if before is not None and type(before) is ref:  # of a version: the gradient is that of the name that shows it
            node = named_by(node)
            if node is None:
                continue
            before = node._grad
        if before is None:
            nodes.append(node)
            first.append(grad if type(grad) in ARRAYS and is_owned(grad) else own_copy(grad))
        elif isinstance(before, Node) or (type(before) not in ARRAYS and is_unknown(before.shape)):
            # of an earlier backward with create_graph; or what Dask can't add up in place
            nodes.append(node)
            first.append(before + grad)
        else:
            sums.append(before)
            added.append(grad)
    additions: Any = map(_set_grad, nodes, first)
    if not sums:
        return _exhaust(additions)
    additions = chain(map(np.add, sums, added, sums), additions)
    try:
        _exhaust(additions)
    finally:  # after a floating-point error in one of them, the rest
        _exhaust(additions)


def accumulate_recorded_grads(grads: dict[Any, Any]) -> None:
    """The same with gradients that are part of a graph: nodes, which aren't changed in place.

    Raises:
        RuntimeError: one would go to another library.
    """
    if elsewhere and any([id(node) in elsewhere for node in grads]):
        raise RuntimeError(
            "backward: with create_graph=True, .grad of a tensor of another library, such as a parameter of PyTorch's, "
            "can't be differentiated again; pass those tensors to the function of from_torch as arguments"
        )
    locked(accumulating, _accumulate_recorded, grads)


def _accumulate_recorded(grads: dict[Any, Any]) -> None:
    nodes, sums = [], []
    for node, grad in grads.items():
        name = named_by(node) if type(node._grad) is ref else node
        if type(grad) is tuple or name is None:
            continue
        if type(grad) is not type(node):
            grad = new_node(type(node), grad.copy(), False, None, None)
        grad = np.conj(grad) if grad.dtype.kind == "c" else grad
        nodes.append(name)
        sums.append(+grad if name._grad is None else name._grad + grad)  # never a rule's own argument
    _exhaust(map(_set_grad, nodes, sums))


def forget_gradients(nodes: Iterable[Any], set_to_none: bool) -> None:
    """There are no gradients any more; or, where there were, zeros."""
    for node in nodes:
        node._grad = None if set_to_none or node._grad is None else np.zeros_like(node._data)


def gradient_of(node: Any) -> Any:
    """What backward passes have added up; zeros before, in the array that the first will add to."""
    if node._grad is None:
        locked(accumulating, _begin_gradient, node)
    return node._grad


def _begin_gradient(node: Any) -> None:
    if node._grad is None:
        node._grad = np.zeros_like(node._data)
