"""scipy.signal beside the cases: values are SciPy's, rules are transposes, and what has no derivative says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad import Tensor, grad, hessian, jacobian, jvp, no_grad

scipy_signal = pytest.importorskip("scipy.signal")
signal = pytest.importorskip("tensorgrad.scipy.signal")

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
MODES = ("full", "same", "valid")


def close(a, b, rtol=1e-12, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol, atol)


def numbers(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def check_linear(f, x, theirs=None):
    """f is a linear map A, computed as theirs is, to the last bit, and <A x, y> = <x, A^T y>."""
    t = Tensor(x)
    y = f(t)
    np.testing.assert_array_equal(y.data, (theirs or f)(x))
    v = numbers(*y.shape) + 0.5
    y.backward(v)
    scale = np.linalg.norm(y.data) * np.linalg.norm(v)
    close(np.sum(y.data * v), np.sum(x * t.grad), rtol=1e-10, atol=1e-12 * (1 + scale))


# Values and transposes -----------------------------------------------------------------------------------------------

sizes = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=3)


@repeatable
@given(sizes, st.sampled_from(MODES), st.sampled_from(["convolve", "correlate", "fftconvolve", "oaconvolve"]))
def test_convolutions_of_all_shapes(sizes, mode, name):
    if mode == "valid" and {n > m for n, m in sizes if n != m} == {True, False}:
        return  # neither is at least as large as the other: SciPy's error
    f, theirs = getattr(signal, name), getattr(scipy_signal, name)
    a, b = (numbers(*shape) for shape in zip(*sizes, strict=True))
    check_linear(lambda x: f(x, b, mode), a, lambda x: theirs(x, b, mode))
    check_linear(lambda x: f(a, x, mode), b, lambda x: theirs(a, x, mode))


@repeatable
@given(
    st.tuples(*[st.integers(1, 5)] * 4),
    st.sampled_from(MODES),
    st.sampled_from(["fill", "wrap", "symm"]),
    st.sampled_from(["convolve2d", "correlate2d"]),
)
def test_convolutions_of_images_of_all_shapes(sizes, mode, boundary, name):
    f, theirs = getattr(signal, name), getattr(scipy_signal, name)
    a, b = numbers(*sizes[:2]), numbers(*sizes[2:])
    if mode == "valid" and (sizes[0] - sizes[2]) * (sizes[1] - sizes[3]) < 0:
        return
    check_linear(lambda x: f(x, b, mode, boundary), a, lambda x: theirs(x, b, mode, boundary))
    check_linear(lambda x: f(a, x, mode, boundary), b, lambda x: theirs(a, x, mode, boundary))


@repeatable
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
def test_filters_of_all_shapes(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    b = numbers(data.draw(st.integers(1, 5)))
    a = 1.5 + 0.2 * numbers(data.draw(st.integers(1, 5)))
    x = numbers(*shape)
    check_linear(lambda x: signal.lfilter(b, a, x, axis), x, lambda x: scipy_signal.lfilter(b, a, x, axis))
    check_linear(lambda b: signal.lfilter(b, a, x, axis), b, lambda b: scipy_signal.lfilter(b, a, x, axis))
    state = numbers(*[max(len(a), len(b)) - 1 if i == axis % len(shape) else n for i, n in enumerate(shape)])

    def both(y, zf):
        return np.concatenate([y, zf], axis)

    check_linear(lambda x: both(*signal.lfilter(b, a, x, axis, zi=0 * state)), x)
    check_linear(lambda z: both(*signal.lfilter(b, a, 0 * x, axis, zi=z)), state)


@pytest.mark.parametrize(
    "f, theirs, x",
    [
        (signal.detrend, scipy_signal.detrend, numbers(3, 6)),
        (lambda x: signal.hilbert(x, 5, 0).imag, lambda x: scipy_signal.hilbert(x, 5, 0).imag, numbers(6, 2)),
        (lambda x: signal.hilbert2(x, (4, 5)).imag, lambda x: scipy_signal.hilbert2(x, (4, 5)).imag, numbers(6, 3)),
    ],
)
def test_other_linear_maps(f, theirs, x):
    check_linear(f, x, theirs)


def test_given_arrays_alone_a_function_is_scipys():
    x, b, a = numbers(9), [0.3, 0.2], [1.0, -0.4]
    for name in signal.__all__:
        assert getattr(signal, name).__name__ == name
        assert getattr(signal, name).__doc__ == getattr(scipy_signal, name).__doc__
    for y in (signal.lfilter(b, a, x), signal.filtfilt(b, a, x), signal.savgol_filter(x, 5, 2), signal.convolve(x, b)):
        assert type(y) is np.ndarray
    assert type(signal.lfilter(b, a, Tensor(x, requires_grad=False))) is Tensor


# Filters against closed forms ----------------------------------------------------------------------------------------


def test_the_pole_of_a_filter():
    """y[n] = p^n, whose derivatives are n p^(n - 1) and n (n - 1) p^(n - 2)."""
    impulse, n = np.eye(6)[0], np.arange(6)

    def response(p):
        return signal.lfilter([1.0], np.stack([1.0 + 0 * p, -p]), impulse)

    close(jacobian(response)(0.7), n * 0.7 ** (n - 1.0))
    close(jacobian(jacobian(response))(0.7), n * (n - 1) * 0.7 ** (n - 2.0))
    close(jvp(response, (0.7,), (2.0,))[1], 2 * n * 0.7 ** (n - 1.0))
    third = grad(grad(grad(lambda p: response(p)[5])))
    close(third(0.7), 60 * 0.7**2)


def test_a_filter_in_two_parts_has_the_gradients_of_one():
    b, a, x = np.array([0.4, 0.2, -0.1]), np.array([1.2, -0.5]), numbers(9)

    def parts(b, a, x):
        first, state = signal.lfilter(b, a, x[:4], zi=np.zeros(2))
        return np.concatenate([first, signal.lfilter(b, a, x[4:], zi=state)[0]])

    def loss(f):
        return lambda b, a, x: np.sum(np.sin(f(b, a, x)))

    for argnum in range(3):
        whole = loss(signal.lfilter)
        close(grad(loss(parts), argnum)(b, a, x), grad(whole, argnum)(b, a, x))
        close(hessian(loss(parts), argnum)(b, a, x), hessian(whole, argnum)(b, a, x), atol=1e-10)


def test_sections_of_a_filter_have_the_gradients_of_the_filter():
    sos = scipy_signal.butter(4, 0.3, output="sos")
    b, a = scipy_signal.butter(4, 0.3)
    x = numbers(12)
    ours = grad(lambda x: np.sum(np.sin(signal.sosfilt(sos, x))))(x)
    close(ours, grad(lambda x: np.sum(np.sin(signal.lfilter(b, a, x))))(x), rtol=1e-9)


def test_a_constant_stays_constant_under_the_state_of_a_step():
    """lfilter_zi is linear in b: its Jacobian times b is itself."""
    b, a = np.array([0.3, 0.2, 0.4]), np.array([2.0, -0.5, 0.1])
    close(jacobian(signal.lfilter_zi)(b, a) @ b, scipy_signal.lfilter_zi(b, a))


def test_jacobians_are_the_matrices_of_the_maps():
    for f, n in (
        (lambda x: signal.lfilter([0.4, 0.3], [1.0, -0.6], x), 7),
        (lambda x: signal.filtfilt([0.4, 0.3], [1.0, -0.6], x), 8),
        (lambda x: signal.savgol_filter(x, 5, 2), 7),
        (lambda x: signal.convolve(x, [1.0, 2.0, -1.0], "same"), 6),
    ):
        matrix = np.stack([f(row) for row in np.eye(n)], 1)
        close(jacobian(f)(numbers(n)), matrix)
        close(jvp(f, (numbers(n),), (numbers(n),))[1], matrix @ numbers(n))


def test_tangents_have_no_part_of_a_constant_state():
    b, a, x, zi = np.array([0.4, 0.2]), np.array([1.2, -0.5]), numbers(6), np.array([0.7])
    for y, tangent in zip(*jvp(lambda b: signal.lfilter(b, a, x, zi=zi), (b,), (b,)), strict=True):
        assert y.shape == tangent.shape
    close(tangent, scipy_signal.lfilter(b, a, x, zi=0 * zi)[1])
    image = numbers(3, 4)
    tangent = jvp(lambda x: signal.convolve2d(x, [[1.0, 2.0]], fillvalue=3.0), (image,), (image,))[1]
    close(tangent, scipy_signal.convolve2d(image, [[1.0, 2.0]]))


# Memory, and errors --------------------------------------------------------------------------------------------------


def test_detrend_never_overwrites_a_tensor():
    x = numbers(5)
    t = Tensor(x.copy())
    signal.detrend(t, overwrite_data=True).sum().backward()
    np.testing.assert_array_equal(t.data, x)


def test_lists_of_tensors_are_signals_too():
    a, b = Tensor(2.0), Tensor(3.0)
    signal.convolve([a, b], [1.0, 10.0])[1].backward()
    assert (a.grad, b.grad) == (10, 1)
    signal.lfilter([a, b], [1.0], [1.0, 1.0])[1].backward()
    assert (a.grad, b.grad) == (11, 2)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda t: signal.filtfilt([1.0, 0.2], [1.0], t, method="gust"), TypeError, "filtfilt.*gust.*pad"),
        (lambda t: signal.filtfilt([1.0, 0.2], [1.0], t, method="other"), ValueError, "method"),
        (lambda t: signal.filtfilt([1.0, 0.2], [1.0], t[:2]), ValueError, "padlen"),
        (lambda t: signal.savgol_filter(t * 1j, 3, 1), TypeError, "savgol_filter.*real"),
        (lambda t: signal.savgol_filter(t, 3, 1, cval=t[0], mode="constant"), TypeError, "cval"),
        (lambda t: signal.convolve2d(t[None], [[1.0]], fillvalue=t[0]), TypeError, "convolve2d.*fillvalue"),
        (lambda t: signal.detrend(t, bp=t), TypeError, "detrend.*bp"),
        (lambda t: signal.hilbert(t * 1j), ValueError, "real"),
        (lambda t: signal.sosfilt([[1.0, 0, 0, 2.0, 0, 0]], t), ValueError, "sos"),
        (lambda t: signal.convolve(t, [1.0], "other"), ValueError, "mode"),
        (lambda t: signal.medfilt(t), AttributeError, "no 'medfilt'"),
    ],
)
def test_what_has_no_derivative_is_an_error(call, error, text):
    with pytest.raises(error, match=text):
        call(Tensor(numbers(9)))


def test_without_recording_a_tensor_may_stand_for_a_setting():
    t = Tensor(numbers(4))
    with no_grad():
        y = signal.convolve2d(t[None], [[1.0, 2.0]], fillvalue=t[0])
    assert not y.requires_grad
