"""scipy.signal with derivatives: convolutions and correlations, linear filters, trends, and the analytic signal.

Each is linear in the signal, so a rule is the transposed map, written in the same functions: for a filter it is that
filter run backwards in time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_index

from ..derivatives.arrays import as_array
from ..derivatives.formulas import by_name, formula
from ..derivatives.indexing import along
from ..errors import no_derivative
from ..tensor import data_of
from .composing import composed, derived_from
from .convolutions import convolve, convolve2d, correlate, correlate2d, fftconvolve, oaconvolve
from .ndimage import convolve1d
from .recording import absent, recorded

__all__ = [
    "convolve", "fftconvolve", "oaconvolve", "correlate", "convolve2d", "correlate2d", "lfilter", "lfilter_zi",
    "filtfilt", "sosfilt", "sosfilt_zi", "sosfiltfilt", "detrend", "hilbert", "hilbert2", "savgol_filter",
]  # fmt: skip

__getattr__ = absent("scipy.signal", __all__)


# Linear filters ------------------------------------------------------------------------------------------------------
#
# The output y of the filter b/a, of N times, and its final state zf solve
#
#     a * y = b * x + a0 zi     at the times 0 to N - 1,
#     a0 zf = b * x + a0 zi - a * y     at the L - 1 times after these, where L is the length of the longer of b and a.
#
# A multiplier for each equation, the solution of the transposed ones, has all gradients in it.


def coefficients(b: Any, a: Any) -> tuple[Any, Any]:
    """b and a with zeros behind the shorter one."""
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    length = max(len(a), len(b))
    return np.pad(b, (0, length - len(b))), np.pad(a, (0, length - len(a)))


def lined_up(v: Any, ndim: int, axis: int) -> Any:
    """A vector along one axis of ndim."""
    return np.reshape(v, [-1 if i == axis else 1 for i in range(ndim)])


def correlation(u: Any, v: Any) -> Any:
    """sum_n u[n + k] v[n] along each axis."""
    return convolve(u, np.flip(v), "valid")


@by_name("the gradient run backwards in time through the filter: what each later output owes to each sample")
def multipliers(g: Any, b: Any, a: Any, axis: int, zi: Any) -> Any:
    """λ at the times 0 to N + L - 2, the last L - 1 of which are those of zf."""
    (g, of_state) = (g, None) if zi is None else g
    b, a = coefficients(b, a)
    shape = tuple(len(a) - 1 if i == axis else n for i, n in enumerate(g.shape))
    later = np.zeros(shape) if zi is None else of_state / a[0]
    if zi is not None and len(a) > 1:
        felt = np.pad(later, [(g.shape[axis], 0) if i == axis else (0, 0) for i in range(g.ndim)])
        g = g - correlation(felt, lined_up(a, g.ndim, axis))
    sooner = np.flip(lfilter([1.0], a, np.flip(g, axis), axis), axis)
    return np.concatenate([sooner, later], axis)


def lags(multiplier: Any, signal: Any, count: int, axis: int) -> Any:
    """sum_n λ[n + k] signal[n], over all other axes too, for k below count."""
    if not np.size(signal):
        return np.sum(multiplier) * np.zeros(count)
    times = signal.shape[axis] + count - 1
    return np.reshape(correlation(multiplier[along(axis, slice(times))], signal), -1)


def _span(ndim: int, axis: int, part: str) -> str:
    """An index along one axis, as it is written."""
    return ", ".join(part if i == axis else ":" for i in range(ndim))


def _lags_text(count: int, signal: str, axis: int, ndim: int, length: int, has_state: bool) -> str:
    """The formula of lags(λ, signal, count, axis): without a state, λ is followed by zeros."""
    if has_state:
        multiplier = f"m[{_span(ndim, axis, f':{length + count - 1}')}]"
    else:
        multiplier = f"pad(u, {[(0, count - 1) if i == axis else (0, 0) for i in range(ndim)]})" if count > 1 else "u"
    return f"reshape(convolve({multiplier}, flip({signal}), 'valid'), -1)"


# The solutions of the transposed equations, without an initial state and with one
_MULTIPLIERS = {
    "u": "flip(lfilter([1.0], atleast_1d(a), flip(g, axis), axis), axis)",
    "m": "multipliers(g, b, a, axis % x.ndim, zi)",
}
_NOTE = "multipliers: the solution of the transposed equations, which has the gradients of all in it."


def _text_of_b(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> str:
    if not x.size:
        return f"zeros({np.size(b)})"
    return _lags_text(np.size(b), "x", axis % x.ndim, x.ndim, x.shape[axis], zi is not None)


def _text_of_a(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> str | None:
    if not x.size:
        return f"zeros({np.size(a)})" if zi is None else None
    axis, n = axis % x.ndim, x.shape[axis]
    if zi is None:
        return f"-{_lags_text(np.size(a), 'y', axis, x.ndim, n, False)}"
    states = [_span(x.ndim, axis, part) for part in (f":{zi.shape[axis]}", f"{n}:")]
    of_first = f"(sum(m[{states[0]}] * zi) - sum(m[{states[1]}] * y[1]))"
    return f"{of_first} * (arange({np.size(a)}) == 0) - {_lags_text(np.size(a), 'y[0]', axis, x.ndim, n, True)}"


def _text_of_x(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> str:
    if zi is None:
        return "flip(lfilter(b, a, flip(g, axis), axis), axis)"
    shape = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
    longer = max(np.size(a) - np.size(b), 0)
    taps = f"pad(atleast_1d(b), (0, {longer}))" if longer else "atleast_1d(b)"
    return f"convolve(m, flip(reshape({taps}, {shape})), 'valid')"


def _text_of_zi(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> str:
    return f"atleast_1d(a)[0] * m[{_span(x.ndim, axis % x.ndim, f':{zi.shape[axis]}')}]"


@formula(_text_of_b, _NOTE, **_MULTIPLIERS)
def _of_b(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    axis = normalize_axis_index(axis, np.ndim(x))
    return lags(multipliers(g, b, a, axis, zi), x, np.size(b), axis)


@formula(_text_of_a, _NOTE, **_MULTIPLIERS)
def _of_a(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    axis = normalize_axis_index(axis, np.ndim(x))
    multiplier, count = multipliers(g, b, a, axis, zi), np.size(a)
    if zi is None:
        return -lags(multiplier, y, count, axis)
    y, zf = y
    first, last = (multiplier[along(axis, part)] for part in (slice(zf.shape[axis]), slice(y.shape[axis], None)))
    of_first = np.sum(first * zi) - np.sum(last * zf)  # a0 stands before both states
    return of_first * (np.arange(count) == 0) - lags(multiplier, y, count, axis)


@formula(_text_of_x, _NOTE, **_MULTIPLIERS)
def _of_x(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    axis = normalize_axis_index(axis, np.ndim(x))
    if zi is None:
        return np.flip(lfilter(b, a, np.flip(g, axis), axis), axis)
    return correlation(multipliers(g, b, a, axis, zi), lined_up(coefficients(b, a)[0], np.ndim(x), axis))


@formula(_text_of_zi, _NOTE, **_MULTIPLIERS)
def _of_zi(g: Any, y: Any, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    axis = normalize_axis_index(axis, np.ndim(x))
    multiplier = multipliers(g, b, a, axis, zi)
    return np.atleast_1d(as_array(a))[0] * multiplier[along(axis, slice(zi.shape[axis]))]


lfilter: Callable = recorded(scipy.signal.lfilter, _of_b, _of_a, _of_x, None, _of_zi)


def _constant_state(b: Any, a: Any) -> Any:
    """lfilter_zi, of a checked call: the state z = A z + B of a filter whose input and output are constant."""
    while len(a) > 1 and a[0] == 0:
        a = a[1:]
    b, a = coefficients(b, a)
    b, a, n = b / a[0], a / a[0], len(a) - 1
    first = np.arange(n) == 0
    return np.linalg.solve(np.eye(n) - np.eye(n, k=1) + a[1:, None] * first, b[1:] - a[1:] * b[0])


lfilter_zi: Callable = derived_from(_constant_state, scipy.signal.lfilter_zi, True, True)


def continued(x: Any, edge: int, axis: int, padtype: str | None) -> Any:
    """x with `edge` elements more at both ends: mirrored, mirrored in the last point, or the last element again."""
    if padtype is None or edge == 0:
        return x
    n = x.shape[axis]
    first, last = x[along(axis, slice(0, 1))], x[along(axis, slice(n - 1, n))]
    before, behind = (np.flip(x[along(axis, slice(k, k + edge))], axis) for k in (1, n - 1 - edge))
    if padtype == "odd":
        before, behind = 2 * first - before, 2 * last - behind
    elif padtype == "constant":
        before, behind = np.repeat(first, edge, axis), np.repeat(last, edge, axis)
    return np.concatenate([before, x, behind], axis)


def both_ways(run: Callable, x: Any, edge: int, axis: int, padtype: str | None) -> Any:
    """x continued, filtered forwards and backwards: run filters a signal, from a state that fits its first element."""
    y = continued(x, edge, axis, padtype)
    for _ in range(2):
        y = np.flip(run(y, y[along(axis, slice(0, 1))]), axis)
    return y[along(axis, slice(edge, y.shape[axis] - edge))]


def _forwards_and_backwards(b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """filtfilt, of a checked call."""
    axis = normalize_axis_index(axis, np.ndim(x))
    edge = 3 * max(np.size(a), np.size(b)) if padlen is None else padlen
    zi = lined_up(lfilter_zi(b, a), np.ndim(x), axis)

    def run(y: Any, first: Any) -> Any:
        return lfilter(b, a, y, axis, zi * first)[0]

    return both_ways(run, x, 0 if padtype is None else edge, axis, padtype)


def _filtfilt(b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    return scipy.signal.filtfilt(b, a, x, axis, padtype, padlen)


_filtfilt_padded = derived_from(_forwards_and_backwards, _filtfilt, True, True, True, linear=(2,))


@composed(scipy.signal.filtfilt)
def filtfilt(b: Any, a: Any, x: Any, axis: int, padtype: Any, padlen: Any, method: str, irlen: Any) -> Any:
    if method == "gust":
        raise no_derivative("filtfilt: method='gust'", "use method='pad'")
    if method != "pad":
        raise ValueError(f"filtfilt: method must be 'pad' or 'gust', not {method!r}")
    return _filtfilt_padded(b, a, x, axis, padtype, padlen)


def _sections(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """sosfilt, of a checked call: one filter of second order after the other."""
    states = []
    for i in range(len(sos)):
        x = lfilter(sos[i, :3], sos[i, 3:], x, axis, None if zi is None else zi[i])
        if zi is not None:
            x, state = x
            states.append(state)
    return x if zi is None else (x, np.stack(states))


sosfilt: Callable = derived_from(_sections, scipy.signal.sosfilt, True, True, False, True, linear=(1,))


def _sections_state(sos: Any) -> Any:
    """sosfilt_zi, of a checked call: each section gets what those before it make of a constant."""
    states, level = [], 1.0
    for section in sos:
        states.append(level * lfilter_zi(section[:3], section[3:]))
        level = level * np.sum(section[:3]) / np.sum(section[3:])
    return np.stack(states)


sosfilt_zi: Callable = derived_from(_sections_state, scipy.signal.sosfilt_zi, True)


def _sections_both_ways(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """sosfiltfilt, of a checked call."""
    axis = normalize_axis_index(axis, np.ndim(x))
    length = 2 * len(sos) + 1 - min(np.sum(data_of(sos)[:, column] == 0) for column in (2, 5))
    edge = 3 * length if padlen is None else padlen
    zi = np.stack([lined_up(state, np.ndim(x), axis) for state in sosfilt_zi(sos)])

    def run(y: Any, first: Any) -> Any:
        return _sections(sos, y, axis, zi * first)[0]

    return both_ways(run, x, 0 if padtype is None else edge, axis, padtype)


sosfiltfilt: Callable = derived_from(_sections_both_ways, scipy.signal.sosfiltfilt, True, True, linear=(1,))


# Maps that are their own transpose, or nearly ------------------------------------------------------------------------

# x less its projection on lines: a symmetric matrix
detrend: Callable = recorded(
    scipy.signal.detrend, lambda g, y, data, **settings: detrend(g, overwrite_data=False, **settings)
)


@by_name("the factors of the frequencies in the analytic signal: 0, 1 or 2")
def frequency_factors(size: int) -> Any:
    return response(scipy.signal.hilbert, (size,))


def response(func: Callable, sizes: tuple[int, ...]) -> Any:
    """The factors of the frequencies in the analytic signal of so many elements: 0, 1 or 2 for each axis."""
    impulse = np.zeros(sizes)
    impulse[(0,) * len(sizes)] = 1
    return np.round(np.real(np.fft.fftn(func(impulse))))


def of_analytic(func: Callable, g: Any, x: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The transpose of F^-1 h F P, where P pads or crops x: P^T F h F^-1, since the Fourier matrix is symmetric."""
    order = np.argsort(axes)
    h = np.expand_dims(np.transpose(response(func, sizes), order), tuple(i for i in range(g.ndim) if i not in axes))
    g = np.fft.fftn(h * np.fft.ifftn(g, axes=axes), axes=axes)
    for axis, size in zip(axes, sizes, strict=True):
        n = x.shape[axis]
        g = g[along(axis, slice(min(n, size)))]
        g = np.pad(g, [(0, max(n - size, 0)) if i == axis else (0, 0) for i in range(g.ndim)])
    return g


