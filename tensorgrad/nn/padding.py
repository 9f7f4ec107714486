"""Layers that lengthen the last axes at their ends, by `functional.pad`; a negative width shortens them."""

from __future__ import annotations

from typing import Any

from ..arguments import LARGEST, each_axis
from ..derivatives.arrays import as_numbers
from ..functions.padding import number, padded
from ..module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Pads the last `axes` axes. `padding` is an int, for all ends, or (left, right, top, bottom, front, back) as far
    as there are axes. Called with x of shape (N, C, ...) or (C, ...), it gives the axes n + before + after.

    Raises:
        ValueError: padding isn't that, or doesn't fit x.
        TypeError: x isn't numbers.
    """

    axes: int
    mode: str

    def __init__(self, padding: Any):
        self.padding = each_axis(f"{type(self).__name__}: padding", padding, 2 * self.axes, -LARGEST)

    def forward(self, x: Any) -> Any:
        return padded(type(self).__name__, self.checked(x), self.padding, self.mode)

    def checked(self, x: Any) -> Any:
        x = as_numbers(type(self).__name__, "x", x)
        if x.ndim not in (self.axes + 1, self.axes + 2):
            sizes = ", ".join(["D", "H", "W"][-self.axes :])
            raise ValueError(f"{self!r}: x must be (N, C, {sizes}) or (C, {sizes}), not of shape {x.shape}")
        return x

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = number(f"{type(self).__name__}: value", value)

    def forward(self, x: Any) -> Any:
        return padded(type(self).__name__, x, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """Pads the last axis with one number; padding is (left, right) or an int.

    >>> import numpy as np
    >>> ConstantPad1d((2, 1), 0.5)(np.array([[1.0, 2.0, 3.0]]))
    array([[0.5, 0.5, 1. , 2. , 3. , 0.5]])
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """Pads the last two axes with one number; padding is (left, right, top, bottom) or an int.

    >>> import numpy as np
    >>> ConstantPad2d((1, 2, 0, 1), 0.5)(np.ones((2, 3, 3))).shape
    (2, 4, 6)
    """

    axes = 2


class ConstantPad3d(_ConstantPad):
    """Pads the last three axes with one number; padding is (left, right, top, bottom, front, back) or an int.

    >>> import numpy as np
    >>> ConstantPad3d((1, 1, 0, 2, 1, 0), 0.5)(np.ones((2, 3, 3, 3))).shape
    (2, 4, 5, 5)
    """

    axes = 3


class ZeroPad1d(_ZeroPad):
    """Pads the last axis with zeros; padding is (left, right) or an int.

    >>> import numpy as np
    >>> ZeroPad1d((2, 1))(np.array([[1.0, 2.0, 3.0]]))
    array([[0., 0., 1., 2., 3., 0.]])
    """

    axes = 1


class ZeroPad2d(_ZeroPad):
    """Pads the last two axes with zeros; padding is (left, right, top, bottom) or an int.

    >>> import numpy as np
    >>> ZeroPad2d((1, 2, 0, 1))(np.ones((2, 3, 3))).shape
    (2, 4, 6)
    """

    axes = 2


class ZeroPad3d(_ZeroPad):
    """Pads the last three axes with zeros; padding is (left, right, top, bottom, front, back) or an int.

    >>> import numpy as np
    >>> ZeroPad3d((1, 1, 0, 2, 1, 0))(np.ones((2, 3, 3, 3))).shape
    (2, 4, 5, 5)
    """

    axes = 3


class ReflectionPad1d(_ReflectionPad):
    """Pads the last axis with what is there, as in a mirror at the end; padding is (left, right) or an int.

    >>> import numpy as np
    >>> ReflectionPad1d((2, 1))(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 2., 1., 2., 3., 2.]])
    """

    axes = 1


class ReflectionPad2d(_ReflectionPad):
    """Pads the last two axes with what is there, as in a mirror at the end; `padding` is an int, or
    (left, right, top, bottom).

    >>> import numpy as np
    >>> ReflectionPad2d((1, 2, 0, 1))(np.ones((2, 3, 3))).shape
    (2, 4, 6)
    """

    axes = 2


class ReflectionPad3d(_ReflectionPad):
    """Pads the last three axes with what is there, as in a mirror at the end; `padding` is an int, or
    (left, right, top, bottom, front, back).

    >>> import numpy as np
    >>> ReflectionPad3d((1, 1, 0, 2, 1, 0))(np.ones((2, 3, 3, 3))).shape
    (2, 4, 5, 5)
    """

    axes = 3


class ReplicationPad1d(_ReplicationPad):
    """Pads the last axis with the last number that is there; padding is (left, right) or an int.

    >>> import numpy as np
    >>> ReplicationPad1d((2, 1))(np.array([[1.0, 2.0, 3.0]]))
    array([[1., 1., 1., 2., 3., 3.]])
    """

    axes = 1


class ReplicationPad2d(_ReplicationPad):
    """Pads the last two axes with the last number that is there; padding is (left, right, top, bottom) or an int.

    >>> import numpy as np
    >>> ReplicationPad2d((1, 2, 0, 1))(np.ones((2, 3, 3))).shape
    (2, 4, 6)
    """

    axes = 2


class ReplicationPad3d(_ReplicationPad):
    """Pads the last three axes with the last number that is there; `padding` is an int, or
    (left, right, top, bottom, front, back).

    >>> import numpy as np
    >>> ReplicationPad3d((1, 1, 0, 2, 1, 0))(np.ones((2, 3, 3, 3))).shape
    (2, 4, 5, 5)
    """

    axes = 3


class CircularPad1d(_CircularPad):
    """Pads the last axis with what stands at the other end; padding is (left, right) or an int.

    >>> import numpy as np
    >>> CircularPad1d((2, 1))(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3., 1., 2., 3., 1.]])
    """

    axes = 1


class CircularPad2d(_CircularPad):
    """Pads the last two axes with what stands at the other end; padding is (left, right, top, bottom) or an int.

    >>> import numpy as np
    >>> CircularPad2d((1, 2, 0, 1))(np.ones((2, 3, 3))).shape
    (2, 4, 6)
    """

    axes = 2


class CircularPad3d(_CircularPad):
    """Pads the last three axes with what stands at the other end; `padding` is an int, or
    (left, right, top, bottom, front, back).

    >>> import numpy as np
    >>> CircularPad3d((1, 1, 0, 2, 1, 0))(np.ones((2, 3, 3, 3))).shape
    (2, 4, 5, 5)
    """

    axes = 3
