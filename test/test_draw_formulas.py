"""Formulas: read back as Python, they compute what the rules compute that they were written from."""

import random
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tensorgrad import derivative
from tensorgrad.derivatives import OWN, TABLE
from tensorgrad.draw.formulas import formula, helpers


class Reader(HTMLParser):
    """The Python expression of a formula: what a reader takes it to mean."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.parts = [], [[]]
        self.feed(text)
        self.python = "".join(self.parts[0])

    def handle_starttag(self, tag, attributes):
        self.stack.append(dict(attributes).get("class", tag))
        self.parts.append([])

    def handle_endtag(self, tag):
        kind, inside = self.stack.pop(), self.parts.pop()
        text = "".join(inside)
        if kind == "fraction":
            above, below = inside
            text = f"(({above})/({below}))"
        elif kind == "sup":
            text = ".T" if text == "T" else f"**({text})"
        elif kind in ("root", "bar"):
            text = f"({text})" if kind == "root" else f"conj({text})"
        self.parts[-1].append(text)

    def handle_data(self, data):
        for sign, python in (
            (" · ", "*"),
            ("−", "-"),
            ("√", "sqrt"),
            ("π", "pi"),
            ("ln 2", "log(2)"),
            ("ln 10", "log(10)"),
        ):
            data = data.replace(sign, python)
        self.parts[-1].append(re.sub(r"\|([^|]*)\|", r"abs(\1)", data))


def meaning(text, **values):
    names = {**{name: getattr(np, name) for name in ("sqrt", "cos", "sin", "cosh", "sinh", "log", "conj", "pi", "e")}}
    return eval(Reader(text).python, {"abs": abs, **names, **values})


NAMES = [
    "add subtract multiply divide negative positive reciprocal square sqrt cbrt exp exp2 expm1 log log2 log10 log1p",
    "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh deg2rad rad2deg",
]


@pytest.mark.parametrize("name", " ".join(NAMES).split())
def test_formulas_of_the_table_mean_what_the_rules_compute(name):
    func = getattr(np, name)
    for rule in TABLE[func].rules:
        args = [0.37, 0.82][: func.nin]
        y, g = func(*args), 1.7
        written, note = formula(rule)
        names = rule.__code__.co_varnames
        value = meaning(written, **dict(zip(names, (g, y, *args), strict=True)))
        np.testing.assert_allclose(value, rule(g, y, *args), rtol=1e-13, err_msg=written)
        assert note == ""


def expression(rng, depth):
    """A random expression in g, y, x, k."""
    if not depth or rng.random() < 0.15:
        return rng.choice(["g", "y", "x", "k", "2", "0.5"])
    a, b = expression(rng, depth - 1), expression(rng, depth - 1)
    forms = ["({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} / {b})", "(-{a})", "({a} * {b} * {b})", "np.exp({a})"]
    forms += ["({a} ** 2)", "({a} ** (3 - 1))", "np.sqrt(np.abs(x))", "np.cos({a})", "(({a}) - ({b} - {a}))"]
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
                written, _ = formula(getattr(many_rules, f"rule_{i}"))
                np.testing.assert_allclose(
                    meaning(written, **values), expected, rtol=1e-9, err_msg=f"{text}: {written}"
                )
                seen += 1
    assert seen > 200


def test_every_rule_of_the_table_has_a_formula_or_words():
    for func, primitive in {**TABLE, **OWN}.items():
        for rule in [*primitive.rules, primitive.rest]:
            if rule is not None:
                written, note = formula(rule)
                assert written or note, func
                assert "lambda" not in written, func


def test_names_take_the_place_of_parameters():
    written, _ = formula(lambda g, y, x: g * y, {"g": "∂L/∂c", "y": "c"})  # pytest may move what is in an assert
    assert written == "∂L/∂c · c"
    written, _ = formula(lambda g, y, x: g[..., 0], {"g": "h"})
    assert written == "h[..., 0]"


def test_names_are_escaped():
    written, _ = formula(lambda g, y, x: g * x, {"g": "<b>", "x": "a&b\"'"})
    assert written == "&lt;b&gt; · a&amp;b&quot;&#x27;"


def test_squares_exponents_and_settings_are_written_as_by_hand():
    written, _ = formula(lambda g, y, x: g * x * x)
    assert written == "g · x<sup>2</sup>"
    power = TABLE[np.power].rules[0]
    names = dict(zip(power.__code__.co_varnames, ("g", "y", "a", "3"), strict=False))
    assert formula(power, names)[0] == "g · 3 · a<sup>2</sup>"
    assert formula(power, {**names, "x2": "2"})[0] == "g · 2 · a"
    total = TABLE[np.sum].rules[0]
    assert formula(total, {"g": "h", "a": "A", "axis": "1", "keepdims": "", "where": ""})[0] == "spread(h, A, 1)"
    assert "spread" in helpers(total)


def test_products_of_matrices_keep_their_order():
    matrices = dict(zip("gyxk", np.random.default_rng(0).normal(size=(4, 3, 3)), strict=True))
    for rule in (
        lambda g, y, x, k: g @ (x @ k.T),
        lambda g, y, x, k: np.matmul(g * y, np.dot(x, k)),
        lambda g, y, x, k: -g.dot(x.T) @ k,
        lambda g, y, x, k: np.matmul(x, g / k) @ y * k,
    ):
        text, _ = formula(rule)
        np.testing.assert_allclose(meaning(text, **matrices), rule(**matrices), err_msg=text)


def test_two_lambdas_on_one_line_are_told_apart():
    first, second = lambda g, y, a, b: g * b, lambda g, y, a, b: g / a
    assert formula(first)[0] == "g · b"
    assert "fraction" in formula(second)[0]


def test_a_longer_rule_says_it_in_its_docstring():
    def slope(g, y, x):
        """g * cos(x), and nothing at the ends."""
        return g

    assert formula(slope) == ("g · cos(x)", "and nothing at the ends.")

    def words(g, y, x):
        """Follow the path back."""
        return g

    assert formula(words) == ("", "Follow the path back.")


def test_a_rule_whose_source_is_lost_says_so():
    rule = eval("lambda g, y, x: 3 * g")
    assert formula(rule) == ("", "lambda, which has no formula")
    f = derivative(lambda x: 3 * x, rule)
    assert f(2.0) == 6.0
