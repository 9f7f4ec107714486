"""NumPy's functions that write into their first argument, each in terms of `a[index] = value`.

What is assigned to a Tensor becomes part of its history, so these need no rules. A wrong call changes nothing: all is
checked before the first element is written. What is read from the target is read before. (np.place of NumPy reads what
it has just overwritten, if its values are a part of the target.)
"""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arrays import as_array, grid, is_array, require_no_subclass
from .creation import is_tensor
from .indexing import no_fields
from .table import composed

# What is asked of the arguments --------------------------------------------------------------------------------------


def require_target(name, a, *values):
    """An error, if a isn't an array, or is a plain one that Tensors would be written into."""
    if not is_array(a) or isinstance(a, np.generic):
        raise TypeError(f"{name}: writes into its first argument, which must be an array or a Tensor, not {a!r}")
    if not is_tensor(a) and any(map(is_tensor, values)):
        raise TypeError(
            f"{name}: would overwrite an array with a Tensor's numbers, which the graph can't follow; write into a "
            f"Tensor, as Tensor(array, requires_grad=False) is, or pass tensor.data to leave the graph on purpose"
        )


def require_no_tensor(name, what, value):
    if is_tensor(value):
        raise TypeError(
            f"{name}: {what} can't be a Tensor, which is floating; use its .data.astype(int), or a comparison as a mask"
        )


def require_cast(name, value, dtype, casting="same_kind"):
    """An error, if NumPy's rule of this name doesn't cast value to that dtype. A number of Python's has none itself."""
    if not hasattr(value, "dtype"):
        np.copyto(np.zeros(1, dtype), value, casting=casting)
    elif not np.can_cast(value.dtype, dtype, casting):
        loses = value.dtype.kind == "c" and dtype.kind != "c"
        way_out = "take np.real or np.abs of it" if loses else f"use its .astype(np.{dtype})"
        raise TypeError(f"{name}: {value.dtype} isn't cast to {dtype} by the rule {casting!r}; {way_out}")


def mask_of(name, what, mask, shape):
    """A mask as an array of bools of that shape. Of lists and numbers, anything but 0 is true, as in NumPy."""
    require_no_tensor(name, what, mask)
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask, bool)
    if mask.dtype != bool:
        raise TypeError(f"{name}: {what} must be bools, not of dtype {mask.dtype}; write array != 0")
    return fitted(name, what, mask, shape)


def fitted(name, what, value, shape):
    """value broadcast to that shape."""
    if np.shape(value) == shape:
        return value
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(
            f"{name}: could not broadcast {what} from shape {np.shape(value)} into shape {shape}; lengths must be "
            f"equal or 1, matched from the last axis on"
        ) from None


def leading_ones_dropped(value, ndim):
    """value without axes of length 1 in front of the last ndim: an assignment doesn't mind them."""
    extra = np.ndim(value) - ndim
    return np.reshape(value, value.shape[extra:]) if extra > 0 and value.shape[:extra] == (1,) * extra else value


# Elements in places that are counted in C order, however they lie in memory ------------------------------------------


def assign_flat(a, places, values):
    """a.flat[places] = values"""
    if a.ndim:
        a[places if a.ndim == 1 else np.unravel_index(places, a.shape)] = values
    elif np.size(places):  # the last value wins
        a[...] = np.reshape(np.broadcast_to(values, np.shape(places)), -1)[-1]


def cycled(values, n):
    """n of the values, all over again where there are fewer."""
    values = np.reshape(values, (-1,))
    if values.size == 1:
        return values
    return values[:n] if values.size >= n else values[np.arange(n) % values.size]


def places_in(name, size, indices, mode="raise"):
    """Indices as places from 0 to size - 1. mode says what is done with those that are out of bounds."""
    if hasattr(indices, "dtype") and not np.can_cast(indices.dtype, np.intp):
        raise TypeError(f"{name}: the places must be integers, not of dtype {indices.dtype}")
    if not isinstance(mode, str | int) or isinstance(mode, bool) or mode not in ("raise", "wrap", "clip", 0, 1, 2):
        raise (ValueError if isinstance(mode, str) else TypeError)(
            f"{name}: mode must be 'raise', 'wrap' or 'clip', not {mode!r}"
        )
    indices = np.asarray(indices, np.intp).reshape(-1)
    if mode not in ("raise", 2):
        return np.ravel_multi_index((indices,), (max(size, 1),), mode=mode)
    outside = (indices < -size) | (indices >= size)
    if outside.any():
        raise IndexError(f"{name}: index {indices[outside][0]} is out of bounds for axis 0 with size {size}")
    return np.where(indices < 0, indices + size, indices)


def values_for(name, a, values, casting="unsafe"):
    """The values as an array. `casting` is the rule for those that are one already; of lists and numbers, none that
    are complex become real."""
    require_no_subclass(type(values), name)
    made_here, values = not is_array(values) or isinstance(values, np.generic), as_array(values)
    require_cast(name, values, a.dtype, "same_kind" if made_here else casting)
    return values


@composed(np.put)
def put(a, ind, v, mode="raise"):
    """`numpy.put`: write values into the places that are counted in C order.

    Args:
        a: an array or a Tensor, of any shape.
        ind: integers, of any shape; from a.size on they are out of bounds. The last of equal ones wins.
        v: the values, taken in C order and from the start again where they are fewer.
        mode: for places out of bounds: "raise" an IndexError, "wrap" around, "clip" to the nearest place.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=False)
    >>> a.put([0, -1], [10.0, 20.0])
    >>> a
    Tensor([[10.  2.]
            [ 3. 20.]])
    """
    require_target("put", a, v)
    require_no_tensor("put", "an index", ind)
    v = values_for("put", a, v)
    if v.size == 0:
        return
    places = places_in("put", a.size, ind, mode)
    if places.size and not a.size:
        raise IndexError("put: cannot replace elements of an empty array")
    assign_flat(a, places, cycled(v, places.size))


