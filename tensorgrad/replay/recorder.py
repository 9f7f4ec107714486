"""Recorder: an array that passes for NumPy's own, and has written down what is done to it.

It holds the real array, so the recorded call is a real step: each function is called on the real arrays, and what it
gave goes on in another Recorder. Number does so for a number of Python's, such as a learning rate, and Random for what
random numbers are drawn from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..derivatives.arrays import ARRAYS
from ..errors import CompileError
from .effects import Attribute, Draw, Method, UfuncMethod, is_generator
from .locations import is_in_message, location
from .program import Value
from .recording import Recording

# What led to an array of a Recorder, and goes otherwise
HINT = (
    ". In place of np.array([a, b]) or np.asarray(a) write np.stack([a, b]) or a; where it is an index, the array that "
    "is looked up in must be made like an argument, np.arange(n, like=x)"
)
_power: Any = np.power
_KNOWN = frozenset({np.ndarray, int, float, bool, complex, list, tuple})


class _Recorded:
    """What the three have in common: a value of a recording."""

    __slots__ = ("_recording", "_value")

    def __init__(self, recording: Recording, value: Value):
        self._recording, self._value = recording, value

    def __recorded__(self, recording: Recording) -> Any:
        """The Value, to the recording that it belongs to; to others the array itself."""
        return self._value if self._recording is recording else recording.value_of(self._value.data)

    # What a user's function asks by isinstance is answered as for the value itself.
    __class__: Any = property(lambda self: type(self._value.data))

    @property
    def underlying(self) -> Any:
        """The real array, of which the library looks at the memory."""
        return self._value.data

    def record_call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """func(*args, **kwargs), written down as one call; this is one of the arguments."""
        return self._recording.call(func, *args, **kwargs)

    def __bool__(self) -> bool:
        return bool(self._recording.choose(self._value, bool(self._value.data)))

    def _look(self, how: str) -> Any:
        """The real array or number, which only a recording that is done gives."""
        if self._recording.is_open:
            hint = HINT if how == "array()" else ""
            raise CompileError(
                f"compile: {how} looks at a value of shape {np.shape(self._value.data)} inside the step, which isn't "
                f"repeated when the step is replayed: return the value, and look at it outside{hint}{location().told}"
            )
        return self._value.data

    def __repr__(self) -> str:
        return repr(self._value.data if is_in_message() else self._look("repr() or print()"))

    def __format__(self, spec: str) -> str:
        return format(self._value.data if is_in_message() else self._look("a format"), spec)


def _method(name: str) -> Callable[..., Any]:
    func = Method(name)

    def method(self: Recorder, *args: Any, **kwargs: Any) -> Any:
        return self._recording.call(func, self, *args, **kwargs)

    method.__name__ = name
    return method


def _attribute(name: str) -> property:
    func = Attribute(name)
    return property(lambda self: self._recording.call(func, self))


def _known(name: str) -> property:
    return property(lambda self: getattr(self._value.data, name))


def _looking(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._look(f"{name.strip('_')}()"), name)(*args, **kwargs)

    method.__name__ = name
    return method


def _is_known(x: Any) -> bool:
    """Whether this is an array or a number, with which a Recorder computes itself."""
    return type(x) in _KNOWN or isinstance(x, np.generic | _Recorded)


def _in_place(name: str) -> Callable[..., Any]:
    """`a += b`, which changes an array; of a number of NumPy's it gives another."""
    changing = getattr(NDArrayOperatorsMixin, f"__i{name}__")

    def method(self: Recorder, other: Any) -> Any:
        return getattr(self, f"__{name}__")(other) if isinstance(self, np.generic) else changing(self, other)

    method.__name__ = f"__i{name}__"
    return method


