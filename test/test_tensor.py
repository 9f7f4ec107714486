"""The contract of Tensor, its points numbered from 3.1 to 3.10; then the traps that other engines fell into."""

import asyncio
import copy
import gc
import operator
import pickle
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tensorgrad as tg
from tensorgrad import Tensor, derivative, enable_grad, no_grad
from tensorgrad.derivatives import COMPOSED, CONSTANT, OWN, TABLE, each

RNG = np.random.default_rng(0)


def slope(f, x, eps=1e-6):
    """The gradient of sum(f(x)) by central differences."""
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (np.sum(f(up)) - np.sum(f(down))) / (2 * eps)
    return g


def grads(f, *arrays, retain_graph=True):
    """f of Tensors of the arrays, and their gradients."""
    tensors = [Tensor(a) for a in arrays]
    y = f(*tensors)
    y.backward(retain_graph=retain_graph)
    return y, *(t.grad for t in tensors)


# Functions of two outputs, and ones whose rules hand over arrays that are not theirs to give
double_and_transpose = derivative(lambda x: (x * 2, x.T), lambda g, y, x: g[0] * 2 + g[1].T)
K = np.full((3, 3), 2.0)
times_captured = derivative(lambda x: x * 2, lambda g, y, x: K)
hands_out_its_argument = derivative(lambda x: x * x / 2, lambda g, y, x: x)
hands_out_its_output = derivative(lambda x: np.exp(x), lambda g, y, x: y)
returns_its_argument = derivative(lambda x: x, lambda g, y, x: g)

# One step of a random program on matrices of shape (3, 3): views, copies, broadcasting, several outputs, odd rules
STEPS = {
    "add": lambda a, b: a + b,
    "twice": lambda a, b: a + a,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "square": lambda a, b: a * a,
    "divide": lambda a, b: a / (b * b + 1),
    "matmul": lambda a, b: a @ b / 3,
    "tanh": lambda a, b: a.tanh(),
    "exp": lambda a, b: np.exp(a * 0.1),
    "maximum": lambda a, b: np.maximum(a, b),
    "where": lambda a, b: np.where(a > 0, a, b),
    "positive": lambda a, b: +a,
    "transpose": lambda a, b: a.T,
    "reshape": lambda a, b: a.reshape(9).reshape(3, 3),
    "flip": lambda a, b: a[::-1],
    "swapaxes": lambda a, b: np.swapaxes(a, 0, 1),
    "real": lambda a, b: np.real(a),
    "copy": lambda a, b: np.copy(a),
    "squeeze": lambda a, b: np.squeeze(np.expand_dims(a, 0)),
    "row": lambda a, b: a[:1] + b,
    "column": lambda a, b: a[:, :1] * b,
    "vector": lambda a, b: a[1] + b,
    "repeated": lambda a, b: a[[0, 0, 2]],
    "broadcast": lambda a, b: np.broadcast_to(a[0], (3, 3)),
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]),
    "stack": lambda a, b: np.stack([a, b]).sum(axis=0),
    "mean": lambda a, b: a.mean() + b,
    "centre": lambda a, b: a - b.mean(axis=0, keepdims=True),
    "einsum": lambda a, b: np.einsum("ij,kj->ik", a, b) / 3,
    "power": lambda a, b: a**2 / 4,
    "softmax": lambda a, b: tg.softmax(a),
    "constant": lambda a, b: a * K + 1.0,
    "outputs": lambda a, b: double_and_transpose(a)[0] + double_and_transpose(b)[1],
    "one of two": lambda a, b: double_and_transpose(a)[1],
    "captured": lambda a, b: times_captured(a),
    "argument": lambda a, b: hands_out_its_argument(a),
    "output": lambda a, b: hands_out_its_output(a * 0.1),
    "identity": lambda a, b: returns_its_argument(a),
}
programs = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12
)


def run(program):
    """All Tensors of a program: two leaves, then one for each step. The last depends on the last three."""
    tensors = [Tensor(np.random.default_rng(i).uniform(-1, 1, (3, 3)), name=f"leaf {i}") for i in range(2)]
    for name, i, j in program:
        tensors.append(STEPS[name](tensors[i % len(tensors)], tensors[j % len(tensors)]))
    return [*tensors, sum(tensors[-3:]).sum()]


# 3.1 A Tensor is floating --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_3_1_float_data_keeps_its_dtype_and_is_not_copied(dtype):
    data = np.ones((2, 3), dtype)
    t = Tensor(data)
    assert t.data is data and t.dtype == dtype and t.grad.dtype == dtype
    assert Tensor(dtype(1)).dtype == dtype


@pytest.mark.parametrize(
    "data", [1, True, [1, 2], [[True, False]], (1, 2), np.arange(3), np.ones(2, bool), np.uint8(3), []]
)
def test_3_1_ints_bools_and_lists_become_float64(data):
    t = Tensor(data)
    assert type(t.data) is np.ndarray and t.dtype == np.float64
    np.testing.assert_array_equal(t.data, np.asarray(data, np.float64))


def test_3_1_lists_of_floats_become_float64():
    assert Tensor([1.5, 2]).dtype == np.float64
    assert Tensor(1.5).shape == ()


SAME_DTYPE = {
    "x + 1.0": lambda x: x + 1.0,
    "1 + x": lambda x: 1 + x,
    "x * 2.5": lambda x: x * 2.5,
    "2.5 - x": lambda x: 2.5 - x,
    "x / 3": lambda x: x / 3,
    "3 / x": lambda x: 3 / x,
    "x ** 2": lambda x: x**2,
    "x ** 0.5": lambda x: x**0.5,
    "2.0 ** x": lambda x: 2.0**x,
    "x % 2": lambda x: x % 2,
    "x + True": lambda x: x + True,
    "x @ x": lambda x: x @ x,
    "maximum": lambda x: np.maximum(x, 0.5),
    "exp2": np.exp2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "arctan2": lambda x: np.arctan2(x, 2.0),
    "logaddexp": lambda x: np.logaddexp(x, 1.0),
    "degrees": np.degrees,
    "sinc": np.sinc,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=0),
    "std": lambda x: x.std(),
    "var": lambda x: x.var(axis=1, keepdims=True),
    "max": lambda x: x.max(axis=1),
    "prod": lambda x: x.prod(),
    "cumsum": lambda x: x.cumsum(axis=0),
    "cumprod": lambda x: x.cumprod(axis=0),
    "where": lambda x: np.where(x > 1, x, 0.0),
    "clip": lambda x: x.clip(0.5, 1.5),
    "take": lambda x: x[[0, 0]],
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "concatenate": lambda x: np.concatenate([x, x]),
    "relu": lambda x: x.relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "softplus": tg.softplus,
    "gelu": tg.gelu,
    "silu": tg.silu,
    "softmax": tg.softmax,
    "log_softmax": tg.log_softmax,
    "logsumexp": tg.logsumexp,
    "mse_loss": lambda x: tg.mse_loss(x, np.zeros(x.shape, np.float32)),
    "sigmoid_cross_entropy": lambda x: tg.sigmoid_cross_entropy(x, np.ones(x.shape, np.float32)),
    "softmax_cross_entropy": lambda x: tg.softmax_cross_entropy(x, [0, 1]),
}


NEED_AXES = {"x @ x", "mean", "var", "max", "cumsum", "cumprod", "take", "einsum", "concatenate"}
NEED_AXES |= {name for name in SAME_DTYPE if "softmax" in name}


@pytest.mark.parametrize("name, shape", [(n, s) for n in SAME_DTYPE for s in [(2, 2), ()] if s or n not in NEED_AXES])
def test_3_1_float32_stays_float32_beside_python_scalars(name, shape):
    x = Tensor(np.full(shape, 1.25, np.float32))
    y = SAME_DTYPE[name](x)
    assert type(y.data) is np.ndarray and y.dtype == np.float32
    y.backward()
    assert type(x.grad) is np.ndarray and x.grad.dtype == np.float32 and x.grad.shape == x.shape
    assert y.grad.dtype == np.float32


def test_3_1_every_gradient_has_the_dtype_of_its_tensor():
    a, b = Tensor(np.ones(3, np.float32)), Tensor(np.ones(3))
    (a * b + a).sum().backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64
    np.testing.assert_array_equal(a.grad, [2, 2, 2])


def test_3_1_plain_arrays_are_constants_and_cost_no_gradient():
    evaluated = []
    product = derivative(
        lambda a, b: a * b,
        lambda g, y, a, b: (evaluated.append("a"), g * b)[1],
        lambda g, y, a, b: (evaluated.append("b"), g * a)[1],
    )
    x, w = np.ones(3), Tensor(np.ones(3))
    product(x, w).backward()
    assert evaluated == ["b"]
    product(Tensor(x, requires_grad=False), w).backward()
    assert evaluated == ["b", "b"]
    assert product(x, x) is not x and type(product(x, x)) is np.ndarray


