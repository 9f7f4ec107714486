"""The steps of a backward pass: what they say of gradients, parts, rules and names."""

import linecache

import numpy as np
import pytest
from drawn import GRAPHS, cards, network, receivers, repeated, walked

from tensorgrad import Tensor, derivative, draw_backward, no_grad, sigmoid_cross_entropy

pytest.importorskip("graphviz")


@pytest.mark.parametrize("name", [*GRAPHS, "network"])
def test_gradients_are_those_of_backward(name):
    root, model = network() if name == "network" else (GRAPHS[name](), None)
    page = draw_backward(root, model=model)
    assert all(t._grad is None for t in receivers(root)), "drawing changes nothing"
    root.backward()
    tensors = receivers(root)
    assert len(tensors) == len(page.gradients) > 3
    for t in tensors:
        assert page.gradients[t].shape == t.shape
        np.testing.assert_array_equal(page.gradients[t], t.grad)

    last = {}  # what the steps say in the end, which was added up on a way of its own
    for step in walked(page):
        for rule in step.rules:
            last[rule.card] = rule.total
            assert rule.formula or rule.source
    for card, known in {v.card: v for v in cards(page).values()}.items():
        if card in last:
            np.testing.assert_allclose(last[card], known.grad, rtol=1e-12, atol=1e-12)
    assert len(last) == len([t for t in tensors if t is not root])


def test_steps_forward_then_back():
    titles = [step["title"] for step in draw_backward(repeated()).steps]
    assert titles == [
        "Forward through ×", "Forward through ×", "Forward through +", "Forward through **2", "Start with ∂y/∂y = 1",
        "Backward through **2", "Backward through +", "Backward through ×", "Backward through ×",
    ]  # fmt: skip


def test_parts_add_up_where_paths_meet():
    a = Tensor(3.0, name="a")
    rules = [rule for step in walked(draw_backward(a * a + a)) for rule in step.rules if rule.to == "a"]
    assert [float(rule.arrives) for rule in rules] == [1.0, 3.0, 3.0]
    assert [rule.before if rule.before is None else float(rule.before) for rule in rules] == [None, 1.0, 4.0]
    assert [float(rule.total) for rule in rules] == [1.0, 4.0, 7.0]
    assert [rule.more for rule in rules] == [True, True, False]


def test_broadcasting_is_undone_in_a_line_of_its_own():
    x, row, column = (
        Tensor(np.ones((2, 3)), name="x"),
        Tensor([1.0, 2.0, 3.0], name="row"),
        Tensor([[1.0], [2.0]], name="c"),
    )
    *_, plus, times = walked(draw_backward((x * row + column).sum()))
    (to_product, to_column), (to_x, to_row) = plus.rules, times.rules
    assert to_product.summed is None and to_x.summed is None
    assert to_column.gives.shape == (2, 3) and to_column.summed == [1] and to_column.arrives.tolist() == [[3.0], [3.0]]
    assert to_row.gives.shape == (2, 3) and to_row.summed == [0] and to_row.arrives.tolist() == [2.0, 2.0, 2.0]
    assert to_row.formula == "∂y/∂v1 · x"
    (_, both) = walked(draw_backward(Tensor([[1.0]], name="a") * np.ones((2, 3, 1))))[-1:] * 2
    assert both.rules[0].summed == [0, 1] and both.rules[0].arrives.tolist() == [[6.0]]


def test_formulas_speak_of_the_graphs_own_names():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    c = a**3
    c.name = "c"
    L = c / b
    L.name = "L"
    formulas = {rule.gradient: rule.formula for step in walked(draw_backward(L)) for rule in step.rules}
    fraction = '<span class="fraction"><span>{}</span><span>b</span></span>'
    assert formulas == {
        "∂L/∂c": fraction.format("∂L/∂L"),
        "∂L/∂b": fraction.format("−∂L/∂L · L"),
        "∂L/∂a": "∂L/∂c · 3 · a<sup>2</sup>",
    }


