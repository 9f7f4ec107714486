"""What the steps of `with_numpy_out.py` are made of: each part holds the arrays that its results go into."""

import numpy as np
from workloads import BETAS, EPS, EPSILON, HEADS

from contenders.pieces import ROOT


class SoftmaxCrossEntropy:
    def __init__(self, labels, logits):
        self.labels, self.rows = labels, np.arange(len(labels))
        self.shifted, self.d = np.empty_like(logits), np.empty_like(logits)
        self.total = np.empty((len(labels), 1), logits.dtype)
        self.chosen, self.log = np.empty_like(self.total[:, 0]), np.empty_like(self.total[:, 0])

    def __call__(self, logits):
        """The mean loss, and its gradient."""
        n, shifted, d, total = len(self.rows), self.shifted, self.d, self.total
        np.max(logits, axis=1, keepdims=True, out=total)
        np.subtract(logits, total, out=shifted)
        np.exp(shifted, out=d)
        np.sum(d, axis=1, keepdims=True, out=total)
        np.log(total[:, 0], out=self.log)
        np.subtract(self.log, shifted[self.rows, self.labels], out=self.chosen)
        np.divide(d, total, out=d)
        d[self.rows, self.labels] -= 1
        np.divide(d, n, out=d)
        return self.chosen.mean(), d


class SigmoidCrossEntropy:
    def __init__(self, labels, logits):
        self.labels = labels
        self.z, self.d, self.terms = (np.empty_like(logits) for _ in range(3))
        self.positive = np.empty(logits.shape, bool)

    def __call__(self, logits):
        """The mean loss, and its gradient, without overflow."""
        z, d, terms = self.z, self.d, self.terms
        np.abs(logits, out=z)
        np.negative(z, out=z)
        np.exp(z, out=z)
        np.maximum(logits, 0, out=terms)
        np.multiply(logits, self.labels, out=d)
        np.subtract(terms, d, out=terms)
        np.log1p(z, out=d)
        np.add(terms, d, out=terms)
        loss = terms.mean()
        np.copyto(d, z)
        np.copyto(d, 1, where=np.greater_equal(logits, 0, out=self.positive))
        np.add(z, 1, out=z)
        np.divide(d, z, out=d)
        np.subtract(d, self.labels, out=d)
        np.divide(d, len(d), out=d)
        return loss, d


class SquaredError:
    def __init__(self, target, y):
        self.target, self.d, self.square = target, np.empty_like(y), np.empty_like(y)

    def __call__(self, y):
        """The mean loss, and its gradient."""
        np.subtract(y, self.target, out=self.d)
        np.multiply(self.d, self.d, out=self.square)
        np.multiply(self.d, 2 / y.size, out=self.d)
        return self.square.mean(), self.d


class Linear:
    """x @ W + b of rows x."""

    def __init__(self, W, b, rows):
        self.W, self.b = W, b
        self.y, self.dx = np.empty((rows, W.shape[1]), W.dtype), np.empty((rows, W.shape[0]), W.dtype)
        self.dW, self.db = np.empty_like(W), np.empty_like(b)

    def forward(self, x):
        self.x = x
        np.dot(x, self.W, out=self.y)
        return np.add(self.y, self.b, out=self.y)

    def of_parameters(self, d):
        np.dot(self.x.T, d, out=self.dW)
        np.sum(d, axis=0, out=self.db)

    def backward(self, d):
        self.of_parameters(d)
        return np.dot(d, self.W.T, out=self.dx)

    def pairs(self):
        return [(self.W, self.dW), (self.b, self.db)]


class Norm:
    """Layer norm of rows."""

    def __init__(self, scale, shift, rows):
        self.scale, self.shift = scale, shift
        self.dscale, self.dshift = np.empty_like(scale), np.empty_like(shift)
        self.away, self.y, self.g, self.dx = (np.empty((rows, len(scale)), scale.dtype) for _ in range(4))
        self.inverse, self.mean = (np.empty((rows, 1), scale.dtype) for _ in range(2))

    def forward(self, x):
        away, inverse = self.away, self.inverse
        np.mean(x, axis=-1, keepdims=True, out=self.mean)
        np.subtract(x, self.mean, out=away)
        np.multiply(away, away, out=self.y)
        np.mean(self.y, axis=-1, keepdims=True, out=inverse)
        np.add(inverse, EPS, out=inverse)
        np.sqrt(inverse, out=inverse)
        np.divide(1, inverse, out=inverse)
        np.multiply(away, inverse, out=away)
        np.multiply(away, self.scale, out=self.y)
        return np.add(self.y, self.shift, out=self.y)

    def backward(self, d):
        g, dx, mean = self.g, self.dx, self.mean
        np.multiply(d, self.away, out=g)
        np.sum(g, axis=0, out=self.dscale)
        np.sum(d, axis=0, out=self.dshift)
        np.multiply(d, self.scale, out=g)
        np.mean(g, axis=-1, keepdims=True, out=mean)
        np.multiply(g, self.away, out=dx)
        np.subtract(g, mean, out=g)
        np.mean(dx, axis=-1, keepdims=True, out=mean)
        np.multiply(self.away, mean, out=dx)
        np.subtract(g, dx, out=dx)
        return np.multiply(dx, self.inverse, out=dx)

    def pairs(self):
        return [(self.scale, self.dscale), (self.shift, self.dshift)]