def test_3_1_a_tensor_in_the_place_of_a_constant_gets_no_gradient():
    condition, a, b = Tensor([1.0, 0.0]), np.array([1.0, 2.0]), Tensor([3.0, 4.0])
    chosen = np.where(condition, a, a * 10)
    assert type(chosen) is np.ndarray and chosen.tolist() == [1, 20]
    fixed = np.where(condition, b.detach(), a)
    assert type(fixed) is Tensor and not fixed.requires_grad and fixed.tolist() == [3, 2]
    y = np.where(condition, b, a)
    y.backward()
    assert b.grad.tolist() == [1, 0] and condition.grad.tolist() == [0, 0]


def test_3_1_what_is_computed_from_constants_is_not_recorded():
    c = Tensor([1.0], requires_grad=False)
    y = np.exp(c * 2 + np.ones(1))
    assert not y.requires_grad and y.parents == ()


def test_3_1_comparisons_and_questions_give_plain_arrays():
    t, u = Tensor([1.0, 3.0]), Tensor([2.0, 2.0])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for a, b in (
            (t, u),
            (t, 2),
            (2, t),
            (t, u.data),
            (t.data, u),
            (t, np.float64(2)),
            (np.float64(2), t),
            (t, [2, 2]),
        ):
            result = compare(a, b)
            assert type(result) is np.ndarray and result.dtype == bool
            np.testing.assert_array_equal(result, compare(np.asarray(a), np.asarray(b)))
    assert type(t.argmax()) is not Tensor and t.argmax() == 1
    assert type(np.argsort(t)) is np.ndarray and type(np.isnan(t)) is np.ndarray


# 3.2 Gradients are arrays that are filled in place -------------------------------------------------------------------


def test_3_2_a_gradient_read_before_backward_is_filled():
    a, b = Tensor(RNG.random((2, 3))), Tensor(RNG.random((2, 3)))
    c = a + b
    L = (c * a).sum()
    before = {t: t.grad for t in (a, b, c, L)}
    assert all((g == 0).all() and g.shape == t.shape and g.dtype == t.dtype for t, g in before.items())
    L.backward()
    assert all(t.grad is g for t, g in before.items())
    np.testing.assert_allclose(before[a], 2 * a.data + b.data)
    np.testing.assert_allclose(before[b], a.data)
    np.testing.assert_allclose(before[c], a.data)
    L.backward()
    assert all(t.grad is g for t, g in before.items())
    np.testing.assert_allclose(before[b], 2 * a.data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_3_2_the_gradient_of_a_single_number_is_a_0d_array(dtype):
    for f in (
        lambda x: x * x,
        lambda x: x + x,
        lambda x: x * 2.0 + x,
        lambda x: x,
        lambda x: x.sum() + x.reshape(1)[0],
    ):
        x = Tensor(dtype(3))
        g = x.grad
        y = f(x)
        y.backward()
        y.backward(dtype(1))
        assert type(g) is np.ndarray and x.grad is g and g.shape == () and g.dtype == dtype and g != 0
        fresh = Tensor(dtype(3))
        f(fresh).backward(dtype(1))
        assert type(fresh.grad) is np.ndarray and fresh.grad.shape == () and fresh.grad.dtype == dtype


def test_3_2_a_gradient_can_be_set_scaled_and_cleared():
    p = Tensor([1.0, 2.0])
    p.grad = np.array([3.0, 4.0])
    g = p.grad
    p.grad *= 0.5
    assert p.grad is g
    np.testing.assert_array_equal(p.grad, [1.5, 2.0])
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, [3.5, 6.0])
    p.zero_grad()
    np.testing.assert_array_equal(p.grad, [0, 0])
    np.testing.assert_array_equal(g, [3.5, 6.0])  # what was read keeps its values
    p.grad = None
    np.testing.assert_array_equal(p.grad, [0, 0])
    p.grad = np.broadcast_to(1.0, 2)  # read-only
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, [3, 5])


# 3.3 Everybody has a gradient, and it is their own -------------------------------------------------------------------


def test_3_3_every_tensor_of_the_example_has_its_gradient():
    torch = pytest.importorskip("torch")
    arrays = [RNG.random(s) for s in ((2, 3), (2, 3), (3, 4), (4,))]

    def forward(a, b, g, i, relu):
        c = a + b
        d = a * b + b**3
        e = c + d
        f = e**2 / 4
        h = f @ g
        j = h + relu(i)
        k = j.tanh()
        return a, b, c, d, e, f, g, h, i, j, k, k.sigmoid()

    ours = forward(*map(Tensor, arrays), Tensor.relu)
    ours[-1].backward()
    theirs = forward(*(torch.tensor(a, requires_grad=True) for a in arrays), torch.relu)
    for t in theirs:
        t.retain_grad()
    theirs[-1].backward(torch.ones(2, 4, dtype=torch.float64))
    for t, u in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(t.grad, u.grad.numpy(), rtol=1e-12)


@given(programs)
@settings(max_examples=150, deadline=None)
def test_3_3_no_gradient_shares_memory_with_another_or_with_data(program):
    captured = K.copy()
    tensors = run(program)
    tensors[-1].backward()
    tensors[-1].backward()
    gradients = [t.grad for t in tensors]
    for i, g in enumerate(gradients):
        assert g.flags.writeable and not np.may_share_memory(g, K)
        assert not any(np.may_share_memory(g, t.data) for t in tensors)
        assert not any(np.may_share_memory(g, h) for h in gradients[:i] if h is not g) or g.size == 0
    assert len({id(g) for g in gradients}) == len({id(t) for t in tensors})
    np.testing.assert_array_equal(K, captured)


@given(programs)
@settings(max_examples=100, deadline=None)
def test_3_3_gradients_with_a_graph_of_their_own_are_nobody_elses_either(program):
    plain, tensors = run(program), run(program)
    plain[-1].backward()
    tensors[-1].backward(create_graph=True)
    assert type(tensors[-1].grad) is Tensor
    gradients = [np.asarray(t.grad) for t in {id(t): t for t in tensors}.values()]
    for i, g in enumerate(gradients):
        assert not any(np.may_share_memory(g, t.data) for t in tensors)
        assert not any(np.may_share_memory(g, h) for h in gradients[:i])
    for t, p in zip(tensors, plain, strict=True):
        np.testing.assert_allclose(t.grad, p.grad, rtol=1e-13, atol=1e-15)
    tensors[-1].backward()
    for t, p in zip(tensors, plain, strict=True):
        np.testing.assert_allclose(t.grad, 2 * p.grad, rtol=1e-13, atol=1e-15)
    for t in tensors:
        t.grad = None


def test_3_3_changing_a_gradient_in_place_changes_no_other():
    x, y = Tensor(np.ones(3)), Tensor(np.ones(3))
    z = x + y
    w = z.reshape(3)
    w.backward()
    x.grad[:] = 7
    for t in (y, z, w):
        np.testing.assert_array_equal(t.grad, [1, 1, 1])
    w.grad[:] = 5
    np.testing.assert_array_equal(z.grad, [1, 1, 1])


def test_3_3_the_same_tensor_twice():
    x = Tensor(np.ones(3))
    y = x + x
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])
    np.testing.assert_array_equal(y.grad, [1, 1, 1])


def test_3_3_a_gradient_that_nobody_else_sees_is_not_copied():
    made = []

    def rule(g, y, x):
        d = g * 2
        made.append(weakref.ref(d))
        return d

    f, x, z = derivative(lambda x: x * 2, rule), Tensor(np.ones(3)), Tensor(np.ones(3))
    f(x).backward()
    assert x.grad is made[0]()
    (f(z) + f(z)).backward()  # the second is added to the first
    assert z.grad is made[1]() and made[2]() is None
    np.testing.assert_array_equal(z.grad, [4, 4, 4])


def test_3_3_the_given_gradient_is_neither_kept_nor_changed():
    x = Tensor(np.ones(3))
    y = +x
    g = np.array([1.0, 2.0, 3.0])
    y.backward(g)
    y.backward(g)
    np.testing.assert_array_equal(g, [1, 2, 3])
    for t in (x, y):
        assert not np.may_share_memory(t.grad, g)
        np.testing.assert_array_equal(t.grad, [2, 4, 6])
    x.backward(g)  # of a leaf
    assert not np.may_share_memory(x.grad, g)
    y.backward(Tensor(g))
    np.testing.assert_array_equal(y.grad, [3, 6, 9])


