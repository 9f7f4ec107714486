"""Inverses, determinants and products beyond the table of cases: PyTorch, singular matrices, values, errors."""

import numpy as np
import pytest
from helpers import gradient
from linear_algebra import check_against_pytorch, close, random, restart, symmetric

from tensorgrad import Tensor, jvp


@pytest.fixture(autouse=True)
def seeded():
    restart()


# PyTorch: the same losses in both, to second order --------------------------------------------------------------------

LOSSES = {
    "solve": lambda xp, la, a, b: xp.sum(xp.abs(la.solve(a, b)) ** 2),
    "inv": lambda xp, la, a, b: xp.sum(xp.abs(la.inv(a) * b) ** 2),
    "pinv": lambda xp, la, a, b: xp.sum(xp.abs(la.pinv(a[..., :2]) @ b) ** 2),
    "det": lambda xp, la, a, b: xp.sum(xp.abs(la.det(a) + 1) ** 2),
    "slogdet": lambda xp, la, a, b: xp.sum(xp.abs(la.slogdet(a)[0] + 2) + la.slogdet(a)[1] ** 2),
    "matrix_power": lambda xp, la, a, b: xp.sum(xp.abs(la.matrix_power(a, -3) @ b) ** 2),
    "tensorinv": lambda xp, la, a, b: xp.sum(xp.abs(la.tensorinv(a.reshape(3, 3, 1), ind=1)) ** 2),
    "tensorsolve": lambda xp, la, a, b: xp.sum(xp.abs(la.tensorsolve(a.reshape(3, 3, 1), b[0])) ** 2),
    "multi_dot": lambda xp, la, a, b: xp.sum(xp.abs(la.multi_dot([a, b[:, :1], b[:1], a])) ** 2),
    "cross": lambda xp, la, a, b: xp.sum(xp.abs(la.cross(a, b)) ** 2),
    "vecdot": lambda xp, la, a, b: xp.sum(xp.abs(la.vecdot(a, b)) ** 2),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", LOSSES)
def test_as_in_pytorch(name, dtype):
    check_against_pytorch(pytest.importorskip("torch"), LOSSES[name], dtype)


# Values and types -----------------------------------------------------------------------------------------------------


def test_slogdet_has_numpys_names():
    a = Tensor(random(3, 3))
    ours, theirs = np.linalg.slogdet(a), np.linalg.slogdet(a.data)
    assert type(ours) is type(theirs) and ours._fields == theirs._fields
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.data, other)


def test_the_rank_of_lstsq_is_plain():
    assert np.linalg.lstsq(Tensor(random(3, 3)), np.ones(3))[2] == 3


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


def test_the_power_0_is_the_identity_whatever_stands_in_the_matrix():
    a = np.array([[np.inf, np.nan], [1.0, 0.0]])
    for stack in (a, np.stack([a, a, a])):
        t = Tensor(stack)
        y = np.linalg.matrix_power(t, 0)
        np.testing.assert_array_equal(y.data, np.linalg.matrix_power(stack, 0))
        (y * 5).backward()
        np.testing.assert_array_equal(t.grad, np.zeros_like(stack))


# Singular matrices ----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("limit", [{"rcond": 0.4}, {"rtol": 0.4}])
def test_a_pseudo_inverse_that_leaves_out_what_is_no_rounding_error(limit):
    """diag(4, 1)^+ with the limit 1.6 is diag(1/4, 0). To first order, [[4, e], [f, 1]] has the pseudo-inverse
    [[1/4, (4 f + e) / 60], [(4 e + f) / 60, 0]]: its singular vectors turn by (4 e + f) / 15 and (4 f + e) / 15."""
    a = np.diag([4.0, 1.0])
    for (i, j), expected in {
        (0, 0): [[-1 / 16, 0], [0, 0]],
        (0, 1): [[0, 1 / 60], [1 / 15, 0]],
        (1, 0): [[0, 1 / 15], [1 / 60, 0]],
        (1, 1): [[0, 0], [0, 0]],
    }.items():
        close(gradient(lambda a, i=i, j=j: np.linalg.pinv(a, **limit)[i, j], a), expected)


def test_coinciding_values_beside_some_that_are_left_out_are_an_error():
    with pytest.raises(ValueError, match="svd: the loss depends on the vectors that belong to coinciding values"):
        gradient(lambda a: np.linalg.pinv(a, 0.5)[0, 1], np.diag([4.0, 4.0, 1.0]))
    close(gradient(lambda a: np.sum(np.linalg.pinv(a, 0.1)), np.diag([4.0, 4.0, 4.0])), -np.ones((3, 3)) / 16)


