"""The array API standard for Tensors: the namespace that libraries get when they are given one.

TODO
"""

import sys
from importlib import import_module
from typing import Any

import numpy as np
from numpy import (
    bool,
    complex64,
    complex128,
    e,
    finfo,
    float32,
    float64,
    iinfo,
    inf,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    nan,
    newaxis,
    pi,
    uint8,
    uint16,
    uint32,
    uint64,
)

from ..tensor import namespaces
from . import fft, linalg
from .creation import (
    arange,
    asarray,
    astype,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from .sorting import argsort, expand_dims, sort
from .wrapping import of_tensors

# The standard's functions that are NumPy's of that name. Those that came to the standard after the installed NumPy are missing.
NUMPYS = """
abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
round sign signbit sin sinh square sqrt subtract tan tanh trunc
matmul matrix_transpose tensordot vecdot
broadcast_arrays broadcast_shapes broadcast_to concat flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack
argmax argmin count_nonzero isin nonzero searchsorted where take take_along_axis
unique_all unique_counts unique_inverse unique_values
cumulative_prod cumulative_sum max mean min prod std sum var all any diff
can_cast result_type
""".split()

globals().update({name: of_tensors(getattr(np, name)) for name in NUMPYS if hasattr(np, name)})

__array_api_version__ = "2024.12"
__array_namespace_info__ = np.__array_namespace_info__

namespaces["array_api"] = sys.modules[__name__]


def __getattr__(name: str) -> Any:
    """`special`: the functions of `tensorgrad.special`, where SciPy looks for those of a namespace. Needs SciPy."""
    if name != "special":
        raise AttributeError(f"tensorgrad.array_api has no {name!r}")
    return import_module("tensorgrad.special")
