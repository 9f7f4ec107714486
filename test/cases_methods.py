"""Cases of the methods of ufuncs."""

import numpy as np
from cases import case, positive, x

mask = np.array([[True, False, True], [True, True, False]])


def method(ufunc, name):
    """A ufunc's method as a function with a name that tells whose it is."""

    def call(*args, **kwargs):
        return getattr(ufunc, name)(*args, **kwargs)

    call.__name__ = f"{ufunc.__name__}.{name}"
    return call


for f in (
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.hypot, np.subtract, np.divide,
):  # fmt: skip
    for name in ("reduce", "accumulate"):
        g = method(f, name)
        case(g, positive(4))
        case(g, positive(2, 3))
        case(g, positive(2, 3, layout="F"), axis=-1)
        case(g, positive(2, 3), 1, dtype=np.float64)
        case(g, positive(1, 3))
        case(g, positive(3, 0))
    case(method(f, "reduce"), positive(2, 3), axis=1, keepdims=True)
    case(method(f, "reduce"), positive(2, 3), initial=1.3)
    case(method(f, "reduce"), positive(2, 3), axis=1, where=mask, initial=1.3)
    case(method(f, "reduceat"), positive(5), [0, 3, 1, 4])
    case(method(f, "reduceat"), positive(2, 4, layout="strided"), np.array([1, 0]), axis=1)
    case(method(f, "outer"), positive(3), positive(2))
    case(method(f, "outer"), positive(2, 3), positive())
    case(method(f, "outer"), [1.0, 2.0], positive(0, 2))

for f in (np.add, np.multiply, np.maximum, np.logaddexp, np.hypot):
    case(method(f, "reduce"), positive(2, 3), axis=None)
    case(method(f, "reduce"), positive(2, 3, 2), axis=(0, -1), keepdims=True)
for f in (np.add, np.multiply, np.logaddexp, np.hypot):
    case(method(f, "reduce"), positive(2, 3), axis=1, where=mask)
case(method(np.add, "reduce"), x(0, 3), axis=1)
case(method(np.subtract, "reduce"), x(2, 3, 2), axis=1, where=np.ones((3, 1), bool), initial=0.0, keepdims=True)
case(method(np.power, "accumulate"), positive(3))  # NumPy's own np.power.reduce of more than two numbers is wrong
case(method(np.power, "outer"), positive(3), x(2))
