"""Cases of the integrals of samples of scipy.integrate, where SciPy is installed."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

if find_spec("scipy"):
    from tensorgrad.scipy import samples

    uneven = [0.0, 0.5, 1.5, 1.75, 3.0, 3.5, 4.5]
    for f in (samples.trapezoid, samples.simpson, samples.cumulative_trapezoid, samples.cumulative_simpson):
        for n in (2, 3, 4, 5, 6, 7):
            case(f, x(n))
            if f is not samples.cumulative_simpson:
                case(f, x(n), x=x(uneven[:n]))
            else:  # x must increase
                case(f, x(n), x=positive(n), of=lambda f, y, x: f(y, x=np.cumsum(x)))
        case(f, x(2, 5), dx=positive())
        case(f, x(4, 2, layout="F"), positive(4), of=lambda f, y, x: f(y, x=np.cumsum(x), axis=0))
        case(f, x(2, 5, 2), positive(2, 5, 2), of=lambda f, y, x: f(y, x=np.cumsum(x, axis=1), axis=1))
        if f is not samples.cumulative_simpson:  # SciPy before 1.14 doesn't take complex numbers
            case(f, x(3, dtype=complex), x=np.array([0.0, 1.0, 3.0]))
        case(f, [x(), 2.0, x(), x()])
    for f in (samples.trapezoid, samples.simpson):
        case(f, x(0, 5))
        case(f, x(5), x=[0.0, 1.0, 1.0, 2.0, 3.0])  # two samples at one place
    for f in (samples.cumulative_trapezoid, samples.cumulative_simpson):
        case(f, x(2, 5), initial=0)
        case(f, x(5, 2), axis=0, initial=0)
    case(samples.cumulative_simpson, x(2, 5), initial=x())
    case(samples.cumulative_simpson, x(2, 5), initial=x(2, 1))
    case(samples.cumulative_simpson, x(5, 2), axis=0, dx=positive(1, 2), initial=x(1, 2))
    case(samples.cumulative_simpson, x(2, 2), initial=x())
