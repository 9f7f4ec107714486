"""The page of a backward pass: as a file, and in a headless browser, where there is one."""

import re

import numpy as np
import pytest
from drawn import GRAPHS, hundred_operations, network, receivers, repeated

from tensorgrad import Tensor, draw_backward, nn
from tensorgrad.draw.labels import number, table

pytest.importorskip("graphviz")


def test_the_page_is_one_file_and_the_same_each_time(tmp_path):
    page = draw_backward(repeated())
    path = page.save_html(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert text == page.html() == draw_backward(repeated()).html()
    assert not re.search(r"""(src|href)\s*=\s*["']?(?!data:)\w""", re.sub("xlink:href", "", text))
    assert page._repr_html_().startswith("<iframe srcdoc=")


# The page in a browser ------------------------------------------------------------------------------------------------

NASTY = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--<script>", "\"'&amp;|{}", "{{data}}",
    "${alert(1)}", "x\\u003c", "勾配∂", "a" * 60,
]  # fmt: skip


def assert_shows(text, array):
    """A text shows an array: all its numbers, with four digits; or of a large one the least, the largest, and the mean."""
    text = text.replace("−", "-")
    if "mean" in text:
        array = array.reshape(-1)
        shown, array = (
            re.fullmatch(r"(\S+) … (\S+), mean (\S+)", text).groups(),
            [array.min(), array.max(), array.mean()],
        )
    elif text.startswith("all "):
        shown = [text[4:]] * array.size
    else:
        words = re.findall(r"[^\s\[\]]+", text)
        shown = [x == "True" if x in ("True", "False") else x for x in words]
    shown = np.array([complex(x) for x in shown])
    assert np.allclose(shown, np.ravel(array), rtol=6e-3, atol=6e-4 * np.abs(array).max())


@pytest.mark.parametrize("name", [*GRAPHS, "network"])
def test_the_cards_tell_the_values_and_gradients_of_backward(name, show):
    root, model = network() if name == "network" else (GRAPHS[name](), None)
    page = draw_backward(root, model=model)
    root.backward()
    shown = show(page)
    for i, step in enumerate(page.steps):
        count, text = shown.tab.evaluate("() => [$('count').innerText, $('panel').innerText]")
        assert count == f"step {i + 1} of {len(page.steps)}"
        assert step["title"] in text
        shown.tab.keyboard.press("ArrowRight")
    assert shown.at_end()
    cards = shown.tab.evaluate("""() => [...document.querySelectorAll('#graph .node[tabindex]')].map(card => {
      card.focus();
      return [$("tip").querySelector("strong").textContent, [...$("tip").querySelectorAll("pre")].map(pre => pre.textContent)];
    })""")  # noqa: E501
    shown_of = dict(cards)
    assert len(shown_of) == len(cards), "no two have the same name"
    values = {v["name"]: v for v in page.values if v["card"]}
    assert set(shown_of) == set(values)
    names = {t: name for name, t in model.named_parameters()} if model else {}
    told = []
    for name, (data, *grad) in shown_of.items():
        told.append((name, *(page.arrays[values[name][key]] for key in ("data", "grad")[: 1 + len(grad)])))
        assert_shows(data, told[-1][1])
        for text in grad:
            assert_shows(text, told[-1][2])
    told = [entry for entry in told if len(entry) == 3]
    for t in sorted(receivers(root), key=lambda t: not names.get(t, t.name)):  # those with a name first
        known = names.get(t, t.name)
        of_t = [
            e
            for e in told
            if e[0] == (known or e[0]) and np.array_equal(e[1], t.data) and np.allclose(e[2], t.grad, rtol=1e-12)
        ]
        assert of_t, f"no card shows {t!r} and its gradient"
        told = [e for e in told if e is not of_t[0]]
    assert not told, "no others have a gradient"


