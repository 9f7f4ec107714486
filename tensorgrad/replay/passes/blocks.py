"""blocks: chains of elementwise calls on large arrays run block by block, so that what one call gives is still in the
cache when the next one reads it."""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..effects import Method
from ..expressions import function_text
from ..program import Call, Guard, Line, Program, Storage, Value, values_in
from .flow import Flow, rewritten, split_out

LEAST = 300_000  # elements; arrays that are smaller stay in the cache anyway
BLOCK = 128 * 1024  # bytes of an array that are done at a time

COPIES = frozenset({np.copy, Method("copy"), Method("astype")})
EMPTY = frozenset({np.empty, np.empty_like})
FILLED = {np.zeros: 0, np.zeros_like: 0, np.ones: 1, np.ones_like: 1}


def blocks(program: Program, least: int = LEAST, block: int = BLOCK) -> Program:
    """The program with loops over blocks in place of such chains. What nobody outside of a chain reads has the length
    of a block only. Reductions stay outside, for split they would add up in another order.

    Args:
        least: the number of elements from which on an array is large.
        block: how many bytes of an array are done at a time.
    """
    flow, rest = Flow(program), [*program.calls]
    mentions = Counter(storage for call in rest for storage in _storages(call))
    calls: list[Any] = []
    while rest:
        chain = Chain(flow, rest, least, block)
        if chain.is_worth_it:
            local = {v for v in chain.created if chain.mentions[v.storage] == mentions[v.storage]} - set(program.kept)
            calls += _looped(chain, {v for v in local if v not in program.memory}, program)
            rest = chain.behind
        else:
            calls.append(rest.pop(0))
    return rewritten(program, calls)


def _storages(call: Any) -> set[Storage]:
    return {value.storage for value in (*call.inputs, *call.outputs)}


# What can be done in blocks -------------------------------------------------------------------------------------------


def target(call: Any) -> Value | None:
    """The array whose elements an elementwise call computes, each from those at the same place; None for others."""
    if not isinstance(call, Call) or not _is_elementwise(call):
        return None
    value = call.writes[0] if call.writes else call.result
    return value if type(value) is Value and value.is_array and value.data.ndim else None


def _is_elementwise(call: Call) -> bool:
    func, args, kwargs = call.func, call.args, call.kwargs
    if isinstance(func, np.ufunc):
        return func.nout == 1 and not func.signature and not kwargs.keys() - {"out", "dtype", "casting"}
    if func is np.where:
        return len(args) == 3
    if func is np.clip:
        return len(args) == 3 and not kwargs.keys() - {"out"}
    if func in COPIES:  # what isn't copied is a view
        return not call.is_view and not _loses_imaginary_part(call)
    if func is operator.setitem:
        return args[1] is Ellipsis or args[1] == slice(None)
    if func is np.copyto:
        return len(args) == 2 and not kwargs
    return func in EMPTY or func in FILLED


def _loses_imaginary_part(call: Call) -> bool:
    """Whether a conversion warns."""
    return call.args[0].data.dtype.kind == "c" and call.result.data.dtype.kind != "c"


def operands(call: Call) -> list[Any]:
    """The arrays and numbers that an elementwise call reads."""
    if isinstance(call.func, np.ufunc):
        return [*split_out(call)[0]]
    if call.func in EMPTY or call.func in FILLED:
        return []
    if call.func is operator.setitem:
        return [call.args[2]]
    if call.func is np.copyto:
        return [call.args[1]]
    return [*call.args[:1]] if call.func in COPIES else [*call.args[:3]]


