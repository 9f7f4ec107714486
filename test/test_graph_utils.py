"""Pictures: read back from what Graphviz itself makes of them, in its JSON and its SVG."""

import html
import json
import os
import random
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from graphs import behind

from tensorgrad import MLP, Layer, Module, Neuron, Sequential, Tensor, derivative, grad, mse_loss, sigmoid_cross_entropy

graphviz = pytest.importorskip("graphviz")

from tensorgrad import drawing  # noqa: E402
from tensorgrad.graph_utils import draw_dot_tensor  # noqa: E402

DATA = ("parameter", "constant", "intermediate", "output")


def plain(label):
    """The text of an HTML-like label."""
    return html.unescape(re.sub(r"<[^>]*>", " ", label.replace("<BR/>", " "))).replace("\xa0", " ")


def read(dot):
    """The picture as Graphviz reads it: nodes by id, with kind, name and text; edges as pairs of ids; frames."""
    picture = json.loads(dot.pipe("json0"))
    objects = picture.get("objects", [])
    nodes, frames = {}, {}
    for o in objects:
        words = " ".join(plain(o.get("label", "")).split())
        if "class" in o and "nodes" not in o:
            name = re.search(r"<B>(.*?)</B>", o["label"])
            name = html.unescape(name[1]) if name else words
            nodes[o["_gvid"]] = SimpleNamespace(kind=o["class"], name=name, text=words, look=o)
        elif o["name"].startswith("cluster"):
            frames[words] = o
    edges = [
        (e["head"], e["tail"], e) if e.get("dir") == "back" else (e["tail"], e["head"], e)
        for e in picture.get("edges", [])
    ]
    return SimpleNamespace(nodes=nodes, edges=edges, frames=frames, label=plain(picture.get("label", "")))


def names(picture, *kinds):
    return sorted(n.name for n in picture.nodes.values() if n.kind in (kinds or DATA))


def operations(picture):
    return sorted(n.name for n in picture.nodes.values() if n.kind == "operation")


def arrows(picture):
    return sorted((picture.nodes[a].name, picture.nodes[b].name) for a, b, _ in picture.edges)


def node(picture, name):
    (found,) = [n for n in picture.nodes.values() if n.name == name]
    return found


def inside(picture, frame):
    """Names of what stands in a frame."""
    return sorted(picture.nodes[i].name for i in picture.frames[frame]["nodes"])


def small_graph():
    np.random.seed(0)
    a, b = Tensor(np.random.random((2, 3)), name="a"), Tensor(np.random.random((2, 3)), name="b")
    d = a * b + b**3
    d.name = "d"
    return a, b, d


# What is drawn -------------------------------------------------------------------------------------------------------


def test_nodes_and_arrows_of_a_small_graph():
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


def test_a_single_leaf():
    picture = read(draw_dot_tensor(Tensor([1.0, 2.0], name="w")))
    assert names(picture, "output") == ["w"] and not picture.edges and len(picture.nodes) == 1


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


def test_constants():
    x = Tensor([1.0, 2.0], name="x")
    mask, weights = np.array([True, False]), np.array([3.0, 4.0])
    picture = read(draw_dot_tensor((np.where(mask, x, 0) * weights + weights) * 2))
    assert names(picture, "constant") == ["c1", "c2"]  # an array that is used twice is drawn once
    assert "bool" in node(picture, "c1").text and "data 1 0" in node(picture, "c1").text
    assert operations(picture) == ["+", "where(·, ·, 0)", "×", "× 2"]
    assert {e["style"] for a, _, e in picture.edges if picture.nodes[a].kind == "constant"} == {"dashed"}


