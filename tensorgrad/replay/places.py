"""Where a step can find what it doesn't get as an argument: variables, attributes, items, the data of Tensors."""

from __future__ import annotations

from typing import Any

MISSING = object()  # what a place holds that is no more


class Place:
    """A variable or the like: something that holds a value, and can be set. `text` names it as a user would."""

    __slots__ = ("container", "key", "text")

    def __init__(self, container: Any, key: Any, text: str):
        self.container, self.key, self.text = container, key, text

    @property
    def id(self) -> tuple[Any, ...]:
        """The same for the same place, as long as its container lives."""
        return type(self), id(self.container), self.key if type(self.key) in (str, int) else id(self.key)

    def get(self) -> Any:
        """What is there, or MISSING."""
        raise NotImplementedError

    def set(self, value: Any) -> None:
        raise NotImplementedError

    def code(self, container: str, key: str) -> str:
        """What reads it, where these are names of the container and the key."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{self.text}>"


class Item(Place):
    """An item of a dict or a list; so are global variables, and attributes of most objects. A dict that checks what it
    is given isn't asked."""

    __slots__ = ()

    def get(self) -> Any:
        try:
            return self.container[self.key]
        except (KeyError, IndexError):
            return MISSING

    def set(self, value: Any) -> None:
        kind: Any = next((kind for kind in (dict, list) if isinstance(self.container, kind)), type(self.container))
        if value is MISSING:
            kind.__delitem__(self.container, self.key)
        else:
            kind.__setitem__(self.container, self.key, value)

    def code(self, container: str, key: str) -> str:
        return f"{container}[{key}]"


class Cell(Place):
    """A variable of a function around the one that uses it."""

    __slots__ = ()

    def get(self) -> Any:
        try:
            return self.container.cell_contents
        except ValueError:
            return MISSING

    def set(self, value: Any) -> None:
        self.container.cell_contents = value

    def code(self, container: str, key: str) -> str:
        return f"{container}.cell_contents"


class OfClass(Place):
    """An attribute of a class."""

    __slots__ = ()

    def get(self) -> Any:
        return vars(self.container).get(self.key, MISSING)

    def set(self, value: Any) -> None:
        type.__setattr__(self.container, self.key, value)

    def code(self, container: str, key: str) -> str:
        return f"{container}.{self.key}"


class Slot(Place):
    """An attribute that has a place of its own in its object, such as a Tensor's data."""

    __slots__ = ()

    def get(self) -> Any:
        return getattr(self.container, self.key, MISSING)

    def set(self, value: Any) -> None:
        object.__setattr__(self.container, self.key, value)

    def code(self, container: str, key: str) -> str:
        return f"{container}.{self.key}"
