"""Settings of optimisers: each is checked whenever it is set, for all parameters or for one group of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from ..arguments import non_negative

Check = Callable[[str, Any], Any]  # gives a value as it is used, or raises an error that begins with the text


class Optimised(Protocol):
    """What has settings: an optimiser."""

    param_groups: list[Group]
    defaults: dict[str, Any]
    checks: ClassVar[dict[str, Check]]


class Setting:
    """An attribute that stands for the entry of its name in every parameter group, checked when it is set.

    Where groups differ, it can be set for all of them, and read from `param_groups` alone.
    """

    def __init__(self, check: Check):
        self.check = check

    def __set_name__(self, owner: type[Optimised], name: str) -> None:
        self.name = name
        owner.checks = {**owner.checks, name: self.check}

    def __get__(self, optimizer: Optimised | None, owner: type) -> Any:
        if optimizer is None:
            return self
        values = [group[self.name] for group in optimizer.param_groups]
        if values.count(values[0]) < len(values):
            raise ValueError(
                f"{owner.__name__}: {self.name} differs between the parameter groups, {values}; read it from "
                f'optimizer.param_groups[i]["{self.name}"]'
            )
        return values[0]

    def __set__(self, optimizer: Optimised, value: Any) -> None:
        value = self.check(f"{type(optimizer).__name__}: {self.name}", value)
        optimizer.defaults[self.name] = value
        for group in optimizer.param_groups:
            group[self.name] = value


class Group(dict[str, Any]):
    """Parameters ("params") and their settings; a dict that checks the settings of its optimiser when they are set.
    Other names are free: schedules keep theirs in here."""

    def __init__(self, optimizer: type[Optimised], options: Mapping[str, Any]):
        super().__init__()
        self._optimizer = optimizer
        self.update(options)

    def __setitem__(self, name: str, value: Any) -> None:
        check = self._optimizer.checks.get(name)
        super().__setitem__(name, check(f"{self._optimizer.__name__}: {name}", value) if check else value)

    def update(self, *options: Any, **more: Any) -> None:
        for name, value in dict(*options, **more).items():
            self[name] = value

    def __ior__(self, options: Mapping[str, Any] | Iterable[Any]) -> Group:  # type: ignore[override, misc]
        self.update(options)
        return self

    def setdefault(self, name: str, value: Any = None) -> Any:
        if name not in self:
            self[name] = value
        return self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return Group, (self._optimizer, dict(self))


# What settings must be ------------------------------------------------------------------------------------------------


def _two_numbers(where: str, value: Any, example: str) -> tuple[float, float]:
    is_list = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1)
    if not is_list or len(value) != 2:
        raise ValueError(f"{where} must be two numbers, as in {example}, not {value!r}")
    first, second = (non_negative(f"{where}[{i}]", part) for i, part in enumerate(value))
    return first, second


def two_rates(where: str, value: Any) -> tuple[float, float]:
    first, second = _two_numbers(where, value, "(0.9, 0.999)")
    if max(first, second) >= 1:
        raise ValueError(f"{where} must be below 1, not {value!r}")
    return first, second


def around_one(where: str, value: Any) -> tuple[float, float]:
    first, second = _two_numbers(where, value, "(0.5, 1.2)")
    if not 0 < first < 1 < second:
        raise ValueError(f"{where} must be two numbers above 0, one below 1 and one above, not {value!r}")
    return first, second


def a_range(where: str, value: Any) -> tuple[float, float]:
    first, second = _two_numbers(where, value, "(1e-6, 50)")
    if first > second:
        raise ValueError(f"{where} must be the least and the most, not {value!r}")
    return first, second
