"""MyGrad: NumPy's functions on its tensors, and its own layers and losses."""

from functools import partial
from importlib.metadata import version
from types import SimpleNamespace

import mygrad as mg
from mygrad.nnet.activations import relu, softmax
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy
from workloads import DRAG, DT, SOFTENING

from contenders import functional

VERSION = version("mygrad")
MISSING = {"convolution": "its conv_nd refuses a stride that leaves a remainder", "mlp_adam": "has no optimizers"}


def sigmoid_cross_entropy(logits, labels):
    return mg.mean(mg.logaddexp(0.0, logits) - logits * labels)


def gravity(mass, r):
    away = r - r[:, None]
    return mg.sum((mass * (mg.sum(away * away, axis=-1) + SOFTENING) ** -1.5)[:, :, None] * away, axis=1)


def simulate(lib, p, mass, Y):
    x = mg.zeros(Y.shape, Y.dtype)
    x[0] = p["position"]
    v = +p["velocity"]
    for t in range(len(Y) - 1):
        v += DT * (gravity(mass, x[t]) - DRAG * mg.sqrt(mg.sum(v * v, axis=-1, keepdims=True)) * v)
        x[t + 1] = x[t] + DT * v
    return mg.mean((x - Y) ** 2)


LIB = SimpleNamespace(
    **{name: getattr(mg, name) for name in ("tanh", "sqrt", "mean", "transpose", "swapaxes")},
    relu=relu, softmax=softmax, conv2d=lambda x, kernel, stride: conv_nd(x, kernel, stride=stride, padding=1),
    max_pool=lambda x: max_pool(x, (2, 2), 2),
    softmax_cross_entropy=softmax_crossentropy, sigmoid_cross_entropy=sigmoid_cross_entropy,
)  # fmt: skip
LIB.gelu = partial(functional.gelu, LIB)


def training(model, w):
    params = {name: mg.tensor(array) for name, array in w.params.items()}

    def step():
        loss = model(LIB, params, w.X, w.Y)
        loss.backward()
        for param in params.values():
            param.data -= w.lr * param.grad
        return loss.item()

    return step


mlp = partial(training, functional.mlp)
convnet = partial(training, functional.convnet)
transformer = partial(training, functional.transformer)
recurrent = partial(training, functional.recurrent)
lstm = partial(training, functional.lstm)
embedding = partial(training, functional.embedding)
simulation = partial(training, simulate)


def black_scholes(w):
    by = [mg.tensor(array) for array in w.params.values()]

    def step():
        value = functional.black_scholes(mg, *by, w.X)
        value.backward()
        return value.item(), [p.grad for p in by]

    return step


def record(w):
    a, b = mg.tensor(w.a), mg.tensor(w.b)

    def step():
        for _ in range(w.ops):
            y = a + b
        return y.data.sum()

    return step


def chain(w):
    a, b = mg.tensor(w.a), mg.tensor(w.b)

    def step():
        y = a
        for _ in range(w.ops):
            y = y + b
        y.backward()
        return y.data.sum() + b.grad.sum()

    return step
