"""scipy.special with derivatives: the functions of `tensorgrad.special`, beside those of SciPy's other modules.

>>> from tensorgrad import special as ours
>>> from tensorgrad.scipy import special
>>> special.erf is ours.erf
True
"""

from ..special import *  # noqa: F403
from ..special import __all__ as __all__
from .recording import absent

__getattr__ = absent("scipy.special", __all__)
