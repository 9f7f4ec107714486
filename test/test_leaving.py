"""No Tensor becomes a constant by accident: what would make a plain array or number of one raises."""

import ast
import copy
import importlib
import math
import operator
import pickle
from array import array

import numpy as np
import pytest
from helpers import close

from tensorgrad import Tensor, check_grads, grad, jvp, no_grad

VECTOR, NUMBER, MATRIX = np.array([1.0, 2.0]), np.array(2.0), np.array([[1.0, 2.0], [3.0, 5.0]])
REFUSED = r"a Tensor that requires a gradient can't become part of an array|would lose the graph"


def assign(target, index, value):
    target[index] = value
    return target


def assign_attribute(target, name, value):
    setattr(target, name, value)
    return target


# Each takes a vector t, a number s and a matrix m, and makes an array of them; of arrays it works.
ACCIDENTS = {
    "array of a list": lambda t, s, m: np.array([t, t]),
    "array of numbers": lambda t, s, m: np.array([s, 1.0]),
    "array of nested lists": lambda t, s, m: np.array([[s, 1.0], [2.0, s]]),
    "asarray": lambda t, s, m: np.asarray(t),
    "asanyarray": lambda t, s, m: np.asanyarray(m),
    "ascontiguousarray": lambda t, s, m: np.ascontiguousarray(t),
    "require": lambda t, s, m: np.require(t),
    "array of dtype object": lambda t, s, m: np.array(t, dtype=object),
    "sum of a list": lambda t, s, m: np.sum([t, t]),
    "max of a list": lambda t, s, m: np.max([s, s]),
    "mean of a tuple": lambda t, s, m: np.mean((t, t), axis=0),
    "exp of a list": lambda t, s, m: np.exp([s, s]),
    "r_": lambda t, s, m: np.r_[t, t],
    "r_ of numbers": lambda t, s, m: np.r_[s, 1.0],
    "c_": lambda t, s, m: np.c_[t, t],
    "dot": lambda t, s, m: VECTOR.dot(t),
    "dot of a matrix": lambda t, s, m: MATRIX.dot(m),
    "searchsorted": lambda t, s, m: VECTOR.searchsorted(t),
    "take of indices": lambda t, s, m: np.array([1.0, 2.0, 3.0]).put([0], s),
    "clip": lambda t, s, m: VECTOR.clip(0.0, t),
    "slice": lambda t, s, m: assign(np.zeros(2), slice(None), t),
    "row": lambda t, s, m: assign(np.zeros((2, 2)), 0, t),
    "mask": lambda t, s, m: assign(np.zeros(2), np.array([True, True]), t),
    "index array": lambda t, s, m: assign(np.zeros(2), np.array([1, 0]), t),
    "ellipsis": lambda t, s, m: assign(np.zeros(()), Ellipsis, s),
    "real part": lambda t, s, m: assign_attribute(np.zeros(2, complex), "real", t),
    "flat": lambda t, s, m: assign_attribute(np.zeros(2), "flat", t),
    "in place": lambda t, s, m: operator.iadd(np.zeros(2), t),
    "out": lambda t, s, m: np.exp(t, out=np.zeros(2)),
    "ufunc.at": lambda t, s, m: np.add.at(np.zeros(2), [0, 1], t),
    "copyto": lambda t, s, m: np.copyto(np.zeros(2), t),
    "place": lambda t, s, m: np.place(np.zeros(2), [True, True], t),
    "fill_diagonal": lambda t, s, m: np.fill_diagonal(np.zeros((2, 2)), t),
    "vectorize": lambda t, s, m: np.vectorize(math.sin)(t),
    "full": lambda t, s, m: np.full(3, s),
    "full of a row": lambda t, s, m: np.full((3, 2), t),
    "full_like": lambda t, s, m: np.full_like(VECTOR, t),
    "arange": lambda t, s, m: np.arange(s),
    "zeros of a shape": lambda t, s, m: np.zeros(np.asarray(t).astype(int)),
    "float32": lambda t, s, m: np.float32(s),
    "complex128": lambda t, s, m: np.complex128(s),
    "int64": lambda t, s, m: np.int64(s),
    "normal": lambda t, s, m: np.random.default_rng(0).normal(t),
    "normal of a number": lambda t, s, m: np.random.default_rng(0).normal(s, 1.0),
    "choice": lambda t, s, m: np.random.default_rng(0).choice(2, p=t / 3.0),
    "a polynomial at": lambda t, s, m: np.polynomial.Polynomial([1.0, 2.0])(t),
    "a polynomial of": lambda t, s, m: np.polynomial.Polynomial(t),
    "hermval": lambda t, s, m: np.polynomial.hermite.hermval(1.0, t),
    "initial": lambda t, s, m: np.sum(VECTOR, initial=s),
    "initial of max": lambda t, s, m: np.max(VECTOR, initial=s),
    "left of interp": lambda t, s, m: np.interp(VECTOR, [1.0, 2.0], [3.0, 4.0], left=s),
    "ddof": lambda t, s, m: np.var(np.arange(5.0), ddof=s),
    "a number in tril": lambda t, s, m: np.tril(MATRIX, s),
    "index of an array": lambda t, s, m: VECTOR[t],
    "savez": lambda t, s, m: np.save("/dev/null", t),
    "array of the standard library": lambda t, s, m: assign(array("d", [0.0]), 0, s),
}


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_array_made_of_a_tensor_is_an_error_that_names_the_way_out(name):
    with pytest.raises((TypeError, IndexError, ValueError)) as caught:
        ACCIDENTS[name](Tensor(VECTOR), Tensor(NUMBER), Tensor(MATRIX))
    reason = str(caught.value if type(caught.value) is not ValueError else caught.value.__cause__)
    assert "np.stack" in reason or "tensor.data" in reason


