"""What NumPy's functions do beside giving a new array: into which arguments they write, whether the shape of what they
give depends on values, whether they look at values at all."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .program import Value


class Method:
    """A method of arrays or generators as a function, one for each name: Method("sum")(x, axis=0) is x.sum(axis=0)."""

    __slots__ = ("__name__",)
    __name__: str
    _made: ClassVar[dict[Any, Any]] = {}

    def __new__(cls, name: str) -> Any:
        if (cls, name) not in cls._made:
            method = cls._made[cls, name] = object.__new__(cls)
            method.__name__ = name
        return cls._made[cls, name]

    def __call__(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(value, self.__name__)(*args, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__name__!r})"


class Attribute(Method):
    """An attribute that is an array: Attribute("T")(x) is x.T."""

    __slots__ = ()

    def __call__(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(value, self.__name__)


class Draw(Method):
    """A method of a generator of random numbers, which goes on with each call."""

    __slots__ = ()


class UfuncMethod:
    """A method of a ufunc, one for each: UfuncMethod(np.add, "reduce")(x) is np.add.reduce(x)."""

    __slots__ = ("__name__", "method", "ufunc")
    __name__: str
    method: str
    ufunc: np.ufunc
    _made: ClassVar[dict[Any, Any]] = {}

    def __new__(cls, ufunc: np.ufunc, method: str) -> Any:
        if (ufunc, method) not in cls._made:
            made = cls._made[ufunc, method] = object.__new__(cls)
            made.ufunc, made.method, made.__name__ = ufunc, method, f"{ufunc.__name__}.{method}"
        return cls._made[ufunc, method]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.ufunc, self.method)(*args, **kwargs)

    def __repr__(self) -> str:
        return f"np.{self.__name__}"


def is_generator(value: Any) -> bool:
    """Whether random numbers are drawn from this. (NumPy imports their module when it is first asked for.)"""
    kind = type(value)
    return kind.__name__ in ("Generator", "RandomState") and kind.__module__.startswith("numpy.random")


def is_same(a: Any, b: Any) -> bool:
    """Whether two plain values are one for all that is computed with them: 0.0 and -0.0 aren't, and nan is nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float | complex | np.generic):
        return repr(a) == repr(b)
    try:
        return bool(a == b)
    except ValueError:  # an array of truths
        return False


# What changes its first argument
CHANGING = frozenset({
    operator.setitem, operator.ipow, np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal,
    *map(Method, ("fill", "sort", "partition", "put", "setfield")),
})  # fmt: skip

# What looks at shapes, dtypes and memory alone
METADATA = frozenset({
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.min_scalar_type, np.common_type, np.isrealobj,
    np.iscomplexobj, np.isscalar, np.may_share_memory, np.shares_memory, np.broadcast_shapes, np.iterable,
})  # fmt: skip

# What gives as many elements as the values say
UNSTABLE = frozenset({
    np.nonzero, np.flatnonzero, np.argwhere, np.compress, np.extract, np.trim_zeros, np.bincount, np.unique,
    np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d, np.intersect1d, np.setdiff1d,
    np.setxor1d, np.roots, np.polydiv, np.linalg.lstsq, *map(Method, ("nonzero", "compress")),
})  # fmt: skip

# What gives as many as its arguments behind the first say
COUNTING = frozenset({
    np.repeat, np.delete, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.tile, np.resize, np.pad,
    np.histogram, np.histogram2d, np.broadcast_to, np.reshape, *map(Method, ("repeat", "reshape")),
})  # fmt: skip

# What makes an array as large as these arguments of it say
MAKING: dict[Any, slice] = {
    **dict.fromkeys((np.zeros, np.ones, np.empty, np.full), slice(0, 1)), np.linspace: slice(2, 3),
    **dict.fromkeys((np.arange, np.eye, np.identity, np.tri), slice(None)),
}  # fmt: skip

