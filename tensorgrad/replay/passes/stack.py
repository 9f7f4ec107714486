"""stack: the same call on many small arrays that don't depend on each other, as those of all steps of a recurrent
network, becomes one call on all of them, which lie one behind the other."""

from __future__ import annotations

import bisect
from typing import Any

import numpy as np

from ..effects import UfuncMethod
from ..program import Call, Guard, Program, Storage, Value
from .columns import PRODUCTS, Columns, Stacked, sums_alike
from .flow import Flow, definitions, is_elementwise, is_pure, layout, rewritten

FEWEST = 8  # calls that are worth to be one
LARGEST = 32 * 1024  # bytes of an array that is small: what is done to it takes no longer than to call NumPy
MOST = 4 * 1024 * 1024  # bytes that lie one behind the other


def stack(program: Program, fewest: int = FEWEST, largest: int = LARGEST, most: int = MOST) -> Program:
    """The program with one call in place of many that do the same to arrays of equal layouts, and one sum in place of
    a chain of them.

    The numbers are the same to the last bit: np.matmul multiplies stacked matrices one after the other as np.dot does,
    and np.add.reduce along the first axis adds up in the order of the chain. One product of all rows together, which
    sums in another order, is nowhere made of several.

    Args:
        fewest: how many calls are worth to be one.
        largest: the most bytes of each of the arrays.
        most: the most bytes of all of them together.
    """
    return Stacking(program, fewest, largest, most).joined()


