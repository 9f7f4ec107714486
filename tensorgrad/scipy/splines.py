"""The formulas of splines, written in functions that record: what the derivatives of scipy.interpolate are made from.

Points are x, in increasing order, values y, along the first of two axes. A curve is evaluated at points `at`, of one
dimension, and has a derivative with respect to all three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.arrays import rows_of
from ..derivatives.formulas import by_name, formula
from .banded_equations import in_band
from .recording import with_derivative

# Systems with a banded matrix ----------------------------------------------------------------------------------------
#
# In a band matrix of LAPACK's, row u - d holds the diagonal d places to the right: ab[u - d, j] = A[j - d, j].


def moved(v: Any, k: int) -> Any:
    """v[j + k] along the first axis, and 0 where there is none."""
    if k == 0:
        return v
    zeros = np.zeros((abs(k), *v.shape[1:]))
    return np.concatenate([v[k:], zeros] if k > 0 else [zeros, v[:k]])


@by_name("the bands of the transposed matrix")
def transposed(bands: Any, lower: int, upper: int) -> Any:
    """The bands of the transposed matrix, which has upper and lower exchanged."""
    return np.stack([moved(bands[upper + d], -d) for d in range(lower, -upper - 1, -1)])


def _solve_banded(bands: Any, b: Any, lower: int, upper: int) -> Any:
    return scipy.linalg.solve_banded((lower, upper), bands, b)


@formula(
    f"{in_band.__name__}(-d @ y.T, lower, upper)", d="solve_banded(transposed(bands, lower, upper), g, upper, lower)"
)
def _of_bands(g: Any, y: Any, bands: Any, b: Any, lower: int, upper: int) -> Any:
    """-A^-T g y^T, as far as it is in the bands."""
    g = solve_banded(transposed(bands, lower, upper), g, upper, lower)
    along = range(upper, -lower - 1, -1)
    return np.stack([-np.sum(moved(g, -d) * y, 1) for d in along])


solve_banded: Callable = with_derivative(
    _solve_banded,
    _of_bands,
    lambda g, y, bands, b, lower, upper: solve_banded(transposed(bands, lower, upper), g, upper, lower),
)


# Piecewise cubic curves, by the slopes at their points ---------------------------------------------------------------


def piece(x: Any, at: Any) -> Any:
    """The number of the piece in which each point lies; the first and the last go on beyond the ends."""
    return np.clip(np.searchsorted(x, at, "right") - 1, 0, len(x) - 2)


def column(v: Any) -> Any:
    return v[:, None]


def cubic(x: Any, y: Any, slopes: Any, at: Any, nu: int, extrapolate: Any) -> Any:
    """The curve through y with these slopes, differentiated nu times, or with nu = -1 its integral from x[0] on."""
    whole, period = 0, x[-1] - x[0]
    if extrapolate == "periodic":
        whole = np.floor((at - x[0]) / period)
        at = at - whole * period
    i = piece(x, at)
    h, t = column(np.diff(x)), column(at - rows_of(x, i))
    slope = np.diff(y, axis=0) / h
    bend = (slopes[:-1] + slopes[1:] - 2 * slope) / h
    coefficients = [y[:-1], slopes[:-1], (slope - slopes[:-1]) / h - bend, bend / h]
    if nu == -1:
        areas = h * (y[:-1] + y[1:]) / 2 + h * h * (slopes[:-1] - slopes[1:]) / 12
        before = np.concatenate([0 * areas[:1], np.cumsum(areas, 0)])
        value = rows_of(before, i) + sum(
            (rows_of(c, i) * t ** (k + 1) / (k + 1) for k, c in enumerate(coefficients)), 0
        )
        value = value + column(whole + 0 * at) * before[-1]
    else:
        value = 0 * (rows_of(coefficients[0], i) + t)
        for k in range(nu, 4):
            value = value + np.prod(np.arange(k - nu + 1, k + 1)) * rows_of(coefficients[k], i) * t ** (k - nu)
    if extrapolate is False:
        value = np.where(column((at < x[0]) | (at > x[-1])), np.nan, value)
    return value


def natural_slopes(x: Any, y: Any, conditions: tuple) -> Any:
    """The slopes of the cubic spline, whose second derivative is continuous, with its conditions at both ends.

    A condition is 'not-a-knot', or (1, slope), (2, second derivative). (de Boor, A practical guide to splines, 1978,
    chapter IV.)
    """
    h = np.diff(x)
    slope, n = np.diff(y, axis=0) / column(h), len(x)
    if n == 2:
        conditions = tuple((1, slope[0]) if c in ("not-a-knot", "periodic") else c for c in conditions)
    if n == 3 and conditions == ("not-a-knot", "not-a-knot"):  # the parabola
        middle = (h[1] * slope[0] + h[0] * slope[1]) / (h[0] + h[1])
        return np.stack([2 * slope[0] - middle, middle, 2 * slope[1] - middle])
    if conditions[0] == "periodic":
        return periodic_slopes(h, slope)
    first = end_condition(conditions[0], h, slope)
    last = end_condition(conditions[1], np.flip(h), np.flip(slope, 0), -1)
    inner = 3 * (column(h[1:]) * slope[:-1] + column(h[:-1]) * slope[1:])
    upper = np.concatenate([[0.0], one(first[1]), h[:-1]])
    diagonal = np.concatenate([one(first[0]), 2 * (h[:-1] + h[1:]), one(last[0])])
    lower = np.concatenate([h[1:], one(last[1]), [0.0]])
    b = np.concatenate([first[2][None], inner, last[2][None]])
    return solve_banded(np.stack([upper, diagonal, lower]), b, 1, 1)


def one(number: Any) -> Any:
    return np.reshape(number, 1)


def end_condition(condition: Any, h: Any, slope: Any, direction: int = 1) -> tuple[Any, Any, Any]:
    """The first equation, p s_0 + q s_1 = r; the last one, where h and slope are reversed."""
    if condition == "not-a-knot":
        d = h[0] + h[1]
        return h[1], d, ((h[0] + 2 * d) * h[1] * slope[0] + h[0] ** 2 * slope[1]) / d
    order, value = condition
    value = value + 0 * slope[0]
    if order == 1:
        return 1.0 + 0 * h[0], 0 * h[0], value
    return 2 * h[0], h[0], 3 * h[0] * slope[0] - direction * value * h[0] ** 2 / 2


def periodic_slopes(h: Any, slope: Any) -> Any:
    """The slopes where the last point is the first one again: the matrix has two corners more."""
    before, behind = np.roll(h, 1), h
    if len(h) == 2:
        s = np.sum(slope / column(h), 0) / np.sum(1 / h)
        return np.stack([s, s, s])
    b = 3 * (column(before) * slope + column(behind) * np.roll(slope, 1, 0))
    # with the last unknown taken out, two systems with three diagonals: s = u + s_last v
    m = len(h) - 1
    bands = np.stack([
        np.concatenate([[0.0], before[: m - 1]]), 2 * (before + behind)[:m], np.concatenate([behind[1:m], [0.0]])
    ])  # fmt: skip
    corner = np.concatenate([-one(behind[0]), np.zeros(m - 1)]) - np.concatenate([np.zeros(m - 1), one(before[m - 1])])
    both = solve_banded(bands, np.concatenate([b[:m], column(corner)], 1), 1, 1)
    u, v = both[:, :-1], both[:, -1]
    last = (b[m] - behind[m] * u[m - 1] - before[m] * u[0]) / (
        2 * (before[m] + behind[m]) + behind[m] * v[m - 1] + before[m] * v[0]
    )
    s = np.concatenate([u + column(v) * last, last[None]])
    return np.concatenate([s, s[:1]])


def monotone_slopes(x: Any, y: Any) -> Any:
    """The slopes that keep a curve monotone where its points are (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5,
    1984; at the ends, Moler, Numerical computing with Matlab, 2004, section 3.6)."""
    h = column(np.diff(x))
    slope = np.diff(y, axis=0) / h
    if len(x) == 2:
        return np.concatenate([slope, slope])
    left, right, hl, hr = slope[:-1], slope[1:], h[:-1], h[1:]
    turns = (np.sign(left) != np.sign(right)) | (left == 0) | (right == 0)
    mean = (2 * hr + hl) / np.where(turns, 1, left) + (hr + 2 * hl) / np.where(turns, 1, right)
    inner = np.where(turns, 0, 3 * (hl + hr) / np.where(turns, 1, mean))
    ends = [monotone_end(h[0], h[1], slope[0], slope[1]), monotone_end(h[-1], h[-2], slope[-1], slope[-2])]
    return np.concatenate([ends[0][None], inner, ends[1][None]])


def monotone_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope of the parabola through the first three points, unless the curve would turn by it."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0, np.where(steep, 3 * m0, d))


def local_slopes(x: Any, y: Any, method: str) -> Any:
    """Slopes between those of the pieces left and right, nearer to that beside which the curve turns less (Akima,
    J. ACM 17, 1970). With 'makima' flat pieces count as those that turn less, too."""
    slope = np.diff(y, axis=0) / column(np.diff(x))
    if len(x) == 2:
        return np.concatenate([slope, slope])
    first, last = 2 * slope[0] - slope[1], 2 * slope[-1] - slope[-2]
    ends = [v[None] for v in (2 * first - slope[0], first, last, 2 * last - slope[-1])]
    m = np.concatenate([*ends[:2], slope, *ends[2:]])
    turn = np.abs(np.diff(m, axis=0))
    if method == "makima":
        turn = turn + np.abs(m[1:] + m[:-1]) / 2
    total = turn[2:] + turn[:-2]
    known = total > 1e-9 * np.max(total, initial=0)
    share = turn[:-2] / np.where(known, total, 1)
    return np.where(known, m[1:-2] + share * (m[2:-1] - m[1:-2]), (m[3:] + m[:-3]) / 2)


# B-splines -----------------------------------------------------------------------------------------------------------


def not_a_knot(x: Any, k: int) -> Any:
    """The knots of a spline of degree k through points x."""
    if k == 0:
        return np.concatenate([x, x[-1:]])
    t, cut = (x, (k + 1) // 2) if k % 2 else ((x[1:] + x[:-1]) / 2, k // 2)
    return np.concatenate([np.repeat(x[:1], k + 1), t[cut : len(t) - cut], np.repeat(x[-1:], k + 1)])


def basis(t: Any, k: int, at: Any) -> tuple[Any, list]:
    """The interval of each point, and the k + 1 B-splines that aren't 0 there (de Boor, chapter X, (8))."""
    interval = np.clip(np.searchsorted(t, at, "right") - 1, k, len(t) - k - 2)
    found = [1 + 0 * at]
    for degree in range(1, k + 1):
        rest, following = 0.0, []
        for r, value in enumerate(found):
            right, left = rows_of(t, interval + r + 1), rows_of(t, interval + 1 + r - degree)
            share = value / (right - left)
            following.append(rest + (right - at) * share)
            rest = (at - left) * share
        found = [*following, rest]
    return interval, found


def b_spline_through(x: Any, y: Any, k: int, at: Any) -> Any:
    """The spline of degree k through the points, at others."""
    t, n = not_a_knot(x, k), len(x)
    interval, found = basis(t, k, x)
    weights = np.stack(found, 1)
    bands = []
    for d in range(k, -k - 1, -1):
        row = np.arange(n) - d
        there = (row >= 0) & (row < n)
        row = np.clip(row, 0, n - 1)
        which = np.arange(n) - interval[row] + k
        there = there & (which >= 0) & (which <= k)
        bands.append(np.where(there, weights[row, np.clip(which, 0, k)], 0))
    c = solve_banded(np.stack(bands), y, k, k)
    interval, found = basis(t, k, at)
    terms = [column(w) * rows_of(c, interval - k + r) for r, w in enumerate(found)]
    return sum(terms[1:], terms[0])
