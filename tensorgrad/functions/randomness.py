"""What is drawn at random for each number of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def drawn(x: Any, draw: Callable[[tuple[int, ...]], np.ndarray], axes: int) -> Any:
    """draw(shape), in an array of the kind and dtype of x; its shape is that of x along the first axes, and 1 along the
    others. For each array of a batch others are drawn."""
    if hasattr(x, "stack"):
        return type(x)(drawn(x.stack, draw, axes + 1), x.level)
    numbers = draw(x.shape[:axes] + (1,) * (x.ndim - axes)).astype(x.dtype)
    return numbers if type(x) is np.ndarray else np.asarray(numbers, like=x)
