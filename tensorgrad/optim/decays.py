"""Schedules that multiply the learning rate by a factor of the epoch."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..arguments import non_negative, positive, positive_int, probability, real_number, whole_number
from .optimizer import Optimizer
from .scheduling import LRScheduler, for_each_group, optimiser


class _ByFactor(LRScheduler):
    """lr = eta_min + (initial - eta_min) * multiplier(epoch), as long as nobody else changes lr. What is done is
    lr = eta_min + (lr - eta_min) * multiplier(epoch) / multiplier(epoch - 1), which respects other changes."""

    eta_min = 0.0
    _is_as_resumed = True  # the optimiser of a run that is taken up has the rates of the next epoch already

    def multiplier(self, epoch: int) -> float:
        """By what the initial rate is multiplied in this epoch."""
        raise NotImplementedError

    def change(self, epoch: int) -> float | None:
        """By what the rate of the epoch before is multiplied in this one; None where nothing makes it of that one's."""
        now, before = self.multiplier(epoch), self.multiplier(epoch - 1)
        if now == before:
            return 1.0
        return now / before if before else None

    def get_lr(self) -> list[float]:
        if self._is_initial and self.last_epoch > 0 and self._is_as_resumed:
            return self._rates()
        low, change = self.eta_min, self.change(self.last_epoch) if self.last_epoch else self.multiplier(0)
        if change == 1:
            return self._rates()
        if change is not None:
            return [low + (lr - low) * change for lr in self._rates()]
        self._require_all_groups()
        now = self.multiplier(self.last_epoch)
        return [lr + (base - low) * now for lr, base in zip(self._rates(), self.base_lrs, strict=True)]

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set([self.eta_min + (base - self.eta_min) * self.multiplier(0) for base in self.base_lrs])


