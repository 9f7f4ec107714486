"""Modules: how parameters are found, saved and loaded; and the layers that come with the library."""

import copy
import functools
import math
import pickle
from collections import deque
from collections.abc import Mapping

import numpy as np
import pytest
from duck import Duck

from tensorgrad import MLP, SGD, Layer, Module, Neuron, Sequential, Tensor, gelu, mse_loss, relu


class Tree(Module):
    """Parameters in attributes, lists, tuples and dicts, a shared one, a constant, and what is no parameter."""

    def __init__(self):
        self.shared = Tensor([1.0, 2.0])
        self.pair = [Tensor(3.0), (Tensor(4.0), self.shared)]
        self.table = {"a": Tensor(5.0), "layers": [Layer(2, 3, rng=0), Neuron(2, rng=1)]}
        self.constant = Tensor([7.0], requires_grad=False)
        self.layer = self.table["layers"][0]
        self.width, self.text, self.array, self.function = 3, "text", np.ones(3), np.tanh


NAMES = [
    "shared",
    "pair.0",
    "pair.1.0",
    "table.a",
    "table.layers.0.weight",
    "table.layers.0.bias",
    "table.layers.1.weight",
    "table.layers.1.bias",
]


def test_parameters_are_found_everywhere_and_each_once():
    tree = Tree()
    assert [name for name, _ in tree.named_parameters()] == NAMES
    assert [id(p) for p in tree.parameters()] == [id(p) for _, p in tree.named_parameters()]
    assert tree.parameters()[0] is tree.shared
    assert len({id(p) for p in tree.parameters()}) == len(NAMES)


def test_modules_are_found_each_once():
    tree = Tree()
    assert tree.modules() == [tree, tree.layer, tree.table["layers"][1]]


def test_a_module_that_holds_itself():
    tree = Tree()
    tree.me = tree
    tree.pair.append(tree.pair)
    assert [name for name, _ in tree.named_parameters()] == NAMES


def test_deep_nesting_needs_no_recursion():
    root = inner = Module()
    for _ in range(3000):
        inner.inner = Module()
        inner = inner.inner
    inner.weight = Tensor([1.0])
    ((name, parameter),) = root.named_parameters()
    assert parameter is inner.weight and name == "inner." * 3000 + "weight"
    assert len(root.modules()) == 3001
    root.eval()
    assert not inner.training
    assert len(repr(root).splitlines()) == 3001
    root.load_state_dict(root.state_dict())


def test_zero_grad_clears_every_parameter():
    tree = Tree()
    for p in tree.parameters():
        p.grad += 1
    tree.zero_grad()
    assert all(np.all(p.grad == 0) for p in tree.parameters())


def test_state_dict_round_trip_through_a_file(tmp_path):
    tree, other = Tree(), Tree()
    for k, p in enumerate(tree.parameters()):
        p.data += k + 1
    tree.constant.data = np.array([70.0])
    state = tree.state_dict()
    again = {"pair.1.1", "layer.weight", "layer.bias"}  # what is shared stands under each of its names, as in PyTorch
    assert [name for name in state if name not in again] == [*NAMES, "constant"] and again < state.keys()
    np.savez(tmp_path / "model.npz", **state)
    with np.load(tmp_path / "model.npz") as saved:
        other.load_state_dict(saved)
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    x = np.random.default_rng(0).normal(size=(4, 2))
    np.testing.assert_array_equal(other.layer(x).data, tree.layer(x).data)


def test_a_state_dict_is_a_copy():
    layer = Layer(2, 1, rng=0)
    state = layer.state_dict()
    before = layer.weight.data.copy()
    state["weight"] += 1
    np.testing.assert_array_equal(layer.weight.data, before)
    layer.load_state_dict(state)
    state["weight"] += 1
    np.testing.assert_array_equal(layer.weight.data, before + 1)


def test_a_loaded_state_keeps_the_dtype_and_the_parameters_themselves():
    layer = Layer(2, 1, dtype=np.float32)
    weight = layer.weight
    layer.load_state_dict({"weight": np.ones((2, 1)), "bias": np.zeros(1)})
    assert layer.weight is weight and weight.dtype == np.float32 and np.all(weight.data == 1)


