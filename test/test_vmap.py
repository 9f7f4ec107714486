"""vmap: a call for a batch gives what the calls for each example give, stacked; and its derivatives are theirs."""

import threading
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from helpers import close
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad import MLP, Tensor, grad, hessian, hvp, jacobian, jvp, laplacian, no_grad, value_and_grad, vjp, vmap

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch.func uses it itself

RNG = np.random.default_rng(0)
W, X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(7, 5)), RNG.normal(size=(7, 3))
LABELS = RNG.integers(0, 3, 7)


def loss(w, x, y):
    return ((np.tanh(x @ w) - y) ** 2).sum()


def loop(f, *arrays):
    return np.stack([np.asarray(getattr(y := f(*rows), "data", y)) for rows in zip(*arrays, strict=True)])


# Axes and structures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("out_axis", [0, 1, -1])
def test_the_axes_of_examples(in_axis, out_axis):
    x = RNG.normal(size=(2, 3, 4))
    rows = np.moveaxis(x, in_axis, 0)
    want = np.moveaxis(np.stack([np.cumsum(row, 0).sum(1) for row in rows]), 0, out_axis)
    got = vmap(lambda row: np.cumsum(row, 0).sum(axis=1), in_axis, out_axis)(x)
    assert type(got) is np.ndarray
    close(got, want)


def test_arguments_that_are_the_same_for_all():
    close(vmap(lambda a, b: a @ b, (None, 0))(W.T, X), X @ W)
    close(vmap(lambda a, b: a @ b, (None, 1))(X, W), (X @ W).T)
    close(vmap(lambda a, b: a + b, (0, None), axis_size=7)(X, 1.0), X + 1)
    close(vmap(lambda: np.ones(2), (), axis_size=3)(), np.ones((3, 2)))


def test_structures_in_arguments_axes_and_results():
    Pair = namedtuple("Pair", "a b")

    @dataclass
    class Point:
        x: Any
        y: Any

    def f(tree, pair, point):
        return {
            "sum": tree["u"][0] + tree["v"],
            "pair": Pair(pair.a * 2, pair.b),
            "point": [point.x * point.y, None, 3.0],
        }

    tree = {"u": [X, Y], "v": X[0]}
    axes = ({"u": 0, "v": None}, (0, None), 0)
    got = vmap(f, axes, {"sum": 1, "pair": Pair(0, None), "point": 0})(tree, Pair(X, 5.0), Point(X, X[:, 0]))
    close(got["sum"], (X + X[0]).T)
    assert type(got["pair"]) is Pair and got["pair"].b == 5.0
    close(got["pair"].a, X * 2)
    close(got["point"][0], X * X[:, :1])
    assert got["point"][1] is None
    close(got["point"][2], np.full(7, 3.0))


def test_keyword_arguments_are_mapped_along_their_first_axis():
    close(vmap(lambda x, y: x.sum() + y, 1)(X.T, y=X[:, 0]), X.sum(1) + X[:, 0])


def test_a_module_is_a_structure():
    model = MLP(5, [4, 3], rng=0)
    close(vmap(lambda m, x: m(x), (None, 0))(model, X).data, model(X).data)
    several = [MLP(5, [4, 3], rng=i) for i in range(3)]
    stacked = {name: np.stack([dict(m.named_parameters())[name].data for m in several]) for name in model.state_dict()}
    got = vmap(lambda p, x: model.with_parameters(p)(x), (0, None))(stacked, X)
    close(got, np.stack([m(X).data for m in several]))


def test_what_is_the_same_for_all_is_repeated_in_the_output():
    close(vmap(lambda x: W)(X), np.broadcast_to(W, (7, 5, 3)))
    close(vmap(lambda x: 2.0)(X), np.full(7, 2.0))
    got = vmap(lambda x: (x, W), out_axes=(0, None))(X)
    close(got[1], W)


