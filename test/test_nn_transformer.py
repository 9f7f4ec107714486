"""Transformers and their layers, beside PyTorch's."""

import copy
import itertools

import numpy as np
import pytest

from tensorgrad import Adam, Module, Tensor, functions, nn, vmap

torch = pytest.importorskip("torch")

from beside_torch import assert_same, give_weights  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:enable_nested_tensor is True"
)  # PyTorch's, of layers without batch_first

S, T, N, E = 4, 3, 2, 6
SIZES = {"d_model": E, "nhead": 2, "dim_feedforward": 5, "dropout": 0.0}
HIDDEN = np.triu(np.ones((S, S), bool), 1)
PADDED = np.array([[False, False, True, True], [False, True, False, False]])


@pytest.fixture(autouse=True)
def differentiable_twice():
    """PyTorch's faster ways have no second derivative."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def of_torch(value):
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def assert_modules_same(ours, other, *args, **masks):
    """The same names, and with the same numbers the same outputs and derivatives."""
    assert list(ours.state_dict()) == list(other.state_dict())
    give_weights(other, ours)
    for training in (True, False):
        ours.train(training)
        other.train(training)
        twice = not training
        tensors = {name: of_torch(mask) for name, mask in masks.items()}
        assert_same(lambda *a: ours(*a, **masks), lambda *a, given=tensors: other(*a, **given), *args, twice=twice)
    assert_same(ours, other, *args, twice=False)  # by the parameters, too


def sequences(rng, batch_first, *lengths):
    return [rng.normal(size=(N, n, E) if batch_first else (n, N, E)) for n in lengths]


options = pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm_first": True},
        {"batch_first": True, "activation": "gelu"},
        {"norm_first": True, "batch_first": True, "bias": False, "layer_norm_eps": 0.1},
    ],
    ids=str,
)


@options
@pytest.mark.parametrize(
    "masks", [{}, {"src_mask": HIDDEN, "is_causal": True}, {"src_key_padding_mask": PADDED}], ids=str
)
def test_encoder_layer(rng, options, masks):
    other = torch.nn.TransformerEncoderLayer(**SIZES, **options, dtype=torch.float64)
    ours = nn.TransformerEncoderLayer(**SIZES, **options)
    assert_modules_same(ours, other, *sequences(rng, options.get("batch_first"), S), **masks)


DECODER_MASKS = [
    {},
    {"tgt_mask": HIDDEN[:T, :T], "tgt_is_causal": True, "memory_key_padding_mask": PADDED},
    {"memory_mask": np.linspace(-1, 1, T * S).reshape(T, S), "tgt_key_padding_mask": PADDED[:, :T]},
]


@options
@pytest.mark.parametrize("masks", DECODER_MASKS, ids=str)
def test_decoder_layer(rng, options, masks):
    other = torch.nn.TransformerDecoderLayer(**SIZES, **options, dtype=torch.float64)
    ours = nn.TransformerDecoderLayer(**SIZES, **options)
    assert_modules_same(ours, other, *sequences(rng, options.get("batch_first"), T, S), **masks)


@pytest.mark.parametrize("norm", [True, False])
def test_encoder(rng, norm):
    layer = torch.nn.TransformerEncoderLayer(**SIZES, dtype=torch.float64)
    other = torch.nn.TransformerEncoder(
        layer, 2, torch.nn.LayerNorm(E, dtype=torch.float64) if norm else None, enable_nested_tensor=False
    )
    ours = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**SIZES), 2, nn.LayerNorm(E) if norm else None, enable_nested_tensor=False
    )
    assert_modules_same(ours, other, *sequences(rng, False, S), mask=HIDDEN, src_key_padding_mask=PADDED)


@pytest.mark.parametrize("norm", [True, False])
def test_decoder(rng, norm):
    layer = torch.nn.TransformerDecoderLayer(**SIZES, dtype=torch.float64)
    other = torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(E, dtype=torch.float64) if norm else None)
    ours = nn.TransformerDecoder(nn.TransformerDecoderLayer(**SIZES), 2, nn.LayerNorm(E) if norm else None)
    assert_modules_same(ours, other, *sequences(rng, False, T, S), **DECODER_MASKS[1])


@options
def test_transformer(rng, options):
    sizes = {**SIZES, "num_encoder_layers": 2, "num_decoder_layers": 1}
    other = torch.nn.Transformer(**sizes, **options, dtype=torch.float64)
    ours = nn.Transformer(**sizes, **options)
    masks = {"src_key_padding_mask": PADDED, "tgt_mask": HIDDEN[:T, :T], "memory_key_padding_mask": PADDED}
    assert_modules_same(ours, other, *sequences(rng, options.get("batch_first"), S, T), **masks)


def test_without_a_batch(rng):
    sizes = {**SIZES, "num_encoder_layers": 1, "num_decoder_layers": 1}
    other = torch.nn.Transformer(**sizes, dtype=torch.float64)
    masks = {"src_key_padding_mask": PADDED[0], "tgt_is_causal": True, "tgt_mask": HIDDEN[:T, :T]}
    assert_modules_same(nn.Transformer(**sizes), other, rng.normal(size=(S, E)), rng.normal(size=(T, E)), **masks)


SAMPLED = [
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "Transformer",
    "MultiheadAttention",
]


def like(module):
    """Our encoder layer of the sizes of PyTorch's."""
    return nn.TransformerEncoderLayer(
        module.self_attn.embed_dim, module.self_attn.num_heads, module.linear1.out_features, module.dropout.p,
        getattr(module.activation, "__name__", "relu"), module.norm1.eps, module.self_attn.batch_first,
        module.norm_first, module.linear1.bias is not None,
    )  # fmt: skip


