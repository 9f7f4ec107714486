"""A compiled step gives what the step gives; or it is recorded again, or there is an error that says what to do."""

import contextvars
import random as python_random
import threading
import warnings

import numpy as np
import pytest
from twins import Twin, programs, require_same, run_twins, state_of, trained, training

import tensorgrad as tg
from tensorgrad import CompileError, Tensor, nn

X = np.random.default_rng(0).normal(size=(6, 3))
ZEROS = np.zeros((6, 1))
coefficient, counter, random = 2.0, 0, np.random.default_rng(1)
weights = np.arange(3.0)


def check(function, *calls):
    """Each call gives what the function gives; returns the compiled function."""
    step = tg.compile(function)
    for args in calls:
        expected = function(*args)
        require_same(step(*args), expected)
    return step


# Arguments ------------------------------------------------------------------------------------------------------------


def test_it_is_recorded_anew_for_other_shapes_dtypes_and_layouts():
    def f(x):
        return (x * 2).sum(axis=0)

    kinds = [X, X[:4], X.astype(np.float32), np.asfortranarray(X), X[::2], np.ones(3), np.empty((0, 3))]
    step = check(f, *[(x,) for _ in range(5) for x in kinds])
    assert programs(step) == len(kinds)


def test_structures_of_arguments_and_results():
    def f(pair, table, *, scale):
        return {"sum": pair[0] + pair[1], "rest": [table["a"] * scale, (pair[0], "text", None, 3)]}

    step = tg.compile(f)
    for i in range(6):
        args = (X + i, X), {"a": X - i}
        require_same(step(*args, scale=np.float64(i)), f(*args, scale=np.float64(i)))
    assert programs(step) == 1


def test_numbers_strings_and_none_are_recorded_by_their_values():
    def f(x, power, how, extra=None):
        y = x**power
        y = y.sum() if how == "sum" else y.mean()
        return y if extra is None else y + extra

    calls = [(X, 2, "sum"), (X, 3, "sum"), (X, 2, "mean"), (X, 2, "mean", 1.5), (X, 2.0, "sum"), (X, True, "sum")]
    check(f, *calls * 5)


def test_too_many_kinds_of_arguments_are_warned_of_once():
    step = tg.compile(lambda x, k: x * k)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for i in range(30):
            require_same(step(X, i), X * i)
    assert len(found) == 1
    assert "more than 8 kinds of arguments" in str(found[0].message)
    assert len(step._kinds) == 8


def test_tensors_without_gradient_are_arguments():
    def f(x):
        return np.exp(x) * 2

    step = tg.compile(f)
    for i in range(6):
        x = Tensor(X + i, requires_grad=False)
        require_same(step(x), f(x))
        assert x._data is not None and type(x._data) is np.ndarray
    assert programs(step) == 1


def test_a_tensor_that_was_assigned_into_elsewhere_is_no_hindrance():
    elsewhere = +Tensor(np.ones(3))
    elsewhere[0] = 2.0
    step = tg.compile(lambda x: x * 2)
    for _ in range(6):
        require_same(step(Tensor(X, requires_grad=False)), Tensor(X * 2, requires_grad=False))
    assert programs(step) == 1 and elsewhere[0].data == 2


def test_arguments_that_are_one_array_and_that_share_memory():
    def f(x, y):
        x += y
        return x * y

    step = tg.compile(f)
    for i in range(24):
        a, b = np.arange(8.0) + i, np.arange(8.0) - i
        pairs = [(a, b), (a, a), (a[:4], a[4:]), (a[:4], a[2:6])]
        c, d = a.copy(), b.copy()
        others = [(c, d), (c, c), (c[:4], c[4:]), (c[:4], c[2:6])]
        require_same(step(*pairs[i % 4]), f(*others[i % 4]), f"at call {i}")
        require_same(a, c)


