"""What a state_dict holds, and how one is taken back, PyTorch's too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..derivatives.arrays import as_numbers
from ..derivatives.chunked import copy_of
from ..tensor import Tensor
from .settings import Group, Optimised
from .writable import inside, writable

# How PyTorch is to compute, which is of no account here.
_OF_PYTORCH = ("foreach", "fused", "capturable", "differentiable")


def saved(value: Any) -> Any:
    """A copy, with numbers as arrays of no dimension."""
    if isinstance(value, list):
        return [saved(part) for part in value]
    return np.array(value, float) if isinstance(value, int | float | np.floating) else copy_of(inside(value))


def parts_of(where: str, state_dict: Any) -> tuple[Mapping[Any, Any], list[Mapping[str, Any]]]:
    """The state and the groups of a state_dict, or an error, if it hasn't that structure."""
    found = [state_dict.get(name) if isinstance(state_dict, Mapping) else None for name in ("state", "param_groups")]
    state, groups = found
    if not isinstance(state, Mapping) or not isinstance(groups, list | tuple):
        is_dict = isinstance(state_dict, Mapping)
        got = f"one with the keys {list(state_dict)}" if is_dict else f"a {type(state_dict).__name__}"
        raise TypeError(f'{where}: state_dict must be a dict, {{"state": {{...}}, "param_groups": [...]}}, not {got}')
    if not all(isinstance(group, Mapping) and isinstance(group.get("params"), list | tuple) for group in groups):
        raise TypeError(f'{where}: param_groups must be dicts with "params", a list of numbers, not {groups!r}')
    numbers = [number for group in groups for number in group["params"]]
    if wrong := [*state.keys() - {*numbers}]:
        raise KeyError(f"{where}: there is state of parameters {wrong}, which stand in no group")
    if wrong := [number for number, kept in state.items() if not isinstance(kept, Mapping)]:
        raise TypeError(f"{where}: the state of parameter {wrong[0]} must be a dict")
    return state, list(groups)


def loaded_groups(
    where: str, saved: list[Mapping[str, Any]], groups: list[Group], defaults: Mapping[str, Any], kind: type[Optimised]
) -> list[Group]:
    """The groups with saved settings. Switches that a file has never heard of are as by default."""
    sizes, theirs = ([len(group["params"]) for group in many] for many in (groups, saved))
    if sizes != theirs:
        raise ValueError(f"{where}: the groups have {sizes} parameters, those of the state_dict {theirs}")
    found = []
    for group, options in zip(groups, saved, strict=True):
        options = {name: _plain(value) for name, value in options.items() if name not in _OF_PYTORCH}
        if _is_rounded_zero(options.get("lr")):
            options["lr"] = 0.0
        settings = {name: value for name, value in defaults.items() if name in options or isinstance(value, bool)}
        if missing := sorted(defaults.keys() - settings.keys()):
            raise KeyError(f"{where}: missing {missing} in a parameter group; was it saved by another optimiser?")
        names = {"param_names": group["param_names"]} if "param_names" in group else {}
        found.append(Group(kind, {**settings, **names, **options, "params": group["params"]}))
    return found


def _is_rounded_zero(lr: Any) -> bool:
    """Whether it is where PyTorch's LinearLR often ends that goes to 0, as at -2e-18."""
    return isinstance(lr, float) and -1e-15 < lr < 0


def loaded_state(where: str, p: Tensor, kept: Mapping[str, Any], start: Mapping[str, Any], also: Iterable[str]) -> Any:
    """What is kept of a parameter: all that it starts with, and perhaps more."""
    kept = {name: value for name, value in kept.items() if value is not None}
    missing, extra = sorted(start.keys() - kept.keys()), sorted(kept.keys() - start.keys() - {*also}, key=str)
    if kept and (missing or extra):
        raise KeyError(f"{where}: missing {missing}, unexpected {extra}; was it saved by another optimiser?")
    return {
        name: loaded_number(f"{where}: {name}", start[name], value)
        if isinstance(start.get(name), int | float | np.floating)
        else loaded_array(f"{where}: {name}", p._data, value)
        for name, value in kept.items()
    }


def loaded_number(where: str, like: Any, value: Any) -> Any:
    """The number, of the kind of another."""
    number = _plain(value)
    if isinstance(number, bool) or not isinstance(number, int | float | np.number):
        raise ValueError(f"{where} must be a number, not {value!r}")
    if isinstance(like, int) and not (number >= 0 and float(number).is_integer()):
        raise ValueError(f"{where} must be a whole number, and not negative; it is {value!r}")
    return type(like)(number)


def loaded_array(where: str, like: Any, value: Any) -> Any:
    """A copy, of the shape, dtype and kind of another array."""
    array = _array(where, value) if type(like) is np.ndarray else inside(value)
    if array.shape != like.shape or (array.dtype.kind == "c" and like.dtype.kind != "c"):
        raise ValueError(
            f"{where} must have the shape {like.shape} of its parameter, and numbers of {like.dtype}; it has "
            f"{array.shape}, and {array.dtype}"
        )
    copy = np.empty_like(writable(like))
    copy[...] = array
    return copy


def _plain(value: Any) -> Any:
    """A number for an array of no dimension."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def _array(where: str, value: Any) -> Any:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{where} must be an array: {error}") from error
    return as_numbers(where, "the array", array)
