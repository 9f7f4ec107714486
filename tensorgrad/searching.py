"""What is inside a module: modules, Tensors and buffers in its attributes, in lists, tuples and dicts, by name."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .tensor import Tensor
from .tree import Tree
from .versions import is_name

_NOT_SEARCHED = (set, frozenset, deque, np.ndarray)  # for parameters, which have no names in there, or no order


def walk(module: Any, every_name: bool = False) -> Iterator[tuple[str, Any]]:
    """`Module.walk`."""
    seen: set[int] = set()
    own = {id(x) for x in module._computed}
    stack: list[tuple[str, Any, bool, frozenset]] = [("", module, False, frozenset())]
    while stack:
        name, item, is_buffer, around = stack.pop()
        inside, buffers = _inside(item)
        if not isinstance(item, Tree | Tensor) and not is_buffer and inside is None:
            if isinstance(item, _NOT_SEARCHED):
                _require_no_parameters(module, name, item)
            continue
        if id(item) in (around if every_name else seen):
            continue
        if is_computed(item) and not is_buffer and id(item) not in own:
            continue
        seen.add(id(item))
        if isinstance(item, Tree | Tensor) or is_buffer:
            yield name, item
        if inside is not None:
            around = around | {id(item)} if every_name else around
            stack.extend(
                (f"{name}.{key}" if name else str(key), part, key in buffers, around)
                for key, part in reversed(list(inside))
                if part is not None
            )


def is_computed(item: Any) -> bool:
    """Whether this is a Tensor that stands inside a graph: a result that a module keeps, and no parameter."""
    return isinstance(item, Tensor) and item._op is not None and not is_name(item)


def is_parameter(item: Any) -> bool:
    """Whether this is a Tensor that is trained as an attribute of a module, or would be if it weren't frozen."""
    return isinstance(item, Tensor) and item._requires_grad is not False and item._op is None and not is_name(item)


def _inside(item: Any) -> tuple[Any, Mapping[str, bool]]:
    """The names and parts of what is looked through, and which are buffers; None of anything else."""
    if isinstance(item, Tree):
        return item._parts().items(), item._buffers  # type: ignore[attr-defined]
    if isinstance(item, Mapping):
        return item.items(), {}
    return (enumerate(item) if isinstance(item, list | tuple) else None), {}


def _require_no_parameters(module: Any, name: str, item: Any) -> None:
    """An error, if parameters are in a container in which they would not be found."""
    parts = item if not isinstance(item, np.ndarray) else item.flat if item.dtype == object else ()
    if any(isinstance(part, Tree | Tensor) for part in parts):
        raise TypeError(
            f"{type(module).__name__}: parameters in {name}, a {type(item).__name__}, aren't found; put them into a "
            f"list, a tuple or a dict"
        )
