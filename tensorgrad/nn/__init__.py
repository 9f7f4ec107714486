"""The layers that people know: PyTorch's names, arguments, layouts and numbers, in NumPy."""

from .. import functions as functional
from ..module import Module
from ..tensor import Tensor as Parameter
from . import init
from .cells import GRUCell, LSTMCell, RNNCell
from .containers import Sequential
from .embedding import Embedding, EmbeddingBag
from .linear import Identity, Linear
from .recurrent import GRU, LSTM, RNN

__all__ = [
    "functional", "init", "Module", "Parameter",
    "Identity", "Linear", "Sequential",
    "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell",
    "Embedding", "EmbeddingBag",
]  # fmt: skip
