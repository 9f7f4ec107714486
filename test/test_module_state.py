"""What belongs to a module beside its parameters: buffers, hooks, modes, dtypes, files; and what is frozen."""

import builtins
import copy
import pickle

import numpy as np
import pytest

from tensorgrad import MLP, SGD, Adam, Layer, Module, Sequential, Tensor, grad, mse_loss, nn


class Counting(Module):
    """A parameter, and a buffer that counts calls."""

    def __init__(self):
        self.scale = Tensor(2.0)
        self.register_buffer("calls", np.zeros((), int))
        self.register_buffer("scratch", np.ones(2), persistent=False)
        self.register_buffer("absent", None)

    def forward(self, x):
        self.calls += 1
        return x * self.scale


def test_buffers_are_saved_and_are_no_parameters():
    model = Sequential(Counting())
    model(1.0), model(1.0)
    assert [name for name, _ in model.named_parameters()] == ["0.scale"]
    assert [name for name, _ in model.named_buffers()] == ["0.calls", "0.scratch"]
    state = model.state_dict()
    assert state.keys() == {"0.scale", "0.calls"} and state["0.calls"] == 2 and state["0.calls"].dtype == int
    other = Sequential(Counting())
    calls = other[0].calls
    other.load_state_dict(state)
    assert other[0].calls is calls and calls == 2 and other.buffers()[0] is calls


def test_the_copies_of_a_transform_share_the_buffers():
    model = Counting()
    assert grad(lambda m: m(3.0))(model) == {"scale": 3.0}
    assert model.calls == 1


