"""Libraries that take other arrays than NumPy's, given Tensors: values of arrays, and gradients of differences."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor

HERE = Path(__file__).parent


def agrees(f: Any, *arrays: np.ndarray) -> Any:
    """f has its value of arrays for Tensors, and gradients that agree with differences, to second order."""
    y = f(*[Tensor(a) for a in arrays])
    assert type(y) is Tensor and y.requires_grad
    np.testing.assert_allclose(y.data, f(*arrays), rtol=1e-12, atol=1e-14)
    tg.check_grads(f, *arrays, order=2)
    return y


@pytest.fixture
def x(rng):
    return rng.uniform(0.2, 2, (2, 3, 4))


# einops ---------------------------------------------------------------------------------------------------------------

EINOPS = {
    "rearrange": lambda einops, x: einops.rearrange(x, "a b c -> (a c) b"),
    "split": lambda einops, x: einops.rearrange(x, "a b (c d) -> a (b d) c", d=2),
    "sum": lambda einops, x: einops.reduce(x, "a b c -> b", "sum"),
    "mean": lambda einops, x: einops.reduce(x, "a b (c 2) -> a c", "mean"),
    "max": lambda einops, x: einops.reduce(x, "a b c -> a 1 c", "max"),
    "prod": lambda einops, x: einops.reduce(x, "a b c -> a", "prod"),
    "repeat": lambda einops, x: einops.repeat(x, "a b c -> a (b 2) c 3"),
    "einsum": lambda einops, x: einops.einsum(x, x, "a b c, a b d -> c d"),
    "pack": lambda einops, x: einops.pack([x, x[:, 0]], "a * c")[0],
    "unpack": lambda einops, x: einops.unpack(x, [[1], [2]], "a * c")[1],
    "list": lambda einops, x: einops.rearrange([x, x[:, ::-1]], "n a b c -> a (n b) c"),
}


@pytest.mark.parametrize("name", EINOPS)
def test_einops(name, x):
    einops = pytest.importorskip("einops")
    pytest.importorskip("tensorgrad.einops")
    agrees(lambda t: EINOPS[name](einops, t), x)


def test_einops_for_the_array_api_standard(x):
    standard = pytest.importorskip("einops.array_api")
    agrees(lambda t: standard.rearrange(t, "a b c -> c (a b)") ** 2, x)
    agrees(lambda t: standard.reduce(t, "a b c -> a", "max"), x)


def test_einops_gives_its_errors_and_converts(x):
    einops = pytest.importorskip("einops")
    pytest.importorskip("tensorgrad.einops")
    with pytest.raises(einops.EinopsError, match="Wrong shape"):
        einops.rearrange(Tensor(x), "a b -> b a")
    assert einops.parse_shape(Tensor(x), "a b c") == {"a": 2, "b": 3, "c": 4}
    assert type(einops.asnumpy(Tensor(x))) is np.ndarray


@pytest.mark.parametrize("library", ["einops", "autoray"])
@pytest.mark.parametrize("first", ["import {0}, tensorgrad", "import tensorgrad, tensorgrad.{0}"])
def test_they_know_tensors_when_imported_before_or_by_our_module(library, first):
    pytest.importorskip(library)
    call = {
        "einops": "sys.modules['einops'].reduce(x, 'a -> ', 'sum')",
        "autoray": "sys.modules['autoray'].do('sum', x)",
    }[library]
    program = f"{first.format(library)}; x = tensorgrad.Tensor([1.0, 2.0]); {call}.backward(); print(x.grad)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}"], capture_output=True, text=True, cwd=HERE.parent
    )
    assert done.stdout.strip() == "[1. 1.]", done.stderr


# autoray, opt_einsum --------------------------------------------------------------------------------------------------

AUTORAY = {
    "sin": lambda do, x: do("sin", x),
    "sum": lambda do, x: do("sum", x, axis=(0, 2)),
    "einsum": lambda do, x: do("einsum", "abc,abd->cd", x, x),
    "tensordot": lambda do, x: do("tensordot", x, x, axes=([0, 1], [0, 1])),
    "stack": lambda do, x: do("stack", [x, 2 * x]),
    "reshape": lambda do, x: do("reshape", x, (6, 4)) ** 2,
    "transpose": lambda do, x: do("transpose", x, (2, 1, 0)) ** 2,
    "norm": lambda do, x: do("linalg.norm", x),
    "svd": lambda do, x: do("linalg.svd", x[0])[1],
    "where": lambda do, x: do("where", x > 1, x**2, 0.0),
}


@pytest.mark.parametrize("name", AUTORAY)
def test_autoray(name, x):
    autoray = pytest.importorskip("autoray")
    pytest.importorskip("tensorgrad.autoray")
    agrees(lambda t: AUTORAY[name](autoray.do, t), x)
    assert autoray.infer_backend(Tensor(x)) == "numpy"
    with pytest.raises(TypeError, match="can't become part of an array"):
        autoray.to_numpy(Tensor(x))


def test_opt_einsum(rng):
    opt_einsum = pytest.importorskip("opt_einsum")
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)
    agrees(lambda a, b, c: opt_einsum.contract("ij,jk,k->i", a, b, c), a, b, c)
    agrees(opt_einsum.contract_expression("ij,jk,k->i", a.shape, b.shape, c.shape), a, b, c)
    agrees(opt_einsum.contract_expression("ij,jk,k->i", a, b.shape, c.shape, constants=[0]), b, c)


# xarray ---------------------------------------------------------------------------------------------------------------

XARRAY = {
    "sum": lambda xr, x: x.sum("b"),
    "mean": lambda xr, x: x.mean(),
    "std": lambda xr, x: x.std("a"),
    "max": lambda xr, x: x.max("b"),
    "median": lambda xr, x: x.median("b"),
    "prod": lambda xr, x: x.prod("b"),
    "cumsum": lambda xr, x: x.cumsum("a") ** 2,
    "diff": lambda xr, x: x.diff("a") ** 2,
    "ufunc": lambda xr, x: np.sin(x),
    "arithmetic": lambda xr, x: (2 * x - x**2 / 3) * xr.DataArray(np.array([1.0, 2.0, 3.0]), dims="a"),
    "broadcasting": lambda xr, x: x * x.isel(a=0),
    "sel": lambda xr, x: x.sel(b=20) ** 2,
    "transpose": lambda xr, x: x.transpose("b", "a") ** 2,
    "where": lambda xr, x: (x**2).where(x > 1, 0.0),
    "dot": lambda xr, x: xr.dot(x, x.isel(a=1), dim="b"),
    "concat": lambda xr, x: xr.concat([x, 2 * x], "c") ** 2,
    "groupby": lambda xr, x: x.groupby("a").sum() ** 2,
    "rolling": lambda xr, x: x.rolling(b=2).mean().isel(b=slice(1, None)),
    "integrate": lambda xr, x: x.integrate("b"),
    "polyfit": lambda xr, x: x.polyfit("b", 1).polyfit_coefficients,
    "quantile": lambda xr, x: x.quantile(0.3, "b"),
    "dataset": lambda xr, x: xr.Dataset({"q": x}).mean().q,
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", XARRAY)
def test_xarray(name, rng):
    xr = pytest.importorskip("xarray")

    def f(t):
        return XARRAY[name](xr, xr.DataArray(t, dims=("a", "b"), coords={"a": [0, 0, 1], "b": [10, 20, 30, 40]})).data

    agrees(f, rng.uniform(0.2, 2, (3, 4)))


def test_arrays_of_xarray_keep_their_labels_around_tensors():
    xr = pytest.importorskip("xarray")
    x, labelled = Tensor([1.0, 2.0]), xr.DataArray(np.array([3.0, 4.0]), dims="a")
    for y in (x * labelled, labelled * x, np.multiply(x, labelled), x**labelled, x / labelled):
        assert isinstance(y, xr.DataArray) and type(y.data) is Tensor and y.dims == ("a",)
    for leave in (lambda y: y.values, lambda y: y.to_numpy(), lambda y: y.to_series(), lambda y: float(y.sum())):
        with pytest.raises(TypeError, match=r"xarray.*can't become part of an array"):
            leave(labelled.rename("q") * x)


# pint -----------------------------------------------------------------------------------------------------------------

PINT = {
    "product": lambda u, q: (q * q).m_as("cm ** 2"),
    "conversion": lambda u, q: q.to("cm").magnitude ** 2,
    "sum of units": lambda u, q: (q + u.Quantity(3.0, "cm")).m_as("mm") ** 2,
    "ufunc": lambda u, q: np.exp(q / u.Quantity(2.0, "m")).m_as(""),
    "mean": lambda u, q: (q**2).mean().magnitude,
    "dot": lambda u, q: np.dot(q, q).magnitude,
    "index": lambda u, q: q[1].magnitude ** 2,
    "concatenate": lambda u, q: np.concatenate([q, q]).magnitude ** 2,
    "std": lambda u, q: np.std(q).m_as("cm"),
    "unit": lambda u, q: ((q.magnitude * u.m) ** 2 / u.s).m_as("m ** 2 / s"),
    "divided": lambda u, q: (q.magnitude**2 / u.Quantity(2.0, "s")).magnitude,
}


@pytest.mark.parametrize("name", PINT)
def test_pint(name):
    units = pytest.importorskip("pint").UnitRegistry()
    agrees(lambda t: PINT[name](units, units.Quantity(t, "m")), np.array([0.5, 1.5, 2.5]))


def test_quantities_keep_their_unit_around_tensors():
    pint = pytest.importorskip("pint")
    u = pint.UnitRegistry()
    x = Tensor([1.0, 2.0])
    for q in (x * u.m, u.m * x, x * u.Quantity(2.0, "m"), np.multiply(x, u.Quantity(np.ones(2), "m")), x / (1 / u.m)):
        assert isinstance(q, u.Quantity) and q.units == u.m and type(q.magnitude) is Tensor
    with pytest.raises(pint.DimensionalityError):
        x + u.Quantity(1.0, "m")
    y = +x
    with pytest.raises(TypeError):
        y *= u.Quantity(2.0, "m")


# array-api-compat, array-api-extra ------------------------------------------------------------------------------------


def test_array_api_compat():
    compat = pytest.importorskip("array_api_compat")
    x = Tensor([[1.0, 2.0]])
    assert compat.is_array_api_obj(x) and not compat.is_numpy_array(x) and not compat.is_lazy_array(x)
    assert compat.array_namespace(x) is compat.array_namespace(x, 1.0, None, x) is tg.array_api
    assert compat.device(x) == "cpu" and compat.to_device(x, "cpu") is x and compat.size(x) == 2
    assert compat.is_writeable_array(x)
    with pytest.raises(TypeError, match=r"array_namespace got or made plain arrays.*make yours Tensors"):
        compat.array_namespace(x, np.ones(2))
    with pytest.raises(ValueError, match="cpu"):
        compat.to_device(x, "gpu")


EXTRA = {
    "apply_where": lambda xpx, xp, x: xpx.apply_where(x > 1, (x,), lambda x: x**2, lambda x: -x, xp=xp),
    "apply_where, filled": lambda xpx, xp, x: xpx.apply_where(x > 1, (x,), lambda x: x**2, fill_value=0.0, xp=xp),
    "at set": lambda xpx, xp, x: xpx.at(x, 0).set(x[1] ** 2, copy=True),
    "at mask": lambda xpx, xp, x: xpx.at(x)[x > 1].set(0.0, copy=True) ** 2,
    "at add": lambda xpx, xp, x: xpx.at(x, 0).add(x[1] ** 2, copy=True),
    "at multiply": lambda xpx, xp, x: xpx.at(x, 0).multiply(x[1], copy=True),
    "at min": lambda xpx, xp, x: xpx.at(x, 0).min(x[1] ** 2, copy=True),
    "atleast_nd": lambda xpx, xp, x: xpx.atleast_nd(x, ndim=3) ** 2,
    "cov": lambda xpx, xp, x: xpx.cov(x),
    "create_diagonal": lambda xpx, xp, x: xpx.create_diagonal(x[0]) ** 2,
    "kron": lambda xpx, xp, x: xpx.kron(x, x[0]),
    "pad": lambda xpx, xp, x: xpx.pad(x, 1) ** 2,
    "partition": lambda xpx, xp, x: xpx.partition(x, 2) ** 2,
    "setdiff1d": lambda xpx, xp, x: xpx.setdiff1d(x[0], x[1]) ** 2,
    "sinc": lambda xpx, xp, x: xpx.sinc(x),
    "angle": lambda xpx, xp, x: xpx.angle(x + 1j * x**2),
    "nan_to_num": lambda xpx, xp, x: xpx.nan_to_num(x**2),
}


@pytest.mark.parametrize("name", EXTRA)
def test_array_api_extra(name, rng):
    compat, extra = pytest.importorskip("array_api_compat"), pytest.importorskip("array_api_extra")
    agrees(lambda x: EXTRA[name](extra, compat.array_namespace(x), x), rng.uniform(0.2, 2, (3, 4)))


# scikit-learn ---------------------------------------------------------------------------------------------------------

PROGRAM = """
import pickle, sys
sys.path.insert(0, {here!r})
import test_array_libraries
sys.stdout.buffer.write(pickle.dumps(test_array_libraries.sklearn_outcomes()))
"""

SKLEARN_WORKS = """
    mean_squared_error, raw | mean_absolute_error, raw | r2_score, raw | explained_variance_score, raw
    cosine_similarity | cosine_distances
    euclidean_distances | linear_kernel | polynomial_kernel | rbf_kernel | laplacian_kernel | sigmoid_kernel
    chi2_kernel | paired_euclidean_distances | manhattan_distances | StandardScaler | MinMaxScaler | MaxAbsScaler
    Normalizer | KernelCenterer | PolynomialFeatures | minmax_scale | normalize | PCA full | PCA covariance_eigh
    Ridge coef_ | Ridge predict | RidgeCV | LinearDiscriminantAnalysis | GaussianMixture | Nystroem | train_test_split
    empirical_covariance
