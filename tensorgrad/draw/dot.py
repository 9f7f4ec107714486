"""The graph behind a Tensor as a Graphviz source: cards for data, pills for operations, and arrows.

`draw_dot_tensor` is what users call. A `Drawing` collects nodes and arrows, module by module, and then writes them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import is_int, yes_or_no
from ..network import Module
from ..node import Node
from ..past import Past
from ..tensor import Tensor, displays
from ..versions import ASSIGN, current, named_by
from .blocks import block, data_node, module_lines, module_node, pill, stretch_lines, tag
from .cards import FAINT, GRADIENT, INK, Names, Numbers, card, escaped, legend_label, small
from .folding import Stretch
from .graph import Graph
from .graphviz import formats, new_picture
from .labels import ORDERED, clean, operation_label, place, summary, table, total_size
from .modules import around, is_list, nearest
from .walk import Operation, is_recorded, is_version

if TYPE_CHECKING:
    import graphviz

RANKDIRS = ("LR", "TB", "RL", "BT")
_FONT = "Helvetica"  # Graphviz knows its metrics, and every viewer has it or its twin Arial
_FRAME = {
    "style": "rounded,filled", "fillcolor": "#f9fafb", "color": "#c3ccd6", "penwidth": "1",
    "labeljust": "l", "fontname": _FONT, "fontsize": "11", "margin": "10",
}  # fmt: skip
_STRAIGHT = "4"  # the weight of arrows from version to version: they lie in one line
_INTO = {"label": " into ", "weight": _STRAIGHT}

_LONG = 10  # so many operations in a row can be read from left to right; more are drawn from top to bottom
_LARGE = 60  # nodes: of a larger picture, Graphviz doesn't look for the best places, but for good ones; and of a value
_MANY = 12  # that is used more often there, only the first arrow comes from its card, others from its name
_HASTE = {"nslimit": "2", "nslimit1": "2"}


def draw_dot_tensor(
    root: Tensor,
    format: str = "svg",
    rankdir: str | None = None,
    show_data: bool = True,
    *,
    model: Module | None = None,
    names: Mapping[str, Any] | None = None,
    max_nodes: int | None = 100,
    legend: bool = True,
) -> graphviz.Digraph:
    """Draw the graph that root was computed by.

    Data are cards with name and shape, operations dark pills. Parameters (leaves that require a gradient), constants,
    intermediate results and the output differ in colour and in border. The wider an arrow, the larger the gradient
    that flows back along it. The same graph gives the same picture, byte for byte.

    Of a Tensor A that was assigned into, A₀ is what it was at first, A₁ what the first assignment made of it, and so
    on. Each is drawn with its own data; a gradient the newest alone has, in `A.grad`.

    Args:
        root: the Tensor to explain, such as a loss.
        format: of the file that `render` and `view` write: 'svg', 'png', 'jpg', or what else an installed `dot` has.
        rankdir: the direction of reading: 'LR' (left to right), 'TB' (top to bottom), 'RL' or 'BT'; None for 'LR', or
            for 'TB' where more operations follow one another than can be read from left to right.
        show_data: show data and gradient too: small arrays in full, larger ones by range and mean.
        model: a Module: its parameters are named as in `named_parameters()`, its layers framed.
        names: names for Tensors and arrays that have none of their own, such as `locals()`. Others are called x1, x2,
            ... (leaves that require a gradient), c1, ... (constants), v1, ... (intermediate results) and y (root).
        max_nodes: fold until about so many nodes are left: with a model whole modules, the innermost first, and
            repetitions of them; else repetitions and long stretches of operations. None draws everything.
        legend: explain the colours below the picture.

    Returns:
        A `graphviz.Digraph`: `.render(path)` writes a file, `.view()` shows it, `.source` is the text that Graphviz
        reads, and in a notebook it shows itself. Without a `dot` program it draws with the wheel graphviz-pure, which
        has svg, png and jpg. They raise a RuntimeError where the program doesn't know the format, or takes more than
        `.timeout` seconds, 60 at first.

    Raises:
        TypeError: root is no Tensor, model no Module, names no dict by name, show_data or legend no bool, or max_nodes
            no int.
        ValueError: an unknown format or rankdir, or a max_nodes below 10.
        ImportError: the package graphviz isn't installed.

    >>> a, b = Tensor([1.0, 2.0], name="a"), Tensor([3.0, 4.0], name="b")
    >>> dot = draw_dot_tensor((a * b).sum())
    >>> dot.source.startswith("digraph")
    True
    """
    require_drawable("draw_dot_tensor", root, model, names)
    yes_or_no("draw_dot_tensor: show_data", show_data)
    yes_or_no("draw_dot_tensor: legend", legend)
    if rankdir is not None and (not isinstance(rankdir, str) or rankdir not in RANKDIRS):
        raise ValueError(f"draw_dot_tensor: rankdir must be one of {', '.join(RANKDIRS)}, not {rankdir!r}")
    if max_nodes is not None and not is_int(max_nodes):
        raise TypeError(f"draw_dot_tensor: max_nodes must be an int, or None for all, not {max_nodes!r}")
    if max_nodes is not None and max_nodes < 10:
        raise ValueError(f"draw_dot_tensor: max_nodes must be at least 10, or None for all, not {max_nodes}")
    if not isinstance(format, str) or format.lower() not in formats():
        raise ValueError(f"draw_dot_tensor: unknown format {format!r}; use 'svg', 'png' or 'jpg'")
    graph = Graph(root, model, max_nodes)
    rankdir = rankdir or ("TB" if graph.depth() > _LONG else "LR")
    dot = empty_picture(format.lower(), rankdir)
    Drawing(graph, names or {}, show_data=show_data, wide=rankdir in ("TB", "BT")).write(dot, legend)
    return dot


def require_drawable(function: str, root: Any, model: Any, names: Any) -> None:
    """An error that names the function, if these can't be drawn, or named by."""
    if not isinstance(root, Tensor):
        raise TypeError(f"{function}: a Tensor is drawn, not {type(root).__name__}")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"{function}: model must be a Module, not {type(model).__name__}")
    if names is not None and not (isinstance(names, Mapping) and all(isinstance(name, str) for name in names)):
        what = "a dict with other keys than names" if isinstance(names, Mapping) else type(names).__name__
        raise TypeError(f"{function}: names must be a dict of Tensors or arrays by name, as locals() is, not {what}")


