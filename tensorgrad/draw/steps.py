"""The forward and the backward pass behind a Tensor, step by step, as text for a page.

The backward pass is repeated here on arrays, one operation at a time, so that it can be noted what each rule gives to
each operand. Nothing in the graph is changed by it. Of what was assigned into, each operation is shown with the version
that it used, and rules are given the data of then.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..broadcasting import accumulate, unbroadcast
from ..derivatives.arrays import whole
from ..engine import backpropagate, complete_outputs, rule_kwargs
from ..node import Node
from ..past import Past
from ..tensor import Tensor
from ..versions import ASSIGN, arguments, current, named_by
from .dot import Drawing
from .formulas import assigned, formula, helpers, is_repeated, to_old, to_value
from .graph import Operation, is_version, operations_behind, parts_of_arguments, takes_several
from .labels import index, number, operation_label

_MOST = 2000  # numbers of one array that are written out; of a larger one its corners


def gradients_behind(root: Tensor) -> dict[Tensor, Any]:
    """The gradient of each Tensor behind root, as `root.backward()` gives it, an array of the Tensor's shape.

    And that of each version: `backward` hands it on to the version before, and keeps it of none but the newest.
    """
    grads = backpropagate(current(root), np.ones_like(root.data))
    grads = {**_gradients_of_versions(root), **grads}
    grads |= {name: grads[t] for t in list(grads) if is_version(t) and (name := named_by(t)) is not None}
    return {t: _as_grad(g) for t, g in grads.items() if not isinstance(g, tuple)}


def _gradients_of_versions(root: Tensor) -> dict[Any, Any]:
    operations = operations_behind(root)
    if not any(o.node._op is ASSIGN for o in operations):
        return {}
    grads, past = {current(root): np.ones_like(root.data)}, Past()
    for o in reversed(operations):
        for _ in parts_of(o, grads, past):
            pass
    return {t: g for t, g in grads.items() if is_version(t)}


def parts_of(o: Operation, grads: dict, past: Past) -> Iterator[tuple[Any, Any, Any, Any]]:
    """For each operand of an operation that gets a gradient: the rule, the operand, what the rule gives, and what was
    there before; the sum is put into grads."""
    if not any(r in grads for r in o.results):
        return
    op: Any = o.node._op
    (args, values), kwargs = past.arguments(o.node), rule_kwargs(o.node)
    g, y = _gradient_and_output(o, grads, past)
    for rule, operand in zip(op.rules_for(len(args)), args, strict=False):
        if rule is None or not isinstance(operand, Node) or not operand._requires_grad:
            continue
        d = rule(g, y, *values, **kwargs)
        if d is None:
            continue
        for x, dx in zip(parts_of_arguments(o.node), d, strict=True) if takes_several(o.node) else [(operand, d)]:
            if dx is None or not isinstance(x, Node) or not x._requires_grad:
                continue
            dx = unbroadcast(dx, x, op.name)
            dx = dx.copy() if isinstance(dx, np.ndarray) and past.holds(dx) else dx
            before = grads.get(x)
            grads[x] = dx if before is None else accumulate(before, dx, True)
            yield rule, x, dx, before


class Steps:
    """What a page tells of the two passes over a drawing.

    Args:
        drawing: written already, so that each value and operation has its name in the picture.
        gradients: of each Tensor behind the drawing's root the whole gradient.
    """

    def __init__(self, drawing: Drawing, gradients: Mapping[Any, Any]):
        self._drawing, self._gradients = drawing, gradients
        self._root, self._operations = drawing.graph.root, drawing.graph.operations

    def forward(self) -> list[dict]:
        """What each operation computes, oldest first."""
        return [
            {
                "phase": "forward",
                "title": f"Forward through {self._label(o)}",
                "operation": self._drawing.pills[i],
                "inputs": [self._entry(x) for x in o.operands],
                "outputs": [self._entry(x) for x in o.results],
                "shows": self._cards(o.results),
            }
            | (self._assigned(o) if o.node._op is ASSIGN else {})
            for i, o in enumerate(self._operations)
        ]

    def backward(self) -> list[dict]:
        """What each operation's rules give to its operands, newest first."""
        start = {
            "phase": "backward",
            "title": f"Start with {self._gradient_name(self._root)} = 1",
            "operation": None,
            "inputs": [],
            "rules": [],
            "outputs": [self._entry(self._root, self._gradients[self._root])],
            "shows": self._cards([self._root]),
        }
        steps, grads = [start], {self._root: np.ones_like(self._drawing.data_of(self._root))}
        for i, o in reversed(list(enumerate(self._operations))):
            if any(r in grads for r in o.results):
                steps.append(self._backward_step(i, o, grads))
        _show_when_complete(steps)
        return steps

    def nodes(self) -> dict[str, dict]:
        """For each card of the picture all that is shown when one points at it."""
        nodes = {}
        for key, x in self._drawing.graph.drawn.items():
            data = self._drawing.data_of(x)
            g = self._gradients.get(x) if isinstance(x, Node) else None
            nodes[self._drawing.cards[key]] = {
                "name": self._drawing.name_of(x),
                "shape": str(tuple(data.shape)),
                "dtype": str(data.dtype),
                "data": _text(data),
                "grad": None if g is None else _text(g),
            }
        return nodes

    # One step back

    def _backward_step(self, i: int, o: Operation, grads: dict) -> dict:
        """The step through operation i; what its rules give is added to grads."""
        return {
            "phase": "backward",
            "title": f"Backward through {self._label(o)}",
            "operation": self._drawing.pills[i],
            "inputs": [self._entry(r, _as_grad(grads[r])) for r in o.results if r in grads],
            "rules": self._rules(o, grads),
            "outputs": [],
            "shows": self._cards({p: None for p in parts_of_arguments(o.node) if isinstance(p, Node) and p in grads}),
        }

    def _rules(self, o: Operation, grads: dict) -> list[dict]:
        """Each rule of an operation at work: its formula, what it gives here, and the sum where paths meet."""
        told = []
        for rule, operand, d, before in parts_of(o, grads, self._drawing.past):
            written, note = self._formula(rule, o, grads)
            told.append(
                {
                    "to": self._drawing.name_of(operand),
                    "gradient": self._gradient_name(operand),
                    "node": self._drawing.cards.get(id(operand)),
                    "formula": written,
                    "where": {} if o.node._op is ASSIGN else helpers(rule),
                    "note": note,
                    "gives": _text(_as_grad(d)),
                    "before": None if before is None else _text(_as_grad(before)),
                    "total": _text(_as_grad(grads[operand])),
                }
            )
        return told

    def _formula(self, rule: Any, o: Operation, grads: dict) -> tuple[str, str]:
        """A rule as a formula, and a remark."""
        if o.node._op is not ASSIGN:
            return formula(rule, self._names_in(rule, o))
        value, _, where = o.node._args
        g = self._gradient_name(o.node)
        if rule is ASSIGN.rules[1]:
            return to_old(g, where)
        return to_value(g, where, self._drawing.name_of(value), self._drawing.data_of(value), grads[o.node])

    # Assignments

    def _assigned(self, o: Operation) -> dict:
        """What an assignment does, as a formula."""
        value, old, where = o.node._args
        value_name = self._drawing.assignment(o).rpartition(" = ")[2]
        repeated = is_repeated(self._drawing.data_of(value), np.empty(o.node._data.shape), where)
        old_name = self._drawing.name_of(old) if isinstance(old, Node) else ""
        text, note = assigned(old_name, value_name, where, repeated)
        return {"formula": text, "note": note}

    def _label(self, o: Operation) -> str:
        """An operation in the title of a step; an assignment with its names."""
        return self._drawing.assignment(o) if o.node._op is ASSIGN else operation_label(o.node)

    # Names

    def _names_in(self, rule: Any, o: Operation) -> dict[str, str]:
        """What to write for each parameter of a rule: names of Tensors, numbers, and nothing for defaults."""
        try:
            parameters = list(inspect.signature(rule).parameters.values())
        except (TypeError, ValueError):
            return {}
        names = dict.fromkeys((p.name for p in parameters if p.default is not p.empty), "")
        for parameter, arg in zip(parameters[2:], arguments(o.node), strict=False):
            if parameter.kind is not parameter.VAR_POSITIONAL:
                names[parameter.name] = self._argument(arg)
        op: Any = o.node._op
        names |= {name: self._argument(arg) for name, arg in op.known_kwargs(o.node._kwargs or {}).items()}
        if o.results[0] is o.node:  # of several outputs, the rule speaks of all at once
            names[parameters[0].name] = self._gradient_name(o.node)
            names[parameters[1].name] = self._drawing.name_of(o.node)
        return names

    def _argument(self, x: Any) -> str:
        """An argument of an operation in a formula; nothing where it would be too long."""
        if isinstance(x, Node) or id(x) in self._drawing.cards:
            return self._drawing.name_of(x)
        if isinstance(x, int | float) and not isinstance(x, bool):
            return number(x)
        parts = x if isinstance(x, tuple) else (x,)
        text = index(x) if any(isinstance(part, slice) or part is Ellipsis for part in parts) else str(x)
        return "" if x is None or len(text) > 20 else text

    def _gradient_name(self, x: Any) -> str:
        return f"∂{self._drawing.name_of(self._root)}/∂{self._drawing.name_of(x)}"

    def _cards(self, values: Iterable[Any]) -> list[str]:
        return [self._drawing.cards[id(x)] for x in values if id(x) in self._drawing.cards]

    def _entry(self, x: Any, value: Any = None) -> dict:
        """A value as it stands in a step: its name, shape and numbers, or those of the given value."""
        data = self._drawing.data_of(x)
        return {
            "name": self._drawing.name_of(x),
            "gradient": self._gradient_name(x),
            "node": self._drawing.cards.get(id(x)),
            "shape": str(tuple(data.shape)),
            "value": _text(data if value is None else value),
        }


