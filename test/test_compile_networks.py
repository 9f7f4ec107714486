"""Networks and optimisers in a compiled step: after each step all is as after an eager one, to the last bit."""

import copy
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from layers import LAYERS
from torch_samples import SCHEDULES
from twins import Twin, programs, replayed, require_same, run_twins, state_of

import tensorgrad
from tensorgrad import MLP, Tensor, nn, no_grad, optim

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import workloads
from contenders import with_tensorgrad

DTYPES = [np.float32, np.float64]
REPLAYED = 7  # of 12 steps: the first is watched, the second, third, fourth and eighth are recorded

# By optimiser: the settings that it is tried with.
OPTIMIZERS = {
    "SGD": [
        {}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "dampening": 0.3},
        {"weight_decay": 0.1}, {"maximize": True}, {"momentum": 0.5, "weight_decay": 0.1, "maximize": True},
    ],
    "ASGD": [{}, {"t0": 4, "lambd": 0.01}, {"weight_decay": 0.1, "alpha": 0.5}, {"maximize": True}],
    "Adam": [
        {}, {"betas": (0.5, 0.7)}, {"betas": (0.0, 0.9)}, {"weight_decay": 0.1}, {"amsgrad": True}, {"maximize": True},
        {"decoupled_weight_decay": True, "weight_decay": 0.1}, {"eps": 0.1, "amsgrad": True, "weight_decay": 0.1},
    ],
    "AdamW": [{}, {"amsgrad": True, "maximize": True}],
    "Adamax": [{}, {"weight_decay": 0.1}, {"maximize": True}],
    "NAdam": [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}, {"maximize": True}],
    "RAdam": [
        {}, {"betas": (0.5, 0.8)}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"maximize": True},
    ],
    "Adagrad": [
        {}, {"lr_decay": 0.1}, {"weight_decay": 0.1}, {"initial_accumulator_value": 0.5}, {"maximize": True}
    ],
    "Adadelta": [{}, {"rho": 0.5}, {"weight_decay": 0.1}, {"maximize": True}],
    "RMSprop": [
        {}, {"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.9, "weight_decay": 0.1},
        {"maximize": True},
    ],
    "Rprop": [{}, {"etas": (0.3, 1.5)}, {"step_sizes": (1e-3, 0.02)}, {"maximize": True}],
    "Lion": [{}, {"betas": (0.5, 0.7)}, {"weight_decay": 0.1}, {"maximize": True}],
}  # fmt: skip
CHOSEN = [(name, settings) for name, several in OPTIMIZERS.items() for settings in several]


def quick(cases, chosen):
    """Cases, of which those that aren't chosen are slow."""
    return [case if chosen(*case) else pytest.param(*case, marks=pytest.mark.slow) for case in cases]


def data(dtype, n=6):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 3)).astype(dtype), rng.integers(0, 2, (n, 1)).astype(dtype)


def loss_of(model, X, Y):
    return tensorgrad.sigmoid_cross_entropy(model(X), Y)


