"""The page of a backward pass: as a file, and in a headless browser, where there is one."""

import re

import numpy as np
import pytest
from drawn import GRAPHS, hundred_operations, network, receivers, repeated

from tensorgrad import Tensor, draw_backward

pytest.importorskip("graphviz")


def test_the_page_is_one_file_and_the_same_each_time(tmp_path):
    page = draw_backward(repeated())
    path = page.save_html(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert text == page.html() == draw_backward(repeated()).html()
    assert not re.search(r"""(src|href)\s*=\s*["']?(?!data:)\w""", re.sub("xlink:href", "", text))
    assert page._repr_html_().startswith('<iframe title="Backpropagation" srcdoc=')


# The page in a browser ------------------------------------------------------------------------------------------------

NASTY = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--<script>", "\"'&amp;|{}", "{{data}}",
    "${alert(1)}", "x\\u003c", "勾配∂", "a" * 60,
]  # fmt: skip


def assert_shows(text, array):
    """A text shows an array: all its numbers in four digits, or of a large one range and mean."""
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


def test_the_name_of_a_far_card_shows_its_tip(show):
    shown = show(draw_backward(hundred_operations()), "#step=201")
    shown.tab.keyboard.press("Home")
    names = shown.tab.locator(".node.reference")
    assert {text.strip() for text in names.all_text_contents()} == {"x"}
    for name in (names.first, names.nth(1)):
        name.hover()
        assert shown.tab.inner_text("#tip strong") == "x" and shown.tip() == ["0.5"]


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
        e.get_attribute("aria-label") or e.get_attribute("id") or e.inner_text(): e.evaluate(look)
        for e in tab.locator("[tabindex], button, input, a[id]").all()
    }
    seen = set()
    for _ in before:
        tab.keyboard.press("Tab")
        at = tab.locator(":focus")
        if at.count() == 0:  # of all that can have it, the focus has left the page
            break
        name = at.get_attribute("aria-label") or at.get_attribute("id") or at.inner_text()
        seen.add(name)
        assert at.evaluate(look) != before[name], name
    assert {"skip", "next", "slider", "layers"} & seen and any(", shape" in name for name in seen)


def test_keys_in_fields_are_left_to_them(show):
    shown = show(draw_backward(repeated()))
    tab = shown.tab
    fields = [
        '<input id="words">', '<input id="number" type="number" value="5">', '<input id="range" type="range">',
        '<textarea id="lines"></textarea>', '<div id="map" tabindex="0"></div>', '<button id="button">a</button>',
    ]  # fmt: skip
    tab.evaluate("html => $('side').insertAdjacentHTML('afterbegin', html)", "".join(fields))
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


# Cards, and the theme -------------------------------------------------------------------------------------------------


def test_what_is_not_computed_yet_shows_no_numbers(show):
    shown = show(draw_backward(repeated()))
    opacity = "card => Math.max(...[...card.querySelectorAll('.figure')].map(t => +getComputedStyle(t).opacity))"
    assert shown.card("y").evaluate(opacity) == 0 and shown.card("a").evaluate(opacity) == 1
    shown.tab.keyboard.press("End")
    assert shown.card("y").evaluate(opacity) == 1


def test_there_is_one_sign_for_minus(show):
    shown = show(draw_backward(Tensor(-2.5, name="a") * Tensor([[-1e-5, 3.0], [-1.0, np.inf]], name="b")), "#step=3")
    assert shown.words("a")[1] == "−2.5"
    assert [text for text in shown.words("b") if text][1:5] == ["−1.00e-5", "3", "−1", "inf"]
    shown.card("b").focus()
    assert "−1.000e-5" in shown.tip()[0].replace("−0.00001", "−1.000e-5") and "-1" not in shown.tip()[0]
    assert "Value −2.5." in shown.card("a").get_attribute("aria-label")
    shown.put("a", -7.25)
    assert shown.words("a")[1] == "−7.25"


def test_the_legend_tells_what_bars_are(show):
    shown = show(draw_backward(repeated()))
    assert "size of the gradient, on a log scale" in shown.tab.inner_text("#legend")
    bar, sign = shown.tab.evaluate("""[getComputedStyle(document.querySelector("#graph .strength")).fill,
      getComputedStyle(document.querySelector("#legend b.strength")).color]""")
    assert bar == sign


def test_the_theme_that_was_chosen_stays(show):
    shown = show(draw_backward(repeated()))
    theme = "document.documentElement.dataset.theme"
    shown.tab.click("#theme")
    assert shown.tab.evaluate(theme) == "dark"
    shown.tab.reload()
    assert shown.tab.evaluate(theme) == "dark"
