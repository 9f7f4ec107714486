"""Functions that NumPy has no name for: what networks are made of.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from ..derivatives.activations import leaky_relu, relu, sigmoid
from ..derivatives.softmax import log_softmax, logsumexp, softmax, softmin
from .activations import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    logsigmoid,
    mish,
    prelu,
    relu6,
    rrelu,
    selu,
    silu,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from .convolution import conv2d
from .dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from .linear import linear
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear", "conv2d",
    "elu", "selu", "celu", "mish", "relu6", "hardtanh", "hardswish", "hardsigmoid", "softsign", "softshrink",
    "hardshrink", "tanhshrink", "threshold", "logsigmoid", "prelu", "rrelu", "glu", "softmin",
    "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm",
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
]  # fmt: skip
