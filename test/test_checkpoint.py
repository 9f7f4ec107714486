"""checkpoint: the same gradients of any order, for less memory; and what can't be computed again is an error."""

import gc
import threading
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from helpers import close

from tensorgrad import (
    MLP,
    Module,
    Tensor,
    check_grads,
    checkpoint,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
)

W = np.array([[0.3, -0.8], [0.5, 0.4]])
X = np.array([0.7, -1.2])


def layers(x, w, scale=1.0):
    for _ in range(3):
        x = np.tanh(w @ x) * scale
    return x


def loss(f):
    return lambda x, w, scale: np.sum(f(x, w, scale=scale) ** 2)


# Derivatives ---------------------------------------------------------------------------------------------------------

TRANSFORMS = {
    "grad": lambda f: grad(f, argnum=(0, 1, 2))(X, W, 1.5),
    "jvp": lambda f: jvp(f, (X, W, 1.5), (X, -W, 1.0)),
    "hessian": lambda f: hessian(f, argnum=(0, 1, 2))(X, W, 1.5),
    "hvp": lambda f: hvp(f, argnum=1)(X, W, 1.5, W.T),
    "jacobian of jacobian": lambda f: jacobian(jacobian(f, argnum=0), argnum=1)(X, W, 1.5),
    "jvp of grad": lambda f: jvp(grad(f), (X, W, 1.5), (X, W, 1.0))[1],
    "grad of jvp": lambda f: grad(lambda w: jvp(lambda x: f(x, w, 1.5), (X,), (X,))[1])(W),
    "third": lambda f: grad(grad(grad(lambda t: f(t * X, t * W, t))))(1.2),
    "jvp of jvp": lambda f: jvp(lambda t: jvp(lambda s: f(s * X, t * W, s), (1.1,), (1.0,))[1], (1.0,), (1.0,)),
}


def leaves(result):
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, (tuple, list)) else [result]


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_all_transforms_give_the_same_as_without(transform):
    for a, b in zip(leaves(transform(loss(checkpoint(layers)))), leaves(transform(loss(layers))), strict=True):
        close(a, b)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_closure_has_the_same_derivatives_as_arguments(transform):
    """x and w come from outside, scale is an argument."""

    def f(x, w, scale):
        return checkpoint(lambda s: layers(x, w, scale=s))(scale)

    def inside_and_outside(x, w, scale):
        return checkpoint(lambda s: checkpoint(lambda x: layers(x, w, s))(x))(scale)

    want = leaves(transform(loss(layers)))
    for f_ in (f, inside_and_outside):
        for a, b in zip(leaves(transform(lambda x, w, scale, f=f_: np.sum(f(x, w, scale) ** 2))), want, strict=True):
            close(a, b)


def test_against_differences():
    check_grads(lambda x, w: checkpoint(layers)(x, w), X, W, order=2)


def test_jacobian_in_batches_forward_and_backward():
    close(jacobian(checkpoint(layers))(X, W), jacobian(layers)(X, W))
    wide = np.linspace(-1, 1, 10).reshape(2, 5)
    for w in (wide, wide.T):
        close(jacobian(checkpoint(lambda x, w=w: np.sin(w @ x)))(w[0]), jacobian(lambda x, w=w: np.sin(w @ x))(w[0]))


def test_backward_fills_the_gradients_of_arguments_and_outer_tensors():
    x, w, scale, outer = Tensor(X), Tensor(W), Tensor(1.5), Tensor([2.0, 3.0])
    computed = outer * 2

    def f(x, w, scale=1.0):
        return layers(x, w, scale=scale) * computed * outer

    results = []
    for g in (f, checkpoint(f)):
        for t in (x, w, scale, outer):
            t.zero_grad()
        np.sum(g(x, w, scale=scale) ** 2).backward(retain_graph=True)
        results.append([t.grad.copy() for t in (x, w, scale, outer)])
    for a, b in zip(*results, strict=True):
        close(a, b)


@dataclass
class Pair:
    left: object
    right: object


def test_structures_in_and_out():
    def f(p, pairs, *, pair):
        s = p["w"] * pairs[0][0] + pairs[0][1]
        return {"sum": s, "pair": Pair(np.exp(pair.left * s), pair.right), "n": 3, "constant": np.arange(2)}

    w, a, b, c = (Tensor(v) for v in ([1.0, 2.0], 3.0, [0.5, 0.1], 0.2))

    def total(g):
        out = g({"w": w, "name": "w"}, [(a, b)], pair=Pair(c, None))
        assert out["n"] == 3 and out["pair"].right is None and type(out["constant"]) is np.ndarray
        return np.sum(out["sum"] ** 2) + np.sum(out["pair"].left)

    grads = []
    for g in (f, checkpoint(f)):
        for t in (w, a, b, c):
            t.zero_grad()
        total(g).backward()
        grads.append([t.grad.copy() for t in (w, a, b, c)])
    for one, other in zip(*grads, strict=True):
        close(one, other)


