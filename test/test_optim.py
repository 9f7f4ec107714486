"""The optimisers against PyTorch's, step by step, and against their formulas."""

import math
import threading

import numpy as np
import pytest
from duck import Duck

from tensorgrad import MLP, SGD, Adam, AdamW, Layer, Tensor, mse_loss
from tensorgrad.optim import ASGD, Adadelta, Adagrad, Adamax, Lion, NAdam, RAdam, RMSprop, Rprop

DECAY = {"weight_decay": 0.1}
UP = {"maximize": True}
DECOUPLED = {"weight_decay": 0.1, "decoupled_weight_decay": True}
OPTIONS = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD, default lr": (SGD, {}),
    "SGD, momentum": (SGD, {"lr": 0.05, "momentum": 0.9}),
    "SGD, dampening": (SGD, {"lr": 0.05, "momentum": 0.8, "dampening": 0.3}),
    "SGD, nesterov": (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD, weight decay": (SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "SGD, up": (SGD, {"lr": 0.1, "weight_decay": 0.05, **UP}),
    "SGD, all": (SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True, **UP}),
    "Adam": (Adam, {"lr": 0.01}),
    "Adam, default lr": (Adam, {}),
    "Adam, amsgrad": (Adam, {"lr": 0.01, "amsgrad": True}),
    "Adam, decoupled": (Adam, {"lr": 0.01, **DECOUPLED}),
    "Adam, all": (Adam, {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "amsgrad": True, **DECAY, **UP}),
    "AdamW": (AdamW, {"lr": 0.01}),
    "AdamW, all": (AdamW, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-6, "weight_decay": 0.3, "amsgrad": True, **UP}),
    "Adamax": (Adamax, {}),
    "Adamax, all": (Adamax, {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, **DECAY, **UP}),
    "NAdam": (NAdam, {}),
    "NAdam, decoupled": (NAdam, {"lr": 0.02, **DECOUPLED}),
    "NAdam, all": (NAdam, {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "momentum_decay": 0.1, **DECAY, **UP}),
    "RAdam": (RAdam, {}),
    "RAdam, decoupled": (RAdam, {"lr": 0.02, **DECOUPLED}),
    "RAdam, all": (RAdam, {"lr": 0.02, "betas": (0.8, 0.9), "eps": 1e-4, **DECAY, **UP}),
    "Adagrad": (Adagrad, {}),
    "Adagrad, all": (
        Adagrad,
        {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2, "eps": 1e-4, **DECAY, **UP},
    ),
    "Adadelta": (Adadelta, {}),
    "Adadelta, all": (Adadelta, {"lr": 0.7, "rho": 0.8, "eps": 1e-3, **DECAY, **UP}),
    "RMSprop": (RMSprop, {}),
    "RMSprop, centered": (RMSprop, {"lr": 0.01, "centered": True}),
    "RMSprop, momentum": (RMSprop, {"lr": 0.01, "momentum": 0.9}),
    "RMSprop, all": (
        RMSprop,
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-4, "momentum": 0.5, "centered": True, **DECAY, **UP},
    ),
    "Rprop": (Rprop, {}),
    "Rprop, all": (Rprop, {"lr": 0.02, "etas": (0.4, 1.5), "step_sizes": (1e-3, 0.1), **UP}),
    "ASGD": (ASGD, {}),
    "ASGD, all": (ASGD, {"lr": 0.05, "lambd": 0.1, "alpha": 0.5, "t0": 10, **DECAY, **UP}),
}
LION = {"lr": 0.01, "betas": (0.8, 0.9), "weight_decay": 0.1}
WITH_LION = OPTIONS | {"Lion": (Lion, LION)}
EVERY = [SGD, Adam, AdamW, Adamax, NAdam, RAdam, Adagrad, Adadelta, RMSprop, Rprop, ASGD, Lion]
SHAPES = [(3, 2), (), (2, 0)]


def drawn(rng, shape, dtype):
    """Normal numbers; complex ones with another imaginary part."""
    imaginary = 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else 0
    return np.array(rng.normal(size=shape) + imaginary, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.complex64])
