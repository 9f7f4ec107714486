"""A module with other parameters: what is copied of it, and what both share."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, MutableMapping
from types import MethodType
from typing import Any

from .tree import Tree


def copied(item: Any, copies: dict[int, Any]) -> Any:
    """A copy of a module, or of a list, tuple or dict in one, with what `copies` has for an id in place of it. What
    holds none of these isn't copied."""
    if id(item) in copies:
        return copies[id(item)]
    if isinstance(item, Tree):
        inside: Mapping = vars(item)
    elif isinstance(item, Mapping):
        inside = item
    elif isinstance(item, list | tuple):
        inside = dict(enumerate(item))
    elif isinstance(item, MethodType):
        owner = copied(item.__self__, copies)
        return item if owner is item.__self__ else MethodType(item.__func__, owner)
    elif type(item) is functools.partial:
        func, args, keywords = (copied(part, copies) for part in (item.func, item.args, item.keywords))
        same = func is item.func and args is item.args and keywords is item.keywords
        return item if same else functools.partial(func, *args, **keywords)
    else:
        return item
    mutable = isinstance(item, Tree | MutableMapping | list)
    copies[id(item)] = new = copy.copy(item) if mutable else item  # first, since modules may be in a circle
    parts = {key: copied(part, copies) for key, part in inside.items()}
    if all(parts[key] is part for key, part in inside.items()):
        new = item
    elif isinstance(item, Tree):
        vars(new).update(parts)
    elif isinstance(item, MutableMapping):
        new.update(parts)
    elif isinstance(item, list):
        new[:] = parts.values()
    elif hasattr(item, "_fields"):  # a named tuple
        new = type(item)(*parts.values())
    else:
        new = type(item)(parts if isinstance(item, Mapping) else parts.values())
    copies[id(item)] = new
    return new
