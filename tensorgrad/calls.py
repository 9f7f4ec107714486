"""What transforms are called with: which arguments they differentiate, and what is said of a call that doesn't fit."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np

from .arguments import yes_or_no
from .derivatives.arrays import computes_otherwise
from .tree import is_variable, tree_leaves, tree_map

Argnum = SupportsIndex | Sequence[SupportsIndex]  # as users write it; inside, an int or a tuple of ints


class _First(int):
    """The argnum of who gave none."""


FIRST = _First(0)


def differentiated(name: str, f: Any, argnum: Any, argnums: Any = FIRST, has_aux: Any = False) -> int | tuple[int, ...]:
    """What argnum, or `argnums`, its other name, says: an int, or a tuple of them. Checks what transforms are made of.

    Raises:
        TypeError: f is no function, an argnum no int, both names were used, or has_aux is no bool.
        ValueError: no argument is named.
    """
    require_call(name, f, has_aux)
    if argnums is FIRST:
        return 0 if argnum is FIRST else _numbers(name, "argnum", argnum)
    if argnum is not FIRST:
        raise TypeError(
            f"{name}: argnum is {argnum!r} and argnums {argnums!r}, two names of one thing; give one of them"
        )
    return _numbers(name, "argnums", argnums)


def _numbers(name: str, what: str, argnum: Any) -> int | tuple[int, ...]:
    several = isinstance(argnum, (tuple, list, range))
    try:
        numbers = tuple([_index(i) for i in (argnum if several else (argnum,))])
    except TypeError as error:
        raise TypeError(
            f"{name}: {what} must be an int or a tuple of ints, which count the arguments of the function from 0, not "
            f"{described(argnum)}"
        ) from error
    if not numbers:
        raise ValueError(f"{name}: {what} is empty; name at least one argument of the function, counted from 0")
    return numbers if several else numbers[0]


def _index(i: Any) -> int:
    if isinstance(i, (bool, np.bool)):
        raise TypeError("a bool is no number of an argument")
    return operator.index(i)


def positions(name: str, argnum: int | Sequence[int], n: int) -> tuple[int, ...]:
    """Which of n arguments are meant, counted from 0.

    Raises:
        TypeError: there is no argument of that number.
        ValueError: one is named twice.
    """
    numbers = (argnum,) if isinstance(argnum, int) else tuple(argnum)
    for i in numbers:
        if not -n <= i < n:
            there_are = f"there are {n} positional arguments" if n != 1 else "there is 1 positional argument"
            raise TypeError(
                f"{name}: argnum is {argnum}, but {there_are}, counted from 0; what is differentiated must be given by "
                f"position, not by name"
            )
    numbers = tuple([i % n for i in numbers])
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"{name}: argnum {argnum} names one of {n} positional arguments twice")
    return numbers


def require_call(name: str, f: Any, has_aux: Any = False) -> None:
    """An error, if what is to be differentiated can't be called, or has_aux is no bool."""
    if not callable(f):
        hint = f"; write {name}(f)(x), not {name}(f(x))" if hasattr(f, "dtype") else ""
        raise TypeError(f"{name}: f must be a function, not {described(f)}{hint}")
    if type(has_aux) is not bool:
        yes_or_no(f"{name}: has_aux", has_aux)


