"""Tensor: a NumPy array that remembers how it was made, and the engine that walks back along that memory.

Three things happen here. Applying a function to Tensors *records*: `record` computes it and keeps the function and its
arguments. `backpropagate` *walks* from an output back to what it was made from, newest first, and evaluates the rules
of the table. `Tensor` gives both the operators, the methods and the protocols by which NumPy's own functions find them.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from heapq import heappop, heappush
from typing import Any, final

import numpy as np
from numpy import asarray, ndarray
from numpy.typing import ArrayLike, DTypeLike

from .derivatives import COMPOSED, CONSTANT, METHODS, OWN, REFUSED, TABLE, Primitive
from .derivatives.elementwise import astype
from .derivatives.indexing import getitem
from .derivatives.reductions import sum_rows
from .derivatives.shapes import as_array
from .derivatives.table import Function

# Time runs backwards: every Tensor gets the next number when its data is made, so of two Tensors the newer has the
# smaller one. The order of these numbers is a topological order of every graph.
_clock = itertools.count(0, -1)

# Whether operations are recorded: for each thread (and each asyncio task) on its own.
_recording: ContextVar[bool] = ContextVar("recording", default=True)
_is_recording = _recording.get


class _Switch:
    """Sets whether operations are recorded, and sets it back; a context manager and a decorator."""

    _on: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_is_recording())
        _recording.set(self._on)

    def __exit__(self, *exception: object) -> None:
        _recording.set(self._before.pop())

    def __call__(self, func: Function) -> Function:
        name = type(self).__name__
        if not callable(func) or inspect.isgeneratorfunction(func) or inspect.iscoroutinefunction(func):
            raise TypeError(
                f"@{name}() is for ordinary functions; write `with {name}():` inside {func!r}, between its yields or "
                "awaits"
            )

        @functools.wraps(func)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return func(*args, **kwargs)

        return switched  # type: ignore[return-value]


class no_grad(_Switch):
    """Inside `with no_grad():`, or a function decorated with `@no_grad()`, nothing is recorded, in this thread alone.

    >>> w = Tensor([1.0, 2.0])
    >>> with no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """

    _on = False


class enable_grad(_Switch):
    """The reverse of `no_grad`, for inside it."""

    _on = True


# glibc gives freed memory back to the system, and the page faults by which it comes again can cost as much as NumPy:
# a step of a small transformer takes half the time without them. Once an array of just under 32 MiB has been freed,
# glibc keeps up to 64 MiB (mallopt(3), M_MMAP_THRESHOLD). The pages of this one are never touched. Elsewhere it does
# nothing.
np.empty(2**25 - 2**13, np.uint8)

_new = object.__new__

# Recording -----------------------------------------------------------------------------------------------------------


def record(primitive: Primitive, args: tuple, kwargs: dict | None = None) -> Any:
    """Apply a function to arguments of which some are Tensors, and remember it."""
    if kwargs or len(args) != primitive.arity:
        primitive, args, kwargs = _bound(primitive, args, kwargs or {})
    values: list[Any] = []
    needs_grad = False
    for arg in args:
        if type(arg) is Tensor:
            values.append(arg._data)
            if arg.requires_grad:
                needs_grad = True
        else:
            values.append(arg)
    try:
        y = primitive.func(*values, **kwargs) if kwargs else primitive.func(*values)
    except (ValueError, TypeError, IndexError) as error:
        raise _explained(error, primitive.name, values) from error
    if not primitive.complete:  # a Tensor in the place of a constant doesn't count
        found = [arg.requires_grad for arg, rule in zip(args, primitive.rules) if rule and type(arg) is Tensor]  # noqa: B905
        if not found:
            return y
        needs_grad = any(found)
    if kwargs and not kwargs.keys() <= primitive.keywords and not primitive.open:
        kwargs = {name: kwargs[name] for name in kwargs if name in primitive.keywords} or None
    if type(y) is not ndarray or y.dtype.kind not in "fc":
        if isinstance(y, tuple):
            return _outputs(primitive, y, args, kwargs, needs_grad and _is_recording())
        y = _floating(y, primitive.name)
    return _node(primitive, y, args, kwargs, needs_grad and _is_recording())


_HOLD_NOTHING = frozenset({ndarray, int, float, str, slice, type(None)})


def _bound(primitive: Primitive, args: tuple, kwargs: dict) -> tuple[Primitive, tuple, dict | None]:
    """A rule for each of many arguments, keyword arguments where the rules expect them, no Tensor without a rule."""
    if primitive.rest is not None:
        primitive = primitive.of_arity(len(args))
    if kwargs:
        args, kwargs = primitive.bind(args, kwargs)
    for i, arg in enumerate(args[len(primitive.rules) :], len(primitive.rules) + 1):
        if type(arg) not in _HOLD_NOTHING and _holds_tensor(arg):
            raise _no_derivative(f"argument {i} of {primitive.name}")
    for name, value in kwargs.items():
        if _holds_tensor(value):
            raise _no_derivative(f"the argument {name}= of {primitive.name}")
    return primitive, args, kwargs or None


def _node(primitive: Primitive, y: Any, args: tuple, kwargs: dict | None, needs_grad: bool) -> Tensor:
    """A Tensor that was computed: y = primitive(*args, **kwargs)."""
    node = _new(Tensor)
    node._data = y
    node._grad = None
    node._tick = next(_clock)
    node.name = ""
    node.requires_grad = needs_grad
    if needs_grad:
        node._op, node._args, node._kwargs = primitive, args, kwargs
    else:
        node._op = node._args = node._kwargs = None
    return node


def _outputs(primitive: Primitive, y: tuple, args: tuple, kwargs: dict | None, needs_grad: bool) -> tuple:
    """The Tensors of a function with several outputs: each is picked out of one node that holds them all."""
    arrays = tuple(p if hasattr(p, "dtype") and not isinstance(p, np.generic) else asarray(p) for p in y)
    whole = _node(primitive, arrays, args, kwargs, needs_grad)
    parts = [_node(_pick, p, (whole, i), None, needs_grad) if p.dtype.kind in "fc" else p for i, p in enumerate(arrays)]
    return tuple(parts) if type(y) is tuple else type(y)(*parts)


_getitem, _reshape = OWN[getitem], TABLE[np.reshape]
_pick = Primitive(operator.getitem, (lambda g, y, whole, i: tuple(g if k == i else None for k in range(len(whole))),))


def _floating(y: Any, name: str) -> Any:
    """y as an array of floats; NumPy gives scalars for 0-d arrays."""
    if isinstance(y, np.generic) or not hasattr(y, "dtype"):
        y = asarray(y)
    _refuse_subclass(y, name)
    if y.dtype.kind not in "fc":
        raise TypeError(f"{name}: the result has dtype {y.dtype}; a Tensor is floating, so that it can have a gradient")
    return y


_LISTS = frozenset({list, tuple})

_OUT = (
    "{}: writing into an array (out=, or an in-place operator such as array += tensor) would drop the graph in "
    "silence; write array = array + tensor, or use tensor.data"
)


def _arrays(primitive: Primitive, args: tuple) -> tuple:
    """args with arrays where lists stand in their place, lists of Tensors stacked."""
    if primitive.out < len(args) and args[primitive.out] is not None:
        raise TypeError(_OUT.format(primitive.name))
    if _LISTS.isdisjoint(map(type, args)):
        return args
    rules = (*primitive.rules, *[None] * len(args))  # what has no rule is a shape or an axis, and stays as it is
    return tuple(as_array(arg) if rule and type(arg) in _LISTS else arg for arg, rule in zip(args, rules, strict=False))


def _no_derivative(what: str, reason: str = "") -> TypeError:
    return TypeError(
        f"{what} has no derivative in tensorgrad{': ' + reason if reason else ''}. Pass tensor.data to leave the graph "
        f"on purpose, or give your own function its rules with tensorgrad.derivative"
    )


def _holds_tensor(values: Any) -> bool:
    if isinstance(values, (list, tuple)):
        return not _HOLD_NOTHING.issuperset(map(type, values)) and any(map(_holds_tensor, values))
    return isinstance(values, Tensor)


def _plain(value: Any) -> Any:
    """value with the data of each Tensor in it, also in lists, tuples and dicts."""
    if isinstance(value, Tensor):
        return value._data
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    if type(value) is dict:
        return {key: _plain(v) for key, v in value.items()}
    return value


def _implemented(func: Callable, name: str, args: tuple, kwargs: dict) -> Any:
    """func(*args, **kwargs), with errors that name NumPy's function."""
    try:
        return func(*args, **kwargs)
    except (ValueError, TypeError, IndexError) as error:
        raise _explained(error, name, args) from error