def test_what_fills_an_array_is_told_how_it_keeps_its_gradient():
    with pytest.raises(TypeError, match=r"numpy\.full: .*np\.full\(shape, tensor, like=tensor\) keeps it"):
        np.full(3, Tensor(2.0))
    close(grad(lambda t: np.sum(np.full(3, t**2, like=t)))(2.0), 12)


@pytest.mark.parametrize(
    "name", sorted(ACCIDENTS.keys() - {"zeros of a shape", "index of an array", "a number in tril"})
)
def test_in_the_same_place_an_array_is_none(name):
    ACCIDENTS[name](VECTOR, NUMBER, MATRIX)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.asanyarray, lambda x: np.array([x])[0]])
def test_what_requires_no_gradient_converts_freely(convert):
    constant = Tensor(VECTOR, requires_grad=False)
    np.testing.assert_array_equal(convert(constant), VECTOR)
    assert np.asarray(constant) is constant.data and np.array(constant) is not constant.data
    assert np.asarray(constant, np.float32).dtype == np.float32
    with pytest.raises(ValueError):
        np.array(constant, dtype=np.float32, copy=False)
    leaf = Tensor(VECTOR)
    with no_grad():
        np.testing.assert_array_equal(convert(leaf), VECTOR)
        np.testing.assert_array_equal(convert(leaf * 2), 2 * VECTOR)
        target = np.zeros(2)
        target[0] = leaf[1]
        assert target[0] == 2


# One number, assigned to an element ----------------------------------------------------------------------------------


def assigned(statement, **names):
    """The targets after a statement, which is run in a frame of its own."""
    names = {"a": np.zeros((2, 2)), "c": np.zeros(2, complex), "i": np.zeros(2, int), "np": np, "math": math, **names}
    exec(statement, names)
    return names


ELEMENTS = [
    "a[0, 1] = t", "a[0][1] = t", "c[0] = t", "i[0] = t", "a[0, 0], a[0, 1] = 1.0, t", "for a[0, 0] in [t]: pass",
    "a[0, 1] += t", "a[0, 1] = t * 2", "x = a[0, 1] = t", "a[:, 0][1] = t[None][0]",
]  # fmt: skip


