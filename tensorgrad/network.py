"""Networks: modules that hold parameters, from a single neuron to a multi-layer perceptron."""

from __future__ import annotations

import copy
import functools
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from itertools import pairwise
from types import MethodType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import functions
from .arguments import MOST, floating_dtype, generator, positive_int, positive_ints, yes_or_no
from .derivatives.arrays import as_numbers
from .derivatives.products import linear
from .tensor import Tensor, data_of
from .tree import Tree
from .versions import is_name

__all__ = ["Module", "Neuron", "Layer", "MLP", "Sequential"]

Activation = str | Callable[[Any], Any] | None

# The variance of the initial weights is 2 / nin (He et al., 2015, arXiv:1502.01852) before activations that are near to
# zero for half of their inputs, and 2 / (nin + nout) (Glorot and Bengio, 2010) before the others.
_HALF = {"relu", "leaky_relu", "gelu", "silu", "softplus"}
_ACTIVATIONS: dict[str, Callable] = {
    name: getattr(functions, name) for name in ("relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu", "silu")
}

_NOT_SEARCHED = (set, frozenset, deque, np.ndarray)  # for parameters, which have no names in there, or no order


def _activation(where: str, activation: Any) -> Callable | None:
    if activation is None or (callable(activation) and not isinstance(activation, type)):
        return activation
    if not isinstance(activation, str) or activation not in _ACTIVATIONS:
        raise ValueError(
            f"{where}: unknown activation {activation!r}; use one of {', '.join(_ACTIVATIONS)}, or a function"
        )
    return _ACTIVATIONS[activation]


def _initial(where: str, nin: int, nout: int, activation: Activation, rng: Any, dtype: Any) -> np.ndarray:
    """Weights of shape (nin, nout), uniform, whose outputs keep the variance of the inputs at any width."""
    if nin * nout > MOST:
        raise ValueError(f"{where}: {nin} x {nout} weights are more than an array can hold")
    variance = 2 / nin if _name(activation) in _HALF else 2 / (nin + nout)
    limit = math.sqrt(3 * variance)  # the variance of the uniform distribution from -limit to limit is limit**2 / 3
    return generator(f"{where}: rng", rng).uniform(-limit, limit, (nin, nout)).astype(dtype)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", function))