def test_hovering_shows_the_whole_array_and_the_gradient_once_it_is_there(show):
    w = Tensor(np.arange(40.0).reshape(4, 10), name="w")
    page = draw_backward((w**2).sum())
    shown = show(page)
    shown.card("w").hover()
    assert len(shown.tip()) == 1
    assert_shows(shown.tip()[0], w.data)
    shown.tab.keyboard.press("End")
    shown.tab.mouse.move(5, 5)
    assert not shown.tab.is_visible("#tip")
    shown.card("w").hover()
    assert_shows(shown.tip()[0], w.data)
    assert_shows(shown.tip()[1], 2 * w.data)
    box = shown.tab.locator("#tip").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0 and box["y"] + box["height"] <= 800
    shown.tab.keyboard.press("Escape")
    assert not shown.tab.is_visible("#tip")


def test_in_a_notebook_it_stands_in_a_frame(browser):
    complaints, tab = [], browser.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.set_content(draw_backward(repeated())._repr_html_())
    frame = tab.frames[1]
    frame.click("#last")
    assert frame.inner_text("#count") == "step 9 of 9"
    assert complaints == []
    tab.close()


def test_every_way_leads_to_the_end(show):
    page = draw_backward(repeated())
    n = len(page.steps)
    shown = show(page)
    tab = shown.tab
    by_button = [shown.text()]
    for _ in range(n - 1):
        tab.click("#next")
        by_button.append(shown.text())
    assert shown.at_end() and len(set(by_button)) == n
    tab.click("#next")
    assert shown.at_end()
    for text in by_button[-2::-1]:
        tab.click("#back")
        assert shown.text() == text
    tab.click("#last")
    assert shown.at_end()
    tab.click("#first")
    assert shown.step.startswith("step 1 of")

    for text in by_button[1:]:
        tab.keyboard.press("ArrowRight")
        assert shown.text() == text
    tab.keyboard.press("Home")
    assert shown.text() == by_button[0]
    tab.keyboard.press("End")
    tab.keyboard.press("ArrowLeft")
    assert shown.text() == by_button[-2]

    for i, text in enumerate(by_button):
        tab.locator("#slider").fill(str(i))
        assert shown.text() == text
    tab.focus("#slider")
    tab.keyboard.press("Home")
    for text in by_button[1:]:
        tab.keyboard.press("ArrowRight")
        assert shown.text() == text


def test_play_goes_to_the_end_and_pauses(show):
    page = draw_backward(repeated())
    shown = show(page)
    tab = shown.tab
    tab.clock.install()
    shown.open()
    tab.click("#play")
    assert tab.inner_text("#play") == "Pause"
    tab.clock.run_for(1700)
    assert shown.step.startswith("step 2 of")
    tab.keyboard.press("Space")
    tab.clock.run_for(20_000)
    assert shown.step.startswith("step 2 of")
    tab.locator("#slider").focus()
    tab.keyboard.press("Space")
    tab.clock.run_for(1700 * len(page.steps))
    assert shown.at_end() and tab.inner_text("#play") == "Play"
    tab.click("#play")  # from the beginning
    assert shown.step.startswith("step 1 of")


def test_names_with_any_sign_are_shown_and_do_nothing(show):
    total = sum((Tensor(float(i), name=name) * 2 for i, name in enumerate(NASTY)), Tensor(0.0, name="start"))
    total.name = NASTY[0]
    page = draw_backward(total, title=NASTY[0])
    shown = show(page)
    assert shown.tab.inner_text("h1") == NASTY[0]
    shown.tab.keyboard.press("End")
    for name in NASTY[1:]:
        shown.card(name).focus()
        assert shown.tab.inner_text("#tip strong") == name
    texts = []
    for _ in page.steps:
        texts.append(shown.text())
        shown.tab.keyboard.press("ArrowLeft")
    for name in NASTY:
        assert any(name in text for text in texts), name
    assert shown.tab.locator("script").count() == 2
    assert shown.tab.locator("#graph img, #panel img").count() == 0


