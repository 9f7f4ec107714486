"""Classifiers: the loss is the cross-entropy, and the outputs of the network are logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ..functions import log_softmax, sigmoid, softmax, softplus
from ..losses import sigmoid_cross_entropy, softmax_cross_entropy
from .base import NetworkEstimator
from .examples import Examples
from .networks import MLPEstimator, ModuleEstimator, require_shape


def log_loss(logits: Any, y: Any, weight: Any = None) -> Any:
    """The mean over examples of the cross-entropy: of class numbers y, or of 0 and 1 for each logit, summed."""
    if y.dtype.kind == "i":
        loss, outputs = softmax_cross_entropy, 1
    else:
        loss, outputs = sigmoid_cross_entropy, y.shape[1] if y.ndim == 2 else 1
    mean = loss(logits, y) if weight is None else np.mean(loss(logits, y, "none") * weight)
    return mean if outputs == 1 else mean * outputs


class NetworkClassification(ClassifierMixin, NetworkEstimator):
    """What the classifiers share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }
    _is_numeric = False

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Train one epoch more with these examples, and the optimiser that there is.

        Args:
            X, y, sample_weight: as in `fit`.
            classes: (n_classes,), all that there will be; needed in the first call.

        Raises:
            ValueError: as in `fit`; or classes is missing, or isn't what it was; or early_stopping, solver='lbfgs' or
                class_weight='balanced' needs all examples at once.
        """
        self._validate_params()
        self._require_incremental()
        if self.class_weight == "balanced":
            raise ValueError(
                f"{type(self).__name__}.partial_fit: class_weight='balanced' needs all examples at once; pass the "
                f"weights as a dict: compute_class_weight('balanced', classes=classes, y=y)"
            )
        if hasattr(self, "network_"):
            if classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
                raise ValueError(
                    f"{type(self).__name__}.partial_fit: classes={classes!r} is not the same as on the last call, "
                    f"{self.classes_!r}"
                )
        elif classes is None and not type_of_target(y).startswith("multilabel"):
            raise ValueError(f"{type(self).__name__}: classes must be passed on the first call to partial_fit.")
        return self._trained(X, y, sample_weight, once=True, classes=classes)

    def _targets(self, y: Any, goes_on: bool, classes: Any) -> np.ndarray:
        """The numbers of classes, (n,), or 0 and 1 for each label, (n, labels)."""
        name = type(self).__name__
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{name}: y has several columns of class numbers; several columns are labels, of which each is 0 or 1"
            )
        multilabel = kind == "multilabel-indicator"
        y = (y.toarray() if issparse(y) else np.asarray(y)) if multilabel else column_or_1d(y, warn=True)
        labels = np.arange(y.shape[1]) if multilabel else unique_labels(y)
        if not goes_on:
            self.classes_ = labels if classes is None or multilabel else unique_labels(classes)
            self._multilabel = multilabel
        if multilabel != self._multilabel or (multilabel and len(labels) != len(self.classes_)):
            raise ValueError(f"{name}: y is {kind}, but wasn't when training began, or had {self.n_outputs_} columns")
        if (unknown := np.setdiff1d(labels, self.classes_)).size:
            raise ValueError(f"{name}: y has {unknown}, which is not in `classes_`, {self.classes_}")
        self.n_outputs_ = 1 if len(self.classes_) == 2 and not multilabel else len(self.classes_)
        return y if multilabel else np.searchsorted(self.classes_, y)

    def _as_outputs(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        n = len(self.classes_)
        if self._multilabel:
            require_shape(self, shape, [(n,)], f"{n} labels")
        elif n == 2:
            require_shape(self, shape, [(), (1,), (2,)], "2 classes")
        else:
            require_shape(self, shape, [(n,)], f"{n} classes")
        if self._multilabel or (n == 2 and shape[1:] != (2,)):
            return y.reshape(-1, *shape[1:]).astype(self._dtype)
        return y

    def _weights(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return weight
        if self._multilabel:
            raise ValueError(f"{type(self).__name__}: class_weight is for classes, and y has labels; use sample_weight")
        n = len(self.classes_)
        if self.class_weight == "balanced":
            each = np.bincount(y, weight, n)
            of_class = np.divide(each.sum(), n * each, out=np.zeros(n), where=each > 0)
        else:
            of_class = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[y])
        of_each = of_class[y].astype(self._dtype)
        if not np.all((of_each >= 0) & (of_each < np.inf)):
            raise ValueError(
                f"{type(self).__name__}: class_weight must not be negative, NaN or infinite; it is "
                f"{self.class_weight!r}"
            )
        return of_each if weight is None else of_each * weight

    def _loss(self) -> Callable[..., Any]:
        return log_loss

    def _stratified(self, y: np.ndarray) -> np.ndarray | None:
        return None if self._multilabel else y

    def _score(self, examples: Examples, outputs: np.ndarray) -> float:
        return accuracy_score(examples.y, self._decided(outputs), sample_weight=examples.weight)

    # Predictions ------------------------------------------------------------------------------------------------------

    def _decisions(self, outputs: np.ndarray) -> np.ndarray:
        """The logits (n, classes); of two classes the logarithm of the odds of the second, (n,)."""
        logits = outputs.reshape(len(outputs), -1)
        if self._multilabel or len(self.classes_) != 2:
            return logits
        return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]

    def _decided(self, outputs: np.ndarray) -> np.ndarray:
        """The numbers of classes, or the labels as 0 and 1."""
        decisions = self._decisions(outputs)
        if self._multilabel or decisions.ndim == 1:
            return (decisions > 0).astype(int)
        return decisions.argmax(axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row, (n,); or of several labels 0 or 1 for each, (n, labels)."""
        decided = self._decided(self._outputs_for(X))
        return decided if self._multilabel else self.classes_[decided]

    def decision_function(self, X: Any) -> np.ndarray:
        """The logit of each class, (n, classes); of two classes the logarithm of the odds of the second, (n,)."""
        return self._decisions(self._outputs_for(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, in the order of `classes_`, (n, classes); or that of each label."""
        decisions = self.decision_function(X)
        if self._multilabel:
            return sigmoid(decisions)
        return (
            np.stack([sigmoid(-decisions), sigmoid(decisions)], axis=1) if decisions.ndim == 1 else softmax(decisions)
        )

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`, which are finite where those are too near to 0."""
        decisions = self.decision_function(X)
        if self._multilabel:
            return -softplus(-decisions)
        if decisions.ndim == 1:
            return -np.stack([softplus(decisions), softplus(-decisions)], axis=1)
        return log_softmax(decisions)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPClassifier(NetworkClassification, MLPEstimator):
    """A multi-layer perceptron that tells classes apart, with the parameters of scikit-learn's.

    Args:
        hidden_layer_sizes: the widths of the hidden layers; an int for one, an empty list for logistic regression.
        activation: between the layers: "identity", "logistic", "relu", "leaky_relu", "sigmoid", "tanh", "softplus",
            "gelu", "silu", or a function.
        solver: "adam", "sgd", or "lbfgs", each of whose iterations takes all examples at once; or a function that
            makes an optimiser of `tensorgrad.optim` from the parameters, such as partial(AdamW, lr=0.01).
        alpha: the loss of a batch of n examples has the penalty alpha / (2 n) times the sum of the squared weights,
            those of parameters with two axes or more; with example weights, n is the batch's share of their sum.
        batch_size: how many examples a batch has, and "auto" is 200; if there are fewer, all.
        learning_rate: "constant"; or "invscaling", divided by (examples seen + 1) ** power_t; or "adaptive", a fifth,
            as often as training would stop, until it is 1e-6. Not for lbfgs.
        learning_rate_init, momentum, nesterovs_momentum, beta_1, beta_2, epsilon: of sgd and adam.
        power_t: of "invscaling".
        max_iter: how many epochs, at most.
        shuffle: whether examples come in another order in each epoch.
        random_state: an int, a `numpy.random.RandomState`, or None for NumPy's global one.
        tol, n_iter_no_change: training stops when the loss, or with early_stopping the score, was no better by tol
            than the best one for more than so many epochs; inf for never.
        verbose: whether a progress bar is shown, by tqdm.
        warm_start: whether `fit` goes on from the network that there is.
        early_stopping: whether validation_fraction of the examples are held out, the score of which says when to stop;
            the network with the best one is kept.
        validation_fraction: between 0 and 1.
        class_weight: a dict of class and weight, where a missing one is 1; "balanced" for n / (classes * examples of
            the class); or None. Not with several labels.

    Targets y may be classes of any kind, (n,), or 0 and 1 for several labels, (n, labels).

    Attributes:
        network_: the trained `MLP`, with coefs_ and intercepts_, the arrays of its layers.
        classes_, n_outputs_, n_features_in_, feature_names_in_: as scikit-learn has them.
        loss_curve_: the mean loss of each epoch, with the penalty; loss_ is the last, best_loss_ the smallest.
        validation_scores_, best_validation_score_: the accuracy of each epoch on what is held out, and the best; None
            without early_stopping.
        n_iter_, t_: how many epochs the last `fit` took, and how many examples were seen in all.

    Raises, when it is fitted:
        InvalidParameterError: of scikit-learn, a ValueError; a parameter isn't what it must be.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier([16], learning_rate_init=0.01, n_iter_no_change=float("inf"), random_state=0).fit(X, y)
    >>> bool(network.score(X, y) > 0.95)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MLPEstimator._parameter_constraints,
        **NetworkClassification._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Callable[..., Any] = "relu",
        *,
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
        class_weight: Any = None,
    ):
        self._keep(locals())


class NetworkClassifier(NetworkClassification, ModuleEstimator):
    """A network of one's own that tells classes apart.

    Args:
        module: what makes a network, called with the number of features, that of outputs (1 for two classes), and a
            `numpy.random.Generator`; or a `Module`, of which each training starts with a copy. Called with X, (n,
            features), it gives logits: (n, classes); of two classes perhaps that of the second alone, (n, 1) or (n,);
            of labels (n, labels). It computes in the dtype of X.
        compile: whether its steps are compiled when they are many, by `tensorgrad.compile`. A network that can't be
            compiled raises a CompileError then.

    The other parameters, the attributes and errors are those of `MLPClassifier`.

    >>> from sklearn.datasets import load_iris
    >>> from tensorgrad import nn
    >>> def make(n_features, n_outputs, rng):
    ...     hidden = nn.Linear(n_features, 16, rng=rng)
    ...     return nn.Sequential(nn.BatchNorm1d(n_features), hidden, nn.ReLU(), nn.Linear(16, n_outputs, rng=rng))
    >>> X, y = load_iris(return_X_y=True)
    >>> settings = {"learning_rate_init": 0.01, "n_iter_no_change": float("inf"), "random_state": 0}
    >>> bool(NetworkClassifier(make, **settings).fit(X, y).score(X, y) > 0.95)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ModuleEstimator._parameter_constraints,
        **NetworkClassification._parameter_constraints,
    }

    def __init__(
        self,
        module: Any,
        *,
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
        class_weight: Any = None,
        compile: bool = False,
    ):
        self._keep(locals())
