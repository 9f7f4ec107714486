"""What a compiled step shows of itself: its program as a text that runs, as a module of its own, and explain()."""

import gc
import importlib
import itertools
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twins import training

import tensorgrad as tg
from tensorgrad import CompileError, nn

X = np.random.default_rng(0).normal(size=(6, 3))
Y = (X.sum(axis=1, keepdims=True) > 0).astype(float)


def compiled(f, *args, passes=(), times=4):
    """f, compiled and called."""
    step = tg.compile(f, passes=passes)
    for _ in range(times):
        step(*args)
    return step


def code(step):
    """The lines of a program without comments."""
    lines = [line.split("  # ")[0].rstrip() for line in step.source.splitlines()]
    return [line for line in lines if line and not line.lstrip().startswith("#")]


# A program as a text --------------------------------------------------------------------------------------------------


def test_the_derivative_of_a_function_written_out():
    def f(x):
        y = np.exp(-x)
        return np.sum(x * y)

    start = f.__code__.co_firstlineno
    text = (
        compiled(tg.grad(f), X[0]).source.replace(f"line {start + 1}", "line A").replace(f"line {start + 2}", "line B")
    )
    assert (
        text
        == """\
# grad(f)(x), as NumPy computes it
#
#   x  (3,)  float64
def step(x):
    # line A: y = np.exp(-x)
    y = np.exp(-x)

    # line B: return np.sum(x * y)
    t1 = np.asarray(np.sum(x * y))
    t2 = np.ones_like(t1)

    # derivative of line B: return np.sum(x * y)
    t3 = np.broadcast_to(np.expand_dims(t2, (0,)), (3,))  # sum
    d_x_1 = t3 * y                                        # multiply
    d_y = t3 * x

    # derivative of line A: y = np.exp(-x)
    t4 = d_y * y                                          # exp
    d_x = d_x_1 + -t4                                     # negative
    return d_x
"""
    )


def test_the_text_is_what_runs():
    step = compiled(lambda x, y: np.where(x > 0, x @ y, -x), X[:3], X[3:])
    variables = {"np": np}
    exec(step.source, variables)
    assert np.array_equal(variables["step"](X[3:], X[:3]), step(X[3:], X[:3]))
    step = compiled(tg.value_and_grad(lambda x: np.sum(np.sin(x) ** 2)), X, passes=None)
    program = next(iter(step._kinds.values())).replays[0]._step
    lines = step.source.splitlines()
    assert lines[program.__code__.co_firstlineno - 1].startswith("def step(")


OPERATORS = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "**": lambda a, b: abs(a) ** b, "<": lambda a, b: (a < b) + 1.0,
    "==": lambda a, b: (a == (b < a)) * 1.5, "neg": lambda a, b: -(a - b),
    "neg power": lambda a, b: (-(a**2)) + (-b) ** 2,
    "and": lambda a, b: ((a > 0) & ((b > 0) | (a < b))) * 2.0, "not": lambda a, b: ~(a > b) + 0.5,
    "at": lambda a, b: a @ b.T @ a, "dot": lambda a, b: np.dot(a, b.T).dot(a), "T": lambda a, b: (a.T * b.T).T,
    "index": lambda a, b: a[:, ::-1] - b[..., [2, 0, 1]], "negative number": lambda a, b: a * -2 - (-1.5 + b) ** -2,
    "in place": lambda a, b: np.multiply(a, b, out=a + b), "augmented": lambda a, b: _augmented(a, b),
}  # fmt: skip


def _augmented(a, b):
    c = a + b
    c -= a * b
    c[1:] **= 2
    c[0] /= b[1] + 3
    return c


