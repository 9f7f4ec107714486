"""Cases of the functions of scipy.linalg, where SciPy is installed: real and complex matrices, and stacks of them.

Each derivative is compared with differences of SciPy's own function, element by element. So where it reads one triangle
of a matrix, matrices aren't symmetric here, and show which. Of vectors that are determined up to a phase, the absolute
values are compared.
"""

import inspect
from importlib.util import find_spec

import cases
import numpy as np
from cases import positive, variables_in, x
from cases_decompositions import adjoint, of_complete, of_full, plain, without_phases
from cases_matrices import plus, three_values

C = {"dtype": complex}


def pick(i):
    """The part i of a result, in a tuple also where SciPy gives a list, of a stack."""
    return lambda f, *args, **kwargs: f(*args, **kwargs)[i]


def as_tuple(of):
    """The same call, with the parts of its result in a tuple, and without those that are no arrays."""
    return lambda f, *args, **kwargs: tuple(p for p in of(f, *args, **kwargs) if hasattr(p, "dtype"))


def dominant(f, a, *args, **kwargs):
    """Called with a matrix of which both triangles are those of positive definite ones, but not of the same one."""
    return f(a + 9 * np.eye(a.shape[-1], like=a), *args, **kwargs)


def complex_too(f, *matrices):
    """Called with matrices that are all complex: SciPy 1.17 is wrong where some are real and others aren't."""
    return f(*[m + 0j for m in matrices])


def times_first(f, a, *args):
    """The result times an element of a, since SciPy gives some norms as plain floats."""
    return f(a, *args) * np.real(np.ravel(a)[0])


