"""conv2d against PyTorch, in every setting and to second order, and its errors."""

import numpy as np
import pytest

from tensorgrad import Tensor, conv2d, grad

GEOMETRIES = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
    {"stride": 3, "padding": 2, "dilation": 2},
    {"groups": 2, "padding": 1},
    {"groups": 4, "stride": 2},
]


def arrays(groups=1, dtype=np.float64):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 4, 7, 8)), rng.normal(size=(8, 4 // groups, 3, 2))
    return x.astype(dtype), weight.astype(dtype), rng.normal(size=8).astype(dtype)


@pytest.mark.parametrize("settings", GEOMETRIES, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_gradients_are_those_of_pytorch(settings, dtype):
    torch = pytest.importorskip("torch")
    given = arrays(settings.get("groups", 1), dtype)
    ours, theirs = [Tensor(a) for a in given], [torch.tensor(a, requires_grad=True) for a in given]
    y, expected = conv2d(*ours, **settings), torch.nn.functional.conv2d(*theirs, **settings)
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(y.data, expected.detach(), atol=tolerance)
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(g)
    expected.backward(torch.tensor(g))
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad.dtype == dtype
        np.testing.assert_allclose(a.grad, b.grad, atol=10 * tolerance)


@pytest.mark.parametrize("settings", GEOMETRIES, ids=str)
@pytest.mark.parametrize("argnum", [0, 1])
def test_second_derivatives_are_those_of_pytorch(settings, argnum):
    torch = pytest.importorskip("torch")
    x, weight, _ = arrays(settings.get("groups", 1))

    def loss(x, weight):
        return (conv2d(x, weight, **settings) ** 3).sum()

    ours = grad(lambda *args: (grad(loss, argnum)(*args) ** 2).sum(), 1 - argnum)(Tensor(x), Tensor(weight))
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    y = (torch.nn.functional.conv2d(*theirs, **settings) ** 3).sum()
    (first,) = torch.autograd.grad(y, theirs[argnum], create_graph=True)
    (second,) = torch.autograd.grad((first**2).sum(), theirs[1 - argnum])
    np.testing.assert_allclose(ours.data, second, rtol=1e-9, atol=1e-6)


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "channels last": lambda x: np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    "images last": lambda x: np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2),
    "strided": lambda x: np.repeat(x, 2, axis=3)[..., ::2],
    "reversed": lambda x: np.ascontiguousarray(x[:, :, ::-1])[:, :, ::-1],
    "one image": lambda x: x[:1],
    "no images": lambda x: x[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("settings", GEOMETRIES[:4], ids=str)
def test_images_in_every_memory_layout(layout, settings):
    torch = pytest.importorskip("torch")
    x, weight, bias = arrays()
    ours = [Tensor(LAYOUTS[layout](x)), Tensor(np.asfortranarray(weight)), Tensor(bias)]
    theirs = [torch.tensor(np.array(t.data, order="C"), requires_grad=True) for t in ours]
    y, expected = conv2d(*ours, **settings), torch.nn.functional.conv2d(*theirs, **settings)
    np.testing.assert_allclose(y.data, expected.detach(), atol=1e-12)
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, atol=1e-10)


@pytest.mark.parametrize("name", ["stride", "dilation"])
@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_a_step_beyond_the_image_is_taken_once(name, kind):
    """Of one place, or of filters of one element, the step doesn't matter."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 2, 3, 3)), rng.normal(size=(4, 1, 1, 1) if name == "dilation" else (4, 1, 2, 2))
    settings = {name: kind(200), "groups": kind(2)}
    ours, theirs = [Tensor(a) for a in (x, weight)], [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    y = conv2d(*ours, **settings)
    expected = torch.nn.functional.conv2d(*theirs, **{key: int(value) for key, value in settings.items()})
    np.testing.assert_allclose(y.data, expected.detach(), atol=1e-14)
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, atol=1e-13)
    np.testing.assert_array_equal(conv2d(*ours, **{**settings, name: 2**31 - 1}).data, y.data)


def test_against_the_definition():
    x, weight, bias = arrays()
    y = conv2d(Tensor(x), weight, bias).data
    for n, o, i, j in [(0, 0, 0, 0), (1, 7, 4, 6), (1, 3, 2, 5)]:
        assert y[n, o, i, j] == pytest.approx((x[n, :, i : i + 3, j : j + 2] * weight[o]).sum() + bias[o])


@pytest.mark.parametrize(
    ("x", "weight", "settings", "message"),
    [
        ((7, 8), (8, 4, 3, 2), {}, "N, C, H, W"),
        ((2, 4, 7, 8), (8, 4, 3), {}, r"weight must be \(out, in / groups, kH, kW\)"),
        ((2, 4, 7, 8), (8, 4, 0, 2), {}, "length of 0"),
        ((2, 4, 7, 8), (8, 3, 3, 2), {}, "channels"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"groups": 3}, "groups"),
        ((2, 4, 2, 2), (8, 4, 3, 2), {}, "larger"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"stride": 0}, "stride"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"padding": -1}, "padding"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"padding": "half"}, "'same' or 'valid', not 'half'"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"padding": "same", "stride": 2}, "stride must be 1"),
        ((2, 4, 7, 8), (8, 4, 3, 2), {"bias": np.ones(3)}, "bias"),
    ],
)
def test_errors_say_what_is_wrong(x, weight, settings, message):
    with pytest.raises(ValueError, match=message):
        conv2d(np.ones(x), Tensor(np.ones(weight)), **settings)
