"""What schedules share, and schedules made of others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..arguments import is_int, non_negative, whole_number
from .optimizer import Optimizer

_NOT_SAVED = ("optimizer", "_schedulers")


class LRScheduler:
    """A schedule: it sets the learning rate of every parameter group, at first when it is made, and with each `step`.
    A subclass has `get_lr`.

    Args:
        optimizer: whose learning rates are set. Those that it has now are the initial ones, "initial_lr" in its groups.
        last_epoch: -1 at the beginning; or the epoch after which a run is taken up again, by an optimiser whose
            param_groups have the "lr" and the "initial_lr" of then.

    `last_epoch` counts the steps. `base_lrs` are the initial rates. Most schedules multiply the rate that is there, so
    one that was changed by hand meanwhile counts, and so does that of a group that was added; others must be made anew
    after add_param_group.

    Raises:
        TypeError: optimizer is none.
        ValueError: last_epoch is no int, or below -1.
        KeyError: no "initial_lr" is there to go on with.
    """

    optimizer: Optimizer
    base_lrs: list[float]
    last_epoch: int
    _is_initial = False  # whether the step is the one that it is made with
    _takes_a_measure = False  # whether a step needs one

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        name = type(self).__name__
        self.optimizer = optimiser(name, optimizer)
        last_epoch = epoch_before(name, last_epoch)
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{name}: last_epoch is {last_epoch}, but a parameter group has no 'initial_lr' to go on with; "
                    f"load the state_dict of the optimiser before"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._first_step()

    def _first_step(self) -> None:
        self._is_initial = True
        try:
            self.step()
        finally:
            del self._is_initial

    def get_lr(self) -> list[float]:
        """The learning rates of epoch `last_epoch`, one a group; in terms of those in the groups, of the epoch before,
        or of `base_lrs`."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on to the next epoch: set the learning rates."""
        self.last_epoch += 1
        self._set(self.get_lr())

    def _undo(self) -> None:
        """Before the step that it was made with."""
        self.last_epoch -= 1

    def _rewind(self) -> None:
        """Before the first step of all."""
        self.last_epoch = -1

    def _restart(self) -> None:
        """Begin at epoch 0, from the initial rates."""
        self.last_epoch = 0
        self._set(self.get_lr())

    def _set(self, rates: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._last_lr = self._rates()

    def _require_all_groups(self) -> None:
        groups = len(self.optimizer.param_groups)
        if len(self.base_lrs) != groups:
            raise ValueError(
                f"{type(self).__name__}: the optimiser has {groups} parameter groups, but had {len(self.base_lrs)} "
                f"when the schedule was made; make a schedule after add_param_group"
            )

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """The learning rates that the last step has set, one a group."""
        return [*self._last_lr]

    def state_dict(self) -> dict[str, Any]:
        """What the schedule is and where it stands, without the optimiser, whose state_dict has the learning rates. A
        function stays out, but not the attributes of an object that can be called."""
        return {name: _saved(value) for name, value in vars(self).items() if name not in _NOT_SAVED}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where a schedule was: one of the same kind, of this library or of PyTorch.

        Raises:
            TypeError: state_dict is no dict.
            KeyError: something is missing.
            ValueError: something isn't a number, or a list, that must be.

        After an error, nothing has been loaded.
        """
        self._load(f"{type(self).__name__}.load_state_dict", state_dict)

    def _load(self, where: str, state_dict: Mapping[str, Any]) -> None:
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"{where}: state_dict must be a dict, not {state_dict!r}")
        own = LRScheduler.state_dict(self)
        if missing := sorted(own.keys() - {*state_dict}):
            raise KeyError(f"{where}: missing {missing} in state_dict; was it saved by another schedule?")
        for name in own:
            _check_loaded(f"{where}: {name}", vars(self)[name], state_dict[name])
        for name in own:
            value = state_dict[name]
            if callable(vars(self)[name]):
                _load_function(vars(self)[name], value)
            elif isinstance(value, list) and any(map(callable, vars(self)[name])):
                for function, attributes in zip(vars(self)[name], value, strict=True):
                    _load_function(function, attributes)
            else:
                kind = type(vars(self)[name] if isinstance(value, dict) else value)  # a Counter is a dict in a file
                setattr(self, name, kind(value) if isinstance(value, list | dict) else value)


def _saved(value: Any) -> Any:
    """A copy; of a function None, of an object that can be called its attributes."""
    if isinstance(value, list):
        return [_saved(part) for part in value]
    if callable(value):
        return dict(vars(value)) if not hasattr(value, "__code__") and hasattr(value, "__dict__") else None
    return dict(value) if type(value) is dict else value


def _check_loaded(where: str, own: Any, value: Any) -> None:
    """An error, if what is to be loaded isn't of the kind of the schedule's own."""
    if _is_number(own) and not _is_number(value):
        raise ValueError(f"{where} must be a number, not {value!r}")
    if isinstance(own, list) and not isinstance(value, list | tuple):
        raise ValueError(f"{where} must be a list, not {value!r}")


def _is_number(value: Any) -> bool:
    return is_int(value) or isinstance(value, float | np.floating)


def _load_function(function: Any, attributes: Any) -> None:
    if attributes is not None:
        vars(function).update(attributes)


def optimiser(where: str, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{where}: optimizer must be an optimiser, such as SGD(model.parameters(), lr=0.1), not {optimizer!r}"
        )
    return optimizer


def epoch_before(where: str, value: Any) -> int:
    if not is_int(value) or value < -1:
        raise ValueError(f"{where}: last_epoch must be an int from -1, not {value!r}")
    return int(value)


def for_each_group(
    where: str, value: Any, optimizer: Optimizer, check: Callable[[str, Any], Any] = non_negative
) -> list[Any]:
    """A value for each parameter group, of a list of them, or of one for all."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [check(where, value)] * groups
    if len(value) != groups:
        raise ValueError(f"{where} must be one, or {groups}, one for each parameter group, not {value!r}")
    return [check(f"{where}[{i}]", part) for i, part in enumerate(value)]


# Schedules of schedules -----------------------------------------------------------------------------------------------


def _of_one_optimiser(where: str, schedulers: Any, optimizer: Any = None) -> tuple[list[LRScheduler], Optimizer]:
    """Schedules, and the optimiser that they all have; or an error."""
    if not isinstance(schedulers, list | tuple):
        raise TypeError(f"{where}: schedulers must be a list of schedules, not {schedulers!r}")
    found = [*schedulers]
    for i, schedule in enumerate(found):
        if not isinstance(schedule, LRScheduler) or schedule._takes_a_measure:
            raise TypeError(f"{where}: schedulers[{i}] must be a schedule whose step takes nothing, not {schedule!r}")
    if not found:
        raise ValueError(f"{where}: schedulers must be one at least")
    shared = optimiser(where, found[0].optimizer if optimizer is None else optimizer)
    for i, schedule in enumerate(found):
        if schedule.optimizer is not shared:
            raise ValueError(f"{where}: schedulers[{i}] must belong to the same optimizer as the others")
    return found, shared


class _OfSchedules(LRScheduler):
    """Others, which take part in the state_dict."""

    _schedulers: list[LRScheduler]

    def _undo(self) -> None:
        for schedule in self._schedulers:
            schedule._undo()

    def _rewind(self) -> None:
        self.last_epoch = -1
        for schedule in self._schedulers:
            schedule._rewind()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        where = f"{type(self).__name__}.load_state_dict"
        states = state_dict.get("_schedulers") if isinstance(state_dict, Mapping) else None
        if not isinstance(states, list | tuple) or len(states) != len(self._schedulers):
            raise KeyError(f"{where}: state_dict must have '_schedulers', {len(self._schedulers)} of them")
        before = self.state_dict()
        try:
            for schedule, state in zip(self._schedulers, states, strict=True):
                schedule.load_state_dict(state)
            self._load(where, state_dict)
        except (TypeError, KeyError, ValueError):
            for schedule, state in zip(self._schedulers, before["_schedulers"], strict=True):
                schedule.load_state_dict(state)
            raise


class SequentialLR(_OfSchedules):
    """One schedule after the other: the next begins, at its own epoch 0, when a milestone is reached.

    Args:
        optimizer: that of all of them.
        schedulers: the schedules, of the same optimiser.
        milestones: the epochs at which the second, the third, ... begin.
        last_epoch: -1 at the beginning.

    A schedule may be a `SequentialLR` or a `ChainedScheduler`: its rates are those that it has alone, and its
    milestones count from where it begins. (PyTorch fails where such a one isn't the first; of the first it takes
    milestones an epoch too early, and some rates from before epoch 0.)

    Raises:
        TypeError: one is no schedule, or is `ReduceLROnPlateau`.
        ValueError: they have several optimisers, or there isn't one milestone less than schedules.

    >>> from tensorgrad import SGD, Tensor
    >>> from tensorgrad.optim.lr_scheduler import ExponentialLR, LinearLR
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> warm_up, decay = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warm_up, decay], milestones=[2])
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     schedule.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ):
        where = "SequentialLR"
        self._schedulers, self.optimizer = _of_one_optimiser(where, schedulers, optimiser(where, optimizer))
        if not isinstance(milestones, list | tuple) or len(milestones) != len(self._schedulers) - 1:
            raise ValueError(
                f"{where}: milestones must be the epochs at which a next schedule begins, "
                f"{len(self._schedulers) - 1} of them, not {milestones!r}"
            )
        self._milestones = [whole_number(f"{where}: milestones[{i}]", epoch) for i, epoch in enumerate(milestones)]
        if self._milestones != sorted(self._milestones):
            raise ValueError(f"{where}: milestones must go up, not {milestones!r}")
        self.last_epoch = epoch_before(where, last_epoch) + 1
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        super()._undo()  # what all of them have done to the rates when they were made
        self.last_epoch -= 1
        self._first_step()

    def _first_step(self) -> None:
        self.last_epoch += 1
        self._schedulers[bisect_right(self._milestones, 0)]._first_step()
        self._last_lr = self._rates()

    def _undo(self) -> None:
        self.last_epoch -= 1
        self._schedulers[bisect_right(self._milestones, 0)]._undo()  # no other has made a step

    def step(self) -> None:
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        if i and self._milestones[i - 1] == self.last_epoch:
            self._schedulers[i]._restart()
        else:
            self._schedulers[i].step()
        self._last_lr = self._rates()

    def _restart(self) -> None:
        self.last_epoch = 0
        self._schedulers[bisect_right(self._milestones, 0)]._restart()
        self._last_lr = self._rates()


class ChainedScheduler(_OfSchedules):
    """Several schedules at once: in each step, all change the rates, one after the other.

    Args:
        schedulers: the schedules, of one optimiser; those that multiply the rate work together.
        optimizer: theirs, if it is to be checked.

    Raises:
        TypeError: one is no schedule, or is `ReduceLROnPlateau`.
        ValueError: they have several optimisers, or there are none; or, in a step, what they make together is a rate
            below 0, as one of them may that goes to its eta_min (PyTorch goes on with it).

    >>> from tensorgrad import SGD, Tensor
    >>> from tensorgrad.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> schedule = ChainedScheduler([ConstantLR(optimizer, 0.1, total_iters=2), ExponentialLR(optimizer, 0.5)])
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates.append(round(optimizer.lr, 4))
    ...     schedule.step()
    >>> rates
    [0.1, 0.05, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None):
        self._schedulers, self.optimizer = _of_one_optimiser("ChainedScheduler", schedulers, optimizer)
        self._last_lr = self._rates()

    def step(self) -> None:
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = self._rates()

    def _restart(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self._rewind()
        self._first_step()

    def _first_step(self) -> None:
        for schedule in self._schedulers:
            schedule._first_step()
        self._last_lr = self._rates()
