"""Normalization, beside PyTorch's."""

import copy

import numpy as np
import pytest

from tensorgrad import Tensor, grad, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, give_weights  # noqa: E402

F, f = torch.nn.functional, nn.functional
SHAPES = {"1d": (4, 3, 5), "2d": (4, 3, 2, 5), "3d": (4, 3, 2, 5, 2)}


def drawn(theirs, rng):
    """A module of PyTorch's whose parameters and running statistics are no longer those that it was made with."""
    for p in theirs.parameters():
        p.data = torch.tensor(rng.uniform(0.5, 1.5, tuple(p.shape)), dtype=p.dtype)
    for name, b in theirs.named_buffers():
        if name != "num_batches_tracked":
            b.copy_(torch.tensor(rng.uniform(0.5, 1.5, tuple(b.shape))))
    return theirs


def pair(name, rng, *args, **kwargs):
    """A layer of ours and PyTorch's, with the same parameters and running statistics."""
    theirs = drawn(getattr(torch.nn, name)(*args, **kwargs, dtype=torch.float64), rng)
    ours = getattr(nn, name)(*args, **kwargs)
    give_weights(theirs, ours)
    return ours, theirs


def assert_same_state(ours, theirs, rtol=1e-12):
    state = theirs.state_dict()
    assert ours.state_dict().keys() == state.keys()
    for name, value in ours.state_dict().items():
        np.testing.assert_allclose(value, state[name].numpy(), rtol=rtol, err_msg=name)


# Batch and instance normalization


@pytest.mark.parametrize("kind", ["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"affine": True, "track_running_stats": True},
        {"affine": True, "bias": False, "eps": 0.1},
        {"affine": False, "track_running_stats": True, "momentum": 0.5},
        {"affine": True, "track_running_stats": False},
    ],
)
def test_running_statistics(rng, kind, dims, options):
    """Three steps of training, then evaluation: outputs, gradients to second order, and buffers."""
    ours, theirs = pair(kind + dims, rng, 3, **options)
    for training in (True, True, True, False):
        ours.train(training), theirs.train(training)
        assert_same(ours, theirs, 2 + 3 * rng.normal(size=SHAPES[dims]), weights=False)
        assert_same_state(ours, theirs)


def test_cumulative_average(rng):
    ours, theirs = pair("BatchNorm1d", rng, 3, momentum=None)
    for _ in range(4):
        assert_same(ours, theirs, rng.normal(size=(5, 3)), weights=False)
        assert_same_state(ours, theirs)
    assert int(ours.num_batches_tracked) == 4


def test_one_value_per_channel():
    for layer, shape in (
        (nn.BatchNorm1d(3), (1, 3)), (nn.BatchNorm2d(3), (1, 3, 1, 1)), (nn.InstanceNorm1d(3), (2, 3, 1)),
        (nn.InstanceNorm2d(3, track_running_stats=True), (3, 1, 1)), (nn.GroupNorm(3, 3), (1, 3)),
    ):  # fmt: skip
        before = layer.state_dict()
        with pytest.raises(ValueError, match="more than one"):
            layer(np.ones(shape))
        np.testing.assert_equal(layer.state_dict(), before)
    assert nn.BatchNorm1d(3).eval()(np.ones((1, 3))).shape == (1, 3)
    assert nn.InstanceNorm1d(3, track_running_stats=True).eval()(np.ones((2, 3, 1))).shape == (2, 3, 1)


def test_unbatched_instances(rng):
    for dims, shape in SHAPES.items():
        ours, theirs = pair(f"InstanceNorm{dims}", rng, 3, affine=True, track_running_stats=True)
        assert_same(ours, theirs, rng.normal(size=shape[1:]), weights=False)
        assert_same_state(ours, theirs)


@pytest.mark.parametrize("kind", ["BatchNorm", "InstanceNorm"])
def test_wrong_shapes(kind):
    for dims, shape in SHAPES.items():
        layer = getattr(nn, kind + dims)(3)
        for wrong in ((4, 5, *shape[2:]), (4,), (3, 1, 1, 1, 1, 1)):
            with pytest.raises(ValueError, match=rf"{kind}{dims}\(3, .*must have the shape"):
                layer(np.ones(wrong))


