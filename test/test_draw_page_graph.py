"""The picture on the page of a backward pass, in a headless browser: its numbers follow, its layers fold."""

import re

import numpy as np
import pytest
from drawn import network, repeated

from tensorgrad import Tensor, draw_backward, nn
from tensorgrad.draw.labels import number, table

pytest.importorskip("graphviz")

# Numbers that change --------------------------------------------------------------------------------------------------


CARDS_HOLD = """() => Math.min(...[...document.querySelectorAll('.node[tabindex]')].flatMap(node => {
  const card = node.querySelector('path, polygon').getBoundingClientRect();
  const texts = [...node.querySelectorAll('text')].filter(t => t.textContent.trim());
  return texts.map(t => t.getBoundingClientRect()).flatMap(t => [t.left - card.left, card.right - t.right]);
}))"""


def minus(text):
    """A number of Python's in the signs of the page."""
    return re.sub(r"(?<!e)-(?=[\d.]|inf)", "−", text)


def test_the_numbers_of_cards_follow(show, rng):
    special = [0.125, 1.125, 10.25, 999.5, -0.0625, 1e6, 123456.0, 1e-3, 9.995e-4, -1234.5, 0.0, 1e100]
    spread = rng.normal(size=(3, 4)) * 10.0 ** rng.integers(-8, 8, (3, 4))
    W, v = Tensor(spread[::-1].copy(), name="W"), Tensor(np.arange(30.0), name="v")
    shown = show(draw_backward((W * W).sum() + (v * v).sum()), "#step=11")
    drawn = shown.words("W")

    def numbers(name):
        return [text for text in shown.words(name) if text not in ("data", "grad", "")]

    for array in (np.reshape(special, (3, 4)), spread, np.full((3, 4), np.nan)):
        shown.put("W", *array.ravel())
        assert numbers("W") == [minus(text) for row in (*table(array), *table(2 * array)) for text in row]
        assert numbers("y") == [minus(number(np.sum(array * array) + np.sum(np.arange(30.0) ** 2))), "1"]
        assert shown.tab.evaluate(CARDS_HOLD) >= 0, "all stay on their cards"
    shown.put("v", 0, 1, 2, np.inf)
    assert numbers("v")[:2] == ["0 … 29", "1 nan or inf"]
    shown.tab.evaluate("model.reset()")
    assert shown.words("W") == drawn


def test_numbers_that_do_not_fit_are_not_shown_in_part(show):
    x, one = Tensor(np.ones((3, 4)), name="x"), Tensor(1.0, name="i", requires_grad=False)
    shown = show(draw_backward((x * one).sum()))
    shown.put("x", *(-1.2345678e-5 * np.arange(1, 13)))
    shown.put("i", -1.2345678e-5)
    texts = [text for text in shown.words("x") if text]
    assert texts[:3] == ["data", "−1.48e-4 … −1.23e-5", "mean −8.02e-5"], "range and mean take less room"
    assert shown.words("i") in (["data", "−1.23e-5"], ["data", "…"])
    assert shown.tab.evaluate(CARDS_HOLD) >= 0


def test_strong_gradients_have_long_bars(show):
    shown = show(draw_backward(Tensor(2.0, name="a") * Tensor(3.0, name="b")), "#step=3")

    def bars():
        """For each of a and b, the length of the bar, as a part of that of the strongest."""
        width = "(card, part) => card.querySelector(part)?.getBoundingClientRect().width ?? 0"
        parts = [[shown.card(name).evaluate(width, part) for part in (".strength", ".ground")] for name in "ab"]
        return [bar / (bar + rest) for bar, rest in parts]

    def strength(ratio):
        return round(48 * (1 + np.log10(ratio) / 6)) / 48

    before = bars()
    assert before == pytest.approx([1, strength(2 / 3)], abs=0.01)
    shown.put("a", 3000.0)
    assert bars() == pytest.approx([strength(3 / 3000), 1], abs=0.01)
    shown.tab.evaluate("model.reset()")
    assert bars() == pytest.approx(before, abs=0.01)


def test_gradients_to_be_predicted_are_not_given_away(show):
    shown = show(draw_backward(repeated()), "#step=9")
    tab = shown.tab

    def is_seen(name):
        opacity = "card => getComputedStyle([...card.querySelectorAll('text.gradient')].at(-1)).opacity"
        return shown.card(name).evaluate(opacity) == "1"

    assert is_seen("a")
    tab.evaluate("graph.hide([model.values.findIndex(v => v.name === 'a')])")
    shown.card("a").focus()
    assert shown.tip() == ["2"] and shown.card("a").get_attribute("aria-label") == "a, shape (). Value 2."
    assert not is_seen("a") and is_seen("b")
    tab.evaluate("graph.reveal()")
    shown.card("b").focus()
    shown.card("a").focus()
    assert shown.tip() == ["2", "−4"] and is_seen("a")
    tab.keyboard.press("p")  # what is to be predicted isn't said either
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowRight")
    said = tab.get_by_role("status").inner_text()
    assert said == "Step 9 of 9. Backward through ×. To a: to be predicted. To b: to be predicted."
    assert not is_seen("a")