def test_3_3_an_assigned_gradient_is_copied():
    a, b, g = Tensor([1.0]), Tensor([1.0]), np.array([5.0])
    a.grad = g
    b.grad = a.grad
    (a * b).sum().backward()
    assert g[0] == 5 and a.grad[0] == 6 and b.grad[0] == 6
    a.grad = a.data
    a.grad += 1
    assert a.data[0] == 1


def test_3_3_data_and_results_are_not_shared_where_numpy_copies():
    x = Tensor(np.ones(3))
    for f in (
        lambda x: +x,
        lambda x: x + 0,
        np.copy,
        lambda x: x.clip(-9, 9),
        lambda x: x.astype(float),
        copy.copy,
    ):
        assert not np.may_share_memory(f(x).data, x.data)


def test_3_3_a_rule_that_writes_into_the_gradient_can_not_spoil_others():
    greedy = derivative(lambda x: x * 2, lambda g, y, x: np.multiply(g, 2, out=g))
    x = Tensor(1.0)
    with pytest.raises(ValueError, match="read-only"):
        greedy(x).backward()
    y, g = grads(lambda x: x * 3, 1.0)
    assert y.grad == 1 and g == 3


# 3.4 backward --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 0, 3), (2, 3)])
def test_3_4_backward_starts_from_ones(shape):
    x = Tensor(np.full(shape, 2.0))
    y = x * x
    y.backward()
    np.testing.assert_array_equal(y.grad, np.ones(shape))
    np.testing.assert_array_equal(x.grad, np.full(shape, 4.0))


@pytest.mark.parametrize("grad", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3]), np.array([1, 2, 3], np.float32)])
def test_3_4_backward_takes_a_gradient(grad):
    x = Tensor(np.ones(3))
    (x * 2).backward(grad)
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad, [2, 4, 6])


def test_3_4_backward_of_a_leaf():
    x = Tensor([1.0, 2.0])
    x.backward()
    x.backward([2, 3])
    np.testing.assert_array_equal(x.grad, [3, 4])


@given(programs)
@settings(max_examples=100, deadline=None)
def test_3_4_a_second_backward_adds_the_same_again_everywhere(program):
    tensors = run(program)
    tensors[-1].backward()
    once = [t.grad.copy() for t in tensors]
    tensors[-1].backward()
    for t, g in zip(tensors, once, strict=True):
        np.testing.assert_array_equal(t.grad, 2 * g)


@given(programs)
@settings(max_examples=100, deadline=None)
def test_3_4_freeing_the_graph_gives_leaves_the_same_gradient(program):
    kept, freed = run(program), run(program)
    kept[-1].backward()
    freed[-1].backward(retain_graph=False)
    for i in range(2):
        np.testing.assert_array_equal(kept[i].grad, freed[i].grad)
    computed = {id(t) for t in kept[2:]} - {id(t) for t in kept[:2]}
    assert all((t.grad == 0).all() for t, k in zip(freed, kept, strict=True) if id(k) in computed and k.parents)


def test_3_4_a_second_backward_through_a_freed_graph_says_retain_graph():
    x = Tensor([1.0, 2.0])
    c = x * x
    L = c.sum()
    M = (c * 2).sum()
    L.backward(retain_graph=False)
    first = x.grad.copy()
    for again in (L, M, c, c + 1):
        with pytest.raises(RuntimeError, match="retain_graph"):
            again.backward()
    np.testing.assert_array_equal(x.grad, first)
    assert L.parents == ()


def test_3_4_freeing_drops_arrays_as_it_goes():
    alive = []
    note = derivative(lambda x: x * 1, lambda g, y, x: (alive.append(sum(r() is not None for r in made)), g)[1])
    made = []
    y = Tensor(np.ones(10))
    for _ in range(5):
        y = note(y)
        made.append(weakref.ref(y.data))
    y.backward(retain_graph=False)
    assert alive == [5, 5, 4, 3, 2]  # the output itself has a name


def test_3_4_nothing_to_go_back_through():
    with no_grad():
        y = Tensor([1.0]) * 2
    for t in (y, Tensor([1.0], requires_grad=False), Tensor([1.0]).detach()):
        with pytest.raises(RuntimeError, match="requires_grad=False, detached, or computed inside no_grad"):
            t.backward()


# 3.5 No reference cycle, no recursion --------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("passes", [0, 1, 2, "free", "error"])
def test_3_5_a_graph_dies_with_the_last_name_of_its_output(no_collector, passes):
    tensors = run([(name, i, i + 1) for i, name in enumerate(STEPS)])
    tensors.append(tg.softmax_cross_entropy(tensors[-2], [0, 1, 2]) + tg.MLP(3, [4, 1])(tensors[-3]).sum())
    if passes == "free":
        tensors[-1].backward(retain_graph=False)
    elif passes == "error":
        tensors[5].data = tensors[5].data + 1
        with pytest.raises(RuntimeError, match="was changed"):
            tensors[-1].backward()
    else:
        for _ in range(passes):
            tensors[-1].backward()
    refs = [weakref.ref(t) for t in tensors] + [weakref.ref(t.data) for t in tensors]
    del tensors
    assert [r() for r in refs if r() is not None] == []


def test_3_5_several_outputs_make_no_cycle(no_collector):
    x = Tensor(np.ones((3, 3)))
    a, b = double_and_transpose(x)
    (a * b).backward()
    refs = [weakref.ref(t) for t in (x, a, b, a.parents[0])]
    del x, b
    assert refs[0]() is not None  # a still needs it
    del a
    assert [r() for r in refs] == [None] * 4


def test_3_5_higher_derivatives_make_no_cycle(no_collector):
    x = Tensor(0.5)
    y = tg.grad(tg.grad(lambda v: np.sin(v) * double_and_transpose(v)[0]))(x)
    ref = weakref.ref(y), weakref.ref(y.data)
    del y
    assert [r() for r in ref] == [None, None]


def test_3_5_a_chain_of_a_million(no_collector):
    x = Tensor([1.0])
    y = x
    for i in range(1_000_000):
        y = y + 1.0
        if i == 500_000:
            middle = weakref.ref(y)
    y.backward()
    assert y.data[0] == 1_000_001 and x.grad[0] == 1
    del y
    assert middle() is None
    y = x
    for _ in range(100_000):
        y = -y
    y.backward(retain_graph=False)
    assert x.grad[0] == 2


# 3.6 no_grad ---------------------------------------------------------------------------------------------------------


def test_3_6_no_grad_records_nothing():
    w = Tensor([1.0])
    with no_grad():
        y = np.exp(w * 2)
        a, b = double_and_transpose(Tensor(np.ones((2, 2))))
        with enable_grad():
            z = w * 2
        again = w * 2
    assert not y.requires_grad and y.parents == () and not a.requires_grad and not b.requires_grad
    assert z.requires_grad and not again.requires_grad and (w * 2).requires_grad
    assert w.requires_grad


def test_3_6_no_grad_decorates():
    @no_grad()
    def double(w, *, times=2):
        """Twice."""
        return w * times

    w = Tensor([1.0])
    assert not double(w).requires_grad and not double(w, times=3).requires_grad
    assert double.__name__ == "double" and double.__doc__ == "Twice."
    assert (w * 2).requires_grad

    @no_grad()
    def nested(n):
        return n if n == 0 else nested(n - 1)

    nested(3)
    assert (w * 2).requires_grad


def test_3_6_an_exception_ends_no_grad():
    w = Tensor([1.0])

    @no_grad()
    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (w * 2).requires_grad
    with pytest.raises(ValueError), no_grad(), enable_grad():
        w @ w @ np.ones((5, 5))
    assert (w * 2).requires_grad


def test_3_6_one_no_grad_can_be_entered_again():
    off, w = no_grad(), Tensor([1.0])
    with off:
        with off:
            pass
        assert not (w * 2).requires_grad
    assert (w * 2).requires_grad


def test_3_6_a_generator_is_refused_rather_than_recorded():
    with pytest.raises(TypeError, match="between its yields"):

        @no_grad()
        def batches():
            yield 1

    with pytest.raises(TypeError, match="ordinary functions"):

        @no_grad()
        async def batch():
            pass

    def halves(w):
        for _ in range(2):
            with no_grad():
                half = w / 2
            yield half

    w = Tensor([1.0])
    for half in halves(w):
        assert not half.requires_grad and (w * 2).requires_grad


def test_3_6_no_grad_is_of_one_task():
    w, seen = Tensor([1.0]), []

    async def task(off):
        with off():
            await asyncio.sleep(0)
            seen.append((w * 2).requires_grad)
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(task(no_grad), task(enable_grad), task(no_grad))

    asyncio.run(both())
    assert seen == [False, True, False] and (w * 2).requires_grad


