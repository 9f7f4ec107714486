"""The transforms, against torch.func, closed forms, differences, and each other."""

import dataclasses
import gc
import importlib
import threading
import tracemalloc
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest
from cases import CASES

import tensorgrad as tg
from tensorgrad import (
    Tensor,
    check_grads,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    laplacian,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)
from tensorgrad.rows import Rows
from tensorgrad.transforms import Trace

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch.func.jvp uses it itself


def close(a, b, rtol=1e-10, atol=1e-10):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def is_array(x):
    return type(x) is np.ndarray


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# Closed forms, of any order ------------------------------------------------------------------------------------------

TAYLOR = {  # f, and its derivatives of order 0 to 4
    "exp(2x)": (lambda x: np.exp(2 * x), [lambda x, k=k: 2**k * np.exp(2 * x) for k in range(5)]),
    "sin": (np.sin, [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
    "x**5": (lambda x: x**5, [lambda x, c=c, p=p: c * x**p for c, p in [(1, 5), (5, 4), (20, 3), (60, 2), (120, 1)]]),
    "log": (np.log, [np.log, lambda x: 1 / x, lambda x: -(x**-2), lambda x: 2 * x**-3, lambda x: -6 * x**-4]),
    "1/x": (lambda x: 1 / x, [lambda x, c=c, k=k: c * x ** -(k + 1) for k, c in enumerate([1, -1, 2, -6, 24])]),
}


@pytest.mark.parametrize("name", TAYLOR)
@pytest.mark.parametrize("x", [0.3, 1.7])
def test_grad_to_fourth_order(name, x):
    f, derivatives = TAYLOR[name]
    for want in derivatives[1:]:
        f = grad(f)
        got = f(x)
        assert is_array(got) and got.shape == ()
        close(got, want(x))


@pytest.mark.parametrize("name", TAYLOR)
def test_jvp_to_fourth_order(name):
    f, derivatives = TAYLOR[name]

    def slope(f):
        return lambda x: jvp(f, (x,), (1.0,))[1]

    for want in derivatives[1:]:
        f = slope(f)
        close(f(0.7), want(0.7))


def test_derivatives_of_a_polynomial_in_all_mixed_modes():
    """d^4/dx^4 of x^6 is 360 x^2, whatever each of the four is taken by."""
    modes = {
        "grad": grad,
        "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        "jacobian": jacobian,
    }
    for a in modes:
        for b in modes:
            for c in modes:
                f = modes[a](modes[b](modes[c](grad(lambda x: x**6))))
                close(f(1.3), 360 * 1.3**2)


# PyTorch -------------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
W1, W2, X = RNG.normal(size=(3, 5)), RNG.normal(size=(5, 2)), RNG.normal(size=(4, 3))


def network(lib, w1, w2, x):
    h = lib.tanh(x @ w1) if lib is np else (x @ w1).tanh()
    return h @ w2


FUNCTIONS = {  # a function of one array, written for either library, and where
    "network": (lambda lib, x: network(lib, to(lib, W1), to(lib, W2), x), X),
    "cubes and sums": (lib_sums := lambda lib, x: (x**3).sum(0) * lib.exp(-x).sum(), X),
    "to one": (lambda lib, x: (lib.sin(x) * x**2).sum(), X),
    "quotient": (lambda lib, x: x[0] / (1 + x[1] ** 2), X),
    "vector to matrix": (lambda lib, x: x[:, None] * lib.cos(x) + lib.exp(x[0]), X[:, 0]),
    "matrix to vector": (lambda lib, x: (x @ x.T)[0] + x.prod() + lib.log(1 + x**2).sum(), X[:2]),
    "0-d": (lambda lib, x: lib.exp(lib.sin(x)), np.array(0.4)),
    "repeated index": (lambda lib, x: x[[0, 0, 1]] ** 2, X[0]),
}


def to(lib, a):
    return a if lib is np else lib.tensor(a)


@pytest.fixture(params=FUNCTIONS)
def case(request):
    """f for tensorgrad, f for torch, torch, and x."""
    torch = pytest.importorskip("torch")
    f, x = FUNCTIONS[request.param]
    return (lambda x: f(np, x)), (lambda x: f(torch, x)), torch, x


def test_jacobian_against_torch(case):
    f, f_torch, torch, x = case
    want = torch.func.jacrev(f_torch)(torch.tensor(x)).numpy()
    got = jacobian(f)(x)
    assert is_array(got) and got.dtype == np.float64
    close(got, want)


def test_jvp_and_vjp_against_torch(case):
    f, f_torch, torch, x = case
    v = np.random.default_rng(1).normal(size=x.shape)
    want_y, want = torch.func.jvp(f_torch, (torch.tensor(x),), (torch.tensor(v),))
    y, dy = jvp(f, (x,), (v,))
    close(y, want_y), close(dy, want)
    g = np.random.default_rng(2).normal(size=y.shape)
    y, pullback = vjp(f, x)
    (dx,) = pullback(g)
    close(dx, torch.func.vjp(f_torch, torch.tensor(x))[1](torch.tensor(g))[0])
    assert is_array(y) and is_array(dy) and is_array(dx)


def test_second_derivatives_against_torch(case):
    f, f_torch, torch, x = case
    weights = np.random.default_rng(3).normal(size=np.shape(f(Tensor(x))))

    def one(x):
        return (f(x) * weights).sum()

    def one_torch(x):
        return (f_torch(x) * torch.tensor(weights)).sum()

    want = torch.func.hessian(one_torch)(torch.tensor(x)).numpy()
    close(hessian(one)(x), want)
    v = np.random.default_rng(4).normal(size=x.shape)
    product = np.tensordot(want, v, x.ndim)
    close(hvp(one)(x, v), product)
    close(jvp(grad(one), (x,), (v,))[1], product)  # forward over reverse
    close(grad(lambda x: jvp(one, (x,), (v,))[1])(x), product)  # reverse over forward
    close(vjp(grad(one), x)[1](v)[0], product)


def test_third_derivatives_against_torch(case):
    f, f_torch, torch, x = case
    x = x.reshape(-1)[:3].reshape((3,) if x.ndim else ()) if x.ndim < 2 else x
    third = torch.func.jacrev(torch.func.hessian(lambda x: f_torch(x).sum()))(torch.tensor(x)).numpy()
    close(jacobian(hessian(lambda x: f(x).sum()))(x), third)


def test_fourth_derivatives_against_torch(case):
    """In one direction, four times over."""
    f, f_torch, torch, x = case
    v = np.random.default_rng(5).normal(size=x.shape)

    def along(f, grad, v):
        return lambda x: (grad(f)(x) * v).sum()

    ours, theirs = (lambda x: f(x).sum()), (lambda x: f_torch(x).sum())
    for _ in range(4):
        ours, theirs = along(ours, grad, v), along(theirs, torch.func.grad, torch.tensor(v))
    want = float(theirs(torch.tensor(x)))
    close(ours(Tensor(x)).data, want)
    forward = lambda x: f(x).sum()  # noqa: E731
    for _ in range(4):
        forward = lambda x, g=forward: jvp(g, (x,), (v,))[1]  # noqa: E731
    close(forward(x), want)


def test_moons_loss_against_torch():
    torch = pytest.importorskip("torch")
    labels = (np.arange(4) % 2)[:, None].astype(float)
    params = {"w": W1, "b": np.zeros(5), "out": (W2[:, :1], np.array([0.5]))}

    def loss(p):
        h = tg.relu(tg.linear(X, p["w"], p["b"]))
        return tg.sigmoid_cross_entropy(tg.linear(h, *p["out"]), labels)

    def loss_torch(p):
        h = (torch.tensor(X) @ p["w"] + p["b"]).relu()
        z = h @ p["out"][0] + p["out"][1]
        return torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(labels))

    as_torch = {"w": torch.tensor(W1), "b": torch.zeros(5, dtype=torch.float64)}
    as_torch["out"] = (torch.tensor(W2[:, :1]), torch.tensor([0.5], dtype=torch.float64))
    got, want = grad(loss)(params), torch.func.grad(loss_torch)(as_torch)
    close(got["w"], want["w"]), close(got["b"], want["b"])
    close(got["out"][0], want["out"][0]), close(got["out"][1], want["out"][1])
    v = {"w": W1 + 1, "b": np.ones(5), "out": (W2[:, 1:], np.array([2.0]))}
    v_torch = {"w": torch.tensor(v["w"]), "b": torch.tensor(v["b"]), "out": tuple(map(torch.tensor, v["out"]))}
    got = hvp(loss)(params, v)
    want = torch.func.jvp(torch.func.grad(loss_torch), (as_torch,), (v_torch,))[1]
    close(got["w"], want["w"]), close(got["b"], want["b"])
    close(got["out"][0], want["out"][0]), close(got["out"][1], want["out"][1])
    got, want = hessian(loss)(params), torch.func.hessian(loss_torch)(as_torch)
    close(got["w"]["out"][0], want["w"]["out"][0])
    close(got["out"][1]["b"], want["out"][1]["b"])


# Every function of the table ------------------------------------------------------------------------------------------


def drawn(like, rng):
    def one(t):
        return rng.normal(size=t.shape) + (1j * rng.normal(size=t.shape) if t.dtype.kind == "c" else 0)

    return [np.asarray(one(t), t.dtype) for t in like]


def total(*pairs):
    return sum(np.sum(np.real(a * b)) for a, b in zip(*pairs, strict=True))


def every_tensor(y):
    return [t for part in y for t in every_tensor(part)] if isinstance(y, list | tuple) else [y] * isinstance(y, Tensor)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_forward_mode_and_rows_of_every_function():
    """The modes are transposes, <w, J v> = <J^T w, v>; and many vectors at once give what each one gives."""
    rng = np.random.default_rng(0)
    for case in CASES:
        values = case.draw()

        def f(*args, case=case):
            return every_tensor(case.call(list(args)))

        trace = Trace("test", f, range(len(values)), tuple(values), {})
        vs, ws = ([drawn(like, rng) for _ in range(2)] for like in (trace.inputs, trace.outputs))
        forward, backward = [trace.push(v) for v in vs], [trace.pull(w) for w in ws]
        for v, w, dy, dx in zip(vs, ws, forward, backward, strict=True):
            assert [(d.shape, d.dtype) for d in dy] == [(y.shape, y.dtype) for y in trace.outputs], case
            size = 1 + sum(np.sum(np.abs(a * b)) for a, b in zip(w, dy, strict=True))
            assert abs(total(w, dy) - total(dx, v)) < 1e-10 * size, case
        for walk, seeds, want in ((trace.push, vs, forward), (trace.pull, ws, backward)):
            together = walk([Rows(np.stack(s)) for s in zip(*seeds, strict=True)])
            for found, apart in zip(together, zip(*want, strict=True), strict=True):
                stack = found.stack if isinstance(found, Rows) else np.stack([found, found])  # zeros
                np.testing.assert_allclose(stack, np.stack(apart), rtol=1e-9, atol=1e-10, err_msg=repr(case))


# Nested functions that close over each other's variables -------------------------------------------------------------


def test_perturbation_confusion():
    """Siskind and Pearlmutter, Nesting forward-mode AD in a functional framework, 2008; and variations on it."""

    def by_jvp(f):
        return lambda x: jvp(f, (x,), (1.0,))[1]

    for d in (grad, by_jvp, jacobian):
        for e in (grad, by_jvp, jacobian):
            close(d(lambda x, e=e: x * e(lambda y: x + y)(1.0))(1.0), 1.0)
            close(d(lambda x, e=e: x * e(lambda y: x * y)(2.0))(3.0), 6.0)
            close(d(lambda x, e=e: e(lambda y: x * y * y)(x))(3.0), 12.0)  # 2 x y at y = x is 2 x^2
            close(d(lambda x, e=e: e(lambda x: x * x)(x) * x)(3.0), 12.0)  # the same name inside
            close(d(lambda x, e=e: x * e(lambda y: 0 * y + 1 * x)(1.0))(5.0), 0.0)


def test_three_levels():
    """d/dx of x d/dy of y d/dz of x y z: at x = 2, y = 3 that is d/dx (x * 2 y x) = 4 x y."""
    f = grad(lambda x: x * grad(lambda y: y * grad(lambda z: x * y * z)(5.0))(3.0))
    close(f(2.0), 4 * 2.0 * 3.0)


def test_amazing_bug():
    """Manzyuk et al., Perturbation confusion in forward automatic differentiation of higher-order functions, 2019: the
    derivative of a function that takes a function and gives one."""

    def shift(offset):
        return lambda f: lambda x: f(x + offset)

    def d(f):
        return lambda x: jvp(f, (x,), (1.0,))[1]

    hat = lambda f: lambda x: d(lambda offset: shift(offset)(f)(x))(0.0)  # noqa: E731
    close(hat(hat(np.exp))(1.0), np.exp(1.0))


def test_a_pullback_used_inside_another_trace():
    _, pullback = vjp(lambda x: x**3, 2.0)
    close(grad(lambda g: pullback(g)[0] * g)(5.0), 2 * 12.0 * 5.0)  # d/dg of 12 g^2


# Closures and Tensors ------------------------------------------------------------------------------------------------


def test_a_closure_over_a_tensor_stays_connected():
    w = Tensor([2.0, 3.0])
    value, gradient = value_and_grad(lambda x: (x**2 * w**2).sum())(np.array([1.0, 5.0]))
    assert isinstance(value, Tensor) and isinstance(gradient, Tensor)
    close(gradient.data, [8.0, 90.0])
    gradient.sum().backward()
    close(w.grad, [8.0, 60.0])  # d/dw of 2 x w^2 = 4 x w
    w.zero_grad()
    value.backward()
    close(w.grad, [4.0, 150.0])


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: grad(f)(x).sum(),
        lambda f, x: hvp(f)(x, np.ones(2)).sum() + grad(f)(x).sum(),
        lambda f, x: hessian(f)(x).sum(),
        lambda f, x: jacobian(grad(f))(x).sum(),
        lambda f, x: jvp(f, (x,), (np.ones(2),))[1],
        lambda f, x: vjp(f, x)[1](1.0)[0].sum(),
    ],
)
def test_closures_in_every_transform(transform):
    """The outer derivative is compared with a difference of the inner one."""
    x = np.array([0.5, 1.5])

    def result(w):
        return transform(lambda x: (np.sin(x * w) * w**2).sum(), x)

    w = Tensor(0.8)
    result(w).backward()
    h = 1e-6
    with no_grad():
        numeric = (float(result(Tensor(0.8 + h))) - float(result(Tensor(0.8 - h)))) / (2 * h)
    close(w.grad, numeric, rtol=1e-7)