# What gives real or complex numbers, as the values say; also SciPy's functions of these names
KINDS = frozenset({
    "eig", "eigvals", "roots", "sqrtm", "logm", "signm", "fractional_matrix_power", "real_if_close", "sqrt", "log",
    "log2", "log10", "logn", "power", "arccos", "arcsin", "arctanh",
})  # fmt: skip

# Where methods of arrays and of ufuncs take what they write into, the array itself counted
OUT_OF_METHODS = {
    "all": 2, "any": 2, "argmax": 2, "argmin": 2, "choose": 2, "clip": 3, "compress": 3, "cumprod": 3, "cumsum": 3,
    "dot": 2, "max": 2, "mean": 3, "min": 2, "prod": 3, "round": 2, "std": 3, "sum": 3, "take": 3, "trace": 5, "var": 3,
    "reduce": 3, "accumulate": 3, "reduceat": 4,
}  # fmt: skip


@functools.cache
def position_of_out(func: Callable[..., Any]) -> int | None:
    """Which positional argument func writes its result into, if it takes one."""
    if type(func) is Method:
        return OUT_OF_METHODS.get(func.__name__)
    if type(func) is UfuncMethod:
        return OUT_OF_METHODS.get(func.method)
    if isinstance(func, np.ufunc):
        return func.nin
    positional = [p.name for p in parameters(func) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return positional.index("out") if "out" in positional else None  # einsum takes it by name only


@functools.cache
def parameters(func: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function; none, if it doesn't tell them."""
    try:
        return [*inspect.signature(func).parameters.values()]
    except (TypeError, ValueError):
        return []


def in_position(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments, of which those that func can't do without have no names: np.copy(a=x) is np.copy(x)."""
    names = []
    for p in parameters(func)[len(args) :] if kwargs else ():
        if p.name not in kwargs or p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty:
            break
        names.append(p.name)
    rest = {name: value for name, value in kwargs.items() if name not in names}
    return (*args, *[kwargs[name] for name in names]), rest


def outputs_of(func: Callable[..., Any]) -> int:
    """How many results func may write into arguments."""
    return func.nout if isinstance(func, np.ufunc) else 1


def written(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments that func changes."""
    position = position_of_out(func)
    found = [kwargs.get("out"), *(args[position : position + outputs_of(func)] if position is not None else ())]
    if func in CHANGING or type(func) is Draw or (type(func) is UfuncMethod and func.method == "at"):
        by_name = (kwargs[name] for name in ("dst", "a") if name in kwargs)  # older NumPys don't tell all parameters
        found.append(args[0] if args else next(by_name))
    if type(func) is Draw and func.__name__ == "shuffle":
        found.append(args[1])
    if func is np.nan_to_num and not (args[1] if len(args) > 1 else kwargs.get("copy", True)):
        found.append(args[0])
    return found


def shapes_by(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The arguments whose values, and not their shapes alone, say what shape func gives; None if there are none."""
    if func is np.bincount:
        return args[0], args[2:], kwargs.get("minlength")
    if func in (np.compress, np.extract):
        return args[:1], kwargs.get("condition")
    if func in MAKING:
        names = ("num",) if func is np.linspace else ("shape", "start", "stop", "step", "N", "M")
        return args[MAKING[func]], [kwargs.get(name) for name in names]
    if func in UNSTABLE or (func is np.where and len(args) == 1):
        return args, kwargs
    if func in COUNTING:
        return args[1:], kwargs
    if func in (operator.getitem, np.insert):
        parts = args[1] if isinstance(args[1], tuple) else (args[1],)
        return [part for part in parts if type(part) is Value and np.asarray(part.data).dtype == bool]
    return None


def is_kind_by_values(func: Callable[..., Any]) -> bool:
    """Whether func gives real numbers or complex ones, as the values of its arguments say."""
    return func.__name__ in KINDS and not isinstance(func, np.ufunc)