def test_names():
    a, c = Tensor(1.0), Tensor(2.0, requires_grad=False)
    b = Tensor(3.0, name="x1")
    root = (a * b + a * c) * np.ones(2)
    assert names(read(draw_dot_tensor(root))) == ["c1", "c2", "v1", "v2", "v3", "x1", "x2", "y"]  # x1 was taken
    ones = root._args[1]
    given = names(read(draw_dot_tensor(root, names={"_": a, "alpha": a, "beta": a, "other": 3, "b": b, "ones": ones})))
    assert given == ["alpha", "c1", "ones", "v1", "v2", "v3", "x1", "y"]


def test_every_way_to_read_a_graph():
    for rankdir in ("LR", "TB", "RL", "BT"):
        dot = draw_dot_tensor(small_graph()[2], rankdir=rankdir)
        assert f"rankdir={rankdir}" in dot.source
        assert json.loads(dot.pipe("json0"))["rankdir"] == rankdir


# The same graph, the same bytes --------------------------------------------------------------------------------------


def test_stable_bytes():
    one, two = draw_dot_tensor(small_graph()[2]), draw_dot_tensor(small_graph()[2])
    assert one.source == two.source
    assert one.pipe("svg") == two.pipe("svg")
    a, b, d = small_graph()
    assert not any(str(id(x)) in one.source for x in (a, b, d))


def test_stable_bytes_across_processes():
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


# Numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"), (1.0, "1"), (-2.0, "-2"), (1000.0, "1000"), (0.12345, "0.123"), (12.345, "12.3"),
        (-1234.5, "-1.23e3"),
        (1e-5, "1.00e-5"),
        (0.000123456, "1.23e-4"), (1e300, "1.00e300"), (6.02e23, "6.02e23"),
        (99.96, "100"), (np.nan, "nan"), (np.inf, "inf"), (1 + 2j, "1+2j"),
        (0.1 + 0.25j, "0.1+0.25j"), (np.float32(0.1), "0.1"),
        (True, "1"), (np.False_, "0"), (12345, "12345"),
    ],
)  # fmt: skip
def test_three_significant_digits(value, text):
    shown = drawing._number(value)
    assert shown == text.replace("1.00e300", "1e300")
    assert complex(shown) == pytest.approx(complex(value), rel=5e-3, nan_ok=True)


def test_large_arrays_are_summarised():
    x = Tensor(np.arange(200.0).reshape(20, 10), name="x")
    card = node(read(draw_dot_tensor(x * 1.0)), "x").text
    assert "(20, 10)" in card and "0 … 199" in card and "mean 99.5" in card
    assert "all 7" in node(read(draw_dot_tensor(Tensor(np.full(50, 7.0), name="x") * 1.0)), "x").text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "data, text",
    [
        (np.array([1.0, np.nan, np.inf] * 10), "20 nan or inf"),
        (np.full(20, np.nan), "20 nan or inf"),
        (np.zeros((0, 3)), "empty"),
        (np.array(2.0), "data 2"),
        (np.array([1e308, -1e308] * 10), "-1e308 … 1e308"),
        (np.linspace(0, 1, 20, dtype=np.float16), "float16"),
        (np.exp(1j * np.arange(20)) * np.arange(20), "|z| 0 … 19"),
        (np.arange(6.0).reshape(1, 2, 3), "0 … 5"),
        (np.asfortranarray(np.arange(6.0).reshape(2, 3))[::-1], "3 4 5 0 1 2"),
    ],
)
def test_any_array(data, text):
    assert text in node(read(draw_dot_tensor(Tensor(data, name="x") * 1.0)), "x").text


def test_a_gradient_that_is_no_number_stands_out():
    x = Tensor([0.0, 1.0], name="x")
    y = x * 2.0
    x.grad = np.array([np.nan, 1.0])
    card = node(read(draw_dot_tensor(y)), "x")
    assert "nan" in card.text and drawing.BROKEN in card.look["label"]


# Operations ----------------------------------------------------------------------------------------------------------

X = Tensor(np.arange(1.0, 13).reshape(3, 4), name="x")


