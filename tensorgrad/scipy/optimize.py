"""scipy.optimize with derivatives: where a function is zero, or least, as a function of what it depends on.

The values are SciPy's. The derivatives are those of the solution itself, by the implicit function theorem: in `args`,
where Tensors may be in structures, and in the Tensors and parameters of Modules that a function closes over, to any
order. They are as right as the solution is: ask for it to a small tolerance. Where the search begins makes no
difference to where it ends, so the derivative in x0, or in the ends of a bracket, is zero.

The functions that are given are called as SciPy calls them, with plain arrays; write them in NumPy's functions, for
when a derivative is computed, they are called with Tensors too.
"""

from __future__ import annotations

from .minima import least_squares, minimize, minimize_scalar
from .recording import absent
from .roots import bisect, brentq, fixed_point, newton, root, root_scalar

__all__ = [
    "root", "fixed_point", "root_scalar", "brentq", "bisect", "newton", "minimize", "minimize_scalar", "least_squares",
]  # fmt: skip

__getattr__ = absent("scipy.optimize", __all__)
