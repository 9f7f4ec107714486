"""The texts of errors that several modules raise, and what makes errors of NumPy name the operation and its shapes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

CHANGED = (
    "the data of {} was changed after {} had used it and before backward, so its gradient could be "
    "wrong; run backward before the change, or compute the result anew"
)
FREED = (
    "a backward went through this graph with retain_graph=False, which freed it; compute the result anew, or call the "
    "first backward with retain_graph=True"
)
OVERWRITTEN = (
    "its data was changed after it had been computed and before backward, so its gradient could be wrong; "
    "compute the result anew, or change a copy of the data"
)
NOT_AN_ARRAY = (
    "a Tensor that requires a gradient can't become part of an array: its gradient would be lost. Join Tensors by "
    "np.stack or np.concatenate, multiply by array @ tensor, choose by np.where(mask, tensor, array); assign it into "
    "Tensor(array, requires_grad=False) or np.zeros(shape, like=tensor); or take tensor.data to leave the graph on "
    "purpose"
)
LEFT_THE_GRAPH = (
    "What leaves the graph: tensor.data, .numpy(), .tolist(), .item(), float(tensor), and so math.exp(tensor); and "
    "inside no_grad() also np.array([t, u]), array[i] = t, array.dot(t) and compiled functions such as SciPy's. Write "
    "np.exp(t), np.stack([t, u]), array @ t, and functions of tensorgrad.special"
)
NO_GRADIENT = (
    "backward: this Tensor doesn't require a gradient: it was made with requires_grad=False, detached, or computed "
    f"inside no_grad or from constants alone. {LEFT_THE_GRAPH}"
)
LEAF_ASSIGNMENT = (
    "assignment: a leaf that requires a gradient can't be assigned into, for its gradient is that of the data that it "
    "was made with. Assign into a copy that is computed from it, +tensor, or start from "
    "Tensor(array, requires_grad=False); inside no_grad() its data can be changed"
)
INPUT_ASSIGNMENT = (
    "assignment: an argument that is differentiated can't be assigned into; assign into a copy that is computed from "
    "it, +tensor"
)
ENTERED_NO_GRAD = (
    "the function, or one that it called, entered no_grad(), inside of which nothing is recorded; if it is meant to be "
    "constant, use stop_gradient(x) in place of no_grad()"
)
TOOK_A_NUMBER = (
    "the function, or one that it called, took a plain number of a Tensor, as math.sin(t) and float(t) do; write "
    "np.sin(t), or return Tensor(value, requires_grad=False) if it is meant to be constant"
)
NO_INDEX = "an index can't be a Tensor, which is floating; use its .data.astype(int), or a comparison as a mask"


def imported(name: str, module: str, library: str) -> Any:
    """A module of a package that needn't be installed, which `name` needs: a function, or what it makes.

    Raises:
        ImportError: it isn't installed; the text says how that is done.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{name} needs {library}: pip install {module.partition('.')[0]}") from error


def data_changed(name: str, shape: tuple[int, ...], operation: str) -> RuntimeError:
    """A Tensor's data was changed after an operation had used it."""
    return RuntimeError(CHANGED.format(described_tensor(name, shape), operation))


def described_tensor(name: str, shape: tuple[int, ...] | None) -> str:
    """A Tensor in an error's text, by name and shape."""
    return f"Tensor{f' {name!r}' if name else ''}" + (f" of shape {shape}" if shape is not None else "")


def no_derivative(what: str, reason: str = "") -> TypeError:
    """Something has no derivative here, and the reason why."""
    return TypeError(
        f"{what} has no derivative in tensorgrad{': ' + reason if reason else ''}. Pass tensor.data to leave the graph "
        f"on purpose, or give your own function its rules with tensorgrad.derivative"
    )


# Errors of compile ---------------------------------------------------------------------------------------------------


class CompileError(TypeError):
    """What a step does can't be recorded, or a replay would not do the same. The message names the line."""


# Errors of NumPy -----------------------------------------------------------------------------------------------------

_KINDS = (np.linalg.LinAlgError, np.exceptions.AxisError, ValueError, IndexError, TypeError)


def explained(error: Exception, name: str, values: Iterable[Any]) -> Exception:
    """An error that NumPy raised in a function of this name, with the shapes of the values and what can be done.

    Its type is the same, or the one of NumPy's that it is derived from; a ValueError for a number that is too large.
    """
    if isinstance(error, CompileError):  # which says what can be done
        return error
    text = str(error)
    values = [v for value in values for v in (value if type(value) in (list, tuple) else (value,))]
    shapes = " and ".join(str(v.shape) for v in values if isinstance(getattr(v, "shape", None), tuple))
    hint = _hint(name, text)
    if (hint or not text.startswith(f"{name}:")) and not text.startswith(f"{name} of shapes"):
        text = f"{name} of shapes {shapes}: {text.removeprefix(f'{name}: ')}{'' if hint in text else hint}"
    if "nan" in shapes and "compute_chunk_sizes" not in text:
        text += "; a length that isn't known before the array is computed, nan, becomes so by its compute_chunk_sizes()"
    return next((kind for kind in _KINDS if isinstance(error, kind)), ValueError)(text)


def _hint(name: str, text: str) -> str:
    """What can be done about an error of NumPy with this text."""
    if name == "einsum" and "could not be broadcast" in text:
        return "; axes of the same letter must be equally long, or 1 (transpose or reshape one)"
    if text == "tuple index out of range":
        return "; an axis is out of bounds"
    if "could not be broadcast" in text:
        return (
            "; shapes are matched from the last axis on, and lengths must be equal or 1 (reshape or expand_dims one of "
            "them)"
        )
    if "core dimension" in text or "enough dimensions" in text:
        if name == "solve":
            return (
                "; for a of shape (..., m, m), b must be a vector (m,) or matrices (..., m, k), with as many rows as a "
                "has (transpose or reshape one)"
            )
        return (
            "; the last axis of the first must be as long as the last but one of the second (transpose or reshape one)"
        )
    return ""
