"""What a loop of training goes over: batches of arrays, and a progress bar.

for epoch in range(10):
    for inputs, labels in progress(batches(X, y, 32, rng=rng), f"epoch {epoch}"):
        ...
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from .arguments import generator, positive_int, text, yes_or_no
from .calls import described
from .derivatives.arrays import is_array, require_no_subclass
from .tensor import Tensor

__all__ = ["batches", "progress"]

Item = TypeVar("Item")


class batches:
    """Examples, so many at a time: `for inputs, labels in batches(X, y, 32, rng=rng)`.

    Args:
        X: an array of any dtype, or a list, whose first axis counts the examples.
        y: another that is as long, such as the labels; or None.
        batch_size: how many examples a batch has. The last has what remains.
        rng: a `numpy.random.Generator` or a seed, by which the examples are shuffled.
        shuffle: whether they are; if not, they come in their order, and batches are views of the arrays.
        drop_last: whether a last batch that isn't full is left out.

    Each iteration goes over all examples, shuffled anew, and gives pairs of arrays, or without y arrays; `len` says how
    many. Of a memory-mapped array, or a lazy one such as Dask's, no more is read than the batch that is asked for. More
    than two arrays go by number: `for i in batches(np.arange(len(X)), None, 32, rng=rng)`, and then `X[i]`, `y[i]`,
    `z[i]`.

    Raises:
        TypeError: X or y is no array, or a Tensor; rng is neither a Generator nor a seed, a flag isn't a bool.
        ValueError: X or y has no first axis, or they differ in length; batch_size isn't a positive int.

    >>> X, y = np.arange(10).reshape(5, 2), np.array([0, 1, 0, 1, 1])
    >>> for inputs, labels in batches(X, y, 2, shuffle=False):
    ...     print(inputs.tolist(), labels)
    [[0, 1], [2, 3]] [0 1]
    [[4, 5], [6, 7]] [0 1]
    [[8, 9]] [1]
    >>> shuffled = batches(X, batch_size=2, rng=0, drop_last=True)
    >>> len(shuffled), [batch[:, 0].tolist() for batch in shuffled], [batch[:, 0].tolist() for batch in shuffled]
    (2, [[4, 8], [6, 0]], [[8, 2], [4, 0]])
    """

    def __init__(
        self,
        X: Any,
        y: Any = None,
        batch_size: int = 32,
        *,
        rng: Any = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ):
        self.X = _examples("X", X)
        self.y = None if y is None else _examples("y", y)
        self.batch_size = positive_int("batches: batch_size", batch_size)
        self.rng = generator("batches: rng", rng)
        self.shuffle = yes_or_no("batches: shuffle", shuffle)
        self.drop_last = yes_or_no("batches: drop_last", drop_last)
        if self.y is not None and self.y.shape[0] != self.X.shape[0]:
            raise ValueError(
                f"batches: X and y must be of one length, but have the shapes {self.X.shape} and {self.y.shape}"
            )

    def __len__(self) -> int:
        n = self.X.shape[0]
        return int(n // self.batch_size if self.drop_last else -(-n // self.batch_size))

    def __iter__(self) -> Iterator[Any]:
        order = self.rng.permutation(self.X.shape[0]) if self.shuffle else None
        for i in range(len(self)):
            batch: Any = slice(i * self.batch_size, (i + 1) * self.batch_size)
            batch = batch if order is None else order[batch]
            inputs = _read(self.X, batch)
            yield inputs if self.y is None else (inputs, _read(self.y, batch))

    def __repr__(self) -> str:
        shapes = f"{self.X.shape}" if self.y is None else f"{self.X.shape}, {self.y.shape}"
        return f"batches({shapes}, batch_size={self.batch_size}, shuffle={self.shuffle}, drop_last={self.drop_last})"


def _examples(name: str, value: Any) -> Any:
    """What batches are taken of: an array as it is, and another sequence as an array."""
    if isinstance(value, Tensor):
        raise TypeError(f"batches: {name} is a Tensor, and every batch of it would be recorded; pass {name}.data")
    require_no_subclass(type(value), f"batches: {name}")
    if not is_array(value) or hasattr(value, "iloc"):  # pandas has rows by their labels
        try:
            value = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"batches: {name} can't be made an array: {error}") from error
        if value.dtype.kind == "O":
            raise TypeError(f"batches: {name} must be an array of examples, not one of objects")
    if not value.ndim:
        raise ValueError(f"batches: {name} must have a first axis, which counts the examples; it is {described(value)}")
    return value


def _read(array: Any, batch: Any) -> Any:
    """The rows of these numbers, or of a slice, as a plain array."""
    if type(array) is np.ndarray:
        return array[batch]
    if isinstance(batch, slice):
        part = array[batch]
    else:  # what is read from a disk, or computed, in the order in which it lies there
        ascending = np.argsort(batch)
        part = array[batch[ascending]][np.argsort(ascending)]
    part = part.compute() if hasattr(part, "compute") else part  # as Dask's
    return np.asarray(part) if isinstance(part, np.ndarray) else part


def progress(iterable: Iterable[Item], desc: str = "") -> Iterable[Item]:
    """The iterable with a progress bar, by tqdm, as it is gone through; without tqdm, the iterable itself.

    Args:
        iterable: what is gone through; if it has a length, the bar shows how much is done.
        desc: what stands before the bar.

    Raises:
        TypeError: iterable can't be gone through, or desc isn't a str.

    >>> sum(progress(range(4)))
    6
    """
    try:
        iter(iterable)
    except TypeError:
        wanted = "progress: iterable must be one, such as batches(X, y, 32)"
        raise TypeError(f"{wanted}, not {described(iterable)}") from None
    desc = text("progress: desc", desc)
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return iterable
    bar: Iterable[Item] = tqdm(iterable, desc=desc)
    return bar