def test_buffers_survive_pickle_and_deepcopy():
    model = Counting()
    model(1.0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin(1.0)
        assert twin.calls == 2 and model.calls == 1 and twin.state_dict().keys() == {"scale", "calls"}


@pytest.mark.parametrize(
    "name, value, error, text",
    [
        ("scale", np.ones(2), KeyError, "already"),
        ("two words", np.ones(2), KeyError, "two words"),
        (3, np.ones(2), TypeError, "name must be a str"),
        ("mask", [1.0], TypeError, "mask must be an array, not a list"),
        ("mask", Tensor(1.0), ValueError, "requires a gradient"),
    ],
)
def test_a_wrong_buffer_is_an_error(name, value, error, text):
    model = Counting()
    with pytest.raises(error, match=text):
        model.register_buffer(name, value)
    assert model.state_dict().keys() == {"scale", "calls"}


def test_a_buffer_may_be_registered_anew():
    model = Counting()
    model.register_buffer("calls", np.ones(3))
    assert model.state_dict()["calls"].shape == (3,)


def test_hooks_run_around_forward_in_order():
    layer, seen = Layer(2, 1, rng=0), []
    first = layer.register_forward_pre_hook(lambda module, args: seen.append("before") or (args[0] * 2,))
    second = layer.register_forward_hook(lambda module, args, output: seen.append(args[0].tolist()) or output + 1)
    x = np.ones(2)
    assert layer(x) == layer.forward(2 * x) + 1
    assert seen == ["before", [2.0, 2.0]]
    second.remove(), second.remove()
    assert layer(x) == layer.forward(2 * x)
    first.remove()
    assert layer(x) == layer.forward(x) and len(seen) == 3


def test_hooks_may_take_keyword_arguments():
    class Power(Module):
        def forward(self, x, n=1):
            return x**n

    power, seen = Power(), []
    with power.register_forward_pre_hook(lambda m, args, kwargs: (args, {"n": kwargs["n"] + 1}), with_kwargs=True):
        power.register_forward_hook(lambda m, args, kwargs, output: seen.append(kwargs), with_kwargs=True)
        assert power(2.0, n=2) == 8.0
    assert power(2.0, n=2) == 4.0 and seen == [{"n": 3}, {"n": 2}]


def test_a_module_that_defines_call_takes_no_hooks():
    class Old(Module):
        def __call__(self, x):
            return x

    with pytest.raises(TypeError, match="Old: hooks stand around forward, but the class defines __call__"):
        Old().register_forward_hook(print)


def test_children_and_apply():
    model = Sequential(MLP(2, [3, 1], rng=0), nn.ModuleList([Layer(1, 1, rng=0)]), np.tanh)
    assert [name for name, _ in model.named_children()] == ["0", "1"]
    assert [name for name, _ in model.named_modules()] == ["", "0", "0.layers.0", "0.layers.1", "1", "1.0"]
    seen = []
    assert model.apply(lambda m: seen.append(type(m).__name__)) is model
    assert seen == ["Layer", "Layer", "MLP", "Layer", "ModuleList", "Sequential"]


def test_what_is_frozen_is_a_parameter_that_is_not_trained():
    model = MLP(2, [3, 1], rng=0)
    model.layers[0].freeze()
    assert len(model.parameters()) == 4
    assert model.parameters_by_name().keys() == {"layers.1.weight", "layers.1.bias"}
    before = model.state_dict()
    loss = mse_loss(model(np.ones((4, 2))), np.zeros((4, 1)))
    loss.backward()
    Adam(model.parameters_by_name().values()).step()
    after = model.state_dict()
    changed = {name for name in before if np.any(before[name] != after[name])}
    assert changed == {"layers.1.weight", "layers.1.bias"}
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert len(twin.requires_grad_().parameters_by_name()) == 4
    for p in model.parameters():
        p.requires_grad = True
    assert len(model.parameters_by_name()) == 4


def test_a_constant_is_never_a_parameter():
    class Shifted(Module):
        def __init__(self):
            self.shift, self.scales = Tensor(1.0, requires_grad=False), [Tensor(2.0), Tensor(3.0)]

    model = Shifted().freeze().requires_grad_()
    assert [name for name, _ in model.named_parameters()] == ["scales.0", "scales.1"]
    assert not model.shift.requires_grad


def test_to_another_dtype():
    model = Sequential(Layer(2, 3, rng=0), Counting())
    p = model.parameters()[0]
    mse_loss(model(np.ones((1, 2))), np.zeros((1, 3))).backward()
    assert model.to(np.float32) is model
    assert {x.dtype for x in model.parameters()} == {np.dtype("float32")} and p is model.parameters()[0]
    assert model[1].scratch.dtype == np.float32 and model[1].calls.dtype == int
    assert np.all(p.grad == 0) and p.grad.dtype == np.float32
    assert model(np.ones((1, 2), np.float32)).dtype == np.float32
    with pytest.raises(TypeError, match="to: dtype must be a floating one"):
        model.to(int)


def test_a_graph_of_the_old_dtype_cannot_go_backward():
    layer = Layer(2, 1, rng=0)
    loss = layer(np.ones(2)).sum()
    layer.to(np.float32)
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_summary_is_a_table_and_changes_nothing():
    model = Sequential(MLP(2, [3, 1], rng=0), Counting())
    model[0].layers[0].freeze()
    text = model.summary(np.ones((5, 2)))
    assert text.splitlines() == [
        "layer                  output  parameters",
        "Sequential             (5, 1)          14",
        "  0: MLP               (5, 1)          13",
        "    0.layers.0: Layer  (5, 3)           9",
        "    0.layers.1: Layer  (5, 1)           4",
        "  1: Counting          (5, 1)           1",
        "14 parameters, of which 9 are frozen",
    ]
    assert model.training and all(m._hooks is None or not m._hooks.after.hooks for m in model.modules())


def test_summary_takes_its_hooks_away_after_an_error():
    model = MLP(2, [3, 1], rng=0).train()
    with pytest.raises(ValueError, match="shape"):
        model.summary(np.ones((5, 4)))
    assert model.training and not model._hooks.after.hooks


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_brings_back_what_was_saved(tmp_path, suffix):
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"model{suffix}"
    model, other = (Sequential(Layer(2, 3, rng=seed), Counting()) for seed in (0, 1))
    model[0].weight = Tensor(np.asfortranarray(model[0].weight.data))
    model.save(path)
    assert other.load(path) is other
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, model.state_dict()[name])
    (tmp_path / "other").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_name_of_savez_itself_can_be_saved(tmp_path):
    class Named(Module):
        def __init__(self, value):
            self.file, self.args = Tensor(value), Tensor(value + 1)

    Named(1.0).save(tmp_path / "model.npz")
    model = Named(5.0).load(str(tmp_path / "model.npz"))
    assert model.file == 1.0 and model.args == 2.0


