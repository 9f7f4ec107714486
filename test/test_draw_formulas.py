"""Formulas: evaluated, they are what rules and functions compute; and read from the page, they mean the same."""

import ast
import importlib
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from cases import CASES, name_of

from tensorgrad import Tensor, derivative
from tensorgrad.derivatives import OWN, TABLE
from tensorgrad.derivatives.arrays import whole
from tensorgrad.draw import notation
from tensorgrad.draw.formulas import call_of, expression_of
from tensorgrad.draw.graph import operations_behind, takes_several
from tensorgrad.draw.notation import written
from tensorgrad.draw.steps import parts_of
from tensorgrad.draw.steps import _gradient_and_output as gradient_and_output
from tensorgrad.engine import rule_kwargs
from tensorgrad.node import Node
from tensorgrad.past import Past
from tensorgrad.versions import ASSIGN, current, recorded

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)


# What a reader takes a formula to mean -------------------------------------------------------------------------------


class Reader(HTMLParser):
    """The Python expression of a formula."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.parts = [], [[]]
        self.feed(text)
        self.python = re.sub(r"\|([^|]*)\|", r"abs(\1)", "".join(self.parts[0]))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.stack.append((attributes.get("class", tag), attributes.get("value")))
        self.parts.append([])

    def handle_endtag(self, tag):
        (kind, value), inside = self.stack.pop(), self.parts.pop()
        if kind == "cases":
            (then, test), (otherwise, _) = inside
            text = f"choice({test.removeprefix('where ')}, {then}, {otherwise})"
        elif self.stack and self.stack[-1][0] == "cases":
            text = inside
        else:
            text = "".join(inside)
        if kind == "fraction":
            above, below = inside
            text = f"(({above})/({below}))"
        elif kind == "sup":
            text = ".mT" if text == "T" else f"**({text})"
        elif kind in ("root", "bar"):
            text = f"({text})" if kind == "root" else f"conj({text})"
        elif kind == "data":
            text = value
        self.parts[-1].append(text)

    def handle_data(self, data):
        for sign, python in {
            " · ": "*", "−": "-", "√": "sqrt", "∛": "cbrt", "π": "pi", "ln 2": "log(2)", "ln 10": "log(10)", "∞": "inf",
            "₀": "0", "₁": "1", " = ": " == ", "≠": "!=", "≤": "<=", "≥": ">=", " mod ": "%", " div ": "//", ", 0 elsewhere": "",
        }.items():  # fmt: skip
            data = data.replace(sign, python)
        self.parts[-1].append(re.sub(r" at (?=\[)", " | places", data))


class Arrays(ast.NodeTransformer):
    """What `and`, `or` and `not` mean of arrays."""

    def visit_BoolOp(self, node):
        op = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        first, *rest = map(self.visit, node.values)
        for part in rest:
            first = ast.BinOp(first, op, part)
        return first

    def visit_UnaryOp(self, node):
        node = self.generic_visit(node)
        return ast.UnaryOp(ast.Invert(), node.operand) if isinstance(node.op, ast.Not) else node


class Places:
    """`g at [0, :], 0 elsewhere`, of arrays of these shapes, in the order in which they stand in a formula."""

    __array_ufunc__ = None

    def __init__(self, shapes):
        self.shapes = shapes

    def __getitem__(self, index):
        self.index = index
        return self

    def __ror__(self, g):
        total = np.zeros(self.shapes.pop(0), np.result_type(g))
        np.add.at(total, self.index, g)
        return total


def maximum(a, *b, **settings):
    return np.maximum(a, *b) if b else np.max(a, **settings)


def minimum(a, *b, **settings):
    return np.minimum(a, *b) if b else np.min(a, **settings)


KNOWN = {name: getattr(np, name) for name in "sqrt cbrt log conj pi e inf nan".split()}
KNOWN |= {"max": maximum, "min": minimum, "abs": np.abs, "choice": np.where, "slice": slice, "True": True}


def meaning(text, functions, values, shapes=()):
    """What a formula in HTML evaluates to."""
    python = Reader(text).python.strip()
    shown = {}
    for name, f in functions.items():
        name = notation.NAMES.get(name, name.strip("_"))
        python = python.replace(name, name.replace(".", "_")) if "." in name else python
        shown[name.translate({ord("."): "_", ord("₀"): "0", ord("₁"): "1"})] = f
    tree = Arrays().visit(ast.parse(python, mode="eval"))
    code = compile(ast.fix_missing_locations(tree), "<formula>", "eval")
    with np.errstate(all="ignore"):
        letters = {f"letter_{name}": x for name, x in values.items()}
        return eval(code, {**shown, **KNOWN, **letters, "places": Places(list(shapes))})


def told(tree):
    return written(tree, lambda name: f"letter_{name}")


def means_the_same(expression, tree, expected):
    """Whether what is shown of an expression reads as what it is; where its place is told by a view, as NumPy's words."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    names = [n.func.id for n in calls]
    if {"with_part", "with_zeros", "in_part", "part_of"} & set(names):
        return  # see test_draw_assignment.py
    shapes = [n.args[2].value for n in calls if n.func.id == "scatter"]
    text = told(tree)
    value = meaning(text, expression.functions, expression.values, shapes)
    same(value, expected, text)


