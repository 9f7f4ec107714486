"""Linear algebra where the table of cases doesn't reach: PyTorch, coinciding values, singular matrices, errors."""

import numpy as np
import pytest

from tensorgrad import Tensor, jvp
from tensorgrad.tensor import backpropagate

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def seeded():
    """Each test draws the same numbers, in whatever order they run."""
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


def random(*shape, dtype=float):
    a = rng.normal(size=shape)
    return a + 1j * rng.normal(size=shape) if dtype is complex else a


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def gradient(f, *values):
    tensors = [Tensor(v) for v in values]
    f(*tensors).backward()
    grads = [t.grad for t in tensors]
    return grads[0] if len(grads) == 1 else grads


def close(a, b, rtol=1e-9, atol=1e-9):
    np.testing.assert_allclose(a, b, rtol, atol)


# PyTorch: the same losses in both, to second order --------------------------------------------------------------------

# name: what is computed in a library `la` with functions `xp`, real and not dependent on a choice of vectors
LOSSES = {
    "solve": lambda xp, la, a, b: xp.sum(xp.abs(la.solve(a, b)) ** 2),
    "inv": lambda xp, la, a, b: xp.sum(xp.abs(la.inv(a) * b) ** 2),
    "pinv": lambda xp, la, a, b: xp.sum(xp.abs(la.pinv(a[..., :2]) @ b) ** 2),
    "det": lambda xp, la, a, b: xp.sum(xp.abs(la.det(a) + 1) ** 2),
    "slogdet": lambda xp, la, a, b: xp.sum(xp.abs(la.slogdet(a)[0] + 2) + la.slogdet(a)[1] ** 2),
    "matrix_power": lambda xp, la, a, b: xp.sum(xp.abs(la.matrix_power(a, -3) @ b) ** 2),
    "cholesky": lambda xp, la, a, b: xp.sum(xp.abs(la.cholesky(a @ adj(xp, a)) * b) ** 2),
    "qr": lambda xp, la, a, b: xp.sum(xp.abs(la.qr(a)[0] * b + la.qr(a)[1]) ** 2),
    "qr, tall": lambda xp, la, a, b: xp.sum(xp.abs(la.qr(a[..., :2])[0] + b[..., :2]) ** 2),
    "qr, wide": lambda xp, la, a, b: xp.sum(xp.abs(la.qr(a[..., :2, :])[1] + b[..., :2, :]) ** 2),
    "eigvalsh": lambda xp, la, a, b: xp.sum(la.eigvalsh(a + adj(xp, a)) ** 3),
    "eigh": lambda xp, la, a, b: xp.sum(xp.abs(la.eigh(a + adj(xp, a))[1]) ** 3 * xp.abs(b)),
    "eigvals": lambda xp, la, a, b: xp.sum(xp.abs(la.eigvals(a)) ** 3),
    "eig": lambda xp, la, a, b: xp.sum(xp.abs(la.eig(a)[1]) ** 3 * xp.abs(b)),
    "svdvals": lambda xp, la, a, b: xp.sum(la.svdvals(a) ** 3),
    "svd": lambda xp, la, a, b: of_vectors(xp, *la.svd(a), b),
    "svd, tall": lambda xp, la, a, b: of_vectors(xp, *la.svd(a[:, :2], False), b[:, :2]),
    "svd, wide": lambda xp, la, a, b: of_vectors(xp, *la.svd(a[:2], False), b[:2]),
    "norm": lambda xp, la, a, b: la.norm(a) + la.norm(a[0], 3) + la.norm(a[0], float("inf")) + la.norm(b[0], 1),
    "matrix norms": lambda xp, la, a, b: la.norm(a, "nuc") + la.norm(a, 2) ** 2 + la.norm(a, -2) + la.norm(b, 1),
    "cond": lambda xp, la, a, b: la.cond(a) + la.cond(b, -2),
    "tensorinv": lambda xp, la, a, b: xp.sum(xp.abs(la.tensorinv(a.reshape(3, 3, 1), ind=1)) ** 2),
    "tensorsolve": lambda xp, la, a, b: xp.sum(xp.abs(la.tensorsolve(a.reshape(3, 3, 1), b[0])) ** 2),
    "multi_dot": lambda xp, la, a, b: xp.sum(xp.abs(la.multi_dot([a, b[:, :1], b[:1], a])) ** 2),
    "cross": lambda xp, la, a, b: xp.sum(xp.abs(la.cross(a, b)) ** 2),
    "vecdot": lambda xp, la, a, b: xp.sum(xp.abs(la.vecdot(a, b)) ** 2),
}  # fmt: skip


