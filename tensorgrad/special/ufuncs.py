"""How the ufuncs of SciPy are found, and get rules: also those that lack some of their derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import scipy.special
except ImportError as error:
    raise ImportError("tensorgrad.special needs SciPy: pip install scipy") from error

from ..derivatives import OWN, Primitive, composed
from ..derivatives.arrays import as_array
from ..derivatives.formulas import formula
from ..errors import no_derivative
from ..grad_mode import is_grad_enabled
from ..tensor import Tensor, data_of


def ufuncs(names: str) -> list[Any]:
    """SciPy's ufuncs of these names; where SCIPY_ARRAY_API=1 has SciPy wrap them in functions, those inside."""
    return [inspect.unwrap(getattr(scipy.special, name)) for name in names.split()]


class UfuncProbe:
    """Passes for an array: a function of SciPy that calls a ufunc on it returns that ufunc.

    >>> inspect.unwrap(scipy.special.zeta)(2.0, UfuncProbe())
    <ufunc '_zeta'>
    """

    def __array_ufunc__(self, ufunc: np.ufunc, *args: Any, **kwargs: Any) -> np.ufunc:
        return ufunc


def require_constant(function: str, argument: str, value: Any) -> None:
    """An error for a Tensor that requires a gradient, in an argument that has no derivative."""
    if is_grad_enabled() and isinstance(value, Tensor) and value.requires_grad:
        given = f"a Tensor of shape {value.shape} that requires a gradient"
        raise no_derivative(f"{function}: the argument {argument}", f"none in closed form is known, and it got {given}")


def as_tensor(y: Any) -> Tensor:
    """An output of a function that was called with Tensors: a constant one, if all of them stood in constant places."""
    return y if isinstance(y, Tensor) else Tensor(y, requires_grad=False)


def partials(ufunc: Any, names: str, *rules: Callable | None) -> None:
    """Enter the rules of a ufunc that lacks some of its derivatives, for which None stands.

    A Tensor that requires a gradient, in the place of such an argument, is an error when the function is called. (In
    the table itself, an argument without a rule is a constant.) names: what SciPy calls the arguments.
    """
    primitive, arguments = Primitive(ufunc, rules), names.split()

    @composed(ufunc)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        args = tuple([as_array(arg) if isinstance(arg, list | tuple) else arg for arg in args])
        for name, arg, rule in zip(arguments, args, rules, strict=False):
            if rule is None:
                require_constant(primitive.name, name, arg)
        args = tuple([arg if rule else data_of(arg) for arg, rule in zip(args, rules, strict=False)])
        y = Tensor.__record__(primitive, args, kwargs)
        return tuple(map(as_tensor, y)) if isinstance(y, tuple) else as_tensor(y)

    OWN[recorded] = primitive


# What the rules have in common ---------------------------------------------------------------------------------------


@formula(lambda a, b: "where((a == 0) & (b == 0), 0, a / b)" if np.any((a == 0) & (b == 0)) else "a / b")
def ratio(a: Any, b: Any) -> Any:
    """a / b, and 0 where both are 0."""
    both = (a == 0) & (b == 0)
    return np.where(both, 0, a) / np.where(both, 1, b)


@formula(
    lambda factor, a: "where(factor == 0, 0, factor * a)" if np.any((factor == 0) & ~np.isfinite(a)) else "factor * a"
)
def product(factor: Any, a: Any) -> Any:
    """factor * a, and 0 where the factor is 0 and a isn't finite."""
    return factor * np.where((factor == 0) & ~np.isfinite(a), 0, a)
