"""Backpropagation step by step, as a page: the graph, and at each step the rule, what comes in, and what it gives.

The page is page.html with the picture and the steps put in. It holds all it needs, and asks the network for nothing.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import positive_number
from ..files import as_path, replacing
from ..network import Module
from ..node import Ended
from ..tensor import Tensor
from ..versions import current
from .cards import KINDS, Look
from .checks import checks_of
from .dot import Drawing, empty_picture, require_drawable
from .film import SUFFIXES, write_film
from .graph import Graph
from .javascript import web
from .program import Program
from .steps import Steps, gradients_behind

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "page.html", "page.css", "panel.css", "numpy.js", "numbers.js", "model.js", "heatmap.js", "labels.js",
    "geometry.js", "picture.js", "cards.js", "layers.js", "graph.js", "editor.js", "predict.js", "panel.js", "page.js",
)  # fmt: skip
PICTURES = (".svg", ".png", ".jpg", ".pdf")
_MOST_NODES = 1000  # that are drawn; of a longer graph stretches are folded
_MOST_NUMBERS = 65_536  # of an array that is sent whole


def draw_backward(
    root: Tensor, *, model: Module | None = None, names: Mapping[str, Any] | None = None, title: str = "Backpropagation"
) -> Walkthrough:
    """The forward and the backward pass behind root, to be stepped through in a browser.

    Args:
        root: the Tensor to explain, such as a loss. The walk starts from ones, as `root.backward()` does: of an array,
            it is the sum of its elements that is differentiated, and gradients are called ∂Σy/∂x.
        model: a Module, to name its parameters and frame its layers, as in `draw_dot_tensor`.
        names: names for Tensors that have none of their own, such as `locals()`.
        title: of the page.

    Returns:
        A Walkthrough: `.save(path)` writes the page, its picture or a film; in a notebook it shows itself.

    Raises:
        TypeError: root is no Tensor, model no Module, names no dict by name, or title no text.
        ValueError: nothing was recorded behind root; or the graph was freed, or data in it were changed.
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
    try:
        return Walkthrough(root, model, names, title)
    except RuntimeError as error:  # of a graph that was freed in part, or of data that have changed
        raise ValueError(f"draw_backward: {error}") from error


