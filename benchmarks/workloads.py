"""What is measured: the data, the initial weights and the learning rate of each workload, the same for every contender.

The numbers are random, in the shapes of the real thing: how long a step takes doesn't depend on what they mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

HEADS, EPS = 4, 1e-5  # of the transformer: how many heads, and what layer norm adds to the variance
DT, SOFTENING, DRAG = 2e-3, 0.1, 0.2  # of the simulation: a step in time, what is added to distance^2, drag of the gas

BETAS, EPSILON, MOMENTUM = (0.9, 0.999), 1e-8, 0.9  # of Adam; of SGD with momentum

LSTM_NAMES = {"weight_ih_l0": "Wx", "weight_hh_l0": "Wh", "bias_ih_l0": "bx", "bias_hh_l0": "bh"}  # as PyTorch has them


def dense(rng, i, nin, nout):
    """Weight and bias number i."""
    return {f"W{i}": rng.normal(size=(nin, nout)) * np.sqrt(2 / nin), f"b{i}": np.zeros(nout)}


def mlp(batch, *sizes):
    """A multi-layer perceptron with relu; one output means sigmoid cross-entropy, several softmax."""

    def make(rng):
        params = {}
        for i, (nin, nout) in enumerate(pairwise(sizes)):
            params |= dense(rng, i, nin, nout)
        two = sizes[-1] == 1
        Y = rng.integers(0, 2, (batch, 1)).astype(float) if two else rng.integers(0, sizes[-1], batch)
        return {"X": rng.normal(size=(batch, sizes[0])), "Y": Y, "params": params, "lr": 0.01}

    return make


def convolutional(rng):
    """1x8x8 -> 3x3 convolution, 16 channels -> relu -> 3x3 with stride 2, 32 channels -> relu -> 10 classes."""
    params = {
        "K0": rng.normal(size=(16, 1, 3, 3)) * np.sqrt(2 / 9),
        "c0": np.zeros(16),
        "K1": rng.normal(size=(32, 16, 3, 3)) * np.sqrt(2 / 144),
        "c1": np.zeros(32),
    }
    params |= dense(rng, 0, 32 * 4 * 4, 10)
    return {"X": rng.normal(size=(64, 1, 8, 8)), "Y": rng.integers(0, 10, 64), "params": params, "lr": 0.01}


def convnet(rng):
    """1x28x28 -> 3x3 convolution, 16 channels -> relu -> 2x2 maxima -> 3x3, 32 channels -> relu -> 2x2 maxima -> 10
    classes: what is usually trained on MNIST."""
    params = {
        "K0": rng.normal(size=(16, 1, 3, 3)) * np.sqrt(2 / 9),
        "c0": np.zeros(16),
        "K1": rng.normal(size=(32, 16, 3, 3)) * np.sqrt(2 / 144),
        "c1": np.zeros(32),
    }
    params |= dense(rng, 0, 32 * 7 * 7, 10)
    return {"X": rng.normal(size=(64, 1, 28, 28)), "Y": rng.integers(0, 10, 64), "params": params, "lr": 0.001}


def transformer(rng, layers=2, batch=8, length=64, width=64, classes=32):
    """Blocks x + attention(norm(x)), x + mlp(norm(x)), causal, and a linear layer on top that names a class."""
    params = {}
    for i in range(layers):
        for norm in ("norm1", "norm2"):
            params |= {f"{i}.{norm}.scale": np.ones(width), f"{i}.{norm}.shift": np.zeros(width)}
        shapes = dict.fromkeys(("query", "key", "value", "out"), (width, width))
        shapes |= {"up": (width, 4 * width), "down": (4 * width, width)}
        for name, shape in shapes.items():
            params[f"{i}.{name}.W"] = rng.normal(size=shape) / np.sqrt(shape[0])
            params[f"{i}.{name}.b"] = np.zeros(shape[1])
    params |= {"norm.scale": np.ones(width), "norm.shift": np.zeros(width)}
    params |= {"head.W": rng.normal(size=(width, classes)) / np.sqrt(width), "head.b": np.zeros(classes)}
    X = rng.normal(size=(batch, length, width))
    return {"X": X, "Y": rng.integers(0, classes, (batch, length)), "params": params, "lr": 0.01}


def recurrent(rng, steps=64, batch=16, nin=8, width=32):
    """h = tanh(x Wx + h Wh + b), step after step; mean squared error of a linear layer on the last h."""
    params = {
        "Wx": rng.normal(size=(nin, width)) / np.sqrt(nin),
        "Wh": rng.normal(size=(width, width)) * 0.5 / np.sqrt(width),
        "b": np.zeros(width),
    }
    params |= dense(rng, 0, width, 1)
    return {"X": rng.normal(size=(steps, batch, nin)), "Y": rng.normal(size=(batch, 1)), "params": params, "lr": 0.01}


def lstm(rng, steps=64, batch=32, nin=32, width=128):
    """An LSTM over 64 steps, as PyTorch has its weights; mean squared error of a linear layer on the last h."""
    params = {
        "Wx": rng.normal(size=(4 * width, nin)) / np.sqrt(nin),
        "Wh": rng.normal(size=(4 * width, width)) / np.sqrt(width),
        "bx": np.zeros(4 * width),
        "bh": np.zeros(4 * width),
    }
    params |= dense(rng, 0, width, 1)
    return {"X": rng.normal(size=(steps, batch, nin)), "Y": rng.normal(size=(batch, 1)), "params": params, "lr": 0.01}


def embedding(rng, batch=512, length=8, words=5000, width=64):
    """Which word comes next: the means of 8 rows of a table, and a linear layer with a softmax over all words."""
    params = {"table": rng.normal(size=(words, width))} | dense(rng, 0, width, words)
    often = np.minimum(rng.zipf(1.3, (batch, length + 1)) - 1, words - 1)  # few words make most of a text
    return {"X": often[:, :-1], "Y": often[:, -1], "params": params, "lr": 0.01}


def bodies(rng, steps=1000, n=8):
    """Bodies of mass X attract each other in a gas that slows them; mean squared error of their paths, which begin at
    the parameters."""
    params = {"position": rng.normal(size=(n, 3)), "velocity": rng.normal(size=(n, 3)) * 0.3}
    X = rng.uniform(0.5, 1.5, n) / n
    return {"X": X, "Y": rng.normal(size=(steps + 1, n, 3)), "params": params, "lr": 0.1}


def options(rng, n=1_000_000):
    """European call options: X is the strike; the value is to be derived by all else that it depends on."""
    params = {
        "spot": rng.uniform(50, 150, n),
        "volatility": rng.uniform(0.1, 0.5, n),
        "rate": rng.uniform(0, 0.1, n),
        "time": rng.uniform(0.1, 2, n),
    }
    return {"X": rng.uniform(50, 150, n), "params": params}


def four_numbers(rng):
    """Two arrays of 4 numbers, and how often they are added."""
    return {"a": rng.normal(size=4), "b": rng.normal(size=4), "ops": 1000}


@dataclass(frozen=True)
class Workload:
    title: str
    task: str  # the function of a contender's module that prepares its step
    make: Callable
    modules: str = "with"  # how the names of the contenders' modules that have the task begin

    def arrays(self, dtype="float64"):
        """The workload's arrays, as attributes; a contender may change them."""

        def cast(value):
            if isinstance(value, dict):
                return {name: cast(v) for name, v in value.items()}
            return value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

        return SimpleNamespace(**cast(self.make(np.random.default_rng(0))))


