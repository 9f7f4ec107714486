"""scipy.ndimage beside the cases: values are SciPy's, rules are transposes, and what has no derivative says so."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor, grad, hessian, jacobian, jvp

scipy_ndimage = pytest.importorskip("scipy.ndimage")
ndimage = pytest.importorskip("tensorgrad.scipy.ndimage")

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant", "grid-wrap")


def close(a, b, rtol=1e-12, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol, atol)


def numbers(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def check_linear(f, theirs, x):
    """f is a linear map A, computed as theirs is, to the last bit, and <A x, y> = <x, A^T y>."""
    t = Tensor(x)
    y = f(t)
    np.testing.assert_array_equal(y.data, theirs(x))
    v = numbers(*y.shape) + 0.5
    y.backward(v)
    scale = np.linalg.norm(y.data) * np.linalg.norm(v)
    close(np.sum(y.data * v), np.sum(x * t.grad), rtol=1e-10, atol=1e-12 * (1 + scale))


def both(name, *args, **kwargs):
    """The function of this name, of ours and of SciPy's, of a first argument."""

    def of_first(module):
        return lambda x: getattr(module, name)(x, *args, **kwargs)

    return of_first(ndimage), of_first(scipy_ndimage)


def both_of_weights(name, x, **kwargs):
    """The same, of the weights."""

    def of_second(module):
        return lambda w: getattr(module, name)(x, w, **kwargs)

    return of_second(ndimage), of_second(scipy_ndimage)


# Values and transposes -----------------------------------------------------------------------------------------------


