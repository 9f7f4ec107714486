"""Backpropagation step by step, as a page: the graph, and at each step the rule, what comes in, and what it gives.

The page is page.html with the picture and the steps put in. It holds all it needs, and asks the network for nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..files import as_path, replacing
from ..network import Module
from ..node import Ended
from ..tensor import Tensor
from ..versions import current
from .cards import KINDS, Look
from .dot import Drawing, empty_picture, require_drawable
from .graph import Graph, operations_behind
from .steps import Steps, gradients_behind

if TYPE_CHECKING:
    from pathlib import Path

_MOST_OPERATIONS = 300


def draw_backward(
    root: Tensor, *, model: Module | None = None, names: Mapping[str, Any] | None = None, title: str = "Backpropagation"
) -> Walkthrough:
    """The forward and the backward pass behind root, to be stepped through in a browser.

    Args:
        root: the Tensor to explain, such as a loss. The walk starts from ones, as `root.backward()` does.
        model: a Module, to name its parameters and frame its layers, as in `draw_dot_tensor`.
        names: names for Tensors that have none of their own, such as `locals()`.
        title: of the page.

    Returns:
        A Walkthrough: `.save_html(path)` writes the page; in a notebook it shows itself.

    Raises:
        TypeError: root is no Tensor, model no Module, names no dict by name, or title no text.
        ValueError: nothing was recorded behind root, or more than 300 operations, which nobody would step through; or
            the graph was freed, or data in it were changed.
        ImportError: the package graphviz isn't installed.

    >>> a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    >>> page = draw_backward(a * b + a)
    >>> [step["title"] for step in page.steps][-2:]
    ['Backward through +', 'Backward through ×']
    """
    require_drawable("draw_backward", root, model, names)
    if not isinstance(title, str):
        raise TypeError(f"draw_backward: title must be a str, not {type(title).__name__} {title!r}")
    ended = current(root)._op
    if isinstance(ended, Ended):
        raise ValueError(f"draw_backward: {ended.error(root)}")
    if not root.requires_grad or not root.parents:
        raise ValueError(
            "draw_backward: nothing was recorded behind this Tensor that a gradient could flow back through"
        )
    n = len(operations_behind(root))
    if n > _MOST_OPERATIONS:
        raise ValueError(
            f"draw_backward: {n} operations are too many to step through; take a smaller example, "
            f"up to {_MOST_OPERATIONS}"
        )
    try:
        return Walkthrough(root, model, names, title)
    except RuntimeError as error:  # of a graph that was freed in part, or of data that have changed
        raise ValueError(f"draw_backward: {error}") from error


class Walkthrough:
    """A page that explains one backward pass.

    Attributes:
        title: of the page.
        root: the Tensor that is explained.
        steps: the steps in their order, as dicts of text; the page shows one at a time.
        nodes: for each card of the picture its name, shape, dtype, data and gradient, as text.
        gradients: of each Tensor the gradient that this pass gives it, and that of each version.
    """

    def __init__(self, root: Tensor, model: Module | None, names: Mapping[str, Any] | None, title: str):
        self.title, self.root = title, root
        self.gradients = gradients_behind(root)
        drawing = Drawing(Graph(root, model), names or {}, gradients=self.gradients)
        self._dot = empty_picture("svg", "LR")
        drawing.write(self._dot, with_legend=False)
        steps = Steps(drawing, self.gradients)
        self.steps = steps.steps()
        self.told = steps

    def html(self) -> str:
        """The page as text."""
        import json  # here, since only pages need it
        from pathlib import Path

        svg = self._dot.pipe("svg", encoding="utf-8")
        is_complex = any(g.dtype.kind == "c" for g in self.gradients.values())
        data = {"steps": self.steps, "nodes": self.nodes, "complex": is_complex}
        parts = {
            "title": html.escape(self.title),
            "legend": "".join(_legend_entry(kind, look) for kind, look in KINDS.items()),
            "svg": svg[svg.index("<svg") :],
            "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),  # nothing in it ends the script
        }
        page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
        return re.sub("{{(title|legend|svg|data)}}", lambda mark: parts[mark[1]], page)

    def save_html(self, path: str | Path) -> Path:
        """Write the page, and give back its path. It needs no other file.

        An old file is replaced when the new one is complete, and stays if that fails.

        Raises:
            TypeError: path is no path.
            OSError: there is no such directory, path is one, or it can't be written.
        """
        path, page = as_path("save_html", path), self.html()
        with replacing("save_html", path) as draft:
            draft.write_text(page, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{html.escape(self.html())}" style="width:100%;height:640px;border:0"></iframe>'


def _legend_entry(kind: str, look: Look) -> str:
    """A kind of data, bordered as its cards are."""
    line = "double 4px" if look.lines == "2" else f"{'dashed' if 'dashed' in look.style else 'solid'} {look.width}px"
    radius = "4px" if "rounded" in look.style else "0"
    box = f"background:{look.fill};border:{line} {look.border};border-radius:{radius}"
    return f'<li><i style="{box}"></i>{kind}</li>'
