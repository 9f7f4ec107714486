"""The method `at` of ufuncs: `np.add.at(a, indices, b)` is `a[i] = a[i] + b[k]` for one index i after the other.

Where no place is named twice, that is `a[indices] = ufunc(a[indices], b)`. Else the places that are named are computed
as a whole, each with its b's in their order, and assigned at once.
"""

import functools
import math

import numpy as np

from .arrays import as_0d, as_array, grid
from .formulas import by_name, formula
from .indexing import may_repeat
from .inplace import require_cast, require_no_tensor, require_target
from .shapes import broadcasts_to
from .table import TABLE, derivative


def at(ufunc, a, indices, *b):
    """ufunc.at(a, indices, b), or of a function of one number ufunc.at(a, indices); a may be a Tensor, and b.

    >>> from tensorgrad import Tensor
    >>> a, b = Tensor([0.0, 0.0], requires_grad=False), Tensor([1.0, 2.0, 3.0])
    >>> np.add.at(a, [1, 0, 1], b)
    >>> a
    Tensor([2. 4.])
    >>> a[1].backward()
    >>> b.grad
    array([1., 0., 1.])
    """
    name = f"{ufunc.__name__}.at"
    require_operands(name, ufunc, b)
    require_target(name, a, *b)
    require_no_tensor(name, "an index", indices)
    b = tuple([as_array(x) for x in b])  # no Python number: at takes it for a float64, or an int64
    picked = np.broadcast_to(np.int8(0), a.shape)[indices]  # NumPy's check of the index, and the shape that it picks
    if b and not broadcasts_to(b[0].shape, picked.shape):
        raise ValueError(
            f"{name}: array is not broadcastable to correct shape: b has {b[0].shape}, a[indices] {picked.shape}"
        )
    for x in b:
        require_cast(name, x, a.dtype)
    if not picked.size:
        return
    if not may_repeat(indices):
        a[indices] = step(ufunc, a[indices], b)
        return
    places, depth = places_of(a.shape, indices)
    rows = (math.prod(a.shape[:depth]), *a.shape[depth:])
    if ufunc in AT_ONCE and places.size >= rows[0]:  # the whole array is no more than what is added to it
        a[...] = np.reshape(AT_ONCE[ufunc](np.reshape(np.copy(a), rows), *b, places), a.shape)
        return
    groups = Groups(places)
    index = np.unravel_index(groups.places, a.shape[:depth])
    if groups.most == 1:
        a[indices] = step(ufunc, a[indices], b)
    elif ufunc in AT_ONCE:
        a[index] = AT_ONCE[ufunc](a[index], *b, groups.numbers)
    else:
        a[index] = in_rounds(ufunc, a[index], b, groups)


def require_operands(name, ufunc, b):
    if ufunc.signature is not None or ufunc.nout != 1 or ufunc.nin > 2:
        raise (TypeError if ufunc.signature else ValueError)(
            f"{name}: only functions of one or two single numbers, with one output, have at"
        )
    if len(b) != ufunc.nin - 1:
        takes = "a, indices and b" if ufunc.nin == 2 else "a and indices"
        raise ValueError(f"{name}: takes {takes}, not {len(b) + 2} arguments")


def step(ufunc, x, b):
    """ufunc(x, *b) with the dtype of x: after each step, it is what stands in the target."""
    if ufunc in TABLE:
        return alone(ufunc)(x, *b)
    y = ufunc(x, *b)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


@functools.cache
def alone(ufunc):
    """The ufunc, with its rules, computed for each number alone, as `at` does. (NumPy's loops over many numbers round
    some powers and products otherwise.)"""
    def compute(x, *b):
        y = as_0d(x) if isinstance(x, np.generic) else x.copy()
        ufunc.at(y, np.arange(len(y)) if y.ndim else (), *b)
        return y

    def gradient(i, g, y, *args):
        rule = TABLE[ufunc].rules[i]
        return rule and rule(g, y, *args)

    compute.__name__ = ufunc.__name__
    return derivative(compute, *[functools.partial(gradient, i) for i in range(ufunc.nin)])


class Groups:
    """What an index with repetitions names.

    `places` are the different places, those named most often first. `numbers` has the shape of the index, and tells
    which of these places is named there. `order` sorts the index, read in C order, into rounds: in the first round each
    place is named for the first time, in the second those that are named again for the second time, and so on. `sizes`
    are the lengths of the rounds, and `most` is their number.
    """

    def __init__(self, places):
        flat = places.reshape(-1)
        order = np.argsort(flat, kind="stable")
        is_first = np.ones(flat.size, bool)
        np.not_equal(flat[order[1:]], flat[order[:-1]], out=is_first[1:])
        starts = np.flatnonzero(is_first)
        counts = np.diff(starts, append=flat.size)
        by_count = np.argsort(-counts, kind="stable")
        number = np.empty_like(by_count)
        number[by_count] = np.arange(len(by_count))
        number = np.repeat(number, counts)  # of the place, and which time it is named: both in the order of `order`
        time = np.arange(flat.size) - np.repeat(starts, counts)
        self.most = int(counts.max())
        self.places = flat[order[starts[by_count]]]
        self.numbers = np.empty(flat.size, int)
        self.numbers[order] = number
        self.numbers = self.numbers.reshape(places.shape)
        self.order = order[np.lexsort((number, time))]
        self.sizes = np.bincount(time).tolist()


