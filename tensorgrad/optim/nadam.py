"""NAdam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from .optimizer import Optimizer, computed, running_mean
from .settings import Group, Setting, two_rates


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016, "Incorporating Nesterov Momentum into Adam").

        mu(t) = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)       and product(t) of mu(1), ..., mu(t)
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        m_hat = mu(t + 1) * m / (1 - product(t + 1)) + (1 - mu(t)) * grad / (1 - product(t))
        data -= lr * m_hat / (sqrt(v / (1 - beta2**t)) + eps)        in step t

    Of complex numbers the real and the imaginary part are taken as two parameters. The product is kept in single
    precision, as PyTorch does.

    Args:
        params: parameters, or groups of them, as in `Optimizer`.
        lr: the step size, not negative.
        betas: the decay rates of the two means, from 0 to below 1.
        eps: what is added to the root.
        weight_decay: weight_decay * data is added to the gradient.
        momentum_decay: as above, not negative.
        decoupled_weight_decay: whether weight decay is that of `AdamW`, data *= 1 - lr * weight_decay.
        maximize: whether to go up.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> NAdam([w], lr=0.1).step()
    >>> w
    Tensor([0.89435482 1.89435482])
    """

    betas = Setting(two_rates)
    eps = Setting(non_negative)
    weight_decay = Setting(non_negative)
    momentum_decay = Setting(non_negative)
    decoupled_weight_decay = Setting(yes_or_no)
    maximize = Setting(yes_or_no)
    _temporaries = 2

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
        }
        switches = {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(params, {**settings, **switches})

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        means = {"exp_avg": np.zeros_like(data), "exp_avg_sq": np.zeros_like(data)}
        return {"step": 0, "mu_product": np.float32(1), **means}

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        (beta1, beta2), lr, decay = group["betas"], group["lr"], group["momentum_decay"]
        t = state["step"] = state["step"] + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (n * decay)) for n in (t, t + 1))
        rounded = state["mu_product"] = state["mu_product"] * computed(np.float32, mu)
        product = computed(float, rounded)
        of_grad, of_mean = lr * (1 - mu) / (1 - product), lr * mu_next / (1 - product * mu_next)
        root = computed(math.sqrt, 1 - beta2**t)  # sqrt(v_hat) + eps is (sqrt(v) + eps * root) / root
        means = (state["exp_avg"], state["exp_avg_sq"])
        for part, g, m, v, change, more in self._pieces(group, scratch, data, grad, *means):
            running_mean(m, g, beta1, change)
            running_mean(v, np.multiply(g, g, change), beta2, change)
            np.multiply(m, of_mean * root, change)
            np.multiply(g, of_grad * root, more)
            change += more
            np.sqrt(v, more)
            more += group["eps"] * root
            change /= more
            part -= change
