"""What goes to workers by Dask, as test_wrong_calls.py calls it."""

import importlib.util

import numpy as np
from wrong_values import Wrong, exactly_whole, flag, function, nothing, or_none, perhaps, seed, structure

from tensorgrad import SGD, Layer, Tensor


def square(w, X):
    return np.mean(X) * np.sum(np.real(w * np.conj(w)))


def output(model, X):
    return np.mean(model(X))


def not_computed(value):
    if isinstance(value, Tensor) and value.parents:
        raise Wrong
    return structure(value)


def calls():
    import dask.array as da

    from tensorgrad import distributed

    def called(parameters, data):
        return distributed.value_and_grad(square)(parameters, data)

    X = da.ones((4, 2), chunks=(2, 2))
    model = Layer(2, 1, rng=0)
    optimizer = SGD(model.parameters(), lr=0)  # the model is the same for each call
    return {
        "distributed.value_and_grad": (
            distributed.value_and_grad,
            {"loss": (square, function), "reduction": ("sum", nothing), "has_aux": (False, flag)},
            lambda f: f(np.ones(3), X),
        ),
        "called.value_and_grad": (called, {"parameters": (np.ones(3), not_computed), "data": (X, nothing)}),
        "distributed.fit": (
            distributed.fit,
            {
                "model": (model, nothing), "optimizer": (optimizer, nothing), "loss": (output, function),
                "data": (X, nothing), "epochs": (1, exactly_whole(1, 10**9)),
                "batch_size": (None, or_none(exactly_whole(1, 10**9))), "rng": (0, seed), "shuffle": (True, flag),
                "reduction": ("sum", nothing), "schedule": (None, or_none(nothing)),
                "checkpoint": (None, or_none(nothing)), "resume": (False, perhaps(flag)),
                "callback": (None, or_none(function)),
            },
        ),
    }  # fmt: skip


CALLS = calls() if importlib.util.find_spec("dask") else {}