def test_coinciding_values_beside_rounding_errors_that_are_left_out():
    """There the rank stays the same, and no singular vectors are needed: dP = -P dA P in the space of the others."""
    expected = [[0, -1 / 16, 0], [0, 0, 0], [0, 0, 0]]
    close(gradient(lambda a: np.linalg.pinv(a, 1e-10)[0, 1], np.diag([4.0, 4.0, 1e-17])), expected)


@pytest.mark.parametrize("rcond", [None, -1, 0, 1, 1.5, np.nan, np.inf, 1e-3, 0.4])
def test_the_limit_of_lstsq_is_that_of_lapack(rcond):
    a, b = symmetric(4.0, 1.0, 1e-5), random(3)
    for ours, theirs in zip(np.linalg.lstsq(Tensor(a), b, rcond), np.linalg.lstsq(a, b, rcond), strict=True):
        close(getattr(ours, "data", ours), theirs, 1e-7)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda t: np.linalg.inv(t[:1]), np.linalg.LinAlgError, "inv of shapes"),
        (lambda t: np.linalg.solve(t, np.ones(3)), ValueError, "solve of shapes"),
        (lambda t: np.linalg.lstsq(t, np.ones(3)), np.linalg.LinAlgError, "lstsq: shapes"),
        (lambda t: np.linalg.tensorsolve(t, np.ones(3)), np.linalg.LinAlgError, "tensorsolve: shapes"),
        (lambda t: np.linalg.tensorinv(t, 0), ValueError, "tensorinv: ind"),
        (lambda t: np.linalg.matrix_power(t, 2.5), TypeError, "matrix_power of shapes"),
        (lambda t: np.linalg.matrix_power(t, t[0, 0]), TypeError, "matrix_power of shapes"),
        (lambda t: np.linalg.pinv(t, t[0, 0]), TypeError, "argument 2 of pinv has no derivative"),
        (lambda t: np.linalg.pinv(t, rtol=t[0, 0]), TypeError, "argument rtol= of pinv has no derivative"),
        (lambda t: np.linalg.pinv(t, 0.1, rtol=0.1), ValueError, "pinv of shapes"),
        (lambda t: np.linalg.lstsq(t, np.ones(2), 0.1 * t[0, 0]), TypeError, "argument 2 of pinv has no derivative"),
        (lambda t: np.vecdot(t, t, axis=[0]), TypeError, "vecdot of shapes"),
        (lambda t: np.vecdot(t, t, axis=2), ValueError, "vecdot of shapes"),
        (lambda t: np.cross(t[:, [0, 1, 1]], t[:, [0, 1, 1]], axis=[1]), TypeError, "cross of shapes"),
        (lambda t: np.einsum(t, [0, 52]), ValueError, "einsum: subscripts are a string"),
        (lambda t: np.einsum(t, [0, -1]), ValueError, "einsum: subscripts are a string"),
        (lambda t: np.einsum(t, [0, True]), ValueError, "einsum: subscripts are a string"),
        (lambda t: np.einsum(t, t), ValueError, "einsum: subscripts are a string"),
        (lambda t: np.tensordot(t, t, (1, 0, 0)), ValueError, "tensordot"),
        (lambda t: np.linalg.matrix_power(t[:1], 2), np.linalg.LinAlgError, "matrix_power: matrices"),
        (lambda t: np.linalg.multi_dot([t, np.ones(3)]), ValueError, "multi_dot: shapes"),
        (lambda t: np.linalg.multi_dot([t]), ValueError, "multi_dot: shapes"),
        (lambda t: np.linalg.multi_dot([t, t], out=np.ones((2, 2))), TypeError, "multi_dot: out="),
        (lambda t: np.linalg.cross(t, t), ValueError, "cross: shapes"),
        (lambda t: np.linalg.outer(t, t), ValueError, "outer: vectors"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.eye(2)))


# In use ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
def test_forward_mode(dtype):
    """The tangent by the same rules transposed, and by differences."""
    a, v = random(3, 3, dtype=dtype), random(3, 3, dtype=dtype)
    for f in (np.linalg.inv, np.linalg.det, lambda a: np.linalg.pinv(a[:2])):
        close(jvp(f, (a,), (v,))[1], (f(a + 1e-6 * v) - f(a - 1e-6 * v)) / 2e-6, 1e-6, 1e-6)
