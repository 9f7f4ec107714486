"""HIPS autograd: the gradient of the loss as a function."""

from functools import partial
from importlib.metadata import version
from types import SimpleNamespace

import autograd.numpy as np
from autograd import value_and_grad
from autograd.core import make_vjp
from numpy import ndarray

from contenders import functional

VERSION = version("autograd")
MISSING = {"convolution": "has no conv2d", "convnet": "has no conv2d", "simulation": "has no assignment"}
MISSING["mlp_adam"] = "its adam is a whole loop, not a step"


def log_softmax(x):
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def softmax(x):
    z = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return z / np.sum(z, axis=-1, keepdims=True)


def softmax_cross_entropy(logits, labels):
    return -np.mean(log_softmax(logits)[np.arange(len(labels)), labels])


def sigmoid_cross_entropy(logits, labels):
    return np.mean(np.logaddexp(0, logits) - logits * labels)


LIB = SimpleNamespace(
    **{name: getattr(np, name) for name in ("tanh", "sqrt", "mean", "transpose", "swapaxes")},
    relu=lambda x: np.maximum(x, 0), softmax=softmax,
    softmax_cross_entropy=softmax_cross_entropy, sigmoid_cross_entropy=sigmoid_cross_entropy,
)  # fmt: skip
LIB.gelu = partial(functional.gelu, LIB)


def training(model, w):
    both = value_and_grad(lambda p: model(LIB, p, w.X, w.Y))

    def step():
        loss, grads = both(w.params)
        for name, param in w.params.items():
            param -= w.lr * grads[name]
        return loss

    return step


mlp = partial(training, functional.mlp)
transformer = partial(training, functional.transformer)
recurrent = partial(training, functional.recurrent)
lstm = partial(training, functional.lstm)
embedding = partial(training, functional.embedding)


def black_scholes(w):
    both = value_and_grad(partial(functional.black_scholes, np), argnum=(0, 1, 2, 3))
    return partial(both, *w.params.values(), w.X)


def record(w):
    def additions(a):
        for _ in range(w.ops):
            y = a + w.b
        return y

    return lambda: make_vjp(additions, w.a)[1].sum()


def chain(w):
    def additions(ab):
        y, b = ab
        for _ in range(w.ops):
            y = y + b
        return y

    def step():
        vjp, y = make_vjp(additions, (w.a, w.b))
        g: ndarray = vjp(np.ones(4, w.a.dtype))[1]
        return y.sum() + g.sum()

    return step
