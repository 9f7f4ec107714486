"""The workloads of `tuning.py`, with their derivatives worked out on paper, in ordinary NumPy."""

import numpy as np
from workloads import MOMENTUM

from contenders.pieces import adam, logistic, perceptron, sigmoid_cross_entropy, softmax_cross_entropy
from contenders.with_numpy import weights

VERSION = np.__version__
MISSING: dict[str, str] = {}


def tanh_slope(y):
    return 1 - y * y


def tanh(w):
    W, b = weights(w)
    params = [*W, *b]
    speeds = [np.zeros_like(p) for p in params]

    def step():
        loss, dW, db = perceptron(W, b, w.X, w.Y, softmax_cross_entropy, np.tanh, tanh_slope)
        for param, speed, grad in zip(params, speeds, [*dW, *db], strict=True):
            speed *= MOMENTUM
            speed += grad
            param -= w.lr * speed
        return loss

    return step


def narrow(w):
    W, b = weights(w)
    update = adam([*W, *b], w.lr, decay=0.01)

    def step():
        loss, dW, db = perceptron(W, b, w.X, w.Y, sigmoid_cross_entropy)
        update([*dW, *db])
        return loss

    return step


def squared_error(y, target):
    away = y - target
    return (away * away).mean(), away * (2 / away.size)


def autoencoder(w):
    W, b = weights(w)

    def step():
        loss, dW, db = perceptron(W, b, w.X, w.Y, squared_error)
        for param, grad in zip([*W, *b], [*dW, *db], strict=True):
            param -= w.lr * grad
        return loss

    return step


def gated(w):
    p = w.params
    (Wz, Uz, bz), (Wr, Ur, br), (Wn, Un, bn) = ([p[f"{part}{gate}"] for part in ("W", "U", "b")] for gate in "zrn")

    def step():
        h, saved = np.zeros((w.X.shape[1], len(Uz)), w.X.dtype), []
        for x in w.X:
            z = logistic(x @ Wz + h @ Uz + bz)
            r = logistic(x @ Wr + h @ Ur + br)
            inner = h @ Un
            n = np.tanh(x @ Wn + r * inner + bn)
            saved.append((x, h, z, r, inner, n))
            h = n + z * (h - n)
        loss, d = squared_error(h @ p["W0"] + p["b0"], w.Y)

        grads = {name: np.zeros_like(param) for name, param in p.items()}
        grads["W0"], grads["b0"] = h.T @ d, d.sum(axis=0)
        dh = d @ p["W0"].T
        for x, h, z, r, inner, n in reversed(saved):
            dn = dh * (1 - z) * (1 - n * n)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * inner * r * (1 - r)
            dinner = dn * r
            for gate, d, through in (("z", dz, dz), ("r", dr, dr), ("n", dn, dinner)):
                grads[f"W{gate}"] += x.T @ d
                grads[f"U{gate}"] += h.T @ through
                grads[f"b{gate}"] += d.sum(axis=0)
            dh = dh * z + dz @ Uz.T + dr @ Ur.T + dinner @ Un.T
        for name, param in p.items():
            param -= w.lr * grads[name]
        return loss

    return step


def mixture(w):
    means, deviations, points, shares = w.params["means"], w.params["deviations"], w.X, w.Y

    def step():
        away = [(points - mean) / deviation for mean, deviation in zip(means, deviations, strict=True)]
        parts = [s / d * np.exp(-0.5 * (z * z)) for s, d, z in zip(shares, deviations, away, strict=True)]
        density = parts[0] + parts[1] + parts[2]
        value = np.log(density).mean()
        dmeans, ddeviations = np.empty_like(means), np.empty_like(deviations)
        for i, (z, part) in enumerate(zip(away, parts, strict=True)):
            whose = part / density
            along = whose * z
            dmeans[i] = along.mean() / deviations[i]
            ddeviations[i] = ((along * z).mean() - whose.mean()) / deviations[i]
        return value, (dmeans, ddeviations)

    return step
