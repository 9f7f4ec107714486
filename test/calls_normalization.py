"""Valid calls of normalization and dropout, for test_wrong_calls.py."""

import numpy as np
from wrong_values import (
    New,
    Wrong,
    dtype_of_floats,
    exactly_whole,
    flag,
    nothing,
    number,
    numbers,
    or_none,
    rate,
    seed,
    wholes,
)

from tensorgrad import Tensor, functions, nn

X = np.array([[0.5, -1.5, 2.5], [3.5, 0.25, -1.25]])
IMAGES = np.arange(1.0, 25.0).reshape(2, 3, 2, 2)
T, STACK = New(lambda: Tensor(X.copy())), New(lambda: Tensor(IMAGES[:, :, 0].copy()))
RUNNING, SPREAD = New(lambda: np.array([0.5, 1.0, 2.0])), New(lambda: np.array([1.5, 1.0, 2.0]))

like_x, like_stack, of_channels = numbers(X.shape), numbers((2, 3, 2)), or_none(numbers((3,)))
finite = number(-1e300, 1e300)
some = exactly_whole(1, 10**9)
eps = (1e-5, rate())


def probability(value):
    return rate(np.nextafter(1, 2))(value)


def one_shape(*shape):
    """The last axes of a shape: an int for one, or several in a list or tuple."""

    def kind(value):
        if not isinstance(value, list | tuple):
            value = [exactly_whole()(value)]
        if tuple(wholes(1, 10**9)(value)) != shape:
            raise Wrong
        return list(value)

    return kind


def of_axes(*counts, channels=None, real=True):
    """Numbers with so many axes, and so many channels on axis 1."""

    def kind(value):
        array = numbers(real=real)(value)
        if array.ndim not in counts or (channels and array.shape[1] != channels):
            raise Wrong
        return array

    return kind


def any_shape(value):
    return wholes(1, 10**3)(value) if isinstance(value, list | tuple) else some(value)


OF_PARAMETERS = {"weight": (np.ones(3), of_channels), "bias": (np.zeros(3), of_channels)}
OF_AFFINE = OF_PARAMETERS | {"eps": eps}
OF_DROPOUT = {"p": (0.25, probability), "training": (True, flag), "rng": (0, seed)}
OF_DROPOUTS = {"p": (0.25, probability), "inplace": (False, flag), "rng": (0, seed)}
OF_DTYPE = {"dtype": (np.float32, dtype_of_floats)}
OF_BATCHES = {
    "num_features": (3, some),
    "eps": eps,
    "momentum": (0.1, or_none(probability)),
    "affine": (True, flag),
    "track_running_stats": (True, flag),
    "bias": (True, flag),
    **OF_DTYPE,
}


def forward(name, x, *args, **kwargs):
    """The entry of a layer's forward."""
    cls = getattr(nn, name)
    return f"{name}.forward", (cls.forward, {"self": New(lambda: cls(*args, **kwargs)), "x": x})


