"""The optimisers against PyTorch's, step by step, and against their formulas."""

import numpy as np
import pytest

from tensorgrad import MLP, SGD, Adam, AdamW, Tensor, mse_loss

OPTIONS = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD, momentum": (SGD, {"lr": 0.05, "momentum": 0.9}),
    "SGD, dampening": (SGD, {"lr": 0.05, "momentum": 0.8, "dampening": 0.3}),
    "SGD, nesterov": (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD, weight decay": (SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "SGD, all": (SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True}),
    "Adam": (Adam, {"lr": 0.01}),
    "Adam, default lr": (Adam, {}),
    "Adam, all": (Adam, {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    "AdamW": (AdamW, {"lr": 0.01}),
    "AdamW, all": (AdamW, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-6, "weight_decay": 0.3}),
}
SHAPES = [(3, 2), (4,), (), (2, 0)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", OPTIONS)
def test_every_step_is_that_of_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    make, options = OPTIONS[case]
    rng = np.random.default_rng(0)
    ours = [Tensor(np.array(rng.normal(size=shape), dtype=dtype)) for shape in SHAPES]
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]
    optimizer = make(ours, **options)
    reference = getattr(torch.optim, make.__name__)(theirs, **options)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for step in range(20):
        if step == 10:  # the learning rate can be changed at any time
            optimizer.lr = optimizer.lr / 3
            reference.param_groups[0]["lr"] /= 3
        optimizer.zero_grad()
        reference.zero_grad()
        for p, t in zip(ours, theirs, strict=True):
            g = np.array(rng.normal(size=p.shape), dtype=dtype)
            p.grad = g.copy()
            t.grad = torch.tensor(g)
        optimizer.step()
        reference.step()
        for p, t in zip(ours, theirs, strict=True):
            assert p.dtype == dtype
            np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=f"{step}")


@pytest.mark.parametrize("case", ["SGD, momentum", "Adam, all", "AdamW"])
def test_a_network_trains_as_in_pytorch(case):
    torch = pytest.importorskip("torch")
    make, options = OPTIONS[case]
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    model = MLP(3, [8, 1], activation="tanh", rng=0)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    with torch.no_grad():
        for layer, linear in zip(model.layers, theirs[::2], strict=True):
            linear.weight.copy_(torch.tensor(layer.weight.data.T))
            linear.bias.copy_(torch.tensor(layer.bias.data))
    optimizer = make(model.parameters(), **options)
    reference = getattr(torch.optim, make.__name__)(theirs.parameters(), **options)
    for _ in range(30):
        loss = mse_loss(model(X), y)
        expected = torch.nn.functional.mse_loss(theirs(torch.tensor(X)), torch.tensor(y))
        np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-9)
        for opt, out in ((optimizer, loss), (reference, expected)):
            opt.zero_grad()
            out.backward()
            opt.step()


def test_sgd_by_hand():
    w = Tensor([1.0, -2.0])
    optimizer = SGD([w], lr=0.1, momentum=0.5)
    for expected in ([0.8, -1.6], [0.54, -1.08]):  # v = 0.5 v + 2 w; w = w - 0.1 v
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=1e-15)


def test_complex_parameters_reach_the_minimum():
    for make in (SGD, Adam):
        z = Tensor(np.array([1 + 2j, -3j]))
        optimizer = make([z], lr=0.05)
        for _ in range(200):
            optimizer.zero_grad()
            (np.abs(z) ** 2).sum().backward()
            optimizer.step()
        assert np.all(np.abs(z.data) < 0.1)


def test_a_parameter_without_a_gradient_is_not_changed():
    for make in (SGD, Adam, AdamW):
        used, unused = Tensor([1.0]), Tensor([5.0])
        (used * 2).backward()
        make([used, unused], lr=0.1).step()
        assert used.data[0] != 1 and unused.data[0] == 5


def test_a_step_changes_the_data_in_place_and_leaves_the_gradient():
    for make in (SGD, Adam, AdamW):
        w = Tensor([1.0, 2.0])
        data, alias = w.data, w.data[:1]
        (w * w).sum().backward()
        optimizer = make([w], lr=0.1)
        optimizer.step()
        assert w.data is data and alias[0] == w.data[0] != 1
        assert w.grad.tolist() == [2, 4]
        optimizer.zero_grad()
        assert w.grad.tolist() == [0, 0]


