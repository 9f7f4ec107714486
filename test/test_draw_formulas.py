"""Formulas: evaluated, they are what rules and functions compute; and read from the page, they mean the same."""

import ast
import functools
import importlib
import math
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from cases import CASES, name_of

from tensorgrad import Tensor, derivative, draw_backward, draw_dot_tensor
from tensorgrad.derivatives import OWN, TABLE
from tensorgrad.derivatives.arrays import whole
from tensorgrad.draw import notation
from tensorgrad.draw.calls import recorded as recorded_function
from tensorgrad.draw.conjugates import conjugated
from tensorgrad.draw.formulas import call_of, expression_of
from tensorgrad.draw.labels import operation_label
from tensorgrad.draw.notation import plain, written
from tensorgrad.draw.steps import _gradient_and_output as gradient_and_output
from tensorgrad.draw.steps import parts_of
from tensorgrad.draw.walk import operations_behind, takes_several
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
            *rows, (text, _) = inside
            for then, test in reversed(rows):
                text = f"choice({test.removeprefix('where ')}, {then}, {text})"
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
            "₀": "0", "₁": "1", " = ": " == ", "≠": "!=", "≤": "<=", "≥": ">=", " mod ": "%", " div ": "//",
            ", 0 elsewhere": "",
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

    def visit_List(self, node):
        if any(isinstance(part, ast.Name | ast.Subscript) for part in ast.walk(node)):
            return self.generic_visit(node)
        return ast.Call(ast.Name("array", ast.Load()), [node], [])


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


