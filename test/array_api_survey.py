"""Runs each use of array_api_uses.py on arrays and on Tensors, and says what became of it.

works       values are SciPy's of arrays, and the gradient is that of finite differences
error       it raised
CONSTANT    a plain value, or a Tensor without a gradient, where the finite difference isn't zero
WRONG       another value, or another gradient
broken      the call is no valid one in this SciPy
flat        nothing that could have a gradient: all finite differences are zero

`SCIPY_ARRAY_API=1 python test/array_api_survey.py fft` prints what became of each use with "fft" in it.
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from array_api_uses import USES

from tensorgrad import Tensor

MODULES = """
    fft linalg stats stats.qmc stats.contingency stats.mstats signal ndimage interpolate integrate optimize
    optimize.elementwise cluster.vq cluster.hierarchy spatial.distance spatial.transform sparse.linalg sparse.csgraph
    differentiate special
"""


def letters() -> dict[str, np.ndarray]:
    """What the letters in the uses stand for."""
    rng = np.random.default_rng(0)
    a, c = rng.uniform(0.5, 2, (2, 8))
    A, B = rng.uniform(0.1, 1, (2, 3, 3)) + np.eye(3)
    X, Y, J = rng.normal(size=(8, 2)), rng.normal(size=(8, 2)), rng.uniform(0, 1, (5, 6))
    return {
        "s": np.array(0.37),
        "p": np.array([0.31, 0.52, 0.74]),
        "b": np.array([1.6, 2.3, 3.2]),
        "w": np.array([0.2, 0.3, 0.5]),
        "d": np.array([0.3, 0.8, 0.5, 1.1, 0.9]),
        "g": rng.uniform(1, 2, 6),
        "a": a,
        "c": c,
        "z": a + 1j * c,
        "A": A,
        "B": B,
        "C": A + 1j * B,
        "S": A @ A.T + np.eye(3),
        "T": np.tril(A),
        "W": A + 2 * np.array([[0], [1], [0]]),
        "Q": np.stack([np.full(8, 0.3), a + 2]),
        "E": A * 5 + 3,
        "X": X,
        "Y": Y,
        "J": J,
        "G": rng.uniform(0, 1, (40, 40)),
        "L": rng.normal(size=40),
        "F": rng.normal(size=(3, 5)) + 0j,
        "O": np.array([[0.3, 0.2, 0.1, 1.0, -0.4, 0.1], [0.5, 0.1, 0.2, 1.0, 0.2, 0.3]]),
        "Z": scipy.cluster.hierarchy.linkage(X),
    }


def constants() -> dict[str, Any]:
    """Names in the uses that stand for constants."""
    rng = np.random.default_rng(1)
    return {
        "np": np,
        **{name: getattr(scipy, name) for name in dir(scipy) if not name.startswith("_")},
        "K": np.arange(8.0),
        "N": np.tile([1, 1, 2, 2, 2, 0], (5, 1)),
        "ipiv": np.array([0, 1, 2]),
        "XC": rng.normal(size=(8, 2)),
        "M": scipy.sparse.csr_array(np.array([[2.0, 0.5, 0.0], [0.5, 3.0, 0.2], [0.0, 0.2, 1.5]])),
        "f_copy": copied,
        "f_second": second_difference,
    }


def copied(line: np.ndarray, out: np.ndarray) -> None:
    out[...] = line[1:-1]


def second_difference(x: Any, axis: int, output: Any, mode: str, cval: float) -> Any:
    return scipy.ndimage.correlate1d(x, [1, -2, 1], axis, output, mode, cval, 0)


def directions(names: list[str]) -> dict[str, np.ndarray]:
    """A direction for the array of each letter, in which it keeps its structure."""
    rng = np.random.default_rng(2)
    found = {name: rng.uniform(0.5, 1, values.shape) for name, values in letters().items()}
    found["S"] = found["S"] + found["S"].T
    found["T"] = np.tril(found["T"])
    found["Q"][0] = 0.1
    found["O"][:, 3] = 0  # the leading coefficients, which are 1
    found["Z"][:, [0, 1, 3]] = 0  # which clusters are joined, and how many they hold
    return {name: found[name] for name in names}


def uses() -> list[str]:
    """Each use that this SciPy has, as text."""
    return [text for text in USES.replace("\n", " ; ").split(" ; ") if text and is_there(text)]


def is_there(text: str) -> bool:
    target: Any = scipy
    path = re.match(r"[a-z]\w*(\.\w+)+", text)
    for part in path[0].split(".") if path else ():
        target = getattr(target, part, None)
    return target is not None


# What became of a call ------------------------------------------------------------------------------------------------


def leaves(y: Any) -> list[Any]:
    """The arrays of floats in a result."""
    if isinstance(y, Tensor):
        return [y]
    if isinstance(y, np.ndarray | np.generic | float | complex):
        return [y] if np.asarray(y).dtype.kind in "fc" else []
    if scipy.sparse.issparse(y):
        return [y.toarray()]
    if isinstance(y, dict):
        y = list(y.values())
    if not isinstance(y, list | tuple):
        y = list(vars(y).values()) if type(y).__module__.startswith("scipy") and hasattr(y, "__dict__") else []
    return [leaf for part in y for leaf in leaves(part)]


def weighted(leaf: Any) -> Any:
    """A real number of an array, in which each finite element has a weight of its own."""
    weights = 0.3 + np.cos(np.arange(leaf.size, dtype=float)).reshape(leaf.shape)
    real = leaf.real + 0.7 * leaf.imag if leaf.dtype.kind == "c" else leaf
    return np.sum(np.where(np.isfinite(leaf.data if isinstance(leaf, Tensor) else leaf), real, 0.0) * weights)


def outcome(call: Callable, arrays: dict[str, np.ndarray], ways: dict[str, np.ndarray], h: float = 1e-6) -> tuple:
    """What became of call(**arrays), with Tensors in place of the arrays, and why; ways are directions to step in."""

    def at(step: float) -> list[np.ndarray]:
        return [
            np.asarray(leaf) for leaf in leaves(call(**{name: v + step * ways[name] for name, v in arrays.items()}))
        ]

    try:
        expected, up, down = at(0.0), at(h), at(-h)
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"
    slopes = [
        (weighted(u) - weighted(v)) / (2 * h) if u.shape == v.shape else 0.0 for u, v in zip(up, down, strict=True)
    ]
    if not any(abs(slope) > 1e-6 for slope in slopes):
        return "flat", ""
    tensors = {name: Tensor(v, name=name) for name, v in arrays.items()}
    try:
        found = leaves(call(**tensors))
    except Exception as error:
        return "error", f"{type(error).__name__}: {error}"
    if len(found) != len(expected):
        return "WRONG", f"{len(found)} arrays, not {len(expected)}"
    loss: Any = 0.0
    slope_of_loss = 0.0
    for leaf, value, slope in zip(found, expected, slopes, strict=True):
        data = np.asarray(leaf.data if isinstance(leaf, Tensor) else leaf)
        if not np.allclose(data, value, rtol=1e-7, atol=1e-9, equal_nan=True):
            return "WRONG", f"{data} is not {value}"
        if isinstance(leaf, Tensor) and leaf.requires_grad:
            loss = loss + weighted(leaf)
            slope_of_loss += slope
        elif abs(slope) > 1e-5 * (1 + abs(weighted(value))):
            return "CONSTANT", f"{value} has slope {slope}"
    try:
        loss.backward()
    except Exception as error:
        return "error", f"backward: {type(error).__name__}: {error}"
    slope = sum(np.sum(np.real(np.conj(t.grad) * ways[name])) for name, t in tensors.items())
    if not abs(slope - slope_of_loss) <= 1e-4 * (1 + abs(slope_of_loss)):
        return "WRONG", f"the slope {slope} is not {slope_of_loss}"
    return "works", ""


def as_constant(value: Any) -> Any:
    return Tensor(value, requires_grad=False) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def outcome_of(text: str) -> tuple:
    """What became of a use."""
    values = letters()
    names = [name for name in values if re.search(rf"(?<![\w.'\"]){name}(?![\w'\"=])", text)]

    def call(**arrays: Any) -> Any:
        given = constants()
        if any(isinstance(array, Tensor) for array in arrays.values()):
            given = {name: as_constant(value) for name, value in given.items()}
        return eval(text, given | arrays)

    # what is searched for moves in steps
    h = 1e-2 if text.startswith("optimize.") and "lambda" in text else 1e-6
    return outcome(call, {name: values[name] for name in names}, directions(names), h)


def survey(wanted: str = "") -> dict[str, tuple]:
    """What became of each use that holds this text."""
    for module in MODULES.split():
        importlib.import_module(f"scipy.{module}")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {text: outcome_of(text) for text in uses() if wanted in text}


if __name__ == "__main__":
    found = survey(*sys.argv[1:2])
    for text, (kind, why) in found.items():
        print(f"{kind:9} {text}   {' '.join(why.split())}")
    by_module = Counter((kind, text.partition(".")[0]) for text, (kind, _) in found.items())
    print(*sorted(by_module.items()), sep="\n")
    print(dict(Counter(kind for kind, _ in found.values())))
