"""compile: a step recorded once as a program of NumPy's calls, and replayed."""

from .compiled import Compiled, compile
from .recording import CompileError

__all__ = ["CompileError", "Compiled", "compile"]
