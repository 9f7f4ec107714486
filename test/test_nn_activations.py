"""Activations, beside PyTorch's: everywhere to second order, at kinks, and of numbers that are large or none at all."""

import numpy as np
import pytest

from tensorgrad import Tensor, grad, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, to_torch  # noqa: E402

f, F = nn.functional, torch.nn.functional

# By name, the arguments with which each is tried
LAYERS = {
    "ReLU": [{}, {"inplace": True}], "LeakyReLU": [{}, {"negative_slope": 0.2}, {"negative_slope": -0.5}],
    "Sigmoid": [{}], "Tanh": [{}], "ELU": [{}, {"alpha": 0.5}, {"alpha": 2.5}], "SELU": [{}],
    "CELU": [{}, {"alpha": 0.5}, {"alpha": 3}], "GELU": [{}, {"approximate": "tanh"}], "SiLU": [{}], "Mish": [{}],
    "ReLU6": [{}], "Hardtanh": [{}, {"min_val": -0.5, "max_val": 2}], "Hardswish": [{}], "Hardsigmoid": [{}],
    "Softsign": [{}], "Softshrink": [{}, {"lambd": 1.5}, {"lambd": 0}], "Hardshrink": [{}, {"lambd": 1.5}],
    "Tanhshrink": [{}], "Threshold": [{"threshold": 0.5, "value": -2}], "LogSigmoid": [{}],
    "PReLU": [{}, {"init": -0.5}, {"num_parameters": 3}], "GLU": [{}, {"dim": 0}], "Softmax": [{"dim": -1}, {"dim": 0}],
    "LogSoftmax": [{"dim": -1}, {"dim": 1}], "Softmin": [{"dim": 1}, {"dim": -2}],
    "Softplus": [{}, {"beta": 2.0}, {"beta": 3, "threshold": 1.5}, {"beta": 1, "threshold": -1}],
}  # fmt: skip
ALL = [(name, options) for name, many in LAYERS.items() for options in many]


def pair(name, options):
    dtype = {"dtype": torch.float64} if name == "PReLU" else {}
    theirs = {**options, "inplace": False} if "inplace" in options else options
    return getattr(nn, name)(**options), getattr(torch.nn, name)(**theirs, **dtype)


@pytest.mark.parametrize("name, options", ALL)
@pytest.mark.parametrize("shape", [(4, 3, 2), (2, 3, 2, 2), (0, 3, 2)])
def test_numbers(rng, name, options, shape):
    is_rough = name == "Hardsigmoid"  # PyTorch's slope is 1/6 in single precision, and it has no second derivative
    assert_same(*pair(name, options), rng.normal(size=shape) * 3, twice=not is_rough, rtol=1e-7 if is_rough else 1e-9)


KINKS = np.array([-1e4, -40.0, -6, -3, -2, -1.5, -1, -0.5, -0.0, 0, 0.5, 1, 1.5, 2, 3, 5, 6, 20, 40.0, 1e4])


@pytest.mark.parametrize("name, options", ALL)
def test_kinks_and_large_numbers(name, options):
    """Values and slopes, relative to the largest: 1e4 apart from the others."""
    for x in (KINKS[1:-1], KINKS[[0, -1]]):
        if options.get("num_parameters"):
            x = np.stack([x] * 3, 1)
        ours, theirs = pair(name, {"dim": 0} if "dim" in options else options)
        assert_same(ours, theirs, x, twice=False, rtol=1e-7 if name == "Hardsigmoid" else 1e-12)


ELEMENTWISE = [(name, o) for name, o in ALL if "dim" not in o and "num_parameters" not in o and name != "GLU"]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name, options", ELEMENTWISE)
def test_nan_and_infinity(name, options):
    """Values, and at nan slopes, too; those at infinity are of the form 0 * inf for some."""
    ours, theirs = pair(name, options)
    for value in (np.nan, np.inf, -np.inf):
        x, z = Tensor([value]), to_torch(np.array([value]))
        y, w = ours(x), theirs(z)
        np.testing.assert_array_equal(y.data, w.detach().numpy(), err_msg=f"{value}")


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_slopes_where_the_number_is_none_or_infinite():
    """A relu passes the gradient on at nan, and a hardswish is constant or a line at infinity: no 0 * inf."""
    x = np.array([-np.inf, -1, np.nan, 1, np.inf])
    for name in ("ReLU", "Hardswish"):
        for place in (slice(None, 2), slice(3, None)) + ((slice(2, 3),) if name == "ReLU" else ()):
            assert_same(getattr(nn, name)(), getattr(torch.nn, name)(), x[place], twice=False)


