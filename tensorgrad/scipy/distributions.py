"""Distributions under SciPy's names: some of their functions record, the rest is SciPy's own; frozen ones, too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.stats

from ..derivatives.arrays import as_array
from .recording import constant, holds_recording

PLAIN = "this function of the distribution is SciPy's own, for plain arrays"


class Distribution:
    """A distribution of SciPy's. The functions that are set on it record; any other is SciPy's own.

    Called with its parameters, Tensors among them, it is frozen, as SciPy's are.
    """

    _names: Sequence[str] = ()  # of its parameters, in the order in which SciPy's functions take them
    _parameters: inspect.Signature  # what a frozen one is made of

    def __init__(self, name: str):
        self.name, self.__module__ = name, f"{__package__}.stats"
        self._scipy = getattr(scipy.stats, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution of these parameters: its functions take the variate alone."""
        return Frozen(self, args, kwargs)

    def freeze(self, *args: Any, **kwargs: Any) -> Frozen:
        """The same as calling it."""
        return self(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = getattr(self._scipy, name)
        return plain(f"{self.name}.{name}", attribute, self._names) if callable(attribute) else attribute

    def __reduce__(self) -> str:
        return self.name  # pickled as a name of the module stats

    def __repr__(self) -> str:
        return f"<scipy.stats.{self.name}, with derivatives>"


class Frozen:
    """A distribution with its parameters, as SciPy's frozen ones: `norm(loc, scale).logpdf(x)`."""

    def __init__(self, distribution: Distribution, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.dist, self.args, self.kwds = distribution, args, kwargs
        given = distribution._parameters.bind(*args, **kwargs).arguments
        further = given.pop("kwds", {})
        self._given = {**given, **further}
        if not holds_recording(self._given.values()):
            distribution._scipy(**self._given)  # so that wrong parameters are SciPy's error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("dist", "args", "kwds"):
            raise AttributeError(name)
        dist, given = self.dist, self._given
        if name in vars(dist) and callable(getattr(dist, name)):  # a function that records
            method = getattr(dist, name)
            taken = inspect.signature(method).parameters
            return functools.partial(method, **{n: value for n, value in given.items() if n in taken})
        fixed = {n: constant(f"{dist.name}.{name}", n, value, PLAIN) for n, value in given.items()}
        attribute = getattr(dist._scipy(**fixed), name)
        return plain(f"{dist.name}.{name}", attribute, ()) if callable(attribute) else attribute

    def __repr__(self) -> str:
        return f"{self.dist.name}({', '.join(f'{name}={value!r}' for name, value in self._given.items())})"


def plain(name: str, function: Callable, parameters: Sequence[str]) -> Callable:
    """A function of SciPy's own: a Tensor that requires a gradient is an error. parameters: what its *args are."""
    known = inspect.signature(function).parameters.values()
    names = [parameter.name for parameter in known if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in known):
        names.extend(parameters)

    @functools.wraps(function)
    def of_scipy(*args: Any, **kwargs: Any) -> Any:
        called = [*names, *(f"number {i + 1}" for i in range(len(names), len(args)))]
        args = tuple([constant(name, n, arg, PLAIN) for n, arg in zip(called, args, strict=False)])
        return function(*args, **{n: constant(name, n, arg, PLAIN) for n, arg in kwargs.items()})

    return of_scipy


def as_double(value: Any) -> Any:
    """An array or a Tensor of float64, in which SciPy computes distributions.

    Raises:
        TypeError: it is complex.
    """
    value = as_array(value)
    if value.dtype.kind == "c":
        raise TypeError(f"distributions have derivatives in real numbers alone, not in {value.dtype}")
    return value if value.dtype == np.float64 else value.astype(np.float64)
