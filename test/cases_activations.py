"""Cases of activations, each with the formula that it is compared with."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f


def logistic(a):
    return 1 / (1 + np.exp(-a))


def exponential_linear(a, alpha=1.0, scale=1.0, rate=1.0):
    return (scale * np.where(a > 0, a, alpha * (np.exp(rate * np.minimum(a, 0)) - 1))).astype(a.dtype)


def beyond(a, size=0.5):
    return a * (np.abs(a) > size)


def halves_gated(a, axis=-1):
    first, second = np.split(a, 2, axis)
    return first * logistic(second)


for func, formula in {
    f.elu: exponential_linear,
    f.selu: lambda a: exponential_linear(a, 1.6732632423543772, 1.0507009873554805),
    f.celu: exponential_linear,
    f.mish: lambda a: a * np.tanh(np.log(1 + np.exp(a))),
    f.relu6: lambda a: np.minimum(np.maximum(a, 0), 6),
    f.hardtanh: lambda a: np.minimum(np.maximum(a, -1), 1),
    f.hardsigmoid: lambda a: np.minimum(np.maximum(a / 6 + a.dtype.type(0.5), 0), 1),
    f.hardswish: lambda a: a * np.minimum(np.maximum(a / 6 + a.dtype.type(0.5), 0), 1),
    f.softsign: lambda a: a / (1 + np.abs(a)),
    f.softshrink: lambda a: beyond(a) - a.dtype.type(0.5) * np.sign(beyond(a)),
    f.hardshrink: beyond,
    f.tanhshrink: lambda a: a + 1 - 2 * logistic(2 * a),
    f.logsigmoid: lambda a: np.log(logistic(a)),
    f.rrelu: lambda a: np.where(a > 0, a, a * a.dtype.type((1 / 8 + 1 / 3) / 2)),
}.items():
    case(func, x(), like=formula)
    case(func, x(2, 3, layout="F"), like=formula)
    case(func, x(0, 2), like=formula)
    case(func, x(7, low=-9, high=9, layout="strided"), like=formula)
case(f.elu, x(5), alpha=0.5, like=exponential_linear)
case(f.elu, x(5), -2, like=exponential_linear)
case(f.celu, x(5), alpha=0.5, like=lambda a, alpha: exponential_linear(a, alpha, rate=1 / alpha))
case(f.hardtanh, x(5), 0, max_val=0.7, like=lambda a, low, max_val: np.clip(a, low, max_val))
case(f.threshold, x(2, 3), 0.5, -3, like=lambda a, t, value: np.where(a > t, a, a.dtype.type(value)))
case(f.threshold, x(), 0, 2.5, like=lambda a, t, value: np.where(a > t, a, a.dtype.type(value)))
case(f.softshrink, x(5), lambd=1, like=lambda a, lambd: beyond(a, lambd) - np.sign(beyond(a, lambd)))
case(f.hardshrink, x(5), 1.2, like=beyond)
case(f.hardshrink, x(5), lambd=-1, like=lambda a, lambd: a.copy())

case(f.softplus, x(2, 3), 2, like=lambda a, beta: np.log(1 + np.exp(beta * a)) / beta)
case(f.softplus, x(5), beta=-0.5, like=lambda a, beta: np.log(1 + np.exp(a.dtype.type(beta) * a)) / beta)
case(
    f.softplus, x(5), 2.0, threshold=0.5,
    like=lambda a, beta, threshold: np.where(a * 2 > threshold, a, np.log(1 + np.exp(2 * a)) / 2),
)  # fmt: skip

for shape in ((), (1,)):
    case(f.prelu, x(2, 3), x(*shape), like=lambda a, w: np.where(a > 0, a, w * a))
    case(f.prelu, x(), x(*shape), like=lambda a, w: np.where(a > 0, a, w.reshape(()) * a))
case(f.prelu, x(2, 3), x(3), like=lambda a, w: np.where(a > 0, a, w * a))
case(f.prelu, x(2, 3, 2), x(3), like=lambda a, w: np.where(a > 0, a, w[:, None] * a))
case(f.rrelu, x(2, 3), 0.5, 0.5, training=True, rng=0, like=lambda a, *_, **__: np.where(a > 0, a, a / 2))
case(f.rrelu, x(2, 3), 0.2, 0.4, like=lambda a, *_: np.where(a > 0, a, a * a.dtype.type(0.3)))

case(f.glu, x(4), like=halves_gated)
case(f.glu, x(2, 3), 0, like=halves_gated)
case(f.glu, x(2, 4, 3, layout="F"), axis=-2, like=halves_gated)
case(f.glu, x(0, 4), like=halves_gated)


def exponential_part(a, axis=-1):
    return np.exp(-a) / np.sum(np.exp(-a), axis=axis, keepdims=True)


case(f.softmin, x(2, 3), like=exponential_part)
case(f.softmin, x(2, 3), axis=0, like=exponential_part)
case(f.softmax, x(2, 3), dim=0, like=lambda a, dim: exponential_part(-a, dim))
case(f.log_softmax, x(2, 3), dim=0, like=lambda a, dim: np.log(exponential_part(-a, dim)))
case(
    f.logsumexp, x(2, 3), dim=0, keepdim=True,
    like=lambda a, dim, keepdim: np.log(np.sum(np.exp(a), axis=dim, keepdims=keepdim)),
)  # fmt: skip
