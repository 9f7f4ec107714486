"""Cases of elements that are picked and put by an index, each with a loop over its elements."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f

INDEX = np.array([[2, 0, 1], [0, 0, 1]])


def places(index, axis):
    """Pairs of a place in the index, and the place that it names."""
    for place in np.ndindex(index.shape):
        yield place, tuple(index[place] if k == axis % index.ndim else i for k, i in enumerate(place))


def gather(a, axis, index):
    return np.array([a[there] for _, there in places(index, axis)], a.dtype).reshape(index.shape)


def scatter(a, axis, index, src):
    y = a.copy()
    for here, there in places(index, axis):
        y[there] = src[here] if np.ndim(src) else src
    return y


def scatter_add(a, axis, index, src):
    y = a.copy()
    for here, there in places(index, axis):
        y[there] += src[here]
    return y


case(f.gather, x(3, 3), 0, INDEX, like=gather)
case(f.gather, x(2, 4, layout="F"), -1, INDEX, like=gather)
case(f.gather, x(2, 3), 0, np.zeros((0, 3), int), like=gather)
case(f.gather, x(3), 0, np.array([1, 1, 0, 2, 1]), like=gather)
case(f.scatter, x(3, 3), 0, INDEX, x(2, 4), like=scatter)
case(f.scatter, x(2, 4), 1, INDEX[:, :2], 0.5, like=scatter)
case(f.scatter_add, x(3, 3), 0, INDEX, x(3, 3), like=scatter_add)
case(f.scatter_add, x(2, 4, layout="readonly"), -1, INDEX, x(2, 3), like=scatter_add)
case(f.index_select, x(2, 3), 1, np.array([2, 0, 2, 1]), like=lambda a, axis, index: a[:, index])
case(f.masked_fill, x(2, 3), np.array([True, False, True]), x(), like=lambda a, mask, value: np.where(mask, value, a))
case(
    f.bilinear, x(2, 3), x(2, 4), x(2, 3, 4), x(2),
    like=lambda a, b, w, c: np.einsum("ni,kij,nj->nk", a, w, b) + c,
)  # fmt: skip
case(f.bilinear, x(3), x(4), x(2, 3, 4), like=lambda a, b, w: np.einsum("i,kij,j->k", a, w, b))
