"""Whether operations are recorded: for each thread, and each asyncio task, on its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["enable_grad", "is_grad_enabled", "no_grad"]

Function = TypeVar("Function", bound=Callable[..., Any])

_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)

# Whether operations are recorded in this thread or asyncio task. The method itself, since every operation calls it.
is_grad_enabled: Callable[[], bool] = _enabled.get


# The blocks that this thread or task is in, the last of which holds. One object may be entered several times, also by
# several threads at once; and the blocks of a generator may end in another order.
_entered: ContextVar[tuple[_GradMode, ...]] = ContextVar("entered_grad_modes", default=())

# How often this thread or task has entered no_grad: a transform asks whether the function that it ran has.
_count: ContextVar[int] = ContextVar("times_no_grad_was_entered", default=0)
times_no_grad_was_entered: Callable[[], int] = _count.get

# And how often it has taken a plain number of a Tensor that requires a gradient, as math.sin(t) does.
_numbers: ContextVar[int] = ContextVar("times_a_number_was_taken", default=0)
times_a_number_was_taken: Callable[[], int] = _numbers.get


def number_was_taken() -> None:
    """Count a plain number that was taken of a Tensor."""
    _numbers.set(_numbers.get() + 1)


class _GradMode:
    """Sets whether operations are recorded, and sets it back; a context manager and a decorator."""

    _enable: bool

    def __enter__(self) -> None:
        if not self._enable:
            _count.set(_count.get() + 1)
        _entered.set((*_entered.get(), self))
        _enabled.set(self._enable)

    def __exit__(self, *exception: object) -> None:
        entered = _entered.get()
        last = max(i for i, block in enumerate(entered) if block is self)
        rest = entered[:last] + entered[last + 1 :]
        _entered.set(rest)
        _enabled.set(rest[-1]._enable if rest else True)

    def __call__(self, func: Function) -> Function:
        name = type(self).__name__
        if not callable(func) or inspect.isclass(func) or any(ask(func) for ask in _SUSPENDED):
            raise TypeError(
                f"@{name}() is for ordinary functions; write `with {name}():` inside {func!r}, between its yields or "
                "awaits, or decorate the methods of a class"
            )

        @functools.wraps(func)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return func(*args, **kwargs)

        return switched  # type: ignore[return-value]


# What runs on after the call has returned, outside of the block
_SUSPENDED = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)


class no_grad(_GradMode):
    """Inside `with no_grad():`, or a function decorated with `@no_grad()`, nothing is recorded, in this thread alone.

    >>> from tensorgrad import Tensor, no_grad
    >>> w = Tensor([1.0, 2.0])
    >>> with no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """

    _enable = False


class enable_grad(_GradMode):
    """The reverse of `no_grad`, for inside it."""

    _enable = True
