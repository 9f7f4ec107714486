"""Initialisers: exact numbers beside PyTorch's where they are fixed; distributions, bounds and shapes where drawn."""

import inspect
import math
from statistics import NormalDist

import numpy as np
import pytest

from tensorgrad import Tensor, nn
from tensorgrad.nn import init

DRAWN = {
    "uniform_": {}, "normal_": {}, "trunc_normal_": {}, "xavier_uniform_": {}, "xavier_normal_": {},
    "kaiming_uniform_": {}, "kaiming_normal_": {}, "orthogonal_": {}, "sparse_": {"sparsity": 0.3},
}  # fmt: skip
SET = {"constant_": {"val": 0.5}, "ones_": {}, "zeros_": {}, "eye_": {}}


def of(shape, dtype=np.float64):
    return Tensor(np.full(shape, 7, dtype))


def close(found, expected, errors=5):
    """Whether the mean of many numbers is as expected, up to so many standard errors."""
    found = np.asarray(found)
    return abs(found.mean() - expected) < errors * found.std() / math.sqrt(found.size)


def has(tensor, mean, std):
    """Whether many numbers have this mean and standard deviation."""
    x = tensor.data
    return close(x, mean) and close((x - mean) ** 2, std**2)


# What all have in common ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", [*DRAWN, *SET])
def test_it_changes_the_data_in_place_and_gives_the_tensor(name, dtype):
    tensor = of((6, 5), dtype)
    data = tensor.data
    assert getattr(init, name)(tensor, **(DRAWN | SET)[name]) is tensor
    assert tensor.data is data and data.dtype == dtype and not np.any(data == 7)


