"""What parameters are at first: `init.xavier_uniform_(layer.weight, rng=0)` draws them anew.

Names, arguments and distributions are those of `torch.nn.init`; `rng` takes the place of its generator. Each function
changes the data of a Tensor in place, be it frozen or a constant, and returns the Tensor. A graph that used the old
data can't go backward any more. The weight of a layer has the shape (out, in, *kernel): a unit reads
fan_in = in * (size of the kernel) numbers, and is read by fan_out = out * (size of the kernel).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arguments import MOST, generator, non_negative, one_of, positive, positive_int, probability, real_number
from ..tensor import Tensor

__all__ = [
    "uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_", "dirac_",
    "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_",
    "calculate_gain",
]  # fmt: skip


def uniform(shape: tuple[int, ...], limit: float, rng: np.random.Generator, dtype: Any, name: str) -> Tensor:
    """A parameter of this shape and name, drawn evenly from -limit to limit: how layers make theirs."""
    if np.prod([float(n) for n in shape]) > MOST:
        raise ValueError(f"{name} of shape {shape} is more than an array can hold")
    return Tensor(rng.uniform(-limit, limit, shape).astype(dtype), name=name)


# One distribution for all ---------------------------------------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, *, rng: Any = None) -> Tensor:
    """Draw every number evenly from a to b.

    Args:
        tensor: what is changed.
        a, b: the bounds.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: a bound isn't a finite number, or b is below a.

    >>> w = Tensor(np.zeros((2, 3)))
    >>> uniform_(w, -1, 1, rng=0) is w
    True
    """
    a, b = real_number("uniform_: a", a), real_number("uniform_: b", b)
    if not 0 <= b - a < math.inf:
        raise ValueError(f"uniform_: b must not be below a, nor infinitely far above it; a = {a} and b = {b}")
    return _drawn(tensor, "uniform_", rng, lambda rng, shape: rng.uniform(a, b, shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, rng: Any = None) -> Tensor:
    """Draw every number from the normal distribution of this mean and standard deviation.

    Args:
        tensor: what is changed.
        mean, std: of the distribution.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: mean isn't a finite number, std isn't one or is negative.

    >>> normal_(Tensor(np.zeros(10000)), 5, 2, rng=0).data.mean().round(1)
    np.float64(5.0)
    """
    mean, std = real_number("normal_: mean", mean), non_negative("normal_: std", std)
    return _drawn(tensor, "normal_", rng, lambda rng, shape: rng.normal(mean, std, shape))


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *, rng: Any = None
) -> Tensor:
    """Draw every number from the normal distribution of this mean and standard deviation, but only between a and b.

    Args:
        tensor: what is changed.
        mean, std: of the normal distribution, before it is cut off.
        a, b: the bounds, in the units of the numbers (not of std); they may be infinite.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: mean, std, a or b isn't a number, std isn't above 0, or a isn't below b.

    The numbers are exact for bounds anywhere, also far out in a tail: drawn evenly, and kept with a probability that
    goes as the density (rejection; Robert, Simulation of truncated normal variables, 1995, arXiv:0907.4010).

    >>> w = trunc_normal_(Tensor(np.zeros(1000)), std=0.02, a=-0.04, b=0.04, rng=0)
    >>> bool(abs(w).max() <= 0.04)
    True
    """
    mean, std = real_number("trunc_normal_: mean", mean), positive("trunc_normal_: std", std)
    a, b = (v if _is_infinite(v) else real_number(f"trunc_normal_: {s}", v) for s, v in (("a", a), ("b", b)))
    if not a < b:
        raise ValueError(f"trunc_normal_: a must be below b, but a = {a} and b = {b}")
    low, high = (a - mean) / std, (b - mean) / std
    return _drawn(
        tensor,
        "trunc_normal_",
        rng,
        lambda rng, shape: np.clip(mean + std * _truncated(low, high, rng, math.prod(shape)), a, b).reshape(shape),
    )


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isinf(value)


def _truncated(low: float, high: float, rng: np.random.Generator, size: int) -> np.ndarray:
    """Standard normal numbers between low and high, by rejection."""
    peak = min(max(low, 0.0), high)  # where the density is highest, exp(-peak^2 / 2)
    most = math.sqrt(peak**2 + 80)  # beyond it the density is exp(-40) of that, and no number would be drawn
    low, high = max(low, -most), min(high, most)
    numbers, missing = np.empty(size), np.arange(size)
    while missing.size:
        drawn = rng.uniform(low, high, missing.size)
        numbers[missing] = drawn
        missing = missing[rng.uniform(size=missing.size) >= np.exp((peak**2 - drawn**2) / 2)]
    return numbers


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every number to val.

    Raises:
        TypeError: tensor isn't a Tensor.
        ValueError: val isn't a number, or is too large for the dtype.

    >>> constant_(Tensor(np.zeros(3)), 0.5)
    Tensor([0.5 0.5 0.5])
    """
    return _set(tensor, "constant_", val if _is_infinite(val) else real_number("constant_: val", val))


