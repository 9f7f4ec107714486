"""What a compiled step reads and does beside its arguments: nothing of it is frozen without a word."""

import collections
import contextlib
import copy
import functools
import io
import itertools
import logging
import os
import threading
import time
from typing import ClassVar

import numpy as np
import pytest
from twins import require_same

import tensorgrad as tg
from tensorgrad import CompileError

X = np.array([1.0, 2.0, 3.0])


def follow(f, *changes, calls=5):
    """An AssertionError, if the compiled function isn't the function before and after each of these changes."""
    step = tg.compile(f)
    for change in (lambda: None, *changes):
        change()
        for _ in range(calls):
            require_same(step(X), f(X))
    assert "replayed" in step.explain()


class Settings:
    rate = 2.0
    shift = np.ones(3)


class Special(Settings):
    def scaled(cls, x):
        return x * cls.rate


def test_attributes_of_classes(monkeypatch):
    follow(
        lambda x: x * Settings.rate + Settings.shift,
        lambda: monkeypatch.setattr(Settings, "rate", 3.0),
        lambda: Settings.shift.__setitem__(0, 5.0),
        lambda: monkeypatch.setattr(Settings, "shift", np.zeros(3)),
    )


def test_inherited_attributes_of_classes(monkeypatch):
    follow(
        lambda x: x * Special.rate,
        lambda: monkeypatch.setattr(Settings, "rate", 3.0),
        lambda: monkeypatch.setattr(Special, "rate", 4.0, raising=False),
        lambda: monkeypatch.delattr(Special, "rate"),
    )
    object_of_it = Special()
    follow(
        lambda x: object_of_it.scaled(x),
        lambda: monkeypatch.setattr(Settings, "rate", 3.0),
        lambda: monkeypatch.setattr(Special, "rate", 4.0, raising=False),
    )


class Defaults:
    shift = 1.0
    weights = np.ones(3)


class Config(Defaults):
    scale = 1.0
    options: ClassVar = {"power": 1}

    @staticmethod
    def shifted(x):
        return x + Defaults.shift


@pytest.mark.parametrize(
    "change",
    [
        lambda: setattr(Config, "scale", 2.0), lambda: setattr(Defaults, "shift", 2.0),
        lambda: setattr(Config, "shift", 3.0), lambda: Config.options.update(power=2),
        lambda: setattr(Defaults, "weights", np.arange(3.0)), lambda: Defaults.weights.__setitem__(0, 5.0),
    ],
)  # fmt: skip
def test_a_class_in_which_all_is_read_and_one_thing_changes(change, monkeypatch):
    for kind, name in ((Config, "scale"), (Defaults, "shift"), (Defaults, "weights"), (Config, "options")):
        value = getattr(kind, name)
        monkeypatch.setattr(kind, name, value.copy() if hasattr(value, "copy") else value)

    def f(x):
        return Config.shifted(x) * Config.scale * Config.weights ** Config.options["power"] + Config.shift

    follow(f, change, calls=10)
    if "shift" in vars(Config):
        del Config.shift


def test_attributes_and_settings_of_objects():
    class Settings:
        scale, names = 2.0, ("a",)

        def __init__(self):
            self.shift, self.inner, self.flags = 1.0, {"k": [1, 2.5]}, {"relu"}

        def apply(self, x):
            y = x * self.scale + self.shift + self.inner["k"][1]
            return np.maximum(y, 0) if "relu" in self.flags else y

    settings = Settings()
    follow(
        lambda x: settings.apply(x),
        lambda: setattr(settings, "shift", 5.0), lambda: settings.inner["k"].__setitem__(1, 7.5),
        lambda: settings.flags.clear(), lambda: setattr(Settings, "scale", 0.5),
        lambda: setattr(settings, "scale", 4.0), lambda: settings.inner.update(k=[0, 0.5]),
    )  # fmt: skip


def test_a_method_of_the_class_that_is_compiled():
    class Scale:
        factor = 2.0

        @classmethod
        def scaled(cls, x):
            return x * cls.factor

    follow(Scale.scaled, lambda: setattr(Scale, "factor", 3.0))


def test_what_a_step_sets_in_a_class():
    class Mean:
        total = np.zeros(3)

    @tg.compile
    def step(x):
        Mean.total = Mean.total + x
        return Mean.total * 2

    for i in range(1, 20):
        require_same(step(X), 2 * i * X)
        require_same(Mean.total, i * X)


def test_defaults_attributes_and_code_of_functions():
    def inner(x, factor=2.0, *, shift=1.0):
        return x * factor * inner.scale + shift

    inner.scale = 1.5
    follow(
        lambda x: inner(x),
        lambda: setattr(inner, "__defaults__", (3.0,)),
        lambda: inner.__kwdefaults__.update(shift=5.0),
        lambda: setattr(inner, "scale", 7.0),
    )


def test_functions_that_are_read_again_from_their_file():
    def inner(x):
        return x * 2

    def edited(x):
        return x * 3

    follow(lambda x: inner(x), lambda: setattr(inner, "__code__", edited.__code__))


