"""tensorgrad.special beside the cases of cases_special.py: edges, arguments without a derivative, lists of Tensors."""

import math
import sys

import numpy as np
import pytest

from tensorgrad import Tensor, grad, no_grad

scipy_special = pytest.importorskip("scipy.special")
special = pytest.importorskip("tensorgrad.special")

inf, nan = math.inf, math.nan


def derivatives(name, *args):
    """The gradient of the (first) result in each float. Ints, and floats written as strings, are constants."""
    given = [Tensor(a) if isinstance(a, float) else float(a) if isinstance(a, str) else a for a in args]
    y = getattr(special, name)(*given)
    (y[0] if isinstance(y, tuple) else y).backward()
    return [t.grad.item() for t in given if isinstance(t, Tensor)]


def test_scipys_own_functions_record():
    assert special.erf is scipy_special.erf
    x = Tensor([0.5, -1.0])
    scipy_special.erf(x).backward()
    np.testing.assert_allclose(x.grad, 2 / np.sqrt(np.pi) * np.exp(-(x.data**2)), rtol=1e-15)


def test_it_lies_beside_the_other_modules_with_scipys_names():
    beside = pytest.importorskip("tensorgrad.scipy.special")
    assert set(beside.__all__) == set(special.__all__)
    for name in special.__all__:
        assert getattr(beside, name) is getattr(special, name)
    with pytest.raises(AttributeError, match=r"tensorgrad\.scipy\.special has no 'nctdtr'"):
        beside.nctdtr  # noqa: B018


# Edges ---------------------------------------------------------------------------------------------------------------

EDGES = {
    # The limits of the derivatives from inside, where they are finite; no warning
    ("xlogy", 0.0, 0.0): [0, 0],
    ("xlogy", 0.0, 2.0): [math.log(2), 0],
    ("xlogy", 0.0, -1.0): [0, 0],
    ("xlog1py", 0.0, -1.0): [0, 0],
    ("xlog1py", 0.0, -0.5): [math.log(0.5), 0],
    ("rel_entr", 0.0, 0.0): [0, 0],
    ("rel_entr", 1.0, 1.0): [1, -1],
    ("kl_div", 0.0, 0.0): [0, 1],
    ("kl_div", 3.0, 3.0): [0, 0],
    ("huber", 1.0, 1.0): [0, 1],
    ("huber", 1.0, -1.0): [0, -1],
    ("huber", 0.0, 0.0): [0, 0],
    ("pseudo_huber", 0.0, 2.0): [2, 0],
    ("pseudo_huber", 0.0, 0.0): [0, 0],
    ("pseudo_huber", 1.0, 0.0): [0, 0],
    ("boxcox", 0.0, 2.0): [0, 0.25],
    ("boxcox", 0.0, 1.0): [1, 1],
    ("boxcox", 1.0, 0.0): [1, 0],
    ("boxcox1p", -1.0, 2.0): [0, 0.25],
    ("inv_boxcox", 0.0, 0.0): [1, 0],
    ("gammainc", 1, 0.0): [1],
    ("gammainc", 3, 0.0): [0],
    ("gammaincc", 1, 0.0): [-1],
    ("betainc", 1, 3, 0.0): [3],
    ("betainc", 1, 3, 1.0): [0],
    ("betainc", 3, 1, 1.0): [3],
    ("betaincc", 2, 2, 1.0): [0],
    ("fdtr", 2, 3, 0.0): [1],
    ("stdtr", "inf", 0.0): [1 / math.sqrt(2 * math.pi)],
    ("lambertw", 0.0): [1],
    ("lambertw", 0.0, 0): [1],
    ("spence", 1.0): [-1],
    ("exprel", 0.0): [0.5],
    ("rgamma", 0.0): [1],
    ("rgamma", -3.0): [-6],  # (-1)^n n!
    ("gamma", -1.5): [4 * math.sqrt(math.pi) / 3 * (8 / 3 - 0.5772156649015329 - 2 * math.log(2))],
    ("binom", 2.0, 4): [-1 / 12],  # x (x - 1) (x - 2) (x - 3) / 24
    ("poch", -1.0, 3): [-1],  # x (x + 1) (x + 2)
    ("comb", 3.0, 5.0): [0, 0],
    ("jv", 1, 0.0): [0.5],
    ("jv", 0, 0.0): [0],
    ("iv", 1, 0.0): [0.5],
    ("ive", 0, 0.0): [0],
    ("i1", 0.0): [0.5],
    ("expn", 3, 0.0): [-1],
    ("wofz", 0.0): [0],
    ("sici", 0.0): [1],
    ("shichi", 0.0): [1],
    ("fresnel", 0.0): [0],
    ("airy", 200.0): [0],  # where the second kind has overflowed
    ("ellipk", 0.0): [math.pi / 8],
    ("ellipe", 0.0): [-math.pi / 8],
    ("log_ndtr", 50.0): [0],
    ("log_ndtr", -1e8): [1e8],
    ("erfcx", 1e8): [-1e-16 / math.sqrt(math.pi)],
    ("dawsn", -1e8): [-0.5e-16],
    ("expit", 300.0): [math.exp(-300)],
}  # fmt: skip


