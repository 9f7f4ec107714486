"""What a distribution of SciPy's is here: a table of scores, from which every function of it gets its rules.

A continuous distribution has a density f of z = (x - loc) / scale, and its table tells of f alone: the score
d log f / dz, and of each shape parameter the score d log f / dshape, and how a quantile moves with it, dz / dshape while
F(z) stays the same. The rest is the same for all. With s, k and m for these three, and h for scale,

    d logpdf = s dz + k dshape - dh / h,        dz = (dx - dloc - z dh) / h
    d cdf    = f (dz - m dshape)                (f = F'; and so the quantile, of which dF is given, has
    d ppf    = (dp / f + m dshape) h + dloc + z dh    this one: the implicit function theorem)

Outside its support a density is 0, and all of its derivatives are. On an edge of the support they are those of the
nearest number inside: the derivatives from inside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.stats

from ..derivatives.arrays import as_array
from ..special.ufuncs import product
from ..tensor import data_of
from .recording import constant, recorded

TINY, BELOW_ONE = 1e-150, 2.0**-53  # what is added to 0, or taken from 1, to be inside

NO_CLOSED_FORM = "none in closed form is known"
WHOLE_NUMBERS = "it is a whole number"
PLAIN = "this function of the distribution is SciPy's own, for plain arrays"


class Shape(NamedTuple):
    """What the table tells of a shape parameter, as functions of z and all shape parameters.

    score: d log f / dshape. move: dz / dshape where F(z) stays the same; None if that isn't known. For a discrete
    distribution, move is -(dF / dshape) / f. None for either: the parameter has no derivative there.
    """

    score: Callable | None
    move: Callable | None = None


class Distribution:
    """A distribution under SciPy's name. Functions that have derivatives record, everything else is SciPy's own.

    Called with its parameters, Tensors among them, it is frozen, as SciPy's are.
    """

    place: tuple[str, ...] = ("loc", "scale")
    defaults = (0, 1)

    def __init__(self, name: str, score: Callable | None, *shapes: Shape, support: Callable | None = None):
        self.name, self.__module__ = name, f"{__package__}.stats"
        self._scipy = getattr(scipy.stats, name)
        self._score, self._shapes = score, shapes
        self._support = support or (lambda *shapes: (self._scipy.a, self._scipy.b))
        self._names = [*(self._scipy.shapes or "").replace(" ", "").split(",")][: len(shapes)]
        for method, (argument, rules, reason) in self._rules().items():
            setattr(self, method, self._recorded(method, argument, rules, reason))

    def _rules(self) -> dict[str, tuple[str, Sequence[Callable | None], str]]:
        """Of each function the name of its first argument, the rules of all, and why some have none."""
        raise NotImplementedError

    def _recorded(self, method: str, argument: str, rules: Sequence[Callable | None], reason: str) -> Callable:
        """A function of the distribution that records: SciPy's own computes it."""
        of_scipy = getattr(self._scipy, method)

        def function(*args: Any, **kwargs: Any) -> Any:
            return of_scipy(*args, **kwargs)

        parameter, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
        function.__name__ = function.__qualname__ = f"{self.name}.{method}"
        function.__doc__ = of_scipy.__doc__
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [parameter(name, kind) for name in (argument, *self._names)]
            + [parameter(name, kind, default=v) for name, v in zip(self.place, self.defaults, strict=True)]
        )
        return recorded(function, *rules, reason=reason)

    def _arguments(self, args: Sequence[Any]) -> list[Any]:
        """All arguments of a function, as float64, in which SciPy computes; loc and scale where they were left out."""
        missing = len(self._shapes) + 1 + len(self.place) - len(args)
        return [as_double(arg) for arg in (*args, *self.defaults[len(self.place) - missing :])]

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution of these parameters: its functions take the variate alone."""
        inspect.signature(getattr(self, "logpdf" if hasattr(self._scipy, "pdf") else "logpmf")).bind(0, *args, **kwargs)
        return Frozen(self, args, kwargs)

    freeze = __call__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = getattr(self._scipy, name)
        return plain(f"{self.name}.{name}", attribute, [*self._names, *self.place]) if callable(attribute) else attribute

    def __reduce__(self) -> str:
        return self.name  # pickled as a name of the module stats

    def __repr__(self) -> str:
        return f"<{self.name} of scipy.stats, with derivatives>"


class Frozen:
    """A distribution with its parameters, as SciPy's frozen ones: `norm(loc, scale).logpdf(x)`."""

    def __init__(self, distribution: Any, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.dist, self.args, self.kwds = distribution, args, kwargs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("dist", "args", "kwds"):
            raise AttributeError(name)
        method = getattr(self.dist, name)
        if name in vars(self.dist):  # a function that records
            return functools.partial(self._after_the_first, method)
        return functools.partial(self._of_scipy, name)

    def _after_the_first(self, method: Callable, first: Any) -> Any:
        return method(first, *self.args, **self.kwds)

    def _of_scipy(self, name: str, *args: Any, **kwargs: Any) -> Any:
        dist = self.dist
        given = [*zip([*dist._names, *dist.place], self.args, strict=False), *self.kwds.items()]
        fixed = {argument: constant(f"{dist.name}.{name}", argument, v, PLAIN) for argument, v in given}
        return getattr(dist._scipy(**fixed), name)(*args, **kwargs)


def plain(name: str, function: Callable, names: Sequence[str]) -> Callable:
    """A function of SciPy's own, with an error for Tensors that require a gradient."""

    @functools.wraps(function)
    def of_scipy(*args: Any, **kwargs: Any) -> Any:
        called = [*names, *(str(i + 1) for i in range(len(names), len(args)))]
        args = tuple([constant(name, n, arg, PLAIN) for n, arg in zip(called, args, strict=False)])
        return function(*args, **{n: constant(name, n, arg, PLAIN) for n, arg in kwargs.items()})

    return of_scipy


def as_double(value: Any) -> Any:
    """An array or a Tensor of float64."""
    value = as_array(value)
    return value if value.dtype == np.float64 else value.astype(np.float64)


class Continuous(Distribution):
    """A family of densities of z = (x - loc) / scale; the table's lines are functions of z and the shape parameters."""

    def _rules(self) -> dict[str, tuple[str, Sequence[Callable | None], str]]:
        n = range(len(self._shapes) + 3)
        slopes = [functools.partial(self._slope, i) if self._has(i, "score") else None for i in n]
        moved = [i if self._has(i, "move") else None for i in n]

        def rules(rule: Callable, *args: Any) -> list[Callable | None]:
            return [None if i is None else functools.partial(rule, *args, i) for i in moved]

        x, q, why = "x", "q", NO_CLOSED_FORM
        return {
            "logpdf": (x, [slope and functools.partial(of_log_density, slope) for slope in slopes], why),
            "pdf": (x, [slope and functools.partial(of_density, slope) for slope in slopes], why),
            "cdf": (x, rules(self._of_cdf, 1), why),
            "sf": (x, rules(self._of_cdf, -1), why),
            "logcdf": (x, rules(self._of_log_cdf, 1), why),
            "logsf": (x, rules(self._of_log_cdf, -1), why),
            "ppf": (q, rules(self._of_quantile, 1), why),
            "isf": (q, rules(self._of_quantile, -1), why),
        }

    def _has(self, i: int, what: str) -> bool:
        return not 0 < i <= len(self._shapes) or getattr(self._shapes[i - 1], what) is not None

    def _standard(self, args: Sequence[Any]) -> tuple[Any, Any, list[Any], Any]:
        """z inside the support, where it isn't, the shape parameters, and the scale."""
        x, *shapes, loc, scale = self._arguments(args)
        z = (x - loc) / scale
        low, high = map(data_of, self._support(*shapes))
        outside = (z < low) | (z > high) | np.isinf(z)
        z = z + (np.where((z == 0) & (low == 0), TINY, 0) - np.where((z == 1) & (high == 1), BELOW_ONE, 0))
        return np.where(outside, np.clip(0.5, low, high), z), outside, shapes, scale

    def _slope(self, i: int, y: Any, *args: Any) -> Any:
        """The derivative of logpdf in argument i; nan where the distribution isn't defined."""
        z, outside, shapes, scale = self._standard(args)
        last = len(shapes) + 2
        if 0 < i < last - 1:
            slope = self._shapes[i - 1].score(z, *shapes)  # type: ignore[misc]
        else:
            s = self._score(z, *shapes)  # type: ignore[misc]
            slope = (s if i == 0 else -s if i < last else -1 - z * s) / scale
        return np.where(outside, 0, np.where(np.isnan(y), np.nan, slope))

    def _move(self, i: int, z: Any, shapes: list[Any], scale: Any) -> Any:
        """What x has to be moved by, to have the same effect on the distribution function as argument i."""
        last = len(shapes) + 2
        if 0 < i < last - 1:
            return -scale * self._shapes[i - 1].move(z, *shapes)  # type: ignore[misc]
        return 1 if i == 0 else -1 if i < last else -z

    def _of_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        z, _, shapes, scale = self._standard(args)
        return g * product(sign * self.pdf(*args), self._move(i, z, shapes, scale))

    def _of_log_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        """By f / F as exp(log f - log F), which neither underflows nor loses digits in the tails."""
        z, outside, shapes, scale = self._standard(args)
        log_ratio = self.logpdf(*args) - np.where(outside, 0, y)
        ratio = np.where(outside, 0, np.exp(np.where(outside, -np.inf, log_ratio)))
        return g * product(sign * ratio, self._move(i, z, shapes, scale))

    def _of_quantile(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        if i == 0:
            return sign * g / self.pdf(y, *args[1:])
        z, _, shapes, scale = self._standard((y, *args[1:]))
        return -g * np.where(np.isnan(y), np.nan, self._move(i, z, shapes, scale))


class Discrete(Distribution):
    """A family of probabilities of k - loc, whole numbers; the table's lines are functions of that and of the shape
    parameters. There are derivatives in the shape parameters alone."""

    place = ("loc",)
    defaults = (0,)

    def __init__(self, name: str, *shapes: Shape):
        super().__init__(name, None, *shapes)

    def _rules(self) -> dict[str, tuple[str, Sequence[Callable | None], str]]:
        slopes = [shape.score and functools.partial(self._slope, i) for i, shape in enumerate(self._shapes)]
        moved = [i if shape.move else None for i, shape in enumerate(self._shapes)]

        def rules(rule: Callable, sign: int) -> list[Callable | None]:
            return [None, *(None if i is None else functools.partial(rule, sign, i) for i in moved), None]

        k, why = "k", WHOLE_NUMBERS
        return {
            "logpmf": (k, [None, *(s and functools.partial(of_log_density, s) for s in slopes), None], why),
            "pmf": (k, [None, *(s and functools.partial(of_density, s) for s in slopes), None], why),
            "cdf": (k, rules(self._of_cdf, 1), why),
            "sf": (k, rules(self._of_cdf, -1), why),
            "logcdf": (k, rules(self._of_log_cdf, 1), why),
            "logsf": (k, rules(self._of_log_cdf, -1), why),
        }

    def _standard(self, args: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
        """k - loc rounded down into the support, where it wasn't there, and the shape parameters."""
        k, *shapes, loc = self._arguments(args)
        low, high = self._scipy.support(*[data_of(shape) for shape in shapes])
        k = np.floor(k - loc)
        return np.clip(k, low, high), (k < low) | (k >= high), shapes

    def _slope(self, i: int, y: Any, *args: Any) -> Any:
        """The derivative of logpmf in shape parameter i: 0 where nothing is, nan where nothing is defined."""
        k, _, shapes = self._standard(args)
        slope = self._shapes[i].score(k, *shapes)  # type: ignore[misc]
        return np.where(np.isneginf(y), 0, np.where(np.isnan(y), np.nan, slope))

    def _of_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        k, outside, shapes = self._standard(args)
        density = np.where(outside, 0, self.pmf(k, *shapes))
        return -sign * g * product(density, self._shapes[i].move(k, *shapes))  # type: ignore[misc]

    def _of_log_cdf(self, sign: int, i: int, g: Any, y: Any, *args: Any) -> Any:
        k, outside, shapes = self._standard(args)
        log_ratio = self.logpmf(k, *shapes) - np.where(outside, 0, y)
        ratio = np.where(outside, 0, np.exp(np.where(outside, -np.inf, log_ratio)))
        return -sign * g * product(ratio, self._shapes[i].move(k, *shapes))  # type: ignore[misc]


def of_log_density(slope: Callable, g: Any, y: Any, *args: Any) -> Any:
    return g * slope(y, *args)


def of_density(slope: Callable, g: Any, y: Any, *args: Any) -> Any:
    return g * product(y, slope(y, *args))