def test_no_examples():
    none = np.zeros((0, 5))
    assert vmap(lambda x: x @ W)(none).shape == (0, 3)
    assert vmap(grad(loss), (None, 0, 0))(W, none, np.zeros((0, 3))).shape == (0, 5, 3)
    assert vmap(lambda x: np.roots(x[:3]))(none).shape == (0, 2)  # which has no batching rule
    close(grad(lambda w: vmap(loss, (None, 0, 0))(w, none, np.zeros((0, 3))).sum())(W), np.zeros_like(W))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64, np.complex128, np.int32, np.uint8, bool])
def test_dtypes_stay(dtype):
    x = np.ones((3, 2), dtype)
    assert vmap(lambda x: x)(x).dtype == dtype
    assert vmap(lambda x: x[0] * x[1])(x).dtype == dtype


# Derivatives inside and outside --------------------------------------------------------------------------------------


def test_the_gradient_of_each_example():
    want = loop(lambda x, y: grad(loss)(W, x, y), X, Y)
    got = vmap(grad(loss), (None, 0, 0))(W, X, Y)
    assert type(got) is np.ndarray
    close(got, want)
    values, grads = vmap(value_and_grad(loss, (0, 1)), (None, 0, 0))(W, X, Y)
    close(values, loop(lambda x, y: loss(W, x, y), X, Y))
    close(grads[0], want)
    close(grads[1], loop(lambda x, y: grad(loss, 1)(W, x, y), X, Y))


