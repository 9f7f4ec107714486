"""Arrays that speak NumPy's protocols and aren't ndarrays."""

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


class StrictDuck(Duck):
    """An array that isn't mixed with any ndarray, as CuPy's on a GPU: numbers, lists of numbers and ndarrays of no
    dimension are all that it takes beside its own kind. What is computed from it, also by `like=`, is of its kind: with
    np.asarray(array, like=duck), an ndarray becomes one of its kind."""

    @classmethod
    def check(cls, values):
        for value in values:
            if isinstance(value, list | tuple | dict):
                cls.check(value.values() if isinstance(value, dict) else value)
            elif isinstance(value, np.ndarray) and value.ndim:
                raise TypeError(f"an ndarray of shape {value.shape} was mixed with an array of another kind")

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        self.check((*inputs, *out, *kwargs.values()))
        return super().__array_ufunc__(ufunc, method, *inputs, out=out, **kwargs)

    def __array_function__(self, func, types, args, kwargs):
        if func is not np.asarray:
            self.check((*args, *kwargs.values()))
        return super().__array_function__(func, types, args, kwargs)

    def __getitem__(self, index):
        self.check((index,))
        return self.wrap(self.array[self.unwrap(index)])

    def __setitem__(self, index, value):
        self.check((index, value))
        self.array[self.unwrap(index)] = self.unwrap(value)

    def __getattr__(self, name):
        value = super().__getattr__(name)
        if not callable(value):
            return value

        def method(*args, **kwargs):
            self.check((*args, *kwargs.values()))
            return value(*args, **kwargs)

        return method
