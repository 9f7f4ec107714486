"""What the tests of compile share: two steps side by side, of which one is compiled, must agree to the last bit."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import tensorgrad
from tensorgrad import MLP, Module, Tensor
from tensorgrad.optim import Optimizer


@dataclass
class Twin:
    """A step, and what it works on."""

    step: Any
    model: Any = None
    optimizer: Any = None
    schedule: Any = None
    rng: Any = None


def trained(model, optimizer):
    """A Twin whose step is an ordinary one of training."""

    def step(x, y):
        loss = tensorgrad.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    return Twin(step, model, optimizer)


def training(optimizer=tensorgrad.SGD, layers=(4, 1), **settings):
    """The training of a small network, the same at each call."""
    model = MLP(3, [*layers], rng=0)
    return trained(model, optimizer(model.parameters(), **({"lr": 0.05} | settings)))


def state_of(twin):
    """All that a step may change: data, gradients, buffers, state and settings of the optimiser, generators."""
    model, optimizer, rng = twin.model, twin.optimizer, twin.rng
    tensors = model if isinstance(model, list) else [*model.parameters()] if isinstance(model, Module) else []
    generators = [rng] if rng is not None else []
    if isinstance(model, Module):
        generators += [m.rng for m in model.modules() if isinstance(getattr(m, "rng", None), np.random.Generator)]
    return {
        "data": [t.data for t in tensors],
        "gradients": [t._grad for t in tensors],  # for .grad begins one where there is none
        "buffers": model.state_dict() if isinstance(model, Module) else {},
        "optimiser": optimizer.state_dict() if isinstance(optimizer, Optimizer) else {},
        "generators": [rng.bit_generator.state for rng in generators],
    }


def require_same(a, b, where=""):
    """An AssertionError, unless these are equal to the last bit: types, shapes, dtypes and numbers, in the same
    structure; or errors that say the same."""
    assert type(a) is type(b), f"{where}: {a!r} and {b!r}"
    if isinstance(a, dict):
        assert [*a] == [*b], where
        for key in a:
            require_same(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            require_same(x, y, f"{where}[{i}]")
    elif isinstance(a, Tensor):
        assert a.requires_grad == b.requires_grad, where
        require_same(a.data, b.data, f"{where}.data")
    elif isinstance(a, np.ndarray | np.generic):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), where
        assert a.tobytes() == b.tobytes(), f"{where}: {a} and {b}"
    elif isinstance(a, Exception):
        assert str(a) == str(b), where
    else:
        assert a == b or (a != a and b != b), f"{where}: {a!r} and {b!r}"


def run_twins(make, steps=12, before=None, inputs=None, **options):
    """Run both as often, and compare after each step. The compiled step.

    Args:
        make: gives a Twin, the same at each call.
        before: before(twin, i) changes something between the steps.
        inputs: inputs(i) gives what both are called with.
        options: of compile.
    """
    eager, other = make(), make()
    compiled = tensorgrad.compile(other.step, **options)
    for i in range(steps):
        for twin in (eager, other) if before else ():
            before(twin, i)
        args = inputs(i) if inputs else ()
        require_same(eager.step(*args), compiled(*args), f"the result of step {i}")
        require_same(state_of(eager), state_of(other), f"after step {i}: ")
    return compiled


def programs(compiled):
    """How many programs a compiled step has."""
    return sum(len(kind.replays) for kind in compiled._kinds.values())


def replayed(compiled):
    """How many of its calls were replayed."""
    return sum(kind.history.replayed for kind in compiled._kinds.values())