if find_spec("scipy"):
    import scipy
    import scipy.linalg

    from tensorgrad.scipy import linalg

    TAKES_STACKS = np.lib.NumpyVersion(scipy.__version__) >= "1.16.0"  # and empty matrices

    def case(func, *args, newer=False, **kwargs):
        """A case, unless it is one of a stack, or `newer` otherwise, and SciPy older than that."""
        newer = newer or any(len(v.shape) > 2 or 0 in v.shape for v in variables_in(args))
        if TAKES_STACKS or not newer:
            cases.case(func, *args, **kwargs)

    # Inverses, determinants, norms

    for a in (x(3, 3), x(1, 1), x(0, 0), x(3, 3, **C), x(2, 2, layout="strided"), x(2, 3, 3)):
        case(linalg.inv, a, of=plus(5))
        case(linalg.det, a)
    case(linalg.det, x([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]))
    case(linalg.det, x(2, 2, 3, 3, **C))
    if "assume_a" in inspect.signature(scipy.linalg.inv).parameters:  # since SciPy 1.17
        for structure in ("pos", "sym", "her", "upper triangular", "lower triangular", "general"):
            for lower in (False, True):
                case(linalg.inv, x(3, 3, **C), assume_a=structure, lower=lower, of=dominant)
        case(linalg.inv, x(3), assume_a="diagonal", of=lambda f, d, **k: f(np.diag(d + 5), **k))

    for shape in [(3, 2), (2, 3), (2, 2), (2, 4, 3)]:
        case(linalg.pinv, x(*shape))
        case(linalg.pinv, x(*shape, **C))
    case(linalg.pinv, x(4, 2), x(2, 3), of=lambda f, a, b: f(a @ b))  # of rank 2
    case(linalg.pinv, x(4, 2), x(2, 3), atol=1e-4, rtol=1e-4, of=lambda f, a, b, **k: f(a @ b, **k))
    case(linalg.pinv, x(3, 2), return_rank=True)
    for lower in (False, True):
        case(linalg.pinvh, x(3, 3), lower=lower, of=dominant)
        case(linalg.pinvh, x(2, 3, 3, **C), lower=lower, of=dominant)
    case(linalg.pinvh, x(2, 3), of=lambda f, a: f(a.T @ a))  # of rank 2

    for ord in (None, 2):
        case(linalg.norm, x(4), ord, of=times_first)
        case(linalg.norm, x(4), ord, keepdims=True)
    case(linalg.norm, x(3, **C), of=times_first)
    for ord in (None, "fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf):
        case(linalg.norm, x(3, 2), ord, of=times_first)
        case(linalg.norm, x(2, 3, 2), ord, axis=(-1, -2), keepdims=True)
    for ord in (1, 3, -1, 0.5, np.inf, -np.inf):
        case(linalg.norm, x(2, 3), ord, axis=0)

    # Equations

    for a, b in [
        (x(3, 3), x(3)),
        (x(3, 3), x(3, 2)),
        (x(2, 3, 3), x(3)),
        (x(2, 1, 2, 2), x(3, 2, 4)),
        (x(3, 3, **C), x(3)),
        (x(2, 2), x(2, 3, **C)),
        (x(0, 0), x(0, 2)),
        (x(2, 2, layout="F"), np.array([1.0, 2.0])),
    ]:
        case(linalg.solve, a, b, of=plus(5))
    for structure in ("gen", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular"):
        newer = structure != "gen"
        case(linalg.solve, x(3, 3), x(3, 2), newer=newer, assume_a=structure, of=dominant)
        case(linalg.solve, x(3, 3, **C), x(3, **C), newer=newer, assume_a=structure, lower=True, of=dominant)
        case(linalg.solve, x(3, 3), x(3, 2), newer=newer, assume_a=structure, transposed=True, of=dominant)
    for structure in ("sym", "her", "pos"):
        for lower in (False, True):
            case(linalg.solve, x(3, 3), x(3, 2), lower, assume_a=structure, transposed=lower, of=dominant)
            case(linalg.solve, x(3, 3, **C), x(3, **C), assume_a=structure, lower=lower, of=dominant)
    for structure in ("general", "symmetric", "hermitian", "positive definite"):
        case(linalg.solve, x(3, 3, **C), x(3), newer=True, assume_a=structure, lower=True, of=dominant)
    case(linalg.solve, x(3, 3), x(3), transposed=True, of=plus(5))

    for trans in (0, 1, 2, "N", "T", "C"):
        for lower in (False, True):
            case(linalg.solve_triangular, x(3, 3), x(3), trans, lower, of=plus(5))
            case(linalg.solve_triangular, x(3, 3, **C), x(3, 2, **C), trans, lower, of=plus(5))
            case(linalg.solve_triangular, x(3, 3, **C), x(3, 2), trans, lower, unit_diagonal=True)
    case(linalg.solve_triangular, x(2, 3, 3), x(3), lower=True, of=plus(5))
    case(linalg.solve_triangular, x(3, 3), x(2, 3, 1), of=plus(5))
    case(linalg.solve_triangular, np.array([[2.0, 1.0], [0.0, 3.0]]), x(2, layout="reversed"))

    for lower in (False, True):
        both = lambda f, a, b, lower=lower: dominant(lambda c: f((c, lower), b), a)  # noqa: E731
        for a, b in [(x(3, 3), x(3)), (x(3, 3, **C), x(3, 2, **C)), (x(3, 3), x(3, **C)), (x(2, 3, 3), x(3, 1))]:
            case(linalg.cho_solve, a, b, of=both)
        case(linalg.cho_solve, x(3, 3), np.ones(3), of=both)
    for trans in (0, 1, 2):
        with_pivots = lambda f, a, b, p, **k: f((a + 5 * np.eye(3, like=a), p), b, **k)  # noqa: E731
        case(linalg.lu_solve, x(3, 3), x(3), np.array([2, 2, 2]), trans=trans, of=with_pivots)
        case(linalg.lu_solve, x(3, 3, **C), x(3, 2, **C), np.array([1, 1, 2]), trans=trans, of=with_pivots)
    case(linalg.lu_solve, x(2, 3, 3), x(3), np.array([[1, 2, 2], [0, 1, 2]]), of=with_pivots)

    like = {"like": scipy.linalg.lstsq}  # its results lie otherwise in memory
    for args in [
        (x(4, 2), x(4)),
        (x(4, 2), x(4, 3)),
        (x(2, 4), x(2)),
        (x(3, 3), x(3, 1)),
        (x(4, 2, **C), x(4, 2, **C)),
    ]:
        case(linalg.lstsq, *args, of=lambda f, a, b: [np.real(p) if np.ndim(p) < 2 else p for p in f(a, b)[:2]], **like)
        case(linalg.lstsq, args[0], np.ones(args[1].shape), of=pick(3))
    case(linalg.lstsq, x(3, 3), x(3, 2), 0.3, of=lambda *args: three_values(*args)[0], **like)
    case(linalg.lstsq, x(4, 2), x(4), lapack_driver="gelsy", of=pick(0), **like)

    for below, above in [(1, 1), (2, 1), (0, 2), (2, 0)]:
        banded = lambda f, ab, b, n, m: f((n, m), ab + 9 * (np.arange(n + m + 1) == m)[:, None], b)  # noqa: E731
        for kind in ({}, C):
            case(linalg.solve_banded, x(below + above + 1, 4, **kind), x(4, **kind), below, above, of=banded)
            case(linalg.solve_banded, x(below + above + 1, 4, **kind), x(4, 2), below, above, of=banded)
    case(linalg.solve_banded, x(3, 4), x(2, 4, 1), 1, 1, of=banded)
    for rows in (1, 2, 3):
        for lower in (False, True):
            main = 0 if lower else -1
            banded = lambda f, ab, b, main=main, **k: f(  # noqa: E731
                ab + 9 * (np.arange(len(ab)) == main % len(ab))[:, None], b, **k
            )
            case(linalg.solveh_banded, x(rows, 4), x(4, 2), lower=lower, of=banded)
            case(linalg.solveh_banded, x(rows, 4, **C), x(4, **C), lower=lower, of=banded)
    for d, e in [(x(4), x(3)), (x(1), x(0)), (x(2, 3), x(2, 2))]:
        newer = d.shape != (4,)
        case(linalg.eigh_tridiagonal, d, e, newer=newer, of=lambda f, d, e: tuple(map(np.abs, f(d, e))))
        case(linalg.eigh_tridiagonal, d, e, newer=newer, eigvals_only=True)
        case(linalg.eigvalsh_tridiagonal, d, e, newer=newer)
    for f in (linalg.solve_toeplitz, linalg.matmul_toeplitz):
        for b in (x(3), x(3, 2), x(3, **C)):
            case(f, x(3), x(3), b, of=lambda f, c, r, b: f((c + np.array([9, 0, 0]), r), b))
            case(f, x(3, **C), b, of=lambda f, c, b: f(c + np.array([9, 0, 0]), b))

    # Factors

    for a in (x(3, 3), x(2, 2, 3, 3), x(0, 0), x(3, 3, **C), x(3, 3, layout="F")):
        for lower in (False, True):
            if a.shape != (2, 2, 3, 3) or lower:
                case(linalg.cholesky, a, lower=lower, of=dominant)
                case(linalg.cho_factor, a, lower, of=lambda f, a, lower: dominant(f, a, lower)[0])

    for shape in [(3, 3), (4, 2), (2, 4), (2, 3, 3)]:
        for kind in ({}, C):
            case(linalg.lu_factor, x(*shape, **kind), of=as_tuple(plain))
            case(linalg.lu, x(*shape, **kind))
            case(linalg.lu, x(*shape, **kind), permute_l=True)
            case(linalg.qr, x(*shape, **kind), mode="economic", of=as_tuple(plain))
            case(linalg.qr, x(*shape[-2:], **kind), mode="r")
            case(linalg.qr, x(*shape, **kind), mode="economic", pivoting=True, of=as_tuple(plain))
            case(linalg.qr, x(*shape, **kind), mode="r", pivoting=True, of=as_tuple(plain))
            case(linalg.polar, x(*shape, **kind), of=as_tuple(plain))
            case(linalg.polar, x(*shape, **kind), side="left", of=as_tuple(plain))
            case(linalg.svd, x(*shape, **kind), False, of=without_phases(plain))
            case(linalg.svd, x(*shape), of=of_full)
            case(linalg.svd, x(*shape), compute_uv=False)
            case(linalg.svdvals, x(*shape, **kind))
    case(linalg.lu, x(3, 2), p_indices=True)
    case(linalg.lu_factor, x(2, 2, 3, 2), of=as_tuple(plain))
    case(linalg.qr, x(3, 3, **C))
    case(linalg.qr, x(4, 2), of=lambda f, a: of_complete(lambda a, mode: f(a), a, "full"))
    case(linalg.svd, x(3, 3), lapack_driver="gesvd")

    for lower in (False, True):
        for a in (x(3, 3), x(3, 3, **C), x(2, 3, 3), x(1, 1), x(0, 0)):
            case(linalg.eigh, a, lower=lower, of=lambda f, a, **k: tuple(map(np.abs, f(a, **k))))
            case(linalg.eigh, a, lower=lower, eigvals_only=True)
            case(linalg.eigvalsh, a, lower=lower)
        for a, b in [(x(3, 3), x(3, 3)), (x(3, 3, **C), x(3, 3, **C)), (x(3, 3), x(3, 3, **C)), (x(2, 2, 2), x(2, 2))]:
            case(
                linalg.eigh, a, b, lower=lower,
                of=as_tuple(lambda f, a, b, **k: map(np.abs, dominant(lambda b: f(a, b, **k), b))),
            )  # fmt: skip
            case(linalg.eigvalsh, a, b, lower=lower, of=lambda f, a, b, **k: dominant(lambda b: f(a, b, **k), b))
    case(linalg.eigh, x(3, 3), subset_by_index=(1, 2), of=without_phases(plain))
    case(linalg.eigh, x(3, 3), x(3, 3), subset_by_index=[0, 0], of=lambda f, a, b, **k: np.abs(f(a, b @ b.T, **k)[1]))
    case(linalg.eigvalsh, x([[1.0, 0.2], [0.3, 4.0]]), subset_by_value=(2, np.inf))
    case(linalg.eigh, x(3, 3), driver="evd", of=without_phases(plain))
    values_near = np.diag([1.0, 4.0, 9.0])  # in another order in single precision, so they are summed
    for a in (x(3, 3), x(2, 3, 3, **C)):
        case(linalg.eig, a, of=lambda f, a: [np.sum(np.abs(p), axis=-1) for p in f(a + values_near)])
        case(linalg.eig, a, right=False, of=lambda f, a, **k: np.sum(f(a, **k) ** 3, axis=-1))
        case(linalg.eigvals, a, of=lambda f, a, **k: np.sum(f(a, **k) ** 3, axis=-1))
    case(linalg.orthogonal_procrustes, x(4, 2), x(4, 2))
    case(linalg.orthogonal_procrustes, x(4, 2, **C), x(4, 2, **C), newer=True)

    # Functions of matrices

    turned = x([[-3.0, 0.2, 0.1], [0.3, -2.0, 0.2], [0.0, 0.1, -1.0]])  # its eigenvalues are real and below 0
    for f in (
        linalg.expm, linalg.cosm, linalg.sinm, linalg.tanm, linalg.coshm, linalg.sinhm, linalg.tanhm, linalg.logm,
        linalg.sqrtm,
    ):  # fmt: skip
        near = (lambda f, a: plus(4)(f, a)) if f in (linalg.logm, linalg.sqrtm) else (lambda f, a: f(a / 2))
        case(f, x(3, 3, **C), newer=f is linalg.sqrtm, of=near)  # those were long doubles
        for a in (x(3, 3), x(2, 2, 2), x(1, 1), x(2, 2, layout="F")):
            case(f, a, of=near)
        if f is not linalg.logm:
            case(f, turned)
    case(linalg.expm, x(0, 0))
    case(linalg.expm, x(), like=lambda a: np.exp(a).reshape(1, 1))
    case(linalg.expm, x(3, 3), of=lambda f, a: f(0 * a))
    case(linalg.expm, x(3, 3), of=lambda f, a: f(np.triu(8 * a)))
    case(linalg.logm, turned, of=lambda f, a: f(a.astype(np.float64)))  # SciPy warns at single precision
    case(linalg.sqrtm, x(2), of=lambda f, d: f(np.diag(d * d)))
    for t in (x([0.3]), -0.5, 2, -1, 2.4):
        for a in (x(3, 3), x(2, 2, **C)):
            case(
                linalg.fractional_matrix_power, a, t,
                of=lambda f, a, t: plus(4)(f, a, t[0] if hasattr(t, "shape") else t),
            )  # fmt: skip
    case(linalg.fractional_matrix_power, turned, 0.3, of=lambda f, a, t: f(a.astype(np.float64), t))
    case(linalg.fractional_matrix_power, x(2, 2), 3, of=lambda f, a, t: f(a @ np.diag([1.0, 0.0]), t))
    case(linalg.expm_frechet, x(3, 3), x(3, 3))
    case(linalg.expm_frechet, x(2, 2, 2), x(2, 2), of=as_tuple(plain))
    case(linalg.expm_frechet, x(2, 2, **C), x(2, 2), compute_expm=False)

    # Equations for a matrix

    sylvester = lambda *matrices: complex_too(scipy.linalg.solve_sylvester, *matrices)  # noqa: E731
    case(linalg.solve_sylvester, x(3, 3), x(2, 2), x(3, 2, **C), of=plus(9), like=sylvester)
    lyapunov = lambda *matrices: complex_too(scipy.linalg.solve_continuous_lyapunov, *matrices)  # noqa: E731
    case(linalg.solve_continuous_lyapunov, x(3, 3), x(3, 3, **C), of=plus(5), like=lyapunov)
    for kind in ({}, C):
        case(linalg.solve_sylvester, x(3, 3, **kind), x(2, 2, **kind), x(3, 2, **kind), of=plus(9))
        case(linalg.solve_sylvester, x(2, 3, 3, **kind), x(2, 2, **kind), x(3, 2), of=plus(9))
        case(linalg.solve_continuous_lyapunov, x(3, 3, **kind), x(3, 3, **kind), of=plus(5))
        case(linalg.solve_continuous_lyapunov, x(2, 3, 3, **kind), x(3, 3), of=plus(5))
        for method in (None, "direct", "bilinear"):
            case(
                linalg.solve_discrete_lyapunov,
                x(3, 3, **kind),
                x(3, 3, **kind),
                method,
                of=lambda f, a, *b: f(a / 9, *b),
            )
        for f in (linalg.solve_continuous_are, linalg.solve_discrete_are):
            case(
                f, x(3, 3, **kind), x(3, 2, **kind), x(3, 3, **kind), x(2, 2, **kind),
                of=lambda f, a, b, q, r: f(a / 2, b, *[m + adjoint(m) + 9 * np.eye(len(m), like=m) for m in (q, r)]),
            )  # fmt: skip

    # Matrices made of a few numbers

    for kind in ({}, C):
        case(linalg.toeplitz, x(3, **kind))
        case(linalg.toeplitz, x(3, **kind), x(4))
        case(linalg.circulant, x(3, **kind))
        case(linalg.hankel, x(3, **kind))
        case(linalg.hankel, x(3, **kind), x(2))
        case(linalg.convolution_matrix, x(3, **kind), 4)
        case(linalg.leslie, x(3, **kind), x(2))
        case(linalg.companion, positive(3, **kind))
        case(linalg.fiedler, x(3, **kind))
        case(linalg.khatri_rao, x(2, 3, **kind), x(4, 3))
        case(linalg.block_diag, x(2, 3, **kind), x(2), 1.0, x(2, 1), x(0, 2))
    if TAKES_STACKS:
        case(linalg.toeplitz, x(2, 3), x(4))
        case(linalg.circulant, x(2, 3))
        case(linalg.companion, positive(2, 3))
    case(linalg.toeplitz, np.array([1.0, 2.0]), x(3))
    case(linalg.convolution_matrix, x(5), 3, mode="same")
    case(linalg.khatri_rao, x(2, 2, 3), x(2, 3), like=scipy.linalg.khatri_rao)  # lies otherwise in memory
    case(linalg.block_diag, x(2, 2, 3), x(1, 2))
    case(linalg.block_diag, [x(2), x(2)], [[x(), x()]], of=lambda f, *blocks: f(*blocks))
