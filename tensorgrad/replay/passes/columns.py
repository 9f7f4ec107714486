"""Arrays of equal layouts that lie one behind the other, as rows of one array with a further first axis."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..effects import Attribute, Method
from ..program import Call, Guard, Program, Storage, Value, values_in
from .flow import Flow, is_elementwise, is_pure, layout, with_values

PRODUCTS = frozenset({np.dot, np.matmul, Method("dot")})


class Stack:
    """Values of the program that become the rows of one array."""

    def __init__(self, values: list[Value]):
        self.values = values
        self.whole: Value | None = None
        self.rows: list[Value] = []

    def places(self, values: list[Value]) -> list[int]:
        where = {value: i for i, value in enumerate(self.values)}
        return [where[value] for value in values]


@dataclass(frozen=True)
class Column:
    """What one argument of many calls is. `array` has the layout that it has stacked.

    Attributes:
        stack, values: rows of a stack; or
        base, index, axis: rows of an array that is there, along one of its axes; or
        inner, view: what a view shows of each element of another column.
    """

    array: Any
    stack: Stack | None = None
    values: tuple[Value, ...] = ()
    base: Value | None = None
    index: Any = None
    axis: int = 0
    inner: Column | None = None
    view: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None = None


@dataclass(eq=False)
class Stacked:
    """One call in place of many."""

    members: list[Call]
    func: Callable[..., Any]
    args: list[Any]  # Columns, and what is the same in all of them
    kwargs: dict[str, Any]
    out: Column | None
    result: Value | None = None


class Columns:
    """The stacks of a program."""

    def __init__(self, program: Program, flow: Flow, defined: dict[Value, Call], most: int):
        self.program, self.flow, self.defined, self.most = program, flow, defined, most
        self.order = {value: i for i, value in enumerate(defined)}
        self.stacks: dict[Value, Stack] = {}  # that values lie in

    def joined(self, group: list[Call]) -> Stacked | None:
        """The call that does what a group of calls does, if their arrays can lie so; else nothing is changed."""
        stacks, contents = dict(self.stacks), [(stack, stack.values) for stack in {*self.stacks.values()}]
        first = group[0]
        args = [self._argument([call.args[i] for call in group]) for i in range(len(first.args))]
        out = self._laid([call.result for call in group])
        found = [arg[0] for arg in args if arg is not None]
        if out is not None and len(found) == len(args) and any(type(arg) is Column for arg in found):
            if first.func not in PRODUCTS:
                return Stacked(group, first.func, found, first.kwargs, out)
            arrays = [arg.array if type(arg) is Column else arg.data for arg in found]
            matrices = all(arg.array.ndim == 3 for arg in found if type(arg) is Column)
            if matrices and products_alike(first.func, arrays, first.result.data.size):
                return Stacked(group, np.matmul, found, {}, out)
        self.stacks = stacks
        for stack, values in contents:
            stack.values = values
        return None

    def sum_of(self, terms: list[Value], fewest: int) -> tuple[int, Column | None]:
        """How many of the first of these values lie one behind the other in this order, and their column."""
        roots = [self.root(term) for term in terms]
        stack = self.stacks.get(roots[0])
        if stack is None or self.stacks.get(roots[1]) is not stack:
            return 0, None
        start, second = stack.places(roots[:2])
        step = second - start
        inside = range(len(stack.values)) if abs(step) == 1 else range(0)
        count = 0
        while count < len(terms) and (i := start + count * step) in inside and stack.values[i] is roots[count]:
            count += 1
        return (count, self._column(terms[:count])) if count >= fewest else (0, None)

    def root(self, value: Value) -> Value:
        """What a value is a view of."""
        call = self.defined.get(value)
        while call is not None and call.is_view and type(call.args[0]) is Value:
            value = call.args[0]
            call = self.defined.get(value)
        return value

    # Where arguments lie ----------------------------------------------------------------------------------------------

    def _argument(self, args: list[Any]) -> tuple[Any] | None:
        """What one argument of many calls is, in a tuple: the same in all of them, or a column."""
        first: Any = args[0]
        if all(arg is first for arg in args) or (type(first) is not Value and first is not None):
            return (first,)
        column = self._column(args)
        if column is None or column.array.ndim != np.ndim(args[0].data) + 1:
            return None
        return (column,)

    def _column(self, values: list[Any]) -> Column | None:
        if not all(type(value) is Value and value.is_array for value in values) or len({*values}) < len(values):
            return None
        calls = [self.defined.get(value) for value in values]
        if not all(call is not None and call.is_view for call in calls):
            return self._laid(values)
        return self._rows(calls) or self._lifted(calls)

    def _rows(self, calls: list[Any]) -> Column | None:
        """Rows of an array that is there."""
        if not all(call.func is operator.getitem and call.args[0] is calls[0].args[0] for call in calls):
            return None
        base = calls[0].args[0]
        if base.storage in {stack_value.storage for stack_value in self.stacks}:
            return None
        found = [index if isinstance(index, tuple) else (index,) for index in [call.args[1] for call in calls]]
        if not all(type(part) in (int, slice) for index in found for part in index) or len({*map(len, found)}) > 1:
            return None
        varying = [i for i, parts in enumerate(zip(*found, strict=True)) if len({*map(str, parts)}) > 1]
        if len(varying) != 1 or not all(type(index[varying[0]]) is int for index in found):
            return None
        at = varying[0]
        numbers = [index[at] % base.data.shape[at] for index in found]
        part = progression(numbers)
        if part is None:
            return None
        index = (*found[0][:at], part, *found[0][at + 1 :])
        axis = sum(type(x) is slice for x in index[:at])
        return Column(np.moveaxis(base.data[index], axis, 0), base=base, index=index, axis=axis)

    def _lifted(self, calls: list[Any]) -> Column | None:
        """The same view of each element of another column."""
        first = calls[0]
        if not all(call.func is first.func and type(call.args[0]) is Value for call in calls):
            return None
        if any(str((call.args[1:], call.kwargs)) != str((first.args[1:], first.kwargs)) for call in calls):
            return None
        if any(True for _ in values_in((first.args[1:], first.kwargs))):
            return None
        view = lifted(first)
        inner = self._column([call.args[0] for call in calls]) if view else None
        if view is None or inner is None:
            return None
        func, args, kwargs = view
        array = func(inner.array, *args, **kwargs)
        one = first.result.data
        if not np.may_share_memory(array, inner.array) or layout(Value(array[0], Storage())) != layout(
            Value(one, Storage())
        ):
            return None
        return Column(array, inner=inner, view=view)

    def _laid(self, values: list[Value]) -> Column | None:
        """Values that lie in one stack, or can be laid there."""
        known = {self.stacks[value] for value in values if value in self.stacks}
        if len(known) > 1 or len({layout(value) for value in values}) > 1:
            return None
        if not known:
            if not all(self._can_lie(value) for value in values) or len(values) * values[0].data.nbytes > self.most:
                return None
            in_order = self.order[values[0]] < self.order[values[-1]]
            stack = Stack([*values] if in_order else [*values[::-1]])
        else:
            (stack,) = known
            if not all(value in self.stacks for value in values) and not self._extend(stack, values):
                return None
        for value in values:
            self.stacks[value] = stack
        part = progression(stack.places(values))
        if part is None:
            return None
        like = values[0].data
        array = np.empty((len(stack.values), *like.shape), like.dtype)[part]
        return Column(array, stack=stack, values=(*values,))

    def _extend(self, stack: Stack, values: list[Value]) -> bool:
        """Lay further values at the ends of a stack."""
        inside = [i for i, value in enumerate(values) if value in self.stacks]
        places = stack.places([values[i] for i in inside])
        if places[-1] < places[0]:
            values = values[::-1]
            inside = [len(values) - 1 - i for i in inside][::-1]
        first, last = inside[0], inside[-1] + 1
        start = min(places)
        before, after = values[:first], values[last:]
        if stack.values[start : start + last - first] != values[first:last] or (before and start):
            return False
        if after and start + last - first != len(stack.values):
            return False
        longer = [*before, *stack.values, *after]
        if len(longer) * values[0].data.nbytes > self.most or not all(map(self._can_lie, [*before, *after])):
            return False
        stack.values = longer
        return True

    def _can_lie(self, value: Value) -> bool:
        """Whether what computes a value can write it anywhere, and nobody can tell."""
        call, storage = self.defined.get(value), value.storage
        if call is None or not is_pure(call) or value in self.program.memory or not value.data.flags.c_contiguous:
            return False
        if storage.external or storage in self.flow.kept or self.flow.writes.get(storage) or not value.data.ndim:
            return False
        return call.func in PRODUCTS or (
            isinstance(call.func, np.ufunc) and is_elementwise(call) and len(call.args) == call.func.nin
        )

    # Written ----------------------------------------------------------------------------------------------------------

    def written(self, calls: list[Any]) -> tuple[list[Any], Callable[[Value], Value]]:
        """The program's calls with stacks, and what stands for its values."""
        now: dict[Value, Value] = {}
        storages: dict[Storage, Stack] = {value.storage: stack for value, stack in self.stacks.items()}
        made: set[Stack] = set()
        found: list[Any] = []
        rows: set[Call] = set()

        def current(value: Value) -> Value:
            if value not in now and value.storage in storages:  # a view of what has become a row
                whole = storages[value.storage].whole
                assert whole is not None
                now[value] = Value(value.data, whole.storage, value.source, value.name)
            return now.get(value, value)

        def make(stack: Stack) -> None:
            made.add(stack)
            like = stack.values[0].data
            array = np.empty((len(stack.values), *like.shape), like.dtype)
            stack.whole = whole = Value(array, Storage())
            found.append(Call(np.empty, (array.shape, array.dtype), {}, whole))
            for i, value in enumerate(stack.values):
                now[value] = Value(array[i], whole.storage, None, value.name)
                found.append(Call(operator.getitem, (whole, i), {}, now[value]))
                rows.add(found[-1])

        for call in calls:
            members = call.members if isinstance(call, Stacked) else [call]
            for value in [v for member in members for v in (*member.inputs, *member.outputs)]:
                stack = storages.get(value.storage)
                if stack is not None and stack not in made:
                    make(stack)
            if isinstance(call, Stacked):
                found += self._one(call, current)
            elif isinstance(call, Guard):
                found.append(with_values(call, current))
            else:
                found.append(self._changed(call, current))
        used = {value for call in found for value in call.inputs} | {*self.program.kept}
        used |= {value for call in found if call not in rows for value in call.outputs}
        return [call for call in found if call not in rows or call.result in used], current

    def _changed(self, call: Call, current: Callable[[Value], Value]) -> Call:
        """A call that writes its result into a row, if it is one."""
        new = with_values(call, current)
        if call.result in self.stacks and not call.is_view:
            out = current(call.result)
            return Call(new.func, new.args, {**new.kwargs, "out": out}, out, (out,), call.line, call.errstate)
        if call.is_view and isinstance(call.result, Value):
            new.result = current(call.result)
        return new

    def _one(self, stacked: Stacked, current: Callable[[Value], Value]) -> list[Call]:
        """One call in place of many, and the views that it needs."""
        calls: list[Call] = []
        first = stacked.members[0]
        args = tuple(
            [
                self._value(arg, calls) if type(arg) is Column else self._shared(arg, calls, current)
                for arg in stacked.args
            ]
        )
        if stacked.out is None:
            calls.append(Call(stacked.func, args, stacked.kwargs, stacked.result, (), first.line, first.errstate))
            return calls
        out = self._value(stacked.out, calls)
        kwargs = {**stacked.kwargs, "out": out}
        calls.append(Call(stacked.func, args, kwargs, out, (out,), first.line, first.errstate))
        return calls

    def _shared(self, arg: Any, calls: list[Call], current: Callable[[Value], Value]) -> Any:
        """What is the same for all; a view is made anew, for it may have stood further behind."""
        call = self.defined.get(arg) if type(arg) is Value else None
        if call is None or not call.is_view or len(call.inputs) != 1:
            return current(arg) if type(arg) is Value else arg
        base = self._shared(call.inputs[0], calls, current)
        arg = current(arg)
        new = Value(arg.data, arg.storage, None, arg.name)
        made = with_values(call, lambda value: base)
        calls.append(Call(made.func, made.args, made.kwargs, new, (), call.line, call.errstate))
        return new

    def _value(self, column: Column, calls: list[Call]) -> Value:
        """The array that a column is, and the views that show it."""
        if column.stack is not None:
            whole = column.stack.whole
            assert whole is not None
            part = progression(column.stack.places([*column.values]))
            if part == slice(0, len(column.stack.values)):
                return whole
            return _view(calls, operator.getitem, whole, part)
        if column.base is not None:
            shown = column.base
            index = column.index
            index = index[0] if len(index) == 1 else index
            if index != slice(0, len(column.base.data)):
                shown = _view(calls, operator.getitem, shown, index)
            return shown if not column.axis else _view(calls, np.moveaxis, shown, column.axis, 0)
        assert column.inner is not None and column.view is not None
        func, args, kwargs = column.view
        return _view(calls, func, self._value(column.inner, calls), *args, **kwargs)


