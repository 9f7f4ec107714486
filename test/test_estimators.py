"""tensorgrad.estimators: beside scikit-learn's own, which are given the same initial weights or have the same optimum,
and as scikit-learn wants estimators to behave. What check_estimator tries is in test_estimators_checks.py."""

import copy
import inspect
import math
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import scipy.sparse

import tensorgrad as tg
from tensorgrad import nn, optim

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.class_weight import compute_sample_weight

from tensorgrad.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor, steps

X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
TWO = y < 2
LABELS = np.stack([y == 0, y > 0, X[:, 0] > 0], axis=1).astype(int)
XR, YR = make_regression(90, 5, n_targets=2, noise=1.0, random_state=0)
YR = YR / YR.std()
ALL = math.inf  # epochs: n_iter_no_change, which then doesn't stop the training


def small(n_features, n_outputs, rng):
    return tg.MLP(n_features, [8, n_outputs], "tanh", rng=rng)


def quick(kind, **parameters):
    """An estimator that takes little time."""
    first = {"module": small} if kind in (NetworkClassifier, NetworkRegressor) else {"hidden_layer_sizes": 8}
    return kind(**{**first, "max_iter": 5, "n_iter_no_change": ALL, "random_state": 0, **parameters})


def data_for(kind):
    return (X, y) if "Classifier" in kind.__name__ else (XR, YR[:, 0])


KINDS = [MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor]
each_kind = pytest.mark.parametrize("kind", KINDS)


# Beside scikit-learn --------------------------------------------------------------------------------------------------


def same_start(theirs, X, y, network):
    """Their estimator, with the initial parameters of a network."""
    settings = theirs.get_params()
    with pytest.warns(ConvergenceWarning):
        theirs.set_params(max_iter=1, warm_start=True).fit(X, y)
    parameters = [p.data.copy() for p in network.parameters()]
    theirs.coefs_, theirs.intercepts_ = parameters[::2], parameters[1::2]
    theirs.loss_curve_, theirs.best_loss_, theirs.t_ = [], np.inf, 0
    return theirs.set_params(max_iter=settings["max_iter"])


def both(kind, theirs, X, y, n_outputs, sample_weight=None, **settings):
    """Ours and theirs, trained from the same initial parameters."""
    network = tg.MLP(X.shape[1], [7, n_outputs], "tanh", rng=0)
    settings = {"max_iter": 20, "shuffle": False, "batch_size": 30, "tol": 0, "n_iter_no_change": 1000, **settings}
    ours = kind(network, **settings)
    theirs = same_start(theirs(hidden_layer_sizes=[7], activation="tanh", **settings), X, y, network)
    for estimator in (ours, theirs):
        with pytest.warns(ConvergenceWarning):
            estimator.fit(X, y) if sample_weight is None else estimator.fit(X, y, sample_weight)
    return ours, theirs


SOLVERS = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0, "power_t": 0.3},
    "invscaling with momentum": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.3,
        "tol": 0.05,
        "n_iter_no_change": 2,
    },
    "a smaller last batch": {"solver": "sgd", "batch_size": 40, "learning_rate_init": 0.05},
    "adam": {"solver": "adam", "learning_rate_init": 0.01, "beta_2": 0.99},
}


@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("targets, n_outputs", [(y, 3), (y > 0, 1), (LABELS, 3)], ids=["classes", "two", "labels"])
def test_a_classifier_trains_as_scikit_learns_does(settings, targets, n_outputs):
    ours, theirs = both(NetworkClassifier, TheirClassifier, X, targets, n_outputs, alpha=0.5, **settings)
    parameters = [p.data for p in ours.network_.parameters()]
    for mine, other in zip([*parameters[::2], *parameters[1::2]], theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, targets) == theirs.score(X, targets)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
def test_a_regressor_trains_as_scikit_learns_does(settings):
    ours, theirs = both(NetworkRegressor, TheirRegressor, XR, YR[:, 0], 1, alpha=0.5, **settings)
    np.testing.assert_allclose(ours.predict(XR), theirs.predict(XR), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)
    assert ours.n_iter_ == theirs.n_iter_ == 20 and ours.t_ == theirs.t_ == 20 * 90
    np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_)


