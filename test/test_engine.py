"""Recording and backward: what is recorded, in which order the graph is walked, what is freed and when."""

import gc
import weakref

import numpy as np
import pytest
from helpers import gradient, numerical_gradient, value_and_grads
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from programs import STEPS, double_and_transpose, random_programs, run

import tensorgrad as tg
from tensorgrad import Tensor, derivative, no_grad
from tensorgrad.derivatives import OWN, each

# What is recorded -----------------------------------------------------------------------------------------------------


def test_plain_arrays_are_constants_and_cost_no_gradient():
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


def test_a_tensor_in_the_place_of_a_constant_gets_no_gradient():
    condition, a, b = Tensor([1.0, 0.0]), np.array([1.0, 2.0]), Tensor([3.0, 4.0])
    chosen = np.where(condition, a, a * 10)
    assert type(chosen) is np.ndarray and chosen.tolist() == [1, 20]
    fixed = np.where(condition, b.detach(), a)
    assert type(fixed) is Tensor and not fixed.requires_grad and fixed.tolist() == [3, 2]
    y = np.where(condition, b, a)
    y.backward()
    assert b.grad.tolist() == [1, 0] and condition.grad.tolist() == [0, 0]


def test_what_is_computed_from_constants_is_not_recorded():
    c = Tensor([1.0], requires_grad=False)
    y = np.exp(c * 2 + np.ones(1))
    assert not y.requires_grad and y.parents == ()


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


# backward -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 0, 3), (2, 3)])
def test_backward_starts_from_ones(shape):
    x = Tensor(np.full(shape, 2.0))
    y = x * x
    y.backward()
    np.testing.assert_array_equal(y.grad, np.ones(shape))
    np.testing.assert_array_equal(x.grad, np.full(shape, 4.0))


@pytest.mark.parametrize("grad", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3]), np.array([1, 2, 3], np.float32)])
def test_backward_takes_a_gradient(grad):
    x = Tensor(np.ones(3))
    (x * 2).backward(grad)
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad, [2, 4, 6])


def test_backward_of_a_leaf():
    x = Tensor([1.0, 2.0])
    x.backward()
    x.backward([2, 3])
    np.testing.assert_array_equal(x.grad, [3, 4])


@given(random_programs)
@settings(max_examples=100, deadline=None)
def test_a_second_backward_adds_the_same_again_everywhere(program):
    tensors = run(program)
    tensors[-1].backward()
    once = [t.grad.copy() for t in tensors]
    tensors[-1].backward()
    for t, g in zip(tensors, once, strict=True):
        np.testing.assert_array_equal(t.grad, 2 * g)


def test_backward_of_what_was_not_recorded_is_an_error():
    with no_grad():
        y = Tensor([1.0]) * 2
    for t in (y, Tensor([1.0], requires_grad=False), Tensor([1.0]).detach()):
        with pytest.raises(RuntimeError, match="requires_grad=False, detached, or computed inside no_grad"):
            t.backward()


def test_the_time_does_not_grow_with_the_number_of_paths():
    x = Tensor([1.0])
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad[0] == y.data[0] == 2.0**60


def test_each_rule_runs_once_with_the_whole_gradient():
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


# Rules: broadcasting undone, several arguments, errors ----------------------------------------------------------------


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_broadcasting_is_undone(data):
    """Size-1 axes, leading axes and empty ones, on either side: the gradient of a sum counts how often each stands."""
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
    a, b = (np.ones(s) for s in shapes.input_shapes)
    y, da, db = value_and_grads(lambda a, b: a + b, a, b)
    assert y.shape == shapes.result_shape and da.shape == a.shape and db.shape == b.shape
    for g, x in ((da, a), (db, b)):
        np.testing.assert_array_equal(g, np.full(x.shape, y.size / x.size) if x.size else x)
    y, da, _ = value_and_grads(lambda a, b: a * b, a, 2 * b)
    np.testing.assert_array_equal(da, np.full(a.shape, 2 * y.size / a.size) if a.size else a)


