"""Losses that depend on an arbitrary choice, such as the sign of an eigenvector: they have no gradient."""

import numpy as np

from .arrays import is_chunked, largest, whole


def size_of(a):
    """The largest absolute value of each matrix."""
    return largest(np.abs(a), axis=(-2, -1), keepdims=True)


def clearly_nonzero(x, size):
    """Whether x is more than rounding errors, in a computation with numbers as large as `size`."""
    small = np.finfo(size.dtype).eps ** (1 / 3)
    return np.abs(x) > small * np.maximum(size, small)


def _holds_now(where, x):
    """Whether a condition holds somewhere in x, which is made of the gradients of the loss; of a batch in any array.

    Not if x is an array that is computed later, whose nan tells. Nor if it is a Tensor: a rule that is recorded, for
    a second derivative or in forward mode, may later be fed another gradient than that of the loss.
    """
    return not hasattr(x, "requires_grad") and not is_chunked(x) and np.any(whole(where))


def raise_if_arbitrary(where, x, name, choice):
    """An error if the loss depends on an arbitrary choice, somewhere in x."""
    if _holds_now(where, x):
        raise ValueError(
            f"{name}: the loss depends on {choice}, which are arbitrary, so that it has no gradient; make it of what "
            f"doesn't depend on that choice, such as values alone, absolute values, or projections V @ V.conj().T"
        )


def raise_if_coinciding(where, x, name):
    """An error if the loss depends on vectors of values that coincide.

    That is so also of a loss which doesn't depend on their choice, as V f(w) V^H or a projection: from the gradients
    of w and V alone these can't be told apart, and each has another gradient.
    """
    if _holds_now(where, x):
        raise ValueError(
            f"{name}: the loss depends on the vectors that belong to coinciding values, or to values of 0, through "
            f"which no gradient can be computed; make it of the values alone, of the vectors of all other values, or "
            f"of a function of the whole matrix, as tensorgrad.scipy.linalg.expm, sqrtm and polar are, or disturb the "
            f"matrix a little"
        )
