"""Cases of averages, order statistics, covariance, and the functions that leave nan out."""

import numpy as np
from cases import case, positive, x

from tensorgrad.derivatives.statistics import positions

mask = np.array([[True, False, True], [True, True, False]])
nan = np.nan

# Averages and spreads

case(np.average, x(2, 3))
case(np.average, x(), keepdims=True)
case(np.average, x(2, 3), axis=1, keepdims=True)
case(np.average, x(2, 3, 2), axis=(0, -1))
case(np.average, x(2, 3), weights=positive(2, 3))
case(np.average, x(2, 3), axis=0, weights=positive(2))
case(np.average, x(2, 3), axis=-1, weights=positive(3), keepdims=True)
case(np.average, np.arange(6.0).reshape(2, 3), 1, positive(3))
case(np.average, x(2, 3), axis=1, weights=[1, 2, 3], returned=True)
case(np.average, x(2, 3, layout="F"), axis=0, weights=positive(2), returned=True)
case(np.average, [1.0, 2.0, 4.0], weights=positive(3), returned=True)

case(np.ptp, x(4))
case(np.ptp, x())
case(np.ptp, x(2, 3), axis=1, keepdims=True)
case(np.ptp, x(2, 3, 2, layout="strided"), axis=(0, -1))

case(np.bincount, np.array([0, 2, 2, 5]), x(4))
case(np.bincount, [1, 1, 0], weights=x(3), minlength=5)

for options in ({}, {"rowvar": False}, {"bias": True}, {"ddof": 0}, {"ddof": 2}):
    case(np.cov, x(3, 4), **options)
case(np.cov, x(5))
case(np.cov, x(3, 4), x(3, 4))
case(np.cov, x(5), x(5))
case(np.cov, x(4, 2), x(4, 2), rowvar=False)
case(np.cov, x(3, 4, layout="F"), fweights=[1, 2, 1, 3])
case(np.cov, x(2, 4), aweights=positive(4))
case(np.cov, x(2, 4), fweights=[1, 2, 1, 3], aweights=positive(4))
case(np.cov, x(2, 4), aweights=positive(4), ddof=0)
case(np.cov, x(2, 3, dtype=complex))
case(np.corrcoef, x(3, 4))
case(np.corrcoef, x(4), x(4))
case(np.corrcoef, x(4, 2), rowvar=False)
case(np.corrcoef, x(2, 3, dtype=complex))

# Order statistics

for f in (np.median, np.nanmedian):
    case(f, x(5))
    case(f, x(4))
    case(f, x())
    case(f, x(1))
    case(f, x(2, 3), axis=0)
    case(f, x(3, 4, layout="F"), axis=-1, keepdims=True)
    case(f, x(2, 3, 2, layout="strided"), axis=(0, 2))
    case(f, x(2, 3), None, keepdims=True)
    case(f, x(0, 3), axis=1)
case(np.nanmedian, x([[1.0, nan, 3.0, 2.0], [nan, nan, 5.0, 4.0]]), axis=1)
case(np.nanmedian, x([1.0, nan, 3.0, 7.0]))

METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip

for f, q in ((np.quantile, 0.37), (np.nanquantile, 0.37), (np.percentile, 37), (np.nanpercentile, 37)):
    one = q / 0.37
    for method in METHODS:
        case(f, x(7), q, method=method)
        case(f, x(2, 5), [q, 0.9 * one], axis=1, method=method)
    case(f, x(), q)
    case(f, x(1), q)
    case(f, x(6), np.array([[0.0, 0.2, 1.0], [0.5, 0.5, 0.4]]) * one)
    case(f, x(2, 3, 2, layout="F"), q, axis=(0, -1), keepdims=True)
    case(f, x(3, 4, layout="strided"), [q, 0.5 * one], axis=0, keepdims=True)
    case(f, x(0, 3), q, axis=1)
    case(f, x(5), q, method="inverted_cdf", weights=np.array([1.0, 2.0, 1.0, 3.0, 1.0]))
    case(f, x(2, 3), q, axis=1, method="inverted_cdf", weights=np.array([[1.0, 2.0, 1.0], [3.0, 1.0, 1.0]]))

for f, q in ((np.quantile, [0.37, 0.7]), (np.percentile, [37, 70])):  # weights of one axis: NumPy's nanquantile fails
    case(f, x(2, 3), q, axis=-1, method="inverted_cdf", weights=[1.0, 0.5, 2.0], keepdims=True)

for f in (np.nanquantile, np.nanpercentile):
    one = 1 if f is np.nanquantile else 100
    case(f, x([[1.0, nan, 3.0, 2.0], [nan, nan, 5.0, 4.0]]), [0.3 * one, 0.8 * one], axis=1)
    case(f, x([1.0, nan, 3.0, 2.0]), 0.3 * one, method="hazen")

# By q: it moves the place, and so the value between two elements

for method in (
    "linear",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
    "lower",
):
    case(np.quantile, x(7), x([0.31, 0.62]), method=method)
    case(np.nanquantile, x([1.0, nan, 3.0, 2.0]), x(0.36 * np.ones(())), method=method)
case(np.quantile, x(2, 5), x([[0.3], [0.6]]), axis=1)
case(np.quantile, x(4), x([0.01, 0.99]), method="weibull")
case(np.percentile, x(2, 5), x([33.0, 60.0]), axis=0)
case(positions, np.arange(5.0), x([0.3, 0.6]), np.quantile, "linear", None)

# Without nan

HOLES = [[1.0, nan, 3.0], [nan, nan, 2.0]]

for f in (np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar):
    case(f, x(5))
    case(f, x())
    case(f, x(2, 3, layout="F"), axis=0)
    case(f, x(2, 1, 3, layout="strided"), axis=(0, -1), keepdims=True)
    case(f, x(HOLES))
    case(f, x(HOLES), axis=-1, keepdims=True)
case(np.nanstd, x(5))
case(np.nanstd, x(2, 3), axis=0)
case(np.nanstd, x([[1.0, nan, 3.0], [4.0, nan, 2.0]]), axis=1, ddof=1)
case(np.nanstd, x(3, 3), axis=1, where=[True, True, False], keepdims=True)
case(np.nanvar, x([[1.0, nan, 3.0], [4.0, nan, 2.0]]), axis=1, ddof=1, keepdims=True)
for f in (np.nanvar, np.nanstd):
    case(f, x(2, 4), axis=1, correction=1)
    case(f, x([[1.0, nan, 3.0], [4.0, nan, 2.0]]), axis=1, mean=np.array([[0.5], [0.25]], np.float32))
case(np.nanmean, x(2, 3), axis=0, where=mask)
case(np.nanmean, x(2, 3), dtype=np.float64)
case(np.nansum, x(HOLES), axis=1, initial=2.0, where=mask)
case(np.nanprod, x(HOLES), initial=2.0)
case(np.nansum, x(0, 3), axis=0)
case(np.nansum, x(3, dtype=complex))
for f in (np.nanmax, np.nanmin):
    case(f, x(HOLES), initial=1.7, axis=1)
    case(f, x(2, 3), axis=1, where=mask, initial=0.1)
for f in (np.nancumsum, np.nancumprod):
    case(f, x(4))
    case(f, x(HOLES))
    case(f, x(HOLES), axis=1)
    case(f, x(2, 3), axis=0, dtype=np.float64)
