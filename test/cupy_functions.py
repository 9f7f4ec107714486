"""Which of NumPy's functions CuPy answers for, and with which parameters: data/cupy.json, which duck.py goes by.

With CuPy installed (it needs no GPU to be looked at), python test/cupy_functions.py writes it anew.
"""

import functools
import inspect
import json
from pathlib import Path

import numpy as np

PATH = Path(__file__).parent / "data" / "cupy.json"


def counterpart(cupy, func):
    """CuPy's function for one of NumPy's, as its arrays look for it; None if there is none."""
    try:
        module = functools.reduce(getattr, func.__module__.split(".")[1:], cupy)
        found = getattr(module, func.__name__)
    except AttributeError:
        return None
    return None if found is func else found


def parameters(func):
    """The parameters of a function, by name and kind; None of those that don't tell theirs."""
    try:
        return [[p.name, int(p.kind), p.default is p.empty] for p in inspect.signature(func).parameters.values()]
    except (ValueError, TypeError):
        return None


def table(cupy):
    functions = {}
    for module in (np, np.linalg, np.fft, np.lib.stride_tricks):
        for name in dir(module):
            func = getattr(module, name)
            if callable(func) and not isinstance(func, type | np.ufunc) and hasattr(func, "__module__"):
                found = counterpart(cupy, func)
                if found is not None:
                    functions[f"{func.__module__}.{func.__name__}"] = parameters(found)
    ufuncs = [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)]
    return {
        "version": cupy.__version__,
        "functions": dict(sorted(functions.items())),
        "ufuncs": sorted({getattr(np, name).__name__ for name in ufuncs if hasattr(cupy, getattr(np, name).__name__)}),
        "attributes": [name for name in dir(cupy.ndarray) if hasattr(np.ndarray, name)],
    }


if __name__ == "__main__":
    import cupy

    found = table(cupy)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.pop("functions").items()]
    text = json.dumps(found)[:-1] + ', "functions": {\n' + ",\n".join(lines) + "\n}}\n"
    PATH.write_text(text, encoding="utf-8")
