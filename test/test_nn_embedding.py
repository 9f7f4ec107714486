"""Tables whose rows are looked up by number, beside PyTorch's."""

import numpy as np
import pytest

from tensorgrad import Tensor, functions, grad, jacobian, nn, vmap
from tensorgrad.derivatives.embedding import add_rows

torch = pytest.importorskip("torch")

from beside_torch import assert_same, differences  # noqa: E402
from torch.nn import functional as F  # noqa: E402

NUMBERS = np.array([[3, 0, 3, 1], [1, 3, 6, 0]])


@pytest.mark.parametrize(
    "options",
    [
        {}, {"padding_idx": 3}, {"padding_idx": -1}, {"scale_grad_by_freq": True}, {"max_norm": 1.0},
        {"max_norm": 0.5, "norm_type": 1.0, "padding_idx": 0, "scale_grad_by_freq": True},
    ],
)  # fmt: skip
def test_embedding(options):
    ours, theirs = nn.Embedding(7, 5, **options), torch.nn.Embedding(7, 5, dtype=torch.float64, **options)
    assert_same(ours, theirs, NUMBERS)
    np.testing.assert_allclose(ours.weight.data, theirs.weight.detach())  # with max_norm it has changed
    assert_same(ours, theirs, NUMBERS[0].astype(np.int32))
    assert_same(ours, theirs, np.zeros((0, 2), int))
    assert_same(ours, theirs, np.array(2))


OFFSETS = np.array([0, 3, 3, 6])
BAGS = [
    {"mode": mode, **options}
    for mode in ("sum", "mean", "max")
    for options in ({}, {"padding_idx": 3}, {"max_norm": 1.0, "norm_type": 3.0}, {"include_last_offset": True})
]


@pytest.mark.parametrize("options", BAGS, ids=str)
def test_embedding_bag(rng, options):
    ours, theirs = nn.EmbeddingBag(7, 5, **options), torch.nn.EmbeddingBag(7, 5, dtype=torch.float64, **options)
    offsets = np.append(OFFSETS, 8) if options.get("include_last_offset") else OFFSETS
    assert_same(ours, theirs, NUMBERS.ravel(), offsets, twice=options["mode"] == "sum")
    if not options.get("include_last_offset"):
        assert_same(ours, theirs, NUMBERS, twice=False)
    if options["mode"] == "sum":
        # PyTorch's second derivative by per_sample_weights isn't implemented
        assert_same(ours, theirs, NUMBERS.ravel(), offsets, rng.normal(size=8), twice=False)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_of_bags_by_frequency(mode):
    """PyTorch's own divide by the frequency of another row (2.13 looks it up by the number of the group)."""
    found = []
    for by_frequency in (False, True):
        weight = Tensor(np.ones((7, 1)))
        y = functions.embedding_bag(
            NUMBERS.ravel(), weight, OFFSETS, mode=mode, scale_grad_by_freq=by_frequency, padding_idx=1
        )
        (y * np.array([[1.0], [10], [100], [1000]])).sum().backward()
        found.append(weight.grad[:, 0])
    np.testing.assert_allclose(found[1], found[0] / [2, 1, 1, 3, 1, 1, 1])


def test_the_largest_of_equal_numbers_is_the_first(rng):
    weight = np.array([[1.0, 2.0], [1.0, 0.0], [0.5, 2.0]])
    table = Tensor(weight)
    functions.embedding_bag([[0, 1, 2], [2, 1, 0]], table, mode="max").sum().backward()
    theirs = torch.tensor(weight, requires_grad=True)
    F.embedding_bag(torch.tensor([[0, 1, 2], [2, 1, 0]]), theirs, mode="max").sum().backward()
    np.testing.assert_array_equal(table.grad, theirs.grad)


@pytest.mark.slow
def test_the_samples_of_pytorch():
    pytest.importorskip("expecttest")  # which PyTorch's own samples need
    from torch.testing._internal.common_modules import module_db

    tried = 0
    for info in module_db:
        name = info.module_cls.__name__
        if name in ("Embedding", "EmbeddingBag"):
            for sample in info.module_inputs_func(info, "cpu", torch.float64, False, True):
                built, given = sample.constructor_input, sample.forward_input
                theirs = info.module_cls(*built.args, **{"dtype": torch.float64} | built.kwargs)
                options = {key: value for key, value in built.kwargs.items() if key not in ("dtype", "device")}
                ours = getattr(nn, name)(*built.args, **options)
                args = [a.numpy() if isinstance(a, torch.Tensor) else a for a in given.args]
                kwargs = {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in given.kwargs.items()}
                assert max(differences(ours, theirs, *args, **kwargs, twice=False).values()) < 1e-9
                tried += 1
    assert tried


