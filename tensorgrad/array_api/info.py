"""What the namespace can do, as the standard has it told."""

from __future__ import annotations

from typing import Any

import numpy as np

KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]


class Info:
    """The object that `__array_namespace_info__()` gives.

    >>> info = Info()
    >>> info.default_dtypes()["real floating"], info.devices(), info.dtypes(kind="bool")
    (dtype('float64'), ['cpu'], {'bool': dtype('bool')})
    """

    def capabilities(self) -> dict[str, Any]:
        """Masks and results whose shape depends on values are possible; arrays have at most 64 axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        return "cpu"

    def devices(self) -> list[str]:
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """The dtypes of arrays that are made of Python's numbers; indices are signed integers."""
        given = {"real floating": 0.0, "complex floating": 0j, "integral": 0, "indexing": 0}
        return {kind: np.asarray(number).dtype for kind, number in given.items()}

    def dtypes(self, *, device: Any = None, kind: str | tuple[str, ...] | None = None) -> dict[str, np.dtype]:
        """The dtypes of a kind, or of several, by name."""
        kinds = (kind,) if isinstance(kind, str) else ("bool", "numeric") if kind is None else kind
        return {name: np.dtype(name) for k in kinds for name in KINDS[k]}