def test_an_array_that_the_step_writes_into_is_given_as_an_argument():
    global weights

    def f(x):
        global weights
        weights += x
        return weights * x

    step, before = tg.compile(f), weights.copy()
    for i in range(12):
        x = np.full(3, 0.5) if i % 3 else weights
        expected = (weights + x) * x if i % 3 else (weights + weights) * (weights + weights)
        require_same(step(x), expected, f"at call {i}")
    weights = before


# Conditions -----------------------------------------------------------------------------------------------------------


def test_another_branch_is_recorded_too():
    def f(x):
        if x.sum() > 0:
            return x * 2
        return x * 3

    step = check(f, *[(X if i % 3 else -X,) for i in range(40)])
    assert programs(step) == 2


def test_loops_that_values_end():
    def f(x):
        n = 0
        while np.abs(x).max() > 1:
            x = x / 2
            n += 1
        return x, n

    step = check(f, *[(X * s,) for _ in range(6) for s in (1, 4, 16)])
    assert programs(step) == 3


def test_conditions_that_always_come_out_otherwise_are_warned_of():
    def f(x, limit):
        n = 0
        while n < limit:
            n += 1
        return x * n

    step = tg.compile(f)
    with pytest.warns(UserWarning, match="has taken more than 8 ways"):
        for i in range(15):
            require_same(step(X, np.asarray(i)), f(X, np.asarray(i)))


def test_a_condition_after_the_update_leaves_what_eager_leaves():
    def make():
        twin = training(lr=0.1, momentum=0.9)

        def step(x, y):
            loss = twin.step(x, y)
            if loss > 0.1:
                twin.model.layers[0].bias.data *= 0.5
            return loss

        return Twin(step, twin.model, twin.optimizer)

    step = run_twins(make, 60, inputs=lambda i: (X, ZEROS))
    assert programs(step) == 2


def test_labels_that_are_wrong_raise_what_they_raise():
    model = tg.MLP(3, [4, 3], rng=0)
    optimizer = tg.SGD(model.parameters(), lr=0.1)

    @tg.compile
    def step(x, labels):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), labels)
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    labels = np.arange(6) % 3
    for _ in range(6):
        step(X, labels)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"softmax_cross_entropy: .* class numbers must lie from 0 to 2"):
        step(X, labels + 1)
    require_same(model.state_dict(), before)
    assert all(p._grad is None for p in model.parameters())  # as eager leaves it, which has called zero_grad
    assert np.isfinite(step(X, labels).data)


# What looks at values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "look",
    [float, int, print, repr, str, np.asarray, np.array, lambda x: x.item(), lambda x: x.tolist(),
     lambda x: f"{x}", lambda x: f"{x:.3f}", lambda x: np.array([x, x])],
)  # fmt: skip
def test_looking_at_a_value_is_an_error_that_says_to_return_it(look):
    @tg.compile
    def step(x):
        y = np.sum(x) if look not in (int,) else x.sum()
        look(y)
        return y

    step(X)
    with pytest.raises(
        CompileError, match=r"return the value, and look at it outside.* \(line \d+ of .*test_compile.py"
    ):
        step(X)


def test_the_item_of_a_tensor():
    @tg.compile
    def step(x):
        return Tensor(x).sum().item()

    step(X)
    with pytest.raises(CompileError, match="return the value"):
        step(X)


# What a step reads beside its arguments -------------------------------------------------------------------------------


def test_global_variables():
    global coefficient

    def f(x):
        return x * coefficient

    step = tg.compile(f)
    for value in (2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 2.0, 3.0, 3, True, np.float64(3.0), np.float32(3.0)):
        coefficient = value
        require_same(step(X), f(X))
    coefficient = 2.0


