"""What passes of the compiler are tuned on: other workloads than those that are measured, or the figures would tell how
well the passes fit the workloads. `python benchmarks/run.py --only tanh,narrow` runs them; no table has them otherwise.
"""

import numpy as np
from workloads import WORKLOADS, Workload, dense, mlp


def narrow(rng, depth=12, batch=50, nin=8, width=16):
    """A deep and narrow multi-layer perceptron, which answers yes or no."""
    return mlp(batch, nin, *[width] * depth, 1)(rng)


def autoencoder(rng, batch=100):
    """64 numbers through 12 and back; the target is the data."""
    arrays = mlp(batch, 64, 32, 12, 32, 64)(rng)
    return arrays | {"Y": arrays["X"]}


def gated(rng, steps=40, batch=24, nin=6, width=20):
    """A recurrent net with two gates (Cho et al., 2014), mean squared error of a linear layer on the last state."""
    params = {}
    for gate in "zrn":
        params[f"W{gate}"] = rng.normal(size=(nin, width)) / np.sqrt(nin)
        params[f"U{gate}"] = rng.normal(size=(width, width)) / np.sqrt(width)
        params[f"b{gate}"] = np.zeros(width)
    params |= dense(rng, 0, width, 1)
    return {"X": rng.normal(size=(steps, batch, nin)), "Y": rng.normal(size=(batch, 1)), "params": params, "lr": 0.01}


def mixture(rng, n=500_000):
    """Points X, and three Gaussians: the logarithm of the likelihood is derived by means and deviations."""
    params = {"means": np.array([-2.0, 0.5, 3.0]), "deviations": np.array([0.5, 1.0, 1.5])}
    return {"X": rng.normal(size=n) * 2, "Y": np.array([0.2, 0.5, 0.3]), "params": params}


TUNING = {
    "tanh": Workload("tanh, 10-32-32-3, batch 64, momentum", "tanh", mlp(64, 10, 32, 32, 3), "tuning"),
    "narrow": Workload("12 layers of 16, batch 50, AdamW", "narrow", narrow, "tuning"),
    "autoencoder": Workload("autoencoder, 64-32-12-32-64, batch 100", "autoencoder", autoencoder, "tuning"),
    "gated": Workload("gated recurrent net, 40 steps, 24 x 20", "gated", gated, "tuning"),
    "mixture": Workload("mixture of 3 Gaussians, 500,000 points", "mixture", mixture, "tuning"),
}

ALL = WORKLOADS | TUNING
