"""A program as the text of a NumPy program, as one would write it by hand."""

from __future__ import annotations

import itertools
import linecache
import os
import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..memory import owner_of
from .expressions import ATOM, binding, expression, is_in_place, literal
from .naming import Names, Wishes
from .places import Place
from .program import Call, Guard, Line, Made, Part, Program, Value, file_name
from .tracing import Trace

WIDTH = 100
NESTED = 4  # calls in one statement, at most


@dataclass
class Row:
    """A line of the text, and what it comes from."""

    code: str
    about: str = ""
    writes: bool = False  # whether it changes something from outside


class Writer:
    """Writes a program down, line by line."""

    def __init__(self, program: Program, names: Names, wishes: Wishes | None = None):
        self.program, self.names = program, names
        self.wishes = wishes or Wishes(program=program)
        self.rows: list[Row] = []
        self.indent = ""
        self.file = ""  # that most of the lines are in
        self.changed: dict[str, None] = {}  # global names that the program assigns to
        self.used: set[Value] = set()
        self._bound = {call.result: call for call in program.bound if type(call.result) is Value}
        self._texts: dict[Value, str] = {}
        self._inline: dict[Value, Call] = {}

    # Values -----------------------------------------------------------------------------------------------------------

    def text(self, tree: Any, level: int = 0) -> str:
        """An argument, as it is written; in parentheses, if it is an expression that is bound less tight than this."""
        if type(tree) is Value:
            call = self._inline.get(tree)
            if call is None:
                return self.name(tree)
            written = expression(call, self)
            return f"({written})" if binding(call) < level else written
        if type(tree) is Made:
            grad = "" if tree.grad is None else f", {self.text(tree.grad)}"
            make = self.names.of(tree.make, "tensor")
            return f"{make}({self.text(tree.value)}, {tree.name!r}, {tree.requires_grad}{grad})"
        written = literal(tree, self.text) or self.names.of(
            tree, getattr(tree, "__name__", type(tree).__name__).lower()
        )
        return f"({written})" if level and written.startswith("-") else written

    def name(self, value: Value) -> str:
        """The name of a value that is there by now."""
        if value not in self._texts:
            held = self.program.memory.get(value)
            if held is None:
                raise KeyError(f"{value!r} is used before it is computed")
            self._texts[value] = self.names.of(held, self.wish(value) or self._wish_of_view(value, held))
        return self._texts[value]

    def _wish_of_view(self, value: Value, view: Any) -> str:
        """What an array is called that shows another one's memory, such as W_T."""
        call = self._bound.get(value)
        shown = call.args[0] if call is not None and call.args else None
        if type(shown) is not Value or shown not in self.program.memory or not isinstance(view, np.ndarray):
            return ""
        array = self.program.memory[shown]
        is_transposed = view.ndim > 1 and (view.shape, view.strides) == (array.shape[::-1], array.strides[::-1])
        return f"{self.name(shown)}_{'T' if is_transposed else 'view'}"

    def define(self, value: Value, wish: str = "") -> str:
        """The name of a value that is computed now."""
        if value in self.program.memory:
            return self.name(value)
        self._texts[value] = name = self.names.new(self.wish(value) or wish)
        return name

    def wish(self, value: Value) -> str:
        """What a value would like to be called."""
        gradient = None if value.name else self.wishes.gradient(value)
        if gradient is None:
            return self.wishes.of(value)
        of, part = gradient
        name = self._texts.get(of) or self.wishes.of(of)
        return name and f"d_{name}" + (f"_{part}" if part else "")

    def place(self, place: Place) -> str:
        """What a place is read and set by."""
        key = self.text(place.key) if type(place.key) in (str, int) else self.names.of(place.key, "key")
        return place.code(self.names.of(place.container, self.wishes.container(place)), key)

    # Lines ------------------------------------------------------------------------------------------------------------

    def write(self, line: str, about: str = "", writes: bool = False) -> None:
        self.rows.append(Row(f"{self.indent}{line}", about, writes))

    def comment(self, text: str) -> None:
        self.rows.append(Row(f"{self.indent}# {text}"))

    def reads(self, values: list[Value]) -> None:
        """What is read from places at each step."""
        tuples: dict[Any, str] = {}
        for value in values:
            source = value.source
            if isinstance(source, Part):
                if source.place.id not in tuples:
                    tuples[source.place.id] = name = self.names.new(source.place.text.rpartition(".")[2])
                    self.write(f"{name} = {self.place(source.place)}")
                self.write(f"{self.define(value)} = {tuples[source.place.id]}[{source.number}]")
            else:
                self.write(f"{self.define(value)} = {self.place(source)}")

    def instructions(self, calls: list[Call | Guard]) -> None:
        """All calls and guards: under the line of the user's that they come from, with the operation at their side."""
        self._inline = nested_calls(self.program, self.wish)
        heading: tuple[Any, ...] = ()
        nested = {id(call) for call in self._inline.values()}
        shown = [call for call in calls if id(call) not in nested]
        for errstate, group in itertools.groupby(shown, lambda call: getattr(call, "errstate", None)):
            if errstate is not None:
                settings = ", ".join(f"{kind}={what!r}" for kind, what in errstate.items())
                self.write(f"with np.errstate({settings}):")
                self.indent += "    "
            for call in group:
                heading = self._headings(call.line, heading)
                self.instruction(call)
            self.indent = ""

    def instruction(self, call: Call | Guard) -> None:
        if isinstance(call, Guard):
            self.guard(call)
        else:
            self._call(call)

    def _headings(self, line: Line, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """Comments where the lines begin that stand for another line of the user's, or for its derivative."""
        origin = self.program.origins.get(line.node) if line.node else None
        heading = line.file and (line.file, line.number), origin and (origin.file, origin.number)
        if heading == before or not any(heading):
            return before or heading
        if line.file and (not before or heading[0] != before[0] or not origin):
            again = before and heading[0] == before[0]  # after what it has called in between
            self._heading(f"line {line.number}" if again else quoted(line, self.file))
        if origin and origin.file:
            self._heading(f"derivative of {quoted(origin, self.file)}")
        return heading

    def _heading(self, text: str) -> None:
        if self.rows and not self.rows[-1].code.lstrip().startswith("# "):
            self.rows.append(Row(""))
        self.comment(text)

    def guard(self, guard: Guard) -> None:
        """What chooses the way of the step: another value than the recorded one ends the replay."""
        expected = guard.expected
        if expected is True or expected is False:
            text = self.text(guard.value, 0 if not expected else ATOM)
            condition, otherwise = self.text(guard.value), f"not {text}" if expected else text
        else:
            value, known = self.text(guard.value, ATOM), self.text(expected, ATOM)
            condition, otherwise = value, f"{value} != {known}"
        self.program.conditions.append((f"{condition} is {expected!r}", guard.line))
        for line in f"if {otherwise}: {self.refusal(condition, expected, guard.line)}".splitlines():
            self.rows.append(Row(f"{self.indent}{line.rstrip()}"))

    def refusal(self, condition: str, expected: Any, line: Line) -> str:
        """What is done where a condition comes out otherwise."""
        return "return bail"

    def _call(self, call: Call) -> None:
        into = self.program.into.get(call)
        line = into(call, self) if into else None
        if line is None:
            line = self._not_too_long(call)
            result = call.result
            if is_in_place(call):
                self._note_change(call.args[0])
            elif isinstance(result, tuple):
                known = {None, *call.inputs}  # what is given back as it is has its name already
                line = f"{', '.join(['_' if part in known else self.define(part) for part in result])}, = {line}"
            elif isinstance(result, Value) and result not in call.writes:
                line = f"{self.define(result)} = {line}"
        self.write(line, self._rule(call, line), any(value.storage.external for value in call.writes))

    def _not_too_long(self, call: Call) -> str:
        """A call as it is written; the longest of what would be written inside of it comes first, if it is too long."""
        line = expression(call, self)
        nested = [value for value in call.inputs if value in self._inline]
        while nested and len(line) > WIDTH - 16 - len(self.indent):
            longest = max(nested, key=lambda value: len(self.text(value)))
            nested.remove(longest)
            self._call(self._inline.pop(longest))
            line = expression(call, self)
        return line

    def _rule(self, call: Call, line: str) -> str:
        """What is said at the side of a call: the operation whose derivative it is, or that it is a part of."""
        operation = call.line.operation
        if call.line.node in self.program.origins:
            return operation.removeprefix("derivative of ")
        return "" if operation == call.func.__name__ or f".{operation}(" in line else operation

    def _note_change(self, value: Value) -> None:
        if value in self.program.memory:
            self.changed[self.name(value)] = None

    # The whole --------------------------------------------------------------------------------------------------------

    def function(self, trace: Trace) -> tuple[str, list[str]]:
        """The function that does what the program does: its first line, and the others."""
        program = self.program
        program.conditions = []
        program.origins = {value: call.line for call in program.calls for value in call.outputs if not call.line.node}
        files = Counter(line.file for line in program.origins.values() if line.file)
        self.file = max(files, key=files.__getitem__, default="")
        head = ", ".join([self.define(value) for value in trace.arguments])
        self.used = {*program.kept, *[value for call in program.calls for value in call.inputs]}
        self.reads([value for value in trace.reads if value in self.used])
        self.instructions(program.calls)
        self.effects(program.effects)
        result = self.results(program.results)
        is_tuple = type(program.results) is tuple and len(program.results) > 1
        self.write(f"return {result[1:-1] if is_tuple and len(result) < WIDTH - 12 else result}")
        body, first_write = laid_out(self.rows)
        declared = textwrap.wrap(", ".join(self.changed), WIDTH - 12, break_on_hyphens=False)
        declared = [f"global {names.removesuffix(',')}" for names in declared]
        program.first_write = 0 if first_write is None else len(declared) + first_write + 1
        return f"def step({head}):", [f"    {line}" if line else "" for line in [*declared, *body]]

    def effects(self, effects: list[tuple[Place, Any]]) -> None:
        """What is set beside the results."""
        if effects:
            self._heading("what is left behind")
        for place, tree in effects:
            self.write(f"{self.place(place)} = {self.text(tree)}", writes=True)

    def results(self, tree: Any) -> str:
        """What the step gives, in its structure."""
        if type(tree) is Made:
            data = self.text(tree.value)
            return data if tree.grad is None else f"({data}, {self.text(tree.grad)})"
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return f"{self.names.of(type(tree), type(tree).__name__)}({', '.join(map(self.results, tree))})"
        if type(tree) in (tuple, list, dict):
            return str(literal(tree, self.results))
        return self.text(tree)


def nested_calls(program: Program, wish: Any) -> dict[Value, Call]:
    """The calls that are written inside of the one that uses what they give: nothing else does, it has no name, and
    nothing is written meanwhile."""
    uses: dict[Value, int] = {}
    for value in itertools.chain(program.kept, *[call.inputs for call in program.calls]):
        uses[value] = uses.get(value, 0) + 1
    nested: dict[Value, Call] = {}
    depth: dict[Value, int] = {}
    open_: dict[Value, Call] = {}  # what may still become part of another
    group: Any = None
    for call in program.calls:
        found = (call.line.file, call.line.number, call.line.node, getattr(call, "errstate", None))
        if found != group:
            group, open_ = found, {}
        size = int(isinstance(call, Call))
        for value in call.inputs:
            if value in open_ and size + depth[value] <= NESTED:
                nested[value] = open_.pop(value)
                size += depth[value]
        if isinstance(call, Guard) or call.writes or call in program.into:  # which write into memory
            open_ = {}
        elif type(call.result) is Value and call not in program.into:
            value = call.result
            if uses.get(value) == 1 and value not in program.memory and value not in call.inputs and not wish(value):
                open_[value], depth[value] = call, size
    if not program.effects:
        nested |= {value: call for value, call in open_.items() if value in program.returned and not call.errstate}
    return nested


def quoted(line: Line, file: str) -> str:
    """A line of the user's: its number and its text."""
    text = linecache.getline(line.file, line.number).strip()
    text = text if len(text) < 64 else f"{text[:60]}..."
    where = "" if line.file == file else f"{os.path.basename(file_name(line.file))}, "
    return f"{where}line {line.number}" + (f": {text}" if text else "")


# The text -------------------------------------------------------------------------------------------------------------


def write_program(trace: Trace, program: Program, names: Names, wishes: Wishes) -> str:
    """The text of the function that does what the program does."""
    writer = Writer(program, names, wishes)
    head, body = writer.function(trace)
    about = header(writer, trace)
    if program.first_write:
        program.first_write += len(about) + 1
    return "\n".join([*about, head, *body]) + "\n"


# What stands above it -------------------------------------------------------------------------------------------------


def header(writer: Writer, trace: Trace) -> list[str]:
    """Comments that say what the program stands for, and what its names are."""
    used = writer.used
    known = {*trace.arguments, *trace.reads}
    read = [value for _, value in trace.held if value in used and value not in known]
    read += [value for value in trace.reads if value in used]
    where = {value: place.text for place, value in reversed(trace.held)}
    where |= {value: value.source.text for value in trace.reads}
    constants = [value for value in trace.recording.constants if value in used]
    rows: list[tuple[str, ...]] = [described(writer, value) for value in trace.arguments]
    if read:
        found = {writer.name(value): value for value in reversed(read)}  # one thing may be in several places
        told = [(*described(writer, value), where[value].removeprefix(name)) for name, value in found.items()]
        rows += [("read from outside:",), *reversed(told)]
    if constants:
        rows += [("constants:",), *[(*described(writer, value), content(value.data)) for value in constants]]
    buffers = buffers_of(writer.program, trace)
    if buffers:
        total = sum(array.nbytes for array in buffers)
        rows.append((f"{len(buffers)} buffers of {total:,} bytes are kept from call to call",))
    wide = [row for row in rows if len(row) > 1]
    widths = [max([len(row[i]) for row in wide], default=0) for i in range(3)]
    title = f"{trace.title}({', '.join(map(writer.name, trace.arguments))})"
    lines = [*wrapped_comment(f"{title}{trace.where and ' of '}{trace.where}, as NumPy computes it"), "#"]
    for row in rows:
        if len(row) == 1:
            lines.append(f"# {row[0]}")
        else:
            line = "  ".join([part.ljust(width) for part, width in zip(row, widths, strict=False)] + [*row[3:]])
            lines.append(f"#   {line}".rstrip() if len(line) + 4 <= WIDTH else f"#   {line[: WIDTH - 7]}...")
    return lines


def buffers_of(program: Program, trace: Trace) -> list[np.ndarray]:
    """The memory that passes have given to values."""
    others = {*[value for _, value in trace.held], *trace.recording.constants}
    known = {id(owner_of(value.data)) for value in others}
    arrays = [owner_of(array) for value, array in program.memory.items() if value not in others]
    return [*{id(array): array for array in arrays if id(array) not in known}.values()]


def wrapped_comment(text: str) -> list[str]:
    """A comment in as many lines as are needed."""
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)]


