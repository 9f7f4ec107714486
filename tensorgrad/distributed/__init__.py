"""Gradients and trainings over data that lie in chunks, on one machine or many, by Dask. Needs Dask.

The data stay where they are. With each step the parameters go to the workers, each worker computes the loss and the
gradient of its chunks, and the sum of these comes back. The guide on clusters of machines tells when
that pays.
"""

try:
    import dask.array as _needed  # noqa: F401
except ImportError as error:
    raise ImportError("tensorgrad.distributed needs Dask: pip install dask distributed") from error

from .gradient import value_and_grad
from .training import fit

__all__ = ["value_and_grad", "fit"]
