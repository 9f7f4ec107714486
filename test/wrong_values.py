"""Values of all kinds to be given where another is meant, and for each kind of argument which of them are right there.

What is right is said here in plain words of Python and NumPy, without the help of the library.
"""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tensorgrad import Layer, Tensor


def _freed():
    t = Tensor([1.0, 2.0]) * 2
    (t * 3).sum().backward(retain_graph=False)
    return t


# Each is made anew for each call, which may change it.
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "an empty string": lambda: "",
    "a string": lambda: "text",
    "bytes": lambda: b"text",
    "True": lambda: True,
    "zero": lambda: 0,
    "two": lambda: 2,
    "a negative int": lambda: -7,
    "a huge int": lambda: 10**400,
    "a large int": lambda: 10**30,
    "a float": lambda: 0.5,
    "a negative float": lambda: -0.5,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "a complex number": lambda: 1j,
    "np.int64": lambda: np.int64(1),
    "np.uint8": lambda: np.uint8(2),
    "np.float32": lambda: np.float32(0.5),
    "np.bool": lambda: np.True_,
    "np.complex64": lambda: np.complex64(1 + 2j),
    "np.str_": lambda: np.str_("text"),
    "a date": lambda: np.datetime64("2020-01-01"),
    "a time": lambda: np.timedelta64(3, "s"),
    "an empty list": lambda: [],
    "an empty tuple": lambda: (),
    "a list of floats": lambda: [1.0, 2.0],
    "a list of ints": lambda: [0, 1],
    "a tuple of ints": lambda: (0, 1),
    "three ints": lambda: (1, 1, 1),
    "a list of strings": lambda: ["a", "b"],
    "a list of None": lambda: [None, None],
    "a list of nan": lambda: [math.nan, 0.5],
    "rows of different lengths": lambda: [[1.0], [1.0, 2.0]],
    "a list of Tensors": lambda: [Tensor([1.0, 2.0]), Tensor([3.0, 4.0])],
    "Tensors of different shapes": lambda: [Tensor([1.0, 2.0]), Tensor(3.0)],
    "a Tensor beside None": lambda: [Tensor(1.0), None],
    "a set": lambda: {1.0, 2.0},
    "a dict": lambda: {"a": 1.0},
    "a dict by number": lambda: {0: 0.9, 1: 0.9},
    "a range": lambda: range(3),
    "a generator": lambda: (x for x in (1.0, 2.0)),
    "an iterator": lambda: iter([1, 2]),
    "an empty array": lambda: np.zeros(0),
    "an array of no dimension": lambda: np.array(0.5),
    "an int of no dimension": lambda: np.array(1),
    "an array of another shape": lambda: np.arange(1.0, 8.0),
    "an array of five dimensions": lambda: np.ones((1, 2, 1, 2, 1)),
    "an array of ints": lambda: np.array([[1, 0, 2], [3, 1, 1]]),
    "an array of bools": lambda: np.array([True, False, True]),
    "an array of complex numbers": lambda: np.array([[1 + 1j, 2, 3], [4, 5, 6]]),
    "an array of nan": lambda: np.full((2, 3), math.nan),
    "an array of inf": lambda: np.full((2, 3), math.inf),
    "an array of float32": lambda: np.ones((2, 3), np.float32),
    "an array of objects": lambda: np.array([1.0, None], object),
    "an array of floats as objects": lambda: np.array([[1.0, 2.0, 3.0]] * 2, object),
    "an array of Tensors": lambda: _objects([Tensor(1.0), Tensor(2.0)]),
    "an array of strings": lambda: np.array([["a", "b", "c"]] * 2),
    "an array of bytes": lambda: np.array([b"a", b"b"]),
    "an array of dates": lambda: np.array(["2020-01-01", "2021-01-01"], "M8[D]"),
    "an array of times": lambda: np.array([1, 2], "m8[s]"),
    "a structured array": lambda: np.zeros(2, [("x", float), ("y", int)]),
    "a masked array": lambda: np.ma.array([[1.0, 2.0, 3.0]] * 2, mask=[[0, 1, 0]] * 2),
    "a masked array of ints": lambda: np.ma.array([0, 1], mask=[0, 1]),
    "a matrix": lambda: np.ones((2, 3)).view(np.matrix),
    "a Tensor of no dimension": lambda: Tensor(0.5),
    "a Tensor of another shape": lambda: Tensor(np.arange(1.0, 8.0)),
    "a constant Tensor": lambda: Tensor([1.0, 2.0], requires_grad=False),
    "a Tensor of complex numbers": lambda: Tensor(np.array([1 + 1j, 2])),
    "a computed Tensor": lambda: Tensor([1.0, 2.0]) * 2,
    "a Tensor whose graph was freed": _freed,
    "an object": object,
    "a function": lambda: lambda *args, **kwargs: None,
    "a builtin function": lambda: len,
    "a class": lambda: dict,
    "a class of NumPy": lambda: np.float64,
    "the class of arrays": lambda: np.ndarray,
    "the class of Tensors": lambda: Tensor,
    "a dtype": lambda: np.dtype(np.float32),
    "a module of Python": lambda: math,
    "an ellipsis": lambda: Ellipsis,
    "a slice": lambda: slice(None),
    "an exception": lambda: ValueError("text"),
    "a Module": lambda: Layer(2, 3, rng=0),
    "a class of Modules": lambda: Layer,
    "a path": lambda: Path("text"),
}


