"""SciPy with gradients: functions under SciPy's names, with its arguments and values, and rules of ours. Needs SciPy.

Each module is named as SciPy's, and imported like it: `from tensorgrad.scipy import linalg, stats`. After `import
tensorgrad.scipy` alone they are there, too, imported when they are first asked for. Given arrays a function is SciPy's
own; given a Tensor it records, and can be differentiated to any order.

>>> import tensorgrad.scipy
>>> from tensorgrad import grad
>>> grad(tensorgrad.scipy.stats.norm.logpdf)(1.5)
array(-1.5)
>>> from tensorgrad.scipy.special import gammaln  # that of tensorgrad.special
>>> grad(gammaln)(1.0)  # Euler's constant
array(-0.57721566)

What SciPy has and isn't here is an AttributeError that says so, of a module as of a function:

>>> tensorgrad.scipy.spatial  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
AttributeError: tensorgrad.scipy has no 'spatial'; it has ... Of plain arrays, scipy.spatial itself takes ...
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

from .recording import absent

# The modules here that mirror one of SciPy's; the others are what they are made of
__all__ = sorted(module.name for module in iter_modules(__path__) if find_spec(f"scipy.{module.name}"))

_absent = absent("scipy", __all__)


def __getattr__(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}") if name in __all__ else _absent(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
