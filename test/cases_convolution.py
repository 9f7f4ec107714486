"""Cases of convolution and its transposes, as their definitions say: one element of the result after the other."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives import convolution as rules


def windows(padded, filters, geometry):
    """Each element (n, o, i, j, ...) of a convolution, and the view of the padded images that its filter sees."""
    stride, _, dilation, groups = geometry
    out, inside, *kernel = filters
    size = rules.output_size([n - 2 * p for n, p in zip(padded.shape[2:], geometry[1], strict=True)], kernel, geometry)
    for n, o, *place in np.ndindex(len(padded), out, *size):
        first = o // (out // groups) * inside
        seen = [
            slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(place, stride, dilation, kernel, strict=True)
        ]
        yield (n, o, *place), padded[(n, slice(first, first + inside), *seen)]


def with_zeros(a, geometry):
    return np.pad(a, ((0, 0), (0, 0), *[(p, p) for p in geometry[1]]))


def convolution(a, weight, bias, geometry):
    sums = {
        place: np.sum(seen * weight[place[1]]) + (0 if bias is None else bias[place[1]])
        for place, seen in windows(with_zeros(a, geometry), weight.shape, geometry)
    }
    return np.array(list(sums.values())).reshape([1 + max(axis) for axis in zip(*sums, strict=True)])


def to_images(g, weight, size, geometry):
    padded = with_zeros(np.zeros((len(g), weight.shape[1] * geometry[3], *size), g.dtype), geometry)
    for place, seen in windows(padded, weight.shape, geometry):
        seen += g[place] * weight[place[1]]
    inner = [slice(p, p + n) for p, n in zip(geometry[1], size, strict=True)]
    return padded[(slice(None), slice(None), *inner)]


def to_filters(g, a, kernel, geometry):
    weight = np.zeros((g.shape[1], a.shape[1] // geometry[3], *kernel), g.dtype)
    for place, seen in windows(with_zeros(a, geometry), weight.shape, geometry):
        weight[place[1]] += g[place] * seen
    return weight


def to_columns(a, kernel, geometry):
    seen = [seen.ravel() for _, seen in windows(with_zeros(a, geometry), (1, a.shape[1], *kernel), geometry)]
    return np.swapaxes(np.reshape(seen, (len(a), -1, seen[0].size)), 1, 2)


def from_columns(columns, size, kernel, geometry):
    channels = columns.shape[1] // int(np.prod(kernel))
    padded = with_zeros(np.zeros((len(columns), channels, *size), columns.dtype), geometry)
    places = {n: iter(np.moveaxis(columns[n], 1, 0)) for n in range(len(columns))}
    for (n, *_), seen in windows(padded, (1, channels, *kernel), geometry):
        seen += next(places[n]).reshape(seen.shape)
    inner = [slice(p, p + n) for p, n in zip(geometry[1], size, strict=True)]
    return padded[(slice(None), slice(None), *inner)]


# (stride, padding, dilation, groups), the lengths of images, of filters and of the result; and how many channels they
# have: the gradient by the images is a sum of windows, or where that costs less a convolution itself.
for geometry, size, kernel, output, channels in (
    (((1, 1), (0, 0), (1, 1), 1), (4, 5), (2, 3), (3, 3), (2, 2)),
    (((2, 1), (1, 0), (1, 2), 1), (4, 5), (2, 3), (3, 1), (2, 2)),
    (((1, 2), (0, 1), (1, 1), 2), (4, 5), (2, 3), (3, 3), (2, 2)),
    (((1, 1), (0, 0), (1, 1), 1), (3, 4), (2, 2), (2, 3), (1, 3)),
    (((1, 1), (1, 0), (1, 2), 2), (3, 4), (2, 2), (4, 2), (4, 2)),
    (((1, 1), (2, 0), (1, 1), 1), (2, 2), (2, 1), (5, 2), (2, 1)),
    (((2,), (1,), (1,), 1), (5,), (3,), (3,), (2, 3)),
    (((1,), (1,), (2,), 2), (5,), (2,), (5,), (4, 2)),
    (((1, 1, 1), (0, 1, 0), (1, 1, 1), 1), (2, 2, 3), (1, 2, 2), (2, 3, 2), (1, 1)),
    (((1, 2, 1), (0, 0, 1), (1, 1, 1), 1), (2, 3, 2), (2, 2, 1), (1, 1, 4), (1, 2)),
):
    inside, outside = channels
    images, filters = (2, inside, *size), (outside, inside // geometry[3], *kernel)
    case(rules.correlate, x(*images), x(*filters), None, geometry, like=convolution)
    case(rules.correlate, x(*images), x(*filters), x(outside), geometry, like=convolution)
    case(rules.input_gradient, x(2, outside, *output), x(*filters), size, geometry, like=to_images)
    case(rules.weight_gradient, x(2, outside, *output), x(*images), kernel, geometry, like=to_filters)
    geometry = (*geometry[:3], 1)
    case(rules.unfold, x(*images), kernel, geometry, like=to_columns)
    columns = (2, inside * int(np.prod(kernel)), int(np.prod(output)))
    case(rules.fold, x(*columns), size, kernel, geometry, like=from_columns)


def of_axes(axes, *settings):
    return tuple((value,) * axes if isinstance(value, int) else tuple(value) for value in settings)


def convolved(a, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    geometry = (*of_axes(weight.ndim - 2, stride, padding, dilation), groups)
    y = convolution(a if a.ndim == weight.ndim else a[None], weight, bias, geometry)
    return y if a.ndim == weight.ndim else y[0]


def transposed(a, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Each number lays the filters into the result, of which so much is cut off."""
    axes = weight.ndim - 2
    stride, padding, more, dilation = of_axes(axes, stride, padding, output_padding, dilation)
    alone, kernel, out = a.ndim < weight.ndim, weight.shape[2:], weight.shape[1]
    a = a[None] if alone else a
    full = [
        (n - 1) * s + d * (k - 1) + 1 + m
        for n, s, d, k, m in zip(a.shape[2:], stride, dilation, kernel, more, strict=True)
    ]
    y = np.zeros((len(a), groups * out, *full), a.dtype)
    for n, c, *place in np.ndindex(a.shape):
        first = c // (a.shape[1] // groups) * out
        seen = [
            slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(place, stride, dilation, kernel, strict=True)
        ]
        y[(n, slice(first, first + out), *seen)] += a[(n, c, *place)] * weight[c]
    y = y[(slice(None), slice(None), *[slice(p, n - p) for p, n in zip(padding, full, strict=True)])]
    y = y if bias is None else y + bias.reshape(-1, *(1,) * axes)
    return y[0] if alone else y


