"""What is drawn of a graph: its operations in their order, folded where they are too many, and the modules they are in.

Four steps, in the order of this file: walk the graph, oldest operation first (`operations_behind`); fold what is too
long to read (`folded`); give each operation to the module of the network that it is part of (`owners_of`); choose which
data are shown (`Graph`, which holds the result of all four).

A Tensor that was assigned into is a name: its versions are drawn, and each operation with the version that it used.
"""

from __future__ import annotations

import itertools
import weakref
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..engine import pick
from ..network import Module
from ..node import Ended, Node
from ..trace import gather
from ..versions import ASSIGN, VIEW, arguments, current
from .labels import is_array

# The walk ------------------------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """One recorded operation: the node that holds it, what comes in (Tensors and constant arrays), what goes out."""

    node: Node
    operands: list[Any]
    results: list[Any]


def operations_behind(root: Node) -> list[Operation]:
    """The operations behind root in a topological order, that of their making."""
    nodes = _ancestors(root)
    outputs = defaultdict(list)
    for t in nodes:
        if is_recorded(t) and t._op is pick:
            outputs[t._args[0]].append(t)
    shown = [t for t in nodes if is_recorded(t) and t._op is not pick and t._op is not gather]
    return [Operation(t, _operands(t), outputs.get(t, [t])) for t in shown]


def _ancestors(root: Node) -> list[Node]:
    """root and all that it was computed from, oldest first; each once."""
    root = current(root)
    seen, stack = {root}, [root]
    while stack:
        node = stack.pop()
        for parent in arguments(node) if is_recorded(node) else ():
            if isinstance(parent, Node) and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda t: t._order)


def is_recorded(t: Node) -> bool:
    """Whether the operation that made t is still known: not of a leaf, nor after the graph was freed.

    Of constants none is, with one exception: the view of what is assigned into, which shows what is read from where.
    """
    return t._args is not None and (t._requires_grad or (is_version(t) and t._op is not ASSIGN))


def _holds_several(t: Node) -> bool:
    """Whether t is the hidden node of a function with several outputs, which are picked out of it."""
    return isinstance(t._data, tuple)


def takes_several(node: Node) -> bool:
    """Whether an operation takes several arrays as one argument, the first."""
    args = arguments(node)
    return bool(args) and isinstance(args[0], Node) and args[0]._op is gather


def parts_of_arguments(node: Node) -> tuple:
    """What a node was computed from, also where it takes several arrays as one argument."""
    args = arguments(node)
    return arguments(args[0]) if takes_several(node) else args


def _operands(node: Node) -> list[Any]:
    """Tensors, and the arrays in the place of one; an array where no rule stands is a setting.

    Of an assignment, the version before it comes first, and then the value.
    """
    op: Any = node._op
    args = parts_of_arguments(node)
    if op is ASSIGN:
        value, old, _ = args
        args = (old, value) if isinstance(old, Node) else (value,)  # where all is overwritten, nothing is old
    known = len(args) if takes_several(node) else len(op.rules_for(len(args)))
    return [a for i, a in enumerate(args) if isinstance(a, Node) or (i < known and is_array(a))]


# Versions ------------------------------------------------------------------------------------------------------------


def is_version(t: Node) -> bool:
    """Whether t is a version of a Tensor that was assigned into, or of a view of one."""
    return type(t._grad) is weakref.ref


def shows_version(t: Node) -> bool:
    """Whether t is a view of a version."""
    return is_version(t) and getattr(t, "_saved", None) is VIEW


def known_as(t: Node) -> Node:
    """The Tensor that the program knows t by: of a version, the one that was assigned into, while it lives."""
    name = t._grad() if is_version(t) else None
    return t if name is None else name


def version_numbers(nodes: Iterable[Node]) -> dict[int, int]:
    """The numbers of the versions of each Tensor, and of their views, by `id()`.

    They are counted as they follow one another in the graph: from 0 for what stood there before the first assignment,
    or from 1 if an assignment to all of the Tensor is the first. What was freed has none.
    """
    known = sorted((t for t in nodes if is_version(t) and not isinstance(t._op, Ended)), key=lambda t: t._order)
    chains = defaultdict(list)
    for t in known:
        if not shows_version(t):
            chains[id(t._grad)].append(t)  # a reference to the Tensor, the same in all its versions
    numbers = {id(t): i for chain in chains.values() for i, t in enumerate(chain, int(chain[0]._op is ASSIGN))}
    for t in known:
        if shows_version(t) and id(t._args[0]) in numbers:
            numbers[id(t)] = numbers[id(t._args[0])]
    return numbers


# Folding -------------------------------------------------------------------------------------------------------------
#
# The operations stand in a topological order, so any stretch of them can be drawn as one node, and arrows still point
# forward. First go stretches that repeat (the layers of a deep network, the steps of a recurrent one, a long chain):
# the first and the last repetition stay. Then, where that isn't enough, the middle.


class Stretch(NamedTuple):
    """Operations first to last (exclusive), drawn as one node; those of a repetition repeat with a period."""

    first: int
    last: int
    period: int = 0

    @property
    def is_single(self) -> bool:
        return self.last - self.first == 1


