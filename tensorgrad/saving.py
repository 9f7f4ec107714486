"""What a module's state is written to, and read from: .safetensors, and .npz."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .derivatives.arrays import as_numbers
from .files import as_path, replacing
from .tensor import data_of

if TYPE_CHECKING:
    from types import ModuleType

_DTYPES = {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64", "C64"}  # of both


def write_arrays(name: str, path: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a file, as a whole or not at all; `name` is the caller, for errors."""
    import zipfile  # here, since only what is saved needs it

    kind = suffix_of(name, path)
    with replacing(name, path) as draft:
        if kind == ".safetensors":
            kept = {key: np.ascontiguousarray(value).reshape(np.shape(value)) for key, value in arrays.items()}
            draft.write_bytes(_safetensors(name).save(kept))  # save_file would keep it from all others
            return
        with zipfile.ZipFile(draft, "w") as archive:  # as np.savez, which keeps some names to itself, such as "file"
            for key, value in arrays.items():
                with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, value, allow_pickle=False)


def read_arrays(name: str, path: Any) -> dict[str, np.ndarray]:
    """The arrays of a file by name.

    Raises:
        ValueError: the file is damaged, or of another kind than its name says.
    """
    kind, file = suffix_of(name, path), as_path(name, path)
    return _read_safetensors(name, str(file)) if kind == ".safetensors" else _read_npz(name, str(file))


def _read_npz(name: str, path: str) -> dict[str, np.ndarray]:
    import zipfile  # here, as above
    import zlib

    damages = (ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
    with open(path, "rb") as raw:  # which np.load leaves open if the file is damaged
        try:
            file = np.load(raw, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise ValueError("it is a .npy file, of one array")
            with file:
                return dict(file)
        except damages as error:
            raise _damaged(name, path, error) from error


def _damaged(name: str, path: str, error: Exception) -> ValueError:
    return ValueError(f"{name}: {path} can't be read; it is damaged, or of another kind than its name says: {error}")


def _read_safetensors(name: str, path: str) -> dict[str, np.ndarray]:
    package = _safetensors(name)
    from safetensors import SafetensorError  # which is there now

    try:
        opened = package.safe_open(path, "np")
    except SafetensorError as error:
        raise _damaged(name, path, error) from error
    with opened as file:
        dtypes = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118 - it is no dict
        unknown = sorted({str(dtype) for dtype in dtypes.values()} - _DTYPES - {"BF16"})
        if unknown:
            raise TypeError(
                f"{name}: {path} has arrays of dtype {', '.join(unknown)}, which NumPy hasn't; convert them before "
                f"they are saved"
            )
        arrays = {key: file.get_tensor(key) for key, dtype in dtypes.items() if dtype != "BF16"}
    if len(arrays) < len(dtypes):
        with open(path, "rb") as raw:
            for key, array in package.deserialize(raw.read()):
                if array["dtype"] == "BF16":
                    arrays[key] = _from_bfloat16(array["data"]).reshape(array["shape"])
    return arrays


def _from_bfloat16(data: bytes) -> np.ndarray:
    """float32 of PyTorch's bfloat16, which is its first half."""
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)


def suffix_of(name: str, path: Any) -> str:
    """How a path ends, ".safetensors" or ".npz"; or an error."""
    suffix = as_path(name, path).suffix
    if suffix not in (".safetensors", ".npz"):
        raise ValueError(f"{name}: the path must end in .safetensors or .npz, not {str(path)!r}")
    return suffix


def _safetensors(name: str) -> ModuleType:
    try:
        from safetensors import numpy
    except ImportError as error:
        raise ImportError(
            f"{name}: for .safetensors, safetensors is needed: pip install safetensors; .npz does without"
        ) from error
    return numpy


def loaded_arrays(own: Mapping[str, Any], state: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Each Tensor or array of `own`, and a copy of what the state has under its name, of its shape and dtype.

    Raises:
        ValueError: two names of one are given different numbers; and what loaded_array raises.
    """
    new: dict[int, tuple[str, Any, Any]] = {}
    with np.errstate(over="ignore"):
        for name, x in own.items():
            value = loaded_array(name, x, state[name])
            first, _, before = new.setdefault(id(x), (name, x, value))
            if before is not value and not np.array_equal(before, value, equal_nan=value.dtype.kind in "fc"):
                raise ValueError(f"load_state_dict: {first} and {name} are one, but are given different numbers")
    return [(x, value) for _, x, value in new.values()]


def loaded_array(name: str, p: Any, value: Any) -> Any:
    """A copy of what load_state_dict is given for the Tensor or array p of this name, of its shape and dtype, or an
    error."""
    given = data_of(as_numbers("load_state_dict", name, value, {"c": "fc", "f": "f"}.get(p.dtype.kind, "biuf")))
    if given.shape != p.shape:
        raise ValueError(f"load_state_dict: {name} has shape {p.shape}, but is given {given.shape}")
    new = np.array(given, dtype=p.dtype, like=data_of(p))
    if given.dtype != p.dtype and np.any(np.isfinite(new) != np.isfinite(given)):
        raise ValueError(f"load_state_dict: {name} is given a number that is too large for {p.dtype}")
    return new
