"""gradients: a step's gradients lie in the same arrays each time, as long as nobody else has kept those of before.

What a step leaves behind as `p.grad` must be another array each time, for somebody may have kept the last one.
References are counted at the beginning of a replay: if the arrays are held by their Tensors alone, they are written
again; if not, there are new ones from then on.
"""

from __future__ import annotations

from collections import Counter
from sys import getrefcount
from typing import Any

import numpy as np

from ...memory import counts_references, owner_of
from ..places import Slot
from ..program import Call, Program, Value, replaced
from .flow import definitions, is_whole
from .writing import into


def gradients(program: Program) -> Program:
    """Note which gradients that outlive a replay may lie at the same place in the next."""
    if not counts_references():
        return program
    defined = definitions(program)
    times = Counter(value.storage for value in program.kept)
    read = {value.source.id for call in program.calls for value in call.inputs if isinstance(value.source, Slot)}
    for place, value in program.effects:
        if not isinstance(place, Slot) or place.key != "_grad" or place.id in read or type(value) is not Value:
            continue
        if is_whole(value, defined) and times[value.storage] == 1 and into(defined[value]) is not None:
            program.renewed[value] = None
    return program


class Renewal:
    """The arrays that are held by their Tensors alone, or are made anew."""

    __name__ = "renew"

    def __init__(self, program: Program):
        self.program = program
        self.held: list[Any] = []  # what is counted: gradients, and the memory that they and their views lie in
        self.counts: list[int] = [0]  # how often each is referred to where nobody else does
        self.values: list[Value] = []  # what has names in the program's text
        self.kept: list[Value] = []
        self.places: list[Slot] = []  # where these are put

    def __call__(self) -> None:
        raise AssertionError("it is written as a condition")

    def is_shared(self) -> bool:
        """Whether somebody else holds one of the arrays, or a view of one; or there are none yet. A Tensor may have
        been given another gradient meanwhile."""
        found = [*map(getrefcount, self.held)]
        known = [*self.counts]
        for i, (place, array) in enumerate(zip(self.places, self.held, strict=False)):
            known[i] -= place.get() is not array
        return not found or any(n > m for n, m in zip(found, known, strict=True))

    def renew(self) -> list[Any]:
        """New arrays for what has names in the program's text."""
        new: dict[Value, Any] = {}
        for root, parts in self.program.renewed.items():
            if root in self.program.memory:
                new[root] = np.empty_like(self.program.memory[root])
                for value, part in parts or ():
                    new[value] = new[root][part].reshape(value.data.shape)
        for call in self.program.bound:
            if any(value in new for value in call.inputs):
                args, kwargs = replaced((call.args, call.kwargs), lambda v: new.get(v, self.program.memory.get(v)))
                new[call.result] = call.func(*args, **kwargs)
        kept = [new[value] for value in self.kept]
        owners = {id(owner): owner for owner in map(owner_of, new.values())}
        self.held[:] = kept + [owner for owner in owners.values() if all(owner is not array for array in kept)]
        return [new[value] for value in self.values]

    def settle(self) -> None:
        """Count the references, now that only the program's names are there; later its Tensor holds each gradient."""
        count = len(self.kept)
        self.counts[:] = [n + (i < count) for i, n in enumerate(map(getrefcount, self.held))]


def with_check(program: Program) -> None:
    """Have the program look, at its beginning, whether its gradients are still its own; if any has memory by now."""
    known = any(isinstance(call, Call) and isinstance(call.func, Renewal) for call in program.calls)
    if not known and any(value in program.memory for value in program.renewed):
        call = Call(Renewal(program), (), {})
        program.into[call] = _check
        program.calls.insert(0, call)


def _check(call: Call, writer: Any) -> str:
    renewal, program, names = call.func, writer.program, writer.names
    assert isinstance(renewal, Renewal)
    used = [value for other in program.calls for value in (*other.inputs, *other.outputs)]
    ours = {id(owner_of(program.memory[root])) for root in program.renewed if root in program.memory}
    renewal.values = [
        value
        for value in dict.fromkeys([*used, *program.kept])
        if value in program.memory and id(owner_of(program.memory[value])) in ours
    ]
    places = {v: place for place, v in program.effects if type(v) is Value and v in renewal.values}
    renewal.kept, renewal.places = [*places], [*places.values()]
    new = [writer.name(value) for value in renewal.values]
    writer.changed |= dict.fromkeys(new)
    held, counts = names.of(renewal.held, "gradients"), names.of(renewal.counts, "counts")
    theirs = [f"{writer.place(place)} is {writer.name(value)}" for value, place in places.items()]
    writer.write(f"if [*map({names.of(getrefcount, 'getrefcount')}, {held})] != {counts} or not (")
    for i, test in enumerate(theirs):
        writer.write(f"    {'and ' if i else ''}{test}")
    writer.write("):")
    writer.write(f"    if {names.of(renewal.is_shared, 'is_shared')}():")
    writer.write(f"        ({', '.join(new)},) = {names.of(renewal.renew, 'renew')}()")
    return f"        {names.of(renewal.settle, 'settle')}()"