def test_3_6_no_grad_is_of_one_thread():
    w, seen = Tensor([1.0]), {}
    inside, done = threading.Event(), threading.Event()

    def without():
        with no_grad():
            inside.set()
            done.wait(10)
            seen["without"] = (w * 2).requires_grad

    thread = threading.Thread(target=without)
    thread.start()
    inside.wait(10)
    seen["with"] = (w * 2).requires_grad
    done.set()
    thread.join()
    assert seen == {"without": False, "with": True}


# 3.7 NumPy's protocols -----------------------------------------------------------------------------------------------

OTHERS = {
    "int": 2,
    "float": 1.5,
    "bool": True,
    "list": [1.0, 2.0, 1.5],
    "list of ints": [1, 2, 3],
    "tuple": (1.0, 2.0, 1.5),
    "array": np.array([1.0, 2.0, 1.5]),
    "float32 array": np.array([1.0, 2.0, 1.5], np.float32),
    "float16 array": np.array([1.0, 2.0, 1.5], np.float16),
    "int array": np.array([1, 2, 3]),
    "bool array": np.array([True, True, True]),
    "0-d array": np.array(1.5),
    "(2, 1) array": np.array([[1.5], [2.0]]),
    "(0, 1) array": np.ones((0, 1)),
    "float64": np.float64(1.5),
    "float32": np.float32(1.5),
    "int64": np.int64(2),
    "bool_": np.bool_(True),
    "memmap": np.memmap.__new__,  # made below
}
RECORDED = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": operator.truediv, "**": operator.pow, "%": operator.mod,
}  # fmt: skip
PLAIN = {
    "//": operator.floordiv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@pytest.fixture
def other(request, tmp_path):
    if request.param != "memmap":
        return OTHERS[request.param]
    mapped = np.memmap(tmp_path / "x", np.float64, "w+", shape=(3,))
    mapped[:] = [1.0, 2.0, 1.5]
    return mapped


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("other", OTHERS, indirect=True)
@pytest.mark.parametrize("op", RECORDED)
def test_3_7_operators_meet_everything_that_numpy_takes(op, other, reflected, dtype):
    def apply(x):
        return RECORDED[op](other, x) if reflected else RECORDED[op](x, other)

    data = np.array([1.25, 0.7, 2.3], dtype)
    expected = apply(data)
    t = Tensor(data)
    y = apply(t)
    assert type(y) is Tensor and y.parents == (t,)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)
    y.backward()
    assert t.grad.dtype == dtype
    if dtype == np.float64 and "float16" not in str(getattr(other, "dtype", "")):
        np.testing.assert_allclose(t.grad, slope(apply, data), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("other", OTHERS, indirect=True)
@pytest.mark.parametrize("op", PLAIN)
def test_3_7_operators_that_are_constant_give_plain_arrays(op, other, reflected):
    def apply(x):
        return PLAIN[op](other, x) if reflected else PLAIN[op](x, other)

    data = np.array([1.25, 0.75, 2.0])
    y, expected = apply(Tensor(data)), apply(data)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, expected)


def test_3_7_operators_of_two_tensors():
    a, b = np.array([1.5, 2.5, 3.5]), np.array([[2.0], [3.0]])
    for op in RECORDED.values():
        y, da, db = grads(op, a, b)
        np.testing.assert_array_equal(y.data, op(a, b))
        np.testing.assert_allclose(da, slope(lambda v, op=op: op(v, b), a), rtol=1e-6)
        np.testing.assert_allclose(db, slope(lambda v, op=op: op(a, v), b), rtol=1e-6)
    for op in PLAIN.values():
        y = op(Tensor(a), Tensor(b))
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, op(a, b))


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4))]
)
def test_3_7_matmul_meets_arrays_on_both_sides(shapes):
    a, b = (RNG.random(s) for s in shapes)
    for left, right in (
        (Tensor(a), Tensor(b)),
        (Tensor(a), b),
        (a, Tensor(b)),
        (Tensor(a), b.tolist()),
        (a.tolist(), Tensor(b)),
    ):
        y = left @ right
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, a @ b)
        y.backward()
        if type(left) is Tensor:
            np.testing.assert_allclose(left.grad, slope(lambda v: v @ b, a), rtol=1e-6)
        if type(right) is Tensor:
            np.testing.assert_allclose(right.grad, slope(lambda v: a @ v, b), rtol=1e-6)


def test_3_7_divmod_abs_round_and_signs():
    a = np.array([-1.5, 2.5])
    for x, other in ((Tensor(a), 2.0), (Tensor(a), np.array([2.0, 1.0]))):
        q, r = divmod(x, other)
        assert type(q) is np.ndarray and type(r) is Tensor
        np.testing.assert_array_equal(q, divmod(a, other)[0])
        np.testing.assert_array_equal(r.data, divmod(a, other)[1])
    q, r = divmod(7.0, Tensor(a))
    np.testing.assert_array_equal(r.data, 7.0 % a)
    for f in (abs, operator.neg, operator.pos):
        y = f(Tensor(a))
        assert type(y) is Tensor and y.requires_grad
        np.testing.assert_array_equal(y.data, f(a))
    assert round(Tensor(1.26), 1) == 1.3 and type(round(Tensor(a))) is np.ndarray


@pytest.mark.parametrize(
    "other", [None, "a", object(), {}, {1.0}, np.datetime64(0, "s"), np.array(["a"]), np.array([None])]
)
@pytest.mark.parametrize("op", RECORDED)
def test_3_7_operators_refuse_what_is_no_number(op, other):
    t = Tensor([1.0])
    with pytest.raises(TypeError):
        RECORDED[op](t, other)
    with pytest.raises(TypeError):
        RECORDED[op](other, t) if op != "%" or not isinstance(other, str) else t % other


@pytest.mark.parametrize("op", [*RECORDED, "//", "@"])
def test_3_7_an_array_can_not_take_a_tensor_in_place(op):
    inplace = {
        "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "**": operator.ipow,
        "%": operator.imod, "//": operator.ifloordiv, "@": operator.imatmul,
    }[op]  # fmt: skip
    array, t = np.full((2, 2), 2.0), Tensor(np.ones((2, 2)))
    with pytest.raises(TypeError, match=r"array = array \+ tensor"):
        inplace(array, t)
    np.testing.assert_array_equal(array, np.full((2, 2), 2.0))
    bound = name = t
    name = inplace(name, array)  # of a Tensor it makes a new one
    assert type(name) is (np.ndarray if op == "//" else Tensor) and name is not bound
    np.testing.assert_array_equal(bound.data, np.ones((2, 2)))


def test_3_7_leaving_the_graph_on_purpose():
    t = Tensor([1.5, 2.5])
    for array in (
        np.asarray(t),
        np.array(t),
        t.numpy(),
        np.asanyarray(t),
        np.asarray(t, np.float32),
        np.array(t, copy=True),
    ):
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, [1.5, 2.5])
    assert np.asarray(t) is t.data and not np.may_share_memory(np.array(t), t.data)
    with pytest.raises(ValueError):
        np.array(t, dtype=np.float32, copy=False)
    one = Tensor([[2.75]])
    assert float(one) == one.item() == 2.75 and int(one) == 2 and complex(one) == 2.75 and t.tolist() == [1.5, 2.5]
    assert type(one.item()) is float and type(float(one)) is float
    for convert in (float, int, complex, bool):
        with pytest.raises(ValueError, match=r"shape \(2,\) is not one number"):
            convert(t)


def test_3_7_functions_with_a_derivative_are_recorded():
    t, u = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    for y, parents in (
        (np.exp(t), (t,)),
        (np.add(t, [1, 2]), (t,)),
        (np.add([1, 2], t), (t,)),
        (np.hypot(t, u), (t, u)),
        (np.sum(t, axis=0), (t,)),
        (np.transpose(t), (t,)),
        (np.where([True, False], t, u), (t, u)),
        (np.where(t > 1, t, 0.0), (t,)),
        (np.concatenate([t, u, np.ones(2)]), (t, u)),
        (np.concatenate((t, [5.0])), (t,)),
    ):
        assert type(y) is Tensor and y.requires_grad and y.parents == parents
    y = np.linspace(0, 1, 2) * t
    assert type(y) is Tensor


