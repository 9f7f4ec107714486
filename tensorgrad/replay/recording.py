"""Recording: what a call does, written down as it goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import CompileError
from ..memory import owner_of
from ..tree import with_parts
from .effects import METADATA, Draw, Method, in_position, is_kind_by_values, shapes_by, written
from .locations import location
from .places import Place
from .program import CONSTANT, Call, Guard, Line, Storage, Value, replaced, values_in


class _Current(threading.local):
    recording: Recording | None = None


_NOWHERE = Line()
current = _Current()  # the recording that goes on in this thread


class Recording:
    """The calls and guards of one call of a function, in order, and the values of the arrays that they met."""

    def __init__(self, wrap: Callable[[Recording, Value], Any], is_check: bool = False) -> None:
        self._is_check = is_check  # whether it is compared with another alone
        self.calls: list[Call | Guard] = []
        self.constants: list[Value] = []
        self.unsuited: tuple[str, Line] | None = None  # why this call can't be replayed, and where
        self.errstate = np.geterr()
        self._wrap = wrap
        self._values: dict[int, Value] = {}  # of arrays from outside, by their ids
        self._storages: dict[int, Storage] = {}  # of the memory that they show
        self._chosen: set[Any] = set()  # what the step has chosen by already
        self._held: list[Any] = []  # what must live on, so that no id is used again

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While this lasts, what this thread does is recorded here."""
        outer, current.recording = current.recording, self
        try:
            yield
        finally:
            current.recording = outer

    @property
    def is_open(self) -> bool:
        """Whether what this thread does now is recorded here."""
        return current.recording is self

    def value_of(self, array: Any, source: Any = CONSTANT, name: str = "") -> Value:
        """The Value of an array from outside, the same each time."""
        value = self._values.get(id(array))
        if value is None:
            owner = owner_of(array)
            storage = self._storages.setdefault(id(owner), Storage(external=True))
            value = self._values[id(array)] = Value(array, storage, source, name)
            self._held += (array, owner)
            if source is CONSTANT:
                self.constants.append(value)
        return value

    def known(self, array: Any) -> Value | None:
        """The Value of an array that was there before."""
        value = self._values.get(id(array))
        return value if value is not None and value.source is not CONSTANT else None

    def call(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """func(*args, **kwargs), written down."""
        given = args, kwargs
        args, kwargs = self._encoded(args), self._encoded(kwargs)
        if not self.is_open or func in METADATA:  # of another thread, nothing is recorded
            real_args, real_kwargs = replaced((args, kwargs), data_of)
            return func(*real_args, **real_kwargs)
        if self._is_check:
            return self._record(func, args, kwargs, given)
        watch = sys.getprofile()
        sys.setprofile(None)  # what is done here is no part of the step
        try:
            return self._record(func, args, kwargs, given)
        finally:
            sys.setprofile(watch)

    def _record(self, func: Callable[..., Any], args: Any, kwargs: Any, given: Any) -> Any:
        """The same, of which the arguments are encoded already."""
        args, kwargs = in_position(func, args, kwargs)
        real_args, real_kwargs = replaced((args, kwargs), data_of)
        changed = written(func, args, kwargs)
        if type(func) is Draw and any(isinstance(thing, list) for thing in changed):
            raise CompileError(
                f"compile: {func.__name__} changes a list, which a replay doesn't do; make it an array{location().told}"
            )
        writes = tuple(values_in(changed))
        for value in writes:
            self._require_known(func, value)
        shaping = self._pinned(func, args, kwargs)
        y = func(*real_args, **real_kwargs)
        outer: Any = self.errstate
        errstate = {kind: what for kind, what in np.geterr().items() if what != outer[kind]}
        line = self._line()
        if y is None and not writes:  # as np.save
            raise CompileError(
                f"compile: {func.__name__} does something with a value inside the step, which isn't repeated when the "
                f"step is replayed: return the value, and do that outside{line.told}"
            )
        call = Call(func, args, kwargs, None, writes, line, errstate or None)
        seen, call.result = self._decoded(y, call, given)
        if writes or call.result is None or call.result not in call.inputs:  # else it gave what it was given
            self.calls.append(call)
        if shaping:
            self._require_shape(call, shaping)
        if is_kind_by_values(func):
            self._guard(np.iscomplexobj, call)
        return seen

    def _pinned(self, func: Callable[..., Any], args: Any, kwargs: Any) -> list[Value]:
        """The values that say what shape func gives, but for constants and single numbers: these become guards."""
        values = [v for v in values_in(shapes_by(func, args, kwargs)) if v.source is not CONSTANT]
        for value in values:
            if not np.ndim(value.data):
                self.choose(value, np.asarray(value.data).item())
        return [value for value in values if np.ndim(value.data)]

    def _require_shape(self, call: Call, shaping: list[Value]) -> None:
        """The call is unsuited, where a shape depends on values; but if these are in a variable, which changes rarely,
        the number of elements is guarded."""
        if not all([isinstance(v.source, Place) and np.size(y.data) for v in shaping for y in call.outputs]):
            self.mark_unsuited(f"{call.func.__name__} gives an array whose shape depends on values", call.line)
            return
        self._guard(np.size, call)

    def _guard(self, question: Callable[..., Any], call: Call) -> None:
        """What there is to know of the results of a call, which depends on values, becomes a guard."""
        for y in call.outputs:
            answer = Value(question(y.data), Storage())
            self.calls.append(Call(question, (y,), {}, answer, line=call.line))
            self.choose(answer, answer.data)

    def own_copy(self, array: Any) -> Any:
        """A copy of an array that others hold, too; in another recording it may be that nobody does."""
        copy = self.call(Method("copy"), array)
        if self.is_open:
            call: Any = self.calls[-1]
            call.is_optional = True
        return copy

    def _line(self) -> Line:
        return _NOWHERE if self._is_check else location()

    def choose(self, value: Value, found: Any) -> Any:
        """found, on which the further course of the step depends: a guard."""
        choice = value, type(found), found
        if self.is_open and (value.is_array or choice not in self._chosen):  # a number stays what it is
            self._chosen.add(choice)
            self.calls.append(Guard(value, found, self._line()))
        return found

    def mark_unsuited(self, reason: str, line: Line | None = None) -> None:
        """Note that this call can't be replayed, and why."""
        self.unsuited = self.unsuited or (reason, line or location())

    def shows(self, view: Any, array: Any, index: Any) -> bool:
        """Whether view is array[index] already, as in array[index] += 1, which writes into it and then assigns it."""
        view, array, index = replaced(self._encoded((view, array, index)), data_of)
        part = array[index]
        if type(part) is not np.ndarray or type(view) is not np.ndarray or part.shape != view.shape:
            return False
        same = part.__array_interface__["data"] == view.__array_interface__["data"] and part.strides == view.strides
        return same and part.dtype == view.dtype

    def release(self) -> None:
        """Let go of arrays from outside, when nothing more is recorded."""
        self._held, self._values, self._storages = [], {}, {}

    def _require_known(self, func: Callable[..., Any], value: Value) -> None:
        if value.source is CONSTANT:
            line = location()
            raise CompileError(
                f"compile: {func.__name__} writes into an array of shape {np.shape(value.data)} that the step has made "
                f"of nothing that is recorded, so what becomes of it can't be followed; make it like an argument, "
                f"np.zeros_like(x, shape=...) or np.zeros(shape, like=x){line.told}"
            )

    def _encoded(self, tree: Any) -> Any:
        """tree with Values in place of arrays."""
        if hasattr(tree, "__recorded__"):
            return tree.__recorded__(self)
        kind = type(tree)
        if kind is np.ndarray:
            return self.value_of(tree)
        if isinstance(tree, tuple | list):
            return with_parts(tree, [self._encoded(part) for part in tree])
        if kind is dict:
            return {key: self._encoded(part) for key, part in tree.items()}
        if kind is slice:
            return slice(*[self._encoded(part) for part in (tree.start, tree.stop, tree.step)])
        return tree

    def _decoded(self, y: Any, call: Call, given: Any) -> tuple[Any, Any]:
        """What the step goes on with, and its Values, given what a function gave."""
        if isinstance(y, tuple | list):
            parts = [self._decoded(part, call, given) for part in y]
            return with_parts(y, [part for part, _ in parts]), tuple([value for _, value in parts])
        if y is None:
            return None, None
        inputs = call.inputs
        same = [value for value in inputs if value.data is y and value.is_array][:1]
        if same:
            found = found_in(given, same[0])
            return (self._wrap(self, same[0]) if found is None else found), same[0]
        storage = None
        if type(y) is np.ndarray:
            if y.base is not None:
                owner = owner_of(y)
                storage = next((v.storage for v in inputs if v.is_array and owner_of(v.data) is owner), None)
        elif not isinstance(y, np.generic | bool | int | float | complex):
            raise CompileError(
                f"compile: {call.func.__name__} gives a {type(y).__name__}, which isn't recorded: return what it is "
                f"made of, and make it outside{call.line.told}"
            )
        value = Value(y, storage or Storage())
        return self._wrap(self, value), value


def found_in(tree: Any, value: Value) -> Any:
    """What stands for this value among the arguments of a call, or None: a function that gives its argument gives the
    same object."""
    if isinstance(tree, tuple | list):
        return next((found for part in tree if (found := found_in(part, value)) is not None), None)
    if type(tree) is dict:
        return found_in([*tree.values()], value)
    return tree if getattr(tree, "_value", None) is value else None


def data_of(value: Value) -> Any:
    """What a value was when it was recorded."""
    return value.data
