"""profile() and detect_anomaly(): what they report, and that nothing is changed after them."""

import io
import sys
import threading

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.derivatives import OWN, TABLE
from tensorgrad.derivatives.observers import observe
from tensorgrad.derivatives.table import OBSERVERS
from tensorgrad.profiler import _Checksums


def step():
    model = tg.MLP(2, [16, 1], rng=0)
    x = Tensor(np.linspace(0, 1, 20).reshape(10, 2))
    loss = tg.mse_loss(model(x) * 2 + x.sum(axis=1, keepdims=True), np.zeros((10, 1)))
    loss.backward()
    return x.grad


def test_the_rows_count_each_operation_forward_and_backward():
    with tg.profile(file=io.StringIO()) as p:
        step()
        step()
    by_name = {}
    for row in p.rows.values():
        assert row.forward > 0 and row.backward > 0
        by_name[row.name] = by_name.get(row.name, 0) + row.calls
    assert by_name == {"linear": 4, "relu": 2, "multiply": 2, "sum": 2, "add": 2, "mse_loss": 2}
    assert ("linear", "10x2 2x16 16") in p.rows
    assert 0 < p.numpy < p.wall


def test_gradients_are_the_same_and_everything_is_put_back():
    table = {func: (p.func, p.rules, p.rest) for func, p in {**TABLE, **OWN}.items()}
    add = Tensor.__add__
    expected = step()
    with pytest.raises(ZeroDivisionError), tg.profile(file=io.StringIO()):
        np.testing.assert_array_equal(step(), expected)
        raise ZeroDivisionError
    assert Tensor.__add__ is add
    assert table == {func: (p.func, p.rules, p.rest) for func, p in {**TABLE, **OWN}.items()}


def test_what_runs_inside_an_operation_is_counted_once():
    with tg.profile(file=io.StringIO()) as p:
        tg.grad(lambda x: tg.grad(lambda x: (np.exp(x) ** 3).sum())(x).sum())(Tensor(np.ones(5)))
        joined = np.concatenate([Tensor(np.ones(2)), Tensor(np.ones(3))])
        joined.backward()
    assert p.numpy < p.wall
    assert any(row.name == "join" and row.backward > 0 for row in p.rows.values())


def test_the_table_is_printed_with_its_largest_rows(capsys):
    with tg.profile(top=2):
        step()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["operation", "shapes", "calls"]
    assert len(lines) == 1 + 2 + 1 + 1
    assert lines[-1].startswith("wall clock")


def test_an_anomaly_names_the_operation_and_the_direction():
    x = Tensor([0.0, 4.0])
    with np.errstate(all="ignore"):
        y = np.where(x > 0, np.sqrt(x), 0.0).sum()
        with (
            tg.detect_anomaly(),
            pytest.raises(FloatingPointError, match=r"the derivative of sqrt of shapes \(2,\) gives 1 nan"),
        ):
            y.backward()
        with tg.detect_anomaly(), pytest.raises(FloatingPointError, match=r"^log of shapes \(2,\) gives 1 inf"):
            np.log(x)
        with (
            tg.detect_anomaly(),
            pytest.raises(FloatingPointError, match=r"^divide of shapes \(2,\) and \(2,\) gives 1 nan"),
        ):
            x / np.array([0.0, 1.0])


def test_no_anomaly_is_found_where_inf_came_in_or_nothing_is_wrong():
    with tg.detect_anomaly():
        x = Tensor([1.0, np.inf])
        (x * 2).sum().backward()
        tg.logsumexp(Tensor([-np.inf, -np.inf])).backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_an_error_in_a_rule_names_the_operation():
    def rule(g, y, x):
        raise ZeroDivisionError("in the rule")

    bad = tg.derivative(lambda x: x + 1, rule)
    with pytest.raises(ZeroDivisionError) as caught:
        bad(Tensor(np.ones(3))).sum().backward()
    assert "lambda" in caught.value.__notes__[0] and "(3,)" in caught.value.__notes__[0]


# Changed data ---------------------------------------------------------------------------------------------------------


def element(x, array):
    x.data[0] = 5.0


def own_array(x, array):
    array += 1.0


def detached(x, array):
    x.detach().data[-1] = 0.0


def view(x, array):
    x.data.reshape(-1)[1:] = 7.0


