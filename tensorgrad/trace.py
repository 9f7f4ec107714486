"""One call of a function, recorded, and the two ways through what it recorded: from its outputs back, and forward.

A `Trace` runs a function on inputs of its own. Whatever is newer than these was computed by the call; a Tensor that is
older belongs to somebody else, who may want to differentiate the result again. So transforms nest, in any order and
depth, and never take one's variables for the other's.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .ancestors import dependent_nodes, leads_outside, nodes_behind
from .batch import applied, levels_of
from .broadcasting import unbroadcast
from .calls import described, output_and_aux, positions, with_lists_named
from .derivatives.arrays import ARRAYS, as_0d, conj
from .derivatives.chunked import copy_of
from .derivatives.table import Primitive, each
from .engine import backpropagate, output, pick, rule_kwargs
from .errors import ENTERED_NO_GRAD, LEFT_THE_GRAPH, data_changed
from .grad_mode import enable_grad, is_grad_enabled, times_no_grad_was_entered
from .linearity import has_own_rules, is_elementwise, require_linear_rules, require_zero
from .memory import changes, is_owned, own_copy, require_unchanged
from .node import new_node, orders
from .past import Past
from .tensor import Tensor, data_of
from .tree import is_variable, tree_fill, tree_leaves, tree_map
from .versions import ASSIGN, INPUT, VIEW, arguments, current, current_args, names, recorded

IF_CONSTANT = f"If it is meant to be constant, return Tensor(value, requires_grad=False). {LEFT_THE_GRAPH}"

# Several arrays as one node: the root of a call with several outputs, the argument of an operation that gives the
# gradients of all it depends on at once.
gather = Primitive(lambda *parts: parts, (each(lambda i, g, y, *parts: g[i]),))


class _NoNumber(TypeError):
    """A leaf of an argument that isn't a number, or an array of them."""


