"""The benchmarks start, and compare like with like. How fast anything is, is no matter of tests."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
NAMES = ["moons", "moons_adam", "digits", "mnist", "logistic", "convolution", "convnet", "transformer", "recurrent"]
NAMES += ["lstm", "embedding", "simulation", "black_scholes", "record", "chain"]
TUNED = ["tanh", "narrow", "autoencoder", "gated", "mixture"]
WITH_OUT = ["moons", "moons_adam", "digits", "mnist", "logistic", "transformer", "recurrent", "black_scholes"]
UNTRAINED = ("record", "chain", "black_scholes", "mixture")


@pytest.fixture
def contenders(monkeypatch):
    """The modules of hand-written NumPy and of tensorgrad."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return [importlib.import_module(f"contenders.with_{name}") for name in ("numpy", "tensorgrad")]


LONG = {
    ("transformer", "float32"), ("simulation", "float32"), ("simulation", "float64"), ("lstm", "float64"),
    ("lstm", "float32"), ("convnet", "float64"), ("convnet", "float32"), ("embedding", "float32"),
    ("black_scholes", "float64"), ("black_scholes", "float32"), ("mixture", "float64"), ("recurrent", "float32"),
    ("gated", "float32"), ("gated", "float64"),
}  # fmt: skip


def by_workload(names):
    """Each in both dtypes; those that take long are marked."""
    return pytest.mark.parametrize(
        ("workload", "dtype"),
        [
            pytest.param(workload, dtype, marks=[pytest.mark.slow] if (workload, dtype) in LONG else [])
            for workload in names
            for dtype in ("float64", "float32")
        ],
    )


def first_losses(contender, workload, dtype, steps=3):
    """Of some steps: each loss depends on the steps before it."""
    import worker

    step = worker.prepare(contender, workload, dtype)
    return [worker.numbers(step()) for _ in range(steps)]


@by_workload(NAMES + TUNED)
def test_tensorgrad_trains_as_numpy_by_hand(contenders, workload, dtype):
    by_hand, ours = (first_losses(name, workload, dtype) for name in ("numpy", "tensorgrad"))
    np.testing.assert_allclose(ours, by_hand, rtol=1e-9 if dtype == "float64" else 1e-4)
    if workload not in UNTRAINED:
        assert by_hand[0] > by_hand[1] > by_hand[2] > 0


@by_workload(WITH_OUT)
def test_what_is_written_with_out_trains_as_what_is_written_without(contenders, workload, dtype):
    by_hand, with_out = (first_losses(name, workload, dtype) for name in ("numpy", "numpy_out"))
    np.testing.assert_allclose(with_out, by_hand, rtol=1e-9 if dtype == "float64" else 1e-4)


@by_workload([name for name in NAMES + TUNED if name not in ("record", "chain")])
def test_a_compiled_step_trains_as_it_does_eager(contenders, workload, dtype):
    import worker

    eager, compiled = (first_losses(name, workload, dtype, steps=worker.CHECKED) for name in ("tensorgrad", "compiled"))
    assert compiled == eager  # bit by bit, also where it is replayed


def test_the_gradients_of_black_scholes_are_differences_of_its_values(contenders):
    from contenders import with_numpy
    from workloads import WORKLOADS, options

    made = options(np.random.default_rng(0), 5)
    w = WORKLOADS["black_scholes"].arrays()
    w.X, w.params = made["X"], made["params"]
    step = with_numpy.black_scholes(w)
    _, gradients = step()
    for param, gradient in zip(w.params.values(), gradients, strict=True):
        for i in range(5):
            values = []
            for change in (1e-6, -2e-6):
                param[i] += change
                values.append(step()[0])
            param[i] += 1e-6
            np.testing.assert_allclose(gradient[i], (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_rows_that_are_assigned_are_those_that_are_stacked(contenders):
    ours = contenders[1]
    found = []
    for program in (ours.assigned, ours.stacked):
        a, b = ours.leaf(np.array([0.5, 2.0])), ours.leaf(np.array([1.0, -1.0]))
        x = program(a, b, 4)
        ours.backward(x)
        found.append((x.data, a.grad, b.grad))
    (x, da, db), stacked = found
    np.testing.assert_allclose(x, [[0, 0], [1, -1], [1.5, -3], [1.75, -7]])  # b, b (1 + a), b (1 + a + a^2)
    np.testing.assert_allclose(da, [1 * 3, -1 * 6])  # b (2 + 2 a)
    np.testing.assert_allclose(db, [4.25, 11])
    for one, other in zip((x, da, db), stacked, strict=True):
        np.testing.assert_allclose(one, other)


def test_programs_that_go_through_rows_are_timed(contenders, capsys):
    import worker

    worker.rows("tensorgrad", "20", "3")
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["seconds"]) == list(answer["bytes"]) == ["assigned", "stacked", "read"]
    assert all(np.shape(times) == (3, 2) and np.min(times) > 0 for times in answer["seconds"].values())
    assert min(answer["bytes"].values()) > 20 * 4 * 8  # the array itself, at least


def test_a_contender_that_lacks_a_workload_says_why(contenders, capsys):
    import worker

    assert worker.prepare("numpy_out", "lstm", "float64") is None
    assert worker.prepare("numpy_out", "gated", "float64") is None
    answers = [json.loads(line)["skipped"] for line in capsys.readouterr().out.splitlines()]
    assert answers == ["not written with `out=`", "what is tuned on is not written for it"]


def test_the_time_to_compile_is_that_of_the_first_calls(contenders, capsys, monkeypatch):
    import worker

    clock = iter(np.cumsum([0.0, 5.0, 3.0, *[1.0] * 29]).tolist())  # when each call begins, the first two are slow
    monkeypatch.setattr(worker, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    worker.compiling("tensorgrad", "moons", "float64")
    assert json.loads(capsys.readouterr().out) == {"seconds": 6.0}


def test_no_workload_is_left_out_above(contenders):
    from tuning import TUNING
    from workloads import WORKLOADS

    assert list(WORKLOADS) == NAMES
    assert list(TUNING) == TUNED
    for module in contenders:
        assert not module.MISSING
    with_out = importlib.import_module("contenders.with_numpy_out")
    assert [name for name, workload in WORKLOADS.items() if workload.task not in with_out.MISSING] == WITH_OUT


@pytest.mark.slow
def test_the_command_writes_its_table_and_says_who_is_missing(tmp_path):
    options = "--only moons,record,import,memory --dtypes float64 --threads 1 --contenders numpy,tensorgrad,micrograd"
    command = [sys.executable, str(BENCHMARKS / "run.py"), *options.split(), "--rounds", "2", "--seconds", "1e-4"]
    command += ["--out", str(tmp_path)]
    out = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert out.returncode == 0, out.stderr
    written = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert written.strip() == out.stdout.strip()
    assert "float64, one thread" in written
    assert "| moons, 2-16-16-1, batch 100 |" in written
    assert "Left out: micrograd in moons" in written
    importing = written.partition("### Time of an import\n\n")[2].splitlines()
    assert importing[0].startswith("|  | NumPy | tensorgrad |") and importing[2].startswith("| import | ")


def test_a_wrong_loss_ends_the_run(contenders):
    import run

    run.check_losses("moons", "float64", {"numpy": [1.0, 0.9, 0.8], "tensorgrad": [1.0, 0.9, 0.8 + 1e-7]})
    with pytest.raises(SystemExit, match="tensorgrad has losses"):
        run.check_losses("moons", "float64", {"numpy": [1.0, 0.9, 0.8], "tensorgrad": [1.0, 0.9, 0.81]})
