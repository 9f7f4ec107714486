"""What is drawn of a graph: its operations in their order, folded where they are too many, and the modules they are in.

Four steps: walk the graph, oldest operation first (`operations_behind`); give each operation to the module of the
network that it is part of (`owners_of`); fold what is too long to read, whole modules if there is a network
(`folded_modules`), else stretches (`folded`); choose which data are shown. `Graph` holds the result of all four.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..network import Module
from ..node import Node
from ..versions import current
from .folding import FEW, Stretch, folded, repetition_folded, singles
from .modules import folded_modules, modules_of, owners_of
from .walk import holds_several, is_recorded, known_as, operations_behind, version_numbers


class Incoming(NamedTuple):
    """What goes into a stretch of operations from outside."""

    shown: list[Any]  # data that are drawn
    passed: dict[int, dict[int, Any]]  # the values, by id(), that aren't drawn, from each other stretch, by its number
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
        self.modules, self.homes = modules_of(model)
        self.owners = owners_of(self.operations, self.modules, self.homes)
        if max_nodes is None or 2 * len(self.operations) + self._count_leaves() <= max_nodes:
            self._arrange(singles(self.operations))
        else:
            if not self._fold_modules(max_nodes):
                self._arrange(folded(self.operations, max_nodes))
            self._leave_out_crowds()
        self.numbers = version_numbers(x for x in self.values.values() if isinstance(x, Node))

    def _fold_modules(self, most: int) -> bool:
        """Whether it is enough to fold modules, and repetitions of them where that hides more than half."""
        for stretches in folded_modules(self.operations, self.owners, self.modules, self.homes):
            enough = most
            shorter: list[Stretch] | None = stretches
            while shorter is not None:
                self._arrange(shorter)
                if len(shorter) + len(self.drawn) <= enough:
                    return True
                enough, shorter = most // 2, repetition_folded(self.operations, shorter, self.owners)
        return False

    def _arrange(self, stretches: list[Stretch]) -> None:
        """Take these stretches, and choose what is drawn of them."""
        self.stretches = stretches
        self.values: dict[int, Any] = {id(self.root): self.root}
        self.made_by: dict[int, int] = {}
        self.used_by: dict[int, list[int]] = defaultdict(list)
        self._find_makers_and_users()
        self.drawn = self._chosen()

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
        inputs = self._inputs(traffic)
        drawn = {id(self.root): self.root}
        for key, x in self.values.items():
            if isinstance(x, Node) and holds_several(x):
                continue
            maker = self.made_by.get(key)
            users = [u for u in self.used_by[key] if self.stretches[u].is_single]
            whole = [u for u in self.used_by[key] if self.stretches[u].module is not None]
            if maker is None:
                is_shown = bool(users) or key in inputs
            elif whole or self.stretches[maker].module is not None:
                is_shown = False  # modules say themselves what shape comes in and goes out
            else:
                is_shown = self.stretches[maker].is_single or any(traffic[maker, u] <= FEW for u in users)
            if is_shown:
                drawn[key] = x
        return drawn

    def _inputs(self, traffic: Counter) -> set[int]:
        """The leaves that come into modules from outside: no parameters, nor constants of their own, such as masks.

        A constant is taken for an input of a module that gets no other, if it is the first that is used there.
        """
        fed = {user for maker, user in traffic if maker is not None and maker != user}
        found = set()
        for key, x in self.values.items():
            whole = [u for u in self.used_by[key] if self.stretches[u].module is not None]
            if key in self.made_by or not whole or (isinstance(x, Node) and known_as(x) in self.homes):
                continue
            if (isinstance(x, Node) and x._requires_grad) or not fed.issuperset(whole):
                found.add(key)
                fed.update(whole)
        return found

    def _leave_out_crowds(self) -> None:
        """Of the many leaves that one operation alone takes in, show the first few and the last."""
        for stretch in self.stretches:
            if stretch.is_single:
                operands = self.operations[stretch.first].operands
                leaves = dict.fromkeys(id(x) for x in operands if id(x) not in self.made_by)
                own = [key for key in leaves if len(self.used_by[key]) == 1]
                for key in own[FEW:-1] if len(own) > 2 * FEW else ():
                    del self.drawn[key]

    def depth(self) -> int:
        """How many stretches follow one another on the longest way to the root."""
        depths = [1] * len(self.stretches)
        for number in range(len(self.stretches)):
            for x in (x for o in self.operations[slice(*self.stretches[number][:2])] for x in o.operands):
                maker = self.made_by.get(id(x), number)
                depths[number] = max(depths[number], depths[maker] + (maker != number))
        return max(depths, default=0)

    @property
    def seen(self) -> dict[int, Any]:
        """The data that are drawn, and those that arrows between modules stand for."""
        ends = {n for n, s in enumerate(self.stretches) if s.module is not None}
        passed = {k: x for k, x in self.values.items() if ends & {self.made_by.get(k), *self.used_by[k]}}
        return self.drawn | {k: x for k, x in passed.items() if self._goes_on(k)}

    def _goes_on(self, key: int) -> bool:
        """Whether a value goes from one stretch to another."""
        return key in self.made_by and set(self.used_by[key]) != {self.made_by[key]}

    def incoming(self, number: int) -> Incoming:
        """What goes into the stretch of this number; each value once, of a single operation as often as it is taken."""
        stretch = self.stretches[number]
        operations = self.operations[stretch.first : stretch.last]
        operands: Iterable[Any] = operations[0].operands
        if not stretch.is_single:
            operands = {id(x): x for o in operations for x in o.operands}.values()
        shown: list[Any] = []
        passed: dict[int, dict[int, Any]] = defaultdict(dict)
        hidden: dict[int, Any] = {}
        for x in operands:
            key = id(x)
            if key in self.drawn:
                shown += [x] if self.made_by.get(key) != number else []
            elif key not in self.made_by:
                hidden |= {key: x} if self.used_by[key][0] == number else {}
            elif self.made_by[key] != number:
                passed[self.made_by[key]][key] = x
        return Incoming(shown, passed, hidden)
