"""Transforms of calculus: they take functions of arrays and give functions of arrays.

All of them run the function on inputs of their own (a `Trace`), and then walk what was recorded: backward with the
rules of the table (`pull`), or forward with the same rules transposed (`push`). Whatever is newer than the inputs was
computed by this call; a Tensor that is older belongs to somebody else, who may want to differentiate the result again.
So the transforms nest, in any order and depth, and never take one's variables for the other's.

Arrays in, arrays out. Where an argument is a Tensor, or the function closes over one that requires a gradient, the
result is a Tensor that can be differentiated again (inside `no_grad` one that can't, which is faster).

An argument may be an array, a number, or lists, tuples, dicts and dataclasses of them, nested; a gradient has the same
structure. Ints become floats; None, strings, bools and functions in a structure are constants, their gradient is None.

Complex numbers follow PyTorch: the gradient of a real function is dL/d(Re x) + i dL/d(Im x), the direction in which it
grows fastest; a tangent is a plain difference, dy = f(x + dx) - f(x).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .derivatives.table import Primitive, each
from .rows import Rows
from .tensor import (
    _CHANGED,
    Tensor,
    _clock,
    _fitted,
    _is_ours,
    _is_recording,
    _node,
    _pick,
    backpropagate,
    enable_grad,
)

__all__ = [
    "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp", "laplacian", "check_grads", "stop_gradient",
]  # fmt: skip

Argnum = int | tuple[int, ...]

# Structures of arrays ------------------------------------------------------------------------------------------------


_PLAIN = frozenset({Tensor, np.ndarray, float, int})


def _map(func: Callable, tree: Any) -> Any:
    """The same structure, with func of each leaf."""
    kind: Any = type(tree)
    new: Any
    if kind in _PLAIN:
        return func(tree)
    if kind is list or kind is tuple:
        return kind([_map(func, part) for part in tree])
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*[_map(func, part) for part in tree])
    if isinstance(tree, (list, tuple)):
        return kind([_map(func, part) for part in tree])
    if isinstance(tree, dict):
        new = copy.copy(tree)
        new.update((key, _map(func, part)) for key, part in tree.items())
        return new
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        new = copy.copy(tree)
        for field in dataclasses.fields(tree):
            object.__setattr__(new, field.name, _map(func, getattr(tree, field.name)))
        return new
    return func(tree)


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its path, such as "[0]['weight']"."""
    if type(tree) in _PLAIN:
        yield path, tree
    elif isinstance(tree, (list, tuple)):
        for i, part in enumerate(tree):
            yield from _leaves(part, f"{path}[{i}]")
    elif isinstance(tree, dict):
        for key, part in tree.items():
            yield from _leaves(part, f"{path}[{key!r}]")
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        for field in dataclasses.fields(tree):
            yield from _leaves(getattr(tree, field.name), f"{path}.{field.name}")
    else:
        yield path, tree


def _is_constant(leaf: Any) -> bool:
    return leaf is None or isinstance(leaf, (str, bool, np.bool, FunctionType, BuiltinFunctionType, np.ufunc))


def _matching(name: str, what: str, like: Any, given: Any) -> list:
    """The leaves of given, in the order of those of `like` (Tensors or arrays), with their shape and dtype."""
    wanted, leaves = (
        {path: leaf for path, leaf in _leaves(tree) if type(leaf) in _PLAIN or not _is_constant(leaf)}
        for tree in (like, given)
    )
    if wanted.keys() != leaves.keys():
        raise ValueError(
            f"{name}: the {what} must have the structure of what it belongs to, with an array at each of "
            f"{', '.join(map(repr, wanted))}, not at {', '.join(map(repr, leaves))}"
        )
    found = []
    for path, target in wanted.items():
        leaf = leaves[path] if isinstance(leaves[path], Tensor) else np.asarray(leaves[path])
        target = target if hasattr(target, "dtype") else np.asarray(target)
        if leaf.shape != target.shape:
            raise ValueError(f"{name}: the {what} {path} has shape {leaf.shape}, but belongs to shape {target.shape}")
        dtype = target.dtype if target.dtype.kind in "fc" else np.dtype(float)
        if leaf.dtype is not dtype:
            if leaf.dtype.kind not in "biufc" or (leaf.dtype.kind == "c" and dtype.kind != "c"):
                raise TypeError(f"{name}: the {what} {path} of dtype {leaf.dtype} doesn't fit dtype {dtype}")
            leaf = leaf.astype(dtype)
        found.append(leaf)
    return found


