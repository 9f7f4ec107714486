"""Modules that hold others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """Modules, or functions, applied one after the other.

    >>> import numpy as np
    >>> from tensorgrad import Layer
    >>> model = Sequential(Layer(3, 4, rng=0), np.tanh)
    >>> model
    Sequential(Layer, tanh)
      (0): Layer(3 -> 4)
    >>> model(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(self, *layers: Callable[[Any], Any]):
        for layer in layers:
            if not callable(layer):
                hint = "; pass them one by one, as Sequential(*layers)" if isinstance(layer, list | tuple) else ""
                raise TypeError(f"Sequential: {layer!r} is neither a module nor a function{hint}")
            if isinstance(layer, type):
                raise TypeError(f"Sequential: {layer!r} is a class; pass a module that was made of it, or a function")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parts(self) -> dict[str, Any]:
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def extra_repr(self) -> str:
        names = [type(f).__name__ if isinstance(f, Module) else str(getattr(f, "__name__", f)) for f in self.layers]
        return "" if all(isinstance(f, Module) for f in self.layers) else ", ".join(names)
