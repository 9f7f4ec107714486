"""Formulas of the rules of distributions of one variable: made from what their tables tell, as the rules are.

With z = (x - loc) / scale, and what the table tells of the density f: its score s, and for each shape parameter its
score, or m = dz / dshape while F(z) stays the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..derivatives.formulas import formula

TINY, BELOW_ONE = 1e-150, 2.0**-53  # what is added to 0, or taken from 1, to be inside

# Of the variate, loc, scale, and a shape parameter: the sign and the rest of the derivative of log f, and of how far
# the variate would have to be moved for what the argument does to F
_SLOPES = {"x": ("", "s / scale"), "loc": ("-", "s / scale"), "scale": ("-", "(1 + z * s) / scale"), "": ("", "s")}
_SHIFTS = {"x": ("", "1"), "loc": ("-", "1"), "scale": ("-", "z"), "": ("-", "scale * m")}
_SIGNS = {("", ""): "", ("", "-"): "-", ("-", ""): "-", ("-", "-"): ""}


def _inside_text(z: Any, low: Any, high: Any) -> str:
    text = "where(z == 0, 1e-150, z)" if np.any((z == 0) & (low == 0)) else "z"
    return f"where(z == 1, 1 - 2**-53, {text})" if np.any((z == 1) & (high == 1)) else text


@formula(_inside_text)
def inside(z: Any, low: Any, high: Any) -> Any:
    """z, and where it is on an edge of 0 or 1 the nearest number inside (or for 0, one so small that it makes no
    difference, and whose inverse is finite)."""
    return z + (np.where((z == 0) & (low == 0), TINY, 0) - np.where((z == 1) & (high == 1), BELOW_ONE, 0))


@formula(lambda k, loc: "floor(subtract(k, loc))" if np.any(loc) else "floor(k)")
def since(k: Any, loc: Any) -> Any:
    return np.floor(np.subtract(k, loc))


@formula("1")
def ones(z: Any) -> Any:
    return np.ones(np.shape(z))


@formula("0")
def zeros(z: Any) -> Any:
    return np.zeros(np.shape(z))


def with_formula(
    rule: Callable,
    text: Callable,
    first: inspect.Parameter,
    parameters: Sequence[inspect.Parameter],
    functions: dict[str, Callable],
    letters: dict[str, str],
) -> Callable:
    """A rule of (g, y, variate, *parameters), with its formula, in which functions of these names stand."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [inspect.Parameter(name, kind) for name in ("g", "y")]
    known = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=f) for n, f in functions.items()]
    rule.__signature__ = inspect.Signature([*own, first, *parameters, *known])  # type: ignore[attr-defined]
    return formula(text, **letters)(rule)


def continuous(method: str, argument: str, shapes: Sequence[str], has_hazard: bool, standard: Callable) -> tuple:
    """The formula of the rule of a function of a continuous distribution, and its letters.

    argument: the one that it is the rule of, "x" for the variate. standard(*args) gives z, the shape parameters, scale,
    and where x is outside the support.
    """
    names, kind = "".join(f", {name}" for name in shapes), "" if argument in shapes else argument
    is_quantile, sign = method in ("ppf", "isf"), "-" if method in ("sf", "logsf", "isf") else ""
    x = "y" if is_quantile else "x"
    letters = {
        "z": f"inside(({x} - loc) / scale, low, high)",
        "outside": "(z < low) | (z > high) | isinf(z)",
        "s": f"score(z{names})",
        "m": f"quantile_grad(z{names})",
        "f": f"pdf({x}{names}, loc, scale)",
        "r": f"hazard(z{names}) / scale" if has_hazard else f"exp(logpdf(x{names}, loc, scale) - y)",
    }  # fmt: skip
    turned, rest = (_SLOPES if method in ("logpdf", "pdf") else _SHIFTS)[kind]
    if "s" in shapes:
        letters["u"], rest = letters.pop("s"), rest.replace("s", "u").replace("ucale", "scale")

    def text(g: Any, y: Any, *args: Any, **functions: Any) -> str | None:
        z, *_, outside = standard((y, *args[1:]) if is_quantile else args)
        if method == "logpdf":
            found = f"{turned}g * {rest}"
        elif method == "pdf":
            edge = np.any(~outside & (z != (args[0] - args[-2]) / args[-1]))
            density = f"where(z != (x - loc) / scale, pdf(z{names}) / scale, y)" if edge else "y"
            found = f"{turned}g * product({density}, {rest})"
        elif is_quantile and kind == "x":
            return f"{sign}g / f"
        elif is_quantile:
            found = f"g * {rest}"
        elif method in ("cdf", "sf"):
            found = f"{_SIGNS[sign, turned]}g * product(f, {rest})"
        elif not has_hazard and np.any(np.isneginf(y) & ~outside):
            return None  # F has underflowed: an integral over its tail takes its place
        else:
            found = f"{_SIGNS[sign, turned]}g * product(r, {rest})"
        if np.any(np.isnan(y)):
            found = f"where(isnan(y), nan, {found})"
        return f"where(outside, 0, {found})" if np.any(outside) else found

    return text, letters


def discrete(method: str, shapes: Sequence[str], edges: Sequence[tuple], standard: Callable) -> tuple:
    """The same of a discrete distribution. edges: those that each shape parameter may be on, None where it may not."""
    inner = "".join(
        f", {n}" if low is None and high is None else f", inside({n}, {low}, {high})"
        for n, (low, high) in zip(shapes, edges, strict=True)
    )
    sign = "" if method in ("sf", "logsf") else "-"
    letters = {
        "j": "since(k, loc)",
        "s": f"score(j{inner})",
        "m": f"quantile_grad(j{inner})",
        "constant": f"(j < support({', '.join(shapes)})[0]) | (j >= support({', '.join(shapes)})[1])",
        "f": f"pmf(j{inner})",
        "r": f"exp(logpmf(j{inner}) - y)",
    }

    def text(g: Any, y: Any, k: Any, *args: Any, **functions: Any) -> str | None:
        _, moved, constant = standard((k, *args))
        if method == "logpmf":
            found = "where(isneginf(y), 0, g * s)" if np.any(np.isneginf(y)) else "g * s"
            return f"where(isnan(y), nan, {found})" if np.any(np.isnan(y)) else found
        if method == "pmf":
            on_edge = any(np.any(p != shape) for p, shape in zip(args, moved, strict=False))
            return f"g * product({f'pmf(k{inner}, loc)' if on_edge else 'y'}, s)"
        if method in ("cdf", "sf"):
            found = f"{sign}g * product(f, m)"
        elif np.any(np.isneginf(y) & ~constant):
            return None  # F has underflowed: a sum over its tail takes its place
        else:
            found = f"{sign}g * product(r, m)"
        return f"where(constant, 0, {found})" if np.any(constant) else found

    return text, letters
