"""Options of NumPy's functions: of Tensors they give what they give of arrays, or an error; and a Tensor is none."""

import numpy as np
import pytest

from tensorgrad import Tensor

rng = np.random.default_rng(0)
la = np.linalg
square, other, vector = rng.uniform(0.5, 2.5, (3, 3)), rng.uniform(0.5, 2.5, (3, 3)), rng.uniform(0.5, 2.5, 3)
symmetric = square + square.T + 3 * np.eye(3)
complex_ = square[0] + 1j * square[1]

# Values that some options take, and some refuse
ANY = [
    None, "a", 1.5, np.nan, np.inf, -np.inf, [1], (0, 1), (0,), True, 7, -9, -3, -2, -1, 0, 1, 2, 3, 1j, object(), {},
    np.array([1, 0]), np.array(2), [[1]], np.float64(1), np.int64(1), np.int8(1), [], (), slice(0, 1), "fro", "nuc",
]  # fmt: skip
AXES = [*ANY, ((0,), (0, 1)), ([0], [1]), ((1,), 0), ((0, 0), (0, 1)), [[0], [5]], (0, -1), (1, 0, 0), 2.0]
FLAGS = [True, False, None, 0, 1, "a"]
UFUNC = {
    "where": [True, False, np.array([True, False, True])],
    "dtype": [float, np.float32, "f4", complex, int, None, "bad"],
    "casting": ["same_kind", "unsafe", "no", "bad"],
    "order": ["C", "F", "K", "bad"],
    "subok": [True, False],
    "signature": ["d->d", "dd->d"],
    "axes": [[(0,), (0,), ()], [0, 0, ()]],
    "axis": [0, -1, 5],
    "keepdims": [True, False],
    "colour": ["red"],
}

# A function, its arrays, and its options: by NumPy's names
CALLS = [
    *[(f, [vector], UFUNC) for f in (np.negative, np.exp, np.sqrt, np.sin, np.absolute, np.sign, np.modf, np.frexp)],
    *[(f, [vector, vector[::-1]], UFUNC) for f in (np.add, np.multiply, np.power, np.maximum, np.hypot, np.logaddexp)],
    *[(f, [vector, vector[::-1]], UFUNC) for f in (np.remainder, np.divmod, np.copysign, np.heaviside, np.nextafter)],
    *[(f, [square, other], UFUNC) for f in (np.matmul, np.vecdot)],
    (np.ldexp, [vector, np.array([1, 2, 3])], UFUNC),
    (np.clip, [vector, np.array([0.7, 0.8, 0.9]), np.array([1.5, 1.6, 2.0])], UFUNC),
    (np.copy, [square], {"order": ["C", "F", "A", "K", "bad", None], "subok": FLAGS}),
    (np.angle, [complex_], {"deg": FLAGS}),
    (np.real_if_close, [complex_], {"tol": [1e6, 100, 0.5, None, "a"]}),
    (np.tensordot, [square, other], {"axes": AXES}),
    (la.tensordot, [square, other], {"axes": AXES}),
    (np.trace, [square], {"offset": ANY, "axis1": ANY, "axis2": ANY, "dtype": UFUNC["dtype"]}),
    (la.trace, [square], {"offset": ANY, "dtype": UFUNC["dtype"]}),
    (np.cross, [square, other], {"axisa": ANY, "axisb": ANY, "axisc": ANY, "axis": ANY}),
    (la.cross, [square, other], {"axis": ANY}),
    (la.vecdot, [square, other], {"axis": ANY}),
    (
        la.pinv,
        [square[:, :2]],
        {"rcond": [*ANY, 1e-10, np.array(1e-10)], "rtol": [1e-10, None, 0.5, "a"], "hermitian": FLAGS},
    ),
    (la.lstsq, [square[:, :2], vector], {"rcond": [*ANY, 1e-10, 0.5]}),
    (la.tensorsolve, [np.eye(4).reshape(2, 2, 4) + 1.0, np.ones((2, 2))], {"axes": [*ANY, (2,), [2], (2, 0)]}),
    (la.tensorinv, [np.eye(4).reshape(4, 2, 2) + 1.0], {"ind": ANY}),
    (la.matrix_power, [symmetric], {"n": [*ANY, np.int8(3), -2, 5]}),
    (la.cholesky, [symmetric], {"upper": FLAGS}),
    (la.qr, [square], {"mode": ["reduced", "complete", "r", "raw", "bad", None, 1]}),
    (la.eigh, [symmetric], {"UPLO": ["L", "U", "l", "x"]}),
    (la.eigvalsh, [symmetric], {"UPLO": ["L", "U", "l", "x"]}),
    (la.svd, [square], {"full_matrices": FLAGS, "compute_uv": FLAGS, "hermitian": [False, None, 0]}),
    (la.norm, [square], {"ord": ANY, "axis": ANY, "keepdims": FLAGS}),
    (la.vector_norm, [square], {"ord": ANY, "axis": ANY, "keepdims": FLAGS}),
    (la.matrix_norm, [square], {"ord": ANY, "keepdims": FLAGS}),
    (la.cond, [symmetric], {"p": ANY}),
]
ERRORS = (TypeError, ValueError, IndexError, la.LinAlgError)

# What ours takes, and NumPy doesn't: a negative axis among those of tensorsolve, and True for the axis 1
WIDER = {("tensorsolve", "axes"): ["(-1,)"], ("vecdot", "axis"): ["True"]}

every_call = pytest.mark.parametrize("func, arrays, options", CALLS, ids=lambda v: getattr(v, "__name__", ""))


def parts(y):
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def tensors(arrays):
    return [Tensor(a) if a.dtype.kind in "fc" else a for a in arrays]


@every_call
@pytest.mark.filterwarnings("ignore")
def test_an_option_gives_what_it_gives_of_arrays_or_an_error(func, arrays, options):
    honoured = 0
    for name, values in options.items():
        for value in values:
            if repr(value) in WIDER.get((func.__name__, name), ()):
                continue
            try:
                got = func(*tensors(arrays), **{name: value})
            except ERRORS:
                continue
            expected = func(*arrays, **{name: value})  # an error here is one that we let through
            honoured += 1
            for ours, theirs in zip(parts(got), parts(expected), strict=True):
                ours = ours.data if isinstance(ours, Tensor) else np.asarray(ours)
                assert (ours.shape, ours.dtype) == (np.shape(theirs), theirs.dtype), (name, value)
                np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12, err_msg=f"{name}={value!r}")
    assert honoured or func in (np.sign, np.modf, np.divmod, np.clip)  # they honour no option


# Options that say yes or no, as an array of one number does, too; and limits, in which the derivative is 0
NO_NUMBERS = {"keepdims", "deg", "full_matrices", "compute_uv", "hermitian", "upper", "subok", "where"}
LIMITS = {"tol", "rcond"}


@every_call
def test_a_tensor_as_an_option_is_an_error(func, arrays, options):
    """Its gradient would be lost."""
    for name in options.keys() - NO_NUMBERS:
        for value in (0.5, 1.0, 2.0) if name not in LIMITS else ():
            with pytest.raises(ERRORS):
                func(*tensors(arrays), **{name: Tensor(value)})
