"""The operations behind a Tensor, oldest first, and the versions of Tensors that were assigned into.

A Tensor that was assigned into is a name: its versions are drawn, and each operation with the version that it used.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..engine import pick
from ..node import Ended, Node
from ..trace import gather
from ..versions import ASSIGN, VIEW, arguments, current
from .labels import is_array

# The walk ------------------------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """One recorded operation: the node that holds it, what comes in (Tensors and constant arrays), what goes out."""

    node: Node
    operands: list[Any]
    results: list[Any]


def operations_behind(root: Node) -> list[Operation]:
    """The operations behind root in a topological order, that of their making."""
    nodes = _ancestors(root)
    outputs = defaultdict(list)
    for t in nodes:
        if is_recorded(t) and t._op is pick:
            outputs[t._args[0]].append(t)
    shown = [t for t in nodes if is_recorded(t) and t._op is not pick and t._op is not gather]
    return [Operation(t, _operands(t), outputs.get(t, [t])) for t in shown]


def _ancestors(root: Node) -> list[Node]:
    """root and all that it was computed from, oldest first; each once."""
    root = current(root)
    seen, stack = {root}, [root]
    while stack:
        node = stack.pop()
        for parent in arguments(node) if is_recorded(node) else ():
            if isinstance(parent, Node) and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda t: t._order)


def is_recorded(t: Node) -> bool:
    """Whether the operation that made t is still known: not of a leaf, nor after the graph was freed.

    Of constants none is, with one exception: the view of what is assigned into, which shows what is read from where.
    """
    return t._args is not None and (t._requires_grad or (is_version(t) and t._op is not ASSIGN))


def holds_several(t: Node) -> bool:
    """Whether t is the hidden node of a function with several outputs, which are picked out of it."""
    return isinstance(t._data, tuple)


def takes_several(node: Node) -> bool:
    """Whether an operation takes several arrays as one argument, the first."""
    args = arguments(node)
    return bool(args) and isinstance(args[0], Node) and args[0]._op is gather


def parts_of_arguments(node: Node) -> tuple:
    """What a node was computed from, also where it takes several arrays as one argument."""
    args = arguments(node)
    return arguments(args[0]) if takes_several(node) else args


def _operands(node: Node) -> list[Any]:
    """Tensors, and the arrays in the place of one; an array where no rule stands is a setting.

    Of an assignment, the version before it comes first, and then the value.
    """
    op: Any = node._op
    args = parts_of_arguments(node)
    if op is ASSIGN:
        value, old, _ = args
        args = (old, value) if isinstance(old, Node) else (value,)  # where all is overwritten, nothing is old
    known = len(args) if takes_several(node) else len(op.rules_for(len(args)))
    return [a for i, a in enumerate(args) if isinstance(a, Node) or (i < known and is_array(a))]


# Versions ------------------------------------------------------------------------------------------------------------


def is_version(t: Node) -> bool:
    """Whether t is a version of a Tensor that was assigned into, or of a view of one."""
    return type(t._grad) is weakref.ref


def shows_version(t: Node) -> bool:
    """Whether t is a view of a version."""
    return is_version(t) and getattr(t, "_saved", None) is VIEW


def known_as(t: Node) -> Node:
    """The Tensor that the program knows t by: of a version, the one that was assigned into, while it lives."""
    name = t._grad() if is_version(t) else None
    return t if name is None else name


def version_numbers(nodes: Iterable[Node]) -> dict[int, int]:
    """The numbers of the versions of each Tensor, and of their views, by `id()`.

    They are counted as they follow one another in the graph: from 0 for what stood there before the first assignment,
    or from 1 if an assignment to all of the Tensor is the first. What was freed has none.
    """
    known = sorted((t for t in nodes if is_version(t) and not isinstance(t._op, Ended)), key=lambda t: t._order)
    chains = defaultdict(list)
    for t in known:
        if not shows_version(t):
            chains[id(t._grad)].append(t)  # a reference to the Tensor, the same in all its versions
    numbers = {id(t): i for chain in chains.values() for i, t in enumerate(chain, int(chain[0]._op is ASSIGN))}
    for t in known:
        if shows_version(t) and id(t._args[0]) in numbers:
            numbers[id(t)] = numbers[id(t._args[0])]
    return numbers
