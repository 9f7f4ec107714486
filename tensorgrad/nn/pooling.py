"""Pooling layers: the maximum, the mean or a norm of what lies in each of the windows that slide over an array."""

from __future__ import annotations

from typing import Any

from ..arguments import each_axis, yes_or_no
from ..functions import windows
from ..module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _Pool(Module):
    """Windows of kernel_size, a stride from one another (None: kernel_size), on so many axes."""

    axes: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0):
        sizes = windows.window_sizes(type(self).__name__, self.axes, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = sizes

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _MaxPool(_Pool):
    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ):  # fmt: skip
        super().__init__(kernel_size, stride, padding)
        name = type(self).__name__
        self.dilation = each_axis(f"{name}: dilation", dilation, self.axes, 1)
        self.return_indices = yes_or_no(f"{name}: return_indices", return_indices)
        self.ceil_mode = yes_or_no(f"{name}: ceil_mode", ceil_mode)

    def forward(self, x: Any) -> Any:
        name, args = type(self).__name__, (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return windows.max_pool(name, self.axes, x, *args, self.return_indices)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class MaxPool1d(_MaxPool):
    """The maximum of each window, y = max of x in it: `functional.max_pool1d`, with its arguments. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> MaxPool1d(2)(np.ones((1, 3, 4))).shape
    (1, 3, 2)
    """

    axes = 1


class MaxPool2d(_MaxPool):
    """The maximum of each window, y = max of x in it: `functional.max_pool2d`, with its arguments. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> MaxPool2d(2)(np.ones((1, 3, 4, 6))).shape
    (1, 3, 2, 3)
    """

    axes = 2


class MaxPool3d(_MaxPool):
    """The maximum of each window, y = max of x in it: `functional.max_pool3d`, with its arguments. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> MaxPool3d(2)(np.ones((1, 3, 4, 6, 8))).shape
    (1, 3, 2, 3, 4)
    """

    axes = 3


class _AvgPool(_Pool):
    divisor_override: int | None = None

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):  # fmt: skip
        super().__init__(kernel_size, stride, padding)
        self.ceil_mode = yes_or_no(f"{type(self).__name__}: ceil_mode", ceil_mode)
        self.count_include_pad = yes_or_no(f"{type(self).__name__}: count_include_pad", count_include_pad)

    def forward(self, x: Any) -> Any:
        name, args = type(self).__name__, (self.kernel_size, self.stride, self.padding, self.ceil_mode)
        return windows.avg_pool(name, self.axes, x, *args, self.count_include_pad, self.divisor_override)


class _DividedPool(_AvgPool):
    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ):  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = windows.checked_divisor(type(self).__name__, divisor_override)


class AvgPool1d(_AvgPool):
    """The mean of each window: `functional.avg_pool1d`, with its arguments. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> AvgPool1d(2)(np.ones((1, 3, 4))).shape
    (1, 3, 2)
    """

    axes = 1


class AvgPool2d(_DividedPool):
    """The mean of each window: `functional.avg_pool2d`, with its arguments. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> AvgPool2d(2)(np.ones((1, 3, 4, 6))).shape
    (1, 3, 2, 3)
    """

    axes = 2


class AvgPool3d(_DividedPool):
    """The mean of each window: `functional.avg_pool3d`, with its arguments. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> AvgPool3d(2)(np.ones((1, 3, 4, 6, 8))).shape
    (1, 3, 2, 3, 4)
    """

    axes = 3