def _gradient_and_output(o: Operation, grads: dict, past: Past) -> tuple[Any, Any]:
    """What the rules of an operation start from: the gradient and the output, tuples where there are several."""
    y = o.node._data
    if isinstance(y, tuple):
        parts: list[Any] = [None] * len(y)
        for r in o.results:
            parts[r._args[1]] = grads.get(r)
        grad, _ = complete_outputs(tuple(parts), o.node, False)
        return grad, past.output(o.node)
    return grads[o.node], None if o.node._op is ASSIGN else past.output(o.node)


def _show_when_complete(steps: list[dict]) -> None:
    """Let a gradient be shown in the picture from the step on that adds the last part to it."""
    later: set[str] = set()  # the cards that get more in a later step
    for step in reversed(steps):
        step["shows"] = [card for card in step["shows"] if card not in later]
        for rule in reversed(step["rules"]):
            rule["more"] = rule["node"] in later
            later.add(rule["node"])


def _as_grad(g: Any) -> Any:
    """A gradient as `.grad` has it: an array, conjugated."""
    g = np.conj(g)
    return np.asarray(g) if isinstance(g, np.generic) else g


def _text(array: Any) -> str:
    """All numbers of an array in four significant digits; of a large one its corners; of a batch all its arrays."""
    return np.array2string(np.asarray(whole(array)), precision=4, threshold=_MOST, max_line_width=100)
