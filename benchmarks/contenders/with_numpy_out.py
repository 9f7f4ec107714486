"""The steps of `with_numpy.py` with all memory held: each result goes into an array that is there already."""

import numpy as np

from contenders.pieces_out import (
    Attention,
    Gelu,
    Linear,
    Norm,
    NormalCdf,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    adam,
    descend,
)

VERSION = np.__version__
MISSING = dict.fromkeys(
    ("convolution", "convnet", "lstm", "embedding", "simulation", "record", "chain"), "not written with `out=`"
)


class Perceptron:
    def __init__(self, w):
        n = len(w.params) // 2
        self.X, self.layers = w.X, [Linear(w.params[f"W{i}"], w.params[f"b{i}"], len(w.X)) for i in range(n)]
        self.pairs = [pair for layer in self.layers for pair in layer.pairs()]
        self.masks = [np.empty(layer.y.shape, bool) for layer in self.layers[:-1]]
        self.loss = (SigmoidCrossEntropy if w.Y.ndim == 2 else SoftmaxCrossEntropy)(w.Y, self.layers[-1].y)

    def __call__(self):
        """The loss; the gradients are in the pairs."""
        h, last = self.X, len(self.layers) - 1
        for layer in self.layers[:-1]:
            h = layer.forward(h)
            np.maximum(h, 0, out=h)
        loss, d = self.loss(self.layers[last].forward(h))
        for i in reversed(range(1, last + 1)):
            h, mask = self.layers[i].x, self.masks[i - 1]
            d = self.layers[i].backward(d)
            np.multiply(d, np.greater(h, 0, out=mask), out=d)
        self.layers[0].of_parameters(d)
        return loss


def mlp(w):
    network = Perceptron(w)

    def step():
        loss = network()
        descend(w.lr, network.pairs)
        return loss

    return step


def mlp_adam(w):
    network = Perceptron(w)
    update = adam(network.pairs, w.lr)

    def step():
        loss = network()
        update()
        return loss

    return step


class Block:
    def __init__(self, p, i, batch, length, width):
        rows = batch * length
        self.norm1, self.norm2 = (Norm(p[f"{i}.{n}.scale"], p[f"{i}.{n}.shift"], rows) for n in ("norm1", "norm2"))
        names = ("query", "key", "value", "out", "up", "down")
        self.linear = [Linear(p[f"{i}.{n}.W"], p[f"{i}.{n}.b"], rows) for n in names]
        self.query, self.key, self.value, self.out, self.up, self.down = self.linear
        self.attention, self.gelu = Attention(batch, length, width, self.norm1.y.dtype), Gelu(self.up.y)
        self.middle, self.top = np.empty_like(self.norm1.y), np.empty_like(self.norm1.y)

    def forward(self, x):
        h = self.norm1.forward(x)
        mixed = self.attention.forward(self.query.forward(h), self.key.forward(h), self.value.forward(h))
        np.add(x, self.out.forward(mixed), out=self.middle)
        h = self.up.forward(self.norm2.forward(self.middle))
        return np.add(self.middle, self.down.forward(self.gelu.forward(h)), out=self.top)

    def backward(self, dx):
        """Adds to dx, and gives it back."""
        d = self.up.backward(self.gelu.backward(self.down.backward(dx)))
        np.add(dx, self.norm2.backward(d), out=dx)
        dq, dk, dv = self.attention.backward(self.out.backward(dx))
        d = self.query.backward(dq)
        np.add(d, self.key.backward(dk), out=d)
        np.add(d, self.value.backward(dv), out=d)
        return np.add(dx, self.norm1.backward(d), out=dx)

    def pairs(self):
        return [pair for part in (self.norm1, self.norm2, *self.linear) for pair in part.pairs()]


def transformer(w):
    p, rows = w.params, w.X.shape[0] * w.X.shape[1]
    blocks = [Block(p, i, *w.X.shape) for i in range(2)]
    norm, head = Norm(p["norm.scale"], p["norm.shift"], rows), Linear(p["head.W"], p["head.b"], rows)
    pairs = [pair for part in (*blocks, norm, head) for pair in part.pairs()]
    X, loss_and_gradient = w.X.reshape(rows, -1), SoftmaxCrossEntropy(w.Y.reshape(-1), head.y)

    def step():
        x = X
        for block in blocks:
            x = block.forward(x)
        loss, d = loss_and_gradient(head.forward(norm.forward(x)))
        d = norm.backward(head.backward(d))
        for block in reversed(blocks):
            d = block.backward(d)
        descend(w.lr, pairs)
        return loss

    return step


