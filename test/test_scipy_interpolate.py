"""scipy.interpolate beside the cases: values are SciPy's to the last bit, edges, objects, and errors."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor, grad, hessian, jacobian, jvp

scipy_interpolate = pytest.importorskip("scipy.interpolate")
interpolate = pytest.importorskip("tensorgrad.scipy.interpolate")

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
KINDS = ("linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic")
CONDITIONS = ("not-a-knot", "clamped", "natural", ((1, 0.3), (2, -0.7)))


def close(a, b, rtol=1e-11, atol=1e-11):
    np.testing.assert_allclose(a, b, rtol, atol)


def numbers(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def points(n):
    return np.cumsum(np.random.default_rng(n).uniform(0.5, 1.5, n))


def check_values(ours, theirs, y):
    """Linear in y: the same value to the last bit, and the transposed map for the gradient."""
    t = Tensor(y)
    value = ours(t)
    np.testing.assert_array_equal(value.data, theirs(y))
    v = 0.5 + numbers(*value.shape)
    value.backward(v)
    offset = theirs(0 * y)  # of conditions at the ends, and of what is beyond them
    scale = 1 + np.linalg.norm(value.data) * np.linalg.norm(v)
    close(np.sum((value.data - offset) * v), np.sum(y * t.grad), rtol=1e-9, atol=1e-11 * scale)


# Values and transposes -----------------------------------------------------------------------------------------------


@repeatable
@given(st.sampled_from(KINDS), st.integers(4, 7), st.integers(0, 2), st.integers(0, 2), st.booleans())
def test_curves_of_all_kinds(kind, n, ndim, axis, beyond):
    shape = [2, 3][:ndim]
    axis = min(axis, ndim)
    shape.insert(axis, n)
    x, y = points(n), numbers(*shape)
    at = x[0] + (x[-1] - x[0]) * np.random.default_rng(0).uniform(-0.2 * beyond, 1 + 0.2 * beyond, (2, 3))
    fill = {"bounds_error": False, "fill_value": (0.2, -0.4)} if kind in ("previous", "next") else {
        "fill_value": "extrapolate"
    }  # fmt: skip

    def f(m):
        return lambda y: m.interp1d(x, y, kind, axis, **fill)(at)

    check_values(f(interpolate), f(scipy_interpolate), y)


@repeatable
@given(
    st.sampled_from(CONDITIONS),
    st.integers(2, 7),
    st.lists(st.integers(1, 3), max_size=2),
    st.data(),
    st.integers(0, 4),
    st.sampled_from([True, "periodic"]),
)
def test_cubic_splines_of_all_shapes(bc_type, n, shape, data, nu, extrapolate):
    axis = data.draw(st.integers(0, len(shape)))
    if not isinstance(bc_type, str):
        bc_type = tuple((order, np.full(shape, value)) for order, value in bc_type)
    shape.insert(axis, n)
    x, y = points(n), numbers(*shape)
    at = x[0] + (x[-1] - x[0]) * np.random.default_rng(0).uniform(-0.4, 1.4, (2, 3))

    def f(m):
        return lambda y: m.CubicSpline(x, y, axis, bc_type, extrapolate)(at, nu)

    check_values(f(interpolate), f(scipy_interpolate), y)


@repeatable
@given(st.lists(st.integers(2, 5), min_size=1, max_size=3), st.integers(0, 2), *[st.booleans()] * 3)
def test_tables_of_all_shapes(shape, trailing, linear, beyond, filled):
    grid = [points(n) if n % 2 else -points(n) for n in shape]
    values = numbers(*shape, *[2, 3][:trailing])
    at = np.stack([g.mean() + np.random.default_rng(k).uniform(-1, 1, 9) * np.ptp(g) * (0.7 if beyond else 0.4)
                   for k, g in enumerate(grid)], -1)  # fmt: skip
    at = np.clip(at, [g.min() for g in grid], [g.max() for g in grid]) if not beyond else at
    method, fill = "linear" if linear else "nearest", 0.3 if filled else None

    def f(m):
        return lambda v: m.RegularGridInterpolator(grid, v, method, False, fill)(at)

    check_values(f(interpolate), f(scipy_interpolate), values)


@pytest.mark.parametrize("bc_type", CONDITIONS)
def test_slopes_in_points_and_arguments(bc_type):
    """Against differences, in the points that a spline goes through and those where it is called."""
    x, y, at = points(6), numbers(6), points(6)[:5] + 0.2

    def f(x, at):
        return scipy_interpolate.CubicSpline(x, y, bc_type=bc_type)(at)

    ours = jacobian(lambda x, at: interpolate.CubicSpline(x, y, bc_type=bc_type)(at), (0, 1))(x, at)
    for k, unit in enumerate(np.eye(6) * 1e-5):
        close(ours[0][:, k], (f(x + unit, at) - f(x - unit, at)) / 2e-5, rtol=1e-6, atol=1e-7)
    close(ours[1], np.diag(scipy_interpolate.CubicSpline(x, y, bc_type=bc_type)(at, 1)))


# Transforms ----------------------------------------------------------------------------------------------------------


def test_derivatives_of_a_spline_are_its_own():
    """By gradients, and by nu: the first to the third, and none after it."""
    spline = interpolate.CubicSpline(points(6), numbers(6))

    def f(t):
        return spline(t)

    for nu in range(1, 5):
        f = grad(f)
        close(f(2.3), spline(2.3, nu))


def test_a_derivative_is_a_curve_with_gradients():
    x, y = points(6), numbers(6)
    theirs = scipy_interpolate.CubicSpline(x, y)
    of_tensor = interpolate.CubicSpline(x, Tensor(y)).derivative()
    of_array = interpolate.CubicSpline(x, y).derivative()
    at = Tensor([1.7, 2.9])
    for curve in (of_tensor, of_array):
        np.testing.assert_allclose(curve(at).data, theirs(at.data, 1), rtol=1e-13)
        np.testing.assert_allclose(curve.derivative()(at).data, theirs(at.data, 2), rtol=1e-13)
    close(jacobian(of_array)(at.data), np.diag(theirs(at.data, 2)))
    np.testing.assert_array_equal(of_array(at.data), theirs.derivative()(at.data))


@pytest.mark.parametrize("name, options", [("CubicSpline", {}), ("interp1d", {"kind": "cubic"})])
def test_forward_mode_and_hessians(name, options):
    x, y, at = points(6), numbers(6), points(6)[:4] + 0.3

    def curve(y, at):
        return getattr(interpolate, name)(x, y, **options)(at)

    matrix, tangent = np.stack([curve(row, at) for row in np.eye(6)], 1), numbers(6) + 1
    close(jacobian(curve)(y, at), matrix)
    close(jvp(lambda y: curve(y, at), (y,), (tangent,))[1], matrix @ tangent)
    curvature = scipy_interpolate.CubicSpline(x, y)(at, 2)
    close(hessian(lambda at: np.sum(curve(y, at)))(at), np.diag(curvature))


def test_an_integral_has_the_ends_values_as_its_slopes():
    spline = interpolate.CubicSpline(points(6), numbers(6))
    a, b = 1.3, 4.2
    close(grad(spline.integrate, (0, 1))(a, b), (-spline(a), spline(b)))
    of_tensor = interpolate.CubicSpline(points(6), Tensor(numbers(6)))
    close(of_tensor.integrate(a, b).data, spline.integrate(a, b), rtol=1e-14)


def test_a_curve_through_two_parameters_is_fitted():
    """Gauss-Newton finds the values that a spline was made with: the Jacobian is that of a linear map."""
    x, wanted, at = points(5), numbers(5), np.linspace(points(5)[0], points(5)[-1], 9)

    def residual(y):
        return interpolate.CubicSpline(x, y)(at) - scipy_interpolate.CubicSpline(x, wanted)(at)

    y = np.zeros(5)
    y = y - np.linalg.lstsq(jacobian(residual)(y), np.asarray(residual(y)))[0]
    close(y, wanted)


# Edges ---------------------------------------------------------------------------------------------------------------


def test_beyond_the_ends_nothing_has_a_gradient():
    x, y = np.array([0.0, 1.0, 2.0]), Tensor([1.0, 3.0, 2.0])
    at = Tensor([-1.0, 0.5, 3.0])
    curve = interpolate.interp1d(x, y, bounds_error=False)
    value = curve(at)
    assert np.isnan(value.data).tolist() == [True, False, True]
    value[1].backward()
    assert y.grad.tolist() == [0.5, 0.5, 0] and at.grad.tolist() == [0, 2, 0]


def test_a_step_has_no_slope():
    x, y, at = Tensor([0.0, 1.0, 2.0]), Tensor([1.0, 3.0, 2.0]), Tensor([0.4, 1.6])
    for kind in ("nearest", "previous", "next", "zero"):
        interpolate.interp1d(x, y, kind)(at).sum().backward()
    assert x.grad.tolist() == [0, 0, 0] and at.grad.tolist() == [0, 0]
    assert y.grad.tolist() == [3, 3, 2]


def test_where_points_turn_a_monotone_curve_is_flat():
    def f(y):
        return interpolate.PchipInterpolator([0.0, 1.0, 2.0, 3.0], y)(1.0, 1)

    assert grad(f)(np.array([0.0, 1.0, 1.0, 0.0])).tolist() == [0, 0, 0, 0]
    assert np.isfinite(grad(f)(np.zeros(4))).all()


def test_an_object_keeps_what_it_was_made_of():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0])
    curve = interpolate.interp1d(x, y)
    y[:] = 7
    assert curve(Tensor([0.5])).data == 2
    t = Tensor(y) * 1
    curve = interpolate.CubicSpline(x, t)
    t[0] = 100.0
    assert curve(1.5).data == 7


# Objects -------------------------------------------------------------------------------------------------------------


def test_given_arrays_alone_an_object_is_scipys():
    x, y, at = points(6), numbers(6), points(6)[:4] + 0.2
    for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator", "interp1d"):
        ours, theirs = getattr(interpolate, name)(x, y), getattr(scipy_interpolate, name)(x, y)
        np.testing.assert_array_equal(ours(at), theirs(at))
        assert type(ours(at)) is np.ndarray
        np.testing.assert_array_equal(ours.x, theirs.x)
    np.testing.assert_array_equal(interpolate.CubicSpline(x, y).c, scipy_interpolate.CubicSpline(x, y).c)
    assert interpolate.CubicSpline(x, y).integrate(1, 3) == scipy_interpolate.CubicSpline(x, y).integrate(1, 3)
    grid = interpolate.RegularGridInterpolator((x,), y, "cubic")
    np.testing.assert_array_equal(grid(at[:, None]), scipy_interpolate.RegularGridInterpolator((x,), y, "cubic")(at))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_objects_can_be_copied(copied):
    curve = copied(interpolate.CubicSpline(points(4), numbers(4)))
    assert curve(Tensor(1.5)).data == interpolate.CubicSpline(points(4), numbers(4))(1.5)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x, y: interpolate.CubicSpline(x, y).c, AttributeError, "CubicSpline.*'c'.*tensor.data"),
        (lambda x, y: interpolate.CubicSpline(x, y).roots(), AttributeError, "'roots'"),
        (lambda x, y: interpolate.CubicSpline(x, y).antiderivative(), AttributeError, "'antiderivative'"),
        (lambda x, y: interpolate.interp1d(x, y).y, AttributeError, "interp1d.*'y'"),
        (lambda x, y: interpolate.CubicSpline(x, y, bc_type=((1, y[0]), "natural")), TypeError, "bc_type"),
        (lambda x, y: interpolate.CubicSpline(x, y)(1.5, nu=-1), ValueError, "nu"),
        (lambda x, y: interpolate.CubicSpline(x[::-1], y), ValueError, "increasing"),
        (lambda x, y: interpolate.CubicSpline(x, y[:3]), ValueError, "length"),
        (lambda x, y: interpolate.interp1d(x, y, fill_value=y[0]), TypeError, "fill_value"),
        (lambda x, y: interpolate.interp1d(x, y)(100.0), ValueError, "above"),
        (lambda x, y: interpolate.interp1d(x, y, "other"), NotImplementedError, "other"),
        (lambda x, y: interpolate.RegularGridInterpolator((x,), y), TypeError, "points"),
        (
            lambda x, y: interpolate.RegularGridInterpolator((points(6),), y, "cubic")([[2]]),
            TypeError,
            "cubic.*linear",
        ),
        (lambda x, y: interpolate.RegularGridInterpolator((points(6),), y)([[0.0]]), ValueError, "out of bounds"),
        (lambda x, y: interpolate.interpn((points(6),), y, [2.0], "pchip"), TypeError, "pchip"),
        (lambda x, y: interpolate.interpn((x, points(5)), np.ones((6, 5)), [[2.0, 2.0]]), TypeError, "argument points"),
        (lambda x, y: interpolate.BSpline, AttributeError, "no 'BSpline'"),
    ],
)
def test_what_has_no_derivative_is_an_error(call, error, text):
    with pytest.raises(error, match=text):
        call(Tensor(points(6)), Tensor(numbers(6)))
