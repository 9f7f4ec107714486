"""Tensors of other arrays that speak NumPy's protocols: a minimal one of our own, and Dask's."""

import copy
from array import array

import numpy as np
import pytest
from duck import Duck
from helpers import value_and_grads
from programs import STEPS

import tensorgrad as tg
from tensorgrad import Tensor, derivative

# An array that isn't an ndarray ---------------------------------------------------------------------------------------

DUCK_STEPS = {name: f for name, f in STEPS.items() if name not in {"captured", "constant"}}


@pytest.mark.parametrize("name", DUCK_STEPS)
def test_a_duck_array_runs_the_same_rules(name, rng):
    a, b = rng.uniform(-1, 1, (3, 3)), rng.uniform(-1, 1, (3, 3))
    y, da, db = value_and_grads(DUCK_STEPS[name], a, b)
    q, ga, gb = value_and_grads(DUCK_STEPS[name], Duck(a), Duck(b))
    assert type(q.data) is Duck and type(ga) is Duck and type(gb) is Duck and type(q.grad) is Duck
    # softmax adds up the short rows of an ndarray by a routine of its own, which rounds otherwise
    rounding = {"rtol": 1e-14, "atol": 1e-15} if name == "softmax" else {"rtol": 0, "atol": 0}
    for ducks, arrays in ((q.data, y.data), (ga, da), (gb, db)):
        np.testing.assert_allclose(ducks.array, arrays, **rounding)
    assert ga.shape == (3, 3) and ga.dtype == np.float64


def test_a_network_of_duck_arrays_trains(rng):
    X, Y = rng.normal(size=(8, 3)), (rng.random((8, 1)) > 0.5).astype(float)
    losses = []
    for wrap in (Duck, lambda a: a):
        model = tg.MLP(3, [4, 1], rng=1)
        for p in model.parameters():
            p._data = wrap(p._data)
        run = []
        optimizer = tg.SGD(model.parameters(), 0.5)
        for _ in range(5):
            loss = tg.sigmoid_cross_entropy(model(wrap(X)), wrap(Y))
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            run.append(loss.item())
        losses.append(run)
    assert losses[0] == losses[1] and losses[0][-1] < losses[0][0]


def test_a_duck_array_stays_a_duck_array():
    d = Duck(np.ones(3))
    t = Tensor(d)
    assert t.data is d and t.numpy() is d and type(t.grad) is Duck and t.detach().data is d
    assert "Duck" in repr(t)
    for other in (Duck(np.ones(3)), np.ones(3), 2.0, [1.0, 2.0, 3.0]):
        for y in (t + other, other + t, t * other, other - t):
            assert type(y) is Tensor and type(y.data) is Duck
    t.grad = Duck(np.full(3, 2.0))
    (t * 3).backward(Duck(np.ones(3)))
    np.testing.assert_array_equal(t.grad.array, [5, 5, 5])
    t.data = Duck(np.zeros(3))
    assert type(t.data) is Duck and type(copy.copy(t).data) is Duck
    first, _ = derivative(lambda x: (x * 2, x.sum()), lambda g, y, x: g[0] * 2 + g[1])(t)
    assert type(first.data) is Duck
    ints = Tensor(Duck(np.arange(3)))
    assert type(ints.data) is Duck and ints.dtype == np.float64


# Dask -----------------------------------------------------------------------------------------------------------------

# Dask has no np.copy and no np.add.at; and a rule that returns an ndarray of its own returns no Dask array
DASK_STEPS = {name: f for name, f in STEPS.items() if name not in {"copy", "repeated", "captured"}}


