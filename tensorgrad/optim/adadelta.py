"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, probability, yes_or_no
from .optimizer import Optimizer, running_mean
from .settings import Group, Setting


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012, arXiv:1212.5701).

        v = rho * v + (1 - rho) * grad**2
        delta = sqrt(u + eps) / sqrt(v + eps) * grad
        u = rho * u + (1 - rho) * delta**2
        data -= lr * delta

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: what delta is multiplied by, not negative.
        rho: the decay rate of the two means, from 0 to 1.
        eps: as above.
        weight_decay: weight_decay * data is added to the gradient.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; rho is above 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adadelta([w]).step()
    >>> w
    Tensor([0.99683773 1.99683772])
    """

    rho = Setting(probability)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    maximize = Setting(yes_or_no)
    _temporaries = 2

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        settings = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, settings)

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "square_avg": np.zeros_like(data), "acc_delta": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        state["step"] += 1
        means = (state["square_avg"], state["acc_delta"])
        for part, g, v, u, delta, root in self._pieces(group, scratch, data, grad, *means):
            running_mean(v, np.multiply(g, g, delta), rho, delta)
            np.add(v, eps, root)
            np.sqrt(root, root)
            np.add(u, eps, delta)
            np.sqrt(delta, delta)
            delta /= root
            delta *= g
            running_mean(u, np.multiply(delta, delta, root), rho, root)
            delta *= lr
            part -= delta
