"""pack: the same elementwise operation on many small arrays becomes one on a flat buffer that they are parts of.

So an optimiser's update of all parameters is as many calls as that of one. What is computed elsewhere, such as the
gradients, is written into its part of a buffer at once; parameters and state are moved into buffers by `relocate`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..program import Call, Guard, Program, Storage, Value, replaced
from .buffers import aligned
from .flow import Flow, definitions, is_elementwise, is_whole, rewritten, split_out, with_values
from .relocating import Column, move
from .renewing import with_check
from .writing import into, nothing

SMALL = 16384  # elements; more take so long that a call costs nothing beside them

# What gives the same bits wherever in an array an element stands
EXACT = frozenset({
    np.add, np.subtract, np.multiply, np.divide, np.sqrt, np.square, np.negative, np.absolute, np.maximum, np.minimum,
    np.sign, np.reciprocal, np.positive, np.copysign,
})  # fmt: skip


def pack(program: Program) -> Program:
    """The program with one call for each group of calls of one function, whose operands are arrays at the same places
    in all of them, or the same numbers."""
    packer = Packer(program)
    for group in packer.groups():
        packer.try_to_pack(group)
    return packer.result()


class Packer:
    """Finds groups of calls, and the columns of arrays that they work on; each array is in one column at most."""

    def __init__(self, program: Program):
        self.program, self.calls = program, [*program.calls]
        self.flow, self.defined = Flow(program), definitions(program)
        self.columns: dict[Value, Column] = {}
        self.packed: dict[int, tuple[Call, list[Column]]] = {}  # calls of flat buffers, by the ids of their groups
        self.kinds: dict[Value, Any] = {}  # what the arrays of a column have in common
        self._groups: dict[int, list[Call]] = {}
        self.kept = set(program.kept)

    # Groups -----------------------------------------------------------------------------------------------------------

    def groups(self) -> list[list[Call]]:
        """Calls that are alike, of those that lead to writes into arrays from outside."""
        found: dict[Any, list[Call]] = {}
        for call in self._candidates():
            kind = self._kind(call)
            if kind is not None:
                self.kinds[_target(call)] = kind
                found.setdefault(kind, []).append(call)
        return [group for group in found.values() if len(group) > 1]

    def _candidates(self) -> list[Call]:
        """Exact elementwise calls whose results are used for updates, in order."""
        wanted: set[Value] = set()
        found = []
        for call in reversed(self.calls):
            if not is_elementwise(call) or call.func not in EXACT:
                continue
            args, kwargs, _ = split_out(call)
            target = _target(call)
            if not kwargs and (target.storage.external or target in wanted) and self._is_leaf(target):
                found.append(call)
                wanted.update(arg for arg in args if isinstance(arg, Value) and arg.is_array)
        return found[::-1]

    def _is_leaf(self, value: Value) -> bool:
        """Whether an array may be laid out as a part of a buffer."""
        array = value.data
        if not value.is_array or not array.flags.c_contiguous or not 0 < array.size <= SMALL:
            return False
        if value.storage.external:
            return value in self.program.movable
        call = self.defined.get(value)
        if not is_whole(value, self.defined) or call is None or into(call) is None or value in self.program.memory:
            return False
        return value not in self.kept or value in self.program.renewed

    def _kind(self, call: Call) -> Any:
        """The same for calls that can be one; None for one that can't be part of another."""
        args, _, out = split_out(call)
        target = _target(call)
        parts: list[Any] = [call.func, target.data.dtype, out is not None, repr(call.errstate)]
        arrays = [arg for arg in args if isinstance(arg, Value) and arg.is_array]
        for arg in args:
            if not isinstance(arg, Value):
                parts.append((type(arg), repr(arg)))
            elif not arg.is_array:
                parts.append(id(arg))
            elif self._is_leaf(arg) and arg.data.shape == target.data.shape:
                same = tuple([other is arg for other in arrays]), target is arg
                parts.append((self._kind_of_array(arg), same))
            else:
                return None
        return (*parts, self._kind_of_array(target) if out is not None else None)

    def _kind_of_array(self, value: Value) -> Any:
        known = self.kinds.get(value)
        if known is not None:
            return hash(known)
        source = value.source
        return (value.storage.external, str(getattr(source, "key", "")), value.data.dtype)

    # Packing ----------------------------------------------------------------------------------------------------------

    def try_to_pack(self, group: list[Call]) -> None:
        """Put one call in the place of these, if their arrays can be parts of buffers and they can be done at once."""
        rows = [[*[a for a in split_out(c)[0] if isinstance(a, Value) and a.is_array], _target(c)] for c in group]
        columns = [tuple(column) for column in zip(*rows, strict=True)]
        distinct = {column: self._column(column) for column in columns}
        known = [distinct[column] for column in columns]
        if any(column is None for column in known):
            return
        place = self._place(group)
        if place is None:
            return
        for column in known:
            assert column is not None
            self.columns.update(dict.fromkeys(column.parts, column))
        own = {id(call) for call in group}
        marker = Call(group[0].func, group[0].args, group[0].kwargs, None, (), group[0].line, group[0].errstate)
        self.packed[id(marker)] = marker, [column for column in known if column is not None]
        inputs = [v for call in group for v in call.inputs]
        marker.args, marker.kwargs = (tuple(dict.fromkeys(inputs)),), {}
        marker.result = tuple([v for call in group for v in call.outputs if v not in call.inputs]) or None
        marker.writes = tuple([v for call in group for v in call.writes])
        self._groups[id(marker)] = group
        self.calls = [
            marker if i == place else call for i, call in enumerate(self.calls) if i == place or id(call) not in own
        ]

    def _column(self, values: tuple[Value, ...]) -> Column | None:
        """The column of these arrays in this order; None if one is part of another column, or there twice."""
        found = [self.columns.get(value) for value in values]
        if all(column is None for column in found) and len(set(values)) == len(values):
            return Column(values)
        first = found[0]
        return first if first is not None and first.parts == values else None

    def _place(self, group: list[Call]) -> int | None:
        """Where all calls of a group can be done at once: at the first one, or at the last."""
        own = {id(call) for call in group}
        at = [i for i, call in enumerate(self.calls) if id(call) in own]
        order = Order(self.calls, own)
        if all(order.is_free(i, i, at[-1]) for i in at):
            return at[-1]
        return at[0] if all(order.is_free(i, at[0], i) for i in at) else None

    # The program ------------------------------------------------------------------------------------------------------

    def result(self) -> Program:
        """The program with the flat buffers, and calls of them."""
        program = self.program
        columns = sorted(dict.fromkeys(self.columns.values()), key=lambda column: not column.is_external)
        alone = {id(call) for call, _ in self.packed.values()}
        used = set(program.kept).union(*[(*c.inputs, *c.outputs) for c in self.calls if id(c) not in alone])
        now: dict[Value, Value] = {}
        for column in columns:
            if column.is_external:
                move(column, program)
            elif any(value in used for value in column.parts):
                now |= self._buffer(column)
        calls = [self._flat_call(*self.packed[id(c)]) if id(c) in alone else _renamed(c, now) for c in self.calls]
        program = rewritten(program, calls, lambda value: now.get(value, value))
        buffers = {column.flat for column in columns if column.flat in program.memory and not column.is_external}
        for call in made_into(program, {*now.values(), *buffers}):
            program.calls.remove(call)
        with_check(program)
        return program

    def _buffer(self, column: Column) -> dict[Value, Value]:
        """Memory for a column of which other calls use parts, and what these have become."""
        program, flat = self.program, column.flat
        program.memory[flat] = memory = aligned(flat.data.nbytes).view(flat.data.dtype)
        now = {value: Value(value.data, flat.storage, None, value.name) for value in column.parts}
        for value, part in zip(column.parts, column.slices, strict=True):
            program.memory[now[value]] = memory[part].reshape(value.data.shape)
        if any(program.renewed.pop(value, self) is None for value in column.parts):
            flat.name = "gradients"
            program.renewed[flat] = [*zip(now.values(), column.slices, strict=True)]
        return now

    def _flat_call(self, marker: Call, columns: list[Column]) -> Call:
        first = self._groups[id(marker)][0]
        args, kwargs, out = split_out(first)
        flats = iter(columns)
        new = tuple([next(flats).flat if isinstance(arg, Value) and arg.is_array else arg for arg in args])
        target = columns[-1].flat
        if out is None:
            return Call(first.func, new, kwargs, target, (), first.line, first.errstate)
        return Call(first.func, new, {**kwargs, "out": target}, target, (target,), first.line, first.errstate)


