"""vmap: a function that was written for one example, of a whole batch of them in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arguments import is_int
from .batch import batch, levels_of, unbatch
from .calls import described, require_call
from .closures import requires_gradient
from .derivatives.arrays import require_no_subclass
from .derivatives.chunked import in_chunks
from .node import orders
from .tensor import Tensor, data_of
from .trace import named
from .tree import children, is_variable, tree_leaves, tree_map


def vmap(f: Callable, in_axes: Any = 0, out_axes: Any = 0, *, axis_size: int | None = None) -> Callable:
    """A function that maps f over an axis of its arguments, as if it were called for each and the results were stacked.

    f is called once, with Tensors that stand for all examples: their shapes are those of one. NumPy's functions, and
    those of the library, compute all in one call where they can, and one after the other where they can't. Inside may
    stand `grad` and the other transforms, outside too, and another vmap.

    Args:
        f: takes arrays, or structures of them (lists, tuples, dicts, dataclasses, Modules), and returns the same.
        in_axes: the axis of each argument that holds the examples; None for an argument that is the same for all. One
            int or None for all arguments, or a tuple with an entry for each: an int, None, or a structure of these that
            the argument has, too. Keyword arguments are mapped along their first axis.
        out_axes: where the examples stand in the output; an int, or a structure of ints that the output has. None for
            an output that is the same for all.
        axis_size: how many examples there are; only needed if no argument is mapped.

    Returns:
        A function of f's arguments. Arrays in, arrays out; where an argument is a Tensor, or f closes over one that
        requires a gradient, Tensors that can be differentiated.

    Raises:
        ValueError: an axis that isn't there, axes of different lengths, in_axes or out_axes of another structure, or
            an output that isn't the same for all where out_axes says None.
        TypeError: f is no function, an axis no int, nothing is mapped, or f looks at a single value: Python's `if`,
            `float(x)`, an index that makes arrays of different shapes. `np.where` takes the place of `if`.

    Floats arrive in f as Tensors; ints and bools that are mapped, such as labels, as arrays that stand for all
    examples, and index Tensors (of an array that f closes over, write `Tensor(array, requires_grad=False)[i]`). Random
    numbers that f draws are the same for all.

    >>> import numpy as np
    >>> from tensorgrad import grad, vmap
    >>> vmap(np.dot, in_axes=(0, None))(np.eye(3), np.array([1.0, 2.0, 3.0]))
    array([1., 2., 3.])

    The gradient of each example's loss, in one call:

    >>> loss = lambda w, x, y: (np.dot(w, x) - y)**2
    >>> X, Y = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), np.array([1.0, 2.0, 3.0])
    >>> vmap(grad(loss), in_axes=(None, 0, 0))(np.array([1.0, 1.0]), X, Y)
    array([[ 0.,  0.],
           [ 0.,  0.],
           [-2., -2.]])
    """
    require_call("vmap", f)
    if axis_size is not None and (not is_int(axis_size) or axis_size < 0):
        raise TypeError(f"vmap: axis_size must be an int that isn't negative, not {axis_size!r}")
    _require_axes("in_axes", in_axes)
    _require_axes("out_axes", out_axes)

    @named("vmap", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        leaves = [*_with_axes(_axes_of(in_axes, args), args, "in_axes"), *_with_axes(0, kwargs, "in_axes")]
        size, level = _common_size(leaves, axis_size), next(orders)  # what is older is the same for all examples
        entered = iter([_entered(leaf, axis, level, size) for leaf, axis, _ in leaves])
        inner_args, inner_kwargs = tree_map(lambda _: next(entered), (args, kwargs))
        result = f(*inner_args, **inner_kwargs)
        as_tensors = any([type(leaf) is Tensor for leaf, _, _ in leaves])
        outputs = _Outputs(level, size, as_tensors)
        left = iter([outputs.left(leaf, axis, path) for leaf, axis, path in _with_axes(out_axes, result, "out_axes")])
        return tree_map(lambda _: next(left), result)

    return evaluate


def _axes_of(in_axes: Any, args: tuple) -> tuple:
    """in_axes with an entry for each argument."""
    if not isinstance(in_axes, (tuple, list)):
        return (in_axes,) * len(args)
    if len(in_axes) != len(args):
        raise ValueError(
            f"vmap: in_axes has {len(in_axes)} entries, but the function was called with {len(args)} arguments; there "
            f"must be one for each"
        )
    return tuple(in_axes)


def _entered(leaf: Any, axis: int | None, level: int, size: int) -> Any:
    """What stands in f for a leaf of the arguments."""
    require_no_subclass(type(leaf), "vmap")
    if axis is None and type(leaf) is np.ndarray and leaf.dtype.kind in "fc":
        return Tensor(leaf.copy(), requires_grad=False)
    if axis is None or not is_variable(leaf):
        return leaf
    if in_chunks(leaf):
        raise TypeError(
            "vmap: an array in chunks, as Dask's are, makes no batch; call f with each part, "
            "np.stack([f(row) for row in x]), or compute the array first"
        )
    x: Any = leaf if requires_gradient(leaf) else np.copy(data_of(leaf))  # a constant may be assigned into
    x = batch(x, normalize_axis_index(axis, x.ndim), level, size)
    return x if type(x) is Tensor or x.dtype.kind not in "fc" else Tensor(x, requires_grad=False)


class _Outputs:
    """What f returned, on its way out of a call: arrays of all examples, of which no two share memory."""

    def __init__(self, level: int, size: int, as_tensors: bool):
        self._level, self._size, self._as_tensors = level, size, as_tensors
        self._given: list[Any] = []

    def left(self, leaf: Any, axis: int | None, path: str) -> Any:
        """A leaf of the result, with its examples along the axis."""
        if leaf is None:
            return None
        x = leaf if hasattr(leaf, "shape") else np.asarray(leaf)
        if x.dtype.kind not in "biufc":
            raise TypeError(
                f"vmap: the output{path} must be numbers, or None: {described(leaf)} can't be stacked for all examples"
            )
        if axis is not None:
            leaf = unbatch(x, _axis_of_output(axis, x, path), self._level, self._size)
        elif self._level in levels_of(leaf):
            raise ValueError(
                f"vmap: the output{path} isn't the same for all examples, so out_axes can't be None for it; give the "
                f"axis where the examples shall stand"
            )
        data, recorded = data_of(leaf), requires_gradient(leaf)
        shared = isinstance(data, np.ndarray) and (data.base is not None or any([data is d for d in self._given]))
        self._given.append(data)
        if recorded or shared or axis is None:
            leaf = np.copy(leaf)
        return leaf if self._as_tensors or recorded else data_of(leaf)


def _require_axes(name: str, axes: Any) -> None:
    """An error for what can't be axes: only ints and None are, in structures."""
    for path, axis in tree_leaves(axes):
        if axis is not None and not is_int(axis):
            raise TypeError(f"vmap: {name}{path} must be an int or None, not {described(axis)}")


