"""The workloads of `tuning.py`, as tensorgrad has them written."""

from functools import partial

import numpy as np
from workloads import MOMENTUM

import tensorgrad as tg
from contenders.with_tensorgrad import dense, perceptron, training

VERSION = tg.__version__
MISSING: dict[str, str] = {}


def tanh(w):
    optimizer = partial(tg.SGD, momentum=MOMENTUM)
    return training(w, perceptron(w, activation="tanh"), tg.softmax_cross_entropy, optimizer)


def narrow(w):
    return training(w, perceptron(w), tg.sigmoid_cross_entropy, tg.AdamW)


def autoencoder(w):
    return training(w, perceptron(w), tg.mse_loss)


class Gated(tg.Module):
    def __init__(self, params):
        self.z, self.r, self.n = (dense(params, f"W{gate}", f"b{gate}") for gate in "zrn")
        self.Uz, self.Ur, self.Un = (tg.Tensor(params[f"U{gate}"]) for gate in "zrn")
        self.top = dense(params, "W0", "b0")

    def __call__(self, X):
        h = np.zeros((X.shape[1], len(self.Uz)), X.dtype)
        for x in X:
            z = tg.sigmoid(self.z(x) + h @ self.Uz)
            r = tg.sigmoid(self.r(x) + h @ self.Ur)
            n = np.tanh(self.n(x) + r * (h @ self.Un))
            h = (1 - z) * n + z * h
        return self.top(h)


def gated(w):
    return training(w, Gated(w.params), tg.mse_loss)


def likelihood(means, deviations, points, shares):
    """The mean logarithm of the density at the points, but for a constant."""
    density = 0
    for i in range(len(shares)):
        away = (points - means[i]) / deviations[i]
        density = density + shares[i] / deviations[i] * np.exp(-0.5 * (away * away))
    return np.log(density).mean()


def mixture(w):
    return partial(tg.value_and_grad(likelihood, (0, 1)), w.params["means"], w.params["deviations"], w.X, w.Y)
