"""relocate: parameters and the state of optimisers that nobody else holds may be moved into one buffer.

`p.data` is then a view of that buffer: an array of its own shape as before, which can be read, written and kept.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...memory import counts_references, is_kept_by_one
from ..places import Place
from ..program import Program, Storage, Value
from .buffers import aligned


class Column:
    """Arrays that are parts of a flat buffer, one behind the other."""

    def __init__(self, parts: tuple[Value, ...]):
        self.parts = parts
        ends = [*itertools.accumulate(value.data.size for value in parts)]
        self.slices = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        first = parts[0]
        self.is_external = first.storage.external
        storage = Storage(external=self.is_external)
        name = str(getattr(first.source, "key", "")).strip("_")
        source = first.source if self.is_external else None
        name = "parameters" if name == "data" else name
        self.flat = Value(np.empty(ends[-1], first.data.dtype), storage, source, name)


def relocate(program: Program) -> Program:
    """Note which arrays from outside may be moved: those that are written into, and held at one place alone."""
    if not counts_references():
        return program
    written = {value for call in program.calls for value in call.writes if value.storage.external}
    set_anew = program.set_anew
    for value in written:
        source = value.source
        if not isinstance(source, Place) or source.id in set_anew or value not in program.memory:
            continue
        if value.is_array and value.data.flags.c_contiguous and is_held_by(source, value, program):
            program.movable.add(value)
    return program


def is_held_by(place: Place, value: Value, program: Program) -> bool:
    """Whether this place, and what is known of it here, is all that holds an array."""
    array, value.data = value.data, None
    del program.memory[value]
    try:
        return place.get() is array and is_kept_by_one(array)
    finally:
        value.data = program.memory[value] = array


def move(column: Column, program: Program) -> None:
    """Put the arrays of a column into its buffer, and views of that where they were."""
    flat = column.flat
    flat.data = aligned(flat.data.nbytes).view(flat.data.dtype)
    program.memory[flat] = flat.data
    moved = {value.storage for value in column.parts}
    for call in program.calls:
        for value in call.outputs:
            if value.storage in moved:  # a view of one of them
                value.storage = flat.storage
    for value, part in zip(column.parts, column.slices, strict=True):
        view = flat.data[part].reshape(value.data.shape)
        np.copyto(view, value.data)
        place: Any = value.source
        place.set(view)
        value.data = program.memory[value] = view
        value.storage = flat.storage
