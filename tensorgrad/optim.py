"""Optimisers: they change parameters in place, after `backward` has put gradients into them.

The numbers are PyTorch's, step by step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .engine import orders
from .tensor import Tensor

__all__ = ["Optimizer", "SGD", "Adam", "AdamW"]


def _non_negative(name: str, value: Any) -> float:
    if not (isinstance(value, int | float | np.number) and 0 <= value < math.inf):
        raise ValueError(f"{name} must be a finite number, and not negative; it is {value!r}")
    return float(value)


# A large parameter is changed in blocks of so many numbers: at the same speed, without a second array of its size.
_BLOCK = 65_536


class Optimizer:
    """What optimisers share: the parameters, `lr` (to be set at any time), `zero_grad`, and `step`.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters, or lr is negative or not finite.
    """

    _most: float = math.inf  # how many numbers of a parameter are computed at once

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        if isinstance(parameters, Tensor):
            raise TypeError(f"{type(self).__name__}: parameters must be several Tensors; put the one into a list")
        parameters = list(parameters)
        for p in parameters:
            if not isinstance(p, Tensor):
                raise TypeError(f"{type(self).__name__}: parameters must be Tensors, not {type(p).__name__}")
        self.parameters = list(dict.fromkeys(parameters))  # each once
        if not self.parameters:
            raise ValueError(f"{type(self).__name__}: no parameters to optimise")
        for p in self.parameters:
            if not p.requires_grad or p.parents:
                raise TypeError(
                    f"{type(self).__name__}: {p!r} isn't a leaf that requires a gradient, so it can't be trained"
                )
        self.lr = lr
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._scratch = self._shared_scratch()

    @property
    def lr(self) -> float:
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = _non_negative("lr", value)

    def _shared_scratch(self) -> list[Any]:
        """An array to compute in for each parameter, parts of one; for a large parameter one of `_most` numbers."""
        most = self._most
        sizes: dict[Any, int] = {}
        for p in self.parameters:
            sizes[p.dtype] = max(sizes.get(p.dtype, 0), int(min(p.size, most)))
        shared = {dtype: np.empty(size, dtype) for dtype, size in sizes.items()}
        pairs = [(p, shared[p.dtype]) for p in self.parameters]
        return [buffer[: p.size].reshape(p.shape) if p.size <= most else buffer for p, buffer in pairs]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p._grad = None

    def step(self) -> None:
        """Change each parameter that has a gradient. A graph that used one of them can't go backward any more."""
        order = next(orders)
        for p, scratch in zip(self.parameters, self._scratch):  # noqa: B905 (one for each)
            grad = p._grad
            if grad is not None:
                p._order = order  # newer than what has used it; set first, in case that the update fails
                grad = grad._data if type(grad) is Tensor else grad  # after backward(create_graph=True)
                self._update(p, p._data, grad, scratch)

    def _update(self, p: Tensor, data: Any, grad: Any, scratch: Any) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent, as `torch.optim.SGD`.

    Args:
        parameters: leaves that require a gradient, each once.
        lr: the step size, not negative, to be set at any time.
        momentum, dampening, weight_decay, nesterov: as below.

    With momentum: v = momentum * v + (1 - dampening) * grad (at first v = grad), data -= lr * v; with nesterov
    data -= lr * (grad + momentum * v). weight_decay * data is added to the gradient.

    Raises:
        ValueError: a number is negative or not finite, or nesterov without momentum or with dampening.

    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.1).step()
    >>> w
    Tensor([0.8 1.6])
    """

    _most = _BLOCK

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
    ):
        super().__init__(parameters, lr)
        self.momentum = _non_negative("momentum", momentum)
        self.dampening = _non_negative("dampening", dampening)
        self.weight_decay = _non_negative("weight_decay", weight_decay)
        self.nesterov = nesterov
        if nesterov and (not momentum or dampening):
            raise ValueError("SGD: nesterov needs a momentum, and a dampening of 0")

    def _update(self, p: Tensor, data: Any, grad: Any, scratch: Any) -> None:
        if self.weight_decay:
            grad = grad + self.weight_decay * data
        if self.momentum:
            state = self.state.setdefault(p, {})
            if "momentum" in state:
                v = state["momentum"]
                v *= self.momentum
                v += grad if not self.dampening else (1 - self.dampening) * grad
            else:
                v = state["momentum"] = np.array(grad)
            grad = grad + self.momentum * v if self.nesterov else v
        if data.size == scratch.size:
            np.multiply(grad, self._lr, scratch)
            data -= scratch
            return
        if not (data.flags.c_contiguous and grad.flags.c_contiguous):
            data -= self._lr * grad
            return
        data, grad = data.reshape(-1), grad.reshape(-1)
        for i in range(0, data.size, _BLOCK):
            part = data[i : i + _BLOCK]
            part -= np.multiply(grad[i : i + _BLOCK], self._lr, out=scratch[: part.size])


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014, arXiv:1412.6980), as `torch.optim.Adam`.

    m and v are running means of the gradient and of its square, corrected for their start at 0; data -= lr * m /
    (sqrt(v) + eps). weight_decay * data is added to the gradient.

    Args:
        parameters: leaves that require a gradient, each once.
        lr: the step size, not negative, to be set at any time.
        betas: the decay rates of the two means, from 0 to below 1.
        eps: what is added to sqrt(v).
        weight_decay: not negative.

    Raises:
        ValueError: a number is negative or not finite, or a beta is not below 1.

    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adam([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    _decoupled = False

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ):
        super().__init__(parameters, lr)
        self.betas = (_non_negative("betas[0]", betas[0]), _non_negative("betas[1]", betas[1]))
        if max(self.betas) >= 1:
            raise ValueError(f"{type(self).__name__}: betas must be below 1, not {betas}")
        self.eps = _non_negative("eps", eps)
        self.weight_decay = _non_negative("weight_decay", weight_decay)

    def _update(self, p: Tensor, data: Any, grad: Any, scratch: Any) -> None:
        state = self.state.get(p)
        if state is None:
            zeros = np.zeros_like
            state = self.state[p] = {"step": 0, "m": zeros(data), "v": zeros(data, dtype=data.real.dtype)}
        beta1, beta2 = self.betas
        state["step"] += 1
        if self.weight_decay and self._decoupled:
            data *= 1 - self._lr * self.weight_decay
        elif self.weight_decay:
            grad = grad + self.weight_decay * data
        m, v, change = state["m"], state["v"], scratch
        m *= beta1
        np.multiply(grad, 1 - beta1, out=change)
        m += change
        v *= beta2
        np.multiply(grad, np.conj(grad) if grad.dtype.kind == "c" else grad, out=change)
        change *= 1 - beta2
        v += change.real
        np.divide(v, 1 - beta2 ** state["step"], out=change)
        np.sqrt(change, out=change)
        change += self.eps
        np.divide(m, change, out=change)
        change *= self._lr / (1 - beta1 ** state["step"])
        data -= change


class AdamW(Adam):
    """Adam with the weight decay taken from the parameter itself, data *= 1 - lr * weight_decay, as `torch.optim.AdamW`
    (Loshchilov and Hutter, 2017, arXiv:1711.05101). Arguments and errors are those of Adam.

    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w
    Tensor([0.85 1.8 ])
    """

    _decoupled = True

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        super().__init__(parameters, lr, betas, eps, weight_decay)