def _explained(error: Exception, name: str, values: Any) -> Exception:
    """The same error, saying which function it was, on which shapes, and what can be done."""
    text = str(error)
    values = [v for value in values for v in (value if type(value) in _LISTS else (value,))]
    shapes = " and ".join(str(v.shape) for v in values if isinstance(getattr(v, "shape", None), tuple))
    hint = ""
    if name == "einsum" and "could not be broadcast" in text:
        hint = "; axes of the same letter must be equally long, or 1 (transpose or reshape one)"
    elif text == "tuple index out of range":
        hint = "; an axis is out of bounds"
    elif "could not be broadcast" in text:
        hint = (
            "; shapes are matched from the last axis on, and lengths must be equal or 1 (reshape or expand_dims one of "
            "them)"
        )
    elif "core dimension" in text or "enough dimensions" in text:
        hint = (
            "; the last axis of the first must be as long as the last but one of the second (transpose or reshape one)"
        )
    if (hint or not text.startswith(f"{name}:")) and not text.startswith(f"{name} of shapes"):
        text = f"{name} of shapes {shapes}: {text.removeprefix(f'{name}: ')}{'' if hint in text else hint}"
    kinds = (np.linalg.LinAlgError, np.exceptions.AxisError, ValueError, IndexError, TypeError)
    return next(kind for kind in kinds if isinstance(error, kind))(text)