WORKLOADS = {
    "moons": Workload("moons, 2-16-16-1, batch 100", "mlp", mlp(100, 2, 16, 16, 1)),
    "moons_adam": Workload("moons, 2-16-16-1, batch 100, Adam", "mlp_adam", mlp(100, 2, 16, 16, 1)),
    "digits": Workload("digits, 64-128-64-10, batch 128", "mlp", mlp(128, 64, 128, 64, 10)),
    "mnist": Workload("MNIST-sized, 784-512-512-10, batch 128", "mlp", mlp(128, 784, 512, 512, 10)),
    "logistic": Workload("logistic regression, 100,000 x 50", "mlp", mlp(100_000, 50, 1)),
    "convolution": Workload("convolutional net, 8x8 digits, batch 64", "convolution", convolutional),
    "convnet": Workload("convolutional net with max-pooling, 28x28, batch 64", "convnet", convnet),
    "transformer": Workload("transformer, 2 layers, 8 x 64 x 64", "transformer", transformer),
    "recurrent": Workload("recurrent net, 64 steps, 16 x 32", "recurrent", recurrent),
    "lstm": Workload("LSTM, 64 steps, 32 x 128", "lstm", lstm),
    "embedding": Workload("embedding and softmax, 5,000 words", "embedding", embedding),
    "simulation": Workload("simulation of 8 bodies, 1,000 steps, assigned", "simulation", bodies),
    "black_scholes": Workload("Black-Scholes, value and gradient, 1e6 options", "black_scholes", options),
    "record": Workload("`a + b` of 4 numbers, recorded", "record", four_numbers),
    "chain": Workload("1,000 such additions and backward", "chain", four_numbers),
}