def _text_of_hilbert(g: Any, y: Any, x: Any, N: Any = None, axis: int = -1) -> str | None:
    n, size = x.shape[axis], y.shape[axis]
    shape = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
    found = f"np.fft.fft(reshape(h, {shape}) * np.fft.ifft(g, axis=axis), axis=axis)"
    if size > n:
        return f"{found}[{_span(x.ndim, axis % x.ndim, f':{n}')}]"
    widths = [(0, n - size) if i == axis % x.ndim else (0, 0) for i in range(x.ndim)]
    return f"pad({found}, {widths})" if n > size else found


@formula(
    _text_of_hilbert,
    "h: the factors of the frequencies in the analytic signal, 0, 1 and 2.",
    h="frequency_factors(y.shape[axis])",
)
def _of_hilbert(g: Any, y: Any, x: Any, N: Any = None, axis: int = -1) -> Any:
    axis = normalize_axis_index(axis, np.ndim(x))
    return of_analytic(scipy.signal.hilbert, g, x, (y.shape[axis],), (axis,))


def _of_hilbert2(g: Any, y: Any, x: Any, N: Any = None, axes: Any = (-2, -1)) -> Any:
    axes = tuple(normalize_axis_index(axis, y.ndim) for axis in axes)
    return of_analytic(scipy.signal.hilbert2, g, np.atleast_2d(x), tuple(y.shape[axis] for axis in axes), axes)