def test_a_card_can_be_picked(show):
    tab = show(draw_backward(repeated())).tab
    tab.evaluate("graph.onPick(value => (window.picked ??= []).push(model.values[value].name))")
    tab.get_by_role("button", name="a, shape").click()
    tab.get_by_role("button", name="b, shape").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="b, shape").focus()
    tab.keyboard.press("Space")
    assert tab.evaluate("window.picked") == ["a", "b", "b"] and tab.inner_text("#play") == "Play"


# Layers ---------------------------------------------------------------------------------------------------------------


def transformer():
    """Two layers, with modules in modules."""
    model = nn.Sequential(*[nn.TransformerEncoderLayer(4, 2, dim_feedforward=4, dropout=0.0, rng=i) for i in range(2)])
    x = Tensor(np.random.default_rng(0).normal(size=(1, 2, 4)), name="x", requires_grad=False)
    return (model(x) ** 2).mean(), model


PICTURE = """() => {
  const seen = e => e.getClientRects().length > 0, box = e => { const { left, top, right, bottom } = e.getBoundingClientRect(); return [left, top, right, bottom]; };
  const things = [...document.querySelectorAll("#graph .node, #graph .block")].filter(seen);
  const edges = [...document.querySelectorAll("#graph .edge")].filter(seen).map(e => {
    const path = e.querySelector("path"), to = path.getScreenCTM(), ends = [0, path.getTotalLength()].map(at => path.getPointAtLength(at));
    const tip = e.querySelector("polygon").points[1], far = ends.map(p => Math.hypot(p.x - tip.x, p.y - tip.y));
    ends[far[0] < far[1] ? 0 : 1] = new DOMPoint(tip.x, tip.y);
    return ends.map(p => p.matrixTransform(to)).map(p => [p.x, p.y]);
  });
  return {
    zoom: graph.zoom, width: document.querySelector("#graph svg").viewBox.baseVal.width, height: document.querySelector("#graph svg").viewBox.baseVal.height,
    things: things.map(g => box(g.matches(".block") ? g.querySelector("rect:nth-of-type(2)") : g)), edges,
    blocks: things.filter(g => g.matches(".block")).map(g => g.textContent), svg: box(document.querySelector("#graph svg")),
    frames: [...document.querySelectorAll("#graph .fold")].filter(seen).map(g => g.getAttribute("aria-label").split(":")[0]),
  };
}"""  # noqa: E501


def assert_sound(picture):
    """Nothing lies on another or outside of the picture, and each line goes from one thing to another."""
    scale = picture["zoom"] * 4 / 3
    things = np.array(picture["things"])
    for i, a in enumerate(things):
        for b in things[i + 1 :]:
            apart = max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3])
            assert apart > 0.5 * scale, "two things overlap"
    assert (things[:, :2].min(axis=0) >= np.array(picture["svg"][:2])).all()
    assert (things[:, 2:].max(axis=0) <= np.array(picture["svg"][2:])).all()
    for ends in picture["edges"]:
        found = []
        for x, y in ends:
            far = np.hypot(
                np.maximum(np.maximum(things[:, 0] - x, x - things[:, 2]), 0),
                np.maximum(np.maximum(things[:, 1] - y, y - things[:, 3]), 0),
            )
            assert far.min() < 8 * scale, "a line ends in nothing"
            found.append(far.argmin())
        assert found[0] != found[1]


FOLDS = [
    ["0"], ["1"], ["0", "1"], ["0.self_attn"], ["1.self_attn", "0.norm1", "1.linear1"], ["0.self_attn", "0"],
    ["0.linear1", "0.linear2", "1.norm2"],
]  # fmt: skip


def test_layers_fold_and_the_picture_closes_up(show):
    y, model = transformer()
    shown = show(draw_backward(y, model=model))
    tab = shown.tab
    outline = tab.evaluate(PICTURE)
    assert len(outline["blocks"]) == len(model.layers), "a long picture opens with its layers folded"
    assert_sound(outline)
    shown.open("#step=1")
    whole = tab.evaluate(PICTURE)
    assert whole["blocks"] == []
    assert_sound(whole)
    shapes = """() => [...document.querySelectorAll("#graph svg, #graph svg :is(path, polygon, ellipse, .node, .fold)")]
      .filter(e => !e.closest(".block")).map(e => [...e.attributes].map(a => a.value))"""
    before = tab.evaluate(shapes)
    for names in FOLDS:
        tab.evaluate("names => graph.fold(names, true)", names)
        picture = tab.evaluate(PICTURE)
        assert_sound(picture)
        outer = [name for name in names if name.split(".")[0] not in names or "." not in name]
        assert len(picture["blocks"]) == len(outer)
        assert len(picture["things"]) < len(whole["things"]) and len(picture["edges"]) < len(whole["edges"])
        assert picture["width"] < whole["width"] and picture["height"] <= whole["height"]
        assert not [name for name in picture["frames"] if any(f"{name}.".startswith(f"{fold}.") for fold in names)]
        tab.evaluate("names => graph.fold(names, false)", names)
    assert tab.evaluate(PICTURE) == whole and tab.evaluate(shapes) == before
    tab.click("#layers")
    picture = tab.evaluate(PICTURE)
    assert_sound(picture)
    assert len(picture["blocks"]) == 2 and picture["width"] < whole["width"] / 10
    tab.click("#layers")
    assert tab.evaluate(PICTURE)["things"] == whole["things"]