def test_variables_around_the_function_and_its_defaults():
    factor = 1.0

    def f(x, shift=[1.0]):  # noqa: B006
        return x * factor + shift[0]

    step = tg.compile(f)
    for i in range(16):
        factor = float(i // 6)
        f.__defaults__[0][0] = float(i // 8)
        require_same(step(X), f(X))


def test_arrays_around_the_function_are_read_anew():
    data = X.copy()
    parts = {"a": X + 1, "list": [X * 2]}

    def f(rows):
        return data[rows].sum(axis=0), parts["a"] * parts["list"][0]

    step = tg.compile(f)
    for i in range(20):
        data[0] += 1
        parts["a"][0] -= 1
        if i == 7:
            data = -data
        if i == 12:
            parts["list"] = [X]
        if i == 15:
            parts["list"][0] = X * 3
        rows = np.arange(3) + i % 3
        require_same(step(rows), f(rows), f"at call {i}")


def test_a_function_that_is_called_is_replaced():
    def double(x):
        return x * 2

    helper = double

    def f(x):
        return helper(x)

    step = check(f, *[(X,)] * 5)
    helper = np.exp
    require_same(step(X), np.exp(X))


def test_train_and_eval_layers_added_and_replaced():
    def make():
        model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=2), nn.Linear(4, 3, rng=1))
        return trained(model, tg.SGD(model.parameters(), lr=0.1, momentum=0.5))

    def change(twin, i):
        model = twin.model
        if i == 8:
            model.eval()
        if i == 14:
            model.train()
        if i == 18:
            model.append(nn.Tanh())
        if i == 24:
            model[0] = nn.Linear(3, 4, rng=5)
            twin.optimizer.add_param_group({"params": [*model[0].parameters()], "lr": 0.5})

    run_twins(make, 32, change, lambda i: (X, np.zeros((6, 3))))


def test_rules_that_are_replaced():
    step = tg.compile(tg.grad(lambda x: np.tanh(x).sum()))
    rules = tg.derivatives.TABLE[np.tanh].rules
    try:
        for _ in range(5):
            step(X)
        tg.derivative(np.tanh, lambda g, y, x: g * 7)
        require_same(step(X), np.full_like(X, 7.0))
    finally:
        tg.derivative(np.tanh, *rules)
    require_same(step(X), tg.grad(lambda x: np.tanh(x).sum())(X))


def test_no_grad_around_a_step():
    model = tg.MLP(3, [2], rng=0)
    step = tg.compile(model)
    for _ in range(5):
        with tg.no_grad():
            assert not step(X).requires_grad
        assert step(X).requires_grad


# Randomness, counters, and what can't be seen -------------------------------------------------------------------------


def test_random_numbers_of_nobody_are_an_error():
    for draw in [lambda: np.random.normal(size=3), python_random.random, lambda: float(np.random.rand() < 0.01)]:
        step = tg.compile(lambda x, draw=draw: x + draw())
        step(X)
        with pytest.raises(CompileError, match=r"draws random numbers .* draw them from a np.random.Generator"):
            step(X)


def test_numbers_that_change_for_no_reason_are_an_error_that_names_the_line():
    @tg.compile
    def step(x):
        return x + np.random.default_rng().normal(size=3)

    step(X), step(X)
    with pytest.raises(CompileError, match=r"two calls in a row did not do the same: add .* \(line \d+ of .*Generator"):
        step(X)


def test_a_generator_is_drawn_from_at_each_replay():
    def f(x):
        return x * random.normal(size=3) + random.uniform(-1, 1)

    step, state = tg.compile(f), random.bit_generator.state
    found = [step(X) for _ in range(12)]
    random.bit_generator.state = state
    require_same(found, [f(X) for _ in range(12)])
    assert programs(step) == 1


def test_a_generator_is_an_argument():
    def f(x, rng, other):
        y = x * rng.normal(size=3)
        return y + other.uniform(size=3) if np.sum(y) > 0 else y

    step = tg.compile(f)
    a, b = np.random.default_rng(3), np.random.default_rng(3)
    for i in range(40):
        if i == 20:
            a, b = np.random.default_rng(4), np.random.default_rng(4)
        require_same(step(X, a, a), f(X, b, b))
    assert programs(step) == 2
    require_same(
        step(X, np.random.default_rng(5), np.random.default_rng(6)),
        f(X, np.random.default_rng(5), np.random.default_rng(6)),
    )


