"""Cases of the elementwise functions."""

import numpy as np
from cases import case, positive, x

from tensorgrad import sigmoid
from tensorgrad.derivatives.elementwise import astype, clip, fraction, power_log

# One argument: 0-d, a matrix in Fortran's order, empty; and complex where the function is holomorphic.

ANYWHERE = {"low": -2, "high": 2}
POSITIVE = {"low": 0.5, "high": 2.5}
INSIDE = {"low": -0.9, "high": 0.9}
ABOVE_1 = {"low": 1.2, "high": 3}

for funcs, domain in {
    (np.negative, np.positive, np.square, np.exp, np.exp2, np.expm1): ANYWHERE,
    (np.sin, np.cos, np.sinh, np.cosh, np.tanh, np.arcsinh): ANYWHERE,
    (np.reciprocal, np.sqrt, np.log, np.log2, np.log10, np.log1p): POSITIVE,
    (np.tan, np.arcsin, np.arccos, np.arctan, np.arctanh): INSIDE,
    (np.arccosh,): ABOVE_1,
}.items():
    for f in funcs:
        case(f, x(**domain))
        case(f, x(2, 3, layout="F", **domain))
        case(f, x(0, 2, **domain))
        case(f, x(3, dtype=complex, **domain))

for f in (np.cbrt, np.sinc, np.absolute, np.fabs, np.deg2rad, np.radians, np.rad2deg, np.degrees, np.copy):
    case(f, x())
    case(f, x(2, 3, layout="F"))
    case(f, x(0, 2))

for f in (np.conjugate, np.real, np.imag, np.absolute, np.sqrt, np.log, np.copy):
    case(f, x(2, 3, dtype=complex))
case(np.conjugate, x(3))
case(np.real, x(3))
case(np.copy, x(2, 3), order="F")
case(np.copy, x(2, 3), "K", subok=True)
case(np.sinc, x([-3.0, -1.0, -0.1, -0.03, 0.05, 0.0999, 0.1001, 2.0]))
case(np.exp, x(2, 1, 2, layout="strided"))
case(np.log, positive(2, 3, layout="readonly"))
case(np.tanh, x(4, layout="reversed"))
case(np.exp, x(3), dtype=np.float64)
case(np.sin, x(3), where=True)

# Two arguments: alike, broadcast on one side, on both, 0-d, empty, beside a Python number and beside a constant array.

for f in (np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.arctan2):
    case(f, x(2, 3), x(2, 3))
    case(f, x(2, 3), x(3))
    case(f, x(2, 1), x(1, 3))
    case(f, x(1), x())
    case(f, x(3), 1.5)
    case(f, -1, x(3))
    case(f, x(3, 1, 2), np.array([[0.5], [-1.5]]))
    case(f, x(0, 3), x(3))

for f in (np.divide, np.power, np.float_power, np.remainder, np.fmod, np.logaddexp, np.logaddexp2):
    case(f, positive(2, 3), positive(2, 3))
    case(f, positive(2, 3), positive(3))
    case(f, positive(2, 1), positive(1, 3))
    case(f, positive(1), positive())
    case(f, positive(3), 1.5)
    case(f, 2, positive(3))
    case(f, positive(3, 1, 2), np.array([[0.3], [1.7]]))
    case(f, positive(0, 3), positive(3))

for f in (np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power):
    case(f, x(3, dtype=complex), x(2, 1, dtype=complex))
    case(f, x(3), x(3, dtype=complex))
    case(f, positive(2, dtype=complex), 2)
    case(f, positive(2), 1.5 + 0.5j)
case(np.multiply, x(2, 3, layout="strided"), x(3, 2, layout="readonly"), of=lambda f, a, b: f(a, b.T))
case(np.add, x(2, 2), x(2, 2, layout="F"), dtype=np.float64, casting="same_kind")

for n in (0, 1, 2, 3, -1, -2, 0.5, True):
    case(np.power, positive(3), n)