@pytest.mark.parametrize("name", DRAWN)
def test_a_seed_repeats_it(name):
    draw = getattr(init, name)
    first, again, other = (draw(of((6, 5)), rng=seed, **DRAWN[name]).data for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    generator = np.random.default_rng(1)
    assert np.array_equal(draw(of((6, 5)), rng=generator, **DRAWN[name]).data, first)
    assert not np.array_equal(draw(of((6, 5)), rng=generator, **DRAWN[name]).data, first)


@pytest.mark.parametrize("name", [*DRAWN, *SET])
def test_frozen_ones_constants_and_what_is_read_only(name):
    set_it, options = getattr(init, name), (DRAWN | SET)[name]
    frozen = nn.Linear(5, 6)
    frozen.freeze()
    constant = Tensor(np.full((6, 5), 7.0), requires_grad=False)
    fixed = np.full((6, 5), 7.0)
    fixed.flags.writeable = False
    of_fixed = Tensor(fixed)
    for tensor in (frozen.weight, constant, of_fixed):
        set_it(tensor, **options)
        assert not np.any(tensor.data == 7)
    assert not frozen.weight.requires_grad and not constant.requires_grad and np.all(fixed == 7)
    strided = Tensor(np.full((5, 6), 7.0).T)
    set_it(strided, **options)
    assert not np.any(strided.data == 7) and strided.data.flags.f_contiguous


@pytest.mark.parametrize("name", [*DRAWN, *SET])
def test_a_graph_that_used_the_old_data_notices(name):
    tensor = of((6, 5))
    y = (tensor * tensor).sum()
    getattr(init, name)(tensor, **(DRAWN | SET)[name])
    with pytest.raises(RuntimeError, match="changed"):
        y.backward()


@pytest.mark.parametrize("name", [*DRAWN, *SET])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_of_no_numbers(name, shape):
    assert getattr(init, name)(of(shape), **(DRAWN | SET)[name]).shape == shape


@pytest.mark.parametrize("name", [*DRAWN, *SET, "dirac_"])
def test_what_is_no_tensor_is_an_error(name):
    for value in (np.zeros((2, 2, 2)), [[1.0]], None, "weight"):
        with pytest.raises(TypeError, match=f"{name}: tensor must be a Tensor, not a {type(value).__name__}"):
            getattr(init, name)(value, **(DRAWN | SET).get(name, {}))
    if name in DRAWN:
        with pytest.raises(TypeError, match=f"{name}: tensor must be one of real numbers, not complex128"):
            getattr(init, name)(of((6, 5), complex), **DRAWN[name])


@pytest.mark.parametrize(
    "name, shape",
    [
        ("eye_", (3,)), ("eye_", (3, 3, 3)), ("sparse_", (3,)), ("sparse_", (3, 3, 3)), ("dirac_", (3, 3)),
        ("dirac_", (1,) * 6), ("xavier_uniform_", (3,)), ("xavier_normal_", ()), ("kaiming_uniform_", (3,)),
        ("kaiming_normal_", (3,)), ("orthogonal_", (3,)),
    ],
)  # fmt: skip
def test_a_wrong_number_of_axes_is_an_error(name, shape):
    tensor = of(shape)
    with pytest.raises(ValueError) as error:
        getattr(init, name)(tensor, **DRAWN.get(name, {}))
    assert f"{name}: tensor must be" in str(error.value) and f"not of shape {shape}" in str(error.value)
    assert np.all(tensor.data == 7)


def test_a_number_too_large_is_an_error():
    tensor = of((3,), np.float32)
    for call in (lambda: init.constant_(tensor, 1e300), lambda: init.uniform_(tensor, 1e299, 1e300)):
        with pytest.raises(ValueError, match="too large for float32"):
            call()
    assert np.all(tensor.data == 7)
    assert np.all(init.constant_(tensor, -math.inf).data == -math.inf)


def test_bounds_that_are_none_are_errors():
    for call in (
        lambda: init.uniform_(of((3,)), 2, 1),
        lambda: init.uniform_(of((3,)), -1.7e308, 1.7e308),
        lambda: init.trunc_normal_(of((3,)), a=1, b=1),
        lambda: init.trunc_normal_(of((3,)), std=0),
        lambda: init.dirac_(of((4, 2, 3)), groups=3),
    ):
        with pytest.raises(ValueError, match="must"):
            call()


# The distributions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a, b", [(0.0, 1.0), (-3.0, 5.0), (2.0, 2.0)])
def test_uniform(a, b):
    tensor = init.uniform_(of((100, 200)), a, b, rng=0)
    assert a <= tensor.data.min() and tensor.data.max() <= b
    assert a == b or has(tensor, (a + b) / 2, (b - a) / math.sqrt(12))


@pytest.mark.parametrize("mean, std", [(0.0, 1.0), (-3.0, 0.1)])
def test_normal(mean, std):
    tensor = init.normal_(of((100, 200)), mean, std, rng=0)
    assert has(tensor, mean, std)
    assert close(abs(tensor.data - mean) < std, 0.6827)
    assert np.all(init.normal_(of((3,)), mean, 0).data == mean)


@pytest.mark.parametrize(
    "mean, std, a, b",
    [
        (0, 1, -2, 2), (0, 0.02, -2, 2), (1, 2, -1, 0), (0, 1, 3, 5), (0, 1, 2, math.inf), (0, 1, -math.inf, 0.5),
        (0, 1, -12, -5),
    ],
)  # fmt: skip
def test_the_truncated_normal_has_the_cut_off_distribution(mean, std, a, b):
    x = init.trunc_normal_(of((20000,)), mean, std, a, b, rng=0).data
    assert a <= x.min() and x.max() <= b
    normal = NormalDist(mean, std)
    if a >= mean:  # where the distribution function is close to 1, that of the other side is exact
        mass = np.array([normal.cdf(2 * mean - v) for v in x])
        low, high = normal.cdf(2 * mean - b), normal.cdf(2 * mean - a)
    else:
        mass, low, high = np.array([normal.cdf(v) for v in x]), normal.cdf(a), normal.cdf(b)
    even = np.sort((mass - low) / (high - low))  # evenly from 0 to 1: the Kolmogorov-Smirnov statistic
    assert np.max(abs(even - (np.arange(x.size) + 0.5) / x.size)) < 1.63 / math.sqrt(x.size)


def test_the_truncated_normal_far_out():
    x = init.trunc_normal_(of((1000,)), a=1000, b=math.inf, rng=0).data
    assert x.min() >= 1000 and close(x - 1000, 1 / 1000)  # there, an exponential distribution
    assert np.all(init.trunc_normal_(of((10,), np.float32), a=0.1, b=0.1 + 1e-12, rng=0).data == np.float32(0.1))


SHAPES = [(40, 50), (8, 5, 7), (8, 5, 3, 4), (6, 4, 3, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_xavier(shape, gain):
    kernel = math.prod(shape[2:])
    std = gain * math.sqrt(2 / (shape[0] * kernel + shape[1] * kernel))
    limit = math.sqrt(3) * std
    even = init.xavier_uniform_(of(shape), gain, rng=0)
    assert has(even, 0, std) and 0.9 * limit < abs(even.data).max() <= limit
    assert has(init.xavier_normal_(of(shape), gain, rng=0), 0, std)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize(
    "a, nonlinearity, gain", [(0, "leaky_relu", 2**0.5), (2, "leaky_relu", 0.4**0.5), (2, "tanh", 5 / 3)]
)
def test_kaiming(shape, mode, a, nonlinearity, gain):
    std = gain / math.sqrt(shape[mode == "fan_in"] * math.prod(shape[2:]))
    limit = math.sqrt(3) * std
    even = init.kaiming_uniform_(of(shape), a, mode, nonlinearity, rng=0)
    assert has(even, 0, std) and 0.9 * limit < abs(even.data).max() <= limit
    assert has(init.kaiming_normal_(of(shape), a, mode, nonlinearity, rng=0), 0, std)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3), (2, 3, 2), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, -2.0])
