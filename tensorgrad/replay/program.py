"""What is recorded of a call: NumPy's functions in the order in which they were called, and the values they were given.

An ordered list of calls on storages and views, so what works in place is recorded as it is: a write is a call that
changes a storage, and what reads it afterwards stands behind it in the list.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..tree import with_parts


class Storage:
    """The memory of an array, which its views share. It is external if it was there before the call. `recorders` counts
    what has shown it to the recorded call."""

    __slots__ = ("external", "recorders")

    def __init__(self, external: bool = False):
        self.external = external
        self.recorders = 0


class Value:
    """An array, or a number, of the program. `data` is what it was when it was recorded; `source` says where one from
    outside comes from: an Argument, a Place, or CONSTANT."""

    __slots__ = ("data", "name", "source", "storage")

    def __init__(self, data: Any, storage: Storage, source: Any = None, name: str = ""):
        self.data, self.storage, self.source, self.name = data, storage, source, name

    @property
    def is_array(self) -> bool:
        """Whether it has memory of its own or shows some; else it is a number, of Python's or of NumPy's."""
        return type(self.data) is np.ndarray

    def __repr__(self) -> str:
        return f"<{self.name or 'value'} {np.shape(self.data)}>"


CONSTANT = "constant"  # the source of an array of which nothing is known but that it is there


@dataclass(frozen=True)
class Argument:
    """The source of the array with this number among those in the arguments."""

    number: int
    text: str


@dataclass(frozen=True)
class Part:
    """The source of a number in a tuple that is at a place."""

    place: Any
    number: int

    @property
    def text(self) -> str:
        """As a user would name it."""
        return f"{self.place.text}[{self.number}]"


def file_name(file: str) -> str:
    """A file, as texts name it: of a notebook's cell, which lies in a temporary one, the name says nothing."""
    return "a notebook's cell" if "/ipykernel_" in file.replace("\\", "/") else file


@dataclass(frozen=True)
class Line:
    """Where the user's code stands that led to a call, and the operation of the library that it came from."""

    file: str = ""
    number: int = 0
    function: str = ""
    operation: str = ""  # such as "multiply", or "derivative of multiply"
    node: Any = None  # the Value whose derivative is computed: what the operation gave
    wrt: Any = None  # and the Value of the argument that it is computed with respect to

    @property
    def told(self) -> str:
        """For the end of a message."""
        return f" (line {self.number} of {file_name(self.file)}, in {self.function})" if self.file else ""


@dataclass(eq=False)
class Call:
    """result = func(*args, **kwargs), of which Values stand for arrays and numbers.

    `writes` are the arguments that it changes. `errstate` is what NumPy did about floating-point errors, where the
    step itself said so.
    """

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None  # a Value, a tuple of them, or None
    writes: tuple[Value, ...] = ()
    line: Line = field(default_factory=Line)
    errstate: dict[str, Any] | None = None
    is_optional: bool = False  # a copy that isn't made where nobody else holds the array

    @property
    def inputs(self) -> list[Value]:
        known = self.__dict__.get("_inputs")
        if known is None or known[0] is not self.args or known[1] is not self.kwargs:
            known = self.__dict__["_inputs"] = self.args, self.kwargs, values_in((self.args, self.kwargs))
        return known[2]

    @property
    def outputs(self) -> list[Value]:
        return values_in(self.result)

    @property
    def is_view(self) -> bool:
        """Whether it computes nothing, but shows memory of an argument in another way."""
        storages = [value.storage for value in self.inputs]
        return bool(self.outputs) and not self.writes and all(v.storage in storages for v in self.outputs)


@dataclass(eq=False)
class Guard:
    """A value that the step chose by: a replay goes on as long as it is as it was."""

    value: Value
    expected: Any
    line: Line = field(default_factory=Line)

    writes: tuple[Value, ...] = ()
    result: Any = None

    @property
    def inputs(self) -> list[Value]:
        return [self.value]

    outputs: tuple[Value, ...] = ()
    is_view = is_optional = False


