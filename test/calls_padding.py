"""Calls of padding, for test_wrong_calls.py."""

import numpy as np
from wrong_values import Wrong, each_int, exactly_whole, nothing, number, numbers, or_none, perhaps

from tensorgrad import functions, nn

MOST = 2**31 - 1
IMAGE = np.arange(24.0).reshape(2, 3, 4)


def of_function(value):
    """An even number of ints, which don't take away more than there is."""
    if not isinstance(value, list | tuple) or len(value) not in (0, 2, 4):
        raise Wrong
    return tuple(exactly_whole(-2, 4)(v) for v in value)


CALLS = {
    "pad": (
        functions.pad,
        {
            "x": (IMAGE, perhaps(numbers(real=False))),
            "pad": ((1, 1, 0, 0), of_function),
            "mode": ("constant", nothing),
            "value": (0.5, or_none(number(nan=True))),
        },
    ),
}
for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
    for axes in (1, 2, 3):
        name = f"{kind}Pad{axes}d"
        cls, value = getattr(nn, name), {"value": (0.5, number(nan=True))} if kind == "Constant" else {}
        CALLS[name] = (cls, {"padding": (1, each_int(2 * axes, -MOST)), **value})
        made = cls(1, 0.5) if value else cls(1)
        shape = (1, 2, 2, 3, 2)[: axes + 2]
        CALLS[f"{name}.forward"] = (cls.forward, {"self": made, "x": (np.ones(shape), perhaps(numbers(real=False)))})
