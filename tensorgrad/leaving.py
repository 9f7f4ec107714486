"""What would leave the graph by accident: how NumPy and SciPy ask for a Tensor's numbers, and who gets none."""

from __future__ import annotations

import opcode
import sys
from types import FrameType
from typing import Any

import numpy as np
from numpy import ndarray

from .errors import NOT_AN_ARRAY, described_tensor
from .grad_mode import number_was_taken

STORE_SUBSCR = opcode.opmap["STORE_SUBSCR"]

# Nobody asks on purpose in the code of these.
LIBRARIES = frozenset({"numpy", "scipy", "sklearn", "array_api_compat", "array_api_extra", "xarray", "pandas"})

# What has derivatives, by module
INSTEAD = {
    **{
        f"scipy.{name}": f"tensorgrad.scipy.{name} has functions of that module with derivatives"
        for name in ("linalg", "stats", "signal", "ndimage", "integrate", "interpolate", "optimize")
    },
    "numpy.full": "np.full(shape, tensor, like=tensor) keeps it",
    "sklearn.metrics": "a score that is a Python number has no gradient; multioutput='raw_values' gives an array",
    "scipy.special": "tensorgrad.special has functions of that module with derivatives",
    "scipy.fft": "numpy.fft records Tensors, and so does scipy.fft itself where SCIPY_ARRAY_API=1 was set, but for dct",
}


def module_of(frame: FrameType) -> str:
    """The name of the module whose code runs there."""
    return str(frame.f_globals.get("__name__"))


def in_library(frame: FrameType) -> bool:
    """Whether a library's own code runs there."""
    return module_of(frame).partition(".")[0] in LIBRARIES


def called_function(caller: FrameType | None) -> str:
    """The public function of a library that the user called, such as "scipy.signal.hilbert": the outermost of those
    whose frames lie around caller. Where none is public, its module; "" if the caller is no library."""
    found = module = ""
    while caller is not None and in_library(caller):
        name, qualname = module_of(caller), caller.f_code.co_qualname
        module = name.partition("._")[0]
        for public in (module, name.replace("._", "."), module.rpartition(".")[0]):
            if public_name(public, qualname):
                found = public_name(public, qualname)
                break
        caller = caller.f_back
    return found or module


def public_name(module: str, qualname: str) -> str:
    """The name under which users find a function or method; "" if it isn't public.

    >>> public_name("numpy.linalg", "norm"), public_name("numpy", "vectorize.__call__"), public_name("numpy", "_sum")
    ('numpy.linalg.norm', 'numpy.vectorize', '')
    """
    parts = [part for part in qualname.partition(".<locals>")[0].split(".") if not part.startswith("__")]
    owner = parts[0].removesuffix("_gen").removesuffix("_frozen") if parts else "_"  # SciPy's classes of distributions
    if any(part.startswith("_") for part in (owner, *parts)) or not hasattr(sys.modules.get(module), owner):
        return ""
    return ".".join((module, owner, *parts[1:]))


def no_array(caller: FrameType | None) -> TypeError:
    """What is raised where an array is to be made of a Tensor that requires a gradient; it names the library's
    function, and says what has a derivative instead."""
    name = called_function(caller)
    instead = INSTEAD.get(".".join(name.split(".")[:2]), "")
    if not instead and not name.startswith("scipy."):
        return TypeError(f"{name}: {NOT_AN_ARRAY}" if name else NOT_AN_ARRAY)
    return TypeError(
        f"{name}: a Tensor that requires a gradient can't become part of an array: its gradient would be lost. "
        f"{instead + '; otherwise pass' if instead else 'Pass'} tensor.data to leave the graph on purpose, or give a "
        f"function of your own its rules with tensorgrad.derivative"
    )


def no_pickle(tensor: Any) -> TypeError:
    """What is raised where a Tensor that was computed would be pickled, and go to another process without its graph."""
    return TypeError(
        f"pickle: {described_tensor(tensor.name, tensor.shape)} requires a gradient and was computed, so a pickle, or "
        f"another process, would have it without the graph behind it. Pass tensor.detach(), stop_gradient(tensor) or "
        f"tensor.data for its numbers; or pass the leaves, and compute it there"
    )


def require_purpose(caller: FrameType, rounds: bool = False) -> None:
    """An error, if a Tensor is asked for its number by accident.

    That is so in `array[0] = tensor`, which the caller's current instruction tells from float(tensor); and wherever
    a library's own code asks, as for the initial= of np.sum(array, initial=tensor). But int(tensor) in Python code
    there (which rounds) is constant almost everywhere. A number that is taken on purpose is counted.
    """
    is_assignment = caller.f_code.co_code[caller.f_lasti] == STORE_SUBSCR
    if is_assignment or (in_library(caller) and not (rounds and not module_of(caller).startswith("numpy"))):
        raise no_array(caller)
    number_was_taken()


def require_no_search(caller: FrameType) -> None:
    """An error, if a Tensor is compared where SciPy looks for a minimum or a root: what it finds depends on the Tensor
    by comparisons alone, so it would be a constant, or carry the gradient of the last steps."""
    if module_of(caller).startswith("scipy.optimize."):
        raise TypeError(
            f"{called_function(caller) or 'scipy.optimize'}: what it finds by comparing a Tensor that requires a "
            f"gradient has none. {INSTEAD['scipy.optimize']}; otherwise pass tensor.data to leave the graph on purpose"
        )


def is_sparse_product(caller: FrameType) -> bool:
    """Whether SciPy asks, in `sparse @ tensor`, if the other operand can be made an array."""
    in_product = "matmul_dispatch" in caller.f_code.co_name
    return in_product and str(caller.f_globals.get("__name__")).startswith("scipy.sparse")


def as_unknown(tensor: Any) -> ndarray:
    """What NumPy makes of an object that it doesn't know. SciPy then leaves the operator to that object."""
    unknown = np.empty((), object)
    unknown[()] = tensor
    return unknown


def is_sparse(operand: Any) -> bool:
    """Whether this is a sparse matrix or array of SciPy."""
    return hasattr(operand, "tocsr")


def is_wrapper(operand: Any) -> bool:
    """Whether this holds an array and says what it means, as a quantity of pint, with a unit, and an array of xarray,
    with labels. Such may hold Tensors, and operators on it are left to it. (Also asked of its class.)"""
    return hasattr(operand, "dimensionality") or (hasattr(operand, "dims") and hasattr(operand, "sizes"))


def no_sparse(name: str, operand: Any) -> TypeError:
    """What is raised for an operator on a Tensor and a sparse matrix, but for their product."""
    return TypeError(
        f"{name}: a Tensor and a sparse {type(operand).__name__} can be multiplied as matrices alone, by @; for the "
        f"rest take its toarray()"
    )