@pytest.mark.parametrize("name", DASK_STEPS)
def test_a_dask_array_runs_the_same_rules(name, rng):
    da = pytest.importorskip("dask.array")
    a, b = rng.uniform(0.1, 1, (3, 3)), rng.uniform(0.1, 1, (3, 3))
    y, *expected = value_and_grads(DASK_STEPS[name], a, b)
    z, *lazy = value_and_grads(DASK_STEPS[name], *(da.from_array(x, chunks=(2, 2)) for x in (a, b)))
    assert isinstance(z.data, da.Array) and isinstance(lazy[0], da.Array)
    np.testing.assert_allclose(z.data.compute(), y.data, rtol=1e-12)
    for g, h in zip(lazy, expected, strict=True):
        np.testing.assert_allclose(g.compute(), h, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["sigmoid", "classes", "lazy classes", "probabilities", "mse"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_dask_arrays(loss, reduction, rng):
    da = pytest.importorskip("dask.array")
    x, p = rng.normal(size=(6, 4)), rng.dirichlet(np.ones(4), 6)
    classes = rng.integers(0, 4, 6)
    f, labels, lazy_labels = {
        "sigmoid": (tg.sigmoid_cross_entropy, p, da.from_array(p, chunks=2)),
        "classes": (tg.softmax_cross_entropy, classes, classes),
        "lazy classes": (tg.softmax_cross_entropy, classes, da.from_array(classes, chunks=2)),
        "probabilities": (tg.softmax_cross_entropy, p, da.from_array(p, chunks=2)),
        "mse": (tg.mse_loss, p, da.from_array(p, chunks=2)),
    }[loss]
    y, expected = value_and_grads(lambda t: f(t, labels, reduction), x)
    z, lazy = value_and_grads(lambda t: f(t, lazy_labels, reduction), da.from_array(x, chunks=2))
    assert isinstance(z.data, da.Array) and isinstance(lazy, da.Array)
    np.testing.assert_allclose(z.data.compute(), y.data, rtol=1e-13)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-13, atol=1e-16)


def test_dask_labels_out_of_range():
    da = pytest.importorskip("dask.array")
    for label in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            tg.sigmoid_cross_entropy(Tensor([1.0, 2.0]), da.from_array(np.array([0.5, label]), chunks=1))
    for label in (-1, 2):
        with pytest.raises(ValueError, match="from 0 to 1"):
            tg.softmax_cross_entropy(Tensor([[1.0, 2.0]]), da.from_array(np.array([label]), chunks=1))


@pytest.mark.parametrize("where", ["input", "weights", "both", "batch of inputs"])
@pytest.mark.parametrize("make", [lambda: tg.Layer(3, 4, "relu", rng=0), lambda: tg.Neuron(3, "tanh", rng=0)])
def test_a_layer_of_ducks_computes_what_linear_does(make, where, rng):
    layer, ducks = make(), make()
    x = rng.normal(size=(5, 2, 3) if where == "batch of inputs" else (5, 3))
    if where != "input":
        for p in ducks.parameters():
            p._data = Duck(p._data)
    y, z = layer(x), ducks(x if where in ("weights", "batch of inputs") else Duck(x))
    assert type(z) is Tensor and type(z.data) is Duck
    np.testing.assert_allclose(z.data.array, y.data, rtol=1e-15)
    y.backward()
    z.backward()
    for p, q in zip(layer.parameters(), ducks.parameters(), strict=True):
        np.testing.assert_allclose(getattr(q.grad, "array", q.grad), p.grad, rtol=1e-13)


@pytest.mark.parametrize("which", ["weight", "bias"])
def test_a_layer_of_which_one_parameter_is_a_duck(which, rng):
    layer, mixed, x = tg.Layer(3, 4, rng=0), tg.Layer(3, 4, rng=0), rng.normal(size=(5, 3))
    p = getattr(mixed, which)
    p._data = Duck(p._data)
    y, z = layer(x), mixed(x)
    assert type(z.data) is Duck
    np.testing.assert_allclose(z.data.array, y.data, rtol=1e-15)


@pytest.mark.parametrize("wrap", [lambda a: a, Duck])
def test_a_layer_whose_parameters_are_arrays_gives_arrays_as_linear_does(wrap, rng):
    x, layer = wrap(rng.normal(size=(5, 3))), tg.Layer(3, 4, rng=0)
    weight, bias = wrap(layer.weight.data), wrap(layer.bias.data)
    del layer.weight, layer.bias  # a parameter that is replaced by an array is an error
    layer.weight, layer.bias = weight, bias
    y, expected = layer(x), tg.linear(x, layer.weight, layer.bias)
    assert type(y) is type(expected) is type(x)
    np.testing.assert_array_equal(getattr(y, "array", y), getattr(expected, "array", expected))
    t = Tensor(x)
    assert layer(t).parents == (t,)


def test_a_network_trains_on_a_sparse_matrix_as_on_the_dense_one(rng):
    sparse = pytest.importorskip("scipy.sparse")
    X, Y = rng.normal(size=(20, 6)) * (rng.random((20, 6)) < 0.3), rng.normal(size=(20, 1))
    runs = []
    for x in (X, sparse.csr_array(X)):
        model = tg.MLP(6, [4, 1], rng=0)
        optimizer, losses = tg.SGD(model.parameters(), 0.1), []
        for _ in range(5):
            loss = tg.mse_loss(model(x), Y)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            losses.append(loss.item())
        runs.append(losses)
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)
    weight, bias = rng.normal(size=(6, 2)), np.zeros(2)
    np.testing.assert_allclose(tg.linear(sparse.csr_array(X), weight, bias), X @ weight, rtol=1e-12, atol=1e-14)


class ArrayLike:
    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("x", [[[1, 2, 3]], ((1.0, 2.0, 3.0),), ArrayLike(), range(1, 4), array("d", [1, 2, 3])])
def test_a_layer_takes_what_can_be_made_an_array(x):
    layer = tg.Layer(3, 2, rng=0)
    np.testing.assert_array_equal(layer(x).data.ravel(), layer(np.array([1.0, 2.0, 3.0])).data)


def test_a_layer_takes_a_list_of_tensors_and_names_what_it_can_not_take():
    layer, t = tg.Layer(3, 2, rng=0), Tensor([1.0, 2.0, 3.0])
    layer([t, t]).sum().backward()
    np.testing.assert_allclose(t.grad, 2 * layer.weight.data.sum(axis=1))
    for wrong in (5.0, None, np.ones(2), [[1.0]]):
        with pytest.raises((ValueError, TypeError), match=r"the input must (have the shape \(\.\.\., 3\)|be numbers)"):
            layer(wrong)
    with pytest.raises(TypeError, match="MaskedArray isn't supported"):
        layer(np.ma.array([[1.0, 2.0, 3.0]]))
