"""The namespace of the array API standard: every function of it, with its arguments, on Tensors."""

from __future__ import annotations

import operator
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor, array_api

# Calls of the functions of the standard, by its chapters. i, j, k are integers, m, n booleans, the others are floats.
CALLS = """
    # elementwise
    abs(x - 1) acos(x / 4) acosh(x + 1) add(x, y) asin(x / 4) asinh(x) atan(x) atan2(x, y) atanh(x / 4)
    bitwise_and(i, j) bitwise_left_shift(i, j) bitwise_invert(i) bitwise_or(i, j) bitwise_right_shift(i, j)
    bitwise_xor(m, n) ceil(x) ceil(i) clip(x, 0.5, 2) clip(x, min=y) clip(x, max=1.0) conj(z) copysign(x, -y) cos(x)
    cosh(x) divide(x, y) divide(i, i + 1) equal(x, y) exp(x) expm1(x) floor(x) floor_divide(x, y) greater(x, y)
    greater_equal(x, y) hypot(x, y) imag(z) isfinite(x) isinf(x) isnan(x) less(x, y) less_equal(x, y) log(x)
    log1p(x) log2(x) log10(x) logaddexp(x, y) logical_and(m, n) logical_not(m) logical_or(m, n) logical_xor(m, n)
    maximum(x, y) maximum(x, 1.0) minimum(x, y) multiply(x, y) multiply(x, i) negative(x) nextafter(x, y)
    not_equal(x, y) positive(x) pow(x, y) pow(x, 2) real(z) reciprocal(x) remainder(x, y) round(x) sign(x)
    signbit(x) sin(x) sinh(x) square(x) sqrt(x) sqrt(i) subtract(x, y) tan(x / 4) tanh(x) trunc(x)
    # creation
    arange(3) arange(0.5, 3, step=0.5) arange(1, 4, dtype=xp.float32, device=None) asarray(x) asarray(x, copy=True)
    asarray([1, 2]) asarray([1.5, 2.5], dtype=xp.float32) asarray(x, dtype=xp.float32) asarray(3.5) asarray(i)
    asarray(m, dtype=xp.float64) zeros((2, 3)) zeros(3, dtype=xp.int32) ones((2, 3)) ones(2, dtype=xp.bool)
    zeros_like(x) zeros_like(x, dtype=xp.int64) ones_like(x) full((2, 2), 1.5) full(3, 2) full_like(x, 2.5) eye(3)
    eye(2, 3, k=1) linspace(0, 1, 5) linspace(0, 1, num=4, endpoint=False) meshgrid(v, w)
    meshgrid(v, w, indexing="ij") tril(x) tril(x, k=1) triu(x, k=-1)
    # dtypes
    astype(x, xp.float32) astype(x, xp.int64) astype(x, xp.bool) astype(i, xp.float64) astype(x, xp.complex128)
    astype(x, xp.float64, copy=False) broadcast_arrays(x, v) broadcast_to(v, (3, 4))
    can_cast(xp.float32, xp.float64) can_cast(x, xp.float32) finfo(x.dtype).eps iinfo(i.dtype).max
    isdtype(x.dtype, "real floating") isdtype(i.dtype, ("bool", "integral")) result_type(x, y)
    result_type(xp.float32, xp.int8)
    # linear algebra
    matmul(x, A) matmul(x, v) matrix_transpose(x) tensordot(x, y) tensordot(x, y, axes=1 * 0)
    tensordot(x, y, axes=((0, 1), (0, 1))) vecdot(x, y) vecdot(x, y, axis=-2) linalg.cholesky(S)
    linalg.cholesky(S, upper=True) linalg.cross(u, w) linalg.det(A) linalg.diagonal(A) linalg.diagonal(A, offset=1)
    linalg.eigh(S) linalg.eigvalsh(S) linalg.inv(A) linalg.matmul(x, A) linalg.matrix_norm(A)
    linalg.matrix_norm(A, ord=1, keepdims=True) linalg.matrix_norm(A, ord=2) linalg.matrix_power(A, 3)
    linalg.matrix_rank(A) linalg.matrix_rank(A, rtol=0.1) linalg.matrix_transpose(x) linalg.outer(u, v)
    linalg.pinv(x) linalg.pinv(x, rtol=1e-10) linalg.qr(A, mode="reduced") linalg.slogdet(A) linalg.solve(A, v)
    linalg.solve(A, B) abs(linalg.svd(A, full_matrices=False)[0]) linalg.svd(A).S linalg.svdvals(x)
    linalg.tensordot(x, y, axes=((0, 1), (0, 1))) linalg.trace(A) linalg.trace(A, offset=1)
    linalg.vecdot(x, y, axis=-1) linalg.vector_norm(x) linalg.vector_norm(x, axis=1, keepdims=True, ord=3)
    # Fourier transforms
    fft.fft(z) fft.ifft(z, n=3, axis=0, norm="ortho") fft.fftn(z)
    fft.ifftn(z, s=(3, 4), axes=(0, 1), norm="forward") fft.rfft(x) fft.irfft(z) fft.rfftn(x) fft.irfftn(z)
    fft.hfft(z) fft.ihfft(x) fft.fftfreq(4, d=0.5) fft.rfftfreq(4) fft.fftshift(x) fft.ifftshift(x, axes=1)
    # manipulation
    concat([x, y]) concat((x, y), axis=None) expand_dims(x, axis=1) flip(x) flip(x, axis=1) moveaxis(x, 0, 1)
    permute_dims(x, (1, 0)) repeat(x, 2) repeat(x, j, axis=1) reshape(x, (2, 6)) reshape(x, (12,), copy=True)
    roll(x, 1) roll(x, (1, 2), axis=(0, 1)) squeeze(x[None, ...], axis=0) stack([x, y]) stack([x, y], axis=-1)
    tile(x, (2, 1)) unstack(x) unstack(x, axis=1)
    # searching, sets, sorting
    argmax(x) argmax(x, axis=1, keepdims=True) argmin(x) count_nonzero(x) count_nonzero(m, axis=0, keepdims=True)
    nonzero(m) searchsorted(v, u) searchsorted(v, u, side="right", sorter=i) where(m, x, y) where(m, x, 0.0)
    unique_all(v) unique_counts(v) unique_inverse(v) unique_values(v) argsort(x)
    argsort(x, axis=0, descending=True, stable=True) sort(x) sort(x, axis=0, descending=True, stable=False)
    take(x, i, axis=1) take(v, i) take_along_axis(x, k, axis=1)
    # statistics and others
    cumulative_prod(x, axis=1) cumulative_sum(v) cumulative_sum(x, axis=1, include_initial=True, dtype=xp.float64)
    max(x) max(x, axis=(0, 1), keepdims=True) mean(x) mean(x, axis=0) min(x, axis=1) prod(x, axis=0)
    prod(x, dtype=xp.float64) std(x) std(x, axis=1, correction=1.0, keepdims=True) sum(x)
    sum(x, axis=1, dtype=xp.float64, keepdims=True) sum(m) sum(i) var(x, correction=1) all(m) all(x, axis=1)
    any(m, axis=0, keepdims=True) diff(v) diff(x, axis=0, n=2) diff(x, prepend=x[:, :1], append=y[:, :1])
"""

