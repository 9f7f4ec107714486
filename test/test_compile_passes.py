"""Each pass of compile makes a program that does the same, to the last bit, and leaves out what it should."""

import itertools

import numpy as np
import pytest
from twins import run_twins, training

import tensorgrad as tg
from tensorgrad.replay.passes import PASSES

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.zeros((6, 1))
CHOICES = [None, (), *[[name] for name in PASSES], *[[n for n in PASSES if n != name] for name in PASSES]]


def program(function, *args, passes=None):
    """The program that a function of arrays becomes."""
    step = tg.compile(function, passes=passes)
    for _ in range(3):
        step(*args)
    return step._latest.replays[0].program


def names(function, *args, passes=None):
    """The functions that a program calls."""
    return [
        getattr(call, "func", None) and call.func.__name__ for call in program(function, *args, passes=passes).calls
    ]


# Random programs ------------------------------------------------------------------------------------------------------


class Holder:
    """What a step finds beside its arguments."""

    def __init__(self):
        self.weight = np.linspace(-1, 1, 16).reshape(4, 4)
        self.last = np.zeros((4, 4))


def _setitem(a, b):
    a[1:] = b[:3]


def _add_at(a, b):
    np.add.at(a, np.array([0, 0, 2]), b[:3])


def _if(a, b):
    return a + 1 if (b > -2).all() else a - 1


NEW = [
    lambda a, b: a + b, lambda a, b: np.tanh(a * b), lambda a, b: a.T, lambda a, b: a.copy(), lambda a, b: a[::-1],
    lambda a, b: a * 1.0, lambda a, b: np.zeros_like(a), lambda a, b: np.tanh(a + b.sum(axis=0)),
    lambda a, b: np.tanh(a.dot(b)), lambda a, b: np.exp(-abs(a)), lambda a, b: a.reshape(2, 8).reshape(4, 4),
    lambda a, b: (a > b).astype(float), lambda a, b: a.copy(order="F"), lambda a, b: np.where(a > 0, a, b), _if,
    lambda a, b: np.conjugate(a), lambda a, b: np.tanh(np.add.reduce(a, axis=1, keepdims=True) + b),
]  # fmt: skip
WRITING = [
    lambda a, b: np.tanh(np.add(a, b, out=a), out=a), lambda a, b: np.minimum(a, b, out=a), _setitem, _add_at,
    lambda a, b: np.multiply(b, 0.5, out=a), lambda a, b: a.fill(0.25), lambda a, b: np.copyto(a, b),
]  # fmt: skip


def moves(rng, most):
    """Random steps: whether it writes, which it is, and on what."""
    return [(bool(rng.random() < 0.4), *rng.integers(0, 1000, 3).tolist()) for _ in range(rng.integers(2, most))]


def function_of(steps, results, holder):
    """A function that does these steps on what it has so far."""

    def function(x, y):
        known = [x, y, holder.weight]
        for writes, which, i, j in steps:
            a, b = known[i % len(known)], known[j % len(known)]
            if writes:
                WRITING[which % len(WRITING)](a, b)
            else:
                known.append(NEW[which % len(NEW)](a, b))
        holder.last = known[-1] if len(known) > 3 else known[0] + 1
        return tuple([known[i % len(known)] for i in results])

    return function


def shared(arrays):
    return [np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2)]


