"""What is called before and after a module's forward."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from .arguments import yes_or_no

_numbers = count()


class Handle:
    """A hook's place: `remove()` takes the hook away, as does the end of a `with` block."""

    def __init__(self, places: HookList, number: int):
        self._places, self._number = places, number

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._places.hooks.pop(self._number, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()


class HookList:
    """Hooks in the order in which they are called."""

    def __init__(self) -> None:
        self.hooks: dict[int, tuple[Callable, bool]] = {}

    def add(self, where: str, hook: Any, with_kwargs: Any) -> Handle:
        if not callable(hook):
            raise TypeError(f"{where}: hook must be a function, not {hook!r}")
        with_kwargs = yes_or_no(f"{where}: with_kwargs", with_kwargs)
        number = next(_numbers)
        self.hooks[number] = hook, with_kwargs
        return Handle(self, number)


class Hooks:
    """The hooks of a module."""

    def __init__(self) -> None:
        self.before, self.after = HookList(), HookList()

    def call(self, module: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        for hook, with_kwargs in list(self.before.hooks.values()):
            given = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if given is None:
                continue
            if with_kwargs:
                args, kwargs = given
            else:
                args = given if isinstance(given, tuple) else (given,)
        output = module.forward(*args, **kwargs)
        for hook, with_kwargs in list(self.after.hooks.values()):
            given = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
            output = output if given is None else given
        return output