class Recorder(_Recorded, NDArrayOperatorsMixin):
    """An array of NumPy's, or a number of NumPy's, and its place in a program."""

    __slots__ = ()
    __hash__ = object.__hash__

    shape, ndim, size, dtype, strides = map(_known, ("shape", "ndim", "size", "dtype", "strides"))
    flags, itemsize, nbytes = map(_known, ("flags", "itemsize", "nbytes"))
    T, mT, real, imag = map(_attribute, ("T", "mT", "real", "imag"))

    @property
    def base(self) -> Any:
        """What it shows memory of; the array itself, where something else may show it, too: then nobody owns it, as far
        as memory.is_owned can tell."""
        value = self._value
        is_shared = value.storage.external or value.storage.recorders > 1
        return value.data if is_shared and value.data.base is None else value.data.base

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not all(map(_is_known, inputs)):
            return NotImplemented
        out = kwargs.get("out")
        if out is not None and len(out) == 1:
            kwargs["out"] = out[0]
        return self._recording.call(ufunc if method == "__call__" else UfuncMethod(ufunc, method), *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not all([kind is np.ndarray or issubclass(kind, _Recorded) for kind in types]):
            return NotImplemented
        return self._recording.call(func, *args, **kwargs)

    # A power of an array isn't np.power: NumPy has squares and roots of its own for it.

    def __pow__(self, other: Any) -> Any:
        return self._recording.call(operator.pow, self, other) if _is_known(other) else _power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._recording.call(operator.pow, other, self) if _is_known(other) else _power(other, self)

    def __ipow__(self, other: Any) -> Any:
        return self**other if isinstance(self, np.generic) else self._recording.call(operator.ipow, self, other)

    def __getitem__(self, index: Any) -> Any:
        return self._recording.call(operator.getitem, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if type(value) is Recorder and self._recording.shows(value, self, index):
            return  # as in x[i] += y, which has written already
        self._recording.call(operator.setitem, self, index, value)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self._value.data)

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def own_copy(self) -> Any:
        """A copy that isn't made where nobody else holds this array, of which it depends whether there is one."""
        return self._recording.own_copy(self)

    def __copy__(self) -> Any:
        return self._recording.call(Method("copy"), self)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._recording.call(Method("copy"), self)

    def number(self) -> Any:
        """The one element as a number of Python's, with which the step goes on."""
        return self._recording.call(Method("item"), self)

    def item(self, *args: Any) -> Any:
        return self._look("item()").item(*args)

    def __index__(self) -> int:
        """An index or a count, by which the step goes on: a guard."""
        return int(self._recording.choose(self._value, operator.index(self._value.data)))

    def __int__(self) -> int:
        return operator.index(self) if self.dtype.kind in "biu" else int(self._look("int()"))


for _name in (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "byteswap", "choose", "clip", "compress",
    "conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "fill", "flatten", "max", "mean", "min",
    "nonzero", "partition", "prod", "put", "ravel", "repeat", "reshape", "round", "searchsorted", "sort", "squeeze",
    "std", "sum", "swapaxes", "take", "trace", "transpose", "var", "view",
):  # fmt: skip
    setattr(Recorder, _name, _method(_name))
for _name in (
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift",
):  # fmt: skip
    setattr(Recorder, f"__i{_name}__", _in_place(_name))
for _name in ("__array__", "__float__", "__complex__", "tolist", "tobytes"):
    setattr(Recorder, _name, _looking(_name))

ARRAYS.add(Recorder)


# Numbers of Python's --------------------------------------------------------------------------------------------------


def _arithmetic(func: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Number, other: Any) -> Any:
        return self._recording.call(func, self, other) if type(other) in _NUMBERS else NotImplemented

    def reflected(self: Number, other: Any) -> Any:
        return self._recording.call(func, other, self) if type(other) in _NUMBERS else NotImplemented

    return forward, reflected


class Number(_Recorded):
    """A number of Python's, and its place in a program; with arrays it computes as such a number does."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return Recorder.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)  # type: ignore[arg-type]

    def _pinned(self) -> Any:
        """The number itself, by which the step chooses."""
        return self._recording.choose(self._value, self._value.data)

    def __float__(self) -> float:
        return float(self._pinned())

    def __int__(self) -> int:
        return int(self._pinned())

    def __index__(self) -> int:
        return operator.index(self._pinned())

    def __hash__(self) -> int:
        return hash(self._pinned())

    def __repr__(self) -> str:
        return repr(self._pinned())

    def __neg__(self) -> Any:
        return self._recording.call(operator.neg, self)

    __add__, __radd__ = _arithmetic(operator.add)
    __sub__, __rsub__ = _arithmetic(operator.sub)
    __mul__, __rmul__ = _arithmetic(operator.mul)
    __truediv__, __rtruediv__ = _arithmetic(operator.truediv)
    __floordiv__, __rfloordiv__ = _arithmetic(operator.floordiv)
    __mod__, __rmod__ = _arithmetic(operator.mod)
    __pow__, __rpow__ = _arithmetic(operator.pow)
    __lt__, __gt__ = _arithmetic(operator.lt)[0], _arithmetic(operator.gt)[0]
    __le__, __ge__ = _arithmetic(operator.le)[0], _arithmetic(operator.ge)[0]
    __eq__, __ne__ = _arithmetic(operator.eq)[0], _arithmetic(operator.ne)[0]


_NUMBERS = frozenset({Number, int, float, bool})


# Random numbers -------------------------------------------------------------------------------------------------------


class Random(_Recorded):
    """A generator of random numbers, from which each replay draws anew."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if not callable(getattr(self._value.data, name)):
            return self._look(name)
        return lambda *args, **kwargs: self._recording.call(Draw(name), self, *args, **kwargs)


def wrapped(recording: Recording, value: Value) -> Any:
    """A value as the step goes on with it."""
    value.storage.recorders += 1
    if is_generator(value.data):
        return Random(recording, value)
    return (Number if type(value.data) in (int, float, bool) else Recorder)(recording, value)
