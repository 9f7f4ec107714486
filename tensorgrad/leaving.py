"""What would leave the graph by accident: how NumPy and SciPy ask for a Tensor's numbers, and who gets none."""

from __future__ import annotations

import opcode
from types import FrameType
from typing import Any

import numpy as np
from numpy import ndarray

from .errors import NOT_AN_ARRAY

STORE_SUBSCR = opcode.opmap["STORE_SUBSCR"]


def require_purpose(caller: FrameType) -> None:
    """An error, if a Tensor is asked for its number by accident.

    That is so in `array[0] = tensor`, which the caller's current instruction tells from float(tensor); and wherever
    NumPy's or SciPy's own code asks, as for the initial= of np.sum(array, initial=tensor).
    """
    is_assignment = caller.f_code.co_code[caller.f_lasti] == STORE_SUBSCR
    if is_assignment or str(caller.f_globals.get("__name__")).partition(".")[0] in ("numpy", "scipy"):
        raise TypeError(NOT_AN_ARRAY)


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


def no_sparse(name: str, operand: Any) -> TypeError:
    """What is raised for an operator on a Tensor and a sparse matrix, but for their product."""
    return TypeError(
        f"{name}: a Tensor and a sparse {type(operand).__name__} can be multiplied as matrices alone, by @; for the "
        f"rest take its toarray()"
    )