def ours_for(value):
    if isinstance(value, torch.nn.Module):
        return like(value)
    return getattr(value, "__name__", value) if callable(value) else value


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what PyTorch says of its own samples
@pytest.mark.parametrize("name, training", list(itertools.product(SAMPLED, [True, False])))
def test_over_the_inputs_that_pytorch_tests_its_own_with(name, training):
    """Each option alone and with the others, each mask, with and without a batch."""
    pytest.importorskip("expecttest")  # which PyTorch's own samples need
    from torch.testing._internal.common_modules import module_db

    (info,) = (info for info in module_db if info.name == f"nn.{name}")
    samples = info.module_inputs_func(info, "cpu", torch.float64, requires_grad=True, training=training)
    assert len(samples) > 30
    for sample in samples:
        args, kwargs = sample.constructor_input.args, sample.constructor_input.kwargs
        other = info.module_cls(*args, **kwargs).double().train(training)
        ours = getattr(nn, name)(*map(ours_for, args), **{key: ours_for(v) for key, v in kwargs.items()})
        arrays = [a.detach().numpy() for a in sample.forward_input.args]
        masks = {key: v.numpy() if torch.is_tensor(v) else v for key, v in sample.forward_input.kwargs.items()}
        assert_same(ours.train(training), other, *arrays, **masks)


# What PyTorch's numbers don't show ------------------------------------------------------------------------------------


def test_layers_are_copies_which_draw_apart(rng):
    layer = nn.TransformerEncoderLayer(**SIZES | {"dropout": 0.5}, rng=0)
    encoder = nn.TransformerEncoder(layer, 3)
    names = [name for name, _ in encoder.named_parameters()]
    assert len(names) == 3 * len(layer.parameters()) and names[0] == "layers.0.self_attn.in_proj_weight"
    for copied in encoder.layers:
        assert copied is not layer and copied.linear1.weight is not layer.linear1.weight
        np.testing.assert_array_equal(copied.linear1.weight.data, layer.linear1.weight.data)
    first, second = (copied.dropout(np.ones(100)) for copied in list(encoder.layers)[:2])
    assert (first != second).any()
    x = np.ones((S, N, E))
    again = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SIZES | {"dropout": 0.5}, rng=0), 3)
    [copied.dropout(np.ones(100)) for copied in list(again.layers)[:2]]
    np.testing.assert_array_equal(encoder(x).data, again(x).data)


def test_dropout_is_everywhere_and_for_training(rng):
    layer = nn.TransformerEncoderLayer(**SIZES | {"dropout": 1.0}, norm_first=True, rng=0)
    x = rng.normal(size=(S, N, E))
    np.testing.assert_array_equal(layer(x).data, x)  # nothing is added
    assert (layer.eval()(x).data != x).all()


def test_other_functions_and_modules_as_activations(rng):
    class Cube(Module):
        def __init__(self):
            self.factor = Tensor(2.0)

        def forward(self, x):
            return self.factor * x**3

    layer = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SIZES, activation=Cube(), rng=0), 2)
    assert "layers.1.activation.factor" in layer.state_dict()
    (layer(rng.normal(size=(S, N, E))) ** 2).sum().backward()
    assert all(p.grad.any() for p in layer.parameters())
    by_function = nn.TransformerEncoderLayer(**SIZES, activation=functions.silu, rng=0)
    x = rng.normal(size=(S, E))
    y = by_function.norm1(x + by_function.self_attn(x, x, x)[0])
    expected = by_function.norm2(y + by_function.linear2(functions.silu(by_function.linear1(y))))
    np.testing.assert_allclose(by_function(x).data, expected.data)


