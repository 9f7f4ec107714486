"""tensorgrad, as its README has a training loop written."""

from functools import partial

import numpy as np
from workloads import DRAG, DT, EPS, HEADS, LSTM_NAMES, SOFTENING

import tensorgrad as tg
from contenders import functional

VERSION = tg.__version__
MISSING: dict[str, str] = {}


def training(w, model, loss_of, optimizer=tg.SGD):
    """The step of an ordinary loop, from the weights of the workload. What it does is a function of the data, and
    `with_compiled.py` compiles that."""
    optimizer = optimizer(model.parameters(), w.lr)

    def step(X, Y):
        loss = loss_of(model(X), Y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    return partial(step, w.X, w.Y)


def dense(params, weight, bias):
    nin, nout = params[weight].shape
    layer = tg.Layer(nin, nout, dtype=params[weight].dtype)
    layer.weight.data, layer.bias.data = params[weight], params[bias]
    return layer


def perceptron(w, **options):
    n = len(w.params) // 2
    sizes = [*(w.params[f"W{i}"].shape[0] for i in range(n)), w.params[f"W{n - 1}"].shape[1]]
    model = tg.MLP(sizes[0], sizes[1:], dtype=w.X.dtype, **options)
    for i, layer in enumerate(model.layers):
        layer.weight.data, layer.bias.data = w.params[f"W{i}"], w.params[f"b{i}"]
    return model


def mlp(w):
    return training(w, perceptron(w), tg.sigmoid_cross_entropy if w.Y.ndim == 2 else tg.softmax_cross_entropy)


def mlp_adam(w):
    return training(w, perceptron(w), tg.sigmoid_cross_entropy, tg.Adam)


class Convolutional(tg.Module):
    def __init__(self, params):
        self.kernels = [tg.Tensor(params["K0"]), tg.Tensor(params["K1"])]
        self.biases = [tg.Tensor(params["c0"]), tg.Tensor(params["c1"])]
        self.top = dense(params, "W0", "b0")

    def __call__(self, x):
        x = tg.relu(tg.conv2d(x, self.kernels[0], self.biases[0], padding=1))
        x = tg.relu(tg.conv2d(x, self.kernels[1], self.biases[1], stride=2, padding=1))
        return self.top(x.reshape(len(x), -1))


def convolution(w):
    return training(w, Convolutional(w.params), tg.softmax_cross_entropy)


def filters(params, weight, bias):
    outside, inside, size, _ = params[weight].shape
    layer = tg.nn.Conv2d(inside, outside, size, padding=1, dtype=params[weight].dtype)
    layer.weight.data, layer.bias.data = params[weight], params[bias]
    return layer


def convnet(w):
    model = tg.nn.Sequential(
        filters(w.params, "K0", "c0"), tg.relu, tg.nn.MaxPool2d(2),
        filters(w.params, "K1", "c1"), tg.relu, tg.nn.MaxPool2d(2),
        lambda x: x.reshape(len(x), -1), dense(w.params, "W0", "b0"),
    )  # fmt: skip
    return training(w, model, tg.softmax_cross_entropy)


class Norm(tg.Module):
    """Layer norm."""

    def __init__(self, params, name):
        self.scale, self.shift = tg.Tensor(params[f"{name}.scale"]), tg.Tensor(params[f"{name}.shift"])

    def __call__(self, x):
        away = x - x.mean(axis=-1, keepdims=True)
        return away / np.sqrt((away * away).mean(axis=-1, keepdims=True) + EPS) * self.scale + self.shift


class Block(tg.Module):
    def __init__(self, params, i):
        self.norm1, self.norm2 = Norm(params, f"{i}.norm1"), Norm(params, f"{i}.norm2")
        for name in ("query", "key", "value", "out", "up", "down"):
            setattr(self, name, dense(params, f"{i}.{name}.W", f"{i}.{name}.b"))

    def attention(self, x):
        batch, length, width = x.shape
        q, k, v = (f(x).reshape(batch, length, HEADS, -1).swapaxes(1, 2) for f in (self.query, self.key, self.value))
        future = np.triu(np.full((length, length), -np.inf, x.dtype), 1)
        scores = q @ k.mT * (HEADS / width) ** 0.5 + future
        return self.out((tg.softmax(scores) @ v).swapaxes(1, 2).reshape(batch, length, width))

    def __call__(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(tg.gelu(self.up(self.norm2(x)), approximate="tanh"))


def transformer(w):
    model = tg.Sequential(
        Block(w.params, 0), Block(w.params, 1), Norm(w.params, "norm"), dense(w.params, "head.W", "head.b")
    )
    return training(w, model, tg.softmax_cross_entropy)


class Recurrent(tg.Module):
    def __init__(self, params):
        self.Wx = tg.Tensor(params["Wx"])
        self.hidden, self.top = dense(params, "Wh", "b"), dense(params, "W0", "b0")

    def __call__(self, X):
        h = np.zeros((X.shape[1], len(self.hidden.bias)), X.dtype)
        for x in X:
            h = (x @ self.Wx + self.hidden(h)).tanh()
        return self.top(h)


def recurrent(w):
    return training(w, Recurrent(w.params), tg.mse_loss)


class LSTM(tg.Module):
    def __init__(self, params):
        nin, width = params["Wx"].shape[1], params["Wh"].shape[1]
        self.lstm, self.top = tg.nn.LSTM(nin, width, dtype=params["Wx"].dtype), dense(params, "W0", "b0")
        for name, key in LSTM_NAMES.items():
            getattr(self.lstm, name).data = params[key]

    def forward(self, X):
        output, _ = self.lstm(X)
        return self.top(output[-1])


def lstm(w):
    return training(w, LSTM(w.params), tg.mse_loss)


class Words(tg.Module):
    def __init__(self, params):
        self.table = tg.nn.Embedding(*params["table"].shape, dtype=params["table"].dtype)
        self.table.weight.data = params["table"]
        self.top = dense(params, "W0", "b0")

    def forward(self, X):
        return self.top(self.table(X).mean(axis=1))


def embedding(w):
    return training(w, Words(w.params), tg.softmax_cross_entropy)


def gravity(mass, r):
    away = r - r[:, None]
    return ((mass * ((away * away).sum(axis=-1) + SOFTENING) ** -1.5)[:, :, None] * away).sum(axis=1)


def simulate(mass, position, velocity, steps):
    """The positions in each step, (steps + 1, bodies, 3): ordinary NumPy, which runs on arrays as well."""
    x = np.zeros_like(position, shape=(steps + 1, *position.shape))
    x[0] = position
    v = +velocity
    for t in range(steps):
        v += DT * (gravity(mass, x[t]) - DRAG * np.sqrt((v * v).sum(axis=-1, keepdims=True)) * v)
        x[t + 1] = x[t] + DT * v
    return x


def simulation(w):
    position, velocity = tg.Tensor(w.params["position"]), tg.Tensor(w.params["velocity"])
    optimizer = tg.SGD([position, velocity], w.lr)

    def step(mass, Y):
        loss = tg.mse_loss(simulate(mass, position, velocity, len(Y) - 1), Y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    return partial(step, w.X, w.Y)


def black_scholes(w):
    by = (0, 1, 2, 3)  # spot, volatility, rate and time
    return partial(tg.value_and_grad(partial(functional.black_scholes, np), by), *w.params.values(), w.X)


def record(w):
    a, b = tg.Tensor(w.a), tg.Tensor(w.b)

    def step():
        for _ in range(w.ops):
            y = a + b
        return y.data.sum()

    return step


def chain(w):
    a, b = tg.Tensor(w.a), tg.Tensor(w.b)

    def step():
        a.zero_grad()
        b.zero_grad()
        y = a
        for _ in range(w.ops):
            y = y + b
        y.backward(retain_graph=False)
        return y.data.sum() + b.grad.sum()

    return step


def assigned(a, b, n):
    x = np.zeros_like(a, shape=(n, len(a)))
    for t in range(n - 1):
        x[t + 1] = x[t] * a + b
    return x


def stacked(a, b, n):
    rows = [np.zeros_like(a)]
    for _ in range(n - 1):
        rows.append(rows[-1] * a + b)
    return np.stack(rows)


def leaf(numbers):
    return tg.Tensor(numbers)


def backward(y):
    y.backward(retain_graph=False)
