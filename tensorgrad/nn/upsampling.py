"""Layers that bring images to another size."""

from __future__ import annotations

from typing import Any

from ..arguments import positive_int
from ..functions.resampling import check_options, each_factor, each_size, interpolated, mixed, shuffled, unshuffled
from ..module import Module

__all__ = [
    "ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d",
]  # fmt: skip


class Upsample(Module):
    """Images in another size, by interpolation: `functional.interpolate`, with its arguments. x is (N, C, W),
    (N, C, H, W) or (N, C, D, H, W).

    Raises:
        ValueError: neither size nor scale_factor or both of them, another mode, or one for other images than x.
        TypeError: a flag is no bool, or x isn't real numbers.

    >>> import numpy as np
    >>> Upsample(scale_factor=2, mode="bilinear")(np.ones((1, 3, 4, 6))).shape
    (1, 3, 8, 12)
    """

    axes: int | None = None  # how many are behind N and C, where that is known

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ):  # fmt: skip
        name = type(self).__name__
        if (size is None) == (scale_factor is None):
            raise ValueError(f"{name}: either size or scale_factor must be given, not {size!r} and {scale_factor!r}")
        check_options(name, mode, align_corners, recompute_scale_factor, False)
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        if size is not None:
            each_size(name, size, self.axes)
        else:
            each_factor(name, scale_factor, self.axes)
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, x: Any) -> Any:
        args = (self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)
        return interpolated(type(self).__name__, x, *args)

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.size is not None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample with mode='nearest', of x (N, C, H, W).

    >>> UpsamplingNearest2d(scale_factor=2)([[[[1.0, 2.0]]]])
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """

    axes = 2

    def __init__(self, size: Any = None, scale_factor: Any = None):
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample with mode='bilinear' and align_corners=True, of x (N, C, H, W).

    >>> UpsamplingBilinear2d(size=(1, 3))([[[[1.0, 2.0]]]])
    array([[[[1. , 1.5, 2. ]]]])
    """

    axes = 2

    def __init__(self, size: Any = None, scale_factor: Any = None):
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


class PixelShuffle(Module):
    """Larger images of fewer channels, (..., C r r, H, W) to (..., C, H r, W r): `functional.pixel_shuffle`.

    >>> import numpy as np
    >>> PixelShuffle(2)(np.ones((1, 8, 3, 4))).shape
    (1, 2, 6, 8)
    """

    def __init__(self, upscale_factor: int):
        self.upscale_factor = positive_int("PixelShuffle: upscale_factor", upscale_factor)

    def forward(self, x: Any) -> Any:
        return shuffled("PixelShuffle", x, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Smaller images of more channels, (..., C, H r, W r) to (..., C r r, H, W): `functional.pixel_unshuffle`.

    >>> import numpy as np
    >>> PixelUnshuffle(2)(np.ones((1, 2, 6, 8))).shape
    (1, 8, 3, 4)
    """

    def __init__(self, downscale_factor: int):
        self.downscale_factor = positive_int("PixelUnshuffle: downscale_factor", downscale_factor)

    def forward(self, x: Any) -> Any:
        return unshuffled("PixelUnshuffle", x, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels in groups, of which each gives one in turn: `functional.channel_shuffle`, of x (N, C, ...).

    >>> import numpy as np
    >>> ChannelShuffle(2)(np.arange(4.0).reshape(1, 4, 1))[0, :, 0]
    array([0., 2., 1., 3.])
    """

    def __init__(self, groups: int):
        self.groups = positive_int("ChannelShuffle: groups", groups)

    def forward(self, x: Any) -> Any:
        return mixed("ChannelShuffle", x, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
