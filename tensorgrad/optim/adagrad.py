"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer
from .settings import Group, Setting


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer, 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization").

        sum = sum + grad**2
        data -= lr / (1 + (t - 1) * lr_decay) * grad / (sqrt(sum) + eps)       in step t

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        lr_decay: as above, not negative.
        weight_decay: weight_decay * data is added to the gradient.
        initial_accumulator_value: what sum begins with, not negative; a group may have its own (in PyTorch that of the
            constructor counts for all).
        eps: what is added to sqrt(sum).
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adagrad([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    lr_decay = Setting(non_negative)
    weight_decay = Setting(non_negative)
    initial_accumulator_value = Setting(non_negative)
    eps = Setting(non_negative)
    maximize = Setting(yes_or_no)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay, "eps": eps, "maximize": maximize}
        super().__init__(params, {**settings, "initial_accumulator_value": initial_accumulator_value})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        first = group["initial_accumulator_value"]
        return {"step": 0, "sum": np.full_like(data, complex(first, first) if data.dtype.kind == "c" else first)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        lr, eps = group["lr"] / (1 + state["step"] * group["lr_decay"]), group["eps"]
        state["step"] += 1
        for part, g, total, change in self._pieces(group, scratch, data, grad, state["sum"]):
            np.multiply(g, g, change)
            total += change
            np.sqrt(total, change)
            change += eps
            np.divide(g, change, change)
            change *= lr
            part -= change