@example([("augmented", 0, 1), ("**", 2, 0), ("neg power", 3, 2), ("in place", 4, 1)])
@given(st.lists(st.tuples(st.sampled_from([*OPERATORS]), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_expressions_keep_their_order(operations):
    def f(a, b):
        values = [a, b]
        for name, i, j in operations:
            values.append(OPERATORS[name](values[i % len(values)], values[j % len(values)]))
        return values[-1]

    with np.errstate(all="ignore"):
        step = compiled(f, X[:3], X[3:])
        variables = {"np": np}
        exec(step.source, variables)
        found, expected = variables["step"](X[3:], X[:3]), f(X[3:], X[:3])
    assert np.array_equal(found, expected, equal_nan=True) and found.dtype == expected.dtype


def test_lines_are_short_and_comments_are_said_once():
    model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3, rng=1))
    optimizer = tg.Adam(model.parameters(), lr=0.01)

    def step(x):
        loss = np.sum(np.einsum("ij,kj->ik", model(x), x) ** 2)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return {"loss": loss, "a long list of results": [loss, loss, loss, loss, loss, loss, loss, loss, loss, loss]}

    for passes in ((), None):
        lines = compiled(step, X, passes=passes).source.splitlines()
        assert max(map(len, lines)) <= 100
        rules = [line.split("  # ")[1] if "  # " in line and line.lstrip()[0] != "#" else "" for line in lines]
        assert not [a for a, b in itertools.pairwise(rules) if a and a == b]
        assert any("derivative of line" in line for line in lines) and "linear" in rules


def test_names_of_parameters_and_of_state():
    text = compiled(training(tg.SGD, momentum=0.9).step, X, Y).source
    for name in (
        "layers_0_weight",
        "layers_1_bias",
        "layers_0_weight_momentum_buffer",
        "lr",
        "d_layers_0_weight",
        "loss",
    ):
        assert re.search(rf"\b{name}\b", text), name
    assert "model_layers" not in text and re.search(
        r"#   layers_0_weight +\(3, 4\) +float64  model\.layers\[0\]\.weight", text
    )


def test_names_that_two_models_share_are_told_apart():
    first, second = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=1)
    text = compiled(lambda x: first(x) + second(x), X).source
    assert {"first_weight", "second_weight", "first_bias", "second_bias"} <= {*re.findall(r"\w+", text)}


def test_each_value_has_the_name_of_its_variable():
    def f(params, x):
        h = x
        for W, b in params:
            h = np.tanh(h @ W + b)
        return h

    lines = code(compiled(f, [(np.eye(3), np.ones(3)), (np.eye(3), np.zeros(3))], X))
    assert lines == [
        "def step(W, b, W_2, b_2, x):",
        "    h = np.tanh(x @ W + b)",
        "    h_2 = np.tanh(h @ W_2 + b_2)",
        "    return h_2",
    ]


def test_results_have_their_structure():
    lines = code(compiled(lambda x: {"sum": np.sum(x), "parts": (x[0] + 1, [x[1] * 2]), "n": 3, "none": None}, X))
    assert lines[1:] == ['    return {"sum": np.sum(x), "parts": (x[0] + 1, [x[1] * 2]), "n": 3, "none": None}']
    assert code(compiled(lambda x: (x + 1,), X))[1:] == ["    return (x + 1,)"]
    assert code(compiled(lambda x: (x + 1, x - 1), X))[1:] == ["    return x + 1, x - 1"]


def test_a_condition_and_what_else_it_is_called_with():
    def f(x, n, how="up"):
        if np.sum(x) > 0:
            return x * n
        return x

    step = compiled(f, abs(X), 3)
    assert code(step) == ["def step(x):", "    if not (np.sum(x) > 0): return bail", "    return x * 3"]
    assert np.array_equal(step(-abs(X), 3), -abs(X))


def test_arrays_that_the_step_replaces_are_read_anew():
    weight = tg.Tensor(np.ones(3))

    def step(x):
        weight.zero_grad()
        loss = np.sum((weight - x) ** 2)
        loss.backward()
        weight.data = weight.data - 0.1 * weight.grad
        return loss

    found = compiled(step, X[0], times=7)
    expected = np.ones(3)
    for _ in range(7):
        expected = expected - 0.1 * (np.ones(3) * (2 * (expected - X[0]) ** 1))
    assert np.array_equal(weight.data, expected)
    assert "    weight = weight_tensor._data" in code(found)


