"""A program as a module that runs alone: save()."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import CompileError
from ..files import as_path, replacing
from ..memory import owner_of
from ..saving import write_arrays
from ..tensor import Tensor
from .expressions import literal
from .naming import Names, Wishes
from .passes.renewing import Renewal
from .places import Place
from .program import Call, Guard, Line, Made, Part, Program, Value, values_in
from .source import Writer, header, wrapped, wrapped_comment
from .tracing import Trace

CHECK = '''

def checked(name, array, shape, dtype):
    """array, if it is like the one that the program was recorded for."""
    if np.shape(array) != shape or getattr(array, "dtype", None) != dtype:
        raise ValueError(f"{name} must be an array of shape {shape} and dtype {dtype}")
    return array

'''


class ModuleWriter(Writer):
    """Writes a program down for a module, whose variables stand for all that the step reads and sets."""

    def __init__(self, program: Program, names: Names, wishes: Wishes, trace: Trace):
        super().__init__(program, names, wishes)
        self.trace = trace
        self._variables: dict[Any, str] = {}  # by the ids of places
        self.unset: dict[str, None] = {}  # variables that only a call gives a value

    def reads(self, values: list[Value]) -> None:
        for value in self.trace.arguments:
            name, dtype = self.name(value), np.asarray(value.data).dtype
            self.write(f'{name} = checked("{name}", {name}, {np.shape(value.data)}, "{dtype}")')
        for value in values:
            source = value.source
            place = source.place if isinstance(source, Part) else source
            now = place.get()[source.number] if isinstance(source, Part) else place.get()
            self._texts[value] = name = self.names.new(self.wishes.of(value))
            self.names.namespace[name] = now
            if not isinstance(source, Part):
                self._variables[place.id] = name
        for place, _ in self.program.effects:
            self.variable(place)

    def wish(self, value: Value) -> str:
        name = super().wish(value)
        return f"new_{name}" if name in self._variables.values() and value not in self.program.memory else name

    def refusal(self, condition: str, expected: Any, line: Line) -> str:
        where = f" (line {line.number})" if line.file else ""
        message = f"this program was recorded where {condition} was {expected!r}{where}"
        return f"\n{self.indent}    raise ValueError({literal(message, str)})"

    def instruction(self, call: Call | Guard) -> None:
        if not (isinstance(call, Call) and isinstance(call.func, Renewal)):  # nobody else holds the module's gradients
            super().instruction(call)

    def effects(self, effects: list[tuple[Place, Any]]) -> None:
        """Variables of the module are set all at once, for some may be what others become."""
        pairs = [(self.variable(place), self.text(tree)) for place, tree in effects]
        pairs = [(name, text) for name, text in pairs if name != text]
        if not pairs:
            return
        self._heading("what is left behind")
        read = {self.name(value) for _, tree in effects for value in values_in(tree)}
        if read.isdisjoint(name for name, _ in pairs):
            for name, text in pairs:
                self.write(f"{name} = {text}")
        else:
            names, texts = zip(*pairs, strict=True)
            self.write(f"({', '.join(names)},) = ({', '.join(texts)},)")

    def variable(self, place: Place) -> str:
        """The variable of the module that stands for a place."""
        if place.id not in self._variables:
            held = next((value for at, value in self.trace.held if at.id == place.id), None)
            if held in self.program.memory and held in self.used:
                name = self.name(held)
            else:
                name = self.names.new(self.wishes.place(place))
                self.unset[name] = None
            self._variables[place.id] = name
        name = self._variables[place.id]
        self.changed[name] = None
        return name

    def text(self, tree: Any, level: int = 0) -> str:
        if type(tree) is Made:
            return super().text(tree.value, level)
        if type(tree) is Tensor:
            value = next((value for _, value in self.trace.held if value.data is tree._data), None)
            return super().text(tree._data if value is None else value)
        return super().text(tree, level)

    def results(self, tree: Any) -> str:
        if type(tree) is Made:
            return self.text(tree)
        return super().results(tuple(tree) if hasattr(tree, "_fields") else tree)


def save(replay: Any, path: Any) -> None:
    """Write a module that does what a replay does, and its arrays beside it.

    Raises:
        TypeError: path is no path.
        ValueError: it doesn't end in .py.
        CompileError: the program holds something that can't be written down.
        OSError: nothing can be written there.
    """
    target = as_path("save", path)
    if target.suffix != ".py":
        raise ValueError(f"save: {target.name} is to be a module of Python's; give it a name that ends in .py")
    arrays_path = target.with_suffix(".npz")
    text, arrays = module(replay, arrays_path.name)
    with replacing("save", target) as draft:
        draft.write_text(text, encoding="utf-8")
        write_arrays("save", arrays_path, arrays)


def module(replay: Any, arrays_name: str) -> tuple[str, dict[str, np.ndarray]]:
    """The text of a module, and the arrays that it loads."""
    names = Names()
    names.taken |= {"Path", "arrays", "checked"}
    before = {*names.namespace}
    program, trace = replay.program, replay.trace
    writer = ModuleWriter(program, names, Wishes(trace, program), trace)
    head, body = writer.function(trace)
    things = {key: thing for key, thing in names.namespace.items() if key not in before}
    contents = Contents(things)
    lines = [*header(writer, trace), "#", *wrapped_comment(
        "These are the numbers as they were when it was saved; step() goes on from there. What it sets is found in the "
        "variables of this module."
    ), ""]  # fmt: skip
    lines += [f"import {name}" for name in ("math", "operator") if any(f"{name}." in line for line in body)]
    lines += ["from pathlib import Path", "", "import numpy as np", *contents.imports, ""]
    if contents.arrays:
        lines.append(f'with np.load(Path(__file__).with_name("{arrays_name}")) as arrays:')
        lines += [f"    {line}" for line in contents.loads]
    lines += contents.others
    lines += [f"{key} = None" for key in writer.unset]
    return "\n".join([*lines, CHECK, head, *body]) + "\n", contents.arrays


class Contents:
    """What the names of a module stand for: arrays that it loads, and lines that make the rest."""

    def __init__(self, things: dict[str, Any]) -> None:
        self.imports: list[str] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.loads: list[str] = []  # lines, inside of the file of arrays
        self.others: list[str] = []
        self._memory: dict[int, str] = {}  # the names of memory that several arrays show
        arrays = [thing for thing in things.values() if isinstance(thing, np.ndarray)]
        self._owners = Counter(id(owner_of(array)) for array in arrays)
        for name, thing in things.items():
            self._add(name, thing)

    def _add(self, name: str, thing: Any) -> None:
        """Let name stand for thing."""
        if isinstance(thing, np.ndarray):
            self._add_array(name, thing)
        elif isinstance(thing, np.random.Generator | np.random.RandomState):
            self._add_generator(name, thing)
        elif callable(thing):
            self._add_function(name, thing)
        else:
            self.others.append(f"{name} = {made(thing, name)}")

    def _add_array(self, name: str, array: np.ndarray) -> None:
        """What shares memory shares it in the module, too, and lies in it alike."""
        if array.dtype.hasobject:
            raise CompileError(f"save: the step reads an array of objects, {name}, which can't be saved")
        owner = owner_of(array)
        if self._owners[id(owner)] == 1 and array.flags.c_contiguous:
            self.arrays[name] = array
            self.loads.append(f'{name} = arrays["{name}"]')
            return
        if id(owner) not in self._memory:
            memory = self._memory[id(owner)] = f"memory_of_{name}"
            self.arrays[memory] = flat(owner)
            self.loads.append(f'{memory} = arrays["{memory}"]')
        offset = array.__array_interface__["data"][0] - np.lib.array_utils.byte_bounds(owner)[0]
        self.loads += wrapped(
            f'{name} = np.ndarray({array.shape}, "{array.dtype.str}", {self._memory[id(owner)]}, {offset}, '
            f"{array.strides})"
        )

    def _add_generator(self, name: str, source: Any) -> None:
        if isinstance(source, np.random.RandomState):
            self.others += [f"{name} = np.random.RandomState()"]
            state = source.get_state(legacy=False)
            self.others += wrapped(f"{name}.set_state({self._state(name, state)})")
        else:
            kind = type(source.bit_generator).__name__
            self.others += [f"{name} = np.random.Generator(np.random.{kind}())"]
            self.others += wrapped(f"{name}.bit_generator.state = {self._state(name, source.bit_generator.state)}")

    def _state(self, name: str, state: Any) -> str:
        if isinstance(state, dict):
            return (
                "{" + ", ".join(f"{key!r}: {self._state(f'{name}_{key}', part)}" for key, part in state.items()) + "}"
            )
        if isinstance(state, np.ndarray):
            self.arrays[f"state_of_{name}"] = state
            self.loads.append(f'state_of_{name} = arrays["state_of_{name}"]')
            return f"state_of_{name}"
        return repr(state.item() if isinstance(state, np.generic) else state)

    def _add_function(self, name: str, func: Callable[..., Any]) -> None:
        what = getattr(func, "__name__", "")
        places = [str(getattr(func, "__module__", None)), "scipy.special"]  # whose ufuncs don't say so
        called = {name: getattr(sys.modules.get(name), what, None) for name in places if name != "__main__"}
        found = [name for name, known in called.items() if func in (known, getattr(known, "__wrapped__", None))]
        if not found:
            raise CompileError(
                f"save: the step calls {what or func!r}, which is no function of a module that can be imported"
            )
        where = found[0]
        self.imports.append(f"from {where} import {what}" + (f" as {name}" if name != what else ""))


def flat(owner: np.ndarray) -> np.ndarray:
    """The memory of an array, as bytes in their order."""
    first, end = np.lib.array_utils.byte_bounds(owner)
    order = sorted(range(owner.ndim), key=lambda i: -owner.strides[i])
    straight = owner.transpose(order)
    if not straight.flags.c_contiguous or straight.nbytes != end - first:
        raise CompileError(f"save: an array of shape {owner.shape} shows memory that isn't NumPy's, and can't be saved")
    return straight.reshape(-1).view(np.uint8)


def made(thing: Any, name: str) -> str:
    """An expression that gives a constant."""
    if isinstance(thing, np.generic) and not isinstance(thing, np.void):
        inside = made(thing.item(), name)
        return f"np.{type(thing).__name__}({inside})"
    if type(thing) is float and not math.isfinite(thing):
        return f'float("{thing}")'
    if isinstance(thing, np.dtype):
        return f"np.dtype({thing.descr if thing.names else thing.str!r})"
    if thing is None or type(thing) in (bool, int, float, str, bytes, complex):
        return repr(thing)
    raise CompileError(f"save: the step goes by {name}, a {type(thing).__name__}, which can't be written into a module")
