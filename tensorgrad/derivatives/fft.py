"""Fourier transforms. The matrix F of a discrete Fourier transform is symmetric, so the gradient of an fft is an fft.

A complex gradient is a plain linear form here (see `table`): with y = F x it is F^T g = F g. A norm only scales F.
"""

import numpy as np

from .arrays import full, given
from .formulas import by_name
from .indexing import along, scatter
from .table import composed, derivative


def resized(a, n, axis):
    """a cut off, or continued by zeros, to length n along an axis."""
    axis %= a.ndim
    if a.shape[axis] == n:
        return a
    kept = along(axis, slice(min(n, a.shape[axis])))
    return a[kept] if n < a.shape[axis] else scatter(a, kept, (*a.shape[:axis], n, *a.shape[axis + 1 :]))


@by_name("how often each coefficient of a half spectrum stands in the whole one, 1 or 2 times")
def times_in_spectrum(h, n, axis):
    """How often each coefficient of the half h stands in the spectrum of n real numbers: the first once, as the last if
    n is even, the others twice (the second time conjugated)."""
    times = full(n // 2 + 1, 2, np.finfo(h.dtype).dtype, h)
    times[0] = 1
    if n % 2 == 0:
        times[-1] = 1
    return np.reshape(times, [-1 if i == axis % h.ndim else 1 for i in range(h.ndim)])


# The norm with which a transform has the factor that its inverse has with the given norm
SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


# Along one axis. The engine takes the real part where the argument is real. ------------------------------------------


def fft_gradient(g, y, a, n=None, axis=-1, norm=None, out=None):
    return resized(np.fft.fft(g, axis=axis, norm=norm), a.shape[axis], axis)


def ifft_gradient(g, y, a, n=None, axis=-1, norm=None, out=None):
    return resized(np.fft.ifft(g, axis=axis, norm=norm), a.shape[axis], axis)


def rfft_gradient(g, y, a, n=None, axis=-1, norm=None, out=None):
    """Re(F g) with half a spectrum g: what irfft gives of conj(g), if it doesn't count the inner coefficients twice."""
    n = a.shape[axis] if n is None else n
    half = np.conj(g) / times_in_spectrum(g, n, axis)
    return resized(np.fft.irfft(half, n, axis, SWAPPED[norm]), a.shape[axis], axis)


def irfft_gradient(g, y, a, n=None, axis=-1, norm=None, out=None):
    """The transpose of the above."""
    half = np.conj(np.fft.rfft(g, axis=axis, norm=SWAPPED[norm])) * times_in_spectrum(g, g.shape[axis], axis)
    return resized(half, a.shape[axis], axis)


derivative(np.fft.fft,   fft_gradient)
derivative(np.fft.ifft,  ifft_gradient)
derivative(np.fft.rfft,  rfft_gradient)
derivative(np.fft.irfft, irfft_gradient)


def swapped(norm):
    if norm not in SWAPPED:
        raise ValueError(f"Invalid norm value {norm}; should be 'backward', 'ortho' or 'forward'")
    return SWAPPED[norm]


@composed(np.fft.hfft)
def hfft(a, n=None, axis=-1, norm=None, out=None):
    return np.fft.irfft(np.conj(a), n, axis, swapped(norm), **given(out=out))


@composed(np.fft.ihfft)
def ihfft(a, n=None, axis=-1, norm=None, out=None):
    return np.conj(np.fft.rfft(a, n, axis, swapped(norm), **given(out=out)))


# Along several axes: one after the other -----------------------------------------------------------------------------


def lengths(a, s, axes, half=False):
    """The length of the transform along each axis, and the axes. half: the last axis holds half a spectrum."""
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    if s is None:
        s = [a.shape[axis] for axis in axes]
        if half:
            s[-1] = 2 * (s[-1] - 1)
    if len(s) != len(axes):
        raise ValueError(f"fft: s has {len(s)} lengths for {len(axes)} axes; give one for each axis")
    return [a.shape[axis] if n in (-1, None) else n for n, axis in zip(s, axes, strict=True)], list(axes)


@composed(np.fft.fftn)
def fftn(a, s=None, axes=None, norm=None, out=None):
    for n, axis in reversed(list(zip(*lengths(a, s, axes), strict=True))):
        a = np.fft.fft(a, n, axis, norm, **given(out=out))
    return a


@composed(np.fft.ifftn)
def ifftn(a, s=None, axes=None, norm=None, out=None):
    for n, axis in reversed(list(zip(*lengths(a, s, axes), strict=True))):
        a = np.fft.ifft(a, n, axis, norm, **given(out=out))
    return a


@composed(np.fft.rfftn)
def rfftn(a, s=None, axes=None, norm=None, out=None):
    s, axes = lengths(a, s, axes)
    a = np.fft.rfft(a, s[-1], axes[-1], norm, **given(out=out))
    return np.fft.fftn(a, s[:-1], axes[:-1], norm, **given(out=out))


@composed(np.fft.irfftn)
def irfftn(a, s=None, axes=None, norm=None, out=None):
    s, axes = lengths(a, s, axes, half=True)
    for n, axis in zip(s[:-1], axes[:-1], strict=True):
        a = np.fft.ifft(a, n, axis, norm, **given(out=out))
    return np.fft.irfft(a, s[-1], axes[-1], norm, **given(out=out))


@composed(np.fft.fft2)
def fft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    return np.fft.fftn(a, s, axes, norm, **given(out=out))


@composed(np.fft.ifft2)
def ifft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    return np.fft.ifftn(a, s, axes, norm, **given(out=out))


@composed(np.fft.rfft2)
def rfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    return np.fft.rfftn(a, s, axes, norm, **given(out=out))


@composed(np.fft.irfft2)
def irfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    return np.fft.irfftn(a, s, axes, norm, **given(out=out))


# Rolling the spectrum so that frequency 0 is in the middle -----------------------------------------------------------


@composed(np.fft.fftshift)
def fftshift(x, axes=None):
    axes = range(x.ndim) if axes is None else np.atleast_1d(axes).tolist()
    return np.roll(x, [x.shape[i] // 2 for i in axes], axes)


@composed(np.fft.ifftshift)
def ifftshift(x, axes=None):
    axes = range(x.ndim) if axes is None else np.atleast_1d(axes).tolist()
    return np.roll(x, [-(x.shape[i] // 2) for i in axes], axes)
