"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, running_mean
from .settings import Group, Setting


class RMSprop(Optimizer):
    """RMSprop (Hinton, 2012, lecture 6 of "Neural Networks for Machine Learning"; centered as Graves, 2013,
    arXiv:1308.0850, has it).

        v = alpha * v + (1 - alpha) * grad**2
        data -= lr * grad / (sqrt(v) + eps)
        centered: m = alpha * m + (1 - alpha) * grad, and v - m**2 in place of v in the root
        with momentum: b = momentum * b + grad / (sqrt(v) + eps); data -= lr * b

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        alpha: the decay rate of the means, not negative.
        eps: what is added to the root.
        weight_decay: weight_decay * data is added to the gradient.
        momentum, centered: as above.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> RMSprop([w], lr=0.01).step()
    >>> w
    Tensor([0.9 1.9])
    """

    alpha = Setting(non_negative)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    momentum = Setting(non_negative)
    centered = Setting(yes_or_no)
    maximize = Setting(yes_or_no)
    _optional = ("momentum_buffer", "grad_avg")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**settings, "centered": centered, "maximize": maximize})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "square_avg": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        lr, alpha, momentum, centered = group["lr"], group["alpha"], group["momentum"], group["centered"]
        eps = group["eps"]
        state["step"] += 1
        kept = [state["square_avg"]]
        if centered:
            kept.append(self._zeros(state, "grad_avg", data))
        if momentum:
            kept.append(self._zeros(state, "momentum_buffer", data))
        for part, g, v, *more, change in self._pieces(group, scratch, data, grad, *kept):
            running_mean(v, np.multiply(g, g, change), alpha, change)
            if centered:
                m = more[0]
                running_mean(m, g, alpha, change)
                np.multiply(m, m, change)
                np.subtract(v, change, change)
                np.sqrt(change, change)
            else:
                np.sqrt(v, change)
            change += eps
            np.divide(g, change, change)
            if momentum:
                b = more[-1]
                b *= momentum
                b += change
                np.multiply(b, lr, change)
            else:
                change *= lr
            part -= change
