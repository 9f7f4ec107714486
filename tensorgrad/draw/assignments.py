"""Assignments as formulas: what one makes of an array, and what its gradient gives to the old array and to the value."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from ..derivatives.assigning import Place
from .labels import place

_LAST = "Where the index names a place several times, the last value stays there"


def assigned(old: str, value: str, where: Place, repeated: bool) -> tuple[str, str]:
    """What an assignment makes, and a remark; old is empty if all of it is overwritten."""
    notes = [f"{_LAST}."] if repeated else []
    text = f"{old} with {value}" if old else value
    notes += [] if old else ["All that was there before is overwritten."]
    return html.escape(f"{text} at {place(where)}"), " ".join(notes)


def to_old(g: str, where: Place) -> tuple[str, str]:
    """What the gradient of an assignment gives to the version before it."""
    return html.escape(f"{g} with zeros at {place(where)}"), ""


def to_value(g: str, where: Place, name: str, value: Any, array: Any) -> tuple[str, str]:
    """What the gradient of an assignment, an array, gives to the value; and a remark."""
    part = where.of(array)
    text = place(where, f"({g})").replace(f"(({g})", f"({g}")  # in the brackets of a function it needs none of its own
    if part.dtype.kind == "c" and value.dtype.kind != "c":
        text += ".real"
    notes = []
    if is_repeated(value, array, where):
        text += f" where {name} stayed, else 0"
        notes.append(f"{_LAST}, and it alone gets a gradient.")
    if value.shape != part.shape:
        notes.append(f"{name} was repeated to the shape {part.shape}: what its copies get is added up.")
    return html.escape(text), " ".join(notes)


def is_repeated(value: Any, array: Any, where: Place) -> bool:
    """Whether an assignment of a value into an array writes several times into one place."""
    return where.repeats and not where.last_written(np.broadcast_to(value, where.of(array).shape), array.shape).all()
