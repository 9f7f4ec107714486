"""Runs each use of array_api_uses.py on arrays and on Tensors, and says what became of it.

works       values are SciPy's of arrays, and the gradient is that of finite differences
error       it raised
CONSTANT    a plain value, or a Tensor without a gradient, where the finite difference isn't zero
WRONG       another value, or another gradient
flat        nothing that could have a gradient: the finite differences are zero, or there are none

Run with SCIPY_ARRAY_API=1 in the environment, which SciPy reads when it is imported.
"""

import importlib
import re
import sys
import warnings
from collections import Counter

import numpy as np
import scipy
from array_api_uses import USES

from tensorgrad import Tensor

for module in [
    "fft",
    "linalg",
    "stats",
    "signal",
    "ndimage",
    "interpolate",
    "integrate",
    "optimize",
    "optimize.elementwise",
    "cluster.vq",
    "cluster.hierarchy",
    "spatial.distance",
    "spatial.transform",
    "sparse.linalg",
    "sparse.csgraph",
    "differentiate",
    "special",
    "stats.qmc",
    "stats.contingency",
    "stats.mstats",
]:
    importlib.import_module(f"scipy.{module}")


def arrays():
    """What the letters in the uses stand for."""
    rng = np.random.default_rng(0)
    a, c = rng.uniform(0.5, 2, (2, 8))
    A, B = rng.uniform(0.1, 1, (2, 3, 3)) + np.eye(3)
    X, Y, J = rng.normal(size=(8, 2)), rng.normal(size=(8, 2)), rng.uniform(0, 1, (5, 6))
    return {
        "s": np.array(0.37),
        "p": np.array([0.31, 0.52, 0.74]),
        "b": np.array([1.6, 2.3, 3.2]),
        "w": np.array([0.2, 0.3, 0.5]),
        "d": np.array([0.3, 0.8, 0.5, 1.1, 0.9]),
        "g": rng.uniform(1, 2, 6),
        "a": a,
        "c": c,
        "z": a + 1j * c,
        "A": A,
        "B": B,
        "C": A + 1j * B,
        "S": A @ A.T + np.eye(3),
        "T": np.tril(A),
        "W": A + 2 * np.array([[0], [1], [0]]),
        "Q": np.stack([np.full(8, 0.3), a + 2]),
        "E": A * 5 + 3,
        "X": X,
        "Y": Y,
        "J": J,
        "L": rng.normal(size=40),
        "F": rng.normal(size=(3, 5)) + 0j,
        "O": np.array([[0.3, 0.2, 0.1, 1.0, -0.4, 0.1], [0.5, 0.1, 0.2, 1.0, 0.2, 0.3]]),
        "Z": scipy.cluster.hierarchy.linkage(X),
    }


def settings():
    """Names in the uses that stand for constants."""
    rng = np.random.default_rng(1)
    return {
        "np": np,
        **{name: getattr(scipy, name) for name in dir(scipy) if not name.startswith("_")},
        "K": np.arange(8.0),
        "N": np.tile([1, 1, 2, 2, 2, 0], (5, 1)),
        "ipiv": np.array([0, 1, 2]),
        "XC": rng.normal(size=(8, 2)),
        "M": scipy.sparse.csr_array(np.array([[2.0, 0.5, 0.0], [0.5, 3.0, 0.2], [0.0, 0.2, 1.5]])),
        "f_copy": f_copy,
        "f_second": lambda x, axis, output, mode, cval: scipy.ndimage.correlate1d(
            x, [1, -2, 1], axis, output, mode, cval, 0
        ),
    }


def f_copy(line, out):
    out[...] = line[1:-1]


def uses():
    """Each use that this SciPy has, as text."""
    found = []
    for text in USES.replace("\n", " ; ").split(" ; "):
        path = re.match(r"[a-z_A-Z0-9.]+", text)
        if not text.strip():
            continue
        target = scipy
        for part in path[0].split(".") if path and "." in path[0] else ():
            target = getattr(target, part, None)
        if target is not None:
            found.append(text.strip())
    return found


