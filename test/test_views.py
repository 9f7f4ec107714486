"""A view where NumPy gives a view, and a copy where NumPy gives a copy: what is assigned to one shows in the other.

Tensors are given to every function of the table, and the memory of what comes out is compared with that of what NumPy's
function gives of the arrays: whether it is the argument's, whether it may be written into, and in which order the
elements lie. (On the order it depends whether np.reshape of the result is a view of it.)
"""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import THOROUGH, Case, chosen, name_of
from helpers import behind

import tensorgrad as tg
from tensorgrad import Tensor, derivative
from tensorgrad.derivatives import OWN
from tensorgrad.derivatives.arrays import whole
from tensorgrad.derivatives.indexing import getitem
from tensorgrad.memory import owner_of

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # of values at which a function isn't defined
    pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning"),
]

LAYOUTS = ("C", "F", "strided", "transposed", "reversed", "read-only", "broadcast")


def laid_out(a: Any, layout: str) -> np.ndarray:
    """The same values in another order of memory."""
    if layout == "strided":
        wide = np.zeros(tuple(2 * n + 1 for n in a.shape), a.dtype)
        view = wide[(..., *[slice(1, None, 2)] * a.ndim)]
        view[...] = a
        return view
    if layout == "reversed":
        return np.asarray(np.flip(np.array(np.flip(a))))
    if layout == "transposed":  # the last axis is the slowest
        return np.moveaxis(np.moveaxis(a, -1, 0).copy(), 0, -1) if a.ndim else np.array(a)
    if layout == "broadcast":
        return np.broadcast_to(a[:1], a.shape) if a.ndim else np.array(a)
    a = np.array(a, order="F" if layout == "F" else "C")
    a.flags.writeable = layout != "read-only"
    return a


def parts(y: Any) -> list:
    """The arrays of a result: one, or those of a list or tuple of them."""
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def array_of(y: Any) -> Any:
    return y.data if isinstance(y, Tensor) else y


# NumPy 2.0's np.broadcast_arrays says that its results are read-only, and its linalg.cond gives real parts of others.
IS_NUMPY_2_0 = np.lib.NumpyVersion(np.__version__) < "2.1.0"


def memory(y: Any, given: list[np.ndarray]) -> Any:
    """Which of the given arrays y shows, and whether it may be written into (which NumPy's scalars may not)."""
    y = array_of(y)
    if not isinstance(y, np.ndarray):
        return None
    # Into what np.broadcast_arrays gives NumPy writes yet, and warns that this will end: with Tensors it has ended.
    warns = "WARN_ON_WRITE" in str(y.flags)
    return [np.shares_memory(y, a) for a in given], y.size == 0 or (not warns and y.flags.writeable)


