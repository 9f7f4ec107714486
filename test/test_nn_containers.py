"""Lists and dicts of modules and parameters."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from tensorgrad import Layer, Module, Sequential, Tensor, grad, nn, relu


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


@pytest.mark.parametrize("library", ["tensorgrad", "torch"])
def test_attributes_of_a_container_are_in_it(library):
    """A module that is set on one is an item; parameters and buffers beside them are found. PyTorch's are the same."""
    from_torch = pytest.importorskip("torch") if library == "torch" else None
    kind = from_torch.nn if from_torch else nn
    array = from_torch.ones if from_torch else np.ones

    class Transition(kind.Sequential):
        def __init__(self):
            super().__init__()
            self.norm = kind.BatchNorm1d(3)
            self.linear = kind.Linear(3, 2)
            self.scale = kind.Parameter(array(1))
            self.register_buffer("mask", array(2))
            self.width = 2

    model = Transition()
    assert len(model) == 2 and model[1] is model.linear and model(array((4, 3))).shape == (4, 2)
    last = model.linear = kind.Linear(3, 5)
    assert len(model) == 2 and model[-1] is last and model(array((4, 3))).shape == (4, 5)
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = {*(f"norm.{name}" for name in norm), "linear.weight", "linear.bias"}
    assert set(model.state_dict()) == names | {"scale", "mask"}
    listed, named = kind.ModuleList([kind.ReLU()]), kind.ModuleDict({"a": kind.ReLU()})
    listed.skip = named.skip = last
    assert len(listed) == len(named) == 2 and [*listed][1] is named["skip"] is named.skip and named.a is named["a"]
    assert set(listed.state_dict()) == set(named.state_dict()) == {"skip.weight", "skip.bias"}
    del named.skip
    assert [*named] == ["a"] and not hasattr(named, "skip") and not hasattr(named, "other")


@pytest.mark.parametrize("library", ["tensorgrad", "torch"])
def test_names_of_layers_that_were_sliced_or_deleted(library):
    kind = pytest.importorskip("torch").nn if library == "torch" else nn

    def names(container):
        return [name.removesuffix(".weight") for name in container.state_dict() if name.endswith("weight")]

    def named():
        return kind.Sequential(OrderedDict(a=kind.Linear(2, 2), b=kind.ReLU(), c=kind.Linear(2, 2)))

    plain = kind.Sequential(*named())
    assert names(plain) == ["0", "2"] and names(plain[1:]) == ["2"] and names(named()[1:]) == ["c"]
    assert names(named()[:2].append(kind.Linear(2, 2))) == ["a", "2"]
    assert names(kind.ModuleList(named())[2:]) == ["0"]
    shorter = named()
    del shorter[0]
    assert names(shorter) == ["1"]
    del plain[0]
    assert names(plain.append(kind.Linear(2, 2))) == ["1", "2"]


def test_no_layer_hides_another_of_its_name():
    part = Sequential(*layers())[1:]  # named 1 and 2, so a third may not be 2
    assert len(part.append(Layer(2, 2, rng=0)).state_dict()) == 6
    named = Sequential({"a": layers()[0], "b": layers()[1]})
    assert named.insert(0, relu).state_dict().keys() == {"1.weight", "1.bias", "2.weight", "2.bias"}


def test_copies_of_containers_are_whole():
    model = Sequential({"a": Layer(2, 2, rng=0), "act": np.tanh})
    model.head = nn.ModuleDict({"b": Layer(2, 1, rng=1)})
    for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.state_dict().keys() == model.state_dict().keys() and repr(again) == repr(model)
        assert again.head.b.weight.shape == (2, 1)
    gradients = grad(lambda m: m.head.b(m.a(np.ones(2))).sum())(model)
    assert gradients.keys() == model.state_dict().keys() and np.any(gradients["head.b.weight"] != 0)


def test_a_container_is_made_before_its_attributes_are_set():
    class Early(nn.Sequential):
        def __init__(self):
            self.first = Layer(2, 2, rng=0)
            super().__init__()

    with pytest.raises(AttributeError, match=r"Early: call super\(\).__init__\(\) before first is set"):
        Early()
    with pytest.raises(TypeError, match=r"ModuleDict: items\['a'\] must be a Module, not 3"):
        nn.ModuleDict({"a": Layer(2, 2, rng=0)}).a = 3


def test_a_parameter_of_a_dict_is_its_attribute():
    named = nn.ParameterDict({"a": Tensor(1.0)})
    other = named.a = Tensor(2.0)
    assert named["a"] is named.a is other and named.parameters() == [other] and len(named) == 1
    named.b = Tensor(3.0)
    assert [name for name, _ in named.named_parameters()] == ["a", "b"] and [*named] == ["a"]
