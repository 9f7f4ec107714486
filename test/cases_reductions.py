"""Cases of reductions and cumulative functions."""

import numpy as np
from cases import case, x

mask = np.array([[True, False, True], [True, True, False]])

# Every form of axis, kept or not; axes of length 1, 0-d and empty arrays, any layout.

for f in (np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std):
    case(f, x(5))
    case(f, x(2, 3), axis=0)
    case(f, x(2, 3), -1)
    case(f, x(2, 3), axis=None, keepdims=True)
    case(f, x(2, 3, 2), axis=(0, 2))
    case(f, x(2, 3, 2), axis=(-1, 1), keepdims=True)
    case(f, x(2, 3, 2), axis=(1,))
    case(f, x(2, 1, 3), axis=(2, 1))
    case(f, x(2, 3, 2, layout="F"), axis=1)
    case(f, x(2, 3, layout="strided"), axis=0, keepdims=True)
    case(f, x(2, 3, layout="readonly"))
    case(f, x(0, 3), axis=1)
    if f is not np.std:  # of one number it has a corner
        case(f, x())
        case(f, x(), keepdims=True)
        case(f, x(1))
        case(f, x(2, 3), axis=())
        case(f, x(2, 1, 3), axis=1)

for f in (np.sum, np.prod):
    case(f, x(0))
    case(f, x(0, 3), axis=0)
    case(f, x(2, 3), dtype=np.float64)
    case(f, x(2, 3), axis=1, dtype=complex)
    case(f, x(2, 3), axis=1, initial=1.5)
    case(f, x(2, 3), axis=0, where=mask, initial=2.0, keepdims=True)

for f in (np.sum, np.mean, np.prod, np.cumsum, np.cumprod, np.var, np.std):
    case(f, x(2, 3, dtype=complex), axis=1)

for f in (np.sum, np.mean, np.prod, np.var, np.std):
    case(f, x(2, 3), axis=1, where=mask)
    case(f, x(2, 3), where=mask, keepdims=True)
    case(f, x(2, 3), axis=0, where=mask[:, :1] | True)
    case(f, x(2, 2, 3), axis=(0, -1), where=mask)
    case(f, x(2, 3), where=True)

for f in (np.max, np.min, np.amax, np.amin):
    case(f, x(2, 3), axis=1, where=mask, initial=0.1)
    case(f, x(2, 3), initial=0.0)
    case(f, x(2, 3), axis=(0, 1), where=mask[:, :1] ^ mask[:1], initial=0.1, keepdims=True)
    case(f, x(0), initial=1.0)

for f in (np.var, np.std):
    case(f, x(5), ddof=1)
    case(f, x(2, 3), axis=1, ddof=1, keepdims=True)
    case(f, x(2, 3), axis=0, ddof=0.5)
    case(f, x(3, 3), axis=1, ddof=1, where=[True, True, False])
    case(f, x(2, 3), 1, None, None, 1)
    case(f, x(2, 3), correction=1)
    case(f, x(2, 3), axis=1, mean=np.array([[0.5], [0.25]]))
case(np.mean, x(2, 3), axis=0, dtype=np.float64)
case(np.mean, x(2, 3), dtype=complex)

# Zeros among the factors: the derivatives are polynomials like any other.

for f in (np.prod, np.cumprod):
    case(f, x([2.0, 0.0, 3.0]))
    case(f, x([0.0, 2.0, 0.0, 3.0]))
    case(f, x([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]), axis=1)
    case(f, x([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]), axis=0)

for f in (np.cumsum, np.cumprod):
    case(f, x())
    case(f, x(5))
    case(f, x(2, 3))
    case(f, x(2, 3), axis=0)
    case(f, x(2, 3, 2, layout="F"), axis=-2)
    case(f, x(2, 1, 3, layout="strided"), 1)
    case(f, x(1, 7, layout="readonly"), axis=1)
    case(f, x(0))
    case(f, x(0, 3), axis=0)
    case(f, x(2, 3), axis=1, dtype=np.float64)

for f in (getattr(np, "cumulative_sum", None), getattr(np, "cumulative_prod", None)):
    if f is not None:  # since NumPy 2.1
        case(f, x(5))
        case(f, x())
        case(f, x(2, 3), axis=0)
        case(f, x(2, 3), axis=-1, include_initial=True)
        case(f, x(2, 0), axis=1, include_initial=True)
        case(f, x(2, 3), axis=1, dtype=np.float64)
