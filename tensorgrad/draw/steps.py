"""The forward and the backward pass behind a Tensor, step by step, as a page tells them.

The backward pass is repeated here on arrays, one operation at a time, so that it can be noted what each rule gives to
each operand, what is left of it when broadcasting is undone, and what the sum is. Nothing in the graph is changed. Of
what was assigned into, each operation is shown with the version that it used, and rules are given the data of then.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..batch import holds_batch
from ..broadcasting import accumulate, unbroadcast
from ..derivatives.arrays import is_chunked, is_complex, whole
from ..engine import backpropagate, complete_outputs, rule_kwargs
from ..node import Node
from ..past import Past
from ..tensor import Tensor
from ..versions import ASSIGN, arguments, current, named_by
from .calls import library_of
from .conjugates import conjugated
from .dot import Drawing
from .folding import Stretch
from .formulas import Expression, call_of, expression_of
from .labels import operation_label
from .notation import numeral, shown_letter, written
from .sources import source_of
from .walk import Operation, is_version, operations_behind, parts_of_arguments, takes_several


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
        self.graph, self.past = drawing.graph, drawing.past
        self.taken = frozenset(drawing.name_of(x) for x in self.graph.drawn.values())  # names, which no letter may have
        self.arrays: list[np.ndarray] = []
        self._array_numbers: dict[tuple, int] = {}  # by what is in them
        self.values: list[dict] = []
        self._value_numbers: dict[int, int] = {}
        self.root = self.value(self.graph.root)
        self.operations = [self._forward(number, s) for number, s in enumerate(self.graph.stretches)]
        self._add_backward()
        _mark_what_is_incomplete(self.operations)

    def steps(self) -> list[dict]:
        """The walk: for each step its phase, its title and the number of the operation."""
        forward = [
            {"phase": "forward", "title": f"Forward through {o['label']}", "operation": i}
            for i, o in enumerate(self.operations)
        ]
        start = {
            "phase": "backward",
            "title": f"Start with {self._gradient_name(self.graph.root)} = 1",
            "operation": None,
        }
        backward = [
            {"phase": "backward", "title": f"Backward through {o['label']}", "operation": i}
            for i, o in reversed(list(enumerate(self.operations)))
            if o["arrives"]
        ]
        return [*forward, start, *backward]

    def add_checks(self, checks: Mapping[int, dict]) -> None:
        """Add to values what `checks_of` found, by their `id()`."""
        for key, check in checks.items():
            arrays = {name: self._array(check[name]) for name in ("numeric", "gradient")}
            self.values[self._value_numbers[key]]["check"] = {**arrays, "note": check["note"]}

    # Values and arrays

    def data_of(self, x: Any) -> Any:
        """The array of a Tensor, in the version that x is."""
        return self._drawing.data_of(x)

    def value(self, x: Any) -> int:
        """The number of a Tensor or an array among the values."""
        if id(x) not in self._value_numbers:
            data = self.data_of(x)
            g = self._gradients.get(x) if isinstance(x, Node) else None
            self._value_numbers[id(x)] = len(self.values)
            self.values.append(
                {
                    "name": self._drawing.name_of(x),
                    "gradient": self._gradient_name(x),
                    "card": self._drawing.cards.get(id(x)),
                    "leaf": id(x) not in self.graph.made_by,
                    "shape": list(np.shape(whole(data))),
                    "dtype": str(data.dtype),
                    "data": self._array(data),
                    "grad": None if g is None else self._array(g),
                }
            )
        return self._value_numbers[id(x)]

    def _array(self, array: Any) -> int:
        """The number of an array, a copy of it as it is now."""
        array = np.asarray(whole(array))
        key = (array.shape, array.dtype.str, array.tobytes())
        if key not in self._array_numbers:
            self._array_numbers[key] = len(self.arrays)
            self.arrays.append(array.copy())
        return self._array_numbers[key]

    def _gradient_name(self, x: Any) -> str:
        """Of a root that is an array, the gradient is that of the sum of its elements."""
        root = self.graph.root
        total = "Σ" if self.data_of(root).ndim else ""
        return f"∂{total}{self._drawing.name_of(root)}/∂{self._drawing.name_of(x)}"

    # Forward

    def _forward(self, number: int, stretch: Stretch) -> dict:
        """What a stretch of operations takes in and gives out, and of a single one the formula."""
        operations = self.graph.operations[stretch.first : stretch.last]
        made = {id(r) for o in operations for r in o.results}
        inputs = {id(x): x for o in operations for x in o.operands if id(x) not in made}
        outputs = [r for o in operations for r in o.results if stretch.is_single or self._leaves(number, r)]
        shown = [x for x in inputs.values() if stretch.is_single or id(x) in self.graph.drawn]
        told = {
            "label": self._label(operations[0]) if stretch.is_single else f"{len(operations):,} operations",
            "first": stretch.first,
            "count": len(operations),
            "pill": self._drawing.pills[number],
            "owner": self.graph.owners[stretch.first],
            "inputs": [self.value(x) for x in shown],
            "outputs": [self.value(x) for x in outputs],
            "computes": None,
            "arrives": [],
            "rules": [],
        }
        if stretch.is_single:
            told["computes"] = self._computes(operations[0])
        return told

    def _leaves(self, number: int, x: Any) -> bool:
        """Whether a value that a stretch makes is used outside of it, or the root."""
        return x is self.graph.root or any(user != number for user in self.graph.used_by[id(x)])

    def _label(self, o: Operation) -> str:
        """An operation in the title of a step; an assignment with its names."""
        return self._drawing.assignment(o) if o.node._op is ASSIGN else operation_label(o.node)

    def _computes(self, o: Operation) -> dict:
        """What an operation computes, as a formula."""
        op: Any = o.node._op
        (_, values), labels = self.past.arguments(o.node), self.labels(o)
        y = self.past.output(o.node)
        call = op.func, values, op.known_kwargs(o.node._kwargs or {}), labels
        expression = expression_of(*call, taken=self.taken)
        if op is ASSIGN or op.is_view is True:  # only shape and dtype of what these are given are here
            is_true = expression is not None
        elif not (is_true := expression is not None and _comes_to(expression, y)):
            self._require_unchanged(o, values, y)
        if expression is None or not is_true:
            expression = call_of(*call, taken=self.taken)
        return self._told(expression)

    def _require_unchanged(self, o: Operation, values: list, y: Any) -> None:
        """An error, if an operation gives something else now: data have been changed in place since. (What holds a
        function of the user's may give something else each time, or can't be computed again.)"""
        op: Any = o.node._op
        if library_of(op.func) not in ("numpy", __name__.partition(".")[0]):
            return
        try:
            again = op.output(*values, **(o.node._kwargs or {}))
        except Exception:  # of a solver that calls a function of the user's
            return
        if not _same(again, y):
            names = " or ".join(dict.fromkeys(self._drawing.name_of(x) for x in (*o.operands, *o.results)))
            raise RuntimeError(
                f"the data of {names} were changed in place after {operation_label(o.node)} was computed, so the page "
                f"can't tell what it was; draw before that, or compute with copies"
            )

    # Backward

    def _add_backward(self) -> None:
        """Add to each operation what its rules send; newest first, as they are called."""
        root = self.graph.root
        grads = {root: np.ones_like(self.data_of(root))}
        for number, stretch in reversed(list(enumerate(self.graph.stretches))):
            told = self.operations[number]
            operations = self.graph.operations[stretch.first : stretch.last]
            arrived = [r for o in operations for r in o.results if r in grads]
            if not arrived:
                continue
            told["arrives"] = [self._entry(r, grads) for r in arrived]
            if stretch.is_single:
                (o,) = operations
                call = self.call_of_rule(o, grads)
                told["rules"] = [self._rule(part, o, call, grads) for part in parts_of(o, grads, self.past)]
            else:
                told["rules"] = self._rules_of_many(operations, grads)

    def _entry(self, x: Any, grads: dict) -> dict:
        return {"value": self.value(x), "array": self._array(as_grad(grads[x]))}

    def _rule(self, part: Part, o: Operation, call: tuple[list, dict, list], grads: dict) -> dict:
        """A rule at work: its formula, what it gives, what of that arrives, and the sum where paths meet."""
        return self._sent(part.operand, part.arrives, part.before, grads) | {
            **self._rule_formula(part, o, call),
            "gives": self._array(as_grad(part.gives)),
            "summed": _summed(part.gives, part.arrives),
            "real": is_complex(part.gives) and not is_complex(part.arrives),
        }

    def _sent(self, operand: Any, arrives: Any, before: Any, grads: dict) -> dict:
        return {
            "to": self.value(operand),
            "formula": None, "where": [], "notes": [], "source": "", "own": False, "gives": None, "summed": None,
            "real": False,
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
            for part in parts_of(o, grads, self.past):
                x = part.operand
                if id(x) not in made:
                    before.setdefault(x, part.before)
                    sums[x] = part.arrives if x not in sums else sums[x] + part.arrives
        return [self._sent(x, total, before[x], grads) for x, total in sums.items() if id(x) in self.graph.drawn]

    def _rule_formula(self, part: Part, o: Operation, call: tuple[list, dict, list]) -> dict:
        """A rule as a formula; where no true one can be made of it, and of one of the user's, its source."""
        rule = part.rule
        expression = expression_of(rule, *call, taken=self.taken)
        told: dict[str, Any] = {"formula": None, "where": [], "notes": []}
        if expression is not None and (takes_several(o.node) or _comes_to(expression, part.gives)):
            gradients = [letter for letter, label in expression.labels.items() if label and label[0] == "g"]
            told = self._told(conjugated(expression, gradients) if expression.is_complex() else expression)
        while isinstance(rule, functools.partial):
            rule = rule.func
        told["own"] = not library_of(rule)
        told["source"] = source_of(rule) if told["own"] or not told["formula"] else ""
        if not (told["formula"] or told["source"]):
            told["notes"] = ["The source of this rule can't be read."]
        return told

    def call_of_rule(self, o: Operation, grads: dict) -> tuple[list, dict, list]:
        """What the rules of an operation are called with, and what to call it: ("g", x) and ("v", x), the gradient and
        the data of x."""
        (_, values), kwargs = self.past.arguments(o.node), rule_kwargs(o.node)
        if "saved" in kwargs:
            kwargs["saved"] = None  # the rule starts from its arguments
        g, y = _gradient_and_output(o, grads, self.past)
        of_results: list[Any] = [("g", o.node), ("v", o.node)]
        if isinstance(y, tuple):
            by_place = {r._args[1]: r for r in o.results}
            outputs = [by_place.get(i) for i in range(len(y))]
            of_results = [tuple(None if r is None else (kind, r) for r in outputs) for kind in "gv"]
        return [g, y, *values], kwargs, [*of_results, *self.labels(o)]

    # Formulas

    def labels(self, o: Operation) -> list[Any]:
        """What to call the arguments of an operation: values by their numbers."""

        def label(x: Any) -> Any:
            return ("v", x) if isinstance(x, Node) or id(x) in self._drawing.cards else None

        if takes_several(o.node):
            return [tuple(map(label, parts_of_arguments(o.node))), *map(label, arguments(o.node)[1:])]
        return list(map(label, arguments(o.node)))

    def _told(self, expression: Expression) -> dict:
        """An expression for the page."""

        def letter(name: str) -> str:
            shown = html.escape(self._letter(name, expression))
            return f'<var data-of="{self.reference(name, expression)}">{shown}</var>'

        defined = [
            {
                "letter": shown_letter(name),
                "formula": written(tree, letter),
                "array": self._array(expression.values[name]),
            }
            for name, tree in expression.where.items()
        ]
        return {"formula": written(expression.tree, letter), "where": defined, "notes": expression.notes, "source": ""}

    def reference(self, letter: str, expression: Expression) -> str:
        """The reference to the numbers of a letter of an expression."""
        if letter in expression.where:
            return f"w{list(expression.where).index(letter)}"
        label = expression.labels.get(letter)
        return f"a{self._array(expression.values[letter])}" if label is None else f"{label[0]}{self.value(label[1])}"

    def _letter(self, letter: str, expression: Expression) -> str:
        """A letter of an expression as the page has it; a number of NumPy's that has no card as the number."""
        label = expression.labels.get(letter)
        if label is None:
            x = expression.values[letter]
            is_number = letter not in expression.where and isinstance(x, np.ndarray | np.generic) and x.ndim == 0
            return numeral(x, 10) if is_number else shown_letter(letter)
        kind, x = label
        return self._gradient_name(x) if kind == "g" else self._drawing.name_of(x)


