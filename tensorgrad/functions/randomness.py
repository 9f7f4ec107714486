"""What is drawn at random for each number of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import generator
from ..derivatives.arrays import ARRAYS, whole


def source(where: str, rng: Any) -> Any:
    """What is drawn from: a generator, which goes on with each call; or a seed as it is, which starts anew."""
    made = generator(where, rng)  # or an error
    goes_on = rng is None or isinstance(rng, np.random.Generator | np.random.BitGenerator | np.random.RandomState)
    return made if goes_on else rng


def drawn(x: Any, rng: Any, draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray], axes: int) -> Any:
    """draw(generator, shape), in an array of the kind and dtype of x; its shape is that of x along the first axes, and
    1 along the others. For each array of a batch, a generator goes on; a seed gives the same to each."""
    if hasattr(x, "stack") and isinstance(rng, np.random.Generator):
        return type(x)(drawn(x.stack, rng, draw, axes + 1), x.level)
    made = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)
    numbers = draw(made, x.shape[:axes] + (1,) * (x.ndim - axes)).astype(x.dtype)
    kind = whole(x)
    return numbers if type(kind) in ARRAYS else np.asarray(numbers, like=kind)
