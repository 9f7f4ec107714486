"""Networks and optimisers inside a compiled step: after each step everything is as after an eager one, to the last bit."""

import copy

import numpy as np
import pytest
from layers import LAYERS
from torch_samples import SCHEDULES
from twins import Twin, run_twins

import tensorgrad
from tensorgrad import MLP, Tensor, nn, no_grad, optim

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


def data(dtype, n=6):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 3)).astype(dtype), rng.integers(0, 2, (n, 1)).astype(dtype)


def trained(make_optimizer, dtype=np.float64, loss_of=tensorgrad.sigmoid_cross_entropy, **options):
    """What makes a small network with its step; another batch at each call gives a step that isn't always the same."""

    def make():
        model = MLP(3, [4, 1], rng=0, dtype=dtype)
        optimizer = make_optimizer(model)

        def step(X, Y):
            loss = loss_of(model(X), Y)
            optimizer.zero_grad()
            loss.backward(**options)
            optimizer.step()
            return loss

        return Twin(step, model, optimizer)

    return make


def batches(dtype=np.float64):
    X, Y = data(dtype, 30)
    return lambda i: (X[i % 5 * 6 :][:6], Y[i % 5 * 6 :][:6])


def test_every_optimiser_is_tried():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    kinds = {name for name in kinds if issubclass(getattr(optim, name), optim.Optimizer)}
    assert kinds - {"Optimizer", "LBFGS"} == OPTIMIZERS.keys()


@pytest.mark.parametrize("name, settings", CHOSEN, ids=lambda x: str(x))
def test_optimisers(name, settings):
    make = trained(lambda model: getattr(optim, name)(model.parameters(), lr=0.05, **settings))
    assert run_twins(make, inputs=batches()) >= (REPLAYED if name not in ("RAdam", "ASGD") else 1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, settings", CHOSEN, ids=lambda x: str(x))
def test_optimisers_over_a_hundred_steps(name, settings, dtype):
    make = trained(lambda model: getattr(optim, name)(model.parameters(), lr=0.05, **settings), dtype)
    assert run_twins(make, 100, inputs=batches(dtype)) >= 80


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
    return sum(map(total, y)) if isinstance(y, tuple | list) else 0.0 if y is None else (y * y).sum()


def layer_twins(make, inputs, dtype, training):
    """What makes a layer with a step: of training, or one that computes without a gradient."""
    model = Scaled(make(nn).to(dtype), inputs, dtype).train(training)

    def make():
        own = copy.deepcopy(model)
        optimizer = optim.SGD(own.parameters(), 0.01, momentum=0.5)

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


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name, i", SAMPLES)
def test_layers(name, i, training, dtype=np.float64):
    make, inputs = LAYERS[name][i]
    inputs = [x.astype(dtype) if is_floating(x) else x for x in inputs]
    run_twins(layer_twins(make, inputs, dtype, training), inputs=lambda i: inputs)