def _summed(gives: Any, arrives: Any) -> list[int] | None:
    """The axes over which broadcasting is undone, of what a rule gives; None if there is nothing to undo."""
    given, wanted = np.shape(gives), np.shape(arrives)
    if given == wanted:
        return None
    extra = len(given) - len(wanted)  # a rule gives no fewer axes than its argument has
    return [*range(extra), *(i + extra for i, n in enumerate(wanted) if n == 1 and given[i + extra] != 1)]


def _comes_to(expression: Expression, y: Any) -> bool:
    """Whether an expression evaluates to what was computed. It needn't, where a name in it means something else by now,
    or the source was edited since."""
    try:
        return _same(expression.value(), y)
    except Exception:  # of functions of the user's, which it may call
        return False


def _same(a: Any, b: Any) -> bool:
    """Whether two results are the same, but for rounding; those of several outputs one by one."""
    if isinstance(b, tuple):
        return isinstance(a, tuple) and len(a) == len(b) and all(map(_same, a, b))
    if holds_batch((a, b)) or is_chunked(a) or is_chunked(b):
        return True  # each means the same for all of them, and they aren't computed here
    a, b = np.broadcast_arrays(np.asarray(whole(a)), np.asarray(whole(b)))
    precision = float(np.sqrt(np.finfo(b.dtype).eps)) if b.dtype.kind in "fc" else 0.0
    with np.errstate(all="ignore"):
        largest = np.max(np.abs(b[np.isfinite(b)]), initial=0)
        return bool(np.allclose(a, b, rtol=precision, atol=precision * largest, equal_nan=True))


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
