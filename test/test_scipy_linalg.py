"""tensorgrad.scipy.linalg beside the cases of cases_scipy_linalg.py: what SciPy reads, programs, edges, wrong calls."""

import warnings

import numpy as np
import pytest
from helpers import close, gradient
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor, check_grads, grad, hessian, jacobian, jvp, no_grad

scipy_linalg = pytest.importorskip("scipy.linalg")
linalg = pytest.importorskip("tensorgrad.scipy.linalg")


takes_stacks = pytest.mark.skipif(
    np.lib.NumpyVersion(pytest.importorskip("scipy").__version__) < "1.16.0", reason="SciPy takes stacks since 1.16"
)


def numbers(*shape, seed=0, kind=float):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=shape)
    return a + 1j * rng.normal(size=shape) if kind is complex else a


def positive_definite(n, seed=0, kind=float):
    a = numbers(n, n, seed=seed, kind=kind)
    return a @ a.conj().T + np.eye(n)


A, S, B = numbers(3, 3) + 4 * np.eye(3), positive_definite(3), numbers(3, 2, seed=1)


# The module ----------------------------------------------------------------------------------------------------------


def test_arrays_alone_give_what_scipy_gives():
    for ours, theirs in [
        (linalg.cho_factor(S), scipy_linalg.cho_factor(S)),
        (linalg.lu(A), scipy_linalg.lu(A)),
        (linalg.qr(A, mode="r"), scipy_linalg.qr(A, mode="r")),
        (linalg.eigh(S, subset_by_index=[0, 1]), scipy_linalg.eigh(S, subset_by_index=[0, 1])),
        (linalg.block_diag(A, 1), scipy_linalg.block_diag(A, 1)),
        (linalg.solve_sylvester(A, A, A), scipy_linalg.solve_sylvester(A, A, A)),
        (linalg.norm(A[0]), scipy_linalg.norm(A[0])),
    ]:
        assert type(ours) is type(theirs)
        for a, b in zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]:
            np.testing.assert_array_equal(a, b)
            assert type(a) is type(b)


def test_a_function_that_is_not_here_is_an_error():
    for name in ("schur", "null_space", "funm"):
        with pytest.raises(AttributeError, match=f"scipy.linalg has no '{name}'; it has .*solve_triangular"):
            getattr(linalg, name)


def test_every_name_is_scipys():
    for name in linalg.__all__:
        theirs = getattr(scipy_linalg, name)
        assert getattr(linalg, name).__name__ == theirs.__name__
        assert getattr(linalg, name).__doc__


def test_tensors_that_require_no_gradient_give_values():
    t = Tensor(S, requires_grad=False)
    c, lower = linalg.cho_factor(t)
    assert not c.requires_grad and lower is False
    close(linalg.cho_solve((c, lower), t).data, np.eye(3))
    with no_grad():
        close(linalg.expm(Tensor(A)).data, scipy_linalg.expm(A))


def test_lists_are_arrays():
    x = Tensor(2.0)
    linalg.det([[x, 1.0], [1.0, x]]).backward()
    close(x.grad, 4.0)
    close(linalg.solve([[x, 0.0], [0.0, 1.0]], [x * x, x]).data, [2.0, 2.0])
    close(linalg.cho_solve(([[2.0, 0.0], [0.0, 1.0]], True), [x, x]).data, [0.5, 2.0])
    close(linalg.lu_solve(([[x, 0.0], [0.0, 1.0]], [0, 1]), [2.0, 2.0]).data, [1.0, 2.0])
    close(linalg.solve_toeplitz(([x, 0.0], [x, x]), [4.0, 2.0]).data, [1.0, 1.0])


# What SciPy reads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [False, True])
def test_only_the_triangle_that_is_read_has_a_gradient(lower):
    unread = np.triu(np.ones((3, 3)), 1) if lower else np.tril(np.ones((3, 3)), -1)
    for f in (
        lambda a: linalg.cholesky(a, lower=lower),
        lambda a: linalg.eigvalsh(a, lower=lower),
        lambda a: linalg.pinvh(a, lower=lower),
        lambda a: linalg.solve(a, B, assume_a="pos", lower=lower),
        lambda a: linalg.solve_triangular(a, B, lower=lower),
        lambda a: linalg.cho_solve((a, lower), B),
    ):
        g = grad(lambda a, f=f: np.sum(f(a)))(S)
        assert not np.any(g * unread) and np.all(g[unread == 0])