def test_loading_between_use_and_backward_is_an_error():
    layer = Layer(2, 1, rng=0)
    loss = layer(np.ones((3, 2))).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match="was changed"):
        loss.backward()


def test_a_state_that_does_not_fit_loads_nothing():
    layer = Layer(2, 1, rng=0)
    before = layer.state_dict()
    with pytest.raises(KeyError, match=r"missing \['bias'\], unexpected \['offset'\]"):
        layer.load_state_dict({"weight": np.ones((2, 1)), "offset": np.zeros(1)})
    with pytest.raises(ValueError, match=r"bias has shape \(1,\), but is given \(2,\)"):
        layer.load_state_dict({"weight": np.ones((2, 1)), "bias": np.zeros(2)})
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


class Lazy(Mapping):
    """A mapping that reads its arrays when it is asked, as that of np.load does, and fails at some of them."""

    def __init__(self, state):
        self.state = state

    def __getitem__(self, name):
        if self.state[name] is None:
            raise OSError("the file ends here")
        return self.state[name]

    def __iter__(self):
        return iter(self.state)

    def __len__(self):
        return len(self.state)


WEIGHT, BIAS = np.full((2, 3), 5.0), np.full(3, 7.0)
ITSELF: list = [1.0]
ITSELF.append(ITSELF)
NO_REAL = "bias must be real numbers, not"
NO_STATES = {  # with the error, and what it says
    "None": (None, TypeError, "a mapping of names to arrays is needed, not a NoneType"),
    "a list": ([("weight", WEIGHT), ("bias", BIAS)], TypeError, "a mapping .* not a list"),
    "a module": (Layer(2, 3, rng=0), TypeError, "a mapping .* not a Layer"),
    "a string": ("weight", TypeError, "a mapping .* not a str"),
    "no names": ({}, KeyError, r"missing \['bias', 'weight'\], unexpected \[\]"),
    "one too few": ({"weight": WEIGHT}, KeyError, r"missing \['bias'\], unexpected \[\]"),
    "one too many": ({"weight": WEIGHT, "bias": BIAS, 3: BIAS, "x": 1}, KeyError, r"unexpected \[3, 'x'\]"),
    "a shape": ({"weight": WEIGHT, "bias": np.zeros(4)}, ValueError, r"bias has shape \(3,\), but is given \(4,\)"),
    "a shape that broadcasts": (
        {"weight": WEIGHT, "bias": 1.0},
        ValueError,
        r"bias has shape \(3,\), but is given \(\)",
    ),
    "an array of None": ({"weight": WEIGHT, "bias": [None] * 3}, TypeError, f"{NO_REAL} object"),
    "None in place of an array": (
        {"weight": WEIGHT, "bias": None},
        TypeError,
        f"{NO_REAL} .*a NoneType",
    ),
    "strings": ({"weight": WEIGHT, "bias": ["1", "2", "3"]}, TypeError, f"{NO_REAL} <U1"),
    "objects": ({"weight": WEIGHT, "bias": BIAS.astype(object)}, TypeError, f"{NO_REAL} object"),
    "complex": ({"weight": WEIGHT, "bias": BIAS + 0j}, TypeError, f"{NO_REAL} complex128"),
    "dates": ({"weight": WEIGHT, "bias": np.zeros(3, "M8[D]")}, TypeError, f"{NO_REAL} datetime64"),
    "masked": (
        {"weight": WEIGHT, "bias": np.ma.array(BIAS, mask=[0, 1, 0])},
        TypeError,
        "a MaskedArray isn't supported",
    ),
    "a matrix": ({"weight": WEIGHT.view(np.matrix), "bias": BIAS}, TypeError, "a matrix isn't supported"),
    "ragged": ({"weight": WEIGHT, "bias": [[1.0], [1.0, 2.0], 3.0]}, ValueError, "bias can't be made an array"),
    "a list that holds itself": ({"weight": WEIGHT, "bias": ITSELF}, ValueError, "bias can't be made an array"),
    "a file that ends": (Lazy({"weight": WEIGHT, "bias": None}), OSError, "the file ends here"),
}