CONSTANTS = {
    "argmax": lambda t: np.argmax(t),
    "isnan": lambda t: np.isnan(t),
    "shape": lambda t: np.shape(t),
    "ndim": lambda t: np.ndim(t),
    "size": lambda t: np.size(t),
    "floor": lambda t: np.floor(t),
    "ceil": lambda t: np.ceil(t),
    "trunc": lambda t: np.trunc(t),
    "rint": lambda t: np.rint(t),
    "sign": lambda t: np.sign(t),
    "round": lambda t: np.round(t, 1),
    "floor_divide": lambda t: np.floor_divide(t, 2),
    "reflected floor_divide": lambda t: np.floor_divide(np.ones(2), t),
    "heaviside": lambda t: np.heaviside(t, 0.5),
    "zeros_like": lambda t: np.zeros_like(t),
    "ones_like": lambda t: np.ones_like(t, shape=(2,)),
    "argsort": lambda t: np.argsort(t, axis=-1),
    "nonzero": lambda t: np.nonzero(t)[0],
    "count_nonzero": lambda t: np.count_nonzero(t),
    "isclose": lambda t: np.isclose(t, np.ones(2)),
    "allclose": lambda t: np.allclose(np.ones(2), t),
    "array_equal": lambda t: np.array_equal([1.0, 2.0], t),
    "greater": lambda t: np.greater([3.0, 1.0], t),
    "logical_and": lambda t: np.logical_and(t, True),
    "logical_and.reduce": lambda t: np.logical_and.reduce(t),
    "less.outer": lambda t: np.less.outer(t, t),
    "any": lambda t: np.any(t),
    "all": lambda t: t.all(),
    "searchsorted": lambda t: np.searchsorted(t, 1.5),
    "result_type": lambda t: np.result_type(t, np.float32),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_3_7_functions_that_are_constant_give_plain_values(name):
    data = np.array([1.0, 2.0])
    y, expected = CONSTANTS[name](Tensor(data)), CONSTANTS[name](data)
    assert type(y) is type(expected)
    np.testing.assert_array_equal(y, expected) if isinstance(y, np.ndarray) else None
    assert np.all(y == expected)


@pytest.mark.parametrize(
    "name, call",
    {
        "unique": lambda t: np.unique(t),
        "histogram": lambda t: np.histogram(t),
        "intersect1d": lambda t: np.intersect1d(t, [1.0]),
        "union1d": lambda t: np.union1d([1.0], t),
        "setdiff1d": lambda t: np.setdiff1d(t, t),
        "setxor1d": lambda t: np.setxor1d(t, t),
        "copyto": lambda t: np.full_like(np.ones(2), t),
        "bitwise_and": lambda t: t.data & t,
        "gcd": lambda t: np.gcd(t, 2),
        "add.at": lambda t: np.add.at(np.ones(2), [0], t),
        "put": lambda t: np.put(np.ones(2), [0], t),
        "place": lambda t: np.place(t, [True, False], [1.0]),
    }.items(),
)
def test_3_7_any_other_function_raises_and_names_itself(name, call):
    with pytest.raises(TypeError, match=name):
        call(Tensor([1.0, 2.0]))


def public_functions():
    for module in (np, np.linalg, np.fft):
        for name in module.__all__ if module is np else [n for n in dir(module) if not n.startswith("_")]:
            f = getattr(module, name)
            if isinstance(f, np.ufunc) or hasattr(f, "_implementation"):
                yield f


@pytest.mark.parametrize(
    "func", {f for f in public_functions() if not any(f in known for known in (TABLE, COMPOSED, CONSTANT))}
)
def test_3_7_no_function_of_numpy_drops_a_tensor_in_silence(func):
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=func.__name__) as caught:
        if isinstance(func, np.ufunc):
            func(*[t] * func.nin)
        else:
            t.__array_function__(func, (Tensor,), (t,), {})
    assert "tensor.data" in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda w, ts: w + ts,
        lambda w, ts: ts * w,
        lambda w, ts: np.maximum(w, ts),
        lambda w, ts: np.dot(ts, w),
        lambda w, ts: np.matmul(ts, w),
        lambda w, ts: np.inner(w, ts),
        lambda w, ts: np.outer(ts, w),
        lambda w, ts: np.kron(w, ts),
        lambda w, ts: np.tensordot(w, ts, 1),
        lambda w, ts: np.einsum("i,i", w, ts),
        lambda w, ts: np.add.outer(ts, w),
        lambda w, ts: np.concatenate([ts, w]),
        lambda w, ts: np.stack([w, ts]),
        lambda w, ts: np.where([True, False], ts, w),
        lambda w, ts: np.linalg.solve(np.diag(w), ts),
        lambda w, ts: np.append(w, ts),
        lambda w, ts: Tensor(ts),
        lambda w, ts: Tensor([[ts[0]], [ts[1]]]),
    ],
)
def test_3_7_a_list_of_tensors_is_joined_or_refused(call):
    t, u, w = Tensor(2.0), Tensor(3.0), Tensor([1.0, 2.0])
    try:
        y = call(w, [t, u])
    except TypeError as error:
        assert "np.stack" in str(error)
    else:
        y.sum().backward()
        assert t.grad > 0


@pytest.mark.parametrize(
    "name, call",
    {
        "add.reduce": lambda x: np.add.reduce(x),
        "add.reduce axis": lambda x: np.add.reduce(x, axis=(0, 1)),
        "add.reduce all": lambda x: np.add.reduce(x, axis=None, keepdims=True),
        "add.reduce positional": lambda x: np.add.reduce(x, 1, None, None, True),
        "add.reduce where": lambda x: np.add.reduce(x, where=np.array([[True, False, True]]), initial=2.0),
        "multiply.reduce": lambda x: np.multiply.reduce(x, axis=-1),
        "maximum.reduce": lambda x: np.maximum.reduce(x),
        "minimum.reduce": lambda x: np.minimum.reduce(x, axis=1, keepdims=True),
        "add.accumulate": lambda x: np.add.accumulate(x, axis=1),
        "multiply.accumulate": lambda x: np.multiply.accumulate(x),
        "subtract.reduce": lambda x: np.subtract.reduce(x, axis=1),
        "add.reduceat": lambda x: np.add.reduceat(x, [0, 2], axis=1),
        "multiply.outer": lambda x: np.multiply.outer(x, [1.0, 2.0]),
        "subtract.outer": lambda x: np.subtract.outer(np.ones((2, 2)), x),
        "hypot.outer": lambda x: np.hypot.outer(x, 3.0),
        "dtype": lambda x: np.add(x, 1, dtype=np.float32),
    }.items(),
)
def test_3_7_the_methods_of_ufuncs(name, call):
    data = np.array([[1.5, 2.5, 0.5], [3.5, 1.0, 2.0]])
    y, g = grads(call, data)
    expected = call(data)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_allclose(g, slope(call, data) if name != "dtype" else np.ones((2, 3)), rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, out: np.add(t, 1, out=out),
        lambda t, out: np.add(t, 1, out),
        lambda t, out: np.exp(t, out=(out,)),
        lambda t, out: np.add(out, 1, out=t),
        lambda t, out: np.floor(t, out=out),
        lambda t, out: np.add.reduce(t, out=out),
        lambda t, out: np.add.accumulate(t, out=out),
        lambda t, out: np.sum(t, axis=0, out=out),
        lambda t, out: np.sum(t, 0, None, out),
        lambda t, out: np.sum(out, axis=0, out=t),
        lambda t, out: np.mean(t, axis=0, out=out),
        lambda t, out: np.cumsum(t, out=out),
        lambda t, out: np.concatenate([t, t], out=out),
        lambda t, out: np.stack([t, t], out=out),
        lambda t, out: np.matmul(t, t, out=out),
        lambda t, out: np.dot(t, t, out=out),
        lambda t, out: np.outer(t, t, out=out),
        lambda t, out: np.einsum("i,i->i", t, t, out=out),
        lambda t, out: np.clip(t, 0, 1, out=out),
        lambda t, out: np.take(t, [0], out=out),
    ],
)
def test_3_7_nothing_is_written_into_out(call):
    t, out = Tensor([1.0, 2.0]), np.full(2, 9.0)
    with pytest.raises(TypeError, match="out="):
        call(t, out)
    np.testing.assert_array_equal(out, [9, 9])
    np.testing.assert_array_equal(t.data, [1, 2])


def test_3_7_an_argument_that_no_rule_honours_is_refused():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="where"):
        np.add(t, 1, where=np.array([True, False]))
    with pytest.raises(TypeError, match="argument"):
        np.roll(t, Tensor(1.0))
    with pytest.raises(TypeError, match="dtype int64"):
        np.sum(t, dtype=int)
    with pytest.raises(TypeError, match="dtype int64"):
        t.astype(int)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_3_7_mask_and_matrix_are_refused():
    for other in (np.ma.array([1.0, 2.0], mask=[0, 1]), np.asmatrix([1.0, 2.0])):
        with pytest.raises(TypeError, match=r"isn't supported; pass np\.asarray"):
            Tensor(other)
        with pytest.raises(TypeError, match="isn't supported"):
            Tensor([1.0, 2.0]) * other