TRANSFORMS = {
    "hessian": lambda x, y: hessian(loss)(W, x, y),
    "hessian of x": lambda x, y: hessian(loss, 1)(W, x, y),
    "jacobian of a gradient": lambda x, y: jacobian(grad(loss), (0, 1))(W, x, y)[1],
    "jacobian by columns": lambda x, y: jacobian(lambda s: np.tanh(x * s) @ W)(2.0),
    "jacobian by rows": lambda x, y: jacobian(lambda x: np.tanh(x @ W)[:2])(x),
    "laplacian": lambda x, y: laplacian(lambda p: np.sin(p @ W).sum(axis=-1))(x),
    "hvp": lambda x, y: hvp(loss, 1)(W, x, y, x),
    "jvp": lambda x, y: jvp(lambda x: np.tanh(x @ W), (x,), (x,))[1],
    "vjp": lambda x, y: vjp(lambda x: np.tanh(x @ W), x)[1](y)[0],
    "vjp of a constant": lambda x, y: vjp(lambda x: np.tanh(x @ W), x)[1](np.ones(3))[0],
    "third order": lambda x, y: grad(grad(grad(lambda s: np.sin(s * x).sum() * y[0])))(0.5),
    "a second vmap": lambda x, y: vmap(lambda a: np.sin(a * x).sum())(y),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_inside(name):
    f = TRANSFORMS[name]
    close(vmap(f)(X, Y), loop(f, X, Y))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_inside_and_a_gradient_outside(name):
    f = TRANSFORMS[name]
    got = grad(lambda x, y: (vmap(f)(x, y) ** 2).sum(), (0, 1))(X, Y)
    want = grad(lambda x, y: sum((f(*rows) ** 2).sum() for rows in zip(x, y, strict=True)), (0, 1))(X, Y)
    for a, b in zip(got, want, strict=True):
        close(a, b)


def test_every_transform_outside():
    def mapped(w):
        return vmap(loss, (None, 0, 0))(w, X, Y)

    def plain(w):
        return ((np.tanh(X @ w) - Y) ** 2).sum(axis=1)

    v = RNG.normal(size=W.shape)
    for transform in (
        jacobian,
        lambda f: grad(lambda w: f(w).sum()),
        lambda f: hessian(lambda w: f(w).sum()),
        lambda f: lambda w: hvp(lambda w: f(w).sum())(w, v),
        lambda f: lambda w: jvp(f, (w,), (v,))[1],
        lambda f: lambda w: vjp(f, w)[1](np.arange(7.0))[0],
        lambda f: jacobian(jacobian(lambda s: f(s * W))),
        lambda f: lambda w: jvp(grad(lambda w: f(w).sum()), (w,), (v,))[1],
    ):
        at = 0.7 if transform is not jacobian and "s * W" in str(transform.__code__.co_consts) else W
        close(transform(mapped)(at), transform(plain)(at))


def test_gradients_of_what_is_mapped_and_what_is_not_in_the_forms_that_rules_have():
    """A sum, whose rule gives the gradient as it came, tells whether it is summed over the examples exactly once."""
    for f in (
        lambda w, x: x + w[:, 0],
        lambda w, x: w[:, 0] + x,
        lambda w, x: x - w.sum(),
        lambda w, x: np.concatenate([x, w[0]]),
        lambda w, x: np.where(x > 0, x, w[:, 0]),
        lambda w, x: w,
        lambda w, x: w.sum(),
        lambda w, x: np.sin(w).sum() * x + w[0, 0],
        lambda w, x: w[np.argmax(x)],
        lambda w, x: np.maximum(x, w[:, 1]),
    ):
        got = grad(lambda w: (vmap(f, (None, 0))(w, X) ** 2).sum())(W)  # noqa: B023
        want = grad(lambda w: sum((f(w, x) ** 2).sum() for x in map(Tensor, X)))(W)  # noqa: B023
        close(got, want)


def test_backward_through_vmap():
    w, x = Tensor(W), Tensor(X)
    y = vmap(loss, (None, 0, 0))(w, x, Y)
    assert type(y) is Tensor and y.shape == (7,)
    y.backward(np.arange(7.0))
    close(w.grad, sum(i * grad(loss)(W, *row) for i, row in enumerate(zip(X, Y, strict=True))))
    close(x.grad, loop(lambda x, y, i: i * grad(loss, 1)(W, x, y), X, Y, np.arange(7.0)))
    y.backward(np.arange(7.0))
    close(x.grad, 2 * loop(lambda x, y, i: i * grad(loss, 1)(W, x, y), X, Y, np.arange(7.0)))


def test_backward_inside_adds_to_what_is_outside():
    w = Tensor(W)

    def f(x, y):
        value = loss(w, x, y)
        value.backward()
        return value.data

    close(vmap(f)(X, Y), loop(lambda x, y: loss(W, x, y), X, Y))
    close(w.grad, loop(lambda x, y: grad(loss)(W, x, y), X, Y).sum(axis=0))


def test_a_result_can_be_assigned_into():
    w = Tensor(W)
    y = vmap(lambda x: np.exp(x @ w))(X)
    y[0] = 0.0
    y.sum().backward()
    want = Tensor(W)
    np.exp(X[1:] @ want).sum().backward()
    close(w.grad, want.grad)


def test_arrays_in_arrays_out_tensors_in_tensors_out():
    assert type(vmap(np.sin)(X)) is np.ndarray
    constant = vmap(np.sin)(Tensor(X, requires_grad=False))
    assert type(constant) is Tensor and not constant.requires_grad
    assert vmap(np.sin)(Tensor(X)).requires_grad
    w = Tensor(W)
    assert vmap(lambda x: x @ w)(X).requires_grad
    with no_grad():
        assert type(vmap(lambda x: x @ w)(X)) is np.ndarray
        assert not vmap(np.sin)(Tensor(X)).requires_grad
    assert vmap(np.argmax)(Tensor(X)).dtype == np.argmax(X)


def test_nested_as_deep_as_one_likes():
    a, b, c = RNG.normal(size=(2, 5)), RNG.normal(size=(3, 5)), RNG.normal(size=(4, 5))

    def f(a, b, c):
        return np.sin(a * b).sum() + np.dot(b, c) * a[0]

    cube = vmap(vmap(vmap(f, (None, None, 0)), (None, 0, None)), (0, None, None))
    want = np.array([[[f(i, j, k) for k in c] for j in b] for i in a])
    close(cube(a, b, c), want)

    def broadcast(a, b, c):
        a, b, c = np.reshape(a, (2, 1, 1, 5)), np.reshape(b, (1, 3, 1, 5)), np.reshape(c, (1, 1, 4, 5))
        return np.sin(a * b).sum(axis=-1) + (b * c).sum(axis=-1) * a[..., 0]

    every = (0, 1, 2)
    got = grad(lambda *xs: (cube(*xs) ** 2).sum(), every)(a, b, c)
    for part, wanted in zip(got, grad(lambda *xs: (broadcast(*xs) ** 2).sum(), every)(a, b, c), strict=True):
        close(part, wanted)
    inner = vmap(vmap(vmap(grad(f, (0, 1)), (None, None, 0)), (None, 0, None)), (0, None, None))(a, b, c)
    close(inner[1], np.array([[[grad(f, 1)(i, j, k) for k in c] for j in b] for i in a]))


# What people write inside --------------------------------------------------------------------------------------------


def test_labels_indices_and_comparisons():
    def cross_entropy(w, x, label):
        return tg.softmax_cross_entropy(x @ w, label)

    def picked(w, x, label):
        return -np.log(tg.softmax(x @ w)[label])

    want = loop(lambda x, i: grad(cross_entropy)(W, x, int(i)), X, LABELS)
    close(vmap(grad(cross_entropy), (None, 0, 0))(W, X, LABELS), want)
    close(vmap(grad(picked), (None, 0, 0))(W, X, LABELS), want)
    close(vmap(lambda x, i: (x * (i > 0)).sum() + i)(X, LABELS), X.sum(1) * (LABELS > 0) + LABELS)
    close(vmap(lambda x: x[x.argmax()])(X), X.max(1))
    close(vmap(lambda i: Tensor(W, requires_grad=False)[i])(LABELS), W[LABELS])
    with pytest.raises(TypeError, match=r"Tensor\(array, requires_grad=False\)\[i\]"):
        vmap(lambda i: W[i])(LABELS)
    close(vmap(lambda x, i: x[[i, 0]], (0, 0))(X, LABELS), np.stack([X[range(7), LABELS], X[:, 0]], 1))
    close(vmap(lambda x: np.sort(x)[::-1][:2])(X), -np.sort(-X)[:, :2])
    with pytest.raises(ValueError, match="class numbers"):
        vmap(lambda x: tg.softmax_cross_entropy(x, np.argmax(x) + 5))(X)


def program(x, like):
    a = np.zeros(5, like=like)
    a[1] = x[0] * 2
    a[2:4] = x[1:3]
    b = a[1:4]
    b *= x[:3]
    a += 1
    s = a[1]
    a[1] = 7.0
    a[0] = s * x[1]
    c = +x if isinstance(x, Tensor) else x.copy()
    c[0] += c[1]
    c[c.argmax()] = 0
    return (a * a).sum() + (c**2).sum() * s


def test_assignment_inside():
    x = X.copy()
    want = [program(row, row) for row in X]
    close(vmap(lambda x: program(x, x))(X), want)
    gradient = grad(lambda x: program(x, x))
    close(vmap(gradient)(X), loop(gradient, X))
    close(grad(lambda x: vmap(lambda row: program(row, row))(x).sum())(X), loop(gradient, X))
    second = hessian(lambda x: program(x, x))
    close(vmap(second)(X), loop(second, X))
    np.testing.assert_array_equal(X, x)


def test_an_argument_is_not_changed_in_place():
    x = X.copy()

    def f(x):
        x[0] = 5.0
        return x.sum()

    close(vmap(f)(x), X[:, 1:].sum(1) + 5)
    close(vmap(f)(Tensor(x, requires_grad=False)).data, X[:, 1:].sum(1) + 5)
    np.testing.assert_array_equal(x, X)
    with pytest.raises(TypeError, match=r"assign into a copy"):
        vmap(f)(Tensor(x))


def test_your_own_functions_are_called_for_each_example_if_they_need_it():
    calls = []

    def slow(x):
        calls.append(type(x))
        return np.array([float(v) ** 3 for v in x])

    cube = tg.derivative(slow, lambda g, y, x: np.array([float(v) for v in g]) * 3 * x**2)
    close(vmap(cube)(X), X**3)
    close(vmap(grad(lambda x: cube(x).sum()))(X), 3 * X**2)
    close(grad(lambda x: vmap(cube)(x).sum())(X), 3 * X**2)


def test_random_programs_with_every_mixture_of_mapped_and_not():
    ops = [np.add, np.multiply, np.maximum, lambda a, b: np.where(a > b, a, np.sin(b)), lambda a, b: a @ b,
           lambda a, b: np.concatenate([a, b])[:4], lambda a, b: np.cumsum(a) * b.max()]  # fmt: skip

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6),
           st.integers(0, 2))  # fmt: skip
    def check(steps, mapped):
        def f(*arrays):
            values = list(arrays)
            for op, i, j in steps:
                y = ops[op](values[i % len(values)], values[j % len(values)])
                values.append(y * np.ones(4) / 2)
            return values[-1].sum() + np.sin(values[-1]).sum()

        rng = np.random.default_rng(len(steps))
        arrays = [rng.normal(size=(3, 4)) if i <= mapped else rng.normal(size=4) for i in range(3)]
        axes = tuple(0 if i <= mapped else None for i in range(3))
        every = (0, 1, 2)
        gradient = grad(f, every)
        rows = [[a if axis is None else a[k] for a, axis in zip(arrays, axes, strict=True)] for k in range(3)]
        want = [gradient(*row) for row in rows]
        got = vmap(gradient, axes)(*arrays)
        outside = grad(lambda *xs: vmap(f, axes)(*xs).sum(), every)(*arrays)
        for i, axis in enumerate(axes):
            close(got[i], np.stack([w[i] for w in want]), rtol=1e-8)
            total = np.stack([w[i] for w in want])
            close(outside[i], total if axis == 0 else total.sum(axis=0), rtol=1e-8)

    check()


