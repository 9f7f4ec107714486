"""What a compiled step is called with: arrays in tuples, lists and dicts, each told by its shape, dtype and strides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..grad_mode import is_grad_enabled
from ..tensor import Tensor
from ..tree import with_parts
from ..versions import is_name, is_view, names
from .effects import is_generator

FOREIGN = "a Tensor that requires a gradient, or another library's array"


class Unknown(Exception):
    """An argument of a kind that isn't recorded."""


def flatten(tree: Any, leaves: list[Any]) -> Any:
    """The structure of the arguments, which can be compared and hashed, with layouts in place of arrays; these become
    leaves. What else there is stands in it by its value, or by itself where it can't be hashed."""
    kind = type(tree)
    if kind is np.ndarray:
        same = next((i for i, leaf in enumerate(leaves) if leaf is tree), None)
        leaves.append(tree)
        return "array", tree.shape, tree.dtype, tree.strides, tree.flags.writeable, same
    if kind is Tensor:
        assigned = names and (is_name(tree) or is_view(tree))  # what it refers to changes by assignment
        if type(tree._data) is not np.ndarray or (tree.requires_grad and is_grad_enabled()) or assigned:
            raise Unknown(FOREIGN)
        leaves.append(tree)
        return "Tensor", flatten(tree._data, []), tree._requires_grad
    if hasattr(tree, "__array_function__") and not isinstance(tree, type):
        raise Unknown(FOREIGN)
    if isinstance(tree, Iterator):  # which goes on as it is used
        raise Unknown("an iterator")
    if isinstance(tree, np.generic) or is_generator(tree):
        same = next((i for i, leaf in enumerate(leaves) if leaf is tree), None)
        leaves.append(tree)
        return kind, getattr(tree, "dtype", same)
    if kind is float or kind is complex:
        return kind, repr(tree)  # 0.0 and -0.0 are equal, and nan isn't
    if kind is dict:
        return kind, tuple([(key, flatten(part, leaves)) for key, part in tree.items()])
    if isinstance(tree, tuple | list):
        return kind, tuple([flatten(part, leaves) for part in tree])
    return kind, tree if kind.__hash__ is not None else Identical(tree)


class Identical:
    """Stands for an object that has no hash: equal to itself alone."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identical) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def rebuilt(tree: Any, make: Any, path: str) -> Any:
    """The same structure with make(leaf, path) in place of each leaf."""
    kind = type(tree)
    if kind is np.ndarray or kind is Tensor or isinstance(tree, np.generic) or is_generator(tree):
        return make(tree, path)
    if kind is dict:
        return {key: rebuilt(part, make, f"{path}_{key}") for key, part in tree.items()}
    if isinstance(tree, tuple | list):
        return with_parts(tree, [rebuilt(part, make, f"{path}_{i}") for i, part in enumerate(tree)])
    return tree
