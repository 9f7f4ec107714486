"""buffers: results go into arrays that are there already, one after the other in the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Call, Program, Storage, Value
from .flow import Flow, is_elementwise, layout, rewritten
from .renewing import with_check
from .writing import into, nothing, reduction, shortest

ALIGNMENT = 64


def buffers(program: Program) -> Program:
    """The program with memory for what doesn't outlive a replay: it is taken when it is first written, and given back
    behind the last call that has to do with it; an elementwise call may take that of an operand."""
    flow, pool = Flow(program), Pool()
    taken: dict[Storage, tuple[np.ndarray, Any]] = {}  # the memory of storages, and the layout of what is there
    calls = []
    for i, call in enumerate(program.calls):
        how = into(call) if isinstance(call, Call) else None
        result = call.result
        if how is not None and result in program.renewed and result not in program.memory:
            program.memory[result] = laid_out(aligned(result.data.nbytes), result.data)
            if how is not nothing:
                program.into[call] = how
                calls.append(call)
        elif how is None or result in program.memory or result.storage.external or result.storage in flow.kept:
            if isinstance(call, Call) and how is None and _is_plain_reduction(call):
                program.into[call] = shortest
            calls.append(call)
        else:
            if isinstance(call, Call) and how is not nothing:
                program.into[call] = how
                calls.append(call)
            block = _operand_of(call, i, flow, taken)
            if block is None:
                block = pool.take(result.data.nbytes)
            taken[result.storage] = block, layout(result)
            program.memory[result] = laid_out(block, result.data)
        for storage in {value.storage for value in (*call.inputs, *call.outputs)}:
            if storage in taken and flow.last_mention(storage) == i:
                pool.give_back(taken.pop(storage)[0])
    program = rewritten(program, calls)
    with_check(program)
    return program


def _is_plain_reduction(call: Call) -> bool:
    return isinstance(call.result, Value) and not call.writes and reduction(call) is not None


def _operand_of(call: Call, i: int, flow: Flow, taken: dict[Storage, tuple[np.ndarray, Any]]) -> np.ndarray | None:
    """The memory of an operand that nobody needs any more, where the result lies just as it does."""
    if not is_elementwise(call):
        return None
    for value in call.inputs:
        storage = value.storage
        if storage not in taken or flow.last_mention(storage) != i or taken[storage][1] != layout(call.result):
            continue
        same = [layout(other) for other in call.inputs if other.storage is storage]
        if all(found == layout(call.result) for found in same):
            return taken.pop(storage)[0]
    return None


class Pool:
    """Blocks of memory that are free."""

    def __init__(self) -> None:
        self.free: list[np.ndarray] = []
        self.total = 0

    def take(self, size: int) -> np.ndarray:
        """The smallest free block that fits, unless it is far too large."""
        fitting = [block for block in self.free if size <= block.nbytes <= 2 * size + 4 * ALIGNMENT]
        if fitting:
            best = min(fitting, key=lambda block: block.nbytes)
            self.free = [block for block in self.free if block is not best]
            return best
        self.total += size
        return aligned(size)

    def give_back(self, block: np.ndarray) -> None:
        self.free.append(block)


def aligned(size: int) -> np.ndarray:
    """So many bytes at an address that vector instructions like."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


def laid_out(block: np.ndarray, like: np.ndarray) -> np.ndarray:
    """An array in a block of memory with the shape, dtype and strides of another."""
    if like.flags.c_contiguous:
        return np.ndarray(like.shape, like.dtype, block)
    return np.ndarray(like.shape, like.dtype, block, strides=like.strides)
