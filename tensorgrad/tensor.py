"""Tensor: a NumPy array that remembers how it was made.

A node of the engine's graph, with NumPy's operators and methods, and with the protocols by which NumPy's own functions
find it: `__array_ufunc__` and `__array_function__`. All of them ask the table of derivatives when they are called.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, final
from weakref import ref

import numpy as np
from numpy import ndarray
from numpy.typing import ArrayLike, DTypeLike

from .arguments import floating_array, text, yes_or_no
from .assignment import At, assign, assign_imag, change
from .derivatives import OWN, TABLE, Primitive
from .derivatives.activations import relu, sigmoid
from .derivatives.arrays import ARRAYS
from .derivatives.elementwise import astype
from .derivatives.flat import Flat
from .derivatives.indexing import getitem
from .derivatives.inplace import fill, partition, put, sort
from .derivatives.products import sparse_matmul
from .derivatives.shapes import flatten
from .derivatives.softmax import log_softmax, logsumexp, softmax
from .engine import HOLD_NO_NODE, backpropagate, floating, holds_node, mark_changed, record, recorded_with_versions
from .errors import NO_GRADIENT, NO_INDEX, NOT_AN_ARRAY, explained
from .exchange import array, array_namespace, device, dlpack, dlpack_device, to_device
from .grad_mode import enable_grad, is_grad_enabled, no_grad
from .gradients import accumulate_grads, accumulate_recorded_grads, gradient_of
from .lazy import COLLECTION, compute, persist, token
from .leaving import is_sparse, is_wrapper, no_pickle, no_sparse, require_no_search, require_purpose
from .linearity import require_linear_rules_behind
from .memory import is_named_once
from .node import Node, orders
from .past import Past, shown
from .protocols import arrays_of, call_function, call_ufunc, compared, plain
from .versions import SCALAR, arguments, current, is_name, is_scalar, names

__all__ = ["Tensor", "enable_grad", "no_grad"]

# How a notebook shows a Tensor that was computed, by format: draw/dot.py enters "svg" when it is imported.
displays: dict[str, Callable[[Tensor], str | None]] = {}

# What a Tensor is made of ---------------------------------------------------------------------------------------------


def data_of(x: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x


@functools.lru_cache
def _unit_gradient(dtype: np.dtype) -> ndarray:
    """The gradient that backward of a single number starts from. Read-only, since all share it."""
    return np.broadcast_to(np.ones((), dtype), ())


# Operators and methods, each NumPy's function of its name -----------------------------------------------------------


def _operators(ufunc: np.ufunc) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The methods of `a + b` and of its reflected form. The first is `record`, written out for two Tensors, or one and
    a number or array of floats: without lists, keyword arguments and NumPy's protocol in between."""
    primitive = TABLE[ufunc]

    def forward(self: Tensor, other: Any) -> Tensor:
        if type(other) is Tensor:
            value = other._data
            needs_grad = self._requires_grad or other._requires_grad
        elif type(other) is float or type(other) is int or (type(other) is ndarray and other.dtype.kind == "f"):
            value = other
            needs_grad = self._requires_grad
        else:
            return _otherwise(primitive, (self, other), other)
        if not primitive.complete:
            return record(Tensor, primitive, (self, other))
        compute = primitive.func  # a local variable: its call needs no look-up of a method
        try:
            y = compute(self._data, value)
        except ValueError as error:
            raise explained(error, primitive.name, (self._data, value)) from error
        if names:
            return recorded_with_versions(Tensor, primitive, y, (self, other))
        node = _new(Tensor)
        if type(y) is ndarray:
            node._data = y
        else:
            node._data, node._saved = floating(y, primitive.name), SCALAR
        node._grad = node._kwargs = None
        node._order = next(orders)
        node.name = ""
        if needs_grad and is_grad_enabled():
            node._requires_grad = True
            node._op = primitive
            node._args = (self, other)
        else:
            node._requires_grad = False
            node._op = node._args = None
        return node

    def reflected(self: Tensor, other: Any) -> Tensor:
        if type(other) is float or type(other) is int:
            return record(Tensor, primitive, (other, self))
        return _otherwise(primitive, (other, self), other)

    return forward, reflected


