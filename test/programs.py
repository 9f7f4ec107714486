"""Functions of Tensors that many tests run, and random programs made of them."""

import numpy as np
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad import Tensor, derivative

# A function with two outputs, and functions whose rules return an array that somebody else holds, too
double_and_transpose = derivative(lambda x: (x * 2, x.T), lambda g, y, x: g[0] * 2 + g[1].T)
TWOS = np.full((3, 3), 2.0)
gradient_is_a_constant = derivative(lambda x: x * 2, lambda g, y, x: TWOS)
gradient_is_the_argument = derivative(lambda x: x * x / 2, lambda g, y, x: x)
gradient_is_the_output = derivative(lambda x: np.exp(x), lambda g, y, x: y)
identity = derivative(lambda x: x, lambda g, y, x: g)


# One step of a program on matrices of shape (3, 3)
STEPS = {
    "add": lambda a, b: a + b,
    "twice": lambda a, b: a + a,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "square": lambda a, b: a * a,
    "divide": lambda a, b: a / (b * b + 1),
    "matmul": lambda a, b: a @ b / 3,
    "tanh": lambda a, b: a.tanh(),
    "exp": lambda a, b: np.exp(a * 0.1),
    "maximum": lambda a, b: np.maximum(a, b),
    "where": lambda a, b: np.where(a > 0, a, b),
    "positive": lambda a, b: +a,
    "transpose": lambda a, b: a.T,
    "reshape": lambda a, b: a.reshape(9).reshape(3, 3),
    "flip": lambda a, b: a[::-1],
    "swapaxes": lambda a, b: np.swapaxes(a, 0, 1),
    "real": lambda a, b: np.real(a),
    "copy": lambda a, b: np.copy(a),
    "squeeze": lambda a, b: np.squeeze(np.expand_dims(a, 0)),
    "row": lambda a, b: a[:1] + b,
    "column": lambda a, b: a[:, :1] * b,
    "vector": lambda a, b: a[1] + b,
    "repeated": lambda a, b: a[[0, 0, 2]],
    "broadcast": lambda a, b: np.broadcast_to(a[0], (3, 3)),
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]),
    "stack": lambda a, b: np.stack([a, b]).sum(axis=0),
    "mean": lambda a, b: a.mean() + b,
    "centre": lambda a, b: a - b.mean(axis=0, keepdims=True),
    "einsum": lambda a, b: np.einsum("ij,kj->ik", a, b) / 3,
    "power": lambda a, b: a**2 / 4,
    "softmax": lambda a, b: tg.softmax(a),
    "constant": lambda a, b: a * TWOS + 1.0,
    "outputs": lambda a, b: double_and_transpose(a)[0] + double_and_transpose(b)[1],
    "one of two": lambda a, b: double_and_transpose(a)[1],
    "captured": lambda a, b: gradient_is_a_constant(a),
    "argument": lambda a, b: gradient_is_the_argument(a),
    "output": lambda a, b: gradient_is_the_output(a * 0.1),
    "identity": lambda a, b: identity(a),
}


def programs_of(steps):
    step = st.tuples(st.sampled_from(sorted(steps)), st.integers(0, 40), st.integers(0, 40))
    return st.lists(step, min_size=1, max_size=12)


random_programs = programs_of(STEPS)
# The same without rules that ignore the gradient they are given, which no derivative of higher order can be made of
differentiable_programs = programs_of(STEPS.keys() - {"captured", "argument", "output"})


def run(program):
    """All Tensors of a program: two leaves, then one for each step. The last depends on the last three."""
    tensors = [Tensor(np.random.default_rng(i).uniform(-1, 1, (3, 3)), name=f"leaf {i}") for i in range(2)]
    for name, i, j in program:
        tensors.append(STEPS[name](tensors[i % len(tensors)], tensors[j % len(tensors)]))
    return [*tensors, sum(tensors[-3:]).sum()]


# Functions of one Tensor whose output has its dtype, also float32 beside Python scalars
KEEP_DTYPE = {
    "x + 1.0": lambda x: x + 1.0,
    "1 + x": lambda x: 1 + x,
    "x * 2.5": lambda x: x * 2.5,
    "2.5 - x": lambda x: 2.5 - x,
    "x / 3": lambda x: x / 3,
    "3 / x": lambda x: 3 / x,
    "x ** 2": lambda x: x**2,
    "x ** 0.5": lambda x: x**0.5,
    "2.0 ** x": lambda x: 2.0**x,
    "x % 2": lambda x: x % 2,
    "x + True": lambda x: x + True,
    "x @ x": lambda x: x @ x,
    "maximum": lambda x: np.maximum(x, 0.5),
    "exp2": np.exp2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "arctan2": lambda x: np.arctan2(x, 2.0),
    "logaddexp": lambda x: np.logaddexp(x, 1.0),
    "degrees": np.degrees,
    "sinc": np.sinc,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=0),
    "std": lambda x: x.std(),
    "var": lambda x: x.var(axis=1, keepdims=True),
    "max": lambda x: x.max(axis=1),
    "prod": lambda x: x.prod(),
    "cumsum": lambda x: x.cumsum(axis=0),
    "cumprod": lambda x: x.cumprod(axis=0),
    "where": lambda x: np.where(x > 1, x, 0.0),
    "clip": lambda x: x.clip(0.5, 1.5),
    "take": lambda x: x[[0, 0]],
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "concatenate": lambda x: np.concatenate([x, x]),
    "relu": lambda x: x.relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "softplus": tg.softplus,
    "gelu": tg.gelu,
    "silu": tg.silu,
    "softmax": tg.softmax,
    "log_softmax": tg.log_softmax,
    "logsumexp": tg.logsumexp,
    "mse_loss": lambda x: tg.mse_loss(x, np.zeros(x.shape, np.float32)),
    "sigmoid_cross_entropy": lambda x: tg.sigmoid_cross_entropy(x, np.ones(x.shape, np.float32)),
    "softmax_cross_entropy": lambda x: tg.softmax_cross_entropy(x, [0, 1]),
}
