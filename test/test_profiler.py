"""profile() and detect_anomaly(): what they report, and that nothing is changed after them."""

import io

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.derivatives import OWN, TABLE


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
            pytest.raises(FloatingPointError, match="the derivative of sqrt of shapes 2 gives 1 nan"),
        ):
            y.backward()
        with tg.detect_anomaly(), pytest.raises(FloatingPointError, match=r"^log of shapes 2 gives 1 inf"):
            np.log(x)
        with tg.detect_anomaly(), pytest.raises(FloatingPointError, match=r"^divide of shapes 2 2 gives 1 nan"):
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
