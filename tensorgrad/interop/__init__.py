"""PyTorch and JAX as neighbours: their functions inside of ours, and ours inside of theirs."""

from .jax import from_jax, to_jax
from .pytorch import from_torch, to_torch

__all__ = ["to_torch", "from_torch", "to_jax", "from_jax"]
