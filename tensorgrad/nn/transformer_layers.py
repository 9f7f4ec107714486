"""The layers that transformers are stacks of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import functions
from ..arguments import floating_dtype, generator, non_negative, positive_int, probability, yes_or_no
from ..derivatives.arrays import as_numbers
from ..module import Module
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = str | Callable[[Any], Any]


class Options:
    """What transformers and their layers are made with, checked under the name of the class."""

    def __init__(self, name: str, d_model: Any, nhead: Any, dim_feedforward: Any, dropout: Any, activation: Any,
                 layer_norm_eps: Any, batch_first: Any, norm_first: Any, bias: Any, rng: Any, dtype: Any):  # fmt: skip
        self.name, self.d_model = name, positive_int(f"{name}: d_model", d_model)
        self.nhead = positive_int(f"{name}: nhead", nhead)
        if self.d_model % self.nhead:
            raise ValueError(f"{name}: nhead={self.nhead} must divide d_model={self.d_model}")
        self.dim_feedforward = positive_int(f"{name}: dim_feedforward", dim_feedforward)
        self.dropout = probability(f"{name}: dropout", dropout)
        self.activation = _activation(name, activation)
        self.layer_norm_eps = non_negative(f"{name}: layer_norm_eps", layer_norm_eps)
        self.batch_first = yes_or_no(f"{name}: batch_first", batch_first)
        self.norm_first, self.bias = yes_or_no(f"{name}: norm_first", norm_first), yes_or_no(f"{name}: bias", bias)
        self.rng, self.dtype = generator(f"{name}: rng", rng), floating_dtype(f"{name}: dtype", dtype)

    def attention(self, prefix: str, is_causal: str) -> MultiheadAttention:
        """An attention, whose errors name the layer and its arguments: prefix_mask, prefix_key_padding_mask."""
        module = MultiheadAttention(
            self.d_model, self.nhead, self.dropout, self.bias, batch_first=self.batch_first, rng=self.rng,
            dtype=self.dtype,
        )  # fmt: skip
        module._owner = self.name
        module._names = {
            "attn_mask": f"{prefix}_mask", "key_padding_mask": f"{prefix}_key_padding_mask", "is_causal": is_causal,
        }  # fmt: skip
        return module

    def linear(self, nin: int, nout: int) -> Linear:
        return Linear(nin, nout, self.bias, rng=self.rng, dtype=self.dtype)

    def norm(self) -> LayerNorm:
        return LayerNorm(self.d_model, self.layer_norm_eps, bias=self.bias, dtype=self.dtype)

    def drop(self) -> Dropout:
        return Dropout(self.dropout, rng=self.rng)


def _activation(name: str, activation: Any) -> Callable[[Any], Any]:
    named = {"relu": functions.relu, "gelu": functions.gelu}
    if isinstance(activation, str) and activation in named:
        return named[activation]
    if not callable(activation) or isinstance(activation, type):
        raise ValueError(f"{name}: activation must be 'relu', 'gelu' or a function, not {activation!r}")
    return activation


def sequences(name: str, width: int, batch_first: bool, **given: Any) -> list[Any]:
    """Sequences (L, N, width), or as batch_first has it, as arrays; or an error if their shapes don't fit."""
    arrays = [as_numbers(name, what, x, "f") for what, x in given.items()]
    shapes = [x.shape for x in arrays]
    apart = [shape[:-2] if batch_first else shape[1:-1] for shape in shapes]  # (N,), or () without a batch
    if (
        {len(shape) for shape in shapes} not in ({2}, {3})
        or {shape[-1] for shape in shapes} != {width}
        or len(set(apart)) > 1
    ):
        batched = "(N, L, {})" if batch_first else "(L, N, {})"
        raise ValueError(
            f"{name}: {' and '.join(given)} must have the shape {batched.format(width)}, or (L, {width}) without a "
            f"batch, not {' and '.join(map(str, shapes))}"
        )
    return arrays


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, and two linear layers at each place, each added to x and normalised; as
    `torch.nn.TransformerEncoderLayer`:

        x = norm1(x + self_attn(x, x, x))
        x = norm2(x + linear2(activation(linear1(x))))

    or, with norm_first (Xiong et al., 2020, arXiv:2002.04745), x = x + self_attn(norm1(x), ...), x = x + ...(norm2(x)).
    What is added, and what linear2 gets, goes through dropout.

    Args:
        d_model: E, the length of the last axis.
        nhead: the number of heads of the attention, which divides E.
        dim_feedforward: how many numbers linear1 gives.
        dropout: the probability of dropout, also of the attention's weights, while the module is trained.
        activation: 'relu', 'gelu', or a function.
        layer_norm_eps: what the two norms add to the variance.
        batch_first: whether arrays are (N, L, E), not (L, N, E).
        norm_first: whether x is normalised before the attention and the linear layers, not after.
        bias: whether linear layers and norms add one.
        rng: a `numpy.random.Generator` or a seed: of the initial numbers, and of dropout.
        dtype: of the parameters, float64 or another floating one.

    Called with src (L, N, E), or (L, E), and src_mask, src_key_padding_mask and is_causal, which are attn_mask,
    key_padding_mask and is_causal of `MultiheadAttention`; it gives src's shape.

    Raises:
        ValueError: a number isn't positive, nhead doesn't divide d_model, dropout is no probability, the activation is
            unknown, or shapes don't fit.
        TypeError: a flag isn't a bool, or src isn't real numbers.

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> layer(np.ones((5, 3, 8)), is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        make = Options("TransformerEncoderLayer", d_model, nhead, dim_feedforward, dropout, activation,
                        layer_norm_eps, batch_first, norm_first, bias, rng, dtype)  # fmt: skip
        self.self_attn = make.attention("src", "is_causal")
        self.linear1 = make.linear(make.d_model, make.dim_feedforward)
        self.dropout = make.drop()
        self.linear2 = make.linear(make.dim_feedforward, make.d_model)
        self.norm_first = make.norm_first
        self.norm1, self.norm2 = make.norm(), make.norm()
        self.dropout1, self.dropout2 = make.drop(), make.drop()
        self.activation = make.activation

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        def attended(x: Any) -> Any:
            y, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(y)

        def fed_forward(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        of = self.self_attn
        (x,) = sequences("TransformerEncoderLayer", of.embed_dim, of.batch_first, src=src)
        if self.norm_first:
            x = x + attended(self.norm1(x))
            return x + fed_forward(self.norm2(x))
        x = self.norm1(x + attended(x))
        return self.norm2(x + fed_forward(x))


class TransformerDecoderLayer(Module):
    """An encoder's layer with a second attention, to the output of an encoder (the memory); as
    `torch.nn.TransformerDecoderLayer`:

        x = norm1(x + self_attn(x, x, x))
        x = norm2(x + multihead_attn(x, memory, memory))
        x = norm3(x + linear2(activation(linear1(x))))

    or, with norm_first, x = x + self_attn(norm1(x), ...), and so on. Arguments and errors are those of
    `TransformerEncoderLayer`.

    Called with tgt (T, N, E) and memory (S, N, E), or both without N, and the attentions' masks: tgt_mask, memory_mask,
    tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal and memory_is_causal; it gives tgt's shape.

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> layer(np.ones((5, 3, 8)), np.ones((5, 7, 8)), tgt_is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        make = Options("TransformerDecoderLayer", d_model, nhead, dim_feedforward, dropout, activation,
                        layer_norm_eps, batch_first, norm_first, bias, rng, dtype)  # fmt: skip
        self.self_attn = make.attention("tgt", "tgt_is_causal")
        self.multihead_attn = make.attention("memory", "memory_is_causal")
        self.linear1 = make.linear(make.d_model, make.dim_feedforward)
        self.dropout = make.drop()
        self.linear2 = make.linear(make.dim_feedforward, make.d_model)
        self.norm_first = make.norm_first
        self.norm1, self.norm2, self.norm3 = make.norm(), make.norm(), make.norm()
        self.dropout1, self.dropout2, self.dropout3 = make.drop(), make.drop(), make.drop()
        self.activation = make.activation

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        def attended(x: Any) -> Any:
            y, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)
            return self.dropout1(y)

        def remembered(x: Any) -> Any:
            y, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )
            return self.dropout2(y)

        def fed_forward(x: Any) -> Any:
            return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        of = self.self_attn
        x, memory = sequences("TransformerDecoderLayer", of.embed_dim, of.batch_first, tgt=tgt, memory=memory)
        if self.norm_first:
            x = x + attended(self.norm1(x))
            x = x + remembered(self.norm2(x))
            return x + fed_forward(self.norm3(x))
        x = self.norm1(x + attended(x))
        x = self.norm2(x + remembered(x))
        return self.norm3(x + fed_forward(x))
