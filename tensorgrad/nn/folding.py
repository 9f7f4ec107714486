"""Windows of images as columns, and back."""

from __future__ import annotations

from typing import Any

from ..arguments import each_axis
from ..functions.convolution import folded, unfolded
from ..module import Module

__all__ = ["Fold", "Unfold"]


class _Windows(Module):
    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1):
        name = type(self).__name__
        self.kernel_size = each_axis(f"{name}: kernel_size", kernel_size, 2, 1)
        self.dilation = each_axis(f"{name}: dilation", dilation, 2, 1)
        self.padding = each_axis(f"{name}: padding", padding, 2, 0)
        self.stride = each_axis(f"{name}: stride", stride, 2, 1)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Unfold(_Windows):
    """The windows that a filter sees as it slides over images, each as a column, as `torch.nn.Unfold`.

    Args:
        kernel_size: the height and width of the windows, an int or a pair.
        dilation, padding, stride: an int or a pair, as of `Conv2d`.

    Called with x of shape (N, C, H, W) or (C, H, W), it gives (N, C kH kW, L) or (C kH kW, L) for L places, row by row.

    Raises:
        ValueError: an argument out of range, or x has another shape or is too small.
        TypeError: x isn't numbers.

    >>> import numpy as np
    >>> Unfold(2)(np.ones((5, 3, 4, 4))).shape
    (5, 12, 9)
    """

    def forward(self, x: Any) -> Any:
        return unfolded("Unfold", x, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(_Windows):
    """Columns back in their places in images, where windows that overlap are added up, as `torch.nn.Fold`: the
    transpose of `Unfold`.

    Args:
        output_size: the height and width of the images, an int or a pair.
        kernel_size: the height and width of the windows, an int or a pair.
        dilation, padding, stride: an int or a pair, as of `Conv2d`.

    Called with x of shape (N, C kH kW, L) or (C kH kW, L), L windows row by row, it gives (N, C, H, W) or (C, H, W).

    Raises:
        ValueError: an argument out of range, or x has another shape.
        TypeError: x isn't numbers.

    >>> import numpy as np
    >>> Fold(4, 2)(np.ones((5, 12, 9))).shape
    (5, 3, 4, 4)
    """

    def __init__(self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1):
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = each_axis("Fold: output_size", output_size, 2, 1)

    def forward(self, x: Any) -> Any:
        return folded("Fold", x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, {super().extra_repr()}"