class Trace:
    """A call of f on inputs of its own, and the two ways through what was recorded."""

    def __init__(
        self,
        name: str,
        f: Callable,
        argnum: int | Sequence[int],
        args: tuple,
        kwargs: dict,
        has_aux: bool = False,
    ):
        self.name = name
        self.inputs: list[Any] = []
        self.any_tensor = False  # among what we were given
        self.start = next(orders)
        numbers = positions(name, argnum, len(args))
        lifted = self._lifted(numbers, args)
        # The structure as it is now, for the function, or its caller later on, may change what it was given.
        given = tuple([tree_map(lambda leaf: leaf, args[i], as_dicts=True) for i in numbers])
        self.given = given[0] if isinstance(argnum, int) else given
        without_grad = times_no_grad_was_entered()
        try:
            if is_grad_enabled():
                result = f(*lifted, **kwargs)
            else:
                with enable_grad():
                    result = f(*lifted, **kwargs)
            self.result: Any
            self._aux: Any
            self.result, self._aux = output_and_aux(name, result) if has_aux else (result, None)
            self.outputs = self._outputs()
        except Exception as error:  # of f, which is a user's
            named = with_lists_named(error, name, args, numbers)
            if named is error:
                raise
            raise named from error
        require_unchanged(name, [x._data for x in self.inputs], self.start)
        self._explore()
        self._require_no_constant_made_inside()
        if not self.reached and times_no_grad_was_entered() > without_grad:
            raise TypeError(
                f"{name}: what the function returned depends on none of its arguments, and {ENTERED_NO_GRAD}"
            )
        self.aux_is_connected = has_aux and leads_outside(tree_leaves(self._aux), self.inputs, self.start)

    def _lifted(self, numbers: tuple[int, ...], args: tuple) -> list:
        """All arguments, with inputs in the place of those that are differentiated."""
        new = list(args)
        for i in numbers:
            try:
                new[i] = tree_map(self._input, args[i])
            except _NoNumber as error:
                leaf, reason = error.args
                told = f"{self.name}: argument {i} holds {leaf}, of which no Tensor can be made: {reason}"
                raise TypeError(told) from reason
            except RecursionError as error:
                raise ValueError(f"{self.name}: argument {i} holds itself, or is nested too deep") from error
        if not self.inputs:
            what = " and ".join(described(args[i]) for i in numbers)
            raise TypeError(
                f"{self.name}: there is no number among the arguments to differentiate with respect to: {what}"
            )
        return new

    def _input(self, leaf: Any) -> Any:
        if type(leaf) is Tensor:
            self.any_tensor = True
            x = standing_for(leaf) if leaf.requires_grad else Tensor(copy_of(leaf._data))  # may be assigned into
        elif not is_variable(leaf):
            return leaf
        else:
            try:
                x = Tensor(leaf)
            except TypeError as error:
                raise _NoNumber(described(leaf), error) from error
        self.inputs.append(x)
        return x

    def _outputs(self) -> list[Tensor]:
        """The Tensors in what f returned; an error for what isn't connected any more."""
        outputs = []
        for _, leaf in tree_leaves(self.result):
            if isinstance(leaf, Tensor):
                outputs.append(leaf)
            elif leaf is not None:
                raise TypeError(
                    f"{self.name}: the function returned {described(leaf)}, which is not a Tensor: a bool, an index "
                    f"and the like have no derivative, and what is computed outside the graph isn't connected any "
                    f"more. {IF_CONSTANT}"
                )
        if not outputs:
            raise TypeError(f"{self.name}: the function returned {described(self.result)}; it must return a Tensor")
        return outputs

    def _explore(self) -> None:
        """Find the nodes of this call: those newer than its start. Older ones belong to whoever called us.

        Sets `connected`, whether there are older ones that require a gradient; `nodes`, those that depend on the
        inputs, oldest first; `needed`, the same with the inputs as a set, or None if nothing else requires a gradient;
        and `reached`, whether an output is among them.
        """
        self.tried: set[bool] = set()  # the ways in which rules that aren't our own have been tried
        self.roots = [current(y) for y in self.outputs]
        nodes, outside, others = nodes_behind(self.roots, self.inputs, self.start)
        self.connected = bool(outside)
        self.nodes, self.needed = nodes, None
        if others or self.connected:
            self.nodes, self.needed = dependent_nodes(nodes, self.inputs)
        self.reached = any(y._requires_grad if self.needed is None else y in self.needed for y in self.roots)

    def _require_no_constant_made_inside(self) -> None:
        """An error for an output that depends on no input, but on a Tensor that f made and that requires a gradient."""
        if self.needed is None:  # no Tensor but the inputs requires a gradient
            return
        for y in self.roots:
            if y._requires_grad and y not in self.needed and not nodes_behind([y], self.inputs, self.start)[1]:
                raise TypeError(
                    f"{self.name}: the function returned a Tensor that depends on none of its arguments: it was "
                    f"computed from a Tensor that the function made itself. {IF_CONSTANT}"
                )

    def is_recorded(self, extra: Iterable[Any] = ()) -> bool:
        """Whether what we compute now is to be differentiated again."""
        if not is_grad_enabled():
            return False
        return self.connected or any([type(v) is Tensor and v.requires_grad for v in extra])

    # Backward and forward

    def vjp(self, seeds: list, *, create_graph: bool | None = None, free: bool = False) -> list:
        """The gradient of each input, given that of each output; neither conjugated. free: this is the last use."""
        if create_graph is None:
            create_graph = self.is_recorded(seeds)
        if not self.reached:
            return [np.zeros_like(x._data) for x in self.inputs]
        self._look_for_names()
        if create_graph:
            self._require_linear_rules(True)
        else:
            seeds = [data_of(g) for g in seeds]
        root, g = self.roots[0], seeds[0]
        if len(seeds) > 1:
            data = tuple([y._data for y in self.outputs])
            root, g = computed(gather, data, tuple(self.roots)), tuple(seeds)
        free = free and not (self.connected or self.aux_is_connected)
        grads = backpropagate(root, g, create_graph=create_graph, free=free, needed=self.needed)
        del g
        return [self._owned(grads, x) for x in self.inputs]

    def _owned(self, grads: dict, x: Tensor) -> Any:
        """The gradient of x, in an array that nobody else holds."""
        if x not in grads:
            return np.zeros_like(x._data)
        g = grads.pop(x)
        return g if type(g) is Tensor or (type(g) in ARRAYS and is_owned(g)) else own_copy(g)

    def jvp(self, tangents: list) -> list:
        """The tangent of each output, given that of each input."""
        create_graph = self.is_recorded(tangents)
        self._look_for_names()
        self._require_linear_rules(create_graph)
        if not create_graph:
            tangents = [data_of(v) for v in tangents]
        all_tangents: dict[Any, Any] = dict(zip(self.inputs, tangents, strict=True))
        last_uses = None if create_graph else self._last_uses()
        with enable_grad():  # for the rules that are transposed
            latest_change, past = changes.latest, Past(forward=True)
            for node in self.nodes:
                args = node._args if node._order > latest_change else past.arguments(node)[0]
                op: Any = node._op
                if op is ASSIGN and last_uses and not args[2].repeats:
                    all_tangents[node] = _assigned(all_tangents, node, args, last_uses)
                    continue
                rules = op.rules_for(len(args))
                for i, (rule, parent) in enumerate(zip(rules, args)):  # noqa: B905 (the rest are constants)
                    if rule is None or type(parent) is not Tensor or parent not in all_tangents:
                        continue
                    if parent._order > node._order:
                        raise data_changed(parent.name, parent.shape, op.name)
                    d = _tangent(node, args, i, all_tangents[parent], create_graph, past)
                    if last_uses and isinstance(d, np.ndarray) and (d.base is not None or d is all_tangents[parent]):
                        d = d.copy()  # it may show a tangent that is changed in place
                    if d is not None:
                        all_tangents[node] = plus(all_tangents[node], d) if node in all_tangents else d
        found = [all_tangents.get(y) for y in self.roots]
        return [
            np.zeros_like(y._data) if d is None else as_0d(d) if isinstance(d, np.generic) else d.copy()
            for d, y in zip(found, self.outputs, strict=True)
        ]

    def _last_uses(self) -> dict[Any, float]:
        """When each node is used for the last time; nothing, if no node is an assignment."""
        if not any([node._op is ASSIGN for node in self.nodes]):
            return {}
        uses: dict[Any, float] = {}
        for node in self.nodes:
            uses.update(dict.fromkeys([arg for arg in arguments(node) if type(arg) is Tensor], node._order))
        return uses | dict.fromkeys(self.roots, np.inf)

    def _look_for_names(self) -> None:
        """Where a node was assigned into since it was found, have its first version in its place."""
        if names:
            self.inputs, self.roots = list(map(recorded, self.inputs)), list(map(recorded, self.roots))
            self.nodes = list(map(recorded, self.nodes))
            self.needed = self.needed and set(map(recorded, self.needed))

    def _require_linear_rules(self, create_graph: bool) -> None:
        """An error, if a rule that a walk will record isn't linear; looked at once."""
        if create_graph not in self.tried:
            require_linear_rules(self.nodes, create_graph, self.needed)
            self.tried.add(create_graph)

    def summed(self) -> Trace:
        """The same call, with the sum of its output as what it returned."""
        new = copy.copy(self)
        with enable_grad():
            new.result = self.outputs[0].sum()
        new.outputs = [new.result]
        new._explore()
        return new

    def derived(self) -> Trace:
        """The same call, with the gradient of its output as what it returned."""
        new = copy.copy(self)
        with enable_grad():
            gradient = self.vjp([np.ones_like(self.outputs[0]._data)], create_graph=True)
            new.outputs = [conj(g) if type(g) is Tensor else Tensor(g, requires_grad=False) for g in gradient]
        new.result = self.given
        new._explore()
        return new

    # What the caller gets

    def wrapper(self, extra: Iterable[Any] = ()) -> Callable[[Any], Any]:
        """How results are given: as arrays if all we were given are arrays, else as Tensors, if possible connected."""
        if self.is_recorded(extra):
            return lambda value: value if type(value) is Tensor else Tensor(value, requires_grad=False)
        if self.any_tensor or self.connected or any([type(v) is Tensor for v in extra]):
            return lambda value: Tensor(data_of(value), requires_grad=False)
        return data_of

    def like_given(self, leaves: list, extra: Iterable[Any] = ()) -> Any:
        """One array for each input, in the structure of the arguments."""
        return tree_fill(self.given, map(self.wrapper(extra), leaves))

    def like_result(self, leaves: list, extra: Iterable[Any] = ()) -> Any:
        """One array for each output, in the structure of the result."""
        return tree_fill(self.result, map(self.wrapper(extra), leaves))

    def aux(self, extra: Iterable[Any] = ()) -> Any:
        """What f returned beside its output, with Tensors as results are given; what is no Tensor stays as it is."""
        tensors = [leaf for _, leaf in tree_leaves(self._aux) if type(leaf) is Tensor]
        if not tensors or (self.aux_is_connected and is_grad_enabled()):
            return self._aux
        as_tensor = self.any_tensor or self.connected or self.aux_is_connected or any(type(v) is Tensor for v in extra)

        def value(leaf: Any) -> Any:
            if type(leaf) is not Tensor:
                return leaf
            data = leaf._data.copy()
            return Tensor(data, leaf.name, requires_grad=False) if as_tensor else data

        return tree_map(value, self._aux)