@pytest.mark.parametrize("seed", range(len(CHOICES)))
def test_random_programs_give_the_same_with_any_passes(seed):
    rng = np.random.default_rng(seed)
    check(moves(rng, 14), rng.integers(0, 1000, rng.integers(1, 4)).tolist(), CHOICES[seed % len(CHOICES)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_many_random_programs_give_the_same_with_any_passes(seed):
    rng = np.random.default_rng([1, seed])
    for passes in CHOICES:
        check(moves(rng, 25), rng.integers(0, 1000, rng.integers(1, 4)).tolist(), passes)


def check(steps, results, passes):
    mine, theirs = Holder(), Holder()
    function, step = function_of(steps, results, theirs), tg.compile(function_of(steps, results, mine), passes=passes)
    numbers, before = np.random.default_rng(0), []
    for _ in range(7):
        x, y = numbers.normal(size=(2, 4, 4))
        x, y, x2, y2 = x.copy(), y.copy(), x.copy(), y.copy()
        found, expected = step(x, y), function(x2, y2)
        for a, b in [*zip(found, expected, strict=True), (x, x2), (y, y2), (mine.last, theirs.last)]:
            assert a.tobytes() == b.tobytes()
        assert mine.weight.tobytes() == theirs.weight.tobytes()
        assert shared((*found, x, mine.weight, mine.last)) == shared((*expected, x2, theirs.weight, theirs.last))
        before.append((found, expected, mine.last, theirs.last))
    for found, expected, last, other in before:  # what was given is left alone by later calls
        assert [a.tobytes() for a in (*found, last)] == [a.tobytes() for a in (*expected, other)]


@pytest.mark.parametrize("seed", range(12))
def test_no_two_values_that_live_at_once_lie_at_the_same_place(seed):
    steps = moves(np.random.default_rng([2, seed]), 20)
    made = program(function_of(steps, [3, 5, 7], Holder()), np.ones((4, 4)), np.zeros((4, 4)))
    lives = {}
    for i, call in enumerate(made.calls):
        for value in (*call.inputs, *call.outputs):
            if value in made.memory and not value.storage.external:
                first, last, _ = lives.get(value.storage, (i, i, None))
                lives[value.storage] = min(first, i), max(last, i), made.memory[value]
    for (first, last, a), (second, end, b) in itertools.combinations(lives.values(), 2):
        assert min(last, end) <= max(first, second) or not np.shares_memory(a, b)


# Each alone -----------------------------------------------------------------------------------------------------------


def test_values_makes_new_values_of_what_is_written_in_place():
    def function(x):
        y = x + 1
        y *= 2
        np.subtract(y, x, out=y)
        return y

    made = program(function, X, passes=["values"])
    assert not any(call.writes for call in made.calls)
    assert [call.func for call in made.calls] == [np.add, np.multiply, np.subtract]


def test_values_leaves_alone_what_has_a_view_that_is_read_later():
    def function(x):
        y = x + 1
        view = y[1:]
        y *= 2
        return view + 0

    assert [len(call.writes) for call in program(function, X, passes=["values"]).calls] == [0, 0, 1, 0]


def test_constants_are_computed_once():
    def function(x):
        return x * np.arange(3.0, like=x) + np.zeros_like(x).T.sum(axis=None)

    assert names(function, X, passes=["constants"]) == ["multiply", "sum", "add"]


def test_constants_that_are_written_or_returned_are_made_anew():
    def function(x):
        zeros, ones = np.zeros_like(x), np.ones_like(x)
        zeros[0] = x[0]
        return zeros + x, ones

    assert {"zeros_like", "ones_like"} <= set(names(function, X, passes=["constants"]))


def test_common_computes_once_what_is_computed_twice():
    def function(x):
        return np.exp(x).sum() + np.exp(x).sum()

    assert sorted(names(function, X, passes=["common"])) == ["add", "exp", "sum"]


@pytest.mark.parametrize("name", ["common", "copies"])
def test_views_of_what_is_left_out_show_what_stands_for_it(name):
    """Else its memory would be given to others while a view is still read."""

    def function(x):
        y = x + 1
        z = y.copy() if name == "copies" else x + 1
        rows, (first, second) = np.flip(z, 0), np.split(z, 2)
        other = np.tanh(y) * 3
        return np.exp(other * 2) + rows, first + second

    made = program(function, X, passes=[name])
    views = [call for call in made.calls if call.func in (np.flip, np.split)]
    assert len(views) == 2 and all(call.is_view for call in views)
    step = tg.compile(function, passes=[name, "buffers"])
    for x in (X, X, X, X + 1, X * 2):
        for ours, theirs in zip(step(x), function(x), strict=True):
            assert ours.tobytes() == theirs.tobytes()


def test_what_einsum_is_given_second_is_no_array_to_write_into():
    constant = np.arange(6.0).reshape(2, 3)
    made = program(lambda x: np.einsum("ij,jk->ik", constant, x.T), X, passes=())
    assert not any(call.writes for call in made.calls)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.mean(x, 1, None, None, True) * 2, lambda x: np.var(x, 1, None, None, 1) * 2,
        lambda x: np.concatenate([x, x], dtype=np.float64) * 2, lambda x: np.stack([x, x], dtype=np.float64) * 2,
    ],
)  # fmt: skip
def test_what_cannot_be_given_memory_makes_its_own(function):
    step = tg.compile(function)
    for x in (X, X, X, X + 1, X * 2):
        assert step(x).tobytes() == function(x).tobytes()
    assert step._latest.history.replayed == 1


def _copied_by_name(x):
    y = np.empty_like(x)
    np.copyto(dst=y, src=x)
    return y * 2


@pytest.mark.parametrize("passes", [None, ()])
@pytest.mark.parametrize(
    "function",
    [
        _copied_by_name, lambda x: np.copy(a=x) * 2, lambda x: np.argmax(a=x, axis=0), lambda x: np.sum(a=x) + 1,
        lambda x: np.take(a=x, indices=[1, 0], axis=1) * 2, lambda x: np.nan_to_num(x=x + 1, copy=False) * 2,
        lambda x: np.take(axis=0, indices=np.argmax(x, axis=0), a=x), lambda x: np.dot(a=x, b=x.T),
    ],
)  # fmt: skip
def test_arguments_may_be_given_by_name(function, passes):
    step = tg.compile(function, passes=passes)
    for x in (X, X, X, X + 1, X * 2):
        assert step(x).tobytes() == function(x).tobytes()
    assert step._latest.history.replayed == 1


