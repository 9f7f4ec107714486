"""Modules: how parameters are found, saved and loaded; and the layers that come with the library."""

import copy
import pickle

import numpy as np
import pytest

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
    assert [*state] == [*NAMES, "constant"]
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


def test_two_tensors_of_one_name_are_an_error_and_none_is_lost():
    module = Module()
    module.table = {"a": {"b": Tensor(1.0)}, "a.b": Tensor(2.0)}
    assert len(module.parameters()) == 2
    with pytest.raises(ValueError, match=r"two Tensors have the name 'table\.a\.b'"):
        module.state_dict()


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
        "  (layers.0): MLP()",
        "    (layers.0): Layer(2 -> 3, gelu)",
        "    (layers.1): Layer(3 -> 1)",
        "  (layers.2): Layer(1 -> 1, sigmoid)",
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


def test_an_input_of_the_wrong_shape_is_an_error():
    for module in (Layer(3, 4), Neuron(3), MLP(3, [4, 1])):
        for x in (np.ones((5, 4)), np.ones(2), np.ones(())):
            with pytest.raises(ValueError, match=r"-> \d.*\): the input must have the shape \(\.\.\., 3\), not \("):
                module(x)


def test_invalid_widths_are_errors():
    for n in (0, -1, 2.0, "3", None):
        with pytest.raises(ValueError, match="nin must be a positive int, not"):
            Layer(n, 1)
        with pytest.raises(ValueError, match="nout must be a positive int, not"):
            Layer(1, n)
        with pytest.raises(ValueError, match="nin must be a positive int, not"):
            Neuron(n)
    for nouts in (5, [], ()):
        with pytest.raises(ValueError, match=r"nouts must be a list of widths such as \[16, 16, 1\]"):
            MLP(2, nouts)


def test_an_unknown_activation_or_dtype_is_an_error():
    for make in (lambda **kw: Neuron(2, **kw), lambda **kw: Layer(2, 1, **kw), lambda **kw: MLP(2, [3, 1], **kw)):
        with pytest.raises(ValueError, match="unknown activation 'swoosh'; use one of relu, leaky_relu, sigmoid"):
            make(activation="swoosh")
        with pytest.raises(TypeError, match="dtype must be a floating one, not int64"):
            make(dtype=np.int64)


def test_what_is_not_a_layer_is_an_error():
    with pytest.raises(TypeError, match="Sequential: 3 is neither a module nor a function"):
        Sequential(Layer(2, 1), 3)
    with pytest.raises(NotImplementedError, match="Tree must define __call__"):
        Tree()(1)