def _with_axes(axes: Any, tree: Any, name: str, path: str = "") -> Iterator[tuple[Any, Any, str]]:
    """Each leaf of a tree with its axis and path. The structure of the axes is the beginning of that of the tree: one
    axis stands for all leaves below."""
    if axes is None or is_int(axes):
        for place, leaf in tree_leaves(tree, path):
            yield leaf, axes, place
        return
    parts, below = children(tree), children(axes)
    if parts is None or below is None or parts.keys() != below.keys():
        raise ValueError(
            f"vmap: {name}{path} is {described(axes)}, which doesn't fit {described(tree)}; it must be an int or None, "
            f"or a structure that begins as that one does"
        )
    for place, part in parts.items():
        yield from _with_axes(below[place], part, name, path + place)


def _common_size(leaves: list[tuple[Any, Any, str]], axis_size: int | None) -> int:
    """How many examples there are along the axes of the leaves."""
    sizes: dict[int, str] = {} if axis_size is None else {int(axis_size): "axis_size says"}
    for leaf, axis, path in leaves:
        if axis is None or not is_variable(leaf):
            continue
        shape = np.shape(leaf)
        if not -len(shape) <= axis < len(shape):
            raise ValueError(
                f"vmap: in_axes says axis {axis} for argument {path}, {described(leaf)}, which has {len(shape)} "
                f"axes; None stands for an argument that is the same for all examples"
            )
        sizes.setdefault(shape[axis], f"argument {path} has")
    if not sizes:
        raise TypeError("vmap: no argument is mapped; give in_axes an axis for one that has examples, or axis_size")
    if len(sizes) > 1:
        (n, where), (m, other), *_ = sizes.items()
        raise ValueError(f"vmap: {where} {n} examples, and {other} {m}; along their axes all must be equally long")
    return next(iter(sizes))


def _axis_of_output(axis: int, x: Any, path: str) -> int:
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise ValueError(
            f"vmap: out_axes says axis {axis} for the output{path}, which with its examples has {x.ndim + 1} axes"
        )
    return int(axis) % (x.ndim + 1)
