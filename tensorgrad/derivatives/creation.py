"""Functions that make arrays: like a Tensor, they make arrays of its kind, or Tensors that require no gradient.

NumPy asks a Tensor for them in `np.zeros_like(t)` and in `np.zeros((2, 3), like=t)`. Each is entered with a function of
its own, which gets NumPy's function, the array that the result shall be like, and the arguments. An array of floats
then becomes a Tensor. So a program that begins with `np.zeros_like(x)` goes on with arrays of x's kind.
"""

import numpy as np

from .arrays import as_array, is_chunked
from .chunked import INSTEAD, copy_of
from .layouts import as_copy_of, in_order
from .table import CREATION


def is_tensor(x):
    """Whether x is a Tensor, or a list or tuple with one in it. (A batch of arrays records, too, but is an array.)"""
    if isinstance(x, list | tuple):
        return any(map(is_tensor, x))
    return hasattr(x, "__record__") and not hasattr(x, "stack")


def without_tensors(func, *values):
    if any(map(is_tensor, values)):
        raise TypeError(
            f"{func.__name__}: what it makes is constant, so a Tensor among its numbers would leave the graph; compute "
            f"with Tensors, as in t * np.arange(3), or pass tensor.data to leave the graph on purpose"
        )


def made(func, like, *args, **kwargs):
    """np.zeros(shape, like=t), np.arange(n, like=t)"""
    without_tensors(func, *args, *kwargs.values())
    func = INSTEAD.get(func, func) if is_chunked(like) else func
    return func(*args, like=like, **kwargs)


def made_like(func, like, a, *args, **kwargs):
    """np.zeros_like(t)"""
    without_tensors(func, *args, *kwargs.values())
    return func(like, *args, **kwargs)


def filled(y, fill_value):
    """An array of y's shape and dtype, filled with a Tensor: every element of it is that Tensor's."""
    if y.dtype.kind not in "fc":
        raise TypeError(f"full: a Tensor can't fill an array of dtype {y.dtype}; a Tensor is floating")
    return as_copy_of(np.broadcast_to(as_array(fill_value), y.shape).astype(y.dtype), y)


def full(func, like, shape, fill_value, dtype=None, order="C", **device):
    if not is_tensor(fill_value):
        return func(shape, fill_value, dtype, order, like=like, **device)
    dtype = as_array(fill_value).dtype if dtype is None else dtype
    return filled(np.empty(shape, dtype, order, like=like, **device), fill_value)


def full_like(func, like, a, fill_value, dtype=None, order="K", subok=True, shape=None, **device):
    a = like if is_tensor(a) else a
    if not is_tensor(fill_value):
        func = INSTEAD[func] if is_chunked(a) else func
        return func(a, fill_value, dtype, order, subok, shape, **device)
    return filled(np.empty_like(a, dtype, order, subok, shape, **device), fill_value)


def converted(func, like, a, *args, **kwargs):
    """np.array([t, u], like=t): Tensors are joined; of numbers, an array of t's kind."""
    return joined(func, a, *args, **kwargs) if is_tensor(a) else func(a, *args, like=like, **kwargs)


def joined(func, a, dtype=None, order=None, *, ndmin=0, **options):
    """A Tensor, or nested lists of Tensors stacked."""
    is_list, copy = isinstance(a, list | tuple), options.get("copy", True if func is np.array else None)
    if copy is False and is_list:
        raise ValueError(f"{func.__name__}: a list can't become an array without a copy; leave out copy=False")
    y = as_array(a)
    y = y if dtype is None or dtype == y.dtype else y.astype(dtype)
    copied = copy and y is a
    least = 1 if func in ORDERS else ndmin
    y = y if y.ndim >= least else np.reshape(y, (1,) * (least - y.ndim) + y.shape)
    order = ORDERS.get(func, order)
    if is_list:
        order = "F" if order == "F" else "C"
    return copy_of(y, order or "K") if copied else in_order(y, order) if order in ("C", "F") else y


ORDERS = {np.ascontiguousarray: "C", np.asfortranarray: "F"}

CREATION.update({np.full: full, np.full_like: full_like})
CREATION.update(dict.fromkeys([np.zeros_like, np.ones_like, np.empty_like], made_like))
CREATION.update(dict.fromkeys([np.array, np.asarray, np.asanyarray, *ORDERS], converted))
CREATION.update(dict.fromkeys(
    [
        np.zeros, np.ones, np.empty, np.arange, np.eye, np.identity, np.tri, np.fromfunction, np.fromiter,
        np.frombuffer, np.fromstring, np.fromfile, np.loadtxt, np.genfromtxt, np.require,
    ],
    made,
))  # fmt: skip
