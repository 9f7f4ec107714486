"""What an output was computed from, as far as a call of a function is concerned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .node import Node
from .versions import arguments, current


def nodes_behind(outputs: Sequence[Any], inputs: Sequence[Any], start: int) -> tuple[list[Any], list[Any], bool]:
    """The nodes that outputs were computed by since `start`, oldest first; those that belong outside of the call and
    require a gradient, where they lead to; and whether they lead to leaves that do and aren't among the inputs."""
    others = False
    nodes: list[Any] = []
    outside: list[Any] = []
    seen = {y for y in outputs if y._requires_grad}
    stack, given = list(seen), set(inputs)
    while stack:
        node = stack.pop()
        if belongs_outside(node, given, start):
            outside.append(node)
        elif node._op is None:
            others = others or node not in given
        elif node._args is None:
            ended: Any = node._op
            raise ended.error(node)
        else:
            nodes.append(node)
            for arg in arguments(node):
                if isinstance(arg, Node) and arg._requires_grad and arg not in seen:
                    seen.add(arg)
                    stack.append(arg)
    nodes.sort(key=lambda node: node._order)
    return nodes, outside, others


def dependent_nodes(nodes: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], set[Any]]:
    """Those of the nodes, oldest first, that depend on the inputs; and the set of them and the inputs."""
    found, dependent = [], set(inputs)
    for node in nodes:
        for arg in arguments(node):
            if isinstance(arg, Node) and arg in dependent:
                dependent.add(node)
                found.append(node)
                break
    return found, dependent


def belongs_outside(node: Node, inputs: set[Any], start: int) -> bool:
    """Whether a node is older than the call that began at `start`, or an input of it that was made from such a node."""
    return node._order < start or (node in inputs and node._op is not None)


def leads_outside(leaves: Iterable[tuple[str, Any]], inputs: Sequence[Any], start: int) -> bool:
    """Whether a node among the leaves was computed from one that is older than `start` and requires a gradient."""
    given, seen = set(inputs), set()
    tensors = [current(leaf) for _, leaf in leaves if isinstance(leaf, Node)]
    stack = [node for node in tensors if node._requires_grad]
    while stack:
        node = stack.pop()
        if belongs_outside(node, given, start):
            return True
        if node not in seen:
            seen.add(node)
            stack += [arg for arg in arguments(node) if isinstance(arg, Node) and arg._requires_grad]
    return False
