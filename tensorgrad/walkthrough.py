"""Backpropagation step by step, as a page: the graph, and at each step the rule, what comes in, and what it gives.

`draw_backward(root)` repeats the backward walk of the engine on arrays, slowly: it notes what each rule sends to each
parent. Nothing in the graph is changed by it. The page holds all it needs, and asks the network for nothing.
"""

from __future__ import annotations

import html
import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .drawing import KINDS, _Drawing, _index, _label, _number, _operations, _picture
from .formulas import formula, helpers
from .network import Module
from .tensor import Tensor, _added, _complete, _fitted, backpropagate

__all__ = ["Walkthrough", "draw_backward"]

_MOST = 2000  # numbers of one array that the page holds; of a larger one its corners


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
        TypeError: root is no Tensor.
        ValueError: nothing was recorded behind root, or more than 300 operations, which nobody would step through.

    >>> a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    >>> page = draw_backward(a * b + a)
    >>> [step["title"] for step in page.steps][-2:]
    ['Backward through +', 'Backward through ×']
    """
    if not isinstance(root, Tensor):
        raise TypeError(f"draw_backward: a Tensor is drawn, not {type(root).__name__}")
    if not root.requires_grad or not root.parents:
        raise ValueError(
            "draw_backward: nothing was recorded behind this Tensor that a gradient could flow back through"
        )
    n = len(_operations(root))
    if n > 300:
        raise ValueError(
            f"draw_backward: {n} operations are too many to step through; take a smaller example, up to 300"
        )
    return Walkthrough(root, model, names, title)


class Walkthrough:
    """A page that explains one backward pass.

    Attributes:
        steps: the steps in their order, as dicts of text; the page shows one at a time.
        gradients: of each Tensor the gradient that this pass gives it.
    """

    def __init__(self, root: Tensor, model: Module | None, names: Mapping[str, Any] | None, title: str):
        self.title, self.root = title, root
        flow = backpropagate(root, np.ones_like(root.data))
        self.gradients = {t: _shown(g) for t, g in flow.items() if not isinstance(g, tuple)}
        self._drawing = _Drawing(root, model, names or {}, True, None, gradients=self.gradients)
        self._dot = _picture("svg", "LR")
        self._drawing.write(self._dot, legend=False)
        self.steps = [*self._forward(), *self._backward(root)]

    # The two passes

    def _forward(self) -> list[dict]:
        """What each operation computes, oldest first."""
        return [
            {
                "phase": "forward",
                "title": f"Forward through {_label(o.node)}",
                "operation": self._drawing.ids[i],
                "inputs": [self._entry(x) for x in o.operands],
                "outputs": [self._entry(x) for x in o.results],
                "shows": self._ids(o.results),
            }
            for i, o in enumerate(self._drawing.operations)
        ]

    def _backward(self, root: Tensor) -> list[dict]:
        """What each operation's rules send to its operands, newest first."""
        seed = {
            "phase": "backward",
            "title": f"Start with {self._gradient_name(root)} = 1",
            "operation": None,
            "inputs": [],
            "rules": [],
            "outputs": [self._entry(root, self.gradients[root])],
            "shows": self._ids([root]),
        }
        steps, flow = [seed], {root: np.ones_like(root.data)}
        for i, o in reversed(list(enumerate(self._drawing.operations))):
            if any(r in flow for r in o.results):
                steps.append(self._backward_step(i, o, flow))
        later: set[str] = set()  # what gets more in a later step isn't complete before
        for step in reversed(steps):
            step["shows"] = [n for n in step["shows"] if n not in later]
            for rule in reversed(step["rules"]):
                rule["more"] = rule["node"] in later
                later.add(rule["node"])
        return steps

    def _backward_step(self, i: int, o: Any, flow: dict) -> dict:
        op, args = o.node._op, o.node._args
        y = o.node.data
        g: Any = flow.get(o.node)
        if isinstance(y, tuple):  # several outputs, each with its own gradient
            parts: list[Any] = [None] * len(y)
            for r in o.results:
                parts[r._args[1]] = flow.get(r)
            g, y = _complete(tuple(parts), o.node, False)
        values = [a._data if isinstance(a, Tensor) else a for a in args]
        rules = []
        for k, (rule, parent) in enumerate(zip(op.rules, args, strict=False)):
            if rule is None or not isinstance(parent, Tensor) or not parent.requires_grad:
                continue
            d = rule(g, y, *values, **(o.node._kwargs or {}))
            if d is None:
                continue
            d = _fitted(d, parent._data, op.name)
            before = flow.get(parent)
            flow[parent] = d if before is None else _added(before, d, True)
            rules.append(self._rule(op, rule, k, o, parent, d, before, flow[parent]))
        return {
            "phase": "backward",
            "title": f"Backward through {_label(o.node)}",
            "operation": self._drawing.ids[i],
            "inputs": [self._entry(r, _shown(flow[r])) for r in o.results if r in flow],
            "rules": rules,
            "outputs": [],
            "shows": self._ids({p: None for p in args if isinstance(p, Tensor) and p in flow}),
        }

    def _rule(self, op: Any, rule: Any, k: int, o: Any, parent: Tensor, d: Any, before: Any, total: Any) -> dict:
        """One line of the table at work: its formula, what it gives here, and the sum where paths meet."""
        written_out, note = formula(rule, self._written(rule, o))
        return {
            "to": self._name(parent),
            "gradient": self._gradient_name(parent),
            "node": self._drawing.ids.get(id(parent)),
            "formula": written_out,
            "where": helpers(rule),
            "note": note,
            "gives": _text(_shown(d)),
            "before": None if before is None else _text(_shown(before)),
            "total": _text(_shown(total)),
        }

    def _written(self, rule: Any, o: Any) -> dict[str, str]:
        """What to write for each parameter of a rule: names of Tensors, numbers, and nothing for defaults."""
        try:
            parameters = list(inspect.signature(rule).parameters.values())
        except (TypeError, ValueError):
            return {}
        names = dict.fromkeys((p.name for p in parameters if p.default is not p.empty), "")
        for parameter, arg in zip(parameters[2:], o.node._args, strict=False):
            if parameter.kind is not parameter.VAR_POSITIONAL:
                names[parameter.name] = self._argument(arg)
        names |= {name: self._argument(arg) for name, arg in (o.node._kwargs or {}).items()}
        if o.results[0] is o.node:  # of several outputs, the rule speaks of all at once
            names[parameters[0].name], names[parameters[1].name] = self._gradient_name(o.node), self._name(o.node)
        return names

    def _argument(self, x: Any) -> str:
        if isinstance(x, Tensor) or id(x) in self._drawing.ids:
            return self._name(x)
        if isinstance(x, int | float) and not isinstance(x, bool):
            return _number(x)
        parts = x if isinstance(x, tuple) else (x,)
        text = _index(x) if any(isinstance(part, slice) or part is Ellipsis for part in parts) else str(x)
        return "" if x is None or len(text) > 20 else text

    # What the page is told

    def _name(self, x: Any) -> str:
        return self._drawing._names.get(id(x), "") or "·"

    def _gradient_name(self, x: Tensor) -> str:
        return f"∂{self._name(self.root)}/∂{self._name(x)}"

    def _ids(self, tensors: Any) -> list[str]:
        return [self._drawing.ids[id(t)] for t in tensors if id(t) in self._drawing.ids]

    def _entry(self, x: Any, value: Any = None) -> dict:
        data = x.data if isinstance(x, Tensor) else x
        return {
            "name": self._name(x),
            "gradient": self._gradient_name(x),
            "node": self._drawing.ids.get(id(x)),
            "shape": str(tuple(data.shape)),
            "value": _text(data if value is None else value),
        }

    def _nodes(self) -> dict[str, dict]:
        """For each card of the picture all that is shown when one points at it."""
        nodes = {}
        for key, x in self._drawing.drawn.items():
            data = x.data if isinstance(x, Tensor) else x
            g = self.gradients.get(x) if isinstance(x, Tensor) else None
            nodes[self._drawing.ids[key]] = {
                "name": self._name(x),
                "shape": str(tuple(data.shape)),
                "dtype": str(data.dtype),
                "data": _text(data),
                "grad": None if g is None else _text(g),
            }
        return nodes

    def html(self) -> str:
        """The page as text."""
        svg = self._dot.pipe("svg", encoding="utf-8")
        data = {"steps": self.steps, "nodes": self._nodes(), "complex": self._is_complex()}
        parts = {
            "title": html.escape(self.title),
            "legend": "".join(map(_swatch, KINDS)),
            "svg": svg[svg.index("<svg") :],
            "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),  # nothing in it ends the script
        }
        page = Path(__file__).with_name("walkthrough.html").read_text(encoding="utf-8")
        return re.sub("{{(title|legend|svg|data)}}", lambda mark: parts[mark[1]], page)

    def _is_complex(self) -> bool:
        return any(g.dtype.kind == "c" for g in self.gradients.values())

    def save_html(self, path: str | Path) -> Path:
        """Write the page, and give back its path. It needs no other file."""
        path = Path(path)
        path.write_text(self.html(), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{html.escape(self.html())}" style="width:100%;height:640px;border:0"></iframe>'


def _shown(g: Any) -> Any:
    """A gradient as `.grad` has it: an array, conjugated."""
    g = np.conj(g)
    return np.asarray(g) if isinstance(g, np.generic) else g


def _text(array: Any) -> str:
    """All numbers of an array in four significant digits; of a large one its corners."""
    return np.array2string(np.asarray(array), precision=4, threshold=_MOST, max_line_width=100)


def _swatch(kind: str) -> str:
    """An entry of the legend, bordered as the cards are."""
    fill, border, width, style, lines = KINDS[kind]
    line = "double 4px" if lines == "2" else f"{'dashed' if 'dashed' in style else 'solid'} {width}px"
    radius = "4px" if "rounded" in style else "0"
    return f'<li><i style="background:{fill};border:{line} {border};border-radius:{radius}"></i>{kind}</li>'
