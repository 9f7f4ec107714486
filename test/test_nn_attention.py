"""Attention of one and of several heads, beside PyTorch's."""

import copy
import itertools
import pickle

import numpy as np
import pytest

from tensorgrad import Tensor, functions, grad, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, give_weights  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402

attention, theirs = functions.scaled_dot_product_attention, torch.nn.functional.scaled_dot_product_attention


@pytest.fixture(autouse=True)
def differentiable_twice():
    """PyTorch's faster ways have no second derivative."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


# One head -------------------------------------------------------------------------------------------------------------


def both(function, other, **kwargs):
    """The two with the same options, arrays for ours and tensors for theirs."""
    options = {name: torch.tensor(v) if isinstance(v, np.ndarray) else v for name, v in kwargs.items()}
    return (lambda *args: function(*args, **kwargs)), (lambda *args: other(*args, **options))


SEEN = np.array([[True, False, True, True], [False, False, False, False], [True, True, True, True]])  # the second none


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"scale": -1.0},
        {"attn_mask": SEEN},
        {"attn_mask": SEEN[2]},
        {"attn_mask": np.where(SEEN, 0.5, -np.inf)},
        {"attn_mask": np.array([0.0, -1e4, 1.0, 2.0])},
        {"attn_mask": np.full((3, 4), np.nan)},
    ],
    ids=str,
)
@pytest.mark.parametrize("leading", [(), (2,), (2, 3), (0, 2)], ids=str)
def test_one_head(rng, options, leading):
    ours, other = both(attention, theirs, **options)
    assert_same(ours, other, *(rng.normal(size=(*leading, *shape)) for shape in [(3, 2), (4, 2), (4, 5)]))


def test_a_mask_of_floats_has_a_gradient(rng):
    assert_same(
        attention, theirs, *(rng.normal(size=s) for s in [(2, 3, 3, 2), (2, 3, 4, 2), (2, 3, 4, 5), (2, 1, 3, 4)])
    )


@pytest.mark.parametrize("shapes", [((3, 2), (4, 2), (4, 5)), ((5, 2), (3, 2), (3, 2)), ((3, 0), (4, 0), (4, 2))])
def test_causal_of_other_lengths(rng, shapes):
    ours, other = both(attention, theirs, is_causal=True)
    assert_same(ours, other, *(rng.normal(size=(2, *shape)) for shape in shapes))


@pytest.mark.parametrize("shapes", [((2, 1, 3, 2), (1, 5, 4, 2), (4, 5)), ((3, 2), (2, 4, 2), (6, 2, 4, 5))])
def test_leading_axes_are_broadcast(rng, shapes):
    assert_same(attention, theirs, *(rng.normal(size=shape) for shape in shapes))


@pytest.mark.parametrize("heads", [(6, 2, 2), (6, 3, 2), (4, 1, 4), (3, 3, 3)])
def test_grouped_queries(rng, heads):
    ours, other = both(attention, theirs, enable_gqa=True)
    assert_same(
        ours, other, *(rng.normal(size=(2, h, *s)) for h, s in zip(heads, [(3, 2), (4, 2), (4, 5)], strict=True))
    )


def test_no_keys_give_zeros():
    np.testing.assert_array_equal(attention(np.ones((3, 2)), np.ones((0, 2)), np.ones((0, 5))), np.zeros((3, 5)))


def test_dtypes_and_kinds(rng):
    q = rng.normal(size=(3, 2)).astype(np.float32)
    for mask in (None, SEEN[:, :3], np.zeros((3, 3))):
        assert attention(q, q, q, mask).dtype == np.float32
        assert type(attention(q, q, q, mask)) is np.ndarray
    y = attention(Tensor(q), q, q, Tensor(np.zeros((3, 3))), is_causal=False)
    assert isinstance(y, Tensor) and y.dtype == np.float32
    np.testing.assert_array_equal(attention(q.tolist(), q.tolist(), q.tolist()).shape, (3, 2))


def test_dropout_leaves_weights_out(rng):
    q, k, v = rng.normal(size=(50, 4)), rng.normal(size=(40, 4)), np.eye(40)
    whole, some = attention(q, k, v), attention(q, k, v, dropout_p=0.25, rng=0)
    left = some == 0
    assert 0.2 < left.mean() < 0.3
    np.testing.assert_allclose(some[~left], whole[~left] / 0.75)
    np.testing.assert_array_equal(some, attention(q, k, v, dropout_p=0.25, rng=0))
    assert not attention(q, k, v, dropout_p=1).any()
    generator = np.random.default_rng(0)
    first, second = (attention(q, k, v, dropout_p=0.5, rng=generator) for _ in range(2))
    assert (first != second).any()


def test_a_mask_that_changes_afterwards_changes_no_gradient(rng):
    mask, q = np.tri(3, dtype=bool), Tensor(rng.normal(size=(3, 2)))
    expected = grad(lambda q: (attention(q, q, q, mask) ** 2).sum())(q.data)
    loss = (attention(q, q, q, mask) ** 2).sum()
    mask[:] = True
    loss.backward()
    np.testing.assert_allclose(q.grad, expected)


def test_one_mask_for_each_of_a_batch(rng):
    q, masks = rng.normal(size=(5, 3, 2)), rng.uniform(size=(5, 3, 3)) < 0.7
    expected = attention(q, q, q, masks)
    np.testing.assert_allclose(vmap(lambda x, m: attention(x, x, x, m))(q, masks), expected)


# Several heads --------------------------------------------------------------------------------------------------------


def modules(*args, **kwargs):
    """Both modules, with the same numbers in them."""
    other = torch.nn.MultiheadAttention(*args, **kwargs, dtype=torch.float64)
    ours = nn.MultiheadAttention(*args, **kwargs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in other.named_parameters()]
    assert list(ours.state_dict()) == list(other.state_dict())
    give_weights(other, ours)
    return ours, other


def of_module(module, **kwargs):
    """A module's outputs (but for None), called with these, tensors in the place of arrays if it is PyTorch's."""
    if isinstance(module, torch.nn.Module):
        kwargs = {name: torch.tensor(v) if isinstance(v, np.ndarray) else v for name, v in kwargs.items()}

    def call(*args):
        return [y for y in module(*args, **kwargs) if y is not None]

    return call


def assert_modules_same(ours, other, *args, **kwargs):
    assert_same(of_module(ours, **kwargs), of_module(other, **kwargs), *args)
    parameters = [dict(m.named_parameters()) for m in (ours, other)]
    args = [torch.tensor(a) for a in args]
    other.zero_grad()
    sum((y * y).sum() for y in of_module(other, **kwargs)(*args)).backward()
    ours.zero_grad()
    sum((y * y).sum() for y in of_module(ours, **kwargs)(*[a.numpy() for a in args])).backward()
    for name, p in parameters[1].items():
        np.testing.assert_allclose(parameters[0][name].grad, p.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)


L, S, N, E = 3, 5, 2, 6
LAYOUTS = {
    "(L, N, E)": (False, True),
    "(N, L, E)": (True, True),
    "(L, E)": (False, False),
    "batch_first (L, E)": (True, False),
}
layouts = pytest.mark.parametrize("batch_first, batched", LAYOUTS.values(), ids=LAYOUTS)


def of_length(rng, length, width, batch_first, batched):
    return rng.normal(size=((N, length, width) if batch_first else (length, N, width)) if batched else (length, width))


@layouts
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("extra", [{}, {"add_bias_kv": True}, {"add_zero_attn": True}], ids=str)
@pytest.mark.parametrize("widths", [{}, {"kdim": 4, "vdim": 7}, {"vdim": 4}], ids=str)
def test_all_that_a_module_is_made_with(rng, batch_first, batched, bias, extra, widths):
    ours, other = modules(E, 2, bias=bias, batch_first=batch_first, **extra, **widths)
    shapes = [(L, E), (S, widths.get("kdim", E)), (S, widths.get("vdim", E))]
    args = [of_length(rng, *shape, batch_first, batched) for shape in shapes]
    assert_modules_same(ours, other, *args)


PADDED = {
    "none": lambda n: None,
    "bools": lambda n: np.arange(n * S).reshape(n, S) % 4 == 1,
    "floats": lambda n: np.linspace(-1, 1, n * S).reshape(n, S),
}
MASKED = {
    "none": lambda n: None,
    "bools": lambda n: np.arange(L * S).reshape(L, S) % 3 == 1,
    "floats": lambda n: np.linspace(-2, 1, L * S).reshape(L, S),
    "bools of heads": lambda n: np.arange(n * 2 * L * S).reshape(n * 2, L, S) % 3 == 1,
    "floats of heads": lambda n: np.linspace(-2, 1, n * 2 * L * S).reshape(n * 2, L, S),
}


@pytest.mark.filterwarnings("ignore:Support for mismatched")
@layouts
@pytest.mark.parametrize("padded, masked", list(itertools.product(PADDED, MASKED)))
def test_masks(rng, batch_first, batched, padded, masked):
    ours, other = modules(E, 2, batch_first=batch_first, add_bias_kv=True, add_zero_attn=True)
    padding = PADDED[padded](N if batched else 1)
    masks = {
        "key_padding_mask": padding if batched or padding is None else padding[0],
        "attn_mask": MASKED[masked](N if batched else 1),
    }
    args = [of_length(rng, n, E, batch_first, batched) for n in (L, S, S)]
    assert_modules_same(ours, other, *args, **masks)


@pytest.mark.parametrize("options", [{"need_weights": False}, {"average_attn_weights": False}, {}], ids=str)
@pytest.mark.parametrize("same", ["all", "key and value", "query and key", "none"])
def test_arrays_that_are_given_twice(rng, options, same):
    """Those share a product."""
    ours, other = modules(E, 3)
    a, b, c = (rng.normal(size=(L, N, E)) for _ in range(3))
    order = {"all": (0, 0, 0), "key and value": (0, 1, 1), "query and key": (0, 0, 1), "none": (0, 1, 2)}[same]

    def call(module):
        return lambda *args: of_module(module, **options)(*(args[i] for i in order))

    assert_same(call(ours), call(other), *(a, b, c)[: max(order) + 1], weights=False)


@pytest.mark.parametrize("need_weights", [True, False])
def test_causal(rng, need_weights):
    ours, other = modules(E, 2, batch_first=True)
    x, mask = rng.normal(size=(N, L, E)), np.triu(np.ones((L, L), bool), 1)
    given = {"attn_mask": mask, "is_causal": True, "need_weights": need_weights}
    assert_modules_same(ours, other, x, x, x, **given)
    for a, b in zip(ours(x, x, x, is_causal=True), ours(x, x, x, attn_mask=mask), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_a_query_that_sees_nothing_gets_nothing(rng):
    """Where PyTorch gives nan if the weights are asked for, and this if they aren't."""
    ours, other = modules(E, 2, batch_first=True)
    x, hidden = rng.normal(size=(N, L, E)), np.array([[True] * L, [False] * L])
    y, weights = ours(x, x, x, key_padding_mask=hidden)
    expected, _ = other(*[torch.tensor(x)] * 3, key_padding_mask=torch.tensor(hidden), need_weights=False)
    np.testing.assert_allclose(y.data, expected.detach().numpy())
    assert not weights.data[0].any()


