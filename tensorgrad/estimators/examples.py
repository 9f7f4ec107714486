"""The examples that an estimator is trained with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse


@dataclass(frozen=True)
class Examples:
    """X of shape (n, features), perhaps sparse; y of shape (n, ...); and weights of shape (n,), whose mean is 1, or
    None if all weigh the same."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None

    def __len__(self) -> int:
        return int(self.y.shape[0])

    def taken(self, which: Any) -> Examples:
        """Those with these numbers."""
        return Examples(self.X[which], self.y[which], None if self.weight is None else self.weight[which])

    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator[tuple[Any, ...]]:
        """Tuples of dense arrays, of so many examples, shuffled by rng; in one batch of all the order is no matter."""
        n = len(self)
        order = rng.permutation(n) if rng is not None and size < n else None
        for start in range(0, n, size):
            batch: Any = slice(start, start + size)
            batch = batch if order is None else order[batch]
            yield tuple(dense(part[batch]) for part in (self.X, self.y, self.weight) if part is not None)


def dense(array: Any) -> np.ndarray:
    return array.toarray() if issparse(array) else array