def test_custom_encoder_and_decoder(rng):
    class Doubled(Module):
        def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
            return src * 2

    class Plus(Module):
        def forward(self, tgt, memory, **masks):
            assert len(masks) == 6
            return tgt + memory.sum()

    model = nn.Transformer(E, 2, custom_encoder=Doubled(), custom_decoder=Plus())
    src, tgt = rng.normal(size=(S, N, E)), rng.normal(size=(T, N, E))
    np.testing.assert_allclose(model(src, tgt), tgt + 2 * src.sum())


def test_causal_without_a_mask(rng):
    """PyTorch asks for the mask beside the hint; here the hint alone will do."""
    model = nn.Transformer(**SIZES, num_encoder_layers=1, num_decoder_layers=1, rng=0)
    src, tgt = rng.normal(size=(S, N, E)), rng.normal(size=(T, N, E))
    mask = [model.generate_square_subsequent_mask(n) for n in (S, T)]
    expected = model(src, tgt, src_mask=mask[0], tgt_mask=mask[1])
    np.testing.assert_array_equal(model(src, tgt, src_is_causal=True, tgt_is_causal=True).data, expected.data)
    np.testing.assert_array_equal(mask[0], torch.nn.Transformer.generate_square_subsequent_mask(S).numpy())
    assert model.generate_square_subsequent_mask(3, np.float32).dtype == np.float32


def test_nothing_comes_from_the_future(rng):
    layer = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SIZES, rng=0), 2)
    x = rng.normal(size=(S, N, E))
    changed = x.copy()
    changed[2] += 1
    before, after = layer(x, is_causal=True).data, layer(changed, is_causal=True).data
    np.testing.assert_array_equal(before[:2], after[:2])
    assert (before[2:] != after[2:]).any()


def test_it_learns_to_reverse(rng):
    """Each place must look at another."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True, rng=0)
    place = 2 * rng.normal(size=(5, 8))
    optimizer = Adam(layer.parameters(), lr=0.03)
    losses = []
    for _ in range(150):
        x = rng.normal(size=(16, 5, 8))
        loss = ((layer(x + place) - (x + place + x[:, ::-1])) ** 2).mean()
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_float32_stays():
    model = nn.Transformer(**SIZES | {"dropout": 0.1}, num_encoder_layers=1, num_decoder_layers=1, dtype=np.float32)
    src = np.ones((S, N, E), np.float32)
    y = model(src, src[:T], tgt_is_causal=True, src_key_padding_mask=PADDED)
    assert y.dtype == np.float32 and {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    (y * y).sum().backward()
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_initial_numbers():
    model = nn.Transformer(32, 4, 1, 1, 64, rng=0)
    for name, p in model.named_parameters():
        if p.ndim > 1:
            assert np.abs(p.data).max() == pytest.approx(np.sqrt(6 / sum(p.shape)), rel=0.01), name
    again = nn.Transformer(32, 4, 1, 1, 64, rng=0)
    np.testing.assert_array_equal(
        again.decoder.layers[0].linear2.weight.data, model.decoder.layers[0].linear2.weight.data
    )


def test_examples_of_a_batch_by_vmap(rng):
    layer = nn.TransformerEncoderLayer(**SIZES, batch_first=True, rng=0)
    x = rng.normal(size=(N, S, E))
    np.testing.assert_allclose(vmap(lambda x, h: layer(x, None, h))(x, PADDED).data, layer(x, None, PADDED).data)


def test_deep_copies(rng):
    model = nn.Transformer(**SIZES, num_encoder_layers=1, num_decoder_layers=1, rng=0)
    again, x = copy.deepcopy(model), rng.normal(size=(S, E))
    again.encoder.layers[0].linear1.weight.data[...] = 0
    assert (again(x, x).data != model(x, x).data).any()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: nn.TransformerEncoderLayer(6, 4), "TransformerEncoderLayer: nhead=4 must divide d_model=6"),
        (lambda: nn.TransformerDecoderLayer(6, 2, activation="tanh"), "'relu', 'gelu' or a function, not 'tanh'"),
        (lambda: nn.TransformerEncoder("layer", 2), "TransformerEncoder: the layer must be a Module"),
        (lambda: nn.TransformerDecoder(nn.Linear(2, 2), 2, np.tanh), "TransformerDecoder: norm must be a Module"),
        (lambda: nn.TransformerEncoder(nn.Linear(2, 2), 0), "num_layers must be a positive int"),
        (lambda: nn.Transformer(4, 2, custom_encoder=np.tanh), "custom_encoder must be a Module"),
        (lambda: nn.Transformer(4, 2, 1, 1, 3)(np.ones((3, 2, 4)), np.ones((3, 1, 4))), "must have the shape"),
        (lambda: nn.Transformer(4, 2, 1, 1, 3)(np.ones((3, 2, 4)), np.ones((3, 2, 3))), "must have the shape"),
        (lambda: nn.TransformerEncoderLayer(4, 2)(np.ones((3, 5))), "must have the shape"),
    ],
)
def test_what_does_not_fit(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