def ordinary(model, optimizer, X, Y):
    loss = loss_of(model, X, Y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def twin_of(model, optimizer, body=ordinary, **more):
    """A Twin whose step is body(model, optimizer, X, Y)."""
    return Twin(lambda X, Y: body(model, optimizer, X, Y), model, optimizer, **more)


def network(make_optimizer, body=ordinary, dtype=np.float64):
    """What makes a small network with its step."""

    def make():
        model = MLP(3, [4, 1], rng=0, dtype=dtype)
        return twin_of(model, make_optimizer(model.parameters()), body)

    return make


def batches(dtype=np.float64):
    X, Y = data(dtype, 30)
    return lambda i: (X[i % 5 * 6 :][:6], Y[i % 5 * 6 :][:6])


def test_every_optimiser_is_tried():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    kinds = {name for name in kinds if issubclass(getattr(optim, name), optim.Optimizer)}
    assert kinds - {"Optimizer", "LBFGS"} == OPTIMIZERS.keys()


@pytest.mark.parametrize(
    "name, settings", quick(CHOSEN, lambda name, settings: settings is OPTIMIZERS[name][-1]), ids=str
)
def test_optimisers(name, settings):
    make = network(lambda params: getattr(optim, name)(params, lr=0.05, **settings))
    assert replayed(run_twins(make, inputs=batches())) >= (REPLAYED if name not in ("RAdam", "ASGD") else 1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("passes", [None, ()], ids=["all passes", "no passes"])
@pytest.mark.parametrize("name, settings", CHOSEN, ids=str)
def test_optimisers_over_a_hundred_steps(name, settings, dtype, passes):
    make = network(lambda params: getattr(optim, name)(params, lr=0.05, **settings), dtype=dtype)
    assert replayed(run_twins(make, 100, inputs=batches(dtype), passes=passes)) >= 80


# Layers ---------------------------------------------------------------------------------------------------------------


class Scaled(nn.Module):
    """A layer behind parameters of its inputs, so that there is something to train before those without parameters."""

    def __init__(self, layer, inputs, dtype):
        self.layer = layer
        self.scales = [Tensor(np.full(x.shape[-1], 0.9, dtype)) for x in inputs if is_floating(x)]

    def forward(self, *inputs):
        scales = iter(self.scales)
        return self.layer(*[x * next(scales) if is_floating(x) else x for x in inputs])


def is_floating(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def total(y):
    """A number that depends on all numbers in a result, or in several."""
    return sum(map(total, y)) if isinstance(y, tuple | list) else 0.0 if y is None else (y * y).mean()


def layer_twins(make, inputs, dtype, training):
    """What makes a layer with a step: of training, or one that computes without a gradient."""
    model = Scaled(make(nn).to(dtype), inputs, dtype).train(training)

    def make():
        own = copy.deepcopy(model)
        optimizer = optim.SGD(own.parameters(), 1e-5, momentum=0.5)  # some losses have steep slopes

        def train(*inputs):
            y = own(*inputs)
            loss = total(y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss, y

        def evaluate(*inputs):
            with no_grad():
                return own(*inputs)

        return Twin(train if training else evaluate, own, optimizer)

    return make


SAMPLES = [(name, i) for name, several in LAYERS.items() for i in range(len(several))]


def test_every_layer_is_tried():
    kinds = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert kinds - {"Parameter"} == LAYERS.keys()


COMMON = {"Conv2d", "BatchNorm1d", "LayerNorm", "MaxPool2d", "Dropout"}


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name, i", quick(SAMPLES, lambda name, i: name in COMMON and not i))
def test_layers(name, i, training, dtype=np.float64, **options):
    make, inputs = LAYERS[name][i]
    inputs = [x.astype(dtype) if is_floating(x) else x for x in inputs]
    run_twins(layer_twins(make, inputs, dtype, training), inputs=lambda i: inputs, **options)


@pytest.mark.slow
@pytest.mark.parametrize("passes", [None, ()], ids=["all passes", "no passes"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name, i", SAMPLES)
def test_layers_in_single_precision(name, i, training, passes):
    test_layers(name, i, training, np.float32, passes=passes)


# What training loops do -----------------------------------------------------------------------------------------------


def momentum(params):
    return optim.SGD(params, 0.05, momentum=0.9)


def loop(body, before=None, steps=12, least=REPLAYED, make_optimizer=momentum):
    """Twins whose step is body(model, optimizer, X, Y); the compiled step."""
    compiled = run_twins(network(make_optimizer, body), steps, before, batches())
    assert replayed(compiled) >= least
    return compiled


@pytest.mark.parametrize("norm", [2.0, *[pytest.param(p, marks=pytest.mark.slow) for p in (1.0, np.inf)]])
def test_clipped_norms(norm):
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        optimizer.zero_grad()
        loss.backward()
        size = optim.clip_grad_norm_(model.parameters(), 0.3, norm)
        optimizer.step()
        return loss, size

    loop(body, least=1)


def test_clipped_values():
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_value_(model.parameters(), 0.01)
        optimizer.step()
        return loss

    loop(body)


def test_gradients_that_add_up():
    """Without zero_grad in the step: each adds to what is there."""

    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        loss.backward()
        return loss

    def before(twin, i):
        if i % 4 == 3:
            twin.optimizer.step()
            twin.optimizer.zero_grad()

    loop(body, before, steps=40)


def require_same_gradients(make, calls, passes=None):
    """After each call gradients are the same, and lie the same in memory."""
    (model, step), (other, eager) = make(), make()
    step = tensorgrad.compile(step, passes=passes)
    for args in calls:
        require_same(eager(*args), step(*args))
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            require_same(q.grad, p.grad)
            assert p.grad.strides == q.grad.strides


def test_gradients_that_lie_otherwise_in_memory_add_up():
    """Their sum lies as the first of them, recorded as well as eager: sums over it are rounded in that order."""
    rng = np.random.default_rng(0)

    def make():
        layer = nn.Conv2d(2, 1, 1, rng=0)

        def step(x, y):
            logits = layer(x)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y) + np.sum(nn.functional.sigmoid(logits))
            layer.zero_grad()
            loss.backward()
            return loss

        return layer, step

    X = rng.normal(size=(12, 2, 2, 8, 8))
    require_same_gradients(make, [(x, (x[:, :1] > 0).astype(float)) for x in X])


@pytest.mark.parametrize("passes", [None, ()], ids=["all passes", "no passes"])
def test_a_penalty_of_the_slope(passes):
    """A parameter's gradient is the sum of two that lie otherwise in memory."""
    rng = np.random.default_rng(3)

    def make():
        model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=1))

        def step(x):
            slope = tensorgrad.grad(lambda x: np.sum(model(x)))(x)
            loss = np.mean(model(x)) + np.mean((np.sqrt(np.sum(slope**2, axis=1)) - 1) ** 2)
            model.zero_grad()
            loss.backward()
            return loss

        return model, step

    require_same_gradients(make, [(x,) for x in rng.normal(size=(12, 5, 3))], passes)


@pytest.mark.slow
def test_two_batches_in_one_step():
    def body(model, optimizer, X, Y):
        optimizer.zero_grad()
        for half in (slice(3), slice(3, None)):
            loss = loss_of(model, X[half], Y[half]) / 2
            loss.backward()
        optimizer.step()
        return loss

    loop(body)


def test_gradients_that_become_zeros():
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        return loss

    loop(body)


@pytest.mark.parametrize("to_none", [True, False])
def test_gradients_that_are_forgotten_at_the_end(to_none):
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=to_none)
        return loss

    loop(body)


@pytest.mark.slow
def test_gradients_that_the_model_forgets():
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    loop(body)


@pytest.mark.slow
def test_gradients_between_the_steps():
    """What is added to a gradient between two steps counts in the next."""

    def before(twin, i):
        if i % 3 == 2:
            loss_of(twin.model, *batches()(i + 1)).backward()

    def body(model, optimizer, X, Y):
        loss_of(model, X, Y).backward()
        optimizer.step()

    loop(body, before, steps=20)


def test_gradients_between_steps_that_forget_theirs():
    def before(twin, i):
        if i % 5 == 4:
            loss_of(twin.model, *batches()(i + 1)).backward()

    def body(model, optimizer, X, Y):
        loss_of(model, X, Y).backward()
        optimizer.step()
        optimizer.zero_grad()

    loop(body, before, steps=30)


@pytest.mark.slow
def test_gradients_that_record():
    """After backward(create_graph=True), they are Tensors."""

    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        optimizer.zero_grad()
        loss.backward(create_graph=True)
        optimizer.step()
        return loss

    loop(body, least=0)


def test_two_walks_over_one_graph():
    def body(model, optimizer, X, Y):
        loss = loss_of(model, X, Y)
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    loop(body)


@pytest.mark.slow
def test_gradients_of_gradients():
    def body(model, optimizer, X, Y):
        optimizer.zero_grad()
        loss = loss_of(model, X, Y)
        loss.backward(create_graph=True)
        size = sum((p.grad * p.grad).sum() for p in model.parameters())
        optimizer.zero_grad()
        (loss + 0.1 * size).backward()
        optimizer.step()
        return size

    loop(body)


@pytest.mark.slow
def test_a_closure_that_the_optimiser_calls():
    def body(model, optimizer, X, Y):
        def closure():
            optimizer.zero_grad()
            loss = loss_of(model, X, Y)
            loss.backward()
            return loss

        return optimizer.step(closure)

    loop(body)


@pytest.mark.parametrize("forgets", [lambda model, optimizer: model, lambda model, optimizer: optimizer])
def test_lbfgs_says_what_to_compile(forgets):
    def make():
        model = MLP(3, [4, 1], rng=0)
        optimizer = optim.LBFGS(model.parameters(), 0.5, max_iter=3, line_search_fn="strong_wolfe")

        def closure():
            forgets(model, optimizer).zero_grad()
            loss = loss_of(model, *data(np.float64))
            loss.backward()
            return loss

        return model, optimizer, closure

    model, optimizer, closure = make()
    step = tensorgrad.compile(lambda: optimizer.step(closure))
    step()
    with pytest.raises(tensorgrad.CompileError, match="compile the closure"):
        step()
    (model, optimizer, closure), (other, theirs, function) = make(), make()
    closure = tensorgrad.compile(closure)
    for _ in range(5):
        require_same(theirs.step(function), optimizer.step(closure))
        require_same(state_of(Twin(None, model, optimizer)), state_of(Twin(None, other, theirs)))
    assert replayed(closure) > 5


# What changes between the steps ---------------------------------------------------------------------------------------


def loaded(model, target):
    target.load_state_dict(model.state_dict())


def halfway(model, target):
    for p, q in zip(model.parameters(), target.parameters(), strict=True):
        q.data = 0.5 * (p.data + q.data)
        p.data = q.data.copy()


def shared(model, target):
    """Both show the same memory, which the optimiser changes."""
    for p, q in zip(model.parameters(), target.parameters(), strict=True):
        q.data = p.data = p.data.copy()


def crossed(model, target):
    """One array of the target is another one of it."""
    p, q = model.layers[0], target.layers[0]
    q.bias.data = p.bias.data = p.bias.data.copy()


@pytest.mark.parametrize(
    "changes",
    [(loaded, shared), *[pytest.param(c, marks=pytest.mark.slow) for c in [(loaded,), (halfway,), (halfway, crossed)]]],
)
def test_arrays_that_are_replaced_every_few_steps(changes):
    """From the second time on what lies there is read anew, and nothing is recorded again."""
    X, Y = data(np.float64, 30)

    def make():
        model, target = MLP(3, [4, 1], rng=0), MLP(3, [4, 1], rng=1)
        optimizer = optim.Adam(model.parameters(), 0.01)

        def step(x, y):
            with no_grad():
                wanted = target(x) + y
            loss = np.mean((model(x) - wanted) ** 2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return model, target, optimizer, step

    ours, theirs = make(), make()
    step = tensorgrad.compile(ours[-1])
    for i in range(60):
        given = X[i % 5 * 6 :][:6], Y[i % 5 * 6 :][:6]
        require_same(theirs[-1](*given), step(*given))
        if i % 5 == 4:
            for model, target, *_ in (ours, theirs):
                changes[-1 if i == 24 else 0](model, target)
        for model, other in zip(ours[:2], theirs[:2], strict=True):
            for p, q in zip(model.parameters(), other.parameters(), strict=True):
                require_same(q.data, p.data)
                require_same(q.grad, p.grad)
    assert len(step._kinds) == 1
    assert replayed(step) > 30


def test_a_graph_notices_that_an_array_was_replaced_and_changed():
    """A graph from before a replay can't go backward: the replay has written into what it used."""
    w = Tensor(np.ones(3))
    optimizer = optim.SGD([w], 0.1)

    @tensorgrad.compile
    def step(x):
        optimizer.zero_grad()
        loss = np.sum(w * x)
        loss.backward()
        optimizer.step()
        return loss

    for i in range(40):
        step(np.full(3, float(i)))
        if i % 5 == 4:
            w.data = w.data + 1
    assert replayed(step) > 20
    loss = np.sum(w * w)
    step(np.ones(3))
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_a_method_of_a_class():
    class Trained(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(3, 1, rng=0)
            self.scale = 1.0

        def eager(self, X, Y):
            loss = np.mean((self.scale * self.layer(X) - Y) ** 2)
            self.zero_grad()
            loss.backward()
            return loss

        step = tensorgrad.compile(eager)

    one, other = Trained(), Trained()
    for i in range(20):
        one.scale = other.scale = 1.0 if i < 10 else 2.0
        require_same(other.eager(*data(np.float64)), one.step(*data(np.float64)))
        require_same(other.layer.weight.grad, one.layer.weight.grad)
    assert Trained.step.is_compiled
    assert replayed(Trained.step) > 8


@pytest.mark.parametrize("make_optimizer", [momentum, optim.SGD, optim.Adam, optim.ASGD])
def test_a_learning_rate_that_is_set(make_optimizer):
    """It is read at each step, and nothing is recorded anew."""

    def before(twin, i):
        twin.optimizer.lr = 0.1 / (1 + i)

    averages = make_optimizer is optim.ASGD  # from a step on that it counts
    step = loop(ordinary, before, 20, 1 if averages else REPLAYED, make_optimizer)
    assert averages or programs(step) == 1


@pytest.mark.slow
def test_settings_that_change():
    """Rates are read at each step, what is switched on or off is recorded anew."""

    def before(twin, i):
        (group,) = twin.optimizer.param_groups
        if i == 9:
            group["betas"] = (0.8, 0.9)
        if i == 14:
            group["weight_decay"] = 0.1
        if i == 20:
            group["amsgrad"] = True
        if i == 26:
            group.update(maximize=True, weight_decay=0, eps=1e-3)

    loop(ordinary, before, steps=40, least=20, make_optimizer=lambda p: optim.Adam(p, 0.05))


@pytest.mark.slow
def test_momentum_that_is_switched_on():
    def before(twin, i):
        if i == 7:
            twin.optimizer.momentum = 0.9
        if i == 13:
            twin.optimizer.nesterov = True

    loop(ordinary, before, steps=30, make_optimizer=lambda p: optim.SGD(p, 0.05))


SCHEDULED = [(name, i) for name, several in SCHEDULES.items() for i in range(len(several))]


@pytest.mark.parametrize("name, i", quick(SCHEDULED, lambda name, i: name in ("OneCycleLR", "StepLR") and not i))
def test_schedules(name, i):
    """The rates of two groups follow a schedule, and nothing is recorded anew."""

    def make():
        model = MLP(3, [4, 1], rng=0)
        groups = [{"params": model.layers[0].parameters()}, {"params": model.layers[1].parameters(), "lr": 0.02}]
        optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
        schedule = SCHEDULES[name][i](optim, optimizer)
        return twin_of(model, optimizer, schedule=schedule)

    def before(twin, i):
        twin.schedule.step(*((1.0,) if name == "ReduceLROnPlateau" else ()))

    step = run_twins(make, 20, before, batches())
    assert replayed(step) >= REPLAYED and programs(step) == 1


def test_frozen_parameters():
    def before(twin, i):
        if i == 7:
            twin.model.layers[0].freeze()
        if i == 14:
            twin.model.layers[0].requires_grad_()

    loop(ordinary, before, steps=24)


def test_a_parameter_that_two_layers_share():
    def make():
        model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Tanh(), nn.Linear(3, 3, rng=1), nn.Linear(3, 1, rng=2))
        model[2].weight = model[0].weight
        optimizer = optim.Adam(model.parameters(), 0.05)
        return twin_of(model, optimizer)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


@pytest.mark.slow
def test_modes_that_are_switched():
    """Training and evaluation by one compiled function."""

    def make():
        model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.BatchNorm1d(8), nn.Dropout(0.4, rng=1), nn.Linear(8, 1, rng=2))
        optimizer = optim.SGD(model.parameters(), 0.05)

        def step(X, Y):
            loss = loss_of(model, X, Y)
            if model.training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return loss

        return Twin(step, model, optimizer)

    def before(twin, i):
        twin.model.train(i % 4 != 3)

    assert replayed(run_twins(make, 40, before, batches())) >= 20


@pytest.mark.slow
def test_weights_that_are_loaded():
    def before(twin, i):
        if i == 6:
            twin.model.load_state_dict(MLP(3, [4, 1], rng=5).state_dict())
        if i == 9:
            twin.optimizer.load_state_dict(twin.optimizer.state_dict())

    loop(ordinary, before, steps=24, make_optimizer=lambda p: optim.Adam(p, 0.05))


def test_weights_that_are_replaced_or_changed():
    def before(twin, i):
        p = twin.model.layers[0].weight
        if i == 6:
            p.data = p.data + 1
        if i == 9:
            p.data[0] = 0.5
        if i == 12:
            p.data *= 0.5
        if i == 15:
            twin.model.load_state_dict({name: value * 0.9 for name, value in twin.model.state_dict().items()})
        if i == 18:
            twin.optimizer.load_state_dict(twin.optimizer.state_dict())
        if i == 20:
            p.requires_grad = False
        if i == 23:
            p.requires_grad = True
        if i == 27:
            twin.model.layers[0].bias = nn.Parameter(np.ones(4))

    loop(ordinary, before, steps=40)


@pytest.mark.slow
def test_parameters_that_are_added():
    def make():
        model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 1, rng=2))
        optimizer = optim.Adam(model[1].parameters(), 0.05)
        return twin_of(model, optimizer)

    def before(twin, i):
        if i == 7:
            twin.optimizer.add_param_group({"params": twin.model[0].parameters(), "lr": 0.01})
        if i == 16:
            twin.model.append(nn.Linear(1, 1, rng=3))

    assert replayed(run_twins(make, 28, before, batches())) >= 10


