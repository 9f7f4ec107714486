"""Functions that close over Tensors: operations that depend on more than their arguments.

A function that a user passes, the right-hand side of an equation or what is to be computed again, may use Tensors that
are none of its arguments: weights in a Module, in a list, a global. Whatever node it reaches that is older than the
call and requires a gradient is such an *outer* Tensor. A `Call` finds them, and gives the gradients of the arguments
and the outer Tensors; `record` makes an operation that has them all as arguments, the outer ones hidden.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .ancestors import dependent_nodes, nodes_behind
from .batch import NotBatchable, holds_batch
from .derivatives.arrays import as_array, conj
from .derivatives.table import Primitive
from .engine import backpropagate, output
from .errors import ENTERED_NO_GRAD, TOOK_A_NUMBER
from .grad_mode import enable_grad, is_grad_enabled, times_a_number_was_taken, times_no_grad_was_entered
from .linearity import require_linear_rules
from .memory import require_unchanged
from .node import orders
from .tensor import Tensor
from .trace import computed, gather, standing_for
from .tree import Tree, tree_leaves, tree_map
from .versions import arguments, current, is_name

# Calls ---------------------------------------------------------------------------------------------------------------


class Call:
    """A call of f, recorded, on inputs of its own: what it depends on, and the gradients of that.

    Args:
        name: of who calls, for errors.
        f: takes as many arrays as there are inputs, returns a Tensor, or a structure with Tensors in it.
        args: arrays, or Tensors: then what is computed can be differentiated again.

    `result` is what f returned, `outputs` are the Tensors in it that require a gradient, `outer` the outer Tensors.
    """

    def __init__(self, name: str, f: Callable, args: Iterable[Any]):
        self.name = name
        self.start, without_grad, numbers = next(orders), times_no_grad_was_entered(), times_a_number_was_taken()
        self.inputs = [_input(arg) for arg in args]
        with enable_grad():
            self.result = f(*self.inputs)
        require_unchanged(name, [x._data for x in self.inputs], self.start)
        self._explore()
        if not self.outputs and times_no_grad_was_entered() > without_grad:
            raise TypeError(f"{name}: what the function returned depends on nothing, and {ENTERED_NO_GRAD}")
        _require_no_number_taken(name, self.result, numbers)

    def _explore(self) -> None:
        self.outputs = [y for _, y in tree_leaves(self.result) if isinstance(y, Tensor) and y.requires_grad]
        self.roots = [current(y) for y in self.outputs]
        self.nodes, outside, _ = nodes_behind(self.roots, self.inputs, self.start)
        inputs = set(self.inputs)
        self.outer = sorted([node for node in outside if node not in inputs], key=lambda node: node._order)

    def derived(self, seeds: Sequence[Any]) -> Call:
        """The same call with these seeds, Tensors, as further inputs, and its gradients as what it returned, None for
        zero. Both are conjugated, as users see gradients."""
        new = copy.copy(self)
        new.inputs = [*self.inputs, *seeds]
        with enable_grad():
            found = self.pullback([conj(seed) for seed in seeds], self.outer, create_graph=True)
            new.result = [None if d is None else conj(d) for d in found]
        new._explore()
        return new

    def pullback(self, seeds: Sequence[Any], outer: Sequence[Any], create_graph: bool) -> list:
        """The gradients of the inputs and of these outer Tensors, given that of each output; None where it is zero.

        Raises:
            RuntimeError: the call reached another outer Tensor.
        """
        known = set(outer)
        for node in self.outer:
            if node not in known:
                raise RuntimeError(
                    f"{self.name}: the function, called again, uses a Tensor of shape {node.shape} that it didn't use "
                    f"before, or that has been assigned into since; pass it as an argument, or go backward before it "
                    f"is changed"
                )
        if not self.roots:
            return [None] * (len(self.inputs) + len(outer))
        root, seed = self.roots[0], seeds[0]
        if len(self.roots) > 1:
            root, seed = computed(gather, tuple([y._data for y in self.outputs]), tuple(self.roots)), tuple(seeds)
        nodes = self.nodes if root is self.roots[0] else [*self.nodes, root]
        wanted, grads = [*self.inputs, *outer], {}
        for group in _apart(wanted):
            _, needed = dependent_nodes(nodes, list(group))
            with enable_grad():
                if create_graph:
                    require_linear_rules(nodes, True, needed)
                found = backpropagate(root, seed, create_graph=create_graph, needed=needed)
            grads.update({x: found[x] for x in group if x in found})
        return [grads.get(x) for x in wanted]


def _require_no_number_taken(name: str, result: Any, before: int) -> None:
    """An error, if a function has no Tensor in what it returned, but has taken plain numbers of Tensors."""
    if times_a_number_was_taken() > before and not any(isinstance(y, Tensor) for _, y in tree_leaves(result)):
        raise TypeError(f"{name}: what the function returned depends on nothing, and {TOOK_A_NUMBER}")


def _apart(nodes: Iterable[Any]) -> list[set[Any]]:
    """Nodes in groups, each of a walk: none was computed from another of its group, to which the walk would go on."""
    groups: list[set[Any]] = []
    for node in sorted(nodes, key=lambda node: node._order):
        before = {arg for arg in arguments(node) if isinstance(arg, Tensor)}
        group = next((group for group in groups if group.isdisjoint(before)), None)
        if group is None:
            groups.append({node})
        else:
            group.add(node)
    return groups


def _input(arg: Any) -> Any:
    """A Tensor that stands for an argument; of a Tensor that requires a gradient one that leads on to it."""
    if not isinstance(arg, Tensor):
        return Tensor(arg)
    return standing_for(arg) if arg.requires_grad else Tensor(arg._data)


class OuterTensors:
    """The outer Tensors of functions that are called many times, on plain arrays.

    >>> w = Tensor([2.0, 3.0])
    >>> outer = OuterTensors()
    >>> outer.call(lambda x: w * x, 10.0)
    array([20., 30.])
    >>> outer.found
    [Tensor([2. 3.])]
    """

    def __init__(self) -> None:
        self._found: dict[Any, None] = {}
        self.called = False
        self.any_tensor = False  # among the results

    @property
    def found(self) -> list[Any]:
        return list(self._found)

    def call(self, f: Callable, *args: Any) -> Any:
        """What f gives, as an array if it gives a Tensor, or a list or tuple with one in it; the outer Tensors that it
        used are noted, unless nothing is recorded."""
        start, self.called = next(orders), True
        return self._plain(f(*args), start)

    def call_for_several(self, f: Callable, *args: Any) -> tuple:
        """The same, of a function that gives several results."""
        start = next(orders)
        return tuple([self._plain(result, start) for result in f(*args)])

    def _plain(self, result: Any, start: int) -> Any:
        if isinstance(result, (list, tuple)) and is_recorded(result):
            result = as_array(result)
        if not isinstance(result, Tensor):
            return result
        if holds_batch(result):
            raise NotBatchable("a result that is different for each example of vmap, where one is wanted")
        self.any_tensor = True
        if result.requires_grad:
            outside = nodes_behind([current(result)], (), start)[1]
            self._found.update(dict.fromkeys(sorted(outside, key=lambda node: node._order)))
        return result._data


# Operations ----------------------------------------------------------------------------------------------------------


class Differentiable:
    """What an operation that `record` makes goes by: it computes, and gives all gradients at once."""

    def value(self, parts: Sequence[Any]) -> Any:
        """The output, given the data of all parts."""
        raise NotImplementedError

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        """The gradient of each part (None: zero), given that of the output, the output and the parts: arrays, or where
        it is recorded Tensors. It is linear in g."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(getattr(getattr(self, "f", None), "__name__", type(self).__name__.strip("_")))


