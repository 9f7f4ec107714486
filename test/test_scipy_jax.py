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
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case
from helpers import recorded_gradients
from test_derivatives import direction, floating, gradients, loss, weights

from tensorgrad import Tensor
from tensorgrad.coverage import distributions, of_scipy

pytest.importorskip("scipy")

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = pytest.mark.slow

# How many values, gradients and second derivatives are compared at least
LEAST = {
    "scipy.integrate": (5, 5, 5),
    "scipy.interpolate": (2, 2, 2),
    "scipy.linalg": (110, 90, 90),
    "scipy.ndimage": (5, 5, 5),
    "scipy.signal": (30, 30, 30),
    "scipy.special": (110, 110, 100),
    "scipy.stats": (100, 90, 80),
}
MOST = 6  # so many cases of a function are compared; of one that has more, some
# The cases in which they differ, and why: patterns of how a case reads
DIFFERENT = {
    r"cho_factor\(": "what stands in the other triangle is arbitrary",
    r"fftconvolve\(x\(0\)": "JAX gives one element, SciPy none",
    r"multivariate_normal\.\w+\(x\(2, 1, 3\)": "SciPy drops axes of length 1, JAX doesn't",
    r"map_coordinates\(.*mode='(constant|wrap)'": "JAX fades to cval beyond the ends, and wraps at another length",
    r"qr\(x\(2, 4.*pivoting=True": "JAX's gradient of wide matrices isn't that of differences",
    r"solve\(x\(.*complex.*assume_a='pos'": "JAX's gradient of complex matrices isn't that of differences",
    r"RegularGridInterpolator\(\(\[0\.0, 0\.6, 1\.5\], \[3\.0": "JAX wants points that increase",
    r"spence\(x": "JAX's derivative is nan below 1, and 0 at 1",
    r"i1\(x\(\[0\.0": "JAX's second derivative at 0 is 1; it is 0 (DLMF 10.25.2)",
    r"log_ndtr\(x\(\[-1000\.0": "JAX's second derivative has 5 digits there",
    r"boxcox.*x\(\[-0\.5, -0\.0001, 0\.0": "JAX's derivative in lmbda is 0 where lmbda is 0; it is log(x)^2 / 2",
    r"poch\(x\(\[-4\.0": "JAX gives nan, SciPy a number",
    r"expn\(0, x": "JAX's derivative is nan below 0",
    r"logsumexp\(x\(3\), b=x\(\[0\.0": "JAX's derivative in b is 0 where b is 0; it isn't",
}

# What JAX raises where it lacks something
LACKS = (NotImplementedError, TypeError, ValueError, AttributeError, IndexError)


@functools.cache
def jax() -> Any:
    """JAX, imported when a test runs: once it is there, it warns of every fork, which other tests make."""
    return pytest.importorskip("jax")


def compiled(f: Callable) -> Callable:
    """Programs run once, so the time is that of compiling them."""
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jax().jit(f, compiler_options=options)


def functions() -> dict[int, str]:
    """Which name of SciPy's a function of ours has, by its id."""
    names, of_stats = {}, distributions()
    for module, members in of_scipy().items():
        for name, member in members.items():
            for method in of_stats.get(name, ()) if module == "scipy.stats" else ():
                names[id(getattr(member, method))] = f"{module}.{name}.{method}"
            names.setdefault(id(member), f"{module}.{name}")
    return names


def cases_of(module: str) -> dict[str, list[Case]]:
    """The cases of each function of a module, but for those in which JAX's differ."""
    names, found = functions(), defaultdict(list)
    for case in CASES:
        name = names.get(id(case.func), "")
        if name.startswith(module + ".") and not any(re.search(pattern, repr(case)) for pattern in DIFFERENT):
            found[name].append(case)
    return found


def of_jax(name: str) -> Callable | None:
    """JAX's function of a name of SciPy's."""
    module, *rest = name.removeprefix("scipy.").split(".")
    try:
        return functools.reduce(getattr, rest, importlib.import_module(f"jax.scipy.{module}"))
    except (ImportError, AttributeError):
        return None


