"""Two-dimensional convolution, as networks have it (a cross-correlation): images (N, C, H, W), filters (O, C / groups,
kH, kW).

It is linear in the images and linear in the filters. So there are three functions, each a gradient of the others, and
every order of derivative is again one of the three.

`geometry` is (stride, padding, dilation, groups), the first three a pair for height and width.
"""

import numpy as np

from .table import derivative


def output_size(size, kernel, geometry):
    """(H, W) of the result: floor((n + 2 padding - dilation (k - 1) - 1) / stride) + 1."""
    each_axis = zip(size, kernel, *geometry[:3], strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in each_axis)


# In memory the images come last, (C, H, W, N): whatever is copied or added is then contiguous in runs of at least N
# numbers, which is faster. A result is a transposed view of an array in that layout, so the next layer finds it there.


def images_last(x, padding):
    """(N, C, H, W) as an array (C, H, W, N), with zeros around each image."""
    (n, c, h, w), (ph, pw) = x.shape, padding
    x = x.transpose(1, 2, 3, 0)
    if not (ph or pw):
        return np.ascontiguousarray(x) if type(x) is np.ndarray else x
    padded = np.zeros((c, h + 2 * ph, w + 2 * pw, n), x.dtype, like=x)
    padded[:, ph : ph + h, pw : pw + w] = x
    return padded


def windows(x, kernel, output, geometry):
    """Of padded images (C, H, W, N), what each filter element meets at each place: a view (C, kH, kW, oH, oW, N)."""
    (sh, sw), _, (dh, dw), _ = geometry
    if type(x) is np.ndarray:
        bc, bh, bw, bn = x.strides
        shape, strides = (x.shape[0], *kernel, *output, x.shape[3]), (bc, dh * bh, dw * bw, sh * bh, sw * bw, bn)
        return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
    span = tuple(d * (k - 1) + 1 for d, k in zip((dh, dw), kernel, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=(1, 2))[:, ::sh, ::sw, :, ::dh, ::dw]
    return np.transpose(view, (0, 4, 5, 1, 2, 3))


def columns(x, kernel, geometry):
    """What each filter element is multiplied by, as a matrix for each group.

    Its shape is (groups, C / groups * kH * kW, oH * oW * N).
    """
    (n, c, *size), (kh, kw), groups = x.shape, kernel, geometry[3]
    oh, ow = output_size(size, kernel, geometry)
    view = windows(images_last(x, geometry[1]), kernel, (oh, ow), geometry)
    return view.reshape(groups, c // groups * kh * kw, oh * ow * n)


def output_matrices(y, groups):
    """(N, O, oH, oW) as a matrix for each group, (groups, O / groups, oH * oW * N)."""
    n, o, h, w = y.shape
    return y.transpose(1, 2, 3, 0).reshape(groups, o // groups, h * w * n)


def filter_matrices(weight, groups):
    """(O, C / groups, kH, kW) as a matrix for each group, (groups, O / groups, C / groups * kH * kW)."""
    o, c, kh, kw = weight.shape
    return weight.reshape(groups, o // groups, c * kh * kw)


def _correlate(x, weight, geometry):
    size = output_size(x.shape[2:], weight.shape[2:], geometry)
    y = filter_matrices(weight, geometry[3]) @ columns(x, weight.shape[2:], geometry)
    return y.reshape(weight.shape[0], *size, x.shape[0]).transpose(3, 0, 1, 2)


def _weight_gradient(g, x, kernel, geometry):
    dw = output_matrices(g, geometry[3]) @ columns(x, kernel, geometry).transpose(0, 2, 1)
    return dw.reshape(g.shape[1], x.shape[1] // geometry[3], *kernel)


def _input_gradient(g, weight, size, geometry):
    (sh, sw), (ph, pw), (dh, dw), groups = geometry
    (n, _, oh, ow), (_, c, kh, kw) = g.shape, weight.shape
    dcolumns = filter_matrices(weight, groups).transpose(0, 2, 1) @ output_matrices(g, groups)
    dcolumns = dcolumns.reshape(groups * c, kh, kw, oh, ow, n)
    dx = np.zeros((groups * c, size[0] + 2 * ph, size[1] + 2 * pw, n), dcolumns.dtype, like=dcolumns)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            dx[:, top : top + sh * (oh - 1) + 1 : sh, left : left + sw * (ow - 1) + 1 : sw] += dcolumns[:, i, j]
    return dx[:, ph : ph + size[0], pw : pw + size[1]].transpose(3, 0, 1, 2)


correlate = derivative(
    _correlate,
    lambda g, y, x, weight, geometry: input_gradient(g, weight, x.shape[2:], geometry),
    lambda g, y, x, weight, geometry: weight_gradient(g, x, weight.shape[2:], geometry),
)
weight_gradient = derivative(
    _weight_gradient,
    lambda h, y, g, x, kernel, geometry: correlate(x, h, geometry),
    lambda h, y, g, x, kernel, geometry: input_gradient(g, h, x.shape[2:], geometry),
)
input_gradient = derivative(
    _input_gradient,
    lambda h, y, g, weight, size, geometry: correlate(h, weight, geometry),
    lambda h, y, g, weight, size, geometry: weight_gradient(g, h, weight.shape[2:], geometry),
)
