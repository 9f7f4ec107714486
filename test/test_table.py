"""The table of derivatives: what is registered later holds everywhere, what a function saves, and who may watch."""

import functools
import io
import operator

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor, derivative
from tensorgrad.derivatives import OWN, TABLE, Primitive, each
from tensorgrad.derivatives.observers import observe
from tensorgrad.losses import binary, entropies

OPERATORS = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.power: operator.pow, np.remainder: operator.mod, np.matmul: operator.matmul,
}  # fmt: skip
UNARY = {np.negative: operator.neg, np.positive: operator.pos, np.absolute: abs}
METHODS = {np.exp: "exp", np.sum: "sum", np.max: "max", np.transpose: "transpose", np.reshape: "ravel"}


@pytest.fixture(autouse=True)
def the_table_is_left_as_it_was():
    before = {func: (p.func, p.rules, p.rest) for func, p in TABLE.items()}
    yield
    assert before == {func: (p.func, p.rules, p.rest) for func, p in TABLE.items()}


@pytest.fixture
def restored(the_table_is_left_as_it_was):
    """Registers rules for a function as the test asks, and puts the old ones back."""
    before = {}

    def register(func, *rules):
        before.setdefault(func, TABLE[func].rules)
        assert derivative(func, *rules) is func

    yield register
    for func, rules in before.items():
        derivative(func, *rules)


def gradient(f, *arrays):
    tensors = [Tensor(a) for a in arrays]
    f(*tensors).sum().backward()
    return [t.grad for t in tensors]


# Rules that are registered later -------------------------------------------------------------------------------------


@pytest.mark.parametrize("func", OPERATORS, ids=lambda f: f.__name__)
def test_operators_and_functions_go_by_rules_that_are_registered_later(restored, func):
    a, b = np.full((2, 2), 1.5), np.full((2, 2), 2.5)
    recorded_before = OPERATORS[func](Tensor(a), Tensor(b))
    restored(func, lambda g, y, x1, x2: 7 * g, lambda g, y, x1, x2: 11 * g)
    for way in (OPERATORS[func], func):
        np.testing.assert_array_equal(gradient(way, a, b), [np.full((2, 2), 7), np.full((2, 2), 11)])
    np.testing.assert_array_equal(gradient(lambda x: OPERATORS[func](x, b), a)[0], 7)
    np.testing.assert_array_equal(gradient(lambda x: OPERATORS[func](b, x), a)[0], 11)
    if func is not np.matmul:
        np.testing.assert_array_equal(gradient(lambda x: OPERATORS[func](x, 2.0), a)[0], 7)
        np.testing.assert_array_equal(gradient(lambda x: OPERATORS[func](2.0, x), a)[0], 11)
        np.testing.assert_array_equal(gradient(lambda x: OPERATORS[func](x, [2.0, 3.0]), a)[0], 7)
    recorded_before.backward()
    np.testing.assert_array_equal(recorded_before.parents[0].grad, 7)
    for way in (OPERATORS[func], func):
        restored(func, None, None)  # constants
        assert type(way(Tensor(a), Tensor(b))) is type(way(Tensor(a), b)) is type(way(a, Tensor(b))) is np.ndarray
        restored(func, lambda g, y, x1, x2: g, None)
        np.testing.assert_array_equal(gradient(way, a, b), [np.ones((2, 2)), np.zeros((2, 2))])
        assert not way(Tensor(a, requires_grad=False), Tensor(b)).requires_grad
        assert type(way(a, Tensor(b))) is np.ndarray


@pytest.mark.parametrize("func", OPERATORS, ids=lambda f: f.__name__)
def test_old_rules_can_be_put_back(func):
    a, b = np.full((2, 2), 1.5), np.full((2, 2), 2.5)
    usual, entry = gradient(OPERATORS[func], a, b), TABLE[func]
    computed_by, rules = entry.func, entry.rules
    derivative(func, lambda g, y, x1, x2: 7 * g, lambda g, y, x1, x2: 11 * g)
    derivative(func, *rules)
    assert TABLE[func] is entry and entry.func is computed_by and entry.rules == rules
    for way in (OPERATORS[func], func):
        np.testing.assert_array_equal(gradient(way, a, b), usual)


