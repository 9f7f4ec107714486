"""The steps of a training: an optimiser by its name, and what it does with each batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..module import Module
from ..optim import LBFGS, SGD, Adam, Optimizer
from ..replay.compiled import compile
from ..tensor import Tensor

# How many steps are made as they are before they are compiled, if as many may follow: what is saved in so many is about
# what it takes to record them.
STEPS_BEFORE_COMPILING = 1500


def optimizer_of(estimator: Any, network: Module) -> Optimizer:
    """The optimiser that the estimator's solver stands for."""
    if callable(estimator.solver):
        optimizer = estimator.solver(network.parameters())
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(estimator).__name__}: solver must make an optimiser of tensorgrad.optim from the network's "
                f"parameters; it gave a {type(optimizer).__name__}"
            )
        return optimizer
    if estimator.solver == "lbfgs":  # one iteration in each step
        settings: dict[str, Any] = {"max_iter": 1, "max_eval": 25, "line_search_fn": "strong_wolfe"}
        return LBFGS(network.parameters(), tolerance_grad=0, tolerance_change=1e-12, **settings)
    parts = weights_of(network), [p for p in network.parameters() if p.ndim < 2]
    groups, rate = [{"params": part} for part in parts if part], float(estimator.learning_rate_init)
    if estimator.solver == "sgd":
        momentum = float(estimator.momentum)
        return SGD(groups, lr=rate, momentum=momentum, nesterov=estimator.nesterovs_momentum and momentum > 0)
    betas = float(estimator.beta_1), float(estimator.beta_2)
    return Adam(groups, lr=rate, betas=betas, eps=float(estimator.epsilon))


def takes_decay(optimizer: Optimizer, decay: float) -> bool:
    """Have an optimiser of `optimizer_of` add decay * weights to the gradients, which is that of decay / 2 *
    sum(weights**2); or say that it doesn't, and the loss has to have it."""
    if isinstance(optimizer, LBFGS):
        return False
    for group in optimizer.param_groups:
        group["weight_decay"] = decay if group["params"][0].ndim >= 2 else 0.0
    return True


def scale_rate(optimizer: Optimizer, factor: float, as_scikit_learn: bool) -> float:
    """Multiply the learning rates; the largest is returned. L-BFGS has a line search instead. A momentum of
    scikit-learn's is one of steps that were made, which stay as they were: the rate is in it already."""
    if isinstance(optimizer, LBFGS):
        return 0.0
    for group in optimizer.param_groups:
        group["lr"] *= factor
    for state in optimizer.state.values() if as_scikit_learn else ():
        if "momentum_buffer" in state:
            state["momentum_buffer"] /= factor
    return max(group["lr"] for group in optimizer.param_groups)


def weights_of(network: Module) -> list[Tensor]:
    """The parameters that decay: matrices, and what has more axes; no biases."""
    return [p for p in network.parameters() if p.ndim >= 2]


def require_rows(name: str, outputs: Any, n: int) -> None:
    """An error, unless these are outputs for n examples."""
    if not isinstance(outputs, Tensor | np.ndarray):
        raise TypeError(
            f"{name}: the outputs must be a Tensor with a row for each example, not a {type(outputs).__name__}"
        )
    if outputs.shape[:1] != (n,):
        raise ValueError(
            f"{name}: there must be outputs for each example; for {n} of them the shape is {tuple(outputs.shape)}"
        )


class Step:
    """Called with a batch, it makes a step, and gives the loss before it, without the penalty.

    Args:
        network: it gets the first array of a batch.
        optimizer: of the network's parameters.
        loss: a function of the network's outputs and the other arrays of a batch.
        decay: decay / 2 * sum(weights**2) is the penalty.
        by_optimizer: whether the optimiser takes care of the penalty's gradient.
    """

    def __init__(
        self, network: Module, optimizer: Optimizer, loss: Callable[..., Any], decay: float, by_optimizer: bool
    ):
        self.network, self.optimizer, self.loss = network, optimizer, loss
        self.decay, self.half_decay, self.by_optimizer = decay, decay / 2, by_optimizer
        self.decayed = weights_of(network) if decay else []

    def __call__(self, *batch: Any) -> Any:
        if isinstance(self.optimizer, LBFGS):
            return self._line_search(*batch)
        loss = self._backward(*batch)
        self.optimizer.step()
        return loss

    def scale_decay(self, factor: float) -> None:
        """Have so many times the penalty from now on."""
        self.half_decay = self.decay * factor / 2
        if self.by_optimizer:
            takes_decay(self.optimizer, self.decay * factor)

    def penalty(self) -> float:
        return self.half_decay * sum(float(np.vdot(p.data, p.data)) for p in self.decayed)

    def _backward(self, X: Any, *others: Any) -> Any:
        """The loss without the penalty; the gradients, with the penalty's unless the optimiser adds them, are left in
        the parameters."""
        outputs = self.network(X)
        require_rows("the network", outputs, len(X))
        loss = total = self.loss(outputs, *others)
        if not (isinstance(loss, Tensor) and loss.requires_grad):
            raise ValueError(
                "the loss has no gradient: the outputs of the network must be computed from its parameters, and as "
                "Tensors; what is made of .data or detach() has left the graph"
            )
        for weight in () if self.by_optimizer else self.decayed:
            total = total + self.half_decay * np.sum(weight * weight)
        self.optimizer.zero_grad()
        total.backward(retain_graph=False)
        return loss

    def _line_search(self, *batch: Any) -> Any:
        """A step that looks at the loss at several places; the loss at the first."""
        losses: list[Any] = []

        def closure() -> float:
            losses.append(self._backward(*batch))
            return losses[-1].item() + self.penalty()

        self.optimizer.step(closure)
        return losses[0]


class Steps:
    """A step, which is compiled when it has been made many times; called with a batch, it gives the loss as a number,
    with the penalty.

    Args:
        step: with the penalty of a batch of `size`; a last batch may be smaller, and has more of it.
        size: how many examples a batch has.
        most: how many steps there are, at most, that may be compiled.
    """

    def __init__(self, step: Step, size: int, most: int):
        self.step, self.size = step, size
        self.compiles = most >= 2 * STEPS_BEFORE_COMPILING and not isinstance(step.optimizer, LBFGS)
        self.made = 0
        self.compiled: Any = None

    def __call__(self, *batch: Any) -> float:
        self.made += 1
        if (n := len(batch[0])) != self.size:
            self.step.scale_decay(self.size / n)
            try:
                return self._loss(self.step, batch)
            finally:
                self.step.scale_decay(1)
        if self.compiled is None and self.compiles and self.made > STEPS_BEFORE_COMPILING:
            self.compiled = compile(self.step)
        return self._loss(self.compiled or self.step, batch)

    def _loss(self, step: Callable[..., Any], batch: tuple[Any, ...]) -> float:
        penalty = self.step.penalty()
        return step(*batch).item() + penalty


class Patience:
    """Called with a score after each epoch, it says whether too many in a row were no better by tol than the best."""

    def __init__(self, tol: float, most: float):
        self.tol, self.most = tol, most
        self.best, self.waited = -math.inf, 0

    def __call__(self, score: float) -> bool:
        self.waited = self.waited + 1 if score < self.best + self.tol else 0
        self.best = max(self.best, score)
        return self.waited > self.most
