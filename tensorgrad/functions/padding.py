"""Padding: axes made longer at their ends, or shorter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arguments import LARGEST, is_int, one_of, real_number
from ..derivatives.arrays import as_numbers
from ..derivatives.padding import with_border

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]  # before and after, for each of the last axes


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Lengthen the last axes at their ends, as `torch.nn.functional.pad`; a negative width shortens them.

    Args:
        x: an array of numbers.
        pad: an even number of ints, the widths before and after, beginning with the last axis: (left, right, top,
            bottom, ...). (`numpy.pad` begins with the first.)
        mode: what is put there. Of a b c d, three wide on the left, it is
            'constant': the value;
            'reflect': d c b | a b c d, the others as in a mirror at the end, fewer than the axis has;
            'replicate': a a a | a b c d, the last one;
            'circular': b c d | a b c d, what stands at the other end, at most the whole axis.
        value: of mode 'constant', 0 if it is None.

    Returns:
        An array of the axes' new lengths, n + before + after.

    Raises:
        ValueError: widths that don't fit x, another mode, or a value that isn't used or isn't a number.
        TypeError: x isn't numbers.

    >>> from tensorgrad import Tensor
    >>> pad(Tensor([1.0, 2.0, 3.0]), (2, 1), mode="reflect")
    Tensor([3. 2. 1. 2. 3. 2.])
    >>> pad(np.ones((1, 3)), (-1, 0, 1, 0), value=5)
    array([[5., 5.],
           [1., 1.]])
    """
    return padded("pad", x, pad, mode, value)


def padded(name: str, x: Any, pad: Any, mode: str, value: Any = None) -> Any:
    """`pad`, in the name of the function or layer that errors are to speak of."""
    x = as_numbers(name, "x", x)
    one_of(f"{name}: mode", mode, ["constant", *MODES])
    widths = _widths(name, pad, x.shape)
    if mode == "constant":
        return _constant(name, x, widths, 0.0 if value is None else number(f"{name}: value", value))
    if value is not None:
        raise ValueError(f"{name}: value is for the mode 'constant'; with {mode!r} leave it out, not {value!r}")
    for axis, pair in enumerate(widths, x.ndim - len(widths)):
        if pair != (0, 0):
            x = MODES[mode](name, x, axis, *pair)
    return x


def number(where: str, value: Any) -> float:
    """A real number, which may be infinite or nan."""
    return float(value) if isinstance(value, float | np.floating) else real_number(where, value)


def _widths(name: str, pad: Any, shape: tuple[int, ...]) -> Widths:
    """Pairs of widths, for the last axes, in the order of the axes."""
    if not isinstance(pad, list | tuple) or len(pad) % 2 or not all(is_int(n) and abs(n) <= LARGEST for n in pad):
        raise ValueError(
            f"{name}: pad must be a tuple of ints, two for each axis to be padded, (left, right, top, bottom, ...), "
            f"not {pad!r}"
        )
    pairs = tuple((int(pad[i]), int(pad[i + 1])) for i in range(len(pad) - 2, -1, -2))
    if len(pairs) > len(shape):
        raise ValueError(f"{name}: pad={pad!r} is of {len(pairs)} axes, but x of shape {shape} has {len(shape)}")
    for n, (before, after) in zip(shape[len(shape) - len(pairs) :], pairs, strict=True):
        if n + before + after < 0:
            raise ValueError(f"{name}: pad={pad!r} takes away more than there is in x of shape {shape}")
    return pairs


def _part(axis: int, *bounds: int | None) -> tuple:
    return (slice(None),) * axis + (slice(*bounds),)


def _cropped(name: str, x: Any, axis: int, before: int, after: int) -> Any:
    """x without what negative widths take away."""
    n = x.shape[axis]
    if max(-before, 0) + max(-after, 0) > n:
        raise ValueError(f"{name}: {before} and {after} take away more than there is on axis {axis} of x, of {n}")
    return x[_part(axis, max(-before, 0), n - max(-after, 0))] if min(before, after) < 0 else x


def _constant(name: str, x: Any, widths: Widths, value: float) -> Any:
    for axis, pair in enumerate(widths, x.ndim - len(widths)):
        x = _cropped(name, x, axis, *pair)
    wider = tuple((max(before, 0), max(after, 0)) for before, after in widths)
    return with_border(x, wider, value)


def _reflect(name: str, x: Any, axis: int, before: int, after: int) -> Any:
    n = x.shape[axis]
    if max(before, after) >= n:
        raise ValueError(
            f"{name}: with mode='reflect' an axis of {n} can be padded by at most {max(n - 1, 0)}, not by {before} and "
            f"{after}; x has the shape {x.shape}"
        )
    parts = [x]
    if before > 0:
        parts.insert(0, x[_part(axis, before, 0, -1)])
    if after > 0:
        parts.append(x[_part(axis, -2, -2 - after, -1)])
    return _cropped(name, np.concatenate(parts, axis=axis), axis, before, after)


def _replicate(name: str, x: Any, axis: int, before: int, after: int) -> Any:
    n = x.shape[axis]
    if not n:
        raise ValueError(
            f"{name}: with mode='replicate' there must be something on axis {axis} of x of shape {x.shape}"
        )
    parts = [x]
    if before > 0:
        parts.insert(0, np.repeat(x[_part(axis, 0, 1)], before, axis=axis))
    if after > 0:
        parts.append(np.repeat(x[_part(axis, n - 1, n)], after, axis=axis))
    return _cropped(name, np.concatenate(parts, axis=axis), axis, before, after)


def _circular(name: str, x: Any, axis: int, before: int, after: int) -> Any:
    x = _cropped(name, x, axis, before, after)
    n = x.shape[axis]
    if max(before, after) > n:
        raise ValueError(
            f"{name}: with mode='circular' an axis of {n} can be padded by at most {n}, not by {before} and {after}"
        )
    parts = [x]
    if before > 0:
        parts.insert(0, x[_part(axis, n - before, n)])
    if after > 0:
        parts.append(x[_part(axis, 0, after)])
    return np.concatenate(parts, axis=axis) if len(parts) > 1 else x


MODES: dict[str, Callable] = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}
