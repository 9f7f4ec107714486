"""Derivatives of what solves an equation, by the implicit function theorem.

x solves F(x, p) = 0, whatever found it and in which steps; so dx = -(dF/dx)^-1 dF/dp dp (Dini, Lezioni di analisi
infinitesimale, 1878; Blondel et al., Efficient and modular implicit differentiation, 2022, arXiv:2105.15183). What was
minimised solves that its slope is zero. All functions of `optimize` share this one rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..closures import (
    Call,
    Differentiable,
    OuterTensors,
    is_recorded,
    record,
    requires_gradient,
    with_args,
)  # fmt: skip
from ..derivatives.arrays import as_array
from ..grad_mode import no_grad
from ..tensor import data_of
from ..transforms import jacobian
from .solver_calls import Releasable


class _Solution(Differentiable):
    """x, of any shape, with F(x, *own) = 0, as many equations as x has elements. `outer` are the outer Tensors of F;
    `failure` tells why x is no solution, if it is none; `residual` is F(x, *own) as it was when x was found."""

    def __init__(self, name: str, f: Callable, outer: Sequence[Any], failure: str, residual: Any):
        self.name, self.f, self.outer, self.failure, self.residual = name, f, outer, failure, residual

    def value(self, parts: Sequence[Any]) -> Any:
        raise RuntimeError(f"{self.name}: the solution isn't computed again")

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        if self.failure:
            raise RuntimeError(f"{self.name}: there is no derivative, for no solution was found: {self.failure}")
        own = parts[: len(parts) - len(self.outer)]
        J = self._jacobian(y, own, is_recorded(parts))
        u = self._solved(J, y.size, np.ravel(g))
        call = Call(self.name, self._flat, [y, *own])
        self._require_the_same(data_of(call.result), data_of(J), data_of(y))
        return call.pullback([-u], self.outer, is_recorded(g, parts))[1:]

    def _flat(self, x: Any, *own: Any) -> Any:
        return np.ravel(as_array(self.f(x, *own)))

    def _require_the_same(self, residual: Any, J: Any, x: Any) -> None:
        """An error, if F isn't the function any more that was solved: but for rounding, it gives the same at x."""
        if self.residual is None:
            return
        off = np.max(np.abs(residual - self.residual), initial=0)
        largest = [float(np.max(np.abs(a), initial=0)) for a in (self.residual, J, x)]
        if not off <= 1e-10 * (largest[0] + largest[1] * (1 + largest[2])):
            raise RuntimeError(
                f"{self.name}: in the backward pass the function gives other numbers than when it was solved: a "
                f"variable or an array that it uses has changed since, as one of a loop does. Pass that in args, bind "
                f"it, as in lambda x, k=k: ..., or go backward before it changes"
            )

    def _jacobian(self, x: Any, own: Sequence[Any], recorded: bool) -> Any:
        if recorded:
            return jacobian(self._flat)(x, *own)
        with no_grad():
            return data_of(jacobian(self._flat)(x, *own))

    def _solved(self, J: Any, n: int, g: Any) -> Any:
        """The solution u of u dF/dx = g."""
        if J.size != n * n:
            raise ValueError(
                f"{self.name}: there is no derivative, since there are {J.shape[0]} equations for {n} unknowns"
            )
        try:
            return np.linalg.solve(np.reshape(J, (n, n)).T, g)
        except np.linalg.LinAlgError as error:
            raise np.linalg.LinAlgError(
                f"{self.name}: the solution has no derivative here, where the Jacobian of the equations, of shape "
                f"{(n, n)}, is singular: it isn't the only one nearby"
            ) from error


def solution(name: str, f: Callable, x: Any, parts: Sequence[Any], outer: Sequence[Any], failure: str = "") -> Any:
    """The Tensor of x, an array or number that solves f(x, *parts) = 0."""
    residual = None
    if requires_gradient(parts, outer) and not failure:
        residual = data_of(np.ravel(as_array(f(np.asarray(x), *[data_of(part) for part in parts]))))
    return record(name, np.asarray(x), [*parts, *outer], _Solution(name, f, outer, failure, residual))


def slope_of(name: str, f: Callable) -> Callable:
    """The gradient of f(x, *parts), a number, by x: an array, or a Tensor if there is one among the arguments."""

    def slope(x: Any, *parts: Any) -> Any:
        call = Call(name, lambda *args: as_array(f(*args)), [x, *parts])
        if call.outputs and call.outputs[0].size != 1:
            raise ValueError(f"{name}: the function must return one number, not shape {call.outputs[0].shape}")
        seeds = [np.ones(y.shape) for y in call.outputs]
        d = call.pullback(seeds, call.outer, is_recorded(x, parts))[0]
        return np.zeros(np.shape(x)) if d is None else d

    return slope


class Problem:
    """A user's function with its arguments, for SciPy, and what it depends on."""

    def __init__(self, name: str, f: Callable, args: Any, kwargs: Any = None):
        self.name, self._args, self._kwargs = name, args, kwargs
        self.f, self.tensors = with_args(name, f, args, kwargs)
        self._arrays = [t.data for t in self.tensors]
        self._used, self._begins_with_tensor = OuterTensors(), False

    def start(self, x0: Any) -> Any:
        """Where a search begins, as an array of floats: the derivative is zero, so of a Tensor its data."""
        self._begins_with_tensor |= is_recorded(x0)
        x0 = np.asarray(data_of(as_array(x0)))
        return x0 if x0.dtype.kind in "fc" else x0.astype(float)

    def number(self, x: Any) -> Any:
        """The same of a number."""
        return None if x is None else self.start(x).item()

    def __call__(self, *values: Any) -> Any:
        """f, of plain arrays."""
        return self._used.call(self.f, *values, *self._arrays)

    def plain(self, f: Any) -> Any:
        """Another function of the same arguments, of plain arrays; anything else as it is."""
        if not callable(f):
            return f
        bound, _ = with_args(self.name, f, self._args, self._kwargs)
        return Releasable(lambda *values: self._used.call(bound, *values, *self._arrays))

    def pair(self, x: Any) -> tuple:
        """What f gives, if that is a pair, of plain arrays."""
        return self._used.call_for_several(self.f, x, *self._arrays)

    def first_of_pairs(self) -> Callable:
        """The first of the pair that f gives, as a function of Tensors."""
        return lambda *values: self.f(*values)[0]

    @property
    def gives_tensors(self) -> bool:
        """Whether results are Tensors: if there are any among what is given and what f depends on."""
        return bool(self.tensors) or self._used.any_tensor or self._begins_with_tensor

    @property
    def requires_gradient(self) -> bool:
        return requires_gradient(self.tensors, self._used.found)

    def solution(self, f: Callable, x: Any, failure: str = "") -> Any:
        """x, that solves f(x, *tensors) = 0, as a Tensor."""
        return solution(self.name, f, x, self.tensors, self._used.found, failure)

    def slope(self, f: Callable) -> Callable:
        """The gradient by x, of Tensors."""
        return slope_of(self.name, f)

    def plain_slope(self, f: Callable) -> Callable:
        """The gradient by x, of plain arrays."""
        slope = self.slope(f)
        return Releasable(lambda x: data_of(slope(x, *self._arrays)))
