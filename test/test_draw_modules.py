"""Networks: which operations are part of which module, and whole modules as one node each where there are many."""

import re
from collections import Counter

import numpy as np
import pytest
from drawn import arrows, names, operations, read

from tensorgrad import MLP, Tensor, mse_loss, nn, softmax_cross_entropy
from tensorgrad.draw.graph import Graph
from tensorgrad.draw.labels import operation_sign
from tensorgrad.graph_utils import draw_dot_tensor

pytest.importorskip("graphviz")


class Residual(nn.Module):
    """A block as in a ResNet, which ends with the sum and an activation."""

    def __init__(self, nin, nout, stride=1):
        self.conv1, self.bn1 = nn.Conv2d(nin, nout, 3, stride, 1, bias=False, rng=0), nn.BatchNorm2d(nout)
        self.conv2, self.bn2 = nn.Conv2d(nout, nout, 3, 1, 1, bias=False, rng=0), nn.BatchNorm2d(nout)
        self.down = nn.Sequential(nn.Conv2d(nin, nout, 1, stride, rng=0), nn.BatchNorm2d(nout)) if nin != nout else None

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (x if self.down is None else self.down(x))).relu()


class ResNet(nn.Module):
    def __init__(self):
        self.stem, self.head = nn.Conv2d(3, 4, 3, 1, 1, rng=0), nn.Linear(8, 5, rng=0)
        self.layer1 = nn.Sequential(Residual(4, 4), Residual(4, 4))
        self.layer2 = nn.Sequential(Residual(4, 8, 2), Residual(8, 8))

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x).relu()))
        return self.head(x.mean(axis=(2, 3)))


class Decoder(nn.Module):
    """A transformer of so many layers over characters."""

    def __init__(self, layers, **options):
        self.character, self.place = nn.Embedding(7, 8, rng=0), nn.Embedding(6, 8, rng=0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, rng=0, **options)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(8))
        self.head = nn.Linear(8, 7, rng=0)

    def forward(self, text):
        return self.head(self.encoder(self.character(text) + self.place(np.arange(text.shape[1]))))


TEXT = np.arange(12).reshape(2, 6) % 7


def decoder(layers, **options):
    model = Decoder(layers, **{"dropout": 0.0} | options)
    return softmax_cross_entropy(model(TEXT), TEXT), model


def resnet():
    model = ResNet()
    return softmax_cross_entropy(model(np.linspace(-1, 1, 2 * 3 * 36).reshape(2, 3, 6, 6)), np.array([0, 3])), model


def owned(root, model):
    """The operations of each module, by their signs."""
    graph, found = Graph(root, model), {}
    for operation, owner in zip(graph.operations, graph.owners, strict=True):
        found.setdefault(owner, []).append(operation_sign(operation.node))
    return found


# Owners ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_each_operation_of_a_transformer_is_in_the_module_that_recorded_it(norm_first, dropout):
    found = owned(*decoder(3, norm_first=norm_first, dropout=dropout))
    dropped = ["×"] if dropout else []
    for i in range(3):
        layer = f"encoder.layers.{i}"
        assert found[layer] == [*dropped, "+", "relu", *dropped, *dropped, "+"]
        attention = found[f"{layer}.self_attn"]
        assert "softmax" in attention and attention.count("transpose") == 5 and attention.count("×") == len(dropped)
        for name in ("self_attn.out_proj", "linear1", "linear2"):
            assert found[f"{layer}.{name}"] == ["transpose", "linear"]
        for name in ("norm1", "norm2"):
            assert found[f"{layer}.{name}"] == ["normalize"]
    assert found["encoder.norm"] == ["normalize"] and found["head"] == ["transpose", "linear"]
    assert found[None] == ["+", "softmax cross-entropy"] and not {"", "encoder", "encoder.layers"} & set(found)