def _objects(values):
    array = np.empty(len(values), object)
    for i, value in enumerate(values):
        array[i] = value
    return array


# Which of them are right ---------------------------------------------------------------------------------------------


class Wrong(Exception):
    """This value is none of that kind."""


@dataclasses.dataclass
class Either:
    """A value that may be taken as another, or refused: both is sound."""

    value: Any


class Free:
    """A value of which the call may make whatever it does, as of a function of the caller's own."""


Kind = Callable[[Any], Any]  # gives the value as it is best written, or raises Wrong


def _plain_numbers(value: Any) -> np.ndarray:
    """An array of what NumPy and this library take as numbers, or Wrong."""
    if isinstance(value, Tensor):
        return value.data
    if isinstance(value, np.ma.MaskedArray | np.matrix):
        raise Wrong
    if isinstance(value, list | tuple):
        parts = [_plain_numbers(part) for part in value]
        if any(part.shape != parts[0].shape for part in parts):
            raise Wrong
        return np.stack(parts) if parts else np.zeros(0)
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray | range):
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            return array
    raise Wrong


def numbers(*shapes, last=None, real=True, tensors=True) -> Kind:
    """Floats; ints and bools are taken as float64. With shapes, or last (the length of the last axis), such alone."""

    def kind(value):
        if not tensors and any(
            isinstance(part, Tensor) for part in (value, *(value if isinstance(value, list) else ()))
        ):
            raise Wrong
        array = _plain_numbers(value)
        fits = (
            (not shapes or array.shape in shapes)
            and (last is None or array.shape[-1:] == (last,))
            and not (real and array.dtype.kind == "c")
        )
        if not fits:
            raise Wrong
        return array if array.dtype.kind in "fc" else array.astype(float)

    return kind


def whole(low=-math.inf, high=math.inf) -> Kind:
    """An int, Python's or NumPy's; True may pass for 1, and an array of no dimension for its int."""

    def kind(value):
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
            return Either(_in_range(int(value), low, high))
        if not isinstance(value, int | np.integer) or isinstance(value, np.timedelta64):
            if isinstance(value, np.bool):
                return Either(_in_range(1, low, high))
            raise Wrong
        value = _in_range(value, low, high)
        return Either(int(value)) if isinstance(value, bool) else int(value)

    return kind


def exactly_whole(low=-math.inf, high=math.inf) -> Kind:
    """The same, where a bool is surely a mistake."""

    def kind(value):
        if isinstance(value, bool | np.bool | np.timedelta64) or not isinstance(value, int | np.integer):
            raise Wrong
        return int(_in_range(value, low, high))

    return kind


def _in_range(value, low, high):
    with np.errstate(over="ignore"):  # a bound may be larger than a float32 or float16 holds
        if not low <= value <= high:
            raise Wrong
    return value