# One call of a function, recorded ------------------------------------------------------------------------------------

# The root of a call with several outputs.
_gather = Primitive(lambda *parts: parts, (each(lambda i, g, y, *parts: g[i]),))


class Trace:
    """A call of f on inputs of its own, and the two ways through what was recorded."""

    def __init__(self, name: str, f: Callable, argnum: Argnum | Iterable[int], args: tuple, kwargs: dict):
        self.name = name
        self.inputs: list[Tensor] = []
        self.any_tensor = False  # among what we were given
        self.start = next(_clock)
        self.given, lifted = self._lifted(argnum, args)
        if _is_recording():
            self.result = f(*lifted, **kwargs)
        else:
            with enable_grad():
                self.result = f(*lifted, **kwargs)
        self.outputs: list[Tensor] = []
        _map(self._output, self.result)
        if not self.outputs:
            raise TypeError(f"{name}: the function returned {self.result!r}; it must return a Tensor")
        self._explore()

    def _lifted(self, argnum: Argnum | Iterable[int], args: tuple) -> tuple[Any, list]:
        """What we differentiate with respect to, as it was given, and all arguments, with inputs in its place."""
        numbers = (argnum,) if isinstance(argnum, int) else tuple(argnum)
        if any(not -len(args) <= i < len(args) for i in numbers):
            raise TypeError(f"{self.name}: argnum is {argnum}, but there are {len(args)} positional arguments")
        numbers = tuple(i % len(args) for i in numbers)
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{self.name}: argnum {argnum} names an argument twice")
        new = list(args)
        for i in numbers:
            new[i] = _map(self._input, args[i])
        if not self.inputs:
            raise TypeError(f"{self.name}: there is no number among the arguments to differentiate with respect to")
        given = tuple(args[i] for i in numbers)
        return given[0] if isinstance(argnum, int) else given, new

    def _input(self, leaf: Any) -> Any:
        if type(leaf) is Tensor:
            self.any_tensor = True
            x = _node(_same, leaf._data, (leaf,), None, True) if leaf.requires_grad else Tensor(leaf._data)
        elif type(leaf) is not np.ndarray and _is_constant(leaf):
            return leaf
        else:
            x = Tensor(leaf)
        self.inputs.append(x)
        return x

    def _output(self, leaf: Any) -> None:
        if leaf is None:
            return
        if not isinstance(leaf, Tensor):
            raise TypeError(
                f"{self.name}: the function returned {_described(leaf)}, which is not a Tensor: a bool, an index and "
                f"the like have no derivative, and what is computed from .data or .item() isn't connected any more. "
                f"If the output is meant to be constant, return it as Tensor(value, requires_grad=False)"
            )
        self.outputs.append(leaf)

    def _explore(self) -> None:
        """Find the nodes of this call: those newer than its start. Older ones belong to whoever called us.

        Sets `connected`, whether there are older ones that require a gradient; `nodes`, those that depend on the
        inputs, oldest first; `needed`, the same with the inputs as a set, or None if nothing else requires a gradient;
        and `reached`, whether an output is among them.
        """
        start, inputs = self.start, set(self.inputs)
        self.connected = stray = False
        nodes: list[Tensor] = []
        seen = {y for y in self.outputs if y.requires_grad}
        stack = list(seen)
        while stack:
            node = stack.pop()
            if node._tick > start or (node in inputs and node._op is not None):
                self.connected = True
            elif node._op is None:
                stray = stray or node not in inputs
            elif node._args is None:
                raise RuntimeError(node._op.name)
            else:
                nodes.append(node)
                for arg in node._args:
                    if type(arg) is Tensor and arg.requires_grad and arg not in seen:
                        seen.add(arg)
                        stack.append(arg)
        nodes.sort(key=_tick, reverse=True)
        self.nodes, self.needed = nodes, None
        if stray or self.connected:
            self.nodes, self.needed = [], inputs
            for node in nodes:
                for arg in node._args:
                    if type(arg) is Tensor and arg in inputs:
                        inputs.add(node)
                        self.nodes.append(node)
                        break
        self.reached = any(y.requires_grad if self.needed is None else y in inputs for y in self.outputs)

    def _recorded(self, extra: Iterable[Any] = ()) -> bool:
        """Whether what we compute now is to be differentiated again."""
        if not _is_recording():
            return False
        return self.connected or any([type(v) is Tensor and v.requires_grad for v in extra])

    # Backward and forward

    def pull(self, seeds: list, *, create_graph: bool | None = None, free: bool = False) -> list:
        """The gradient of each input, given that of each output; neither conjugated. free: this is the last use."""
        if create_graph is None:
            create_graph = self._recorded(seeds)
        if not self.reached:
            return [np.zeros_like(x._data) for x in self.inputs]
        if not create_graph:
            seeds = [g._data if type(g) is Tensor else g for g in seeds]
        root, g = self.outputs[0], seeds[0]
        if len(seeds) > 1:
            data = tuple([y._data for y in self.outputs])
            root, g = _node(_gather.of_arity(len(data)), data, tuple(self.outputs), None, True), tuple(seeds)
        free = free and not self.connected
        flow = backpropagate(root, g, create_graph=create_graph, free=free, needed=self.needed)
        del g
        return [self._owned(flow, x) for x in self.inputs]

    def _owned(self, flow: dict, x: Tensor) -> Any:
        """The gradient of x, in an array that nobody else holds."""
        if x not in flow:
            return np.zeros_like(x._data)
        g = flow.pop(x)
        return g if type(g) is Tensor or (type(g) is np.ndarray and _is_ours(g)) else g.copy()

    def push(self, tangents: list) -> list:
        """The tangent of each output, given that of each input."""
        create_graph = self._recorded(tangents)
        if not create_graph:
            tangents = [v._data if type(v) is Tensor else v for v in tangents]
        flow: dict[Tensor, Any] = dict(zip(self.inputs, tangents, strict=True))
        with enable_grad():  # for the rules that are transposed
            for node in self.nodes:
                op: Any = node._op
                for i, (rule, parent) in enumerate(zip(op.rules, node._args)):  # noqa: B905 (the rest are constants)
                    if rule is None or type(parent) is not Tensor or parent not in flow:
                        continue
                    if parent._tick < node._tick:
                        raise RuntimeError(_CHANGED.format(f" {parent.name!r}", parent.shape, op.name))
                    d = _forward(node, i, flow[parent], create_graph)
                    if d is not None:
                        flow[node] = _sum(flow[node], d) if node in flow else d
        found = [flow.get(y) for y in self.outputs]
        return [
            np.zeros_like(y._data) if d is None else np.asarray(d) if isinstance(d, np.generic) else d.copy()
            for d, y in zip(found, self.outputs, strict=True)
        ]

    def derived(self) -> Trace:
        """The same call, with the gradient of its output as what it returned."""
        new = copy.copy(self)
        with enable_grad():
            gradient = self.pull([np.ones_like(self.outputs[0]._data)], create_graph=True)
            new.outputs = [_conj(g) if type(g) is Tensor else Tensor(g, requires_grad=False) for g in gradient]
        new.result = self.given
        new._explore()
        return new

    # What the caller gets

    def wrapper(self, extra: Iterable[Any] = ()) -> Callable[[Any], Any]:
        """How results are given: as arrays if all we were given are arrays, else as Tensors, if possible connected."""
        if self._recorded(extra):
            return lambda value: value if type(value) is Tensor else Tensor(value, requires_grad=False)
        if self.any_tensor or self.connected or any([type(v) is Tensor for v in extra]):
            return lambda value: Tensor(value._data if type(value) is Tensor else value, requires_grad=False)
        return lambda value: value._data if type(value) is Tensor else value

    def like_given(self, leaves: list, extra: Iterable[Any] = ()) -> Any:
        """One array for each input, in the structure of the arguments."""
        return _filled(self.given, map(self.wrapper(extra), leaves))

    def like_result(self, leaves: list, extra: Iterable[Any] = ()) -> Any:
        """One array for each output, in the structure of the result."""
        return _filled(self.result, map(self.wrapper(extra), leaves))


