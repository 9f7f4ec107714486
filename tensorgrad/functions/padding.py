"""Padding: axes made longer at their ends, or shorter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import LARGEST, is_int, one_of, real_number
from ..derivatives.arrays import as_numbers
from ..derivatives.padding import with_border

__all__ = ["pad"]

MODES = ("constant", "reflect", "replicate", "circular")
Widths = tuple[tuple[int, int], ...]  # before and after, for each of the last axes


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Lengthen the last axes at their ends, as `torch.nn.functional.pad`; a negative width shortens them.

    Args:
        x: an array of numbers.
        pad: an even number of ints, the widths before and after, beginning with the last axis: (left, right, top,
            bottom, ...). (`numpy.pad` begins with the first.) They may be for any of x's axes; PyTorch wants one or
            two others before these, unless the mode is 'constant'.
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
    one_of(f"{name}: mode", mode, MODES)
    widths = _widths(name, pad, x.shape)
    if mode == "constant":
        value = 0.0 if value is None else number(f"{name}: value", value)
    elif value is not None:
        raise ValueError(f"{name}: value is for the mode 'constant'; with {mode!r} leave it out, not {value!r}")
    if mode in ("constant", "circular"):  # what is taken away is so before the border is made, else after it
        x = _cropped(name, x, widths)
    wider = tuple((max(before, 0), max(after, 0)) for before, after in widths)
    if mode != "constant":
        _check_border(name, mode, x.shape, wider)
    y = with_border(x, wider, mode, value)
    return y if mode in ("constant", "circular") else _cropped(name, y, widths)


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


def _cropped(name: str, x: Any, widths: Widths) -> Any:
    """x without what negative widths take away."""
    index: list[Any] = [...]
    for n, (before, after) in zip(x.shape[x.ndim - len(widths) :], widths, strict=True):
        if max(-before, 0) + max(-after, 0) > n:
            raise ValueError(
                f"{name}: pad takes away {before} and {after} of an axis of {n}; x has the shape {x.shape}"
            )
        index.append(slice(max(-before, 0), n - max(-after, 0)))
    return x[tuple(index)] if any(min(pair) < 0 for pair in widths) else x


def _check_border(name: str, mode: str, shape: tuple[int, ...], widths: Widths) -> None:
    """An error, if there isn't as much on an axis as its border is to show."""
    for n, (before, after) in zip(shape[len(shape) - len(widths) :], widths, strict=True):
        most = {"reflect": n - 1, "circular": n, "replicate": LARGEST if n else 0}[mode]
        if max(before, after) > max(most, 0):
            raise ValueError(
                f"{name}: with mode={mode!r} an axis of {n} can be padded by at most {max(most, 0)}, not by "
                f"{before} and {after}; x has the shape {shape}"
            )
