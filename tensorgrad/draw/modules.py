"""The modules of a network: which operations are part of which, and whole modules as one node each.

A recorded operation doesn't say in which module it was recorded. It is found out from the parameters that are used: by
the operation itself, by those recorded just before and after it, and by those that its operands come from and go to.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ..network import Module
from ..nn.containers import ModuleDict, ModuleList, Sequential
from ..nn.recurrent import Recurrent
from ..node import Node
from ..versions import arguments
from .folding import Stretch
from .labels import is_array
from .walk import Operation, known_as


def modules_of(model: Module | None) -> tuple[dict[str, Module], dict[Any, tuple[str, str]]]:
    """Modules by their dotted name, and for each parameter its full name and that of the module that holds it."""
    named = list(model.walk()) if model is not None else []
    modules = {name: item for name, item in named if isinstance(item, Module)}
    homes = {item: (name, nearest(name, modules)) for name, item in named if isinstance(item, Node)}
    return modules, homes


def nearest(name: str, modules: dict[str, Module]) -> str:
    """The innermost module that has this name, or around what has it."""
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


def around(names: Iterable[Any], modules: dict[str, Module]) -> str:
    """The innermost module around all of the named ones."""
    parts = [name.split(".") if name else [] for name in names]
    common = itertools.takewhile(lambda p: len(set(p)) == 1, zip(*parts, strict=False))
    return nearest(".".join(p[0] for p in common), modules)


def path_to(name: str, modules: dict[str, Module]) -> list[str]:
    """The modules that a module is in, itself the last; the model, which all are in, is the first."""
    parts = name.split(".") if name else []
    return [outer for i in range(len(parts) + 1) if (outer := ".".join(parts[:i])) in modules]


def is_list(module: Module) -> bool:
    """Whether a module only keeps others, and is never called."""
    return type(module) in (ModuleList, ModuleDict)


# The owners of operations --------------------------------------------------------------------------------------------


def owners_of(operations: list[Operation], modules: dict[str, Module], homes: dict) -> list[str | None]:
    """For each operation the module that it is part of, if any: a guess.

    One that uses parameters belongs to the module of these. Of others,

    - what was recorded between the uses of parameters of two modules belongs to the module around both;
    - what joins values that were made in one module belongs to it, and so does what joins one with what went into it:
      the sum around a residual block that ends a list of such;
    - what keeps the shape of a module's result, as an activation does, belongs to that module, if it may have one.
    """
    if not homes:
        return [None] * len(operations)
    direct = _direct(operations, homes)
    following = list(range(len(operations)))  # for each operation the next that uses parameters
    for i in reversed(range(len(operations) - 1)):
        following[i] = i if direct[i] else following[i + 1]
    is_root_framed = any("" in names for names in direct)  # only where it holds parameters of its own
    guess = _Guess(modules)
    last: set[str] = set()  # the modules whose parameters were used last
    begun: set[str | None] = set()  # the modules that used parameters
    firsts: set[Any] = set()  # the uses of parameters that their calls begin with
    made_in: dict[int, str | None] = {}
    users: dict[int, set[str]] = defaultdict(set)
    owners: list[str | None] = []
    for i, (node, operands, results) in enumerate(operations):
        if direct[i]:
            owner: str | None = around(direct[i], modules)
            last = direct[i]
            use = use_of_parameters(operations[i], homes)
            if use and owner not in begun:
                begun.add(owner)
                firsts.add(use)
        else:
            coming = direct[following[i]]
            between = last | coming if last and coming else set()
            is_again = use_of_parameters(operations[following[i]], homes) in firsts
            sources = {id(x): made_in.get(id(x)) for x in operands}
            keeps_shape = all(x.shape == r.shape for x in operands for r in results)
            found = guess.owner(sources, users, between, is_again, keeps_shape)
            owner = found if found or is_root_framed else None
        owners.append(owner)
        made_in.update((id(result), owner) for result in (node, *results))
        for x in operands:
            users[id(x)] |= {owner} if owner is not None else set()
    return owners


def _direct(operations: list[Operation], homes: dict) -> list[set[str]]:
    """For each operation the modules whose parameters it uses, or what was computed from these alone."""
    made_of: dict[int, set[str]] = {}
    found = []
    for node, operands, results in operations:
        homes_of = [
            {homes[t][1]} if isinstance(x, Node) and (t := known_as(x)) in homes else made_of.get(id(x), set())
            for x in operands
        ]
        found.append(set().union(*homes_of))
        if all(homes_of) and len(found[-1]) == 1 and not any(map(_has_data, arguments(node)[1:])):
            made_of.update((id(result), found[-1]) for result in (node, *results))
    return found


def _has_data(argument: Any) -> bool:
    """Whether an argument is, or has in it, an array, such as the rows that are looked up in a table."""
    return is_array(argument) or (isinstance(argument, tuple) and any(map(_has_data, argument)))


def use_of_parameters(operation: Operation, homes: dict) -> Any:
    """What an operation does with parameters, to be compared with what another does; None if it uses none."""
    op: Any = operation.node._op
    used = [known_as(x) for x in operation.operands if isinstance(x, Node) and known_as(x) in homes]
    return (op.name, operation.results[0].shape, *map(id, used)) if used else None


class _Guess:
    """The owner of an operation that uses no parameters."""

    def __init__(self, modules: dict[str, Module]):
        self._modules = modules

    def owner(
        self,
        sources: dict[int, str | None],
        users: dict[int, set[str]],
        between: set[str],
        is_again: bool,
        keeps_shape: bool,
    ) -> str | None:
        """The owner of an operation.

        Args:
            sources: of each operand, the module that it was made in.
            users: of values, the modules that they were used in.
            between: the modules that use parameters just before and after it.
            is_again: whether the use after it is one that a call of a module has begun with before.
            keeps_shape: whether the operands have the shape of the result.
        """
        made = set(sources.values())
        choices = [({s} if s is not None else set()) | users[x] for x, s in sources.items()]
        choices = [choice for choice in choices if choice]
        place = self._place(between, is_again) if between else None
        if not choices:
            return place
        joins = len(choices) > 1
        inner = self._called(self._innermost(choices), joins, place is not None)
        if joins and None not in made:
            place = max(place or "", self._called(around(made, self._modules), joins, True), key=len)
        if place is None and not joins and not keeps_shape:
            return None
        path = path_to(inner, self._modules)
        if (place or "") not in path:  # inner is around place, or beside it
            return place
        if joins:
            return self._first_called(path[path.index(place or "") :])
        return inner if keeps_shape and not self._has_functions(place) else place

    def _innermost(self, choices: list[set[str]]) -> str:
        """The innermost module around one of each of the choices."""
        paths = [{m for name in choice for m in path_to(name, self._modules)} for choice in choices]
        return max(set.intersection(*paths), key=lambda name: (name.count("."), len(name), name))

    def _place(self, names: set[str], is_again: bool) -> str:
        """The innermost module that is called between the uses of parameters of these."""
        name = around(names, self._modules)
        if len(names) == 1 and is_again:  # it is called twice, and this may be done in between
            return self._called(name, False, True)
        while name and self._is_container(name) and not self._has_functions(name):
            name = nearest(name.rpartition(".")[0], self._modules)
        return name

    def _called(self, name: str, joins: bool, is_between: bool) -> str:
        """The innermost module around that can compute what is asked about."""
        while name and not self._goes_on(name, joins, is_between):
            name = nearest(name.rpartition(".")[0], self._modules)
        return name

    def _goes_on(self, name: str, joins: bool, is_between: bool) -> bool:
        """Whether a module computes on with what its parameters gave.

        Of our own a layer does that has an activation, and one that is made of others, which joins what these give.
        """
        module = self._modules[name]
        if self._is_container(name):
            return self._has_functions(name)
        is_ours = type(module).__module__.partition(".")[0] == __name__.partition(".")[0]
        if not is_ours or isinstance(module, Recurrent):
            return getattr(module, "activation", True) is not None
        has_activation = getattr(module, "activation", None) is not None
        return has_activation and (joins or is_between if module.children() else not joins)

    def _is_container(self, name: str) -> bool:
        return type(self._modules[name]) in (ModuleList, ModuleDict, Sequential)

    def _has_functions(self, name: str | None) -> bool:
        """Whether a module is a Sequential that calls functions, too."""
        module = self._modules.get(name) if name is not None else None
        return isinstance(module, Sequential) and not all(isinstance(layer, Module) for layer in module)

    def _first_called(self, path: list[str]) -> str:
        """On a path inwards, the first module that isn't in a container that comes next, or is one."""
        for name, inside in itertools.pairwise(path):
            if not (self._is_container(name) or self._is_container(inside)):
                return name
        return path[-1]