@pytest.mark.parametrize(
    "result, label",
    [
        (X + 1, "+ 1"), (1 - X, "1 −"), (X * 2.5, "× 2.5"), (X / 4, "/ 4"), (1 / X, "1 /"), (X**2, "**2"),
        (2**X, "2 **"),
        (X**0.5, "**0.5"), (X @ np.ones(4), "x @ c1"), (np.ones(3) @ X, "c1 @ x"), (X - X, "x − x"), (-X, "−"),
        (X + X, "+"), (abs(X), "abs"), (np.exp(X), "exp"), (np.maximum(X, 0), "maximum(·, 0)"), (X.relu(), "relu"),
        (X.sum(axis=1), "sum axis=1"), (X.sum(1), "sum axis=1"), (X.sum(), "sum"),
        (X.sum(axis=(0, 1)), "sum axis=(0, 1)"),
        (X.mean(axis=0, keepdims=True), "mean axis=0 keepdims"), (X.std(axis=0, ddof=1), "std axis=0 ddof=1"),
        (X[0, :], "[0, :]"), (X[..., None], "[..., None]"), (X[::2, 1:], "[::2, 1:]"), (X[[0, 2]], "[[0, 2]]"),
        (X[X.data > 5], "[mask]"), (X[np.array([0, 1, 2, 0, 1])], "[ints (5,)]"), (X.T, ".T"),
        (X.reshape(2, 6), "reshape (2, 6)"), (X.transpose(1, 0), "transpose (1, 0)"),
        (np.clip(X, 0, 1), "clip(·, 0, 1)"),
        (np.concatenate([X, X], axis=1), "concatenate axis=1"), (np.einsum("ij->j", X), "einsum ij->j"),
        (X.astype(np.float32), "float32"), (np.cumsum(X, axis=0), "cumsum axis=0"),
        (X.softmax(axis=0), "softmax axis=0"),
        (mse_loss(X, np.zeros((3, 4))), "mean squared error"),
        (sigmoid_cross_entropy(X, np.zeros((3, 4)), reduction="sum"), "sigmoid cross-entropy reduction=sum"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_operations_are_labelled_as_written(result, label):
    assert operations(read(draw_dot_tensor(result))) == [label]


@pytest.mark.parametrize("name", ["getitem", "join", "einsum", "scatter", "astype", "transpose"])
def test_functions_of_ones_own_keep_their_name(name):
    def f(x):
        return x * 1.0

    f.__name__ = name
    assert operations(read(draw_dot_tensor(derivative(f, lambda g, y, x: g)(X)))) == [name]


def test_operands_that_cant_change_places_are_named_unless_that_is_long():
    a, b = Tensor(1.0, name="a"), Tensor(2.0, name="a_rather_long_name_of_a_parameter")
    assert operations(read(draw_dot_tensor(b / a))) == ["/"]
    assert operations(read(draw_dot_tensor(a / a))) == ["a / a"]


def test_help_for_the_computation_is_not_shown():
    loss = sigmoid_cross_entropy(Tensor([1.0, 2.0], name="z"), np.array([0.0, 1.0]))
    assert len(loss._args) > 2 and isinstance(loss._args[2], np.ndarray)
    assert names(read(draw_dot_tensor(loss))) == ["c1", "y", "z"]


def test_a_function_with_several_outputs_is_one_operation():
    both = derivative(lambda x: (np.sin(x), np.cos(x)), lambda g, y, x: g[0] * y[1] - g[1] * y[0])
    x = Tensor([1.0, 2.0], name="x")
    s, c = both(x)
    picture = read(draw_dot_tensor(s * c))
    assert operations(picture) == ["f", "×"] and names(picture) == ["v1", "v2", "x", "y"]
    assert arrows(picture) == sorted([("x", "f"), ("f", "v1"), ("f", "v2"), ("v1", "×"), ("v2", "×"), ("×", "y")])
    parts = [e["label"].strip() for a, _, e in picture.edges if picture.nodes[a].name == "f"]
    assert sorted(parts) == ["[0]", "[1]"]
    assert arrows(read(draw_dot_tensor(s))) == [("f", "y"), ("x", "f")]


def test_second_order_graph():
    x = Tensor([0.5, 1.0], name="x")
    g = grad(lambda x: (np.tanh(x * 2) ** 2).sum())(x)
    picture = read(draw_dot_tensor(g, max_nodes=None))
    assert {"tanh", "× 2"} <= set(operations(picture)) and "x" in names(picture, "parameter")
    assert sum(n.name == "tanh" for n in picture.nodes.values()) == 1


def test_a_freed_graph_and_changed_data():
    x = Tensor([1.0, 2.0], name="x")
    y = (x * 2).sum()
    y.backward(retain_graph=False)
    picture = read(draw_dot_tensor(y))
    assert not picture.edges and "graph dropped" in node(picture, "y").text
    z = x * 2
    root = z.sum()
    z.data = np.ones(2)
    assert names(read(draw_dot_tensor(root))) == ["v1", "y"]


def test_drawing_changes_nothing():
    a, b, d = small_graph()
    before = a.data.copy()
    draw_dot_tensor(d).pipe("svg")
    d.backward()
    np.testing.assert_array_equal(a.data, before)
    np.testing.assert_allclose(b.grad, a.data + 3 * b.data**2)


# The size of the gradient --------------------------------------------------------------------------------------------


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


def test_no_gradient_no_bar():
    x = Tensor([1.0, 2.0], name="x")
    root = (x * 0.0).sum()
    assert "size of the gradient" not in read(draw_dot_tensor(root)).label
    root.backward()
    picture = read(draw_dot_tensor(root))
    assert node(picture, "x").text.endswith("grad 0 0") and "BGCOLOR" not in node(picture, "x").look["label"]


# Any name ------------------------------------------------------------------------------------------------------------

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


# Networks ------------------------------------------------------------------------------------------------------------


def moons_like():
    model = MLP(2, [16, 16, 1], rng=0)
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(100, 2)), (rng.random(100) > 0.5).astype(float)
    loss = sigmoid_cross_entropy(model(X)[:, 0], labels)
    loss.name = "loss"
    return model, loss, {"X": X}


def test_layers_are_framed_and_parameters_named():
    model, loss, variables = moons_like()
    picture = read(draw_dot_tensor(loss, model=model, names=variables))
    assert names(picture, "parameter") == sorted(name for name, _ in model.named_parameters())
    assert list(picture.frames) == [
        f"layers.{i} Layer({d})" for i, d in enumerate(["2 → 16, relu", "16 → 16, relu", "16 → 1"])
    ]
    first, _, last = picture.frames
    assert inside(picture, first) == ["layers.0.bias", "layers.0.weight", "linear", "relu", "v1", "v2"]
    assert inside(picture, last) == ["layers.2.bias", "layers.2.weight", "linear", "v5"]
    assert {"X", "loss"} <= set(names(picture))
    assert sorted(arrows(picture)) == sorted(
        arrows(read(draw_dot_tensor(loss, model=model, names=variables, rankdir="TB")))
    )
    assert ("layers.1.bias", "linear") in arrows(picture) and ("layers.1.weight", "linear") in arrows(picture)


def test_a_module_with_modules_in_modules():
    class Block(Module):
        def __init__(self):
            self.up, self.down, self.scale = Layer(3, 5, "relu", rng=0), Layer(5, 3, rng=0), Tensor(np.ones(3))

        def __call__(self, x):
            return x + self.down(self.up(x)) * self.scale

    model = Sequential(Block(), np.tanh, Neuron(3, rng=0))
    picture = read(draw_dot_tensor(model(np.ones((4, 3))).sum(), model=model))
    assert [f.split()[0] for f in picture.frames] == ["layers.0", "layers.0.up", "layers.0.down", "layers.2"]
    outer = inside(picture, "layers.0 Block()")
    assert "layers.0.scale" in outer and "layers.0.up.weight" in outer and "×" in outer
    assert "layers.0.up.weight" in inside(picture, "layers.0.up Layer(3 → 5, relu)")
    assert "tanh" not in outer
    assert not any("sum" in inside(picture, frame) for frame in picture.frames)


def test_what_is_computed_between_the_layers_of_a_module_is_in_it():
    class Attention(Module):
        def __init__(self):
            self.q, self.k, self.v = (Layer(4, 4, rng=i) for i in range(3))

        def __call__(self, x):
            return (self.q(x) @ np.swapaxes(self.k(x), -1, -2) / 2).softmax() @ self.v(x)

    model = Sequential(Attention(), Layer(4, 2, rng=0))
    loss = model(np.ones((5, 4))).exp().sum()
    picture = read(draw_dot_tensor(loss, model=model, show_data=False))
    outer = inside(picture, "layers.0 Attention()")
    assert {"swapaxes -1 -2", "/ 2", "softmax"} <= set(outer) and sum("@" in name for name in outer) == 2
    assert not {"exp", "sum", "layers.1.weight"} & set(outer)


def test_the_model_itself_is_framed_where_it_holds_parameters():
    layer = Layer(3, 2, "relu", rng=0)
    picture = read(draw_dot_tensor(layer(np.ones(3)), model=layer))
    assert list(picture.frames) == ["Layer(3 → 2, relu)"] and "weight" in inside(picture, "Layer(3 → 2, relu)")


def test_parameters_that_are_shared_or_unused():
    model = Sequential(Layer(3, 3, rng=0), Layer(3, 3, rng=0))
    model.layers[1].weight = model.layers[0].weight
    picture = read(draw_dot_tensor(model(np.ones(3)).sum(), model=model))
    assert names(picture, "parameter") == ["layers.0.bias", "layers.0.weight", "layers.1.bias"]
    assert arrows(picture).count(("layers.0.weight", "linear")) == 2
    unused = read(draw_dot_tensor(Tensor(1.0) * 2, model=model))
    assert not unused.frames and names(unused, "parameter") == ["x1"]


# Large graphs --------------------------------------------------------------------------------------------------------


def chain(n):
    z = Tensor(1.0, name="z")
    for _ in range(n):
        z = z * 1.0001
    return z


def recurrent(n):
    rng = np.random.default_rng(0)
    W, U = Tensor(rng.normal(size=(4, 4)), name="W"), Tensor(rng.normal(size=(2, 4)), name="U")
    h = np.zeros(4)
    for x in rng.normal(size=(n, 2)):
        h = np.tanh(x @ U + h @ W)
    return (h**2).sum()


def tangled(n, seed=0):
    rng = random.Random(seed)
    values = [Tensor([0.5, 0.2]) for _ in range(10)]
    for _ in range(n):
        a, b = rng.choice(values[-20:]), rng.choice(values[-20:])
        values.append(rng.choice([np.multiply, np.maximum, np.minimum])(np.sin(a) if rng.random() < 0.3 else a, b))
    return sum(values[-20:])


def deep(n):
    model = MLP(4, [4] * n, rng=0)
    return mse_loss(model(np.ones((3, 4))), np.zeros((3, 4)))


def recorded(root):
    """The operations behind root, counted without the drawing's help."""
    return sum(t._op is not None for t in behind(root))


def folded(picture):
    """How many operations the folded nodes stand for."""
    texts = [n.text for n in picture.nodes.values() if n.kind == "folded"]
    return sum(int(re.match(r"… ([\d,]+) operations", t)[1].replace(",", "")) for t in texts if " operations" in t)


def is_acyclic(picture):
    waiting = Counter(b for _, b, _ in picture.edges)
    ready = [i for i in picture.nodes if not waiting[i]]
    for i in ready:
        for a, b, _ in picture.edges:
            if a == i:
                waiting[b] -= 1
                if not waiting[b]:
                    ready.append(b)
    return len(ready) == len(picture.nodes)


@pytest.mark.parametrize("most", [12, 50, 100])
@pytest.mark.parametrize("graph", [chain, recurrent, tangled, deep], ids=lambda f: f.__name__)
def test_large_graphs_are_folded(graph, most):
    root = graph(2000)
    picture = read(draw_dot_tensor(root, max_nodes=most))
    assert 3 <= len(picture.nodes) <= max(most, 40)
    assert len(operations(picture)) + folded(picture) == recorded(root)
    assert len(names(picture, "output")) == 1 and is_acyclic(picture)
    connected = {i for a, b, _ in picture.edges for i in (a, b)}
    assert connected == set(picture.nodes)


@pytest.mark.parametrize("seed", range(5))
def test_max_nodes_is_kept(seed):
    root = tangled(500, seed)
    sizes = [len(read(draw_dot_tensor(root, max_nodes=most)).nodes) for most in (30, 60, 120, 240)]
    assert all(size <= most for size, most in zip(sizes, (30, 60, 120, 240), strict=True)) and sizes == sorted(sizes)
    everything = read(draw_dot_tensor(root, max_nodes=None))
    assert not folded(everything) and len(operations(everything)) == recorded(root)


def test_repetitions_are_named():
    picture = read(draw_dot_tensor(recurrent(1000)))
    (block,) = [n for n in picture.nodes.values() if n.kind == "folded"]
    assert "998 more times: @, @, +, tanh" in block.text
    assert {"W", "U"} <= set(names(picture, "parameter"))
    (block,) = [n for n in read(draw_dot_tensor(deep(1000))).nodes.values() if n.kind == "folded"]
    assert "linear, relu" in block.text and "1,994 parameters" in block.text and f"{997 * 20:,} numbers" in block.text


def test_small_graphs_are_not_folded():
    assert not folded(read(draw_dot_tensor(chain(40)))) and len(read(draw_dot_tensor(chain(40))).nodes) == 81


def test_a_crowd_of_operands():
    leaves = [Tensor([float(i)]) for i in range(1000)]
    picture = read(draw_dot_tensor(np.concatenate(leaves)))
    assert len(picture.nodes) < 10 and "995 more" in " ".join(n.text for n in picture.nodes.values())
    parts = [np.sin(Tensor([float(i)])) for i in range(1000)]
    picture = read(draw_dot_tensor(np.concatenate(parts)))
    assert len(picture.nodes) < 30 and is_acyclic(picture)


def test_a_chain_of_100_000_operations():
    dot = draw_dot_tensor(chain(100_000))
    assert folded(read(dot)) == 99_998


def test_doublings_are_visited_once():
    z = Tensor([1.0, 2.0], name="z")
    for _ in range(1000):
        z = z + z
    assert folded(read(draw_dot_tensor(z))) == 998


# Bad input -----------------------------------------------------------------------------------------------------------


def test_errors():
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
    with pytest.raises(TypeError, match="model must be a Module"):
        draw_dot_tensor(t, model=[t])


# With and without a program ------------------------------------------------------------------------------------------


@pytest.fixture(params=["dot", "graphviz-pure"])
def program(request, monkeypatch, tmp_path):
    """A machine with a `dot` on the PATH, and one without."""
    empty = tmp_path / "bin"
    empty.mkdir()
    calls = tmp_path / "calls"
    if request.param == "dot":
        if os.name == "nt":
            pytest.skip("the stand-in for dot is a shell script")
        stand_in = empty / "dot"
        stand_in.write_text(f'#!/bin/sh\necho called >> "{calls}"\nexec "{drawing._pure()}" "$@"\n')
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{empty}{os.pathsep}/bin{os.pathsep}/usr/bin")
    else:
        monkeypatch.setenv("PATH", str(empty))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)
    yield request.param
    assert calls.exists() == (request.param == "dot")


SIGNS = {"svg": b"<?xml", "png": b"\x89PNG", "jpg": b"\xff\xd8\xff"}


@pytest.mark.parametrize("format", SIGNS)
def test_pipe_and_render(program, tmp_path, format):
    dot = draw_dot_tensor(small_graph()[2], format=format)
    assert dot.pipe().startswith(SIGNS[format])
    assert dot.render() == f"tensor_graph.gv.{format}"
    path = dot.render(tmp_path / "graph", cleanup=True)
    assert path == str(tmp_path / f"graph.{format}") and (tmp_path / f"graph.{format}").read_bytes() == dot.pipe()
    assert not (tmp_path / "graph").exists()
    assert dot.render(outfile=tmp_path / f"other.{format}") == str(tmp_path / f"other.{format}")
    assert (tmp_path / "other.gv").read_text() == dot.source
    (tmp_path / "deep").mkdir()
    assert dot.render("x", directory="deep").replace("\\", "/") == f"deep/x.{format}"
    assert dot.pipe("svg").startswith(SIGNS["svg"]) and isinstance(dot.pipe("svg", encoding="utf-8"), str)


def test_notebook(program):
    t = small_graph()[2]
    dot = draw_dot_tensor(t)
    assert "<svg" in dot._repr_image_svg_xml() and "<svg" in dot._repr_mimebundle_()["image/svg+xml"]
    assert dot._repr_image_png().startswith(SIGNS["png"])
    assert t._repr_svg_() == dot._repr_image_svg_xml()
    assert Tensor([1.0])._repr_svg_() is None  # a leaf shows its numbers


def test_view_without_a_screen_says_where_the_file_is(program, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    path = draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph")
    assert path == str(tmp_path / "graph.svg") and os.path.exists(path)
    out, err = capfd.readouterr()
    assert path in out and not err


def test_view_opens_the_viewer_where_there_is_a_screen(program, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    opened = []
    monkeypatch.setattr(graphviz, "view", lambda path, **_: opened.append(path))
    path = draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph")
    assert opened == [path]

    def fails(path, **_):
        raise FileNotFoundError("no xdg-open")

    monkeypatch.setattr(graphviz, "view", fails)
    assert draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph") == path
    assert "no xdg-open" in capfd.readouterr().out


def test_copies_draw_too(program):
    dot = draw_dot_tensor(small_graph()[2])
    assert dot.copy().pipe("svg") == dot.pipe("svg")


def test_no_program_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(drawing, "_pure", lambda: None)
    t = small_graph()[2]
    with pytest.raises(RuntimeError, match=re.escape('pip install -e ".[demo]"')):
        draw_dot_tensor(t).pipe()
    assert t._repr_svg_() is None


def test_a_format_that_graphviz_pure_lacks(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="could not draw 'pdf'"):
        draw_dot_tensor(small_graph()[2], format="pdf").pipe()


def test_the_program_beside_python_is_found_in_an_environment_that_is_not_activated(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert drawing._pure()


def test_without_the_package_graphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing._picture_class.cache_clear()
    t = small_graph()[2]
    with pytest.raises(ImportError, match=re.escape('pip install -e ".[demo]"')):
        draw_dot_tensor(t)
    assert t._repr_svg_() is None
    monkeypatch.undo()
    drawing._picture_class.cache_clear()


def test_graphviz_is_imported_when_it_is_needed():
    program = "import sys, tensorgrad, tensorgrad.graph_utils; assert 'graphviz' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_tensors_show_themselves_in_a_notebook_without_another_import():
    program = "from tensorgrad import Tensor; svg = (Tensor([1.0, 2.0]) * 2)._repr_svg_(); assert '<svg' in svg"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0
