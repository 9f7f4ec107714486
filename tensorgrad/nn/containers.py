"""Modules that hold others, and parameters."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from ..arguments import is_int
from ..module import Module
from ..tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Container(Module):
    """What holds items by name; a subclass may have parameters and buffers of its own beside them."""

    _items_in: str  # the attributes that hold the items and their names aren't looked through by themselves
    _names: tuple[str, ...] = ()
    _kind: type = Module

    def _by_name(self) -> Mapping[str, Any]:
        """The items by name."""
        raise NotImplementedError

    def _set(self, name: str, item: Any) -> None:
        """Have an item of this name, in place of another or as the last."""
        raise NotImplementedError

    def _parts(self) -> Mapping[str, Any]:
        own = {name: part for name, part in super()._parts().items() if name not in (self._items_in, "_names")}
        return {**self._by_name(), **own}

    def __setattr__(self, name: str, value: Any) -> None:
        """A module that is set as an attribute is one of the items, as in PyTorch."""
        if name in self._held() or (isinstance(value, Module) and issubclass(self._kind, Module)):
            if self._items_in not in vars(self):
                raise AttributeError(f"{type(self).__name__}: call super().__init__() before {name} is set")
            self._set(name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        held = self._held()
        return held[name] if name in held else Module.__getattr__(self, name)  # type: ignore[attr-defined]

    def __delattr__(self, name: str) -> None:
        if name in self._held():
            self._drop(name)
        else:
            super().__delattr__(name)

    def _held(self) -> Mapping[str, Any]:
        return self._by_name() if self._items_in in vars(self) else {}  # nothing yet, while it is made or unpickled

    def _drop(self, name: str) -> None:
        raise NotImplementedError

    def _required(self, item: Any, what: str) -> Any:
        """An item, or an error if it is of another kind."""
        if not isinstance(item, self._kind):
            kind = self._kind.__name__
            raise TypeError(f"{type(self).__name__}: {what} must be a {kind}, not {item!r}; it holds nothing else")
        return item


class _Listed(_Container):
    """What a list of layers, modules or parameters is: they are named by their place, "0", "1", ..., unless they were
    given other names."""

    layers: list[Any]
    _items_in = "layers"

    def _by_name(self) -> Mapping[str, Any]:
        return dict(zip(self._all_names(), self.layers, strict=True))

    def _all_names(self) -> list[str]:
        names = list(self._names[: len(self.layers)])
        for place in range(len(names), len(self.layers)):
            while str(place) in names:  # a slice has the names that it had
                place += 1
            names.append(str(place))
        return names

    def _set(self, name: str, item: Any) -> None:
        item, names = self._checked(item), self._all_names()
        if name in names:
            self.layers[names.index(name)] = item
        else:
            self._names = (*names, _key(self, name))
            self.layers.append(item)

    def _drop(self, name: str) -> None:
        del self[self._all_names().index(name)]

    def _of(self, items: list[Any]) -> Any:
        """Another of this kind, of these items."""
        return type(self)(items)  # type: ignore[call-arg]

    def _checked(self, item: Any) -> Any:
        """An item, or an error if it can't be one."""
        return self._required(item, "what it holds")

    def _all_required(self, items: Any, what: str) -> list[Any]:
        return [self._required(item, f"{what}[{i}]") for i, item in enumerate(_iterated(self, items, what))]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __contains__(self, item: Any) -> bool:
        return any(item is other for other in self.layers)

    def __getitem__(self, index: Any) -> Any:
        """The item at a place; of a slice, another of this kind."""
        return self._of(self.layers[index]) if isinstance(index, slice) else self.layers[self._place(index)]

    def __setitem__(self, index: int, item: Any) -> None:
        self.layers[self._place(index)] = self._checked(item)

    def __delitem__(self, index: Any) -> None:
        del self.layers[index if isinstance(index, slice) else self._place(index)]
        self._names = ()

    def _place(self, index: Any) -> int:
        name = type(self).__name__
        if not is_int(index):
            raise TypeError(f"{name}: the index must be an int or a slice, not {index!r}")
        if not -len(self) <= index < len(self):
            raise IndexError(f"{name}: index {index} is out of range for {len(self)} items")
        return operator.index(index)

    def append(self, item: Any) -> Any:
        """Put an item behind the last; gives the container."""
        self.layers.append(self._checked(item))
        return self

    def extend(self, items: Iterable[Any]) -> Any:
        """Put several items behind the last; gives the container."""
        self.layers.extend([self._checked(item) for item in _iterated(self, items)])
        return self

    def insert(self, index: int, item: Any) -> Any:
        """Put an item before the one at a place, and number all anew; gives the container."""
        if not is_int(index):
            raise TypeError(f"{type(self).__name__}: the index must be an int, not {index!r}")
        self.layers.insert(index, self._checked(item))
        self._names = ()
        return self

    def pop(self, index: int = -1) -> Any:
        """Take the item at a place out, and give it; the others are numbered anew."""
        item = self.layers.pop(self._place(index))
        self._names = ()
        return item

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._of([*self.layers, *_iterated(self, other)])


def _iterated(container: Module, items: Any, what: str = "items") -> list[Any]:
    no_list = isinstance(items, str | bytes | Mapping | Set | np.ndarray | Tensor)
    if no_list or not isinstance(items, Iterable):
        raise TypeError(f"{type(container).__name__}: {what} must be a list, not {items!r}")
    return list(items)