KNOWN = {name: getattr(np, name) for name in ("sqrt", "cbrt", "log", "conj", "pi", "e", "inf", "nan")}
KNOWN |= {
    "max": maximum,
    "min": minimum,
    "abs": np.abs,
    "choice": np.where,
    "array": np.array,
    "float64": np.float64,
    "complex128": np.complex128,
}


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
    """Check that what is shown of an expression reads as what it is."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    names = [n.func.id for n in calls]
    if {"with_part", "with_zeros", "in_part", "part_of", "stays"} & set(names):
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
_SPLINE = "a spline, whose coefficients solve equations"
_FILTER = "a recursion over the samples"
_POINTS = "of given points, the way back through many steps"
PROGRAMS = {
    "interp1d": _SPLINE, "piecewise_cubic": _SPLINE, "on_grid": _SPLINE, "map_coordinates": _SPLINE, "shift": _SPLINE,
    "affine_transform": _SPLINE, "lfilter_zi": _FILTER, "filtfilt": _FILTER, "sosfilt": _FILTER,
    "sosfilt_zi": _FILTER, "sosfiltfilt": _FILTER, "hilbert2": "two transforms, by parts of the spectrum",
    "integral": _SPLINE, "trapezoid": _POINTS, "simpson": _POINTS, "cumulative_trapezoid": _POINTS,
    "cumulative_simpson": _POINTS,
}  # fmt: skip
BATCHES = ["batch", "unbatch", "spread", "sum_batch"]  # of vmap: they have no numbers that a page shows


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
            is_rule = False
            if hasattr(function, "rules"):
                expression = expression_of(function.func, args, kwargs) or call_of(function.func, args, kwargs)
            else:
                is_rule, (g, *_) = True, args
                of_g = tuple(("g", i) for i in range(len(g))) if isinstance(g, tuple) else ("g", 0)
                expression = expression_of(function, args, kwargs, [of_g, *[None] * (len(args) - 1)])
            if expression is None:
                assert name in PROGRAMS, f"{name} has a rule that is no formula; {case}"
                programs.add(name)
                continue
            try:
                same(expression.value(), gives, told(expression.tree))
                for letter, tree in expression.where.items():
                    means_the_same(expression, tree, expression.values[letter])
                means_the_same(expression, expression.tree, gives)
                if is_rule and expression.is_complex():
                    gradients = [letter for letter, label in expression.labels.items() if label and label[0] == "g"]
                    expression = conjugated(expression, gradients)
                    same(np.conj(expression.value()), gives, told(expression.tree))
                    for letter, tree in expression.where.items():
                        same(expression.value(tree), expression.values[letter], letter)
                    means_the_same(expression, expression.tree, np.conj(gives))
            except Exception as error:
                error.add_note(f"{case}: {name}: {ast.unparse(expression.tree)}  {expression.where.keys()}")
                raise
    return programs


@pytest.mark.parametrize("name", BY_FUNCTION)
def test_formulas_are_what_is_computed_and_what_is_read(name):
    check([case for case in BY_FUNCTION[name] if case.quick and case.first])


@pytest.mark.slow
def test_all_that_is_said_to_be_no_formula_is_none():
    with_spline = ["CubicSpline", "PchipInterpolator", "RegularGridInterpolator"]
    cases = [case for name in {*PROGRAMS, *with_spline} for case in BY_FUNCTION.get(name, [])]
    assert check(cases) == set(PROGRAMS)


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_FUNCTION)
def test_formulas_are_what_is_computed_and_what_is_read_in_all_cases(name):
    check(BY_FUNCTION[name])


# How it is written ---------------------------------------------------------------------------------------------------


def shown(rule, *args, **kwargs):
    """What a page shows of a call, in letters as they are."""
    return written(expression_of(rule, args, kwargs).tree, lambda name: name)


X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])


def expression(rng, depth):
    """A random expression in g, y, x, k."""
    if not depth or rng.random() < 0.15:
        return rng.choice(["g", "y", "x", "k", "2", "0.5", "-1.5"])
    a, b = expression(rng, depth - 1), expression(rng, depth - 1)
    forms = ["({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} / {b})", "(-{a})", "({a} * {b} * {b})", "np.exp({a})"]
    forms += ["({a} ** 2)", "({a} ** (3 - 1))", "np.sqrt(np.abs(x))", "np.cos({a})", "(({a}) - ({b} - {a}))"]
    forms += [
        "np.where({a} > {b}, {a}, {b})",
        "np.expm1({a})",
        "np.log1p({a})",
        "np.where((x > {a}) & ~(y <= {b}), g, {a})",
    ]
    return rng.choice(forms).format(a=a, b=b)


def test_brackets_stand_where_they_are_needed(tmp_path, monkeypatch):
    rng = random.Random(0)
    texts = [expression(rng, 4) for _ in range(300)]
    lines = ["import numpy as np", *(f"rule_{i} = lambda g, y, x, k: {text}" for i, text in enumerate(texts))]
    (tmp_path / "many_rules.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    import many_rules

    values = {name: np.float64(value) for name, value in (("g", 1.3), ("y", -0.7), ("x", 0.9), ("k", 2.2))}
    seen = 0
    with np.errstate(all="ignore"):
        for i, text in enumerate(texts):
            expected = eval(text, {"np": np, **values})
            if np.isfinite(expected) and abs(expected) < 1e6:
                found = expression_of(getattr(many_rules, f"rule_{i}"), list(values.values()), {})
                np.testing.assert_allclose(found.value(), expected, rtol=1e-12, err_msg=text)
                means_the_same(found, found.tree, expected)
                seen += 1
    assert seen > 200


def test_names_are_escaped_and_gradients_raised_to_a_power_have_brackets():
    rule = expression_of(lambda g, y, x: g * x, [X, X, X], {}).tree
    assert written(rule, {"g": "&lt;b&gt;", "x": "a&amp;b"}.get) == "(&lt;b&gt;) · (a&amp;b)"
    transposed = expression_of(TABLE[np.transpose].rules[0], [X.T, X.T, X], {}).tree
    letter = '<var data-of="g0">∂L/∂y</var>'
    assert written(transposed, lambda name: letter) == f"({letter})<sup>T</sup>"


@pytest.mark.parametrize(
    ("rule", "args", "kwargs", "text"),
    [
        (lambda g, y, x: g * x * x, [X, X, X], {}, "g · x<sup>2</sup>"),
        (TABLE[np.power].rules[0], [X, X, X, 3], {}, "g · 3 · x1<sup>2</sup>"),
        (TABLE[np.power].rules[0], [X, X, X, 2], {}, "g · 2 · x1"),
        (TABLE[np.sum].rules[0], [np.float64(1), np.float64(1), X], {}, "broadcast_to(g, (2, 3))"),
        (TABLE[np.sum].rules[0], [X[:, 0], X[:, 0], X, 1], {}, "broadcast_to(expand_dims(g, axis=1), (2, 3))"),
        (TABLE[np.reshape].rules[0], [X.ravel(), X.ravel(), X], {}, "reshape(g, (2, 3))"),
        (TABLE[np.matmul].rules[0], [X @ X.T, X @ X.T, X, X.T], {}, "g @ x2<sup>T</sup>"),
        (TABLE[np.matmul].rules[1], [X @ X.T, X @ X.T, X, X.T], {}, "x1<sup>T</sup> @ g"),
        (TABLE[np.cumsum].rules[0], [X, X, X, 1], {}, "flip(cumsum(flip(g, axis=1), axis=1), axis=1)"),
        (TABLE[np.conj].rules[0], [X, X, X], {}, "g"),
        (lambda g, y, x: g * np.conj(x).real, [X, X, X], {}, "g · x"),
        (lambda g, y, x: g * (x > 2), [X, X, X], {}, '<span class="cases"><span><span>g</span>'
         "<span>where x &gt; 2</span></span><span><span>0</span><span>else</span></span></span>"),
        (lambda g, y, x: g * 0.25 / 1234.5678, [X, X, X], {}, '<span class="fraction"><span>g · 0.25</span><span>'
         '<data value="1234.5678">1235</data></span></span>'),
        (lambda g, y, x: g * np.pi * x ** (3 - 1), [X, X, X], {}, "g · π · x<sup>2</sup>"),
        (lambda g, y, x: g * np.log(2.0) * 0.6931471805599453, [X, X, X], {}, "g · log(2) · ln 2"),
    ],
)  # fmt: skip
def test_formulas_are_written_as_by_hand(rule, args, kwargs, text):
    assert shown(rule, *args, **kwargs) == text


def test_letters_stand_for_what_is_used_twice():
    def rule(g, y, x):
        t = np.tanh(x)
        u = 1 - t
        return g * t * u

    found = expression_of(rule, [X, X, X], {})
    assert shown(rule, X, X, X) == "g · t · (1 − t)"
    assert {letter: written(tree, str) for letter, tree in found.where.items()} == {"t": "tanh(x)"}
    np.testing.assert_array_equal(found.value(), rule(X, X, X))


def test_two_lambdas_on_one_line_are_told_apart():
    first, second = lambda g, y, a, b: g * b, lambda g, y, a, b: g / a
    assert shown(first, X, X, X, X) == "g · b"
    assert "fraction" in shown(second, X, X, X, X)


def test_what_cannot_be_read_has_no_expression():
    assert expression_of(eval("lambda g, y, x: 3 * g"), [X, X, X], {}) is None  # its source is lost

    def loop(g, y, x):
        for _ in range(3):
            g = g * x
        return g

    def in_place(g, y, x):
        g = np.array(g)
        g *= 2
        return g

    def by_numbers(g, y, x):
        return g if np.max(x) > 2 else -g

    for rule in (loop, in_place):
        assert expression_of(rule, [X, X, X], {}) is None
    found = expression_of(by_numbers, [X, X, X], {})
    assert found is None or np.array_equal(found.value(), X)


def test_the_rule_of_a_user_is_read_and_one_without_a_source_still_works():
    cube = derivative(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    assert shown(OWN[cube].rules[0], X, X, X) == "g · 3 · x<sup>2</sup>"
    f = derivative(lambda x: 3 * x, eval("lambda g, y, x: 3 * g"))
    assert f(2.0) == 6.0


def test_wrappers_of_a_user_are_not_looked_through():
    def twice(rule):
        @functools.wraps(rule)
        def wrapper(*args):
            return 2 * rule(*args)

        return wrapper

    found = expression_of(twice(lambda g, y, x: g * x), [X, X, X], {})
    assert found is None or np.array_equal(found.value(), 2 * X * X)


# Rules of users ------------------------------------------------------------------------------------------------------

V = np.array([1.5, -2.25, 3.75])


class Scaled:
    """A rule that is an object."""

    def __init__(self, n, weights):
        self.n, self.weights = n, weights

    def __call__(self, g, y, x):
        return g * self.n * x * self.weights

    def rule(self, g, y, x):
        return g * self.n - x


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda g, y, x: g * np.dot(x, x), "g · (x @ x)"),
        (lambda g, y, x: x.dot(x) * g, "(x @ x) · g"),
        (lambda g, y, x: g * np.matmul(x, x), "g · (x @ x)"),
        (lambda g, y, x: np.dot(2.0, x) @ (g * x), "(2 · x) @ (g · x)"),
        (lambda g, y, x: np.dot(x[0], x) + g, "x[0] · x + g"),
        (lambda g, y, x: g * (x % 2), "g · (x mod 2)"),
        (lambda g, y, x: np.remainder(x, 2) * g, "(x mod 2) · g"),
        (lambda g, y, x: g * (x // 1) - x % 2, "g · (x div 1) − x mod 2"),
        (lambda g, y, x: -(x % 2) + (-x) % 2, "−(x mod 2) + (−x) mod 2"),
        (lambda g, y, x: (g * x) % (2 * x), "(g · x) mod (2 · x)"),
        (lambda g, y, x: x % 2 // 0.5, "(x mod 2) div 0.5"),
        (lambda g, y, x: np.floor_divide(x, 0.5) * g, "(x div 0.5) · g"),
        (lambda g, y, x: (x / 2) % 2, "(x / 2) mod 2"),
        (lambda g, y, x: g * max(x[0], x[2]), "g · max(x[0], x[2])"),
        (lambda g, y, x: g * min([x[0], x[2], 1.0]), "g · min(min(x[0], x[2]), 1)"),
        (lambda g, y, x: g * max(x), "g · max(x)"),
        (lambda g, y, x: sum([x, x, g]), "x + x + g"),
        (lambda g, y, x: sum([g * i for i in (1, 2)], x), "x + g + g · 2"),
        (lambda g, y, x: g * sum(x), "g · sum(x)"),
        (lambda g, y, x: abs(x) * np.round(g, 1), "|x| · round(g, 1)"),
        (lambda g, y, x: g * x.item(0), "g · x[0]"),
        (lambda g, y, x: g * x.astype(int), "g · astype(x, int)"),
        (lambda g, y, x: g * x.astype(dtype=np.float32), "g · x"),
        (lambda g, y, x: g * np.asarray(x, dtype=int), "g · astype(asarray(x), int)"),
        (lambda g, y, x: g * np.array(x, int), "g · astype(array(x), int)"),
        (lambda g, y, x: x.reshape(1, -1) * g, "reshape(x, (1, −1)) · g"),
        (lambda g, y, x: +g, "g"),
        (lambda g, y, x: g * x[-1] * x[:-2], "g · x[−1] · x[:−2]"),
        (lambda g, y, x: g * -1j + (2 - 3j), "g · (−1j) + 2 − 3j"),
        (Scaled(3, V), "g · 3 · x · weights"),
        (Scaled(3, V).rule, "g · 3 − x"),
    ],
)  # fmt: skip
def test_rules_of_users_are_read_as_python_has_them(rule, text):
    g = np.array([0.5, 2.0, -1.25])
    found = expression_of(rule, [g, V, V], {})
    assert plain(told(found.tree)).replace("letter_", "") == text
    same(found.value(), rule(g, V, V), text)
    means_the_same(found, found.tree, rule(g, V, V))


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, y, x: g * (x[0] in (1, 2, 3)),
        lambda g, y, x: g * (0 < x[0] < 2),
        lambda g, y, x: g * ((x > 1) ^ (x < 3)),
        lambda g, y, x: g * np.sum(x, dtype=int),
        lambda g, y, x: g * x.compress([True, False, True])[0],
        lambda g, y, x: g * divmod(x[0], 2)[0] if sum([]) else f"{g}",
    ],
)
def test_what_has_no_notation_has_no_expression(rule):
    assert expression_of(rule, [V, V, V], {}) is None


@pytest.mark.parametrize("node", ["a ^ b", "a < b < c", "a in b", "+a", "lambda: a", "{a: b}", "f'{a}'", "a and b"])
def test_it_is_decided_beforehand_whether_there_is_a_notation(node):
    tree = ast.parse(node, mode="eval").body
    assert not notation.has_notation(tree)
    assert not notation.has_notation(ast.parse(f"g * exp({node})", mode="eval").body)
    with pytest.raises(TypeError, match="no notation"):
        written(tree, str)


def test_a_function_of_a_user_with_the_name_of_one_of_numpys_is_not_taken_for_it():
    def exp(x):
        return x * x

    own = derivative(exp, lambda g, y, x: 2 * g * x)
    found = expression_of(lambda g, y, x: g * own(x), [V, V, V], {})
    assert plain(told(found.tree)) == "letter_g · exp(letter_x)"
    np.testing.assert_array_equal(found.value(), V**3)

    def sigmoid(x):
        return 2 * x

    own = derivative(sigmoid, lambda g, y, x: 2 * g)
    found = expression_of(lambda g, y, x: g * own(x), [V, V, V], {}, is_known=lambda f: f is recorded_function(own))
    assert ast.unparse(found.tree) == "g * sigmoid_(x)"
    half = np.array(5.0)
    found = expression_of(lambda g, y, x: g * math.remainder(x, 3), [half, half, half], {})
    assert (plain(told(found.tree)), found.value()) == ("letter_g · remainder(letter_x, 3)", -5.0)


def test_a_source_that_was_changed_after_it_was_run_is_not_read(tmp_path, monkeypatch):
    file = tmp_path / "changing_rules.py"
    file.write_text("rule = lambda g, y, x: g * x\ndef other(g, y, x):\n    return g * 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    import changing_rules

    assert shown(changing_rules.rule, V, V, V) == "g · x"
    file.write_text("rule = lambda g, y, x: g - x\ndef other(g, y, x):\n    return g * 2.5\n")
    assert expression_of(changing_rules.rule, [V, V, V], {}) is None
    assert expression_of(changing_rules.other, [V, V, V], {}) is None


# Letters and names ---------------------------------------------------------------------------------------------------


def test_arrays_without_a_card_have_the_same_letters_forward_and_backward():
    index, mask = np.array([2, 0]), V > 1
    forward = expression_of(np.where, [mask, V, V], {})
    backward = expression_of(TABLE[np.where].rules[1], [V, V, mask, V, V], {})
    assert "condition" in forward.values and "condition" in backward.values
    rule = lambda g, y, a, index: g * a[index]  # noqa: E731
    taken = expression_of(rule, [V[:2], V[:2], V, index], {}, taken=["index"])
    assert plain(written(taken.tree, notation.shown_letter)) == "g · a[index\N{PRIME}]"


def test_letters_are_no_names_that_are_taken():
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    rule = TABLE[np.std].rules[0]
    args, labels = [np.float64(1), np.std(x), x], ["g", "y", "x"]
    free = expression_of(rule, args, {}, labels)
    assert free.where
    taken = expression_of(rule, args, {}, labels, taken=[*free.where, "g", "y", "x"])
    assert set(taken.where) == {f"{letter}_" for letter in free.where}
    assert set(taken.labels) == set(free.labels)  # what has a label is shown by it
    np.testing.assert_array_equal(taken.value(), free.value())
    names = [*free.where, *(notation.shown_letter(f"{letter}_") for letter in free.where)]
    twice = expression_of(rule, args, {}, labels, taken=names)
    assert set(twice.where) == {f"{letter}__" for letter in free.where}


@pytest.mark.parametrize("name", ["x + y", "a-b", "a b", "a, b", "2*w", "x\ny", "a/b"])
def test_names_that_are_no_words_have_brackets_beside_operators(name):
    def write(text):
        return plain(written(ast.parse(text, mode="eval").body, lambda n: name if n == "x" else n))

    assert write("x * g") == f"({name}) · g"
    assert write("x[0] - x") == f"({name})[0] − ({name})"
    assert write("f(x, g)") == f"f(({name}), g)"
    assert write("x") == name


@pytest.mark.parametrize("name", ["W", "layers.0.weight", "p['a-b']", "W[0, 1]", "∂L/∂W₁₂", "∂ΣL/∂h\N{PRIME}", "log p"])
def test_words_and_gradients_need_no_brackets(name):
    assert plain(written(ast.parse("log_p * g", mode="eval").body, lambda n: name if n != "g" else n)) == f"{name} · g"


def test_words_with_a_comma_have_brackets_among_arguments():
    tree = ast.parse('convolve(scatter(g, i, s), flip(b), "valid")', mode="eval").body
    assert plain(written(tree, str)) == 'convolve((g at [i], 0 elsewhere), flip(b), "valid")'
    assert plain(written(ast.parse("flip(scatter(g, i, s))", mode="eval").body, str)) == "flip(g at [i], 0 elsewhere)"


def test_complex_numbers_have_one_sign():
    texts = []
    for x in (V, V + 1j):
        found = expression_of(TABLE[np.imag].rules[0], [V, V, x], {})
        assert found.is_complex()
        of_grad = conjugated(found, ["g"])
        np.testing.assert_array_equal(of_grad.value(), np.conj(found.value()))
        texts += [plain(told(found.tree)), plain(told(of_grad.tree))]
    assert texts == ["letter_g · (−1j)", "letter_g · 1j"] * 2


def test_settings_of_scipys_that_are_not_numpys_stay():
    a = V[:, None] * V + 9 * np.eye(3)
    for f, args, text in (
        (scipy.linalg.cholesky, [a], "cholesky(letter_a, lower=False)"),
        (scipy.linalg.cholesky, [a, True], "cholesky(letter_a, lower=True)"),
        (scipy.signal.correlate, [V, V], 'correlate(letter_in1, letter_in2, mode="full")'),
        (scipy.signal.convolve, [V, V], "convolve(letter_in1, letter_in2)"),
        (np.linalg.cholesky, [a], "cholesky(letter_a)"),
    ):
        found = expression_of(f, args, {})
        assert plain(told(found.tree)) == text
        np.testing.assert_array_equal(found.value(), f(*args))


def test_names_that_nobody_can_look_up_are_told_in_words():
    found = expression_of(TABLE[np.prod].rules[0], [np.float64(1), np.prod(V), V], {})
    assert found.notes == ["product_of_others: for each element, the product of the other elements along the axis"]
    assert call_of(np.prod, [V], {}).notes == []


def test_functions_of_users_that_have_no_module_or_no_name_are_labelled():
    made = {}
    exec("def twice(x):\n    return x * 2\ndef rule(g, y, x):\n    return g * 2", made)
    made["twice"].__module__ = made["rule"].__module__ = None
    y = derivative(made["twice"], made["rule"])(Tensor(V, name="x"))
    assert operation_label(y) == "twice"
    assert expression_of(made["rule"], [V, V, V], {}) is None  # it has no source
    z = derivative(Doubled(), lambda g, y, x: g * 2)(y)
    assert operation_label(z) == "Doubled"
    assert "twice" in draw_dot_tensor(np.sum(z)).source
    assert {step["title"] for step in draw_backward(np.sum(z)).steps} >= {"Forward through twice"}


class Doubled:
    """A function that is an object."""

    def __call__(self, x):
        return x * 2
