"""compile's loops over blocks and its stacks give the same bits as the step itself."""

import functools
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import require_same

import tensorgrad as tg
from tensorgrad.replay.compiled import Compiled
from tensorgrad.replay.passes import PASSES
from tensorgrad.replay.passes.blocks import Loop, blocks
from tensorgrad.replay.passes.stack import stack


def small_blocks(program):
    return blocks(program, least=50, block=8 * 16)


def small_stack(program):
    return stack(program, fewest=3)


SMALL = {"blocks": small_blocks, "stack": small_stack}


def compiled(function, names=None):
    """The function with these passes, which take small arrays for large ones; all of them if there are no names."""
    return Compiled(
        function, [SMALL.get(name, func) for name, func in PASSES.items() if names is None or name in names]
    )


def functions_of(step):
    """The functions that the program calls that was replayed last."""
    return [
        getattr(call.func, "__name__", "") for call in step._latest.replays[0].program.calls if hasattr(call, "func")
    ]


def loops_of(step):
    return [call for call in step._latest.replays[0].program.calls if isinstance(call, Loop)]


def require_equal(function, make, names=None, calls=5):
    """The compiled function, which gives what the function itself gives, and changes its arguments as that does."""
    step = compiled(function, names)
    for i in range(calls):
        ours, theirs = make(i), make(i)
        require_same(step(*ours), function(*theirs))
        require_same(ours, theirs)
    assert step._latest.replays, step._latest.unsuited
    return step


# Blocks ---------------------------------------------------------------------------------------------------------------


def chain(a, b):
    c = np.exp(-(a * a)) / (1 + abs(b))
    return c * b, (c + a).sum()


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("n", [49, 50, 51, 63, 64, 65, 1000])
@pytest.mark.parametrize("names", [["blocks"], None])
def test_a_chain_runs_in_blocks_of_any_length(n, dtype, names):
    step = require_equal(chain, lambda i: [*np.random.default_rng(i).normal(size=(2, n)).astype(dtype)], names)
    assert len(loops_of(step)) == (n >= 50)


def test_the_defaults_cut_large_arrays_only():
    for n, count in ((299_999, 0), (300_000, 1)):
        step = Compiled(chain, [blocks])
        arrays = [*np.random.default_rng(0).normal(size=(2, n))]
        for _ in range(3):
            result = step(*arrays)
        require_same(result, chain(*arrays))
        assert len(loops_of(step)) == count


def test_what_nobody_reads_outside_has_the_length_of_a_block():
    step = require_equal(chain, lambda i: [*np.random.default_rng(i).normal(size=(2, 100))], ["blocks"])
    sizes = [call.args[0] for call in step._latest.replays[0].program.calls if getattr(call, "func", None) is np.empty]
    assert sorted(sizes) == [(16,), (16,), (100,), (100,)]


SHAPES = [
    ((7, 20), (20,)),
    ((7, 20), (7, 1)),
    ((7, 20), ()),
    ((3, 200), (200,)),
    ((200, 1), (200, 5)),
    ((2, 100, 3), (100, 1)),
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("order", "CF")
def test_operands_are_broadcast(shapes, order):
    def function(a, b):
        return np.tanh(a * b + 1) * a - b / 3

    def make(i):
        rng = np.random.default_rng(i)
        return [np.asarray(rng.normal(size=shape), order=order) for shape in shapes]

    step = require_equal(function, make, ["blocks"])
    assert len(loops_of(step)) == 1


def test_what_is_written_in_place_is_cut_too():
    def function(a, b):
        a *= 2
        b -= a * 0.5
        np.maximum(a, b, out=a)
        return a + b

    for names in (["blocks"], None):
        step = require_equal(function, lambda i: [*np.random.default_rng(i).normal(size=(2, 100))], names)
        assert len(loops_of(step)) >= (names is not None)


@pytest.mark.parametrize("view", [lambda a: a[::-1], lambda a: a.reshape(10, 10).T.reshape(10, 10)[::-1].ravel()[:100]])
def test_a_view_that_other_blocks_lie_in_ends_the_chain(view):
    def function(a):
        b = a * 2
        b += 1
        c = view(b) * 3
        b *= c
        return b + c, view(b) - c

    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=100)], ["blocks"])