def test_a_parameter_that_does_not_depend_on_the_input_is_not_walked_into():
    calls = []

    def counted(g, y, x):
        calls.append(1)
        return g * 2

    twice = tg.derivative(lambda x: x * 2, counted)
    w = Tensor(1.0)
    before = twice(w)
    close(grad(lambda x: x * before * twice(w))(3.0).data, 4.0)
    assert not calls


def test_arrays_in_arrays_out_tensors_in_tensors_out():
    x = np.array([1.0, 2.0])
    f = lambda x: (x**3).sum()  # noqa: E731
    for t in (Tensor(x), Tensor(x, requires_grad=False)):
        results = [
            *value_and_grad(f)(t),
            *vjp(f, t)[1](1.0),
            vjp(f, t)[0],
            *jvp(f, (t,), (x,)),
            jacobian(f)(t),
            hessian(f)(t),
            hvp(f)(t, x),
            laplacian(f)(t),
        ]
        for r in results:
            assert isinstance(r, Tensor) and r.requires_grad == t.requires_grad
    results = [
        *value_and_grad(f)(x),
        *vjp(f, x)[1](1.0),
        vjp(f, x)[0],
        *jvp(f, (x,), (x,)),
        jacobian(f)(x),
        hessian(f)(x),
        hvp(f)(x, x),
        laplacian(f)(x),
    ]
    assert all(is_array(r) for r in results)


