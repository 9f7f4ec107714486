"""Functions that NumPy has no name for: what networks are made of.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from ..derivatives.activations import leaky_relu, relu, sigmoid, softplus
from ..derivatives.softmax import log_softmax, logsumexp, softmax
from .activations import gelu, silu, tanh
from .attention import scaled_dot_product_attention
from .convolution import conv2d
from .dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from .linear import linear
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear", "conv2d",
    "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm",
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
from .convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, fold, unfold
from .linear import linear
from .padding import pad

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear",
    "pad",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "unfold", "fold",
    "scaled_dot_product_attention",
]  # fmt: skip