def test_square_views_are_told_apart():
    def function(a):
        b = np.exp(a)
        b += b.T
        b *= b.T * 2
        return b - b.T, b[:, None] * 2

    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=(10, 10))], ["blocks"])


def test_arguments_that_share_memory():
    def function(a, b):
        a *= 2
        a += 1
        return a * b, b - a

    def make(i):
        memory = np.random.default_rng(i).normal(size=101)
        return [memory[1:], memory[:-1]] if i % 2 else [memory[:-1], memory[1:].copy()]

    require_equal(function, make, ["blocks"], calls=8)


def test_other_functions_of_single_elements():
    def function(a, b):
        c = np.where(a > b, a, b.astype(np.float32))
        d = np.clip(c, -1, 1).copy()
        d[...] = d * d
        np.copyto(d, c + d)
        e = np.zeros_like(a)
        e += d
        return np.where(e > 0, e, c), np.full_like(a, 2) * e

    step = require_equal(function, lambda i: [*np.random.default_rng(i).normal(size=(2, 100))], ["blocks"])
    assert len(loops_of(step)) == 1


def test_a_condition_stands_between():
    def function(a):
        b = np.exp(a) * 2
        if (b > 1000).any():
            return b - a
        b *= 2
        return b + a

    require_equal(
        function, lambda i: [np.random.default_rng(i).normal(size=100) * (1 + 9 * (i % 3))], ["blocks"], calls=12
    )


def test_gradients_and_errstate():
    def function(a, b):
        with np.errstate(divide="ignore", invalid="ignore"):
            f = tg.value_and_grad(lambda a, b: np.log(a / b + np.sqrt(a * a)).sum(), argnum=(0, 1))
            return f(a, b)

    for names in (["blocks"], None):
        step = require_equal(function, lambda i: [*np.random.default_rng(i).uniform(0, 1, (2, 100)).round(1)], names)
        assert loops_of(step)


UNARY = [np.tanh, np.exp, np.negative, np.square, lambda a: a * 0.5, lambda a: 1 / (2 + a), lambda a: a.copy(), np.sin]
BINARY = [np.add, np.multiply, np.subtract, np.arctan2, lambda a, b: np.where(a > b, a, b), np.maximum]
VIEWS = [lambda a: a[::-1], lambda a: a.T, lambda a: a[:, None][:, 0], lambda a: a.reshape(-1).reshape(a.shape)]
INTO = [lambda a, b: operator.iadd(a, b), lambda a, b: np.minimum(a, b, out=a), lambda a, b: np.copyto(a, b)]


@st.composite
def programs(draw):
    """Functions of three square arrays: elementwise, through views, in place and with sums in between."""
    steps = []
    for i in range(draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(["unary", "binary", "binary", "view", "into", "sum"]))
        x, y = draw(st.integers(0, i + 2)), draw(st.integers(0, i + 2))
        steps.append((kind, draw(st.integers(0, 7)), x, y))
    results = draw(st.lists(st.integers(0, len(steps) + 2), min_size=1, max_size=3))
    return steps, results


def run(steps, results, *arrays):
    values = [*arrays]
    for kind, number, x, y in steps:
        a, b = values[x], values[y]
        if kind == "unary":
            values.append(UNARY[number](a))
        elif kind == "binary":
            values.append(BINARY[number % 6](a, b))
        elif kind == "view":
            values.append(VIEWS[number % 4](a))
        elif kind == "into":
            INTO[number % 3](a, b)
            values.append(a)
        else:
            values.append(a * (b.sum(axis=0) / 10))
    return tuple([values[i].copy() for i in results])


def check_program(program, passes):
    steps, results = program

    def make(i):
        return [*np.random.default_rng(i).normal(size=(3, 9, 9))]

    with np.errstate(all="ignore"):
        require_equal(functools.partial(run, steps, results), make, passes, calls=4)


