"""Cases of padding, each beside NumPy's pad."""

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.padding import with_border

NAMES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def padded(a, pad, mode="constant", value=0.0):
    """With NumPy, which begins with the first axis, and takes no negative widths."""
    widths = [(0, 0)] * (a.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    options = {"constant_values": a.dtype.type(value)} if mode == "constant" else {}
    wide = np.pad(a, [tuple(max(n, 0) for n in pair) for pair in widths], NAMES[mode], **options)
    return wide[tuple(slice(max(-b, 0), n - max(-e, 0)) for n, (b, e) in zip(wide.shape, widths, strict=True))]


def border(a, widths, value):
    return padded(a, [n for pair in widths[::-1] for n in pair], "constant", value)


for mode in NAMES:
    case(f.pad, x(2, 4), (2, 1), mode=mode, like=padded)
    case(f.pad, x(3, 4, layout="F"), (0, 3, 2, 1), mode, like=padded)
    case(f.pad, x(2, 4), (0, -1), mode, like=padded)
    case(f.pad, x(0, 4), (1, 1), mode, like=padded)
case(f.pad, x(2, 4), (1, -1), like=padded)
case(f.pad, x(2, 4, layout="strided"), (-1, 2, 1, -1), "constant", 1.5, like=padded)
case(f.pad, x(4), (-1, 2), "reflect", like=padded)
case(f.pad, x(4, dtype=complex), (1, 2), "circular", like=padded)
case(f.pad, x(2, 2), (), like=padded)
case(with_border, x(2, 3), ((1, 2),), 0.0, like=border)
case(with_border, x(2, 3, layout="readonly"), ((1, 0), (0, 2)), -1.0, like=border)
