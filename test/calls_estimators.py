"""Estimators as test_wrong_calls.py calls them: made with each parameter, and fitted, for a parameter is checked there.
Whether X and y are right, scikit-learn finds out."""

import inspect
import math

import numpy as np
from wrong_values import Either, Free, Wrong, exactly_whole, is_a, nothing, number, or_none

from tensorgrad import MLP, Module
from tensorgrad.estimators import MLPClassifier, NetworkRegressor

X, Y = np.arange(12.0).reshape(6, 2) / 12, np.array([0, 1, 0, 1, 1, 0])


def fitted(kind):
    """A function with the parameters of the class: what an estimator predicts that is made and fitted with them."""

    def fit(*args, **parameters):
        return kind(*args, **parameters).fit(X, Y).predict(X)

    fit.__signature__ = inspect.signature(kind)
    return fit


def above(low, high=math.inf, low_too=False):
    """A finite number above low, or from it on, to below high; with one that is too large training may fail."""

    def kind(value):
        if isinstance(value, np.timedelta64):
            return Either(Free())
        if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.number):
            raise Wrong
        if isinstance(value, int) and abs(value) > 2**63:
            if value < low or high < math.inf:
                raise Wrong
            return Either(Free())
        best = number(low, high)(value)
        bare = best.value if isinstance(best, Either) else best
        if bare == high or (bare == low and not low_too):
            raise Wrong
        return best

    return kind


def up_to_one(value):
    """A number from 0 to 1."""
    return (
        float(value) if isinstance(value, int | float | np.int64) and value == 1 else above(0, 1, low_too=True)(value)
    )


def counted(value):
    """A positive int; True may pass for 1, and scikit-learn takes NumPy's times for ints."""
    if isinstance(value, np.timedelta64):
        return Either(Free())
    return Either(1) if value is True else exactly_whole(1, math.inf)(value)


def epochs(value):
    """A positive int, or inf; of few epochs, or too many to wait for, scikit-learn warns."""
    if not isinstance(value, float) or value != math.inf:
        counted(value)
    return Either(Free())


def yes_or_no(value):
    return is_a(bool | np.bool)(value)


def verbosity(value):
    """A bool, or an int that isn't negative."""
    return Either(Free()) if isinstance(value, int | np.integer | np.bool) and value >= 0 else nothing(value)


def early(value):
    """A bool; with so few examples, training can't stop early."""
    yes_or_no(value)
    return Either(Free()) if value else value


def random_state(value):
    """A seed from 0 to 2**32 - 1, or None for NumPy's own generator."""
    if value is None or isinstance(value, bool | np.timedelta64):
        return Either(Free())
    return exactly_whole(0, 2**32 - 1)(value)


def classes(value):
    """None, or a dict, which must have the classes."""
    or_none(is_a(dict))(value)
    return Either(Free())


def callable_too(kind):
    """Or what is called, and gives whatever it does."""
    return lambda value: Either(Free()) if callable(value) else kind(value)


def module(value):
    if not isinstance(value, Module) and not callable(value):
        raise Wrong
    return Either(Free())


def widths(value):
    """An int, or a list of them; too many are an error of the network."""
    if isinstance(value, range | list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return [exactly_whole(1, math.inf)(part) for part in value]
    best = counted(value) if isinstance(value, np.timedelta64) else exactly_whole(1, math.inf)(value)
    return Either(Free()) if isinstance(best, Either) or best > 10**6 else best


def tolerance(value):
    """A number that isn't negative; with a small one, training doesn't end in time."""
    above(0, low_too=True)(value)
    return Either(Free())


TRAINING = {
    "solver": ("adam", callable_too(nothing)), "alpha": (1e-4, above(0, low_too=True)),
    "batch_size": ("auto", counted), "learning_rate": ("constant", nothing), "learning_rate_init": (1e-3, above(0)),
    "power_t": (0.5, above(0, low_too=True)), "max_iter": (10, epochs), "shuffle": (True, yes_or_no),
    "random_state": (0, random_state), "tol": (1e4, tolerance), "verbose": (False, verbosity),
    "warm_start": (False, yes_or_no), "momentum": (0.9, up_to_one), "nesterovs_momentum": (True, yes_or_no),
    "early_stopping": (False, early), "validation_fraction": (0.1, above(0, 1)),
    "beta_1": (0.9, above(0, 1, low_too=True)), "beta_2": (0.999, above(0, 1, low_too=True)),
    "epsilon": (1e-8, above(0)), "n_iter_no_change": (1, epochs),
}  # fmt: skip
CALLS = {
    "MLPClassifier": (
        fitted(MLPClassifier),
        {
            "hidden_layer_sizes": ([2], widths), "activation": ("relu", callable_too(nothing)), **TRAINING,
            "class_weight": (None, classes),
        },
    ),
    "NetworkRegressor": (
        fitted(NetworkRegressor),
        {
            "module": (MLP(2, [2, 1], rng=0), module), "loss": ("squared_error", callable_too(nothing)), **TRAINING,
            "compile": (False, yes_or_no),
        },
    ),
}  # fmt: skip