class Module(Tree):
    """Something with parameters: the Tensors in its attributes, in lists and dicts of them, and in modules inside.

    A subclass makes them in `__init__` and computes in `__call__`:

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...     def __call__(self, x):
    ...         return x * self.factor
    >>> [name for name, p in Scale().named_parameters()]
    ['factor']
    """

    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__")

    def walk(self) -> Iterator[tuple[str, Any]]:
        """Every module and every parameter in here with its dotted name, each once."""
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", self)]
        while stack:
            name, item = stack.pop()
            if isinstance(item, Module):
                inside: Any = vars(item).items()
            elif isinstance(item, Mapping):
                inside = item.items()
            elif isinstance(item, list | tuple):
                inside = enumerate(item)
            elif isinstance(item, Tensor):
                inside = ()
            else:
                if isinstance(item, _NOT_SEARCHED):
                    self._require_no_parameters(name, item)
                continue
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, Module | Tensor):
                yield name, item
            stack.extend((f"{name}.{key}" if name else str(key), part) for key, part in reversed(list(inside)))

    def _require_no_parameters(self, name: str, item: Any) -> None:
        """An error, if parameters are in a container in which they would not be found."""
        parts = item if not isinstance(item, np.ndarray) else item.flat if item.dtype == object else ()
        if any(isinstance(part, Module | Tensor) for part in parts):
            raise TypeError(
                f"{type(self).__name__}: parameters in {name}, a {type(item).__name__}, aren't found; put them into a "
                f"list, a tuple or a dict"
            )

    def _tensors(self) -> dict[str, Tensor]:
        """All Tensors in here by name, constants too."""
        tensors: dict[str, Tensor] = {}
        for name, item in self.walk():
            if isinstance(item, Tensor):
                if name in tensors:
                    raise ValueError(
                        f"{type(self).__name__}: two Tensors have the name {name!r}; rename an attribute or key"
                    )
                tensors[name] = item
        return tensors

    def modules(self) -> list[Module]:
        """This module and all inside it."""
        return [item for _, item in self.walk() if isinstance(item, Module)]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Pairs of dotted name and parameter, in the order of definition; a shared parameter stands once. A Tensor that
        has been assigned into is a buffer, and no parameter."""
        return [(name, x) for name, x in self.walk() if isinstance(x, Tensor) and x.requires_grad and not is_name(x)]

    def parameters_by_name(self) -> dict[str, Tensor]:
        """The same as a dict.

        Raises:
            ValueError: two Tensors have one name.
        """
        named = self.named_parameters()
        if len(dict(named)) < len(named):
            self._tensors()  # raises
        return dict(named)

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
            parameters: for each name of `named_parameters()` a Tensor or an array of the parameter's shape.

        Raises:
            TypeError: parameters is no mapping, or one isn't numbers.
            KeyError: a name is missing, or there is one too many.
            ValueError: a shape differs, or two parameters have one name.

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
        new = {}
        for name, p in own.items():
            given = parameters[name]
            given = given if isinstance(given, Tensor) else as_numbers("with_parameters", name, given)
            if given.shape != p.shape:
                raise ValueError(f"with_parameters: {name} has shape {p.shape}, but is given {given.shape}")
            new[id(p)] = given if isinstance(given, Tensor) else Tensor(given, name=p.name)
        return _copied(self, new)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.zero_grad()

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of the data of every Tensor, by name: what `np.savez(path, **model.state_dict())` writes."""
        return {name: np.copy(item.data) for name, item in self._tensors().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put the arrays of a state_dict back, copied, in the dtypes that the Tensors have.

        Raises:
            TypeError: state is no mapping, or one of its arrays isn't numbers, or complex for a real Tensor.
            KeyError: a name is missing, or there is one too many.
            ValueError: a shape differs, or a number is too large for the dtype.

        After an error, nothing has been loaded.
        """
        own = self._tensors()
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict: a mapping of names to arrays is needed, not a {type(state).__name__}")
        missing, extra = sorted(own.keys() - set(state)), sorted(set(state) - own.keys(), key=str)
        if missing or extra:
            raise KeyError(f"load_state_dict: missing {missing}, unexpected {extra}")
        with np.errstate(over="ignore"):
            new = {name: _loaded(name, p, state[name]) for name, p in own.items()}
        for name, p in own.items():
            p.data = new[name]

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
        lines: list[str] = []
        open_modules: list[str] = []  # the names of the modules that we are in
        for name, item in self.walk():
            if not isinstance(item, Module):
                continue
            while open_modules and not name.startswith(open_modules[-1]):
                open_modules.pop()
            label = f"({name.removeprefix(open_modules[-1] if open_modules else '')}): " if name else ""
            lines.append("  " * len(open_modules) + f"{label}{type(item).__name__}({item.extra_repr()})")
            open_modules.append(f"{name}." if name else "")
        return "\n".join(lines)


def _loaded(name: str, p: Tensor, value: Any) -> Any:
    """A copy of what load_state_dict is given for the Tensor p of this name, of its shape and dtype, or an error."""
    given = data_of(as_numbers("load_state_dict", name, value, "fc" if p.dtype.kind == "c" else "f"))
    if given.shape != p.shape:
        raise ValueError(f"load_state_dict: {name} has shape {p.shape}, but is given {given.shape}")
    new = np.array(given, dtype=p.dtype, like=p.data)
    if given.dtype != p.dtype and np.any(np.isfinite(new) != np.isfinite(given)):
        raise ValueError(f"load_state_dict: {name} is given a number that is too large for {p.dtype}")
    return new


def _copied(item: Any, copies: dict[int, Any]) -> Any:
    """A copy of a module, or of a list, tuple or dict in one, with what `copies` has for an id in place of it. What
    holds none of these isn't copied."""
    if id(item) in copies:
        return copies[id(item)]
    if isinstance(item, Module):
        inside: Mapping = vars(item)
    elif isinstance(item, Mapping):
        inside = item
    elif isinstance(item, list | tuple):
        inside = dict(enumerate(item))
    elif isinstance(item, MethodType):
        owner = _copied(item.__self__, copies)
        return item if owner is item.__self__ else MethodType(item.__func__, owner)
    elif type(item) is functools.partial:
        func, args, keywords = (_copied(part, copies) for part in (item.func, item.args, item.keywords))
        same = func is item.func and args is item.args and keywords is item.keywords
        return item if same else functools.partial(func, *args, **keywords)
    else:
        return item
    mutable = isinstance(item, Module | MutableMapping | list)
    copies[id(item)] = new = copy.copy(item) if mutable else item  # first, since modules may be in a circle
    parts = {key: _copied(part, copies) for key, part in inside.items()}
    if all(parts[key] is part for key, part in inside.items()):
        new = item
    elif isinstance(item, Module):
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


class _Linear(Module):
    """What a neuron and a layer share: activation(x @ weight + bias)."""

    weight: Tensor
    bias: Tensor
    activation: Activation
    _function: Callable | None

    def __call__(self, x: Any) -> Any:
        try:
            y = linear(x, self.weight, self.bias)
        except (AttributeError, TypeError, ValueError) as error:
            if isinstance(getattr(x, "shape", None), tuple):
                raise self._explained(error, x) from error
            return self(as_numbers(repr(self), "the input", x))  # of a list, and what else can be made an array
        return self._function(y) if self._function else y

    def _explained(self, error: Exception, x: Any) -> Exception:
        """An error of linear as one of this layer, if x is what is wrong."""
        nin = self.weight.shape[0]
        if hasattr(x, "__array_function__"):  # which a sparse matrix isn't
            as_numbers(repr(self), "the input", x)
        if x.shape[-1:] != (nin,):
            return ValueError(f"{self!r}: the input must have the shape (..., {nin}), not {x.shape}")
        return error


class Neuron(_Linear):
    """One neuron: activation(x . weight + bias).

    Args:
        nin: how many inputs.
        activation: a name (relu, leaky_relu, sigmoid, tanh, softplus, gelu, silu), a function, or None.
        rng: a `numpy.random.Generator` or a seed, which makes the initial weights repeatable.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (..., nin), it gives (...).

    Raises:
        ValueError: nin isn't a positive int, the activation is unknown, or x has another shape.
        TypeError: the dtype isn't floating, rng is neither a Generator nor a seed, or x isn't numbers.

    >>> Neuron(3, rng=0)(np.ones((5, 3))).shape
    (5,)
    """

    def __init__(self, nin: int, activation: Activation = None, *, rng: Any = None, dtype: DTypeLike = np.float64):
        where = type(self).__name__
        nin, dtype = positive_int(f"{where}: nin", nin), floating_dtype(f"{where}: dtype", dtype)
        self.activation, self._function = activation, _activation(where, activation)
        self.weight = Tensor(_initial(where, nin, 1, activation, rng, dtype)[:, 0], name="weight")
        self.bias = Tensor(np.zeros((), dtype), name="bias")

    def extra_repr(self) -> str:
        return _arrow(self.weight.shape[0], 1, self.activation)


class Layer(_Linear):
    """nout neurons side by side: activation(x @ weight + bias). The arguments are as in Neuron.

    Called with x of shape (..., nin), it gives (..., nout).

    >>> Layer(3, 4, activation="relu", rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self, nin: int, nout: int, activation: Activation = None, *, rng: Any = None, dtype: DTypeLike = np.float64
    ):
        where = type(self).__name__
        nin, nout = positive_int(f"{where}: nin", nin), positive_int(f"{where}: nout", nout)
        dtype = floating_dtype(f"{where}: dtype", dtype)
        self.activation, self._function = activation, _activation(where, activation)
        self.weight = Tensor(_initial(where, nin, nout, activation, rng, dtype), name="weight")
        self.bias = Tensor(np.zeros(nout, dtype), name="bias")

    def extra_repr(self) -> str:
        nin, nout = self.weight.shape
        return _arrow(nin, nout, self.activation)


def _arrow(nin: int, nout: int, activation: Activation) -> str:
    return f"{nin} -> {nout}" + (f", {_name(activation)}" if activation else "")


class Sequential(Module):
    """Modules, or functions, applied one after the other.

    >>> model = Sequential(Layer(3, 4, rng=0), np.tanh)
    >>> model
    Sequential(Layer, tanh)
      (layers.0): Layer(3 -> 4)
    >>> model(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(self, *layers: Callable[[Any], Any]):
        for layer in layers:
            if not callable(layer):
                hint = "; pass them one by one, as Sequential(*layers)" if isinstance(layer, list | tuple) else ""
                raise TypeError(f"Sequential: {layer!r} is neither a module nor a function{hint}")
            if isinstance(layer, type):
                raise TypeError(f"Sequential: {layer!r} is a class; pass a module that was made of it, or a function")
        self.layers = list(layers)

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def extra_repr(self) -> str:
        names = [type(f).__name__ if isinstance(f, Module) else _name(f) for f in self.layers]
        return "" if all(isinstance(f, Module) for f in self.layers) else ", ".join(names)


class MLP(Sequential):
    """A multi-layer perceptron: layers of the widths nouts, the activation between them, and none after the last.

    Args:
        nin: how many inputs.
        nouts: the widths of the layers; the last is the number of outputs.
        activation, rng, dtype: as in Neuron.

    Called with x of shape (..., nin), it gives (..., nouts[-1]).

    >>> model = MLP(2, [16, 16, 1], rng=0)
    >>> model
    MLP()
      (layers.0): Layer(2 -> 16, relu)
      (layers.1): Layer(16 -> 16, relu)
      (layers.2): Layer(16 -> 1)
    >>> model(np.ones((100, 2))).shape
    (100, 1)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        where = type(self).__name__
        widths = [positive_int(f"{where}: nin", nin), *positive_ints(f"{where}: nouts", nouts)]
        _activation(where, activation)  # one layer alone has no use for it, but an unknown name is an error
        rng, dtype = generator(f"{where}: rng", rng), floating_dtype(f"{where}: dtype", dtype)
        functions = [*[activation] * (len(widths) - 2), None]
        pairs = zip(pairwise(widths), functions, strict=True)
        super().__init__(*(Layer(m, n, function, rng=rng, dtype=dtype) for (m, n), function in pairs))