@functools.lru_cache
def operation(name: str) -> Primitive:
    """The operation of this name, for `record`."""

    def func(parts: Any, of: Differentiable) -> Any:
        return of.value(parts)

    func.__name__ = name
    return Primitive(func, (_gradients,))


def is_recorded(*values: Any) -> bool:
    """Whether gradients are to be recorded: there is a Tensor among what they are made of, also in tuples."""
    return any([is_recorded(*v) if isinstance(v, (tuple, list)) else isinstance(v, Tensor) for v in values])


def requires_gradient(*values: Any) -> bool:
    """Whether one of some values, also in tuples and lists, is a Tensor that requires a gradient, while they do."""
    tensors = [v for v in values if isinstance(v, Tensor) and v.requires_grad]
    further = [v for v in values if isinstance(v, (tuple, list))]
    return is_grad_enabled() and (bool(tensors) or any([requires_gradient(*v) for v in further]))


def _gradients(g: Any, y: Any, whole: Any, of: Differentiable) -> tuple:
    parts = whole
    if isinstance(whole, Tensor):
        parts = [
            part if not isinstance(part, Tensor) or part._data is data else standing_for(part, data)
            for part, data in zip(arguments(whole), whole._data, strict=True)
        ]
    return tuple(of.gradients(g, y, parts))


