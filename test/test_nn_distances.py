"""Distances, bilinear maps and flattened axes beside PyTorch's, to second order, and where vectors are zeros."""

import math

import numpy as np
import pytest

from tensorgrad import Tensor, functions, nn, no_grad, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same  # noqa: E402

F = torch.nn.functional
ORDERS = [2.0, 1.5, 3.0, 4.0]


@pytest.mark.parametrize("eps", [1e-6, 0.25])
@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize(
    "shapes", [((5, 3), (5, 3)), ((3,), (3,)), ((5, 3), (3,)), ((2, 5, 3), (5, 3)), ((0, 3), (0, 3))]
)
def test_pairwise_distance(rng, shapes, p, eps):
    args = [rng.normal(size=shape) for shape in shapes]
    assert_same(nn.PairwiseDistance(p, eps, keepdim=True), torch.nn.PairwiseDistance(p, eps, keepdim=True), *args)
    assert_same(functions.pairwise_distance, F.pairwise_distance, *args, p=p, eps=eps)


@pytest.mark.parametrize("p", [1.0, math.inf, -math.inf, 0.5])
def test_orders_without_a_second_derivative_in_pytorch(rng, p):
    args = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    assert_same(functions.pairwise_distance, F.pairwise_distance, *args, p=p, twice=False)
    if p >= 0:
        assert_same(functions.cdist, torch.cdist, *args, p=p, twice=False)
    if p > 0:
        assert_same(functions.normalize, F.normalize, args[0], p=p, twice=False)


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("shapes", [((5, 3), (5, 3)), ((5, 1), (5, 3)), ((2, 5, 3), (5, 3))])
def test_cosine_similarity(rng, shapes, dim):
    args = [rng.normal(size=shape) for shape in shapes]
    assert_same(nn.CosineSimilarity(dim), torch.nn.CosineSimilarity(dim), *args)
    assert_same(functions.cosine_similarity, F.cosine_similarity, *args, dim=dim, eps=0.5)


@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_normalize(rng, dim, p):
    assert_same(functions.normalize, F.normalize, rng.normal(size=(2, 5, 3)), p=p, dim=dim)


@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("shapes", [((5, 3), (4, 3)), ((2, 1, 5, 3), (6, 4, 3)), ((0, 3), (4, 3)), ((5, 0), (4, 0))])
def test_cdist(rng, shapes, p):
    args = [rng.normal(size=shape) for shape in shapes]
    assert_same(functions.cdist, torch.cdist, *args, p=p, twice=False)
    assert_same(functions.pdist, F.pdist, rng.normal(size=(5, 3)), p=p, twice=False)


def test_many_distances_are_those_of_blocks(rng):
    a, b = rng.normal(size=(300, 40)) + 1e4, rng.normal(size=(100, 40)) + 1e4  # where a^2 - 2ab + b^2 cancels
    np.testing.assert_allclose(
        functions.cdist(a, b)[::50], [np.linalg.norm(row - b, axis=1) for row in a[::50]], rtol=1e-14
    )


def test_a_distance_of_0_has_gradient_0():
    for f in (
        lambda x: functions.pairwise_distance(x, np.zeros((2, 3)), eps=0.0),
        lambda x: functions.pairwise_distance(x, np.zeros((2, 3)), p=3, eps=0.0),
        lambda x: functions.cdist(x, np.zeros((4, 3))),
        lambda x: functions.cdist(x, x),
        lambda x: functions.pdist(x),
    ):
        x = Tensor(np.zeros((2, 3)))
        y = f(x)
        y.backward(create_graph=True)
        assert np.all(y.data == 0) and np.all(x.grad.data == 0)