def test_results_of_tensors_are_differentiated_again_by_backward():
    x = Tensor([1.0, 2.0])
    grad(lambda x: (x**3).sum())(x).sum().backward()
    close(x.grad, [6.0, 12.0])
    v = Tensor([1.0, 10.0])
    dy = jvp(lambda x: x**2, (np.array([3.0, 4.0]),), (v,))[1]
    dy.sum().backward()
    close(v.grad, [6.0, 8.0])
    g = Tensor([1.0, 10.0])
    vjp(lambda x: x**2, np.array([3.0, 4.0]))[1](g)[0].sum().backward()
    close(g.grad, [6.0, 8.0])
    t = Tensor([1.0, 2.0])
    hessian(lambda x: (x**4).sum())(t).sum().backward()
    close(t.grad, [24.0, 48.0])


def test_gradients_are_the_callers_own_arrays():
    """Writable, and shared with nobody: not with each other, the arguments, or what the caller passed in."""
    x, y = np.ones(3), np.ones(3)
    a, b = grad(lambda x, y: (x + y).sum(), (0, 1))(x, y)
    g = np.ones(3)
    (c,) = vjp(lambda x: x, x)[1](g)
    v = np.ones(3)
    d = jvp(lambda x: x, (x,), (v,))[1]
    arrays = [x, y, a, b, g, c, v, d]
    for i, p in enumerate(arrays):
        p += i + 1.0
    for i, p in enumerate(arrays):
        close(p, np.full(3, i + 2.0))


