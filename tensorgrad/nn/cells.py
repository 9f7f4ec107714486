"""Recurrent cells: one step of the layers in recurrent.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import one_of
from .recurrent import OfGRU, OfLSTM, OfRNN, Recurrent

__all__ = ["RNNCell", "LSTMCell", "GRUCell"]


class _Cell(Recurrent):
    """One step."""

    def _step(self, x: Any, names: tuple[str, ...], given: Sequence[Any]) -> list[Any]:
        x, is_batched = self._input(x, 2)
        shape = (*x.shape[:-1], self.hidden_size)
        state = [self._state(name, value, shape) for name, value in zip(names, given, strict=False)]
        if not is_batched:
            x, state = np.expand_dims(x, 0), [np.expand_dims(s, 0) for s in state]
        _, *ends = self._run(np.expand_dims(x, 0), state, "")
        return ends if is_batched else [end[0] for end in ends]

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.bias else ", bias=False")


class RNNCell(_Cell, OfRNN):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), as `torch.nn.RNNCell`: one step of an `RNN`.

    Args:
        input_size, hidden_size, bias, nonlinearity, rng, dtype: as of `RNN`.

    Called with x of shape (N, input_size), or (input_size,), and h of shape (N, hidden_size), or (hidden_size,), or
    None for zeros, it gives h'. Its parameters are `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.

    Raises:
        ValueError, TypeError: as `RNN`.

    >>> RNNCell(3, 4, rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.nonlinearity = one_of("RNNCell: nonlinearity", nonlinearity, ("tanh", "relu"))
        self._begin(input_size, hidden_size, bias, rng, dtype)
        self._make("", self.input_size)

    def forward(self, x: Any, h: Any = None) -> Any:
        return self._step(x, ("h",), () if h is None else (h,))[0]


class LSTMCell(_Cell, OfLSTM):
    """One step of an `LSTM`, as `torch.nn.LSTMCell`.

    Args:
        input_size, hidden_size, bias, rng, dtype: as of `LSTM`.

    Called with x of shape (N, input_size), or (input_size,), and a pair (h, c) of arrays of shape (N, hidden_size), or
    (hidden_size,), or None for zeros, it gives the pair (h', c'). Its parameters are `weight_ih`, `weight_hh`,
    `bias_ih` and `bias_hh`.

    Raises:
        ValueError, TypeError: as `LSTM`.

    >>> h, c = LSTMCell(3, 4, rng=0)(np.ones((5, 3)))
    >>> h.shape, c.shape
    ((5, 4), (5, 4))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Any = None, dtype: DTypeLike = np.float64
    ):
        self._begin(input_size, hidden_size, bias, rng, dtype)
        self._make("", self.input_size)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        h, c = self._step(x, ("h", "c"), self._pair("state", ("h", "c"), state))
        return h, c


class GRUCell(_Cell, OfGRU):
    """One step of a `GRU`, as `torch.nn.GRUCell`.

    Args:
        input_size, hidden_size, bias, rng, dtype: as of `GRU`.

    Called with x of shape (N, input_size), or (input_size,), and h of shape (N, hidden_size), or (hidden_size,), or
    None for zeros, it gives h'. Its parameters are `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.

    Raises:
        ValueError, TypeError: as `GRU`.

    >>> GRUCell(3, 4, rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Any = None, dtype: DTypeLike = np.float64
    ):
        self._begin(input_size, hidden_size, bias, rng, dtype)
        self._make("", self.input_size)

    def forward(self, x: Any, h: Any = None) -> Any:
        return self._step(x, ("h",), () if h is None else (h,))[0]