@settings(max_examples=15, deadline=None)
@given(programs())
def test_random_chains(program):
    check_program(program, ["blocks"])


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(programs())
def test_many_random_chains(program):
    for passes in (["blocks"], ["stack", "blocks"], None):
        check_program(program, passes)


ELEMENTWISE = [
    u for u in vars(np).values() if isinstance(u, np.ufunc) and not u.signature and u.nout == 1
]  # fmt: skip


@pytest.mark.parametrize("ufunc", dict.fromkeys(ELEMENTWISE), ids=lambda u: u.__name__)
def test_ufuncs_give_the_same_bits_for_parts_of_arrays(ufunc):
    rng = np.random.default_rng(0)
    for kinds in {kinds.split("->")[0] for kinds in ufunc.types} & {
        "d",
        "f",
        "dd",
        "ff",
        "D",
        "DD",
        "l",
        "ll",
        "di",
        "fi",
    }:
        arrays = [rng.normal(size=1003) * 3 for _ in kinds]
        arrays = [a.astype(np.dtype(kind)) for a, kind in zip(arrays, kinds, strict=True)]
        if "power" in ufunc.__name__ or "shift" in ufunc.__name__:
            arrays[-1] = abs(arrays[-1])
        with np.errstate(all="ignore"):
            whole = ufunc(*arrays)
            for start, stop in ((0, 512), (512, 1003), (1, 8), (3, 4), (7, 776)):
                part = ufunc(*[a[start:stop] for a in arrays])
                assert part.tobytes() == whole[start:stop].tobytes() or np.array_equal(
                    part, whole[start:stop], equal_nan=True
                )
            for k, array in enumerate(arrays):
                if array.dtype == whole.dtype:
                    copies = [a.copy() for a in arrays]
                    assert np.array_equal(ufunc(*copies, out=copies[k]), whole, equal_nan=whole.dtype.kind in "fc")


# Stacks ---------------------------------------------------------------------------------------------------------------