def _otherwise(primitive: Primitive, args: tuple, other: Any) -> Any:
    """An operator on anything but arrays of floats: array-likes are recorded, the rest is left to the other operand."""
    if is_wrapper(other):
        return getattr(np, primitive.name)(*args) if hasattr(other, "__array_ufunc__") else NotImplemented
    if isinstance(other, int | float | complex | list | tuple | np.generic) or hasattr(other, "__array_ufunc__"):
        return record(Tensor, primitive, arrays_of(primitive, args))
    if is_sparse(other):
        if primitive is TABLE[np.matmul]:
            return record(Tensor, OWN[sparse_matmul], args)
        raise no_sparse(primitive.name, other)
    return NotImplemented


def _in_place(operate: Callable[[Any, Any], Any], name: str) -> Callable[[Tensor, Any], Tensor]:
    """The method of `a += b`, by that of `a + b`; name is NumPy's."""

    def method(self: Tensor, other: Any) -> Tensor:
        alone = is_named_once(sys.getrefcount(self), in_operator=True)
        value = operate(self, other)
        if not isinstance(value, Tensor):  # of what is constant almost everywhere
            value = Tensor(value, requires_grad=False)
        return change(self, value, name, alone)

    return method


def _method(func: Callable) -> Callable[..., Tensor]:
    """NumPy's function as a method of Tensor."""
    primitive = TABLE.get(func)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if primitive is not None and not args and "out" not in kwargs:  # without asking NumPy, which would ask us
            return record(Tensor, primitive, (self,), kwargs)
        return func(self, *args, **kwargs)

    method.__name__ = func.__name__
    method.__doc__ = f"`numpy.{func.__name__}` of this Tensor, with its arguments."
    return method


def _question(func: Callable) -> Callable[..., Any]:
    """The same for functions that give plain values, which is told to type checkers alone."""
    return _method(func)


def _own(func: Callable) -> Callable[..., Tensor]:
    """A function of the library's own as a method: itself, with a type for type checkers."""
    return func


def _number(kind: type) -> Callable[[Tensor], Any]:
    """The method by which a Tensor of one element becomes a Python number."""

    def convert(self: Tensor) -> Any:
        if self.requires_grad and is_grad_enabled():
            require_purpose(sys._getframe(1), rounds=kind is int)
        return kind(self._only_element())

    return convert


