"""Lion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, running_mean
from .settings import Group, Setting, two_rates


class Lion(Optimizer):
    """Lion, of which the sign of a momentum is the step (Chen et al., 2023, arXiv:2302.06675).

        data *= 1 - lr * weight_decay
        data -= lr * sign(beta1 * m + (1 - beta1) * grad)
        m = beta2 * m + (1 - beta2) * grad

    Of complex numbers the real and the imaginary part are taken as two parameters. PyTorch has no Lion.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the size of every number's step, not negative; a third to a tenth of what Adam takes.
        betas: the shares of the momentum in the step, and in the next momentum, from 0 to below 1.
        weight_decay: as above.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Lion([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    betas = Setting(two_rates)
    weight_decay = Setting(non_negative)
    maximize = Setting(yes_or_no)
    _decoupled = True
    _temporaries = 2

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"exp_avg": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (beta1, beta2), lr = group["betas"], group["lr"]
        for part, g, m, change, more in self._pieces(group, scratch, data, grad, state["exp_avg"]):
            np.multiply(m, beta1, change)
            np.multiply(g, 1 - beta1, more)
            change += more
            np.sign(change, change)
            change *= lr
            part -= change
            running_mean(m, g, beta2, more)
