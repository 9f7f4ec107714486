"""tensorgrad.scipy and tensorgrad.special beside JAX's functions of the same names: a test for each module, made from
the table of cases. Value, gradient and second derivative are compared, in float64.

Where JAX lacks a function, an argument or a derivative, it raises an error, and the case is left out; how many are left
is asserted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import re
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case
from helpers import recorded_gradients
from test_derivatives import direction, floating, weights

from tensorgrad import Tensor
from tensorgrad.coverage import distributions, of_scipy

pytest.importorskip("scipy")
jax = pytest.importorskip("jax")
jnp = jax.numpy

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = pytest.mark.slow
# How many values, gradients and second derivatives are compared at least
LEAST = {
    "scipy.integrate": (1, 1, 1),
    "scipy.interpolate": (1, 1, 1),
    "scipy.linalg": (1, 1, 1),
    "scipy.ndimage": (1, 1, 1),
    "scipy.signal": (1, 1, 1),
    "scipy.special": (1, 1, 1),
    "scipy.stats": (1, 1, 1),
}
# The cases in which they differ, and why: patterns of how a case reads
DIFFERENT = {
    r"fftconvolve\(x\(0\)": "JAX gives one element, SciPy none",
}

# What JAX raises where it lacks something
LACKS = (NotImplementedError, TypeError, ValueError, AttributeError, IndexError)

# Programs run once, so the time is that of compiling them
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
compiled = functools.partial(jax.jit, compiler_options=QUICKLY)


def functions() -> dict[int, str]:
    """Which name of SciPy's a function of ours has, by its id."""
    names, of_stats = {}, distributions()
    for module, members in of_scipy().items():
        for name, member in members.items():
            for method in of_stats.get(name, ()) if module == "scipy.stats" else ():
                names[id(getattr(member, method))] = f"{module}.{name}.{method}"
            names.setdefault(id(member), f"{module}.{name}")
    return names


def of_jax(name: str) -> Callable | None:
    """JAX's function of a name of SciPy's."""
    module, *rest = name.removeprefix("scipy.").split(".")
    try:
        return functools.reduce(getattr, rest, importlib.import_module(f"jax.scipy.{module}"))
    except (ImportError, AttributeError):
        return None


def for_jax(function: Any, made: dict[int, Any] | None = None) -> Any:
    """A function of a module of cases, in which `np` is jax.numpy; so it is in those that it calls."""
    made = {} if made is None else made
    if function is np:
        return jnp
    if not isinstance(function, types.FunctionType) or not function.__module__.startswith("cases"):
        return function
    if id(function) not in made:
        names = dict(function.__globals__)
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        new = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
        new.__kwdefaults__ = function.__kwdefaults__
        made[id(function)] = new
        for name in function.__code__.co_names + tuple(nested_names(function.__code__)):
            if name in names:
                names[name] = for_jax(names[name], made)
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = for_jax(old.cell_contents, made)
    return made[id(function)]


def nested_names(code: types.CodeType) -> Iterator[str]:
    """The names that the functions inside a function use."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from constant.co_names
            yield from nested_names(constant)


def parts(y: Any) -> list:
    """The arrays of a result that a loss is made of."""
    flat = [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]
    return [part for part in flat if part.dtype.kind in "fc"]


def total(y: Any, w: list[np.ndarray], module: Any) -> Any:
    """sum(Re(w (y + y^2 / 4))), in NumPy's functions or JAX's."""
    return sum(module.sum(module.real(a * (p + p * p / 4))) for a, p in zip(w, parts(y), strict=True))


def ours(case: Case, values: list[np.ndarray], directions: list[np.ndarray]) -> tuple[list, list, list]:
    """The outputs, the gradients of their total, and the products of its Hessian with the directions."""
    tensors = [Tensor(v) for v in values]
    y = case.call(tensors)
    first = recorded_gradients(total(y, weights(y), np), tensors, directions)
    return [p.data for p in floating(y)], [g.data for g in first], [t.grad for t in tensors]


def theirs(case: Case, function: Callable, values: list[np.ndarray], directions: list[np.ndarray]) -> list[list]:
    """The same of JAX's function, as far as it has them. Its gradients are the conjugates of PyTorch's."""
    like, places = dataclasses.replace(case, of=for_jax(case.of)), tuple(range(len(values)))

    def outputs(*values: Any) -> list:
        return parts(like.call(list(values), function))

    def gradient(*values: Any) -> tuple:
        w = weights([np.zeros(p.shape, p.dtype) for p in jax.eval_shape(outputs, *values)])
        return jax.grad(lambda *values: total(outputs(*values), w, jnp), places)(*values)

    def all_three(*values: Any) -> tuple:
        return outputs(*values), *jax.jvp(gradient, values, tuple(directions))

    def first_two(*values: Any) -> tuple:
        return outputs(*values), gradient(*values)

    for f in (all_three, first_two, lambda *values: (outputs(*values),)):
        with contextlib.suppress(*LACKS):
            y, *derivatives = compiled(f)(*values)
            return [list(map(np.asarray, y)), *[list(map(np.conj, d)) for d in derivatives]]
    return []


def compared(case: Case, function: Callable, found: Counter[int]) -> str:
    """Compare a case, as far as JAX has it, and count in `found`; what differs is returned."""
    values, rng = case.draw(), np.random.default_rng(2)
    directions = [direction(rng, v) for v in values]
    wanted = theirs(case, function, values, directions)
    for order, (mine, others) in enumerate(zip(ours(case, values, directions), wanted, strict=False)):
        if [p.shape for p in mine] != [p.shape for p in others]:
            return f"{case}: the shapes of order {order}: {[p.shape for p in mine]}, JAX {[p.shape for p in others]}"
        for a, b in zip(mine, others, strict=True):
            if not np.allclose(a, b, rtol=1e-7, atol=1e-8 * (1 + np.max(np.abs(a), initial=0)), equal_nan=True):
                return f"{case}: order {order}: {a}, JAX {b}"
        found[order] += 1
    return ""


@pytest.mark.filterwarnings("ignore::UserWarning:jax")  # of complex numbers whose imaginary part is dropped
@pytest.mark.parametrize("module", LEAST)
def test_derivatives_are_jaxs(module: str) -> None:
    names, found, differ = functions(), Counter(), []
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        for case in CASES:
            name = names.get(id(case.func), "")
            function = of_jax(name) if name.startswith(module + ".") else None
            if function and not any(re.search(pattern, repr(case)) for pattern in DIFFERENT):
                differ.append(compared(case, function, found))
    finally:
        jax.config.update("jax_enable_x64", before)
    print(f"{module}: compared {found[0]} values, {found[1]} gradients, {found[2]} second derivatives")
    assert not any(differ), "\n".join(filter(None, differ))
    assert all(found[order] >= least for order, least in enumerate(LEAST[module]))