def test_a_constant_that_is_given_back_keeps_its_name():
    ones = np.ones((2, 2))
    step = tg.compile(lambda x: np.atleast_2d(x, ones)[0] * np.atleast_2d(x, ones)[1].sum())
    for x in (X, X, X, X + 1, X * 2):
        assert np.array_equal(step(x), x * 4)
    assert step._latest.history.replayed == 1


def test_common_minds_what_is_written_in_between():
    def function(x):
        y = x + 0
        before = np.exp(y[0])
        y[0] = 1
        return before + np.exp(y[0])

    assert names(function, X, passes=["common"]).count("exp") == 2


def test_common_gives_two_results_two_arrays():
    a, b = tg.compile(lambda x: (np.exp(x), np.exp(x)))(X)
    assert names(lambda x: (np.exp(x), np.exp(x)), X).count("exp") == 2 and a is not b


def test_conditions_are_asked_once_and_first():
    holder = Holder()

    def function(x):
        holder.weight += 1
        if (x > -9).all():
            holder.weight += 1
        return x + 1 if (x > -9).all() else x

    made = names(function, np.ones((4, 4)), passes=["common", "guards"])
    assert made.count(None) == 1 and made.index(None) < made.index("add")
    assert names(function, np.ones((4, 4)), passes=()).count(None) == 2


@pytest.mark.parametrize(
    "copy", [np.copy, np.conjugate, np.positive, lambda x: x * 1.0, lambda x: x / 1, lambda x: x.astype(float)]
)
def test_copies_that_nobody_sees_are_left_out(copy):
    assert names(lambda x: np.exp(copy(x + 1)), X, passes=["copies"]) == ["add", "exp"]
    assert names(lambda x: copy(x + 1), X, passes=["copies"]) == ["add"]
    assert len(names(lambda x: copy(x), X, passes=["copies"])) == 1  # what is given must not be the argument


def test_copies_of_what_is_written_later_stay():
    def function(x):
        y = x + 1
        copy = y.copy()
        y[0] = 0
        return copy - y

    assert "copy" in names(function, X, passes=["copies"])


def test_copies_in_another_order_stay():
    assert "copy" in names(lambda x: x.T.copy().ravel(), X, passes=["copies"])


def test_dead_leaves_out_what_nobody_reads():
    def function(x):
        scratch = np.empty_like(x)
        np.exp(x, out=scratch)
        (x.T + 1)[0] = 2
        return x + 1

    assert names(function, X, passes=["dead"]) == ["add"]


def test_dead_keeps_draws_writes_conditions_and_errors():
    holder, rng = Holder(), np.random.default_rng(0)

    def function(x, i):
        rng.normal(size=3)
        holder.weight[0] = 1
        x[i]
        x.take(indices=i)
        return x + 1 if (x > -9).all() else x

    found = names(function, X, np.array([1, 2]), passes=["dead"])
    assert {"normal", "setitem", "getitem", "take", None} <= set(found)


def test_scalars_have_the_dtype_that_numpy_gives_them():
    made = program(lambda x, n: (x * 0.1, n + 1, n > 2.5), X.astype(np.float32), np.arange(3, dtype=np.int8))
    found = {call.func: call.inputs[-1].data for call in made.calls}
    assert found[np.multiply].dtype == np.float32 and found[np.multiply] == np.float32(0.1)
    assert found[np.add].dtype == np.int8


def test_buffers_and_views_leave_nothing_to_allocate():
    def function(x):
        y = np.exp(x + 1).T
        return np.add.reduce(np.maximum(y.dot(x), 0.5), axis=None)

    made = program(function, X)
    assert all(value in made.memory for call in made.calls[:-1] for value in call.outputs)
    assert [call.func for call in made.calls if call.is_view] == []


def test_what_is_given_back_is_never_memory_of_the_program():
    step = tg.compile(lambda x: (np.exp(x), np.exp(x).T, x.sum(axis=0)))
    kept = [step(X + i) for i in range(6)]
    for i, results in enumerate(kept):
        assert np.array_equal(results[0], np.exp(X + i)) and np.array_equal(results[2], (X + i).sum(axis=0))


# Training -------------------------------------------------------------------------------------------------------------


DEEP = (4, 4, 1)