# The functions of the standard, 2024.12
STANDARD = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
    bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide
    greater greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp
    logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal
    positive pow real reciprocal remainder round sign signbit sin sinh square sqrt subtract tan tanh trunc
    arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu
    zeros zeros_like astype broadcast_arrays broadcast_to can_cast finfo iinfo isdtype result_type take
    take_along_axis matmul matrix_transpose tensordot vecdot concat expand_dims flip moveaxis permute_dims
    repeat reshape roll squeeze stack tile unstack argmax argmin count_nonzero nonzero searchsorted where
    unique_all unique_counts unique_inverse unique_values argsort sort cumulative_prod cumulative_sum max mean
    min prod std sum var all any diff linalg.cholesky linalg.cross linalg.det linalg.diagonal linalg.eigh
    linalg.eigvalsh linalg.inv linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.matrix_rank
    linalg.matrix_transpose linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd
    linalg.svdvals linalg.tensordot linalg.trace linalg.vecdot linalg.vector_norm fft.fft fft.ifft fft.fftn
    fft.ifftn fft.rfft fft.irfft fft.rfftn fft.irfftn fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq fft.fftshift
    fft.ifftshift
"""
NEWER = {  # than NumPy 2.0
    "cumulative_prod", "cumulative_sum", "unstack",
}  # fmt: skip


def split(text: str) -> list[str]:
    """The calls in a text: spaces between them are outside of all brackets."""
    calls, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter.isspace() and not depth:
            calls.append("")
        else:
            calls[-1] += letter
    return [call for call in calls if call]


USED = [call for line in CALLS.splitlines() if not line.strip().startswith("#") for call in split(line)]
USED = [call for call in USED if not set(re.findall(r"\w+", call.partition("(")[0])) & NEWER or hasattr(np, "unstack")]


def function_of(call: str) -> str:
    return call.partition("(")[0]


def arguments() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    A, k = rng.normal(size=(4, 4)), np.argsort(rng.normal(size=(3, 4)), axis=1)
    return {
        "x": rng.uniform(0.2, 3, (3, 4)),
        "y": rng.uniform(0.2, 3, (3, 4)),
        "v": np.array([0.3, 0.8, 1.7, 2.4]),
        "u": np.array([0.5, 1.1, 2.0]),
        "w": np.array([1.5, -0.4, 0.7]),
        "A": A + 3 * np.eye(4),
        "B": rng.normal(size=(4, 2)),
        "S": A @ A.T + np.eye(4),
        "z": rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4)),
        "i": np.array([2, 0, 1, 3]),
        "j": np.array([1, 0, 2, 1]),
        "k": k,
        "m": np.array([[True, False, True, True]] * 3),
        "n": np.array([[False, False, True, False]] * 3),
    }


def called(call: str, xp: Any, values: dict[str, Any]) -> Any:
    """The result of a call to a function of the namespace xp."""
    names = set(re.findall(r"[a-z]\w+", call))
    of_xp = {name: getattr(xp, name) for name in names if hasattr(xp, name)}
    return eval(call, {"xp": xp, **of_xp, **values})


def parts(result: Any) -> list[Any]:
    """The arrays in a result."""
    if isinstance(result, tuple | list):
        return [part for r in result for part in parts(r)]
    return [result]


def data(part: Any) -> Any:
    return part.data if isinstance(part, Tensor) else part


def number(result: Any) -> Any:
    """A real number of all floats in a result, each with a weight of its own."""
    total: Any = 0.0
    for part in parts(result):
        if getattr(part, "dtype", np.dtype(int)).kind in "fc":
            both = np.real(part) + 0.7 * np.imag(part) if part.dtype.kind == "c" else part
            total = total + np.sum(both * np.cos(np.arange(part.size)).reshape(part.shape))
    return total


def tensors(values: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: Tensor(value) if value.dtype.kind in "fc" else value for name, value in values.items()}


def test_every_function_of_the_standard_is_called():
    missing = {name for name in NEWER if not hasattr(np, name)}
    apart = {"empty", "empty_like", "from_dlpack"}  # see below
    assert {function_of(call) for call in USED} | apart | missing >= set(STANDARD.split())
    for name in ("e", "inf", "nan", "newaxis", "pi"):
        assert getattr(array_api, name) is getattr(np, name)
    for name in array_api.__all__:
        assert hasattr(array_api, name)


@pytest.mark.parametrize("call", USED)
def test_values_are_numpys_and_floats_are_tensors(call):
    values = arguments()
    result = called(call, array_api, tensors(values))
    try:
        expected = called(call, np, values)
    except (TypeError, AttributeError):  # descending; and what came to NumPy after 2.0
        expected = called(call, array_api, values)
    assert len(parts(result)) == len(parts(expected))
    for part, plain in zip(parts(result), parts(expected), strict=True):
        if not hasattr(plain, "shape") or isinstance(plain, np.dtype):
            assert part == plain
            continue
        plain = np.asarray(data(plain))
        assert isinstance(part, Tensor) == (plain.dtype.kind in "fc") or call.startswith("finfo")
        assert part.shape == plain.shape and part.dtype == plain.dtype
        np.testing.assert_allclose(data(part), plain, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("call", USED)
def test_gradients_are_those_of_differences(call):
    values = arguments()
    rng = np.random.default_rng(1)
    used = [name for name in re.findall(r"\b[a-zA-Z]\b", call) if name in values and values[name].dtype.kind in "fc"]
    directions = {name: rng.normal(size=values[name].shape) for name in dict.fromkeys(used)}
    if "S" in directions:
        directions["S"] = directions["S"] + directions["S"].T
    given = tensors(values)
    y = number(called(call, array_api, given))
    slope, h = 0.0, 1e-6
    if directions and "float32" not in call and call != "finfo(x.dtype).eps":
        up, down = [{n: v + s * directions[n] if n in directions else v for n, v in values.items()} for s in (h, -h)]
        slope = (number(called(call, array_api, up)) - number(called(call, array_api, down))) / (2 * h)
        slope = float(data(slope))
    if not isinstance(y, Tensor) or not y.requires_grad:
        assert abs(slope) < 1e-6
        return
    y.backward()
    found = sum(np.sum(np.real(np.conj(given[name].grad) * d)) for name, d in directions.items())
    if "float32" not in call:
        assert found == pytest.approx(slope, rel=1e-5, abs=1e-6)
    assert np.isfinite(found)


@pytest.mark.parametrize("call", USED)
def test_values_are_those_of_the_strict_implementation(call):
    strict = pytest.importorskip("array_api_strict")
    values = arguments()
    try:
        expected = called(call, strict, {name: strict.asarray(value) for name, value in values.items()})
    except (TypeError, AttributeError, ValueError):  # ValueError: a bound that NumPy's doesn't have
        pytest.skip("beyond what the standard guarantees")
    result = called(call, array_api, tensors(values))
    assert len(parts(result)) == len(parts(expected))
    for part, strictly in zip(parts(result), parts(expected), strict=True):
        if hasattr(strictly, "shape"):
            assert part.shape == strictly.shape
            strictly = np.from_dlpack(strict.asarray(strictly, copy=True))  # NumPy 2.0 takes none that is read-only
            np.testing.assert_allclose(data(part), strictly, rtol=1e-12, atol=1e-13)


# The array object -----------------------------------------------------------------------------------------------------


def test_a_tensor_has_the_namespace_of_each_version():
    x = Tensor([1.0, 2.0])
    assert x.__array_namespace__() is array_api is sys.modules["tensorgrad.array_api"]
    for version in (None, "2022.12", "2023.12", "2024.12"):
        assert x.__array_namespace__(api_version=version) is array_api
    with pytest.raises(ValueError, match=r"api_version: the array API standard has 2021.12, .*, not '1999'"):
        x.__array_namespace__(api_version="1999")
    assert array_api.__array_api_version__ == "2024.12"
    info = array_api.__array_namespace_info__()
    assert info.devices() == ["cpu"] and info.default_device() == "cpu" and info.capabilities()["boolean indexing"]
    assert info.default_dtypes()["real floating"] == np.float64 and info.dtypes(kind="bool")["bool"] == np.bool


def test_a_tensor_has_what_the_standard_asks_of_an_array():
    x = Tensor([[1.0, 2.0, 3.0]])
    assert x.device == "cpu" and x.to_device("cpu") is x
    assert x.mT.shape == x.T.shape == (3, 1) and x.ndim == 2 and x.size == 3 and x.dtype == np.float64
    for device in ("gpu", 1):
        with pytest.raises(ValueError, match="to_device: the data of this Tensor are on 'cpu', and stay there"):
            x.to_device(device)
    s = Tensor(2.5)
    assert complex(s) == 2.5 and float(s) == 2.5 and int(s) == 2 and bool(s)
    with pytest.raises(TypeError):
        range(3)[Tensor(1.0)]  # a Tensor is floating, so it is no index
    for operate in (operator.invert, lambda a: a & a, lambda a: a << 1, lambda a: 1 | a):
        with pytest.raises(TypeError):
            operate(x)


def test_memory_is_shared_by_constants_alone():
    constant = Tensor([1.0, 2.0], requires_grad=False)
    shared = np.from_dlpack(constant)
    assert np.shares_memory(shared, constant.data) and constant.__dlpack_device__() == constant.data.__dlpack_device__()
    assert type(array_api.from_dlpack(np.array([1, 2]))) is np.ndarray
    assert type(array_api.from_dlpack(constant)) is Tensor
    with pytest.raises(TypeError, match="can't become part of an array"):
        np.from_dlpack(Tensor([1.0, 2.0]))
    with tg.no_grad():
        assert np.from_dlpack(Tensor([1.0, 2.0])).shape == (2,)


def test_the_package_imports_no_library_that_asks_for_the_namespace():
    program = "import tensorgrad, sys; print(*[m for m in ('scipy', 'einops', 'autoray') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


# Making arrays --------------------------------------------------------------------------------------------------------


def test_what_is_made_can_be_filled_with_tensors():
    x = Tensor([1.0, 2.0])
    for make in (array_api.zeros, array_api.ones, array_api.empty):
        y = make((3,))
        assert type(y) is Tensor and not y.requires_grad and y.dtype == np.float64
        y[0], y[1:] = 0.0, x**2
        x.zero_grad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    for like in (array_api.zeros_like, array_api.empty_like, array_api.ones_like):
        assert type(like(x)) is Tensor and type(like(x, dtype=np.int64)) is np.ndarray
        assert type(like(np.ones(2, np.float32))) is Tensor and like(np.ones(2, np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match=r"[Dd]evice"):
        array_api.zeros(3, device="gpu")


def test_a_sum_is_an_array_that_can_be_assigned_into():
    x = Tensor([1.0, 2.0])
    y = array_api.sum(x)
    y[...] = 3 * x[1]
    y.backward()
    np.testing.assert_array_equal(x.grad, [0.0, 3.0])


def test_asarray_keeps_tensors_and_their_gradients():
    x = Tensor([1.0, 2.0])
    assert array_api.asarray(x) is x is array_api.asarray(x, dtype=np.float64, copy=False)
    copied = array_api.asarray(x, copy=True)
    assert copied is not x and not np.shares_memory(copied.data, x.data)
    for y, g in (
        (copied, [1.0, 1.0]),
        (array_api.asarray([x, [3.0, 4.0]]), [1.0, 1.0]),
        (array_api.asarray((x[1], 5.0)), [0.0, 1.0]),
        (array_api.asarray([[x[0], x[0]]], dtype=np.float32), [2.0, 0.0]),
        (array_api.astype(x, np.complex64).real, [1.0, 1.0]),
    ):
        x.zero_grad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, g)
    array = np.array([1.0, 2.0])
    assert np.shares_memory(array_api.asarray(array).data, array)
    assert not np.shares_memory(array_api.asarray(array, copy=True).data, array)
    assert array_api.asarray(x, dtype=np.int64).dtype == np.int64
    for wrong in (lambda: array_api.asarray([x], copy=False), lambda: array_api.asarray(x, dtype="f4", copy=False)):
        with pytest.raises(ValueError, match=r"asarray: .* without a copy; leave out copy=False"):
            wrong()
    for function in (array_api.asarray, lambda x, device: array_api.astype(x, np.float32, device=device)):
        with pytest.raises(ValueError, match="the device is 'cpu', not 'gpu'"):
            function(x, device="gpu")


def test_astype_is_constant_where_it_rounds_and_drops_no_part():
    x = Tensor([0.5, 2.5])
    assert array_api.astype(x, np.float64, copy=False) is x and array_api.astype(x, np.float64) is not x
    for dtype in (np.int32, np.bool):
        assert type(array_api.astype(x, dtype)) is np.ndarray and array_api.astype(x, dtype).dtype == dtype
    for dtype in (np.float64, np.float32, np.int64):
        with pytest.raises(TypeError, match=r"astype: complex128 can't become \w+; take real\(x\) first"):
            array_api.astype(x + 1j, dtype)


def test_the_gradient_of_a_distinct_element_goes_to_where_it_stands_first():
    x = Tensor([3.0, 1.0, 3.0, 2.0])
    (array_api.unique_values(x) * np.array([1.0, 10.0, 100.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [100.0, 1.0, 0.0, 10.0])
    assert array_api.unique_all(x).indices.tolist() == [1, 3, 0]


def test_equal_elements_stay_in_their_order_when_sorted_in_descending_order():
    for x in (np.array([2.0, 3.0, 2.0, 3.0]), Tensor([2.0, 3.0, 2.0, 3.0])):
        assert array_api.argsort(x, descending=True).tolist() == [1, 3, 0, 2]
    x = np.array([[1, 5], [7, 5]])
    np.testing.assert_array_equal(array_api.sort(x, axis=0, descending=True), [[7, 5], [1, 5]])


def test_reshape_copies_where_it_is_told_and_nowhere_else():
    for x in (Tensor([[1.0, 2.0], [3.0, 4.0]]), np.arange(4).reshape(2, 2)):
        memory = x.data
        assert np.shares_memory(array_api.reshape(x, (4,), copy=False).data, memory)
        assert not np.shares_memory(np.asarray(array_api.reshape(x, 4, copy=True).data), memory)
        with pytest.raises(ValueError, match=r"reshape: shape \(2, 2\) can't become \(4,\) without a copy"):
            array_api.reshape(x.T, (4,), copy=False)
    x = Tensor([1.0, 2.0])
    assert array_api.clip(x).data.tolist() == [1.0, 2.0] and array_api.clip(x) is not x


def test_transforms_go_through_the_namespace():
    def f(x):
        xp = x.__array_namespace__()
        y = xp.zeros(3)
        y[1:] = xp.sin(x) * xp.sum(x**2)
        return xp.where(y > 1, y, xp.linalg.vector_norm(y))

    x = np.array([0.4, 0.9])
    np.testing.assert_allclose(tg.jacobian(f)(x), tg.jacobian(f)(Tensor(x)).data)
    _, dy = tg.jvp(f, (x,), (np.array([1.0, -2.0]),))
    np.testing.assert_allclose(dy, tg.jacobian(f)(x) @ [1.0, -2.0])
    tg.check_grads(f, x, order=2)


def test_names_beyond_the_standard_are_numpys():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert type(array_api.pad(x, 1)) is Tensor and array_api.median(x).item() == 2.5
    assert type(array_api.cbrt(np.ones(2))) is Tensor and "pad" not in array_api.__all__
    for name in ("no_such_function", "ndarray", "random", "__version__", "_core"):
        with pytest.raises(AttributeError, match=f"tensorgrad.array_api has no '{name}'"):
            getattr(array_api, name)


def test_special_functions_stand_where_scipy_looks_for_them():
    special = pytest.importorskip("tensorgrad.special")
    assert array_api.special is special


# What would leave the graph -------------------------------------------------------------------------------------------


def test_a_refusal_names_the_function_that_a_user_called():
    signal, stats = pytest.importorskip("scipy.signal"), pytest.importorskip("scipy.stats")
    interpolate, optimize = pytest.importorskip("scipy.interpolate"), pytest.importorskip("scipy.optimize")
    x = Tensor([1.0, 2.0, 3.0, 4.0])
    for name, call in {
        "scipy.signal.hilbert": lambda: signal.hilbert(x),
        "scipy.stats.rv_continuous.pdf": lambda: stats.norm.pdf(x),
        "scipy.stats.multivariate_normal.logpdf": lambda: stats.multivariate_normal.logpdf(x),
        "scipy.interpolate.CubicSpline": lambda: interpolate.CubicSpline(np.arange(4), x),
        "scipy.optimize.nnls": lambda: optimize.nnls(np.eye(4), x),
    }.items():
        with pytest.raises(TypeError, match=f"^{name}: a Tensor that requires a gradient can't become part of an arr"):
            call()
        module = name.split(".")[1]
        with pytest.raises(TypeError, match=f"tensorgrad.scipy.{module} has functions of that module with derivatives"):
            call()
    with pytest.raises(TypeError, match=r"^a Tensor that requires a gradient can't become part of an array"):
        np.asarray(x)
    with pytest.raises(TypeError, match=r"^numpy.vectorize: a Tensor"):
        np.vectorize(lambda t: t)(x)


def test_what_a_search_finds_by_comparing_is_no_constant_in_silence():
    optimize = pytest.importorskip("scipy.optimize")
    s = Tensor(0.3)
    for name in ("golden", "brent"):
        with pytest.raises(TypeError, match=f"scipy.optimize.{name}.*tensorgrad.scipy.optimize has functions"):
            getattr(optimize, name)(lambda x: (x - s) ** 2)
    with tg.no_grad():
        assert optimize.golden(lambda x: (x - s) ** 2) == pytest.approx(0.3, abs=1e-6)
    assert optimize.golden(lambda x: (x - s.detach()) ** 2) == pytest.approx(0.3, abs=1e-6)
    assert s < 1.0 and not s >= 1.0  # a comparison of the user's own is one


def test_a_library_that_was_given_plain_arrays_beside_tensors_says_what_to_do():
    assert repr(array_api).startswith("<module 'tensorgrad.array_api' from")
    compat = pytest.importorskip("array_api_compat")
    with pytest.raises(TypeError, match=r"Multiple namespaces.*array_api_compat\S*array_namespace got or made plain"):
        compat.array_namespace(Tensor([1.0]), np.ones(1))
