"""SciPy's own functions on Tensors, where SCIPY_ARRAY_API=1 has it ask for the namespace of the array API standard.

SciPy reads the variable when it is imported, so all is computed in a process of its own. array_api_uses.py has the
uses, array_api_survey.py what becomes of them.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

scipy = pytest.importorskip("scipy")

HERE = Path(__file__).parent
NEW = tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 17)  # before, less of SciPy was written in the standard
WORKS = 341  # of the 954 uses, with SciPy 1.17
PROGRAM = """
import pickle, sys
sys.path.insert(0, {here!r})
import array_api_survey
found = {{}}
for wanted in {wanted!r}:
    found |= array_api_survey.survey(wanted)
sys.stdout.buffer.write(pickle.dumps(found))
"""


def survey(*wanted: str) -> dict[str, tuple[str, str]]:
    """What became of the uses that hold one of the texts wanted."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", PROGRAM.format(here=str(HERE), wanted=wanted)]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=1200)
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


@pytest.fixture(scope="module")
def some() -> dict[str, tuple[str, str]]:
    wanted = """
        fft. special.erf special.gamma
        stats.zscore stats.entropy signal.lfilter ndimage.sobel linalg.expm(
        stats.norm.cdf interpolate.CubicSpline optimize.golden optimize.elementwise sparse.linalg.cg
        signal.savgol_filter stats.multivariate_normal
    """
    return survey(*wanted.split())


def test_nothing_is_constant_or_wrong(some):
    assert not {text: why for text, (kind, why) in some.items() if kind in ("CONSTANT", "WRONG", "broken", "flat")}


@pytest.mark.skipif(not NEW, reason="written in the standard since SciPy 1.17")
def test_what_is_written_in_the_standard_records(some):
    fft = {text for text, (kind, _) in some.items() if kind == "works" and text.startswith("fft.")}
    assert len(fft) >= 22
    for text in ("special.erf(p)", "special.gamma(p)", "stats.zscore(a)", "stats.entropy(a, c)"):
        assert some[text] == ("works", "")


def test_an_error_names_the_function_and_what_has_a_derivative(some):
    for text, (kind, why) in some.items():
        if kind == "error" and why != "TypeError: type not understood":  # SciPy's, in sparse.linalg
            name = re.match(r"[\w.]+", text)[0].replace(".norm.", ".rv_continuous.")
            assert name in why, (text, why)
            assert "tensor.data" in why
    assert "tensorgrad.scipy.ndimage" in some["ndimage.sobel(J)"][1]
    assert "scipy.optimize.golden" in some["optimize.golden(lambda x: (x - s)**2)"][1]


@pytest.mark.slow
def test_no_use_of_scipy_gives_a_constant_or_a_wrong_gradient(capsys):
    found = survey("")
    counts = Counter(kind for kind, _ in found.values())
    with capsys.disabled():
        print(f"\nSciPy {scipy.__version__} with the array API on Tensors: {dict(counts)}")
    assert not {text: why for text, (kind, why) in found.items() if kind in ("CONSTANT", "WRONG")}
    assert len(found) > 500
    if NEW:
        assert counts["broken"] == counts["flat"] == 0
        assert counts["works"] >= WORKS
    silent = {text: why for text, (kind, why) in found.items() if kind == "error" and "tensor" not in why.lower()}
    assert len(silent) < 50, silent
