"""Convolutions, their transposes, and windows as columns, beside PyTorch's, to second order."""

import itertools

import numpy as np
import pytest

from tensorgrad import Tensor, functions, grad, nn, vmap
from tensorgrad.derivatives import convolution as rules

torch = pytest.importorskip("torch")

from beside_torch import assert_same, differences  # noqa: E402

LENGTHS = (7, 6, 5)


def of_axes(axes, settings):
    """Settings of three axes, those of the first that there are."""
    return {key: value[:axes] if isinstance(value, tuple) else value for key, value in settings.items()}


CONVOLUTIONS = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": (2, 1, 3), "padding": (0, 2, 1), "dilation": (1, 2, 1), "bias": False},
    {"groups": 2, "padding": 1, "dilation": 2},
    {"kernel_size": (2, 3, 4), "padding": "same"},
    {"kernel_size": (4, 2, 3), "padding": "same", "dilation": (1, 3, 2), "groups": 2},
    {"kernel_size": 2, "padding": "valid", "stride": 3},
    {"kernel_size": 1, "out_channels": 2},
    {"kernel_size": 3, "padding": (1, 2, 0), "out_channels": 2},
    {"groups": 4, "out_channels": 8},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # PyTorch, that it copies x
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("settings", CONVOLUTIONS, ids=str)
def test_convolutions(rng, axes, settings):
    given = {"in_channels": 4, "out_channels": 6, "kernel_size": (2, 3, 2)} | settings
    given = of_axes(axes, given)
    ours = getattr(nn, f"Conv{axes}d")(**given)
    theirs = getattr(torch.nn, f"Conv{axes}d")(**given, dtype=torch.float64)
    for leading in [(2, 4), (4,)]:
        assert_same(ours, theirs, rng.normal(size=(*leading, *LENGTHS[:axes])))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 0, 1), "same"])
def test_padding_modes(rng, axes, mode, padding):
    given = of_axes(axes, {"kernel_size": (4, 3, 2), "padding": padding, "padding_mode": mode})
    ours = getattr(nn, f"Conv{axes}d")(2, 3, **given)
    theirs = getattr(torch.nn, f"Conv{axes}d")(2, 3, **given, dtype=torch.float64)
    for leading in [(2, 2), (2,)]:
        assert_same(ours, theirs, rng.normal(size=(*leading, *LENGTHS[:axes])))


TRANSPOSED = [
    {},
    {"stride": 2, "padding": 1, "output_padding": 1},
    {"stride": (2, 1, 3), "padding": (0, 2, 1), "dilation": (1, 2, 1), "output_padding": (1, 0, 2), "bias": False},
    {"groups": 2, "padding": 1, "dilation": 2, "output_padding": 1},
    {"stride": (2, 1, 1), "dilation": (5, 3, 2), "output_padding": (3, 2, 1), "padding": (1, 0, 2)},
    {"kernel_size": 1, "out_channels": 8, "groups": 4},
    {"kernel_size": 3, "padding": (1, 2, 0), "out_channels": 2},
    {"kernel_size": 2, "padding": (2, 1, 0)},
]


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("settings", TRANSPOSED, ids=str)
def test_transposed_convolutions(rng, axes, settings):
    given = of_axes(axes, {"in_channels": 4, "out_channels": 6, "kernel_size": (2, 3, 2)} | settings)
    ours = getattr(nn, f"ConvTranspose{axes}d")(**given)
    theirs = getattr(torch.nn, f"ConvTranspose{axes}d")(**given, dtype=torch.float64)
    for leading in [(2, 4), (4,)]:
        assert_same(ours, theirs, rng.normal(size=(*leading, *(4, 3, 2)[:axes])))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_output_size(rng, axes):
    given = {"kernel_size": 3, "stride": 3, "padding": 1}
    ours = getattr(nn, f"ConvTranspose{axes}d")(2, 3, **given)
    theirs = getattr(torch.nn, f"ConvTranspose{axes}d")(2, 3, **given, dtype=torch.float64)
    x = rng.normal(size=(2, 2, *(4, 3, 2)[:axes]))
    for size in itertools.product(*[range(3 * n - 2, 3 * n + 1) for n in x.shape[2:]]):
        assert_same(ours, theirs, x, output_size=size, twice=False)
    assert_same(ours, theirs, x, output_size=(2, 3, *size))
    assert_same(ours, theirs, x[0], output_size=(3, *size))
    for size in ([3 * n - 3 for n in x.shape[2:]], [3 * n + 1 for n in x.shape[2:]], (1,) * 7, (1,) * axes):
        with pytest.raises(ValueError, match=f"ConvTranspose{axes}d: output_size"):
            ours(x, output_size=size)
        with pytest.raises((ValueError, RuntimeError)):
            theirs(torch.tensor(x), output_size=list(size))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
