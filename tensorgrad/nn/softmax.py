"""Layers of a softmax along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functions
from ..arguments import dim_is_axis, is_int
from ..derivatives.arrays import as_numbers
from .activations import Activation

__all__ = ["Softmax", "Softmax2d", "LogSoftmax", "Softmin"]


class _AlongAxis(Activation):
    """A function along an axis, also called `dim`; where none was given, along the last of a vector or a matrix, which
    PyTorch takes there, too."""

    function: ClassVar[Callable[..., Any]]

    @dim_is_axis
    def __init__(self, axis: int | None = None):
        if axis is not None and not is_int(axis):
            raise TypeError(f"{type(self).__name__}: axis must be an int, or None, not {axis!r}")
        self.axis = None if axis is None else int(axis)

    def forward(self, x: Any) -> Any:
        name, axis = type(self).__name__, self.axis
        x = as_numbers(name, "the input", x)
        if axis is None and x.ndim not in (1, 2):
            raise ValueError(
                f"{name}: an axis is needed for an input of shape {x.shape}; make the layer with axis=-1 for the last, "
                f"or axis=1 for the channels"
            )
        return self.function(x, -1 if axis is None else axis)


class Softmax(_AlongAxis):
    """exp(x) / sum(exp(x)) along an axis, which may be left out for x of one or two axes: `functions.softmax`.

    >>> Softmax(dim=0)([1e4, 0.0, 1e4])
    array([0.5, 0. , 0.5])
    """

    function = staticmethod(functions.softmax)


class LogSoftmax(_AlongAxis):
    """log(softmax(x)) along an axis, which may be left out for x of one or two axes: `functions.log_softmax`.

    >>> LogSoftmax(dim=0)([1e4, 0.0])
    array([     0., -10000.])
    """

    function = staticmethod(functions.log_softmax)


class Softmin(_AlongAxis):
    """softmax(-x) along an axis, which may be left out for x of one or two axes: `functions.softmin`.

    >>> Softmin(dim=0)([0.0, 0.0, 1e4])
    array([0.5, 0.5, 0. ])
    """

    function = staticmethod(functions.softmin)


class Softmax2d(Activation):
    """softmax over the channels, at each place of images (N, C, H, W) or (C, H, W).

    >>> Softmax2d()([[[0.0]], [[0.0]]])
    array([[[0.5]],
    <BLANKLINE>
           [[0.5]]])
    """

    def forward(self, x: Any) -> Any:
        x = as_numbers("Softmax2d", "the input", x)
        if x.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: the input must be (N, C, H, W) or (C, H, W), not of shape {x.shape}")
        return functions.softmax(x, -3)