def test_a_triangle_has_the_gradients_of_both():
    """numpy.linalg's gradients are symmetric: their two triangles, added, are SciPy's."""
    for ours, numpys in [
        (lambda a: linalg.cholesky(a, lower=True), np.linalg.cholesky),
        (linalg.eigvalsh, np.linalg.eigvalsh),
        (lambda a: np.abs(linalg.eigh(a)[1]), lambda a: np.abs(np.linalg.eigh(a)[1])),
        (lambda a: linalg.solve(a, B, assume_a="pos", lower=True), lambda a: np.linalg.solve(a, B)),
    ]:
        g = grad(lambda a, f=ours: np.sum(f(a) ** 2))(S)
        h = grad(lambda a, f=numpys: np.sum(f(a) ** 2))(S)
        close(g, np.tril(h) + np.tril(h.T, -1), rtol=1e-9)


def test_cho_factor_leaves_in_the_other_triangle_what_scipy_leaves():
    a = Tensor(S)
    c, _ = linalg.cho_factor(a, lower=True)
    np.testing.assert_array_equal(c.data, scipy_linalg.cho_factor(S, lower=True)[0])
    np.sum(np.triu(c, 1)).backward()
    left = np.any(np.triu(c.data, 1))  # by SciPy's releases before 1.18
    np.testing.assert_array_equal(a.grad, left * np.triu(np.ones((3, 3)), 1))


@takes_stacks
def test_a_stack_of_factors_goes_to_cho_solve():
    a = np.stack([S, S + np.eye(3)])
    f = lambda a, b: linalg.cho_solve(linalg.cho_factor(a, lower=True), b)  # noqa: E731
    close(f(Tensor(a), B).data, np.linalg.solve(a, B))
    check_grads(f, a, B)
    with pytest.raises(ValueError, match="lower ones alone"):
        linalg.cho_solve((a, np.array([True, False])), Tensor(B))


@pytest.mark.parametrize("trans", [0, 1, 2])
def test_lu_factor_goes_to_lu_solve(trans):
    a = numbers(3, 3, seed=4, kind=complex)
    f = lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans=trans)  # noqa: E731
    close(f(Tensor(a), B).data, np.linalg.solve((a, a.T, a.conj().T)[trans], B))
    check_grads(f, a, B)


def test_overwriting_is_left_out():
    a, b = np.asfortranarray(S), B.copy(order="F")
    x = linalg.solve(Tensor(a), Tensor(b), overwrite_a=True, overwrite_b=True)
    linalg.cho_factor(Tensor(a), overwrite_a=True)
    linalg.eigh(Tensor(a), overwrite_a=True)
    np.testing.assert_array_equal(a, S)
    np.testing.assert_array_equal(b, B)
    np.sum(x).backward()


# Closed forms, and other libraries -----------------------------------------------------------------------------------


def test_closed_forms():
    inverse = np.linalg.inv(S)
    triangle = np.tril(2 * inverse) - np.diag(np.diag(inverse))
    close(grad(lambda a: 2 * np.sum(np.log(np.diagonal(linalg.cho_factor(a, lower=True)[0]))))(S), triangle)
    close(grad(lambda a: np.trace(linalg.expm(a)))(A), scipy_linalg.expm(A).T)
    close(grad(lambda a: np.trace(linalg.logm(a)))(A), np.linalg.inv(A).T)
    close(grad(lambda a: np.trace(linalg.sqrtm(a)))(A), np.linalg.inv(scipy_linalg.sqrtm(A)).T / 2)
    close(
        grad(lambda a: np.trace(linalg.fractional_matrix_power(a, 0.3)))(A),
        0.3 * scipy_linalg.fractional_matrix_power(A, -0.7).T,
    )
    close(
        grad(lambda t: np.trace(linalg.fractional_matrix_power(S, t)))(0.3),
        np.sum((w := np.linalg.eigvalsh(S)) ** 0.3 * np.log(w)),
    )
    close(grad(lambda a: np.trace(linalg.polar(a)[1]))(A), scipy_linalg.polar(A)[0])
    close(grad(lambda a: np.log(linalg.det(a)))(A), np.linalg.inv(A).T)
    u, _, vh = np.linalg.svd(B, full_matrices=False)
    close(grad(lambda a: linalg.norm(a, "nuc"))(B), u @ vh)


