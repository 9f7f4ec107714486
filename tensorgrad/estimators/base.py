"""What the estimators share: how a network is trained as scikit-learn has it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..data import progress
from ..grad_mode import enable_grad, no_grad
from ..module import Module
from ..tensor import data_of
from .examples import Examples, dense
from .steps import Patience, Step, Steps, optimizer_of, require_rows, scale_rate, takes_decay

_AT_ONCE = 4096  # how many rows a network is given when nothing is recorded


class NetworkEstimator(BaseEstimator):
    """What the four share. A subclass says what its network is, what its loss is, and what its outputs mean."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "solver": [StrOptions({"adam", "sgd", "lbfgs"}), callable],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {math.inf})],
    }

    _is_numeric = True  # whether y is numbers
    network_: Module
    n_features_in_: int
    n_outputs_: int
    _dtype: Any

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Set the parameters of an __init__ to what it was given, its locals(). (scikit-learn reads the names of
        parameters from its signature, so each class has to list them.)"""
        for name, value in given.items():
            if name != "self":
                setattr(self, name, value)

    # What subclasses say ----------------------------------------------------------------------------------------------

    def _make(self, n_features: int, n_outputs: int, rng: np.random.Generator) -> Module:
        """A network that nobody else has."""
        raise NotImplementedError

    def _compiles(self) -> bool:
        """Whether many steps are compiled."""
        return True

    def _targets(self, y: Any, goes_on: bool, classes: Any) -> np.ndarray:
        """y as numbers, a row for each example; n_outputs_ is set, or, if the training goes on, what it has to be."""
        raise NotImplementedError

    def _as_outputs(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """y as the loss takes it beside outputs of this shape, of one example; or an error."""
        raise NotImplementedError

    def _weights(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """The weight of each example, of which this much was given."""
        return weight

    def _loss(self) -> Callable[..., Any]:
        """A function of outputs, targets and perhaps weights."""
        raise NotImplementedError

    def _score(self, examples: Examples, outputs: np.ndarray) -> float:
        """How good the predictions are that these outputs stand for: what `score` gives."""
        raise NotImplementedError

    def _stratified(self, y: np.ndarray) -> np.ndarray | None:
        """What the examples held out are to have in the same proportions."""
        return None

    # Training ---------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train a network; with warm_start, the one that there is already.

        Args:
            X: (n, features), numbers: an array, a data frame, or a sparse matrix, which is made dense batch by batch.
            y: (n,) or (n, outputs).
            sample_weight: (n,), not negative. One of weight 0 is left out. Where one batch holds all, a whole number
                stands for so many copies.

        Returns:
            The estimator itself.

        Raises:
            ValueError: of scikit-learn, which says what is wrong with a parameter or with the data; or the training
                diverged.
        """
        self._validate_params()
        return self._trained(X, y, sample_weight)

    def _trained(self, X: Any, y: Any, sample_weight: Any, once: bool = False, classes: Any = None) -> Any:
        """Train: all epochs, or one more."""
        goes_on = hasattr(self, "network_") and (once or self.warm_start)
        dtype = self._dtype if goes_on else (np.float64, np.float32)
        rules = {"accept_sparse": "csr", "multi_output": True, "dtype": dtype, "y_numeric": self._is_numeric}
        X, y = validate_data(self, X, y, reset=not goes_on, **rules)
        self._dtype = X.dtype
        examples = self._weighted(X, self._targets(y, goes_on, classes), sample_weight)
        keeps = goes_on
        try:
            if not goes_on:
                self._start()
            self._train(examples, once)
            keeps = True
        except KeyboardInterrupt:
            keeps = True  # what was learned until then
            raise
        finally:
            if not keeps and hasattr(self, "network_"):  # nobody is to predict with it, or to go on from it
                del self.network_
        return self

    def _train(self, examples: Examples, once: bool) -> None:
        """Train the network that there is."""
        shape = self._outputs(examples.X[:1]).shape
        if not any(p.requires_grad for p in self.network_.parameters()):
            raise ValueError(
                f"{type(self).__name__}: the network has nothing to train: it has no parameters, or all are frozen; "
                f"unfreeze() some"
            )
        try:
            self.network_.train()
            with enable_grad():
                self._run(examples, shape, once)
        finally:
            self.network_.eval()
        if not all(np.isfinite(p.data).all() for p in self.network_.parameters()):
            raise self._diverged()

    def _require_incremental(self) -> None:
        """An error, if a parameter needs all examples at once."""
        for name, value in (("early_stopping", True), ("solver", "lbfgs")):
            if getattr(self, name) == value:
                raise ValueError(
                    f"{type(self).__name__}: partial_fit does not support {name}={value!r}, which needs all examples "
                    f"at once"
                )

    def _weighted(self, X: Any, y: np.ndarray, sample_weight: Any) -> Examples:
        """The examples with their weights, without those that have none."""
        weight = sample_weight
        if weight is not None:
            weight = _check_sample_weight(weight, X, dtype=X.dtype, ensure_non_negative=True)
        weight = self._weights(y, weight)
        examples = Examples(X, y, weight)
        if weight is None or np.all(weight > 0):
            return examples
        if not np.any(weight > 0):
            raise ValueError(f"{type(self).__name__}: all weights are zero, by sample_weight or class_weight")
        return examples.taken(np.flatnonzero(weight))

    def _start(self) -> None:
        """A new network, and nothing known of it."""
        seeds = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=4)
        self._rng = np.random.default_rng(seeds)
        self.network_ = self._make(self.n_features_in_, self.n_outputs_, self._rng).to(self._dtype).eval()
        self._optimizer: Any = None
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.t_ = 0

    def _run(self, examples: Examples, shape: tuple[int, ...], once: bool) -> None:
        """The epochs, for a network whose outputs have this shape, of one example."""
        train, held = self._split(examples)
        size = self._batch_size(len(train))
        train, steps = self._prepared(train, size, shape, once)
        rng = self._rng if self.shuffle else None
        patience, best = Patience(self.tol, self.n_iter_no_change), None
        epochs = self._epochs(1 if once else self.max_iter)
        self.n_iter_ = 0
        for _ in epochs:
            losses = [self._stepped(steps, batch, size) * len(batch[0]) for batch in train.batches(size, rng)]
            score = -self._noted(sum(losses) / len(train), len(train))
            if held is not None:
                score = self._validated(held)
                if score > patience.best:
                    best = self.network_.state_dict()
            self._show(epochs)
            if self.learning_rate == "invscaling":
                self._scale_rate(((self.t_ - len(train) + 1) / (self.t_ + 1)) ** self.power_t)
            if patience(score) and not self._slowed(patience):
                break
        else:
            self._warn(once)
        if best is not None:
            self.network_.load_state_dict(best)
        self.best_loss_ = min(self.loss_curve_)
        self.best_validation_score_ = None if held is None else patience.best

    def _stepped(self, steps: Steps, batch: tuple[Any, ...], size: int) -> float:
        """The loss of a step with a batch, of so many examples but for the last one."""
        try:
            return steps(*batch)
        except ValueError as error:
            if len(batch[0]) == 1 < size:  # what BatchNorm refuses, say
                error.add_note(
                    f"({type(self).__name__}: the last batch has 1 example, the rest of the examples by {size}; choose "
                    f"another batch_size)"
                )
            raise

    def _split(self, examples: Examples) -> tuple[Examples, Examples | None]:
        """Examples to train with, and those that are held out for early stopping."""
        if not self.early_stopping:
            return examples, None
        strata = self._stratified(examples.y)
        try:
            train, held = train_test_split(
                np.arange(len(examples)),
                test_size=self.validation_fraction,
                stratify=strata,
                random_state=int(self._rng.integers(np.iinfo(np.int32).max)),
            )
        except ValueError as error:
            some = "" if strata is None else ", some of each class"
            raise ValueError(
                f"{type(self).__name__}: early_stopping=True can't hold out validation_fraction="
                f"{self.validation_fraction} of {len(examples)} examples{some}: "
                f"{error} Give more examples, change validation_fraction, or train without early_stopping"
            ) from error
        if len(held) < 2:
            raise ValueError(
                f"{type(self).__name__}: of {len(examples)} examples, validation_fraction={self.validation_fraction} "
                f"holds out {len(held)}; to tell when to stop, 2 are needed"
            )
        return examples.taken(np.sort(train)), examples.taken(np.sort(held))

    def _batch_size(self, n: int) -> int:
        if self.solver == "lbfgs":
            return n
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n)

    def _prepared(self, train: Examples, size: int, shape: tuple[int, ...], once: bool) -> tuple[Examples, Steps]:
        """The examples as the steps take them, and the steps. A new optimiser, unless this goes on with partial_fit."""
        y, weight, decay = self._as_outputs(train.y, shape), train.weight, float(self.alpha) / size
        if weight is not None:
            mean = weight.mean()
            column = (weight / mean).reshape(-1, *[1] * (y.ndim - 1))
            weight, decay = np.broadcast_to(column, y.shape), decay / float(mean)
        if self._optimizer is None or not once:
            self._optimizer = optimizer_of(self, self.network_)
        by_optimizer = not callable(self.solver) and takes_decay(self._optimizer, decay)
        step = Step(self.network_, self._optimizer, self._loss(), decay, by_optimizer)
        most = 0 if once or not self._compiles() else self.max_iter * -(-len(train) // size)
        return Examples(train.X, y, weight), Steps(step, size, most)

    def _noted(self, loss: float, n: int) -> float:
        """The loss of an epoch of n examples."""
        if not math.isfinite(loss):
            raise self._diverged()
        self.loss_curve_.append(loss)
        self.loss_ = loss
        self.n_iter_ += 1
        self.t_ += n
        return loss

    def _validated(self, held: Examples) -> float:
        self.network_.eval()
        score = float(self._score(held, self._finite(self._outputs(held.X))))
        self.network_.train()
        if self.validation_scores_ is None:
            self.validation_scores_ = []
        self.validation_scores_.append(score)
        return score

    def _finite(self, outputs: np.ndarray) -> np.ndarray:
        if not np.isfinite(outputs).all():
            raise self._diverged()
        return outputs

    def _slowed(self, patience: Patience) -> bool:
        """Whether training goes on with a smaller learning rate."""
        if self.learning_rate != "adaptive" or self._scale_rate(1 / 5) <= 1e-6 / 5:
            return False
        patience.waited = 0
        return True

    def _scale_rate(self, factor: float) -> float:
        return scale_rate(self._optimizer, factor, as_scikit_learn=self.solver == "sgd")

    def _diverged(self) -> ValueError:
        return ValueError(
            f"{type(self).__name__}: the training diverged: the loss or the parameters aren't finite any more; "
            f"scale X, or make learning_rate_init smaller"
        )

    def _warn(self, once: bool) -> None:
        if not once and self.n_iter_no_change != math.inf:
            warnings.warn(
                f"{type(self).__name__}: max_iter={self.max_iter} epochs are over, and the training hasn't converged "
                f"yet; n_iter_no_change=float('inf') says that it needn't",
                ConvergenceWarning,
                stacklevel=5,
            )

    # What is shown ----------------------------------------------------------------------------------------------------

    def _epochs(self, n: int) -> Iterable[int]:
        if not self.verbose or n == 1:
            return range(n)
        epochs = progress(range(n), type(self).__name__)
        if not hasattr(epochs, "set_postfix"):
            raise ImportError(f"{type(self).__name__}: verbose needs tqdm: pip install tqdm")
        return epochs

    def _show(self, epochs: Any) -> None:
        """The last loss and score, beside the progress bar."""
        if hasattr(epochs, "set_postfix"):
            score = {"score": f"{self.validation_scores_[-1]:.4f}"} if self.validation_scores_ else {}
            epochs.set_postfix(loss=f"{self.loss_:.4g}", **score)

    # Predictions ------------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> np.ndarray:
        """What the network gives for rows that have been checked."""
        with no_grad():
            return np.concatenate([self._part(dense(X[i : i + _AT_ONCE])) for i in range(0, X.shape[0], _AT_ONCE)])

    def _part(self, rows: np.ndarray) -> np.ndarray:
        outputs = self.network_(rows)
        require_rows(type(self).__name__, outputs, len(rows))
        return data_of(outputs)

    def _outputs_for(self, X: Any) -> np.ndarray:
        """What the network gives for rows that a user gives, (n, outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=self._dtype, reset=False)
        return self._outputs(X).reshape(X.shape[0], -1)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
