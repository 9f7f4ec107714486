"""Names for the values of a program: those of the user's variables and parameters, d_x for the gradient of x, else t1,
t2, ..."""

from __future__ import annotations

import builtins
import itertools
import keyword
import math
import operator
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .places import Place, Slot
from .program import CONSTANT, Argument, Call, Part, Program, Value
from .tracing import Trace

TAKEN = {*keyword.kwlist, *dir(builtins), "np", "math", "operator", "bail", "step", "holds", "takes", "args"}


class Names:
    """A name for each thing, each name once; and what the names stand for."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np, "math": math, "operator": operator}
        self.taken = set(TAKEN)
        self._of_objects: dict[int, str] = {}
        self._count = 0

    def new(self, wish: str = "") -> str:
        """A name that isn't taken yet, like the one that is wished for; t1, t2, ... where there is no wish."""
        name = wish = identifier(wish)
        i = 2
        while not name or name in self.taken:
            if wish:
                name, i = f"{wish}_{i}", i + 1
            else:
                self._count += 1
                name = f"t{self._count}"
        self.taken.add(name)
        return name

    def of(self, thing: Any, wish: str) -> str:
        """The name of an object from outside, which becomes a global variable of the program."""
        if id(thing) not in self._of_objects:
            name = self._of_objects[id(thing)] = self.new(wish)
            self.namespace[name] = thing
        return self._of_objects[id(thing)]


def identifier(text: str) -> str:
    """What Python takes for a name, made of a text."""
    name = re.sub(r"\W+", "_", text).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


class Wishes:
    """What values and the things that hold them are called, if nothing else is called so.

    Args:
        trace: the recorded call; without one there are the names that values have themselves.
        program: whose values they are.
    """

    def __init__(self, trace: Trace | None = None, program: Program | None = None):
        self._values: dict[Value, str] = {}
        self._containers: dict[int, str] = {}
        self._states: dict[int, str] = {}  # of the states of optimisers, the names of their parameters
        self._short: dict[str, str] = {}
        self._gradients: dict[Value, tuple[Value, int]] = {}  # of which value, and which of several that are added up
        if trace is not None:
            self._name_places(trace)
        if program is not None:
            self._find_gradients(program)

    def of(self, value: Value) -> str:
        """The name that a value that isn't a gradient would have."""
        if value in self._values:
            return self._values[value]
        if value.source is CONSTANT and not value.name:
            return of_content(value.data)
        return value.name or (value.source.text if isinstance(value.source, Argument) else "")

    def gradient(self, value: Value) -> tuple[Value, int] | None:
        """Which value this is the gradient of, and which part of the sum that it becomes; 0 is the sum."""
        return self._gradients.get(value)

    def container(self, place: Place) -> str:
        """The name of what a place is in."""
        wish = place.text.rpartition(".")[0] or place.text.partition("[")[0] or "variables"
        return self._containers.get(id(place.container)) or f"{wish}_{type(place.container).__name__.lower()}"

    def place(self, place: Place) -> str:
        """The name that what is at a place would have, as a variable."""
        parameter = self._states.get(id(place.container))
        return f"{parameter}_{place.key}" if parameter else self._short.get(place.text) or identifier(place.text)

    def _name_places(self, trace: Trace) -> None:
        """Parameters without the name of the variable that holds the model; the state of an optimiser by them."""
        surroundings = trace.surroundings
        places = [place for place, _ in [*trace.held, *trace.program.effects]]
        places += [value.source for value in trace.reads if isinstance(value.source, Place)]
        self._short = shortened([place.text for place in [*surroundings.lifted.values(), *places]])
        tensors = {
            id(place.container): self.place(place)
            for place in surroundings.lifted.values()
            if type(place) is Slot and place.key == "_data"
        }
        self._containers = {key: f"{name}_tensor" for key, name in tensors.items()}
        for optimizer in surroundings.optimizers.values():
            for p, state in optimizer.state.items():
                if id(p) in tensors:
                    self._states[id(state)] = tensors[id(p)]
                    self._containers[id(state)] = f"{tensors[id(p)]}_state"
        for place, value in trace.held:
            if not isinstance(value.source, Argument):
                self._values[value] = self.place(place)
        for value in trace.reads:
            source = value.source
            if isinstance(source, Part):
                self._values[value] = f"{self.place(source.place)}_{source.number}"
            elif isinstance(source, Place):
                self._values[value] = self.place(source)
        read = {*self._values.values()}
        for place, tree in trace.program.effects:
            if type(tree) is Value and tree.source is None and not tree.name:
                name = self.place(place)
                self._values[tree] = f"new_{name}" if name in read else name

    def _find_gradients(self, program: Program) -> None:
        """What a derivative rule computed last is the gradient of an argument, or a part of it."""
        found: dict[Value, dict[Value, None]] = {}
        calls = [call for call in program.calls if isinstance(call, Call)]
        for call, following in itertools.zip_longest(calls, calls[1:]):
            line, value = call.line, call.result
            if line.wrt is None or (following and (following.line.node, following.line.wrt) == (line.node, line.wrt)):
                continue
            if type(value) is Value and np.shape(value.data) == np.shape(line.wrt.data) and value is not line.wrt:
                found.setdefault(line.wrt, {})[value] = None
        for wrt, values in found.items():
            for i, value in enumerate(values, 1):
                self._values.pop(value, None)
                self._gradients[value] = wrt, i if i < len(values) else 0


def shortened(texts: Iterable[str]) -> dict[str, str]:
    """Names made of what the user would write: without the variable that comes first, where they differ without it."""
    shorts = {}
    for text in texts:
        first, *rest = re.findall(r"\w+", text) or [""]
        shorts[text] = "_".join(rest) if rest and not rest[0].isdigit() else "_".join([first, *rest])
    counts = Counter(shorts.values())
    return {text: short if counts[short] == 1 else identifier(text) for text, short in shorts.items()}


def of_content(array: Any) -> str:
    """A name for an array of which nothing is known but what is in it."""
    if not isinstance(array, np.ndarray) or not array.size or array.dtype.kind not in "iufb":
        return "constant"
    first = array.flat[0]
    if first in (0, 1) and (array == first).all():
        return ("one" if first else "zero") + ("s" if array.ndim else "")
    if array.ndim == 1 and len(array) > 2 and array.dtype.kind == "i" and not np.diff(array, 2).any():
        return "numbers" if first == 0 and array[1] == 1 else "offsets"
    return "constant"
