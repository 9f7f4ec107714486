"""Tables whose rows are looked up by number, and learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import MOST, floating_array, floating_dtype, generator, norm_order, one_of, positive_int, yes_or_no
from ..functions.embedding import embedding, embedding_bag, largest_norm, padding_row
from ..module import Module
from ..tensor import Tensor

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What both have in common."""

    def _set(
        self, num_embeddings: Any, embedding_dim: Any, padding_idx: Any, max_norm: Any, norm_type: Any,
        scale_grad_by_freq: Any, name: str,
    ) -> None:  # fmt: skip
        """Everything but the table; name is that of who is called, for errors."""
        self.num_embeddings = positive_int(f"{name}: num_embeddings", num_embeddings)
        self.embedding_dim = positive_int(f"{name}: embedding_dim", embedding_dim)
        self.padding_idx = padding_row(f"{name}: padding_idx", padding_idx, self.num_embeddings)
        self.max_norm = largest_norm(f"{name}: max_norm", max_norm)
        self.norm_type = norm_order(f"{name}: norm_type", norm_type)
        self.scale_grad_by_freq = yes_or_no(f"{name}: scale_grad_by_freq", scale_grad_by_freq)

    def _draw(self, rng: Any, dtype: DTypeLike) -> None:
        """The table, drawn from the standard normal distribution; zeros for the padding."""
        name, shape = type(self).__name__, (self.num_embeddings, self.embedding_dim)
        rng, dtype = generator(f"{name}: rng", rng), floating_dtype(f"{name}: dtype", dtype)
        if float(shape[0]) * shape[1] > MOST:
            raise ValueError(f"{name}: weight of shape {shape} is more than an array can hold")
        data = rng.normal(size=shape).astype(dtype)
        if self.padding_idx is not None:
            data[self.padding_idx] = 0
        self.weight = Tensor(data, name="weight")

    @classmethod
    def _of(cls, embeddings: Any, freeze: Any, **options: Any) -> Any:
        """A layer whose table is this array, which isn't copied."""
        name = f"{cls.__name__}.from_pretrained"
        data = floating_array(name, "embeddings", embeddings)
        if data.ndim != 2 or data.dtype.kind != "f":
            raise ValueError(
                f"{name}: embeddings must be real numbers of shape (rows, width), not {data.dtype} of {data.shape}"
            )
        freeze = yes_or_no(f"{name}: freeze", freeze)
        layer: Any = cls.__new__(cls)
        layer._set(*data.shape, **options, name=name)
        layer.weight = Tensor(data, name="weight")
        layer.weight.requires_grad = not freeze
        return layer

    def extra_repr(self) -> str:
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}
        told = [f", {name}={value}" for name in defaults if (value := getattr(self, name)) != defaults[name]]
        return f"{self.num_embeddings}, {self.embedding_dim}" + "".join(told)


class Embedding(_Table):
    """Row x of a table, as `torch.nn.Embedding` (Bengio and others, A neural probabilistic language model, 2003).

    Args:
        num_embeddings, embedding_dim: how many rows there are, and how wide they are.
        padding_idx: the number of a row that is zeros, and gets no gradient; negative, it counts from the end.
        max_norm, norm_type: before they are looked up, rows with a larger p-norm are scaled down to max_norm, in place.
        scale_grad_by_freq: whether the gradient of a row is divided by how often it is looked up in a call.
        rng: a `numpy.random.Generator` or a seed, which makes the initial numbers repeatable. They are drawn from the
            standard normal distribution.
        dtype: of the table, float64 or another floating one.

    Called with ints of shape (...), it gives (..., embedding_dim). Its parameter is `weight` of shape (num_embeddings,
    embedding_dim).

    Raises:
        ValueError: an argument is out of its range.
        IndexError: a number that it is called with is no row's.
        TypeError: it is called with what isn't ints, scale_grad_by_freq isn't a bool, the dtype isn't floating, rng is
            neither a Generator nor a seed.

    >>> Embedding(10, 3, rng=0)([[1, 2], [4, 1]]).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self._set(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, name="Embedding")
        self._draw(rng, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
    ) -> Embedding:
        """An Embedding whose table is this array (rows, width), which isn't copied. If freeze, it isn't trained.

        Raises:
            ValueError: embeddings isn't a matrix, or an argument is out of its range.
            TypeError: embeddings isn't numbers, or a flag isn't a bool.

        >>> Embedding.from_pretrained(np.array([[0.5, 1.0], [2.0, 3.0]]))([1, 0])
        Tensor([[2.  3. ]
                [0.5 1. ]])
        """
        return cls._of(
            embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        return embedding(x, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)


class EmbeddingBag(_Table):
    """The sum, mean or maximum of rows of a table, as `torch.nn.EmbeddingBag`.

    Args:
        num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, rng, dtype: as of `Embedding`.
        mode: 'sum', 'mean' or 'max'.
        include_last_offset: whether offsets have one number more, the end of the last bag.
        padding_idx: the number of a row that is zeros, and is left out of all bags; negative, it counts from the end.

    Called with ints of shape (bags, length), or (n,) and the offsets (bags,) where each bag begins, it gives (bags,
    embedding_dim). per_sample_weights, of the shape of the ints, multiply the rows, if the mode is 'sum'. Its parameter
    is `weight` of shape (num_embeddings, embedding_dim).

    Raises:
        ValueError: an argument is out of its range, or shapes and offsets don't fit.
        IndexError: a number that it is called with is no row's.
        TypeError: it is called with what isn't ints, a flag isn't a bool, the dtype isn't floating, rng is neither a
            Generator nor a seed.

    >>> EmbeddingBag(10, 3, mode="sum", rng=0)([1, 2, 4, 1], offsets=[0, 3]).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self._set(
            num_embeddings, embedding_dim, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, mode=mode, include_last_offset=include_last_offset,
            name="EmbeddingBag",
        )  # fmt: skip
        self._draw(rng, dtype)

    def _set(  # type: ignore[override]
        self, num_embeddings: Any, embedding_dim: Any, mode: Any, include_last_offset: Any, name: str, **options: Any
    ) -> None:
        super()._set(num_embeddings, embedding_dim, name=name, **options)
        self.mode = one_of(f"{name}: mode", mode, ("sum", "mean", "max"))
        self.include_last_offset = yes_or_no(f"{name}: include_last_offset", include_last_offset)
        if self.scale_grad_by_freq and self.mode == "max":
            raise ValueError(f"{name}: scale_grad_by_freq isn't defined for the mode 'max'")

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """An EmbeddingBag whose table is this array (rows, width), which isn't copied. If freeze, it isn't trained.

        Raises:
            ValueError: embeddings isn't a matrix, or an argument is out of its range.
            TypeError: embeddings isn't numbers, or a flag isn't a bool.

        >>> EmbeddingBag.from_pretrained(np.array([[0.0, 1.0], [2.0, 3.0]]))([[1, 0]])
        Tensor([[1. 2.]])
        """
        return cls._of(
            embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, mode=mode, include_last_offset=include_last_offset,
        )  # fmt: skip

    def forward(self, x: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        return embedding_bag(
            x, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, mode={self.mode!r}"
