"""What is drawn: the operations behind a Tensor, folded where they are many, and framed by the modules of a network."""

import random
import re
from collections import Counter

import numpy as np
import pytest
from drawn import arrows, inside, names, node, operations, read
from helpers import behind

from tensorgrad import MLP, Layer, Module, Neuron, Sequential, Tensor, derivative, grad, mse_loss, sigmoid_cross_entropy
from tensorgrad.derivatives.table import each
from tensorgrad.graph_utils import draw_dot_tensor

pytest.importorskip("graphviz")

# The walk -------------------------------------------------------------------------------------------------------------


def test_a_single_leaf_is_drawn():
    picture = read(draw_dot_tensor(Tensor([1.0, 2.0], name="w")))
    assert names(picture, "output") == ["w"] and not picture.edges and len(picture.nodes) == 1


def test_constants_are_drawn_once_and_with_dashed_arrows():
    x = Tensor([1.0, 2.0], name="x")
    mask, weights = np.array([True, False]), np.array([3.0, 4.0])
    picture = read(draw_dot_tensor((np.where(mask, x, 0) * weights + weights) * 2))
    assert names(picture, "constant") == ["c1", "c2"]  # an array that is used twice is drawn once
    assert "bool" in node(picture, "c1").text and "data 1 0" in node(picture, "c1").text
    assert operations(picture) == ["+", "where(·, ·, 0)", "×", "× 2"]
    assert {e["style"] for a, _, e in picture.edges if picture.nodes[a].kind == "constant"} == {"dashed"}


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


def test_a_second_order_graph_is_drawn():
    x = Tensor([0.5, 1.0], name="x")
    g = grad(lambda x: (np.tanh(x * 2) ** 2).sum())(x)
    picture = read(draw_dot_tensor(g, max_nodes=None))
    assert {"tanh", "× 2"} <= set(operations(picture)) and "x" in names(picture, "parameter")
    assert sum(n.name == "tanh" for n in picture.nodes.values()) == 1


def test_what_is_known_of_a_freed_graph_and_of_changed_data_is_drawn():
    x = Tensor([1.0, 2.0], name="x")
    y = (x * 2).sum()
    y.backward(retain_graph=False)
    picture = read(draw_dot_tensor(y))
    assert not picture.edges and "graph dropped" in node(picture, "y").text
    z = x * 2
    root = z.sum()
    z.data = np.ones(2)
    assert names(read(draw_dot_tensor(root))) == ["v1", "y"]


# Networks -------------------------------------------------------------------------------------------------------------


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


def test_modules_in_modules_are_framed_in_their_frames():
    class Block(Module):
        def __init__(self):
            self.up, self.down, self.scale = Layer(3, 5, "relu", rng=0), Layer(5, 3, rng=0), Tensor(np.ones(3))

        def __call__(self, x):
            return x + self.down(self.up(x)) * self.scale

    model = Sequential(Block(), np.tanh, Neuron(3, rng=0))
    picture = read(draw_dot_tensor(model(np.ones((4, 3))).sum(), model=model))
    assert [f.split()[0] for f in picture.frames] == ["0", "0.up", "0.down", "2"]
    outer = inside(picture, "0 Block()")
    assert "0.scale" in outer and "0.up.weight" in outer and "×" in outer
    assert "0.up.weight" in inside(picture, "0.up Layer(3 → 5, relu)")
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
    outer = inside(picture, "0 Attention()")
    assert {"swapaxes -1 -2", "/ 2", "softmax"} <= set(outer) and sum("@" in name for name in outer) == 2
    assert not {"exp", "sum", "1.weight"} & set(outer)


def test_the_model_itself_is_framed_where_it_holds_parameters():
    layer = Layer(3, 2, "relu", rng=0)
    picture = read(draw_dot_tensor(layer(np.ones(3)), model=layer))
    assert list(picture.frames) == ["Layer(3 → 2, relu)"] and "weight" in inside(picture, "Layer(3 → 2, relu)")


def test_shared_parameters_are_drawn_once_and_unused_ones_not():
    model = Sequential(Layer(3, 3, rng=0), Layer(3, 3, rng=0))
    model.layers[1].weight = model.layers[0].weight
    picture = read(draw_dot_tensor(model(np.ones(3)).sum(), model=model))
    assert names(picture, "parameter") == ["0.bias", "0.weight", "1.bias"]
    assert arrows(picture).count(("0.weight", "linear")) == 2
    unused = read(draw_dot_tensor(Tensor(1.0) * 2, model=model))
    assert not unused.frames and names(unused, "parameter") == ["x1"]


# Large graphs ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("seed", [0, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5)]])
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


def test_of_a_crowd_of_operands_few_are_drawn():
    total = derivative(lambda *parts: sum(parts), each(lambda i, g, y, *parts: g))
    leaves = [Tensor([float(i)]) for i in range(1000)]
    picture = read(draw_dot_tensor(total(*leaves)))
    assert len(picture.nodes) < 10 and "995 more" in " ".join(n.text for n in picture.nodes.values())
    parts = [np.sin(Tensor([float(i)])) for i in range(1000)]
    picture = read(draw_dot_tensor(total(*parts)))
    assert len(picture.nodes) < 30 and is_acyclic(picture)


@pytest.mark.slow
def test_a_chain_of_100_000_operations_is_folded():
    dot = draw_dot_tensor(chain(100_000))
    assert folded(read(dot)) == 99_998


def test_doublings_are_visited_once():
    z = Tensor([1.0, 2.0], name="z")
    for _ in range(1000):
        z = z + z
    assert folded(read(draw_dot_tensor(z))) == 998