# The backward walk ---------------------------------------------------------------------------------------------------


def backpropagate(
    root: Tensor, g: Any, *, create_graph: bool = False, free: bool = False, needed: set[Tensor] | None = None
) -> dict[Tensor, Any]:
    """The gradient of `sum(root * g)` with respect to every Tensor that root was made from (or those in `needed`).

    The newest Tensor is always the next: whatever was made from it is newer, so its gradient is complete. With
    create_graph the rules are fed Tensors instead of arrays, and record themselves; with free the graph, and the
    gradients of temporaries, are dropped on the way.
    """
    op: Any
    flow = {root: g}
    newest_first = [(root._tick, root)] if root._op is not None else []
    while newest_first:
        tick, node = heappop(newest_first)
        op, args, kwargs = node._op, node._args, node._kwargs
        if args is None:
            raise RuntimeError(op.name)
        g = flow.pop(node) if free else flow[node]
        y = node if create_graph else node._data
        if type(g) is tuple:
            g, y = _complete(g, node, create_graph)
        if create_graph:
            inputs = [g, y, *args]
        else:
            inputs = [g, y]
            for arg in args:
                inputs.append(arg._data if type(arg) is Tensor else arg)
        for rule, parent in zip(op.rules, args):  # noqa: B905 (arguments without a rule are constants)
            if type(parent) is not Tensor:
                continue
            if parent._tick < tick:
                raise RuntimeError(_CHANGED.format(f" {parent.name!r}" if parent.name else "", parent.shape, op.name))
            if rule is None or not parent.requires_grad or (needed is not None and parent not in needed):
                continue
            try:
                d = rule(*inputs, **kwargs) if kwargs else rule(*inputs)
            except Exception as error:
                error.add_note(f"(in the derivative of {op.name} with respect to an argument of shape {parent.shape})")
                raise
            data = parent._data
            if type(d) is not ndarray or d.shape != data.shape or d.dtype is not data.dtype:
                if d is None:
                    continue
                d = _fitted(d, data, op.name)
            if parent in flow:
                flow[parent] = _added(flow.pop(parent), d, create_graph)
                continue
            flow[parent] = d
            if parent._op is not None:
                heappush(newest_first, (parent._tick, parent))
        if free:
            node._op, node._args, node._kwargs = _FREED, None, None
    return flow


_CHANGED = (
    "the data of Tensor{} of shape {} was changed after {} had used it and before backward, so its gradient would be "
    "wrong; run backward before the change, or compute the result anew"
)


def _ended(reason: str) -> Primitive:
    """What takes the place of a node's function when nothing can flow through it any more."""
    primitive = Primitive(_ended, ())
    primitive.name = reason
    return primitive


_FREED = _ended(
    "backward went through this graph with retain_graph=False, which freed it; compute the result anew, or call the "
    "first backward with retain_graph=True"
)
_OVERWRITTEN = _ended(
    "the data of a Tensor was changed after it had been computed and before backward, so its gradient would be wrong; "
    "compute the result anew, or change a copy of the data"
)


