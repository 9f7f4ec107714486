"""What tests of compile compare: what a function gives, or raises, eager and compiled, bit by bit."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from cases import Case

import tensorgrad as tg
from tensorgrad import Tensor


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
    try:
        return f(*given)
    except Exception as error:
        return error


def require_same(ours: Any, theirs: Any) -> None:
    """An AssertionError if results aren't the same to the bit, in types, shapes and dtypes."""
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), f"{ours!r} instead of {theirs!r}"
        assert str(ours) == str(theirs)
        return
    if isinstance(ours, Exception):
        raise ours
    assert type(ours) is type(theirs), f"{type(ours)} instead of {type(theirs)}"
    if isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            require_same(a, b)
    elif isinstance(theirs, dict):
        assert [*ours] == [*theirs]
        for name, b in theirs.items():
            require_same(ours[name], b)
    elif isinstance(theirs, Tensor):
        require_same(ours.data, theirs.data)
    elif isinstance(theirs, np.ndarray | np.generic):
        assert ours.dtype == theirs.dtype, f"{ours.dtype} instead of {theirs.dtype}"
        assert ours.shape == theirs.shape, f"{ours.shape} instead of {theirs.shape}"
        assert np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind in "fc"), f"{ours!r} instead of {theirs!r}"
    else:
        assert ours == theirs