CALLS = {
    "batch_norm": (
        functions.batch_norm,
        {
            "x": (T, like_x),
            "running_mean": (RUNNING, nothing),
            "running_var": (SPREAD, nothing),
            **OF_PARAMETERS,
            "training": (False, flag),
            "momentum": (0.1, probability),
            "eps": eps,
        },
    ),
    "instance_norm": (
        functions.instance_norm,
        {
            "x": (STACK, like_stack),
            "running_mean": (RUNNING, nothing),
            "running_var": (SPREAD, nothing),
            **OF_PARAMETERS,
            "use_input_stats": (True, flag),
            "momentum": (0.1, probability),
            "eps": eps,
        },
    ),
    "layer_norm": (
        functions.layer_norm, {"x": (T, numbers(last=3)), "normalized_shape": (3, one_shape(3)), **OF_AFFINE}
    ),
    "rms_norm": (
        functions.rms_norm,
        {
            "x": (T, numbers(last=3)),
            "normalized_shape": (3, one_shape(3)),
            "weight": (np.ones(3), of_channels),
            "eps": (1e-5, or_none(rate())),
        },
    ),
    "group_norm": (
        functions.group_norm,
        {"x": (STACK, of_axes(*range(2, 9), channels=3)), "num_groups": (1, exactly_whole(1, 1)), **OF_AFFINE},
    ),
    "local_response_norm": (
        functions.local_response_norm,
        {
            "x": (STACK, of_axes(*range(3, 9))), "size": (2, some), "alpha": (1e-4, finite), "beta": (0.75, finite),
            "k": (1.0, finite),
        },
    ),
    **{name: (getattr(nn, name), OF_BATCHES) for name in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")},
    **{
        name: (getattr(nn, name), OF_BATCHES | {"momentum": (0.1, probability)})
        for name in ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
    },
    "LayerNorm": (
        nn.LayerNorm,
        {"normalized_shape": (3, any_shape), "eps": eps, "elementwise_affine": (True, flag), "bias": (True, flag)}
        | OF_DTYPE,
    ),
    "RMSNorm": (
        nn.RMSNorm,
        {"normalized_shape": (3, any_shape), "eps": (1e-5, or_none(rate())), "elementwise_affine": (True, flag)}
        | OF_DTYPE,
    ),
    "GroupNorm": (
        nn.GroupNorm,
        {
            "num_groups": (1, exactly_whole(1, 1)),
            "num_channels": (3, some),
            "eps": eps,
            "affine": (True, flag),
            "bias": (True, flag),
            **OF_DTYPE,
        },
    ),
    "LocalResponseNorm": (
        nn.LocalResponseNorm,
        {"size": (2, some), "alpha": (1e-4, finite), "beta": (0.75, finite), "k": (1.0, finite)},
    ),
    "dropout": (functions.dropout, {"x": (T, numbers(real=False)), **OF_DROPOUT}),
    "alpha_dropout": (functions.alpha_dropout, {"x": (T, numbers()), **OF_DROPOUT}),
    "feature_alpha_dropout": (functions.feature_alpha_dropout, {"x": (T, of_axes(*range(2, 9))), **OF_DROPOUT}),
    "dropout1d": (functions.dropout1d, {"x": (T, of_axes(2, 3, real=False)), **OF_DROPOUT}),
    "dropout2d": (functions.dropout2d, {"x": (STACK, of_axes(3, 4, real=False)), **OF_DROPOUT}),
    "dropout3d": (functions.dropout3d, {"x": (IMAGES, of_axes(4, 5, real=False)), **OF_DROPOUT}),
    **{
        name: (getattr(nn, name), OF_DROPOUTS)
        for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
    },
    **dict(
        [
            forward("Dropout", (T, numbers(real=False)), rng=0),
            forward("AlphaDropout", (T, numbers()), rng=0),
            forward("FeatureAlphaDropout", (T, of_axes(*range(2, 9))), rng=0),
            forward("Dropout1d", (T, of_axes(2, 3, real=False)), rng=0),
            forward("Dropout2d", (STACK, of_axes(3, 4, real=False)), rng=0),
            forward("Dropout3d", (IMAGES, of_axes(4, 5, real=False)), rng=0),
            forward("BatchNorm1d", (T, like_x), 3),
            forward("BatchNorm2d", (IMAGES, numbers(IMAGES.shape)), 3),
            forward("BatchNorm3d", (IMAGES[..., None], numbers((*IMAGES.shape, 1))), 3),
            forward("InstanceNorm1d", (STACK, like_stack), 3),
            forward("InstanceNorm2d", (IMAGES, numbers(IMAGES.shape)), 3),
            forward("InstanceNorm3d", (IMAGES[..., None], numbers((*IMAGES.shape, 1))), 3),
            forward("LayerNorm", (T, numbers(last=3)), 3),
            forward("RMSNorm", (T, numbers(last=3)), 3),
            forward("GroupNorm", (STACK, of_axes(*range(2, 9), channels=3)), 1, 3),
            forward("LocalResponseNorm", (STACK, of_axes(*range(3, 9))), 2),
        ]
    ),
}  # fmt: skip
