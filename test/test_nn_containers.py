"""Lists and dicts of modules and parameters."""

import numpy as np
import pytest

from tensorgrad import Layer, Module, Sequential, Tensor, nn, relu


def layers(n=3):
    return [Layer(2, 2, rng=i) for i in range(n)]


def test_sequential_is_a_list_of_layers():
    a, b, c = layers()
    model = Sequential(a, b)
    assert len(model) == 2 and model[0] is a and model[-1] is b and [*model] == [a, b] and b in model and c not in model
    assert model.append(c) is model and len(model) == 3
    assert type(model[1:]) is Sequential and [*model[1:]] == [b, c]
    del model[0]
    model.insert(0, relu)
    model[2] = a
    assert [*model] == [relu, b, a] and model.pop() is a and [*model.extend([c])] == [relu, b, c]
    assert [*(model + layers(1))][:3] == [relu, b, c] and len(model) == 3
    assert model.state_dict().keys() == {"1.weight", "1.bias", "2.weight", "2.bias"}


def test_sequential_of_a_dict_has_its_names():
    a, b, _ = layers()
    model = Sequential({"first": a, "act": np.tanh, "last": b})
    assert model.state_dict().keys() == {"first.weight", "first.bias", "last.weight", "last.bias"}
    x = np.ones(2)
    assert np.all(model(x) == b(np.tanh(a(x))))


def test_sequential_of_nothing_gives_what_it_is_given():
    assert Sequential()(3.0) == 3.0 and len(Sequential()) == 0


def test_lists_and_dicts_find_what_they_hold():
    a, b, c = layers()
    listed, named = nn.ModuleList([a, b]), nn.ModuleDict({"a": a, "c": c})
    assert [*listed.append(c)] == [a, b, c] and listed[1:][0] is b and type(listed[1:]) is nn.ModuleList
    assert [*named] == ["a", "c"] and named["c"] is c and "a" in named and len(named) == 2
    named["b"] = b
    assert [*named.items()] == [("a", a), ("c", c), ("b", b)] and named.pop("c") is c
    named.clear()
    assert not [*named.values()] and not [*named.keys()]
    parameters = nn.ParameterList([Tensor(1.0), Tensor(2.0)])
    by_name = nn.ParameterDict({"a": parameters[0]})
    assert [p.item() for p in parameters] == [1.0, 2.0] and parameters.state_dict().keys() == {"0", "1"}
    assert by_name.parameters() == [parameters[0]]


def test_a_network_of_containers_trains_and_nests(rng):
    class Net(Module):
        def __init__(self):
            self.blocks = nn.ModuleList(nn.ModuleDict({"layer": layer}) for layer in layers())
            self.scales = nn.ParameterList([Tensor(np.ones(2)) for _ in range(3)])

        def forward(self, x):
            for block, scale in zip(self.blocks, self.scales, strict=True):
                x = np.tanh(block["layer"](x)) * scale
            return x

    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names[0] == "blocks.0.layer.weight" and names[-1] == "scales.2" and len(names) == 9
    net(rng.normal(size=(4, 2))).sum().backward()
    assert all(np.any(p.grad) for p in net.parameters())


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: Sequential(3), "Sequential: layers: 3 is neither a module nor a function"),
        (lambda: Sequential(layers(2)), r"pass them one by one, as Sequential\(\*layers\)"),
        (lambda: Sequential(Layer), "is a class"),
        (lambda: nn.ModuleList([np.tanh]), r"ModuleList: modules\[0\] must be a Module"),
        (lambda: nn.ModuleList(3), "ModuleList: modules must be a list, not 3"),
        (lambda: nn.ParameterList([np.ones(2)]), r"ParameterList: parameters\[0\] must be a Tensor"),
        (lambda: nn.ModuleDict({"a.b": Layer(1, 1)}), "ModuleDict: items: a name must be a str without dots"),
        (lambda: nn.ModuleDict({1: Layer(1, 1)}), "ModuleDict: items: a name must be a str"),
        (lambda: nn.ModuleDict([3]), "ModuleDict: items must be a dict by name"),
        (lambda: Sequential(np.tanh)["0"], "Sequential: the index must be an int or a slice"),
        (lambda: Sequential().insert("0", np.tanh), "Sequential: the index must be an int"),
    ],
)
def test_what_does_not_belong_there_is_an_error(call, text):
    with pytest.raises(TypeError, match=text):
        call()


def test_an_index_out_of_range_names_the_container():
    with pytest.raises(IndexError, match="ModuleList: index 3 is out of range for 3 items"):
        nn.ModuleList(layers())[3]


def test_a_subclass_of_a_container_may_have_parameters_of_its_own():
    class Shifted(Sequential):
        def __init__(self, *layers):
            super().__init__(*layers)
            self.shift = Tensor(1.0)

    class Scaled(nn.ModuleDict):
        def __init__(self, modules):
            super().__init__(modules)
            self.scale = Tensor(1.0)

    a, b, _ = layers()
    assert [name for name, _ in Shifted(a).named_parameters()] == ["0.weight", "0.bias", "shift"]
    assert [name for name, _ in Scaled({"b": b}).named_parameters()] == ["b.weight", "b.bias", "scale"]
