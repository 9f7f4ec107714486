"""Recurrent layers and cells, beside PyTorch's."""

import gc
import threading
import weakref

import numpy as np
import pytest

from tensorgrad import Tensor, grad, hessian, jacobian, jvp, nn, no_grad, vmap
from tensorgrad.engine import backpropagate
from tensorgrad.tensor import data_of

torch = pytest.importorskip("torch")

from beside_torch import assert_same, differences, give_weights  # noqa: E402

KINDS = ("RNN", "LSTM", "GRU")
OPTIONS = [
    {},
    {"bias": False},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 3, "batch_first": True},
    {"bidirectional": True, "bias": False, "batch_first": True},
]
LAYERS = [(kind, options) for kind in KINDS for options in OPTIONS]
LAYERS += [("RNN", {"nonlinearity": "relu"}), ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True})]
LAYERS += [
    ("LSTM", {"proj_size": 2}),
    ("LSTM", {"proj_size": 1, "num_layers": 2, "bidirectional": True, "bias": False}),
]
every_layer = pytest.mark.parametrize(
    ("kind", "options"), LAYERS, ids=[f"{kind}({options})" for kind, options in LAYERS]
)


def pair(kind, options, dtype="float64"):
    """A layer of ours, and of PyTorch's."""
    ours = getattr(nn, kind)(3, 4, **options, dtype=dtype)
    return ours, getattr(torch.nn, kind)(3, 4, **options, dtype=getattr(torch, dtype))


def states(rng, kind, layer, *batch):
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    h = rng.normal(size=(count, *batch, layer.proj_size or 4))
    return (h, rng.normal(size=(count, *batch, 4))) if kind == "LSTM" else h


@every_layer
def test_layers(rng, kind, options):
    ours, theirs = pair(kind, options)
    assert_same(ours, theirs, rng.normal(size=(5, 2, 3)))


@every_layer
def test_layers_with_states_and_without_a_batch(rng, kind, options):
    ours, theirs = pair(kind, options)
    assert_same(ours, theirs, rng.normal(size=(5, 3)), states(rng, kind, ours))
    x = rng.normal(size=(2, 1, 3))
    assert_same(ours, theirs, x, states(rng, kind, ours, x.shape[0 if ours.batch_first else 1]), twice=False)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_and_layouts(rng, kind):
    ours, theirs = pair(kind, {"num_layers": 2, "bidirectional": True}, "float32")
    x = rng.normal(size=(3, 5, 2)).astype(np.float32).transpose(1, 2, 0)[::-1]
    x.flags.writeable = False
    give_weights(theirs, ours)
    y, (h, *_) = ours(x)
    assert y.dtype == h.dtype == np.float32
    want, _ = theirs(torch.tensor(x.copy()))
    np.testing.assert_allclose(y.data, want.detach(), atol=1e-6)
    y.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in ours.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch(kind):
    ours, _ = pair(kind, {"bidirectional": True})
    y, _ = ours(np.zeros((5, 0, 3)))
    assert y.shape == (5, 0, 8)
    y.sum().backward()
    assert not any(p.grad.any() for p in ours.parameters())