def ones_(tensor: Tensor) -> Tensor:
    """Set every number to 1.

    Raises:
        TypeError: tensor isn't a Tensor.

    >>> ones_(Tensor(np.zeros(3)))
    Tensor([1. 1. 1.])
    """
    return _set(tensor, "ones_", 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Set every number to 0.

    Raises:
        TypeError: tensor isn't a Tensor.

    >>> zeros_(Tensor(np.ones(3)))
    Tensor([0. 0. 0.])
    """
    return _set(tensor, "zeros_", 0)


# What leaves the input as it is ---------------------------------------------------------------------------------------


def eye_(tensor: Tensor) -> Tensor:
    """Set a matrix to the identity, of whatever shape: ones on the diagonal. A Linear layer then gives its input, as
    far as it has outputs.

    Raises:
        TypeError: tensor isn't a Tensor.
        ValueError: it isn't a matrix.

    >>> eye_(Tensor(np.zeros((2, 3))))
    Tensor([[1. 0. 0.]
            [0. 1. 0.]])
    """
    rows, columns = _checked(tensor, "eye_", "a matrix", (2,)).shape
    return _set(tensor, "eye_", np.eye(rows, columns))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Set the weight of a convolution so that it gives its input, as far as it has channels: a 1 in the middle of the
    kernel from each channel to the same one of the output, in each group.

    Args:
        tensor: of shape (out, in / groups, *kernel), where the kernel has 1 to 3 axes.
        groups: how many groups of channels the convolution has.

    Raises:
        TypeError: tensor isn't a Tensor.
        ValueError: it has another number of axes, or groups isn't a positive int that divides its length.

    >>> dirac_(Tensor(np.zeros((2, 2, 3))))
    Tensor([[[0. 1. 0.]
             [0. 0. 0.]]
    <BLANKLINE>
            [[0. 0. 0.]
             [0. 1. 0.]]])
    """
    shape = _checked(tensor, "dirac_", "the weight of a convolution", (3, 4, 5)).shape
    groups = positive_int("dirac_: groups", groups)
    if shape[0] % groups:
        raise ValueError(f"dirac_: groups must divide the {shape[0]} output channels of shape {shape}; it is {groups}")
    value, out = np.zeros(shape), shape[0] // groups
    middle: Any = [n // 2 for n in shape[2:]]
    for channel in range(min(out, shape[1]) if value.size else 0):
        value[(slice(channel, None, out), channel, *middle)] = 1  # in each group
    return _set(tensor, "dirac_", value)


# By the numbers of inputs and outputs ---------------------------------------------------------------------------------


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, *, rng: Any = None) -> Tensor:
    """Draw every number evenly, with standard deviation gain * sqrt(2 / (fan_in + fan_out)), so from minus to plus
    sqrt(3) times that.

    (Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.)

    Args:
        tensor: a weight of shape (out, in, *kernel).
        gain: what the standard deviation is multiplied by; see `calculate_gain`.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: it has fewer than two axes, or gain isn't a finite number, or is negative.

    >>> w = xavier_uniform_(Tensor(np.zeros((3, 5))), rng=0)
    >>> bool(abs(w).max() <= (6 / (3 + 5)) ** 0.5)
    True
    """
    return _even(tensor, "xavier_uniform_", rng, _xavier(tensor, "xavier_uniform_", gain))


def xavier_normal_(tensor: Tensor, gain: float = 1.0, *, rng: Any = None) -> Tensor:
    """Draw every number from the normal distribution with mean 0 and standard deviation
    gain * sqrt(2 / (fan_in + fan_out)).

    (Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.)

    Arguments and errors are those of `xavier_uniform_`.

    >>> xavier_normal_(Tensor(np.zeros((100, 100))), rng=0).data.std().round(1)
    np.float64(0.1)
    """
    return _normal(tensor, "xavier_normal_", rng, _xavier(tensor, "xavier_normal_", gain))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Any = None
) -> Tensor:
    """Draw every number evenly, with standard deviation gain / sqrt(fan), so from minus to plus sqrt(3) times that.

    (He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, arXiv:1502.01852.)

    Args:
        tensor: a weight of shape (out, in, *kernel).
        a: the slope of the leaky_relu that follows, for negative numbers; for others it is of no account.
        mode: 'fan_in' keeps the variance in the forward pass, 'fan_out' that of the gradients.
        nonlinearity: what follows, as `calculate_gain` takes it.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: it has fewer than two axes, a isn't a finite number, mode or nonlinearity isn't known.

    >>> w = kaiming_uniform_(Tensor(np.zeros((3, 5))), nonlinearity="relu", rng=0)
    >>> bool(abs(w).max() <= (6 / 5) ** 0.5)
    True
    """
    return _even(tensor, "kaiming_uniform_", rng, _kaiming(tensor, "kaiming_uniform_", a, mode, nonlinearity))


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Any = None
) -> Tensor:
    """Draw every number from the normal distribution with mean 0 and standard deviation gain / sqrt(fan).

    (He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, arXiv:1502.01852.)

    Arguments and errors are those of `kaiming_uniform_`.

    >>> kaiming_normal_(Tensor(np.zeros((100, 200))), nonlinearity="relu", rng=0).data.std().round(1)
    np.float64(0.1)
    """
    return _normal(tensor, "kaiming_normal_", rng, _kaiming(tensor, "kaiming_normal_", a, mode, nonlinearity))


