"""What data look like: the colours of their kinds, their names, and their cards, as tables in the HTML that Graphviz
reads.

A card has a name and a shape; below a line, the numbers of data and gradient, and a bar for the size of the gradient.
"""

from __future__ import annotations

import html
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ..node import Node
from .graph import Graph
from .labels import clean, version
from .walk import known_as, shows_version


class Look(NamedTuple):
    """How a kind of data is drawn: with `lines` borders around it, of this colour, width and style."""

    fill: str
    border: str
    width: str
    style: str
    lines: str


# Each kind differs in more than its colour.
KINDS = {
    "parameter": Look("#fff1d6", "#c77700", "2.2", "filled", "1"),
    "constant": Look("#f4f4f4", "#757575", "1.1", "filled,dashed", "1"),
    "intermediate": Look("#eef5fc", "#3f78b5", "1.0", "filled,rounded", "1"),
    "output": Look("#e7f6ec", "#1d7a46", "1.4", "filled,rounded", "2"),
}
INK, FAINT, GRADIENT, BROKEN = "#1f2933", "#6b7785", "#a3123f", "#d00000"
_BAR = 48  # points: the length of the bar of the largest gradient


def escaped(text: str, quote: bool = True) -> str:
    """text for an HTML-like label, or without quotes for a tooltip; in both \\N would be the name of the node."""
    text = html.escape(text, quote).replace("\\", "\\\\")
    return "&#93;" if text == "]" else text  # a lone bracket is an error in Graphviz 2


def small(text: str) -> str:
    """text in small grey letters."""
    return f'<FONT POINT-SIZE="9" COLOR="{FAINT}">{escaped(text)}</FONT>'


class Numbers(NamedTuple):
    """A block of a card: what the numbers are, the colour that they have, and the numbers in rows."""

    head: str
    colour: str
    rows: list[list[str]]


def card(name: str, about: str, blocks: list[Numbers], strength: float, with_numbers: bool) -> str:
    """The label of data: name and shape, and with_numbers the blocks and a bar as long as the gradient is strong."""
    columns = max(len(row) for block in blocks for row in block.rows)
    title = f"<B>{escaped(clean(name)) or ' '}</B>  {small(about)}"
    rows = [f'<TR><TD COLSPAN="{columns + 1}" ALIGN="LEFT">{title}</TD></TR>']
    if with_numbers:
        rows.append("<HR/>")
        for block in blocks:
            heads = itertools.chain([block.head], itertools.repeat(" "))
            rows += [_row(head, block.colour, row, columns) for head, row in zip(heads, block.rows, strict=False)]
        rows += [_bar(strength, columns)] if strength else []
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}</TABLE>>'


def _row(head: str, colour: str, row: list[str], columns: int) -> str:
    span = f' COLSPAN="{columns - len(row) + 1}"'
    side = "LEFT" if len(row) == 1 else "RIGHT"
    cells = [f'<TD ALIGN="{side}"{"" if i else span}>{_figure(text, colour)}</TD>' for i, text in enumerate(row)]
    return f'<TR><TD ALIGN="LEFT">{small(head)}</TD>{"".join(cells)}</TR>'


def _figure(text: str, colour: str) -> str:
    """A number; one that is none stands out."""
    broken = "nan" in text or "inf" in text
    return f'<FONT POINT-SIZE="10" COLOR="{BROKEN if broken else colour}">{escaped(text)}</FONT>'


def _bar(strength: float, columns: int) -> str:
    """A bar as long as the gradient is strong, on a ground as long as that of the strongest."""
    full = max(round(_BAR * strength), 1)
    parts = [(full, GRADIENT), (_BAR - full, "#ead9df")]
    cells = "".join(f'<TD FIXEDSIZE="TRUE" WIDTH="{w}" HEIGHT="3" BGCOLOR="{c}"></TD>' for w, c in parts if w)
    size = f'FIXEDSIZE="TRUE" WIDTH="{_BAR}" HEIGHT="3" BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    ground = f'<TABLE ALIGN="LEFT" {size}><TR>{cells}</TR></TABLE>'
    return f'<TR><TD></TD><TD COLSPAN="{columns}" ALIGN="LEFT">{ground}</TD></TR>'


class Names:
    """What data are called in a picture: as in the model, as the Tensor or the variable; or by a letter and a number.

    A Tensor that was assigned into gives its name to all its versions, each with its number.
    """

    def __init__(self, graph: Graph, variables: Mapping[str, Any]):
        self._graph = graph
        self._variables = {id(x): str(name) for name, x in reversed(list(variables.items())) if str(name)[:1] != "_"}
        self._taken = {self._given(x) for x in graph.drawn.values()}
        self._numbers: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self._stems: dict[int, str] = {}  # of the versions of a Tensor that has no name
        self._names: dict[int, str] = {}

    def of(self, x: Any) -> str:
        """The name of what is drawn; empty for other data."""
        return self._names.get(id(x), "")

    def enter(self, x: Any, kind: str) -> str:
        """The name of data of this kind that are drawn now."""
        self._names[id(x)] = name = self._new(x, kind)
        return name

    def home(self, x: Any) -> tuple[str, str | None]:
        """Of a parameter, its name in the model and that of its module."""
        none: tuple[str, str | None] = ("", None)
        return self._graph.homes.get(known_as(x), none) if isinstance(x, Node) else none

    def stem(self, x: Node, kind: str = "intermediate") -> str:
        """The name that the versions of a Tensor have in common."""
        if given := self._given(x):
            return given
        key = id(x._grad)  # a reference to the Tensor, the same in all its versions
        if key not in self._stems:
            is_root = self._graph.root._grad is x._grad
            self._stems[key] = self._numbered("output" if is_root else kind)
        return self._stems[key]

    def _given(self, x: Any) -> str:
        known = known_as(x) if isinstance(x, Node) else x
        own = self.home(x)[0] or known.name if isinstance(x, Node) else ""
        return str(own or self._variables.get(id(known), ""))

    def _new(self, x: Any, kind: str) -> str:
        count = self._graph.numbers.get(id(x))
        if count is None or (shows_version(x) and not self._given(x)):
            return self._given(x) or self._numbered(kind)
        name = version(self.stem(x, kind), count)
        return name if name not in self._taken else f"{self.stem(x, kind)} (version {count})"

    def _numbered(self, kind: str) -> str:
        """The next name for data that has none."""
        if kind == "output" and "y" not in self._taken:
            return "y"
        letter = {"parameter": "x", "constant": "c"}.get(kind, "v")
        return next(name for i in self._numbers[letter] if (name := f"{letter}{i}") not in self._taken)


def legend_label(kinds: Collection[str], remark: str) -> str:
    """A row of swatches for the kinds of data in the picture, and a remark."""
    cells = "".join(f"<TD>{_swatch(KINDS[kind])}</TD><TD>{small(kind + '   ')}</TD>" for kind in KINDS if kind in kinds)
    cells += f"<TD>{small(remark)}</TD>" if remark else ""
    return f'<<TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1"><TR>{cells}</TR></TABLE>>'


def _swatch(look: Look) -> str:
    line = "dashed" if "dashed" in look.style else "rounded" if "rounded" in look.style else ""
    box = f'BORDER="{round(float(look.width))}" CELLBORDER="{int(look.lines) - 1}" CELLSPACING="1" CELLPADDING="0"'
    inside = '<TR><TD FIXEDSIZE="TRUE" WIDTH="14" HEIGHT="8"></TD></TR>'
    return f'<TABLE {box} COLOR="{look.border}" BGCOLOR="{look.fill}" STYLE="{line}">{inside}</TABLE>'
