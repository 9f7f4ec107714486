"""Tensors over Dask arrays: what Dask computes has NumPy's gradients, lazily; and Dask takes them for collections."""

import copy
import pickle

import numpy as np
import pytest
from helpers import value_and_grads
from test_strict_arrays import OPTIMISERS

import tensorgrad as tg
from tensorgrad import Tensor

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
import survey_dask  # noqa: E402
from dask.base import is_dask_collection, tokenize  # noqa: E402


def lazy(a, chunks=2):
    return da.from_array(np.asarray(a), chunks=chunks)


def same(found, expected):
    """Dask's arrays, with these numbers."""
    for a, b in zip(found, expected, strict=True):
        assert isinstance(a, da.Array)
        np.testing.assert_allclose(survey_dask.numbers(a), b, rtol=1e-11, atol=1e-13)


def results_of(f, *arrays):
    """The value of f and its gradients, of which none is computed meanwhile if arrays are Dask's."""
    with dask.config.set(scheduler=survey_dask.none_now):
        y, *grads = value_and_grads(f, *arrays)
    return [y.data, *grads]


# Functions ------------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "max": lambda a: np.max(a, axis=1),
    "min": lambda a: a.min(),
    "ptp": lambda a: np.ptp(a, axis=0),
    "max from": lambda a: np.max(a, axis=0, initial=0.3),
    "mean where": lambda a: np.mean(a, axis=1, where=a > 0.2),
    "var where": lambda a: np.var(a, axis=0, ddof=1, where=a > -2),
    "std": lambda a: np.std(a, axis=1, ddof=1),
    "var": lambda a: a.var(),
    "columns": lambda a: a[:, [2, 0, 0]],
    "one element": lambda a: a[1, 2] * a[0, -1],
    "places": lambda a: a[[0, 1, 1], [2, 0, 0]],
    "new axis": lambda a: a[:, None, 1:],
    "mask": lambda a: a[np.array([True, False, True])],
    "repeat": lambda a: np.repeat(a, [1, 0, 2], axis=0),
    "take": lambda a: np.take(a, [[3, 0], [1, 1]], axis=1),
    "ravel": np.ravel,
    "outer": lambda a: np.outer(a[0], a[1]),
    "sort": lambda a: np.sort(a, axis=0),
    "median": lambda a: np.median(a, axis=1),
    "quantile": lambda a: np.quantile(a, [0.1, 0.6], axis=0),
    "trace": lambda a: np.trace(a, 1),
    "diagonal": lambda a: np.diag(a[:, :3]) * np.diag(a[0])[1:, 1:].sum(),
    "cumprod": lambda a: np.cumprod(a, axis=1),
    "norm": lambda a: np.linalg.norm(a, axis=1) + np.linalg.norm(a, ord=np.inf),
    "take_along_axis": lambda a: np.take_along_axis(a, np.array([[3, 0], [1, 1], [0, 0]]), axis=1),
    "pad": lambda a: np.pad(a, 2, mode="reflect"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_numpys_gradient_and_computes_nothing(name, rng):
    a = rng.permutation(12).reshape(3, 4) / 7 - 0.8
    f = FUNCTIONS[name]
    same(results_of(f, lazy(a)), results_of(f, a))


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_numpys_second_derivative(name, rng):
    a, f = rng.permutation(12).reshape(3, 4) / 7 - 0.8, FUNCTIONS[name]
    second = lambda x: tg.grad(lambda t: np.sum(np.sin(f(t))))(x)  # noqa: E731
    same(results_of(second, lazy(a)), results_of(second, a))


def test_cholesky_gives_the_triangle_that_was_asked_for(rng):
    m, w = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    m = m @ m.T + 4 * np.eye(4)
    for upper in (False, True):
        f = lambda a: np.linalg.cholesky(a, upper=upper) * w  # noqa: B023, E731
        same(results_of(f, lazy(m)), results_of(f, m))


@pytest.mark.slow
def test_svd_and_qr_are_reduced(rng):
    a = rng.normal(size=(6, 3))
    for f in (
        lambda x: np.linalg.svd(x, full_matrices=False).S,
        lambda x: (lambda u, s, vh: (u * s) @ vh * np.sum(s))(*np.linalg.svd(x, full_matrices=False)),
        lambda x: np.matmul(*np.linalg.qr(x)) ** 2,
        np.linalg.pinv,
    ):
        same(results_of(f, lazy(a, (2, 3))), results_of(f, a))
    with pytest.raises(TypeError, match="pass full_matrices=False"):
        np.linalg.svd(Tensor(lazy(a, (2, 3))))
    with pytest.raises(TypeError, match="pass mode='reduced'"):
        np.linalg.qr(Tensor(lazy(a, (2, 3))), mode="complete")


@pytest.mark.parametrize(
    "call, name",
    [
        (np.linalg.det, "linalg.det"),
        (np.linalg.eigvalsh, "linalg.eigh"),
        (lambda t: np.convolve(t[0], t[1]), "convolve"),
        (np.lexsort, "lexsort"),
    ],
)
def test_what_dask_has_not_is_an_error_that_names_it(call, name):
    # Dask itself warns, computes the array, and gives one of NumPy's
    with dask.config.set(scheduler=survey_dask.none_now), pytest.raises((TypeError, ValueError), match=name):
        call(Tensor(lazy(np.eye(4))))


def test_windows_that_dont_reach_everywhere(rng):
    a = rng.normal(size=(1, 2, 5))
    for f in (
        lambda x: tg.functions.avg_pool1d(x, 3, stride=1, padding=1),
        lambda x: tg.functions.max_pool1d(x, 3, stride=1, padding=1),
    ):
        same(results_of(f, lazy(a)), results_of(f, a))


def few(cases):
    """The first case of each function, but for those of SciPy, most of which Dask doesn't know."""
    return [case for case in cases if case.first and "special" not in module_of(case.func)]


def module_of(func):
    return getattr(func, "__module__", "") or ""


# What looks at numbers, as docs/dask.md says: because they are checked, or what is done next goes by them
LOOK = {"average", "choose", "lstsq", "multigammaln"}


@pytest.mark.slow
def test_whatever_dask_computes_has_numpys_gradient():
    wrong, tried = [], 0
    for case, length, found in survey_dask.survey(few(survey_dask.SURVEYED)):
        if length is None:
            continue
        tried += 1
        checks = case.func.__name__ in LOOK or module_of(case.func).startswith("tensorgrad.losses")
        if found != "right" and not (checks and found == "computed"):
            wrong.append(f"{case}: {found}")
    assert not wrong and tried > 250


# Lengths that aren't known --------------------------------------------------------------------------------------------

UNKNOWN = {
    "sum": lambda x: np.exp(x[x > 0]).sum(),
    "itself": lambda x: x[x > 0] * 2,
    "mean": lambda x: x[x > 0].mean(),
    "std": lambda x: np.std(x[x > 0]),
    "max": lambda x: x[x > -9].max(),
    "norm": lambda x: np.linalg.norm(x[x > 0]),
    "again": lambda x: (lambda y: y[y < 1] ** 2)(x[x > 0]),
    "two": lambda x: x[x > 0] * np.sin(x)[x > 0],
    "dot": lambda x: np.dot(x[x > 0], x[x > 0]),
    "outer": lambda x: np.outer(x[x > 0], np.array([1.0, 2.0])),
    "cumsum": lambda x: np.cumsum(x[x > 0]) ** 2,
    "joined": lambda x: np.concatenate([x[x > 0], x[x < 0]]) ** 2,
    "where": lambda x: np.where(x[x > 0] > 1, x[x > 0] ** 2, 3.0),
    "piecewise": lambda x: np.piecewise(x, [x > 0.5], [np.sin, 2.0]),
}
ROWS = {
    "rows": lambda x: x[x[:, 0] > 0] ** 2,
    "all": lambda x: x[x > 0] ** 2,
    "columns": lambda x: x[:, x[0] > 0] ** 2,
    "a column": lambda x: x[x[:, 0] > 0][:, 1] ** 2,
    "two columns": lambda x: x[x[:, 0] > 0][:, [1, 2, 2]] ** 2,
    "mean": lambda x: x[x[:, 0] > 0].mean(axis=0) ** 2,
    "means": lambda x: x[x[:, 0] > 0].mean(axis=1) ** 2,
    "product": lambda x: (x[x[:, 0] > 0] @ np.array([1.0, -2.0, 0.5, 1.0])) ** 2,
    "matrices": lambda x: tg.functions.linear(x[x[:, 0] > 0], np.ones((4, 2)), np.ones(2)),
    "softmax": lambda x: tg.functions.softmax(x[x[:, 0] > -9]) ** 2,
    "transposed": lambda x: x[x[:, 0] > 0].T ** 2,
    "compressed": lambda x: np.compress([True, False, True, True, False], x, axis=0) ** 2,
}


@pytest.mark.parametrize("name", [*UNKNOWN, *(f"rows: {name}" for name in ROWS)])
def test_gradients_where_lengths_are_unknown(name, rng):
    f = UNKNOWN.get(name) or ROWS[name.removeprefix("rows: ")]
    a = rng.normal(size=7 if name in UNKNOWN else (5, 4))
    same(results_of(f, lazy(a)), results_of(f, a))


def test_gradients_of_unknown_lengths_add_up(rng):
    a = rng.normal(size=(5, 4))
    x = Tensor(lazy(a))
    y = x[x[:, 0] > 0]
    for _ in range(3):
        np.sum(y**2).backward()
    expected = 2 * a[a[:, 0] > 0]
    assert np.allclose(y.grad.compute(), 3 * expected)
    assert np.allclose(x.grad.compute(), 3 * np.where(a[:, :1] > 0, 2 * a, 0))


def test_what_needs_a_length_says_so(rng):
    x = Tensor(lazy(rng.normal(size=7)))
    y = x[x > 0]
    for f in (
        lambda: np.prod(y).backward(),
        lambda: tg.mse_loss(y, y.data),
        lambda: y[1:],
        lambda: y.reshape(2, -1),
    ):
        with pytest.raises((ValueError, TypeError), match=r"unknown|nan"):
            f()
    known = x.data[x.data > 0].compute_chunk_sizes()
    assert Tensor(known)[1:].shape == (known.shape[0] - 1,)


# Optimisers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_change_dask_arrays(name):
    ends = []
    for wrap in (lazy, np.array):
        p, q = Tensor(wrap([0.3, -1.2, 2.0])), Tensor(wrap([[1.0], [2.0]]))
        optimiser = OPTIMISERS[name]([p, q])
        for _ in range(3):
            optimiser.zero_grad()
            (np.sum(p**4) + np.sum(np.sin(q))).backward()
            optimiser.step()
        ends.append((p.data, q.data))
    same(*ends)
    assert not np.array_equal(ends[1][0], [0.3, -1.2, 2.0])


def test_a_training_whose_steps_are_persisted(rng):
    X, Y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    ends = []
    for wrap in (lazy, np.array):
        model = tg.MLP(3, [4, 1], rng=1)
        for p in model.parameters():
            p._data = wrap(p._data)
        optimiser = tg.Adam(model.parameters(), 0.1)
        for _ in range(2):
            loss = tg.mse_loss(model(wrap(X)), wrap(Y))
            optimiser.zero_grad()
            loss.backward(retain_graph=False)
            optimiser.step()
            data, state = dask.persist([p.data for p in model.parameters()], optimiser.state_dict())
            for p, value in zip(model.parameters(), data, strict=True):
                p.data = value
            optimiser.load_state_dict(state)
        ends.append([p.data for p in model.parameters()])
    same(*ends)
    assert len(ends[0][0].__dask_graph__()) <= 4  # none of the steps is left in it


def test_what_optimisers_dont_take():
    p = Tensor(lazy(np.array([1.0 + 1j, 2.0])))
    np.sum(np.abs(p)).backward()
    with pytest.raises(TypeError, match="complex parameters in chunks"):
        tg.SGD([p], 0.1).step()
    q = Tensor(lazy(np.array([1.0, 2.0])))
    with pytest.raises(TypeError, match=r"LBFGS\.step: .* computed later"):
        tg.optim.LBFGS([q]).step(lambda: np.sum(q * q))


# Collections ----------------------------------------------------------------------------------------------------------


def test_a_tensor_over_a_dask_array_is_a_collection_and_no_other_is():
    t = Tensor(lazy(np.arange(6.0).reshape(2, 3)), name="t")
    y = np.sum(t * t)
    assert is_dask_collection(t) and is_dask_collection(y)
    for other in (Tensor([1.0]), Tensor([1.0]) * 2):
        assert not is_dask_collection(other) and not hasattr(other, "__dask_graph__")
        assert dask.compute(other)[0] is other


def test_computed_and_persisted():
    t = Tensor(lazy(np.arange(6.0).reshape(2, 3)), name="t")
    y = np.sum(t * t)
    leaf, results = dask.compute(t, {"y": [y]}, scheduler="synchronous")
    assert type(leaf) is Tensor and type(leaf.data) is np.ndarray and leaf.requires_grad and leaf.name == "t"
    assert results["y"][0].item() == 55 and not results["y"][0].requires_grad
    assert y.compute().item() == 55 and not y.detach().compute().requires_grad
    for again in (y.persist(), dask.persist(y)[0], dask.optimize(y)[0]):
        assert isinstance(again.data, da.Array)
        t.grad = None
        again.backward()  # the same Tensor, whose gradient goes where it went
        same([t.grad], [2 * np.arange(6.0).reshape(2, 3)])
    assert len(y.persist().data.__dask_graph__()) == 1
    constant = t.detach().persist()
    assert not constant.requires_grad and isinstance(constant.data, da.Array)
    for method in (Tensor(1.0).compute, Tensor(1.0).persist):
        with pytest.raises(TypeError, match=rf"Tensor\.{method.__name__}: .* over a ndarray"):
            method()


def test_tokens_tell_tensors_apart():
    x = np.array([1.0, 2.0])
    assert tokenize(Tensor(x)) == tokenize(Tensor(x)) != tokenize(Tensor(x, requires_grad=False))
    assert tokenize(Tensor(lazy(x))) == tokenize(Tensor(lazy(x))) != tokenize(Tensor(x))
    t = Tensor(x)
    assert tokenize(t * 2) != tokenize(t * 2)  # two graphs


def squared(t):
    (t * t).sum().backward()
    return t.grad


def is_constant(t):
    return not t.requires_grad


def test_a_tensor_that_travels_keeps_its_meaning_or_raises():
    leaf = Tensor([1.0, 3.0])
    loss = (leaf * leaf).sum()
    np.testing.assert_array_equal(dask.delayed(squared)(leaf).compute(scheduler="synchronous"), [2, 6])
    np.testing.assert_array_equal(
        dask.delayed(squared)(Tensor(lazy([1.0, 3.0]))).compute(scheduler="synchronous"), [2, 6]
    )
    assert dask.delayed(is_constant)(np.sum(Tensor(lazy([1.0])) * 2)).compute(scheduler="synchronous")
    assert pickle.loads(pickle.dumps(leaf)).requires_grad
    with pytest.raises(TypeError, match="without the graph behind it"):
        pickle.dumps(loss)
    assert copy.deepcopy(loss).requires_grad


@pytest.mark.slow
def test_tensors_go_to_other_processes():
    leaf = Tensor([1.0, 3.0])
    np.testing.assert_array_equal(dask.delayed(squared)(leaf).compute(scheduler="processes", num_workers=1), [2, 6])
    with pytest.raises(TypeError, match="without the graph behind it"):
        dask.delayed(is_constant)((leaf * 2).sum()).compute(scheduler="processes", num_workers=1)
    y = np.sum(Tensor(lazy([1.0, 2.0])) * 2)
    assert y.compute(scheduler="processes", num_workers=1).item() == 6


# Transforms, and what else takes copies -------------------------------------------------------------------------------


def of_two(f):
    """What f gives of an array of Dask's, of which nothing is computed meanwhile, and of one of NumPy's."""
    a = np.array([[0.3, -0.7, 1.1], [0.8, 0.2, -0.4]])
    with dask.config.set(scheduler=survey_dask.none_now):
        found = f(lazy(a))
    return found, f(a)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: tg.jacobian(lambda x: np.sin(x[0]) * x[1])(x),  # in reverse
        lambda x: tg.jacobian(lambda x: np.outer(x, x[0]))(x),  # forward
        lambda x: tg.jacobian(lambda x: np.take(x, [0, 0, 2], axis=1) * np.sort(x, axis=1))(x),
        lambda x: tg.hessian(lambda x: np.sum(x**3 * x[0]))(x),
        lambda x: tg.hessian(lambda x: np.einsum("ii", x[:, :2] @ x[:, :2]))(x),
        lambda x: tg.hvp(lambda x: np.sum(x**3 * x[0]))(x, x),
    ],
)
def test_jacobians_and_hessians_take_one_walk_after_the_other(f):
    found, expected = of_two(f)
    same([found], [expected])