def _is_listed(value):
    return isinstance(value, list | tuple | range) or (isinstance(value, np.ndarray) and value.ndim == 1)


def wholes(low, high) -> Kind:
    """A list, tuple, range or array of ints, one at least."""

    def kind(value):
        if not _is_listed(value) or not len(value):
            raise Wrong
        return [exactly_whole(low, high)(v) for v in value]

    return kind


def each_axis(axes, one: Kind) -> Kind:
    """A value for each of so many axes, in a list or tuple, or one for all of them; None is for one to three axes."""

    def kind(value):
        values = value if isinstance(value, list | tuple) else (value,) * (axes or 1)
        if len(values) not in ((axes,) if axes else (1, 2, 3)):
            raise Wrong
        return tuple(one(v) for v in values)

    return kind


def each_int(axes, low, high=2**31 - 1) -> Kind:
    """An int for each of so many axes, or one for all, such as a stride or a padding."""
    return each_axis(axes, exactly_whole(low, high))


def number(low=-math.inf, high=math.inf, nan=False) -> Kind:
    """A real number, Python's or NumPy's; an array of no dimension may pass for one."""

    def kind(value):
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf":
            return Either(_in_range(float(value), low, high))
        if isinstance(value, bool | np.bool):
            return Either(_in_range(float(value), low, high))
        if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, np.timedelta64):
            raise Wrong
        if isinstance(value, int) and abs(value) > 2**63:
            if abs(value) > 1e300:
                raise Wrong
            return Either(float(_in_range(value, low, high)))
        return value if math.isnan(value) and nan else float(_in_range(value, low, high))

    return kind


def unbounded(low=-math.inf, high=math.inf) -> Kind:
    """A number that may be infinite, and no bool."""

    def kind(value):
        if isinstance(value, bool | np.bool):
            raise Wrong
        return number(low, high)(value)

    return kind


def finite(low=-math.inf, high=math.inf) -> Kind:
    """A finite number, and no bool."""

    def kind(value):
        best = unbounded(low, high)(value)
        if not math.isfinite(best.value if isinstance(best, Either) else best):
            raise Wrong
        return best

    return kind


def norm_order(value):
    """A finite number or an infinite one, and no bool."""
    return value if isinstance(value, float) and math.isinf(value) else finite()(value)


def slope(value):
    """A real number; real arrays may be taken, too."""
    try:
        return number(nan=True)(value)
    except Wrong:
        numbers(tensors=False)(value)
        return Either(Free())


def rate(high=math.inf) -> Kind:
    """A finite number, not negative, and no bool."""

    def kind(value):
        if not isinstance(value, int | float | np.integer | np.floating):
            raise Wrong
        if isinstance(value, bool | np.timedelta64) or (isinstance(value, int) and value > 1e300):
            raise Wrong
        return float(_in_range(float(value), 0, math.nextafter(high, 0)))

    return kind


def above_zero(value):
    """A finite number above 0, and no bool."""
    value = rate()(value)
    if not value:
        raise Wrong
    return value


def rates(value):
    """Two numbers from 0 to below 1."""
    if not _is_listed(value) or len(value) != 2:
        raise Wrong
    return tuple(rate(1)(v) for v in value)


def flag(value):
    """True or False; 0, 1 and the like may pass for them."""
    if isinstance(value, bool | np.bool):
        return bool(value)
    if isinstance(value, int | np.integer) and not isinstance(value, np.timedelta64):
        return Either(bool(value))
    raise Wrong


def axes(ndim, several=True) -> Kind:
    """None, an axis, or a tuple of axes."""

    def kind(value):
        if value is None:
            return None
        if several and isinstance(value, tuple):
            found = [whole(-ndim, ndim - 1)(v) for v in value]
            if len({v % ndim for v in found}) < len(found):
                raise Wrong
            return tuple(found)
        return whole(-ndim, ndim - 1)(value)

    return kind


def is_a(*types, unless=()) -> Kind:
    """An object of one of these types."""

    def kind(value):
        if not isinstance(value, types) or isinstance(value, unless):
            raise Wrong
        return value

    return kind


