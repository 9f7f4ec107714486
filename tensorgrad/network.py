"""From a single neuron to a multi-layer perceptron."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import functions
from .arguments import MOST, floating_dtype, generator, positive_int, positive_ints
from .derivatives.arrays import as_numbers
from .derivatives.products import linear
from .module import Module
from .nn.containers import Sequential
from .tensor import Tensor

__all__ = ["Module", "Neuron", "Layer", "MLP", "Sequential"]

Activation = str | Callable[[Any], Any] | None

# The variance of the initial weights is 2 / nin (He et al., 2015, arXiv:1502.01852) before activations that are near to
# zero for half of their inputs, and 2 / (nin + nout) (Glorot and Bengio, 2010) before the others.
_HALF = {"relu", "leaky_relu", "gelu", "silu", "softplus"}
_ACTIVATIONS: dict[str, Callable] = {
    name: getattr(functions, name) for name in ("relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu", "silu")
}


def _activation(where: str, activation: Any) -> Callable | None:
    if activation is None or (callable(activation) and not isinstance(activation, type)):
        return activation
    if not isinstance(activation, str) or activation not in _ACTIVATIONS:
        raise ValueError(
            f"{where}: unknown activation {activation!r}; use one of {', '.join(_ACTIVATIONS)}, or a function"
        )
    return _ACTIVATIONS[activation]


def _initial(where: str, nin: int, nout: int, activation: Activation, rng: Any, dtype: Any) -> np.ndarray:
    """Weights of shape (nin, nout), uniform, whose outputs keep the variance of the inputs at any width."""
    if nin * nout > MOST:
        raise ValueError(f"{where}: {nin} x {nout} weights are more than an array can hold")
    variance = 2 / nin if _name(activation) in _HALF else 2 / (nin + nout)
    limit = math.sqrt(3 * variance)  # the variance of the uniform distribution from -limit to limit is limit**2 / 3
    return generator(f"{where}: rng", rng).uniform(-limit, limit, (nin, nout)).astype(dtype)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", function))


class _Linear(Module):
    """What a neuron and a layer share: activation(x @ weight + bias)."""

    weight: Tensor
    bias: Tensor
    activation: Activation
    _function: Callable | None

    def forward(self, x: Any) -> Any:
        try:
            y = linear(x, self.weight, self.bias)
        except (AttributeError, TypeError, ValueError) as error:
            if isinstance(getattr(x, "shape", None), tuple):
                raise self._explained(error, x) from error
            return self.forward(as_numbers(repr(self), "the input", x))  # of a list, and what else can be made an array
        return self._function(y) if self._function else y

    def _explained(self, error: Exception, x: Any) -> Exception:
        """An error of linear as one of this layer, if x is what is wrong."""
        nin = self.weight.shape[0]
        if hasattr(x, "__array_function__"):  # which a sparse matrix isn't
            as_numbers(repr(self), "the input", x)
        if x.shape[-1:] != (nin,):
            return ValueError(f"{self!r}: the input must have the shape (..., {nin}), not {x.shape}")
        return error


class Neuron(_Linear):
    """One neuron: activation(x . weight + bias).

    Args:
        nin: how many inputs.
        activation: a name (relu, leaky_relu, sigmoid, tanh, softplus, gelu, silu), a function, or None.
        rng: a `numpy.random.Generator` or a seed, which makes the initial weights repeatable.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (..., nin), it gives (...).

    Raises:
        ValueError: nin isn't a positive int, the activation is unknown, or x has another shape.
        TypeError: the dtype isn't floating, rng is neither a Generator nor a seed, or x isn't numbers.

    >>> Neuron(3, rng=0)(np.ones((5, 3))).shape
    (5,)
    """

    def __init__(self, nin: int, activation: Activation = None, *, rng: Any = None, dtype: DTypeLike = np.float64):
        where = type(self).__name__
        nin, dtype = positive_int(f"{where}: nin", nin), floating_dtype(f"{where}: dtype", dtype)
        self.activation, self._function = activation, _activation(where, activation)
        self.weight = Tensor(_initial(where, nin, 1, activation, rng, dtype)[:, 0], name="weight")
        self.bias = Tensor(np.zeros((), dtype), name="bias")

    def extra_repr(self) -> str:
        return _arrow(self.weight.shape[0], 1, self.activation)


class Layer(_Linear):
    """nout neurons side by side: activation(x @ weight + bias). The arguments are as in Neuron.

    Called with x of shape (..., nin), it gives (..., nout).

    >>> Layer(3, 4, activation="relu", rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self, nin: int, nout: int, activation: Activation = None, *, rng: Any = None, dtype: DTypeLike = np.float64
    ):
        where = type(self).__name__
        nin, nout = positive_int(f"{where}: nin", nin), positive_int(f"{where}: nout", nout)
        dtype = floating_dtype(f"{where}: dtype", dtype)
        self.activation, self._function = activation, _activation(where, activation)
        self.weight = Tensor(_initial(where, nin, nout, activation, rng, dtype), name="weight")
        self.bias = Tensor(np.zeros(nout, dtype), name="bias")

    def extra_repr(self) -> str:
        nin, nout = self.weight.shape
        return _arrow(nin, nout, self.activation)


def _arrow(nin: int, nout: int, activation: Activation) -> str:
    return f"{nin} -> {nout}" + (f", {_name(activation)}" if activation else "")


class MLP(Sequential):
    """A multi-layer perceptron: layers of the widths nouts, the activation between them, and none after the last.

    Args:
        nin: how many inputs.
        nouts: the widths of the layers; the last is the number of outputs.
        activation, rng, dtype: as in Neuron.

    Called with x of shape (..., nin), it gives (..., nouts[-1]).

    >>> model = MLP(2, [16, 16, 1], rng=0)
    >>> model
    MLP()
      (layers.0): Layer(2 -> 16, relu)
      (layers.1): Layer(16 -> 16, relu)
      (layers.2): Layer(16 -> 1)
    >>> model(np.ones((100, 2))).shape
    (100, 1)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        where = type(self).__name__
        widths = [positive_int(f"{where}: nin", nin), *positive_ints(f"{where}: nouts", nouts)]
        _activation(where, activation)  # one layer alone has no use for it, but an unknown name is an error
        rng, dtype = generator(f"{where}: rng", rng), floating_dtype(f"{where}: dtype", dtype)
        functions = [*[activation] * (len(widths) - 2), None]
        pairs = zip(pairwise(widths), functions, strict=True)
        super().__init__(*(Layer(m, n, function, rng=rng, dtype=dtype) for (m, n), function in pairs))

    def _parts(self) -> Mapping[str, Any]:
        return Module._parts(self)  # "layers.0", which says more of a network than "0"
