"""Cases of distances and angles, each with the formula that it is compared with."""

import math

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.distances import at_least, euclidean_distances, not_below


def norm(d, p, axis=-1, keepdims=False):
    if p == math.inf:
        return np.max(np.abs(d), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(d) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def between(a, b, p=2.0, eps=1e-6, keepdims=False):
    return norm(a - b + np.asarray(eps, a.dtype), p, keepdims=keepdims)


def cosine(a, b, axis=1):
    return np.sum(a * b, axis=axis) / (norm(a, 2, axis) * norm(b, 2, axis))


def distances(a, b, p=2.0):
    return norm(a[..., :, None, :] - b[..., None, :, :], p)


case(f.pairwise_distance, x(2, 3), x(2, 3), like=between)
for p in (1.0, 1.5, 3.0, math.inf):
    case(f.pairwise_distance, x(2, 3), x(3), p=p, eps=0.25, keepdims=True, like=between)
case(f.cosine_similarity, x(2, 3), x(2, 3), like=cosine)
case(f.cosine_similarity, x(3, 1), x(3, 2), axis=0, like=lambda a, b, axis: cosine(a, b, 0))
case(f.cosine_similarity, x(2, 3), x(3), axis=-1, like=lambda a, b, axis: cosine(a, b[None], 1))
case(at_least, x(3), -5.0, like=lambda a, low: a.copy())
case(not_below, x(4), 0.5, like=np.maximum)
case(f.normalize, x(2, 3), like=lambda a: a / norm(a, 2, 1, True))
for p in (1.0, 3.0, math.inf):
    case(f.normalize, x(2, 3), p=p, axis=0, like=lambda a, p, axis: a / norm(a, p, 0, True))
case(
    f.normalize, x(2, 3, 2), axis=(0, -1),
    like=lambda a, axis: a / np.sqrt(np.sum(a * a, axis=axis, keepdims=True)),
)  # fmt: skip
case(euclidean_distances, x(2, 3), x(4, 3), like=distances)
case(f.cdist, x(2, 3), x(4, 3), like=distances)
case(f.cdist, x(2, 1, 2, 3), x(3, 4, 3, layout="F"), like=distances)
case(f.cdist, x(0, 3), x(4, 3), like=distances)
for p in (1.0, 1.5, math.inf):
    case(f.cdist, x(2, 3), x(4, 3), p=p, like=distances)
case(f.pdist, x(4, 3), like=lambda a, p=2.0: distances(a, a, p)[np.triu_indices(4, 1)], of=lambda f, a: f(a))
