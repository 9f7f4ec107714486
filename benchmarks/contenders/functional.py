"""The models as functions of a dictionary of parameters, for libraries that look like NumPy.

`lib` is a namespace: NumPy's functions under their names, and the library's own relu, softmax, gelu, losses, conv2d and
max_pool.
"""

import math

import numpy
from workloads import EPS, HEADS


def mlp(lib, p, X, Y):
    h, last = X, len(p) // 2 - 1
    for i in range(last):
        h = lib.relu(h @ p[f"W{i}"] + p[f"b{i}"])
    logits = h @ p[f"W{last}"] + p[f"b{last}"]
    return lib.sigmoid_cross_entropy(logits, Y) if Y.ndim == 2 else lib.softmax_cross_entropy(logits, Y)


def convolution(lib, p, X, Y):
    h = lib.relu(lib.conv2d(X, p["K0"], 1) + p["c0"].reshape(16, 1, 1))
    h = lib.relu(lib.conv2d(h, p["K1"], 2) + p["c1"].reshape(32, 1, 1))
    return lib.softmax_cross_entropy(h.reshape(len(X), -1) @ p["W0"] + p["b0"], Y)


def convnet(lib, p, X, Y):
    h = lib.max_pool(lib.relu(lib.conv2d(X, p["K0"], 1) + p["c0"].reshape(16, 1, 1)))
    h = lib.max_pool(lib.relu(lib.conv2d(h, p["K1"], 1) + p["c1"].reshape(32, 1, 1)))
    return lib.softmax_cross_entropy(h.reshape(len(X), -1) @ p["W0"] + p["b0"], Y)


def erf_of_scaled(lib, x):
    """erf(x / sqrt(2)), by the approximation with tanh."""
    return lib.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x)))


def gelu(lib, x):
    return 0.5 * x * (1 + erf_of_scaled(lib, x))


def transformer(lib, p, X, Y):
    batch, length, width = X.shape
    future = numpy.triu(numpy.full((length, length), -1e9, X.dtype), 1)

    def linear(name, x):
        return x @ p[f"{name}.W"] + p[f"{name}.b"]

    def norm(name, x):
        away = x - lib.mean(x, axis=-1, keepdims=True)
        deviation = lib.sqrt(lib.mean(away * away, axis=-1, keepdims=True) + EPS)
        return away / deviation * p[f"{name}.scale"] + p[f"{name}.shift"]

    def heads(x):
        return lib.transpose(x.reshape(batch, length, HEADS, width // HEADS), (0, 2, 1, 3))

    x = X
    for i in range(2):
        h = norm(f"{i}.norm1", x)
        q, k, v = (heads(linear(f"{i}.{name}", h)) for name in ("query", "key", "value"))
        scores = q @ lib.swapaxes(k, -1, -2) * (HEADS / width) ** 0.5 + future
        mixed = lib.transpose(lib.softmax(scores) @ v, (0, 2, 1, 3)).reshape(batch, length, width)
        x = x + linear(f"{i}.out", mixed)
        x = x + linear(f"{i}.down", lib.gelu(linear(f"{i}.up", norm(f"{i}.norm2", x))))
    logits = linear("head", norm("norm", x))
    return lib.softmax_cross_entropy(logits.reshape(batch * length, -1), Y.reshape(-1))


def recurrent(lib, p, X, Y):
    h = numpy.zeros((X.shape[1], p["Wh"].shape[0]), X.dtype)
    for x in X:
        h = lib.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"])
    away = h @ p["W0"] + p["b0"] - Y
    return lib.mean(away * away)


def lstm(lib, p, X, Y):
    width = p["Wh"].shape[1]
    h = c = numpy.zeros((X.shape[1], width), X.dtype)
    for x in X:
        a = x @ p["Wx"].T + h @ p["Wh"].T + (p["bx"] + p["bh"])
        i, f, g, o = (a[:, k * width : (k + 1) * width] for k in range(4))
        i, f, o = (0.5 * lib.tanh(0.5 * gate) + 0.5 for gate in (i, f, o))
        c = f * c + i * lib.tanh(g)
        h = o * lib.tanh(c)
    away = h @ p["W0"] + p["b0"] - Y
    return lib.mean(away * away)


def normal_cdf(lib, x):
    return 0.5 + 0.5 * erf_of_scaled(lib, x)


def black_scholes(lib, spot, volatility, rate, time, strike):
    """The value of all call options together; the normal distribution by the approximation that gelu has."""
    deviation = volatility * lib.sqrt(time)
    d1 = (lib.log(spot / strike) + (rate + 0.5 * (volatility * volatility)) * time) / deviation
    discounted = strike * lib.exp(-rate * time)
    return (spot * normal_cdf(lib, d1) - discounted * normal_cdf(lib, d1 - deviation)).sum()


def embedding(lib, p, X, Y):
    return lib.softmax_cross_entropy(lib.mean(p["table"][X], axis=1) @ p["W0"] + p["b0"], Y)
