"""Cases of the functions of scipy.special, where SciPy is installed."""

from importlib.util import find_spec

import numpy as np
from cases import case, positive, x

if find_spec("scipy"):
    import scipy.special

    from tensorgrad import special
    from tensorgrad.special.distributions import beta_form, gamma_form
    from tensorgrad.special.integrals import exponential_integral
    from tensorgrad.special.ufuncs import UfuncProbe

    # One argument: on all of the real line, on the positive numbers, on a part of them
    for f in (
        special.expit, special.log_expit, special.expm1, special.cosm1, special.exp2, special.exp10, special.exprel,
        special.sindg, special.cosdg, special.erf, special.erfc, special.erfcx, special.erfi, special.dawsn,
        special.wofz, special.fresnel, special.ndtr, special.log_ndtr, special.rgamma, special.wrightomega,
        special.i0, special.i1, special.i0e, special.i1e, special.j0, special.j1, special.airy, special.ellipe,
    ):  # fmt: skip
        case(f, x(2, 3, low=-2.0, high=0.9, layout="F") if f is special.ellipe else x(2, 3, layout="F"))
        case(f, x(0, 2))
    for f in (
        special.log1p, special.cbrt, special.tandg, special.cotdg, special.gamma, special.gammaln, special.loggamma,
        special.digamma, special.entr, special.expi, special.exp1, special.sici, special.shichi, special.spence,
        special.y0, special.y1, special.k0, special.k1, special.k0e, special.k1e,
    ):  # fmt: skip
        case(f, positive())
        case(f, positive(2, 3))
    for f in (special.logit, special.ndtri, special.ellipk, special.ellipkm1):
        case(f, x(2, 3, low=0.1, high=0.9))
    case(special.ndtri_exp, x(2, 3, low=-3.0, high=-0.2))
    case(special.erfinv, x(2, 3, low=-0.9, high=0.9))
    case(special.erfcinv, x(2, 3, low=0.1, high=1.9))
    case(special.ellipk, x([-3.0, 0.0]))

    # Where two formulas meet, or one has a pole that the function hasn't
    for f in (special.gamma, special.gammaln, special.digamma):
        case(f, x([-0.3, -1.6]))
    case(special.rgamma, x([-3.0, -1.0, 0.0, 0.5, 1.0]))
    case(special.i1, x([0.0, 1e-6]))
    case(special.j1, x([0.0, 9.0]))
    case(special.exprel, x([0.0, 1e-6]))
    case(special.spence, x([1.0, 1.001]))
    case(special.erfcx, x([25.9, 26.1, 300.0]))
    case(special.dawsn, x([25.9, 26.1, -300.0]))
    case(special.log_ndtr, x([-1e3, -30.0, -0.01, 0.0, 0.01, 9.0]))
    case(special.sici, x([-0.0, 1.0]), of=lambda f, v: f(v)[0])
    case(special.shichi, x([0.0, -1.0]), of=lambda f, v: f(v)[0])

    # Two arguments
    for f in (
        special.beta, special.betaln, special.binom, special.poch, special.xlogy, special.xlog1py, special.rel_entr,
        special.kl_div, special.powm1, special.owens_t, special.huber, special.pseudo_huber, special.boxcox,
        special.boxcox1p, special.inv_boxcox, special.inv_boxcox1p,
    ):  # fmt: skip
        case(f, positive(2, 3), positive(3))
        case(f, positive(2, 1), positive())
        case(f, 1.5, positive(3))
    case(special.xlogy, np.zeros(2), positive(2))
    case(special.huber, 1.0, x([-3.0, 0.2, 3.0]))
    case(special.pseudo_huber, 1.0, x([-3.0, 0.0, 3.0]))
    case(special.boxcox, positive(4), x([-0.5, -1e-4, 0.0, 1e-4]))
    case(special.boxcox1p, positive(4), x([-0.5, -1e-4, 0.0, 1e-4]))
    case(special.inv_boxcox, positive(4), x([-0.1, -1e-4, 0.0, 1e-4]))
    case(special.inv_boxcox1p, positive(4), x([-0.1, -1e-4, 0.0, 1e-4]))
    case(special.binom, x([-0.5, 0.0, 1.0, 3.0, 4.0]), 4)  # a polynomial, with zeros at 0 to 3
    case(special.binom, x([2.0, 2.6, 5.3]), x([4.0, -1.0, 7.9]))
    case(special.poch, x([-4.0, -1.0, 0.0, 0.3, 2.0]), 3)
    case(special.poch, x([-4.3, -1.1, -0.5]), x([0.7, 2.3, -1.4]))

    # Some arguments have a derivative, others stand for numbers: SciPy's names are beside the rules
    for f in (special.jv, special.yv, special.jve, special.yve, special.iv, special.ive, special.kv, special.kve):
        for v in (0, 2, 0.7, np.array([1.0, -0.5, 3.0])):
            case(f, v, positive(3))
    for f in (special.hankel1, special.hankel2, special.hankel1e, special.hankel2e):
        case(f, 1.3, positive(3))
        case(f, 0, positive(2, dtype=complex))
    for f in (special.kn, special.yn, special.expn):
        for n in (0, 1, np.array([1, 2, 3])):
            case(f, n, positive(3))
    for f in (special.jv, special.iv, special.ive, special.jve):
        case(f, 2, x([-1.5, 0.0, 0.4]), twice=f is not special.ive)  # as |x|, it has a kink at 0
    for f in (special.gammainc, special.gammaincc, special.chdtr, special.chdtrc, special.stdtr):
        case(f, np.array([0.5, 1.0, 7.0]), positive(2, 3))
    for f in (special.gammaincinv, special.gammainccinv, special.chdtri, special.stdtrit):
        case(f, np.array([0.5, 1.0, 7.0]), x(2, 3, low=0.1, high=0.9))
    for f in (special.betainc, special.betaincc, special.betaincinv, special.betainccinv, special.fdtri):
        case(f, np.array([0.5, 1.0, 7.0]), 1.6, x(2, 3, low=0.1, high=0.9))
    for f in (special.fdtr, special.fdtrc):
        case(f, np.array([0.5, 2.0, 7.0]), 3, positive(2, 3))
    for f in (special.gdtr, special.gdtrc):
        case(f, positive(2, 3), np.array([0.5, 1.0, 7.0]), positive(3))
    case(special.zeta, np.array([1.5, 2.0, 6.0]), positive(2, 3))
    case(special.hyp0f1, np.array([0.5, 3.0]), x(2))
    case(special.hyp1f1, np.array([0.5, 3.0]), 1.7, x(2))
    case(special.hyp2f1, np.array([0.5, 3.0]), -0.4, 1.7, x(2, low=-0.9, high=0.9))
    for k in (0, 1, -2):
        case(special.lambertw, positive(3), k)
    case(special.lambertw, x([0.0, -0.2, 1e-5]))

    # The ufuncs that zeta and lambertw call, and what the derivatives of others are made of
    case(special.zeta(1, UfuncProbe()), 1.5, positive(3), like=special.zeta)
    case(special.lambertw(UfuncProbe()), positive(3), 0, 1e-8, like=special.lambertw)
    for p in (0, 1, 2.5, np.array([0.0, -0.5, 1.0])):
        case(gamma_form, positive(3), p, -0.3)
        case(beta_form, x(3, low=0.1, high=0.9), p, 1, -1, 0.2)
    for n in (0, -1, 2, np.array([1, 0, -2])):
        case(exponential_integral, n, positive(3))

    # Complex numbers
    for f in (
        special.expm1, special.erf, special.erfcx, special.erfi, special.dawsn, special.wofz, special.ndtr,
        special.log_ndtr, special.expi, special.exp1, special.sici, special.shichi, special.spence, special.airy,
        special.wrightomega, special.fresnel, special.lambertw,
    ):  # fmt: skip
        case(f, positive(3, dtype=complex))
    for f in (special.xlogy, special.xlog1py):
        case(f, positive(3, dtype=complex), positive(3, dtype=complex))
    for f in (special.jv, special.yv, special.jve, special.yve, special.iv, special.ive, special.kv, special.kve):
        case(f, 1.4, positive(3, dtype=complex))
        case(f, 1, x([-1.0 + 0.7j, 0.3 - 1.2j], dtype=complex))
    case(special.hyp0f1, 0.7, positive(3, dtype=complex))  # (hyp1f1 of complex numbers is wrong in SciPy 1.13)
    for f in (special.gamma, special.loggamma, special.rgamma):
        case(f, x(3, dtype=complex, low=0.6), twice=False)  # SciPy has no complex polygamma

    # What is no ufunc
    for n in (0, 1, 2, np.array([1, 2, 3])):
        case(special.polygamma, n, positive(3), like=scipy.special.polygamma)
    for d in (1, 2, 4):
        case(special.multigammaln, x(2, 3, low=1.7, high=4.0), d, like=scipy.special.multigammaln)
    for f in (special.comb, special.perm):
        like = getattr(scipy.special, f.__name__)
        case(f, x([5.3, 4.0, 3.1]), x([2.0, 1.4, 3.0]), like=like)
        case(f, x([5.3, 4.0, 1.1]), 2, like=like)
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

    # Orthogonal polynomials, of degree 0 too, and where the variable is at an end
    for f in (
        special.eval_legendre, special.eval_sh_legendre, special.eval_chebyt, special.eval_chebyu, special.eval_chebyc,
        special.eval_chebys, special.eval_sh_chebyt, special.eval_sh_chebyu, special.eval_laguerre,
        special.eval_hermite, special.eval_hermitenorm,
    ):  # fmt: skip
        case(f, np.array([0, 1, 4]), x(2, 3, low=-0.9, high=0.9))
        case(f, 3, x([-0.5, 0.0, 0.5]))
    case(special.eval_legendre, np.array([0, 1, 3, 2]), x([1.0, 1.0, 1.0, 0.9]))
    case(special.eval_gegenbauer, np.array([0, 1, 4]), 0.7, x(2, 3, low=-0.9, high=0.9))
    case(special.eval_genlaguerre, np.array([0, 1, 4]), 0.7, positive(2, 3))
    case(special.eval_jacobi, np.array([0, 1, 4]), 0.5, 0.3, x(2, 3, low=-0.9, high=0.9))
    case(special.eval_sh_jacobi, np.array([0, 1, 4]), 4.0, 3.0, x(2, 3, low=0.1, high=0.9))
    case(special.hyperu, 1.3, 0.7, positive(2, 3))
    case(special.wright_bessel, 1.0, 2.0, positive(2, 3))
    case(special.log_wright_bessel, 1.0, 2.0, positive(2, 3))

    # Kelvin and Struve functions and integrals
    for f in (
        special.ber, special.bei, special.berp, special.beip, special.ker, special.kei, special.kerp, special.keip,
        special.kelvin, special.itstruve0, special.it2struve0, special.itmodstruve0, special.itj0y0, special.it2j0y0,
        special.iti0k0, special.it2i0k0,
    ):  # fmt: skip
        case(f, positive(2, 3))
    case(special.itairy, x(2, 3, low=0.1, high=0.5))
    for f in (special.ber, special.bei, special.itstruve0, special.itmodstruve0):
        case(f, x([0.0, 0.4]))
    for f in (special.struve, special.modstruve):
        case(f, np.array([0.0, 1.0, 1.3]), positive(2, 3))

    # Given with their derivatives
    for f in (special.pbdv, special.pbvv, special.pbwa):
        case(f, np.array([1.0, 0.5, 1.2]), x(2, 3))

    # Elliptic ones in the amplitude
    for f in (special.ellipkinc, special.ellipeinc):
        case(f, x(2, 3), np.array([-1.0, 0.0, 0.6]))
    case(special.ellipj, x(2, 3), np.array([0.0, 0.3, 0.6]))

    # Distributions of counts, and inverses
    for f in (special.pdtr, special.pdtrc):
        case(f, np.array([0.0, 1.0, 2.5]), positive(2, 3))
    for f in (special.bdtr, special.bdtrc, special.bdtri):
        case(f, np.array([0.0, 1.0, 2.5]), 4, x(2, 3, low=0.1, high=0.9))
    for f in (special.nbdtr, special.nbdtrc, special.nbdtri):
        case(f, np.array([0, 1, 2]), 4, x(2, 3, low=0.1, high=0.9))
    case(special.pdtri, np.array([0, 1, 2]), x(2, 3, low=0.1, high=0.9))
    case(special.gdtrix, positive(2, 1), np.array([0.5, 1.0, 2.0]), x(2, 3, low=0.1, high=0.9))
    case(special.nrdtrimn, x(2, 3, low=0.6, high=0.9), positive(3), x(2, 1))
    case(special.nrdtrisd, x(2, 3), x(3, low=0.6, high=0.9), x(2, 1, low=3.0, high=4.0))
