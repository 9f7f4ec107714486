"""Formulas that derivatives of SciPy's functions are taken from compute what SciPy does: small sizes, all modes, edges.

Values at a jump, or at the join of two pieces, tell whether the gradient goes to the element that SciPy takes.
"""

from itertools import product

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.interpolate
import scipy.ndimage
import scipy.signal

from tensorgrad.scipy import curves, interpolate, sampling, signal

MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant", "grid-wrap")


def check(formula, theirs, *args, tol=1e-9, **kwargs):
    """Whether SciPy computes this, and then so does the formula."""
    try:
        wanted = theirs(*args, **kwargs)
    except ValueError:
        return False
    np.testing.assert_allclose(formula(*args, **kwargs), wanted, rtol=tol, atol=tol, err_msg=repr((args, kwargs)))
    return True


def test_smoothing(rng):
    sizes = [(n, w, p) for n in range(1, 8) for w in range(1, n + 1) for p in range(min(w, 3))]
    for (n, w, p), mode in product(sizes, ("interp", "mirror", "constant", "nearest", "wrap")):
        assert check(signal._smoothed, scipy.signal.savgol_filter, rng.normal(size=n), w, p, mode=mode)


def test_filters_both_ways(rng):
    filters = [([0.3, 0.2], [1.0, -0.4]), ([0.3, 0.2, 0.1], [2.0]), ([0.3], [1.0, 0.2, 0.1])]
    paddings = product([None, *range(7)], ["odd", "even", "constant", None])
    done = 0
    for n, (padlen, padtype), (b, a) in product(range(2, 9), paddings, filters):
        arguments = np.array(b), np.array(a), rng.normal(size=n), -1, padtype, padlen
        done += check(signal._forwards_and_backwards, scipy.signal.filtfilt, *arguments)
    assert done > 300


@pytest.mark.parametrize("shape", [(1,), (2,), (3,), (1, 2), (4, 3)])
def test_interpolation_between_elements(rng, shape):
    near, at_elements = rng.uniform(-12, 12, (len(shape), 20)), rng.integers(-6, 7, (len(shape), 20))
    c = np.concatenate([near, at_elements], 1)
    for order, mode, prefilter in product(range(6), MODES, (True, False)):
        x, settings = rng.normal(size=shape), (None, order, mode, 0.3, prefilter)
        assert check(sampling.sampled, scipy.ndimage.map_coordinates, x, c, *settings, tol=1e-7)
        assert check(sampling.shifted, scipy.ndimage.shift, x, 2.0, *settings, tol=1e-7)
        assert check(sampling.zoomed, scipy.ndimage.zoom, x, 2.0, *settings, tol=1e-7)
        if mode not in ("constant", "wrap"):
            check(sampling.zoomed, scipy.ndimage.zoom, x, 1.4, *settings, grid_mode=True, tol=1e-7)


@pytest.mark.parametrize("n", range(2, 8))
def test_curves(rng, n):
    x, y = np.cumsum(rng.uniform(0.5, 1.5, n)), rng.normal(size=(n, 2))
    at = np.concatenate([rng.uniform(x[0] - 2, x[-1] + 2, 20), x])
    for kind in ("linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 5):
        for fill in ("extrapolate", (0.2, 0.4)):
            arguments = x, y, at, kind, 0, False, fill, False
            done = check(interpolate._interp1d_formula, interpolate._interp1d, *arguments)
            assert done or n < 6
    for kind, how in (("akima", "akima"), ("akima", "makima"), ("pchip", None)):
        if kind == "pchip" or n > 2:  # SciPy 1.13 has no akima of two points
            arguments = x, np.round(y), None, at, kind, 0, how, 0, True
            assert check(curves._formula, curves._piecewise_cubic, *arguments)


@pytest.mark.parametrize("n", range(2, 8))
@pytest.mark.parametrize("bc_type", ["not-a-knot", "clamped", ("not-a-knot", "natural"), "periodic"])
def test_cubic_splines(rng, n, bc_type):
    x, y = np.cumsum(rng.uniform(0.5, 1.5, n)), rng.normal(size=(n, 2))
    y[-1] = y[0] if bc_type == "periodic" else y[-1]
    at = rng.uniform(x[0] - 2, x[-1] + 2, 20)
    for extrapolate in (True, False, "periodic"):
        for nu in range(5):
            points = at if extrapolate == "periodic" and nu else np.concatenate([at, x])
            arguments = x, y, None, points, "cubic", 0, bc_type, nu, extrapolate
            assert check(curves._formula, curves._piecewise_cubic, *arguments, tol=1e-7)
        for a, b in ((x[0] - 3, x[-1] + 5), (x[-1], x[0]), (x[0] + 0.1, x[0] + 0.1)):
            arguments = x, y, None, np.array(a), np.array(b), "cubic", 0, bc_type, extrapolate
            assert check(curves._integral_formula, curves._integral, *arguments, tol=1e-7)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 3, 2)])
def test_tables(rng, shape):
    grid = [np.sort(rng.normal(size=n)) * (-1) ** k for k, n in enumerate(shape)]
    corners = np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, len(shape))
    at = np.concatenate([1.5 * rng.normal(size=(20, len(shape))), corners])
    for method, fill in product(("linear", "nearest"), (None, 0.4, np.nan)):
        arguments = rng.normal(size=shape), at, grid, method, False, fill
        assert check(interpolate._on_grid_formula, interpolate._on_grid, *arguments)