@pytest.mark.parametrize("call", EDGES, ids=lambda call: f"{call[0]}{call[1:]}")
def test_at_the_edges(call):
    np.testing.assert_allclose(derivatives(*call), EDGES[call], rtol=1e-13, atol=1e-15)


# Where a derivative is infinite it says so, and NumPy warns as it does of values
INFINITE = {
    ("entr", 0.0): [inf],
    ("rel_entr", 0.0, 2.0): [-inf, 0],
    ("kl_div", 0.0, 2.0): [-inf, 1],
    ("xlogy", 2.0, 0.0): [-inf, inf],
    ("xlog1py", 2.0, -1.0): [-inf, inf],
    ("boxcox", 0.0, 0.5): [inf, 4],
    ("betainc", "0.5", "0.5", 0.0): [inf],
    ("betainc", "0.5", "0.5", 1.0): [inf],
    ("gammainc", "0.5", 0.0): [inf],
    ("jv", "0.5", 0.0): [inf],
    ("expn", 2, 0.0): [-inf],
    ("spence", 0.0): [-inf],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("call", INFINITE, ids=lambda call: f"{call[0]}{call[1:]}")
def test_an_infinite_derivative(call):
    np.testing.assert_array_equal(derivatives(*call), INFINITE[call])


def test_a_pole_of_one_result_leaves_the_gradient_of_the_other():
    x = Tensor([0.0, 2.0])
    sine, cosine = special.sici(x)
    (sine.sum() + cosine[1]).backward()
    np.testing.assert_allclose(x.grad, [1, (math.sin(2) + math.cos(2)) / 2], rtol=1e-15)


@pytest.mark.parametrize("k", [0, -1, 3, [0, -1, 1]])
def test_branches_of_lambertw(k):
    """z = w e^w, so w' = 1 / (z + e^w)."""
    z = Tensor([-0.2, -0.1, -0.3])
    w = special.lambertw(z, k)
    np.testing.assert_array_equal(w.data, scipy_special.lambertw(z.data, k))
    np.real(w).sum().backward()
    np.testing.assert_allclose(z.grad, np.real(1 / (z.data + np.exp(w.data))), rtol=1e-12)


def test_near_lmbda_zero_the_box_cox_transformation_is_smooth():
    """d/d(lmbda) = log(x)^2 / 2 + lmbda log(x)^3 / 3 + ..."""
    slope = grad(special.boxcox, 1)
    for lmbda in (0.0, 1e-300, 1e-12, -1e-8, 1e-6):
        log = math.log(3.0)
        np.testing.assert_allclose(slope(3.0, lmbda), log**2 / 2 + lmbda * log**3 / 3, rtol=1e-11)
        np.testing.assert_allclose(grad(slope, 1)(3.0, lmbda), log**3 / 3 + lmbda * log**4 / 4, rtol=1e-11)


def test_huber_with_a_delta_per_element():
    delta, r = Tensor([0.5, 1.0, 2.0]), Tensor([1.0, -3.0, 1.0])
    special.huber(delta, r).backward()
    np.testing.assert_array_equal(delta.grad, [0.5, 2.0, 0.0])
    np.testing.assert_array_equal(r.grad, [0.5, -1.0, 1.0])


def test_logsumexp_at_the_edges():
    for a, b in (([1e4, 1e4], [3.0, -1.0]), ([-inf, -inf], [1.0, 2.0]), ([1e4, 1.0], [0.0, 2.0])):
        x = Tensor(a)
        y = special.logsumexp(x, b=b)
        np.testing.assert_allclose(y.data, scipy_special.logsumexp(a, b=b), rtol=1e-15)
        y.backward()
        assert np.isfinite(x.grad).all()
    size, sign = special.logsumexp(Tensor([1.0, 2.0]), b=[1.0, -1.0], return_sign=True)
    assert sign == -1
    np.testing.assert_allclose(size.data, np.log(np.exp(2) - np.exp(1)), rtol=1e-15)


# Arguments without a derivative --------------------------------------------------------------------------------------

# name: SciPy's names of the arguments that have none, by place, and a call
WITHOUT: dict[str, tuple[dict[int, str], list]] = {
    **{f: ({0: "v"}, [1.5, 2.0]) for f in ("jv", "yv", "iv", "kv", "jve", "yve", "ive", "kve", "hankel1", "hankel2")},
    **{f: ({0: "v"}, [1.5, 2.0]) for f in ("hankel1e", "hankel2e", "chdtr", "chdtrc", "hyp0f1")},
    **{f: ({0: "n"}, [1.0, 2.0]) for f in ("kn", "yn", "expn", "polygamma")},
    **{f: ({0: "a"}, [1.5, 0.5]) for f in ("gammainc", "gammaincc", "gammaincinv", "gammainccinv")},
    **{f: ({0: "a", 1: "b"}, [1.5, 2.0, 0.5]) for f in ("betainc", "betaincc", "betaincinv", "betainccinv")},
    **{f: ({0: "dfn", 1: "dfd"}, [1.5, 2.0, 0.5]) for f in ("fdtr", "fdtrc", "fdtri")},
    **{f: ({0: "df"}, [1.5, 0.3]) for f in ("stdtr", "stdtrit")},
    **{f: ({1: "b"}, [1.5, 2.0, 0.5]) for f in ("gdtr", "gdtrc")},
    "chdtri": ({0: "v"}, [1.5, 0.5]),
    "zeta": ({0: "x"}, [1.5, 2.0]),
    "hyp1f1": ({0: "a", 1: "b"}, [1.5, 2.0, 0.5]),
    "hyp2f1": ({0: "a", 1: "b", 2: "c"}, [1.5, 2.0, 2.5, 0.5]),
    "multigammaln": ({1: "d"}, [3.5, 2.0]),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_tensor_there_is_an_error_at_the_call(name):
    func, (places, call) = getattr(special, name), WITHOUT[name]
    for i, argument in places.items():
        message = f"{name}: the argument {argument} has no derivative in tensorgrad: .* shape \\(\\) that requires"
        for others in (lambda a: a, Tensor):
            args = [Tensor(a) if j == i else a if j in places else others(a) for j, a in enumerate(call)]
            with pytest.raises(TypeError, match=message):
                func(*args)


@pytest.mark.parametrize("name", WITHOUT)
def test_a_constant_there_is_a_constant(name):
    """A number, an array, or a Tensor that requires no gradient, or any inside no_grad: to the second derivative."""
    func, (places, call) = getattr(special, name), WITHOUT[name]
    last = max(set(range(len(call))) - places.keys())
    found = []
    for made in (lambda a: a, np.asarray, lambda a: Tensor(a, requires_grad=False)):
        constants = {i: made(a) for i, a in enumerate(call) if i != last}
        slope = grad(grad(lambda x, c=constants: np.real(func(*(c.get(i, x) for i in range(len(call)))))))
        found.append(slope(call[last]))
    assert found[0] == found[1] == found[2] != 0
    constant = func(*(Tensor(a, requires_grad=False) for a in call))
    assert isinstance(constant, Tensor) and not constant.requires_grad
    with no_grad():
        inside = func(*map(Tensor, call))
    assert isinstance(inside, Tensor) and inside.data == constant.data == func(*call)


def test_an_order_that_changes_later_has_no_effect():
    order, x = np.array([1.0, 2.0]), Tensor([0.5, 3.0])
    y = special.jv(order, x)
    order += 1
    y.backward()
    np.testing.assert_allclose(x.grad, scipy_special.jvp([1, 2], x.data), rtol=1e-13)


def test_what_scipy_makes_of_these_functions_has_derivatives_too():
    """jvp and the like call jv: they are no ufuncs, and right as they are."""
    for name in ("jvp", "yvp", "ivp", "kvp"):
        x = Tensor([0.5, 3.0])
        getattr(scipy_special, name)(2, x).backward()
        np.testing.assert_allclose(x.grad, getattr(scipy_special, name)(2, x.data, 2), rtol=1e-12)


# What is no ufunc ----------------------------------------------------------------------------------------------------


LISTS = {
    "softmax": lambda f, v: f(v),
    "log_softmax": lambda f, v: f(v, axis=0),
    "logsumexp": lambda f, v: f([[1.0, 2.0], v], axis=0, b=[v, v]),
    "polygamma": lambda f, v: f(1, v),
    "multigammaln": lambda f, v: f(v, 2),
    "comb": lambda f, v: f(v, [2.0, 1.0]),
    "perm": lambda f, v: f(v, 2.0),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_tensors_are_stacked(name):
    def results(together):
        a, b = Tensor(3.0), Tensor(4.0)
        y = LISTS[name](getattr(special, name), together([a, b]))
        (y * y).backward()
        return y.data, a.grad, b.grad

    value, *gradients = results(list)
    np.testing.assert_allclose(value, LISTS[name](getattr(scipy_special, name), [3.0, 4.0]), rtol=1e-14)
    assert all(g != 0 for g in gradients)
    np.testing.assert_array_equal(gradients, results(np.stack)[1:])


def test_a_list_of_orders_beside_a_tensor():
    x = Tensor([2.0, 1.0])
    special.jv([0, 1], x).backward()
    np.testing.assert_allclose(x.grad, scipy_special.jvp([0, 1], [2.0, 1.0]), rtol=1e-14)
    with pytest.raises(TypeError, match="jv: the argument v has no derivative"):
        special.jv([Tensor(0.0), 1], x)


def test_arrays_give_scipys_arrays():
    for name, args in {
        "polygamma": (2, [0.5, 3.0]),
        "multigammaln": ([2.5, 3.0], 2),
        "comb": ([5, 6], [2, 9]),
        "perm": ([5, 6], [2, 9]),
        "softmax": ([[1.0, 2.0]],),
        "log_softmax": ([[1.0, 2.0]],),
        "logsumexp": ([[1.0, 2.0]],),
    }.items():
        ours, theirs = getattr(special, name)(*args), getattr(scipy_special, name)(*args)
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)
        assert not isinstance(ours, Tensor) and ours.dtype == theirs.dtype
    assert special.comb(10**30, 5, exact=True) == scipy_special.comb(10**30, 5, exact=True)
    assert special.perm(20, 19, exact=True) == math.factorial(20)
    assert special.comb(5, 2, repetition=True) == 15


def test_exact_numbers_of_tensors_are_an_error():
    for call in (
        lambda: special.comb(Tensor(5.0), 2, exact=True),
        lambda: special.comb(5, Tensor(2.0), repetition=True),
        lambda: special.perm([Tensor(5.0)], 2, exact=True),
    ):
        with pytest.raises(TypeError, match="no Tensors"):
            call()


@pytest.mark.parametrize("d", [0, -1, 1.5, [1, 2], None, "2", math.nan])
def test_multigammaln_of_other_dimensions_is_an_error(d):
    with pytest.raises(ValueError, match="multigammaln: d must be a positive integer"):
        special.multigammaln(Tensor(5.0), d)


def test_multigammaln_outside_its_domain_is_an_error():
    with pytest.raises(ValueError, match=r"multigammaln: all of a must be above \(d - 1\) / 2 = 1.0"):
        special.multigammaln(Tensor([5.0, 1.0]), 3)


def test_every_name_is_there():
    assert len(set(special.__all__)) == len(special.__all__)
    assert all(callable(getattr(special, name)) for name in special.__all__)
    assert {name for name in dir(special) if callable(getattr(special, name))} == set(special.__all__)


def test_without_scipy(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "scipy"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    for name in [name for name in sys.modules if name.startswith("tensorgrad.special")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match="pip install scipy"):
        import tensorgrad.special  # noqa: F401
