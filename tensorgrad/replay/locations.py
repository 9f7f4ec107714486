"""Where in the user's code a call was made, and by which operation of the library."""

from __future__ import annotations

import sys
from types import FrameType

from ..engine import backpropagate, record
from .program import Line

# Packages whose frames are passed over: the line that a user looks for is one of theirs.
LIBRARIES = frozenset({"tensorgrad", "numpy", "scipy"}) | (sys.stdlib_module_names - {"__main__"})


def is_library(frame: FrameType) -> bool:
    """Whether the code of this frame is the library's own, or NumPy's."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in LIBRARIES


def location() -> Line:
    """The line of the user's that is running, and the operation of the table that it led to."""
    frame: FrameType | None = sys._getframe(1)
    operation = ""
    while frame is not None and is_library(frame):
        if not operation:
            if frame.f_code is record.__code__:
                operation = frame.f_locals["primitive"].name
            elif frame.f_code is backpropagate.__code__:
                operation = f"derivative of {frame.f_locals['op'].name}"
        frame = frame.f_back
    if frame is None:
        return Line(operation=operation)
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, operation)
