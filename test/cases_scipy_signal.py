"""Cases of scipy.signal, where SciPy is installed."""

from importlib.util import find_spec
from inspect import signature

import numpy as np
from cases import case, x

if find_spec("scipy"):
    import scipy.signal

    from tensorgrad.scipy import signal

    def same(func, *args, **kwargs):
        """A case that is compared with SciPy's function of that name."""
        case(func, *args, like=getattr(scipy.signal, func.__name__), **kwargs)

    for mode in ("full", "same", "valid"):
        for f in (signal.convolve, signal.correlate, signal.fftconvolve, signal.oaconvolve):
            for n, m in ((5, 3), (2, 4), (1, 1)):  # the longer one second, too
                same(f, x(n), x(m), mode)
            same(f, x(3, 4), x(2, 2), mode)
            same(f, x(3, dtype=complex), x(2, dtype=complex), mode=mode)
            same(f, x(3), x(2, dtype=complex), mode=mode)
        for f in (signal.convolve, signal.correlate):
            same(f, x(4), x(2), mode=mode, method="direct")
            same(f, x(4), x(2), mode=mode, method="fft")
        for f in (signal.fftconvolve, signal.oaconvolve):
            same(f, x(2, 4), x(2, 3), mode, axes=1)
            same(f, x(1, 3), x(2, 4), mode, axes=[-1])
            same(f, x(2, 3, 2), x(1, 2, 2), mode, axes=(2, 1))
        for f in (signal.convolve2d, signal.correlate2d):
            for boundary in ("fill", "wrap", "symm"):
                same(f, x(3, 4), x(2, 3), mode, boundary)
            same(f, x(2, 3), x(2, 3), mode)
            same(f, x(2, 2), x(3, 4), mode)
            same(f, x(3, 3), x(2, 1), mode, fillvalue=1.5)
            same(f, x(2, 3, dtype=complex), x(2, 2, dtype=complex), mode, "wrap")
    same(signal.convolve, x(), x())
    same(signal.fftconvolve, x(0), x(2))
    same(signal.convolve, x(3), [1.0, 2.0])
    for f in (signal.convolve2d, signal.correlate2d):
        same(f, x(1, 2), x(4, 3), "same", "symm")
        same(f, x(1, 2), x(4, 4), "full", "wrap")

    # Filters: the first coefficient isn't 1, and numerator and denominator differ in length
    b, a = [0.3, -0.2, 0.5], [1.0, -0.4, 0.1]
    lists = [([0.3, -0.2, 0.5], [2.0, -0.4]), ([0.3], [1.5, -0.4, 0.1]), ([0.3, 0.7], [0.5]), ([1.3], [0.5])]
    for b, a in lists:
        same(signal.lfilter, x(b), x(a), x(5))
        same(signal.lfilter, x(b), x(a), x(2, 4))
        n = max(len(a), len(b)) - 1
        same(signal.lfilter, x(b), x(a), x(2, 3), zi=x(2, n))
        if n:
            same(signal.lfilter, x(b), x(a), x(4, 2), axis=0, zi=x(n, 1))
    b, a = lists[0]
    same(signal.lfilter, b, a, x(3))
    same(signal.lfilter, 0.5, x(a), x(3))
    same(signal.lfilter, x(2, dtype=complex), x([1.0 + 0.5j, 0.2 - 0.3j], dtype=complex), x(3, dtype=complex))
    same(signal.lfilter, x(2), x([1.0 + 0.5j, 0.2], dtype=complex), x(3), zi=x(1))
    same(signal.lfilter, x(b), x(a), x(0))
    same(signal.lfilter_zi, x([0.3, 0.1]), x([2.0, -0.4, 0.5]))
    same(signal.lfilter_zi, x([0.3, 0.1, 0.4]), x([2.0]))
    for options in ({}, {"padtype": "even", "padlen": 2}, {"padtype": "constant", "padlen": 1}, {"padtype": None}):
        same(signal.filtfilt, x([0.3, 0.1]), x([2.0, -0.4]), x(8), **options)
    same(signal.filtfilt, x([0.3, 0.1]), [2.0, -0.4], x(5, dtype=complex), padlen=2)
    for padtype in ("odd", "even", "constant"):  # by as much as there is
        same(signal.filtfilt, [0.3, 0.1], [2.0, -0.4], x(5, 2), axis=0, padtype=padtype, padlen=4)
    sos = np.array([[0.3, 0.1, -0.2, 1.0, -0.4, 0.1], [1.0, 0.4, 0.2, 1.0, 0.3, -0.2]])

    def whole(f, s, *rest, **options):
        """With a first denominator of 1 in each section, as it must be."""
        return f(np.where(sos == 1, sos, s), *rest, **options)

    same(signal.sosfilt, x(sos.tolist()), x(4), of=whole)
    same(signal.sosfilt, x(sos.tolist()), x(2, 3), zi=x(2, 2, 2), of=whole)
    same(signal.sosfilt, sos, x(3, 2), axis=0)
    same(signal.sosfilt, sos, x(3, dtype=complex), zi=x(2, 2, dtype=complex))
    same(signal.sosfilt_zi, x(sos.tolist()), of=whole)
    for options in ({"padlen": 3}, {"padtype": "even", "padlen": 2}, {"padtype": None}):
        same(signal.sosfiltfilt, x(sos.tolist()), x(5), of=whole, **options)
    same(signal.sosfiltfilt, sos, x(16, 2), axis=0)

    for options in ({}, {"type": "constant"}, {"bp": [2]}, {"axis": 0}, {"axis": 0, "bp": 1, "type": "constant"}):
        same(signal.detrend, x(3, 5), **options)
    same(signal.detrend, x(4, dtype=complex))
    for options in ({}, {"axis": 0}, {"N": 3}, {"N": 7, "axis": 0}):
        same(signal.hilbert, x(4, 5), **options)
    for options in ({}, {"N": 3}, {"N": (5, 2)}):
        same(signal.hilbert2, x(4, 3), **options)
    if "axes" in signature(scipy.signal.hilbert2).parameters:
        same(signal.hilbert2, x(2, 4, 3), axes=(0, 1))
        same(signal.hilbert2, x(2, 4, 3), N=(3, 4), axes=(2, 0))
    same(signal.hilbert2, x(4))
    for mode in ("interp", "mirror", "constant", "nearest", "wrap"):
        same(signal.savgol_filter, x(6), 5, 2, mode=mode)
        same(signal.savgol_filter, x(5, 2), 3, 2, deriv=1, delta=0.5, axis=0, mode=mode, cval=0.7)
    same(signal.savgol_filter, x(7), 4, 2)
