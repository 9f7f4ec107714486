"""The panel of the backward page, in a headless browser: its formulas and numbers, heat maps, predictions, changes."""

import re
from itertools import pairwise

import numpy as np
import pytest
from drawn import GRAPHS, network

import tensorgrad as tg
from tensorgrad import Tensor, draw_backward

pytest.importorskip("graphviz")


def scalars(a=2.0, b=-3.0):
    """y = (a b + a a) a b: c gets two parts, and a three."""
    a, b = Tensor(a, name="a"), Tensor(b, name="b")
    c = a * b
    c.name = "c"
    y = (c + a * a) * c
    y.name = "y"
    return y, {"a": a, "b": b, "c": c}


def broadcast():
    """w is repeated along the first axis of x, and used twice; b along the second."""
    x = Tensor(np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, 1.0]]), name="x")
    w, b = Tensor([0.5, -1.0, 2.0, 1.0], name="w"), Tensor([[0.125], [0.25]], name="b")
    h = np.tanh(x * w + b)
    h.name = "h"
    y = h + w
    y.name = "y"
    return y, {"x": x, "w": w, "b": b, "h": h}


def large():
    w = np.linspace(-1.0, 2.0, 60).reshape(6, 10)
    w[1, 2], w[5, 9] = np.nan, -np.inf
    w, v = Tensor(w, name="w"), Tensor(np.arange(1.0, 121).reshape(4, 5, 6), name="v")
    u = Tensor(np.arange(300.0), name="u")
    return (w * 2).sum() + (v * 3).sum() + (u * 1.5).sum()


def number(text):
    """A number of the page."""
    return float(text.replace("−", "-"))


def numbers(text):
    return [number(t) for t in re.findall(r"−?(?:\d+\.?\d*(?:e[-−]?\d+)?|nan|inf)", text)]


def at_step(shown, title, which=0):
    """Go to a step by its title."""
    titles = [step["title"] for step in shown.steps]
    found = [i for i, t in enumerate(titles) if t == title][which]
    shown.tab.locator("#slider").fill(str(found))
    return found


def card(shown, i=0):
    return shown.tab.locator(f'#panel [data-rule="{i}"]')


# What a step says -----------------------------------------------------------------------------------------------------


def test_numbers_are_put_into_the_formulas_of_single_numbers(show):
    shown = show(draw_backward(scalars()[0]))
    lines = shown.tab.locator("#panel .formula .line")
    assert lines.all_inner_texts() == ["c = a · b", "= 2 · −3 = −6"]
    at_step(shown, "Backward through ×", 0)
    first = card(shown, 0).locator(".line").all_inner_texts()
    assert first[1] in ("= 1 · −6 = −6", "= 1 · −2 = −2")
    at_step(shown, "Backward through +")
    assert card(shown, 0).locator(".line").all_inner_texts() == [
        "The rule gives ∂y/∂v2", "= −6", "∂y/∂c = −2 + (−6) = −8",
    ]  # fmt: skip


def test_negative_numbers_are_in_brackets_where_arithmetic_needs_them(show):
    shown = show(draw_backward(scalars()[0]))
    written = shown.tab.evaluate("""() => ["v1 · v2", "v1 − v2", "v1 + v2", "v2<sup>v1</sup>", "v1<sup>v2</sup>", "−v2",
        '<span class="fraction"><span>v2</span><span>v1</span></span>'].map(html => {
      const told = { formula: html.replace(/v(\\d)/g, (_, i) => `<var data-of="v${i}">x</var>`), where: [] };
      return panel.formulaOf(told, "", np.asarray(7)).querySelectorAll(".line")[1].textContent;
    })""")
    a, b = [shown.tab.evaluate(f"formatNumber(model.values[{i}].data.data[0])") for i in (1, 2)]
    low = f"({b})" if b.startswith("−") else b
    assert b.startswith("−") and not a.startswith("−")
    assert written == [
        f"= {a} · {b} = 7", f"= {a} − {low} = 7", f"= {a} + {low} = 7", f"= {low}{a} = 7", f"= {a}{b} = 7",
        f"= −{low} = 7", f"= {b}{a} = 7",
    ]  # fmt: skip