def test_no_grad_around_and_inside():
    w = Tensor(3.0)
    with no_grad():
        close(grad(grad(lambda x: x**3))(2.0), 12.0)
        inside = grad(lambda x: w * x**2)(2.0)
        assert isinstance(inside, Tensor) and not inside.requires_grad
        close(inside.data, 12.0)
        assert not grad(lambda x: x**2)(w).requires_grad
        close(jvp(lambda x: x**2 * w, (2.0,), (1.0,))[1].data, 12.0)
        close(hessian(lambda x: x**2 * w)(2.0).data, 6.0)

    def f(x):
        with no_grad():
            inner = grad(lambda y: y**2 * x)(1.0)  # a constant for the outer one
        return inner * x

    close(grad(f)(5.0), 10.0)


def test_threads():
    found = {}

    def work(k):
        with no_grad() if k % 2 else tg.enable_grad():
            found[k] = [float(grad(grad(lambda x: np.sin(x * k) * x))(0.5)) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 7)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k, values in found.items():
        close(values, 2 * k * np.cos(k * 0.5) - k**2 * np.sin(k * 0.5) * 0.5)
    assert len(found) == 6


# Arguments and outputs -----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Params:
    weight: np.ndarray
    bias: float
    name: str = "linear"
    extra: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: np.ndarray


