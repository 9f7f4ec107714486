"""Trace: a call of a function, and the two ways through what it recorded, forward (jvp) and backward (vjp)."""

import importlib
import weakref
from pathlib import Path

import numpy as np
import pytest
from cases import CASES
from helpers import close

import tensorgrad as tg
from tensorgrad import Tensor, check_grads, grad, hessian, hvp, jacobian, jvp, value_and_grad
from tensorgrad.batch import Batched
from tensorgrad.trace import Trace

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)


def drawn(like, rng):
    def one(t):
        return rng.normal(size=t.shape) + (1j * rng.normal(size=t.shape) if t.dtype.kind == "c" else 0)

    return [np.asarray(one(t), t.dtype) for t in like]


def inner_product(*pairs):
    return sum(np.sum(np.real(a * b)) for a, b in zip(*pairs, strict=True))


def every_tensor(y):
    return [t for part in y for t in every_tensor(part)] if isinstance(y, list | tuple) else [y] * isinstance(y, Tensor)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_forward_mode_and_batches_of_every_function():
    """The modes are transposes, <w, J v> = <J^T w, v>; and many vectors at once give what each one gives."""
    rng = np.random.default_rng(0)
    for case in CASES:
        values = case.draw()

        def f(*args, case=case):
            return every_tensor(case.call(list(args)))

        trace = Trace("test", f, range(len(values)), tuple(values), {})
        vs, ws = ([drawn(like, rng) for _ in range(2)] for like in (trace.inputs, trace.outputs))
        forward, backward = [trace.jvp(v) for v in vs], [trace.vjp(w) for w in ws]
        for v, w, dy, dx in zip(vs, ws, forward, backward, strict=True):
            assert [(d.shape, d.dtype) for d in dy] == [(y.shape, y.dtype) for y in trace.outputs], case
            size = 1 + sum(np.sum(np.abs(a * b)) for a, b in zip(w, dy, strict=True))
            assert abs(inner_product(w, dy) - inner_product(dx, v)) < 1e-10 * size, case
        for walk, seeds, want in ((trace.jvp, vs, forward), (trace.vjp, ws, backward)):
            together = walk([Batched(np.stack(s)) for s in zip(*seeds, strict=True)])
            for found, apart in zip(together, zip(*want, strict=True), strict=True):
                stack = found.stack if isinstance(found, Batched) else np.stack([found, found])  # zeros
                np.testing.assert_allclose(stack, np.stack(apart), rtol=1e-9, atol=1e-10, err_msg=repr(case))


def test_functions_with_several_outputs_inside():
    """They are one node with several outputs; derivatives go through in both modes, also where one output is unused."""
    polar = tg.derivative(
        lambda x, y: (np.hypot(x, y), np.arctan2(y, x)),
        lambda g, out, x, y: g[0] * x / out[0] - g[1] * y / out[0] ** 2,
        lambda g, out, x, y: g[0] * y / out[0] + g[1] * x / out[0] ** 2,
    )

    def by_hand(x, y):
        return np.sqrt(x**2 + y**2) * np.arctan(y / x)

    def f(x, y):
        r, angle = polar(x, y)
        return r * angle

    def g(x, y):
        return polar(x, y)[1] * x

    x, y, v = 0.7, 1.1, (0.3, -2.0)
    close(grad(f, (0, 1))(x, y), grad(by_hand, (0, 1))(x, y))
    close(jvp(f, (x, y), v)[1], jvp(by_hand, (x, y), v)[1])
    close(jvp(g, (x, y), v)[1], jvp(lambda x, y: np.arctan(y / x) * x, (x, y), v)[1])
    close(hessian(f, (0, 1))(x, y), hessian(by_hand, (0, 1))(x, y))
    twice = jvp(lambda x, y: jvp(f, (x, y), v)[1], (x, y), v)[1]
    close(twice, np.dot(hvp(f, (0, 1))(x, y, v), v))
    check_grads(polar, x, y, order=3)


def test_no_rule_runs_for_what_does_not_depend_on_the_input():
    calls = []

    def counted(g, y, x):
        calls.append(1)
        return g * 2

    twice = tg.derivative(lambda x: x * 2, counted)
    w = Tensor(1.0)
    before = twice(w)
    close(grad(lambda x: x * before * twice(w))(3.0).data, 4.0)
    assert not calls


def test_no_graph_is_left_behind(no_collector):
    """What a transform records goes when it returns."""
    recorded = []

    def f(x):
        y = x * 2
        recorded.append(weakref.ref(y))
        return (y * y).sum()

    x = np.ones(3)
    value_and_grad(f)(x), hessian(f)(x), hvp(f)(x, x), jacobian(f)(x), jvp(f, (x,), (x,)), grad(grad(f))(1.0)
    assert recorded and all(ref() is None for ref in recorded)
