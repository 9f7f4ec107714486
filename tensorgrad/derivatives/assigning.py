"""Assignment as a function: the array that `old[...] = value` makes of old, where the value stands in a place of it."""

import math

import numpy as np

from .arrays import ARRAYS, array_in, real_array, whole
from .formulas import by_name, formula
from .indexing import Scattered, may_repeat
from .table import derivative, views


def shares(view, array):
    """Whether a view (of a batch of arrays, too) has the memory of the array that it was made of."""
    return view is array or np.may_share_memory(whole(view), whole(array))


class Place:
    """A part of an array: what an index picks of the array, or of a view of it.

    `views` lead from the array to the view: functions with their further arguments, each applied to what the last one
    gave. (Through NumPy's imag, the gradient of the part is minus the imaginary part of that of the whole, since a
    gradient is the linear form dL = Re(g * dy).)
    """

    __slots__ = ("index", "repeats", "sign", "views")

    def __init__(self, index, views=()):
        self.index, self.views, self.repeats = index, views, may_repeat(index)
        self.sign = -1 if views and any(func is np.imag for func, _, _ in views) else 1

    def view_of(self, array):
        """The view that the index is of."""
        for func, args, kwargs in self.views:
            array = func(array, *args, **kwargs) if kwargs else func(array, *args)
        return array

    def of(self, array):
        """The part itself: a view, or of several indices a copy."""
        return self.view_of(array)[self.index]

    def put(self, array, value):
        """The array with the value in this place: the same one, changed, if a view of it can be written into."""
        view = self.view_of(array)
        if shares(view, array):
            view[self.index] = value
            return array
        flat = np.reshape(array, (-1,)).copy()  # where the views are copies, by the elements' numbers
        flat[self.of(np.reshape(np.arange(math.prod(array.shape)), array.shape))] = value
        return np.reshape(flat, array.shape)

    def covers(self, part, array):
        """Whether this part of the array is all of it."""
        return part.size == array.size and part.dtype == array.dtype and not self.repeats

    def last_written(self, value, shape):
        """Which elements of a value remain, where an index names an element of an array of this shape several times."""
        # The value's order in memory is that of writing
        numbers = np.empty_like(real_array(value), dtype=int, subok=False)
        numbers[...] = np.reshape(np.arange(numbers.size), numbers.shape)
        parts = self.index if isinstance(self.index, tuple) else (self.index,)
        arrays = [p for p in parts if not isinstance(p, list | tuple)]
        like = array_in(*arrays)  # of a batch of indices, a batch; of those of another library, arrays of its kind
        zeros = np.zeros(shape, int) if like is None else np.zeros_like(like, shape=shape, dtype=int)
        numbers = np.asarray(numbers, like=like)
        written = self.put(zeros, numbers)
        return self.of(written) == numbers


# What formulas speak of


@by_name("")
def with_part(old, place, value):
    """old, with a value in a place of it."""
    return place.put(np.copy(old), value)


@by_name("")
def with_zeros(array, place):
    """An array, with zeros in a place of it."""
    return with_part(array, place, 0)


@by_name("")
def in_part(value, place, shape):
    """A value in a place of an array of this shape, and zeros elsewhere, if that isn't all of it."""
    return place.put(np.zeros_like(value, shape=shape), value)


@by_name("")
def part_of(array, place):
    """The part of an array that a place is."""
    return place.of(array)


@by_name("")
def stays(value, place, shape):
    """Which elements of a value remain, in a place of an array of this shape."""
    part = place.of(np.empty(shape))
    return place.last_written(np.broadcast_to(value, part.shape), shape)


_LAST = "Where the index names a place several times, the last value stays there"


def _note_of_assignment(value, old, place):
    notes = [f"{_LAST}."] if place.repeats and not np.all(stays(value, place, old.shape)) else []
    return " ".join(notes + ["All that was there before is overwritten."] * _is_overwritten(old, place))


def _is_overwritten(old, place):
    return place.covers(place.of(old), old)


def _formula_of_value(g, y, value, old, place, in_place=False):
    sign = "-" if place.sign == -1 else ""
    is_whole = not place.repeats or np.all(stays(value, place, old.shape))
    return f"{sign}part_of(g, place)" if is_whole else f"where(stayed, {sign}part_of(g, place), 0)"


def _note_of_value(g, y, value, old, place, in_place=False):
    is_whole = not place.repeats or np.all(stays(value, place, old.shape))
    return "" if is_whole else f"{_LAST}, and it alone gets a gradient."


# The function and its rules


@formula(
    lambda value, old, place: "in_part(value, place, old.shape)" if _is_overwritten(old, place)
    else "with_part(old, place, value)",
    note=_note_of_assignment,
)
def _assign(value, old, place):
    return place.put(np.copy(old), value)




@formula(_formula_of_value, note=_note_of_value, stayed="stays(value, place, old.shape)")
def _of_value(g, y, value, old, place, in_place=False):
    part = place.of(g)
    if place.repeats:
        data = value if isinstance(value, np.ndarray) else np.empty(getattr(value, "shape", ()))
        part = np.where(place.last_written(np.broadcast_to(data, part.shape), old.shape), part, 0)
    elif in_place:
        part = part.copy()
    return part if place.sign == 1 else -part


@formula("with_zeros(g, place)")
def _of_old(g, y, value, old, place, in_place=False):
    return place.put(g, 0) if in_place else assign(0.0, g, place)


# in_place: g belongs to nobody else, and may be changed after the gradient of the value has been taken out of it
assign = derivative(_assign, _of_value, _of_old)


# What several views lead to, as one operation ------------------------------------------------------------------------


class ScatteredThrough(Scattered):
    """The gradient of an array of which views have shown a part: g in the place that they lead to."""

    __slots__ = ("place", "dtype")

    def __init__(self, g, a, place):
        self.g, self.shape, self.dtype, self.place = g if place.sign == 1 else -g, a.shape, a.dtype, place

    def add_to(self, total):
        view = self.place.view_of(total)
        if not shares(view, total):
            return total + self.array()
        view += self.g
        return total

    def array(self):
        return self.place.put(np.zeros_like(self.g, shape=self.shape, dtype=self.dtype), self.g)


@formula("part_of(a, place)")
def _part(a, place):
    return place.view_of(a)


@formula(lambda g, y, a, place: f"in_part({'-' * (place.sign == -1)}g, place, a.shape)")
def _of_whole(g, y, a, place):
    if type(g) in ARRAYS or hasattr(g, "stack"):
        return ScatteredThrough(g, a, place)
    return assign(g if place.sign == 1 else -g, np.zeros_like(g, shape=a.shape, dtype=a.dtype), place)


part = derivative(_part, _of_whole)
views(part)
