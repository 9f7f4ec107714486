"""One call of a step, recorded: what it can have read becomes Recorders for as long as it lasts."""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import nullcontext
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import numpy as np

from ..errors import CompileError
from ..node import Ended, new_node
from ..tensor import Tensor
from ..tree import with_parts
from .arguments import rebuilt
from .effects import Method, is_generator
from .places import MISSING, Cell, Item, Place, Slot
from .program import Argument, Call, Made, Part, Program, Storage, Value, file_name
from .recorder import Number, Random, Recorder, wrapped
from .recording import Recording
from .surroundings import IMMUTABLE, NEXT, Surroundings, Watch, holds_still, how_far, unchanged

# Names that a step has which draws from a generator that belongs to nobody; another thread may draw, too
RANDOM = frozenset({
    "random", "rand", "randn", "randint", "randrange", "uniform", "normal", "gauss", "choice", "choices", "sample",
    "shuffle", "permutation", "standard_normal", "random_sample", "seed",
})  # fmt: skip


class Trace:
    """A recorded call: what it gave, the program, and what that depends on. In one that is recorded to be compared
    alone, frames aren't watched, and lines not noted."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        watch: Watch,
        replaced: set[Any],
        is_check: bool = False,
    ):
        self.surroundings = Surroundings(function, watch)
        self.recording = Recording(wrapped, is_check)
        self.arguments: list[Value] = []
        self.reads: list[Value] = []  # numbers, and arrays, that are read from their places at each step
        self.held: list[tuple[Place, Value]] = []  # arrays that must be where they were
        self.replaced: set[Any] = set()  # places where there may be others that lie alike
        self.gradients: list[tuple[Place, Any]] = []  # and what was there: a Value, a Tensor or None
        self.equal: list[tuple[Place, Place]] = []  # of which the second must hold the same number as the first
        self.tensors: list[tuple[Tensor, Any]] = []  # arguments, and their data
        self.watch = Watch()
        self._lifted: list[tuple[Place, Any, Any]] = []  # places, what was there, and what stands there meanwhile
        self._scratch = [(o, o._scratch, o._shared) for o in self.surroundings.optimizers.values()]
        names = argument_names(function, args)
        may_draw = not RANDOM.isdisjoint(self.surroundings.names)
        drawn = drawn_so_far() if may_draw else []
        try:
            self._lift_places()
            given = [rebuilt(arg, self._lift_argument, name) for arg, name in zip(args, names, strict=True)]
            named = {name: rebuilt(arg, self._lift_argument, name) for name, arg in kwargs.items()}
            for optimizer, _, _ in self._scratch:
                optimizer._scratch, optimizer._shared = {}, {}
            with self.recording.going_on(), nullcontext() if is_check else self.watch.watching():
                result = function(*given, **named)
            if may_draw and drawn_so_far() != drawn:
                raise CompileError(
                    "compile: the step draws random numbers from Python's random or from NumPy's own generator, which "
                    "a replay doesn't do; draw them from a np.random.Generator that the step finds in a variable"
                )
            effects = self._effects()
            tree = self._encoded(result)
        finally:
            self._restore()
        self.program = Program(self.recording.calls, tree, effects)
        self.result = made(tree, recorded_values(tree))
        self.title, self.where = described(function)
        self.used = {value for call in self.recording.calls for value in call.inputs}
        # What a step puts anew is read anew by the next, and so are gradients, which are often others
        self.replaced = replaced & self._alone()
        anew = self.program.set_anew | {place.id for place, _ in self.gradients} | self.replaced
        self.reads += [v for place, v in self.held if place.id in anew and v in self.used and v.is_array]
        self.is_plain = not kwargs and all(type(arg) is np.ndarray for arg in args)

    def _alone(self) -> set[Any]:
        """The places of arrays that no other place shows memory of."""
        shown = Counter(value.storage for _, value in self.held)
        return {place.id for place, value in self.held if value.is_array and shown[value.storage] == 1}

    def release(self) -> None:
        """Let go of the arrays that were there before the call, but for those that Values stand for."""
        self._lifted = []
        self.recording.release()

    # Before -----------------------------------------------------------------------------------------------------------

    def _lift_places(self) -> None:
        numbers: dict[Any, tuple[Place, Any]] = {}  # that are the same in the states of several parameters
        for place in self.surroundings.lifted.values():
            before = place.get()
            meanwhile: Any
            if isinstance(before, np.ndarray):
                value = self.recording.value_of(before, place, place.text)
                self.held.append((place, value))
                meanwhile = wrapped(self.recording, value)
            elif is_generator(before):
                meanwhile = Random(self.recording, Value(before, Storage(external=True), place, place.text))
                self.held.append((place, meanwhile._value))
            elif isinstance(before, tuple):
                meanwhile = tuple([self._number(part, Part(place, i)) for i, part in enumerate(before)])
            elif type(before) in (int, float) or isinstance(before, np.floating):
                key = self.surroundings.alike.get(place.id, place.id)
                if key not in numbers:
                    numbers[key] = place, self._number(before, place)
                else:
                    self.equal.append((numbers[key][0], place))
                meanwhile = numbers[key][1]
            else:
                meanwhile = before  # a gradient that isn't there, or is a Tensor
            if type(place) is Slot and place.key == "_grad":
                self.gradients.append((place, getattr(meanwhile, "_value", before)))
            self._lifted.append((place, before, meanwhile))
        for place, _, meanwhile in self._lifted:
            place.set(meanwhile)

    def _number(self, number: Any, source: Any) -> Any:
        value = Value(number, Storage(external=True), source)
        self.reads.append(value)
        return wrapped(self.recording, value)

    def _lift_argument(self, leaf: Any, path: str) -> Any:
        source = Argument(len(self.arguments), path)
        if type(leaf) is not Tensor:
            if not isinstance(leaf, np.ndarray) or id(leaf) in {id(v.data) for v in self.arguments}:
                value = Value(leaf, Storage(external=True), source)
            else:
                value = self.recording.value_of(leaf, source)
            self.arguments.append(value)
            return wrapped(self.recording, value)
        data = leaf._data
        value = self.recording.value_of(data, source)
        self.arguments.append(value)
        self.tensors.append((leaf, data))
        leaf._data = wrapped(self.recording, value)
        return leaf

    # Afterwards -------------------------------------------------------------------------------------------------------

    def _effects(self) -> list[tuple[Place, Any]]:
        """What the call has set: arrays and numbers that it computed."""
        effects = []
        for place, _, meanwhile in self._lifted:
            now = place.get()
            if now is not meanwhile and not (
                type(now) is Recorder and now._value is getattr(meanwhile, "_value", None)
            ):
                effects.append((place, self._encoded(now)))
        for place, before in self.surroundings.guards.values():
            now = place.get()
            if now is MISSING:
                raise CompileError(
                    f"compile: the step deletes {place.text}, which a replay doesn't do; delete it outside"
                )
            if not unchanged(now, before):
                if not self._is_recorded(now):
                    raise CompileError(
                        f"compile: the step changes {place.text} from {before!r} to {now!r}, which a replay doesn't "
                        f"do; pass it as an argument and return what it becomes, or change it outside"
                    )
                effects.append((place, self._encoded(now)))
        for container, length, text in self.surroundings.lengths.values():
            if len(container) != length and not isinstance(container, dict):
                raise CompileError(
                    f"compile: the step changes the length of {text or 'a list'} from {length} to {len(container)}, "
                    f"which a replay doesn't do; return what is appended, and append it outside"
                )
        for container, before, text in self.surroundings.contents.values():
            if not holds_still(container, before):
                raise CompileError(
                    f"compile: the step changes what {text or 'a container'} holds, which a replay doesn't do; return "
                    f"what it becomes, and change it outside"
                )
        self._require_iterators()
        for container, text in self.surroundings.dicts.values():
            effects += self._added(container, text)
        return effects

    def _require_iterators(self) -> None:
        for iterator, before, text in self.surroundings.iterators:
            code = getattr(iterator, "gi_code", None)
            if NEXT in self.watch.deeds or code in self.watch.codes or how_far(iterator) != before:
                raise CompileError(
                    f"compile: the step goes on in an iterator, {text}, which a replay doesn't do; take what is next "
                    f"outside, next({text}), and pass it as an argument"
                )

    def _added(self, container: dict[Any, Any], text: str) -> list[tuple[Place, Any]]:
        known = {
            place.key if isinstance(place.key, str | int) else id(place.key) for place in self._places_in(container)
        }
        added: list[tuple[Place, Any]] = []
        for key, value in [*container.items()]:
            if (key if isinstance(key, str | int) else id(key)) not in known and self._is_recorded(value):
                added.append((Item(container, key, f"{text}.{key}"), self._encoded(value)))
        return added

    def _places_in(self, container: Any) -> list[Place]:
        surroundings = self.surroundings
        places = [*surroundings.lifted.values(), *[place for place, _ in surroundings.guards.values()]]
        return [place for place in places if place.container is container]

    def _is_recorded(self, value: Any) -> bool:
        data = value._data if type(value) is Tensor else value
        return getattr(data, "_recording", None) is self.recording

    def _encoded(self, tree: Any) -> Any:
        """What the step gave, with Values in place of arrays and numbers, and Made in place of new Tensors."""
        kind = type(tree)
        if kind is Tensor:
            known = self.surroundings.tensors.get(id(tree)) is tree or any(tree is t for t, _ in self.tensors)
            if known or not self._is_recorded(tree):
                return tree
            grad = self._encoded(tree._grad) if type(tree._grad) in (Recorder, np.ndarray) else None
            return Made(tree._data._value, tree.name, bool(tree._requires_grad), new_tensor, grad)
        if kind in (Recorder, Number):
            return tree._value
        if kind is Random:
            return tree._value.data
        if kind is np.ndarray:
            return self._array(tree)
        if kind is dict:
            return {key: self._encoded(part) for key, part in tree.items()}
        if isinstance(tree, tuple | list):
            return with_parts(tree, [self._encoded(part) for part in tree])
        if not isinstance(tree, (*IMMUTABLE, type, FunctionType, ModuleType)) and not self.surroundings.knows(tree):
            self.recording.mark_unsuited(f"the step gives a {kind.__name__} that is made anew at each call")
            settle(tree, set())
        elif isinstance(tree, FunctionType) and not self.surroundings.knows(tree):
            settle(tree, set())
        return tree

    def _array(self, array: np.ndarray) -> Value:
        """An array that the step gives: one that was there before, or a copy of what it has made by itself."""
        known = self.recording.known(array)
        if known is not None:
            return known
        value = Value(array, Storage())
        self.recording.calls.append(Call(Method("copy"), (self.recording.value_of(array.copy()),), {}, value))
        return value

    def _restore(self) -> None:
        """Put real arrays where Recorders stand."""
        for optimizer, scratch, shared in self._scratch:
            optimizer._scratch, optimizer._shared = scratch, shared
        for tensor, data in self.tensors:
            tensor._data = data
        everywhere = [*self.surroundings.lifted.values(), *[place for place, _ in self.surroundings.guards.values()]]
        for place, before, meanwhile in self._lifted:
            if place.get() is meanwhile:
                place.set(before)
        for place in everywhere:
            settle_place(place)
        for container, _ in self.surroundings.dicts.values():
            for key in [*container]:
                settle_place(Item(container, key, ""))


def drawn_so_far() -> list[Any]:
    """The states of the generators that belong to nobody: Python's own, and NumPy's, where they are used."""
    states: list[Any] = []
    if "random" in sys.modules:
        states.append(sys.modules["random"].getstate())
    if "numpy.random" in sys.modules:
        states.append(
            [
                str(part) if isinstance(part, str) else bytes(part) if isinstance(part, np.ndarray) else part
                for part in np.random.get_state()
            ]
        )
    return states


def settle_place(place: Place) -> None:
    """Put what it stands for in the place of a Recorder."""
    now = place.get()
    settled = settle(now, None)
    if settled is not now:
        place.set(settled)


def settle(tree: Any, seen: set[int] | None) -> Any:
    """What stands there when a recorded call has ended, with real values in place of Recorders. Tensors are changed in
    place; so is, given a set for their ids, all else that the call has made."""
    if type(tree) in (Recorder, Number, Random):
        return tree._value.data
    if type(tree) is Tensor:
        for slot in ("_data", "_grad"):
            if type(getattr(tree, slot, None)) is Recorder:
                setattr(tree, slot, np.asarray(getattr(tree, slot)._value.data))
    elif isinstance(tree, tuple):
        parts = [settle(part, seen) for part in tree]
        if any(new is not old for new, old in zip(parts, tree, strict=True)):
            return with_parts(tree, parts)
    elif seen is not None and id(tree) not in seen and not isinstance(tree, (*IMMUTABLE, type, ModuleType, np.ndarray)):
        seen.add(id(tree))
        for place in places_inside(tree):
            now = place.get()
            settled = settle(now, seen)
            if settled is not now:
                place.set(settled)
    return tree


def places_inside(thing: Any) -> list[Place]:
    """Where an object keeps what it has: items, attributes, variables around a function."""
    keys = [*thing] if isinstance(thing, dict) else range(len(thing)) if isinstance(thing, list | deque) else ()
    places: list[Place] = [Item(thing, key, "") for key in keys]
    places += [Item(vars(thing), name, "") for name in getattr(thing, "__dict__", ())]
    places += [Cell(cell, "", "") for cell in getattr(thing, "__closure__", None) or ()]
    for kind in type(thing).__mro__:
        slots = [name for name, found in vars(kind).items() if isinstance(found, MemberDescriptorType)]
        places += [Slot(thing, name, "") for name in slots if kind.__module__ != "builtins"]
    return places


def described(function: Callable[..., Any]) -> tuple[str, str]:
    """The name of a function, and where it is, if that is known."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    if code is None or str(getattr(function, "__module__", "")).startswith("tensorgrad."):
        return name, ""
    return name, f"{os.path.basename(file_name(code.co_filename))}, line {code.co_firstlineno}"