def test_3_7_what_changes_nothing_still_has_a_gradient():
    for f in (
        np.squeeze,
        np.atleast_1d,
        np.ravel,
        np.real,
        lambda x: np.reshape(x, (2,)),
        lambda x: np.broadcast_to(x, 2),
    ):
        _, g = grads(lambda x, f=f: f(x) * 3, np.array([1.0, 2.0]))
        np.testing.assert_array_equal(g, [3, 3])


# 3.8 Changed data ----------------------------------------------------------------------------------------------------

USES = {
    **{name: (lambda x, f=f: f(x, x[::-1])) for name, f in STEPS.items()},
    **{f"loss {name}": (lambda x, f=f: f(x)) for name, f in SAME_DTYPE.items()},
    "linear": lambda x: tg.linear(np.ones((2, 3)), x, np.zeros(3)),
    "getitem": lambda x: x[0],
    "mask": lambda x: x[np.eye(3, dtype=bool)],
    "multiply.outer": lambda x: np.multiply.outer(x, x),
}
USES.pop("loss softmax_cross_entropy")
CHANGES = {
    "in place": lambda t: setattr(t, "data", operator.isub(t.data, 0.1)),
    "replaced": lambda t: setattr(t, "data", t.data + 0.1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", USES)
def test_3_8_a_change_before_backward_is_an_error(name, change):
    x = Tensor(RNG.uniform(0.5, 1.5, (3, 3)), name="weights")
    y = USES[name](x)
    CHANGES[change](x)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"'weights' of shape \(3, 3\) was changed after .* before backward"):
            y.backward()
    assert (x.grad == 0).all() and (y.grad == 0).all()
    fresh = USES[name](x)
    fresh.backward(RNG.random(fresh.shape))
    assert (x.grad != 0).any()


@pytest.mark.parametrize("change", CHANGES)
def test_3_8_a_changed_intermediate_is_an_error(change):
    a = Tensor([1.0, 2.0])
    c = a * 2
    d = c * c
    CHANGES[change](c)
    for output in (c, d, c * 3):
        with pytest.raises(RuntimeError, match="was changed"):
            output.backward()
    assert (a.grad == 0).all()
    (a * 2).backward()  # a itself is as it was
    np.testing.assert_array_equal(a.grad, [2, 2])


def test_3_8_an_optimiser_step_is_a_change():
    for make in (lambda p: tg.SGD(p, 0.1), lambda p: tg.SGD(p, 0.1, momentum=0.9), tg.Adam, tg.AdamW):
        w = Tensor([1.0, 2.0])
        L = (w * w).sum()
        optimizer = make([w])
        L.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="was changed after multiply"):
            L.backward()
        np.testing.assert_array_equal(w.grad, [2, 4])
    model = tg.MLP(2, [3, 1], rng=0)
    y = model(np.ones((4, 2)))
    model.load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="was changed"):
        y.backward()


def test_3_8_an_optimiser_steps_along_a_gradient_with_a_graph():
    for make in (tg.SGD, lambda p, lr: tg.SGD(p, lr, momentum=0.9, weight_decay=0.1), tg.Adam, tg.AdamW):
        results = []
        for create_graph in (False, True):
            w = Tensor([1.0, 2.0])
            optimizer = make([w], 0.1)
            for _ in range(3):
                optimizer.zero_grad()
                (w**3).sum().backward(create_graph=create_graph)
                optimizer.step()
            results.append(w.tolist())
            w.grad = None
        assert results[0] == results[1]


def test_3_8_a_constant_that_was_changed_is_an_error_too():
    x, c = Tensor([1.0]), Tensor([2.0], requires_grad=False)
    y = x * c
    c.data *= 5
    with pytest.raises(RuntimeError, match="was changed"):
        y.backward()


def test_3_8_a_change_through_a_view_is_a_change():
    for view in (
        lambda t: t.reshape(2, 1),
        lambda t: t[::-1],
        lambda t: t.reshape(2, 1).T[0],
        np.real,
        returns_its_argument,
    ):
        a = Tensor([1.0, 2.0])
        v, y = view(a), a * a
        v.data *= 2
        np.testing.assert_array_equal(a.data, [2, 4])
        with pytest.raises(RuntimeError, match="was changed"):
            y.backward()
        b = Tensor([1.0, 2.0])
        c = b * b
        v, z = view(c), np.exp(c)
        v.data *= 2
        with pytest.raises(RuntimeError, match="was changed"):
            z.backward()
    x = Tensor(np.ones((2, 2)))
    exp_twice = derivative(lambda x: (np.exp(x), np.exp(x)), lambda g, y, x: g[0] * y[0] + g[1] * y[1])
    first, second = exp_twice(x)
    first.data *= 2
    with pytest.raises(RuntimeError, match="was changed"):
        second.backward()


def test_3_8_what_is_not_touched_goes_backward():
    a, b = Tensor([1.0]), Tensor([2.0])
    y, z = a * a, b * b
    b.data *= 3
    y.backward()
    assert a.grad == 2
    after = b * b
    after.backward()
    assert b.grad == 12
    with no_grad():
        c = a * 2
    c.data *= 5  # nothing was recorded, so nothing is lost
    (c * a).backward()
    assert a.grad == 12
    del z


@given(programs, st.integers(0, 40), st.sampled_from(sorted(CHANGES)))
@settings(max_examples=300, deadline=None)
@example([("exp", 0, 0), ("transpose", 2, 0), ("one of two", 2, 2)], 4, "in place")
@example([("argument", 0, 0), ("one of two", 0, 0)], 3, "in place")
def test_3_8_never_a_wrong_gradient(program, which, change):
    """Whatever Tensor is changed after the fact: backward gives the gradient as it was, or an error."""
    tensors, untouched = run(program), run(program)
    untouched[-1].backward()
    victim = tensors[which % len(tensors)]
    try:
        CHANGES[change](victim)
    except ValueError:  # read-only: a broadcast
        assert not victim.data.flags.writeable
        return
    try:
        tensors[-1].backward()
    except RuntimeError as error:
        assert "was changed" in str(error)
        assert all((t.grad == 0).all() for t in tensors)
    else:
        for t, u in zip(tensors, untouched, strict=True):
            np.testing.assert_array_equal(t.grad, u.grad)


# 3.9 A good citizen of Python ----------------------------------------------------------------------------------------


def test_3_9_hashed_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert hash(a) != hash(b) and len({a, b, a}) == 2 and {a: 1}[a] == 1
    assert a == b  # one element: as an array


def test_3_9_compared_elementwise():
    a = Tensor([1.0, 2.0])
    np.testing.assert_array_equal(a == Tensor([1.0, 3.0]), [True, False])
    np.testing.assert_array_equal(a != [1, 3], [False, True])
    np.testing.assert_array_equal(a == None, [False, False])  # noqa: E711
    assert 2 in a and 3 not in a and Tensor(1.0) in a


@pytest.mark.parametrize(
    "tensor, text",
    [
        (Tensor([1.0, 2.0], name="a"), "Tensor([1. 2.], name='a')"),
        (Tensor([1.0, 2.0]), "Tensor([1. 2.])"),
        (Tensor(3.0), "Tensor(3.)"),
        (Tensor(np.float32([1, 2])), "Tensor([1. 2.], dtype=float32)"),
        (Tensor([[1.0, 2.0], [3.0, 4.0]]), "Tensor([[1. 2.]\n        [3. 4.]])"),
        (Tensor([]), "Tensor([])"),
        (Tensor(np.zeros((2, 0))), "Tensor([])"),
    ],
)
def test_3_9_printed_like_an_array(tensor, text):
    assert repr(tensor) == str(tensor) == f"{tensor}" == text


def test_3_9_a_large_one_is_abbreviated():
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 500


def test_3_9_formatted_like_a_number():
    assert f"{Tensor(2.5):.3f} {Tensor([[0.25]]):>8.1%} {(Tensor(1.0) * 2):g}" == "2.500    25.0% 2"
    with pytest.raises((TypeError, ValueError)):
        f"{Tensor([1.0, 2.0]):.3f}"