def _fitted(d: Any, data: Any, name: str) -> Any:
    """The gradient d in the shape and dtype of its array: broadcasting undone here, for every function."""
    if type(d) is tuple:  # of a function with several outputs
        return d
    shape = data.shape
    if type(d) is ndarray and d.dtype is data.dtype and shape and data.size and d.shape[-len(shape) :] == shape:
        return sum_rows(d.reshape(-1, data.size)).reshape(shape)  # only leading axes to sum over
    if not hasattr(d, "dtype") or isinstance(d, np.generic):
        d = asarray(d)
    if d.shape != shape:
        extra = d.ndim - len(shape)
        ones = tuple(i + extra for i, n in enumerate(shape) if n == 1 and d.shape[i + extra] != 1) if extra >= 0 else ()
        if extra > 0 or ones:
            d = d.sum(axis=(*range(extra), *ones), keepdims=bool(ones))
            d = d.reshape(shape) if ones and extra else d
        if d.shape != shape:
            raise ValueError(f"a rule of {name} gave a gradient of shape {d.shape} for an argument of shape {shape}")
    if d.dtype != data.dtype:
        if d.dtype.kind == "c" and data.dtype.kind != "c":
            d = d.real
        d = d.astype(data.dtype)
    return asarray(d) if isinstance(d, np.generic) else d


@functools.lru_cache
def _one(dtype: np.dtype) -> ndarray:
    """The gradient that a single number starts from. Read-only, since all share it."""
    return np.broadcast_to(np.ones((), dtype), ())


def _added(a: Any, b: Any, create_graph: bool) -> Any:
    """a + b, into the buffer of a where nobody else can see it."""
    if type(a) is tuple:
        return tuple(p if q is None else q if p is None else p + q for p, q in zip(a, b, strict=True))
    if not create_graph and type(a) is ndarray and _is_ours(a):
        a += b
        return a
    total = a + b
    return asarray(total) if isinstance(total, np.generic) else total


def _complete(g: tuple, node: Tensor, create_graph: bool) -> tuple[tuple, tuple]:
    """The gradient of a node with several outputs, zeros for those that were not used, and these outputs."""
    y: Any = node._data
    g = tuple(np.zeros_like(part) if d is None else d for d, part in zip(g, y, strict=True))
    if create_graph:
        y = tuple(_node(_pick, part, (node, i), None, True) for i, part in enumerate(y))
    return g, y


def _is_ours(array: Any) -> bool:
    """Whether the caller's variable is all that keeps this array alive: then it may be changed, or given away."""
    return array.base is None and sys.getrefcount(array) == _ALONE


def _count_alone() -> int:
    def count(array: ndarray) -> int:
        return sys.getrefcount(array)

    array = np.empty(0)
    return count(array)


_ALONE = _count_alone()


_depositing = threading.RLock()  # threads may share parameters


def _deposit(flow: dict[Tensor, Any]) -> None:
    """Add each gradient to the `.grad` of its Tensor. No two Tensors share a buffer: what others see is copied."""
    with _depositing:
        while flow:
            tensor, g = flow.popitem()
            if type(g) is not ndarray or g.dtype.kind == "c":
                if type(g) is tuple:
                    continue
                g = _floating(np.conj(g), "backward")
            if tensor._grad is None:
                tensor._grad = g if type(g) is ndarray and _is_ours(g) else g.copy()
            else:
                tensor._grad += g


def _deposit_recorded(flow: dict[Tensor, Any]) -> None:
    """The same with gradients that are part of a graph: Tensors, which aren't changed in place."""
    with _depositing:
        for tensor, g in flow.items():
            if type(g) is tuple:
                continue
            if type(g) is not Tensor:
                g = Tensor(g.copy(), requires_grad=False)
            g = np.conj(g) if g.dtype.kind == "c" else g
            tensor._grad = +g if tensor._grad is None else tensor._grad + g  # never a rule's own argument


