"""All of scikit-learn's check_estimator passes, with no failure that is expected."""

import warnings

import pytest

import tensorgrad as tg

pytest.importorskip("sklearn")

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from tensorgrad.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor


def network(n_features, n_outputs, rng):
    """A network of one's own that learns what is asked for in the time that there is."""
    return tg.MLP(n_features, [100, n_outputs], rng=rng)


def checked(estimator, check):
    with warnings.catch_warnings():  # they train for max_iter epochs, whether these are enough or not
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks([MLPClassifier(), MLPRegressor(), NetworkClassifier(network), NetworkRegressor(network)])
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
        MLPRegressor(8, max_iter=3),
        NetworkClassifier(network, max_iter=80, learning_rate_init=0.05),
        NetworkRegressor(network, max_iter=3),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_some_of_check_estimator(estimator):
    tried = set()
    for made, check in estimator_checks_generator(estimator):
        name = getattr(check, "func", check).__name__
        if name in QUICK:
            checked(made, check)
            tried.add(name)
    assert len(tried) >= 9