@dataclass(eq=False)
class Program:
    """Calls and guards in order, and what is made of their values: the results, and what is set beside them.

    `memory` holds the arrays of values that lie at the same place in each replay, and `into` how a call is written
    that writes its result there. `renewed` are values that a Tensor holds from replay to replay; for one that is a flat
    buffer, the values that are parts of it, and which.
    """

    calls: list[Any]
    results: Any  # the tree of what the function gave, with Values in it
    effects: list[tuple[Any, Any]]  # places, and the trees of what is set there
    memory: dict[Value, Any] = field(default_factory=dict)
    into: dict[Call, Callable[..., Any]] = field(default_factory=dict)
    bound: list[Call] = field(default_factory=list)  # calls that are done once, when the program is made
    renewed: dict[Value, Any] = field(default_factory=dict)  # what outlives a replay in memory that is used again
    movable: set[Value] = field(default_factory=set)  # arrays from outside that may be put elsewhere
    origins: dict[Value, Line] = field(default_factory=dict)  # the lines that values come from which have derivatives
    conditions: list[tuple[str, Line]] = field(default_factory=list)  # what the guards ask, as it is written
    notes: list[str] = field(default_factory=list)  # what passes did, for explain()
    first_write: int = 0  # the line of the source from which on something from outside has been changed

    def copied(self) -> Program:
        """The same program with calls that can be changed."""
        return Program([copy.copy(call) for call in self.calls], self.results, [*self.effects])

    @property
    def set_anew(self) -> set[Any]:
        """The places, by their ids, at which the step puts something else each time."""
        return {place.id for place, _ in self.effects}

    @property
    def returned(self) -> list[Value]:
        """The values in the results, each once."""
        return [*dict.fromkeys(values_in(self.results))]

    @property
    def kept(self) -> list[Value]:
        """What outlives a replay."""
        return [*values_in((self.results, [tree for _, tree in self.effects]))]


def values_in(tree: Any) -> list[Value]:
    """The Values in nested tuples, lists, dicts and slices."""
    found: list[Value] = []
    _collect(tree, found)
    return found


def _collect(tree: Any, found: list[Value]) -> None:
    kind = type(tree)
    if kind is Value:
        found.append(tree)
    elif kind in LEAVES:
        return
    elif isinstance(tree, tuple | list):
        for part in tree:
            _collect(part, found)
    elif kind is dict:
        for part in tree.values():
            _collect(part, found)
    elif kind is slice:
        _collect((tree.start, tree.stop, tree.step), found)
    elif kind is Made:
        found.append(tree.value)
        if tree.grad is not None:
            found.append(tree.grad)


LEAVES = frozenset({int, float, str, bool, type(None)})  # types of what surely holds no Value


def replaced(tree: Any, func: Callable[[Value], Any]) -> Any:
    """The same structure with func of each Value."""
    kind = type(tree)
    if kind is Value:
        return func(tree)
    if kind in LEAVES or (not tree and kind is dict):
        return tree
    if isinstance(tree, tuple | list):
        return with_parts(tree, [replaced(part, func) for part in tree])
    if kind is dict:
        return {key: replaced(part, func) for key, part in tree.items()}
    if kind is slice:
        return slice(*[replaced(part, func) for part in (tree.start, tree.stop, tree.step)])
    if kind is Made:
        grad = None if tree.grad is None else func(tree.grad)
        return Made(func(tree.value), tree.name, tree.requires_grad, tree.make, grad)
    return tree


@dataclass(eq=False)
class Made:
    """A Tensor among the results: its data, and what else it is."""

    value: Value
    name: str
    requires_grad: bool
    make: Callable[..., Any]  # make(data, name, requires_grad, grad) is such a Tensor
    grad: Value | None = None  # where the step has gone backward, and has kept it