def test_versions_have_cards_with_the_numbers_of_then(show):
    A, v = Tensor(np.zeros(3), name="<A>", requires_grad=False), Tensor([1.0, 2.0], name="v")
    A[[1, 1]] = v
    A[0] = 5.0
    shown = show(draw_backward((A * A).sum()))
    assert "Forward through <A>[[1, 1]] = v" in shown.text()
    shown.tab.keyboard.press("End")
    shown.card("<A>₀").focus()
    assert shown.tip() == ["[0 0 0]"]
    shown.card("<A>₁").focus()
    assert shown.tip() == ["[0 2 0]", "[0 4 0]"]


def test_keyboard_alone_reaches_everything(show):
    loss, model = network()
    shown = show(draw_backward(loss, model=model))
    tab, reached = shown.tab, []
    for _ in range(40):
        tab.keyboard.press("Tab")
        at = "e => e.closest('#graph') ? e.getAttribute('aria-label') : e.id"
        reached.append(tab.locator(":focus").evaluate(at) if tab.locator(":focus").count() else "")
    controls = ["skip", "theme", "first", "back", "play", "next", "last", "slider", "side", "layers", "smaller", "fit"]
    assert [name for name in reached[:20] if name in controls] == controls, "controls come before the cards"
    cards = [name.split(",")[0] for name in reached if ", shape" in name]
    assert {"layers.0.weight", "loss"} <= set(cards) and len(set(cards)) == len(cards)
    assert [name.split(":")[0] for name in reached if name.endswith("Fold")] == ["layers.0", "layers.1"]
    assert reached.index("larger") < min(reached.index(name) for name in reached if ", shape" in name)
    tab.focus("#next")
    tab.keyboard.press("Enter")
    assert shown.step.startswith("step 2 of")
    tab.focus("#skip")
    assert tab.locator("#skip").bounding_box()["x"] >= 0, "it is seen when it has the focus"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "side" and shown.step.startswith("step 2 of")


def test_what_has_the_focus_is_marked(show):
    loss, model = network()
    tab = show(draw_backward(loss, model=model)).tab
    look = """e => [e, ...e.querySelectorAll('*')].map(part => {
      const style = getComputedStyle(part);
      return [style.outlineStyle, style.stroke, style.strokeDasharray].join();
    }).join(';')"""
    before = {
        e.get_attribute("aria-label") or e.get_attribute("id"): e.evaluate(look)
        for e in tab.locator("[tabindex], button, input, a[id]").all()
    }
    for _ in range(len(before)):
        tab.keyboard.press("Tab")
        at = tab.locator(":focus")
        name = at.get_attribute("aria-label") or at.get_attribute("id")
        assert at.evaluate(look) != before[name], name


def test_keys_in_fields_are_left_to_them(show):
    shown = show(draw_backward(repeated()))
    tab = shown.tab
    tab.evaluate("""() => $("side").insertAdjacentHTML("afterbegin", `<input id="words"><input id="number" type="number" value="5">
      <input id="range" type="range"><textarea id="lines"></textarea><div id="map" tabindex="0"></div><button id="button">a</button>`)""")
    tab.evaluate("$('map').addEventListener('keydown', event => event.preventDefault())")  # as a heat map does
    for name in ("words", "number", "range", "lines", "map"):
        tab.focus(f"#{name}")
        for key in ("ArrowRight", "End", "Home", " ", "0", "-", "+", "f"):
            tab.keyboard.press(key)
            assert shown.step == "step 1 of 9", (name, key)
    assert tab.input_value("#words") == " 0-+f" or tab.input_value("#words") == "0-+f "
    assert tab.inner_text("#play") == "Play" and tab.input_value("#lines").strip() == "0-+f"
    tab.focus("#button")
    tab.keyboard.press("Space")
    assert tab.inner_text("#play") == "Play"
    tab.keyboard.press("ArrowRight")
    assert shown.step == "step 2 of 9"


