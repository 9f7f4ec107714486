"""A training step, recorded once and replayed: `tensorgrad.compile`.

It prints the gradient of a function as the NumPy program that computes it, trains the same network with and without
compile, to the same last bit, prints what became of the calls, and draws how long a step takes (compiled_step.png):
as it is, compiled, written by hand in NumPy, and in JAX, if that is installed.
"""

import importlib.util
from timeit import repeat

import matplotlib.pyplot as plt
import numpy as np

import tensorgrad as tg

# The gradient of a function, written out ------------------------------------------------------------------------------


def f(x):
    y = np.tanh(x)
    return np.sum(x * y)


gradient = tg.compile(tg.grad(f), passes=())
for _ in range(3):  # the first call is watched, the next two are recorded
    gradient(np.array([0.5, 1.0, 2.0]))
print(gradient.source)

# A training step ------------------------------------------------------------------------------------------------------

rng = np.random.default_rng(0)
angle = rng.uniform(0, np.pi, 100)
label = (np.arange(100) % 2)[:, None].astype(float)
X = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 - 2 * label) + label * [1, 0.5] + rng.normal(0, 0.1, (100, 2))


def make():
    model = tg.MLP(2, [16, 16, 1], rng=0)
    optimizer = tg.SGD(model.parameters(), lr=0.5)

    def step(X, label):
        loss = tg.sigmoid_cross_entropy(model(X), label)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    return model, step


model, step = make()
_, eager = make()
compiled = tg.compile(step)
for _ in range(500):
    loss = compiled(X, label)
    assert loss.item() == eager(X, label).item()
print(f"loss after 500 steps, the same with and without compile: {loss.item():.6f}")
print(f"points on the right side: {np.mean((model(X).data > 0) == label):.0%}\n")
print(compiled.explain())


# The same by hand -----------------------------------------------------------------------------------------------------


def by_hand(X, label, parameters, lr=0.5):
    W1, b1, W2, b2, W3, b3 = parameters
    h1 = np.maximum(X @ W1 + b1, 0)
    h2 = np.maximum(h1 @ W2 + b2, 0)
    z = h2 @ W3 + b3
    e = np.exp(-np.abs(z))
    loss = np.mean(np.maximum(z, 0) - z * label + np.log1p(e))
    dz = (np.where(z >= 0, 1, e) / (1 + e) - label) / len(X)
    d2 = (dz @ W3.T) * (h2 > 0)
    d1 = (d2 @ W2.T) * (h1 > 0)
    gradients = X.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0), h2.T @ dz, dz.sum(axis=0)
    for p, g in zip(parameters, gradients, strict=True):
        p -= lr * g
    return loss


def with_jax(parameters):
    """The same step, compiled by JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(parameters, X, label):
        W1, b1, W2, b2, W3, b3 = parameters
        z = jnp.maximum(jnp.maximum(X @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3
        return jnp.mean(jnp.maximum(z, 0) - z * label + jnp.log1p(jnp.exp(-jnp.abs(z))))

    @jax.jit
    def step(parameters, X, label):
        value, gradients = jax.value_and_grad(loss)(parameters, X, label)
        return value, [p - 0.5 * g for p, g in zip(parameters, gradients, strict=True)]

    state, data = [jnp.asarray(p) for p in parameters], (jnp.asarray(X), jnp.asarray(label))

    def run():
        nonlocal state
        value, state = step(state, *data)
        return value.block_until_ready()

    return run


parameters = [p.data.copy() for p in model.parameters()]
steps = {"as it is": lambda: eager(X, label), "by hand in NumPy": lambda: by_hand(X, label, parameters)}
if importlib.util.find_spec("jax"):
    steps["JAX, jax.jit"] = with_jax(parameters)
steps["compiled"] = lambda: compiled(X, label)
assert np.isclose(by_hand(X, label, [p.copy() for p in parameters]), compiled(X, label).item())

times = {name: 1e6 * min(repeat(run, number=50, repeat=9)) / 50 for name, run in steps.items()}
print()
for name, time in times.items():
    print(f"{name:18} {time:6.0f} microseconds a step")

figure, axes = plt.subplots(figsize=(6.4, 0.6 + 0.5 * len(times)), layout="constrained")
colors = ["#d1495b" if name == "compiled" else "#c9c9c9" for name in times]
bars = axes.barh([*times], [*times.values()], color=colors)
axes.bar_label(bars, [f" {time:.0f} µs" for time in times.values()])
axes.invert_yaxis()
axes.spines[["top", "right", "bottom"]].set_visible(False)
axes.tick_params(length=0, labelbottom=False)
axes.margins(x=0.12)
axes.set_title("a step of training, two hidden layers of 16, 100 points", loc="left", fontsize=10)
figure.savefig("compiled_step.png", dpi=150)
