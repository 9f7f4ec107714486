"""tensorgrad: automatic differentiation of NumPy code."""

import sys
from typing import TYPE_CHECKING, Any

from . import array_api as array_api  # and with it, a Tensor has the namespace of the array API standard
from . import batching as batching  # the rules that batches go by
from . import nn as nn
from .data import batches
from .derivatives import derivative
from .errors import CompileError
from .functions import conv2d, gelu, leaky_relu, linear, log_softmax, logsumexp, relu, sigmoid, silu, softmax, softplus
from .grad_mode import enable_grad, no_grad
from .graph_utils import draw_backward, draw_dot_tensor  # and with it, a Tensor shows its graph in a notebook
from .losses import mse_loss, sigmoid_cross_entropy, softmax_cross_entropy
from .module import Module
from .network import MLP, Layer, Neuron
from .nn import Sequential
from .optim import SGD, Adam, AdamW
from .profiler import detect_anomaly, profile
from .tensor import Tensor
from .transforms import (
    check_grads,
    checkpoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    laplacian,
    stop_gradient,
    value_and_grad,
    vjp,
)
from .vmap import vmap

if TYPE_CHECKING:
    from .replay import compile


def __getattr__(name: str) -> Any:
    """`compile`, which is imported when it is first asked for: many programs do without it."""
    if name != "compile":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .replay import compile

    globals()[name] = compile
    return compile


if "einops" in sys.modules:  # what was imported before gets to know Tensors; for what comes later there is the module
    from . import einops as einops
if "autoray" in sys.modules:
    from . import autoray as autoray

__version__ = "0.1.0"

__all__ = [
    "Tensor", "derivative", "no_grad", "enable_grad", "profile", "detect_anomaly",
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "softmax", "log_softmax", "logsumexp", "linear",
    "conv2d",
    "Module", "Neuron", "Layer", "MLP", "Sequential",
    "sigmoid_cross_entropy", "softmax_cross_entropy", "mse_loss",
    "SGD", "Adam", "AdamW", "batches",
    "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp", "laplacian", "check_grads", "stop_gradient",
    "checkpoint", "vmap", "compile", "CompileError",
    "draw_dot_tensor", "draw_backward",
]  # fmt: skip