def test_the_exponential_is_that_of_torch():
    torch = pytest.importorskip("torch")
    for kind in (float, complex):
        a, w = numbers(2, 4, 4, kind=kind), numbers(2, 4, 4, seed=1)
        t, tensor = torch.tensor(a, requires_grad=True), Tensor(a)
        torch.sum(torch.real(torch.matrix_exp(t)) * torch.tensor(w)).backward()
        np.sum(np.real(linalg.expm(tensor)) * w).backward()
        close(tensor.grad, t.grad.numpy())


def test_weights_of_a_quadrature_have_derivatives():
    """Golub and Welsch: nodes and weights from a tridiagonal matrix; the integral is a closed form of its scale."""
    n = 12

    def integral(scale):  # of x^4, with Gauss's nodes for [-1, 1] times the scale
        k = np.arange(1, n)
        nodes, vectors = linalg.eigh_tridiagonal(scale * np.zeros(n), scale * k / np.sqrt(4.0 * k**2 - 1))
        return np.sum(2 * vectors[0] ** 2 * nodes**4)

    close(integral(1.5), 2 / 5 * 1.5**4)
    close(grad(integral)(1.5), 8 / 5 * 1.5**3)
    close(grad(grad(integral))(1.5), 24 / 5 * 1.5**2)


def test_eigenvalues_of_two_matrices_are_those_of_a_product():
    a, b = numbers(3, 3), positive_definite(3, seed=2)
    both = grad(lambda a, b: np.sum(linalg.eigvalsh(a + a.T, b) ** 3), (0, 1))(a, b)
    one = grad(lambda a, b: np.trace(np.linalg.matrix_power(np.linalg.solve(b, a + a.T), 3)), (0, 1))(a, b)
    close(both[0], one[0])
    close(both[1], np.tril(one[1]) + np.tril(one[1].T, -1))


# Equations of control ------------------------------------------------------------------------------------------------


def kalman(noise, observations, solver):
    """The log-likelihood of a local linear trend, filtered: noise are the logarithms of three variances."""
    transition, measure = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.5, 1.0]])
    q = np.diag(np.exp(noise[:2])) + 0.1 * np.exp(noise[0]) * np.ones((2, 2))
    r = np.exp(noise[2]) * np.eye(2)
    x, p, total = np.zeros(2), 4 * np.eye(2), 0.0
    for z in observations:
        x, p = transition @ x, transition @ p @ transition.T + q
        s, away = measure @ p @ measure.T + r, z - measure @ x
        gain, weighted, logdet = solver(s, measure @ p, away)
        total = total - 0.5 * (away @ weighted + logdet + 2 * np.log(2 * np.pi))
        x, p = x + gain.T @ away, p - gain.T @ (measure @ p)
    return total


def by_cholesky(s, mp, away):
    factor = linalg.cho_factor(s, lower=True)
    return linalg.cho_solve(factor, mp), linalg.cho_solve(factor, away), 2 * np.sum(np.log(np.diagonal(factor[0])))


def by_elimination(s, mp, away):
    return np.linalg.solve(s, mp), np.linalg.solve(s, away), np.linalg.slogdet(s)[1]


def test_the_likelihood_of_a_kalman_filter():
    noise, z = np.array([-1.0, 0.3, -0.5]), np.cumsum(numbers(8, 2, seed=3), axis=0)
    close(kalman(noise, z, by_cholesky), kalman(noise, z, by_elimination))
    check_grads(lambda noise, z: kalman(noise, z, by_cholesky), noise, z, order=2)
    for f in (grad, hessian, lambda f: lambda v: jvp(f, (v,), (np.ones(3),))[1]):
        ours, theirs = (f(lambda v, s=s: kalman(v, z, s))(noise) for s in (by_cholesky, by_elimination))
        close(ours, theirs, rtol=1e-9)