def of_vectors(xp, u, s, vh, b):
    return xp.sum(xp.abs(u @ vh - b) ** 2) + xp.sum(xp.abs(u) ** 3) + xp.sum(xp.abs(vh) ** 3) + xp.sum(s)


def adj(xp, a):
    return xp.conj(xp.swapaxes(a, -1, -2)).resolve_conj() if xp is not np else adjoint(a)


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", LOSSES)
def test_as_in_pytorch(name, dtype):
    torch = pytest.importorskip("torch")
    a, b, u, v = (random(3, 3, dtype=dtype) for _ in range(4))

    x, z = Tensor(a), Tensor(b)
    L = LOSSES[name](np, np.linalg, x, z)
    flow = backpropagate(L, np.ones_like(L.data), create_graph=True)
    first = [np.conj(flow[t]) if t in flow else Tensor(np.zeros_like(a)) for t in (x, z)]
    (np.sum(np.real(np.conj(first[0]) * u)) + np.sum(np.real(np.conj(first[1]) * v))).backward()

    p, q = (torch.tensor(m, requires_grad=True) for m in (a, b))
    zero = sum((t * 0).abs().sum() for t in (p, q))  # so that both are in the graph
    M = LOSSES[name](torch, torch.linalg, p, q) + zero
    theirs = torch.autograd.grad(M, (p, q), create_graph=True)
    w = sum((t.conj() * torch.tensor(m)).real.sum() for t, m in zip(theirs, (u, v), strict=True)) + zero
    w.backward()

    close(L.data, M.item(), 1e-12)
    for ours, their in zip((first[0].data, first[1].data, x.grad, z.grad), (*theirs, p.grad, q.grad), strict=True):
        close(ours, their.detach().numpy(), 1e-7, 1e-8)


# Forward: values, types, what is passed on ----------------------------------------------------------------------------


def test_results_have_numpys_names():
    a = Tensor(random(3, 3))
    s = a + a.T
    for ours, theirs in [
        (np.linalg.eigh(s), np.linalg.eigh(s.data)),
        (np.linalg.eig(a), np.linalg.eig(a.data)),
        (np.linalg.svd(a), np.linalg.svd(a.data)),
        (np.linalg.svd(s, hermitian=True), np.linalg.svd(s.data, hermitian=True)),
        (np.linalg.qr(a), np.linalg.qr(a.data)),
        (np.linalg.slogdet(a), np.linalg.slogdet(a.data)),
    ]:
        assert type(ours) is type(theirs) and ours._fields == theirs._fields
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.data, other)
    assert np.linalg.eigh(s).eigenvectors.requires_grad


def test_what_is_constant_is_plain():
    a = Tensor(random(3, 3))
    assert type(np.linalg.matrix_rank(a)) is not Tensor and np.linalg.matrix_rank(a) == 3
    zeros = np.linalg.norm(Tensor([1.0, 0.0, 2.0]), 0)
    assert type(zeros) is not Tensor and zeros == 2
    assert np.linalg.lstsq(a, np.ones(3))[2] == 3


def test_cross_of_vectors_in_the_plane():
    """Which NumPy is about to give up: a0 b1 - a1 b0; beside a vector in space, the third component is 0."""
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 5.0])
    y = np.cross(a, b)
    y.backward()
    assert y.data == -1
    close(a.grad, [5, -3])
    close(b.grad, [-2, 1])
    np.testing.assert_array_equal(np.cross(a, [1.0, 1.0, 1.0]).data, [2, -1, -1])


