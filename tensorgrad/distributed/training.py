"""fit: a training whose data lie in chunks on many workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from dask.base import compute, persist
from dask.delayed import delayed

from ..arguments import generator, one_of, positive_int, yes_or_no
from ..calls import described
from ..module import Module
from ..optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from ..optim.optimizer import Optimizer
from ..saving import suffix_of
from .checkpoint import read_checkpoint, write_checkpoint
from .chunks import Parts, chunks_of
from .gradient import SUMS, computed, drawn_seeds
from .work import generators_in, job_of, length, require_loss, shuffled

_NAME = "distributed.fit"


def fit(
    model: Module,
    optimizer: Optimizer,
    loss: Callable[..., Any],
    *data: Any,
    epochs: int = 1,
    batch_size: int | None = None,
    rng: Any = None,
    shuffle: bool = True,
    reduction: str = "mean",
    schedule: LRScheduler | None = None,
    checkpoint: Any = None,
    resume: bool = False,
    callback: Callable[[int, float], Any] | None = None,
) -> list[float]:
    """Train a model on data that lie in chunks, as Dask arrays do, on one machine or many.

    The data are computed once, and stay on the workers. In each step every chunk gives its share of the batch: the
    gradient is computed where the chunk is, added up there, and comes back for one step of the optimiser, here. So let
    there be one chunk for each worker, or a few. If a worker is lost, others do its work again: the numbers are those
    of a run without the loss.

    Args:
        model: it is changed in place.
        optimizer: any of tensorgrad.optim, of parameters of the model. (LBFGS asks for the loss of one batch several
            times in a step.)
        loss: a function of the model and the arrays of some examples, which gives one real number.
        data: Dask arrays or lists of batches, as for `value_and_grad`.
        epochs: how often all examples are gone through, in the end: a run that is taken up again does what is missing.
        batch_size: about how many examples a step takes: each chunk is cut into as many parts as there are batches, so
            that a batch may have more or less of them, by fewer than there are chunks. None for all examples.
        rng: a `numpy.random.Generator` or a seed, by which the examples of each chunk are shuffled, in each epoch anew.
        shuffle: whether they are; if not, they come in their order.
        reduction: what the loss is over its examples, "mean" or "sum".
        schedule: of the optimiser's learning rate, which takes a step after each epoch; ReduceLROnPlateau by its loss.
        checkpoint: a path that ends in .npz or .safetensors. At the beginning and after each epoch model, optimiser,
            schedule, random generators and losses are written there, as a whole or not at all.
        resume: whether to go on from the checkpoint, if it is there; the numbers are those of a run in one piece. If it
            is False, a file that is there is an error.
        callback: is called after each epoch, when the checkpoint is written: callback(epoch, loss), from 0 on.

    Returns:
        The loss of each epoch, the mean of those of its steps, weighted by their examples; for a "sum", their sum.

    Raises:
        TypeError: model is no Module, optimizer no Optimizer, and so on; and what `value_and_grad` raises.
        ValueError: the optimiser has other parameters than the model; the checkpoint is of another training; a number
            is out of range.
        FileExistsError: there is a checkpoint, but resume is False.

    >>> import dask.array as da
    >>> import numpy as np
    >>> from tensorgrad import MLP, SGD, mse_loss
    >>> from tensorgrad.distributed import fit
    >>> X = da.from_array(np.linspace(-1, 1, 64).reshape(64, 1), chunks=(32, 1))
    >>> model = MLP(1, [8, 1], rng=0)
    >>> optimizer = SGD(model.parameters(), lr=0.1)
    >>> losses = fit(model, optimizer, lambda model, X: mse_loss(model(X), X**2), X, epochs=50, batch_size=16, rng=0)
    >>> losses[-1] < 0.1 * losses[0]
    True
    """
    training = _Training(model, optimizer, loss, reduction, schedule)
    epochs = positive_int(f"{_NAME}: epochs", epochs)
    batch_size = None if batch_size is None else positive_int(f"{_NAME}: batch_size", batch_size)
    training.rng = generator(f"{_NAME}: rng", rng)
    shuffle = yes_or_no(f"{_NAME}: shuffle", shuffle) and batch_size is not None
    if callback is not None and not callable(callback):
        raise TypeError(f"{_NAME}: callback must be a function of the epoch and its loss, not {described(callback)}")
    goes_on = _is_there(checkpoint, resume)
    training.place(data, batch_size, shuffle)
    if goes_on:
        training.load(checkpoint)
    elif checkpoint is not None:
        training.save(checkpoint)  # now, since it may fail
    for epoch in range(len(training.losses), epochs):
        training.epoch()
        if checkpoint is not None:
            training.save(checkpoint)
        if callback is not None:
            callback(epoch, training.losses[-1])
    return [*training.losses]


def _is_there(checkpoint: Any, resume: Any) -> bool:
    """Whether there is a checkpoint to go on from."""
    resume = yes_or_no(f"{_NAME}: resume", resume)
    if checkpoint is None:
        if resume:
            raise ValueError(f"{_NAME}: resume is True, but there is no checkpoint to go on from; pass its path")
        return False
    suffix_of(f"{_NAME}: checkpoint", checkpoint)
    is_there = os.path.exists(checkpoint)
    if is_there and not resume:
        raise FileExistsError(
            f"{_NAME}: there is a checkpoint {os.fspath(checkpoint)!r}; pass resume=True to go on from it, or remove it"
        )
    return is_there


class _Training:
    """A training as it stands: the model and what trains it, and where the examples are."""

    rng: np.random.Generator
    chunks: Parts
    lengths: list[int]
    steps: int  # of an epoch
    shuffle: bool

    def __init__(self, model: Any, optimizer: Any, loss: Any, reduction: Any, schedule: Any):
        if not isinstance(model, Module):
            raise TypeError(
                f"{_NAME}: model must be a Module, not {described(model)}; other structures of parameters are trained "
                f"in a loop with distributed.value_and_grad"
            )
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{_NAME}: optimizer must be one of tensorgrad.optim, not {described(optimizer)}")
        require_loss(_NAME, loss)
        if schedule is not None and (not isinstance(schedule, LRScheduler) or schedule.optimizer is not optimizer):
            raise TypeError(
                f"{_NAME}: schedule must be one of tensorgrad.optim, of this optimizer, not {described(schedule)}"
            )
        one_of(f"{_NAME}: reduction", reduction, ("mean", "sum"))
        own = {id(p) for p in model.parameters()}
        if not all(id(p) in own for p in optimizer.parameters):
            raise ValueError(
                f"{_NAME}: the optimizer has a parameter that isn't one of the model, so it has no gradient"
            )
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.reduction, self.schedule = reduction, schedule
        self.losses: list[float] = []

    def place(self, data: Sequence[Any], batch_size: int | None, shuffle: bool) -> None:
        """Have the data computed, where they stay, and cut into batches."""
        self.chunks = persist(chunks_of(_NAME, data))[0]
        self.lengths = [*compute([delayed(length, pure=False)(_NAME, *chunk) for chunk in self.chunks])[0]]
        total = sum(self.lengths)
        if not total:
            raise ValueError(f"{_NAME}: the data hold no example, so there is nothing to train on")
        self.steps = 1 if batch_size is None else -(-total // batch_size)
        self.shuffle = shuffle

    def epoch(self) -> None:
        """Go through all examples once."""
        orders: Sequence[Any] = [None] * len(self.chunks)
        if self.shuffle:
            seed = int(self.rng.integers(2**63))
            orders = persist([delayed(shuffled, pure=False)(seed, i, n) for i, n in enumerate(self.lengths)])[0]
        total = 0.0
        for step in range(self.steps):
            places = [slice(n * step // self.steps, n * (step + 1) // self.steps) for n in self.lengths]
            n = sum(place.stop - place.start for place in places)
            if n:
                value = self.step([*zip(orders, places, strict=True)])
                total += value if self.reduction == "sum" else value * n / sum(self.lengths)
        self.losses.append(total)
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(total)
        elif self.schedule is not None:
            self.schedule.step()

    def step(self, rows: Sequence[Any]) -> float:
        """One step of the optimiser, on these rows of each chunk; the loss before it."""
        seeds = drawn_seeds(self.model)
        used = [i for i, (_, place) in enumerate(rows) if place.start < place.stop]
        chunks = [self.chunks[i] for i in used]

        def closure() -> Any:
            parameters = self.model.parameters_by_name()
            job = job_of(_NAME, self.loss, self.model, {}, seeds)
            value, gradients, _ = computed(job, chunks, SUMS[self.reduction], [rows[i] for i in used])
            self.optimizer.zero_grad()  # of frozen parameters, too
            for p, g in zip(parameters.values(), gradients, strict=True):
                p.grad = g
            return value

        return float(self.optimizer.step(closure))

    # Checkpoints

    def settings(self) -> dict[str, Any]:
        """What must be the same in a training that goes on."""
        return {
            "optimizer": type(self.optimizer).__name__,
            "schedule": type(self.schedule).__name__,
            "reduction": self.reduction,
            "lengths of the chunks": self.lengths,
            "batches in an epoch": self.steps,
            "shuffle": self.shuffle,
        }

    def generators(self) -> dict[str, np.random.Generator]:
        return {"rng": self.rng, **{f"model{name}": rng for name, rng in generators_in(self.model).items()}}

    def save(self, path: Any) -> None:
        state = {
            "settings": self.settings(),
            "losses": self.losses,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "generators": {name: rng.bit_generator.state for name, rng in self.generators().items()},
        }
        write_checkpoint(f"{_NAME}: checkpoint", path, state)

    def load(self, path: Any) -> None:
        state = read_checkpoint(f"{_NAME}: checkpoint", path)
        for what, now in self.settings().items():
            then = state["settings"][what]
            if now != then:
                raise ValueError(f"{_NAME}: the checkpoint is of another training: {what}: {then}, and now {now}")
        generators = self.generators()
        if generators.keys() != state["generators"].keys():
            raise ValueError(
                f"{_NAME}: the checkpoint is of another training: random generators {sorted(state['generators'])}, and "
                f"now {sorted(generators)}"
            )
        for name, rng in generators.items():
            then, now = state["generators"][name]["bit_generator"], type(rng.bit_generator).__name__
            if now != then:
                raise ValueError(
                    f"{_NAME}: the checkpoint is of another training: generator {name} is a {then}, and now a {now}"
                )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        for name, rng in generators.items():
            rng.bit_generator.state = state["generators"][name]
        self.losses = state["losses"]
