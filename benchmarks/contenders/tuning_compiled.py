"""tensorgrad compiled: the steps of `tuning_tensorgrad.py`."""

from functools import partial

from contenders import tuning_tensorgrad
from contenders.with_compiled import VERSION, compiled

__all__ = ["VERSION"]
MISSING: dict[str, str] = {}

tanh = partial(compiled, tuning_tensorgrad.tanh)
narrow = partial(compiled, tuning_tensorgrad.narrow)
autoencoder = partial(compiled, tuning_tensorgrad.autoencoder)
gated = partial(compiled, tuning_tensorgrad.gated)
mixture = partial(compiled, tuning_tensorgrad.mixture)