@pytest.mark.parametrize("why", NO_STATES)
def test_a_state_that_can_not_be_loaded_changes_nothing(why):
    state, error, said = NO_STATES[why]
    layer = Layer(2, 3, rng=0)
    before, loss = layer.state_dict(), layer(np.ones((1, 2))).sum()
    with pytest.raises(error, match=said if error is OSError else f"load_state_dict: .*{said}"):
        layer.load_state_dict(state)
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    loss.backward()  # which the graph would notice


def test_a_number_too_large_for_the_dtype_is_not_loaded():
    layer = Layer(2, 1, rng=0, dtype=np.float32)
    before = layer.state_dict()
    with pytest.raises(ValueError, match="load_state_dict: bias is given a number that is too large for float32"):
        layer.load_state_dict({"weight": np.ones((2, 1)), "bias": np.array([1e300])})
    np.testing.assert_array_equal(layer.weight.data, before["weight"])
    layer.load_state_dict({"weight": np.ones((2, 1)), "bias": np.array([math.inf])})
    assert layer.bias.data[0] == math.inf


def test_what_can_be_loaded():
    layer = Layer(1, 3, rng=0)
    for bias in ([1, 2, 3], (True, False, True), np.array([1, 2, 3], np.uint8), np.float32([1, 2, 3]), [math.nan] * 3):
        layer.load_state_dict({"weight": [[1.0, 2.0, 3.0]], "bias": bias})
        np.testing.assert_array_equal(layer.bias.data, np.asarray(bias, float))
    other = Layer(1, 3, rng=1)
    layer.load_state_dict(dict(other.named_parameters()))  # Tensors: their data
    np.testing.assert_array_equal(layer.weight.data, other.weight.data)
    assert layer.weight.data is not other.weight.data
    layer.load_state_dict(Lazy(other.state_dict()))
    module = Module()
    module.z = Tensor(np.zeros(2, complex))
    module.load_state_dict({"z": [1.0, 2j]})
    np.testing.assert_array_equal(module.z.data, [1, 2j])


def test_the_state_of_another_kind_of_arrays_is_of_that_kind():
    module = Module()
    module.w = Tensor(Duck(np.array([1.0, 2.0])))
    state = module.state_dict()
    assert type(state["w"]) is Duck and state["w"].array is not module.w.data.array
    module.load_state_dict({"w": Duck(np.array([3.0, 4.0]))})
    assert type(module.w.data) is Duck
    np.testing.assert_array_equal(module.w.data.array, [3, 4])


@pytest.mark.parametrize(
    "container, named",
    [
        (set, "set"),
        (frozenset, "frozenset"),
        (deque, "deque"),
        (lambda parts: np.array([*parts, None], object), "ndarray"),
    ],
)
@pytest.mark.parametrize("part", [lambda: Layer(1, 1), Module])
def test_parameters_are_never_overlooked_in_silence(container, named, part):
    module = Module()
    module.inner = Module()
    module.inner.layers = {"a": container([part()])}
    with pytest.raises(
        TypeError, match=f"Module: parameters in inner.layers.a, a {named}, aren't found; put them into a"
    ):
        module.parameters()
    module.inner.layers = {"a": [container([1, 2]), np.ones(3), "text"]}  # without parameters, anything goes
    assert module.parameters() == []


def test_two_tensors_of_one_name_are_an_error_and_none_is_lost():
    module = Module()
    module.table = {"a": {"b": Tensor(1.0)}, "a.b": Tensor(2.0)}
    assert len(module.parameters()) == 2
    with pytest.raises(ValueError, match=r"two Tensors have the name 'table\.a\.b'"):
        module.state_dict()


@pytest.mark.parametrize("wrong", ["eval", None, 2, [], np.array([True, False])])
def test_a_mode_is_true_or_false(wrong):
    tree = Tree()
    with pytest.raises(TypeError, match="train: mode must be True or False, not"):
        tree.train(wrong)
    assert all(module.training is True for module in tree.modules())
    assert not tree.train(np.False_).training


