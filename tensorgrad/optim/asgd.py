"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, computed
from .settings import Group, Setting


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by
    averaging"; the rates are those of Bottou).

        data = (1 - lambd * eta) * data - eta * grad
        average = average + mu * (data - average)
        eta = lr / (1 + lambd * lr * t)**alpha, mu = 1 / max(1, t - t0)       after step t; at first lr and 1

    The average is `optimizer.state[p]["ax"]`. eta and mu are kept in single precision, as PyTorch does.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        lambd: as above, not negative.
        alpha: the power by which eta falls.
        t0: the step after which the average begins; before, it is the data.
        weight_decay: weight_decay * data is added to the gradient.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> ASGD([w], lr=0.25, lambd=0).step()
    >>> w
    Tensor([0.5 1. ])
    """

    lambd = Setting(non_negative)
    alpha = Setting(non_negative)
    t0 = Setting(non_negative)
    weight_decay = Setting(non_negative)
    maximize = Setting(yes_or_no)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, {**settings, "maximize": maximize})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "eta": np.float32(group["lr"]), "mu": np.float32(1), "ax": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        lr, lambd, t = group["lr"], group["lambd"], state["step"] + 1
        eta, is_copied = computed(float, state["eta"]), bool(state["mu"] == 1)
        mu = 1.0 if is_copied else computed(float, state["mu"])
        for part, g, average, change in self._pieces(group, scratch, data, grad, state["ax"]):
            np.multiply(g, eta, change)
            part *= 1 - lambd * eta
            part -= change
            if is_copied:
                average[...] = part
            else:
                np.subtract(part, average, change)
                change *= mu
                average += change
        state["step"] = t
        state["eta"] = computed(np.float32, lr / (1 + lambd * lr * t) ** group["alpha"])
        averaged = t - group["t0"]
        state["mu"] = computed(np.float32, 1 / averaged) if averaged > 1 else np.float32(1)
