"""Functions given by samples: evenly spaced points, differences, integrals, interpolation and convolution."""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .arrays import arange, array_in, arrays_or_none, as_array, as_arrays, inside, is_chunked, rows_of
from .chunked import in_chunks, require_function
from .indexing import along, scatter
from .layouts import as_copy_of
from .shapes import numbers
from .table import composed, derivative

# Points from start to stop, y = start + t (stop - start) with t from 0 to 1 ------------------------------------------


def _linspace(start, stop, num, endpoint, dtype, axis):
    if is_chunked(start) or is_chunked(stop):
        way = stop - start
        axis = normalize_axis_index(axis, way.ndim + 1)
        t = np.arange(num) / max(num - 1 if endpoint else num, 1)
        y = np.expand_dims(way, axis) * np.reshape(t, [-1 if i == axis else 1 for i in range(way.ndim + 1)])
        y = y + np.expand_dims(stop - way, axis)
        return y if dtype is None else y.astype(dtype)
    return np.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def progress(y, num, endpoint, axis):
    """t, in a shape that broadcasts to y's."""
    axis = normalize_axis_index(axis, y.ndim)
    t = arange(num, y) / max(num - 1 if endpoint else num, 1)
    return np.reshape(t, [-1 if i == axis else 1 for i in range(y.ndim)])


