"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, running_mean
from .settings import Group, Setting, two_rates


class Adamax(Optimizer):
    """Adamax, which is Adam with the largest gradient in place of the mean of squares (Kingma and Ba, 2014,
    arXiv:1412.6980, section 7.1).

        m = beta1 * m + (1 - beta1) * grad
        u = max(beta2 * u, |grad| + eps)
        data -= lr / (1 - beta1**t) * m / u         in step t

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        betas: the decay rates of m and u, from 0 to below 1.
        eps: what is added to the gradient's size.
        weight_decay: weight_decay * data is added to the gradient.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adamax([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    betas = Setting(two_rates)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    maximize = Setting(yes_or_no)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, settings)

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "exp_avg": np.zeros_like(data), "exp_inf": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (beta1, beta2), eps = group["betas"], group["eps"]
        t = state["step"] = state["step"] + 1
        lr = group["lr"] / (1 - beta1**t)
        for part, g, m, u, change in self._pieces(group, scratch, data, grad, state["exp_avg"], state["exp_inf"]):
            running_mean(m, g, beta1, change)
            u *= beta2
            np.abs(g, change)
            change += eps
            np.maximum(u, change, out=u)
            np.divide(m, u, change)
            change *= lr
            part -= change