def recurrent(w):
    Wx, Wh, b = (w.params[name] for name in ("Wx", "Wh", "b"))
    steps, batch, _ = w.X.shape
    top = Linear(w.params["W0"], w.params["b0"], batch)
    states = np.zeros((steps + 1, batch, len(Wh)), w.X.dtype)
    product, d, dh = (np.empty_like(states[0]) for _ in range(3))
    dWx, dWh, db, more_x, more_h, more_b = (np.empty_like(p) for p in (Wx, Wh, b, Wx, Wh, b))
    loss_and_gradient = SquaredError(w.Y, top.y)
    pairs = [(Wx, dWx), (Wh, dWh), (b, db), *top.pairs()]

    def step():
        for t in range(steps):
            h = states[t + 1]
            np.dot(w.X[t], Wx, out=h)
            np.dot(states[t], Wh, out=product)
            np.add(h, product, out=h)
            np.add(h, b, out=h)
            np.tanh(h, out=h)
        loss, g = loss_and_gradient(top.forward(states[steps]))
        np.copyto(dh, top.backward(g))
        for grad in (dWx, dWh, db):
            grad.fill(0)
        for t in reversed(range(steps)):
            h = states[t + 1]
            np.multiply(h, h, out=d)
            np.subtract(1, d, out=d)
            np.multiply(d, dh, out=d)
            np.add(dWx, np.dot(w.X[t].T, d, out=more_x), out=dWx)
            np.add(dWh, np.dot(states[t].T, d, out=more_h), out=dWh)
            np.add(db, np.sum(d, axis=0, out=more_b), out=db)
            np.dot(d, Wh.T, out=dh)
        descend(w.lr, pairs)
        return loss

    return step


def black_scholes(w):
    spot, volatility, rate, time = (w.params[name] for name in ("spot", "volatility", "rate", "time"))
    strike, cdf1, cdf2 = w.X, NormalCdf(spot), NormalCdf(spot)
    root, deviation, drift, d1, d2, discounted, scratch, above = (np.empty_like(spot) for _ in range(8))
    dspot, dvolatility, drate, dtime = (np.empty_like(spot) for _ in range(4))

    def step():
        np.sqrt(time, out=root)
        np.multiply(volatility, root, out=deviation)
        np.multiply(volatility, volatility, out=drift)
        np.multiply(drift, 0.5, out=drift)
        np.add(drift, rate, out=drift)
        np.divide(spot, strike, out=d1)
        np.log(d1, out=d1)
        np.multiply(drift, time, out=scratch)
        np.add(d1, scratch, out=d1)
        np.divide(d1, deviation, out=d1)
        np.subtract(d1, deviation, out=d2)
        np.multiply(rate, time, out=discounted)
        np.negative(discounted, out=discounted)
        np.exp(discounted, out=discounted)
        np.multiply(discounted, strike, out=discounted)
        (n1, g1), (n2, g2) = cdf1(d1), cdf2(d2)
        np.multiply(discounted, g2, out=g2)
        np.multiply(discounted, n2, out=n2)
        np.multiply(spot, n1, out=scratch)
        np.subtract(scratch, n2, out=scratch)
        value = scratch.sum()

        np.multiply(spot, g1, out=above)
        np.subtract(above, g2, out=above)
        np.divide(above, deviation, out=above)
        np.divide(above, spot, out=dspot)
        np.add(dspot, n1, out=dspot)
        np.multiply(above, d1, out=scratch)
        np.subtract(g2, scratch, out=scratch)  # the gradient of the deviation
        np.multiply(above, volatility, out=dvolatility)
        np.multiply(dvolatility, time, out=dvolatility)
        np.multiply(scratch, root, out=dtime)
        np.add(dvolatility, dtime, out=dvolatility)
        np.add(above, n2, out=drate)
        np.multiply(drate, time, out=drate)
        np.multiply(scratch, volatility, out=dtime)
        np.multiply(dtime, 0.5, out=dtime)
        np.divide(dtime, root, out=dtime)
        np.multiply(above, drift, out=scratch)
        np.add(dtime, scratch, out=dtime)
        np.multiply(n2, rate, out=scratch)
        np.add(dtime, scratch, out=dtime)
        return value, (dspot, dvolatility, drate, dtime)

    return step
