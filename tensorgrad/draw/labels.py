"""Numbers, shapes and operations as the text of a picture.

A number has three significant digits, an array of more than a few numbers is its range and mean, and an operation is
written as a person would write it: `+`, `**2`, `sum axis=1`, `[0, :]`, `[0, :] =`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..closures import Differentiable
from ..derivatives.assigning import Place
from ..node import Node
from ..tensor import data_of

# Numbers, names and shapes -------------------------------------------------------------------------------------------


def number(x: Any, padded: bool = False) -> str:
    """x in three significant digits, padded with zeros for a column; a short whole number as it is.

    >>> number(0.12345), number(1000.0), number(-1234.5), number(0.00001)
    ('0.123', '1000', '-1.23e3', '1.00e-5')
    """
    x = x.item() if isinstance(x, np.generic) else x  # a float16 can't be compared with a million
    if isinstance(x, complex):
        return f"{x:.3g}"
    if abs(x) < 10**6 and x == int(x):
        return str(int(x))
    text = f"{x:.2e}" if 0 < abs(x) < 1e-3 else f"{x:#.3g}" if padded else f"{x:.3g}"
    return re.sub(r"e([+-])0?(\d+)", lambda e: "e" + e[1].strip("+") + e[2], text).rstrip(".")


def clean(text: Any, most: int = 40) -> str:
    """text on one line, of at most so many characters, without those that an SVG can't hold."""
    kept = (" " if c.isspace() else "\ufffd" if unicodedata.category(c) in ("Cc", "Cs", "Cn") else c for c in str(text))
    joined = "".join(kept)
    return joined if len(joined) <= most else joined[: most - 1] + "…"


def summary(x: Any, short: bool = False) -> str:
    """Shape and dtype of a Tensor or an array; float64 goes without saying in the short form."""
    data = data_of(x)
    freed = " (graph dropped)" if isinstance(x, Node) and x._op is not None and x._args is None else ""
    return shape_text(data.shape) + ("" if short and data.dtype == np.float64 else f" {data.dtype}") + freed


def shape_text(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def total_size(values: Iterable[Any]) -> str:
    """How many numbers there are in all of the values."""
    return f"{sum(x.size for x in values):,} numbers"


# Arrays --------------------------------------------------------------------------------------------------------------


def table(array: Any, wide: bool = False) -> list[list[str]]:
    """The numbers of a small array, in rows and columns; of a larger one its range, mean, and how many are no numbers.

    An array of another library isn't read.

    >>> table(np.array([[1.0, 0.5], [2.0, -3.0]]))
    [['1', '0.500'], ['2', '-3']]
    >>> table(np.arange(100.0))
    [['0 … 99'], ['mean 49.5']]
    """
    if not isinstance(array, np.ndarray):
        return [[f"batch of {len(array.stack)}" if hasattr(array, "stack") else type(array).__name__]]
    if array.size == 0:
        return [["empty"]]
    rows = array.reshape(1, -1) if array.ndim < 2 else array
    if rows.ndim == 2 and array.size <= 12 and len(rows) <= 4 and rows.shape[1] <= (6 if len(rows) == 1 else 4):
        return [[number(x, padded=rows.size > 1) for x in row] for row in rows]
    lines = _statistics(array)
    return [[", ".join(lines)]] if wide else [[line] for line in lines]


def _statistics(array: np.ndarray) -> list[str]:
    """Range and mean of the finite numbers in an array (of complex ones: of their size), and how many aren't finite."""
    is_complex = array.dtype.kind == "c"
    values = np.abs(array) if is_complex else array
    values = values[np.isfinite(values)]
    lines = []
    if values.size:
        low, high = values.min(), values.max()
        with np.errstate(all="ignore"):
            mean = number(np.mean(values, dtype=np.float64))
        size = "|z| " if is_complex else ""
        lines = [f"{size}{number(low)} … {number(high)}", f"mean {mean}"]
        if low == high:
            lines = [f"all {size}{number(low)}"]
    if values.size < array.size:
        lines.append(f"{array.size - values.size:,} nan or inf")
    return lines


# Operations ----------------------------------------------------------------------------------------------------------

_INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "matmul": "@", "power": "**", "float_power": "**",
    "remainder": "%",
}  # fmt: skip
_ALONE = {
    "negative": "−", "square": "**2", "reciprocal": "1 /", "absolute": "abs", "conjugate": "conj",
    "matrix_transpose": ".mT", "<lambda>": "f",
    "sigmoid_cross_entropy": "sigmoid cross-entropy", "softmax_cross_entropy": "softmax cross-entropy",
    "mse_loss": "mean squared error",
}  # fmt: skip
_DEFAULTS = {"keepdims": False, "order": "C", "reduction": "mean", "where": True, "ddof": 0}
ORDERED = {"−", "/", "@", "**", "%"}  # labels of operations whose operands can't change places


def operation_label(node: Node) -> str:
    """The operation that made node, in a word or two."""
    op: Any = node._op
    args, kwargs = node._args, op.known_kwargs(node._kwargs or {})
    module = getattr(op.func, "__module__", "numpy") or ""  # NumPy 2.0's ufuncs don't say it; None, where exec ran
    if module.partition(".")[0] in ("_operator", "numpy", "tensorgrad"):
        known = _notation(op.name, args, kwargs)
        if known:
            return known
    n = len(op.rules_for(len(args)))  # what comes after these arguments are settings
    operands = args[:n]
    words = [operation_sign(node)]
    if any(map(_is_scalar, operands)) or any(x is None for x in operands):
        inside = (number(_plain(x)) if _is_scalar(x) else "None" if x is None else "·" for x in operands)
        words = [f"{words[0]}({', '.join(inside)})"]
    parameters = op.signature.parameters + [""] * len(args)
    settings = [*zip(parameters[n:], args[n:], strict=False), *kwargs.items()]
    words += [_setting(key, value) for key, value in settings if not _goes_without_saying(key, value)]
    return " ".join(words)