def test_a_screen_reader_is_told_each_step(show):
    page = draw_backward(repeated())
    shown = show(page)
    tab = shown.tab
    for button in tab.get_by_role("button").all():
        assert button.get_attribute("aria-label") or button.inner_text()
    assert tab.get_by_role("slider", name="Step").count() == 1
    assert tab.get_by_role("status").inner_text() == "Step 1 of 9. Forward through ×: from a and b to c."
    tab.keyboard.press("End")
    assert tab.get_by_role("status").inner_text().startswith("Step 9 of 9. Backward through ×. To a:")
    assert tab.get_attribute("#slider", "aria-valuetext") == "9 of 9: Backward through ×"
    shown.card("a").focus()
    assert shown.card("a").get_attribute("aria-label") == "a, shape (). Value 2. Gradient −4."
    assert tab.locator("html").get_attribute("lang") == "en"


CONTRAST = """() => {
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = s => { const [r, g, b] = s.match(/[\\d.]+/g).map(Number); return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b); };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c) && c !== "transparent") return c; } return "rgb(255, 255, 255)"; };
  const worst = [], compare = (a, b, what) => worst.push([(Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05), what]);
  for (const e of document.querySelectorAll("h1, h2, h3, p, pre, small, .formula, #legend li, button, #count")) {
    if (!e.offsetParent || !e.textContent.trim()) continue;
    compare(getComputedStyle(e).color, ground(e), e.tagName + " " + e.textContent.slice(0, 20));
  }
  for (const e of document.querySelectorAll("#graph text")) {
    const g = e.closest(".node, .block, .cluster"), shape = g?.querySelector(g.matches(".block") ? "rect:nth-of-type(2)" : "path, polygon, ellipse");
    const fill = shape ? getComputedStyle(shape).fill : ground(document.body);
    compare(getComputedStyle(e).fill, fill, (g?.getAttribute("class") ?? "edge") + " " + e.textContent);
    if (shape && g.matches(".node")) worst.push([getComputedStyle(shape).stroke === fill && !g.matches(".operation") ? 0 : 21, "border of " + g.textContent]);
  }
  return worst.sort((a, b) => a[0] - b[0])[0];
}"""  # noqa: E501


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_both_readable(scheme, show):
    loss, model = network()
    shown = show(draw_backward(loss, model=model), "#step=1&fold=layers.1", color_scheme=scheme)
    looks = """() => ['parameter', 'constant', 'intermediate', 'output'].map(kind => {
      const node = document.querySelector(`.node.${kind}`);
      node.classList.remove("now");
      const { fill, stroke } = getComputedStyle(node.querySelector("path, polygon"));
      return [fill, stroke].join();
    })"""
    legend = """() => [...document.querySelectorAll('#legend i')].map(i => {
      const { backgroundColor, borderTopColor } = getComputedStyle(i);
      return [backgroundColor, borderTopColor].join();
    })"""

    def paper():
        return sum(
            map(int, re.findall(r"\d+", shown.tab.evaluate("getComputedStyle(document.body).backgroundColor"))[:3])
        )

    assert (paper() > 380) == (scheme == "light")
    for _ in range(2):
        for key in ("Home", "End"):
            shown.tab.keyboard.press(key)
            ratio, where = shown.tab.evaluate(CONTRAST)
            assert ratio >= 4.5, where
        before, kinds = paper(), shown.tab.evaluate(looks)
        assert len(set(kinds)) == 4 and shown.tab.evaluate(legend) == kinds
        fills = [sum(map(int, re.findall(r"\d+", kind)[:3])) for kind in kinds]
        assert all((fill > 380) == (before > 380) for fill in fills), "cards are as dark as the page"
        shown.tab.click("#theme")
        assert (paper() > 380) != (before > 380)


@pytest.mark.parametrize("size", [(390, 780), (320, 568), (844, 390)])
def test_a_phone_shows_all_of_it(size, show):
    loss, model = network()
    shown = show(draw_backward(loss, model=model), viewport=dict(zip(("width", "height"), size, strict=True)))
    tab = shown.tab
    for _ in shown.steps:
        overflow = tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert overflow[0] <= size[0] and overflow[1] <= size[1]
        tab.click("#next")
    for selector in ("#next", "#play", "#slider", "#theme", "#fit"):
        box = tab.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1], selector
        assert selector == "#slider" or min(box["width"], box["height"]) >= 40
    assert (
        tab.evaluate(
            "Math.min(...[...document.querySelectorAll('#graph text')].map(t => t.getBBox().height)) * graph.zoom"
        )
        > 6
    )
    assert tab.locator("#graph").bounding_box()["height"] >= 100
    assert tab.locator("#side").bounding_box()["height"] >= 100


