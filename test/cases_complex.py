"""Cases of complex numbers, beyond those of the other topics; and of np.cross."""

import numpy as np
from cases import case, x

from tensorgrad import sigmoid
from tensorgrad.derivatives.elementwise import astype

C = {"dtype": complex}
RIGHT = {"low": 0.5, "high": 2.0, "dtype": complex}  # of the imaginary axis, away from branch cuts

# Parts and absolute values: a gradient g of f's real part is kept as g, of its imaginary part as -i g

for f in (np.real, np.imag, np.angle, np.absolute, np.abs, np.conj, np.sign, np.real_if_close):
    case(f, x(2, 3, **C))
    case(f, x(**C))
    case(f, x(0, 2, **C))
for f in (np.imag, np.angle, np.real_if_close):
    case(f, x(3))
case(np.angle, x(3, **C), deg=True)
case(np.angle, x([-1.0, 2.0]))
case(np.real_if_close, x(3), of=lambda f, a: f(a + 1e-15j))
case(np.real_if_close, x(3, **C), tol=1e6)
case(np.absolute, x(3, **C), of=lambda f, a: f(a) ** 2)
case(np.absolute, x(3, **C), of=lambda f, a: f(a.real + 2j * a.imag))

# Holomorphic functions off the real axis, on both sides of their branch cuts

for f in (np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh):
    case(f, x([0.5 + 1j, -1.5 + 0.4j, -1.5 - 0.4j, 1.5 - 0.4j, 2j - 0.1, -2j + 0.1], **C))
for f in (np.sqrt, np.log, np.log2, np.log10, np.log1p):
    case(f, x([0.5 + 1j, -1.5 + 0.4j, -1.5 - 0.4j, 1.5 - 0.4j, 2j - 0.1, -2j + 0.1], **C))
for f in (np.tan, np.tanh, np.sinc, np.square, np.positive, np.negative, np.exp2, np.expm1):
    case(f, x([0.5 + 1j, -1.5 - 0.4j, 0.02 + 0.03j], **C))
case(np.reciprocal, x([0.5 + 1j, -1.5 - 0.4j], **C))
case(sigmoid, x(3, **C), of=lambda f, a: f(np.real(a)) + 1j * f(np.imag(a)), like=lambda a: 1 / (1 + np.exp(-a)))

for n in (0, 1, 2, 3, -2, 0.5, 1.5 - 0.5j):
    case(np.power, x(3, **C), n)
case(np.power, x(3, **RIGHT), x(3, **C))
case(np.power, x([-1.5, 2.0]), x([0.5 + 1j, 2 - 1j], **C))
case(np.power, x([-1.5, 2.0]), 0.5 + 1j)
case(np.power, -1.5 + 1j, x(3))
case(np.float_power, x(3, **RIGHT), x(3))
case(np.power, x([0.0, 1j, -1.0], **C), 3)

# Real and complex in one expression: the real one gets a real gradient

for f in (np.multiply, np.divide, np.subtract):
    case(f, x(3), x(3, **C))
    case(f, x(2, 3, **C), x(3))
    case(f, 1j, x(3))
    case(f, x(3), np.array([1j, 2.0, 1 + 1j]))
case(np.multiply, x(3), 2j, of=lambda f, a, b: a * b + b / a - (b - a))
case(np.where, np.array([True, False, True]), x(3), x(3, **C))
case(np.concatenate, [x(2), x(3, **C)])
case(np.stack, [x(2), x(2, **C), np.ones(2)], axis=1)
case(astype, x(3), np.complex128)
case(astype, x(3), np.complex64, of=lambda f, a, dtype: f(a, np.complex128))

# Order: by the real part, then by the imaginary one

for f in (np.maximum, np.minimum, np.fmax, np.fmin):
    case(f, x(3, **C), x(3, **C))
for f in (np.max, np.min, np.sort, np.sort_complex, np.median, np.nanmax):
    case(f, x(4, **C))
case(np.sort_complex, x(2, 3))
case(np.sort, x(2, 3, **C), axis=0)
case(np.partition, x(4, **C), 2)
case(np.clip, x(3, **C), -0.5, 1 + 1j)

# Reductions

for f in (np.sum, np.mean, np.prod, np.var, np.std, np.nansum, np.nanmean, np.nanprod, np.nanvar, np.nanstd):
    case(f, x(3, **C))
    case(f, x(2, 3, **C), axis=-1, keepdims=True)
for f in (np.var, np.std, np.nanvar, np.nanstd):
    case(f, x(2, 3, **C), axis=0, ddof=1)
case(np.var, x(2, 3, **C), where=np.array([[True, False, True]]), axis=1)
case(np.mean, x(3), dtype=complex)
case(np.sum, x(3, **C), dtype=np.complex128)
for f in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod, np.diff, np.gradient, np.ediff1d, np.trapezoid):
    case(f, x(4, **C))
case(np.prod, x([0.0, 1j, 2.0], **C))
case(np.cumprod, x([1j, 0.0, 2.0], **C))
case(np.average, x(3, **C), weights=x(3, **RIGHT))
case(np.ptp, x(3, **C))

# Products, and others that conjugate

for f in (np.dot, np.vdot, np.inner, np.outer, np.kron, np.convolve, np.correlate):
    case(f, x(3, **C), x(3, **C))
    case(f, x(3), x(3, **C))
    case(f, x(3, **C), x(3))
case(np.matmul, x(2, 2, 3, **C), x(3, **C))
case(np.matmul, x(2, 3), x(3, 2, **C))
case(np.einsum, "ij,jk->ik", x(2, 3, **C), x(3, 2))
case(np.einsum, "ii->i", x(3, 3, **C))
case(np.tensordot, x(2, 3, **C), x(3, 2), axes=1)
case(np.cross, x(3, **C), x(2, 3))
case(np.cov, x(2, 4, **C))
case(np.corrcoef, x(2, 4, **C))
case(np.interp, 1.3, np.arange(3.0), x(3, **C))
case(np.polyval, x(3, **C), x(2, **C))
case(np.vander, x(3, **C), 3)
case(np.roots, x(4, **C), of=lambda f, a: np.sort(f(a)))
case(np.nan_to_num, x(3, **C))
case(np.linspace, x(**C), x(), 4)
case(np.geomspace, 1.0, x(low=1, high=2, **C), 3)

# np.cross, of which numpy.linalg has only the three-dimensional form

case(np.cross, x(3), x(3))
case(np.cross, x(2, 3), x(3))
case(np.cross, x(2, 1, 3), x(4, 3))
case(np.cross, x(3, 2), x(3, 2), axis=0)
case(np.cross, x(3, 2), x(4, 2, 3), axisa=0, axisc=1)
case(np.cross, x(3), [1.0, 2.0, 3.0])
