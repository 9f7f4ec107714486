"""Node: what a graph is made of."""

from __future__ import annotations

from typing import Any

from .errors import FREED, OVERWRITTEN, described_tensor
from .ordering import make_orders

# Each node gets the next number when its data is made, so what a node was computed from has smaller numbers, and
# sorting by it is a topological sort.
orders = make_orders()


class Node:
    """An array in a graph: data, gradient, and how it was computed.

    `_op` is the entry of the table that gave `_data` when it was called with `_args` and `_kwargs`; all three are None
    for a leaf, and for what requires no gradient. `_saved` is set if the function saves something for its rules. A
    function of several outputs has a node that holds them all as a tuple, and one for each of them. `_order` tells
    which of two nodes is the newer. (What is different in a node that has been assigned into, see versions.py.)
    """

    __slots__ = (
        "_data", "_grad", "_order", "_op", "_args", "_kwargs", "_saved", "_requires_grad", "name", "__weakref__",
    )  # fmt: skip

    _data: Any
    _grad: Any
    _order: int
    _op: Any
    _args: Any
    _kwargs: dict | None
    _saved: Any
    _requires_grad: bool | None  # None: of a leaf, of which it was switched off
    name: str
    requires_grad: Any
    __record__: Any  # records a function of nodes of this type: the engine's as a method of the class that users see


class Ended:
    """Stands where the operation of a node was when no gradient can flow through it any more, and says why."""

    __slots__ = ("reason",)

    def __init__(self, reason: str):
        self.reason = reason

    def error(self, node: Node) -> RuntimeError:
        """What is raised when a walk comes to the node."""
        return RuntimeError(f"{described_tensor(node.name, getattr(node._data, 'shape', None))}: {self.reason}")


FREED_NODE, OVERWRITTEN_NODE = Ended(FREED), Ended(OVERWRITTEN)

_new = object.__new__


def new_node(node_type: type[Node], data: Any, needs_grad: bool, primitive: Any, args: Any, kwargs: Any = None) -> Any:
    """A node that was computed: data = primitive(*args, **kwargs)."""
    node = _new(node_type)
    node._data = data
    node._grad = None
    node._order = next(orders)
    node.name = ""
    node._requires_grad = needs_grad
    node._op, node._args, node._kwargs = (primitive, args, kwargs) if needs_grad else (None, None, None)
    return node