def computed(primitive: Primitive, data: Any, args: tuple) -> Any:
    """A Tensor in the graph that was computed from args: data = primitive(*args)."""
    return new_node(Tensor, data, True, primitive, current_args(args)[0])


def standing_for(node: Any, data: Any = None) -> Any:
    """An input of a call that stands for a node, and leads on to it; it has the node's data, or others."""
    x = computed(INPUT, node._data if data is None else data, (node,))
    x._saved = VIEW
    return x


def _assigned(tangents: dict, node: Any, args: tuple, last_uses: dict) -> Any:
    """The tangent of a version, made of that of the one before: in place, if nobody uses that any more."""
    value, old, place = args
    v = tangents.get(value) if type(value) is Tensor else None
    if type(old) is not Tensor or old not in tangents:
        total = np.zeros_like(node._data if v is None else v, shape=node.shape, dtype=node.dtype)
    elif last_uses[old] > node._order:
        total = copy_of(tangents[old])
    else:
        total = tangents.pop(old)
        if not hasattr(total, "__setitem__") or not is_owned(total):
            total = own_copy(total) if hasattr(total, "own_copy") else copy_of(total)
    if hasattr(v, "stack") and not hasattr(total, "stack"):  # one array, and a batch to be put into it
        total = total + np.zeros_like(v, shape=node.shape)
    return place.put(total, 0 if v is None else v)


