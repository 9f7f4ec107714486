"""tensorgrad.estimators.MLPClassifier beside scikit-learn's own: accuracy, and the time that fit takes.

Both read handwritten digits, with the same hidden layer of 100, batches, epochs, and Adam; each fold of a 5-fold
cross-validation, for several seeds, is trained with both, one after the other. It prints the medians of the times, and
of their ratios, ours to theirs; and the mean accuracies, with how often each is the better one.

Run it as `python benchmarks/estimators.py`, with OPENBLAS_NUM_THREADS=1; an argument is how many seeds there are.
"""

import sys
import warnings
from functools import partial

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier as TheirClassifier
from timing import seconds

from tensorgrad.estimators import MLPClassifier

CASES = [(32, 20), (32, 100), (200, 20), (200, 200), (1437, 200)]  # batch sizes and epochs; 1437 examples are all


def compare(X, y, seeds, batch_size, epochs):
    """The times and accuracies of both, a row for each fold of each seed."""
    times, scores = [], []
    settings = {"batch_size": batch_size, "max_iter": epochs, "n_iter_no_change": np.inf}
    for seed in range(seeds):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
            pair = [kind(random_state=seed, **settings) for kind in (MLPClassifier, TheirClassifier)]
            order = pair if len(times) % 2 else pair[::-1]
            took = {estimator: seconds(partial(estimator.fit, X[train], y[train])) for estimator in order}
            times.append([took[estimator] for estimator in pair])
            scores.append([estimator.score(X[test], y[test]) for estimator in pair])
    return np.array(times), np.array(scores)


def main(seeds=3):
    warnings.filterwarnings("ignore", message=r"Stochastic Optimizer|Got `batch_size`")
    X, y = load_digits(return_X_y=True)
    print(f"{'':28}{'fit, s':>18}{'':>8}{'accuracy':>18}{'better':>18}")
    both = f"{'ours':>9}{'theirs':>9}"
    print(f"{'batch  epochs  dtype':28}{both}{'ratio':>8}{both}{both}")
    for dtype in (np.float64, np.float32):
        for batch_size, epochs in CASES:
            times, scores = compare((X / 16).astype(dtype), y, seeds, batch_size, epochs)
            ours, theirs = np.median(times, axis=0)
            ratio, (mine, other) = np.median(times[:, 0] / times[:, 1]), scores.mean(axis=0)
            wins = (scores[:, 0] > scores[:, 1]).sum(), (scores[:, 0] < scores[:, 1]).sum()
            print(f"{batch_size:5}{epochs:8}  {dtype.__name__:13}", end="")
            print(f"{ours:9.2f}{theirs:9.2f}{ratio:8.2f}{mine:9.4f}{other:9.4f}{wins[0]:9}{wins[1]:9}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
