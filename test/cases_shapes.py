"""Cases of the functions that move elements about."""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.shapes import flatten, join

# Reshaping, in every order of elements and of memory.

case(np.reshape, x(2, 3), (3, 2))
case(np.reshape, x(2, 3), -1)
case(np.reshape, x(2, 3), (1, -1, 2))
case(np.reshape, x(), (1, 1))
case(np.reshape, x(1), ())
case(np.reshape, x(0, 3), (3, 0, 2))
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    case(np.reshape, x(2, 3), shape=(3, 2), copy=True)
for order in ("C", "F", "A"):
    for layout in ("C", "F", "strided", "reversed"):
        case(np.reshape, x(2, 3, 2, layout=layout), (4, 3), order=order)
for order in ("C", "F", "A", "K"):
    for layout in ("C", "F", "strided", "reversed"):
        case(np.ravel, x(2, 3, 2, layout=layout), order)
case(np.ravel, x(2, 3, 2), "K", of=lambda f, a, order: f(np.transpose(a, (1, 2, 0)), order=order))
case(np.ravel, x())
case(np.ravel, x(0, 2))
for order in ("C", "F", "A", "K"):
    for layout in ("C", "F", "strided", "reversed"):
        case(flatten, x(2, 3, 2, layout=layout), order, like=lambda a, order: a.flatten(order))
case(flatten, x(), like=lambda a: a.flatten())
case(np.expand_dims, x(2, 3), 1)
case(np.expand_dims, x(2, 3), (0, -1))
case(np.expand_dims, x(), axis=0)
case(np.squeeze, x(1, 2, 1))
case(np.squeeze, x(1, 2, 1), 0)
case(np.squeeze, x(1, 2, 1), axis=(0, -1))
case(np.squeeze, x(2, 3))
case(np.broadcast_to, x(3), (2, 3))
case(np.broadcast_to, x(2, 1), (3, 2, 3))
case(np.broadcast_to, x(), (2, 2))
case(np.broadcast_to, x(), ())
case(np.broadcast_to, x(1, 3), (0, 3))
case(np.broadcast_arrays, x(2, 1), x(3), x())
case(np.broadcast_arrays, x(2, 1), np.ones(3))
for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    for v in (x(), x(3), x(2, 3), x(2, 1, 2, 1)):
        case(f, v)
    case(f, x(), x(2), np.ones((2, 2)))

# Reordering axes

case(np.transpose, x(2, 3))
case(np.transpose, x(3))
case(np.transpose, x())
case(np.transpose, x(2, 3, 4), (1, 2, 0))
case(np.transpose, x(2, 3, 4), [2, 0, 1])
case(np.transpose, x(2, 3, 4, layout="F"), axes=(-2, 0, -1))
case(np.swapaxes, x(2, 3, 4), 0, -1)
case(np.swapaxes, x(2, 3, 4, layout="strided"), axis1=1, axis2=2)
case(np.moveaxis, x(2, 3, 4), 0, -1)
case(np.moveaxis, x(2, 3, 4, 1), (0, -1), (2, 0))
case(np.moveaxis, x(2, 3, 4), source=[2], destination=[0])
case(np.rollaxis, x(2, 3, 4), 2)
case(np.rollaxis, x(2, 3, 4), 0, 3)
case(np.rollaxis, x(2, 3, 4), -1, 1)
case(np.rollaxis, x(2, 3, 4), 1, -1)
for name in ("matrix_transpose", "permute_dims"):
    if hasattr(np, name):
        case(getattr(np, name), x(2, 3, 4), **({} if name == "matrix_transpose" else {"axes": (2, 0, 1)}))
if hasattr(np.linalg, "matrix_transpose"):
    case(np.linalg.matrix_transpose, x(2, 3, 4))

# Reordering and repeating elements

