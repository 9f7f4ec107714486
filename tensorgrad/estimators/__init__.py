"""Networks as scikit-learn's estimators: `MLPClassifier` and `MLPRegressor`, with the parameters that scikit-learn's
have, and `NetworkClassifier` and `NetworkRegressor` for a network of one's own. Needs scikit-learn 1.7 or newer.

>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from tensorgrad.estimators import MLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> network = MLPClassifier([16], max_iter=100, learning_rate_init=0.01, n_iter_no_change=float("inf"), random_state=0)
>>> bool(cross_val_score(make_pipeline(StandardScaler(), network), X, y, cv=3).mean() > 0.9)
True

They follow scikit-learn's conventions throughout, so that they work in its pipelines, searches and calibrations, and
scikit-learn says what is wrong with data or parameters. The guide on scikit-learn shows programs.
"""

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("tensorgrad.estimators needs scikit-learn (sklearn): pip install scikit-learn") from error

from .classifiers import MLPClassifier, NetworkClassifier
from .regressors import MLPRegressor, NetworkRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "NetworkClassifier", "NetworkRegressor"]