def test_float32(rng, axes, name):
    x = rng.normal(size=(2, 2, *LENGTHS[:axes])).astype(np.float32)
    ours = getattr(nn, f"{name}{axes}d")(2, 3, 3, stride=2, padding=1, dtype=np.float32)
    theirs = getattr(torch.nn, f"{name}{axes}d")(2, 3, 3, stride=2, padding=1)
    found = differences(ours, theirs, x, twice=False)
    assert all(value < 1e-5 for value in found.values()), found
    assert ours(x).dtype == np.float32
    assert ours(x.astype(float)).dtype == np.float64


WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "padding": (1, 0), "stride": (2, 1), "dilation": (1, 2)},
    {"kernel_size": (1, 4), "padding": 2, "stride": 3},
]


@pytest.mark.parametrize("settings", WINDOWS, ids=str)
def test_windows_and_back(rng, settings):
    x = rng.normal(size=(2, 3, 6, 5))
    ours, theirs = nn.Unfold(**settings), torch.nn.Unfold(**settings)
    back, their_back = nn.Fold((6, 5), **settings), torch.nn.Fold((6, 5), **settings)
    for images in (x, x[0]):
        assert_same(ours, theirs, images)
        assert_same(back, their_back, rng.normal(size=ours(images).shape))
    y = rng.normal(size=ours(x).shape)
    assert np.sum(back(y) * x) == pytest.approx(np.sum(y * ours(x)))  # each is the transpose of the other


@pytest.mark.parametrize("settings", [{"kernel_size": 1}, {"kernel_size": (1, 5)}, {"kernel_size": 2, "stride": 2}])
def test_windows_are_arrays_of_their_own(rng, settings):
    x = rng.normal(size=(3, 4, 5, 2)).transpose(3, 0, 1, 2)  # as a convolution leaves it in memory
    y = functions.unfold(x, **settings)
    assert y.flags.writeable and not np.shares_memory(x, y)
    theirs = torch.nn.functional.unfold(torch.tensor(x), **settings)
    np.testing.assert_array_equal(y, theirs)