def _filled(tree: Any, leaves: Iterator) -> Any:
    """The structure of tree with these leaves, and None in place of its constants."""
    return _map(lambda leaf: next(leaves) if type(leaf) in _PLAIN or not _is_constant(leaf) else None, tree)


def _tick(node: Tensor) -> int:
    return node._tick


# An input that continues somebody else's Tensor: the same, as a node of its own.
_same = Primitive(np.positive, (lambda g, y, x: g,))


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__} {value!r}"


def _sum(a: Any, b: Any) -> Any:
    return tuple(p + q for p, q in zip(a, b, strict=True)) if type(a) is tuple else a + b


def _conj(x: Any) -> Any:
    return np.conj(x) if x.dtype.kind == "c" else x


def _forward(node: Tensor, i: int, v: Any, create_graph: bool) -> Any:
    """The tangent of a node, of the shape of its data, from the tangent v of its i-th argument; None if it is zero.

    No table of forward rules is needed. A rule is linear in g, and the tangent is that linear map transposed. That of
    an elementwise function is diagonal, so it is its own transpose: the rule is given v in place of g. For any other,
    the rule is recorded on a g of ones (whose value doesn't matter) and v is sent back through it.
    """
    op: Any = node._op
    args, kwargs, data = node._args, node._kwargs or {}, node._data
    if op is _pick:
        return v[args[1]]
    rule, parent = op.rules[i], args[i]
    y: Any = node
    if not create_graph:
        y, args = data, [arg._data if type(arg) is Tensor else arg for arg in args]
    if isinstance(op.func, np.ufunc) and op.func.signature is None and op.func.nout == 1:
        d = rule(v if v.shape == data.shape else np.broadcast_to(v, data.shape), y, *args, **kwargs)
        if getattr(d, "shape", ()) == data.shape:
            return _fitted(d, data, op.name)
    if type(data) is not tuple:
        g: Any = Tensor(np.ones_like(data))
        dummies = [g]
    else:
        g = tuple(Tensor(np.ones_like(part)) if part.dtype.kind in "fc" else np.zeros_like(part) for part in data)
        dummies = [part for part in g if type(part) is Tensor]
        if create_graph:
            y = tuple(_node(_pick, part, (node, k), None, True) for k, part in enumerate(data))
    p = rule(g, y, *args, **kwargs)
    if p is None:
        return None
    p = _fitted(p, parent._data, op.name)
    if type(p) is not Tensor or not p.requires_grad:  # it doesn't depend on g
        return None
    needed = _dependent(p, dummies) if create_graph else None
    flow = backpropagate(p, v, create_graph=create_graph, needed=needed)
    if type(data) is not tuple:
        return flow.get(g)
    return tuple(
        flow[part] if type(part) is Tensor and part in flow else np.zeros_like(d)
        for part, d in zip(g, data, strict=True)
    )


