"""What containers, and layers that are one product, are called with: a part of the table of test_wrong_calls.py."""

import numpy as np
from wrong_values import New, Wrong, dtype_of_floats, exactly_whole, flag, numbers, or_none, seed

from tensorgrad import Layer, Tensor, nn

width = exactly_whole(1, 10**6)
LINEAR = New(lambda: nn.Linear(2, 3, rng=0))


def few(value):
    """A list of nothing: no other value is one of modules or parameters."""
    if not isinstance(value, list | tuple) or value:
        raise Wrong
    return []


def few_named(value):
    if not isinstance(value, list | tuple) or value:
        raise Wrong
    return {}


def tensors(value):
    if not isinstance(value, list | tuple) or not all(isinstance(part, Tensor) for part in value):
        raise Wrong
    return list(value)


CALLS = {
    "Linear": (
        nn.Linear,
        {
            "in_features": (2, width),
            "out_features": (3, width),
            "bias": (True, flag),
            "rng": (0, seed),
            "dtype": (np.float32, dtype_of_floats),
        },
    ),
    "Linear.forward": (nn.Linear.forward, {"self": LINEAR, "x": (np.ones(2), numbers(last=2, real=False))}),
    "ModuleList": (nn.ModuleList, {"modules": (New(lambda: [Layer(2, 3, rng=0)]), few)}),
    "ModuleDict": (nn.ModuleDict, {"items": (New(lambda: {"a": Layer(2, 3, rng=0)}), or_none(few_named))}),
    "ParameterList": (nn.ParameterList, {"parameters": (New(lambda: [Tensor(1.0)]), tensors)}),
    "ParameterDict": (nn.ParameterDict, {"items": (New(lambda: {"a": Tensor(1.0)}), or_none(few_named))}),
}