"""
SKLEARN_REFUSES = """
    mean_squared_error | mean_absolute_error | r2_score | explained_variance_score | max_error | mean_pinball_loss
    log_loss | brier_score_loss | LinearRegression | LogisticRegression | RobustScaler
"""


def called(func: Any, X: Any, Y: Any, **settings: Any) -> Any:
    return func(X, Y, **settings)


def sklearn_outcomes() -> dict[str, tuple]:
    """What became of functions and estimators of scikit-learn, as in array_api_survey.py."""
    from array_api_survey import outcome
    from sklearn import config_context, decomposition, linear_model, metrics, mixture, model_selection, preprocessing
    from sklearn.covariance import empirical_covariance
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.kernel_approximation import Nystroem

    rng = np.random.default_rng(0)
    X, y, p = rng.normal(size=(20, 3)), rng.normal(size=20), rng.uniform(0.1, 0.9, 20)
    classes = (rng.uniform(size=20) > 0.5).astype(int)
    few = {"X": np.abs(X[:5]), "Y": np.abs(X[5:10])}
    targets = {"X": np.stack([y, y**2], 1), "Y": np.stack([y + p, y * p], 1)}
    calls: dict[str, Any] = {}
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score", "explained_variance_score"):
        calls[name] = partial(called, getattr(metrics, name)), targets
        calls[f"{name}, raw"] = partial(called, getattr(metrics, name), multioutput="raw_values"), targets
    calls["mean_pinball_loss"] = partial(called, metrics.mean_pinball_loss), targets
    calls["max_error"] = metrics.max_error, {"y_true": y, "y_pred": y + p}
    for name in ("log_loss", "brier_score_loss"):
        calls[name] = (lambda p, name=name: getattr(metrics, name)(classes, p)), {"p": p}
    for name in ("cosine_similarity", "cosine_distances", "euclidean_distances", "linear_kernel", "polynomial_kernel",
                 "rbf_kernel", "laplacian_kernel", "sigmoid_kernel", "chi2_kernel", "paired_euclidean_distances",
                 "manhattan_distances"):  # fmt: skip
        calls[name] = getattr(metrics.pairwise, name), few
    for name in ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "Normalizer", "PolynomialFeatures", "RobustScaler"):
        calls[name] = (lambda X, name=name: getattr(preprocessing, name)().fit_transform(X)), {"X": X}
    calls["KernelCenterer"] = (lambda X: preprocessing.KernelCenterer().fit_transform(X @ X.T)), {"X": X}
    for name in ("minmax_scale", "normalize"):
        calls[name] = (lambda X, name=name: getattr(preprocessing, name)(X)), {"X": X}
    for solver in ("full", "covariance_eigh"):
        calls[f"PCA {solver}"] = (lambda X, s=solver: decomposition.PCA(2, svd_solver=s).fit_transform(X)), {"X": X}
    both = {"X": X, "y": y}
    calls["Ridge coef_"] = (lambda X, y: linear_model.Ridge(solver="svd").fit(X, y).coef_), both
    calls["Ridge predict"] = (lambda X, y: linear_model.Ridge(solver="svd").fit(X, y).predict(X)), both
    calls["RidgeCV"] = (lambda X, y: linear_model.RidgeCV().fit(X, y).coef_), both
    calls["LinearRegression"] = (lambda X, y: linear_model.LinearRegression().fit(X, y).coef_), both
    calls["LogisticRegression"] = (lambda X: linear_model.LogisticRegression().fit(X, classes).coef_), {"X": X}
    calls["LinearDiscriminantAnalysis"] = (lambda X: LinearDiscriminantAnalysis().fit(X, classes).coef_), {"X": X}
    mixture_of = {"n_components": 2, "random_state": 0, "init_params": "random"}
    calls["GaussianMixture"] = (lambda X: mixture.GaussianMixture(**mixture_of).fit(X).means_), {"X": X}
    calls["Nystroem"] = (lambda X: Nystroem(n_components=4, random_state=0).fit_transform(X)), {"X": X}
    calls["train_test_split"] = (lambda X: model_selection.train_test_split(X, random_state=0)), {"X": X}
    calls["empirical_covariance"] = empirical_covariance, {"X": X}
    found = {}
    with config_context(array_api_dispatch=True):
        for name, (call, arrays) in calls.items():
            ways = {key: rng.uniform(-1, 1, value.shape) for key, value in arrays.items()}
            found[name] = outcome(call, arrays, ways)
    return found


@pytest.fixture(scope="module")
def sklearn_found() -> dict[str, tuple]:
    sklearn = pytest.importorskip("sklearn")
    if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
        pytest.skip("less of scikit-learn was written in the standard")
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM.format(here=str(HERE))]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


def listed(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", "|").split("|") if name.strip()]


@pytest.mark.parametrize("name", listed(SKLEARN_WORKS))
def test_scikit_learn_records(name, sklearn_found):
    assert sklearn_found[name] == ("works", "")


@pytest.mark.parametrize("name", listed(SKLEARN_REFUSES))
def test_scikit_learn_gives_no_constant_for_a_gradient(name, sklearn_found):
    kind, why = sklearn_found[name]
    assert kind == "error" and why.startswith("TypeError: sklearn.") and "tensor.data" in why
    if name == "mean_squared_error":
        assert "sklearn.metrics.mean_squared_error" in why and "multioutput='raw_values'" in why


def test_all_of_scikit_learn_that_is_tried_is_listed(sklearn_found):
    assert set(sklearn_found) == {*listed(SKLEARN_WORKS), *listed(SKLEARN_REFUSES)}