def test_a_discrete_regulator_costs_what_its_riccati_solution_says():
    """d/dq of x0^T X x0 is the sum of the squares of the states of the closed loop."""
    a, b, r, x0 = numbers(2, 2), numbers(2, 1, seed=1), np.eye(1), np.array([1.0, -0.5])
    g = grad(lambda q: x0 @ linalg.solve_discrete_are(a, b, q * np.eye(2), r) @ x0)(2.0)
    x = scipy_linalg.solve_discrete_are(a, b, 2 * np.eye(2), r)
    loop = a - b @ np.linalg.solve(r + b.T @ x @ b, b.T @ x @ a)
    states = [np.linalg.matrix_power(loop, k) @ x0 for k in range(200)]
    close(g, np.sum(np.square(states)), rtol=1e-9)


def test_equations_of_real_and_complex_matrices_are_solved():
    """SciPy 1.17 is wrong where a real matrix with complex eigenvalues meets a complex right-hand side."""
    a, b, q = np.array([[1.0, 2.0], [-3.0, 1.0]]), np.array([[4.0, 1.0], [-5.0, 4.0]]), numbers(2, 2, kind=complex)
    for kind in (np.asarray, Tensor):
        x = linalg.solve_sylvester(kind(a), kind(b), kind(q))
        close(a @ getattr(x, "data", x) + getattr(x, "data", x) @ b, q)
        x = linalg.solve_continuous_lyapunov(kind(a), kind(q))
        x = x.data if kind is Tensor else x
        close(a @ x + x @ a.T, q)
        x = linalg.solve_discrete_lyapunov(kind(a), kind(q), method="bilinear")
        x = x.data if kind is Tensor else x
        close(a @ x @ a.T - x + q, np.zeros((2, 2)), atol=1e-10)
    check_grads(linalg.solve_sylvester, a, b, q, order=2)


# Edges ---------------------------------------------------------------------------------------------------------------


def test_coinciding_values():
    one = np.eye(3)
    close(grad(lambda a: np.sum(linalg.eigvalsh(a)))(one), one)
    close(grad(lambda a: np.sum(linalg.svdvals(a)))(one), one)
    close(grad(lambda b: np.sum(linalg.eigvalsh(one, b)))(one), -one)
    w = numbers(3, 3)
    for f in (lambda a: linalg.polar(a)[0], lambda a: linalg.polar(a)[1], linalg.sqrtm, linalg.logm, linalg.expm):
        check_grads(lambda a, f=f: np.sum(w * f(a)), one, order=2)
    with pytest.raises(ValueError, match="coinciding values"):
        grad(lambda a: np.sum(w * linalg.eigh(a)[1]))(one)
    with pytest.raises(ValueError, match="coinciding values"):
        grad(lambda b: np.sum(w * linalg.eigh(one, b)[1]))(one)


def test_the_norm_at_zero_and_far_away():
    for ord in (None, 2):
        np.testing.assert_array_equal(grad(lambda x, ord=ord: linalg.norm(x, ord))(np.zeros(3)), np.zeros(3))
    close(grad(linalg.norm)(np.array([3e200, 4e200])), [0.6, 0.8])
    assert linalg.norm(Tensor(np.ones(3, np.float32))).dtype == np.float32


def test_pseudo_inverses_with_a_limit():
    """Beyond it, singular values count as 0."""
    a = np.diag([4.0, 2.0, 0.5]) + numbers(3, 3) / 20
    w = numbers(3, 3, seed=1)
    for f in (
        lambda a: linalg.pinv(a, rtol=0.3),
        lambda a: linalg.pinv(a, atol=1.0),
        lambda a: linalg.pinv(np.stack([a, a.T]), atol=0.5, rtol=0.1)[1],
        lambda a: linalg.pinvh(a, rtol=0.3),
        lambda a: linalg.lstsq(a, w, 0.3)[0],
    ):
        check_grads(lambda a, f=f: np.sum(w * f(a)), a, order=2)
    y, rank = linalg.pinv(Tensor(a), rtol=0.3, return_rank=True)
    assert rank == 2 and np.linalg.matrix_rank(y.data) == 2


