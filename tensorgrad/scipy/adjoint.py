"""The adjoint method: derivatives of the solution of dy/dt = f(t, y), whatever solver found it and in which steps.

Let L depend on y at some times. The adjoint a = dL/dy(t) obeys da/dt = -a df/dy, between these times, and at each of
them the gradient of y there is added to it. The gradient by what f depends on is the integral of a df/dp (Pontryagin
and others, The mathematical theory of optimal processes, 1962; Chen et al., Neural ordinary differential equations,
2018, arXiv:1806.07366). Both are solved backward from each of these times to the one before, together with y itself,
which begins anew at the known y of each time, so that errors don't grow.

This system is again a `Solution`, which is recorded where that is asked for: so there are derivatives of any order.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..batch import Batched, NotBatchable
from ..closures import Call, Differentiable, is_recorded, record
from ..derivatives.arrays import as_array
from ..tensor import Tensor, data_of

Solver = Callable[[Callable, np.ndarray, np.ndarray], np.ndarray]  # (f, y0, times) to y at the times, (len(times), n)


class Solution(Differentiable):
    """The solution of dy/dt = f(t, y, *parts) at some times, the first of which is that of y0.

    Args:
        name: of who calls, for errors.
        f: gives dy/dt, of shape (n,), and may close over Tensors.
        count: how many parts there are.
        outer: the outer Tensors of f.
        solve: the solver of the adjoint system.
        rtol: the relative tolerance of both.
        failure: why y is no solution, if it is none.
    """

    def __init__(
        self, name: str, f: Callable, count: int, outer: Sequence[Any], solve: Solver, rtol: float, failure: str = ""
    ):
        self.name, self.f, self.count, self.outer, self.solve, self.failure = name, f, count, outer, solve, failure
        self.rtol = rtol

    def recorded(self, ys: np.ndarray, y0: Any, times: Any, parts: Sequence[Any]) -> Any:
        """The Tensor of ys, the values at the times."""
        require_real(self.name, ys, y0, times, *parts, *self.outer)
        self.times_differ = isinstance(times, Tensor) and times.requires_grad
        return record(self.name, ys, [y0, times, *parts, *self.outer], self)

    def value(self, parts: Sequence[Any]) -> Any:
        y0, times, *parts = parts
        own = parts[: self.count]
        return self.solve(lambda t, y: data_of(self.f(t, y, *own)), y0, times)

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        if self.failure:
            raise RuntimeError(f"{self.name}: there is no derivative, since no solution was found: {self.failure}")
        recorded, batch = is_recorded(g, parts), g if isinstance(g, Batched) else None
        if batch is not None and any([isinstance(v, Batched) for v in (batch.stack, y, *parts)]):
            raise NotBatchable(f"{self.name}: many gradients at once are of one equation")
        times, *parts = parts[1:]
        ts, own, n = data_of(times), parts[: self.count], y.shape[1]
        shapes = [np.shape(part) for part in parts]
        many: tuple = () if batch is None else (len(batch.stack),)
        g = g if batch is None else batch.stack
        a, slopes = np.zeros((*many, n)), []
        sums = np.zeros((*many, sum([math.prod(shape) for shape in shapes])))
        for i in range(len(ts) - 1, 0, -1):
            a = a + g[..., i, :]
            slopes.append(self._along(g[..., i, :], times, i, y, own))
            if ts[i] != ts[i - 1] or (recorded and self.times_differ):
                state = np.concatenate([y[i], np.ravel(a), np.ravel(sums)])
                state = self._back(state, n, batch, times[[i, i - 1]], own, recorded)
                self._require_return(data_of(state)[:n], data_of(y)[[i - 1, i]], ts[i - 1])
                a = np.reshape(state[n : n + math.prod(many) * n], a.shape)
                sums = np.reshape(state[n + a.size :], sums.shape)
        slopes.append(self._along(-a, times, 0, y, own))
        by_times = [np.stack(slopes[::-1], axis=-1)] if self.times_differ else []
        found = [a + g[..., 0, :], *by_times, *_split(sums, many, shapes)]
        found = found if batch is None else [_batch_like(batch, d) for d in found]
        return [found[0], *(found[1:] if by_times else [None, *found[1:]])]

    def _back(self, state: Any, n: int, batch: Any, times: Any, own: Sequence[Any], recorded: bool) -> Any:
        """The state of the adjoint system at the second of two times, given that at the first."""
        f = functools.partial(self._augmented, n, batch)
        values, begin, ts = [data_of(part) for part in own], data_of(state), data_of(times)
        if ts[0] == ts[1]:
            ends = np.stack([begin, begin])
        else:
            ends = self.solve(lambda t, y: data_of(f(t, y, *values)), begin, ts)
        if recorded:
            ends = Solution(self.name, f, self.count, self.outer, self.solve, self.rtol).recorded(
                ends, state, times, own
            )
        return ends[-1]

    def _require_return(self, back: np.ndarray, y: np.ndarray, t: float) -> None:
        """An error, if y isn't found again on the way back: where the equation forgets its past, that grows."""
        off, size = float(np.max(np.abs(back - y[0]), initial=0)), float(np.max(np.abs(y), initial=0))
        if not off <= min(0.1, max(1e-4, 100 * self.rtol)) * size:
            raise RuntimeError(
                f"{self.name}: the derivative would be wrong, for the equation, solved backward to t = {t:.6g}, misses "
                f"y by {off:.1e}, where it is as large as {size:.1e}. It is stiff or chaotic: ask for y at more times "
                f"in between, from which it begins anew, or for smaller tolerances"
            )

    def _along(self, g: Any, times: Any, i: int, y: Any, own: Sequence[Any]) -> Any:
        """The product of a gradient of y and dy/dt, at the i-th time."""
        if not self.times_differ:
            return None
        recorded = is_recorded(times, y, own)
        slope = as_array(self.f(times[i] if recorded else float(times[i]), y[i], *own))
        return np.sum(g * (slope if recorded else data_of(slope)), axis=-1)

    def _augmented(self, n: int, batch: Any, t: Any, state: Any, *own: Any) -> Any:
        """The derivative of y, of its adjoint (or as many as a batch has), and of the integrals for all that f depends
        on, in one vector."""
        many: tuple = () if batch is None else (len(batch.stack),)
        y, a = state[:n], state[n : n + math.prod(many) * n]
        first = [t] if isinstance(t, Tensor) else []

        def f(*args: Any) -> Any:
            *before, y = args[: len(first) + 1]
            return as_array(self.f(before[0] if first else t, y, *args[len(first) + 1 :]))

        call = Call(self.name, f, [*first, y, *own])
        recorded = is_recorded(t, state, own)
        seed = a if batch is None else _batch_like(batch, np.reshape(a, (*many, n)))
        by_y, *rest = call.pullback([seed], self.outer, recorded)[len(first) :]
        slope = call.result if recorded else data_of(call.result)
        sums = [_rows(d, part.shape, many) for d, part in zip(rest, (*own, *self.outer), strict=True)]
        sums = [np.ravel(np.concatenate(sums, axis=-1))] if sums else []
        return np.concatenate([slope, *[-d for d in (np.ravel(_rows(by_y, y.shape, many)), *sums)]])


def _batch_like(batch: Batched, stack: Any) -> Batched:
    """Other arrays, as a batch like another."""
    new = copy.copy(batch)
    new.stack = stack
    return new


def require_real(name: str, *values: Any) -> None:
    """An error, if what is differentiated holds complex numbers."""
    if any([value.dtype.kind == "c" for value in values]):
        raise TypeError(f"{name}: there are derivatives of real numbers alone; split complex ones into two parts")


def _rows(d: Any, shape: tuple, many: tuple) -> Any:
    """A gradient of an array of this shape, or so many, each as a vector; zeros for None."""
    size = math.prod(shape)
    if d is None:
        return np.zeros((*many, size))
    if not many:
        return np.ravel(d)
    return d.stack.reshape(*many, size) if isinstance(d, Batched) else np.broadcast_to(np.ravel(d), (*many, size))


def _split(flat: Any, many: tuple, shapes: Sequence[tuple]) -> list:
    """The parts of vectors, in these shapes."""
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(np.reshape(flat[..., start:end], many + shape))
        start = end
    return parts
