"""All of scikit-learn's check_estimator passes, with no failure that is expected."""

import warnings

import pytest

import tensorgrad as tg

pytest.importorskip("sklearn")

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from tensorgrad.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor


def network(n_features, n_outputs, rng):
    """A network of one's own that learns what is asked for in the time that there is."""
    return tg.MLP(n_features, [100, n_outputs], rng=rng)


def checked(estimator, check):
    with warnings.catch_warnings():  # they train for max_iter epochs, whether these are enough or not
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


def name_of(check):
    return getattr(check, "func", check).__name__


CHECKS = [
    pytest.param(made, check, id=f"{type(made).__name__}-{name_of(check)}")  # without addresses of functions
    for estimator in (MLPClassifier(), MLPRegressor(), NetworkClassifier(network), NetworkRegressor(network))
    for made, check in estimator_checks_generator(estimator)
]


@pytest.mark.slow
@pytest.mark.parametrize("estimator, check", CHECKS)
def test_check_estimator(estimator, check):
    checked(estimator, check)


QUICK = {
    "check_do_not_raise_errors_in_init_or_set_params", "check_n_features_in_after_fitting", "check_dict_unchanged",
    "check_dont_overwrite_parameters", "check_estimators_nan_inf", "check_estimators_dtypes",
    "check_classifiers_classes", "check_classifiers_one_label", "check_regressors_int", "check_supervised_y_2d",
    "check_sample_weight_equivalence_on_dense_data", "check_all_zero_sample_weights_error", "check_estimators_pickle",
}  # fmt: skip


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier(8, max_iter=80, learning_rate_init=0.05),
        NetworkRegressor(network, max_iter=3),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_some_of_check_estimator(estimator):
    tried = set()
    for made, check in estimator_checks_generator(estimator):
        if name_of(check) in QUICK:
            checked(made, check)
            tried.add(name_of(check))
    assert len(tried) >= 9