FEW = 4  # where anything is folded, more values than this of one kind between two operations are drawn as one


def folded(operations: list[Operation], most: int | None) -> list[Stretch]:
    """The operations in stretches, of which at most about `most` nodes come."""
    stretches = [Stretch(i, i + 1) for i in range(len(operations))]
    if most is None:
        return stretches
    kinds: dict[Any, int] = {}
    codes = [kinds.setdefault(_kind(o), len(kinds)) for o in operations]
    while _count_nodes(operations, stretches) > most:
        start, period, times = _longest_repetition(
            np.array([codes[s.first] if s.is_single else -1 - s.first for s in stretches])
        )
        if times < 4:
            break
        start, stop = start + period, start + (times - 1) * period
        stretches[start:stop] = [Stretch(stretches[start].first, stretches[stop - 1].last, period)]
    shown = most // 2
    while len(stretches) > 3 and _count_nodes(operations, stretches) > most:
        shown = min(shown, len(stretches) - 2) * 3 // 4
        head, tail = shown // 2, max(shown - shown // 2, 1)
        stretches[head : len(stretches) - tail] = [Stretch(stretches[head].first, stretches[-tail - 1].last)]
    return stretches


def _kind(operation: Operation) -> tuple:
    """What operations must have in common to count as repetitions of one another."""
    op: Any = operation.node._op
    return op.name, tuple(r.shape for r in operation.results)