@pytest.mark.parametrize("func", UNARY, ids=lambda f: f.__name__)
def test_unary_operators_go_by_rules_that_are_registered_later(restored, func):
    restored(func, lambda g, y, x: 7 * g)
    for way in (func, UNARY[func]):
        np.testing.assert_array_equal(gradient(way, np.ones(3))[0], 7)


@pytest.mark.parametrize("func", METHODS, ids=lambda f: f.__name__)
def test_methods_go_by_rules_that_are_registered_later(restored, func):
    restored(func, lambda g, y, a, *args, **kwargs: 7 * np.ones(a.shape))
    np.testing.assert_array_equal(gradient(lambda x: getattr(x, METHODS[func])(), np.ones((2, 2)))[0], 7)


def test_a_function_that_was_composed_of_others_can_get_rules_of_its_own():
    x = Tensor([3.0, 1.0])
    try:
        derivative(np.sort, lambda g, y, a, axis=-1: 7 * g)
        for y in (np.sort(x), np.sort(x, axis=0)):
            assert y._op is TABLE[np.sort]
        assert gradient(np.sort, [3.0, 1.0])[0].tolist() == [7, 7]
    finally:
        del TABLE[np.sort]
    assert gradient(np.sort, [3.0, 1.0])[0].tolist() == [1, 1]


def test_rules_of_any_number_of_arguments_can_be_registered_anew(restored):
    def by(factor):
        return each(lambda i, g, y, *arrays: factor * np.reshape(g, arrays[i].shape))

    derivative(np.atleast_1d, by(3))
    try:
        y = np.atleast_1d(Tensor(2.0))
        derivative(np.atleast_1d, by(7))
        y.backward()
        assert y.parents[0].grad == 7
    finally:
        del TABLE[np.atleast_1d]
    assert gradient(np.atleast_1d, 2.0)[0] == 1


def test_there_is_a_rule_for_each_of_many_arguments():
    primitive = Primitive(lambda *args: args, (None, each(lambda i, g, y, *args: i)))
    for n in (1, 5, 2, 40):
        first, *rest = primitive.rules_for(n)
        assert first is None and [rule(None, None) for rule in rest] == list(range(n - 1))
    assert Primitive(np.exp, (abs,)).rules_for(3) == (abs,)


# What a function saves for its rules ---------------------------------------------------------------------------------


def exp_and_itself(calls):
    """exp, saving its output; `calls` gets what each rule was given."""

    def func(x):
        y = np.exp(x)
        return y, y

    def rule(g, y, x, saved=None):
        calls.append(saved)
        return g * (np.exp(x) if saved is None else saved)

    return derivative(func, rule, saves=True)


def test_rules_get_what_was_saved_unless_they_are_recorded():
    calls = []
    f = exp_and_itself(calls)
    x = Tensor([0.5, 1.0])
    y = f(x)
    assert type(y) is Tensor and y.data is y._saved
    y.backward()
    y.backward()
    assert all(saved is y._saved for saved in calls) and len(calls) == 2
    np.testing.assert_allclose(x.grad, 2 * np.exp(x.data))
    calls.clear()
    third = tg.grad(tg.grad(tg.grad(f)))(0.5)
    np.testing.assert_allclose(third, np.exp(0.5))
    assert None in calls
    tg.check_grads(f, np.array([0.5, -1.0]), order=3)


def test_of_arrays_the_output_alone_is_returned():
    f = exp_and_itself([])
    y = f(np.array([0.5]))
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, np.exp([0.5]))
    with tg.no_grad():
        y = f(Tensor([0.5]))
    assert not y.requires_grad and not hasattr(y, "_saved")