Pair = namedtuple("Pair", "a b")


def test_structures():
    f = lambda p: (p.weight * 2 + p.bias).sum() ** 2 if p.name == "linear" else None  # noqa: E731
    p = Params(np.array([1.0, 2.0]), 0.5)
    g = grad(f)(p)
    assert isinstance(g, Params) and g.name is None and g.extra is None
    close(g.weight, [28.0, 28.0]), close(g.bias, 28.0)
    assert p.bias == 0.5 and p.name == "linear"
    close(grad(lambda p: (p.w**2).sum())(Frozen(np.ones(2))).w, [2.0, 2.0])

    g = grad(lambda p: p.a * p.b[0] * p.b[1]["c"])(Pair(2.0, [3.0, OrderedDict(c=4.0)]))
    assert isinstance(g, Pair) and isinstance(g.b, list) and isinstance(g.b[1], OrderedDict)
    assert [float(g.a), float(g.b[0]), float(g.b[1]["c"])] == [12.0, 8.0, 6.0]

    h = hessian(lambda p: p["a"] ** 2 * p["b"].sum())({"a": 3.0, "b": np.ones(2)})
    close(h["a"]["a"], 4.0), close(h["a"]["b"], [6.0, 6.0]), close(h["b"]["a"], [6.0, 6.0])
    close(h["b"]["b"], np.zeros((2, 2)))

    y, dy = jvp(
        lambda p: {"sum": p["a"] + p["b"], "all": (p["a"] * 2,)}, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 5.0},)
    )
    assert y == {"sum": 3.0, "all": (2.0,)} and dy == {"sum": 6.0, "all": (10.0,)}

    y, pullback = vjp(lambda p, q: [p[0] * q, None, q * 3], (2.0, 7.0), 5.0)
    assert y == [10.0, None, 15.0] and pullback([1.0, None, 1.0]) == ((5.0, 0.0), 5.0)


def test_several_outputs():
    f = lambda x, y: (x * y, np.sum(x) + y)  # noqa: E731
    x, y = np.array([1.0, 2.0]), 3.0
    (a, b), pullback = vjp(f, x, y)
    close(a, [3.0, 6.0]), close(b, 6.0)
    dx, dy = pullback((np.array([1.0, 10.0]), 100.0))
    close(dx, [103.0, 130.0]), close(dy, 121.0)
    (a, b) = jacobian(f, (0, 1))(x, y)
    close(a[0], 3 * np.eye(2)), close(a[1], x), close(b[0], [1.0, 1.0]), close(b[1], 1.0)
    (_, _), (da, db) = jvp(f, (x, y), (np.ones(2), 1.0))
    close(da, [4.0, 5.0]), close(db, 3.0)
    same = jacobian(lambda x: (x, x, x * 2))(x)  # one Tensor twice
    close(same[0], np.eye(2)), close(same[1], np.eye(2)), close(same[2], 2 * np.eye(2))


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


def test_argnum():
    f = lambda a, b, c=2.0: a * b**2 * c  # noqa: E731
    close(grad(f, 1)(3.0, 5.0), 60.0)
    close(grad(f, -1)(3.0, 5.0), 60.0)
    close(grad(f, (1, 0))(3.0, 5.0), [60.0, 50.0])
    assert isinstance(grad(f, (1,))(3.0, 5.0), tuple)
    close(grad(f)(3.0, 5.0, c=10.0), 250.0)
    close(hvp(f, (0, 1))(3.0, 5.0, (1.0, 0.0)), [0.0, 20.0])
    close(hessian(f, (0, 1))(3.0, 5.0)[0][1], 20.0)
    with pytest.raises(TypeError, match="2 positional arguments"):
        grad(f, 2)(3.0, 5.0)
    with pytest.raises(ValueError, match="twice"):
        grad(f, (0, -2))(3.0, 5.0)


def test_dtypes_and_shapes():
    for dtype in (np.float16, np.float32, np.float64):
        x = np.array([1.0, 2.0], dtype)
        f = lambda x: (x**2 * 0.5).sum()  # noqa: E731
        for r in (grad(f)(x), hvp(f)(x, x), hessian(f)(x), jacobian(f)(x), jvp(f, (x,), (x,))[1]):
            assert r.dtype == dtype
    assert grad(lambda x: x**2)(3).dtype == np.float64
    close(grad(lambda x: x[0] ** 2 * x[1])([1, 2]), [4.0, 1.0])  # a list is a structure, here of two numbers
    close(grad(lambda x: x**2)(np.array([[3.0]])), [[6.0]])  # any output of size 1
    assert hessian(lambda x: (x**2).sum())(np.ones((2, 1))).shape == (2, 1, 2, 1)