def test_train_and_eval():
    tree = Tree()
    assert tree.training
    assert tree.eval() is tree
    assert not any(module.training for module in tree.modules())
    tree.train()
    assert all(module.training for module in tree.modules())


def test_repr_shows_the_tree():
    assert repr(Tree()) == "Tree()\n  (table.layers.0): Layer(2 -> 3)\n  (table.layers.1): Neuron(2 -> 1)"
    model = Sequential(MLP(2, [3, 1], activation=gelu), np.tanh, Layer(1, 1, "sigmoid"))
    assert repr(model).splitlines() == [
        "Sequential(MLP, tanh, Layer)",
        "  (0): MLP()",
        "    (layers.0): Layer(2 -> 3, gelu)",
        "    (layers.1): Layer(3 -> 1)",
        "  (2): Layer(1 -> 1, sigmoid)",
    ]


def test_pickle_and_deepcopy_give_an_independent_model():
    model = MLP(2, [4, 1], rng=0)
    x = np.random.default_rng(0).normal(size=(5, 2))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin(x).data, model(x).data)
        before = model(x).data
        mse_loss(twin(x), np.zeros((5, 1))).backward()
        SGD(twin.parameters(), lr=0.1).step()
        assert np.any(twin(x).data != before)
        np.testing.assert_array_equal(model(x).data, before)
        assert all(np.all(p.grad == 0) for p in model.parameters())


# Layers ---------------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_model():
    for make in (lambda rng: MLP(3, [5, 2], rng=rng), lambda rng: Layer(3, 2, rng=rng), lambda rng: Neuron(3, rng=rng)):
        for first, second in ((0, 0), (np.random.default_rng(1), np.random.default_rng(1))):
            for a, b in zip(make(first).parameters(), make(second).parameters(), strict=True):
                np.testing.assert_array_equal(a.data, b.data)
        assert np.any(make(0).parameters()[0].data != make(1).parameters()[0].data)
        assert np.any(make(None).parameters()[0].data != make(None).parameters()[0].data)
    layers = MLP(4, [4, 4], rng=0).layers
    assert np.any(layers[0].weight.data != layers[1].weight.data)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (0,)])
def test_shapes_and_values(batch):
    x = np.random.default_rng(0).normal(size=(*batch, 3))
    neuron, layer, mlp = Neuron(3, "tanh", rng=0), Layer(3, 4, "relu", rng=1), MLP(3, [4, 2], rng=2)
    for module in (neuron, layer, mlp):
        for p in module.parameters():
            p.data += 0.1  # biases too
    w, b = neuron.weight.data, neuron.bias.data
    np.testing.assert_allclose(neuron(x).data, np.tanh(x @ w + b), rtol=1e-12)
    assert neuron(x).shape == batch
    np.testing.assert_allclose(layer(x).data, np.maximum(x @ layer.weight.data + layer.bias.data, 0), rtol=1e-12)
    first, second = mlp.layers
    hidden = np.maximum(x @ first.weight.data + first.bias.data, 0)
    np.testing.assert_allclose(mlp(x).data, hidden @ second.weight.data + second.bias.data, rtol=1e-12)
    for module in (neuron, layer, mlp):
        np.testing.assert_array_equal(module(Tensor(x)).data, module(x).data)
        np.testing.assert_array_equal(module(x.tolist() if x.size else x).data, module(x).data)


def test_lists_of_tensors_are_stacked_as_input():
    x = np.random.default_rng(0).normal(size=(4, 3))
    for module in (Neuron(3, "tanh", rng=0), Layer(3, 2, "gelu", rng=0), MLP(3, [4, 1], rng=0)):
        rows, stacked = [Tensor(row) for row in x], Tensor(x)
        for value in (rows, stacked):
            (module(value) ** 2).sum().backward()
        np.testing.assert_allclose([row.grad for row in rows], stacked.grad, rtol=1e-14)
        numbers = [Tensor(v) for v in x[0]]
        np.testing.assert_array_equal(module(numbers).data, module(x[0]).data)
        module(numbers).sum().backward()
        assert all(v.grad != 0 for v in numbers)


