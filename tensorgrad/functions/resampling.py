"""Images brought to another size: by interpolation, or by exchanging channels for pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import LARGEST, is_int, one_of, positive_int, yes_or_no
from ..derivatives.arrays import as_numbers
from ..derivatives.pooling import to_windows
from ..derivatives.resampling import resample
from .windows import adaptive_avg_pool

__all__ = ["interpolate", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle"]

# By mode, the kernel on each axis, and on how many axes it is defined
MODES = {
    "nearest": ("nearest", (1, 2, 3)),
    "nearest-exact": ("nearest-exact", (1, 2, 3)),
    "linear": ("linear", (1,)),
    "bilinear": ("linear", (2,)),
    "bicubic": ("cubic", (2,)),
    "trilinear": ("linear", (3,)),
    "area": ("area", (1, 2, 3)),
}


def interpolate(
    x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Any:  # fmt: skip
    """Images in another size, y[i] = x at (i + 0.5) n / m - 0.5, on each of their axes, from n elements to m.

    Args:
        x: (N, C, W), (N, C, H, W) or (N, C, D, H, W).
        size: m, an int, or one for each axis behind C; or else
        scale_factor: m / n, a number or one for each axis; m is rounded down.
        mode: 'nearest' (x[floor(i n / m)], or x[floor(i / scale_factor)], which PyTorch leaves for the first where
            m = 2 n, and in its gradients), 'nearest-exact' (the nearest to the middle of the new element), 'linear'
            (one axis), 'bilinear' and 'bicubic' (two), 'trilinear' (three), 'area' (the mean, as adaptive_avg_pool).
        align_corners: of the linear and cubic modes, whether the first and last elements stay where they are,
            y[i] = x at i (n - 1) / (m - 1).
        recompute_scale_factor: whether n / m is that of the rounded sizes, and not 1 / scale_factor.
        antialias: of bilinear and bicubic, whether the kernel is stretched over all elements that make one of a smaller
            image.

    Returns:
        (N, C, *m), as `torch.nn.functional.interpolate`; bicubic with the kernel of Keys (1981), a = -0.75, with
        antialias a = -0.5.

    Raises:
        ValueError: another shape, a mode for another number of axes, neither size nor scale_factor or both of them, or
            an argument that the mode doesn't have.
        TypeError: x isn't real numbers, or a flag is no bool.

    >>> from tensorgrad import Tensor
    >>> interpolate(Tensor([[[1.0, 2.0, 4.0]]]), scale_factor=2, mode="linear")
    Tensor([[[1.   1.25 1.75 2.5  3.5  4.  ]]])
    >>> interpolate(np.arange(16.0).reshape(1, 1, 4, 4), size=2, mode="area")
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    return interpolated("interpolate", x, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)