def test_functions_beside_torch(rng):
    x = rng.normal(size=(4, 6, 5))
    mean, var = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    for training in (True, False):
        given, theirs_given = (mean.copy(), var.copy()), (torch.tensor(mean), torch.tensor(var))
        assert_same(
            lambda x, w, b, given=given, training=training: f.batch_norm(x, *given, w, b, training, 0.3),
            lambda x, w, b, given=theirs_given, training=training: F.batch_norm(x, *given, w, b, training, 0.3),
            x, rng.normal(size=6), rng.normal(size=6),
        )  # fmt: skip
        np.testing.assert_allclose(given, [g.numpy() for g in theirs_given], rtol=1e-13)
    assert_same(f.instance_norm, F.instance_norm, x)
    assert_same(lambda x, w: f.group_norm(x, 3, w), lambda x, w: F.group_norm(x, 3, w), x, rng.normal(size=6))
    assert_same(lambda x, w, b: f.group_norm(x, 2, w, b), lambda x, w, b: F.group_norm(x, 2, w, b), x, mean, var)
    np.testing.assert_array_equal(f.group_norm(x, 2, None, mean), f.group_norm(x, 2) + mean[:, None])
    assert_same(lambda x: f.layer_norm(x, (6, 5)), lambda x: F.layer_norm(x, (6, 5)), x)
    assert_same(lambda x, w: f.rms_norm(x, 5, w, 0.1), lambda x, w: F.rms_norm(x, (5,), w, 0.1), x, rng.normal(size=5))


LAYERS = [
    ("LayerNorm", (5,), {}), ("LayerNorm", ([3, 5],), {"eps": 0.1}), ("LayerNorm", (5,), {"bias": False}),
    ("LayerNorm", (5,), {"elementwise_affine": False}), ("RMSNorm", (5,), {}), ("RMSNorm", ((3, 5),), {"eps": 0.1}),
    ("RMSNorm", (5,), {"elementwise_affine": False}), ("GroupNorm", (1, 3), {}), ("GroupNorm", (3, 3), {"eps": 0.1}),
    ("GroupNorm", (3, 3), {"affine": False}), ("GroupNorm", (1, 3), {"bias": False}),
]  # fmt: skip


@pytest.mark.parametrize("name, args, options", LAYERS)
def test_layers(rng, name, args, options):
    ours, theirs = pair(name, rng, *args, **options)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for shape in ((2, 3, 5), (4, 3, 5), (1, 3, 5)):
        assert_same(ours, theirs, 10 + rng.normal(size=shape), weights=False)
    assert_same(ours, theirs, rng.normal(size=(0, 3, 5)), weights=False)


def test_groups_of_images(rng):
    for shape in ((2, 6), (2, 6, 4), (2, 6, 2, 3), (1, 6, 2, 1, 3)):
        assert_same(*pair("GroupNorm", rng, 2, 6), rng.normal(size=shape), weights=False)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_local_response(rng, size):
    for shape in ((2, 5, 3), (2, 5, 2, 3), (1, 5, 2, 1, 3), (0, 5, 2)):
        options = {"alpha": 0.5, "beta": 0.6, "k": 2.0} if size == 3 else {}
        ours, theirs = nn.LocalResponseNorm(size, **options), torch.nn.LocalResponseNorm(size, **options)
        assert_same(ours, theirs, rng.normal(size=shape))


def test_empty_batches(rng):
    """Nothing changes in the running statistics. (PyTorch's become nan.)"""
    layer = nn.BatchNorm1d(3)
    x = Tensor(np.zeros((0, 3)))
    layer(x).sum().backward()
    assert x.grad.shape == (0, 3)
    np.testing.assert_array_equal(layer.weight.grad, np.zeros(3))
    np.testing.assert_array_equal(layer.running_mean, np.zeros(3))
    np.testing.assert_array_equal(layer.running_var, np.ones(3))


def test_numbers_far_from_zero(rng):
    """A mean of 1e6 with a spread of 1 is no loss, neither in double nor, up to the data's own rounding, in single."""
    x = rng.normal(size=(512, 8))
    want = f.layer_norm(x.T, 512, eps=0.0)
    np.testing.assert_allclose(f.layer_norm(x.T + 1e6, 512, eps=0.0), want, atol=1e-8)
    single = (x * 256).round() / 256 + 1e4  # which float32 holds exactly
    want = f.batch_norm(single, None, None, training=True)
    np.testing.assert_allclose(f.batch_norm(np.float32(single), None, None, training=True), want, atol=1e-3)


def test_half_precision(rng):
    x = 300 * rng.normal(size=(8, 16))  # whose squares half precision can't hold
    half = Tensor(x.astype(np.float16))
    y = f.layer_norm(half, 16)
    y.sum().backward()
    assert y.dtype == half.grad.dtype == np.float16
    np.testing.assert_allclose(y.data, f.layer_norm(half.data.astype(float), 16), atol=2e-3)


