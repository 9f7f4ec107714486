"""JAX: the whole step, update included, compiled by jit."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
from workloads import BETAS, DRAG, DT, EPSILON, SOFTENING

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


def sgd(lr, params, grads, state):
    return jax.tree.map(lambda p, g: p - lr * g, params, grads), state


def adam(lr, params, grads, state):
    (beta1, beta2), (t, means, squares) = BETAS, state
    t = t + 1
    means = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, means, grads)
    squares = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, squares, grads)

    def update(p, m, v):
        return p - (lr * (m / (1 - beta1**t)) / (jnp.sqrt(v / (1 - beta2**t)) + EPSILON)).astype(p.dtype)

    return jax.tree.map(update, params, means, squares), (t, means, squares)


def training(model, w, optimizer=sgd):
    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state, X, Y):
        loss, grads = jax.value_and_grad(partial(model, LIB))(params, X, Y)
        return loss, *optimizer(w.lr, params, grads, state)

    params, X, Y = jax.tree.map(jnp.array, (w.params, w.X, w.Y))
    state = () if optimizer is sgd else (jnp.array(0), *(jax.tree.map(jnp.zeros_like, params) for _ in range(2)))

    def step():
        nonlocal params, state
        loss, params, state = update(params, state, X, Y)
        return loss  # not waited for: the next step may be on its way already

    return step


def black_scholes(w):
    arrays = [jnp.array(array) for array in (*w.params.values(), w.X)]
    both = jax.jit(jax.value_and_grad(partial(functional.black_scholes, jnp), argnums=(0, 1, 2, 3)))
    return lambda: jax.block_until_ready(both(*arrays))  # waited for: the results of many would fill the memory


mlp = partial(training, functional.mlp)
mlp_adam = partial(training, functional.mlp, optimizer=adam)
convolution = partial(training, functional.convolution)
convnet = partial(training, functional.convnet)
transformer = partial(training, functional.transformer)
recurrent = partial(training, recurrent_scan)
embedding = partial(training, functional.embedding)
simulation = partial(training, simulation_scan)