BLOCKS = """() => [...document.querySelectorAll("#graph .block")].map(g => {
  const { left, top, right, bottom } = g.querySelector("rect:nth-of-type(2)").getBoundingClientRect();
  return [left, top, right, bottom];
}).sort((a, b) => a[0] - b[0])"""


def test_blocks_of_a_chain_stand_in_a_row_and_lines_go_from_left_to_right(show):
    y, model = transformer()
    tab = show(draw_backward(y, model=model)).tab
    blocks, picture = tab.evaluate(BLOCKS), tab.evaluate(PICTURE)
    (first, second), near = blocks, 8 * picture["zoom"] * 4 / 3
    assert first[1] == pytest.approx(second[1]) and first[2] < second[0]
    ends = [0, 0]
    for line in picture["edges"]:
        for which, (x, y) in enumerate(line):
            for left, top, right, bottom in blocks:
                if left - near < x < right + near and top - near < y < bottom + near:
                    assert abs(x - (right, left)[which]) < near and top <= y <= bottom
                    ends[which] += 1
    assert ends == [2, 2], "two lines start at blocks, and two end there"


def test_a_folded_layer_is_one_step(show):
    loss, model = network()
    page = draw_backward(loss, model=model)
    shown = show(page)
    tab = shown.tab
    tab.get_by_role("button", name="layers.0: Layer").click()
    assert shown.step == "steps 1 to 2 of 11" and "layers.0: 2 operations" in shown.text()
    tab.wait_for_url("**#step=1&fold=layers.0")
    for name in ("c1", "layers.0.weight", "layers.0.bias", "v2"):
        assert name in shown.text(), "what arrives and what leaves"
    assert "v1" not in shown.text(), "but nothing from inside"
    visited = []
    for _ in range(12):
        visited.append(shown.step)
        tab.keyboard.press("ArrowRight")
    assert visited[:9] == ["steps 1 to 2 of 11", *(f"step {i} of 11" for i in range(3, 10)), "steps 10 to 11 of 11"]
    assert "∂loss/∂layers.0.weight" in shown.text() and "∂loss/∂v1" not in shown.text()
    assert (
        tab.get_by_role("status")
        .inner_text()
        .startswith("Steps 10 to 11 of 11. layers.0: 2 operations, folded, backward")
    )
    for step in visited[7::-1]:
        tab.keyboard.press("ArrowLeft")
        assert shown.step == step
    tab.locator("#slider").fill("10")
    assert shown.step == "steps 10 to 11 of 11"
    block = tab.get_by_role("button", name="layers.0, folded")
    assert "now" in block.get_attribute("class").split()
    block.focus()
    tab.keyboard.press("Enter")
    assert shown.step == "step 11 of 11", "unfolding keeps the step"
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')").endswith("Fold"), "and the focus"
    tab.keyboard.press("Space")
    assert shown.step == "steps 10 to 11 of 11" and tab.inner_text("#play") == "Play"
    tab.keyboard.press("f")
    assert shown.step == "step 11 of 11"
    tab.keyboard.press("Shift+F")
    assert [c.text_content() for c in tab.locator(".block .name").all() if c.is_visible()] == ["layers.0", "layers.1"]
    tab.wait_for_url("**#step=11&fold=*")
    tab.reload()
    assert shown.step == "steps 10 to 11 of 11"
    shown.open("#step=10&fold=layers.0&fold=layers.1")
    assert shown.step == "steps 10 to 11 of 11"


def test_the_sums_that_a_folded_layer_sends_on_are_those_of_backward(show):
    y, model = transformer()
    page = draw_backward(y, model=model)
    y.backward()
    shown = show(page, "#fold=0&fold=1")
    got = {}
    for _ in range(len(page.steps)):
        run = shown.tab.evaluate("""() => {
          const run = graph.runOf(at);
          const told = ({ value, array }) => [model.values[value].name, [...array.data]];
          return run.frame && graph.summary(run).sent.map(told);
        }""")
        if "Backward" in shown.tab.inner_text(".phase").title():
            for name, numbers in run or ():
                got[name] = got.get(name, 0) + np.array(numbers)
        before = shown.step
        shown.tab.keyboard.press("ArrowRight")
        if shown.step == before:
            break
    for name, p in model.named_parameters():
        assert np.allclose(got[name], p.grad.ravel(), rtol=1e-10, atol=1e-14), name
