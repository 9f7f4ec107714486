"""Dropout: what is left out is drawn, so it is compared with what is known of its distribution."""

import math

import numpy as np
import pytest

from tensorgrad import Tensor, checkpoint, grad, hessian, jvp, nn, vmap

f = nn.functional
LAYERS = {
    "Dropout": (1000, 40), "Dropout1d": (200, 200, 3), "Dropout2d": (200, 200, 2, 2), "Dropout3d": (200, 200, 1, 2, 2),
    "AlphaDropout": (1000, 40), "FeatureAlphaDropout": (200, 200, 3),
}  # fmt: skip
FLOOR = -1.7580993408473766


def values(name, p):
    """What dropout makes of 0 and of 1, where it is left out and where it isn't."""
    if "Alpha" not in name:
        return (0, 0), (0, 1 / (1 - p))
    a = 1 / math.sqrt((1 - p) * (1 + p * FLOOR**2))
    return (a * FLOOR * (1 - p), -a * FLOOR * p), (a * FLOOR * (1 - p), a - a * FLOOR * p)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_how_much_is_left_out_and_what_of_the_rest(name, p):
    shape = LAYERS[name]
    for x, (left_out, kept) in zip((np.zeros(shape), np.ones(shape)), values(name, p), strict=True):
        y = getattr(nn, name)(p, rng=0)(x)
        is_kept = np.isclose(y, kept, rtol=1e-14)
        assert np.all(is_kept | np.isclose(y, left_out, rtol=1e-14))
        if left_out != kept:
            places = is_kept.reshape(200, 200, -1)  # of each channel; or each number is one
            assert np.all(places == places[..., :1])
            assert abs(places.mean() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / 40_000)


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_drawn_is_independent(name):
    """The mask of each row, column and call has nothing to do with the next."""
    layer = getattr(nn, name)(0.5, rng=0)
    x = np.ones(LAYERS[name])
    a, b = (layer(x).reshape(*x.shape[:2], -1)[..., 0] for _ in range(2))
    for one, two in ((a, b), (a[1:], a[:-1]), (a[:, 1:], a[:, :-1])):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_and_all(rng, name):
    x = Tensor(rng.normal(size=(2, 3, 4, 4)[: len(LAYERS[name])] if name != "Dropout3d" else (2, 3, 4, 4)))
    layer = getattr(nn, name)
    assert layer(0.0)(x) is x and layer(0.5).eval()(x) is x
    y = layer(1.0)(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, np.zeros(x.shape))
    np.testing.assert_array_equal(x.grad, np.zeros(x.shape))
    assert layer(0.5)(np.zeros((0, *x.shape[1:]))).shape == (0, *x.shape[1:])


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_leave_out_the_same(rng, name):
    shape = tuple(min(n, 4) for n in LAYERS[name])
    x = Tensor(rng.normal(size=shape))
    y = getattr(nn, name)(0.5, rng=0)(x)
    y.sum().backward()
    slope = 2.0 if "Alpha" not in name else 1 / math.sqrt(0.5 * (1 + 0.5 * FLOOR**2))
    assert set(np.unique(x.grad)) == {0.0, slope}
    np.testing.assert_allclose(
        y.data - np.where(x.grad, slope * x.data, 0), getattr(nn, name)(0.5, rng=0)(np.zeros(shape)), atol=1e-15
    )
    first = x.grad.copy()
    (y * y).sum().backward()
    np.testing.assert_allclose(x.grad - first, 2 * y.data * first, rtol=1e-12)

    def dropped(x):
        return getattr(f, FUNCTIONS[name])(x, 0.5, True, rng=1)

    small = rng.normal(size=shape)
    cubes = hessian(lambda x: (dropped(x) ** 3).sum())(small)
    y, dy = jvp(dropped, (small,), (np.ones(shape),))
    want = 6 * y * dy**2
    np.testing.assert_allclose(np.diagonal(cubes.reshape(small.size, -1)), want.ravel(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(getattr(nn, name)(0.5, rng=1)(small), y, rtol=1e-15)


FUNCTIONS = {
    "Dropout": "dropout", "Dropout1d": "dropout1d", "Dropout2d": "dropout2d", "Dropout3d": "dropout3d",
    "AlphaDropout": "alpha_dropout", "FeatureAlphaDropout": "feature_alpha_dropout",
}  # fmt: skip


def test_alpha_dropout_keeps_mean_and_variance(rng):
    x = rng.normal(size=(500, 400))
    for p in (0.05, 0.3, 0.8):
        y = f.alpha_dropout(x, p, rng=0)
        assert abs(y.mean()) < 0.01 and abs(y.std() - 1) < 0.01


def test_a_seed_starts_anew_and_a_generator_goes_on(rng):
    x = rng.normal(size=(4, 5))
    np.testing.assert_array_equal(f.dropout(x, rng=1), f.dropout(x, rng=1))
    generator, again = np.random.default_rng(1), np.random.default_rng(1)
    first, second = f.dropout(x, rng=generator), f.dropout(x, rng=generator)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], [f.dropout(x, rng=again) for _ in range(2)])
    assert not np.array_equal(f.dropout(x), f.dropout(x))
    layer, other = nn.Dropout(rng=3), nn.Dropout(rng=3)
    np.testing.assert_array_equal([layer(x), layer(x)], [other(x), other(x)])
    np.testing.assert_array_equal(f.dropout(x, rng=[1, 2]), f.dropout(x, rng=np.random.SeedSequence([1, 2])))