def test_the_sign_of_zero():
    global coefficient

    def f(x, shift):
        return x * coefficient, x * shift

    step = tg.compile(f)
    for i in range(16):
        coefficient = -0.0 if i // 4 % 2 else 0.0
        for shift in (0.0, -0.0, np.nan):
            ours, theirs = step(X, shift), f(X, shift)
            require_same(ours, theirs)
            assert all(np.array_equal(np.signbit(a), np.signbit(b)) for a, b in zip(ours, theirs, strict=True))
    coefficient = 2.0


def test_a_bail_after_a_draw_draws_the_same_again():
    def f(x):
        noise = random.normal(size=3)
        return noise * 2 if np.sum(noise) > 0 else noise * 3

    step, state = tg.compile(f), random.bit_generator.state
    found = [step(X) for _ in range(40)]
    random.bit_generator.state = state
    require_same(found, [f(X) for _ in range(40)])


def test_a_counter_is_an_error_that_names_it():
    def f(x):
        global counter
        counter += 1
        return x * counter

    step = tg.compile(f)
    step(X)
    with pytest.raises(CompileError, match="the step changes counter from 1 to 2"):
        step(X)


def test_what_no_guard_sees_is_found_when_a_call_is_recorded_again():
    factor = contextvars.ContextVar("factor", default=1.0)
    step = tg.compile(lambda x: x * factor.get())
    for _ in range(5):
        require_same(step(X), X)
    factor.set(2.0)
    with pytest.raises(CompileError, match="what has been replayed"):
        for _ in range(60):
            step(X)


# After a step ---------------------------------------------------------------------------------------------------------


def test_gradients_that_are_kept_stay_what_they_were():
    twin = training()
    step, kept = tg.compile(twin.step), []
    for _ in range(10):
        step(X, ZEROS)
        kept += [(p.grad, p.grad.copy()) for p in twin.model.parameters()]
    for grad, copy in kept:
        require_same(grad, copy)


def test_results_that_are_kept_stay_what_they_were():
    step = tg.compile(lambda x: (x * 2, (x + 1).sum(), x[1:] * 1.0))
    found = [step(X + i) for i in range(10)]
    for i, result in enumerate(found):
        require_same(result, ((X + i) * 2, (X + i + 1).sum(), (X + i)[1:] * 1.0))


def test_a_graph_that_used_the_parameters_before_can_not_go_backward():
    twin = training()
    step = tg.compile(twin.step)
    for _ in range(6):
        step(X, ZEROS)
    loss = twin.model(X).sum()
    step(X, ZEROS)
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_no_gradient_flows_back_through_a_compiled_function():
    model = tg.MLP(3, [2], rng=0)
    step = tg.compile(model)
    for _ in range(2):
        step(X)
    for _ in range(4):
        with pytest.raises(RuntimeError, match=r"compile\(grad\(f\)\)"):
            step(X).sum().backward()


def test_an_exception_midway_leaves_what_eager_leaves():
    def make():
        model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 3, rng=1))
        optimizer = tg.SGD(model.parameters(), lr=0.1)

        def step(x, a):
            optimizer.zero_grad()
            loss = np.sum(np.linalg.solve(a, model(x)[:3]) ** 2)
            loss.backward(retain_graph=False)
            optimizer.step()
            return loss

        return Twin(step, model, optimizer)

    twin, eager = make(), make()
    step = tg.compile(twin.step)
    for i in range(12):
        a = np.zeros((3, 3)) if i in (7, 10) else np.eye(3) * (i + 1.0)
        if i in (7, 10):
            with pytest.raises(np.linalg.LinAlgError):
                step(X, a)
            with pytest.raises(np.linalg.LinAlgError):
                eager.step(X, a)
        else:
            require_same(step(X, a), eager.step(X, a))
        require_same(state_of(twin), state_of(eager), f"after step {i}: ")


def test_floating_point_errors_that_the_caller_asks_for():
    step = check(lambda x: np.log(x), *[(np.abs(X),)] * 5)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        step(np.zeros_like(X))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        step(np.zeros_like(X))