def test_3_9_pickled_and_copied_as_a_leaf():
    a = Tensor(np.float32([1, 2]), name="a")
    c = a * 3
    c.sum().backward()
    c.name = "c"
    for clone in (pickle.loads(pickle.dumps(c)), copy.deepcopy(c), copy.copy(c)):
        assert type(clone) is Tensor and clone is not c and clone.parents == () and clone.name == "c"
        assert clone.requires_grad and clone.dtype == np.float32
        np.testing.assert_array_equal(clone.data, [3, 6])
        np.testing.assert_array_equal(clone.grad, [1, 1])
        assert not np.may_share_memory(clone.data, c.data) and not np.may_share_memory(clone.grad, c.grad)
        (clone * 2).backward()
        np.testing.assert_array_equal(clone.grad, [3, 3])
        np.testing.assert_array_equal(c.grad, [1, 1])
    constant = copy.deepcopy(Tensor([1.0], requires_grad=False))
    assert not constant.requires_grad
    shared = copy.deepcopy([a, a])
    assert shared[0] is shared[1]


def test_3_9_a_long_chain_is_pickled_without_recursion():
    y = Tensor([1.0])
    for _ in range(10_000):
        y = y + 1
    assert pickle.loads(pickle.dumps(y)).data == copy.deepcopy(y).data == 10_001


def test_3_9_a_sequence():
    t = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(t) == 3 and t.shape == (3, 2) and t.ndim == 2 and t.size == 6
    rows = list(t)
    assert all(type(row) is Tensor for row in rows) and len(rows) == 3
    first, *_ = t
    (first * rows[2]).sum().backward()
    np.testing.assert_array_equal(t.grad, [[5, 6], [0, 0], [1, 2]])
    assert [row.tolist() for row in reversed(t)] == [[5, 6], [3, 4], [1, 2]]
    for f in (len, iter):
        with pytest.raises(TypeError, match=r"unsized|0-d"):
            f(Tensor(1.0))