def test_an_array_as_input_gets_no_gradient_and_a_tensor_does():
    layer = Layer(3, 2, rng=0)
    x = Tensor(np.ones((4, 3)))
    assert layer(np.ones((4, 3))).parents == (layer.weight, layer.bias)
    layer(x).sum().backward()
    np.testing.assert_allclose(x.grad, np.ones((4, 2)) @ layer.weight.data.T)


def test_float32_stays_float32():
    model = MLP(3, [4, 2], activation="gelu", rng=0, dtype=np.float32)
    y = model(np.ones((5, 3), np.float32))
    assert y.dtype == np.float32
    y.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in model.parameters())


@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu", "silu", relu, np.sin]
)
def test_every_activation_trains(activation):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (64, 2))
    y = np.sin(X[:, :1]) * X[:, 1:]  # no plane fits a product
    model = MLP(2, [16, 1], activation=activation, rng=0)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(400):
        loss = mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
    assert loss.item() < 0.1 * y.var()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "gelu", "silu"])
@pytest.mark.parametrize("width", [8, 64, 512])
def test_any_width_keeps_the_scale_of_activations_and_gradients(activation, width):
    x = Tensor(np.random.default_rng(0).normal(size=(200, width)))
    scales, slopes = [], []
    for seed in range(512 // width):  # of a narrow network, the mean over many
        y = MLP(width, [width] * 6, activation=activation, rng=seed)(x)
        scales.append(np.std(y.data))
        x.zero_grad()
        y.backward(np.random.default_rng(seed).normal(size=y.shape))
        slopes.append(np.std(x.grad))
    assert 0.1 < np.mean(scales) < 3
    assert 0.1 < np.mean(slopes) < 3


@pytest.mark.slow
def test_networks_of_any_width_train_with_one_learning_rate():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (64, 2))
    y = np.sin(3 * X[:, :1])
    for width in (16, 128, 1024):
        model = MLP(2, [width, width, 1], activation="relu", rng=0)
        optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
        for _ in range(100):
            loss = mse_loss(model(X), y)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
        assert loss.item() < 0.25 * y.var(), width


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [None, "text", {}, object(), len, np.ndarray, np.array(["a", "b", "c"]), np.array([1.0, None, 2.0]), 10**400,
     np.zeros(3, "m8[s]"), np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), np.ones((2, 3)).view(np.matrix)],
)  # fmt: skip
def test_an_input_that_is_not_numbers_is_an_error(wrong):
    for module in (Layer(3, 4), Neuron(3), MLP(3, [4, 1])):
        with pytest.raises(
            TypeError, match=r"-> \d.*\): (the input must be numbers, not|a (MaskedArray|matrix) isn't)"
        ):
            module(wrong)


def test_an_input_of_the_wrong_shape_is_an_error():
    for module in (Layer(3, 4), Neuron(3), MLP(3, [4, 1])):
        for x in (np.ones((5, 4)), np.ones(2), np.ones(())):
            with pytest.raises(ValueError, match=r"-> \d.*\): the input must have the shape \(\.\.\., 3\), not \("):
                module(x)


def test_invalid_widths_are_errors():
    for n in (0, -1, 2.0, "3", None, True, np.True_, 10**30, [2], np.array([2]), np.timedelta64(2, "s"), math.nan, 2j):
        said = "(must be a positive int, not|is more than an array can hold)"
        with pytest.raises(ValueError, match=f"Layer: nin {said}"):
            Layer(n, 1)
        with pytest.raises(ValueError, match=f"Layer: nout {said}"):
            Layer(1, n)
        with pytest.raises(ValueError, match=f"Neuron: nin {said}"):
            Neuron(n)
        with pytest.raises(ValueError, match=f"MLP: nin {said}"):
            MLP(n, [1])
        with pytest.raises(ValueError, match=rf"MLP: nouts\[1\] {said}"):
            MLP(2, [3, n])
    for nouts in (5, [], (), None, 3.5, "12", b"12", {4: 1}, {4, 1}, np.array(4), np.zeros(0, int), iter([4, 1]), len):
        with pytest.raises(ValueError, match=r"MLP: nouts must be a list of widths such as \[16, 16, 1\]"):
            MLP(2, nouts)
    for nouts in (np.array([4.0, 1.0]), [[4, 1]], [None]):
        with pytest.raises(ValueError, match=r"MLP: nouts\[0\] must be a positive int"):
            MLP(2, nouts)
    with pytest.raises(ValueError, match=r"Layer: .* weights are more than an array can hold"):
        Layer(2**40, 2**40)


