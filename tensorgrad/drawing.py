"""Pictures of the graph that a Tensor was computed by, drawn with Graphviz.

A picture is made in four steps: *walk* the graph, oldest operation first; *fold* what is too long to read; give each
operation to the *module* of the network that it belongs to; *write* cards for data, pills for operations, and arrows.
Graphviz, which lays it out, is imported when the first picture is drawn.
"""

from __future__ import annotations

import functools
import html
import itertools
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .network import Module
from .tensor import Tensor

if TYPE_CHECKING:
    import graphviz

__all__ = ["draw_dot_tensor"]

RANKDIRS = ("LR", "TB", "RL", "BT")
INSTALL = 'pip install -e ".[demo]"'

# Fill, border, width and style of the border, how many lines it has: each kind of data differs in more than its colour.
KINDS = {
    "parameter": ("#fff1d6", "#c77700", "2.2", "filled", "1"),
    "constant": ("#f4f4f4", "#757575", "1.1", "filled,dashed", "1"),
    "intermediate": ("#eef5fc", "#3f78b5", "1.0", "filled,rounded", "1"),
    "output": ("#e7f6ec", "#1d7a46", "1.4", "filled,rounded", "2"),
}
INK, FAINT, DARK, GRADIENT, BROKEN = "#1f2933", "#6b7785", "#33475b", "#a3123f", "#d00000"
FONT = "Helvetica"  # Graphviz knows its metrics, and every viewer has it or its twin Arial
FRAME = {
    "style": "rounded,filled", "fillcolor": "#f9fafb", "color": "#c3ccd6", "penwidth": "1",
    "labeljust": "l", "fontname": FONT, "fontsize": "11", "margin": "10",
}  # fmt: skip


# Numbers and names as text -------------------------------------------------------------------------------------------


def _number(x: Any, padded: bool = False) -> str:
    """x in three significant digits, padded with zeros for a column; a short whole number as it is."""
    x = x.item() if isinstance(x, np.generic) else x  # a float16 can't be compared with a million
    if isinstance(x, complex):
        return f"{x:.3g}"
    if abs(x) < 10**6 and x == int(x):
        return str(int(x))
    text = f"{x:.2e}" if 0 < abs(x) < 1e-3 else f"{x:#.3g}" if padded else f"{x:.3g}"
    return re.sub(r"e([+-])0?(\d+)", lambda e: "e" + e[1].strip("+") + e[2], text).rstrip(".")


def _clean(text: Any, most: int = 40) -> str:
    """text on one line, not too long, without characters that an SVG can't hold."""
    kept = (" " if c.isspace() else "\ufffd" if unicodedata.category(c) in ("Cc", "Cs", "Cn") else c for c in str(text))
    joined = "".join(kept)
    return joined if len(joined) <= most else joined[: most - 1] + "…"


def _shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _rows(array: Any, wide: bool = False) -> list[list[str]]:
    """The numbers of a small array, in rows; of a larger one its range, mean, and how many are no numbers.

    An array of another library isn't read."""
    if not isinstance(array, np.ndarray):
        return [[type(array).__name__]]
    if array.size == 0:
        return [["empty"]]
    table = array.reshape(1, -1) if array.ndim < 2 else array
    if table.ndim == 2 and array.size <= 12 and table.shape[0] <= 4 and table.shape[1] <= (6 if len(table) == 1 else 4):
        return [[_number(x, padded=table.size > 1) for x in row] for row in table]
    values = np.abs(array) if array.dtype.kind == "c" else array
    values = values[np.isfinite(values)]
    lines = []
    if values.size:
        low, high = values.min(), values.max()
        with np.errstate(all="ignore"):
            mean = _number(np.mean(values, dtype=np.float64))
        size = "|z| " if array.dtype.kind == "c" else ""
        lines = [f"{size}{_number(low)} … {_number(high)}", f"mean {mean}"]
        if low == high:
            lines = [f"all {size}{_number(low)}"]
    if values.size < array.size:
        lines.append(f"{array.size - values.size:,} nan or inf")
    return [[", ".join(lines)]] if wide else [[line] for line in lines]


def _magnitude(array: Any) -> float:
    """The root mean square of a gradient; 0 where there is none, or where it isn't a number."""
    if not isinstance(array, np.ndarray) or not array.size:
        return 0.0
    with np.errstate(all="ignore"):
        rms = float(np.sqrt(np.mean(np.square(np.abs(array), dtype=np.float64))))
    return rms if np.isfinite(rms) else 0.0


# Operations as a person would write them -----------------------------------------------------------------------------

_INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "matmul": "@", "power": "**", "float_power": "**",
    "remainder": "%",
}  # fmt: skip
_ALONE = {
    "negative": "−", "square": "**2", "reciprocal": "1 /", "absolute": "abs", "conjugate": "conj",
    "matrix_transpose": ".mT", "<lambda>": "f",
    "sce": "sigmoid cross-entropy", "smce": "softmax cross-entropy", "mse": "mean squared error",
    "sigmoid_cross_entropy": "sigmoid cross-entropy", "softmax_cross_entropy": "softmax cross-entropy",
    "mse_loss": "mean squared error",
}  # fmt: skip
_ORDERED = {"−", "/", "@", "**", "%"}  # where it matters which operand is the first
_UNSAID = {"keepdims": False, "order": "C", "reduction": "mean", "where": True, "ddof": 0}  # defaults


