"""Normalization over a batch, a layer, groups of channels or an instance, and over neighbouring channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import non_negative, positive_int, positive_ints, probability, real_number, yes_or_no
from ..derivatives.arrays import as_numbers, is_array
from ..derivatives.chunked import require_known
from ..derivatives.normalization import normalize, window_sum
from ..tensor import Tensor

__all__ = ["batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm"]


def _real(name: str, what: str, value: Any) -> Any:
    return None if value is None else as_numbers(name, what, value, "f")


def _of_channels(name: str, what: str, value: Any, x: Any) -> Any:
    """One number a channel, in a shape that is broadcast to that of x, (N, C, ...); or None."""
    value = _real(name, what, value)
    if value is not None and value.shape != x.shape[1:2]:
        raise ValueError(
            f"{name}: {what} must have the shape {x.shape[1:2]}, one number for each channel of x of shape {x.shape}, "
            f"not {value.shape}"
        )
    return value if value is None or x.ndim == 2 else np.reshape(value, (-1,) + (1,) * (x.ndim - 2))


def _normalized(x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float, **options: Any) -> Any:
    """`normalize`; half precision, in which squares overflow, by single. Nothing has no mean, and stays nothing."""
    if not x.size:
        y = x if weight is None else x * weight
        return y if bias is None else y + bias
    if x.dtype.itemsize > 2:
        return normalize(x, weight, bias, axes, eps, **options)
    return normalize(x.astype(np.float32), weight, bias, axes, eps, **options).astype(x.dtype)


# Over a batch --------------------------------------------------------------------------------------------------------


def _running(name: str, what: str, value: Any, x: Any) -> Any:
    """The running mean or variance as it was given, if it can be changed in place."""
    if value is None:
        return None
    if not is_array(value) or isinstance(value, Tensor) or value.dtype.kind != "f" or not hasattr(value, "__setitem__"):
        raise TypeError(
            f"{name}: {what} must be an array of floats, which training changes in place, not a {type(value).__name__}"
        )
    if value.shape != x.shape[1:2]:
        raise ValueError(
            f"{name}: {what} must have the shape {x.shape[1:2]} for x of shape {x.shape}, not {value.shape}"
        )
    return value


def _note_statistics(name: str, running: tuple[Any, Any], found: tuple[Any, Any], n: int, momentum: float) -> None:
    """Move the running mean and variance towards those of a batch, of n numbers a channel; the variance of all that
    the batch was drawn from is n / (n - 1) times its own."""
    for old, new, factor in zip(running, found, (1, n / (n - 1)), strict=True):
        if hasattr(new, "stack"):
            raise ValueError(
                f"{name}: each example of a vmap has a mean and a variance of its own, so there is no running one to "
                f"be changed; call model.eval() before, or make the layer with track_running_stats=False"
            )
        new = np.reshape(new, (-1, *old.shape)).mean(axis=0)  # of each instance, or of the batch
        old[...] = (1 - momentum) * old + momentum * factor * new


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, for each channel, over all examples and places (Ioffe and Szegedy,
    2015, arXiv:1502.03167).

    Args:
        x: (N, C, ...)
        running_mean, running_var: arrays of shape (C,), or None. In training they are changed in place, to
            (1 - momentum) old + momentum new, the new variance being the unbiased one.
        weight, bias: (C,), or None.
        training: whether mean and var are those of x, in place of the running ones. The mean of training's output over
            a channel's numbers is bias.
        momentum: from 0 to 1.
        eps: is added to the variance.

    Raises:
        ValueError: shapes that don't fit, one number a channel in training, no running statistics but for training,
            an option out of range, or running statistics to be changed inside `vmap`.
        TypeError: x, weight or bias aren't real numbers, or running statistics no arrays of floats.

    >>> from tensorgrad import Tensor
    >>> batch_norm(Tensor([[1.0, 0.0], [3.0, 8.0]]), None, None, training=True, eps=0.0)
    Tensor([[-1. -1.]
            [ 1.  1.]])
    """
    name = "batch_norm"
    x = as_numbers(name, "x", x, "f")
    if x.ndim < 2:
        raise ValueError(f"{name}: x must be (N, C, ...), not of shape {x.shape}")
    training, eps = yes_or_no(f"{name}: training", training), non_negative(f"{name}: eps", eps)
    momentum = probability(f"{name}: momentum", momentum)
    mean, var = _running(name, "running_mean", running_mean, x), _running(name, "running_var", running_var, x)
    weight, bias = _of_channels(name, "weight", weight, x), _of_channels(name, "bias", bias, x)
    if (mean is None) != (var is None) or (mean is None and not training):
        raise ValueError(f"{name}: running_mean and running_var must both be given, or, in training, both be None")
    if not training:
        return _by_running(x, mean, var, weight, bias, eps)
    n = x.size // max(x.shape[1], 1)
    require_known(name, n)
    if n == 1:
        raise ValueError(f"{name}: training needs more than one number for each channel, not x of shape {x.shape}")
    found: list = []
    y = _normalized(x, weight, bias, (0, *range(2, x.ndim)), eps, report=found.extend)
    if mean is not None and found:
        _note_statistics(name, (mean, var), (found[0], found[1]), n, momentum)
    return y


