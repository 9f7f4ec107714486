"""Data that lies in chunks: for each chunk, what the loss is given of every argument, lazy still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import Delayed, delayed

from ..calls import described
from ..derivatives.arrays import is_array
from ..tensor import Tensor

Parts = list[tuple[Any, ...]]


def chunks_of(name: str, data: Sequence[Any]) -> Parts:
    """One tuple for each chunk of the examples, with a Delayed for each argument. `name` is the caller, for errors.

    Args:
        data: Dask arrays, whose first axis counts the examples, and lists of batches: arrays, or Delayed.

    Dask arrays are cut along the first axis as the first of them is; along the others each becomes one chunk.

    Raises:
        TypeError: there are no data, or they are something else.
        ValueError: they differ in length or in the number of chunks, or can't be cut alike since lengths are unknown.
    """
    if not data:
        raise TypeError(f"{name}: there are no data; after the parameters, pass Dask arrays or lists of batches")
    for i, item in enumerate(data):
        _require_data(f"{name}: data argument {i}", item)
    arrays = [i for i, item in enumerate(data) if isinstance(item, da.Array)]
    first = data[arrays[0]].chunks[0] if arrays else ()
    columns = [
        _chunks(_cut(name, item, first)) if isinstance(item, da.Array) else [_batch(batch) for batch in item]
        for item in data
    ]
    counts = [len(column) for column in columns]
    if len({*counts}) > 1:
        raise ValueError(f"{name}: the data have {counts} chunks; all arguments must have as many")
    return list(zip(*columns, strict=True))


def _require_data(where: str, item: Any) -> None:
    if isinstance(item, da.Array):
        if not item.ndim:
            raise ValueError(f"{where} must have a first axis, which counts the examples; it has the shape ()")
        return
    if isinstance(item, Delayed):
        raise TypeError(f"{where} must be a Dask array or a list of batches; put a Delayed that gives one into a list")
    if not isinstance(item, list | tuple):
        hint = ""
        if hasattr(item, "to_dask_array"):
            hint = "; of a data frame take to_dask_array(lengths=True)"
        elif is_array(item):
            hint = "; dask.array.from_array(x, chunks=...) makes one of an array"
        raise TypeError(f"{where} must be a Dask array or a list of batches, not {described(item)}{hint}")
    if not item:
        raise ValueError(f"{where} is a list of no batches; there must be at least one")
    for i, batch in enumerate(item):
        if isinstance(batch, Tensor) or not (isinstance(batch, Delayed) or is_array(batch) or _is_future(batch)):
            raise TypeError(f"{where}: batch {i} must be an array or a Delayed, not {described(batch)}")
        if isinstance(batch, da.Array) and batch.npartitions != 1:
            raise ValueError(f"{where}: batch {i} has {batch.npartitions} chunks; pass the Dask array, without a list")


def _is_future(item: Any) -> bool:
    """Whether this is a Future of dask.distributed, which need not be there."""
    return type(item).__module__ == "distributed.client"


def _batch(batch: Any) -> Any:
    if isinstance(batch, da.Array):
        return _chunks(batch)[0]
    return batch if isinstance(batch, Delayed) else delayed(batch, traverse=False)


def _cut(name: str, array: Any, first: tuple[Any, ...]) -> Any:
    """The array, cut along the first axis into these chunks, and along the others not at all."""
    own = array.chunks[0]
    target: dict[int, Any] = {}
    if own != first and np.isnan([*own, *first]).any():
        if len(own) != len(first):
            raise ValueError(
                f"{name}: the data have {len(first)} and {len(own)} chunks along the first axis, and can't be cut "
                f"alike, since the lengths of some are unknown; call compute_chunk_sizes() on the arrays before"
            )
    elif own != first:
        if sum(own) != sum(first):
            raise ValueError(f"{name}: the data must be of one length, but have {sum(first)} and {sum(own)} examples")
        target[0] = first
    for axis in range(1, array.ndim):
        if array.numblocks[axis] > 1:
            if np.isnan(array.chunks[axis]).any():
                raise ValueError(
                    f"{name}: an array has {array.numblocks[axis]} chunks of unknown lengths along axis {axis}, which "
                    f"can't be joined; call compute_chunk_sizes() on it before"
                )
            target[axis] = -1
    return array.rechunk(target) if target else array


def _chunks(array: Any) -> list[Delayed]:
    """Not optimised for each array by itself, since what several are made of would be computed for each, too."""
    return [*array.to_delayed(optimize_graph=False).reshape(-1)]
