"""What optimisers share: parameters in groups, state that can be saved, steps in place that graphs notice.

The numbers are PyTorch's, step by step. So are the names of settings and state, and a state_dict goes both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from ..arguments import non_negative, yes_or_no
from ..derivatives.locks import locked
from ..errors import explained
from ..grad_mode import enable_grad
from ..gradients import accumulating, forget_gradients
from ..memory import changes
from ..node import orders
from ..tensor import Tensor
from .settings import Check, Group, Setting
from .state import loaded_groups, loaded_state, parts_of, saved
from .writable import Writable, writable

# A large parameter is changed in blocks of so many numbers, which stay in the cache from one operation to the next.
BLOCK = 32_768


class Optimizer:
    """What optimisers share. A subclass has its settings, `_start` and `_update`.

    Args:
        params: leaves that require a gradient, such as model.parameters(); pairs of a name and such a Tensor, such as
            model.named_parameters(); or dicts, `{"params": [...], "lr": 0.01}`, each with settings of its own. A Tensor
            that stands twice in a list counts once. One that was frozen (requires_grad = False) may stand there; no
            step changes it while it has no gradient.
        defaults: the settings of groups that don't have their own, by name.

    `param_groups` holds the dicts, with all settings. To set one in a group, or as an attribute for all groups (as
    in optimizer.lr = 0.01), takes effect in the next step, and is checked at once.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters, one in two groups, or a setting that is wrong.
    """

    checks: ClassVar[dict[str, Check]] = {}  # of settings, by their names
    lr = Setting(non_negative)
    _optional: ClassVar[tuple[str, ...]] = ()  # what the state of a parameter may hold beside what _start gives
    _temporaries: ClassVar[int] = 1  # how many arrays _update computes in
    _decoupled: ClassVar[bool] = False  # whether weight decay is no part of the gradient, where no setting says it

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]):
        if not isinstance(defaults, Mapping):
            raise TypeError(f"{type(self).__name__}: defaults must be a dict of settings, not {defaults!r}")
        checks = self.checks
        self.defaults = {
            name: checks[name](f"{type(self).__name__}: {name}", value) if name in checks else value
            for name, value in defaults.items()
        }
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._scratch: dict[Tensor, Any] = {}
        self._shared: dict[Any, list[Any]] = {}
        groups = self._listed(params)
        if not all(isinstance(group, Mapping) for group in groups):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if not self.parameters:
            raise ValueError(f"{type(self).__name__}: no parameters to optimise: params is empty")

    # Parameters -------------------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of all groups."""
        return [p for group in self.param_groups for p in group["params"]]

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Optimise further parameters.

        Args:
            param_group: a dict with "params", as the constructor takes them (one Tensor will do, or none), and
                settings, which are by default those of the constructor.

        Raises:
            TypeError, ValueError: as in the constructor; after an error, nothing was added.
        """
        name = type(self).__name__
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(f'{name}: a param_group must be a dict with "params", not {param_group!r}')
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else self._listed(params)
        names, leaves = self._leaves(params)
        known = {*self.parameters}
        if any(p in known for p in leaves):
            raise ValueError(f"{name}: a Tensor in params is in another parameter group already")
        group = Group(type(self), {**self.defaults, **param_group, "params": leaves})
        if names:
            group["param_names"] = names
        self._check_group(group)
        others = next((other for other in self.param_groups if other["params"]), None)
        if others and leaves and ("param_names" in others) != ("param_names" in group):
            raise ValueError(f"{name}: either all parameter groups in params have names, or none")
        self.param_groups.append(group)

    def _listed(self, params: Any) -> list[Any]:
        """What several parameters, or groups, are given as, in a list."""
        if isinstance(params, Tensor | np.ndarray | set | frozenset) or not isinstance(params, Iterable):
            kind = type(params).__name__
            why = ", whose order isn't certain" if kind in ("set", "frozenset") else ""
            raise TypeError(
                f"{type(self).__name__}: params must be several Tensors, as model.parameters() gives them (put one "
                f"alone into a list), not a {kind}{why}"
            )
        return [*params]

    def _leaves(self, params: list[Any]) -> tuple[list[str], list[Tensor]]:
        """The names, if there are any, and the Tensors, each once; or an error."""
        where = type(self).__name__
        found: dict[Tensor, str | None] = {}
        for item in params:
            name, p = item if isinstance(item, tuple) and len(item) == 2 else (None, item)
            if not isinstance(p, Tensor) or not isinstance(name, str | None):
                raise TypeError(
                    f"{where}: params must be Tensors, not {type(item).__name__}; pass a list of them, such as "
                    f"model.parameters()"
                )
            if p._op is not None or not (p.requires_grad or p._requires_grad is None):
                raise TypeError(f"{where}: {p!r} isn't a leaf that requires a gradient, so it can't be trained")
            found.setdefault(p, name)
        names = [name for name in found.values() if name is not None]
        if names and len(names) < len(found):
            raise ValueError(f"{where}: either all Tensors in params have names, or none")
        return names, [*found]

    def _check_group(self, group: Mapping[str, Any]) -> None:
        """An error, if settings don't go together."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; of one that another thread is just adding, all or nothing.

        With set_to_none=False they become zeros, with which a step goes on with momentum and weight decay.
        """
        yes_or_no(f"{type(self).__name__}.zero_grad: set_to_none", set_to_none)
        locked(accumulating, self._zero_grad, set_to_none)

    def _zero_grad(self, set_to_none: bool) -> None:
        for group in self.param_groups:
            forget_gradients(group["params"], set_to_none)

    # Steps ------------------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change each parameter that has a gradient. A graph that used one of them can't go backward any more.

        What another thread's backward adds to the gradients meanwhile waits until the step is done. An error in the
        middle (of NumPy, as inside np.errstate(all="raise")) leaves the parameters after that one as they were.

        Args:
            closure: a function without arguments that is called before: it computes the gradients, and gives the loss.

        Returns:
            What the closure gives, or None.
        """
        loss = None
        if closure is not None:
            if not callable(closure):
                raise TypeError(f"{type(self).__name__}.step: closure must be a function, not {closure!r}")
            with enable_grad():
                loss = closure()
        locked(accumulating, self._step)
        return loss

    def _step(self) -> None:
        order = next(orders)
        change, note = (order, "", None), changes.note
        states, scratch, update = self.state, self._scratch, self._update
        for group in self.param_groups:
            for p in group["params"]:
                grad = p._grad
                if grad is None:
                    continue
                p._order = order  # newer than what has used it; set first, in case that the update fails
                data = p._data
                note(data, change)
                grad = grad._data if type(grad) is Tensor else grad  # after backward(create_graph=True)
                try:
                    if type(data) is not np.ndarray:
                        data = writable(data)
                    state = states.get(p)
                    if state is None:
                        state = states[p] = self._start(group, data)
                    free = scratch.get(p)
                    update(group, state, data, grad, self._make_scratch(p) if free is None else free)
                    if type(data) is Writable:
                        p._data = data.array
                except (ValueError, TypeError) as error:
                    raise explained(error, f"{type(self).__name__}.step", (p, grad)) from error

    def _start(self, group: Group, data: Any) -> dict[str, Any]:
        """What is kept of a parameter before its first step: numbers, and arrays of its shape."""
        return {}

    def _zeros(self, state: dict[str, Any], name: str, data: Any) -> Any:
        """What is kept under this name, zeros at first: of a setting that may be switched on later."""
        if name not in state:
            state[name] = np.zeros_like(data)
        return state[name]

    def _update(self, group: Group, state: dict[str, Any], data: Any, grad: Any, scratch: Any) -> None:
        """One step of one parameter, all in place."""
        raise NotImplementedError

    # Arrays to compute in ---------------------------------------------------------------------------------------------

    def _make_scratch(self, p: Tensor) -> tuple[Any, ...]:
        """Arrays to compute in, parts of those that all parameters share: one for the gradient, and a tuple of those
        for _update; none of a parameter that is changed in blocks."""
        data = writable(p._data)
        is_array = type(data) is np.ndarray
        if data.dtype.kind == "c" or (is_array and data.size > BLOCK):
            self._scratch[p] = ()
            return ()
        if is_array:
            order: Any = "C" if data.flags.c_contiguous else "F"
            arrays = [buffer[: data.size].reshape(data.shape, order=order) for buffer in self._buffers(data.dtype)]
        else:
            arrays = self._arrays_like(data)
        self._scratch[p] = scratch = (arrays[0], tuple(arrays[1:]))
        return scratch

    def _buffers(self, dtype: Any) -> list[Any]:
        """Arrays of a block's length: the first for the gradient, the others for _update."""
        if dtype not in self._shared:
            self._shared[dtype] = self._arrays_like(np.empty(BLOCK, dtype))
        return self._shared[dtype]

    def _arrays_like(self, array: Any) -> list[Any]:
        return [np.empty_like(array) for _ in range(self._temporaries + 1)]

    def _pieces(self, group: Group, scratch: tuple[Any, ...], *arrays: Any) -> Iterable[tuple[Any, ...]]:
        """Of the data, the gradient and what is kept: the data, the direction to go against, what is kept, and arrays
        to compute in; of a parameter as a whole, or in blocks. A complex number is two real ones."""
        if not scratch:
            return self._blocks(group, *arrays)
        if group["maximize"] or group.get("weight_decay"):
            data, grad, *kept = arrays
            arrays = (data, self._direction(group, data, grad, scratch[0]), *kept)
        return (arrays + scratch[1],)

    def _blocks(self, group: Group, *arrays: Any) -> Iterator[tuple[Any, ...]]:
        if arrays[1].shape != arrays[0].shape:
            raise ValueError("the gradient has another shape than its parameter")
        for data, grad, *kept in _rows(arrays):
            if type(data) is not np.ndarray or data.ndim != 1:
                free = self._arrays_like(data)
                yield data, self._direction(group, data, grad, free[0]), *kept, *free[1:]
                continue
            buffers = self._buffers(data.dtype)
            for i in range(0, data.size, BLOCK):
                part, slope, *rest = [a[i : i + BLOCK] for a in (data, grad, *kept)]
                free = [buffer[: part.size] for buffer in buffers]
                yield part, self._direction(group, part, slope, free[0]), *rest, *free[1:]

    def _direction(self, group: Group, data: Any, grad: Any, out: Any) -> Any:
        """grad, or -grad to maximise, plus weight_decay * data; where the decay is decoupled, data has it at once."""
        decay, maximize = group.get("weight_decay"), group["maximize"]
        if decay and group.get("decoupled_weight_decay", self._decoupled):
            data *= 1 - group["lr"] * decay
        elif decay:
            np.multiply(data, decay, out)
            return (np.subtract if maximize else np.add)(out, grad, out)
        return np.negative(grad, out) if maximize else grad

    # State ------------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state and the settings, in the structure and with the names of PyTorch's:

            {"state": {0: {"exp_avg": array, ...}, ...}, "param_groups": [{"lr": ..., "params": [0, ...]}, ...]}

        Parameters are numbered through all groups. With its arrays as torch tensors, a torch optimizer of the same
        kind goes on where this one is.
        """
        number = {p: i for i, p in enumerate(self.parameters)}
        state = {number[p]: self._saved_state(kept) for p, kept in self.state.items() if p in number and kept}
        groups = [{**group, "params": [number[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on with the state and the settings of a state_dict: of this optimiser's, or of PyTorch's of the same kind.

        Its groups must have as many parameters as these, in the same order. Arrays (torch tensors too) are copied.

        Raises:
            TypeError: state_dict isn't a dict of "state" and "param_groups".
            KeyError: a setting, or something in the state of a parameter, is missing, or unknown.
            ValueError: another number of groups or parameters, another shape, or a setting that is wrong.

        After an error, nothing has been loaded.
        """
        where = f"{type(self).__name__}.load_state_dict"
        kept, saved_groups = parts_of(where, state_dict)
        groups = loaded_groups(where, saved_groups, self.param_groups, self.defaults, type(self))
        state: dict[Tensor, dict[str, Any]] = {}
        for group, saved_group in zip(groups, saved_groups, strict=True):
            self._check_group(group)
            for p, number in zip(group["params"], saved_group["params"], strict=True):
                if kept.get(number):
                    state[p] = self._loaded_state(f"{where}: parameter {number}", group, p, kept[number])
        locked(accumulating, self._replace, groups, state)

    def _saved_state(self, kept: dict[str, Any]) -> dict[str, Any]:
        return {name: saved(value) for name, value in kept.items()}

    def _loaded_state(self, where: str, group: Group, p: Tensor, kept: Mapping[str, Any]) -> dict[str, Any]:
        return loaded_state(where, p, kept, self._start(group, p._data), self._optional)

    def _replace(self, groups: list[Group], state: dict[Tensor, dict[str, Any]]) -> None:
        for group, new in zip(self.param_groups, groups, strict=True):
            group.clear()
            group.update(new)
        self.state = state

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_scratch": {}, "_shared": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What was pickled; by version 0.1.0 with settings as attributes, and other names in the state."""
        if "param_groups" in state:
            self.__dict__.update(state)
            return
        settings = {name.removeprefix("_"): value for name, value in state.items()}
        settings = {name: value for name, value in settings.items() if name in self.checks}
        self.__dict__.update(type(self)(state["parameters"], **settings).__dict__)
        names = {"m": "exp_avg", "v": "exp_avg_sq", "momentum": "momentum_buffer"}
        for p, kept in state["state"].items():
            self.state[p] = {names.get(name, name): value for name, value in kept.items()}

    def __repr__(self) -> str:
        groups = []
        for group in self.param_groups:
            settings = "".join(f", {name}={value!r}" for name, value in group.items() if name in self.checks)
            groups.append(f"{len(group['params'])} parameters{settings}")
        return f"{type(self).__name__}({'; '.join(groups)})"