hilbert: Callable = recorded(scipy.signal.hilbert, _of_hilbert)
hilbert2: Callable = recorded(scipy.signal.hilbert2, _of_hilbert2)


def _smoothed(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Any:
    """savgol_filter, of a checked call: a convolution, and near the ends the polynomial through the last elements."""
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    if mode != "interp":
        return convolve1d(x, weights, axis, mode=mode, cval=cval)
    ends = scipy.signal.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, delta, axis=0)
    half, x = window_length // 2, np.moveaxis(x, axis, 0)
    n = len(x)
    y = convolve1d(x, weights, 0, mode="constant")
    first = np.tensordot(ends[:half], x[:window_length], 1)
    last = np.tensordot(ends[window_length - half :], x[n - window_length :], 1)
    return np.moveaxis(np.concatenate([first, y[half : n - half], last]), 0, axis)


_savgol_filter = derived_from(_smoothed, scipy.signal.savgol_filter, True, linear=(0,))


@composed(scipy.signal.savgol_filter)
def savgol_filter(x: Any, window_length: int, polyorder: int, **settings: Any) -> Any:
    if np.iscomplexobj(x):  # of which SciPy drops the imaginary part
        raise TypeError("savgol_filter: x must be real numbers; filter x.real and x.imag")
    return _savgol_filter(x, window_length, polyorder, **settings)
