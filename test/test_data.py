"""Batches: every example once an epoch, repeatable, never more read than a batch; and the progress bar."""

import importlib
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad import Tensor, data
from tensorgrad.data import batches, progress


def examples(n):
    """Arrays in which each row tells its number."""
    return np.arange(2.0 * n).reshape(n, 2), np.arange(n)


@given(
    n=st.integers(0, 40),
    size=st.integers(1, 50),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_example_once_an_epoch(n, size, shuffle, drop_last, seed):
    X, y = examples(n)
    loader = batches(X, y, size, rng=seed, shuffle=shuffle, drop_last=drop_last)
    for _ in range(3):
        epoch = list(loader)
        assert len(epoch) == len(loader)
        full, rest = divmod(n, size)
        assert [len(labels) for _, labels in epoch] == [size] * full + [rest] * (rest > 0 and not drop_last)
        for inputs, labels in epoch:
            assert np.array_equal(inputs, X[labels])
        seen = [i for _, labels in epoch for i in labels]
        assert len(set(seen)) == len(seen) and set(seen) <= set(range(n))
        assert len(seen) == n - (rest if drop_last else 0)
        assert shuffle or seen == list(range(len(seen)))


def order_of(loader):
    return [int(i) for _, labels in loader for i in labels]


def test_each_epoch_is_shuffled_anew_and_repeatable():
    X, y = examples(50)
    loader, same, other = (batches(X, y, 7, rng=seed) for seed in (0, 0, 1))
    first, second = order_of(loader), order_of(loader)
    assert first != second and first != sorted(first)
    assert [first, second] == [order_of(same), order_of(same)]
    assert first != order_of(other)
    rng = np.random.default_rng(0)
    assert order_of(batches(X, y, 7, rng=rng)) == first and order_of(batches(X, y, 9, rng=rng)) == second


def test_every_order_is_as_likely():
    X, y = examples(3)
    loader = batches(X, y, 2, rng=0)
    orders = [tuple(order_of(loader)) for _ in range(6000)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6 and all(abs(count - 1000) < 5 * np.sqrt(1000) for count in counts)


def test_two_iterations_at_a_time_know_nothing_of_each_other():
    X, y = examples(6)
    loader = batches(X, y, 2, rng=0)
    pairs = list(zip(loader, loader, strict=True))
    for one in zip(*pairs, strict=True):
        assert sorted(order_of(one)) == list(range(6))


def test_in_order_batches_are_views():
    X, y = examples(5)
    for inputs, labels in batches(X, y, 2, shuffle=False):
        assert np.shares_memory(inputs, X) and np.shares_memory(labels, y)
    assert not any(np.shares_memory(inputs, X) for inputs, _ in batches(X, y, 2, rng=0))


def test_one_array_or_more_than_two():
    X, y = examples(5)
    assert [batch.tolist() for batch in batches(y, None, 2, shuffle=False)] == [[0, 1], [2, 3], [4]]
    for i in batches(np.arange(5), None, 2, rng=0):
        assert np.array_equal(X[i], np.stack([2 * y[i], 2 * y[i] + 1], axis=1))


def test_lists_text_and_arrays_of_any_dtype():
    names = ["ann", "bob", "cleo"]
    ((inputs, labels),) = batches(names, [[1, 2], [3, 4], [5, 6]], 3, shuffle=False)
    assert inputs.tolist() == names and labels.dtype.kind == "i" and labels.shape == (3, 2)
    for dtype in (np.float32, np.uint8, bool, complex, "M8[D]", object):
        array = np.zeros(3, dtype)
        assert all(batch.dtype == array.dtype for batch in batches(array, batch_size=2))


@pytest.fixture
def mapped(tmp_path):
    """An array in a file."""
    X, _ = examples(50)
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("shuffle", [True, False])
def test_memory_mapped_arrays_are_read_batch_by_batch(mapped, shuffle):
    X, y = examples(50)
    read = []

    class Watched(np.memmap):
        def __getitem__(self, index):
            part = super().__getitem__(index)
            read.append(len(part))
            return part

    watched = mapped.view(Watched)
    count = 0
    for inputs, labels in batches(watched, y, 8, rng=0, shuffle=shuffle):
        count += 1
        assert type(inputs) is np.ndarray and np.array_equal(inputs, X[labels])
        assert max(read) <= 8 and len(read) >= count  # each as it is asked for
        assert shuffle or np.shares_memory(inputs, mapped)
    assert count == 7


def test_what_is_on_a_disk_is_read_in_its_order(mapped):
    asked = []

    class OnDisk:  # as a data set of h5py, which wants numbers that rise
        shape, ndim, dtype = mapped.shape, mapped.ndim, mapped.dtype

        def __getitem__(self, rows):
            asked.append(rows)
            return mapped[rows]

    _, y = examples(50)
    for inputs, labels in batches(OnDisk(), y, 8, rng=0):
        assert np.array_equal(inputs[:, 0], 2 * labels)
    assert len(asked) == 7 and all(np.all(np.diff(rows) > 0) for rows in asked)


def test_dask_computes_one_batch_at_a_time():
    dask_array = pytest.importorskip("dask.array")
    computed = []

    def block(block_info):
        computed.append(block_info[None]["array-location"][0])
        return np.arange(*computed[-1])

    lazy = dask_array.map_blocks(block, chunks=((10,) * 5,), dtype=int)
    computed.clear()
    _, y = examples(50)
    in_order = iter(batches(lazy, y, 10, shuffle=False))
    for i in range(5):
        inputs, labels = next(in_order)
        assert type(inputs) is np.ndarray and np.array_equal(inputs, labels)
        assert computed == [(10 * k, 10 * k + 10) for k in range(i + 1)]
    for inputs, labels in batches(lazy, y, 8, rng=0):
        assert type(inputs) is np.ndarray and np.array_equal(inputs, labels)


def test_pandas_goes_by_position():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}, index=[2, 0, 1])
    ((inputs, labels),) = batches(frame, frame["a"], 3, shuffle=False)
    assert inputs.tolist() == [[1, 4], [2, 5], [3, 6]] and labels.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "X, y, error",
    [
        (np.zeros((3, 2)), np.zeros(2), "of one length, but have the shapes (3, 2) and (2,)"),
        (np.zeros(3), Tensor(np.zeros(3)), "y is a Tensor, and every batch of it would be recorded; pass y.data"),
        (Tensor(np.zeros(3)), None, "pass X.data"),
        ([Tensor(1.0), Tensor(2.0)], None, "X can't be made an array"),
        (np.zeros(3), 32, "y must have a first axis, which counts the examples; it is ndarray array(32)"),
        (None, None, "X must be an array of examples"),
        ([[1.0], [1.0, 2.0]], None, "X can't be made an array"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), None, "a MaskedArray isn't supported"),
    ],
)
def test_what_makes_no_batches_is_an_error(X, y, error):
    with pytest.raises((TypeError, ValueError)) as raised:
        batches(X, y)
    assert "batches: " in str(raised.value) and error in str(raised.value)


def test_it_is_told_in_short():
    X, y = examples(5)
    assert repr(batches(X, y, 2)) == "batches((5, 2), (5,), batch_size=2, shuffle=True, drop_last=False)"
    assert tg.batches is batches and data.__all__ == ["batches", "progress"]


def test_progress_goes_through_the_iterable(monkeypatch, capsys):
    X, y = examples(5)
    loader = batches(X, y, 2, shuffle=False)
    if find_spec("tqdm"):
        assert len(list(progress(loader, "epoch 1"))) == 3
        shown = capsys.readouterr().err
        assert "epoch 1" in shown and "3/3" in shown
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as if it weren't installed
    with pytest.raises(ImportError):
        importlib.import_module("tqdm")
    assert progress(loader) is loader
    with pytest.raises(TypeError, match="progress: iterable must be one, such as"):
        progress(3)
