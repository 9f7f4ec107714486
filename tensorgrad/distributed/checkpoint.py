"""A training in a file: nested dicts and lists of numbers, texts and arrays, written as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..saving import read_arrays, write_arrays

_TREE = "tree"  # the array whose bytes are the JSON of the structure


def write_checkpoint(name: str, path: Any, state: Mapping[str, Any]) -> None:
    """Write it to a file that ends in .npz or .safetensors; `name` is the caller, for errors. Of the structure JSON is
    written, in which an array has a name."""
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_encoded(state, "", arrays))
    write_arrays(name, path, {_TREE: np.frombuffer(text.encode(), np.uint8), **arrays})


def read_checkpoint(name: str, path: Any) -> dict[str, Any]:
    """What `write_checkpoint` wrote.

    Raises:
        ValueError: the file is another.
    """
    arrays = read_arrays(name, path)
    if _TREE not in arrays:
        raise ValueError(f"{name}: {path} is no checkpoint of fit; it holds {sorted(arrays)[:5]}")
    state: dict[str, Any] = _decoded(json.loads(arrays[_TREE].tobytes().decode()), arrays)
    return state


def _encoded(item: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """What JSON knows: dicts, whose keys may be numbers, as pairs, and arrays by name."""
    if isinstance(item, Mapping):
        return {"dict": [[key, _encoded(part, f"{path}/{key}", arrays)] for key, part in item.items()]}
    if isinstance(item, list | tuple):
        return [_encoded(part, f"{path}/{i}", arrays) for i, part in enumerate(item)]
    if isinstance(item, np.ndarray):
        arrays[path[1:]] = item
        return {"array": path[1:]}
    return item.item() if isinstance(item, np.generic) else item


def _decoded(item: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(item, list):
        return [_decoded(part, arrays) for part in item]
    if isinstance(item, dict):
        if "array" in item:
            return arrays[item["array"]]
        return {key: _decoded(part, arrays) for key, part in item["dict"]}
    return item