def test_widths_may_be_of_numpy():
    for nouts in ([4, 1], (4, 1), np.array([4, 1]), [np.int64(4), np.uint8(1)]):
        assert [p.shape for p in MLP(np.int32(2), nouts).parameters()] == [(2, 4), (4,), (4, 1), (1,)]


MAKERS = {
    "Neuron": lambda **kw: Neuron(2, **kw),
    "Layer": lambda **kw: Layer(2, 1, **kw),
    "MLP": lambda **kw: MLP(2, [3, 1], **kw),
}
NO_DTYPES = [np.int64, int, complex, bool, str, object, "text", [("x", float)], "M8[s]", 3, {}, object()]
NO_SEEDS = [
    "0", 0.5, -1, True, [0.5], [1, -1], {}, np.random, object(), math.nan, Tensor(1.0), np.array([1.0]), np.array(1),
    np.ones((1, 1), int).view(np.matrix),
]  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_an_unknown_activation_is_an_error(name):
    make = MAKERS[name]
    with pytest.raises(ValueError, match=f"{name}: unknown activation 'swoosh'; use one of relu, leaky_relu, sigmoid"):
        make(activation="swoosh")
    for wrong in (3, ["relu"], np.tanh(1.0), {}, True, Layer, float, ""):
        with pytest.raises(ValueError, match=f"(?s){name}: unknown activation .*; use one of relu, .*or a function"):
            make(activation=wrong)


@pytest.mark.parametrize("name", MAKERS)
def test_a_dtype_is_a_floating_one(name):
    make = MAKERS[name]
    for wrong in NO_DTYPES:
        with pytest.raises(TypeError, match=f"{name}: dtype must be a floating one"):
            make(dtype=wrong)
    for right in (np.float16, "f4", float, np.dtype(np.longdouble), None):
        assert all(p.dtype == np.dtype(right) for p in make(dtype=right).parameters())


@pytest.mark.parametrize("name", MAKERS)
def test_a_random_generator_is_one_or_made_of_a_seed(name):
    make = MAKERS[name]
    for wrong in NO_SEEDS:
        with pytest.raises(TypeError, match=rf"{name}: rng must be a numpy\.random\.Generator, or a seed"):
            make(rng=wrong)
    for right in (0, np.int64(3), 10**30, [1, 2], (1, 2), np.array([1, 2]), np.random.default_rng(1)):
        first = make(rng=np.random.default_rng(copy.deepcopy(right)))
        for p, q in zip(first.parameters(), make(rng=right).parameters(), strict=True):
            np.testing.assert_array_equal(p.data, q.data)
    for right in (None, np.random.PCG64(1), np.random.RandomState(1), np.random.SeedSequence(1)):
        make(rng=right)


def test_what_is_not_a_layer_is_an_error():
    with pytest.raises(TypeError, match="Sequential: layers: 3 is neither a module nor a function"):
        Sequential(Layer(2, 1), 3)
    with pytest.raises(
        TypeError, match=r"(?s)Sequential: .* is neither a module nor a function; .*Sequential\(\*layers\)"
    ):
        Sequential([Layer(2, 1), np.tanh])
    for wrong in (None, "relu", 1.0, np.ones(2), Tensor(1.0)):
        with pytest.raises(TypeError, match=r"(?s)Sequential: .*is neither a module nor a function"):
            Sequential(wrong)
    with pytest.raises(TypeError, match=r"Sequential: .*Layer'> is a class; pass a module that was made of it"):
        Sequential(Layer)
    for right in (np.tanh, len, functools.partial(np.add, 1.0), Layer(2, 1).__call__, lambda x: x):
        Sequential(right)
    with pytest.raises(NotImplementedError, match="Tree must define forward"):
        Tree()(1)
