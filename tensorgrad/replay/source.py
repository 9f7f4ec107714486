"""A program as the text of a NumPy program, and what its names stand for."""

from __future__ import annotations

import builtins
import keyword
import linecache
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .effects import Attribute, Draw, Method, UfuncMethod
from .places import Place
from .program import Argument, Call, Guard, Part, Program, Value

INFIX = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@", np.greater: ">", np.less: "<",
    np.greater_equal: ">=", np.less_equal: "<=", np.equal: "==", np.not_equal: "!=", operator.add: "+",
    operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**", operator.floordiv: "//",
    operator.mod: "%", operator.lt: "<", operator.gt: ">", operator.le: "<=", operator.ge: ">=", operator.eq: "==",
    operator.ne: "!=",
}  # fmt: skip
TAKEN = {*keyword.kwlist, *dir(builtins), "np", "math", "operator", "bail", "step", "holds"}


class Names:
    """A name for each thing, each name once; and what the names stand for."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np, "math": math, "operator": operator}
        self.taken = set(TAKEN)
        self._of_objects: dict[int, str] = {}

    def new(self, wish: str) -> str:
        """A name that isn't taken yet, like the one that is wished for."""
        wish = re.sub(r"\W+", "_", wish).strip("_") or "t"
        wish = f"_{wish}" if wish[0].isdigit() else wish
        name, i = wish, 2
        while name in self.taken:
            name, i = f"{wish}_{i}", i + 1
        self.taken.add(name)
        return name

    def of(self, thing: Any, wish: str) -> str:
        """The name of an object from outside, which becomes a global variable of the program."""
        if id(thing) not in self._of_objects:
            name = self._of_objects[id(thing)] = self.new(wish)
            self.namespace[name] = thing
        return self._of_objects[id(thing)]


class Writer:
    """Writes a program down, line by line."""

    def __init__(self, program: Program, names: Names):
        self.program, self.names = program, names
        self.lines: list[str] = []
        self.indent = "    "
        self._texts: dict[Value, str] = {}
        self._last: tuple[Any, ...] = ()

    # Values -----------------------------------------------------------------------------------------------------------

    def text(self, tree: Any) -> str:
        """An argument, as it is written."""
        kind = type(tree)
        if kind is Value:
            return self.name(tree)
        if kind is tuple:
            return (
                "("
                + "".join(f"{self.text(part)}, " for part in tree).removesuffix(" " if len(tree) == 1 else ", ")
                + ")"
            )
        if kind is list:
            return f"[{', '.join(map(self.text, tree))}]"
        if kind is dict:
            return "{" + ", ".join(f"{key!r}: {self.text(part)}" for key, part in tree.items()) + "}"
        if kind is slice:
            return f"slice({self.text(tree.start)}, {self.text(tree.stop)}, {self.text(tree.step)})"
        if tree is None or kind in (bool, int, str) or (kind is float and math.isfinite(tree)):
            text = repr(tree)
            return f"({text})" if text.startswith("-") else text
        if tree is Ellipsis:
            return "..."
        if isinstance(tree, np.dtype) and tree.isbuiltin == 1:
            return f"np.dtype({tree.str!r})"
        if isinstance(tree, type) and issubclass(tree, np.generic):
            return f"np.{tree.__name__}"
        return self.names.of(tree, getattr(tree, "__name__", kind.__name__).lower())

    def name(self, value: Value) -> str:
        """The name of a value that is there by now."""
        if value not in self._texts:
            held = self.program.memory.get(value)
            if held is None:
                raise KeyError(f"{value!r} is used before it is computed")
            self._texts[value] = self.names.of(held, value.name or "t")
        return self._texts[value]

    def define(self, value: Value, wish: str = "") -> str:
        """The name of a value that is computed now."""
        if value in self.program.memory:
            return self.name(value)
        self._texts[value] = name = self.names.new(value.name or wish or "t")
        return name

    def place(self, place: Place) -> str:
        """What a place is read and set by."""
        key = self.text(place.key) if type(place.key) in (str, int) else self.names.of(place.key, "key")
        wish = place.text.rpartition(".")[0] or place.text.partition("[")[0] or "variables"
        return place.code(self.names.of(place.container, f"{wish}_{type(place.container).__name__.lower()}"), key)

    # Lines ------------------------------------------------------------------------------------------------------------

    def write(self, line: str, comment: str = "") -> None:
        self.lines.append(f"{self.indent}{line}" + (f"  # {comment}" if comment else ""))

    def reads(self, values: list[Value]) -> None:
        """What is read from places at each step."""
        tuples: dict[Any, str] = {}
        for value in values:
            source = value.source
            if isinstance(source, Part):
                if source.place.id not in tuples:
                    tuples[source.place.id] = name = self.names.new(source.place.text.rpartition(".")[2])
                    self.write(f"{name} = {self.place(source.place)}")
                wish = value.name or f"{source.place.text.rpartition('.')[2]}_{source.number}"
                self.write(f"{self.define(value, wish)} = {tuples[source.place.id]}[{source.number}]")
            else:
                self.write(f"{self.define(value, source.text.rpartition('.')[2])} = {self.place(source)}")

    def instruction(self, call: Call | Guard) -> None:
        if not self.program.first_write and any(value.storage.external for value in call.writes):
            self.program.first_write = len(self.lines) + 2
        self._where(call)
        if isinstance(call, Guard):
            self._guard(call)
        elif call.errstate is not None:
            settings = ", ".join(f"{kind}={what!r}" for kind, what in call.errstate.items())
            self.write(f"with np.errstate({settings}):")
            self.indent += "    "
            self._call(call)
            self.indent = self.indent[4:]
        else:
            self._call(call)

    def _where(self, call: Call | Guard) -> None:
        """A comment where the lines begin that stand for another line of the user's."""
        line = call.line
        if line.file and (line.file, line.number) != self._last:
            self._last = line.file, line.number
            text = linecache.getline(line.file, line.number).strip()
            self.write(f"# line {line.number}{': ' + text if text else ''}")

    def _guard(self, guard: Guard) -> None:
        value, expected = self.name(guard.value), guard.expected
        if expected is True:
            self.write(f"if not {value}: return bail")
        elif expected is False:
            self.write(f"if {value}: return bail")
        else:
            self.write(f"if {value} != {self.text(expected)}: return bail")

    def _call(self, call: Call) -> None:
        into = self.program.into.get(call)
        line = into(call, self) if into else None
        if line is None:
            line = expression(call, self)
            if (isinstance(call.result, Value) and not call.writes) or (
                call.writes and isinstance(call.result, Value) and call.result not in call.writes
            ):
                line = f"{self.define(call.result)} = {line}"
            elif isinstance(call.result, tuple):
                line = f"{', '.join([self.define(part) if part else '_' for part in call.result])}, = {line}"
        self.write(line, call.line.operation)