case(np.power, x(4), 3)
case(np.power, x(4), 2.0)
case(np.power, x(2, 2), np.array([0, 1]))
case(np.power, x(4), np.array([0.0, 1.0, 2.0, 3.0]))
case(np.power, np.array([0.0, 1.0, 2.0]), positive(3))
case(np.power, x(4), np.array([0, 1, 3, 4], np.uint8))
case(np.power, positive(3), -1, of=lambda f, a, n: a**n)
case(np.power, 2.0, x(3), of=lambda f, a, b: a**b)

for n in (1, 2, 3):
    case(power_log, positive(3), x(2, 1), n, like=lambda a, b, n: a**b * np.log(a) ** n)
case(power_log, positive(3, dtype=complex), x(3), 2, like=lambda a, b, n: a**b * np.log(a) ** n)

case(np.remainder, x(4), 0.7)
case(np.remainder, x(4), x(4))
case(np.remainder, 5.3, x(4))
case(np.fmod, x(4), -0.7)
case(np.fmod, x(4), x(4))
case(np.arctan2, x([1.0, 1.0, -1.0, -1.0]), x([1.0, -1.0, 1.0, -1.0]))
case(np.copysign, x(4), np.array([1.0, -1.0, 0.0, -0.0]))
case(np.copysign, x(4), -1)
case(np.copysign, x(2, 3), x(3))
case(np.copysign, 2.0, x(3))
case(np.heaviside, np.array([0.0, 1.0, -1.0, 0.0]), x(4))
case(np.heaviside, 0.0, x(2, 3))
case(np.fmax, x(3), np.array([np.nan, 0.5, -3]))
case(np.fmin, np.array([np.nan, 0.5, 3]), x(3))

# Choice

mask = np.array([[True, False, True], [False, False, True]])
case(np.where, mask, x(2, 3), x(2, 3))
case(np.where, mask, x(3), x(2, 1))
case(np.where, mask[0], x(2, 3), 0)
case(np.where, mask, 1.5, x())
case(np.where, True, x(3), x(3))
case(np.where, [True, False, True], x(3), x(1))
case(np.where, mask, x(2, 3, dtype=complex), x(3))

case(np.clip, x(2, 3), -1, 1)
case(np.clip, x(2, 3), None, 0.5)
case(np.clip, x(2, 3), 0.5, None)
case(np.clip, x(2, 3), x(3, low=-1, high=-0.5), x(2, 1, low=0.5, high=1))
case(np.clip, x(5), a_min=-1, a_max=x())
case(np.clip, x(2, 3), a_max=np.array([0.0, 1.0, -1.0]), a_min=None)
case(np.clip, x(), -1, 1)
case(np.clip, x(0), -1, 1)
case(np.clip, np.linspace(-2, 2, 5), x(), 1.0)
case(clip, x(5), -1, x())
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    case(np.clip, x(5), min=-1, max=1)
    case(np.clip, x(5), max=x(5))

# Casts, and the one function here that isn't NumPy's

case(astype, x(2, 3), np.float64)
case(astype, x(3), np.complex128)
if hasattr(np, "astype"):
    case(np.astype, x(2, 3), np.float64)
    case(np.astype, x(2, 3), np.float64, copy=False)
    case(np.astype, x(3), np.complex128)

for v in (x(), x(2, 3), x(0, 2)):
    case(sigmoid, v, like=lambda a: 1 / (1 + np.exp(-a)))

# The parts of a floating-point number, and a Bessel function

for f in (np.modf, np.frexp, np.i0):
    case(f, x())
    case(f, x(2, 3, layout="F"))
    case(f, x(0, 2))
case(np.i0, x([0.0, 1e-8, 30.0, -4.0]))
case(fraction, x(3))
case(np.ldexp, x(2, 3), np.array([1, -2, 0]))
case(np.ldexp, x(), 3)
case(np.nextafter, x(3), 1.0)
case(np.nextafter, x(2, 1), np.array([1.0, -1.0]))
case(np.nextafter, x(3), x(3))
case(np.nextafter, 1.0, x(3))
case(np.divmod, x(4), positive(4))
case(np.divmod, x(2, 3), 0.7)
case(np.divmod, 5.0, positive(3))
case(divmod, x(4), positive())