def test_the_source_before_anything_is_recorded():
    step = tg.compile(lambda x: x)
    assert step.source.startswith("# <lambda>: nothing is replayed yet")
    exec(step.source)


# What is noise at the source ------------------------------------------------------------------------------------------


def test_a_program_copies_no_gradient_that_is_nobody_elses():
    for step in (compiled(training(tg.Adam).step, X, Y), compiled(tg.grad(lambda x: np.sum(np.sin(x) * x)), X)):
        assert not any("copy" in line for line in code(step))


@pytest.mark.parametrize(
    "f",
    [lambda a, b: a + b, lambda a, b: a - a + b, lambda a, b: np.reshape(a, -1) + b.ravel(), lambda a, b: a.T + b.T,
     lambda a, b: (a + b)[:, ::-1], lambda a, b: np.where(X > 0, a, b), lambda a, b: a * 1 + a + (b + b)],
)  # fmt: skip
@pytest.mark.parametrize("retain", [True, False])
def test_no_two_gradients_share_memory(f, retain):
    first, second = tg.Tensor(X.copy()), tg.Tensor(X + 1)

    def step(x):
        first.zero_grad(), second.zero_grad()
        y = f(first, second)
        np.sum(y * x[0]).backward(retain_graph=retain)
        first.grad[0] += x
        return y.grad if retain else np.sum(first.grad)

    expected = step(X[0]), first.grad, second.grad
    for passes in ((), None):
        found = compiled(step, X[0], passes=passes, times=6)(X[0])
        assert np.array_equal(found, expected[0])
        assert np.array_equal(first.grad, expected[1]) and np.array_equal(second.grad, expected[2])
        arrays = [first.grad, second.grad, first.data, second.data] + ([found] if retain else [])
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))


def test_a_number_is_asked_once_by_which_a_step_chooses_for_each_parameter():
    conditions = [line for line in code(compiled(training(layers=(4, 4, 1)).step, X, Y)) if "return bail" in line]
    assert conditions == ["    if momentum: return bail", "    if weight_decay: return bail"]


def test_what_python_calls_in_between_is_no_part_of_the_step():
    seen = []

    def callback(phase, info):
        seen.append(phase)

    def f(x):
        for _ in range(200):
            x = x + np.array([[0.0]])
        return x

    threshold = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.set_threshold(10)
    try:
        step = compiled(f, X)
    finally:
        gc.callbacks.remove(callback)
        gc.set_threshold(*threshold)
    assert seen and np.array_equal(step(X), X) and "3 recorded" in step.explain()


# A module of its own --------------------------------------------------------------------------------------------------

RUN = """
import sys
import numpy as np
import {name} as step
given = np.load("given.npz")
results = [step.step(*[given[name] for name in given.files]) for _ in range(20)]
np.savez("results.npz", *results)
np.savez("variables.npz", **{{k: v for k, v in vars(step).items() if isinstance(v, np.ndarray | float | int)}})
assert not [name for name in sys.modules if name.partition(".")[0] in ("tensorgrad", "scipy")]
"""