def expression(call: Call, writer: Writer) -> str:
    """A call as it is written in NumPy."""
    func, args, kwargs, text = call.func, call.args, call.kwargs, writer.text
    if func in INFIX and len(args) == 2 and not kwargs:
        return f"{text(args[0])} {INFIX[func]} {text(args[1])}"
    if func is np.negative and not kwargs and len(args) == 1:
        return f"-{text(args[0])}"
    if func is operator.neg:
        return f"-{text(args[0])}"
    if func is operator.getitem:
        return f"{text(args[0])}[{index_text(args[1], text)}]"
    if func is operator.setitem:
        return f"{text(args[0])}[{index_text(args[1], text)}] = {text(args[2])}"
    if type(func) is Attribute:
        return f"{text(args[0])}.{func.__name__}"
    rest = [*map(text, args), *[f"{name}={text(value)}" for name, value in kwargs.items()]]
    if type(func) in (Method, Draw):
        return f"{rest[0]}.{func.__name__}({', '.join(rest[1:])})"
    return f"{function_text(func, writer)}({', '.join(rest)})"


def index_text(index: Any, text: Callable[[Any], str]) -> str:
    """What stands between brackets."""
    if type(index) is tuple and index:
        return ", ".join(index_text(part, text) for part in index) + ("," if len(index) == 1 else "")
    if type(index) is slice:
        parts = ["" if part is None else text(part) for part in (index.start, index.stop, index.step)]
        return ":".join(parts if parts[2] else parts[:2])
    return text(index)


def function_text(func: Callable[..., Any], writer: Writer) -> str:
    """The name of a function of NumPy's, or of a variable that holds another."""
    if isinstance(func, UfuncMethod):
        return f"{function_text(func.ufunc, writer)}.{func.method}"
    name = func.__name__
    for module, prefix in ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft"), (math, "math")):
        if getattr(module, name, None) is func:
            return f"{prefix}.{name}"
    return writer.names.of(func, name)


def write_program(program: Program, arguments: list[Value], reads: list[Value], names: Names) -> str:
    """The text of the function that does what the program does."""
    writer = Writer(program, names)
    for value in arguments:
        assert isinstance(value.source, Argument)
        writer.define(value, value.source.text)
    head = f"def step({', '.join(map(writer.name, arguments))}):"
    writer.reads(reads)
    for call in program.calls:
        writer.instruction(call)
    writer._last = ()
    for place, tree in program.effects:
        writer.write(f"{writer.place(place)} = {writer.text(tree)}")
    results = ", ".join(map(writer.name, program.returned))
    writer.write(f"return {results}{',' if len(program.returned) == 1 else ''}" if results else "return ()")
    return "\n".join([head, *writer.lines]) + "\n"
