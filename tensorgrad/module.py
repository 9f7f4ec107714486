"""Module: what holds parameters and buffers, and what all networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from .arguments import floating_dtype, text, yes_or_no
from .copying import copied
from .derivatives.arrays import as_numbers, is_array
from .derivatives.chunked import copy_of
from .engine import mark_changed
from .gradients import forget_gradients
from .hooks import Handle, Hooks
from .lookup import Lookup
from .saving import loaded_arrays, read_arrays, write_arrays
from .searching import is_computed, is_parameter, walk
from .summary import summary_of, text_of
from .tensor import Tensor, data_of

__all__ = ["Module"]

_OWN = {"_buffers", "_hooks", "_computed"}  # attributes that tell about others


class Module(Lookup):
    """Something with parameters: the Tensors in its attributes, in lists and dicts of them, and in modules inside.

    A subclass makes them in `__init__` and computes in `forward`; to call the module calls that, and its hooks:

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(3.0)
    Tensor(6.)
    >>> [name for name, p in scale.named_parameters()]
    ['factor']

    A parameter is a Tensor that requires a gradient, or did so until it was frozen. Other Tensors are constants, and
    saved with the parameters, as are the arrays that `register_buffer` is given. A result that `forward` keeps
    (`self.attention = softmax(...)`) is neither, as long as it has its graph; keep what has none, such as a detached
    state, as an array, by `.data`.
    """

    training = True
    _computed: tuple[Tensor, ...] = ()  # what `with_parameters` was given that has a graph, and is a parameter still
    _buffers: Mapping[str, bool] = {}  # by name, whether a buffer is saved
    _hooks: Hooks | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if value is not None and is_parameter(vars(self).get(name)) and not is_parameter(value):
            raise TypeError(
                f"{type(self).__name__}: {name} is a parameter, and {_kind(value)} in its place would not be trained; "
                f"change its data ({name}.data = ...), set another parameter (Tensor(...)), or del it before"
            )
        super().__setattr__(name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, with the hooks around it."""
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return self._hooks.call(self, args, kwargs)

    def register_forward_pre_hook(self, hook: Callable, *, with_kwargs: bool = False) -> Handle:
        """Have `hook(module, args)` called before each `forward`; what it returns, but for None, takes the place of the
        arguments. With `with_kwargs`, it is hook(module, args, kwargs), and returns both.

        Raises:
            TypeError: hook can't be called, or the class defines `__call__` in place of `forward`.
        """
        return self._hooked().before.add("register_forward_pre_hook", hook, with_kwargs)

    def register_forward_hook(self, hook: Callable, *, with_kwargs: bool = False) -> Handle:
        """Have `hook(module, args, output)` called after each `forward`; what it returns, but for None, takes the place
        of the output. With `with_kwargs`, it is hook(module, args, kwargs, output).

        Returns:
            A handle, whose `remove()` takes the hook away again; `with` it, so does the end of the block.

        Raises:
            TypeError: hook can't be called, or the class defines `__call__` in place of `forward`.

        >>> from tensorgrad import Layer
        >>> layer = Layer(2, 3, rng=0)
        >>> with layer.register_forward_hook(lambda module, args, output: print(output.shape)):
        ...     _ = layer(np.ones((5, 2)))
        (5, 3)
        """
        return self._hooked().after.add("register_forward_hook", hook, with_kwargs)

    def _takes_hooks(self) -> bool:
        """Whether the class defines `forward`, and leaves `__call__` as it is."""
        return type(self).__call__ is Module.__call__

    def _hooked(self) -> Hooks:
        if not self._takes_hooks():
            raise TypeError(
                f"{type(self).__name__}: hooks stand around forward, but the class defines __call__; call it forward"
            )
        self._hooks = self._hooks or Hooks()
        return self._hooks

    # What is inside ---------------------------------------------------------------------------------------------------

    def _parts(self) -> Mapping[str, Any]:
        """What is looked through for parameters, modules and buffers, by the name that it has in theirs."""
        return {name: part for name, part in vars(self).items() if name not in _OWN}

    def walk(self, every_name: bool = False) -> Iterator[tuple[str, Any]]:
        """Every module, every Tensor and every buffer in here with its dotted name, each once; with `every_name`, under
        each name that it has."""
        return walk(self, every_name)

    def named_modules(self) -> list[tuple[str, Module]]:
        """Pairs of dotted name and module: this one, named "", and all inside it."""
        return [(name, item) for name, item in walk(self) if isinstance(item, Module)]

    def modules(self) -> list[Module]:
        """This module and all inside it."""
        return [module for _, module in self.named_modules()]

    def named_children(self) -> list[tuple[str, Module]]:
        """Pairs of name and module, of those that are in here, and in no other module in here."""
        found: list[tuple[str, Module]] = []
        for name, module in self.named_modules()[1:]:
            if not any(name.startswith(f"{parent}.") for parent, _ in found):
                found.append((name, module))
        return found

    def children(self) -> list[Module]:
        """The modules that are in here, and in no other module in here."""
        return [module for _, module in self.named_children()]

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call a function with each module in here, those inside first, and with this one; what it returns is dropped.

        Raises:
            TypeError: function can't be called.
        """
        if not callable(function):
            raise TypeError(f"apply: a function of a module is needed, not {function!r}")
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    # Parameters and buffers -------------------------------------------------------------------------------------------

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Pairs of dotted name and parameter, in the order of definition; a shared parameter stands once, a frozen one
        stands there too. A Tensor that has been assigned into is no parameter."""
        own = {id(x) for x in self._computed}
        return [(name, x) for name, x in walk(self) if is_parameter(x) or id(x) in own]

    def parameters_by_name(self) -> dict[str, Tensor]:
        """Those that aren't frozen, as a dict: what transforms differentiate by.

        Raises:
            ValueError: two Tensors have one name.
        """
        named = [(name, p) for name, p in self.named_parameters() if p.requires_grad]
        return self._without_repetition(named)

    def parameters(self) -> list[Tensor]:
        """The parameters in the order of definition; what an optimiser takes."""
        return [p for _, p in self.named_parameters()]

    def with_parameters(self, parameters: Mapping[str, Any]) -> Module:
        """A copy of this module with other parameters: what transforms give to a function in place of the module.

        Modules inside that hold a parameter are copied too, and so are lists, tuples and dicts; all else is shared with
        this module. What is set on the copy (`self.count += 1`) stays on the copy; what is changed in place is changed
        in both. A bound method, or a `functools.partial` of one, goes over to the copy; a closure over this module
        still speaks of this one.

        Args:
            parameters: for each parameter that isn't frozen, by its name, a Tensor or an array of its shape.

        Raises:
            TypeError: parameters is no mapping, or one isn't numbers.
            KeyError: a name is missing, or there is one too many.
            ValueError: a shape differs, or two parameters have one name.

        >>> from tensorgrad import Layer
        >>> layer = Layer(2, 3, rng=0)
        >>> double = layer.with_parameters({name: p * 2 for name, p in layer.named_parameters()})
        >>> bool((double.weight == layer.weight * 2).all())
        True
        """
        own = self.parameters_by_name()
        if not isinstance(parameters, Mapping):
            raise TypeError(f"with_parameters: a mapping of names to parameters is needed, not {parameters!r}")
        if own.keys() != parameters.keys():
            raise KeyError(f"with_parameters: the names must be {sorted(own)}, not {sorted(parameters, key=str)}")
        new: dict[int, Any] = {}
        for name, p in own.items():
            given = parameters[name]
            given = given if isinstance(given, Tensor) else as_numbers("with_parameters", name, given)
            if given.shape != p.shape:
                raise ValueError(f"with_parameters: {name} has shape {p.shape}, but is given {given.shape}")
            new[id(p)] = given if isinstance(given, Tensor) else Tensor(given, name=p.name)
        computed = tuple(p for p in new.values() if is_computed(p))
        module: Module = copied(self, new)
        shared = {id(part) for part in self.modules()} if computed else set()
        for part in module.modules() if computed else ():
            if id(part) not in shared:
                part._computed = computed
        return module

    def named_buffers(self) -> list[tuple[str, Any]]:
        """Pairs of dotted name and buffer: an array of `register_buffer`, or a Tensor that is a constant."""
        parameters = {id(p) for p in self.parameters()}
        return [(name, x) for name, x in walk(self) if not isinstance(x, Module) and id(x) not in parameters]

    def buffers(self) -> list[Any]:
        """The buffers in the order of definition."""
        return [x for _, x in self.named_buffers()]

    def register_buffer(self, name: str, value: Any, persistent: bool = True) -> None:
        """Set an attribute to an array that is no parameter, but part of the module's state: a running mean, a mask.

        Args:
            name: of the attribute.
            value: an array of any dtype, a Tensor that requires no gradient, or None. What changes it should do so in
                place (`self.mean[:] = ...`), so that copies that transforms make of the module share it.
            persistent: whether it stands in the state_dict.

        Raises:
            TypeError: name isn't a str, value isn't an array, or persistent isn't a bool.
            ValueError: value is a Tensor that requires a gradient.
            KeyError: the module has another attribute of this name.

        >>> module = Module()
        >>> module.register_buffer("count", np.zeros((), int))
        >>> module.state_dict()
        {'count': array(0)}
        """
        where = f"{type(self).__name__}.register_buffer"
        name, persistent = text(f"{where}: name", name), yes_or_no(f"{where}: persistent", persistent)
        if not name.isidentifier():
            raise KeyError(f"{where}: name must be one that an attribute can have, not {name!r}")
        if isinstance(value, Tensor) and value._requires_grad is not False:
            raise ValueError(f"{where}: {name} requires a gradient, as a parameter does; set it as an attribute")
        if value is not None and not is_array(value):
            raise TypeError(f"{where}: {name} must be an array, not a {type(value).__name__}")
        self._set_new(where, name, value, may_replace=name in self._buffers)
        self._buffers = {**self._buffers, name: persistent}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with set_to_none=False they become zeros, with which a step of an
        optimiser goes on with momentum and weight decay.

        Raises:
            TypeError: set_to_none isn't a bool.
        """
        set_to_none = yes_or_no("zero_grad: set_to_none", set_to_none)
        forget_gradients(self.parameters(), set_to_none)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Set for each parameter in here whether it requires a gradient; one that doesn't is frozen.

        Raises:
            TypeError: requires_grad isn't a bool.
        """
        requires_grad = yes_or_no("requires_grad_: requires_grad", requires_grad)
        for p in self.parameters():
            p.requires_grad = requires_grad
        return self

    def freeze(self) -> Module:
        """`requires_grad_(False)`: the parameters in here aren't trained, until `requires_grad_()` says otherwise."""
        return self.requires_grad_(False)

    # What is saved ----------------------------------------------------------------------------------------------------

    def _saved(self) -> dict[str, Any]:
        """All Tensors and buffers in here, under each of their names, but for buffers that aren't saved."""
        left_out = {id(getattr(m, name)) for m in self.modules() for name, kept in m._buffers.items() if not kept}
        named = walk(self, every_name=True)
        return self._without_repetition(
            [(name, x) for name, x in named if not isinstance(x, Module) and id(x) not in left_out]
        )

    def _without_repetition(self, named: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, x in named:
            if name in found and found[name] is not x:
                raise ValueError(
                    f"{type(self).__name__}: two Tensors have the name {name!r}; rename an attribute or key"
                )
            found[name] = x
        return found

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of each Tensor's data and each buffer, by name; what is shared stands under each of its names."""
        return {name: copy_of(data_of(x)) for name, x in self._saved().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadedKeys:
        """Put the arrays of a state_dict back, copied, in the dtypes that the Tensors have.

        Args:
            state: arrays by name, of this library, or of PyTorch for a network with the same names.
            strict: False to load what is there, and leave the rest. Of what is shared, one name is enough.

        Returns:
            The names that are missing, `missing_keys`, and those that are unexpected, `unexpected_keys`.

        Raises:
            TypeError: state is no mapping, or one of its arrays isn't numbers, or complex for a real Tensor.
            KeyError: a name is missing, or there is one too many, and strict is True.
            ValueError: a shape differs, a number is too large for the dtype, or two names of one Tensor are given
                different numbers.

        After an error, nothing has been loaded.
        """
        strict = yes_or_no("load_state_dict: strict", strict)
        own = self._saved()
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict: a mapping of names to arrays is needed, not a {type(state).__name__}")
        given = {id(x) for name, x in own.items() if name in state}
        missing = sorted(name for name, x in own.items() if id(x) not in given)
        extra = sorted(set(state) - own.keys(), key=str)
        if strict and (missing or extra):
            raise KeyError(f"load_state_dict: missing {missing}, unexpected {extra}")
        for x, value in loaded_arrays({name: x for name, x in own.items() if name in state}, state):
            if isinstance(x, Tensor):
                x.data = value
            else:
                x[...] = value
        return LoadedKeys(missing, extra)

    def save(self, path: Any) -> None:
        """Write the state_dict to a file, as a whole or not at all.

        Args:
            path: a str or Path that ends in .safetensors (for which the package safetensors is needed: such files are
                PyTorch's, too) or in .npz.

        What is shared is written under each of its names, as PyTorch's load_state_dict wants it
        (`safetensors.torch.load_model` takes that with strict=False).

        Raises:
            TypeError: path is no path.
            ValueError: it ends otherwise.
            ImportError: safetensors isn't installed.
            FileNotFoundError, PermissionError, ...: nothing can be written there.
        """
        write_arrays("save", path, self.state_dict())

    def load(self, path: Any, strict: bool = True) -> Module:
        """Load a file that `save` wrote, or PyTorch by safetensors; `strict` and errors as in `load_state_dict`. What
        PyTorch saved in bfloat16, which NumPy hasn't, is read as float32, exactly.

        Raises:
            TypeError, ValueError, ImportError: as in `save`; or the file has arrays of a dtype that NumPy hasn't.
            FileNotFoundError: there is no such file.
        """
        self.load_state_dict(read_arrays("load", path), strict)
        return self

    def to(self, dtype: DTypeLike) -> Module:
        """Make all parameters and floating buffers of another floating dtype, in place. Gradients are forgotten. Do so
        before an optimiser is made.

        Raises:
            TypeError: the dtype isn't floating.
        """
        dtype = floating_dtype("to: dtype", dtype)
        for module in self.modules():
            for name in module._buffers:
                buffer = getattr(module, name)
                if buffer is not None and not isinstance(buffer, Tensor) and buffer.dtype.kind == "f":
                    setattr(module, name, buffer.astype(dtype))
        for _, x in walk(self):
            if isinstance(x, Tensor) and x.dtype.kind == "f":
                mark_changed(x)
                x._data, x._grad = x._data.astype(dtype, copy=False), None
        return self

    def summary(self, *args: Any, **kwargs: Any) -> str:
        """A table: each layer, the shape of its output, and how many parameters it has; told by one call in `eval` mode
        on an example input, which changes nothing.

        >>> from tensorgrad import MLP
        >>> print(MLP(2, [16, 1], rng=0).summary(np.ones((100, 2))))
        layer              output     parameters
        MLP                (100, 1)           65
          layers.0: Layer  (100, 16)          48
          layers.1: Layer  (100, 1)           17
        65 parameters
        """
        return summary_of(self, args, kwargs)

    # Modes ------------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Set `training` here and in every module inside: what dropout and the like go by.

        Raises:
            TypeError: mode isn't a bool.
        """
        mode = yes_or_no("train: mode", mode)
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """`train(False)`."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What stands in the brackets of the repr."""
        return ""

    def __repr__(self) -> str:
        return text_of(self)


class LoadedKeys(NamedTuple):
    """What `load_state_dict` returns: names that it looked for and didn't find, and names that it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def _kind(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return "a Tensor that was computed" if value._requires_grad else "a constant Tensor"