def or_none(other: Kind) -> Kind:
    return lambda value: None if value is None else other(value)


def perhaps(other: Kind) -> Kind:
    """What may be refused as well, such as Tensors where nothing is differentiated."""

    def kind(value):
        best = other(value)
        return best if isinstance(best, Either) else Either(best)

    return kind


def function(value):
    """What can be called; a class is no function of arrays, though it can be called."""
    if isinstance(value, type):
        return Either(Free())
    if not callable(value):
        raise Wrong
    return Free()


def nothing(value):
    """None of the values."""
    raise Wrong


def anything(value):
    """All of the values."""
    return Free()


def dtype_of_floats(value):
    """What NumPy makes a floating dtype of."""
    if value is None or value is np.float64:
        return np.float64
    if isinstance(value, np.dtype) and value.kind == "f":
        return value
    if hasattr(value, "dtype") and not isinstance(value, np.ndarray):
        return Either(Free())  # NumPy takes the dtype of an object that has one
    raise Wrong


def seed(value):
    """What NumPy makes a random generator of: None, an int that isn't negative, or several."""
    if _is_listed(value):
        return [exactly_whole(0)(part) for part in value]
    return Free() if value is None else exactly_whole(0)(value)


def within(low, high, other: Kind) -> Kind:
    """Numbers of another kind, all of which lie from low to high."""

    def kind(value):
        array = other(value)
        if not np.all((array >= low) & (array <= high)):
            raise Wrong
        return array

    return kind


def class_numbers(shape, classes) -> Kind:
    """Ints from 0 to below the number of classes, and of this shape."""

    def kind(value):
        array = _plain_numbers(value)
        if array.dtype.kind not in "iu" or array.shape != shape or not np.all((array >= 0) & (array < classes)):
            raise Wrong
        return array

    return kind


def pair(low) -> Kind:
    """An int, or two of them, for height and width."""

    def kind(value):
        values = value if isinstance(value, list | tuple) else (value, value)
        if len(values) != 2:
            raise Wrong
        return tuple(exactly_whole(low, 2**31 - 1)(v) for v in values)

    return kind


@dataclasses.dataclass
class New:
    """A value of the table of valid calls that is made anew for each call."""

    make: Callable[[], Any]


def plain(value: Any) -> Any:
    """The value with the data of each Tensor in it."""
    if isinstance(value, Tensor):
        return value.data
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _objects([plain(part) for part in value.ravel()]).reshape(value.shape)
    return value


def argnums(count) -> Kind:
    """The number of an argument, or a tuple of them."""

    def kind(value):
        if isinstance(value, tuple):
            found = [whole(-count, count - 1)(v) for v in value]
            if not found or len({v % count for v in found}) < len(found):
                raise Wrong
            return tuple(found)
        if isinstance(value, list | range):
            return Either(argnums(count)(tuple(value)))
        return whole(-count, count - 1)(value)

    return kind


def structure(value):
    """An array of numbers; a structure, and what holds no numbers, is up to the function that gets it."""
    is_array = isinstance(value, Tensor | np.ndarray | int | float | np.number) and not isinstance(value, bool)
    return numbers(real=False)(value) if is_array else Free()


def leaves(value):
    """A list or tuple of Tensors that require a gradient and weren't computed."""
    if not isinstance(value, list | tuple) or not value:
        raise Wrong
    for part in value:
        if not isinstance(part, Tensor) or part.parents or not part.requires_grad:
            raise Wrong
    return value


def names(value):
    """A dict of names."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Wrong
    return value


def texts(count) -> Kind:
    """So many strings."""

    def kind(value):
        if not _is_listed(value) or len(value) != count or not all(isinstance(part, str) for part in value):
            raise Wrong
        return list(value)

    return kind


def history(value):
    """One finite number a step, or such by name."""
    if isinstance(value, dict):
        return {text(name): history(values) for name, values in value.items()}
    array = _plain_numbers(value)
    if array.ndim != 1 or not array.size or array.dtype.kind == "c" or not np.all(np.isfinite(array)):
        raise Wrong
    return array.tolist()


def text(value):
    if not isinstance(value, str):
        raise Wrong
    return value
