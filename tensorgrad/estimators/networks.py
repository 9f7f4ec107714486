"""Where the networks come from: the widths of an MLP's layers, or a network of one's own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions

from ..arguments import is_int
from ..module import Module
from ..network import _ACTIVATIONS, MLP
from .base import NetworkEstimator

_SCIKIT_LEARNS = {"identity": None, "logistic": "sigmoid"}  # names of activations that are others here


class MLPEstimator(NetworkEstimator):
    """An estimator whose network is an MLP."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({*_SCIKIT_LEARNS, *_ACTIVATIONS}), callable],
        **NetworkEstimator._parameter_constraints,
    }

    def _make(self, n_features: int, n_outputs: int, rng: np.random.Generator) -> Module:
        activation = self.activation
        activation = _SCIKIT_LEARNS.get(activation, activation) if isinstance(activation, str) else activation
        return MLP(n_features, [*self._widths(), n_outputs], activation, rng=rng)

    def _widths(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        is_list = isinstance(sizes, Sequence) or (isinstance(sizes, np.ndarray) and sizes.ndim == 1)
        listed = list(sizes) if is_list else [sizes]
        if not all(is_int(size) and size >= 1 for size in listed):
            raise InvalidParameterError(
                f"The 'hidden_layer_sizes' parameter of {type(self).__name__} must be an int in the range [1, inf), or "
                f"several. Got {sizes!r} instead."
            )
        return [int(size) for size in listed]

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of each layer, (inputs, outputs)."""
        return [p.data for p in self.network_.parameters()[::2]]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of each layer, (outputs,)."""
        return [p.data for p in self.network_.parameters()[1::2]]


class ModuleEstimator(NetworkEstimator):
    """An estimator for a network of one's own."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "module": [Module, callable],
        "compile": ["boolean"],
        **NetworkEstimator._parameter_constraints,
    }

    def _make(self, n_features: int, n_outputs: int, rng: np.random.Generator) -> Module:
        if isinstance(self.module, Module):
            return copy.deepcopy(self.module)
        self._require_called_with_three()
        made = self.module(n_features, n_outputs, rng)
        if not isinstance(made, Module):
            raise TypeError(
                f"{type(self).__name__}: module must be a Module, or make one when it is called with n_features, "
                f"n_outputs and rng; it made a {type(made).__name__}"
            )
        return copy.deepcopy(made)  # what made it may keep it, and give it again

    def _require_called_with_three(self) -> None:
        try:
            inspect.signature(self.module).bind(None, None, None)
        except ValueError:  # there is no signature
            return
        except TypeError as error:
            raise TypeError(
                f"{type(self).__name__}: module is called with the numbers of features and of outputs and a Generator, "
                f"in this order, which {self.module!r} can't be: {error}"
            ) from error

    def _compiles(self) -> bool:
        return bool(self.compile)


def require_shape(estimator: Any, shape: tuple[int, ...], wanted: Sequence[tuple[int, ...]], what: str) -> None:
    """An error, unless the outputs for one example have one of these shapes behind the first axis."""
    if shape[1:] not in wanted or shape[:1] != (1,):
        shapes = " or ".join(map(shape_of, wanted))
        got = shape_of(shape[1:]) if shape[:1] == (1,) else shape
        raise ValueError(
            f"{type(estimator).__name__}: for {what} the network must give outputs of shape {shapes}, not {got}"
        )


def shape_of(each: tuple[int, ...]) -> str:
    """A shape in words: of n examples, each of which has this one."""
    return "(" + ", ".join(["n", *map(str, each)]) + ("," if not each else "") + ")"