def leaves(y):
    """The floating arrays in a result."""
    if isinstance(y, Tensor):
        return [y]
    if isinstance(y, np.ndarray | np.generic | float | complex):
        return [y] if np.asarray(y).dtype.kind in "fc" else []
    if scipy.sparse.issparse(y):
        return [y.toarray()]
    if isinstance(y, dict):
        y = list(y.values())
    if not isinstance(y, list | tuple):
        y = (
            [v for v in getattr(y, "__dict__", {}).values() if not callable(v)]
            if type(y).__module__.startswith("scipy")
            else []
        )
    return [leaf for part in y for leaf in leaves(part)]


def weighted(leaf):
    """A number of an array, in which each element has a weight of its own."""
    weights = 0.3 + np.cos(np.arange(leaf.size, dtype=float)).reshape(leaf.shape)
    y = leaf.real + 0.7 * leaf.imag if leaf.dtype.kind == "c" else leaf
    return np.sum(np.where(np.isfinite(leaf.data if isinstance(leaf, Tensor) else leaf), y, 0.0) * weights)


def of_arrays(text, values):
    y = [np.asarray(leaf) for leaf in leaves(eval(text, settings() | values))]
    return y


def survey_one(text):
    """The kind of a use, and the error's text."""
    names = [name for name in arrays() if re.search(rf"(?<![\w.'\"]){name}(?![\w'\"=])", text)]
    rng = np.random.default_rng(2)
    directions = {name: rng.uniform(0.5, 1, np.shape(arrays()[name])) for name in names}
    for name in set(names) & {"S", "E"}:
        directions[name] = directions[name] + directions[name].T
    if "T" in names:
        directions["T"] = np.tril(directions["T"])
    if "Q" in names:
        directions["Q"][0] = 0.1

    def at(h):
        return {name: v + h * directions[name] if name in directions else v for name, v in arrays().items()}

    h = 1e-6
    try:
        y, high, low = [of_arrays(text, at(step)) for step in (0.0, h, -h)]
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"
    slopes = [(weighted(u) - weighted(v)) / (2 * h) if u.shape == v.shape else 0.0 for u, v in zip(high, low)]
    if not any(abs(slope) > 1e-6 for slope in slopes):
        return "flat", ""
    tensors = {name: Tensor(v, name=name) for name, v in at(0.0).items()}
    constants = {
        k: Tensor(v, requires_grad=False) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for k, v in settings().items()
    }
    try:
        result = leaves(eval(text, constants | tensors))
    except Exception as error:
        return "error", f"{type(error).__name__}: {error}"
    if len(result) != len(y):
        return "WRONG", f"{len(result)} arrays, not {len(y)}"
    loss = 0.0
    total = 0.0
    for leaf, expected, slope in zip(result, y, slopes):
        data = np.asarray(leaf.data if isinstance(leaf, Tensor) else leaf)
        if not np.allclose(data, expected, rtol=1e-7, atol=1e-9, equal_nan=True):
            return "WRONG", f"{data} is not {expected}"
        if isinstance(leaf, Tensor) and leaf.requires_grad:
            loss = loss + weighted(leaf)
            total += slope
        elif abs(slope) > 1e-5 * (1 + abs(weighted(expected))):
            return "CONSTANT", f"{slope}"
    if not isinstance(loss, Tensor):
        return "CONSTANT", "none"
    try:
        loss.backward()
    except Exception as error:
        return "error", f"backward: {type(error).__name__}: {error}"
    found = sum(np.sum(np.real(tensors[name].grad * directions[name])) for name in names)
    if not abs(found - total) <= 1e-4 * (1 + abs(total)):
        return "WRONG", f"gradient {found}, not {total}"
    return "works", ""


def survey():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    return {text: survey_one(text) for text in uses()}


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    counts = Counter()
    by_module = Counter()
    for text in uses():
        if wanted not in text:
            continue
        kind, why = survey_one(text)
        counts[kind] += 1
        by_module[text.split(".")[0], kind] += 1
        print(f"{kind:9} {text}   {' '.join(str(why).split())[:230]}", flush=True)
    print(dict(counts))
    for key in sorted(by_module):
        print(*key, by_module[key])
