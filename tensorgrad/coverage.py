"""Which functions of NumPy and SciPy have derivatives: `python -m tensorgrad.coverage` prints docs/functions.md.

The lists are not kept by hand. Every function that NumPy dispatches, so that a Tensor can answer for it, is found in
the installed NumPy, and looked up in the table of derivatives. Those of SciPy are what the modules of
`tensorgrad.scipy` have; SciPy is imported only when they are asked for.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Hashable
from types import ModuleType

import numpy as np

from .calls import described
from .derivatives import COMPOSED, CONSTANT, CREATION, NON_DIFFERENTIABLE, OWN, TABLE
from .derivatives.signatures import dispatches

__all__ = ["distributions", "functions", "kinds", "of_scipy", "others_of_scipy", "page"]

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


def of_scipy() -> dict[str, dict[str, Callable]]:
    """The functions, classes and distributions of each module of `tensorgrad.scipy`, by SciPy's names.

    Raises:
        ImportError: SciPy isn't installed.

    >>> "gammaln" in of_scipy()["scipy.special"], "norm" in of_scipy()["scipy.stats"]
    (True, True)
    """
    package = importlib.import_module(".scipy", __package__)
    modules = {f"scipy.{name}": importlib.import_module(f".{name}", package.__name__) for name in package.__all__}
    return {name: callables(module) for name, module in modules.items()}


def others_of_scipy(module: str) -> list[str]:
    """The names of the functions, classes and distributions that a module of SciPy has, and `tensorgrad.scipy` hasn't.

    Raises:
        ValueError: there is no such module of SciPy in `tensorgrad.scipy`.

    >>> "hadamard" in others_of_scipy("scipy.linalg"), "solve" in others_of_scipy("scipy.linalg")
    (True, False)
    """
    ours = of_scipy()
    if not isinstance(module, str) or module not in ours:
        raise ValueError(f"others_of_scipy: module must be one of {', '.join(ours)}, not {described(module)}")
    return sorted(callables(importlib.import_module(module)).keys() - ours[module].keys())


def callables(module: ModuleType) -> dict[str, Callable]:
    """What a module lists in `__all__` and can be called, but for errors and warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some names are deprecated
        members = {name: getattr(module, name) for name in sorted(set(module.__all__))}
    return {
        name: member
        for name, member in members.items()
        if callable(member) and not (isinstance(member, type) and issubclass(member, BaseException))
    }


def distributions() -> dict[str, dict[str, list[str]]]:
    """For each distribution of `tensorgrad.scipy.stats` its functions that have derivatives, and in which arguments.

    >>> distributions()["poisson"]["logpmf"], distributions()["t"]["ppf"]
    (['mu'], ['q', 'df', 'loc', 'scale'])
    """
    names = of_scipy()["scipy.stats"]
    found: dict[str, dict[str, list[str]]] = {}
    for primitive in list(OWN.values()):
        distribution, dot, function = primitive.name.partition(".")
        if dot and distribution in names:
            arguments = zip(primitive.signature.parameters, primitive.rules, strict=False)
            found.setdefault(distribution, {})[function] = [name for name, rule in arguments if rule]
    return found


def page() -> str:
    """docs/functions.md: the counts, then each module's functions by kind.

    Raises:
        ImportError: SciPy isn't installed, whose functions are a part of the page.
    """
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
                sections.append(f"**{KINDS[kind]}**: {in_code(names)}.")
    for module, members in of_scipy().items():
        sections += [f"## {module}", *section_of_scipy(module, list(members))]

    head = HEAD.format(numpy=version_of("numpy"), scipy=version_of("scipy"))
    return "\n\n".join([head, "\n".join(rows), NOTE, "\n".join(rows_of_scipy()), NOTE_OF_SCIPY, *sections]) + "\n"


def rows_of_scipy() -> list[str]:
    """The table of counts of SciPy's modules."""
    rows = ["| | with derivatives | only in SciPy |", "|---|---|---|"]
    for module, members in of_scipy().items():
        rows.append(f"| {module} | {len(members)} | {len(others_of_scipy(module))} |")
    return rows


def section_of_scipy(module: str, names: list[str]) -> list[str]:
    """What the page says of one of SciPy's modules: its functions, and its distributions in a table."""
    of_stats = distributions() if module == "scipy.stats" else {}
    rows = ["| distribution | functions, and the arguments in which they have derivatives |", "|---|---|"]
    for name in names:
        if name not in of_stats:
            continue
        alike: dict[str, list[str]] = {}
        for function, arguments in of_stats[name].items():
            alike.setdefault(", ".join(arguments), []).append(function)
        groups = [f"{', '.join(group)} in {arguments}" for arguments, group in alike.items()]
        rows.append(f"| `{name}` | {'; '.join(groups)} |")
    others = [name for name in names if name not in of_stats]
    listed = [f"**{KINDS['differentiable']}**: {in_code(others)}."] if others else []
    return listed + (["\n".join(rows)] if of_stats else [])


def in_code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def version_of(package: str) -> str:
    return ".".join(importlib.import_module(package).__version__.split(".")[:2])


HEAD = """# Which functions work

All functions of NumPy {numpy} that let other arrays answer for them, and those of SciPy {scipy} that
have derivatives, counted by name. `python -m tensorgrad.coverage` prints this page for the versions that are
installed."""

NOTE = """Keyword arguments (`axis`, `keepdims`, `where`, `initial`, `dtype` and so on) are honoured, or raise an error;
`out=` must be a Tensor that can be assigned into. The methods `reduce`, `accumulate`, `reduceat`, `outer` and `at` of
ufuncs with derivatives have derivatives, too.

NumPy looks for Tensors in a function's main arguments only. Among the numbers of a list, as in `np.array([t, u])` or
`np.sum([t, u])`, or in what is assigned to an array, it asks them for their numbers, which is a TypeError.
[What leaves the graph](leaving.md) has the whole list."""

NOTE_OF_SCIPY = """These functions, classes and distributions of SciPy are those of [tensorgrad.scipy](scipy.md): take
`scipy.linalg.solve` from `tensorgrad.scipy.linalg`, and so on. What only SciPy has is no attribute there; SciPy's own
refuses a Tensor that requires a gradient, when it asks for its numbers."""


if __name__ == "__main__":
    print(page(), end="")