def test_dropout_is_for_training(rng):
    x = rng.normal(size=(20, E))
    module = nn.MultiheadAttention(E, 2, dropout=0.5, rng=0)
    y, weights = module(x, x, x, average_attn_weights=False)
    assert 0.4 < (weights.data == 0).mean() < 0.6
    assert (module(x, x, x)[0].data != y.data).any()
    y, weights = module.eval()(x, x, x, average_attn_weights=False)
    np.testing.assert_allclose(weights.data.sum(axis=-1), 1)
    np.testing.assert_array_equal(module(x, x, x)[0].data, y.data)


def test_initial_numbers():
    module = nn.MultiheadAttention(64, 4, rng=0, add_bias_kv=True)
    assert np.abs(module.in_proj_weight.data).max() == pytest.approx(np.sqrt(6 / 256), rel=1e-3)
    assert module.in_proj_weight.data.std() == pytest.approx(np.sqrt(6 / 256 / 3), rel=0.02)
    assert not module.in_proj_bias.data.any() and not module.out_proj.bias.data.any()
    assert np.abs(module.out_proj.weight.data).max() == pytest.approx(1 / 8, rel=1e-2)
    assert module.bias_k.data.std() == pytest.approx(1 / 8, rel=0.3)
    apart = nn.MultiheadAttention(64, 4, kdim=32, vdim=32, rng=0)
    assert np.abs(apart.k_proj_weight.data).max() == pytest.approx(np.sqrt(6 / 96), rel=1e-2)
    again = nn.MultiheadAttention(64, 4, rng=0, add_bias_kv=True)
    for name, value in again.state_dict().items():
        np.testing.assert_array_equal(value, module.state_dict()[name])