def same(value, expected, text):
    if isinstance(expected, tuple | list):
        for v, e in zip(value, expected, strict=True):
            if e is not None:
                same(v, e, text)
        return
    value, expected = whole(value), whole(expected)
    if np.ndim(value) <= np.ndim(expected):
        value = np.broadcast_to(value, np.shape(expected))
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-11, err_msg=text)


# All of the table ----------------------------------------------------------------------------------------------------

# Rules that are no formula, and why: a page shows their source.
PROGRAMS = {
}  # fmt: skip
BATCHES = "batch unbatch spread sum_batch".split()  # of vmap: they have no numbers that a page shows


def calls_of(case):
    """Every function and rule that a case calls: its name, arguments, what it gives; rules in the order of a walk."""
    y = case.call([Tensor(a, name=f"x{i}") for i, a in enumerate(case.draw())])
    root = total(y)
    if root is None:
        return
    newest, past = current(root), Past()
    grads = {newest: np.ones_like(newest._data)}
    for o in reversed(operations_behind(newest)):
        if o.node._op.name in BATCHES or not any(r in grads for r in o.results):
            continue
        (args, values), kwargs = past.arguments(o.node), rule_kwargs(o.node)
        if o.node._op.is_view and isinstance(args[0], Node):
            values = [kept(past.data(recorded(args[0]))), *values[1:]]
        if "saved" in kwargs:
            kwargs["saved"] = None
        g, y = gradient_and_output(o, grads, past)
        g, y = (tuple(map(kept, v)) if isinstance(v, tuple) else kept(v) for v in (g, y))
        seen = set()
        for part in parts_of(o, grads, past):
            if part.rule not in seen:
                seen.add(part.rule)
                several = takes_several(o.node)
                gives = part.rule(g, y, *values, **kwargs) if several else kept(part.gives)
                yield o.node._op.name, part.rule, [g, y, *values], kwargs, gives
        if o.node._op is not ASSIGN:
            yield o.node._op.name, o.node._op, values, dict(o.node._kwargs or {}), y


def kept(x):
    """As it is now: what is assigned later doesn't show."""
    return x.copy() if isinstance(x, np.ndarray) else x


def total(y):
    """A real number made of all outputs, with another weight for each."""
    if isinstance(y, Tensor):
        return np.sum(np.real(y * np.random.default_rng(1).uniform(0.5, 1.5, y.shape)))
    parts = [total(part) for part in y] if isinstance(y, tuple | list) else []
    parts = [part for part in parts if part is not None]
    return sum(parts[1:], parts[0]) if parts else None


BY_FUNCTION = {}
for case in CASES:
    BY_FUNCTION.setdefault(name_of(case.func), []).append(case)


def check(cases):
    programs = set()
    for case in cases:
        for name, function, args, kwargs, gives in calls_of(case):
            if hasattr(function, "rules"):
                expression = expression_of(function.func, args, kwargs) or call_of(function.func, args, kwargs)
            else:
                expression = expression_of(function, args, kwargs)
            if expression is None:
                assert name in PROGRAMS, f"{name} has a rule that is no formula; {case}"
                programs.add(name)
                continue
            try:
                same(expression.value(), gives, told(expression.tree))
                for letter, tree in expression.where.items():
                    means_the_same(expression, tree, expression.values[letter])
                means_the_same(expression, expression.tree, gives)
            except Exception as error:
                error.add_note(f"{case}: {name}: {ast.unparse(expression.tree)}  {expression.where.keys()}")
                raise
    return programs


@pytest.mark.parametrize("name", BY_FUNCTION)
def test_formulas_are_what_is_computed_and_what_is_read(name):
    check([case for case in BY_FUNCTION[name] if case.quick and case.first])


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_FUNCTION)
def test_formulas_are_what_is_computed_and_what_is_read_in_all_cases(name):
    check(BY_FUNCTION[name])