def test_attention_between_two_sequences_is_one_module():
    model = nn.Transformer(8, 2, 1, 2, 16, dropout=0.0, batch_first=True, rng=0)
    x = np.linspace(-1, 1, 80).reshape(2, 5, 8)
    found = owned(model(x, x[:, :3]).sum(), model)
    for i in range(2):
        assert found[f"decoder.layers.{i}"] == ["+", "+", "relu", "+"]
        assert "softmax" in found[f"decoder.layers.{i}.multihead_attn"]
    assert found[None] == ["sum"]


def test_the_sum_and_the_activation_at_its_end_are_part_of_a_residual_block():
    found = owned(*resnet())
    for block in ("layer1.0", "layer1.1", "layer2.0", "layer2.1"):
        assert found[block] == ["relu", "+", "relu"]
        assert found[f"{block}.bn1"][-1] == "normalize" and len(found[f"{block}.conv1"]) == 1
    assert found["layer2.0.down.1"][-1] == "normalize"
    assert found[None] == ["relu", "mean", "softmax cross-entropy"] and not {"", "layer1", "layer2"} & set(found)


def test_what_follows_a_layer_without_an_activation_is_outside_of_it():
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.LayerNorm(3))
    assert owned((model(np.ones((2, 3))) ** 2).sum(), model)[None] == ["**", "sum"]


def test_a_sum_around_a_module_is_outside_of_it_unless_modules_are_stacked():
    x = Tensor(np.ones((2, 3)), name="x")

    class Around(nn.Module):
        def __init__(self):
            self.inner, self.head = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)

        def forward(self, x):
            return self.head(x + self.inner(x))

    model = Around()
    assert owned(model(x).sum(), model)[None] == ["+", "sum"]
    model = nn.Sequential(Around(), Around())
    found = owned(model(x).sum(), model)
    assert found["0"] == found["1"] == ["+"] and found[None] == ["sum"]


def test_a_join_of_many_values_that_many_modules_use_has_an_owner():
    class Dense(nn.Module):
        """Layers that each take in what all before them gave."""

        def __init__(self, n):
            self.layers = nn.ModuleList([nn.Linear(2 * i, 2, rng=0) for i in range(1, n)])

        def forward(self, x):
            parts = [x]
            for layer in self.layers:
                parts.append(layer(np.concatenate(parts, axis=1)))
            return np.concatenate(parts, axis=1)

    model = nn.Sequential(nn.Linear(2, 2, rng=0), Dense(30), nn.Linear(60, 1, rng=0))
    found = owned(model(np.ones((3, 2))).sum(), model)
    assert found["1"] == ["join"] * 29 and found[None] == ["join", "sum"]  # the first could be done before the module


# Folded modules -------------------------------------------------------------------------------------------------------


def blocks(picture):
    return [n for n in picture.nodes.values() if n.kind == "module"]


def test_of_a_large_network_whole_modules_are_drawn_with_the_residual_arrows_around_them():
    loss, model = decoder(4, norm_first=True)
    picture = read(draw_dot_tensor(loss, model=model))
    count = Counter(n.name for n in blocks(picture))
    layer = ("norm1", "self_attn", "norm2", "linear1", "linear2")
    assert count == {"character": 1, "place": 1, "norm": 1, "head": 1} | dict.fromkeys(layer, 4)
    assert sorted(operations(picture)) == sorted(["+", *["+", "+", "relu"] * 4, "softmax cross-entropy"])
    assert Counter(arrows(picture)) == Counter(
        {
            ("character", "+"): 1, ("place", "+"): 1, ("norm", "head"): 1, ("head", "softmax cross-entropy"): 1,
            ("c1", "softmax cross-entropy"): 1, ("softmax cross-entropy", "y"): 1, ("+", "norm"): 1,
            ("+", "norm1"): 4, ("norm1", "self_attn"): 4, ("self_attn", "+"): 4, ("+", "+"): 8, ("+", "norm2"): 4,
            ("norm2", "linear1"): 4, ("linear1", "relu"): 4, ("relu", "linear2"): 4, ("linear2", "+"): 4,
        }
    )  # fmt: skip
    assert [f.split()[0] for f in picture.frames] == ["encoder", *(f"encoder.layers.{i}" for i in range(4))]
    linear1 = next(n for n in blocks(picture) if n.name == "linear1")
    assert linear1.text == "linear1 Linear (2, 6, 8) → (2, 6, 16) 144 numbers"
    assert linear1.look["tooltip"].startswith("encoder.layers.0.linear1. ")
    assert names(picture, "parameter", "intermediate") == []


