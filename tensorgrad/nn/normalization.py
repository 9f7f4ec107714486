"""Layers that bring numbers to the mean 0 and the variance 1, then scale and shift them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from .. import functions
from ..arguments import floating_dtype, non_negative, positive_int, positive_ints, probability, real_number, yes_or_no
from ..derivatives.arrays import as_numbers
from ..module import Module
from ..tensor import Tensor

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm",
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "RMSNorm", "LocalResponseNorm",
]  # fmt: skip


class _Normalization(Module):
    """What these layers have in common: a weight of ones and a bias of zeros, or None."""

    weight: Tensor | None
    bias: Tensor | None

    def make_affine(self, shape: int | tuple[int, ...], affine: bool, bias: bool, dtype: np.dtype) -> None:
        self.weight = Tensor(np.ones(shape, dtype), name="weight") if affine else None
        self.bias = Tensor(np.zeros(shape, dtype), name="bias") if affine and bias else None


class _ChannelNorm(_Normalization):
    """Normalization of each channel, with a running mean and variance: batch and instance normalization."""

    shapes: ClassVar[dict[int, str]]  # by the number of axes, what the input may be
    running_mean: np.ndarray | None
    running_var: np.ndarray | None
    num_batches_tracked: np.ndarray | None
    momentum: Any

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
        dtype: DTypeLike,
    ):
        name, dtype = type(self).__name__, floating_dtype(f"{type(self).__name__}: dtype", dtype)
        self.num_features = positive_int(f"{name}: num_features", num_features)
        self.eps = non_negative(f"{name}: eps", eps)
        self.momentum = None if momentum is None else probability(f"{name}: momentum", momentum)
        self.affine = yes_or_no(f"{name}: affine", affine)
        self.track_running_stats = yes_or_no(f"{name}: track_running_stats", track_running_stats)
        self.make_affine(self.num_features, self.affine, yes_or_no(f"{name}: bias", bias), dtype)
        tracked = self.track_running_stats
        self.register_buffer("running_mean", np.zeros(self.num_features, dtype) if tracked else None)
        self.register_buffer("running_var", np.ones(self.num_features, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if tracked else None)

    def checked(self, x: Any) -> Any:
        x = as_numbers(type(self).__name__, "the input", x, "f")
        axes = self.shapes.get(x.ndim, "").split(", ")
        if "C" not in axes or x.shape[axes.index("C")] != self.num_features:
            shapes = " or ".join(f"({shape})".replace("C", f"{self.num_features}") for shape in self.shapes.values())
            raise ValueError(f"{self!r}: the input must have the shape {shapes}, not {x.shape}")
        return x

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, x: Any) -> Any:
        x, tracked = self.checked(x), self.num_batches_tracked
        momentum = self.momentum
        if momentum is None:
            momentum = 1.0 if tracked is None else 1 / (int(tracked) + 1)
        training = self.training or tracked is None
        y = functions.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training, momentum, self.eps
        )
        if training and tracked is not None:
            tracked += 1
        return y


class BatchNorm1d(_BatchNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, for each channel: mean and var are those of the batch, over examples
    and places, while the layer is trained, and the running ones after `eval()` (Ioffe and Szegedy, 2015,
    arXiv:1502.03167).

    Args:
        num_features: C, the number of channels.
        eps: is added to the variance.
        momentum: how far each batch moves the running mean and variance towards its own, from 0 to 1; None for the
            average over all batches.
        affine: whether there are a weight, of ones at first, and a bias, of zeros.
        track_running_stats: False for no running ones: `eval()` then changes nothing.
        bias: False for a weight alone.
        dtype: of parameters and running statistics, float64 or another floating one.

    Called with x of shape (N, C) or (N, C, L), it gives the same shape. Its parameters are `weight` and `bias`, (C,);
    its buffers `running_mean` and `running_var`, (C,), the variance being the unbiased one, and `num_batches_tracked`.
    In training they are changed in place, once a call: also by copies of the layer that transforms make, and twice by
    `checkpoint`, which calls what is inside it twice. Inside `vmap` examples have no mean in common, which is an error;
    after `eval()` there is none.

    Raises:
        ValueError: an argument is out of range; called: x has another shape, or training has one number a channel.
        TypeError: an argument isn't a bool, or dtype isn't floating; called: x isn't real numbers.

    >>> layer = BatchNorm1d(2)
    >>> layer(np.array([[1.0, 0.0], [3.0, 8.0]]))
    Tensor([[-0.999995   -0.99999969]
            [ 0.999995    0.99999969]])
    >>> layer.running_mean, layer.running_var
    (array([0.2, 0.4]), array([1.1, 4.1]))
    """

    shapes: ClassVar = {2: "N, C", 3: "N, C, L"}


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d`, called with x of shape (N, C, H, W).

    >>> BatchNorm2d(3)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    shapes: ClassVar = {4: "N, C, H, W"}


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d`, called with x of shape (N, C, D, H, W).

    >>> BatchNorm3d(3)(np.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    shapes: ClassVar = {5: "N, C, D, H, W"}


class _InstanceNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
    ):
        momentum = probability(f"{type(self).__name__}: momentum", momentum)
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, x: Any) -> Any:
        x, own = self.checked(x), self.training or self.running_mean is None
        batch = x if x.ndim == max(self.shapes) else np.expand_dims(x, 0)
        y = functions.instance_norm(
            batch, self.running_mean, self.running_var, self.weight, self.bias, own, self.momentum, self.eps
        )
        return y if batch is x else np.squeeze(y, 0)


