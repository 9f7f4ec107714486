"""What arguments must be: each function gives an argument as it is used, or raises an error that names the function,
the argument, what it got and what it wants. (`where` is the beginning of that text, such as "SGD: lr".)

Arrays are checked by `derivatives.arrays.as_numbers`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .derivatives.arrays import as_numbers
from .derivatives.creation import is_tensor
from .derivatives.signatures import dim_is_axis as dim_is_axis

MOST = np.iinfo(np.intp).max // 16  # of the largest floating dtype

_INTS, _NO_NUMBERS = (int, np.integer), (bool, np.timedelta64)  # those of the second are of the first, too
_BOOLS = (bool, np.bool)


def is_int(value: Any) -> bool:
    """Whether value is an int, of Python's or NumPy's; a bool is none, nor is a time of NumPy's."""
    return isinstance(value, _INTS) and not isinstance(value, _NO_NUMBERS)


def integer(where: str, value: Any) -> int:
    if not is_int(value):
        raise TypeError(f"{where} must be an int, not {value!r}")
    return int(value)


def positive_int(where: str, value: Any) -> int:
    if not is_int(value) or value < 1:
        raise ValueError(f"{where} must be a positive int, not {value!r}")
    if value > MOST:
        raise ValueError(f"{where} is more than an array can hold, {MOST} numbers")
    return int(value)


def whole_number(where: str, value: Any) -> int:
    if not is_int(value) or value < 0:
        raise ValueError(f"{where} must be an int that isn't negative, not {value!r}")
    return int(value)


def positive_ints(where: str, value: Any) -> list[int]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not (is_list or (isinstance(value, np.ndarray) and value.ndim)) or not len(value):
        raise ValueError(f"{where} must be a list of widths such as [16, 16, 1], not {value!r}")
    return [positive_int(f"{where}[{i}]", n) for i, n in enumerate(value)]


def _finite(value: Any) -> float | None:
    """The value as a float; None if it is no real number, or too large for one."""
    if isinstance(value, (float, np.floating, *_INTS)) and not isinstance(value, _NO_NUMBERS):
        with contextlib.suppress(OverflowError):  # of a huge int
            if math.isfinite(number := float(value)):
                return number
    return None


def non_negative(where: str, value: Any) -> float:
    number = _finite(value)
    if number is None or number < 0:
        raise ValueError(f"{where} must be a finite number, and not negative; it is {value!r}")
    return number


def positive_number(where: str, value: Any) -> float:
    if not (number := non_negative(where, value)):
        raise ValueError(f"{where} must be positive; it is 0")
    return number


def positive(where: str, value: Any) -> float:
    number = non_negative(where, value)
    if not number:
        raise ValueError(f"{where} must be above 0; it is {value!r}")
    return number


def below_one(where: str, value: Any) -> float:
    number = non_negative(where, value)
    if number >= 1:
        raise ValueError(f"{where} must be from 0 to below 1; it is {value!r}")
    return number


def probability(where: str, value: Any) -> float:
    number = non_negative(where, value)
    if number > 1:
        raise ValueError(f"{where} must be a probability, from 0 to 1; it is {value!r}")
    return number


def real_number(where: str, value: Any) -> float:
    number = _finite(value)
    if number is None:
        raise ValueError(f"{where} must be a finite number; it is {value!r}")
    return number


def norm_order(where: str, value: Any) -> float:
    """The order of a norm: a real number, inf or -inf."""
    if isinstance(value, float | np.floating) and math.isinf(value):
        return float(value)
    return real_number(where, value)


def number_of(where: str, value: Any) -> float:
    """The number in a number, or in an array or a Tensor of one."""
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        if not isinstance(value, str | bytes) and not np.iscomplexobj(value):
            return float(value)
    raise TypeError(f"{where} must be a number, not {value!r}")


def one_of(where: str, value: Any, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{where} must be {' or '.join(map(repr, choices))}, not {value!r}")
    return value


LARGEST = 2**31 - 1  # stride, padding or dilation: what is added up of them is a C integer still


def each_axis(where: str, value: Any, axes: int, least: int) -> tuple[int, ...]:
    """An int for each of so many axes, none below the least; one int stands for all."""
    many = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(many) != axes or not all(is_int(v) and least <= v <= LARGEST for v in many):
        several = f", or {axes} of them" if axes > 1 else ""
        raise ValueError(f"{where} must be an int from {least} to {LARGEST}{several}, not {value!r}")
    return tuple(int(v) for v in many)


def yes_or_no(where: str, value: Any) -> bool:
    if not isinstance(value, _BOOLS):
        raise TypeError(f"{where} must be True or False, not {value!r}")
    return bool(value)


def text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{where} must be a str, not {value!r}")
    return value


def floating_array(name: str, what: str, data: Any) -> Any:
    """What a Tensor wraps: data as an array of floats; an array of floats is not copied."""
    if is_tensor(data):
        if isinstance(data, list | tuple):
            raise TypeError(
                f"{name}: {what}: a list of Tensors would leave the graph; join them with np.stack or np.concatenate"
            )
        raise TypeError(
            f"{name}: {what} is a Tensor already; detach() gives one outside the graph that shares its data"
        )
    return as_numbers(name, what, data)


def floating_dtype(where: str, dtype: Any) -> np.dtype:
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be a floating one, such as np.float32, not {dtype!r}") from error
    if found.kind != "f":
        raise TypeError(f"{where} must be a floating one, not {found}")
    return found


def generator(where: str, rng: Any) -> np.random.Generator:
    random = np.random  # which NumPy imports when it is first asked for
    known = (type(None), random.Generator, random.BitGenerator, random.SeedSequence, random.RandomState)
    is_list = isinstance(rng, list | tuple | range) or (type(rng) is np.ndarray and rng.ndim == 1)
    seeds = rng if is_list else (rng,)
    if not isinstance(rng, known) and not all(is_int(seed) and seed >= 0 for seed in seeds):
        raise TypeError(
            f"{where} must be a numpy.random.Generator, or a seed: an int that isn't negative, or several; not {rng!r}"
        )
    if isinstance(rng, random.RandomState):  # as default_rng does from NumPy 2.2 on
        return random.Generator(rng._bit_generator)
    return rng if isinstance(rng, random.Generator) else random.default_rng(rng)
