"""tensorgrad compiled: the steps of `with_tensorgrad.py`, recorded and replayed. The data are arguments."""

from functools import partial

import tensorgrad as tg
from contenders import with_tensorgrad

VERSION = tg.__version__
MISSING = dict.fromkeys(("record", "chain"), "compiled code records nothing")


def compiled(task, w):
    step = task(w)
    return partial(tg.compile(step.func), *step.args)


mlp = partial(compiled, with_tensorgrad.mlp)
mlp_adam = partial(compiled, with_tensorgrad.mlp_adam)
convolution = partial(compiled, with_tensorgrad.convolution)
convnet = partial(compiled, with_tensorgrad.convnet)
transformer = partial(compiled, with_tensorgrad.transformer)
recurrent = partial(compiled, with_tensorgrad.recurrent)
lstm = partial(compiled, with_tensorgrad.lstm)
embedding = partial(compiled, with_tensorgrad.embedding)
simulation = partial(compiled, with_tensorgrad.simulation)
black_scholes = partial(compiled, with_tensorgrad.black_scholes)