case(np.flip, x(2, 3))
case(np.flip, x(2, 3, 2), (0, -1))
case(np.flip, x(2, 3), axis=1)
case(np.flip, x())
case(np.fliplr, x(2, 3))
case(np.flipud, x(3))
case(np.rot90, x(2, 3))
case(np.rot90, x(2, 3, 4), -1, (2, 0))
case(np.rot90, x(2, 3), k=2)
case(np.rot90, x(2, 3), 3, axes=[1, 0])
case(np.roll, x(5), 2)
case(np.roll, x(2, 3), -1)
case(np.roll, x(2, 3), (1, -1), axis=(0, 1))
case(np.roll, x(2, 3), 1, axis=(0, 1))
case(np.roll, x(2, 3), np.array([1, 2]), axis=(0, 0))
case(np.roll, x(2, 3), shift=7, axis=-1)
case(np.repeat, x(3), 2)
case(np.repeat, x(2, 3), 2)
case(np.repeat, x(2, 3), [1, 0, 3], axis=-1)
case(np.repeat, x(2, 3), repeats=np.array([2]), axis=0)
case(np.repeat, x(), 3)
case(np.repeat, x(0, 2), 3, axis=1)
case(np.tile, x(3), 2)
case(np.tile, x(2, 3), (2, 1, 2))
case(np.tile, x(2, 3), reps=[2])
case(np.tile, x(2, 3), np.array([1, 2]))
case(np.tile, x(), (2, 2))
case(np.tile, x(2), 0)
case(np.tile, x(2), ())
case(np.resize, x(2, 3), (2, 4))
case(np.resize, x(5), 3)
case(np.resize, x(), (2, 2))

# Joining and splitting

case(join, 1, [0, 1, 3], {}, x(2, 1), x(2, 2))
for f in dict.fromkeys([np.concatenate, getattr(np, "concat", np.concatenate)]):
    case(f, [x(2, 3), x(1, 3)])
    case(f, (x(2, 1), np.ones((2, 2)), x(2, 0)), axis=-1)
    case(f, [x(2, 2), x(3)], axis=None)
    case(f, [x(2), [1, 2], x(1)], dtype=np.float64, casting="same_kind")
    case(f, [x(2, 2, layout="F"), x(2, 2, layout="readonly")], 1)
    case(f, [x(2), x(2, dtype=complex)])
    case(f, x(2, 3))
for axis in (0, 1, -1):
    case(np.stack, [x(2, 3), x(2, 3), np.ones((2, 3))], axis=axis)
case(np.stack, [x(), x()])
case(np.stack, x(2, 3), 1)
case(np.stack, [x(2), x(2)], axis=1, dtype=np.float64, casting="same_kind")
for f in (np.vstack, np.hstack, np.dstack, np.column_stack):
    case(f, [x(3), x(3)])
    case(f, (x(2, 3), np.ones((2, 3)), x(2, 3)))
    case(f, [x(2, 2, 2), x(2, 2, 2)])
case(np.vstack, [x(), x()])
case(np.hstack, [x(), 1.0, x(2)])
case(np.dstack, [x(), x()])
case(np.vstack, [x(2, 3), x(3)], dtype=np.float64)
case(np.hstack, [x(3), x(1)], dtype=np.float64, casting="same_kind")
case(np.column_stack, [x(3), x(3, 2)])
case(np.append, x(2, 3), x(3))
case(np.append, x(2, 3), [[1.0, 2.0, 3.0]], axis=0)
case(np.append, 1.0, x(2))
case(np.array_split, x(7), 3)
case(np.array_split, x(2, 5), [1, 3], axis=1)
case(np.array_split, x(2, 5), np.array([3, 7]), axis=-1)
case(np.array_split, x(2), 3)
case(np.split, x(6), 3)
case(np.split, x(2, 6), (2, 4), axis=1)
case(np.split, x(6), [-2])
case(np.hsplit, x(4), 2)
case(np.hsplit, x(2, 4), [1])
case(np.vsplit, x(4, 2), 2)
case(np.dsplit, x(2, 2, 4), 2)
if hasattr(np, "unstack"):
    case(np.unstack, x(2, 3))
    case(np.unstack, x(2, 3), axis=-1)
