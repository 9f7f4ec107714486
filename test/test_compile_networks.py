"""Networks and optimisers inside a compiled step: after each step everything is as after an eager one, to the last bit."""

import numpy as np
import pytest
from torch_samples import SCHEDULES
from twins import Twin, run_twins

import tensorgrad
from tensorgrad import MLP, Tensor, nn, optim

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
