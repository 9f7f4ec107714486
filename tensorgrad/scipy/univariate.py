"""Distributions of one variable: a table of scores, from which every function of one gets its rules.

A continuous distribution has a density f of z = (x - loc) / scale, and its table tells of f alone: the score
d log f / dz, and for each shape parameter the score d log f / dshape, and the gradient of a quantile: dz / dshape
while F(z) stays the same. With s, k and m for these three, and h for scale, the rest is the same for all:

    d logpdf = s dz + k dshape - dh / h,   where dz = (dx - dloc - z dh) / h
    d cdf    = f (dz - m dshape)
    d ppf    = h (dp / f + m dshape) + dloc + z dh      (of F(z) = p, the implicit function theorem)

Outside its support a density is 0, and so are all of its derivatives. On an edge of the support they are those of the
nearest number inside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..batch import elementwise, highest_level, holds_batch
from ..special.ufuncs import product
from ..tensor import Tensor, data_of
from .density_formulas import continuous, discrete, inside, since, with_formula
from .distributions import Distribution, as_double
from .quantile_grads import end, tail
from .recording import recorded

MANY = 2000  # so many terms of a sum over a tail


class Shape(NamedTuple):
    """What the table tells of a shape parameter, in functions of z and of all shape parameters.

    score is d log f / dshape, quantile_grad is dz / dshape while F(z) stays the same; of a discrete distribution, it is
    -(dF / dshape) / f. None, where there is no derivative. edges are those of 0 and 1 that the parameter may be, though
    the logarithm isn't finite there: derivatives are taken inside.
    """

    score: Callable | None
    quantile_grad: Callable | None = None
    edges: tuple[int, ...] = ()


def at_once(function: Callable) -> Callable:
    """Decorator: a function of numbers, which broadcasts, is called once with a batch, with the stack of its arrays."""

    def of_stacks(*args: Any, **kwargs: Any) -> Any:
        if holds_batch(args) and not any(isinstance(arg, Tensor) for arg in args):
            return elementwise(highest_level(args), of_stacks, *args, **kwargs)
        return function(*args, **kwargs)

    return of_stacks


class Univariate(Distribution):
    """What continuous and discrete distributions have in common: rules of arguments (variate, *shapes, *place)."""

    _place: tuple[tuple[str, int], ...]
    _reason: str  # why some arguments have no derivative
    _has_rules: tuple[bool, ...]  # whether the variate, and the place, have derivatives

    def __init__(self, name: str, *shapes: Shape):
        super().__init__(name)
        self._shapes = shapes
        names = (self._scipy.shapes or "").replace(",", " ").split()
        parameter, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
        place = [parameter(n, kind, default=default) for n, default in self._place]
        self._parameters = inspect.Signature([*(parameter(n, kind) for n in names), *place])
        self._names = list(self._parameters.parameters)

    def _enter(self, method: str, variate: str, rule: Callable, scores: bool = False) -> None:
        """Set a function of the distribution: SciPy's own computes it, rule(i, g, y, *args) is that of argument i."""
        of_scipy = getattr(self._scipy, method)

        @at_once
        def function(*args: Any, **kwargs: Any) -> Any:
            return of_scipy(*args, **kwargs)

        first = inspect.Parameter(variate, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        function.__name__ = function.__qualname__ = f"{self.name}.{method}"
        function.__doc__ = of_scipy.__doc__
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [first, *self._parameters.parameters.values()]
        )
        of_shapes = [(shape.score if scores else shape.quantile_grad) is not None for shape in self._shapes]
        known = [self._has_rules[0], *of_shapes, *self._has_rules[1:]]
        rules = [self._rule(method, i, first, rule) if has else None for i, has in enumerate(known)]
        setattr(self, method, recorded(function, *rules, reason=self._reason))

    def _rule(self, method: str, i: int, first: inspect.Parameter, rule: Callable) -> Callable:
        """The rule of argument i of a function, with its formula."""
        text, letters, functions = self._formula(method, i)
        gradient = at_once(functools.partial(rule, i))
        return with_formula(gradient, text, first, list(self._parameters.parameters.values()), functions, letters)

    def _formula(self, method: str, i: int) -> tuple[Callable, dict[str, str], dict[str, Any]]:
        """The formula of the rule of argument i, the letters in it, and what functions in it are."""
        raise NotImplementedError

    def _arguments(self, args: Sequence[Any]) -> list[Any]:
        """All arguments, those that were left out by their defaults."""
        missing = 1 + len(self._names) - len(args)
        defaults = [default for _, default in self._place]
        return [as_double(arg) for arg in (*args, *defaults[len(defaults) - missing :])]