@pytest.mark.parametrize("statement", ELEMENTS)
def test_a_number_assigned_to_an_element_is_an_error(statement):
    for _ in range(20):  # also once the interpreter has specialised the instruction
        with pytest.raises((ValueError, TypeError)) as caught:
            assigned(statement, t=Tensor(2.0))
    error = caught.value
    assert "np.stack" in str(error if isinstance(error, TypeError) else error.__cause__)
    with no_grad():
        assigned(statement, t=Tensor(2.0))
    assigned(statement, t=Tensor(2.0, requires_grad=False))


def test_of_a_flat_iterator_numpy_hides_the_reason():
    with pytest.raises(ValueError, match="setting"):
        assigned("a.flat[0] = t", t=Tensor(2.0))


@pytest.mark.parametrize(
    "statement",
    [
        "a[0, 1] = float(t)", "a[int(t) - 1, 0] = 1.0", "a[0, 1] = t.item()", "a[0, 1] = t.data", "x = {float(t): 1.0}",
        "a[0, 1] = math.sin(t)", "x = [0.0]; x[0] = t", "x = {}; x['t'] = t", "a[0, 1] = f'{t:.1f}'",
        "c[0] = complex(t)",
    ],
)  # fmt: skip
def test_a_number_taken_on_purpose_is_none(statement):
    assert ast.parse(statement)
    assigned(statement, t=Tensor(1.0))


def test_numbers_on_purpose():
    one = Tensor([[2.75]])
    assert float(one) == one.item() == 2.75 and int(one) == 2 and complex(one) == 2.75 and f"{one:.1f}" == "2.8"
    assert type(one.item()) is float and type(float(one)) is float and math.floor(one) == 2
    for convert in (float, int, complex, bool):
        with pytest.raises(ValueError, match=r"shape \(2,\) is not one number"):
            convert(Tensor(VECTOR))
    t = Tensor(VECTOR)
    assert copy.copy(t).requires_grad and pickle.loads(pickle.dumps(t)).requires_grad


# What can't be noticed, as docs/leaving.md says. If one of these raises one day, so much the better.

UNNOTICED = {
    "math": lambda s: math.sin(s),
    "fromiter": lambda s: np.fromiter((q * q for q in [s, s]), float),
    "float64": lambda s: np.float64(s),
    "fill": lambda s: np.zeros(2).fill(s),
    "setitem as a function": lambda s: operator.setitem(np.zeros(2), 0, s),
    "__setitem__": lambda s: np.zeros(2).__setitem__(0, s),
    "an array of objects": lambda s: assign(np.empty(1, object), 0, s).astype(float),
    "a record": lambda s: np.array([(s, 1)], dtype=[("a", float), ("b", int)]),
    "reduce of a ufunc": lambda s: np.add.reduce(VECTOR, initial=s),
    "order of a norm": lambda s: np.linalg.norm(VECTOR, ord=s),
    "array of the standard library": lambda s: array("d", [s]),
    "data of np.ma": lambda s: np.ma.getdata(s),
}


@pytest.mark.parametrize("name", UNNOTICED)
def test_the_page_lists_what_can_not_be_noticed(name):
    assert not isinstance(UNNOTICED[name](Tensor(2.0)), Tensor)


def test_a_polynomial_of_numpy_leaves_out_zero_coefficients_and_polyval_does_not():
    t = Tensor([0.0, 2.0, 3.0])
    np.poly1d(t)(2.0).backward()
    np.testing.assert_array_equal(t.grad, [0, 2, 1])
    close(grad(lambda t: np.polyval(t, 2.0))(t.data), [4, 2, 1])


# Masked arrays --------------------------------------------------------------------------------------------------------

MASKED = np.ma.array([1.0, 2.0], mask=[False, True])