@pytest.mark.parametrize("case", OPTIONS)
def test_every_step_is_that_of_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    make, options = OPTIONS[case]
    rng = np.random.default_rng(0)
    ours = [Tensor(drawn(rng, shape, dtype)) for shape in SHAPES]
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]
    optimizer = make(ours, **options)
    reference = getattr(torch.optim, make.__name__)(theirs, **options)
    tolerance = 1e-12 if dtype in (np.float64, np.complex128) else 1e-5
    for step in range(50 if ours[0].dtype.kind == "f" else 10):
        if step == 10:  # the learning rate can be changed at any time
            optimizer.lr = optimizer.lr / 3
            reference.param_groups[0]["lr"] /= 3
        optimizer.zero_grad()
        reference.zero_grad()
        for p, t in zip(ours, theirs, strict=True):
            g = drawn(rng, p.shape, dtype)
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


def test_lion_by_its_formula():
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32, np.complex128):
        p = Tensor(drawn(rng, (3, 2), dtype))
        optimizer, data, m = Lion([p], **LION), p.data.copy(), np.zeros((3, 2), dtype)
        for _ in range(50):
            g = drawn(rng, (3, 2), dtype)
            p.grad = g
            optimizer.step()
            way = 0.8 * m + 0.2 * g
            sign = np.sign(way.real) + 1j * np.sign(way.imag) if dtype == np.complex128 else np.sign(way)
            data = data - 0.01 * (sign + 0.1 * data)
            m = 0.9 * m + 0.1 * g
            np.testing.assert_allclose(p.data, data, rtol=1e-12 if dtype != np.float32 else 1e-5)
        np.testing.assert_allclose(optimizer.state[p]["exp_avg"], m, rtol=1e-12 if dtype != np.float32 else 1e-4)
        other = Tensor([1.0])
        other.grad = [2.0]
        Lion([other], lr=0.1, maximize=True).step()
        assert other.data[0] == 1.1


FORMULAS = {  # what data, the gradient and what is kept become in a step; in step t, with lr = 0.1 and the defaults
    Adam: lambda x, g, t, m, v: (
        x - 0.1 * (0.9 * m + 0.1 * g) / (1 - 0.9**t) / (np.sqrt((0.999 * v + 0.001 * g * g) / (1 - 0.999**t)) + 1e-8),
        0.9 * m + 0.1 * g,
        0.999 * v + 0.001 * g * g,
    ),
    Adamax: lambda x, g, t, m, u: (
        x - 0.1 * (0.9 * m + 0.1 * g) / (1 - 0.9**t) / np.maximum(0.999 * u, np.abs(g) + 1e-8),
        0.9 * m + 0.1 * g,
        np.maximum(0.999 * u, np.abs(g) + 1e-8),
    ),
    Adagrad: lambda x, g, t, total, _: (x - 0.1 * g / (np.sqrt(total + g * g) + 1e-10), total + g * g, _),
    RMSprop: lambda x, g, t, v, _: (
        x - 0.1 * g / (np.sqrt(0.99 * v + 0.01 * g * g) + 1e-8),
        0.99 * v + 0.01 * g * g,
        _,
    ),
}


@pytest.mark.parametrize("make", FORMULAS)
def test_a_step_is_that_of_the_formula(make):
    rng = np.random.default_rng(0)
    p = Tensor(rng.normal(size=(4, 3)))
    data, kept, optimizer = p.data.copy(), (0 * p.data, 0 * p.data), make([p], lr=0.1)
    for t in range(1, 51):
        p.grad = g = rng.normal(size=(4, 3))
        optimizer.step()
        data, *kept = FORMULAS[make](data, g, t, *kept)
        np.testing.assert_allclose(p.data, data, rtol=1e-12, atol=1e-14)


