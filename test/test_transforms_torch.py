"""The transforms against torch.func: first to fourth derivatives, structures of parameters, complex numbers."""

import numpy as np
import pytest
from helpers import close, is_array

import tensorgrad as tg
from tensorgrad import Tensor, grad, hessian, hvp, jacobian, jvp, vjp

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch.func.jvp uses it itself

RNG = np.random.default_rng(0)
W1, W2, X = RNG.normal(size=(3, 5)), RNG.normal(size=(5, 2)), RNG.normal(size=(4, 3))


def network(lib, w1, w2, x):
    h = lib.tanh(x @ w1) if lib is np else (x @ w1).tanh()
    return h @ w2


FUNCTIONS = {  # a function of one array, written for either library, and where
    "network": (lambda lib, x: network(lib, to(lib, W1), to(lib, W2), x), X),
    "cubes and sums": (lambda lib, x: (x**3).sum(0) * lib.exp(-x).sum(), X),
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