case(f.conv1d, x(2, 2, 5), x(3, 2, 2), x(3), like=convolved)
case(f.conv1d, x(2, 5), x(2, 1, 3), stride=2, padding=1, groups=2, like=convolved)
case(f.conv2d, x(2, 2, 4, 5), x(3, 2, 2, 3), x(3), like=convolved)
case(f.conv2d, x(2, 4, 4, layout="F"), x(2, 1, 2, 2, layout="strided"), None, (2, 1), 1, (1, 2), 2, like=convolved)
case(f.conv2d, x(0, 2, 3, 3), x(1, 2, 2, 2), like=lambda a, weight: np.zeros((0, 1, 2, 2), a.dtype))
case(f.conv3d, x(1, 2, 2, 3, 3), x(1, 2, 2, 2, 2), x(1), like=convolved)
case(f.conv_transpose1d, x(2, 2, 3), x(2, 3, 2), x(3), like=transposed)
case(f.conv_transpose1d, x(2, 3), x(2, 1, 3), stride=3, padding=1, output_padding=2, groups=2, like=transposed)
case(f.conv_transpose1d, x(1, 3), x(1, 1, 2), output_padding=1, dilation=2, like=transposed)
case(f.conv_transpose2d, x(1, 2, 2, 3), x(2, 2, 2, 2), x(2), (2, 1), (0, 1), (1, 0), like=transposed)
case(f.conv_transpose2d, x(2, 2, 2), x(2, 1, 2, 2), stride=1, padding=1, dilation=2, groups=2, like=transposed)
case(f.conv_transpose3d, x(1, 2, 2, 2, 1), x(2, 1, 1, 2, 2), x(1), (1, 2, 1), like=transposed)
case(f.unfold, x(2, 1, 3, 4), 2, like=lambda a, k: to_columns(a, (k, k), ((1, 1), (0, 0), (1, 1), 1)))
case(f.unfold, x(1, 3, 4), (2, 1), 1, (1, 0), (2, 1),
     like=lambda a, k, d, p, s: to_columns(a[None], k, (s, p, (d, d), 1))[0])  # fmt: skip
case(f.fold, x(2, 4, 6), (3, 4), 2, like=lambda a, size, k: from_columns(a, size, (k, k), ((1, 1), (0, 0), (1, 1), 1)))
case(f.fold, x(2, 3), 3, (2, 1), (2, 1),
     like=lambda a, n, k, d: from_columns(a[None], (n, n), k, ((1, 1), (0, 0), d, 1))[0])  # fmt: skip
