"""Layers that are one product, beside PyTorch's."""

import pytest

from tensorgrad import nn

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
def test_linear(rng, bias, shape):
    theirs = torch.nn.Linear(3, 4, bias=bias, dtype=torch.float64)
    assert_same(nn.Linear(3, 4, bias=bias), theirs, rng.normal(size=shape))