def run_alone(folder, *arrays, name="step"):
    """What 20 calls of a saved module give in a process that knows NumPy alone, and its variables afterwards."""
    np.savez(folder / "given.npz", **{f"a{i}": array for i, array in enumerate(arrays)})
    (folder / "run.py").write_text(RUN.format(name=name), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "run.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    results, variables = np.load(folder / "results.npz"), np.load(folder / "variables.npz")
    return [results[name] for name in results.files], {name: variables[name] for name in variables.files}


@pytest.mark.parametrize("passes", [(), None], ids=["as recorded", "all passes"])
@pytest.mark.parametrize("optimizer", [tg.SGD, tg.Adam], ids=["SGD", "Adam"])
def test_a_saved_step_trains_on(tmp_path, optimizer, passes):
    eager = training(optimizer)
    step = compiled(training(optimizer).step, X, Y, passes=passes, times=6)
    for _ in range(6):
        eager.step(X, Y)
    step.save(tmp_path / "step.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step.npz", "step.py"]
    losses, variables = run_alone(tmp_path, X, Y)
    assert [loss.tobytes() for loss in losses] == [eager.step(X, Y).data.tobytes() for _ in range(20)]
    for name, p in eager.model.named_parameters():
        name = name.replace(".", "_")
        assert np.array_equal(variables[name], p.data), name
        assert np.array_equal(variables[f"{name}_grad"], p.grad), name
    if optimizer is tg.Adam:
        assert variables["layers_0_weight_step"] == variables["layers_1_bias_step"] == 26


def test_a_power_in_place():
    def step(x):
        y = x * 2
        y **= 2
        return y

    assert "**= 2" in compiled(step, X).source
    assert np.array_equal(compiled(step, X)(X), step(X))


def test_a_saved_step_imports_functions_of_this_library(tmp_path, monkeypatch):
    """The gradient of an embedding goes by what the indices are, so it is one call of a function of the library."""

    def make():
        table = nn.Embedding(6, 3, rng=0)
        optimizer = tg.SGD(table.parameters(), 0.1)

        def step(words):
            loss = np.mean(table(words) ** 2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    words = np.array([1, 4, 1, 0])
    f, step = make(), compiled(make(), words, times=6)
    for _ in range(6):
        f(words)
    step.save(tmp_path / "embedded_step.py")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("embedded_step")
    assert [module.step(words).tobytes() for _ in range(9)] == [f(words).data.tobytes() for _ in range(9)]


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.RandomState])
def test_random_numbers_go_on_from_the_state_that_was_saved(tmp_path, kind):
    def make():
        rng = kind(3) if kind is np.random.RandomState else np.random.Generator(kind(3))
        return lambda x: x * rng.standard_normal(x.shape)

    f, step = make(), tg.compile(make())
    for _ in range(5):
        assert np.array_equal(f(X), step(X))
    step.save(str(tmp_path / "noise.py"))
    results, _ = run_alone(tmp_path, X, name="noise")
    assert all(np.array_equal(result, f(X)) for result in results)


def test_memory_that_is_shared_is_shared_in_the_module(tmp_path):
    def make():
        table = np.arange(12.0).reshape(3, 4)
        row, turned = table[1], table.T

        def step(x):
            row[:] += x
            table[0] *= 0.5
            return turned @ table[:, 1] + table[:, ::2].sum()

        return step

    f, step = make(), tg.compile(make())
    for _ in range(5):
        assert np.array_equal(f(X[0, 0]), step(X[0, 0]))
    step.save(tmp_path / "step.py")
    results, _ = run_alone(tmp_path, X[0, 0])
    assert all(np.array_equal(result, f(X[0, 0])) for result in results)


def test_a_saved_module_says_what_it_is_not_for(tmp_path):
    def f(x):
        if np.sum(x) > 0:
            return x * 2
        return x

    compiled(f, abs(X)).save(tmp_path / "step.py")
    variables = {"__file__": str(tmp_path / "step.py")}
    exec((tmp_path / "step.py").read_text(), variables)
    assert np.array_equal(variables["step"](abs(X)), abs(X) * 2)
    line = f.__code__.co_firstlineno + 1
    with pytest.raises(ValueError, match=rf"recorded where np.sum\(x\) > 0 was True \(line {line}\)"):
        variables["step"](-abs(X))
    with pytest.raises(ValueError, match=r"x must be an array of shape \(6, 3\) and dtype float64"):
        variables["step"](X[:2])
    with pytest.raises(ValueError, match="dtype float64"):
        variables["step"](X.astype(np.float32))


def test_saving_writes_both_files_or_none(tmp_path):
    step = compiled(lambda x: x * np.arange(3.0), X)
    with pytest.raises(ValueError, match=r"a name that ends in \.py"):
        step.save(tmp_path / "step.txt")
    with pytest.raises(TypeError, match="path must be a str or a Path"):
        step.save(3)
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        step.save(tmp_path / "nowhere" / "step.py")
    (tmp_path / "step.py").mkdir()
    with pytest.raises(IsADirectoryError):
        step.save(tmp_path / "step.py")
    assert [path.name for path in tmp_path.iterdir()] == ["step.py"]
    with pytest.raises(CompileError, match="has no program to save; call it three times"):
        tg.compile(lambda x: x).save(tmp_path / "other.py")
    mark = object()
    step = compiled(lambda x: (x + 1, mark), X)
    with pytest.raises(CompileError, match="object, which can't be written into a module"):
        step.save(tmp_path / "other.py")
    assert [path.name for path in tmp_path.iterdir()] == ["step.py"]


