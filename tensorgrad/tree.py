"""Structures of arrays: lists, tuples, dicts, dataclasses and Modules, nested, with arrays at the leaves.

A Module stands for the dict of its parameters by name: its leaves are these, what maps it gives a copy of it with other
parameters, and where a result has the structure of the arguments, a dict stands in its place.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .tensor import Tensor

LEAVES = frozenset({Tensor, np.ndarray, float, int})  # types that are surely leaves


class Tree:
    """A class of objects that are structures of arrays. (Module is one, in network.py.)"""

    def parameters_by_name(self) -> dict[str, Any]:
        """The leaves with their names."""
        raise NotImplementedError

    def with_parameters(self, parameters: Mapping[str, Any]) -> Any:
        """The same object with other leaves."""
        raise NotImplementedError


def tree_map(func: Callable, tree: Any, *, as_dicts: bool = False, whole: tuple[type, ...] = ()) -> Any:
    """The same structure, with func of each leaf; with as_dicts, Modules become dicts of their parameters. Of the types
    in `whole`, objects are leaves.

    >>> tree_map(lambda leaf: leaf * 10, {"weight": 1.0, "bias": [2.0, 3.0]})
    {'weight': 10.0, 'bias': [20.0, 30.0]}
    """
    kind: Any = type(tree)
    new: Any
    if kind in LEAVES or isinstance(tree, whole):
        return func(tree)
    if isinstance(tree, (list, tuple)):
        return with_parts(tree, [tree_map(func, part, as_dicts=as_dicts, whole=whole) for part in tree])
    if isinstance(tree, dict):
        new = copy.copy(tree)
        new.update((key, tree_map(func, part, as_dicts=as_dicts, whole=whole)) for key, part in tree.items())
        return new
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        new = copy.copy(tree)
        for field in dataclasses.fields(tree):
            object.__setattr__(
                new, field.name, tree_map(func, getattr(tree, field.name), as_dicts=as_dicts, whole=whole)
            )
        return new
    if isinstance(tree, Tree):
        new = {name: func(leaf) for name, leaf in tree.parameters_by_name().items()}
        return new if as_dicts else tree.with_parameters(new)
    return func(tree)


def with_parts(tree: Any, parts: list[Any]) -> Any:
    """A list or tuple, a named one too, of the kind of tree with other parts."""
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)


def children(tree: Any) -> dict[str, Any] | None:
    """The parts of a structure, by how each is reached; None of a leaf.

    >>> children({"weight": 1.0, "bias": [2.0]})
    {"['weight']": 1.0, "['bias']": [2.0]}
    >>> children([1.0, 2.0]), children(1.0)
    ({'[0]': 1.0, '[1]': 2.0}, None)
    """
    if isinstance(tree, (list, tuple)):
        return {f"[{i}]": part for i, part in enumerate(tree)}
    if isinstance(tree, dict):
        return {f"[{key!r}]": part for key, part in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return {f".{field.name}": getattr(tree, field.name) for field in dataclasses.fields(tree)}
    if isinstance(tree, Tree):
        return {f"[{name!r}]": leaf for name, leaf in tree.parameters_by_name().items()}
    return None


def tree_leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its path, in the order of tree_map.

    >>> list(tree_leaves([{"weight": 1.0}, 2.0]))
    [("[0]['weight']", 1.0), ('[1]', 2.0)]
    """
    parts = None if type(tree) in LEAVES else children(tree)
    if parts is None:
        yield path, tree
        return
    for place, part in parts.items():
        yield from tree_leaves(part, path + place)


def tree_fill(tree: Any, leaves: Iterator) -> Any:
    """The structure of tree with these leaves, None in place of its constants, and dicts in place of its Modules.

    >>> tree_fill([1.0, "text", (2.0, 3.0)], iter("abc"))
    ['a', None, ('b', 'c')]
    """
    return tree_map(lambda leaf: next(leaves) if is_variable(leaf) else None, tree, as_dicts=True)


def is_variable(leaf: Any) -> bool:
    """Whether a leaf is a number or array: None, strings, bools and functions are constants."""
    if type(leaf) in LEAVES:
        return True
    return not (leaf is None or isinstance(leaf, (str, bool, np.bool, FunctionType, BuiltinFunctionType, np.ufunc)))
