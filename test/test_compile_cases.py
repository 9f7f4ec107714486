"""compile against eager, bit by bit: each case of the tables, the function itself and its derivatives, see cases.py.

Seven calls: the first is eager, the next two are recorded, and so is the fourth, for comparison; others are replayed.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path

import cases
import numpy as np
import pytest
from cases import CASES, Case, name_of, parameters
from compiling import differentiated, differentiated_twice, outcome, plain, values
from twins import replayed, require_same

from tensorgrad import CompileError
from tensorgrad.replay.compiled import Compiled
from tensorgrad.replay.passes import PASSES, chosen

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

# What can't be recorded, and why: by the beginning of a case's text. The call is an eager one, or a CompileError.
COUNTED = "the shape of the result, or of what it is made of, depends on values"
RAISED = "the derivative goes another way where inv raises an error, which depends on values"
UNRECORDED: dict[str, str] = {
    "roots(": COUNTED, "polymul(": COUNTED, "polydiv(": COUNTED, "trim_zeros(": COUNTED, "piecewise(": COUNTED,
    "linalg.lstsq(": COUNTED, "gaussian_laplace(x(3, 4), x([": COUNTED,
    "pad(x(3), (2, 3))": COUNTED, "copyto(x(2, 3), x(2, 3), where=[True, False, True])": COUNTED,
    "embedding_bag(x(4, 2), mode='mean')": COUNTED, "embedding_bag(x(4, 2), mode='max')": COUNTED,
    "compress([False, True], x(2, 3)": COUNTED, "linalg.det(x([[1.0": RAISED, "det(x([[1.0": RAISED,
    "fractional_matrix_power(x(3, 3), x([0.3]))": "the second derivative asks whether a computed power is whole",
}  # fmt: skip

# Of these the first case is tried each time
QUICK = {
    "exp", "add", "power", "where", "sum", "mean", "var", "cumsum", "sort", "max", "linalg.norm", "matmul", "einsum",
    "tensordot", "linalg.inv", "linalg.solve", "linalg.eigh", "linalg.svd", "linalg.qr", "concatenate", "stack",
    "reshape", "transpose", "take", "getitem", "assign", "add.at", "put", "fft.fft", "interp", "polyval", "relu",
    "gelu", "softmax", "logsumexp", "softmax_cross_entropy", "ctc_loss", "conv2d", "max_pool2d", "layer_norm",
    "embedding", "gammaln", "norm.logpdf", "lfilter", "filtfilt", "eig",
}  # fmt: skip


# And these: a tuple in an index; a plain array beside what is recorded, in a place where NumPy doesn't ask the
# protocol, or in the variables of a function that is made anew at each call
BESIDE = {
    "getitem(x(2, 3, 4), ((0, 1), 0))",
    "einsum('ij,jk->ik', [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], x(3, 2 strided))", "cho_solve(x(3, 3), [1.0, 1.0, 1.0])",
    "interp1d([0.5, 0.6, 0.4], [1.0, 2.0, 4.0], x([0.83]))", "block_diag(x(2, 2, 3), x(1, 2))",
    "CubicSpline([0.5, 0.6, 0.4, 0.9, 0.4, 0.5], x(6), x(0))",
    "shift(x(3, 4), x([0.4, -1.3]), order=1, mode='grid-constant')",
    "interp1d(x([0.5, 0.6, 0.4, 0.9, 0.4, 0.5]), x(6), x(), kind='zero')",
}  # fmt: skip


def is_quick(case: Case) -> bool:
    return (case.first and name_of(case.func) in QUICK) or repr(case) in BESIDE


def reason(case: Case) -> str | None:
    """Why a case can't be recorded."""
    return next((UNRECORDED[text] for text in UNRECORDED if repr(case).startswith(text)), None)


def require_compiled(case: Case, function: Callable, dtype: type = float, passes: list[str] | None = None) -> bool:
    """Seven calls, each as an eager one. Whether there is a program for the last."""
    step = Compiled(function, chosen(passes))
    for i in (0, 1, 2, 3, 4, 5, 5):
        given = values(case, i, dtype)
        expected = outcome(function, [a.copy() if a.flags.c_contiguous and a.flags.writeable else a for a in given])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "compile: .* ways, of which each is recorded anew")
            found = outcome(step, given)
        if reason(case) and isinstance(found, CompileError):
            return False
        if isinstance(found, Exception) and not isinstance(expected, Exception):
            raise found
        require_same(found, expected)
    return isinstance(expected, Exception) or replayed(step) > 0


WAYS = {"value": plain, "gradient": differentiated, "second derivative": differentiated_twice}


def ways(case: Case) -> list[str]:
    """What of a case is compiled: in the slow tests also the second derivative of the first of each function."""
    twice = case.first and case.twice and not cases.quick_alone
    return [way for way in WAYS if way != "second derivative" or twice]


@pytest.mark.parametrize("case", parameters(CASES, is_quick))
def test_equal_to_eager(case: Case):
    """The function of float32 numbers, and its derivatives of float64 ones."""
    for way in ways(case):
        is_recorded = require_compiled(case, WAYS[way](case), np.float32 if way == "value" else float)
        assert is_recorded or reason(case), f"no program for the {way}"


@pytest.mark.slow
@pytest.mark.parametrize("case", parameters([case for case in CASES if case.first]))
def test_equal_to_eager_in_the_other_precision(case: Case):
    for way in ("value", "gradient"):
        require_compiled(case, WAYS[way](case), float if way == "value" else np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("text", UNRECORDED)
def test_what_cannot_be_recorded(text: str):
    """An entry of the table that isn't needed any more is to go."""
    cases = [case for case in CASES if repr(case).startswith(text)]
    assert not all(require_compiled(case, WAYS[way](case)) for case in cases for way in ways(case))


@pytest.mark.slow
@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "left out"])
def test_each_pass_alone_and_left_out(name: str, alone: bool):
    passes = [name] if alone else [other for other in PASSES if other != name]
    for case in [case for case in CASES if is_quick(case)]:
        for way in ("value", "gradient"):
            require_compiled(case, WAYS[way](case), passes=passes)
