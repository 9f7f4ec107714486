"""Attention of several heads side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import floating_dtype, generator, positive_int, probability, yes_or_no
from ..derivatives.arrays import as_numbers
from ..functions import linear
from ..functions.attention import additive, attention_weights, causal_bias
from ..module import Module
from ..tensor import Tensor
from .init import uniform
from .linear import Linear

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Several heads of attention, each on a projection of its own, joined by a last projection (Vaswani et al., 2017,
    arXiv:1706.03762), as `torch.nn.MultiheadAttention`:

        head = softmax(q @ k.T / sqrt(E / H) + mask) @ v,  with q, k, v = a part of query Wq, key Wk, value Wv
        y = [head 1, ..., head H] Wo

    Args:
        embed_dim: E, the length of query's last axis and of the output's.
        num_heads: H, which divides E.
        dropout: the probability with which a weight is set to 0 while the module is trained.
        bias: whether the projections add one.
        add_bias_kv: whether a key and a value that are learned are put behind the others.
        add_zero_attn: whether a key and a value of zeros are put behind the others.
        kdim, vdim: the lengths of the last axes of key and value, E if None.
        batch_first: whether arrays are (N, L, E), not (L, N, E).
        rng: a `numpy.random.Generator` or a seed: of the initial numbers, and of dropout.
        dtype: of the parameters, float64 or another floating one.

    Called with query (L, N, E), key (S, N, kdim) and value (S, N, vdim), or the same without N (or N first), and

        key_padding_mask: (N, S) or (S,): bools, True where a key is hidden from all, or floats added to the scores;
        need_weights: whether the weights are returned, too;
        attn_mask: (L, S), (N * H, L, S), or (H, L, S) without N: bools, True where a key is hidden, or floats;
        average_attn_weights: whether these weights are the mean over the heads;
        is_causal: that query i sees the keys 0 to i only; an attn_mask that is given beside it must say the same,

    it gives (y, weights): y of query's shape, and weights (N, L, S), (N, H, L, S) if they aren't averaged, or None. A
    query that sees nothing gets weights of 0.

    The projections start with numbers drawn evenly from -sqrt(6 / (n + m)) to that, for n inputs and m outputs (Glorot
    and Bengio, 2010), the last one as in Linear, and their biases with 0. Where kdim and vdim are E, all three are one
    parameter, `in_proj_weight` of shape (3 E, E); else they are `q_proj_weight`, `k_proj_weight` and `v_proj_weight`.

    Raises:
        ValueError: a number isn't positive, num_heads doesn't divide embed_dim, or shapes don't fit.
        TypeError: a flag isn't a bool, or arrays aren't real numbers.

    >>> attention = MultiheadAttention(8, 2, batch_first=True, rng=0)
    >>> x = np.ones((5, 3, 8))
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        name = "MultiheadAttention"
        self.embed_dim = n = positive_int(f"{name}: embed_dim", embed_dim)
        self.num_heads = positive_int(f"{name}: num_heads", num_heads)
        if n % self.num_heads:
            raise ValueError(f"{name}: num_heads={self.num_heads} must divide embed_dim={n}")
        self.head_dim = n // self.num_heads
        self.dropout = probability(f"{name}: dropout", dropout)
        self.kdim = n if kdim is None else positive_int(f"{name}: kdim", kdim)
        self.vdim = n if vdim is None else positive_int(f"{name}: vdim", vdim)
        self.add_zero_attn = yes_or_no(f"{name}: add_zero_attn", add_zero_attn)
        self.batch_first = yes_or_no(f"{name}: batch_first", batch_first)
        self.rng, dtype = generator(f"{name}: rng", rng), floating_dtype(f"{name}: dtype", dtype)
        bias, add_bias_kv = yes_or_no(f"{name}: bias", bias), yes_or_no(f"{name}: add_bias_kv", add_bias_kv)

        def glorot(label: str, *shape: int) -> Tensor:
            return uniform(shape, math.sqrt(6 / sum(shape)), self.rng, dtype, label)

        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == self.vdim == n:
            self.in_proj_weight = glorot("in_proj_weight", 3 * n, n)
        else:
            self.q_proj_weight = glorot("q_proj_weight", n, n)
            self.k_proj_weight = glorot("k_proj_weight", n, self.kdim)
            self.v_proj_weight = glorot("v_proj_weight", n, self.vdim)
        self.in_proj_bias = Tensor(np.zeros(3 * n, dtype), name="in_proj_bias") if bias else None
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k, self.bias_v = (
                Tensor(self.rng.normal(0, 1 / math.sqrt(n), (1, 1, n)).astype(dtype), name=label)
                for label in ("bias_k", "bias_v")
            )
        self.out_proj = Linear(n, n, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data[...] = 0

    _owner = "MultiheadAttention"  # what errors name, and under which names arguments came to it
    _names: Mapping[str, str] = {}

    def _where(self, argument: str) -> str:
        return f"{self._owner}: {self._names.get(argument, argument)}"

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        need_weights = yes_or_no(self._where("need_weights"), need_weights)
        average = yes_or_no(self._where("average_attn_weights"), average_attn_weights)
        is_causal = yes_or_no(self._where("is_causal"), is_causal)
        q, k, v = map(self._heads, self._projections(*self._checked(query, key, value)))
        bias = self._bias(q, k, key_padding_mask, attn_mask, is_causal)
        if self.bias_k is not None and self.bias_v is not None:
            k, v = _with_last(k, self._heads(self.bias_k[0])), _with_last(v, self._heads(self.bias_v[0]))
        if self.add_zero_attn:
            zero = np.zeros((self.num_heads, 1, self.head_dim), k.dtype)
            k, v = _with_last(k, zero), _with_last(v, zero)
        if bias is not None and bias.shape[-1] < k.shape[-2]:  # every query sees what was put behind
            bias = np.pad(bias, [*[(0, 0)] * (bias.ndim - 1), (0, k.shape[-2] - bias.shape[-1])])
        dropout_p = self.dropout if self.training else 0.0
        weights = attention_weights(q, k, bias, 1 / math.sqrt(self.head_dim), dropout_p, self.rng)
        y = self.out_proj(self._joined(np.matmul(weights, v)))
        if not need_weights:
            return y, None
        return y, weights.mean(axis=-3) if average else weights

    def _projections(self, query: Any, key: Any, value: Any) -> list[Any]:
        """query Wq + bq, key Wk + bk, value Wv + bv; in one product what is made from the same array."""
        n, w, b = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        if w is None:
            weights: Any = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
            biases = [None if b is None else b[i * n : (i + 1) * n] for i in range(3)]
            return list(map(_product, (query, key, value), weights, biases))

        def parts(x: Any, first: int, last: int) -> list[Any]:
            rows = slice(first * n, last * n)
            y = _product(x, w, b) if last - first == 3 else _product(x, w[rows], None if b is None else b[rows])
            return [y[..., i * n : (i + 1) * n] for i in range(last - first)]

        if query is key is value:
            return parts(query, 0, 3)
        return parts(query, 0, 1) + (parts(key, 1, 3) if key is value else parts(key, 1, 2) + parts(value, 2, 3))

    def _heads(self, x: Any) -> Any:
        """(N, L, E), (L, N, E) or (L, E) as (N, H, L, E / H), or (H, L, E / H)."""
        x = np.reshape(x, (*x.shape[:-1], self.num_heads, self.head_dim))
        return np.transpose(x, (1, 0, 2) if x.ndim == 3 else (0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3))

    def _joined(self, y: Any) -> Any:
        """The heads' outputs side by side: `_heads` undone."""
        y = np.transpose(y, (1, 0, 2) if y.ndim == 3 else (0, 2, 1, 3) if self.batch_first else (2, 0, 1, 3))
        return np.reshape(y, (*y.shape[:-2], self.embed_dim))

    def _bias(self, q: Any, k: Any, key_padding_mask: Any, attn_mask: Any, is_causal: bool) -> Any:
        """What is added to the scores, of a shape that broadcasts to (N, H, L, S) or (H, L, S); None for nothing."""
        where, length, keys = self._where("attn_mask"), q.shape[-2], k.shape[-2]
        bias = causal_bias(length, keys, q) if is_causal else None
        if attn_mask is not None:
            mask = additive(where, attn_mask, q, hidden=True)
            if mask.shape not in ((length, keys), (math.prod(q.shape[:-2]), length, keys)):
                raise ValueError(
                    f"{where} must have the shape {(length, keys)}, or one such for each head, "
                    f"{(math.prod(q.shape[:-2]), length, keys)}; not {mask.shape}"
                )
            if is_causal and type(mask) is np.ndarray and np.any(mask != bias):
                hint = self._where("is_causal").partition(": ")[2]
                raise ValueError(f"{where} isn't the causal mask, which {hint}=True says it is; leave {hint} out")
            bias = mask if mask.ndim == 2 else np.reshape(mask, (*q.shape[:-1], keys))
        if key_padding_mask is not None:
            where = self._where("key_padding_mask")
            mask = additive(where, key_padding_mask, q, hidden=True)
            if mask.shape != (*q.shape[:-3], keys):
                raise ValueError(
                    f"{where} must have the shape {(*q.shape[:-3], keys)}, one for each key; not {mask.shape}"
                )
            mask = np.reshape(mask, (*mask.shape[:-1], 1, 1, keys))
            bias = mask if bias is None else bias + mask
        return bias

    def _checked(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Arrays of shapes that fit, or an error; an array that is given twice stays one."""
        found: dict[int, Any] = {}
        for name, x in (("query", query), ("key", key), ("value", value)):
            if id(x) not in found:
                found[id(x)] = as_numbers("MultiheadAttention", name, x, "f")
        query, key, value = (found[id(x)] for x in (query, key, value))
        shapes = query.shape, key.shape, value.shape
        n = 1 - int(self.batch_first)  # the axis that the batch is on
        if (
            query.ndim not in (2, 3)
            or {key.ndim, value.ndim} != {query.ndim}
            or tuple(shape[-1] for shape in shapes) != (self.embed_dim, self.kdim, self.vdim)
            or key.shape[:-1] != value.shape[:-1]
            or (query.ndim == 3 and query.shape[n] != key.shape[n])
        ):
            batch = (
                "(N, L, {}), (N, S, {}) and (N, S, {})" if self.batch_first else "(L, N, {}), (S, N, {}) and (S, N, {})"
            )
            raise ValueError(
                f"{self._owner}: query, key and value must have the shapes "
                f"{batch.format(self.embed_dim, self.kdim, self.vdim)}, or these without N; they have "
                f"{shapes[0]}, {shapes[1]} and {shapes[2]}"
            )
        return [query, key, value]

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"


def _product(x: Any, weight: Any, bias: Any) -> Any:
    return x @ weight.T if bias is None else linear(x, weight.T, bias)


def _with_last(x: Any, last: Any) -> Any:
    """Keys or values (..., S, E), and one more behind them."""
    return np.concatenate([x, np.broadcast_to(last, (*x.shape[:-2], *last.shape[-2:]))], axis=-2)
