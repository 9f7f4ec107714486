"""In which order an array's elements lie in memory, and results that lie as NumPy's do.

Whether np.reshape of a result is a view of it or a copy, and so whether an assignment into that changes the result,
depends on how the result lies. Arrays that don't tell how they lie are left as they are.
"""

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .chunked import copy_of
from .formulas import formula
from .table import derivative


def inverse(order):
    """The order of axes that undoes an order of axes."""
    return sorted(range(len(order)), key=order.__getitem__)


def index_order(a, order):
    """'A' (as it lies in memory) made definite: 'F' or 'C'."""
    if order == "A":
        return "F" if lies_in_fortran_order(a) else "C"
    return order


def lies_in_fortran_order(a):
    """Whether a lies in that order, and not in C order, too; each array of a batch as it lies in the stack."""
    if hasattr(a, "flags") or not hasattr(a, "strides"):
        return flat_order(a) == "F"
    axes = range(a.ndim)
    return runs_along(a, axes[::-1]) and not runs_along(a, axes)


def memory_axes(a, still=None):
    """The axes of a from the slowest to the fastest in memory, as order='K' reads them: an insertion sort, in which an
    axis along which nothing moves is passed over (NumPy's npyiter_find_best_axis_ordering); `still` counts as one."""
    if not hasattr(a, "strides"):
        return tuple(range(a.ndim))
    axes, steps = [], [0 if i == still else abs(s) for i, s in enumerate(a.strides)]
    for i in reversed(range(len(steps))):  # axes: the fastest first
        place = k = len(axes)
        while k and (not steps[i] or not steps[axes[k - 1]] or steps[i] < steps[axes[k - 1]]):
            k -= 1
            if steps[i] and steps[axes[k]]:
                place = k
        axes.insert(place, i)
    return tuple(reversed(axes))


def copy_axes(a):
    """The same of np.copy(a), to which an axis along which nothing moves is one of small steps, the fastest."""
    return tuple(sorted(range(a.ndim), key=lambda i: -abs(a.strides[i])))


# Results laid out anew where they don't lie as NumPy's do ------------------------------------------------------------


def is_contiguous(a, order="C"):
    """Whether the elements of a lie one behind the other in that order, as far as a can tell."""
    flags = getattr(a, "flags", None)
    return flags is None or (flags.c_contiguous if order == "C" else flags.f_contiguous)


def flat_order(a):
    """The order that NumPy gives a result which is "F" where a is, and else "C"."""
    return "F" if getattr(getattr(a, "flags", None), "fnc", False) else "C"


def in_order(y, order="C"):
    """y if it lies in that order, else a copy that does."""
    return y if is_contiguous(y, order) else copy_of(y, order)


def runs_along(a, axes):
    """Whether the elements of a lie one behind the other along these axes, the slowest first."""
    step = a.dtype.itemsize
    for i in reversed(axes):
        if a.shape[i] != 1 and a.strides[i] != step:
            return False
        step *= a.shape[i]
    return True


@formula("copy(a)")
def _copy(a, axes):
    return np.transpose(copy_of(np.transpose(a, axes), "C"), inverse(axes))


copied_along = derivative(_copy, lambda g, y, a, axes: g)


def along_axes(y, axes):
    """y if it lies along these axes, else a copy that does."""
    return y if not hasattr(y, "flags") or not y.size or runs_along(y, axes) else copied_along(y, axes)


def as_copy_of(y, a):
    """y laid out as np.copy(a) is, which has its shape."""
    return in_order(y) if is_contiguous(a) else along_axes(y, copy_axes(a))


def as_computed_from(y, a, still=None):
    """y laid out as a ufunc's result of a is, which has as many axes."""
    return in_order(y) if is_contiguous(a) else along_axes(y, memory_axes(a, still))


def as_reduced_from(y, a, axis):
    """y laid out as a ufunc's reduction of a is."""
    if is_contiguous(a):
        return y
    reduced = () if y.ndim == a.ndim else normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    kept = [i for i in range(a.ndim) if i not in reduced]
    return along_axes(y, [kept.index(i) for i in memory_axes(a) if i in kept])
