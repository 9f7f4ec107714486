"""Calls of convolutions, their transposes and windows, for test_wrong_calls.py."""

import numpy as np
from wrong_values import New, dtype_of_floats, each_int, exactly_whole, flag, nothing, numbers, or_none, seed

from tensorgrad import Tensor, functions, nn


def array(*shape):
    return np.arange(float(np.prod(shape))).reshape(shape)


def kept(cls, *args, **kwargs):
    return New(lambda: cls(*args, **kwargs))


complex_too = {"real": False}
CALLS = {}
for axes in (1, 2, 3):
    images, filters = array(1, 3, *(5, 4, 6)[:axes]), array(2, 3, *(2, 3, 2)[:axes])
    small, turned = array(1, 3, *(2, 3, 2)[:axes]), array(3, 2, *(2, 3, 2)[:axes])
    steps, more = each_int(axes, 1), each_int(axes, 0)
    flags = {"bias": (True, flag)}
    end = {"padding_mode": ("zeros", nothing), "rng": (0, seed), "dtype": (float, dtype_of_floats)}
    channels = {"in_channels": (3, exactly_whole(1, 10**9)), "out_channels": (2, exactly_whole(1, 10**9))}
    x = New(lambda images=images: Tensor(images))
    bias = (np.ones(2), or_none(numbers((2,), **complex_too)))
    CALLS[f"conv{axes}d"] = (
        getattr(functions, f"conv{axes}d"),
        {
            "x": (x, numbers(images.shape, **complex_too)),
            "weight": (filters, numbers(filters.shape)),
            "bias": bias,
            "stride": (1, steps),
            "padding": (1, more),
            "dilation": (1, steps),
            "groups": (1, exactly_whole(1, 1)),
        },
    )
    CALLS[f"conv_transpose{axes}d"] = (
        getattr(functions, f"conv_transpose{axes}d"),
        {
            "x": (small, numbers(small.shape, **complex_too)),
            "weight": (turned, numbers(turned.shape)),
            "bias": bias,
            "stride": (2, steps),
            "padding": (0, more),
            "output_padding": (0, each_int(axes, 0, 1)),
            "groups": (1, exactly_whole(1, 1)),
            "dilation": (1, steps),
        },
    )
    Conv, ConvTranspose = getattr(nn, f"Conv{axes}d"), getattr(nn, f"ConvTranspose{axes}d")
    sizes = {"kernel_size": (2, steps), "stride": (2, steps)}
    groups = {"groups": (1, exactly_whole(1, 1))}
    CALLS[f"Conv{axes}d"] = (
        Conv, {**channels, **sizes, "padding": (0, more), "dilation": (1, steps), **groups, **flags, **end}
    )  # fmt: skip
    CALLS[f"ConvTranspose{axes}d"] = (
        ConvTranspose,
        {
            **channels, **sizes, "padding": (0, more), "output_padding": (0, each_int(axes, 0, 1)), **groups,
            **flags, "dilation": (1, steps), **end,
        },
    )  # fmt: skip
    CALLS[f"Conv{axes}d.forward"] = (
        Conv.forward, {"self": kept(Conv, 3, 2, 2, rng=0), "x": (images, numbers(images.shape))}
    )  # fmt: skip
    CALLS[f"ConvTranspose{axes}d.forward"] = (
        ConvTranspose.forward,
        {
            "self": kept(ConvTranspose, 3, 2, 3, stride=2, rng=0),
            "x": (small, numbers(small.shape)),
            "output_size": (None, or_none(nothing)),
        },
    )

windows = {
    "kernel_size": (2, each_int(2, 1)), "dilation": (1, each_int(2, 1)), "padding": (0, each_int(2, 0)),
    "stride": (1, each_int(2, 1)),
}  # fmt: skip
image, columns = array(1, 3, 4, 5), array(1, 12, 12)
size = {"output_size": ((4, 5), nothing)}
CALLS |= {
    "unfold": (functions.unfold, {"x": (image, numbers(image.shape, real=False)), **windows}),
    "fold": (
        functions.fold,
        {"x": (columns, numbers(columns.shape, real=False)), **size, **windows},
    ),
    "Unfold": (nn.Unfold, windows),
    "Fold": (nn.Fold, {"output_size": ((4, 5), each_int(2, 1)), **windows}),
    "Unfold.forward": (nn.Unfold.forward, {"self": nn.Unfold(2), "x": (image, numbers(image.shape, real=False))}),
    "Fold.forward": (nn.Fold.forward, {"self": nn.Fold((4, 5), 2), "x": (columns, numbers(columns.shape, real=False))}),
}
