"""What an index of an array in chunks has read, put back in its places; and elements of lines, by their numbers.

Nothing is computed meanwhile, and as many chunks as can be are left as they are.
"""

import numpy as np

from .arrays import grid, is_chunked
from .chunked import along_lines, at_once, chunked_getitem, is_unknown
from .formulas import formula
from .table import derivative

WHOLE = slice(None)


def expanded(index, ndim):
    """An index of an array as one entry for each axis, without None; and the axes of its result that a None made."""
    index = index if isinstance(index, tuple) else (index,)
    taken = sum(getattr(p, "ndim", 1) if getattr(getattr(p, "dtype", None), "kind", "") == "b" else 1
                for p in index if p is not None and p is not Ellipsis)  # fmt: skip
    if not any(p is Ellipsis for p in index):
        index = (*index, Ellipsis)
    parts, new, out = [], [], 0
    for p in index:
        if p is None:
            new.append(out)
        many = [WHOLE] * (ndim - taken) if p is Ellipsis else [] if p is None else [p]
        parts += many
        out += len(many) if p is Ellipsis else not isinstance(p, int | np.integer)
    return parts, new


@formula("g[index]")
def picked(g, index):
    """g[index], of any array or Tensor."""
    several = type(index) is tuple and sum(isinstance(i, np.ndarray | list) for i in index) > 1
    return chunked_getitem(g, index) if several and is_chunked(g) else g[index]


def put(g, index, shape):
    """g in the places of an index of an array of that shape, and zeros elsewhere; in places named twice, their sum."""
    parts, new = expanded(index, len(shape))
    if new:
        g = g[tuple(0 if i in new else WHOLE for i in range(g.ndim))]
    arrays = [(i, p) for i, p in enumerate(parts) if not isinstance(p, int | np.integer | slice)]
    if not arrays and not is_unknown(shape):
        out = np.zeros_like(g, shape=shape)
        if 0 not in g.shape:
            out[tuple(parts)] = g
        return out
    if len(arrays) <= 1:
        axis, p = arrays[0] if arrays else (0, None)
        others = all(isinstance(q, slice) and q == WHOLE for i, q in enumerate(parts) if i != axis)
        if is_chunked(p) and p.dtype == bool and others:
            if p.ndim == len(shape) > 1:  # of all axes at once: such are read in C order
                return np.reshape(put_masked(g, p.reshape(-1), 0), shape).rechunk(p.chunks)
            if p.ndim == 1 and g.numblocks[axis] == p.numblocks[0]:
                return put_masked(g, p, axis)
        elif not is_chunked(p) and (p is None or np.ndim(p) == 1):
            g = g[tuple(None if isinstance(q, int | np.integer) else WHOLE for q in parts)]
            return put_blocks(g, parts, shape)
    if is_unknown(shape):
        raise ValueError(f"the gradient of an index of an array of unknown shape {shape}: rechunk and "
                         f"compute_chunk_sizes() first, or use a mask of one axis")
    return at_once(_put, shape, g.dtype, g, tuple(parts), shape)


def _put(g, index, shape):
    out = np.zeros(shape, g.dtype)
    np.add.at(out, index, g)
    return out


def put_masked(g, mask, axis):
    """Block by block: each block of g holds what the mask has let through of one."""
    lined = mask[tuple(WHOLE if i == axis else None for i in range(g.ndim))]
    chunks = tuple(mask.chunks[0] if i == axis else c for i, c in enumerate(g.chunks))
    return g.map_blocks(_put_masked, lined, axis=axis, dtype=g.dtype, chunks=chunks)


def _put_masked(g, mask, axis):
    out = np.zeros((*g.shape[:axis], mask.size, *g.shape[axis + 1 :]), g.dtype)
    out[(WHOLE,) * axis + (mask.ravel(),)] = g
    return out


def put_blocks(g, parts, shape):
    """Block by block along the axes that are taken as a whole, which may be of unknown length."""
    parts = [slice(p, p + 1 or None) if isinstance(p, int | np.integer) else p for p in parts]
    kept = [isinstance(p, slice) and p == WHOLE for p in parts]
    g = g.rechunk({i: -1 for i, whole in enumerate(kept) if not whole})
    chunks = tuple(c if whole else (n,) for c, whole, n in zip(g.chunks, kept, shape, strict=True))
    lengths = [None if whole else n for whole, n in zip(kept, shape, strict=True)]
    return g.map_blocks(_put_block, parts=tuple(parts), lengths=lengths, dtype=g.dtype, chunks=chunks)


def _put_block(g, parts, lengths):
    shape = [n if length is None else length for n, length in zip(g.shape, lengths, strict=True)]
    return _put(g, parts, shape)


# Elements of each line, by their numbers: np.take_along_axis, which Dask lacks, and its reverse ----------------------


@formula("take_along_axis(a, indices, axis)")
def _take_lines(a, indices, axis):
    return along_lines(np.take_along_axis, axis, a.dtype, a, indices, length=indices.shape[axis])


def _put_lines(g, indices, axis, n):
    return along_lines(_put_along_axis, axis, g.dtype, g, indices, length=n, n=n)


def _put_along_axis(g, indices, axis, n):
    out, places = np.zeros_like(g, shape=(*g.shape[:axis], n, *g.shape[axis + 1 :])), grid(g.shape, g)
    places[axis] = indices
    np.add.at(out, tuple(places), g)
    return out


take_lines = derivative(_take_lines, lambda g, y, a, indices, axis: put_lines(g, indices, axis, a.shape[axis]))
put_lines = derivative(_put_lines, lambda h, y, g, indices, axis, n: take_lines(h, indices, axis))