class InstanceNorm1d(_InstanceNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, for each channel of each example, over its places (Ulyanov, Vedaldi
    and Lempitsky, 2016, arXiv:1607.08022).

    Args:
        num_features: C, the number of channels.
        eps: is added to the variance.
        momentum: how far each batch moves the running mean and variance towards its own, from 0 to 1.
        affine: whether there are a weight, of ones at first, and a bias, of zeros.
        track_running_stats: whether there are a running mean and variance, averages over the examples, which take the
            place of an example's own after `eval()`.
        bias: False for a weight alone.
        dtype: of parameters and running statistics, float64 or another floating one.

    Called with x of shape (N, C, L) or (C, L), it gives the same shape. Parameters and buffers are those of
    `BatchNorm1d`, but that `num_batches_tracked` stays 0, as PyTorch's does.

    Raises:
        ValueError: an argument is out of range; called: x has another shape, or one place a channel.
        TypeError: an argument isn't a bool, or dtype isn't floating; called: x isn't real numbers.

    >>> InstanceNorm1d(2, eps=0.0)(np.array([[1.0, 3.0], [0.0, 8.0]]))
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    shapes: ClassVar = {2: "C, L", 3: "N, C, L"}


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d`, called with x of shape (N, C, H, W) or (C, H, W).

    >>> InstanceNorm2d(3)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    shapes: ClassVar = {3: "C, H, W", 4: "N, C, H, W"}


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d`, called with x of shape (N, C, D, H, W) or (C, D, H, W).

    >>> InstanceNorm3d(3)(np.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    shapes: ClassVar = {4: "C, D, H, W", 5: "N, C, D, H, W"}


class LayerNorm(_Normalization):
    """weight (x - mean) / sqrt(var + eps) + bias, for each example, over its features, the last axes (Ba, Kiros and
    Hinton, 2016, arXiv:1607.06450).

    Args:
        normalized_shape: of these axes: an int, or several.
        eps: is added to the variance.
        elementwise_affine: whether there are a weight, of ones at first, and a bias, of zeros.
        bias: False for a weight alone.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (..., *normalized_shape), it gives the same shape. Its parameters are `weight` and `bias`, of
    the normalized_shape, or None.

    Raises:
        ValueError: normalized_shape or eps is out of range; called: x has another shape.
        TypeError: an argument isn't a bool, or dtype isn't floating; called: x isn't real numbers.

    >>> LayerNorm(2)(np.array([[1.0, 3.0], [0.0, 8.0]]))
    Tensor([[-0.999995    0.999995  ]
            [-0.99999969  0.99999969]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float64,
    ):
        self.normalized_shape = _shape("LayerNorm: normalized_shape", normalized_shape)
        self.eps = non_negative("LayerNorm: eps", eps)
        self.elementwise_affine = yes_or_no("LayerNorm: elementwise_affine", elementwise_affine)
        bias, dtype = yes_or_no("LayerNorm: bias", bias), floating_dtype("LayerNorm: dtype", dtype)
        self.make_affine(self.normalized_shape, self.elementwise_affine, bias, dtype)

    def forward(self, x: Any) -> Any:
        return functions.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(_Normalization):
    """weight x / sqrt(mean(x^2) + eps), for each example, over its features, the last axes (Zhang and Sennrich, 2019,
    arXiv:1910.07467).

    Args:
        normalized_shape: of these axes: an int, or several.
        eps: None for the distance from 1 to the next number of x's dtype.
        elementwise_affine: whether there is a weight, of ones at first.
        dtype: of the weight, float64 or another floating one.

    Called with x of shape (..., *normalized_shape), it gives the same shape. Its parameter is `weight`, of the
    normalized_shape, or None.

    Raises:
        ValueError: normalized_shape or eps is out of range; called: x has another shape.
        TypeError: elementwise_affine isn't a bool, or dtype isn't floating; called: x isn't real numbers.

    >>> RMSNorm(2)(np.array([1.0, 7.0]))
    Tensor([0.2 1.4])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: DTypeLike = np.float64,
    ):
        self.normalized_shape = _shape("RMSNorm: normalized_shape", normalized_shape)
        self.eps = None if eps is None else non_negative("RMSNorm: eps", eps)
        self.elementwise_affine = yes_or_no("RMSNorm: elementwise_affine", elementwise_affine)
        dtype = floating_dtype("RMSNorm: dtype", dtype)
        self.make_affine(self.normalized_shape, self.elementwise_affine, False, dtype)
        del self.bias

    def forward(self, x: Any) -> Any:
        return functions.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _shape(where: str, value: Any) -> tuple[int, ...]:
    return tuple(positive_ints(where, value)) if isinstance(value, list | tuple) else (positive_int(where, value),)


class GroupNorm(_Normalization):
    """weight (x - mean) / sqrt(var + eps) + bias, for each example, over each group of its channels (Wu and He, 2018,
    arXiv:1803.08494).

    Args:
        num_groups: into which the channels are split.
        num_channels: C, a multiple of num_groups.
        eps: is added to the variance.
        affine: whether there are a weight, of ones at first, and a bias, of zeros, for each channel.
        bias: False for a weight alone.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, C, ...), it gives the same shape. Its parameters are `weight` and `bias`, (C,), or None.

    Raises:
        ValueError: an argument is out of range; called: x has another shape, or groups of one number.
        TypeError: an argument isn't a bool, or dtype isn't floating; called: x isn't real numbers.

    >>> GroupNorm(2, 4, eps=0.0, affine=False)(np.array([[1.0, 3.0, 0.0, 8.0]]))
    array([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
    ):
        self.num_groups = positive_int("GroupNorm: num_groups", num_groups)
        self.num_channels = positive_int("GroupNorm: num_channels", num_channels)
        if self.num_channels % self.num_groups:
            raise ValueError(
                f"GroupNorm: num_channels={num_channels!r} must be a multiple of num_groups={num_groups!r}"
            )
        self.eps, self.affine = non_negative("GroupNorm: eps", eps), yes_or_no("GroupNorm: affine", affine)
        bias, dtype = yes_or_no("GroupNorm: bias", bias), floating_dtype("GroupNorm: dtype", dtype)
        self.make_affine(self.num_channels, self.affine, bias, dtype)

    def forward(self, x: Any) -> Any:
        x = as_numbers("GroupNorm", "the input", x, "f")
        if x.shape[1:2] != (self.num_channels,):
            raise ValueError(f"{self!r}: the input must have the shape (N, {self.num_channels}, ...), not {x.shape}")
        return functions.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LocalResponseNorm(Module):
    """x / (k + alpha mean(x^2))^beta, the mean over neighbouring channels: `functions.local_response_norm`.

    Args:
        size: how many neighbours.
        alpha, beta, k: of the formula.

    Called with x of shape (N, C, L, ...), it gives the same shape.

    Raises:
        ValueError: an argument is out of range; called: x has another shape.
        TypeError: called: x isn't real numbers.

    >>> LocalResponseNorm(2)(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        self.size = positive_int("LocalResponseNorm: size", size)
        self.alpha = real_number("LocalResponseNorm: alpha", alpha)
        self.beta = real_number("LocalResponseNorm: beta", beta)
        self.k = real_number("LocalResponseNorm: k", k)

    def forward(self, x: Any) -> Any:
        return functions.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