def test_a_function_of_scipy_is_imported(tmp_path):
    scipy_special = pytest.importorskip("scipy.special")
    from tensorgrad import special

    compiled(special.erf, X).save(tmp_path / "step.py")
    text = (tmp_path / "step.py").read_text()
    assert "from scipy.special import erf\n" in text
    variables = {"__file__": str(tmp_path / "step.py")}
    exec(text, variables)
    assert np.array_equal(variables["step"](X), scipy_special.erf(X))


# explain() ------------------------------------------------------------------------------------------------------------


def test_explain_counts_the_calls():
    twin = training()
    step = tg.compile(twin.step, passes=())
    assert str(step.explain()) == "step has not been called yet"
    step(X, Y)
    assert "1 call: 1 watched\n  not replayed yet" in step.explain()
    for _ in range(19):
        step(X, Y)
    text = step.explain()
    assert repr(text) == str(text) and isinstance(text, str)
    assert text.startswith("step(float64[6,3], float64[6,1])\n  20 calls: 14 replayed, 5 recorded, 1 watched\n")
    size = sum(1 for line in compiled(training().step, X, Y, passes=()).source.splitlines() if line)
    calls = int(re.search(r"program: (\d+) calls", text)[1])
    assert 20 < calls < 2 * size
    assert "arguments x (6, 3) float64, y (6, 1) float64" in text and "momentum is False (line " in text
    twin.optimizer.param_groups[0]["maximize"] = True
    step(X, Y)
    assert re.search(r"recorded again at call 21: \S+maximize\S* was False, and is True now", step.explain())


def test_explain_says_what_passes_did():
    step = compiled(lambda x: np.exp(x) + np.exp(x), X, passes=("common",))
    text = step.explain()
    assert "program: 3 calls" in text and "common: 3 -> 2 calls" in text
    assert "common" not in compiled(lambda x: np.exp(x) + np.exp(x), X, passes=()).explain()
    step = compiled(training().step, X, Y, passes=None)
    kept = re.search(r"\d+ buffers? of [\d,]+ bytes", step.explain())
    assert kept and kept[0] in step.source  # without the memory of the parameters, which is no buffer


def test_explain_says_what_cannot_be_replayed_and_where():
    def f(x):
        return x[x > 0]

    text = compiled(f, X).explain()
    line = f.__code__.co_firstlineno + 1
    assert re.search(rf"can't be replayed: getitem gives an array whose shape depends on values \(line {line} of", text)
    assert "2 as they are" in text


def test_explain_counts_conditions_that_came_out_otherwise():
    def f(x):
        if np.sum(x) > 0:
            return x * 2
        return x

    step = compiled(f, abs(X), times=7)
    for _ in range(4):
        step(-abs(X))
    text = step.explain()
    assert re.search(r"\d replays? left where a condition came out otherwise", text)
    assert "program 2" in text and "np.sum(x) > 0 is False" in text and "np.sum(x) > 0 is True" in text


def test_explain_counts_calls_that_are_not_its_own():
    step = compiled(lambda x: x * 2, X)
    step(tg.Tensor(X))
    why = "with a Tensor that requires a gradient, or another library's array"
    assert f"<lambda>: 1 call ran as they are, {why}" in step.explain()


def test_a_line_of_a_notebooks_cell_is_named_without_its_temporary_file():
    code = "def looks(x):\n    return float(np.sum(x))\n"
    names = {"np": np}
    exec(compile(code, "/tmp/ipykernel_123/456.py", "exec"), names)
    step = tg.compile(names["looks"])
    with pytest.raises(tg.CompileError, match=r"\(line 2 of a notebook's cell, in looks\)"):
        for _ in range(3):
            step(X)
