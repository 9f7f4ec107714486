"""Cases of dropout. What is drawn is drawn anew in each call, so they all start from the same seed."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f


def mask(shape, p):
    return (np.random.default_rng(1).random(shape, dtype=np.float32) >= p) / (1 - p)


def dropped(a, p=0.5, training=True, rng=1):
    return (a * mask(a.shape, p)).astype(a.dtype) if training else a


def channels_dropped(a, p=0.5, rng=1):
    return (a * mask((*a.shape[:2], *(1,) * (a.ndim - 2)), p)).astype(a.dtype)


def dropped_to_floor(a, p=0.5, training=True, rng=1, kept=None):
    floor, kept = -1.7580993408473766, mask(a.shape, p) > 0 if kept is None else kept
    scale = ((1 - p) * (1 + p * floor**2)) ** -0.5
    return (scale * np.where(kept, a, floor) - scale * floor * p).astype(a.dtype) if training else a


for func, formula in {f.dropout: dropped, f.alpha_dropout: dropped_to_floor}.items():
    case(func, x(), rng=1, like=formula)
    case(func, x(4, 5, layout="F"), 0.2, rng=1, like=formula)
    case(func, x(0, 2), rng=1, like=formula)
    case(func, x(3), training=False, like=formula)
for func, shape in {f.dropout1d: (3, 4, 2), f.dropout2d: (3, 4, 2, 2), f.dropout3d: (3, 4, 2, 1, 2)}.items():
    case(func, x(*shape), 0.3, rng=1, like=channels_dropped)
case(f.dropout2d, x(3, 4, 2), rng=1, like=channels_dropped)
case(f.dropout1d, x(4, 2), rng=1, like=lambda a, rng: channels_dropped(a[None])[0])
case(
    f.feature_alpha_dropout, x(3, 4, 2), p=0.3, rng=1,
    like=lambda a, p, rng: dropped_to_floor(a, p, kept=mask((3, 4, 1), p) > 0),
)  # fmt: skip
