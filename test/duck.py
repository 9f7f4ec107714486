"""Arrays that speak NumPy's protocols and aren't ndarrays."""

import inspect
import json
from pathlib import Path

import numpy as np


class Duck(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that isn't an ndarray, and must never be turned into one."""

    def __init__(self, array):
        self.array = np.asarray(array)

    shape = property(lambda self: self.array.shape)  # asked for most often, so without a detour
    ndim = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)

    def __array__(self, *args, **kwargs):
        raise AssertionError("np.asarray was called on a duck")

    @classmethod
    def unwrap(cls, x):
        if isinstance(x, Duck):
            return x.array
        if isinstance(x, np.ndarray | int | float):
            return x
        if isinstance(x, list | tuple):
            parts = map(cls.unwrap, x)
            return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
        return {name: cls.unwrap(v) for name, v in x.items()} if isinstance(x, dict) else x

    @classmethod
    def wrap(cls, y):
        if isinstance(y, list | tuple):
            parts = map(cls.wrap, y)
            return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)
        return cls(y) if isinstance(y, np.ndarray | np.generic) else y

    @classmethod
    def understands(cls, values):
        return all(isinstance(v, Duck | np.ndarray | np.generic | int | float | complex | list | tuple) for v in values)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        if not self.understands((*inputs, *out)):
            return NotImplemented
        if out:
            kwargs["out"] = self.unwrap(out)
        y = getattr(ufunc, method)(*self.unwrap(inputs), **self.unwrap(kwargs))
        return out[0] if out else self.wrap(y)

    def __array_function__(self, func, types, args, kwargs):
        if not all(issubclass(t, Duck | np.ndarray) for t in types):
            return NotImplemented
        return self.wrap(func(*self.unwrap(args), **self.unwrap(kwargs)))

    def __getitem__(self, index):
        return self.wrap(self.array[index])

    def __setitem__(self, index, value):
        self.array[index] = self.unwrap(value)

    def __len__(self):
        return len(self.array)

    def __bool__(self):
        return bool(self.array)

    def __float__(self):
        return float(self.array)

    def __int__(self):
        return int(self.array)

    def __repr__(self):
        return f"Duck({self.array})"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.array, name)
        if not callable(value):
            return self.wrap(value)
        return lambda *args, **kwargs: self.wrap(value(*self.unwrap(args), **self.unwrap(kwargs)))


class Unsupported(TypeError):
    """CuPy hasn't got that."""


CUPY = json.loads((Path(__file__).parent / "data" / "cupy.json").read_text(encoding="utf-8"))  # see cupy_functions.py
SIGNATURES = {
    name: parameters
    and inspect.Signature(
        [
            inspect.Parameter(
                p, inspect._ParameterKind(kind), default=inspect.Parameter.empty if required or kind in (2, 4) else None
            )
            for p, kind, required in parameters
        ]
    )
    for name, parameters in CUPY["functions"].items()
}
# The methods of CuPy's ufuncs, of which not all have each; and what they are called with
UFUNC_METHODS = {
    "reduce": {"add", "multiply"}, "accumulate": {"add", "multiply"}, "reduceat": {"add"},
    "at": {"add", "maximum", "minimum"}, "outer": set(CUPY["ufuncs"]), "__call__": set(CUPY["ufuncs"]),
}  # fmt: skip
UFUNC_KEYWORDS = {"out", "dtype", "axis", "axes", "keepdims", "casting"}
COMPARISONS = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}


class StrictDuck(Duck):
    """An array that does what CuPy's on a GPU do, and no more: they aren't mixed with any ndarray, not of no dimension
    either, and take only the functions and parameters that CuPy has. Numbers are all that it takes beside its own kind,
    and lists of them where a function makes arrays of them. What is computed from it, also by `like=`, is of its kind:
    with np.asarray(array, like=duck), an ndarray becomes one of its kind."""

    @classmethod
    def check(cls, values):
        for value in values:
            if isinstance(value, list | tuple | dict):
                cls.check(value.values() if isinstance(value, dict) else value)
            elif isinstance(value, np.ndarray):
                raise TypeError(f"an ndarray of shape {value.shape} was mixed with an array of another kind")

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        if ufunc.__name__ not in UFUNC_METHODS[method] or not kwargs.keys() <= UFUNC_KEYWORDS:
            raise Unsupported(f"CuPy has no {ufunc.__name__}.{method} with {list(kwargs)}")
        if len(out) > 1:
            raise Unsupported("CuPy's ufuncs take one array in out=")
        if any(isinstance(v, list | tuple) for v in inputs) and method != "at":
            return NotImplemented
        of_no_dimension = ufunc in COMPARISONS
        self.check([v for v in (*inputs, *out) if not (of_no_dimension and isinstance(v, np.ndarray) and not v.ndim)])
        self.check(kwargs.values())
        return super().__array_ufunc__(ufunc, method, *inputs, out=out, **kwargs)

    def __array_function__(self, func, types, args, kwargs):
        name = f"{func.__module__}.{func.__name__}"
        if name not in SIGNATURES:
            raise Unsupported(f"CuPy has no {name}")
        try:
            if SIGNATURES[name]:
                SIGNATURES[name].bind(*args, **kwargs)
        except TypeError as error:
            raise Unsupported(f"{name} of CuPy: {error}") from error
        if func not in (np.asarray, np.array, np.asanyarray):
            self.check((*args, *kwargs.values()))
        return super().__array_function__(func, types, args, kwargs)

    def __getitem__(self, index):
        self.check((index,))
        return self.wrap(self.array[self.unwrap(index)])

    def __setitem__(self, index, value):
        self.check((index, value))
        self.array[self.unwrap(index)] = self.unwrap(value)

    def __getattr__(self, name):
        if not name.startswith("__") and hasattr(np.ndarray, name) and name not in CUPY["attributes"]:
            raise AttributeError(f"an array of CuPy's has no {name}")
        value = super().__getattr__(name)
        if not callable(value):
            return value

        def method(*args, **kwargs):
            if kwargs.keys() & {"where", "initial"}:
                raise Unsupported(f"the method {name} of CuPy's arrays has no where= and initial=")
            self.check((*args, *kwargs.values()))
            return value(*args, **kwargs)

        return method
