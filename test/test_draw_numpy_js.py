"""The small NumPy of the backward page, in a headless browser: each of its functions beside NumPy's own."""

import inspect
import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import tensorgrad

scipy_special = pytest.importorskip("scipy.special")

SOURCE = (Path(tensorgrad.__file__).parent / "draw" / "web" / "numpy.js").read_text(encoding="utf-8")
NAMES = re.findall(r"^np\.(\w+) = ", SOURCE, re.MULTILINE)
CONSTANTS = {"pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan}
OTHERS = {"NDArray", "newaxis", "Ellipsis", "slice"}  # no functions of NumPy; the index uses them

# NumPy and JavaScript -------------------------------------------------------------------------------------------------


def js(value):
    """A value of Python as JavaScript writes it."""
    if isinstance(value, np.ndarray):
        kind = js(value.dtype == bool)
        return f"new np.NDArray({js(value.shape)}, Float64Array.from({js(value.ravel().tolist())}), {kind})"
    if value is Ellipsis:
        return "np.Ellipsis"
    if isinstance(value, slice):
        return f"np.slice({js(value.start)}, {js(value.stop)}, {js(value.step)})"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(js, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {js(x)}" for key, x in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return json.dumps(value)


class Call:
    """Arguments of a function."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def js(self, name):
        return f"np.{name}({', '.join(map(js, (*self.args, self.kwargs) if self.kwargs else self.args))})"


def read(value):
    """What the browser gave, as NumPy has it."""
    if isinstance(value, list):
        return [read(x) for x in value]
    if isinstance(value, dict):
        assert len(value["data"]) == math.prod(value["shape"])
        return np.array(value["data"], bool if value["bool"] else float).reshape(value["shape"])
    return value


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    tab.add_script_tag(content=SOURCE)
    tab.evaluate("""() => {
      window.plain = x => x instanceof np.NDArray ? {shape: x.shape, data: [...x.data], bool: x.bool}
        : Array.isArray(x) ? x.map(plain) : x;
      window.tried = f => { try { return plain(f()); } catch (error) { return `${error}`; } };
    }""")
    yield tab
    tab.close()


def evaluate(tab, expressions):
    """What each of these comes to; the text of its error, if it throws one."""
    calls = ", ".join(f"tried(() => {expression})" for expression in expressions)
    return [read(x) for x in tab.evaluate(f"() => [{calls}]")]


def require_same(actual, expected, what, tolerance=1e-12):
    if isinstance(expected, tuple | list):
        assert isinstance(actual, list) and len(actual) == len(expected), (what, actual)
        for x, y in zip(actual, expected, strict=True):
            require_same(x, y, what, tolerance)
        return
    expected = np.asarray(expected)
    assert not isinstance(actual, str), (what, actual)
    assert np.shape(actual) == expected.shape, what
    assert (np.asarray(actual).dtype == bool) == (expected.dtype == bool), what
    actual, expected = np.asarray(actual, float), expected.astype(float)
    with np.errstate(invalid="ignore"):
        distance = np.abs(actual - expected) / np.maximum(1, np.abs(expected))
    wrong = ~((actual == expected) | (np.isnan(actual) & np.isnan(expected)) | (distance <= tolerance))
    assert not wrong.any(), (what, actual[wrong], expected[wrong])


# What is called -------------------------------------------------------------------------------------------------------

SHAPES = [(), (1,), (3,), (2, 3), (0,), (2, 0, 3), (2, 1, 3)]
PAIRS = [((), ()), ((), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 1, 3), (4, 1)), ((0,), (1,)), ((2, 0, 1), (3,))]
EDGES = np.array([
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 7, 1e-300, -1e-300, 1e300, -1e300,
    1e-20, 1e-8, 0.1, 0.3, 0.999, 1.001, 19.5, -19.5, 30, -30, 700, -700, 745, 1e4, -1e4,
])  # fmt: skip


def numbers(shape, seed=0, scale=2.0):
    return np.random.default_rng(seed).normal(0, scale, shape)


def mask(shape, seed=0):
    return np.random.default_rng(seed).random(shape) < 0.5


def whole(shape, n=10, seed=0):
    return np.random.default_rng(seed).integers(-n, n, shape)


def of_one():
    return [Call(numbers(shape)) for shape in SHAPES] + [Call(EDGES), Call(1.5), Call([[1.0, 2.0], [0.5, 3.0]])]


def of_two():
    calls = [Call(numbers(a, 1), numbers(b, 2)) for a, b in PAIRS]
    a, b = np.array(list(itertools.product(EDGES, EDGES))).T
    return [*calls, Call(a, b), Call(2.5, -1), Call([1.0, -2.0], 3)]


def of_masks(n):
    return [Call(*(mask((2, 5), seed) for seed in range(n)))]


def of_whole(n):
    return [Call(*(whole((4, 5), 50, seed) for seed in range(n)))]


A, B, C = numbers((3,)), numbers((2, 3)), numbers((2, 3, 4))
HOLES = np.where(mask(C.shape), np.nan, C)
TIES = whole((3, 4, 5), 3).astype(float)


def of_axes(*, extra=(), where=True, tuples=True, masks=True):
    """A reduction along axes of all kinds."""
    axes = [None, 0, 1, -1, *([(0, 2), (-1, 0), (0, 1, 2), ()] if tuples else [])]
    kept = [{}, {"keepdims": True}]
    calls = [Call(a, axis=axis, **more) for a in (C, TIES, HOLES) for axis in axes for more in kept]
    calls += [Call(B, 1), Call(numbers(())), Call(3.0), Call([[1, 0], [2, 0]], -1)]
    calls += [Call(mask((2, 4)), 0)] if masks else []
    calls += [Call(np.array([[1, -np.inf, 2], [np.inf, 3, -np.inf]]), 0)]
    if where:
        calls += [
            Call(C, axis=1, where=mask(C.shape, 1) | (np.arange(3) == 0)[:, None]),
            Call(B, where=np.array([True, False, True])),
        ]
    return [*calls, *extra]


EMPTY = [Call(numbers((0,))), Call(numbers((2, 0, 3)), 1), Call(numbers((0, 3)), -1)]
WEIGHTS = np.abs(numbers(C.shape, 5)) + 0.1
SQUARES = [numbers(s, 3) for s in [(1, 1), (2, 2), (5, 5), (3, 4, 4), (2, 1, 3, 3)]]
ZERO_PIVOT = np.array([[0.0, 2, 1], [1, 0, 3], [4, 1, 0]])

INDICES = [
    (C, 0), (C, -1), (C, (0, 1)), (C, (1, 2, -1)), (C, slice(None)), (C, slice(None, None, -1)),
    (C, (slice(1, None), 0)), (C, (Ellipsis, 0)), (C, (0, Ellipsis, slice(0, 3, 2))), (C, (None, 0)),
    (C, (slice(None), None, 1)), (C, Ellipsis), (C, (Ellipsis, None)), (C, ()), (C, np.array([1, 0, 1, -1])),
    (C, ([1, 0],)), (C, (slice(None), [0, 2, 2])), (C, ([0, 1], [1, 2])), (C, ([0, 1], slice(None), [1, 2])),
    (C, (slice(None), [0, 1], [1, 2])), (C, (0, slice(None), [1, 2])), (C, (0, [1, 2], slice(1, 3))),
    (C, ([[0], [1]], [0, 2])), (C, ([1, 0], None, [0, 1])), (C, ([[0, 1]], 1)), (C, mask(C.shape)), (C, mask((2, 3))),
    (C, (mask(2, 1), slice(None), 1)), (C, (slice(None), mask((3, 4), 2))), (C, (1, mask(3, 4))),
    (C, (Ellipsis, mask(4, 4))), (C, (mask(2, 3), None, slice(None, None, 2))), (C, C > 0), (C, (slice(5, 1), 0)),
    (C, (slice(-2, 100), slice(100, None, -2))), (C, (slice(None), slice(-100, -1))), (C, []), (C, ([], 0)),
    (C, (None, None, [1], Ellipsis)), (numbers(()), ()), (numbers(()), None), (numbers(()), (Ellipsis, None)),
    (numbers(()), np.array(True)), (numbers(()), np.array(False)), (numbers((0, 3)), (slice(None), 1)),
    (numbers((3, 0)), ([0, 2],)), (mask((3, 4)), (0, slice(2))), (A, np.array(2)), (A, np.array([[0, 1], [2, 2]])),
]  # fmt: skip


def js_index(index):
    """A tuple is a list there, and so a list by itself stands in one."""
    return (index,) if isinstance(index, list) else index


def of_index(value=None):
    calls = []
    for a, index in INDICES:
        target = a.astype(float)
        args = () if value is None else (value(target[index]),)
        calls.append(Call(a if value is None else target, js_index(index), *args))
    return calls


def each(names, calls):
    return {name: calls for name in names.split()}


CALLS = {
    **each("""negative positive reciprocal square sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin
        arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad radians rad2deg degrees sinc fabs sign floor ceil
        trunc fix rint real imag conj conjugate isnan isfinite isinf isposinf isneginf signbit logical_not absolute abs
        nan_to_num round erf erfc normal_cdf gammaln digamma sigmoid softplus relu array copy asarray zeros_like
        ones_like empty_like nonzero flatnonzero ravel atleast_1d atleast_2d shape ndim size""", of_one(),
    ),
    **each("""subtract divide true_divide power float_power remainder mod fmod floor_divide arctan2 hypot logaddexp
        logaddexp2 fmax fmin copysign heaviside equal not_equal less less_equal greater greater_equal logical_and
        logical_or logical_xor add multiply maximum minimum isclose broadcast_arrays""", of_two(),
    ),
    **each("sum prod", of_axes(extra=[*EMPTY, Call(C, 0, initial=3.0)])),
    **each("mean nansum nanmean", of_axes(extra=EMPTY)),
    **each("var std", of_axes(extra=[*EMPTY, Call(C, 1, ddof=1), Call(C, 0, ddof=2), Call(C, correction=1)])),
    **each("any all", of_axes(extra=EMPTY)),
    **each("max min amax amin nanmax nanmin", of_axes(where=False, extra=[
            Call(np.array([[np.nan, np.nan], [1, np.nan]]), 1), Call(C, axis=1, where=mask(C.shape), initial=-0.5),
            Call(numbers((0,)), initial=2.0), Call(numbers((3, 0)), 0),
        ]),
    ),
    "ptp": of_axes(where=False, masks=False),
    **each("argmax argmin", of_axes(where=False, tuples=False)),
    "count_nonzero": of_axes(where=False, extra=EMPTY),
    "average": [
        *of_axes(where=False), Call(C, 1, WEIGHTS[0, :, 0]), Call(C, weights=WEIGHTS),
        Call(C, -1, WEIGHTS, keepdims=True),
        Call(C, (0, 2), WEIGHTS[:, 0]),
    ],
    "norm": [
        *(Call(C, None, axis, **k) for axis in (None, 1, -1, (0, 2)) for k in ({}, {"keepdims": True})),
        *(Call(C, p, axis) for p in (0, 1, 2, 3, 0.5, np.inf, -np.inf, -1) for axis in (0, -1)),
        *(Call(B, p, keepdims=k) for p in ("fro", 1, -1, np.inf, -np.inf) for k in (True, False)), Call(A, 3),
        *(Call(C, p, axis) for p in ("fro", None, 1, -1, np.inf, -np.inf) for axis in ((0, 2), (2, 0), (-1, 1))),
    ],
    **each("cumsum cumprod sort argsort", [
        *(Call(a, axis) for a in (C, TIES, HOLES) for axis in (None, 0, 1, -1)), Call(A), Call(numbers((0,))),
        Call(numbers((2, 0)), 0),
        Call(np.array([3, np.nan, -np.inf, 1, np.inf, np.nan, 1])),
    ]),
    "diff": [Call(C), Call(C, 2, 0), Call(C, 1, 1), Call(C, axis=-2, n=2), Call(A, 0), Call(numbers((1,)))],
    **each("softmax log_softmax", [
        *(Call(a, axis) for a in (C, 1e4 * C, TIES) for axis in (0, 1, -1, (0, 2), None)), Call(A),
        Call([1e4, 0, -1e4, 1e4]),
        Call([-np.inf, -np.inf]), Call([-np.inf, 0.0]), Call([np.nan, 1.0]), Call([0, -40.0]), Call([-1e4, -1e4]),
    ]),
    "logsumexp": [
        *(Call(a, axis) for a in (C, 1e4 * C, TIES) for axis in (0, 1, -1, (0, 2), None)), Call(C, 1, keepdims=True),
        Call(A), Call([-np.inf, -np.inf]), Call([np.inf, 0]), Call([0, -40.0]), Call([np.nan, 1.0]), Call(2.0),
    ],
    **each("bitwise_and bitwise_or bitwise_xor", of_masks(2) + of_whole(2)),
    "invert": of_masks(1) + of_whole(1),
    "clip": [
        Call(C, -1, 1), Call(C, None, 0.5), Call(C, 0.5, None), Call(C, 1, -1), Call(B, A, 2), Call(C, max=1),
        Call(C, min=-1, max=C * 0),
        Call(EDGES, -2, 2), Call(A, np.nan, 1),
    ],
    "where": [
        Call(mask((2, 3)), B, 0), Call(A > 0, A, B), Call(B, 1, 2), Call(True, A, 0),
        Call(mask(3), mask(3, 1), mask(3, 2)),
        Call(A > 0), Call(numbers((0,)), 1, 2), Call(EDGES, 1, 0),
    ],
    "reshape": [
        Call(C, (4, 6)), Call(C, (-1, 3)), Call(C, 24), Call(C, -1), Call(numbers(()), (1, 1)),
        Call(numbers((0, 3)), (3, 0)), Call(3.0, -1),
        Call(numbers((0, 3)), (-1, 3)), Call(mask((2, 3)), (3, 2)),
    ],
    "transpose": [
        Call(A), Call(B), Call(C), Call(numbers(())), Call(numbers((0, 2))), Call(C, (1, 0, 2)),
        Call(C, axes=(-1, 0, 1)),
    ],
    "swapaxes": [Call(C, 0, 2), Call(C, -1, 1), Call(B, 0, 0)],
    "moveaxis": [Call(C, 0, -1), Call(C, 2, 0), Call(C, (0, 1), (-1, 0)), Call(C, [2, 0], [0, 1])],
    "matrix_transpose": [Call(B), Call(C), Call(mask((2, 3)))],
    "expand_dims": [Call(B, 0), Call(B, -1), Call(B, (0, 2)), Call(B, (-1, 0)), Call(numbers(()), 0)],
    "squeeze": [
        Call(numbers((1, 3, 1))), Call(numbers((1, 3, 1)), 0), Call(numbers((1, 3, 1)), (0, -1)), Call(numbers((1, 1))),
    ],
    "broadcast_to": [
        Call(A, (2, 3)), Call(2.0, (2, 2)), Call(numbers((2, 1)), (4, 2, 3)), Call(A, 3), Call(numbers((1,)), 0),
        Call(mask((2, 1)), (2, 3)),
    ],
    "broadcast_shapes": [Call((2, 1), (3,)), Call((), (2,), (1, 1)), Call((0,), 1), Call((2, 3))],
    "flip": [Call(C), Call(C, 0), Call(C, (0, -1)), Call(numbers(()), ()), Call(mask((2, 3)))],
    "flipud": [Call(A), Call(B)],
    "fliplr": [Call(B), Call(C)],
    "roll": [
        Call(C, 1), Call(C, -2, 1), Call(C, (1, 2), (0, 2)), Call(C, 5, -1), Call(C, 1, (0, 1)), Call(numbers((0,)), 2),
    ],
    "repeat": [Call(B, 2), Call(B, 2, 0), Call(B, [1, 0, 2], 1), Call(C, 3, -1), Call(2.0, 3), Call(B, 0, 1)],
    "tile": [Call(A, 2), Call(A, (2, 2)), Call(B, (2, 1)), Call(C, 2), Call(2.0, (2, 3)), Call(B, (0, 1))],
    "concatenate": [
        Call([B, B]), Call([B, numbers((2, 1))], 1), Call([C, C], -1), Call([A, numbers((0,))]),
        Call([A, B], None), Call([mask(2), mask(3)]),
        Call([mask(2), A]), Call([numbers((2, 0)), numbers((2, 3))], axis=1), Call([[1.0, 2], [3]]),
    ],
    "stack": [Call([A, A]), Call([B, B], 1), Call([B, B, B], -1), Call([1.0, 2.0])],
    "hstack": [Call([A, A]), Call([B, B]), Call([1.0, 2.0]), Call([C, C])],
    "vstack": [Call([A, A]), Call([B, A]), Call([C, C])],
    "split": [Call(numbers((6,)), 3), Call(C, 2, -1), Call(C, [1, 3], 2), Call(numbers((5,)), [0, 2, 10])],
    "pad": [
        Call(A, 1), Call(B, (1, 2)), Call(B, ((1, 0), (0, 2))), Call(B, 1, "constant", constant_values=5),
        Call(B, 2, "constant", constant_values=((1, 2), (3, 4))), Call(C, ((0, 0), (1, 1), (2, 0))),
        Call(numbers((0,)), 1),
    ],
    "diagonal": [Call(B), Call(B, 1), Call(B, -1), Call(C, 0, 1, 2), Call(C, 1, 2, 0), Call(B, 9), Call(mask((3, 3)))],
    "diag": [Call(A), Call(A, 1), Call(A, -2), Call(B), Call(B, 1)],
    "trace": [Call(B), Call(B, 1), Call(C), Call(C, 0, 1, 2)],
    **each("tril triu", [
        Call(numbers((3, 3))), Call(C, 1), Call(B, -1), Call(EDGES[:4].reshape(2, 2)), Call(A), Call(mask((3, 3))),
    ]),
    "eye": [Call(3), Call(2, 3), Call(3, 2, -1), Call(3, k=1), Call(0)],
    **each("zeros ones empty", [Call(3), Call((2, 3)), Call(()), Call((0, 2))]),
    "full": [Call((2, 3), 1.5), Call(2, np.inf), Call((), 3), Call((2, 3), A)],
    "full_like": [Call(B, 2.5), Call(A, np.nan)],
    "arange": [Call(5), Call(2, 5), Call(5, 2, -1), Call(0, 1, 0.3), Call(0), Call(1, 4, 2)],
    "linspace": [Call(0, 1, 5), Call(0, 1, 5, endpoint=False), Call(-2, 3), Call(1, 2, 1), Call(0, 1, 0)],
    "astype": [
        Call(B, "float64"), Call(3 * B, "int64"), Call(mask((2, 3)), "int8"), Call(np.array([0.0, np.nan, 2]), "bool"),
    ],
    "matmul": [
        Call(A, A), Call(B, A), Call(numbers((2,)), B), Call(B, numbers((3, 4))), Call(C, numbers((4, 2))),
        Call(C, numbers((2, 4, 5))),
        Call(numbers((5, 1, 2, 3)), numbers((4, 3, 2))), Call(C, numbers((4,))), Call(numbers((3,)), C),
        Call(numbers((0, 3)), numbers((3, 2))),
        Call(numbers((2, 0)), numbers((0, 3))), Call([[1, np.inf], [np.nan, 2]], [[0.0, 1], [1, 2]]),
    ],
    "dot": [
        Call(A, A), Call(B, A), Call(2.0, B), Call(B, numbers((3, 4))), Call(C, numbers((5, 4, 2))),
        Call(numbers((2,)), B), Call(C, numbers((4,))),
    ],
    "inner": [Call(A, A), Call(B, B), Call(B, C.swapaxes(1, 2)), Call(2.0, A)],
    "outer": [Call(A, A), Call(B, A), Call(2.0, A), Call(A, numbers((0,)))],
    "vdot": [Call(A, A), Call(B, B)],
    "vecdot": [Call(A, B), Call(C, C), Call(C, C, axis=1)],
    "tensordot": [
        Call(C, numbers((3, 4, 2))), Call(B, A, 1), Call(A, B, 0), Call(C, numbers((4, 3)), ([1, 2], [1, 0])),
        Call(C, B, ((0, 1), (0, 1))),
        Call(C, numbers((5, 4)), (-1, -1)),
    ],
    "einsum": [
        Call("ij,jk->ik", B, numbers((3, 2))), Call("ij,jk", B, numbers((3, 2))), Call("ii", SQUARES[2]),
        Call("ii->i", SQUARES[2]),
        Call("ijk->kji", C), Call("ba", B), Call("...ij,...jk->...ik", C, numbers((4, 5))), Call("i,j", A, A),
        Call("ij->", B), Call("ij -> j", B),
        Call("...i,i", C, numbers((4,))), Call("i...->...", C),
        Call("ijk,ikl,l->ij", C, numbers((2, 4, 5)), numbers((5,))), Call("...", C),
        Call("ij,ij->ij", B, numbers((2, 1))), Call("i...,i...", C, numbers((2, 1, 4))), Call(",i", 2.0, A),
        Call("ij,j->i", numbers((2, 0)), numbers((0,))), Call("ij,jk", B, numbers((3, 2)), optimize=True),
    ],
    "kron": [Call(A, A), Call(B, C[0]), Call(A, B), Call(C, B), Call(2.0, B)],
    "getitem": of_index(),
    "setitem": [
        *of_index(lambda taken: 7.5), *of_index(lambda taken: numbers(taken.shape, 4)),
        Call(B, 0, numbers((1, 3))), Call(C, 0, A[:, None]),
    ],
    "scatter": [
        Call(numbers(2), (0,), (3, 2)), Call(numbers(3), ([0, 1, 0],), (2,)),
        Call(numbers((2, 1)), (slice(None), [1]), (2, 3)),
    ],
    "add_at": [
        *of_index(lambda taken: 2.5), *of_index(lambda taken: numbers(taken.shape, 4)),
        Call(A, ([0, 0, 2, 0],), numbers(4)),
        Call(C, (slice(None), [1, 1]), numbers((2, 2, 4))),
    ],
    "take": [
        Call(B, [0, 2], 1), Call(B, 4), Call(C, [[0, 1], [1, 1]], -1), Call(C, [-1, 0]), Call(B, 1, 0), Call(B, [], 0),
    ],
    "take_along_axis": [
        Call(B, whole(B.shape, 2), 0), Call(C, np.abs(whole((2, 3, 1), 3)), -1), Call(C, np.argsort(C, 1), 1),
        Call(A, np.array([2, 0]), 0),
        Call(B, np.array([0, 5]), None), Call(C, np.array([[[2], [0]]]).reshape(1, 2, 1), 1),
    ],
    "compress": [
        Call([True, False, True], B, 1), Call([0, 1], B, axis=0), Call([True, False, True], B), Call([True], B, 0),
    ],
    "det": [*map(Call, SQUARES), Call(ZERO_PIVOT), Call(np.ones((2, 2))), Call(numbers((0, 0)))],
    "inv": [*map(Call, SQUARES), Call(ZERO_PIVOT), Call(numbers((0, 0)))],
    "solve": [
        *(Call(a, numbers((*a.shape[:-1], 2), 9)) for a in SQUARES),
        *(Call(a, numbers(a.shape[-1], 9)) for a in SQUARES), Call(ZERO_PIVOT, A),
        Call(SQUARES[3], numbers((4, 2))), Call(SQUARES[3][0], numbers((3, 4, 2))),
        Call(numbers((2, 0, 0)), numbers((2, 0, 3))),
    ],
    "unbroadcast": [Call(numbers((2, 3)), (3,)), Call(numbers((2, 3)), (2, 1)), Call(B, ()), Call(C, (2, 1, 1)),
    Call(C, C.shape), Call(C, (1, 4)),
                    Call(numbers((0, 3)), (1, 3))],
}  # fmt: skip
for name in ("add", "multiply", "maximum", "minimum", "fmax", "fmin", "equal", "less", "logical_and", "logical_xor"):
    CALLS[name] = CALLS[name] + of_masks(2)
for name in ("absolute", "logical_not", "array", "ravel", "nonzero"):
    CALLS[name] = CALLS[name] + of_masks(1)
for name in ("remainder", "floor_divide", "fmod"):
    CALLS[name] = CALLS[name] + [Call(*(0.1 * whole((20, 20), 30, seed) for seed in (0, 1)))]
CALLS["round"] = [*CALLS["round"], Call(C, 2), Call(100 * C, decimals=-1)]
CALLS["size"] = [*CALLS["size"], Call(C, 1), Call(C, -1)]
CALLS["nan_to_num"] = [*CALLS["nan_to_num"], Call(EDGES, nan=1.5, posinf=2, neginf=-3)]
CALLS["isclose"] = [
    *CALLS["isclose"], Call(1.0, [1 + 1e-6, 1.1]), Call(1.0, 1.1, 0.2), Call(1.0, 1.1, atol=0.2),
    Call(EDGES, EDGES, equal_nan=True),
]  # fmt: skip
for name in ("erf", "erfc", "normal_cdf", "gammaln", "digamma", "sigmoid"):
    CALLS[name] = [*CALLS[name], Call(np.linspace(-30.3, 30.1, 997)), Call(np.linspace(-1.1, 1.2, 333))]


# What NumPy says ------------------------------------------------------------------------------------------------------


def setitem(a, index, value):
    y = np.array(a)
    y[index] = value
    return y


def add_at(a, index, value):
    y = np.array(a)
    np.add.at(y, index, value)
    return y


def unbroadcast(g, shape):
    ones = np.ones(shape)
    copies = np.broadcast_to(np.arange(ones.size).reshape(shape), g.shape)  # which element each was copied from
    return np.bincount(copies.ravel(), g.ravel(), ones.size).reshape(shape)


def as_array(f):
    return lambda x, *args, **kwargs: f(np.asarray(x, float), *args, **kwargs)


REFERENCES = {
    "getitem": lambda a, index: a[index],
    "setitem": setitem,
    "add_at": add_at,
    "scatter": lambda g, index, shape: add_at(np.zeros(shape), index, g),
    "unbroadcast": unbroadcast,
    "empty": np.zeros,  # whatever NumPy leaves there
    "empty_like": np.zeros_like,
    "broadcast_shapes": lambda *shapes: list(np.broadcast_shapes(*shapes)),
    "norm": np.linalg.norm,
    "det": np.linalg.det,
    "inv": np.linalg.inv,
    "solve": np.linalg.solve,
    "erf": scipy_special.erf,
    "erfc": scipy_special.erfc,
    "normal_cdf": scipy_special.ndtr,
    "gammaln": scipy_special.gammaln,
    "digamma": scipy_special.digamma,
    "sigmoid": scipy_special.expit,
    "softplus": lambda x: np.logaddexp(x, 0),
    "relu": lambda x: np.maximum(x, 0),
    "softmax": as_array(tensorgrad.softmax),
    "log_softmax": as_array(tensorgrad.log_softmax),
    "logsumexp": as_array(tensorgrad.logsumexp),
    "nonzero": lambda x: np.nonzero(np.atleast_1d(x)) if np.ndim(x) else (),
    "shape": lambda x: list(np.shape(x)),
    "argsort": lambda a, axis=-1: np.argsort(a, axis, kind="stable"),
}


def test_every_function_is_called_here():
    assert len(NAMES) == len(set(NAMES))
    assert set(NAMES) == {*CALLS, *CONSTANTS, *OTHERS}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of nan and of what is empty
def test_it_gives_what_numpy_gives(name, tab):
    reference = REFERENCES.get(name) or getattr(np, name)
    results = evaluate(tab, [call.js(name) for call in CALLS[name]])
    for call, result in zip(CALLS[name], results, strict=True):
        with np.errstate(all="ignore"):
            expected = reference(*call.args, **call.kwargs)
        require_same(result, expected, call.js(name))


def test_its_arguments_have_numpys_names_and_order(tab):
    parameters = tab.evaluate("() => Object.fromEntries(Object.entries(np).map(([name, f]) => [name, f?.parameters]))")
    compared = 0
    for name in {*NAMES} - {*CONSTANTS, *OTHERS, *REFERENCES, "arange"}:  # whose start may be its stop
        names, function = parameters[name], getattr(np, name)
        if names and len(names) > 1 and inspect.isfunction(inspect.unwrap(function)):
            theirs = inspect.signature(function).parameters.values()
            in_order = [p.name for p in theirs if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
            assert names[: len(in_order)] == in_order[: len(names)], name
            compared += 1
    assert compared > 50


@pytest.mark.parametrize("name, of", [("erf", scipy_special.erf), ("erfc", scipy_special.erfc)])
def test_an_error_function_has_all_its_digits(name, of, tab):
    x = np.concatenate([np.linspace(-6, 26, 3001), np.logspace(-300, 0, 301), -np.logspace(-300, 0, 301)])
    (y,) = evaluate(tab, [f"np.{name}({js(x)})"])
    assert np.allclose(y, of(x), rtol=1e-13, atol=0)


def test_its_constants(tab):
    for name, value in CONSTANTS.items():
        require_same(tab.evaluate(f"() => np.{name}"), value, name)


def test_an_array_knows_its_shape_and_one_of_one_number_is_a_number(tab):
    shown = "a => [a.ndim, a.size, a.dtype, a.T.shape]"
    assert tab.evaluate(f"() => ({shown})(np.ones([2, 3]))") == [2, 6, "float64", [3, 2]]
    assert tab.evaluate(f"() => ({shown})(np.less([1, 2], 2))") == [1, 2, "bool", [2]]
    assert tab.evaluate("() => np.sum(np.ones([2, 3]), np.subtract(2, 1)).shape") == [2]
    assert tab.evaluate("() => 1 + np.asarray(2)") == 3


@pytest.mark.parametrize(
    "name", sorted({*NAMES} - {*CONSTANTS, *OTHERS, "asarray", "shape", "ndim", "size", "broadcast_shapes"})
)
def test_a_result_is_no_view(name, tab):
    call = next(call for call in CALLS[name] if not call.kwargs)
    assert tab.evaluate(f"""() => {{
      const given = {js(call.args)}, result = np.{name}(...given);
      const data = x => [x].flat(3).map(a => a?.data).filter(Boolean);
      return !data(result).some(d => data(given).includes(d));
    }}""")


WRONG = {
    "np.add([1, 2], [1, 2, 3])": "shapes don't fit together: (2,) (3,)",
    "np.sum([1], {axes: 0})": "has no argument axes, but these: a,axis",
    "np.sum([1], 0, {axis: 0})": "is given axis twice",
    "np.sum([1], {out: [0]})": "out isn't supported",
    "np.exp(1, 2)": "takes 1 arguments, not 2",
    "np.sum([1], 1)": "axis 1 is out of bounds for 1 dimensions",
    "np.max([])": "no numbers",
    "np.argmin(np.zeros([0, 2]), 0)": "no numbers",
    "np.asarray('a')": "a is no array",
    "np.asarray([[1, 2], [3]])": "can't be put together",
    "np.exp(undefined)": "undefined is no array",
    "+np.ones(2)": "an array of shape (2,) is no number",
    "np.reshape([1, 2, 3], [2, -1])": "can't be made",
    "np.broadcast_to([1, 2], [3])": "can't be broadcast to (3,)",
    "np.getitem([1, 2], 2)": "index 2 is out of bounds for 2 elements",
    "np.getitem([1, 2], 0.5)": "index 0.5 is out of bounds",
    "np.getitem([1, 2], [0, 0])": "too many indices: 2 for 1 dimensions",
    "np.getitem([1, 2], [[true, false, true]])": "a mask has 3 elements where the array has 2",
    "np.setitem([1, 2], 0, [1, 2])": "can't be broadcast to ()",
    "np.matmul(np.ones([2, 3]), np.ones([2, 3]))": "shapes (2, 3) and (2, 3) don't fit: 3 is not 2",
    "np.matmul(1, [1])": "a number is no matrix",
    "np.einsum('ij,jk', [[1, 2]], [[1], [2], [3]])": "shapes don't fit: (1, 2) (3, 1)",
    "np.einsum('ij', [1])": "ij doesn't name 1 axes",
    "np.einsum('i,i', [1])": "isn't for 1 arrays",
    "np.solve([[1, 2], [2, 4]], [1, 2])": "Singular matrix",
    "np.inv([[1, 2]])": "shape (1, 2) is no square matrix",
    "np.average([1], {returned: true})": "isn't returned",
    "np.split([1, 2, 3], 2)": "can't be split into 2 equal parts",
    "np.squeeze([1, 2], 0)": "more than one element",
    "np.pad([1], 1, 'edge')": "mode edge isn't supported",
    "np.norm([[1, 2]], 2)": "there is no norm 2 here",
    "np.concatenate([[[1]], [1]])": "can't be put together along axis 0",
}


@pytest.mark.parametrize("expression", WRONG)
def test_a_wrong_call_says_what_is_wrong(expression, tab):
    (error,) = evaluate(tab, [expression])
    assert isinstance(error, str) and WRONG[expression] in error
