"""Which cases of the table Dask's arrays compute, and what Tensors over them give: `python test/survey_dask.py` counts.

A case is one of Dask's if NumPy's function, called with Dask's arrays, gives one of Dask's arrays, with NumPy's numbers
and without a warning that Dask has no such function.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
from cases import CASES, Case, name_of

from tensorgrad import Tensor
from tensorgrad.engine import backpropagate

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

SURVEYED = [case for case in CASES if not case.of_scipy and not case.assigns and case.variables]


class ComputedError(Exception):
    """Something asked for numbers before they were asked for."""


def none_now(*args: Any, **kwargs: Any) -> Any:
    """A scheduler that computes nothing."""
    raise ComputedError


def parts(y: Any) -> list:
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def unknown(y: Any) -> bool:
    return any(n != n for n in y.shape)


def loss(outputs: list, kind: Any, weighted: bool) -> Tensor:
    """The sum of Re(w (y + y^2 / 4)), where all lengths are known with weights w."""
    total = Tensor(kind(np.zeros(())))
    for y in outputs:
        w: Any = 1.0
        if weighted:
            w = np.random.default_rng(1).uniform(0.5, 1.5, y.shape) * (1 + 0.5j if y.dtype.kind == "c" else 1)
            w = kind(np.asarray(w, y.dtype))
        total = total + np.sum(np.real(w * (y + y * y / 4)))
    return total


def results(case: Case, kind: Any, weighted: bool | None, twice: bool) -> tuple[list, bool]:
    """The Tensors that a case gives, and the gradients of a loss of them, and of a loss of these; and whether the loss
    had weights."""
    given = [Tensor(kind(a)) for a in case.draw()]
    outputs = [y for y in parts(case.call(given)) if isinstance(y, Tensor) and y.requires_grad]
    if weighted is None:
        weighted = not any(map(unknown, outputs))
    total = loss(outputs, kind, weighted)
    total.backward()
    found = [y.data for y in outputs] + [t.grad for t in given]
    if twice and case.twice:
        grads = backpropagate(total, np.ones_like(total.data), create_graph=True)
        for t in given:
            t.grad = None
        again = loss([grads[t] for t in given if t in grads], kind, weighted)
        if again.requires_grad:
            again.backward()
            found += [t.grad for t in given]
    return found, weighted


def numbers(y: Any) -> Any:
    with dask.config.set(scheduler="synchronous"):
        return y.compute(optimize_graph=False) if isinstance(y, da.Array) else y


def alike(lazy: list, arrays: list) -> bool:
    """Whether these are Dask's arrays, with the numbers of NumPy's."""
    for a, b in zip(lazy, arrays, strict=True):
        if isinstance(b, np.ndarray | np.generic):
            a, size = numbers(a) if isinstance(a, da.Array) else None, np.max(np.abs(b), initial=1e-3)
            if a is None or np.shape(a) != np.shape(b):
                return False
            if not np.allclose(a, b, rtol=1e-9, atol=1e-10 * (size if np.isfinite(size) else 1), equal_nan=True):
                return False
    return True


def in_chunks(length: int) -> Any:
    return lambda a: da.from_array(a, chunks=length)


CHUNKS = (2, -1)  # as a whole where the first won't do, as for a Fourier transform


def dask_computes(case: Case) -> Any:
    """Whether Dask itself computes a case, and in which chunks; None if it doesn't."""
    expected = parts(case.call(case.draw()))
    for length in CHUNKS:
        try:
            if alike(parts(case.call([in_chunks(length)(a) for a in case.draw()])), expected):
                return length
        except Exception:  # whatever Dask raises
            continue
    return None


def outcome(case: Case, length: int, twice: bool) -> str:
    """ "right", "computed" (before anything was asked for), "wrong", or the error."""
    try:
        with dask.config.set(scheduler=none_now):
            lazy, weighted = results(case, in_chunks(length), None, twice)
        arrays, _ = results(case, np.asarray, weighted, twice)
        return "right" if alike(lazy, arrays) else "wrong"
    except Exception as error:  # what is counted here
        error = error if not isinstance(error.__cause__, ComputedError) else error.__cause__
        return "computed" if isinstance(error, ComputedError) else f"{type(error).__name__}: {error}"


def survey(cases: list[Case], twice: bool = False) -> Iterator[tuple[Case, int | None, str]]:
    """Each case, the chunks in which Dask computes it, if it does, and the outcome of Tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*not implemented by Dask.*", category=FutureWarning)
        for case in cases:
            length = dask_computes(case)
            yield case, length, outcome(case, CHUNKS[0] if length is None else length, twice)


if __name__ == "__main__":
    counts: Counter[tuple[bool, str]] = Counter()
    for case, length, found in survey([c for c in SURVEYED if not sys.argv[1:] or name_of(c.func) in sys.argv[1:]]):
        kind = found if found in ("right", "wrong", "computed") else "error"
        counts[length is not None, kind] += 1
        if length is not None and kind != "right":
            print(f"{case}: {found[:150]}")
    for (own, kind), n in sorted(counts.items()):
        print("Dask computes it" if own else "Dask doesn't", kind, n)
