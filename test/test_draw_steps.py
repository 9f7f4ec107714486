"""The steps of a backward pass: what they say of gradients, parts, rules and names."""

import re

import numpy as np
import pytest
from drawn import GRAPHS, network, receivers, repeated

from tensorgrad import Tensor, derivative, draw_backward, no_grad, sigmoid_cross_entropy

pytest.importorskip("graphviz")


def numbers(text):
    return np.array([complex(x.replace("+-", "-")) for x in re.findall(r"[-+\d.][-+\d.ej]*", text.replace("...", ""))])


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
    for step in page.steps:
        for rule in step.get("rules", ()):
            last[rule["node"]] = rule["total"]
            assert rule["formula"] or rule["note"]
    nodes = page.nodes
    for node, total in last.items():
        np.testing.assert_allclose(numbers(total), numbers(nodes[node]["grad"]), rtol=2e-3, atol=1e-9)
    assert len(last) == len([t for t in tensors if t is not root])


def test_steps_forward_then_back():
    titles = [step["title"] for step in draw_backward(repeated()).steps]
    assert titles == [
        "Forward through ×", "Forward through ×", "Forward through +", "Forward through **2", "Start with ∂y/∂y = 1",
        "Backward through **2", "Backward through +", "Backward through ×", "Backward through ×",
    ]  # fmt: skip


def test_parts_add_up_where_paths_meet():
    a = Tensor(3.0, name="a")
    rules = [rule for step in draw_backward(a * a + a).steps for rule in step.get("rules", ()) if rule["to"] == "a"]
    assert [rule["gives"] for rule in rules] == ["1.", "3.", "3."]
    assert [rule["before"] for rule in rules] == [None, "1.", "4."]
    assert [rule["total"] for rule in rules] == ["1.", "4.", "7."]
    assert [rule["more"] for rule in rules] == [True, True, False]


def test_a_gradient_shows_in_the_picture_when_it_is_complete():
    a = Tensor(3.0, name="a")
    page = draw_backward(a * a + a)
    (card,) = [name for name, node in page.nodes.items() if node["name"] == "a"]
    assert [step["title"] for step in page.steps if card in step["shows"]] == ["Backward through ×"]


def test_formulas_speak_of_the_graphs_own_names():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    c = a**3
    c.name = "c"
    L = c / b
    L.name = "L"
    steps = draw_backward(L).steps
    formulas = {rule["gradient"]: rule["formula"] for step in steps for rule in step.get("rules", ())}
    fraction = '<span class="fraction"><span>{}</span><span>b</span></span>'
    assert formulas == {
        "∂L/∂c": fraction.format("∂L/∂L"),
        "∂L/∂b": fraction.format("−∂L/∂L · L"),
        "∂L/∂a": "∂L/∂c · 3 · a<sup>2</sup>",
    }


def test_your_own_rule_is_read_too():
    cube = derivative(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    step = draw_backward(cube(Tensor(2.0, name="x"))).steps[-1]
    assert step["rules"][0]["formula"] == "∂y/∂y · 3 · x<sup>2</sup>"


def test_settings_stand_in_the_formula():
    x = Tensor(np.ones((2, 6)), name="x")
    *_, through_index = draw_backward(x[:, ::2]).steps
    assert through_index["rules"][0]["formula"] == "scattered(∂y/∂y, [:, ::2], x.shape)"
    *_, through_sum = draw_backward(x.sum(axis=1)).steps
    assert through_sum["rules"][0]["formula"] == "spread(∂y/∂y, x, 1)"
    assert list(through_sum["rules"][0]["where"]) == ["spread"]


def test_the_formula_of_a_cross_entropy_is_prediction_minus_label():
    z = Tensor([1.0, -2.0], name="z")
    (rule,) = draw_backward(sigmoid_cross_entropy(z, [0.0, 1.0])).steps[-1]["rules"]
    assert rule["formula"] == "(sigmoid(z) − c1) · ∂y/∂y"
    assert rule["note"].startswith("of a mean, the n-th part")


def test_parameters_are_named_by_the_model():
    loss, model = network()
    told = {rule["to"] for step in draw_backward(loss, model=model).steps for rule in step.get("rules", ())}
    assert {name for name, _ in model.named_parameters()} <= told


def test_a_rule_that_gives_nothing_is_passed_over():
    f = derivative(lambda x, y: x + 0 * y, lambda g, out, x, y: g, lambda g, out, x, y: None)
    x, y = Tensor(1.0, name="x"), Tensor(2.0, name="y")
    page = draw_backward(f(x, y))
    assert [rule["to"] for rule in page.steps[-1]["rules"]] == ["x"]
    assert y not in page.gradients


def test_what_has_no_backward_pass_to_show_is_an_error():
    with pytest.raises(TypeError, match="a Tensor is drawn, not float"):
        draw_backward(1.0)
    with pytest.raises(ValueError, match="nothing was recorded"):
        draw_backward(Tensor(1.0))
    with no_grad(), pytest.raises(ValueError, match="nothing was recorded"):
        draw_backward(Tensor(1.0) * 2)
    y = Tensor(1.0)
    for _ in range(301):
        y = y + 1
    with pytest.raises(ValueError, match="301 operations are too many"):
        draw_backward(y)
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
