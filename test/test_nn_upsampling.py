"""Interpolation and shuffled pixels beside PyTorch's, over all options."""

import itertools

import numpy as np
import pytest

from tensorgrad import Tensor, functions, grad, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402

F = torch.nn.functional
SHAPES = {1: (2, 3, 7), 2: (2, 3, 7, 5), 3: (1, 2, 4, 3, 5)}
SIZES = {1: [4, 7, 16], 2: [(3, 9), (10, 2), 14, (7, 8)], 3: [(5, 2, 9), 6]}
FACTORS = {1: [2, 1.7, (0.6,)], 2: [2, (0.5, 1.3), 2.6], 3: [2, (1.5, 1.0, 0.5)]}
MODES = {
    "nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,),
    "bicubic": (2,), "trilinear": (3,),
}  # fmt: skip
SMOOTH = ["linear", "bilinear", "bicubic", "trilinear"]


def assert_as_in_torch(x, **options):
    assert_same(lambda a: functions.interpolate(a, **options), lambda a: F.interpolate(a, **options), x)


@pytest.mark.parametrize("mode, axes", [(mode, n) for mode, every in MODES.items() for n in every])
def test_to_a_size(rng, mode, axes):
    for size in SIZES[axes]:
        for align_corners in (None, False, True) if mode in SMOOTH else (None,):
            assert_as_in_torch(rng.normal(size=SHAPES[axes]), size=size, mode=mode, align_corners=align_corners)


@pytest.mark.parametrize("mode, axes", [(mode, n) for mode, every in MODES.items() for n in every])
@pytest.mark.parametrize("recompute", [None, False, True])
def test_by_a_factor(rng, mode, axes, recompute):
    for factor in FACTORS[axes]:
        for align_corners in (None, True) if mode in SMOOTH else (None,):
            options = {"scale_factor": factor, "mode": mode, "align_corners": align_corners}
            assert_as_in_torch(rng.normal(size=SHAPES[axes]), **options, recompute_scale_factor=recompute)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_without_aliases(rng, mode):
    """PyTorch is wrong for images that become one wide: of (5, 1) it gives one number in all rows."""
    for align_corners, size in itertools.product([False, True], [(3, 2), (2, 3), (20, 4), (7, 5), (10, 9)]):
        options = {"mode": mode, "align_corners": align_corners, "antialias": True}
        assert_as_in_torch(rng.normal(size=(2, 3, 7, 5)), size=size, **options)
    for factor in (0.4, 1.3, (1.0, 0.6)):
        assert_as_in_torch(rng.normal(size=(2, 3, 7, 5)), scale_factor=factor, mode=mode, antialias=True)


@pytest.mark.parametrize("n, m", [(200, 300), (300, 200), (500, 64), (64, 500), (129, 129)])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_large_images(rng, mode, n, m):
    """Of which the matrix is taken in blocks."""
    assert_as_in_torch(rng.normal(size=(1, 2, n, 3)), size=(m, 4), mode=mode)
    assert_as_in_torch(rng.normal(size=(1, 2, 3, n)), size=(4, m), mode=mode)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_nearest_is_the_same_at_every_length(mode, dtype):
    for n, m in itertools.product(range(1, 25), range(1, 40, 3)):
        x = np.arange(n, dtype=dtype).reshape(1, 1, n)
        for options in ({"size": m}, {"scale_factor": m / 8}):
            if int(n * m / 8):
                theirs = F.interpolate(torch.tensor(x), mode=mode, **options).numpy()
                np.testing.assert_array_equal(functions.interpolate(x, mode=mode, **options), theirs, f"{n} {options}")


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_what_is_not_finite_stays_where_it_is(rng, mode):
    """nan and inf reach the elements that they have a weight in, and no others."""
    x = rng.normal(size=(1, 1, 9, 9))
    x[0, 0, 2, 3], x[0, 0, 6, 5] = np.nan, np.inf
    clean = np.where(np.isfinite(x), x, 0)
    far = F.interpolate(torch.tensor((~np.isfinite(x)).astype(float)), size=(20, 20), mode=mode).numpy() == 0
    with np.errstate(invalid="ignore"):
        y = functions.interpolate(x, size=(20, 20), mode=mode)
    np.testing.assert_allclose(y[far], functions.interpolate(clean, size=(20, 20), mode=mode)[far], rtol=1e-12)
    assert far.sum() > 200 and not np.isfinite(y[~far]).all()


