"""Which of NumPy's functions have derivatives: `python -m tensorgrad.coverage` prints the page docs/functions.md.

The lists are not kept by hand. Every function that NumPy dispatches, so that a Tensor can answer for it, is found in
the installed NumPy, and looked up in the table of derivatives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from types import ModuleType

import numpy as np

from .calls import described
from .derivatives import COMPOSED, CONSTANT, CREATION, NON_DIFFERENTIABLE, TABLE
from .derivatives.signatures import dispatches

__all__ = ["functions", "kinds", "page"]

MODULES = {
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.fft": np.fft,
    "numpy.lib.stride_tricks": np.lib.stride_tricks,
}

KINDS = {
    "differentiable": "With derivatives",
    "constant": "Constant almost everywhere, or a question: of Tensors they give plain values",
    "creation": "They make arrays: like a Tensor, of floats a Tensor that requires no gradient",
    "non_differentiable": "Without a derivative: a TypeError gives the reason",
}


def functions(module: ModuleType) -> dict[str, Callable]:
    """The functions of a module that NumPy dispatches, by name. (A function may have several: `abs`, `absolute`.)

    >>> "sin" in functions(np), "concatenate" in functions(np), "array" in functions(np)
    (True, True, False)
    """
    if not isinstance(module, ModuleType):
        raise TypeError(f"functions: module must be a module, not {described(module)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some names are deprecated
        members = {name: getattr(module, name) for name in sorted(dir(module)) if not name.startswith("_")}
    return {name: f for name, f in members.items() if dispatches(f)}


def kinds(func: Callable) -> list[str]:
    """In which lists a function is; in one of the lists of KINDS, if all is well.

    >>> kinds(np.sin), kinds(np.argmax), kinds(np.save)
    (['differentiable'], ['constant'], ['non_differentiable'])
    """
    if not callable(func) or not isinstance(func, Hashable):
        raise TypeError(f"kinds: func must be a function, not {described(func)}")
    tables: dict[str, list] = {
        "differentiable": [TABLE, COMPOSED],
        "constant": [CONSTANT],
        "creation": [CREATION],
        "non_differentiable": [NON_DIFFERENTIABLE],
    }
    return [kind for kind, homes in tables.items() for home in homes if func in home]


def page() -> str:
    """docs/functions.md: the counts, then each module's functions by kind."""
    version = ".".join(np.__version__.split(".")[:2])
    found: dict[str, dict[str, list[str]]] = {name: {kind: [] for kind in KINDS} for name in MODULES}
    for module, lists in found.items():
        for name, func in functions(MODULES[module]).items():
            for kind in kinds(func):
                lists[kind].append(name)

    rows = [
        "| | functions | with derivatives | constant or a question | make arrays | without a derivative |",
        "|---|---|---|---|---|---|",
    ]
    for module, lists in found.items():
        numbers = [len(names) for names in lists.values()]
        rows.append(f"| {module} | {sum(numbers)} | {' | '.join(map(str, numbers))} |")

    sections = []
    for module, lists in found.items():
        sections.append(f"## {module}")
        for kind, names in lists.items():
            if names:
                sections.append(f"**{KINDS[kind]}**: {', '.join(f'`{name}`' for name in names)}.")
    return "\n\n".join([HEAD.format(version=version), "\n".join(rows), NOTE, *sections]) + "\n"


HEAD = """# Which functions work

All functions of NumPy {version} that let other arrays answer for them, counted by name. This page is made by a command,
`python -m tensorgrad.coverage > docs/functions.md`, and a test holds it to what the library does."""

NOTE = """Keyword arguments (`axis`, `keepdims`, `where`, `initial`, `dtype` and so on) are honoured, or raise an error;
`out=` must be a Tensor that can be assigned into. The methods `reduce`, `accumulate`, `reduceat`, `outer` and `at` of
ufuncs with derivatives have derivatives, too.

NumPy looks for Tensors in a function's main arguments only. Among the numbers of a list, as in `np.array([t, u])` or
`np.sum([t, u])`, or in what is assigned to an array, it asks them for their numbers, which is a TypeError.
[leaving.md](leaving.md) has the whole list.

The functions of `scipy.special` that have derivatives are listed in `tensorgrad/special/__init__.py`."""


if __name__ == "__main__":
    print(page(), end="")
