"""torch.compile: the steps of `with_pytorch.py`, update included."""

import os
import shutil
from functools import partial

import torch

from contenders import with_pytorch

VERSION = torch.__version__
MISSING = dict.fromkeys(("record", "chain"), "compiled code records nothing")
MISSING |= dict.fromkeys(("lstm", "simulation"), "steps that are written out take minutes to compile")

if not shutil.which(os.environ.get("CXX", "c++")) and not shutil.which("g++"):
    MISSING |= dict.fromkeys(
        ("mlp", "mlp_adam", "convolution", "convnet", "transformer", "recurrent", "embedding", "black_scholes"),
        "needs a C++ compiler",
    )


def compiled(task, w):
    step = task(w)
    return partial(torch.compile(step.func), *step.args)


mlp = partial(compiled, with_pytorch.mlp)
mlp_adam = partial(compiled, with_pytorch.mlp_adam)
convolution = partial(compiled, with_pytorch.convolution)
convnet = partial(compiled, with_pytorch.convnet)
transformer = partial(compiled, with_pytorch.transformer)
recurrent = partial(compiled, with_pytorch.recurrent)
embedding = partial(compiled, with_pytorch.embedding)
black_scholes = partial(compiled, with_pytorch.black_scholes)
