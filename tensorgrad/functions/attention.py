"""Attention."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..arguments import generator, probability, real_number, yes_or_no
from ..derivatives.arrays import ARRAYS, as_numbers, inside
from ..derivatives.attention import attention_scores
from ..derivatives.shapes import broadcasts_to
from ..derivatives.softmax import softmax
from .dropout import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    rng: Any = None,
) -> Any:
    """softmax(scale * query @ key.T + mask) @ value: for each query, the mean of the values, weighted by how well their
    keys answer it (Vaswani et al., 2017, arXiv:1706.03762). As `torch.nn.functional.scaled_dot_product_attention`.

    Args:
        query, key, value: (..., L, E), (..., S, E) and (..., S, V); what stands before the last two axes is broadcast.
        attn_mask: of a shape that broadcasts to (..., L, S): bools, True where a query sees a key, or floats, which are
            added to the scores. A query that sees nothing gives zeros.
        dropout_p: the probability with which a weight is set to 0, the others being divided by 1 - dropout_p. It is
            done whenever it isn't 0: 0 is for the caller to give when the network isn't trained.
        is_causal: whether query i sees the keys 0 to i only; then there is no attn_mask.
        scale: 1 / sqrt(E) if None.
        enable_gqa: whether key and value may have fewer heads, on axis -3, than query, each for as many heads of query
            side by side (grouped queries: Ainslie et al., 2023, arXiv:2305.13245).
        rng: a `numpy.random.Generator` or a seed, from which dropout draws.

    Returns:
        (..., L, V)

    Raises:
        ValueError: shapes that don't fit, dropout_p is no probability, or attn_mask beside is_causal.
        TypeError: query, key, value aren't real numbers, attn_mask is of ints, is_causal or enable_gqa isn't a bool.

    >>> from tensorgrad import Tensor
    >>> x = Tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(x, x, x, is_causal=True)
    Tensor([[1.         0.        ]
            [0.33023845 0.66976155]])
    """
    name = "scaled_dot_product_attention"
    query, key, value = (
        as_numbers(name, what, x, "f") for what, x in (("query", query), ("key", key), ("value", value))
    )
    dropout_p = probability(f"{name}: dropout_p", dropout_p)
    is_causal = yes_or_no(f"{name}: is_causal", is_causal)
    if yes_or_no(f"{name}: enable_gqa", enable_gqa):
        key, value = (_for_each_query(what, x, query) for what, x in (("key", key), ("value", value)))
    shape = _scores_shape(query, key, value)
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else real_number(f"{name}: scale", scale)
    if is_causal and attn_mask is not None:
        raise ValueError(f"{name}: is_causal says what is seen, and so does attn_mask; give one of them")
    bias = causal_bias(shape[-2], shape[-1], query) if is_causal else None
    if attn_mask is not None:
        bias = additive(f"{name}: attn_mask", attn_mask, query)
        _require_broadcasting(f"{name}: attn_mask", bias.shape, shape)
    rng = rng if rng is None else generator(f"{name}: rng", rng)
    weights = attention_weights(query, key, bias, scale, dropout_p, rng)
    return np.matmul(weights, value)


def attention_weights(query: Any, key: Any, bias: Any, scale: float, dropout_p: float, rng: Any) -> Any:
    """How much of each value each query gets, (..., L, S): softmax(scale * query @ key.T + bias), with dropout."""
    weights = softmax(attention_scores(query, key, bias, scale))
    return (
        dropout(weights, dropout_p, rng=generator("scaled_dot_product_attention: rng", rng)) if dropout_p else weights
    )


# Masks ----------------------------------------------------------------------------------------------------------------


def additive(where: str, mask: Any, like: Any, *, hidden: bool = False) -> Any:
    """A mask as what is added to the scores: of bools 0 where a key is seen, which is True (or, `hidden`, False), and
    -inf where it isn't; of floats these."""
    mask = as_numbers(where.partition(":")[0], where.partition(": ")[2], mask, "biuf")
    if mask.dtype.kind in "iu":
        raise TypeError(f"{where} must be of bools, or of floats that are added to the scores, not of {mask.dtype}")
    if mask.dtype.kind == "b":
        zero = np.zeros((), like.dtype, like=inside(like))
        return np.where(mask, -np.inf, zero) if hidden else np.where(mask, zero, -np.inf)
    return mask if mask.dtype == like.dtype else mask.astype(like.dtype)


def causal_bias(queries: int, keys: int, like: Any) -> Any:
    """0 where a query sees a key, that is one at its own place or before, and -inf where it doesn't."""
    kept = _kept_causal_bias if queries * keys <= _KEPT_SIZE else _causal_bias
    bias, data = kept(queries, keys, like.dtype), inside(like)
    return bias if type(data) in ARRAYS else np.asarray(bias, like=data)


def _causal_bias(queries: int, keys: int, dtype: np.dtype) -> np.ndarray:
    bias = np.where(np.tri(queries, keys, dtype=bool), np.zeros((), dtype), -np.inf)
    bias.flags.writeable = False
    return bias


_KEPT_SIZE = 262_144  # of masks that are kept, at most 8 of 2 MB
_kept_causal_bias = functools.lru_cache(maxsize=8)(_causal_bias)


# Shapes ---------------------------------------------------------------------------------------------------------------


def _for_each_query(what: str, x: Any, query: Any) -> Any:
    """Keys or values with each head repeated for all heads of query that it is for."""
    if x.ndim < 3 or query.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise ValueError(
            f"scaled_dot_product_attention: with enable_gqa, {what} of shape {x.shape} must have a number of heads, on "
            f"axis -3, that divides that of query, of shape {query.shape}"
        )
    return np.repeat(x, query.shape[-3] // x.shape[-3], axis=-3)


def _scores_shape(query: Any, key: Any, value: Any) -> tuple[int, ...]:
    """(..., L, S), or an error for shapes that don't fit."""
    shapes = query.shape, key.shape, value.shape
    fits = min(map(len, shapes)) >= 2 and query.shape[-1] == key.shape[-1] and key.shape[-2] == value.shape[-2]
    try:
        leading = np.broadcast_shapes(*[shape[:-2] for shape in shapes]) if fits else ()
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"scaled_dot_product_attention: query, key and value must have the shapes (..., L, E), (..., S, E) and "
            f"(..., S, V), and what stands before must broadcast; they have {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    return (*leading, query.shape[-2], key.shape[-2])


def _require_broadcasting(where: str, mask: tuple[int, ...], scores: tuple[int, ...]) -> None:
    if not broadcasts_to(mask, scores):
        raise ValueError(f"{where} must broadcast to {scores}, one for each query and each key; its shape is {mask}")