@pytest.mark.parametrize("how", ["argument", "keyword", "closure", "itself"])
def test_parameters_of_modules(how):
    model, x = MLP(3, [4, 2], rng=0), np.array([[0.1, 0.2, -0.3]])
    calls = {
        "argument": lambda: checkpoint(lambda m, x: m(x))(model, x),
        "keyword": lambda: checkpoint(lambda x, m=None: m[0](x))(x, m=[model]),
        "closure": lambda: checkpoint(lambda x: model(x))(x),
        "itself": lambda: checkpoint(model)(x),
    }
    found = []
    for call in (lambda: model(x), calls[how]):
        model.zero_grad()
        np.sum(call() ** 2).backward()
        found.append([p.grad.copy() for p in model.parameters()])
    assert any(g.any() for g in found[0])
    for a, b in zip(*found, strict=True):
        close(a, b)


def test_a_module_under_a_transform():
    model, x = MLP(3, [4, 1], rng=0), np.array([[0.1, 0.2, -0.3]])

    def f(model):
        return np.sum(checkpoint(model)(x) ** 2)

    for a, b in zip(grad(f)(model).values(), grad(lambda m: np.sum(m(x) ** 2))(model).values(), strict=True):
        close(a.data, b.data)


def test_float32_and_complex():
    single = grad(loss(checkpoint(layers)), argnum=(0, 1))(X.astype(np.float32), W.astype(np.float32), 1.0)
    assert [g.dtype for g in single] == [np.float32] * 2
    z = np.array([1.0 + 2j, -0.5j])
    close(*(grad(lambda z, f=f: np.sum(np.abs(f(z)) ** 2))(z) for f in (np.exp, checkpoint(np.exp))))
    close(*(jacobian(f)(z) for f in (np.exp, checkpoint(lambda z: np.exp(z)))))


def test_the_output_may_be_an_argument_or_a_view_of_it_twice():
    x, outer = Tensor(X), Tensor(2.0)
    a, b, c, d = checkpoint(lambda x: (x, x[:1], x, outer))(x)
    (np.sum(a * 2 + c * 3) + np.sum(b) * 10 + d).backward()
    close(x.grad, [15.0, 5.0])
    close(outer.grad, 1.0)
    a[0] = 100.0
    assert x.data[0] == X[0], "memory isn't shared"


def test_what_depends_on_nothing_is_as_without():
    assert checkpoint(lambda x: x + 1)(2.0) == 3.0
    y = checkpoint(np.exp)(Tensor([1.0], requires_grad=False))
    assert isinstance(y, Tensor) and not y.requires_grad


def test_inside_no_grad():
    calls = []

    def f(x):
        calls.append(x)
        return x * 2

    with no_grad():
        y = checkpoint(f)(Tensor(X))
    assert not y.requires_grad and len(calls) == 1


def test_name_and_documentation_are_kept():
    assert checkpoint(layers).__name__ == "layers"


# Memory --------------------------------------------------------------------------------------------------------------


def chain(x, n):
    for _ in range(n):
        x = np.sin(x) * 1.01
    return x


