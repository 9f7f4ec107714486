"""Cases of tables whose rows are looked up by number."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.embedding import add_rows, largest, lookup, take_rows

numbers = np.array([[3, 0, 3], [1, 3, 0]])
many = np.array([2] * 12 + [0, 4, 0])  # more of one than are added one after the other


def added(g, indices, count, skipped=None):
    total = np.zeros((count, g.shape[-1]), g.dtype)
    np.add.at(total, indices, g)
    if skipped is not None:
        total[skipped] = 0
    return total


def taken(a, indices, skipped=None):
    return a[indices] if skipped is None else a[indices] * (indices != skipped)[..., None].astype(a.dtype)


def bags(a, numbers, count, reduce):
    return np.stack([reduce(a[numbers == i], axis=0) if np.any(numbers == i) else 0 * a[0] for i in range(count)])


case(f.embedding, x(4, 2), of=lambda f, w: f(numbers, w), like=lambda i, w: w[i])
case(f.embedding, x(4, 2, layout="F"), of=lambda f, w: f([1, 2], w), like=lambda i, w: w[i])
case(f.embedding, x(4, 2, layout="readonly"), of=lambda f, w: f(2, w), like=lambda i, w: w[i].copy())
case(f.embedding, x(4, 2), of=lambda f, w: f(np.zeros((0, 3), int), w), like=lambda i, w: w[i])
case(lookup, x(5, 2), many, like=lambda w, i: w[i])
case(take_rows, x(4, 2), numbers, like=taken)
case(take_rows, x(4, 2), numbers, 3, like=taken)
case(add_rows, x(2, 3, 2), numbers, 4, like=added)
case(add_rows, x(2, 3, 2), numbers, 5, 3, like=added)
case(add_rows, x(15, 3, layout="strided"), many, 5, like=added)
case(add_rows, x(0, 3), np.zeros(0, int), 2, like=added)
case(largest, x(5, 2), np.array([0, 0, 2, 2, 2]), 4, like=lambda a, i, n: bags(a, i, n, np.max))
case(largest, x(0, 2), np.zeros(0, int), 2, like=lambda a, i, n: np.zeros((n, 2), a.dtype))

OF_BAGS = {"sum": np.sum, "mean": np.mean, "max": np.max}
for mode, reduce in OF_BAGS.items():
    case(
        f.embedding_bag, x(4, 2), mode=mode,
        of=lambda f, w, mode: f(numbers, w, mode=mode),
        like=lambda i, w, mode, reduce=reduce: reduce(w[i], axis=1),
    )  # fmt: skip
    case(
        f.embedding_bag, x(5, 2), mode=mode,
        of=lambda f, w, mode: f(many, w, [0, 3, 3], mode=mode),
        like=lambda i, w, offsets, mode, reduce=reduce: bags(w[i], np.array([0] * 3 + [2] * 12), 3, reduce),
    )  # fmt: skip
case(
    f.embedding_bag, x(4, 2), x(2, 3),
    of=lambda f, w, s: f(numbers, w, mode="sum", per_sample_weights=s),
    like=lambda i, w, mode, per_sample_weights: np.sum(w[i] * per_sample_weights[..., None], axis=1),
)  # fmt: skip
case(
    f.one_hot, x(3), 4,
    of=lambda f, a, n: a[:, None] * f(np.array([0, 3, 1]), n),
    like=lambda i, n: np.eye(n)[i],
)  # fmt: skip