def test_threads_don_t_meddle():
    results = {}

    def run(k):
        results[k] = vmap(grad(loss), (None, 0, 0))(W * k, X, Y)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k, result in results.items():
        close(result, loop(lambda x, y: grad(loss)(W * k, x, y), X, Y))  # noqa: B023


def test_what_is_drawn_and_printed_inside():
    seen = []

    def f(x):
        y = np.sin(x).sum()
        seen.append((repr(x), repr(y), tg.draw_dot_tensor(y * Tensor(2.0)).source))
        return y

    vmap(f)(X)
    assert "a batch of 7 arrays of shape (5,)" in seen[0][0]
    assert "batch of 7" in seen[0][2]
    source = tg.draw_dot_tensor(vmap(f)(Tensor(X))).source
    assert "sin" in source and "batch" in source


# Against other libraries ---------------------------------------------------------------------------------------------


def test_per_example_gradients_against_torch():
    torch = pytest.importorskip("torch")

    def torch_loss(w, x, y):
        return ((torch.tanh(x @ w) - y) ** 2).sum()

    arrays = [torch.from_numpy(a) for a in (W, X, Y)]
    per_example = torch.func.vmap(torch.func.grad(torch_loss), (None, 0, 0))(*arrays)
    close(vmap(grad(loss), (None, 0, 0))(W, X, Y), per_example.numpy())
    hessians = torch.func.vmap(torch.func.hessian(torch_loss, 1), (None, 0, 0))(*arrays)
    close(vmap(hessian(loss, 1), (None, 0, 0))(W, X, Y), hessians.numpy())


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: vmap(3), TypeError, "vmap: f must be a function, not int 3"),
        (lambda: vmap(np.sin(X)), TypeError, r"write vmap\(f\)\(x\)"),
        (lambda: vmap(np.sin, 0.5), TypeError, "in_axes must be an int or None, not float 0.5"),
        (lambda: vmap(np.sin, ("a",)), TypeError, r"in_axes\[0\] must be an int or None"),
        (lambda: vmap(np.sin, 0, True), TypeError, "out_axes must be an int or None"),
        (lambda: vmap(np.sin, axis_size=-1), TypeError, "axis_size must be an int that isn't negative"),
        (lambda: vmap(np.add)(X, Y[:3]), ValueError, r"argument \[0\].* has 7 examples, .* 3"),
        (lambda: vmap(np.add, (0,))(X, X), ValueError, "in_axes has 1 entries, but .* 2 arguments"),
        (lambda: vmap(np.add, (0, 0))(X, 1.0), ValueError, r"in_axes says axis 0 for argument \[1\], float 1.0"),
        (lambda: vmap(np.sin, 2)(X), ValueError, "in_axes says axis 2 for .* which has 2 axes; None stands for"),
        (lambda: vmap(np.sin, None)(X), TypeError, "no argument is mapped"),
        (lambda: vmap(np.sin, out_axes=3)(X), ValueError, "out_axes says axis 3 for the output.* has 2 axes"),
        (lambda: vmap(np.sin, out_axes=None)(X), ValueError, "isn't the same for all examples"),
        (lambda: vmap(np.sin, out_axes=(0, 0))(X), ValueError, "out_axes is tuple .* doesn't fit"),
        (lambda: vmap(lambda t: t["a"], ({"b": 0},))({"a": X}), ValueError, r"in_axes\[0\] is dict .* doesn't fit"),
        (lambda: vmap(lambda x: x if x.sum() > 0 else -x)(X), TypeError, "no single truth value.*np.where"),
        (lambda: vmap(lambda x: float(x[0]))(X), TypeError, "not one number"),
        (lambda: vmap(lambda x: x[0].item())(X), TypeError, "not one number"),
        (lambda: vmap(lambda x: range(np.argmax(x)))(X), TypeError, "not one number"),
        (lambda: vmap(lambda x: np.asarray(x))(X), TypeError, "not one array"),
        (lambda: vmap(lambda x: x[x > 0])(X), TypeError, "different shapes"),
        (lambda: vmap(lambda x: np.ones(3) @ x)(X), ValueError, r"matmul of shapes \(3,\) and \(5,\)"),
        (lambda: vmap(lambda x: Tensor(np.zeros(5), requires_grad=False).__setitem__(0, x[0]))(X), TypeError,
         "the same for all examples of vmap"),
        (lambda: vmap(lambda x: np.zeros(5).__setitem__(0, x[0]))(X), (TypeError, ValueError), "array"),
        (lambda: vmap(grad(lambda x: x))(X), TypeError, "must return one real number"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_the_name_of_a_mapped_function():
    assert vmap(loss).__name__ == "vmap(loss)"


def test_checkpoints_inside_and_outside():
    w = Tensor(W)

    def f(x):
        return tg.checkpoint(lambda x: np.tanh(x @ w).sum())(x * 2)

    def plain(x):
        return np.tanh(x * 2 @ W).sum()

    close(vmap(grad(lambda x: f(x)))(X).data, vmap(grad(plain))(X))
    vmap(f)(X).sum().backward()
    want = grad(lambda w: np.tanh(X * 2 @ w).sum())(W)
    close(w.grad, want)
    w.zero_grad()
    tg.checkpoint(lambda x: vmap(f)(x).sum())(Tensor(X)).backward()
    close(w.grad, want)
    close(vmap(hessian(tg.checkpoint(plain)))(X), loop(hessian(plain), X))


def test_solvers_of_scipy_run_for_one_example_after_the_other():
    pytest.importorskip("scipy")
    from tensorgrad.scipy.integrate import odeint, quad, solve_ivp
    from tensorgrad.scipy.optimize import brentq, root

    rates, times = np.array([0.5, 1.0, 2.0]), np.array([0.0, 0.4, 1.0])

    def decay(k):
        return odeint(lambda y, t, k: -k * y, np.array([1.0]), times, args=(k,), rtol=1e-10, atol=1e-10)[-1, 0]

    close(vmap(decay)(rates), np.exp(-rates), rtol=1e-7)
    close(vmap(grad(decay))(rates), -np.exp(-rates), rtol=1e-7)
    close(grad(lambda k: vmap(decay)(k).sum())(rates), -np.exp(-rates), rtol=1e-7)
    ends = vmap(lambda k: solve_ivp(lambda t, y, k: -k * y, (0, 1), [1.0], t_eval=[1.0], args=(k,), rtol=1e-9).y)
    close(ends(rates)[:, 0, 0], np.exp(-rates), rtol=1e-5)
    with pytest.raises(TypeError, match="different shapes"):  # they take different steps
        vmap(lambda k: solve_ivp(lambda t, y, k: -k * y, (0, 1), [1.0], args=(k,), rtol=1e-9).y)(rates)
    close(vmap(lambda a: root(lambda x, a: x**2 - a, [1.0], args=(a,)).x[0])(rates), np.sqrt(rates), rtol=1e-9)
    close(vmap(grad(lambda a: brentq(lambda x, a: x**3 - a, 0, 3, (a,))))(rates), np.cbrt(rates) ** -2 / 3, rtol=1e-7)
    close(vmap(lambda b: quad(lambda x, b: np.exp(-b * x), 0, 1, (b,))[0])(rates), (1 - np.exp(-rates)) / rates)
    with pytest.raises(TypeError, match=r"odeint: its function closes over .* pass that in args"):
        vmap(lambda k: odeint(lambda y, t: -k * y, np.array([1.0]), times)[-1, 0])(rates)


# What is done for one example after the other ------------------------------------------------------------------------

POINTS, WEIGHTS = [0.0, 0.5, 1.0], np.array([1.0, 2.0, 4.0])
SINGLE = RNG.random((4, 3))
NUMBERS, PLACES = np.arange(12).reshape(4, 3), RNG.integers(0, 3, (4, 3))

ONE_BY_ONE = {
    "interp": lambda a, w: np.interp(a[0], POINTS, w),
    "average": lambda a, w: np.average(w, weights=a),
    "polyfit": lambda a, w: np.polyfit(a, w, 1).sum(),
    "lstsq": lambda a, w: np.linalg.lstsq(np.stack([a, a * a], 1), w)[0].sum(),
    "your own": lambda a, w: YOURS(a, w).sum(),
}
YOURS = tg.derivative(
    lambda a, w: np.array([float(x) * float(y) for x, y in zip(a, w, strict=True)]),
    lambda g, y, a, w: np.array([float(x) for x in g * w]),
    lambda g, y, a, w: np.array([float(x) for x in g * a]),
)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_what_is_the_same_for_all_gets_its_own_gradient_inside_and_the_sum_outside(name):
    f = ONE_BY_ONE[name]

    def twice(a, w):
        v = w * w
        return f(a, v) + np.sum(np.sin(v))

    for g in (f, twice):
        each = loop(lambda a: grad(g, 1)(a, WEIGHTS), SINGLE)  # noqa: B023
        close(vmap(grad(g, 1), (0, None))(SINGLE, WEIGHTS), each, rtol=1e-9)
        close(grad(lambda w: vmap(g, (0, None))(SINGLE, w).sum())(WEIGHTS), each.sum(0), rtol=1e-9)  # noqa: B023
        w = Tensor(WEIGHTS)
        vmap(lambda a: g(a, w))(SINGLE).sum().backward()  # noqa: B023
        close(w.grad, each.sum(0), rtol=1e-9)
        if name != "your own":  # whose rules leave the graph
            second = loop(lambda a: hessian(g, 1)(a, WEIGHTS), SINGLE)  # noqa: B023
            close(vmap(hessian(g, 1), (0, None))(SINGLE, WEIGHTS), second, rtol=1e-7, atol=1e-9)


IN_PLACE = {
    "add.at": (lambda a, i: np.add.at(a, i, 1.0), True),
    "multiply.at": (lambda a, i: np.multiply.at(a, i, 2.0), True),
    "a mask": (lambda a: a.__setitem__(a > 0.5, 0.0), False),
    "a mask, and a value of each": (lambda a: a.__setitem__(a > 0.5, a[0]), False),
    "copyto": (lambda a: np.copyto(a, 0.0, where=a > 0.5), False),
    "putmask": (lambda a: np.putmask(a, a > 0.5, a * 2), False),
    "put": (lambda a, i: np.put(a, i, a * 3), True),
    "put_along_axis": (lambda a, i: np.put_along_axis(a, i, a[0], 0), True),
    "an index": (lambda a, i: a.__setitem__(i, a * 2), True),
    "an index with a slice": (lambda a, i: a.__setitem__((slice(None, 2),), a[i[:2]]), True),
    "out=": (lambda a: np.exp(a * 2, out=a), False),
    "out= and where=": (lambda a: np.divide(1.0, a, out=a, where=a > 0.5), False),
    "fill_diagonal": (lambda a: np.fill_diagonal(np.reshape(a, (1, 3)), 2.0), False),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_assignments_in_other_places_for_each_example(name):
    change, takes_places = IN_PLACE[name]
    given = (SINGLE, PLACES) if takes_places else (SINGLE,)

    def f(a, *places):
        copy = +a if isinstance(a, Tensor) else a.copy()
        change(copy, *places)
        return np.sum(copy * copy * np.array([1.0, 2.0, 3.0]))

    def each(g):
        return loop(g, *given)

    close(vmap(f)(*given), each(f))
    close(vmap(grad(f))(*given), each(grad(f)))
    close(grad(lambda a: vmap(f)(a, *given[1:]).sum())(SINGLE), each(grad(f)))
    close(vmap(hessian(f))(*given), each(hessian(f)))


def test_integers_are_written_into_as_arrays_are():
    close(
        vmap(lambda i: np.add(i, 1, out=np.zeros_like(i), where=i > 5))(NUMBERS), np.where(NUMBERS > 5, NUMBERS + 1, 0)
    )

    def f(i):
        i = i.copy()
        i[i > 5] = 0
        np.add.at(i, [0, 0], 1)
        np.put(i, 2, -1)
        return i

    close(vmap(f)(NUMBERS), loop(f, NUMBERS))
    for write in (
        lambda c, i: np.put(c, i, 9.0),
        lambda c, i: np.copyto(c, i),
        lambda c, i: np.add.at(c, i, 1.0),
        lambda c, i: np.add(i, 1.0, out=c),
        lambda c, i: np.putmask(c, i > 1, 9.0),
    ):
        plain = np.zeros(3)
        with pytest.raises(TypeError, match=r"doesn't fit into one array\. Begin with .* np\.zeros_like\(x\)"):
            vmap(lambda i: write(plain, i))(PLACES)  # noqa: B023
        assert not plain.any()


TWO_LEVELS = {
    "det": grad(np.linalg.det),
    "gather": grad(lambda a: np.sum(a[np.array([0, 2])] ** 2)),
    "take_along_axis": grad(lambda a: np.sum(np.take_along_axis(a, np.argsort(a, axis=0), 0) ** 2)),
    "a place of each": lambda a: a[np.argmax(a[0])],
    "places of each": lambda a: a[np.argsort(a[0])],
    "quantile": lambda a: np.quantile(a[0], np.abs(np.sin(a[1]))),
    "interp": lambda a: np.interp(a[0], POINTS, a[1]),
}


@pytest.mark.parametrize("name", TWO_LEVELS)
def test_two_levels_of_what_is_done_one_by_one(name):
    f, stack = TWO_LEVELS[name], RNG.random((2, 4, 3, 3))
    want = np.array([[np.asarray(getattr(y := f(Tensor(a)), "data", y)) for a in row] for row in stack])
    close(vmap(vmap(f))(stack), want)
    close(np.moveaxis(vmap(vmap(f), 1)(stack), 0, 1), want)
    got = grad(lambda s: (vmap(vmap(f))(s) ** 2).sum())(stack)
    close(got, vmap(vmap(grad(lambda a: (f(a) ** 2).sum())))(stack), rtol=1e-9)


def test_results_share_no_memory():
    a, b = vmap(lambda x: (x, x[::-1]))(X)
    assert not np.shares_memory(a, b) and not np.shares_memory(a, X)
    y = vmap(lambda x: np.broadcast_to(x.sum(), 3))(X)
    y[0] = 0.0
    assert y.flags.writeable and y[1].all()
    assert not np.shares_memory(vmap(lambda x: (x, W), out_axes=(0, None))(X)[1], W)


def test_bools_are_stacked_and_other_things_are_not():
    np.testing.assert_array_equal(vmap(lambda x: (True, x[0] > 0, None))(X)[:2], [np.full(7, True), X[:, 0] > 0])
    for wrong in ({1}, "text", object()):
        with pytest.raises(TypeError, match="the output must be numbers, or None"):
            vmap(lambda x: wrong)(X)  # noqa: B023
    with pytest.raises(TypeError, match="MaskedArray isn't supported"):
        vmap(np.sin)(np.ma.masked_array(X, X > 0))
