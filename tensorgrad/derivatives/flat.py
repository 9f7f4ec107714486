"""`ndarray.flat`, for Tensors."""

import numpy as np

from .inplace import assign_flat, cycled, require_no_tensor, require_target, values_for


class Flat:
    """`ndarray.flat`: the elements in C order, however they lie in memory. What is read is a copy.

    >>> from tensorgrad import Tensor
    >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=False)
    >>> flat = a.T.flat
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
        index = index[0] if isinstance(index, tuple) and len(index) == 1 else index
        if index is Ellipsis:
            return np.arange(len(self))
        if isinstance(index, slice):
            return np.arange(*index.indices(len(self)))
        if isinstance(index, bool | np.bool):  # as NumPy has it: no mask here
            index = int(index)
        kind = np.asarray(index).dtype.kind if index is not None and not isinstance(index, tuple) else ""
        if kind not in "iub" or not kind:
            raise IndexError(f"flat: an index is an integer, a slice, or integers or bools, not {index!r}")
        try:
            return range(len(self))[index] if np.ndim(index) == 0 else np.arange(len(self))[index]
        except IndexError as error:
            raise IndexError(f"flat: of {len(self)} elements: {error}") from error

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
