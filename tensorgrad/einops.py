"""einops on Tensors: rearrange, reduce, repeat, einsum, pack and unpack. Needs einops.

Importing this module makes Tensors known to einops. `import tensorgrad` does so, too, where einops was imported before.

>>> import einops, tensorgrad.einops
>>> from tensorgrad import Tensor
>>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
>>> einops.reduce(x, "row column -> row", "max").backward()
>>> x.grad
array([[0., 1.],
       [0., 1.]])
"""

from typing import Any

try:
    from einops._backends import NumpyBackend  # einops asks the subclasses of its backends
except ImportError as error:
    raise ImportError("tensorgrad.einops needs einops: pip install einops") from error

from .tensor import Tensor


class TensorBackend(NumpyBackend):
    """einops' calls of NumPy, which Tensors record."""

    framework_name = "tensorgrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: Any) -> Tensor:
        return Tensor(x)

    def to_numpy(self, x: Tensor) -> Any:
        return x.data