class Stacking:
    """A program whose calls become less."""

    def __init__(self, program: Program, fewest: int, largest: int, most: int):
        self.program, self.fewest, self.largest, self.most = program, fewest, largest, most
        self.flow, self.defined = Flow(program), definitions(program)
        self.calls: list[Any] = [*program.calls]
        self._known: dict[Any, tuple[set[Storage], set[Storage]]] = {}
        self.columns = Columns(program, self.flow, self.defined, most)
        self.chains = self._chains()

    def joined(self) -> Program:
        groups = self._groups()
        if not groups:
            return self.program
        before = [*self.calls]
        self._sink(groups)
        found = True
        stacked = False
        while found:
            found = False
            self._index()
            for group in sorted(groups, key=len, reverse=True):
                if self._join(group):
                    groups.remove(group)
                    found = stacked = True
                    break
        if not stacked:
            self.calls = before
            return self.program
        self._add_up()
        calls, current = self.columns.written(self.calls)
        return rewritten(self.program, calls, current)

    # What is alike ----------------------------------------------------------------------------------------------------

    def _kind(self, call: Any) -> Any:
        """The same for calls that may become one; None for those that can't."""
        if not is_pure(call) or call.is_view or not isinstance(call.result, Value) or not call.result.is_array:
            return None
        data, func = call.result.data, call.func
        if not data.ndim or not data.size or data.nbytes > self.largest or not data.flags.c_contiguous:
            return None
        if func in PRODUCTS:
            ndims = tuple([np.ndim(_data(x)) for x in call.args])
            if call.kwargs or ndims not in ((2, 2), (1, 2), (2, 1)):
                return None
        elif not is_elementwise(call) or call.kwargs.keys() - {"dtype", "casting"} or len(call.args) != func.nin:
            return None
        args = tuple([self._argument_kind(x, data.ndim) for x in call.args])
        line, kwargs = call.line, tuple(sorted([(k, str(v)) for k, v in call.kwargs.items()]))
        return func, args, kwargs, layout(call.result), str(call.errstate), line.file, line.number, line.operation

    def _argument_kind(self, arg: Any, ndim: int) -> Any:
        if type(arg) is not Value:
            return type(arg), str(arg)
        if not arg.is_array:
            return arg
        return layout(arg), self._origin(arg)

    def _origin(self, value: Value) -> Any:
        """Where an array comes from, the numbers of rows left out."""
        call = self.defined.get(value)
        if call is None:
            return value
        if not call.is_view:
            return call.func, call.line.number, call.line.operation
        rest = [str(arg) if type(arg) is not int else int for arg in call.args[1:] if type(arg) is not Value]
        return "view", call.func, len(rest), self._origin(call.args[0]) if type(call.args[0]) is Value else None

    def _groups(self) -> list[list[Call]]:
        """Calls of one kind none of which needs what another gives."""
        kinds: dict[Any, list[Call]] = {}
        for call in self.calls:
            kind = self._kind(call)
            if kind is not None:
                kinds.setdefault(kind, []).append(call)
        classes = {call: i for i, calls in enumerate(kinds.values()) if len(calls) >= self.fewest for call in calls}
        if not classes:
            return []
        groups: dict[Any, list[Call]] = {}
        for call, depth in self._depths(classes).items():
            groups.setdefault((classes[call], depth), []).append(call)
        return [group for group in groups.values() if len(group) >= self.fewest]

    def _depths(self, classes: dict[Call, int]) -> dict[Call, int]:
        """How many calls of its own class stand one behind the other before a call can be done."""
        latest: dict[Storage, dict[int, int]] = {}  # what the content of a storage has behind it
        depths = {}
        for call in self.calls:
            behind: dict[int, int] = {}
            reads, writes = self._effects(call)
            for storage in reads | writes:
                for number, depth in latest.get(storage, {}).items():
                    if depth > behind.get(number, 0):
                        behind[number] = depth
            number = classes.get(call, -1)
            if number >= 0:
                depths[call] = behind.get(number, 0)
                behind[number] = depths[call] + 1
            for storage in writes:
                latest[storage] = behind
            if call.writes:  # what is read later may not be written earlier
                for storage in reads:
                    latest[storage] = behind
        return depths

    def _effects(self, call: Any) -> tuple[set[Storage], set[Storage]]:
        """The storages that a call reads, and those whose content it gives; a view does neither."""
        found = self._known.get(call)
        if found is None:
            if isinstance(call, Stacked):
                parts = [self._effects(member) for member in call.members]
                found = set().union(*[reads for reads, _ in parts]), set().union(*[writes for _, writes in parts])
            elif call.is_view:
                found = set(), set()
            else:
                written = self.flow.written_by(call) | {value.storage for value in call.outputs}
                found = {value.storage for value in call.inputs}, written
            self._known[call] = found
        return found

    # Sums -------------------------------------------------------------------------------------------------------------

    def _chains(self) -> list[list[Call]]:
        """Sums of many terms, ((a + b) + c) + ..., of which only the last is used otherwise."""
        uses: dict[Storage, list[Any]] = {}
        for call in self.calls:
            for storage in dict.fromkeys(value.storage for value in call.inputs):
                uses.setdefault(storage, []).append(call)
        chains: list[list[Call]] = []
        of: dict[Value, list[Call]] = {}  # the chain that a sum is the last of
        for call in self.calls:
            if not self._is_sum(call):
                continue
            a = call.args[0]
            chain = of.pop(a, None) if uses[a.storage] == [call] and a.storage not in self.flow.kept else None
            if chain is None:
                chains.append(chain := [])
            chain.append(call)
            of[call.result] = chain
        return [chain for chain in chains if len(chain) >= self.fewest - 1]

    def _is_sum(self, call: Any) -> bool:
        if not isinstance(call, Call) or call.func is not np.add or call.kwargs or len(call.args) != 2:
            return False
        values = [*call.args, call.result]
        if not all(type(x) is Value and x.is_array and x.data.ndim for x in values) or call.errstate:
            return False
        return len({layout(x) for x in values}) == 1 and call.args[0] is not call.args[1]

    def _sink(self, groups: list[list[Call]]) -> None:
        """Move the sums of a chain to where its last is, so that what is added may all be there by then."""
        members = {call for group in groups for call in group}
        sunk: dict[Call, list[Call]] = {}
        gone: set[Call] = set()
        where = {call: i for i, call in enumerate(self.calls)}
        for chain in self.chains:
            terms = [chain[0].args[0], *[call.args[1] for call in chain]]
            last = where[chain[-1]]
            good = sum(self.defined.get(self.columns.root(term)) in members for term in terms) >= self.fewest
            if good and not any(self.flow.is_written_between(t.storage, where[chain[0]], last) for t in terms):
                sunk[chain[-1]] = chain
                gone.update(chain)
        calls = []
        for call in self.calls:
            if call in sunk:
                calls += sunk[call]
            elif call not in gone:
                calls.append(call)
        self.calls = calls

    def _add_up(self) -> None:
        """One sum of what lies one behind the other in place of the first sums of a chain."""
        gone: set[Any] = set()
        sums: dict[Any, Stacked] = {}
        where = {call: i for i, call in enumerate(self.calls)}
        for chain in self.chains:
            terms = [chain[0].args[0], *[call.args[1] for call in chain]]
            places = [where.get(call, -1) for call in chain]  # of those that aren't part of a stack themselves
            if places[0] < 0 or places != [*range(places[0], places[0] + len(chain))]:
                continue
            together, column = self.columns.sum_of(terms, self.fewest)
            if column is None or not sums_alike(column.array):
                continue
            members = chain[: together - 1]
            gone.update(members)
            add_up = UfuncMethod(np.add, "reduce")
            sums[members[-1]] = Stacked(members, add_up, [column, 0], {}, None, members[-1].result)
        self.calls = [sums.get(call, call) for call in self.calls if call in sums or call not in gone]

    # One call in place of many ----------------------------------------------------------------------------------------

    def _index(self) -> None:
        """Where storages are read and written now."""
        self._where = {call: i for i, call in enumerate(self.calls)}
        self._reads: dict[Storage, list[int]] = {}
        self._writes: dict[Storage, list[int]] = {}
        self._conditions = [i for i, call in enumerate(self.calls) if isinstance(call, Guard)]
        for i, call in enumerate(self.calls):
            reads, writes = self._effects(call)
            for storage in reads:
                self._reads.setdefault(storage, []).append(i)
            for storage in writes:
                self._writes.setdefault(storage, []).append(i)

    def _join(self, group: list[Call]) -> bool:
        """Make one call of a group, if it can be done at one place and if its arrays can lie one behind the other."""
        low, high = -1, len(self.calls)
        for call in group:
            i = self._where[call]
            reads, writes = self._effects(call)
            for storage in reads:
                low = max(low, _before(self._writes.get(storage), i))
                high = min(high, _behind(self._writes.get(storage), i, high))
            for storage in writes:
                low = max(low, _before(self._reads.get(storage), i), _before(self._writes.get(storage), i))
                high = min(
                    high, _behind(self._reads.get(storage), i, high), _behind(self._writes.get(storage), i, high)
                )
            low = max(low, _before(self._conditions, i))  # nothing is done before a condition that stands before it
        first = self._where[group[0]]
        place = max(low + 1, first)
        joined = self.columns.joined(group) if place <= high else None
        if joined is None:
            return False
        members = set(group)
        before = [call for call in self.calls[:place] if call not in members]
        self.calls = [*before, joined, *[call for call in self.calls[place:] if call not in members]]
        return True


def _data(arg: Any) -> Any:
    return arg.data if type(arg) is Value else arg


def _before(places: list[int] | None, i: int) -> int:
    """The last of these places before i, or -1."""
    k = bisect.bisect_left(places, i) if places else 0
    return places[k - 1] if places and k else -1


def _behind(places: list[int] | None, i: int, end: int) -> int:
    """The first of these places behind i, or the end."""
    k = bisect.bisect_right(places, i) if places else 0
    return places[k] if places and k < len(places) else end