def interpolated(
    name: str, x: Any, size: Any, scale_factor: Any, mode: Any, align_corners: Any, recompute_scale_factor: Any = None,
    antialias: Any = False,
) -> Any:  # fmt: skip
    """`interpolate`, in the name of the function or layer that errors are to speak of."""
    check_options(name, mode, align_corners, recompute_scale_factor, antialias)
    x, axes = as_numbers(name, "x", x, "f"), np.ndim(x) - 2
    if not 1 <= axes <= 3 or 0 in x.shape[2:]:
        raise ValueError(
            f"{name}: x must be (N, C, W), (N, C, H, W) or (N, C, D, H, W), with something on each of the last axes, "
            f"not of shape {x.shape}"
        )
    kernel, allowed = MODES[mode]
    if axes not in allowed:
        raise ValueError(
            f"{name}: mode={mode!r} is for {allowed[0]} axes behind N and C, not for {axes}; x has the shape {x.shape}"
        )
    sizes, factors = new_sizes(name, x.shape[2:], size, scale_factor)
    if kernel == "area":
        return adaptive_avg_pool(name, axes, x, sizes)
    if recompute_scale_factor and factors is None:
        raise ValueError(f"{name}: recompute_scale_factor=True is for scale_factor; with size={size!r} leave it out")
    if recompute_scale_factor:
        factors = None
    y = x
    # First what makes it smaller; of others alike the last axis, so that the larger image is made of whole rows.
    for axis in sorted(range(-1, -axes - 1, -1), key=lambda axis: sizes[axis] / x.shape[axis]):
        n, m = x.shape[axis], sizes[axis]
        scale = scale_of(n, m, None if factors is None else factors[axis], bool(align_corners))
        if kernel.startswith("nearest") and x.dtype == np.float32:
            scale = float(np.float32(scale))  # where it ends up between two elements is told as PyTorch tells it
        if kernel == "nearest" and m % n == 0 and scale == n / m:  # each element some times
            y = to_windows(y, axis, (m // n, m // n, 0, 1, n), m) if m > n else y
        elif scale != 1 and (n != m or not (kernel == "linear" or antialias)):  # else nothing changes, as in PyTorch
            y = resample(y, axis, (kernel, n, m, scale, bool(align_corners), bool(antialias)), False)
    return np.copy(y) if y is x else y


def scale_of(n: int, m: int, factor: float | None, align_corners: bool) -> float:
    """How many elements of x one of y takes up."""
    if align_corners:
        return (n - 1) / (m - 1) if m > 1 else 0.0
    return n / m if factor is None else 1 / factor


def check_options(name: str, mode: Any, align_corners: Any, recompute_scale_factor: Any, antialias: Any) -> None:
    one_of(f"{name}: mode", mode, tuple(MODES))
    for what, value in (("align_corners", align_corners), ("recompute_scale_factor", recompute_scale_factor)):
        if value is not None:
            yes_or_no(f"{name}: {what}", value)
    if align_corners is not None and MODES[mode][0] not in ("linear", "cubic"):
        raise ValueError(
            f"{name}: align_corners is for the linear and cubic modes; with mode={mode!r} leave it out, not "
            f"{align_corners!r}"
        )
    if yes_or_no(f"{name}: antialias", antialias) and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"{name}: antialias={antialias!r} is for the modes 'bilinear' and 'bicubic', not for {mode!r}")


def new_sizes(
    name: str, sizes: tuple[int, ...], size: Any, scale_factor: Any
) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """The sizes of the result, and the factors, if these were given."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{name}: either size or scale_factor must be given, not size={size!r} and {scale_factor!r}")
    if size is not None:
        return each_size(name, size, len(sizes)), None
    factors = each_factor(name, scale_factor, len(sizes))
    found = tuple(math.floor(n * factor) for n, factor in zip(sizes, factors, strict=True))
    if min(found) < 1 or max(found) > LARGEST:
        raise ValueError(f"{name}: scale_factor={scale_factor!r} makes sizes {found} of {sizes}")
    return found, factors


def each_size(name: str, value: Any, axes: int | None) -> tuple[int, ...]:
    """Sizes for so many axes; for an unknown number of them, those that are given."""
    many = tuple(value) if isinstance(value, tuple | list) else (value,) * (axes or 1)
    fits = len(many) == axes if axes else 1 <= len(many) <= 3
    if not fits or not all(is_int(m) and 1 <= m <= LARGEST for m in many):
        raise ValueError(f"{name}: size must be a positive int, or one for each axis behind N and C, not {value!r}")
    return tuple(int(m) for m in many)


def each_factor(name: str, value: Any, axes: int | None) -> tuple[float, ...]:
    """The same of factors."""
    many = tuple(value) if isinstance(value, tuple | list) else (value,) * (axes or 1)
    numbers = all((is_int(f) or isinstance(f, float | np.floating)) and 0 < f < math.inf for f in many)
    fits = len(many) == axes if axes else 1 <= len(many) <= 3
    if not fits or not numbers or max(many) > LARGEST:
        raise ValueError(
            f"{name}: scale_factor must be a positive number, or one for each axis behind N and C, not {value!r}"
        )
    return tuple(float(f) for f in many)


# Channels and pixels --------------------------------------------------------------------------------------------------


def _images(name: str, x: Any) -> Any:
    x = as_numbers(name, "x", x)
    if x.ndim < 3:
        raise ValueError(f"{name}: x must be images, (..., C, H, W), not of shape {x.shape}")
    return x


def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """Larger images of fewer channels: r r channels make the pixels of an r x r square (Shi and others, 2016,
    arXiv:1609.05158), r the upscale_factor.

    Args:
        x: (..., C r r, H, W).
        upscale_factor: r, a positive int.

    Returns:
        (..., C, H r, W r), as `torch.nn.functional.pixel_shuffle`.

    Raises:
        ValueError: r isn't a positive int, or r r doesn't divide the channels.
        TypeError: x isn't numbers.

    >>> from tensorgrad import Tensor
    >>> pixel_shuffle(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    Tensor([[[1. 2.]
             [3. 4.]]])
    """
    return shuffled("pixel_shuffle", x, upscale_factor)


def shuffled(name: str, x: Any, upscale_factor: Any) -> Any:
    x, r = _images(name, x), positive_int(f"{name}: upscale_factor", upscale_factor)
    *leading, c, h, w = x.shape
    if c % (r * r):
        raise ValueError(f"{name}: upscale_factor={r}, squared, must divide the {c} channels of x of {x.shape}")
    squares = np.reshape(x, (*leading, c // (r * r), r, r, h, w))
    return np.reshape(_moved(squares, (0, 3, 1, 4, 2)), (*leading, c // (r * r), h * r, w * r))


def pixel_unshuffle(x: Any, downscale_factor: int) -> Any:
    """Smaller images of more channels, the reverse of `pixel_shuffle`, r the downscale_factor.

    Args:
        x: (..., C, H r, W r).
        downscale_factor: r, a positive int.

    Returns:
        (..., C r r, H, W), as `torch.nn.functional.pixel_unshuffle`.

    Raises:
        ValueError: r isn't a positive int, or doesn't divide height and width.
        TypeError: x isn't numbers.

    >>> from tensorgrad import Tensor
    >>> pixel_unshuffle(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).shape
    (4, 1, 1)
    """
    return unshuffled("pixel_unshuffle", x, downscale_factor)


def unshuffled(name: str, x: Any, downscale_factor: Any) -> Any:
    x, r = _images(name, x), positive_int(f"{name}: downscale_factor", downscale_factor)
    *leading, c, h, w = x.shape
    if h % r or w % r:
        raise ValueError(f"{name}: downscale_factor={r} must divide height and width of x of shape {x.shape}")
    squares = np.reshape(x, (*leading, c, h // r, r, w // r, r))
    return np.reshape(_moved(squares, (0, 2, 4, 1, 3)), (*leading, c * r * r, h // r, w // r))


def channel_shuffle(x: Any, groups: int) -> Any:
    """Channels in groups, of which each gives one in turn: the channel j of group i comes to place j groups + i (Zhang
    and others, 2017, arXiv:1707.01083).

    Args:
        x: (N, C, ...).
        groups: a positive int, which divides C.

    Returns:
        The same shape, as `torch.nn.functional.channel_shuffle`.

    Raises:
        ValueError: groups isn't a positive int, or doesn't divide the channels.
        TypeError: x isn't numbers.

    >>> from tensorgrad import Tensor
    >>> channel_shuffle(Tensor(np.arange(6.0).reshape(1, 6, 1)), 2).data.ravel()
    array([0., 3., 1., 4., 2., 5.])
    """
    return mixed("channel_shuffle", x, groups)


def mixed(name: str, x: Any, groups: Any) -> Any:
    x, groups = as_numbers(name, "x", x), positive_int(f"{name}: groups", groups)
    if x.ndim < 3:
        raise ValueError(f"{name}: x must be (N, C, ...), with an axis behind C, not of shape {x.shape}")
    n, c, *rest = x.shape
    if c % groups:
        raise ValueError(f"{name}: groups={groups} must divide the {c} channels of x of shape {x.shape}")
    return np.reshape(np.swapaxes(np.reshape(x, (n, groups, c // groups, *rest)), 1, 2), x.shape)


def _moved(x: Any, order: tuple[int, ...]) -> Any:
    """The last axes in another order."""
    first = x.ndim - len(order)
    return np.transpose(x, (*range(first), *(first + i for i in order)))
