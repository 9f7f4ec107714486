"""out=: what a function computes is written into an array that is given to it, as `out[...] = y`."""

import functools
import inspect
import math

import numpy as np

from .arrays import as_array
from .creation import is_tensor
from .inplace import mask_of, require_cast
from .shapes import broadcasts_to
from .table import COMPOSED, require_no_out


def into(name, out, y, casting="same_kind", broadcast=False):
    """Write y, the result of the function of this name, into out; give out back.

    With broadcast, as for ufuncs, out may have a shape that y broadcasts to. Of tuples, each y goes into its own out;
    where that is None, it stays as it is.
    """
    if isinstance(out, tuple):
        several = isinstance(y, tuple)
        require_count(name, out, len(y) if several else 1)
        written = [
            part if o is None else into(name, o, part, casting, broadcast)
            for o, part in zip(out, y if several else (y,), strict=True)
        ]
        return tuple(written) if several else written[0]
    require_tensor(name, out)
    require_cast(name, y, out.dtype, casting)
    if np.shape(y) != out.shape and not (broadcast and broadcasts_to(np.shape(y), out.shape)):
        larger = ", or one that it broadcasts to" if broadcast else ""
        raise ValueError(
            f"{name}: non-broadcastable output operand with shape {out.shape}: the result has shape {np.shape(y)}, and "
            f"out= must have the same{larger}"
        )
    out[...] = y
    return out


def require_tensor(name, out):
    if isinstance(out, list | tuple):
        raise TypeError(f"{name}: out= must be a Tensor, not a {type(out).__name__}")
    if not is_tensor(out):
        require_no_out(name, out)


def require_count(name, out, n):
    if len(out) != n:
        raise ValueError(f"{name}: out= holds {len(out)} arrays for {n} outputs; give one for each")


def masked(ufunc, inputs, where, out, **options):
    """ufunc(*inputs, out=out, where=where): only where the mask is true is anything computed and written. out is a
    tuple, as in __array_ufunc__."""
    name, casting = ufunc.__name__, options.get("casting", "same_kind")
    require_count(name, out, ufunc.nout)
    if any(o is None for o in out):
        raise TypeError(f"{name}: where= leaves elements undefined without out=; give it a Tensor that holds them")
    shape = np.broadcast_shapes(*map(np.shape, (*inputs, where)))
    for o in out:
        require_tensor(name, o)
        if not broadcasts_to(shape, o.shape):
            raise ValueError(
                f"{name}: non-broadcastable output operand with shape {o.shape}: inputs and where= have shape {shape}"
            )
    mask = mask_of(name, "where", where, out[0].shape)
    picked = [np.broadcast_to(as_array(x), mask.shape)[mask] if np.ndim(x) else x for x in inputs]
    y = ufunc(*picked, **options)
    for o, part in zip(out, y if isinstance(y, tuple) else (y,), strict=True):
        require_cast(name, part, o.dtype, casting)
        o[mask] = part
    return out if len(out) > 1 else out[0]


# Calls with out= ------------------------------------------------------------------------------------------------------


def ufunc_into(ufunc, method, inputs, out, kwargs):
    """getattr(ufunc, method)(*inputs, out=out, **kwargs), for a tuple of Tensors out, as in __array_ufunc__."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    for o in out:
        require_tensor(name, o)
    if method != "__call__":
        dtype = dtype_within(inputs[0], out[0]) if method != "outer" and kwargs.get("dtype") is None else None
        kwargs = {**kwargs, "dtype": dtype} if dtype else kwargs
        return into(name, out, getattr(ufunc, method)(*inputs, **kwargs))
    if kwargs.get("where", True) is not True:
        return masked(ufunc, inputs, out=out, **kwargs)
    return into(name, out, ufunc(*inputs, **kwargs), kwargs.get("casting", "same_kind"), broadcast=True)


def function_into(func, out, args, kwargs):
    """func(*args, out=out, **kwargs), for a function of NumPy's that isn't a ufunc, and a Tensor out."""
    name, places = func.__name__, places_of(func)
    require_tensor(name, out)
    place, first = places.get("dtype"), args[0] if args else kwargs.get(next(iter(places), None))
    dtype = dtype_within(first, out) if place is not None and kwargs.get("dtype") is None else None
    if dtype and place >= len(args):
        kwargs = {**kwargs, "dtype": dtype}
    elif dtype and args[place] is None:
        args = (*args[:place], dtype, *args[place + 1 :])
    return into(name, out, func(*args, **kwargs), kwargs.get("casting", "same_kind"), broadcast=func is np.clip)


def dtype_within(a, out):
    """The dtype that a reduction of a computes in, unless one is asked for: None for its own, or a wider one of out."""
    dtype = getattr(a, "dtype", out.dtype)
    return None if np.can_cast(out.dtype, dtype) else np.result_type(dtype, out.dtype)


@functools.cache
def places_of(func):
    """The arguments of a function by name, with their places: infinity where one can't be given by place. (Some
    functions of older versions of NumPy don't tell their arguments. None of these has out, nor dtype.)"""
    try:
        parameters = inspect.signature(COMPOSED.get(func, func)).parameters.values()
    except ValueError:
        return {}
    return {p.name: math.inf if p.kind is p.KEYWORD_ONLY else i for i, p in enumerate(parameters)}


def without_out(func, args, kwargs):
    """The out that a call of a function of NumPy's that isn't a ufunc is given, or None; and its arguments without."""
    if "out" in kwargs:
        kwargs = dict(kwargs)
        return kwargs.pop("out"), args, kwargs
    place = places_of(func).get("out", math.inf)
    if place >= len(args):
        return None, args, kwargs
    return args[place], (*args[:place], None, *args[place + 1 :]), kwargs