WITH_MASKED = {
    "multiply": lambda t: MASKED * t,
    "reflected": lambda t: t * MASKED,
    "power": lambda t: MASKED**t,
    "compare": lambda t: np.ma.less(MASKED, t),
    "matmul": lambda t: np.matmul(MASKED, t),
    "method dot": lambda t: MASKED.dot(t),
    "where": lambda t: np.where([True, False], MASKED, t),
    "ma.where": lambda t: np.ma.where(np.array([True, False]), MASKED, t),
    "add": lambda t: np.add(MASKED, t),
    "ma.add": lambda t: np.ma.add(MASKED, t),
    "ma.add of Tensors": lambda t: np.ma.add(t, t),
    "ma.exp": lambda t: np.ma.exp(t),
    "ma.array": lambda t: np.ma.array(t),
    "ma.masked_where": lambda t: np.ma.masked_where(VECTOR > 1, t),
    "ma.concatenate": lambda t: np.ma.concatenate([MASKED, t]),
    "ma.stack": lambda t: np.ma.stack([t, t]),
    "ma.sum": lambda t: np.ma.sum(t),
    "ma.mean": lambda t: np.ma.mean(t),
    "element": lambda t: assign(MASKED.copy(), 0, t[0]),
    "slice": lambda t: assign(MASKED.copy(), slice(None), t),
    "in place": lambda t: operator.iadd(MASKED.copy(), t),
    "concatenate": lambda t: np.concatenate([MASKED, t]),
    "clip": lambda t: np.clip(t, MASKED, 5.0),
}


@pytest.mark.parametrize("name", WITH_MASKED)
def test_a_masked_array_takes_no_tensor(name):
    with pytest.raises((TypeError, ValueError), match=rf"{REFUSED}|MaskedArray isn't supported|matmul of shapes"):
        WITH_MASKED[name](Tensor(VECTOR))


def test_a_matrix_takes_no_tensor():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(MATRIX)
    for call in (lambda t: matrix * t, lambda t: t @ matrix, lambda t: np.concatenate([matrix, t])):
        with pytest.raises(TypeError, match="matrix isn't supported"):
            call(Tensor(MATRIX))


# Sparse matrices ------------------------------------------------------------------------------------------------------

KINDS = [
    "csr_array",
    "csc_array",
    "coo_array",
    "bsr_array",
    "dia_array",
    "lil_array",
    "dok_array",
    "csr_matrix",
    "coo_matrix",
]
DENSE = np.array([[0.0, 2.0], [1.0, 0.0], [0.0, -3.0]])


@pytest.mark.parametrize("kind", KINDS)
def test_the_product_with_a_sparse_matrix_is_a_linear_map(kind):
    sparse = pytest.importorskip("scipy.sparse")
    A = getattr(sparse, kind)(DENSE)
    x, y, many, rows = VECTOR, np.array([1.0, -1.0, 0.5]), np.ones((2, 4)), np.arange(12.0).reshape(4, 3)
    pairs = [
        (lambda t: A @ t, lambda t: DENSE @ t, x),
        (lambda t: A @ t, lambda t: DENSE @ t, many),
        (lambda t: t @ A, lambda t: t @ DENSE, y),
        (lambda t: t @ A, lambda t: t @ DENSE, rows),
        (lambda t: A.T @ (A @ t), lambda t: DENSE.T @ (DENSE @ t), many),
    ]
    for f, dense, at in pairs:
        t = Tensor(at)
        assert type(f(t)) is Tensor and f(t).parents
        np.testing.assert_allclose(f(t).data, dense(at), rtol=1e-14)
        check_grads(lambda t, f=f: f(t) ** 3, at)
        close(jvp(lambda t, f=f: f(t) ** 2, (at,), (at,))[1], 2 * dense(at) ** 2)
    with no_grad():
        np.testing.assert_allclose(A @ Tensor(x), DENSE @ x)
    loss = grad(grad(lambda s: ((A @ (s * VECTOR)) ** 3).sum()))(2.0)
    close(loss, 6 * 2 * ((DENSE @ VECTOR) ** 3).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_anything_else_with_a_sparse_matrix_is_an_error(kind):
    sparse = pytest.importorskip("scipy.sparse")
    A, t, s = getattr(sparse, kind)(MATRIX), Tensor(MATRIX), Tensor(2.0)
    calls = [
        lambda: A * t,
        lambda: t * A,
        lambda: A * s,
        lambda: s * A,
        lambda: A + t,
        lambda: t + A,
        lambda: A - t,
        lambda: A / t,
        lambda: t / A,
        lambda: A.multiply(t),
        lambda: A @ s,
        lambda: s @ A,
        lambda: A @ Tensor(np.ones(3)),
        lambda: A @ Tensor(np.ones((2, 2, 2))),
        lambda: sparse.kron(A, t),
        lambda: sparse.hstack([A, t]),
        lambda: sparse.linalg.spsolve(A.tocsc(), t[0]),
        lambda: A.maximum(t),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)):
            call()
    for call in (*calls[:2], lambda: A / t, lambda: A.multiply(t)):
        if kind.endswith("array") or call is not calls[0]:  # the * of a matrix is its product
            with pytest.raises(TypeError, match=r"a sparse .* can be multiplied as matrices alone, by @"):
                call()