def test_lists_stand_for_arrays():
    b = Tensor([1.0, 2.0])
    x = np.linalg.solve([[2, 0], [0, 4]], b)
    x.sum().backward()
    close(b.grad, [0.5, 0.25])


# Coinciding values, singular matrices, zero ---------------------------------------------------------------------------


def spread(*values):
    """A symmetric matrix with these eigenvalues."""
    q = np.linalg.qr(random(len(values), len(values)))[0]
    return q * values @ q.T


COINCIDING = {
    "identity": np.eye(3),
    "zero": np.zeros((3, 3)),
    "two": spread(1, 1, 2),
    "two and a rounding error": spread(1, 1 + 1e-15, 2),
    "batch": np.stack([spread(1, 2, 4), spread(3, 3, 3), spread(1, 2, 2)]),
    "complex": np.diag([1, 1, 2]) + 0j,
}


@pytest.mark.parametrize("a", COINCIDING.values(), ids=COINCIDING)
def test_functions_of_coinciding_values(a):
    """Functions of the values alone, beside their closed forms; tr(A^3) has the gradient 3 A^T^2, and so on."""
    square = 3 * np.swapaxes(a @ a, -1, -2)
    for f in (
        lambda a: np.sum(np.linalg.eigvalsh(a) ** 3),
        lambda a: np.sum(np.linalg.eigh(a)[0] ** 3),
        lambda a: np.sum(np.real(np.linalg.eigvals(a) ** 3)),
    ):
        close(gradient(f, a), np.conj(square))
    fourth = 4 * a @ a @ a
    close(gradient(lambda a: np.sum(np.linalg.svdvals(a) ** 4), a), fourth)
    close(gradient(lambda a: np.sum(np.linalg.svd(a)[1] ** 4), a), fourth)
    close(gradient(lambda a: np.sum(np.linalg.svd(a, hermitian=True)[1] ** 4), a), fourth)
    close(jvp(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), (a,), (a,))[1], np.sum(np.linalg.eigvalsh(a) ** 3) * 3)


def test_other_vectors_than_those_of_coinciding_values():
    """The vector of the single value is determined: |v_0|^3, by differences."""
    a, c = spread(2, 1, 1), random(3, 3)
    c = c + c.T
    for f in (lambda a: np.linalg.eigh(a)[1][:, 2], lambda a: np.linalg.svd(a)[0][:, 0]):
        g = gradient(lambda a, f=f: np.sum(np.abs(f(a)) ** 3), a)
        difference = (np.sum(np.abs(f(a + 1e-6 * c)) ** 3) - np.sum(np.abs(f(a - 1e-6 * c)) ** 3)) / 2e-6
        close(np.sum(g * c), difference, 1e-7)


def square(a):
    w, v = np.linalg.eigh(a)
    return (v * w**2) @ adjoint(v)


def rebuilt(a):
    u, s, vh = np.linalg.svd(a)
    return (u * s) @ vh


@pytest.mark.parametrize("f", [square, rebuilt])
def test_vectors_of_coinciding_values_are_an_error_or_nan(f):
    """From one choice of vectors the gradient can't be found, and a number would be wrong: these losses have one."""
    weight = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="vectors that belong to coinciding values"):
        gradient(lambda a: np.sum(f(a) * weight), np.eye(3))
    assert np.isnan(jvp(f, (np.eye(3),), (weight,))[1]).any()
    close(gradient(lambda a: np.sum(square(a) * weight), spread(1, 2, 3)).shape, (3, 3))


def test_second_derivative_where_values_coincide_is_an_error():
    a = Tensor(np.eye(2))
    y = np.sum(np.linalg.eigvalsh(a) ** 3)
    flow = backpropagate(y, np.ones(()), create_graph=True)
    with pytest.raises(ValueError, match="coinciding"):
        np.sum(flow[a] * np.array([[0.0, 1.0], [1.0, 0.0]])).backward()