def described(writer: Writer, value: Value) -> tuple[str, str, str]:
    """The name of a value, its shape and its dtype."""
    data = value.data
    if isinstance(data, np.ndarray):
        return writer.name(value), str(data.shape), str(data.dtype)
    return writer.name(value), "", type(data).__name__


def content(array: Any) -> str:
    """What is in a constant, if it is short."""
    if isinstance(array, np.ndarray) and array.size and (array.size == 1 or (array == array.flat[0]).all()):
        return str(array.flat[0])
    if isinstance(array, np.ndarray) and array.ndim == 1 and array.size and array.dtype.kind in "iu":
        return ", ".join(map(str, array)) if array.size < 6 else f"{array[0]}, {array[1]}, ..., {array[-1]}"
    return ""


def laid_out(rows: list[Row]) -> tuple[list[str], int | None]:
    """The lines, and which of them is the first that changes something from outside. What they come from stands at
    their side, once where it is the same for several."""
    said, first_write = "", None
    lines: list[str] = []
    lengths = [len(row.code) for row in rows if row.about]
    column = min(max(lengths, default=0), 56) + 2
    for row in rows:
        if row.writes and first_write is None:
            first_write = len(lines)
        if not row.about or row.about == said:
            lines += wrapped(row.code)
            said = row.about
            continue
        said = row.about
        line = f"{row.code.ljust(column)}# {row.about}"
        if len(row.code) + 2 >= column:
            line = f"{row.code}  # {row.about}"
        if len(line) + 4 <= WIDTH:
            lines.append(line)
        else:
            space = row.code[: len(row.code) - len(row.code.lstrip())]
            lines += [f"{space}# {row.about}", *wrapped(row.code)]
    return lines, first_write


def wrapped(line: str) -> list[str]:
    """A line of code in as many as are needed."""
    lines, depth = [], 0
    space = " " * (len(line) - len(line.lstrip()))
    while len(line) + 4 > WIDTH and not line.lstrip().startswith("#"):
        cut, depth = breaking_point(line, depth)
        if not cut:
            break
        lines.append(line[:cut].rstrip())
        line = f"{space}    {line[cut:].lstrip()}"
    return [*lines, line]


def breaking_point(line: str, depth: int) -> tuple[int, int]:
    """Behind the last of the outermost commas in brackets before the margin, and how many brackets are open there; 0 if
    there is none. `depth` says how many are open at the beginning."""
    found, outermost = 0, 0
    for piece in re.finditer(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|.", line):
        if piece.end() + 4 > WIDTH:
            break
        if piece[0] in "([{":
            depth += 1
        elif piece[0] in ")]}":
            depth -= 1
        elif piece[0] == "," and depth and line[piece.end() :].startswith(" ") and (depth <= outermost or not found):
            found, outermost = piece.end(), depth
    return found, outermost
