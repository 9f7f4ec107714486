"""A schedule that goes by what comes out."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import below_one, non_negative, number_of, one_of, whole_number
from .optimizer import Optimizer
from .scheduling import LRScheduler, for_each_group, optimiser


class ReduceLROnPlateau(LRScheduler):
    """lr = max(lr * factor, min_lr), when a measure (a loss, say) hasn't become better for more than `patience` steps.

    Args:
        optimizer: whose learning rates are set.
        mode: "min" if a smaller measure is better, "max" if a larger one is.
        factor: from 0 to below 1.
        patience: how many steps without a better measure are put up with.
        threshold: by how much a measure must be better than the best to count.
        threshold_mode: "rel" for a part of the best, best * (1 -+ threshold); "abs" for best -+ threshold.
        cooldown: for how many steps after a change nothing is counted.
        min_lr: the lowest rate, or one for each parameter group; where it is one, also for a group that is added.
        eps: a smaller change of a rate isn't made.

    Raises:
        TypeError: optimizer is none.
        ValueError: an argument isn't as above.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> rates = []
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 1.0]:
    ...     schedule.step(loss)
    ...     rates.append(optimizer.lr)
    >>> rates
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    _takes_a_measure = True

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ):
        name = "ReduceLROnPlateau"
        self.optimizer = optimiser(name, optimizer)
        self.mode = one_of(f"{name}: mode", mode, ("min", "max"))
        self.factor = below_one(f"{name}: factor", factor)
        self.patience = whole_number(f"{name}: patience", patience)
        self.threshold = non_negative(f"{name}: threshold", threshold)
        self.threshold_mode = one_of(f"{name}: threshold_mode", threshold_mode, ("rel", "abs"))
        self.cooldown = whole_number(f"{name}: cooldown", cooldown)
        self.min_lrs = for_each_group(f"{name}: min_lr", min_lr, optimizer)
        self.eps = non_negative(f"{name}: eps", eps)
        self.last_epoch = 0
        self.best = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        self._last_lr = self._rates()

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Count one more measure, and set the learning rates.

        Args:
            metrics: a number, or an array or a Tensor of one.

        Raises:
            TypeError: it is no number.
        """
        measure = number_of("ReduceLROnPlateau.step: metrics", metrics)
        self.last_epoch += 1
        if self.is_better(measure):
            self.best = measure
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._rates()

    def is_better(self, measure: float) -> bool:
        """Whether a measure is better than the best by more than the threshold."""
        if math.isinf(self.best):
            return measure < self.best if self.mode == "min" else measure > self.best
        change = self.threshold if self.mode == "max" else -self.threshold
        wanted = self.best * (1 + change) if self.threshold_mode == "rel" else self.best + change
        return measure > wanted if self.mode == "max" else measure < wanted

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(self.min_lrs) < len(groups):  # some were added
            if self.min_lrs.count(self.min_lrs[0]) < len(self.min_lrs):
                raise ValueError(
                    f"ReduceLROnPlateau: the optimiser has {len(groups)} parameter groups, and min_lr is "
                    f"{self.min_lrs}; make a schedule after add_param_group"
                )
            self.min_lrs = [self.min_lrs[0]] * len(groups)
        for group, low in zip(groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, low)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