@pytest.mark.skipif(
    "sample_weight" not in inspect.signature(TheirClassifier.fit).parameters, reason="scikit-learn's MLP has no weights"
)
def test_weights_count_as_in_scikit_learn():
    weights = np.random.default_rng(0).uniform(0.5, 1.5, len(X))
    weights[:] = weights / weights.mean()
    ours, theirs = both(NetworkClassifier, TheirClassifier, X, y, 3, weights, alpha=0.0, batch_size=150, solver="sgd")
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)


TO_THE_END = {"solver": "lbfgs", "max_iter": 300, "tol": 1e-14, "random_state": 0}


@pytest.mark.parametrize("targets", [y, y > 0], ids=["classes", "two"])
def test_without_hidden_layers_it_is_logistic_regression(targets):
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    ours = MLPClassifier([], alpha=2.0, **TO_THE_END).fit(X, targets, weights)
    theirs = LogisticRegression(C=1 / 2.0, solver="newton-cg", tol=1e-10, max_iter=1000).fit(X, targets, weights)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-3, atol=1e-5)


def test_without_hidden_layers_it_is_ridge_regression():
    weights = np.random.default_rng(0).integers(0, 4, len(XR))
    ours = MLPRegressor([], alpha=3.0, **TO_THE_END).fit(XR, YR[:, 0], weights)
    theirs = Ridge(alpha=3.0).fit(XR, YR[:, 0], weights)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours.intercepts_[0][0], theirs.intercept_, rtol=1e-4, atol=1e-6)


def test_the_penalty_is_the_same_with_an_optimizer_of_ones_own():
    by_name = quick(MLPClassifier, alpha=300.0).fit(X, y)
    own = quick(MLPClassifier, alpha=300.0, solver=partial(optim.Adam, lr=1e-3)).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), by_name.predict_proba(X), rtol=1e-7)
    assert not np.allclose(quick(MLPClassifier, alpha=0.0).fit(X, y).coefs_[0], own.coefs_[0], rtol=1e-3)


# Weights --------------------------------------------------------------------------------------------------------------


@each_kind
def test_a_whole_weight_stands_for_copies(kind):
    inputs, targets = data_for(kind)
    weights = np.random.default_rng(0).integers(0, 3, len(inputs))
    estimator = quick(kind, batch_size=1000)
    weighted = clone(estimator).fit(inputs, targets, weights)
    copies = clone(estimator).fit(np.repeat(inputs, weights, axis=0), np.repeat(targets, weights))
    np.testing.assert_allclose(weighted.loss_curve_, copies.loss_curve_)
    for p, q in zip(weighted.network_.parameters(), copies.network_.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", lambda p, t: (p - t) ** 4])
def test_a_whole_weight_stands_for_copies_with_several_outputs(loss):
    weights = np.random.default_rng(0).integers(0, 3, len(XR))
    estimator = quick(MLPRegressor, batch_size=1000, loss=loss)
    weighted = clone(estimator).fit(XR, YR, weights)
    copies = clone(estimator).fit(np.repeat(XR, weights, axis=0), np.repeat(YR, weights, axis=0))
    np.testing.assert_allclose(weighted.loss_curve_, copies.loss_curve_)
    np.testing.assert_allclose(weighted.predict(XR), copies.predict(XR), rtol=1e-9, atol=1e-12)
    weighted.set_params(batch_size=40).partial_fit(XR, YR, weights)


def test_class_weights_are_those_of_the_examples():
    few = np.flatnonzero((y != 1) | (np.arange(len(y)) % 5 == 0))
    inputs, targets = X[few], np.array(["a", "b", "c"])[y[few]]
    by_class = {"a": 1.0, "b": 3.0, "c": 0.5}
    for class_weight in (by_class, "balanced"):
        of_class = quick(MLPClassifier, class_weight=class_weight).fit(inputs, targets)
        of_each = quick(MLPClassifier).fit(inputs, targets, compute_sample_weight(class_weight, targets))
        np.testing.assert_allclose(of_class.predict_proba(inputs), of_each.predict_proba(inputs))
    both = quick(MLPClassifier, class_weight=by_class).fit(inputs, targets, np.arange(len(few)))
    product = np.arange(len(few)) * compute_sample_weight(by_class, targets)
    np.testing.assert_allclose(both.loss_curve_, quick(MLPClassifier).fit(inputs, targets, product).loss_curve_)


def test_weights_that_no_training_goes_by():
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"weights are zero|at least one non-zero"):
            quick(kind).fit(*data_for(kind), np.zeros(len(data_for(kind)[0])))
    with pytest.raises(ValueError, match="Negative values"):
        quick(MLPClassifier).fit(X, y, -np.ones(len(X)))
    with pytest.raises(ValueError, match="class_weight must not be negative"):
        quick(MLPClassifier, class_weight={0: -1.0, 1: 1, 2: 1}).fit(X, y)
    with pytest.raises(ValueError, match="class_weight is for classes"):
        quick(MLPClassifier, class_weight="balanced").fit(X, LABELS)