def updates(optimizer):
    """The program of a training step, from the first write into something from outside."""
    calls = program(training(optimizer, DEEP).step, X, Y).calls
    first = next(i for i, call in enumerate(calls) if any(value.storage.external for value in call.writes))
    return calls[first:]


@pytest.mark.parametrize(("optimizer", "calls"), [(tg.SGD, 1), (tg.Adam, 12)])
def test_all_parameters_are_updated_at_once(optimizer, calls):
    assert len([call for call in updates(optimizer) if isinstance(call.func, np.ufunc)]) == calls


def test_parameters_are_parts_of_one_buffer_and_arrays_as_before():
    twin = training(tg.Adam, DEEP)
    model, compiled = twin.model, tg.compile(twin.step)
    for _ in range(4):
        compiled(X, Y)
    bases = {id(p.data.base) for p in model.parameters()}
    assert len(bases) == 1 and id(None) not in bases
    assert [p.data.shape for p in model.parameters()] == [p.shape for p in model.parameters()]
    model.parameters()[0].data[...] = 1.0
    other = training(tg.Adam, DEEP)
    other.model.load_state_dict(model.state_dict())
    other.optimizer.load_state_dict(twin.optimizer.state_dict())
    assert compiled(X, Y).data == other.step(X, Y).data


def test_a_parameter_whose_array_somebody_holds_stays_where_it_is():
    twin = training(tg.SGD, DEEP)
    model, compiled = twin.model, tg.compile(twin.step)
    held, view = model.parameters()[0].data, model.parameters()[1].data[:2]
    for _ in range(6):
        compiled(X, Y)
    assert model.parameters()[0].data is held and model.parameters()[1].data.base is None
    assert np.shares_memory(view, model.parameters()[1].data)
    assert model.parameters()[2].data.base is not None


def test_gradients_lie_in_the_same_memory_until_somebody_keeps_one():
    twin = training(tg.SGD, DEEP)
    model, compiled = twin.model, tg.compile(twin.step)
    for _ in range(5):
        compiled(X, Y)
    p = model.parameters()[0]
    place, seen = p.grad.__array_interface__["data"][0], set()
    compiled(X, Y), compiled(X, Y)
    assert p.grad.__array_interface__["data"][0] == place
    for how in (lambda: p.grad, lambda: p.grad[0], lambda: p.grad.T, lambda: memoryview(p.grad)):
        kept = how()
        content = np.array(kept)
        compiled(X, Y)
        assert np.array_equal(np.asarray(kept), content)
        seen.add(p.grad.__array_interface__["data"][0])
    assert len(seen) > 1
    twin.optimizer.zero_grad()  # a gradient that was taken from its Tensor meanwhile
    kept = model.parameters()[2].grad
    compiled(X, Y)
    assert not np.shares_memory(kept, model.parameters()[2].grad)


@pytest.mark.parametrize("passes", CHOICES, ids=lambda passes: "all" if passes is None else f"{len(passes)}")
@pytest.mark.parametrize("optimizer", [pytest.param(tg.SGD, marks=pytest.mark.slow), tg.Adam])
def test_training_is_the_same_with_any_passes(optimizer, passes):
    run_twins(lambda: training(optimizer, DEEP), 8, inputs=lambda i: (X, Y), passes=passes)


@pytest.mark.parametrize(
    "passes",
    [
        pytest.param(pair, marks=() if pair == ("gradients", "pack") else pytest.mark.slow)
        for pair in itertools.combinations(PASSES, 2)
    ],
    ids=" and ".join,
)
def test_training_is_the_same_with_any_two_passes(passes):
    """Such as gradients and pack: there may be no gradient in memory of its own, so there is none to be looked at."""
    test_training_is_the_same_with_any_passes(tg.SGD, passes)


def test_a_pass_that_there_is_not():
    with pytest.raises(ValueError, match="there is no pass 'fuse'; passes are values"):
        tg.compile(np.exp, passes=["fuse"])


def test_parts_of_what_is_computed_of_all_parameters_at_once():
    def make():
        model = tg.MLP(3, [5, 2], rng=0)
        optimizer = tg.SGD(model.parameters(), lr=0.1)
        means = [p.data.copy() for p in model.parameters()]

        def step(x):
            loss = np.sum(model(x) ** 2)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            for mean, p in zip(means, model.parameters(), strict=True):
                mean *= 0.9
                mean += 0.1 * p.data

        return step, means

    for passes in (None, ["relocate", "pack"]):
        step, means = make()
        compiled, ours = make()
        compiled = tg.compile(compiled, passes=passes)
        for i in range(8):
            x = np.full((4, 3), 0.1 * i)
            step(x), compiled(x)
            assert all(a.tobytes() == b.tobytes() for a, b in zip(ours, means, strict=True))
