"""Cases of what brings arrays into a batch and out of it."""

import numpy as np
from cases import case, x

from tensorgrad.batch import batch, spread, sum_batch, unbatch
from tensorgrad.node import orders


def squared(f, a, *args):
    """f's batch, squared, as one array. Its level is newer than a, and older than what is computed inside."""
    level = next(orders)
    b = f(a, *args, level, 3)
    return unbatch(b * b, 0, level, 3)


def of_sines(f, a, *args):
    """f of a batch that was computed inside."""
    level = next(orders)
    sines = np.sin(batch(a, args[0] if args else 0, level, 3))
    return f(sines, *args, level, 3) if args else f(sines, level)


case(batch, x(3, 2), 0, of=squared)
case(batch, x(2, 3), 1, of=squared)
case(spread, x(2), of=squared)
case(unbatch, x(2, 3), 1, of=of_sines)
case(unbatch, x(2), 1, of=lambda f, a, axis: f(np.sin(a), axis, next(orders), 3))
case(sum_batch, x(3, 2), of=of_sines)