@pytest.mark.slow
def test_steps_of_parameters_that_differ():
    """Of one optimiser: some have taken more steps than others."""

    def make():
        model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 1, rng=2))
        optimizer = optim.Adam(model.parameters(), 0.05)
        for p in model[1].parameters():
            p.grad = np.ones_like(p.data)
        optimizer.step()
        return twin_of(model, optimizer)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


# Randomness -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["Dropout", *[pytest.param(name, marks=pytest.mark.slow) for name in ("AlphaDropout", "RReLU")]]
)
def test_layers_that_draw(kind):
    """Each replay draws anew, as many numbers, from the layer's own generator."""

    def make():
        model = nn.Sequential(nn.Linear(3, 8, rng=0), getattr(nn, kind)(rng=1), nn.Linear(8, 1, rng=2))
        optimizer = optim.SGD(model.parameters(), 0.05)
        return twin_of(model, optimizer)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


@pytest.mark.slow
def test_a_generator_for_several_layers():
    def make():
        rng = np.random.default_rng(0)
        model = nn.Sequential(
            nn.Linear(3, 8, rng=rng), nn.Dropout(rng=rng), nn.Linear(8, 1, rng=rng), nn.Dropout(0.1, rng=rng)
        )
        optimizer = optim.SGD(model.parameters(), 0.05)
        return twin_of(model, optimizer)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