def places_of(shape, indices):
    """The places that an index names, as numbers of an array of its shape, and how many of the first axes they count.

    Of arrays of integers, that is as many axes as there are arrays: then whole rows are named. Else all axes.
    """
    parts = [np.asarray(p) if isinstance(p, list | np.ndarray) or np.isscalar(p) else None
             for p in (indices if isinstance(indices, tuple) else (indices,))]
    if all(p is not None and p.dtype.kind in "iu" for p in parts):
        depth = len(parts)
        parts = np.broadcast_arrays(*[p.astype(np.intp) for p in parts])
        return np.ravel_multi_index(tuple(parts), shape[:depth], mode="wrap"), depth  # negative ones too
    along_axes = [np.broadcast_to(numbers, shape)[indices] for numbers in grid(shape, None)]
    return np.ravel_multi_index(tuple(along_axes), shape), len(shape)


def in_rounds(ufunc, x, b, groups):
    """x after all rounds: a round takes those that are named once more, which are the first of the last round."""
    rest, several = x.shape[1:], b and b[0].size > 1
    if several:
        every = np.broadcast_to(b[0], groups.numbers.shape + rest)
        every = np.reshape(every, (groups.order.size, *rest))[groups.order]
    elif b:
        b = (np.reshape(b[0], ()),)
    done, start, y = [], 0, x
    for size in groups.sizes:
        if size < len(y):
            done.append(y[size:])
            y = y[:size]
        y = step(ufunc, y, (every[start : start + size],) if several else b)
        start += size
    return np.concatenate([y, *done[::-1]]) if done else y


# Sums and extrema need no rounds: all b's of a place are of equal right -----------------------------------------------


def computed_at(ufunc):
    """x with ufunc.at(x, numbers, b), as a new array. (As rows: of a vector at an index of two dimensions, NumPy's at
    reads beyond the end of a b of one.)"""
    def compute(x, b, numbers):
        y, rest = x.copy(), x.shape[1:]
        if b.ndim:
            b = np.reshape(np.broadcast_to(b, numbers.shape + rest), (numbers.size, *rest))
        if ufunc is np.subtract:  # CuPy adds alone
            np.add.at(y, np.reshape(numbers, (-1,)), -b)
        else:
            ufunc.at(y, np.reshape(numbers, (-1,)), b)
        return y

    compute.__name__ = f"{ufunc.__name__}_at"
    return compute


def share(g, y, x, b, numbers):
    """g, divided by how many of x and the b's of each place equal the result y; and where x does, and where b does."""
    of_x, of_b = (x == y) | (x != x), (b == y[numbers]) | (b != b)
    return g * (1 / ties(x, b, numbers, y)).astype(g.dtype), of_x, of_b


@by_name("how many of the numbers that were compared equal the result")
def ties(x, b, numbers, y):
    """How many of x and the b's of each place equal the result y."""
    count = ((x == y) | (x != x)).astype(int)
    np.add.at(count, numbers, ((b == y[numbers]) | (b != b)).astype(int))
    return np.maximum(count, 1)


@formula("where(x == y, g / k, 0)", k="ties(x, b, numbers, y)")
def extremum_of_x(g, y, x, b, numbers):
    g, of_x, _ = share(g, y, x, b, numbers)
    return g * of_x


@formula("where(b == y[numbers], (g / k)[numbers], 0)", k="ties(x, b, numbers, y)")
def extremum_of_b(g, y, x, b, numbers):
    g, _, of_b = share(g, y, x, b, numbers)
    return g[numbers] * of_b


AT_ONCE = {
    np.add:      derivative(computed_at(np.add),      lambda g, y, x, b, numbers: g,
                                                      lambda g, y, x, b, numbers: g[numbers]),
    np.subtract: derivative(computed_at(np.subtract), lambda g, y, x, b, numbers: g,
                                                      lambda g, y, x, b, numbers: -g[numbers]),
    np.maximum:  derivative(computed_at(np.maximum),  extremum_of_x, extremum_of_b),
    np.minimum:  derivative(computed_at(np.minimum),  extremum_of_x, extremum_of_b),
}
