"""What must be as it was for a program to be replayed, as one function that says whether it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from .places import Place
from .program import Argument, Value
from .recorder import Random
from .source import Writer
from .surroundings import unchanged
from .tracing import Trace


def write_guards(trace: Trace, rebound: set[Any], writer: Writer) -> str:
    """The text of a function of the step's arguments that is true as long as all is as it was when it was recorded.

    Args:
        rebound: the ids of places that each step sets anew; of what is there the layout alone matters.
    """
    names = writer.names
    tests: list[str] = []
    for place, value in trace.held:
        if isinstance(value.data, np.ndarray) and place.id in rebound:
            tests.append(
                f"{names.of(layout_of, 'layout')}({writer.place(place)}) == {names.of(layout_of(value.data), 'l')}"
            )
        else:
            tests.append(f"{writer.place(place)} is {names.of(value.data, place.text)}")
    same = names.of(unchanged, "same")
    for place, value in trace.surroundings.guards.values():
        if place.id in rebound:
            continue
        read, known = writer.place(place), names.of(value, place.text)
        if value is None or isinstance(value, bool):
            tests.append(f"{read} is {value}")
        elif isinstance(value, int | float | str | complex | np.generic):
            tests.append(f"({read} is {known} or {same}({read}, {known}))")
        else:
            tests.append(f"{read} is {known}")
    for container, length, text in trace.surroundings.lengths.values():
        tests.append(f"len({names.of(container, text)}) == {length}")
    lines = "\n        and ".join(tests or ["True"])
    return f"def holds():\n    return (\n        {lines}\n    )\n"


def layout_of(array: Any) -> Any:
    """What a program depends on of an array that it reads anew at each step."""
    return (type(array), array.shape, array.dtype, array.strides) if isinstance(array, np.ndarray) else array


__all__ = ["Argument", "Place", "Random", "Value", "layout_of", "write_guards"]
