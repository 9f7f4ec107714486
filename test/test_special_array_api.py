"""tensorgrad.special where SCIPY_ARRAY_API=1 has SciPy wrap its functions, to look at their arguments first.

SciPy reads the variable when it is imported, so all is computed in a process of its own. There the cases of
cases_special.py pass their tests, and SciPy's own functions record a Tensor, or refuse it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scipy")

HERE = Path(__file__).parent
PROGRAM = """
import pickle, sys
sys.path.insert(0, {here!r})
import test_special_array_api as tests
sys.stdout.buffer.write(pickle.dumps((tests.failures(), tests.scipys_own())))
"""


@pytest.fixture(scope="module")
def there() -> Any:
    """What failures() and scipys_own() give in that process."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-c", PROGRAM.format(here=str(HERE))]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


def failures() -> tuple[int, list[str]]:
    """How many tests of test_derivatives.py are made of the cases of cases_special.py, and those that fail."""
    import cases_special  # noqa: F401
    from cases import CASES

    own = list(CASES)  # before test_derivatives.py imports the other cases
    import test_derivatives as tests

    calls = [(tests.test_value_and_first_derivative, case) for case in own]
    calls += [(tests.test_second_derivative, case) for case in own if case.twice]
    failed = []
    for test, case in calls:
        try:
            with warnings.catch_warnings(action="error"):
                test(case)
        except Exception as error:
            failed.append(f"{test.__name__}: {case}: {error}")
    return len(calls), failed


def scipys_own() -> dict[tuple, str]:
    """For each function of tensorgrad.special, and SciPy's of that name: the type of its result for a Tensor, or that
    it refuses the Tensor."""
    import scipy.special

    from tensorgrad import Tensor, special

    found = {}
    for name in special.__all__:
        for count in (1, 2, 3, 4) if name not in ("comb", "perm") else (1, 2):
            args = [1] * (count - 1) + [Tensor(0.5)]
            for scipys in (True, False):
                try:
                    y = getattr(scipy.special if scipys else special, name)(*args)
                    found[name, count, scipys] = type(y[0] if isinstance(y, tuple) else y).__name__
                except (TypeError, ValueError):
                    found[name, count, scipys] = "refused"
    return found


@pytest.mark.slow
def test_all_cases_pass(there: Any):
    count, failed = there[0]
    assert not failed
    assert count > 800


def test_scipys_own_functions_record_a_tensor_or_refuse_it(there: Any):
    here, wrapped = scipys_own(), there[1]
    assert here.keys() == wrapped.keys()
    for (name, count, scipys), kind in wrapped.items():
        assert kind in ("Tensor", "refused"), (name, count)
        if not scipys:
            assert kind == here[name, count, False], (name, count)
    for name in ("erf", "gammainc", "betainc", "xlogy", "jv", "logsumexp"):
        assert "Tensor" in {kind for (of, _, scipys), kind in wrapped.items() if of == name and not scipys}