def _longest_repetition(codes: np.ndarray) -> tuple[int, int, int]:
    """Start, period and number of times of the repetition in codes that hides most when folded."""
    best, saved = (0, 1, 0), 0
    for period in range(1, min(len(codes) // 4, 500) + 1):
        same = np.concatenate(([False], codes[period:] == codes[:-period], [False]))
        edges = np.flatnonzero(same[1:] != same[:-1])
        if not edges.size:
            continue
        lengths = edges[1::2] - edges[::2]
        i = int(np.argmax(lengths))
        times = int(lengths[i]) // period + 1
        if (times - 2) * period > saved:
            best, saved = (int(edges[2 * i]), period, times), (times - 2) * period
        if 2 * saved > len(codes):  # good enough, and the next call looks at the rest
            break
    return best


def _count_nodes(operations: list[Operation], stretches: list[Stretch]) -> int:
    """About how many nodes it takes to draw the stretches."""
    data: set[int] = set()
    for stretch in stretches:
        if stretch.is_single:
            _, operands, results = operations[stretch.first]
            data.update(map(id, results))
            data.update(id(x) for x in (operands if len(operands) <= 2 * FEW else operands[: FEW + 2]))
    return len(stretches) + len(data)


# The modules of a network --------------------------------------------------------------------------------------------


def modules_of(model: Module | None) -> tuple[dict[str, Module], dict[Any, tuple[str, str]]]:
    """Modules by their dotted name, and for each parameter its full name and that of the module that holds it."""
    named = list(model.walk()) if model is not None else []
    modules = {name: item for name, item in named if isinstance(item, Module)}
    homes = {item: (name, _nearest(name, modules)) for name, item in named if isinstance(item, Node)}
    return modules, homes


def owners_of(operations: list[Operation], modules: dict[str, Module], homes: dict) -> list[str | None]:
    """For each operation the module that it is part of: a guess, from the parameters that it and its neighbours use.

    One that uses parameters belongs to the module of these; one that joins results of several modules, or was made
    between the uses of two, to the module around both; one that keeps the shape of a module's result, as an activation
    does, to that module.
    """
    if not homes:
        return [None] * len(operations)
    used = [[known_as(x) for x in o.operands if isinstance(x, Node)] for o in operations]
    direct = [{homes[x][1] for x in tensors if x in homes} for tensors in used]
    coming = direct[:]  # the modules whose parameters are used next
    for i in reversed(range(len(coming) - 1)):
        coming[i] = coming[i] or coming[i + 1]
    root = "" if any("" in names for names in direct) else None  # framed only where it holds parameters of its own
    last: set[str] = set()  # the modules whose parameters were used last
    made_in: dict[Any, str | None] = {}
    owners = []
    for i, (node, operands, results) in enumerate(operations):
        sources = {made_in.get(x) if isinstance(x, Node) else None for x in operands}
        owner = next(iter(sources), None)
        if direct[i]:
            last, owner = direct[i], _around(direct[i], modules)
        elif len(sources) > 1 and None not in sources:
            owner = _around(sources, modules) or root
        elif len(sources) > 1 or owner is None or not _is_activation(operands, results, modules[owner]):
            between = _around(last | coming[i], modules) if last and coming[i] and last != coming[i] else None
            owner = between or root if any(s is not None for s in sources) and between is not None else None
        owners.append(owner)
        made_in.update((result, owner) for result in (node, *results))
    return owners


def _is_activation(operands: list[Any], results: list[Any], module: Any) -> bool:
    keeps_shape = all(x.shape == r.shape for x in operands for r in results)
    return keeps_shape and getattr(module, "activation", True) is not None


def _around(names: Iterable[Any], modules: dict[str, Module]) -> str:
    """The innermost module around all of the named ones."""
    parts = [name.split(".") if name else [] for name in names]
    common = itertools.takewhile(lambda p: len(set(p)) == 1, zip(*parts, strict=False))
    return _nearest(".".join(p[0] for p in common), modules)


def _nearest(name: str, modules: dict[str, Module]) -> str:
    """The innermost module that has this name, or around what has it."""
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


# All of it together --------------------------------------------------------------------------------------------------


class Incoming(NamedTuple):
    """What goes into a stretch of operations from outside."""

    shown: list[Any]  # data that are drawn
    passed: Counter[int]  # how many values that aren't drawn come from each other stretch, by its number
    hidden: dict[int, Any]  # leaves that aren't drawn, by id()


class Graph:
    """What is drawn of the graph behind a Tensor. Data are looked up by `id()`, since arrays can't be keys.

    Attributes:
        operations: behind root, in a topological order.
        stretches: the operations again, in stretches that are drawn as one node each.
        modules: the modules of the network by name.
        homes: for each parameter its full name, and the name of its module; of versions, for what they are known as.
        owners: for each operation the name of its module, or None.
        values: the data of the graph.
        made_by: the number of the stretch that makes a value.
        used_by: the numbers of the stretches that use it.
        drawn: the data that are shown.
        numbers: those of the versions of Tensors.
    """

    def __init__(self, root: Node, model: Module | None = None, max_nodes: int | None = None):
        self.root = root = current(root)
        self.operations = operations_behind(root)
        is_long = max_nodes is not None and 2 * len(self.operations) + self._count_leaves() > max_nodes
        self.stretches = folded(self.operations, max_nodes if is_long else None)
        self.modules, self.homes = modules_of(model)
        self.owners = owners_of(self.operations, self.modules, self.homes)
        self.values: dict[int, Any] = {id(root): root}
        self.made_by: dict[int, int] = {}
        self.used_by: dict[int, list[int]] = defaultdict(list)
        self._find_makers_and_users()
        self.drawn = self._chosen()
        if is_long:
            self._leave_out_crowds()
        self.numbers = version_numbers(x for x in self.values.values() if isinstance(x, Node))

    def _count_leaves(self) -> int:
        """How many different leaves and constants the operations take in."""
        operands = (x for o in self.operations for x in o.operands)
        return len({id(x) for x in operands if not (isinstance(x, Node) and is_recorded(x))})

    def _find_makers_and_users(self) -> None:
        for number, stretch in enumerate(self.stretches):
            for node, operands, results in self.operations[stretch.first : stretch.last]:
                for x in operands:
                    self.values[id(x)] = x
                    if number not in self.used_by[id(x)][-1:]:
                        self.used_by[id(x)].append(number)
                for x in (node, *results):
                    self.values[id(x)], self.made_by[id(x)] = x, number

    def _chosen(self) -> dict[int, Any]:
        """The data that a single operation takes in or gives out, but not many that go from one stretch to another."""
        traffic = Counter((self.made_by.get(key), user) for key, users in self.used_by.items() for user in users)
        drawn = {id(self.root): self.root}
        for key, x in self.values.items():
            if isinstance(x, Node) and _holds_several(x):
                continue
            maker = self.made_by.get(key)
            users = [u for u in self.used_by[key] if self.stretches[u].is_single]
            if maker is None:
                is_shown = bool(users)
            else:
                is_shown = self.stretches[maker].is_single or any(traffic[maker, u] <= FEW for u in users)
            if is_shown:
                drawn[key] = x
        return drawn

    def _leave_out_crowds(self) -> None:
        """Of the many leaves that one operation alone takes in, show the first few and the last."""
        for stretch in self.stretches:
            if stretch.is_single:
                operands = self.operations[stretch.first].operands
                leaves = dict.fromkeys(id(x) for x in operands if id(x) not in self.made_by)
                own = [key for key in leaves if len(self.used_by[key]) == 1]
                for key in own[FEW:-1] if len(own) > 2 * FEW else ():
                    del self.drawn[key]

    def incoming(self, number: int) -> Incoming:
        """What goes into the stretch of this number; each value once, of a single operation as often as it is taken."""
        stretch = self.stretches[number]
        operations = self.operations[stretch.first : stretch.last]
        operands: Iterable[Any] = operations[0].operands
        if not stretch.is_single:
            operands = {id(x): x for o in operations for x in o.operands}.values()
        shown: list[Any] = []
        passed: Counter[int] = Counter()
        hidden: dict[int, Any] = {}
        for x in operands:
            key = id(x)
            if key in self.drawn:
                shown += [x] if self.made_by.get(key) != number else []
            elif key not in self.made_by:
                hidden |= {key: x} if self.used_by[key][0] == number else {}
            elif self.made_by[key] != number:
                passed[self.made_by[key]] += 1
        return Incoming(shown, passed, hidden)