def test_vmap_takes_no_array_in_chunks():
    with pytest.raises(TypeError, match=r"vmap: an array in chunks.* makes no batch; .*np.stack\(\[f\(row\)"):
        of_two(tg.vmap(np.sum))


def test_a_checkpoint_compares_graphs_and_not_numbers():
    def gradient(a):
        x = Tensor(a)
        np.sum(tg.checkpoint(lambda x: np.sin(x) * x)(x)).backward()
        return x.grad

    found, expected = of_two(gradient)
    same([found], [expected])
    factors = iter([2.0, 3.0])
    y = tg.checkpoint(lambda x: x * next(factors))(Tensor(lazy(np.ones(3))))
    with pytest.raises(RuntimeError, match="gave other numbers"):
        np.sum(y).backward()


def test_the_state_of_a_module_is_not_computed():
    layer = tg.Layer(3, 2, rng=0)
    layer.load_state_dict(layer.state_dict())
    for p in layer.parameters():
        p.data = lazy(p.data)
    with dask.config.set(scheduler=survey_dask.none_now):
        state = layer.state_dict()
    assert all(isinstance(a, da.Array) for a in state.values())
    for a, p in zip(state.values(), layer.parameters(), strict=True):
        np.testing.assert_array_equal(a.compute(), p.data.compute())