# One epoch at a time, and from where it was ---------------------------------------------------------------------------


@each_kind
def test_partial_fit_makes_the_epochs_of_fit(kind):
    inputs, targets = data_for(kind)
    whole = quick(kind, batch_size=40, max_iter=4).fit(inputs, targets)
    parts = quick(kind, batch_size=40)
    first = {"classes": np.unique(targets)} if "Classifier" in kind.__name__ else {}
    parts.partial_fit(inputs, targets, **first).partial_fit(inputs, targets)
    parts = pickle.loads(pickle.dumps(parts))  # with the state of the optimiser, and of what shuffles
    copy.deepcopy(parts).partial_fit(inputs, targets)  # which leaves this one as it is
    parts.partial_fit(inputs, targets).partial_fit(inputs, targets)
    assert parts.loss_curve_ == whole.loss_curve_ and parts.t_ == whole.t_
    np.testing.assert_array_equal(parts.predict(inputs), whole.predict(inputs))


def test_what_partial_fit_needs():
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        quick(MLPClassifier).partial_fit(X, y)
    begun = quick(MLPClassifier).partial_fit(X[:10], y[:10], classes=[0, 1, 2])
    assert begun.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match="not the same as on the last call"):
        begun.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y has \[7\], which is not in `classes_`"):
        begun.partial_fit(X, y + 7 * (y == 1) - (y == 1))
    with pytest.raises(ValueError, match="y is multilabel-indicator"):
        begun.partial_fit(X, LABELS)
    labels = quick(MLPClassifier).partial_fit(X, LABELS)
    assert labels.predict(X).shape == LABELS.shape
    with pytest.raises(ValueError, match="had 3 columns"):
        labels.partial_fit(X, LABELS[:, :2])
    with pytest.raises(ValueError, match="class_weight='balanced' needs all examples"):
        quick(MLPClassifier, class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    for setting in ({"early_stopping": True}, {"solver": "lbfgs"}):
        with pytest.raises(ValueError, match=f"partial_fit does not support {next(iter(setting))}"):
            quick(MLPRegressor, **setting).partial_fit(XR, YR)
    with pytest.raises(ValueError, match="y has the shape"):
        quick(MLPRegressor).partial_fit(XR, YR).partial_fit(XR, YR[:, 0])


def test_a_warm_start_goes_on():
    warm = quick(MLPClassifier, warm_start=True).fit(X, y)
    before = warm.predict_proba(X)
    network = warm.network_
    warm.set_params(max_iter=3).fit(X, y)
    assert warm.network_ is network and warm.n_iter_ == 3 and len(warm.loss_curve_) == 8
    assert warm.loss_curve_[5] < warm.loss_curve_[4] and not np.allclose(before, warm.predict_proba(X))
    cold = quick(MLPClassifier).fit(X, y).fit(X, y)
    assert len(cold.loss_curve_) == 5 and np.array_equal(cold.predict_proba(X), before)


# When it stops --------------------------------------------------------------------------------------------------------


@each_kind
def test_early_stopping_keeps_the_best_network(kind):
    inputs, targets = data_for(kind)
    settings = {"early_stopping": True, "learning_rate_init": 0.2, "batch_size": 20, "validation_fraction": 0.3}
    stopped = quick(kind, max_iter=200, n_iter_no_change=3, **settings).fit(inputs, targets)
    scores = stopped.validation_scores_
    assert 4 < len(scores) == len(stopped.loss_curve_) == stopped.n_iter_ < 200
    assert stopped.best_validation_score_ == max(scores) and stopped.best_loss_ == min(stopped.loss_curve_)
    until = quick(kind, max_iter=int(np.argmax(scores)) + 1, **settings).fit(inputs, targets)
    np.testing.assert_array_equal(stopped.predict(inputs), until.predict(inputs))


def test_what_is_held_out_is_scored_and_not_trained_with():
    """A label that can't be guessed from X, and is learned by heart, isn't learned from what is held out."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(100, 60)), rng.integers(0, 2, 100)
    settings = {"max_iter": 60, "learning_rate_init": 0.05, "batch_size": 10, "validation_fraction": 0.5}
    held = quick(MLPClassifier, early_stopping=True, **settings).fit(inputs, targets)
    assert min(held.loss_curve_) < 0.01 and held.best_validation_score_ < 0.8
    assert held.validation_scores_ is not None and len(held.validation_scores_) == 60
    without = quick(MLPClassifier, **settings).fit(inputs, targets)
    assert without.validation_scores_ is None and without.best_validation_score_ is None
    with pytest.raises(ValueError, match="holds out 1; to tell when to stop, 2 are needed"):
        quick(MLPRegressor, early_stopping=True).fit(XR[:8], YR[:8])


def test_it_stops_when_the_loss_is_no_better_by_tol():
    stopped = quick(MLPRegressor, max_iter=100, tol=1.0, n_iter_no_change=4).fit(XR, YR)
    assert stopped.n_iter_ == 6  # the first, and five that are no better
    with pytest.warns(ConvergenceWarning, match="MLPRegressor: max_iter=3 epochs are over"):
        quick(MLPRegressor, max_iter=3, n_iter_no_change=2).fit(XR, YR)
    slower = quick(MLPRegressor, max_iter=1000, tol=1.0, n_iter_no_change=1, learning_rate="adaptive").fit(XR, YR)
    assert slower.n_iter_ > 8 and slower._optimizer.lr < 1e-6  # a fifth, again and again


def test_a_training_that_diverges():
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="MLPRegressor: the training diverged"):
        quick(MLPRegressor, solver="sgd", learning_rate_init=1e6, max_iter=50).fit(XR, YR)


# What is given --------------------------------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_kept(kind, dtype):
    inputs, targets = data_for(kind)
    fitted = quick(kind).fit(inputs.astype(dtype), targets)
    assert {p.dtype for p in fitted.network_.parameters()} == {np.dtype(dtype)}
    predicted = fitted.predict_proba(inputs) if hasattr(kind, "predict_proba") else fitted.predict(inputs)
    assert predicted.dtype == dtype


@each_kind
def test_a_sparse_matrix_is_as_the_dense_one(kind):
    inputs, targets = data_for(kind)
    inputs = np.where(np.abs(inputs) > 0.5, inputs, 0)
    dense = quick(kind, batch_size=40).fit(inputs, targets)
    sparse = quick(kind, batch_size=40).fit(scipy.sparse.csc_array(inputs), targets)
    np.testing.assert_array_equal(sparse.predict(scipy.sparse.coo_array(inputs)), dense.predict(inputs))
    assert sparse.loss_curve_ == dense.loss_curve_


@pytest.mark.parametrize("targets", [YR, YR[:, 0], YR[:, :1]], ids=["two columns", "a vector", "a column"])
def test_predictions_have_the_shape_of_y(targets):
    for kind in (MLPRegressor, NetworkRegressor):
        fitted = quick(kind, max_iter=300, learning_rate_init=0.02).fit(XR, targets)
        assert fitted.predict(XR[:7]).shape == (7, *targets.shape[1:])
        assert fitted.score(XR, targets) > 0.95


def test_classes_of_any_kind():
    for names in (["x", "y", "z"], [-5, 0, 70], [2.0, 3.0, 4.0], np.array(["x", "y", "zz"], object)):
        targets = np.asarray(names)[y]
        fitted = quick(MLPClassifier, max_iter=150, learning_rate_init=0.05).fit(X, targets)
        assert fitted.score(X, targets) > 0.95 and np.array_equal(fitted.classes_, names)
    one = quick(MLPClassifier).fit(X, np.full(len(X), "only"))
    assert set(one.predict(X)) == {"only"} and np.array_equal(one.predict_proba(X), np.ones((150, 1)))
    labels = quick(MLPClassifier, max_iter=150, learning_rate_init=0.05).fit(X, scipy.sparse.csr_array(LABELS))
    assert labels.score(X, LABELS) > 0.9 and labels.predict_proba(X).shape == LABELS.shape


@pytest.mark.parametrize("targets", [y, y > 0, LABELS], ids=["classes", "two", "labels"])
def test_probabilities(targets):
    fitted = quick(MLPClassifier).fit(X, targets)
    p, log_p, decisions = fitted.predict_proba(X), fitted.predict_log_proba(X), fitted.decision_function(X)
    np.testing.assert_allclose(np.exp(log_p), p)
    if targets is not LABELS:
        np.testing.assert_allclose(p.sum(axis=1), 1)
    if targets is y:
        np.testing.assert_allclose(p, np.exp(decisions) / np.exp(decisions).sum(axis=1, keepdims=True))
    else:
        np.testing.assert_allclose(p if targets is LABELS else p[:, 1], 1 / (1 + np.exp(-decisions)))
    far = fitted.predict_log_proba(1e6 * X)
    assert np.isfinite(far).all() and far.min() < -1000


def test_losses_of_regression():
    inputs, targets = XR, YR[:, 0]

    def absolute(predictions, y):
        return np.abs(predictions - y)

    named = quick(MLPRegressor, loss="absolute_error").fit(inputs, targets, np.arange(90))
    own = quick(MLPRegressor, loss=absolute).fit(inputs, targets, np.arange(90))
    np.testing.assert_allclose(named.predict(inputs), own.predict(inputs))
    outlier = targets.copy()
    outlier[0] = 1e4
    fits = {
        loss: quick(MLPRegressor, loss=loss, max_iter=150, learning_rate_init=0.02).fit(inputs, outlier)
        for loss in ("absolute_error", "huber", "squared_error")
    }
    scores = {loss: fit.score(inputs[1:], targets[1:]) for loss, fit in fits.items()}
    assert scores["absolute_error"] > 0.9 and scores["huber"] > 0.9 and scores["squared_error"] < 0
    with pytest.raises(ValueError, match=r"loss must give a number for each .*\(90, 1\), not \(\)"):
        quick(MLPRegressor, loss=lambda p, y: np.mean((p - y) ** 2)).fit(inputs, targets)


def test_random_state_says_all():
    def curve(random_state):
        return quick(MLPClassifier, batch_size=40, random_state=random_state).fit(X, y).loss_curve_

    assert curve(1) == curve(1) != curve(2)
    states = np.random.RandomState(3)
    assert curve(states) == curve(np.random.RandomState(3)) != curve(states)
    np.random.seed(4)
    unseeded = curve(None)
    np.random.seed(4)
    assert curve(None) == unseeded != curve(None)


# Networks of one's own ------------------------------------------------------------------------------------------------


class Normed(tg.Module):
    """With what is otherwise while it is trained."""

    def __init__(self, n_features, n_outputs, rng):
        self.hidden, self.norm = tg.Layer(n_features, 16, rng=rng), nn.BatchNorm1d(16)
        self.dropout, self.last = nn.Dropout(0.3, rng=rng), tg.Layer(16, n_outputs, rng=rng)

    def forward(self, x):
        return self.last(self.dropout(self.norm(self.hidden(x)).relu()))


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_a_module_that_is_given_is_copied(kind):
    inputs, targets = data_for(kind)
    module = Normed(inputs.shape[1], 3 if kind is NetworkClassifier else 1, np.random.default_rng(0))
    before = module.state_dict()
    estimator = quick(kind, module=module, batch_size=30)
    first, second = estimator.fit(inputs, targets).predict(inputs), clone(estimator).fit(inputs, targets)
    np.testing.assert_array_equal(first, second.predict(inputs))
    assert module.training and all(np.array_equal(before[name], x) for name, x in module.state_dict().items())
    assert estimator.network_ is not module and not estimator.network_.training
    assert not np.array_equal(estimator.network_.norm.running_mean, module.norm.running_mean)
    assert estimator.get_params()["module"] is module


def test_a_frozen_part_stays_as_it_is():
    module = tg.MLP(4, [8, 3], rng=0)
    module.layers[0].freeze()
    fitted = quick(NetworkClassifier, module=module, alpha=1.0).fit(X, y)
    np.testing.assert_array_equal(fitted.network_.layers[0].weight.data, module.layers[0].weight.data)
    assert not np.array_equal(fitted.network_.layers[1].weight.data, module.layers[1].weight.data)


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_compiled_steps_give_the_same_numbers(kind, monkeypatch):
    inputs, targets = data_for(kind)
    monkeypatch.setattr(steps, "STEPS_BEFORE_COMPILING", 3)
    compiled = []
    monkeypatch.setattr(steps, "compile", lambda step: compiled.append(tg.compile(step)) or compiled[-1])
    settings = {"module": Normed, "batch_size": 40, "max_iter": 8}
    fits = [quick(kind, compile=c, **settings).fit(inputs, targets, np.arange(len(inputs))) for c in (False, True)]
    assert fits[0].loss_curve_ == fits[1].loss_curve_
    np.testing.assert_array_equal(fits[0].predict(inputs), fits[1].predict(inputs))
    assert len(compiled) == 1 and " 0 replayed" not in compiled[0].explain() and "replayed" in compiled[0].explain()
    pickle.loads(pickle.dumps(fits[1])).partial_fit(inputs, targets)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_two_classes_take_one_logit_or_two(n_outputs):
    def make(n_features, _, rng):
        return tg.MLP(n_features, [8, n_outputs], rng=rng)

    targets = np.where(TWO, "low", "high")
    fitted = quick(NetworkClassifier, module=make, max_iter=100, learning_rate_init=0.05).fit(X, targets)
    assert fitted.score(X, targets) > 0.9 and fitted.decision_function(X).shape == (150,)
    np.testing.assert_array_equal(fitted.predict(X) == "low", fitted.decision_function(X) > 0)
    flat = quick(NetworkClassifier, module=lambda n, _, rng: tg.Neuron(n, rng=rng)).fit(X, targets)
    assert flat.predict_proba(X).shape == (150, 2)


def test_outputs_that_do_not_fit():
    with pytest.raises(ValueError, match=r"NetworkClassifier: for 3 classes .* shape \(n, 3\), not \(n, 2\)"):
        quick(NetworkClassifier, module=tg.MLP(4, [8, 2])).fit(X, y)
    with pytest.raises(ValueError, match=r"for 2 classes .*\(n,\) or \(n, 1\) or \(n, 2\), not \(n, 3\)"):
        quick(NetworkClassifier, module=tg.MLP(4, [8, 3])).fit(X, y > 0)
    with pytest.raises(ValueError, match=r"NetworkRegressor: for y of shape .*\(n, 2\), not \(n, 1\)"):
        quick(NetworkRegressor, module=tg.MLP(5, [8, 1])).fit(XR, YR)
    with pytest.raises(TypeError, match=r"NetworkClassifier: module must be a Module, or make one .* made a list"):
        quick(NetworkClassifier, module=lambda *_: []).fit(X, y)
    with pytest.raises(TypeError, match=r"solver must make an optimiser .* gave a list"):
        quick(NetworkClassifier, solver=list).fit(X, y)
    with pytest.raises(ValueError, match=r"Layer\(3 -> 1\): the input must have the shape"):
        quick(NetworkRegressor, module=tg.Layer(3, 1)).fit(XR, YR[:, 0])


# As scikit-learn's ----------------------------------------------------------------------------------------------------

WRONG = {
    "alpha": -1.0, "batch_size": 0, "solver": "newton", "learning_rate": "slow", "learning_rate_init": 0.0,
    "power_t": -1, "max_iter": 2.5, "shuffle": "no", "random_state": "seed", "tol": -1e-3, "verbose": "loud",
    "warm_start": None, "momentum": 2, "nesterovs_momentum": 3, "early_stopping": "yes", "validation_fraction": 1.0,
    "beta_1": 1.0, "beta_2": -0.1, "epsilon": 0.0, "n_iter_no_change": 0,
}  # fmt: skip
OF_KIND = {
    MLPClassifier: {"hidden_layer_sizes": [3, 0], "activation": "step", "class_weight": "even"},
    MLPRegressor: {"hidden_layer_sizes": "wide", "activation": None, "loss": "logistic"},
    NetworkClassifier: {"module": "mlp", "class_weight": [1, 2], "compile": "yes"},
    NetworkRegressor: {"module": None, "loss": 1, "compile": None},
}


@each_kind
def test_a_wrong_parameter_is_named(kind):
    wrong = {**WRONG, **OF_KIND[kind]}
    assert sorted(wrong) == sorted(kind(None).get_params())
    for name, value in wrong.items():
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of {kind.__name__} must be"):
            quick(kind, **{name: value}).fit(*data_for(kind))


@each_kind
def test_before_fit(kind):
    for method in ("predict", "predict_proba", "score"):
        if hasattr(kind, method):
            arguments = data_for(kind) if method == "score" else data_for(kind)[:1]
            with pytest.raises(NotFittedError, match=kind.__name__):
                getattr(quick(kind), method)(*arguments)


def test_a_class_made_of_one_may_have_further_parameters():
    class Named(MLPClassifier):
        def __init__(self, label="", hidden_layer_sizes=(3,), max_iter=5):
            super().__init__(hidden_layer_sizes, max_iter=max_iter)
            self.label = label

    network = clone(Named("first", max_iter=2))
    assert network.get_params() == {"label": "first", "hidden_layer_sizes": (3,), "max_iter": 2}
    assert network.solver == "adam" and not hasattr(network, "self")


def test_in_a_pipeline_a_search_and_a_calibration():
    pipeline = make_pipeline(StandardScaler(), quick(MLPClassifier, max_iter=60, learning_rate_init=0.05))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    grid = {"mlpclassifier__hidden_layer_sizes": [[1], [12]], "mlpclassifier__alpha": [0.0, 100.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_ == {"mlpclassifier__alpha": 0.0, "mlpclassifier__hidden_layer_sizes": [12]}
    calibrated = CalibratedClassifierCV(quick(NetworkClassifier, max_iter=30), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


@pytest.mark.slow
def test_a_search_in_several_processes():
    widths = {"module": [small, tg.MLP(64, [5, 10], rng=0)], "learning_rate_init": [1e-3, 1e-2]}
    inputs, targets = load_digits(return_X_y=True)
    search = partial(GridSearchCV, quick(NetworkClassifier, max_iter=10), widths, cv=2, refit=False)
    one, two = search(n_jobs=1).fit(inputs / 16, targets), search(n_jobs=2).fit(inputs / 16, targets)
    np.testing.assert_allclose(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])


@each_kind
def test_a_pickle_predicts_the_same(kind):
    inputs, targets = data_for(kind)
    fitted = quick(kind).fit(inputs, targets)
    back = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(back.predict(inputs), fitted.predict(inputs))
    assert back.loss_curve_ == fitted.loss_curve_ and back.get_params().keys() == fitted.get_params().keys()


def test_verbose_shows_the_loss(capsys, monkeypatch):
    fitted = quick(MLPClassifier, verbose=True, early_stopping=True).fit(X, y)
    shown = capsys.readouterr().err
    assert "MLPClassifier: 100%" in shown and "5/5" in shown
    assert f"loss={fitted.loss_:.4g}" in shown and f"score={fitted.validation_scores_[-1]:.4f}" in shown
    quick(MLPClassifier).fit(X, y)
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match="MLPClassifier: verbose needs tqdm: pip install tqdm"):
        quick(MLPClassifier, verbose=True).fit(X, y)


def test_without_scikit_learn_an_error_names_the_command():
    program = "import sys; sys.modules['sklearn'] = None; import tensorgrad.estimators"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "ImportError: tensorgrad.estimators needs scikit-learn (sklearn): pip install scikit-learn" in out.stderr