def test_the_graph_can_be_made_larger_and_fitted(show):
    shown = show(draw_backward(hundred_operations()))
    tab = shown.tab

    def width():
        return tab.locator("#graph svg").bounding_box()["width"]

    start = width()
    assert start > 1280, "too long to be read all at once: it starts at a size that can be read"
    tab.click("#larger")
    assert width() == pytest.approx(1.25 * start)
    tab.keyboard.press("-")
    assert width() == pytest.approx(start)
    tab.click("#fit")
    pane = tab.locator("#graph").bounding_box()
    assert width() <= pane["width"]
    tab.keyboard.press("0")
    assert width() == pytest.approx(start)
    for key in ("End", "Home"):
        tab.keyboard.press(key)
        box = tab.locator(".node.now.operation").bounding_box()
        assert pane["x"] <= box["x"] and box["x"] + box["width"] <= pane["x"] + pane["width"]


# Numbers that change --------------------------------------------------------------------------------------------------


CARDS_HOLD = """() => Math.min(...[...document.querySelectorAll('.node[tabindex]')].flatMap(node => {
  const card = node.querySelector('path, polygon').getBoundingClientRect();
  const texts = [...node.querySelectorAll('text')].filter(t => t.textContent.trim()).map(t => t.getBoundingClientRect());
  return texts.flatMap(t => [t.left - card.left, card.right - t.right]);
}))"""


def test_the_numbers_of_cards_follow(show, rng):
    special = [0.125, 1.125, 10.25, 999.5, -0.0625, 1e6, 123456.0, 1e-3, 9.995e-4, -1234.5, 0.0, 1e100]
    spread = rng.normal(size=(3, 4)) * 10.0 ** rng.integers(-8, 8, (3, 4))
    arrays = [np.reshape(special, (3, 4)), spread, np.full((3, 4), np.nan)]
    W, v = Tensor(spread[::-1].copy(), name="W"), Tensor(np.arange(30.0), name="v")
    shown = show(draw_backward((W * W).sum() + (v * v).sum()), "#step=11")
    read = "name => [...document.querySelector(`.node[aria-label^='${name}, shape']`).querySelectorAll('text')].map(t => t.textContent)"
    shown.tab.wait_for_selector(".node[aria-label^='W']")
    drawn = shown.tab.evaluate(read, "W")

    def texts(name, array):
        """What stands in the lines of data and of the gradient, below name and shape."""
        return [text for text in shown.tab.evaluate(read, name)[3:] if text.strip() not in ("data", "grad", "")]

    for array in arrays:
        put = "array => array.forEach((x, i) => model.set(model.values.findIndex(v => v.name === 'W'), i, x === 'nan' ? NaN : x))"
        shown.tab.evaluate(put, ["nan" if np.isnan(x) else float(x) for x in array.ravel()])
        assert texts("W", array) == [text for row in (*table(array), *table(2 * array)) for text in row]
        assert texts("y", array) == [number(np.sum(array * array) + np.sum(np.arange(30.0) ** 2)), "1"]
        assert shown.tab.evaluate(CARDS_HOLD) >= 0, "all stay on their cards"
    shown.tab.evaluate("model.set(model.values.findIndex(v => v.name === 'v'), 3, Infinity)")
    array = np.arange(30.0)
    array[3] = np.inf
    assert texts("v", array)[0] == "0 … 29" and texts("v", array)[1].endswith("1 nan or inf")
    shown.tab.evaluate("model.reset()")
    assert shown.tab.evaluate(read, "W") == drawn