# Modules as one node each --------------------------------------------------------------------------------------------


def folded_modules(
    operations: list[Operation], owners: list[str | None], modules: dict[str, Module], homes: dict
) -> Iterator[list[Stretch]]:
    """The operations in stretches, ever fewer: first the innermost modules are folded, then those around them."""
    heights = _heights(modules)
    paths = {
        owner: [m for m in path_to(owner, modules)[1:] if not is_list(modules[m])] for owner in set(owners) if owner
    }
    for height in range(1, max((heights[m] for path in paths.values() for m in path), default=0) + 1):
        whole = {owner: next((m for m in path if heights[m] <= height), None) for owner, path in paths.items()}
        stretches: list[Stretch] = []
        first = None  # the use of a parameter that the call of a module begins with; each call is a stretch
        for i, (operation, owner) in enumerate(zip(operations, owners, strict=True)):
            module, use = whole.get(owner or ""), use_of_parameters(operation, homes)
            is_same = module is not None and bool(stretches) and stretches[-1].module == module
            if is_same and (use is None or use != first):
                stretches[-1] = stretches[-1]._replace(last=i + 1)
                first = first or use
            else:
                stretches.append(Stretch(i, i + 1, module=module))
                first = use
        yield stretches


def _heights(modules: dict[str, Module]) -> dict[str, int]:
    """How many levels of modules with parameters each has in it, and itself; none where it has no parameters."""
    heights = {name: int(bool(module.parameters())) for name, module in modules.items()}
    for name in sorted(filter(None, modules), key=lambda name: -name.count(".")):
        outer = nearest(name.rpartition(".")[0], modules)
        height = heights[name] + (heights[name] > 0 and not is_list(modules[outer]))
        heights[outer] = max(heights[outer], height)
    return heights