def test_orthogonal(shape, gain):
    Q = init.orthogonal_(of(shape), gain, rng=0).data.reshape(shape[0], -1)
    Q = Q if Q.shape[0] <= Q.shape[1] else Q.T
    assert np.allclose(Q @ Q.T, gain**2 * np.eye(len(Q)), rtol=0, atol=1e-14)


def test_all_orthogonal_matrices_are_as_likely():
    drawn = np.stack([init.orthogonal_(of((2, 2)), rng=seed).data for seed in range(2000)])
    assert close(drawn[:, 0, 0], 0) and close(np.linalg.det(drawn), 0)  # as many rotations as reflections
    angles = np.arctan2(drawn[:, 0, 1], drawn[:, 0, 0])
    assert close(np.cos(2 * angles), 0) and close(np.sin(3 * angles), 0)


@pytest.mark.parametrize("sparsity", [0, 0.1, 0.25, 1])
def test_sparse(sparsity):
    tensor = init.sparse_(of((50, 400)), sparsity, 0.5, rng=0)
    zeros = tensor.data == 0
    assert np.all(zeros.sum(axis=0) == math.ceil(sparsity * 50))
    if sparsity < 1:
        assert has(Tensor(tensor.data[~zeros]), 0, 0.5)
    if 0 < sparsity < 1:  # the zeros of one column say nothing of those of the next
        assert all(close(row, math.ceil(sparsity * 50) / 50) for row in zeros)


# Beside PyTorch's ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (1, 1)])
def test_eye_and_constants_are_pytorchs(shape):
    torch = pytest.importorskip("torch")
    for name in SET:
        theirs = getattr(torch.nn.init, name)(torch.full(shape, 7.0, dtype=torch.float64), **SET[name])
        assert np.array_equal(getattr(init, name)(of(shape), **SET[name]).data, theirs.numpy())


@pytest.mark.parametrize("kernel", [(3,), (4,), (3, 2), (2, 3, 3)])
@pytest.mark.parametrize(
    "channels, groups", [((4, 4), 1), ((4, 2), 2), ((6, 2), 2), ((3, 5), 1), ((6, 1), 3), ((0, 2), 1)]
)
def test_dirac_is_pytorchs(kernel, channels, groups):  # fmt: skip
    torch = pytest.importorskip("torch")
    theirs = torch.nn.init.dirac_(torch.full((*channels, *kernel), 7.0, dtype=torch.float64), groups)
    assert np.array_equal(init.dirac_(of((*channels, *kernel)), groups).data, theirs.numpy())


def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in init.NONLINEARITIES:
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
        for param in (0, 0.2, -1, 3):
            assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)
    assert init.calculate_gain("leaky_relu", 1e200) == 0


def test_names_and_defaults_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in init.__all__:
        ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (init, torch.nn.init))
        assert [*ours] == [{"generator": "rng"}.get(parameter, parameter) for parameter in theirs]
        assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]
