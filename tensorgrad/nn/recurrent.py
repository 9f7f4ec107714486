"""Recurrent layers: many steps of one cell, as one operation."""

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
from ..functions import dropout, linear
from ..module import Module
from ..tensor import data_of
from .init import uniform

__all__ = ["RNN", "LSTM", "GRU"]


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


class Recurrent(Module):
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

    def _input(self, x: Any, batched_ndim: int) -> tuple[Any, bool]:
        """x as it is computed with, and whether it is one of a batch; or an error."""
        name = type(self).__name__
        x = as_numbers(name, "the input", x, "f")
        if x.ndim not in (batched_ndim - 1, batched_ndim) or x.shape[-1] != self.input_size:
            steps = "" if batched_ndim == 2 else "N, T, " if getattr(self, "batch_first", False) else "T, N, "
            alone = steps.replace("N, ", "")
            shapes = f"({steps or 'N, '}{self.input_size}), or ({alone}{self.input_size}) without a batch"
            raise ValueError(f"{name}: the input must have the shape {shapes}, not {x.shape}")
        return x, x.ndim == batched_ndim

    def _state(self, what: str, value: Any, shape: tuple[int, ...]) -> Any:
        """An initial state, or an error."""
        name = type(self).__name__
        value = as_numbers(name, what, value, "f")
        if value.shape != shape:
            raise ValueError(f"{name}: {what} must have the shape {shape} for this input, not {value.shape}")
        return value

    def _pair(self, what: str, names: tuple[str, str], given: Any) -> Sequence[Any]:
        """Both initial states of an LSTM, or an error; nothing for None."""
        if given is None:
            return ()
        if not isinstance(given, list | tuple) or len(given) != 2:
            raise ValueError(f"{type(self).__name__}: {what} must be a pair ({', '.join(names)}), not {given!r}")
        return given

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class OfRNN(Recurrent):
    gates = 1
    nonlinearity: str

    def _scan(self, gates: Any, state: Sequence[Any], weight: Any, bias: Any, projection: Any) -> tuple[Any, ...]:
        y = Scan(steps.rnn, steps.rnn_gradients, relu=self.nonlinearity == "relu")(gates, *state, weight)
        return y, y[-1]


class OfLSTM(Recurrent):
    gates, states = 4, 2

    def _scan(self, gates: Any, state: Sequence[Any], weight: Any, bias: Any, projection: Any) -> tuple[Any, ...]:
        parts = (gates, *state, weight) if projection is None else (gates, *state, weight, projection)
        y, c = Scan(steps.lstm, steps.lstm_gradients)(*parts)
        return y, y[-1], c


class OfGRU(Recurrent):
    gates = 3

    def _scan(self, gates: Any, state: Sequence[Any], weight: Any, bias: Any, projection: Any) -> tuple[Any, ...]:
        parts = (gates, *state, weight) if bias is None else (gates, *state, weight, bias)
        y = Scan(steps.gru, steps.gru_gradients)(*parts)
        return y, y[-1]


# Layers --------------------------------------------------------------------------------------------------------------


