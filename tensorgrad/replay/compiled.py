"""compile: a step recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..grad_mode import is_grad_enabled
from ..tensor import Tensor
from .arguments import flatten
from .guards import write_guards
from .program import Program
from .recording import current
from .naming import Names, Wishes
from .source import Writer, write_program
from .surroundings import Watch
from .tracing import Trace, made

BAIL = object()  # what a replay gives where a guard finds something else


class Replay:
    """A program that can be run, and what must hold for it."""

    def __init__(self, trace: Trace, passes: tuple[Callable[[Program], Program], ...]):
        program = trace.program
        names = Names()
        names.taken.add("bail")
        names.namespace["bail"] = BAIL
        effects = {place.id for place, _ in program.effects}
        for place, value in trace.held:
            program.memory[value] = value.data
        for value in trace.recording.constants:
            program.memory[value] = value.data
        for change in passes:
            program = change(program)
        self.program = program
        wishes = Wishes(trace, program)
        self.source = write_program(program, trace.arguments, trace.reads, names, wishes)
        guards = write_guards(trace, effects, Writer(program, names, wishes))
        exec(compile(self.source, "<compiled step>", "exec"), names.namespace)
        exec(compile(guards, "<guards of a compiled step>", "exec"), names.namespace)
        self.run, self.holds, self.guards = names.namespace["step"], names.namespace["holds"], guards

    def results(self, values: Any) -> Any:
        """What the step gives."""
        return made(self.program.results, values)


class Compiled:
    def __init__(self, function: Callable[..., Any], passes: tuple[Any, ...] = ()):
        self.function = function
        self.passes = passes
        self.replays: dict[Any, Any] = {}
        self.watches: dict[Any, Watch] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves: list[Any] = []
        key = flatten((args, kwargs), leaves), is_grad_enabled()
        replay = self.replays.get(key)
        if replay is not None:
            if replay.holds():
                values = replay.run(*[leaf._data if type(leaf) is Tensor else leaf for leaf in leaves])
                if values is not BAIL:
                    return replay.results(values)
            del self.replays[key]
        if key not in self.watches:
            self.watches[key] = watch = Watch()
            with watch.watching():
                return self.function(*args, **kwargs)
        trace = Trace(self.function, args, kwargs, self.watches[key])
        self.replays[key] = Replay(trace, self.passes)
        return trace.result

    @property
    def source(self) -> str:
        return next(iter(self.replays.values())).source


__all__ = ["Compiled", "current", "np"]