def output_and_aux(name: str, result: Any) -> tuple[Any, Any]:
    """The two parts of what a function with has_aux=True returned."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        what = f"{len(result)} values" if isinstance(result, tuple) else described(result)
        raise TypeError(f"{name}: with has_aux=True the function must return a pair (output, aux), not {what}")
    return result[0], result[1]


def matching_leaves(name: str, what: str, like: Any, given: Any) -> list:
    """The leaves of given, in the order of those of `like` (Tensors or arrays), with their shape and dtype.

    Raises:
        ValueError: the structures or shapes differ.
        TypeError: a dtype doesn't fit.
    """
    try:
        wanted, leaves = (
            {path: leaf for path, leaf in tree_leaves(tree) if is_variable(leaf)} for tree in (like, given)
        )
    except RecursionError as error:
        raise ValueError(f"{name}: the {what} holds itself, or is nested too deep: {described(given)}") from error
    if wanted.keys() != leaves.keys():
        raise ValueError(_mismatch(name, what, wanted, leaves, given))
    found = []
    for path, target in wanted.items():
        found.append(_matching(name, f"{what}{path and f' {path}'}", target, leaves[path]))
    return found


def _matching(name: str, what: str, target: Any, leaf: Any) -> Any:
    if isinstance(leaf, type) or not hasattr(leaf, "__array_function__"):
        leaf = np.asarray(leaf)
    elif computes_otherwise(type(leaf)):
        raise TypeError(f"{name}: the {what} is a {type(leaf).__name__}; pass np.asarray(data), or data.filled(value)")
    target = target if hasattr(target, "dtype") else np.asarray(target)
    dtype = target.dtype if target.dtype.kind in "fc" else np.dtype(float)
    if leaf.dtype is not dtype and (leaf.dtype.kind not in "biufc" or (leaf.dtype.kind == "c" and dtype.kind != "c")):
        raise TypeError(f"{name}: the {what} has dtype {leaf.dtype}, which doesn't fit dtype {dtype}")
    if leaf.shape != target.shape:
        raise ValueError(f"{name}: the {what} has shape {leaf.shape}, but belongs to shape {target.shape}")
    return leaf if leaf.dtype is dtype else leaf.astype(dtype)


def _mismatch(name: str, what: str, wanted: dict, leaves: dict, given: Any) -> str:
    """Where the structure of what was given differs from the one that is wanted."""
    text = f"{name}: the {what} must have the structure of what it belongs to"
    if "" in wanted:
        hint = "; a list or tuple is a structure of its parts, np.array makes an array of it"
        return f"{text}, one array of shape {np.shape(wanted[''])}, not {described(given)}{hint}"
    lacking, extra = ([path for path in a if path not in b][:5] for a, b in ((wanted, leaves), (leaves, wanted)))
    places = f"with an array at each of {', '.join(list(wanted)[:10])}{' ...' if len(wanted) > 10 else ''}"
    wrong = [f"none is at {', '.join(lacking)}"] if lacking else []
    wrong += [f"one too many at {', '.join(extra)}"] if extra != [""] and extra else []
    return f"{text}, {places}; it is {described(given)}: {' and '.join(wrong)}"


def described(value: Any) -> str:
    """A value in the text of an error: its type, and a short form of it."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and hasattr(value, "dtype"):  # of a Delayed any attribute is one
        return f"{type(value).__name__} of shape {value.shape} and dtype {value.dtype}"
    return "None" if value is None else f"{type(value).__name__} {' '.join(reprlib.repr(value).split())}"


# Lists of numbers, where an array is meant ---------------------------------------------------------------------------


def with_lists_named(error: Exception, name: str, args: Sequence[Any], numbers: Sequence[int]) -> Exception:
    """An error of f that also says which of f's arguments are lists of numbers, of which f got lists of Tensors.

    Python's own TypeErrors and AttributeErrors, which such lists lead to, become a TypeError with that in its text; on
    others it is a note.
    """
    places = [place for i in numbers for place in _lists_of_numbers(args[i], f"argument {i}")]
    if not places:
        return error
    place, given = places[0]
    kind = type(given).__name__
    array = f"np.array({given!r})" if len(given) <= 4 else f"np.array of that {kind}"
    text = (
        f"{place} is a {kind} of numbers, which is a structure, so the function got a {kind} of Tensors; if an array "
        f"is meant, pass {array}"
    )
    if type(error) in (TypeError, AttributeError):
        own = str(error).removeprefix(f"{name}: ")
        return TypeError(f"{name}: {own} ({text})")
    error.add_note(f"({name}: {text})")
    return error


_NUMBERS = (int, float, complex, np.number, np.ndarray)


def _lists_of_numbers(tree: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The outermost lists and tuples in a structure that hold plain numbers alone, and where they are."""
    if isinstance(tree, (list, tuple)):
        leaves = [leaf for _, leaf in tree_leaves(tree)]
        if leaves and all(isinstance(leaf, _NUMBERS) and np.ndim(leaf) == 0 for leaf in leaves):
            yield place, tree_map(lambda leaf: leaf.item() if isinstance(leaf, np.ndarray) else leaf, tree)
        else:
            for k, part in enumerate(tree):
                yield from _lists_of_numbers(part, f"{place}[{k}]")
    elif isinstance(tree, dict):
        for key, part in tree.items():
            yield from _lists_of_numbers(part, f"{place}[{key!r}]")