def test_the_logarithm_of_negative_eigenvalues():
    """There the matrix is on the branch cut, and the derivative is that along real matrices."""
    a = np.array([[-3.0, 0.2], [0.3, -2.0]])
    close(grad(lambda a: np.real(np.trace(linalg.logm(a))))(a), np.linalg.inv(a).T)
    check_grads(lambda a: np.real(linalg.logm(a)), a, order=2)
    check_grads(lambda a: np.imag(linalg.sqrtm(a)), a, order=2)


def test_single_precision_stays():
    a, b = Tensor(S.astype(np.float32)), Tensor(B.astype(np.float32))
    for y in (
        linalg.cho_solve(linalg.cho_factor(a), b), linalg.expm(a), linalg.sqrtm(a), linalg.polar(b)[1],
        linalg.lu(a)[1], linalg.block_diag(a, b), linalg.norm(b), linalg.tanm(a),
        linalg.eigvalsh(a, a), linalg.lstsq(a, b)[0], linalg.solve_sylvester(a, a, a),
        linalg.orthogonal_procrustes(b, b)[0],
    ):  # fmt: skip
        assert y.dtype == np.float32
        a.grad = b.grad = None
        y.sum().backward()
        assert a.grad.dtype == b.grad.dtype == np.float32


@takes_stacks
def test_empty_matrices():
    for f, shape in [(linalg.inv, (0, 0)), (linalg.expm, (0, 0)), (linalg.cholesky, (0, 0)), (linalg.sqrtm, (0, 0))]:
        assert gradient(f, np.zeros(shape)).shape == shape
    assert gradient(lambda b: linalg.solve(np.zeros((0, 0)), b), np.zeros((0, 2))).shape == (0, 2)
    assert gradient(lambda b: linalg.solve_triangular(np.eye(2), b), np.zeros((2, 0))).shape == (2, 0)


# Jacobians, many at once and forward ----------------------------------------------------------------------------------