def test_a_convolution_is_a_product_with_windows(rng):
    x, weight = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 2, 3))
    y = weight.reshape(4, -1) @ functions.unfold(x, (2, 3), padding=1, stride=2)
    np.testing.assert_allclose(
        functions.conv2d(x, weight, padding=1, stride=2), y.reshape(2, 4, 4, 3), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("bound", [1, 1000, 4000])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_is_done_in_blocks_is_what_is_done_at_once(rng, monkeypatch, axes, bound):
    """Blocks of one place, of a part of a row, of several rows."""
    geometry = ((1, 2, 1)[:axes], (1, 0, 1)[:axes], (1, 1, 2)[:axes], 2)
    x, weight = rng.normal(size=(3, 4, *(40, 9, 8)[:axes])), rng.normal(size=(2, 2, *(3, 2, 3)[:axes]))
    at_once = rules.correlate(x, weight, np.ones(2), geometry)
    g = rng.normal(size=at_once.shape)
    filters = rules.weight_gradient(g, x, weight.shape[2:], geometry)
    monkeypatch.setitem(rules.BLOCK, 8, bound)
    shape = rules.filter_matrices(weight, 2).shape
    parts = list(rules.blocks(g.shape[2:], shape, len(x), (x,)))
    assert len(parts) > 1
    assert [place.start for *_, place in parts] == [0, *[place.stop for *_, place in parts[:-1]]]
    np.testing.assert_allclose(rules.correlate(x, weight, np.ones(2), geometry), at_once, atol=1e-13)
    np.testing.assert_allclose(rules.weight_gradient(g, x, weight.shape[2:], geometry), filters, atol=1e-12)


def test_initial_numbers(rng):
    """They are spread as PyTorch's are, and a seed repeats them."""
    for name, args in {"Conv2d": (8, 32, 3), "ConvTranspose1d": (32, 8, 5), "Conv3d": (4, 64, 2)}.items():
        ours, theirs = getattr(nn, name)(*args, groups=2, rng=0), getattr(torch.nn, name)(*args, groups=2)
        again = getattr(nn, name)(*args, groups=2, rng=0)
        for ours_p, again_p, theirs_p in zip(ours.parameters(), again.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_array_equal(ours_p.data, again_p.data)
            limits = [float(abs(p).max()) for p in (ours_p.data, theirs_p.detach())]
            assert limits[0] == pytest.approx(limits[1], rel=0.3 if ours_p.ndim == 1 else 0.02)
        assert ours.weight.data.std() == pytest.approx(float(theirs.weight.detach().std()), rel=0.05)


@pytest.mark.parametrize("layer", [
    nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular", rng=0), nn.Conv2d(2, 3, 3, stride=2, padding=1, rng=0),
    nn.Conv2d(2, 2, (2, 3), padding="same", rng=0), nn.ConvTranspose2d(2, 3, 3, stride=2, rng=0), nn.Unfold(2),
], ids=repr)  # fmt: skip
def test_vmap(rng, layer):
    shape = (5, 6)[: len(layer.kernel_size)]
    x = rng.normal(size=(4, 3, 2, *shape))
    want = np.stack([as_array(layer(a)) for a in x])
    np.testing.assert_allclose(as_array(vmap(layer)(x)), want, atol=1e-13)
    np.testing.assert_allclose(as_array(vmap(vmap(layer))(x)), want, atol=1e-13)

    def slope(a):
        return as_array(grad(lambda b: np.sum(layer(b) ** 2))(a))

    np.testing.assert_allclose(vmap(slope)(x), np.stack([slope(a) for a in x]), atol=1e-12)


def as_array(y):
    return y.data if isinstance(y, Tensor) else y


def test_gradients_of_each_example(rng):
    """Of the same filters, for all examples at once."""
    layer = nn.Conv2d(2, 3, 2, rng=0)
    x = rng.normal(size=(4, 2, 5, 4))

    def loss(layer, a):
        return np.sum(np.tanh(layer(a)))

    every = vmap(grad(loss), (None, 0))(layer, x)
    for i in range(4):
        one = grad(loss)(layer, x[i])
        for name in ("weight", "bias"):
            np.testing.assert_allclose(as_array(every[name])[i], as_array(one[name]), atol=1e-12)


def test_reprs():
    assert repr(nn.Conv2d(1, 4, 3, padding=1)) == "Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"
    shown = "ConvTranspose1d(4, 2, kernel_size=(2,), stride=(2,), output_padding=(1,), groups=2, bias=False)"
    assert repr(nn.ConvTranspose1d(4, 2, 2, 2, output_padding=1, groups=2, bias=False)) == shown
    shown = "Conv1d(1, 1, kernel_size=(3,), stride=(1,), padding='same', padding_mode='reflect')"
    assert repr(nn.Conv1d(1, 1, 3, padding="same", padding_mode="reflect")) == shown
    shown = "Fold(output_size=(4, 4), kernel_size=(2, 2), dilation=(1, 1), padding=(0, 0), stride=(1, 1))"
    assert repr(nn.Fold(4, 2)) == shown


@pytest.mark.parametrize(("make", "message"), [
    (lambda: nn.Conv2d(3, 4, 2, groups=2), "groups=2 must divide in_channels=3 and out_channels=4"),
    (lambda: nn.Conv2d(3, 4, 2, stride=2, padding="same"), "Conv2d: with padding='same' stride must be 1"),
    (lambda: nn.Conv1d(3, 4, 2, padding_mode="mirror"), "padding_mode must be 'zeros' or 'reflect'"),
    (lambda: nn.ConvTranspose1d(3, 4, 2, stride=2, output_padding=2), "smaller than stride or dilation"),
    (lambda: nn.ConvTranspose1d(3, 4, 2, padding_mode="reflect"), "padding_mode must be 'zeros'"),
    (lambda: nn.Conv2d(3, 4, 2)(np.ones((2, 4, 5, 5))), r"x must be \(N, 3, H, W\) or \(3, H, W\), not \(2, 4, 5, 5\)"),
    (lambda: nn.Conv2d(3, 4, 6)(np.ones((2, 3, 5, 5))), "larger than x"),
    (lambda: nn.Conv1d(3, 4, 9, padding=4, padding_mode="reflect")(np.ones((3, 4))), "Conv1d.*reflect"),
    (lambda: nn.ConvTranspose1d(3, 4, 2, padding=3)(np.ones((2, 3, 4))), "nothing left"),
    (lambda: nn.Conv1d(10**9, 10**9, 10**9), "more than an array can hold"),
    (lambda: nn.Fold(4, 2)(np.ones((2, 12, 8))), "has 8 windows"),
])  # fmt: skip
def test_errors_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()
