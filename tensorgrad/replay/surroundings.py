"""What a step can read beside its arguments: the variables that its functions name, the attributes of what these hold,
items of lists and dicts. Arrays and numbers of optimisers there are followed; all else is guarded."""

from __future__ import annotations

import functools
import gc
import itertools
import operator
import os
import sys
import time
from array import array
from collections import UserDict, UserList, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..node import orders
from ..optim.lbfgs import LBFGS
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from ..tree import Tree
from .effects import is_generator, is_same
from .locations import LIBRARIES, RECORDING, is_library, is_of_library
from .places import MISSING, Cell, Item, OfClass, Place, Slot
from .recorder import Number, Random, Recorder

IMMUTABLE = (int, float, complex, str, bytes, type(None), np.generic, np.dtype, slice, range, frozenset)
NO_ROOTS = (*IMMUTABLE, np.ndarray, Tensor, Recorder, Number, list, tuple, dict)  # no objects with attributes
MANY = 1000  # items of a list or dict that are too many to be watched one by one
CACHED = type(functools.lru_cache(is_library))
OF_PYTHON = ("builtins", "itertools")
ANY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr", "vars", "__dict__"})  # takes names that are computed
NEXT = "goes on in an iterator"
CLOCKS = (time.time, time.time_ns, time.perf_counter, time.perf_counter_ns, time.monotonic, time.process_time)
DEEDS = {id(clock): "reads the clock" for clock in CLOCKS}  # by ids: not all that is called has a hash
DEEDS |= {id(print): "prints", id(open): "opens a file", id(input): "asks for input", id(next): NEXT}


