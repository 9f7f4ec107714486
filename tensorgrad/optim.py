"""Optimisers: they change parameters in place, after `backward` has put gradients into them.

The numbers are PyTorch's, step by step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .arguments import non_negative, yes_or_no
from .derivatives.locks import locked
from .errors import explained
from .gradients import accumulating
from .memory import changes
from .node import orders
from .tensor import Tensor

__all__ = ["Optimizer", "SGD", "Adam", "AdamW"]

# Settings, checked whenever they are set ------------------------------------------------------------------------------


def _two_rates(where: str, value: Any) -> tuple[float, float]:
    is_list = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1)
    if not is_list or len(value) != 2:
        raise ValueError(f"{where} must be two numbers, as in (0.9, 0.999), not {value!r}")
    first, second = (non_negative(f"{where}[{i}]", beta) for i, beta in enumerate(value))
    if max(first, second) >= 1:
        raise ValueError(f"{where} must be below 1, not {value!r}")
    return first, second


# What optimisers share ------------------------------------------------------------------------------------------------

# A large parameter is changed in blocks of so many numbers: at the same speed, without a second array of its size.
_BLOCK = 65_536


class Optimizer:
    """What optimisers share: the parameters, `lr` (to be set at any time, as the other settings), `zero_grad`, `step`.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters, or lr isn't a number, negative or not finite.
    """

    lr: float
    _checks: ClassVar[dict[str, Callable[[str, Any], Any]]] = {"lr": non_negative}  # of settings, by their names
    _most: float = math.inf  # how many numbers of a parameter are computed at once

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        self.parameters = self._leaves(parameters)
        self.lr = lr
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._scratch = self._shared_scratch()

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, check(f"{type(self).__name__}: {name}", value) if check else value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What was pickled; by version 0.1.0 with the learning rate as _lr."""
        self.__dict__.update(state)
        if "_lr" in state:
            self.lr = self.__dict__.pop("_lr")

    def _leaves(self, parameters: Any) -> list[Tensor]:
        """The parameters, each once, or an error."""
        name = type(self).__name__
        if isinstance(parameters, Tensor | np.ndarray) or not isinstance(parameters, Iterable):
            raise TypeError(
                f"{name}: parameters must be several Tensors, as model.parameters() gives them (put one alone into a "
                f"list), not a {type(parameters).__name__}"
            )
        found: dict[Tensor, None] = {}
        for p in parameters:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{name}: parameters must be Tensors, not {type(p).__name__}; pass a list of them, such as "
                    f"model.parameters()"
                )
            if not p.requires_grad or p._op is not None:
                raise TypeError(f"{name}: {p!r} isn't a leaf that requires a gradient, so it can't be trained")
            found[p] = None
        if not found:
            raise ValueError(f"{name}: no parameters to optimise")
        return list(found)

    def _shared_scratch(self) -> list[Any]:
        """An array to compute in for each parameter, parts of one; for a large parameter one of `_most` numbers."""
        most = self._most
        kinds = [(type(p._data), p.dtype) for p in self.parameters]
        sizes: dict[Any, int] = {}
        for p, kind in zip(self.parameters, kinds, strict=True):
            sizes[kind] = max(sizes.get(kind, 0), int(min(p.size, most)))
        likes = {kind: p._data for p, kind in zip(self.parameters, kinds, strict=True)}
        shared = {kind: np.empty(size, kind[1], like=likes[kind]) for kind, size in sizes.items()}
        pairs = [(p, shared[kind]) for p, kind in zip(self.parameters, kinds, strict=True)]
        return [buffer[: p.size].reshape(p.shape) if p.size <= most else buffer for p, buffer in pairs]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters; of one that another thread is just adding, all or nothing."""
        locked(accumulating, self._zero_grad)

    def _zero_grad(self) -> None:
        for p in self.parameters:
            p._grad = None

    def step(self) -> None:
        """Change each parameter that has a gradient. A graph that used one of them can't go backward any more.

        What another thread's backward adds to the gradients meanwhile waits until the step is done. An error in the
        middle (of NumPy, as inside np.errstate(all="raise")) leaves the parameters after that one as they were.
        """
        locked(accumulating, self._step)

    def _step(self) -> None:
        order = next(orders)
        change, note = (order, "", None), changes.note
        for p, scratch in zip(self.parameters, self._scratch):  # noqa: B905 (one for each)
            grad = p._grad
            if grad is None:
                continue
            p._order = order  # newer than what has used it; set first, in case that the update fails
            note(p._data, change)
            grad = grad._data if type(grad) is Tensor else grad  # after backward(create_graph=True)
            try:
                self._update(p, p._data, grad, scratch)
            except (ValueError, TypeError) as error:
                raise explained(error, f"{type(self).__name__}.step", (p, grad)) from error

    def _update(self, p: Tensor, data: Any, grad: Any, scratch: Any) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent, as `torch.optim.SGD`.

    Args:
        parameters: leaves that require a gradient, each once.
        lr: the step size, not negative, to be set at any time, as all settings.
        momentum, dampening, weight_decay, nesterov: as below.

    With momentum: v = momentum * v + (1 - dampening) * grad (at first v = grad), data -= lr * v; with nesterov
    data -= lr * (grad + momentum * v). weight_decay * data is added to the gradient.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; nesterov without momentum or with
            dampening.

    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.1).step()
    >>> w
    Tensor([0.8 1.6])
    """

    _checks: ClassVar = {
        **Optimizer._checks,
        "momentum": non_negative,
        "dampening": non_negative,
        "weight_decay": non_negative,
        "nesterov": yes_or_no,
    }
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
        self.momentum, self.dampening, self.weight_decay = momentum, dampening, weight_decay
        self.nesterov = nesterov
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError(f"{type(self).__name__}: nesterov needs a momentum, and a dampening of 0")

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
                v = state["momentum"] = np.copy(grad)
            grad = grad + self.momentum * v if self.nesterov else v
        if data.size == scratch.size:
            np.multiply(grad, self.lr, scratch)
            data -= scratch
            return
        if not (data.flags.c_contiguous and grad.flags.c_contiguous):
            data -= self.lr * grad
            return
        data, grad = data.reshape(-1), grad.reshape(-1)
        for i in range(0, data.size, _BLOCK):
            part = data[i : i + _BLOCK]
            part -= np.multiply(grad[i : i + _BLOCK], self.lr, out=scratch[: part.size])


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014, arXiv:1412.6980), as `torch.optim.Adam`.

    m and v are running means of the gradient and of its square, corrected for their start at 0; data -= lr * m /
    (sqrt(v) + eps). weight_decay * data is added to the gradient. Of complex numbers the real and the imaginary part
    are taken as two parameters.

    Args:
        parameters: leaves that require a gradient, each once.
        lr: the step size, not negative, to be set at any time, as all settings.
        betas: the decay rates of the two means, from 0 to below 1.
        eps: what is added to sqrt(v).
        weight_decay: not negative.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters; a number is none, negative or not finite; betas aren't two numbers below 1.

    >>> w = Tensor([1.0, 2.0])
    >>> (w * w).sum().backward()
    >>> Adam([w], lr=0.1).step()
    >>> w
    Tensor([0.9 1.9])
    """

    _checks: ClassVar = {
        **Optimizer._checks,
        "betas": _two_rates,
        "eps": non_negative,
        "weight_decay": non_negative,
    }
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
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay

    def _update(self, p: Tensor, data: Any, grad: Any, scratch: Any) -> None:
        state = self.state.get(p)
        if state is None:
            state = self.state[p] = {"step": 0, "m": np.zeros_like(data), "v": np.zeros_like(data)}
        state["step"] += 1
        if self.weight_decay and self._decoupled:
            data *= 1 - self.lr * self.weight_decay
        elif self.weight_decay:
            grad = grad + self.weight_decay * data
        arrays = (data, grad, state["m"], state["v"], scratch)
        if data.dtype.kind != "c":
            return self._descend(state["step"], *arrays)
        self._descend(state["step"], *(a.real for a in arrays))
        self._descend(state["step"], *(a.imag for a in arrays))

    def _descend(self, step: int, data: Any, grad: Any, m: Any, v: Any, change: Any) -> None:
        """data -= lr * m / (sqrt(v) + eps), with the two means brought up to date, and corrected."""
        beta1, beta2 = self.betas
        m *= beta1
        np.multiply(grad, 1 - beta1, out=change)
        m += change
        v *= beta2
        np.multiply(grad, grad, out=change)
        change *= 1 - beta2
        v += change
        np.divide(v, 1 - beta2**step, out=change)
        np.sqrt(change, out=change)
        change += self.eps
        np.divide(m, change, out=change)
        change *= self.lr / (1 - beta1**step)
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
