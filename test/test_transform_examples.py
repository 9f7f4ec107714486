"""The examples of the transforms: each is run, and its results are compared with known ones."""

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs an example in an empty directory, and gives its variables."""
    for package in ("matplotlib", "scipy"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_newton_rosenbrock(run):
    found = run("newton_rosenbrock")
    np.testing.assert_allclose(found["by_newton"][-1], [1, 1], atol=1e-9)
    np.testing.assert_allclose(found["in_1000"][-1], np.ones(1000), atol=1e-9)
    assert len(found["by_newton"]) < 40 and len(found["in_1000"]) < 100
    assert np.linalg.norm(found["by_descent"][-1] - 1) > 1e-2  # the gradient alone isn't there yet
    assert Path("newton_rosenbrock.png").exists()


@pytest.mark.slow
def test_scipy_minimize(run):
    results = run("scipy_minimize")["results"]
    assert len(results) == 7
    for method in ("BFGS", "L-BFGS-B"):
        assert results[method, "differences"]["calls"] > 20 * results[method, "exact"]["calls"]
    for (method, kind), found in results.items():
        if kind == "exact":
            assert found["f"] < 1e-3, method


def test_gaussian_process(run):
    """The same likelihood, and the same hyperparameters, as scikit-learn finds with gradients of its own."""
    pytest.importorskip("sklearn")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    found = run("gaussian_process")
    kernel = ConstantKernel(0.25) * RBF(3.0) + WhiteKernel(0.25)
    theirs = GaussianProcessRegressor(kernel, alpha=0, random_state=0).fit(found["x"][:, None], found["y"])
    np.testing.assert_allclose(-found["fit"].fun, theirs.log_marginal_likelihood_value_, rtol=1e-7)
    best = theirs.kernel_
    want = [best.k1.k2.length_scale, np.sqrt(best.k1.k1.constant_value), np.sqrt(best.k2.noise_level)]
    np.testing.assert_allclose(np.exp(found["fit"].x), want, rtol=1e-3)
    np.testing.assert_allclose(found["again"].x, found["fit"].x, rtol=1e-4)
    np.testing.assert_allclose(found["mean"], theirs.predict(found["new"][:, None]), atol=1e-3)


def test_physics_informed_ode(run):
    """Where it stops, the equation is met; so u can't be further from the closed solution than the bound says."""
    found = run("physics_informed_ode")
    assert np.abs(found["missed"]).max() <= found["TOLERANCE"]
    assert found["worst"] < 2 * found["TOLERANCE"]  # between the times it was fitted at, too
    assert found["error"] < found["bound"] < 0.02
    at_start = found["network"](found["weights"], np.array([[0.0], [1e-6]]))[:, 0]
    np.testing.assert_allclose(at_start, 1, atol=1e-9)  # u(0) = 1, u'(0) = 0


def test_hmc(run):
    """The moments of the banana, known in closed form, within four standard errors of 100 chains."""
    found = run("hmc")
    chains = found["samples"][50:]
    for moment, exact in [(chains.mean(axis=0), found["exact_mean"]), ((chains**2).mean(axis=0), None)]:
        exact = found["exact_mean"] ** 2 + found["exact_spread"] ** 2 if exact is None else exact
        error = moment.std(axis=1) / np.sqrt(moment.shape[1])
        assert np.all(np.abs(moment.mean(axis=1) - exact) < 4 * error)
        assert np.all(error < 0.1 * found["exact_spread"] ** 2)
    assert found["taken"] > 0.9


def test_implicit_fixed_point(run):
    found = run("implicit_fixed_point")
    assert found["difference"] < 1e-12
    z = found["equilibrium"](found["W"], found["x"])
    np.testing.assert_allclose(z, found["wanted"], atol=1e-12)
    np.testing.assert_allclose(z, np.tanh(found["W"] @ z + found["x"]), atol=1e-12)


def test_straight_through(run):
    found = run("straight_through")
    assert found["error"](found["straight"]) < 0.5 * found["error"](found["ordinary"])
    np.testing.assert_allclose(found["straight"], found["by_own_rule"])