@composed(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    require_target("put_along_axis", arr, values)
    require_no_tensor("put_along_axis", "indices", indices)
    indices, ndim = as_array(indices), 1 if axis is None else arr.ndim
    if indices.ndim != ndim:
        raise ValueError(
            f"put_along_axis: for an array of shape {arr.shape} and axis={axis}, indices must have {ndim} dimensions, "
            f"not shape {indices.shape}; arr[indices] = values takes other shapes"
        )
    if indices.dtype.kind not in "iu":
        raise IndexError(f"put_along_axis: indices must be integers, not of dtype {indices.dtype}")
    if axis is None:
        assign_flat(arr, places_in("put_along_axis", arr.size, indices), values)
        return
    places = grid(arr.shape, arr)
    places[normalize_axis_index(axis, arr.ndim)] = indices
    arr[tuple(places)] = values


def mask_as_large(name, a, mask):
    """A mask of as many elements as a, in a's shape."""
    require_no_tensor(name, "the mask", mask)
    mask = np.asarray(mask).astype(bool)
    if mask.size != a.size:
        raise ValueError(
            f"{name}: mask and data must be the same size, not {mask.size} and {a.size}; a[mask] = value takes a mask "
            f"of the first axes, np.copyto(a, value, where=mask) broadcasts one"
        )
    return np.reshape(mask, a.shape)


@composed(np.place)
def place(arr, mask, vals):
    require_target("place", arr, vals)
    mask, vals = mask_as_large("place", arr, mask), values_for("place", arr, vals, "safe")
    n = np.count_nonzero(mask)
    if n and not vals.size:
        raise ValueError(f"place: no values were given for {n} elements; cannot insert from an empty array")
    if n:
        arr[mask] = cycled(vals, n)


@composed(np.putmask)
def putmask(a, mask, values):
    require_target("putmask", a, values)
    mask, values = mask_as_large("putmask", a, mask), values_for("putmask", a, values, "safe")
    if values.size:
        a[mask] = values if values.ndim == 0 else np.reshape(values, (-1,))[np.flatnonzero(mask) % values.size]


@composed(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    require_target("fill_diagonal", a, val)
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ValueError(
            f"fill_diagonal: takes an array of 2 dimensions, or more of equal length, not of shape {a.shape}"
        )
    val, n = values_for("fill_diagonal", a, val), a.shape[-1]
    step = sum(n**k for k in range(a.ndim))  # from one place to the next: one further in each axis
    end = n * n if a.ndim == 2 and not wrap else a.size  # a tall matrix has its diagonal once
    places = np.arange(0, min(end, a.size), step)
    if val.size:
        assign_flat(a, places, cycled(val, places.size))


# Whole arrays --------------------------------------------------------------------------------------------------------


@composed(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    require_target("copyto", dst, src)
    src = src if isinstance(src, int | float | complex) else as_array(src)
    require_cast("copyto", src, dst.dtype, casting)
    value = fitted("copyto", "input array", leading_ones_dropped(src, dst.ndim), dst.shape)
    if where is True:
        dst[...] = value
        return
    mask = mask_of("copyto", "where mask", where, dst.shape)
    dst[mask] = as_array(value)[mask]


def fill(a, value):
    """`ndarray.fill`: set all elements to one number, which may be a Tensor of no dimensions.

    Raises:
        ValueError: value has dimensions.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([1.0, 2.0], requires_grad=False)
    >>> a.fill(3.0)
    >>> a
    Tensor([3. 3.])
    """
    require_target("fill", a, value)
    if np.ndim(value):
        raise ValueError(f"fill: value must be one number, not of shape {np.shape(value)}; a[...] = value takes more")
    a[...] = value


def one_axis(name, a, axis):
    if not isinstance(axis, int | np.integer) or isinstance(axis, bool):
        raise TypeError(f"{name}: axis must be an int, not {axis!r}; ravel makes a row of an array")
    return normalize_axis_index(int(axis), a.ndim, f"{name} of shapes {a.shape}")


def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    """`ndarray.sort`: np.sort in place. Each element's gradient goes to where it came from.

    Raises:
        AxisError: there is no such axis.
        ValueError: the kind of sorting isn't known, or order names a field.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([3.0, 1.0, 2.0], requires_grad=False)
    >>> a.sort()
    >>> a
    Tensor([1. 2. 3.])
    """
    require_target("sort", a)
    no_fields("sort", order)
    a[...] = np.sort(a, one_axis("sort", a, axis), kind, stable=stable)


def partition(a, kth, axis=-1, kind="introselect", order=None):
    """`ndarray.partition`: np.partition in place: the kth element where it would be if all were sorted, none larger
    before it, none smaller behind it.

    Raises:
        AxisError: there is no such axis.
        ValueError: kth is out of bounds, the kind isn't known, or order names a field.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([3.0, 1.0, 2.0], requires_grad=False)
    >>> a.partition(0)
    >>> a[0]
    Tensor(1.)
    """
    require_target("partition", a)
    no_fields("partition", order)
    if not isinstance(kind, str) or kind != "introselect":
        raise ValueError(f"partition: kind must be 'introselect', not {kind!r}")
    a[...] = np.partition(a, kth, one_axis("partition", a, axis), kind)
