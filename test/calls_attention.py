"""Attention and transformers, as test_wrong_calls.py calls them."""

import contextlib

import numpy as np
from calls_init import finite
from wrong_values import (
    New,
    Wrong,
    _plain_numbers,
    dtype_of_floats,
    exactly_whole,
    flag,
    function,
    is_a,
    numbers,
    or_none,
    rate,
    seed,
)

from tensorgrad import Module, functions, nn


def chance(value):
    """A probability."""
    if (p := rate()(value)) > 1:
        raise Wrong
    return p


def mask(*shapes, broadcast=False):
    """Bools or floats of one of these shapes, or of one that is broadcast to the first; or None."""

    def kind(value):
        if value is None:
            return None
        array = _plain_numbers(value)
        fits = array.shape in shapes
        if broadcast:
            with contextlib.suppress(ValueError):
                fits = np.broadcast_shapes(array.shape, shapes[0]) == shapes[0]
        if array.dtype.kind not in "bf" or not fits:
            raise Wrong
        return array

    return kind


def queries(value):
    """(..., L, 2), the leading axes broadcast to those of the keys."""
    array = numbers(last=2)(value)
    if array.ndim < 2 or (array.ndim > 2 and array.shape[-3] not in (1, 2)):
        raise Wrong
    return array


def rows(value):
    """A sequence of any length."""
    array = numbers(last=2)(value)
    if array.ndim != 2:
        raise Wrong
    return array


def activation(value):
    """A function, or the name of one."""
    return function(value) if not isinstance(value, type) else _wrong()


def _wrong():
    raise Wrong


few = exactly_whole(1, 100)


def divides(n):
    """An int that divides n."""

    def kind(value):
        found = exactly_whole(1)(value)
        if n % found:
            raise Wrong
        return found

    return kind


def multiple(n, most):
    """An int that n divides."""

    def kind(value):
        found = exactly_whole(1, most)(value)
        if found % n:
            raise Wrong
        return found

    return kind


Q, K, V = np.arange(12.0).reshape(2, 3, 2), np.ones((2, 4, 2)), np.arange(40.0).reshape(2, 4, 5)
X = np.arange(6.0).reshape(3, 2)
DRAWN = {"rng": (0, seed), "dtype": (np.float32, dtype_of_floats)}
SWITCHED = {"batch_first": (False, flag), "norm_first": (False, flag), "bias": (True, flag)}
SIZES = {"d_model": (4, multiple(2, 100)), "nhead": (2, divides(4))}
OF_LAYERS = {
    "dim_feedforward": (3, few), "dropout": (0.1, chance), "activation": ("relu", activation),
    "layer_norm_eps": (1e-5, rate()),
}  # fmt: skip
ATTENTION = New(lambda: nn.MultiheadAttention(2, 2, rng=0))
ENCODER_LAYER = New(lambda: nn.TransformerEncoderLayer(2, 2, 3, 0.0, rng=0))
DECODER_LAYER = New(lambda: nn.TransformerDecoderLayer(2, 2, 3, 0.0, rng=0))
SEQUENCE, PADDED, SEEN = numbers((3, 2)), mask((3,)), mask((3, 3), (2, 3, 3))
SMALL = {"num_encoder_layers": 1, "num_decoder_layers": 1, "dim_feedforward": 3, "dropout": 0.0, "rng": 0}
OF_DECODERS = {
    "tgt": (X, rows), "memory": (X, rows), "tgt_mask": (None, SEEN), "memory_mask": (None, SEEN),
    "tgt_key_padding_mask": (None, PADDED), "memory_key_padding_mask": (None, PADDED),
}  # fmt: skip
HINT = or_none(flag)