def _view(calls: list[Call], func: Callable[..., Any], base: Value, *args: Any, **kwargs: Any) -> Value:
    value = Value(func(base.data, *args, **kwargs), base.storage)
    calls.append(Call(func, (base, *args), kwargs, value))
    return value


def progression(numbers: list[int]) -> slice | None:
    """The slice that takes these numbers, if their distances are equal."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if not step or any(b - a != step for a, b in itertools.pairwise(numbers)):
        return None
    stop: int | None = numbers[-1] + (1 if step > 0 else -1)
    if stop is not None and stop < 0:
        stop = None
    return slice(numbers[0], stop, None if step == 1 else step)


def lifted(call: Call) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None:
    """The view of an array with one more axis before the others that does the same to each of its rows."""
    func, args, ndim = call.func, call.args[1:], call.args[0].data.ndim
    if func == Attribute("T") or (func in (np.transpose, Method("transpose")) and not args and not call.kwargs):
        return np.transpose, ((0, *range(ndim, 0, -1)),), {}
    if func == Attribute("mT") or (func in (np.swapaxes, Method("swapaxes")) and not call.kwargs):
        a, b = args or (-1, -2)
        return np.swapaxes, (a % ndim + 1, b % ndim + 1), {}
    if func in (np.reshape, Method("reshape")) and not call.kwargs:
        shape = call.result.data.shape
        return (lambda array, *rest: np.reshape(array, (len(array), *shape))), (), {}
    if func is operator.getitem:
        index = args[0] if isinstance(args[0], tuple) else (args[0],)
        if all(part is Ellipsis or part is None or type(part) in (int, slice) for part in index):
            return operator.getitem, ((slice(None), *index),), {}
    return None


def products_alike(func: Callable[..., Any], arrays: list[Any], size: int) -> bool:
    """Whether np.matmul of stacked matrices gives what func gives of each. It calls the same function of BLAS for each,
    and the order in which that adds up is a matter of shapes and strides alone, so some numbers tell."""
    rng = np.random.default_rng(0)
    for _ in range(trials(size)):
        a, b = [noise(array[:3] if array.ndim == 3 else array, rng) for array in arrays]
        together = np.matmul(a, b)
        singly = [func(a[i] if a.ndim == 3 else a, b[i] if b.ndim == 3 else b) for i in range(len(together))]
        if not np.array_equal(together, np.stack(singly)):
            return False
    return True


def sums_alike(column: Any) -> bool:
    """Whether np.add.reduce adds up the rows of an array that lies like this one after the other."""
    rng = np.random.default_rng(0)
    for _ in range(trials(column[0].size)):
        terms = noise(column, rng)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        if not np.array_equal(np.add.reduce(terms, 0), total):
            return False
    return True


def trials(size: int) -> int:
    """How many times so many numbers are compared: each that is added up in another order comes out otherwise in about
    one of two cases."""
    return min(max(4096 // size, 4), 64)


def noise(like: Any, rng: np.random.Generator) -> Any:
    """Numbers of many sizes in an array with the strides of another."""
    steps = [step * (n - 1) for step, n in zip(like.strides, like.shape, strict=True)]
    first = -sum(step for step in steps if step < 0)
    size = (first + sum(step for step in steps if step > 0)) // like.itemsize + 1
    numbers = rng.standard_normal(size) * 2.0 ** rng.integers(-8, 8, size)
    memory = numbers.astype(like.dtype)
    return np.lib.stride_tricks.as_strided(memory[first // like.itemsize :], like.shape, like.strides)