CELLS = [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu", "bias": False}), ("LSTMCell", {}), ("GRUCell", {})]
CELLS += [("LSTMCell", {"bias": False}), ("GRUCell", {"bias": False})]


@pytest.mark.parametrize(("kind", "options"), CELLS)
def test_cells(rng, kind, options):
    ours, theirs = pair(kind, options)
    for batch in ((2,), ()):
        x, h, c = (rng.normal(size=(*batch, n)) for n in (3, 4, 4))
        assert_same(ours, theirs, x)
        assert_same(ours, theirs, x, (h, c) if kind == "LSTMCell" else h)


@pytest.mark.slow
def test_the_samples_of_pytorch():
    pytest.importorskip("expecttest")  # which PyTorch's own samples need
    from torch.testing._internal.common_modules import module_db

    tried = 0
    for info in module_db:
        name = info.module_cls.__name__
        if name not in (*KINDS, *(f"{kind}Cell" for kind in KINDS)):
            continue
        for sample in info.module_inputs_func(info, "cpu", torch.float64, False, True):
            built, given = sample.constructor_input, sample.forward_input
            theirs = info.module_cls(*built.args, **built.kwargs, dtype=torch.float64)
            if any(isinstance(a, torch.nn.utils.rnn.PackedSequence) for a in given.args):
                continue
            args = [arrays(a) for a in given.args]
            ours = getattr(nn, name)(*built.args, **{k: v for k, v in built.kwargs.items() if k != "dtype"})
            assert max(differences(ours, theirs, *args, twice=tried % 4 == 0).values()) < 1e-9
            tried += 1
    assert tried > 20


def arrays(value):
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    return tuple(map(arrays, value)) if isinstance(value, list | tuple) else value


# Dropout -------------------------------------------------------------------------------------------------------------


def test_dropout_lies_between_the_layers_and_comes_from_rng():
    x = np.random.default_rng(1).normal(size=(6, 3, 3))

    def run(seed, p, training=True):
        layer = nn.LSTM(3, 4, num_layers=2, dropout=p, rng=seed).train(training)
        return layer(x)[0].data

    np.testing.assert_array_equal(run(0, 0.5), run(0, 0.5))
    assert np.any(run(0, 0.5) != run(0, 0))
    np.testing.assert_array_equal(run(0, 0.5, training=False), run(0, 0))
    layer = nn.RNN(3, 4, num_layers=2, dropout=1.0, rng=0)
    alone = layer(np.zeros((6, 3, 3)))[0].data  # nothing of the first layer arrives
    np.testing.assert_array_equal(layer(x)[0].data, alone)


def test_dropout_is_right_on_average_and_in_its_gradient():
    layer = nn.RNN(1, 1, num_layers=2, dropout=0.25, nonlinearity="relu", rng=0)
    for p in layer.parameters():
        p.data = np.full(p.shape, 0.0 if "bias" in p.name or "hh" in p.name else 1.0)
    x = Tensor(np.ones((2000, 1, 1)))
    y = layer(x)[0]
    assert set(np.unique(y.data)) == {0.0, 1 / 0.75}
    assert abs(y.data.mean() - 1) < 0.05
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)


def test_dropout_of_one_layer_is_warned_of():
    with pytest.warns(UserWarning, match="dropout"):
        nn.GRU(3, 4, dropout=0.5)


