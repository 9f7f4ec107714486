"""Drawings stay as they are, byte for byte: of each graph here, drawings/NAME.gv holds what is written for Graphviz.

Of those in PAGES, drawings/NAME.json holds what the page of `draw_backward` tells: its steps and its values. The rest
of a page is in drawings/page.html, but for its program and style. What Graphviz makes of a source is not compared.

After a change that is meant: python test/test_draw_bytes.py
It writes all files anew; read their differences before you keep them.
"""

import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from drawn import cards, walked, written

from tensorgrad import (
    MLP,
    Layer,
    Module,
    Neuron,
    Sequential,
    Tensor,
    conv2d,
    derivative,
    logsumexp,
    mse_loss,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
)
from tensorgrad.derivatives.table import each
from tensorgrad.graph_utils import draw_backward, draw_dot_tensor

pytest.importorskip("graphviz")

FOLDER = Path(__file__).resolve().parent / "drawings"


def numbers(*shape, seed=0):
    """Random numbers from -1 to 1, the same on every machine."""
    rng = random.Random(seed)
    return np.array([rng.uniform(-1, 1) for _ in range(math.prod(shape))]).reshape(shape)


together = derivative(  # of many parts one number, in one operation
    lambda *parts: np.sum([np.sum(part) for part in parts]),
    each(lambda i, g, y, *parts: g * np.ones(np.shape(parts[i]))),
)


def with_fixed_parameters(model):
    for i, p in enumerate(model.parameters()):
        p.data = numbers(*p.shape, seed=i).astype(p.dtype)
    return model


# The graphs: each function gives a root, and how to draw it ----------------------------------------------------------


def seed():
    np.random.seed(0)
    a, b = Tensor(np.random.random((2, 3)), name="a"), Tensor(np.random.random((2, 3)), name="b")
    c = a + b  # not a part of d
    d = a * b + b**3
    c.name, d.name = "c", "d"
    d.backward()
    return d, {}


def seed_before_backward():
    a, b = Tensor(2.0, name="a"), Tensor([[3.0, -0.25]], name="b")
    return (a * b - b / a) @ np.array([0.5, 2.0]), {"legend": False, "format": "png"}


def leaf():
    return Tensor(numbers(2, 3), name="w"), {}


def moons():
    """A network, its loss, and the names of variables."""
    model = with_fixed_parameters(MLP(2, [3, 3, 1], activation="tanh"))
    X, labels = numbers(7, 2), (numbers(7, seed=1) > 0).astype(float)
    loss = sigmoid_cross_entropy(model(X)[:, 0], labels)
    loss.name = "loss"
    return loss, {"model": model, "names": {"X": X, "labels": labels, "_": X}}


def network():
    loss, options = moons()
    loss.backward()
    return loss, {**options, "rankdir": "TB"}


def network_without_numbers():
    loss, options = moons()
    loss.backward()
    return loss, {"model": options["model"], "show_data": False}


def classes():
    model = with_fixed_parameters(MLP(4, [3, 4], activation="tanh"))
    loss = softmax_cross_entropy(model(numbers(2, 4)), np.array([0, 3]), reduction="sum")
    loss.backward()
    return loss, {"model": model}


def probabilities():
    logits = Tensor(numbers(2, 4), name="logits")
    labels = np.array([[0.5, 0.5, 0, 0], [0, 0, 1, 0]])
    loss = softmax_cross_entropy(logits, labels, reduction="none").max()
    loss.backward()
    return loss, {"names": locals()}


def regression():
    x = Tensor(numbers(6, 2).astype(np.float32), name="x", requires_grad=False)
    w, b = Tensor(numbers(2, seed=1).astype(np.float32), name="w"), Tensor(np.float32(0.5), name="b")
    targets = numbers(6, seed=2).astype(np.float32)
    loss = mse_loss(x @ w + b, targets) + 0.125 * (w**2).sum()
    loss.backward()
    return loss, {}


def chain():
    z = Tensor(1.0, name="z")
    for _ in range(500):
        z = z * 1.0001
    z.backward()
    return z, {}


