"""Passes: each makes a program that does the same, and sooner. Any of them can be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..program import Program
from .blocks import blocks
from .buffers import buffers
from .common import common
from .constants import constants
from .copies import copies
from .dead import dead
from .guards import guards
from .packing import pack
from .relocating import relocate
from .renewing import gradients
from .scalars import scalars
from .stack import stack
from .values import values
from .views import views

Pass = Callable[[Program], Program]

# In the order in which they are done
PASSES: dict[str, Pass] = {
    "values": values, "constants": constants, "common": common, "copies": copies, "stack": stack,
    "dead": dead, "guards": guards, "gradients": gradients, "relocate": relocate, "pack": pack, "blocks": blocks,
    "scalars": scalars, "buffers": buffers, "views": views,
}  # fmt: skip


def chosen(names: Iterable[str] | None) -> list[Pass]:
    """The passes of these names, all if it is None, in their order."""
    if names is None:
        return [*PASSES.values()]
    try:
        given = [names] if isinstance(names, str) else [*names]
    except TypeError:
        raise TypeError(f"compile: passes must be a list of names, not {names!r}") from None
    unknown = [name for name in given if not isinstance(name, str) or name not in PASSES]
    if unknown:
        raise ValueError(f"compile: there is no pass {unknown[0]!r}; passes are {', '.join(PASSES)}")
    return [func for name, func in PASSES.items() if name in given]


__all__ = ["PASSES", "Pass", "chosen"]
