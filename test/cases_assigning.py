"""Cases of assignment as a function, and of what is composed of it: functions that write into their first argument.

These get a copy of a variable, and what is compared is the copy after the call.
"""

import numpy as np
from cases import case, positive, x

from tensorgrad import Tensor
from tensorgrad.derivatives.assigning import Place, assign, part
from tensorgrad.derivatives.ufunc_at import AT_ONCE


def changed(f, a, *args, **kwargs):
    """A copy of a, into which f has written; of an array that Tensors are written into, a constant Tensor."""
    copy = +a if isinstance(a, Tensor) or not any(isinstance(v, Tensor) for v in args) else Tensor(+a, "", False)
    assert f(copy, *args, **kwargs) is None
    return copy


def writes(f, *args, of=changed, **kwargs):
    case(f, *args, of=of, assigns=True, **kwargs)


# The function itself


def assigned(value, old, place):
    new = np.array(old)
    place.view_of(new)[place.index] = value
    return new


for views in (
    [(np.transpose, (), None), (np.reshape, ((2, 6),), None)], [(np.flip, (1,), None)], [(np.swapaxes, (0, 1), {})],
):  # fmt: skip
    case(part, x(3, 4), Place(..., views), like=lambda a, place: place.view_of(a), assigns=True)


def assigns(value, old, index, *views):
    case(assign, value, old, Place(index, views), like=assigned, assigns=True)


for shape, index in (
    ((3,), 1), ((), slice(1, 3)), ((2,), (slice(None), 0)), ((2, 1), (slice(None), [0, -1])), ((3,), ...),
    ((4, 3), [0, 1, 0, 0]), ((2, 3), [1, 1]), ((), ([0, 1, 0], [2, 2, 2])),
    ((2,), np.array([[True, False, True], [False, False, False]])),
):  # fmt: skip
    assigns(x(*shape), x(2, 3), index)
assigns(x(2), x(2, 3), 0, (np.transpose, (), {}))
assigns(x(3), x(2, 3, layout="F"), slice(None, None, 2), (np.reshape, (-1,), {"order": "F"}))
assigns(x(2), x(2, 3, dtype=complex), 0, (np.swapaxes, (0, 1), {}), (np.imag, (), {}))
assigns(x(2, dtype=complex), x(2, 3, dtype=complex), (slice(None), 1))

# Functions of NumPy

for a, v in ((x(2, 3), x(3)), (x(2, 3, dtype=complex), x(2, 1))):  # nothing remains of what was there before
    writes(np.copyto, a, v, of=lambda f, a, v: a * changed(f, a, v))
writes(np.copyto, x(2, 3), x(2, 3), where=np.array([True, False, True]))
writes(np.put, x(2, 3), [0, -1, 0], x(3))
writes(np.put, x(2, 3, layout="F"), np.array([[1, 7], [2, 1]]), x(3), mode="wrap")
writes(np.put_along_axis, x(2, 3), np.array([[0, 2], [1, 1]]), x(2, 2), 1)
writes(np.put_along_axis, x(2, 3), np.array([[1]]), x(1, 1), axis=0)
writes(np.put_along_axis, x(2, 3), np.array([5, 0]), x(2), None)
writes(np.place, x(2, 3), np.array([[True, False, True], [True, True, False]]), x(3))
writes(np.place, x(2, 3, layout="strided"), [[1, 0, 1], [0, 0, 1]], [1.5])
writes(np.putmask, x(2, 3), np.array([[True, False, True], [True, True, False]]), x(2))
writes(np.putmask, x(4), [1, 0, 0, 1], x(4))
writes(np.fill_diagonal, x(3, 3), x())
writes(np.fill_diagonal, x(5, 2), x(2), wrap=True)
writes(np.fill_diagonal, x(2, 2, 2), x(2))

# The method `at` of ufuncs: for each number alone, several for a place at once, and one after the other


def rounds(ufunc):
    """ufunc.at, with a name."""

    def at(a, indices, *b):
        return ufunc.at(a, indices, *b)

    at.__name__ = f"{ufunc.__name__}.at"
    return at


def at_once(ufunc):
    """What ufunc.at makes of x and the b's, of which numbers tell the places."""

    def at(a, b, numbers):
        new = np.array(a)
        ufunc.at(new, numbers, b)
        return new

    return at


for f, compute in AT_ONCE.items():
    case(compute, x(3), x(4), np.array([0, 1, 1, 1]), like=at_once(f))
    case(compute, x(3, 2), x(2, 2, 2), np.array([[0, 1], [1, 0]]), like=at_once(f))
    case(compute, x(3, 2), x(), np.array([0, 2, 0]), like=at_once(f))
for f in (np.add, np.subtract, np.maximum, np.minimum, np.multiply, np.divide, np.power, np.hypot):
    writes(rounds(f), positive(4), [2, 0], positive(2))
    writes(rounds(f), positive(2, 3), ([0, 1, 0, 0], [2, 1, 2, 2]), positive(4))
    writes(rounds(f), positive(2, 3), np.array([[True, False, True], [False, False, True]]), positive(3))
    writes(rounds(f), positive(3, 2), [1, 1], positive())
for f in (np.negative, np.sqrt, np.exp):
    writes(rounds(f), positive(4), [2, 0, 2])
