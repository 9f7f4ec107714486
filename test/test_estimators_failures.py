"""tensorgrad.estimators: networks, losses and data that can't be trained with are named, and leave nothing behind."""

import re
from functools import partial

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import nn

pytest.importorskip("sklearn")

from sklearn.exceptions import NotFittedError

from tensorgrad.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

X = np.random.default_rng(0).normal(size=(13, 4))
Y = np.digitize(X[:, 0], [-0.4, 0.4])
SETTINGS = {"max_iter": 2, "n_iter_no_change": float("inf"), "random_state": 0}
KINDS = [partial(NetworkClassifier, **SETTINGS), partial(NetworkRegressor, **SETTINGS)]


class Giving(tg.Module):
    """A layer, and what a function makes of its outputs."""

    def __init__(self, function, n_outputs=3):
        super().__init__()
        self.layer, self.function = tg.Layer(4, n_outputs, rng=0), function

    def forward(self, x):
        return self.function(self.layer(x))


OUTPUTS = {
    "nothing": (lambda t: None, TypeError, "outputs must be a Tensor .* not a NoneType"),
    "a tuple": (lambda t: (t, t), TypeError, "outputs must be a Tensor .* not a tuple"),
    "a number": (np.mean, ValueError, r"outputs for each example; for 1 of them the shape is \(\)"),
    "turned": (lambda t: t.T, ValueError, r"for 1 of them the shape is \(3, 1\)"),
    "a mean": (lambda t: t.mean(axis=0, keepdims=True), ValueError, r"for 13 of them the shape is \(1, 3\)"),
    "a part": (lambda t: t[:7], ValueError, r"for 13 of them the shape is \(7, 3\)"),
    "an array": (lambda t: t.data, ValueError, "has no gradient: the outputs .* have left|has left the graph"),
    "a constant": (lambda t: tg.Tensor(t.data, requires_grad=False), ValueError, "has no gradient"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OUTPUTS)
def test_a_network_that_gives_something_else(kind, name):
    function, error, words = OUTPUTS[name]
    targets = Y if kind is KINDS[0] else np.stack([Y, Y, Y], axis=1)
    with pytest.raises(error, match=words):
        kind(Giving(function)).fit(X, targets)


@pytest.mark.parametrize(
    "network", [nn.Sequential(), nn.Flatten(), tg.Layer(4, 4, rng=0).freeze()], ids=["empty", "no parameters", "frozen"]
)
def test_a_network_with_nothing_to_train(network):
    for kind in KINDS:
        with pytest.raises(ValueError, match=rf"{kind.func.__name__}: the network has nothing to train"):
            kind(network).fit(X, np.arange(13) % 4 if kind is KINDS[0] else np.repeat(Y[:, None], 4, axis=1))


@pytest.mark.parametrize("module", [lambda: None, lambda n_features, *, n_outputs, rng: None, nn.Flatten])
def test_a_function_that_takes_other_arguments(module):
    words = "Regressor: module is called with the numbers of features and of outputs and a Generator, .*" + re.escape(
        repr(module)
    )
    with pytest.raises(TypeError, match=words):
        KINDS[1](module).fit(X, Y)


def test_a_function_that_gives_its_one_network_again():
    network = tg.MLP(4, [5, 3], rng=0)
    before = network.state_dict()
    estimator = KINDS[0](lambda *_: network)
    first = estimator.fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(estimator.fit(X, Y).predict_proba(X), first)
    assert network.training and all(np.array_equal(before[name], p) for name, p in network.state_dict().items())


def test_a_loss_that_gives_something_else():
    for loss in (lambda p, t: None, lambda p, t: (p.data - t) ** 2):
        with pytest.raises(TypeError, match=r"loss must compute with .* Tensors, and give a Tensor, not a "):
            MLPRegressor(3, loss=loss, **SETTINGS).fit(X, Y)


def test_an_example_that_is_left_over_for_the_last_batch():
    network = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3))
    with pytest.raises(ValueError, match="batch_norm: training needs more than one") as caught:
        KINDS[0](network, batch_size=4).fit(X, Y)
    assert "NetworkClassifier: the last batch has 1 example" in caught.value.__notes__[0]
    KINDS[0](network, batch_size=5).fit(X, Y)


def test_examples_that_are_too_few_to_hold_some_out():
    with pytest.raises(ValueError, match=r"MLPClassifier: .* some of each class: The least populated"):
        MLPClassifier(3, early_stopping=True, **SETTINGS).fit(X, np.arange(13) == 0)
    with pytest.raises(ValueError, match=r"MLPRegressor: early_stopping=True .*=0.1 of 1 examples: .* Give more"):
        MLPRegressor(3, early_stopping=True, **SETTINGS).fit(X[:1], Y[:1])


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_training_that_diverges_before_it_is_scored(kind):
    settings = {**SETTINGS, "solver": "sgd", "learning_rate_init": 1e200, "early_stopping": True, "max_iter": 1}
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=f"{kind.__name__}: the training diverged"):
        kind(3, validation_fraction=0.3, **settings).fit(X, Y % 2)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_class_weights_that_are_no_weights(weight):
    with pytest.raises(ValueError, match="class_weight must not be negative, NaN or infinite"):
        MLPClassifier(3, class_weight={0: weight}, **SETTINGS).fit(X, Y)


def test_training_inside_no_grad():
    with tg.no_grad():
        inside = MLPClassifier(3, **SETTINGS).fit(X, Y)
    outside = MLPClassifier(3, **SETTINGS).fit(X, Y)
    np.testing.assert_array_equal(inside.predict_proba(X), outside.predict_proba(X))


def test_what_fails_leaves_nothing_to_predict_with():
    estimator = MLPClassifier(3, **SETTINGS).fit(X, Y)
    with pytest.raises(ValueError, match="early_stopping=True"):
        estimator.set_params(early_stopping=True).fit(X, np.arange(13) == 0)
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    stream = KINDS[0](tg.Layer(4, 5, rng=0))
    with pytest.raises(ValueError, match=r"must give outputs of shape \(n, 3\), not \(n, 5\)"):
        stream.partial_fit(X, Y, classes=range(3))
    stream.set_params(module=tg.Layer(4, 3, rng=0)).partial_fit(X, Y, classes=range(3))
    before = stream.predict_proba(X)
    with pytest.raises(ValueError, match="not in `classes_`"):
        stream.partial_fit(X, Y + 1)
    np.testing.assert_array_equal(stream.predict_proba(X), before)


def test_what_was_learned_before_an_interrupt_is_kept():
    calls = []

    def interrupting(outputs):
        calls.append(outputs)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return outputs

    estimator = KINDS[0](Giving(interrupting), max_iter=100, batch_size=13)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, Y)
    assert len(estimator.loss_curve_) == 7 and not estimator.network_.training
    assert not np.array_equal(estimator.network_.layer.weight.data, estimator.module.layer.weight.data)


def test_columns_that_are_others_than_before():
    stream = MLPRegressor(3, **SETTINGS).partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"y has the shape \(13, 1\), but had \(n,\) when training began"):
        stream.partial_fit(X, Y[:, None])
    with pytest.raises(ValueError, match=r"for y of shape \(n, 2\) the network must give"):
        KINDS[1](tg.Layer(4, 3, rng=0)).fit(X, X[:, :2])
