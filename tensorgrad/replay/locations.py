"""Where in the user's code a call was made, and by which operation of the library."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

from ..engine import backpropagate, record
from .program import Line, Value

# Packages whose frames are passed over: the line that a user looks for is one of theirs.
# Those by which a notebook prints are among them.
NOTEBOOKS = {"ipykernel", "IPython", "jupyter_client", "traitlets", "comm", "tornado", "zmq", "dateutil"}
LIBRARIES = frozenset({"tensorgrad", "numpy", "scipy", *NOTEBOOKS}) | (sys.stdlib_module_names - {"__main__"})
RECORDING = "tensorgrad.replay.tracing"  # the module that calls the step


def is_library(frame: FrameType) -> bool:
    """Whether the code of this frame is the library's own, or NumPy's, or Python's."""
    return is_of_library(frame.f_globals.get("__name__"), frame.f_code)


def is_of_library(module: Any, code: CodeType) -> bool:
    """Whether code of a module of this name is the library's own; an example in a docstring isn't."""
    return str(module).partition(".")[0] in LIBRARIES and not code.co_filename.startswith("<doctest")


def location() -> Line:
    """The line of the user's that is running, and the operation of the table that it led to; none of the user's, if
    the step is one of the library's functions, as grad(f) is where it goes backward."""
    frame: FrameType | None = sys._getframe(1)
    operation, node, wrt = "", None, None
    while frame is not None and is_library(frame):
        if frame.f_code is record.__code__ and not operation:
            operation = frame.f_locals["primitive"].name
        elif frame.f_code is backpropagate.__code__ and node is None:
            operation, node, wrt = _derivative(frame.f_locals)
        elif frame.f_globals.get("__name__") == RECORDING:  # what is further out called the step
            frame = None
            break
        frame = frame.f_back
    if frame is None:
        return Line(operation=operation, node=node, wrt=wrt)
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, operation, node, wrt)


def _derivative(variables: Mapping[str, Any]) -> tuple[str, Value | None, Value | None]:
    """Which derivative the backward walk with these variables is at."""
    if "op" not in variables:
        return "", None, None
    parent = variables.get("parent")
    if not any(parent is arg for arg in variables["args"]):  # that of the node before
        parent = None
    return f"derivative of {variables['op'].name}", _value_of(variables["node"]), _value_of(parent)


def _value_of(node: Any) -> Value | None:
    """What the data of a node are in the program."""
    value = getattr(getattr(node, "_data", None), "_value", None)
    return value if type(value) is Value else None


def is_in_message() -> bool:
    """Whether a text is made by a function of the library, as for an error; not because the user has asked for it, as
    print(tensor) does."""
    frame, outermost = sys._getframe(2), ""
    while frame is not None and is_library(frame):
        outermost = frame.f_code.co_name
        frame = frame.f_back  # type: ignore[assignment]
    return outermost not in ("", "__repr__", "__str__", "__format__")
