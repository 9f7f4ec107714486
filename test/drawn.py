"""What a drawing shows, read back from what Graphviz itself makes of it, in its JSON; and small graphs to draw."""

import html
import json
import re
from types import SimpleNamespace

import numpy as np
from helpers import behind

from tensorgrad import MLP, Tensor, grad, mse_loss, sigmoid_cross_entropy, softmax

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


# Graphs whose backward pass is shown step by step --------------------------------------------------------------------


def repeated():
    a, b = Tensor(2.0, name="a"), Tensor(-3.0, name="b")
    c = a * b
    c.name = "c"
    return (c + a * a) ** 2


def broadcast():
    x, row, column = Tensor(np.ones((2, 3)), name="x"), Tensor([1.0, 2.0, 3.0], name="row"), Tensor([[1.0], [2.0]])
    return ((x * row + column) / 3).mean(axis=0).sum()


def several_outputs():
    A = Tensor([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]], name="A")
    values, vectors = np.linalg.eigh(A + A.T)
    return (values**2).sum() + vectors[0, 0] ** 2 + np.linalg.slogdet(A)[1]


def complex_numbers():
    z = Tensor(np.array([1 + 2j, -0.5j, 3.0]), name="z")
    return (np.exp(z) * z.conj() + z**2).real.sum()


def constants():
    X, w = Tensor([[1.0, 2.0], [3.0, 4.0]], name="X", requires_grad=False), Tensor([0.5, -0.5], name="w")
    return mse_loss(X @ w + np.array([1.0, 2.0]), np.array([0.0, 1.0])) * 2.0


def nested():
    x = Tensor([0.1, 0.2, 0.7], name="x")
    return np.log(1 + np.exp(np.sin(x) / (1 + softmax(x) ** 2))).max() + np.where(x > 0.15, x, x**3).sum()


def second_derivative():
    x = Tensor([0.3, -1.2], name="x")
    return (grad(lambda x: (np.tanh(x) * x).sum())(x) ** 2).sum()


def hundred_operations():
    x = Tensor(0.5, name="x")
    y = x
    for _ in range(50):
        y = np.sin(y) + x
    return y


def large_arrays():
    w = Tensor(np.linspace(-1, 1, 3 * 1000).reshape(3, 1000).astype(np.float32), name="w")
    return np.tanh(w[:, ::2]).sum()


GRAPHS = {
    f.__name__: f
    for f in (
        repeated, broadcast, several_outputs, complex_numbers, constants, nested, second_derivative,
        hundred_operations, large_arrays,
    )
}  # fmt: skip


def network():
    X, labels = np.array([[0.1, 0.2], [-1.0, 0.5], [0.3, -0.4]]), np.array([0.0, 1.0, 1.0])
    model = MLP(2, [3, 1], activation="tanh", rng=0)
    loss = sigmoid_cross_entropy(model(X)[:, 0], labels)
    loss.name = "loss"
    return loss, model


def receivers(root):
    """What gets a gradient, but for the hidden nodes of functions with several outputs."""
    return [t for t in behind(root) if t.requires_grad and not isinstance(t._data, tuple)]


# Pages ---------------------------------------------------------------------------------------------------------------


def walked(page):
    """The steps of a page with what they speak of: names and arrays in the place of numbers of values and of arrays,
    formulas without the references in their letters."""
    arrays, values = page.arrays, page.values

    def array(i):
        return None if i is None else arrays[i]

    def text(formula):
        return formula and re.sub(r"</?var[^>]*>", "", formula)

    def entry(value, i=None):
        v = values[value]
        return SimpleNamespace(name=v["name"], card=v["card"], value=arrays[v["data"] if i is None else i])

    def rule(r):
        arrived = {name: array(r[name]) for name in ("gives", "arrives", "before", "total")}
        named = {
            "to": values[r["to"]]["name"],
            "gradient": values[r["to"]]["gradient"],
            "card": values[r["to"]]["card"],
        }
        return SimpleNamespace(**{**r, **arrived, **named, "formula": text(r["formula"]), "note": " ".join(r["notes"])})

    walk = []
    for step in page.steps:
        told = {} if step["operation"] is None else page.operations[step["operation"]]
        forward = step["phase"] == "forward"
        computes = told.get("computes") if forward else None
        walk.append(
            SimpleNamespace(
                title=step["title"],
                phase=step["phase"],
                inputs=list(map(entry, told["inputs"])) if forward else [],
                outputs=list(map(entry, told["outputs"])) if forward else [],
                formula=computes and text(computes["formula"]),
                note=" ".join(computes["notes"]) if computes else "",
                rules=[] if forward else [rule(r) for r in told.get("rules", ())],
            )
        )
    return walk


def cards(page):
    """What is known of each value of a page, by its name."""

    def card(v):
        data, grad = (None if v[key] is None else page.arrays[v[key]] for key in ("data", "grad"))
        return SimpleNamespace(data=data, grad=grad, card=v["card"])

    return {v["name"]: card(v) for v in page.values}


def written(array):
    """An array as a page shows it."""
    return np.array2string(array, precision=4, threshold=2000, max_line_width=100)
