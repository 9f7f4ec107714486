"""Dropout: numbers, or whole channels, that are left out at random while a network is trained.

What is left out is drawn outside of what is recorded. So a gradient, of any order, leaves out the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import probability, yes_or_no
from ..derivatives.arrays import as_numbers, inside
from .randomness import drawn, source

__all__ = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"]


# What selu comes to far below 0: -scale * alpha (Klambauer, Unterthiner, Mayr and Hochreiter, 2017, arXiv:1706.02515).
_SELU_FLOOR = -1.7580993408473766


def _kept(x: Any, axes: int, p: float, rng: Any) -> Any:
    """Ones for what is kept, each with probability 1 - p, and zeros: along all but the first axes the same."""
    return drawn(inside(x), rng, lambda rng, shape: rng.random(shape, dtype=np.float32) >= p, axes)


def _checked(name: str, x: Any, p: Any, training: Any, rng: Any, kinds: str = "fc") -> tuple[Any, float, Any]:
    """x, p (of 0 where nothing is to be left out) and what is drawn from."""
    x, p = as_numbers(name, "x", x, kinds), probability(f"{name}: p", p)
    return x, p if yes_or_no(f"{name}: training", training) else 0.0, source(f"{name}: rng", rng)


def _dropped(x: Any, axes: int, p: float, rng: Any) -> Any:
    """x times a mask of 0 and 1 / (1 - p)."""
    if p == 0:
        return x
    mask = _kept(x, axes, p, rng)
    mask *= 1 / (1 - p) if p < 1 else 0
    return np.multiply(x, mask)


def _dropped_to_floor(x: Any, axes: int, p: float, rng: Any) -> Any:
    """a m x + b, where the mask m is 1, or 0 for floor in the place of x; a and b keep mean 0 and variance 1."""
    if p == 0:
        return x
    mask = _kept(x, axes, p, rng)
    if p == 1:
        return np.multiply(x, mask)
    a = 1 / math.sqrt((1 - p) * (1 + p * _SELU_FLOOR**2))
    mask *= a
    return np.multiply(x, mask) + _SELU_FLOOR * (a * (1 - p) - mask)


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """x with each number set to 0 with probability p, and the others divided by 1 - p, so that the mean stays
    (Srivastava et al., Dropout, 2014).

    Args:
        x: any shape.
        p: the probability, from 0 to 1.
        training: False for x as it is.
        rng: a `numpy.random.Generator`, which goes on with each call, and inside `vmap` with each example; or a seed,
            which gives the same each time.

    Raises:
        ValueError: p is out of range.
        TypeError: x isn't numbers, training isn't a bool, or rng neither a Generator nor a seed.

    >>> from tensorgrad import Tensor
    >>> dropout(Tensor([1.0, 2.0, 3.0, 4.0]), p=0.5, rng=1)
    Tensor([0. 4. 6. 8.])
    """
    x, p, rng = _checked("dropout", x, p, training, rng)
    return _dropped(x, x.ndim, p, rng)


def _channels_dropped(name: str, where: str, dims: tuple[int, int], x: Any, p: float, training: bool, rng: Any) -> Any:
    x, p, rng = _checked(name, x, p, training, rng)
    if x.ndim not in dims:
        raise ValueError(f"{name}: x must be {where}, not of shape {x.shape}")
    return _dropped(x, 2 if x.ndim == max(dims) or name == "dropout2d" else 1, p, rng)


def dropout1d(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """`dropout` of whole channels, for neighbours in one tell the same (Tompson et al., 2015, arXiv:1411.4280).

    Args:
        x: (N, C, L) or (C, L)
        p, training, rng: as of `dropout`.

    Raises:
        ValueError: x has another shape, or p is out of range.
        TypeError: x isn't numbers, training isn't a bool, or rng neither a Generator nor a seed.

    >>> dropout1d(np.ones((3, 2)), rng=1)
    array([[0., 0.],
           [2., 2.],
           [2., 2.]])
    """
    return _channels_dropped("dropout1d", "(N, C, L) or (C, L)", (2, 3), x, p, training, rng)


def dropout2d(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """`dropout` of whole channels, as `dropout1d`, of x of shape (N, C, H, W) or (N, C, L).

    >>> dropout2d(np.ones((1, 3, 5, 5)), rng=1)[0, :, 0, 0]
    array([0., 2., 2.])
    """
    return _channels_dropped("dropout2d", "(N, C, H, W) or (N, C, L)", (3, 4), x, p, training, rng)


def dropout3d(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """`dropout` of whole channels, as `dropout1d`, of x of shape (N, C, D, H, W) or (C, D, H, W).

    >>> dropout3d(np.ones((3, 5, 5, 5)), rng=1)[:, 0, 0, 0]
    array([0., 2., 2.])
    """
    return _channels_dropped("dropout3d", "(N, C, D, H, W) or (C, D, H, W)", (4, 5), x, p, training, rng)


def alpha_dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """`dropout` for networks of `selu`: to selu's lowest value in place of 0, then scaled and shifted so that the mean
    0 and the variance 1 stay (Klambauer, Unterthiner, Mayr and Hochreiter, 2017, arXiv:1706.02515).

    Args:
        x: any shape.
        p, training, rng: as of `dropout`. With p = 1 all is 0.

    Raises:
        ValueError: p is out of range.
        TypeError: x isn't real numbers, training isn't a bool, or rng neither a Generator nor a seed.

    >>> y = alpha_dropout(np.random.default_rng(0).normal(size=100_000), p=0.2, rng=1)
    >>> bool(abs(y.mean()) < 0.01), bool(abs(y.std() - 1) < 0.01)
    (True, True)
    """
    x, p, rng = _checked("alpha_dropout", x, p, training, rng, "f")
    return _dropped_to_floor(x, x.ndim, p, rng)


def feature_alpha_dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """`alpha_dropout` of whole channels.

    Args:
        x: (N, C, ...)
        p, training, rng: as of `dropout`. With p = 1 all is 0.

    Raises:
        ValueError: x has another shape, or p is out of range.
        TypeError: x isn't real numbers, training isn't a bool, or rng neither a Generator nor a seed.

    >>> feature_alpha_dropout(np.zeros((1, 3, 5)), rng=1)[0, :, 0].round(3)
    array([-0.779,  0.779,  0.779])
    """
    x, p, rng = _checked("feature_alpha_dropout", x, p, training, rng, "f")
    if x.ndim < 2:
        raise ValueError(f"feature_alpha_dropout: x must be (N, C, ...), not of shape {x.shape}")
    return _dropped_to_floor(x, 2, p, rng)
