"""tensorgrad.special beside the cases of cases_special.py: SciPy's own functions, the edges, and without SciPy."""

import sys

import numpy as np
import pytest

from tensorgrad import Tensor


def test_scipys_own_functions_record():
    scipy_special = pytest.importorskip("scipy.special")
    from tensorgrad import special

    assert special.erf is scipy_special.erf
    x = Tensor([0.5, -1.0])
    scipy_special.erf(x).backward()
    np.testing.assert_allclose(x.grad, 2 / np.sqrt(np.pi) * np.exp(-(x.data**2)), rtol=1e-15)


def test_logsumexp_at_the_edges():
    scipy_special = pytest.importorskip("scipy.special")
    from tensorgrad.special import logsumexp

    for a, b in (([1e4, 1e4], [3.0, -1.0]), ([-np.inf, -np.inf], [1.0, 2.0]), ([1e4, 1.0], [0.0, 2.0])):
        x = Tensor(a)
        y = logsumexp(x, b=b)
        np.testing.assert_allclose(y.data, scipy_special.logsumexp(a, b=b), rtol=1e-15)
        y.backward()
        assert np.isfinite(x.grad).all()
    size, sign = logsumexp(Tensor([1.0, 2.0]), b=[1.0, -1.0], return_sign=True)
    assert sign == -1
    np.testing.assert_allclose(size.data, np.log(np.exp(2) - np.exp(1)), rtol=1e-15)


def test_entropies_at_zero():
    pytest.importorskip("scipy")
    from tensorgrad.special import xlogy

    x, y = Tensor([0.0, 0.0]), Tensor([0.0, 2.0])
    xlogy(x, y).backward()
    np.testing.assert_array_equal(x.grad, [0, np.log(2)])
    np.testing.assert_array_equal(y.grad, [0, 0])


def test_the_order_of_polygamma_is_no_variable():
    pytest.importorskip("scipy")
    from tensorgrad.special import polygamma

    x = Tensor([0.5, 2.0])
    polygamma(0, x).backward()
    np.testing.assert_allclose(x.grad, [np.pi**2 / 2, np.pi**2 / 6 - 1], rtol=1e-14)


def test_without_scipy(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "scipy"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    monkeypatch.delitem(sys.modules, "tensorgrad.special", raising=False)
    with pytest.raises(ImportError, match="pip install scipy"):
        import tensorgrad.special  # noqa: F401