def test_empty_and_0d():
    empty = np.zeros((0, 2))
    f = lambda x: (x**2).sum()  # noqa: E731
    assert grad(f)(empty).shape == (0, 2)
    assert hessian(f)(empty).shape == (0, 2, 0, 2)
    assert jacobian(lambda x: x * 2)(empty).shape == (0, 2, 0, 2)
    assert jacobian(lambda x: x[0])(empty[None]).shape == (0, 2, 1, 0, 2)
    assert jvp(lambda x: x * 2, (empty,), (empty,))[1].shape == (0, 2)
    assert hvp(f)(empty, empty).shape == (0, 2)
    assert hessian(lambda x: x**2)(np.array(3.0)).shape == ()
    assert jacobian(lambda x: np.zeros((0,)) * x)(2.0).shape == (0,)


def test_constant_outputs_and_unused_arguments():
    close(grad(lambda x, y: y * 2, 0)(Tensor([1.0, 2.0]), Tensor(1.0)).data, [0.0, 0.0])
    close(grad(lambda x, y: y * 2, (0, 1))(np.ones(2), 1.0)[0], [0.0, 0.0])
    close(hessian(lambda x: (x * 3).sum())(np.ones(2)), np.zeros((2, 2)))
    close(jacobian(lambda x: Tensor([1.0, 2.0], requires_grad=False))(np.ones(3)), np.zeros((2, 3)))
    close(jvp(lambda x: Tensor([1.0, 2.0]), (1.0,), (1.0,))[1], [0.0, 0.0])
    close(grad(grad(grad(lambda x: x * x)))(1.0), 0.0)


@pytest.mark.parametrize(
    "output, named",
    [
        (lambda x: x > 0, "bool"),
        (lambda x: 3.0, "float 3.0"),
        (lambda x: x.data.sum(), "float64"),
        (lambda x: x * 1j, "complex128"),
        (lambda x: None, "None"),
        (lambda x: (x, x), "tuple"),
        (lambda x: np.stack([x, x]), r"\(2,\)"),
        (lambda x: np.sign(x), "float64"),
        (lambda x: "text", "text"),
    ],
)
def test_grad_refuses_what_is_not_one_real_number(output, named):
    with pytest.raises(TypeError, match=named):
        grad(output)(2.0)


def test_errors_say_what_to_do():
    x = np.ones(3)
    with pytest.raises(TypeError, match="no number"):
        grad(lambda x: x)("a")
    with pytest.raises(TypeError, match="numbers"):
        grad(lambda x: x)(object())
    with pytest.raises(ValueError, match=r"tangent \[0\] has shape \(2,\)"):
        jvp(lambda x: x, (x,), (np.ones(2),))
    with pytest.raises(TypeError, match="complex128"):
        jvp(lambda x: x, (x,), (x * 1j,))
    with pytest.raises(ValueError, match="structure"):
        jvp(lambda x, y: x, (x, x), (x,))
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        vjp(lambda x: x, x)[1](np.ones(2))
    with pytest.raises(ValueError, match="structure"):
        vjp(lambda x: (x, x), x)[1](x)
    with pytest.raises(ValueError, match="laplacian"):
        laplacian(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="changed"):

        def f(x):
            y = x * 2
            x.data = np.zeros(3)
            return y.sum()

        grad(f)(x)


def test_names():
    def loss(x):
        return x

    assert grad(loss).__name__ == "grad(loss)" and hessian(loss).__name__ == "hessian(loss)"


# Complex numbers -----------------------------------------------------------------------------------------------------


def test_complex_against_torch():
    torch = pytest.importorskip("torch")
    z = np.array([1 + 2j, -0.5 + 0.3j])

    def f(z):
        return np.sum(np.abs(z) ** 3 * np.real(z * z)) + np.sum(np.imag(np.exp(z)))

    def f_torch(z):
        return (z.abs() ** 3 * (z * z).real).sum() + z.exp().imag.sum()

    close(grad(f)(z), torch.func.grad(f_torch)(torch.tensor(z)).numpy())
    v = np.array([0.3 - 1j, 2j])
    close(jvp(f, (z,), (v,))[1], torch.func.jvp(f_torch, (torch.tensor(z),), (torch.tensor(v),))[1].numpy())
    want = torch.func.vjp(torch.func.grad(f_torch), torch.tensor(z))[1](torch.tensor(v))[0].numpy()
    close(hvp(f)(z, v), want)
    g = np.array([1 - 1j, 0.5j])
    close(
        vjp(lambda z: np.sin(z) * z, z)[1](g)[0],
        torch.func.vjp(lambda z: z.sin() * z, torch.tensor(z))[1](torch.tensor(g))[0],
    )