class StepLR(_ByFactor):
    """lr = initial * gamma ** (epoch // step_size): every step_size epochs, it is multiplied by gamma.

    Args:
        optimizer: whose learning rates are set.
        step_size: how many epochs a rate holds.
        gamma: not negative.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: step_size isn't a positive int, or gamma is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    _is_as_resumed = False

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        self.step_size = positive_int("StepLR: step_size", step_size)
        self.gamma = non_negative("StepLR: gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)

    def change(self, epoch: int) -> float:
        return 1.0 if epoch % self.step_size else self.gamma


class MultiStepLR(_ByFactor):
    """lr = initial * gamma ** (how many milestones have been reached).

    Args:
        optimizer: whose learning rates are set.
        milestones: epochs at which the rate is multiplied by gamma; twice, if one stands there twice.
        gamma: not negative.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: a milestone isn't an int, or is negative; gamma is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = MultiStepLR(optimizer, milestones=[2, 3], gamma=0.5)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    _is_as_resumed = False

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        is_list = isinstance(milestones, list | tuple | range | set | Iterator)
        if not is_list and not (isinstance(milestones, np.ndarray) and milestones.ndim == 1):
            raise ValueError(f"MultiStepLR: milestones must be a list of epochs such as [30, 80], not {milestones!r}")
        epochs = [whole_number(f"MultiStepLR: milestones[{i}]", epoch) for i, epoch in enumerate(milestones)]
        self.milestones = Counter(epochs)
        self.gamma = non_negative("MultiStepLR: gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), epoch)

    def change(self, epoch: int) -> float:
        return self.gamma ** self.milestones[epoch]


class ConstantLR(_ByFactor):
    """lr = initial * factor in the first total_iters epochs, then initial.

    Args:
        optimizer: whose learning rates are set.
        factor: from 0 to 1.
        total_iters: in how many epochs.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: factor isn't from 0 to 1, or total_iters isn't a positive int.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [0.5, 0.5, 1.0, 1.0]
    """

    _is_as_resumed = False

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1):
        self.factor = probability("ConstantLR: factor", factor)
        self.total_iters = positive_int("ConstantLR: total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(_ByFactor):
    """lr = initial * factor, where factor goes from start_factor to end_factor on a line, in total_iters epochs.

    Args:
        optimizer: whose learning rates are set.
        start_factor: above 0, and at most 1.
        end_factor: from 0 to 1.
        total_iters: in how many epochs.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: a factor isn't in its bounds, or total_iters isn't a positive int.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        self.start_factor = positive("LinearLR: start_factor", probability("LinearLR: start_factor", start_factor))
        self.end_factor = probability("LinearLR: end_factor", end_factor)
        self.total_iters = positive_int("LinearLR: total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        if epoch >= self.total_iters:
            return self.end_factor
        return self.start_factor + (self.end_factor - self.start_factor) * epoch / self.total_iters


class ExponentialLR(_ByFactor):
    """lr = initial * gamma ** epoch.

    Args:
        optimizer: whose learning rates are set.
        gamma: not negative.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: gamma is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = ExponentialLR(optimizer, gamma=0.5)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = non_negative("ExponentialLR: gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.gamma**epoch

    def change(self, epoch: int) -> float:
        return self.gamma


class PolynomialLR(_ByFactor):
    """lr = initial * (1 - epoch / total_iters) ** power, and 0 after total_iters epochs.

    Args:
        optimizer: whose learning rates are set.
        total_iters: in how many epochs.
        power: not negative.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: total_iters isn't a positive int, or power is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = PolynomialLR(optimizer, total_iters=4, power=2)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        self.total_iters = positive_int("PolynomialLR: total_iters", total_iters)
        self.power = non_negative("PolynomialLR: power", power)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return (1 - min(epoch, self.total_iters) / self.total_iters) ** self.power


class CosineAnnealingLR(_ByFactor):
    """lr = eta_min + (initial - eta_min) * (1 + cos(pi * epoch / T_max)) / 2: half a wave down in T_max epochs, and, if
    it goes on, up again (Loshchilov and Hutter, 2016, arXiv:1608.03983, without restarts).

    Args:
        optimizer: whose learning rates are set.
        T_max: in how many epochs.
        eta_min: the lowest rate, not negative.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none.
        ValueError: T_max isn't a positive int, or eta_min is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(round(optimizer.lr, 3))
    ...     schedule.step()
    >>> rates
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        self.T_max = positive_int("CosineAnnealingLR: T_max", T_max)
        self.eta_min = non_negative("CosineAnnealingLR: eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LambdaLR(LRScheduler):
    """lr = initial * lr_lambda(epoch).

    Args:
        optimizer: whose learning rates are set.
        lr_lambda: a function of the epoch, or one for each parameter group. A state_dict has no functions, but the
            attributes of objects that can be called.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none, or lr_lambda is no function.
        ValueError: there aren't as many functions as groups; or what one gives makes no learning rate.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(round(optimizer.lr, 3))
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 0.333, 0.25]
    """

    lr_lambdas: list[Callable[[int], float]]

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ):
        where = type(self).__name__
        self.lr_lambdas = for_each_group(f"{where}: lr_lambda", lr_lambda, optimiser(where, optimizer), _function)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        self._require_all_groups()
        return [base * f for base, f in zip(self.base_lrs, self._factors(), strict=True)]

    def _factors(self) -> list[float]:
        """What the functions give, one for each group."""
        epoch = self.last_epoch
        where = f"{type(self).__name__}: what lr_lambda gives for epoch {epoch}"
        return [real_number(where, f(epoch)) for f in self.lr_lambdas]


class MultiplicativeLR(LambdaLR):
    """In each epoch but the first, lr = lr * lr_lambda(epoch). Arguments and errors are those of LambdaLR.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 0.25, 0.125]
    """

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self._rates()
        self._require_all_groups()
        return [lr * f for lr, f in zip(self._rates(), self._factors(), strict=True)]


def _function(where: str, value: Any) -> Any:
    if not callable(value):
        raise TypeError(f"{where} must be a function of the epoch, not {value!r}")
    return value