def recurrent():
    W, U = Tensor(numbers(3, 3), name="W"), Tensor(numbers(2, 3, seed=1), name="U")
    h = np.zeros(3)
    for x in numbers(60, 2, seed=2):
        h = np.tanh(x @ U + h @ W)
    y = (h**2).sum()
    y.backward()
    return y, {"max_nodes": 20, "show_data": False}


def deep_network():
    model = with_fixed_parameters(MLP(3, [3] * 80))
    return mse_loss(model(numbers(4, 3)), numbers(4, 3, seed=1)), {"model": model, "max_nodes": 25, "show_data": False}


def tangled():
    rng = random.Random(0)
    values = [Tensor(numbers(2, seed=i)) for i in range(5)]
    for _ in range(150):
        a, b = rng.choice(values[-12:]), rng.choice(values[-12:])
        values.append(rng.choice([np.multiply, np.maximum, np.minimum])(np.square(a) if rng.random() < 0.3 else a, b))
    return sum(values[-12:]), {"max_nodes": 25, "rankdir": "BT", "show_data": False}


def crowd():
    parts = [np.negative(Tensor([float(i)])) for i in range(30)]
    leaves = [Tensor([float(i)]) for i in range(40)]
    return np.concatenate([*leaves, parts[0], *parts]), {"max_nodes": 30, "show_data": False}


def several_outputs():
    x = Tensor(numbers(2, 3) * 4, name="x")
    fraction, whole = np.modf(x)
    first, _, last = np.split(fraction, 3, axis=1)
    both = derivative(lambda x: (x * x, x * 2), lambda g, y, x: 2 * (g[0] * x + g[1]))
    square, double = both(first)
    y = (square * whole[:, 1:2] + double * last).sum()
    y.backward()
    return y, {}


def decompositions():
    A = Tensor(np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]]), name="A")
    values, vectors = np.linalg.eigh(A + A.T)
    u, s, _ = np.linalg.svd(A @ numbers(3, 2), full_matrices=False)
    y = (values**2).sum() + vectors[0, 0] ** 2 + np.linalg.slogdet(A)[1] + (u * s).sum()
    return y, {"show_data": False}  # the signs of vectors are LAPACK's choice


def indices():
    x = Tensor(numbers(4, 6), name="x")
    parts = [
        x[0, :], x[..., None][1, :, 0], x[::2, 1:][1], x[[0, 2]][1], x[:, np.array([0, 1, 2, 0, 1])].T[0],
        x[x.data > 0.5], x[-1, 2:5:2], x[None, 3][0], x[x.data[:, 0] > 0][0], np.take(x, [1, 1], axis=0)[0],
        x.ravel()[np.arange(7)],
    ]  # fmt: skip
    y = together(*parts)
    y.backward()
    return y, {"max_nodes": None, "show_data": False}


def shapes():
    x, mask = Tensor(numbers(2, 2), name="x"), numbers(2, 2, seed=1) > 0
    a = np.concatenate([x, np.where(mask, x, 0), np.where(mask, 2.0, x)], axis=1).reshape(3, 4)
    b = np.einsum("ij,kj->ik", a, numbers(3, 4)) + np.einsum("ij->i", a)[:, None]
    c = np.stack([b, b.transpose(0, 1)]).transpose(2, 0, 1).swapaxes(-1, -2)
    y = np.expand_dims(c, 1).squeeze(axis=1).mT.sum() - np.broadcast_to(x[0], (3, 2)).mean()
    y.backward()
    return y, {"max_nodes": None, "show_data": False}


def settings():
    x = Tensor(numbers(3, 4), name="x")
    parts = [
        x.sum(axis=1), x.sum(axis=(0, 1), keepdims=True), x.mean(axis=0, keepdims=True), x.std(axis=0, ddof=1),
        np.sum(x, axis=0, dtype="float64"), np.add(x, 1, dtype="float64"), np.multiply(x, x, where=True),
        np.cumsum(x, axis=0), softmax(x, axis=0), logsumexp(x, axis=-1, keepdims=True), np.clip(x, -0.5, 0.5),
        np.maximum(x, 0), np.max(x, axis=1), np.prod(x, axis=0), np.repeat(x, 2, axis=0), np.roll(x, 1, axis=1),
        np.pad(x, ((0, 0), (1, 1))), x.astype(np.float32), np.diff(x, n=2, axis=1), np.var(x, axis=None), 1 / x,
        x % 1.5, x - x, np.linalg.norm(x, axis=1), x.reshape(2, 6, order="F"), np.einsum("ij->j", x, optimize=True),
        np.trapezoid(x, dx=0.5, axis=0),
    ]  # fmt: skip
    return together(*parts), {"max_nodes": None, "rankdir": "TB", "show_data": False}


