"""Layers, losses and functions beside PyTorch's: outputs, gradients, and second derivatives, all of one comparison.

    differences(nn.Linear(3, 4), torch.nn.Linear(3, 4), rng.normal(size=(5, 3)))

gives the weights of the second to the first, and the largest relative difference of each kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from tensorgrad import Module, Tensor
from tensorgrad.engine import backpropagate
from tensorgrad.tensor import data_of


def give_weights(theirs: torch.nn.Module, ours: Module) -> None:
    """Have our module compute with the numbers of PyTorch's, which have the same names."""
    ours.load_state_dict({name: value.detach().numpy() for name, value in theirs.state_dict().items()})


@dataclasses.dataclass
class Constant:
    """An array of floats that isn't differentiated by, such as targets."""

    array: np.ndarray


def is_floating(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def to_torch(value: Any) -> Any:
    """Arrays as tensors, those of floats as leaves that require a gradient; also in lists and tuples."""
    if isinstance(value, np.ndarray):
        return torch.tensor(value, requires_grad=is_floating(value))
    if isinstance(value, Constant):
        return torch.tensor(value.array)
    return type(value)(map(to_torch, value)) if type(value) in (list, tuple) else value


def to_ours(value: Any) -> Any:
    """Arrays of floats as Tensors; also in lists and tuples."""
    if is_floating(value):
        return Tensor(value.copy())
    if isinstance(value, Constant):
        return value.array
    return type(value)(map(to_ours, value)) if type(value) in (list, tuple) else value


def leaves(value: Any, kind: type | tuple[type, ...]) -> Iterator[Any]:
    """The Tensors, or tensors, in an argument or output, in their order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part, kind)


def distance(ours: Any, theirs: Any) -> float:
    """The largest difference of two arrays, relative to the largest number in the second (or to 1)."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"shape {ours.shape}, not {theirs.shape}"
    if not theirs.size:
        return 0.0
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        away = np.where(same, 0, np.abs(ours - theirs))
    finite = np.abs(theirs[np.isfinite(theirs)])
    return float(np.max(away) / max(1.0, finite.max(initial=0)))


def differences(
    ours: Callable, theirs: Callable, *args: Any, twice: bool = True, weights: bool = True, **kwargs: Any
) -> dict[str, float]:
    """The largest relative differences of the outputs, of the gradients of the inputs and of the parameters, and of
    second derivatives, between a module or function of ours and PyTorch's.

    Args:
        args, kwargs: what both are called with; arrays of floats are differentiated by, unless they are `Constant`.
        twice: whether second derivatives are compared, too.
        weights: whether ours is first given the weights of theirs.
    """
    if weights and isinstance(theirs, torch.nn.Module):
        give_weights(theirs, ours)
    our_args, their_args = to_ours(list(args)), to_torch(list(args))
    our_kwargs = dict(zip(kwargs, to_ours(list(kwargs.values())), strict=True))
    their_kwargs = dict(zip(kwargs, to_torch(list(kwargs.values())), strict=True))
    y = [t for t in leaves(ours(*our_args, **our_kwargs), (Tensor, np.ndarray, np.generic))]
    z = [t for t in leaves(theirs(*their_args, **their_kwargs), torch.Tensor)]
    assert len(y) == len(z) > 0, f"{len(y)} outputs, not {len(z)}"
    found = {"outputs": max(distance(data_of(a), b.numpy(force=True)) for a, b in zip(y, z, strict=True))}
    y = [a for a, b in zip(y, z, strict=True) if b.requires_grad]
    z = [b for b in z if b.requires_grad]
    if not z:
        return found

    rng = np.random.default_rng(0)
    directions = [rng.normal(size=a.shape) for a in y]
    loss = sum([(a * v).sum() for a, v in zip(y, directions, strict=True)])
    their_loss = sum([(b * torch.tensor(v, dtype=b.dtype)).sum() for b, v in zip(z, directions, strict=True)])

    inputs = [*leaves([*our_args, *our_kwargs.values()], Tensor)]
    their_inputs = [t for t in leaves([*their_args, *their_kwargs.values()], torch.Tensor) if t.requires_grad]
    parameters, their_parameters = [], []
    if isinstance(theirs, torch.nn.Module):
        named = dict(ours.named_parameters())
        parameters = [named[name] for name, _ in theirs.named_parameters()]
        their_parameters = [p for _, p in theirs.named_parameters()]
    variables, their_variables = inputs + parameters, their_inputs + their_parameters
    assert len(variables) == len(their_variables)
    if not variables:
        return found

    grads = backpropagate(loss, np.ones(()), create_graph=twice)
    first = [grads.get(v, np.zeros(v.shape)) for v in variables]
    their_first = [
        torch.zeros_like(v) if g is None else g
        for v, g in zip(
            their_variables,
            torch.autograd.grad(their_loss, their_variables, create_graph=twice, allow_unused=True),
            strict=True,
        )
    ]
    apart = [
        distance(a.data if isinstance(a, Tensor) else a, b.numpy(force=True))
        for a, b in zip(first, their_first, strict=True)
    ]
    if inputs:
        found["input gradients"] = max(apart[: len(inputs)])
    if parameters:
        found["parameter gradients"] = max(apart[len(inputs) :])
    if not twice:
        return found

    directions = [rng.normal(size=v.shape) for v in variables]
    second = sum([(g * v).sum() for g, v in zip(first, directions, strict=True) if isinstance(g, Tensor)], Tensor(0.0))
    their_second = sum(
        [(g * torch.tensor(v, dtype=g.dtype)).sum() for g, v in zip(their_first, directions, strict=True)]
    )
    grads = backpropagate(second, np.ones(()))
    theirs_again = (
        torch.autograd.grad(their_second, their_variables, allow_unused=True)
        if their_second.requires_grad
        else [None] * len(variables)
    )
    found["second derivatives"] = max(
        distance(grads.get(v, np.zeros(v.shape)), np.zeros(v.shape) if g is None else g.numpy(force=True))
        for v, g in zip(variables, theirs_again, strict=True)
    )
    return found


def assert_same(ours: Callable, theirs: Callable, *args: Any, rtol: float = 1e-9, **options: Any) -> None:
    """An AssertionError, unless all differences are below rtol."""
    found = differences(ours, theirs, *args, **options)
    assert all(value < rtol for value in found.values()), found