class NumPyOfJax:
    """jax.numpy, whose eye and identity take `like`, and do without."""

    def eye(self, *args: Any, like: Any = None) -> Any:
        return jax().numpy.eye(*args)

    def identity(self, *args: Any, like: Any = None) -> Any:
        return jax().numpy.identity(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(jax().numpy, name)


def for_jax(function: Any, made: dict[int, Any] | None = None) -> Any:
    """A function of a module of cases, in which `np` is jax.numpy; so it is in those that it calls."""
    made = {} if made is None else made
    if function is np:
        return NumPyOfJax()
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


def with_arrays(value: Any) -> Any:
    """Lists of floats as arrays: JAX takes no others."""
    if isinstance(value, list) and value and all(isinstance(v, float) for v in value):
        return np.array(value)
    return type(value)([with_arrays(v) for v in value]) if type(value) in (list, tuple) else value


def loss_in_jax(y: Any, w: list[np.ndarray]) -> Any:
    """test_derivatives.loss, in JAX's functions."""
    return sum(jax().numpy.sum(jax().numpy.real(a * (p + p * p / 4))) for a, p in zip(w, parts(y), strict=True))


def ours(case: Case, values: list[np.ndarray], directions: list[np.ndarray]) -> list[list]:
    """The outputs, the gradients of their total, and the products of its Hessian with the directions, if it has one."""
    y = case.call(tensors := [Tensor(v) for v in values])
    found = [[p.data for p in floating(y)], gradients(case, values)]
    if case.twice:
        recorded_gradients(loss(y, weights(y)), tensors, directions)
        found.append([t.grad for t in tensors])
    return found


def theirs(case: Case, function: Callable, values: list[np.ndarray], directions: list[np.ndarray]) -> list[list]:
    """The same of JAX's function, as far as it has them. Its gradients are the conjugates of PyTorch's."""
    like = dataclasses.replace(case, of=for_jax(case.of), args=with_arrays(case.args))
    places = tuple(range(len(values)))

    def outputs(*values: Any) -> list:
        return parts(like.call(list(values), function))

    def gradient(*values: Any) -> tuple:
        w = weights([np.zeros(p.shape, p.dtype) for p in jax().eval_shape(outputs, *values)])
        return jax().grad(lambda *values: loss_in_jax(outputs(*values), w), places)(*values)

    def all_three(*values: Any) -> tuple:
        return outputs(*values), *jax().jvp(gradient, values, tuple(directions))

    def first_two(*values: Any) -> tuple:
        return outputs(*values), gradient(*values)

    for f in (all_three, first_two, lambda *values: (outputs(*values),)):
        with contextlib.suppress(*LACKS):
            y, *derivatives = compiled(f)(*values)
            return [list(map(np.asarray, y)), *[list(map(np.conj, d)) for d in derivatives]]
    return []


def of_symmetric(function: Callable, like: Any) -> Callable:
    """A function of Hermitian matrices (with assume_a="sym": symmetric ones), called with others: `like` is NumPy, or
    JAX's."""

    def of(a: Any, *args: Any, **kwargs: Any) -> Any:
        transposed = like.swapaxes(a, -1, -2)
        other = transposed if kwargs.get("assume_a") == "sym" else like.conj(transposed)
        return function((a + other) / 2, *args, **kwargs)

    return of


def is_of_symmetric(case: Case) -> bool:
    """Whether the function reads one triangle, where JAX reads both, and takes their mean."""
    name, of_half = case.func.__name__, case.kwargs.get("assume_a") in ("sym", "her", "pos")
    return name in ("cholesky", "eigh") or (name == "solve" and of_half)


def compared(case: Case, function: Callable, found: Counter[int]) -> str:
    """Compare a case, as far as JAX has it, and count in `found`; what differs is returned."""
    text, values, rng = repr(case), case.draw(), np.random.default_rng(2)
    if is_of_symmetric(case):
        case, function = (
            dataclasses.replace(case, func=of_symmetric(case.func, np)),
            of_symmetric(function, jax().numpy),
        )
    directions = [direction(rng, v) for v in values]
    wanted = theirs(case, function, values, directions)
    for order, (mine, others) in enumerate(zip(ours(case, values, directions), wanted, strict=False)):
        if [p.shape for p in mine] != [p.shape for p in others]:
            return f"{text}: the shapes of order {order}: {[p.shape for p in mine]}, JAX {[p.shape for p in others]}"
        for a, b in zip(mine, others, strict=True):
            if not np.allclose(a, b, rtol=1e-7, atol=1e-8 * (1 + np.max(np.abs(a), initial=0)), equal_nan=True):
                return f"{text}: order {order}: {a}, JAX {b}"
        found[order] += 1
    return ""


@pytest.mark.filterwarnings("ignore::UserWarning:jax")  # of complex numbers whose imaginary part is dropped
@pytest.mark.parametrize("module", LEAST)
def test_derivatives_are_jaxs(module: str) -> None:
    found, differ = Counter(), []
    before = jax().config.jax_enable_x64
    jax().config.update("jax_enable_x64", True)
    try:
        for name, cases in cases_of(module).items():
            if function := of_jax(name):
                before_these = found[0]
                for i in np.random.default_rng(0).permutation(len(cases)):
                    if found[0] - before_these < MOST:
                        differ.append(compared(cases[i], function, found))
    finally:
        jax().config.update("jax_enable_x64", before)
    print(f"{module}: compared {found[0]} values, {found[1]} gradients, {found[2]} second derivatives")
    assert not any(differ), "\n".join(filter(None, differ))
    assert all(found[order] >= least for order, least in enumerate(LEAST[module]))