def empty_picture(format: str, rankdir: str) -> Any:
    """A picture without nodes, in the style of them all."""
    dot = new_picture("tensor_graph", format)
    dot.attr(rankdir=rankdir, bgcolor="white", fontname=_FONT, nodesep="0.3", ranksep="0.27", pad="0.15")
    dot.attr("node", fontname=_FONT, fontsize="11", fontcolor=INK, margin="0.06,0.03")
    dot.attr("edge", color="#9aa5b1", arrowsize="0.6", fontname=_FONT, fontsize="9", fontcolor=FAINT, tooltip=" ")
    if format != "svg":
        dot.attr(dpi="144")
    return dot


def _graph_as_svg(tensor: Tensor) -> str | None:
    """What a notebook shows of a Tensor that was computed: its graph, or without graphviz its numbers."""
    if not is_recorded(current(tensor)):
        return None
    try:
        dot: Any = draw_dot_tensor(tensor)
        dot.timeout = 10  # what nobody asked for shouldn't keep one waiting
        return dot.pipe("svg", encoding="utf-8")
    except (ImportError, RuntimeError):
        return None


displays["svg"] = _graph_as_svg


class Drawing:
    """The nodes and arrows of one picture.

    Args:
        graph: what is drawn.
        names: names for Tensors and arrays that have none of their own.
        show_data: show numbers, and not names and shapes alone.
        wide: write range and mean of an array side by side.
        gradients: of each Tensor the gradient to show; those of `.grad` by default.

    Attributes:
        cards: the name that Graphviz knows the card of a value by, by the value's `id()`.
        pills: the same for the node of a stretch of operations, by the number of the stretch.
        frames: the names of modules by those that Graphviz knows their frames by.
    """

    def __init__(
        self,
        graph: Graph,
        names: Mapping[str, Any],
        *,
        show_data: bool = True,
        wide: bool = False,
        gradients: Mapping[Tensor, Any] | None = None,
    ):
        self.graph, self._show_data, self._wide, self._gradients = graph, show_data, wide, gradients
        self.past = Past()
        self._names = Names(graph, names)
        tensors = [x for x in graph.seen.values() if isinstance(x, Node)]
        self._magnitudes = {id(t): _magnitude(self._gradient(t)) for t in tensors}
        self._strongest = max(self._magnitudes.values(), default=0.0)

        self.cards: dict[int, str] = {}
        self.pills: dict[int, str] = {}
        self.frames: dict[str, str] = {}
        self._kinds: set[str] = set()
        self._is_large = len(graph.stretches) + len(graph.drawn) > _LARGE
        self._has_tags = False
        self._nodes: dict[str | None, list[tuple[str, dict]]] = defaultdict(list)  # by module
        self._side_by_side: dict[str | None, list[list[str]]] = defaultdict(list)  # nodes of one rank, by module
        self._edges: list[tuple[str, str, dict]] = []

    def write(self, dot: Any, with_legend: bool) -> None:
        """Write everything into a graphviz.Digraph."""
        for number, stretch in enumerate(self.graph.stretches):
            self._add_stretch(number, stretch)
        if not self.graph.operations:
            self._add_data(self.graph.root, None)
        if self._is_large:
            dot.attr(**_HASTE)  # before the nodes: below them, dot 2.43 breaks off
        self._write_nodes(dot)
        for source, target, attributes in self._edges:
            dot.edge(source, target, **attributes)
        if with_legend:
            dot.attr(labelloc="b", labeljust="l", label=legend_label(self._kinds, self._remark()))

    def name_of(self, x: Any) -> str:
        """The name that a value has in the picture; a dot if it isn't drawn."""
        return self._names.of(x) or "·"

    def data_of(self, x: Any) -> Any:
        """The array of a Tensor, in the version that x is; that of an older one lasts until the next is asked for."""
        return self.past.data(x) if isinstance(x, Node) else x

    def assignment(self, operation: Operation) -> str:
        """An assignment as a program has it: `A[0] = v`. (One that a rule has made, in a gradient, has no Tensor A.)"""
        node = operation.node
        value, _, where = node._args
        number = operation_label(node).rpartition("=")[2].strip()
        return f"{place(where, self._names.stem(node) if is_version(node) else '')} = {number or self.name_of(value)}"

    # Operations and stretches of them

    def _add_stretch(self, number: int, stretch: Stretch) -> None:
        """An operation, or the one node for many, with arrows from what goes in and to what comes out."""
        graph = self.graph
        operations = graph.operations[stretch.first : stretch.last]
        owner = self._owner(stretch)
        shown, passed, hidden = graph.incoming(number)
        beside = [id(x) for x in shown if owner is not None and self._is_new_in(owner, x)]
        sources = self._sources(number, shown, owner)
        if stretch.is_single:
            target = self._add_operation(operations[0], hidden, owner)
        elif stretch.module is not None:
            unseen = [x for part in passed.values() for x in part.values()]
            start = len(owner) + 1 if owner else 0  # within a frame, the name goes on from that of the frame
            lines = module_lines(graph.modules[stretch.module], [*shown, *unseen], operations[-1].results)
            target = self._add_node(owner, module_node(stretch.module, [stretch.module[start:], *lines]))
        else:
            target = self._add_node(owner, block(stretch_lines(graph, stretch, hidden.values())))
        self.pills[number] = target
        old = operations[0].node._args[1] if stretch.is_single and operations[0].node._op is ASSIGN else None
        for x, source in zip(shown, sources, strict=True):
            into, old = (_INTO, None) if x is old else ({}, old)
            self._add_edge(source, target, x, into | ({"dir": "back"} if id(x) in beside[1:] else {}))
        for other, values in passed.items():
            label = {"label": f" {len(values):,} values "} if len(values) > 1 else {}
            self._add_edge(self.pills[other], target, max(values.values(), key=self._strength), label)
        names = {source for x, source in zip(shown, sources, strict=True) if source != self.cards[id(x)]}
        if beside or names:
            self._side_by_side[owner].append([target, *(self.cards[key] for key in beside), *sorted(names)])
        for o in operations:
            for r in o.results:
                if id(r) in graph.drawn:
                    part = {"weight": _STRAIGHT} if o.node._op is ASSIGN else {}
                    part |= {} if r is o.node else {"label": f" [{r._args[1]}] "}
                    self._add_edge(target, self._add_data(r, owner), r, part)

    def _owner(self, stretch: Stretch) -> str | None:
        """The module in whose frame a stretch is drawn: that around all that is in it, and around the whole module."""
        modules, owners = self.graph.modules, set(self.graph.owners[stretch.first : stretch.last])
        if stretch.module is None and len(owners) == 1:
            return owners.pop()
        if None in owners:
            return None
        name = (
            around(owners, modules) if stretch.module is None else nearest(stretch.module.rpartition(".")[0], modules)
        )
        while is_list(modules[name]) and name:
            name = nearest(name.rpartition(".")[0], modules)
        return name or None

    def _sources(self, number: int, values: list[Any], owner: str | None) -> list[str]:
        """The nodes that arrows into a stretch come from: cards, or of a value that has many arrows already, its name.

        Long arrows by the hundred could neither be read nor laid out.
        """
        names: dict[int, str] = {}
        for key, x in {id(x): x for x in values}.items():
            users = self.graph.used_by[key]
            if self._is_large and len(users) > _MANY and number != users[0] and key in self.cards:
                names[key] = self._add_node(owner, tag(self.name_of(x), self._kind(x)))
                self._has_tags = True
            else:
                names[key] = self._add_data(x, None)
        return [names[id(x)] for x in values]

    def _add_operation(self, operation: Operation, hidden: dict[int, Any], owner: str | None) -> str:
        """The pill of an operation, and a block for the leaves that it takes in and that aren't drawn."""
        node = self._add_node(owner, pill(self._label(operation)))
        if hidden:
            rest = self._add_node(owner, block([f"… {len(hidden):,} more", total_size(hidden.values())]))
            self._edges.append((rest, node, {}))
        return node

    def _is_new_in(self, owner: str, x: Any) -> bool:
        """Whether x is a parameter of this module that isn't drawn yet: it goes beside the operation that uses it."""
        return id(x) not in self.cards and self._names.home(x)[1] == owner

    def _label(self, operation: Operation) -> str:
        """The label; of two operands that can't change places, with their names."""
        label, operands = operation_label(operation.node), operation.operands
        if operation.node._op is ASSIGN:
            written = self.assignment(operation)
            return written if len(written) <= 36 else label
        if label in ORDERED and len(operands) == 2 and all(id(x) in self.graph.drawn for x in operands):
            a, b = map(self.name_of, operands)
            return f"{a} {label} {b}" if len(a) + len(b) <= 16 else label
        return label

    # Nodes and arrows

    def _add_node(self, owner: str | None, attributes: dict[str, str]) -> str:
        name = f"n{self._count()}"
        self._nodes[owner].append((name, attributes))
        return name

    def _count(self) -> int:
        return sum(map(len, self._nodes.values()))

    def _add_edge(self, source: str, target: str, x: Any, attributes: dict) -> None:
        """An arrow along which x goes forward, and its gradient back."""
        if not isinstance(x, Node) or not x._requires_grad:
            attributes = {**attributes, "style": "dashed"}
        elif strength := self._strength(x):
            attributes = {**attributes, "penwidth": f"{0.8 + 3 * strength:.2f}", "color": "#b98a9b"}
        if "dir" in attributes:  # the same arrow, but Graphviz puts the source on the other side
            source, target = target, source
        self._edges.append((source, target, attributes))

    # Data

    def _add_data(self, x: Any, owner: str | None) -> str:
        """The card of a Tensor or a constant array; drawn once."""
        if id(x) in self.cards:
            return self.cards[id(x)]
        kind = self._kind(x)
        self._kinds.add(kind)
        home = self._names.home(x)[1]
        owner = owner if home is None else home
        name = self._names.enter(x, kind)
        self.cards[id(x)] = self._add_node(owner, data_node(kind, f"{kind}, {summary(x)}", self._card(x, name)))
        return self.cards[id(x)]

    def _kind(self, x: Any) -> str:
        if x is self.graph.root:
            return "output"
        if isinstance(x, Node) and x._op is not None and (x._requires_grad or is_recorded(x)):
            return "intermediate"
        return "parameter" if isinstance(x, Node) and x._requires_grad else "constant"

    def _card(self, x: Any, name: str) -> str:
        """The label of a card."""
        blocks = [Numbers("data", INK, table(self.data_of(x), self._wide))]
        strength = 0.0
        if self._has_gradient(x):
            strength = self._strength(x)
            g = self._gradient(x)
            rows = [["0"]] if g is None else table(g, self._wide)
            blocks.append(Numbers("grad", FAINT if g is None else GRADIENT, rows))
        return card(name, summary(x, short=True), blocks, strength, self._show_data)

    def _has_gradient(self, x: Any) -> bool:
        """Whether there is a place for the gradient of x; for that of an older version, only a page has one."""
        if not isinstance(x, Node) or not x._requires_grad:
            return False
        return self._gradients is not None or not is_version(x) or named_by(x) is not None

    def _gradient(self, t: Any) -> Any:
        if self._gradients is not None:
            return self._gradients.get(t)
        known = named_by(t) if is_version(t) else t
        return None if known is None else known._grad

    def _strength(self, t: Any) -> float:
        """How large the gradient of t is: 1 for the largest in the picture, 0 for a millionth of it and below."""
        size = self._magnitudes.get(id(t), 0.0)
        return max(0.0, 1 + math.log10(size / self._strongest) / 6) if size else 0.0

    def _remark(self) -> str:
        """What the legend says of gradients, and of names without a card."""
        return "; ".join(filter(None, [self._on_gradients(), "a small name: its card is elsewhere" * self._has_tags]))

    def _on_gradients(self) -> str:
        if not self._strongest:
            return ""
        marks = "bars and width of arrows" if self._show_data else "width of arrows"
        tensors = [x for x in self.graph.drawn.values() if isinstance(x, Node)]
        have_none = [x for x in tensors if is_version(x) and x._requires_grad and not self._has_gradient(x)]
        exception = "; older versions keep none" if have_none else ""
        return f"{marks}: size of the gradient (rms, log scale){exception}"

    # Writing

    def _write_nodes(self, dot: Any) -> None:
        """The nodes outside of every module, and a frame for each module with those that are its own."""
        modules = self.graph.modules
        wanted = {m for owner in self._nodes if owner for m in modules if m and f"{owner}.".startswith(f"{m}.")}
        wanted = {m for m in wanted if m in self._nodes or not is_list(modules[m])}
        frames = [m for m in modules if m in wanted or (not m and "" in self._nodes)]
        self.frames = {f"cluster_{i}": m for i, m in enumerate(frames)}
        inside = defaultdict(list)
        for m in frames:
            around = [o for o in frames if o != m and (not o or m.startswith(f"{o}."))]
            inside[max(around, key=len) if around else None].append(m)

        def write(into: Any, module: str | None) -> None:
            for node, attributes in self._nodes.get(module, ()):
                into.node(node, **attributes)
            for names in self._side_by_side[module]:
                with into.subgraph() as rank:
                    rank.attr(rank="same")
                    for node in names:
                        rank.node(node)
            for m in inside[module]:
                with into.subgraph(name=f"cluster_{frames.index(m)}") as frame:
                    frame.attr(label=f"<{self._module_title(m)}>", tooltip=escaped(m or " ", quote=False), **_FRAME)
                    write(frame, m)

        write(dot, None)

    def _module_title(self, name: str) -> str:
        module = self.graph.modules[name]
        described = f"{type(module).__name__}({module.extra_repr()})".replace("->", "→")
        return f"<B>{escaped(clean(name or described))}</B>" + (small(f"  {described}") if name else "")


def _magnitude(array: Any) -> float:
    """The root mean square of a gradient; 0 where there is none, or where it isn't a number."""
    if not isinstance(array, np.ndarray) or not array.size:
        return 0.0
    with np.errstate(all="ignore"):
        rms = float(np.sqrt(np.mean(np.square(np.abs(array), dtype=np.float64))))
    return rms if np.isfinite(rms) else 0.0