def _label(node: Tensor) -> str:
    """The operation that made node, in a word or two."""
    op, args, kwargs = node._op, node._args, node._kwargs or {}
    assert op is not None
    module = getattr(op.func, "__module__", "numpy")  # NumPy 2.0's ufuncs don't say it
    if module.partition(".")[0] in ("_operator", "numpy", "tensorgrad"):
        known = _known_label(op.name, args, kwargs)
        if known:
            return known
    operands = args[: len(op.rules)]
    words = [_sign(node)]
    if any(map(_is_scalar, operands)) or any(x is None for x in operands):
        inside = (_number(_plain(x)) if _is_scalar(x) else "None" if x is None else "·" for x in operands)
        words = [f"{words[0]}({', '.join(inside)})"]
    parameters = op.parameters + [""] * len(args)
    settings = list(zip(parameters[len(op.rules) :], args[len(op.rules) :], strict=False)) + list(kwargs.items())
    words += [_setting(key, value) for key, value in settings if not _goes_without_saying(key, value)]
    return " ".join(words)


def _known_label(name: str, args: tuple, kwargs: dict) -> str:
    """The label of an operation that has a notation of its own; empty for others."""
    if name in _INFIX and len(args) == 2:
        sign, (a, b) = _INFIX[name], args
        if _is_scalar(a):
            return f"{_number(_plain(a))} {sign}"
        return sign + ("" if sign == "**" else " ") + _number(_plain(b)) if _is_scalar(b) else sign
    if name == "transpose" and len(args) == 1 and not kwargs.get("axes"):
        return ".T"
    if name == "getitem":
        return _index(args[1])
    if name == "scatter":
        return f"scatter {_index(args[1])}"
    if name == "join":
        return f"concatenate axis={args[0]}"
    if name == "einsum":
        return f"einsum {args[0]}"
    return str(np.dtype(args[1])) if name == "astype" else ""


def _sign(node: Tensor) -> str:
    """The operation without its operands."""
    name = node._op.name  # type: ignore[union-attr]
    return _INFIX.get(name) or _ALONE.get(name, name)


def _is_scalar(x: Any) -> bool:
    return isinstance(x, int | float | complex | np.generic) or (isinstance(x, np.ndarray) and not x.ndim)


def _is_array(x: Any) -> bool:
    return hasattr(x, "dtype") and getattr(x, "ndim", 0) > 0


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.ndarray) else x


def _goes_without_saying(key: str, value: Any) -> bool:
    """A default; or an array, which where it has no rule only helps the computation."""
    if value is None or isinstance(value, list) or _is_array(value):
        return True
    return key in _UNSAID and isinstance(value, bool | int | str) and value == _UNSAID[key]


def _setting(key: str, value: Any) -> str:
    if value is True:
        return key
    if key == "dtype":
        return str(np.dtype(value))
    text = _number(value) if isinstance(value, float) else _shape(value) if _is_shape(value) else str(value)
    return text if key in ("shape", "axes", "axis1", "axis2", "") else f"{key}={text}"


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(n, int | np.integer) for n in value)


def _index(index: Any) -> str:
    """An index in brackets, as in `[0, :]`."""

    def part(i: Any) -> str:
        if isinstance(i, slice):
            start, stop, step = ("" if x is None else str(x) for x in (i.start, i.stop, i.step))
            return f"{start}:{stop}" + (f":{step}" if step else "")
        if i is Ellipsis:
            return "..."
        if i is None or isinstance(i, int | np.integer):
            return str(i)
        array = np.asarray(i)
        if array.dtype == bool:
            return "mask"
        return str(array.tolist()) if array.size <= 4 else f"ints {_shape(array.shape)}"

    return f"[{', '.join(map(part, index)) if isinstance(index, tuple) else part(index)}]"


# The walk ------------------------------------------------------------------------------------------------------------


def _is_recorded(t: Tensor) -> bool:
    """Whether the operation that made t is still known: not of a leaf, nor after the graph was freed."""
    return t._args is not None


def _holds_several(t: Tensor) -> bool:
    """Whether t is the hidden node of a function with several outputs."""
    return isinstance(t._data, tuple)


def _ancestors(root: Tensor) -> list[Tensor]:
    """root and all that it was computed from, oldest first; each once."""
    seen, stack = {root}, [root]
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda t: -t._tick)


class _Operation(NamedTuple):
    """One recorded operation: the node that holds it, what comes in (Tensors and constant arrays), what goes out."""

    node: Tensor
    operands: list[Any]
    results: list[Tensor]


def _operations(root: Tensor) -> list[_Operation]:
    """The operations behind root in a topological order, that of their making."""
    nodes = _ancestors(root)
    outputs = defaultdict(list)
    for t in nodes:
        if _is_recorded(t) and t._args and isinstance(t._args[0], Tensor) and _holds_several(t._args[0]):
            outputs[t._args[0]].append(t)
    picked = {t for parts in outputs.values() for t in parts}
    return [_Operation(t, _operands(t), outputs.get(t, [t])) for t in nodes if _is_recorded(t) and t not in picked]