def test_the_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    nn.Dropout()(np.ones(10)), f.alpha_dropout(np.ones(10))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("rng", [1, "a generator"])
def test_inside_vmap(rng):
    """As in a loop: a generator goes on, a seed starts anew with each example."""
    x = np.random.default_rng(2).normal(size=(3, 4, 5))
    source, again = (np.random.default_rng(0) if isinstance(rng, str) else rng for _ in range(2))
    want = np.stack([f.dropout(one, 0.5, rng=source) for one in x])
    np.testing.assert_array_equal(vmap(lambda one: f.dropout(one, 0.5, rng=again))(x), want)
    source, again = (np.random.default_rng(0) if isinstance(rng, str) else rng for _ in range(2))
    want = np.stack([[f.dropout(one, 0.5, rng=source) for one in row] for row in x])
    np.testing.assert_array_equal(vmap(vmap(lambda one: f.dropout(one, 0.5, rng=again)))(x), want)
    slopes = vmap(grad(lambda one: f.dropout(one, 0.5, rng=1).sum()))(x)
    assert set(np.unique(slopes)) == {0, 2} and np.all(slopes == slopes[0])


def test_checkpoint_says_that_it_draws_twice():
    layer, x = nn.Dropout(rng=0), Tensor(np.ones(50))
    with pytest.raises(RuntimeError, match="checkpoint"):
        checkpoint(lambda x: layer(x) ** 2)(x).sum().backward()
    checkpoint(lambda x: f.dropout(x, rng=4) ** 2)(x).sum().backward()
    assert set(np.unique(x.grad)) == {0, 8}


def test_dtype_is_kept():
    for name, shape in LAYERS.items():
        for dtype in (np.float32, np.float16):
            x = Tensor(np.ones(tuple(min(n, 3) for n in shape), dtype))
            y = getattr(nn, name)(0.3, rng=0)(x)
            y.sum().backward()
            assert y.dtype == x.grad.dtype == dtype, name
            assert getattr(nn, name)(0.3, rng=0)(x.data).dtype == dtype
    assert f.dropout(np.ones(3, np.complex64)).dtype == np.complex64


def test_shapes():
    for name, right, wrong in (
        ("dropout1d", [(2, 3), (2, 3, 4)], [(3,), (1, 2, 3, 4)]),
        ("dropout2d", [(2, 3, 4), (2, 3, 4, 5)], [(2, 3), (1, 2, 3, 4, 5)]),
        ("dropout3d", [(2, 3, 4, 5), (1, 2, 3, 4, 5)], [(2, 3, 4), (1,) * 6]),
        ("feature_alpha_dropout", [(2, 3), (2, 3, 4)], [(), (3,)]),
    ):
        for shape in right:
            assert getattr(f, name)(np.ones(shape)).shape == shape
        for shape in wrong:
            with pytest.raises(ValueError, match=f"{name}: x must be"):
                getattr(f, name)(np.ones(shape))
    unbatched = f.dropout1d(np.ones((50, 3)), rng=0)
    assert np.all(unbatched == unbatched[:, :1]) and np.any(unbatched != unbatched[0])
    unbatched = f.dropout3d(np.ones((50, 3, 1, 1)), rng=0)
    assert np.all(unbatched == unbatched[:, :1]) and np.any(unbatched != unbatched[0])


def test_repr():
    assert repr(nn.Dropout()) == "Dropout(p=0.5)"
    assert repr(nn.AlphaDropout(0.1, inplace=True)) == "AlphaDropout(p=0.1)"
