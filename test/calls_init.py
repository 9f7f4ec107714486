"""The initialisers of nn.init, as test_wrong_calls.py calls them."""

import numpy as np
from wrong_values import New, exactly_whole, finite, nothing, or_none, rate, seed, unbounded

from tensorgrad import Tensor
from tensorgrad.nn import init

MATRIX, KERNELS = New(lambda: Tensor(np.zeros((4, 3)))), New(lambda: Tensor(np.zeros((4, 2, 3, 3))))
RNG = {"rng": (0, seed)}


SLOPE, CHOICES = finite(), {"mode": ("fan_out", nothing), "nonlinearity": ("relu", nothing)}
CALLS = {
    "uniform_": (init.uniform_, {"tensor": MATRIX, "a": (0.0, finite(high=1)), "b": (1.0, finite(0)), **RNG}),
    "normal_": (init.normal_, {"tensor": MATRIX, "mean": (0.0, finite()), "std": (1.0, rate()), **RNG}),
    "trunc_normal_": (
        init.trunc_normal_,
        {
            "tensor": MATRIX, "mean": (0.0, finite()), "std": (1.0, finite(1e-300)), "a": (-2.0, unbounded(high=1.9)),
            "b": (2.0, unbounded(-1.9)), **RNG,
        },
    ),
    "constant_": (init.constant_, {"tensor": MATRIX, "val": (0.5, unbounded())}),
    "ones_": (init.ones_, {"tensor": MATRIX}),
    "zeros_": (init.zeros_, {"tensor": MATRIX}),
    "eye_": (init.eye_, {"tensor": MATRIX}),
    "dirac_": (init.dirac_, {"tensor": KERNELS, "groups": (2, exactly_whole(1, 2))}),
    "xavier_uniform_": (init.xavier_uniform_, {"tensor": KERNELS, "gain": (1.0, rate()), **RNG}),
    "xavier_normal_": (init.xavier_normal_, {"tensor": KERNELS, "gain": (1.0, rate()), **RNG}),
    "kaiming_uniform_": (init.kaiming_uniform_, {"tensor": KERNELS, "a": (0.5, SLOPE), **CHOICES, **RNG}),
    "kaiming_normal_": (init.kaiming_normal_, {"tensor": KERNELS, "a": (0.5, SLOPE), **CHOICES, **RNG}),
    "orthogonal_": (init.orthogonal_, {"tensor": KERNELS, "gain": (1.0, finite()), **RNG}),
    "sparse_": (init.sparse_, {"tensor": MATRIX, "sparsity": (0.5, finite(0, 1)), "std": (0.1, rate()), **RNG}),
    "calculate_gain": (
        init.calculate_gain, {"nonlinearity": ("leaky_relu", nothing), "param": (0.2, or_none(SLOPE))}
    ),
}  # fmt: skip