@pytest.mark.parametrize("make_rng", [np.random.default_rng, np.random.RandomState])
def test_a_generator_of_the_user(make_rng):
    def make():
        rng = make_rng(3)
        model = MLP(3, [4, 1], rng=0)
        optimizer = optim.SGD(model.parameters(), 0.05)

        def step(X, Y):
            chosen = rng.permutation(len(X))[:4]
            return ordinary(model, optimizer, X[chosen] + rng.normal(size=(4, 3)), Y[chosen])

        return Twin(step, model, optimizer, rng=rng if make_rng is np.random.default_rng else None)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


# Modules --------------------------------------------------------------------------------------------------------------


class Branches(nn.Module):
    """Parts in lists and dicts, a buffer that counts, and a weight of its own."""

    def __init__(self):
        self.parts = nn.ModuleList([nn.Linear(3, 3, rng=i) for i in range(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(3, 1, rng=2), "b": nn.Linear(3, 1, rng=3)})
        self.scale = nn.Parameter(np.ones(1))
        self.register_buffer("mean", np.zeros(3))

    def forward(self, x):
        for part in self.parts:
            x = tensorgrad.tanh(part(x)) if hasattr(tensorgrad, "tanh") else part(x).tanh()
        self.mean = 0.9 * self.mean + 0.1 * x.data.mean(axis=0)
        return self.scale * (self.heads["a"](x - self.mean) + self.heads["b"](x))


def test_modules_of_modules():
    def make():
        model = Branches()
        optimizer = optim.RMSprop(model.parameters(), 0.01)
        return twin_of(model, optimizer)

    assert replayed(run_twins(make, inputs=batches())) >= REPLAYED


def test_hooks():
    def make():
        model = MLP(3, [4, 1], rng=0)
        optimizer = optim.SGD(model.parameters(), 0.05)
        model.layers[0].register_forward_pre_hook(lambda module, args: (args[0] * 2,))
        model.layers[0].register_forward_hook(lambda module, args, output: output + 1)
        return twin_of(model, optimizer)

    def before(twin, i):
        if i == 6:
            twin.model.register_forward_hook(lambda module, args, output: output * 3)

    assert replayed(run_twins(make, 24, before, batches())) >= REPLAYED


# Workloads ------------------------------------------------------------------------------------------------------------

SMALL = {
    "mlp": workloads.mlp(8, 3, 4, 1),
    "mlp_adam": workloads.mlp(8, 3, 4, 1),
    "convolution": workloads.convolutional,
    "convnet": workloads.convnet,
    "transformer": lambda rng: workloads.transformer(rng, 2, 2, 5, 8, 4),
    "recurrent": lambda rng: workloads.recurrent(rng, 5, 3, 2, 4),
    "lstm": lambda rng: workloads.lstm(rng, 4, 3, 2, 4),
    "embedding": lambda rng: workloads.embedding(rng, 6, 3, 20, 4),
    "simulation": lambda rng: workloads.bodies(rng, 5, 3),
    "black_scholes": lambda rng: workloads.options(rng, 40),
}
TASKS = [(task, dtype) for task in SMALL for dtype in ("float32", "float64")]


def test_every_workload_is_tried():
    tasks = {workload.task for workload in workloads.WORKLOADS.values()}
    assert tasks - {"record", "chain"} == SMALL.keys()  # these record, and compute nothing else


def prepared(task, dtype):
    """The step of a workload with its arguments, and the optimisers that it has."""
    w = workloads.Workload("", task, SMALL[task]).arrays(dtype)
    if task.startswith("conv"):
        w.X, w.Y = w.X[:8], w.Y[:8]
    made = []

    def remembered(self, *args, init=optim.Optimizer.__init__, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    with mock.patch.object(optim.Optimizer, "__init__", remembered):
        return getattr(with_tensorgrad, task)(w), made


@pytest.mark.parametrize("task, dtype", quick(TASKS, lambda task, dtype: (task, dtype) == ("convolution", "float32")))
def test_workloads(task, dtype, steps=12, least=REPLAYED):
    def make():
        step, made = prepared(task, dtype)
        return Twin(step.func, made[0].parameters, made[0]) if made else Twin(step.func)

    arguments = prepared(task, dtype)[0].args
    assert replayed(run_twins(make, steps, inputs=lambda i: arguments)) >= least


@pytest.mark.slow
@pytest.mark.parametrize("task, dtype", TASKS)
def test_workloads_over_a_hundred_steps(task, dtype):
    test_workloads(task, dtype, 100, 80)
