"""Pooling: the maximum, the mean or a norm of what lies in each of the windows that slide over an array."""

from __future__ import annotations

from typing import Any

from . import windows

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d",
    "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip


def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 4.0]]), 2)
    array([[3., 4.]])
    """
    return windows.max_pool("max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window that slides over images; its gradient goes to the first element that is the maximum.

    Args:
        x: (N, C, H, W), or (C, H, W).
        kernel_size: the height and width of a window, or an int for both.
        stride: from one window to the next, alike; None for kernel_size, so that they stand side by side.
        padding: how far windows reach over each edge, at most half of one; nothing there is a maximum.
        dilation: from one element of a window to the next.
        ceil_mode: whether a window that reaches over the end is counted, too.
        return_indices: whether indices are returned as well: row * W + column of each maximum, or of the last nan.

    Returns:
        (N, C, oH, oW), or (C, oH, oW), with oH = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1,
        and oW alike, as `torch.nn.functional.max_pool2d`; or that and the indices, an array of ints.

    Raises:
        ValueError: another shape, windows that are larger than x, or an argument out of range.
        TypeError: x isn't real numbers, or ceil_mode or return_indices no bool.

    >>> from tensorgrad import Tensor
    >>> x = Tensor([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 7.0, 7.0]]])
    >>> max_pool2d(x, 2)
    Tensor([[[5. 7.]]])
    >>> max_pool2d(x, 2, return_indices=True)[1]
    array([[[1, 6]]])
    """
    return windows.max_pool("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> max_pool3d(np.ones((1, 2, 4, 6)), 2).shape
    (1, 1, 2, 3)
    """
    return windows.max_pool("max_pool3d", 3, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """`avg_pool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 4.0]]), 2)
    array([[2., 3.]])
    """
    return windows.avg_pool("avg_pool1d", 1, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window that slides over images.

    Args:
        x: (N, C, H, W), or (C, H, W).
        kernel_size: the height and width of a window, or an int for both.
        stride: from one window to the next, alike; None for kernel_size, so that they stand side by side.
        padding: how far windows reach over each edge, where zeros are; at most half of a window.
        ceil_mode: whether a window that reaches over the end is counted, too.
        count_include_pad: whether the zeros count in the mean.
        divisor_override: what the sum is divided by, in place of the number of elements.

    Returns:
        (N, C, oH, oW), or (C, oH, oW), with oH = floor((H + 2 padding - kernel_size) / stride) + 1, and oW alike, as
        `torch.nn.functional.avg_pool2d`.

    Raises:
        ValueError: another shape, windows that are larger than x, or an argument out of range.
        TypeError: x isn't real numbers, or ceil_mode or count_include_pad no bool.

    >>> from tensorgrad import Tensor
    >>> avg_pool2d(Tensor([[[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 7.0, 7.0]]]), 2)
    Tensor([[[3. 4.]]])
    """
    return windows.avg_pool(
        "avg_pool2d", 2, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """`avg_pool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> avg_pool3d(np.ones((1, 2, 4, 6)), 2).shape
    (1, 1, 2, 3)
    """
    return windows.avg_pool(
        "avg_pool3d", 3, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(x: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """`lp_pool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> lp_pool1d(np.array([[3.0, 4.0, 0.0, 2.0]]), 2, 2)
    array([[5., 2.]])
    """
    return windows.lp_pool("lp_pool1d", 1, x, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(x: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window that slides over images, (sum of x**p)**(1/p), p the norm_type.

    Args:
        x: (N, C, H, W), or (C, H, W).
        norm_type: p, not 0; with inf or -inf the largest or the smallest absolute value. Of an odd p the powers keep
            their signs, and a negative sum has no root.
        kernel_size: the height and width of a window, or an int for both.
        stride: from one window to the next, alike; None for kernel_size, so that they stand side by side.
        ceil_mode: whether a window that reaches over the end is counted, too; its sum is scaled up to a whole window.

    Returns:
        (N, C, oH, oW), or (C, oH, oW), as `torch.nn.functional.lp_pool2d`; the gradient at 0 is 0.

    Raises:
        ValueError: another shape, windows that are larger than x, or an argument out of range.
        TypeError: x isn't real numbers, or ceil_mode no bool.

    >>> from tensorgrad import Tensor
    >>> lp_pool2d(Tensor([[[1.0, 1.0, 2.0, 0.0], [1.0, 1.0, 0.0, 0.0]]]), 2, 2)
    Tensor([[[2. 2.]]])
    """
    return windows.lp_pool("lp_pool2d", 2, x, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(x: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """`lp_pool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> lp_pool3d(np.ones((1, 2, 4, 6)), 2, 2).shape
    (1, 1, 2, 3)
    """
    return windows.lp_pool("lp_pool3d", 3, x, norm_type, kernel_size, stride, ceil_mode)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """`adaptive_avg_pool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> adaptive_avg_pool1d(np.array([[1.0, 2.0, 4.0]]), 2)
    array([[1.5, 3. ]])
    """
    return windows.adaptive_avg_pool("adaptive_avg_pool1d", 1, x, output_size)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """The mean of each of so many windows, which take up the whole image: the i-th of m on an axis of n goes from
    floor(i n / m) to ceil((i + 1) n / m).

    Args:
        x: (N, C, H, W), or (C, H, W).
        output_size: how many windows there are on H and on W, or an int for both; None for as many as there are rows,
            or columns.

    Returns:
        (N, C, *output_size), or (C, *output_size), as `torch.nn.functional.adaptive_avg_pool2d`.

    Raises:
        ValueError: another shape, or an output_size that isn't positive.
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> adaptive_avg_pool2d(Tensor([[[1.0, 5.0, 3.0], [3.0, 3.0, 7.0]]]), (1, 2))
    Tensor([[[3.  4.5]]])
    """
    return windows.adaptive_avg_pool("adaptive_avg_pool2d", 2, x, output_size)


def adaptive_avg_pool3d(x: Any, output_size: Any) -> Any:
    """`adaptive_avg_pool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> adaptive_avg_pool3d(np.ones((2, 4, 3, 2)), 2).shape
    (2, 2, 2, 2)
    """
    return windows.adaptive_avg_pool("adaptive_avg_pool3d", 3, x, output_size)


def adaptive_max_pool1d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> adaptive_max_pool1d(np.array([[1.0, 2.0, 4.0]]), 2)
    array([[2., 4.]])
    """
    return windows.adaptive_max_pool("adaptive_max_pool1d", 1, x, output_size, return_indices)


def adaptive_max_pool2d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maximum of each of so many windows, which are those of `adaptive_avg_pool2d`.

    Args:
        x: (N, C, H, W), or (C, H, W).
        output_size: how many windows there are on H and on W, or an int for both; None for as many as there are rows,
            or columns.
        return_indices: whether indices are returned as well: row * W + column of each maximum.

    Returns:
        (N, C, *output_size), or (C, *output_size), as `torch.nn.functional.adaptive_max_pool2d`; or that and the
        indices, an array of ints.

    Raises:
        ValueError: another shape, or an output_size that isn't positive.
        TypeError: x isn't real numbers, or return_indices no bool.

    >>> from tensorgrad import Tensor
    >>> adaptive_max_pool2d(Tensor([[[1.0, 5.0, 3.0], [3.0, 3.0, 7.0]]]), (1, 2))
    Tensor([[[5. 7.]]])
    """
    return windows.adaptive_max_pool("adaptive_max_pool2d", 2, x, output_size, return_indices)


def adaptive_max_pool3d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> adaptive_max_pool3d(np.ones((2, 4, 3, 2)), 2).shape
    (2, 2, 2, 2)
    """
    return windows.adaptive_max_pool("adaptive_max_pool3d", 3, x, output_size, return_indices)


def max_unpool1d(
    x: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """`max_unpool2d` with one axis: x is (N, C, W) or (C, W).

    >>> import numpy as np
    >>> max_unpool1d(np.array([[5.0, 7.0]]), np.array([[1, 2]]), 2)
    array([[0., 5., 7., 0.]])
    """
    return windows.max_unpool("max_unpool1d", 1, x, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    x: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """Maxima back to where they were, and zeros elsewhere: the reverse of `max_pool2d`, as far as it has one.

    Args:
        x: (N, C, H, W), or (C, H, W).
        indices: ints of the same shape, those that max_pool2d returns with return_indices=True. Where several are the
            same, one of the elements is taken.
        kernel_size, stride, padding: those of max_pool2d.
        output_size: the sizes of the result, where those of several images have given x's; None for
            (H - 1) stride - 2 padding + kernel_size.

    Returns:
        (N, C, oH, oW), or (C, oH, oW), as `torch.nn.functional.max_unpool2d`.

    Raises:
        ValueError: another shape, indices outside of the result, or an argument out of range.
        TypeError: x isn't real numbers.

    >>> import numpy as np
    >>> from tensorgrad import Tensor
    >>> max_unpool2d(Tensor([[[5.0, 7.0]]]), np.array([[[1, 6]]]), 2)
    Tensor([[[0. 5. 0. 0.]
             [0. 0. 7. 0.]]])
    """
    return windows.max_unpool("max_unpool2d", 2, x, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    x: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """`max_unpool2d` with three axes: x is (N, C, D, H, W) or (C, D, H, W).

    >>> import numpy as np
    >>> max_unpool3d(np.ones((1, 1, 1, 2)), np.array([[[[1, 2]]]]), 2).shape
    (1, 2, 2, 4)
    """
    return windows.max_unpool("max_unpool3d", 3, x, indices, kernel_size, stride, padding, output_size)