def test_a_parameter_given_twice_is_changed_once():
    w = Tensor([1.0])
    (w * 3).backward()
    SGD([w, w], lr=0.1).step()
    np.testing.assert_allclose(w.data, [0.7])


def test_momentum_is_kept_apart_from_the_gradient():
    w = Tensor([1.0])
    optimizer = SGD([w], lr=1.0, momentum=0.9)
    (w * 1).backward()
    optimizer.step()
    w.grad[:] = 0  # the first velocity was this gradient: a copy of it
    optimizer.step()
    assert w.data[0] == -0.9


def test_a_step_between_use_and_backward_is_an_error():
    w = Tensor([1.0, 2.0])
    w.grad = np.ones(2)
    loss = (w * w).sum()
    SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="was changed"):
        loss.backward()


@pytest.mark.parametrize("make", [SGD, Adam, AdamW])
@pytest.mark.parametrize("lr", [-0.1, np.nan, np.inf, "0.1", None])
def test_invalid_learning_rates_are_errors(make, lr):
    w = Tensor([1.0])
    with pytest.raises(ValueError, match="lr must be a finite number, and not negative"):
        make([w], lr=lr)
    optimizer = make([w], lr=0.1)
    with pytest.raises(ValueError, match="lr must be a finite number, and not negative"):
        optimizer.lr = lr
    assert optimizer.lr == 0.1


def test_invalid_options_are_errors():
    w = Tensor([1.0])
    for name in ("momentum", "dampening", "weight_decay"):
        with pytest.raises(ValueError, match=f"{name} must be a finite number, and not negative"):
            SGD([w], lr=0.1, **{name: -1})
    for options in ({}, {"momentum": 0.9, "dampening": 0.1}):
        with pytest.raises(ValueError, match="nesterov needs a momentum, and a dampening of 0"):
            SGD([w], lr=0.1, nesterov=True, **options)
    for make in (Adam, AdamW):
        with pytest.raises(ValueError, match=f"{make.__name__}: betas must be below 1"):
            make([w], betas=(0.9, 1.0))
        with pytest.raises(ValueError, match=r"betas\[0\] must be a finite number"):
            make([w], betas=(-0.1, 0.9))
        with pytest.raises(ValueError, match="eps must be a finite number"):
            make([w], eps=-1e-8)


def test_parameters_that_are_not_leaves_are_errors():
    with pytest.raises(ValueError, match="SGD: no parameters"):
        SGD([], lr=0.1)
    with pytest.raises(TypeError, match="SGD: parameters must be Tensors, not ndarray"):
        SGD([np.ones(2)], lr=0.1)
    with pytest.raises(TypeError, match=r"SGD: .*isn't a leaf that requires a gradient"):
        SGD([Tensor([1.0]) * 2], lr=0.1)
    with pytest.raises(TypeError, match=r"SGD: .*isn't a leaf that requires a gradient"):
        SGD([Tensor([1.0], requires_grad=False)], lr=0.1)
    with pytest.raises(TypeError, match=r"SGD: parameters must be several Tensors"):
        SGD(Tensor([1.0]), lr=0.1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_parameter_larger_than_a_block_is_changed_everywhere(order):
    rng = np.random.default_rng(0)
    data, grads = rng.normal(size=(300, 701)), rng.normal(size=(3, 300, 701))
    p = Tensor(np.array(data, order=order))
    optimizer = SGD([p, Tensor(np.zeros(3))], lr=0.1, momentum=0.5)
    velocity = np.zeros_like(data)
    for g in grads:
        p.grad = g
        optimizer.step()
        velocity = 0.5 * velocity + g
        data = data - 0.1 * velocity
        np.testing.assert_allclose(p.data, data, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.1), lambda p: Adam(p, 0.1)])
def test_a_step_that_fails_half_way_leaves_no_wrong_gradient(make):
    first, second = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    loss = (first * first * second).sum()
    optimizer = make([first, second])
    loss.backward()
    with pytest.raises(FloatingPointError), np.errstate(all="raise"):
        second.grad = np.array([1e308, 1e308])
        optimizer.lr = 1e10
        optimizer.step()
    with pytest.raises(RuntimeError, match="was changed"):
        loss.backward()
