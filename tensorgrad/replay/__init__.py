"""compile: a step recorded once as a program of NumPy's calls, and replayed."""

from ..errors import CompileError
from .compiled import Compiled, compile

__all__ = ["CompileError", "Compiled", "compile"]
