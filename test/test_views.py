"""A view where NumPy gives a view, and a copy where NumPy gives a copy: what is assigned to one shows in the other.

Tensors are given to every function of the table, and the memory of what comes out is compared with that of what NumPy's
function gives of the arrays: whether it is the argument's, and whether it may be written into.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, name_of
from helpers import behind

from tensorgrad import Tensor
from tensorgrad.derivatives import OWN
from tensorgrad.derivatives.indexing import getitem
from tensorgrad.memory import owner_of

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of values at which a function isn't defined

LAYOUTS = ("C", "F", "strided", "reversed", "read-only")


def laid_out(a: Any, layout: str) -> np.ndarray:
    """The same values in another order of memory."""
    if layout == "strided":
        wide = np.zeros(tuple(2 * n + 1 for n in a.shape), a.dtype)
        view = wide[(..., *[slice(1, None, 2)] * a.ndim)]
        view[...] = a
        return view
    if layout == "reversed":
        return np.asarray(np.flip(np.array(np.flip(a))))
    a = np.array(a, order="F" if layout == "F" else "C")
    a.flags.writeable = layout != "read-only"
    return a


def parts(y: Any) -> list:
    """The arrays of a result: one, or those of a list or tuple of them."""
    return [part for one in y for part in parts(one)] if isinstance(y, list | tuple) else [y]


def array_of(y: Any) -> Any:
    return y.data if isinstance(y, Tensor) else y


def memory(y: Any, given: list[np.ndarray]) -> Any:
    """Which of the given arrays y shows, and whether it may be written into (which NumPy's scalars may not)."""
    y = array_of(y)
    if not isinstance(y, np.ndarray):
        return None
    # Into what np.broadcast_arrays gives NumPy writes yet, and warns that this will end: with Tensors it has ended.
    warns = "WARN_ON_WRITE" in str(y.flags)
    return [np.shares_memory(y, a) for a in given], y.size == 0 or (not warns and y.flags.writeable)


def differences(ours: Any, theirs: Any, given: list[np.ndarray]) -> Iterator[str]:
    for y, like in zip(parts(ours), parts(theirs), strict=True):
        found, expected = memory(y, given), memory(like, given)
        if None not in (found, expected) and found != expected:
            yield f"shares memory with the arguments, is writeable: {found}, NumPy's {expected}"


# Every function of the table -----------------------------------------------------------------------------------------


def numpys(case: Case) -> Callable | None:
    """NumPy's function, or what a case is compared with; None for a function of the library's own."""
    return case.like or (None if case.func in OWN and case.func is not getitem else case.func)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_function_of_the_table(layout: str):
    wrong, count = [], 0
    for case in CASES:
        given = [laid_out(a, layout) for a in case.draw()]
        func = numpys(case)
        theirs = case.call(given, func) if func else None
        ours = case.call([Tensor(a) for a in given])
        count += 1
        if func:
            wrong += [f"{case}: {text}" for text in differences(ours, theirs, given)]
        else:
            shown = [np.shares_memory(array_of(y), a) for y in parts(ours) for a in given]
            wrong += [f"{case} of the library's own shows its argument's memory"] * any(shown)
    assert count == len(CASES) and not wrong, "\n".join(wrong)


@pytest.mark.parametrize("layout", ["C", "strided"])
def test_only_what_is_declared_a_view_shows_memory_of_an_argument_and_that_is_the_first(layout: str):
    undeclared = set()
    for case in CASES:
        y = case.call([Tensor(laid_out(a, layout)) for a in case.draw()])
        for node in {n for t in parts(y) if isinstance(t, Tensor) for n in behind(t) if n._op is not None}:
            outputs = node._data if isinstance(node._data, tuple) else (node._data,)
            for i, arg in enumerate(node._args):
                data = getattr(arg, "_data", arg)
                shows = isinstance(data, np.ndarray) and any(np.shares_memory(p, data) for p in outputs)
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
NEWER = [name for name in ("astype", "permute_dims", "matrix_transpose", "unstack") if not hasattr(np, name)]


def calls() -> list[str]:
    texts = [text.strip() for text in CALLS.replace("\n", ";").split(";")]
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