@pytest.mark.parametrize("rank", range(5))
@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
def test_det_of_any_rank(rank, dtype):
    """The cofactors, one by one, as determinants of what is left without a row and a column."""
    a = random(4, rank, dtype=dtype) @ random(rank, 4, dtype=dtype)
    rest = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(4)] for i in range(4)]
    cofactors = [[(-1) ** (i + j) * np.linalg.det(rest[i][j]) for j in range(4)] for i in range(4)]
    close(gradient(lambda a: np.sum(np.real(np.linalg.det(a))), a), np.conj(cofactors))


def test_det_of_exactly_singular_matrices_in_a_stack():
    a = np.array([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[3.0, 1.0], [0.0, 2.0]]])
    close(gradient(lambda a: np.sum(np.linalg.det(a)), a), [[[4, -2], [-2, 1]], [[0, 0], [0, 0]], [[2, 0], [-1, 3]]])


@pytest.mark.parametrize("order", [None, 1, 2, 3, 2.5, 0.5, np.inf, -np.inf, -2, "fro", "nuc"])
def test_norms_have_the_gradient_0_at_0(order):
    for a in (np.zeros(3), np.zeros((2, 3)), np.zeros((2, 2), complex)):
        if (a.ndim == 1 and isinstance(order, str)) or (a.ndim == 2 and order in (3, 2.5, 0.5)):
            continue
        if order == -2 and a.ndim == 1:
            continue  # divides by 0
        np.testing.assert_array_equal(gradient(lambda a: np.linalg.norm(a, order) + 0 * np.sum(np.real(a)), a), 0)
    a = np.array([[0.0, 0.0], [3.0, 4.0]])
    close(gradient(lambda a: np.sum(np.linalg.norm(a, axis=1)), a), [[0, 0], [0.6, 0.8]])


def test_equal_largest_elements_share_the_gradient():
    close(gradient(lambda a: np.linalg.norm(a, np.inf), np.array([2.0, -2.0, 1.0])), [0.5, -0.5, 0])
    close(gradient(lambda a: np.linalg.norm(a, 2), np.eye(2)), np.eye(2) / 2)


# What has no gradient ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda a: np.linalg.eigh(a + adjoint(a))[1], "eigh: the loss depends on the phases"),
        (lambda a: np.linalg.eig(a)[1], "eig: the loss depends on the phases"),
        (lambda a: np.linalg.svd(a)[0], "svd: the loss depends on the phases"),
        (lambda a: np.linalg.svd(a[:, :2])[0][:, 2:] ** 3, "svd: the loss depends on the vectors after the first 2"),
        (lambda a: np.linalg.qr(a[:, :2], "complete")[0] ** 3, "qr: the loss depends on the vectors after the first 2"),
    ],
)
def test_losses_that_depend_on_an_arbitrary_choice(f, message):
    a, weight = random(4, 4, dtype=complex), random(1)
    with pytest.raises(ValueError, match=message):
        gradient(lambda a: np.sum(np.real(f(a) * weight)), a)


