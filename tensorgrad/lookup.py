"""What a module's parts are set and got by, when their names are strings: PyTorch's methods for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arguments import text
from .searching import is_parameter, walk
from .tensor import Tensor
from .tree import Tree

_INSTEAD = {
    **dict.fromkeys(("cuda", "cpu"), "it computes with NumPy, on the CPU, as it is written"),
    "compile": "tensorgrad.compile(model) gives a function that replays what it computes",
    "float": "to(np.float32) makes it of another dtype",
    "double": "to(np.float64) makes it of another dtype",
    "half": "to(np.float16) makes it of another dtype",
    "register_full_backward_hook": "backward() leaves the gradient of a Tensor that a forward hook has kept in .grad",
}


class Lookup(Tree):
    """The part of Module that sets and gets by name."""

    def add_module(self, name: str, module: Any) -> None:
        """Set an attribute to a module, by a name that needn't be an identifier; of a container, an item.

        Raises:
            TypeError: name isn't a str, or module is neither a Module nor None.
            KeyError: the module has another attribute of this name, or it has a dot, or is empty.
        """
        where = f"{type(self).__name__}.add_module"
        if not isinstance(module, Lookup | None):
            raise TypeError(f"{where}: module must be a Module or None, not {module!r}")
        self._set_new(where, name, module, isinstance(getattr(self, text(f"{where}: name", name), None), Lookup))

    register_module = add_module

    def register_parameter(self, name: str, param: Tensor | None) -> None:
        """Set an attribute to a parameter, or to None: to none of this name.

        Raises:
            TypeError: name isn't a str, or param is neither a Tensor that requires a gradient and wasn't computed, nor
                None.
            KeyError: the module has another attribute of this name, or it has a dot, or is empty.
        """
        where = f"{type(self).__name__}.register_parameter"
        if param is not None and not is_parameter(param):
            raise TypeError(f"{where}: param must be a Tensor that requires a gradient, and no result, not {param!r}")
        self._set_new(where, name, param, is_parameter(getattr(self, text(f"{where}: name", name), None)))

    def _set_new(self, where: str, name: str, value: Any, may_replace: bool) -> None:
        if not name or "." in name:
            raise KeyError(f"{where}: name must be one without dots, not {name!r}")
        if hasattr(self, name) and not may_replace:
            raise KeyError(f"{where}: the module has an attribute {name!r} already")
        setattr(self, name, value)

    def get_submodule(self, target: str) -> Any:
        """The module of a dotted name, such as `named_modules` gives; "" is this one.

        Raises:
            TypeError: target isn't a str.
            AttributeError: there is no module of this name.

        >>> from tensorgrad import MLP
        >>> MLP(2, [16, 1], rng=0).get_submodule("layers.1")
        Layer(16 -> 1)
        """
        return self._found("get_submodule", target, "module", lambda x: isinstance(x, Lookup))

    def get_parameter(self, target: str) -> Tensor:
        """The parameter of a dotted name, such as `named_parameters` gives; errors as of `get_submodule`."""
        found: Tensor = self._found("get_parameter", target, "parameter", self._has)
        return found

    def get_buffer(self, target: str) -> Any:
        """The buffer of a dotted name, such as `named_buffers` gives; errors as of `get_submodule`."""
        return self._found("get_buffer", target, "buffer", lambda x: not isinstance(x, Lookup) and not self._has(x))

    def _has(self, x: Any) -> bool:
        return any(x is p for p in self.parameters_by_name().values()) or is_parameter(x)

    def _found(self, method: str, target: Any, what: str, fits: Any) -> Any:
        where = f"{type(self).__name__}.{method}"
        target = text(f"{where}: target", target)
        for name, item in walk(self, every_name=True):
            if name == target and fits(item):
                return item
        raise AttributeError(f"{where}: there is no {what} {target!r}; named_{what}s() has all names")

    if not TYPE_CHECKING:  # for which each attribute would be there

        def __getattr__(self, name: str) -> Any:
            hint = f"; {_INSTEAD[name]}" if name in _INSTEAD else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")
