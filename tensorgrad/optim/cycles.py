"""Schedules in cycles, some with the momentum against the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..arguments import below_one, non_negative, one_of, positive, positive_int, probability, real_number, yes_or_no
from .optimizer import Optimizer
from .scheduling import LRScheduler, epoch_before, for_each_group, optimiser
from .settings import Group


class _WithMomentum(LRScheduler):
    """What sets a momentum beside the learning rate: "momentum", or the first of "betas"."""

    cycle_momentum: bool

    def _momentum_between(
        self, base_momentum: Any, max_momentum: Any, last_epoch: int
    ) -> tuple[list[float], list[float]]:
        """The two, for each group. Begin with the largest momentum."""
        name, settings = type(self).__name__, self.optimizer.defaults
        if "momentum" not in settings and "betas" not in settings:
            raise ValueError(
                f"{name}: cycle_momentum needs an optimiser with momentum or betas, which "
                f"{type(self.optimizer).__name__} hasn't; cycle_momentum=False leaves it alone"
            )
        lowest = for_each_group(f"{name}: base_momentum", base_momentum, self.optimizer, below_one)
        highest = for_each_group(f"{name}: max_momentum", max_momentum, self.optimizer, below_one)
        if last_epoch == -1:
            for group, low, high in zip(self.optimizer.param_groups, lowest, highest, strict=True):
                group["base_momentum"], group["max_momentum"] = low, high
                _set_momentum(group, high)
        return lowest, highest


def _set_momentum(group: Group, value: float) -> None:
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


class OneCycleLR(_WithMomentum):
    """From max_lr / div_factor up to max_lr, and down to 1 / final_div_factor of where it began, while the momentum
    goes down and up (Smith and Topin, 2017, arXiv:1708.07120). A step for each batch, total_steps - 1 in all.

        lr = end + (start - end) * (1 + cos(pi * x)) / 2        with x from 0 to 1 in each phase; or on a line

    Args:
        optimizer: whose learning rates are set; the rates that it has don't matter.
        max_lr: the highest rate, or one for each parameter group.
        total_steps: of the cycle; if it isn't given, epochs * steps_per_epoch.
        epochs, steps_per_epoch: as above.
        pct_start: which part of the cycle goes up, from 0 to 1.
        anneal_strategy: "cos", or "linear".
        cycle_momentum: whether momentum, or the first of betas, goes from max_momentum to base_momentum and back.
        base_momentum, max_momentum: from 0 to below 1, or one for each parameter group.
        div_factor, final_div_factor: above 0.
        three_phase: whether it goes down in two phases: as it went up, and then to the end.
        last_epoch: as in `LRScheduler`.

    The bounds stand in the parameter groups, as in PyTorch: of two such schedules of one optimiser, the last counts.

    Raises:
        TypeError: optimizer is none.
        ValueError: an argument isn't as above; there is no momentum to set; or a step after total_steps.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=6, pct_start=0.5, anneal_strategy="linear")
    >>> rates = []
    >>> for step in range(5):
    ...     rates.append(round(optimizer.lr, 3))
    ...     schedule.step()
    >>> rates
    [0.04, 0.52, 1.0, 0.667, 0.333]
    >>> round(optimizer.lr, 9), optimizer.momentum
    (4e-06, 0.95)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        self.optimizer = optimiser("OneCycleLR", optimizer)
        epochs = None if epochs is None else positive_int("OneCycleLR: epochs", epochs)
        if steps_per_epoch is not None:
            steps_per_epoch = positive_int("OneCycleLR: steps_per_epoch", steps_per_epoch)
        if total_steps is not None:
            self.total_steps = positive_int("OneCycleLR: total_steps", total_steps)
        elif epochs is not None and steps_per_epoch is not None:
            self.total_steps = epochs * steps_per_epoch
        else:
            raise ValueError("OneCycleLR: total_steps must be given, or epochs and steps_per_epoch")
        self._anneal_func_type = one_of("OneCycleLR: anneal_strategy", anneal_strategy, ("cos", "linear"))
        up = probability("OneCycleLR: pct_start", pct_start) * self.total_steps
        yes_or_no("OneCycleLR: three_phase", three_phase)
        # The last step of each phase, and what it goes from and to
        self._schedule_phases = [_phase(up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            self._schedule_phases.append(_phase(2 * up - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
            end = _phase(self.total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")
        else:
            end = _phase(self.total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")
        self._schedule_phases.append(end)
        highest = for_each_group("OneCycleLR: max_lr", max_lr, optimizer)
        div_factor = positive("OneCycleLR: div_factor", div_factor)
        final_div_factor = positive("OneCycleLR: final_div_factor", final_div_factor)
        self.cycle_momentum = yes_or_no("OneCycleLR: cycle_momentum", cycle_momentum)
        last_epoch = epoch_before(type(self).__name__, last_epoch)
        if self.cycle_momentum:
            self._momentum_between(base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"], group["max_lr"] = lr / div_factor, lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        self._require_all_groups()
        step, start = self.last_epoch, 0.0
        if step > self.total_steps:
            raise ValueError(f"OneCycleLR.step: the cycle has ended, after total_steps = {self.total_steps}")
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        x = (step - start) / (phase["end_step"] - start) if phase["end_step"] != start else 1.0
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                _set_momentum(group, self._between(group, phase["start_momentum"], phase["end_momentum"], x))
        return [self._between(group, phase["start_lr"], phase["end_lr"], x) for group in self.optimizer.param_groups]

    def _between(self, group: Group, start: str, end: str, x: float) -> float:
        first, last = group[start], group[end]
        if self._anneal_func_type == "cos":
            return float(last + (first - last) * (1 + math.cos(math.pi * x)) / 2)
        return float(first + (last - first) * x)


class CyclicLR(_WithMomentum):
    """Up from base_lr to max_lr in step_size_up steps, and down again in step_size_down, over and over, while the
    momentum goes down and up (Smith, 2015, arXiv:1506.01186). A step for each batch.

        lr = base_lr + (max_lr - base_lr) * height * scale        with height from 0 to 1 and back

    Args:
        optimizer: whose learning rates are set; the rates that it has don't matter.
        base_lr, max_lr: the lowest and the highest rate, or one for each parameter group.
        step_size_up, step_size_down: in how many steps; down by default as up.
        mode: what scale is: "triangular" 1, "triangular2" 1 / 2 ** (cycle - 1), "exp_range" gamma ** step.
        gamma: not negative.
        scale_fn: a function that gives the scale in place of mode, of the cycle (1, 2, ...) or of the step.
        scale_mode: "cycle" or "iterations": of which scale_fn is a function.
        cycle_momentum: whether momentum, or the first of betas, goes from max_momentum to base_momentum and back.
        base_momentum, max_momentum: from 0 to below 1, or one for each parameter group.
        last_epoch: as in `LRScheduler`.

    Raises:
        TypeError: optimizer is none, or scale_fn is no function.
        ValueError: an argument isn't as above, or there is no momentum to set.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0, momentum=0.9)
    >>> schedule = CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2, mode="triangular2")
    >>> rates = []
    >>> for step in range(7):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ):
        self.optimizer = optimiser("CyclicLR", optimizer)
        base_lrs = for_each_group("CyclicLR: base_lr", base_lr, optimizer)
        self.max_lrs = for_each_group("CyclicLR: max_lr", max_lr, optimizer)
        up = positive_int("CyclicLR: step_size_up", step_size_up)
        down = up if step_size_down is None else positive_int("CyclicLR: step_size_down", step_size_down)
        self.total_size = float(up + down)
        self.step_ratio = up / self.total_size
        self.mode = one_of("CyclicLR: mode", mode, ("triangular", "triangular2", "exp_range"))
        self.gamma = non_negative("CyclicLR: gamma", gamma)
        if scale_fn is not None and not callable(scale_fn):
            raise TypeError(f"CyclicLR: scale_fn must be a function, not {scale_fn!r}")
        self._scale_fn_custom = scale_fn
        self.scale_mode = one_of("CyclicLR: scale_mode", scale_mode, ("cycle", "iterations"))
        self.cycle_momentum = yes_or_no("CyclicLR: cycle_momentum", cycle_momentum)
        last_epoch = epoch_before(type(self).__name__, last_epoch)
        if self.cycle_momentum:
            between = self._momentum_between(base_momentum, max_momentum, last_epoch)
            self.base_momentums, self.max_momentums = between
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, cycle: int, step: int) -> float:
        """What the height of the cycle is multiplied by."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(cycle if self.scale_mode == "cycle" else step)
        if self.mode == "exp_range":
            return float(self.gamma**step)
        return 1.0 if self.mode == "triangular" else 0.5 ** (cycle - 1)

    def get_lr(self) -> list[float]:
        self._require_all_groups()
        step = self.last_epoch
        cycle = math.floor(1 + step / self.total_size)
        x = 1.0 + step / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= real_number("CyclicLR: what scale_fn gives", self.scale_fn(cycle, step))
        if self.cycle_momentum:
            groups = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in groups:
                _set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + (initial - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2, where T_cur counts from 0 to T_i, again and
    again; each time, T_i is T_mult times as long (Loshchilov and Hutter, 2016, arXiv:1608.03983).

    Args:
        optimizer: whose learning rates are set.
        T_0: the first T_i.
        T_mult: an int from 1.
        eta_min: the lowest rate, not negative.
        last_epoch: as in `LRScheduler`; the cycles are counted on (PyTorch begins with T_0 again).

    Raises:
        TypeError: optimizer is none.
        ValueError: T_0 or T_mult isn't a positive int, or eta_min is negative or no number.

    >>> from tensorgrad import SGD, Tensor
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> rates = []
    >>> for epoch in range(7):
    ...     rates.append(round(optimizer.lr, 3))
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):
        name = "CosineAnnealingWarmRestarts"
        self.T_0 = self.T_i = positive_int(f"{name}: T_0", T_0)
        self.T_mult = positive_int(f"{name}: T_mult", T_mult)
        self.eta_min = non_negative(f"{name}: eta_min", eta_min)
        self.T_cur: float = epoch_before(name, last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        self._require_all_groups()
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to the one that is given, perhaps a part of one: epoch + batch / batches.

        Raises:
            ValueError: epoch is negative, or no number.
        """
        if epoch is not None:
            epoch = non_negative("CosineAnnealingWarmRestarts.step: epoch", epoch)
            self.T_cur, self.T_i = epoch, self.T_0
        elif self.last_epoch < 0:
            epoch = self.T_cur = 0
            self.T_i = self.T_0
        else:
            epoch = self.last_epoch + 1
            self.T_cur += 1
        if self.T_mult == 1:
            self.T_cur %= self.T_i
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _restart(self) -> None:
        self.step(0)


def _phase(end_step: float, *names: str) -> dict[str, Any]:
    return {"end_step": end_step} | dict(
        zip(("start_lr", "end_lr", "start_momentum", "end_momentum"), names, strict=True)
    )
