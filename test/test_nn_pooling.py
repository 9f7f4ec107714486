"""Pooling beside PyTorch's: all options, ties, nan and indices, and the layers."""

import functools
import itertools
import math

import numpy as np
import pytest

from tensorgrad import Tensor, functions, grad, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402

F = torch.nn.functional
SIZES = (5, 6, 7)


def inputs(rng, axes):
    """A batch, and one without N."""
    for leading in [(2, 3), (3,)]:
        yield rng.normal(size=(*leading, *SIZES[:axes]))


def both(name, *args, **options):
    """The function of that name here and there, with arguments behind x."""
    return tuple(lambda x, module=module: getattr(module, name)(x, *args, **options) for module in (functions, F))


def assert_same_indices(ours, theirs, x):
    """That both give the same maxima, and the same indices of them."""
    for a, b in zip(ours(x), theirs(torch.tensor(x)), strict=True):
        np.testing.assert_array_equal(a, b.numpy())


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "kernel, stride, padding, dilation, ceil_mode",
    [
        (2, None, 0, 1, False), (2, None, 0, 1, True), (3, 2, 1, 1, False), (3, 2, 1, 1, True), (2, 1, 0, 1, False),
        (2, 1, 1, 2, False), (2, 3, 0, 2, True), (1, 4, 0, 1, True), (5, 1, 2, 1, False), (2, 3, 1, 1, True),
    ],
)  # fmt: skip
def test_max_pool(rng, axes, kernel, stride, padding, dilation, ceil_mode):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    name = f"max_pool{axes}d"
    for x in inputs(rng, axes):
        assert_same(*both(name, kernel, **options), x)
        x = np.round(x)  # with ties
        assert_same(*both(name, kernel, **options), x, twice=False)
        assert_same_indices(*both(name, kernel, **options, return_indices=True), x)


def test_max_pool_with_lengths_of_its_own_on_each_axis(rng):
    options = {"stride": (2, 1), "padding": (0, 1), "dilation": (2, 1), "ceil_mode": True}
    for x in inputs(rng, 2):
        assert_same(*both("max_pool2d", (2, 3), **options), x)


def test_nan_and_infinity():
    for seed in range(20):
        x = np.random.default_rng(seed).choice([1.0, 2.0, math.nan, -math.inf, math.inf], size=(2, 6, 6))
        for kernel, stride, padding in [(2, 2, 0), (3, 1, 1), (3, 2, 1)]:
            name, args = "max_pool2d", (kernel, stride, padding)
            assert_same_indices(*both(name, *args, return_indices=True), x)
            assert_same(*both(name, *args), np.where(np.isinf(x), 3, x), twice=False)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize(
    "kernel, stride, padding, ceil_mode",
    [
        (2, None, 0, False), (2, None, 0, True), (3, 2, 1, False), (3, 2, 1, True), (2, 1, 1, False), (2, 3, 1, True),
        (5, 1, 2, True), (1, 4, 0, True),
    ],
)  # fmt: skip
def test_avg_pool(rng, axes, kernel, stride, padding, ceil_mode, count_include_pad):
    options = {
        "stride": stride, "padding": padding, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad
    }  # fmt: skip
    for x in inputs(rng, axes):
        assert_same(*both(f"avg_pool{axes}d", kernel, **options), x)
        if axes > 1:
            for by in (3, -2):
                assert_same(*both(f"avg_pool{axes}d", kernel, **options, divisor_override=by), x)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("sizes", [1, (1, 2, 3), (5, 4, 2), (7, 3, 9), (None, 2, None), 12])
def test_adaptive_pools(rng, axes, sizes):
    sizes = sizes if isinstance(sizes, int) else sizes[:axes] if axes > 1 else sizes[1]
    for x in inputs(rng, axes):
        assert_same(*both(f"adaptive_avg_pool{axes}d", sizes), x)
        name = f"adaptive_max_pool{axes}d"
        assert_same(*both(name, sizes), x)
        assert_same(*both(name, sizes), np.round(x), twice=False)
        assert_same_indices(*both(name, sizes, return_indices=True), np.round(x))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("p", [1, 2, 3, 2.5, -1, math.inf, -math.inf])
def test_lp_pool(rng, axes, p):
    for x in inputs(rng, axes):
        x = np.abs(x) + 0.1
        for stride, ceil_mode in itertools.product([None, 1, 3], [False, True]):
            assert_same(*both(f"lp_pool{axes}d", p, 2, stride, ceil_mode), x)


def test_lp_pool_at_zero_and_of_signed_numbers(rng):
    assert_same(*both("lp_pool1d", 2, 2), np.array([[0.0, 0.0, 3.0, -4.0]]), twice=False)
    assert_same(*both("lp_pool1d", 3, 2), np.array([[0.0, 0.0, 3.0, -2.0]]), twice=False)
    x = Tensor([[0.0, 0.0]])
    functions.lp_pool1d(x, 2, 2).sum().backward()
    np.testing.assert_array_equal(x.grad, 0)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kernel, stride", [(2, None), (3, 2), (2, 3)])