def network(steps=12, batch=4, inputs=3, width=5, dtype=np.float64, cell="tanh", axis=0):
    """A recurrent network of its own making, an optimiser and the step that trains it."""
    rng = np.random.default_rng(0)
    shapes = [(inputs, width), (width, width), (width,), (inputs, width), (width, width), (width, 1)]
    params = [tg.Tensor((rng.normal(size=shape) / 2).astype(dtype)) for shape in shapes]
    Wx, Wh, b, Vx, Vh, out = params
    optimizer = tg.optim.SGD(params, lr=0.01)

    def step(X, Y):
        h = np.zeros((batch, width), dtype)
        for t in range(X.shape[axis]):
            x = X[t] if axis == 0 else X[:, t]
            new = np.tanh(x @ Wx + h @ Wh + b)
            if cell == "gate":
                gate = 1 / (1 + np.exp(-(x @ Vx + h @ Vh)))
                new = gate * new + (1 - gate) * h
            h = new
        loss = tg.mse_loss(h @ out, Y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        return loss

    def make(i):
        rng = np.random.default_rng(i)
        X = rng.normal(size=(steps, batch, inputs)).astype(dtype)
        return [X if axis == 0 else np.ascontiguousarray(X.swapaxes(0, 1)), rng.normal(size=(batch, 1)).astype(dtype)]

    return step, params, make


NETWORKS = [
    {}, {"cell": "gate"}, {"dtype": np.float32}, {"axis": 1}, {"width": 1}, {"inputs": 1}, {"batch": 1}, {"steps": 3},
    {"steps": 40, "batch": 16, "inputs": 8, "width": 32}, {"cell": "gate", "axis": 1, "dtype": np.float32, "steps": 30},
]  # fmt: skip


ALONE, SOME = ["stack"], ["values", "common", "copies", "stack", "dead", "views"]
QUICK = [(NETWORKS[0], None), (NETWORKS[2], ALONE), (NETWORKS[4], SOME), (NETWORKS[7], None)]
MORE = [(options, names) for options in NETWORKS for names in (None, ALONE, SOME) if (options, names) not in QUICK]


@pytest.mark.parametrize(
    ("options", "names"), [*QUICK, *[pytest.param(*pair, marks=pytest.mark.slow) for pair in MORE]]
)
def test_recurrent_networks(options, names):
    ours, our_params, make = network(**options)
    theirs, their_params, _ = network(**options)
    step = compiled(ours, names)
    for i in range(6):
        require_same(step(*make(i)), theirs(*make(i)))
        for p, q in zip(our_params, their_params, strict=True):
            require_same(p, q)
            require_same(p.grad, q.grad)
    assert step._latest.replays


def test_products_and_derivatives_of_all_steps_are_one_call():
    function, _, make = network(steps=12)
    step = compiled(function)
    for i in range(4):
        step(*make(i))
    names = functions_of(step)
    assert names.count("tanh") == 12
    assert names.count("subtract") < 12  # 1 - h**2, and those of the updates
    assert names.count("matmul") + names.count("dot") < 2 * 12 + 10  # one a step forward, and one backward
    assert names.count("add.reduce") >= 3


def test_stacks_of_what_is_written_later_or_given_out():
    def function(a):
        rows = [np.exp(a[i]) for i in range(5)]
        rows[2] += 1
        squares = [row * row for row in rows]
        squares[1][...] = 0
        total = squares[0] + squares[1]
        for square in squares[2:]:
            total = total + square
        return rows[3], squares[4], total

    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=(5, 4, 3))], ["stack"])
    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=(5, 4, 3))])


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 1), (3, 1), (7,), (4, 5)])
def test_sums_keep_their_order(shape):
    def function(a):
        total = np.exp(a[0])
        for i in range(1, 20):
            total = total + np.exp(a[i])
        return total

    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=(20, *shape)) * 9], ["stack"])
    require_equal(function, lambda i: [np.random.default_rng(i).normal(size=(20, *shape)) * 9])


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1), slice(None, None, 2), slice(10, 2, -3)])
def test_rows_in_other_orders(order):
    def function(a, w):
        hs = [np.tanh(x @ w) for x in a]
        gs = [2 - h * h for h in hs[order]]
        return [np.sum(h.T @ g) for h, g in zip(hs[order], gs, strict=True)]

    def make(i):
        rng = np.random.default_rng(i)
        return [rng.normal(size=(12, 4, 3)), rng.normal(size=(3, 3))]

    require_equal(function, make, ["stack"])
    require_equal(function, make)


def test_a_write_between_keeps_calls_apart():
    def function(a, w):
        results = []
        for i in range(6):
            results.append(a[i] @ w)
            w *= 1.5
        return results

    def make(i):
        rng = np.random.default_rng(i)
        return [rng.normal(size=(6, 4, 3)), rng.normal(size=(3, 3))]

    require_equal(function, make, ["stack"])


BODY = [
    lambda a, b: a @ b, lambda a, b: np.tanh(a), lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a.T,
    lambda a, b: 1 - a * a, lambda a, b: a.T @ b,
]  # fmt: skip
BODIES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4)


def recurrence(body, X, w):
    """The last state of a recurrence whose steps are made of these calls, and a sum over all steps."""
    kept, h = [], X[0]
    for x in X:
        values = [x, h, w]
        for kind, i, j in body:
            values.append(BODY[kind](values[i % len(values)], values[j % len(values)]))
        h = np.tanh(values[-1])
        kept.append(values[-1])
    total = kept[0]
    for part in kept[1:]:
        total = total + part
    return h, total


def check_recurrence(body, steps):
    def make(i):
        rng = np.random.default_rng(i)
        return [rng.normal(size=(steps, 4, 4)), rng.normal(size=(4, 4))]

    with np.errstate(all="ignore"):
        for names in (["stack"], None):
            require_equal(functools.partial(recurrence, body), make, names, calls=4)


@settings(max_examples=6, deadline=None)
@given(BODIES, st.integers(3, 6))
def test_random_recurrences(body, steps):
    check_recurrence(body, steps)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(BODIES, st.integers(3, 9))
def test_many_random_recurrences(body, steps):
    check_recurrence(body, steps)