def by_parts(x, n):
    part = round(n**0.5)
    step = checkpoint(lambda x: chain(x, part))
    for _ in range(n // part):
        x = step(x)
    return x


def peak(f, x, n):
    tracemalloc.start()
    value, gradient = value_and_grad(lambda x: np.sum(f(x, n)))(x)
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size, value, gradient


def test_memory_of_a_chain_grows_as_the_root_of_its_length():
    n, x = 900, np.linspace(0, 1, 2000)
    plain, value, gradient = peak(chain, x, n)
    less, value2, gradient2 = peak(by_parts, x, n)
    close(value, value2, rtol=0)
    close(gradient, gradient2)
    assert less < plain / 10, f"{less} of {plain} bytes"  # about 90 arrays of 1,800, and the nodes themselves


def test_nested_checkpoints_keep_less_still():
    def halves(x, n):
        if n <= 8:
            return chain(x, n)
        half = checkpoint(lambda x: halves(x, n // 2))
        return half(half(x))

    n, x = 256, np.linspace(0, 1, 2000)
    (by_root, _, want), (by_log, _, got) = peak(by_parts, x, n), peak(halves, x, n)
    assert by_log < 0.8 * by_root, f"{by_log} of {by_root} bytes"
    close(got, want)


def test_nothing_of_a_graph_is_left():
    def run():
        w = Tensor(W)
        y = checkpoint(lambda x: layers(x, w))(Tensor(X))
        np.sum(y).backward()

    run()
    gc.collect()
    gc.disable()
    try:
        run()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_threads():
    w = Tensor(W)
    want = grad(lambda x: np.sum(layers(x, W)))(X)
    got, errors = {}, []

    def run(i):
        try:
            for _ in range(20):
                x = Tensor(X)
                np.sum(checkpoint(lambda x: layers(x, w))(x)).backward()
                got[i] = x.grad
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    for g in got.values():
        close(g, want)
    x = Tensor(X)
    tracked = Tensor(W)
    np.sum(layers(x, tracked)).backward()
    close(w.grad, 80 * tracked.grad)


# Errors --------------------------------------------------------------------------------------------------------------


def test_no_function():
    with pytest.raises(TypeError, match=r"checkpoint: f must be a function, not Tensor.*write checkpoint\(f\)\(x\)"):
        checkpoint(Tensor(X))


def test_random_numbers():
    rng = np.random.default_rng(0)
    y = checkpoint(lambda x: x * rng.normal(size=2))(Tensor(X))
    with pytest.raises(RuntimeError, match="called again in the backward pass, gave other numbers"):
        np.sum(y).backward()
    x = Tensor(X)
    np.sum(checkpoint(lambda x, seed: x * np.random.default_rng(seed).normal(size=2))(x, 7)).backward()
    close(x.grad, np.random.default_rng(7).normal(size=2))


@pytest.mark.parametrize(
    "again, text",
    [
        (lambda x: x[:1], r"gave shape \(1,\) and dtype float64, and before \(2,\) and float64"),
        (lambda x: x.astype(np.float32), "dtype float32"),
        (lambda x: (x, x), "gave 2 Tensors, and before 1"),
        (lambda x: x * np.nan, "other numbers"),
    ],
)
def test_another_result(again, text):
    functions = iter([lambda x: x * 1, again])
    y = checkpoint(lambda x: next(functions)(x))(Tensor(X))
    with pytest.raises(RuntimeError, match=text):
        np.sum(y).backward()


def test_nan_and_inf_are_the_same_again():
    x = Tensor([np.inf, np.nan, 1.0])
    np.sum(checkpoint(lambda x: x * 2)(x)).backward()
    close(x.grad, [2.0, 2.0, 2.0])


def test_a_parameter_that_is_changed_before_backward():
    w, x = Tensor(W), Tensor(X)
    y = checkpoint(lambda x: layers(x, w))(x)
    w.data = w.data * 1.0
    with pytest.raises(RuntimeError, match="was changed"):
        np.sum(y).backward()
    w = Tensor(W)
    y = checkpoint(lambda x: layers(x, w))(x)
    with no_grad():
        w *= 1.5
    with pytest.raises(RuntimeError, match="changed"):
        np.sum(y).backward()


def test_an_outer_tensor_that_is_assigned_into():
    """At its version of then, as long as that is the newest; else an error."""
    x = Tensor(X)
    buffer = x * 2
    buffer[0] = 5.0
    y = checkpoint(lambda t: t * buffer)(Tensor(1.0))
    np.sum(y).backward(retain_graph=True)
    close(x.grad, [0.0, 2.0])
    buffer[1] = 7.0
    with pytest.raises(RuntimeError, match=r"changed|assigned into"):
        np.sum(y).backward()


def test_an_argument_that_is_assigned_into_later():
    x = Tensor(X)
    buffer = x * 2
    buffer[0] = 5.0
    y = checkpoint(lambda b: b**2)(buffer)
    buffer[1] = 7.0
    np.sum(y).backward()
    close(x.grad, [0.0, 8 * X[1]])


def test_a_function_that_assigns_into_its_argument():
    def f(x):
        x[0] = 3.0
        return x * 2

    with pytest.raises((TypeError, RuntimeError), match="assigned into"):
        checkpoint(f)(Tensor(X))


def test_a_rule_that_loses_g_is_an_error_inside_too():
    square = derivative(lambda x: x * x, lambda g, y, x: 2 * x * float(g))
    f = checkpoint(lambda x: np.sum(square(x)))
    with pytest.raises(TypeError, match="makes plain numbers of g"):
        jvp(f, (np.array(3.0),), (np.array(1.0),))
    with pytest.raises(TypeError, match="makes plain numbers of g"):
        grad(grad(f))(3.0)


def test_errors_of_the_function_come_through():
    class Own(Exception):
        pass

    def f(x):
        raise Own("mine")

    with pytest.raises(Own, match="mine"):
        checkpoint(f)(Tensor(X))


def test_state_of_a_module_is_changed_in_both_calls():
    class Counter(Module):
        def __init__(self):
            self.w, self.calls = Tensor(2.0), 0

        def __call__(self, x):
            self.calls += 1
            return x * self.w

    counter = Counter()
    checkpoint(counter)(Tensor(3.0)).backward()
    assert counter.calls == 2 and counter.w.grad == 3.0