def test_numbers_that_do_not_fit_are_not_shown_in_part(show):
    x, one = Tensor(np.ones((3, 4)), name="x"), Tensor(1.0, name="i", requires_grad=False)
    tab = show(draw_backward((x * one).sum())).tab
    tab.evaluate("""() => {
      const at = name => model.values.findIndex(v => v.name === name);
      for (let i = 0; i < 12; i++) model.set(at("x"), i, -1.2345678e-5 * (i + 1));
      model.set(at("i"), 0, -1.2345678e-5);
    }""")
    read = "name => [...document.querySelector(`.node[aria-label^='${name}, shape']`).querySelectorAll('text')].slice(3).map(t => t.textContent.trim())"
    x = [text for text in tab.evaluate(read, "x") if text]
    assert x[:3] == ["data", "-1.48e-4 … -1.23e-5", "mean -8.02e-5"], "range and mean take less room"
    assert tab.evaluate(read, "i") in (["data", "-1.23e-5"], ["data", "…"])
    assert tab.evaluate(CARDS_HOLD) >= 0


def test_strong_gradients_have_long_bars_and_wide_arrows(show):
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    shown = show(draw_backward(a * b), "#step=3")
    shown.tab.wait_for_selector(".node[aria-label^='b']")
    strengths = """() => ['a', 'b'].map(name => {
      const card = document.querySelector(`.node[aria-label^='${name}, shape']`), id = model.values.find(v => v.name === name).card;
      return [card.querySelector('.strength').getBoundingClientRect().width, card.querySelector('.ground')?.getBoundingClientRect().width ?? 0];
    })"""
    before = shown.tab.evaluate(strengths)
    assert before[0][0] > before[1][0]
    shown.tab.evaluate("model.set(model.values.findIndex(v => v.name === 'a'), 0, 3000)")
    after = shown.tab.evaluate(strengths)
    assert after[1][0] > after[0][0] and after[1][1] == pytest.approx(0, abs=0.1)
    assert after[0][0] / sum(after[0]) == pytest.approx(round(48 * (1 + np.log10(3 / 3000) / 6)) / 48, abs=0.01)
    shown.tab.evaluate("model.reset()")
    assert np.allclose(shown.tab.evaluate(strengths), before, atol=0.1)


def test_gradients_to_be_predicted_are_not_given_away(show):
    shown = show(draw_backward(repeated()), "#step=9")
    tab = shown.tab
    shown.card("a").wait_for()
    a = tab.evaluate("model.values.findIndex(v => v.name === 'a')")
    opacity = "name => getComputedStyle([...document.querySelectorAll(`.node[aria-label^='${name}, shape'] text.gradient`)].at(-1)).opacity"
    assert tab.evaluate(opacity, "a") == "1"
    tab.evaluate(f"graph.hide([{a}])")
    shown.card("a").focus()
    assert shown.tip() == ["2"] and shown.card("a").get_attribute("aria-label") == "a, shape (). Value 2."
    assert tab.evaluate(opacity, "a") == "0" and tab.evaluate(opacity, "b") == "1"
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowRight")
    assert "To a: to be predicted." in tab.get_by_role("status").inner_text()
    tab.evaluate("graph.reveal()")
    shown.card("b").focus()
    shown.card("a").focus()
    assert shown.tip() == ["2", "−4"] and tab.evaluate(opacity, "a") == "1"


def test_a_card_can_be_picked(show):
    tab = show(draw_backward(repeated())).tab
    tab.evaluate("graph.onPick(value => (window.picked ??= []).push(model.values[value].name))")
    tab.get_by_role("button", name="a, shape").click()
    tab.get_by_role("button", name="b, shape").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Space")
    assert tab.evaluate("window.picked") == ["a", "b", "b"] and tab.inner_text("#play") == "Play"


# Links ----------------------------------------------------------------------------------------------------------------