def _operands(node: Tensor) -> list[Any]:
    """Tensors, and the arrays in the place of one; an array where no rule stands is a setting."""
    assert node._op is not None
    known = len(node._op.rules)
    return [a for i, a in enumerate(node._args) if isinstance(a, Tensor) or (i < known and _is_array(a))]


# Folding -------------------------------------------------------------------------------------------------------------
#
# The operations stand in a topological order, so any stretch of them can be drawn as one node, and arrows still point
# forward. First go stretches that repeat (the layers of a deep network, the steps of a recurrent one, a long chain):
# the first and the last repetition stay. Then, where that isn't enough, the middle.


class _Stretch(NamedTuple):
    """Operations first to last (exclusive), drawn as one node; those of a repetition repeat with a period."""

    first: int
    last: int
    period: int = 0


def _folded(operations: list[_Operation], most: int | None) -> list[_Stretch]:
    """The operations in stretches, of which at most about `most` nodes come."""
    items = [_Stretch(i, i + 1) for i in range(len(operations))]
    if most is None:
        return items
    kinds: dict[Any, int] = {}
    codes = [kinds.setdefault((o.node._op.name, tuple(r.shape for r in o.results)), len(kinds)) for o in operations]  # type: ignore
    while _count(operations, items) > most:
        start, period, times = _longest_repetition(
            np.array([codes[s.first] if s.last - s.first == 1 else -1 - s.first for s in items])
        )
        if times < 4:
            break
        start, stop = start + period, start + (times - 1) * period
        items[start:stop] = [_Stretch(items[start].first, items[stop - 1].last, period)]
    shown = most // 2
    while len(items) > 3 and _count(operations, items) > most:
        shown = min(shown, len(items) - 2) * 3 // 4
        head, tail = shown // 2, max(shown - shown // 2, 1)
        items[head : len(items) - tail] = [_Stretch(items[head].first, items[-tail - 1].last)]
    return items