@repeatable
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from(MODES), st.data())
def test_correlations_along_an_axis_of_all_shapes(shape, mode, data):
    name = data.draw(st.sampled_from(["correlate1d", "convolve1d"]))
    axis, length = data.draw(st.integers(-len(shape), len(shape) - 1)), data.draw(st.integers(1, 9))
    even = length % 2 == 0
    low, high = (-(length // 2), (length - 1) // 2) if name == "correlate1d" else (-((length - 1) // 2), length // 2)
    origin = data.draw(st.integers(low, high - (even and name == "convolve1d")))
    x, w = numbers(*shape), numbers(length)
    options = {"axis": axis, "mode": mode, "origin": origin}
    check_linear(*both(name, w, **options), x)
    check_linear(*both_of_weights(name, x, **options), w)


@repeatable
@given(st.lists(st.tuples(*[st.integers(1, 4)] * 2), min_size=1, max_size=3), st.sampled_from(MODES), st.data())
def test_correlations_of_all_shapes(sizes, mode, data):
    name = data.draw(st.sampled_from(["correlate", "convolve"]))
    x, w = (numbers(*shape) for shape in zip(*sizes, strict=True))
    origin = tuple(0 if n < 3 else data.draw(st.integers(-1, (n - 1) // 2 - (n % 2 == 0))) for n in w.shape)
    check_linear(*both(name, w, mode=mode, origin=origin), x)
    check_linear(*both_of_weights(name, x, mode=mode, origin=origin), w)


@repeatable
@given(st.lists(st.integers(1, 5), min_size=2, max_size=3), st.sampled_from(MODES), st.data())
def test_filters_of_all_shapes(shape, mode, data):
    size = data.draw(st.integers(1, 6))
    x = numbers(*shape)
    check_linear(
        *both("uniform_filter1d", size, mode=mode, origin=data.draw(st.integers(-(size // 2), (size - 1) // 2))), x
    )
    check_linear(*both("uniform_filter", size, mode=mode), x)
    check_linear(*both("gaussian_filter", data.draw(st.floats(0.1, 2)), data.draw(st.integers(0, 3)), mode=mode), x)
    for name in ("sobel", "prewitt", "laplace"):
        check_linear(*both(name, mode=mode), x)
    check_linear(*both("gaussian_laplace", 0.7, mode=mode), x)


@repeatable
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from(MODES), st.integers(0, 5), st.data())
def test_interpolation_of_all_shapes(shape, mode, order, data):
    x = numbers(*shape)
    points = numbers(len(shape), 7) * max(shape)
    points[:, :4] = np.round(points[:, :4])  # at elements, too
    check_linear(*both("map_coordinates", points, order=order, mode=mode), x)
    check_linear(*both("shift", 0.3, order=order, mode=mode), x)
    check_linear(*both("zoom", 1.7, order=order, mode=mode), x)
    if not mode.startswith(("constant", "wrap")):  # of which SciPy warns
        check_linear(*both("zoom", 0.6 + 1 / min(shape), order=order, mode=mode, grid_mode=True), x)
    check_linear(*both("affine_transform", np.eye(len(shape)) + 0.13, 0.21, order=order, mode=mode), x)


@repeatable
@given(st.lists(st.integers(2, 5), min_size=1, max_size=2), st.sampled_from(MODES), st.integers(1, 5))
def test_slopes_of_interpolation(shape, mode, order):
    """The derivative in the coordinates, against central differences at points between elements."""
    x, rng = numbers(*shape), np.random.default_rng(0)
    n = max(shape)
    points = rng.integers(-2 * n, 3 * n, (len(shape), 6)) + rng.choice([0.2, 0.35, 0.65, 0.8], (len(shape), 6))

    def f(c):
        return scipy_ndimage.map_coordinates(x, c, order=order, mode=mode, cval=0.3)

    ours = grad(lambda c: np.sum(ndimage.map_coordinates(x, c, order=order, mode=mode, cval=0.3)))(points)
    for k in range(len(shape)):
        step = 1e-5 * (np.arange(len(shape)) == k)[:, None]
        close(ours[k], (f(points + step) - f(points - step)) / 2e-5, rtol=1e-6, atol=1e-7)


def test_given_arrays_alone_a_function_is_scipys():
    for name in ndimage.__all__:
        assert getattr(ndimage, name).__name__ == name
        assert getattr(ndimage, name).__doc__ == getattr(scipy_ndimage, name).__doc__
    out = np.zeros(4)
    assert ndimage.uniform_filter1d(numbers(4), 3, output=out) is out
    assert type(ndimage.sobel(numbers(3, 3))) is np.ndarray


def test_jacobians_are_the_matrices_of_the_maps():
    for f in (
        lambda x: ndimage.gaussian_filter1d(x, 0.9),
        lambda x: ndimage.uniform_filter1d(x, 4, mode="wrap"),
        lambda x: ndimage.spline_filter1d(x, mode="reflect"),
    ):
        matrix = np.stack([f(row) for row in np.eye(7)], 1)
        close(jacobian(f)(numbers(7)), matrix)
        close(jvp(f, (numbers(7),), (numbers(7),))[1], matrix @ numbers(7))


def test_tangents_have_no_part_of_what_is_constant():
    """Beyond the ends of the input is cval; beyond those of its tangent, 0."""
    x, v, w = numbers(5), numbers(5) + 1, numbers(3)
    for name, *arguments in (("correlate1d", w), ("correlate", w), ("uniform_filter1d", 3), ("shift", 1.4)):
        options = {"mode": "constant", "cval": 2.0}
        f, theirs = both(name, *arguments, **options)
        close(jvp(f, (x,), (v,))[1], theirs(v) - theirs(0 * v))


# Gaussians -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_the_width_of_a_gaussian(order):
    """By differences, the number of weights being held: sigma to third order."""
    x = numbers(9)

    def f(s):
        return ndimage.gaussian_filter1d(x, s, order=order, radius=5)

    def first(s):
        return (f(s + 1e-5) - f(s - 1e-5)) / 2e-5

    close(jacobian(f)(1.1), first(1.1), rtol=1e-7, atol=1e-8)
    second = (jacobian(f)(1.1 + 1e-5) - jacobian(f)(1.1 - 1e-5)) / 2e-5
    close(jacobian(jacobian(f))(1.1), second, rtol=1e-6, atol=1e-7)


def test_a_smooth_curve_diffuses():
    """The heat equation, df/d(sigma) = sigma f'': of a cosine of wave number k, exp(-(k sigma)^2 / 2)."""
    x, k = np.arange(400), 2 * np.pi / 100

    def middle(s):
        return ndimage.gaussian_filter1d(np.cos(k * x), s, truncate=8.0, mode="wrap")[200]

    close(grad(middle)(5.0), -(k**2) * 5 * math.exp(-((5 * k) ** 2) / 2), rtol=1e-9)


def test_widths_may_be_a_list_of_tensors():
    s, t = Tensor(0.8), Tensor(1.3)
    ndimage.gaussian_filter(numbers(5, 6), [s, t])[2, 2].backward()
    wanted = grad(lambda v: ndimage.gaussian_filter(numbers(5, 6), v)[2, 2])(np.array([0.8, 1.3]))
    close([s.grad, t.grad], wanted)


# Edges ---------------------------------------------------------------------------------------------------------------


def test_between_elements_a_line_has_its_slope():
    x = np.array([1.0, 3.0, 2.0])

    def slope(c, **options):
        return grad(lambda c: ndimage.map_coordinates(x, c, order=1, **options)[0])(np.array([[c]]))

    assert slope(0.5) == 2 and slope(1.5) == -1
    assert slope(0.0) == 2  # the slope towards the next element, at an element
    assert slope(5.5) == slope(5.5, mode="nearest") == slope(-0.5, mode="nearest") == 0
    assert slope(-0.5, mode="mirror") == -2 and slope(-0.5, mode="reflect") == 0


def test_a_point_that_is_nowhere_has_no_gradient():
    x, c = Tensor([1.0, 3.0, 2.0]), Tensor([[np.nan, np.inf, 0.5, -1e300]])
    y = ndimage.map_coordinates(x, c, order=1, cval=7.0)
    assert y.data.tolist() == scipy_ndimage.map_coordinates(x.data, c.data, order=1, cval=7.0).tolist()
    y.sum().backward()
    assert x.grad.tolist() == [0.5, 0.5, 0] and c.grad.tolist() == [[0, 0, 2, 0]]


def test_the_nearest_element_has_no_slope_and_all_of_the_gradient():
    x, c = Tensor([1.0, 3.0, 2.0]), Tensor([[0.4, 1.6, 1.7]])
    ndimage.map_coordinates(x, c, order=0).sum().backward()
    assert x.grad.tolist() == [1, 0, 2] and c.grad.tolist() == [[0, 0, 0]]


def test_hessian_of_interpolation_by_lines_is_mixed():
    """x[i] + t (x[i + 1] - x[i]): the second derivative is 1 between t and x[i + 1], and 0 in t alone."""

    def f(v):
        return ndimage.map_coordinates(v[:3], v[None, 3:], order=1)[0]

    h = hessian(f)(np.array([1.0, 3.0, 2.0, 0.25]))
    close(h, np.array([[0, 0, 0, -1.0], [0, 0, 0, 1], [0, 0, 0, 0], [-1, 1, 0, 0]]))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda t: ndimage.sobel(t, output=np.zeros((3, 3))), TypeError, "sobel: output="),
        (lambda t: ndimage.correlate1d(t, [1.0], output=t), TypeError, "correlate1d: output="),
        (lambda t: ndimage.convolve(t, [[1.0]], output=int), TypeError, "correlate: output="),
        (lambda t: ndimage.map_coordinates(t, [[0.5], [0.5]], output=np.int32), TypeError, "map_coordinates: output="),
        (lambda t: ndimage.correlate(t, [[1.0]], cval=t[0, 0]), TypeError, "correlate.*cval"),
        (lambda t: ndimage.uniform_filter1d(t, t[0, 0]), TypeError, "uniform_filter1d.*size"),
        (lambda t: ndimage.uniform_filter(t, t[0, 0]), TypeError, "uniform_filter.*size"),
        (lambda t: ndimage.gaussian_filter(t, [1.0, 2.0, 3.0]), RuntimeError, "length"),
        (lambda t: ndimage.gaussian_filter1d(t, 1.0, radius=-1), ValueError, "radius"),
        (lambda t: ndimage.correlate(t, [1.0]), RuntimeError, "weights"),
        (lambda t: ndimage.correlate1d(t, [1.0], mode="other"), RuntimeError, "mode"),
        (lambda t: ndimage.map_coordinates(t, [[0.5]], order=1), RuntimeError, "coordinate"),
        (lambda t: ndimage.spline_filter(t, 7), RuntimeError, "order"),
        (lambda t: ndimage.median_filter(t, 3), AttributeError, "no 'median_filter'"),
    ],
)
def test_what_has_no_derivative_is_an_error(call, error, text):
    with pytest.raises(error, match=text):
        call(Tensor(numbers(3, 3)))