def plus(a: Any, b: Any) -> Any:
    """a + b, of a function of several outputs one by one."""
    return tuple(p + q for p, q in zip(a, b, strict=True)) if type(a) is tuple else a + b


def _tangent(node: Any, args: Any, i: int, v: Any, create_graph: bool, past: Past) -> Any:
    """The tangent of a node, of the shape of its data, from the tangent v of its i-th argument; None if it is zero.

    No table of forward rules is needed. A rule is linear in g, and the tangent is that linear map transposed. That of
    an elementwise function is diagonal, so it is its own transpose: the rule is given v in place of g. For any other,
    the rule is recorded on a g of ones (whose value doesn't matter) and v is sent back through it.
    """
    op: Any = node._op
    if op is pick:
        return v[args[1]]
    rule, kwargs, parent = op.rules_for(len(args))[i], rule_kwargs(node, create_graph), args[i]
    if op.is_view is True and i == 0 and has_own_rules(op):  # picks elements, be it of data or of tangents
        return applied(op.func, (v, *args[1:]), node._kwargs or {})
    if create_graph:
        for of in (node, *args):
            if type(of) is Tensor:
                past.keep(of)
        y: Any = node
        data = node._data
    else:
        y = data = past.data(node)
        args = [past.data(arg) if type(arg) is Tensor else arg for arg in args]
    if is_elementwise(node):
        v = v if v.shape == data.shape else np.broadcast_to(v, data.shape)
        d = applied(rule, (v, y, *args), kwargs)
        if getattr(d, "shape", ()) == data.shape:
            return unbroadcast(d, node, op.name, levels_of(v))
    if type(data) is not tuple:
        g: Any = Tensor(np.ones_like(data))
        dummies = [g]
    else:
        g = tuple(Tensor(np.ones_like(part)) if part.dtype.kind in "fc" else np.zeros_like(part) for part in data)
        dummies = [part for part in g if type(part) is Tensor]
        if create_graph:
            y = tuple(output(node, k) for k in range(len(data)))
    p = applied(rule, (g, y, *args), kwargs)
    if p is None:
        return None
    p = unbroadcast(p, parent, op.name)
    several = type(p) is tuple
    if several:
        p, v = _gathered(p, v)
    if type(p) is not Tensor or not p.requires_grad:  # it doesn't depend on g, so it must be zero
        return require_zero(p, op.name)
    among = create_graph or several  # for what such a rule gives may lead on, to Tensors that a function closes over
    needed = dependent_nodes(nodes_behind([p], dummies, dummies[0]._order)[0], dummies)[1] if among else None
    grads = backpropagate(p, v, create_graph=create_graph, needed=needed)
    if type(data) is not tuple:
        return grads[g] if g in grads else require_zero(p, op.name)
    return tuple(
        grads[part] if type(part) is Tensor and part in grads else np.zeros_like(d)
        for part, d in zip(g, data, strict=True)
    )