def test_errstate_within_a_step():
    def f(x):
        with np.errstate(divide="ignore"):
            return np.log(x)

    check(f, *[(np.zeros((6, 3)),)] * 6)


def test_errors_that_a_step_asks_for_are_raised_by_replays():
    def f(x):
        with np.errstate(divide="raise"):
            return np.log(x)

    step = check(f, *[(np.ones(3),)] * 6)
    with pytest.raises(FloatingPointError, match="divide by zero"):
        step(np.zeros(3))
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="invalid"):  # as the caller says
        step(-np.ones(3))


def test_what_a_step_sets_is_set_by_a_replay():
    class Trainer:
        def __init__(self):
            self.model, self.best, self.history = tg.MLP(3, [4, 1], rng=0), np.asarray(np.inf), {"last": None}
            self.velocity = np.zeros(3)

        def step(self, x):
            self.out = self.model(x)
            loss = (self.out**2).mean()
            loss.backward(retain_graph=False)
            self.loss, self.best = loss, np.minimum(self.best, loss.data)
            self.history["last"] = loss.data * 2
            self.velocity = self.velocity * 0.9 + x[0]
            self.model.zero_grad()

    trainer, other = Trainer(), Trainer()
    step = tg.compile(trainer.step)
    for i in range(20):
        x = X * (i % 5)
        step(x), other.step(x)
        for a, b in [(trainer, other), (trainer.history, other.history)]:
            a, b = (thing if isinstance(thing, dict) else vars(thing) for thing in (a, b))
            for key in a.keys() - {"model", "history"}:
                require_same(a[key], b[key], f"{key} after step {i}")
    assert programs(step) == 1


def test_variables_that_a_step_sets():
    def make():
        total, last = np.zeros(3), None

        def f(x):
            nonlocal total, last
            total = total + x[0]
            last = Tensor(total) * 2

        return f, lambda: (total, last)

    (f, ours), (g, theirs) = make(), make()
    step = tg.compile(f)
    for i in range(16):
        step(X + i), g(X + i)
        require_same(ours(), theirs(), f"at call {i}")


def test_arrays_that_a_step_makes_by_itself_are_new_each_time():
    step = tg.compile(lambda x: (np.zeros(3), x + np.arange(3)))
    for _ in range(8):
        zeros, _ = step(X)
        require_same(zeros, np.zeros(3))
        zeros += 1


def test_what_gives_an_object_that_is_new_each_time_runs_as_it_is():
    step = tg.compile(lambda x: (row * 2 for row in x))
    for _ in range(6):
        require_same([*step(X)], [*(X * 2)])


# Threads, and steps within steps --------------------------------------------------------------------------------------


def test_threads_share_a_step():
    step = tg.compile(lambda x: np.exp(x).sum(axis=0) * 2)
    found = []

    def run(i):
        for k in range(50):
            x = X * (i + k % 3)
            found.append((step(x), x))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    for result, x in found:
        require_same(result, np.exp(x).sum(axis=0) * 2)


def test_a_compiled_step_in_a_compiled_step():
    inner = tg.compile(lambda x: np.tanh(x) * 2)

    def f(x):
        return inner(x) + inner(x[:3]).sum()

    check(f, *[(X + i,) for i in range(6)])


def test_a_step_that_calls_itself():
    def f(x, n):
        return x if n == 0 else step(x * 2, n - 1)

    step = tg.compile(f)
    for _ in range(5):
        require_same(step(X, 3), X * 8)


def test_transforms_of_a_compiled_function():
    f = tg.compile(lambda x: (x**3).sum())
    for i in range(5):
        require_same(f(X + i), ((X + i) ** 3).sum())
        require_same(tg.grad(f)(X), tg.grad(lambda x: (x**3).sum())(X))
        require_same(tg.vmap(f)(X), tg.vmap(lambda x: (x**3).sum())(X))


