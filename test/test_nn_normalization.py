"""Normalization, beside PyTorch's."""

import numpy as np
import pytest

from tensorgrad import Tensor, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, differences, give_weights  # noqa: E402

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