def _order(compare: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    """The method of `a < b` or the like, which gives a plain array."""

    def method(self: Tensor, other: Any) -> Any:
        if self._requires_grad and is_grad_enabled():
            require_no_search(sys._getframe(1))
        return compared(compare, self, other)

    return method


_new = object.__new__
_getitem, _reshape = OWN[getitem], TABLE[np.reshape]


@final
class Tensor(Node):
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

    __slots__ = ()

    def __init__(self, data: ArrayLike, name: str = "", requires_grad: bool = True):
        self._data = floating_array("Tensor", "data", data)
        self._grad = None
        self._order = next(orders)
        self._op = self._args = self._kwargs = None
        self.name = text("Tensor: name", name)
        self._requires_grad = yes_or_no("Tensor: requires_grad", requires_grad)

    # What it is

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for this Tensor, and for what is computed from it."""
        return bool(self._requires_grad if not names else current(self)._requires_grad)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        yes_or_no("Tensor: requires_grad", value)
        if names and is_name(self):
            raise ValueError(
                "Tensor: requires_grad of a Tensor that has been assigned into is that of what was assigned; detach() "
                "gives one without"
            )
        self._requires_grad = bool(value) or None  # None: a parameter that is frozen; False: a constant

    @property
    def parents(self) -> tuple[Tensor, ...]:
        """The Tensors that this one was computed from, in the order of the function's arguments."""
        return tuple([shown(arg) for arg in arguments(current(self)) if isinstance(arg, Tensor)])

    @property
    def data(self) -> Any:
        """The array itself. Assigning (`p.data -= ...`) is noticed: a graph that used the old data can't go backward
        any more, nor one that used another Tensor of the same memory. An element write (`p.data[0] = x`) passes by this
        property, and is noticed inside `detect_anomaly` alone."""
        plain = type(self._data) is ndarray and not names and type(self._grad) is not ref
        return self._data if plain else Past().data(self)

    @data.setter
    def data(self, value: Any) -> None:
        if value is self._data:  # changed in place, and so were those that share its memory
            mark_changed(self, in_place=True)
            return
        value = floating_array("Tensor", "data", value)
        if value.shape != self.shape or value.dtype != self.dtype:
            raise ValueError(
                f"data of shape {value.shape} and dtype {value.dtype} can't replace data of shape {self.shape} and "
                f"dtype {self.dtype}; reshape it or use astype, or make a new Tensor"
            )
        mark_changed(self)
        self._data = value

    @property
    def grad(self) -> Any:
        """The gradient that backward passes have added up, an array of the Tensor's shape and dtype; zeros before."""
        return gradient_of(self)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and value is not self._grad:
            value = floating_array("Tensor.grad", "the gradient", plain(value)).copy()
            if value.shape != self.shape or value.dtype != self.dtype:
                raise ValueError(
                    f"grad must have the shape {self.shape} and dtype {self.dtype} of its Tensor, not {value.shape} "
                    f"and {value.dtype}; None clears it"
                )
        self._grad = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
        """The dtype of data and gradient, a floating one."""
        return self._data.dtype

    @property
    def strides(self) -> tuple[int, ...]:
        """The bytes from one element to the next along each axis."""
        return self._data.strides

    @property
    def flags(self) -> Any:
        """How the data lie in memory."""
        return self._data.flags

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
        yes_or_no("backward: retain_graph", retain_graph)
        if yes_or_no("backward: create_graph", create_graph) and not retain_graph:
            raise ValueError("backward: the graph of the gradients goes through this one, so it can't be freed")
        if not self.requires_grad:
            raise RuntimeError(NO_GRADIENT)
        g: Any
        root = current(self)
        if grad is None:
            one = type(self._data) in ARRAYS and self._data.shape == ()
            g = _unit_gradient(self.dtype) if one else np.ones_like(self._data)
        else:
            recorded = create_graph and isinstance(grad, Tensor)
            g = grad if recorded else floating_array("backward", "grad", plain(grad))
            if g.shape != self.shape:
                raise ValueError(f"backward: the gradient has shape {g.shape}, but the Tensor has shape {self.shape}")
            if g.dtype.kind == "c" and self.dtype.kind != "c":
                raise TypeError(f"backward: a gradient of dtype {g.dtype} doesn't fit a Tensor of dtype {self.dtype}")
            g = floating(np.conj(g).astype(self.dtype), "backward")
        if create_graph:
            require_linear_rules_behind(root)
            with enable_grad():
                return accumulate_recorded_grads(backpropagate(root, g, create_graph=True))
        grads = backpropagate(root, g, free=not retain_graph)
        del g  # or accumulate_grads couldn't keep it
        accumulate_grads(grads)

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

    def item(self, *index: Any) -> Any:
        """The one element of the Tensor, or that at an index as of arrays, as a Python number."""
        return self._data.item(*index) if index else self._only_element()

    def tolist(self) -> Any:
        """The data as nested lists of Python numbers, outside the graph."""
        return self._data.tolist()

    __array__ = array

    __float__ = _number(float)
    __int__ = _number(int)
    __complex__ = _number(complex)

    def __bool__(self) -> bool:
        return bool(self._only_element())

    def _only_element(self) -> Any:
        if self.size != 1:
            raise ValueError(
                f"a Tensor of shape {self.shape} is not one number, true or false; use .any(), .all() or an index"
            )
        return self._data.item()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def _repr_svg_(self) -> str | None:
        """What a notebook shows: the graph of a Tensor that was computed. Of a leaf it shows the repr."""
        display = displays.get("svg")
        return display(self) if display and self._op is not None else None

    def __repr__(self) -> str:
        data = self._data
        text = np.array2string(data, prefix="Tensor(") if isinstance(data, ndarray) else repr(data)
        name = f", name={self.name!r}" if self.name else ""
        dtype = f", dtype={self.dtype}" if self.dtype != np.float64 else ""
        return f"Tensor({text}{name}{dtype})"

    __hash__ = object.__hash__

    @property
    def _mask(self) -> Any:
        """What np.ma asks of the operands of a masked array, before it takes their `_data`."""
        if self.requires_grad and is_grad_enabled():
            raise TypeError(f"a masked array would lose the graph of a Tensor: {NOT_AN_ARRAY}")
        raise AttributeError("_mask")

    def __reduce__(self) -> tuple:
        """Pickled as a leaf: data, name and gradient. What has a graph behind it would lose that."""
        requires_grad = current(self)._requires_grad
        if requires_grad and self._op is not None:
            if self._args is not None and is_grad_enabled():
                raise no_pickle(self)
            requires_grad = False
        return _restored, (self._data, self._grad, self.name, requires_grad)

    def __copy__(self) -> Tensor:
        return _restored(self._data.copy(), self._grad, self.name, current(self)._requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return _restored(deepcopy(self._data, memo), self._grad, self.name, current(self)._requires_grad)

    # NumPy's protocols

    __record__ = classmethod(record)  # how `derivative` and NumPy's protocols below record

    __array_ufunc__, __array_function__ = call_ufunc, call_function

    # Dask's collections

    __dask_graph__, __dask_keys__, __dask_layers__, __dask_postcompute__, __dask_postpersist__ = COLLECTION[:5]
    __dask_optimize__, __dask_scheduler__ = COLLECTION[5:]
    __dask_tokenize__, compute, persist = token, compute, persist

    # The array API standard

    __array_namespace__, __dlpack__, __dlpack_device__ = array_namespace, dlpack, dlpack_device
    device, to_device = property(device), to_device

    # Operators: NumPy's function of that name

    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __pow__, __rpow__ = _operators(np.power)
    __mod__, __rmod__ = _operators(np.remainder)
    __matmul__, __rmatmul__ = _operators(np.matmul)

    __iadd__, __isub__ = _in_place(operator.add, "add"), _in_place(operator.sub, "subtract")
    __imul__, __itruediv__ = _in_place(operator.mul, "multiply"), _in_place(operator.truediv, "divide")
    __ipow__, __imatmul__ = _in_place(operator.pow, "power"), _in_place(operator.matmul, "matmul")
    __imod__, __ifloordiv__ = _in_place(operator.mod, "remainder"), _in_place(operator.floordiv, "floor_divide")

    def __neg__(self) -> Tensor:
        return record(Tensor, TABLE[np.negative], (self,))

    def __pos__(self) -> Tensor:
        return record(Tensor, TABLE[np.positive], (self,))

    def __abs__(self) -> Tensor:
        return record(Tensor, TABLE[np.absolute], (self,))

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Tensor]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Tensor]:
        return other // self, other % self

    def __round__(self, ndigits: int | None = None) -> Any:
        return np.round(self, ndigits or 0)

    def __eq__(self, other: Any) -> Any:
        return compared(operator.eq, self, other)

    def __ne__(self, other: Any) -> Any:
        return compared(operator.ne, self, other)

    __lt__, __le__ = _order(operator.lt), _order(operator.le)
    __gt__, __ge__ = _order(operator.gt), _order(operator.ge)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(compared(operator.eq, self, value)))

    def __getitem__(self, index: Any) -> Tensor:
        if type(index) not in HOLD_NO_NODE and holds_node(index):
            raise TypeError(NO_INDEX)
        return record(Tensor, _getitem, (self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        shared = not is_named_once(sys.getrefcount(self))  # before the call below refers to it, too
        assign(self, index, value, shared)

    def __delitem__(self, index: Any) -> None:
        raise TypeError("elements of a Tensor can't be deleted; np.delete makes a new one without them")

    # Methods: NumPy's function of that name

    exp, log, sqrt, square = _method(np.exp), _method(np.log), _method(np.sqrt), _method(np.square)
    sin, cos, tan, tanh = _method(np.sin), _method(np.cos), _method(np.tan), _method(np.tanh)
    abs = _method(np.abs)

    sum, mean, prod = _method(np.sum), _method(np.mean), _method(np.prod)
    max, min, var, std = _method(np.max), _method(np.min), _method(np.var), _method(np.std)
    cumsum, cumprod, trace = _method(np.cumsum), _method(np.cumprod), _method(np.trace)

    ravel, squeeze, flatten = _method(np.ravel), _method(np.squeeze), _own(flatten)
    swapaxes, repeat, take = _method(np.swapaxes), _method(np.repeat), _method(np.take)
    diagonal, dot, clip = _method(np.diagonal), _method(np.dot), _method(np.clip)

    argmax, argmin, argsort = _question(np.argmax), _question(np.argmin), _question(np.argsort)
    all, any, round, nonzero = _question(np.all), _question(np.any), _question(np.round), _question(np.nonzero)

    T: Tensor = property(_method(np.transpose), doc="The axes in reversed order.")  # type: ignore[assignment]
    mT: Tensor = property(lambda self: np.swapaxes(self, -1, -2), doc="The last two axes swapped.")  # type: ignore[assignment]
    real: Tensor = property(_method(np.real), lambda t, v: assign(np.real(t), ..., v), None, "The real part.")  # type: ignore[assignment]
    imag: Tensor = property(_method(np.imag), lambda t, v: assign_imag(t, v), None, "The imaginary part.")  # type: ignore[assignment]

    flat = property(Flat, lambda self, value: Flat(self).__setitem__(..., value))
    fill, sort, partition = _own(fill), _own(sort), _own(partition)

    # Methods that NumPy's arrays don't have

    relu, sigmoid = _own(relu), _own(sigmoid)
    softmax, log_softmax, logsumexp = _own(softmax), _own(log_softmax), _own(logsumexp)

    def put(self, indices: ArrayLike, values: Any, mode: Any = "raise") -> None:
        """`numpy.put` into this Tensor: values in the places that indices count in C order."""
        put(self, indices, values, mode)

    def reshape(self, *shape: Any, order: Any = "C") -> Tensor:
        """The same elements in another shape, given as numbers or as one tuple; -1 stands for what is left."""
        new = shape[0] if len(shape) == 1 and type(shape[0]) is not int else shape
        how = None if order == "C" else {"order": order}  # which not every kind of array knows
        return record(Tensor, _reshape, (self, new), how)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, given as numbers or as one tuple; reversed by default."""
        new = axes[0] if len(axes) == 1 and not hasattr(axes[0], "__index__") else axes or None
        return np.transpose(self, new)  # type: ignore[return-value]

    def copy(self, order: Any = "C") -> Tensor:
        """A copy of the data, in this order in memory; np.copy keeps the order."""
        return +self if is_scalar(self) else np.copy(self, order)  # type: ignore[return-value]

    def conj(self, *args: Any, **kwargs: Any) -> Tensor:
        """`numpy.conj` of this Tensor, with its arguments; of real numbers the Tensor itself, where np.conj copies."""
        return np.conj(self, *args, **kwargs) if args or kwargs or self.dtype.kind == "c" else self

    conjugate = conj

    @property
    def at(self) -> At:
        """Elements to be changed in a new Tensor: `t.at[index].set(value)`, and so `add`, `multiply` and others."""
        return At(self)

    def astype(self, dtype: DTypeLike, *, copy: bool = True) -> Tensor:
        """A Tensor of another floating dtype; the gradient comes back in this one's."""
        return self if not copy and self.dtype == dtype else astype(self, dtype)


def _restored(data: Any, grad: Any, name: str, requires_grad: bool | None) -> Tensor:
    tensor = Tensor(data, name, requires_grad is not False)
    tensor.grad, tensor._requires_grad = grad, requires_grad
    return tensor