def test_forward_mode_and_jacobians_of_a_function_that_saves():
    f = exp_and_itself([])
    x, v = np.array([0.5, 1.0]), np.array([2.0, 3.0])
    np.testing.assert_allclose(tg.jvp(f, (x,), (v,))[1], np.exp(x) * v)
    np.testing.assert_allclose(tg.jacobian(f)(x), np.diag(np.exp(x)))
    np.testing.assert_allclose(tg.hessian(lambda x: f(x).sum())(x), np.diag(np.exp(x)))
    np.testing.assert_allclose(tg.hvp(lambda x: f(x).sum())(x, v), np.exp(x) * v)


def test_several_outputs_and_something_saved():
    def sin_and_cos(x):
        s, c = np.sin(x), np.cos(x)
        return (s, c), (s, c)

    def rule(g, y, x, saved=None):
        s, c = (np.sin(x), np.cos(x)) if saved is None else saved
        return g[0] * c - g[1] * s

    f = derivative(sin_and_cos, rule, saves=True)
    tg.check_grads(lambda x: f(x)[0] * f(x)[1], np.array([0.3, 1.2]), order=2)
    s, c = f(np.array([0.3]))
    assert type(s) is type(c) is np.ndarray
    parts = f(Tensor([0.3]))
    assert [type(part) for part in parts] == [Tensor, Tensor]


def test_freeing_the_graph_frees_what_was_saved():
    f = exp_and_itself([])
    y = f(Tensor([0.5]))
    y.backward(retain_graph=False)
    assert y._saved is None


def test_numpys_own_functions_save_nothing():
    with pytest.raises(TypeError, match="exp is NumPy's"):
        derivative(np.exp, lambda g, y, x, saved=None: g, saves=True)


# Observers -----------------------------------------------------------------------------------------------------------


def counting(counts):
    def wrap(primitive, func, skip):
        def counted(*args, **kwargs):
            counts.append((primitive.name, skip))
            return func(*args, **kwargs)

        return counted

    return wrap


def step():
    x = Tensor(np.ones((2, 3)))
    y = np.concatenate([x * 2.0, 3.0 - x]) @ np.ones(3)
    tg.softmax_cross_entropy(np.expand_dims(y, 0), [1]).backward()
    return x.grad


def test_an_observer_sees_functions_and_rules_operators_and_losses_too():
    counts = []
    with observe(counting(counts)):
        step()
    forward = [name for name, skip in counts if skip == 0]
    assert forward == ["multiply", "subtract", "join", "matmul", "expand_dims", "softmax_cross_entropy"]
    assert ("join", 3) in counts and ("softmax_cross_entropy", 2) in counts
    n = len(counts)
    step()
    assert len(counts) == n


def test_observers_that_overlap_are_all_told_and_nothing_is_left_of_them():
    expected = step()
    before = {func: (p.func, p.rules, p.rest) for func, p in {**TABLE, **OWN}.items()}
    first, second = [], []
    a, b = observe(counting(first)), observe(counting(second))
    a.__enter__()
    b.__enter__()
    np.testing.assert_array_equal(step(), expected)
    a.__exit__(None, None, None)
    n = len(first)
    np.testing.assert_array_equal(step(), expected)
    assert len(first) == n and len(second) == 2 * n
    b.__exit__(None, None, None)
    assert before == {func: (p.func, p.rules, p.rest) for func, p in {**TABLE, **OWN}.items()}


def test_an_observer_sees_what_is_registered_while_it_watches(restored):
    counts = []
    restored(np.exp, *TABLE[np.exp].rules)  # kept as they are, before somebody watches
    with observe(counting(counts)):
        f = derivative(lambda x: x * 2, lambda g, y, x: g * 2)
        restored(np.exp, lambda g, y, x: 7 * g)
        assert gradient(lambda x: np.exp(f(x)), [1.0])[0] == 14
    assert counts == [("<lambda>", 0), ("exp", 0), ("sum", 0), ("sum", 2), ("exp", 2), ("<lambda>", 2)]
    counts.clear()
    assert gradient(lambda x: np.exp(f(x)), [1.0])[0] == 14 and not counts


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "sigmoid_cross_entropy"])
def test_nothing_of_a_loss_is_computed_outside_of_the_function_that_is_profiled(monkeypatch, name):
    inside, computed = [False], []

    def wrap(primitive, func, skip):
        def entered(*args, **kwargs):
            inside[0] = True
            try:
                return func(*args, **kwargs)
            finally:
                inside[0] = False

        return entered

    for module, part in ((entropies, "log_softmax_parts"), (binary, "sigmoid_parts")):
        compute = getattr(module, part)
        noted = lambda x, compute=compute: (computed.append(inside[0]), compute(x))[1]  # noqa: E731
        monkeypatch.setattr(module, part, noted)
    with observe(wrap):
        getattr(tg, name)(Tensor([[0.5, 2.0]]), [[1.0, 0.0]])
    assert computed == [True]


