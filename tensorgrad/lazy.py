"""Tensors over arrays that are computed later: Dask's protocol of collections.

A Tensor over a Dask array is a collection as its array is, and all of the protocol is the array's own answer. Over any
other array, a Tensor has none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .derivatives import Primitive
from .grad_mode import is_grad_enabled
from .node import new_node
from .versions import current


def _answer(name: str) -> property:
    """The attribute of this name of a Tensor's array; an AttributeError where that has none."""
    return property(lambda self: getattr(self._data, name))


def _keeps_gradient(tensor: Any) -> bool:
    """Whether a Tensor is a leaf that requires a gradient, and so is what becomes of it elsewhere."""
    return bool(current(tensor)._requires_grad) and tensor._op is None


def _postcompute(self: Any) -> Callable[[], tuple[Callable, tuple]]:
    func, args = self._data.__dask_postcompute__()
    return lambda: (_computed, (type(self), func, args, self.name, _keeps_gradient(self)))


def _computed(results: Any, kind: Any, func: Callable, args: tuple, name: str, requires_grad: bool) -> Any:
    """The Tensor of the array that Dask has computed. (A worker may call this.)"""
    return kind(func(results, *args), name, requires_grad)


def _postpersist(self: Any) -> Callable[[], tuple[Callable, tuple]]:
    func, args = self._data.__dask_postpersist__()
    return lambda: (_persisted, (self, func, args))


def _persisted(graph: Any, tensor: Any, func: Callable, args: tuple, **options: Any) -> Any:
    """The same Tensor, of an array whose chunks have been computed; gradients pass to the one that it was made of."""
    data, kind = func(graph, *args, **options), type(tensor)
    if not (tensor.requires_grad and is_grad_enabled()):
        return kind(data, tensor.name, requires_grad=False)
    node = new_node(kind, data, True, _PERSIST, (current(tensor),))
    node.name = tensor.name
    return node


_PERSIST = Primitive(lambda x: x.persist(), (lambda g, y, x: g,))

COLLECTION = (
    *[_answer(name) for name in ("__dask_graph__", "__dask_keys__", "__dask_layers__")],
    property(_postcompute),
    property(_postpersist),
    *[_answer(name) for name in ("__dask_optimize__", "__dask_scheduler__")],
)


def token(self: Any) -> tuple:
    """By what Dask tells Tensors apart: their numbers, and their graph, where there is one."""
    from dask.base import normalize_token

    node = current(self)
    order = node._order if node._op is not None and node._requires_grad else None
    return "tensorgrad.Tensor", normalize_token(self._data), normalize_token(self._grad), node._requires_grad, order


def _require_dask(self: Any, name: str) -> Any:
    if not hasattr(self, "__dask_graph__"):
        raise TypeError(f"Tensor.{name}: this is a Tensor over a {type(self._data).__name__}, whose numbers are there")
    import dask

    return dask


def compute(self: Any, **options: Any) -> Any:
    """The Tensor over a NumPy array that Dask computes: of a leaf a leaf, and of what was computed a constant.

    Args:
        **options: those of `dask.compute`, such as scheduler="threads".

    Raises:
        TypeError: this isn't a Tensor over a Dask array.
    """
    return _require_dask(self, "compute").compute(self, **options)[0]


def persist(self: Any, **options: Any) -> Any:
    """This Tensor, over a Dask array whose chunks are computed, or being computed; its gradient goes where this one's
    does.

    Args:
        **options: those of `dask.persist`.

    Raises:
        TypeError: this isn't a Tensor over a Dask array.
    """
    return _require_dask(self, "persist").persist(self, **options)[0]
