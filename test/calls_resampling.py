"""Calls of interpolation and of what shuffles pixels, for test_wrong_calls.py."""

import numpy as np
from wrong_values import Either, Wrong, each_axis, each_int, exactly_whole, flag, nothing, number, numbers, or_none

from tensorgrad import functions, nn

MOST = 2**31 - 1
X = np.arange(32.0).reshape(1, 4, 2, 4)


def factor(value):
    """A positive number."""
    found = number(0)(value)
    if isinstance(value, bool | np.bool | np.ndarray) or isinstance(found, Either) or not 0 < found <= MOST:
        raise Wrong
    return found


def images(value):
    """Real numbers, (N, C, ...) with one to three axes behind."""
    array = numbers()(value)
    if array.ndim not in (3, 4, 5) or 0 in array.shape[2:]:
        raise Wrong
    return array


def of_channels(value):
    """Numbers, (..., C, H, W) of 4 channels and even sizes."""
    array = numbers(real=False)(value)
    if array.shape[-3:] != X.shape[-3:]:
        raise Wrong
    return array


def in_pairs(value):
    """Numbers, (N, C, ...), of an even number of channels."""
    array = numbers(real=False)(value)
    if array.ndim < 3 or array.shape[1] % 2:
        raise Wrong
    return array


flags, one_or_two = or_none(flag), exactly_whole(1, 2)
OF_INTERPOLATE = {
    "x": (X, images), "size": (3, each_int(2, 1, 10**4)), "scale_factor": (None, or_none(nothing)),
    "mode": ("nearest", nothing),
    "align_corners": (None, or_none(nothing)), "recompute_scale_factor": (None, flags), "antialias": (False, nothing),
}  # fmt: skip
CALLS = {
    "interpolate": (functions.interpolate, OF_INTERPOLATE),
    "pixel_shuffle": (functions.pixel_shuffle, {"x": (X, of_channels), "upscale_factor": (2, one_or_two)}),
    "pixel_unshuffle": (functions.pixel_unshuffle, {"x": (X, of_channels), "downscale_factor": (2, one_or_two)}),
    "channel_shuffle": (functions.channel_shuffle, {"x": (X, in_pairs), "groups": (2, exactly_whole(1, 2))}),
    "Upsample": (
        nn.Upsample,
        {
            "size": (3, each_int(None, 1)),
            "scale_factor": (None, or_none(nothing)),
            "mode": ("bilinear", nothing),
            "align_corners": (None, flags),
            "recompute_scale_factor": (None, flags),
        },
    ),
    "UpsamplingNearest2d": (
        nn.UpsamplingNearest2d, {"size": (None, or_none(nothing)), "scale_factor": (2, each_axis(2, factor))}
    ),
    "UpsamplingBilinear2d": (
        nn.UpsamplingBilinear2d, {"size": (3, each_int(2, 1)), "scale_factor": (None, or_none(nothing))}
    ),
    "PixelShuffle": (nn.PixelShuffle, {"upscale_factor": (2, exactly_whole(1, 10**9))}),
    "PixelUnshuffle": (nn.PixelUnshuffle, {"downscale_factor": (2, exactly_whole(1, 10**9))}),
    "ChannelShuffle": (nn.ChannelShuffle, {"groups": (2, exactly_whole(1, 10**9))}),
    "Upsample.forward": (nn.Upsample.forward, {"self": nn.Upsample(3), "x": (X, images)}),
    "PixelShuffle.forward": (nn.PixelShuffle.forward, {"self": nn.PixelShuffle(2), "x": (X, of_channels)}),
    "PixelUnshuffle.forward": (nn.PixelUnshuffle.forward, {"self": nn.PixelUnshuffle(2), "x": (X, of_channels)}),
    "ChannelShuffle.forward": (nn.ChannelShuffle.forward, {"self": nn.ChannelShuffle(2), "x": (X, in_pairs)}),
}  # fmt: skip
