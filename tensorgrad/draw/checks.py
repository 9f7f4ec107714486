"""Gradients against differences: the two passes of a page, checked by computing the graph again with other numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..batch import holds_batch
from ..derivatives.arrays import whole
from ..node import Node
from ..trace import gather
from ..versions import arguments
from .graph import Graph
from .walk import Operation

FEW = 12  # numbers of an array that are changed one by one; of a larger one all are, along one direction
MOST_CALLS = 50_000  # of functions, for all checks of a graph


class Replay:
    """The operations behind a Tensor, computed again from numbers that may be others.

    data_of gives the data of a Tensor or an array, as they were when they were used.
    """

    def __init__(self, graph: Graph, data_of: Callable[[Any], Any]):
        self._graph, self._data_of = graph, data_of
        self._uses = [{id(x) for x in o.operands} for o in graph.operations]
        self._computed: dict[int, Any] = {}
        for o in graph.operations:
            for x in o.operands:
                if id(x) not in self._computed:
                    self._computed[id(x)] = np.array(whole(data_of(x)))
            self._compute(o, self._computed)

    def is_same(self) -> bool:
        """Whether the same numbers give the same result: of what draws random numbers they don't."""
        return np.allclose(
            self._total(self._computed), np.sum(self._data_of(self._graph.root)), rtol=1e-4, equal_nan=True
        )

    def after(self, x: Any) -> list[Operation]:
        """The operations that depend on x."""
        changed, found = {id(x)}, []
        for o, uses in zip(self._graph.operations, self._uses, strict=True):
            if uses & changed:
                found.append(o)
                changed.update(map(id, o.results))
        return found

    def difference(self, x: Any, operations: list[Operation], step: np.ndarray) -> float:
        """The sum of the root for x + step less that for x - step, where these operations depend on x."""
        return self._changed(x, operations, step) - self._changed(x, operations, -step)

    def _changed(self, x: Any, operations: list[Operation], step: np.ndarray) -> float:
        computed = {**self._computed, id(x): self._computed[id(x)] + step}
        for o in operations:
            self._compute(o, computed)
        return self._total(computed)

    def _total(self, computed: dict[int, Any]) -> float:
        return float(np.sum(computed[id(self._graph.root)]).real)

    def _compute(self, o: Operation, computed: dict[int, Any]) -> None:
        op: Any = o.node._op

        def data(x: Any) -> Any:
            if not isinstance(x, Node):
                return x
            return tuple(map(data, arguments(x))) if x._op is gather else computed[id(x)]

        y = op.output(*map(data, arguments(o.node)), **(o.node._kwargs or {}))
        for r in o.results:
            computed[id(r)] = y[r._args[1]] if isinstance(o.node._data, tuple) else y


def checks_of(graph: Graph, data_of: Callable[[Any], Any], gradients: dict[Any, Any]) -> dict[int, dict]:
    """For drawn Tensors, by `id()`, the derivative by central differences beside that of the gradient.

    Both are arrays of the Tensor's shape, where that has few elements; of a larger one, numbers: the derivatives along
    a random direction of length 1, as the note says. Of more Tensors than there is time for, leaves come first.
    """
    values = [x for o in graph.operations for x in (*o.operands, *o.results)]
    if holds_batch([data_of(x) for x in values]):  # batches, which can't be changed number by number
        return {}
    tensors = [x for x in graph.drawn.values() if isinstance(x, Node) and x in gradients]
    with np.errstate(all="ignore"):
        try:
            replay = Replay(graph, data_of)
        except Exception:  # of a solver, or another function that calls one of the user's, and isn't computed again
            return {}
        if not replay.is_same():
            return {}
        found, calls = {}, 0
        for x in sorted(tensors, key=lambda x: id(x) in graph.made_by):
            operations = replay.after(x)
            calls += len(operations) * 2 * (np.size(data_of(x)) if np.size(data_of(x)) <= FEW else 1)
            if calls > MOST_CALLS:
                break
            found[id(x)] = _check(replay, x, operations, np.array(data_of(x)), gradients[x])
    return found


def _check(replay: Replay, x: Any, operations: list[Operation], data: np.ndarray, gradient: np.ndarray) -> dict:
    step = np.cbrt(np.finfo(np.float64).eps) * max(1.0, float(np.max(np.abs(data), initial=0)))
    if data.size > FEW:
        direction = np.random.default_rng(0).normal(size=data.shape)
        direction /= np.linalg.norm(direction)
        numeric = replay.difference(x, operations, step * direction) / (2 * step)
        slope = np.array(np.sum(gradient.real * direction))
        return {"numeric": np.array(numeric), "gradient": slope, "note": "along a random direction of length 1"}
    numeric = np.zeros(data.shape, complex if data.dtype.kind == "c" else float)
    for i in np.ndindex(data.shape):
        for unit in (1, 1j) if data.dtype.kind == "c" else (1,):
            change = np.zeros(data.shape, numeric.dtype)
            change[i] = step * unit
            numeric[i] += unit * replay.difference(x, operations, change) / (2 * step)
    return {
        "numeric": numeric,
        "gradient": np.array(gradient),
        "note": _MIRRORED if _is_mirrored(numeric, gradient) else "",
    }


_MIRRORED = (
    "one half of this matrix is read, as it is taken to be symmetric: the gradient is shared between each number and "
    "its mirror image, and it is the sum of the two that is the same"
)


def _is_mirrored(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two matrices differ, but not their symmetric parts."""
    if a.ndim != 2 or a.shape[0] != a.shape[1] or np.allclose(a, b, rtol=1e-4, atol=1e-6):
        return False
    return np.allclose(a + a.T, b + b.T, rtol=1e-4, atol=1e-6)
