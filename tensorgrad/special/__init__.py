"""The functions of `scipy.special`, with derivatives: importing this module enters their rules. Needs SciPy.

Most are ufuncs, which ask a Tensor before they compute: after `import tensorgrad.special`, `scipy.special.erf(tensor)`
works, and `tensorgrad.special.erf` is the same function. Where the environment variable SCIPY_ARRAY_API=1 makes SciPy
wrap its ufuncs in functions that ask for the namespace of the array API standard, those of this module are the ufuncs
inside, and SciPy's find them by `tensorgrad.array_api`. `logsumexp`, `softmax`, `log_softmax`, `polygamma`,
`multigammaln`, `comb` and `perm` are no ufuncs: SciPy's own refuse a Tensor (but for some, with SCIPY_ARRAY_API=1), so
take those of this module, which have the same arguments, and take lists of Tensors, too.

>>> from tensorgrad import Tensor
>>> from tensorgrad.special import gammaln, logsumexp
>>> x = Tensor([1.0, 2.0, 3.0])
>>> logsumexp(gammaln(x)).backward()
>>> x.grad  # softmax(gammaln(x)) * digamma(x)
array([-0.14430392,  0.10569608,  0.46139217])

Some arguments have no derivative in closed form, such as the order of a Bessel function, or the degrees of freedom of a
distribution. There stands a number, an array, or a Tensor that requires no gradient. One that requires a gradient is an
error when the function is called:

>>> from tensorgrad.special import jv
>>> jv(0.5, Tensor(2.0))
Tensor(0.51301614)
>>> try:
...     jv(Tensor(0.5), 2.0)
... except TypeError as error:
...     print(error)  # doctest: +ELLIPSIS
jv: the argument v has no derivative in tensorgrad: none in closed form is known, and it got a ...

A function that this module doesn't list is an error, too. The formulas are those of the NIST Digital Library of
Mathematical Functions, https://dlmf.nist.gov, by chapter and equation.
"""

from .bessel import (
    airy,
    hankel1,
    hankel1e,
    hankel2,
    hankel2e,
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jv,
    jve,
    k0,
    k0e,
    k1,
    k1e,
    kn,
    kv,
    kve,
    y0,
    y1,
    yn,
    yv,
    yve,
)
from .distributions import (
    bdtr,
    bdtrc,
    bdtri,
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    chdtr,
    chdtrc,
    chdtri,
    fdtr,
    fdtrc,
    fdtri,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gdtr,
    gdtrc,
    gdtrix,
    log_ndtr,
    nbdtr,
    nbdtrc,
    nbdtri,
    ndtr,
    ndtri,
    ndtri_exp,
    nrdtrimn,
    nrdtrisd,
    owens_t,
    pdtr,
    pdtrc,
    pdtri,
    stdtr,
    stdtrit,
)
from .elementary import (
    boxcox,
    boxcox1p,
    cbrt,
    cosdg,
    cosm1,
    cotdg,
    entr,
    exp2,
    exp10,
    expit,
    expm1,
    exprel,
    huber,
    inv_boxcox,
    inv_boxcox1p,
    kl_div,
    log1p,
    log_expit,
    logit,
    powm1,
    pseudo_huber,
    rel_entr,
    sindg,
    tandg,
    xlog1py,
    xlogy,
)
from .factorials import (
    beta,
    betaln,
    binom,
    comb,
    digamma,
    gamma,
    gammaln,
    loggamma,
    multigammaln,
    perm,
    poch,
    polygamma,
    psi,
    rgamma,
    zeta,
)
from .integrals import (
    dawsn,
    ellipe,
    ellipeinc,
    ellipj,
    ellipk,
    ellipkinc,
    ellipkm1,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    exp1,
    expi,
    expn,
    fresnel,
    hyp0f1,
    hyp1f1,
    hyp2f1,
    lambertw,
    shichi,
    sici,
    spence,
    wofz,
    wrightomega,
)
from .polynomials import (
    eval_chebyc,
    eval_chebys,
    eval_chebyt,
    eval_chebyu,
    eval_gegenbauer,
    eval_genlaguerre,
    eval_hermite,
    eval_hermitenorm,
    eval_jacobi,
    eval_laguerre,
    eval_legendre,
    eval_sh_chebyt,
    eval_sh_chebyu,
    eval_sh_jacobi,
    eval_sh_legendre,
    hyperu,
    log_wright_bessel,
    wright_bessel,
)
from .sums import log_softmax, logsumexp, softmax
from .waves import (
    bei,
    beip,
    ber,
    berp,
    it2i0k0,
    it2j0y0,
    it2struve0,
    itairy,
    iti0k0,
    itj0y0,
    itmodstruve0,
    itstruve0,
    kei,
    keip,
    kelvin,
    ker,
    kerp,
    modstruve,
    pbdv,
    pbvv,
    pbwa,
    struve,
)

__all__ = [
    "expit", "logit", "log_expit", "softmax", "log_softmax", "logsumexp",
    "expm1", "log1p", "cosm1", "powm1", "exp2", "exp10", "exprel", "cbrt", "sindg", "cosdg", "tandg", "cotdg",
    "entr", "rel_entr", "kl_div", "xlogy", "xlog1py",
    "huber", "pseudo_huber", "boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p",
    "gamma", "gammaln", "loggamma", "rgamma", "multigammaln", "digamma", "psi", "polygamma", "zeta",
    "beta", "betaln", "binom", "comb", "poch", "perm",
    "gammainc", "gammaincc", "gammaincinv", "gammainccinv", "betainc", "betaincc", "betaincinv", "betainccinv",
    "ndtr", "ndtri", "log_ndtr", "ndtri_exp", "owens_t", "stdtr", "stdtrit",
    "chdtr", "chdtrc", "chdtri", "gdtr", "gdtrc", "fdtr", "fdtrc", "fdtri",
    "erf", "erfc", "erfcx", "erfi", "erfinv", "erfcinv", "dawsn", "wofz", "fresnel",
    "expi", "exp1", "expn", "sici", "shichi", "spence", "lambertw", "wrightomega",
    "hyp0f1", "hyp1f1", "hyp2f1", "ellipk", "ellipkm1", "ellipe",
    "jv", "yv", "iv", "kv", "jve", "yve", "ive", "kve", "kn", "yn", "hankel1", "hankel2", "hankel1e", "hankel2e",
    "j0", "j1", "y0", "y1", "i0", "i1", "i0e", "i1e", "k0", "k1", "k0e", "k1e", "airy",
    "bdtr", "bdtrc", "bdtri", "gdtrix", "nbdtr", "nbdtrc", "nbdtri", "nrdtrimn", "nrdtrisd", "pdtr", "pdtrc",
    "pdtri", "ellipeinc", "ellipj", "ellipkinc", "eval_chebyc", "eval_chebys", "eval_chebyt", "eval_chebyu",
    "eval_gegenbauer", "eval_genlaguerre", "eval_hermite", "eval_hermitenorm", "eval_jacobi", "eval_laguerre",
    "eval_legendre", "eval_sh_chebyt", "eval_sh_chebyu", "eval_sh_jacobi", "eval_sh_legendre", "hyperu",
    "log_wright_bessel", "wright_bessel", "bei", "beip", "ber", "berp", "it2i0k0", "it2j0y0", "it2struve0",
    "itairy", "iti0k0", "itj0y0", "itmodstruve0", "itstruve0", "kei", "keip", "kelvin", "ker", "kerp",

    "modstruve", "pbdv", "pbvv", "pbwa", "struve",
]  # fmt: skip
