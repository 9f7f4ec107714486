"""Many arrays joined into one: right, and n of them cost what n cost, not n * n."""

import numpy as np
import pytest
from helpers import recorded_gradients

from tensorgrad import Tensor
from tensorgrad.derivatives.observers import observe

JOINS = {
    "stack": np.stack,
    "stack at the end": lambda arrays: np.stack(arrays, -1),
    "concatenate": np.concatenate,
    "concatenate at the end": lambda arrays: np.concatenate(arrays, -1),
    "all flattened": lambda arrays: np.concatenate(arrays, None),
    "vstack": np.vstack,
    "hstack": np.hstack,
    "dstack": np.dstack,
    "column_stack": np.column_stack,
    "block": lambda arrays: np.block(list(arrays)),
}
every_join = pytest.mark.parametrize("join", JOINS.values(), ids=list(JOINS))


@every_join
@pytest.mark.parametrize("n", [33, 600])
def test_many_arrays_are_joined_as_by_numpy(join, n, rng):
    arrays = list(rng.normal(size=(n, 2)))
    given = [Tensor(a) if i % 3 else a for i, a in enumerate(arrays)]  # every third is a constant
    y, expected = join(given), join(arrays)
    np.testing.assert_array_equal(y.data, expected)
    w, v = rng.normal(size=y.shape), rng.normal(size=(n, 2))
    variables = [(i, t) for i, t in enumerate(given) if isinstance(t, Tensor)]
    first = recorded_gradients(np.sum(w * y**2), [t for _, t in variables], [v[i] for i, _ in variables])
    at = join([np.array([2 * i, 2 * i + 1]) for i in range(n)])  # where each element has gone
    w = w.ravel()[np.argsort(at.ravel())].reshape(n, 2)
    np.testing.assert_allclose([g.data for g in first], [2 * w[i] * arrays[i] for i, _ in variables], rtol=1e-14)
    np.testing.assert_allclose([t.grad for _, t in variables], [2 * w[i] * v[i] for i, _ in variables], rtol=1e-14)


def work(join, n):
    """How many arguments, and elements of them, functions and rules get for two derivatives of a join of n arrays."""
    total = 0

    def counted(primitive, func, skip):
        def count(*args, **kwargs):
            nonlocal total
            total += len(args) + sum([a.size for a in args if hasattr(a, "dtype")])
            return func(*args, **kwargs)

        return count

    tensors = [Tensor(np.ones(1)) for _ in range(n)]
    with observe(counted):
        recorded_gradients(np.sum(join(tensors) ** 2), tensors, [np.ones(1)] * n)
    return total


@pytest.mark.parametrize("join", [np.stack, np.concatenate], ids=["stack", "concatenate"])
def test_the_work_grows_as_the_number_of_arrays(join):
    """If each array cost what all of them do, 30 times as many would be 900 times the work."""
    assert work(join, 3000) < 3 * 30 * work(join, 100)


def test_the_dtype_is_that_of_all_arrays_together():
    arrays = [np.ones(2, np.float32)] * 100 + [np.ones(2)] + [np.ones(2, np.float32)] * 100
    y = np.concatenate([Tensor(a) for a in arrays])
    assert y.dtype == np.float64
    y = np.concatenate([Tensor(a) for a in arrays], dtype=np.float32)
    assert y.dtype == np.float32
    with pytest.raises(TypeError, match=r"concatenate.*Cannot cast"):
        np.concatenate([Tensor(a) for a in arrays], dtype=np.float32, casting="safe")


def test_large_arrays_are_copied_once():
    tensors = [Tensor(np.ones(2000)) for _ in range(150)]
    assert np.concatenate(tensors).parents == tuple(tensors)