def test_the_gradient_along_an_arrow_between_modules_is_shown():
    loss, model = decoder(4)
    loss.backward()
    picture = read(draw_dot_tensor(loss, model=model))
    widths = [float(e.get("penwidth", 0)) for a, b, e in picture.edges if picture.nodes[b].kind == "module"]
    assert len(widths) == 22 and all(0.8 < width <= 3.8 for width in widths) and len(set(widths)) > 5


def test_modules_are_folded_from_the_inside_until_few_enough_are_left():
    loss, model = decoder(4)
    seen = []
    for most in (None, 300, 200, 50, 20, 10):
        dot = draw_dot_tensor(loss, model=model, max_nodes=most)
        picture = read(dot)
        seen.append({n.text.split()[1] for n in blocks(picture)})
        assert most is None or len(picture.nodes) <= most
    inner = {"Embedding", "Linear", "LayerNorm"}
    attention = inner | {"MultiheadAttention"}
    assert seen == [
        set(), set(), inner, attention, {"Embedding", "Linear", "LayerNorm", "TransformerEncoderLayer"},
        {"Embedding", "Linear", "TransformerEncoder"},
    ]  # fmt: skip


def test_of_many_equal_layers_the_first_and_the_last_are_drawn():
    loss, model = decoder(12, norm_first=True)
    picture = read(draw_dot_tensor(loss, model=model))
    assert len(picture.nodes) <= 40
    (rest,) = [n for n in picture.nodes.values() if n.kind == "folded"]
    assert "10 more times: LayerNorm, MultiheadAttention, +, LayerNorm, Linear, relu, …" in rest.text
    assert [f.split()[0] for f in picture.frames] == ["encoder", "encoder.layers.0", "encoder.layers.11"]
    whole = MLP(4, [4] * 200, rng=0)
    picture = read(draw_dot_tensor(mse_loss(whole(np.ones((3, 4))), np.zeros((3, 4))), model=whole))
    assert [n.name for n in blocks(picture)] == ["layers.0", "layers.198", "layers.199"]


def test_each_call_of_a_module_is_a_node():
    class Steps(nn.Module):
        def __init__(self):
            self.cell, self.head = nn.RNNCell(2, 3, rng=0), nn.Linear(3, 1, rng=0)

        def forward(self, xs):
            h = None
            for x in xs:
                h = self.cell(x, h)
            return self.head(h)

    model = Steps()
    picture = read(draw_dot_tensor(model(np.ones((20, 4, 2))).sum(), model=model))
    assert Counter(n.name for n in blocks(picture)) == {"cell": 20, "head": 1}
    assert not any("of=" in n.text for n in picture.nodes.values())


def test_inputs_are_drawn_but_not_what_a_module_makes_for_itself():
    loss, model = resnet()
    picture = read(draw_dot_tensor(loss, model=model, max_nodes=80))
    assert ("c1", "stem") in arrows(picture) and names(picture, "constant") == ["c1", "c2"]
    layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.5, batch_first=True, rng=0), 2)
    x = Tensor(np.linspace(-1, 1, 80).reshape(2, 5, 8), name="x")
    picture = read(draw_dot_tensor(layers(x).sum(), model=layers, max_nodes=50))
    assert {("x", "self_attn"), ("x", "+")} <= set(arrows(picture))
    (attention, *_) = [n for n in blocks(picture) if n.name == "self_attn"]
    assert re.search(r"\(2, 5, 8\) → \(2, 5, 8\)", attention.text)