def test_asgd_averages_after_t0():
    p = Tensor([1.0])
    optimizer = ASGD([p], lr=0.1, lambd=0.0, t0=2)
    seen = []
    for _ in range(6):
        p.grad = [1.0]
        optimizer.step()
        seen.append(p.data[0])
    # the mean of the data from step 3 on: mu is 1 / (t - t0) of the step before
    np.testing.assert_allclose(optimizer.state[p]["ax"][0], np.mean(seen[3:]), rtol=1e-6)


@pytest.mark.parametrize("case", WITH_LION)
def test_a_parameter_in_blocks_is_changed_as_a_small_one(case):
    make, options = WITH_LION[case]
    rng = np.random.default_rng(0)
    data, grads = rng.normal(size=(150, 451)), rng.normal(size=(3, 150, 451))
    layouts = [
        lambda a: a, np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2], lambda a: a.T.copy().T,
    ]  # fmt: skip
    ends = []
    for layout in layouts:
        p, row = Tensor(layout(data.copy())), Tensor(data[0].copy())
        optimizer = make([p, row], **options)
        for g in grads:
            p.grad, row.grad = g, g[0]
            optimizer.step()
        ends.append(p.data)
        np.testing.assert_allclose(p.data[0], row.data, rtol=1e-14)
    for end in ends:
        np.testing.assert_allclose(end, ends[0], rtol=1e-14)
    z, grad = Tensor(data + 1j * data[::-1]), grads[0] + 1j * grads[1]
    optimizer = make([z], **options)
    for _ in range(2):
        z.grad = grad
        optimizer.step()
    ways = [Tensor(z_part.copy()) for z_part in (data, data[::-1])]
    both = make(ways, **options)
    for _ in range(2):
        ways[0].grad, ways[1].grad = grads[0], grads[1]
        both.step()
    np.testing.assert_allclose(z.data, ways[0].data + 1j * ways[1].data, rtol=1e-14)


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
    for make in EVERY:
        used, unused = Tensor([1.0]), Tensor([5.0])
        (used * 2).backward()
        make([used, unused], lr=0.1).step()
        assert used.data[0] != 1 and unused.data[0] == 5


def test_a_step_changes_the_data_in_place_and_leaves_the_gradient():
    for make in EVERY:
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


def test_complex_parameters_in_any_layout_take_the_same_step():
    rng = np.random.default_rng(0)
    data, grad = drawn(rng, (4, 6), complex), drawn(rng, (4, 6), complex)
    for make in EVERY:
        straight = Tensor(data.copy())
        turned, every_second = Tensor(data.T.copy().T), Tensor(np.repeat(data, 2, axis=1)[:, ::2])
        for p in (straight, turned, every_second):
            p.grad = grad
            make([p], lr=0.1).step()
        np.testing.assert_array_equal(turned.data, straight.data)
        np.testing.assert_array_equal(every_second.data, straight.data)
        assert not np.any(straight.data == data)


# Settings ------------------------------------------------------------------------------------------------------------

RATES = [
    (make, name)
    for make, names in (
        (SGD, ("lr", "momentum", "dampening", "weight_decay")),
        (Adam, ("lr", "eps", "weight_decay")),
        (AdamW, ("lr", "eps", "weight_decay")),
    )
    for name in names
]
NO_RATES = [
    -0.1, math.nan, math.inf, 10**400, "0.1", None, True, 1j, [0.1], np.array(0.1), Tensor(0.1), np.timedelta64(1, "s"),
]  # fmt: skip


@pytest.mark.parametrize("make, name", RATES)
def test_a_rate_is_a_finite_number_when_it_is_given_and_when_it_is_set(make, name):
    said = f"{make.__name__}: {name} must be a finite number, and not negative"
    optimizer = make([Tensor([1.0])], **{"lr": 0.1, name: 0.25})
    for wrong in NO_RATES:
        with pytest.raises(ValueError, match=said):
            make([Tensor([1.0])], **{"lr": 0.1, name: wrong})
        with pytest.raises(ValueError, match=said):
            setattr(optimizer, name, wrong)
        assert getattr(optimizer, name) == 0.25
    for right in (0, np.float32(0.5), np.int64(2), 1):
        setattr(optimizer, name, right)
        assert getattr(optimizer, name) == right and type(getattr(optimizer, name)) is float


