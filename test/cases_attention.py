"""Cases of attention, each beside its formula: softmax(scale q k^T + mask) v."""

import math

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.attention import attention_scores

SEEN = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])


def scores(query, key, bias, scale):
    y = scale * np.einsum("...le,...se->...ls", query, key)
    return y if bias is None else y + bias


def attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    if enable_gqa:
        key, value = (np.repeat(a, query.shape[-3] // a.shape[-3], axis=-3) for a in (key, value))
    seen, added = np.ones((query.shape[-2], key.shape[-2]), bool), None
    if is_causal:
        seen = np.tri(*seen.shape, dtype=bool)
    elif attn_mask is not None and attn_mask.dtype == bool:
        seen = attn_mask
    else:
        added = attn_mask
    weights = np.exp(scores(query, key, added, 1 / math.sqrt(query.shape[-1]) if scale is None else scale)) * seen
    return weights / np.sum(weights, axis=-1, keepdims=True) @ value


case(attention_scores, x(3, 2), x(4, 2), None, 0.5, like=scores)
case(attention_scores, x(2, 3, 2), x(2, 4, 2), x(3, 4), 0.5, like=scores)
case(attention_scores, x(2, 1, 3, 2), x(2, 4, 2, layout="F"), x(2, 1, 1, 4), -1.5, like=scores)
case(attention_scores, x(3, 2), x(4, 2), x(2, 3, 4), 0.5, like=scores)

qkv = x(3, 2), x(4, 2), x(4, 5)
case(f.scaled_dot_product_attention, *qkv, like=attention)
case(f.scaled_dot_product_attention, *qkv, SEEN, like=attention)
case(f.scaled_dot_product_attention, *qkv, is_causal=True, like=attention)
case(f.scaled_dot_product_attention, *qkv, attn_mask=x(3, 4), scale=0.3, like=attention)
case(f.scaled_dot_product_attention, x(2, 3, 2), x(2, 4, 2), x(2, 4, 2), SEEN, like=attention)
case(f.scaled_dot_product_attention, x(2, 3, 2), x(4, 2), x(1, 4, 2), attn_mask=x(2, 1, 4), like=attention)
case(
    f.scaled_dot_product_attention, x(2, 4, 3, 2), x(2, 2, 4, 2), x(2, 1, 4, 2), is_causal=True, enable_gqa=True,
    like=attention,
)  # fmt: skip
case(f.scaled_dot_product_attention, x(2, 0, 3, 2), x(2, 0, 4, 2), x(2, 0, 4, 5), like=attention)
