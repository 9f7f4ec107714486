"""Parameter groups and the state of optimisers, and both handed to PyTorch and back."""

import copy
import pickle

import numpy as np
import pytest
from test_optim import EVERY, OPTIONS, WITH_LION, drawn

from tensorgrad import MLP, SGD, Adam, AdamW, Layer, Tensor, no_grad, optim
from tensorgrad.optim import LBFGS, Adagrad, RMSprop

SHAPES = [(3, 2), (4,), ()]


def stepped(optimizer, steps=2, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in optimizer.parameters:
            p.grad = drawn(rng, p.shape, p.dtype)
        optimizer.step()
    return optimizer


def parameters(seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=shape)) for shape in SHAPES]


# Groups --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_groups_have_their_own_settings_and_share_the_rest(make):
    both, alone, other = parameters(), parameters(), parameters()
    a, b = {"lr": 0.5}, {"lr": 0.01}
    grouped = make([{"params": both[:1], **a}, {"params": iter(both[1:])}], **b)
    ones = [make(alone[:1], **a), make(alone[1:], **b)]
    for _ in range(3):
        for p, q in zip(both, alone, strict=True):
            p.grad = q.grad = np.cos(p.data)
        grouped.step()
        for one in ones:
            one.step()
    for p, q, unchanged in zip(both, alone, other, strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert np.all(p.data != unchanged.data)


def test_groups_train_as_in_pytorch():
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]
    optimizers = []
    for make, (w, b, c) in ((AdamW, ours), (torch.optim.AdamW, theirs)):
        optimizer = make([{"params": [w], "weight_decay": 0.3}, {"params": b, "lr": 0.1, "betas": (0.5, 0.9)}], lr=0.02)
        optimizer.add_param_group({"params": [c], "amsgrad": True})
        optimizers.append(optimizer)
    for step in range(50):
        for p, t in zip(ours, theirs, strict=True):
            p.grad = np.sin(p.data * (step + 1))
            t.grad = torch.tensor(p.grad)
        for optimizer in optimizers:
            optimizer.param_groups[1]["lr"] = 0.1 / (step + 1)
            optimizer.step()
    for p, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=1e-12)