def made_into(program: Program, values: set[Value]) -> list[Call]:
    """Have these values written into their memory; the calls for which there is nothing to do."""
    idle = []
    for call in program.calls:
        if isinstance(call, Call) and call.result in values and call.result not in call.inputs:
            how = into(call)
            if how is nothing:
                idle.append(call)
            elif how is not None:
                program.into[call] = how
    return idle


def _target(call: Call) -> Value:
    """What a ufunc's call gives or writes into."""
    out = split_out(call)[2]
    target = call.result if out is None else out
    assert isinstance(target, Value)
    return target


def _renamed(call: Any, now: dict[Value, Value]) -> Any:
    """A call that writes its result into a part of a buffer, or reads one."""
    changed = with_values(call, lambda value: now.get(value, value))
    if isinstance(changed, Call):
        changed.result = replaced(changed.result, lambda value: now.get(value, value))
    return changed


class Order:
    """Which calls may be moved past which: what reads and writes the same must stay in order, and what changes
    something from outside may not pass a condition."""

    def __init__(self, calls: Sequence[Any], own: Iterable[int]):
        self.calls, self.own = calls, set(own)
        self.reads: dict[Storage, list[int]] = {}
        self.writes: dict[Storage, list[int]] = {}
        self.barriers: list[int] = []
        for i, call in enumerate(calls):
            if id(call) in self.own:
                continue
            reads, writes = accesses(call)
            for storage in reads:
                self.reads.setdefault(storage, []).append(i)
            for storage in writes:
                self.writes.setdefault(storage, []).append(i)
            if isinstance(call, Guard):
                self.barriers.append(i)

    def is_free(self, i: int, first: int, last: int) -> bool:
        """Whether call i can be moved past all others from `first` to `last`."""
        reads, writes = accesses(self.calls[i])
        if any(storage.external for storage in writes) and _within(self.barriers, first, last):
            return False
        if any(_within(self.writes.get(storage, ()), first, last) for storage in reads | writes):
            return False
        return not any(_within(self.reads.get(storage, ()), first, last) for storage in writes)


def accesses(call: Any) -> tuple[set[Storage], set[Storage]]:
    """The storages that a call reads, and those that it writes or makes."""
    reads = {value.storage for value in call.inputs}
    return reads, {value.storage for value in (*call.writes, *call.outputs)}


def _within(numbers: Sequence[int], first: int, last: int) -> bool:
    i = bisect_right(numbers, first - 1)
    return i < len(numbers) and numbers[i] <= last