@pytest.mark.parametrize(
    "wrong", [0.9, None, (), (0.9,), (0.9, 0.99, 0.999), "ab", {0: 0.9, 1: 0.9}, [[0.9], [0.9, 0.9]]]
)
def test_betas_are_two(wrong):
    for make in (Adam, AdamW):
        with pytest.raises(ValueError, match=rf"{make.__name__}: betas(\[0\])? must be (two numbers|a finite number)"):
            make([Tensor([1.0])], betas=wrong)
        optimizer = make([Tensor([1.0])], betas=[0.5, np.float64(0.9)])
        with pytest.raises(ValueError, match=f"{make.__name__}: betas"):
            optimizer.betas = wrong
        assert optimizer.betas == (0.5, 0.9)


def test_what_is_set_later_counts():
    w, v = Tensor([1.0]), Tensor([1.0])
    early, late = SGD([w], 0.1, momentum=0.5, weight_decay=0.1), SGD([v], 1.0)
    late.lr, late.momentum, late.weight_decay = 0.1, 0.5, 0.1
    for _ in range(3):
        w.grad = v.grad = [1.0]
        early.step()
        late.step()
    assert w.data[0] == v.data[0] != 1


def test_invalid_options_are_errors():
    w = Tensor([1.0])
    for wrong in ("yes", None, 1, [True]):
        with pytest.raises(TypeError, match="SGD: nesterov must be True or False"):
            SGD([w], lr=0.1, momentum=0.9, nesterov=wrong)
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


# Parameters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, kind, said",
    [
        ([], ValueError, "no parameters"),
        ([np.ones(2)], TypeError, "params must be Tensors, not ndarray"),
        (np.ones(2), TypeError, "must be several Tensors, .*not a ndarray"),
        (Tensor([1.0]), TypeError, "must be several Tensors, .*not a Tensor"),
        (Layer(2, 1), TypeError, r"must be several Tensors, as model\.parameters\(\) gives them .*not a Layer"),
        (Layer, TypeError, "must be several Tensors, .*not a type"),
        (None, TypeError, "must be several Tensors, .*not a NoneType"),
        (0.1, TypeError, "must be several Tensors, .*not a float"),
        ("w", TypeError, "must be Tensors, not str"),
        ({"w": Tensor([1.0])}, TypeError, "must be Tensors, not str; pass a list"),
        ({Tensor([1.0])}, TypeError, "must be several Tensors, .*not a set, whose order isn't certain"),
        ([Tensor([1.0]), {"params": [Tensor([1.0])]}], TypeError, "must be Tensors, not dict"),
        ([{"param": [Tensor([1.0])]}], TypeError, 'a param_group must be a dict with "params"'),
        ([{"params": []}], ValueError, "no parameters"),
        ([Tensor([1.0]), Tensor([1.0]) * 2], TypeError, "isn't a leaf that requires a gradient"),
        ([Tensor([1.0], requires_grad=False)], TypeError, "isn't a leaf that requires a gradient"),
    ],
)
def test_parameters_that_are_none(wrong, kind, said):
    for make in EVERY:
        with pytest.raises(kind, match=f"(?s){make.__name__}: .*{said}"):
            make(wrong, lr=0.1)


def test_what_was_computed_is_no_leaf_after_its_graph_has_gone():
    freed = Tensor([1.0, 2.0]) * 2
    (freed * freed).sum().backward(retain_graph=False)
    overwritten = Tensor([1.0, 2.0]) * 2
    overwritten.data += 1
    for t in (freed, overwritten):
        assert not t.parents
        with pytest.raises(TypeError, match=r"SGD: .*isn't a leaf"):
            SGD([t], lr=0.1)


def test_parameters_may_come_from_a_generator():
    layer = Layer(2, 1, rng=0)
    assert SGD((p for p in layer.parameters()), 0.1).parameters == layer.parameters()


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


