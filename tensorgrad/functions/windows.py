"""What pooling is made of: windows on one to three axes, and what is computed of them.

`name` is the function or layer that errors speak of.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import LARGEST, each_axis, is_int, norm_order, yes_or_no
from ..derivatives.arrays import arange, as_numbers, inside, whole
from ..derivatives.pooling import at_maxima, max_windows, put, sum_windows
from ..derivatives.resampling import resample

Windows = tuple[int, ...]  # (kernel, stride, padding, dilation, count), or (count,): see derivatives/pooling.py


# Where the windows are ------------------------------------------------------------------------------------------------


def checked(name: str, axes: int, x: Any, what: str = "x", kinds: str = "f") -> Any:
    """x as numbers, (N, C, ...) or (C, ...) with so many axes behind."""
    x = as_numbers(name, what, x, kinds)
    if x.ndim not in (axes + 1, axes + 2) or 0 in x.shape[-axes:]:
        sizes = ", ".join("DHW"[-axes:])
        raise ValueError(
            f"{name}: {what} must be (N, C, {sizes}) or (C, {sizes}), with something on each of the last axes, not of "
            f"shape {x.shape}"
        )
    return x


def window_sizes(name: str, axes: int, kernel_size: Any, stride: Any, padding: Any) -> tuple[tuple[int, ...], ...]:
    """The three for each of so many axes; a stride of None is the kernel_size, for windows side by side."""
    kernel = each_axis(f"{name}: kernel_size", kernel_size, axes, 1)
    strides = kernel if stride is None else each_axis(f"{name}: stride", stride, axes, 1)
    return kernel, strides, each_axis(f"{name}: padding", padding, axes, 0)


def sliding(
    name: str, sizes: Sequence[int], kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> list[Windows]:
    """The windows on each axis: floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 of them; with ceil_mode
    rounded up, unless the last would begin in the padding behind the axis."""
    axes, round_up = len(sizes), yes_or_no(f"{name}: ceil_mode", ceil_mode)
    kernel, strides, paddings = window_sizes(name, axes, kernel_size, stride, padding)
    dilations = each_axis(f"{name}: dilation", dilation, axes, 1)
    found: list[Windows] = []
    for n, k, s, p, d in zip(sizes, kernel, strides, paddings, dilations, strict=True):
        span = d * (k - 1) + 1
        if 2 * p > span:
            raise ValueError(
                f"{name}: padding must be at most half of the window, so that none lies in it alone; it is {p}, and "
                f"a window of kernel_size {k} spans {span}"
            )
        room = n + 2 * p - span
        count = (room + (s - 1 if round_up else 0)) // s + 1
        if round_up and (count - 1) * s >= n + p:
            count -= 1
        if count < 1:
            raise ValueError(
                f"{name}: a window of kernel_size {k} spans {span}, which is more than there is on an axis of {n}, "
                f"padded by {p}; the last axes of x have the sizes {tuple(sizes)}"
            )
        found.append((k, s, p, d, count))
    return found


def output_sizes(name: str, value: Any, axes: int) -> tuple[int | None, ...]:
    """How many windows there are to be on each axis; None for as many as the axis has elements."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(given) != axes or not all(m is None or (is_int(m) and 1 <= m <= LARGEST) for m in given):
        several = f", or {axes} of them" if axes > 1 else ""
        raise ValueError(
            f"{name}: output_size must be a positive int, or None for the size of x{several}, not {value!r}"
        )
    return tuple(None if m is None else int(m) for m in given)