# Transforms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_and_forward_mode(rng, kind):
    layer = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True, rng=0).freeze()
    xs, v = rng.normal(size=(3, 5, 2, 3)), rng.normal(size=(5, 2, 3))

    def loss(x):
        return (layer(x)[0] ** 2).sum()

    np.testing.assert_allclose(vmap(loss)(xs).data, [loss(x).data for x in xs], rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(loss))(xs), [grad(loss)(x) for x in xs], rtol=1e-10, atol=1e-14)
    slope = jvp(loss, (xs[0],), (v,))[1]
    np.testing.assert_allclose(slope, np.sum(grad(loss)(xs[0]) * v), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_each_example(rng, kind):
    layer = getattr(nn, kind)(3, 4, rng=0)
    xs = rng.normal(size=(3, 5, 2, 3))

    def loss(layer, x):
        return (layer(x)[0] ** 2).sum()

    each = vmap(grad(loss), in_axes=(None, 0))(layer, xs)
    one = grad(loss)(layer, xs[1])
    assert set(each) == set(one) == set(layer.state_dict())
    for name, g in one.items():
        np.testing.assert_allclose(data_of(each[name])[1], data_of(g), rtol=1e-9, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobian_and_hessian(rng, kind):
    layer = getattr(nn, kind)(2, 2, rng=0).freeze()
    x = rng.normal(size=(3, 2))
    rows = jacobian(lambda x: layer(x)[0])(x)
    for t in range(3):
        for i in range(2):
            np.testing.assert_allclose(rows[t, i], grad(lambda x, t=t, i=i: layer(x)[0][t, i])(x), atol=1e-13)
    assert not rows[0, :, 1:].any() and rows[2, :, 0].all()  # what comes later changes nothing
    H = hessian(lambda x: (layer(x)[0] ** 2).sum())(x).reshape(6, 6)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    f = grad(lambda x: (layer(x)[0] ** 2).sum())
    h = 1e-6
    by_difference = [(f(x + h * e) - f(x - h * e)).ravel() / (2 * h) for e in np.eye(6).reshape(6, 3, 2)]
    np.testing.assert_allclose(H, by_difference, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_third_derivative(kind):
    layer = getattr(nn, kind)(1, 2, rng=0).freeze()
    x = np.array([[0.5], [-0.3]])

    def f(t):
        return (layer(x * t)[0] ** 2).sum()

    second, h = grad(grad(f)), 1e-5
    third = grad(second)(1.0)
    np.testing.assert_allclose(third, (second(1 + h) - second(1 - h)) / (2 * h), rtol=1e-6)


# The graph -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_pass_adds_the_same_and_frozen_weights_get_nothing(rng, kind):
    layer = getattr(nn, kind)(3, 4, rng=0)
    y = layer(rng.normal(size=(5, 2, 3)))[0].sum()
    y.backward()
    once = [p.grad.copy() for p in layer.parameters()]
    y.backward()
    for p, g in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(p.grad, 2 * g)
    layer.weight_hh_l0.requires_grad = False
    layer.zero_grad()
    layer(rng.normal(size=(5, 2, 3)))[0].sum().backward()
    assert not layer.weight_hh_l0.grad.any() and layer.weight_ih_l0.grad.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_the_graph_goes_at_once(rng, kind, create_graph):
    layer = getattr(nn, kind)(3, 4, num_layers=2, rng=0)
    gc.collect()
    gc.disable()
    try:
        y, _ = layer(rng.normal(size=(5, 2, 3)))
        loss = (y * y).sum()
        grads = backpropagate(loss, np.ones(()), create_graph=create_graph)
        found = [part for g in grads.values() for part in (g if isinstance(g, tuple) else (g,))]
        gone = [weakref.ref(part) for part in (y, y.parents[0], *found) if part is not None]
        del y, loss, grads, found, _
        assert not [ref for ref in gone if ref() is not None]
    finally:
        gc.enable()


def test_threads_that_share_a_graph_find_the_same(rng):
    layer = nn.LSTM(3, 4, rng=0)
    x = Tensor(rng.normal(size=(20, 2, 3)))
    y = layer(x)[0].sum()
    found = []

    def run():
        for _ in range(20):
            found.append(backpropagate(y, np.ones(()))[x])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    for g in found:
        np.testing.assert_array_equal(g, found[0])


def test_weights_that_are_changed_before_backward_are_an_error(rng):
    layer = nn.GRU(3, 4, rng=0)
    y = layer(rng.normal(size=(5, 2, 3)))[0].sum()
    layer.weight_hh_l0.data = layer.weight_hh_l0.data * 2
    with pytest.raises(RuntimeError, match="weight_hh_l0"):
        y.backward()


def test_nothing_is_recorded_inside_no_grad(rng):
    with no_grad():
        y, _ = nn.LSTM(3, 4, rng=0)(rng.normal(size=(5, 2, 3)))
    assert not y.requires_grad


def test_parameters_have_pytorchs_names_and_range():
    layer = nn.LSTM(3, 400, num_layers=2, bidirectional=True, proj_size=2, rng=0)
    theirs = torch.nn.LSTM(3, 400, num_layers=2, bidirectional=True, proj_size=2)
    assert list(layer.state_dict()) == list(theirs.state_dict())
    for p in layer.parameters():
        assert p.name and np.abs(p.data).max() <= 0.05
    assert abs(layer.weight_ih_l1.data.std() - 0.1 / np.sqrt(12)) < 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_repeated_is_a_layer(rng, kind):
    layer, cell = getattr(nn, kind)(3, 4, rng=0), getattr(nn, f"{kind}Cell")(3, 4)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x, state = rng.normal(size=(5, 2, 3)), None
    for t in range(5):
        state = cell(x[t], state)
        np.testing.assert_allclose((state[0] if kind == "LSTM" else state).data, layer(x)[0].data[t], rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), "RNN: nonlinearity"),
        (lambda: nn.LSTM(3, 4, proj_size=4), "LSTM: proj_size must be smaller than hidden_size=4, not 4"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 2))), r"LSTM: the input must have the shape \(T, N, 3\)"),
        (lambda: nn.LSTM(3, 4)(np.ones((0, 2, 3))), "LSTM: the input has no step"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), np.ones((1, 2, 4))), r"pair \(h_0, c_0\)"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), (np.ones((1, 2, 4)), np.ones((2, 4)))), r"c_0 .* \(1, 2, 4\)"),
        (lambda: nn.GRU(3, 4)(np.ones((5, 2, 3)), np.ones((1, 5, 4))), r"h_0 must have the shape \(1, 2, 4\)"),
        (lambda: nn.GRUCell(3, 4)(np.ones((5, 2, 3))), r"GRUCell: the input must have the shape \(N, 3\), or \(3\)"),
        (lambda: nn.RNNCell(3, 4)(np.ones((2, 3)), np.ones(4)), r"RNNCell: h must have the shape \(2, 4\)"),
    ],
)
def test_errors(make, match):
    with pytest.raises(ValueError, match=match):
        make()