def ramp_start(g, y, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    return np.sum(g * (1 - progress(y, num, endpoint, axis)), axis=axis)


def ramp_stop(g, y, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    return np.sum(g * progress(y, num, endpoint, axis), axis=axis)


ramp = derivative(_linspace, ramp_start, ramp_stop)
derivative(np.geomspace, lambda g, y, start, stop, *a, **k: ramp_start(g * y, y, start, stop, *a, **k) / start,
                         lambda g, y, start, stop, *a, **k: ramp_stop(g * y, y, start, stop, *a, **k) / stop)


@composed(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    like = array_in(start, stop)
    start, stop = (end if np.isscalar(end) else as_array(end, like) for end in (start, stop))
    y = ramp(start, stop, num, endpoint, dtype, axis)
    gaps = num - 1 if endpoint else num
    return (y, np.subtract(stop, start) / gaps if gaps else np.nan) if retstep else y


@composed(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    like = array_in(start, stop, base)
    start, stop, base = (a if np.isscalar(a) else as_array(a, like) for a in (start, stop, base))
    if np.ndim(base):
        start, stop = as_array(start, base), as_array(stop, base)
        ndim = max(start.ndim, stop.ndim, base.ndim)
        start, stop, base = (np.reshape(a, (1,) * (ndim - a.ndim) + a.shape) for a in (start, stop, base))
        base = np.expand_dims(base, axis)
    y = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


# Differences ---------------------------------------------------------------------------------------------------------


@composed(np.diff)
def diff(a, n=1, axis=-1, prepend=None, append=None):
    (a, *ends), n = arrays_or_none(a, prepend, append), numbers(n)
    if n < 0:
        raise ValueError(f"diff: the order of the difference must not be negative, as {n} is")
    axis = normalize_axis_index(axis, a.ndim)
    if n and (prepend is not None or append is not None):
        one = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
        first, last = (end if end is None or end.ndim else np.broadcast_to(end, one) for end in ends)
        a = np.concatenate([part for part in (first, a, last) if part is not None], axis=axis)
    for _ in range(n):
        a = np.subtract(a[along(axis, slice(1, None))], a[along(axis, slice(None, -1))])
    return a


@composed(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    ary, to_end, to_begin = arrays_or_none(ary, to_end, to_begin)
    parts = [to_begin, np.diff(np.ravel(ary)), to_end]
    return np.concatenate([np.ravel(part) for part in parts if part is not None], dtype=ary.dtype)


@composed(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    f, *spacings = as_arrays(f, *(varargs or (1.0,)))
    f = f if f.dtype.kind in "fc" else f.astype(float)
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    if len(spacings) == 1 and spacings[0].ndim == 0:
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"gradient: {len(spacings)} spacings for {len(axes)} axes; give one for all, or one for each")
    if numbers(edge_order) not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, not {edge_order}")
    y = tuple(as_copy_of(slope(f, h, i, edge_order), f) for h, i in zip(spacings, axes, strict=True))
    return y[0] if len(axes) == 1 else y


def slope(f, h, axis, edge_order):
    """The derivative along one axis, of the parabola through each three neighbours (at the edges, for edge_order 1, of
    the line through two). h is the distance of the samples, or their coordinates."""
    f = np.moveaxis(f, axis, 0)
    n = f.shape[0]
    if n <= edge_order:
        raise ValueError(f"gradient: edge_order {edge_order} needs more than {n} samples along axis {axis}")
    if h.ndim and h.shape != (n,):
        raise ValueError(f"gradient: the coordinates along axis {axis} must be of shape {(n,)}, not {h.shape}")
    steps = np.diff(h) if h.ndim else np.broadcast_to(h, (n - 1,))
    h = np.reshape(steps, (n - 1,) + (1,) * (f.ndim - 1))
    s = np.diff(f, axis=0) / h
    inner = (s[:-1] * h[1:] + s[1:] * h[:-1]) / (h[:-1] + h[1:])
    first, last = s[:1], s[-1:]
    if edge_order == 2:
        first = first - h[:1] * (s[1:2] - s[:1]) / (h[:1] + h[1:2])
        last = last + h[-1:] * (s[-1:] - s[-2:-1]) / (h[-1:] + h[-2:-1])
    return np.moveaxis(np.concatenate([first, inner, last], dtype=f.dtype), 0, axis)


# Integrals and interpolation -----------------------------------------------------------------------------------------


@composed(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    y, x = arrays_or_none(y, x)
    dx = dx if np.isscalar(dx) else as_array(dx, y)
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        dx = np.diff(x, axis=axis if x.ndim > 1 else 0)
        if x.ndim == 1:
            dx = np.reshape(dx, [-1 if i == axis else 1 for i in range(y.ndim)])
    heights = y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]
    return np.sum(dx * heights / 2.0, axis=axis)


@composed(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    for a in (x, xp, fp):
        if in_chunks(a):  # to find the places in a table of NumPy's would compute it
            require_function(np.interp, inside(a))
    x, xp, fp = (a.astype(np.result_type(a, float)) for a in as_arrays(x, xp, fp))  # as NumPy does
    if xp.ndim != 1 or xp.shape != fp.shape or not len(xp):
        raise ValueError(f"interp: xp and fp must be vectors of one length, not of shapes {xp.shape} and {fp.shape}")
    if period is not None:
        x, xp, fp = periodic(x, xp, fp, period)
        left = right = None
    left, right = fp[0] if left is None else left, fp[-1] if right is None else right
    if len(xp) == 1:
        y = np.where(np.isnan(x), x, fp[0])
    else:
        i = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
        within = np.where((x < xp[0]) | (x > xp[-1]), xp[0], x)
        x0, y0, x1, y1 = rows_of(xp, i), rows_of(fp, i), rows_of(xp, i + 1), rows_of(fp, i + 1)
        y = y0 + (y1 - y0) / (x1 - x0) * (within - x0)
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, y))


def periodic(x, xp, fp, period):
    """The arguments of interp within one period, one more point on either side of it."""
    if np.ndim(period) or period == 0:
        raise ValueError(f"interp: the period must be a number other than 0, not {period}")
    period = np.abs(period)
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    return x, np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.concatenate([fp[-1:], fp, fp[:1]])


derivative(np.unwrap, lambda g, y, p, discont=None, axis=-1, *, period=2 * math.pi: g)  # what it adds is constant


# Convolution: its gradient is a convolution with the other argument, reversed ----------------------------------------


def convolve_gradient(g, y, a, v, mode="full"):
    return np.convolve(whole(g, np.size(a), np.size(v), mode), np.flip(np.atleast_1d(v)), "valid")


def whole(g, n, m, mode):
    """The gradient of a part of the full convolution of lengths n and m, with zeros for the rest."""
    start = {"f": 0, "s": (min(n, m) - 1) // 2, "v": min(n, m) - 1}[mode[0]]
    return scatter(g, slice(start, start + g.shape[0]), (n + m - 1,))


derivative(np.convolve, convolve_gradient, lambda g, y, a, v, mode="full": convolve_gradient(g, y, v, a, mode))


@composed(np.correlate)
def correlate(a, v, mode="valid"):
    a, v = np.atleast_1d(*as_arrays(a, v))
    v = np.flip(np.conj(v))
    if mode == "same" and a.shape < v.shape:  # NumPy's convolve returns another middle part here
        return np.convolve(a, v)[len(a) // 2 : len(a) // 2 + len(v)]
    return np.convolve(a, v, mode)