FUNCTIONS = {
    "inv": lambda a: linalg.inv(a),
    "det": lambda a: linalg.det(a),
    "solve": lambda a: linalg.solve(a, a[:, :1], assume_a="sym"),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a[:, 0], trans="C", lower=True),
    "cho_solve": lambda a: linalg.cho_solve((a, False), a),
    "lu_solve": lambda a: linalg.lu_solve(linalg.lu_factor(a), a[0], trans=1),
    "lstsq": lambda a: linalg.lstsq(a[:, :2], a[:, 2])[0],
    "pinv": lambda a: linalg.pinv(a[:2]),
    "cho_factor": lambda a: linalg.cho_factor(a)[0],
    "lu": lambda a: linalg.lu(a[:, :2], permute_l=True)[0],
    "qr": lambda a: linalg.qr(a, pivoting=True)[1],
    "eigh": lambda a: linalg.eigh(a, a @ a.T)[1] ** 2,
    "svd": lambda a: linalg.svd(a)[1],
    "polar": lambda a: linalg.polar(a[:2], side="left")[1],
    "expm": lambda a: linalg.expm(a),
    "expm_frechet": lambda a: linalg.expm_frechet(a, a.T)[1],
    "logm": lambda a: linalg.logm(a),
    "sqrtm": lambda a: linalg.sqrtm(a),
    "power": lambda a: linalg.fractional_matrix_power(a, a[0, 0] / 9),
    "tanm": lambda a: linalg.tanm(a / 9),
    "sylvester": lambda a: linalg.solve_sylvester(a, a, a),
    "lyapunov": lambda a: linalg.solve_discrete_lyapunov(a / 9, a),
    "riccati": lambda a: linalg.solve_continuous_are(a, a[:, :2], a @ a.T, np.eye(2)),
    "banded": lambda a: linalg.solve_banded((1, 1), a, a[0]),
    "hermitian band": lambda a: linalg.solveh_banded(a[:2] + np.array([[9.0], [0.0]]), a, lower=True),
    "toeplitz": lambda a: linalg.solve_toeplitz((a[0], a[1]), a),
    "block_diag": lambda a: linalg.block_diag(a, a[0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobians_are_made_of_gradients_and_of_tangents(name):
    f = FUNCTIONS[name]
    a = S + np.arange(9.0).reshape(3, 3) / 50
    j = jacobian(f)(a)
    shape = np.shape(f(a))
    assert j.shape == shape + a.shape
    rows = [grad(lambda a, i=i: f(a)[i])(a) for i in np.ndindex(shape)]
    close(j, np.reshape(rows, j.shape), rtol=1e-7, atol=1e-8)
    v = numbers(3, 3, seed=5)
    close(jvp(f, (a,), (v,))[1], np.tensordot(j, v, 2), rtol=1e-7, atol=1e-8)


# Real beside complex -------------------------------------------------------------------------------------------------


def plus(a):
    return a + 6 * np.eye(3)


OF_TWO = {
    "solve": (lambda a, b: linalg.solve(plus(a), b), (3, 3), (3, 2)),
    "solve her": (lambda a, b: linalg.solve(plus(a), b, assume_a="her"), (3, 3), (3, 2)),
    "solve sym": (lambda a, b: linalg.solve(plus(a), b, assume_a="sym", lower=True), (3, 3), (3,)),
    "solve_triangular": (lambda a, b: linalg.solve_triangular(plus(a), b, trans="C"), (3, 3), (3, 2)),
    "lu_solve": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans=2), (3, 3), (3,)),
    "cho_solve": (lambda a, b: linalg.cho_solve(linalg.cho_factor(plus(a)), b), (3, 3), (3, 2)),
    "lstsq": (lambda a, b: linalg.lstsq(a, b)[0], (4, 2), (4, 3)),
    "residues": (lambda a, b: linalg.lstsq(a, b)[1], (4, 2), (4, 3)),
    "solve_banded": (lambda a, b: linalg.solve_banded((1, 1), a + 6 * np.eye(3)[:, 1:2], b), (3, 4), (4, 2)),
    "solveh_banded": (lambda a, b: linalg.solveh_banded(a + 6 * np.eye(2)[:, 1:], b), (2, 4), (4, 2)),
    "solve_toeplitz": (lambda a, b: linalg.solve_toeplitz((a + 6 * np.eye(3)[0], a), b), (3,), (3, 2)),
    "matmul_toeplitz": (lambda a, b: linalg.matmul_toeplitz((a, 2 * a), b), (3,), (3, 2)),
    "sylvester": (lambda a, b: linalg.solve_sylvester(plus(a), plus(a) @ a / 5, b), (3, 3), (3, 3)),
    "continuous": (lambda a, b: linalg.solve_continuous_lyapunov(plus(a), b), (3, 3), (3, 3)),
    "discrete": (lambda a, b: linalg.solve_discrete_lyapunov(a / 9, b, "bilinear"), (3, 3), (3, 3)),
    "eigvalsh": (lambda a, b: linalg.eigvalsh(a, plus(b)), (3, 3), (3, 3)),
    "expm_frechet": (lambda a, b: linalg.expm_frechet(a, b)[1], (3, 3), (3, 3)),
    "block_diag": (lambda a, b: linalg.block_diag(a, b), (2, 2), (1, 3)),
    "procrustes": (lambda a, b: linalg.orthogonal_procrustes(a, b)[1], (4, 2), (4, 2)),
    "continuous_are": (lambda a, b: linalg.solve_continuous_are(a, b, np.eye(3), np.eye(2)), (3, 3), (3, 2)),
    "discrete_are": (lambda a, b: linalg.solve_discrete_are(a, b, np.eye(3), np.eye(2)), (3, 3), (3, 2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [(float, complex), (complex, float)])
@pytest.mark.parametrize("name", OF_TWO)
def test_real_and_complex_arguments_together(name, kinds):
    f, *shapes = OF_TWO[name]
    a, b = (numbers(*shape, seed=i, kind=kind) for i, (shape, kind) in enumerate(zip(shapes, kinds, strict=True)))
    assert f(Tensor(a), Tensor(b)).dtype == np.asarray(f(a, b)).dtype
    check_grads(f, a, b, order=2)


# Random shapes -------------------------------------------------------------------------------------------------------


@takes_stacks
@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 4), k=st.integers(0, 3), batch=st.sampled_from([(), (2,)]), trans=st.sampled_from([0, 1, 2]),
    lower=st.booleans(), unit=st.booleans(), kind=st.sampled_from([float, complex]), vector=st.booleans(),
)  # fmt: skip
def test_triangular_equations_are_those_of_full_matrices(n, k, batch, trans, lower, unit, kind, vector):
    a = numbers(*batch, n, n, kind=kind) + 3 * np.eye(n)
    b = numbers(n, seed=1) if vector else numbers(*batch, n, k, seed=1)
    w = numbers(*batch, n, seed=2) if vector else numbers(*batch, n, k, seed=2)
    if batch and not k and not vector:
        return  # SciPy takes no stack of empty matrices

    def full(a, b):
        t = np.tril(a, -unit) if lower else np.triu(a, unit)
        t = t + np.eye(n) if unit else t
        return np.linalg.solve((t, np.swapaxes(t, -1, -2), np.conj(np.swapaxes(t, -1, -2)))[trans], b)

    def triangular(a, b):
        return linalg.solve_triangular(a, b, trans=trans, lower=lower, unit_diagonal=unit)

    ours, theirs = (grad(lambda a, b, f=f: np.sum(np.real(f(a, b) ** 2) * w), (0, 1))(a, b) for f in (triangular, full))
    for x, y in zip(ours, theirs, strict=True):
        close(x, y, rtol=1e-8, atol=1e-9)


