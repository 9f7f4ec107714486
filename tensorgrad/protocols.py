"""NumPy's protocols: how its functions, called with Tensors, come to the table of derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .batch import IN_PLACE, holds_batch, levels_of, size_of, spread
from .batch_writing import change_one_by_one
from .derivatives import COMPOSED, CONSTANT, CREATION, METHODS, NON_DIFFERENTIABLE, TABLE, Primitive
from .derivatives.arrays import array_in, as_array, is_chunked, require_no_subclass
from .derivatives.chunked import INSTEAD, require_function
from .derivatives.out import function_into, ufunc_into, without_out
from .engine import record, retried_or_explained
from .errors import explained, no_derivative
from .leaving import is_wrapper
from .node import Node


def plain(value: Any) -> Any:
    """value with the data of each Tensor in it, also in lists, tuples and dicts."""
    if isinstance(value, Node):
        return value.data  # type: ignore[attr-defined]
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(v) for key, v in value.items()}
    return value


def compared(compare: Callable[[Any, Any], Any], tensor: Any, other: Any) -> Any:
    """What a comparison gives, a plain array. What NumPy says of it is raised with its name and the shapes."""
    other = plain(other)
    try:
        return compare(tensor._data, other)
    except (ValueError, TypeError) as error:
        if type(tensor._data) is not np.ndarray:
            raise
        raise explained(error, _COMPARISONS[compare.__name__], (tensor, other)) from error


_COMPARISONS = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"
}  # fmt: skip

_LISTS = frozenset({list, tuple})
_ARRAYS = frozenset({np.ndarray, float, int})


def arrays_of(primitive: Primitive, args: tuple) -> tuple:
    """args with arrays where lists stand in their place, lists of Tensors stacked."""
    if _LISTS.isdisjoint(map(type, args)):
        return args
    rules = (*primitive.rules_for(len(args)), *[None] * len(args))
    lists = [bool(rule) and type(arg) in _LISTS for arg, rule in zip(args, rules, strict=False)]
    if not any(lists):  # what has no rule is a shape, and stays as it is
        return args
    like = array_in(plain(args))
    return tuple([as_array(arg, like) if is_list else arg for arg, is_list in zip(args, lists, strict=True)])


def _implemented(func: Callable, name: str, args: tuple, kwargs: dict) -> Any:
    """func(*args, **kwargs), with errors that name NumPy's function."""
    try:
        return func(*args, **kwargs)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        return retried_or_explained(error, func, name, args, kwargs)


def _changing(func: Callable, name: str, target: Any, args: tuple, kwargs: dict | None = None) -> Any:
    """func(target, *args, **kwargs), which assigns into the target (or the one in a tuple), with such errors."""
    try:
        return func(target, *args, **(kwargs or {}))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        one = target if type(target) is not tuple else target[0] if len(target) == 1 else None
        if not isinstance(one, Node) or not holds_batch([target, args, kwargs]):
            raise explained(error, name, (target, *args)) from error
        wrapped = func if one is target else lambda each, *rest, **settings: func((each,), *rest, **settings)
        change_one_by_one(wrapped, one, args, kwargs)
        return one


def call_ufunc(tensor: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`__array_ufunc__`: a ufunc, or a method of one, was called with a Tensor."""
    kind = type(tensor)
    for x in inputs:
        if type(x) is not kind and type(x) not in _ARRAYS and is_wrapper(x):
            return NotImplemented
    primitive = TABLE.get(ufunc)
    if method == "__call__" and primitive is not None and not kwargs:
        return record(type(tensor), primitive, inputs if len(inputs) == 1 else arrays_of(primitive, inputs))
    name = ufunc.__name__ + ("" if method == "__call__" else "." + method)
    out = kwargs.pop("out", None)
    if out is not None:
        return _changing(
            lambda o, *given: ufunc_into(ufunc, method, given[0], o, given[1]), name, out, (inputs, kwargs)
        )
    if method == "__call__":
        if primitive is not None:
            return record(type(tensor), primitive, arrays_of(primitive, inputs), kwargs)
        if ufunc in COMPOSED:
            return _implemented(COMPOSED[ufunc], name, inputs, kwargs)
        if ufunc in CONSTANT:
            return ufunc(*plain(inputs), **plain(kwargs))
    elif method in METHODS and (primitive is not None or ufunc in COMPOSED or (method == "at" and ufunc in CONSTANT)):
        if method == "at":
            _changing(functools.partial(METHODS[method], ufunc), name, inputs[0], inputs[1:], kwargs)
            return None
        return _implemented(METHODS[method], name, (ufunc, *inputs), kwargs)
    elif ufunc in CONSTANT:
        return getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
    raise no_derivative(name, NON_DIFFERENTIABLE.get(ufunc, ""))


def call_function(tensor: Any, func: Any, types: Any, args: tuple, kwargs: dict) -> Any:
    """`__array_function__`: any other function of NumPy's was."""
    if len(types) > 1:
        if any(map(is_wrapper, types)):
            return NotImplemented
        for kind in types:
            require_no_subclass(kind, func.__name__)
    if kwargs or len(args) > 1:
        out, args, kwargs = without_out(func, args, kwargs)
        if out is not None:
            return _changing(lambda o, *given: function_into(func, o, *given), func.__name__, out, (args, kwargs))
    chunked = type(tensor._data) is not np.ndarray and is_chunked(tensor._data)
    if chunked and (func in TABLE or func in CONSTANT):
        require_function(func, tensor._data)
    if func in TABLE:
        return record(type(tensor), TABLE[func], arrays_of(TABLE[func], args), kwargs)
    implementation = COMPOSED.get(func)
    if implementation is None:
        if func in CREATION:
            y = _implemented(CREATION[func], func.__name__, (func, tensor._data, *args), kwargs)
            for level in set(levels_of(tensor)) - set(levels_of(y)):  # which can be assigned into
                y = spread(y, level, size_of(tensor, level))
            return y if isinstance(y, Node) or y.dtype.kind not in "fc" else type(tensor)(y, requires_grad=False)
        if func not in CONSTANT:
            module = getattr(func, "__module__", "numpy")
            raise no_derivative(f"{module}.{func.__name__}", NON_DIFFERENTIABLE.get(func, ""))
        implementation, args, kwargs = (INSTEAD.get(func, func) if chunked else func), plain(args), plain(kwargs)
    if func in IN_PLACE and args:
        _changing(implementation, func.__name__, args[0], args[1:], kwargs)
        return None
    return _implemented(implementation, func.__name__, args, kwargs)
