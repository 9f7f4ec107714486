"""Convolution in one, two or three dimensions, as networks have it (a cross-correlation): images (N, C, H, W), filters
(O, C / groups, kH, kW); a signal has one axis in the place of H and W, a volume three.

It is linear in the images and linear in the filters. So there are three functions, each a gradient of the others, and
every order of derivative is again one of the three.

`geometry` is (stride, padding, dilation, groups), the first three with a number for each axis.
"""

import math
from itertools import product

import numpy as np

from .arrays import ARRAYS, array_in, contiguous, strided
from .chunked import reshaped
from .formulas import by_name
from .table import derivative

# Bytes of the columns that are multiplied at a time, by the size of a number. Those of float32 stay in a core's cache,
# since their product would wait for memory; that of float64 takes longer, and fewer and larger ones are faster.
BLOCK = {4: 2**20, 8: 2**24}


def output_size(size, kernel, geometry):
    """The lengths of the result, each floor((n + 2 padding - dilation (k - 1) - 1) / stride) + 1."""
    each_axis = zip(size, kernel, *geometry[:3], strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in each_axis)


def transposed_size(size, kernel, geometry):
    """The lengths of what the transpose gives, each (n - 1) stride - 2 padding + dilation (k - 1) + 1: the least that a
    convolution brings to this size."""
    each_axis = zip(size, kernel, *geometry[:3], strict=True)
    return tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in each_axis)


# In memory the images come last, (C, H, W, N): whatever is copied or added is then contiguous in runs of at least N
# numbers, which is faster. A result is a transposed view of an array in that layout, so the next layer finds it there.


def to_last(x):
    """(N, C, H, W) as a view (C, H, W, N)."""
    return np.transpose(x, (*range(1, x.ndim), 0))


def to_first(x):
    """(C, H, W, N) as a view (N, C, H, W)."""
    return np.transpose(x, (x.ndim - 1, *range(x.ndim - 1)))


def images_last(x, padding):
    """(N, C, H, W) as an array (C, H, W, N), with zeros around each image."""
    n, c, *size = x.shape
    x = to_last(x)
    if not any(padding):
        return contiguous(x) if type(x) in ARRAYS else x
    each_axis = list(zip(size, padding, strict=True))
    padded = np.zeros((c, *[m + 2 * p for m, p in each_axis], n), x.dtype, like=x)
    padded[(slice(None), *[slice(p, p + m) for m, p in each_axis])] = x
    return padded


def windows(x, kernel, output, geometry):
    """Of padded images (C, H, W, N), what each filter element meets at each place: a view (C, kH, kW, oH, oW, N)."""
    stride, _, dilation, _ = geometry
    axes = len(kernel)
    if type(x) in ARRAYS:
        channel, *along, image = x.strides
        elements = [d * step for d, step in zip(dilation, along, strict=True)]
        places = [s * step for s, step in zip(stride, along, strict=True)]
        shape, strides = (x.shape[0], *kernel, *output, x.shape[-1]), (channel, *elements, *places, image)
        return strided(x, shape, strides)
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=tuple(range(1, axes + 1)))
    view = view[(slice(None), *[slice(None, None, s) for s in stride], slice(None))]
    view = view[(Ellipsis, *[slice(None, None, d) for d in dilation])]
    return np.transpose(view, (0, *range(axes + 2, 2 * axes + 2), *range(1, axes + 2)))