def from_band(ab, below, above):
    """The full matrix of a band."""
    n = ab.shape[1]
    return sum(np.diag(ab[above - k, max(k, 0) : n + min(k, 0)], k) for k in range(-below, above + 1) if abs(k) < n)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 6), below=st.integers(0, 3), above=st.integers(0, 3), kind=st.sampled_from([float, complex]))
def test_banded_equations_are_those_of_full_matrices(n, below, above, kind):
    ab, b, w = numbers(below + above + 1, n, kind=kind), numbers(n, 2, seed=1, kind=kind), numbers(n, 2)
    ab[above] += 6
    banded, full = (
        grad(lambda ab, b, f=f: np.sum(np.real(f(ab, b) ** 2) * w), (0, 1))(ab, b)
        for f in (
            lambda ab, b: linalg.solve_banded((below, above), ab, b),
            lambda ab, b: np.linalg.solve(from_band(ab, below, above), b),
        )
    )
    for x, y in zip(banded, full, strict=True):
        close(x, y, rtol=1e-8, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(m=st.integers(1, 5), n=st.integers(1, 5), kind=st.sampled_from([float, complex]), seed=st.integers(0, 9))
def test_factors_multiply_to_the_matrix(m, n, kind, seed):
    """So the gradient of a loss of their product is that of the loss of the matrix."""
    a, w = numbers(m, n, kind=kind, seed=seed), numbers(m, n, seed=20)

    def from_packed(lu, piv):
        k = min(m, n)
        b = (np.tril(lu, -1)[:, :k] + np.eye(m, k)) @ np.triu(lu)[:k]
        for i in reversed(range(k)):
            order = np.arange(m)
            order[[i, piv[i]]] = order[[piv[i], i]]
            b = b[order]
        return b

    for product in (
        lambda a: np.matmul(*linalg.lu(a, permute_l=True)),
        lambda a: from_packed(*linalg.lu_factor(a)),
        lambda a: (lambda p, low, u: p @ low @ u)(*linalg.lu(a)),
        lambda a: np.matmul(*linalg.qr(a, mode="economic")),
        lambda a: (lambda q, r, p: (q @ r)[:, np.argsort(p)])(*linalg.qr(a, mode="economic", pivoting=True)),
        lambda a: np.matmul(*linalg.polar(a)),
        lambda a: np.matmul(*linalg.polar(a, side="left")[::-1]),
        lambda a: (lambda u, s, vh: u * s @ vh)(*linalg.svd(a, full_matrices=False)),
    ):
        g = grad(lambda a, f=product: np.sum(np.real(f(a) ** 2) * w))(a)
        close(g, np.conj(2 * a * w), rtol=1e-6, atol=1e-7)


# Wrong calls ---------------------------------------------------------------------------------------------------------

T, TB = Tensor(A), Tensor(B)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: linalg.qr(T, mode="raw"), TypeError, "mode='raw' has no derivative"),
        (lambda: linalg.eigh(T, S, type=2), TypeError, "type=2 has no derivative"),
        (lambda: linalg.eig(T, left=True), TypeError, "left=True"),
        (lambda: linalg.eig(T, T), TypeError, "eig: the argument b"),
        (lambda: linalg.eigh(T, subset_by_index=(0, 3)), ValueError, "there are 3 eigenvalues"),
        (lambda: linalg.eigh(T, subset_by_index=(0, 1), subset_by_value=(0, 1)), ValueError, "not both"),
        (lambda: linalg.polar(T, side="up"), ValueError, "side must be"),
        (lambda: linalg.norm(T, ord=Tensor(2.0)), TypeError, "norm: the argument ord"),
        (lambda: linalg.norm(T, ord="frog"), ValueError, "no norm of a matrix"),
        (lambda: linalg.pinv(T, rtol=Tensor(0.1)), TypeError, "pinv: the argument rtol"),
        (lambda: linalg.pinv(T, rtol=-1.0), ValueError, "must not be negative"),
        (lambda: linalg.lstsq(A, B, Tensor(0.1)), TypeError, "lstsq: the argument cond"),
        (lambda: linalg.lstsq(Tensor(np.stack([A, A])), B), ValueError, "solve one by one"),
        (lambda: linalg.solve(T, np.ones(4)), ValueError, r"\(3, 3\) and \(4,\) don't match"),
        (lambda: linalg.solve(TB, B), ValueError, "solve"),
        (lambda: linalg.solve(T, B, assume_a="round"), ValueError, "round"),
        (lambda: linalg.expm(TB), ValueError, "must be square"),
        (lambda: linalg.logm(Tensor(2.0)), ValueError, "must be square"),
        (lambda: linalg.hankel(T), ValueError, "one dimension"),
        (lambda: linalg.khatri_rao(T, TB), ValueError, "as many columns"),
        (lambda: linalg.companion(Tensor([0.0, 1.0])), ValueError, "must not be 0"),
        (lambda: linalg.solve_continuous_are(T, B, S, np.eye(2), s=B), TypeError, "leave them out"),
        (lambda: linalg.solve_continuous_are(T, B, S, np.eye(2), e=T), TypeError, "only a, b, q and r"),
        (lambda: linalg.orthogonal_procrustes(T, TB), ValueError, "differ"),
        (lambda: linalg.det(T, colour=1), TypeError, "det: got an unexpected keyword argument 'colour'"),
        (lambda: linalg.inv(), TypeError, "argument"),
        (lambda: linalg.cholesky(-T), linalg.LinAlgError, "cholesky"),
        (lambda: linalg.inv(T * np.nan), ValueError, "infs or NaNs"),
        (lambda: linalg.norm(T * np.inf, 1), ValueError, "infs or NaNs"),
        (lambda: linalg.solve_banded((T, 1), A, B), TypeError, "solve_banded: the argument l_and_u"),
        (lambda: linalg.eigh_tridiagonal(T[0], T[1, 1:], select="i"), TypeError, "select='i' has no derivative"),
        (lambda: linalg.logm(T, disp=False), TypeError, "logm: .*disp"),
    ],
)
def test_wrong_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_singular_matrix_warns_or_raises_as_scipys():
    a = np.ones((2, 2))
    with pytest.raises(linalg.LinAlgError):
        linalg.solve(Tensor(a), np.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(linalg.LinAlgError):
            linalg.inv(Tensor(a))