CALLS = {
    "scaled_dot_product_attention": (
        functions.scaled_dot_product_attention,
        {
            "query": (Q, queries),
            "key": (K, numbers((2, 4, 2))),
            "value": (V, numbers((2, 4, 5))),
            "attn_mask": (None, mask((2, 3, 4), broadcast=True)),
            "dropout_p": (0.0, chance),
            "is_causal": (False, flag),
            "scale": (0.5, or_none(finite())),
            "enable_gqa": (False, flag),
            "rng": (0, seed),
        },
    ),
    "MultiheadAttention": (
        nn.MultiheadAttention,
        {
            "embed_dim": (4, multiple(2, 100)),
            "num_heads": (2, divides(4)),
            "dropout": (0.1, chance),
            "bias": (True, flag),
            "add_bias_kv": (False, flag),
            "add_zero_attn": (False, flag),
            "kdim": (3, or_none(few)),
            "vdim": (3, or_none(few)),
            "batch_first": (False, flag),
            **DRAWN,
        },
    ),
    "MultiheadAttention.forward": (
        nn.MultiheadAttention.forward,
        {
            "self": ATTENTION,
            "query": (X, rows),
            "key": (X, SEQUENCE),
            "value": (X, SEQUENCE),
            "key_padding_mask": (None, PADDED),
            "need_weights": (True, flag),
            "attn_mask": (None, SEEN),
            "average_attn_weights": (True, flag),
            "is_causal": (False, flag),
        },
        lambda results: results[0],
    ),
    "TransformerEncoderLayer": (nn.TransformerEncoderLayer, {**SIZES, **OF_LAYERS, **SWITCHED, **DRAWN}),
    "TransformerDecoderLayer": (nn.TransformerDecoderLayer, {**SIZES, **OF_LAYERS, **SWITCHED, **DRAWN}),
    "TransformerEncoderLayer.forward": (
        nn.TransformerEncoderLayer.forward,
        {
            "self": ENCODER_LAYER,
            "src": (X, rows),
            "src_mask": (None, SEEN),
            "src_key_padding_mask": (None, PADDED),
            "is_causal": (False, flag),
        },
    ),
    "TransformerDecoderLayer.forward": (
        nn.TransformerDecoderLayer.forward,
        {"self": DECODER_LAYER, **OF_DECODERS, "tgt_is_causal": (False, flag), "memory_is_causal": (False, flag)},
    ),
    "TransformerEncoder": (
        nn.TransformerEncoder,
        {
            "encoder_layer": (ENCODER_LAYER, is_a(Module)),
            "num_layers": (2, few),
            "norm": (None, or_none(is_a(Module))),
            "enable_nested_tensor": (True, flag),
            "mask_check": (True, flag),
        },
    ),
    "TransformerEncoder.forward": (
        nn.TransformerEncoder.forward,
        {
            "self": New(lambda: nn.TransformerEncoder(ENCODER_LAYER.make(), 2)),
            "src": (X, rows),
            "mask": (None, SEEN),
            "src_key_padding_mask": (None, PADDED),
            "is_causal": (None, HINT),
        },
    ),
    "TransformerDecoder": (
        nn.TransformerDecoder,
        {
            "decoder_layer": (DECODER_LAYER, is_a(Module)),
            "num_layers": (2, few),
            "norm": (None, or_none(is_a(Module))),
        },
    ),
    "TransformerDecoder.forward": (
        nn.TransformerDecoder.forward,
        {
            "self": New(lambda: nn.TransformerDecoder(DECODER_LAYER.make(), 2)),
            **OF_DECODERS,
            "tgt_is_causal": (None, HINT),
            "memory_is_causal": (False, flag),
        },
    ),
    "Transformer": (
        nn.Transformer,
        {
            **SIZES,
            "num_encoder_layers": (1, few),
            "num_decoder_layers": (1, few),
            "dim_feedforward": (3, few),
            "dropout": (0.1, chance),
            "activation": ("gelu", activation),
            "custom_encoder": (None, or_none(is_a(Module))),
            "custom_decoder": (None, or_none(is_a(Module))),
            "layer_norm_eps": (1e-5, rate()),
            **SWITCHED,
            **DRAWN,
        },
    ),
    "Transformer.forward": (
        nn.Transformer.forward,
        {
            "self": New(lambda: nn.Transformer(2, 2, **SMALL)),
            "src": (X, rows),
            "tgt": (X, rows),
            "src_mask": (None, SEEN),
            "tgt_mask": (None, SEEN),
            "memory_mask": (None, SEEN),
            "src_key_padding_mask": (None, PADDED),
            "tgt_key_padding_mask": (None, PADDED),
            "memory_key_padding_mask": (None, PADDED),
            "src_is_causal": (None, HINT),
            "tgt_is_causal": (None, HINT),
            "memory_is_causal": (False, flag),
        },
    ),
    "Transformer.generate_square_subsequent_mask": (
        nn.Transformer.generate_square_subsequent_mask,
        {"sz": (3, exactly_whole(0, 100)), "dtype": (np.float32, dtype_of_floats)},
    ),
}