USES = {
    "multiply": lambda x, array: x * array,
    "by name": lambda x, array: np.multiply(x, array),
    "exp, by its output": lambda x, array: np.exp(x) * array,
    "matmul": lambda x, array: x @ array,
    "linear": lambda x, array: tg.linear(x, array.reshape(3, 1), np.zeros(1)),
    "loss": lambda x, array: tg.mse_loss(x, array),
    "several outputs": lambda x, array: np.linalg.slogdet(np.outer(x, x) * array + np.eye(3))[1],
    "a graph of its own": lambda x, array: np.concatenate([x, x * array]).sum(),
}


@pytest.mark.parametrize("change", [element, own_array, detached, view])
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("create_graph", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_element_write_before_backward_is_found_and_named(use, change, create_graph):
    array = np.array([1.0, 2.0, 3.0])
    x = Tensor(np.array([0.5, 1.0, 1.5]), name="x")
    with tg.detect_anomaly():
        y = USES[use](x, array)
        change(x, array)
        name = "" if change is own_array else "'x' "
        with pytest.raises(
            RuntimeError, match=rf"the data of Tensor {name}of shape .* was changed after \w+ had used it"
        ):
            y.backward(create_graph=create_graph)
        assert (x.grad == 0).all() if not create_graph else True


def test_an_element_write_into_a_result_is_found():
    x = Tensor(np.array([0.5, 1.0]))
    with tg.detect_anomaly():
        y = np.exp(x)
        y.name = "y"
        z = y.sum()
        y.data[0] = 3.0
        with pytest.raises(RuntimeError, match="'y' of shape"):
            z.backward()


def test_data_that_changes_before_its_use_or_after_backward_is_fine():
    array, x = np.array([1.0, 2.0, 3.0]), Tensor(np.array([0.5, 1.0, 1.5]))
    with tg.detect_anomaly():
        for _ in range(3):
            x.data[0] += 1.0
            array[1] += 1.0
            x.zero_grad()
            (
                np.exp(x[:2]).sum() * (x * array).sum() + tg.derivative(lambda x: x, lambda g, y, x: g)(x).sum()
            ).backward()
            assert np.isfinite(x.grad).all()
        tg.jacobian(lambda t: np.tanh(t * array))(x.data)
        tg.hessian(lambda t: (t**3).sum())(x.data)
        model = tg.MLP(3, [4, 1], rng=0)
        optimizer = tg.Adam(model.parameters())
        for _ in range(3):
            loss = tg.mse_loss(model(np.ones((5, 3))), np.zeros((5, 1)))
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()


def test_checksums_are_forgotten_with_their_outputs():
    checksums = _Checksums()
    with observe(checksums.compared):
        y = Tensor(np.ones(3)) * 2
        assert len(checksums._of_output) == 1
        del y
        assert not checksums._of_output


# Several at once ------------------------------------------------------------------------------------------------------


def test_overlapping_profiles_each_count_what_runs_while_they_last():
    x, out = Tensor([1.0, 2.0]), io.StringIO()
    first, second = tg.profile(file=out), tg.profile(file=out)
    p = first.__enter__()
    np.exp(x)
    q = second.__enter__()
    np.sin(x)
    first.__exit__(None, None, None)
    np.cos(x)
    second.__exit__(None, None, None)
    np.tan(x)
    assert [row.name for row in p.rows.values()] == ["exp", "sin"]
    assert [row.name for row in q.rows.values()] == ["sin", "cos"]
    assert not OBSERVERS


def test_the_same_watcher_twice_at_once():
    x = Tensor([0.0])
    outer, inner = tg.detect_anomaly(), tg.detect_anomaly()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    with np.errstate(all="ignore"):
        with pytest.raises(FloatingPointError):
            np.log(x)
        inner.__exit__(None, None, None)
        np.log(x)


def test_a_profile_of_several_threads_counts_every_call():
    def work():
        x = Tensor(np.ones(10))
        for _ in range(200):
            np.exp(np.sin(x)).sum().backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with tg.profile(file=io.StringIO()) as p:
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert {row.name: row.calls for row in p.rows.values()} == {"exp": 800, "sin": 800, "sum": 800}
    assert all(row.forward > 0 and row.backward > 0 for row in p.rows.values())
