"""Two of the same side by side, a step as it is and a compiled one, which must agree to the last bit."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import tensorgrad
from tensorgrad import Module, Tensor
from tensorgrad.optim import Optimizer


@dataclass
class Twin:
    """A step, and what it works on."""

    step: Any
    model: Any = None
    optimizer: Any = None
    schedule: Any = None
    rng: Any = None


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
    """An error, unless these are equal to the last bit: types, shapes, dtypes and numbers, in the same structure."""
    assert type(a) is type(b), f"{where}: {a!r} and {b!r}"
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
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
    elif not callable(a):
        assert a == b or (a != a and b != b), f"{where}: {a!r} and {b!r}"


def run_twins(make, steps=12, before=None, inputs=None, **options):
    """Run both as often, and compare after each step. How many of the steps were replayed.

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
    return sum(kind.history.replayed for kind in compiled._kinds.values())