def _gathered(parts: tuple, tangents: tuple) -> tuple[Any, tuple]:
    """The gradients of an argument that holds several arrays as one root, with the tangents that belong to them."""
    pairs = [(p, v) for p, v in zip(parts, tangents, strict=True) if type(p) is Tensor and p.requires_grad]
    if not pairs:
        return 0.0, ()
    roots, vs = zip(*pairs, strict=True)
    return computed(gather, tuple([p._data for p in roots]), roots), vs


# What transforms share -----------------------------------------------------------------------------------------------


def scalar_trace(
    name: str, f: Callable, argnum: int | Sequence[int], args: tuple, kwargs: dict, has_aux: bool = False
) -> Trace:
    """A call of a function that must return one real number."""
    trace = Trace(name, f, argnum, args, kwargs, has_aux)
    y = trace.result
    if type(y) is not Tensor or y.size != 1 or y.dtype.kind == "c":
        what = f"shape {y.shape} and dtype {y.dtype}" if type(y) is Tensor else f"a {type(y).__name__}"
        error = TypeError(
            f"{name}: the function must return one real number, not {what}; sum its output, take np.real or np.abs of "
            f"a complex one, or use vjp or jacobian"
        )
        raise with_lists_named(error, name, args, positions(name, argnum, len(args)))
    return trace


def value_and_gradient(
    name: str, f: Callable, argnum: int | Sequence[int], args: tuple, kwargs: dict, has_aux: bool = False
) -> tuple[Any, Any]:
    """The value of f, which must be one real number, and its gradient; with has_aux ((value, aux), gradient)."""
    trace = scalar_trace(name, f, argnum, args, kwargs, has_aux)
    y = trace.outputs[0]
    g = trace.vjp([np.ones_like(y._data)], free=True)
    value = trace.like_result([y])
    return (value, trace.aux()) if has_aux else value, trace.like_given([conj(d) for d in g])


def named(name: str, f: Callable) -> Callable[[Callable], Callable]:
    """Decorator: a function that is called grad(f) where it shows its name."""

    def rename(evaluate: Callable) -> Callable:
        evaluate.__name__ = evaluate.__qualname__ = f"{name}({getattr(f, '__name__', type(f).__name__)})"
        return evaluate

    return rename