def test_3_9_python_built_ins():
    ts = [Tensor(2.0), Tensor(3.0), Tensor(1.0)]
    total = sum(ts)
    assert type(total) is Tensor
    total.backward()
    assert [float(t.grad) for t in ts] == [1, 1, 1]
    assert sum([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist() == [4, 6]
    assert max(ts) is ts[1] and min(ts) is ts[2] and sorted(ts, key=float)[0] is ts[2]
    assert abs(Tensor(-2.0)).item() == 2 and pow(Tensor(2.0), 3).item() == 8
    t = Tensor([1.0, 2.0])
    for ambiguous in (lambda: max(t, t * 2), lambda: bool(t), lambda: "yes" if t else "no", lambda: t and t):
        with pytest.raises(ValueError):
            ambiguous()
    assert Tensor([0.5]) and not Tensor(0.0)


def test_3_9_can_not_be_subclassed():
    with pytest.raises(TypeError, match="can't be subclassed"):

        class Parameter(Tensor):
            pass


def test_3_9_names_and_attributes_are_fixed():
    t = Tensor([1.0], "weight")
    assert t.name == "weight"
    with pytest.raises(AttributeError):
        t.gradient = 1


# 3.10 Errors name the operation and the shapes (the rest is in test_bad_input.py) ------------------------------------


def test_3_10_errors_name_the_operation_the_shapes_and_the_way_out():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"add of shapes \(2, 3\) and \(2, 4\): .*broadcast.*reshape or expand_dims"):
        a + b
    with pytest.raises(ValueError, match=r"matmul of shapes \(2, 3\) and \(2, 4\): .*transpose or reshape"):
        a @ b
    with pytest.raises(np.exceptions.AxisError, match=r"sum of shapes \(2, 3\): axis 2 is out of bounds"):
        a.sum(axis=2)
    with pytest.raises(IndexError, match=r"getitem of shapes \(2, 3\): index 5 is out of bounds"):
        a[5]


# Other arrays that speak NumPy's protocols ---------------------------------------------------------------------------


class Duck(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that isn't an ndarray, and must never be turned into one."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __array__(self, *args, **kwargs):
        raise AssertionError("np.asarray was called on a duck")

    @staticmethod
    def unwrap(x):
        if isinstance(x, Duck):
            return x.array
        if isinstance(x, list | tuple):
            return type(x)(map(Duck.unwrap, x))
        return x

    @staticmethod
    def wrap(y):
        if isinstance(y, tuple):
            return tuple(map(Duck.wrap, y))
        return Duck(y) if isinstance(y, np.ndarray | np.generic) else y

    @classmethod
    def understands(cls, values):
        return all(isinstance(v, Duck | np.ndarray | np.generic | int | float | list | tuple) for v in values)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        if not self.understands((*inputs, *out)):
            return NotImplemented
        if out:
            kwargs["out"] = self.unwrap(out)
        y = getattr(ufunc, method)(*self.unwrap(inputs), **kwargs)
        return out[0] if out else self.wrap(y)

    def __array_function__(self, func, types, args, kwargs):
        if not all(issubclass(t, Duck | np.ndarray) for t in types):
            return NotImplemented
        return self.wrap(func(*self.unwrap(args), **{k: self.unwrap(v) for k, v in kwargs.items()}))

    def __getitem__(self, index):
        return self.wrap(self.array[index])

    def __setitem__(self, index, value):
        self.array[index] = self.unwrap(value)

    def __len__(self):
        return len(self.array)

    def __bool__(self):
        return bool(self.array)

    def __float__(self):
        return float(self.array)

    def __repr__(self):
        return f"Duck({self.array})"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.array, name)
        if not callable(value):
            return self.wrap(value)
        return lambda *args, **kwargs: self.wrap(value(*self.unwrap(args), **kwargs))


DUCK_STEPS = {name: f for name, f in STEPS.items() if name not in {"captured", "constant"}}


@pytest.mark.parametrize("name", DUCK_STEPS)
def test_a_duck_array_runs_the_same_rules(name):
    a, b = RNG.uniform(-1, 1, (3, 3)), RNG.uniform(-1, 1, (3, 3))
    y, da, db = grads(DUCK_STEPS[name], a, b)
    q, ga, gb = grads(DUCK_STEPS[name], Duck(a), Duck(b))
    assert type(q.data) is Duck and type(ga) is Duck and type(gb) is Duck and type(q.grad) is Duck
    np.testing.assert_array_equal(q.data.array, y.data)
    np.testing.assert_array_equal(ga.array, da)
    np.testing.assert_array_equal(gb.array, db)
    assert ga.shape == (3, 3) and ga.dtype == np.float64


def test_a_duck_array_trains():
    X, Y = RNG.normal(size=(8, 3)), (RNG.random((8, 1)) > 0.5).astype(float)
    losses = []
    for wrap in (Duck, lambda a: a):
        model = tg.MLP(3, [4, 1], rng=1)
        for p in model.parameters():
            p._data = wrap(p._data)
        run = []
        optimizer = tg.SGD(model.parameters(), 0.5)
        for _ in range(5):
            loss = tg.sigmoid_cross_entropy(model(wrap(X)), wrap(Y))
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            run.append(loss.item())
        losses.append(run)
    assert losses[0] == losses[1] and losses[0][-1] < losses[0][0]


def test_a_duck_array_stays_a_duck_at_every_door():
    d = Duck(np.ones(3))
    t = Tensor(d)
    assert t.data is d and t.numpy() is d and type(t.grad) is Duck and t.detach().data is d
    assert "Duck" in repr(t)
    for other in (Duck(np.ones(3)), np.ones(3), 2.0, [1.0, 2.0, 3.0]):
        for y in (t + other, other + t, t * other, other - t):
            assert type(y) is Tensor and type(y.data) is Duck
    t.grad = Duck(np.full(3, 2.0))
    (t * 3).backward(Duck(np.ones(3)))
    np.testing.assert_array_equal(t.grad.array, [5, 5, 5])
    t.data = Duck(np.zeros(3))
    assert type(t.data) is Duck and type(copy.copy(t).data) is Duck
    first, _ = derivative(lambda x: (x * 2, x.sum()), lambda g, y, x: g[0] * 2 + g[1])(t)
    assert type(first.data) is Duck
    ints = Tensor(Duck(np.arange(3)))
    assert type(ints.data) is Duck and ints.dtype == np.float64


# Dask has no np.copy and no np.add.at, and a rule that hands out an array of its own hands out no Dask array
DASK_STEPS = {name: f for name, f in STEPS.items() if name not in {"copy", "repeated", "captured"}}


@pytest.mark.parametrize("name", DASK_STEPS)
def test_a_dask_array_runs_the_same_rules(name):
    da = pytest.importorskip("dask.array")
    a, b = RNG.uniform(0.1, 1, (3, 3)), RNG.uniform(0.1, 1, (3, 3))
    y, *expected = grads(DASK_STEPS[name], a, b)
    z, *lazy = grads(DASK_STEPS[name], *(da.from_array(x, chunks=(2, 2)) for x in (a, b)))
    assert isinstance(z.data, da.Array) and isinstance(lazy[0], da.Array)
    np.testing.assert_allclose(z.data.compute(), y.data, rtol=1e-12)
    for g, h in zip(lazy, expected, strict=True):
        np.testing.assert_allclose(g.compute(), h, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["sigmoid", "classes", "lazy classes", "probabilities", "mse"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_dask_arrays(loss, reduction):
    da = pytest.importorskip("dask.array")
    x, p = RNG.normal(size=(6, 4)), RNG.dirichlet(np.ones(4), 6)
    classes = RNG.integers(0, 4, 6)
    f, labels, lazy_labels = {
        "sigmoid": (tg.sigmoid_cross_entropy, p, da.from_array(p, chunks=2)),
        "classes": (tg.softmax_cross_entropy, classes, classes),
        "lazy classes": (tg.softmax_cross_entropy, classes, da.from_array(classes, chunks=2)),
        "probabilities": (tg.softmax_cross_entropy, p, da.from_array(p, chunks=2)),
        "mse": (tg.mse_loss, p, da.from_array(p, chunks=2)),
    }[loss]
    y, expected = grads(lambda t: f(t, labels, reduction), x)
    z, lazy = grads(lambda t: f(t, lazy_labels, reduction), da.from_array(x, chunks=2))
    assert isinstance(z.data, da.Array) and isinstance(lazy, da.Array)
    np.testing.assert_allclose(z.data.compute(), y.data, rtol=1e-13)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-13, atol=1e-16)


def test_dask_labels_out_of_range():
    da = pytest.importorskip("dask.array")
    for label in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            tg.sigmoid_cross_entropy(Tensor([1.0, 2.0]), da.from_array(np.array([0.5, label]), chunks=1))
    for label in (-1, 2):
        with pytest.raises(ValueError, match="from 0 to 1"):
            tg.softmax_cross_entropy(Tensor([[1.0, 2.0]]), da.from_array(np.array([label]), chunks=1))


# Traps that other engines fell into ----------------------------------------------------------------------------------


def test_trap_sixty_doublings_are_not_exponential():
    x = Tensor([1.0])
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad[0] == y.data[0] == 2.0**60


def test_trap_a_diamond_is_walked_in_order():
    evaluated = []
    f = derivative(lambda x: x * 2, lambda g, y, x: (evaluated.append(float(g)), g * 2)[1])
    x = Tensor(1.0)
    a = f(x)
    b = a * 3
    c = a * b  # a**2 * 3
    d = c + a + b
    d.backward()
    assert evaluated == [6 * 2 + 1 + 3]  # once, with the whole gradient
    assert x.grad == 2 * 16


def test_trap_an_error_inside_backward_leaves_gradients_alone():
    def fail(g, y, x):
        raise ZeroDivisionError("in a rule")

    fragile = derivative(lambda x: x * 1, fail)
    x, w = Tensor([1.0]), Tensor([2.0])
    (x * w).backward()
    y = fragile(x) * w * w
    z = w * w
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            (y + z).backward()
    assert x.grad == 2 and w.grad == 1 and z.grad == 0 and y.grad == 0
    z.backward()
    assert w.grad == 5


def test_trap_a_rule_of_the_wrong_shape_is_named():
    wrong = derivative(lambda x: x * 1, lambda g, y, x: np.ones(2))
    named = derivative(np.ndarray.copy, lambda g, y, x: np.ones((3, 2)))
    for f, text in (
        (wrong, r"gradient of shape \(2,\) for an argument of shape \(3,\)"),
        (named, "a rule of copy gave"),
    ):
        x = Tensor(np.ones(3))
        with pytest.raises(ValueError, match=text):
            f(x).backward()
        assert (x.grad == 0).all()


def test_trap_threads_run_backward_at_the_same_time():
    """Each on a graph of its own, over parameters that all share."""
    w, n, rounds = Tensor(np.ones(20_000)), 8, 20
    errors = []

    def work():
        try:
            for _ in range(rounds):
                (w * 2.0).backward(retain_graph=False)
                with no_grad():
                    assert not (w * 2.0).requires_grad
                assert (w * 2.0).requires_grad
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(n)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors
    np.testing.assert_array_equal(w.grad, np.full(20_000, 2.0 * n * rounds))


def test_trap_threads_wait_for_each_other_to_add_up():
    class Slow(Duck):
        def __iadd__(self, other):
            before = self.array.copy()
            time.sleep(0.01)
            self.array = before + other.array
            return self

        def copy(self):
            return Slow(self.array.copy())

    w = Tensor(Slow(np.ones(2)))
    w.grad = Slow(np.zeros(2))
    outputs = [w * 1.0 for _ in range(6)]
    threads = [threading.Thread(target=y.backward) for y in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(w.grad.array, [6, 6])


def test_trap_training_does_not_grow_memory(no_collector):
    model = tg.MLP(4, [8, 1], rng=0)
    optimizer = tg.Adam(model.parameters(), 0.01)
    X, Y = RNG.normal(size=(16, 4)), np.ones((16, 1))

    def steps(n):
        for _ in range(n):
            loss = tg.mse_loss(model(X), Y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    steps(3)
    before = len(gc.get_objects())
    steps(50)
    assert len(gc.get_objects()) <= before + 10


def test_trap_reductions_give_arrays():
    t = Tensor(np.ones((2, 3)))
    for y in (
        t.sum(),
        t.mean(),
        t.max(),
        t.min(),
        t.prod(),
        t.std(),
        t.var(),
        t[0, 0],
        t.trace(),
        np.vdot(t, t),
        t.ravel() @ t.ravel(),
    ):
        assert type(y.data) is np.ndarray and y.shape == ()


def test_trap_repeated_indices_add_up():
    x = Tensor([1.0, 2.0, 3.0])
    x[[0, 0, 1]].sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 1, 0])


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_trap_broadcasting_is_undone(data):
    """Size-1 axes, leading axes and empty ones, on either side: the gradient of a sum counts how often each stands."""
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
    a, b = (np.ones(s) for s in shapes.input_shapes)
    y, da, db = grads(lambda a, b: a + b, a, b)
    assert y.shape == shapes.result_shape and da.shape == a.shape and db.shape == b.shape
    for g, x in ((da, a), (db, b)):
        np.testing.assert_array_equal(g, np.full(x.shape, y.size / x.size) if x.size else x)
    y, da, _ = grads(lambda a, b: a * b, a, 2 * b)
    np.testing.assert_array_equal(da, np.full(a.shape, 2 * y.size / a.size) if a.size else a)


def test_trap_variadic_rules_reduce_and_count():
    total = derivative(lambda *arrays: sum(arrays), each(lambda i, g, y, *arrays: g * (i + 1)))
    ts = [Tensor(np.ones(s)) for s in ((3,), (2, 3), (1,), ())]
    total(*ts).backward()
    for i, t in enumerate(ts):
        np.testing.assert_array_equal(t.grad, np.full(t.shape, (i + 1) * 6 / t.size))


@pytest.mark.parametrize(
    "make", [np.asfortranarray, lambda a: a[::-1], lambda a: a[:, ::2], lambda a: np.broadcast_to(a[0], a.shape)]
)
def test_trap_any_memory_layout(make):
    a = make(RNG.uniform(0.5, 1, (4, 4)))
    a.flags.writeable = False
    _, g = grads(lambda x: (x @ x.T).ravel().reshape(2, -1).sum(axis=0) * x.flatten()[0] + x.reshape(-1)[1], a)
    expected = slope(
        lambda x: (x @ x.T).ravel().reshape(2, -1).sum(axis=0) * x.flatten()[0] + x.reshape(-1)[1], np.array(a)
    )
    np.testing.assert_allclose(g, expected, rtol=1e-6)
    assert g.flags.writeable


def test_trap_other_byte_orders():
    a = np.array([1.0, 2.0], ">f8")
    _, g = grads(lambda x: x * x + x, a)
    assert g.dtype == np.dtype(">f8")
    np.testing.assert_array_equal(g, [3, 5])


def test_a_function_with_rules_of_its_own_is_not_kept_when_nobody_uses_it():
    """Rules are often made inside a function, around large arrays."""
    array = np.ones(1000)
    f = derivative(lambda x: x * array, lambda g, y, x: g * array)
    y = f(Tensor(np.ones(1000)))
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None
    y.backward()  # the graph has what it needs
    before = len(OWN)
    for _ in range(100):
        derivative(lambda x: x, lambda g, y, x: g)
    gc.collect()
    assert len(OWN) == before
