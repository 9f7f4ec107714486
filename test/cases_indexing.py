"""Cases of picking elements out, by index, by order and by place."""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.chunked_index import put_lines, take_lines
from tensorgrad.derivatives.indexing import add_windows, getitem, scatter

mask = np.array([[True, False, True], [False, True, True]])

# An index in every form of NumPy; `at[...]` reads as an index does.


class At:
    def __getitem__(self, index):
        return index


at = At()

for index in (
    at[0], at[-1], at[np.int64(1)], at[:], at[1:], at[::-1], at[::2], at[5:], at[...], at[None], at[()],
    at[0, 1, 2], at[1, ..., -1], at[..., 0], at[:, None, 1:], at[None, :, None], at[0, None, ..., None],
    at[:, ::-1, 1:4:2], at[:, -1:-3:-1], at[..., None, 1, :],
    at[True], at[False], at[None, True], at[mask], at[mask, 1], at[mask, ::2], at[np.array([True, False])],
    at[:, [True, False, True]], at[0, mask[0]], at[mask, [0, 1, 2, 3]], at[np.zeros((2, 3, 4), bool)],
    at[[1]], at[[0, 0, 1]], at[[0, -1, 1, -2]], at[np.array(1)], at[np.array([[0, 1], [1, 1]])], at[np.array([], int)],
    at[[0, 1], [2, 0]], at[[0, 0], [2, 2], [1, 1]], at[[[0], [1]], [2, 0, 2]], at[np.array([[0]]), :, [1, 1]],
    at[:, [0, 0]], at[..., [0, 0, 3]], at[0, [1, 1]], at[0, :, [1, 1]], at[[0, 1], :, [1, 1]], at[:, [2], 0],
    at[:, [0, 1], [1, 1]], at[[1, 1], 1:, None], at[None, [1, 1], ..., 0], at[np.uint8(1), [0, 0]],
    at[(0, 1), 0], at[np.array([1, 1], np.uint8)],
):  # fmt: skip
    case(getitem, x(2, 3, 4), index)
case(getitem, x(), ())
case(getitem, x(), ...)
case(getitem, x(), None)
case(getitem, x(), True)
case(getitem, x(5), slice(None, None, -2))
case(getitem, x(5), [4, 4, 0])
case(getitem, x(0, 3), slice(None))
case(getitem, x(3, 3, layout="F"), (slice(1, None), [2, 2]))
case(getitem, x(3, 3, layout="strided"), np.eye(3, dtype=bool))
case(getitem, x(3, 3, layout="readonly"), 1)
case(getitem, x(3, dtype=complex), [0, 0])

case(scatter, x(3), [0, 0, 1], (4,))
case(scatter, x(2), (slice(None), 1), (2, 3))
case(scatter, x(4), mask, (2, 3))

# By number along an axis

indices = np.array([[2, 0, 2], [1, 1, -1]])

case(np.take, x(2, 3), [0, 5, 5])
case(np.take, x(2, 3), 1, axis=1)
case(np.take, x(2, 3, 2), indices, axis=1)
case(np.take, x(2, 3), [2, -1], axis=-1)
case(np.take, x(2, 3), [-7, 8, 0], mode="wrap")
case(np.take, x(2, 3), [-7, 8, 1], axis=1, mode="clip")
case(np.take, x(2, 3), indices=np.array([], int), axis=0)
case(np.take, x(3), [[True, False]])
case(np.take_along_axis, x(2, 3), indices, axis=1)
case(np.take_along_axis, x(2, 3), indices[:, :1], axis=-1)
case(np.take_along_axis, x(3, 3), indices, axis=0)
case(np.take_along_axis, x(2, 3), np.array([5, 0, 5]), axis=None)
case(np.take_along_axis, x(1, 3, 2), np.array([[[0, 0]], [[1, 1]]]), axis=1)
case(np.compress, np.array([True, False, True]), x(3))
case(np.compress, [False, True], x(2, 3))
case(np.compress, [False, True], x(2, 3), axis=1)
case(np.extract, mask, x(2, 3))
case(np.delete, x(5), 1)
case(np.delete, x(2, 3), [0, -1], axis=1)
case(np.delete, x(2, 3), slice(None, None, 2))
case(np.delete, x(2, 3), [True, False], axis=0)

# Inserted and trimmed

case(np.insert, x(4), 1, x())
case(np.insert, x(4), 1, x(2))
case(np.insert, x(4), [3, 1], x(2))
case(np.insert, x(2, 3), 1, x(), axis=1)
case(np.insert, x(2, 3), 1, x(2), axis=1)
case(np.insert, x(2, 3), [1], x(2, 1), axis=1)
case(np.insert, x(2, 3), [1, 1, -1], x(2, 3), axis=1)
case(np.insert, x(2, 3), slice(0, 2), x(3), axis=0)
case(np.insert, x(2, 3, layout="F"), [0, 5], 1.5)
for trim in ("fb", "f", "b"):
    case(np.trim_zeros, x(2), of=lambda f, v, trim=trim: f(np.concatenate([[0, 0], v, [0], v, [0]]), trim))
case(np.trim_zeros, x(3))

# Windows

windows = np.lib.stride_tricks.sliding_window_view
case(windows, x(5), 2)
case(windows, x(5), (5,), 0)
case(windows, x(2, 3, 4, layout="F"), 2, axis=1)
case(windows, x(3, 4), (2, 3))
case(windows, x(3, 4, layout="strided"), window_shape=[2, 3], axis=(-1, 0))
case(windows, x(5), (2, 3), (0, 0))
case(windows, x(2, 3), (), ())
case(windows, x(4), 2, subok=True, writeable=True)
case(windows, x(4, dtype=complex), 3)
case(add_windows, x(3, 4, 2), (1,), (3, 5))

# In order

for f, more in ((np.sort, ()), (np.partition, (1,))):
    case(f, x(5), *more)
    case(f, x(3, 2), *more, axis=None)
    case(f, x(2, 3, 2), *more, axis=-2)
    case(f, x(3, 2, layout="F"), *more, axis=0)
case(np.sort, x(5), kind="stable")
case(np.sort, x(5), stable=True)
case(np.sort, x(0))
case(np.partition, x(5), (1, -1))
case(np.partition, x(3, 2), kth=0, axis=1, kind="introselect")

# Diagonals and triangles, of matrices that aren't square too

for f in dict.fromkeys([np.diagonal, getattr(np.linalg, "diagonal", np.diagonal)]):
    for shape in ((3, 3), (2, 4), (4, 2)):
        for offset in (0, 1, -1, 3):
            case(f, x(*shape), offset=offset)
case(np.diagonal, x(2, 3, 4), 0, 2, 0)
case(np.diagonal, x(2, 3, 4), -1, axis1=-2, axis2=-1)
if hasattr(np.linalg, "diagonal"):
    case(np.linalg.diagonal, x(2, 3, 4), offset=-1)
for k in (0, 1, -2):
    case(np.diag, x(3), k)
    case(np.diag, x(2, 3), k=k)
    case(np.diagflat, x(2, 2), k)
    case(np.tril, x(3, 4), k)
    case(np.triu, x(2, 3, 2), k=k)
case(np.tril, x(3))
case(np.diagflat, x())
case(np.diag, x(0))

case(np.sort_complex, x(4))
case(np.sort_complex, x(2, 3, dtype=complex))

# What take_along_axis of a chunked array is computed by, and its reverse
case(take_lines, x(2, 3), np.array([[2, 0], [1, 1]]), 1)
case(put_lines, x(2, 2), np.array([[2, 0], [1, 1]]), 1, 3)