def test_max_unpool(rng, axes, kernel, stride):
    name = f"max_unpool{axes}d"
    for x in inputs(rng, axes):
        y, places = getattr(F, f"max_pool{axes}d")(torch.tensor(x), kernel, stride, return_indices=True)
        ours = functools.partial(getattr(functions, name), indices=places.numpy())
        theirs = functools.partial(getattr(F, name), indices=places)
        assert_same(ours, theirs, y.numpy(), kernel_size=kernel, stride=stride, output_size=SIZES[:axes])


def test_max_unpool_gives_the_size_that_is_right_for_windows_side_by_side(rng):
    x = rng.normal(size=(2, 3, 4, 6))
    y, places = F.max_pool2d(torch.tensor(x), 2, return_indices=True)
    ours = functions.max_unpool2d(y.numpy(), places.numpy(), 2)
    np.testing.assert_array_equal(ours, F.max_unpool2d(y, places, 2).numpy())
    assert ours.shape == x.shape


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "name, args",
    [
        ("MaxPool", (2,)),
        ("MaxPool", (3, 2, 1, 1, False, True)),
        ("AvgPool", (2,)),
        ("AvgPool", (3, 2, 1, True, False)),
        ("LPPool", (2, 2)),
        ("LPPool", (1.5, 3, 2, True)),
        ("AdaptiveAvgPool", (2,)),
        ("AdaptiveMaxPool", (3,)),
    ],
)
def test_layers(rng, axes, name, args):
    for x in inputs(rng, axes):
        assert_same(getattr(nn, f"{name}{axes}d")(*args), getattr(torch.nn, f"{name}{axes}d")(*args), np.abs(x))


def test_layers_with_indices(rng):
    x = rng.normal(size=(2, 3, 4, 6))
    for name, args in [("MaxPool2d", (2, None, 0, 1, True)), ("AdaptiveMaxPool2d", ((2, 3), True))]:
        y, places = getattr(nn, name)(*args)(x)
        z, theirs = getattr(torch.nn, name)(*args)(torch.tensor(x))
        np.testing.assert_array_equal(y, z.numpy())
        np.testing.assert_array_equal(places, theirs.numpy())
    back = nn.MaxUnpool2d(2)(y, places, output_size=(4, 6))
    np.testing.assert_array_equal(back, torch.nn.MaxUnpool2d(2)(z, theirs, output_size=(4, 6)).numpy())


def test_over_batches(rng):
    """vmap over images gives the numbers, indices and gradients of the batch."""
    x = np.round(rng.normal(size=(4, 3, 5, 6)), 1)
    calls = [
        lambda a: functions.max_pool2d(a, 3, 2, 1), lambda a: functions.avg_pool2d(a, 3, 2, 1, True, False),
        lambda a: functions.adaptive_max_pool2d(a, (3, 4)), lambda a: functions.adaptive_avg_pool2d(a, (3, 4)),
        lambda a: functions.lp_pool2d(a, 2, 2), lambda a: functions.max_pool2d(a, 2, return_indices=True)[1],
    ]  # fmt: skip
    for call in calls:
        np.testing.assert_allclose(vmap(call)(x), call(x), rtol=1e-13, atol=1e-13)
    for call in calls[:-1]:
        inside, outside = vmap(grad(lambda a, call=call: call(a).sum())), grad(lambda a, call=call: call(a).sum())
        np.testing.assert_allclose(inside(x), outside(x), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("layout", ["C", "F", "images last", "strided", "read-only"])
def test_the_order_of_memory_makes_no_difference(rng, layout):
    x = np.round(rng.normal(size=(2, 3, 6, 6)), 1).astype(np.float32)
    y = {
        "C": x, "F": np.asfortranarray(x),
        "images last": np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2),
        "strided": np.repeat(x, 2, axis=-1)[..., ::2], "read-only": x.copy(),
    }[layout]  # fmt: skip
    y.flags.writeable = layout != "read-only"
    for call in (lambda a: functions.max_pool2d(a, 3, 2, 1), lambda a: functions.avg_pool2d(a, 2)):
        a, b = Tensor(x), Tensor(y)
        call(a).sum().backward()
        call(b).sum().backward()
        np.testing.assert_array_equal(call(x), call(y))
        np.testing.assert_array_equal(a.grad, b.grad)
        assert b.grad.dtype == np.float32 and call(y).dtype == np.float32


@pytest.mark.parametrize(
    "call",
    [
        lambda x: functions.max_pool2d(x, 2, padding=2),
        lambda x: functions.max_pool2d(x, 9),
        lambda x: functions.max_pool1d(x, 2),
        lambda x: functions.max_pool2d(x[:, :, :0], 2),
        lambda x: functions.avg_pool2d(x, 2, divisor_override=0),
        lambda x: functions.lp_pool2d(x, 0, 2),
        lambda x: functions.adaptive_avg_pool2d(x, 0),
        lambda x: functions.max_unpool2d(x, x, 2),
        lambda x: functions.max_unpool2d(x, np.full(x.shape, 10**6), 2),
        lambda x: functions.max_unpool2d(x, np.zeros(x.shape, int), 2, output_size=(99, 99)),
        lambda x: nn.MaxPool1d(2)(x),
        lambda x: nn.AvgPool3d(2)(x[0]),
    ],
)
def test_what_cannot_be_pooled_is_an_error(rng, call):
    with pytest.raises(ValueError, match=r"\w+_pool|unpool|Pool"):
        call(rng.normal(size=(2, 3, 6, 6)))