class Watch:
    """The frames of a call: which names their code has, and the objects that they were given."""

    def __init__(self) -> None:
        self.codes: dict[CodeType, dict[str, Any]] = {}  # with their global variables
        self.roots: list[tuple[Any, str]] = []
        self.deeds: dict[str, tuple[str, int, str]] = {}  # what a replay doesn't do again, and where
        self._passed_over: dict[int, CodeType] = {}  # of the libraries, by ids: to hash a code takes long

    def _event(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call":
            self._note(frame, arg)
        if event != "call" and event != "return":
            return
        if event == "call" and frame.f_back is not None and not self._is_library(frame.f_back):
            name_variables(frame.f_back)  # each time, for they may have others soon
        if self._is_library(frame):
            if event == "call" and frame.f_globals.get("__name__") == "logging" and frame.f_code.co_name == "handle":
                self._remember("logs a message", frame)
            return
        code = frame.f_code
        if event == "return":
            name_variables(frame)
        elif code not in self.codes:
            self.codes[code] = frame.f_globals
            count = code.co_argcount + code.co_kwonlyargcount
            given = [(frame.f_locals.get(name), name) for name in code.co_varnames[:count]]
            self.roots += [
                (value, name) for value, name in given if not isinstance(value, NO_ROOTS) and not is_iterator(value)
            ]

    def _note(self, frame: FrameType, func: Any) -> None:
        """Remember that a function of Python's was called that does something beside giving a value."""
        deed = DEEDS.get(id(func)) or ("writes" if getattr(func, "__name__", "") in ("write", "writelines") else "")
        if deed and (deed == DEEDS[id(open)] or not self._is_library(frame)):
            self._remember(deed, frame)

    def _remember(self, deed: str, frame: FrameType | None) -> None:
        while frame is not None and self._is_library(frame) and frame.f_globals.get("__name__") != RECORDING:
            frame = frame.f_back
        if frame is not None and not self._is_library(frame):
            self.deeds.setdefault(deed, (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))

    def _is_library(self, frame: FrameType) -> bool:
        code = frame.f_code
        if id(code) in self._passed_over:
            return True
        if is_library(frame):
            self._passed_over[id(code)] = code
            return True
        return False

    def add(self, other: Watch) -> None:
        """Add what was seen in another call."""
        self.codes.update(other.codes)
        self.roots = other.roots

    @contextmanager
    def watching(self) -> Iterator[None]:
        before: Any = sys.getprofile()
        collecting = gc.isenabled()
        gc.disable()  # what it calls back is no part of the step
        sys.setprofile(self._event)
        try:
            yield
        finally:
            if collecting:
                gc.enable()
            if before is None or callable(before):
                sys.setprofile(before)
            else:  # cProfile's, which sets itself
                before.enable()


def name_variables(frame: FrameType) -> None:
    """Give values the names of the variables that hold them."""
    for name, value in [*frame.f_locals.items()]:
        data = value._data if type(value) is Tensor else value
        if type(data) is Recorder and not data._value.name:
            data._value.name = name


def names_of(code: CodeType) -> set[str]:
    """The names of variables and attributes that this code, and that of functions inside of it, reads; also those that
    it has as texts, as for getattr."""
    inner = [names_of(part) for part in code.co_consts if isinstance(part, CodeType)]
    texts = [part for part in code.co_consts if isinstance(part, str) and part.isidentifier()]
    return set(code.co_names).union(texts, *inner)


class Surroundings:
    """All that a function, and the frames that were watched, can have read."""

    def __init__(self, function: Any, watch: Watch):
        self.lifted: dict[Any, Place] = {}  # of arrays, generators, and numbers that are read at each step
        self.guards: dict[Any, tuple[Place, Any]] = {}  # places, and what was there
        self.absent: dict[
            Any, tuple[Mapping[str, Any], str, str]
        ] = {}  # attributes that an object takes from its class
        self.lengths: dict[int, tuple[Any, int, str]] = {}
        self.contents: dict[int, tuple[Any, list[Any], str]] = {}  # sets and the like, and what they hold
        self.iterators: list[tuple[Any, Any, str]] = []  # and how far they are
        self.dicts: dict[int, tuple[dict[Any, Any], str]] = {}
        self.optimizers: dict[int, Optimizer] = {}
        self.alike: dict[Any, Any] = {}  # of numbers that are the same for all parameters, whose they are
        self.tensors: dict[int, Tensor] = {}
        self.names = set().union(*map(names_of, watch.codes))  # of variables and attributes, in the step's code
        self._seen: dict[int, Any] = {}
        if self.names & {"environ", "getenv"}:
            self._compare_contents(getattr(os.environ, "_data", {}), "os.environ")
        self._inside(function, "")
        for code, variables in watch.codes.items():
            self._look_at_names(variables, names_of(code), "")
        for value, name in watch.roots:
            self._inside(value, name)

    def knows(self, thing: Any) -> bool:
        """Whether this was there before the step."""
        return self._seen.get(id(thing)) is thing

    def look(self, place: Place) -> None:
        """What is at this place, and what is inside of it."""
        value = place.get()
        if value is MISSING or place.id in self.guards or place.id in self.lifted:
            return
        if type(value) in (Recorder, Number, Random):  # in an object of the call that was recorded, which has ended
            return
        if (type(value) is np.ndarray and not value.dtype.hasobject) or is_generator(value):
            self.lifted[place.id] = place
            return
        self.guards[place.id] = place, value
        if not isinstance(value, IMMUTABLE):
            self._inside(value, place.text)

    def _inside(self, value: Any, text: str) -> None:
        if id(value) in self._seen or isinstance(value, (*IMMUTABLE, np.ndarray, np.ufunc)):
            return
        self._seen[id(value)] = value
        if type(value) is Tensor:
            self._look_at_tensor(value, text)
        elif isinstance(value, list | tuple | dict | deque):
            self._look_at_items(value, text)
        elif isinstance(value, set | bytearray | array):
            self._compare_contents(value, text)
        elif is_iterator(value):
            if value is not orders:  # the numbers that nodes get, of which no result depends
                self.iterators.append((value, how_far(value), text))
        elif isinstance(value, UserDict | UserList):
            self._inside(value.data, text)
        elif isinstance(value, type):
            self._look_at_class(value, text)
        elif isinstance(value, FunctionType):
            self._look_at_function(value)
        elif isinstance(value, BuiltinFunctionType):
            self.names.add(value.__name__)
        elif isinstance(value, MethodType):
            self._inside(value.__func__, text)
            self._inside(value.__self__, text)
        elif isinstance(value, CACHED):
            self._inside(value.__wrapped__, text)
        elif isinstance(value, functools.partial):
            self._inside(value.func, text)
            self._inside((value.args, value.keywords), text)
        elif getattr(type(value), "is_compiled", False):  # a step inside of this one; what it keeps beside is its own
            self._inside(value.function, text)
        elif isinstance(value, Optimizer):
            self._look_at_optimizer(value, text)
        elif isinstance(value, ModuleType):
            if not is_foreign(value):
                self._look_at_names(vars(value), self.names, text + ".")
        else:
            self._look_at_attributes(value, text)

    def _look_at_tensor(self, tensor: Tensor, text: str) -> None:
        self.tensors[id(tensor)] = tensor
        for slot, name in (("_data", ""), ("_grad", ".grad"), ("_requires_grad", ".requires_grad")):
            place = Slot(tensor, slot, text + name)
            if slot == "_grad":
                self.lifted[place.id] = place
            else:
                self.look(place)

    def _look_at_items(self, value: Any, text: str) -> None:
        if isinstance(value, dict):
            self.dicts[id(value)] = value, text
        if not isinstance(value, tuple):
            self.lengths[id(value)] = value, len(value), text
        if len(value) > MANY:
            self._compare_contents(value, text)
            return
        for key in [*value] if isinstance(value, dict) else range(len(value)):
            place = Item(value, key, f"{text}[{key!r}]" if isinstance(key, str | int) else f"{text}[...]")
            if isinstance(value, tuple):
                self._inside(place.get(), place.text)
            else:
                self.look(place)

    def _compare_contents(self, value: Any, text: str) -> None:
        self.contents[id(value)] = value, parts_of(value), text

    def _look_at_function(self, function: FunctionType) -> None:
        code, name = function.__code__, function.__name__
        if is_of_library(function.__module__, code):  # grad(f) has f
            for cell in function.__closure__ or ():
                self._inside(Cell(cell, "", "").get(), "")
            return
        for cell, variable in zip(function.__closure__ or (), code.co_freevars, strict=True):
            self.look(Cell(cell, variable, variable))
        for attribute in ("__code__", "__defaults__", "__kwdefaults__"):
            if getattr(function, attribute) is not None:
                self.look(Slot(function, attribute, f"{name}.{attribute}"))
        if vars(function):
            self._look_at_attributes(function, name)
        self.names |= names_of(code)
        self._look_at_names(function.__globals__, names_of(code), "")

    def _look_at_names(self, variables: dict[str, Any], names: set[str], before: str) -> None:
        for name in sorted(names & variables.keys()):
            self.look(Item(variables, name, before + name))

    def _look_at_optimizer(self, optimizer: Optimizer, text: str) -> None:
        """Its groups are looked at as dicts, of which numbers are read at each step, as are those of its state."""
        self.optimizers[id(optimizer)] = optimizer
        self.look(Item(vars(optimizer), "param_groups", f"{text}.param_groups"))
        if isinstance(optimizer, LBFGS) and "state" not in self.names:
            return  # its own step is never part of this one, and changes all of it
        self.look(Item(vars(optimizer), "state", f"{text}.state"))
        for group in optimizer.param_groups:
            for name, value in group.items():
                numbers = isinstance(value, tuple) and all(type(part) is float for part in value)
                if type(value) is float or numbers:
                    self._lift_instead(Item(group, name, f"{text}.{name}"))
            for p in group["params"]:
                for name, value in optimizer.state.get(p, {}).items():
                    if type(value) in (int, float) or isinstance(value, np.floating):
                        place = Item(optimizer.state[p], name, f"{text}.{name}")
                        self._lift_instead(place)
                        self.alike[place.id] = id(group), name, value

    def _lift_instead(self, place: Place) -> None:
        self.guards.pop(place.id, None)
        self.lifted[place.id] = place

    def _look_at_attributes(self, value: Any, text: str) -> None:
        attributes = getattr(value, "__dict__", None)
        ours = isinstance(value, Tree) or type(value).__module__.partition(".")[0] == "tensorgrad"
        ours = ours or not self.names.isdisjoint(ANY_NAME)
        if isinstance(attributes, dict):
            self.dicts[id(attributes)] = attributes, text
            if ours:
                self.lengths[id(attributes)] = attributes, len(attributes), f"what is in {text}"  # as hooks are
            for name in sorted(attributes if ours else attributes.keys() & self.names):
                self.look(Item(attributes, name, f"{text}.{name}"))
        kinds = users_bases(type(value))
        for number, kind in enumerate(kinds):
            for name in sorted(vars(kind).keys() & self.names):
                if isinstance(attributes, dict) and name not in attributes and not name.startswith("__"):
                    self.absent[id(attributes), name] = attributes, name, f"{text}.{name}"
                self._look_for_nearer(kinds[:number], name, f"{text}.{name}")
                self._look_at_what_is_shared(value, kind, name, f"{text}.{name}")

    def _look_for_nearer(self, kinds: list[type], name: str, text: str) -> None:
        """What a class takes from one further up is no more seen where one of these gets its own."""
        for kind in kinds:
            if name not in vars(kind):
                self.absent[kind, name] = vars(kind), name, text

    def _look_at_what_is_shared(self, value: Any, kind: type, name: str, text: str) -> None:
        """What a class has under this name, for an object of it or for the class itself."""
        found = vars(kind)[name]
        if isinstance(found, FunctionType):
            self._inside(found, text)
        elif isinstance(found, staticmethod | classmethod):
            self._inside(found.__func__, text)
            self._inside(kind, kind.__name__)
        elif isinstance(found, property):
            self._inside(found.fget, text)
        elif isinstance(found, functools.cached_property):
            self._inside(found.func, text)
        elif isinstance(found, MemberDescriptorType):  # of __slots__
            if value is not kind:
                self.look(Slot(value, name, text))
        elif not hasattr(found, "__get__") and not name.startswith("__"):
            self.look(OfClass(kind, name, text))

    def _look_at_class(self, kind: type, text: str) -> None:
        """What is read of a class as it is, Settings.rate; a class without a module of its own is Python's."""
        bases = users_bases(kind)
        for number, base in enumerate(bases):
            self._seen[id(base)] = base
            for name in sorted(vars(base).keys() & self.names):
                self._look_for_nearer(bases[:number], name, f"{text}.{name}")
                self._look_at_what_is_shared(base, base, name, f"{text or base.__name__}.{name}")


def is_foreign(module: ModuleType) -> bool:
    """Whether a module is no part of the user's program."""
    name, file = module.__name__.partition(".")[0], getattr(module, "__file__", None) or ""
    return name in LIBRARIES or "site-packages" in file


def users_bases(kind: type) -> list[type]:
    """A class and what it inherits from, but for Python's classes and those of libraries."""
    return [base for base in kind.__mro__ if base is not object and base.__module__.partition(".")[0] not in LIBRARIES]


def is_iterator(value: Any) -> bool:
    """Whether this is one of Python's iterators, of which a generator is one."""
    return type(value).__module__ in OF_PYTHON and isinstance(value, Iterator)


def how_far(iterator: Any) -> Any:
    """What tells how far one of Python's iterators is, as well as that can be seen."""
    return repr(iterator) if isinstance(iterator, itertools.count) else operator.length_hint(iterator, -1)


def parts_of(container: Any) -> list[Any]:
    """What a container holds, keys before values."""
    return [*container, *container.values()] if isinstance(container, dict) else [*container]


def holds_still(container: Any, before: list[Any]) -> bool:
    """Whether a container holds what it held."""
    now = parts_of(container)
    return len(now) == len(before) and all(map(unchanged, now, before))


def unchanged(now: Any, before: Any) -> bool:
    """Whether a value is the same; numbers, strings and the like are compared, what else there is must be identical."""
    if now is before:
        return True
    return isinstance(now, IMMUTABLE) and is_same(now, before)