def test_a_path_of_another_kind_is_an_error(tmp_path):
    model = Layer(2, 1, rng=0)
    for call in (model.save, model.load):
        with pytest.raises(ValueError, match=r"must end in .safetensors or .npz, not .*model.pt"):
            call(tmp_path / "model.pt")
        with pytest.raises(TypeError, match="path must be a str or a Path"):
            call(3)
    with pytest.raises(FileNotFoundError):
        model.load(tmp_path / "missing.npz")


def test_without_safetensors_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install safetensors"):
        Layer(2, 1).save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_load_state_dict_of_a_part():
    model = Sequential(Layer(2, 3, rng=0), Layer(3, 1, rng=1))
    state = Sequential(Layer(2, 3, rng=2)).state_dict() | {"head.weight": np.ones(3)}
    with pytest.raises(KeyError, match=r"missing \['1.bias', '1.weight'\], unexpected \['head.weight'\]"):
        model.load_state_dict(state)
    assert model.load_state_dict(state, strict=False) == (["1.bias", "1.weight"], ["head.weight"])
    np.testing.assert_array_equal(model[0].weight.data, state["0.weight"])
    with pytest.raises(ValueError, match="shape"):
        model.load_state_dict({"0.weight": np.ones(3)}, strict=False)


def test_one_name_of_what_is_shared_is_enough_and_two_must_agree():
    tied = Sequential(Layer(2, 2, rng=0), Layer(2, 2, rng=1))
    tied[1].weight = tied[0].weight
    state = tied.state_dict()
    assert state.keys() == {"0.weight", "0.bias", "1.weight", "1.bias"} and len(tied.parameters()) == 3
    del state["1.weight"]
    tied.load_state_dict(state)
    with pytest.raises(ValueError, match=r"0.weight and 1.weight are one, but are given different numbers"):
        tied.load_state_dict(state | {"1.weight": np.ones((2, 2))})


# Beside PyTorch -------------------------------------------------------------------------------------------------------


def test_weights_go_to_pytorch_and_come_back(tmp_path, rng):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    ours = Sequential(nn.Linear(3, 4), np.tanh, nn.Linear(4, 2))
    x = rng.normal(size=(5, 3))
    files.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load(tmp_path / "theirs.safetensors")
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-13)
    SGD(ours.parameters(), lr=0.1).zero_grad()
    mse_loss(ours(x), np.zeros((5, 2))).backward()
    SGD(ours.parameters(), lr=0.1).step()
    ours.save(tmp_path / "ours.safetensors")
    theirs.load_state_dict(files.load_file(tmp_path / "ours.safetensors"))
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-13)
    ours.load_state_dict(theirs.state_dict())  # tensors are arrays


def test_a_result_that_forward_keeps_is_no_parameter():
    """Nor is it saved, as in PyTorch: attention weights that are looked at later, a hidden state."""

    class Keeping(Module):
        def __init__(self):
            self.layer = Layer(2, 3, rng=0)
            self.register_buffer("mean", np.zeros(3))

        def forward(self, x):
            self.h = self.layer(x)
            self.all, self.by_name = [self.h], {"twice": self.h * 2}
            self.mean = 0.9 * self.mean + 0.1 * self.h[0]
            return self.h.sum()

    model = Keeping()
    model(np.ones((4, 2))).backward(retain_graph=False)
    assert [name for name, _ in model.named_parameters()] == ["layer.weight", "layer.bias"]
    assert [name for name, _ in model.named_buffers()] == ["mean"]
    state = model.state_dict()
    assert set(state) == {"layer.weight", "layer.bias", "mean"} and np.any(state["mean"] != 0)
    fresh = Keeping()
    fresh.load_state_dict(state)
    assert grad(lambda m: m(np.ones((4, 2))))(model).keys() == {"layer.weight", "layer.bias"}


