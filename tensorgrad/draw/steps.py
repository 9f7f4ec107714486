"""The forward and the backward pass behind a Tensor, step by step, as a page tells them.

The backward pass is repeated here on arrays, one operation at a time, so that it can be noted what each rule gives to
each operand, what is left of it when broadcasting is undone, and what the sum is. Nothing in the graph is changed by it.
Of what was assigned into, each operation is shown with the version that it used, and rules are given the data of then.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..broadcasting import accumulate, unbroadcast
from ..derivatives.arrays import whole
from ..engine import backpropagate, complete_outputs, rule_kwargs
from ..node import Node
from ..past import Past
from ..tensor import Tensor
from ..versions import ASSIGN, arguments, current, named_by
from .assignments import assigned, is_repeated, to_old, to_value
from .dot import Drawing
from .formulas import Expression, expression_of
from .graph import Operation, Stretch, is_version, operations_behind, parts_of_arguments, takes_several
from .labels import operation_label
from .notation import written
from .sources import source_of


def gradients_behind(root: Tensor) -> dict[Tensor, Any]:
    """The gradient of each Tensor behind root, as `root.backward()` gives it, an array of the Tensor's shape.

    And that of each version: `backward` hands it on to the version before, and keeps it of none but the newest.
    """
    grads = backpropagate(current(root), np.ones_like(root.data))
    grads = {**_gradients_of_versions(root), **grads}
    grads |= {name: grads[t] for t in list(grads) if is_version(t) and (name := named_by(t)) is not None}
    return {t: as_grad(g) for t, g in grads.items() if not isinstance(g, tuple)}


def _gradients_of_versions(root: Tensor) -> dict[Any, Any]:
    operations = operations_behind(root)
    if not any(o.node._op is ASSIGN for o in operations):
        return {}
    grads, past = {current(root): np.ones_like(root.data)}, Past()
    for o in reversed(operations):
        for _ in parts_of(o, grads, past):
            pass
    return {t: g for t, g in grads.items() if is_version(t)}


class Part(NamedTuple):
    """What a rule does for one operand: what it gives, what of that arrives (broadcasting undone), what was there."""

    rule: Any
    operand: Any
    gives: Any
    arrives: Any
    before: Any


def parts_of(o: Operation, grads: dict, past: Past) -> Iterator[Part]:
    """For each operand of an operation that gets a gradient what it gets; the sum is put into grads."""
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
            gives = dx.array() if hasattr(dx, "add_to") else dx
            dx = unbroadcast(gives, x, op.name)
            dx = dx.copy() if isinstance(dx, np.ndarray) and past.holds(dx) else dx
            before = grads.get(x)
            grads[x] = dx if before is None else accumulate(before, dx, True)
            yield Part(rule, x, gives, dx, before)


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


class Steps:
    """What a page tells of the two passes over a drawing: values, operations, and the arrays that both speak of.

    Args:
        drawing: written already, so that each value and operation has its name in the picture.
        gradients: of each Tensor behind the drawing's root the whole gradient.

    Attributes:
        arrays: all arrays that are shown, each once; `values` and `operations` have their numbers in this list.
        values: of each Tensor or array its name, the name of its card, and its numbers.
        operations: of each stretch of operations, in the order of the drawing, what goes in and out, and what its rules
            send to whom. A reference to an array in a formula is written `v3`, the data of value 3, `g3`, its gradient,
            `w0`, the first of the letters that the formula defines, or `a3`, the array 3.
    """

    def __init__(self, drawing: Drawing, gradients: Mapping[Any, Any]):
        self._drawing, self._gradients = drawing, gradients
        self._graph = drawing.graph
        self._past = drawing.past
        self.arrays: list[np.ndarray] = []
        self._array_numbers: dict[int, int] = {}
        self.values: list[dict] = []
        self._value_numbers: dict[int, int] = {}
        self.root = self._value(self._graph.root)
        self.operations = [self._forward(number, s) for number, s in enumerate(self._graph.stretches)]
        self._add_backward()
        _mark_what_is_incomplete(self.operations)

    def steps(self) -> list[dict]:
        """The walk: for each step its phase, its title and the number of the operation."""
        forward = [
            {"phase": "forward", "title": f"Forward through {o['label']}", "operation": i}
            for i, o in enumerate(self.operations)
        ]
        start = {"phase": "backward", "title": f"Start with {self._gradient_name(self._graph.root)} = 1", "operation": None}
        backward = [
            {"phase": "backward", "title": f"Backward through {o['label']}", "operation": i}
            for i, o in reversed(list(enumerate(self.operations)))
            if o["arrives"]
        ]
        return [*forward, start, *backward]

    # Values and arrays

    def _value(self, x: Any) -> int:
        """The number of a Tensor or an array among the values."""
        if id(x) not in self._value_numbers:
            data = self._drawing.data_of(x)
            g = self._gradients.get(x) if isinstance(x, Node) else None
            self._value_numbers[id(x)] = len(self.values)
            self.values.append(
                {
                    "name": self._drawing.name_of(x),
                    "gradient": self._gradient_name(x),
                    "card": self._drawing.cards.get(id(x)),
                    "shape": list(np.shape(whole(data))),
                    "dtype": str(data.dtype),
                    "data": self._array(data),
                    "grad": None if g is None else self._array(g),
                }
            )
        return self._value_numbers[id(x)]

    def _array(self, array: Any) -> int:
        """The number of an array, a copy of it as it is now."""
        self.arrays.append(np.array(whole(array)))
        return len(self.arrays) - 1

    def _gradient_name(self, x: Any) -> str:
        return f"∂{self._drawing.name_of(self._graph.root)}/∂{self._drawing.name_of(x)}"

    # Forward

    def _forward(self, number: int, stretch: Stretch) -> dict:
        """What a stretch of operations takes in and gives out, and of a single one the formula."""
        operations = self._graph.operations[stretch.first : stretch.last]
        made = {id(r) for o in operations for r in o.results}
        inputs = {id(x): x for o in operations for x in o.operands if id(x) not in made}
        outputs = [r for o in operations for r in o.results if stretch.is_single or self._leaves(number, r)]
        shown = [x for x in inputs.values() if stretch.is_single or id(x) in self._graph.drawn]
        told = {
            "label": self._label(operations[0]) if stretch.is_single else f"{len(operations):,} operations",
            "count": len(operations),
            "pill": self._drawing.pills[number],
            "owner": self._graph.owners[stretch.first],
            "inputs": [self._value(x) for x in shown],
            "outputs": [self._value(x) for x in outputs],
            "computes": None,
            "arrives": [],
            "rules": [],
        }
        if stretch.is_single:
            told["computes"] = self._computes(operations[0])
        return told

    def _leaves(self, number: int, x: Any) -> bool:
        """Whether a value that a stretch makes is used outside of it, or the root."""
        return x is self._graph.root or any(user != number for user in self._graph.used_by[id(x)])

    def _label(self, o: Operation) -> str:
        """An operation in the title of a step; an assignment with its names."""
        return self._drawing.assignment(o) if o.node._op is ASSIGN else operation_label(o.node)

    def _computes(self, o: Operation) -> dict:
        """What an operation computes, as a formula."""
        if o.node._op is ASSIGN:
            return self._assigned(o)
        op: Any = o.node._op
        _, values = self._past.arguments(o.node)
        labels = self._labels(o)
        return self._formula(op.func, values, dict(o.node._kwargs or {}), labels)

    def _assigned(self, o: Operation) -> dict:
        """What an assignment does, as a formula."""
        value, old, where = o.node._args
        value_name = self._drawing.assignment(o).rpartition(" = ")[2]
        repeated = is_repeated(self._drawing.data_of(value), np.empty(o.node._data.shape), where)
        old_name = self._drawing.name_of(old) if isinstance(old, Node) else ""
        text, note = assigned(old_name, value_name, where, repeated)
        return {"formula": text, "where": [], "notes": [note] if note else [], "source": ""}

    # Backward

    def _add_backward(self) -> None:
        """Add to each operation what its rules send; newest first, as they are called."""
        root = self._graph.root
        grads = {root: np.ones_like(self._drawing.data_of(root))}
        for number, stretch in reversed(list(enumerate(self._graph.stretches))):
            told = self.operations[number]
            operations = self._graph.operations[stretch.first : stretch.last]
            arrived = [r for o in operations for r in o.results if r in grads]
            if not arrived:
                continue
            told["arrives"] = [self._entry(r, grads) for r in arrived]
            if stretch.is_single:
                told["rules"] = [self._rule(part, operations[0], grads) for part in parts_of(operations[0], grads, self._past)]
            else:
                told["rules"] = self._rules_of_many(operations, grads)

    def _entry(self, x: Any, grads: dict) -> dict:
        return {"value": self._value(x), "array": self._array(as_grad(grads[x]))}

    def _rule(self, part: Part, o: Operation, grads: dict) -> dict:
        """A rule at work: its formula, what it gives, what of that arrives, and the sum where paths meet."""
        return self._sent(part.operand, part.arrives, part.before, grads) | {
            **self._rule_formula(part.rule, o, grads),
            "gives": self._array(as_grad(part.gives)),
            "summed": _summed(part.gives, part.arrives),
        }

    def _sent(self, operand: Any, arrives: Any, before: Any, grads: dict) -> dict:
        return {
            "to": self._value(operand),
            "formula": None, "where": [], "notes": [], "source": "", "gives": None, "summed": None,
            "arrives": self._array(as_grad(arrives)),
            "before": None if before is None else self._array(as_grad(before)),
            "total": self._array(as_grad(grads[operand])),
        }  # fmt: skip

    def _rules_of_many(self, operations: list[Operation], grads: dict) -> list[dict]:
        """What the rules of a stretch send to values outside of it, each sum in one."""
        made = {id(r) for o in operations for r in o.results}
        before: dict[Any, Any] = {}
        sums: dict[Any, Any] = {}
        for o in reversed(operations):
            for part in parts_of(o, grads, self._past):
                x = part.operand
                if id(x) not in made:
                    before.setdefault(x, part.before)
                    sums[x] = part.arrives if x not in sums else sums[x] + part.arrives
        return [self._sent(x, total, before[x], grads) for x, total in sums.items() if id(x) in self._graph.drawn]

    def _rule_formula(self, rule: Any, o: Operation, grads: dict) -> dict:
        """A rule as a formula."""
        if o.node._op is ASSIGN:
            return self._rule_of_assignment(rule, o, grads)
        (_, values), kwargs = self._past.arguments(o.node), rule_kwargs(o.node)
        if "saved" in kwargs:
            kwargs["saved"] = None  # the rule starts from its arguments
        g, y = _gradient_and_output(o, grads, self._past)
        if isinstance(y, tuple):
            by_place = {r._args[1]: r for r in o.results}
            outputs = tuple(by_place.get(i) for i in range(len(y)))
            of_g = tuple(r and ("g", r) for r in outputs)
            of_y = tuple(r and ("v", r) for r in outputs)
        else:
            of_g, of_y = ("g", o.node), ("v", o.node)
        return self._formula(rule, [g, y, *values], kwargs, [of_g, of_y, *self._labels(o)])

    def _rule_of_assignment(self, rule: Any, o: Operation, grads: dict) -> dict:
        value, _, where = o.node._args
        g = self._gradient_name(o.node)
        if rule is ASSIGN.rules[1]:
            text, note = to_old(g, where)
        else:
            name = self._drawing.name_of(value)
            text, note = to_value(g, where, name, self._drawing.data_of(value), grads[o.node])
        return {"formula": text, "where": [], "notes": [note] if note else [], "source": ""}

    # Formulas

    def _labels(self, o: Operation) -> list[Any]:
        """What to call the arguments of an operation: values by their numbers."""

        def label(x: Any) -> Any:
            return ("v", x) if isinstance(x, Node) or id(x) in self._drawing.cards else None

        if takes_several(o.node):
            return [tuple(map(label, parts_of_arguments(o.node))), *map(label, arguments(o.node)[1:])]
        return list(map(label, arguments(o.node)))

    def _formula(self, function: Any, args: list, kwargs: dict, labels: list) -> dict:
        """What a function computes in a call, for the page; where no expression can be made of it, its source."""
        expression = expression_of(function, args, kwargs, labels)
        if expression is None:
            while isinstance(function, functools.partial):
                function = function.func
            return {"formula": None, "where": [], "notes": [], "source": source_of(function)}
        where = list(expression.where)

        def letter(name: str) -> str:
            shown, reference = self._letter(name, expression, where)
            return f'<var data-of="{reference}">{html.escape(shown)}</var>'

        defined = [
            {"letter": shown_letter(name), "formula": written(tree, letter), "array": self._array(expression.values[name])}
            for name, tree in expression.where.items()
        ]
        return {"formula": written(expression.tree, letter), "where": defined, "notes": expression.notes, "source": ""}

    def _letter(self, name: str, expression: Expression, where: list[str]) -> tuple[str, str]:
        """A letter of an expression as the page has it, and the reference to its numbers."""
        if name in where:
            return shown_letter(name), f"w{where.index(name)}"
        label = expression.labels.get(name)
        if label is None:
            return shown_letter(name), f"a{self._array(expression.values[name])}"
        kind, x = label
        known = self._gradient_name(x) if kind == "g" else self._drawing.name_of(x)
        return known, f"{kind}{self._value(x)}"


def shown_letter(name: str) -> str:
    """A letter of a formula; one with a dash has a line below in Python."""
    return name.rstrip("_").replace("_", " ") + "′" * (len(name) - len(name.rstrip("_")))


def _summed(gives: Any, arrives: Any) -> list[int] | None:
    """The axes over which broadcasting is undone, of what a rule gives; None if there is nothing to undo."""
    given, wanted = np.shape(gives), np.shape(arrives)
    if given == wanted:
        return None
    extra = len(given) - len(wanted)
    return [*range(extra), *(i + extra for i, n in enumerate(wanted) if n == 1 and given[i + extra] != 1)]


def _mark_what_is_incomplete(operations: list[dict]) -> None:
    """Of each thing that a rule sends, whether its receiver gets more in a later step."""
    later: set[int] = set()
    for told in operations:  # the newest come first on the way back
        for rule in reversed(told["rules"]):
            rule["more"] = rule["to"] in later
            later.add(rule["to"])


def as_grad(g: Any) -> Any:
    """A gradient as `.grad` has it: an array, conjugated."""
    g = np.conj(g)
    return np.asarray(g) if isinstance(g, np.generic) else g


