"""Cases of scipy.ndimage, where SciPy is installed."""

from importlib.util import find_spec
from inspect import signature

import numpy as np
from cases import case, x

if find_spec("scipy"):
    import scipy.ndimage

    from tensorgrad.scipy import ndimage

    HAVE_AXES = "axes" in signature(scipy.ndimage.correlate).parameters  # from SciPy 1.15 on
    MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant", "grid-wrap")

    def same(func, *args, **kwargs):
        """A case that is compared with SciPy's function of that name."""
        case(func, *args, like=getattr(scipy.ndimage, func.__name__), **kwargs)

    for f in (ndimage.correlate1d, ndimage.convolve1d):
        for mode in MODES:
            same(f, x(4), x(3), mode=mode, cval=0.6)
            same(f, x(2, 3), x(4), axis=0, mode=mode, cval=0.6, origin=-2 if f is ndimage.correlate1d else 1)
            same(f, x(2), x(7), mode=mode, cval=0.6, origin=1)  # longer than the input
            same(f, x(1, 2), x(6), axis=0, mode=mode)
        same(f, x(3, 2, dtype=complex), x(2, dtype=complex), axis=0, mode="constant", cval=0.3 - 0.2j)
        same(f, x(3), x(3, dtype=complex), mode="mirror")
        same(f, x(3, dtype=complex), x(3))
        same(f, x(3), [1.0, 2.0], output=np.float64)
        same(f, x(0), x(2))
    for f in (ndimage.correlate, ndimage.convolve):
        for mode in MODES:
            same(f, x(3, 3), x(2, 3), mode=mode, cval=0.6)
            same(f, x(2, 3), x(3, 4), mode=mode, cval=0.6, origin=(1, -1))
        if HAVE_AXES:
            same(f, x(3, 2, 2), x(2, 3), axes=(0, 2), origin=(0, 1))
            same(f, x(3, 2), x(2), axes=0, mode="mirror")
        same(f, x(3, 2, dtype=complex), x(2, 2, dtype=complex), mode="constant", cval=0.3 - 0.2j, origin=-1)

    for options in (
        {},
        {"order": 1},
        {"order": 2, "axis": 0},
        {"order": 3, "mode": "wrap"},
        {"radius": 1, "mode": "nearest"},
    ):
        same(ndimage.gaussian_filter1d, x(4, 3), 0.8, **options)
        same(
            ndimage.gaussian_filter1d, x(4, 3), x([0.8], layout="C"), of=lambda f, v, s, **o: f(v, s[0], **o), **options
        )
    same(ndimage.gaussian_filter1d, x(4), 0.8, truncate=1.0, cval=2.0, mode="constant")
    for options in (
        {},
        {"order": (1, 0)},
        {"mode": ["wrap", "constant"], "cval": 0.4},
        {"axes": (1,)},
        {"radius": [1, 2]},
    ):
        same(ndimage.gaussian_filter, x(3, 4), 0.7, **options)
    same(ndimage.gaussian_filter, x(3, 4), x([0.7, 1.1]))
    same(ndimage.gaussian_filter, x(3, 4), [0, 1.1])
    same(ndimage.gaussian_filter, x(3, dtype=complex), 1.1)
    same(ndimage.gaussian_filter, x(3), 0)
    for mode in MODES:
        same(ndimage.uniform_filter1d, x(5), 3, mode=mode, cval=0.4)
        same(ndimage.uniform_filter1d, x(2, 3), 4, axis=0, mode=mode, cval=0.4, origin=1)
    same(ndimage.uniform_filter1d, x(3, dtype=complex), 2)
    for options in ({}, {"size": (1, 2)}, {"size": 1}, {"mode": ("wrap", "mirror"), "origin": (0, 1)}, {"axes": [0]}):
        same(ndimage.uniform_filter, x(3, 4), **options)
    for f in (ndimage.sobel, ndimage.prewitt):
        for options in ({}, {"axis": 0, "mode": ["constant", "wrap"], "cval": 0.3}):
            same(f, x(3, 4), **options)
    for options in (
        {},
        {"mode": ["constant", "wrap"], "cval": 0.3},
        *([{"axes": (1,)}, {"axes": ()}] if HAVE_AXES else []),
    ):
        same(ndimage.laplace, x(3, 4), **options)
        same(ndimage.gaussian_laplace, x(3, 4), 0.6, **options)
    same(ndimage.gaussian_laplace, x(3, 4), x([0.6, 0.9]), truncate=3.0)

    # Interpolation: points within, beyond both ends, and far out. Where order 0 and 1 have kinks there is no point
    places = [[0.3, 1.6, 2.4, -0.4, 2.2, -3.3, 6.7], [1.3, 2.6, 0.2, 3.3, -0.7, 1.6, 9.1]]
    for mode in MODES:
        for order in (0, 1, 2, 3, 5):
            same(ndimage.map_coordinates, x(3, 4), x(places), order=order, mode=mode, cval=0.4)
        same(ndimage.map_coordinates, x(3, 4), x(places), mode=mode, prefilter=False)
        same(ndimage.shift, x(3, 4), x([0.4, -1.3]), order=1, mode=mode)
        same(
            ndimage.affine_transform,
            x(3, 4),
            x([[0.8, 0.3], [-0.4, 1.2]]),
            x([0.13, 0.24]),
            order=1,
            mode=mode,
            cval=0.3,
        )
    same(ndimage.map_coordinates, x(3, dtype=complex), x([[0.3, 1.6, 5.2]]), order=1, cval=0.4 - 0.2j)
    same(ndimage.map_coordinates, x(3, dtype=complex), x([[0.3, 1.6, 5.2]]), mode="mirror")
    same(ndimage.map_coordinates, x(2, 3, 2), x(3, 2, 2, low=0.1, high=0.9), order=1)
    same(ndimage.map_coordinates, x(3), x(1, 0), order=1)
    for order in (2, 3, 4, 5):
        for mode in MODES:
            same(ndimage.spline_filter1d, x(2, 4), order, axis=-1, mode=mode)
        same(ndimage.spline_filter, x(3, 4), order)
    same(ndimage.spline_filter1d, x(3, 2, dtype=complex), axis=0, output=complex)
    same(ndimage.spline_filter1d, x(3, 2), 1)
    same(ndimage.shift, x(5), 0.7)
    for options in (
        {},
        {"order": 1},
        {"order": 0, "mode": "nearest"},
        {"order": 1, "mode": "reflect", "grid_mode": True},
    ):
        same(ndimage.zoom, x(3, 4), (1.5, 0.7), **options)
    same(ndimage.zoom, x(3, 2, dtype=complex), 1.4, order=1, mode="mirror")
    same(ndimage.zoom, x(3, 1), 1)
    same(ndimage.shift, x(3, 4), x([0.4, -1.3]))
    if HAVE_AXES:  # older ones warn that its meaning has changed
        same(ndimage.affine_transform, x(3, 4), x([0.8, 1.2]), 0.23, order=1)
    same(ndimage.affine_transform, x(3, 4), x([[0.8, 0.3, 0.23], [-0.4, 1.2, 0.41]]), output_shape=(2, 3), order=1)
    same(ndimage.affine_transform, x(3, 4), x([[0.8], [0.3]]), 0.1, output_shape=(3,), order=1)
