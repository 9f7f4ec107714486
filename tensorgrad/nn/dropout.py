"""Dropout: layers that leave out numbers, or whole channels, at random while a network is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functions
from ..arguments import generator, probability, yes_or_no
from ..module import Module

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]


class Dropout(Module):
    """Each number of x is set to 0 with probability p, and the others divided by 1 - p, as `functions.dropout` does it
    (Srivastava et al., Dropout, 2014); after `eval()`, x as it is.

    Args:
        p: the probability, from 0 to 1.
        inplace: is of no effect; it is here for programs that are written for PyTorch.
        rng: a `numpy.random.Generator` or a seed, which makes repeatable what is left out. It is drawn from at each
            call, so that copies of the layer that transforms make go on with it. A `checkpoint` around the layer
            would draw twice: the layer has to be outside.

    Raises:
        ValueError: p is out of range.
        TypeError: inplace isn't a bool, rng is neither a Generator nor a seed; called: x isn't numbers.

    >>> import numpy as np
    >>> layer = Dropout(0.5, rng=1)
    >>> layer(np.ones(4))
    array([0., 2., 2., 2.])
    >>> layer.eval()(np.ones(4))
    array([1., 1., 1., 1.])
    """

    function: ClassVar[Callable[..., Any]] = staticmethod(functions.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: Any = None):
        name = type(self).__name__
        self.p, self.rng = probability(f"{name}: p", p), generator(f"{name}: rng", rng)
        yes_or_no(f"{name}: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return self.function(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout1d(Dropout):
    """`Dropout` of whole channels, of x of shape (N, C, L) or (C, L): `functions.dropout1d` (Tompson et al., 2015,
    arXiv:1411.4280).

    >>> import numpy as np
    >>> Dropout1d(0.5, rng=1)(np.ones((3, 2)))
    array([[0., 0.],
           [2., 2.],
           [2., 2.]])
    """

    function = staticmethod(functions.dropout1d)


class Dropout2d(Dropout):
    """`Dropout` of whole channels, of x of shape (N, C, H, W) or (N, C, L): `functions.dropout2d`.

    >>> import numpy as np
    >>> Dropout2d(0.5, rng=1)(np.ones((1, 3, 1, 2)))[0, :, 0]
    array([[0., 0.],
           [2., 2.],
           [2., 2.]])
    """

    function = staticmethod(functions.dropout2d)


class Dropout3d(Dropout):
    """`Dropout` of whole channels, of x of shape (N, C, D, H, W) or (C, D, H, W): `functions.dropout3d`.

    >>> import numpy as np
    >>> Dropout3d(0.5, rng=1)(np.ones((1, 3, 1, 1, 2)))[0, :, 0, 0]
    array([[0., 0.],
           [2., 2.],
           [2., 2.]])
    """

    function = staticmethod(functions.dropout3d)


class AlphaDropout(Dropout):
    """`Dropout` for networks of SELU, which keeps the mean 0 and the variance 1: `functions.alpha_dropout` (Klambauer,
    Unterthiner, Mayr and Hochreiter, 2017, arXiv:1706.02515).

    >>> import numpy as np
    >>> AlphaDropout(0.5, rng=1)(np.ones(4))
    array([-0.77919393,  1.66559883,  1.66559883,  1.66559883])
    """

    function = staticmethod(functions.alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels, of x of shape (N, C, ...): `functions.feature_alpha_dropout`.

    >>> import numpy as np
    >>> FeatureAlphaDropout(0.5, rng=1)(np.ones((1, 3, 2)))[0]
    array([[-0.77919393, -0.77919393],
           [ 1.66559883,  1.66559883],
           [ 1.66559883,  1.66559883]])
    """

    function = staticmethod(functions.feature_alpha_dropout)