@pytest.mark.parametrize(
    "name, args",
    [
        ("Upsample", (None, 2)),
        ("Upsample", ((4, 9), None, "bilinear", True)),
        ("Upsample", (None, (1.6, 2.2), "bicubic", False, True)),
        ("UpsamplingNearest2d", (None, 3)),
        ("UpsamplingNearest2d", ((4, 9),)),
        ("UpsamplingBilinear2d", (6,)),
        ("UpsamplingBilinear2d", (None, (2, 1.5))),
        ("PixelShuffle", (2,)),
        ("PixelUnshuffle", (2,)),
        ("ChannelShuffle", (4,)),
    ],
)
def test_layers(rng, name, args):
    assert_same(getattr(nn, name)(*args), getattr(torch.nn, name)(*args), rng.normal(size=(2, 8, 6, 4)))


def test_shuffled_pixels_of_one_image_and_of_many(rng):
    for shape in [(8, 2, 4), (2, 3, 8, 2, 4)]:
        x = rng.normal(size=shape)
        for name in ("pixel_shuffle", "pixel_unshuffle"):
            assert_same(lambda a, n=name: getattr(functions, n)(a, 2), lambda a, n=name: getattr(F, n)(a, 2), x)
        np.testing.assert_array_equal(functions.pixel_unshuffle(functions.pixel_shuffle(x, 2), 2), x)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_over_batches_and_dtypes(rng, mode):
    x = rng.normal(size=(4, 1, 3, 5, 6))

    def call(a):
        return functions.interpolate(a, size=(7, 4), mode=mode)

    want = np.stack([call(a) for a in x])
    np.testing.assert_allclose(vmap(call)(x), want, rtol=1e-12, atol=1e-12)
    gradient = grad(lambda a: (call(a) ** 2).sum())
    np.testing.assert_allclose(vmap(gradient)(x), np.stack([gradient(a) for a in x]), rtol=1e-12, atol=1e-12)
    small = x[0].astype(np.float32)
    assert call(small).dtype == np.float32 and call(small[:0]).shape == (0, 3, 7, 4)
    np.testing.assert_allclose(call(small), want[0], rtol=1e-4, atol=1e-5)
    half = call(x[0].astype(np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, want[0], rtol=1e-2, atol=1e-2)


def test_the_order_of_memory_makes_no_difference(rng):
    x = rng.normal(size=(2, 3, 6, 4))
    for y in (
        np.asfortranarray(x),
        np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2),
        x[::-1, ..., ::-1],
    ):
        for mode in ("nearest", "bilinear"):
            a, b = Tensor(y), Tensor(y.copy())
            for t in (a, b):
                (functions.interpolate(t, size=(9, 5), mode=mode) ** 2).sum().backward()
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"size": 3, "scale_factor": 2.0}, {"size": 0}, {"size": (2, 3, 4)}, {"scale_factor": 0.01},
        {"scale_factor": -1.0}, {"size": 3, "mode": "linear"}, {"size": 3, "mode": "cubic"},
        {"size": 3, "align_corners": True}, {"size": 3, "antialias": True},
        {"size": 3, "mode": "area", "align_corners": False}, {"size": 3, "recompute_scale_factor": True},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error(rng, options):
    with pytest.raises(ValueError, match="interpolate: "):
        functions.interpolate(rng.normal(size=(2, 3, 6, 4)), **options)
    for name, args in [
        ("Upsample", ()),
        ("Upsample", (3, 2)),
        ("PixelShuffle", (0,)),
        ("UpsamplingNearest2d", ((1, 2, 3),)),
    ]:
        with pytest.raises(ValueError, match=name):
            getattr(nn, name)(*args)
    for name, args in [
        ("PixelShuffle", (5,)),
        ("PixelUnshuffle", (5,)),
        ("ChannelShuffle", (5,)),
        ("Upsample", ((1,),)),
    ]:
        with pytest.raises(ValueError, match=name):
            getattr(nn, name)(*args)(rng.normal(size=(2, 8, 6, 4)))
