"""The adjoint method: derivatives of the solution of dy/dt = f(t, y), whatever solver found it and in which steps.

Let L depend on y at some times. The adjoint a = dL/dy(t) obeys da/dt = -a df/dy, between these times, and at each of
them the gradient of y there is added to it. The gradient by what f depends on is the integral of a df/dp (Pontryagin
and others, The mathematical theory of optimal processes, 1962; Chen et al., Neural ordinary differential equations,
2018, arXiv:1806.07366). Both are solved backward from each of these times to the one before, together with y itself,
which begins anew at the known y of each time, so that errors don't grow.

This system is again a `Flow`, which is recorded where that is asked for: so there are derivatives of any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..closures import Call, Differentiable, is_recorded, operation, record
from ..derivatives.arrays import as_array
from ..tensor import Tensor, data_of

Solver = Callable[[Callable, np.ndarray, np.ndarray], np.ndarray]  # (f, y0, times) to y at the times, (len(times), n)

_FLOW = operation("flow")


class Flow(Differentiable):
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
        self.times_differ = isinstance(times, Tensor) and times.requires_grad
        return record(_FLOW, ys, [y0, times, *parts, *self.outer], self)

    def value(self, parts: Sequence[Any]) -> Any:
        y0, times, *parts = parts
        own = parts[: self.count]
        return self.solve(lambda t, y: data_of(self.f(t, y, *own)), y0, times)

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        if self.failure:
            raise RuntimeError(f"{self.name}: there is no derivative, since no solution was found: {self.failure}")
        recorded = is_recorded(g, parts)
        times, *parts = parts[1:]
        ts, own = data_of(times), parts[: self.count]
        shapes = [np.shape(part) for part in parts]
        n, total = y.shape[1], sum([int(np.prod(shape)) for shape in shapes])
        a, sums, slopes = np.zeros(n), np.zeros(total), []
        for i in range(len(ts) - 1, 0, -1):
            a = a + g[i]
            slopes.append(self._along(g[i], times, i, y, own))
            if ts[i] != ts[i - 1]:
                state = np.concatenate([y[i], a, sums])
                state = self._back(state, times[[i, i - 1]], own, recorded)
                self._require_return(data_of(state)[:n], data_of(y)[[i - 1, i]], ts[i - 1])
                a, sums = state[n : 2 * n], state[2 * n :]
        slopes.append(self._along(-a, times, 0, y, own))
        by_times = np.stack(slopes[::-1]) if self.times_differ else None
        return [a + g[0], by_times, *_split(sums, shapes)]

    def _back(self, state: Any, times: Any, own: Sequence[Any], recorded: bool) -> Any:
        """The state of the adjoint system at the second of two times, given that at the first."""
        values = [data_of(part) for part in own]
        ends = self.solve(lambda t, y: data_of(self._augmented(t, y, *values)), data_of(state), data_of(times))
        if recorded:
            solution = Flow(self.name, self._augmented, self.count, self.outer, self.solve, self.rtol)
            ends = solution.recorded(ends, state, times, own)
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
        return np.sum(g * (slope if recorded else data_of(slope)))

    def _augmented(self, t: Any, state: Any, *own: Any) -> Any:
        """The derivative of y, of its adjoint, and of the integrals for all that f depends on, in one vector."""
        n = (len(state) - self._size(own)) // 2
        y, a = state[:n], state[n : 2 * n]
        first = [t] if isinstance(t, Tensor) else []

        def f(*args: Any) -> Any:
            *before, y = args[: len(first) + 1]
            return as_array(self.f(before[0] if first else t, y, *args[len(first) + 1 :]))

        call = Call(self.name, f, [*first, y, *own])
        recorded = is_recorded(t, state, own)
        grads = call.pullback([a], self.outer, recorded)[len(first) :]
        slope = call.result if recorded else data_of(call.result)
        like = [y, *own, *self.outer]
        rest = [-np.ravel(np.zeros(p.shape) if d is None else d) for d, p in zip(grads, like, strict=True)]
        return np.concatenate([slope, *rest])

    def _size(self, own: Sequence[Any]) -> int:
        return sum([int(np.prod(part.shape)) for part in (*own, *self.outer)])


def _split(flat: Any, shapes: Sequence[tuple]) -> list:
    """The parts of a vector, in these shapes."""
    parts, start = [], 0
    for shape in shapes:
        end = start + int(np.prod(shape))
        parts.append(np.reshape(flat[start:end], shape))
        start = end
    return parts
