"""The nodes of a picture: how each kind looks, and what stands on those that are no cards.

A node is a dict of what Graphviz knows as its attributes.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection
from typing import Any

from ..network import Module
from ..node import Node
from .cards import KINDS, escaped, small
from .folding import Stretch
from .graph import Graph
from .labels import clean, operation_label, operation_sign, shape_text, total_size
from .walk import Operation

_DARK = "#33475b"
_PILL = {"fillcolor": _DARK, "color": _DARK, "fontcolor": "white"}
_ROUND = {"shape": "circle", "style": "filled", "width": "0.34", "fixedsize": "true"}
_LONG = {"shape": "box", "style": "filled,rounded", "height": "0.26", "width": "0.45", "margin": "0.09,0.03"}
_WIDE = {**_LONG, "margin": "0.17,0.03"}  # room for names in letters that Graphviz doesn't know
_TAG = {"shape": "box", "fontsize": "9", "width": "0.2", "height": "0.2", "margin": "0.05,0.02"}
_BLOCK = {"shape": "box3d", "style": "filled", "fillcolor": "#e3e8ee", "color": _DARK, "margin": "0.14,0.08"}
_MODULE = {"shape": "box", "style": "filled,rounded", "fillcolor": "#dfe7f1", "color": _DARK, "margin": "0.12,0.06"}

# Nodes ---------------------------------------------------------------------------------------------------------------


def _node(kind: str, tooltip: str, label: str, **look: str) -> dict[str, str]:
    return {"class": kind, "tooltip": escaped(tooltip, quote=False), **look, "label": label}


def data_node(kind: str, tooltip: str, label: str) -> dict[str, str]:
    """The card of data of a kind."""
    look = KINDS[kind]
    return _node(
        kind, tooltip, label, fillcolor=look.fill, color=look.border, penwidth=look.width, style=look.style,
        peripheries=look.lines, shape="box", width="0.4", height="0.3",
    )  # fmt: skip


def tag(name: str, kind: str) -> dict[str, str]:
    """The name of data, where their card is far away."""
    look, name = KINDS[kind], clean(name)
    colours = {"fillcolor": look.fill, "color": look.border, "style": look.style}
    return _node("reference", f"{kind} {name}", f"<{escaped(name)}>", **colours, **_TAG)


def pill(label: str) -> dict[str, str]:
    """An operation: round for a sign, a rounded box for words."""
    is_round = len(label) <= 3 and not any(map(str.isalpha, label))
    look = _PILL | (_ROUND if is_round else _WIDE if " = " in label else _LONG)
    text = clean(label, 60)
    width = max(18, min(24, max(map(len, text.split()), default=0)))  # a word that is little longer isn't broken
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    target, is_set, value = label.partition(" = ")
    if len(lines) > 1 and is_set and len(target) <= 24:  # what is assigned to below what it is assigned to
        lines = [target, f"= {value}"]
    return _node("operation", clean(label, 200), f"<{'<BR/>'.join(map(escaped, lines))}>", **look)


def block(lines: list[str]) -> dict[str, str]:
    """What is folded."""
    rest = [part for line in lines[1:] for part in textwrap.wrap(line, 34)]
    return _node("folded", ". ".join(lines), _lines(lines[0], rest), **_BLOCK)


def module_node(name: str, lines: list[str]) -> dict[str, str]:
    """A whole module, with its full name for those who point at it."""
    return _node("module", ". ".join([name, *lines[1:]]), _lines(clean(lines[0]), lines[1:]), **_MODULE)


def _lines(first: str, rest: list[str]) -> str:
    return f"<{'<BR/>'.join([f'<B>{escaped(first)}</B>', *map(small, rest)])}>"


# What stands on them -------------------------------------------------------------------------------------------------


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


def module_lines(module: Module, comes_in: Collection[Any], goes_out: Collection[Any]) -> list[str]:
    """The class of a module, the shapes of what comes and goes, and its size."""
    shapes = [", ".join(dict.fromkeys(shape_text(x.shape) for x in values)) for values in (comes_in, goes_out)]
    return [type(module).__name__, " → ".join(filter(None, shapes)), total_size(module.parameters())]