class Gelu:
    """The approximation with tanh."""

    def __init__(self, x):
        self.y, self.t, self.square, self.d = (np.empty_like(x) for _ in range(4))

    def forward(self, x):
        self.x, t, square = x, self.t, self.square
        np.multiply(x, x, out=square)
        np.multiply(square, x, out=t)
        np.multiply(t, 0.044715, out=t)
        np.add(t, x, out=t)
        np.multiply(t, ROOT, out=t)
        np.tanh(t, out=t)
        np.add(t, 1, out=self.y)
        np.multiply(self.y, x, out=self.y)
        return np.multiply(self.y, 0.5, out=self.y)

    def backward(self, g):
        t, square, d = self.t, self.square, self.d
        np.multiply(square, 3 * 0.044715, out=square)
        np.add(square, 1, out=square)
        np.multiply(square, self.x, out=square)
        np.multiply(square, ROOT, out=square)
        np.multiply(t, t, out=d)
        np.subtract(1, d, out=d)
        np.multiply(d, square, out=d)
        np.add(d, t, out=d)
        np.add(d, 1, out=d)
        np.multiply(d, 0.5, out=d)
        return np.multiply(d, g, out=d)


class Attention:
    """Causal; queries, keys and values are rows of a batch of sequences."""

    def __init__(self, batch, length, width, dtype):
        self.split_shape = (batch, length, HEADS, width // HEADS)
        self.factor, self.hidden = (HEADS / width) ** 0.5, np.triu(np.ones((length, length), bool), 1)
        self.a, self.da, self.product = (np.empty((batch, HEADS, length, length), dtype) for _ in range(3))
        self.most = np.empty((batch, HEADS, length, 1), dtype)
        self.mixed, self.dq, self.dk, self.dv = (np.empty((batch * length, width), dtype) for _ in range(4))

    def split(self, x):
        return x.reshape(self.split_shape).transpose(0, 2, 1, 3)

    def forward(self, q, k, v):
        self.q, self.k, self.v = self.split(q), self.split(k), self.split(v)
        a, most = self.a, self.most
        np.matmul(self.q, self.k.swapaxes(-1, -2), out=a)
        np.multiply(a, self.factor, out=a)
        np.copyto(a, -np.inf, where=self.hidden)
        np.max(a, axis=-1, keepdims=True, out=most)
        np.subtract(a, most, out=a)
        np.exp(a, out=a)
        np.sum(a, axis=-1, keepdims=True, out=most)
        np.divide(a, most, out=a)
        np.matmul(a, self.v, out=self.split(self.mixed))
        return self.mixed

    def backward(self, d):
        d, a, da, most = self.split(d), self.a, self.da, self.most
        np.matmul(d, self.v.swapaxes(-1, -2), out=da)
        np.matmul(a.swapaxes(-1, -2), d, out=self.split(self.dv))
        np.multiply(da, a, out=self.product)
        np.sum(self.product, axis=-1, keepdims=True, out=most)
        np.subtract(da, most, out=da)
        np.multiply(da, a, out=da)
        np.multiply(da, self.factor, out=da)
        np.matmul(da, self.k, out=self.split(self.dq))
        np.matmul(da.swapaxes(-1, -2), self.q, out=self.split(self.dk))
        return self.dq, self.dk, self.dv


class NormalCdf:
    """The approximation with tanh, and its derivative."""

    def __init__(self, x):
        self.y, self.slope, self.square = (np.empty_like(x) for _ in range(3))

    def __call__(self, x):
        t, slope, square = self.y, self.slope, self.square
        np.multiply(x, x, out=square)
        np.multiply(square, 0.044715, out=square)
        np.add(square, 1, out=t)
        np.multiply(t, x, out=t)
        np.multiply(t, ROOT, out=t)
        np.tanh(t, out=t)
        np.multiply(t, t, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(square, 3, out=square)
        np.add(square, 1, out=square)
        np.multiply(slope, square, out=slope)
        np.multiply(slope, 0.5 * ROOT, out=slope)
        np.multiply(t, 0.5, out=t)
        return np.add(t, 0.5, out=t), slope


def adam(pairs, lr):
    state = [(p, g, np.zeros_like(p), np.zeros_like(p), np.empty_like(p)) for p, g in pairs]
    (beta1, beta2), t = BETAS, 0

    def update():
        nonlocal t
        t += 1
        root = (1 - beta2**t) ** 0.5
        rate, eps = lr * root / (1 - beta1**t), EPSILON * root
        for p, g, m, v, change in state:
            np.multiply(m, beta1, out=m)
            np.multiply(g, 1 - beta1, out=change)
            np.add(m, change, out=m)
            np.multiply(v, beta2, out=v)
            np.multiply(g, g, out=change)
            np.multiply(change, 1 - beta2, out=change)
            np.add(v, change, out=v)
            np.sqrt(v, out=change)
            np.add(change, eps, out=change)
            np.divide(m, change, out=change)
            np.multiply(change, rate, out=change)
            np.subtract(p, change, out=p)

    return update


def descend(lr, pairs):
    for param, grad in pairs:
        np.multiply(grad, lr, out=grad)
        np.subtract(param, grad, out=param)