def test_a_link_leads_to_its_step(show):
    shown = show(draw_backward(repeated()), "#step=4")
    tab = shown.tab
    assert shown.step == "step 4 of 9"
    entries = tab.evaluate("history.length")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url("**#step=5")
    tab.reload()
    assert shown.step == "step 5 of 9"
    tab.evaluate("location.hash = '#step=2'")
    tab.wait_for_function("$('count').innerText === 'step 2 of 9'")
    assert tab.evaluate("history.length") == entries + 1, "steps leave no entries in the history"
    for link, step in {"#step=99": 9, "#step=0": 1, "#step=-3": 1, "#step=x": 1, "": 1, "#fold=nothing": 1}.items():
        shown.open(link)
        assert shown.step == f"step {step} of 9"


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
    """Nothing lies on another, nothing outside of the picture, and each line goes from one thing to another."""
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
    ["0"],
    ["1"],
    ["0", "1"],
    ["0.self_attn"],
    ["1.self_attn", "0.norm1", "1.linear1"],
    ["0.self_attn", "0"],
    ["0.linear1", "0.linear2", "1.norm2"],
]


def test_layers_fold_and_the_picture_closes_up(show):
    y, model = transformer()
    shown = show(draw_backward(y, model=model))
    tab = shown.tab
    whole = tab.evaluate(PICTURE)
    assert_sound(whole)
    shapes = "() => [...document.querySelectorAll('#graph svg, #graph svg :is(path, polygon, ellipse, g.node, g.fold)')].filter(e => !e.closest('.block')).map(e => [...e.attributes].map(a => a.value))"
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


def test_a_folded_layer_is_one_step(show):
    loss, model = network()
    page = draw_backward(loss, model=model)
    shown = show(page)
    tab = shown.tab
    tab.get_by_role("button", name="layers.0: Layer").click()
    assert shown.step == "steps 1–2 of 11" and "layers.0: 2 operations" in shown.text()
    tab.wait_for_url("**#step=1&fold=layers.0")
    for name in ("c1", "layers.0.weight", "layers.0.bias", "v2"):
        assert name in shown.text(), "what arrives and what leaves"
    assert "v1" not in shown.text(), "but nothing from inside"
    visited = []
    for _ in range(12):
        visited.append(shown.step)
        tab.keyboard.press("ArrowRight")
    assert visited[:9] == ["steps 1–2 of 11", *(f"step {i} of 11" for i in range(3, 10)), "steps 10–11 of 11"]
    assert "∂loss/∂layers.0.weight" in shown.text() and "∂loss/∂v1" not in shown.text()
    assert (
        tab.get_by_role("status").inner_text().startswith("Steps 10–11 of 11. layers.0: 2 operations, folded, backward")
    )
    for step in visited[7::-1]:
        tab.keyboard.press("ArrowLeft")
        assert shown.step == step
    tab.locator("#slider").fill("10")
    assert shown.step == "steps 10–11 of 11"
    block = tab.get_by_role("button", name="layers.0, folded")
    assert "now" in block.get_attribute("class").split()
    block.focus()
    tab.keyboard.press("Enter")
    assert shown.step == "step 11 of 11", "unfolding keeps the step"
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')").endswith("Fold"), "and the focus"
    tab.keyboard.press("Space")
    assert shown.step == "steps 10–11 of 11" and tab.inner_text("#play") == "Play"
    tab.keyboard.press("f")
    assert shown.step == "step 11 of 11"
    tab.keyboard.press("Shift+F")
    assert [c.text_content() for c in tab.locator(".block .name").all() if c.is_visible()] == ["layers.0", "layers.1"]
    shown.open("#step=10&fold=layers.0,layers.1")
    assert shown.step == "steps 10–11 of 11"


def test_the_sums_that_a_folded_layer_sends_on_are_those_of_backward(show):
    y, model = transformer()
    page = draw_backward(y, model=model)
    y.backward()
    shown = show(page, "#fold=0,1")
    got = {}
    for _ in range(len(page.steps)):
        run = shown.tab.evaluate("""() => {
          const run = graph.runOf(at);
          return run.frame && graph.summary(run).sent.map(({ value, array }) => [model.values[value].name, [...array.data]]);
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
