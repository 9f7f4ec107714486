"""What parameters are at first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import MOST
from ..tensor import Tensor


def uniform(shape: tuple[int, ...], limit: float, rng: np.random.Generator, dtype: Any, name: str) -> Tensor:
    """A parameter of this shape and name, drawn evenly from -limit to limit: how layers make theirs."""
    if np.prod([float(n) for n in shape]) > MOST:
        raise ValueError(f"{name} of shape {shape} is more than an array can hold")
    return Tensor(rng.uniform(-limit, limit, shape).astype(dtype), name=name)