def operation_sign(node: Node) -> str:
    """The operation that made node, without its operands."""
    op: Any = node._op
    name = op.name if hasattr(op.func, "__name__") else type(op.func).__name__  # an object has none
    return _INFIX.get(name) or _ALONE.get(name, name)


def _notation(name: str, args: tuple, kwargs: dict) -> str:
    """The label of an operation that has a notation of its own; empty for others."""
    if name in _INFIX and len(args) == 2:
        sign, (a, b) = _INFIX[name], args
        if _is_scalar(a):
            return f"{number(_plain(a))} {sign}"
        return sign + ("" if sign == "**" else " ") + number(_plain(b)) if _is_scalar(b) else sign
    if name == "transpose" and len(args) == 1 and not kwargs.get("axes"):
        return ".T"
    if name == "getitem":
        return index(args[1])
    if name == "part":
        return place(args[1])
    if name == "einsum_view":
        return f"einsum {args[1]}"
    if name == "assign":
        value = number(_plain(args[0])) if _is_scalar(args[0]) else ""
        return f"{place(args[2])} = {value}".rstrip()
    if name == "scatter":
        return f"scatter {index(args[1])}"
    if name == "join":
        return f"concatenate axis={args[0]}"
    if name == "einsum":
        return f"einsum {args[0]}"
    return str(np.dtype(args[1])) if name == "astype" else ""


def index(i: Any) -> str:
    """An index in brackets.

    >>> index((0, slice(None), slice(1, None, 2)))
    '[0, :, 1::2]'
    """

    def part(i: Any) -> str:
        if isinstance(i, slice):
            start, stop, step = ("" if x is None else str(x) for x in (i.start, i.stop, i.step))
            return f"{start}:{stop}" + (f":{step}" if step else "")
        if i is Ellipsis:
            return "..."
        if i is None or isinstance(i, int | np.integer):
            return str(i)
        array = np.asarray(i)
        if array.dtype == bool:
            return "mask"
        return str(array.tolist()) if array.size <= 4 else f"ints {shape_text(array.shape)}"

    return f"[{', '.join(map(part, i)) if isinstance(i, tuple) else part(i)}]"


_METHODS = {"reshape", "squeeze", "swapaxes", "diagonal", "transpose"}  # those that arrays have
_PROPERTIES = {"real": ".real", "imag": ".imag", "matrix_transpose": ".mT"}


def place(where: Place, array: str = "") -> str:
    """What an assignment writes into, a part of `array` or of a view of it, as NumPy's expression.

    >>> place(Place((0, slice(1, None)), [(np.transpose, (), {})]), "A")
    'A.T[0, 1:]'
    >>> place(Place(0, [(np.flip, (1,), {})]), "A")
    'flip(A, 1)[0]'
    """
    whole = where.index is Ellipsis  # what `row += 1` assigns to: of a row it says no more than the row
    for func, args, kwargs in where.views:
        array = _view(func.__name__.strip("_"), array, args, kwargs or {})
    return array if whole and array.endswith("]") and where.views else array + index(where.index)


def _view(name: str, array: str, args: tuple, kwargs: dict) -> str:
    """The expression of a view of an array: by index, property, method or function."""
    if name == "getitem":
        return array + index(args[0])
    if name == "transpose" and not kwargs and all(axes is None for axes in args):
        return f"{array}.T"
    if name in _PROPERTIES:
        return array + _PROPERTIES[name]
    if name == "einsum_view":
        return f"einsum({args[0]}, {array or '·'})"
    args = args[0] if len(args) == 1 and isinstance(args[0], tuple) and name in _METHODS else args
    settings = [*map(str, args), *(f"{key}={value}" for key, value in kwargs.items())]
    if name in _METHODS:
        return f"{array}.{name}({', '.join(settings)})"
    return f"{name}({', '.join([array or '·', *settings])})"


def version(name: str, number: int) -> str:
    """The name of a version of a Tensor.

    >>> version("A", 12)
    'A₁₂'
    """
    return name + str(number).translate(_SUBSCRIPTS)


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _setting(key: str, value: Any) -> str:
    """An argument that isn't data, as in `axis=1`; its name is left out where the value says enough."""
    if value is True:
        return key
    if key == "dtype":
        return str(np.dtype(value))
    text = number(value) if isinstance(value, float) else shape_text(value) if _is_shape(value) else str(value)
    return text if key in ("shape", "axes", "axis1", "axis2", "") else f"{key}={text}"


def _goes_without_saying(key: str, value: Any) -> bool:
    """A default; or an array, which where it has no rule only helps the computation, or an object that holds rules."""
    if value is None or isinstance(value, list | Differentiable) or is_array(value):
        return True
    return key in _DEFAULTS and isinstance(value, bool | int | str) and value == _DEFAULTS[key]


def is_array(x: Any) -> bool:
    """Whether x is an array (of any library) of at least one axis."""
    return hasattr(x, "dtype") and not isinstance(x, type) and getattr(x, "ndim", 0) > 0


def _is_scalar(x: Any) -> bool:
    return isinstance(x, int | float | complex | np.generic) or (isinstance(x, np.ndarray) and not x.ndim)


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.ndarray) else x


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(n, int | np.integer) for n in value)