# SciPy's compiled functions -------------------------------------------------------------------------------------------

SCIPY = {
    "linalg.solve": lambda s, t, m: s.linalg.solve(MATRIX, t),
    "linalg.inv": lambda s, t, m: s.linalg.inv(m),
    "linalg.expm": lambda s, t, m: s.linalg.expm(m),
    "linalg.cho_factor": lambda s, t, m: s.linalg.cho_factor(m @ m.T),
    "linalg.norm": lambda s, t, m: s.linalg.norm(t),
    "fft": lambda s, t, m: s.fft.fft(t),
    "interpolate": lambda s, t, m: s.interpolate.CubicSpline([0.0, 1.0], t),
    "integrate": lambda s, t, m: s.integrate.solve_ivp(lambda x, y: t * y, (0.0, 1.0), VECTOR),
    "optimize": lambda s, t, m: s.optimize.minimize(lambda x: (x**2).sum(), t),
    "signal": lambda s, t, m: s.signal.lfilter([1.0], [1.0, 0.5], t),
    "stats.norm": lambda s, t, m: s.stats.norm.logpdf(t),
    "ndimage": lambda s, t, m: s.ndimage.gaussian_filter(t, 1.0),
    "spatial": lambda s, t, m: s.spatial.distance.cdist(m, MATRIX),
    "special, without rules": lambda s, t, m: s.special.chndtr(2.0, 2.0, t),
    "cluster": lambda s, t, m: s.cluster.vq.whiten(m),
}


@pytest.mark.parametrize("name", SCIPY)
def test_functions_of_scipy_that_take_plain_arrays_raise(name):
    scipy = pytest.importorskip("scipy")
    for module in ("cluster.vq", "integrate", "interpolate", "linalg", "optimize", "signal", "special", "stats"):
        importlib.import_module(f"scipy.{module}")
    with pytest.raises(TypeError, match=r"np\.stack|tensor\.data"):
        SCIPY[name](scipy, Tensor(VECTOR), Tensor(MATRIX))


def test_functions_of_sklearn_raise():
    metrics = pytest.importorskip("sklearn.metrics")
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    for call in (
        lambda: metrics.mean_squared_error(VECTOR, Tensor(VECTOR)),
        lambda: metrics.log_loss([0, 1], Tensor([0.2, 0.7])),
        lambda: pairwise.rbf_kernel(Tensor(MATRIX)),
    ):
        with pytest.raises(TypeError, match=r"np\.stack|tensor\.data"):
            call()


# When nothing is left -------------------------------------------------------------------------------------------------


def test_backward_of_a_constant_says_what_leaves_the_graph():
    for constant in (Tensor(2.0, requires_grad=False), Tensor(2.0).detach(), Tensor([1.0], requires_grad=False) * 2):
        with pytest.raises(RuntimeError) as caught:
            constant.backward()
        for way in ("np.array([t, u])", "array[i] = t", "array.dot(t)", "math.exp", "compiled", ".data", ".item()"):
            assert way in str(caught.value)
    with pytest.raises(TypeError) as caught:
        grad(lambda x: math.exp(x))(1.0)
    for way in ("np.array([t, u])", "array[i] = t", "array.dot(t)", "math.exp", "compiled", ".data", ".item()"):
        assert way in str(caught.value)
