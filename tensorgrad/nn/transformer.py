"""Transformers (Vaswani et al., Attention is all you need, 2017, arXiv:1706.03762)."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import MOST, floating_dtype, positive_int, whole_number, yes_or_no
from ..module import Module
from .containers import ModuleList
from .transformer_layers import Activation, Options, TransformerDecoderLayer, TransformerEncoderLayer, sequences

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


class _Stack(Module):
    """Layers one after the other, and a norm behind them."""

    def __init__(self, layer: Any, num_layers: Any, norm: Any):
        name = type(self).__name__
        self.num_layers = positive_int(f"{name}: num_layers", num_layers)
        for what, module in (("the layer", layer), ("norm", norm)):
            if not isinstance(module, Module) and (module is not None or what != "norm"):
                raise TypeError(f"{name}: {what} must be a Module, not {module!r}; pass a layer that was made")
        self.layers, self.norm = _copies(layer, self.num_layers), norm

    def _through(self, x: Any, *args: Any, **options: Any) -> Any:
        for layer in self.layers:
            x = layer(x, *args, **options)
        return x if self.norm is None else self.norm(x)

    def extra_repr(self) -> str:
        return f"{self.num_layers}"


def _copies(layer: Module, n: int) -> ModuleList:
    """Deep copies of a layer, which draw from the same generators as it does, so that dropout differs in each."""
    drawn_from = [
        value for m in layer.modules() for value in vars(m).values() if isinstance(value, np.random.Generator)
    ]
    return ModuleList([copy.deepcopy(layer, {id(rng): rng for rng in drawn_from}) for _ in range(n)])


class TransformerEncoder(_Stack):
    """Layers of an encoder, each on what the one before gives: x = norm(layers[-1](... layers[0](src))), as
    `torch.nn.TransformerEncoder`.

    Args:
        encoder_layer: a `TransformerEncoderLayer`, or another module that is called as it is; the layers are copies of
            it, which start with the same numbers.
        num_layers: how many.
        norm: a module that is applied to the last one's output, or None.
        enable_nested_tensor, mask_check: are of no effect; they are here for programs that are written for PyTorch,
            where they choose how the same is computed. (With nested tensors it gives 0 at padded places.)

    Called with src (L, N, E), mask, src_key_padding_mask and is_causal as its layers are with src, src_mask,
    src_key_padding_mask and is_causal; it gives src's shape.

    Raises:
        ValueError: num_layers isn't a positive int.
        TypeError: encoder_layer or norm isn't a Module.

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> TransformerEncoder(layer, 3)(np.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ):
        yes_or_no("TransformerEncoder: enable_nested_tensor", enable_nested_tensor)
        yes_or_no("TransformerEncoder: mask_check", mask_check)
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Any:
        is_causal = _hint("TransformerEncoder: is_causal", is_causal)
        return self._through(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=is_causal)


class TransformerDecoder(_Stack):
    """Layers of a decoder, each on what the one before gives, and all on the same memory, as
    `torch.nn.TransformerDecoder`.

    Args:
        decoder_layer: a `TransformerDecoderLayer`, or another module that is called as it is; the layers are copies of
            it, which start with the same numbers.
        num_layers: how many.
        norm: a module that is applied to the last one's output, or None.

    Called with tgt (T, N, E), memory (S, N, E) and masks as its layers are; it gives tgt's shape.

    Raises:
        ValueError: num_layers isn't a positive int.
        TypeError: decoder_layer or norm isn't a Module.

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> TransformerDecoder(layer, 3)(np.ones((5, 3, 8)), np.ones((5, 7, 8))).shape
    (5, 3, 8)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None):
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        return self._through(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=_hint("TransformerDecoder: tgt_is_causal", tgt_is_causal),
            memory_is_causal=yes_or_no("TransformerDecoder: memory_is_causal", memory_is_causal),
        )


def _hint(where: str, value: Any) -> bool:
    return value is not None and yes_or_no(where, value)


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that attends to the encoder's output, as
    `torch.nn.Transformer`: decoder(tgt, encoder(src)).

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, rng, dtype:
            of the layers, as in `TransformerEncoderLayer`.
        num_encoder_layers, num_decoder_layers: how many layers.
        custom_encoder, custom_decoder: modules to be taken in place of the encoder or the decoder.

    Called with src (S, N, E) and tgt (T, N, E), or both without N, and the masks of `TransformerEncoder` (src_mask,
    src_key_padding_mask, src_is_causal) and `TransformerDecoder`; it gives tgt's shape.

    All weights start with numbers drawn evenly from -sqrt(6 / (n + m)) to that, for n inputs and m outputs (Glorot and
    Bengio, 2010), those of custom modules, too.

    Raises:
        ValueError: a number isn't positive, nhead doesn't divide d_model, dropout is no probability, the activation is
            unknown, or shapes don't fit.
        TypeError: a flag isn't a bool, a custom encoder or decoder isn't a Module, or arrays aren't real numbers.

    >>> model = Transformer(8, 2, 1, 1, dim_feedforward=16, batch_first=True, rng=0)
    >>> model(np.ones((5, 7, 8)), np.ones((5, 3, 8)), tgt_is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        args = (dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        make = Options("Transformer", d_model, nhead, *args, rng, dtype)
        layers = [positive_int(f"Transformer: num_{what}_layers", n) for what, n in
                  (("encoder", num_encoder_layers), ("decoder", num_decoder_layers))]  # fmt: skip
        for what, module in (("custom_encoder", custom_encoder), ("custom_decoder", custom_decoder)):
            if module is not None and not isinstance(module, Module):
                raise TypeError(f"Transformer: {what} must be a Module, not {module!r}")
        options: dict[str, Any] = {"rng": make.rng, "dtype": make.dtype}
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(d_model, nhead, *args, **options), layers[0], make.norm()
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(d_model, nhead, *args, **options), layers[1], make.norm()
        )
        self.d_model, self.nhead, self.batch_first = make.d_model, make.nhead, make.batch_first
        for p in self.parameters():
            if p.ndim > 1:
                limit = math.sqrt(6 / (sum(p.shape[:2]) * math.prod(p.shape[2:])))
                p.data[...] = make.rng.uniform(-limit, limit, p.shape)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        src, tgt = sequences("Transformer", self.d_model, self.batch_first, src=src, tgt=tgt)
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: DTypeLike = np.float64) -> np.ndarray:
        """The causal mask as floats: 0 where query i sees key j, that is j <= i, and -inf elsewhere.

        Raises:
            ValueError: sz isn't an int, or negative, or too large.
            TypeError: the dtype isn't floating.

        >>> Transformer.generate_square_subsequent_mask(3)
        array([[  0., -inf, -inf],
               [  0.,   0., -inf],
               [  0.,   0.,   0.]])
        """
        where = "Transformer.generate_square_subsequent_mask"
        sz, dtype = whole_number(f"{where}: sz", sz), floating_dtype(f"{where}: dtype", dtype)
        if sz * sz > MOST:
            raise ValueError(f"{where}: sz is too large for an array of {sz} x {sz} numbers")
        return np.triu(np.full((sz, sz), -np.inf, dtype), 1)