class _LPPool(_Pool):
    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False):
        super().__init__(kernel_size, stride)
        self.norm_type = windows.norm_exponent(type(self).__name__, norm_type)
        self.ceil_mode = yes_or_no(f"{type(self).__name__}: ceil_mode", ceil_mode)

    def forward(self, x: Any) -> Any:
        name, args = type(self).__name__, (self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
        return windows.lp_pool(name, self.axes, x, *args)

    def extra_repr(self) -> str:
        args = f"kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"
        return f"norm_type={self.norm_type}, {args}"


class LPPool1d(_LPPool):
    """The p-norm of each window, (sum of x**p)**(1/p): `functional.lp_pool1d`, with its arguments. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> LPPool1d(2, 2)(np.ones((1, 3, 4))).shape
    (1, 3, 2)
    """

    axes = 1


class LPPool2d(_LPPool):
    """The p-norm of each window, (sum of x**p)**(1/p): `functional.lp_pool2d`, with its arguments. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> LPPool2d(2, 2)(np.ones((1, 3, 4, 6))).shape
    (1, 3, 2, 3)
    """

    axes = 2


class LPPool3d(_LPPool):
    """The p-norm of each window, (sum of x**p)**(1/p): `functional.lp_pool3d`, with its arguments. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> LPPool3d(2, 2)(np.ones((1, 3, 4, 6, 8))).shape
    (1, 3, 2, 3, 4)
    """

    axes = 3


class _AdaptivePool(Module):
    axes: int

    def __init__(self, output_size: Any):
        self.output_size = windows.output_sizes(type(self).__name__, output_size, self.axes)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveAvgPool(_AdaptivePool):
    def forward(self, x: Any) -> Any:
        return windows.adaptive_avg_pool(type(self).__name__, self.axes, x, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The mean of each of output_size windows: `functional.adaptive_avg_pool1d`. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> AdaptiveAvgPool1d(2)(np.ones((1, 3, 4))).shape
    (1, 3, 2)
    """

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean of each of output_size windows: `functional.adaptive_avg_pool2d`. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> AdaptiveAvgPool2d(2)(np.ones((1, 3, 4, 6))).shape
    (1, 3, 2, 2)
    """

    axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The mean of each of output_size windows: `functional.adaptive_avg_pool3d`. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> AdaptiveAvgPool3d(2)(np.ones((1, 3, 4, 6, 8))).shape
    (1, 3, 2, 2, 2)
    """

    axes = 3


class _AdaptiveMaxPool(_AdaptivePool):
    def __init__(self, output_size: Any, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = yes_or_no(f"{type(self).__name__}: return_indices", return_indices)

    def forward(self, x: Any) -> Any:
        return windows.adaptive_max_pool(type(self).__name__, self.axes, x, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maximum of each of output_size windows: `functional.adaptive_max_pool1d`. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> AdaptiveMaxPool1d(2)(np.ones((1, 3, 4))).shape
    (1, 3, 2)
    """

    axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maximum of each of output_size windows: `functional.adaptive_max_pool2d`. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> AdaptiveMaxPool2d(2)(np.ones((1, 3, 4, 6))).shape
    (1, 3, 2, 2)
    """

    axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The maximum of each of output_size windows: `functional.adaptive_max_pool3d`. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> AdaptiveMaxPool3d(2)(np.ones((1, 3, 4, 6, 8))).shape
    (1, 3, 2, 2, 2)
    """

    axes = 3


class _MaxUnpool(_Pool):
    def forward(self, x: Any, indices: Any, output_size: Any = None) -> Any:
        name, args = type(self).__name__, (self.kernel_size, self.stride, self.padding)
        return windows.max_unpool(name, self.axes, x, indices, *args, output_size)


class MaxUnpool1d(_MaxUnpool):
    """Maxima back to where they were, with the indices of a MaxPool1d: `functional.max_unpool1d`. x is (N, C, W)
    or (C, W).

    >>> import numpy as np
    >>> MaxUnpool1d(2)(np.ones((1, 2)), np.reshape([1, 2], (1, 2))).shape
    (1, 4)
    """

    axes = 1


class MaxUnpool2d(_MaxUnpool):
    """Maxima back to where they were, with the indices of a MaxPool2d: `functional.max_unpool2d`. x is (N, C, H, W)
    or (C, H, W).

    >>> import numpy as np
    >>> MaxUnpool2d(2)(np.ones((1, 1, 2)), np.reshape([1, 2], (1, 1, 2))).shape
    (1, 2, 4)
    """

    axes = 2


class MaxUnpool3d(_MaxUnpool):
    """Maxima back to where they were, with the indices of a MaxPool3d: `functional.max_unpool3d`. x is (N, C, D, H, W)
    or (C, D, H, W).

    >>> import numpy as np
    >>> MaxUnpool3d(2)(np.ones((1, 1, 1, 2)), np.reshape([1, 2], (1, 1, 1, 2))).shape
    (1, 2, 2, 4)
    """

    axes = 3