def test_what_functions_hold_that_are_wrapped():
    factor = 2.0

    def change():
        nonlocal factor
        factor += 1

    def f(x):
        return np.sum(x**2) * factor

    @functools.lru_cache
    def factors(n):
        return np.full(n, factor)

    def clear():
        change()
        factors.cache_clear()

    follow(tg.grad(f), change)
    follow(tg.vmap(lambda x: x * factor), change)
    follow(lambda x: tg.jacobian(lambda x: x * x * factor)(x), change)
    follow(lambda x: x * factors(3), clear)


def test_containers_of_all_kinds():
    queue, chosen, codes = collections.deque([1.0, 2.0, 3.0]), {"a"}, bytearray(b"ab")
    table, many = collections.UserDict(a=1.0), [1.0] * 2000
    follow(lambda x: x * queue[0], queue.rotate, lambda: queue.append(5.0))
    follow(lambda x: x * 2 if "b" in chosen else x, lambda: chosen.add("b"), lambda: chosen.remove("b"))
    follow(lambda x: x * 2 if "b" in chosen else x, lambda: chosen.symmetric_difference_update("ab"))
    follow(lambda x: x * codes[0], lambda: codes.__setitem__(0, 3))
    follow(lambda x: x * table["a"], lambda: table.update(a=2.0))
    follow(lambda x: x * many[7], lambda: many.__setitem__(7, 2.0))


def test_the_environment(monkeypatch):
    monkeypatch.setenv("FACTOR", "2")
    follow(lambda x: x * float(os.environ["FACTOR"]), lambda: monkeypatch.setenv("FACTOR", "3"))
    follow(lambda x: x * float(os.getenv("FACTOR", "1")), lambda: monkeypatch.delenv("FACTOR"))


class Thing:
    pass


def test_attributes_that_are_not_there_yet_and_names_that_are_computed():
    thing, number = Thing(), 0
    thing.w0, thing.w1 = 2.0, 3.0

    def switch():
        nonlocal number
        number = 1

    follow(
        lambda x: x * thing.k if hasattr(thing, "k") else x,
        lambda: setattr(thing, "k", 2.0), lambda: delattr(thing, "k"),
    )  # fmt: skip
    follow(
        lambda x: x * getattr(thing, f"w{number}"),
        lambda: setattr(thing, "w0", 5.0), switch, lambda: setattr(thing, "w1", 7.0),
    )  # fmt: skip


def test_attributes_that_a_step_sets_by_computed_names_or_in_one_branch():
    thing = Thing()

    @tg.compile
    def step(x):
        for j in range(2):
            setattr(thing, f"h{j}", x * j)
        if np.sum(x) > 50:
            thing.large = x * 5
        return x * 2

    for i in range(20):
        step(X * i)
        require_same(thing.h1, X * i)
        if i > 8:
            require_same(thing.large, X * i * 5)


def test_results_in_objects_hold_arrays_from_the_first_call_on():
    class Result:
        __slots__ = ("a", "b")

    @tg.compile
    def step(x):
        result = Result()
        result.a, result.b = x * 2, [{"c": (x * 3, x)}]
        return result, collections.deque([x * 4]), lambda: x * 5

    for _ in range(6):
        result, queue, give = step(X)
        require_same(result.a, X * 2)
        require_same(result.b[0]["c"][0], X * 3)
        require_same(queue[0], X * 4)
        require_same(give(), X * 5)


@pytest.mark.parametrize(
    "make", [itertools.count, lambda: itertools.cycle([1.0]), lambda: iter([1.0] * 9), lambda: (1.0 for _ in range(9))]
)
def test_an_iterator_that_goes_on_is_an_error(make):
    iterator = make()

    @tg.compile
    def step(x):
        next(iterator)
        return x * 2

    step(X)
    with pytest.raises(CompileError, match=r"goes on in an iterator, iterator.* next\(iterator\), and pass it"):
        step(X)


def test_an_iterator_as_an_argument_runs_as_it_is():
    iterator = iter(range(100))
    step = tg.compile(lambda x, it: x * next(it))
    for i in range(10):
        require_same(step(X, iterator), X * i)


def test_iterators_within_a_step_are_its_own():
    arrays = [np.ones(3), np.full(3, 2.0)]
    follow(
        lambda x: sum(x * w * i + next(iter(arrays)) for i, w in enumerate(arrays)),
        lambda: arrays.append(np.full(3, 5.0)),
    )


@pytest.mark.parametrize(
    "container, what",
    [(collections.deque(), ""), (set(), ""), (bytearray(), ""), ([], " the length of container from 1 to 2")],
    ids=lambda c: type(c).__name__,
)
def test_a_container_that_grows_is_an_error(container, what):
    def step(x):
        getattr(container, "append", getattr(container, "add", None))(len(container))
        return x * 2

    step = tg.compile(step)
    step(X)
    with pytest.raises(CompileError, match=f"the step changes{what}"):
        step(X)


