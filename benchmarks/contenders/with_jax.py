"""JAX: the whole step, update included, compiled by jit."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
from workloads import DRAG, DT, SOFTENING

from contenders import functional

VERSION = jax.__version__
MISSING = {
    "record": "compiled code records nothing",
    "chain": "compiled code records nothing",
    "lstm": "64 steps that are written out take minutes to compile",
}

jax.config.update("jax_enable_x64", True)


def softmax_cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


def sigmoid_cross_entropy(logits, labels):
    return (jnp.logaddexp(0, logits) - logits * labels).mean()


def conv2d(x, kernel, stride):
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), [(1, 1), (1, 1)])


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def recurrent_scan(lib, p, X, Y):
    def cell(h, x):
        return jnp.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"]), None

    h, _ = jax.lax.scan(cell, jnp.zeros((X.shape[1], len(p["Wh"])), X.dtype), X)
    return ((h @ p["W0"] + p["b0"] - Y) ** 2).mean()


def gravity(mass, r):
    away = r - r[:, None]
    return ((mass * ((away * away).sum(axis=-1) + SOFTENING) ** -1.5)[:, :, None] * away).sum(axis=1)


def simulation_scan(lib, p, mass, Y):
    def step(state, _):
        r, v = state
        v = v + DT * (gravity(mass, r) - DRAG * jnp.sqrt((v * v).sum(axis=-1, keepdims=True)) * v)
        r = r + DT * v
        return (r, v), r

    _, x = jax.lax.scan(step, (p["position"], p["velocity"]), length=len(Y) - 1)
    return ((jnp.concatenate([p["position"][None], x]) - Y) ** 2).mean()


LIB = SimpleNamespace(
    **{name: getattr(jnp, name) for name in ("tanh", "sqrt", "mean", "transpose", "swapaxes")},
    relu=jax.nn.relu, softmax=jax.nn.softmax, gelu=jax.nn.gelu, conv2d=conv2d, max_pool=max_pool,
    softmax_cross_entropy=softmax_cross_entropy, sigmoid_cross_entropy=sigmoid_cross_entropy,
)  # fmt: skip


def training(model, w):
    @partial(jax.jit, donate_argnums=0)
    def update(params, X, Y):
        loss, grads = jax.value_and_grad(partial(model, LIB))(params, X, Y)
        return loss, {name: params[name] - w.lr * grads[name] for name in params}

    params, X, Y = jax.tree.map(jnp.array, (w.params, w.X, w.Y))

    def step():
        nonlocal params
        loss, params = update(params, X, Y)
        return loss  # not waited for: the next step may be on its way already

    return step


mlp = partial(training, functional.mlp)
convolution = partial(training, functional.convolution)
convnet = partial(training, functional.convnet)
transformer = partial(training, functional.transformer)
recurrent = partial(training, recurrent_scan)
embedding = partial(training, functional.embedding)
simulation = partial(training, simulation_scan)