class Continuous(Univariate):
    """A family of densities of (x - loc) / scale.

    lower is f / F, and upper f / (1 - F), where a closed form is known: it keeps its digits where the tail underflows.
    support: the edges, if they depend on the shape parameters.
    """

    _place = (("loc", 0), ("scale", 1))
    _reason = "none in closed form is known"
    _has_rules = (True, True, True)

    def __init__(
        self,
        name: str,
        score: Callable,
        *shapes: Shape,
        lower: Callable | None = None,
        upper: Callable | None = None,
        support: Callable | None = None,
    ):
        super().__init__(name, *shapes)
        self._score, self._support, self._hazards = score, support, {1: lower, -1: upper}
        self._enter("logpdf", "x", lambda i, g, y, *args: g * self._slope(i, y, args), scores=True)
        self._enter("pdf", "x", self._of_pdf, scores=True)
        for sign, cdf, ppf in ((1, "cdf", "ppf"), (-1, "sf", "isf")):
            self._enter(cdf, "x", functools.partial(self._of_cdf, sign))
            self._enter(f"log{cdf}", "x", functools.partial(self._of_log_cdf, sign))
            self._enter(ppf, "q", functools.partial(self._of_quantile, sign))

    def _formula(self, method: str, i: int) -> tuple[Callable, dict[str, str], dict[str, Any]]:
        shapes = self._names[:-2]
        shape = self._shapes[i - 1] if 0 < i <= len(shapes) else Shape(self._score)
        hazard = self._hazards[-1 if method == "logsf" else 1] if method in ("logcdf", "logsf") else None
        argument = "x" if i == 0 else self._names[i - 1]
        functions = {"score": shape.score, "quantile_grad": shape.quantile_grad, "hazard": hazard, "product": product}
        functions |= {name: getattr(self, name, None) for name in ("pdf", "logpdf")} | {"inside": inside}
        if self._support is None:
            functions |= {"low": self._scipy.a, "high": self._scipy.b}
        text, letters = continuous(method, argument, shapes, hazard is not None, self._standard)
        if self._support is not None:
            low, high = shapes
            letters = {n: t.replace("low", low).replace("high", high) for n, t in letters.items()}
        return text, letters, functions

    def _standard(self, args: Sequence[Any]) -> tuple[Any, list[Any], Any, Any]:
        """z, the shape parameters, scale, and where x is outside the support; z is inside everywhere."""
        x, *shapes, loc, scale = self._arguments(args)
        z = (x - loc) / scale
        low, high = map(data_of, self._support(*shapes) if self._support else (self._scipy.a, self._scipy.b))
        outside = (z < low) | (z > high) | np.isinf(z)
        return np.where(outside, np.clip(0.5, low, high), inside(z, low, high)), shapes, scale, outside

    def _inside(self, args: Sequence[Any], z: Any, outside: Any) -> list[Any]:
        """The arguments with an x inside the support everywhere."""
        x, *parameters = self._arguments(args)
        return [np.where(outside, parameters[-2] + parameters[-1] * z, x), *parameters]

    def _slope(self, i: int, y: Any, args: Sequence[Any]) -> Any:
        """The derivative of logpdf in argument i; nan where the distribution isn't defined."""
        z, shapes, scale, outside = self._standard(args)
        if 0 < i <= len(shapes):
            slope = self._shapes[i - 1].score(z, *shapes)  # type: ignore[misc]
        else:
            s = self._score(z, *shapes)
            slope = (s if i == 0 else -s if i == len(shapes) + 1 else -1 - z * s) / scale
        return np.where(outside, 0, np.where(np.isnan(y), np.nan, slope))

    def _of_pdf(self, i: int, g: Any, y: Any, *args: Any) -> Any:
        """On an edge, where f may be 0 or infinite, and its derivative not, f is taken inside, too."""
        z, shapes, scale, outside = self._standard(args)
        x, *_, loc, _ = self._arguments(args)
        edge = ~outside & (z != (x - loc) / scale)
        y = np.where(edge, self.pdf(z, *shapes) / scale, y) if np.any(edge) else y
        return g * product(y, self._slope(i, y, args))

    def _shift(self, i: int, z: Any, shapes: Sequence[Any], scale: Any) -> Any:
        """By how much x would have to be moved for what argument i does to F."""
        if 0 < i <= len(shapes):
            return -scale * self._shapes[i - 1].quantile_grad(z, *shapes)  # type: ignore[misc]
        return 1 if i == 0 else -1 if i == len(shapes) + 1 else -z

    def _of_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        z, shapes, scale, outside = self._standard(args)
        f = np.where(outside, 0, self.pdf(*self._inside(args, z, outside)))
        return sign * g * product(f, self._shift(i, z, shapes, scale))

    def _of_log_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        z, shapes, scale, outside = self._standard(args)
        hazard = self._hazards[sign]
        ratio = hazard(z, *shapes) / scale if hazard else self._ratio(sign, y, z, shapes, scale, outside, args)
        ratio = np.where(outside, 0, np.where(np.isnan(y), np.nan, ratio))
        return sign * g * product(ratio, self._shift(i, z, shapes, scale))

    def _ratio(self, sign: int, y: Any, z: Any, shapes: Sequence[Any], scale: Any, outside: Any, args: Any) -> Any:
        """f / F as exp(log f - log F); where F has underflowed, by the integral of f(z + d) / f(z) over the tail."""
        log_f, nothing = self.logpdf(*self._inside(args, z, outside)), outside | np.isneginf(y)
        ratio = np.exp(np.where(nothing, -np.inf, log_f - np.where(nothing, 0, y)))
        lost = np.isneginf(y) & ~outside & np.isfinite(log_f)
        if not np.any(lost):
            return ratio

        def exponent(d: Any, z: Any, *shapes: Any) -> Any:
            return np.where(lost, self.logpdf(z + d, *shapes) - self.logpdf(z, *shapes), -np.abs(d))

        reach = end(-sign, exponent, [data_of(arg) for arg in (z, *shapes)], steps=40)
        integral = tail(-sign, exponent, lambda d, *args: 1.0, (z, *shapes), reach)
        return np.where(lost, 1 / (scale * integral), ratio)

    def _of_quantile(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        """At infinity 0, but in the probability."""
        args = (y, *args[1:])
        z, shapes, scale, outside = self._standard(args)
        if i == 0:
            return sign * g / np.where(outside, 0, self.pdf(*self._inside(args, z, outside)))
        return -g * np.where(np.isnan(y), np.nan, np.where(outside, 0, self._shift(i, z, shapes, scale)))


class Discrete(Univariate):
    """A family of probabilities of k - loc. There are derivatives in the shape parameters alone."""

    _place = (("loc", 0),)
    _reason = "it is a whole number"
    _has_rules = (False, False)

    def __init__(self, name: str, *shapes: Shape):
        super().__init__(name, *shapes)
        self._enter("logpmf", "k", lambda i, g, y, *args: g * self._slope(i, y, args), scores=True)
        self._enter("pmf", "k", self._of_pmf, scores=True)
        for sign, cdf in ((1, "cdf"), (-1, "sf")):
            self._enter(cdf, "k", functools.partial(self._of_cdf, sign))
            self._enter(f"log{cdf}", "k", functools.partial(self._of_log_cdf, sign))

    def _formula(self, method: str, i: int) -> tuple[Callable, dict[str, str], dict[str, Any]]:
        shape = self._shapes[i - 1]
        functions = {name: getattr(self, name, None) for name in ("pmf", "logpmf")}
        functions |= {"score": shape.score, "quantile_grad": shape.quantile_grad, "support": self._scipy.support}
        functions |= {"product": product, "inside": inside, "since": since}
        return *discrete(method, self._names[:-1], self._edges(), self._standard), functions

    def _edges(self) -> list[tuple]:
        """Of each shape parameter the edges that it may be on."""
        return [(0 if 0 in shape.edges else None, 1 if 1 in shape.edges else None) for shape in self._shapes]

    def _standard(self, args: Sequence[Any]) -> tuple[Any, list[Any], Any]:
        """k - loc, the shape parameters, and where F is constant; k is a whole number in the support everywhere, and no
        parameter is on an edge."""
        k, *shapes, loc = self._arguments(args)
        low, high = self._scipy.support(*[data_of(shape) for shape in shapes])
        k = np.floor(k - loc)
        at, constant = np.where(np.isinf(k), low, np.clip(k, low, high)), (k < low) | (k >= high)
        return at, [inside(shape, *ends) for shape, ends in zip(shapes, self._edges(), strict=True)], constant

    def _slope(self, i: int, y: Any, args: Sequence[Any]) -> Any:
        """The derivative of logpmf in argument i: 0 where k can't be, nan where the distribution isn't defined."""
        k, shapes, _ = self._standard(args)
        slope = self._shapes[i - 1].score(k, *shapes)  # type: ignore[misc]
        return np.where(np.isneginf(y), 0, np.where(np.isnan(y), np.nan, slope))

    def _of_pmf(self, i: int, g: Any, y: Any, *args: Any) -> Any:
        """Where a parameter is on an edge, y may be 0, and its derivative not: then y is taken inside, too."""
        k, shapes, _ = self._standard(args)
        given, *parameters, loc = self._arguments(args)
        moved = [p != shape for p, shape in zip(parameters, shapes, strict=True)]
        there = functools.reduce(np.logical_or, moved) & (k == given - loc)
        y = np.where(there, self.pmf(k, *shapes), y) if np.any(there) else y
        return g * product(y, self._slope(i, y, args))

    def _of_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        k, shapes, outside = self._standard(args)
        f = np.where(outside, 0, self.pmf(k, *shapes))
        return -sign * g * product(f, self._shapes[i - 1].quantile_grad(k, *shapes))  # type: ignore[misc]

    def _of_log_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        """By f / F as exp(log f - log F)."""
        k, shapes, outside = self._standard(args)
        log_f, nothing = self.logpmf(k, *shapes), outside | np.isneginf(y)
        ratio = np.exp(np.where(nothing, -np.inf, log_f - np.where(nothing, 0, y)))
        lost = np.isneginf(y) & ~outside & np.isfinite(log_f)
        if np.any(lost):  # F has underflowed: from a sum over its tail, relative to f(k)
            steps = np.arange(MANY).reshape(-1, *(1,) * np.ndim(log_f))
            steps = -steps if sign == 1 else 1 + steps
            terms = self.logpmf(k + steps, *shapes) - np.where(np.isfinite(log_f), log_f, 0)
            ratio = np.where(lost, 1 / np.sum(np.exp(np.where(lost, terms, 0)), axis=0), ratio)
        return -sign * g * product(ratio, self._shapes[i - 1].quantile_grad(k, *shapes))  # type: ignore[misc]
