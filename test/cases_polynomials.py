"""Cases of polynomials."""

import numpy as np
from cases import case, positive, x

case(np.polyval, x(4), x(2, 3))
case(np.polyval, x(4), 1.5)
case(np.polyval, [1.0, 2.0, 3.0], x())
case(np.polyval, x(3, dtype=complex), x(2))

for f in (np.polyadd, np.polysub, np.polymul):
    case(f, x(3), x(3))
    case(f, x(4), x(2))
    case(f, x(1), [1.0, 2.0, 3.0])
    case(f, x(), x(3))
case(np.polymul, [0.0, 0.0, 2.0, 1.0], x(3))
case(np.polymul, x(2), x(3), of=lambda f, a, b: f(np.concatenate([[0.0], a]), b))
case(np.polydiv, x(5), x(3))
case(np.polydiv, x([1.0, 5.0, 2.0]), x([2.0, 4.0, 1.0]))
case(np.polydiv, x(2), positive(3))
case(np.polydiv, [2.0, 5.0, 2.0], x([2.0, 4.0]))

for m in (0, 1, 2, 5):
    case(np.polyder, x(4), m)
    case(np.polyint, x(3), m)
case(np.polyint, x(3), 2, of=lambda f, p, m: f(p, m, k=p[:2] * 2))
case(np.polyint, x(3), 2, [1.0])

case(np.vander, x(3))
case(np.vander, x(3), 2)
case(np.vander, x(3), N=5, increasing=True)
case(np.vander, x([0.0, 1.0, -2.0]), 4)
case(np.vander, x(0))
case(np.vander, x(3, dtype=complex))

# Roots: real ones, complex pairs, complex coefficients, and powers that are missing at either end

case(np.roots, x([1.0, -2.0, -5.0, 6.0]))
case(np.roots, x([2.0, 1.0, 3.0]))
case(np.roots, x(4, dtype=complex))
case(np.roots, x([2.0]))
case(np.roots, x([0.5, 2.0, -3.0]), of=lambda f, p: f(np.concatenate([p, [0.0]])))
case(np.poly, x(3))
case(np.poly, x(2, dtype=complex))
case(np.poly, x(3, 3))
case(np.poly, x(2), of=lambda f, p: f(np.stack([p[0] + 1j * p[1], p[0] - 1j * p[1]])))

# Least squares

POINTS = [0.0, 0.7, 1.5, 2.0, 3.0]
case(np.polyfit, x(POINTS), x(5), 2)
case(np.polyfit, POINTS, x(5, 2), 1)
case(np.polyfit, x(POINTS), x(5), 1, 1e-12)
case(np.polyfit, x(POINTS), x(5), 1, w=positive(5))
case(np.polyfit, POINTS, x(5, 2), 1, None, False, [1.0, 2.0, 1.0, 3.0, 1.0])
case(np.polyfit, x(POINTS), x(5), 2, cov=True)
case(np.polyfit, x(POINTS), x(5, 2), 1, cov=True)
case(np.polyfit, x(POINTS), x(5), 1, cov="unscaled")