def test_an_fft_of_real_numbers_casts_none():
    same(*[[g] for g in of_two(lambda x: tg.grad(lambda x: np.sum(np.abs(np.fft.rfft(x, axis=0)) ** 2))(whole(x)))])


def whole(x):
    return x.rechunk(-1) if isinstance(x, da.Array) else x


def test_places_in_a_table_of_numpys():
    x, table = Tensor(lazy(np.array([0.5, 2.5]))), np.arange(4.0)
    np.testing.assert_array_equal(np.searchsorted(table, x).compute(), [1, 3])
    with pytest.raises(TypeError, match=r"numpy\.interp: Dask has no such function"):
        np.interp(x, table, table**2)


@pytest.mark.parametrize("index", [10, (0, 9), [7], (0, 0, 0), 1.5])
def test_a_wrong_index_is_dasks_error(index):
    a = lazy(np.ones((4, 3)))
    with pytest.raises((IndexError, TypeError, NotImplementedError)) as own:
        a[index]
    with pytest.raises((IndexError, TypeError, NotImplementedError), match="getitem of shapes") as ours:
        Tensor(a)[index]
    assert str(own.value) in str(ours.value) and isinstance(ours.value, own.type)


def mse(x):
    return tg.mse_loss(x, np.zeros(3))


@pytest.mark.parametrize("f", [np.sort, np.median, lambda x: np.reshape(x, (-1, 1)), lambda x: np.roll(x, 1), mse])
def test_an_error_about_an_unknown_length_says_how_it_gets_known(f):
    x = Tensor(lazy(np.arange(5.0)))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        f(x[x > 1])
