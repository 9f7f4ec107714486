"""Cases of scipy.interpolate, where SciPy is installed: each makes an object and calls it."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

if find_spec("scipy"):
    import scipy.interpolate

    from tensorgrad.scipy import interpolate
    from tensorgrad.scipy.boundaries import folded
    from tensorgrad.scipy.splines import solve_banded

    # Points are the sums of gaps, so that they increase whatever the gaps are
    GAPS = [0.5, 0.6, 0.4, 0.9, 0.4, 0.5]
    AT = [[0.74, 1.66], [3.13, 1.17]]
    BEYOND = [0.74, 0.13, 2.74, 3.63]

    def called(cls, gaps, *data, nu=None, **options):
        """An object made of points and all data but the last, called with the last."""
        return cls(np.cumsum(gaps), *data[:-1], **options)(data[-1], **({} if nu is None else {"nu": nu}))

    def downwards(cls, gaps, y, at, **options):
        return cls(np.cumsum(gaps)[::-1], y, **options)(1 + at / 5)

    def periodic(cls, gaps, y, at, **options):
        return cls(np.cumsum(gaps), np.concatenate([y, y[:1]]), **options)(at)

    def integral(cls, gaps, *data, **options):
        return cls(np.cumsum(gaps), *data[:-2], **options).integrate(*data[-2:])

    def same(cls, *args, of=called, **options):
        case(cls, *args, of=of, like=getattr(scipy.interpolate, cls.__name__), **options)

    f = interpolate.interp1d
    for kind in ("linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 5):
        fill = (0.3, [1.0, 2.0])
        same(f, x(GAPS), x(6), x(AT), kind=kind)
        same(f, x(GAPS), x(6, 2), x(BEYOND), kind=kind, axis=0, bounds_error=False, fill_value=fill)
        same(f, x(GAPS), x(6), x(), kind=kind, of=downwards)
        if kind not in ("previous", "next"):  # which are nan beyond one end
            same(f, x(GAPS), x(2, 6), x(BEYOND), kind=kind, fill_value="extrapolate")
    same(f, GAPS, x(2, 6, dtype=complex), x(AT))
    same(f, GAPS, x(6), x(0))
    same(f, x([0.5, 0.9]), x(2), x([1.2]), assume_sorted=True)
    same(f, GAPS[:3], [1.0, 2.0, 4.0], x([0.83]))

    f = interpolate.CubicSpline
    for bc in ("not-a-knot", "clamped", "natural", ("natural", (1, 0.4)), ((2, -0.6), "not-a-knot")):
        for n in (2, 3, 6):
            same(f, x(GAPS[:n]), x(n), x(BEYOND), bc_type=bc)
    for n in (2, 3, 4, 6):
        same(f, x(GAPS[:n]), x(n - 1, 2), x([0.47, -0.33, 2.24]), bc_type="periodic", of=periodic)
    for nu in (1, 2, 3, 4):
        same(f, x(GAPS), x(6), x(BEYOND), nu=nu)
    same(f, GAPS, x(2, 6, 2), x(AT), axis=1)
    same(f, GAPS, x(2, 6), x(BEYOND), axis=-1, extrapolate="periodic")
    same(f, GAPS, x(6, dtype=complex), x(AT))
    same(f, GAPS, x(6), x(0))
    same(f, GAPS, [1.0, 2.0, 0.0, 4.0, 2.0, 1.0], x())
    same(f, GAPS, x(6), x(AT), extrapolate=False)
    same(f, GAPS, x(6, 2), x(AT), bc_type=((1, np.array([0.3, 0.7])), "natural"))
    f = interpolate.PchipInterpolator
    for n in (2, 3, 6):
        same(f, x(GAPS[:n]), x(n), x([0.45, 1.0, 1.3]))
    same(f, x(GAPS), x([0.0, 1.0, 1.5, 4.0, 9.0, 9.5]), x(BEYOND))
    same(f, GAPS, x(2, 6), x(AT), axis=1, nu=1)
    f = interpolate.Akima1DInterpolator
    for method in ("akima", "makima"):
        for n in (3, 6):
            same(f, x(GAPS[:n]), x(n), x([0.63, 1.0, 1.3]), method=method)
    same(f, x(GAPS), x(2, 6), x(AT), axis=1, nu=1)
    f = interpolate.CubicHermiteSpline
    same(f, x(GAPS), x(6), x(6), x(BEYOND))
    same(f, GAPS, x(2, 6), x(2, 6), x(AT), axis=1)

    for a, b in ((0.33, 2.46), (2.26, -0.43), (3.73, 0.22)):
        for options in ({}, {"bc_type": "natural", "extrapolate": "periodic"}):
            same(interpolate.CubicSpline, x(GAPS), x(6, 2), x(a), x(b), of=integral, **options)
    same(interpolate.PchipInterpolator, x(GAPS), x(6), x(0.33), x(2.2), of=integral)
    same(interpolate.CubicHermiteSpline, x(GAPS), x(6), x(6), x(0.33), x(2.2), of=integral)

    def table(cls, grid, values, at, **options):
        return cls(grid, values, **options)(at)

    f = interpolate.RegularGridInterpolator
    grid, inside, outside = ([0.0, 0.6, 1.5], [3.0, 2.0, 0.5, 0.0]), [[0.2, 1.3], [1.4, 0.7], [0.9, 0.4]], [-0.4, 2.7]
    for method in ("linear", "nearest"):
        same(f, grid, x(3, 4), x(inside), method=method, of=table)
        same(f, grid, x(3, 4, 2), x([inside, inside]), method=method, of=table)
        for fill in (None, 0.7):
            same(f, grid, x(3, 4), x([*inside, outside]), of=table, method=method, bounds_error=False, fill_value=fill)
        same(f, grid[:1], x(3, dtype=complex), x([0.2, 1.3]), method=method, of=table)
        case(interpolate.interpn, grid, x(3, 4), x(inside), method=method, like=scipy.interpolate.interpn)
    same(f, ([0.0, 1.5], [0.0, 2.0], [0.0, 1.0, 2.0]), x(2, 2, 3), x([0.3, 1.1, 1.4]), of=table)
    same(f, grid, x(3, 4), (x([0.2, 0.8]), x([1.3])), of=table)
    same(f, grid, x(3, 4), (x(0.2), 1.3), of=table)

    # What they are made of
    def dominant(solve, bands, *rest):
        return solve(bands + np.array([[0.0], [0.0], [4.0], [0.0]]), *rest)

    case(solve_banded, positive(4, 5), x(5, 2), 1, 2, of=dominant)
    for mode in ("reflect", "mirror", "wrap", "nearest", "constant"):
        case(folded, x(7, 5), [(2, 3), (0, 4)], mode)
