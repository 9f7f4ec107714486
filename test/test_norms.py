"""Norms beyond the table of cases: PyTorch, zeros, equal elements, errors."""

import numpy as np
import pytest
from helpers import gradient
from linear_algebra import check_against_pytorch, close, random, restart

from tensorgrad import Tensor, jvp


@pytest.fixture(autouse=True)
def seeded():
    restart()


# PyTorch: the same losses in both, to second order --------------------------------------------------------------------

LOSSES = {
    "norm": lambda xp, la, a, b: la.norm(a) + la.norm(a[0], 3) + la.norm(a[0], float("inf")) + la.norm(b[0], 1),
    "matrix norms": lambda xp, la, a, b: la.norm(a, "nuc") + la.norm(a, 2) ** 2 + la.norm(a, -2) + la.norm(b, 1),
    "cond": lambda xp, la, a, b: la.cond(a) + la.cond(b, -2),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", LOSSES)
def test_as_in_pytorch(name, dtype):
    check_against_pytorch(pytest.importorskip("torch"), LOSSES[name], dtype)


# Values and types -----------------------------------------------------------------------------------------------------


def test_what_is_constant_is_plain():
    a = Tensor(random(3, 3))
    assert type(np.linalg.matrix_rank(a)) is not Tensor and np.linalg.matrix_rank(a) == 3
    zeros = np.linalg.norm(Tensor([1.0, 0.0, 2.0]), 0)
    assert type(zeros) is not Tensor and zeros == 2


# Zeros and equal elements ---------------------------------------------------------------------------------------------


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


# Errors and forward mode ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda t: np.linalg.norm(t, 7), ValueError, "norm: ord=7"),
        (lambda t: np.linalg.norm(t[0], "fro"), ValueError, "norm: ord='fro'"),
        (lambda t: np.linalg.norm(t[None], 2), ValueError, "norm: shape"),
        (lambda t: np.linalg.norm(t, 2, (0, 0)), ValueError, "norm: shape"),
        (lambda t: np.linalg.norm(t, t[0, 0]), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.norm(t[0], 2 * t[0, 0]), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.vector_norm(t, ord=3 * t[0, 0]), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.matrix_norm(t, ord=t[0, 0]), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.cond(t, t[0, 0]), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.vector_norm(t, ord=1j), TypeError, "norm: the order must be a real number"),
        (lambda t: np.linalg.norm(t, axis=[0]), TypeError, "norm: axis must be an int or a tuple"),
        (lambda t: np.linalg.vector_norm(t, axis=[]), TypeError, "norm: axis must be an int or a tuple"),
        (lambda t: np.linalg.cond(t[:0]), np.linalg.LinAlgError, "cond: an empty matrix"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.eye(2)))


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
def test_forward_mode(dtype):
    """The tangent by the same rules transposed, and by differences."""
    a, v = random(3, 3, dtype=dtype), random(3, 3, dtype=dtype)
    for f in (lambda a: np.linalg.norm(a, "nuc"), np.linalg.norm):
        close(jvp(f, (a,), (v,))[1], (f(a + 1e-6 * v) - f(a - 1e-6 * v)) / 2e-6, 1e-6, 1e-6)