def steps(y: Any) -> Any:
    """How many elements further in memory the next one along each axis is, as far as there is a next one."""
    y = array_of(y)
    return [s // y.itemsize for s, n in zip(y.strides, y.shape, strict=True) if n > 1] if y.size else None


def differences(ours: Any, theirs: Any, given: list[np.ndarray], numpys: bool = True) -> Iterator[str]:
    """What is said of results that don't lie in memory as those that they are compared with, which are NumPy's, or of a
    formula: then they may lie otherwise, but not be views."""
    for y, like in zip(parts(ours), parts(theirs), strict=True):
        if numpys and isinstance(like, np.ndarray) and steps(y) != steps(like):
            yield f"lies in memory in steps of {steps(y)} elements, NumPy's {steps(like)}"
        found, expected = memory(y, given), memory(like, given)
        if IS_NUMPY_2_0 and isinstance(theirs, list | tuple) and None not in (found, expected):
            found, expected = found[0], expected[0]
        if None not in (found, expected) and found != expected:
            yield f"shares memory with the arguments, is writeable: {found}, NumPy's {expected}"


# Every function of the table -----------------------------------------------------------------------------------------


def numpys(case: Case) -> Callable | None:
    """NumPy's function, or what a case is compared with; None for a function of the library's own."""
    return case.like or (None if case.func in OWN and case.func is not getitem else case.func)


@THOROUGH
@pytest.mark.parametrize(
    "layout", [*LAYOUTS[:2], *(pytest.param(name, marks=pytest.mark.slow) for name in LAYOUTS[2:])]
)
def test_every_function_of_the_table(layout: str, cases: str):
    wrong, count = [], 0
    for case in chosen(cases):
        given = [laid_out(a, layout) for a in case.draw()]
        func = numpys(case)
        try:
            theirs = case.call(given, func) if func else None
        except (np.linalg.LinAlgError, ValueError):
            # Of a matrix with equal rows there is no inverse; and np.put_along_axis(a, ..., axis=None) needs C order.
            assert layout == "broadcast" or case.assigns, case
            continue
        ours = case.call([Tensor(a) for a in given])
        count += 1
        if func:
            ordered = not case.like and not (IS_NUMPY_2_0 and func is np.linalg.cond)
            wrong += [f"{case}: {text}" for text in differences(ours, theirs, given, ordered)]
        else:
            shown = [np.shares_memory(array_of(y), a) for y in parts(ours) for a in given]
            wrong += [f"{case} of the library's own shows its argument's memory"] * any(shown)
    assert count > 0.99 * len(chosen(cases)) and not wrong, "\n".join(wrong)


@THOROUGH
@pytest.mark.parametrize("layout", ["C", "strided"])
def test_only_what_is_declared_a_view_shows_memory_of_an_argument_and_that_is_the_first(layout: str, cases: str):
    undeclared = set()
    for case in chosen(cases):
        y = case.call([Tensor(laid_out(a, layout)) for a in case.draw()])
        for node in {n for t in parts(y) if isinstance(t, Tensor) for n in behind(t) if n._op is not None}:
            func = getattr(node._op, "func", None)
            if getattr(func, "__module__", "") == "tensorgrad.batch":  # which stays inside of vmap
                continue
            outputs = node._data if isinstance(node._data, tuple) else (node._data,)
            for i, arg in enumerate(node._args):
                data = getattr(arg, "_data", arg)
                shows = isinstance(data, np.ndarray) and any(np.shares_memory(whole(p), data) for p in outputs)
                if shows and not (i == 0 and node._op.is_view and owner_of(node._data) is owner_of(data)):
                    undeclared.add((name_of(node._op.func), i))
    assert not undeclared


# Arguments that change what NumPy does, and methods ------------------------------------------------------------------

ARRAYS = {
    "vector": np.array([0.5, -1.0, 2.0, 3.0]),
    "matrix": np.array([[0.5, -1.0, 2.0], [3.0, 4.0, -0.5]]),
    "square": np.array([[0.5, -1.0], [3.0, 4.0]]),
    "one row": np.array([[0.5, -1.0, 2.0]]),
    "cube": np.arange(1.0, 9.0).reshape(2, 2, 2),
    "number": np.array(0.5),
    "complex": np.array([[0.5 + 1j, -1.0], [3.0, 4.0 - 2j]]),
    "real in part": np.array([[0.5 + 0j, -1.0], [3.0, 4.0]]),
    "empty": np.zeros((0, 3)),
    "float32": np.ones((2, 2), np.float32),
}

CALLS = """
a.T; a.mT; a.real; a.imag; a.conj(); a.conjugate(); np.conj(a); a.copy(); np.copy(a); +a; a * 1; abs(a)
a.ravel(); a.ravel(order="F"); np.ravel(a); np.ravel(a, "C"); np.ravel(a, "F"); np.ravel(a, "A"); np.ravel(a, "K")
np.ravel(a[::2]); np.ravel(a[::-1]); np.ravel(a[..., ::-1]); np.ravel(a[1:]); np.ravel(a.T); np.ravel(a.T, "K")
a.flatten(); a.flatten("F"); a.flatten("A"); a.flatten("K"); a.flatten(order="C")
a.reshape(-1); a.reshape((-1,)); a.reshape(a.shape); a.reshape(-1, order="F"); a.reshape(-1, order="A")
a[::2].reshape(-1); a[::-1].reshape(-1); np.reshape(a, -1); np.reshape(a, (1, -1)); np.reshape(a.T, -1)
np.reshape(a, a.shape); np.reshape(a, (-1, 1), order="F")
a.squeeze(); np.squeeze(a); np.squeeze(a, 0); np.expand_dims(a, 0); np.expand_dims(a, ())
a.swapaxes(0, -1); a.transpose(); a.transpose(1, 0); np.transpose(a); np.swapaxes(a, 0, 0); np.permute_dims(a)
np.moveaxis(a, 0, -1); np.moveaxis(a, 0, 0); np.rollaxis(a, 0); np.rollaxis(a, 1); np.rollaxis(a, 0, 1)
np.matrix_transpose(a); np.linalg.matrix_transpose(a); np.flip(a); np.flip(a, 0); np.fliplr(a); np.flipud(a)
np.rot90(a, 0); np.rot90(a, 1); np.rot90(a, 2); np.rot90(a, 3)
a.diagonal(); a.diagonal(1); a.diagonal(-1); a.diagonal(9); np.diagonal(a, 0, 1, 0); np.diagonal(a, axis1=-1, axis2=0)
np.linalg.diagonal(a); np.linalg.diagonal(a, offset=-1); np.diag(a); np.diag(a, 1); np.diagflat(a)
np.tril(a); np.triu(a); np.trace(a)
np.einsum("ii->i", a); np.einsum("ij->ji", a); np.einsum("ij", a); np.einsum("ji", a); np.einsum("...", a)
np.einsum("...ii->...i", a); np.einsum("i...->...i", a); np.einsum("ij->i", a)
np.einsum("i->", a); np.einsum("->", a)
np.einsum("ij->ij", a, optimize=True); np.einsum("ij->ji", a, order="C"); np.einsum("ii->i", a, dtype=np.float32)
np.einsum(a, [0, 1], [1, 0]); np.einsum(a, [0, 0]); np.einsum(a, [0, 0], [0]); np.einsum("i,->i", a, 1.0)
a.astype(float); a.astype(a.dtype); a.astype(a.dtype, copy=False); a.astype(np.float32, copy=False)
np.astype(a, a.dtype, copy=False); np.astype(a, np.float64, copy=False); np.astype(a, a.dtype)
np.real(a); np.imag(a); np.angle(a); np.real_if_close(a); np.nan_to_num(a)
np.sort_complex(a); np.sign(a); np.round(a)
a[0]; a[-1]; a[...]; a[()]; a[:]; a[1:]; a[::2]; a[::-1]
a[None]; a[..., None]; a[0, ...]; a[..., 0]; a[0, 0]; a[0, 0, ...]
a[[0]]; a[[0, 0]]; a[np.array(0)]; a[np.int64(0)]; a[a.real > 0]
a[True]; a[..., [0]]; a[0:1, [0]]; a[np.ix_([0], [0])]
a[0][0]; a[1:][::2]; a.T[0]; a[[0]][0]; a.reshape(-1)[::2]
a.take([0]); a.take(0); np.take(a, 0, axis=0); np.take(a, [0], axis=0); np.take(a, [0], mode="clip")
np.compress([True], a, axis=0); np.extract(a.real > 0, a); np.take_along_axis(a, np.zeros((1, 1), int), 0)
np.delete(a, [], 0); np.delete(a, 0, 0); np.delete(a, slice(0, 0), 0); np.insert(a, 0, 1.0); np.append(a, 1.0)
a.repeat(1); np.repeat(a, 1); np.repeat(a, 1, axis=0); np.tile(a, 1)
np.tile(a, ()); np.tile(a, (1, 1)); np.tile(a, (2, 1))
np.tile(a, 2); np.resize(a, a.shape); np.roll(a, 0); np.roll(a, 1)
np.pad(a, 0); np.pad(a, 0, "edge"); np.pad(a, 0, "mean")
np.concatenate([a]); np.concatenate([a], axis=None); np.concatenate([a, a]); np.stack([a])
np.hstack([a]); np.vstack([a])
np.dstack([a]); np.column_stack([a]); np.block(a); np.block([a]); np.block([[a]])
np.split(a, 1); np.array_split(a, 2); np.array_split(a, 1); np.hsplit(a, 1)
np.vsplit(a, 1); np.dsplit(a, 2); np.unstack(a)
np.split(a, [1], -1); np.unstack(a, axis=-1)
np.atleast_1d(a); np.atleast_2d(a); np.atleast_3d(a); np.atleast_1d(a, a[0], 1.0)
np.atleast_2d(a, a.T); np.atleast_3d(a, a)
np.broadcast_to(a, a.shape); np.broadcast_to(a, (3, *a.shape)); np.broadcast_arrays(a, a); np.broadcast_arrays(a, 1.0)
np.broadcast_arrays(a); np.broadcast_arrays(a, a[None])
np.meshgrid(a, a); np.meshgrid(a, a, copy=False); np.meshgrid(a, a, sparse=True); np.meshgrid(a, copy=False)
np.meshgrid(a, a, sparse=True, copy=False); np.meshgrid(a, a, indexing="ij", copy=False, sparse=True); np.ix_(a)
np.ix_(a, a)
np.lib.stride_tricks.sliding_window_view(a, 1, 0); np.lib.stride_tricks.sliding_window_view(a, 1, 0, writeable=True)
np.trim_zeros(a); np.diff(a, 0); np.ediff1d(a); np.gradient(a); np.unwrap(a)
np.cumsum(a); np.cumprod(a, 0); np.clip(a, None, 9)
a.clip(-9, 9); np.clip(a, -9, 9); np.maximum(a, -9); np.where(True, a, 0); np.select([True], [a]); np.choose(0, [a])
np.piecewise(a, [True], [lambda v: v]); np.apply_along_axis(lambda v: v, 0, a); np.apply_over_axes(np.sum, a, [])
np.apply_over_axes(np.sum, a, 0); np.sum(a, axis=()); np.mean(a, axis=()); np.max(a, axis=()); np.prod(a, axis=())
np.sort(a); np.sort(a, axis=None); np.partition(a, 0); np.median(a, axis=0)
np.quantile(a, 0.5, axis=0); np.average(a, 0)
np.average(a, axis=0, returned=True); np.average(a, axis=0, weights=np.ones(len(a)), returned=True); np.ptp(a, 0)
np.average(a, axis=0, weights=np.ones(len(a)), returned=True, keepdims=True); np.nanmax(a, axis=())
np.nansum(a, axis=())
np.add.reduce(a, axis=()); np.hypot.reduce(a); np.hypot.reduce(a, axis=())
np.hypot.accumulate(a); np.subtract.reduce(a, axis=0)
np.logaddexp.reduce(a); np.logaddexp.reduceat(a, [0]); np.subtract.reduce(a, keepdims=True); np.multiply.outer(a, 1.0)
np.linalg.matrix_power(a, 1); np.linalg.matrix_power(a, 2); np.linalg.matrix_power(a, 0); np.linalg.multi_dot([a, a])
np.linalg.norm(a, axis=0); np.dot(a, 1.0); np.inner(a, 1.0); np.tensordot(a, 1.0, 0)
np.outer(a, [1.0]); np.kron(a, 1.0)
np.polyder(a, 0); np.polyint(a, 0); np.polyadd(a, 0); np.polymul(a, 1.0)
np.vander(a, 2); np.convolve(a, [1.0]); np.interp(a, a, a)
np.fft.fftshift(a); np.fft.fft(a); np.cov(a); np.bincount([0], [1.0]); np.modf(a)
np.frexp(a); np.divmod(a, 1.0); np.i0(a)
"""
NEWER = ("astype", "permute_dims", "matrix_transpose", "unstack", "cumulative_sum", "vecdot", "trapezoid")
NEWER = [name for name in NEWER if not hasattr(np, name)]


def calls(written: str = CALLS) -> list[str]:
    texts = [text.strip() for text in written.replace("\n", ";").split(";")]
    return [text for text in texts if text and not any(f"np.{name}(" in text for name in NEWER)]


def outcome(call: Callable, a: Any) -> Any:
    try:
        return call(a)
    except (ValueError, TypeError, IndexError, ZeroDivisionError):
        return None


@pytest.mark.parametrize("text", calls())
def test_arguments_that_change_what_numpy_does_and_methods(text: str):
    call, count = eval(f"lambda a: {text}", {"np": np}), 0
    for name, values in ARRAYS.items():
        for layout in LAYOUTS:
            a = laid_out(values, layout)
            theirs = outcome(call, a)
            ours = outcome(call, Tensor(a)) if theirs is not None else None
            if theirs is None or ours is None:  # some ask for other shapes, and a Tensor is floating
                continue
            count += 1
            assert not list(differences(ours, theirs, [a])), f"{name}, {layout}: {text}"
    assert count >= 5


# Results of more dimensions, in all orders of memory ------------------------------------------------------------------

SHAPES = {"square": (3, 3), "matrix": (3, 4), "two matrices": (2, 3, 3)}


def in_all_orders(a: np.ndarray) -> Iterator[np.ndarray]:
    """The same values with the axes in each order in memory, with gaps, reversed; and equal ones along an axis."""
    for order in itertools.permutations(range(a.ndim)):
        yield np.transpose(np.transpose(a, order).copy(), np.argsort(order))
    for order in ("C", "F"):
        wide = np.zeros([2 * n for n in a.shape], a.dtype, order)
        view = wide[(slice(None, None, 2),) * a.ndim]
        view[...] = a
        yield view
        yield np.flip(np.array(np.flip(a, 0), order=order), 0)
    yield np.broadcast_to(a[:1], a.shape)
    yield np.broadcast_to(a[:, :1], a.shape)


ALONG_AN_AXIS = """
np.take(a, [0, 1], k); np.take(a, 1, k); np.take(a, [[0, 1], [1, 0]], k); np.compress([True, True], a, k)
np.take_along_axis(a, np.argsort(np.array(a.T.T > 0), k), k)
np.delete(a, 0, k); np.delete(a, [0], k); np.delete(a, [0, 1], k); np.delete(a, slice(0, 1), k)
np.delete(a, [], k); np.delete(a, np.arange(a.shape[k]) == 0, k); np.insert(a, 1, 7.0, k)
np.insert(a, [0, 1], 7.0, k); np.insert(a, slice(0, 2), 1.0, k); np.repeat(a, 2, k); np.roll(a, 1, k)
np.append(a, a, k); np.sort(a, k); np.partition(a, 1, k); np.median(a, k); np.median(a, k, keepdims=True)
np.nanmedian(a, k); np.quantile(a, 0.3, k); np.quantile(a, [0.3, 0.4], k); np.nanquantile(a, 0.3, k)
np.nanquantile(a, [0.3, 0.6], k); np.percentile(a, [[30, 10]], k, keepdims=True); np.mean(a, k); np.sum(a, k)
np.max(a, k); np.prod(a, k); np.std(a, k); np.ptp(a, k); np.average(a, k, returned=True)
np.average(a, k, weights=np.arange(1.0, 1 + a.shape[k]), returned=True); np.nansum(a, k); np.nanmean(a, k)
np.nanvar(a, k); np.nanstd(a, k); np.nanmax(a, k); np.nanprod(a, k); np.nancumsum(a, k); np.nancumprod(a, k)
np.linalg.norm(a, axis=k); np.linalg.norm(a, 3, k); np.cumsum(a, k); np.cumprod(a, k)
np.cumulative_sum(a, axis=k, include_initial=True); np.diff(a, axis=k); np.diff(a, 1, k, 0.0)
np.gradient(a, axis=k); np.gradient(a, np.arange(a.shape[k]) ** 2.0, axis=k, edge_order=2); np.trapezoid(a, axis=k)
np.unwrap(a, axis=k); np.add.accumulate(a, k); np.maximum.accumulate(a, k)
np.subtract.accumulate(a, k, dtype=np.float32)
np.add.reduceat(a, [0, 1], k); np.hypot.reduceat(a, [0, 1], k); np.hypot.reduce(a, k)
np.subtract.reduce(a, k, keepdims=True)
np.concatenate([a, a], k); np.concatenate([a, np.ones(a.shape)], k); np.array_split(a, 2, k)
np.apply_along_axis(lambda v: v * 2, k, a); np.apply_along_axis(lambda v: v[:, None] * v, k, a)
np.apply_over_axes(np.sum, a, k); np.tensordot(a, a, ([k], [k])); np.cross(a, a, axis=k); np.cross(a, a, k, axisc=0)
np.fft.fft(a, axis=k); np.fft.irfft(a, axis=k); np.fft.fft(a, 6, axis=k); np.fft.ifftn(a, axes=(k,))
a - a.mean(k, keepdims=True); a.cumsum(k); a.repeat(2, k); a.take([1, 0], k); np.trace(a, 0, k, (k + 1) % a.ndim)
"""
WHOLE = """
np.take(a, [0, 5, 1]); np.take(a, []); np.repeat(a, 2); np.tile(a, 2); np.tile(a, (2, 1)); np.tile(a, (1,) * 4)
np.resize(a, (3, 5)); np.sort(a, None); np.sort_complex(a); np.median(a, (0, 1)); np.median(a, (1, 0))
np.nanmedian(a, (0, -1)); np.quantile(a, [0.3, 0.4], (0, -1)); np.nansum(a, ()); np.nanmax(a, (0, -1))
np.gradient(a); np.sin(a); a + a; a + 1; 2.0 * a; a**2; a**0.5; -a; +a; abs(a); a[..., :3] + a[..., :3].T
np.where(a > 0, a, 0.0); np.maximum(a, 0.0); np.clip(a, 0, 1); np.copy(a); a.copy(); a.copy("K"); np.copy(a, "A")
np.tril(a); np.nan_to_num(a); np.sinc(a); np.i0(a); np.angle(a); np.angle(a * 1j); np.sign(a); np.sign(a * 1j)
np.hypot(a, a); np.divmod(a, 2.0); np.modf(a); np.frexp(a); np.imag(a * 1j); np.imag(a); a.astype(np.float32)
a * a[..., :1]; a * a[:1]; np.float_power(a, 2); np.logaddexp.reduce(a, (0, 1)); np.hypot.reduce(a, (0, -1))
np.multiply.outer(a, a); np.concatenate([a, a.copy()]); np.stack([a, a], -1); np.stack([a, a.copy()], 1)
np.hstack([a, a]); np.dstack([a, a]); np.column_stack([a, a]); np.block([[a, a], [a, a]]); np.block([[a], [a.copy()]])
np.pad(a, 1); np.pad(a, 0); np.pad(a, 1, "edge"); np.pad(a, 1, "mean"); np.pad(a, 1, "linear_ramp")
np.pad(a, 1, "reflect", reflect_type="odd"); np.pad(a, ((1, 0),) + ((0, 0),) * (a.ndim - 1)); np.pad(a, 1, "wrap")
np.select([a > 0], [a], 0.0); np.choose(np.zeros(a.shape, int), [a, a]); np.piecewise(a, [a > 0], [lambda v: v])
a @ np.swapaxes(a, -1, -2); np.matmul(a, a[0]); a @ np.ones(a.shape[-1]); np.dot(a, a.T); np.dot(a, 2.0)
np.inner(a, a); np.inner(a, 3.0); np.tensordot(a, a, 0); np.vecdot(a, a); np.outer(a, a); np.kron(a, a)
np.einsum("...ij,...ik->...jk", a, a); np.einsum("...ij,...ij->...ji", a, a); np.einsum("...ij->...j", a)
np.einsum("ij,kj->ki", a, a); np.einsum("ij,ij->ji", a, a, order="F"); np.cross(a, a[0])
np.cross(a[..., :3], a[..., :3])
np.linalg.inv(a + 3 * np.eye(3)); np.linalg.solve(a + 3 * np.eye(3), a)
np.linalg.qr(a); np.linalg.svd(a, False); np.linalg.svd(a, compute_uv=False); np.linalg.eigh(a)
np.linalg.svd(a, hermitian=True); np.linalg.svd(a, compute_uv=False, hermitian=True); np.linalg.pinv(a)
np.linalg.matrix_power(a, 0); np.linalg.matrix_power(a, 3); np.linalg.matrix_power(a + 3 * np.eye(3), -2)
np.fft.fft2(a); np.fft.rfftn(a); np.fft.irfftn(a); np.fft.fftshift(a); np.fft.fft(a).real; np.cov(a); np.corrcoef(a)
np.linspace(a, a + 1, 4); np.linspace(a, a + 1, 4, axis=-1); np.logspace(a, a + 1, 3); np.polyval(a, 2.0)
np.meshgrid(a[:, 0], a[0], indexing="ij"); np.poly(a); np.polyfit(np.arange(len(a)), a, 1)
np.full_like(a, a.ravel()[0]); np.array(a, like=a); np.array([a, a], like=a); np.array(a, ndmin=5, like=a)
np.array(a, order="F", like=a); np.array(a, np.float32, like=a); np.asfortranarray(a, like=a)
np.array(list(a), like=a); np.asarray(a, order="C", like=a); np.zeros_like(a); np.array(a, copy=None, like=a)
a[[0, 1]]; a[:, [0, 1]]; a[..., [0, 1]]; a[[0, 1], [1, 0]]; a[np.asfortranarray([[0, 1], [1, 0]])]; a[a > 0]
a[[0, 1], ..., [0, 1]]; a[np.ix_([0, 1], [1, 0])]; np.copy(a[..., ::-1]); a[::-1].copy(); np.copy(a.T)
a.flatten("F"); np.ravel(a, "K"); np.reshape(a, (-1, 1), order="A"); np.ediff1d(a)
"""


def laid_out_as_numpys(text: str, arrays: dict[str, np.ndarray]) -> int:
    """How many results lie as NumPy's do; none may lie otherwise."""
    call, count = eval(f"lambda a, k=0: {text}", {"np": np}), 0
    for name, values in arrays.items():
        for a, k in itertools.product(in_all_orders(values), (0, 1, -1) if text in calls(ALONG_AN_AXIS) else (0,)):
            theirs = outcome(lambda a, k=k: call(a, k), a)
            ours = outcome(lambda a, k=k: call(a, k), Tensor(a)) if theirs is not None else None
            if ours is not None:
                count += 1
                assert not list(differences(ours, theirs, [a])), f"{name}, strides {a.strides}, axis {k}: {text}"
    return count


@pytest.mark.parametrize("text", [*calls(ALONG_AN_AXIS), *calls(WHOLE)])
def test_results_lie_in_memory_as_numpys(text: str):
    rng = np.random.default_rng(0)
    assert laid_out_as_numpys(text, {name: rng.normal(size=shape) for name, shape in SHAPES.items()}) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("text", [*calls(ALONG_AN_AXIS), *calls(WHOLE), *calls(CALLS)])
def test_results_of_four_dimensions_lie_in_memory_as_numpys(text: str):
    rng = np.random.default_rng(0)
    arrays = {str(shape): rng.normal(size=shape) for shape in ((2, 3, 2, 3), (3, 4, 2), (1, 3), (3, 3))}
    laid_out_as_numpys(text, {**arrays, "complex": arrays["(3, 3)"] + 1j})


def test_large_blocks_lie_in_memory_as_numpys():
    for a in (np.ones((600, 500)), np.ones((600, 500), order="F")):
        for parts_of in (lambda a: [a, a], lambda a: [[a], [a.copy()]], lambda a: [[a, a[:, ::2].copy()]]):
            assert steps(np.block(parts_of(Tensor(a)))) == steps(np.block(parts_of(a)))


def test_an_assignment_into_a_result_reshaped_is_one_into_the_result_where_it_is_in_numpy():
    def taken(x: Any) -> Any:
        y = np.take(x, [0, 1], axis=1)
        y.reshape(-1)[0] = x[1, 2] * 10.0
        return y

    def ordered(x: Any) -> Any:
        y = np.sort(x.T, axis=0)
        y.reshape(-1)[0] = x[1, 2] * 10.0  # of a copy, for y lies as x.T does
        return y

    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for f in (taken, ordered):
        x = Tensor(a.copy())
        y = f(x)
        np.testing.assert_array_equal(y.data, f(a.copy()))
        y.sum().backward()
        assert x.grad[1, 2] == (10.0 if f is taken else 1.0)
        assert x.grad[0, 0] == (0.0 if f is taken else 1.0)


# What is assigned ----------------------------------------------------------------------------------------------------


def test_views_are_of_the_argument_that_they_show():
    a, b = np.ones(3), np.ones((2, 2))
    for y, of in zip(np.atleast_2d(Tensor(a), Tensor(b)), (a, b), strict=True):
        assert [np.shares_memory(y.data, v) for v in (a, b)] == [v is of for v in (a, b)]
        assert y._op is None or y._op.is_view


def test_a_view_may_be_written_into_where_numpys_may():
    a = np.zeros((2, 2))
    np.einsum("ii->i", Tensor(a)).data[...] = 1.0
    Tensor(a).reshape(-1).data[1] = 2.0
    assert a.tolist() == [[1, 2], [0, 1]]
    with pytest.raises(ValueError, match="read-only"):
        np.diagonal(Tensor(a)).data[...] = 3.0


# Users' own functions, which may return memory of their argument, and nobody knows which part of it -------------------


def rule_of_half(g: Any, y: Any, x: Any, saved: Any = None) -> Any:
    return np.reshape(np.stack([g, 0.0 * g], -1), x.shape)


half = derivative(lambda x: x[::2], rule_of_half)
itself = derivative(lambda x: x, lambda g, y, x: g)
halves = derivative(lambda x: (x[:2], x[2:]), lambda g, y, x: np.concatenate(g))
saving = derivative(lambda x: (x[::2], x), rule_of_half, saves=True)
RETURN_MEMORY = {
    "half": half, "itself": itself, "halves": lambda x: halves(x)[1], "saving": saving,
    "half of half": lambda x: half(half(x)), "half of a view": lambda x: half(x[::-1]),
    "a view of half": lambda x: half(x)[::-1],
}  # fmt: skip


def assigned_after(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    A[0] = x[1] * x[2]
    return np.sum(y * y) + np.sum(A**3)


def assigned_after_its_use(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    z = np.sum(y * y)
    A[...] = x * x
    return z + np.sum(A**3)


def assigned_before(f: Callable, x: Any) -> Any:
    A = x * 1.0
    A[0] = x[1] * x[2]
    y = f(A)
    return np.sum(y * y) + np.sum(A**3)


def added_in_place(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    A += x
    return np.sum(y * y)


def through_a_view(f: Callable, x: Any) -> Any:
    A = x * 1.0
    v, y = A[1:], f(A)
    v[1] = x[0] * x[1]
    return np.sum(y * y)


def written_by_out(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    np.multiply(A, x, out=A)
    return np.sum(y * y) + np.sum(A**3)


def into_the_output(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    y[0] = x[1] * x[2]
    return np.sum(A**3)


def added_to_the_output(f: Callable, x: Any) -> Any:
    A = x * 1.0
    y = f(A)
    y += x[0]
    return np.sum(A**3) + np.sum(y)


def into_a_constant(f: Callable, x: Any) -> Any:
    A = Tensor(np.ones(4), requires_grad=False) if isinstance(x, Tensor) else np.ones(4)
    y = f(A)
    A[:] = x * x
    return np.sum(y * y) * np.sum(x)


def into_the_output_of_a_constant(f: Callable, x: Any) -> Any:
    A = Tensor(np.ones(4), requires_grad=False) if isinstance(x, Tensor) else np.ones(4)
    y = f(A)
    y[:] = x[0]
    return np.sum(A * A) * np.sum(x)


PROGRAMS = [
    assigned_after, assigned_after_its_use, assigned_before, added_in_place, through_a_view, written_by_out,
    into_the_output, added_to_the_output,
]  # fmt: skip
OF_CONSTANTS = [into_a_constant, into_the_output_of_a_constant]
not_noticed = pytest.mark.xfail(strict=True, reason="docs/leaving.md says so")


def slope(f: Callable, x: np.ndarray, v: np.ndarray, h: float = 1e-3) -> Any:
    """The derivative along v, right to h**4."""
    return (8 * (f(x + h * v) - f(x - h * v)) - (f(x + 2 * h * v) - f(x - 2 * h * v))) / (12 * h)


@pytest.mark.parametrize("name", RETURN_MEMORY)
@pytest.mark.parametrize("program", [*PROGRAMS, *OF_CONSTANTS])
def test_what_a_users_function_returns_of_its_argument_is_right_or_an_error(program: Callable, name: str, request: Any):
    if program in OF_CONSTANTS and name in ("saving", "halves"):
        request.applymarker(not_noticed)

    def run(x: Any) -> Any:
        return program(RETURN_MEMORY[name], x)

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([slope(run, x, e) for e in np.eye(4)])

    x, v = np.array([0.3, -1.2, 2.0, 0.7]), np.array([0.3, 0.2, -0.5, 1.0])
    found = []
    for compute, expected, rtol in (
        (lambda: run(Tensor(x.copy())).data, run(x.copy()), 1e-14),
        (lambda: tg.grad(run)(x.copy()), gradient(x), 1e-8),
        (lambda: tg.jvp(run, (x.copy(),), (v,))[1], slope(run, x, v), 1e-8),
        (lambda: tg.hvp(run)(x.copy(), v), slope(gradient, x, v), 1e-6),
    ):
        try:
            found.append(compute())
        except (TypeError, RuntimeError) as error:
            found.append(None)
            assert re.search("changed after|shows memory of what|changes an argument", str(error))
        else:
            np.testing.assert_allclose(found[-1], expected, rtol, 1e-10)
    assert program is not assigned_before or not any(y is None for y in found)
