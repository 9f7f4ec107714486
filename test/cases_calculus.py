"""Cases of evenly spaced points, differences, integrals, interpolation and convolution."""

import numpy as np
from cases import case, positive, x

from tensorgrad.derivatives.calculus import ramp

# Evenly spaced points

case(np.linspace, x(), x(), 5)
case(np.linspace, x(), 2.0)
case(np.linspace, 1, x(), num=4, endpoint=False)
case(np.linspace, x(3), x(2, 1), 4, axis=1)
case(np.linspace, x(2), x(2), 3, axis=-1, dtype=np.float64)
case(np.linspace, x(2), x(), 4, retstep=True)
case(np.linspace, x(), x(), 4, endpoint=False, retstep=True)
case(np.linspace, x(), x(), 1)
case(np.linspace, x(), x(), 0)
case(np.linspace, x(2, dtype=complex), x(), 3)
case(ramp, x(2), x(), 3, True, None, 0)
case(np.logspace, x(), x(), 4)
case(np.logspace, x(2), 1.0, num=3, endpoint=False, base=2.0, axis=-1)
case(np.logspace, 0.5, x(), 3, base=positive())
case(np.logspace, x(2), x(), 3, base=positive(2), axis=1)
case(np.logspace, x(), 2, 3, dtype=np.float64)
case(np.geomspace, positive(), positive(), 4)
case(np.geomspace, positive(3), positive(2, 1), num=3, endpoint=False, axis=1)
case(np.geomspace, -2.0, x([-1.0, -3.0]), 3, True, np.float64, -1)
case(np.geomspace, positive(2, dtype=complex), positive(2, dtype=complex), 3)

# Differences

for n in (0, 1, 2):
    case(np.diff, x(5), n)
    case(np.diff, x(3, 4, layout="F"), n=n, axis=0)
case(np.diff, x(2, 3, 4, layout="strided"), axis=-2)
case(np.diff, x(1))
case(np.diff, x(0, 3))
case(np.diff, x(3), prepend=0.5)
case(np.diff, x(2, 3), axis=0, prepend=x(1, 3), append=1)
case(np.diff, x(2, 3), 2, prepend=x(2, 2), append=x(2, 1))
case(np.diff, x(3, dtype=complex))

case(np.ediff1d, x(5))
case(np.ediff1d, x(2, 3), to_end=x(2), to_begin=x())
case(np.ediff1d, x(2, 3), to_begin=[1.0, 2.0])
case(np.ediff1d, x(1))

for edge_order in (1, 2):
    case(np.gradient, x(5), edge_order=edge_order)
    case(np.gradient, x(5), 0.5, edge_order=edge_order)
    case(np.gradient, x(5), x([0.0, 1.0, 1.5, 3.0, 3.2]), edge_order=edge_order)
    case(np.gradient, x(3, 4, layout="F"), edge_order=edge_order)
    case(np.gradient, x(3, 4), positive(), np.array([0.0, 1.0, 1.5, 3.0]), edge_order=edge_order)
case(np.gradient, x(2))
case(np.gradient, x(3, 4), axis=-1)
case(np.gradient, x(3, 4, 2), 2.0, axis=(2, 0))
case(np.gradient, x(4, dtype=complex))

# Integrals and interpolation

case(np.trapezoid, x(5))
case(np.trapezoid, x(2, 3), axis=0)
case(np.trapezoid, x(2, 3), dx=positive())
case(np.trapezoid, x(2, 3, layout="F"), x([0.0, 1.0, 3.0]))
case(np.trapezoid, x(3, 2), [0.0, 1.0, 3.0], axis=0)
case(np.trapezoid, x(2, 3), x(2, 3), axis=1)
case(np.trapezoid, np.arange(3.0), x([0.0, 1.0, 3.0]))
case(np.trapezoid, x(1))

GRID = [-2.0, -1.0, 0.5, 2.0, 3.0]
case(np.interp, x(6), GRID, x(5))
case(np.interp, x(2, 3, low=-4, high=5), x(GRID), x(5))
case(np.interp, x(2, 3, low=-4, high=5), x(GRID), x(5), left=0.5, right=1.5)
case(np.interp, x(3, low=-4, high=5), GRID, x(5), of=lambda f, a, xp, fp: f(a, xp, fp, fp[0] * fp[1], fp[2]))
case(np.interp, x(), np.array(GRID), np.arange(5.0), 0.5, None)
case(np.interp, np.array([-3.0, 0.1]), x(GRID), x(5))
case(np.interp, x(3), GRID, x(5, dtype=complex))
case(np.interp, x(6, low=-9, high=9), x([3.0, 0.5, -1.0]), x(3), period=4.5)
case(np.interp, x(6, low=-9, high=9), [3.0, 0.5, -1.0], x(3), period=-4.5)
case(np.interp, x(3), [0.1], x(1), left=0.5)

for options in ({}, {"period": 1.5}, {"discont": 4.0}, {"axis": 0}):
    case(np.unwrap, x(2, 5, low=-9, high=9), **options)
case(np.unwrap, x(1))

# Convolution: each mode, either argument the longer one, of even and of odd length

for f in (np.convolve, np.correlate):
    for mode in ("full", "same", "valid"):
        for n, m in ((5, 2), (5, 3), (2, 5), (3, 6), (4, 4), (1, 3), (1, 1)):
            case(f, x(n), x(m), mode)
    case(f, x(6, layout="strided"), x(3, layout="reversed"))
    case(f, x(4, dtype=complex), x(3, dtype=complex), mode="same")
    case(f, x(4), np.array([1.0, 1j]))
    case(f, [1.0, 2.0, 3.0], x(2))
case(np.convolve, x(), x(3))
