"""benchmarks/gpu.py without a GPU: its contenders compute the same, on the strict duck array too; and it says why it
measures nothing."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from duck import StrictDuck

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu")


def test_the_contenders_make_the_same_steps(gpu):
    widths, batch = [8, 6, 5, 4], 16
    makers = {
        f"{maker.__name__} on {kind.__name__}": maker(kind, widths, batch)
        for maker in (gpu.tensorgrad_step, gpu.step_by_hand)
        for kind in (np.asarray, StrictDuck)
    }
    losses = {name: [float(step()) for _ in range(5)] for name, step in makers.items()}
    expected = losses.pop("step_by_hand on asarray")
    assert expected[-1] < expected[0]
    for name, found in losses.items():
        np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=name)


def test_pytorch_makes_the_same_steps(gpu):
    torch = pytest.importorskip("torch")
    widths, batch = [8, 6, 5, 4], 16
    steps = gpu.pytorch_step(torch, "cpu", widths, batch), gpu.step_by_hand(np.asarray, widths, batch)
    np.testing.assert_allclose(*[[float(step()) for _ in range(5)] for step in steps], rtol=1e-5)


def test_without_a_gpu_it_says_so(gpu):
    if not gpu.missing():
        pytest.skip("there is a GPU")
    done = subprocess.run([sys.executable, str(BENCHMARKS / "gpu.py")], capture_output=True, text=True, timeout=120,
                          cwd=BENCHMARKS.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("There is no GPU to measure on: ") and "Nothing was measured" in done.stdout