def test_a_setting_as_an_attribute_is_that_of_all_groups():
    w, b = Tensor([1.0]), Tensor([1.0])
    optimizer = SGD([{"params": [w], "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)
    assert optimizer.momentum == 0.9
    with pytest.raises(ValueError, match=r"SGD: lr differs between the parameter groups, \[0.5, 0.1\]; .*param_groups"):
        optimizer.lr  # noqa: B018
    optimizer.lr = np.float32(0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25] and type(optimizer.lr) is float
    c = Tensor([1.0])
    optimizer.add_param_group({"params": [c]})
    assert optimizer.lr == 0.25 and optimizer.parameters == [w, b, c]


def test_a_group_checks_its_settings_and_keeps_what_is_not_one():
    optimizer = SGD([{"params": [Tensor([1.0])], "name": "head"}], lr=0.1)
    (group,) = optimizer.param_groups
    assert isinstance(group, dict) and group["name"] == "head"
    for change in (
        lambda: group.__setitem__("lr", -1),
        lambda: group.update(lr="0.1"),
        lambda: group.__ior__({"lr": None}),
        lambda: setattr(optimizer, "lr", float("nan")),
    ):
        with pytest.raises(ValueError, match="SGD: lr must be a finite number, and not negative"):
            change()
    assert group["lr"] == 0.1
    group |= {"lr": 1, "note": "free"}
    assert group.setdefault("lr", 5) == 1.0 and group.setdefault("more", 2) == 2
    with pytest.raises(ValueError, match="SGD: momentum must be"):
        SGD([{"params": [Tensor([1.0])], "momentum": -1}], lr=0.1)
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        SGD([{"params": [Tensor([1.0])], "nesterov": True}], lr=0.1)


def test_named_parameters_keep_their_names():
    model = MLP(2, [3, 1], rng=0)
    optimizer = SGD(model.named_parameters(), lr=0.1)
    assert optimizer.parameters == model.parameters()
    assert optimizer.param_groups[0]["param_names"] == [name for name, _ in model.named_parameters()]
    assert optimizer.state_dict()["param_groups"][0]["param_names"][0] == model.named_parameters()[0][0]
    with pytest.raises(ValueError, match="either all parameter groups in params have names"):
        optimizer.add_param_group({"params": [Tensor([1.0])]})
    for params in ([("w", Tensor([1.0])), Tensor([1.0])], [Tensor([1.0]), ("w", Tensor([1.0]))]):
        with pytest.raises(ValueError, match="either all Tensors in params have names"):
            SGD(params)
    with pytest.raises(TypeError, match="must be Tensors, not tuple"):
        SGD([(1, Tensor([1.0]))])


def test_what_is_no_group():
    w = Tensor([1.0])
    optimizer = SGD([w], lr=0.1)
    for wrong in (None, [w], {}, {"parameters": [w]}):
        with pytest.raises(TypeError, match='SGD: a param_group must be a dict with "params"'):
            optimizer.add_param_group(wrong)
    with pytest.raises(ValueError, match="in another parameter group already"):
        optimizer.add_param_group({"params": w})
    with pytest.raises(ValueError, match="in another parameter group already"):
        SGD([{"params": [w]}, {"params": [w]}])
    with pytest.raises(TypeError, match="isn't a leaf"):
        optimizer.add_param_group({"params": w * 2})
    with pytest.raises(ValueError, match="SGD: lr must be"):
        optimizer.add_param_group({"params": [Tensor([1.0])], "lr": -1})
    with pytest.raises(TypeError, match="Optimizer: defaults must be a dict"):
        optim.Optimizer([w], 0.1)
    assert len(optimizer.param_groups) == 1


def test_a_group_may_be_empty():
    """As of those without weight decay in a model that has none of them; but not all."""
    for named in (False, True):
        w = Tensor([1.0])
        optimizer = SGD([{"params": []}, {"params": [("w", w)] if named else [w], "lr": 0.5}], lr=0.1)
        optimizer.add_param_group({"params": [], "lr": 0.2})
        w.grad = np.ones(1)
        optimizer.step()
        assert w.data == 0.5
        assert [group["params"] for group in optimizer.state_dict()["param_groups"]] == [[], [0], []]
        optimizer.load_state_dict(optimizer.state_dict())
        assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 0.2]
    with pytest.raises(ValueError, match="SGD: no parameters to optimise"):
        SGD([{"params": []}, {"params": []}])


@pytest.mark.parametrize("step", [-1, 1.5, float("nan"), float("inf")])
def test_a_count_that_is_loaded_is_a_whole_number(step):
    optimizer = Adam([w := Tensor([1.0])])
    w.grad = np.ones(1)
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["step"] = step
    with pytest.raises(ValueError, match=r"Adam\.load_state_dict: parameter 0: step must be a whole number"):
        optimizer.load_state_dict(state)
    assert optimizer.state[w]["step"] == 1


# Frozen parameters, closures, gradients as zeros ---------------------------------------------------------------------


def test_a_frozen_parameter_is_left_alone_until_it_thaws():
    layer = Layer(2, 1, rng=0)
    layer.weight.requires_grad = False
    before = layer.weight.data.copy()
    optimizer = SGD(layer.parameters(), lr=0.1, weight_decay=0.1)
    for thawed in (False, True):
        layer.weight.requires_grad = thawed
        optimizer.zero_grad()
        layer(np.ones((3, 2))).sum().backward()
        optimizer.step()
        assert np.all(layer.weight.data == before) != thawed
    with pytest.raises(TypeError, match="isn't a leaf that requires a gradient"):
        SGD([Tensor([1.0], requires_grad=False)])


@pytest.mark.parametrize("make", EVERY)
def test_a_step_gives_what_the_closure_gives(make):
    w = Tensor([1.0, 2.0])
    optimizer = make([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 5 and np.all(w.data != [1, 2])
    assert optimizer.step() is None
    with pytest.raises(TypeError, match=rf"{make.__name__}\.step: closure must be a function, not 1"):
        optimizer.step(1)


def test_gradients_as_zeros_are_gradients():
    w = Tensor([1.0])
    optimizer = SGD([w], lr=0.1, weight_decay=0.5)
    optimizer.zero_grad(set_to_none=False)  # there is none
    optimizer.step()
    assert w.data[0] == 1
    w.grad = [3.0]
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    assert w.data[0] == 0.95
    optimizer.zero_grad()
    optimizer.step()
    assert w.data[0] == 0.95


def test_gradients_that_are_tensors_are_taken():
    for make in EVERY:
        w, v = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
        (w * w).sum().backward(create_graph=True)
        (v * v).sum().backward()
        make([w], lr=0.1).step(), make([v], lr=0.1).step()
        np.testing.assert_array_equal(w.data, v.data)


# State ---------------------------------------------------------------------------------------------------------------


def as_tensors(torch, value):
    """The same structure with torch tensors in place of arrays."""
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, dict):
        return {key: as_tensors(torch, part) for key, part in value.items()}
    return [as_tensors(torch, part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", OPTIONS)
def test_the_state_goes_to_pytorch_and_back(case):
    torch = pytest.importorskip("torch")
    make, options = OPTIONS[case]
    for ours_first in (True, False):
        rng = np.random.default_rng(0)
        ours = parameters()
        theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]
        optimizer, reference = make(ours, **options), getattr(torch.optim, make.__name__)(theirs, **options)

        def run(ours=ours, theirs=theirs, optimizer=optimizer, reference=reference, rng=rng):
            for _ in range(10):
                for p, t in zip(ours, theirs, strict=True):
                    p.grad = rng.normal(size=p.shape)
                    t.grad = torch.tensor(p.grad)
                optimizer.step()
                reference.step()

        run()
        if ours_first:
            reference = getattr(torch.optim, make.__name__)(theirs)
            reference.load_state_dict(as_tensors(torch, optimizer.state_dict()))
        else:
            optimizer = make(ours)
            optimizer.load_state_dict(reference.state_dict())
        run(optimizer=optimizer, reference=reference)
        # PyTorch keeps mu and eta in single precision, and in that of the parameter once they have been loaded.
        tolerance = 1e-7 if ours_first and make.__name__ in ("NAdam", "ASGD") else 1e-12
        for p, t in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_a_state_dict_is_structured_as_in_pytorch():
    torch = pytest.importorskip("torch")
    for make, options in OPTIONS.values():
        ours = stepped(make(parameters(), **options)).state_dict()
        theirs = [torch.tensor(p.data, requires_grad=True) for p in parameters()]
        reference = getattr(torch.optim, make.__name__)(theirs, **options)
        for t in theirs:
            t.grad = torch.ones_like(t)
        reference.step()
        reference = reference.state_dict()
        assert ours.keys() == reference.keys() and ours["state"].keys() == reference["state"].keys()
        for mine, its in zip(ours["state"].values(), reference["state"].values(), strict=True):
            assert mine.keys() == its.keys()
            assert all(mine[name].shape == tuple(its[name].shape) for name in mine)
        (mine,), (its,) = ours["param_groups"], reference["param_groups"]
        assert its.keys() - mine.keys() <= {"foreach", "fused", "capturable", "differentiable"}
        assert all(mine[name] == its[name] for name in mine)


@pytest.mark.parametrize("case", WITH_LION)
def test_a_state_dict_a_copy_and_a_pickle_go_on_where_the_optimiser_was(case):
    make, options = WITH_LION[case]
    optimizer = stepped(make(parameters(), **options), 3)
    saved = optimizer.state_dict()
    loaded = make([Tensor(p.data.copy()) for p in optimizer.parameters])
    loaded.load_state_dict(pickle.loads(pickle.dumps(saved)))
    others = [loaded, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    for other in (optimizer, *others):
        stepped(other, 2, seed=1)
    for other in others:
        assert repr(other) == repr(optimizer)
        for p, q in zip(other.parameters, optimizer.parameters, strict=True):
            assert p is not q
            np.testing.assert_array_equal(p.data, q.data)
        with pytest.raises(ValueError, match=f"{make.__name__}: lr must be"):
            other.param_groups[0]["lr"] = -1
    assert all(int(kept["step"]) == 3 for kept in saved["state"].values() if "step" in kept)  # a copy


def test_settings_switched_on_later_begin_with_zeros():
    for make, name in ((Adam, "amsgrad"), (RMSprop, "centered")):
        optimizer = stepped(make(parameters()), 2)
        setattr(optimizer, name, True)
        stepped(optimizer, 2)
        again = make(parameters())
        again.load_state_dict(optimizer.state_dict())
        assert getattr(again, name) is True
    optimizer = stepped(SGD(parameters(), momentum=0.9))
    optimizer.momentum = 0
    SGD(parameters()).load_state_dict(stepped(optimizer).state_dict())


def wrong_states():
    """What can't be loaded by an Adam of two parameters, with the error and what it says."""
    good = stepped(Adam(parameters()[:2])).state_dict()

    def but(change):
        state = copy.deepcopy(good)
        change(state)
        return state

    first = lambda state: state["state"][0]  # noqa: E731
    group = lambda state: state["param_groups"][0]  # noqa: E731
    return {
        "nothing": (None, TypeError, "state_dict must be a dict"),
        "no groups": ({"state": {}}, TypeError, r"state_dict must be a dict, .*, not one with the keys \['state'\]"),
        "state as a list": (good | {"state": []}, TypeError, "state_dict must be a dict"),
        "no dicts": (good | {"param_groups": [1]}, TypeError, "param_groups must be dicts"),
        "no params": (good | {"param_groups": [{"lr": 0.1}]}, TypeError, "param_groups must be dicts"),
        "two groups": (good | {"param_groups": good["param_groups"] * 2}, ValueError, r"have \[2\] parameters, .*2, 2"),
        "three": (but(lambda s: group(s)["params"].append(2)), ValueError, r"have \[2\] parameters, .* \[3\]"),
        "of nobody": (but(lambda s: s["state"].update({7: {}})), KeyError, r"parameters \[7\].* in no group"),
        "no lr": (but(lambda s: group(s).pop("lr")), KeyError, "missing .'lr'. in a parameter group"),
        "negative": (but(lambda s: group(s).update(lr=-1)), ValueError, "lr must be a finite number"),
        "no step": (but(lambda s: first(s).pop("step")), KeyError, "parameter 0: missing .'step'."),
        "one more": (but(lambda s: first(s).update(ax=1)), KeyError, r"parameter 0: missing \[\], unexpected .'ax'."),
        "no dict": (but(lambda s: s["state"].update({0: [1]})), TypeError, "state of parameter 0 must be a dict"),
        "shape": (
            but(lambda s: first(s).update(exp_avg=np.ones(3))),
            ValueError,
            r"exp_avg must have the shape \(3, 2\)",
        ),
        "text": (but(lambda s: first(s).update(exp_avg="a")), TypeError, "exp_avg"),
        "ragged": (but(lambda s: first(s).update(exp_avg=[[1], [1, 2]])), TypeError, "exp_avg must be an array"),
        "complex": (but(lambda s: first(s).update(exp_avg=np.ones((3, 2)) * 1j)), ValueError, "exp_avg must have"),
        "a vector": (but(lambda s: first(s).update(step=np.ones(2))), ValueError, "step must be a number"),
        "of SGD": (stepped(SGD(parameters()[:2], momentum=0.9)).state_dict(), KeyError, "saved by another optimiser"),
    }


@pytest.mark.parametrize("why", wrong_states())
def test_a_state_dict_that_is_wrong_changes_nothing(why):
    wrong, error, said = wrong_states()[why]
    optimizer = stepped(Adam(parameters()[:2], lr=0.3))
    before = repr(optimizer.state_dict())
    with pytest.raises(error, match=f"Adam(.load_state_dict)?: (.*){said}"):
        optimizer.load_state_dict(wrong)
    assert repr(optimizer.state_dict()) == before


def test_a_state_dict_takes_the_dtype_of_the_parameters_and_numbers_in_any_form():
    saved = stepped(Adam(parameters())).state_dict()
    saved["param_groups"][0]["lr"] = np.array(0.25)
    saved["param_groups"][0]["betas"] = [0.5, 0.75]
    saved["state"][0]["step"] = 2
    del saved["param_groups"][0]["amsgrad"]  # of an older file
    small = Adam([Tensor(p.data.astype(np.float32)) for p in parameters()])
    small.load_state_dict(saved)
    assert small.lr == 0.25 and small.betas == (0.5, 0.75) and small.amsgrad is False
    assert all(kept["exp_avg"].dtype == np.float32 for kept in small.state.values())
    stepped(small)
    assert all(p.dtype == np.float32 for p in small.parameters)


def test_adamw_takes_no_state_of_adam():
    with pytest.raises(ValueError, match="AdamW: decoupled_weight_decay must be True"):
        AdamW(parameters()).load_state_dict(Adam(parameters()).state_dict())


def test_adagrad_begins_with_its_value_in_every_group():
    w, b = Tensor([1.0]), Tensor([1.0])
    optimizer = Adagrad([{"params": [w], "initial_accumulator_value": 3.0}, {"params": [b]}], lr=1.0)
    w.grad = b.grad = [1.0]
    optimizer.step()
    np.testing.assert_allclose([w.data[0], b.data[0]], [0.5, 0], atol=1e-9)


def test_the_text_tells_the_settings():
    assert repr(SGD(parameters(), lr=0.5)).startswith("SGD(3 parameters, lr=0.5, momentum=0.0")
    assert "LBFGS(3 parameters, lr=1.0, max_iter=20, max_eval=25" in repr(LBFGS(parameters()))