def test_your_own_rule_is_read_too():
    cube = derivative(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    (rule,) = walked(draw_backward(cube(Tensor(2.0, name="x"))))[-1].rules
    assert rule.formula == "∂y/∂y · 3 · x<sup>2</sup>"
    assert rule.own and "lambda g, y, x: g * 3 * x * x" in rule.source, "and its source is shown, as the user's own"
    (times,) = walked(draw_backward(Tensor(2.0, name="x") * 2))[-1].rules
    assert not times.own and times.source == ""


def test_a_rule_that_is_no_expression_shows_its_source():
    def rule(g, y, x):
        for _ in range(2):
            g = g * x
        return 3 * g

    cube = derivative(lambda x: x**3, rule)
    (told,) = walked(draw_backward(cube(Tensor(2.0, name="x"))))[-1].rules
    assert (
        told.formula is None and told.source.startswith("def rule(g, y, x):") and told.source.endswith("return 3 * g")
    )
    assert float(told.arrives) == 12


def test_settings_stand_in_the_formula():
    x = Tensor(np.ones((2, 6)), name="x")
    (rule,) = walked(draw_backward(x.sum(axis=1)))[-1].rules
    assert rule.formula == "broadcast_to(expand_dims(∂Σy/∂y, axis=1), (2, 6))"
    assert walked(draw_backward(x.sum(axis=1)))[0].formula == "sum(x, axis=1)"


def test_letters_are_defined():
    z = Tensor([1.0, -2.0], name="z")
    (rule,) = walked(draw_backward(page := sigmoid_cross_entropy(z, [0.0, 1.0])))[-1].rules
    assert page.shape == () and {w["letter"] for w in rule.where} == {"p", "n"}
    np.testing.assert_allclose(rule.gives, (1 / (1 + np.exp([-1.0, 2.0])) - [0, 1]) / 2)


def test_parameters_are_named_by_the_model():
    loss, model = network()
    told = {rule.to for step in walked(draw_backward(loss, model=model)) for rule in step.rules}
    assert {name for name, _ in model.named_parameters()} <= told


def test_a_rule_that_gives_nothing_is_passed_over():
    """As rules of the library do; of a user's it is an error."""

    def nothing(g, out, x, y):
        return None

    f = derivative(lambda x, y: x + 0 * y, lambda g, out, x, y: g, nothing)
    x, y = Tensor(1.0, name="x"), Tensor(2.0, name="y")
    with pytest.raises(TypeError, match="nothing, gave None"):
        draw_backward(f(x, y))
    nothing.__module__ = derivative.__module__
    page = draw_backward(f(x, y))
    assert [rule.to for rule in walked(page)[-1].rules] == ["x"]
    assert y not in page.gradients


def test_what_has_no_backward_pass_to_show_is_an_error():
    with pytest.raises(TypeError, match="a Tensor is drawn, not float"):
        draw_backward(1.0)
    with pytest.raises(ValueError, match="nothing was recorded"):
        draw_backward(Tensor(1.0))
    with no_grad(), pytest.raises(ValueError, match="nothing was recorded"):
        draw_backward(Tensor(1.0) * 2)
    y = Tensor(1.0) + 1
    for title in (None, 3, ["title"], b"title"):
        with pytest.raises(TypeError, match=r"^draw_backward: title must be a str"):
            draw_backward(y, title=title)


def test_a_graph_that_was_freed_or_changed_says_so():
    freed = Tensor(1.0) * 2
    later = freed * 3
    freed.backward(retain_graph=False)
    for root in (freed, later, later + 1.0):
        with pytest.raises(ValueError, match=r"^draw_backward: .*retain_graph=False, which freed it"):
            draw_backward(root)
    changed = Tensor(1.0) * 2
    later = changed * 3
    changed.data = np.array(5.0)
    for root in (changed, later):
        with pytest.raises(ValueError, match=r"^draw_backward: .* changed after"):
            draw_backward(root)


def test_a_long_graph_is_folded_and_its_stretches_are_steps():
    x = Tensor(0.5, name="x")
    y = x
    for _ in range(1500):
        y = np.sin(y) + x
    page = draw_backward(y)
    assert len(page.steps) < 900
    many = [o for o in page.operations if o["count"] > 1]
    assert many and sum(o["count"] for o in page.operations) == 3000
    y.backward()
    sent = [rule for step in walked(page) for rule in step.rules]
    (last,) = [rule for rule in sent if rule.to == "x"][-1:]
    np.testing.assert_allclose(last.total, x.grad, rtol=1e-12)
    assert any(rule.to == "x" and rule.gives is None for rule in sent), "what a stretch sends to x is one sum"
    for rule in sent:
        np.testing.assert_allclose(rule.total, rule.arrives if rule.before is None else rule.before + rule.arrives)


def test_data_that_were_changed_in_place_are_an_error():
    x = Tensor([1.0, 2.0, 3.0], name="x")
    root = (x * x).sum()
    x.data[0] = 9.0
    with pytest.raises(ValueError, match=r"^draw_backward: the data of x or v1 were changed in place after × was"):
        draw_backward(root)
    h = np.exp(Tensor([0.5, 1.0], name="x"))
    root = (h * 2.0).sum()
    h.data[:] = 0.0
    with pytest.raises(ValueError, match="changed in place after exp was computed"):
        draw_backward(root)


def test_a_formula_that_isnt_true_is_not_shown():
    k = 2.0
    scaled = derivative(lambda x: k * x, lambda g, y, x: g * k)
    root = scaled(Tensor(3.0, name="x"))
    k = 7.0
    forward, _, backward = walked(draw_backward(root))
    assert "7" not in forward.formula, "it was computed with 2"
    assert backward.rules[0].formula == "∂y/∂y · 7" and backward.rules[0].total == 7, "which backward gives, too"


def test_of_a_rule_whose_source_is_lost_it_is_said(monkeypatch):
    lines = ["import sys; exec(sys.stdin.read())\n"]  # Python 3.13 takes what -c was given for the source of all evals
    monkeypatch.setitem(linecache.cache, "<string>", (len(lines[0]), None, lines, "<string>"))
    rule = eval("lambda g, y, x: g * x if len(g.shape) else 3 * g")
    (told,) = walked(draw_backward(derivative(lambda x: 3 * x, rule)(Tensor(2.0, name="x"))))[-1].rules
    assert told.formula is None and told.source == "" and told.note == "The source of this rule can't be read."


def test_the_real_part_of_what_a_rule_gives_is_marked():
    x = Tensor([1.0, 2.0], name="x")
    *_, step = walked(draw_backward((x * (1 + 2j)).imag.sum()))
    (rule,) = step.rules
    assert rule.real and rule.gives.dtype.kind == "c" and rule.arrives.tolist() == [2.0, 2.0]
    assert not any(rule.real for step in walked(draw_backward((x * x).sum())) for rule in step.rules)


def test_what_a_solver_gives_has_a_page():
    optimize = pytest.importorskip("tensorgrad.scipy.optimize")
    a = Tensor(2.0, name="a")
    root = optimize.brentq(lambda x, a: x**2 - a, 0.0, 3.0, args=(a,)) * 1.0
    page = draw_backward(root)
    root.backward()
    assert cards(page)["a"].grad == a.grad


def test_what_has_no_card_is_shown_by_its_number_or_by_the_name_that_the_rule_has_for_it():
    x = Tensor([1.0, 2.0, 3.0], name="x")
    steps = walked(draw_backward((x * np.float64(-2)).sum() * np.float32(5) + np.array(7.25)))
    assert [step.formula for step in steps[:4]] == ["x · (−2)", "sum(v1)", "v2 · 5", "v3 + 7.25"]
    assert steps[-1].rules[0].formula == "∂y/∂v1 · (−2)"
    forward, _, backward = walked(draw_backward(x[np.array([True, False, True])]))
    assert forward.formula == "x[index]" and backward.rules[0].formula == "∂Σy/∂y at [index], 0 elsewhere"
    nameless = derivative(lambda x: np.array([2 * float(v) for v in x]), lambda g, y, x: 2 * g)
    assert walked(draw_backward(nameless(x)))[0].formula == "f(x)"