def test_relatives():
    """What PyTorch's functions take and its layers don't, or otherwise."""
    x = np.linspace(-3, 3, 24).reshape(2, 4, 3)
    assert_same(f.glu, F.glu, x, dim=1)
    assert f.leaky_relu(np.float32(x), np.float64(0.1)).dtype == np.float32
    with pytest.raises(ValueError, match="leaky_relu: negative_slope must be a number"):
        f.leaky_relu(x, np.ones(3))
    assert_same(f.prelu, F.prelu, np.zeros((1, 0, 3)), np.zeros(0))
    assert_same(lambda x: f.softplus(x, 2, 1), lambda x: F.softplus(x, 2, 1), x)
    assert_same(f.softplus, F.softplus, x)
    assert_same(f.prelu, F.prelu, x, np.array([0.25, -0.5, 0.0, 2.0]))
    assert_same(f.prelu, F.prelu, x, np.array([0.5]))
    assert_same(f.prelu, F.prelu, np.array(-2.0), np.array([0.5]))
    assert_same(f.softmin, F.softmin, x, dim=2)
    assert_same(f.rrelu, F.rrelu, x, lower=0.1, upper=0.2)
    for name in ("softmax", "log_softmax", "softmin"):
        assert_same(lambda x, name=name: getattr(f, name)(x, dim=1), lambda x, name=name: getattr(F, name)(x, dim=1), x)
    assert_same(lambda x: f.logsumexp(x, dim=1, keepdim=True), lambda x: torch.logsumexp(x, 1, True), x)
    assert_same(lambda x: x.softmax(dim=0), lambda x: x.softmax(dim=0), x)


def test_softplus_without_a_threshold_is_exact():
    """log(1 + exp(-30)) in all its digits, of which the layer with PyTorch's threshold of 20 has none."""
    x = np.array([19.0, 21.0, 30.0, 35.0, 1e4])
    np.testing.assert_array_equal(f.softplus(x), x + np.log1p(np.exp(-x)))
    assert_same(nn.Softplus(), torch.nn.Softplus(), x, rtol=1e-15)
    np.testing.assert_array_equal(nn.Softplus()(x)[1:], x[1:])
    np.testing.assert_array_equal(nn.Softplus(threshold=None)(x), f.softplus(x))


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax", "Softmin"])
def test_the_axis_may_be_left_out_of_vectors_and_matrices(rng, name):
    for shape in ((3,), (2, 3)):
        with pytest.warns(UserWarning):
            assert_same(getattr(nn, name)(), getattr(torch.nn, name)(), rng.normal(size=shape))
    for shape in ((), (2, 3, 4), (2, 3, 4, 5)):
        with pytest.raises(ValueError, match=f"{name}: an axis is needed"):
            getattr(nn, name)()(np.ones(shape))
    with pytest.raises(TypeError, match="another name"):
        getattr(nn, name)(1, axis=1, dim=1)


def test_softmax2d(rng):
    for shape in ((2, 3, 4, 5), (3, 4, 5), (0, 3, 4, 5)):
        assert_same(nn.Softmax2d(), torch.nn.Softmax2d(), rng.normal(size=shape))
    with pytest.raises(ValueError, match="Softmax2d"):
        nn.Softmax2d()(np.ones((2, 3)))


def test_rrelu_draws_its_slopes_while_it_is_trained():
    layer, x = nn.RReLU(0.1, 0.4, rng=0), Tensor(-np.ones(100_000))
    y = layer(x)
    slopes = -y.data
    assert 0.1 <= slopes.min() < 0.1001 and 0.3999 < slopes.max() <= 0.4 and abs(slopes.mean() - 0.25) < 1e-3
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, slopes)  # the same slopes
    assert not np.array_equal(layer(x).data, y.data)
    np.testing.assert_array_equal(nn.RReLU(0.1, 0.4, rng=0)(x).data, y.data)
    np.testing.assert_array_equal(layer(np.array([2.0, 3.0])), [2, 3])
    np.testing.assert_array_equal(layer.eval()(x).data, -0.25)
    np.testing.assert_array_equal(f.rrelu(x, training=True, rng=3).data, f.rrelu(x, training=True, rng=3).data)
    assert f.rrelu(np.float32([-1, 2]), training=True, rng=0).dtype == np.float32


def test_dtype_is_kept():
    for name, options in ALL:
        ours = getattr(nn, name)(**options, **({"dtype": np.float32} if name == "PReLU" else {}))
        shape = (4, 3) if name == "GLU" and options else (2, 3, 4)
        x = Tensor(np.linspace(-4, 4, np.prod(shape)).reshape(shape).astype(np.float32))
        y = ours(x)
        y.sum().backward()
        assert y.dtype == x.grad.dtype == np.float32, name
        assert ours(x.data).dtype == np.float32, name


def test_inside_transforms(rng):
    x = rng.normal(size=(4, 3))
    for name, options in ELEMENTWISE:
        layer = getattr(nn, name)(**options).requires_grad_(False)
        np.testing.assert_allclose(vmap(layer)(x), layer(x), rtol=1e-15, err_msg=name)
        slopes = vmap(grad(lambda x, layer=layer: layer(x).sum()))(x)
        np.testing.assert_allclose(slopes, grad(lambda x, layer=layer: layer(x).sum())(x), rtol=1e-14, err_msg=name)


def test_repr():
    assert repr(nn.Softplus(2)) == "Softplus(beta=2.0, threshold=20.0)"
    assert repr(nn.ReLU(inplace=True)) == "ReLU()"
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)"
    assert repr(nn.RReLU().eval()) == "RReLU(lower=0.125, upper=0.3333333333333333)"
    assert repr(nn.Softmax(dim=1)) == "Softmax(axis=1)"