def test_computed_parameters_that_a_module_is_given_are_its_parameters():
    model = Sequential(Layer(2, 3, rng=0), Layer(3, 1, rng=1))

    def penalty(m):
        return sum((p**2).sum() for p in m.parameters())

    def after_a_step(m):
        step = m.with_parameters({name: p - 0.1 * 2 * p for name, p in m.named_parameters()})
        assert [name for name, _ in step[0].named_parameters()] == ["weight", "bias"]
        return penalty(step) + penalty(step[1])

    for name, g in grad(after_a_step)(model).items():
        p = dict(model.named_parameters())[name]
        assert np.allclose(g.data, 2 * 0.8**2 * p.data * (2 if name[0] == "1" else 1), rtol=1e-14)


@pytest.mark.parametrize("value", [lambda p: p.data * 2, lambda p: p * 2, lambda p: p.detach(), lambda p: 3.0])
def test_a_parameter_is_not_replaced_by_what_would_not_be_trained(value):
    layer = Layer(2, 3, rng=0)
    with pytest.raises(TypeError, match=r"Layer: weight is a parameter, and a .* would not be trained"):
        layer.weight = value(layer.weight)
    computed = value(layer.weight)
    other = layer.weight = Tensor(np.ones((2, 3)))
    assert layer.parameters()[0] is other
    layer.bias = None
    assert len(layer.parameters()) == 1
    del layer.weight
    layer.weight = computed  # as a hypernetwork does it
    assert layer.parameters() == []


def test_loading_says_by_name_what_was_missing():
    layer = Layer(2, 3, rng=0)
    result = layer.load_state_dict({"weight": np.ones((2, 3)), "other": np.ones(1)}, strict=False)
    assert result == (["bias"], ["other"])
    assert result.missing_keys == ["bias"] and result.unexpected_keys == ["other"]


@pytest.mark.parametrize("name", ["walk", "modules_", "_parts_", "parts", "summary"])
def test_an_attribute_may_have_the_name_of_what_looks_for_it(name):
    model = Module()
    setattr(model, name, [Tensor(1.0)])
    assert [found for found, _ in model.named_parameters()] == [f"{name}.0"] and len(model.state_dict()) == 1


def test_parts_are_set_and_got_by_name():
    model = Module()
    model.add_module("block-1", Sequential(Layer(2, 3, rng=0), nn.BatchNorm1d(3)))
    weight = Tensor(np.ones(2))
    model.register_parameter("weight", weight)
    model.register_parameter("bias", None)
    assert model.bias is None and model.get_parameter("weight") is weight and model.get_submodule("") is model
    norm = model.get_submodule("block-1.1")
    assert type(norm) is nn.BatchNorm1d and model.get_buffer("block-1.1.running_mean") is norm.running_mean
    assert model.get_parameter("block-1.0.weight") is model.parameters()[0]
    model.get_submodule("block-1").add_module("head", Layer(3, 1, rng=0))
    assert model.get_submodule("block-1")(np.ones((4, 2))).shape == (4, 1)
    model.register_module("block-1", None)
    assert model.state_dict().keys() == {"weight"}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda m: m.add_module("scale", Layer(1, 1)),
            KeyError,
            "add_module: the module has an attribute 'scale' already",
        ),
        (lambda m: m.add_module("a.b", Layer(1, 1)), KeyError, "add_module: name must be one without dots, not 'a.b'"),
        (lambda m: m.add_module("a", 3), TypeError, "add_module: module must be a Module or None, not 3"),
        (lambda m: m.register_parameter("train", None), KeyError, "the module has an attribute 'train' already"),
        (lambda m: m.register_parameter("a", np.ones(2)), TypeError, "param must be a Tensor that requires a gradient"),
        (
            lambda m: m.register_parameter("a", m.scale * 2),
            TypeError,
            "param must be a Tensor that requires a gradient",
        ),
        (lambda m: m.get_submodule(0), TypeError, "Counting.get_submodule: target must be a str, not 0"),
        (lambda m: m.get_submodule("scale"), AttributeError, "there is no module 'scale'; named_modules"),
        (lambda m: m.get_parameter("calls"), AttributeError, "there is no parameter 'calls'; named_parameters"),
        (lambda m: m.get_buffer("scale"), AttributeError, "there is no buffer 'scale'; named_buffers"),
        (lambda m: m.double(), AttributeError, r"no attribute 'double'; to\(np.float64\)"),
        (lambda m: m.cuda(), AttributeError, "no attribute 'cuda'; it computes with NumPy"),
        (lambda m: m.other, AttributeError, "'Counting' object has no attribute 'other'$"),
        (lambda m: nn.ModuleList().other, AttributeError, "'ModuleList' object has no attribute 'other'$"),
    ],
)
def test_a_wrong_name_is_an_error(call, error, text):
    with pytest.raises(error, match=text):
        call(Counting())