def test_vectors_of_0_or_nearly():
    a, b = np.array([[0.0, 0.0], [1e-9, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    assert_same(functions.cosine_similarity, F.cosine_similarity, a, b, twice=False)
    x = np.array([[0.0, 0.0], [1e-13, 0.0], [1e-12, 0.0]])
    assert_same(functions.normalize, F.normalize, x, twice=False)


def test_order_0_counts_what_differs():
    a, b = Tensor([[0.0, 1.0, 2.0]]), np.array([[0.0, 1.5, 1.0], [1.0, 2.0, 3.0]])
    assert (
        np.asarray(functions.cdist(a, b, p=0)).tolist()
        == torch.cdist(torch.tensor(a.data), torch.tensor(b), 0).tolist()
    )
    assert np.asarray(functions.pairwise_distance(a, b, 0, eps=0.0)).tolist() == [2, 3]


def test_float32_and_arrays(rng):
    a, b = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32)
    for f in (functions.pairwise_distance, functions.cosine_similarity, functions.cdist):
        assert type(f(a, b)) is np.ndarray and f(a, b).dtype == f(Tensor(a), b).dtype == np.float32
        np.testing.assert_array_equal(f(a.tolist(), b.tolist()), f(a.astype(float), b.astype(float)))
    assert functions.normalize(a).dtype == np.float32


def test_vmap_over_one_of_both(rng):
    a, b = rng.normal(size=(4, 5, 3)), rng.normal(size=(5, 3))
    for f in (functions.pairwise_distance, functions.cosine_similarity, functions.cdist):
        np.testing.assert_allclose(vmap(f, (0, None))(a, b), [f(part, b) for part in a], rtol=1e-13)


# Bilinear, Flatten, Unflatten -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(), (5,), (2, 5), (0,)])
def test_bilinear(rng, shape, bias):
    theirs = torch.nn.Bilinear(3, 4, 2, bias=bias, dtype=torch.float64)
    assert_same(nn.Bilinear(3, 4, 2, bias=bias), theirs, rng.normal(size=(*shape, 3)), rng.normal(size=(*shape, 4)))


def test_bilinear_draws_from_rng_in_pytorchs_range():
    layer = nn.Bilinear(100, 20, 30, rng=0, dtype=np.float32)
    assert layer.weight.shape == (30, 100, 20) and layer.weight.dtype == layer.bias.dtype == np.float32
    assert 0.099 < np.abs(layer.weight.data).max() <= 0.1 and abs(layer.weight.data.mean()) < 1e-3
    np.testing.assert_array_equal(layer.weight.data, nn.Bilinear(100, 20, 30, rng=0, dtype=np.float32).weight.data)
    assert repr(layer) == "Bilinear(100, 20, 30, bias=True)"


@pytest.mark.parametrize("start, end", [(1, -1), (0, -1), (0, 1), (2, 3), (1, 1), (-2, -1)])
def test_flatten(rng, start, end):
    x = rng.normal(size=(2, 3, 4, 5))
    assert_same(nn.Flatten(start, end), torch.nn.Flatten(start, end), x)
    assert_same(nn.Flatten(start, end), torch.nn.Flatten(start, end), x.transpose(1, 0, 3, 2))


def test_flatten_and_unflatten_other_arrays(rng):
    assert nn.Flatten(0)(3.0).shape == (1,)
    assert nn.Flatten()(np.zeros((0, 3, 2))).shape == (0, 6)
    assert nn.Flatten()(np.arange(6).reshape(1, 2, 3)).dtype == float
    assert type(nn.Flatten()(np.ones((2, 3, 4)))) is np.ndarray
    with no_grad():
        assert nn.Unflatten(1, (2, 3))(np.zeros((0, 6))).shape == (0, 2, 3)


@pytest.mark.parametrize("size", [(3, 4), [2, 6], (-1, 2), (12,), (1, 12, 1)])
def test_unflatten(rng, size):
    x = rng.normal(size=(2, 12, 5))
    assert_same(nn.Unflatten(1, size), torch.nn.Unflatten(1, size), x)
    assert_same(nn.Unflatten(dim=-2, unflattened_size=size), torch.nn.Unflatten(-2, size), x)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: functions.pairwise_distance(np.ones((2, 3)), np.ones((2, 4))), r"\(2, 3\) and \(2, 4\)"),
        (lambda: functions.cosine_similarity(np.ones((2, 3)), np.ones((2, 3)), 2), "axis must be an int from -2 to 1"),
        (lambda: functions.cdist(np.ones((2, 3)), np.ones((2, 4))), r"not \(2, 3\) and \(2, 4\)"),
        (lambda: functions.cdist(np.ones((2, 3)), np.ones((2, 3)), p=-1), "p must not be negative"),
        (lambda: functions.pdist(np.ones(3)), r"rows of n numbers, not of shape \(3,\)"),
        (lambda: functions.bilinear(np.ones(3), np.ones(3), np.ones((2, 3, 4))), r"not \(3,\), \(3,\) and \(2, 3, 4\)"),
        (lambda: functions.bilinear(np.ones(3), np.ones(4), np.ones((2, 3, 4)), np.ones(3)), r"\(2,\), not \(3,\)"),
        (lambda: nn.Flatten(3)(np.ones((2, 3))), r"Flatten\(start_dim=3, .* \(2, 3\) has no axis 3"),
        (lambda: nn.Flatten(1, 0)(np.ones((2, 3))), "start_dim comes after end_dim"),
        (lambda: nn.Unflatten(1, (2, 2))(np.ones((2, 3))), r"axis 1 .* \(2, 3\) isn't the product of \(2, 2\)"),
        (lambda: nn.Unflatten(1, (-1, 2))(np.ones((2, 3))), r"isn't the product of \(-1, 2\)"),
        (lambda: nn.Unflatten(1, (-1, -1)), "one length in unflattened_size may be -1"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
