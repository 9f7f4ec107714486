"""Jacobians and Hessians: all derivatives of all outputs, as many walks at a time as fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, SupportsIndex

import numpy as np

from .batch import batch, unbatch
from .calls import FIRST, Argnum, described, differentiated, positions
from .derivatives.arrays import as_0d, eye, largest
from .derivatives.chunked import in_chunks
from .node import orders
from .tensor import Tensor, data_of
from .trace import Trace, named, scalar_trace
from .tree import tree_fill


def jacobian(f: Callable, argnum: Argnum = FIRST, has_aux: bool = False, *, argnums: Argnum = FIRST) -> Callable:
    """A function that gives the Jacobian of f: all derivatives of all outputs.

    A function with fewer outputs than inputs is walked backward, which costs a gradient for each output; one with fewer
    inputs forward, which costs a `jvp` for each input. They go together, in batches of
    at most 2**24 recorded elements (128 MB of float64); only where the result is a Tensor they go one after the other.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        argnum, has_aux, argnums: as for `grad`.

    Returns:
        A function of f's arguments. The Jacobian of an output y with respect to an argument x has shape
        `y.shape + x.shape`. Structures nest: that of the output, and in it that of the argument. With has_aux the
        result is `(jacobian, aux)`.

        Of a complex x: if y is real, each entry is a gradient as `grad` gives it; if y is complex, f must be
        holomorphic, and the entries are its complex derivatives.

    Raises:
        TypeError: f returned no Tensor, or it is complex but not holomorphic; argnum as for `grad`.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    chosen = differentiated("jacobian", f, argnum, argnums, has_aux)

    @named("jacobian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("jacobian", f, chosen, args, kwargs, has_aux)
        return (_jacobian(trace), trace.aux()) if has_aux else _jacobian(trace)

    return evaluate


def _jacobian(trace: Trace) -> Any:
    ys, xs = trace.outputs, trace.inputs
    is_complex = any([t.dtype.kind == "c" for t in ys + xs])
    forward = is_complex or sum(x.size for x in xs) < sum(y.size for y in ys)
    blocks = _by_columns(trace) if forward else _by_rows(trace)
    return tree_fill(trace.result, map(trace.like_given, blocks))


def _by_rows(trace: Trace) -> list[list]:
    """The Jacobian of each output with respect to each input, walking backward from each element of the outputs."""
    parts = [_for_each(trace, trace.vjp, unit) for unit in _units(trace, trace.outputs)]
    blocks = _joined(parts, trace.outputs, trace.inputs)
    return [
        [np.reshape(block, y.shape + x.shape) for block, x in zip(row, trace.inputs, strict=True)]
        for row, y in zip(blocks, trace.outputs, strict=True)
    ]


def _by_columns(trace: Trace) -> list[list]:
    """The same, walking forward from each element of the inputs."""
    parts = [_directional(trace, unit) for unit in _units(trace, trace.inputs)]
    blocks = _joined(parts, trace.inputs, trace.outputs)
    return [
        [
            np.transpose(np.reshape(column[k], x.shape + y.shape), [*range(x.ndim, x.ndim + y.ndim), *range(x.ndim)])
            for column, x in zip(blocks, trace.inputs, strict=True)
        ]
        for k, y in enumerate(trace.outputs)
    ]


def _units(trace: Trace, arrays: list) -> Iterator[list]:
    """The unit vectors of some arrays, a batch at a time: for each array a stack, all zeros but for a single 1 in each
    place of the batch."""
    ends = np.cumsum([0, *(a.size for a in arrays)])
    step = _batch_size(trace)
    for start in range(0, int(ends[-1]), step):
        n = min(step, int(ends[-1]) - start)
        stacks = []
        for array, begin in zip(arrays, ends[:-1].tolist(), strict=True):  # the i-th 1 is element start + i of them all
            flat = eye(n, array.dtype, array, array.size, start - begin)
            stacks.append(np.reshape(flat, (n, *array.shape)))
        yield stacks


def _batch_size(trace: Trace) -> int:
    """How many walks are done as one: as many as keep all recorded arrays together within 2**24 elements."""
    elements = sum(a.size for n in trace.nodes for a in (n._data if isinstance(n._data, tuple) else (n._data,)))
    return max(1, 2**24 // max(elements, 1))


def _for_each(trace: Trace, walk: Callable, stacks: list) -> list:
    """What `walk` gives for each array of the stacks, in stacks: in one walk, with batches; of arrays in
    chunks, which make none, in one walk each."""
    n = len(stacks[0])
    if any(map(in_chunks, (*stacks, *trace.inputs, *trace.outputs))):
        each = [[Tensor(s[i], requires_grad=False) if trace.is_recorded() else s[i] for s in stacks] for i in range(n)]
        return [np.stack(column) for column in zip(*map(walk, each), strict=True)]
    if not trace.is_recorded():
        level = -next(orders)  # older than all nodes: their gradients are batches, too
        found = walk([batch(stack, 0, level, n) for stack in stacks])
    else:
        level = next(orders)
        found = walk([Tensor(batch(stack, 0, level, n), requires_grad=False) for stack in stacks])
    return [unbatch(r, 0, level, n) for r in found]


def _joined(parts: list[list], along: list, others: list) -> list[list]:
    """For each array of `along` and each of `others` the part that belongs to them, from the batches in `parts`."""
    if not parts:
        return [[np.zeros((a.size, *b.shape), b.dtype, like=b._data) for b in others] for a in along]
    whole = [np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*parts, strict=True)]
    ends = np.cumsum([0, *(a.size for a in along)])
    return [[stack[begin:end] for stack in whole] for begin, end in pairwise(ends)]


def _directional(trace: Trace, unit: list) -> list:
    """The derivatives along unit vectors; for complex inputs along i times these too."""
    along = _for_each(trace, trace.jvp, unit)
    if all(u.dtype.kind != "c" for u in unit):
        return along
    turned = np.concatenate([np.any(u.reshape(len(u), -1), axis=1)[None] & (u.dtype.kind == "c") for u in unit]).any(0)
    if not turned.any():
        return along
    across = _for_each(trace, trace.jvp, [u * 1j if u.dtype.kind == "c" else u for u in unit])
    results = []
    for a, b in zip(along, across, strict=True):
        turn = turned.reshape(-1, *(1,) * (a.ndim - 1))
        if a.dtype.kind != "c":
            results.append(a + 1j * np.where(turn, b, 0) if turned.all() else np.where(turn, a + 1j * b, a))
            continue
        off, size = map(data_of, (np.where(turn, b - 1j * a, 0), a))
        if not np.allclose(off, 0, atol=1e-6 * max(1.0, float(largest(np.abs(size)))), equal_nan=True):
            raise TypeError(
                "jacobian: the function isn't holomorphic, so its derivative is no complex matrix; take the Jacobians "
                "of its real and its imaginary part"
            )
        results.append(a)
    return results


# Second derivatives --------------------------------------------------------------------------------------------------


def hessian(f: Callable, argnum: Argnum = FIRST, has_aux: bool = False, *, argnums: Argnum = FIRST) -> Callable:
    """A function that gives the matrix of second derivatives of f, `jacobian(grad(f))`.

    Args:
        f: as for `grad`.
        argnum, has_aux, argnums: as for `grad`.

    Returns:
        A function of f's arguments. The Hessian with respect to an argument x has shape `x.shape + x.shape`; with
        respect to a structure it is a structure of structures. With has_aux the result is `(hessian, aux)`.

    Raises:
        TypeError, ValueError: as `grad`.

    >>> hessian(lambda x: x[0]**2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    chosen = differentiated("hessian", f, argnum, argnums, has_aux)

    @named("hessian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        trace = scalar_trace("hessian", f, chosen, args, kwargs, has_aux)
        found = _jacobian(trace.derived())
        return (found, trace.aux()) if has_aux else found

    return evaluate


def laplacian(
    f: Callable, argnum: SupportsIndex = FIRST, has_aux: bool = False, *, argnums: SupportsIndex = FIRST
) -> Callable:
    """A function that gives the sum of the second derivatives of f along each coordinate, without the Hessian.

    Args:
        f: takes points of shape (..., d), returns a Tensor of shape (...): one number for each point, which depends on
            that point alone, as a network's output does.
        argnum: which argument holds the points, one array.
        has_aux, argnums: as for `grad`.

    Returns:
        A function of f's arguments, giving an array of shape (...) (with has_aux, `(array, aux)`). It costs d
        Hessian-vector products, however many points there are.

    Raises:
        TypeError: the points aren't one array.
        ValueError: f doesn't give one number for each point.

    >>> laplacian(lambda x: (x**3).sum(axis=-1))(np.array([[1.0, 2.0], [0.0, 1.0]]))
    array([18.,  6.])
    """
    chosen = differentiated("laplacian", f, argnum, argnums, has_aux)
    if not isinstance(chosen, int):
        raise TypeError(f"laplacian: argnum must be one int, the argument that holds the points, not {chosen}")

    @named("laplacian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        (i,) = positions("laplacian", chosen, len(args))
        if not getattr(args[i], "shape", ()):
            raise TypeError(
                f"laplacian: argument {i} must be an array of points, of shape (..., d), not {described(args[i])}"
            )
        trace = Trace("laplacian", f, chosen, args, kwargs, has_aux)
        (x,), y = trace.inputs, trace.result
        if type(y) is not Tensor or y.shape != x.shape[:-1] or y.dtype.kind == "c":
            raise ValueError(
                f"laplacian: for points of shape {x.shape} the function must return real numbers of shape "
                f"{x.shape[:-1]}, one for each, not {described(y)}"
            )
        found = _sum_of_second_derivatives(trace.summed().derived())
        return (found, trace.aux()) if has_aux else found

    return evaluate


def _sum_of_second_derivatives(trace: Trace) -> Any:
    """Of a trace of the gradient at points (..., d), its derivatives along the axes, an array of shape (...)."""
    (x,) = trace.inputs
    d, step = x.shape[-1], _batch_size(trace)
    result: Any = np.zeros(x.shape[:-1], x.dtype, like=x._data)
    for start in range(0, d, step):
        n = min(step, d - start)
        ones = np.reshape(eye(n, x.dtype, x, d, start), (n, *(1,) * (x.ndim - 1), d)) + np.zeros_like(x._data)
        (second,) = _for_each(trace, trace.vjp, [ones])
        result = result + np.sum(np.where(ones == 1, second, 0), axis=(0, -1))
    return trace.wrapper()(as_0d(result) if isinstance(result, np.generic) else result)