NONLINEARITIES = {  # and their gains; that of leaky_relu goes by its slope
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), 1.0),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1.0),
    "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": None, "selu": 3 / 4,
}  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what the standard deviation of weights is multiplied before a nonlinearity, so that the variance stays.

    Args:
        nonlinearity: 'linear', 'conv1d' to 'conv3d', 'conv_transpose1d' to 'conv_transpose3d' or 'sigmoid', which have
            1; 'tanh', 5 / 3; 'relu', sqrt(2); 'leaky_relu', sqrt(2 / (1 + slope^2)); 'selu', 3 / 4.
        param: the slope of the leaky_relu for negative numbers, 0.01 if None; for others it is of no account.

    Raises:
        ValueError: the nonlinearity isn't known, or param isn't a finite number.

    >>> calculate_gain("leaky_relu", 1)
    1.0
    """
    return _gain("calculate_gain", "param", nonlinearity, param)


def _gain(where: str, parameter: str, nonlinearity: Any, slope: Any) -> float:
    gain = NONLINEARITIES[one_of(f"{where}: nonlinearity", nonlinearity, [*NONLINEARITIES])]
    slope = 0.01 if slope is None else real_number(f"{where}: {parameter}", slope)
    return math.sqrt(2 / (1 + slope * slope)) if gain is None else gain


def _fans(tensor: Any, where: str) -> tuple[int, int]:
    """fan_in and fan_out."""
    shape = _checked(tensor, where, "a weight of shape (out, in, *kernel)", range(2, 65)).shape
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _xavier(tensor: Any, where: str, gain: Any) -> float:
    """The standard deviation."""
    return non_negative(f"{where}: gain", gain) * math.sqrt(2 / max(1, sum(_fans(tensor, where))))


def _kaiming(tensor: Any, where: str, a: Any, mode: Any, nonlinearity: Any) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(tensor, where), strict=True))
    fan = fans[one_of(f"{where}: mode", mode, [*fans])]
    return _gain(where, "a", nonlinearity, real_number(f"{where}: a", a)) / math.sqrt(max(1, fan))


# Matrices -------------------------------------------------------------------------------------------------------------


def orthogonal_(tensor: Tensor, gain: float = 1, *, rng: Any = None) -> Tensor:
    """Draw a matrix Q whose rows are orthonormal, or its columns if they are fewer, times gain: every such matrix is as
    likely as every other. A Tensor of more axes is taken as the matrix of shape (shape[0], the rest).

    Q is that of A = QR, where A is drawn from the normal distribution and the diagonal of R is positive (Saxe,
    McClelland and Ganguli, 2013, arXiv:1312.6120; Mezzadri, 2006, arXiv:math-ph/0609050).

    Args:
        tensor: what is changed, of two axes or more.
        gain: what the matrix is multiplied by.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: it has fewer than two axes, or gain isn't a finite number.

    >>> Q = orthogonal_(Tensor(np.zeros((2, 5))), rng=0)
    >>> bool(np.allclose(Q @ Q.T, np.eye(2)))
    True
    """
    _checked(tensor, "orthogonal_", "a matrix, or have more axes", range(2, 65))
    gain = real_number("orthogonal_: gain", gain)

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        rows, columns = shape[0], math.prod(shape[1:])
        Q, R = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        Q *= gain * np.sign(np.diagonal(R))
        return (Q if rows >= columns else Q.T).reshape(shape)

    return _drawn(tensor, "orthogonal_", rng, draw)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, *, rng: Any = None) -> Tensor:
    """Draw a matrix from the normal distribution with mean 0, and set as many elements of each column to 0.

    (Martens, Deep learning via Hessian-free optimization, 2010.)

    Args:
        tensor: a matrix.
        sparsity: how much of each column is 0, from 0 to 1; of n rows it is ceil(sparsity * n).
        std: the standard deviation of the others.
        rng: a `numpy.random.Generator` or a seed.

    Raises:
        TypeError: tensor isn't a Tensor of real numbers, rng is neither a Generator nor a seed.
        ValueError: it isn't a matrix, sparsity isn't a number from 0 to 1, std isn't finite or is negative.

    >>> (sparse_(Tensor(np.zeros((10, 3))), 0.7, rng=0) == 0).sum(axis=0)
    array([7, 7, 7])
    """
    _checked(tensor, "sparse_", "a matrix", (2,))
    sparsity, std = probability("sparse_: sparsity", sparsity), non_negative("sparse_: std", std)

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        rank = rng.permuted(np.broadcast_to(np.arange(shape[0])[:, None], shape), axis=0)  # of an element in its column
        return np.where(rank < math.ceil(sparsity * shape[0]), 0.0, rng.normal(0, std, shape))

    return _drawn(tensor, "sparse_", rng, draw)


# What they share ------------------------------------------------------------------------------------------------------


def _even(tensor: Tensor, where: str, rng: Any, std: float) -> Tensor:
    limit = math.sqrt(3) * std  # the variance of the uniform distribution from -limit to limit is limit^2 / 3
    return _drawn(tensor, where, rng, lambda rng, shape: rng.uniform(-limit, limit, shape))


def _normal(tensor: Tensor, where: str, rng: Any, std: float) -> Tensor:
    return _drawn(tensor, where, rng, lambda rng, shape: rng.normal(0, std, shape))


def _drawn(tensor: Any, where: str, rng: Any, draw: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> Tensor:
    """The Tensor, with numbers that draw(rng, shape) gives."""
    rng = generator(f"{where}: rng", rng)
    if _checked(tensor, where).dtype.kind != "f":
        raise TypeError(f"{where}: tensor must be one of real numbers, not {tensor.dtype}")
    return _set(tensor, where, draw(rng, tensor.shape)) if tensor.size else tensor


def _set(tensor: Any, where: str, value: Any) -> Tensor:
    """The Tensor, with the value in its data."""
    data = _checked(tensor, where).data
    with np.errstate(over="ignore"):
        new = np.asarray(value).astype(data.dtype)
    if not np.array_equal(np.isfinite(new), np.isfinite(value)):
        raise ValueError(f"{where}: a number is too large for {data.dtype}")
    if type(data) is np.ndarray and data.flags.writeable:
        data[...] = new
    else:
        data = np.array(np.broadcast_to(new, data.shape), like=data)
    tensor.data = data
    return tensor


def _checked(tensor: Any, where: str, what: str = "", axes: Sequence[int] = ()) -> Tensor:
    """The Tensor, if it is one, and has one of these numbers of axes; else an error that says what it must be."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{where}: tensor must be a Tensor, not a {type(tensor).__name__}")
    if axes and tensor.ndim not in axes:
        raise ValueError(f"{where}: tensor must be {what}, not of shape {tensor.shape}")
    return tensor
