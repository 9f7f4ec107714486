"""The straight-through estimator: train weights that may only be -1, 0 or 1, though rounding has no slope.

Forward the weights are rounded, backward they pass as if they weren't (Bengio, Leonard and Courville, 2013,
arXiv:1308.3432), so the real numbers behind them learn what their rounding does. Once with stop_gradient, once with a
rule of its own, which is the same. Prints the errors, and draws the weights in straight_through.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import derivative, grad, mse_loss, stop_gradient


def ternary(w):
    """-1, 0 or 1, an array: the rounding of a Tensor is a constant."""
    return np.clip(np.round(w), -1, 1)


def by_stop_gradient(w):
    return w + stop_gradient(ternary(stop_gradient(w)) - w)


by_rule = derivative(ternary, lambda g, y, w: g)

w = np.array([-1.7, -0.2, 0.4, 0.9])
for f in (by_stop_gradient, by_rule):
    print(f"{f(w)}, slope {grad(lambda w, f=f: f(w).sum())(w)}")

# Forty inputs that resemble each other: rounding one weight can be made good by another, if one knows of it
rng = np.random.default_rng(0)
inputs = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 40)) + 0.3 * rng.normal(size=(400, 40))
wanted = inputs @ rng.uniform(-1.5, 1.5, 40)


def train(quantize, steps=600, lr=0.002):
    """The real weights; the best seen, by the error of the rounded ones."""
    loss = grad(lambda w: mse_loss(inputs @ quantize(w), wanted))
    w = best = np.zeros(40)
    for _ in range(steps):
        w = w - lr * loss(w)
        best = min(best, w, key=error)
    return best


def error(w):
    """The root mean square error of the rounded weights."""
    return np.sqrt(np.mean((inputs @ ternary(w) - wanted) ** 2))


straight, by_own_rule, ordinary = train(by_stop_gradient), train(by_rule), np.linalg.lstsq(inputs, wanted)[0]
print(f"trained through the rounding: error {error(straight):.2f}; with a rule {error(by_own_rule):.2f}")
print(f"the best real weights, rounded: error {error(ordinary):.2f}")

figure = Figure(figsize=(7, 3), layout="constrained")
axes = figure.subplots()
axes.bar(np.arange(40), ternary(straight), color="#cccccc", width=0.9, label="rounded")
axes.plot(straight, "o", color="#0b4f8a", markersize=4, label="behind the rounding")
axes.plot(ordinary, "x", color="#b34700", markersize=5, label="best real weights")
axes.set(xlabel="weight")
axes.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.2))
figure.savefig("straight_through.png", dpi=120)