def test_a_list_that_is_shuffled_is_an_error():
    rng, numbers = np.random.default_rng(0), [1.0, 2.0, 3.0]

    @tg.compile
    def step(x):
        rng.shuffle(numbers)
        return x * numbers[0]

    step(X)
    with pytest.raises(CompileError, match="shuffle changes a list, which a replay doesn't do; make it an array"):
        step(X)


def logs(path):
    logger = logging.getLogger("tensorgrad.test")
    logger.propagate, logger.handlers = False, [logging.NullHandler()]
    logger.warning("a message")


@pytest.mark.parametrize(
    "deed, what",
    [
        (lambda path: print("a step"), "prints"),
        (lambda path: time.perf_counter(), "reads the clock"),
        (lambda path: np.save(path, np.zeros(3)), "opens a file"),
        (lambda path: path.write_text("a"), "opens a file"),
        (logs, "logs a message"),
    ],
)
def test_what_is_not_repeated_is_warned_of_once(deed, what, tmp_path):
    def step(x):
        deed(tmp_path / "a.npy")
        return x * 2

    step = tg.compile(step)
    step(X)
    with pytest.warns(UserWarning, match=rf"{what} \(line \d+ of .*isn't repeated when .*: do that outside"):
        step(X)
    for _ in range(6):  # and no further warning
        require_same(step(X), X * 2)


def test_where_a_notebook_prints_is_no_part_of_the_step():
    code = """
class Out(io.StringIO):
    def write(self, text):
        self.buffer = io.StringIO()  # which is another one after each print
        return len(text)
"""
    variables = {"__name__": "ipykernel.iostream", "io": io}
    exec(code, variables)

    @tg.compile
    def step(x):
        print("a step")
        return x * 2

    with contextlib.redirect_stdout(variables["Out"]()):
        step(X)
        with pytest.warns(UserWarning, match="step prints"):
            step(X)
        for _ in range(4):
            require_same(step(X), X * 2)
    assert "replayed" in step.explain()


@pytest.mark.parametrize("save", [np.save, np.savez, np.savetxt])
def test_values_that_are_saved_within_the_step_are_an_error(save, tmp_path):
    step = tg.compile(lambda x: save(tmp_path / "a", x))
    step(X)
    with pytest.raises(
        CompileError, match=r"savez?(txt)? does something with a value inside the step.*do that outside"
    ):
        step(X)


def test_a_compiled_method():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @tg.compile
        def scaled(self, x, more=1.0):
            return x * self.factor * more

    two, three = Scale(2.0), Scale(3.0)
    for i in range(10):
        require_same(two.scaled(X), X * two.factor)
        require_same(three.scaled(X, more=2.0), X * 6)
        require_same(Scale.scaled(two, X), X * two.factor)
        two.factor += i == 5
    assert "replayed" in Scale.scaled.explain()


def double(x):
    return x * 2


def test_copies_of_a_compiled_function_are_compiled_anew():
    class Trainer:
        def __init__(self):
            self.weight = np.zeros(3)
            self.step = tg.compile(self.add)

        def add(self, x):
            self.weight += x
            return self.weight * 2

    first = Trainer()
    for _ in range(5):
        first.step(X)
    second = copy.deepcopy(first)
    for i in range(1, 8):
        require_same(second.step(X), 2 * (5 + i) * X)
    require_same(first.weight, 5 * X)
    step = copy.copy(first.step)
    require_same(step(X), 12 * X)
    assert "1 call: 1 watched" in step.explain()


def test_a_recording_waits_for_calls_of_other_threads():
    weights, results = [np.zeros(3) for _ in range(2)], []
    inside, go_on = threading.Event(), threading.Event()

    def first(x):
        thread.start()
        inside.wait(5)

    def beside(x):
        inside.set()
        go_on.wait(0.3)

    meanwhile = {0: first, 1: beside}

    @tg.compile
    def step(x, i=0):
        meanwhile[i](x)
        weights[i] += x
        return weights[i] * 1

    def call():
        try:
            results.append(step(X, 1))
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=call)
    step(X)  # while it goes on, the other one begins
    meanwhile[0] = lambda x: (go_on.set(), thread.join(0.3))
    meanwhile.update(meanwhile)
    step(X)  # is recorded, or watched again
    step(X)
    thread.join()
    require_same(results[0], X)
    assert type(weights[1]) is np.ndarray
    require_same(weights[0], 3 * X)


def test_gradients_of_tensors_among_the_results():
    model = tg.MLP(3, [4, 1], rng=0)

    def f(x):
        hidden = model(x)
        loss = np.sum(hidden**2)
        for p in model.parameters():
            p.grad = None
        loss.backward()
        return loss, [hidden]

    step = tg.compile(f)
    kept = []
    for i in range(12):
        (loss, [hidden]), (expected, [inner]) = step(X * i), f(X * i)
        for ours, theirs in ((loss, expected), (hidden, inner)):
            require_same(ours.data, theirs.data)
            require_same(ours.grad, theirs.grad)
            kept.append((ours, theirs))
    for ours, theirs in kept:
        require_same(ours.grad, theirs.grad)
    assert "replayed" in step.explain()
