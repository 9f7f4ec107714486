"""PyTorch, eager: modules, optim.SGD, and the loop of its tutorials."""

import os
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from workloads import DRAG, DT, EPS, HEADS, LSTM_NAMES, SOFTENING

from contenders import functional

VERSION = torch.__version__
MISSING: dict[str, str] = {}

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))


def training(w, model, loss_of, optimizer=torch.optim.SGD):
    """The step, a function of the data, which `with_torch_compile.py` compiles."""
    optimizer = optimizer(model.parameters(), w.lr)

    def step(X, Y):
        loss = loss_of(model(X), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return partial(step, torch.from_numpy(w.X), torch.from_numpy(w.Y))


def parameter(array):
    return nn.Parameter(torch.from_numpy(array.copy()))


def dense(params, weight, bias):
    layer = nn.Linear(*params[weight].shape)
    layer.weight, layer.bias = parameter(params[weight].T), parameter(params[bias])
    return layer


def perceptron(w):
    layers = [dense(w.params, f"W{i}", f"b{i}") for i in range(len(w.params) // 2)]
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))[:-1]


def mlp(w):
    return training(w, perceptron(w), F.binary_cross_entropy_with_logits if w.Y.ndim == 2 else F.cross_entropy)


def mlp_adam(w):
    return training(w, perceptron(w), F.binary_cross_entropy_with_logits, torch.optim.Adam)


def filters(params, weight, bias, stride=1):
    outside, inside, size, _ = params[weight].shape
    layer = nn.Conv2d(inside, outside, size, stride, padding=1)
    layer.weight, layer.bias = parameter(params[weight]), parameter(params[bias])
    return layer


def convolution(w):
    first, second = filters(w.params, "K0", "c0"), filters(w.params, "K1", "c1", stride=2)
    model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), dense(w.params, "W0", "b0"))
    return training(w, model, F.cross_entropy)


def convnet(w):
    first, second = filters(w.params, "K0", "c0"), filters(w.params, "K1", "c1")
    model = nn.Sequential(
        first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        dense(w.params, "W0", "b0"),
    )  # fmt: skip
    return training(w, model, F.cross_entropy)


def norm(params, name):
    layer = nn.LayerNorm(len(params[f"{name}.scale"]), eps=EPS)
    layer.weight, layer.bias = parameter(params[f"{name}.scale"]), parameter(params[f"{name}.shift"])
    return layer


class Block(nn.Module):
    def __init__(self, params, i):
        super().__init__()
        self.norm1, self.norm2 = norm(params, f"{i}.norm1"), norm(params, f"{i}.norm2")
        for name in ("query", "key", "value", "out", "up", "down"):
            setattr(self, name, dense(params, f"{i}.{name}.W", f"{i}.{name}.b"))

    def attention(self, x):
        batch, length, width = x.shape
        q, k, v = (f(x).view(batch, length, HEADS, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def transformer(w):
    model = nn.Sequential(
        Block(w.params, 0), Block(w.params, 1), norm(w.params, "norm"), dense(w.params, "head.W", "head.b")
    )
    return training(w, model, lambda logits, labels: F.cross_entropy(logits.flatten(0, 1), labels.flatten()))


class Recurrent(nn.Module):
    def __init__(self, params):
        super().__init__()
        self.Wx = parameter(params["Wx"])
        self.hidden, self.top = dense(params, "Wh", "b"), dense(params, "W0", "b0")

    def forward(self, X):
        h = torch.zeros(X.shape[1], len(self.hidden.bias), dtype=X.dtype)
        for x in X:
            h = torch.tanh(x @ self.Wx + self.hidden(h))
        return self.top(h)


def recurrent(w):
    return training(w, Recurrent(w.params), F.mse_loss)


class LSTM(nn.Module):
    def __init__(self, params):
        super().__init__()
        self.lstm, self.top = nn.LSTM(params["Wx"].shape[1], params["Wh"].shape[1]), dense(params, "W0", "b0")
        for name, key in LSTM_NAMES.items():
            setattr(self.lstm, name, parameter(params[key]))

    def forward(self, X):
        output, _ = self.lstm(X)
        return self.top(output[-1])


def lstm(w):
    return training(w, LSTM(w.params), F.mse_loss)


class Words(nn.Module):
    def __init__(self, params):
        super().__init__()
        self.table = nn.Embedding(*params["table"].shape)
        self.table.weight = parameter(params["table"])
        self.top = dense(params, "W0", "b0")

    def forward(self, X):
        return self.top(self.table(X).mean(dim=1))


def embedding(w):
    return training(w, Words(w.params), F.cross_entropy)


def gravity(mass, r):
    away = r - r[:, None]
    return ((mass * ((away * away).sum(dim=-1) + SOFTENING) ** -1.5)[:, :, None] * away).sum(dim=1)


def simulation(w):
    position, velocity = parameter(w.params["position"]), parameter(w.params["velocity"])
    mass, Y = torch.from_numpy(w.X), torch.from_numpy(w.Y)
    optimizer = torch.optim.SGD([position, velocity], w.lr)

    def step():
        x = torch.zeros_like(Y)
        x[0] = position
        v = velocity.clone()
        for t in range(len(Y) - 1):
            old = v.clone()  # without it: "needed for gradient computation has been modified by an inplace operation"
            v += DT * (gravity(mass, x[t]) - DRAG * (old * old).sum(dim=-1, keepdim=True).sqrt() * old)
            x[t + 1] = x[t] + DT * v
        loss = F.mse_loss(x, Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def black_scholes(w):
    by = [parameter(array) for array in w.params.values()]

    def step(strike):
        value = functional.black_scholes(torch, *by, strike)
        return value.detach(), torch.autograd.grad(value, by)

    return partial(step, torch.from_numpy(w.X))


def assigned(a, b, n):
    x = torch.zeros(n, len(a), dtype=a.dtype)
    for t in range(n - 1):
        x[t + 1] = x[t].clone() * a + b
    return x


def stacked(a, b, n):
    rows = [torch.zeros_like(a)]
    for _ in range(n - 1):
        rows.append(rows[-1] * a + b)
    return torch.stack(rows)


def leaf(numbers):
    return torch.from_numpy(numbers).requires_grad_()


def backward(y):
    y.backward(torch.ones_like(y))


def record(w):
    a, b = leaf(w.a), leaf(w.b)

    def step():
        for _ in range(w.ops):
            y = a + b
        return y.detach().sum()

    return step


def chain(w):
    a, b = leaf(w.a), leaf(w.b)

    def step():
        a.grad = b.grad = None
        y = a
        for _ in range(w.ops):
            y = y + b
        backward(y)
        return y.detach().sum() + b.grad.sum()

    return step
