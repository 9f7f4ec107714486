"""Recurrent layers and cells."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import floating_dtype, generator, one_of, positive_int, probability, whole_number, yes_or_no
from ..closures import Differentiable, is_recorded, record
from ..derivatives import recurrent as steps
from ..derivatives.arrays import as_numbers
from ..functions import linear
from ..module import Module
from ..tensor import Tensor, data_of
from .init import uniform

__all__ = ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"]


class Scan(Differentiable):
    """The steps of a recurrent layer as one operation, whose gradients are computed together.

    Args:
        forward, backward: a pair of functions of `derivatives.recurrent`.
        options: what they are given beside Tensors and arrays.
    """

    def __init__(self, forward: Callable, backward: Callable, **options: Any):
        self.forward, self.backward, self.options = forward, backward, options
        self.saved: Any = None

    def __call__(self, *parts: Any) -> Any:
        y, self.saved = self.forward(*[data_of(part) for part in parts], **self.options)
        return record(self.forward.__name__, y, parts, self)

    def value(self, parts: Sequence[Any]) -> Any:
        return self.forward(*parts, **self.options)[0]

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        saved = None if is_recorded(parts) else self.saved
        return self.backward(g, y, saved, *parts, **self.options)


class _Recurrent(Module):
    """What layers and cells share: parameters, their checks, and one step or all steps of one direction."""

    gates: int  # how many there are, each of the width of the state
    states = 1  # how many arrays the state is

    def _begin(self, input_size: Any, hidden_size: Any, bias: Any, rng: Any, dtype: DTypeLike) -> None:
        name = type(self).__name__
        self.input_size = positive_int(f"{name}: input_size", input_size)
        self.hidden_size = positive_int(f"{name}: hidden_size", hidden_size)
        self.bias = yes_or_no(f"{name}: bias", bias)
        self._rng, self._dtype = generator(f"{name}: rng", rng), floating_dtype(f"{name}: dtype", dtype)

    def _parameter(self, name: str, *shape: int) -> None:
        limit = 1 / math.sqrt(self.hidden_size)
        setattr(self, name, uniform(shape, limit, self._rng, self._dtype, name))

    def _make(self, suffix: str, input_size: int, proj_size: int = 0) -> None:
        """The parameters of one layer in one direction, drawn in the order of their names in PyTorch."""
        width = self.gates * self.hidden_size
        self._parameter(f"weight_ih{suffix}", width, input_size)
        self._parameter(f"weight_hh{suffix}", width, proj_size or self.hidden_size)
        if self.bias:
            self._parameter(f"bias_ih{suffix}", width)
            self._parameter(f"bias_hh{suffix}", width)
        if proj_size:
            self._parameter(f"weight_hr{suffix}", proj_size, self.hidden_size)

    def _scan(self, gates: Any, state: Sequence[Any], weight: Any, bias: Any, projection: Any) -> tuple[Any, ...]:
        """The states in all steps, and the last of each that the layer has."""
        raise NotImplementedError

    def _run(self, x: Any, state: Sequence[Any], suffix: str) -> tuple[Any, ...]:
        """The same, of x (T, N, C), with the parameters of this suffix."""

        def get(name: str) -> Any:
            return getattr(self, f"{name}{suffix}", None)

        weight, bias, recurrent_bias = get("weight_ih"), get("bias_ih"), get("bias_hh")
        if bias is None:
            gates = x @ weight.T
        elif self.gates == 3:  # of a GRU, the recurrent bias of n is multiplied by r
            gates = linear(x, weight.T, bias)
        else:
            gates = linear(x, weight.T, bias + recurrent_bias)
        if not state:
            width = get("weight_hh").shape[1]
            widths = (width, self.hidden_size)[: self.states]
            state = [np.zeros((x.shape[1], n), gates.dtype, like=data_of(x)) for n in widths]
        return self._scan(gates, state, get("weight_hh"), recurrent_bias, get("weight_hr"))