class Sequential(_Listed):
    """Modules, or functions, applied one after the other, as `torch.nn.Sequential`.

    Called with an index it gives a layer, with a slice a Sequential of some, under the names that they have here;
    `len`, `append`, `extend`, `insert` and `del` are a list's. `insert`, `pop` and `del` number all layers anew. A
    module that is set as an attribute is the layer of that name: one more at the end, if there was none.

    Args:
        layers: one after the other; or one dict of them, by name.

    Raises:
        TypeError: a layer can't be called, or is a class.

    >>> import numpy as np
    >>> from tensorgrad import Layer
    >>> model = Sequential(Layer(3, 4, rng=0), np.tanh)
    >>> model
    Sequential(Layer, tanh)
      (0): Layer(3 -> 4)
    >>> model(np.ones((5, 3))).shape
    (5, 4)
    >>> model[:1]
    Sequential()
      (0): Layer(3 -> 4)
    """

    def __init__(self, *layers: Any):
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            self._names = tuple(_key(self, name, "layers") for name in layers[0])
            layers = tuple(layers[0].values())
        self.layers = [self._checked(layer) for layer in layers]

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return super().__getitem__(index)
        some = Sequential(*self.layers[index])
        some._names = tuple(self._all_names()[index])
        return some

    def _checked(self, item: Any) -> Any:
        if not callable(item):
            hint = "; pass them one by one, as Sequential(*layers)" if isinstance(item, list | tuple) else ""
            raise TypeError(f"Sequential: layers: {item!r} is neither a module nor a function{hint}")
        if isinstance(item, type):
            raise TypeError(
                f"Sequential: layers: {item!r} is a class; pass a module that was made of it, or a function"
            )
        return item

    def _of(self, items: list[Any]) -> Sequential:
        return Sequential(*items)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def extra_repr(self) -> str:
        names = [type(f).__name__ if isinstance(f, Module) else str(getattr(f, "__name__", f)) for f in self.layers]
        return "" if all(isinstance(f, Module) for f in self.layers) else ", ".join(names)


class ModuleList(_Listed):
    """A list of modules, which are found in it; to be indexed and looped over, not to be called. A module that is set
    as an attribute is one of them.

    Raises:
        TypeError: an item isn't a Module.

    >>> from tensorgrad import Layer
    >>> layers = ModuleList([Layer(2, 3, rng=0), Layer(3, 1, rng=1)])
    >>> [name for name, p in layers.named_parameters()]
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """

    def __init__(self, modules: Iterable[Module] = ()):
        self.layers = self._all_required(modules, "modules")


class ParameterList(_Listed):
    """A list of parameters, which are found in it.

    Raises:
        TypeError: an item isn't a Tensor.

    >>> [name for name, p in ParameterList([Tensor(1.0), Tensor(2.0)]).named_parameters()]
    ['0', '1']
    """

    _kind = Tensor

    def __init__(self, parameters: Iterable[Tensor] = ()):
        self.layers = self._all_required(parameters, "parameters")


class _Named(_Container):
    """What a dict of modules or parameters is."""

    items_by_name: dict[str, Any]
    _items_in = "items_by_name"

    def __init__(self, items: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None):
        self.items_by_name = {}
        self.update({} if items is None else items)

    def _by_name(self) -> Mapping[str, Any]:
        return self.items_by_name

    def _set(self, name: str, item: Any) -> None:
        self[name] = item

    def _drop(self, name: str) -> None:
        del self[name]

    def update(self, items: Any) -> None:
        """Put in what a dict, or pairs of name and item, hold."""
        error = TypeError(f"{type(self).__name__}: items must be a dict by name, not {items!r}")
        if isinstance(items, str | bytes | np.ndarray):
            raise error
        try:
            pairs = dict(items)
        except (TypeError, ValueError):
            raise error from None
        for name, item in pairs.items():
            self._required(item, f"items[{_key(self, name)!r}]")
        self.items_by_name.update(pairs)

    def __getitem__(self, name: str) -> Any:
        return self.items_by_name[name]

    def __setitem__(self, name: str, item: Any) -> None:
        self.update({name: item})

    def __delitem__(self, name: str) -> None:
        del self.items_by_name[name]

    def __len__(self) -> int:
        return len(self.items_by_name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_by_name)

    def __contains__(self, name: str) -> bool:
        return name in self.items_by_name

    def keys(self) -> Iterable[str]:
        """The names."""
        return self.items_by_name.keys()

    def values(self) -> Iterable[Any]:
        """What is held."""
        return self.items_by_name.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of both."""
        return self.items_by_name.items()

    def pop(self, name: str) -> Any:
        """Take the one of this name out, and give it."""
        return self.items_by_name.pop(name)

    def clear(self) -> None:
        """Take all out."""
        self.items_by_name.clear()


def _key(container: Module, name: Any, what: str = "items") -> str:
    if not isinstance(name, str) or not name or "." in name:
        raise TypeError(f"{type(container).__name__}: {what}: a name must be a str without dots, not {name!r}")
    return name


class ModuleDict(_Named):
    """A dict of modules by name, which are found in it, and are its attributes, too: `heads["mean"]` is `heads.mean`.

    Raises:
        TypeError: a name isn't a str, or an item not a Module.

    >>> from tensorgrad import Layer
    >>> heads = ModuleDict({"mean": Layer(2, 1, rng=0), "scale": Layer(2, 1, rng=1)})
    >>> [name for name, p in heads.named_parameters()]
    ['mean.weight', 'mean.bias', 'scale.weight', 'scale.bias']
    """


class ParameterDict(_Named):
    """A dict of parameters by name, which are found in it.

    Raises:
        TypeError: a name isn't a str, or an item not a Tensor.

    >>> [name for name, p in ParameterDict({"a": Tensor(1.0)}).named_parameters()]
    ['a']
    """

    _kind = Tensor
