"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer
from .settings import Group, Setting


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Polyak, 1964; Nesterov, 1983; as Sutskever et al., 2013, have it).

        data -= lr * grad
        with momentum: v = momentum * v + (1 - dampening) * grad, at first v = grad; data -= lr * v
        with nesterov: data -= lr * (grad + momentum * v)

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        momentum, dampening: not negative.
        weight_decay: weight_decay * data is added to the gradient.
        nesterov: whether to look ahead; it needs a momentum, and a dampening of 0.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; nesterov without momentum or with
            dampening.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.1).step()
    >>> w
    Tensor([0.8 1.6])
    """

    momentum = Setting(non_negative)
    dampening = Setting(non_negative)
    weight_decay = Setting(non_negative)
    nesterov = Setting(yes_or_no)
    maximize = Setting(yes_or_no)
    _optional = ("momentum_buffer",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**settings, "nesterov": nesterov, "maximize": maximize})

    def _check_group(self, group: Mapping[str, Any]) -> None:
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ValueError(f"{type(self).__name__}: nesterov needs a momentum, and a dampening of 0")

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        lr, momentum = group["lr"], group["momentum"]
        if not momentum:
            for part, g, change in self._pieces(group, scratch, data, grad):
                np.multiply(g, lr, change)
                part -= change
            return
        is_first = "momentum_buffer" not in state
        if is_first:
            state["momentum_buffer"] = np.empty_like(data)
        share, nesterov = 1 - group["dampening"], group["nesterov"]
        for part, g, v, change in self._pieces(group, scratch, data, grad, state["momentum_buffer"]):
            if is_first:
                v[...] = g
            else:
                v *= momentum
                v += g if share == 1 else np.multiply(g, share, change)
            if nesterov:
                np.multiply(v, momentum, change)
                change += g
                change *= lr
            else:
                np.multiply(v, lr, change)
            part -= change
