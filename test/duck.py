"""An array that speaks NumPy's protocols and isn't an ndarray."""

import numpy as np


class Duck(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that isn't an ndarray, and must never be turned into one."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __array__(self, *args, **kwargs):
        raise AssertionError("np.asarray was called on a duck")

    @staticmethod
    def unwrap(x):
        if isinstance(x, Duck):
            return x.array
        if isinstance(x, list | tuple):
            return type(x)(map(Duck.unwrap, x))
        return x

    @staticmethod
    def wrap(y):
        if isinstance(y, tuple):
            return tuple(map(Duck.wrap, y))
        return Duck(y) if isinstance(y, np.ndarray | np.generic) else y

    @classmethod
    def understands(cls, values):
        return all(isinstance(v, Duck | np.ndarray | np.generic | int | float | list | tuple) for v in values)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        if not self.understands((*inputs, *out)):
            return NotImplemented
        if out:
            kwargs["out"] = self.unwrap(out)
        y = getattr(ufunc, method)(*self.unwrap(inputs), **kwargs)
        return out[0] if out else self.wrap(y)

    def __array_function__(self, func, types, args, kwargs):
        if not all(issubclass(t, Duck | np.ndarray) for t in types):
            return NotImplemented
        return self.wrap(func(*self.unwrap(args), **{k: self.unwrap(v) for k, v in kwargs.items()}))

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

    def __repr__(self):
        return f"Duck({self.array})"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.array, name)
        if not callable(value):
            return self.wrap(value)
        return lambda *args, **kwargs: self.wrap(value(*self.unwrap(args), **kwargs))