def argument_names(function: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """What the parameters are called that positional arguments are given for."""
    try:
        bound = inspect.signature(function).bind_partial(*args)
    except (TypeError, ValueError):
        return [f"arg{i}" for i in range(len(args))]
    names: list[str] = []
    for name, value in bound.arguments.items():
        several = bound.signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        names += [f"{name}_{i}" for i in range(len(value))] if several else [name]
    return names


def made(tree: Any, values: Any) -> Any:
    """The results, given the values in their structure: new Tensors where they were new."""
    kind = type(tree)
    if kind is Value:
        return values
    if kind is Made:
        data, grad = (values, None) if tree.grad is None else values
        return tree.make(data, tree.name, tree.requires_grad, grad)
    if kind is dict:
        return {key: made(part, values[key]) for key, part in tree.items()}
    if isinstance(tree, tuple | list):
        return with_parts(tree, [made(part, value) for part, value in zip(tree, values, strict=True)])
    return tree


def recorded_values(tree: Any) -> Any:
    """What the results were in the recorded call, in their structure."""
    kind = type(tree)
    if kind is Value:
        return tree.data
    if kind is Made:
        return tree.value.data if tree.grad is None else (tree.value.data, tree.grad.data)
    if kind is dict:
        return {key: recorded_values(part) for key, part in tree.items()}
    if isinstance(tree, tuple | list):
        return [recorded_values(part) for part in tree]
    return tree


def new_tensor(data: Any, name: str, requires_grad: bool, grad: Any = None) -> Tensor:
    """A Tensor of what a replay has computed; no gradient flows back through it."""
    data = data if type(data) is np.ndarray else np.asarray(data)
    tensor: Tensor = new_node(Tensor, data, requires_grad, REPLAYED, None)
    tensor.name, tensor._grad = name, None if grad is None else np.asarray(grad)
    return tensor


REPLAYED = Ended(
    "it was computed by a compiled function, through which no gradient flows back; compile a function that calls "
    "backward itself, or the gradient, compile(grad(f))"
)