def record(name: str, data: Any, parts: Sequence[Any], of: Differentiable) -> Any:
    """The Tensor (or for a tuple of arrays, Tensors) that an operation of this name computed from its parts, arrays and
    Tensors."""
    several = isinstance(data, tuple)
    if not is_grad_enabled() or not any([isinstance(part, Tensor) and part.requires_grad for part in parts]):
        constants = tuple([Tensor(d, requires_grad=False) for d in (data if several else (data,))])
        return constants if several else constants[0]
    # The data of a name will be other data when it has been assigned into again
    held = [(p._data.copy() if is_name(p) else p._data) if isinstance(p, Tensor) else as_array(p) for p in parts]
    node = computed(operation(name), data, (computed(gather, tuple(held), tuple(parts)), of))
    return tuple([output(node, i) for i in range(len(data))]) if several else node


# Structures of arguments ---------------------------------------------------------------------------------------------


class _Place:
    """Stands where a Tensor was."""

    __slots__ = ("number",)

    def __init__(self, number: int):
        self.number = number


def _requires_gradient(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


class Lifted:
    """Arguments whose Tensors have been taken out, to put others in their place.

    Those that require a gradient, or whatever `is_taken`, each once. Modules stay as they are: their parameters are
    outer Tensors.

    >>> a = Tensor(2.0)
    >>> lifted = Lifted(({"a": a, "b": 3.0}, [a]))
    >>> lifted.taken(), lifted.filled([10.0])
    ([Tensor(2.)], ({'a': 10.0, 'b': 3.0}, [10.0]))
    """

    def __init__(self, structure: Any, is_taken: Callable[[Any], bool] = _requires_gradient):
        self._taken: list[Any] = []
        places: dict[int, _Place] = {}  # by the id, for not all kinds of arrays can be hashed

        def lift(leaf: Any) -> Any:
            if not is_taken(leaf):
                return leaf
            if id(leaf) not in places:
                places[id(leaf)] = _Place(len(places))
                self._taken.append(leaf)
            return places[id(leaf)]

        self._structure = tree_map(lift, structure, whole=(Tree,))

    def taken(self) -> list[Any]:
        """The Tensors that were taken out. They are given away: a graph that keeps this object holds them itself."""
        tensors, self._taken = self._taken, []
        return tensors

    def filled(self, values: Sequence[Any]) -> Any:
        """The arguments with these in the place of their Tensors."""
        return tree_map(
            lambda leaf: values[leaf.number] if type(leaf) is _Place else leaf, self._structure, whole=(Tree,)
        )


def with_args(name: str, f: Callable, args: Any, kwargs: Any = None) -> tuple[Callable, list]:
    """f, that somebody of this name was given, as a function of what comes first and of the Tensors in its further
    arguments; and these."""
    lifted = Lifted((args if isinstance(args, tuple) else (args,), kwargs or {}))
    tensors = lifted.taken()
    n = len(tensors)

    def function(*values: Any) -> Any:
        first = len(values) - n
        args, kwargs = lifted.filled(values[first:])
        numbers = times_a_number_was_taken()
        result = f(*values[:first], *args, **kwargs)
        if times_a_number_was_taken() > numbers and is_recorded(*values):
            _require_no_number_taken(name, result, numbers)
        return result

    function.__name__ = getattr(f, "__name__", "function")
    return function, tensors