def _overwrite(tensor: Tensor, views: bool = False) -> None:
    """Note that data has changed: nothing computed from the old data can go backward any more. With views, that of the
    Tensors whose memory it shares has changed too."""
    changed, array = [tensor], tensor._data
    while changed:
        tensor = changed.pop()
        if type(tensor._data) is not tuple:  # or its own outputs would look older
            tensor._tick = next(_clock)
        if tensor._op is not None:
            if views:
                changed += [p for p in tensor.parents if _share_memory(p._data, array)]
            tensor._op, tensor._args, tensor._kwargs = _OVERWRITTEN, None, None


def _share_memory(a: Any, b: Any) -> bool:
    if type(a) is tuple:
        return any(_share_memory(part, b) for part in a)
    return isinstance(a, ndarray) and isinstance(b, ndarray) and np.may_share_memory(a, b)


# Tensor --------------------------------------------------------------------------------------------------------------


def _refuse_subclass(data: Any, name: str) -> None:
    if type(data) is not ndarray and isinstance(data, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(
            f"{name}: a {type(data).__name__} isn't supported; pass np.asarray(data), or data.filled(value)"
        )


def _array_of(data: Any) -> Any:
    """data as the floating array that a Tensor wraps; an array is not copied."""
    if isinstance(data, Tensor):
        raise TypeError("Tensor: this is a Tensor already; detach() gives one outside the graph that shares its data")
    _refuse_subclass(data, "Tensor")
    if not hasattr(data, "__array_function__"):
        if _holds_tensor(data):
            raise TypeError(
                "Tensor: a list of Tensors would leave the graph; join them with np.stack or np.concatenate"
            )
        try:
            data = np.array(data)
        except ValueError as error:  # rows of different lengths
            raise ValueError(f"Tensor: {error}; pad the rows to one length, or make a Tensor of each") from error
    if data.dtype.kind in "biu":
        data = data.astype(np.float64)
    elif data.dtype.kind not in "fc":
        raise TypeError(f"Tensor: numbers are needed, not dtype {data.dtype}")
    return data


def _operators(ufunc: np.ufunc, compute: Callable) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The methods of `a + b` and of its reflected form, on a path of their own: no lists, no keywords, no protocol."""
    primitive = TABLE[ufunc]

    def forward(self: Tensor, other: Any) -> Tensor:
        if type(other) is Tensor:
            value = other._data
            needs_grad = self.requires_grad or other.requires_grad
        elif type(other) is float or type(other) is int or (type(other) is ndarray and other.dtype.kind == "f"):
            value = other
            needs_grad = self.requires_grad
        else:
            return _otherwise(primitive, (self, other), other)
        try:
            y = compute(self._data, value)
        except ValueError as error:
            raise _explained(error, primitive.name, (self._data, value)) from error
        node = _new(Tensor)  # _node, written out: its call is a tenth of the time of a small operation
        node._data = y if type(y) is ndarray else _floating(y, primitive.name)
        node._grad = node._kwargs = None
        node._tick = next(_clock)
        node.name = ""
        if needs_grad and _is_recording():
            node.requires_grad = True
            node._op = primitive
            node._args = (self, other)
        else:
            node.requires_grad = False
            node._op = node._args = None
        return node

    def reflected(self: Tensor, other: Any) -> Tensor:
        if type(other) is float or type(other) is int:
            return record(primitive, (other, self))
        return _otherwise(primitive, (other, self), other)

    return forward, reflected


def _otherwise(primitive: Primitive, args: tuple, other: Any) -> Any:
    """An operator on anything but arrays of floats: array-likes are recorded, the rest is left to the other operand."""
    if isinstance(other, int | float | complex | list | tuple | np.generic) or hasattr(other, "__array_ufunc__"):
        return record(primitive, _arrays(primitive, args))
    return NotImplemented


def _question(func: Callable) -> Callable[..., Any]:
    """NumPy's function as a method of Tensor."""
    primitive = TABLE.get(func)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if primitive is not None and not args:  # without asking NumPy, which would ask us
            return record(primitive, (self,), kwargs)
        return func(self, *args, **kwargs)

    method.__name__ = func.__name__
    method.__doc__ = f"`numpy.{func.__name__}` of this Tensor, with its arguments."
    return method


def _method(func: Callable) -> Callable[..., Tensor]:
    """The same, of a function that gives a Tensor."""
    return _question(func)


@final
class Tensor:
    """An array that records what is computed from it, so that gradients can flow back.

    Args:
        data: an array, a number or nested lists of numbers. Floats keep their dtype, ints and bools become float64. An
            array of floats is not copied.
        name: shown when the Tensor is printed or drawn.
        requires_grad: False for a constant.

    Raises:
        TypeError: data isn't numeric.

    >>> a = Tensor([1.0, 2.0, 3.0])
    >>> L = (a**2).sum()
    >>> L.backward()
    >>> a.grad
    array([2., 4., 6.])
    """

    def __init_subclass__(cls) -> None:
        raise TypeError(
            "Tensor can't be subclassed: the engine tells Tensors by their exact type. Wrap one, or make a Module"
        )

    __slots__ = ("_data", "_grad", "_tick", "_op", "_args", "_kwargs", "name", "requires_grad", "__weakref__")

    _data: Any
    _grad: Any
    _tick: int
    _op: Primitive | None
    _args: Any
    _kwargs: dict | None
    name: str
    requires_grad: bool

    def __init__(self, data: ArrayLike, name: str = "", requires_grad: bool = True):
        self._data = _array_of(data)
        self._grad = None
        self._tick = next(_clock)
        self._op = self._args = self._kwargs = None
        self.name = name
        self.requires_grad = requires_grad

    # What it is

    @property
    def data(self) -> Any:
        """The array itself. Assigning (`p.data -= ...`) is noticed: a graph that used the old data can't go backward
        any more. An element write (`p.data[0] = x`) passes by this property, and isn't noticed."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if value is self._data:  # changed in place, and so was what it is a view of
            _overwrite(self, views=True)
            return
        value = _array_of(value)
        if value.shape != self.shape or value.dtype != self.dtype:
            raise ValueError(
                f"data of shape {value.shape} and dtype {value.dtype} can't replace data of shape {self.shape} and "
                f"dtype {self.dtype}; reshape it or use astype, or make a new Tensor"
            )
        _overwrite(self)
        self._data = value

    @property
    def grad(self) -> Any:
        """The gradient that backward passes have added up, an array of the Tensor's shape and dtype; zeros before."""
        if self._grad is None:
            self._grad = np.zeros_like(self._data)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and value is not self._grad:
            value = _plain(value)
            value = value.copy() if hasattr(value, "__array_function__") else np.array(value)
            if value.shape != self.shape or value.dtype != self.dtype:
                raise ValueError(
                    f"grad must have the shape {self.shape} and dtype {self.dtype} of its Tensor, not {value.shape} "
                    f"and {value.dtype}; None clears it"
                )
        self._grad = value

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
        return self._data.dtype

    @property
    def strides(self) -> tuple[int, ...]:
        return self._data.strides

    @property
    def flags(self) -> Any:
        return self._data.flags

    @property
    def parents(self) -> tuple[Tensor, ...]:
        """The Tensors that this one was computed from, in the order of the function's arguments."""
        return tuple(a for a in self._args or () if isinstance(a, Tensor))

    # Backward

    def backward(self, grad: ArrayLike | None = None, retain_graph: bool = True, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to `.grad` of every Tensor that it was made from, itself included.

        Args:
            grad: the gradient that arrives here, of this Tensor's shape; ones by default.
            retain_graph: False frees the graph on the way, and keeps the gradients of leaves alone. A training loop,
                which makes a new graph each step, wants that.
            create_graph: True makes each `.grad` a Tensor that can be differentiated again. It refers to the graph,
                which refers to its Tensor: set `.grad = None` when done, or leave that circle to the garbage collector.
                (`tensorgrad.grad` makes none.)

        Raises:
            RuntimeError: nothing was recorded, the graph was freed, or data that it used was changed.
            ValueError: grad has the wrong shape; or a graph is to be created and this one, a part of it, freed.

        >>> a, b = Tensor(3.0), Tensor(4.0)
        >>> c = a * b
        >>> c.backward()
        >>> a.grad, b.grad, c.grad
        (array(4.), array(3.), array(1.))
        """
        if create_graph and not retain_graph:
            raise ValueError("backward: the graph of the gradients goes through this one, so it can't be freed")
        if not self.requires_grad:
            raise RuntimeError(
                "backward: this Tensor doesn't require a gradient: it was made with requires_grad=False, detached, or "
                "computed inside no_grad or from constants alone"
            )
        g: Any
        if grad is None:
            g = _one(self.dtype) if self._data.shape == () else np.ones_like(self._data)
        else:
            g = grad if create_graph else _plain(grad)
            g = _array_of(g) if not hasattr(g, "dtype") else g
            if g.shape != self.shape:
                raise ValueError(f"backward: the gradient has shape {g.shape}, but the Tensor has shape {self.shape}")
            if g.dtype.kind not in "biufc" or (g.dtype.kind == "c" and self.dtype.kind != "c"):
                raise TypeError(f"backward: a gradient of dtype {g.dtype} doesn't fit a Tensor of dtype {self.dtype}")
            g = _floating(np.conj(g).astype(self.dtype), "backward")
        if create_graph:
            with enable_grad():
                return _deposit_recorded(backpropagate(self, g, create_graph=True))
        flow = backpropagate(self, g, free=not retain_graph)
        del g
        _deposit(flow)

    def detach(self) -> Tensor:
        """A constant that shares this Tensor's data, outside the graph."""
        return Tensor(self._data, name=self.name, requires_grad=False)

    def zero_grad(self) -> None:
        """Forget the gradient: `.grad` reads as zeros again. An array read from it earlier keeps its values."""
        self._grad = None

    # Leaving the graph on purpose

    def numpy(self) -> Any:
        """The data as an array, shared, outside the graph."""
        return self._data

    def item(self) -> Any:
        """The one element of the Tensor as a Python number."""
        return self._one()

    def tolist(self) -> Any:
        return self._data.tolist()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> ndarray:
        return np.array(self._data, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._one())

    def __int__(self) -> int:
        return int(self._one())

    def __complex__(self) -> complex:
        return complex(self._one())

    def __bool__(self) -> bool:
        return bool(self._one())

    def _one(self) -> Any:
        if self.size != 1:
            raise ValueError(
                f"a Tensor of shape {self.shape} is not one number, true or false; use .any(), .all() or an index"
            )
        return self._data.item()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        data = self._data
        text = np.array2string(data, prefix="Tensor(") if isinstance(data, ndarray) else repr(data)
        name = f", name={self.name!r}" if self.name else ""
        dtype = f", dtype={self.dtype}" if self.dtype != np.float64 else ""
        return f"Tensor({text}{name}{dtype})"

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple:
        """Pickled and copied as a leaf: data, name and gradient, without the graph behind it."""
        return _restored, (self._data, self._grad, self.name, self.requires_grad)

    def __copy__(self) -> Tensor:
        return _restored(self._data.copy(), self._grad, self.name, self.requires_grad)

    # NumPy's protocols

    __record__ = staticmethod(record)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        primitive = TABLE.get(ufunc)
        if primitive is not None and method == "__call__" and not kwargs:
            return record(primitive, inputs if len(inputs) == 1 else _arrays(primitive, inputs))
        name = ufunc.__name__ + ("" if method == "__call__" else "." + method)
        if kwargs.get("out") is not None:
            raise TypeError(_OUT.format(name))
        if method == "__call__":
            if ufunc in COMPOSED:
                return _implemented(COMPOSED[ufunc], name, inputs, kwargs)
            if primitive is not None:
                return record(primitive, _arrays(primitive, inputs), kwargs)
            if ufunc in CONSTANT:
                return ufunc(*_plain(inputs), **_plain(kwargs))
        elif method in METHODS and (primitive is not None or ufunc in COMPOSED):
            return _implemented(METHODS[method], name, (ufunc, *inputs), kwargs)
        elif ufunc in CONSTANT and method != "at":
            return getattr(ufunc, method)(*_plain(inputs), **_plain(kwargs))
        in_place = "it writes into its first array; scatter what is added with np.bincount, or write array + tensor"
        raise _no_derivative(name, in_place if method == "at" else REFUSED.get(ufunc, ""))

    def __array_function__(self, func: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        if func in TABLE:
            return record(TABLE[func], _arrays(TABLE[func], args), kwargs)
        implementation = COMPOSED.get(func)
        if implementation is None:
            if func not in CONSTANT:
                module = getattr(func, "__module__", "numpy")
                raise _no_derivative(f"{module}.{func.__name__}", REFUSED.get(func, ""))
            implementation, args, kwargs = func, _plain(args), _plain(kwargs)
        return _implemented(implementation, func.__name__, args, kwargs)

    # Operators: NumPy's function of that name

    __add__, __radd__ = _operators(np.add, np.add)
    __sub__, __rsub__ = _operators(np.subtract, np.subtract)
    __mul__, __rmul__ = _operators(np.multiply, np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide, operator.truediv)
    __pow__, __rpow__ = _operators(np.power, TABLE[np.power].func)
    __mod__, __rmod__ = _operators(np.remainder, operator.mod)
    __matmul__, __rmatmul__ = _operators(np.matmul, operator.matmul)

    def __neg__(self) -> Tensor:
        return record(TABLE[np.negative], (self,))

    def __pos__(self) -> Tensor:
        return record(TABLE[np.positive], (self,))

    def __abs__(self) -> Tensor:
        return record(TABLE[np.absolute], (self,))

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Tensor]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Tensor]:
        return other // self, other % self

    def __round__(self, ndigits: int | None = None) -> Any:
        return np.round(self._data, ndigits or 0)

    def __eq__(self, other: Any) -> Any:
        return self._data == _plain(other)

    def __ne__(self, other: Any) -> Any:
        return self._data != _plain(other)

    def __lt__(self, other: Any) -> Any:
        return self._data < _plain(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= _plain(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > _plain(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= _plain(other)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self._data == _plain(value)))

    def __getitem__(self, index: Any) -> Tensor:
        if type(index) not in _HOLD_NOTHING and _holds_tensor(index):
            raise TypeError(
                "an index can't be a Tensor, which is floating; use its .data.astype(int), or a comparison as a mask"
            )
        return record(_getitem, (self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a Tensor can't be assigned into: the graph would lose what stood there. Build a new one with "
            "np.where(mask, value, tensor) or np.concatenate; or, to change a leaf outside the graph, write "
            "tensor.data[index] = value"
        )

    def __delitem__(self, index: Any) -> None:
        raise TypeError("elements of a Tensor can't be deleted; np.delete makes a new one without them")

    # Methods: NumPy's function of that name

    exp, log, sqrt, square = _method(np.exp), _method(np.log), _method(np.sqrt), _method(np.square)
    sin, cos, tan, tanh = _method(np.sin), _method(np.cos), _method(np.tan), _method(np.tanh)
    abs, conj, clip, copy = _method(np.abs), _method(np.conj), _method(np.clip), _method(np.copy)

    sum, mean, prod = _method(np.sum), _method(np.mean), _method(np.prod)
    max, min, var, std = _method(np.max), _method(np.min), _method(np.var), _method(np.std)
    cumsum, cumprod, trace = _method(np.cumsum), _method(np.cumprod), _method(np.trace)

    ravel, flatten, squeeze = _method(np.ravel), _method(np.ravel), _method(np.squeeze)
    swapaxes, repeat, take = _method(np.swapaxes), _method(np.repeat), _method(np.take)
    diagonal, dot = _method(np.diagonal), _method(np.dot)

    argmax, argmin, argsort = _question(np.argmax), _question(np.argmin), _question(np.argsort)
    all, any, round, nonzero = _question(np.all), _question(np.any), _question(np.round), _question(np.nonzero)

    T: Tensor = property(_method(np.transpose))  # type: ignore[assignment]
    mT: Tensor = property(lambda self: np.swapaxes(self, -1, -2))  # type: ignore[assignment]
    real: Tensor = property(_method(np.real))  # type: ignore[assignment]
    imag: Tensor = property(_method(np.imag))  # type: ignore[assignment]

    # Methods that functions.py puts here

    relu: Callable[..., Tensor]
    sigmoid: Callable[..., Tensor]
    softmax: Callable[..., Tensor]
    log_softmax: Callable[..., Tensor]
    logsumexp: Callable[..., Tensor]

    def reshape(self, *shape: Any, order: Any = "C") -> Tensor:
        """The same elements in another shape, given as numbers or as one tuple; -1 stands for what is left."""
        how = None if order == "C" else {"order": order}  # which not every kind of array knows
        return record(_reshape, (self, shape[0] if len(shape) == 1 and type(shape[0]) is not int else shape), how)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, given as numbers or as one tuple; reversed by default."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)  # type: ignore

    def astype(self, dtype: DTypeLike) -> Tensor:
        """A Tensor of another floating dtype; the gradient comes back in this one's."""
        return astype(self, dtype)


def _restored(data: Any, grad: Any, name: str, requires_grad: bool) -> Tensor:
    tensor = Tensor(data, name, requires_grad)
    tensor.grad = grad
    return tensor
