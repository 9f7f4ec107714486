"""Pictures: their cards, pills and arrows, any name on them, and the same bytes for the same graph."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from types import MappingProxyType

import numpy as np
import pytest
from drawn import DATA, arrows, names, node, operations, read, small_graph

from tensorgrad import Layer, Module, Tensor, derivative
from tensorgrad.graph_utils import draw_backward, draw_dot_tensor

graphviz = pytest.importorskip("graphviz")


def test_a_small_graph_has_these_nodes_and_arrows():
    dot = draw_dot_tensor(small_graph()[2])
    assert isinstance(dot, graphviz.Digraph) and dot.format == "svg"
    picture = read(dot)
    assert names(picture) == ["a", "b", "d", "v1", "v2"]
    assert operations(picture) == ["**3", "+", "×"]
    assert arrows(picture) == sorted(
        [("a", "×"), ("b", "×"), ("×", "v1"), ("b", "**3"), ("**3", "v2"), ("v1", "+"), ("v2", "+"), ("+", "d")]
    )


def test_data_and_gradient_are_shown_on_request():
    a, _, d = small_graph()
    d.backward()
    card = node(read(draw_dot_tensor(d)), "a").text
    assert "(2, 3)" in card
    for number in [*a.data.ravel(), *a.grad.ravel()]:
        assert f"{number:.3g}" in card
    assert card.index("data") < card.index("grad")
    assert node(read(draw_dot_tensor(d, show_data=False)), "a").text == "a (2, 3)"


def test_before_backward_the_gradient_is_zero_and_none_is_made():
    a, _, d = small_graph()
    assert node(read(draw_dot_tensor(d)), "a").text.endswith("grad 0")
    assert a._grad is None and d._grad is None


def test_kinds_differ_in_colour_and_in_border():
    w, x = Tensor([1.0], name="w"), Tensor([2.0], name="x", requires_grad=False)
    picture = read(draw_dot_tensor((w * x).sum()))
    assert {n.kind: n.name for n in picture.nodes.values() if n.kind in DATA} == {
        "parameter": "w", "constant": "x", "intermediate": "v1", "output": "y",
    }  # fmt: skip
    looks = [n.look for n in picture.nodes.values() if n.kind in DATA]
    assert len({o["fillcolor"] for o in looks}) == len({o["color"] for o in looks}) == 4
    assert len({(o["style"], o["penwidth"], o["peripheries"]) for o in looks}) == 4
    assert all(kind in picture.label for kind in DATA)
    assert read(draw_dot_tensor(w * x, legend=False)).label == ""


def test_names_come_from_tensors_then_variables_then_kinds():
    a, c = Tensor(1.0), Tensor(2.0, requires_grad=False)
    b = Tensor(3.0, name="x1")
    root = (a * b + a * c) * np.ones(2)
    assert names(read(draw_dot_tensor(root))) == ["c1", "c2", "v1", "v2", "v3", "x1", "x2", "y"]  # x1 was taken
    ones = root._args[1]
    given = names(read(draw_dot_tensor(root, names={"_": a, "alpha": a, "beta": a, "other": 3, "b": b, "ones": ones})))
    assert given == ["alpha", "c1", "ones", "v1", "v2", "v3", "x1", "y"]


def test_the_direction_of_reading_is_rankdir():
    for rankdir in ("LR", "TB", "RL", "BT"):
        dot = draw_dot_tensor(small_graph()[2], rankdir=rankdir)
        assert f"rankdir={rankdir}" in dot.source
        assert json.loads(dot.pipe("json0"))["rankdir"] == rankdir


def test_what_is_too_long_to_be_read_from_left_to_right_is_drawn_from_top_to_bottom():
    def in_a_row(n):
        t = Tensor(1.0)
        for _ in range(n):
            t = np.sin(t)
        return t

    assert "rankdir=LR" in draw_dot_tensor(in_a_row(10)).source
    assert "rankdir=TB" in draw_dot_tensor(in_a_row(11)).source
    assert "rankdir=LR" in draw_dot_tensor(in_a_row(11), rankdir="LR").source
    assert "rankdir=LR" in draw_dot_tensor(in_a_row(1000)).source  # when it is folded
    assert "rankdir=LR" in draw_dot_tensor(np.stack([in_a_row(1) for _ in range(30)])).source


def test_of_a_value_that_is_used_everywhere_the_name_stands_where_it_is_used():
    w, t = Tensor(2.0, name="w"), Tensor(1.0, name="s")
    for _ in range(150):
        t = t * w + w
    picture = read(draw_dot_tensor(t, max_nodes=None))
    assert names(picture).count("w") == 1 and len(operations(picture)) == 300
    labels = [i for i, n in picture.nodes.items() if n.kind == "reference"]
    assert len(labels) == 299 and all(picture.nodes[i].name == "w" for i in labels)
    ends = [b for a, b, _ in picture.edges if picture.nodes[a].name == "w"]
    assert len(ends) == len(set(ends)) == 300
    assert "small name" in picture.label
    squares = [x := Tensor(2.0, name="x"), *[x * x for _ in range(40)]]
    picture = read(draw_dot_tensor(sum(squares), max_nodes=None))
    assert arrows(picture).count(("x", "×")) == 80  # both operands of one operation come from one name
    assert sum(n.kind == "reference" for n in picture.nodes.values()) == 40
    t = np.sin(Tensor(1.0))
    t.name = "t"
    picture = read(draw_dot_tensor(sum(t * i for i in range(2, 40)), max_nodes=None))
    assert ("sin", "t") in arrows(picture) and sum(n.kind == "reference" for n in picture.nodes.values()) == 37


def test_only_of_large_pictures_the_layout_is_hurried():
    w = Tensor(2.0, name="w")
    for n, is_large in ((14, False), (40, True)):
        dot = draw_dot_tensor(np.stack([w * i for i in range(2, n)]), max_nodes=None)
        assert ("nslimit=2" in dot.source) == ("nslimit1=2" in dot.source) == is_large
        assert any(n.kind == "reference" for n in read(dot).nodes.values()) == is_large


def test_drawing_changes_nothing():
    a, b, d = small_graph()
    before = a.data.copy()
    draw_dot_tensor(d).pipe("svg")
    d.backward()
    np.testing.assert_array_equal(a.data, before)
    np.testing.assert_allclose(b.grad, a.data + 3 * b.data**2)


def test_bad_input_is_an_error_that_says_what_is_allowed():
    t = Tensor([1.0]) * 2
    with pytest.raises(TypeError, match="a Tensor is drawn, not ndarray"):
        draw_dot_tensor(np.ones(2))
    with pytest.raises(ValueError, match="rankdir must be one of LR, TB, RL, BT, not 'up'"):
        draw_dot_tensor(t, rankdir="up")
    for bad in ("svgg", "", None):
        with pytest.raises(ValueError, match="unknown format"):
            draw_dot_tensor(t, format=bad)
    with pytest.raises(ValueError, match="max_nodes must be at least 10"):
        draw_dot_tensor(t, max_nodes=2)
    for bad in ("lr", "", 3, ["LR"], ("LR",), t):
        with pytest.raises(ValueError, match="rankdir must be one of LR, TB, RL, BT"):
            draw_dot_tensor(t, rankdir=bad)
    for bad in ("10", 10.0, 50.5, np.nan, True, [100], t):
        with pytest.raises(TypeError, match=r"^draw_dot_tensor: max_nodes must be an int, or None for all"):
            draw_dot_tensor(t, max_nodes=bad)
    assert draw_dot_tensor(t, max_nodes=np.int64(10)).source == draw_dot_tensor(t, max_nodes=10).source
    for bad in (3, 0, None, "yes", [True], np.ones(1)):
        for name in ("show_data", "legend"):
            with pytest.raises(TypeError, match=rf"^draw_dot_tensor: {name} must be True or False"):
                draw_dot_tensor(t, **{name: bad})


@pytest.mark.parametrize("draw", [draw_dot_tensor, draw_backward])
def test_what_can_not_be_drawn_or_named_by_is_an_error(draw):
    t = Tensor([1.0], name="t")
    for bad in (None, 3, "t", [t], {"t": t}, Module(), np.ones(2), Tensor):
        with pytest.raises(TypeError, match=rf"^{draw.__name__}: a Tensor is drawn, not {type(bad).__name__}"):
            draw(bad)
    for bad in (3, "names", [t], (t,), {t}, t, np.ones(2), {t: "t"}, {1: t}, {None: t}, {"a": t, 2: t}):
        with pytest.raises(TypeError, match=rf"^{draw.__name__}: names must be a dict of Tensors or arrays by name"):
            draw(t * 2, names=bad)
    for bad in (3, "model", [t], {"t": t}, t, Layer, lambda x: x):
        with pytest.raises(TypeError, match=rf"^{draw.__name__}: model must be a Module, not {type(bad).__name__}"):
            draw(t * 2, model=bad)
    x = t * 2
    for good in ({}, None, locals(), MappingProxyType({"x": x})):
        draw(x, names=good)


# The same graph, the same bytes ---------------------------------------------------------------------------------------


def test_the_same_graph_gives_the_same_bytes():
    one, two = draw_dot_tensor(small_graph()[2]), draw_dot_tensor(small_graph()[2])
    assert one.source == two.source
    assert one.pipe("svg") == two.pipe("svg")
    a, b, d = small_graph()
    assert not any(str(id(x)) in one.source for x in (a, b, d))


def test_the_same_graph_gives_the_same_bytes_in_another_process():
    program = (
        "import numpy as np; from tensorgrad import *; from tensorgrad.graph_utils import draw_dot_tensor;"
        "m = MLP(2, [3, 1], rng=0); L = mse_loss(m(np.ones((4, 2))), np.zeros((4, 1))); L.backward();"
        "print(draw_dot_tensor(L, model=m).source)"
    )
    sources = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        sources.add(done.stdout)
    assert len(sources) == 1


# The size of the gradient ---------------------------------------------------------------------------------------------


def test_a_larger_gradient_has_a_wider_arrow_and_a_longer_bar():
    x = Tensor([1.0, 2.0], name="x")
    small = x * 1e-3
    root = (small * 1e3 + x).sum()
    root.backward()
    picture = read(draw_dot_tensor(root))
    widths = {
        picture.nodes[a].name: (float(e["penwidth"]), picture.nodes[a].look["label"])
        for a, _, e in picture.edges
        if picture.nodes[a].kind in DATA
    }
    bar = {
        name: int(re.search(r'HEIGHT="3" BGCOLOR', card) and re.findall(r'WIDTH="(\d+)"', card)[1])
        for name, (_, card) in widths.items()
    }
    by_gradient = sorted(["v1", "x", "v2"], key=lambda n: {"v1": 1e3, "x": 2.0, "v2": 1.0}[n])
    assert [w for w, _ in sorted((widths[n][0], n) for n in by_gradient)] == [widths[n][0] for n in by_gradient]
    assert bar["v2"] < bar["x"] < bar["v1"] == 48
    assert "size of the gradient" in picture.label


def test_without_a_gradient_there_is_no_bar():
    x = Tensor([1.0, 2.0], name="x")
    root = (x * 0.0).sum()
    assert "size of the gradient" not in read(draw_dot_tensor(root)).label
    root.backward()
    picture = read(draw_dot_tensor(root))
    assert node(picture, "x").text.endswith("grad 0 0") and "BGCOLOR" not in node(picture, "x").look["label"]


# Any name -------------------------------------------------------------------------------------------------------------

NASTY = [
    "a|b", "{x}", "<b>bold</b>", 'say "hi"', "it's", "back\\slash\\", "\\n\\l\\G", "&amp;", "&lt;&#65;",
    "a<b>c&d|e{f}g\"h\\i",
    "变量", "переменная", "متغير", "שם", "αβγ", "é", "🙂", "n1", "node", "]", "<<>>", "<>", "-->", "]]>",
    " x ", "graph", "%d%s", ";", "//",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_are_drawn_as_they_are(name):
    module = Module()
    module.parts = {name.replace(".", ""): Layer(2, 2, rng=0)}
    x = Tensor([1.0, 2.0], name=name)
    root = module.parts[name.replace(".", "")](x * 2).sum()
    for shown in (name, f"parts.{name}", f"parts.{name}.weight"):
        svg = ET.fromstring(draw_dot_tensor(root, model=module).pipe("svg"))
        texts = [
            " ".join("".join(t.itertext()).replace("\xa0", " ").split())
            for t in svg.iter("{http://www.w3.org/2000/svg}text")
        ]
        assert " ".join(shown.split()) in texts, texts


@pytest.mark.parametrize(
    "name", ["", "a\nb", "a\tb", "nul\0", "\x1b[31m", "\ud800", "\uffff", "\u2028", "x" * 500, "<" * 500, 7]
)
def test_names_that_no_picture_can_hold_are_mended(name):
    x = Tensor([1.0, 2.0])
    x.name = name
    svg = draw_dot_tensor(x * 2).pipe("svg", encoding="utf-8")
    texts = [t for t in ET.fromstring(svg.encode()).itertext() if t.strip()]
    assert max(map(len, texts)) < 100
    if name == "a\nb":
        assert "a b" in texts


def test_operations_of_any_name_are_drawn():
    def f(x):
        return x * 1.0

    f.__name__ = '<f> & \\N "g" {h}|変数'
    dot = draw_dot_tensor(derivative(f, lambda g, y, x: g)(Tensor([1.0])))
    texts = [t.text for t in ET.fromstring(dot.pipe("svg")).iter("{http://www.w3.org/2000/svg}text")]
    assert " ".join("".join(texts).replace("\xa0", " ").split()).find('<f> & \\N "g"') >= 0
