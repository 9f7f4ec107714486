"""Replay: a program that can be run again, and what must hold for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..memory import changes, owner_of
from ..node import orders
from .effects import Draw
from .guards import GONE, conditions_of, first_change, write_guards
from .history import History, applied, is_due
from .naming import Names, Wishes
from .passes.flow import may_raise
from .places import Slot
from .program import Argument, Call, Guard, Made, Program, Value
from .source import Writer, write_program
from .tracing import Trace, made

BAIL = object()  # what a replay gives where a condition comes out otherwise: nothing has happened then


class Held:
    """What a recorded call read beside its arguments, and whether that is as it was."""

    def __init__(self, trace: Trace):
        self.trace, self.names = trace, Names()
        writer = Writer(trace.program, self.names, Wishes(trace))
        self._conditions = conditions_of(trace, writer)
        text = write_guards(trace, writer, self._conditions)
        exec(compile(text, "<what a compiled step reads>", "exec"), self.names.namespace)
        self.takes: Callable[..., bool] = self.names.namespace["takes"]
        self._holds: Callable[[], bool] = self.names.namespace["holds"]

    def holds(self) -> bool:
        """Whether all is as it was."""
        try:
            return self._holds()
        except GONE:
            return False

    def first_change(self) -> str:
        """What isn't as it was, in words."""
        return first_change(self._conditions, self.names.namespace)

    def forget(self) -> None:
        """Let go of all that was recorded."""
        self.names.namespace.clear()


