"""Regressors: what the network gives are the predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions

from ..losses import huber_loss, l1_loss, mse_loss
from ..tensor import Tensor
from .base import NetworkEstimator
from .examples import Examples
from .networks import MLPEstimator, ModuleEstimator, require_shape, shape_of


def squared_error(predictions: Any, y: Any, weight: Any = None) -> Any:
    return 0.5 * mse_loss(predictions, y, weight=weight)


def absolute_error(predictions: Any, y: Any, weight: Any = None) -> Any:
    return l1_loss(predictions, y, weight=weight)


def huber(predictions: Any, y: Any, weight: Any = None) -> Any:
    return huber_loss(predictions, y, weight=weight)


def of_each(loss: Callable[..., Any], predictions: Any, y: Any, weight: Any = None) -> Any:
    """The mean of a user's loss, which is one of each number that is predicted."""
    losses = loss(predictions, y)
    if not isinstance(losses, Tensor):
        raise TypeError(
            f"loss must compute with the predictions as Tensors, and give a Tensor, not a {type(losses).__name__}"
        )
    if losses.shape != y.shape:
        raise ValueError(
            f"loss must give a number for each that is predicted, the shape {y.shape}, not {losses.shape}: the mean is "
            f"taken of them, with the weights"
        )
    return np.mean(losses if weight is None else losses * weight)


LOSSES = {"squared_error": squared_error, "absolute_error": absolute_error, "huber": huber}


class NetworkRegression(MultiOutputMixin, RegressorMixin, NetworkEstimator):
    """What the regressors share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"loss": [StrOptions({*LOSSES}), callable]}
    _shape: tuple[int, ...]  # of y, without the first axis

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train one epoch more with these examples, and the optimiser that there is; arguments as in `fit`.

        Raises:
            ValueError: as in `fit`; or early_stopping or solver='lbfgs' needs all examples at once.
        """
        self._validate_params()
        self._require_incremental()
        return self._trained(X, y, sample_weight, once=True)

    def _targets(self, y: Any, goes_on: bool, classes: Any) -> np.ndarray:
        if goes_on and y.shape[1:] != self._shape:
            raise ValueError(
                f"{type(self).__name__}: y has the shape {y.shape}, but had {shape_of(self._shape)} when training began"
            )
        self._shape = y.shape[1:]
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return y.astype(self._dtype, copy=False)

    def _as_outputs(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        n = self.n_outputs_
        require_shape(self, shape, [(), (1,)] if n == 1 else [(n,)], f"y of shape {shape_of(self._shape)}")
        return y.reshape(-1, *shape[1:])

    def _loss(self) -> Callable[..., Any]:
        return partial(of_each, self.loss) if callable(self.loss) else LOSSES[self.loss]

    def _score(self, examples: Examples, outputs: np.ndarray) -> float:
        return r2_score(examples.y, outputs.reshape(examples.y.shape), sample_weight=examples.weight)

    def predict(self, X: Any) -> np.ndarray:
        """What is predicted for each row, in the shape that y had: (n,) or (n, outputs)."""
        return self._outputs_for(X).reshape(-1, *self._shape)


class MLPRegressor(NetworkRegression, MLPEstimator):
    """A multi-layer perceptron that predicts numbers: y of shape (n,), or (n, outputs).

    Args:
        loss: "squared_error", which is half of the squares; "absolute_error"; "huber", half of the squares up to 1 and
            linear beyond; or a function loss(predictions, y) that gives one loss for each number, in the shape of y,
            (n, outputs). The mean is taken of them.

    The other parameters and attributes are those of `MLPClassifier`, but for classes and their weights; scores are R^2.
    Predictions have the shape that y had.

    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(100, 5, n_targets=2, random_state=0)
    >>> settings = {"max_iter": 300, "learning_rate_init": 0.02, "n_iter_no_change": float("inf"), "random_state": 0}
    >>> network = MLPRegressor([32], **settings).fit(X, y / 100)
    >>> bool(network.score(X, y / 100) > 0.99), network.predict(X).shape
    (True, (100, 2))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MLPEstimator._parameter_constraints,
        **NetworkRegression._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Callable[..., Any] = "relu",
        *,
        loss: str | Callable[..., Any] = "squared_error",
        solver: str | Callable[..., Any] = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
    ):
        self._keep(locals())


class NetworkRegressor(NetworkRegression, ModuleEstimator):
    """A network of one's own that predicts numbers: y of shape (n,), or (n, outputs).

    Args:
        module: as of `NetworkClassifier`; it gives (n, outputs), or for one output (n,).
        loss: as of `MLPRegressor`.
        compile: as of `NetworkClassifier`.

    The other parameters and attributes are those of `MLPClassifier`, but for classes and their weights.

    >>> from tensorgrad import Neuron
    >>> X = np.arange(12.0).reshape(6, 2) / 12
    >>> settings = {"solver": "lbfgs", "alpha": 0.0, "n_iter_no_change": float("inf")}
    >>> line = NetworkRegressor(Neuron(2, rng=0), **settings).fit(X, X[:, 0] - 3)
    >>> line.predict(X).round(3)
    array([-3.   , -2.833, -2.667, -2.5  , -2.333, -2.167])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ModuleEstimator._parameter_constraints,
        **NetworkRegression._parameter_constraints,
    }

    def __init__(
        self,
        module: Any,
        *,
        loss: str | Callable[..., Any] = "squared_error",
        solver: str | Callable[..., Any] = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        compile: bool = False,
    ):
        self._keep(locals())