def test_float32_stays():
    module = nn.MultiheadAttention(E, 2, add_bias_kv=True, add_zero_attn=True, dtype=np.float32, dropout=0.1, rng=0)
    x = np.ones((L, N, E), np.float32)
    for y in module(x, x, x, np.zeros((N, L), bool), attn_mask=np.tri(L, dtype=bool) & False):
        assert y.dtype == np.float32
    assert {p.dtype for p in module.parameters()} == {np.dtype(np.float32)}


def test_examples_of_a_batch_by_vmap(rng):
    module = nn.MultiheadAttention(E, 2, add_bias_kv=True, rng=0)
    x, hidden = rng.normal(size=(N, L, E)), rng.uniform(size=(N, L)) < 0.3
    ys = vmap(lambda x, h: module(x, x, x, h))(x, hidden)
    many = nn.MultiheadAttention(E, 2, add_bias_kv=True, batch_first=True)
    many.load_state_dict(module.state_dict())
    for one, all_of_them in zip(ys, many(x, x, x, hidden), strict=True):
        np.testing.assert_allclose(one.data, all_of_them.data)


def test_copies_and_pickles(rng):
    module, x = nn.MultiheadAttention(E, 2, dropout=0.1, rng=0).eval(), rng.normal(size=(L, E))
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        np.testing.assert_array_equal(again(x, x, x)[0].data, module(x, x, x)[0].data)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m, x: m(x, x[:2], x), "must have the shapes"),
        (lambda m, x: m(x, x, x[0]), "must have the shapes"),
        (lambda m, x: m(x[:, :1], x, x), "must have the shapes"),
        (lambda m, x: m(x[..., :4], x, x), "must have the shapes"),
        (lambda m, x: m(x, x, x, attn_mask=np.zeros((2, 3))), r"attn_mask must have the shape \(3, 3\)"),
        (lambda m, x: m(x, x, x, attn_mask=np.zeros((5, 3, 3))), r"\(4, 3, 3\)"),
        (lambda m, x: m(x, x, x, key_padding_mask=np.zeros(3)), r"key_padding_mask must have the shape \(2, 3\)"),
        (lambda m, x: m(x, x, x, attn_mask=np.zeros((3, 3), int)), "bools, or of floats"),
        (lambda m, x: m(x, x, x, attn_mask=np.zeros((3, 3)), is_causal=True), "isn't the causal mask"),
        (lambda m, x: attention(x, x, x, np.zeros((2, 3, 3)), is_causal=True), "give one of them"),
        (lambda m, x: attention(x, x, x, np.zeros((5, 3))), "must broadcast"),
        (lambda m, x: attention(x, x, x, np.zeros((1, 3, 2, 2))), "must broadcast"),
        (lambda m, x: attention(x, x[..., :4], x), "must have the shapes"),
        (lambda m, x: attention(x, x, x[:, :1]), "must have the shapes"),
        (lambda m, x: attention(x, x[:2], x[:2]), "must have the shapes"),
        (lambda m, x: attention(x, x[:2], x[:2], enable_gqa=True), "number of heads"),
        (lambda m, x: nn.MultiheadAttention(6, 4), "num_heads=4 must divide embed_dim=6"),
    ],
)
def test_what_does_not_fit(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(nn.MultiheadAttention(E, 2, rng=0), np.ones((3, N, E)))