def test_single_precision(rng):
    for layer in (
        nn.BatchNorm1d(6, dtype=np.float32), nn.InstanceNorm1d(6, affine=True, dtype=np.float32),
        nn.GroupNorm(2, 6, dtype=np.float32), nn.LayerNorm(5, dtype=np.float32), nn.RMSNorm(5, dtype=np.float32),
        nn.LocalResponseNorm(3),
    ):  # fmt: skip
        x = Tensor(rng.normal(size=(4, 6, 5)).astype(np.float32))
        for training in (True, False):
            y = layer.train(training)(x)
            y.sum().backward()
            assert y.dtype == x.grad.dtype == np.float32, layer
            assert all(p.grad.dtype == np.float32 for p in layer.parameters())
        assert {b.dtype for b in layer.buffers()} <= {np.dtype(np.float32), np.dtype(np.int64)}


def test_buffers_that_change_later_leave_gradients_right(rng):
    """Evaluation, then training, then the backward pass of the evaluation."""
    layer = nn.BatchNorm1d(3)
    layer(rng.normal(size=(5, 3)))
    x = Tensor(rng.normal(size=(5, 3)))
    loss = (layer.eval()(x) ** 2).sum()
    want = 2 * (x.data - layer.running_mean) / (layer.running_var + 1e-5)
    layer.train()(1 + rng.normal(size=(5, 3)))
    loss.backward()
    np.testing.assert_allclose(x.grad, want, rtol=1e-13)


def test_transforms_share_the_running_statistics(rng):
    layer, x = nn.BatchNorm1d(3), rng.normal(size=(5, 3))
    other = copy.deepcopy(layer)
    grad(lambda layer: (layer(x) ** 3).sum())(layer)
    other(x)
    np.testing.assert_array_equal(layer.running_mean, other.running_mean)
    assert int(layer.num_batches_tracked) == 1 and np.any(layer.running_mean)


def test_inside_vmap(rng):
    x = rng.normal(size=(5, 4, 3, 2))
    for layer in (
        nn.LayerNorm(2), nn.RMSNorm((3, 2)), nn.GroupNorm(3, 3), nn.LocalResponseNorm(2), nn.InstanceNorm1d(3),
        nn.BatchNorm1d(3, track_running_stats=False), nn.BatchNorm1d(3).eval(),
    ):  # fmt: skip
        want = np.stack([np.asarray(getattr(layer(one), "data", layer(one))) for one in x])
        np.testing.assert_allclose(vmap(layer.requires_grad_(False))(x), want, rtol=1e-12, atol=1e-14)
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=r"each example of a vmap has a mean .*model.eval\(\)"):
        vmap(layer)(x)
    assert not np.any(layer.running_mean) and not layer.num_batches_tracked
    layers = vmap(lambda w: f.batch_norm(x[0], np.zeros(3), np.ones(3), w, None, True), axis_size=2)(np.ones((2, 3)))
    assert layers.shape == (2, 4, 3, 2)  # the statistics are those of all


def test_gradients_of_each_example(rng):
    """Of a layer without statistics of the batch: a Jacobian of parameters by vmap is that of a loop."""
    layer, x = nn.LayerNorm(3), rng.normal(size=(4, 3))
    gradient = grad(lambda layer, x: (layer(x) ** 3).sum())
    each = vmap(gradient, (None, 0))(layer, x)
    for i, one in enumerate(x):
        want = gradient(layer, one)
        for name in ("weight", "bias"):
            np.testing.assert_allclose(each[name].data[i], want[name].data, rtol=1e-10)


def test_any_order_of_memory(rng):
    layer = nn.BatchNorm2d(3)
    x = rng.normal(size=(3, 4, 5, 2)).transpose(3, 0, 1, 2)
    frozen = np.ascontiguousarray(x)
    frozen.flags.writeable = False
    for given in (x, np.asfortranarray(x), frozen, np.flip(np.flip(x).copy()), x.tolist()):
        np.testing.assert_allclose(layer(given).data, layer(np.ascontiguousarray(x)).data, rtol=1e-12)


def test_running_statistics_must_be_arrays_that_can_change():
    x = np.ones((4, 3)) * np.arange(4.0)[:, None]
    for wrong in ([0.0] * 3, Tensor(np.zeros(3)), np.zeros(3, int)):
        with pytest.raises(TypeError, match="batch_norm: running_mean must be an array of floats"):
            f.batch_norm(x, wrong, np.ones(3))
    with pytest.raises(ValueError, match="running_var must have the shape"):
        f.batch_norm(x, np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="must both be given"):
        f.batch_norm(x, None, None)
    with pytest.raises(ValueError, match="must both be given"):
        f.batch_norm(x, np.zeros(3), None, training=True)


def test_repr():
    assert repr(nn.BatchNorm2d(3)) == ("BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)")
    assert repr(nn.LayerNorm(3)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True)"
    assert repr(nn.RMSNorm([2, 3])) == "RMSNorm((2, 3), eps=None, elementwise_affine=True)"
    assert repr(nn.GroupNorm(1, 3)) == "GroupNorm(1, 3, eps=1e-05, affine=True)"
    assert repr(nn.LocalResponseNorm(2)) == "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"
