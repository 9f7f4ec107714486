"""value_and_grad of data that lie in chunks on many workers, and what it is made of."""

from __future__ import annotations

import contextlib
import pickle
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import cloudpickle  # which Dask needs, and sends functions by
import dask
from dask.base import compute
from dask.delayed import delayed
from dask.utils import parse_bytes

from ..arguments import one_of, yes_or_no
from ..derivatives.arrays import as_0d
from ..trace import named
from ..tree import tree_fill
from .chunks import Parts, chunks_of
from .work import Job, aux_of, generators_in, job_of, mean_of_two, part_of_chunk, require_loss, sum_of_two

SUMS = {"mean": mean_of_two, "sum": sum_of_two}
_UNSENDABLE = (TypeError, AttributeError, pickle.PicklingError)  # what pickle says of an object that it can't write
_WARNED_FROM = "distributed.admin.large-graph-warning-threshold"


def value_and_grad(loss: Callable[..., Any], reduction: str = "mean", has_aux: bool = False) -> Callable[..., Any]:
    """`tensorgrad.value_and_grad` of a loss over data that lie in chunks, as Dask arrays do, on one machine or many.

    Each chunk's loss and gradient are computed where the chunk is, and added up in pairs there; what comes back is one
    loss and one gradient. It is one computation, by the scheduler that Dask is set to, or the Client that is there.

    Args:
        loss: a function of the parameters and the arrays of some examples, which gives one real number.
        reduction: what the loss is over the examples that it is given, their "mean" or their "sum". Chunks needn't be
            of one length; a mean is weighted by how many examples each chunk has.
        has_aux: the loss returns a pair `(y, aux)`; then the result is `((y, auxes), gradient)`, with a list of what
            each chunk gave, None of one without examples.

    Returns:
        A function of the parameters (a number, an array, a Tensor, a Module, or lists, tuples, dicts and dataclasses of
        them), and of any number of data: Dask arrays, whose first axis counts the examples, or lists of batches (arrays
        or Delayed). Chunks are aligned along the first axis with those of the first array, and joined along the others.
        Keyword arguments go to the loss as they are; a Generator among them, or in a Module, gives each chunk another
        one, of a seed drawn from it. The value and the gradient are arrays, in the dtypes of
        `tensorgrad.value_and_grad` and in the structure of the parameters, with a dict for a Module.

    Raises:
        TypeError: loss is no function, doesn't return one real number, depends on a Tensor that requires a gradient and
            is no parameter, or uses a random generator from outside; it changed a buffer of a Module; a parameter isn't
            numbers, or was computed; data are no Dask arrays or lists of batches.
        ValueError: reduction is another; data differ in length, can't be aligned since lengths are unknown, or hold no
            example.

    What the loss itself raises arrives as it is.

    >>> import dask.array as da
    >>> import numpy as np
    >>> from tensorgrad.distributed import value_and_grad
    >>> X, y = da.from_array(np.arange(6.0).reshape(6, 1), chunks=(4, 1)), da.arange(6, chunks=2)
    >>> def loss(w, X, y):
    ...     return np.mean((X @ w - y) ** 2)
    >>> value_and_grad(loss)(np.zeros(1), X, y)
    (array(9.16666667), array([-18.33333333]))
    """
    name = "distributed.value_and_grad"
    require_loss(name, loss)
    one_of(f"{name}: reduction", reduction, ("mean", "sum"))
    has_aux = yes_or_no(f"{name}: has_aux", has_aux)

    @named(name, loss)
    def evaluate(parameters: Any, /, *data: Any, **kwargs: Any) -> tuple[Any, Any]:
        chunks = chunks_of(name, data)
        job = job_of(name, loss, parameters, kwargs, drawn_seeds((parameters, kwargs)), has_aux)
        value, gradients, auxes = computed(job, chunks, SUMS[reduction])
        gradient = tree_fill(job.parameters, iter(gradients))
        return (value, auxes) if has_aux else value, gradient

    return evaluate


def drawn_seeds(tree: Any) -> tuple[int, ...]:
    """A seed from each random generator in there."""
    return tuple([int(rng.integers(2**63)) for rng in generators_in(tree).values()])


def computed(
    job: Job, chunks: Parts, add: Callable[..., Any], rows: Sequence[Any] | None = None
) -> tuple[Any, list[Any], list[Any]]:
    """The loss of all chunks, its gradients, and what each chunk gave beside; with `rows`, of those of each chunk alone
    that `part_of_chunk` finds by this order and in this place.

    The parameters stand in the graph, once: so they are there again if a worker is lost.
    """
    sent = delayed(job, name=f"parameters-{uuid.uuid4().hex}", traverse=False)
    rows = [(None, slice(None))] * len(chunks) if rows is None else rows
    parts = [
        delayed(part_of_chunk, pure=False)(sent, i, order, place, *chunk)
        for i, ((order, place), chunk) in enumerate(zip(rows, chunks, strict=True))
    ]
    total = summed(parts, add)
    auxes = [delayed(aux_of, pure=False)(part) for part in parts] if job.has_aux else []
    with _allowing(job.nbytes):
        try:
            whole, auxes = compute(total, auxes)
        except _UNSENDABLE as error:
            if "serializ" in str(error) or "pickle" in str(error):
                _require_sendable(job, error)
            raise
    if not whole.examples:
        raise ValueError(f"{job.name}: the data hold no example, so there is no loss")
    return as_0d(whole.value), [as_0d(g) for g in whole.gradients], auxes


def _require_sendable(job: Job, error: Exception) -> None:
    """An error that names what can't be sent to another process, if there is such a thing in the job."""
    arguments = {f"the keyword argument {key}": value for key, value in job.kwargs.items()}
    for what, item in {"the loss": job.loss, "the parameters": job.parameters, **arguments}.items():
        try:
            cloudpickle.dumps(item)
        except _UNSENDABLE as reason:
            raise TypeError(
                f"{job.name}: {what} can't be sent to the workers: {reason}; a function can't close over locks, open "
                f"files, connections or clients, so open them inside of the loss"
            ) from error


def _allowing(nbytes: int) -> Any:
    """A block in which Dask doesn't warn of a graph that is as large as that, and no larger than it may be beside."""
    if "distributed" not in sys.modules:  # which has that setting, and warns
        return contextlib.nullcontext()
    return dask.config.set({_WARNED_FROM: parse_bytes(dask.config.get(_WARNED_FROM)) + nbytes})


def summed(parts: list[Any], add: Callable[..., Any]) -> Any:
    """The sum in pairs of neighbours, of their sums, and so on: a tree, in which no worker holds more than two."""
    while len(parts) > 1:
        pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
        parts = [delayed(add, pure=False)(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]
