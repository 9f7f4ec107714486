"""`ndarray.flat`, for Tensors."""

import numpy as np

from .inplace import assign_flat, cycled, require_no_tensor, require_target, values_for


class Flat:
    """`ndarray.flat`: the elements in C order, however they lie in memory. What is read is a copy.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=False)
    >>> flat = Flat(a.T)
    >>> flat[1:3]
    Tensor([3. 2.])
    >>> flat[[0, 1]] = 0.0
    >>> a
    Tensor([[0. 2.]
            [0. 4.]])
    """

    __slots__ = ("base",)

    def __init__(self, base):
        self.base = base

    def __len__(self):
        return self.base.size

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        return np.ravel(np.asarray(self.base, dtype))

    def _places(self, index):
        require_no_tensor("flat", "an index", index)
        if isinstance(index, slice):
            return np.arange(*index.indices(len(self)))
        if index is None:
            raise IndexError("flat: an index is an integer, a slice, or an array of integers or bools, not None")
        return range(len(self))[index] if type(index) is int else np.arange(len(self))[index]

    def __getitem__(self, index):
        base = self.base if self.base.ndim else self.base[None]
        return base[np.unravel_index(self._places(index), base.shape)]

    def __setitem__(self, index, value):
        require_target("flat", self.base, value)
        places, value = self._places(index), values_for("flat", self.base, value)
        if np.ndim(places) == 0 and value.size != 1:
            raise ValueError(f"flat: one element can't be set to values of shape {value.shape}")
        if value.size:
            value = cycled(value, np.size(places))
            assign_flat(self.base, places, np.reshape(value, () if value.size == 1 else np.shape(places)))