class _Layers(Recurrent):
    """Layers over a whole sequence, each on the output of the one below, in one direction or in both."""

    proj_size = 0

    def _build(
        self, input_size: Any, hidden_size: Any, num_layers: Any, bias: Any, batch_first: Any, dropout: Any,
        bidirectional: Any, rng: Any, dtype: DTypeLike, proj_size: Any = 0,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        self._begin(input_size, hidden_size, bias, rng, dtype)
        self.num_layers = positive_int(f"{name}: num_layers", num_layers)
        self.batch_first = yes_or_no(f"{name}: batch_first", batch_first)
        self.dropout = probability(f"{name}: dropout", dropout)
        self.bidirectional = yes_or_no(f"{name}: bidirectional", bidirectional)
        self.proj_size = whole_number(f"{name}: proj_size", proj_size)
        if self.proj_size >= self.hidden_size:
            raise ValueError(f"{name}: proj_size must be smaller than hidden_size={hidden_size}, not {proj_size!r}")
        if self.dropout and self.num_layers == 1:
            warnings.warn(f"{name}: dropout is done between layers, and there is one alone", stacklevel=3)
        width = (self.proj_size or self.hidden_size) * len(self._directions)
        for layer in range(self.num_layers):
            for direction in self._directions:
                self._make(f"_l{layer}{direction}", width if layer else self.input_size, self.proj_size)

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _initial(self, given: Sequence[Any], names: tuple[str, ...], n: int, is_batched: bool) -> list[Any]:
        """The initial states, each (layers * directions, N, ...)."""
        count, batch = self.num_layers * len(self._directions), (n,) if is_batched else ()
        widths = (self.proj_size or self.hidden_size, self.hidden_size)
        found = [
            self._state(name, value, (count, *batch, width))
            for name, value, width in zip(names, given, widths, strict=False)
        ]
        return found if is_batched else [np.expand_dims(value, 1) for value in found]

    def _forward(self, x: Any, names: tuple[str, ...], given: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The output of the last layer, and the last states of all layers."""
        x, is_batched = self._input(x, 3)
        if not is_batched:
            x = np.expand_dims(x, 1)
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        if not x.shape[0]:
            raise ValueError(f"{type(self).__name__}: the input has no step: its shape is {x.shape}")
        initial = self._initial(given, names, x.shape[1], is_batched)
        last: list[tuple[Any, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.training:
                x = dropout(x, self.dropout, rng=self._rng)
            outputs = []
            for direction in self._directions:
                state = [s[len(last)] for s in initial]
                turned = x[::-1] if direction else x
                y, *ends = self._run(turned, state, f"_l{layer}{direction}")
                outputs.append(y[::-1] if direction else y)
                last.append(tuple(ends))
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
        states = [np.stack(ends) for ends in zip(*last, strict=True)]
        if not is_batched:
            return x[:, 0], [s[:, 0] for s in states]
        return np.swapaxes(x, 0, 1) if self.batch_first else x, states

    def extra_repr(self) -> str:
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False,
        }  # fmt: skip
        told = [f", {name}={value}" for name in defaults if (value := getattr(self, name)) != defaults[name]]
        return super().extra_repr() + "".join(told)


class RNN(_Layers, OfRNN):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), for each step of a sequence, as `torch.nn.RNN` (Elman, Finding
    structure in time, 1990).

    Args:
        input_size, hidden_size: the widths of x and of h.
        num_layers: how many there are; each gets the h of the one below as its x.
        nonlinearity: 'tanh', or 'relu' in its place.
        bias: whether b_ih and b_hh are added.
        batch_first: whether x and the output are (N, T, ...), and not (T, N, ...).
        dropout: the probability that a number of a layer's output is set to zero on its way to the next layer, in
            training; the others are divided by 1 - dropout.
        bidirectional: whether each layer has a second part, which goes from the last step to the first; the outputs of
            both stand beside each other.
        rng: a `numpy.random.Generator` or a seed, for the parameters and for dropout. All parameters are drawn from
            -1 / sqrt(hidden_size) to 1 / sqrt(hidden_size), evenly.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (T, N, input_size), or (T, input_size) for one sequence alone, and h_0 of shape
    (num_layers * directions, N, hidden_size), or None for zeros, it gives the pair (output, h_n): the h of the last
    layer in all steps, (T, N, directions * hidden_size), and the last h of all layers, of the shape of h_0.

    The parameters of layer k are `weight_ih_lk` (hidden_size, the width of its x), `weight_hh_lk` (hidden_size,
    hidden_size), `bias_ih_lk` and `bias_hh_lk` (hidden_size,), and the same with `_reverse` for the other direction.

    Raises:
        ValueError: an argument is out of its range, or x or h_0 has another shape.
        TypeError: a flag isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x or h_0 isn't
            real numbers.

    >>> output, h_n = RNN(3, 4, num_layers=2, rng=0)(np.ones((7, 5, 3)))
    >>> output.shape, h_n.shape
    ((7, 5, 4), (2, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.nonlinearity = one_of("RNN: nonlinearity", nonlinearity, ("tanh", "relu"))
        self._build(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype)

    def forward(self, x: Any, h_0: Any = None) -> tuple[Any, Any]:
        output, (h_n,) = self._forward(x, ("h_0",), () if h_0 is None else (h_0,))
        return output, h_n


class LSTM(_Layers, OfLSTM):
    """Long short-term memory, as `torch.nn.LSTM` (Hochreiter and Schmidhuber, Long short-term memory, 1997; with the
    forget gate of Gers, Schmidhuber and Cummins, Learning to forget, 2000): for each step of a sequence

        i, f, o = sigmoid(W x + b + V h + d), g = tanh(W x + b + V h + d)   each with parts of W, b, V, d of its own
        c' = f c + i g
        h' = o tanh(c')

    so that what c remembers is kept, with its gradient, as long as f is near 1.

    Args:
        input_size, hidden_size: the widths of x, and of h and c.
        num_layers, bias, batch_first, dropout, bidirectional, rng, dtype: as of `RNN`.
        proj_size: if it isn't 0, h' is multiplied by a matrix that makes it so wide (Sak, Senior and Beaufays, 2014,
            arXiv:1402.1128); P is proj_size then, else hidden_size.

    Called with x of shape (T, N, input_size), or (T, input_size) for one sequence alone, and None or a pair (h_0, c_0)
    of shapes (num_layers * directions, N, P) and (num_layers * directions, N, hidden_size), it gives (output, (h_n,
    c_n)): the h of the last layer in all steps, (T, N, directions * P), and the last h and c of all layers.

    The parameters of layer k are `weight_ih_lk` (4 hidden_size, the width of its x), `weight_hh_lk` (4 hidden_size, P),
    `bias_ih_lk` and `bias_hh_lk` (4 hidden_size,), each for i, f, g, o in this order, and `weight_hr_lk` (P,
    hidden_size), if proj_size is given; and the same with `_reverse` for the other direction.

    Raises:
        ValueError: an argument is out of its range, or x or a state has another shape.
        TypeError: a flag isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x or a state
            isn't real numbers.

    >>> output, (h_n, c_n) = LSTM(3, 4, bidirectional=True, rng=0)(np.ones((7, 5, 3)))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 5, 8), (2, 5, 4), (2, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self._build(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype, proj_size
        )

    def forward(self, x: Any, state: Any = None) -> tuple[Any, tuple[Any, Any]]:
        output, (h_n, c_n) = self._forward(x, ("h_0", "c_0"), self._pair("state", ("h_0", "c_0"), state))
        return output, (h_n, c_n)


class GRU(_Layers, OfGRU):
    """Gated recurrent units, as `torch.nn.GRU` (Cho and others, 2014, arXiv:1406.1078): for each step of a sequence

        r, z = sigmoid(W x + b + V h + d)                  each with parts of W, b, V, d of its own
        n = tanh(W x + b + r (V h + d))
        h' = (1 - z) n + z h

    Args:
        input_size, hidden_size: the widths of x and of h.
        num_layers, bias, batch_first, dropout, bidirectional, rng, dtype: as of `RNN`.

    Called with x of shape (T, N, input_size), or (T, input_size) for one sequence alone, and h_0 of shape
    (num_layers * directions, N, hidden_size), or None for zeros, it gives the pair (output, h_n): the h of the last
    layer in all steps, (T, N, directions * hidden_size), and the last h of all layers, of the shape of h_0.

    The parameters of layer k are `weight_ih_lk` (3 hidden_size, the width of its x), `weight_hh_lk` (3 hidden_size,
    hidden_size), `bias_ih_lk` and `bias_hh_lk` (3 hidden_size,), each for r, z, n in this order, and the same with
    `_reverse` for the other direction.

    Raises:
        ValueError: an argument is out of its range, or x or h_0 has another shape.
        TypeError: a flag isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x or h_0 isn't
            real numbers.

    >>> output, h_n = GRU(3, 4, batch_first=True, rng=0)(np.ones((5, 7, 3)))
    >>> output.shape, h_n.shape
    ((5, 7, 4), (1, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self._build(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype)

    def forward(self, x: Any, h_0: Any = None) -> tuple[Any, Any]:
        output, (h_n,) = self._forward(x, ("h_0",), () if h_0 is None else (h_0,))
        return output, h_n