def test_broadcasting_is_undone_in_a_line_of_its_own(show):
    root, made = broadcast()
    page = draw_backward(root)
    shown = show(page)
    root.backward()
    x, h = made["x"].data, made["h"].data
    inner = 1 - h**2
    at_step(shown, "Backward through ×")
    rules = [r.inner_text() for r in shown.tab.locator(".rule").all()]
    (of_w,) = [r for r in rules if r.startswith("∂Σy/∂w")]
    assert "The rule gives ∂Σy/∂v1 · x" in of_w and "∂Σy/∂w =" not in of_w
    gives, rest = of_w.split("Of the shape (2, 4):")[1].split("Broadcasting had repeated w")
    np.testing.assert_allclose(numbers(gives)[:8], (inner * x).ravel(), rtol=1e-3, atol=1e-4)
    assert "summed over axis 0. Of the shape (4,) arrives:" in rest
    arrives, before, again, total = re.findall(r"\[(.*?)\]", rest)
    np.testing.assert_allclose(numbers(arrives), (inner * x).sum(axis=0), rtol=1e-3, atol=1e-4)
    assert numbers(before) == [2] * 4
    np.testing.assert_allclose(numbers(again), (inner * x).sum(axis=0), rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(numbers(total), made["w"].grad, rtol=1e-3)
    at_step(shown, "Backward through +", 1)
    (of_b,) = [r.inner_text() for r in shown.tab.locator(".rule").all() if r.inner_text().startswith("∂Σy/∂b")]
    assert "(2, 1)" in of_b and "summed over axis 1" in of_b


@pytest.mark.parametrize("name", [*GRAPHS, "network"])
def test_each_step_shows_what_it_computes(name, show):
    root, model = network() if name == "network" else (GRAPHS[name](), None)
    page = draw_backward(root, model=model)
    shown = show(page)
    read = """() => [$("panel").innerText, [...document.querySelectorAll("[data-rule]")].map(rule => {
      const last = [...rule.querySelectorAll("pre:not(.source), .formula")].filter(e => !e.closest(".where")).at(-1);
      return [rule.innerText, last?.textContent];
    })]"""
    for step in page.steps:
        text, cards = shown.tab.evaluate(read)
        assert step["title"] in text
        isnt_back = step["phase"] == "forward" or step["operation"] is None
        rules = [] if isnt_back else page.operations[step["operation"]]["rules"]
        for (text, last), rule in zip(cards, rules, strict=True):
            total = page.arrays[rule["total"]]
            assert text.startswith(page.values[rule["to"]]["gradient"])
            assert ("along another path" in text) == rule["more"]
            assert ("Paths meet" in text) == (rule["before"] is not None)
            if total.size <= 48 and total.dtype.kind != "c":
                said, near = numbers(last.split(" = ")[-1])[-total.size :], 2e-3 * np.abs(total).max()
                np.testing.assert_allclose(said, total.ravel(), rtol=2e-3, atol=near)
        shown.tab.keyboard.press("ArrowRight")
    assert shown.at_end()


def test_complex_gradients_are_said_to_be_conjugated(show):
    shown = show(draw_backward(GRAPHS["complex_numbers"]()))
    assert "[1+2j " in shown.text().replace(".0", "")
    shown.tab.keyboard.press("End")
    assert "Complex gradients are shown as .grad has them: conjugated." in shown.text()


def test_letters_of_arrays_unfold_and_stay_so(show):
    root, _ = broadcast()
    shown = show(draw_backward(root))
    at_step(shown, "Backward through ×")
    of_x = next(r for r in shown.tab.locator(".rule").all() if r.inner_text().startswith("∂Σy/∂x"))
    assert "The numbers of ∂Σy/∂v1 and w" in of_x.inner_text()
    of_x.locator("summary").click()
    of_x.locator("details pre").first.wait_for()
    assert "w (4,)\n[ 0.5 −1.0  2.0  1.0]" in of_x.inner_text().replace("\n\n", "\n")
    shown.tab.keyboard.press("ArrowLeft")
    shown.tab.keyboard.press("ArrowRight")
    assert of_x.locator("details").get_attribute("open") is not None


def cancelling(kind):
    a, b, k = Tensor(1.0001, name="a"), Tensor(1.0002, name="b"), Tensor(1000.01, name="k")
    if kind == "difference":
        return (a - b) * 1.0
    if kind == "constant":
        return k * 1.0 - 1000.0
    if kind == "large":
        return (a - b) * 1e9 - a * 1e6
    if kind == "power":
        return (k * 1e-3 * 1.0) ** 300
    return np.tanh(Tensor(9.0, name="t") * 1.0) * a


@pytest.mark.parametrize("kind", ["difference", "constant", "large", "power", "saturated"])
def test_the_numbers_put_in_give_the_result(kind, show):
    shown = show(draw_backward(cancelling(kind)))
    seen = 0
    for _ in shown.steps:
        for line in shown.tab.locator("#panel .formula .line").all():
            html = line.evaluate("e => e.innerHTML")
            text = line.inner_text().replace("−", "-").replace("·", "*").replace("(", " (")
            parts = text.removeprefix("= ").split(" = ")
            if not text.startswith("=") or len(parts) != 2 or "fraction" in html or re.search("[a-z]{2}", text):
                continue
            power = re.search(r"([^<>]*)</span><sup>(.*?)</sup>", html)
            if power:
                continue
            seen += 1
            result = float(parts[1])
            assert eval(parts[0]) == pytest.approx(result, rel=3e-3), text
        shown.tab.keyboard.press("ArrowRight")
    assert seen > 0
    if kind == "power":
        shown.tab.keyboard.press("Home")
        found = []
        for _ in shown.steps:
            found += shown.tab.locator("#panel .formula .line", has=shown.tab.locator("sup")).all_inner_texts()
            shown.tab.keyboard.press("ArrowRight")
        assert any("1.00001" in line for line in found), found


# Heat maps ------------------------------------------------------------------------------------------------------------


SWEPT = """() => {
  const cells = document.querySelector("#panel .cells"), box = cells.getBoundingClientRect(), said = new Map();
  for (let y = 1; y < box.height; y += 2) {
    for (let x = 1; x < box.width; x += 2) {
      cells.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
      said.set(document.querySelector("#panel .readout").textContent, [x, y]);
    }
  }
  return [...said];
}"""


@pytest.mark.parametrize("name", ["w", "v", "u"])
def test_large_arrays_are_maps_that_tell_each_number(name, show):
    page = draw_backward(large())
    shown = show(page)
    (step,) = [i for i, o in enumerate(page.operations) if name in [page.values[v]["name"] for v in o["inputs"]]]
    shown.tab.locator("#slider").fill(str(step))
    array = page.arrays[next(v for v in page.values if v["name"] == name)["data"]]
    said = dict(shown.tab.evaluate(SWEPT))
    said.pop("Point at a cell, or use the arrow keys.", None)
    told = {}
    for text in said:
        index, told_number = re.fullmatch(rf"{name}\[(.*)\] = (.*)", text).groups()
        told[tuple(map(int, index.split(", ")))] = number(told_number)
    assert set(told) == set(np.ndindex(array.shape)), "each has its cell"
    for index, x in told.items():
        np.testing.assert_allclose(x, array[index], rtol=1e-3)
    places = {tuple(map(int, re.findall(r"\d+", text.split("]")[0]))): place for text, place in said.items()}
    for index, (x, y) in places.items():
        right, below = (*index[:-1], index[-1] + 1), (*index[:-2], *np.add(index[-2:], (1, 0)))
        if array.ndim > 1 and right in places:
            assert places[right][0] > x and places[right][1] == y
        if array.ndim > 1 and below in places:
            assert places[below][0] == x and places[below][1] > y


def test_maps_by_keyboard_and_as_numbers(show):
    page = draw_backward(large())
    shown = show(page)
    tab = shown.tab
    said = tab.locator("#panel .readout").first
    assert "2 nan or inf" in tab.locator("#panel .map").first.inner_text()
    tab.locator("#panel .cells").first.focus()
    for key, text in [
        ("ArrowRight", "w[0, 1] = −0.9492"), ("ArrowDown", "w[1, 1] = −0.4407"), ("ArrowRight", "w[1, 2] = nan"),
        ("ArrowUp", "w[0, 2] = −0.8983"), ("End", "w[5, 9] = −inf"), ("Home", "w[0, 0] = −1"),
        ("ArrowLeft", "w[0, 0] = −1"),
    ]:  # fmt: skip
        tab.keyboard.press(key)
        assert said.inner_text() == text
    assert shown.step.startswith("step 1 of"), "the map keeps its keys"
    assert (
        tab.locator("#panel .cells").first.get_attribute("aria-label").startswith("w, shape (6, 10), from −1 to 1.949")
    )
    tab.locator("#panel .large button").first.click()
    assert "−0.9492" in tab.locator("#panel .large pre").inner_text()
    assert tab.locator("#panel .large button").first.inner_text() == "As a map"
    tab.keyboard.press("Enter")  # the focus stayed
    assert tab.locator("#panel .large pre").count() == 0


def test_colours_tell_sign_and_size(show):
    shown = show(draw_backward((Tensor(np.array([[-4.0, 0.0, 2.0] + [1.0] * 57]), name="w") * 1.0).sum()))
    pixels = shown.tab.evaluate(
        "[...document.querySelector('#panel canvas').getContext('2d').getImageData(0, 0, 3, 1).data]"
    )
    low, zero, high = np.reshape(pixels, (3, 4)).astype(int)
    assert low[3] == 255 and low[2] > low[0], "the largest is as dark as can be, and blue if negative"
    assert zero[3] == 0
    assert abs(high[3] - 128) <= 1 and high[0] > high[2]
    assert shown.tab.locator("#panel figcaption").first.inner_text().split() == ["−4", "0", "4"]


def test_maps_of_many_axes_are_apart_by_a_line_and_named(show):
    v = Tensor(np.arange(1.0, 121).reshape(4, 5, 6), name="v")
    shown = show(draw_backward((v * 3).sum()))
    assert "4 maps of 5 × 6, by the first axis: [0] [1]" in shown.tab.locator("#panel .map .note").first.inner_text()
    between = shown.tab.evaluate("""() => {
      const canvas = document.querySelector("#panel canvas"), { width, height } = canvas;
      const row = canvas.getContext("2d").getImageData(0, 1, width, 1).data;
      const isGrey = x => [0, 1, 2].every(k => Math.abs(row[4 * x + k] - 128) <= 1);
      return [...Array(width).keys()].filter(isGrey).length / width;
    }""")
    assert 0 < between < 0.03
    shown.tab.locator("#panel .cells").first.focus()
    for key, text in [("Home", "v[0, 0, 0] = 1"), *[("ArrowRight", None)] * 5, ("ArrowRight", "v[1, 0, 0] = 31")]:
        shown.tab.keyboard.press(key)
        if text:
            assert shown.tab.locator("#panel .readout").first.inner_text() == text


def test_blocks_of_a_very_large_array_are_said_to_be_means(show):
    w = np.arange(300.0 * 400).reshape(300, 400)
    shown = show(draw_backward((Tensor(w, name="w") * 1e-3).sum()))
    figure = shown.tab.locator("#panel .map").first
    assert "Each cell is the mean of 2 or 3 × 3 or 4 numbers." in figure.inner_text()
    assert (
        "single numbers from 0 to 1.2e5" in figure.inner_text()
        or "single numbers from 0 to 119999" in figure.inner_text()
    )
    shown.tab.locator("#panel .cells").first.focus()
    shown.tab.keyboard.press("End")
    text = figure.locator(".readout").inner_text()
    assert text.startswith("rows ") and ", columns " in text and ": mean " in text
    top, bottom, left, right, mean = numbers(text)
    assert (bottom, right) == (299, 399)
    np.testing.assert_allclose(mean, w[int(top) :, int(left) :].mean(), rtol=1e-3)
    assert shown.tab.locator("#panel .large").first.locator("button").count() == 0


# Predicting -----------------------------------------------------------------------------------------------------------


def test_gradients_are_hidden_until_one_has_said_them(show):
    root, _ = scalars()
    shown = show(draw_backward(root))
    tab = shown.tab
    tab.keyboard.press("p")
    assert tab.get_attribute("#predict", "aria-pressed") == "true"
    at_step(shown, "Backward through ×")
    for _ in range(2):
        tab.locator(".question").get_by_text("Show me").first.click()
    at_step(shown, "Backward through +")
    texts = card(shown, 0).inner_text()
    assert "What is ∂y/∂c after this step?" in texts and "There was already −2." in texts
    assert not re.search("−[68]", texts)
    values = tab.evaluate("""[...document.querySelectorAll("#graph .node .gradient")]
      .filter(t => getComputedStyle(t).opacity > 0).map(t => t.textContent).join(" ")""")
    assert "8" not in values and "6" in values, "what arrived is seen, what is asked is not"
    field = card(shown, 0).locator("input")
    for typed, told in [
        ("8", "the sign is wrong"), ("-6", "This is what comes along this path. There was already −2"),
        ("-2", "what was there before"), ("4", "wrong sign, or was subtracted"), ("-16", "twice ∂y/∂c"),
        ("-4", "half of ∂y/∂c"), ("-26", "4 times what comes along this path"),
        ("-0.125", "1 divided by the right number"), ("17", "Not yet"), ("x", "no number"),
    ]:  # fmt: skip
        field.fill(typed)
        field.press("Enter")
        assert told in card(shown, 0).locator(".feedback").inner_text(), typed
        assert told in tab.get_by_role("status").inner_text()
        assert card(shown, 0).locator("input").evaluate("e => e === document.activeElement")
    assert "The rule gives ∂y/∂v2" in card(shown, 0).inner_text(), "the formula, once one was wrong"
    field.fill("−8")
    field.press("Enter")
    assert "Right." in card(shown, 0).inner_text() and "∂y/∂c = −2 + (−6) = −8" in card(shown, 0).inner_text()
    assert tab.inner_text("#score") == "0 of 3 at the first try"
    assert card(shown, 1).locator("input").evaluate("e => e === document.activeElement")
    tab.keyboard.type("-6")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#score") == "1 of 4 at the first try"
    assert tab.evaluate("document.activeElement.id") == "next"
    tab.keyboard.press("Enter")
    assert tab.locator(".question").count() > 0
    tab.locator(".question button", has_text="Hint").first.click()
    assert "The rule gives" in tab.inner_text(".question") and "1 of 4" in tab.inner_text("#score")
    tab.locator(".question button", has_text="Show me").first.click()
    assert tab.inner_text("#score") == "1 of 5 at the first try"
    tab.click("#predict")
    assert tab.locator(".question").count() == 0 and tab.inner_text("#score") == ""


def diagnosed(shown, title, name, i, typed, which=0):
    """What is said of a number for the i-th element of the gradient of `name`."""
    step = shown.steps[[k for k, s in enumerate(shown.steps) if s["title"] == title][which]]
    return shown.tab.evaluate(
        """([k, name, i, x]) => {
          const o = model.operations[k], rule = o.rules.find(r => model.values[r.to].name === name);
          return predict.diagnose(o, rule, i, x);
        }""",
        [step["operation"], name, i, typed],
    )


def test_what_went_wrong_is_found_among_the_numbers(show):
    a, b, k = Tensor(2.0, name="a"), Tensor(-3.0, name="b"), Tensor(5.0, name="k")
    c = a * b
    c.name = "c"
    shown = show(draw_backward(c * k))
    assert diagnosed(shown, "Backward through ×", "a", 0, 10.0, 1) == "This takes what goes to b, the other operand."
    local = diagnosed(shown, "Backward through ×", "a", 0, -3.0, 1)
    assert local == "This takes the local derivative alone. Multiply it by what arrives, ∂y/∂c = 5."
    assert diagnosed(shown, "Backward through ×", "a", 0, 15.0, 1) == "The size is right, the sign is wrong."
    assert diagnosed(shown, "Backward through ×", "a", 0, 123.0, 1) is None
    assert diagnosed(shown, "Backward through ×", "a", 0, -1 / 15, 1) == "This is 1 divided by the right number."
    assert diagnosed(shown, "Backward through ×", "a", 0, -5.0, 1) == "This is 1/3 of ∂y/∂a."

    x = Tensor([1.0, 2.0, 4.0, 8.0], name="x")
    shown = show(draw_backward(x.mean() * 3.0))
    told = diagnosed(shown, "Backward through mean", "x", 2, 3.0)
    assert told == "This is 4 times ∂y/∂x. 4 numbers of x go into each of v1: their mean divides by that."

    root, made = broadcast()
    shown = show(draw_backward(root))
    part = ((1 - made["h"].data ** 2) * made["x"].data)[1, 0]
    told = diagnosed(shown, "Backward through ×", "w", 0, float(part))
    assert told == (
        "This takes one of the 2 numbers that the rule gives here: they are summed over axis 0, as broadcasting had "
        "repeated w there."
    )


def test_of_an_array_the_shape_is_asked_first(show):
    root, made = broadcast()
    shown = show(draw_backward(root))
    root.backward()
    tab = shown.tab
    tab.keyboard.press("p")
    at_step(shown, "Backward through ×")
    for name in ("h", "w", "v2", "v1"):  # what was sent before
        tab.evaluate(
            f"predict.reveal(model.values.findIndex(v => v.name === '{name}'), {shown.steps[-1]['operation']})"
        )
    shown.tab.keyboard.press("ArrowLeft")
    shown.tab.keyboard.press("ArrowRight")
    k = next(i for i in range(2) if card(shown, i).inner_text().startswith("∂Σy/∂w"))
    assert "(4,)" not in card(shown, k).locator("h4").inner_text()
    assert [b.inner_text() for b in card(shown, k).locator(".choices button").all()] == ["()", "(4,)", "(2, 4)"]
    card(shown, k).locator(".choices button", has_text="(2, 4)").click()
    assert "the rule gives this shape, but it is summed over axis 0" in card(shown, k).inner_text()
    card(shown, k).locator(".choices button", has_text="(4,)").click()
    place = int(np.argmax(np.abs(made["w"].grad)))
    assert f"What is ∂Σy/∂w[{place}] after this step?" in card(shown, k).inner_text()
    card(shown, k).locator("input").fill(f"{made['w'].grad[place]:.4g}")
    tab.keyboard.press("Enter")
    assert "Right." in card(shown, k).inner_text()
    assert tab.inner_text("#score") == "0 of 1 at the first try", "the shape was wrong at first"


def test_a_question_behind_another_doesnt_tell_its_answer(show):
    a = Tensor(3.0, name="a")
    shown = show(draw_backward(a * a))
    shown.tab.keyboard.press("p")
    at_step(shown, "Backward through ×")
    assert "Answer the question above first." in card(shown, 1).inner_text()
    assert "3" not in card(shown, 1).inner_text()
    card(shown, 0).locator("input").fill("3")
    shown.tab.keyboard.press("Enter")
    assert "There was already 3." in card(shown, 1).inner_text()
    card(shown, 1).locator("input").fill("6")
    shown.tab.keyboard.press("Enter")
    assert shown.tab.inner_text("#score") == "2 of 2 at the first try"


def test_of_a_late_step_what_was_not_said_before_stays_hidden(show):
    shown = show(draw_backward(scalars()[0]))
    shown.tab.keyboard.press("p")
    at_step(shown, "Backward through +")
    assert "∂y/∂v2 hasn't been predicted yet: it is asked for in a step before." in shown.text()
    assert not numbers(shown.text().split("What arrives")[1].replace("v2", "").replace("v1", ""))
    shown.card("v2").focus()
    assert shown.card("v2").get_attribute("aria-label") == "v2, shape (). Value −2."
    opacity = "card => getComputedStyle([...card.querySelectorAll('text.gradient')].at(-1)).opacity"
    assert shown.card("v2").evaluate(opacity) == "0"
    shown.tab.get_by_role("button", name="Show ∂y/∂v2").click()
    assert "−6" in shown.text() and shown.card("v2").evaluate(opacity) == "1"
    assert "∂y/∂c hasn't been predicted yet, as far as it was there before" in card(shown, 0).inner_text()
    card(shown, 0).get_by_role("button", name="Show ∂y/∂c").click()
    assert "There was already −2." in card(shown, 0).inner_text() and "−8" not in shown.text()


def test_a_folded_layer_does_not_tell_what_is_to_be_predicted(show):
    loss, model = network()
    loss.backward()
    shown = show(draw_backward(loss, model=model), "#step=11&fold=layers.0")
    tab = shown.tab
    tab.keyboard.press("p")
    folded = tab.inner_text("#step")
    assert "∂loss/∂layers.0.weight" in folded and "Unfold it to predict them." in folded
    assert "[" not in folded
    tab.get_by_role("button", name="Unfold the layer").click()
    assert tab.locator(".block:visible").count() == 0
    tab.evaluate("model.values.forEach((_, i) => predict.reveal(i))")
    tab.evaluate("graph.fold(['layers.0'], true)")
    assert "What the layer sends on" in shown.text()


def test_numbers_are_read_as_they_are_written(show):
    shown = show(draw_backward(scalars()[0]))
    typed = {
        "-8": -8, "(-8)": -8, "- 8": -8, "\u20138": -8, "−3": -3, "2*-4": -8, "2 · (−4)": -8, "1,5": 1.5, "1/3": 1 / 3,
        "1e-3": 1e-3, "1e−3": 1e-3, "+.5": 0.5, "6/2*3": 9, "1e309": np.inf, "-1e309": -np.inf,
    }  # fmt: skip
    read = "texts => texts.map(t => String(labels.read(t)))"
    assert list(map(float, shown.tab.evaluate(read, list(typed)))) == list(typed.values())
    none = ["", "x", "1 2", "--3", "(3", "3)", "1/", "1/0", "0x10", "Infinity", "NaN", "1e", "2**3", "1.2.3", "e5"]
    assert set(shown.tab.evaluate(read, none)) == {"NaN"}


def test_two_digits_are_not_enough(show):
    a = Tensor(2.0, name="a")
    shown = show(draw_backward(a / 6.0))
    shown.tab.keyboard.press("p")
    shown.tab.keyboard.press("End")
    card(shown, 0).locator("input").fill("0.17")
    shown.tab.keyboard.press("Enter")
    assert "Near: give four digits." in card(shown, 0).inner_text()
    card(shown, 0).locator("input").fill("1/6")
    shown.tab.keyboard.press("Enter")
    assert "Right." in card(shown, 0).inner_text()


def test_why_a_gradient_is_not_asked_for_is_said(show):
    a = Tensor(0.0, name="a")
    with np.errstate(all="ignore"):
        shown = show(draw_backward(np.sqrt(a)))
    shown.tab.keyboard.press("p")
    shown.tab.keyboard.press("End")
    assert "There is no question to this gradient: it has numbers that are nan or inf." in card(shown, 0).inner_text()


def test_nor_does_one_behind_two_others(show):
    a, b = Tensor([3.0], name="a"), Tensor([5.0], name="b")
    shown = show(draw_backward(np.concatenate([a, b, b]).sum()))
    shown.tab.keyboard.press("p")
    at_step(shown, "Backward through concatenate axis=0")
    shown.tab.get_by_role("button", name="Show ∂y/∂v1").click()
    waiting = "Answer the question above first."
    assert [waiting in card(shown, i).inner_text() for i in range(3)] == [False, False, True]
    card(shown, 0).get_by_text("Show me").click()
    assert waiting in card(shown, 2).inner_text()
    card(shown, 1).get_by_text("Show me").click()
    assert "There was already 1." in card(shown, 2).inner_text()


def test_the_map_of_a_part_isnt_called_the_gradient(show):
    w = Tensor(np.arange(60.0), name="w")
    shown = show(draw_backward((w * w).sum()))
    at_step(shown, "Backward through ×")
    first, second = (
        [c.get_attribute("aria-label").split(",")[0] for c in card(shown, i).locator(".cells").all()] for i in (0, 1)
    )
    assert first == ["what the rule gives"]
    assert second == ["what the rule gives", "what was there", "what arrives", "∂y/∂w"]


# Changing numbers, and checking gradients -----------------------------------------------------------------------------


def test_a_changed_leaf_changes_all_that_is_shown(show):
    shown = show(draw_backward(scalars()[0]))
    tab = shown.tab
    shown.tab.keyboard.press("End")
    tab.click("#change")
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "a"
    assert not tab.is_visible("#changed")
    tab.keyboard.press("Control+a")
    tab.keyboard.type("-1.5")
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "a", "the focus stays"
    root, made = scalars(-1.5)
    root.backward()
    n = len(shown.steps)
    got = tab.evaluate("model.values.filter(v => v.leaf).map(v => [v.name, v.grad.data[0]])")
    assert dict(got) == pytest.approx({name: made[name].grad.item() for name in "ab"})
    last = shown.text()
    assert tab.get_by_role("status").inner_text() == "The numbers aren't those of your program any more."
    after = "getComputedStyle(document.getElementById('count'), '::after').content"
    assert "changed" in tab.evaluate(after), "and it is seen wherever the panel is scrolled to"
    assert tab.is_visible("#changed") and shown.step == f"step {n} of {n}"
    assert any(abs(x - made["a"].grad) < 1e-3 for x in numbers(last))
    slider = tab.get_by_role("slider", name="Slider of a")
    slider.fill("2.5")
    assert tab.locator("#editor .fields input").input_value() == "2.5"
    root, made = scalars(2.5)
    root.backward()
    assert tab.evaluate("model.values.find(v => v.name === 'a').grad.data[0]") == pytest.approx(made["a"].grad.item())
    tab.click("#reset")
    assert not tab.is_visible("#changed") and tab.evaluate(after) == "none"
    assert tab.locator("#editor .fields input").input_value() == "2"
    assert tab.evaluate("document.activeElement.id") == "change"


def test_a_leaf_can_be_changed_for_another_from_within_a_field(show):
    x, a = Tensor([1.0, 2.0, 3.0], name="x"), Tensor(4.0, name="a")
    shown = show(draw_backward(x * a))
    tab = shown.tab
    shown.card("x").click()
    tab.get_by_label("x[2]", exact=True).fill("-2,5")
    tab.evaluate("editor.open(model.values.findIndex(v => v.name === 'a'))")
    assert tab.locator("#editor .fields input").evaluate_all("all => all.map(e => e.value)") == ["4"]
    leaves = tab.evaluate("model.values.filter(v => v.leaf).map(v => [v.name, [...v.data.data]])")
    assert dict(leaves) == {"x": [1, 2, -2.5], "a": [4]}


def test_numbers_in_the_editor_are_read_and_refused(show):
    shown = show(draw_backward(scalars()[0]))
    tab = shown.tab
    tab.click("#change")
    field = tab.locator("#editor .fields input")
    value = "model.values.find(v => v.name === 'a').data.data[0]"
    for typed, x in {"1,5": 1.5, "−3": -3, "1/3": 1 / 3, "1e-3": 1e-3, "50": 50}.items():
        field.fill(typed)
        assert tab.evaluate(value) == x and tab.inner_text(".problem") == ""
        slider = tab.get_by_role("slider", name="Slider of a")
        assert float(slider.get_attribute("max")) == (100 if x == 50 else 3)
        assert float(slider.input_value()) == pytest.approx(x, abs=0.5)
    for typed, said in {"1e309": "too large", "two": "no number", "": "no number"}.items():
        field.fill(typed)
        assert said in tab.inner_text(".problem") and field.get_attribute("aria-invalid") == "true"
        assert tab.evaluate(value) == 50
    field.press("Tab")
    assert field.input_value() == "50" and tab.inner_text(".problem") == ""


def test_numbers_that_are_none_can_be_made_one(show):
    shown = show(draw_backward((Tensor([np.nan, -np.inf, 1.0], name="w") * 2.0).sum()))
    tab = shown.tab
    tab.click("#change")
    fields = tab.locator("#editor .fields input")
    assert fields.evaluate_all("all => all.map(e => e.value)") == ["nan", "−inf", "1"]
    tab.get_by_role("slider", name="Slider of w[0]").fill("1.5")
    fields.nth(1).fill("-2")
    assert tab.evaluate("[...model.values.find(v => v.name === 'w').data.data]") == [1.5, -2, 1]


def test_masks_are_switched_and_whole_numbers_stay(show):
    x, mask = Tensor([2.0, 3.0], name="x"), np.array([True, False])
    shown = show(draw_backward((np.where(mask, x, x * x) * np.array([4, 5])).sum()))
    tab = shown.tab
    shown.card("c2").click()
    assert "Whole numbers, such as labels and indices, stay as they were." in tab.inner_text("#editor")
    assert not tab.locator("#editor .fields input").count()
    shown.card("c1").click()
    options = tab.locator("#editor option").all_inner_texts()
    assert [option.split()[0] for option in options] == ["x", "c1"]
    assert tab.locator("#editor input[type=range]").count() == 0
    tab.get_by_label("c1[1]").check()
    assert tab.evaluate("model.values.find(v => v.name === 'x').grad.data[1]") == 5
    at_step(shown, next(step["title"] for step in shown.steps if "where" in step["title"]))
    assert re.search(r"\[True +True\]", shown.text())


def test_what_is_typed_by_halves_changes_nothing(show):
    shown = show(draw_backward(scalars()[0]))
    shown.tab.click("#change")
    field = shown.tab.locator("#editor .fields input")
    field.fill("")
    assert field.get_attribute("aria-invalid") == "true" and not shown.tab.is_visible("#changed")
    field.press("Tab")
    assert field.input_value() == "2" and field.get_attribute("aria-invalid") is None


def test_cards_open_the_editor(show):
    root, _ = broadcast()
    shown = show(draw_backward(root))
    tab = shown.tab
    shown.card("w").click()
    assert tab.locator("#editor select").evaluate("e => e.selectedOptions[0].text").startswith("w")
    assert tab.locator("#editor .fields input").count() == 4
    labels = tab.locator("#editor .fields input").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert labels == ["w[0]", "w[1]", "w[2]", "w[3]"]
    shown.card("b").press("Enter")
    assert tab.locator("#editor .fields input").count() == 2
    shown.card("h").click()
    assert "h is computed, by tanh from v2. Change a leaf, and it follows." in tab.inner_text("#editor")
    tab.locator("#editor button", has_text="Close").click()
    assert not tab.is_visible("#editor") and tab.evaluate("document.activeElement.id") == "change"


def test_leaves_with_a_gradient_come_first(show):
    loss, model = network()
    shown = show(draw_backward(loss, model=model))
    shown.tab.click("#change")
    options = shown.tab.locator("#editor option").all_inner_texts()
    assert [option.split()[0] for option in options[:4]] == [name for name, _ in model.named_parameters()]
    assert all(option.startswith("c") for option in options[4:])


def test_of_a_large_leaf_the_number_is_chosen_in_its_map(show):
    w = np.linspace(-1, 1, 100).reshape(5, 20)
    shown = show(draw_backward(np.tanh(Tensor(w, name="w"))))
    tab = shown.tab
    tab.click("#change")
    tab.locator("#editor .cells").focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    field = tab.locator("#editor .fields input")
    assert field.get_attribute("aria-label") == "w[1, 1]" and number(field.input_value()) == pytest.approx(
        w[1, 1], rel=1e-5
    )
    field.fill("3")
    assert tab.locator("#editor .readout").inner_text() == "w[1, 1] = 3"
    w[1, 1] = 3
    np.testing.assert_allclose(tab.evaluate("[...model.values[model.root].data.data]"), np.tanh(w).ravel())


def test_why_numbers_cant_be_changed_is_said(show):
    shown = show(draw_backward(GRAPHS["complex_numbers"]()))
    shown.tab.click("#change")
    assert "The numbers can't be changed on this page: there are complex numbers in it." in shown.tab.inner_text(
        "#editor"
    )


def test_each_gradient_is_checked_by_finite_differences(show):
    root, made = broadcast()
    shown = show(draw_backward(root))
    root.backward()
    at_step(shown, "Backward through ×")
    shown.tab.get_by_role("button", name="Check ∂Σy/∂w by finite differences").click()
    told = shown.tab.locator(".check").inner_text()
    assert "(Σy(w + h) − Σy(w − h)) / 2h, beside ∂Σy/∂w" in told and "They agree." in told
    rows = shown.tab.locator(".check tr").all()[1:]
    assert len(rows) == 3
    for row in rows:
        (i,) = map(int, re.findall(r"\d", row.locator("th").inner_text()))
        numeric, gradient, distance = numbers(" ".join(row.locator("td").all_inner_texts()))
        assert gradient == pytest.approx(made["w"].grad[i], rel=1e-8) and numeric == pytest.approx(gradient, rel=1e-6)
        assert distance == pytest.approx(abs(numeric - gradient), abs=1e-8)
    assert shown.tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    shown.tab.keyboard.press("ArrowLeft")
    assert shown.tab.locator(".check").count() == 0


def test_the_check_of_a_single_number_is_a_sentence(show):
    shown = show(draw_backward(scalars()[0]))
    shown.tab.keyboard.press("End")
    shown.tab.get_by_role("button", name="Check ∂y/∂b by finite differences").click()
    told = shown.tab.locator(".check").inner_text()
    assert told.startswith("(y(b + h) − y(b − h)) / 2h = −1") and ", the gradient −16: the distance is " in told


def test_a_gradient_that_is_not_complete_has_no_check(show):
    shown = show(draw_backward(scalars()[0]))
    at_step(shown, "Backward through ×", 0)
    of_c = next(i for i in range(2) if card(shown, i).inner_text().startswith("∂y/∂c"))
    assert "along another path" in card(shown, of_c).inner_text()
    assert card(shown, of_c).locator("button").count() == 0
    assert card(shown, 1 - of_c).locator("button").inner_text() == "Check"


def test_what_is_no_number_is_not_called_a_kink(show):
    a = Tensor(1.0, name="a")
    shown = show(draw_backward(np.log(a) * 2.0))
    tab = shown.tab
    tab.keyboard.press("End")
    tab.get_by_role("button", name="Check ∂y/∂a by finite differences").click()
    for x, said in {
        -1.0: "y isn't a finite number",
        0.0: "y isn't a finite number",
        1e-9: "y isn't a finite number a step",
    }.items():
        shown.put("a", x)
        told = tab.inner_text(".check")
        assert said in told and "kink" not in told and "NaN" not in told
    with np.errstate(all="ignore"):
        shown = show(draw_backward(np.sqrt(a - 1.0)))
    shown.tab.keyboard.press("End")
    shown.tab.get_by_role("button", name="Check ∂y/∂a by finite differences").click()
    told = shown.tab.inner_text(".check")
    assert "The gradient isn't a finite number." in told and "the gradient inf" in told and "NaN" not in told


def test_the_real_part_that_arrives_is_a_line_of_its_own(show):
    root, _ = broadcast()
    shown = show(draw_backward(root))
    at_step(shown, "Backward through ×")
    shown.tab.evaluate("""() => {
      for (const rule of model.operations[model.steps.at(-1).operation].rules) {
        const { shape, data } = rule.gives, pairs = Float64Array.from([...data].flatMap(x => [x, 7]));
        Object.assign(rule, { real: true, gives: Object.assign(new np.NDArray(shape, pairs), { complex: true }) });
      }
      panel.show(at);
    }""")
    texts = [shown.tab.locator(".rule").nth(i).inner_text() for i in range(2)]
    (of_x,), (of_w,) = ([t for t in texts if t.startswith(f"∂Σy/∂{name}")] for name in "xw")
    assert (
        "It is complex, and x is real: its real part arrives:" in of_x and "+7.0000j" in of_x.split("It is complex")[0]
    )
    assert "7.0000j" not in of_x.split("its real part")[1]
    told = "summed over axis 0. It is complex, and w is real: its real part arrives, of the shape (4,):"
    assert told in of_w and "7.0000j" not in of_w.split("its real part")[1]


# For all who use it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1280, 800), (390, 780), (320, 568)])
def test_nothing_is_wider_than_the_panel(size, show):
    root, _ = broadcast()
    shown = show(draw_backward(root), viewport=dict(zip(("width", "height"), size, strict=True)))
    tab = shown.tab
    tab.click("#change")
    tab.click("#predict")
    for _ in range(2):
        for _ in shown.steps:
            wide, inside = tab.evaluate("[$('side').scrollWidth, $('side').clientWidth]")
            assert wide <= inside
            small = tab.evaluate("""[...document.querySelectorAll("#panel button, #panel input:not([type=range])")]
              .filter(e => e.offsetParent && e.offsetHeight < 32).length""")
            assert small == 0
            tab.click("#next")
        tab.click("#predict")
        tab.click("#first")


def test_every_control_of_the_panel_has_a_name(show):
    root, _ = broadcast()
    shown = show(draw_backward(root))
    shown.tab.click("#change")
    shown.tab.click("#predict")
    shown.tab.keyboard.press("End")
    for role in ("button", "textbox", "spinbutton", "slider", "combobox"):
        for control in shown.tab.locator("#panel").get_by_role(role).all():
            named = control.evaluate("e => e.getAttribute('aria-label') || e.textContent || e.labels?.[0]?.textContent")
            assert named and named.strip(), control


def test_the_focus_is_not_lost_by_stepping(show):
    root, _ = broadcast()
    shown = show(draw_backward(root))
    at_step(shown, "Backward through ×")
    shown.tab.locator("#panel .rule .quiet").first.focus()
    shown.tab.keyboard.press("ArrowLeft")
    assert shown.tab.evaluate("document.activeElement.id") == "side"


@pytest.mark.parametrize("size", [(1280, 800), (390, 780), (780, 390)])
def test_the_formula_is_seen_while_the_editor_is_open(size, show):
    shown = show(draw_backward(scalars()[0]), viewport=dict(zip(("width", "height"), size, strict=True)))
    tab = shown.tab
    seen = """() => {
      const [side, editor, formula] = ["#side", "#editor", "#step .formula"].map(s => document.querySelector(s));
      const [end, low] = [editor, side].map(e => e.getBoundingClientRect().bottom);
      const { top, bottom } = formula.getBoundingClientRect();
      return top >= end && bottom <= low + 1;
    }"""
    if size != (390, 780):
        assert tab.evaluate(seen), "without scrolling"
    tab.click("#change")
    assert tab.is_visible("#editor")
    for _ in shown.steps:
        if tab.locator("#step .formula").count():
            assert tab.evaluate(seen)
        tab.click("#next")


def test_long_names_stay_in_the_panel(show):
    long = "a_name_" * 9
    a, b = Tensor(2.0, name=long), Tensor([1.0, 2.0], name=long.upper())
    shown = show(draw_backward(a * b), viewport={"width": 390, "height": 780})
    for turn in ("#change", "#predict"):
        shown.tab.click(turn)
        for link in ("#first", "#next", "#last"):
            shown.tab.click(link)
            wide, inside = shown.tab.evaluate("[$('side').scrollWidth, $('side').clientWidth]")
            assert wide <= inside
            outside = shown.tab.evaluate("""[...document.querySelectorAll("#panel :is(select, button, h4, p, summary)")]
              .filter(e => e.getBoundingClientRect().right > innerWidth).length""")
            assert outside == 0


def test_headings_and_their_names(show):
    shown = show(draw_backward(scalars()[0]))
    at_step(shown, "Backward through +")
    levels = shown.tab.locator("#step :is(h2, h3, h4, h5)").evaluate_all(
        "all => all.map(e => [+e.tagName[1], e.getAttribute('aria-label') || e.textContent])"
    )
    assert levels[0] == [2, "Backward through + "] and [3, "What the rules send on"] in levels
    assert [4, "∂y/∂c, (), one more part"] in levels
    assert all(b <= a + 1 for (a, _), (b, _) in pairwise(levels)), "no level is left out"


def test_a_rule_of_ones_own_shows_its_source_marked_as_such(show):
    def slope(g, y, x):
        total = g
        for _ in range(2):
            total = total + g
        return total

    short = tg.derivative(lambda x: 2 * x, lambda g, y, x: g * 2)
    long = tg.derivative(lambda x: 3 * x, slope)
    shown = show(draw_backward(long(short(Tensor(1.0, name="x"))) * 1.5))
    shown.open("#step=6")
    text = shown.tab.inner_text(".rule")
    assert "Your rule, in Python:" in text and "for _ in range(2):" in text
    shown.open("#step=7")
    text = shown.tab.inner_text(".rule")
    assert "= 4.5 · 2 = 9" in text and "Your rule, in Python:" in text and "lambda g, y, x: g * 2" in text
    shown.open("#step=5")
    assert "Python" not in shown.tab.inner_text(".rule")


def test_it_is_said_what_stays_when_a_number_is_changed(show):
    x = Tensor([1.0, -2.0, 3.0], name="x")
    shown = show(draw_backward(np.where(x.data > 0, x, x**2).sum()))
    assert not shown.tab.is_visible("#changed")
    shown.put("x", -1.0, 2.0, 3.0)
    told = shown.tab.inner_text("#changed")
    assert "Masks, indices and the branches of an if stay as your program chose them." in told
    assert shown.tab.evaluate("model.values[model.root].data.data[0]") == -1.0 + 4.0 + 3.0, "by the recorded mask"