def _dependent(root: Tensor, inputs: list[Tensor]) -> set[Tensor]:
    """The nodes behind root that depend on the inputs, and these."""
    trace = Trace.__new__(Trace)
    trace.outputs, trace.inputs, trace.start = [root], inputs, inputs[0]._tick
    trace._explore()
    return set(trace.nodes) | set(inputs)


# First derivatives ---------------------------------------------------------------------------------------------------


def value_and_grad(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives f's value together with its gradient, for the cost of one: `(y, gradient)`. See `grad`.

    >>> value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """

    @_named("value_and_grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = _scalar_trace("grad", f, argnum, args, kwargs)
        y = trace.outputs[0]
        g = trace.pull([np.ones_like(y._data)], free=True)
        return trace.like_result([y]), trace.like_given([_conj(d) for d in g])

    return evaluate


def _scalar_trace(name: str, f: Callable, argnum: Argnum, args: tuple, kwargs: dict) -> Trace:
    """A call of a function that must return one real number."""
    trace = Trace(name, f, argnum, args, kwargs)
    y = trace.result
    if type(y) is not Tensor or y.size != 1 or y.dtype.kind == "c":
        what = f"shape {y.shape} and dtype {y.dtype}" if type(y) is Tensor else f"a {type(y).__name__}"
        raise TypeError(
            f"{name}: the function must return one real number, not {what}; sum its output, take np.real or np.abs of "
            f"a complex one, or use vjp or jacobian"
        )
    return trace


def grad(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the gradient of f.

    Args:
        f: takes arrays, returns one real number: a Tensor of shape () or any other of size 1.
        argnum: which argument, or a tuple of them. An argument may be a structure of arrays.

    Returns:
        A function of f's arguments. The gradient has the structure, shapes and (floating) dtypes of the argument; for a
        tuple argnum it is a tuple. Arrays in, arrays out; Tensors in, Tensors out that can be differentiated again. If
        f closes over a Tensor that requires a gradient, the result is a Tensor connected to it.

    Raises:
        TypeError: f returned something that is not one real number, or no Tensor. A number that was computed outside
            the graph has a gradient of zero only by accident, so it is refused: return Tensor(c, requires_grad=False).

    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    >>> grad(lambda p: (p["w"] * 3 + p["b"])**2)({"w": 1.0, "b": 0.5})
    {'w': array(21.), 'b': array(7.)}
    """
    both = value_and_grad(f, argnum)

    @_named("grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return evaluate


def vjp(f: Callable, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple]]:
    """The value of f, and the function that takes a gradient back through it: a product of a vector and the Jacobian.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        *args: where; all of them are differentiated. Keyword arguments go to f as they are.

    Returns:
        `(y, pullback)`. `pullback(g)`, with g of the structure and shapes of y, is a tuple: one gradient for each
        argument. It can be called many times.

    Raises:
        ValueError: g has another structure or shape than y. TypeError: f returned no Tensor.

    >>> y, pullback = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), 3.0)
    >>> y
    array([3., 6.])
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 30.]), array(21.))
    """
    trace = Trace("vjp", f, range(len(args)), args, kwargs)

    def pullback(g: Any) -> tuple:
        seeds = _matching("vjp", "gradient", trace.result, g)
        return trace.like_given([_conj(d) for d in trace.pull([_conj(s) for s in seeds])], seeds)

    return trace.like_result(trace.outputs), pullback


def jvp(f: Callable, args: tuple, tangents: tuple, **kwargs: Any) -> tuple[Any, Any]:
    """The value of f, and its derivative in one direction: a product of the Jacobian and a vector, in forward mode.

    The tangents are sent forward through what the call recorded, with the rules of the table transposed: an elementwise
    function costs one evaluation of its rule, any other two. Of the loss of a network that takes 1.7 times as long as
    its gradient where the arrays are large, 3 times where they are small (benchmarks/transforms.py).

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        args: a tuple of arguments.
        tangents: a tuple of directions, one for each argument, of its structure and shapes.

    Returns:
        `(y, dy)`, of the same structure and shapes.

    Raises:
        ValueError: the tangents don't fit the arguments. TypeError: f returned no Tensor.

    >>> jvp(lambda x: np.sin(x) * 2, (0.0,), (1.0,))
    (array(0.), array(2.))
    """
    trace = Trace("jvp", f, range(len(args)), tuple(args), kwargs)
    vs = _matching("jvp", "tangent", tuple(args), tuple(tangents))
    return trace.like_result(trace.outputs, vs), trace.like_result(trace.push(vs), vs)


def jacobian(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the Jacobian of f: all derivatives of all outputs.

    A function with fewer outputs than inputs is walked backward, which costs a gradient for each output; one with fewer
    inputs forward, which costs a `jvp` for each input. They go together, as the rows of one array, as many at a time as
    fit into a few hundred megabytes; only where the result is a Tensor they go one after the other.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        argnum: which argument, or a tuple of them.

    Returns:
        A function of f's arguments. The Jacobian of an output y with respect to an argument x has shape
        `y.shape + x.shape`. Structures nest: that of the output, and in it that of the argument.

        Of a complex x: if y is real, each entry is a gradient as `grad` gives it; if y is complex, f must be
        holomorphic, and the entries are its complex derivatives.

    Raises:
        TypeError: f returned no Tensor, or it is complex but not holomorphic.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @_named("jacobian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return _jacobian(Trace("jacobian", f, argnum, args, kwargs))

    return evaluate


def _jacobian(trace: Trace) -> Any:
    ys, xs = trace.outputs, trace.inputs
    is_complex = any([t.dtype.kind == "c" for t in ys + xs])
    forward = is_complex or sum(x.size for x in xs) < sum(y.size for y in ys)
    blocks = _by_columns(trace) if forward else _by_rows(trace)
    return _filled(trace.result, map(trace.like_given, blocks))


def _by_rows(trace: Trace) -> list[list]:
    """The Jacobian of each output with respect to each input, walking backward from each element of the outputs."""
    parts = [_for_each(trace, trace.pull, unit) for unit in _units(trace, trace.outputs)]
    blocks = _joined(parts, trace.outputs, trace.inputs)
    return [
        [np.reshape(block, y.shape + x.shape) for block, x in zip(row, trace.inputs, strict=True)]
        for row, y in zip(blocks, trace.outputs, strict=True)
    ]


def _by_columns(trace: Trace) -> list[list]:
    """The same, walking forward from each element of the inputs."""
    parts = [_directional(trace, unit) for unit in _units(trace, trace.inputs)]
    blocks = _joined(parts, trace.inputs, trace.outputs)
    return [
        [
            np.transpose(np.reshape(column[k], x.shape + y.shape), [*range(x.ndim, x.ndim + y.ndim), *range(x.ndim)])
            for column, x in zip(blocks, trace.inputs, strict=True)
        ]
        for k, y in enumerate(trace.outputs)
    ]


def _units(trace: Trace, arrays: list) -> Iterator[list]:
    """The unit vectors of some arrays, a pile of them at a time: for each array a stack, zeros but for one 1 a row."""
    ends = np.cumsum([0, *(a.size for a in arrays)])
    step = _rows_at_once(trace)
    for start in range(0, int(ends[-1]), step):
        rows = np.arange(start, min(start + step, int(ends[-1])))
        stacks = []
        for array, begin, end in zip(arrays, ends[:-1], ends[1:], strict=True):
            flat = np.zeros((len(rows), array.size), array.dtype)
            here = (rows >= begin) & (rows < end)
            flat[here, rows[here] - begin] = 1
            stacks.append(flat.reshape(len(rows), *array.shape))
        yield stacks


def _rows_at_once(trace: Trace) -> int:
    """How many walks are done as one: as many as need 128 MB altogether."""
    elements = sum(a.size for n in trace.nodes for a in (n._data if isinstance(n._data, tuple) else (n._data,)))
    return max(1, 2**24 // max(elements, 1))


def _for_each(trace: Trace, walk: Callable, stacks: list) -> list:
    """What `walk` gives for each row of the stacks, in stacks."""
    n = len(stacks[0])
    if not trace._recorded():
        try:
            found = walk([Rows(stack) for stack in stacks])
            return [r.stack if type(r) is Rows else np.broadcast_to(r, (n, *r.shape)) for r in found]
        except Exception:  # a rule that can't take rows; if it was another error, it comes again below
            pass
    return [np.stack(rows) for rows in zip(*[walk([stack[i] for stack in stacks]) for i in range(n)], strict=True)]


def _joined(parts: list[list], along: list, others: list) -> list[list]:
    """For each array of `along` and each of `others` the rows that belong to them, from the piles of `parts`."""
    if not parts:
        return [[np.zeros((a.size, *b.shape), b.dtype) for b in others] for a in along]
    whole = [np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*parts, strict=True)]
    ends = np.cumsum([0, *(a.size for a in along)])
    return [[stack[begin:end] for stack in whole] for begin, end in pairwise(ends)]


def _directional(trace: Trace, unit: list) -> list:
    """The derivatives along unit vectors; for complex inputs along i times these too."""
    along = _for_each(trace, trace.push, unit)
    turned = np.concatenate([np.any(u.reshape(len(u), -1), axis=1)[None] & (u.dtype.kind == "c") for u in unit]).any(0)
    if not turned.any():
        return along
    across = _for_each(trace, trace.push, [u * 1j if u.dtype.kind == "c" else u for u in unit])
    results = []
    for a, b in zip(along, across, strict=True):
        turn = turned.reshape(-1, *(1,) * (a.ndim - 1))
        if a.dtype.kind != "c":
            results.append(a + 1j * np.where(turn, b, 0) if turned.all() else np.where(turn, a + 1j * b, a))
            continue
        off, size = (v._data if isinstance(v, Tensor) else v for v in (np.where(turn, b - 1j * a, 0), a))
        if not np.allclose(off, 0, atol=1e-6 * max(1.0, float(np.max(np.abs(size), initial=0))), equal_nan=True):
            raise TypeError(
                "jacobian: the function isn't holomorphic, so its derivative is no complex matrix; take the Jacobians "
                "of its real and its imaginary part"
            )
        results.append(a)
    return results


# Second derivatives --------------------------------------------------------------------------------------------------


def hessian(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the matrix of second derivatives of f, `jacobian(grad(f))`.

    Args:
        f: as for `grad`.
        argnum: which argument, or a tuple of them.

    Returns:
        A function of f's arguments. The Hessian with respect to an argument x has shape `x.shape + x.shape`; with
        respect to a structure it is a structure of structures.

    >>> hessian(lambda x: x[0]**2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """

    @_named("hessian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return _jacobian(_scalar_trace("hessian", f, argnum, args, kwargs).derived())

    return evaluate


def hvp(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the product of the Hessian of f and a vector, without the Hessian: O(n) time and memory.

    Args:
        f: as for `grad`.
        argnum: which argument, or a tuple of them.

    Returns:
        A function of f's arguments and then of a vector v, of the structure and shapes of the argument; so is the
        result. It is the gradient of the number `(grad(f)(x) * v).sum()` (Pearlmutter, Fast exact multiplication by the
        Hessian, 1994), and takes three to four times as long as the gradient.

    >>> hvp(lambda x: x[0]**2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """

    @_named("hvp", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        *args, v = args  # type: ignore
        trace = _scalar_trace("hvp", f, argnum, tuple(args), kwargs).derived()
        seeds = _matching("hvp", "vector", trace.given, v)
        products = trace.pull([_conj(s) for s in seeds])
        return trace.like_given([_conj(p) for p in products], seeds)

    return evaluate


def laplacian(f: Callable, argnum: int = 0) -> Callable:
    """A function that gives the sum of the second derivatives of f along each coordinate, without the Hessian.

    Args:
        f: takes points of shape (..., d), returns a Tensor of shape (...): one number for each point, which depends on
            that point alone, as a network's output does.
        argnum: which argument holds the points.

    Returns:
        A function of f's arguments, giving an array of shape (...). It costs d Hessian-vector products, however many
        points there are.

    Raises:
        ValueError: f doesn't give one number for each point.

    >>> laplacian(lambda x: (x**3).sum(axis=-1))(np.array([[1.0, 2.0], [0.0, 1.0]]))
    array([18.,  6.])
    """

    @_named("laplacian", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        def total(*args: Any, **kwargs: Any) -> Any:
            y, x = f(*args, **kwargs), args[argnum]
            if np.shape(y) != x.shape[:-1]:
                raise ValueError(
                    f"laplacian: for points of shape {x.shape} the function must return shape {x.shape[:-1]}, a number "
                    f"for each, not {np.shape(y)}"
                )
            return y.sum()

        trace = _scalar_trace("laplacian", total, argnum, args, kwargs).derived()
        (x,) = trace.inputs
        d, step = x.shape[-1], _rows_at_once(trace)
        result: Any = np.zeros(x.shape[:-1], x.dtype)
        for start in range(0, d, step):
            axes = np.arange(start, min(start + step, d))
            units = np.zeros((len(axes), *x.shape), x.dtype)
            units[axes - start, ..., axes] = 1
            (second,) = _for_each(trace, trace.pull, [units])
            result = result + second[axes - start, ..., axes].sum(axis=0)
        return trace.wrapper()(result if type(result) is Tensor else np.asarray(result))

    return evaluate


def _named(name: str, f: Callable) -> Callable[[Callable], Callable]:
    """Decorator: a function that is called grad(f) where it shows its name."""

    def rename(evaluate: Callable) -> Callable:
        evaluate.__name__ = evaluate.__qualname__ = f"{name}({getattr(f, '__name__', type(f).__name__)})"
        return evaluate

    return rename


# Leaving the graph, and checking it ----------------------------------------------------------------------------------


def stop_gradient(x: Any) -> Any:
    """x, as a constant: no derivative, of any order, goes through. Of a structure, each Tensor in it.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    array(3.)
    """
    return _map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, x)


def check_grads(f: Callable, *args: Any, order: int = 2, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Compare the derivatives of f with differences of its values, `(f(x + h) - f(x - h)) / 2h`, and say what is wrong.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors. Several outputs are added
            up with weights between 0.5 and 1.5, the same each time.
        *args: where. They are made double precision first. Choose a point where f is smooth: not at the kink of a relu.
        order: 1 checks the gradient, 2 also the gradient's gradient, and so on.
        rtol, atol: how far the two may be apart: rtol times the larger, plus atol times the larger of 1 and |f|. The
            differences themselves are good to about 1e-9.

    Raises:
        AssertionError: they differ. It names the argument and the element, and gives both numbers. Of a large array a
            hundred elements are looked at one by one, and all of them together in one direction.

    >>> from tensorgrad import derivative
    >>> cube = derivative(lambda x: x**3, lambda g, y, x: g * 3 * x**2)
    >>> check_grads(cube, np.array([1.0, -2.0]))
    >>> wrong = derivative(lambda a, b: a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * b)
    >>> check_grads(wrong, 2.0, 5.0)
    Traceback (most recent call last):
    AssertionError: check_grads: 1 of 2 derivatives of order 1 is wrong
      argument 1: 5 by the rules, 2 by differences (3 too large, 2.5 times)
    The rule of this argument is wrong, or f isn't smooth here: try another point.
    """
    args = _map(_in_double, args)
    number = _weighted(f)
    for k in range(1, order + 1):
        looked_at, wrong = _compare(number, args, rtol, atol)
        if wrong:
            raise AssertionError(_verdict(k, looked_at, wrong))
        number = _weighted(grad(number, tuple(range(len(args)))))


def _in_double(leaf: Any) -> Any:
    if _is_constant(leaf):
        return leaf
    data = Tensor(leaf.data if isinstance(leaf, Tensor) else leaf).data
    return np.array(data, dtype=np.result_type(data, np.float64))


def _weighted(f: Callable) -> Callable:
    """f as one real number: its outputs added up, with weights that let no two errors cancel."""

    def number(*args: Any) -> Any:
        rng = np.random.default_rng(0)
        total: Any = Tensor(0.0, requires_grad=False)
        for _, y in _leaves(f(*args)):
            if y is not None:
                weights = rng.uniform(0.5, 1.5, np.shape(y)) if np.size(y) > 1 else 1.0
                total = total + np.real(np.sum(y * weights)) + np.imag(np.sum(y * weights))
        return total

    return number


def _compare(number: Callable, args: tuple, rtol: float, atol: float) -> tuple[int, list[tuple[str, float, float]]]:
    """How many derivatives were looked at, and which are wrong: where, and the two numbers."""
    value, gradient = value_and_grad(number, tuple(range(len(args))))(*args)
    gradients, rng = dict(_leaves(gradient)), np.random.default_rng(0)
    atol *= max(1.0, abs(float(value)))
    looked_at, wrong = 0, []

    def difference(x: np.ndarray, step: np.ndarray) -> float:
        h = 6e-6 * max(1.0, float(np.max(np.abs(x[step != 0]))))  # the third root of the precision balances both errors
        ends = []
        before = x.copy()
        for sign in (1, -1):
            x[...] = before + sign * h * step
            ends.append(float(number(*_map(lambda a: a if _is_constant(a) else Tensor(a, requires_grad=False), args))))
        x[...] = before
        return (ends[0] - ends[1]) / (2 * h)

    for path, x in _leaves(args):
        if _is_constant(x) or not x.size:
            continue
        g = gradients[path]
        for where, step in _directions(x, rng):
            by_rules = float(np.real(np.sum(np.conj(g) * step)))
            by_differences = difference(x, step)
            looked_at += 1
            if not abs(by_rules - by_differences) <= atol + rtol * max(abs(by_rules), abs(by_differences)):
                wrong.append((_place(path) + where, by_rules, by_differences))
    return looked_at, wrong


def _directions(x: np.ndarray, rng: np.random.Generator, limit: int = 100) -> Iterator[tuple[str, np.ndarray]]:
    """Each element of x by name, and a step of 1 in it; of many elements some, and then a step in all."""
    chosen = range(x.size) if x.size <= limit else np.sort(rng.choice(x.size, limit, replace=False))
    for unit, part in [(1, ""), (1j, ", imaginary part")] if x.dtype.kind == "c" else [(1, "")]:
        for i in chosen:
            step = np.zeros_like(x)
            step.flat[i] = unit
            at = tuple(map(int, np.unravel_index(i, x.shape)))
            yield (f", element {at if len(at) > 1 else at[0]}" if at else "") + part, step
        if x.size > limit:
            yield f", all elements together{part}", unit * rng.choice([-1.0, 1.0], x.shape)


def _place(path: str) -> str:
    """ "[1]['weight']" as "argument 1['weight']"."""
    number, _, rest = path[1:].partition("]")
    return f"argument {number}{rest}"


def _verdict(order: int, looked_at: int, wrong: list[tuple[str, float, float]]) -> str:
    verb = "is" if len(wrong) == 1 else "are"
    lines = [f"check_grads: {len(wrong)} of {looked_at} derivatives of order {order} {verb} wrong"]
    worst = sorted(wrong, key=lambda w: -abs(w[1] - w[2]) if np.isfinite(w[1] - w[2]) else -np.inf)
    for where, by_rules, by_differences in worst[:5]:
        off = by_rules - by_differences
        times = f", {by_rules / by_differences:.4g} times" if by_differences else ""
        size = f"{abs(off):.4g} too {'large' if off > 0 else 'small'}{times}" if np.isfinite(off) else "not finite"
        lines.append(f"  {where}: {by_rules:.10g} by the rules, {by_differences:.10g} by differences ({size})")
    if len(wrong) > 5:
        lines.append(f"  and {len(wrong) - 5} more")
    if order == 1:
        lines.append("The rule of this argument is wrong, or f isn't smooth here: try another point.")
    else:
        lines.append(
            f"Order {order - 1} is right, so the rule gives the right value, but can't be differentiated: does it use "
            f".data or another plain value in place of one of its arguments? Or f isn't smooth here: try another point."
        )
    return "\n".join(lines)