def _longest_repetition(codes: np.ndarray) -> tuple[int, int, int]:
    """Start, period and number of times of the repetition in codes that hides most when folded."""
    best, saved = (0, 1, 0), 0
    for period in range(1, min(len(codes) // 4, 500) + 1):
        same = np.concatenate(([False], codes[period:] == codes[:-period], [False]))
        edges = np.flatnonzero(same[1:] != same[:-1])
        if not edges.size:
            continue
        lengths = edges[1::2] - edges[::2]
        i = int(np.argmax(lengths))
        times = int(lengths[i]) // period + 1
        if (times - 2) * period > saved:
            best, saved = (int(edges[2 * i]), period, times), (times - 2) * period
        if 2 * saved > len(codes):  # good enough, and the next call looks at the rest
            break
    return best


_FEW = 4  # where anything is folded, more values than this of one kind between two operations are drawn as one


def _count(operations: list[_Operation], items: list[_Stretch]) -> int:
    """About how many nodes it takes to draw the items."""
    data: set[int] = set()
    for stretch in items:
        if stretch.last - stretch.first == 1:
            _, operands, results = operations[stretch.first]
            data.update(map(id, results))
            data.update(id(x) for x in (operands if len(operands) <= 2 * _FEW else operands[: _FEW + 2]))
    return len(items) + len(data)


# The modules of a network --------------------------------------------------------------------------------------------


def _modules(model: Module | None) -> tuple[dict[str, Module], dict[Tensor, tuple[str, str]]]:
    """Modules by their dotted name, and for each parameter its full name and that of the module that holds it."""
    named = list(model._walk()) if model is not None else []
    modules = {name: item for name, item in named if isinstance(item, Module)}
    homes = {}
    for name, item in named:
        if isinstance(item, Tensor):
            home = name
            while home not in modules:
                home = home.rpartition(".")[0]
            homes[item] = (name, home)
    return modules, homes


def _owners(operations: list[_Operation], modules: dict, homes: dict) -> list[str | None]:
    """For each operation the module that it is part of: a guess, from the parameters that it and its neighbours use.

    One that uses parameters belongs to the module of these; one that joins results of several modules, or was made
    between the uses of two, to the module around both; one that keeps the shape of a module's result, as an activation
    does, to that module.
    """
    if not homes:
        return [None] * len(operations)
    direct = [{homes[x][1] for x in o.operands if isinstance(x, Tensor) and x in homes} for o in operations]
    coming = direct[:]  # the modules whose parameters are used next
    for i in reversed(range(len(coming) - 1)):
        coming[i] = coming[i] or coming[i + 1]
    root = "" if any("" in names for names in direct) else None  # framed only where it holds parameters of its own
    last: set[str] = set()  # the modules whose parameters were used last
    made_in: dict[Tensor, str | None] = {}
    owners = []
    for i, (node, operands, results) in enumerate(operations):
        sources = {made_in.get(x) if isinstance(x, Tensor) else None for x in operands}
        owner = next(iter(sources), None)
        if direct[i]:
            last, owner = direct[i], _around(direct[i], modules)
        elif len(sources) > 1 and None not in sources:
            owner = _around(sources, modules) or root
        elif len(sources) > 1 or owner is None or not _is_activation(operands, results, modules[owner]):
            between = _around(last | coming[i], modules) if last and coming[i] and last != coming[i] else None
            owner = between or root if any(s is not None for s in sources) and between is not None else None
        owners.append(owner)
        made_in.update((result, owner) for result in (node, *results))
    return owners


def _is_activation(operands: list[Any], results: list[Tensor], module: Any) -> bool:
    keeps_shape = all(x.shape == r.shape for x in operands for r in results)
    return keeps_shape and getattr(module, "activation", True) is not None


def _around(names: Iterable[Any], modules: dict[str, Module]) -> str:
    """The innermost module around all of the named ones."""
    parts = [name.split(".") if name else [] for name in names]
    common = itertools.takewhile(lambda p: len(set(p)) == 1, zip(*parts, strict=False))
    return _nearest(".".join(p[0] for p in common), modules)


def _nearest(name: str, modules: dict[str, Module]) -> str:
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


# Drawing -------------------------------------------------------------------------------------------------------------


def draw_dot_tensor(
    root: Tensor,
    format: str = "svg",
    rankdir: str = "LR",
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

    Args:
        root: the Tensor to explain, such as a loss.
        format: of the file that `render` and `view` write: 'svg', 'png', 'jpg', or what else an installed `dot` has.
        rankdir: the direction of reading: 'LR' (left to right), 'TB' (top to bottom), 'RL' or 'BT'.
        show_data: show data and gradient too: small arrays in full, larger ones by range and mean.
        model: a Module: its parameters are named as in `named_parameters()`, its layers framed.
        names: names for Tensors and arrays that have none of their own, such as `locals()`. Others are called x1, x2,
            ... (leaves that require a gradient), c1, ... (constants), v1, ... (intermediate results) and y (root).
        max_nodes: fold repetitions and long stretches until about so many nodes are left; None draws everything.
        legend: explain the colours below the picture.

    Returns:
        A `graphviz.Digraph`: `.render(path)` writes a file, `.view()` shows it, `.source` is the text that Graphviz
        reads, and in a notebook it shows itself. Without a `dot` program it draws with the wheel graphviz-pure.

    Raises:
        TypeError: root is no Tensor, or model no Module.
        ValueError: an unknown format or rankdir, or a max_nodes below 10.
        ImportError: the package graphviz isn't installed.

    >>> a, b = Tensor([1.0, 2.0], name="a"), Tensor([3.0, 4.0], name="b")
    >>> dot = draw_dot_tensor((a * b).sum())
    >>> dot.source.startswith("digraph")
    True
    """
    if not isinstance(root, Tensor):
        raise TypeError(f"draw_dot_tensor: a Tensor is drawn, not {type(root).__name__}")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"draw_dot_tensor: model must be a Module, not {type(model).__name__}")
    if rankdir not in RANKDIRS:
        raise ValueError(f"draw_dot_tensor: rankdir must be one of {', '.join(RANKDIRS)}, not {rankdir!r}")
    if max_nodes is not None and max_nodes < 10:
        raise ValueError(f"draw_dot_tensor: max_nodes must be at least 10, or None for all, not {max_nodes}")
    if not isinstance(format, str) or format.lower() not in _formats():
        raise ValueError(f"draw_dot_tensor: unknown format {format!r}; use 'svg', 'png' or 'jpg'")
    dot = _picture(format.lower(), rankdir)
    drawing = _Drawing(root, model, names or {}, show_data, max_nodes)
    drawing.wide = rankdir in ("TB", "BT")
    drawing.write(dot, legend)
    return dot


def _picture(format: str, rankdir: str) -> Any:
    """An empty picture, in the style of them all."""
    dot = _picture_class()("tensor_graph", format=format)
    dot.attr(rankdir=rankdir, bgcolor="white", fontname=FONT, nodesep="0.3", ranksep="0.27", pad="0.15")
    dot.attr("node", fontname=FONT, fontsize="11", fontcolor=INK, margin="0.06,0.03")
    dot.attr("edge", color="#9aa5b1", arrowsize="0.6", fontname=FONT, fontsize="9", fontcolor=FAINT, tooltip=" ")
    if format != "svg":
        dot.attr(dpi="144")
    return dot


class _Drawing:
    """The nodes and arrows of one picture: collected module by module, then written. Gradients are those of `.grad`, or
    of a mapping."""

    def __init__(
        self,
        root: Tensor,
        model: Module | None,
        names: Mapping,
        show_data: bool,
        max_nodes: int | None,
        gradients: Mapping[Tensor, Any] | None = None,
    ):
        self.gradients = gradients
        self.root, self.show_data, self.wide = root, show_data, False
        self.operations = _operations(root)
        self.is_long = max_nodes is not None and 2 * len(self.operations) + _leaves(self.operations) > max_nodes
        self.items = _folded(self.operations, max_nodes if self.is_long else None)
        self.modules, self.homes = _modules(model)
        self.owners = _owners(self.operations, self.modules, self.homes)
        self._choose()

        tensors = [x for x in self.drawn.values() if isinstance(x, Tensor)]
        self.variables = {id(x): str(name) for name, x in reversed(list(names.items())) if str(name)[:1] != "_"}
        self.taken = {self._given_name(x) for x in self.drawn.values()}
        self.numbers: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self.magnitudes = {id(t): _magnitude(self._gradient(t)) for t in tensors}
        self.strongest = max(self.magnitudes.values(), default=0.0)

        self._names: dict[int, str] = {}
        self.ids: dict[Any, str] = {}  # of drawn data, by id(); of items, by their number
        self.nodes: dict[str | None, list[tuple[str, dict]]] = defaultdict(list)  # by module
        self.ranks: dict[str | None, list[list[str]]] = defaultdict(list)  # nodes side by side, by module
        self.edges: list[tuple[str, str, dict]] = []
        self.kinds: set[str] = set()

    def _choose(self) -> None:
        """Which data are drawn: what an operation on show takes in or gives out, unless it is one of a crowd."""
        single = [s.last - s.first == 1 for s in self.items]
        item_of = [i for i, s in enumerate(self.items) for _ in range(s.first, s.last)]
        self.made_by: dict[int, int] = {}  # number of the item
        self.used_by: dict[int, list[int]] = defaultdict(list)
        values: dict[int, Any] = {id(self.root): self.root}
        for item, (node, operands, results) in zip(item_of, self.operations, strict=True):
            for x in operands:
                values[id(x)] = x
                if item not in self.used_by[id(x)][-1:]:
                    self.used_by[id(x)].append(item)
            for x in (node, *results):
                values[id(x)], self.made_by[id(x)] = x, item
        traffic = Counter((self.made_by.get(key), user) for key, users in self.used_by.items() for user in users)
        self.drawn = {id(self.root): self.root}
        for key, x in values.items():
            maker, users = self.made_by.get(key), [u for u in self.used_by[key] if single[u]]
            if isinstance(x, Tensor) and _holds_several(x):
                continue
            if users if maker is None else single[maker] or any(traffic[maker, u] <= _FEW for u in users):
                self.drawn[key] = x
        if not self.is_long:
            return
        for i in (s.first for s in self.items if s.last - s.first == 1):
            leaves = dict.fromkeys(id(x) for x in self.operations[i].operands if id(x) not in self.made_by)
            own = [key for key in leaves if len(self.used_by[key]) == 1]
            for key in own[_FEW:-1] if len(own) > 2 * _FEW else ():
                del self.drawn[key]

    def write(self, dot: Any, legend: bool) -> None:
        for item, stretch in enumerate(self.items):
            self._item(item, stretch)
        if not self.operations:
            self._data(self.root, None)
        self._write_nodes(dot)
        for source, target, attributes in self.edges:
            dot.edge(source, target, **attributes)
        if legend:
            dot.attr(labelloc="b", labeljust="l", label=self._legend())

    # Operations and stretches of them

    def _item(self, item: int, stretch: _Stretch) -> None:
        """An operation, or the one node for many, with arrows from what goes in and to what comes out."""
        operations = self.operations[stretch.first : stretch.last]
        owners = set(self.owners[stretch.first : stretch.last])
        owner = owners.pop() if len(owners) == 1 else None
        shown: list[Any] = []
        passed: Counter[int] = Counter()  # values that come straight from a folded stretch
        hidden: dict[int, Any] = {}  # leaves that aren't drawn
        for x in _unique(operations) if len(operations) > 1 else operations[0].operands:
            key = id(x)
            if key in self.drawn:
                shown += [x] if self.made_by.get(key) != item else []
            elif key not in self.made_by:
                hidden |= {key: x} if self.used_by[key][0] == item else {}
            elif self.made_by[key] != item:
                passed[self.made_by[key]] += 1
        beside = [id(x) for x in shown if owner is not None and self._is_new_in(owner, x)]
        sources = [self._data(x, None) for x in shown]
        if len(operations) == 1:
            target = self._pill(self._written(operations[0]), owner)
            if hidden:
                rest = self._block([f"… {len(hidden):,} more", _numbers(hidden.values())], owner)
                self.edges.append((rest, target, {}))
        else:
            target = self._block(_description(operations, stretch.period, hidden.values()), owner)
        self.ids[item] = target
        for x, source in zip(shown, sources, strict=True):
            self._edge(source, target, x, {"dir": "back"} if id(x) in beside[1:] else {})
        for other, n in passed.items():
            self.edges.append((self.ids[other], target, {"label": f" {n:,} values "} if n > 1 else {}))
        if beside:
            self.ranks[owner].append([target, *(self.ids[key] for key in beside)])
        for o in operations:
            for r in o.results:
                if id(r) in self.drawn:
                    self._edge(target, self._data(r, owner), r, {} if r is o.node else {"label": f" [{r._args[1]}] "})

    def _is_new_in(self, owner: str, x: Any) -> bool:
        """Whether x is a parameter of this module that isn't drawn yet: it goes beside the operation that uses it."""
        return isinstance(x, Tensor) and id(x) not in self.ids and self.homes.get(x, ("", None))[1] == owner

    def _written(self, operation: _Operation) -> str:
        """The label; of two operands that can't change places, with their names."""
        label, operands = _label(operation.node), operation.operands
        if label in _ORDERED and len(operands) == 2 and all(id(x) in self.drawn for x in operands):
            a, b = (self._names[id(x)] for x in operands)
            return f"{a} {label} {b}" if len(a) + len(b) <= 16 else label
        return label

    def _node(self, owner: str | None, kind: str, tooltip: str, **look: str) -> str:
        name = f"n{sum(map(len, self.nodes.values()))}"
        self.nodes[owner].append((name, {"class": kind, "tooltip": _html(tooltip, quote=False), **look}))
        return name

    def _pill(self, label: str, owner: str | None) -> str:
        look = {"fillcolor": DARK, "color": DARK, "fontcolor": "white"}
        if len(label) <= 3 and not any(map(str.isalpha, label)):
            look |= {"shape": "circle", "style": "filled", "width": "0.34", "fixedsize": "true"}
        else:
            look |= {
                "shape": "box",
                "style": "filled,rounded",
                "height": "0.26",
                "width": "0.45",
                "margin": "0.09,0.03",
            }
        lines = map(_html, textwrap.wrap(_clean(label, 60), 18, break_on_hyphens=False))
        return self._node(owner, "operation", _clean(label, 200), label=f"<{'<BR/>'.join(lines)}>", **look)

    def _block(self, lines: list[str], owner: str | None) -> str:
        """The node for what is folded."""
        rest = [part for line in lines[1:] for part in textwrap.wrap(line, 34)]
        label = "<BR/>".join([f"<B>{_html(lines[0])}</B>", *map(_small, rest)])
        look = {"shape": "box3d", "style": "filled", "fillcolor": "#e3e8ee", "color": DARK, "margin": "0.14,0.08"}
        return self._node(owner, "folded", ". ".join(lines), label=f"<{label}>", **look)

    def _edge(self, source: str, target: str, x: Any, attributes: dict) -> None:
        """An arrow along which x goes forward, and its gradient back."""
        if not isinstance(x, Tensor) or not x.requires_grad:
            attributes = {**attributes, "style": "dashed"}
        elif strength := self._strength(x):
            attributes = {**attributes, "penwidth": f"{0.8 + 3 * strength:.2f}", "color": "#b98a9b"}
        if "dir" in attributes:  # the same arrow, but Graphviz puts the source on the other side
            source, target = target, source
        self.edges.append((source, target, attributes))

    def _gradient(self, t: Tensor) -> Any:
        return t._grad if self.gradients is None else self.gradients.get(t)

    def _strength(self, t: Tensor) -> float:
        """How large the gradient of t is: 1 for the largest in the picture, 0 for a millionth of it and below."""
        size = self.magnitudes[id(t)]
        return max(0.0, 1 + math.log10(size / self.strongest) / 6) if size else 0.0

    # Data

    def _data(self, x: Any, owner: str | None) -> str:
        """The card of a Tensor or a constant array."""
        if id(x) in self.ids:
            return self.ids[id(x)]
        leaf = not isinstance(x, Tensor) or x._op is None
        kind = "intermediate" if not leaf else "parameter" if isinstance(x, Tensor) and x.requires_grad else "constant"
        kind = "output" if x is self.root else kind
        self.kinds.add(kind)
        look = dict(zip(("fillcolor", "color", "penwidth", "style", "peripheries"), KINDS[kind], strict=True))
        owner = self.homes[x][1] if isinstance(x, Tensor) and x in self.homes else owner
        self._names[id(x)] = name = self._name(x, kind)
        look |= {"shape": "box", "width": "0.4", "height": "0.3", "label": self._card(x, name)}
        self.ids[id(x)] = self._node(owner, kind, f"{kind}, {_summary(x)}", **look)
        return self.ids[id(x)]

    def _given_name(self, x: Any) -> str:
        own = (self.homes.get(x, ("",))[0] or x.name) if isinstance(x, Tensor) else ""
        return str(own or self.variables.get(id(x), ""))

    def _name(self, x: Any, kind: str) -> str:
        if given := self._given_name(x):
            return given
        if kind == "output" and "y" not in self.taken:
            return "y"
        letter = {"parameter": "x", "constant": "c"}.get(kind, "v")
        return next(name for i in self.numbers[letter] if (name := f"{letter}{i}") not in self.taken)

    def _card(self, x: Any, name: str) -> str:
        """Name and shape; below a line, the numbers of data and gradient, and a bar for the size of the gradient."""
        data = _data_of(x)
        lines = [(head, INK, row) for head, row in _headed("data", _rows(data, self.wide))]
        strength = 0.0
        if isinstance(x, Tensor) and x.requires_grad:
            strength = self._strength(x)
            g = self._gradient(x)
            rows = [["0"]] if g is None else _rows(g, self.wide)
            lines += [(head, FAINT if g is None else GRADIENT, row) for head, row in _headed("grad", rows)]
        columns = max(len(row) for _, _, row in lines)
        title = f"<B>{_html(_clean(name)) or ' '}</B>  {_small(_summary(x, short=True))}"
        table = [f'<TR><TD COLSPAN="{columns + 1}" ALIGN="LEFT">{title}</TD></TR>']
        if self.show_data:
            table.append("<HR/>")
            table += [_table_row(head, colour, row, columns) for head, colour, row in lines]
            table += [_bar(strength, columns)] if strength else []
        return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(table)}</TABLE>>'

    # Writing

    def _write_nodes(self, dot: Any) -> None:
        """The nodes outside of every module, and a frame for each module with those that are its own."""
        wanted = {m for owner in self.nodes if owner for m in self.modules if m and f"{owner}.".startswith(f"{m}.")}
        frames = [m for m in self.modules if m in wanted or (not m and "" in self.nodes)]
        inside = defaultdict(list)
        for m in frames:
            around = [o for o in frames if o != m and (not o or m.startswith(f"{o}."))]
            inside[max(around, key=len) if around else None].append(m)

        def write(into: Any, module: str | None) -> None:
            for node, attributes in self.nodes.get(module, ()):
                into.node(node, **attributes)
            for ids in self.ranks[module]:
                with into.subgraph() as rank:
                    rank.attr(rank="same")
                    for node in ids:
                        rank.node(node)
            for m in inside[module]:
                with into.subgraph(name=f"cluster_{frames.index(m)}") as frame:
                    frame.attr(label=f"<{self._module_title(m)}>", tooltip=_html(m or " ", quote=False), **FRAME)
                    write(frame, m)

        write(dot, None)

    def _legend(self) -> str:
        """A row of swatches for the kinds of data in the picture."""
        cells = "".join(
            f"<TD>{_swatch(kind)}</TD><TD>{_small(kind + '   ')}</TD>" for kind in KINDS if kind in self.kinds
        )
        if self.strongest:
            marks = "bars and width of arrows" if self.show_data else "width of arrows"
            cells += f"<TD>{_small(f'{marks}: size of the gradient (rms, log scale)')}</TD>"
        return f'<<TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1"><TR>{cells}</TR></TABLE>>'

    def _module_title(self, name: str) -> str:
        module = self.modules[name]
        described = f"{type(module).__name__}({module._describe()})".replace("->", "→")
        return f"<B>{_html(_clean(name or described))}</B>" + (_small(f"  {described}") if name else "")


def _leaves(operations: list[_Operation]) -> int:
    """How many different leaves and constants the operations take in."""
    return len({id(x) for o in operations for x in o.operands if not (isinstance(x, Tensor) and _is_recorded(x))})


def _unique(operations: list[_Operation]) -> Iterable[Any]:
    return {id(x): x for o in operations for x in o.operands}.values()


def _description(operations: list[_Operation], period: int, leaves: Iterable[Any]) -> list[str]:
    """What a folded stretch holds, in lines."""
    n = len(operations)
    if period:
        pairs = [(o.node, operations[min(i + period, n - 1)].node) for i, o in enumerate(operations[: min(period, 6)])]
        words = [_label(a) if _label(a) == _label(b) else _sign(a) for a, b in pairs]
        body = ", ".join(words) + (", …" if period > 6 else "")
        what = f"{n // period:,} more times: {body}"
    else:
        kinds = Counter(_sign(o.node) for o in operations)
        what = ", ".join(f"{k:,} {name}" for name, k in kinds.most_common(4)) + (", …" if len(kinds) > 4 else "")
    parameters = [x for x in leaves if isinstance(x, Tensor) and x.requires_grad]
    plural = "s" if len(parameters) > 1 else ""
    return [f"… {n:,} operations", what] + (
        [f"{len(parameters):,} parameter{plural}, {_numbers(parameters)}"] if parameters else []
    )


def _numbers(values: Iterable[Any]) -> str:
    return f"{sum(x.size for x in values):,} numbers"


def _data_of(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _summary(x: Any, short: bool = False) -> str:
    """Shape and dtype; float64 goes without saying in the short form."""
    data = _data_of(x)
    freed = " (graph dropped)" if isinstance(x, Tensor) and x._op is not None and x._args is None else ""
    return _shape(data.shape) + ("" if short and data.dtype == np.float64 else f" {data.dtype}") + freed


def _headed(head: str, rows: list[list[str]]) -> Iterator[tuple[str, list[str]]]:
    return zip(itertools.chain([head], itertools.repeat(" ")), rows, strict=False)


def _table_row(head: str, colour: str, row: list[str], columns: int) -> str:
    span = f' COLSPAN="{columns - len(row) + 1}"'
    side = "LEFT" if len(row) == 1 else "RIGHT"
    cells = [f'<TD ALIGN="{side}"{"" if i else span}>{_figure(text, colour)}</TD>' for i, text in enumerate(row)]
    return f'<TR><TD ALIGN="LEFT">{_small(head)}</TD>{"".join(cells)}</TR>'


def _bar(strength: float, columns: int) -> str:
    """A bar as long as the gradient is strong, of 48 points for the strongest."""
    full = max(round(48 * strength), 1)
    parts = [(full, GRADIENT), (48 - full, "#ead9df")]
    cells = "".join(f'<TD FIXEDSIZE="TRUE" WIDTH="{w}" HEIGHT="3" BGCOLOR="{c}"></TD>' for w, c in parts if w)
    box = (
        'ALIGN="LEFT" FIXEDSIZE="TRUE" WIDTH="48" HEIGHT="3" BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    )
    return f'<TR><TD></TD><TD COLSPAN="{columns}" ALIGN="LEFT"><TABLE {box}><TR>{cells}</TR></TABLE></TD></TR>'


def _swatch(kind: str) -> str:
    fill, border, width, style, lines = KINDS[kind]
    line = "dashed" if "dashed" in style else "rounded" if "rounded" in style else ""
    box = f'BORDER="{round(float(width))}" CELLBORDER="{int(lines) - 1}" CELLSPACING="1" CELLPADDING="0"'
    inside = '<TR><TD FIXEDSIZE="TRUE" WIDTH="14" HEIGHT="8"></TD></TR>'
    return f'<TABLE {box} COLOR="{border}" BGCOLOR="{fill}" STYLE="{line}">{inside}</TABLE>'


def _html(text: str, quote: bool = True) -> str:
    """text for an HTML-like label, or without quotes for a tooltip; in both \\N would be the name of the node."""
    text = html.escape(text, quote).replace("\\", "\\\\")
    return "&#93;" if text == "]" else text  # a lone bracket is an error in Graphviz 2


def _small(text: str) -> str:
    return f'<FONT POINT-SIZE="9" COLOR="{FAINT}">{_html(text)}</FONT>'


def _figure(text: str, colour: str) -> str:
    broken = "nan" in text or "inf" in text
    return f'<FONT POINT-SIZE="10" COLOR="{BROKEN if broken else colour}">{_html(text)}</FONT>'


# Graphviz ------------------------------------------------------------------------------------------------------------


def _formats() -> frozenset[str]:
    return frozenset(_graphviz().FORMATS)


def _graphviz() -> Any:
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(f"drawing needs the package graphviz; run: {INSTALL}") from error
    return graphviz


def _pure() -> str | None:
    """The program of the wheel graphviz-pure: beside this Python (its environment may not be activated) or on PATH."""
    places = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return shutil.which("graphviz-pure", path=os.pathsep.join(places))


@functools.cache
def _picture_class() -> type:
    """The class of pictures: made when graphviz, its base, is there."""
    base = _graphviz()

    class Picture(base.Digraph):  # type: ignore[name-defined, misc]
        """A graphviz.Digraph that draws with graphviz-pure where there is no `dot`, and needs no screen."""

        def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **options: Any) -> Any:
            """The picture as bytes, or as text in the given encoding."""
            if shutil.which("dot"):
                return super().pipe(format, *args, encoding=encoding, **{**options, "quiet": True})
            drawn = _drawn_by_pure(self.source, (format or self.format).lower(), options.get("engine") or self.engine)
            return drawn.decode(encoding) if encoding else drawn

        def render(
            self, filename: Any = None, directory: Any = None, view: bool = False, cleanup: bool = False,
            format: str | None = None, *args: Any, outfile: Any = None, quiet_view: bool = False, **options: Any,
        ) -> str:  # fmt: skip
            """Write source and picture, as graphviz does; the path of the picture."""
            if outfile is not None:
                path = Path(directory or self.directory or "", outfile)
                format = format or path.suffix[1:] or self.format
                filename = filename or Path(outfile).with_suffix(".gv")
            source = self.save(filename, directory=directory)
            if outfile is None:
                path = Path(f"{source}.{format or self.format}")
            path.write_bytes(self.pipe(format, *args, **options))
            if cleanup:
                os.remove(source)
            if view or quiet_view:
                _show(path)
            return str(path)

    return Picture


def _drawn_by_pure(source: str, format: str, engine: str) -> bytes:
    program = _pure()
    if program is None:
        raise RuntimeError(f"drawing needs a Graphviz program: neither dot nor graphviz-pure was found; run: {INSTALL}")
    done = subprocess.run([program, f"-K{engine}", f"-T{format}"], input=source.encode(), capture_output=True)
    if done.returncode or not done.stdout:
        raise RuntimeError(f"graphviz-pure could not draw {format!r}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _show(path: Path) -> None:
    """Open the file in its viewer where there is a screen, and say where it lies."""
    print(f"The picture is in {path.resolve()}")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    try:
        _graphviz().view(str(path), quiet=True)
    except (OSError, RuntimeError) as error:
        print(f"(no viewer could be opened: {error})")


def _repr_svg(tensor: Tensor) -> str | None:
    """What a notebook shows of a Tensor that was computed: its graph. A leaf, or without graphviz: its numbers."""
    if tensor._op is None:
        return None
    try:
        return draw_dot_tensor(tensor).pipe("svg", encoding="utf-8")
    except (ImportError, RuntimeError):
        return None


Tensor._repr_svg_ = _repr_svg  # type: ignore[attr-defined]
