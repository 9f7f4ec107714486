"""The layers that people know: PyTorch's names, arguments, layouts and numbers, in NumPy."""

from .. import functions as functional
from ..module import Module
from ..tensor import Tensor as Parameter
from . import init
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .linear import Identity, Linear

__all__ = [
    "functional", "init", "Module", "Parameter",
    "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict",
    "Identity", "Linear",
]  # fmt: skip
