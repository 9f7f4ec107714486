"""What PyTorch and JAX have in common, seen from here: arrays that go there, and operations that come from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..batch import holds_batch, one_by_one
from ..closures import Differentiable, is_recorded
from ..errors import CompileError
from ..tensor import Tensor, data_of


def is_array(leaf: Any) -> bool:
    """Whether a leaf of some arguments is a Tensor or an array, of NumPy's or another kind."""
    return hasattr(leaf, "__array_function__") and not isinstance(leaf, type)


def replaced(values: Sequence[Any], places: Sequence[int], others: Sequence[Any]) -> list:
    """The values, with others in these places."""
    new = dict(zip(places, others, strict=True))
    return [new.get(i, value) for i, value in enumerate(values)]


def numpys(name: str, library: str, value: Any) -> Any:
    """The data of a Tensor, or an array, for a library to read.

    Raises:
        TypeError: it is an array of another kind than NumPy's, or that of a step which is being compiled.
    """
    array = data_of(value)
    if hasattr(array, "record_call"):
        raise CompileError(f"{name}: what {library} computes can't be part of a compiled step; leave it uncompiled")
    array = np.asarray(array) if isinstance(array, np.generic) else array
    if type(array) is not np.ndarray:
        raise TypeError(f"{name}: {library} is given arrays of NumPy's own alone, not {type(array).__name__}")
    return array


def as_ours(array: np.ndarray) -> Any:
    """An array as a result without gradient: of floats a Tensor, of ints or bools as it is."""
    return Tensor(array, requires_grad=False) if array.dtype.kind in "fc" else array


class Foreign(Differentiable):
    """What another library computed, from so many inputs (and further parts), as an operation of ours."""

    name: str
    arity: int

    def value(self, parts: Sequence[Any]) -> Any:
        raise RuntimeError(f"{self.name}: what the other library computed isn't computed again")

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        given = (tuple(g) if isinstance(g, tuple) else (g,), tuple(parts[: self.arity]))
        if holds_batch(given):  # of a Jacobian, one after the other
            return list(one_by_one(self._gradients, given))
        return self._gradients(*given)

    def _gradients(self, gs: tuple, parts: tuple) -> Sequence[Any]:
        return self.recorded_gradients(gs, parts) if is_recorded(gs, parts) else self.plain_gradients(gs)

    def plain_gradients(self, gs: tuple) -> Sequence[Any]:
        """The gradients of the inputs and the further parts, as arrays."""
        raise NotImplementedError

    def recorded_gradients(self, gs: tuple, parts: tuple) -> Sequence[Any]:
        """The same as Tensors, computed from gs and the inputs."""
        raise NotImplementedError
