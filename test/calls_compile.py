"""compile, as test_wrong_calls.py calls it."""

import numpy as np
from wrong_values import Either, Free, Wrong, function, or_none

import tensorgrad as tg
from tensorgrad.replay.passes import PASSES


def passes(value):
    """Names of passes, in whatever holds them; one alone may pass for a list of it."""
    if isinstance(value, str):
        if value not in PASSES:
            raise Wrong
        return Either(Free())
    try:
        names = [*value]
    except TypeError:
        raise Wrong from None
    if not all(isinstance(name, str) and name in PASSES for name in names):
        raise Wrong
    return Free()


CALLS = {
    "compile": (
        tg.compile,
        {"function": (np.square, or_none(function)), "passes": (None, or_none(passes))},
        lambda step: step(np.ones(3)) if isinstance(step, tg.replay.Compiled) else None,
    ),
}
