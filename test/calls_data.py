"""What goes over data, as test_wrong_calls.py calls it."""

import numpy as np
from wrong_values import Either, Free, Wrong, exactly_whole, flag, is_a, or_none, seed

from tensorgrad import Tensor, data


def examples(length=None):
    """An array or a list of anything, which has a first axis (of this length); but a list of objects is no array."""

    def kind(value):
        if isinstance(value, Tensor | np.ma.MaskedArray | np.matrix):
            raise Wrong
        if not isinstance(value, list | tuple | range | np.ndarray):
            raise Wrong
        parts = list(value) if not isinstance(value, np.ndarray) or value.ndim else None
        if parts is None or (length is not None and len(parts) != length):
            raise Wrong
        plain = all(isinstance(part, bool | int | float | complex | str | np.ndarray | np.generic) for part in parts)
        if not plain and not isinstance(value, np.ndarray):
            raise Wrong
        return value

    return kind


def iterable(value):
    """What can be gone through."""
    try:
        iter(value)
    except TypeError:
        raise Wrong from None
    return Either(Free())


X, Y = np.arange(12.0).reshape(6, 2), np.arange(6)
CALLS = {
    "batches": (
        data.batches,
        {
            "X": (X, examples(6)), "y": (Y, or_none(examples(6))), "batch_size": (2, exactly_whole(1, 2**63)),
            "rng": (0, seed), "shuffle": (True, flag), "drop_last": (False, flag),
        },
        list,
    ),
    "progress": (
        data.progress, {"iterable": ([1, 2], iterable), "desc": ("text", is_a(str))}
    ),
}  # fmt: skip