def test_nothing_is_left_in_a_graph_whose_function_is_gone():
    counts = []
    with observe(counting(counts)):
        f = derivative(lambda x: x * 2, lambda g, y, x: g * 2)
        y = f(Tensor([1.0]))
        del f
    counts.clear()
    y.backward()
    assert y.parents[0].grad == 2 and not counts


def test_formulas_are_those_of_the_rules_while_somebody_watches():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    plain = tg.draw_backward(a * b).steps
    with observe(lambda primitive, func, skip: functools.wraps(func)(lambda *args: func(*args))):
        assert tg.draw_backward(a * b).steps == plain
    with tg.detect_anomaly(), tg.profile(file=io.StringIO()):
        assert tg.draw_backward(a * b).steps == plain


# What is wrong with a function or its rules ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result, what",
    [
        (np.ones(2), "a ndarray"),
        (np.ones(3), "a ndarray"),
        (2.0, "a float"),
        (None, "a NoneType"),
        ((np.ones(2),), "1 values"),
        ((np.ones(2), 1, 2), "3 values"),
        ({"y": 1}, "a dict"),
        ([np.ones(2), 1], "a list"),
    ],
    ids=repr,
)
def test_a_function_that_saves_must_return_a_pair(result, what):
    def forgetful(x):
        return result

    f = derivative(forgetful, lambda g, y, x, saved=None: g, saves=True)
    for x in (np.ones(2), Tensor(np.ones(2))):
        with pytest.raises(TypeError, match=rf"forgetful: with saves=True .* \(output, saved\), not {what}"):
            f(x)


def test_rules_that_cannot_be_given_what_was_saved_are_an_error_at_once():
    with pytest.raises(TypeError, match="doesn't take saved=, as a rule must"):
        derivative(lambda x: (x, x), lambda g, y, x: g, saves=True)
    with pytest.raises(TypeError, match="doesn't take saved="):
        derivative(lambda *x: (x, x), each(lambda i, g, y, *x: g), saves=True)
    with pytest.raises(TypeError, match="has an argument saved= of its own"):
        derivative(lambda x, saved: (x, x), lambda g, y, x, saved: g, saves=True)
    derivative(lambda x: (x, x), None, lambda g, y, x, **options: g, saves=True)


@pytest.mark.parametrize("args", [(None,), (None, abs), (3, abs), (np.exp, 3), ("exp",)])
def test_what_is_no_function_is_an_error(args):
    with pytest.raises(TypeError, match="is not a function"):
        derivative(*args)


def test_an_argument_of_a_ufunc_without_a_rule_is_a_constant(restored):
    restored(np.multiply, lambda g, y, x1, x2: 7 * g)
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    for way in (np.multiply, operator.mul):
        way(a, b).sum().backward()
        assert a.grad.tolist() == [7, 7] and b.grad.tolist() == [0, 0]
        assert type(way(3.0, b)) is np.ndarray
        a.zero_grad()


@pytest.mark.parametrize("func", [np.round, np.argmax, np.all, np.argsort])
def test_plain_values_are_not_written_into_out_either(func):
    with pytest.raises(TypeError, match=rf"{func.__name__}: out="):
        Tensor.__array_function__(Tensor([1.5, 2.5]), func, (), (Tensor([1.5, 2.5]),), {"out": np.zeros(2)})