def test_zeros_in_place_of_no_gradient():
    layer = Layer(2, 1, rng=0)
    optimizer = SGD(layer.parameters(), lr=0.1, momentum=0.9)
    mse_loss(layer(np.ones((1, 2))), np.ones((1, 1))).backward()
    optimizer.step()
    before = layer.weight.data.copy()
    layer.zero_grad()
    optimizer.step()
    assert np.array_equal(layer.weight.data, before)  # no gradient: no step
    mse_loss(layer(np.ones((1, 2))), np.ones((1, 1))).backward()
    layer.zero_grad(set_to_none=False)
    optimizer.step()
    assert not np.array_equal(layer.weight.data, before)  # momentum


def test_bfloat16_is_read_as_float32(tmp_path):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "half.safetensors"
    weight = torch.tensor([[1.0, -2.5], [3e38, float("inf")], [0.0078125, 1 / 3]]).bfloat16()
    files.save_file({"weight": weight, "bias": torch.arange(3.0)}, path)
    layer = nn.Linear(2, 3, dtype=np.float32).load(path)
    assert np.array_equal(layer.weight.data, weight.float().numpy()) and layer.bias.data.tolist() == [0, 1, 2]
    files.save_file({"weight": weight.to(torch.float8_e5m2), "bias": torch.arange(3.0)}, path)
    with pytest.raises(TypeError, match=r"load: .*half.safetensors has arrays of dtype F8_E5M2, which NumPy hasn't"):
        layer.load(path)


def test_a_summary_leaves_nothing_that_forward_keeps():
    class Keeping(Module):
        def __init__(self):
            self.layer, self.calls = nn.LSTM(2, 3, rng=0), 0

        def forward(self, x):
            y, self.state = self.layer(x)
            self.calls += 1
            return y

    model = Keeping()
    model.layer.eval()
    before = model.state_dict().keys()
    assert "layer: LSTM" in model.summary(np.ones((4, 2)))
    assert model.state_dict().keys() == before and model.calls == 0 and not hasattr(model, "state")
    assert model.training and not model.layer.training
    with pytest.raises(ValueError, match="LSTM"):
        model.summary(np.ones((4, 7)))
    assert model.state_dict().keys() == before and model.training
    assert model.layer(np.ones((4, 2)))[0].shape == (4, 3)


def damaged(content):
    half = content[: len(content) // 2]
    return {"text": b"junk", "empty": b"", "half": half, "changed": content[:200] + b"?????" + content[205:]}


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_a_damaged_file_is_an_error_that_names_it(suffix, tmp_path):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    model, path = nn.Linear(30, 20, rng=0), tmp_path / f"model.{suffix}"
    model.save(path)
    before, content = model.state_dict(), path.read_bytes()
    for what, wrong in damaged(content).items():
        if what == "changed" and suffix == "safetensors":  # which has no checksum
            continue
        path.write_bytes(wrong)
        with pytest.raises(
            ValueError, match=rf"load: .*model\.{suffix} can't be read; it is damaged, or of another kind"
        ):
            model.load(path)
    np.save(tmp_path / "array.npy", np.ones(3))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    with pytest.raises(ValueError, match=r"array\.npz can't be read.*a \.npy file"):
        model.load(tmp_path / "array.npz")
    assert all(np.array_equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