def test_a_rule_for_any_number_of_arguments():
    total = derivative(lambda *arrays: sum(arrays), each(lambda i, g, y, *arrays: g * (i + 1)))
    ts = [Tensor(np.ones(s)) for s in ((3,), (2, 3), (1,), ())]
    total(*ts).backward()
    for i, t in enumerate(ts):
        np.testing.assert_array_equal(t.grad, np.full(t.shape, (i + 1) * 6 / t.size))


def test_repeated_indices_add_up():
    x = Tensor([1.0, 2.0, 3.0])
    x[[0, 0, 1]].sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 1, 0])


@pytest.mark.parametrize(
    "make", [np.asfortranarray, lambda a: a[::-1], lambda a: a[:, ::2], lambda a: np.broadcast_to(a[0], a.shape)]
)
def test_any_memory_layout(make, rng):
    def f(x):
        return (x @ x.T).ravel().reshape(2, -1).sum(axis=0) * x.flatten()[0] + x.reshape(-1)[1]

    a = make(rng.uniform(0.5, 1, (4, 4)))
    a.flags.writeable = False
    g = gradient(f, a)
    np.testing.assert_allclose(g, numerical_gradient(f, np.array(a)), rtol=1e-6)
    assert g.flags.writeable


def test_an_error_in_a_rule_leaves_all_gradients_as_they_were():
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


def test_a_rule_that_gives_the_wrong_shape_is_named():
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


# retain_graph=False ---------------------------------------------------------------------------------------------------


@given(random_programs)
@settings(max_examples=100, deadline=None)
def test_freeing_the_graph_gives_leaves_the_same_gradient(program):
    kept, freed = run(program), run(program)
    kept[-1].backward()
    freed[-1].backward(retain_graph=False)
    for i in range(2):
        np.testing.assert_array_equal(kept[i].grad, freed[i].grad)
    computed = {id(t) for t in kept[2:]} - {id(t) for t in kept[:2]}
    assert all((t.grad == 0).all() for t, k in zip(freed, kept, strict=True) if id(k) in computed and k.parents)


def test_a_second_backward_through_a_freed_graph_says_retain_graph():
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


def test_arrays_are_freed_during_the_walk():
    alive = []
    note = derivative(lambda x: x * 1, lambda g, y, x: (alive.append(sum(r() is not None for r in made)), g)[1])
    made = []
    y = Tensor(np.ones(10))
    for _ in range(5):
        y = note(y)
        made.append(weakref.ref(y.data))
    y.backward(retain_graph=False)
    assert alive == [5, 5, 4, 3, 2]  # the output itself has a name


# No reference cycle, no recursion -------------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", [0, 1, 2, "free", "error"])
def test_a_graph_goes_with_the_last_name_of_its_output(no_collector, passes):
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


def test_several_outputs_make_no_cycle(no_collector):
    x = Tensor(np.ones((3, 3)))
    a, b = double_and_transpose(x)
    (a * b).backward()
    refs = [weakref.ref(t) for t in (x, a, b, a.parents[0])]
    del x, b
    assert refs[0]() is not None  # a still needs it
    del a
    assert [r() for r in refs] == [None] * 4


def test_higher_derivatives_make_no_cycle(no_collector):
    x = Tensor(0.5)
    y = tg.grad(tg.grad(lambda v: np.sin(v) * double_and_transpose(v)[0]))(x)
    ref = weakref.ref(y), weakref.ref(y.data)
    del y
    assert [r() for r in ref] == [None, None]


def test_a_chain_of_a_million_operations(no_collector):
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


def test_training_does_not_grow_memory(no_collector, rng):
    model = tg.MLP(4, [8, 1], rng=0)
    optimizer = tg.Adam(model.parameters(), 0.01)
    X, Y = rng.normal(size=(16, 4)), np.ones((16, 1))

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
