"""Cases of scipy.interpolate, where SciPy is installed: each makes an object and calls it."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

if find_spec("scipy"):
    import scipy.interpolate

    from tensorgrad.scipy import interpolate
    from tensorgrad.scipy.boundaries import folded
    from tensorgrad.scipy.splines import solve_banded

    POINTS = [0.1, 0.7, 1.1, 2.0, 2.4, 3.1]
    AT = [[0.45, 1.6], [3.0, 0.93]]
    BEYOND = [0.45, -0.33, 2.24, 3.63]

    def called(cls, *data, nu=None, **options):
        """An object made of all data but the last, called with the last."""
        return cls(*data[:-1], **options)(data[-1], **({} if nu is None else {"nu": nu}))

    def same(cls, *args, of=called, **options):
        case(cls, *args, of=of, like=getattr(scipy.interpolate, cls.__name__), **options)

    for kind in ("linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 4, 5):
        same(interpolate.interp1d, x(POINTS), x(6), x(AT), kind=kind)
        if kind not in ("previous", "next"):  # which are nan beyond one end
            same(interpolate.interp1d, x(POINTS), x(2, 6), x(BEYOND), kind=kind, fill_value="extrapolate")
        same(interpolate.interp1d, x(POINTS), x(6, 2), x(BEYOND), kind=kind, axis=0, bounds_error=False, fill_value=(0.3, [1.0, 2.0]))
        same(interpolate.interp1d, x(POINTS[::-1]), x(6), x(), kind=kind, of=lambda f, x, y, at, **o: f(x, y, **o)(1 + at / 5))
    same(interpolate.interp1d, POINTS, x(2, 6, dtype=complex), x(AT))
    same(interpolate.interp1d, POINTS, x(6), x(0))
    same(interpolate.interp1d, x([0.5, 1.5]), x(2), x([0.7]), assume_sorted=True)
    same(interpolate.interp1d, [0.0, 1.0, 2.0], [1.0, 2.0, 4.0], x([0.7]))

    for bc in ("not-a-knot", "clamped", "natural", ("natural", (1, 0.4)), ((2, -0.6), "not-a-knot")):
        same(interpolate.CubicSpline, x(POINTS), x(6), x(BEYOND), bc_type=bc)
        same(interpolate.CubicSpline, x(POINTS[:3]), x(3), x([0.3, 2.0]), bc_type=bc)
        same(interpolate.CubicSpline, x(POINTS[:2]), x(2), x([0.3, 2.0]), bc_type=bc)
    for n in (2, 3, 4, 6):

        def of(cls, points, y, at, **options):
            return cls(points, np.concatenate([y, y[:1]]), **options)(at)

        like = scipy.interpolate.CubicSpline
        case(interpolate.CubicSpline, x(POINTS[:n]), x(n - 1, 2), x(BEYOND), bc_type="periodic", of=of, like=like)
    for nu in (1, 2, 3, 4):
        same(interpolate.CubicSpline, x(POINTS), x(6), x(BEYOND), nu=nu)
    same(interpolate.CubicSpline, POINTS, x(2, 6, 2), x(AT), axis=1)
    same(interpolate.CubicSpline, POINTS, x(2, 6), x(BEYOND), axis=-1, extrapolate="periodic")
    same(interpolate.CubicSpline, POINTS, x(6, dtype=complex), x(AT))
    same(interpolate.CubicSpline, POINTS, x(6), x(0))
    same(interpolate.CubicSpline, POINTS, [1.0, 2.0, 0.0, 4.0, 2.0, 1.0], x())
    same(interpolate.CubicSpline, POINTS, x(6), x(AT), extrapolate=False)
    same(interpolate.CubicSpline, POINTS, x(6, 2), x(AT), bc_type=((1, np.array([0.3, 0.7])), "natural"))
    for n in (2, 3, 6):
        same(interpolate.PchipInterpolator, x(POINTS[:n]), x(n), x([0.4, 1.0, 1.3]))
    same(interpolate.PchipInterpolator, x(POINTS), x([0.0, 1.0, 1.5, 4.0, 9.0, 9.5]), x(BEYOND))
    same(interpolate.PchipInterpolator, POINTS, x(2, 6), x(AT), axis=1, nu=1)
    same(interpolate.CubicHermiteSpline, x(POINTS), x(6), x(6), x(BEYOND))
    same(interpolate.CubicHermiteSpline, x(POINTS), x(2, 6), x(2, 6), x(AT), axis=1)

    def integral(cls, points, y, a, b, **options):
        return cls(points, y, **options).integrate(a, b)

    for a, b in ((0.3, 2.6), (2.6, -0.4), (3.7, 0.2)):
        for options in ({}, {"bc_type": "natural", "extrapolate": "periodic"}):
            case(
                interpolate.CubicSpline, x(POINTS), x(6, 2), x(a), x(b), of=integral,
                like=scipy.interpolate.CubicSpline, **options,
            )  # fmt: skip
    for f, arguments in ((interpolate.PchipInterpolator, [x(6)]),):
        case(f, x(POINTS), *arguments, x(0.3), x(2.2), of=integral, like=scipy.interpolate.PchipInterpolator)
    case(
        interpolate.CubicHermiteSpline, x(POINTS), x(6), x(6), x(0.3), x(2.2), like=scipy.interpolate.CubicHermiteSpline,
        of=lambda cls, points, y, dydx, a, b: cls(points, y, dydx).integrate(a, b),
    )  # fmt: skip

    GRID = ([0.0, 0.6, 1.5], [3.0, 2.0, 0.5, 0.0])
    INSIDE = [[0.2, 1.3], [1.4, 2.7], [0.9, 0.3]]
    for method in ("linear", "nearest"):
        same(interpolate.RegularGridInterpolator, GRID, x(3, 4), x(INSIDE), method=method)
        same(interpolate.RegularGridInterpolator, GRID, x(3, 4, 2), x([INSIDE, INSIDE]), method=method)
        for fill in (None, 0.7):
            outside = x([[0.2, 1.3], [-0.4, 2.7], [1.9, -0.3]])
            same(interpolate.RegularGridInterpolator, GRID, x(3, 4), outside, method=method, bounds_error=False, fill_value=fill)
        same(interpolate.RegularGridInterpolator, GRID[:1], x(3, dtype=complex), x([0.2, 1.3]), method=method)
        case(interpolate.interpn, GRID, x(3, 4), x(INSIDE), method=method, like=scipy.interpolate.interpn)
    same(interpolate.RegularGridInterpolator, ([0.0, 1.0], [0.0, 2.0], [1.0, 2.0]), x(2, 2, 2), x([0.3, 1.1, 1.4]))
    same(interpolate.RegularGridInterpolator, GRID, x(3, 4), (x([0.2, 0.8]), x([1.3])))

    # What they are made of
    case(solve_banded, positive(4, 5), x(5, 2), 1, 2, of=lambda f, bands, b, l, u: f(bands + np.array([[0.0], [0], [4], [0]]), b, l, u))
    for mode in ("reflect", "mirror", "wrap", "nearest", "constant"):
        case(folded, x(7, 5), [(2, 3), (0, 4)], mode)
