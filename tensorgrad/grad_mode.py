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


class _GradMode:
    """Sets whether operations are recorded, and sets it back; a context manager and a decorator."""

    _enable: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(is_grad_enabled())
        _enabled.set(self._enable)

    def __exit__(self, *exception: object) -> None:
        _enabled.set(self._before.pop())

    def __call__(self, func: Function) -> Function:
        name = type(self).__name__
        if not callable(func) or inspect.isgeneratorfunction(func) or inspect.iscoroutinefunction(func):
            raise TypeError(
                f"@{name}() is for ordinary functions; write `with {name}():` inside {func!r}, between its yields or "
                "awaits"
            )

        @functools.wraps(func)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return func(*args, **kwargs)

        return switched  # type: ignore[return-value]


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