class Chain:
    """Elementwise calls, of which the first is the first of `calls`, that can be done block by block; `ahead` are views
    that they need, `behind` all other calls.

    A chain goes past calls that can wait. It ends at a condition, which must be asked before anything that stands
    behind it is done.
    """

    def __init__(self, flow: Flow, calls: list[Any], least: int, block: int):
        self.members: list[Call] = []
        self.ahead: list[Call] = []
        self.behind: list[Any] = []
        self.created: list[Value] = []
        self.mentions: Counter[Storage] = Counter()  # in how many of the members
        self.axis, self.length = 0, 0  # which is cut into blocks; counted from the last
        self._flow, self._least, self._block = flow, least, block
        self._read: set[Storage] = set()  # by what stays behind
        self._written: set[Storage] = set()
        self._changed: set[Storage] = set()  # by members
        self._places: dict[Storage, set[Any]] = {}  # where in memory members find their blocks
        if target(calls[0]) is None:
            return
        for i, call in enumerate(calls):
            if isinstance(call, Guard) or (i == 0 and not self._begins(call)):
                self.behind += calls[i:]
                break
            self._sort(call)

    def _begins(self, call: Call) -> bool:
        """Whether this call is worth to be cut; along its longest axis."""
        value = target(call)
        assert value is not None
        shape = value.data.shape
        if value.data.size < self._least:
            return False
        self.length = max(shape)
        self.axis = shape.index(self.length) - len(shape)
        return bool(value.data.nbytes // self.length <= self._block)

    def _sort(self, call: Call) -> None:
        """Put a call where it can be done."""
        reads = {value.storage for value in call.inputs}
        writes = self._flow.written_by(call) | ({v.storage for v in call.outputs} if not call.is_view else set())
        if not (reads & self._written or writes & (self._read | self._written)):
            if call.is_view:
                self.ahead.append(call)
                return
            if self._takes(call):
                self._add(call)
                return
        self.behind.append(call)
        self._read |= reads
        self._written |= writes

    def _takes(self, call: Call) -> bool:
        """Whether a call can be a member: each block of what it computes depends on the same block of what it reads."""
        value = target(call)
        if value is None or not self.cuts(value) or value.data.size < self._least or not _is_packed(value.data):
            return False
        if self.members and call.errstate != self.members[0].errstate:
            return False
        if any(v.is_array and v.data.dtype == np.float16 for v in (*call.inputs, value)):
            return False  # its functions give other bits where numbers don't lie side by side, as in parts of rows
        places, changed = self._places_with(call), self._changed_with(call)
        if any(len(found) > 1 or None in found for storage, found in places.items() if storage in changed):
            return False
        others = self._flow.written_by(call) - {value.storage}  # that may be the same memory
        return not others & places.keys()

    def _add(self, call: Call) -> None:
        self._places, self._changed = self._places_with(call), self._changed_with(call)
        self.members.append(call)
        self.mentions.update(_storages(call))
        if not call.writes:
            self.created.append(call.result)

    def _changed_with(self, call: Call) -> set[Storage]:
        value = target(call)
        assert value is not None
        return self._changed | {value.storage}

    def _places_with(self, call: Call) -> dict[Storage, set[Any]]:
        places = {**self._places}
        for value in (*values_in(operands(call)), target(call)):
            if value is not None and value.is_array:
                places[value.storage] = places.get(value.storage, set()) | {self._place(value)}
        return places

    def _place(self, value: Value) -> Any:
        """Where the first block lies and how far the next one is; None of what is read as a whole by each block."""
        if not self.cuts(value):
            return None
        array = value.data
        steps = tuple([step for step, n in zip(array.strides, array.shape, strict=True) if n != 1])
        return array.__array_interface__["data"][0], array.strides[self.axis], steps

    def cuts(self, value: Value) -> bool:
        """Whether an array has the axis that is cut; what hasn't is broadcast along it."""
        return value.is_array and value.data.ndim >= -self.axis and value.data.shape[self.axis] == self.length

    @property
    def is_worth_it(self) -> bool:
        """Whether something is read by a member that another has computed."""
        seen: set[Storage] = set()
        for call in self.members:
            if any(value.storage in seen for value in values_in(operands(call))):
                return True
            seen |= {value.storage for value in (call.result, *call.writes) if value is not None}
        return False


def _is_packed(array: Any) -> bool:
    """Whether an array can be made anew just as it lies."""
    return bool(array.flags.c_contiguous or array.flags.f_contiguous)


# The loop -------------------------------------------------------------------------------------------------------------


def _none(*args: Any) -> None:
    raise AssertionError("a loop is written, not called")


@dataclass(eq=False)
class Loop(Call):
    """Elementwise calls that are done block by block, on arrays that are there: they give nothing, but write.

    `scratch` are arrays of a block's length for what is needed inside only.
    """

    body: list[Call] = field(default_factory=list)
    scratch: dict[Value, Value] = field(default_factory=dict)
    chain: Chain | None = None
    rows: int = 0

    @property
    def inputs(self) -> list[Value]:
        """Each twice, for it is used by each block."""
        return [*values_in(self.args), *values_in(self.args)]


def _looped(chain: Chain, local: set[Value], program: Program) -> list[Any]:
    """The calls that do what a chain does: arrays for results and scratch, views, and the loop."""
    results = [v for v in chain.created if v not in local]
    making = [
        _empty(call.result, call.result.data.shape, call)
        for call in chain.members
        if not call.writes and call.result in results and call.result not in program.memory
    ]
    body = [call for call in chain.members if call.func not in EMPTY]
    rows = max(1, chain._block // max(v.data.nbytes // chain.length for v in map(target, body) if v is not None))
    scratch = _scratch(chain, body, local, min(rows, chain.length))
    spaces = [_empty(value, value.data.shape) for value in dict.fromkeys(scratch.values())]
    written = dict.fromkeys(v for v in map(target, body) if v is not None and v not in local)
    read = dict.fromkeys(v for call in body for v in values_in(operands(call)) if v not in local)
    loop = Loop(
        _none, (*dict.fromkeys([*read, *written, *scratch.values()]),), {}, None, (*written, *scratch.values()),
        errstate=body[0].errstate, body=body, scratch=scratch, chain=chain, rows=rows,
    )  # fmt: skip
    program.into[loop] = write_loop
    return [*making, *spaces, *chain.ahead, loop]


def _empty(value: Value, shape: tuple[int, ...], like: Call | None = None) -> Call:
    """np.empty for a value."""
    order = {} if value.data.flags.c_contiguous else {"order": "F"}
    return Call(np.empty, (shape, value.data.dtype), order, value, line=like.line if like else Line())


def _scratch(chain: Chain, body: list[Call], local: set[Value], rows: int) -> dict[Value, Value]:
    """The arrays that local values lie in: one after the other in the same, and in that of an operand that is done."""
    last = {value: i for i, call in enumerate(body) for value in (*call.inputs, *call.outputs)}
    free: dict[Any, list[Value]] = {}
    found: dict[Value, Value] = {}
    for i, call in enumerate(body):
        result = call.result
        operands_done = [v for v in dict.fromkeys(call.inputs) if v in found and last[v] == i]
        in_place = [v for v in operands_done if isinstance(call.func, np.ufunc) and _kind(v) == _kind(result)]
        if result in local and result not in found and call.func is not np.where:
            if in_place:
                found[result] = found[in_place[0]]
                operands_done.remove(in_place[0])
            else:
                spare = free.get(_kind(result))
                found[result] = spare.pop() if spare else _space(result, chain.axis, rows)
        for value in operands_done:
            free.setdefault(_kind(value), []).append(found[value])
    return found


def _kind(value: Any) -> Any:
    return (value.data.dtype, value.data.shape, value.data.strides) if type(value) is Value else None


def _space(value: Value, axis: int, rows: int) -> Value:
    shape = [*value.data.shape]
    shape[axis] = rows
    order: Any = "C" if value.data.flags.c_contiguous else "F"
    return Value(np.empty(shape, value.data.dtype, order), Storage(), name="scratch")


def write_loop(call: Call, writer: Any) -> str:
    """A loop over the blocks, as text; gives its last line."""
    assert isinstance(call, Loop) and call.chain is not None
    chain, new = call.chain, writer.names.new
    start, part = new("start"), new("part")
    external = any(value.storage.external for value in call.writes)
    writer.write(f"for {start} in range(0, {chain.length}, {call.rows}):", writes=external)
    writer.write(f"    {part} = slice({start}, {start} + {call.rows})")
    names: dict[Value, str] = {}
    for value in dict.fromkeys(call.args):
        if value in call.scratch.values():
            names[value] = writer.name(value)
            if chain.length % call.rows:
                whole, names[value] = names[value], new(f"{names[value]}_part")
                writer.write(f"    {names[value]} = {whole}[{_index(value, chain, f':{chain.length} - {start}')}]")
        elif chain.cuts(value):
            names[value] = new(f"{writer.name(value)}_part")
            writer.write(f"    {names[value]} = {writer.name(value)}[{_index(value, chain, part)}]")
    lines = [(line, member) for member in call.body for line in _lines(member, call, names, writer)]
    for line, member in lines[:-1]:
        writer.write(f"    {line}", writer._rule(member, line))
    return f"    {lines[-1][0]}"


def _index(value: Value, chain: Chain, part: str) -> str:
    """What shows a block of an array."""
    ndim = value.data.ndim
    return ", ".join(part if i == ndim + chain.axis else ":" for i in range(ndim + chain.axis + 1))


def _lines(call: Call, loop: Loop, names: dict[Value, str], writer: Any) -> list[str]:
    """A member of a chain, as it is written for a block."""
    value = target(call)
    assert value is not None
    func, space = call.func, loop.scratch.get(value)
    args = [names.get(x) or writer.text(x) if type(x) is Value else writer.text(x) for x in operands(call)]
    is_new = value not in names
    if is_new:
        names[value] = writer.define(value)
    name, out = names[value], names[space] if is_new and space else names[value]
    if isinstance(func, np.ufunc) or func is np.clip:
        given = call.kwargs.items() if isinstance(func, np.ufunc) else ()
        rest = [f"{word}={writer.text(arg)}" for word, arg in given if word != "out"]
        line = f"{function_text(func, writer)}({', '.join([*args, *rest, f'out={out}'])})"
        return [f"{name} = {line}" if is_new else line]
    if func is np.where:
        return [f"{name}{'' if is_new else '[...]'} = np.where({', '.join(args)})"]
    content = FILLED[func] if func in FILLED else args[0]
    return [*([f"{name} = {out}"] if is_new else []), f"{name}[...] = {content}"]
