"""What stands on the node for many operations: for a stretch of them, or for a whole module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from ..network import Module
from ..node import Node
from .folding import Stretch
from .graph import Graph
from .labels import operation_label, operation_sign, shape_text, total_size
from .walk import Operation


def stretch_lines(graph: Graph, stretch: Stretch, leaves: Collection[Any]) -> list[str]:
    """What a folded stretch holds, in lines."""
    operations = graph.operations[stretch.first : stretch.last]
    n, period = len(operations), stretch.period
    if period:
        words = [_part(graph, part) for part in stretch.parts] or _repeated(operations, period)
        what = f"{n // period:,} more times: {', '.join(words[:6])}" + (", …" if len(words) > 6 else "")
    else:
        kinds = Counter(operation_sign(o.node) for o in operations)
        what = ", ".join(f"{k:,} {name}" for name, k in kinds.most_common(4)) + (", …" if len(kinds) > 4 else "")
    parameters = [x for x in leaves if isinstance(x, Node) and x._requires_grad]
    plural = "s" if len(parameters) > 1 else ""
    return [f"… {n:,} operations", what] + (
        [f"{len(parameters):,} parameter{plural}, {total_size(parameters)}"] if parameters else []
    )


def _repeated(operations: list[Operation], period: int) -> list[str]:
    """The operations that are repeated, as they are written the first time, or if they vary without their numbers."""
    n = len(operations)
    pairs = [(o.node, operations[min(i + period, n - 1)].node) for i, o in enumerate(operations[:period])]
    return [operation_label(a) if operation_label(a) == operation_label(b) else operation_sign(a) for a, b in pairs]


def _part(graph: Graph, stretch: Stretch) -> str:
    if stretch.module is not None:
        return type(graph.modules[stretch.module]).__name__
    return operation_sign(graph.operations[stretch.first].node)


def module_lines(name: str, module: Module, comes_in: Collection[Any], goes_out: Collection[Any]) -> list[str]:
    """What stands on the node for a module: its name and class, the shapes of what comes and goes, its size."""
    shapes = [", ".join(dict.fromkeys(shape_text(x.shape) for x in values)) for values in (comes_in, goes_out)]
    return [name, type(module).__name__, " → ".join(filter(None, shapes)), total_size(module.parameters())]