def test_compiled_transforms():
    def f(x):
        return np.sum(np.sin(x) * x)

    x = X[0]
    for transform in (tg.grad, tg.value_and_grad, tg.jacobian, tg.hessian):
        check(transform(f), *[(x + i,) for i in range(5)])
    check(tg.hvp(f), *[(x + i, x) for i in range(5)])


IN_BLOCKS = (
    tg.functions.sigmoid, tg.functions.silu, tg.functions.softplus, tg.functions.gelu, tg.functions.mish,
    tg.functions.elu, tg.functions.selu, tg.functions.celu, tg.functions.hardswish, tg.functions.logsigmoid,
    tg.functions.softshrink,
)  # fmt: skip


@pytest.mark.parametrize("f", IN_BLOCKS)
def test_what_eager_computes_block_by_block(f, monkeypatch):
    """The functions of large arrays; the blocks are made small, as X is."""
    monkeypatch.setattr("tensorgrad.derivatives.blocks.BLOCK", 4)
    for function in (f, tg.grad(lambda x: np.sum(f(x) ** 2))):
        step = check(function, *[(X + i / 8,) for i in range(5)])
        assert programs(step)


def test_interpolation_between_constant_points():
    def f(x, y):
        return np.sum(np.interp(x, np.arange(5.0), y))

    check(tg.grad(f, argnum=(0, 1)), *[(X[:, 0] * 3 + i, np.arange(5.0) ** i) for i in range(6)])


def test_gradients_lie_in_memory_as_those_of_eager_do():
    """Where several are added up that lie in different orders."""

    def f(x):
        y = np.tanh(np.square(x))
        return np.mean(y * y) + np.sum(y) + np.sum(np.sum(x, axis=0) ** 2)

    x = np.asfortranarray(X)
    for function in (f, lambda x: np.sum(np.hypot(np.minimum(-2 / (1 + x * x), 0.3), 0.2))):
        for transform in (tg.grad(function), lambda x, f=function: tg.hvp(f)(x, x)):
            step, expected = tg.compile(transform), transform(x)
            for _ in range(5):
                assert step(x).strides == expected.strides


def test_while_it_is_observed_a_step_runs_as_it_is():
    step = check(lambda x: np.exp(x), *[(X,)] * 5)
    with tg.profile():
        require_same(step(X), np.exp(X))


# Shapes that depend on values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0],
        lambda x: np.nonzero(x > 0),
        lambda x: np.unique(np.round(x)),
        lambda x: x.compress(x[0] > 0, axis=1),
        lambda x: np.extract(x > 0, x),
        lambda x: np.where(x > 0),
        lambda x: np.repeat(x[0], (x[1] > 0).astype(int)),
    ],
)
def test_shapes_that_depend_on_values_run_as_they_are(f):
    step = check(f, *[(X * s,) for s in (1, -1) for _ in range(3)])
    assert programs(step) == 0
    (kind,) = step._kinds.values()
    assert "depends on values" in kind.history.unsuited


# Wrong calls ----------------------------------------------------------------------------------------------------------


def test_wrong_arguments_raise_what_they_raise():
    step = tg.compile(lambda x, y=1: x * y)
    for _ in range(4):
        step(X)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        step()
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        step(X, z=1)


def test_what_is_compiled_must_be_a_function():
    with pytest.raises(TypeError, match="compile: 3 is not a function"):
        tg.compile(3)


def test_as_a_decorator():
    @tg.compile
    def f(x):
        """Doubles."""
        return x * 2

    @tg.compile(passes=())
    def g(x):
        return x * 2

    assert f.__name__ == "f"
    assert f.__doc__ == "Doubles."
    require_same(f(X), g(X))


def test_what_changes_too_often_isnt_recorded_for_ever():
    class Settings:
        scale = 0

    @tg.compile
    def step(x):
        return x * Settings.scale

    with pytest.warns(UserWarning, match="recorded again 8 times and hardly ever replayed.*scale was"):
        for i in range(80):
            Settings.scale = i // 5
            require_same(step(np.ones(3)), np.full(3, float(i // 5)))
