"""Cases of the functions of scipy.special, where SciPy is installed."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

if find_spec("scipy"):
    import scipy.special

    from tensorgrad import special

    for f in (
        special.expit, special.log_expit, special.erf, special.erfc, special.erfcx, special.ndtr, special.log_ndtr,
        special.i0, special.i1, special.i0e, special.i1e, special.j0, special.j1,
    ):  # fmt: skip
        case(f, x())
        case(f, x(2, 3, layout="F"))
        case(f, x(0, 2))
    for f in (
        special.gamma, special.gammaln, special.loggamma, special.digamma, special.entr, special.i0e, special.i1e,
    ):  # fmt: skip
        case(f, positive())
        case(f, positive(2, 3))
    for f in (special.logit, special.ndtri):
        case(f, x(2, 3, low=0.1, high=0.9))
    case(special.erfinv, x(2, 3, low=-0.9, high=0.9))
    case(special.erfcinv, x(2, 3, low=0.1, high=1.9))
    for f in (special.gamma, special.gammaln, special.digamma):
        case(f, x([-0.3, -1.6]))
    case(special.loggamma, positive(3, dtype=complex), twice=False)  # SciPy has no complex polygamma

    for f in (special.beta, special.betaln, special.xlogy, special.xlog1py, special.rel_entr, special.kl_div):
        case(f, positive(2, 3), positive(3))
        case(f, positive(2, 1), positive())
        case(f, 1.5, positive(3))
    case(special.xlogy, np.zeros(2), positive(2))
    case(special.i1, x([0.0, 1e-6]))
    case(special.j1, x([0.0, 9.0]))

    for n in (0, 1, 2, np.array([1, 2, 3])):
        case(special.polygamma, n, positive(3))
    for f in (special.softmax, special.log_softmax):
        like = getattr(scipy.special, f.__name__)
        case(f, x(4), like=like)
        case(f, x(2, 3), like=like)
        case(f, x(2, 3), axis=-1, like=like)
        case(f, x(2, 3, 2), axis=(0, 2), like=like)
    for options in ({}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}):
        case(special.logsumexp, x(2, 3), like=scipy.special.logsumexp, **options)
        case(special.logsumexp, x(2, 3), b=positive(3), like=scipy.special.logsumexp, **options)
        case(
            special.logsumexp,
            x(2, 3),
            b=x([[2.0, -0.3, 1.0], [-0.1, 0.4, -3.0]]),
            return_sign=True,
            like=scipy.special.logsumexp,
            **options,
        )
    case(special.logsumexp, x(3), b=x([0.0, 1.0, 2.0]), like=scipy.special.logsumexp)

    # The neighbours that the Bessel functions' slopes are made of
    for f, like in (
        (special.bessel_i, scipy.special.iv),
        (special.bessel_ie, scipy.special.ive),
        (special.bessel_j, scipy.special.jv),
    ):
        case(f, x(3), 2, like=lambda v, n, like=like: like(n, v))
