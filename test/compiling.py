"""What of a case is compiled, and what it gives, or raises."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from cases import Case

import tensorgrad as tg


def parts(y: Any) -> Iterator[Any]:
    """The arrays of a result: one, or those of a list or tuple of them."""
    for part in y if isinstance(y, list | tuple) else [y]:
        if isinstance(part, list | tuple):
            yield from parts(part)
        else:
            yield part


def loss(y: Any) -> Any:
    """sum(Re(y + y^2 / 4)) of all floats of a result: the gradient that arrives at a rule depends on the variables."""
    terms = [np.sum(np.real(p + p * p / 4)) for p in parts(y) if p.dtype.kind in "fc"]
    return sum(terms[1:], terms[0])


def values(case: Case, round: int, dtype: type = float) -> list[np.ndarray]:
    """Values for the variables of a case, others in each round."""
    rng = np.random.default_rng([zlib.crc32(repr(case).encode()), round])
    arrays = []
    for variable in case.variables:
        a = variable.draw(rng)
        if variable.values is not None:
            a = a * (1 - round / 64)
        if dtype is np.float32:
            a = a.astype(np.complex64 if a.dtype.kind == "c" else np.float32, order="C")
        arrays.append(variable.laid_out(a))
    return arrays


def plain(case: Case) -> Callable[..., Any]:
    """The function of a case."""
    return lambda *given: case.call([*given])


def differentiated(case: Case) -> Callable[..., Any]:
    """Its loss and the gradients of that."""
    f = lambda *given: loss(case.call([*given]))  # noqa: E731
    return tg.value_and_grad(f, argnum=tuple(range(len(case.variables))))


def differentiated_twice(case: Case) -> Callable[..., Any]:
    """The product of its loss's Hessian with a vector of ones, in the first variable."""
    f = lambda *given: loss(case.call([*given]))  # noqa: E731
    return lambda *given: tg.hvp(f)(*given, np.ones_like(given[0]))


def outcome(f: Callable[..., Any], given: list[np.ndarray]) -> Any:
    """What f gives, or the error that it raises."""
    np.random.seed(0)  # scipy.linalg.logm estimates a norm by drawing from it, and so its last bits
    try:
        return f(*given)
    except Exception as error:
        return error
