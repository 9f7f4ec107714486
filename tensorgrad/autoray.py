"""autoray on Tensors: `autoray.do("sin", tensor)` calls NumPy's function, which they record. Needs autoray.

Importing this module makes Tensors known to autoray. `import tensorgrad` does so, too, where autoray was imported
before.

>>> import autoray, tensorgrad.autoray
>>> from tensorgrad import Tensor
>>> autoray.do("linalg.norm", Tensor([3.0, 4.0]))
Tensor(5.)
"""

from importlib import import_module

try:
    autoray = import_module("autoray")  # which has no types
except ImportError as error:
    raise ImportError("tensorgrad.autoray needs autoray: pip install autoray") from error

from .tensor import Tensor

autoray.register_backend(Tensor, "numpy")
