"""Rprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import yes_or_no
from .optimizer import Optimizer
from .settings import Group, Setting, a_range, around_one


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993, "A direct adaptive method for faster backpropagation
    learning"): the sign of the gradient alone counts, so it wants the gradient of all data.

        step *= etas[1] where the sign is that of the last step, etas[0] where it has turned; between the step_sizes
        grad = 0 where the sign has turned
        data -= sign(grad) * step

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the first step of every number.
        etas: two factors, one below 1 and one above.
        step_sizes: the smallest and the largest step.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; etas or step_sizes aren't as above.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Rprop([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    etas = Setting(around_one)
    step_sizes = Setting(a_range)
    maximize = Setting(yes_or_no)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ):
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        lr = group["lr"]
        first = np.full_like(data, complex(lr, lr) if data.dtype.kind == "c" else lr)
        return {"step": 0, "prev": np.zeros_like(data), "step_size": first}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (less, more), (least, most) = group["etas"], group["step_sizes"]
        state["step"] += 1
        for part, g, last, step, change in self._pieces(group, scratch, data, grad, state["prev"], state["step_size"]):
            np.multiply(g, last, change)
            has_turned = change < 0
            step *= np.where(change > 0, more, np.where(has_turned, less, 1)).astype(step.dtype)
            np.clip(step, least, most, step)
            last[...] = np.where(has_turned, 0, g)
            np.sign(last, change)
            change *= step
            part -= change
