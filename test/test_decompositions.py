"""Decompositions beyond the table of cases: PyTorch, coinciding values, arbitrary choices, errors."""

import numpy as np
import pytest
from duck import StrictDuck
from helpers import gradient
from linear_algebra import adjoint, check_against_pytorch, close, random, restart, symmetric

from tensorgrad import Tensor, jvp
from tensorgrad.engine import backpropagate


@pytest.fixture(autouse=True)
def seeded():
    restart()


# PyTorch: the same losses in both, to second order --------------------------------------------------------------------

LOSSES = {
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
}  # fmt: skip


def of_vectors(xp, u, s, vh, b):
    return xp.sum(xp.abs(u @ vh - b) ** 2) + xp.sum(xp.abs(u) ** 3) + xp.sum(xp.abs(vh) ** 3) + xp.sum(s)


def adj(xp, a):
    """The adjoint, in the library xp."""
    return xp.conj(xp.swapaxes(a, -1, -2)).resolve_conj() if xp is not np else adjoint(a)


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", LOSSES)
def test_as_in_pytorch(name, dtype):
    check_against_pytorch(pytest.importorskip("torch"), LOSSES[name], dtype)


# Values and types -----------------------------------------------------------------------------------------------------


def test_results_have_numpys_names():
    a = Tensor(random(3, 3))
    s = a + a.T
    for ours, theirs in [
        (np.linalg.eigh(s), np.linalg.eigh(s.data)),
        (np.linalg.eig(a), np.linalg.eig(a.data)),
        (np.linalg.svd(a), np.linalg.svd(a.data)),
        (np.linalg.svd(s, hermitian=True), np.linalg.svd(s.data, hermitian=True)),
        (np.linalg.qr(a), np.linalg.qr(a.data)),
    ]:
        assert type(ours) is type(theirs) and ours._fields == theirs._fields
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.data, other)
    assert np.linalg.eigh(s).eigenvectors.requires_grad


# Coinciding values ----------------------------------------------------------------------------------------------------

COINCIDING = {
    "identity": np.eye(3),
    "zero": np.zeros((3, 3)),
    "two": symmetric(1, 1, 2),
    "two and a rounding error": symmetric(1, 1 + 1e-15, 2),
    "batch": np.stack([symmetric(1, 2, 4), symmetric(3, 3, 3), symmetric(1, 2, 2)]),
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
    a, c = symmetric(2, 1, 1), random(3, 3)
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
    close(gradient(lambda a: np.sum(square(a) * weight), symmetric(1, 2, 3)).shape, (3, 3))


def test_second_derivative_where_values_coincide_is_an_error():
    a = Tensor(np.eye(2))
    y = np.sum(np.linalg.eigvalsh(a) ** 3)
    grads = backpropagate(y, np.ones(()), create_graph=True)
    with pytest.raises(ValueError, match="coinciding"):
        np.sum(grads[a] * np.array([[0.0, 1.0], [1.0, 0.0]])).backward()


# What has no gradient -------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda a: np.linalg.eigh(a + adjoint(a))[1], "eigh: the loss depends on the phases"),
        (lambda a: np.linalg.svd(a[:, :2])[0][:, 2:] ** 3, "svd: the loss depends on the vectors after the first 2"),
        (
            lambda a: square(a * 0 + np.identity(4, like=a)),
            "eigh: the loss depends on the vectors that belong to coinciding",
        ),
    ],
)
def test_losses_of_other_arrays_that_depend_on_an_arbitrary_choice(f, message):
    weight = np.triu(np.arange(4.0) + np.ones((4, 1)))
    a = StrictDuck(random(4, 4, dtype=complex))
    with pytest.raises(ValueError, match=message):
        y = np.real(f(Tensor(a)))
        np.sum(y * StrictDuck(weight[:, : y.shape[-1]])).backward()


MATRIX = [[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 1.0]]


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.linalg.eigh(a)[1] @ np.linalg.eigh(a)[1].T,
        lambda a: np.linalg.eigh(a)[1][:, :2] @ np.linalg.eigh(a)[1][:, :2].T,
        lambda a: (np.linalg.eigh(a)[1] * np.exp(np.linalg.eigh(a)[0])) @ np.linalg.eigh(a)[1].T,
        lambda a: np.linalg.svd(a)[0] @ np.linalg.svd(a)[2],
    ],
)
def test_functions_of_vectors_of_coinciding_values_say_what_to_write(f):
    """From the gradients of w and V a projection, which is constant within its space, isn't told from V f(w) V^T."""
    with pytest.raises(ValueError, match="coinciding values, or to values of 0, through which no gradient can be"):
        gradient(lambda a: np.sum(f(a) * MATRIX), np.diag([1.0, 1.0, 2.0]))


def test_what_to_write_where_values_coincide_is_right():
    """The vectors of all other values; functions of the whole matrix; the matrix, disturbed a little."""
    linalg = pytest.importorskip("tensorgrad.scipy.linalg")
    a, weights = np.diag([1.0, 1.0, 2.0]), np.array(MATRIX)

    def projection(a, tiny=0.0):
        v = np.linalg.eigh(a + tiny * np.diag([0.0, 1.0, 2.0]))[1]
        return (v[:, :2] @ v[:, :2].T) if tiny else np.eye(3) - v[:, 2:] @ v[:, 2:].T

    def exponential(a, tiny=1e-6):
        w, v = np.linalg.eigh(a + tiny * np.diag([0.0, 1.0, 2.0]))
        return (v * np.exp(w)) @ v.T

    def slope(f, s):
        direction = weights + weights.T
        return np.sum(weights * (f(a + s * direction) - f(a - s * direction))) / (2 * s)

    for f in (projection, lambda a: projection(a, 1e-6), exponential, linalg.expm, lambda a: linalg.polar(a)[0]):
        found = np.sum(gradient(lambda a, f=f: np.sum(weights * f(a)), a) * (weights + weights.T))
        exact = linalg.expm if f is exponential else projection if "projection" in f.__code__.co_names else f
        assert abs(found - slope(exact, 1e-4)) < 1e-3 * abs(found) + 1e-6


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
    a = symmetric(1, 2, 3)
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
        lambda a: np.linalg.cholesky(a @ adjoint(a)),
        lambda a: np.linalg.qr(a)[1],
        lambda a: np.abs(np.linalg.eigh(a + adjoint(a))[1]),
        lambda a: np.abs(np.linalg.eig(a)[1]),
        lambda a: np.abs(np.linalg.svd(a)[2]),
    ):
        close(jvp(f, (a,), (v,))[1], (f(a + 1e-6 * v) - f(a - 1e-6 * v)) / 2e-6, 1e-6, 1e-6)
