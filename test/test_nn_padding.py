"""Padding beside PyTorch's: all modes, negative widths, and the layers."""

import numpy as np
import pytest

from tensorgrad import functions, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402

MODES = ["constant", "reflect", "replicate", "circular"]
WIDTHS = [(0, 0), (1, 2), (3, 3), (1, -1), (-1, 2), (-1, -2)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", WIDTHS)
def test_one_axis(rng, mode, widths):
    options = {"pad": widths, "mode": mode}
    for shape in [(2, 3, 4), (3, 4), (0, 3, 4)]:
        assert_same(
            lambda x: functions.pad(x, **options),
            lambda x: torch.nn.functional.pad(x, **options),
            rng.normal(size=shape),
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", [(1, 2, 0, 1), (2, -1, -1, 2), (1, 1, 1, 1, 1, 1), (0, -1, 2, 0, 0, 1)])
def test_several_axes(rng, mode, widths):
    for leading in [(2, 3), (3,)]:
        assert_same(
            lambda x: functions.pad(x, widths, mode),
            lambda x: torch.nn.functional.pad(x, widths, mode),
            rng.normal(size=(*leading, *(5, 4, 3)[-len(widths) // 2 :])),
        )


@pytest.mark.parametrize("value", [1.5, -2, float("inf")])
def test_a_value(rng, value):
    x = rng.normal(size=(2, 3))
    theirs = torch.nn.functional.pad(torch.tensor(x), (1, -1, 2, 0), value=value).numpy()
    np.testing.assert_array_equal(functions.pad(x, (1, -1, 2, 0), value=value), theirs)


@pytest.mark.parametrize("kind", ["Zero", "Constant", "Reflection", "Replication", "Circular"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_layers(rng, kind, axes):
    name, value = f"{kind}Pad{axes}d", (1.5,) * (kind == "Constant")
    for padding in (1, (1, 2, 0, 1, 2, 1)[: 2 * axes]):
        ours, theirs = getattr(nn, name)(padding, *value), getattr(torch.nn, name)(padding, *value)
        for leading in [(2, 3), (3,)]:
            assert_same(ours, theirs, rng.normal(size=(*leading, *(3, 4, 5)[:axes])))


def test_what_pytorch_refuses_is_an_error(rng):
    x = rng.normal(size=(2, 3, 4))
    for widths, mode in [
        ((4, 0), "reflect"), ((0, 5), "circular"), ((-3, -2), "constant"), ((-5, 6), "constant"), ((1,), "constant"),
        ((1,) * 8, "constant"), ((-3, 2), "circular"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="pad: "):
            functions.pad(x, widths, mode)
    with pytest.raises(ValueError, match="leave it out"):
        functions.pad(x, (1, 1), "reflect", 1.0)
    with pytest.raises(ValueError, match="must be something"):
        functions.pad(np.ones((2, 0)), (1, 1), "replicate")
    with pytest.raises(ValueError, match=r"ReflectionPad2d.*\(N, C, H, W\) or \(C, H, W\)"):
        nn.ReflectionPad2d(1)(np.ones((2, 3)))


@pytest.mark.parametrize("mode", MODES)
def test_plain_arrays_dtypes_and_batches(rng, mode):
    x = rng.normal(size=(4, 2, 3)).astype(np.float32)
    y = functions.pad(x, (1, 1), mode)
    assert type(y) is np.ndarray and y.dtype == np.float32
    np.testing.assert_array_equal(vmap(lambda row: functions.pad(row, (1, 1), mode))(x), y)
