"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, computed, running_mean
from .settings import Group, Setting, two_rates


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014, arXiv:1412.6980).

        m = beta1 * m + (1 - beta1) * grad               running means, which start at 0
        v = beta2 * v + (1 - beta2) * grad**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)     corrected for that, in step t
        data -= lr * m_hat / (sqrt(v_hat) + eps)

    Of complex numbers the real and the imaginary part are taken as two parameters.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        betas: the decay rates of the two means, from 0 to below 1.
        eps: what is added to sqrt(v_hat).
        weight_decay: weight_decay * data is added to the gradient.
        amsgrad: whether the largest v of all steps takes the place of v (Reddi, Kale and Kumar, 2018,
            arXiv:1904.09237).
        maximize: whether to go up.
        decoupled_weight_decay: whether weight decay is that of `AdamW`.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adam([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    betas = Setting(two_rates)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    amsgrad = Setting(yes_or_no)
    maximize = Setting(yes_or_no)
    decoupled_weight_decay = Setting(yes_or_no)
    _optional = ("max_exp_avg_sq",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ):
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        switches = {"maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, {**settings, **switches})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        return {"step": 0, "exp_avg": np.zeros_like(data), "exp_avg_sq": np.zeros_like(data)}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (beta1, beta2), amsgrad = group["betas"], group["amsgrad"]
        t = state["step"] = state["step"] + 1
        root = computed(math.sqrt, 1 - beta2**t)  # sqrt(v_hat) + eps is (sqrt(v) + eps * root) / root
        eps, lr = group["eps"] * root, group["lr"] / (1 - beta1**t) * root
        means = [state["exp_avg"], state["exp_avg_sq"]]
        if amsgrad:
            means.append(self._zeros(state, "max_exp_avg_sq", data))
        for part, g, m, v, *largest, change in self._pieces(group, scratch, data, grad, *means):
            running_mean(m, g, beta1, change)
            running_mean(v, np.multiply(g, g, change), beta2, change)
            if amsgrad:
                v = np.maximum(largest[0], v, out=largest[0])
            np.sqrt(v, change)
            change += eps
            np.divide(m, change, change)
            change *= lr
            part -= change


def _always(where: str, value: Any) -> bool:
    if value is not True:
        raise ValueError(f"{where} must be True, not {value!r}; Adam takes both")
    return value


class AdamW(Adam):
    """Adam with the weight decay taken from the parameter itself, data *= 1 - lr * weight_decay, before each step
    (Loshchilov and Hutter, 2017, arXiv:1711.05101). Arguments and errors are those of Adam.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w
    Tensor([0.85 1.8 ])
    """

    decoupled_weight_decay = Setting(_always)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
