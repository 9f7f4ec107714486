"""Valid calls of activations, for test_wrong_calls.py."""

import numpy as np
from wrong_values import (
    New,
    Wrong,
    axes,
    dtype_of_floats,
    exactly_whole,
    flag,
    nothing,
    number,
    numbers,
    or_none,
    rate,
    seed,
)

from tensorgrad import Tensor, functions, nn

X = np.array([[0.5, -1.5, 2.5, -0.5], [3.5, 0.25, -1.25, 4.0]])
T = New(lambda: Tensor(X.copy()))
IMAGES = np.arange(24.0).reshape(2, 3, 2, 2)

some, real, complex_too = exactly_whole(1, 10**9), numbers(), numbers(real=False)
finite, positive, negative = number(-1e300, 1e300), number(1e-300, 1e300), number(-1e300, -1e-300)


def but_zero(value):
    try:
        return positive(value)
    except Exception:
        return negative(value)


def halved(value):
    """Numbers of which axis 1 has an even length."""
    array = real(value)
    if array.ndim < 2 or array.shape[1] % 2:
        raise Wrong
    return array


ONLY_X = ("selu", "mish", "relu6", "hardswish", "hardsigmoid", "softsign", "tanhshrink", "logsigmoid")
IN_PLACE = ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")
ALONG = ("Softmax", "LogSoftmax", "Softmin")
BETWEEN = {"min_val": (-1.0, number(-1e300, 1)), "max_val": (1.0, number(-1, 1e300))}
LEAKY = {"negative_slope": (0.1, finite), "inplace": (False, flag)}
OF_ONE = numbers((), (1,), (4,))


def forward(name, *args, x=(T, real), **kwargs):
    """The entry of a layer's forward."""
    cls = getattr(nn, name)
    return f"{name}.forward", (cls.forward, {"self": New(lambda: cls(*args, **kwargs)), "x": x})


CALLS = {
    **{name: (getattr(functions, name), {"x": (T, real)}) for name in ONLY_X},
    **{name: (getattr(nn, name), {"inplace": (False, flag)}) for name in IN_PLACE},
    **{name: (getattr(nn, name), {"axis": (-1, or_none(exactly_whole()))}) for name in ALONG},
    "elu": (functions.elu, {"x": (T, real), "alpha": (0.5, finite)}),
    "celu": (functions.celu, {"x": (T, real), "alpha": (0.5, but_zero)}),
    "hardtanh": (functions.hardtanh, {"x": (T, real), **BETWEEN}),
    "threshold": (functions.threshold, {"x": (T, real), "threshold": (0.5, finite), "value": (2.0, finite)}),
    "softshrink": (functions.softshrink, {"x": (T, real), "lambd": (0.5, rate())}),
    "hardshrink": (functions.hardshrink, {"x": (T, real), "lambd": (0.5, finite)}),
    "softplus": (functions.softplus, {"x": (T, real), "beta": (2.0, but_zero), "threshold": (None, or_none(finite))}),
    "prelu": (functions.prelu, {"x": (T, real), "weight": (0.25, OF_ONE)}),
    "rrelu": (
        functions.rrelu,
        {
            "x": (T, real),
            "lower": (0.25, number(-1e300, 0.5)),
            "upper": (0.5, number(0.25, 1e300)),
            "training": (False, flag),
            "rng": (0, seed),
        },
    ),
    "glu": (functions.glu, {"x": (T, halved), "axis": (1, exactly_whole(-2, 1))}),
    "softmin": (functions.softmin, {"x": (T, complex_too), "axis": (-1, axes(2))}),
    "LeakyReLU": (nn.LeakyReLU, LEAKY),
    "ELU": (nn.ELU, {"alpha": (0.5, finite), "inplace": (False, flag)}),
    "CELU": (nn.CELU, {"alpha": (0.5, but_zero), "inplace": (False, flag)}),
    "GELU": (nn.GELU, {"approximate": ("tanh", nothing)}),
    "Softplus": (nn.Softplus, {"beta": (2.0, but_zero), "threshold": (20.0, or_none(finite))}),
    "Hardtanh": (
        nn.Hardtanh,
        BETWEEN | {"inplace": (False, flag)},
    ),
    "Threshold": (nn.Threshold, {"threshold": (0.5, finite), "value": (2.0, finite), "inplace": (False, flag)}),
    "Softshrink": (nn.Softshrink, {"lambd": (0.5, rate())}),
    "Hardshrink": (nn.Hardshrink, {"lambd": (0.5, finite)}),
    "PReLU": (
        nn.PReLU,
        {"num_parameters": (1, some), "init": (0.25, finite), "dtype": (np.float32, dtype_of_floats)},
    ),
    "RReLU": (
        nn.RReLU,
        {
            "lower": (0.25, number(-1e300, 0.5)),
            "upper": (0.5, number(0.25, 1e300)),
            "inplace": (False, flag),
            "rng": (0, seed),
        },
    ),
    "GLU": (nn.GLU, {"axis": (-1, exactly_whole())}),
    **dict(forward(name) for name in IN_PLACE),
    **dict(forward(name, x=(T, complex_too), axis=-1) for name in ALONG),
    **dict(
        forward(name)
        for name in ("LeakyReLU", "Sigmoid", "ELU", "CELU", "GELU", "Softplus", "Hardtanh", "Softshrink", "Hardshrink")
    ),
    **dict(forward(name) for name in ("Softsign", "Tanhshrink", "LogSigmoid")),
    **dict([forward("Threshold", 0.5, 2.0), forward("Tanh", x=(T, complex_too))]),
    **dict([forward("PReLU"), forward("RReLU", rng=0), forward("GLU", 1, x=(T, halved))]),
    **dict([forward("Softmax2d", x=(IMAGES, numbers(IMAGES.shape)))]),
}  # fmt: skip
