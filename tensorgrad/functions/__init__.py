"""Functions that NumPy has no name for: what networks are made of.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from ..derivatives.activations import leaky_relu, relu, sigmoid, softplus
from ..derivatives.softmax import log_softmax, logsumexp, softmax
from .activations import gelu, silu, tanh
from .convolution import conv2d
from .embedding import embedding, embedding_bag, one_hot
from .linear import linear

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear", "conv2d",
    "embedding", "embedding_bag", "one_hot",
]  # fmt: skip
