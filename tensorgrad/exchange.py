"""What other libraries ask of an array: its numbers, and what the array API standard has, its namespace and memory."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import DTypeLike

from .grad_mode import is_grad_enabled
from .leaving import as_unknown, is_sparse_product, no_array

# array_api/__init__.py enters "array_api" when it is imported.
namespaces: dict[str, ModuleType] = {}
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


def array(self: Any, dtype: DTypeLike | None = None, copy: bool | None = None) -> ndarray:
    """The numbers of a constant, for what makes an array of it."""
    if is_sparse_product(sys._getframe(1)):
        return as_unknown(self)
    if self.requires_grad and is_grad_enabled():
        raise no_array(sys._getframe(1))
    return np.array(self._data, dtype=dtype, copy=copy)


def array_namespace(self: Any, /, *, api_version: str | None = None) -> ModuleType:
    """The functions of the array API standard for Tensors: the module `tensorgrad.array_api`.

    Raises:
        ValueError: there is no such version of the standard.
    """
    if api_version is not None and api_version not in VERSIONS:
        raise ValueError(f"api_version: the array API standard has {', '.join(VERSIONS)}, not {api_version!r}")
    return namespaces["array_api"]


def device(self: Any) -> Any:
    """Where the data are: "cpu", or what an array of another kind says."""
    return getattr(self._data, "device", "cpu")


def to_device(self: Any, device: Any, /, *, stream: Any = None) -> Any:
    """The Tensor itself, if its data are on that device.

    Raises:
        ValueError: they are on another.
    """
    if device != self.device or stream is not None:
        raise ValueError(f"to_device: the data of this Tensor are on {self.device!r}, and stay there, not {device!r}")
    return self


def dlpack(self: Any, **options: Any) -> Any:
    """The memory of a constant, for `from_dlpack` of another library."""
    if self.requires_grad and is_grad_enabled():
        raise no_array(sys._getframe(1))
    return self._data.__dlpack__(**options)


def dlpack_device(self: Any) -> tuple:
    """The kind of device and its number."""
    return self._data.__dlpack_device__()