def test_a_constant_made_of_vectors_is_no_error():
    """|V|^2 sums to 1 for each vector: its gradient is 0 but for rounding."""
    a = random(3, 3, dtype=complex)
    close(gradient(lambda a: np.sum(np.abs(np.linalg.eigh(a + adjoint(a))[1]) ** 2), a), 0)
    close(
        gradient(lambda a: np.sum(np.abs(adjoint(v := np.linalg.eigh(a)[1]) @ v - np.eye(3)) ** 2), a + adjoint(a)), 0
    )


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda t: np.linalg.qr(t, "raw"), TypeError, "qr: mode='raw'"),
        (lambda t: np.linalg.inv(t[:1]), np.linalg.LinAlgError, "inv of shapes"),
        (lambda t: np.linalg.solve(t, np.ones(3)), ValueError, "solve of shapes"),
        (lambda t: np.linalg.lstsq(t, np.ones(3)), np.linalg.LinAlgError, "lstsq: shapes"),
        (lambda t: np.linalg.tensorsolve(t, np.ones(3)), np.linalg.LinAlgError, "tensorsolve: shapes"),
        (lambda t: np.linalg.tensorinv(t, 0), ValueError, "tensorinv: ind"),
        (lambda t: np.linalg.matrix_power(t[:1], 2), np.linalg.LinAlgError, "matrix_power: matrices"),
        (lambda t: np.linalg.multi_dot([t, np.ones(3)]), ValueError, "multi_dot: shapes"),
        (lambda t: np.linalg.multi_dot([t]), ValueError, "multi_dot: shapes"),
        (lambda t: np.linalg.multi_dot([t, t], out=np.ones((2, 2))), TypeError, "multi_dot: out="),
        (lambda t: np.linalg.norm(t, 7), ValueError, "norm: ord=7"),
        (lambda t: np.linalg.norm(t[0], "fro"), ValueError, "norm: ord='fro'"),
        (lambda t: np.linalg.norm(t[None], 2), ValueError, "norm: shape"),
        (lambda t: np.linalg.norm(t, 2, (0, 0)), ValueError, "norm: shape"),
        (lambda t: np.linalg.cross(t, t), ValueError, "cross: shapes"),
        (lambda t: np.linalg.outer(t, t), ValueError, "outer: vectors"),
        (lambda t: np.linalg.cholesky(-t), np.linalg.LinAlgError, "cholesky of shapes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.eye(2)))


# In use ---------------------------------------------------------------------------------------------------------------


def test_likelihood_of_a_gaussian_in_three_ways():
    """-log p(y) = (y^T K^-1 y + log|K|) / 2 by solve and slogdet, by cholesky, and by eigh."""
    b, y = random(4, 4), random(4)

    def direct(b):
        k = b @ b.T + np.eye(4)
        return (y @ np.linalg.solve(k, y) + np.linalg.slogdet(k)[1]) / 2

    def by_cholesky(b):
        lower = np.linalg.cholesky(b @ b.T + np.eye(4))
        z = np.linalg.solve(lower, y)
        return z @ z / 2 + np.sum(np.log(np.diagonal(lower)))

    def by_eigh(b):
        w, v = np.linalg.eigh(b @ b.T + np.eye(4))
        return (np.sum((y @ v) ** 2 / w) + np.sum(np.log(w))) / 2

    k = b @ b.T + np.eye(4)
    a = np.linalg.solve(k, y)
    expected = (np.linalg.inv(k) - np.outer(a, a)) @ b
    for f in (direct, by_cholesky, by_eigh):
        close(gradient(f, b), expected)


def test_a_step_along_the_gradient_leaves_a_matrix_symmetric():
    a = spread(1, 2, 3)
    for f in (
        lambda a: np.linalg.cholesky(a)[2, 0],
        lambda a: np.linalg.eigh(a)[1][0, 0],
        lambda a: np.linalg.eigvalsh(a)[0],
    ):
        g = gradient(f, a)
        close(g, g.T)


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
def test_forward_mode(dtype):
    """The tangent by the same rules transposed, and by differences."""
    a, v = random(3, 3, dtype=dtype), random(3, 3, dtype=dtype)
    for f in (
        np.linalg.inv,
        np.linalg.det,
        lambda a: np.linalg.cholesky(a @ adjoint(a)),
        lambda a: np.linalg.qr(a)[1],
        lambda a: np.abs(np.linalg.eigh(a + adjoint(a))[1]),
        lambda a: np.abs(np.linalg.eig(a)[1]),
        lambda a: np.abs(np.linalg.svd(a)[2]),
        lambda a: np.linalg.norm(a, "nuc"),
        lambda a: np.linalg.pinv(a[:2]),
    ):
        close(jvp(f, (a,), (v,))[1], (f(a + 1e-6 * v) - f(a - 1e-6 * v)) / 2e-6, 1e-6, 1e-6)