def complex_numbers():
    z = Tensor(numbers(3) + 1j * numbers(3, seed=1), name="z")
    many = np.multiply(np.ones(13), z[0])
    y = (z * (0.5 - 1j) * z.conj()).real.sum() + abs(many).sum()
    y.backward()
    return y, {}


def constants():
    x, still = Tensor([1.0, 2.0], name="x"), Tensor([0.5, -0.5], name="still", requires_grad=False)
    mask, weights = np.array([True, False]), np.array([3, 4])
    beta = np.array([[1.0], [2.0]])
    y = (np.where(mask, x, 0) * weights + weights) * 2 + still * beta + Tensor(7.0, requires_grad=False)
    y.backward()
    return y, {"names": {"beta": beta, "x": 3, "other": x}}


def unnamed():
    a, b = Tensor(0.5), Tensor(3.0, name="x1")
    c = Tensor(2.0, requires_grad=False)
    y = a * b + a * c - np.ones(2) * b
    y.backward(np.array([1.0, 1e-9]))
    return y, {}


def functions_of_ones_own():
    def softsign(x, scale=1.0):
        return scale * x / (1 + abs(x))

    def getitem(x):
        return x * 1.0

    x = Tensor(numbers(4), name="x")
    f = derivative(softsign, lambda g, y, x, scale=1.0: g * scale / (1 + abs(x)) ** 2)
    h = derivative(lambda x, y: x * y, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
    g = derivative(getitem, lambda g, y, x: g)
    y = h(f(x, scale=2.5), g(x)).sum() + f(x, 0.5).max()
    y.backward()
    return y, {"show_data": False}


def numbers_that_are_none():
    x, many = Tensor([0.0, 1.0], name="x"), Tensor(np.array([1.0, np.nan, np.inf] * 10), name="many")
    empty, half = Tensor(np.zeros((0, 3)), name="empty"), Tensor(numbers(2).astype(np.float16), name="half")
    with np.errstate(all="ignore"):
        y = np.sqrt(x).sum() + many.mean() + empty.sum() + half + np.full(50, 7.0) @ np.ones(50) * (x * 1e300)
    x.grad = np.array([np.nan, 1.0])
    return y, {}


def names_with_any_sign():
    x = Tensor([1.0], name='<b> & "c"')
    for name in ("a\nb", "\\N", "]", "nul\0", "x" * 60, "勾配∂"):
        x = x * 2.0
        x.name = name
    f = derivative(lambda x: x + 0, lambda g, y, x: g)
    y = f(x)
    y._op.name = '<f> & \\N "g" {h}|変数 that is so long that it takes several lines'
    return y, {"show_data": False}


class Block(Module):
    def __init__(self):
        self.up, self.down, self.scale = Layer(3, 5, "relu"), Layer(5, 3), Tensor(np.ones(3))

    def __call__(self, x):
        return x + self.down(self.up(x)) * self.scale


class Attention(Module):
    def __init__(self):
        self.q, self.k, self.v = (Layer(3, 3) for _ in range(3))

    def __call__(self, x):
        return (self.q(x) @ np.swapaxes(self.k(x), -1, -2) / 2).softmax() @ self.v(x)


def modules():
    model = Sequential(Block(), np.tanh, Attention(), Neuron(3))
    model.offset = Tensor(0.5)
    with_fixed_parameters(model)
    y = (model(numbers(4, 3)) + model.offset).exp().sum()
    y.backward()
    return y, {"model": model, "show_data": False}


def shared_parameters():
    model = Sequential(Layer(3, 3), Layer(3, 3))
    model.layers[1].weight = model.layers[0].weight
    with_fixed_parameters(model)
    return model(numbers(3)).sum(), {"model": model, "rankdir": "RL", "show_data": False}


def images():
    x = numbers(2, 2, 6, 6)
    filters, bias = Tensor(numbers(3, 2, 3, 3, seed=1), name="filters"), Tensor(numbers(3), name="bias")
    y = conv2d(x, filters, bias, stride=2, padding=1).relu().mean(axis=(2, 3)).sum()
    y.backward()
    return y, {"names": {"x": x}, "show_data": False}


def freed_and_changed():
    x = Tensor([1.0, 2.0], name="x")
    y = (x * 2).sum()
    y.backward(retain_graph=False)
    z = x * 3
    root = z * y
    z.data = np.ones(2)
    return root, {}


def assignments():
    A, x = Tensor(np.zeros((2, 3)), name="A", requires_grad=False), Tensor(numbers(3), name="x")
    row, B = A[0], x * numbers(2, 1)
    A[1] = x * 2
    row += x
    A.T[:2, 1] = B[:, 0]
    B[:, [0, 0]] = A[:, 1:]
    B[0, 0] = 5
    y = (A * B).sum()
    y.backward()
    return y, {"names": {"row": row, "B": B}}


GRAPHS = {
    f.__name__: f
    for f in (
        seed, seed_before_backward, leaf, network, network_without_numbers, classes,
        probabilities, regression, chain, recurrent, deep_network, tangled, crowd, several_outputs,
        decompositions, indices, shapes, settings, complex_numbers, constants, unnamed,
        functions_of_ones_own, numbers_that_are_none, names_with_any_sign, modules, shared_parameters, images,
        freed_and_changed, assignments,
    )
}  # fmt: skip
PAGES = (
    "seed", "network", "classes", "regression", "several_outputs", "complex_numbers", "constants",
    "functions_of_ones_own", "assignments",
)  # fmt: skip


def source(name):
    """What Graphviz is given."""
    root, options = GRAPHS[name]()
    return draw_dot_tensor(root, **options).source


def page(name):
    """The page of its backward pass."""
    root, options = GRAPHS[name]()
    told = {key: options[key] for key in ("model", "names") if key in options}
    return draw_backward(root, title=f"The pass & the page of {name}", **told)


def told(name):
    """What the page tells: why its numbers can't be changed, its steps, and its values, a line each; numbers in four
    digits, since the last ones differ between machines."""
    made = page(name)
    lines = [made.reason, *(vars(step) for step in walked(made)), *((name, vars(v)) for name, v in cards(made).items())]
    return "[\n" + ",\n".join(json.dumps(line, ensure_ascii=False, default=in_words) for line in lines) + "\n]\n"


def in_words(x):
    return written(x) if isinstance(x, np.ndarray) else vars(x)


def frame(name):
    """The rest of the page: without the picture, what it tells, its program and its style."""
    return re.sub(r"<(svg|script|style)\b.*?</\1>", r"<\1/>", page(name).html(), flags=re.DOTALL)


def assert_same(file, text):
    """A test that fails names the first line that differs: of a whole drawing, nobody would read the differences."""
    kept, made = ((t.encode("utf-8")).split(b"\n") for t in ((FOLDER / file).read_text(encoding="utf-8"), text))
    for number, (old, new) in enumerate(zip(kept, made, strict=False), 1):
        assert new == old, f"{file}, line {number}"
    assert len(made) == len(kept), file


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that are none
@pytest.mark.parametrize("name", GRAPHS)
def test_the_source_of_a_drawing_stays_the_same(name):
    assert_same(f"{name}.gv", source(name))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_tells_stays_the_same(name):
    assert_same(f"{name}.json", told(name))


def test_the_frame_of_a_page_stays_the_same():
    assert_same("page.html", frame("seed"))


def main():
    for name in GRAPHS:
        (FOLDER / f"{name}.gv").write_text(source(name), encoding="utf-8", newline="")
    for name in PAGES:
        (FOLDER / f"{name}.json").write_text(told(name), encoding="utf-8", newline="")
    (FOLDER / "page.html").write_text(frame("seed"), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
