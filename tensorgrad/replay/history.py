"""What became of the calls of a compiled step, in words: explain()."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .naming import Names, Wishes
from .program import Call, Program, Value
from .source import Writer, buffers_of, quoted
from .tracing import Trace


class Text(str):
    """A text that shows itself as it is, also where a value is shown by its repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def is_due(call: int) -> bool:
    """Whether the call of this number is to be recorded again, to see that all is right: at the powers of two."""
    return call >= 4 and not call & (call - 1)


@dataclass
class History:
    """What became of the calls with one kind of arguments. Those that are in none of these counts were replayed."""

    calls: int = 0
    watched: int = 0  # ran as they are, to see what they read
    recorded: int = 0
    eager: int = 0  # ran as they are, for they can't be replayed
    bailed: int = 0  # replays that were left where a condition came out otherwise
    again: list[str] = field(default_factory=list)  # why something was recorded again
    unsuited: str = ""  # why nothing can be replayed

    @property
    def is_due(self) -> bool:
        """Whether this call is to be recorded again."""
        return is_due(self.calls)

    @property
    def replayed(self) -> int:
        return self.calls - self.watched - self.recorded - self.eager


@dataclass
class PassNote:
    """What one pass did to a program."""

    name: str
    before: int  # calls
    after: int
    notes: list[str] = field(default_factory=list)  # what the pass says itself


def applied(program: Program, passes: Iterable[Any]) -> tuple[Program, list[PassNote]]:
    """A program after these passes, and what each of them did."""
    notes = []
    for change in passes:
        before, said = size(program), len(program.notes)
        program = change(program)
        notes.append(PassNote(change.__name__, before, size(program), program.notes[said:]))
    return program, notes


def size(program: Program) -> int:
    """How many calls there are in a program."""
    return sum(isinstance(call, Call) for call in program.calls)


def explanation(name: str, kinds: list[tuple[str, History, list[Any]]], aside: Counter[str]) -> Text:
    """The text of explain().

    Args:
        kinds: for each kind of arguments how it is described, its history and its replays.
        aside: how many calls were neither recorded nor replayed, by the reason.
    """
    if not kinds and not aside:
        return Text(f"{name} has not been called yet")
    lines = []
    for about, history, replays in kinds:
        lines += [f"{name}({about})", *_of_calls(history, bool(replays))]
        for number, replay in enumerate(replays, 1):
            lines += _of_replay(replay, f"program {number}" if len(replays) > 1 else "program")
    lines += [f"{name}: {plural(count, 'call')} ran as they are, {why}" for why, count in aside.items()]
    return Text("\n".join(lines))


def _of_calls(history: History, is_replayed: bool) -> list[str]:
    ways = [(history.replayed, "replayed"), (history.recorded, "recorded"), (history.watched, "watched"),
            (history.eager, "as they are")]  # fmt: skip
    told = ", ".join(f"{count} {what}" for count, what in ways if count) or "none has come to its end"
    lines = [f"  {plural(history.calls, 'call')}: {told}"]
    if history.bailed:
        lines.append(f"  {plural(history.bailed, 'replay')} left where a condition came out otherwise")
    if history.unsuited:
        lines.append(f"  can't be replayed: {history.unsuited}")
    elif not is_replayed:
        lines.append("  not replayed yet: one call is watched, the next two are recorded, and must do the same")
    return lines + [f"  recorded again at {reason}" for reason in history.again]


def _of_replay(replay: Any, title: str) -> list[str]:
    program, trace = replay.program, replay.trace
    in_place = sum(bool(call.writes) for call in program.calls)
    lines = [f"{plural(size(trace.program), 'call')} of NumPy's functions, {in_place} of them in place"]
    for note in replay.notes:
        said = "; ".join(note.notes)
        if note.before != note.after or said:
            lines.append(f"{note.name}: {note.before} -> {note.after} calls{said and '; '}{said}")
    buffers = buffers_of(program, trace)
    if buffers:
        total = sum(array.nbytes for array in buffers)
        lines.append(f"{plural(len(buffers), 'buffer')} of {total:,} bytes together, kept from replay to replay")
    for name, texts in (("guards", _guarded(trace)), ("conditions", _conditions(trace))):
        lines += [f"{f'{name}:' if i == 0 else '':12}{text}" for i, text in enumerate(texts)]
    return [f"  {title}: {lines[0]}", *[f"    {line}" for line in lines[1:]]]


def _guarded(trace: Trace) -> list[str]:
    """What is looked at before each replay."""
    surroundings = trace.surroundings
    texts = [f"arguments {', '.join(map(described, trace.arguments))}"] if trace.arguments else []
    if trace.held:
        texts.append(f"{plural(len(trace.held), 'array')} that must be the same ones")
    kinds: dict[str, list[str]] = {}
    for place, value in surroundings.guards.values():
        kinds.setdefault(kind_of(value), []).append(place.text)
    for kind, names in sorted(kinds.items(), key=lambda item: -len(item[1])):
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        texts.append(f"{plural(len(names), kind)} that must be as before: {shown}")
    if surroundings.lengths:
        texts.append(f"the length of {plural(len(surroundings.lengths), 'list, dict or set', 'lists, dicts and sets')}")
    return texts


def _conditions(trace: Trace) -> list[str]:
    """What the step chose by, as it is written before any pass."""
    program = trace.program.copied()
    program.memory = {value: value.data for value in [*[v for _, v in trace.held], *trace.recording.constants]}
    writer = Writer(program, Names(), Wishes(trace, program))
    writer.function(trace)
    return [f"{text}{line.file and f' ({quoted(line, writer.file)})'}" for text, line in program.conditions]


def described(value: Value) -> str:
    """A value's name, shape and dtype."""
    name = value.name or getattr(value.source, "text", "")
    return f"{name} {np.shape(value.data)} {getattr(value.data, 'dtype', type(value.data).__name__)}"


def kind_of(value: Any) -> str:
    """What is guarded, in a word."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return "plain value"
    return "function" if callable(value) and hasattr(value, "__code__") else "object"


def structure_told(structure: Any) -> str:
    """What arguments.flatten gave for the arguments, in words."""
    (_, (args, kwargs)), *_ = structure
    positional = [_told(part) for part in args[1]]
    return ", ".join([*positional, *[f"{name}={_told(part)}" for name, part in kwargs[1]]])


def _told(part: Any) -> str:
    first = part[0]
    if first == "array":
        return f"{part[2]}{[*part[1]]}".replace(" ", "")
    if first == "Tensor":
        return f"Tensor {_told(part[1])}"
    if isinstance(first, type) and issubclass(first, np.generic):
        return str(part[1])
    if first in (float, complex):
        return str(part[1])  # as arguments.flatten has written it
    if first is dict:
        return "{" + ", ".join(f"{key!r}: {_told(value)}" for key, value in part[1]) + "}"
    if isinstance(first, type) and issubclass(first, tuple | list):
        inner = ", ".join(map(_told, part[1]))
        return f"[{inner}]" if first is list else f"({inner})"
    return repr(getattr(part[1], "value", part[1]))


def plural(count: int, word: str, words: str = "") -> str:
    """3 calls, 1 call."""
    return f"{count} {word if count == 1 else words or word + 's'}"