class Walkthrough:
    """A page that explains one backward pass.

    Attributes:
        title: of the page.
        root: the Tensor that is explained.
        steps: the steps in their order: of each its phase, its title, and the number of the operation.
        operations: of each operation what goes in and out, and what its rules send.
        values: the Tensors and arrays that the operations speak of.
        arrays: their numbers.
        gradients: of each Tensor the gradient that this pass gives it, and that of each version.
        reason: why the numbers can't be changed in the page; empty if they can.
    """

    def __init__(self, root: Tensor, model: Module | None, names: Mapping[str, Any] | None, title: str):
        self.title, self.root = title, root
        self.gradients = gradients_behind(root)
        drawing = Drawing(Graph(root, model, _MOST_NODES), names or {}, gradients=self.gradients)
        self._dot = empty_picture("svg", "LR")
        drawing.write(self._dot, with_legend=False)
        steps = Steps(drawing, self.gradients)
        self._program = Program(steps)
        self.steps, self.operations = steps.steps(), steps.operations
        if self._program.reason:  # else the page itself can change numbers
            steps.add_checks(checks_of(drawing.graph, steps.data_of, self.gradients))
        self.values, self.arrays, self.reason = steps.values, steps.arrays, self._program.reason
        self._root_value = steps.root
        self._frames = drawing.frames

    def data(self) -> dict:
        """What the page is told, ready for JSON: the attributes of this object, arrays in base 64."""
        return {
            "steps": self.steps,
            "operations": self.operations,
            "values": self.values,
            "arrays": [encoded(array) for array in self.arrays],
            "root": self._root_value,
            "complex": any(g.dtype.kind == "c" for g in self.gradients.values()),
            "frames": self._frames,
            "program": self._program.operations,
            "reason": self.reason,
        }

    def program(self) -> str:
        """What computes operations and rules, in JavaScript; no functions, where there is a `reason`."""
        return "const programFunctions = [\n" + ",\n".join(self._program.functions) + "\n];"

    def html(self) -> str:
        """The page as text."""
        import json  # here, since only pages need it

        svg = self._dot.pipe("svg", encoding="utf-8")
        data = json.dumps(self.data(), ensure_ascii=False, separators=(",", ":"))
        parts = {
            "title": html.escape(self.title),
            "legend": "".join(_legend_entry(kind, look) for kind, look in KINDS.items()),
            "svg": svg[svg.index("<svg") :],
            "data": data.replace("<", "\\u003c"),  # nothing in it ends the script
            "program": self.program().replace("</", "<\\/"),
        }
        parts |= {name: web(name) for name in FILES}
        return re.sub(r"{{([\w.]+)}}", lambda mark: parts[mark[1]], parts["page.html"])

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

    def save(self, path: str | Path, seconds: float = 1.6) -> Path:
        """Write the page, the picture of the graph, or the walk as a film, by the suffix of the path; and give it back.

        Args:
            path: `.html` is the page. `.svg`, `.png`, `.jpg` or `.pdf` is the graph with all values and gradients; a
                PDF needs the program `dot`. `.gif` or `.mp4` is the walk; it needs matplotlib, an MP4 ffmpeg, too.
            seconds: how long a film shows each step, from 0.02 to 600.

        Raises:
            TypeError: path is no path.
            ValueError: the suffix is another, or seconds isn't from 0.02 to 600.
            ImportError, RuntimeError: a package or a program is missing; the error says which.
            OSError: there is no such directory, path is one, or it can't be written.
        """
        path, seconds = as_path("save", path), positive_number("save: seconds", seconds)
        if not 0.02 <= seconds <= 600:
            raise ValueError(f"save: seconds must be from 0.02 to 600, not {seconds:g}")
        suffix = path.suffix.lower()
        if suffix in (".html", ".htm"):
            return self.save_html(path)
        if suffix not in (*PICTURES, *SUFFIXES):
            known = ", ".join((".html", *PICTURES, *SUFFIXES))
            raise ValueError(f"save: {path.name!r} must end in one of {known}")
        with replacing("save", path) as draft:
            if suffix in SUFFIXES:
                write_film(self, draft, seconds)
            else:
                draft.write_bytes(self.picture(suffix[1:]))
        return path

    def picture(self, format: str, dpi: int = 144) -> bytes:
        """The graph with all values and gradients, as Graphviz draws it in a format; of pixels so many an inch."""
        dot = self._dot.copy()
        if format != "svg":
            dot.attr(dpi=str(dpi))
        return bytes(dot.pipe(format))

    def cards_of(self, step: dict) -> list[str]:
        """What a step brings to light: the nodes of the operation and of its results, or of what gets its gradient."""
        if step["operation"] is None:
            return [self.values[self._root_value]["card"]]
        told = self.operations[step["operation"]]
        values = told["outputs"] if step["phase"] == "forward" else [r["to"] for r in told["rules"] if not r["more"]]
        return [told["pill"], *(card for v in values if (card := self.values[v]["card"]))]

    def numbers(self, reference: str, told: dict) -> np.ndarray:
        """The numbers of a letter in a formula: of `v3` the data of value 3, of `g3` its gradient, of `w0` the first
        letter that the formula defines, of `a3` the array 3."""
        kind, i = reference[0], int(reference[1:])
        if kind in "vg":
            i = self.values[i]["data" if kind == "v" else "grad"]
        elif kind == "w":
            i = told["where"][i]["array"]
        return self.arrays[i]

    def _repr_html_(self) -> str:
        style, title = "width:100%;height:min(44rem,92vh);border:0", html.escape(self.title)
        return f'<iframe title="{title}" srcdoc="{html.escape(self.html())}" style="{style}"></iframe>'


def _legend_entry(kind: str, look: Look) -> str:
    """A kind of data, bordered as its cards are."""
    line = "double 4px" if look.lines == "2" else f"{'dashed' if 'dashed' in look.style else 'solid'} {look.width}px"
    radius = "4px" if "rounded" in look.style else "0"
    box = f"background:{look.fill};border:{line} {look.border};border-radius:{radius}"
    return f'<li><i style="{box}"></i>{kind}</li>'


def encoded(array: np.ndarray) -> dict:
    """An array for the page: shape, dtype, and its numbers as 64-bit floats in base 64; complex ones in pairs.

    Of a very large one, means over blocks of its rows and columns, and least and largest number.
    """
    told: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    if array.size > _MOST_NUMBERS:
        told |= _blocks(array)
        array = told.pop("means")
    numbers = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return told | {"data": base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()}


def _blocks(array: np.ndarray) -> dict:
    """Means over blocks of an array as a matrix, of its size if it is complex."""
    values = np.abs(array) if array.dtype.kind == "c" else array
    matrix = values.reshape(-1, array.shape[-1]).astype(float)
    rows, columns = (np.unique(np.linspace(0, n, min(n, 128) + 1).astype(int)) for n in matrix.shape)
    with np.errstate(all="ignore"):
        sums = np.add.reduceat(np.add.reduceat(matrix, rows[:-1], axis=0), columns[:-1], axis=1)
    finite = values[np.isfinite(values)]
    means = sums / np.outer(np.diff(rows), np.diff(columns))
    return {
        "means": means,
        "blocks": [len(rows) - 1, len(columns) - 1],
        "low": float(finite.min()) if finite.size else None,
        "high": float(finite.max()) if finite.size else None,
    }