def test_complex_jacobians():
    z = np.array([1 + 2j, -0.5 + 0.3j])
    close(jacobian(np.exp)(z), np.diag(np.exp(z)))  # holomorphic: the complex derivative
    close(jacobian(lambda z: np.abs(z) ** 2)(z), np.diag(2 * z))  # real: gradients
    x = np.array([0.3, 0.7])
    close(jacobian(lambda x: np.exp(1j * x))(x), np.diag(1j * np.exp(1j * x)))  # of a real variable
    with pytest.raises(TypeError, match="holomorphic"):
        jacobian(np.conj)(z)


# Cost ----------------------------------------------------------------------------------------------------------------


def test_hvp_of_rosenbrock_in_1000_dimensions_takes_linear_memory():
    n = 1000
    x = np.random.default_rng(0).normal(size=n)
    v = np.random.default_rng(1).normal(size=n)
    diagonal = np.zeros(n)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    want = diagonal * v
    want[:-1] -= 400 * x[:-1] * v[1:]
    want[1:] -= 400 * x[:-1] * v[:-1]
    product = hvp(rosenbrock)
    close(product(x, v), want, rtol=1e-10)
    gc.collect()
    tracemalloc.start()
    product(x, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * n * 8  # the Hessian itself would be 1000 of these


def count_rules(f):
    """How often rules are evaluated for an operation in the middle of f: once a pass."""
    calls = []

    def counted(g, y, x):
        calls.append(1)
        return g * 1

    marked = tg.derivative(lambda x: x * 1, counted)
    return lambda x: f(marked(x)), calls


def test_a_jacobian_costs_inputs_or_outputs_whichever_are_fewer():
    wide = np.random.default_rng(0).normal(size=(2, 50))
    f, calls = count_rules(lambda x: wide @ x)
    close(jacobian(f)(np.ones(50)), wide)
    assert len(calls) <= 2
    f, calls = count_rules(lambda x: wide.T @ x)
    close(jacobian(f)(np.ones(2)), wide.T)
    assert len(calls) <= 2


def test_no_graph_is_left_behind():
    """What a transform records goes when it returns, with the garbage collector switched off."""
    import weakref

    gc.collect()
    gc.disable()
    try:
        alive = []

        def f(x):
            y = x * 2
            alive.append(weakref.ref(y))
            return (y * y).sum()

        x = np.ones(3)
        value_and_grad(f)(x), hessian(f)(x), hvp(f)(x, x), jacobian(f)(x), jvp(f, (x,), (x,)), grad(grad(f))(1.0)
        assert alive and all(ref() is None for ref in alive)
    finally:
        gc.enable()


# laplacian, stop_gradient, create_graph ------------------------------------------------------------------------------


def test_laplacian():
    x = np.random.default_rng(0).normal(size=(5, 3))
    f = lambda x: np.sum(x**4, axis=-1) * np.exp(x[..., 0])  # noqa: E731
    want = [np.trace(hessian(f)(p)) for p in x]
    close(laplacian(f)(x), want)
    close(laplacian(f)(x[0]), want[0])
    close(grad(lambda x: laplacian(f)(x))(x[0]), jacobian(lambda x: np.trace(hessian(f)(x)))(x[0]))
    harmonic = lambda p: np.log(np.sum(p**2, axis=-1))  # noqa: E731
    close(laplacian(harmonic)(x[:, :2]), np.zeros(5), atol=1e-9)


def test_stop_gradient():
    close(grad(lambda x: x**2 * stop_gradient(x))(3.0), 18.0)
    close(grad(grad(lambda x: x**2 * stop_gradient(x**2)))(3.0), 18.0)
    close(grad(lambda x: stop_gradient({"a": [x]})["a"][0] * x)(3.0), 3.0)
    x = np.ones(2)
    assert stop_gradient(x) is x


def test_backward_with_create_graph():
    x = Tensor([1.0, 2.0])
    y = (x**3).sum()
    y.backward(create_graph=True)
    g = x.grad
    assert isinstance(g, Tensor)
    close(g.data, [3.0, 12.0])
    x.grad = None
    (g**2).sum().backward()
    close(x.grad, [2 * 3 * 6.0, 2 * 12 * 12.0])  # 2 g dg/dx
    x.grad = None
    y.backward(create_graph=True)
    y.backward()  # adds, as ever
    close(x.grad.data, [6.0, 24.0])
    with pytest.raises(ValueError, match="freed"):
        y.backward(create_graph=True, retain_graph=False)


def test_gradient_penalty_against_torch():
    """PyTorch style: the gradient with respect to the input is part of the loss."""
    torch = pytest.importorskip("torch")
    w, x = Tensor(W1[:, 0]), Tensor(X)
    out = np.tanh(x @ w).sum()
    out.backward(create_graph=True)
    penalty = (x.grad**2).sum()
    x.grad = w.grad = None
    penalty.backward()
    wt, xt = torch.tensor(W1[:, 0], requires_grad=True), torch.tensor(X, requires_grad=True)
    (gx,) = torch.autograd.grad((xt @ wt).tanh().sum(), xt, create_graph=True)
    (gx**2).sum().backward()
    close(w.grad, wt.grad.numpy()), close(x.grad, xt.grad.numpy())


def test_backward_with_create_graph_and_a_tensor_as_gradient():
    g, x = Tensor([1.0, 10.0]), Tensor([3.0, 4.0])
    with no_grad():
        pass
    (x**2).backward(g, create_graph=True)
    dx = x.grad
    x.grad = None
    dx.sum().backward()
    close(g.grad, [6.0, 8.0]), close(x.grad, [2.0, 20.0])


def test_backward_with_create_graph_of_complex_numbers():
    torch = pytest.importorskip("torch")
    z = Tensor([1 + 2j, 3 - 1j])
    np.sum(np.abs(z) ** 4).backward(create_graph=True)
    g = z.grad
    z.grad = None
    np.sum(np.real(g) * np.imag(g)).backward()
    zt = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    (gt,) = torch.autograd.grad((zt.abs() ** 4).sum(), zt, create_graph=True)
    (gt.real * gt.imag).sum().backward()
    close(g.data, gt.detach().numpy()), close(z.grad, zt.grad.numpy())


# check_grads ---------------------------------------------------------------------------------------------------------


def test_check_grads_accepts_what_is_right():
    x = np.array([[0.5, 1.5], [2.0, 3.0]])
    check_grads(lambda x, y: (np.sin(x) @ y, {"b": x.sum() / y}), x, x + 1, order=3)
    check_grads(lambda p: p["w"] * p["b"][0], {"w": x, "b": [2.0], "name": "linear"})
    check_grads(np.exp, np.array([1 + 2j, 0.5]))
    check_grads(lambda z: np.abs(z) ** 3, np.array([1 + 2j, 0.5]))
    check_grads(lambda x: (x**2).sum(), x.astype(np.float32))
    check_grads(lambda x: np.sum(x**3), np.random.default_rng(0).normal(size=500))
    check_grads(lambda x: x * 3, 2)
    check_grads(lambda x: x.sum(), np.zeros((0, 3)))


def test_check_grads_names_argument_element_and_size():
    wrong = tg.derivative(
        lambda a, b: a * b,
        lambda g, y, a, b: g * b,
        lambda g, y, a, b: g * a * np.array([[1.0, 1.0], [1.0, 3.0]]),
    )
    with pytest.raises(AssertionError) as error:
        check_grads(lambda p: wrong(p["a"], p["b"]).sum(), {"a": np.full((2, 2), 2.0), "b": np.ones((2, 2))})
    text = str(error.value)
    assert "1 of 8 derivatives of order 1 is wrong" in text
    assert "argument 0['b'], element (1, 1): 6 by the rules, 2" in text and "4 too large, 3 times" in text


def test_check_grads_tells_the_order():
    cut = tg.derivative(
        lambda x: x**3, lambda g, y, x: g * 3 * getattr(x, "data", x) ** 2 if isinstance(x, Tensor) else 3 * g * x**2
    )
    check_grads(cut, np.array([1.0, 2.0]), order=1)
    with pytest.raises(AssertionError, match="order 2") as error:
        check_grads(cut, np.array([1.0, 2.0]))
    assert ".data" in str(error.value) and "argument 0, element 0" in str(error.value)


def test_check_grads_finds_one_wrong_element_of_many():
    bad = np.ones(5000)
    bad[4321] = 2.0
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: g * bad)
    with pytest.raises(AssertionError, match="all elements together"):
        check_grads(lambda x: wrong(x).sum(), np.linspace(0, 1, 5000), order=1)


def test_check_grads_of_nan_and_of_complex():
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: g * np.nan)
    with pytest.raises(AssertionError, match="not finite"):
        check_grads(wrong, 1.0, order=1)
    wrong = tg.derivative(lambda x: x * 1.0, lambda g, y, x: np.conj(g))
    with pytest.raises(AssertionError, match="imaginary part"):
        check_grads(wrong, np.array([1 + 1j]), order=1)