# A step that fails ---------------------------------------------------------------------------------------------------


def overflowing(p):
    """A gradient that no optimiser can take without an overflow."""
    p.grad = np.full(p.shape, 1e308)


def of_another_shape(p):
    """The same gradient, whose shape was changed in place."""
    p.grad = np.ones(p.shape)
    p._grad = p._grad.reshape(1, 2, 1)


def of_strings(p):
    p._grad = np.array(["a", "b"])


FAILING = {  # with the error, and what it says
    "overflow": (overflowing, FloatingPointError, "overflow"),
    "shape": (of_another_shape, ValueError, r"\w+\.step of shapes \(2,\) and \(1, 2, 1\)"),
    "dtype": (of_strings, TypeError, r"\w+\.step of shapes"),
}


@pytest.mark.parametrize(
    "make, why",
    [
        (make, why)
        for make in (*EVERY, lambda p, lr: SGD(p, lr, momentum=0.9, weight_decay=0.1))
        for why in FAILING
        if why != "overflow" or make not in (Adamax, Rprop, Lion)  # whose steps no gradient makes large
    ],
)
@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_step_that_fails_half_way_leaves_no_wrong_gradient(make, why, failing):
    spoil, error, said = FAILING[why]
    parameters = [Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([5.0, 6.0])]
    before = [p.data.copy() for p in parameters]
    losses = [(p * p).sum() for p in parameters]
    everything = (parameters[0] * parameters[1] * parameters[2]).sum()
    for loss in losses:
        loss.backward()
    spoil(parameters[failing])
    with pytest.raises(error, match=said), np.errstate(all="raise"):
        make(parameters, 1e10).step()
    for i, (p, loss) in enumerate(zip(parameters, losses, strict=True)):
        p.zero_grad()
        if i <= failing:  # it was changed, or may have been
            with pytest.raises(RuntimeError, match="was changed"):
                loss.backward()
        else:
            np.testing.assert_array_equal(p.data, before[i])
            loss.backward()
            np.testing.assert_array_equal(p.grad, 2 * before[i])
    with pytest.raises(RuntimeError, match="was changed"):
        everything.backward()


@pytest.mark.parametrize("make", EVERY)
def test_a_parameter_that_can_not_be_written_into_is_an_error(make):
    p = Tensor(np.broadcast_to(1.0, (3,)))
    p.grad = np.ones(3)
    with pytest.raises(ValueError, match=rf"{make.__name__}\.step of shapes \(3,\).*read-only"):
        make([p], 0.1).step()


# Other threads -------------------------------------------------------------------------------------------------------


class Slow(Duck):
    """An array that lets another thread run, and waits for it a while, before something is added to it in place."""

    def __init__(self, array, meanwhile):
        super().__init__(array)
        self.meanwhile = meanwhile

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        if ufunc is np.add and out and out[0] is self:
            self.meanwhile()
        return super().__array_ufunc__(ufunc, method, *inputs, out=out, **kwargs)


@pytest.mark.parametrize("act", ["zero_grad", "step"])
def test_what_another_thread_adds_meanwhile_counts_for_all_parameters_or_for_none(act):
    def meanwhile():
        if not thread.is_alive() and not done:
            thread.start()
            thread.join(0.2)  # without a lock, it would be done by then

    def run():
        getattr(optimizer, act)()
        done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=run)
    parameters = [Tensor(Duck(np.zeros(2))) for _ in range(3)]
    parameters[1]._grad = Slow(np.ones(2), meanwhile)  # to this one it is added, to the others it becomes the first
    optimizer = SGD(parameters, 1.0)
    (parameters[0] + parameters[1] + parameters[2]).backward(Duck(np.ones(2)))
    thread.join()
    assert done
    for p, whole in zip(parameters, (1, 2, 1), strict=True):
        if act == "step":
            np.testing.assert_array_equal(p.data.array, [-whole, -whole])
        else:
            np.testing.assert_array_equal(p.grad.array, [0, 0])