class Replay:
    """A program, made of a recorded call, and what becomes of its values."""

    def __init__(self, trace: Trace, passes: Sequence[Callable[[Program], Program]], history: History):
        self._history = history
        trace.release()
        forget(trace)
        program = trace.program.copied()
        names = Names()
        names.namespace["bail"] = BAIL
        for value in (*[value for _, value in trace.held], *trace.recording.constants):
            if value not in trace.reads:
                program.memory[value] = value.data
        program, self.notes = applied(program, passes)
        self.trace, self.held, self.program = trace, Held(trace), program
        self.source = write_program(trace, program, names, Wishes(trace, program))
        exec(compile(self.source, "<compiled step>", "exec"), names.namespace)
        self._step = names.namespace["step"]
        self.takes, self.holds = self.held.takes, self.held.holds
        self.is_plain = trace.is_plain
        self._first_write = program.first_write or 1_000_000  # the line from which on an error finds something changed
        self._at_risk = self._written_before_an_end()
        self._sources = [v for v in _external(program) if any(_draws(call, v) for call in program.calls)]
        self._written = self._written_arrays()
        self.held.names.namespace["written"].update(self._written)
        self._marked = [t for t in trace.surroundings.tensors.values() if id(owner_of(t._data)) in self._written]
        self._written_anew = self._arrays_read_and_written()
        self._note = changes.repeatedly([t._data for t in self._marked])
        self._noted_anew = [t for t in self._marked if Slot(t, "_data", "").id in trace.replaced]
        self._finish = self._builder()

    # Before -----------------------------------------------------------------------------------------------------------

    def is_apart(self, arrays: Sequence[Any]) -> bool:
        """Whether no argument shares memory with an array that the step writes into beside them."""
        written = self._written
        for array in arrays:
            base = getattr(array, "base", None)
            if id(array if base is None else base) in written:
                return False
        return not self._written_anew or self._is_apart_from_these(arrays)

    def _is_apart_from_these(self, arrays: Sequence[Any]) -> bool:
        owners = {id(owner_of(array)) for array in arrays if type(array) is np.ndarray}
        return not any(id(owner_of(value.source.get())) in owners for value in self._written_anew)

    def _arrays_read_and_written(self) -> list[Value]:
        """What is read from its place at each step, and written into."""
        storages = {value.storage for call in self.program.calls for value in call.writes}
        return [value for value in self.trace.reads if value.is_array and value.storage in storages]

    def _written_arrays(self) -> dict[int, Any]:
        """The memory that is written into and was there before, arguments left out; by ids."""
        storages = {value.storage for call in self.program.calls for value in call.writes if value.storage.external}
        held = [value.data for _, value in self.trace.held if value.storage in storages and value.is_array]
        return {id(owner_of(array)): array for array in held}

    def _written_before_an_end(self) -> list[Value]:
        """Arrays from outside that are written into before a condition is asked, or before a call that may raise an
        error: that must be undone."""
        calls = self.program.calls
        last = max([i for i, call in enumerate(calls) if isinstance(call, Guard) or may_raise(call)], default=0)
        storages = {value.storage for call in calls[:last] for value in call.writes if value.storage.external}
        return [value for value in _external(self.program) if value.storage in storages and value.is_array]

    # A replay ---------------------------------------------------------------------------------------------------------

    def next(self, args: tuple[Any, ...]) -> Any:
        """The next call, for arguments that it takes; or BAIL, if it may not be replayed."""
        history = self._history
        calls = history.calls + 1
        if not self.holds() or is_due(calls):
            return BAIL
        if self._written_anew and not self._is_apart_from_these(args):
            return BAIL
        values = self.run(args)
        if values is not BAIL:
            history.calls = calls
        return values

    def run(self, leaves: Sequence[Any]) -> Any:
        """The values that the program gives for these arguments; or BAIL, and nothing has happened."""
        undo = self._backup(leaves) if self._at_risk or self._sources else None
        try:
            values = self._step(*leaves)
        except Exception as error:
            line = error.__traceback__.tb_next.tb_lineno if error.__traceback__ and error.__traceback__.tb_next else 0
            if line >= self._first_write and not self._at_risk:
                raise
            values = BAIL  # the function itself raises it, with the line, and leaves all as it does
        if values is BAIL:
            if undo is not None:
                undo()
            return BAIL
        if self._marked:
            self._mark()
        return values

    def finish(self, values: tuple[Any, ...]) -> Any:
        """What the step gives."""
        return self._finish(values)

    def _array_of(self, value: Value, leaves: Sequence[Any]) -> Any:
        """The array, or the generator, that a value from outside is in this replay."""
        if isinstance(value.source, Argument):
            return leaves[value.source.number]
        return value.source.get() if value in self.trace.reads else value.data

    def _backup(self, leaves: Sequence[Any]) -> Callable[[], None]:
        arrays = [self._array_of(value, leaves) for value in self._at_risk]
        copies = [array.copy() for array in arrays]
        sources = [self._array_of(value, leaves) for value in self._sources]
        states = [_state(source) for source in sources]

        def undo() -> None:
            for array, copy in zip(arrays, copies, strict=True):
                np.copyto(array, copy)
            for source, state in zip(sources, states, strict=True):
                _set_state(source, state)

        return undo

    def _mark(self) -> None:
        """Note that data have changed: a graph that used them can't go backward any more."""
        order = next(orders)
        for tensor in self._marked:
            tensor._order = order
        self._note((order, "", None))
        for tensor in self._noted_anew:
            changes.note(tensor._data, (order, "", None))

    # Results ----------------------------------------------------------------------------------------------------------

    def _builder(self) -> Callable[[Any], Any]:
        """What makes the results of what the program returns."""
        results = self.program.results
        if type(results) is Value:
            return lambda values: values
        if type(results) is Made and results.grad is None:
            return lambda values: results.make(values, results.name, results.requires_grad)
        return lambda values: made(results, values)


def forget(trace: Trace) -> None:
    """Let go of the arrays that were computed when it was recorded; their layouts stay."""
    for call in trace.program.calls:
        for value in call.outputs:
            if value.source is None and value.is_array:
                value.data = hollow(value.data)
    for value in trace.arguments:
        if value.is_array:
            value.data = hollow(value.data)


def hollow(array: np.ndarray) -> np.ndarray:
    """An array of the same shape, dtype and strides, with the memory of one element; it isn't to be read."""
    return np.lib.stride_tricks.as_strided(np.zeros(1, array.dtype), array.shape, array.strides, writeable=False)


def _external(program: Program) -> list[Value]:
    """The values that were there before the call."""
    found = dict.fromkeys(value for call in program.calls for value in call.inputs if value.storage.external)
    return [value for value in found if value.source is not None]


def _draws(call: Any, value: Value) -> bool:
    return isinstance(call, Call) and type(call.func) is Draw and call.args[0] is value


def _state(source: Any) -> Any:
    return source.get_state() if hasattr(source, "get_state") else source.bit_generator.state


def _set_state(source: Any, state: Any) -> None:
    if hasattr(source, "get_state"):
        source.set_state(state)
    else:
        source.bit_generator.state = state
