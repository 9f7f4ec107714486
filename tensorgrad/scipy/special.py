"""`scipy.special` with gradients: `tensorgrad.special`, beside the other modules that have SciPy's names.

>>> from tensorgrad import Tensor
>>> from tensorgrad.scipy import special
>>> special.expit(Tensor([0.0, 1.0]))
Tensor([0.5        0.73105858])

A function of SciPy that isn't there is an error that says so.
"""

from ..special import *  # noqa: F403
from ..special import __all__ as __all__
from .recording import absent

__getattr__ = absent("scipy.special", __all__)