@pytest.mark.parametrize(("n", "count"), [(1000, 7), (1000, 150), (1000, 5000), (1, 1), (9, 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_of_rows_are_those_of_add_at(rng, n, count, dtype):
    g = rng.integers(-9, 9, (n, 3)).astype(dtype)  # whose sums are exact
    for indices in (rng.integers(0, count, n), np.sort(rng.integers(0, count, n)), np.full(n, count - 1)):
        want = np.zeros((count, 3), dtype)
        np.add.at(want, indices, g)
        found = add_rows(g, indices, count)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, want)


def test_padding_is_zero_and_a_pretrained_table_is_not_trained():
    layer = nn.Embedding(5, 3, padding_idx=-2, rng=0)
    assert layer.padding_idx == 3 and not layer.weight.data[3].any() and layer.weight.data[4].all()
    table = np.arange(6.0).reshape(3, 2)
    frozen, free = nn.Embedding.from_pretrained(table), nn.Embedding.from_pretrained(table, freeze=False)
    assert not frozen.weight.requires_grad and free.weight.requires_grad
    assert [name for name, _ in frozen.named_parameters()] == ["weight"]
    assert frozen.weight.data is table
    bag = nn.EmbeddingBag.from_pretrained(table, mode="max", padding_idx=0)
    np.testing.assert_array_equal(bag([[0, 2, 1]]).data, [[4, 5]])
    assert nn.Embedding(3, 2, dtype=np.float32, rng=0).weight.dtype == np.float32


def test_vmap_and_jacobian(rng):
    weight, rows = rng.normal(size=(7, 2)), NUMBERS

    def loss(w, i):
        return (functions.embedding(i, w) ** 3).sum()

    np.testing.assert_allclose(vmap(loss, (None, 0))(weight, rows), [loss(weight, i) for i in rows])
    each = vmap(grad(loss), (None, 0))(weight, rows)
    np.testing.assert_allclose(each, [grad(loss)(weight, i) for i in rows])
    many = np.stack([weight, 2 * weight])
    np.testing.assert_allclose(vmap(loss, (0, None))(many, rows[0]), [loss(w, rows[0]) for w in many])
    J = jacobian(lambda w: functions.embedding_bag(rows, w, mode="sum"))(weight)
    np.testing.assert_array_equal(J[0, 1, :, 1], [1, 1, 0, 2, 0, 0, 0])
    assert vmap(lambda i: functions.one_hot(i, 7))(rows).shape == (2, 4, 7)


def test_one_hot():
    for x, classes in ((NUMBERS, -1), (NUMBERS, 9), (np.array(2), 3), (np.zeros((0, 2), int), 4)):
        ours, theirs = functions.one_hot(x, classes), F.one_hot(torch.tensor(x), classes)
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: functions.embedding([7], np.ones((7, 2))), IndexError, "embedding: x must be from 0 to 6 .* but 7"),
        (lambda: functions.embedding([-1], np.ones((7, 2))), IndexError, "embedding: x .* -1"),
        (lambda: functions.embedding([0.5], np.ones((7, 2))), TypeError, "embedding: x must be ints"),
        (lambda: functions.embedding([0], np.ones(7)), ValueError, r"weight must have the shape \(rows, width\)"),
        (lambda: functions.embedding([0], np.ones((7, 2)), padding_idx=7), ValueError, "padding_idx .* from -7 to 6"),
        (lambda: nn.Embedding(7, 2, padding_idx=-8), ValueError, "Embedding: padding_idx"),
        (lambda: functions.embedding_bag([0, 1], np.ones((7, 2))), ValueError, "offsets"),
        (lambda: functions.embedding_bag([[0, 1]], np.ones((7, 2)), [0]), ValueError, "offsets"),
        (lambda: functions.embedding_bag([0, 1], np.ones((7, 2)), [1]), ValueError, "offsets must begin with 0"),
        (lambda: functions.embedding_bag([0, 1], np.ones((7, 2)), [0, 3]), ValueError, "offsets .* not exceed 2"),
        (
            lambda: functions.embedding_bag([[0, 1]], np.ones((7, 2)), per_sample_weights=np.ones((1, 2))),
            ValueError,
            "per_sample_weights are for the mode 'sum', not 'mean'",
        ),
        (lambda: nn.EmbeddingBag(7, 2, scale_grad_by_freq=True, mode="max"), ValueError, "scale_grad_by_freq"),
        (lambda: functions.one_hot([3], 3), IndexError, "one_hot: x must be from 0 to 2"),
        (lambda: functions.one_hot([]), ValueError, "one_hot: x is empty"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_max_norm_of_a_table_that_cannot_be_written_is_an_error():
    table = np.ones((3, 2))
    table.flags.writeable = False
    with pytest.raises(ValueError, match="max_norm"):
        functions.embedding([0], table, max_norm=1.0)
