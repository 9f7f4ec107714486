"""RAdam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, computed, running_mean
from .settings import Group, Setting, two_rates


class RAdam(Optimizer):
    """Adam whose first steps are plain momentum, as long as v has seen too little (Liu et al., 2019, arXiv:1908.03265).

        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        n = N - 2 * t * beta2**t / (1 - beta2**t)       in step t, where N = 2 / (1 - beta2) - 1
        r = sqrt((n - 4) * (n - 2) * N / ((N - 4) * (N - 2) * n))
        m_hat = m / (1 - beta1**t)
        data -= lr * m_hat * r * sqrt(1 - beta2**t) / (sqrt(v) + eps)       if n > 5, else lr * m_hat

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        betas: the decay rates of the two means, from 0 to below 1.
        eps: what is added to sqrt(v).
        weight_decay: weight_decay * data is added to the gradient.
        decoupled_weight_decay: whether weight decay is that of `AdamW`, data *= 1 - lr * weight_decay.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> RAdam([w], lr=0.1).step()
    >>> w
    Tensor([0.8 1.6])
    """

    betas = Setting(two_rates)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    decoupled_weight_decay = Setting(yes_or_no)
    maximize = Setting(yes_or_no)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        switches = {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(params, {**settings, **switches})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "exp_avg": np.zeros_like(data), "exp_avg_sq": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (beta1, beta2), eps = group["betas"], group["eps"]
        t = state["step"] = state["step"] + 1
        lr = group["lr"] / (1 - beta1**t)
        most = 2 / (1 - beta2) - 1
        seen = most - 2 * t * beta2**t / (1 - beta2**t)
        has_seen_enough = bool(seen > 5)
        if has_seen_enough:
            square = (seen - 4) * (seen - 2) * most / ((most - 4) * (most - 2) * seen) * (1 - beta2**t)
            lr *= computed(math.sqrt, square)
        means = (state["exp_avg"], state["exp_avg_sq"])
        for part, g, m, v, change in self._pieces(group, scratch, data, grad, *means):
            running_mean(m, g, beta1, change)
            running_mean(v, np.multiply(g, g, change), beta2, change)
            if has_seen_enough:
                np.sqrt(v, change)
                change += eps
                np.divide(m, change, change)
                change *= lr
            else:
                np.multiply(m, lr, change)
            part -= change