def _by_running(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """The same with a mean and a variance that are constants: copied, since training will change them."""
    column = (-1,) + (1,) * (x.ndim - 2)
    scale = np.reshape(1 / np.sqrt(var + eps), column)
    y = (x - np.reshape(np.copy(mean), column)) * (scale if weight is None else weight * scale)
    return y if bias is None else y + bias


def instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, for each channel of each example, over its places (Ulyanov, Vedaldi
    and Lempitsky, 2016, arXiv:1607.08022).

    Args:
        x: (N, C, L, ...)
        running_mean, running_var: arrays of shape (C,), or None. With use_input_stats they are changed in place towards
            the averages over the examples, as `batch_norm` does it.
        weight, bias: (C,), or None.
        use_input_stats: whether mean and var are those of x, in place of the running ones.
        momentum: from 0 to 1.
        eps: is added to the variance.

    Raises:
        ValueError: shapes that don't fit, one place for each channel, no running statistics where they are used, an
            option out of range, or running statistics to be changed inside `vmap`.
        TypeError: x, weight or bias aren't real numbers, or running statistics no arrays of floats.

    >>> from tensorgrad import Tensor
    >>> instance_norm(Tensor([[[1.0, 3.0], [0.0, 8.0]]]), eps=0.0)
    Tensor([[[-1.  1.]
             [-1.  1.]]])
    """
    name = "instance_norm"
    x = as_numbers(name, "x", x, "f")
    if x.ndim < 3:
        raise ValueError(f"{name}: x must be (N, C, L, ...), not of shape {x.shape}")
    own, eps = yes_or_no(f"{name}: use_input_stats", use_input_stats), non_negative(f"{name}: eps", eps)
    momentum = probability(f"{name}: momentum", momentum)
    mean, var = _running(name, "running_mean", running_mean, x), _running(name, "running_var", running_var, x)
    weight, bias = _of_channels(name, "weight", weight, x), _of_channels(name, "bias", bias, x)
    if (mean is None) != (var is None) or (mean is None and not own):
        raise ValueError(
            f"{name}: running_mean and running_var must both be given, or, with use_input_stats, both be None"
        )
    if not own:
        return _by_running(x, mean, var, weight, bias, eps)
    n = x.size // max(x.shape[0] * x.shape[1], 1)
    require_known(name, n)
    if n == 1:
        raise ValueError(f"{name}: more than one place is needed for each channel, not x of shape {x.shape}")
    found: list = []
    y = _normalized(x, weight, bias, tuple(range(2, x.ndim)), eps, report=found.extend)
    if mean is not None and found:
        _note_statistics(name, (mean, var), (found[0], found[1]), n, momentum)
    return y


# Over the last axes --------------------------------------------------------------------------------------------------


def _last_axes(name: str, x: Any, normalized_shape: Any, *parameters: Any) -> tuple[int, ...]:
    """The last axes of x, which have the normalized_shape, as all parameters must."""
    where = f"{name}: normalized_shape"
    is_list = isinstance(normalized_shape, list | tuple)
    shape = tuple(positive_ints(where, normalized_shape)) if is_list else (positive_int(where, normalized_shape),)
    if x.shape[-len(shape) :] != shape:
        last = ", ".join(map(str, shape))
        raise ValueError(f"{name}: for normalized_shape {shape}, x must have the shape (..., {last}), not {x.shape}")
    for what, value in zip(("weight", "bias"), parameters, strict=False):
        if value is not None and value.shape != shape:
            raise ValueError(f"{name}: {what} must have the normalized_shape {shape}, not {value.shape}")
    return tuple(range(x.ndim - len(shape), x.ndim))


def layer_norm(x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, for each example, over its features, the last axes (Ba, Kiros and
    Hinton, 2016, arXiv:1607.06450).

    Args:
        x: (..., *normalized_shape)
        normalized_shape: an int, or several.
        weight, bias: of the normalized_shape, or None.
        eps: is added to the variance.

    Raises:
        ValueError: shapes that don't fit, or a negative eps.
        TypeError: x, weight or bias aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> layer_norm(Tensor([[1.0, 3.0], [0.0, 8.0]]), 2, eps=0.0)
    Tensor([[-1.  1.]
            [-1.  1.]])
    """
    name = "layer_norm"
    x, weight, bias = as_numbers(name, "x", x, "f"), _real(name, "weight", weight), _real(name, "bias", bias)
    axes = _last_axes(name, x, normalized_shape, weight, bias)
    return _normalized(x, weight, bias, axes, non_negative(f"{name}: eps", eps))


def rms_norm(x: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """weight x / sqrt(mean(x^2) + eps), over the last axes (Zhang and Sennrich, 2019, arXiv:1910.07467).

    Args:
        x: (..., *normalized_shape)
        normalized_shape: an int, or several.
        weight: of the normalized_shape, or None.
        eps: None for the distance from 1 to the next number of x's dtype.

    Raises:
        ValueError: shapes that don't fit, or a negative eps.
        TypeError: x or weight aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> rms_norm(Tensor([[1.0, 7.0]]), 2)
    Tensor([[0.2 1.4]])
    """
    name = "rms_norm"
    x, weight = as_numbers(name, "x", x, "f"), _real(name, "weight", weight)
    axes = _last_axes(name, x, normalized_shape, weight)
    eps = float(np.finfo(x.dtype).eps) if eps is None else non_negative(f"{name}: eps", eps)
    return _normalized(x, weight, None, axes, eps, centred=False)


# Over channels -------------------------------------------------------------------------------------------------------


def group_norm(x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, for each example, over each group of its channels (Wu and He, 2018,
    arXiv:1803.08494).

    Args:
        x: (N, C, ...)
        num_groups: into which the C channels are split; a divisor of C.
        weight, bias: (C,), or None.
        eps: is added to the variance.

    Raises:
        ValueError: shapes that don't fit, groups of one number, or an option out of range.
        TypeError: x, weight or bias aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> group_norm(Tensor([[1.0, 3.0, 0.0, 8.0]]), 2, eps=0.0)
    Tensor([[-1.  1. -1.  1.]])
    """
    name = "group_norm"
    x, groups = as_numbers(name, "x", x, "f"), positive_int(f"{name}: num_groups", num_groups)
    if x.ndim < 2 or x.shape[1] % groups:
        raise ValueError(
            f"{name}: x must be (N, C, ...) with C a multiple of num_groups={groups}, not of shape {x.shape}"
        )
    n, c, *places = x.shape
    if x.size == n * groups == groups:
        raise ValueError(f"{name}: more than one number is needed for each group, not x of shape {x.shape}")
    grouped = (groups, c // groups, *places)
    weight, bias = (
        p if p is None else np.reshape(p, (groups, c // groups, *(1 for _ in places)))
        for p in (_of_channels(name, "weight", weight, x), _of_channels(name, "bias", bias, x))
    )
    axes = tuple(range(2, x.ndim + 1))
    y = _normalized(np.reshape(x, (n, *grouped)), weight, bias, axes, non_negative(f"{name}: eps", eps))
    return np.reshape(y, x.shape)


def local_response_norm(x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """x / (k + alpha mean(x^2))^beta, the mean being that over `size` neighbouring channels, zeros beyond the first and
    the last (Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012).

    Args:
        x: (N, C, L, ...)
        size: how many channels; of an even number, the one more is before.
        alpha, beta, k: of the formula.

    Raises:
        ValueError: another shape, or an option out of range.
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> local_response_norm(Tensor([[[1.0], [2.0]]]), size=2, alpha=2.0, beta=1.0)
    Tensor([[[0.5       ]
             [0.33333333]]])
    """
    name = "local_response_norm"
    x, size = as_numbers(name, "x", x, "f"), positive_int(f"{name}: size", size)
    alpha, beta, k = (real_number(f"{name}: {what}", v) for what, v in (("alpha", alpha), ("beta", beta), ("k", k)))
    if x.ndim < 3:
        raise ValueError(f"{name}: x must be (N, C, L, ...), not of shape {x.shape}")
    return x * (k + window_sum(x * x, size // 2, (size - 1) // 2) * (alpha / size)) ** -beta
