"""The namespace of the array API standard for Tensors, which libraries written for the standard ask them for.

Its functions are NumPy's, and Tensors record them; so what such a library computes of a Tensor can be differentiated.
https://data-apis.org/array-api/2024.12, with the extensions `linalg` and `fft`.

>>> from tensorgrad import Tensor
>>> def rms(x):  # as a library writes it
...     xp = x.__array_namespace__()
...     return xp.sqrt(xp.mean(xp.pow(xp.abs(x), 2)))
>>> x = Tensor([3.0, 4.0])
>>> rms(x).backward()
>>> x.grad  # x / (n rms(x))
array([0.42426407, 0.56568542])

Arrays of floats and complex numbers are Tensors; those of integers and booleans are NumPy's,
since they can't have a gradient. What the namespace makes is a Tensor that requires none, and can be assigned into:

>>> xp = x.__array_namespace__()
>>> y = xp.zeros(3)
>>> y[1:] = 2 * x
>>> y, xp.arange(3), xp.argmax(x), x > 3
(Tensor([0. 6. 8.]), array([0, 1, 2]), np.int64(1), array([False,  True]))
>>> xp.asarray([x[0], 1.0])  # Tensors in a list are stacked
Tensor([3. 1.])

SciPy asks for it where the environment variable SCIPY_ARRAY_API=1 is set before it is imported. Functions that are
written in the standard then take Tensors (scipy.fft, a third of scipy.stats, ...), and those of scipy.special are taken
from `tensorgrad.special`. A function in compiled code raises a TypeError that names it. `tensorgrad.scipy` has
derivatives for many of these. scikit-learn asks inside `sklearn.config_context(array_api_dispatch=True)`.

Nothing leaves the graph in silence: a library that asks a Tensor that requires a gradient for an ndarray or a number
gets a TypeError. An array of NumPy can't be mixed with Tensors where a library looks for one namespace; make it
`Tensor(array, requires_grad=False)`. Functions that are newer than the installed NumPy are missing; what NumPy has
beyond the standard is there.
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

from ..exchange import namespaces
from . import fft, linalg
from .adapted import (
    argsort,
    clip,
    count_nonzero,
    reshape,
    sort,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
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
from .info import Info
from .wrapping import Namespace, functions, of_tensors

# The standard's functions that are NumPy's of that name
NUMPYS = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor ceil conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot imag isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
    round sign signbit sin sinh sqrt square subtract tan tanh trunc
    matmul matrix_transpose tensordot vecdot
    broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis permute_dims repeat roll
    squeeze stack tile unstack
    argmax argmin isin nonzero searchsorted take take_along_axis where
    all any cumulative_prod cumulative_sum diff max mean min prod std sum var
    can_cast result_type
"""

numpys = functions(np, NUMPYS)
globals().update(numpys)

__array_api_version__ = "2024.12"
__array_namespace_info__ = Info

__all__ = [
    "arange", "argsort", "asarray", "astype", "bool", "clip", "complex128", "complex64", "count_nonzero", "e", "empty",
    "empty_like", "eye", "fft", "finfo", "float32", "float64", "from_dlpack", "full", "full_like", "iinfo", "inf",
    "int16", "int32", "int64", "int8", "isdtype", "linalg", "linspace", "meshgrid", "nan", "newaxis", "ones",
    "ones_like", "pi", "reshape", "sort", "tril", "triu", "uint16", "uint32", "uint64", "uint8", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "zeros", "zeros_like",
]  # fmt: skip
__all__ += numpys


def __getattr__(name: str) -> Any:
    """NumPy's functions beyond the standard, as its own namespace has them; and `special`, the functions of
    `tensorgrad.special`, where SciPy looks for those of a namespace. (That needs SciPy.)"""
    if name == "special":
        return import_module("tensorgrad.special")
    func = getattr(np, name, None)
    if name == "lib":
        return func
    if name.startswith("_") or not callable(func) or isinstance(func, type):
        raise AttributeError(f"tensorgrad.array_api has no {name!r}")
    return of_tensors(func)


# The module itself, as a Namespace
namespaces["array_api"] = sys.modules[__name__] = Namespace(__name__, __doc__)
vars(namespaces["array_api"]).update(globals())