def blocks(output, filters, n, arrays):
    """The places of a result in blocks whose columns have about so many bytes, unless that is too few to be worth going
    through the filters again. For each block its slices along the axes, its lengths, and where its columns lie.

    `filters` is the shape of their matrices, n the number of images. Other arrays than NumPy's are one block, since
    another library may compute it later, or otherwise.
    """
    groups, out, rows = filters
    each = arrays[0].dtype.itemsize
    width = max(BLOCK.get(each, BLOCK[8]) // (groups * rows * each), 4 * out)  # in columns
    if math.prod(output) * n <= 2 * width or any(type(a) not in ARRAYS for a in arrays):
        yield tuple(slice(0, m) for m in output), output, slice(0, math.prod(output) * n)
        return
    room, longest = max(width // n, 1), []
    for m in reversed(output):  # whole axes, the last first, then a part of one
        longest.insert(0, min(m, room))
        room = max(room // m, 1)
    done = 0
    for starts in product(*[range(0, m, length) for m, length in zip(output, longest, strict=True)]):
        stops = [min(i + length, m) for i, length, m in zip(starts, longest, output, strict=True)]
        lengths = tuple(j - i for i, j in zip(starts, stops, strict=True))
        size = math.prod(lengths) * n
        yield tuple(map(slice, starts, stops)), lengths, slice(done, done + size)
        done += size


def columns(x, filters, kernel, output, geometry, *others):
    """What each filter element is multiplied by, of padded images (C, H, W, N): matrices, one for each group, of shape
    (C / groups * kH * kW, places * N), block by block, each with where it lies along the last axis."""
    view = windows(x, kernel, output, geometry)
    groups, _, rows = filters
    for block, lengths, place in blocks(output, filters, x.shape[-1], (x, *others)):
        part = view[(Ellipsis, *block, slice(None))]
        yield reshaped(part, (groups, rows, math.prod(lengths) * x.shape[-1])), place


def output_matrices(y, groups):
    """(N, O, oH, oW) as a matrix for each group, (groups, O / groups, oH * oW * N)."""
    n, o, *size = y.shape
    return reshaped(to_last(y), (groups, o // groups, math.prod(size) * n))


def filter_matrices(weight, groups):
    """(O, C / groups, kH, kW) as a matrix for each group, (groups, O / groups, C / groups * kH * kW)."""
    o, c, *kernel = weight.shape
    return reshaped(weight, (groups, o // groups, c * math.prod(kernel)))


@by_name("the cross-correlation of images with filters, which networks call a convolution")
def _correlate(x, weight, bias, geometry):
    (n, _, *size), (o, _, *kernel), groups = x.shape, weight.shape, geometry[3]
    output, filters = output_size(size, kernel, geometry), filter_matrices(weight, groups)
    given = [weight] if bias is None else [weight, bias]
    parts = columns(images_last(x, geometry[1]), filters.shape, kernel, output, geometry, *given)
    shift = None if bias is None else bias.reshape(groups, o // groups, 1)
    if all(type(a) in ARRAYS for a in (x, *given)):
        y = np.empty((groups, o // groups, math.prod(output) * n), np.result_type(x, *given), like=array_in(x, *given))
        for part, place in parts:
            np.matmul(filters, part, out=y[:, :, place])
            if shift is not None:
                y[:, :, place] += shift
    else:
        ((part, _),) = parts
        y = filters @ part if shift is None else filters @ part + shift
    return to_first(reshaped(y, (o, *output, n)))


@by_name(
    "each number of a filter gets the sum, over all places of the "
    "filter, of the gradient there times the number of the image below it"
)
def _weight_gradient(g, x, kernel, geometry):
    output, groups = g.shape[2:], geometry[3]
    rows = output_matrices(g, groups)
    shape = (groups, rows.shape[1], x.shape[1] // groups * math.prod(kernel))
    dw = None
    for part, place in columns(images_last(x, geometry[1]), shape, kernel, output, geometry, g):
        term = rows[:, :, place] @ part.transpose(0, 2, 1)
        dw = term if dw is None else np.add(dw, term, out=dw)
    return reshaped(dw, (g.shape[1], x.shape[1] // groups, *kernel))


@by_name(
    "each number of an image gets the sum, over all places of the "
    "filter, of the gradient there times the number of the filter above it"
)
def _input_gradient(g, weight, size, geometry):
    stride, padding, dilation, groups = geometry
    (n, o, *output), (_, c, *kernel) = g.shape, weight.shape
    around = tuple(d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True))
    if set(stride) == {1} and min(around) >= 0 and o <= groups * c:  # then the columns of g are the fewer
        return _correlate(g, reversed_filters(weight, groups), None, (stride, around, dilation, groups))
    parts = filter_matrices(weight, groups).transpose(0, 2, 1) @ output_matrices(g, groups)
    return add_windows(reshaped(parts, (groups * c, *kernel, *output, n)), size, geometry)


def reversed_filters(weight, groups):
    """(O, C / groups, kH, kW) as the filters that an element of the images meets, (C, O / groups, kH, kW), backward."""
    o, c, *kernel = weight.shape
    filters = np.swapaxes(reshaped(weight, (groups, o // groups, c, *kernel)), 1, 2)
    return reshaped(filters, (groups * c, o // groups, *kernel))[(Ellipsis, *[slice(None, None, -1)] * len(kernel))]


def add_windows(parts, size, geometry):
    """Images (N, C, H, W), each element the sum of what arrives from all windows that it is in, (C, kH, kW, oH, oW, N):
    the transpose of `windows`."""
    (stride, padding, dilation, _), axes = geometry, len(size)
    output, each_axis = parts.shape[1 + axes : -1], list(zip(size, padding, strict=True))
    x = np.zeros((parts.shape[0], *[m + 2 * p for m, p in each_axis], parts.shape[-1]), parts.dtype, like=parts)
    kernel, seen = parts.shape[1 : 1 + axes], []
    for k, m, s, d in zip(kernel, output, stride, dilation, strict=True):
        seen.append([slice(i * d, i * d + s * (m - 1) + 1, s) for i in range(k)])
    for element, places in zip(product(*map(range, kernel)), product(*seen), strict=True):
        x[(slice(None), *places)] += parts[(slice(None), *element)]
    return to_first(x[(slice(None), *[slice(p, p + m) for m, p in each_axis])])


correlate = derivative(
    _correlate,
    lambda g, y, x, weight, bias, geometry: input_gradient(g, weight, x.shape[2:], geometry),
    lambda g, y, x, weight, bias, geometry: weight_gradient(g, x, weight.shape[2:], geometry),
    lambda g, y, x, weight, bias, geometry: np.sum(g, axis=(0, *range(2, g.ndim))),
)
weight_gradient = derivative(
    _weight_gradient,
    lambda h, y, g, x, kernel, geometry: correlate(x, h, None, geometry),
    lambda h, y, g, x, kernel, geometry: input_gradient(g, h, x.shape[2:], geometry),
)
input_gradient = derivative(
    _input_gradient,
    lambda h, y, g, weight, size, geometry: correlate(h, weight, None, geometry),
    lambda h, y, g, weight, size, geometry: weight_gradient(g, h, weight.shape[2:], geometry),
)

# Windows as columns, and what is added up of them ---------------------------------------------------------------------


@by_name("the windows of the images, each as a column")
def _unfold(x, kernel, geometry):
    n, c, *size = x.shape
    output, rows = output_size(size, kernel, geometry), c * math.prod(kernel)
    view = windows(images_last(x, geometry[1]), kernel, output, geometry)
    matrix = reshaped(view, (rows, math.prod(output), n))
    if type(matrix) in ARRAYS and not matrix.flags.writeable:  # of windows of one element: x itself
        matrix = matrix.copy()
    return np.transpose(matrix, (2, 0, 1))


@by_name("columns added up where their windows lie in the images")
def _fold(x, size, kernel, geometry):
    n, rows, _ = x.shape
    output = output_size(size, kernel, geometry)
    parts = reshaped(np.transpose(x, (1, 2, 0)), (rows // math.prod(kernel), *kernel, *output, n))
    return add_windows(parts, size, geometry)


unfold = derivative(_unfold, lambda g, y, x, kernel, geometry: fold(g, x.shape[2:], kernel, geometry))
fold = derivative(_fold, lambda h, y, x, size, kernel, geometry: unfold(h, kernel, geometry))