def adaptive(name: str, sizes: Sequence[int], output_size: Any) -> list[Windows]:
    """So many windows on each axis, of lengths as equal as can be."""
    counts = output_sizes(name, output_size, len(sizes))
    every = [(n, n if m is None else m) for n, m in zip(sizes, counts, strict=True)]
    return [(m,) if n % m else (n // m, n // m, 0, 1, m) for n, m in every]  # equal ones are such that slide


@functools.lru_cache(maxsize=256)
def lengths(n: int, windows: Windows, count_include_pad: bool) -> int | tuple[int, ...]:
    """How many elements each window has, of the axis and its padding, or of the axis alone; an int if all have as
    many."""
    kernel, stride, padding, _, count = windows
    found = []
    for first in range(-padding, -padding + count * stride, stride):
        stop = min(first + kernel, n + padding)
        found.append(stop - first if count_include_pad else min(stop, n) - max(first, 0))
    return found[0] if len(set(found)) == 1 else tuple(found)


# What is computed of them ---------------------------------------------------------------------------------------------


def maxima(name: str, x: Any, windows: list[Windows], return_indices: Any) -> Any:
    """The maximum of each window; with return_indices, also where in (D, H, W), counted through, the first of them is.

    The maxima of rows are those of their maxima: along the last axis first, so that of several the first is found.
    """
    places = None
    if yes_or_no(f"{name}: return_indices", return_indices):
        sizes = x.shape[-len(windows) :]
        places = np.broadcast_to(np.reshape(arange(math.prod(sizes), x), sizes), x.shape)
    for axis in range(-1, -len(windows) - 1, -1):
        y = max_windows(x, axis, windows[axis])
        if places is not None:
            places = at_maxima(places, inside(x), inside(y), axis, windows[axis])
        x = y
    return x if places is None else (x, places)


def sums(x: Any, windows: list[Windows]) -> Any:
    for axis in range(-len(windows), 0):
        x = sum_windows(x, axis, windows[axis])
    return x


def divisor(x: Any, windows: list[Windows], count_include_pad: bool = True) -> Any:
    """How many elements each window has: an int, or an array, for those at the ends of the axes may have fewer."""
    many: Any = 1
    for axis, on_axis in enumerate(windows):
        length: Any = lengths(x.shape[axis - len(windows)], on_axis, count_include_pad)
        if isinstance(length, tuple):
            shape = (len(length), *(1,) * (len(windows) - 1 - axis))
            length = np.reshape(np.asarray(length, dtype=x.dtype, like=inside(x)), shape)
        many = many * length
    return many


def max_pool(
    name: str, axes: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any,
    return_indices: Any,
) -> Any:  # fmt: skip
    x = checked(name, axes, x)
    windows = sliding(name, x.shape[-axes:], kernel_size, stride, padding, dilation, ceil_mode)
    return maxima(name, x, windows, return_indices)


def avg_pool(
    name: str, axes: int, x: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any, count_include_pad: Any,
    divisor_override: Any = None,
) -> Any:  # fmt: skip
    x = checked(name, axes, x)
    windows = sliding(name, x.shape[-axes:], kernel_size, stride, padding, 1, ceil_mode)
    counted = yes_or_no(f"{name}: count_include_pad", count_include_pad)
    by = checked_divisor(name, divisor_override)
    return sums(x, windows) / (divisor(x, windows, counted) if by is None else by)


def checked_divisor(name: str, value: Any) -> int | None:
    if value is not None and (not is_int(value) or not 1 <= abs(value) <= LARGEST):
        raise ValueError(
            f"{name}: divisor_override must be an int from 1 to {LARGEST} (or its negative), or None, not {value!r}"
        )
    return None if value is None else int(value)


def lp_pool(name: str, axes: int, x: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: Any) -> Any:
    x, p = checked(name, axes, x), norm_exponent(name, norm_type)
    windows = sliding(name, x.shape[-axes:], kernel_size, stride, 0, 1, ceil_mode)
    if math.isinf(p):
        return maxima(name, np.abs(x), windows, False) if p > 0 else -maxima(name, -np.abs(x), windows, False)
    size = math.prod(w[0] for w in windows)
    total = sums(x ** (int(p) if p == int(p) else p), windows) * (size / divisor(x, windows))
    some = total != 0
    return np.where(some, np.where(some, total, 1) ** (1 / p), 0)  # the root has no slope at 0, and gets 0


def norm_exponent(name: str, value: Any) -> float:
    p = norm_order(f"{name}: norm_type", value)
    if not p:
        raise ValueError(f"{name}: norm_type must not be 0, as it is the p of (sum of x**p)**(1/p); it is {value!r}")
    return p


def adaptive_avg_pool(name: str, axes: int, x: Any, output_size: Any) -> Any:
    x = checked(name, axes, x)
    windows = adaptive(name, x.shape[-axes:], output_size)
    if all(w[-1] == 1 for w in windows):
        return np.mean(x, axis=tuple(range(-axes, 0)), keepdims=True)
    for axis in range(-axes, 0):
        n, m = x.shape[axis], windows[axis][-1]
        if n % m:
            x = resample(x, axis, ("area", n, m, n / m, False, False), False)
        elif n != m:
            x = sum_windows(x, axis, windows[axis]) / (n // m)
    return x


def adaptive_max_pool(name: str, axes: int, x: Any, output_size: Any, return_indices: Any) -> Any:
    x = checked(name, axes, x)
    return maxima(name, x, adaptive(name, x.shape[-axes:], output_size), return_indices)


def max_unpool(
    name: str, axes: int, x: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Any:
    x, indices = checked(name, axes, x), as_numbers(name, "indices", indices, "iuf")
    if indices.dtype.kind not in "iu" or indices.shape != x.shape:
        raise ValueError(
            f"{name}: indices must be ints of x's shape {x.shape}, as max_pool{axes}d gives them, "
            f"not {indices.dtype} of shape {indices.shape}"
        )
    kernel, strides, paddings = window_sizes(name, axes, kernel_size, stride, padding)
    sizes = [(n - 1) * s + k - 2 * p for n, k, s, p in zip(x.shape[-axes:], kernel, strides, paddings, strict=True)]
    if output_size is not None:
        sizes = _unpooled(name, output_size, sizes, strides)
    many = math.prod(sizes)
    numbers = whole(indices)
    if min(sizes) < 1 or (numbers.size and not (numbers.min() >= 0 and numbers.max() < many)):
        raise ValueError(
            f"{name}: indices must lie in the result, whose last axes have the sizes {tuple(sizes)}, by kernel_size, "
            f"stride and padding, or output_size"
        )
    rows = x.shape[:-axes]
    flat = (*rows, math.prod(x.shape[-axes:]))
    return np.reshape(put(np.reshape(x, flat), np.reshape(indices, flat), many), (*rows, *sizes))


def _unpooled(name: str, output_size: Any, sizes: list[int], strides: Sequence[int]) -> list[int]:
    """The sizes that are asked for, which may differ from the least by less than a stride."""
    given = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,)
    wanted = given[-len(sizes) :] if len(given) == len(sizes) + 2 else given
    fits = len(wanted) == len(sizes) and all(is_int(m) and m > 0 for m in wanted)
    if not fits or not all(abs(int(m) - n) < s for m, n, s in zip(wanted, sizes, strides, strict=True)):
        raise ValueError(
            f"{name}: output_size must be the sizes of the last axes, each less than a stride from those of "
            f"{tuple(sizes)}, not {output_size!r}"
        )
    return [int(m) for m in wanted]