# Arrays ---------------------------------------------------------------------------------------------------------------


def _rows(arrays: tuple[Any, ...]) -> Iterator[list[Any]]:
    """The same arrays as rows of real numbers, which share their memory; where the layouts differ or have gaps, as they
    are, complex ones as their real and their imaginary parts."""
    if type(arrays[0]) is np.ndarray:
        if not all(a.flags.c_contiguous for a in arrays) and all(a.flags.f_contiguous for a in arrays):
            arrays = tuple(a.T for a in arrays)
        if all(a.flags.c_contiguous for a in arrays):
            yield [a.reshape(-1).view(a.real.dtype) for a in arrays]
            return
    if arrays[0].dtype.kind == "c":
        yield [a.real for a in arrays]
        yield [a.imag for a in arrays]
    else:
        yield [*arrays]


def computed(func: Callable[..., Any], *numbers: Any) -> Any:
    """func(*numbers), of Python's numbers, where an operator won't do. In a compiled step some are read anew at each
    replay, such as lr; then func is part of what is replayed."""
    for number in numbers:
        if hasattr(number, "record_call"):
            return number.record_call(func, numbers, {})
    return func(*numbers)


def running_mean(mean: Any, value: Any, rate: float, out: Any) -> None:
    """mean = rate * mean + (1 - rate) * value, with an array to compute in, which may be that of the value."""
    mean *= rate
    np.multiply(value, 1 - rate, out)
    mean += out
